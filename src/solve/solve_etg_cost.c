/* Cycles of an ETG variant.  Stages of a scope run one after another, branches of a stage overlap, calls of a branch run one after another.
 *
 *   generation 1:      loop = trips * (db ? max(compute, memory) : compute + memory)
 *                      in files without the choice: trips * max(compute, memory)
 *   generations 2, 3:  loop = trips * (db ? max(L, C + S) : L + C + S) + (db ? min(L, C + S) : 0)
 */
#include "base/text.h"
#include "solve/solve_private.h"

/* Calls by the scope they stand in; generation 1 has its stores among the loads. */
typedef enum cost_part { PART_LOAD = 1, PART_COMPUTE = 2, PART_STORE = 4, PART_ALL = 7 } cost_part;

typedef struct reader {
  loom_ctx *ctx;
  int generation;
  unsigned parts;                    /* what costs anything */
  const sym_expr *overlaps;          /* is_double_buffer == 1; generation 1 without that choice: true */
} reader;

static loom_status block_cost(reader *r, const etg_block *block, const sym_expr *trips, const sym_expr **out);

static loom_status branch_cost(reader *r, const etg_branch *b, const sym_expr **out) {
  *out = sym_const(&r->ctx->mem, 0);
  if (b->cycles) {
    *out = b->cycles;
    return LOOM_OK;
  }
  for (size_t i = 0; i < b->calls.n; i++) {
    const etg_call *c = b->calls.at[i];
    if (!c->cycles) {
      diag_error(r->ctx, c->span, LOOM_EUSAGE, "the cost of '%s' is not in the file", c->func);
      diag_help(r->ctx, "give the chip with --machine, or a resolved ETG (p02)");
      return LOOM_EUSAGE;
    }
    *out = sym_add(&r->ctx->mem, *out, c->cycles);
  }
  return LOOM_OK;
}

static loom_status stage_cost(reader *r, const etg_stage *s, cost_part part, const sym_expr **out) {
  if (s->loop)
    return block_cost(r, s->loop, s->loop->trips.is, out);
  *out = sym_const(&r->ctx->mem, 0);
  for (size_t i = 0; i < s->branches.n && (r->parts & part); i++) {
    const sym_expr *e;
    LOOM_TRY(branch_cost(r, s->branches.at[i], &e));
    *out = i ? sym_max(&r->ctx->mem, *out, e) : e;
  }
  return LOOM_OK;
}

static loom_status scope_cost(reader *r, const etg_scope *s, cost_part part, const sym_expr **out) {
  *out = sym_const(&r->ctx->mem, 0);
  for (size_t i = 0; i < s->n; i++) {
    const sym_expr *e;
    LOOM_TRY(stage_cost(r, s->at[i], part, &e));
    *out = sym_add(&r->ctx->mem, *out, e);
  }
  return LOOM_OK;
}

/* ---- blocks: `trips` iterations of one; NULL: the kernel's own block, which runs once and has no first load to wait for ---- */

static loom_status nested_cost(reader *r, const etg_block *block, const sym_expr *trips, const sym_expr **out) {
  arena *m = &r->ctx->mem;
  const sym_expr *compute, *memory;
  LOOM_TRY(scope_cost(r, &block->compute, PART_COMPUTE, &compute));
  LOOM_TRY(scope_cost(r, &block->load, PART_LOAD, &memory));
  const sym_expr *serial = sym_add(m, compute, memory);
  bool is_empty = serial == compute || serial == memory;      /* nothing to overlap with */
  *out = is_empty ? serial : sym_make(m, SYM_IF, r->overlaps, sym_max(m, compute, memory), serial);
  if (trips)
    *out = sym_mul(m, trips, *out);
  return LOOM_OK;
}

static loom_status overlapped_cost(reader *r, const etg_block *block, const sym_expr *trips, const sym_expr **out) {
  arena *m = &r->ctx->mem;
  const sym_expr *load, *compute, *store;
  LOOM_TRY(scope_cost(r, &block->load, PART_LOAD, &load));
  LOOM_TRY(scope_cost(r, &block->compute, PART_COMPUTE, &compute));
  LOOM_TRY(scope_cost(r, &block->store, PART_STORE, &store));
  const sym_expr *rest = sym_add(m, compute, store), *one = sym_const(m, 1);
  const sym_expr *serial = sym_mul(m, trips ? trips : one, sym_add(m, load, rest));
  int64_t zero;
  if (sym_is_const(load, &zero) && zero == 0) {
    *out = serial;
    return LOOM_OK;
  }
  const sym_expr *overlapped = sym_mul(m, trips ? trips : one, sym_max(m, load, rest));
  if (trips)
    overlapped = sym_add(m, overlapped, sym_min(m, load, rest));
  *out = sym_make(m, SYM_IF, r->overlaps, overlapped, serial);
  return LOOM_OK;
}

static loom_status block_cost(reader *r, const etg_block *block, const sym_expr *trips, const sym_expr **out) {
  return r->generation == 1 ? nested_cost(r, block, trips, out) : overlapped_cost(r, block, trips, out);
}

/* The oldest files have no loop tree: one body, run for every temporal and sequential iteration. */
static loom_status flat_cost(reader *r, const etg_variant *v, const sym_expr **out) {
  const sym_expr *trips = sym_const(&r->ctx->mem, 1);
  for (size_t i = 0; i < v->sequential.n; i++)
    trips = sym_mul(&r->ctx->mem, trips, v->sequential.at[i].trips.is);
  for (size_t i = 0; i < v->temporal.n; i++)
    trips = sym_mul(&r->ctx->mem, trips, v->temporal.at[i].trips.is);
  return block_cost(r, v->kernel, trips, out);
}

static bool has_choice(const etg_variant *v) {
  for (size_t i = 0; i < v->booleans.n; i++)
    if (text_eq(v->booleans.at[i], MODEL_DOUBLE_BUFFER))
      return true;
  return false;
}

static loom_status cycles_of(loom_ctx *ctx, const etg_variant *v, unsigned parts, const sym_expr **out) {
  arena *mem = &ctx->mem;
  const sym_expr *db = v->generation == 1 && !has_choice(v) ? sym_make(mem, SYM_TRUE, NULL, NULL, NULL)
                                                            : sym_make(mem, SYM_EQ, sym_name(mem, MODEL_DOUBLE_BUFFER), sym_const(mem, 1), NULL);
  reader r = {ctx, v->generation, parts, db};
  return v->is_flat ? flat_cost(&r, v, out) : block_cost(&r, v->kernel, NULL, out);
}

loom_status solve_etg_cycles(loom_ctx *ctx, const etg_variant *v, const sym_expr **out) { return cycles_of(ctx, v, PART_ALL, out); }

loom_status solve_etg_parts(loom_ctx *ctx, const etg_variant *v, solve_cost_parts *out) {
  static const struct { const char *name; cost_part part; } parts[] = {{"compute", PART_COMPUTE}, {"load", PART_LOAD}, {"store", PART_STORE}};
  *out = (solve_cost_parts){0};
  for (size_t i = 0; i < (v->generation == 1 ? 2 : sizeof parts / sizeof *parts); i++) {
    solve_cost_part x = {v->generation == 1 && parts[i].part == PART_LOAD ? "memory" : parts[i].name, NULL};
    LOOM_TRY(cycles_of(ctx, v, parts[i].part, &x.cycles));
    vec_push(&ctx->mem, out, x);
  }
  return LOOM_OK;
}
