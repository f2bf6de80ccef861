/* network_sizes: the open sizes of a function's arguments, and the function with numbers in their places.  They are given one by one, or by a name that an
 * exporter gave them (`loom.sizes`, pass/torch_symbols.c): one size then tells others. */
#ifndef LOOM_NETWORK_SIZES_H
#define LOOM_NETWORK_SIZES_H
#include "base/vec.h"
#include "ir/ir.h"

enum { NETWORK_OPEN = -1 };
/* A name of the exporter.  by: who gave it its value, for people. */
typedef struct network_symbol { const char *name, *by; int64_t value /* or NETWORK_OPEN */, least, most; bool is_told; /* the warning below */ } network_symbol;
typedef struct network_argument {
  const char *name;
  int rank;                            /* -1: no ranked tensor */
  int64_t *dim;                        /* or NETWORK_OPEN */
  const char **by;                     /* by dim: who gave it its size; NULL: its type did */
  MlirAffineMap map; int *symbol;      /* its dims over those symbols; map null: nothing is said */
} network_argument;
typedef struct network_sizes { ir_ctx *ir; MlirOperation func; const char *name; int n; network_argument *at; VEC_OF(network_symbol) symbols; } network_sizes;

/* LOOM_EINPUT: there is no such function, or its `loom.sizes` is malformed. */
LOOM_MUST_USE loom_status network_sizes_read(ir_ctx *ir, MlirModule m, const char *function, network_sizes *out);
/* --shape key=value: "ids.1", "32"; "ids", "4x32"; "s1", "2".  LOOM_EUSAGE: there is no such name, or it has another size. */
LOOM_MUST_USE loom_status network_sizes_give(network_sizes *s, const char *key, const char *value);
/* Dim d of argument i is `size`, as `by` says.  LOOM_EUSAGE: it has another size. */
LOOM_MUST_USE loom_status network_sizes_set(network_sizes *s, int i, int d, int64_t size, const char *by);
/* Names from sizes and sizes from names, until nothing new is known.  LOOM_EUSAGE: they contradict one another, or a name is beyond the most that the model was
 * exported for; below its least is a warning: exporters say 2 of every size that they did not see as 1. */
LOOM_MUST_USE loom_status network_sizes_settle(network_sizes *s);
/* LOOM_EUSAGE: some argument has an open size; each is reported, with what gives it one. */
LOOM_MUST_USE loom_status network_sizes_check_known(const network_sizes *s);
/* The module with these sizes: calls are inlined, other functions than this one are gone, and numbers have replaced sizes as far as they follow from those of the
 * arguments; assertions that hold are gone.  Nothing is done where no size was open.  LOOM_EUNSUP: some sizes are known to the running program only: the operations that
 * make them are reported; LOOM_EINPUT: an assertion of the module does not hold with these sizes. */
LOOM_MUST_USE loom_status network_sizes_fix(const network_sizes *s, MlirModule m);
#endif
