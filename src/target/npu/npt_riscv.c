/* module -> dialect LLVM -> object. */
#include "target/npu/npt_riscv.h"
#include "codegen/codegen.h"
#include "dialect/togsim.h"
#include "target/npu/npt_riscv_private.h"

/* PyTorchSim's standard lowering in two parts: between them reductions become shuffles.  scf becomes cf first: that makes arith. */
static const char to_vectors[] = "builtin.module(convert-linalg-to-loops,convert-vector-to-scf{full-unroll=true},lower-affine,expand-strided-metadata,convert-scf-to-cf,func.func(lower-vector-multi-reduction))";
static const char to_llvm[] = "builtin.module(finalize-memref-to-llvm,convert-vector-to-llvm,convert-arith-to-llvm,convert-math-to-llvm,convert-cf-to-llvm,"
                              "convert-func-to-llvm,convert-index-to-llvm,convert-ub-to-llvm,reconcile-unrealized-casts)";
/* LLVM's, function by function: no vectorizer, no loop that becomes a call of memset, nothing inlined. */
static const char passes[] = "function(sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,loop(loop-rotate),loop-mssa(licm),loop(indvars,loop-deletion,loop-unroll-full),gvn,correlated-propagation,"
                             "instcombine<no-verify-fixpoint>,simplifycfg,adce)";

typedef struct walk { ir_ctx *ir; npt_op_list dead; loom_status status; } walk;

static loom_status look(walk *w, MlirOperation op) {
  loom_ctx *ctx = w->ir->ctx;
  if (npt_is_transfer(op)) {
    diag_error(ctx, ir_span(w->ir, op), LOOM_EUNSUP, "%s has no machine code", ir_op_name(op));
    diag_help(ctx, "run loom-lower-dma first");
    return LOOM_EUNSUP;
  }
  bool is_load = ir_op_is(op, "affine.load") || ir_op_is(op, "memref.load");
  if (is_load && togsim_is_spad(mlirValueGetType(ir_operand(op, 0)))) {
    diag_error(ctx, ir_span(w->ir, op), LOOM_EUNSUP, "%s loads a single number from the scratchpad; a scalar register is one for all lanes", ir_op_name(op));
    diag_help(ctx, "load a vector, vector<1xf32> at least");
    return LOOM_EUNSUP;
  }
  if (text_starts(ir_op_name(op), "linalg.") && ir_num_operands(op) && togsim_is_spad(mlirValueGetType(ir_operand(op, 0)))) {
    diag_error(ctx, ir_span(w->ir, op), LOOM_EUNSUP, "%s on the scratchpad has no vector code", ir_op_name(op));
    diag_help(ctx, "loom-to-vcix lowers linalg.matmul in accumulation and outer loops, with npu.matmul anywhere; write loops over vectors for others");
    return LOOM_EUNSUP;
  }
  if (npt_is_wait(op) || ir_op_is(op, "memref.alloc"))
    vec_push(&ctx->mem, &w->dead, op);
  return LOOM_OK;
}

static bool visit(MlirOperation op, void *data) {
  walk *w = data;
  w->status = look(w, op);
  return w->status == LOOM_OK;
}

/* Waits have no code, and with them and the transfers their tags are unused. */
static loom_status clean(ir_ctx *ir, MlirModule m) {
  walk w = {.ir = ir};
  ir_walk(mlirModuleGetOperation(m), visit, &w);
  LOOM_TRY(w.status);
  for (int tags = 0; tags < 2; tags++)
    for (size_t i = 0; i < w.dead.n; i++)
      if (npt_is_wait(w.dead.at[i]) == !tags && !ir_erase(w.dead.at[i]) && tags)
        LOOM_FAIL(ir->ctx, ir_span(ir, w.dead.at[i]), LOOM_EUNSUP, "an NPU has no heap: memory of a program is memref.global");
  return LOOM_OK;
}

/* Tiles and tensors are somebody else's: symbols that the object needs. */
static loom_status open_globals(ir_ctx *ir, MlirModule m) {
  MlirBlock body = mlirModuleGetBody(m);
  for (MlirOperation g = mlirBlockGetFirstOperation(body); !mlirOperationIsNull(g); g = mlirOperationGetNextInBlock(g)) {
    if (!ir_op_is(g, "memref.global"))
      continue;
    MlirType t = mlirTypeAttrGetValue(ir_attr_of(g, "type"));
    MlirAttribute value = ir_attr_of(g, "initial_value");
    bool is_tile = togsim_is_spad(t), has_value = !mlirAttributeIsNull(value) && !mlirAttributeIsAUnit(value);
    if (is_tile && has_value)
      LOOM_FAIL(ir->ctx, ir_span(ir, g), LOOM_EUNSUP, "tile '%s' has a value from the start; a scratchpad is filled by transfers and stores", ir_attr_string(&ir->ctx->scratch, ir_attr_of(g, "sym_name")));
    if (has_value || (!is_tile && !mlirAttributeIsNull(value)))
      continue;
    ir_set_attr(g, "initial_value", (MlirAttribute){NULL});
    ir_set_attr(g, "sym_visibility", (MlirAttribute){NULL});
  }
  return LOOM_OK;
}

static loom_status check_vlen(ir_ctx *ir, int vlen_bits) {
  if (vlen_bits < NPT_VLEN_MIN || vlen_bits > NPT_VLEN_MAX || (vlen_bits & (vlen_bits - 1)))
    LOOM_FAIL(ir->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "vectors of %d bits; registers have 128, 256, 512 or 1024", vlen_bits);
  return LOOM_OK;
}

static bool find_rest(MlirOperation op, void *data) {
  if (text_starts(ir_op_name(op), "llvm.") || ir_op_is(op, "builtin.module"))
    return true;
  *(MlirOperation *)data = op;
  return false;
}

/* Operations that upstream's passes know no LLVM for. */
static loom_status check_lowered(ir_ctx *ir, MlirModule m) {
  MlirOperation rest = {NULL};
  if (ir_walk(mlirModuleGetOperation(m), find_rest, &rest))
    return LOOM_OK;
  LOOM_FAIL(ir->ctx, ir_span(ir, rest), LOOM_EUNSUP, "%s has no machine code on an NPU", ir_op_name(rest));
}

loom_status npt_riscv_lower(ir_ctx *ir, MlirModule m, int vlen_bits) {
  LOOM_TRY(check_vlen(ir, vlen_bits));
  LOOM_TRY(dialect_load_vcix(ir));
  LOOM_TRY(clean(ir, m));
  LOOM_TRY(open_globals(ir, m));
  LOOM_TRY(npt_riscv_lower_vcix(ir, m, vlen_bits));
  LOOM_TRY(ir_run_pipeline(ir, m, to_vectors));
  LOOM_TRY(npt_riscv_lower_reductions(ir, m));
  LOOM_TRY(npt_riscv_keep_lanes(ir, m));
  LOOM_TRY(ir_run_pipeline(ir, m, to_llvm));
  return check_lowered(ir, m);
}

/* Functions of the C library that the code generator fell back on. */
static loom_status check_undefined(ir_ctx *ir, MlirModule lowered, const npt_riscv_code *code) {
  const char *const *names;
  size_t n;
  LOOM_TRY(codegen_undefined(ir->ctx, code->object, code->size, &names, &n));
  for (size_t i = 0; i < n; i++) {
    if (!mlirOperationIsNull(ir_find_symbol(ir, mlirModuleGetBody(lowered), "llvm.mlir.global", names[i])))
      continue;
    diag_error(ir->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "the program needs the function '%s', which an NPU has not", names[i]);
    diag_help(ir->ctx, "its cores have exp, erf, tanh, sin, cos, log, atan, sqrt and arithmetic on vectors");
    return LOOM_EUNSUP;
  }
  return LOOM_OK;
}

loom_status npt_riscv_compile(ir_ctx *ir, MlirModule m, int vlen_bits, bool want_asm, npt_riscv_code *out) {
  *out = (npt_riscv_code){0};
  LOOM_TRY(check_vlen(ir, vlen_bits));
  const char *features = arena_printf(&ir->ctx->mem, "+m,+a,+f,+d,+c,+v,+zvl%db,+zfh,+zvfh,+zfbfmin,+zvfbfmin,+xsfvcp", vlen_bits);
  const codegen_machine machine = {.triple = "riscv64-unknown-elf", .cpu = "generic-rv64", .features = features, .abi = "lp64d", .vscale = vlen_bits / 64, .has_lanes = true};
  const codegen_options o = {.opt_level = 2, .passes = passes, .machine = &machine};
  MlirModule lowered = ir_clone_module(m);
  loom_status st = npt_riscv_lower(ir, lowered, vlen_bits);
  if (st == LOOM_OK)
    st = codegen_object(ir, lowered, &o, &out->object, &out->size);
  if (st == LOOM_OK)
    st = check_undefined(ir, lowered, out);
  if (st == LOOM_OK)
    st = npt_riscv_check_code(ir->ctx, out->object, out->size);
  if (st == LOOM_OK && want_asm)
    st = codegen_assembly(ir, lowered, &o, &out->assembly);
  ir_close_module(lowered);
  return st;
}
