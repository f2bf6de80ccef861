/* loom/loom.h: Loom as a library.  Kernels are compiled by `loom`, in a process of its own; their code is called in this one.  C99 and C++.
 *
 *   loom_context *c = loom_context_new(NULL);
 *   loom_kernel *k;
 *   const char *options[] = {"--shape=x=8x16", "--dtype=f32", NULL};
 *   if (loom_compile(c, "softmax.py", &(loom_compile_options){sizeof(loom_compile_options), .options = options}, &k) != LOOM_CODE_OK)
 *     fputs(loom_error(c), stderr);
 *   loom_run(k, buffers, NULL);
 *
 * Versions.  LOOM_API counts incompatible changes.  Within one, structs only grow at their end: each begins with its size in bytes, which the caller sets, and a field beyond it reads
 * as 0.  Ownership.  What a function gives lives as long as the handle it came from, unless it says otherwise; nothing that is passed is kept.
 * Threads.  A context and its kernels belong to one thread at a time, but for loom_run, which any thread may call: calls of one kernel wait for each other.
 * Failures.  Functions return a code, never print and never end the process; what is wrong is in the context until its next call. */
#ifndef LOOM_LOOM_H
#define LOOM_LOOM_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LOOM_API 1u
#define LOOM_EXPORT __attribute__((visibility("default")))
enum { LOOM_RANK_MAX = 8 };

/* The exit codes of the command line ('loom explain CODE'). */
typedef int32_t loom_code;
enum {
  LOOM_CODE_OK = 0, LOOM_CODE_INPUT = 1, LOOM_CODE_USAGE = 2, LOOM_CODE_NUMERIC = 3, LOOM_CODE_PROVIDER = 4, LOOM_CODE_INFEASIBLE = 5, LOOM_CODE_LIMIT = 6,
  LOOM_CODE_UNSUPPORTED = 7, LOOM_CODE_IO = 8, LOOM_CODE_INTERNAL = 70
};

typedef struct loom_context loom_context;
typedef struct loom_kernel loom_kernel;

typedef struct loom_context_options {
  size_t size;
  const char *loom;              /* the program; NULL: $LOOM, then ../bin/loom beside this library, ./loom beside it, loom on the path */
} loom_context_options;

typedef struct loom_compile_options {
  size_t size;
  const char *source;            /* the kernel's source itself; NULL: it is in the file that is named */
  const char *const *options;    /* of `loom compile`, each one word ("--shape=x=8x16"), NULL at the end; NULL: none */
} loom_compile_options;

/* One buffer of a kernel: a dense array, the last dim fastest. */
typedef struct loom_argument {
  size_t size;
  const char *name;
  const char *dtype;             /* "f32", "bf16", "i64", .. */
  uint32_t elem_bytes;
  int32_t rank;
  int64_t shape[LOOM_RANK_MAX];  /* -1: open, given to loom_run */
  int32_t is_written;            /* 1: the kernel stores to it */
  int32_t is_result;             /* 1: no argument of the kernel, but what it returns */
} loom_argument;

LOOM_EXPORT uint32_t loom_api_version(void);      /* LOOM_API of the library */
LOOM_EXPORT const char *loom_version(void);       /* "0.1.0"; static */

/* NULL: out of memory. */
LOOM_EXPORT loom_context *loom_context_new(const loom_context_options *options);
/* Its kernels too.  NULL is fine. */
LOOM_EXPORT void loom_context_free(loom_context *context);
/* What the last call says: messages as the command line prints them, "" where there are none; and each as a line of JSON (loom.diagnostic.v1). */
LOOM_EXPORT const char *loom_error(const loom_context *context);
LOOM_EXPORT const char *loom_error_json(const loom_context *context);

/* `input`: a file, or with options->source its name for messages (its suffix says what it is: .py, .mlir, .json).  For this CPU. */
LOOM_EXPORT loom_code loom_compile(loom_context *context, const char *input, const loom_compile_options *options, loom_kernel **out);
LOOM_EXPORT void loom_kernel_free(loom_kernel *kernel);
LOOM_EXPORT const char *loom_kernel_name(const loom_kernel *kernel);
LOOM_EXPORT size_t loom_kernel_arguments(const loom_kernel *kernel);
/* out->size is set by the caller.  LOOM_CODE_USAGE: there is no argument i. */
LOOM_EXPORT loom_code loom_kernel_argument(const loom_kernel *kernel, size_t i, loom_argument *out);
/* Names of sizes that are open, in the order in which loom_run takes them. */
LOOM_EXPORT size_t loom_kernel_sizes(const loom_kernel *kernel);
LOOM_EXPORT const char *loom_kernel_size_name(const loom_kernel *kernel, size_t i);
/* buffers: one for each argument, aligned as their elements; sizes: of the open ones, NULL where there are none.  Nothing is checked: a buffer that is too small is written beyond. */
LOOM_EXPORT loom_code loom_run(loom_kernel *kernel, void *const *buffers, const int64_t *sizes);

/* Any command of the command line, for what the functions above do not do ({"run", "k.py", "--machine=wormhole", "--check", "--json", NULL}): its exit code; *out: what it wrote to
 * standard output, until the context's next call. */
LOOM_EXPORT loom_code loom_command(loom_context *context, const char *const *words, const char **out);

#ifdef __cplusplus
}
#endif
#endif
