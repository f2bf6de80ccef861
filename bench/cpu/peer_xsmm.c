/* libxsmm: a product over blocks that lie packed, block after block, by its batch-reduce kernel; packing is not measured. */
#include "peers.h"
#include <libxsmm.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 };
typedef struct job { const peer_row *r; libxsmm_smmfunction_reducebatch_strd kernel; float *a, *b, *c, *out; int64_t bm; } job;

/* rows x columns, row by row -> blocks of height x width, along the inner dim of the product first. */
static void pack(float *to, const float *from, int64_t rows, int64_t columns, int64_t height, int64_t width, bool by_columns) {
  const int64_t down = rows / height, across = columns / width;
  for (int64_t i = 0; i < down; i++)
    for (int64_t j = 0; j < across; j++)
      for (int64_t y = 0; y < height; y++)
        memcpy(to + ((by_columns ? j * down + i : i * across + j) * height + y) * width, from + (i * height + y) * columns + j * width, (size_t)width * sizeof *to);
}

static void unpack(const job *j) {
  const int64_t across = j->r->n / BLOCK;
  for (int64_t i = 0; i < j->r->m; i++)
    for (int64_t q = 0; q < across; q++)
      memcpy(j->out + i * j->r->n + q * BLOCK, j->c + ((i / j->bm * across + q) * j->bm + i % j->bm) * BLOCK, BLOCK * sizeof(float));
}

static void run(void *data) {
  const job *j = data;
  const peer_row *r = j->r;
  unsigned long long count = (unsigned long long)(r->k / BLOCK);
  for (int64_t i = 0; i < r->m / j->bm; i++)
    for (int64_t q = 0; q < r->n / BLOCK; q++)
      j->kernel(j->b + q * r->k * BLOCK, j->a + i * r->k * j->bm, j->c + (i * (r->n / BLOCK) + q) * j->bm * BLOCK, &count);
}

static void finish(void *data) {
  job *j = data;
  unpack(j);      /* for the comparison of results */
  free(j->a);
  free(j->b);
  free(j->c);
  free(j);
}

static bool open_job(const peer *p, const peer_row *r, void *const *in, void *out, int threads, peer_call *call) {
  const int64_t bm = r->m < BLOCK ? r->m : BLOCK;
  (void)p;
  if (r->op != PEER_MATMUL || strcmp(r->type, "f32") != 0 || threads != 1 || r->m % bm || r->n % BLOCK || r->k % BLOCK)
    return false;
  libxsmm_init();
  float zero = 0;
  int flags = LIBXSMM_GEMM_FLAG_NONE;
  job *j = peer_memory(sizeof *j);
  *j = (job){.r = r, .out = out, .bm = bm};
  j->kernel = libxsmm_smmdispatch_reducebatch_strd(BLOCK, (int)bm, BLOCK, BLOCK * BLOCK * 4, (int)bm * BLOCK * 4, NULL, NULL, NULL, NULL, &zero, &flags, NULL);
  if (!j->kernel) {
    free(j);
    return false;
  }
  j->a = peer_memory((size_t)(r->m * r->k) * sizeof(float));
  j->b = peer_memory((size_t)(r->k * r->n) * sizeof(float));
  j->c = peer_memory((size_t)(r->m * r->n) * sizeof(float));
  pack(j->a, in[0], r->m, r->k, bm, BLOCK, false);
  pack(j->b, in[1], r->k, r->n, BLOCK, BLOCK, true);
  *call = (peer_call){run, j, finish};
  return true;
}

size_t peers_xsmm(const peer **out) {
  static const peer all[] = {{"libxsmm packed", open_job, NULL}};
  *out = all;
  return 1;
}
