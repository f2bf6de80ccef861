/* Memory that engines get: each tensor lies against a page that is not there, at its end or, in every other seed, at its begin, so that whoever reads or writes beyond it dies.  What a
 * kernel has to write is NaN before (integers: all bits set). */
#include "soak.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void *soak_memory(soak_case *c, size_t bytes, const void *from) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE), inside = (bytes + page - 1) / page * page;
  char *all = mmap(NULL, inside + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED || (inside && mprotect(all + page, inside, PROT_READ | PROT_WRITE) != 0))
    return arena_alloc(&c->ctx->mem, bytes + 1);      /* out of mappings: memory as any */
  vec_push(&c->ctx->mem, &c->memory, ((soak_piece){all, inside + 2 * page}));
  char *at = all + page + (c->seed % 2 ? 0 : inside - bytes);
  if (from)
    memcpy(at, from, bytes);
  else
    memset(at, 0xFF, bytes);
  return at;
}

void soak_free_memory(soak_case *c) {
  for (size_t i = 0; i < c->memory.n; i++)
    munmap(c->memory.at[i].at, c->memory.at[i].bytes);
  c->memory.n = 0;
}

loom_status soak_make_memory(soak_case *c, compile_state *s, void **by_root) {
  arena *m = &c->ctx->mem;
  const kernel_graph *k = s->kernel;
  const sym_binding *given, *blocks;
  size_t n_given, n_blocks;
  LOOM_TRY(compile_given_blocks(s, &given, &n_given));
  LOOM_TRY(kernel_block_sizes(c->ctx, k, given, n_given, &blocks, &n_blocks));
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].role == KERNEL_ARG)
      by_root[i] = soak_memory(c, (size_t)c->inputs[i].elems * dtype_bytes(c->inputs[i].type), compile_to_bytes(m, &c->inputs[i]));
  for (size_t i = 0; i < k->returns.n; i++) {
    const kernel_tensor root = k->returns.at[i] < 0 ? -1 : kernel_root(k, k->returns.at[i]);
    int64_t elems = 1, n;
    if (root < 0 || by_root[root])
      continue;
    for (int d = 0; d < k->tensors.at[root].shape.rank; d++) {
      LOOM_TRY(kernel_size(c->ctx, k, k->tensors.at[root].shape.dim[d], blocks, n_blocks, &n));
      elems *= n;
    }
    by_root[root] = soak_memory(c, (size_t)elems * dtype_bytes(k->tensors.at[root].shape.type), NULL);
  }
  return LOOM_OK;
}
