/* What foreign architecture files (adl modules, chip.yaml) tell of a chip, before it becomes a machine.  Private to the room. */
#ifndef LOOM_MACHINE_ARCH_H
#define LOOM_MACHINE_ARCH_H
#include "machine/machine_private.h"

typedef struct arch_unit { const char *name, *kind; /* "matrix" | "vector" */ loom_span span; } arch_unit;
typedef struct arch_mover { const char *name; loom_span span; } arch_mover;

typedef struct machine_arch {
  const char *form;                         /* "adl file": where numbers come from */
  const char *name;                         /* NULL: that of the file */
  loom_span span;
  VEC_OF(machine_dim) mesh;
  VEC_OF(loom_span) mesh_span;
  machine_memory l1, dram;                  /* instances: banks of one core's memory, channels of the DRAM; bytes: of one of them */
  int64_t dram_page_bytes;
  int64_t link_bytes_per_cycle; loom_span link_span;      /* 0: not told */
  VEC_OF(arch_unit) units;
  VEC_OF(arch_mover) movers;
  VEC_OF(machine_memory) memories;          /* all, these two included */
  VEC_OF(machine_path) paths;
} machine_arch;

/* What upstream calls the DRAM and the memory of a core (of several: the one of SRAM), best name first, NULL at the end. */
extern const char *const machine_dram_names[], *const machine_l1_names[];
/* Picks the memory with the first of the names `preferred` that there is, else the only one; `what` in messages: "the core's memory". */
LOOM_MUST_USE loom_status machine_arch_pick(loom_ctx *ctx, loom_span span, const machine_memory *list, size_t n, const char *const *preferred, const char *what,
                                            machine_memory *out);
/* The machine; what the form does not tell is Wormhole's and marked assumed.  The perf set "imported" is empty. */
LOOM_MUST_USE loom_status machine_from_arch(loom_ctx *ctx, const char *path, const machine_arch *a, machine **out);
#endif
