/* The libraries that bench/cpu puts beside Loom.  A peer takes a row's inputs as they lie (dense, rows first) and makes something to call. */
#ifndef LOOM_BENCH_PEERS_H
#define LOOM_BENCH_PEERS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum peer_operation { PEER_MATMUL, PEER_ATTENTION, PEER_CAUSAL, PEER_SOFTMAX, PEER_LAYERNORM, PEER_RMSNORM, PEER_GELU, PEER_EXP, PEER_ROWSUM } peer_operation;
typedef struct peer_row { const char *name; peer_operation op; const char *file, *function, *type, *shapes, *argument; int64_t b, m, n, k; } peer_row;

/* Calls of one row.  `run` writes `out`, of the row's result; NULL: this peer has no such operation. */
typedef struct peer_call { void (*run)(void *data); void *data; void (*close)(void *data); } peer_call;
/* One way a library does it: "OpenBLAS", "oneDNN packed".  open: false when it cannot; `in` are the row's inputs, in the order of the kernel's arguments. */
typedef struct peer { const char *name; bool (*open)(const struct peer *p, const peer_row *r, void *const *in, void *out, int threads, peer_call *call); const void *data; } peer;

/* The peers of a library that is there; their number. */
size_t peers_blas(const peer **out);
size_t peers_onednn(const peer **out);
size_t peers_xsmm(const peer **out);

/* 64-byte aligned, zeroed; ends the process when there is none. */
void *peer_memory(size_t bytes);
#endif
