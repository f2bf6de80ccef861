/* frontend/helion: Helion source (syntax tree) -> kernel graph.  Host code is interpreted on shapes, tiles become block symbols, types and
 * shapes propagate. Takes: syn_node tree, shape overrides.  Leaves: kernel_graph (MEETING POINT 1).  Nothing of the file is ever executed.
 */
#ifndef LOOM_HELION_HELION_H
#define LOOM_HELION_HELION_H
#include "frontend/python/syntax.h"
#include "kernel/kernel.h"

typedef struct helion_shape {
  const char *name;
  int64_t value;
} helion_shape; /* from --shape: a LoomKernel class constant "M", or "ARG.DIM" ("x.0") */
/* What is known of an argument or tunable from outside: a header of --input, --arg, --dtype NAME=T.  `name` has dots for attributes. */
typedef enum helion_given_kind { HELION_GIVEN_TENSOR, HELION_GIVEN_DTYPE, HELION_GIVEN_INT, HELION_GIVEN_FLOAT, HELION_GIVEN_BOOL, HELION_GIVEN_STR, HELION_GIVEN_NONE, HELION_GIVEN_FUNC } helion_given_kind;
typedef struct helion_given {
  const char *name;
  helion_given_kind kind;
  dtype type; int rank; int64_t shape[KERNEL_RANK_MAX];   /* TENSOR; DTYPE has `type` alone */
  int64_t integer; double real; bool flag; const char *string;
  const syn_node *function;         /* FUNC: a lambda */
  const void *data;                 /* TENSOR: its elements, row-major, or NULL: .item() of an element is then a number of this compile */
} helion_given;
/* What an editor is told while a kernel is read.  `name`: the name at `at` stands for `is` there ("f32 [tile_m, tile_n]"), as often as it is met; a kernel that is read
 * again tells all again, and the last word holds.  *missing: sizes of arguments that nobody gave, "x.0, x.1", which are then no error of the kernel; NULL: none. */
typedef struct helion_watch {
  void (*name)(void *data, loom_span at, const char *name, const char *is);
  void *data;
  const char *missing;
} helion_watch;
typedef struct helion_options {
  const helion_shape *shapes; size_t n_shapes;
  const helion_given *given; size_t n_given;
  const char *function;             /* --function: function, class or kernel_name; NULL: the only one */
  bool open_sizes;                  /* sizes of a kernel with static_shapes=False stay open: for code that runs at other sizes too */
  bool assume_divides;              /* every block size divides its range (assume_divisible_tiles) */
  bool has_dtype; dtype dtype;      /* --dtype: element type of arguments (default f16); of those that bind_args types, the floating ones */
  helion_watch *watch;              /* NULL: nobody */
} helion_options;

/* "3" INT, "0.5" "inf" FLOAT, "True" "false" BOOL, "None" NONE, anything else (quotes are taken off) STR. */
helion_given helion_parse_given(arena *m, const char *name, const char *value);

/* All diagnostics of the kernel are reported at once; the status is that of the first by rank EINPUT, EUNSUP. */
LOOM_MUST_USE loom_status helion_read(loom_ctx *ctx, const syn_node *module, const helion_options *o, kernel_graph **out);
/* The op table as Markdown: every function, method and attribute that kernels may use (docs/helion.md). */
const char *helion_language_tables(arena *m);
/* The functions of that table: "torch.sum" with "input, dim?, keepdim?, *, dtype?" (?: it may be left out).  Other names of the same functions are among them. */
typedef struct helion_function { const char *name, *arguments; } helion_function;
const helion_function *helion_functions(arena *m, size_t *out_n);
/* The kernels of a file: the function or class, and the line of its first decorator. */
typedef struct helion_place { const char *name; loom_span span; int32_t line; } helion_place;
const helion_place *helion_places(loom_ctx *ctx, const syn_node *module, size_t *out_n);
/* Names that --function accepts. */
LOOM_MUST_USE loom_status helion_list(loom_ctx *ctx, const syn_node *module, const char *const **out_names, size_t *out_n);
#endif
