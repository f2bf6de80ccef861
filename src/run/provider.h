/* Kernel providers: libraries that compute in place of generated code (docs/providers.md).
 * A provider is loaded (provider_load), registered in a set with what it is wanted for, and asked through provider_call, whatever its style. */
#ifndef LOOM_RUN_PROVIDER_H
#define LOOM_RUN_PROVIDER_H
#include "base/data.h"
#include "base/vec.h"
#include "run/provider_elf.h"
#include "run/provider_iree.h"
#include <loom/kernel_provider.h>

/* X(id, name): how a library is called. */
#define PROVIDER_STYLE_LIST(X) \
  X(LOOM, "loom")       /* loom_kernel_provider_query: asked what it supports */                   \
  X(IREE, "iree")       /* iree_hal_executable_plugin_query: functions on packed arguments */      \
  X(SYMBOLS, "symbols") /* exported functions, by name: bare pointers, or _mlir_ciface_NAME */
typedef enum provider_style {
#define X(id, name) PROVIDER_##id,
  PROVIDER_STYLE_LIST(X)
#undef X
} provider_style;

typedef struct provider {
  const char *name, *path;                   /* path NULL: built in (provider_adopt) */
  const char *given;                         /* what the command line calls it; NULL: nothing */
  const char *revision, *description, *licence;
  provider_style style;
  uint64_t features;
  provider_elf elf;
  char sha256[65];
  void *library, *self;
  const loom_host_v1 *host;
  loom_kernel_provider_v1 loom;              /* style LOOM; what the provider's own struct is too short for is NULL */
  const iree_plugin *iree;
  bool is_loaded;
} provider;

/* Where shipped providers are: NAME is DIR/loom_provider_NAME.so. */
const char *provider_directory(arena *m);
/* Their names, sorted. */
LOOM_MUST_USE loom_status provider_list(loom_ctx *ctx, const char *const **out, size_t *out_n);
/* The file of `what`: a path (it has a '/' or ends in ".so") as it is, else the shipped provider of that name.  LOOM_EPROVIDER: there is none. */
LOOM_MUST_USE loom_status provider_find(loom_ctx *ctx, const char *what, const char **out_path);
/* Inspects and loads a library; *out lives in ctx->mem until provider_unload.  Nothing of it runs before these hold: a regular file, no symbolic
 * link, owned by the user or root, writable by nobody else; a shared library for this processor; of a version and a sanitizer that this host
 * speaks.  Otherwise LOOM_EPROVIDER with the reason. */
LOOM_MUST_USE loom_status provider_load(loom_ctx *ctx, const char *path, const loom_host_v1 *host, provider **out);
/* The same for a provider in this program. */
LOOM_MUST_USE loom_status provider_adopt(loom_ctx *ctx, const char *name, loom_kernel_provider_query_fn *query, const loom_host_v1 *host, provider **out);
void provider_unload(provider *p);           /* NULL, and what is unloaded already: nothing */

/* A function by name, with the context to call it with; false: it has none.  is_packed: as IREE calls imports, fn(params, context, NULL). */
typedef struct provider_function { void *address, *context; bool is_packed; } provider_function;
bool provider_resolve(provider *p, const char *symbol, provider_function *out);

/* The product functions of a library that knows only symbols: what a key is mapped to.  Style LOOM: symbol NULL. */
typedef struct provider_target { provider *provider; const char *symbol; } provider_target;
/* Could it?  `why` (NULL or 200 bytes): the reason against it. */
bool provider_supports(const provider_target *t, const loom_kernel_call_v1 *call, char *why);
int32_t provider_score(const provider_target *t, const loom_kernel_call_v1 *call);
/* Calls it; call->workspace is the caller's (provider_workspace bytes).  `why` (200 bytes): what the provider said of a failure. */
uint64_t provider_workspace(const provider_target *t, const loom_kernel_call_v1 *call);
loom_kernel_status provider_call(const provider_target *t, const loom_kernel_call_v1 *call, char *why);
enum { PROVIDER_WHY_BYTES = 200 };

const char *provider_status_name(loom_kernel_status s);
/* What a provider is given: parallel_for on at most `threads` threads. */
void provider_host_init(loom_host_v1 *out, int threads);
#endif
