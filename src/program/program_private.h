/* Shared by the files of program/ only. */
#ifndef LOOM_PROGRAM_PRIVATE_H
#define LOOM_PROGRAM_PRIVATE_H
#include "pass/pass.h"
#include "program/program.h"
#include "target/cpu/cpu_kernels.h"
#include "target/cpu/cpu_program.h"
#include <setjmp.h>

typedef struct program_buffer program_buffer;
typedef VEC_OF(program_check) program_check_list;
/* Where an element is taken at a place that a value says. */
typedef struct program_place { loom_span span; int dim; const char *type; } program_place;
typedef VEC_OF(program_place) program_places;
typedef VEC_OF(codegen_symbol) program_grants;
struct program {
  loom_ctx *ctx;
  codegen_image *image;
  provider_set providers; provider_link *link;
  program_check_list checks;
  program_places places;
  program_buffer *buffers;             /* of the call that is running */
  int64_t live, leaked, bytes;         /* buffers, buffers, bytes */
  jmp_buf stop;                        /* out of a call, with the status below */
  loom_status stopped;
};

/* ---- program_lower.c ---- */
LOOM_MUST_USE loom_status program_lower(ir_ctx *ir, MlirModule m, const program_options *o, program_check_list *checks, program_places *places, program_grants *grants);
/* Gives declared functions the bodies of o->late. */
LOOM_MUST_USE loom_status program_add_late(ir_ctx *ir, MlirModule m, const program_options *o);
/* ---- program_support.c ---- */
/* LOOM_EUNSUP: operations that no step of the lowering takes, all of them with their places. */
LOOM_MUST_USE loom_status program_check_supported(ir_ctx *ir, MlirModule m, bool has_ranks);
/* LOOM_EUNSUP: what is left, after all that is known was folded, makes several open dims of one. */
LOOM_MUST_USE loom_status program_check_splits(ir_ctx *ir, MlirModule m);
/* ---- program_audit.c ---- */
/* `m`, as it was before it was lowered, was refused with the errors since `mark`: replaces them by one for each operation that `lower` refuses. */
loom_status program_audit(ir_ctx *ir, MlirModule m, diag_mark mark, const program_options *o, loom_status (*lower)(ir_ctx *, MlirModule, const program_options *));
/* ---- program_expect.c ---- */
/* Expectations and assertions become calls; `grants` get what they call. */
LOOM_MUST_USE loom_status program_lower_checks(ir_ctx *ir, MlirModule m, program_check_list *checks, program_grants *grants);
/* ---- program_index.c ---- */
/* Elements at places that values say are taken behind a check of the place; `grants` get what it calls. */
LOOM_MUST_USE loom_status program_check_indices(ir_ctx *ir, MlirModule m, program_places *places, program_grants *grants);
/* ---- program_memory.c ---- */
void program_grant_memory(arena *mem, program_grants *grants);
void program_give_back(void *data);     /* a buffer of the running program; NULL is fine */
void program_free_all(program *p);     /* what the call that stopped held */
/* ---- program_call.c ---- */
extern _Thread_local program *program_running;
_Noreturn void program_stop(loom_status st);
void program_grant(arena *mem, program_grants *grants, const char *name, void (*f)(void));

/* A memref as it lies in memory; sizes and then strides follow. */
typedef struct program_memref { void *allocated, *aligned; int64_t offset, sizes[]; } program_memref;
typedef struct program_unranked { int64_t rank; program_memref *memref; } program_unranked;
/* Element-wise copy into C order. */
void program_gather(const program_memref *m, int rank, size_t width, void *to);
#endif
