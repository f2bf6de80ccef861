/* Arenas: all memory of the plain rooms.  Objects are freed together, never one by one.
 * Allocation does not return NULL: when memory runs out the arena unwinds to the frame armed with
 * arena_guard (loom_ctx_run does it), which frees the arenas and reports LOOM_EMEM; without a guard it aborts.
 * Only plain C frames may lie between a guard and an allocation. */
#ifndef LOOM_BASE_ARENA_H
#define LOOM_BASE_ARENA_H
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

typedef struct arena_block arena_block;
typedef struct arena {
  arena_block *head;   /* newest block first */
  char *next, *end;    /* free part of the newest block */
  size_t used_bytes;   /* bytes handed out since the last reset */
  jmp_buf *guard;      /* where to go when memory runs out; NULL: abort */
} arena;

typedef struct arena_mark { arena_block *head; char *next; size_t used_bytes; } arena_mark;

/* Zero-filled, aligned to 16 bytes.  `size` 0 gives a unique non-NULL pointer. */
void *arena_alloc(arena *a, size_t size);
/* Zero-filled array of `n` elements of `size` bytes; a product over SIZE_MAX counts as out of memory. */
void *arena_array(arena *a, size_t n, size_t size);
char *arena_strdup(arena *a, const char *s);
char *arena_strndup(arena *a, const char *s, size_t n);
char *arena_printf(arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Everything allocated after the mark is freed by arena_release. */
arena_mark arena_save(const arena *a);
void arena_release(arena *a, arena_mark m);
/* The least bytes to ask the system for: 64 kB.  Tests of failing allocations set 16, so that every object is an allocation of its own; 0: as before. */
void arena_set_block_bytes(size_t bytes);
/* Frees all blocks; the arena is empty and usable again. */
void arena_done(arena *a);

#define ARENA_NEW(a, T) ((T *)arena_alloc((a), sizeof(T)))
#define ARENA_NEW_N(a, T, n) ((T *)arena_array((a), (size_t)(n), sizeof(T)))

#endif
