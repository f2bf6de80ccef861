/* --check of stage-0 MLIR text on a chip.  There is no kernel graph, whose interpreter would give bounds, but the interpreter of MLIR (bisect.h) runs the
 * text as it is: with whole numbers, which every engine must make the same of when the function maps whole numbers to whole numbers. */
#include "bisect/bisect.h"
#include "compile.h"
#include "compile_exec.h"
#include <math.h>
#include <string.h>

enum { OPS_MAX = 1 << 30, ELEMS_MAX = 1 << 25 };   /* scalar operations, values kept */

/* ---- does it map whole numbers to whole numbers? ---- */

static bool is_whole_constant(MlirOperation op) {
  MlirAttribute v = ir_attr_of(op, "value");
  return !mlirAttributeIsAFloat(v) || !isfinite(mlirFloatAttrGetValueDouble(v)) || rint(mlirFloatAttrGetValueDouble(v)) == mlirFloatAttrGetValueDouble(v);
}

static bool is_whole_op(MlirOperation op) {
  static const char *const parts[] = {"arith.divf", "arith.remf", "arith.sitofp", "arith.uitofp", "math."};      /* whole numbers of indices outgrow narrow floats */
  static const char *const whole[] = {"math.absf", "math.absi", "math.floor", "math.ceil", "math.round", "math.roundeven", "math.trunc", "math.fma"};
  for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
    if (ir_op_is(op, whole[i]))
      return true;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (text_starts(ir_op_name(op), parts[i]))
      return false;
  return !ir_op_is(op, "arith.constant") || is_whole_constant(op);
}

static bool find_other(MlirOperation op, void *data) {
  if (is_whole_op(op))
    return true;
  *(MlirOperation *)data = op;
  return false;
}

/* ---- the oracle ---- */

typedef struct symbol_sizes { ir_ctx *ir; VEC_OF(sym_binding) at; } symbol_sizes;

/* One tile for all: sizes that every form divides. */
static bool add_size(MlirOperation op, void *data) {
  symbol_sizes *l = data;
  arena *m = &l->ir->ctx->mem;
  const char *name = dialect_sym_name(m, op);
  int64_t size;
  if (name && ir_attr_int(ir_attr_of(op, "upper_bound"), &size))
    vec_push(m, &l->at, ((sym_binding){name, size}));
  return true;
}

static loom_status stopped(compile_state *s, const bisect_stop *stop) {
  loom_span at = mlirOperationIsNull(stop->op) ? diag_file_span(s->ctx, s->o->input) : ir_span(&s->ir, stop->op);
  if (stop->end == BISECT_FULL)
    LOOM_FAIL(s->ctx, at, LOOM_ELIMIT, "--check: the function makes more values than the interpreter of MLIR keeps (%s)", stop->why);
  LOOM_FAIL(s->ctx, at, stop->end == BISECT_BROKE ? LOOM_EINPUT : LOOM_EUNSUP, "--check: the interpreter of MLIR stops here: %s", stop->why);
}

/* inputs: by argument; *out: by result. */
static loom_status interpret(compile_state *s, MlirOperation func, const interp_tensor *inputs, const compile_results *all, interp_tensor **out) {
  arena *m = &s->ctx->mem;
  size_t n = s->kernel->tensors.n;
  symbol_sizes sizes = {.ir = &s->ir};
  bisect_argument *arguments = ARENA_NEW_N(m, bisect_argument, n);
  flow_run *flow;
  flow_memory **memory;
  bisect_stop stop;
  ir_walk(func, add_size, &sizes);
  for (size_t i = 0; i < n; i++)
    arguments[i] = (bisect_argument){inputs[i].value, inputs[i].elems};
  const bisect_ir_options o = {.symbols = sizes.at.at, .n_symbols = sizes.at.n, .arguments = arguments, .n_arguments = n, .elems_max = ELEMS_MAX, .op_budget = OPS_MAX,
                               .accumulate_in_result_type = s->plan && !s->plan->accumulate_f32};
  LOOM_TRY(bisect_run_ir(&s->ir, func, &o, m, &flow, &memory, &stop));
  if (stop.end != BISECT_RAN)
    return stopped(s, &stop);
  *out = ARENA_NEW_N(m, interp_tensor, all->n);
  for (size_t i = 0; i < all->n; i++) {
    (*out)[i] = inputs[all->at[i].tensor];
    (*out)[i].value = memory[all->at[i].tensor]->x;
  }
  return LOOM_OK;
}

loom_status compile_interpret_mlir(compile_state *s, const run_options *r, const compile_results *all, interp_tensor **out_inputs, interp_tensor **out) {
  MlirOperation other = {NULL}, func = ir_find_func(s->stage0, s->kernel->name);
  ir_walk(func, find_other, &other);
  if (!mlirOperationIsNull(other)) {
    diag_error(s->ctx, ir_span(&s->ir, other), LOOM_EUNSUP, "--check of MLIR text with '%s', which makes other numbers of whole ones", ir_op_name(other));
    diag_help(s->ctx, "leave --check away, and compare --output with the interpreter on the kernel's Python source (--interp --expect)");
    return LOOM_EUNSUP;
  }
  *out_inputs = ARENA_NEW_N(&s->ctx->mem, interp_tensor, s->kernel->tensors.n);
  LOOM_TRY(compile_make_inputs(s, r, true, *out_inputs));
  return interpret(s, func, *out_inputs, all, out);
}
