/* Texts in words, and edits of them (fuzz_edit.c). */
#ifndef LOOM_FUZZ_EDIT_H
#define LOOM_FUZZ_EDIT_H
#include "base/rng.h"
#include "base/text.h"
#include "base/vec.h"

typedef struct piece { const char *s; size_t n; } piece;
typedef VEC_OF(piece) pieces;
/* Appends the words of a text; they point into it. */
void fuzz_split(arena *mem, const char *s, size_t n, pieces *out);
/* The text of these words with one to three edits; `all`: where words of other texts are taken from.  Owned by `mem`. */
const char *fuzz_edit(arena *mem, rng *r, const pieces *words, const pieces *all, size_t *out_size);
#endif
