/* A directory of what was compiled, by the SHA-256 of what it was compiled from.  An entry is whole, its own and of that key, or it is none: damaged ones
 * count as missing.  Only a directory that belongs to this user, and that nobody else can write to, is used; no link is followed in it.
 * Nothing here fails: without the cache all is compiled. */
#ifndef LOOM_RUN_RUN_CACHE_H
#define LOOM_RUN_RUN_CACHE_H
#include "base/diag.h"

typedef struct run_cache {
  const char *dir;           /* made when the first entry is written */
  int64_t limit_bytes;       /* of all entries; beyond it those not used for longest go.  0: 256 MiB */
  bool is_replaced;          /* entries are written, and none is looked for */
  bool is_named;             /* somebody asked for this directory: it is said when it cannot be used */
  bool is_refused;           /* that was said */
} run_cache;

/* `named`, else $LOOM_CACHE_DIR, else loom/objects in $XDG_CACHE_HOME or ~/.cache.  False: there is none, or $LOOM_NO_CACHE is set and none is named. */
bool run_cache_find(arena *m, const char *named, run_cache *out);
/* The contents under `key` (of hash_sha256_hex), owned by ctx->mem, NUL-terminated behind *out_size bytes. */
bool run_cache_get(loom_ctx *ctx, run_cache *c, const char *key, char **out, size_t *out_size);
/* Writers of one key at the same time do not disturb each other or readers: the last one stays. */
void run_cache_put(loom_ctx *ctx, run_cache *c, const char *key, const void *bytes, size_t size);
#endif
