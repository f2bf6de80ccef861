/* run_sandbox: what a process may reach, given up before it touches what others wrote: no new privileges, limits, files by place (Landlock), system calls (run_seccomp.h).
 * Takes the places; leaves a process that cannot get back what it gave up, nor can what it starts.  What the kernel lacks is left out, and the level says so. */
#ifndef LOOM_RUN_SANDBOX_H
#define LOOM_RUN_SANDBOX_H
#include "base/vec.h"
#include "run/run_limits.h"
#include "run/run_seccomp.h"

typedef VEC_OF(const char *) run_places;
typedef enum run_sandbox_mode { RUN_SANDBOX_ON, RUN_SANDBOX_LOG /* calls are logged and not refused, files are free */, RUN_SANDBOX_OFF } run_sandbox_mode;

typedef struct run_sandbox {
  run_sandbox_mode mode;
  run_calls calls;
  run_limits limits;
  run_places reads;      /* files, and directories with all below; those that are not there count for nothing */
  run_places writes;     /* the same, to change, make and remove as well */
  run_places programs;   /* to start programs from, with RUN_CALLS_BUILD */
} run_sandbox;

typedef struct run_sandbox_level { bool has_limits, has_seccomp; int landlock; /* its version; 0: there is none */ } run_sandbox_level;

/* $LOOM_SANDBOX: on, log or off; LOOM_EUSAGE: something else.  Not set: on, but off in builds with a sanitizer, whose runtime looks into its own process from outside. */
LOOM_MUST_USE loom_status run_sandbox_read_mode(loom_ctx *ctx, run_sandbox_mode *out);
/* Of this process, for good; *out: what holds from now on.  Nothing fails: what is missing is missing from the level. */
void run_sandbox_enter(const run_sandbox *s, run_sandbox_level *out);
/* What a process could give up here, found by letting a copy of this one do it and fail at what it gave up. */
run_sandbox_level run_sandbox_probe(void);
/* "full", "landlock ABI 2 + seccomp", "seccomp only", "rlimits only", "none".  Full: files, network and signals by Landlock (ABI 6 and later), calls, limits. */
const char *run_sandbox_text(arena *m, const run_sandbox_level *l);
bool run_sandbox_is_full(const run_sandbox_level *l);      /* both of Landlock and seccomp, of whatever version: what --require-sandbox asks for */
#endif
