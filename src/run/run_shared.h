/* run_shared: shared libraries made by the system's linker. */
#ifndef LOOM_RUN_SHARED_H
#define LOOM_RUN_SHARED_H
#include "base/diag.h"

/* Links `object` into the shared library `out`, with libm.  The linker is $LOOM_LINKER, else the first of cc, gcc, clang, clang-22, ld.lld-22 and ld that is on
 * the path.  LOOM_EIO: there is none, it cannot be started, or it fails; what it says goes to standard error. */
LOOM_MUST_USE loom_status run_link_shared(loom_ctx *ctx, const char *object, const char *out);
#endif
