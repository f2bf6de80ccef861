#include "run/run_shared_memory.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LINE = 64, LARGE_PAGE = 2 << 20 };

loom_status run_pieces_add(loom_ctx *ctx, run_pieces *p, size_t bytes, void **out) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), lines = (bytes + LINE - 1) / LINE * LINE, body = (lines + page - 1) / page * page, size = body + 2 * page;
  *out = NULL;
  char *m = bytes > SIZE_MAX / 2 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (m == MAP_FAILED)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EMEM, "there is no memory for a tensor of %zu bytes: %s", bytes, strerror(errno));
  (void)mprotect(m, page, PROT_NONE);
  (void)mprotect(m + page + body, page, PROT_NONE);
  if (body >= LARGE_PAGE)
    madvise(m + page, body, MADV_HUGEPAGE);      /* a hint */
  vec_push(&ctx->mem, p, ((run_piece){m, size}));
  *out = m + page + body - lines;
  return LOOM_OK;
}

void run_pieces_close(run_pieces *p) {
  for (size_t i = 0; i < p->n; i++)
    munmap(p->at[i].mapped, p->at[i].size);
  p->n = 0;
}
