/* cli: the command line (contract: docs/cli.md).  The only room that prints and exits.
 * `loom` is plain C and starts in a millisecond; commands that need MLIR, LLVM or CPython's parser run in `loom-worker`, which it starts. */
#ifndef LOOM_CLI_CLI_H
#define LOOM_CLI_CLI_H
#include "base/data.h"
#include "base/text.h"
#include "base/vec.h"

struct solve_opinion;

/* X(name, where it runs: 0 loom itself, 1 loom-worker, 2 loom-sweep; usage, one-line summary) */
#define CLI_COMMAND_LIST(X)                                                                                             \
  X(compile, 1, "KERNEL [--machine M] [-o DIR]", "the whole pipeline, artifacts under -o DIR")                          \
  X(run, 1, "KERNEL|DIR [--machine M] [--check]", "compile, then execute; DIR: what 'loom compile --machine host' left") \
  X(explore, 1, "KERNEL [--machine M] [--json]", "table of mapping candidates")                                         \
  X(solve, 0, "ETG.json [--machine M]", "block sizes for every variant of an ETG file")                                 \
  X(eval, 0, "[SCHEDULE.json] --machine M", "costs of a schedule: JSON in, guarded scenarios of every node out")          \
  X(sim, 1, "DIR|TOG|JOBS|MODEL [--check]", "run an artifact directory, a TOG, a list of tile graphs or a model's kernels on the virtual chip")                              \
  X(report, 0, "DIR|MODEL [-o FILE]", "one page of HTML: mapping, waves, timeline, memory, roofline, search, trades, sensitivity, stages, two runs compared; of a model: where time and memory go, what was fused, what tuning pays")                  \
  X(bench, 1, "KERNEL [--compare OLD.json] [--json] | tpuv3", "how long a kernel takes on this CPU, and how near that is to the roofline; tpuv3: our simulator against a real one")  \
  X(opt, 1, "FILE --pass-pipeline='...'", "mlir-opt with Loom's passes in the same textual pipelines")                  \
  X(machine, 0, "list | show M | check M | import FILE | calibrate", "chip descriptions; calibrate measures this CPU")                                           \
  X(test, 1, "--corpus=iree:DIR | FILE.mlir ..", "run the expectations of numeric test files: cases, counts, JUnit")       \
  X(providers, 0, "list | check P | bench [P ..]", "kernel libraries: which there are, whether one is right, how fast they are")  \
  X(doctor, 0, "", "versions, features, what is missing and how to install it")                                          \
  X(reduce, 0, "KERNEL [options of run] [-o FILE]", "a kernel for which 'loom run' fails, made smaller while it fails the same way")  \
  X(config, 0, "[OPTION] [--show-origin]", "what is set by the user's configuration and the environment")                  \
  X(explain, 0, "[CODE]", "what a code of an error, an exit code, a fault or a proof means, and what to do")                \
  X(lsp, 0, "[DIR ..]", "a language server for kernels and machine files, on standard input and output: editors start it")  \
  X(completion, 0, "bash|zsh|fish", "what a shell sources to complete commands, options, machines and values") \
  X(sweep, 2, "FILE [-o DB] | show DB [RUN] | diff DB [RUN RUN] | export csv|json DB [RUN]", "many kernels x shapes x machines x options into a database, resumed where it was; on several machines under mpirun")

/* X(field, option, argument or NULL, commands that take it, help).  Commands: letters of compile(c) run(r) explore(e) solve(s) eval(v) sim(m) report(p) bench(b) opt(o) machine(x) test(t) providers(k) doctor(d)
 * reduce(z: those of run too) config(g) explain(i) lsp(l) completion(f) sweep(w). */
#define CLI_OPTION_LIST(X)                                                                                              \
  X(machine, "machine", "NAME|FILE", "cresvmpxbl", "machine description (loom machine list)")                                \
  X(output_dir, "output-path", "DIR", "cr", "output directory (default loom-out/<kernel>)")                             \
  X(shape, "shape", "K=V,..", "crebkmp", "sizes: class constants of a LoomKernel (M=2048), ARG.DIM=size (x.0=1024) or x=37x19; open sizes of functions and their names (s0=4), of tile graphs")      \
  X(dtype, "dtype", "T", "crebl", "element type of arguments, of all (f32) or some (x=f32,y=i64); default f16")                       \
  X(arg, "arg", "NAME=V", "creb", "value of an argument or tunable: eps=1e-5, flag=True, dims=[64], bias=None")              \
  X(function, "function", "NAME", "crebmp", "kernel to take when the file has several")                                   \
  X(config, "config", "FILE", "creb", "upstream's config.json")                                                          \
  X(block_sizes, "block-sizes", "S=V,..", "crsb", "assign block sizes, by name or in order (16,16,8); solving is skipped")                              \
  X(variant, "variant", "NAME", "cre", "keep only this mapping variant")                                                \
  X(pin, "pin", "K=V,..", "cre", "restrict the search: load.A=bcst_x, order=10")                                        \
  X(plan, "plan", "FILE", "cr", "replay this plan")                                                                     \
  X(tuning_db, "tuning-db", "FILE", "crmp", "plans that were found before are replayed from this database, and new ones recorded in it")                          \
  X(model, "model", "loom|upstream|upstream-nested", "cres", "what prices a candidate: Loom's model (default), or upstream's")                                                \
  X(calibration, "calibration", "NAME", "cresvmxpl", "perf set of the machine file")                                       \
  X(compute_dir, "hw-compute-dir", "DIR", "cresvmxp", "upstream's compute directory: functions in X.mlir, their costs in X.perf.yaml")      \
  X(accumulate, "accumulate", "f32|f16", "cr", "accumulator type (default f32)")                                        \
  X(l1_tensors, "l1-tensors", "auto|none", "crmp", "of a model on a chip: tensors between kernels that stay in L1: those that pay (default), or none") \
  X(topk, "topk", "N", "cres", "compile, run: materialise the best N candidates (default 1); explore, solve: list them")     \
  X(topk_block_size, "topk-block-size", "N", "cr", "materialise also the plans at N (odd) sizes of each block symbol around the best")  \
  X(njobs, "njobs", "N", "cresbkmpw", "threads of the search; of a model, processes that compile its kernels (default: one for each processor)")                                                                      \
  X(shard, "shard", "BLOCK", "r", "deal the kernel out along that block's range (m, tile_k) to the processes of this job of MPI (mpirun), with --machine host")  \
  X(threads, "threads", "N", "crebp", "of this CPU, for the kernel (--machine host); default: all it may use")                \
  X(cache_dir, "cache-dir", "DIR", "crbmp", "where compiled kernels are kept (default $LOOM_CACHE_DIR, else loom/objects in ~/.cache)")                \
  X(seed, "seed", "N", "crmbp", "seed of made-up inputs (default 0)")                                                     \
  X(input, "input", "NAME=FILE.npy", "crmbp", "contents of an argument; FILE.npz: of all its arrays; of MLIR functions also 2x2xf32=[[1 2][3 4]], i32=5, @FILE.npy")                                                  \
  X(output, "output", "NAME=FILE.npy", "crm", "write a result, by name or index; FILE.npz: all of them")                                                         \
  X(parameters, "parameters", "[SCOPE=]FILE", "crmpb", "weights of a model by name, .irpa, .safetensors or .npz: contents of its #stream.parameter.named globals") \
  X(dump_dir, "dump-dir", "DIR", "crp", "every stage as NNN_stage.mlir plus index.json")                                 \
  X(override_dir, "override-dir", "DIR", "cr", "an edited dump in DIR replaces that stage")                             \
  X(expect, "expect", "NAME=FILE.npy", "rm", "compare a result that something else made with the interpreter (--interp; of a model also --check): FILE.npy, of a model FILE.irpa")          \
  X(emit, "emit", "WHAT", "cre", "print kernel, nest, plan, explored, mlir or tog to standard output; compile: llvm, or write obj or so with a C header, or tt, a tt-metal program, or npu, that of an NPU") \
  X(tt_api, "tt-api", "free|object", "cr", "device kernels call functions (default), or CircularBuffer and Noc objects") \
  X(tt_accumulate, "tt-accumulate", "dst|l1", "cr", "sums over blocks on a board: in float32 registers (default), or in L1 by the packer")                             \
  X(etg, "etg", "FILE", "es", "write the ETG; of solve: the one read, with the costs of --machine")                                                                           \
  X(stage0_form, "stage0-form", "loom|helion", "c", "form of stage 0: affine and linalg (default), or helion-mlir's first one") \
  X(etg_gen, "etg-gen", "1|2|3", "ce", "ETG generation (default 3)")                                                    \
  X(op_budget, "op-budget", "N", "cresmp", "evaluations the solver may spend")                                             \
  X(timeout, "timeout", "S", "crestmpk", "seconds the solver may take; then the best found, with a proven bound; of test: seconds a file may take (300), of providers: a case (60)")               \
  X(trace, "trace", "FILE", "rm", "what every core did when, as JSON that Perfetto opens")                               \
  X(trace_limit, "trace-limit", "N", "rm", "entries that --trace keeps (default 500000)")                                \
  X(engine, "engine", "sim|npu|tt-emu", "rm", "what executes the kernel: the virtual chip, the machine code of an NPU's cores, or a board's C++ kernels on an emulation of tt-metal") \
  X(dram, "dram", "simple|bank", "rmpb", "DRAM as latency and rate (simple), or bank by bank (bank); a tile graph: bank where the machine has banks")                \
  X(tt_seed, "tt-seed", "N", "r", "of --engine tt-emu: seed of the delays on the NoC (default 0)")                       \
  X(tt_seeds, "tt-seeds", "N", "r", "so many seeds, from --tt-seed on; results must not depend on them")                                                           \
  X(compare, "compare", "OLD.json|DIR", "bp", "what 'loom bench --json' printed before: the ratio, and whether it is beyond the noise; of report: a directory whose run is put beside this one")  \
  X(seconds, "seconds", "S", "b", "how long to measure (default 1)")                                                    \
  X(pass_pipeline, "pass-pipeline", "P", "o", "textual pipeline")                                                       \
  X(patterns, "patterns", "FILE", "o", "apply the pdl patterns of FILE, before the passes")                              \
  X(irdl_file, "irdl-file", "FILE", "o", "load IRDL dialects")                                                          \
  X(print_after, "mlir-print-ir-after", "PASS", "o", "print the IR after a pass")                                       \
  X(corpus, "corpus", "KIND:DIR", "t", "iree:DIR, a checkout or its tests/e2e; mlir:DIR, any directory of such files")   \
  X(junit, "junit", "FILE", "t", "write the cases as JUnit's XML")                                                      \
  X(out, "out", "FILE", "osvxepzwm", "output file")                                                                          \
  X(provider, "provider", "NAME|FILE.so", "rb", "kernel library that computes matrix products and declared functions (loom providers list)")  \
  X(kernel_map, "kernel-map", "KEY=PROVIDER", "rb", "who computes KEY (linalg.matmul(f32,f32)->f32, linalg.matmul, a function); FILE.so:SYMBOL: a function of a library")  \
  X(kernel_require, "kernel-require", "KEY", "rb", "KEY must be computed by a provider; without this generated code does what none takes")  \
  X(on_kernel_error, "on-kernel-error", "fail|fallback", "rb", "when a provider fails: stop (default), or let generated code compute it")  \
  X(limits, "limits", "K=V,..", "creombptl", "what the command may use: memory=MiB, cpu=S and deadline=S, files=N, file=MiB; 0: no limit (docs/isolation.md)")  \
  X(error_format, "error-format", "text|json|sarif", "cresvmoxdpbtkgifzlw", "messages on standard error as text, as JSON of a line each, or as a SARIF log")  \
  X(progress, "progress", "bar|plain|none", "cresmzbtpw", "how far the command is, on standard error: a bar on a terminal (default), lines, or nothing")

/* Options without an argument.  X(field, option, commands, help) */
#define CLI_FLAG_LIST(X)                                                                                                \
  X(retry_failed, "retry-failed", "w", "compute points again that failed")                                                  \
  X(fresh, "fresh", "w", "compute all points again")                                                                         \
  X(fail_if_slower, "fail-if-slower", "w", "of diff: exit code 3 when a point is slower, or fails now")                      \
  X(json, "json", "cresvmoxdpbtkgizw", "one JSON object on standard output")                                                      \
  X(show_origin, "show-origin", "g", "where each setting is from: file and line, or a variable of the environment")         \
  X(ordered_sums, "ordered-sums", "rt", "MLIR functions on values: every sum in the order of its elements, in its own type")  \
  X(stdio, "stdio", "l", "accepted: editors say so; there is no other way")  \
  X(no_cache, "no-cache", "crbmp", "compile even what was compiled before, and keep nothing")                 \
  X(check, "check", "rm", "compare with the reference interpreter")                                                     \
  X(no_verify, "no-verify", "mp", "skip the verifier of the TOG: the chip itself must notice")                            \
  X(interp, "interp", "r", "run the reference interpreter alone")                                                       \
  X(bisect, "bisect-numerics", "cr", "run the interpreter against every stage; name the first one, and the first operation in it, that goes wrong")      \
  X(quick, "quick", "x", "calibrate: a second instead of half a minute, with smaller arrays and fewer runs")                \
  X(tune, "tune", "crmp", "with --tuning-db: search all the same, and keep the better plans")                            \
  X(debug, "debug", "cre", "write every stage")                                                                         \
  X(upstream_compatible, "upstream-compatible", "cre", "search exactly upstream's variants")                            \
  X(explain, "explain", "cres", "what binds, what a step of each size costs, why the runner-up lost, what cannot hold together")  \
  X(partial_occupancy, "partial-occupancy", "e", "with --upstream-compatible: also variants on 2, 4, .. cores of each mesh dim")            \
  X(unicast, "unicast", "e", "with --upstream-compatible: no load is shared")                                            \
  X(force_enumerate, "force-enumerate", "cr", "accepted: the search is exact")                                           \
  X(neighbours, "neighbours", "es", "what one and two steps of each size cost")                                          \
  X(pareto, "pareto", "es", "what can be traded: cycles against bytes")                                                  \
  X(legacy, "legacy", "e", "upstream's older list of variants (48 for a matmul)")                                        \
  X(certify, "certify", "cresx", "a second opinion, by Z3: that nothing is better (upstream's models and ETGs); of machine check, that guards exclude each other and leave no gap")   \
  X(ragged, "ragged", "crs", "ceiling trip counts everywhere")                                                          \
  X(fixed_sizes, "fixed-sizes", "c", "of this CPU: code for the sizes of --shape alone, also where the kernel leaves them open (static_shapes=False)")  \
  X(open_rows, "open-rows", "cr", "of an NPU: the first size of the tensors is given when the program is run, up to what it is compiled for")  \
  X(optimal_only, "optimal-only", "cr", "materialise the best candidate only")                                          \
  X(allow_unregistered, "allow-unregistered-dialect", "o", "accept unknown dialects")                                   \
  X(print_pretty, "print-pretty", "cro", "print loom operations in upstream's assembly")                                \
  X(use_mips_matmul, "use-mips-matmul", "cr", "torch.aten.mm of f32 becomes a call of my_matmul_kernel, which --executable_plugin may have")  \
  X(generic, "mlir-print-op-generic", "o", "print in generic form")                                                     \
  X(print_before_all, "mlir-print-ir-before-all", "o", "print the IR before every pass")                                \
  X(print_after_all, "mlir-print-ir-after-all", "o", "print the IR after every pass")                                   \
  X(verify_each, "verify-each", "o", "verify after every pass (on by default)")                                         \
  X(timing, "mlir-timing", "o", "time every pass")                                                                      \
  X(list_passes, "list-passes", "o", "the pass table")                                                                  \
  X(no_threads, "mlir-disable-threading", "o", "accepted: passes never run on threads")                                  \
  X(split_input, "split-input-file", "o", "treat parts between // ----- as files of their own")                         \
  X(require_sandbox, "require-sandbox", "creombpt", "stop where the system cannot confine the process that compiles (loom doctor says what it can)")  \
  X(help, "help", "cresvmoxdpbtkgifzlw", "help of the command")

typedef struct cli_options {
  const char *command; char letter;
  const struct solve_opinion *opinion;                 /* Z3's, in loom-worker; NULL in loom, which leaves --certify to it */
  struct tuning_db *tuning;                            /* --tuning-db, opened in loom-worker for the time of a command; NULL: not given */
  VEC_OF(const char *) files;                          /* positional arguments */
  const bool *is_typed;                                /* by the offset of an option's field: the command line has it, not a configuration */
  loom_span machine_span;                              /* of `machine` where a configuration said it; no span: the command line did, or nothing */
  VEC_OF(const char *) passes;                         /* of opt: bare pass flags in order, "cse" or "canonicalize{max-iterations=3}" */
#define X(f, o, a, c, h) struct { VEC_OF(const char *) all; const char *last; } f;
  CLI_OPTION_LIST(X)
#undef X
#define X(f, o, c, h) bool f;
  CLI_FLAG_LIST(X)
#undef X
} cli_options;

/* One row of help and completion. */
enum { CLI_IN_LOOM, CLI_IN_WORKER, CLI_IN_SWEEP };
typedef struct cli_command { const char *name; int place; const char *usage, *summary; char letter; } cli_command;
const cli_command *cli_commands(size_t *out_n);
const cli_command *cli_find_command(const char *name);
/* One option; argument NULL: it takes none. */
typedef struct cli_option { const char *name, *argument, *takers, *help; size_t offset; } cli_option;
const cli_option *cli_option_table(size_t *out_n);
bool cli_takes(const cli_command *c, const cli_option *o);
bool cli_option_has_words(const cli_option *o);         /* its argument is one of "a|b|c" */
/* The values that were given for it, or "true" of a flag that is set, NULL-terminated; NULL: none. */
struct cli_options;
const char *const *cli_option_values(arena *m, const struct cli_options *given, const cli_option *o);

/* argv[0] is the command.  Errors: LOOM_EUSAGE with did-you-mean. */
LOOM_MUST_USE loom_status cli_parse(loom_ctx *ctx, int argc, char **argv, cli_options *out);
LOOM_MUST_USE loom_status cli_find_error_format(loom_ctx *ctx, int argc, char **argv);      /* --error-format, wherever it stands */
/* "A=1,B=2" given once or several times -> pairs; values must be integers when `integers`. */
typedef struct cli_pair { const char *key, *value; int64_t integer; } cli_pair;
typedef VEC_OF(cli_pair) cli_pairs;
LOOM_MUST_USE loom_status cli_pairs_of(loom_ctx *ctx, const char *option, const char *const *texts, size_t n, bool integers, cli_pairs *out);
LOOM_MUST_USE loom_status cli_int(loom_ctx *ctx, const char *option, const char *text, int64_t lo, int64_t hi, int64_t *out);
/* --njobs, or as many threads as there are processors. */
LOOM_MUST_USE loom_status cli_threads(loom_ctx *ctx, const cli_options *o, int *out);

/* Options that a case does not have; the first of the n that is given, NULL: none. */
typedef struct cli_unfit { const char *option; bool is_given; } cli_unfit;
const char *cli_first_given(const cli_unfit *options, size_t n);

/* The machine `name` with the perf set or the compute directory that the options choose. */
struct machine;
LOOM_MUST_USE loom_status cli_load_machine(loom_ctx *ctx, const cli_options *o, const char *name, struct machine **out);

/* --provider, --kernel-map, --kernel-require, --on-kernel-error; *out NULL: none of them is given. */
struct provider_options;
LOOM_MUST_USE loom_status cli_providers(loom_ctx *ctx, const cli_options *o, const struct provider_options **out);

/* Seconds of --timeout; 0: not given. */
LOOM_MUST_USE loom_status cli_timeout(loom_ctx *ctx, const cli_options *o, double *out);

/* How far a command is, from then on: what base/progress.h tells, and searches, whose `step` is solve_limits.progress.  Nothing is printed unless standard error is a
 * terminal or --progress=plain. */
LOOM_MUST_USE loom_status cli_progress_open(loom_ctx *ctx, const cli_options *o);
void cli_progress_step(void *data, int64_t done, int64_t left, int64_t best, int64_t bound);
void cli_progress_clear(void);                         /* takes the line away; it comes again */
void cli_progress_end(void);                           /* takes the line away; before anything else is printed */
bool cli_is_plain_terminal(void);                      /* one without escape sequences: TERM is dumb, or nothing */
/* LOOM_EUSAGE: `word` is none of `words`, "a, b or c"; with did-you-mean. */
loom_status cli_unknown_word(loom_ctx *ctx, const char *option, const char *word, const char *const *words, size_t n);

/* Entries that a trace keeps: --trace-limit, else the default.  The warning about one that was cut at cycle `cut` (-1: it was not). */
LOOM_MUST_USE loom_status cli_trace_limit(loom_ctx *ctx, const cli_options *o, int64_t *out);
void cli_tell_cut(loom_ctx *ctx, const cli_options *o, int64_t cut, int64_t cycles, int64_t entries);

/* Answers of loom.solve.v1 and loom.explore.v1, as text. */
void cli_print_sizes(const data_value *row);
void cli_print_explain(arena *m, const data_value *explain, int64_t cost);
void cli_print_conflict(const data_value *conflict);
void cli_print_certificate(const data_value *row);
void cli_print_neighbours(arena *m, const data_value *steps, int64_t cost);
void cli_print_kernels(const data_value *rows);       /* who computed what was left to kernel providers; NULL: nothing */
void cli_print_ranks(arena *m, const data_value *rows);
void cli_print_trades(arena *m, const data_value *rows, bool is_complete);

void cli_help(const cli_command *c);                   /* to standard output; NULL: the overview */
void cli_print_examples(const cli_command *c, const char *before);      /* a line each, `before` in front */
/* Variables of the environment that Loom reads, and what they say. */
typedef struct cli_variable { const char *name, *meaning; } cli_variable;
const cli_variable *cli_variables(size_t *out_n);
void cli_manual(const cli_command *c);                 /* the manual page as scdoc reads it; NULL: that of loom */
void cli_manual_options(void);                         /* the table of docs/cli.md */
/* All diagnostics to standard error: "file:line:col: error: ..", the source line, a caret, the help text. */
void cli_print_diagnostics(const loom_ctx *ctx);
/* How, from then on: "text", "json" (a line each) or "sarif". */
LOOM_MUST_USE loom_status cli_set_error_format(loom_ctx *ctx, const char *name);
/* `body` in a copy of this process, which prints what it has to say.  LOOM_EPROVIDER: the copy died of it; `who` is told of: "the provider 'x'". */
LOOM_MUST_USE loom_status cli_run_contained(loom_ctx *ctx, const char *who, loom_status (*body)(loom_ctx *ctx, void *data), void *data);
/* First of all: signals and standard files as the rest expects them, whatever this process inherits. */
void cli_start(void);
/* After the last output: `code`, or that of LOOM_EIO, with a message, when `code` is 0 and not all of standard output could be written. */
int cli_finish_output(int code);
/* Directories with shipped machines: $LOOM_MACHINES, beside the binary, the install directory. */
const char *cli_tt_emulator(arena *mem);                  /* directory of the emulation of tt-metal; NULL: not found */
void cli_set_machine_path(loom_ctx *ctx);
char *cli_self_dir(arena *m);                          /* directory of the running binary */

/* Commands.  Each prints its own data and returns the status. */
loom_status cmd_machine(loom_ctx *ctx, const cli_options *o);
loom_status cmd_reduce(loom_ctx *ctx, const cli_options *o);
loom_status cmd_config(loom_ctx *ctx, const cli_options *o);
loom_status cmd_explain(loom_ctx *ctx, const cli_options *o);
loom_status cmd_lsp(loom_ctx *ctx, const cli_options *o);
loom_status cmd_completion(loom_ctx *ctx, const cli_options *o);
/* What the last of the words behind `loom` may become (cmd_completion.c). */
loom_status cli_complete(loom_ctx *ctx, int n, char **words);
loom_status cmd_solve(loom_ctx *ctx, const cli_options *o);
/* `loom sim` of a tile graph in an ONNX container needs no worker. */
loom_status cmd_sim(loom_ctx *ctx, const cli_options *o);
bool cli_is_tile_graph(const char *path);
/* A file that may be a model: no directory, and not JSON. */
bool cli_is_model(const char *path);
/* Whether `loom report` has to lower a program for an NPU, which the worker does. */
bool cli_reports_npu(loom_ctx *ctx, const cli_options *o);
/* `loom bench tpuv3`, the published table, neither. */
loom_status cmd_bench(loom_ctx *ctx, const cli_options *o);
bool cli_is_published_bench(const cli_options *o);
loom_status cmd_eval(loom_ctx *ctx, const cli_options *o);
loom_status cmd_doctor(loom_ctx *ctx, const cli_options *o);
loom_status cmd_report(loom_ctx *ctx, const cli_options *o);
loom_status cmd_providers(loom_ctx *ctx, const cli_options *o);
loom_status worker_compile(loom_ctx *ctx, const cli_options *o);
loom_status worker_run(loom_ctx *ctx, const cli_options *o);
loom_status worker_explore(loom_ctx *ctx, const cli_options *o);
loom_status worker_sim(loom_ctx *ctx, const cli_options *o);
loom_status worker_report(loom_ctx *ctx, const cli_options *o);
loom_status worker_opt(loom_ctx *ctx, const cli_options *o);
loom_status worker_bench(loom_ctx *ctx, const cli_options *o);
loom_status worker_test(loom_ctx *ctx, const cli_options *o);
loom_status worker_lsp(loom_ctx *ctx, const cli_options *o);

/* Path of loom-worker: beside the binary, ../libexec/loom, the install directory; NULL when it is in none. */
/* A part of Loom: beside this binary, in the libexec of its tree, or where it was installed.  mode: X_OK, R_OK.  NULL: nowhere. */
const char *cli_find_part(arena *m, const char *name, int mode);
const char *cli_find_worker(arena *m);
/* One that is a program and without which nothing can go on.  LOOM_EWORKER: it is nowhere. */
LOOM_MUST_USE loom_status cli_need_program(loom_ctx *ctx, const char *name, const char **out);
/* Path of loom: beside this binary, or where it is seen from libexec/loom of the same tree. */
const char *cli_find_loom(arena *m);
/* This process becomes loom-sweep with the same arguments.  Returns an exit code only when it cannot be started. */
int cli_become_sweep(char **argv);
/* Is this process one of several that mpirun, srun or their like have started, and which, by the environment? */
bool cli_is_in_job(void);
int cli_rank_in_job(void);
/* What an environment variable says; where it says nothing, or no time, `otherwise`. */
double cli_seconds_of(const char *variable, double otherwise);
/* Exit code of a loom-worker that did all it was asked for.  Not 0: so ends a process that a library ends (a constructor, a kernel provider), and nothing was done. */
enum { CLI_WORKER_DONE = 99 };
/* Starts loom-worker with the same arguments and waits.  A worker that dies by a signal is LOOM_EWORKER: cli_tell_death. */
int cli_run_worker(int argc, char **argv, const cli_options *o);

/* ---- cli_sandbox.c: what the options of a command let its process reach ---- */
struct run_sandbox;
typedef struct cli_sandbox {
  struct run_sandbox *policy;
  VEC_OF(char *) made;             /* directories that were made for results */
  const char *temporary;           /* a directory for temporary files, in TMPDIR from now on; NULL: none is needed */
} cli_sandbox;
/* Reads $LOOM_SANDBOX, $LOOM_LIMITS and --limits.  `makes`: in the process that waits, makes the directories that results and temporary files go to, which the process that works may then
 * write and not make.  Close it in any case. */
LOOM_MUST_USE loom_status cli_sandbox_open(loom_ctx *ctx, const cli_options *o, bool makes, cli_sandbox *out);
void cli_sandbox_close(cli_sandbox *s);      /* takes away the temporary files, and what was made and is still empty */

/* ---- cli_crash.c ---- */
struct run_end;
struct run_limits;
/* Says how the process of a command died, and saves what is needed to see it again in loom-crash-<pid>/: the inputs, the command, the variables that matter, the stage and its dump.
 * The exit code: 70, or 6 where a limit ended it, or 128 + signal where somebody did. */
int cli_tell_death(loom_ctx *ctx, const struct run_end *end, const struct run_limits *limits, int argc, char **argv, const cli_options *o);
#endif
