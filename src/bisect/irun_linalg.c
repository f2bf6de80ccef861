/* linalg: every op with indexing maps, named or not, through the body that it carries. */
#include "base/shape.h"
#include "bisect/irun.h"
#include <math.h>

enum { OPERANDS_MAX = 16, LOOPS_MAX = 16 };

/* ---- operands ---- */
typedef struct operand {
  irun_value value;
  const double *x;               /* elements */
  int64_t size[FLOW_RANK_MAX], stride[FLOW_RANK_MAX], step[LOOPS_MAX], start;   /* step: elements per step of a loop */
  int rank;
  MlirAffineMap map;
  bool is_linear;
} operand;

static bool open_operand(irun *r, MlirOperation op, MlirValue v, MlirAffineMap map, operand *o) {
  o->value = *irun_slot(r, v);
  o->map = map;
  if (o->value.kind == IRUN_SCALAR) {
    double *x = ARENA_NEW(r->mem, double);
    *x = o->value.x;
    o->x = x;
    return mlirAffineMapGetNumResults(map) == 0;
  }
  if (o->value.kind == IRUN_TENSOR) {
    const flow_node *n = &r->flow->nodes.at[o->value.node];
    o->rank = n->rank;
    memcpy(o->size, n->shape, sizeof o->size);
    o->x = irun_elements(r, &o->value);
  } else if (o->value.kind == IRUN_MEMORY) {
    if (!irun_check_view(r, op, &o->value.view))
      return false;
    o->rank = o->value.view.rank;
    for (int d = 0; d < o->rank; d++)
      o->size[d] = o->value.view.size[d] > 0 ? o->value.view.size[d] : 0;
    o->x = irun_copy_out(r, &o->value.view);
  } else {
    return false;
  }
  int64_t step = 1;
  for (int d = o->rank - 1; d >= 0; d--) {
    o->stride[d] = step;
    step *= o->size[d];
  }
  return mlirAffineMapGetNumResults(map) == o->rank;
}

/* Extents of the loops: of the operand dims that a loop indexes by itself; all of them must agree. */
static bool find_extents(irun *r, MlirOperation op, operand *o, int n, int n_loops, int64_t *extent) {
  for (int l = 0; l < n_loops; l++)
    extent[l] = -1;
  for (int i = 0; i < n; i++)
    for (int d = 0; d < o[i].rank; d++) {
      MlirAffineExpr e = mlirAffineMapGetResult(o[i].map, d);
      if (!mlirAffineExprIsADim(e))
        continue;
      int64_t *x = &extent[mlirAffineDimExprGetPosition(e)];
      if (*x >= 0 && *x != o[i].size[d])
        return irun_stop(r, op, BISECT_BROKE, arena_printf(r->mem, "its operands have %" PRId64 " and %" PRId64 " elements along one loop", *x, o[i].size[d]));
      *x = o[i].size[d];
    }
  for (int l = 0; l < n_loops; l++)
    if (extent[l] < 0)
      return false;
  return true;
}

/* Places are linear in the loops: by asking for the origin and each unit step. */
static bool find_steps(irun *r, MlirOperation op, operand *o, int n_loops, const int64_t *extent) {
  int64_t at[LOOPS_MAX] = {0}, last = 0;
  bool bad = false;
  for (int d = 0; d < o->rank; d++)
    o->start += irun_affine(mlirAffineMapGetResult(o->map, d), at, NULL, &bad) * o->stride[d];
  last = o->start;
  for (int l = 0; l < n_loops; l++) {
    at[l] = 1;
    for (int d = 0; d < o->rank; d++)
      o->step[l] += irun_affine(mlirAffineMapGetResult(o->map, d), at, NULL, &bad) * o->stride[d];
    o->step[l] -= o->start;
    at[l] = 0;
    last += extent[l] > 0 ? (extent[l] - 1) * o->step[l] : 0;
  }
  for (int d = 0; d < o->rank; d++)
    bad = bad || !mlirAffineExprIsPureAffine(mlirAffineMapGetResult(o->map, d));
  const int64_t elems = shape_elements(o->rank, o->size);
  if (!bad && elems > 0 && (o->start < 0 || last >= elems))
    return irun_stop(r, op, BISECT_BROKE, "a map leaves the operand");
  return !bad;
}

/* ---- running ---- */

/* The innermost loop of a product. */
static void run_products(const operand *a, const operand *b, const operand *o, const int64_t *at, double *out, int loop, int64_t n, bool is_double) {
  const double *x = a->x + at[0], *y = b->x + at[1];
  double *z = out + at[2];
  for (int64_t i = 0; i < n; i++, x += a->step[loop], y += b->step[loop], z += o->step[loop])
    *z = is_double ? *z + *x * *y : (double)(float)(*z + (double)(float)(*x * *y));
}

static bool run_loops(irun *r, MlirOperation op, const irun_body *b, operand *o, int n_in, int n_out, double **out, int n_loops, const int64_t *extent, bool widens) {
  double *reg = ARENA_NEW_N(r->mem, double, b->n_registers + 1);
  int64_t index[LOOPS_MAX] = {0}, at[OPERANDS_MAX], total = 1;
  for (size_t i = 0; i < b->outer.n; i++)
    reg[b->outer.at[i]] = irun_slot(r, b->outer_values.at[i])->x;
  for (size_t i = 0; i < b->constants.n; i++)
    reg[b->constants.at[i]] = b->constant_values.at[i];
  for (int l = 0; l < n_loops; l++)
    total *= extent[l];
  for (int i = 0; i < n_in + n_out; i++)
    at[i] = o[i].start;
  if (!irun_spend(r, op, total))
    return false;
  int inner = n_loops - 1;
  dtype t = o[n_in].value.type;
  bool in_products = b->is_product && n_loops > 0 && (t == DTYPE_F32 || t == DTYPE_F64 || widens);
  while (total > 0) {
    if (in_products) {
      run_products(&o[0], &o[1], &o[2], at, out[0], inner, extent[inner], t == DTYPE_F64);
      total -= extent[inner];
      int l = inner - 1;
      for (; l >= 0; l--) {
        for (int i = 0; i < 3; i++)
          at[i] += o[i].step[l];
        if (++index[l] < extent[l])
          break;
        for (int i = 0; i < 3; i++)
          at[i] -= o[i].step[l] * index[l];
        index[l] = 0;
      }
      continue;
    }
    total--;
    for (int i = 0; i < n_in; i++)
      reg[i] = o[i].x[at[i]];
    for (int i = 0; i < n_out; i++)
      reg[n_in + i] = out[i][at[n_in + i]];
    for (size_t i = 0; i < b->indices.n; i += 2)
      reg[b->indices.at[i]] = (double)index[b->indices.at[i + 1]];
    if (!irun_body_run(r, op, b, reg, widens))
      return false;
    for (int i = 0; i < n_out; i++)
      out[i][at[n_in + i]] = reg[b->yields[i]];
    for (int l = n_loops - 1; l >= 0; l--) {
      for (int i = 0; i < n_in + n_out; i++)
        at[i] += o[i].step[l];
      if (++index[l] < extent[l])
        break;
      for (int i = 0; i < n_in + n_out; i++)
        at[i] -= o[i].step[l] * index[l];
      index[l] = 0;
    }
  }
  return true;
}

/* What an accumulator begins with, from the last step of a reduction: x + out, max(x, out). */
static void note_neutral(irun *r, MlirOperation op, int id, const irun_body *b) {
  static const struct { const char *name; double neutral; } combiners[] = {
      {"arith.addf", 0}, {"arith.addi", 0}, {"arith.mulf", 1}, {"arith.muli", 1}, {"arith.maximumf", -INFINITY}, {"arith.maxnumf", -INFINITY},
      {"arith.minimumf", INFINITY}, {"arith.minnumf", INFINITY}};
  for (size_t i = 0; i < b->steps.n; i++)
    for (size_t c = 0; c < sizeof combiners / sizeof *combiners && b->n_yields == 1; c++)
      if (b->steps.at[i].out == b->yields[0] && b->steps.at[i].fn == irun_scalar_find(combiners[c].name)) {
        r->flow->ops.at[id].has_neutral = true;
        r->flow->ops.at[id].neutral = combiners[c].neutral;
      }
  (void)op;
}

static bool run_structured(irun *r, MlirOperation op, int id) {
  MlirAttribute maps = ir_linalg_maps(op);
  intptr_t n = ir_num_operands(op), first_out, n_out;
  if (mlirAttributeIsNull(maps) || n > OPERANDS_MAX || mlirArrayAttrGetNumElements(maps) != n)
    return false;
  if (!ir_segment(op, 1, &first_out, &n_out)) {   /* one destination, as linalg.reduce and broadcast print them */
    n_out = ir_num_operands(op) > 1 ? (n % 2 == 0 && text_eq(ir_op_name(op), "linalg.reduce") ? n / 2 : 1) : 0;
    first_out = n - n_out;
  }
  operand o[OPERANDS_MAX] = {{.rank = 0}};
  int64_t extent[LOOPS_MAX];
  int n_loops = (int)mlirAffineMapGetNumDims(mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(maps, 0)));
  if (n_loops > LOOPS_MAX || first_out + n_out != n)
    return false;
  for (intptr_t i = 0; i < n; i++)
    if (!open_operand(r, op, ir_operand(op, i), mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(maps, i)), &o[i]))
      return false;
  if (!find_extents(r, op, o, (int)n, n_loops, extent))
    return false;
  for (intptr_t i = 0; i < n; i++)
    if (!find_steps(r, op, &o[i], n_loops, extent))
      return false;
  irun_body *b = r->infos.at[id].body;
  if (!b) {
    b = r->infos.at[id].body = irun_body_compile(r, op);
    note_neutral(r, op, id, b);
  }
  if (b->is_bad || b->n_yields != n_out)
    return false;
  bool reduces = false;   /* a loop that the destination does not follow */
  for (int l = 0; l < n_loops; l++)
    reduces = reduces || (o[first_out].step[l] == 0 && extent[l] > 1) ||
              (o[first_out].step[l] == 0 && !mlirAffineMapIsIdentity(o[first_out].map) && text_eq(ir_op_name(op), "linalg.matmul"));
  bool widens = reduces && irun_is_half(o[first_out].value.type);
  double *out[OPERANDS_MAX];
  int in[OPERANDS_MAX * 2], n_in = 0;
  for (intptr_t i = 0; i < n_out; i++) {
    const operand *to = &o[first_out + i];
    const int64_t elems = shape_elements(to->rank, to->size);
    out[i] = ARENA_NEW_N(r->mem, double, elems);
    const double *begin = widens && to->value.is_open ? r->flow->nodes.at[to->value.node].x : to->x;   /* the sum goes on where it was */
    memcpy(out[i], begin, (size_t)elems * sizeof(double));
  }
  for (intptr_t i = 0; i < n; i++) {
    if (i >= b->n_args || !b->is_read[i])
      continue;
    in[n_in++] = o[i].value.kind == IRUN_MEMORY ? irun_read(r, op, &o[i].value.view, o[i].value.type, o[i].x, false) : o[i].value.node;
  }
  for (size_t i = 0; i < b->outer.n && n_in < OPERANDS_MAX * 2; i++)
    in[n_in++] = irun_slot(r, b->outer_values.at[i])->node;
  if (!run_loops(r, op, b, o, (int)first_out, (int)n_out, out, n_loops, extent, widens))
    return false;
  for (intptr_t i = 0; i < n_out; i++) {
    const operand *to = &o[first_out + i];
    bool is_open = widens && !r->o->accumulate_in_result_type;
    const int64_t elems = shape_elements(to->rank, to->size);
    for (int64_t e = 0; e < elems && !is_open; e++)
      out[i][e] = irun_round(to->value.type, out[i][e]);
    int node = irun_add(r, op, FLOW_COMPUTE, n_in, in, to->value.type, to->rank, to->size, out[i]);
    if (to->value.kind == IRUN_MEMORY)
      irun_write(r, &to->value.view, out[i], node);
    else
      irun_set_tensor(r, op, i, node, is_open);
  }
  return true;
}

irun_fn irun_linalg_handler(const char *name) { return text_starts(name, "linalg.") ? run_structured : NULL; }
