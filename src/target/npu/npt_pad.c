/* Loops to whole steps (docs/npu.md, "Padding layers"): a loop whose step does not divide its bound goes on to the next multiple, and the DRAM tensors it moves along
 * grow so that its last tile is inside.  @wrapper_kernel has the signature of before: it holds the grown tensors, and copies where values matter.
 *
 * A flat tensor is known by its strides only.  Padded axis i of it: stride c, extent u (the loop's bound), padded extent u'.  A flat index is a mixed-radix number
 * with digit (index div c) mod u at each padded axis; growing keeps the digits and makes the radix u'.  What does not fit such a number is refused: sliding windows,
 * axes that overlap, views of the tensor.  Loops that move no transfer stay as they are. */
#include "target/npu/npt.h"
#include <string.h>

enum { AXES_MAX = 8, ARGUMENTS_MAX = 64 };
typedef struct axis { int64_t stride, extent, padded; } axis;
/* A function's argument: the padded axes by rising stride. */
typedef struct tensor { int n_axes; axis axes[AXES_MAX]; int64_t size, grown; bool is_stored, is_moved; } tensor;
typedef struct padder { ir_ctx *ir; MlirOperation module, func; int n; tensor arguments[ARGUMENTS_MAX]; npt_ops transfers, ragged; } padder;

#define FAIL(p, op, status, ...) LOOM_FAIL((p)->ir->ctx, ir_span((p)->ir, op), status, __VA_ARGS__)

/* The loop's bound in whole steps. */
static loom_status whole_steps(padder *p, MlirOperation op, npt_range *loop, int64_t *out_upper) {
  if (!npt_read_range(op, loop))
    FAIL(p, op, LOOM_EINPUT, "the bounds of a loop must be constants to pad it to whole steps");
  if (loop->lower < -NPT_NUMBER_MAX || loop->upper > NPT_NUMBER_MAX || loop->step > NPT_NUMBER_MAX)
    FAIL(p, op, LOOM_ELIMIT, "a loop from %" PRId64 " to %" PRId64 " in steps of %" PRId64 " cannot be padded: its numbers must be within %" PRId64 " of 0", loop->lower, loop->upper, loop->step,
         NPT_NUMBER_MAX);
  int64_t rounds = loop->upper > loop->lower ? (loop->upper - loop->lower + loop->step - 1) / loop->step : 0;
  *out_upper = rounds ? loop->lower + rounds * loop->step : loop->upper;
  return LOOM_OK;
}

static loom_status add_axis(padder *p, MlirOperation at, tensor *t, axis a) {
  int i = 0;
  while (i < t->n_axes && t->axes[i].stride < a.stride)
    i++;
  if (i < t->n_axes && t->axes[i].stride == a.stride) {
    if (t->axes[i].extent != a.extent || t->axes[i].padded != a.padded)
      FAIL(p, at, LOOM_EUNSUP, "two loops would pad the dim with DRAM stride %" PRId64 " in different ways: %" PRId64 " to %" PRId64 " and %" PRId64 " to %" PRId64,
           a.stride, t->axes[i].extent, t->axes[i].padded, a.extent, a.padded);
    return LOOM_OK;
  }
  if (t->n_axes == AXES_MAX)
    FAIL(p, at, LOOM_ELIMIT, "more than %d padded dims of one tensor", AXES_MAX);
  memmove(&t->axes[i + 1], &t->axes[i], sizeof *t->axes * (size_t)(t->n_axes - i));
  t->axes[i] = a;
  t->n_axes++;
  return LOOM_OK;
}

/* The DRAM argument of a transfer: flat, and of the function, not a view. */
static loom_status argument_of(padder *p, const npt_transfer *t, tensor **out) {
  MlirValue v = t->dram;
  if (!mlirValueIsABlockArgument(v) || !mlirOperationEqual(mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(v)), p->func))
    FAIL(p, t->op, LOOM_EINPUT, "the DRAM of a transfer must be an argument of the function, so that it can grow");
  MlirType type = mlirValueGetType(v);
  if (mlirShapedTypeGetRank(type) != 1 || !mlirShapedTypeHasStaticShape(type))
    FAIL(p, t->op, LOOM_EINPUT, "the DRAM of a transfer must be a flat memref with a static size, so that it can grow");
  *out = &p->arguments[mlirBlockArgumentGetArgNumber(v)];
  (*out)->size = mlirShapedTypeGetDimSize(type, 0);
  (*out)->is_moved = true;
  (*out)->is_stored |= t->is_store;
  return LOOM_OK;
}

static loom_status find_axes(padder *p, const npt_transfer *t, tensor *of, const npt_terms *index) {
  for (int i = 0; i < index->n; i++) {
    MlirOperation around = npt_loop_of(index->leaf[i]);
    npt_range loop;
    int64_t padded = 0;
    if (mlirOperationIsNull(around) || index->factor[i] == 0)
      continue;
    LOOM_TRY(whole_steps(p, around, &loop, &padded));
    if (padded == loop.upper)
      continue;
    if (loop.lower != 0 || index->factor[i] < 0)
      FAIL(p, around, LOOM_EUNSUP, "a loop that is padded to whole steps must start at 0 and move upwards in DRAM");
    vec_push(&p->ir->ctx->mem, &p->ragged, around);
    LOOM_TRY(add_axis(p, t->op, of, (axis){index->factor[i], loop.upper, padded}));
  }
  return LOOM_OK;
}

/* The digits must nest: each stride a multiple of what is below it, the tensor a multiple of all. */
static loom_status check_tensor(padder *p, tensor *t, int number) {
  int64_t below = 1;
  t->grown = t->size;
  for (int i = 0; i < t->n_axes; i++) {
    const axis *a = &t->axes[i];
    if (a->stride % below || t->size % (a->stride * a->extent)) {
      diag_error(p->ir->ctx, ir_span(p->ir, p->func), LOOM_EUNSUP, "argument %d cannot grow from %" PRId64 " to %" PRId64 " along DRAM stride %" PRId64 ": its %" PRId64
                 " elements are no rows of %" PRId64, number, a->extent, a->padded, a->stride, t->size, a->stride * a->extent);
      diag_help(p->ir->ctx, "sliding windows and overlapping dims have no padded form; mask the tails instead: loom-mask-tails");
      return LOOM_EUNSUP;
    }
    below = a->stride * a->extent;
    if (__builtin_mul_overflow(t->grown / a->extent, a->padded, &t->grown))
      FAIL(p, p->func, LOOM_ELIMIT, "argument %d would grow beyond 64 bits", number);
  }
  return LOOM_OK;
}

/* A flat index or stride in the grown tensor. */
static int64_t regrow(const tensor *t, int64_t v) {
  int64_t out = 0, rest = v < 0 ? -v : v;
  for (int i = t->n_axes - 1; i >= 0; i--) {
    int64_t unit = t->axes[i].stride * t->axes[i].extent, grown = unit;      /* of the digit above axis i */
    for (int k = 0; k <= i; k++)
      grown = grown / t->axes[k].extent * t->axes[k].padded;
    out += rest / unit * grown;
    rest %= unit;
    int64_t step = t->axes[i].stride, grown_step = step;
    for (int k = 0; k < i; k++)
      grown_step = grown_step / t->axes[k].extent * t->axes[k].padded;
    out += rest / step * grown_step;
    rest %= step;
  }
  out += rest;
  return v < 0 ? -out : out;
}

/* Steps of `stride` stay within one digit: a multiple of some unit below the next one. */
static bool is_step(const tensor *t, int64_t stride) {
  int64_t v = stride < 0 ? -stride : stride;
  for (int i = t->n_axes - 1; i >= 0; i--) {
    if (v % (t->axes[i].stride * t->axes[i].extent) == 0)
      return true;
    if (v > t->axes[i].stride * t->axes[i].extent)
      return false;
    if (v % t->axes[i].stride == 0)
      return true;
    if (v > t->axes[i].stride)
      return false;
  }
  return true;
}

static loom_status rewrite(padder *p, MlirOperation op) {
  npt_transfer t;
  npt_terms index;
  LOOM_TRY(npt_read_transfer(p->ir, op, &t));
  tensor *of = &p->arguments[mlirBlockArgumentGetArgNumber(t.dram)];
  if (of->n_axes == 0 || !npt_flatten(t.dram_index, &index))
    return LOOM_OK;
  for (int i = 0; i < index.n; i++)
    if (!is_step(of, index.factor[i]))
      FAIL(p, op, LOOM_EUNSUP, "the DRAM index moves in steps of %" PRId64 ", across a dim that is padded", index.factor[i]);
    else
      index.factor[i] = regrow(of, index.factor[i]);
  for (int d = 0; d < t.rank; d++)
    if (t.shape[d] > 1 && !is_step(of, t.dram_stride[d]))
      FAIL(p, op, LOOM_EUNSUP, "DRAM stride %" PRId64 " of dim %d goes across a dim that is padded", t.dram_stride[d], d);
    else
      t.dram_stride[d] = regrow(of, t.dram_stride[d]);
  ir_builder b = ir_before(p->ir, op);
  t.dram_index = npt_build_sum(&b, index.n, index.leaf, index.factor, regrow(of, index.constant));
  if (mlirValueIsNull(t.dram_index) || mlirOperationIsNull(npt_build_transfer(&b, &t, t.form)))
    return LOOM_EBUG;
  mlirOperationDestroy(op);
  return LOOM_OK;
}

/* Only transfers may use a tensor that grows: nothing else knows its new strides. */
static loom_status check_users(padder *p, MlirValue argument, int number) {
  for (MlirOpOperand use = mlirValueGetFirstUse(argument); !mlirOpOperandIsNull(use); use = mlirOpOperandGetNextUse(use))
    if (!npt_is_transfer(mlirOpOperandGetOwner(use)))
      FAIL(p, mlirOpOperandGetOwner(use), LOOM_EUNSUP, "argument %d grows, but %s uses it; only transfers may", number, ir_op_name(mlirOpOperandGetOwner(use)));
  return LOOM_OK;
}

static MlirType grown_type(MlirType type, int64_t size) {
  return mlirMemRefTypeContiguousGet(mlirShapedTypeGetElementType(type), 1, &size, mlirMemRefTypeGetMemorySpace(type));
}

static loom_status grow_arguments(padder *p) {
  MlirBlock entry = ir_body(p->func);
  MlirType inputs[ARGUMENTS_MAX];
  for (int i = 0; i < p->n; i++) {
    MlirValue argument = mlirBlockGetArgument(entry, i);
    inputs[i] = mlirValueGetType(argument);
    if (p->arguments[i].n_axes == 0)
      continue;
    LOOM_TRY(check_users(p, argument, i));
    inputs[i] = grown_type(inputs[i], p->arguments[i].grown);
    mlirBlockArgumentSetType(argument, inputs[i]);
  }
  ir_set_attr(p->func, "function_type", ir_type_attr(mlirFunctionTypeGet(p->ir->mlir, p->n, inputs, 0, NULL)));
  return LOOM_OK;
}

/* ---- @wrapper_kernel ---- */

/* Loops over the digits of the tensor of before, with its index and the grown one. */
static void add_copy(text *out, const tensor *t, int number, const char *type, const char *grown, bool is_in) {
  int64_t bound[2 * AXES_MAX + 1], pre[2 * AXES_MAX + 1], post[2 * AXES_MAX + 1], below = 1;
  int n = 0;
  for (int i = 0; i <= t->n_axes; i++) {      /* what is between axis i - 1 and axis i, then axis i */
    int64_t stride = i < t->n_axes ? t->axes[i].stride : t->size;
    if (stride / below > 1) {
      bound[n] = stride / below;
      pre[n] = below;
      post[n++] = regrow(t, below);
    }
    if (i < t->n_axes) {
      bound[n] = t->axes[i].extent;
      pre[n] = stride;
      post[n++] = regrow(t, stride);
      below = stride * t->axes[i].extent;
    }
  }
  for (int i = n - 1; i >= 0; i--)
    text_addf(out, "  affine.for %%i%d = 0 to %" PRId64 " {\n", i, bound[i]);
  text indices[2] = {text_new(out->mem), text_new(out->mem)};
  for (int i = n - 1; i >= 0; i--) {
    text_addf(&indices[0], "%s%%i%d * %" PRId64, i < n - 1 ? " + " : "", i, pre[i]);
    text_addf(&indices[1], "%s%%i%d * %" PRId64, i < n - 1 ? " + " : "", i, post[i]);
  }
  text_addf(out, "  %%v = affine.load %%%s%d[%s] : %s\n", is_in ? "a" : "p", number, text_str(&indices[!is_in]), is_in ? type : grown);
  text_addf(out, "  affine.store %%v, %%%s%d[%s] : %s\n", is_in ? "p" : "a", number, text_str(&indices[is_in]), is_in ? grown : type);
  for (int i = 0; i < n; i++)
    text_add(out, "  }\n");
}

static loom_status add_wrapper(padder *p, MlirModule module, const MlirType *before, bool timing_only) {
  arena *mem = &p->ir->ctx->mem;
  MlirBlock entry = ir_body(p->func);
  const char *name = ir_func_name(mem, p->func);
  text globals = text_new(mem), signature = text_new(mem), body = text_new(mem), after = text_new(mem), call = text_new(mem), types = text_new(mem);
  for (int i = 0; i < p->n; i++) {
    const tensor *t = &p->arguments[i];
    MlirType now = mlirValueGetType(mlirBlockGetArgument(entry, i));
    const char *type = ir_print_type(mem, before[i]), *grown = ir_print_type(mem, now);
    bool grows = t->n_axes > 0;
    text_addf(&signature, "%s%%a%d: %s", i ? ", " : "", i, type);
    text_addf(&call, "%s%%%s%d", i ? ", " : "", grows ? "p" : "a", i);
    text_addf(&types, "%s%s", i ? ", " : "", grown);
    if (!grows)
      continue;
    if (timing_only) {
      text_addf(&body, "  %%p%d = memref.alloc() : %s\n", i, grown);
      continue;
    }
    text_addf(&globals, "memref.global \"private\" @padded_%d : %s = dense<%s>\n", i, grown, mlirTypeIsAFloat(mlirShapedTypeGetElementType(now)) ? "0.0" : "0");
    text_addf(&body, "  %%p%d = memref.get_global @padded_%d : %s\n", i, i, grown);
    add_copy(&body, t, i, type, grown, true);
    if (t->is_stored)
      add_copy(&after, t, i, type, grown, false);
  }
  const char *wrapper = arena_printf(mem, "func.func private @%s(%s)\n%sfunc.func @wrapper_kernel(%s) {\n%s  func.call @%s(%s) : (%s) -> ()\n%s  return\n}\n",
                                     name, text_str(&types), text_str(&globals), text_str(&signature), text_str(&body), name, text_str(&call), text_str(&types), text_str(&after));
  return ir_add_functions(p->ir, module, "wrapper_kernel", wrapper);
}

/* ---- the pass ---- */

static bool is_function(MlirOperation op) { return ir_op_is(op, "func.func") && !mlirBlockIsNull(ir_body(op)); }
static bool is_loop(MlirOperation op) { return ir_op_is(op, "affine.for"); }

/* Function `kernel`, else the only one with a body. */
static loom_status find_kernel(padder *p) {
  npt_ops functions = npt_collect(p->ir, p->module, is_function);
  for (size_t i = 0; i < functions.n; i++) {
    const char *name = ir_func_name(&p->ir->ctx->mem, functions.at[i]);
    if (text_eq(name, "wrapper_kernel"))
      FAIL(p, functions.at[i], LOOM_EINPUT, "there is a wrapper_kernel already");
    if (text_eq(name, "kernel") || functions.n == 1)
      p->func = functions.at[i];
  }
  if (mlirOperationIsNull(p->func))
    FAIL(p, p->module, LOOM_EINPUT, "there must be a function 'kernel', or only one");
  MlirType type = mlirTypeAttrGetValue(ir_attr_of(p->func, "function_type"));
  p->n = (int)mlirFunctionTypeGetNumInputs(type);
  if (p->n > ARGUMENTS_MAX)
    FAIL(p, p->func, LOOM_ELIMIT, "the function has %d arguments; at most %d can be padded", p->n, ARGUMENTS_MAX);
  if (mlirFunctionTypeGetNumResults(type))
    FAIL(p, p->func, LOOM_EINPUT, "a kernel has no results");
  return LOOM_OK;
}

static loom_status plan(padder *p) {
  npt_ops loops = npt_collect(p->ir, p->func, is_loop);
  for (size_t i = 0; i < loops.n; i++) {
    npt_range loop;
    int64_t upper = 0;
    LOOM_TRY(whole_steps(p, loops.at[i], &loop, &upper));
  }
  p->transfers = npt_collect(p->ir, p->func, npt_is_transfer);
  for (size_t i = 0; i < p->transfers.n; i++) {
    npt_transfer t;
    npt_terms index;
    tensor *of = NULL;
    LOOM_TRY(npt_read_transfer(p->ir, p->transfers.at[i], &t));
    LOOM_TRY(argument_of(p, &t, &of));
    if (!npt_flatten(t.dram_index, &index))
      FAIL(p, t.op, LOOM_EUNSUP, "the DRAM index of a transfer must be a sum of loop variables times constants to pad its loops");
    bool is_large = index.constant > NPT_NUMBER_MAX || index.constant < -NPT_NUMBER_MAX;
    for (int k = 0; k < index.n; k++)
      is_large |= index.factor[k] > NPT_NUMBER_MAX || index.factor[k] < -NPT_NUMBER_MAX;
    if (is_large)
      FAIL(p, t.op, LOOM_ELIMIT, "the DRAM index of a transfer must have factors within %" PRId64 " of 0 to pad its loops", NPT_NUMBER_MAX);
    LOOM_TRY(find_axes(p, &t, of, &index));
  }
  for (int i = 0; i < p->n; i++)
    LOOM_TRY(check_tensor(p, &p->arguments[i], i));
  return LOOM_OK;
}

loom_status npt_pad_loops(ir_ctx *ir, MlirOperation module, bool timing_only) {
  padder p = {.ir = ir, .module = module};
  MlirType before[ARGUMENTS_MAX];
  LOOM_TRY(find_kernel(&p));
  LOOM_TRY(plan(&p));
  for (int i = 0; i < p.n; i++)
    before[i] = mlirValueGetType(mlirBlockGetArgument(ir_body(p.func), i));
  for (size_t i = 0; i < p.transfers.n; i++)
    LOOM_TRY(rewrite(&p, p.transfers.at[i]));
  LOOM_TRY(grow_arguments(&p));
  for (size_t i = 0; i < p.ragged.n; i++) {
    npt_range loop;
    int64_t upper = 0;
    LOOM_TRY(whole_steps(&p, p.ragged.at[i], &loop, &upper));
    ir_set_attr(loop.op, "upperBoundMap", mlirAffineMapAttrGet(mlirAffineMapConstantGet(ir->mlir, upper)));
  }
  return add_wrapper(&p, mlirModuleFromOperation(module), before, timing_only);
}
