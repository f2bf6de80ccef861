/* MLIR's LLVM dialect -> LLVM IR -> passes -> object in memory. */
#include "codegen/codegen_private.h"
#include <llvm-c/Analysis.h>
#include <llvm-c/Core.h>
#include <llvm-c/Error.h>
#include <llvm-c/Transforms/PassBuilder.h>
#include <mlir-c/Target/LLVMIR.h>
#include <stdio.h>
#include <string.h>

/* What one run of LLVM owns; close_unit frees whatever was opened. */
typedef struct unit {
  loom_ctx *ctx;
  LLVMContextRef context;
  LLVMTargetMachineRef machine;
  LLVMModuleRef module;
  char said[400];   /* first error LLVM reported; it calls from its own frames, so no arena here */
} unit;

static void hear(LLVMDiagnosticInfoRef info, void *data) {
  unit *u = data;
  if (LLVMGetDiagInfoSeverity(info) != LLVMDSError || u->said[0])
    return;
  char *s = LLVMGetDiagInfoDescription(info);
  snprintf(u->said, sizeof u->said, "%s", s);
  LLVMDisposeMessage(s);
}

static void close_unit(unit *u) {
  if (u->module)
    LLVMDisposeModule(u->module);
  if (u->machine)
    LLVMDisposeTargetMachine(u->machine);
  if (u->context)
    LLVMContextDispose(u->context);
}

/* "prefer-vector-width": tuning of some CPUs would split our 512-bit vectors. */
static void set_host_attributes(unit *u) {
  LLVMAttributeRef wide = LLVMCreateStringAttribute(u->context, "prefer-vector-width", 19, "512", 3);
  LLVMAttributeRef no_trap = LLVMCreateStringAttribute(u->context, "no-trapping-math", 16, "true", 4);
  for (LLVMValueRef f = LLVMGetFirstFunction(u->module); f; f = LLVMGetNextFunction(f))
    if (!LLVMIsDeclaration(f)) {
      LLVMAddAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, wide);
      LLVMAddAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, no_trap);
    }
}

static void add_attribute(LLVMValueRef f, LLVMAttributeRef a) { LLVMAddAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, a); }

/* Registers of known length; loops that set or copy memory stay loops. */
static void set_machine_attributes(unit *u, const codegen_machine *machine) {
  LLVMAttributeRef plain = LLVMCreateStringAttribute(u->context, "no-builtins", 11, "", 0);
  uint64_t vscale = (uint64_t)machine->vscale;
  LLVMAttributeRef range = LLVMCreateEnumAttribute(u->context, LLVMGetEnumAttributeKindForName("vscale_range", 12), vscale << 32 | vscale);
  for (LLVMValueRef f = LLVMGetFirstFunction(u->module); f; f = LLVMGetNextFunction(f)) {
    if (LLVMIsDeclaration(f))
      continue;
    if (machine->has_lanes)
      add_attribute(f, plain);
    if (machine->vscale)
      add_attribute(f, range);
  }
}

static loom_status open_unit(ir_ctx *ir, MlirModule m, const codegen_options *o, unit *u) {
  *u = (unit){.ctx = ir->ctx};
  LOOM_TRY(codegen_open_target(ir->ctx, o, &u->machine));
  u->context = LLVMContextCreate();
  LLVMContextSetDiagnosticHandler(u->context, hear, u);
  ir_register_translations(ir);
  int errors = ir->ctx->diag.errors;
  u->module = mlirTranslateModuleToLLVMIR(mlirModuleGetOperation(m), u->context);
  if (!u->module) {
    if (ir->ctx->diag.errors == errors)
      diag_error(ir->ctx, LOOM_NOSPAN, LOOM_EBUG, "the module cannot be translated to LLVM IR");
    return LOOM_EBUG;
  }
  char *triple = LLVMGetTargetMachineTriple(u->machine);
  LLVMSetTarget(u->module, triple);
  LLVMDisposeMessage(triple);
  LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(u->machine);
  LLVMSetModuleDataLayout(u->module, layout);
  LLVMDisposeTargetData(layout);
  if (o->machine)
    set_machine_attributes(u, o->machine);
  else
    set_host_attributes(u);
  return LOOM_OK;
}

static loom_status optimise(unit *u, const codegen_options *o) {
  static const char *const defaults[] = {"default<O0>", "default<O1>", "default<O2>", "default<O3>"};
  const char *pipeline = o->passes ? o->passes : defaults[o->opt_level < 0 ? 0 : o->opt_level > 3 ? 3 : o->opt_level];
  char *why = NULL;
  if (LLVMVerifyModule(u->module, LLVMReturnStatusAction, &why)) {
    diag_error(u->ctx, LOOM_NOSPAN, LOOM_EBUG, "the translated LLVM IR is invalid: %s", why);
    LLVMDisposeMessage(why);
    return LOOM_EBUG;
  }
  LLVMDisposeMessage(why);
  LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
  LLVMErrorRef error = LLVMRunPasses(u->module, pipeline, u->machine, options);
  LLVMDisposePassBuilderOptions(options);
  if (error) {
    char *said = LLVMGetErrorMessage(error);
    diag_error(u->ctx, LOOM_NOSPAN, LOOM_EBUG, "LLVM's passes failed: %s", said);
    LLVMDisposeErrorMessage(said);
    return LOOM_EBUG;
  }
  return LOOM_OK;
}

static loom_status emit(unit *u, LLVMCodeGenFileType kind, char **out_object, size_t *out_size) {
  char *why = NULL;
  LLVMMemoryBufferRef buffer = NULL;
  if (LLVMTargetMachineEmitToMemoryBuffer(u->machine, u->module, kind, &why, &buffer)) {
    diag_error(u->ctx, LOOM_NOSPAN, LOOM_EBUG, "LLVM cannot emit code: %s", why);
    LLVMDisposeMessage(why);
    return LOOM_EBUG;
  }
  if (u->said[0]) {
    LLVMDisposeMemoryBuffer(buffer);
    LOOM_FAIL(u->ctx, LOOM_NOSPAN, LOOM_EBUG, "LLVM's code generator refused the module: %s", u->said);
  }
  *out_size = LLVMGetBufferSize(buffer);
  *out_object = arena_strndup(&u->ctx->mem, LLVMGetBufferStart(buffer), *out_size);
  LLVMDisposeMemoryBuffer(buffer);
  return LOOM_OK;
}

static loom_status make_code(ir_ctx *ir, MlirModule m, const codegen_options *o, LLVMCodeGenFileType kind, char **out, size_t *out_size) {
  unit u;
  loom_status st = open_unit(ir, m, o, &u);
  if (st == LOOM_OK)
    st = optimise(&u, o);
  if (st == LOOM_OK && o->machine && o->machine->has_lanes)
    st = codegen_keep_lanes(ir->ctx, u.module);
  if (st == LOOM_OK && !o->machine)
    codegen_mend(ir->ctx, u.module);
  if (st == LOOM_OK)
    st = emit(&u, kind, out, out_size);
  close_unit(&u);
  return st;
}

loom_status codegen_object(ir_ctx *ir, MlirModule m, const codegen_options *o, char **out_object, size_t *out_size) {
  return make_code(ir, m, o, LLVMObjectFile, out_object, out_size);
}

loom_status codegen_assembly(ir_ctx *ir, MlirModule m, const codegen_options *o, const char **out) {
  char *s;
  size_t size;
  LOOM_TRY(make_code(ir, m, o, LLVMAssemblyFile, &s, &size));
  *out = s;
  return LOOM_OK;
}

loom_status codegen_llvm_text(ir_ctx *ir, MlirModule m, const codegen_options *o, const char **out) {
  unit u;
  loom_status st = open_unit(ir, m, o, &u);
  if (st == LOOM_OK)
    st = optimise(&u, o);
  if (st == LOOM_OK) {
    char *s = LLVMPrintModuleToString(u.module);
    *out = arena_strdup(&ir->ctx->mem, s);
    LLVMDisposeMessage(s);
  }
  close_unit(&u);
  return st;
}
