/* What LLVM 22 makes wrong code of for x86-64, taken apart between its passes and its code generator:
 *  - a masked store of one lane, known at compile time, of a truncated vector writes an element of the wide vector, over what follows (AVX-512);
 *  - a comparison of 16 bf16 that becomes 16 integers has no code, and ends the process (AVX512-BF16): they are compared as f32;
 *  - a bf16 that a block hands to another travels as f32, and the instruction that narrows it makes 0 of subnormal numbers (AVX512-BF16): between blocks it travels as an integer. */
#include "base/vec.h"
#include "codegen/codegen_private.h"
#include <string.h>

typedef struct mender { loom_ctx *ctx; LLVMContextRef context; LLVMBuilderRef builder; unsigned masked_store, align; } mender;

typedef VEC_OF(LLVMValueRef) value_list;

static value_list instructions_of(mender *m, LLVMValueRef f) {
  value_list all = {0};
  for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(f); b; b = LLVMGetNextBasicBlock(b))
    for (LLVMValueRef i = LLVMGetFirstInstruction(b); i; i = LLVMGetNextInstruction(i))
      vec_push(&m->ctx->mem, &all, i);
  return all;
}

/* ---- stores of one lane ---- */
/* The one lane that a mask has; -1: more, none, or not known yet. */
static int only_lane(LLVMValueRef mask) {
  int lane = -1;
  unsigned n = LLVMIsConstant(mask) && LLVMGetTypeKind(LLVMTypeOf(mask)) == LLVMVectorTypeKind ? LLVMGetVectorSize(LLVMTypeOf(mask)) : 0;
  for (unsigned i = 0; i < n; i++) {
    LLVMValueRef bit = LLVMGetAggregateElement(mask, i);
    if (!bit || (!LLVMIsAConstantInt(bit) && !LLVMIsUndef(bit)))
      return -1;
    if (LLVMIsUndef(bit) || !LLVMConstIntGetZExtValue(bit))
      continue;
    if (lane >= 0)
      return -1;
    lane = (int)i;
  }
  return lane;
}

/* Bytes of an element; 0 for those that share a byte. */
static unsigned bytes_of(LLVMTypeRef t) {
  switch (LLVMGetTypeKind(t)) {
  case LLVMIntegerTypeKind: return LLVMGetIntTypeWidth(t) % 8 ? 0 : LLVMGetIntTypeWidth(t) / 8;
  case LLVMHalfTypeKind: case LLVMBFloatTypeKind: return 2;
  case LLVMFloatTypeKind: return 4;
  case LLVMDoubleTypeKind: return 8;
  default: return 0;
  }
}

static void store_lane(mender *m, LLVMValueRef call) {
  LLVMValueRef called = LLVMGetCalledValue(call);
  if (!LLVMIsAFunction(called) || LLVMGetIntrinsicID(called) != m->masked_store)
    return;
  LLVMValueRef vector = LLVMGetOperand(call, 0), address = LLVMGetOperand(call, 1);
  int lane = only_lane(LLVMGetOperand(call, 2));
  LLVMTypeRef element = LLVMGetElementType(LLVMTypeOf(vector));
  unsigned bytes = bytes_of(element);
  if (lane < 0 || !bytes)
    return;
  LLVMAttributeRef align = LLVMGetCallSiteEnumAttribute(call, 2, m->align);
  unsigned known = (align ? (unsigned)LLVMGetEnumAttributeValue(align) : 1) | (unsigned)lane * bytes;
  LLVMPositionBuilderBefore(m->builder, call);
  LLVMValueRef at = LLVMConstInt(LLVMInt64TypeInContext(m->context), (unsigned)lane, false);
  LLVMValueRef store = LLVMBuildStore(m->builder, LLVMBuildExtractElement(m->builder, vector, at, ""), LLVMBuildInBoundsGEP2(m->builder, element, address, &at, 1, ""));
  LLVMSetAlignment(store, known & -known);
  LLVMInstructionEraseFromParent(call);
}

/* ---- comparisons of bf16 ---- */
static bool holds_bf16(LLVMTypeRef t) { return LLVMGetTypeKind(t) == LLVMVectorTypeKind && LLVMGetTypeKind(LLVMGetElementType(t)) == LLVMBFloatTypeKind; }

/* Each bf16 is an f32, so it gives the same. */
static void compare_wide(mender *m, LLVMValueRef compare) {
  LLVMTypeRef t = LLVMTypeOf(LLVMGetOperand(compare, 0));
  if (!holds_bf16(t))
    return;
  LLVMTypeRef wide = LLVMVectorType(LLVMFloatTypeInContext(m->context), LLVMGetVectorSize(t));
  LLVMPositionBuilderBefore(m->builder, compare);
  LLVMValueRef a = LLVMBuildFPExt(m->builder, LLVMGetOperand(compare, 0), wide, ""), b = LLVMBuildFPExt(m->builder, LLVMGetOperand(compare, 1), wide, "");
  LLVMReplaceAllUsesWith(compare, LLVMBuildFCmp(m->builder, LLVMGetFCmpPredicate(compare), a, b, ""));
  LLVMInstructionEraseFromParent(compare);
}

/* ---- bf16 between blocks ---- */
/* The integers of a bf16 or a vector of them; NULL for other types. */
static LLVMTypeRef bits_of(mender *m, LLVMTypeRef t) {
  if (LLVMGetTypeKind(t) == LLVMBFloatTypeKind)
    return LLVMInt16TypeInContext(m->context);
  if (holds_bf16(t))
    return LLVMVectorType(LLVMInt16TypeInContext(m->context), LLVMGetVectorSize(t));
  return NULL;
}

static void position_behind_phis(mender *m, LLVMBasicBlockRef b) {
  LLVMValueRef i = LLVMGetFirstInstruction(b);
  while (LLVMIsAPHINode(i))
    i = LLVMGetNextInstruction(i);
  LLVMPositionBuilderBefore(m->builder, i);
}

/* A phi of integers; what comes in is cast where it comes from, once a block. */
static void replace_phi(mender *m, LLVMValueRef phi, LLVMTypeRef bits) {
  unsigned n = LLVMCountIncoming(phi);
  LLVMValueRef *from = ARENA_NEW_N(&m->ctx->mem, LLVMValueRef, n);
  LLVMBasicBlockRef *blocks = ARENA_NEW_N(&m->ctx->mem, LLVMBasicBlockRef, n);
  for (unsigned i = 0; i < n; i++) {
    blocks[i] = LLVMGetIncomingBlock(phi, i);
    for (unsigned j = 0; j < i && !from[i]; j++)
      from[i] = blocks[j] == blocks[i] ? from[j] : NULL;
    if (from[i])
      continue;
    LLVMPositionBuilderBefore(m->builder, LLVMGetBasicBlockTerminator(blocks[i]));
    from[i] = LLVMBuildBitCast(m->builder, LLVMGetIncomingValue(phi, i), bits, "");
  }
  LLVMPositionBuilderBefore(m->builder, phi);
  LLVMValueRef of_bits = LLVMBuildPhi(m->builder, bits, "");
  LLVMAddIncoming(of_bits, from, blocks, n);
  position_behind_phis(m, LLVMGetInstructionParent(phi));
  LLVMReplaceAllUsesWith(phi, LLVMBuildBitCast(m->builder, of_bits, LLVMTypeOf(phi), ""));
  LLVMInstructionEraseFromParent(phi);
}

/* Users of `value` in other blocks than `home` take it from its bits.  The builder stands where the bits are made. */
static void hand_over_bits(mender *m, LLVMValueRef value, LLVMBasicBlockRef home, LLVMTypeRef bits) {
  value_list users = {0};
  for (LLVMUseRef u = LLVMGetFirstUse(value); u; u = LLVMGetNextUse(u))
    if (LLVMGetInstructionParent(LLVMGetUser(u)) != home)
      vec_push(&m->ctx->mem, &users, LLVMGetUser(u));
  if (!users.n)
    return;
  LLVMValueRef of_bits = LLVMBuildBitCast(m->builder, value, bits, "");
  for (size_t i = 0; i < users.n; i++) {
    LLVMPositionBuilderBefore(m->builder, users.at[i]);
    LLVMValueRef again = LLVMBuildBitCast(m->builder, of_bits, LLVMTypeOf(value), "");
    for (int k = 0; k < LLVMGetNumOperands(users.at[i]); k++)
      if (LLVMGetOperand(users.at[i], (unsigned)k) == value)
        LLVMSetOperand(users.at[i], (unsigned)k, again);
  }
}

/* Behind replace_phi of all phis. */
static void hand_over_all(mender *m, LLVMValueRef f) {
  LLVMTypeRef bits;
  LLVMBasicBlockRef entry = LLVMGetEntryBasicBlock(f);
  for (LLVMValueRef p = LLVMGetFirstParam(f); p; p = LLVMGetNextParam(p))
    if ((bits = bits_of(m, LLVMTypeOf(p))) != NULL) {
      position_behind_phis(m, entry);
      hand_over_bits(m, p, entry, bits);
    }
  value_list all = instructions_of(m, f);
  for (size_t i = 0; i < all.n; i++)
    if ((bits = bits_of(m, LLVMTypeOf(all.at[i]))) != NULL) {
      LLVMPositionBuilderBefore(m->builder, LLVMGetNextInstruction(all.at[i]));
      hand_over_bits(m, all.at[i], LLVMGetInstructionParent(all.at[i]), bits);
    }
}

void codegen_mend(loom_ctx *ctx, LLVMModuleRef module) {
  mender m = {.ctx = ctx, .context = LLVMGetModuleContext(module), .masked_store = LLVMLookupIntrinsicID("llvm.masked.store", 17), .align = LLVMGetEnumAttributeKindForName("align", 5)};
  m.builder = LLVMCreateBuilderInContext(m.context);
  for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) {
    if (LLVMIsDeclaration(f))
      continue;
    value_list all = instructions_of(&m, f);
    for (size_t i = 0; i < all.n; i++) {
      LLVMTypeRef bits = LLVMIsAPHINode(all.at[i]) ? bits_of(&m, LLVMTypeOf(all.at[i])) : NULL;
      if (bits)
        replace_phi(&m, all.at[i], bits);
      else if (LLVMGetInstructionOpcode(all.at[i]) == LLVMCall)
        store_lane(&m, all.at[i]);
      else if (LLVMGetInstructionOpcode(all.at[i]) == LLVMFCmp)
        compare_wide(&m, all.at[i]);
    }
    hand_over_all(&m, f);
  }
  LLVMDisposeBuilder(m.builder);
}
