/* sweep: many kernels x shapes x machines x options.  Takes: a list in YAML (loom.sweep.v1, docs/sweep.md).  Leaves: its points in order, each with what it depends on as a key and the
 * command of loom that computes it; and of what that command said, a row.  Knows no compiler, no database, and starts nothing. */
#ifndef LOOM_SWEEP_SWEEP_H
#define LOOM_SWEEP_SWEEP_H
#include "base/data.h"
#include "base/vec.h"

enum { SWEEP_POINTS_MAX = 1000000, SWEEP_KEY_DIGITS = 64 };

/* Of the command line: --name=value, or --name where value is NULL. */
typedef struct sweep_option { const char *name, *value; loom_span span; } sweep_option;
/* What is not given is "". */
typedef struct sweep_point {
  const char *kernel, *function, *shape, *dtype, *machine;      /* kernel: as the file says, beside that file */
  const char *path;                                              /* of the kernel, from the working directory */
  const char *options;                                           /* the options as words, by name: "accumulate=f16 check" */
  VEC_OF(sweep_option) option;
  const char *key;                                               /* SHA-256 of all it depends on (sweep_make_keys) */
  loom_span span;                                                /* the kernel's place */
} sweep_point;
typedef struct sweep {
  const char *name, *command;      /* command: "compile", "run" or "explore" */
  VEC_OF(sweep_point) points;      /* kernels, then shapes, then machines, then options turn fastest last; equal ones once */
} sweep;

/* `text` of file `path`.  LOOM_EINPUT: with the place; LOOM_ELIMIT: more than SWEEP_POINTS_MAX points. */
LOOM_MUST_USE loom_status sweep_read(loom_ctx *ctx, const char *path, const char *text, size_t size, sweep *out);
/* Keys of all points, out of the bytes of kernels, the descriptions of machines as Loom reads them (machine/machine.h, with machine_set_path), shapes, types, options and the files they
 * name, the command, and `version`, that of the compiler.  Files and machines are read once each.  LOOM_EIO, LOOM_EINPUT: one cannot be read. */
LOOM_MUST_USE loom_status sweep_make_keys(loom_ctx *ctx, sweep *s, const char *version);
/* Words of the command, NULL-terminated, the first "compile": with results as JSON and messages as JSON of a line each. */
const char *const *sweep_words(arena *m, const sweep *s, const sweep_point *p);

/* One row of results: columns that are the same whenever a point is computed again.  Numbers that a command does not give are -1, texts "". */
typedef struct sweep_row {
  int64_t exit_code;
  const char *error;                                     /* the first message, of a command that failed */
  int64_t predicted_cycles, lower_bound, simulated_cycles, l1_bytes, dram_bytes;
  const char *proof, *mapping, *loop_order, *block_sizes;      /* block_sizes: "tile_m=64 tile_n=32" */
  int check_ok;                                          /* 1, 0; -1: nothing was compared */
  const char *summary;                                   /* what the command printed, as JSON in one line, without times and what depends on this machine */
} sweep_row;
/* From what a command printed on standard output and standard error, and how it ended. */
LOOM_MUST_USE loom_status sweep_row_of(loom_ctx *ctx, int exit_code, const char *output, size_t output_size, const char *messages, size_t messages_size, sweep_row *out);
/* As JSON and back: how rows go from one process to another. */
data_value *sweep_row_to_data(arena *m, const sweep_row *r);
LOOM_MUST_USE loom_status sweep_row_from_data(loom_ctx *ctx, const data_value *v, sweep_row *out);
#endif
