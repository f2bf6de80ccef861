#include "base/arena.h"
#include "base/alloc.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BLOCK_BYTES = 64 * 1024, ARENA_ALIGN = 16 };

struct arena_block {
  arena_block *older;
  size_t bytes;   /* of the payload that follows */
};
#define BLOCK_HEADER ((sizeof(arena_block) + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN)

static size_t least_block_bytes = ARENA_BLOCK_BYTES;

void arena_set_block_bytes(size_t bytes) { least_block_bytes = bytes ? bytes : ARENA_BLOCK_BYTES; }

static _Noreturn void out_of_memory(arena *a) {
  if (a->guard)
    longjmp(*a->guard, 1);
  fputs("loom: out of memory\n", stderr);
  abort();
}

void *arena_alloc(arena *a, size_t size) {
  const size_t block_bytes = least_block_bytes;
  if (size > SIZE_MAX - 2 * ARENA_BLOCK_BYTES)
    out_of_memory(a);
  size_t need = (size + (size == 0) + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
  bool is_zero = false;
  if (!a->head || (size_t)(a->end - a->next) < need) {
    size_t bytes = need > block_bytes ? need : block_bytes;
    is_zero = need > block_bytes;      /* large memory comes zeroed from the system, and is not touched before it is used */
    arena_block *b = is_zero ? alloc_zeroed(BLOCK_HEADER + bytes) : alloc_bytes(BLOCK_HEADER + bytes);
    if (!b)
      out_of_memory(a);
    b->older = a->head;
    b->bytes = bytes;
    a->head = b;
    a->next = (char *)b + BLOCK_HEADER;
    a->end = a->next + bytes;
  }
  void *p = a->next;
  a->next += need;
  a->used_bytes += need;
  if (!is_zero)
    memset(p, 0, need);
  return p;
}

void *arena_array(arena *a, size_t n, size_t size) {
  size_t total;
  if (__builtin_mul_overflow(n, size, &total))
    out_of_memory(a);
  return arena_alloc(a, total);
}

char *arena_strndup(arena *a, const char *s, size_t n) {
  char *p = arena_alloc(a, n + 1);
  if (n)   /* s of nothing may be NULL */
    memcpy(p, s, n);
  return p;
}

char *arena_strdup(arena *a, const char *s) { return arena_strndup(a, s, strlen(s)); }

char *arena_printf(arena *a, const char *fmt, ...) {
  va_list ap, again;
  va_start(ap, fmt);
  va_copy(again, ap);
  int n = vsnprintf(NULL, 0, fmt, ap);
  va_end(ap);
  char *p = arena_alloc(a, (size_t)(n < 0 ? 0 : n) + 1);
  if (n > 0)
    vsnprintf(p, (size_t)n + 1, fmt, again);
  va_end(again);
  return p;
}

arena_mark arena_save(const arena *a) { return (arena_mark){a->head, a->next, a->used_bytes}; }

void arena_release(arena *a, arena_mark m) {
  while (a->head != m.head) {
    arena_block *b = a->head;
    a->head = b->older;
    alloc_free(b);
  }
  a->next = m.next;
  a->end = a->head ? (char *)a->head + BLOCK_HEADER + a->head->bytes : NULL;
  a->used_bytes = m.used_bytes;
}

void arena_done(arena *a) { arena_release(a, (arena_mark){0}); }
