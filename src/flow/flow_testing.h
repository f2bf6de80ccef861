/* Test support: runs written down as text; included by *_test.c only.
 *
 *   x load i f32 2x3 - 1 2 3 4 5 6     name, operation, kind, type, shape ("." a scalar), inputs ("-" none; "_" one that is -1), elements: the last one repeats
 *   ( for 2                            a round of a loop; "[ grid 0 1" an instance; ")" leaves it
 *
 * Kinds: c compute, "c=0" compute that may begin with 0, m move, y a move that hands on to the next round, l a move that a loop leaves, i input, k constant. */
#ifndef LOOM_FLOW_TESTING_H
#define LOOM_FLOW_TESTING_H
#include "base/testing.h"
#include "flow/flow_private.h"

enum { TOLD_MAX = 64 };
typedef struct told { flow_run *run; const char *name[TOLD_MAX]; } told;

static inline int told_node(const told *t, const char *name) {
  for (size_t i = 0; i < t->run->nodes.n; i++)
    if (strcmp(t->name[i], name) == 0)
      return (int)i;
  fail_msg("there is no node '%s'", name);
  return -1;
}

static inline int told_op(flow_run *r, const char *name) {
  for (size_t i = 0; i < r->ops.n; i++)
    if (strcmp(r->ops.at[i].name, name) == 0)
      return (int)i;
  return flow_op_of(r, name, name, LOOM_NOSPAN);
}

static inline void told_frame(told *t, bool is_instance, char *rest) {
  const char *op = strtok_r(rest, " ", &rest);
  int64_t at[16];
  int n = 0;
  for (const char *s; (s = strtok_r(rest, " ", &rest)); n++)
    at[n] = strtoll(s, NULL, 10);
  flow_enter(t->run, told_op(t->run, op), is_instance, n, at);
}

static inline void told_line(told *t, const char *name, char *rest) {
  flow_run *r = t->run;
  int op = told_op(r, strtok_r(rest, " ", &rest));
  const char *kind = strtok_r(rest, " ", &rest), *type = strtok_r(rest, " ", &rest);
  char *shape = strtok_r(rest, " ", &rest), *in = strtok_r(rest, " ", &rest);
  int64_t size[FLOW_RANK_MAX], elems = 1;
  int rank = 0, n_in = 0, *inputs = ARENA_NEW_N(r->mem, int, TOLD_MAX);
  dtype d;
  assert_true(dtype_parse(type, &d));
  for (char *s; (s = strtok_r(shape, ".x", &shape)); rank++)
    elems *= size[rank] = strtoll(s, NULL, 10);
  for (char *s; (s = strtok_r(in, ",", &in));)
    if (*s != '-')
      inputs[n_in++] = *s == '_' ? -1 : told_node(t, s);
  double *x = ARENA_NEW_N(r->mem, double, elems + 1), last = 0;
  for (int64_t i = 0; i <= elems; i++) {   /* one stands behind the last: nobody must read it */
    const char *s = strtok_r(rest, " ", &rest);
    x[i] = last = s ? strtod(s, NULL) : last;
  }
  r->ops.at[op].role = *kind == 'y' ? FLOW_YIELD : *kind == 'l' ? FLOW_LOOP : FLOW_PLAIN;
  if (kind[1] == '=') {
    r->ops.at[op].has_neutral = true;
    r->ops.at[op].neutral = strtod(kind + 2, NULL);
  }
  t->name[r->nodes.n] = name;
  flow_add(r, op, *kind == 'c' ? FLOW_COMPUTE : *kind == 'i' ? FLOW_INPUT : *kind == 'k' ? FLOW_CONSTANT : FLOW_MOVE, n_in, inputs, d, rank, size, x, NULL);
}

/* Lines are parted by ";". */
static inline told told_run(arena *mem, const char *text) {
  told t = {.run = flow_new(mem, 0)};
  char *rest = arena_strdup(mem, text);
  for (char *line; (line = strtok_r(rest, ";", &rest));) {
    char *words = line;
    const char *first = strtok_r(words, " ", &words);
    if (!first)
      continue;
    if (*first == ')')
      flow_leave(t.run);
    else if (*first == '(' || *first == '[')
      told_frame(&t, *first == '[', words);
    else
      told_line(&t, first, words);
  }
  return t;
}

/* As flow_find_parting makes it. */
static inline flow_search told_search(arena *mem, const told *got, const told *want, const flow_known *known) {
  flow_search s = {.scratch = mem, .got = got->run, .want = want->run, .known = known, .level = ARENA_NEW_N(mem, int, want->run->nodes.n),
                   .explained = ARENA_NEW_N(mem, bool, got->run->nodes.n), .role = ARENA_NEW_N(mem, signed char, got->run->nodes.n), .reader = -1};
  memset(s.role, -1, got->run->nodes.n);
  for (size_t i = 0; i < want->run->nodes.n; i++)
    s.want_has[want->run->ops.at[want->run->nodes.at[i].op].role] = true;
  return s;
}
#endif
