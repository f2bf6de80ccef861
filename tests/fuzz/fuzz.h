/* The fuzz targets: each takes bytes and must come back, whatever they are.  A broken promise of the front end (a graph that does not verify,
 * or does not read back as itself; a failure without a diagnostic) aborts.
 *   fuzz_python    a kernel file: CPython's parser, the Helion front end, the verifier, the JSON round trip
 *   fuzz_tree      a script of edits of the syntax tree of a seed kernel: the front end without the parser, ten times as fast
 *   fuzz_device_ir a Device IR dump in any of its forms
 *   fuzz_machine   a chip or costs in any form: adl, df, our YAML, upstream's chips, perf YAML; what is read is written, read back, checked
 *   fuzz_etg       an ETG: read, written, read back, resolved; small ones solved
 *   fuzz_eval      a schedule, priced on wormhole
 *   fuzz_torch     MLIR text with custom assembly of torch, tm_tensor, StableHLO: its generic form has the same lines
 *   fuzz_weights   an archive of named parameters
 *   fuzz_check_text MLIR text on its way to MLIR's parser: the normaliser of check, util and flow
 *   fuzz_value     a value as it is typed after --input: what is read prints and reads back as the same
 *   fuzz_rvv       an object of an NPU core: loaded, and every function called with little memory */
#ifndef LOOM_FUZZ_H
#define LOOM_FUZZ_H
#include "frontend/helion/helion.h"

enum { FUZZ_BYTES_MAX = 16 * 1024, FUZZ_SHAPES_MAX = 32 };

int fuzz_python(const uint8_t *bytes, size_t size);
int fuzz_tree(const uint8_t *bytes, size_t size);
int fuzz_device_ir(const uint8_t *bytes, size_t size);
int fuzz_machine(const uint8_t *bytes, size_t size);
int fuzz_etg(const uint8_t *bytes, size_t size);
int fuzz_eval(const uint8_t *bytes, size_t size);
int fuzz_torch(const uint8_t *bytes, size_t size);
int fuzz_weights(const uint8_t *bytes, size_t size);
int fuzz_check_text(const uint8_t *bytes, size_t size);
int fuzz_value(const uint8_t *bytes, size_t size);
int fuzz_rvv(const uint8_t *bytes, size_t size);
/* `n` objects, each `good` with some bytes or instructions changed. */
void fuzz_rvv_damaged(const uint8_t *good, size_t size, uint64_t seed, long n);

/* `n` edits, word by word (fuzz_words.c), of the files, or of the Device IR or kernel graphs (`run` is not read) that kernel files become. */
typedef int fuzz_target(const uint8_t *bytes, size_t size);
typedef enum fuzz_made_of { FUZZ_FILES, FUZZ_DUMPS, FUZZ_GRAPHS } fuzz_made_of;
void fuzz_words(fuzz_made_of from, fuzz_target *run, uint64_t seed, long n, const char *const *paths, int n_paths);

/* The options of a first line `# options: function=f x.0=5 dtype=f32 eps:=1e-5`; sizes with `=`, arguments with `:=`,
 * element types of one argument with `~` (`ids~i64`). */
helion_options fuzz_options(arena *m, const char *source, size_t size);
/* How many inputs were good: kernels, chips, ETGs, schedules. */
extern long fuzz_compiled;
/* Ends the process: a promise is broken. */
_Noreturn void fuzz_broken(const loom_ctx *ctx, const char *promise);
/* A failure has a diagnostic and is no internal error. */
void fuzz_check_status(const loom_ctx *ctx, loom_status st);
/* What must hold after a front end returned. */
void fuzz_check(loom_ctx *ctx, loom_status st, const kernel_graph *k);
#endif
