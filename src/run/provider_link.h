/* What generated code calls in place of computing: one link between an object and the providers of a run.
 *
 * Object code that may leave work to providers exports the text `loom_kernel_sites`, one line an entry, fields separated by tabs:
 *   offer   KEY  accumulate|overwrite  SIZES of A,B,C ("4x?,?x8,4x8")  PLACE     an operation that a provider may take
 *   import  NAME  required|optional  PLACE                                        a function it declares
 * and needs the symbols below, the first being the address of the link.  PLACE is "file:line:col" or empty.
 * No provider has to be there when code is compiled, nor when it is linked. */
#ifndef LOOM_RUN_PROVIDER_LINK_H
#define LOOM_RUN_PROVIDER_LINK_H
#include "run/provider_set.h"

typedef struct provider_link provider_link;
provider_link *provider_link_new(arena *m);
/* X(symbol) of the functions. */
#define PROVIDER_LINK_LIST(X) X(loom_kernel_offer) X(loom_kernel_kind) X(loom_kernel_function) X(loom_kernel_packed)
#define PROVIDER_LINK_SYMBOL "loom_kernel_link"
#define PROVIDER_SITES_SYMBOL "loom_kernel_sites"
/* 0: it is done.  1: compute it yourself.  args: for A, B, C the address, the offset, the sizes and the strides, in 64-bit words. */
int32_t loom_kernel_offer(provider_link *l, int64_t site, const int64_t *args);
/* Of an import: 0 there is none, 1 a plain function, 2 one on packed arguments. */
int32_t loom_kernel_kind(provider_link *l, int64_t import);
void *loom_kernel_function(provider_link *l, int64_t import);
/* Calls one on packed arguments.  0: done, or failed and said so.  1: compute it yourself, if you can. */
int32_t loom_kernel_packed(provider_link *l, int64_t import, void *params);

/* Binds the entries of `sites` to the providers of `set`, which must outlive the link.  LOOM_EPROVIDER, before anything runs: required imports that
 * nobody has, all of them; a required key that nobody computes, or that is not there. */
LOOM_MUST_USE loom_status provider_link_bind(loom_ctx *ctx, provider_link *l, const provider_set *set, const char *sites);
/* After a run: LOOM_EPROVIDER with its place when a provider failed. */
LOOM_MUST_USE loom_status provider_link_verdict(loom_ctx *ctx, const provider_link *l);
/* [{key, place, provider?, calls, ms, gflops?, note?}]: who computed what; NULL when the object leaves nothing to providers. */
data_value *provider_link_report(arena *m, const provider_link *l);
void provider_link_close(provider_link *l);      /* frees workspaces */
#endif
