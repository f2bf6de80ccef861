/* Grids, loops, conditions, index scalars: one printed construct for each kernel op. */
#include "lower/lower_private.h"

/* What is printed inside of a region is not known behind it. */
static loom_status enclosed_region(lowering *l, const kernel_region *r) {
  size_t known = l->known.n, bound = l->bound.n;
  loom_span outer = l->span;
  LOOM_TRY(lower_region(l, r));
  l->known.n = known;
  l->bound.n = bound;
  l->span = outer;
  return LOOM_OK;
}

static void bind_parameter(lowering *l, const kernel_op *op, int i) {
  kernel_value v = op->regions[0].params.at[i];
  l->value[v] = lower_new_name(l);
  l->is_index[v] = true;
  l->range[v] = &op->ranges[i];
}

static loom_status parallel(lowering *l, const kernel_op *op) {
  text ivs = text_new(l->mem), zeros = text_new(l->mem), trips = text_new(l->mem);
  for (int i = 0; i < op->n_ranges; i++) {
    const char *trip, *comma = i ? ", " : "";
    LOOM_TRY(lower_trip(l, &op->ranges[i], &trip));
    bind_parameter(l, op, i);
    text_addf(&ivs, "%s%s", comma, l->value[op->regions[0].params.at[i]]);
    text_addf(&zeros, "%s0", comma);
    text_addf(&trips, "%ssymbol(%s)", comma, trip);
  }
  lower_open(l, "affine.parallel (%s) = (%s) to (%s) {", text_str(&ivs), text_str(&zeros), text_str(&trips));
  LOOM_TRY(enclosed_region(l, &op->regions[0]));
  lower_close(l, "");
  return LOOM_OK;
}

/* ", "-separated types of values. */
static loom_status type_list(lowering *l, int n, const kernel_value *v, const char **out) {
  text t = text_new(l->mem);
  for (int i = 0; i < n; i++) {
    const char *type;
    LOOM_TRY(lower_value_type(l, v[i], &type));
    text_addf(&t, "%s%s", i ? ", " : "", type);
  }
  *out = text_str(&t);
  return LOOM_OK;
}

/* Names the results of an op that has n of them; returns "%5:2 = ", "%5 = " or "". */
static const char *name_results(lowering *l, const kernel_op *op) {
  if (op->n_results == 0)
    return "";
  const char *name = lower_new_name(l);
  for (int i = 0; i < op->n_results; i++)
    l->value[op->results[i]] = op->n_results == 1 ? name : arena_printf(l->mem, "%s#%d", name, i);
  return op->n_results == 1 ? arena_printf(l->mem, "%s = ", name) : arena_printf(l->mem, "%s:%d = ", name, op->n_results);
}

static loom_status loop(lowering *l, const kernel_op *op) {
  const kernel_region *body = &op->regions[0];
  const char *trip, *types, *carried = "", *zero = lower_index_constant(l, 0), *one = lower_index_constant(l, 1);
  text inits = text_new(l->mem);
  LOOM_TRY(lower_trip(l, &op->ranges[0], &trip));
  LOOM_TRY(type_list(l, op->n_operands, op->operands, &types));
  bind_parameter(l, op, 0);
  for (int i = 0; i < op->n_operands; i++) {
    kernel_value param = body->params.at[1 + i];
    const char *init = lower_data(l, op->operands[i]);
    l->value[param] = lower_new_name(l);
    text_addf(&inits, "%s%s = %s", i ? ", " : "", l->value[param], init);
  }
  if (op->n_operands)
    carried = arena_printf(l->mem, " iter_args(%s) -> (%s)", text_str(&inits), types);
  const char *results = name_results(l, op);
  lower_open(l, "%sscf.for %s = %s to %s step %s%s {", results, l->value[body->params.at[0]], zero, trip, one, carried);
  LOOM_TRY(enclosed_region(l, body));
  lower_close(l, "");
  return LOOM_OK;
}

static loom_status condition(lowering *l, const kernel_op *op) {
  const char *types, *head;
  LOOM_TRY(type_list(l, op->n_results, op->results, &types));
  head = name_results(l, op);
  lower_open(l, "%sscf.if %s%s {", head, l->value[op->operands[0]], op->n_results ? arena_printf(l->mem, " -> (%s)", types) : "");
  LOOM_TRY(enclosed_region(l, &op->regions[0]));
  l->depth--;
  lower_open(l, "} else {");
  LOOM_TRY(enclosed_region(l, &op->regions[1]));
  lower_close(l, "");
  return LOOM_OK;
}

static loom_status yield(lowering *l, const kernel_op *op) {
  const char *types;
  text names = text_new(l->mem);
  if (op->n_operands == 0)
    return LOOM_OK;
  LOOM_TRY(type_list(l, op->n_operands, op->operands, &types));
  for (int i = 0; i < op->n_operands; i++)
    text_addf(&names, "%s%s", i ? ", " : "", lower_data(l, op->operands[i]));
  lower_line(l, "scf.yield %s : %s", text_str(&names), types);
  return LOOM_OK;
}

static loom_status index_scalar(lowering *l, const kernel_op *op) {
  kernel_value r = op->results[0], tile = op->n_operands ? op->operands[0] : -1;
  l->is_index[r] = true;
  switch (op->kind) {
  case KERNEL_TILE_BEGIN:
    return lower_tile_begin(l, tile, &l->value[r]);
  case KERNEL_TILE_END:
    return lower_tile_end(l, tile, &l->value[r]);
  case KERNEL_TILE_ID:
    l->value[r] = l->value[tile];
    return LOOM_OK;
  default:
    return lower_expr(l, op->expr, &l->value[r]);
  }
}

/* The symbol has the operand's value from here on. */
static loom_status bind(lowering *l, const kernel_op *op) {
  const char *name;
  LOOM_TRY(lower_index(l, op->operands[0], &name));
  vec_push(l->mem, &l->bound, ((lower_known){op->expr->name, name}));
  return LOOM_OK;
}

static loom_status lower_op(lowering *l, const kernel_op *op) {
  switch (op->kind) {
  case KERNEL_PARALLEL:
    return parallel(l, op);
  case KERNEL_LOOP:
    return loop(l, op);
  case KERNEL_IF:
    return condition(l, op);
  case KERNEL_YIELD:
    return yield(l, op);
  case KERNEL_BARRIER:   /* loops at the top level run one after the other */
    return LOOM_OK;
  case KERNEL_INDEX_EXPR:
  case KERNEL_TILE_BEGIN:
  case KERNEL_TILE_END:
  case KERNEL_TILE_ID:
    return index_scalar(l, op);
  case KERNEL_BIND:
    return bind(l, op);
  case KERNEL_LOAD:
    return lower_load(l, op);
  case KERNEL_STORE:
    return lower_store(l, op);
  default:
    return lower_compute(l, op);
  }
}

loom_status lower_region(lowering *l, const kernel_region *r) {
  for (size_t i = 0; i < r->ops.n; i++) {
    l->span = r->ops.at[i]->span;
    LOOM_TRY(lower_op(l, r->ops.at[i]));
  }
  return LOOM_OK;
}
