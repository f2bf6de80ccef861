/* What compile and run do for the board of a machine: --emit tt, --engine tt-emu. */
#ifndef LOOM_CLI_WORKER_BOARD_H
#define LOOM_CLI_WORKER_BOARD_H
#include "cli/cli.h"
#include "compile_tt.h"

bool worker_wants_board(const cli_options *o);
LOOM_MUST_USE loom_status worker_compile_board(loom_ctx *ctx, const cli_options *o, compile_options *c, compile_state *s, compile_tt *out);
LOOM_MUST_USE loom_status worker_emit_board(loom_ctx *ctx, const cli_options *o, compile_state *s, const compile_tt *t);
LOOM_MUST_USE loom_status worker_read_emulation(loom_ctx *ctx, const cli_options *o, tt_emulation *out);
void worker_add_emulation(arena *mem, const tt_emulation *e, data_value *summary);
void worker_print_emulation(const compile_state *s, const tt_emulation *e);
#endif
