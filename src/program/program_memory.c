/* The memory that machine code asks for: it is counted, so that nothing leaks unseen, and given back when a call is left in its middle. */
#include "base/alloc.h"
#include "program/program_private.h"

enum { BUFFER_ALIGN = 64 };
static const int64_t BYTES_MAX = INT64_C(8) << 30;   /* of one call at a time */

struct program_buffer { program_buffer *before, *after; void *block; int64_t bytes; };
_Static_assert(sizeof(program_buffer) <= BUFFER_ALIGN, "a buffer's head fits before its first line");

static void *take(size_t bytes) {
  program *p = program_running;
  if (bytes > (size_t)BYTES_MAX || p->bytes + (int64_t)bytes > BYTES_MAX) {
    diag_error(p->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "the program asks for %zu bytes with %" PRId64 " in use; at most %" PRId64 " are given", bytes, p->bytes, BYTES_MAX);
    program_stop(LOOM_ELIMIT);
  }
  char *block = alloc_bytes(bytes + 3 * BUFFER_ALIGN);
  if (!block) {
    diag_error(p->ctx, LOOM_NOSPAN, LOOM_EMEM, "there is no memory for %zu bytes that the program asks for", bytes);
    program_stop(LOOM_EMEM);
  }
  char *data = (char *)(((uintptr_t)block + 2 * BUFFER_ALIGN) & ~(uintptr_t)(BUFFER_ALIGN - 1));
  program_buffer *b = (program_buffer *)(void *)(data - BUFFER_ALIGN);
  *b = (program_buffer){.after = p->buffers, .block = block, .bytes = (int64_t)bytes};
  if (p->buffers)
    p->buffers->before = b;
  p->buffers = b;
  p->live++;
  p->bytes += b->bytes;
  return data;
}

void program_give_back(void *data) {
  program *p = program_running;
  if (!data)
    return;
  program_buffer *b = (program_buffer *)(void *)((char *)data - BUFFER_ALIGN);
  *(b->before ? &b->before->after : &p->buffers) = b->after;
  if (b->after)
    b->after->before = b->before;
  p->live--;
  p->bytes -= b->bytes;
  alloc_free(b->block);
}

void program_grant_memory(arena *mem, program_grants *grants) {
  program_grant(mem, grants, "malloc", (void (*)(void))take);
  program_grant(mem, grants, "free", (void (*)(void))program_give_back);
}

void program_free_all(program *p) {
  program *outer = program_running;
  program_running = p;
  while (p->buffers)
    program_give_back((char *)(void *)p->buffers + BUFFER_ALIGN);
  program_running = outer;
}
