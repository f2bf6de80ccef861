/* What exporters say of the open sizes of arguments: torch.bind_symbolic_shape names them, torch.symbolic_int bounds the names.  It stays with the function
 * as `loom.sizes`: for each such argument [number, affine_map<()[s0] -> (1, s0 * 32)>, ["s1", 2, 3], ..], with name, least and most of s0, s1, .. */
#include "pass/torch_convert.h"

typedef struct symbols { torch_conversion *t; MlirOperation func; VEC_OF(MlirAttribute) bound; } symbols;

/* The argument that `v` is; an argument that the function may change is read through a copy.  -1: none. */
static intptr_t argument_of(const symbols *s, MlirValue v) {
  for (MlirOperation def = ir_def(v); !mlirOperationIsNull(def) && (ir_op_is(def, "torch.copy.to_vtensor") || ir_op_is(def, "torch_c.from_builtin_tensor")); def = ir_def(v))
    v = ir_operand(def, 0);
  return mlirValueIsABlockArgument(v) && mlirBlockEqual(mlirBlockArgumentGetOwner(v), ir_body(s->func)) ? mlirBlockArgumentGetArgNumber(v) : -1;
}

static bool bind(MlirOperation op, void *data) {
  symbols *s = data;
  ir_ctx *ir = s->t->ir;
  MlirAttribute map = ir_op_is(op, "torch.bind_symbolic_shape") ? ir_attr_of(op, "shape_expressions") : (MlirAttribute){NULL};
  intptr_t argument = mlirAttributeIsNull(map) ? -1 : argument_of(s, ir_operand(op, 0)), n = ir_num_operands(op);
  if (argument < 0)
    return true;
  MlirAttribute *row = ARENA_NEW_N(s->t->mem, MlirAttribute, n + 1);
  row[0] = ir_int_attr(ir, argument);
  row[1] = map;
  for (intptr_t i = 1; i < n; i++) {
    MlirOperation symbol = ir_def(ir_operand(op, i));
    MlirAttribute said[3] = {ir_attr_of(symbol, "symbol_name"), ir_attr_of(symbol, "min_val"), ir_attr_of(symbol, "max_val")};
    if (!ir_op_is(symbol, "torch.symbolic_int") || mlirAttributeIsNull(said[0]) || mlirAttributeIsNull(said[1]) || mlirAttributeIsNull(said[2]))
      return true;
    row[i + 1] = mlirArrayAttrGet(ir->mlir, 3, said);
  }
  vec_push(s->t->mem, &s->bound, mlirArrayAttrGet(ir->mlir, n + 1, row));
  return true;
}

void torch_keep_symbols(torch_conversion *t) {
  for (size_t i = 0; i < t->ops.n; i++) {
    symbols s = {.t = t, .func = t->ops.at[i]};
    if (!ir_op_is(s.func, "func.func") || mlirBlockIsNull(ir_body(s.func)))
      continue;
    ir_walk(s.func, bind, &s);
    if (s.bound.n)
      ir_set_attr(s.func, "loom.sizes", mlirArrayAttrGet(t->ir->mlir, (intptr_t)s.bound.n, s.bound.at));
  }
}
