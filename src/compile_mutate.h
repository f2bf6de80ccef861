/* Seeded faults; included by compile_mutate_test.c only.
 *
 * A mutation operator makes one small edit at a place drawn at random, in the materialized IR or in the TOG of a program that is right.  The program then
 * goes through every check it would meet in a compile and a run; the first one that objects is what caught it. */
#ifndef LOOM_COMPILE_MUTATE_H
#define LOOM_COMPILE_MUTATE_H
#include "base/rng.h"
#include "compile.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct mutation {
  compile_state *s;            /* s->bufferized and s->tog are edited in place: each mutant has a process of its own */
  arena *mem;
  rng r;
  bool has_turns;              /* an innermost loop runs more than once */
  bool only_grows;             /* the edit makes a computation larger, inside its slots, or a loop one turn longer, and changes nothing else */
  char what[400];              /* where and what, for people */
} mutation;

/* Makes the edit; false: the program has no place for it. */
typedef bool mutate_fn(mutation *m);
typedef struct mutate_operator { const char *name; bool in_ir; mutate_fn *apply; } mutate_operator;

__attribute__((format(printf, 2, 3))) static inline bool mutate_say(mutation *m, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(m->what, sizeof m->what, format, args);
  va_end(args);
  return true;
}

static inline size_t mutate_pick(mutation *m, size_t n) { return (size_t)rng_range(&m->r, 0, (int64_t)n - 1); }
#endif
