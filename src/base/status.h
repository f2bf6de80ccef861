/* base: what every room stands on: memory, diagnostics, text, containers, data files.
 * Takes nothing from other rooms.  Leaves: loom_ctx and the helpers in base/ (each header says what it is for). */
#ifndef LOOM_BASE_STATUS_H
#define LOOM_BASE_STATUS_H

#define LOOM_MUST_USE __attribute__((warn_unused_result))
#define LOOM_PRINTF(f, a) __attribute__((format(printf, f, a)))
/* Ownership marks for handles that are not arena objects (MLIR, LLVM, Z3, Python):
 * GIVE: the caller becomes the owner; TAKE: the callee becomes the owner; KEEP: borrowed for the call. */
#define LOOM_GIVE
#define LOOM_TAKE
#define LOOM_KEEP

/* X(name, exit code of the command line, meaning) */
#define LOOM_STATUS_LIST(X)                                                \
  X(OK, 0, "ok")                                                           \
  X(EINPUT, 1, "the input is wrong")                                       \
  X(EUSAGE, 2, "the command line is wrong")                                \
  X(ENUMERIC, 3, "numbers differ or the simulator reports a fault")        \
  X(EPROVIDER, 4, "a kernel provider failed")                              \
  X(EINFEASIBLE, 5, "no feasible mapping or block sizes")                  \
  X(ELIMIT, 6, "a declared limit was reached")                             \
  X(EUNSUP, 7, "an operation or construct is not supported")               \
  X(EIO, 8, "a file is missing or unreadable, or the disk is full")        \
  X(EMEM, 70, "out of memory")                                             \
  X(EWORKER, 70, "the worker process died")                                \
  X(EBUG, 70, "internal error: an invariant of Loom failed")

typedef enum loom_status {
#define X(n, code, text) LOOM_##n,
  LOOM_STATUS_LIST(X)
#undef X
} loom_status;

/* Exit code of the command line for `s` (cli.md). */
int loom_status_exit(loom_status s);
/* One-line meaning of `s`; a static string. */
const char *loom_status_text(loom_status s);

/* Returns the status of `e` from the enclosing function unless it is LOOM_OK. */
#define LOOM_TRY(e)                                   \
  do {                                                \
    loom_status loom_try_status_ = (e);               \
    if (loom_try_status_ != LOOM_OK)                  \
      return loom_try_status_;                        \
  } while (0)

#endif
