/* pass: our pass table, the textual pipeline parser that mixes our passes with upstream's, and extract_nest.
 * Takes: ir, dialect.  Leaves: transformed modules and nests.  External passes cannot be named in MLIR's own parser (reference mlir-c.md 3), hence ours. */
#ifndef LOOM_PASS_PASS_H
#define LOOM_PASS_PASS_H
#include "base/vec.h"
#include "dialect/dialect.h"
#include "nest/nest.h"

/* A pass option as text: "tile-sizes=2,4". */
typedef struct pass_options { const char *text; loom_span span; } pass_options;
typedef struct pass_row {
  const char *name, *anchor;     /* anchor: "builtin.module" or "func.func" */
  const char *needs, *leaves;    /* what the IR must be and is afterwards, one line each */
  const char *summary;
  const char *options;           /* "": none; else what they look like */
  loom_status (*run)(ir_ctx *ir, MlirOperation op, const pass_options *o);
} pass_row;
/* All rows of passes.def. */
const pass_row *pass_table(size_t *out_n);

typedef struct pass_run_options {
  bool verify_each, print_before_all, print_after_all, timing;
  const char *print_after;              /* --mlir-print-ir-after=name */
  void (*emit)(void *data, const char *text);   /* where IR printing and timing go (stderr of the command line) */
  void *emit_data;
} pass_run_options;
/* Runs a textual pipeline such as "builtin.module(func.func(loom-canonicalize),cse,loom-x{opt=1})".  Errors: LOOM_EUSAGE for an unknown pass
 * (did-you-mean) or a wrong anchor, with the column in the pipeline text; else the pass's own. */
LOOM_MUST_USE loom_status pass_run_pipeline(ir_ctx *ir, MlirModule m, const char *pipeline, const pass_run_options *o);

/* The pipeline of bare pass flags as mlir-opt takes them ("cse", "canonicalize{max-iterations=3}"), each nested where it must run. */
const char *pass_flags_pipeline(arena *mem, const char *const *flags, size_t n);

/* Groups among bare pass flags (pass_groups.def: loom-npu-pre, loom-npu-post) as those of their passes whose words `source` mentions, with the options they take.
 * *is_idle: all flags are groups and none of their passes is wanted: the text is to go through as it is.  LOOM_EUSAGE: an option no pass of the group has. */
typedef VEC_OF(const char *) pass_flags;
LOOM_MUST_USE loom_status pass_expand_groups(loom_ctx *ctx, const char *const *flags, size_t n, const char *source, size_t size, pass_flags *out, bool *is_idle);

/* The pdl patterns of a file applied to everything in `op` until none matches.  LOOM_EINPUT: the file is wrong, with its place; LOOM_EUNSUP: it calls native
 * functions; LOOM_ELIMIT: it does not come to an end. */
LOOM_MUST_USE loom_status pass_apply_pattern_file(ir_ctx *ir, MlirOperation op, const char *path);

/* stage-0 -> canonical: our canonical pipeline (erase cf.assert, fold redundant slices, dead symbols, fuse guarded elementwise, destination specialisation). */
LOOM_MUST_USE loom_status pass_canonicalize_stage0(ir_ctx *ir, MlirModule m);
/* canonical module -> nest.  `func` NULL: the only function.  Unsupported forms: LOOM_EUNSUP with the op's place. */
LOOM_MUST_USE loom_status pass_extract_nest(ir_ctx *ir, MlirModule m, const char *func, nest **out);
/* An index value that the body of a linalg.generic takes from outside, over block symbols and iterators. */
typedef struct pass_capture { MlirValue value; const sym_expr *expr; } pass_capture;
/* The same, with the op behind each node (LOAD: the to_tensor, STORE: the copy, COMPUTE: the linalg op, LOOP: the for), in program order.
 * Alignments of symbols are left at 1: nest_set_alignment. */
typedef struct pass_node_op { const nest_node *node; MlirOperation op; const pass_capture *captures; size_t n_captures; } pass_node_op;
LOOM_MUST_USE loom_status pass_extract_nest_ops(ir_ctx *ir, MlirModule m, const char *func, nest **out, const pass_node_op **out_ops, size_t *out_n);
/* Is tensor `v` surely of the size of `of`: that itself, or what it became when parts of it were written, in loops too? */
bool pass_keeps_size(MlirValue v, MlirValue of);
#endif
