/* machine: the chip.  One description for every target: mesh of cores, memories, links, units, and perf tables (leaf costs).
 * Takes: our YAML (loom.machine.v1), upstream df files, perf YAML.  Leaves: a checked `machine` in ctx->mem.
 * Rates are bytes per core-clock cycle, latencies core-clock cycles, sizes bytes. */
#ifndef LOOM_MACHINE_MACHINE_H
#define LOOM_MACHINE_MACHINE_H
#include "base/dtype.h"
#include "base/vec.h"
#include "sym/sym.h"

enum { MACHINE_MESH_DIMS_MAX = 3 };

/* Where a number comes from: a quoted source, or "assumed" (chosen by us).  Kept so that `machine show` can say it. */
typedef struct machine_number { double value; const char *source; bool is_assumed; loom_span span; } machine_number;

typedef struct machine_dim { const char *name; int64_t size; bool wraps; /* torus */ } machine_dim;

typedef struct machine_unit { const char *name; const char *kind; /* "matrix" | "vector" */ int64_t shape[3]; int rank; int64_t count; machine_number rate; } machine_unit;

/* One alternative of a function's cost: cycles = ceil(fixed) + ceil(volume / throughput) while `when` holds. All over the function's symbols. */
typedef struct machine_scenario { const sym_expr *when, *fixed, *volume, *throughput; loom_span span; } machine_scenario;
typedef struct machine_func { const char *name; const char *unit; /* unit or mover that runs it; functions of one unit exclude each other */
  VEC_OF(const char *) symbols; const sym_expr *when; VEC_OF(machine_scenario) scenarios; loom_span span; } machine_func;
typedef struct machine_alias { const char *name, *target; } machine_alias;                       /* legacy function names: matmul_f16 .. */
typedef struct machine_perf { const char *name; const char *source; VEC_OF(machine_func) funcs; VEC_OF(machine_alias) aliases; } machine_perf;

typedef struct machine {
  const char *name, *path, *summary;
  machine_number clock_hz;
  VEC_OF(machine_dim) mesh;                 /* dims in mapping order: x, y[, z] */
  /* per-core memory */
  const char *l1_name; int64_t l1_bytes; int64_t l1_align_bytes; machine_number l1_bytes_per_cycle;
  /* DRAM */
  int64_t dram_channels; int64_t dram_channel_bytes; machine_number dram_bytes_per_cycle; /* all channels together */
  machine_number dram_latency_cycles; int64_t dram_page_bytes; int64_t dram_align_bytes;
  VEC_OF(int64_t) attach;                   /* linear core index (row-major over the mesh dims, dim 0 slowest) next to each channel; one entry a channel */
  bool attach_assumed;
  /* links between neighbours, one per direction */
  machine_number link_bytes_per_cycle, hop_cycles;
  /* on-core fills and copies that no perf table covers */
  machine_number fill_bytes_per_cycle, copy_bytes_per_cycle;
  machine_number transfer_setup_cycles;     /* one DMA request on its mover */
  VEC_OF(machine_unit) units;
  VEC_OF(machine_perf) perf;                /* perf sets; `calibration` indexes the one in use */
  int calibration;
  int64_t tile_align;                       /* block sizes are multiples of this in the two innermost dims */
} machine;

/* `name`: a shipped machine ("wormhole": <dir>/wormhole.yaml on the search path) or a path to a .yaml or df .mlir file.
 * Unknown name: LOOM_EUSAGE with did-you-mean; missing file: LOOM_EIO.  `calibration` NULL: the file's default. */
LOOM_MUST_USE loom_status machine_load(loom_ctx *ctx, const char *name, const char *calibration, machine **out);
LOOM_MUST_USE loom_status machine_list(loom_ctx *ctx, const char *const **out_names, size_t *out_n);      /* sorted */
LOOM_MUST_USE loom_status machine_from_yaml(loom_ctx *ctx, const char *path, const char *text, size_t size, machine **out);
LOOM_MUST_USE loom_status machine_from_df(loom_ctx *ctx, const char *path, const char *text, size_t size, machine **out);
/* Lints and checks beyond syntax: map ranges, guard overlap and gaps with a witness, attach points on the mesh, units. Errors and warnings to ctx->diag. */
LOOM_MUST_USE loom_status machine_check(loom_ctx *ctx, const machine *m);
data_value *machine_to_data(arena *mem, const machine *m);                 /* loom.machine.v1 as JSON */
/* Directory list searched for shipped machines; set once by the command line ("machines" beside the binary, the install dir, LOOM_MACHINES). */
void machine_set_path(const char *const *dirs, size_t n);

int64_t machine_cores(const machine *m);
/* A sub-mesh of the machine: the first sizes[d] cores of every dim; perf, memories and links stay.  For shapes smaller than the mesh. */
machine *machine_submesh(arena *mem, const machine *m, const int64_t *sizes);

/* Cycles of function `name` (aliases followed) with its symbols replaced by `map`: a nested IF over the scenarios (first that holds),
 * each ceil(fixed)+ceil(volume/throughput) as integer expressions with ceiling division.  No such function: LOOM_EUNSUP naming near ones. */
typedef struct machine_arg { const char *symbol; const sym_expr *value; } machine_arg;
LOOM_MUST_USE loom_status machine_cost(loom_ctx *ctx, const machine *m, const char *name, const machine_arg *map, size_t n, const sym_expr **out);
const machine_func *machine_find_func(const machine *m, const char *name);
#endif
