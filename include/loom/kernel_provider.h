/* loom/kernel_provider.h: the binary interface between Loom and a library of kernels.
 *
 * A provider is a shared library that exports loom_kernel_provider_query.  Include this header, nothing has to be linked.  C11 and C++.
 *
 *   const loom_kernel_provider_v1 *loom_kernel_provider_query(uint32_t host_min, uint32_t host_max, const loom_host_v1 *host);
 *
 * Versions.  LOOM_KERNEL_ABI counts incompatible changes.  Within one, structs only grow at their end: every struct begins with its size in
 * bytes, and a field that lies beyond the size of the other side is not there (reads as 0).  LOOM_KERNEL_PROVIDER_ABI(min, max) puts the
 * versions a provider can work with into its file, where Loom reads them before any code of it runs.
 *
 * Threads.  Every function may be called from any thread.  `call` runs on several at once only if the provider says LOOM_KERNEL_REENTRANT.
 * Failures.  Functions return a loom_kernel_status and never end the process; last_error says more about the last one of this thread. */
#ifndef LOOM_KERNEL_PROVIDER_H
#define LOOM_KERNEL_PROVIDER_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LOOM_KERNEL_ABI 1u
#define LOOM_KERNEL_EXPORT __attribute__((visibility("default")))
#define LOOM_KERNEL_PROVIDER_ABI(min, max) LOOM_KERNEL_EXPORT const uint32_t loom_kernel_provider_abi[2] = {(min), (max)}

/* The status codes of absl and IREE. */
typedef int32_t loom_kernel_status;
enum {
  LOOM_KERNEL_OK = 0, LOOM_KERNEL_CANCELLED = 1, LOOM_KERNEL_UNKNOWN = 2, LOOM_KERNEL_INVALID_ARGUMENT = 3, LOOM_KERNEL_DEADLINE_EXCEEDED = 4,
  LOOM_KERNEL_NOT_FOUND = 5, LOOM_KERNEL_ALREADY_EXISTS = 6, LOOM_KERNEL_PERMISSION_DENIED = 7, LOOM_KERNEL_RESOURCE_EXHAUSTED = 8,
  LOOM_KERNEL_FAILED_PRECONDITION = 9, LOOM_KERNEL_ABORTED = 10, LOOM_KERNEL_OUT_OF_RANGE = 11, LOOM_KERNEL_UNIMPLEMENTED = 12,
  LOOM_KERNEL_INTERNAL = 13, LOOM_KERNEL_UNAVAILABLE = 14, LOOM_KERNEL_DATA_LOSS = 15, LOOM_KERNEL_UNAUTHENTICATED = 16
};

/* What a provider says of itself. */
enum {
  LOOM_KERNEL_REENTRANT = 1 << 0,           /* `call` may run on several threads at once */
  LOOM_KERNEL_THREADED = 1 << 1,            /* uses threads of its own; set_num_threads limits them */
  LOOM_KERNEL_DETERMINISTIC = 1 << 2,       /* same arguments, same bits */
  LOOM_KERNEL_NEEDS_WORKSPACE = 1 << 3,     /* workspace_size is asked before a call */
  LOOM_KERNEL_SANITIZER_ADDRESS = 1 << 4,   /* built with a sanitizer: runs only in a host that has the same */
  LOOM_KERNEL_SANITIZER_MEMORY = 1 << 5,
  LOOM_KERNEL_SANITIZER_THREAD = 1 << 6
};

/* Element types as in DLPack: f32 is {LOOM_KERNEL_FLOAT, 32, 1}, bf16 {LOOM_KERNEL_BFLOAT, 16, 1}, i8 {LOOM_KERNEL_INT, 8, 1}. */
enum { LOOM_KERNEL_INT = 0, LOOM_KERNEL_UINT = 1, LOOM_KERNEL_FLOAT = 2, LOOM_KERNEL_BFLOAT = 4, LOOM_KERNEL_BOOL = 6 };
typedef struct loom_kernel_dtype { uint8_t code, bits; uint16_t lanes; } loom_kernel_dtype;

enum { LOOM_KERNEL_READ = 1, LOOM_KERNEL_WRITE = 2, LOOM_KERNEL_RESTRICT = 4 };   /* RESTRICT: overlaps no other tensor of the call */

/* A memref: element (i, j, ..) is aligned[offset + i * strides[0] + j * strides[1] + ..].  Offset and strides count elements; strides may be 0
 * (a broadcast input) or negative.  `aligned` is NULL where a provider is only asked whether it could. */
typedef struct loom_kernel_tensor_v1 {
  uint32_t size, version;
  void *allocated, *aligned;
  int64_t offset;
  int32_t rank;
  loom_kernel_dtype dtype;
  const int64_t *sizes, *strides;
  uint32_t flags;
  uint32_t align;                           /* bytes that `aligned` is a multiple of, at least the element's own */
} loom_kernel_tensor_v1;

typedef struct loom_host_v1 {
  uint32_t size, version;
  const char *name;                         /* "loom 0.1.0" */
  void *context;
  int32_t max_threads;                      /* that a call should use, its own included */
  /* fn(data, begin, end) over 0..n in parts of at least `grain`, on at most max_threads; returns when all have.  Inside of one, another runs
   * on its own thread alone. */
  void (*parallel_for)(void *context, int64_t n, int64_t grain, void (*fn)(void *data, int64_t begin, int64_t end), void *data);
} loom_host_v1;

/* Matrix products:  C[b.., m, n] += sum_k A[b.., m, k] * B[b.., k, n]  (OVERWRITE: C = ..).  Tensors are A, B, C; a transposed operand is one
 * with swapped strides; A and B may overlap each other, C overlaps neither.  Any of the sizes may be 0: with OVERWRITE and k = 0, C is zeros. */
enum { LOOM_KERNEL_ACCUMULATE = 1, LOOM_KERNEL_OVERWRITE = 2 };  /* OVERWRITE: C is not read, whatever it holds */
typedef struct loom_kernel_call_v1 {
  uint32_t size, version;
  const char *key;                          /* "linalg.matmul(f32,f32)->f32", "linalg.batch_matmul(bf16,bf16)->f32"; "NAME@2": a later meaning of NAME */
  uint32_t mode;
  uint32_t n_tensors;
  const loom_kernel_tensor_v1 *const *tensors;
  void *workspace;                          /* at least workspace_size bytes, aligned to 64; undefined contents */
  uint64_t workspace_bytes;
  const loom_host_v1 *host;
} loom_kernel_call_v1;

/* All but name, supports and call may be NULL. */
typedef struct loom_kernel_provider_v1 {
  uint32_t size, version;                   /* sizeof(loom_kernel_provider_v1), LOOM_KERNEL_ABI */
  const char *name, *revision, *description, *licence;
  uint64_t features;
  /* One load for one unload; a library may be loaded several times, each with a `self` of its own.  `host` lives until unload. */
  loom_kernel_status (*load)(const loom_host_v1 *host, void **out_self);
  void (*unload)(void *self);
  /* Not 0: `call` can do this.  Data pointers may be NULL. */
  int (*supports)(void *self, const loom_kernel_call_v1 *call);
  /* OK: C is as it should be.  Otherwise an accumulated C is as it was. */
  loom_kernel_status (*call)(void *self, const loom_kernel_call_v1 *call);
  int32_t (*score)(void *self, const loom_kernel_call_v1 *call);          /* the highest wins; NULL: 0 */
  uint64_t (*workspace_size)(void *self, const loom_kernel_call_v1 *call);
  /* A function for `symbol` with bare pointers, as a module's own declaration spells it: LOOM_KERNEL_NOT_FOUND when there is none. */
  loom_kernel_status (*resolve)(void *self, const char *symbol, void **out_function);
  uint64_t (*last_error)(void *self, char *buffer, uint64_t n);           /* NUL-terminated; its length */
  void (*set_num_threads)(void *self, int32_t n);
} loom_kernel_provider_v1;

typedef const loom_kernel_provider_v1 *loom_kernel_provider_query_fn(uint32_t host_min, uint32_t host_max, const loom_host_v1 *host);
LOOM_KERNEL_EXPORT const loom_kernel_provider_v1 *loom_kernel_provider_query(uint32_t host_min, uint32_t host_max, const loom_host_v1 *host);
#define LOOM_KERNEL_QUERY_NAME "loom_kernel_provider_query"
#define LOOM_KERNEL_ABI_NAME "loom_kernel_provider_abi"

#ifdef __cplusplus
}
#endif
#endif
