/* Stage-0 MLIR on the host: the module's block sizes become numbers, its tiles memory, and its arguments a kernel graph without operations, so
 * that inputs and results are read and written as those of any kernel.  There is no second engine for it on the host: --check refuses. */
#include "compile.h"
#include "compile_exec.h"
#include "pass/pass.h"
#include <string.h>

/* From linalg on tensors to loops over memory that is freed again. */
static const char tensor_passes[] =
    "canonicalize,cse,"
    "func.func(loom-lower-gather,loom-lower-broadcast,loom-widen-products,loom-lower-stores),"
    "canonicalize,cse,lower-affine,func.func(scf-parallel-for-to-nested-fors),"
    "one-shot-bufferize{allow-return-allocs-from-loops=true},canonicalize,cse,func.func(loom-check-bounds),"
    "buffer-deallocation-pipeline,convert-bufferization-to-memref,canonicalize,cse";
/* What is on memory already (our own stage-0 for processors) frees it itself. */
static const char memory_passes[] = "canonicalize,cse,lower-affine,func.func(scf-parallel-for-to-nested-fors),canonicalize,cse,func.func(loom-check-bounds)";

/* ---- block sizes ---- */
typedef struct symbol_list { arena *mem; VEC_OF(const char *) names; } symbol_list;

static bool add_symbol(MlirOperation op, void *data) {
  symbol_list *l = data;
  const char *name = dialect_sym_name(l->mem, op);
  bool is_new = name != NULL;
  for (size_t i = 0; is_new && i < l->names.n; i++)
    is_new = !text_eq(l->names.at[i], name);
  if (is_new)
    vec_push(l->mem, &l->names, name);
  return true;
}

static bool is_listed(const symbol_list *l, const char *name) {
  for (size_t i = 0; i < l->names.n; i++)
    if (text_eq(l->names.at[i], name))
      return true;
  return false;
}

/* "tile_m=16 tile_n=8" of --block-sizes; by position in the order of the symbols, the last one repeats. */
static loom_status read_block_sizes(compile_state *s, const char **out) {
  symbol_list l = {.mem = &s->ctx->mem};
  text t = text_new(&s->ctx->mem);
  size_t n_positions = 0;
  ir_walk(mlirModuleGetOperation(s->stage0), add_symbol, &l);
  for (size_t i = 0; i < s->o->n_domains; i++) {
    const solve_domain *d = &s->o->domains[i];
    if (d->symbol && !is_listed(&l, d->symbol)) {
      const char *near = diag_nearest(d->symbol, l.names.at, l.names.n);
      diag_error(s->ctx, diag_file_span(s->ctx, s->o->input), LOOM_EUSAGE, "the module has no block size '%s'", d->symbol);
      if (near)
        diag_help(s->ctx, "did you mean '%s'", near);
      return LOOM_EUSAGE;
    }
    n_positions += !d->symbol;
    if (d->symbol && d->assigned > 0)
      text_addf(&t, "%s=%" PRId64 " ", d->symbol, d->assigned);
  }
  for (size_t i = 0; n_positions && i < l.names.n; i++)
    text_addf(&t, "%s=%" PRId64 " ", l.names.at[i], s->o->domains[i < n_positions ? i : n_positions - 1].assigned);
  *out = text_str(&t);
  return LOOM_OK;
}

/* ---- arguments ---- */
/* The argument of the function that memory is of; -1: none. */
static int argument_of(MlirOperation func, MlirValue v) {
  for (int depth = 0; depth < 32; depth++) {
    if (mlirValueIsABlockArgument(v))
      return mlirBlockEqual(mlirBlockArgumentGetOwner(v), ir_body(func)) ? (int)mlirBlockArgumentGetArgNumber(v) : -1;
    MlirOperation op = ir_def(v);
    static const char *const views[] = {"memref.subview", "memref.cast", "memref.reinterpret_cast", "memref.expand_shape", "memref.collapse_shape", "memref.transpose",
                                        "memref.memory_space_cast", "memref.extract_strided_metadata"};
    bool is_view = false;
    for (size_t i = 0; i < sizeof views / sizeof *views; i++)
      is_view |= ir_op_is(op, views[i]);
    if (!is_view)
      return -1;
    v = ir_operand(op, 0);
  }
  return -1;
}

/* What a function that somebody else provides writes: its last memory, as kernels have it. */
static intptr_t written_by_call(MlirOperation op) {
  intptr_t at = -1;
  for (intptr_t i = 0; ir_op_is(op, "func.call") && i < ir_num_operands(op); i++)
    if (mlirTypeIsAMemRef(mlirValueGetType(ir_operand(op, i))))
      at = i;
  return at;
}

typedef struct written { MlirOperation func; bool *is; int n; } written;

static bool add_written(MlirOperation op, void *data) {
  written *w = data;
  intptr_t at = ir_op_is(op, "memref.copy") || ir_op_is(op, "memref.store") || ir_op_is(op, "memref.atomic_rmw") || ir_op_is(op, "bufferization.materialize_in_destination") ? 1 : written_by_call(op);
  intptr_t first, count = 1;
  if (text_starts(ir_op_name(op), "linalg.")) {
    if (!ir_segment(op, 1, &first, &count)) {      /* those without segments have one destination, reductions as many as inputs */
      count = ir_op_is(op, "linalg.reduce") ? ir_num_operands(op) / 2 : 1;
      first = ir_num_operands(op) - count;
    }
    at = first;
  }
  for (intptr_t i = at; at >= 0 && i < at + count && i < ir_num_operands(op); i++) {
    int arg = argument_of(w->func, ir_operand(op, i));
    if (arg >= 0 && arg < w->n)
      w->is[arg] = true;
  }
  return true;
}

static loom_status add_argument(compile_state *s, MlirOperation func, int i, bool is_written) {
  MlirType t = mlirValueGetType(mlirBlockGetArgument(ir_body(func), i));
  kernel_type shape = {.rank = mlirTypeIsAMemRef(t) ? (int)mlirShapedTypeGetRank(t) : -1};
  const char *name = ir_argument_name(&s->ir, func, i);
  bool fits = shape.rank >= 0 && shape.rank <= KERNEL_RANK_MAX && ir_type_dtype(t, &shape.type) && mlirShapedTypeHasStaticShape(t) &&
              mlirAffineMapIsIdentity(mlirMemRefTypeGetAffineMap(t));
  for (int d = 0; fits && d < shape.rank; d++)
    shape.dim[d] = sym_const(&s->ctx->mem, mlirShapedTypeGetDimSize(t, d));
  if (!fits)
    LOOM_FAIL(s->ctx, ir_span(&s->ir, func), LOOM_EUNSUP, "argument %d ('%s') is %s; a kernel that is run takes memory of known sizes that lies row by row", i, name,
              ir_print_type(&s->ctx->mem, t));
  kernel_tensor k = kernel_add_tensor(&s->ctx->mem, s->kernel, name, KERNEL_ARG, shape);
  s->kernel->tensors.at[k].init = is_written ? KERNEL_INIT_ZEROS : KERNEL_INIT_RANDN;
  s->kernel->tensors.at[k].is_returned = is_written;
  if (is_written)
    vec_push(&s->ctx->mem, &s->kernel->returns, k);
  return LOOM_OK;
}

static loom_status describe(compile_state *s, MlirOperation func) {
  int n = (int)mlirBlockGetNumArguments(ir_body(func));
  written w = {func, ARENA_NEW_N(&s->ctx->mem, bool, n + 1), n};
  ir_walk(func, add_written, &w);
  s->kernel = kernel_new(&s->ctx->mem, ir_func_name(&s->ctx->mem, func));
  s->kernel->path = s->o->input;
  s->kernel->style = "helion";
  for (int i = 0; i < n; i++)
    LOOM_TRY(add_argument(s, func, i, w.is[i]));
  if (!s->kernel->returns.n)
    LOOM_FAIL(s->ctx, ir_span(&s->ir, func), LOOM_EINPUT, "the function '%s' writes none of its arguments", s->kernel->name);
  return LOOM_OK;
}

static bool is_first_defined(MlirOperation op, void *data) {
  if (!ir_op_is(op, "func.func") || mlirBlockIsNull(ir_body(op)))
    return true;
  *(MlirOperation *)data = op;
  return false;
}

static loom_status find_function(compile_state *s, MlirOperation *out) {
  *out = (MlirOperation){NULL};
  if (s->o->helion.function)
    *out = ir_find_func(s->stage0, s->o->helion.function);
  else
    ir_walk(mlirModuleGetOperation(s->stage0), is_first_defined, out);
  if (mlirOperationIsNull(*out) || mlirBlockIsNull(ir_body(*out)))
    LOOM_FAIL(s->ctx, diag_file_span(s->ctx, s->o->input), s->o->helion.function ? LOOM_EUSAGE : LOOM_EINPUT, "the module has no function%s%s to run",
              s->o->helion.function ? " " : "", s->o->helion.function ? s->o->helion.function : "");
  return LOOM_OK;
}

/* The block sizes are in the code, or in the plan, now: the described kernel has none. */
static void forget_block_sizes(compile_state *s) {
  compile_options *bound = ARENA_NEW(&s->ctx->mem, compile_options);
  *bound = *s->o;
  bound->n_domains = 0;
  s->o = bound;
}

loom_status compile_describe_mlir(compile_state *s) {
  MlirOperation func;
  LOOM_TRY(find_function(s, &func));
  s->is_opaque = true;
  forget_block_sizes(s);
  return describe(s, func);
}

loom_status compile_host_from_mlir(compile_state *s) {
  loom_ctx *ctx = s->ctx;
  MlirOperation func;
  LOOM_TRY(find_function(s, &func));
  const char *name = ir_func_name(&ctx->mem, func);
  LOOM_TRY(compile_values_to_memory(s, name));
  func = ir_find_func(s->stage0, name);
  LOOM_TRY(describe(s, func));
  s->is_opaque = true;
  ir_set_attr(func, "loom.tile_function", ir_unit_attr(&s->ir));
  const char *sizes;
  LOOM_TRY(read_block_sizes(s, &sizes));
  loom_status blame = s->ir.blame;
  s->ir.blame = LOOM_EUNSUP;   /* what upstream's passes refuse is a form of the user's module */
  bool has_tensors = ir_count(func, "bufferization.to_tensor") > 0;
  const char *pipeline = arena_printf(&ctx->mem, "builtin.module(%sloom-bind-symbols%s%s%s,%s)", has_tensors ? "loom-canonicalize-stage0," : "", *sizes ? "{" : "",
                                      sizes, *sizes ? "}" : "", has_tensors ? tensor_passes : memory_passes);
  loom_status st = pass_run_pipeline(&s->ir, s->stage0, pipeline, NULL);
  s->ir.blame = blame;
  forget_block_sizes(s);
  return st;
}
