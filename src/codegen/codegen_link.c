/* Links objects into this process.  Each image is a library of its own that sees its granted symbols and nothing else of the process. */
#include "base/vec.h"
#include "codegen/codegen_private.h"
#include <llvm-c/Core.h>
#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <string.h>

struct codegen_image { LLVMOrcLLJITRef jit; LLVMOrcJITDylibRef library; };

static loom_status failed(loom_ctx *ctx, LLVMErrorRef error, const char *what) {
  char *said = LLVMGetErrorMessage(error);
  diag_error(ctx, LOOM_NOSPAN, LOOM_EBUG, "%s: %s", what, said);
  LLVMDisposeErrorMessage(said);
  return LOOM_EBUG;
}

/* The one gate: what is linked here, kept for later or handed to other programs has come through it. */
static loom_status check_object(loom_ctx *ctx, const elf_symbols *symbols, const codegen_options *o) {
  if (symbols->hazard) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "the object code has %s", symbols->hazard);
    diag_help(ctx, "compute code is called and does nothing else; it is not linked");
    return LOOM_EINPUT;
  }
  text names = text_new(&ctx->mem);
  size_t n = 0;
  for (size_t i = 0; i < symbols->n_undefined; i++)
    if (!codegen_granted(o, symbols->undefined[i]))
      text_addf(&names, "%s%s", n++ ? ", " : "", symbols->undefined[i]);
  if (n == 0)
    return LOOM_OK;
  diag_error(ctx, LOOM_NOSPAN, LOOM_EINPUT, "the object code needs %zu symbol%s that %s not granted: %s", n, n == 1 ? "" : "s",
             n == 1 ? "is" : "are", text_str(&names));
  diag_help(ctx, "compute code may use memory moves, libm and what its kernel provider exports, nothing else");
  return LOOM_EINPUT;
}

static loom_status define_grants(loom_ctx *ctx, codegen_image *image, const elf_symbols *symbols, const codegen_options *o) {
  if (symbols->n_undefined == 0)
    return LOOM_OK;
  LLVMOrcCSymbolMapPair *pairs = ARENA_NEW_N(&ctx->mem, LLVMOrcCSymbolMapPair, symbols->n_undefined);
  for (size_t i = 0; i < symbols->n_undefined; i++) {
    pairs[i].Name = LLVMOrcLLJITMangleAndIntern(image->jit, symbols->undefined[i]);
    pairs[i].Sym.Address = (LLVMOrcExecutorAddress)(uintptr_t)codegen_granted(o, symbols->undefined[i]);
    pairs[i].Sym.Flags.GenericFlags = LLVMJITSymbolGenericFlagsExported | LLVMJITSymbolGenericFlagsCallable;
  }
  LLVMOrcMaterializationUnitRef unit = LLVMOrcAbsoluteSymbols(pairs, symbols->n_undefined);
  LLVMErrorRef error = LLVMOrcJITDylibDefine(image->library, unit);
  if (!error)
    return LOOM_OK;
  LLVMOrcDisposeMaterializationUnit(unit);
  return failed(ctx, error, "the granted symbols cannot be defined");
}

typedef struct lookup_answer { void *address; LLVMErrorRef error; } lookup_answer;

static void take_answer(LLVMErrorRef error, LLVMOrcCSymbolMapPairs found, size_t n, void *data) {
  lookup_answer *answer = data;
  answer->error = error;
  if (!error && n == 1)
    answer->address = (void *)(uintptr_t)found[0].Sym.Address;
}

/* The jit runs its tasks in this thread, so the answer is there when the call returns. */
static lookup_answer look_up(codegen_image *image, const char *name) {
  LLVMOrcCJITDylibSearchOrderElement order = {image->library, LLVMOrcJITDylibLookupFlagsMatchExportedSymbolsOnly};
  LLVMOrcCLookupSetElement want = {LLVMOrcLLJITMangleAndIntern(image->jit, name), LLVMOrcSymbolLookupFlagsRequiredSymbol};
  lookup_answer answer = {0};
  LLVMOrcExecutionSessionLookup(LLVMOrcLLJITGetExecutionSession(image->jit), LLVMOrcLookupKindStatic, &order, 1, &want, 1, take_answer,
                                &answer);
  return answer;
}

static loom_status add_object(loom_ctx *ctx, codegen_image *image, const char *object, size_t size) {
  LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(object, size, "loom-object");
  LLVMErrorRef error = LLVMOrcLLJITAddObjectFile(image->jit, image->library, buffer);
  return error ? failed(ctx, error, "the object code cannot be loaded") : LOOM_OK;
}

/* Linking is lazy; asking for one symbol links the whole object, so failures are reported here and not at a later lookup. */
static loom_status force_link(loom_ctx *ctx, codegen_image *image, const elf_symbols *symbols) {
  if (!symbols->first_defined)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EINPUT, "the object code defines no function");
  lookup_answer answer = look_up(image, symbols->first_defined);
  return answer.error ? failed(ctx, answer.error, "the object code cannot be linked") : LOOM_OK;
}

loom_status codegen_check(loom_ctx *ctx, const char *object, size_t size, const codegen_options *o) {
  elf_symbols symbols;
  LOOM_TRY(codegen_read_symbols(ctx, object, size, &symbols));
  return check_object(ctx, &symbols, o);
}

loom_status codegen_link(loom_ctx *ctx, const char *object, size_t size, const codegen_options *o, codegen_image **out) {
  *out = NULL;
  elf_symbols symbols;
  codegen_init();
  LOOM_TRY(codegen_read_symbols(ctx, object, size, &symbols));
  LOOM_TRY(check_object(ctx, &symbols, o));
  codegen_image *image = ARENA_NEW(&ctx->mem, codegen_image);
  LLVMErrorRef error = LLVMOrcCreateLLJIT(&image->jit, NULL);
  if (error)
    return failed(ctx, error, "the linker cannot start");
  image->library = LLVMOrcExecutionSessionCreateBareJITDylib(LLVMOrcLLJITGetExecutionSession(image->jit), "loom");
  loom_status st = define_grants(ctx, image, &symbols, o);
  if (st == LOOM_OK)
    st = add_object(ctx, image, object, size);
  if (st == LOOM_OK)
    st = force_link(ctx, image, &symbols);
  if (st != LOOM_OK)
    codegen_unlink(image);
  else
    *out = image;
  return st;
}

void *codegen_lookup(codegen_image *image, const char *name) {
  if (!image || !image->jit)
    return NULL;
  lookup_answer answer = look_up(image, name);
  if (answer.error)
    LLVMConsumeError(answer.error);
  return answer.address;
}

void codegen_unlink(codegen_image *image) {
  if (!image || !image->jit)
    return;
  LLVMErrorRef error = LLVMOrcDisposeLLJIT(image->jit);
  if (error)
    LLVMConsumeError(error);
  image->jit = NULL;
}
