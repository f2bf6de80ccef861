/* compile_bench: how long a kernel of the host takes, and how near that is to what the CPU can do. */
#ifndef LOOM_COMPILE_BENCH_H
#define LOOM_COMPILE_BENCH_H
#include "compile_exec.h"

/* The processor clock of a process with a limit of processor time (docs/isolation.md) moves at the system's ticks only, at most so far apart.  It says whether one thread did all the work;
 * a single call is then timed by the clock of that thread, which is exact. */
#define BENCH_TICK_SECONDS 4e-3

typedef struct bench_options { double seconds; /* of measuring */ double warm_up; int runs_least, runs_most; uint64_t seed; const run_binding *inputs; size_t n_inputs; } bench_options;
/* Milliseconds of one call: the least, the median, and the median distance from it. */
typedef struct bench_times { double min, median, mad; } bench_times;
/* What bounds it: least milliseconds that arithmetic and memory need at the rates of machine `host`. */
typedef struct bench_limit { double compute_ms, memory_ms; const char *compute, *memory; /* which rates: "mac_f32", "dram_copy"; NULL: none applies */ bool is_measured; } bench_limit;
typedef struct bench_result {
  bench_times wall, cpu; bool by_cpu;        /* by_cpu: one thread ran, so that its own time counts and what else runs does not */
  int runs, batch;                           /* samples; calls in one */
  int64_t bytes_read, bytes_written;         /* of arguments and results, each once */
  int64_t flops, products;                   /* all arithmetic and that of matmuls; -1: not known */
  double compile_ms, compile_cpu_ms, cached_ms;      /* from source to linked code: wall and processor time; from the cache, -1: there is none */
  bench_limit limit;
} bench_result;

/* A kernel of the host in memory, to be called again and again (compile_make_call(&callee.call)).  Its arguments come first among call.buffers, in
 * their order. */
typedef struct bench_callee { compile_image image; compile_call call; } bench_callee;
/* Compiles (o->machine host), makes the arguments, and fills the counts, the limit of one thread and the time of compiling of `out`.  `s` is zeroed first; call
 * compile_bench_close, then compile_done in any case. */
LOOM_MUST_USE loom_status compile_bench_open(loom_ctx *ctx, const compile_options *o, const bench_options *b, compile_state *s, LOOM_GIVE bench_callee *callee, bench_result *out);
void compile_bench_close(LOOM_TAKE bench_callee *callee);
/* Compiles (o->machine host) and measures.  `s` is zeroed first; call compile_done in any case. */
LOOM_MUST_USE loom_status compile_bench(loom_ctx *ctx, const compile_options *o, const bench_options *b, compile_state *s, bench_result *out);
/* r->limit on machine `host`, for r->products, bytes_read and bytes_written, products of that type, on so many cores. */
void compile_bench_limit(const machine *host, dtype type, double cores, bench_result *r);
/* compile_flops.c: arithmetic of what s holds; -1: not known. */
int64_t compile_flops(compile_state *s, int64_t *out_products);
data_value *compile_bench_times(arena *m, const bench_times *t);      /* {min, median, mad} */
/* loom.bench.v1. */
data_value *compile_bench_data(compile_state *s, const bench_result *r);
#endif
