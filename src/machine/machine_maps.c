/* Links given as index maps: does each map stay inside its target, and does it reach what it seems to mean? */
#include "base/text.h"
#include "machine/machine_private.h"

static const char *tuple(arena *mem, const int64_t *at, size_t n) {
  text t = text_new(mem);
  for (size_t i = 0; i < n; i++)
    text_addf(&t, "%s%" PRId64, i ? "," : "", at[i]);
  return n == 1 ? text_str(&t) : arena_printf(mem, "(%s)", text_str(&t));
}

int64_t machine_map_points(const machine_map *p) {
  int64_t n = 1;
  for (size_t i = 0; i < p->domain.n; i++)
    n *= p->domain.at[i].size;
  return n;
}

static void unravel(const machine_map *p, int64_t linear, int64_t *at) {
  for (size_t i = p->domain.n; i-- > 0; linear /= p->domain.at[i].size)
    at[i] = linear % p->domain.at[i].size;
}

/* How far `value` is outside 0..size-1; 0: inside. */
static int64_t overshoot(int64_t value, int64_t size) { return value < 0 ? -value : value >= size ? value - size + 1 : 0; }

static const sym_expr *with_floordiv(arena *m, const sym_expr *e) {
  const sym_expr *arg[3] = {0};
  for (int i = 0; i < sym_op_operands(e->op); i++)
    arg[i] = with_floordiv(m, e->arg[i]);
  return arg[0] ? sym_make(m, e->op == SYM_CEILDIV ? SYM_FLOORDIV : e->op, arg[0], arg[1], arg[2]) : e;
}

/* The point at which result `r` of the map is farthest outside, the last of equals; false: it stays inside. */
static bool find_outside(const machine_map *p, const sym_code *code, size_t r, int64_t *out_linear, int64_t *out_value) {
  int64_t at[MACHINE_MESH_DIMS_MAX], value, worst = 0;
  for (int64_t i = 0; i < machine_map_points(p); i++) {
    unravel(p, i, at);
    int64_t by = sym_run(code, at, &value) ? overshoot(value, p->range.at[r].size) : 0;
    if (by >= worst && by > 0) {
      worst = by;
      *out_linear = i;
      *out_value = value;
    }
  }
  return worst > 0;
}

static loom_status check_result(loom_ctx *ctx, const machine_map *p, size_t r) {
  sym_code *code;
  int64_t at[MACHINE_MESH_DIMS_MAX], linear, value;
  LOOM_TRY(sym_compile(ctx, p->results.at[r], p->dims.at, p->dims.n, &code));
  if (!find_outside(p, code, r, &linear, &value))
    return LOOM_OK;
  unravel(p, linear, at);
  const machine_dim *dim = &p->range.at[r];
  const char *along = p->range.n > 1 ? arena_printf(&ctx->mem, " along '%s'", dim->name) : "";
  diag_error(ctx, p->span, LOOM_EINPUT, "interconnect %s maps %s to %" PRId64 "%s, %s has %" PRId64, p->name, tuple(&ctx->mem, at, p->domain.n), value,
             along, p->to, dim->size);
  sym_code *floored;
  LOOM_TRY(sym_compile(ctx, with_floordiv(&ctx->mem, p->results.at[r]), p->dims.at, p->dims.n, &floored));
  if (!find_outside(p, floored, r, &linear, &value))
    diag_help(ctx, "with floordiv in place of ceildiv the map stays inside 0..%" PRId64, dim->size - 1);
  else
    diag_help(ctx, "every result along '%s' must be in 0..%" PRId64, dim->name, dim->size - 1);
  return LOOM_EINPUT;
}

/* (x + 1) mod 8 on a dim of size 32: a ring shorter than the dim it is on. */
static void check_rings(loom_ctx *ctx, const machine_map *p, const sym_expr *e) {
  int64_t modulus;
  for (size_t d = 0; e->op == SYM_MOD && sym_is_const(e->arg[1], &modulus) && d < p->dims.n; d++) {
    const machine_dim *dim = &p->domain.at[d];
    if (!sym_depends(e->arg[0], p->dims.at[d]) || modulus >= dim->size)
      continue;
    diag_warn(ctx, p->span, "interconnect %s: mod %" PRId64 " on dim of size %" PRId64 " ('%s')", p->name, modulus, dim->size, dim->name);
    diag_help(ctx, "links lead to the first %" PRId64 " of %" PRId64 " only; a ring over the whole dim is mod %" PRId64, modulus, dim->size, dim->size);
  }
  for (int i = 0; i < sym_op_operands(e->op); i++)
    check_rings(ctx, p, e->arg[i]);
}

loom_status machine_check_maps(loom_ctx *ctx, const machine *m) {
  loom_status st = LOOM_OK;
  for (size_t i = 0; i < m->maps.n; i++) {
    const machine_map *p = &m->maps.at[i];
    for (size_t r = 0; r < p->results.n; r++) {
      loom_status one = check_result(ctx, p, r);
      if (one == LOOM_ELIMIT)      /* too much to look at */
        return one;
      st = one ? one : st;   /* all wrong maps are told */
      check_rings(ctx, p, p->results.at[r]);
    }
  }
  return st;
}
