/* tog, inside: what the verifier's files share. */
#ifndef LOOM_TOG_PRIVATE_H
#define LOOM_TOG_PRIVATE_H
#include "tog/tog.h"

/* The loop's trip count is a constant 0 or 1, so its body is as good as straight code. */
bool tog_runs_once(const tog_node *loop);
/* Two buffers may share bytes when one is free, by one thread's order, before the other is reserved.  LOOM_EINPUT. */
LOOM_MUST_USE loom_status tog_check_overlaps(loom_ctx *ctx, const tog *t);
#endif
