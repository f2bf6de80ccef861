/* Operations as calls of ATen, prims, operator and helion.language. */
#include "frontend/device_ir/dir_emit.h"
#include <math.h>

#define TRACING "helion.language._tracing_ops."

loom_status emit_unsupported(emitter *e, const kernel_op *at, const char *what) {
  diag_error(e->ctx, at->span, LOOM_EUNSUP, "--emit device-ir: %s has no form in Device IR", what);
  diag_help(e->ctx, "use --emit kernel, which has all of the kernel");
  return LOOM_EUNSUP;
}

/* ---- nodes ---- */
static const char *fresh(emitter *e, const char *wish) {
  const char *name = wish;
  for (int i = 1;; i++) {
    bool is_taken = false;
    for (size_t t = 0; t < e->g->taken.n && !is_taken; t++)
      is_taken = text_eq(e->g->taken.at[t], name);
    if (!is_taken)
      break;
    name = arena_printf(e->mem, "%s_%d", wish, i);
  }
  vec_push(e->mem, &e->g->taken, name);
  return name;
}

data_value *emit_ref(emitter *e, const char *node) {
  data_value *o = data_object(e->mem);
  data_set_string(e->mem, o, "n", node);
  return o;
}

const char *emit_node(emitter *e, const char *wish, const char *target, data_value **node, data_value **args) {
  const char *name = fresh(e, wish);
  *node = data_object(e->mem);
  *args = data_array(e->mem);
  data_set_string(e->mem, *node, "name", name);
  data_set_string(e->mem, *node, "op", "call_function");
  data_set_string(e->mem, *node, "target", target);
  data_set(e->mem, *node, "args", *args);
  data_push(e->mem, e->g->nodes, *node);
  return name;
}

/* A node that is there once in a graph, by name; its one argument is a word. */
static const char *once(emitter *e, const char *wish, const char *target, const char *arg, const char *sym) {
  for (size_t i = 0; i < e->g->nodes->n; i++) {
    const data_value *n = e->g->nodes->items[i], *a = data_get(n, "args"), *t = data_get(n, "target");
    if (t && text_eq(t->string, target) && text_eq(a->items[0]->string, arg))
      return data_get(n, "name")->string;
  }
  data_value *node, *args;
  const char *name = emit_node(e, wish, target, &node, &args);
  data_push(e->mem, args, data_string(e->mem, arg));
  if (sym)
    data_set_string(e->mem, node, "sym", sym);
  return name;
}

static const char *block_node(emitter *e, int block) {
  const char *name = arena_printf(e->mem, "block_size_%d", block);
  return once(e, name, TRACING "_get_symnode", name, arena_printf(e->mem, "u%d", block));
}

static const char *size_node(emitter *e, const char *size) { return once(e, "symnode", TRACING "_get_symnode", size, size); }

static const char *tensor_node(emitter *e, kernel_tensor t) {
  const char *name = once(e, e->tensor[t], TRACING "_host_tensor", e->tensor[t], NULL);
  for (size_t i = 0; i < e->g->nodes->n; i++) {
    data_value *n = e->g->nodes->items[i];
    if (text_eq(data_get(n, "name")->string, name) && !data_get(n, "val"))
      data_set(e->mem, n, "val", emit_type(e, &e->k->tensors.at[t].shape));   /* it has one: write_document looked */
  }
  return name;
}

/* Names the node of result `v` and says its type. */
static void give_result(emitter *e, kernel_value v, data_value *node, const char *name) {
  data_value *type = emit_type(e, &e->k->values.at[v].type);
  e->g->name[v] = name;
  if (e->bound[v])
    data_set_string(e->mem, node, "sym", e->bound[v]);
  else if (type)
    data_set(e->mem, node, "val", type);
}

/* ---- sizes ---- */
/* -1: the number of an untiled range. */
static int tile_block(const emitter *e, kernel_value number) {
  const char *block = e->k->values.at[number].block;
  return block ? e->block_of[emit_symbol_index(e, block)] : -1;
}

/* x.size(d) of a value that this graph has, for a size that tiles decide. */
static data_value *size_of_value(emitter *e, const sym_expr *s) {
  for (size_t v = 0; v < e->k->values.n; v++)
    for (int d = 0; e->g->name[v] && d < e->k->values.at[v].type.rank; d++)
      if (sym_equal(e->k->values.at[v].type.dim[d], s)) {
        data_value *node, *args;
        const char *name = emit_node(e, "sym_size_int", "aten.sym_size.int", &node, &args);
        data_push(e->mem, args, emit_ref(e, e->g->name[v]));
        data_push(e->mem, args, data_int(e->mem, d));
        return emit_ref(e, name);
      }
  return NULL;
}

static loom_status size_of_parts(emitter *e, const kernel_op *at, const sym_expr *s, data_value **out) {
  static const struct { sym_op op; const char *name; } ops[] = {{SYM_ADD, "add"}, {SYM_SUB, "sub"}, {SYM_MUL, "mul"}, {SYM_FLOORDIV, "floordiv"}, {SYM_MOD, "mod"}};
  data_value *a, *b, *node, *args;
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
    if (ops[i].op != s->op)
      continue;
    LOOM_TRY(emit_size(e, at, s->arg[0], false, &a));
    LOOM_TRY(emit_size(e, at, s->arg[1], false, &b));
    const char *name = emit_node(e, ops[i].name, arena_printf(e->mem, "_operator.%s", ops[i].name), &node, &args);
    data_push(e->mem, args, a);
    data_push(e->mem, args, b);
    *out = emit_ref(e, name);
    return LOOM_OK;
  }
  return emit_unsupported(e, at, arena_printf(e->mem, "the size %s", sym_str(e->mem, s)));
}

loom_status emit_size(emitter *e, const kernel_op *at, const sym_expr *s, bool is_dim, data_value **out) {
  int64_t number;
  if (sym_is_const(s, &number)) {
    *out = data_int(e->mem, number);
    return LOOM_OK;
  }
  int i = s->op == SYM_SYM ? emit_symbol_index(e, s->name) : -1;
  const kernel_symbol *k = i >= 0 ? &e->k->symbols.at[i] : NULL;
  if (k && k->kind == KERNEL_SYM_BLOCK && is_dim && e->is_open[i]) {
    *out = emit_ref(e, block_node(e, e->block_of[i]));
    return LOOM_OK;
  }
  if (k && k->kind == KERNEL_SYM_NOMINAL) {
    int b = emit_symbol_index(e, k->block);
    const char *name = block_node(e, e->block_of[i]);
    if (is_dim && e->is_open[b]) {   /* in a list of sizes the block itself would be its tile */
      data_value *node, *args;
      const char *tile = name;
      name = emit_node(e, "tile_block_size", "helion.language.tile_ops.tile_block_size", &node, &args);
      data_push(e->mem, args, emit_ref(e, tile));
    }
    *out = emit_ref(e, name);
    return LOOM_OK;
  }
  const char *expr = emit_expr(e, s, false);
  for (size_t v = 0; k && k->kind == KERNEL_SYM_RUNTIME && v < e->k->values.n; v++)
    if (e->g->name[v] && text_eq(e->bound[v], e->symbol[i])) {
      *out = emit_ref(e, e->g->name[v]);
      return LOOM_OK;
    }
  *out = expr ? emit_ref(e, size_node(e, expr)) : size_of_value(e, s);
  return *out ? LOOM_OK : size_of_parts(e, at, s, out);
}

static loom_status size_list(emitter *e, const kernel_op *at, const kernel_type *t, data_value **out) {
  *out = data_array(e->mem);
  for (int d = 0; d < t->rank; d++) {
    data_value *dim;
    LOOM_TRY(emit_size(e, at, t->dim[d], true, &dim));
    data_push(e->mem, *out, dim);
  }
  return LOOM_OK;
}

/* ---- values ---- */
static const kernel_op *def_of(const emitter *e, kernel_value v) { return e->k->values.at[v].def; }

static bool is_size_value(const emitter *e, kernel_value v) {
  const kernel_op *op = def_of(e, v);
  return op && (op->kind == KERNEL_INDEX_EXPR || (op->kind == KERNEL_CAST && is_size_value(e, op->operands[0])));
}

/* The number that `v` of an index is, as an expression; NULL: no number. */
static const sym_expr *size_of_number(const emitter *e, kernel_value v) {
  const kernel_op *op = def_of(e, v);
  if (op && op->kind == KERNEL_CAST && is_size_value(e, v))
    return size_of_number(e, op->operands[0]);
  if (op && op->kind == KERNEL_CONSTANT)
    return sym_const(e->mem, (int64_t)op->fvalue);
  return op && op->kind == KERNEL_INDEX_EXPR ? op->expr : NULL;
}

/* The lanes of padded tiles, which the reader makes by itself. */
static bool is_lane_mask(const emitter *e, kernel_value v) {
  const kernel_op *op = def_of(e, v);
  if (!op)
    return false;
  if (op->kind == KERNEL_RESHAPE)
    return is_lane_mask(e, op->operands[0]);
  if (op->kind == KERNEL_BINARY && op->fn == KERNEL_FN_AND)
    return is_lane_mask(e, op->operands[0]) && is_lane_mask(e, op->operands[1]);
  return op->kind == KERNEL_TILE_MASK;
}

bool emit_is_lazy(const emitter *e, kernel_value v) {
  const kernel_op *op = def_of(e, v);
  if (!op)
    return e->k->values.at[v].block || e->grid_of[v] >= 0;
  return op->kind == KERNEL_CONSTANT || (op->kind == KERNEL_BROADCAST && !op->flag) || is_size_value(e, v) || is_lane_mask(e, v);
}

static data_value *number_data(emitter *e, dtype t, double v) {
  if (t == DTYPE_BOOL)
    return data_bool(e->mem, v != 0);
  if (!dtype_is_float(t))
    return data_int(e->mem, (int64_t)v);
  if (isfinite(v))
    return data_real(e->mem, v);
  data_value *o = data_object(e->mem);
  data_set_string(e->mem, o, "f", isnan(v) ? "nan" : v < 0 ? "-inf" : "inf");
  return o;
}

static data_value *dtype_data(emitter *e, dtype t) {
  data_value *o = data_object(e->mem);
  data_set_string(e->mem, o, "d", dtype_torch(t));
  return o;
}

loom_status emit_value(emitter *e, const kernel_op *at, kernel_value v, data_value **out) {
  const kernel_op *op = def_of(e, v);
  if (e->g->name[v]) {
    *out = emit_ref(e, e->g->name[v]);
    return LOOM_OK;
  }
  if (e->grid_of[v] >= 0) {
    *out = emit_ref(e, size_node(e, arena_printf(e->mem, "g%d", e->grid_of[v])));
    return LOOM_OK;
  }
  if (is_size_value(e, v)) {
    while (op->kind == KERNEL_CAST)
      op = def_of(e, op->operands[0]);
    return emit_size(e, at, op->expr, false, out);
  }
  if (op && op->kind == KERNEL_CONSTANT) {
    *out = number_data(e, e->k->values.at[v].type.type, op->fvalue);
    return LOOM_OK;
  }
  if (op && op->kind == KERNEL_BROADCAST) {
    data_value *node, *args, *x, *dims;
    LOOM_TRY(emit_value(e, at, op->operands[0], &x));
    LOOM_TRY(size_list(e, op, &e->k->values.at[v].type, &dims));
    const char *name = emit_node(e, "expand", "aten.expand.default", &node, &args);
    data_push(e->mem, args, x);
    data_push(e->mem, args, dims);
    give_result(e, v, node, name);
    *out = emit_ref(e, name);
    return LOOM_OK;
  }
  return emit_unsupported(e, at, op ? arena_printf(e->mem, "what \"%s\" gives here", kernel_op_name(op->kind)) : "this value");
}

/* The operand of a store or an accumulator: it is broadcast without being asked. */
static loom_status broadcast_value(emitter *e, const kernel_op *at, kernel_value v, data_value **out) {
  while (def_of(e, v) && def_of(e, v)->kind == KERNEL_BROADCAST && !def_of(e, v)->flag)
    v = def_of(e, v)->operands[0];
  return emit_value(e, at, v, out);
}

/* ---- calls ---- */
/* target(operands..) for result 0 of `op`; more arguments are pushed to *args. */
static loom_status call(emitter *e, const kernel_op *op, const char *wish, const char *target, int n_operands, data_value **args) {
  data_value *node, *value[3], *list;
  for (int i = 0; i < n_operands; i++)
    LOOM_TRY(emit_value(e, op, op->operands[i], &value[i]));
  const char *name = emit_node(e, wish, target, &node, &list);
  for (int i = 0; i < n_operands; i++)
    data_push(e->mem, list, value[i]);
  give_result(e, op->results[0], node, name);
  *args = list;
  return LOOM_OK;
}

static void set_keyword(emitter *e, const char *key, data_value *value) {
  data_value *node = e->g->nodes->items[e->g->nodes->n - 1], *keys = data_object(e->mem);
  data_set(e->mem, keys, key, value);
  data_set(e->mem, node, "kwargs", keys);
}

/* Every function of one or two operands but PHILOX; scalar: on 0-d integers. */
static const struct { const char *aten, *scalar; } fns[KERNEL_FN_COUNT] = {
    [KERNEL_FN_NEG] = {"neg.default", NULL}, [KERNEL_FN_ABS] = {"abs.default", NULL}, [KERNEL_FN_EXP] = {"exp.default", NULL},
    [KERNEL_FN_EXP2] = {"exp2.default", NULL}, [KERNEL_FN_LOG] = {"log.default", NULL}, [KERNEL_FN_LOG2] = {"log2.default", NULL},
    [KERNEL_FN_SQRT] = {"sqrt.default", NULL}, [KERNEL_FN_RSQRT] = {"rsqrt.default", NULL}, [KERNEL_FN_TANH] = {"tanh.default", NULL},
    [KERNEL_FN_SIGMOID] = {"sigmoid.default", NULL}, [KERNEL_FN_RELU] = {"relu.default", NULL}, [KERNEL_FN_ERF] = {"erf.default", NULL},
    [KERNEL_FN_RECIP] = {"reciprocal.default", NULL}, [KERNEL_FN_NOT] = {"logical_not.default", NULL}, [KERNEL_FN_INVERT] = {"bitwise_not.default", NULL},
    [KERNEL_FN_LOG1P] = {"log1p.default", NULL}, [KERNEL_FN_EXPM1] = {"expm1.default", NULL}, [KERNEL_FN_SIN] = {"sin.default", NULL},
    [KERNEL_FN_COS] = {"cos.default", NULL}, [KERNEL_FN_FLOOR] = {"floor.default", NULL}, [KERNEL_FN_CEIL] = {"ceil.default", NULL},
    [KERNEL_FN_ROUND] = {"round.default", NULL}, [KERNEL_FN_TRUNC] = {"trunc.default", NULL}, [KERNEL_FN_SIGN] = {"sign.default", NULL},
    [KERNEL_FN_ISNAN] = {"isnan.default", NULL}, [KERNEL_FN_ISINF] = {"isinf.default", NULL}, [KERNEL_FN_ADD] = {"add.Tensor", "add"},
    [KERNEL_FN_SUB] = {"sub.Tensor", "sub"}, [KERNEL_FN_MUL] = {"mul.Tensor", "mul"}, [KERNEL_FN_DIV] = {"div.Tensor", NULL},
    [KERNEL_FN_FLOORDIV] = {"floor_divide.default", "floordiv"}, [KERNEL_FN_MOD] = {"remainder.Tensor", "mod"}, [KERNEL_FN_POW] = {"pow.Tensor_Tensor", NULL},
    [KERNEL_FN_MAX] = {"maximum.default", NULL}, [KERNEL_FN_MIN] = {"minimum.default", NULL}, [KERNEL_FN_AND] = {"bitwise_and.Tensor", "and_"},
    [KERNEL_FN_OR] = {"bitwise_or.Tensor", "or_"}, [KERNEL_FN_XOR] = {"bitwise_xor.Tensor", "xor"}, [KERNEL_FN_EQ] = {"eq.Tensor", "eq"},
    [KERNEL_FN_NE] = {"ne.Tensor", "ne"}, [KERNEL_FN_LT] = {"lt.Tensor", "lt"}, [KERNEL_FN_LE] = {"le.Tensor", "le"}, [KERNEL_FN_GT] = {"gt.Tensor", "gt"},
    [KERNEL_FN_GE] = {"ge.Tensor", "ge"}, [KERNEL_FN_SHL] = {"bitwise_left_shift.Tensor", "lshift"}, [KERNEL_FN_SHR] = {"bitwise_right_shift.Tensor", "rshift"},
    [KERNEL_FN_TRUNCDIV] = {"div.Tensor_mode", NULL}};

static loom_status elementwise(emitter *e, const kernel_op *op) {
  const kernel_type *t = &e->k->values.at[op->operands[0]].type, *t1 = &e->k->values.at[op->operands[op->n_operands - 1]].type;
  data_value *args;
  if (op->fn >= KERNEL_FN_PHILOX0) {   /* to PHILOX3: the last of two operands */
    LOOM_TRY(call(e, op, "philox", "loom.philox", 2, &args));
    data_push(e->mem, args, data_int(e->mem, op->fn - KERNEL_FN_PHILOX0));
    return LOOM_OK;
  }
  const char *aten = fns[op->fn].aten, *scalar = fns[op->fn].scalar;
  bool is_scalar = scalar && !t->rank && !t1->rank && !dtype_is_float(t->type);
  const char *target = is_scalar ? arena_printf(e->mem, "_operator.%s", scalar) : arena_printf(e->mem, "aten.%s", aten);
  LOOM_TRY(call(e, op, is_scalar ? scalar : arena_strndup(e->mem, aten, strcspn(aten, ".")), target, op->n_operands, &args));
  if (op->fn == KERNEL_FN_TRUNCDIV)
    set_keyword(e, "rounding_mode", data_string(e->mem, "trunc"));
  return LOOM_OK;
}

static data_value *axes_data(emitter *e, int64_t mask) {
  data_value *list = data_array(e->mem);
  for (int d = 0; d < KERNEL_RANK_MAX; d++)
    if (mask >> d & 1)
      data_push(e->mem, list, data_int(e->mem, d));
  return list;
}

static loom_status reduce(emitter *e, const kernel_op *op) {
  static const struct { const char *wish, *target; } forms[KERNEL_FN_COUNT] = {
      [KERNEL_FN_ADD] = {"sum", "aten.sum.dim_IntList"}, [KERNEL_FN_MUL] = {"prod", "aten.prod.dim_int"}, [KERNEL_FN_MAX] = {"amax", "aten.amax.default"},
      [KERNEL_FN_MIN] = {"amin", "aten.amin.default"}, [KERNEL_FN_ARGMAX] = {"argmax", "aten.argmax.default"}, [KERNEL_FN_ARGMIN] = {"argmin", "aten.argmin.default"}};
  bool is_arg = op->fn == KERNEL_FN_ARGMAX || op->fn == KERNEL_FN_ARGMIN, is_sum = op->fn == KERNEL_FN_ADD || op->fn == KERNEL_FN_MUL;
  data_value *args;
  LOOM_TRY(call(e, op, forms[op->fn].wish, forms[op->fn].target, 1, &args));
  data_value *axes = axes_data(e, op->ivalue);
  data_push(e->mem, args, is_arg ? axes->items[0] : axes);   /* argmax and argmin have one axis */
  data_push(e->mem, args, data_bool(e->mem, op->flag));
  if (is_sum)
    set_keyword(e, "dtype", dtype_data(e, e->k->values.at[op->results[0]].type.type));
  return LOOM_OK;
}

/* addmm keeps the type of the sum; a product alone says its type. */
static loom_status matmul(emitter *e, const kernel_op *op) {
  bool is_batch = e->k->values.at[op->results[0]].type.rank > 2;
  data_value *a, *b, *acc = NULL, *node, *args;
  if (op->n_operands > 2)
    LOOM_TRY(broadcast_value(e, op, op->operands[2], &acc));
  LOOM_TRY(emit_value(e, op, op->operands[0], &a));
  LOOM_TRY(emit_value(e, op, op->operands[1], &b));
  const char *wish = acc ? (is_batch ? "baddbmm" : "addmm") : is_batch ? "bmm" : "mm";
  const char *name = emit_node(e, wish, arena_printf(e->mem, "aten.%s.%s", wish, acc ? "default" : "dtype"), &node, &args);
  if (acc)
    data_push(e->mem, args, acc);
  data_push(e->mem, args, a);
  data_push(e->mem, args, b);
  if (!acc)
    data_push(e->mem, args, dtype_data(e, e->k->values.at[op->results[0]].type.type));
  give_result(e, op->results[0], node, name);
  return LOOM_OK;
}

/* Values in the lanes of padded tiles that hold nothing: _mask_to(x, other). */
static loom_status select_op(emitter *e, const kernel_op *op) {
  data_value *args, *x, *other, *node;
  if (!is_lane_mask(e, op->operands[0]))
    return call(e, op, "where", "aten.where.self", 3, &args);
  LOOM_TRY(emit_value(e, op, op->operands[1], &x));
  LOOM_TRY(emit_value(e, op, op->operands[2], &other));
  const char *name = emit_node(e, "_mask_to", TRACING "_mask_to", &node, &args);
  data_push(e->mem, args, x);
  data_push(e->mem, args, other);
  give_result(e, op->results[0], node, name);
  return LOOM_OK;
}

static loom_status shape_op(emitter *e, const kernel_op *op) {
  data_value *args, *dims = data_array(e->mem);
  const kernel_type *t = &e->k->values.at[op->results[0]].type;
  if (op->kind != KERNEL_PERMUTE)
    LOOM_TRY(size_list(e, op, t, &dims));
  if (op->kind == KERNEL_BROADCAST) {
    LOOM_TRY(call(e, op, "broadcast", "loom.broadcast", 1, &args));
    data_push(e->mem, args, data_int(e->mem, 0));   /* which dim: the shapes say it */
    data_push(e->mem, args, dims);
    return LOOM_OK;
  }
  for (int d = 0; op->kind == KERNEL_PERMUTE && d < t->rank; d++)
    data_push(e->mem, dims, data_int(e->mem, op->perm[d]));
  LOOM_TRY(op->kind == KERNEL_RESHAPE ? call(e, op, "view", "aten.view.default", 1, &args) : call(e, op, "permute", "aten.permute.default", 1, &args));
  data_push(e->mem, args, dims);
  return LOOM_OK;
}

static loom_status create_op(emitter *e, const kernel_op *op) {
  const kernel_type *t = &e->k->values.at[op->results[0]].type;
  data_value *dims, *args, *fill;
  LOOM_TRY(size_list(e, op, t, &dims));
  fill = number_data(e, t->type, op->fvalue);
  if (op->n_operands)
    LOOM_TRY(emit_value(e, op, op->operands[0], &fill));
  LOOM_TRY(call(e, op, "full", "helion.language.creation_ops.full", 0, &args));
  data_push(e->mem, args, dims);
  data_push(e->mem, args, fill);
  data_push(e->mem, args, dtype_data(e, t->type));
  return LOOM_OK;
}

static loom_status iota(emitter *e, const kernel_op *op) {
  const kernel_type *t = &e->k->values.at[op->results[0]].type;
  data_value *length, *args, *keys = data_object(e->mem);
  LOOM_TRY(emit_size(e, op, t->dim[0], false, &length));
  LOOM_TRY(call(e, op, "iota", "prims.iota.default", 0, &args));
  data_push(e->mem, args, length);
  data_set_int(e->mem, keys, "start", (int64_t)op->fvalue);
  data_set_int(e->mem, keys, "step", op->ivalue);
  data_set(e->mem, keys, "dtype", dtype_data(e, t->type));
  data_set(e->mem, e->g->nodes->items[e->g->nodes->n - 1], "kwargs", keys);
  return LOOM_OK;
}

static loom_status tile_op(emitter *e, const kernel_op *op) {
  const char *name = kernel_op_name(op->kind);
  int block = tile_block(e, op->operands[0]);
  data_value *args;
  if (block < 0)
    return emit_unsupported(e, op, arena_printf(e->mem, "\"%s\" of an untiled range", name));
  const char *tile = block_node(e, block);
  LOOM_TRY(call(e, op, name, arena_printf(e->mem, "helion.language.tile_ops.%s", name), 0, &args));
  data_push(e->mem, args, emit_ref(e, tile));
  return LOOM_OK;
}

static loom_status gather(emitter *e, const kernel_op *op) {
  data_value *x, *args;
  int block = tile_block(e, op->operands[1]);
  if (block < 0)
    return emit_unsupported(e, op, "a gather along an untiled range");
  const char *tile = block_node(e, block);
  LOOM_TRY(emit_value(e, op, op->operands[0], &x));
  LOOM_TRY(call(e, op, "gather", "loom.gather", 0, &args));
  data_push(e->mem, args, emit_ref(e, tile));
  data_push(e->mem, args, x);
  return LOOM_OK;
}

static loom_status stack(emitter *e, const kernel_op *op) {
  data_value *list = data_array(e->mem), *x, *args;
  for (int i = 0; i < op->n_operands; i++) {
    LOOM_TRY(emit_value(e, op, op->operands[i], &x));
    data_push(e->mem, list, x);
  }
  LOOM_TRY(call(e, op, "stack", "aten.stack.default", 0, &args));
  data_push(e->mem, args, list);
  data_push(e->mem, args, data_int(e->mem, op->ivalue));
  return LOOM_OK;
}

/* torch.unbind(x, axis)[i] */
static loom_status extract(emitter *e, const kernel_op *op) {
  data_value *x, *node, *args;
  int64_t at;
  if (!sym_is_const(op->expr, &at))
    return emit_unsupported(e, op, "an element at a place that the running kernel decides");
  LOOM_TRY(emit_value(e, op, op->operands[0], &x));
  const char *all = emit_node(e, "unbind", "aten.unbind.int", &node, &args);
  data_push(e->mem, args, x);
  data_push(e->mem, args, data_int(e->mem, op->ivalue));
  LOOM_TRY(call(e, op, "getitem", "_operator.getitem", 0, &args));
  data_push(e->mem, args, emit_ref(e, all));
  data_push(e->mem, args, data_int(e->mem, at));
  return LOOM_OK;
}

/* ---- memory ---- */
/* What a tile is read through where its end may lie behind the tensor's: the reader makes those indices and their mask by itself. */
static kernel_value clipped_tile(const emitter *e, const kernel_index *x, const sym_expr **offset) {
  const kernel_op *op = x->kind == KERNEL_INDEX_TENSOR ? def_of(e, x->value) : NULL;
  *offset = NULL;
  if (op && op->kind == KERNEL_BINARY && op->fn == KERNEL_FN_ADD) {
    *offset = size_of_number(e, op->operands[1]);
    op = *offset ? def_of(e, op->operands[0]) : NULL;
  }
  return op && op->kind == KERNEL_TILE_INDEX ? op->operands[0] : -1;
}

/* A slice from a place that the running kernel decides, read in the same way: its length; NULL: something else. */
static const sym_expr *moving_slice(const emitter *e, const kernel_index *x, const sym_expr **begin) {
  const kernel_op *op = x->kind == KERNEL_INDEX_TENSOR ? def_of(e, x->value) : NULL;
  if (!op || op->kind != KERNEL_BINARY || op->fn != KERNEL_FN_ADD || !is_size_value(e, op->operands[1]))
    return NULL;
  const kernel_op *count = def_of(e, op->operands[0]);
  *begin = size_of_number(e, op->operands[1]);
  return count && count->kind == KERNEL_IOTA && count->ivalue == 1 && !(count->fvalue > 0) ? e->k->values.at[x->value].type.dim[0] : NULL;
}

static bool is_clip_mask(const emitter *e, const kernel_op *access, kernel_value v) {
  const kernel_op *op = def_of(e, v);
  const sym_expr *offset;
  if (op && op->kind == KERNEL_RESHAPE)
    return is_clip_mask(e, access, op->operands[0]);
  for (int i = 0; op && op->kind == KERNEL_BINARY && op->fn == KERNEL_FN_LT && i < access->n_index; i++)
    if (access->index[i].value == op->operands[0] && (clipped_tile(e, &access->index[i], &offset) >= 0 || moving_slice(e, &access->index[i], &offset)))
      return true;
  return false;
}

/* The part of a mask that the reader does not make by itself; -1: nothing. */
static kernel_value own_mask(const emitter *e, const kernel_op *access, kernel_value v, bool *is_mixed) {
  const kernel_op *op = v >= 0 ? def_of(e, v) : NULL;
  if (v < 0 || is_lane_mask(e, v) || is_clip_mask(e, access, v))
    return -1;
  if (!op || op->kind != KERNEL_BINARY || op->fn != KERNEL_FN_AND)
    return v;
  kernel_value a = own_mask(e, access, op->operands[0], is_mixed), b = own_mask(e, access, op->operands[1], is_mixed);
  *is_mixed = *is_mixed || (a >= 0 && b >= 0 && (a != op->operands[0] || b != op->operands[1]));
  return a < 0 ? b : b < 0 ? a : v;
}

/* As a tile, or with `is_plain` as its numbers, loom.lanes. */
static loom_status tile_index(emitter *e, const kernel_op *op, kernel_value number, const sym_expr *offset, bool is_plain, data_value **out) {
  data_value *by, *node, *args;
  const char *tile = block_node(e, tile_block(e, number)), *name = tile;
  if (is_plain) {
    name = emit_node(e, "lanes", "loom.lanes", &node, &args);
    data_push(e->mem, args, emit_ref(e, tile));
  }
  if (offset) {
    LOOM_TRY(emit_size(e, op, offset, false, &by));
    const char *lanes = name;
    if (!is_plain) {
      lanes = emit_node(e, "tile_index", "helion.language.tile_ops.tile_index", &node, &args);
      data_push(e->mem, args, emit_ref(e, tile));
    }
    name = emit_node(e, "add", "aten.add.Tensor", &node, &args);
    data_push(e->mem, args, emit_ref(e, lanes));
    data_push(e->mem, args, by);
  }
  *out = emit_ref(e, name);
  return LOOM_OK;
}

static loom_status one_index(emitter *e, const kernel_op *op, const kernel_index *x, bool is_plain, data_value **out) {
  const sym_expr *offset;
  data_value *part, *range[2] = {NULL, NULL}, *node, *args;
  switch (x->kind) {
  case KERNEL_INDEX_TILE: return tile_index(e, op, x->value, x->begin, false, out);
  case KERNEL_INDEX_SCALAR: return x->value >= 0 ? emit_value(e, op, x->value, out) : emit_size(e, op, x->begin, false, out);
  case KERNEL_INDEX_NEW: *out = data_null(e->mem); return LOOM_OK;
  case KERNEL_INDEX_SLICE:
    LOOM_TRY(emit_size(e, op, x->begin, false, &range[0]));
    LOOM_TRY(emit_size(e, op, x->end, false, &range[1]));
    break;
  case KERNEL_INDEX_TENSOR:
    if (clipped_tile(e, x, &offset) >= 0)
      return tile_index(e, op, clipped_tile(e, x, &offset), offset, is_plain, out);
    if (!moving_slice(e, x, &offset))
      return emit_value(e, op, x->value, out);
    LOOM_TRY(emit_size(e, op, offset, false, &range[0]));
    LOOM_TRY(emit_size(e, op, moving_slice(e, x, &offset), false, &part));
    range[1] = emit_ref(e, emit_node(e, "add", "_operator.add", &node, &args));
    data_push(e->mem, args, range[0]);
    data_push(e->mem, args, part);
    break;
  case KERNEL_INDEX_ALL: break;
  }
  part = data_array(e->mem);
  for (int i = 0; i < 3; i++)
    data_push(e->mem, part, i < 2 && range[i] ? range[i] : data_null(e->mem));
  *out = data_object(e->mem);
  data_set(e->mem, *out, "s", part);
  return LOOM_OK;
}

/* tensor, [index..], values.., mask */
static loom_status access(emitter *e, const kernel_op *op, const char *wish, const char *target, int n_values, const int *values, int mask) {
  data_value *index = data_array(e->mem), *x, *value[2], *own = data_null(e->mem), *node, *args;
  bool is_mixed = false, is_plain = false, is_atomic = op->kind == KERNEL_ATOMIC;
  kernel_value m = own_mask(e, op, op->n_operands > mask ? op->operands[mask] : -1, &is_mixed);
  if (is_mixed || (is_atomic && m >= 0))
    return emit_unsupported(e, op, is_atomic ? "an atomic with a mask" : "this mask");
  for (int i = 0; i < op->n_index && m >= 0; i++)   /* under a mask the reader would take the tile as it is, where its lanes are meant */
    is_plain = is_plain || clipped_tile(e, &op->index[i], &(const sym_expr *){NULL}) >= 0;
  m = is_plain ? op->operands[mask] : m;
  for (int i = 0; i < op->n_index; i++) {
    LOOM_TRY(one_index(e, op, &op->index[i], is_plain, &x));
    data_push(e->mem, index, x);
  }
  for (int i = 0; i < n_values; i++)
    LOOM_TRY(broadcast_value(e, op, op->operands[values[i]], &value[i]));
  if (m >= 0)
    LOOM_TRY(emit_value(e, op, m, &own));
  const char *tensor = tensor_node(e, op->tensor), *name = emit_node(e, wish, target, &node, &args);
  data_push(e->mem, args, emit_ref(e, tensor));
  data_push(e->mem, args, index);
  for (int i = 0; i < n_values; i++)
    data_push(e->mem, args, value[i]);
  if (!is_atomic)
    data_push(e->mem, args, own);
  if (op->n_results)
    give_result(e, op->results[0], node, name);
  return LOOM_OK;
}

static loom_status memory_op(emitter *e, const kernel_op *op) {
  static const int value[] = {0}, exchange[] = {2, 0};
  if (op->kind == KERNEL_LOAD)
    return access(e, op, "load", "helion.language.memory_ops.load", 0, NULL, 0);
  if (op->kind == KERNEL_STORE)
    return access(e, op, "store", "helion.language.memory_ops.store", 1, value, 1);
  const char *name = arena_printf(e->mem, "atomic_%s", kernel_fn_name(op->fn));
  bool is_cas = op->fn == KERNEL_FN_CAS;
  return access(e, op, name, arena_printf(e->mem, "helion.language.atomic_ops.%s", name), is_cas ? 2 : 1, is_cas ? exchange : value, 1);
}

/* ---- scans ---- */
static loom_status scan(emitter *e, const kernel_op *op) {
  bool is_fold = op->kind == KERNEL_FOLD;
  data_value *list = data_array(e->mem), *x, *node, *args;
  int graph;
  for (int i = 0; i < op->n_operands; i++) {
    LOOM_TRY(emit_value(e, op, op->operands[i], &x));
    data_push(e->mem, list, x);
  }
  LOOM_TRY(emit_helper(e, op, &graph));
  const char *wish = is_fold ? "_reduce" : "_associative_scan";
  const char *name = emit_node(e, wish, arena_printf(e->mem, "helion.language.%s.%s", is_fold ? "reduce_ops" : "scan_ops", wish), &node, &args);
  x = data_object(e->mem);
  data_set_int(e->mem, x, "g", graph);
  data_push(e->mem, args, x);
  data_push(e->mem, args, list->n == 1 ? list->items[0] : list);
  data_push(e->mem, args, data_int(e->mem, op->ivalue));
  data_push(e->mem, args, data_bool(e->mem, op->flag));
  data_push(e->mem, args, data_bool(e->mem, list->n > 1));
  if (op->n_results == 1) {
    give_result(e, op->results[0], node, name);
    return LOOM_OK;
  }
  for (int i = 0; i < op->n_results; i++) {
    const char *item = emit_node(e, "getitem", "_operator.getitem", &node, &args);
    data_push(e->mem, args, emit_ref(e, name));
    data_push(e->mem, args, data_int(e->mem, i));
    give_result(e, op->results[i], node, item);
  }
  return LOOM_OK;
}

loom_status emit_op(emitter *e, const kernel_op *op) {
  data_value *args;
  if (op->n_results == 1 && emit_is_lazy(e, op->results[0]))
    return LOOM_OK;
  switch (op->kind) {
  case KERNEL_UNARY: case KERNEL_BINARY: return elementwise(e, op);
  case KERNEL_SELECT: return select_op(e, op);
  case KERNEL_CAST:
    LOOM_TRY(call(e, op, "convert_element_type", "prims.convert_element_type.default", 1, &args));
    data_push(e->mem, args, dtype_data(e, e->k->values.at[op->results[0]].type.type));
    return LOOM_OK;
  case KERNEL_BITCAST:
    LOOM_TRY(call(e, op, "view", "aten.view.dtype", 1, &args));
    data_push(e->mem, args, dtype_data(e, e->k->values.at[op->results[0]].type.type));
    return LOOM_OK;
  case KERNEL_MATMUL: return matmul(e, op);
  case KERNEL_REDUCE: return reduce(e, op);
  case KERNEL_RESHAPE: case KERNEL_PERMUTE: case KERNEL_BROADCAST: return shape_op(e, op);
  case KERNEL_FULL: return create_op(e, op);
  case KERNEL_IOTA: return iota(e, op);
  case KERNEL_TILE_BEGIN: case KERNEL_TILE_END: case KERNEL_TILE_ID: case KERNEL_TILE_INDEX: return tile_op(e, op);
  case KERNEL_GATHER: return gather(e, op);
  case KERNEL_STACK: return stack(e, op);
  case KERNEL_EXTRACT: return extract(e, op);
  case KERNEL_LOAD: case KERNEL_STORE: case KERNEL_ATOMIC: return memory_op(e, op);
  case KERNEL_SCAN: case KERNEL_FOLD: return scan(e, op);
  default: return LOOM_OK;   /* BIND: find_bound has it */
  }
}
