/* tuning: plans that a search found before, in a database of SQLite.  Takes: keys and plans as text, from who compiles; it knows neither kernels nor machines.
 * Leaves: of each key the best plan that anybody recorded, with its cost and how sure that is (docs/tuning.md).
 * Several processes may use one file at the same time; a copy of a process (fork) opens it for itself when it first needs it. */
#ifndef LOOM_TUNING_H
#define LOOM_TUNING_H
#include "base/diag.h"
#include <stdint.h>

typedef struct tuning_db tuning_db;

/* What a plan depends on: SHA-256 of the kernel's content, of the machine's description and of what restricts the search; the cost model with its version. */
typedef struct tuning_key { const char *kernel, *machine, *model, *options; } tuning_key;
/* X(name, text): how sure the cost is, the least first. */
#define TUNING_PROOF_LIST(X) X(BEST_FOUND, "best_found") X(OPTIMAL, "optimal")
typedef enum tuning_proof {
#define X(n, t) TUNING_##n,
  TUNING_PROOF_LIST(X)
#undef X
} tuning_proof;
typedef struct tuning_plan {
  const char *kernel_name, *machine_name;  /* for people */
  const char *plan;                        /* loom.plan.v1 in one line, its tensors by number */
  int64_t cycles, lower_bound; tuning_proof proof;
} tuning_plan;

/* The file is made where it is not there, whole or not at all.  LOOM_EIO: it cannot be, or is damaged; LOOM_EINPUT: it is another database, or none; LOOM_EUNSUP: of a newer Loom.
 * tuning_close in any case; *out NULL: nothing to close. */
LOOM_MUST_USE loom_status tuning_open(loom_ctx *ctx, const char *path, tuning_db **out);
void tuning_close(tuning_db *db);
/* Settings of a connection to a file that somebody else may have made: nothing in it runs. */
struct sqlite3;
void tuning_confine(struct sqlite3 *h);
/* *out_found: there is one, *out owned by ctx->mem. */
LOOM_MUST_USE loom_status tuning_find(loom_ctx *ctx, tuning_db *db, const tuning_key *key, tuning_plan *out, bool *out_found);
/* Keeps the better of what is there and `p`: fewer cycles, at equal cycles the surer, else what is there.  `replaces`: what is there no longer holds.  *out_kept: it is `p`. */
LOOM_MUST_USE loom_status tuning_record(loom_ctx *ctx, tuning_db *db, const tuning_key *key, const tuning_plan *p, bool replaces, bool *out_kept);
/* Every plan in it, in the order of their keys; texts last until `each` returns. */
LOOM_MUST_USE loom_status tuning_each(loom_ctx *ctx, tuning_db *db, void (*each)(void *data, const tuning_key *key, const tuning_plan *p), void *data);
#endif
