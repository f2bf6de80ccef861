/* Shared by compile_network*.c only: one pass over the kernels of a network. */
#ifndef LOOM_COMPILE_NETWORK_PRIVATE_H
#define LOOM_COMPILE_NETWORK_PRIVATE_H
#include "base/rng.h"
#include "compile_exec.h"
#include "compile_network.h"
#include "compile_npu.h"
#include "network/network_twins.h"

enum { NETWORK_BUFFER_ALIGN = 64 /* bytes */, NETWORK_SPREAD_RUNS = 3 };

/* A kernel that is compiled itself: kept while kernels that equal it follow. */
typedef struct network_compiled {
  compile_options o; compile_state s; compile_npu npu; loom_span span;
  bool is_open, is_compiled; double ms;    /* there is something to close; it is compiled, and took so long, wherever that was */
  compile_execution execution;             /* the last one */
  compile_image *code;                     /* of this CPU, linked */
} network_compiled;

typedef struct network_split network_split;      /* of several chips, compile_network_chips.c */

typedef struct network_run {
  loom_ctx *ctx; const compile_options *o; bool for_npu; const network *net; const run_options *r;      /* r NULL: kernels are compiled, none runs */
  machine *chip;                           /* o->machine */
  network_twin *twins; network_compiled **kept;    /* by kernel; NULL: it is a twin of one before */
  void **bytes;                            /* by tensor */
  interp_tensor *whole;                    /* by tensor: the interpreter's, with bounds; NULL: no check */
  interp_tensor *moved[NETWORK_SPREAD_RUNS]; rng random[NETWORK_SPREAD_RUNS]; double **own_bound /* by tensor: of the kernel that made it, NULL: exact */;      /* compile_network_spread.c; where whole is */
  network_split *split;                    /* how kernels are split over several chips; NULL: the machine is one */
  compile_network *out;
} network_run;

/* ---- compile_network.c ---- */
bool network_is_npu(const network_run *n);
/* Gives the tensors between kernels their places.  On this CPU no kernel writes in place of what it reads: its code reads tensors where they lie (cpu_elide.c), not tile by tile. */
LOOM_MUST_USE loom_status network_place_tensors(network_run *n);
/* Finds twins, and compiles what can be compiled before anything runs; decides what stays in L1. */
LOOM_MUST_USE loom_status network_compile_all(network_run *n);
/* Every kernel in its turn: compiled where it is the first of its twins and is not yet, and run. */
LOOM_MUST_USE loom_status network_take_steps(network_run *n);

/* Which are compiled, and how: n->twins and n->kept. */
void network_list_compiles(network_run *n);
compile_options network_options_of(network_run *n, const network_kernel *k);
void network_close_one(network_compiled *c);      /* NULL is fine */
/* One kernel, as `loom run` does with a kernel that was written as one. */
LOOM_MUST_USE loom_status network_compile_one(network_run *n, network_compiled *c);

/* ---- compile_network_l1.c ---- */
/* On chips whose cores hand tensors on: compiles all kernels, chooses tensors that stay in L1, and compiles those again that this changes.  Fills out->l1, and out->buffers anew. */
LOOM_MUST_USE loom_status network_keep_in_l1(network_run *n);
/* Kernel k runs as `c` was compiled, which may have been for other places in L1. */
void network_set_l1_places(const network_run *n, const network_kernel *k, network_compiled *c);

/* ---- compile_network_ahead.c ---- */
/* Sets is_compiled of those in n->kept that the cache has, or that other processes compiled.  LOOM_EWORKER: one of these died. */
LOOM_MUST_USE loom_status network_compile_ahead(network_run *n);

/* ---- compile_network_chips.c ---- */
/* Decides of every kernel how it is split, and which tensors between kernels end on every chip: n->split. */
LOOM_MUST_USE loom_status network_split_kernels(network_run *n);
/* Compiles kernel i so, and runs it on all chips where somebody runs. */
LOOM_MUST_USE loom_status network_take_split_step(network_run *n, int i, compile_network_step *step);

/* ---- compile_network_places.c ---- */
/* LOOM_EINPUT: an index that a tensor of kernel k holds is outside of the dim that it is for. */
LOOM_MUST_USE loom_status network_check_places(network_run *n, const network_kernel *k);

/* ---- compile_network_host.c ---- */
/* compile_options.constants of a kernel: the network's; 0 where there are so many that a second form of them would not be worth its memory. */
uint64_t network_constants(const network *net, const network_kernel *k);
/* Links kernel k's code, binds it to the network's memory and calls it once: step->ms.  The call stays in n->out->host. */
LOOM_MUST_USE loom_status network_call_host(network_run *n, const network_kernel *k, network_compiled *c, compile_network_step *step);
/* The last of these calls once more, where it finds constants that it packed. */
void network_call_again(network_run *n);

/* ---- compile_network_run.c ---- */
/* Runs kernel k, a twin's graph and this one's tensors, as `c` was compiled; r NULL: only its time. */
LOOM_MUST_USE loom_status network_run_step(network_run *n, const network_kernel *k, network_compiled *c, compile_network_step *step);
/* n->bytes, and with r->check n->whole, as they are in front of the first kernel. */
void network_start_contents(network_run *n, void *const *args);
/* r->inputs and outputs of kernel k: what n->bytes hold, and kept, by kernel tensor: what it makes. */
void network_bind_step(network_run *n, const network_kernel *k, run_options *r, npy_array *kept);
/* Runs it on copies of what it takes, and leaves n->bytes alone; those take what it made. */
LOOM_MUST_USE loom_status network_run_on_copies(network_run *n, const network_kernel *k, network_compiled *c, compile_execution *e, npy_array *kept);
/* "t5[1, 2]" of the graph that ran, as this kernel's tensor. */
const char *network_place_of(network_run *n, const network_kernel *k, const char *where);
void network_take_results(network_run *n, const network_kernel *k, const npy_array *kept);
/* The kernel by the interpreter, on what the interpreter made of those before it. */
LOOM_MUST_USE loom_status network_interpret_step(network_run *n, const network_kernel *k);

/* ---- compile_network_spread.c ---- */
void network_start_spread(network_run *n);
LOOM_MUST_USE loom_status network_spread_step(network_run *n, const network_kernel *k);      /* after the interpreter's */
double *network_tolerance(const network_run *n, int tensor);      /* of its elements, when all kernels ran */
#endif
