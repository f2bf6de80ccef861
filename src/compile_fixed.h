/* Kernels whose sizes are open: beside their own loops, which take any sizes, the program of a plan for the sizes that they were read with. */
#ifndef LOOM_COMPILE_FIXED_H
#define LOOM_COMPILE_FIXED_H
#include "compile.h"

#define COMPILE_FIXED_FILE "cpu/planned.o"      /* in an artifact */
/* Fills s->fixed for a kernel of this CPU with open sizes, where it has a plan at those it was read with; nothing of that is said.  LOOM_EIO, LOOM_EBUG: whether it has one is
 * not known. */
LOOM_MUST_USE loom_status compile_fix_sizes(compile_state *s);
/* The open sizes of s->kernel as they are now, in the order of its symbols; count. */
size_t compile_open_sizes(const compile_state *s, const kernel_symbol ***out);
const char *compile_sizes_text(const compile_state *s);      /* "m = 24, n = 17" */
/* What an artifact's description says of s->fixed, whose object is made. */
data_value *compile_fixed_data(compile_state *s);
/* An artifact whose description has that (`v`; NULL: nothing) is called with its sizes: s->object, s->grid and the block sizes are those of the plan. */
LOOM_MUST_USE loom_status compile_take_fixed(compile_state *s, const data_value *v, const char *dir, compile_options *o);
#endif
