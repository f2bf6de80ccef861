/* nest_buffer: which tile-shaped buffers a core needs for a nest. */
#ifndef LOOM_NEST_BUFFER_H
#define LOOM_NEST_BUFFER_H
#include "nest/nest.h"

typedef enum nest_buffer_kind { NEST_BUFFER_LOAD, NEST_BUFFER_COMPUTE, NEST_BUFFER_STORE } nest_buffer_kind;
/* One buffer.  LOAD: what a load leaves, named after the access ("x", "x.2").  COMPUTE: an accumulator, temporary or gathered value, named after its value.
 * STORE: the tile handed to a store, in the tensor's type, named after the access. */
typedef struct nest_buffer { nest_buffer_kind kind; const char *name; dtype type; int rank; const sym_expr *dim[NEST_RANK_MAX]; int value; const nest_node *access; bool is_accumulator; } nest_buffer;
typedef VEC_OF(nest_buffer) nest_buffers;

/* Buffers in program order of their first use.  `always_copies`: every store has a buffer of its own (upstream); else a temporary of the tensor's
 * type is computed in the store's buffer, and only accumulators, loaded tiles and other types are copied. Names are unique. */
void nest_list_buffers(arena *m, const nest *n, bool always_copies, nest_buffers *out);
/* Elements of one slot; of the two innermost dims a static 1 counts as `unit` (upstream pads it to a hardware tile; 1: as it is). */
const sym_expr *nest_buffer_elems(arena *m, const nest_buffer *b, int64_t unit);
#endif
