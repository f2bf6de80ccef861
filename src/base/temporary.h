/* temporary: directories of our own, for a while. */
#ifndef LOOM_BASE_TEMPORARY_H
#define LOOM_BASE_TEMPORARY_H
#include "base/diag.h"

/* Where they are made: $TMPDIR, or /tmp where that is not set or empty. */
const char *temporary_base(void);
/* A new one; its name is of ctx->mem.  LOOM_EIO: none can be made. */
LOOM_MUST_USE loom_status temporary_make(loom_ctx *ctx, const char **out);
/* Takes a directory away with everything in it; what links in it lead to stays. */
void temporary_remove(const char *dir);
#endif
