/* mlir_text: MLIR text as tokens, of any dialect, and edited copies of it that keep its lines.
 * Takes: text from outside, bounded in bytes and nesting.  Leaves: what a normaliser of custom assembly needs: tokens with spans, balanced pieces
 * (types, attributes, regions), and the text with some pieces replaced. */
#ifndef LOOM_MLIR_TEXT_H
#define LOOM_MLIR_TEXT_H
#include "base/diag.h"
#include "base/text.h"

enum { MLIR_TEXT_BYTES_MAX = 16 << 20, MLIR_TEXT_DEPTH_MAX = 128 };

/* X(kind, what a message calls it) */
#define MLIR_TOKEN_LIST(X)                                                                               \
  X(END, "the end of the text")                                                                          \
  X(WORD, "a word")                /* tosa.add  dense  f32  x4xf32: as MLIR, "4x4xf32" is 4 and x4xf32 */ \
  X(VALUE, "a value")              /* %x  %x#1 */                                                         \
  X(SYMBOL, "a symbol")            /* @f  @"f g" */                                                       \
  X(BLOCK, "a block")              /* ^bb0 */                                                             \
  X(ATTRIBUTE, "an attribute")     /* #map  #torch.x */                                                   \
  X(TYPE, "a type")                /* !torch.vtensor */                                                   \
  X(STRING, "a string")            /* with its quotes */                                                  \
  X(INTEGER, "a number")           /* 12  0xff */                                                         \
  X(FLOAT, "a number")             /* 1.  1.5e-3 */                                                       \
  X(PUNCTUATION, "punctuation")    /* one of  -> :: == >= <=  or one byte */
typedef enum mlir_token_kind {
#define X(kind, text) MLIR_TOKEN_##kind,
  MLIR_TOKEN_LIST(X)
#undef X
} mlir_token_kind;
typedef struct mlir_token { mlir_token_kind kind; const char *at; size_t size; int32_t line, col; } mlir_token;   /* 1-based, columns in bytes */
typedef struct mlir_slice { const char *at; size_t size; } mlir_slice;                                            /* a piece of the text */

/* A place in the text, at a token.  A copy is a place to come back to. */
typedef struct mlir_cursor {
  loom_ctx *ctx; const diag_source *source;
  const char *end, *line_start, *next;   /* next: behind the token */
  int32_t line;
  mlir_token token;
} mlir_cursor;

/* At the first token of `source` (its text is kept).  LOOM_ELIMIT: more than MLIR_TEXT_BYTES_MAX bytes. */
LOOM_MUST_USE loom_status mlir_text_open(loom_ctx *ctx, const diag_source *source, mlir_cursor *out);
/* To the next token; blanks and // comments are none.  Never fails: a string that does not end stops at its line's end, a byte that opens no
 * token is punctuation. */
void mlir_text_next(mlir_cursor *c);

bool mlir_text_at(const mlir_cursor *c, const char *spelled);       /* is this the token? */
bool mlir_text_accept(mlir_cursor *c, const char *spelled);         /* mlir_text_at, then the next one */
/* The token must be this: else LOOM_EINPUT, "expected '<spelled>' in <what>, found '<token>'". */
LOOM_MUST_USE loom_status mlir_text_expect(mlir_cursor *c, const char *spelled, const char *what);
/* A token of this kind, and the next one; the same refusal. */
LOOM_MUST_USE loom_status mlir_text_take(mlir_cursor *c, mlir_token_kind kind, const char *what, mlir_slice *out);
bool mlir_text_is(const mlir_token *t, const char *spelled);
const char *mlir_text_copy(arena *mem, mlir_slice s);
/* A copy of as many bytes on one line: blanks for line ends, and for comments, which would hide what comes to stand behind them. */
const char *mlir_text_flat(arena *mem, mlir_slice s);
loom_span mlir_text_span(const mlir_cursor *c, const mlir_token *t);

/* Each of these takes what starts at the token and leaves the cursor behind it.  LOOM_EINPUT: nothing such starts here, or a bracket is not
 * closed; LOOM_ELIMIT: deeper than MLIR_TEXT_DEPTH_MAX. */
LOOM_MUST_USE loom_status mlir_text_balanced(mlir_cursor *c, mlir_slice *out);    /* from an opening bracket to its closing one */
LOOM_MUST_USE loom_status mlir_text_type(mlir_cursor *c, mlir_slice *out);        /* f32, tensor<..>, !a.b<..>, (..) -> .. */
LOOM_MUST_USE loom_status mlir_text_attribute(mlir_cursor *c, mlir_slice *out);   /* without the ": type" that may follow; -1.5, "s", [..], {..}, @a::@b, dense<..>, #a.b<..> */

/* ---- edited copies (mlir_text_edit.c) ---- */
typedef struct mlir_edit { const mlir_cursor *from; text out; const char *copied; bool is_changed; } mlir_edit;   /* the text before `copied` is in `out` */
/* `start`: a cursor at the beginning; it stays where it is. */
mlir_edit mlir_edit_open(const mlir_cursor *start);
/* Replaces the text between `at` and `end`, which lie behind all earlier replacements.  `with` has no line ends; those of the piece follow it, so
 * that every line of the copy is the line of the text.  Comments inside of the piece are dropped. */
void mlir_edit_replace(mlir_edit *e, const char *at, const char *end, const char *with);
/* The copy, in the arena of the context. */
const char *mlir_edit_text(mlir_edit *e, size_t *out_size);
/* ` loc("path":line:col)` of a token, for the end of an operation that is written anew; "" when the operation at the cursor's token goes on with a
 * location of its own. */
const char *mlir_edit_location(const mlir_cursor *behind, const mlir_token *op);
#endif
