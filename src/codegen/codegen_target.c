#include "codegen/codegen_private.h"
#include <llvm-c/Core.h>
#include <llvm-c/Target.h>
#include <pthread.h>

static pthread_once_t target_once = PTHREAD_ONCE_INIT;   /* LLVM's target table is global to the process */

static void init_target(void) {
  LLVMInitializeNativeTarget();
  LLVMInitializeNativeAsmPrinter();
}

static LLVMCodeGenOptLevel codegen_level(int opt_level) {
  return opt_level <= 0 ? LLVMCodeGenLevelNone : opt_level == 1 ? LLVMCodeGenLevelLess : LLVMCodeGenLevelAggressive;
}

loom_status codegen_open_target(loom_ctx *ctx, const codegen_options *o, LLVMTargetMachineRef *out) {
  *out = NULL;
  pthread_once(&target_once, init_target);
  char *triple = LLVMGetDefaultTargetTriple(), *why = NULL;
  LLVMTargetRef target;
  if (LLVMGetTargetFromTriple(triple, &target, &why)) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "LLVM has no code generator for this machine (%s): %s", triple, why);
    LLVMDisposeMessage(why);
    LLVMDisposeMessage(triple);
    return LOOM_EUNSUP;
  }
  char *host_cpu = o->cpu ? NULL : LLVMGetHostCPUName(), *features = o->cpu ? NULL : LLVMGetHostCPUFeatures();
  LLVMTargetMachineOptionsRef options = LLVMCreateTargetMachineOptions();
  LLVMTargetMachineOptionsSetCPU(options, o->cpu ? o->cpu : host_cpu);
  if (features)
    LLVMTargetMachineOptionsSetFeatures(options, features);
  LLVMTargetMachineOptionsSetCodeGenOptLevel(options, codegen_level(o->opt_level));
  LLVMTargetMachineOptionsSetRelocMode(options, LLVMRelocPIC);
  LLVMTargetMachineOptionsSetCodeModel(options, LLVMCodeModelSmall);
  *out = LLVMCreateTargetMachineWithOptions(target, triple, options);
  LLVMDisposeTargetMachineOptions(options);
  LLVMDisposeMessage(features);
  LLVMDisposeMessage(host_cpu);
  LLVMDisposeMessage(triple);
  if (!*out)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EBUG, "LLVM gave no target machine");
  return LOOM_OK;
}
