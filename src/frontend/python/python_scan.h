/* What is checked of a Python text before CPython's parser sees it: size, UTF-8, NUL bytes, bracket nesting, length of names.
 * Strings and comments are skipped, so a bracket in a string does not count. */
#ifndef LOOM_PYTHON_SCAN_H
#define LOOM_PYTHON_SCAN_H
#include "base/diag.h"
#include "base/vec.h"

enum { PYTHON_BYTES_MAX = 1 << 20, PYTHON_DEPTH_MAX = 128, PYTHON_NAME_MAX = 255 };

/* A line where a statement at the top of the file may begin: not indented, outside of brackets and strings, no part of the line before, and no word
 * or decorator that belongs to the statement before or after.  A guess: the parser decides. */
typedef struct python_start { size_t at; int32_t line; } python_start;
typedef VEC_OF(python_start) python_starts;

/* `src` without a byte order mark.  LOOM_EINPUT: NUL byte, invalid UTF-8; LOOM_ELIMIT: the limits above. */
LOOM_MUST_USE loom_status python_scan(loom_ctx *ctx, const diag_source *src, python_starts *out_starts);
#endif
