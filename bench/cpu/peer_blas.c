/* OpenBLAS and BLIS by their C interface; both export the same names, so each is opened for itself. */
#include "peers.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 };
typedef void (*sgemm_fn)(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *, int);
typedef void (*sgemv_fn)(int, int, int, int, float, const float *, int, const float *, int, float, float *, int);
typedef struct library { const char *file, *threads; void *handle; sgemm_fn sgemm; sgemv_fn sgemv; } library;
typedef struct job { const library *l; const peer_row *r; const float *x, *y; float *out; } job;

/* Pointers to functions come as addresses, which C spells through memcpy. */
static void *symbol(void *handle, const char *name, void *out) {
  void *p = dlsym(handle, name);
  memcpy(out, &p, sizeof p);
  return p;
}

static bool load(library *l, int threads) {
  void (*set_int)(int) = NULL;
  void (*set_long)(long) = NULL;
  if (!l->handle && !(l->handle = dlopen(l->file, RTLD_NOW | RTLD_LOCAL))) {
    fprintf(stderr, "%s\n", dlerror());
    return false;
  }
  if (!symbol(l->handle, "cblas_sgemm", &l->sgemm) || !symbol(l->handle, "cblas_sgemv", &l->sgemv))
    return false;
  if (strcmp(l->threads, "bli_thread_set_num_threads") == 0 && symbol(l->handle, l->threads, &set_long))
    set_long(threads);
  else if (symbol(l->handle, l->threads, &set_int))
    set_int(threads);
  return true;
}

static void run_gemm(void *data) {
  const job *j = data;
  const int m = (int)j->r->m, n = (int)j->r->n, k = (int)j->r->k;
  j->l->sgemm(ROW_MAJOR, NO_TRANS, NO_TRANS, m, n, k, 1, j->x, k, j->y, n, 0, j->out, n);
}

static void run_gemv(void *data) {
  const job *j = data;
  const int n = (int)j->r->n, k = (int)j->r->k;
  j->l->sgemv(ROW_MAJOR, TRANS, k, n, 1, j->y, n, j->x, 1, 0, j->out, 1);
}

static bool open_with(const peer *p, const peer_row *r, void *const *in, void *out, int threads, peer_call *call, void (*run)(void *)) {
  library *l = (library *)(uintptr_t)p->data;
  if (r->op != PEER_MATMUL || strcmp(r->type, "f32") != 0 || !load(l, threads))
    return false;
  job *j = peer_memory(sizeof *j);
  *j = (job){l, r, in[0], in[1], out};
  *call = (peer_call){run, j, free};
  return true;
}

static bool open_gemm(const peer *p, const peer_row *r, void *const *in, void *out, int threads, peer_call *call) { return open_with(p, r, in, out, threads, call, run_gemm); }
static bool open_gemv(const peer *p, const peer_row *r, void *const *in, void *out, int threads, peer_call *call) {
  return r->m == 1 && open_with(p, r, in, out, threads, call, run_gemv);
}

size_t peers_blas(const peer **out) {
#ifdef OPENBLAS_FILE
  static library openblas = {.file = OPENBLAS_FILE, .threads = "openblas_set_num_threads"};
#endif
#ifdef BLIS_FILE
  static library blis = {.file = BLIS_FILE, .threads = "bli_thread_set_num_threads"};
#endif
  static const peer all[] = {
#ifdef OPENBLAS_FILE
      {"OpenBLAS", open_gemm, &openblas}, {"OpenBLAS gemv", open_gemv, &openblas},
#endif
#ifdef BLIS_FILE
      {"BLIS", open_gemm, &blis}, {"BLIS gemv", open_gemv, &blis},
#endif
      {NULL, open_gemv, NULL}};
  *out = all;
  (void)open_gemm;
  return sizeof all / sizeof *all - 1;
}
