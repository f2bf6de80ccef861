#include "target/cpu/cpu_kernels_private.h"
#include <string.h>

const char *cpu_kernel_place(ir_ctx *ir, MlirOperation op) {
  loom_span s = ir_span(ir, op);
  return s.source && s.line > 0 && s.source->path[0] != '<' /* text of our own */ ? arena_printf(&ir->ctx->mem, "%s:%d:%d", s.source->path, s.line, s.col) : "";
}

void cpu_add_pointer(text *o, const char *to, const char *memref, const char *type) {
  text_addf(o, "  %s_i = memref.extract_aligned_pointer_as_index %s : %s -> index\n  %s_w = arith.index_cast %s_i : index to i64\n  %s = llvm.inttoptr %s_w : i64 to !llvm.ptr\n", to, memref,
            type, to, to, to, to);
}

/* A constant of MLIR text: what a string may not hold is written in hex. */
static const char *escaped(arena *m, const char *s) {
  text t = text_new(m);
  for (; *s; s++)
    if (*s == '"' || *s == '\\' || (unsigned char)*s < 32 || (unsigned char)*s > 126)
      text_addf(&t, "\\%02X", (unsigned char)*s);
    else
      text_add_bytes(&t, s, 1);
  return text_str(&t);
}

static const char declarations[] =
    "func.func private @loom_kernel_here() -> !llvm.ptr\n"
    "func.func private @loom_kernel_offer(!llvm.ptr, i64, !llvm.ptr) -> i32\nfunc.func private @loom_kernel_kind(!llvm.ptr, i64) -> i32\n"
    "func.func private @loom_kernel_function(!llvm.ptr, i64) -> !llvm.ptr\nfunc.func private @loom_kernel_packed(!llvm.ptr, i64, !llvm.ptr) -> i32\n";

static loom_status add_functions(kernel_sites *s) {
  return cpu_add_functions(s->ir, s->module, "kernel providers", arena_printf(&s->ir->ctx->mem, "%s%s", declarations, text_str(&s->functions)));
}

/* The address of the link, and the table of what is left to providers. */
static loom_status add_link(kernel_sites *s) {
  arena *m = &s->ir->ctx->mem;
  mlirOperationDestroy(ir_find_func(s->module, "loom_kernel_here"));      /* declared so far */
  return cpu_add_functions(s->ir, s->module, "kernel providers",
                           arena_printf(m, "llvm.mlir.global external @%s() : !llvm.ptr\nllvm.mlir.global external constant @%s(\"%s\\00\")\n"
                                           "func.func private @loom_kernel_here() -> !llvm.ptr attributes {llvm.linkage = #llvm.linkage<internal>} {\n"
                                           "  %%link = llvm.mlir.addressof @%s : !llvm.ptr\n  return %%link : !llvm.ptr\n}\n",
                                        PROVIDER_LINK_SYMBOL, PROVIDER_SITES_SYMBOL, escaped(m, text_str(&s->lines)), PROVIDER_LINK_SYMBOL));
}

loom_status cpu_leave_to_providers(ir_ctx *ir, MlirModule m, bool offers) {
  arena *mem = &ir->ctx->mem;
  kernel_sites s = {.ir = ir, .module = m, .lines = text_new(mem), .functions = text_new(mem)};
  LOOM_TRY(cpu_write_imports(&s));
  if (s.n)                                  /* at once: their generated code may be offered in turn */
    LOOM_TRY(add_functions(&s));
  int imports = s.n;
  s.functions = text_new(mem);
  if (offers)
    LOOM_TRY(cpu_offer_products(&s));
  if (s.n > imports)
    LOOM_TRY(add_functions(&s));
  return s.n ? add_link(&s) : LOOM_OK;
}

/* Pointers to functions as addresses, which C spells through memcpy. */
#define ADDRESS_OF(out, fn) \
  do {                      \
    void (*f_)(void) = (void (*)(void))(fn); \
    memcpy(&(out), &f_, sizeof f_);          \
  } while (0)

void cpu_grant_providers(provider_link *link, codegen_symbol out[CPU_PROVIDER_GRANTS]) {
  size_t n = 0;
  out[n++] = (codegen_symbol){PROVIDER_LINK_SYMBOL, link};
#define X(symbol) out[n].name = #symbol; ADDRESS_OF(out[n].address, symbol); n++;
  PROVIDER_LINK_LIST(X)
#undef X
}

loom_status cpu_bind_providers(loom_ctx *ctx, codegen_image *image, provider_link *link, const provider_set *set) {
  return provider_link_bind(ctx, link, set, codegen_lookup(image, PROVIDER_SITES_SYMBOL));
}
