/* Upstream's chips in YAML: what their forms share.  Private to the room. */
#ifndef LOOM_MACHINE_CHIP_H
#define LOOM_MACHINE_CHIP_H
#include "machine/machine_arch.h"

typedef struct chip_alias { const char *name, *memory; } chip_alias;
typedef struct chip_reader {
  loom_ctx *ctx;
  arena *mem;
  const char *path;
  const data_value *root, *dims;            /* dims NULL: the chip has none */
  VEC_OF(machine_memory) core, system;      /* memories of one core; those outside the mesh */
  VEC_OF(int64_t) system_block;             /* bytes of a block of each */
  VEC_OF(chip_alias) aliases;               /* other names of memories: what all cores have together */
  VEC_OF(machine_definition) definitions;
  machine_arch arch;
} chip_reader;

/* Extent of the dimension that `name` names. */
LOOM_MUST_USE loom_status chip_find_dim(chip_reader *r, const data_value *name, int64_t *out);
/* Product of a list of dimensions; NULL: 1. */
LOOM_MUST_USE loom_status chip_count_instances(chip_reader *r, const data_value *list, int64_t *out);
LOOM_MUST_USE loom_status chip_set_mesh(chip_reader *r, const data_value *list);
/* A unit, or a mover without its ways. */
void chip_add_processor(chip_reader *r, const char *name, bool is_compute, bool is_matrix, loom_span span);
void chip_add_way(chip_reader *r, const char *mover, const char *from, const char *to, loom_span span);
/* Only the name tells. */
bool chip_is_matrix_name(const char *name);
/* Member `key` of `v`, a list; NULL when it is missing. */
LOOM_MUST_USE loom_status chip_list_of(chip_reader *r, const data_value *v, const char *key, const data_value **out);
/* Rings and link rates of `networks` in `v`. */
LOOM_MUST_USE loom_status chip_read_networks(chip_reader *r, const data_value *v);

/* The newer form: memories and processors are placed, memory.yaml has the sizes. */
LOOM_MUST_USE loom_status chip_read_placed(chip_reader *r);
#endif
