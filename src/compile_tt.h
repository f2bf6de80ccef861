/* Programs for Tenstorrent boards: a compile with compile_options.for_board, then its graph as tt-metal code.
 *
 *   KERNEL (f16 becomes bf16) -> .. -> TOG -> tt_program -> tt/{reader,compute,writer}.cpp, host.cpp, README.md, CMakeLists.txt, kernels.mlir */
#ifndef LOOM_COMPILE_TT_H
#define LOOM_COMPILE_TT_H
#include "compile_exec.h"
#include "target/tt/tt.h"

typedef struct compile_tt_file { const char *name, *content; } compile_tt_file;
typedef struct compile_tt_options { bool object_api; tt_options lower; } compile_tt_options;
typedef struct compile_tt { tt_program program; VEC_OF(compile_tt_file) files; double ms; /* that it took */ } compile_tt;

/* LOOM_EUSAGE: the machine is no Tenstorrent board. */
LOOM_MUST_USE loom_status compile_tt_check_machine(compile_state *s);
/* The kernel as the board can hold it: float16 becomes bfloat16.  LOOM_EUNSUP: arguments of types that it has no tiles of, each reported. */
LOOM_MUST_USE loom_status compile_tt_retype(compile_state *s);
/* compile_kernel for a board (o->for_board is set), and the files of its program.  Boards hold whole tiles: where the circular buffers of a plan take more than the L1, the kernel is
 * planned again with so much less of it; not where the plan or block sizes are given.  compile_tt_close in any case, before compile_done(s). */
LOOM_MUST_USE loom_status compile_tt_compile(loom_ctx *ctx, compile_options *o, const compile_tt_options *how, compile_state *s, compile_tt *out);
void compile_tt_close(compile_tt *t);
LOOM_MUST_USE loom_status compile_tt_write(compile_state *s, const compile_tt *t, const char *dir);

/* ---- compile_tt_build.c ---- */
/* The program `host` of `source`, against the emulation of tt-metal; `dir`: for what is made on the way.  LOOM_EIO: no C++ compiler, or `emulator` is NULL. */
LOOM_MUST_USE loom_status compile_tt_build(compile_state *s, const char *emulator, const char *dir, const char *source, const char *host, const char **out_compiler);
/* The first lines of what a program said, from its log. */
const char *compile_tt_said(compile_state *s, const char *log);

/* ---- compile_tt_run.c ---- */
typedef struct tt_emulation {
  const char *emulator;                    /* the directory of its sources; NULL: it was not found */
  int64_t first_seed, seeds;               /* of the delays on the NoC */
  int64_t runs; double build_ms, run_ms;   /* out: of all runs together */
} tt_emulation;
/* Builds program `t` of s against the emulation of tt-metal and runs it, once for each seed; fills the check as compile_execute does.
 * LOOM_EIO: no C++ compiler, or no emulation; LOOM_EBUG: it refuses the program; LOOM_ENUMERIC: the emulation reports a fault. */
LOOM_MUST_USE loom_status compile_tt_execute(compile_state *s, const compile_tt *t, const run_options *r, tt_emulation *how, compile_execution *out);
#endif
