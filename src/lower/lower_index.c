/* Sizes, offsets and trip counts: arith on index. */
#include "lower/lower_private.h"

const char *lower_once(lowering *l, const char *fmt, ...) {
  __builtin_va_list ap;
  text op = text_new(l->mem);
  __builtin_va_start(ap, fmt);
  text_vaddf(&op, fmt, ap);
  __builtin_va_end(ap);
  for (size_t i = 0; i < l->known.n; i++)
    if (text_eq(l->known.at[i].op, text_str(&op)))
      return l->known.at[i].name;
  const char *name = lower_new_name(l);
  lower_line(l, "%s = %s", name, text_str(&op));
  vec_push(l->mem, &l->known, ((lower_known){text_str(&op), name}));
  return name;
}

/* Constants stand at the function's head, so they are known everywhere. */
const char *lower_constant(lowering *l, const char *value_and_type) {
  for (size_t i = 0; i < l->known_constants.n; i++)
    if (text_eq(l->known_constants.at[i].op, value_and_type))
      return l->known_constants.at[i].name;
  const char *name = lower_new_name(l);
  text_addf(&l->constants, "    %s = arith.constant %s\n", name, value_and_type);
  vec_push(l->mem, &l->known_constants, ((lower_known){value_and_type, name}));
  return name;
}

const char *lower_index_constant(lowering *l, int64_t n) { return lower_constant(l, arena_printf(l->mem, "%" PRId64 " : index", n)); }

static const char *arith_name(sym_op op) {
  switch (op) {
  case SYM_ADD:
    return "addi";
  case SYM_SUB:
    return "subi";
  case SYM_MUL:
    return "muli";
  case SYM_CEILDIV:
    return "ceildivui";
  case SYM_FLOORDIV:
    return "divui";
  case SYM_MOD:
    return "remui";
  case SYM_MIN:
    return "minui";
  case SYM_MAX:
    return "maxui";
  default:
    return NULL;
  }
}

loom_status lower_expr(lowering *l, const sym_expr *e, const char **out) {
  bool known;
  int64_t n;
  e = lower_as_blocks(l, e);
  LOOM_TRY(lower_static_size(l, e, &known, &n));
  if (known && !lower_names_block(l, e, false)) {      /* what a fixed block size decides still says so, for who maps the loops */
    *out = lower_index_constant(l, n);
    return LOOM_OK;
  }
  for (size_t i = l->bound.n; e->op == SYM_SYM && i-- > 0;)
    if (text_eq(l->bound.at[i].op, e->name)) {
      *out = l->bound.at[i].name;
      return LOOM_OK;
    }
  if (e->op == SYM_SYM) {
    *out = arena_printf(l->mem, "%%sym%d", (int)(kernel_find_symbol(l->k, e->name) - l->k->symbols.at));
    return LOOM_OK;
  }
  const char *a, *b, *name = arith_name(e->op);
  if (!name)
    LOOM_FAIL(l->ctx, l->span, LOOM_EUNSUP, "a size of the form %s is not supported", sym_str(l->mem, e));
  LOOM_TRY(lower_expr(l, e->arg[0], &a));
  LOOM_TRY(lower_expr(l, e->arg[1], &b));
  *out = lower_once(l, "arith.%s %s, %s : index", name, a, b);
  return LOOM_OK;
}

loom_status lower_trip(lowering *l, const kernel_range *r, const char **out) {
  const sym_expr *extent = sym_sub(l->mem, r->end, r->begin);
  return lower_expr(l, r->block ? sym_ceildiv(l->mem, extent, sym_name(l->mem, r->block)) : extent, out);
}

loom_status lower_tile_begin(lowering *l, kernel_value v, const char **out) {
  const kernel_range *r = l->range[v];
  int64_t begin;
  const char *at = l->value[v], *block, *from;
  if (r->block) {
    LOOM_TRY(lower_expr(l, sym_name(l->mem, r->block), &block));
    at = lower_once(l, "arith.muli %s, %s : index", at, block);
  }
  if (!sym_is_const(r->begin, &begin) || begin != 0) {
    LOOM_TRY(lower_expr(l, r->begin, &from));
    at = lower_once(l, "arith.addi %s, %s : index", from, at);
  }
  *out = at;
  return LOOM_OK;
}

loom_status lower_tile_end(lowering *l, kernel_value v, const char **out) {
  const kernel_range *r = l->range[v];
  const char *begin, *step, *end;
  LOOM_TRY(lower_tile_begin(l, v, &begin));
  LOOM_TRY(lower_expr(l, r->block ? sym_name(l->mem, r->block) : sym_const(l->mem, 1), &step));
  LOOM_TRY(lower_expr(l, r->end, &end));
  *out = lower_once(l, "arith.minui %s, %s : index", lower_once(l, "arith.addi %s, %s : index", begin, step), end);
  return LOOM_OK;
}

const char *lower_data(lowering *l, kernel_value v) {
  return l->is_index[v] ? lower_once(l, "arith.index_cast %s : index to i64", l->value[v]) : l->value[v];
}

loom_status lower_index(lowering *l, kernel_value v, const char **out) {
  if (l->range[v])
    return lower_tile_begin(l, v, out);   /* of an untiled range: its index */
  *out = l->is_index[v] ? l->value[v] : lower_once(l, "arith.index_cast %s : %s to index", l->value[v], lower_element(l->k->values.at[v].type.type));
  return LOOM_OK;
}

loom_status lower_dynamic_sizes(lowering *l, const kernel_type *t, const char **out) {
  text sizes = text_new(l->mem);
  for (int d = 0; d < t->rank; d++) {
    bool known;
    int64_t n;
    const char *name;
    LOOM_TRY(lower_static_size(l, t->dim[d], &known, &n));
    if (known)
      continue;
    LOOM_TRY(lower_expr(l, t->dim[d], &name));
    text_addf(&sizes, "%s%s", sizes.size ? ", " : "", name);
  }
  *out = text_str(&sizes);
  return LOOM_OK;
}
