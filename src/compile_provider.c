#include "compile_provider.h"
#include "compile_exec.h"
#include "kernel/kernel_product.h"
#include <string.h>

/* The one entry of a kernel that is a product, in the form that object code has it in (run/provider_link.h). */
static loom_status describe_kernel(compile_state *s, compile_providers *p, const char **out) {
  arena *m = &s->ctx->mem;
  const kernel_graph *k = s->kernel;
  const sym_binding *given, *blocks;
  size_t n_given, n;
  kernel_product product;
  *out = "";
  LOOM_TRY(compile_given_blocks(s, &given, &n_given));
  LOOM_TRY(kernel_block_sizes(s->ctx, k, given, n_given, &blocks, &n));
  p->offers_kernel = kernel_is_product(s->ctx, k, blocks, n, &product);
  if (!p->offers_kernel)
    return LOOM_OK;
  text t = text_new(m);
  text_addf(&t, "offer\tlinalg.%s(%s,%s)->%s\toverwrite\t", product.rank > 2 ? "batch_matmul" : "matmul", dtype_mlir(k->tensors.at[product.tensor[0]].shape.type),
            dtype_mlir(k->tensors.at[product.tensor[1]].shape.type), dtype_mlir(k->tensors.at[product.tensor[2]].shape.type));
  for (int i = 0; i < 3; i++)
    for (int d = 0; d < product.rank; d++)
      text_addf(&t, "%s%" PRId64, d ? "x" : i ? "," : "", product.size[i][d]);
  text_add(&t, "\t");
  if (product.span.source && product.span.line > 0)
    text_addf(&t, "%s:%d:%d", product.span.source->path, product.span.line, product.span.col);
  text_add(&t, "\n");
  *out = text_str(&t);
  return LOOM_OK;
}

loom_status compile_link_host(compile_state *s, compile_providers **out_providers, codegen_image **out) {
  static const provider_options none = {0};
  compile_providers *p = *out_providers = ARENA_NEW(&s->ctx->mem, compile_providers);
  const char *sites;
  *out = NULL;
  p->link = provider_link_new(&s->ctx->mem);
  LOOM_TRY(provider_set_open(s->ctx, s->o->providers ? s->o->providers : &none, &p->set));
  LOOM_TRY(cpu_link_kernel_with(s->ctx, s->object, s->object_size, p->link, out));
  if (s->is_opaque || !s->o->providers)
    return cpu_bind_providers(s->ctx, *out, p->link, &p->set);
  LOOM_TRY(describe_kernel(s, p, &sites));
  return provider_link_bind(s->ctx, p->link, &p->set, sites);
}

loom_status compile_offer_kernel(compile_state *s, const compile_providers *p, void *const *by_root, compile_call *call) {
  enum { WORDS = 2 + 2 * KERNEL_RANK_MAX };
  const sym_binding *given, *blocks;
  size_t n_given, n;
  kernel_product product;
  call->link = p->link;
  if (!p->offers_kernel)
    return LOOM_OK;
  LOOM_TRY(compile_given_blocks(s, &given, &n_given));
  LOOM_TRY(kernel_block_sizes(s->ctx, s->kernel, given, n_given, &blocks, &n));
  if (!kernel_is_product(s->ctx, s->kernel, blocks, n, &product))
    return LOOM_OK;
  int64_t *at = call->offer = ARENA_NEW_N(&s->ctx->mem, int64_t, 3 * WORDS);
  for (int i = 0; i < 3; i++) {
    const kernel_type *shape = &s->kernel->tensors.at[product.tensor[i]].shape;
    int64_t stride[KERNEL_RANK_MAX], step = 1, size;
    for (int d = shape->rank - 1; d >= 0; d--, step *= size) {
      stride[d] = step;
      LOOM_TRY(kernel_size(s->ctx, s->kernel, shape->dim[d], blocks, n, &size));
    }
    *at++ = (int64_t)(uintptr_t)by_root[product.tensor[i]];
    *at++ = 0;
    for (int d = 0; d < product.rank; d++)
      *at++ = product.size[i][d];
    for (int d = 0; d < product.rank; d++)
      *at++ = product.dim[i][d] < 0 ? 0 : stride[product.dim[i][d]];
  }
  return LOOM_OK;
}

loom_status compile_judge_providers(compile_state *s, compile_providers *p, loom_status st) {
  if (st == LOOM_OK)
    st = provider_link_verdict(s->ctx, p->link);
  s->kernels = provider_link_report(&s->ctx->mem, p->link);
  if (s->o->providers && !s->kernels && st == LOOM_OK && !s->o->graph)      /* of a kernel among many it is said elsewhere */
    diag_note(s->ctx, LOOM_NOSPAN, "no kernel provider was asked: %s", s->is_opaque ? "the module has no matrix product on memory and declares no function" : "the kernel is not a single matrix product");
  return st;
}

void compile_close_providers(compile_providers *p) {
  if (!p)
    return;
  provider_link_close(p->link);
  provider_set_close(&p->set);
}
