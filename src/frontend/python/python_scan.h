/* What is checked of a Python text before CPython's parser sees it: size, UTF-8, NUL bytes, bracket nesting, length of names.
 * Strings and comments are skipped, so a bracket in a string does not count. */
#ifndef LOOM_PYTHON_SCAN_H
#define LOOM_PYTHON_SCAN_H
#include "base/diag.h"

enum { PYTHON_BYTES_MAX = 1 << 20, PYTHON_DEPTH_MAX = 128, PYTHON_NAME_MAX = 255 };

/* `src` without a byte order mark.  LOOM_EINPUT: NUL byte, invalid UTF-8; LOOM_ELIMIT: the limits above. */
LOOM_MUST_USE loom_status python_scan(loom_ctx *ctx, const diag_source *src);
#endif
