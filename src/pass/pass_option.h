/* Options of a pass: "machine=wormhole full-occ generation=b". */
#ifndef LOOM_PASS_OPTION_H
#define LOOM_PASS_OPTION_H
#include "pass/pass_private.h"

/* The value of `key`, "" for a key without one, NULL when it is absent. */
const char *pass_option(arena *m, const pass_options *o, const char *key);
/* LOOM_EUSAGE: a key that is not among the n of `keys`. */
LOOM_MUST_USE loom_status pass_check_options(loom_ctx *ctx, const char *pass, const pass_options *o, const char *const *keys, size_t n);
/* The whole number of `key`; absent: *out stays.  LOOM_EUSAGE: another text, or out of range. */
LOOM_MUST_USE loom_status pass_option_int(loom_ctx *ctx, const pass_options *o, const char *key, int64_t least, int64_t most, int64_t *out);
#endif
