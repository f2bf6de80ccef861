/* One scalar unit, many lanes.  A value that is loaded from the lanes' memory is another in each lane, so it must stay in vector registers:
 *  - the code generator makes a scalar load and a broadcast of "load a vector, repeat one element of it", and loads of every other element of "load, shuffle": a freeze between
 *    them takes the pattern apart, and costs nothing;
 *  - roundings of bf16 to whole numbers are those of f32, which has them all: LLVM 22 ends the process where integers are made of them;
 *  - scalar loads from that memory, elements taken out of vectors, reductions to scalars and calls are refused. */
#include "codegen/codegen_private.h"
#include <string.h>

enum { LANE_MEMORY = 1 /* address space */, DEPTH_MAX = 64 };

typedef struct lanes { loom_ctx *ctx; LLVMBuilderRef builder; const char *function; int refused; } lanes;

static void refuse(lanes *l, const char *what, const char *instead) {
  if (l->refused++ > 0)
    return;
  diag_error(l->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "code of '%s' %s; a scalar register is one for all lanes", l->function, what);
  diag_help(l->ctx, "%s", instead);
}

static bool is_scalar(LLVMTypeRef t) {
  LLVMTypeKind k = LLVMGetTypeKind(t);
  return k != LLVMVectorTypeKind && k != LLVMScalableVectorTypeKind;
}

/* What a pointer points into, as far as it can be told. */
static LLVMValueRef base_of(LLVMValueRef p) {
  for (int i = 0; i < DEPTH_MAX && (LLVMIsAGetElementPtrInst(p) || LLVMIsABitCastInst(p) || LLVMIsAAddrSpaceCastInst(p) ||
                                    (LLVMIsAConstantExpr(p) && LLVMGetConstOpcode(p) == LLVMGetElementPtr)); i++)
    p = LLVMGetOperand(p, 0);
  return p;
}

static void check_address(lanes *l, LLVMValueRef address) {
  LLVMValueRef base = base_of(address);
  if (LLVMGetPointerAddressSpace(LLVMTypeOf(address)) != LANE_MEMORY && LLVMIsAGlobalVariable(base) && LLVMIsDeclaration(base)) {
    size_t n;
    const char *name = LLVMGetValueName2(base, &n);
    refuse(l, arena_printf(&l->ctx->mem, "reads or writes '%.*s', which is not in the scratchpad", (int)n, name), "bring it there with a transfer");
  }
}

static void check_load(lanes *l, LLVMValueRef load) {
  LLVMValueRef address = LLVMGetOperand(load, 0);
  check_address(l, address);
  if (is_scalar(LLVMTypeOf(load)) && LLVMGetPointerAddressSpace(LLVMTypeOf(address)) == LANE_MEMORY)
    refuse(l, "loads a single number from the scratchpad", "load a vector, vector<1xf32> at least");
}

/* Is it llvm.<one of these>.<types>? */
static bool is_intrinsic(LLVMValueRef f, const char *const *of, size_t count) {
  size_t n;
  const char *name = LLVMIsAFunction(f) ? LLVMGetValueName2(f, &n) : NULL;
  for (size_t i = 0; name && i < count; i++) {
    const size_t k = strlen(of[i]);
    if (n > k + 5 && memcmp(name, "llvm.", 5) == 0 && memcmp(name + 5, of[i], k) == 0 && name[5 + k] == '.')
      return true;
  }
  return false;
}

/* Functions of LLVM that end in the C library, and copies, which are made of scalar loads. */
static bool has_no_code(LLVMValueRef f) {
  static const char *const functions[] = {"exp", "exp2", "exp10", "log", "log2", "log10", "pow", "powi", "sin", "cos", "sincos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "ldexp",
                                          "frexp", "modf", "memcpy", "memmove"};
  return is_intrinsic(f, functions, sizeof functions / sizeof *functions);
}

static void refuse_function(lanes *l, const char *name, int n) {
  if (l->refused++ > 0)
    return;
  diag_error(l->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "code of '%s' needs '%.*s', a function that its machine has not", l->function, n, name);
  diag_help(l->ctx, "cores of an NPU have exp, erf, tanh, sin, cos, log, atan, sqrt and arithmetic on vectors; loom-to-vcix makes others of them");
}

static void check_call(lanes *l, LLVMValueRef call) {
  static const char reduce[] = "llvm.vector.reduce.";
  LLVMValueRef f = LLVMGetCalledValue(call);
  if (!LLVMIsAFunction(f))
    return;
  size_t n;
  const char *name = LLVMGetValueName2(f, &n);
  if (n > sizeof reduce && memcmp(name, reduce, sizeof reduce - 1) == 0)
    refuse(l, "reduces a vector to a single number", "combine the vector with shuffles of itself; every element then has the result");
  else if (has_no_code(f) || (LLVMGetIntrinsicID(f) == 0 && LLVMIsDeclaration(f)))
    refuse_function(l, name, (int)n);
}

static void keep_apart(lanes *l, LLVMValueRef shuffle) {
  for (unsigned i = 0; i < 2; i++) {
    LLVMValueRef v = LLVMGetOperand(shuffle, i);
    if (!LLVMIsALoadInst(v))
      continue;
    LLVMPositionBuilderBefore(l->builder, shuffle);
    LLVMSetOperand(shuffle, i, LLVMBuildFreeze(l->builder, v, ""));
  }
}

static LLVMTypeRef with_element(LLVMTypeRef vector, LLVMTypeRef element) {
  return LLVMGetTypeKind(vector) == LLVMScalableVectorTypeKind ? LLVMScalableVectorType(element, LLVMGetVectorSize(vector)) : LLVMVectorType(element, LLVMGetVectorSize(vector));
}

/* Behind LLVM's passes, which would make it narrow again. */
static bool widen_rounding(lanes *l, LLVMValueRef call) {
  static const char *const roundings[] = {"ceil", "floor", "trunc", "round", "roundeven", "rint", "nearbyint"};
  LLVMValueRef f = LLVMGetCalledValue(call);
  LLVMTypeRef t = LLVMTypeOf(call);
  if (!is_intrinsic(f, roundings, sizeof roundings / sizeof *roundings) || is_scalar(t) || LLVMGetTypeKind(LLVMGetElementType(t)) != LLVMBFloatTypeKind)
    return false;
  LLVMTypeRef wide = with_element(t, LLVMFloatTypeInContext(LLVMGetTypeContext(t)));
  LLVMValueRef of_wide = LLVMGetIntrinsicDeclaration(LLVMGetGlobalParent(f), LLVMGetIntrinsicID(f), &wide, 1);
  LLVMPositionBuilderBefore(l->builder, call);
  LLVMValueRef x = LLVMBuildFPExt(l->builder, LLVMGetOperand(call, 0), wide, ""), y = LLVMBuildCall2(l->builder, LLVMGlobalGetValueType(of_wide), of_wide, &x, 1, "");
  LLVMReplaceAllUsesWith(call, LLVMBuildFPTrunc(l->builder, y, t, ""));
  LLVMInstructionEraseFromParent(call);
  return true;
}

static void visit(lanes *l, LLVMValueRef i) {
  switch (LLVMGetInstructionOpcode(i)) {
  case LLVMLoad: check_load(l, i); break;
  case LLVMStore: check_address(l, LLVMGetOperand(i, 1)); break;
  case LLVMCall:
    if (!widen_rounding(l, i))
      check_call(l, i);
    break;
  case LLVMFRem: refuse_function(l, "fmod", 4); break;
  case LLVMExtractElement: refuse(l, "takes a single number out of a vector", "keep vectors: repeat the element with vector.broadcast or vector.shuffle"); break;
  case LLVMShuffleVector: keep_apart(l, i); break;
  default: break;
  }
}

loom_status codegen_keep_lanes(loom_ctx *ctx, LLVMModuleRef m) {
  lanes l = {.ctx = ctx, .builder = LLVMCreateBuilderInContext(LLVMGetModuleContext(m))};
  for (LLVMValueRef f = LLVMGetFirstFunction(m); f; f = LLVMGetNextFunction(f)) {
    size_t n;
    l.function = LLVMGetValueName2(f, &n);
    for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(f); b; b = LLVMGetNextBasicBlock(b))
      for (LLVMValueRef i = LLVMGetFirstInstruction(b), next; i; i = next) {
        next = LLVMGetNextInstruction(i);
        visit(&l, i);
      }
  }
  LLVMDisposeBuilder(l.builder);
  return l.refused ? LOOM_EUNSUP : LOOM_OK;
}
