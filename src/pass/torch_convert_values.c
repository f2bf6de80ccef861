/* Describing values: constants, lists and shapes are followed to where they are made. */
#include "pass/torch_convert.h"
#include <string.h>

MlirOperation torch_last_op(MlirBlock block) {
  MlirOperation last = {NULL};
  if (!mlirBlockIsNull(block))
    for (MlirOperation op = mlirBlockGetFirstOperation(block); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op))
      last = op;
  return last;
}

bool torch_is_torch_op(MlirOperation op) {
  const char *name = ir_op_name(op);
  return text_starts(name, "torch.") || text_starts(name, "torch_c.") || text_starts(name, "tm_tensor.") || text_starts(name, "stablehlo.");
}

bool torch_is_torch_type(MlirType type) {
  if (!mlirTypeIsAOpaque(type))
    return false;
  MlirStringRef d = mlirOpaqueTypeGetDialectNamespace(type);
  return d.length == 5 && memcmp(d.data, "torch", 5) == 0;
}

static tl_type type_of(torch_conversion *t, MlirValue v) { return tl_type_parse(ir_print_type(t->mem, mlirValueGetType(v))); }

MlirType torch_builtin_type(ir_ctx *ir, MlirType type) {
  if (!torch_is_torch_type(type))
    return type;
  tl_type t = tl_type_parse(ir_print_type(&ir->ctx->mem, type));
  bool has_one = t.kind == TL_TENSOR || t.kind == TL_INT || t.kind == TL_FLOAT || t.kind == TL_BOOL;
  return has_one ? ir_type(ir, tl_type_text(&ir->ctx->mem, &t)) : (MlirType){NULL};
}

/* ---- constants ---- */
static const char *unquoted(arena *mem, const char *s) {
  size_t n = strlen(s);
  return n >= 2 && *s == '"' ? arena_strndup(mem, s + 1, n - 2) : s;
}

static void read_constant(torch_conversion *t, MlirOperation def, tl_value *v) {
  MlirAttribute a = ir_attr_of(def, "value");
  int64_t i;
  if (mlirAttributeIsNull(a))
    return;
  if (mlirAttributeIsABool(a)) {
    v->i = mlirBoolAttrGetValue(a);
    v->is_known = v->type.kind == TL_BOOL;
  } else if (ir_attr_int(a, &i)) {
    v->i = i;
    v->is_known = v->type.kind == TL_INT;
  } else if (mlirAttributeIsAFloat(a)) {
    v->f = mlirFloatAttrGetValueDouble(a);
    v->is_known = v->type.kind == TL_FLOAT;
  } else if (v->type.kind == TL_STR) {
    v->s = unquoted(t->mem, ir_print_attr(t->mem, a));
    v->is_known = true;
  }
}

/* Whole numbers from whole numbers that are known: sizes are computed so. */
static void fold(torch_conversion *t, MlirOperation def, tl_value *v) {
  static const struct { const char *name; char op; } folds[] = {
      {"torch.aten.add.int", '+'}, {"torch.aten.sub.int", '-'}, {"torch.aten.mul.int", '*'}, {"torch.aten.floordiv.int", '/'}};
  if (ir_op_is(def, "torch.aten.size.int") && ir_num_operands(def) == 2) {
    const tl_value *x = torch_describe(t, ir_operand(def, 0)), *d = torch_describe(t, ir_operand(def, 1));
    int64_t at = d->is_known && d->i < 0 ? d->i + x->type.rank : d->i;
    if (x->type.kind == TL_TENSOR && d->is_known && at >= 0 && at < x->type.rank && x->type.dim[at] != TL_DYNAMIC) {
      v->i = x->type.dim[at];
      v->is_known = true;
    }
  }
  for (size_t i = 0; i < sizeof folds / sizeof *folds; i++) {
    if (!ir_op_is(def, folds[i].name) || ir_num_operands(def) != 2)
      continue;
    const tl_value *x = torch_describe(t, ir_operand(def, 0)), *y = torch_describe(t, ir_operand(def, 1));
    if (!x->is_known || !y->is_known)
      return;
    int64_t a = x->i, b = y->i;
    switch (folds[i].op) {
    case '+': v->is_known = !__builtin_add_overflow(a, b, &v->i); break;
    case '-': v->is_known = !__builtin_sub_overflow(a, b, &v->i); break;
    case '*': v->is_known = !__builtin_mul_overflow(a, b, &v->i); break;
    default:
      v->is_known = b > 0;
      v->i = b > 0 ? a / b - (a % b < 0) : 0;
    }
  }
}

static void read_list(torch_conversion *t, MlirOperation def, tl_value *v) {
  intptr_t n = ir_num_operands(def);
  const tl_value **items = ARENA_NEW_N(t->mem, const tl_value *, n + 1);
  for (intptr_t i = 0; i < n; i++)
    items[i] = torch_describe(t, ir_operand(def, i));
  v->items = items;
  v->n_items = (int)n;
}

/* Operations whose result is what their operand is. */
static bool is_same(MlirOperation def) {
  static const char *const names[] = {"torch.derefine", "torch.prim.unchecked_cast", "torch_c.to_i64", "torch_c.from_i64", "torch_c.to_f64", "torch_c.from_f64",
                                      "torch_c.to_i1", "torch_c.from_i1"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (ir_op_is(def, names[i]))
      return true;
  return false;
}

torch_value *torch_value_of(torch_conversion *t, MlirValue v) {
  if (value_set_add(t->mem, &t->values, v)) {
    torch_value *made = ARENA_NEW(t->mem, torch_value);
    size_t at = t->known.n;
    vec_push(t->mem, &t->known, made);
    MlirOperation def = ir_def(v);
    made->is.type = type_of(t, v);
    if (mlirOperationIsNull(def))
      return made;
    if (is_same(def) && ir_num_operands(def) == 1) {
      const tl_value *of = torch_describe(t, ir_operand(def, 0));
      tl_type declared = made->is.type;
      made->is = *of;
      made->is.name = NULL;
      if (declared.kind != TL_OTHER)
        made->is.type = declared;
    } else if (text_starts(ir_op_name(def), "torch.constant.")) {
      read_constant(t, def, &made->is);
    } else if (ir_op_is(def, "torch.prim.ListConstruct")) {
      read_list(t, def, &made->is);
    } else if (made->is.type.kind == TL_INT) {
      fold(t, def, &made->is);
    }
    return t->known.at[at];
  }
  return t->known.at[value_set_index(&t->values, v)];
}

const tl_value *torch_describe(torch_conversion *t, MlirValue v) { return &torch_value_of(t, v)->is; }

MlirValue torch_resolve(torch_conversion *t, MlirValue v, MlirOperation op) {
  torch_value *k = torch_value_of(t, v);
  if (!mlirValueIsNull(k->now))
    return k->now;
  if (!torch_is_torch_type(mlirValueGetType(v)))
    return v;
  MlirOperation def = ir_def(v);
  if (!mlirOperationIsNull(def) && is_same(def) && !k->is.is_known)
    return torch_resolve(t, ir_operand(def, 0), op);
  if (!k->is.is_known)
    return (MlirValue){NULL};
  ir_builder b = ir_before(t->ir, op);
  MlirType type = torch_builtin_type(t->ir, mlirValueGetType(v));
  if (mlirTypeIsNull(type))
    return (MlirValue){NULL};
  const char *number = k->is.type.kind == TL_FLOAT ? arena_printf(t->mem, "0x%016" PRIX64 " : f64", ((union { double f; uint64_t u; }){k->is.f}).u)
                       : k->is.type.kind == TL_BOOL ? (k->is.i ? "true" : "false")
                                                    : arena_printf(t->mem, "%" PRId64 " : i64", k->is.i);
  const ir_named value = {"value", ir_attr(t->ir, number)};
  return ir_build1(&b, "arith.constant", type, 0, NULL, 1, &value);
}
