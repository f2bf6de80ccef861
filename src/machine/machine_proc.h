/* Functions of a processor in upstream's MLIR: what each does, over which symbols and memories (loom.md 4.2).  Private to the room. */
#ifndef LOOM_MACHINE_PROC_H
#define LOOM_MACHINE_PROC_H
#include "machine/machine_df_token.h"
#include "machine/machine_private.h"

typedef struct proc_bound { const char *value, *memory; loom_span span; } proc_bound;
typedef struct proc_func {
  const char *name;
  const char *op;                    /* "linalg.matmul", "loom.copy": the op that says what it does */
  bool is_transfer;
  VEC_OF(const char *) args;         /* "%a" */
  VEC_OF(const char *) symbols;      /* "M" */
  VEC_OF(proc_bound) memories;       /* prefixes taken off */
  loom_span span;
} proc_func;
typedef VEC_OF(proc_func) proc_funcs;
typedef struct proc_module { const char *name; /* NULL: none; prefixes taken off */ proc_funcs funcs; loom_span span; } proc_module;

/* The lexer stands at `module`; leaves it behind its '}'.  A module without a name is skipped: no functions.
 * LOOM_EINPUT: a function that both computes and transfers, does neither, or works on memory that is not bound. */
LOOM_MUST_USE loom_status machine_proc_module(df_lexer *l, proc_module *out);
/* Aliases above the module of a dump, #map = affine_map<..>, are passed; and `module @name attributes {..} {`. */
LOOM_MUST_USE loom_status machine_proc_aliases(df_lexer *l);
LOOM_MUST_USE loom_status machine_proc_head(df_lexer *l);
/* Everything up to the bracket that closes the current one, and that one. */
LOOM_MUST_USE loom_status machine_proc_skip(df_lexer *l, const char *open, const char *close);
/* A matrix unit has a function that multiplies matrices. */
bool machine_proc_is_matrix(const proc_module *p);
bool machine_proc_is_mover(const proc_module *p);

/* The file that defines a unit or mover: X.yaml; a definition says its functions and costs, older files costs alone. */
LOOM_MUST_USE loom_status machine_read_definition(loom_ctx *ctx, const char *path, data_value **out);
bool machine_is_definition(const data_value *v);
/* Its costs, as those of `unit`.  `known`: the functions of the .mlir files beside it.  LOOM_EINPUT: functions and costs do not match, or a function is nowhere. */
LOOM_MUST_USE loom_status machine_add_definition(loom_ctx *ctx, machine *m, const data_value *v, const char *unit, const proc_funcs *known);
#endif
