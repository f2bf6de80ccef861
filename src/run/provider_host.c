/* What the host gives to providers: its name and a parallel loop. */
#include "base/threads.h"
#include "run/provider.h"

typedef struct loop { int64_t n, grain; void (*fn)(void *data, int64_t begin, int64_t end); void *data; } loop;

static _Thread_local int is_inside;   /* a loop within a loop runs on its own thread: the outer one has the others */

static loom_status run_part(loom_ctx *worker, void *data, size_t i) {
  (void)worker;
  const loop *l = data;
  int64_t begin = (int64_t)i * l->grain, end = l->n - begin < l->grain ? l->n : begin + l->grain;
  int outer = is_inside;
  is_inside = 1;
  l->fn(l->data, begin, end);
  is_inside = outer;
  return LOOM_OK;
}

static void parallel_for(void *context, int64_t n, int64_t grain, void (*fn)(void *data, int64_t begin, int64_t end), void *data) {
  int threads = (int)(intptr_t)context;
  if (n <= 0)
    return;
  int64_t even = (n + threads * 4 - 1) / (threads * 4);
  loop l = {n, grain > even ? grain : even, fn, data};
  if (threads <= 1 || is_inside || n <= l.grain) {
    fn(data, 0, n);
    return;
  }
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  loom_status all_ran = threads_for(&ctx, threads, (size_t)((n + l.grain - 1) / l.grain), run_part, &l);   /* the parts cannot fail */
  (void)all_ran;
  loom_ctx_done(&ctx);
}

void provider_host_init(loom_host_v1 *out, int threads) {
  *out = (loom_host_v1){.size = sizeof *out, .version = LOOM_KERNEL_ABI, .name = "loom " LOOM_VERSION, .context = (void *)(intptr_t)threads,
                        .max_threads = threads, .parallel_for = parallel_for};
}

const char *provider_status_name(loom_kernel_status s) {
  static const char *const names[] = {"ok", "cancelled", "unknown", "invalid argument", "deadline exceeded", "not found", "already exists", "permission denied",
                                      "resource exhausted", "failed precondition", "aborted", "out of range", "unimplemented", "internal", "unavailable",
                                      "data loss", "unauthenticated"};
  return s >= 0 && (size_t)s < sizeof names / sizeof *names ? names[s] : "a status that is none";
}
