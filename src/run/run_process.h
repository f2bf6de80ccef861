/* run_process: other programs, found on the path and run to their end. */
#ifndef LOOM_RUN_PROCESS_H
#define LOOM_RUN_PROCESS_H
#include "base/diag.h"

/* The program's file, looked for on the path unless `name` has a '/'; NULL: it is not there or cannot be run. */
const char *run_find_program(arena *m, const char *name);
/* The program that variable `variable` names (may be of several words: the first), else the first of `names` that is there; NULL: none.  *was_named: the variable is set. */
const char *run_choose_program(arena *m, const char *variable, const char *const *names, size_t n, bool *was_named);
/* Runs argv[0] (a file) with `argv`, NULL-terminated, and with the variables `env` ("NAME=value", NULL-terminated, NULL: none) instead of those it would inherit.  `log`: file that gets
 * what it says; NULL: it says it where we do.  *out_exit: its code, 128 + signal when one ended it.  LOOM_EIO: it cannot be started. */
LOOM_MUST_USE loom_status run_process(loom_ctx *ctx, const char *const *argv, const char *const *env, const char *log, int *out_exit);
/* Does the file begin as a library, object or program does?  What a compiler or linker claims to have made. */
bool run_is_elf(const char *path);
#endif
