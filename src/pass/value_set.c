#include "pass/value_set.h"

/* Slots hold index + 1; 0 is free. */
static size_t find(const value_set *s, MlirValue v) {
  size_t i = ((size_t)(uintptr_t)v.ptr >> 4) * 0x9E3779B97F4A7C15u >> 20;
  for (i &= s->room - 1; s->slot[i] && !mlirValueEqual(s->at.at[s->slot[i] - 1], v);)
    i = (i + 1) & (s->room - 1);
  return i;
}

bool value_set_has(const value_set *s, MlirValue v) { return s->room && s->slot[find(s, v)]; }

size_t value_set_index(const value_set *s, MlirValue v) { return s->slot[find(s, v)] - 1; }

static void grow(arena *m, value_set *s) {
  s->room = s->room ? 2 * s->room : 64;
  s->slot = ARENA_NEW_N(m, size_t, s->room);
  for (size_t i = 0; i < s->at.n; i++)
    s->slot[find(s, s->at.at[i])] = i + 1;
}

bool value_set_add(arena *m, value_set *s, MlirValue v) {
  if (2 * s->at.n >= s->room)
    grow(m, s);
  size_t i = find(s, v);
  if (s->slot[i])
    return false;
  vec_push(m, &s->at, v);
  s->slot[i] = s->at.n;
  return true;
}
