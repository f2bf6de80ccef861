/* run_ranks: the processes that compute one thing together.  The one that speaks to the others (docs/mpi.md) is not this one: requests go to it through a socket. */
#ifndef LOOM_RUN_RANKS_H
#define LOOM_RUN_RANKS_H
#include "base/diag.h"

#define RUN_RANKS_VARIABLE "LOOM_RANKS_SOCKET"      /* its number in the environment; not set, or negative: this process is the only rank */

typedef struct run_ranks { int socket, number, size; } run_ranks;      /* socket -1: there are no others */

typedef enum run_ranks_type { RUN_RANKS_I8, RUN_RANKS_I16, RUN_RANKS_I32, RUN_RANKS_I64, RUN_RANKS_F32, RUN_RANKS_F64, RUN_RANKS_TYPES } run_ranks_type;
typedef enum run_ranks_op { RUN_RANKS_SUM, RUN_RANKS_PRODUCT, RUN_RANKS_MAX, RUN_RANKS_MIN, RUN_RANKS_AND, RUN_RANKS_OR, RUN_RANKS_XOR, RUN_RANKS_OPS } run_ranks_op;
size_t run_ranks_width(run_ranks_type t);      /* bytes */

/* What goes over the socket: a request, then `bytes` of contents; the answer is an int64_t, the number of bytes that follow, or -1: there is no job any more. */
typedef enum run_ranks_what { RUN_RANKS_HELLO /* answer: number, size as int32_t */, RUN_RANKS_REDUCE /* answer: the result */, RUN_RANKS_GATHER /* answer on rank 0: of each rank in order, an int64_t and so many bytes */,
                             RUN_RANKS_SEND /* to rank `type`; answer: nothing */, RUN_RANKS_RECEIVE /* from rank `type`; answer: the next message of that rank */ } run_ranks_what;
typedef struct run_ranks_request { int32_t what, type, op, reserved; int64_t bytes; } run_ranks_request;
enum { RUN_RANKS_BYTES_MAX = 1 << 30 };

LOOM_MUST_USE loom_status run_ranks_open(loom_ctx *ctx, run_ranks *out);
/* `bytes` of each rank become what all of them come to together.  LOOM_EWORKER: the job is over; said in one message by whoever speaks to the others. */
LOOM_MUST_USE loom_status run_ranks_reduce(const run_ranks *r, run_ranks_type type, run_ranks_op op, void *bytes, size_t size);
/* On rank 0, all[i] gets the bytes of rank i, sizes[i] of them; on others nothing. */
LOOM_MUST_USE loom_status run_ranks_gather(loom_ctx *ctx, const run_ranks *r, const void *bytes, size_t size, void **all, size_t *sizes);

/* Bytes to one rank, which asks for them; messages between two ranks come in the order in which they went.  Receiving waits, and is of ctx->scratch. */
LOOM_MUST_USE loom_status run_ranks_send(loom_ctx *ctx, const run_ranks *r, int to, const void *bytes, size_t size);
LOOM_MUST_USE loom_status run_ranks_receive(loom_ctx *ctx, const run_ranks *r, int from, void **bytes, size_t *size);
#endif
