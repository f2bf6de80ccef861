/* soak: random kernels (tools/gen) through every engine, against the reference interpreter and the generator's own evaluation.
 *
 *   seed -> gen_make -> source -> front end -> graph -> soak_host (plain loops), soak_chip (plans on a virtual chip, tt emulation), soak_planned (plans on this CPU, artifacts), soak_npu
 *
 * A kernel and all that is drawn for it depend on its seed alone.  Oracles: integers and what is known exactly bit by bit, other floats within the interpreter's running bound; the
 * interpreter itself within its bound of the generator's evaluation; cycles with values and without are the same.  A refusal is counted by its reason. */
#ifndef LOOM_SOAK_H
#define LOOM_SOAK_H
#include "compile_exec.h"
#include "gen.h"
#include "run/run_cache.h"

/* X(id, word, what it is) */
#define SOAK_ENGINE_LIST(X)                                                                                                                                \
  X(EXACT, "exact", "the interpreter against the generator's evaluation") X(O0, "host-O0", "plain loops on this CPU, LLVM at O0")                            \
  X(PRODUCT, "host", "plain loops on this CPU with the passes of the product") X(O2, "host-O2", "plain loops on this CPU, LLVM's default<O2>")                \
  X(PLANNED, "planned", "a random plan on this CPU") X(AOT, "aot", "the same as an artifact, written and loaded back")                                        \
  X(CHIP, "chip", "random plans on a virtual chip") X(TT, "tt", "a program for a Tenstorrent board on the emulation of tt-metal")                             \
  X(NPU, "npu", "a program for an NPU, its machine code executed")
typedef enum soak_engine {
#define X(id, ...) SOAK_##id,
  SOAK_ENGINE_LIST(X)
#undef X
  SOAK_ENGINES
} soak_engine;
const char *soak_engine_word(soak_engine e);

typedef struct soak_options {
  unsigned engines;                        /* bit per engine */
  int plans;                               /* on the chip, of each kernel */
  unsigned often;                          /* bit per engine that takes each kernel, although only some kernels go to it: one kernel is looked at */
  bool of_seed;                            /* a graph that is given has the inputs of the seed's kernel, by name, cut to its sizes; else made-up ones */
  const machine *const *chips; size_t n_chips;
  const machine *const *npus; size_t n_npus;
  const machine *host;
  const char *emulator;                    /* of tt-metal; NULL: none */
  run_cache cache;                         /* of its object code */
  const char *fault;                       /* tests: what is changed in the graph that the engines get ("sub": operands of subtractions swapped); NULL: nothing */
  int steps;                               /* of gen_make */
  int seconds;                             /* a kernel that takes longer is a finding */
} soak_options;

/* Cells of the ledger: op x dtype x rank x tail kind (soak_ledger.c). */
enum { SOAK_CELLS_MAX = 192, SOAK_SLACKS = 32, SOAK_TEXT_MAX = 6000, SOAK_REASON_MAX = 120 };
typedef struct soak_result {
  uint64_t seed;
  int compared[SOAK_ENGINES];              /* calls that were compared */
  int refused[SOAK_ENGINES];
  char reason[SOAK_ENGINES][SOAK_REASON_MAX];      /* the first line of why, with numbers as '#' */
  int findings, unsure;                    /* unsure: elements without a bound */
  soak_engine where;                       /* of the first finding */
  bool is_spatial;
  double cpu_ms[SOAK_ENGINES + 1];         /* by engine; the last: generator, front end, interpreter */
  int64_t inexact, slack[SOAK_SLACKS];     /* inexact results of the CPU; slack[i]: of those whose bound is 2^i to 2^(i+1) times their error */
  double tightest;                         /* the largest error in units of its bound */
  int n_cells;
  uint16_t cell[SOAK_CELLS_MAX];
  char text[SOAK_TEXT_MAX];                /* of the findings */
} soak_result;

typedef struct soak_piece { void *at; size_t bytes; } soak_piece;

/* One kernel under test. */
typedef struct soak_case {
  loom_ctx *ctx;
  const soak_options *o;
  const gen_kernel *gen;                   /* NULL: the graph is from a file */
  uint64_t seed;
  bool sums_f32;                           /* sums of products have the type of --accumulate f32, else that of the kernel */
  kernel_graph *graph, *given;             /* the oracle's; the engines' (another only with o->fault) */
  compile_results results;
  const interp_tensor *inputs;             /* by kernel tensor */
  soak_result *out;
  const char *now;                         /* what runs: the plan, block sizes */
  const interp_tensor *known;              /* results that no schedule changes: each known exactly; NULL: there is a bound to each schedule */
  VEC_OF(soak_piece) memory;               /* mapped; soak_free_memory */
} soak_case;

/* ---- soak_case.c ---- */
/* All engines on the kernel of `seed`, or on `graph` (NULL: that of the seed) with made-up inputs.  Nothing of it is left behind. */
void soak_run(const soak_options *o, uint64_t seed, kernel_graph *graph, soak_result *out);
/* The graph of a generated kernel; NULL: refused, with diagnostics. */
kernel_graph *soak_read(loom_ctx *ctx, const gen_kernel *g);
bool soak_wants(const soak_case *c, soak_engine e, int one_in);      /* of one_in seeds, one */
void soak_find(soak_case *c, soak_engine e, const char *what);
/* Counts what a failure says: LOOM_EUNSUP, LOOM_EINFEASIBLE and LOOM_ELIMIT are refusals, all else findings; the diagnostics since `before` are dropped. */
void soak_fail(soak_case *c, soak_engine e, loom_status st, diag_mark before);
interp_tensor *soak_copy_inputs(soak_case *c);
/* The interpreter's results (by result) with these block sizes, or with those of s->plan where s is not NULL. */
LOOM_MUST_USE loom_status soak_expect(soak_case *c, compile_state *s, const sym_binding *blocks, size_t n, interp_tensor **out);
/* bytes: by kernel tensor, of roots. */
void soak_judge(soak_case *c, soak_engine e, compile_state *s, const interp_tensor *want, void *const *bytes);
/* How tight the interpreter's bounds are: what the CPU gave against the generator's evaluation. */
void soak_measure(soak_case *c, compile_state *s, const interp_tensor *want, void *const *bytes);
/* What all compiles of the engines' graph for `m` have in common. */
compile_options soak_compile_options(const soak_case *c, const machine *m);
/* A compile of the engines' graph for `m`, stopped at its nest; compile_done it in any case. */
LOOM_MUST_USE loom_status soak_open(soak_case *c, const machine *m, compile_options *o, compile_state *s);
double soak_cpu_ms(void);

/* ---- soak_memory.c ---- */
/* `bytes` with the contents of `from` (NULL: NaN); an access behind them, in every other seed before them, is a death. */
void *soak_memory(soak_case *c, size_t bytes, const void *from);
void soak_free_memory(soak_case *c);
/* By kernel tensor of s: copies of the arguments, and what is returned and is none. */
LOOM_MUST_USE loom_status soak_make_memory(soak_case *c, compile_state *s, void **by_root);

/* ---- engines ---- */
void soak_host(soak_case *c);
void soak_planned(soak_case *c);
void soak_chip(soak_case *c);
void soak_tt(soak_case *c);
void soak_npu(soak_case *c);

/* ---- soak_ledger.c ---- */
void soak_count_cells(const soak_case *c, const sym_binding *blocks, size_t n, soak_result *out);
enum { SOAK_LEDGER_CELLS = 1 << 16 };
typedef struct soak_ledger { int64_t hits[SOAK_LEDGER_CELLS]; } soak_ledger;
void soak_ledger_add(soak_ledger *l, const soak_result *r);
void soak_ledger_print(const soak_ledger *l, arena *m);      /* a table, and what was never hit */
/* Cells that were hit, those by 100 kernels or more, and those never: of the types, ranks and fits that an op was seen with, each alone. */
void soak_ledger_sum(const soak_ledger *l, int64_t *out_cells, int64_t *out_often, int64_t *out_empty);
data_value *soak_ledger_data(const soak_ledger *l, arena *m);

/* ---- soak_report.c ---- */
typedef struct soak_reason { soak_engine engine; const char *text; int64_t n; uint64_t seed; } soak_reason;
typedef struct soak_total {
  int64_t kernels, spatial, with_findings, lost, compared[SOAK_ENGINES], taken[SOAK_ENGINES], refused[SOAK_ENGINES], unsure;
  double cpu_ms[SOAK_ENGINES + 1];
  int64_t inexact, slack[SOAK_SLACKS];
  double tightest;
  VEC_OF(soak_reason) reasons;
  VEC_OF(uint64_t) seeds;                  /* with findings */
  soak_ledger ledger;
} soak_total;
void soak_total_add(soak_total *t, arena *m, const soak_result *r);
int soak_median_slack(const soak_total *t);      /* the median bound is 2^this times the error */
void soak_total_print(const soak_total *t, arena *m, double wall_s);
data_value *soak_total_data(const soak_total *t, arena *m, const soak_options *o, uint64_t seed, double wall_s);      /* loom.soak.v1 */
#endif
