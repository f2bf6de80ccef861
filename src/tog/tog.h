/* tog: MEETING POINT 4.  What each core does, in which order, on which buffer; loops kept symbolic (size independent of trip counts).
 * Takes nothing from other rooms than base and sym.  Leaves: the graph, its verifier, the text form (loom.tog.v1).
 *
 * Every core of the mesh runs the same tree.  Expressions are over the core's coordinates (the mesh dims' names: "x", "y") and the
 * variables of the enclosing loops.  Each core has three threads that walk the whole tree in order and act only on their own nodes:
 *   READER  LOAD: DRAM -> L1 (reserve a slot, transfer, publish; blocks until its own data is there), COLLECT, GIVE
 *   COMPUTE TAKE, COMPUTE, PUSH, GIVE
 *   WRITER  STORE: L1 -> DRAM (wait for a published slot, transfer; blocks until written), SEND, GIVE
 * Buffers are circular: `depth` slots of `bytes`, slot i at `offset + i*stride` of the core's L1.  Slot life: free -> open (reserved, poisoned
 * with NaN) -> ready (published) -> free (given).  LOAD reserves and publishes; TAKE reserves and PUSH publishes for the compute thread;
 * GIVE frees the oldest taken slot of its buffer.  A COMPUTE names its buffers with an access:
 *   READ   the oldest ready slot; waits for it when `wait` is set (a hazard if it is not and the slot is not ready: fault early_read)
 *   WRITE, UPDATE  the newest open slot of the compute thread
 * A LOAD or STORE of zero extent and a COMPUTE whose `active` is 0 move and compute nothing but still wait, reserve, publish and free (surplus
 * cores stay in step).
 *
 * A slot filled by several loads: a LOAD reserves only where `opens` is not 0, otherwise it goes on filling the slot its buffer holds open; it
 * publishes only where `closes` is not 0.  `at` says where in the slot its box lands.
 *
 * Multicast: `group` gives the rectangle [ul, lr] of cores sharing the transfer and the sender, all as expressions evaluated by each core.
 * A core that is its own sender reads DRAM once, waits until every other core of its rectangle has reserved its slot for the same load,
 * then sends; a receiver reserves, announces itself to the sender and waits for the data.
 * Chain: with `chain` set for some mesh dims, the sender (which is at `ul`) multicasts to the cores of the rectangle whose coordinates equal ul in
 * all of those; every core hands its copy on, once it is complete, to its successors.  The predecessor of a core is the core one step towards ul
 * in the last chain dim in which it is not at ul; a receiver announces itself to its predecessor.
 *
 * Gathers: a SEND moves the oldest ready slot of `buffer` into row `row` of the slot that the receiver's COLLECT of `to` has reserved; it waits
 * until that row is there to be filled.  COLLECT reserves a slot, waits for `senders` rows, publishes.  `to` has shape {rows, shape of buffer}. */
#ifndef LOOM_TOG_TOG_H
#define LOOM_TOG_TOG_H
#include "base/dtype.h"
#include "base/vec.h"
#include "sym/sym.h"

enum { TOG_RANK_MAX = 8, TOG_MESH_MAX = 3, TOG_DEPTH_MAX = 32 /* nested loops */, TOG_ARGS_MAX = 64 /* uses, and arguments, of one COMPUTE */ };

/* Row-major, in DRAM, or in the L1 of all cores of the chip (whether the graph uses them or not): page p of its bytes on core p mod cores, row-major, at l1_offset + p / cores * l1_page. */
typedef struct tog_tensor { const char *name; dtype type; int rank; int64_t shape[TOG_RANK_MAX]; bool is_input, is_output; int arg; bool is_kept; /* of an output: elements that are not written stay as they are, and need not be */ int64_t l1_page, l1_offset; /* bytes; page 0: in DRAM */ } tog_tensor;
typedef struct tog_buffer { const char *name; dtype type; int rank; int64_t shape[TOG_RANK_MAX]; /* nominal tile, row-major */ int64_t bytes, stride, offset; int depth; } tog_buffer;
typedef struct tog_function { const char *name; const char *mlir; /* text of a module with this loom.tile_function (cpu.h) */ } tog_function;

/* X(name, thread) */
#define TOG_NODE_LIST(X) X(LOOP, ANY) X(LOAD, READER) X(STORE, WRITER) X(TAKE, COMPUTE) X(COMPUTE, COMPUTE) X(PUSH, COMPUTE) X(GIVE, ANY) \
  X(SEND, WRITER) X(COLLECT, READER)
typedef enum tog_node_kind {
#define X(n, t) TOG_##n,
  TOG_NODE_LIST(X)
#undef X
} tog_node_kind;
#define X(n, t) +1
enum { TOG_KINDS = 0 TOG_NODE_LIST(X) };
#undef X
typedef enum tog_thread { TOG_READER, TOG_COMPUTE_THREAD, TOG_WRITER, TOG_THREADS } tog_thread;

typedef enum tog_access { TOG_READ, TOG_WRITE, TOG_UPDATE } tog_access;
typedef struct tog_use { int buffer; tog_access access; bool wait; } tog_use;

/* A box of a tensor: offset and extent per tensor dim (elements); `to_dim[d]`: dim of the buffer it lands in, -1 when dropped (extent 1).
 * With a view, rank, offset, extent and to_dim are of the view's dims: element i of the view is element sum(i_d * view_stride_d) of the tensor. */
typedef struct tog_box {
  int tensor, rank;
  const sym_expr *offset[TOG_RANK_MAX], *extent[TOG_RANK_MAX];
  int to_dim[TOG_RANK_MAX];
  bool has_view;
  int64_t view_shape[TOG_RANK_MAX], view_stride[TOG_RANK_MAX];                       /* elements */
  /* Of a view: place i of lookup_dim is place index[i], one of 0..lookup_rows-1, where index is row-major element i of tensor lookup_tensor (i32 or i64). */
  bool has_lookup; int lookup_dim, lookup_tensor; int64_t lookup_rows;
} tog_box;
typedef struct tog_group { const sym_expr *ul[TOG_MESH_MAX], *lr[TOG_MESH_MAX], *sender[TOG_MESH_MAX]; bool chain[TOG_MESH_MAX]; } tog_group;

typedef struct tog_node tog_node;
typedef VEC_OF(tog_node *) tog_body;
struct tog_node {
  tog_node_kind kind;
  int id;                                 /* unique, program order */
  const char *label;                      /* "load x", "matmul": for faults and traces */
  tog_thread thread;                      /* of GIVE (others are fixed by kind) */
  bool waits;                             /* GIVE: until the slot is published; for a slot that nothing may have read */
  const char *var; const sym_expr *trip; tog_body body;      /* LOOP: var runs 0..trip-1, not at all when trip <= 0 */
  int buffer;                             /* LOAD, STORE, TAKE, PUSH, GIVE, SEND (from), COLLECT */
  tog_box box;                            /* LOAD, STORE */
  bool has_group; tog_group group;        /* LOAD */
  const sym_expr *at[TOG_RANK_MAX];       /* LOAD: by buffer dim, elements: where in the slot the box lands; NULL: 0 */
  const sym_expr *opens, *closes;         /* LOAD: reserves a slot, publishes it, where not 0; NULL: always */
  int function; const char *unit;         /* COMPUTE: index into functions (-1: timing only), unit name of the machine */
  VEC_OF(tog_use) uses; VEC_OF(const sym_expr *) args;       /* COMPUTE: buffers, and extents or offsets, in the function's argument order */
  VEC_OF(const sym_expr *) numbers;       /* COMPUTE: integer arguments behind `args` that index none of its buffers: where a tile lies */
  const sym_expr *cycles;                 /* COMPUTE: over coordinates, loop variables */
  const sym_expr *active;                 /* COMPUTE, SEND: skipped (zero cycles) when 0; NULL: always */
  int to;                                 /* SEND: buffer of the receiver */
  const sym_expr *row;                    /* SEND: where in `to`, in tiles */
  const sym_expr *receiver[TOG_MESH_MAX]; /* SEND: core */
  const sym_expr *senders;                /* COLLECT: rows to wait for */
};

typedef struct tog {
  const char *kernel, *machine, *variant;
  int n_mesh; const char *mesh_name[TOG_MESH_MAX]; int64_t mesh_size[TOG_MESH_MAX];
  VEC_OF(tog_tensor) tensors; VEC_OF(tog_buffer) buffers; VEC_OF(tog_function) functions;
  tog_body body; int n_nodes;
  int64_t predicted_cycles;               /* of the plan; 0 unknown */
} tog;

/* Gives every node its id (program order, from 0) and sets n_nodes; call it when the tree is complete. */
void tog_number(tog *t);
/* "loop", "load", ...; "reader", "compute", "writer". */
const char *tog_kind_name(tog_node_kind k);
const char *tog_thread_name(tog_thread th);
/* The thread that acts on the node (of a LOOP: TOG_THREADS). */
tog_thread tog_node_thread(const tog_node *n);
/* "node 7 'load x'", for messages. */
const char *tog_node_title(arena *m, const tog_node *n);
/* Elements of the nominal tile; bytes from the first byte of slot 0 to the last of slot depth-1.  Valid after tog_check. */
int64_t tog_buffer_elems(const tog_buffer *b);
int64_t tog_buffer_span_bytes(const tog_buffer *b);
int64_t tog_tensor_elems(const tog_tensor *t);
/* Bytes that a tensor in L1 takes of each of `cores` cores, whole pages. */
int64_t tog_tensor_l1_bytes(const tog_tensor *t, int64_t cores);
/* Two things at one place of the L1, one of them a tensor, on a chip of so many cores: their names, NULL when there are none. */
const char *tog_l1_overlap(arena *m, const tog *t, int64_t cores);

/* Well-formed: every index in range, ranks agree, no expression missing, every symbol is a mesh dim or an enclosing loop variable, sizes
 * within the limits (tensor 2^42 bytes, buffer 2^36 bytes, mesh 2^16 cores), slots at multiples of 8 bytes.  What every consumer may rely on.  LOOM_EINPUT. */
LOOM_MUST_USE loom_status tog_check(loom_ctx *ctx, const tog *t);
/* tog_check, and disciplined: names unique, boxes agree with their buffers in type and extent, loads from inputs and stores to outputs only,
 * every loop level frees what it reserves and publishes what it takes, one thread reads and frees a buffer, buffers that share bytes are never live
 * together.  LOOM_EINPUT. */
LOOM_MUST_USE loom_status tog_verify(loom_ctx *ctx, const tog *t);
typedef struct tog_chip { const char *name; int64_t l1_bytes, align_bytes, write_align_bytes; /* of DRAM reads and writes; 0, 1: any */ int64_t cores, l1_reserved_bytes; /* above l1_bytes: for tensors alone */ } tog_chip;
/* tog_check, and what the graph comes to, core by core and turn by turn: slots and tensors are inside the chip's L1 (NULL: any) and apart, boxes inside their tensors, cores that
 * share a load agree on who sends and come to it equally often, cores are sent the tiles they wait for, every output element is written once.  LOOM_EINPUT, with both sides named.
 * Effort is bounded: a node that runs more than 2^17 times is looked at that often; of an output of more than 2^16 tiles only the tiles' ranges. */
LOOM_MUST_USE loom_status tog_verify_points(loom_ctx *ctx, const tog *t, const tog_chip *chip);
/* Warns, once a load or store, where it moves between a DRAM address and an L1 address that are not equal mod align_bytes (write_align_bytes), which the
 * virtual chip does and the chip's network does not.  `t` has passed tog_check; the same effort. */
LOOM_MUST_USE loom_status tog_warn_alignment(loom_ctx *ctx, const tog *t, const tog_chip *chip);
/* tog_verify_points and tog_warn_alignment as warnings, the first of each kind, for a graph that is then run to see (the virtual chip has a fault for each). */
LOOM_MUST_USE loom_status tog_warn_points(loom_ctx *ctx, const tog *t, const tog_chip *chip);
data_value *tog_to_data(arena *m, const tog *t);                         /* loom.tog.v1, docs/tog.md */
/* Reads what tog_to_data wrote or a person edited; checked with tog_check, not tog_verify (edits that break the discipline are what sim is for). */
LOOM_MUST_USE loom_status tog_from_data(loom_ctx *ctx, const data_value *v, tog **out);
#endif
