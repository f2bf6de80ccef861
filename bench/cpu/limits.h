/* What the CPU could do, as contestants beside the others: the same arithmetic in registers, or the same bytes moved.  Limits of one run, like everything else. */
#ifndef LOOM_BENCH_LIMITS_H
#define LOOM_BENCH_LIMITS_H
#include "compile_bench.h"
#include "peers.h"

enum { LIMITS_MAX = 2 };
typedef struct limit { const char *name; peer_call call; } limit;
/* The limits of a row on one thread, by what bounds it: "fma", or "read", or "copy" and "stream" (non-temporal stores), of which the faster counts.  Their number. */
int limits_open(arena *mem, const bench_result *b, limit *out);
#endif
