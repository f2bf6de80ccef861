/* Code of this CPU: of the search's plan where the kernel has a spatial form, else of its own loops (docs/cpu.md). */
#ifndef LOOM_COMPILE_NATIVE_H
#define LOOM_COMPILE_NATIVE_H
#include "compile.h"

/* `search` leaves s->plan and s->bufferized, `plain` s->stage0; each records the stages it runs.  Where the kernel's own loops stand in for a plan,
 * s->plain_because says why.  What the user has named (a plan, a variant, block sizes) is not replaced: it fails when it cannot be had. */
typedef struct native_ways { loom_status (*search)(compile_state *s), (*plain)(compile_state *s); } native_ways;
LOOM_MUST_USE loom_status compile_native(compile_state *s, native_ways ways);
/* s->bufferized, of s->plan -> s->native and s->grid; the plan's block sizes are those of the call.  LOOM_EUNSUP: its cores hand each other tiles. */
LOOM_MUST_USE loom_status compile_native_program(compile_state *s);
/* A note of s->plain_because, where there is any. */
void compile_note_plain(compile_state *s);
/* The blocks of the plan are those of the call. */
void compile_keep_blocks(compile_state *s);
#endif
