/* text: a growing byte string in an arena. */
#ifndef LOOM_BASE_TEXT_H
#define LOOM_BASE_TEXT_H
#include "base/arena.h"
#include <stdbool.h>

typedef struct text { arena *mem; char *data; size_t size, room; } text;   /* data is NUL-terminated once anything was added */

static inline text text_new(arena *mem) { return (text){.mem = mem}; }
void text_add(text *t, const char *s);
void text_add_bytes(text *t, const char *s, size_t n);
void text_addf(text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void text_vaddf(text *t, const char *fmt, __builtin_va_list ap);
/* The text as a C string; "" when nothing was added. */
const char *text_str(const text *t);

bool text_eq(const char *a, const char *b);            /* both may be NULL */
bool text_starts(const char *s, const char *prefix);
bool text_ends(const char *s, const char *suffix);
/* 1234567 -> "1,234,567" */
const char *text_thousands(arena *mem, int64_t v);
/* `s` with every byte outside [A-Za-z0-9_] turned into '_' and a leading digit prefixed: an identifier for C, MLIR and file names. */
char *text_identifier(arena *mem, const char *s);
/* Bytes of the control character at `p`, of which `left` bytes follow (at least 1): below space, DEL, or U+0080..U+009F in UTF-8 (U+009B begins a sequence, too); 0: another begins there. */
size_t text_control_length(const unsigned char *p, size_t left);
/* In `s`, bytes of control characters become '?': what others wrote cannot steer a terminal. */
void text_clean(char *s);
/* Length of the well-formed UTF-8 sequence at `p`, of which `left` bytes follow (at least 1); 0 when there is none: overlong forms, surrogates
 * and values over 0x10FFFF included. */
size_t text_utf8_length(const unsigned char *p, size_t left);
#endif
