/* Index expressions of a program: the lists PyTorchSim writes (which lose what they have no place for), and exact sums over loops and sizes. */
#include "target/npu/npt_tog_private.h"
#include <stdlib.h>

int npt_tog_loop_of(const npt_tog *t, MlirValue iv) {
  for (size_t i = 0; i < t->nodes.n; i++)
    if (t->nodes.at[i].kind == NPT_LOOP && mlirValueEqual(t->nodes.at[i].iv, iv))
      return (int)i;
  return -1;
}

const char *npt_tog_variable(const npt_tog *t, MlirValue iv) {
  int loop = npt_tog_loop_of(t, iv);
  return loop < 0 ? NULL : t->nodes.at[loop].variable;
}

/* ---- PyTorchSim's lists ---- */

/* The factor of a dim where it is a term of a sum, as it is or times a constant; -1: none. */
static int64_t factor_of(MlirAffineExpr e, intptr_t dim) {
  if (mlirAffineExprIsADim(e))
    return mlirAffineDimExprGetPosition(e) == dim ? 1 : -1;
  if (!mlirAffineExprIsABinary(e))
    return -1;
  MlirAffineExpr l = mlirAffineBinaryOpExprGetLHS(e), r = mlirAffineBinaryOpExprGetRHS(e);
  if (mlirAffineExprIsAAdd(e)) {
    int64_t left = factor_of(l, dim);
    return left != -1 ? left : factor_of(r, dim);
  }
  if (!mlirAffineExprIsAMul(e))
    return -1;
  MlirAffineExpr constant = mlirAffineExprIsAConstant(l) ? l : r, other = mlirAffineExprIsAConstant(l) ? r : l;
  bool is_it = mlirAffineExprIsAConstant(constant) && mlirAffineExprIsADim(other) && mlirAffineDimExprGetPosition(other) == dim;
  return is_it ? mlirAffineConstantExprGetValue(constant) : -1;
}

/* Factors and dividers of a sum's terms, from left to right; a quotient by itself counts its divider as both. */
static void collect_terms(arena *mem, MlirAffineExpr e, npt_numbers *factors, npt_numbers *dividers) {
  if (mlirAffineExprIsADim(e)) {
    vec_push(mem, factors, 1);
    vec_push(mem, dividers, 1);
    return;
  }
  if (!mlirAffineExprIsABinary(e))
    return;
  MlirAffineExpr l = mlirAffineBinaryOpExprGetLHS(e), r = mlirAffineBinaryOpExprGetRHS(e);
  if (mlirAffineExprIsAAdd(e)) {
    collect_terms(mem, l, factors, dividers);
    collect_terms(mem, r, factors, dividers);
  } else if (mlirAffineExprIsAFloorDiv(e)) {
    if (mlirAffineExprIsAConstant(r)) {
      vec_push(mem, factors, mlirAffineConstantExprGetValue(r));
      vec_push(mem, dividers, mlirAffineConstantExprGetValue(r));
    }
  } else if (mlirAffineExprIsAMul(e)) {
    MlirAffineExpr constant = mlirAffineExprIsAConstant(l) ? l : r, other = mlirAffineExprIsAConstant(l) ? r : l;
    if (!mlirAffineExprIsAConstant(constant) || !(mlirAffineExprIsADim(other) || mlirAffineExprIsAFloorDiv(other)))
      return;
    MlirAffineExpr by = mlirAffineExprIsAFloorDiv(other) ? mlirAffineBinaryOpExprGetRHS(other) : other;
    vec_push(mem, factors, mlirAffineConstantExprGetValue(constant));
    if (mlirAffineExprIsADim(other))
      vec_push(mem, dividers, 1);
    else if (mlirAffineExprIsAConstant(by))
      vec_push(mem, dividers, mlirAffineConstantExprGetValue(by));
  }
}

/* An index that adds what was read from the scratchpad; what is read is no part of where the transfer begins. */
static bool is_read_index(MlirOperation apply) { return togsim_flag(apply, "indirect_access"); }

static MlirAffineMap map_of(MlirOperation apply) { return mlirAffineMapAttrGetValue(ir_attr_of(apply, "map")); }

/* A loop's variable, or the name of an argument that is a size. */
static const char *argument_name(npt_tog *t, MlirValue v) {
  const char *name = npt_tog_variable(t, v);
  MlirOperation owner = mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(v));
  if (!name && ir_op_is(owner, "func.func") && mlirTypeIsAIndex(mlirValueGetType(v)))
    return arena_strdup(&t->ir->ctx->mem, ir_argument_name(t->ir, owner, mlirBlockArgumentGetArgNumber(v)));
  return name;
}

static const char no_role[] = "an index of a transfer or wait depends on a loop without a role; give it inner_loop = true";

typedef struct index_lists { npt_tog *t; npt_texts names; npt_numbers factors; bool is_indirect; } index_lists;

static const char *walk_index(index_lists *x, MlirValue v, int depth) {
  arena *mem = &x->t->ir->ctx->mem;
  int64_t constant;
  if (depth > TILE_GRAPH_DEPTH_MAX)
    return "an index of a transfer is computed in more than 16 steps";
  if (mlirValueIsABlockArgument(v)) {
    const char *name = argument_name(x->t, v);
    vec_push(mem, &x->names, name);
    vec_push(mem, &x->factors, 1);
    return name ? NULL : no_role;
  }
  if (!ir_op_is(ir_def(v), "affine.apply")) {
    if (ir_const_int(v, &constant)) {
      vec_push(mem, &x->names, arena_printf(mem, "c%" PRId64, constant));
      vec_push(mem, &x->factors, constant);
    }
    return NULL;
  }
  MlirOperation apply = ir_def(v);
  MlirAffineExpr e = mlirAffineMapGetResult(map_of(apply), 0);
  x->is_indirect |= is_read_index(apply);
  for (intptr_t i = 0; i < ir_num_operands(apply); i++) {
    MlirValue operand = ir_operand(apply, i);
    const char *bad = walk_index(x, operand, depth + 1);
    if (bad)
      return bad;
    intptr_t first = 0;   /* where the operand stands twice, PyTorchSim looks for its first place */
    while (!mlirValueEqual(ir_operand(apply, first), operand))
      first++;
    if (mlirValueIsABlockArgument(operand))
      x->factors.at[x->factors.n - 1] = factor_of(e, first);
  }
  return NULL;
}

const char *npt_tog_index_lists(npt_tog *t, MlirValue index, npt_texts *names, npt_numbers *factors, bool *is_indirect) {
  index_lists x = {.t = t};
  arena *mem = &t->ir->ctx->mem;
  const char *bad = walk_index(&x, index, 0);
  *is_indirect |= x.is_indirect;
  for (size_t i = 0; !bad && i < x.names.n; i++) {   /* insertion; the first of a name stays */
    size_t at = 0;
    while (at < names->n && strcmp(names->at[at], x.names.at[i]) < 0)
      at++;
    if (at < names->n && strcmp(names->at[at], x.names.at[i]) == 0)
      continue;
    vec_push(mem, names, "");
    vec_push(mem, factors, 0);
    for (size_t k = names->n - 1; k > at; k--) {
      names->at[k] = names->at[k - 1];
      factors->at[k] = factors->at[k - 1];
    }
    names->at[at] = x.names.at[i];
    factors->at[at] = x.factors.at[i];
  }
  return bad;
}

static const char *name_slot(npt_tog *t, MlirValue operand, bool nested, npt_texts *names) {
  arena *mem = &t->ir->ctx->mem;
  int64_t constant;
  if (mlirValueIsABlockArgument(operand)) {
    const char *name = argument_name(t, operand);
    vec_push(mem, names, name);
    return name ? NULL : no_role;
  }
  if (ir_const_int(operand, &constant))
    vec_push(mem, names, arena_printf(mem, "%" PRId64, constant));
  else if (nested && ir_op_is(ir_def(operand), "affine.apply"))
    for (intptr_t i = 0; i < ir_num_operands(ir_def(operand)); i++) {
      const char *bad = name_slot(t, ir_operand(ir_def(operand), i), false, names);
      if (bad)
        return bad;
    }
  return NULL;
}

const char *npt_tog_tag_lists(npt_tog *t, MlirValue slot, bool nested, npt_texts *names, npt_numbers *factors, npt_numbers *dividers) {
  arena *mem = &t->ir->ctx->mem;
  int64_t constant;
  if (ir_const_int(slot, &constant)) {
    if (nested)
      vec_push(mem, names, arena_printf(mem, "%" PRId64, constant));
    return NULL;
  }
  if (!ir_op_is(ir_def(slot), "affine.apply"))
    return NULL;
  for (intptr_t i = 0; i < ir_num_operands(ir_def(slot)); i++) {
    const char *bad = name_slot(t, ir_operand(ir_def(slot), i), nested, names);
    if (bad)
      return bad;
  }
  *factors = (npt_numbers){0};
  *dividers = (npt_numbers){0};
  collect_terms(mem, mlirAffineMapGetResult(map_of(ir_def(slot)), 0), factors, dividers);
  return NULL;
}

/* ---- exact sums ---- */

enum { SUM_STEPS_MAX = 64 };
static const char too_large[] = "an index exceeds 2^40";
static const char not_a_sum[] = "an index is no sum of loop variables and sizes, each divided and multiplied by constants";

static bool multiply(int64_t a, int64_t b, int64_t *out) {
  return !__builtin_mul_overflow(a, b, out) && *out <= TILE_GRAPH_VALUE_MAX && *out >= -TILE_GRAPH_VALUE_MAX;
}

/* Equal terms become one, constants too; those that vanish go. */
static const char *add_term(npt_tog *t, tile_terms *out, tile_term x) {
  if (x.loop == -1) {
    if (!multiply(x.value, x.stride, &x.value))
      return too_large;
    x.stride = x.divider = 1;
  }
  for (size_t i = 0; i < out->n; i++) {
    tile_term *of = &out->at[i];
    if (of->loop != x.loop || of->divider != x.divider)
      continue;
    int64_t *to = x.loop == -1 ? &of->value : &of->stride, by = x.loop == -1 ? x.value : x.stride;
    if (__builtin_add_overflow(*to, by, to) || *to > TILE_GRAPH_VALUE_MAX || *to < -TILE_GRAPH_VALUE_MAX)
      return too_large;
    if (*to != 0)
      return NULL;
    for (size_t k = i + 1; k < out->n; k++)
      out->at[k - 1] = out->at[k];
    out->n--;
    return NULL;
  }
  if (x.loop == -1 ? x.value == 0 : x.stride == 0)
    return NULL;
  vec_push(&t->ir->ctx->mem, out, x);
  return NULL;
}

static const char *add_terms(npt_tog *t, const tile_terms *terms, int64_t scale, tile_terms *out) {
  for (size_t i = 0; i < terms->n; i++) {
    tile_term x = terms->at[i];
    if (!multiply(x.stride, scale, &x.stride))
      return too_large;
    const char *bad = add_term(t, out, x);
    if (bad)
      return bad;
  }
  return NULL;
}

/* floor(sum / by): each term where `by` divides it, and at most one whose factor is 1; what it leaves over must not reach the next multiple. */
static const char *divide(npt_tog *t, const tile_terms *terms, int64_t by, tile_terms *out) {
  tile_terms result = {0};
  int rests = 0;
  for (size_t i = 0; i < terms->n; i++) {
    tile_term x = terms->at[i];
    int64_t *factor = x.loop == -1 ? &x.value : &x.stride;
    if (*factor % by == 0)
      *factor /= by;
    else if (x.loop != -1 && x.stride == 1 && rests++ == 0) {
      if (!multiply(x.divider, by, &x.divider))
        return too_large;
    } else
      return not_a_sum;
    vec_push(&t->ir->ctx->mem, &result, x);
  }
  return add_terms(t, &result, 1, out);
}

static const char *add_value(npt_tog *t, MlirValue v, int64_t scale, tile_terms *out, int steps);

static const char *add_expr(npt_tog *t, MlirOperation apply, MlirAffineMap map, MlirAffineExpr e, int64_t scale, tile_terms *out, int steps) {
  if (steps > SUM_STEPS_MAX)
    return not_a_sum;
  if (mlirAffineExprIsAConstant(e))
    return add_term(t, out, (tile_term){.loop = -1, .value = mlirAffineConstantExprGetValue(e), .divider = 1, .stride = scale});
  if (mlirAffineExprIsADim(e))
    return add_value(t, ir_operand(apply, mlirAffineDimExprGetPosition(e)), scale, out, steps + 1);
  if (mlirAffineExprIsASymbol(e))
    return add_value(t, ir_operand(apply, mlirAffineMapGetNumDims(map) + mlirAffineSymbolExprGetPosition(e)), scale, out, steps + 1);
  MlirAffineExpr l = mlirAffineBinaryOpExprGetLHS(e), r = mlirAffineBinaryOpExprGetRHS(e);
  if (mlirAffineExprIsAAdd(e)) {
    const char *bad = add_expr(t, apply, map, l, scale, out, steps + 1);
    return bad ? bad : add_expr(t, apply, map, r, scale, out, steps + 1);
  }
  if (mlirAffineExprIsAMul(e) && mlirAffineExprIsAConstant(l)) {
    MlirAffineExpr swap = l;
    l = r;
    r = swap;
  }
  if (!mlirAffineExprIsAConstant(r))
    return not_a_sum;
  int64_t by = mlirAffineConstantExprGetValue(r);
  if (mlirAffineExprIsAMul(e))
    return multiply(scale, by, &scale) ? add_expr(t, apply, map, l, scale, out, steps + 1) : too_large;
  tile_terms inner = {0}, quotient = {0};
  const char *bad = by < 1 ? not_a_sum : add_expr(t, apply, map, l, 1, &inner, steps + 1);
  if (!bad)
    bad = divide(t, &inner, by, &quotient);
  if (bad || mlirAffineExprIsAFloorDiv(e))
    return bad ? bad : add_terms(t, &quotient, scale, out);
  if (!mlirAffineExprIsAMod(e))
    return not_a_sum;
  bad = add_terms(t, &inner, scale, out);   /* x mod c = x - c floor(x / c) */
  return bad || !multiply(-scale, by, &scale) ? bad ? bad : too_large : add_terms(t, &quotient, scale, out);
}

int npt_tog_symbol(const npt_tog *t, MlirValue v) {
  for (size_t k = 0; k < t->symbols.n; k++)
    for (size_t i = 0; i < t->symbols.at[k].values.n; i++)
      if (mlirValueEqual(t->symbols.at[k].values.at[i], v))
        return (int)k;
  return -1;
}

static const char *add_value(npt_tog *t, MlirValue v, int64_t scale, tile_terms *out, int steps) {
  int64_t constant;
  if (mlirValueIsNull(v) || steps > SUM_STEPS_MAX)
    return not_a_sum;
  int loop = npt_tog_loop_of(t, v);
  if (loop >= 0)
    return add_term(t, out, (tile_term){.loop = loop, .divider = 1, .stride = scale});
  int symbol = npt_tog_symbol(t, v);
  if (symbol >= 0)
    return add_term(t, out, (tile_term){.loop = TILE_SYMBOL(symbol), .divider = 1, .stride = scale});
  if (mlirValueIsABlockArgument(v))
    return no_role;
  if (ir_const_int(v, &constant))
    return add_term(t, out, (tile_term){.loop = -1, .value = constant, .divider = 1, .stride = scale});
  MlirOperation def = ir_def(v);
  if (ir_op_is(def, "affine.apply"))
    return add_expr(t, def, map_of(def), mlirAffineMapGetResult(map_of(def), 0), scale, out, steps);
  if (ir_op_is(def, "arith.index_cast") && npt_access_of(ir_def(ir_operand(def, 0))) && is_read_index(mlirOpOperandGetOwner(mlirValueGetFirstUse(v))))
    return NULL;
  if (ir_op_is(def, "arith.index_cast"))
    return add_value(t, ir_operand(def, 0), scale, out, steps + 1);
  if (ir_op_is(def, "arith.addi") || ir_op_is(def, "arith.subi")) {
    const char *bad = add_value(t, ir_operand(def, 0), scale, out, steps + 1);
    return bad ? bad : add_value(t, ir_operand(def, 1), ir_op_is(def, "arith.addi") ? scale : -scale, out, steps + 1);
  }
  if (ir_op_is(def, "arith.muli") && ir_const_int(ir_operand(def, 1), &constant))
    return multiply(scale, constant, &scale) ? add_value(t, ir_operand(def, 0), scale, out, steps + 1) : too_large;
  return not_a_sum;
}

const char *npt_sum_add(npt_tog *t, MlirValue v, int64_t scale, tile_terms *out) { return add_value(t, v, scale, out, 0); }

const char *npt_sum_add_end(npt_tog *t, MlirOperation loop, intptr_t result, tile_terms *out) {
  MlirAffineMap map = mlirAffineMapAttrGetValue(ir_attr_of(loop, "upperBoundMap"));
  return add_expr(t, loop, map, mlirAffineMapGetResult(map, result), 1, out, 0);
}

const char *npt_sum_add_expr(npt_tog *t, MlirOperation op, intptr_t result, tile_terms *out) {
  return add_expr(t, op, map_of(op), mlirAffineMapGetResult(map_of(op), result), 1, out, 0);
}
