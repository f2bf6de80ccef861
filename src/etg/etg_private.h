/* Shared by the files of this room only. */
#ifndef LOOM_ETG_PRIVATE_H
#define LOOM_ETG_PRIVATE_H
#include "etg/etg.h"

enum { ETG_BLOCK_DEPTH_MAX = 12 };   /* five parallel loops and their sequential ones; JSON ends at 64 levels, four a block */

/* A number or a condition; the other kind is LOOM_EINPUT. */
LOOM_MUST_USE loom_status etg_read_number(loom_ctx *ctx, const data_value *v, etg_expr *out);
LOOM_MUST_USE loom_status etg_read_condition(loom_ctx *ctx, const data_value *v, etg_expr *out);
/* Every expression of list `key` of `v`; no such member: none. */
LOOM_MUST_USE loom_status etg_read_numbers(loom_ctx *ctx, const data_value *v, const char *key, etg_exprs *out);
/* The strings of list `key` of `v`. */
LOOM_MUST_USE loom_status etg_read_names(loom_ctx *ctx, const data_value *v, const char *key, etg_strings *out);
/* A warning that is not repeated. */
bool etg_warn_once(loom_ctx *ctx, loom_span span, const char *what);
/* Warns of members that are not in `keys` (n of them). */
void etg_warn_unknown(loom_ctx *ctx, const data_value *v, const char *const *keys, size_t n);
#define ETG_KNOWN_KEYS(ctx, v, ...) etg_warn_unknown((ctx), (v), (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* LOOM_EINPUT at the name of a symbol that the variant does not have, at a divisor that is 0. */
LOOM_MUST_USE loom_status etg_check_exprs(loom_ctx *ctx, const etg_variant *v);
/* constraint_scope of a variant whose generation is known. */
LOOM_MUST_USE loom_status etg_read_limits(loom_ctx *ctx, const data_value *variant, etg_variant *out);

/* Always fails: the machine's perf set has no function `name`, which is written at `span`. */
LOOM_MUST_USE loom_status etg_fail_unknown_func(loom_ctx *ctx, const machine *m, loom_span span, const char *name);
#endif
