/* sweep_db: results of sweeps in a database of SQLite, which is a tuning database too (tuning/tuning.h): the plans that were found lie in it for `--tuning-db`.
 * Takes: points and rows (sweep/sweep.h).  Leaves: docs/sweep.md has the tables.  One process writes; any number may read meanwhile. */
#ifndef LOOM_SWEEP_DB_H
#define LOOM_SWEEP_DB_H
#include "sweep/sweep.h"
#include "tuning/tuning.h"

typedef struct sweep_db sweep_db;
/* The file is made where it is not there, unless `must_exist`.  Errors as of tuning_open; sweep_db_close in any case. */
LOOM_MUST_USE loom_status sweep_db_open(loom_ctx *ctx, const char *path, bool must_exist, sweep_db **out);
void sweep_db_close(sweep_db *db);
/* The same file as a tuning database. */
tuning_db *sweep_db_plans(sweep_db *db);
/* The plans of a tuning database, an array as it goes from process to process; empty: there is no such file.  And an array of them into a database. */
LOOM_MUST_USE loom_status sweep_plans_read(loom_ctx *ctx, const char *path, const data_value **out);
LOOM_MUST_USE loom_status sweep_plans_keep(loom_ctx *ctx, sweep_db *db, const data_value *plans);

/* A run: its points in order, in one transaction.  *out: its number, from 1. */
LOOM_MUST_USE loom_status sweep_db_begin_run(loom_ctx *ctx, sweep_db *db, const sweep *s, const char *version, int64_t *out);
/* Is there a row for `key`?  `again_failed`: one whose command failed does not count. */
LOOM_MUST_USE loom_status sweep_db_has(loom_ctx *ctx, sweep_db *db, const char *key, bool again_failed, bool *out);
/* The row of point `p`, whole and durable when this returns; another of the same key is replaced.  `seconds`: what it took, beside the row. */
LOOM_MUST_USE loom_status sweep_db_record(loom_ctx *ctx, sweep_db *db, const sweep_point *p, const char *version, const sweep_row *r, double seconds);

/* A point of a run with its row; is_done false: there is none yet. */
typedef struct sweep_entry { const char *key, *kernel, *function, *shape, *dtype, *machine, *options, *command, *version; bool is_done; double seconds; sweep_row row; } sweep_entry;
typedef struct sweep_run { int64_t id; const char *name, *version, *started; int64_t points, done, failed; } sweep_run;
typedef VEC_OF(sweep_entry) sweep_entries;
typedef VEC_OF(sweep_run) sweep_runs;
/* What the point is called: "mm.py M=64,N=32 torus4 check". */
const char *sweep_label(arena *m, const sweep_entry *e);
LOOM_MUST_USE loom_status sweep_db_runs(loom_ctx *ctx, sweep_db *db, sweep_runs *out);      /* oldest first */
LOOM_MUST_USE loom_status sweep_db_entries(loom_ctx *ctx, sweep_db *db, int64_t run, sweep_entries *out);      /* in the order of the run */
#endif
