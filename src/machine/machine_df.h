/* Upstream's df custom assembly as a tree: what the parser leaves and the import reads.  Private to the room. */
#ifndef LOOM_MACHINE_DF_H
#define LOOM_MACHINE_DF_H
#include "machine/machine.h"

/* X(kind, op, its value in messages) */
#define DF_KIND_LIST(X)                                     \
  X(DIM, "df.spatial_dim", "a spatial dim")                 \
  X(MAT, "df.mat", "a matrix unit")                         \
  X(VEC, "df.vec", "a vector unit")                         \
  X(CORE, "df.core", "a core array")                        \
  X(MEMORY, "df.memory", "a memory")                        \
  X(MUX, "df.mux", "a mux")                                 \
  X(LINKS, "df.interconnects", "an interconnect")

typedef enum df_kind {
#define X(k, ...) DF_##k,
  DF_KIND_LIST(X)
#undef X
  DF_KIND_COUNT
} df_kind;

typedef struct df_op df_op;
struct df_op {
  df_kind kind;
  const char *value;                 /* "%x" */
  const char *name;                  /* "L1"; the default "interconnect" for unnamed links */
  loom_span span;
  int64_t size;                      /* DIM: extent, MEMORY: bytes of one instance */
  int64_t shape[3]; int rank;        /* MAT, VEC */
  int64_t throughput, bandwidth;     /* 0: not given */
  VEC_OF(const df_op *) scaleout;    /* CORE, MEMORY: dims */
  VEC_OF(const df_op *) units;       /* CORE */
  VEC_OF(int64_t) counts;            /* CORE: empty or one a unit */
  const df_op *from, *to;            /* MUX, LINKS */
  VEC_OF(const char *) dims;         /* the map's dims */
  VEC_OF(const sym_expr *) results;
};

typedef struct df_file { VEC_OF(df_op *) ops; loom_span span; } df_file;

/* Syntax, names, kinds of operands, counts.  Errors: LOOM_EINPUT with the place; LOOM_EUNSUP for a df op that describes no hardware we know. */
LOOM_MUST_USE loom_status machine_df_parse(loom_ctx *ctx, const char *path, const char *bytes, size_t size, df_file *out);
#endif
