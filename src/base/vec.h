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
    if ((v)->n == (v)->room)                                                         \
      (v)->at = vec_grow((mem), (v)->at, (v)->n, &(v)->room, sizeof *(v)->at);       \
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
#endif
