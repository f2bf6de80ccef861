/* api: Loom as a library (include/loom/loom.h).  Takes `loom`, which it starts, and base/.  Leaves: code of kernels, loaded into this process. */
#ifndef LOOM_API_API_PRIVATE_H
#define LOOM_API_API_PRIVATE_H
#include "base/data.h"
#include <loom/loom.h>
#include <pthread.h>

struct loom_context {
  loom_ctx ctx;                       /* of the call under way, and what it said */
  char *loom;                         /* the program; NULL: it was not found */
  char *error, *error_json, *output;  /* of base/alloc.h */
  loom_kernel *kernels;
};

typedef void (*api_entry)(void *const *buffers, const int64_t *sizes);
struct loom_kernel {
  loom_context *context;
  loom_kernel *next, **link;
  arena mem;
  const char *name;
  size_t n_arguments, n_sizes;
  loom_argument *arguments;
  const char **sizes;
  void *handle;
  api_entry entry;
  pthread_mutex_t lock;               /* an object's own workspace has one caller at a time */
};

/* ---- api_process.c ---- */
char *api_copy(const char *s);          /* NULL: out of memory */
/* The program: named, $LOOM, beside this library, on the path; of base/alloc.h, NULL: none. */
char *api_find_loom(const char *named);
/* Runs it with `words`; *out, *err: what it wrote, of base/alloc.h.  LOOM_EIO with a diagnostic where it cannot be run. */
LOOM_MUST_USE loom_status api_run_loom(loom_ctx *ctx, const char *loom, const char *const *words, char **out, char **err, int *exit_code);
#endif
