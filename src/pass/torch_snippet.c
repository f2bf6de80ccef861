/* One operation with a lowering: described plainly, lowered to text by lower/torch, and its body put in its place. */
#include "pass/torch_convert.h"

/* ---- describing ---- */
typedef struct describer { torch_conversion *t; torch_snippet *s; text params; } describer;

/* The value as the snippet sees it: what is no constant becomes a parameter. */
static const tl_value *as_operand(describer *d, MlirValue v) {
  arena *mem = d->t->mem;
  tl_value *o = ARENA_NEW(mem, tl_value);
  *o = *torch_describe(d->t, v);
  if (o->type.kind == TL_LIST) {
    MlirOperation def = ir_def(v);
    const tl_value **items = ARENA_NEW_N(mem, const tl_value *, o->n_items + 1);
    while (ir_num_operands(def) == 1 && !ir_op_is(def, "torch.prim.ListConstruct") && !mlirOperationIsNull(ir_def(ir_operand(def, 0))))
      def = ir_def(ir_operand(def, 0));      /* derefined lists */
    for (int i = 0; i < o->n_items; i++)
      items[i] = as_operand(d, ir_operand(def, i));
    o->items = items;
    return o;
  }
  bool is_value = o->type.kind == TL_TENSOR || o->type.kind == TL_INT || o->type.kind == TL_FLOAT || o->type.kind == TL_BOOL;
  if (!is_value || o->is_known)
    return o;
  o->name = arena_printf(mem, "%%a%zu", d->s->takes.n);
  text_addf(&d->params, "%s%s: %s", d->params.size ? ", " : "", o->name, tl_type_text(mem, &o->type));
  vec_push(mem, &d->s->takes, v);
  return o;
}

/* A quantized tensor carries its scale and zero point in its type there; here they are operands of whoever takes them back. */
static int add_quantization(describer *d, MlirOperation op, const tl_value **in) {
  if (!text_starts(ir_op_name(op), "torch.aten.dequantize.") || ir_num_operands(op) != 1)
    return 0;
  MlirOperation def = ir_def(ir_operand(op, 0));
  bool is_made = !mlirOperationIsNull(def) && (ir_op_is(def, "torch.aten.quantize_per_tensor") || ir_op_is(def, "torch.aten._make_per_tensor_quantized_tensor"));
  for (int i = 0; i < 2 && is_made; i++)
    in[i] = as_operand(d, ir_operand(def, 1 + i));
  return is_made ? 2 : 0;
}

static void read_attributes(torch_conversion *t, MlirOperation op, tl_op *out) {
  intptr_t n = mlirOperationGetNumAttributes(op);
  tl_attribute *all = ARENA_NEW_N(t->mem, tl_attribute, n + 1);
  for (intptr_t i = 0; i < n; i++) {
    MlirNamedAttribute a = mlirOperationGetAttribute(op, i);
    MlirStringRef name = mlirIdentifierStr(a.name);
    all[i] = (tl_attribute){arena_strndup(t->mem, name.data, name.length), ir_print_attr(t->mem, a.attribute)};
  }
  out->attributes = all;
  out->n_attributes = (int)n;
}

/* ---- regions (tm_tensor) ---- */
/* What a region takes from outside must be constants, which go along. */
typedef struct capture { torch_conversion *t; MlirOperation owner, func; MlirBlock entry; bool fails; } capture;

static bool is_inside(MlirOperation op, MlirOperation owner) {
  for (; !mlirOperationIsNull(op); op = mlirOperationGetParentOperation(op))
    if (mlirOperationEqual(op, owner))
      return true;
  return false;
}

static bool copy_captures(MlirOperation op, void *data) {
  capture *c = data;
  for (intptr_t i = 0; i < ir_num_operands(op); i++) {
    MlirValue v = ir_operand(op, i);
    MlirOperation def = ir_def(v);
    if (mlirOperationIsNull(def))
      c->fails |= !is_inside(mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(v)), c->func);
    else if (!is_inside(def, c->func) && ir_op_is(def, "arith.constant")) {
      MlirOperation copy = mlirOperationClone(def);
      mlirBlockInsertOwnedOperation(c->entry, 0, copy);
      mlirOperationSetOperand(op, i, ir_result(copy, 0));
    } else {
      c->fails |= !is_inside(def, c->func);
    }
  }
  return !c->fails;
}

/* The region of `op` as a private function of the module; its name as @f, NULL: it was refused. */
static const char *outline_region(torch_conversion *t, MlirOperation op, MlirOperation module, text *declarations) {
  MlirBlock body = ir_body(op);
  MlirOperation yield = torch_last_op(body);
  if (mlirOperationIsNull(yield) || !ir_op_is(yield, "tm_tensor.yield") || ir_num_operands(yield) != 1) {
    diag_error(t->ir->ctx, ir_span(t->ir, op), LOOM_EINPUT, "%s has no region that yields one value", ir_op_name(op));
    return NULL;
  }
  intptr_t n = mlirBlockGetNumArguments(body);
  MlirType *in = ARENA_NEW_N(t->mem, MlirType, n + 1), out = mlirValueGetType(ir_operand(yield, 0));
  const char *name = arena_printf(t->mem, "loom.region.%zu", t->made.n);
  text_addf(declarations, "func.func private @%s(", name);
  for (intptr_t i = 0; i < n; i++) {
    in[i] = mlirValueGetType(mlirBlockGetArgument(body, i));
    text_addf(declarations, "%s%s", i ? ", " : "", ir_print_type(t->mem, in[i]));
  }
  text_addf(declarations, ") -> %s\n", ir_print_type(t->mem, out));
  MlirRegion region = mlirRegionCreate();
  mlirRegionTakeBody(region, mlirOperationGetRegion(op, 0));
  ir_builder b = ir_at_end(t->ir, mlirModuleGetBody(mlirModuleFromOperation(module)));
  b.loc = mlirOperationGetLocation(op);
  const ir_named attrs[] = {{"sym_name", ir_str_attr(t->ir, name)}, {"sym_visibility", ir_str_attr(t->ir, "private")},
                            {"function_type", mlirTypeAttrGet(mlirFunctionTypeGet(t->ir->mlir, n, in, 1, &out))}};
  MlirOperation func = ir_build(&b, "func.func", 0, NULL, 0, NULL, 3, attrs, 1, &region);
  if (mlirOperationIsNull(func))
    return NULL;
  ir_builder end = ir_before(t->ir, yield);
  MlirValue result = ir_operand(yield, 0);
  ir_build(&end, "func.return", 0, NULL, 1, &result, 0, NULL, 0, NULL);
  for (size_t i = 0; i < t->ops.n; i++)
    if (mlirOperationEqual(t->ops.at[i], yield))
      t->ops.at[i] = (MlirOperation){NULL};
  ir_erase(yield);
  capture c = {.t = t, .owner = op, .func = func, .entry = body};
  ir_walk(func, copy_captures, &c);
  if (c.fails) {
    diag_error(t->ir->ctx, ir_span(t->ir, op), LOOM_EUNSUP, "the region of %s uses a value from outside of it", ir_op_name(op));
    return NULL;
  }
  return arena_printf(t->mem, "@%s", name);
}

/* The operation that a reducer applies to its two arguments; NULL: it is another one. */
static const char *reducer_op(torch_conversion *t, MlirOperation op) {
  MlirBlock body = ir_body(op);
  MlirOperation first = mlirBlockIsNull(body) ? (MlirOperation){NULL} : mlirBlockGetFirstOperation(body), last = torch_last_op(body);
  bool is_one = !mlirOperationIsNull(first) && ir_op_is(last, "stablehlo.return") && mlirOperationEqual(mlirOperationGetNextInBlock(first), last) &&
                mlirBlockGetNumArguments(body) == 2 && ir_num_operands(first) == 2 && ir_num_operands(last) == 1 && mlirValueEqual(ir_operand(last, 0), ir_result(first, 0)) &&
                !mlirValueEqual(ir_operand(first, 0), ir_operand(first, 1));
  for (int i = 0; i < 2 && is_one; i++)
    is_one = mlirValueEqual(ir_operand(first, i), mlirBlockGetArgument(body, i)) || mlirValueEqual(ir_operand(first, i), mlirBlockGetArgument(body, 1 - i));
  if (!is_one)
    diag_error(t->ir->ctx, ir_span(t->ir, op), LOOM_EUNSUP, "%s: the reducer is more than one operation on its two arguments", ir_op_name(op));
  return is_one ? ir_op_name(first) : NULL;
}

/* ---- lowering ---- */
/* A list that is taken apart right away is lowered where it is taken apart. */
static MlirOperation described_op(MlirOperation op) {
  if (!ir_op_is(op, "torch.prim.ListUnpack"))
    return op;
  MlirOperation def = ir_def(ir_operand(op, 0));
  return mlirOperationIsNull(def) ? op : def;
}

/* An operation that its exporter did not know either: torch.operator "torch.aten.x" is torch.aten.x. */
const char *torch_lowered_name(torch_conversion *t, MlirOperation op) {
  MlirOperation of = described_op(op);
  const char *name = ir_op_is(of, "torch.operator") ? ir_attr_string(t->mem, ir_attr_of(of, "name")) : NULL;
  return name ? name : ir_op_name(of);
}

void torch_add_snippet(torch_conversion *t, MlirOperation op) {
  arena *mem = t->mem;
  MlirOperation of = described_op(op);
  torch_snippet *s = ARENA_NEW(mem, torch_snippet);
  describer d = {.t = t, .s = s, .params = text_new(mem)};
  int n_in = (int)ir_num_operands(of), n_out = (int)mlirOperationGetNumResults(op);
  *s = (torch_snippet){.op = op, .name = arena_printf(mem, "s%zu", t->made.n), .n_out = n_out};
  const tl_value **in = ARENA_NEW_N(mem, const tl_value *, n_in + 2);
  tl_type *out = ARENA_NEW_N(mem, tl_type, n_out + 1);
  for (int i = 0; i < n_in; i++)
    in[i] = as_operand(&d, ir_operand(of, i));
  n_in += add_quantization(&d, of, in + n_in);
  for (int i = 0; i < n_out; i++)
    out[i] = torch_describe(t, ir_result(op, i))->type;
  tl_op o = {.name = torch_lowered_name(t, op), .span = ir_span(t->ir, op), .in = in, .n_in = n_in, .out = out, .n_out = n_out};
  read_attributes(t, of, &o);
  intptr_t first, count;
  o.n_segment_ins = text_starts(o.name, "tm_tensor.") && ir_segment(of, 0, &first, &count) ? (int)count : n_in;
  if (mlirOperationGetNumRegions(of) == 1) {
    MlirOperation module = op;
    while (!mlirOperationIsNull(mlirOperationGetParentOperation(module)))
      module = mlirOperationGetParentOperation(module);
    o.region = text_starts(o.name, "stablehlo.") ? reducer_op(t, of) : outline_region(t, of, module, &t->snippets);
    if (!o.region) {
      t->status = t->status == LOOM_OK ? LOOM_EUNSUP : t->status;
      return;
    }
  }
  const char *body, **results = ARENA_NEW_N(mem, const char *, n_out + 1);
  loom_status st = torch_lower_op(t->ir->ctx, &o, &body, results);
  if (st != LOOM_OK) {
    t->status = t->status == LOOM_OK ? st : t->status;
    return;
  }
  text types = text_new(mem), names = text_new(mem);
  for (int i = 0; i < n_out; i++) {
    text_addf(&types, "%s%s", i ? ", " : "", tl_type_text(mem, &out[i]));
    text_addf(&names, "%s%s", i ? ", " : "", results[i]);
  }
  text_addf(&t->snippets, "func.func private @%s(%s) -> (%s) {\n%s  return %s%s%s\n}\n", s->name, text_str(&d.params), text_str(&types), body, text_str(&names),
            n_out ? " : " : "", text_str(&types));
  vec_push(mem, &t->made, s);
}

/* ---- placing ---- */
static bool set_location(MlirOperation op, void *data) {
  mlirOperationSetLocation(op, *(MlirLocation *)data);
  return true;
}

static MlirValue with_type(torch_conversion *t, MlirValue v, MlirType type, MlirOperation before) {
  if (mlirTypeEqual(mlirValueGetType(v), type))
    return v;
  ir_builder b = ir_before(t->ir, before);
  return ir_build1(&b, "tensor.cast", type, 1, &v, 0, NULL);
}

loom_status torch_place_snippet(torch_conversion *t, MlirOperation func, const torch_snippet *s) {
  MlirBlock from = ir_body(func), to = mlirOperationGetBlock(s->op);
  MlirLocation loc = mlirOperationGetLocation(s->op);
  MlirOperation end = torch_last_op(from), next;
  for (size_t i = 0; i < s->takes.n; i++) {
    MlirValue arg = mlirBlockGetArgument(from, (intptr_t)i), v = torch_resolve(t, s->takes.at[i], s->op);
    if (mlirValueIsNull(v))
      LOOM_FAIL(t->ir->ctx, ir_span(t->ir, s->op), LOOM_EUNSUP, "%s: an operand has no value on tensors", ir_op_name(s->op));
    ir_replace_uses(arg, with_type(t, v, mlirValueGetType(arg), s->op));
  }
  for (MlirOperation op = mlirBlockGetFirstOperation(from); !mlirOperationEqual(op, end); op = next) {
    next = mlirOperationGetNextInBlock(op);
    ir_walk(op, set_location, &loc);
    mlirOperationRemoveFromParent(op);
    mlirBlockInsertOwnedOperationBefore(to, s->op, op);
  }
  for (int i = 0; i < s->n_out; i++) {
    MlirValue old = ir_result(s->op, i), new = ir_operand(end, i);
    torch_value_of(t, old)->now = new;
    ir_replace_uses(old, new);
  }
  return LOOM_OK;
}
