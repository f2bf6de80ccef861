/* Explored modules (IRs/p01_explored.mlir): the canonical kernel once for each of some variants, under the variant's name, with its decisions as attributes, and the machine.
 * Such a module is an input like any MLIR text: of its variants, at block sizes that are given or are the best, a program is made. */
#ifndef LOOM_COMPILE_EXPLORED_H
#define LOOM_COMPILE_EXPLORED_H
#include "compile.h"

/* Module text, of ctx->mem: of the kept plans, before there are any of all candidates of the table. */
const char *compile_explored_text(compile_state *s);
/* Looks whether s->stage0 is one.  If so it becomes the kernel alone, its variants what s->o assigns sizes to, its machine s->machine unless the options name one.
 * LOOM_EUSAGE: the options name a variant that it has not. */
LOOM_MUST_USE loom_status compile_explored_read(compile_state *s);
#endif
