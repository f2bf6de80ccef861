#include "codegen/codegen_private.h"
#include <llvm-c/Core.h>
#include <llvm-c/Support.h>
#include <llvm-c/Target.h>
#include <pthread.h>
#include <string.h>

static pthread_once_t target_once = PTHREAD_ONCE_INIT;   /* LLVM's target table is global to the process */

/* Reduction of addresses in loops takes a third of the code generator's time; our loops have been given theirs, and run no slower without. */
static void init_target(void) {
  static const char *const options[] = {"loom", "-disable-lsr"};
  LLVMParseCommandLineOptions(2, options, "");
  LLVMInitializeNativeTarget();
  LLVMInitializeNativeAsmPrinter();
  LLVMInitializeRISCVTargetInfo();
  LLVMInitializeRISCVTarget();
  LLVMInitializeRISCVTargetMC();
  LLVMInitializeRISCVAsmPrinter();
  LLVMInitializeRISCVAsmParser();   /* .insn in inline assembly */
}

void codegen_init(void) { pthread_once(&target_once, init_target); }

static LLVMCodeGenOptLevel codegen_level(int opt_level) {
  return opt_level <= 0 ? LLVMCodeGenLevelNone : opt_level == 1 ? LLVMCodeGenLevelLess : LLVMCodeGenLevelAggressive;
}

loom_status codegen_open_target(loom_ctx *ctx, const codegen_options *o, LLVMTargetMachineRef *out) {
  *out = NULL;
  codegen_init();
  const codegen_machine *other = o->machine;
  char *triple = other ? LLVMCreateMessage(other->triple) : LLVMGetDefaultTargetTriple(), *why = NULL;
  LLVMTargetRef target;
  if (LLVMGetTargetFromTriple(triple, &target, &why)) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "LLVM has no code generator for this machine (%s): %s", triple, why);
    LLVMDisposeMessage(why);
    LLVMDisposeMessage(triple);
    return LOOM_EUNSUP;
  }
  const char *cpu = other ? other->cpu : o->cpu;
  char *host_cpu = cpu ? NULL : LLVMGetHostCPUName(), *features = other ? LLVMCreateMessage(other->features) : cpu ? NULL : LLVMGetHostCPUFeatures();
  LLVMTargetMachineOptionsRef options = LLVMCreateTargetMachineOptions();
  LLVMTargetMachineOptionsSetCPU(options, cpu ? cpu : host_cpu);
  if (features)
    LLVMTargetMachineOptionsSetFeatures(options, features);
  LLVMTargetMachineOptionsSetCodeGenOptLevel(options, codegen_level(o->opt_level));
  LLVMTargetMachineOptionsSetRelocMode(options, LLVMRelocPIC);
  LLVMTargetMachineOptionsSetCodeModel(options, LLVMCodeModelSmall);
  if (other && other->abi)
    LLVMTargetMachineOptionsSetABI(options, other->abi);
  *out = LLVMCreateTargetMachineWithOptions(target, triple, options);
  LLVMDisposeTargetMachineOptions(options);
  LLVMDisposeMessage(features);
  LLVMDisposeMessage(host_cpu);
  LLVMDisposeMessage(triple);
  if (!*out)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EBUG, "LLVM gave no target machine");
  return LOOM_OK;
}

static bool has_feature(const char *list, const char *name) {
  size_t n = strlen(name);
  for (const char *at = strstr(list, name); at; at = strstr(at + 1, name))
    if (at > list && at[-1] == '+' && (at[n] == ',' || at[n] == '\0'))
      return true;
  return false;
}

static bool is_one_of(const char *cpu, const char *const *names, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(cpu, names[i]) == 0)
      return true;
  return false;
}

int codegen_vector_bytes(const char *cpu) {
  static const char *const wide[] = {"x86-64-v4", "skylake-avx512", "icelake-server", "sapphirerapids", "znver4", "znver5"};
  static const char *const middle[] = {"x86-64-v3", "haswell", "broadwell", "skylake", "alderlake", "znver1", "znver2", "znver3"};
  if (cpu)
    return is_one_of(cpu, wide, sizeof wide / sizeof *wide) ? 64 : is_one_of(cpu, middle, sizeof middle / sizeof *middle) ? 32 : 16;
  char *features = LLVMGetHostCPUFeatures();
  int bytes = 16;
  if (has_feature(features, "avx512f") && has_feature(features, "avx512bw") && has_feature(features, "avx512vl"))
    bytes = 64;
  else if (has_feature(features, "avx2") && has_feature(features, "fma") && has_feature(features, "f16c"))
    bytes = 32;
  LLVMDisposeMessage(features);
  return bytes;
}

void codegen_describe_host(arena *m, const char **out_cpu, const char **out_features) {
  char *cpu = LLVMGetHostCPUName(), *features = LLVMGetHostCPUFeatures();
  *out_cpu = arena_strdup(m, cpu);
  *out_features = arena_strdup(m, features);
  LLVMDisposeMessage(cpu);
  LLVMDisposeMessage(features);
}

const char *codegen_missing_feature(arena *m, const char *features) {
  const char *cpu, *here;
  codegen_describe_host(m, &cpu, &here);
  for (const char *at = features; *at;) {
    size_t n = strcspn(at, ",");
    const char *name = arena_strndup(m, at + 1, n ? n - 1 : 0);
    if (*at == '+' && *name && !has_feature(here, name))
      return name;
    at += n;
    at += *at == ',';
  }
  return NULL;
}
