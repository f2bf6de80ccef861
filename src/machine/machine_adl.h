/* The ops of an adl module, read but not yet understood.  Private to the room. */
#ifndef LOOM_MACHINE_ADL_H
#define LOOM_MACHINE_ADL_H
#include "machine/machine_arch.h"
#include "machine/machine_proc.h"

/* X(kind, op, its value in messages) */
#define ADL_KIND_LIST(X)                                           \
  X(DIM, "adl.spatial_dim", "a spatial dim")                       \
  X(BANK, "adl.memory.bank", "a memory bank")                      \
  X(ARRAY, "adl.memory.array", "a memory array")                   \
  X(RESOURCE, "adl.resource", "a resource")                        \
  X(EXCLUSIVE, "adl.resource.exclusive", "a resource")             \
  X(QUANTITATIVE, "adl.resource.quantitative", "a resource")       \
  X(COMPUTE, "adl.processor.compute", "a compute processor")       \
  X(MOVER, "adl.processor.dmover", "a data mover")                 \
  X(COMPOSE, "adl.arch.compose", "an architecture")                \
  X(SCALE, "adl.arch.scale", "an architecture")

typedef enum adl_kind {
#define X(k, ...) ADL_##k,
  ADL_KIND_LIST(X)
#undef X
  ADL_KIND_COUNT
} adl_kind;

enum { ADL_MEMORIES = 1 << ADL_BANK | 1 << ADL_ARRAY, ADL_PROCESSORS = 1 << ADL_COMPUTE | 1 << ADL_MOVER, ADL_ARCHS = 1 << ADL_COMPOSE | 1 << ADL_SCALE,
       ADL_RESOURCES = 1 << ADL_RESOURCE | 1 << ADL_EXCLUSIVE | 1 << ADL_QUANTITATIVE };

typedef struct adl_op adl_op;
typedef VEC_OF(const adl_op *) adl_uses;
struct adl_op {
  adl_kind kind;
  const char *value, *name;          /* "%7", "L1" */
  loom_span span;
  int64_t size;                      /* DIM: extent; BANK: blocks */
  int64_t block_bytes;               /* BANK */
  adl_uses dims;                     /* ARRAY, SCALE */
  const adl_op *of;                  /* ARRAY, SCALE */
  adl_uses from, to;                 /* processors: pairs */
  adl_uses archs, memories;          /* COMPOSE */
};
static inline bool adl_is(const adl_op *op, int kinds) { return kinds >> op->kind & 1; }

typedef struct adl_file { VEC_OF(adl_op *) ops; VEC_OF(proc_module) modules; loom_span span; /* of the module */ } adl_file;

/* What the ops say of a mesh of cores over one DRAM. */
LOOM_MUST_USE loom_status machine_adl_arch(loom_ctx *ctx, const adl_file *f, machine_arch *out);
#endif
