/* Calls that are no control flow: ATen, prims, Python's operators and helion.language, written as the Python that the op table reads. */
#include "frontend/device_ir/dir_private.h"

/* ---- what targets become ---- */
typedef enum form {
  FORM_SAME,        /* the value of argument 0 */
  FORM_BINARY,      /* a op b */
  FORM_UNARY,       /* op a */
  FORM_COMPARE,     /* a op b */
  FORM_TILE,        /* an attribute of a tile: `path` */
  FORM_CALL,        /* path(arguments) */
  FORM_METHOD,      /* argument 0 .path(others) */
  FORM_LOAD, FORM_STORE, FORM_SUBSCRIPT, FORM_GETITEM, FORM_ATOMIC, FORM_GATHER, FORM_LANES, FORM_ADD, FORM_REVERSED, FORM_DIVIDE, FORM_CAST, FORM_FULL, FORM_SCALAR, FORM_LIKE,
  FORM_IOTA, FORM_HELPER
} form;
typedef struct row { const char *target; form form; syn_kind op; const char *path; } row;

static const row rows[] = {
    {"_new_var", FORM_SAME, 0, NULL}, {"_mask_to", FORM_CALL, 0, "loom.mask_to"}, {"aten.clone.default", FORM_SAME, 0, NULL}, {"aten.alias.default", FORM_SAME, 0, NULL},
    {"aten.detach.default", FORM_SAME, 0, NULL}, {"aten.lift_fresh_copy.default", FORM_SAME, 0, NULL}, {"aten.contiguous.default", FORM_SAME, 0, NULL},
    {"load", FORM_LOAD, 0, NULL}, {"store", FORM_STORE, 0, NULL}, {"subscript", FORM_SUBSCRIPT, 0, NULL}, {"getitem", FORM_GETITEM, 0, NULL},
    {"tile_begin", FORM_TILE, 0, "begin"}, {"tile_end", FORM_TILE, 0, "end"}, {"tile_id", FORM_TILE, 0, "id"}, {"tile_index", FORM_TILE, 0, "index"},
    {"tile_block_size", FORM_TILE, 0, "block_size"}, {"tile_count", FORM_TILE, 0, "count"},
    {"gather", FORM_GATHER, 0, "loom.gather"}, {"lanes", FORM_LANES, 0, "loom.lanes"}, {"broadcast", FORM_CALL, 0, "loom.broadcast"}, {"philox", FORM_CALL, 0, "loom.philox"},
    {"_associative_scan", FORM_HELPER, 0, "helion.language.associative_scan"}, {"_reduce", FORM_HELPER, 0, "helion.language.reduce"},
    {"full", FORM_FULL, 0, NULL}, {"aten.full.default", FORM_FULL, 0, NULL}, {"aten.scalar_tensor.default", FORM_SCALAR, 0, NULL}, {"_constant_tensor", FORM_SCALAR, 0, NULL},
    {"aten.zeros.default", FORM_CALL, 0, "helion.language.zeros"}, {"aten.full_like.default", FORM_LIKE, 0, "torch.full_like"},
    {"aten.zeros_like.default", FORM_LIKE, 0, "torch.zeros_like"}, {"aten.ones_like.default", FORM_LIKE, 0, "torch.ones_like"},
    {"prims.iota.default", FORM_IOTA, 0, "helion.language.arange"},
    {"prims.convert_element_type.default", FORM_CAST, 0, NULL}, {"aten._to_copy.default", FORM_CAST, 0, NULL}, {"aten.to.dtype", FORM_CAST, 0, NULL},
    {"aten.add.Tensor", FORM_ADD, SYN_Add, NULL}, {"aten.sub.Tensor", FORM_ADD, SYN_Sub, NULL}, {"aten.add.Scalar", FORM_ADD, SYN_Add, NULL},
    {"aten.sub.Scalar", FORM_ADD, SYN_Sub, NULL}, {"aten.rsub.Scalar", FORM_REVERSED, SYN_Sub, NULL}, {"aten.rsub.Tensor", FORM_REVERSED, SYN_Sub, NULL},
    {"aten.mul.Tensor", FORM_BINARY, SYN_Mult, NULL}, {"aten.mul.Scalar", FORM_BINARY, SYN_Mult, NULL}, {"aten.div.Tensor", FORM_BINARY, SYN_Div, NULL},
    {"aten.div.Scalar", FORM_BINARY, SYN_Div, NULL}, {"aten.div.Tensor_mode", FORM_DIVIDE, SYN_FloorDiv, NULL}, {"aten.floor_divide.default", FORM_BINARY, SYN_FloorDiv, NULL},
    {"aten.remainder.Tensor", FORM_BINARY, SYN_Mod, NULL}, {"aten.remainder.Scalar", FORM_BINARY, SYN_Mod, NULL}, {"aten.pow.Tensor_Scalar", FORM_BINARY, SYN_Pow, NULL},
    {"aten.pow.Tensor_Tensor", FORM_BINARY, SYN_Pow, NULL}, {"aten.neg.default", FORM_UNARY, SYN_USub, NULL}, {"aten.bitwise_not.default", FORM_UNARY, SYN_Invert, NULL},
    {"aten.bitwise_and.Tensor", FORM_BINARY, SYN_BitAnd, NULL}, {"aten.bitwise_or.Tensor", FORM_BINARY, SYN_BitOr, NULL}, {"aten.bitwise_xor.Tensor", FORM_BINARY, SYN_BitXor, NULL},
    {"aten.bitwise_and.Scalar", FORM_BINARY, SYN_BitAnd, NULL}, {"aten.bitwise_or.Scalar", FORM_BINARY, SYN_BitOr, NULL}, {"aten.bitwise_xor.Scalar", FORM_BINARY, SYN_BitXor, NULL},
    {"aten.__and__.Tensor", FORM_BINARY, SYN_BitAnd, NULL}, {"aten.__or__.Tensor", FORM_BINARY, SYN_BitOr, NULL},
    {"aten.bitwise_left_shift.Tensor_Scalar", FORM_BINARY, SYN_LShift, NULL}, {"aten.__lshift__.Scalar", FORM_BINARY, SYN_LShift, NULL},
    {"aten.bitwise_right_shift.Tensor_Scalar", FORM_BINARY, SYN_RShift, NULL}, {"aten.__rshift__.Scalar", FORM_BINARY, SYN_RShift, NULL},
    {"add", FORM_BINARY, SYN_Add, NULL}, {"sub", FORM_BINARY, SYN_Sub, NULL}, {"mul", FORM_BINARY, SYN_Mult, NULL}, {"truediv", FORM_BINARY, SYN_Div, NULL},
    {"floordiv", FORM_BINARY, SYN_FloorDiv, NULL}, {"mod", FORM_BINARY, SYN_Mod, NULL}, {"pow", FORM_BINARY, SYN_Pow, NULL}, {"neg", FORM_UNARY, SYN_USub, NULL},
    {"and_", FORM_BINARY, SYN_BitAnd, NULL}, {"or_", FORM_BINARY, SYN_BitOr, NULL}, {"xor", FORM_BINARY, SYN_BitXor, NULL}, {"_and", FORM_BINARY, SYN_BitAnd, NULL},
    {"_or", FORM_BINARY, SYN_BitOr, NULL}, {"_not", FORM_UNARY, SYN_Not, NULL}, {"not_", FORM_UNARY, SYN_Not, NULL}, {"sym_not", FORM_UNARY, SYN_Not, NULL},
    {"lshift", FORM_BINARY, SYN_LShift, NULL}, {"rshift", FORM_BINARY, SYN_RShift, NULL}, {"invert", FORM_UNARY, SYN_Invert, NULL},
    {"eq", FORM_COMPARE, SYN_Eq, NULL}, {"ne", FORM_COMPARE, SYN_NotEq, NULL}, {"lt", FORM_COMPARE, SYN_Lt, NULL}, {"le", FORM_COMPARE, SYN_LtE, NULL},
    {"gt", FORM_COMPARE, SYN_Gt, NULL}, {"ge", FORM_COMPARE, SYN_GtE, NULL},
    {"sym_max", FORM_CALL, 0, "builtins.max"}, {"sym_min", FORM_CALL, 0, "builtins.min"}, {"max", FORM_CALL, 0, "builtins.max"}, {"min", FORM_CALL, 0, "builtins.min"},
    {"aten.view.dtype", FORM_METHOD, 0, "view"}, {"aten.view.default", FORM_CALL, 0, "torch.reshape"}, {"aten._unsafe_view.default", FORM_CALL, 0, "torch.reshape"}, {"aten.expand.default", FORM_METHOD, 0, "expand"},
};

static const row *find_row(const char *target) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (text_eq(rows[i].target, target))
      return &rows[i];
  return NULL;
}

/* ---- parts ---- */
static loom_status need_args(dir_writer *w, const dir_node *n, size_t least) {
  if (n->n_args >= least)
    return LOOM_OK;
  LOOM_FAIL(w->p->ctx, n->span, LOOM_EINPUT, "%s takes at least %zu arguments; %zu are given", n->target, least, n->n_args);
}

static loom_status value(dir_writer *w, const dir_node *n, size_t i, syn_node **out) { return dir_argument(w, n, n->args[i], DIR_AS_VALUE, out); }

static bool is_none(const syn_node *e) { return e->kind == SYN_Constant && e->const_kind == SYN_CONST_NONE; }

static const syn_node *keyword(const dir_node *n, const char *key) {
  for (size_t i = 0; i < n->n_keys; i++)
    if (text_eq(n->keys[i], key))
      return n->values[i];
  return NULL;
}

/* path(arguments from `first` on): where the value lives and how is not said on. */
static loom_status call_path(dir_writer *w, const dir_node *n, syn_node *f, size_t first, syn_node **out) {
  static const char *const left_out[] = {"device", "layout", "pin_memory", "memory_format", "requires_grad"};
  syn_node **args = ARENA_NEW_N(w->mem, syn_node *, n->n_args), **values = ARENA_NEW_N(w->mem, syn_node *, n->n_keys);
  const char **keys = ARENA_NEW_N(w->mem, const char *, n->n_keys);
  size_t n_keys = 0;
  for (size_t i = first; i < n->n_args; i++)
    LOOM_TRY(value(w, n, i, &args[i - first]));
  for (size_t i = 0; i < n->n_keys; i++) {
    bool is_kept = true;
    for (size_t k = 0; k < sizeof left_out / sizeof *left_out; k++)
      is_kept = is_kept && !text_eq(n->keys[i], left_out[k]);
    if (!is_kept)
      continue;
    LOOM_TRY(dir_argument(w, n, n->values[i], DIR_AS_VALUE, &values[n_keys]));
    keys[n_keys++] = n->keys[i];
  }
  *out = dir_syn_call(w->mem, n->span, f, args, n->n_args - first, keys, values, n_keys);
  return LOOM_OK;
}

static syn_node *tuple_of(dir_writer *w, loom_span at, const syn_node *list) {
  size_t n;
  syn_node **items = syn_list(list, "elts", &n);
  return list->kind == SYN_List ? dir_syn_list(w->mem, at, SYN_Tuple, items, n) : (syn_node *)(uintptr_t)list;
}

/* hl.full(shape, value, dtype); torch's default type is float32. */
static loom_status make_full(dir_writer *w, const dir_node *n, const syn_node *shape, const syn_node *fill, const syn_node *type, syn_node **out) {
  syn_node **args = ARENA_NEW_N(w->mem, syn_node *, 3);
  LOOM_TRY(dir_argument(w, n, shape, DIR_AS_VALUE, &args[0]));
  LOOM_TRY(dir_argument(w, n, fill, DIR_AS_VALUE, &args[1]));
  if (type && type->kind == SYN_Constant && type->const_kind == SYN_CONST_STR)   /* 'torch.float32' of older versions */
    args[2] = dir_syn_path(w->mem, n->span, type->string);
  else
    args[2] = type && !is_none(type) ? (syn_node *)(uintptr_t)type : dir_syn_path(w->mem, n->span, n->val.is_tensor ? arena_printf(w->mem, "torch.%s", dtype_torch(n->val.type)) : "torch.float32");
  *out = dir_syn_call(w->mem, n->span, dir_syn_path(w->mem, n->span, "helion.language.full"), args, 3, NULL, NULL, 0);
  return LOOM_OK;
}

static loom_status make_iota(dir_writer *w, const dir_node *n, syn_node **out) {
  syn_node **args = ARENA_NEW_N(w->mem, syn_node *, 3), **values = ARENA_NEW_N(w->mem, syn_node *, 1), *length;
  const syn_node *start = keyword(n, "start"), *step = keyword(n, "step"), *type = keyword(n, "dtype");
  static const char *const key = "dtype";
  LOOM_TRY(need_args(w, n, 1));
  LOOM_TRY(value(w, n, 0, &length));
  LOOM_TRY(dir_argument(w, n, start ? start : dir_syn_int(w->mem, n->span, 0), DIR_AS_VALUE, &args[0]));
  LOOM_TRY(dir_argument(w, n, step ? step : dir_syn_int(w->mem, n->span, 1), DIR_AS_VALUE, &args[2]));
  args[1] = dir_syn_binary(w->mem, n->span, SYN_Add, args[0], dir_syn_binary(w->mem, n->span, SYN_Mult, length, args[2]));
  values[0] = type ? (syn_node *)(uintptr_t)type : dir_syn_path(w->mem, n->span, "torch.int64");
  *out = dir_syn_call(w->mem, n->span, dir_syn_path(w->mem, n->span, "helion.language.arange"), args, 3, &key, values, 1);
  return LOOM_OK;
}

/* ---- memory ---- */
static loom_status part_of(dir_writer *w, const dir_node *n, syn_node **tensor, syn_node **index) {
  LOOM_TRY(need_args(w, n, 2));
  LOOM_TRY(value(w, n, 0, tensor));
  return dir_argument(w, n, n->args[1], DIR_AS_INDEX, index);
}

static loom_status make_load(dir_writer *w, const dir_node *n, syn_node **out) {
  syn_node **args = ARENA_NEW_N(w->mem, syn_node *, 3);
  LOOM_TRY(part_of(w, n, &args[0], &args[1]));
  if (n->n_args < 3 || is_none(n->args[2])) {
    *out = dir_syn_subscript(w->mem, n->span, args[0], tuple_of(w, n->span, args[1]));
    return LOOM_OK;
  }
  LOOM_TRY(value(w, n, 2, &args[2]));
  *out = dir_syn_call(w->mem, n->span, dir_syn_path(w->mem, n->span, "helion.language.load"), args, 3, NULL, NULL, 0);
  return LOOM_OK;
}

static loom_status write_store(dir_writer *w, const dir_node *n) {
  syn_node **args = ARENA_NEW_N(w->mem, syn_node *, 4);
  LOOM_TRY(need_args(w, n, 3));
  LOOM_TRY(part_of(w, n, &args[0], &args[1]));
  LOOM_TRY(value(w, n, 2, &args[2]));
  if (n->n_args < 4 || is_none(n->args[3])) {
    dir_emit(w, dir_syn_assign(w->mem, n->span, dir_syn_subscript(w->mem, n->span, args[0], tuple_of(w, n->span, args[1])), args[2]));
    return LOOM_OK;
  }
  LOOM_TRY(value(w, n, 3, &args[3]));
  dir_emit(w, dir_syn_statement(w->mem, n->span, dir_syn_call(w->mem, n->span, dir_syn_path(w->mem, n->span, "helion.language.store"), args, 4, NULL, NULL, 0)));
  return LOOM_OK;
}

static loom_status make_atomic(dir_writer *w, const dir_node *n, syn_node **out) {
  syn_node **args = ARENA_NEW_N(w->mem, syn_node *, n->n_args);
  LOOM_TRY(need_args(w, n, 3));
  LOOM_TRY(part_of(w, n, &args[0], &args[1]));
  for (size_t i = 2; i < n->n_args; i++)
    LOOM_TRY(value(w, n, i, &args[i]));
  *out = dir_syn_call(w->mem, n->span, dir_syn_path(w->mem, n->span, arena_printf(w->mem, "helion.language.%s", n->target)), args, n->n_args, NULL, NULL, 0);
  return LOOM_OK;
}

static loom_status make_subscript(dir_writer *w, const dir_node *n, syn_node **out) {
  syn_node *base, *index;
  LOOM_TRY(part_of(w, n, &base, &index));
  *out = dir_syn_subscript(w->mem, n->span, base, tuple_of(w, n->span, index));
  return LOOM_OK;
}

/* ---- the rest ---- */
static loom_status make_cast(dir_writer *w, const dir_node *n, syn_node **out) {
  const syn_node *type = keyword(n, "dtype") ? keyword(n, "dtype") : n->n_args > 1 ? n->args[1] : NULL;
  syn_node *x, **args = ARENA_NEW_N(w->mem, syn_node *, 1);
  LOOM_TRY(need_args(w, n, 1));
  LOOM_TRY(value(w, n, 0, &x));
  *out = x;
  if (!type || is_none(type))
    return LOOM_OK;
  args[0] = (syn_node *)(uintptr_t)type;
  *out = dir_syn_call(w->mem, n->span, dir_syn_attribute(w->mem, n->span, x, "to"), args, 1, NULL, NULL, 0);
  return LOOM_OK;
}

/* a + alpha * b */
static loom_status make_sum(dir_writer *w, const dir_node *n, const row *r, syn_node **out) {
  syn_node *a, *b, *scale;
  const syn_node *alpha = keyword(n, "alpha") ? keyword(n, "alpha") : n->n_args > 2 ? n->args[2] : NULL;
  LOOM_TRY(need_args(w, n, 2));
  LOOM_TRY(value(w, n, r->form == FORM_REVERSED ? 1 : 0, &a));
  LOOM_TRY(value(w, n, r->form == FORM_REVERSED ? 0 : 1, &b));
  if (alpha) {
    LOOM_TRY(dir_argument(w, n, alpha, DIR_AS_VALUE, &scale));
    b = dir_syn_binary(w->mem, n->span, SYN_Mult, b, scale);
  }
  *out = dir_syn_binary(w->mem, n->span, r->op, a, b);
  return LOOM_OK;
}

static loom_status make_quotient(dir_writer *w, const dir_node *n, syn_node **out) {
  syn_node *a, *b;
  const syn_node *mode = keyword(n, "rounding_mode");
  bool is_floor = mode && mode->kind == SYN_Constant && text_eq(mode->string, "floor");
  if (mode && mode->kind == SYN_Constant && text_eq(mode->string, "trunc"))
    return call_path(w, n, dir_syn_path(w->mem, n->span, "torch.div"), 0, out);
  LOOM_TRY(need_args(w, n, 2));
  if (!is_floor && mode && !is_none(mode))
    LOOM_FAIL(w->p->ctx, n->span, LOOM_EUNSUP, "a division that rounds by \"%s\"", mode->string ? mode->string : "?");
  LOOM_TRY(value(w, n, 0, &a));
  LOOM_TRY(value(w, n, 1, &b));
  *out = dir_syn_binary(w->mem, n->span, is_floor ? SYN_FloorDiv : SYN_Div, a, b);
  return LOOM_OK;
}

static loom_status make_operator(dir_writer *w, const dir_node *n, const row *r, syn_node **out) {
  syn_node *a, *b = NULL;
  LOOM_TRY(need_args(w, n, r->form == FORM_UNARY ? 1 : 2));
  LOOM_TRY(value(w, n, 0, &a));
  if (r->form != FORM_UNARY)
    LOOM_TRY(value(w, n, 1, &b));
  *out = r->form == FORM_UNARY     ? dir_syn_unary(w->mem, n->span, r->op, a)
         : r->form == FORM_COMPARE ? dir_syn_compare(w->mem, n->span, r->op, a, b)
                                   : dir_syn_binary(w->mem, n->span, r->op, a, b);
  return LOOM_OK;
}

/* _associative_scan(graph, x, dim, reverse, is_tuple), _reduce(graph, x, dim, keep_dims, is_tuple) */
static loom_status make_helper(dir_writer *w, const dir_node *n, const row *r, syn_node **out) {
  const char *name;
  syn_node **args = ARENA_NEW_N(w->mem, syn_node *, 4), **values = ARENA_NEW_N(w->mem, syn_node *, 1);
  LOOM_TRY(need_args(w, n, 2));
  LOOM_TRY(dir_write_helper(w, n, 0, &name));
  args[0] = dir_syn_name(w->mem, n->span, name);
  LOOM_TRY(value(w, n, 1, &args[1]));
  args[2] = dir_syn_none(w->mem, n->span);
  values[0] = dir_syn_bool(w->mem, n->span, false);
  if (n->n_args > 2)
    LOOM_TRY(value(w, n, 2, &args[2]));
  if (n->n_args > 3)
    LOOM_TRY(value(w, n, 3, &values[0]));
  const char *key = text_eq(n->target, "_reduce") ? "keep_dims" : "reverse";
  *out = dir_syn_call(w->mem, n->span, dir_syn_path(w->mem, n->span, r->path), args, 3, &key, values, 1);
  return LOOM_OK;
}

static loom_status make_gather(dir_writer *w, const dir_node *n, const row *r, syn_node **out) {
  syn_node **args = ARENA_NEW_N(w->mem, syn_node *, 2);
  LOOM_TRY(need_args(w, n, 2));
  LOOM_TRY(dir_tile_argument(w, n, n->args[0], &args[0]));
  LOOM_TRY(value(w, n, 1, &args[1]));
  *out = dir_syn_call(w->mem, n->span, dir_syn_path(w->mem, n->span, r->path), args, 2, NULL, NULL, 0);
  return LOOM_OK;
}

static loom_status make_lanes(dir_writer *w, const dir_node *n, const row *r, syn_node **out) {
  syn_node **args = ARENA_NEW_N(w->mem, syn_node *, 1);
  LOOM_TRY(need_args(w, n, 1));
  LOOM_TRY(dir_tile_argument(w, n, n->args[0], &args[0]));
  *out = dir_syn_call(w->mem, n->span, dir_syn_path(w->mem, n->span, r->path), args, 1, NULL, NULL, 0);
  return LOOM_OK;
}

/* What has no row: "aten.amax.default" is torch.amax, "dot" is helion.language.dot; the op table knows them or says so. */
static loom_status make_named(dir_writer *w, const dir_node *n, syn_node **out) {
  bool is_torch = text_starts(n->target, "aten.") || text_starts(n->target, "prims.");
  const char *name = is_torch ? strchr(n->target, '.') + 1 : n->target;
  if (!n->target[0] || strspn(n->target, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.") != strlen(n->target) || !*name)
    LOOM_FAIL(w->p->ctx, n->span, LOOM_EINPUT, "\"%s\" is no operation", n->target);
  name = arena_strndup(w->mem, name, strcspn(name, "."));
  return call_path(w, n, dir_syn_path(w->mem, n->span, arena_printf(w->mem, "%s.%s", is_torch ? "torch" : "helion.language", name)), 0, out);
}

static loom_status make_call(dir_writer *w, const dir_node *n, const row *r, syn_node **out) {
  syn_node *x;
  static const syn_node empty = {.kind = SYN_List};
  switch (r->form) {
  case FORM_SAME: LOOM_TRY(need_args(w, n, 1)); return value(w, n, 0, out);
  case FORM_BINARY: case FORM_UNARY: case FORM_COMPARE: return make_operator(w, n, r, out);
  case FORM_TILE:
    LOOM_TRY(need_args(w, n, 1));
    LOOM_TRY(dir_tile_argument(w, n, n->args[0], &x));
    *out = dir_syn_attribute(w->mem, n->span, x, r->path);
    return LOOM_OK;
  case FORM_CALL: case FORM_LIKE: return call_path(w, n, dir_syn_path(w->mem, n->span, r->path), 0, out);
  case FORM_METHOD:
    LOOM_TRY(need_args(w, n, 1));
    LOOM_TRY(value(w, n, 0, &x));
    return call_path(w, n, dir_syn_attribute(w->mem, n->span, x, r->path), 1, out);
  case FORM_LOAD: return make_load(w, n, out);
  case FORM_SUBSCRIPT: return make_subscript(w, n, out);
  case FORM_GETITEM:
    LOOM_TRY(need_args(w, n, 2));
    LOOM_TRY(value(w, n, 0, &x));
    *out = dir_syn_subscript(w->mem, n->span, x, n->args[1]);
    return LOOM_OK;
  case FORM_LANES: return make_lanes(w, n, r, out);
  case FORM_GATHER: return make_gather(w, n, r, out);
  case FORM_ADD: case FORM_REVERSED: return make_sum(w, n, r, out);
  case FORM_DIVIDE: return make_quotient(w, n, out);
  case FORM_CAST: return make_cast(w, n, out);
  case FORM_FULL:
    LOOM_TRY(need_args(w, n, 2));
    return make_full(w, n, n->args[0], n->args[1], keyword(n, "dtype") ? keyword(n, "dtype") : n->n_args > 2 ? n->args[2] : NULL, out);
  case FORM_SCALAR:
    LOOM_TRY(need_args(w, n, 1));
    x = ARENA_NEW(w->mem, syn_node);
    *x = empty;
    return make_full(w, n, x, n->args[0], keyword(n, "dtype") ? keyword(n, "dtype") : n->n_args > 1 ? n->args[1] : NULL, out);
  case FORM_IOTA: return make_iota(w, n, out);
  case FORM_HELPER: return make_helper(w, n, r, out);
  default: return make_named(w, n, out);
  }
}

/* ---- writing ---- */
static bool is_product(const char *target) {
  static const char *const products[] = {"aten.mm.default", "aten.bmm.default", "aten.matmul.default"};
  for (size_t i = 0; i < sizeof products / sizeof *products; i++)
    if (text_eq(target, products[i]))
      return true;
  return text_eq(target, "dot");
}

/* The only user of a product adds it: then it stands in that sum, and both become one operation, as where Python says acc + a @ b. */
static bool is_added(const dir_graph *g, const dir_node *n) {
  if (!is_product(n->target) || n->uses != 1)
    return false;
  for (size_t i = 0; i < g->nodes.n; i++) {
    const dir_node *user = &g->nodes.at[i];
    for (size_t a = 0; a < user->n_args && text_eq(user->target, "aten.add.Tensor"); a++)
      if (text_eq(dir_name_of(user->args[a]), n->name))
        return true;
  }
  return false;
}

/* Calls that are looked at where they are used, or not at all. */
static bool writes_nothing(const dir_node *n) {
  static const char *const targets[] = {"_host_tensor", "_get_symnode", "aten.sym_size.int", "aten.sym_size.default"};
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
    if (text_eq(n->target, targets[i]))
      return true;
  return false;
}

loom_status dir_write_call(dir_writer *w, dir_node *n) {
  static const row named = {NULL, FORM_ATOMIC, 0, NULL};
  const row *found = find_row(n->target), *r = found ? found : &named;
  bool is_atomic = text_starts(n->target, "atomic_");
  syn_node *e;
  if (writes_nothing(n))
    return LOOM_OK;
  if (text_eq(n->target, "_phi"))
    LOOM_FAIL(w->p->ctx, n->span, LOOM_EINPUT, "this _phi joins no value of before with a result of a loop or branch");
  if (r->form == FORM_STORE)
    return write_store(w, n);
  LOOM_TRY(is_atomic ? make_atomic(w, n, &e) : make_call(w, n, r, &e));
  if (r->form == FORM_SAME || is_added(w->graph, n)) {
    dir_alias_node(w, n, e);
    return LOOM_OK;
  }
  if (!n->uses && !dir_name_of(n->val.scalar)) {   /* what nobody uses, nor a size that is called as its result, is there for what it does */
    dir_emit(w, dir_syn_statement(w->mem, n->span, e));
    return LOOM_OK;
  }
  const char *name = dir_fresh(w, n->name);
  dir_alias_node(w, n, dir_syn_name(w->mem, n->span, name));
  dir_emit(w, dir_syn_assign(w->mem, n->span, dir_syn_name(w->mem, n->span, name), e));
  return LOOM_OK;
}
