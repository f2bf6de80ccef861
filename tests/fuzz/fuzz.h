/* The fuzz targets: each takes bytes and must come back, whatever they are.  A broken promise of the front end (a graph that does not verify,
 * or does not read back as itself; a failure without a diagnostic) aborts. */
#ifndef LOOM_FUZZ_H
#define LOOM_FUZZ_H
#include "frontend/helion/helion.h"

enum { FUZZ_BYTES_MAX = 16 * 1024, FUZZ_SHAPES_MAX = 32 };

/* X(target, what it takes) */
#define FUZZ_TARGET_LIST(X)                                                                                                        \
  X(python, "a kernel file: CPython's parser, the Helion front end, the verifier, the JSON round trip")                            \
  X(tree, "a script of edits of the syntax tree of a seed kernel: the front end without the parser, ten times as fast")            \
  X(device_ir, "a Device IR dump in any of its forms")                                                                             \
  X(machine, "a chip or costs in any form: adl, df, our YAML, upstream's chips, perf YAML; what is read is written, read back, checked") \
  X(etg, "an ETG: read, written, read back, resolved; small ones solved")                                                          \
  X(eval, "a schedule, priced on wormhole")                                                                                        \
  X(torch, "MLIR text with custom assembly of torch, tm_tensor, StableHLO: its generic form has the same lines")                   \
  X(weights, "an archive of named parameters")                                                                                     \
  X(check_text, "MLIR text on its way to MLIR's parser: the normaliser of check, util and flow")                                   \
  X(value, "a value as it is typed after --input: what is read prints and reads back as the same")                                 \
  X(rvv, "an object of an NPU core: loaded, and every function called with little memory")                                         \
  X(mlir_scan, "MLIR text: the look at it before MLIR's parser, for every reader")                                                 \
  X(json, "JSON: read, written, read back as the same")                                                                            \
  X(yaml, "YAML: without aliases and with them")                                                                                   \
  X(npy, "a NumPy array: read, written, read back as the same")                                                                    \
  X(cli, "a command line: one byte for the command, then words between line ends")                                                 \
  X(kernel, "loom.kernel.v1: read, verified, written, read back as the same")                                                      \
  X(nest, "loom.nest.v1: the same")                                                                                                \
  X(plan, "loom.plan.v1: the same")                                                                                                \
  X(tog, "loom.tog.v1: the same")                                                                                                  \
  X(tiles, "loom.tile_graph.v1: the same")                                                                                         \
  X(tile_graph, "a tile graph of TOGSim in its ONNX container")                                                                    \
  X(safetensors, "a .safetensors file")                                                                                            \
  X(elf, "a kernel library: what is read of it before any of its code runs")                                                       \
  X(npz, "NumPy arrays in a zip")                                                                                                  \
  X(lsp, "what a client of the language server says, in pieces: what it answers are frames of JSON")                               \
  X(tuning, "a database of plans: opened, searched, written to")
typedef void fuzz_target(loom_ctx *ctx, const uint8_t *bytes, size_t size);
#define X(target, what) fuzz_target fuzz_##target;
FUZZ_TARGET_LIST(X)
#undef X
/* The target with a context of its own. */
void fuzz_run(fuzz_target *run, const uint8_t *bytes, size_t size);
/* The same as loom_ctx_run takes it; `data` is a fuzz_input. */
typedef struct fuzz_input { fuzz_target *run; const uint8_t *bytes; size_t size; } fuzz_input;
loom_status fuzz_run_input(loom_ctx *ctx, void *data);

/* `n` objects, each `good` with some bytes or instructions changed. */
void fuzz_rvv_damaged(const uint8_t *good, size_t size, uint64_t seed, long n);

/* `n` edits, word by word (fuzz_words.c), of the files, or of the Device IR or kernel graphs (`run` is not read) that kernel files become. */
typedef enum fuzz_made_of { FUZZ_FILES, FUZZ_DUMPS, FUZZ_GRAPHS } fuzz_made_of;
void fuzz_words(fuzz_made_of from, fuzz_target *run, uint64_t seed, long n, const char *const *paths, int n_paths);

/* The options of a first line `# options: function=f x.0=5 dtype=f32 eps:=1e-5`; sizes with `=`, arguments with `:=`,
 * element types of one argument with `~` (`ids~i64`). */
helion_options fuzz_options(arena *m, const char *source, size_t size);
/* How many inputs were good: kernels, chips, ETGs, schedules. */
extern long fuzz_compiled;
/* What the target's reader said of an input: the first status that was checked since this was set to FUZZ_UNANSWERED. */
#define FUZZ_UNANSWERED ((loom_status)-1)
extern loom_status fuzz_answer;
/* Ends the process: a promise is broken. */
_Noreturn void fuzz_broken(const loom_ctx *ctx, const char *promise);
/* A failure has a diagnostic and is no internal error; out of memory it does not return. */
void fuzz_check_status(const loom_ctx *ctx, loom_status st);
/* What must hold after a front end returned. */
void fuzz_check(loom_ctx *ctx, loom_status st, const kernel_graph *k);
#endif
