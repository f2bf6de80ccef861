/* vec: typed growing arrays in an arena.
 *   VEC_OF(int) v = {0};  vec_push(mem, &v, 3);  for (size_t i = 0; i < v.n; i++) use(v.at[i]);
 * Old storage stays in the arena when a vec grows. */
#ifndef LOOM_BASE_VEC_H
#define LOOM_BASE_VEC_H
#include "base/arena.h"
#include <string.h>

#define VEC_OF(T) struct { T *at; size_t n, room; }
#define vec_push(mem, v, item)                                                       \
  do {                                                                               \
    (v)->at = vec_with_room((mem), (v)->at, (v)->n, &(v)->room, sizeof *(v)->at);    \
    (v)->at[(v)->n++] = (item);                                                      \
  } while (0)

static inline void *vec_grow(arena *mem, void *old, size_t n, size_t *room, size_t item_bytes) {
  size_t bigger = *room ? *room * 2 : 8;
  void *p = arena_array(mem, bigger, item_bytes);
  if (n)
    memcpy(p, old, n * item_bytes);
  *room = bigger;
  return p;
}

/* Where the next item goes: `old` while it has room. */
static inline void *vec_with_room(arena *mem, void *old, size_t n, size_t *room, size_t item_bytes) {
  return n == *room ? vec_grow(mem, old, n, room, item_bytes) : old;
}
#endif
