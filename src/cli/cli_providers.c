/* The options that choose kernel providers, and what is said of them after a run. */
#include "base/text.h"
#include "cli/cli.h"
#include "run/provider_set.h"
#include <stdio.h>

loom_status cli_providers(loom_ctx *ctx, const cli_options *o, const provider_options **out) {
  provider_options *p = ARENA_NEW(&ctx->mem, provider_options);
  *out = NULL;
  *p = (provider_options){.names = o->provider.all.at, .n_names = o->provider.all.n, .maps = o->kernel_map.all.at, .n_maps = o->kernel_map.all.n,
                          .requires = o->kernel_require.all.at, .n_requires = o->kernel_require.all.n, .fallback = text_eq(o->on_kernel_error.last, "fallback")};
  if (o->on_kernel_error.last && !p->fallback && !text_eq(o->on_kernel_error.last, "fail"))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--on-kernel-error: '%s' is not fail or fallback", o->on_kernel_error.last);
  int64_t threads = 0;
  if (o->threads.last)
    LOOM_TRY(cli_int(ctx, "--threads", o->threads.last, 1, 4096, &threads));
  p->threads = (int)threads;
  if (provider_options_any(p))
    *out = p;
  return LOOM_OK;
}

void cli_print_kernels(const data_value *rows) {
  for (size_t i = 0; rows && i < rows->n; i++) {
    const data_value *r = rows->items[i], *calls = data_get(r, "calls"), *rate = data_get(r, "gflops");
    const char *by = data_get_string(r, "provider", ""), *note = data_get_string(r, "note", ""), *place = data_get_string(r, "place", "");
    if (!calls->integer && !*note)            /* an operation that did not run */
      continue;
    printf("kernel       %s", data_get_string(r, "key", ""));
    if (*place)
      printf(" (%s)", place);
    if (*by)
      printf(": %s, %" PRId64 " call%s", by, calls->integer, calls->integer == 1 ? "" : "s");
    if (rate)
      printf(", %.1f GFLOP/s", rate->real);
    printf("%s%s\n", *note ? (*by ? "; else generated code: " : ": generated code: ") : "", note);
  }
}
