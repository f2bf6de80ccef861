/* Drawn plans under test: each case in a process of its own, what it says, and the verdict on a run; included by tests only. */
#ifndef LOOM_COMPILE_PLANS_TRIAL_H
#define LOOM_COMPILE_PLANS_TRIAL_H
#include "base/testing.h"
#include "compile_plans.h"
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PLANS_SECONDS_MAX = 300 };

/* What a case says, in memory that the processes share.  ratio: worst error in units of its bound. */
typedef struct plans_outcome {
  int plans, wanted, failed;
  bool is_refused, ran_whole;
  double max_error, ratio;
  int64_t best_cycles, least_cycles, most_cycles;   /* of the solver's plan (0: not asked for), of the drawn ones */
  int plain, kinds;                                 /* on a CPU: plans that became plain loops; different bits that the others came to */
  char now[2048], text[1 << 14];                    /* what runs, as a command; what went wrong */
} plans_outcome;

static inline void plans_say(plans_outcome *o, const char *format, ...) {
  size_t n = strlen(o->text);
  va_list args;
  va_start(args, format);
  vsnprintf(o->text + n, sizeof o->text - n, format, args);
  va_end(args);
}

static inline void plans_fail(plans_outcome *o, const char *what) {
  o->failed++;
  plans_say(o, "%s\n  %s\n", what, o->now);
}

/* With LOOM_PLANS_SHOW: what runs. */
static inline void plans_show(const plans_outcome *o) {
  if (getenv("LOOM_PLANS_SHOW"))
    fprintf(stderr, "%s\n", o->now);
}

static inline const char *plans_first_error(const loom_ctx *ctx) {
  for (const diag_item *d = ctx->diag.first; d; d = d->next)
    if (d->severity == DIAG_ERROR)
      return d->text;
  return "no diagnostic";
}

/* False: told. */
static inline bool plans_judge(arena *m, const run_check *c, plans_outcome *o) {
  o->max_error = fmax(o->max_error, c->max_abs_error);
  o->ratio = fmax(o->ratio, c->bound > 0 ? c->error / c->bound : c->error);
  o->ran_whole |= c->integers_run;
  if (!c->done || !c->elems || c->wrong || c->unbounded)
    plans_fail(o, arena_printf(m, "%" PRId64 " of %" PRId64 " elements beyond their bound, %" PRId64 " without one; %s: error %g of %g", c->wrong, c->elems, c->unbounded, c->where,
                               c->error, c->bound));
  else if (c->integers_run && !c->integers_ok)
    plans_fail(o, "whole numbers differ");
  else
    return true;
  return false;
}

/* In memory that child processes share; munmap it. */
static inline plans_outcome *plans_share_outcome(void) {
  plans_outcome *o = mmap(NULL, sizeof *o, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(o != MAP_FAILED);
  return o;
}

/* run(data, o) in a process of its own, after which the text is printed; *o is shared and starts with `wanted`.  With LOOM_PLANS_HERE: in this one. */
static inline void plans_run_apart(void (*run)(void *data, plans_outcome *o), void *data, int wanted, plans_outcome *o) {
  memset(o, 0, sizeof *o);
  o->wanted = wanted;
  if (getenv("LOOM_PLANS_HERE")) {
    run(data, o);
    return;
  }
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (!child) {
    alarm(PLANS_SECONDS_MAX);
    run(data, o);
    _exit(0);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    o->failed++;
    plans_say(o, "it died of %s %d\n  %s\n", WIFSIGNALED(status) ? "signal" : "exit code", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), o->now);
  }
  fputs(o->text, stderr);
}
#endif
