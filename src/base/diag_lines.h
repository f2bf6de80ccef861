/* What another process of Loom said with --error-format=json: lines of loom.diagnostic.v1, among them perhaps lines that are something else. */
#ifndef LOOM_BASE_DIAG_LINES_H
#define LOOM_BASE_DIAG_LINES_H
#include "base/diag.h"

/* The message of the first error in `size` bytes of such lines, owned by ctx->mem; "": there is none. */
const char *diag_first_error(loom_ctx *ctx, const char *lines, size_t size);
#endif
