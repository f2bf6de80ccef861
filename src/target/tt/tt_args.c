/* What kernels are given: arguments at run time and compile time, circular buffers, tensors, semaphores; each is read once, at the head of its function. */
#include "target/tt/tt_private.h"
#include "base/text.h"

static MlirValue at_head(tt_emit *e, MlirType type, const char *op, const char *name, const char *attr, int64_t value) {
  ir_builder head = ir_before(e->ir, e->head);
  ir_named at[] = {{attr, mlirIntegerAttrGet(tt_i32(e), value)}, {"loom.name", ir_str_attr(e->ir, name)}};
  return ir_build1(&head, op, type, 0, NULL, 2, at);
}

static MlirValue read_arg(tt_emit *e, MlirType type, const char *op, const char *name, int64_t index) {
  return at_head(e, type, op, name, "arg_index", index);
}

static bool same(const sym_expr *a, const sym_expr *b) { return a == b || (a && b && sym_equal(a, b)); }

/* The op before the head that reads run-time or compile-time argument `index`. */
static MlirValue find_read(tt_emit *e, const char *op, int64_t index) {
  for (MlirOperation o = mlirBlockGetFirstOperation(mlirOperationGetBlock(e->head)); !mlirOperationEqual(o, e->head); o = mlirOperationGetNextInBlock(o)) {
    int64_t i;
    if (ir_op_is(o, op) && ir_attr_int(ir_attr_of(o, "arg_index"), &i) && i == index)
      return ir_result(o, 0);
  }
  return (MlirValue){NULL};
}

MlirValue tt_run_arg(tt_emit *e, const char *name, tt_arg_kind kind, int index, const sym_expr *x, const sym_expr *y) {
  tt_kernel *k = &e->p->kernels[e->role];
  size_t i = 0;
  for (; i < k->args.n; i++)
    if (k->args.at[i].kind == kind && k->args.at[i].index == index && same(k->args.at[i].x, x) && same(k->args.at[i].y, y))
      break;
  if (i == k->args.n)
    vec_push(e->mem, &k->args, ((tt_arg){.name = name, .kind = kind, .index = index, .x = x, .y = y}));
  MlirValue found = find_read(e, "ttkernel.get_arg_val", (int64_t)i);
  return mlirValueIsNull(found) ? read_arg(e, tt_i32(e), "ttkernel.get_arg_val", name, (int64_t)i) : found;
}

static MlirValue compile_arg(tt_emit *e, MlirType type, const char *name, int64_t value) {
  tt_kernel *k = &e->p->kernels[e->role];
  int64_t i = 0;                          /* accessors come behind the numbers */
  bool is_known = false;
  for (size_t c = 0; c < k->consts.n && !is_known; c++) {
    is_known = !k->consts.at[c].is_accessor && text_eq(k->consts.at[c].name, name);
    i += !is_known && !k->consts.at[c].is_accessor;
  }
  if (!is_known)
    vec_push(e->mem, &k->consts, ((tt_const){.name = name, .value = value}));
  MlirValue found = find_read(e, "ttkernel.get_compile_time_arg_val", i);
  return mlirValueIsNull(found) ? read_arg(e, type, "ttkernel.get_compile_time_arg_val", name, i) : found;
}

MlirValue tt_cb_value(tt_emit *e, int cb) {
  return compile_arg(e, tt_cb_type(e), arena_printf(e->mem, "cb_%s", e->p->cbs.at[cb].name), cb);
}

/* Number of the circular buffer whose value it is. */
static int cb_of(const tt_emit *e, MlirValue cb) {
  const tt_kernel *k = &e->p->kernels[e->role];
  int64_t left = -1;
  if (!ir_attr_int(ir_attr_of(ir_def(cb), "arg_index"), &left))
    return -1;
  for (size_t c = 0; c < k->consts.n; c++)
    if (!k->consts.at[c].is_accessor && left-- == 0)
      return (int)k->consts.at[c].value;
  return -1;
}

MlirValue tt_exact_cb(tt_emit *e, MlirValue cb) {
  const int number = cb_of(e, cb);
  for (size_t i = 0; number >= 0 && i < e->t->buffers.n; i++)
    if (e->buffers[i].cb == number && e->buffers[i].exact_cb >= 0)
      return tt_cb_value(e, e->buffers[i].exact_cb);
  return cb;
}

void tt_cb_op(tt_emit *e, const char *op, MlirValue cb, MlirValue pages) {
  const char *name = arena_printf(e->mem, "ttkernel.%s", op);
  MlirValue of[] = {cb, tt_exact_cb(e, cb)};
  for (int i = 0; i < 2 - mlirValueEqual(of[0], of[1]); i++)
    tt_op(e, name, (MlirValue[]){of[i], pages}, 2);
}

int tt_new_cb(tt_emit *e, const char *name, const char *comment, dtype type, int64_t page_bytes, int64_t pages) {
  vec_push(e->mem, &e->p->cbs, ((tt_cb){.name = name, .comment = comment, .type = type, .page_bytes = page_bytes, .pages = pages}));
  return (int)e->p->cbs.n - 1;
}

int tt_one_tile_cb(tt_emit *e, int *cb, const char *name, const char *comment, dtype type) {
  if (*cb < 0)
    *cb = tt_new_cb(e, name, comment, type, TT_TILE * TT_TILE * (int64_t)dtype_bytes(type), 1);
  return *cb;
}

loom_status tt_new_semaphores(tt_emit *e, int n, int *out_first) {
  if (e->p->n_semaphores + n > TT_SEMAPHORES_MAX)
    LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "the kernel needs more than the %d semaphores of a core; --pin fewer loads to multicast", TT_SEMAPHORES_MAX);
  *out_first = e->p->n_semaphores;
  e->p->n_semaphores += n;
  return LOOM_OK;
}

/* Accessor arguments stand behind the numbers, whose count is known when the kernel is complete: tt_lower gives cta_base then. */
MlirValue tt_accessor(tt_emit *e, int tensor) {
  tt_kernel *k = &e->p->kernels[e->role];
  const tt_tensor *x = &e->p->tensors.at[tensor];
  MlirValue address = tt_run_arg(e, arena_printf(e->mem, "%s_address", x->name), TT_ARG_ADDRESS, tensor, NULL, NULL);
  for (MlirOperation o = mlirBlockGetFirstOperation(mlirOperationGetBlock(e->head)); !mlirOperationEqual(o, e->head); o = mlirOperationGetNextInBlock(o)) {
    int64_t i;
    if (ir_op_is(o, "ttkernel.tensor_accessor") && ir_attr_int(ir_attr_of(o, "loom.tensor"), &i) && i == tensor)
      return ir_result(o, 0);
  }
  bool is_known = false;
  for (size_t i = 0; i < k->consts.n; i++)
    is_known = is_known || (k->consts.at[i].is_accessor && k->consts.at[i].index == tensor);
  if (!is_known)
    vec_push(e->mem, &k->consts, ((tt_const){.name = arena_printf(e->mem, "%s_args", x->name), .is_accessor = true, .index = tensor}));
  ir_builder head = ir_before(e->ir, e->head);
  ir_named args_at[] = {{"loom.tensor", ir_int_attr(e->ir, tensor)}, {"loom.name", ir_str_attr(e->ir, arena_printf(e->mem, "%s_args", x->name))}};
  MlirValue args = ir_build1(&head, "ttkernel.tensor_accessor_args", ir_type(e->ir, "!ttkernel.accessor_args"), 0, NULL, 2, args_at);
  ir_builder saved = e->b;
  e->b = head;
  MlirValue page = tt_int(e, x->page_bytes);
  e->b = saved;
  ir_named at[] = {{"loom.tensor", ir_int_attr(e->ir, tensor)}, {"loom.name", ir_str_attr(e->ir, x->name)}};
  return ir_build1(&head, "ttkernel.tensor_accessor", ir_type(e->ir, "!ttkernel.accessor"), 3, (MlirValue[]){args, address, page}, 2, at);
}

/* The L1 address of semaphore `id`. */
MlirValue tt_semaphore(tt_emit *e, int id, const char *name) {
  for (MlirOperation o = mlirBlockGetFirstOperation(mlirOperationGetBlock(e->head)); !mlirOperationEqual(o, e->head); o = mlirOperationGetNextInBlock(o)) {
    int64_t i;
    if (ir_op_is(o, "ttkernel.get_semaphore") && ir_const_int(ir_operand(o, 0), &i) && i == id)
      return ir_result(o, 0);
  }
  ir_builder saved = e->b;
  e->b = ir_before(e->ir, e->head);
  MlirValue v = TT_VALUE(e, tt_i32(e), "get_semaphore", name, tt_int(e, id));
  e->b = saved;
  return v;
}
