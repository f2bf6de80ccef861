/* Functions on tensors on a machine: their kernels (network/network.h) one after the other through the pipeline of compile.h, on tensors that live between them. */
#ifndef LOOM_COMPILE_NETWORK_H
#define LOOM_COMPILE_NETWORK_H
#include "compile.h"
#include "network/network_buffers.h"
#include "network/network_l1.h"

typedef struct compile_network_step {
  const network_kernel *kernel, *same_as;  /* same_as: the kernel before whose compile this one ran; NULL: it was compiled itself */
  int64_t cycles;                          /* of a virtual chip, or predicted */
  double ms, compile_ms;                   /* the CPU executed it (0: a virtual chip did); it was compiled (0: a twin was) */
  compile_execution execution;
  data_value *summary;                     /* loom.summary.v1 */
  const char *split;                       /* of several chips: "rows=tile_m, cols=none"; NULL: of one */
} compile_network_step;
typedef struct network_host network_host;  /* of this CPU: code in memory, bound to the tensors */
/* Results against the interpreter, by the spread of runs whose kernels were moved within their bounds (compile_network_spread.c).  error and tolerance: of the element that uses most of its
 * tolerance, `where`. */
typedef struct network_sampled { bool done, ok; int64_t wrong; double max_error, error, tolerance; const char *where; } network_sampled;
typedef struct compile_network {
  VEC_OF(compile_network_step) steps;
  network_buffers buffers;                 /* of the tensors between kernels */
  network_host *host; int threads;         /* of this CPU that ran it; NULL: it did not */
  int n_tuned, n_recorded;                 /* kernels whose plan is from the tuning database; was recorded there */
  network_l1 l1;                           /* those that stay in L1; at NULL: the machine keeps none, or was not asked to */
  int64_t predicted, predicted_in_dram;    /* cycles of the plans, and of those with all tensors in DRAM; with l1 only */
  int64_t cycles;                          /* of all kernels, one after the other */
  bool has_cycles;                         /* a virtual chip counted them */
  bool runs_the_same;                      /* --check: all kernels, and the results of all of them together */
  run_check whole;                         /* --check: the results against the interpreter, its bounds carried from kernel to kernel */
  interp_tensor *want; double **tolerance; /* --check: by result; tolerance: of its elements */
  network_sampled sampled, host_sampled;   /* of the results; of the function as code of this CPU, by whoever runs that */
} compile_network;

/* Compiles every kernel of `net` for o->machine, `for_npu` as its programs (compile_npu.h); o->input is the file that it was read from. */
LOOM_MUST_USE loom_status compile_network_kernels(loom_ctx *ctx, const compile_options *o, bool for_npu, const network *net, compile_network *out);
/* The same, and runs each where it was compiled: args and results by number, row-major; results in ctx->mem.  r: seed, check, interp_only and times_only (then args and results are not looked at). */
LOOM_MUST_USE loom_status compile_network_run(loom_ctx *ctx, const compile_options *o, bool for_npu, const network *net, const run_options *r, void *const *args, void **results, compile_network *out);

/* ---- compile_network_host.c: what n->host keeps once it ran ---- */
/* All kernels once more, on the same memory; ms: by step. */
void compile_network_again(compile_network *n, double *ms);
/* LOOM_EPROVIDER: a kernel provider failed. */
LOOM_MUST_USE loom_status compile_network_judge(loom_ctx *ctx, const compile_network *n);
data_value *compile_network_providers(arena *m, const compile_network *n);      /* who computed what (provider_link_report); NULL: nothing was left to them */
double compile_network_ms(const compile_network *n);                            /* of all kernels */
int64_t compile_network_workspace(const compile_network *n);                    /* bytes of its threads' workspaces */
int64_t compile_network_kept(const compile_network *n);                         /* bytes of constants in the form that code reads (cpu_grid.kept_bytes) */
void compile_network_close(compile_network *n);                                 /* threads and code; tensors stay */

/* Results that were made elsewhere against out->want: false, and *c or *sampled says where, when one is outside of its bound or tolerance. */
bool compile_network_compare(loom_ctx *ctx, const network *net, const compile_network *n, void *const *results, run_check *c, network_sampled *sampled);
void compile_network_sample(loom_ctx *ctx, const network *net, const compile_network *n, void *const *results, network_sampled *out);
/* The same for the elements of one result. */
void compile_network_sample_result(loom_ctx *ctx, const compile_network *n, int result, const double *got, network_sampled *out);
data_value *compile_network_graphs(arena *m, const network *net);                                    /* loom.network.v1 */
data_value *compile_network_memory(arena *m, const network *net, const compile_network *n);          /* `memory` of it */
data_value *compile_network_summary(arena *m, const network *net, const compile_network *n, const char *machine_name);      /* loom.summary.v1 */
data_value *compile_network_sim(arena *m, const network *net, const compile_network *n);              /* loom.sim.v1: of all kernels, and `kernels` */
#endif
