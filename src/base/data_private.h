/* Shared by the readers of base/data: a cursor that turns places in the bytes of a text into lines and columns. */
#ifndef LOOM_BASE_DATA_PRIVATE_H
#define LOOM_BASE_DATA_PRIVATE_H
#include "base/data.h"

typedef struct data_cursor {
  const diag_source *source;
  size_t at;           /* byte offset */
  size_t chars;        /* UTF-8 characters before it */
  size_t line_start;
  int32_t line;        /* 1-based */
} data_cursor;

data_cursor data_cursor_new(const diag_source *source);
/* Moves `n` bytes on, at most to the end. */
void data_cursor_skip(data_cursor *c, size_t n);
/* Moves to character number `chars`, forward or back; costs the distance. */
void data_cursor_go(data_cursor *c, size_t chars);
/* The empty span at the cursor, and the one from there to a later place. */
loom_span data_cursor_here(const data_cursor *c);
loom_span data_span_to(loom_span begin, const data_cursor *end);

/* A value read from a file: of `kind` and, for strings, with a copy of `string`. */
data_value *data_value_new(arena *m, data_kind kind);
/* Appends a member without looking for an equal key. */
void data_add_member(arena *m, data_value *object, const char *key, data_value *value, loom_span key_span);
#endif
