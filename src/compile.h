/* compile: the whole pipeline as one function (compile.c), plus reading inputs, stage dumps, execution and the summary.
 * Takes: a file and options.  Leaves: every meeting point of the compile, kept in a compile_state. */
#ifndef LOOM_COMPILE_H
#define LOOM_COMPILE_H
#include "explore/explore.h"
#include "frontend/helion/helion.h"
#include "kernel/interp.h"
#include "materialize/materialize.h"
#include "model/model.h"
#include "run/provider_set.h"
#include "run/run.h"
#include "run/run_cache.h"
#include "sim/sim.h"
#include "solve/certify.h"
#include "solve/solve.h"
#include "target/cpu/cpu.h"
#include "tog/tog.h"

/* X(id, file suffix, kind of text): the dump points in pipeline order; an override file NNN_<id>.<suffix> replaces that stage's result. */
#define COMPILE_STAGE_LIST(X)                                                                            \
  X(KERNEL, "kernel", "json") X(STAGE0, "stage0", "mlir") X(CANONICAL, "canonical", "mlir") X(NEST, "nest", "json") \
  X(EXPLORE, "explore", "json") X(SOLVE, "solve", "json") X(PLAN, "plan", "json") X(BUFFERIZED, "bufferized", "mlir") X(TOG, "tog", "json")
typedef enum compile_stage {
#define X(id, name, suffix) COMPILE_##id,
  COMPILE_STAGE_LIST(X)
#undef X
  COMPILE_STAGES
} compile_stage;

/* Bytes: page p of the tensor lies on core p mod cores, at offset + p / cores * page. */
typedef struct compile_l1_tensor { kernel_tensor tensor; int64_t page, offset; } compile_l1_tensor;

/* Block sizes that are given, of one variant; NULL: of the best that takes them. */
typedef struct compile_assignment { const char *variant; const solve_domain *domains; size_t n; int slots; /* of loads: 1, 2, or 0: free */ } compile_assignment;

typedef struct compile_options {
  const char *input;                       /* path, or "-" */
  char *source; size_t source_size;        /* its text, when it is read already; NULL: it is not */
  kernel_graph *graph;                     /* the kernel, which `input` is only the name of; NULL: it is read */
  bool keeps_arguments;                    /* the kernel may store to parts of an argument, whose other elements stay */
  const char *machine, *calibration;       /* NULL: "wormhole" */
  const machine *loaded_machine;              /* what these name, where somebody has read it already; NULL: nobody has */
  const char *compute_dir;                 /* upstream's hw_compute_dir, whose costs are used; NULL: none */
  helion_options helion;                   /* shapes, function, dtype */
  const char *config;                      /* upstream's config.json; NULL: none */
  const solve_domain *domains; size_t n_domains;     /* --block-sizes */
  const compile_assignment *assigned; size_t n_assigned;      /* several: a plan of each, in their order (compile_assigned.h); 0: one is searched for */
  int slots;                               /* of every load: 1, 2, or 0: free */
  int topk_block_size;                     /* odd: a plan also for each combination of so many sizes of every symbol around the best; 0: the best alone */
  explore_options explore;
  const char *plan;                        /* --plan FILE */
  model_kind model; bool accumulate_f32, ragged; int64_t op_budget; double timeout_s; int topk; int etg_gen;
  int threads;                             /* of the solver; 0: one.  They change nothing but the time. */
  const solve_ranks *ranks;                     /* who search a space together; NULL: this process alone */
  void (*progress)(void *data, int64_t done, int64_t left, int64_t best, int64_t bound); void *progress_data;     /* of the solver (solve_limits); NULL: none */
  const solve_opinion *opinion;            /* solve/certify.h: asked about every answer; NULL: nobody */
  bool debug; const char *output_dir;      /* NULL: loom-out/<kernel> */
  const char *dump_dir, *override_dir;
  bool print_pretty;                       /* loom operations of MLIR text in upstream's assembly */
  bool helion_form;                        /* --stage0-form=helion: stage 0 is printed in the form of the first helion-mlir */
  bool search_host;                        /* a machine that is this CPU goes through the search like any other; otherwise it takes the kernel as plain loops */
  int run_threads;                         /* of native code; 0: as many as the process may use */
  bool is_for_others;                      /* code that other programs link: nothing that they would have to ask the system for (tiles) */
  const compile_l1_tensor *l1; size_t n_l1;      /* tensors of `graph` that lie in the L1 of all cores; the others are in DRAM */
  bool no_l1_tensors;                      /* of a network: all of its tensors are in DRAM between kernels */
  int64_t l1_reserved_bytes;               /* of each core's L1, its top, which such tensors have, of this kernel and of others */
  int64_t board_reserve_bytes;             /* of each core's L1 that plans leave free, as a board's program needs it (compile_tt.h) */
  bool for_board;                          /* programs for the machine's board will be made: float16 is what the board has for it (compile_tt.h) */
  bool for_npu;                            /* its program for an NPU is made, too: a plan that is recorded fits its lanes */
  bool open_rows;                          /* of an NPU's program: how many rows the tensors have is given when it is run (compile_npu.h) */
  uint64_t constants;                      /* on this CPU: bit i where function argument i may be the same in many calls, so that code may keep its packed form (cpu_grid.kept_bytes) */
  bool plain_loops;                        /* on this CPU: the kernel's own loops, no search */
  compile_stage stop_after;                /* the last stage wanted (explore stops early); COMPILE_TOG: all */
  bool write_files;                        /* the output directory of cli.md */
  bool use_mips_matmul;                    /* torch.aten.mm of f32 leaves for a kernel library's function (convert-torch-to-mips) */
  run_cache *cache;                        /* of what was compiled before (compile_cache.h); NULL: all is compiled */
  struct tuning_db *tuning; bool tune;     /* plans found before (compile_tuning.h), NULL: none; they are searched for again, and the better ones kept */
  struct plan *tuned;                      /* the one that was found there for this kernel; NULL: none, or nobody has looked */
  const provider_options *providers;       /* of kernels, on the host; NULL: none, and nothing is left to them */
} compile_options;

/* How much was searched: all of a space (its mappings and loop orders), or the variants of a list, among so many candidates. */
typedef struct compile_search { bool is_space; int64_t variants, candidates, mappings; int orders; } compile_search;
typedef struct compile_time { const char *name; double ms; } compile_time;
typedef struct compile_state {
  loom_ctx *ctx; const compile_options *o; ir_ctx ir;
  const char *output_dir;
  machine *machine;                        /* NULL: the host CPU */
  kernel_graph *kernel;                    /* NULL when the input was MLIR */
  MlirModule stage0, canonical, bufferized;
  MlirModule native;                       /* of this CPU: the program of one core, from `bufferized`; null: the code is made of stage 0 */
  const char *helion_text;                 /* stage 0 in the helion form, when that was asked for */
  nest *nest;
  explore_space space; explore_table table;                /* where a whole space is searched, the table holds its best */
  solve_options solve_options; solve_result solved;
  compile_search searched;
  VEC_OF(plan *) plans; plan *plan;        /* the kept plans; the best one */
  const struct tuning_key *tuning_key;     /* of what was asked for, before the search */
  struct plan *tuned; bool is_tuned, is_tuning_stale, is_recorded;      /* what the tuning database has, NULL: nothing; `plan` is that; it no longer holds; `plan` is kept there now */
  tog *tog;
  bool is_native;                          /* for the CPU: native code is made of `bufferized` (stage 0 where a kernel has no spatial form) */
  const char *plain_because; loom_span plain_where;      /* on this CPU: why the kernel's own loops stand in for a plan; NULL: they do not, or were asked for */
  cpu_dots dots;                           /* how the code of `grid` makes products of narrow elements */
  cpu_grid grid;                        /* of `object`, where it was made of `bufferized`; n_dims 0: of stage 0 */
  struct compile_state *fixed;             /* of open sizes: the same kernel, planned for the sizes it was read with (compile_fixed.h); NULL: it is not */
  bool is_retyped;                         /* for a board: float16 of the kernel became bfloat16 */
  bool is_opaque;                          /* the host runs MLIR text: `kernel` has its arguments and no operations */
  char *object; size_t object_size;        /* of the host: machine code, once it is made or read */
  bool runs_again;                         /* as it is: what was linked for the virtual chip is kept; the caller's to set (a network runs one kernel for many that equal it) */
  struct codegen_image *tiles; sim_tile_fn *tile_functions;      /* of `tog`, where it runs again, once it ran */
  kernel_call call;                        /* of an artifact: the sizes of this call; size NULL: the kernel was read for its sizes */
  const char *is_replaced[COMPILE_STAGES]; /* by stage: the file of --override-dir that stands for it; NULL: it is the compiler's */
  kernel_graph *read_kernel;               /* the kernel before a file replaced it; NULL: none did */
  const char *cache_key; bool is_quiet;    /* where the compiled kernel is kept, NULL: nowhere; no message of the compile would be lost */
  data_value *kernels;                     /* of a run on the host: who computed what was left to kernel providers; NULL: nothing was */
  data_value *bisection;                   /* of --bisect-numerics, for the summary; NULL: not asked for */
  VEC_OF(compile_time) times;
  VEC_OF(const char *) dumped;             /* stage file names written to dump_dir */
} compile_state;

/* What the verifier asks of a machine. */
static inline tog_chip compile_chip(const machine *m) {
  return (tog_chip){m->name, m->l1_bytes, m->dram_align_bytes, m->dram_write_align_bytes ? m->dram_write_align_bytes : m->dram_align_bytes, machine_cores(m), m->l1_reserved_bytes};
}

/* Runs the pipeline, or takes what the cache has of it.  `s` is zeroed first; call compile_done in any case. */
LOOM_MUST_USE loom_status compile_kernel(loom_ctx *ctx, const compile_options *o, compile_state *s);
/* The machine that the options name; of o->loaded_machine, a copy. */
LOOM_MUST_USE loom_status compile_load_machine(loom_ctx *ctx, const compile_options *o, machine **out);
/* The two parts of it around the cache: options, machine and limits (`s` is zeroed first); the pipeline. */
LOOM_MUST_USE loom_status compile_start(loom_ctx *ctx, const compile_options *o, compile_state *s);
LOOM_MUST_USE loom_status compile_finish(compile_state *s);
/* What came from the cache has no MLIR until it is needed. */
LOOM_MUST_USE loom_status compile_open_ir(compile_state *s);
void compile_done(compile_state *s);

/* ---- compile_io.c ---- */
LOOM_MUST_USE loom_status compile_read_input(compile_state *s);                     /* fills kernel, or stage0 for MLIR text */
/* Is this file MLIR text (and no dump of other forms that look like it)? */
bool compile_is_mlir(const char *path, const char *source, size_t size);
/* Is it a kernel, and nothing of it in other files? */
bool compile_is_whole_kernel(const char *path, const char *source, size_t size);
/* MLIR text of any dialect that is read (compile_text.c): custom assembly that MLIR does not know is brought to generic form first, with the same
 * lines.  LOOM_EUNSUP: it has operations of dialects that nobody here knows, each reported with its place. */
LOOM_MUST_USE loom_status compile_parse_mlir(ir_ctx *ir, const char *path, const char *source, size_t size, LOOM_GIVE MlirModule *out);
/* What is of torch in a module becomes linalg on tensors (convert-torch-to-linalg); nothing happens where nothing is. */
LOOM_MUST_USE loom_status compile_lower_torch(ir_ctx *ir, MlirModule m, bool use_mips_matmul);
/* Fills globals whose contents are parameters by name from archives (.irpa, .safetensors, .npz): "FILE", or "SCOPE=FILE" (compile_parameters.c).  LOOM_EINPUT: some are in
 * none of them; each is reported. */
LOOM_MUST_USE loom_status compile_bind_parameters(ir_ctx *ir, MlirModule m, const char *const *files, size_t n);
LOOM_MUST_USE loom_status compile_read_config(compile_state *s, compile_options *into);   /* upstream's config.json merged under the options */
LOOM_MUST_USE loom_status compile_dump(compile_state *s, compile_stage stage);      /* dump point: writes, or reads the override back */
LOOM_MUST_USE loom_status compile_write_outputs(compile_state *s);

/* ---- compile_report.c ---- */
LOOM_MUST_USE loom_status compile_write_report(compile_state *s);                   /* report.json beside the other outputs */

/* ---- compile_run.c ---- */
typedef struct run_check { bool done, ok; double max_abs_error, error, bound; /* error and bound: at `where`, the element that uses most of its bound */ int64_t wrong, elems, unbounded; const char *where; /* "out[12, 7]" */ bool integers_run, integers_ok; /* run: the kernel maps whole numbers to whole numbers, so that they must come out bit-identical */ } run_check;
typedef struct compile_execution { sim_report report; bool has_report; run_check check; } compile_execution;
/* Results of the interpreter, kept between runs of one kernel, shape and seed (schedules do not change them beyond the bound).  Zero: empty. */
typedef struct run_oracle { interp_tensor *values[2]; /* by kernel tensor; [1]: the whole-number run */ interp_tensor *inputs[2]; /* NULL: those among the values, of a kernel that stores to no argument */ } run_oracle;
typedef struct run_options { int64_t bisect_elems; /* values that --bisect-numerics keeps of a run; 0: its own limit */ uint64_t seed; bool check, interp_only, no_verify, times_only; /* times_only: a chip counts cycles, without values */ /* no_verify: skip the TOG verifier, to show that the chip itself is a check */ const run_binding *inputs; size_t n_inputs; const run_binding *outputs; size_t n_outputs; const run_binding *expects; size_t n_expects; /* results made elsewhere, to compare with the interpreter (interp_only) */ run_oracle *oracle; /* NULL: not kept */ dram_model dram; bool dram_is_given; /* of the virtual chip */ sim_record *record; /* of the run of the virtual chip with these inputs; NULL: not recorded */ } run_options;
/* Executes s->tog on the virtual chip, or s->stage0 on this CPU, or the interpreter alone; writes the named outputs and fills the check. */
LOOM_MUST_USE loom_status compile_execute(compile_state *s, const run_options *r, compile_execution *out);

/* ---- compile_artifact.c ---- */
/* `loom run DIR`: reads a host artifact into `s` (zeroed first; call compile_done in any case) for a call with the sizes of o->helion.shapes and
 * of the inputs; compile_execute then runs it.  Nothing of the kernel's source is looked at.  LOOM_EINPUT: it is stale or damaged, or the call
 * breaks a guard; LOOM_EUNSUP: it is of another CPU. */
LOOM_MUST_USE loom_status compile_open_artifact(loom_ctx *ctx, const compile_options *o, const run_options *r, compile_state *s);

/* ---- compile_summary.c ---- */
solve_certificate compile_certificate(const compile_state *s);                      /* of the plan; when somebody was asked */
data_value *compile_summary(compile_state *s, const compile_execution *e);          /* loom.summary.v1; e may be NULL */
#endif
