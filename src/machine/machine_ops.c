#include "machine/machine_ops.h"
#include "base/scalar_ops.h"
#include "base/text.h"
#include <math.h>
#include <string.h>

static const struct { const char *op, *vector, *reduce; } scalar_ops[] = {
#define X(o, f, r) {o, f, r},
    SCALAR_OP_LIST(X)
#undef X
};

/* ceil(bytes / rate) for a rate that may be fractional: both sides times 1024. */
static const sym_expr *at_rate(arena *m, const sym_expr *bytes, double rate) {
  int64_t scaled = (int64_t)llround(rate * 1024);
  return sym_ceildiv(m, sym_mul(m, bytes, sym_const(m, 1024)), sym_const(m, scaled > 0 ? scaled : 1));
}

static const sym_expr *elems_of(arena *m, const machine_op *op) {
  const sym_expr *e = op->m ? op->m : sym_const(m, 1);
  if (op->k)
    e = sym_mul(m, e, op->k);
  return e;
}

static const char *vector_unit(const machine *m) {
  for (size_t i = 0; i < m->units.n; i++)
    if (strcmp(m->units.at[i].kind, "vector") == 0)
      return m->units.at[i].name;
  return m->units.n ? m->units.at[0].name : "core";
}

static const sym_expr *move_cost(arena *a, const machine *m, const sym_expr *elems, size_t width, bool fill) {
  const sym_expr *bytes = sym_mul(a, elems, sym_const(a, (int64_t)width));
  return at_rate(a, bytes, fill ? m->fill_bytes_per_cycle.value : m->copy_bytes_per_cycle.value);
}

/* Function `stem` in the type of the op, falling back to its f16 form (the only one upstream publishes). */
static const machine_func *typed_func(arena *a, const machine *m, const char *stem, dtype t) {
  const machine_func *f = machine_find_func(m, arena_printf(a, "%s_%s", stem, dtype_mlir(t)));
  return f ? f : machine_find_func(m, arena_printf(a, "%s_f16", stem));
}

/* Casts and constants are part of what reads or writes them. */
static bool is_free(const char *scalar) {
  for (size_t i = 0; i < sizeof scalar_ops / sizeof *scalar_ops; i++)
    if (strcmp(scalar_ops[i].op, scalar) == 0)
      return !scalar_ops[i].vector;
  return false;
}

/* One scalar op that is not free over all elements of the tile; the last one of a reduction reduces. */
static loom_status scalar_cost(loom_ctx *ctx, const machine *m, const machine_op *op, const char *scalar, bool is_last, const sym_expr **out, const char **unit) {
  arena *a = &ctx->mem;
  const sym_expr *elems = elems_of(a, op);
  for (size_t i = 0; i < sizeof scalar_ops / sizeof *scalar_ops; i++) {
    if (strcmp(scalar_ops[i].op, scalar) != 0)
      continue;
    bool reduce = op->k && is_last && strcmp(scalar_ops[i].reduce, scalar_ops[i].vector) != 0;
    const machine_func *f = typed_func(a, m, reduce ? scalar_ops[i].reduce : scalar_ops[i].vector, op->type);
    if (!f)
      break;
    machine_arg args[] = {{"L", elems}, {"P", op->m}, {"R", op->k}};
    *unit = f->unit ? f->unit : *unit;
    return machine_cost(ctx, m, f->name, args, reduce ? 3 : 1, out);
  }
  *out = move_cost(a, m, elems, dtype_bytes(op->result), false);
  return LOOM_OK;
}

typedef struct scalar_run { const char *name; bool is_last; int64_t times; } scalar_run;
typedef VEC_OF(scalar_run) scalar_runs;

/* The different ones of a body's scalar ops, and how often each comes: few, however long the body. */
static scalar_runs different_scalars(arena *a, const char *body_ops) {
  scalar_runs all = {0};
  for (const char *p = body_ops; *p;) {
    size_t n = strcspn(p, ","), i = 0;
    const char *scalar = p;
    p += n + (p[n] == ',');
    while (i < all.n && (!*p || strncmp(all.at[i].name, scalar, n) != 0 || all.at[i].name[n]))
      i++;
    if (i == all.n)
      vec_push(a, &all, ((scalar_run){arena_strndup(a, scalar, n), !*p, 0}));
    all.at[i].times++;
  }
  return all;
}

static loom_status generic_cost(loom_ctx *ctx, const machine *m, const machine_op *op, const sym_expr **out, const char **unit) {
  arena *a = &ctx->mem;
  const sym_expr *sum = NULL;
  scalar_runs all = different_scalars(a, op->body_ops ? op->body_ops : "");
  for (size_t i = 0; i < all.n; i++) {
    const sym_expr *one;
    if (is_free(all.at[i].name))
      continue;
    LOOM_TRY(scalar_cost(ctx, m, op, all.at[i].name, all.at[i].is_last, &one, unit));
    one = sym_mul(a, sym_const(a, all.at[i].times), one);
    sum = sum ? sym_add(a, sum, one) : one;
  }
  *out = sum ? sum : move_cost(a, m, elems_of(a, op), dtype_bytes(op->result), false);   /* a body of casts alone is a copy */
  return LOOM_OK;
}

/* The matrix unit works in whole hardware tiles: a smaller tile costs as much as a whole one. */
static const sym_expr *whole_tiles(arena *a, const machine *m, const sym_expr *e) {
  const sym_expr *align = sym_const(a, m->tile_align > 0 ? m->tile_align : 1);
  return sym_mul(a, sym_ceildiv(a, e, align), align);
}

loom_status machine_op_cost(loom_ctx *ctx, const machine *m, const machine_op *op, const sym_expr **out_cycles, const char **out_unit) {
  arena *a = &ctx->mem;
  *out_unit = vector_unit(m);
  if (strcmp(op->name, "fill") == 0) {
    *out_cycles = move_cost(a, m, elems_of(a, op), dtype_bytes(op->result), true);
    return LOOM_OK;
  }
  if (strcmp(op->name, "copy") == 0) {
    *out_cycles = move_cost(a, m, elems_of(a, op), dtype_bytes(op->result), false);
    return LOOM_OK;
  }
  if (strcmp(op->name, "generic") == 0)
    return generic_cost(ctx, m, op, out_cycles, out_unit);
  const machine_func *f = typed_func(a, m, op->name, op->type);
  if (!f)
    LOOM_FAIL(ctx, diag_file_span(ctx, m->path), LOOM_EUNSUP, "perf set '%s' of machine '%s' prices no '%s'", m->perf.at[m->calibration].name, m->name, op->name);
  machine_arg args[] = {{"M", whole_tiles(a, m, op->m)}, {"N", whole_tiles(a, m, op->n)}, {"K", whole_tiles(a, m, op->k)}, {"B", op->batch ? op->batch : sym_const(a, 1)}};
  *out_unit = f->unit ? f->unit : *out_unit;
  return machine_cost(ctx, m, f->name, args, strcmp(op->name, "batch_matmul") == 0 ? 4 : 3, out_cycles);
}
