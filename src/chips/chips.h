/* chips: one kernel on several chips (docs/chips.md).  Takes: a kernel graph, and a machine with section `chips`.
 * Leaves: the axes along which the kernel can be split, the kernel of a shard, what lies where, and the collectives around it as transfers between neighbours: what they
 * cost by formula, and what they do to the chips' memories, event by event. */
#ifndef LOOM_CHIPS_CHIPS_H
#define LOOM_CHIPS_CHIPS_H
#include "kernel/kernel.h"
#include "machine/machine_dram.h"

enum { CHIPS_AXES_MAX = 8, CHIPS_TENSORS_MAX = 64, CHIPS_STAGES_MAX = CHIPS_TENSORS_MAX * MACHINE_MESH_DIMS_MAX * 3 };

/* A loop of the kernel that can be split.  is_sum: a sequential loop whose parts each give a partial sum. */
typedef struct chips_axis { const char *name; bool is_sum; int64_t extent; int range; /* of the PARALLEL; -1: is_sum, then `loop` */ const kernel_op *loop; } chips_axis;

/* What the kernel sees of a tensor or a view of it, in one way of walking it: a tensor of its own on every chip, dense there. */
typedef struct chips_tensor {
  const char *name;                        /* unique */
  kernel_tensor of;                        /* of the whole kernel: what is accessed, a tensor or a view */
  kernel_tensor here;                      /* of a shard's kernel: what is accessed; its root has the elements, `order` of dims first to last */
  dtype type, partial_type;                /* of its elements; of partial sums of them */
  int rank; int64_t shape[KERNEL_RANK_MAX];/* of the whole */
  int order[KERNEL_RANK_MAX];              /* dims from the one whose neighbours lie farthest apart */
  int axis[KERNEL_RANK_MAX];               /* that walks the dim; -1: none does */
  bool is_input, is_output;
  bool is_everywhere;                      /* --place NAME=replicated */
  bool sums;                               /* output: of chips along a split sum axis, partial sums */
} chips_tensor;

/* An access of the kernel: the axis that walks each dim of its tensor, -1: none; the sizes of these. */
typedef struct chips_access { const kernel_op *op; int axis[KERNEL_RANK_MAX], rank; int64_t shape[KERNEL_RANK_MAX]; size_t tensor; /* of chips_kernel */ } chips_access;

typedef struct chips_kernel {
  const kernel_graph *whole;
  int n_axes; chips_axis axis[CHIPS_AXES_MAX];
  VEC_OF(chips_tensor) tensors;            /* inputs and outputs in the order of the accesses */
  VEC_OF(chips_access) accesses;           /* in program order */
  const char *why; loom_span where;        /* why some loop, with n_axes 0 any, cannot be split; NULL: all can */
} chips_kernel;

/* Which axis each dim of the mesh of chips splits: an index, or -1: only its first chip works, as along a dim of one chip; repeats: all do the same there. */
typedef struct chips_split { int n_dims; int axis[MACHINE_MESH_DIMS_MAX]; bool repeats; } chips_split;

/* What one chip has of the kernel, by axis; is_idle: nothing. */
typedef struct chips_part { int64_t begin[CHIPS_AXES_MAX], extent[CHIPS_AXES_MAX]; bool is_idle; } chips_part;

/* Finds axes and tensors.  `places`: "NAME=replicated"; LOOM_EUSAGE: no such tensor or place. */
LOOM_MUST_USE loom_status chips_read(loom_ctx *ctx, const kernel_graph *k, const char *const *places, size_t n, chips_kernel *out);
/* Part of chip `chip` (row-major over the mesh of chips).  Runs are of whole tiles of machine.tile_align where that gives every chip of the split some. */
chips_part chips_part_of(const chips_kernel *k, const machine *m, const chips_split *s, int64_t chip);
bool chips_same_shape(const chips_kernel *k, const chips_part *a, const chips_part *b);
/* The kernel of a chip that has `p`, with partial sums as results where the split sums; sets `here` of the tensors, the same for every part. */
LOOM_MUST_USE loom_status chips_shard(loom_ctx *ctx, chips_kernel *k, const chips_split *s, const chips_part *p, kernel_graph **out);
/* Elements that a chip with `p` has of tensor t, its box in `begin` and `size` (may be NULL). */
int64_t chips_box(const chips_kernel *k, const chips_part *p, int t, int64_t *begin, int64_t *size);
bool chips_splits_sum(const chips_kernel *k, const chips_split *s);

/* ---- collectives (chips_program.c) ---- */
/* X(name, text) */
#define CHIPS_COLLECTIVE_LIST(X) X(ALL_GATHER, "all-gather") X(REDUCE_SCATTER, "reduce-scatter")
typedef enum chips_collective {
#define X(n, t) CHIPS_##n,
  CHIPS_COLLECTIVE_LIST(X)
#undef X
} chips_collective;

/* Along one dim of the mesh, in all lines of it at once.  A stage of a tensor begins on a chip when the one before is over there.  Partial sums (REDUCE_SCATTER) have memory and a type of their
 * own; rounds: the last sums of a tensor, which become elements of it. */
typedef struct chips_stage { chips_collective kind; int tensor, dim, previous /* stage of the same tensor, -1: none */; bool behind /* the kernel */, rounds; int64_t cycles, bytes; /* by formula; over all links */ } chips_stage;
/* Elements at .. at + elems of the tensor, as they lie on the chips, from a chip to its neighbour, packet by packet; each packet when the same one of `after` is there.  adds: to what is there. */
typedef struct chips_transfer { int stage, from, to; int64_t at, elems; int after; bool adds; } chips_transfer;
typedef struct chips_elements { const char *name; dtype type, partial_type; } chips_elements;
typedef struct chips_program {
  int64_t n_chips;
  VEC_OF(chips_elements) tensors;
  VEC_OF(chips_stage) stages; VEC_OF(chips_transfer) transfers;
  int64_t cycles_before, cycles_behind;    /* by formula, of the stages in front of the kernel and behind it */
} chips_program;
void chips_program_make(arena *mem, const chips_kernel *k, const machine *m, const chips_split *s, chips_program *out);
/* What goes from a chip to its neighbour. */
typedef struct chips_link { int from, to; int64_t bytes; } chips_link;
size_t chips_stage_links(arena *mem, const chips_program *p, int stage, chips_link **out);      /* of a stage, by from and to */
/* A run of elements of a tensor as they lie in a chip's memory. */
typedef struct chips_run_of { int64_t at, elems; } chips_run_of;
chips_run_of chips_start_of(const chips_kernel *k, const machine *m, const chips_split *s, int t, int64_t chip);      /* input: what the host puts there */
chips_run_of chips_box_of(const chips_kernel *k, const machine *m, const chips_split *s, int t, int64_t chip);        /* what the chip's kernel reads or writes */
chips_run_of chips_end_of(const chips_kernel *k, const machine *m, const chips_split *s, int t, int64_t chip);        /* output: what is there in the end */
int64_t chips_room(const chips_kernel *k, const machine *m, const chips_split *s, int t, int64_t chip);               /* elements of that memory */
/* What lies in a chip's DRAM: its room of every tensor and of partial sums, and packets of sums, all of which may wait for a chip that is late.  The number of uses. */
size_t chips_dram_uses(arena *mem, const chips_kernel *k, const machine *m, const chips_split *s, const chips_program *p, int64_t chip, machine_dram_use **out);
const char *chips_collective_text(chips_collective c);

/* ---- the collectives run (chips_sim.c) ---- */
/* Elements by chip * tensors + tensor. */
typedef struct chips_memory { void *const *at, *const *partial; } chips_memory;
/* What a run is watched for.  begin, end: by stage * chips + chip, the cycles between which packets come to the chip; equal where none do.  waiting: by chip, the most bytes of packets of sums that
 * waited for it at a time.  NULL: not asked for; what is given is zero before the first run. */
typedef struct chips_watch { int64_t *begin, *end, *waiting; } chips_watch;
/* The stages in front of the kernel, or those behind it.  memory NULL: timing only; watch NULL: nobody does.  begin, end: by chip, the cycle from which it takes part, and when all is there.  LOOM_ENUMERIC: a chip waits for ever, or there is no such link. */
LOOM_MUST_USE loom_status chips_run(loom_ctx *ctx, const chips_program *p, const machine *m, bool behind, const chips_memory *memory, const chips_watch *watch, const int64_t *begin, int64_t *end);
/* By chip: its kernel begins at `begin` and ends so many cycles later; at `end` all is there. */
typedef struct chips_times { int64_t *begin, *end; chips_watch watch; int64_t cycles; } chips_times;
/* Both sides around kernels that take so many cycles, without values. */
LOOM_MUST_USE loom_status chips_time(loom_ctx *ctx, const chips_program *p, const machine *m, const int64_t *kernel, chips_times *out);

/* ---- text ---- */
data_value *chips_program_to_data(arena *mem, const chips_program *p);                                            /* loom.chips.v1 */
LOOM_MUST_USE loom_status chips_program_from_data(loom_ctx *ctx, const data_value *v, chips_program *out);
data_value *chips_split_to_data(arena *mem, const chips_kernel *k, const machine *m, const chips_split *s);       /* [{name, size, loop}] */
const char *chips_split_text(arena *mem, const chips_kernel *k, const machine *m, const chips_split *s);          /* "rows=tile_m, cols=none" */
/* "chips=LOOP", "chips.DIM=LOOP", LOOP "none" too, which every loop is along a dim of one chip: -2 in *out where nothing is said.  LOOM_EUSAGE: no such dim or loop. */
LOOM_MUST_USE loom_status chips_read_pins(loom_ctx *ctx, const chips_kernel *k, const machine *m, const char *const *pins, size_t n, int out[MACHINE_MESH_DIMS_MAX]);
#endif
