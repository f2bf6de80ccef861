#include "sweep/db/sweep_db.h"
#include "base/file.h"
#include "base/text.h"
#include <sqlite3.h>
#include <string.h>
#include <time.h>

enum { SCHEMA_VERSION = 1, BUSY_MS = 20000 };

/* What depends on the point alone is in `result`; when and how fast it was computed is in others, so that two databases with the same points have the same rows there. */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS sweep_version (version INTEGER PRIMARY KEY);"
    "INSERT OR IGNORE INTO sweep_version VALUES (1);"
    "CREATE TABLE IF NOT EXISTS run (id INTEGER PRIMARY KEY, name TEXT NOT NULL, loom TEXT NOT NULL, started TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS point ("
    "  run INTEGER NOT NULL REFERENCES run, ordinal INTEGER NOT NULL, key TEXT NOT NULL,"
    "  command TEXT NOT NULL, kernel TEXT NOT NULL, function TEXT NOT NULL, shape TEXT NOT NULL, dtype TEXT NOT NULL, machine TEXT NOT NULL, options TEXT NOT NULL,"
    "  PRIMARY KEY (run, ordinal)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS result ("
    "  key TEXT PRIMARY KEY, exit_code INTEGER NOT NULL, error TEXT NOT NULL,"
    "  predicted_cycles INTEGER, lower_bound INTEGER, proof TEXT NOT NULL, simulated_cycles INTEGER, check_ok INTEGER, l1_bytes INTEGER, dram_bytes INTEGER,"
    "  mapping TEXT NOT NULL, loop_order TEXT NOT NULL, block_sizes TEXT NOT NULL, summary TEXT NOT NULL, loom TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS timing (key TEXT PRIMARY KEY, seconds REAL NOT NULL, finished TEXT NOT NULL) WITHOUT ROWID;";

struct sweep_db { const char *path; sqlite3 *handle; tuning_db *plans; };

static loom_status failed(loom_ctx *ctx, const sweep_db *db, const char *what) {
  const int code = sqlite3_errcode(db->handle);
  const bool is_other = code == SQLITE_ERROR || code == SQLITE_NOTADB || code == SQLITE_MISMATCH || code == SQLITE_CONSTRAINT;
  LOOM_FAIL(ctx, diag_file_span(ctx, db->path), is_other ? LOOM_EINPUT : LOOM_EIO, "the database of the sweep cannot be %s: %s", what, sqlite3_errmsg(db->handle));
}

/* ---- opening ---- */

static loom_status run_text(loom_ctx *ctx, const sweep_db *db, const char *sql, const char *what) {
  return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? LOOM_OK : failed(ctx, db, what);
}

static loom_status read_version(loom_ctx *ctx, const sweep_db *db) {
  sqlite3_stmt *s = NULL;
  const bool found = sqlite3_prepare_v2(db->handle, "SELECT max(version) FROM sweep_version", -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW;
  const int version = found ? sqlite3_column_int(s, 0) : 0;
  sqlite3_finalize(s);
  if (!found)
    return failed(ctx, db, "read");
  if (version != SCHEMA_VERSION)
    LOOM_FAIL(ctx, diag_file_span(ctx, db->path), LOOM_EUNSUP, "the tables of sweeps have version %d; this Loom reads and writes version %d", version, SCHEMA_VERSION);
  return LOOM_OK;
}

loom_status sweep_db_open(loom_ctx *ctx, const char *path, bool must_exist, sweep_db **out) {
  sweep_db *db = *out = ARENA_NEW(&ctx->mem, sweep_db);
  db->path = arena_strdup(&ctx->mem, path);
  if (must_exist && !file_exists(path))
    LOOM_FAIL(ctx, diag_file_span(ctx, path), LOOM_EIO, "there is no such database; 'loom sweep FILE' makes one");
  LOOM_TRY(tuning_open(ctx, path, &db->plans));
  if (sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
    return failed(ctx, db, "opened");
  sqlite3_busy_timeout(db->handle, BUSY_MS);
  tuning_confine(db->handle);
  (void)sqlite3_exec(db->handle, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
  LOOM_TRY(run_text(ctx, db, "BEGIN IMMEDIATE", "opened"));
  LOOM_TRY(run_text(ctx, db, schema, "made"));
  LOOM_TRY(run_text(ctx, db, "COMMIT", "made"));
  return read_version(ctx, db);
}

void sweep_db_close(sweep_db *db) {
  if (!db)
    return;
  sqlite3_close(db->handle);
  tuning_close(db->plans);
  db->handle = NULL;
}

tuning_db *sweep_db_plans(sweep_db *db) { return db->plans; }

/* ---- statements ---- */

static void bind_text(sqlite3_stmt *s, int at, const char *value) { sqlite3_bind_text(s, at, value, -1, SQLITE_STATIC); }

/* -1 is NULL in the tables. */
static void bind_number(sqlite3_stmt *s, int at, int64_t value) {
  if (value < 0)
    sqlite3_bind_null(s, at);
  else
    sqlite3_bind_int64(s, at, value);
}

static loom_status prepare(loom_ctx *ctx, const sweep_db *db, const char *sql, sqlite3_stmt **out) {
  return sqlite3_prepare_v2(db->handle, sql, -1, out, NULL) == SQLITE_OK ? LOOM_OK : failed(ctx, db, "read");
}

/* Runs it to its end and frees it. */
static loom_status finish(loom_ctx *ctx, const sweep_db *db, sqlite3_stmt *s) {
  const loom_status st = sqlite3_step(s) == SQLITE_DONE ? LOOM_OK : failed(ctx, db, "written");
  sqlite3_finalize(s);
  return st;
}

static const char *now(arena *m) {
  char stamp[32];
  time_t t = time(NULL);
  struct tm parts;
  (void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &parts));
  return arena_strdup(m, stamp);
}

/* ---- writing ---- */

static loom_status insert_points(loom_ctx *ctx, sweep_db *db, const sweep *s, int64_t run) {
  sqlite3_stmt *q;
  LOOM_TRY(prepare(ctx, db, "INSERT INTO point VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", &q));
  loom_status st = LOOM_OK;
  for (size_t i = 0; i < s->points.n && st == LOOM_OK; i++) {
    const sweep_point *p = &s->points.at[i];
    sqlite3_bind_int64(q, 1, run);
    sqlite3_bind_int64(q, 2, (int64_t)i);
    const char *const texts[] = {p->key, s->command, p->kernel, p->function, p->shape, p->dtype, p->machine, p->options};
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
      bind_text(q, (int)k + 3, texts[k]);
    st = sqlite3_step(q) == SQLITE_DONE ? LOOM_OK : failed(ctx, db, "written");
    sqlite3_reset(q);
  }
  sqlite3_finalize(q);
  return st;
}

static loom_status insert_run(loom_ctx *ctx, sweep_db *db, const sweep *s, const char *version, int64_t *out) {
  sqlite3_stmt *q;
  LOOM_TRY(prepare(ctx, db, "INSERT INTO run (name, loom, started) VALUES (?1, ?2, ?3)", &q));
  bind_text(q, 1, s->name);
  bind_text(q, 2, version);
  bind_text(q, 3, now(&ctx->mem));
  LOOM_TRY(finish(ctx, db, q));
  *out = sqlite3_last_insert_rowid(db->handle);
  return insert_points(ctx, db, s, *out);
}

loom_status sweep_db_begin_run(loom_ctx *ctx, sweep_db *db, const sweep *s, const char *version, int64_t *out) {
  LOOM_TRY(run_text(ctx, db, "BEGIN IMMEDIATE", "written"));
  loom_status st = insert_run(ctx, db, s, version, out);
  if (st == LOOM_OK)
    return run_text(ctx, db, "COMMIT", "written");
  (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
  return st;
}

static loom_status insert_row(loom_ctx *ctx, sweep_db *db, const sweep_point *p, const char *version, const sweep_row *r) {
  sqlite3_stmt *q;
  LOOM_TRY(prepare(ctx, db, "INSERT OR REPLACE INTO result VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)", &q));
  bind_text(q, 1, p->key);
  sqlite3_bind_int64(q, 2, r->exit_code);
  bind_text(q, 3, r->error);
  bind_number(q, 4, r->predicted_cycles);
  bind_number(q, 5, r->lower_bound);
  bind_text(q, 6, r->proof);
  bind_number(q, 7, r->simulated_cycles);
  bind_number(q, 8, r->check_ok);
  bind_number(q, 9, r->l1_bytes);
  bind_number(q, 10, r->dram_bytes);
  const char *const texts[] = {r->mapping, r->loop_order, r->block_sizes, r->summary, version};
  for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
    bind_text(q, (int)k + 11, texts[k]);
  return finish(ctx, db, q);
}

static loom_status insert_timing(loom_ctx *ctx, sweep_db *db, const sweep_point *p, double seconds) {
  sqlite3_stmt *q;
  LOOM_TRY(prepare(ctx, db, "INSERT OR REPLACE INTO timing VALUES (?1, ?2, ?3)", &q));
  bind_text(q, 1, p->key);
  sqlite3_bind_double(q, 2, seconds);
  bind_text(q, 3, now(&ctx->mem));
  return finish(ctx, db, q);
}

loom_status sweep_db_record(loom_ctx *ctx, sweep_db *db, const sweep_point *p, const char *version, const sweep_row *r, double seconds) {
  LOOM_TRY(run_text(ctx, db, "BEGIN IMMEDIATE", "written"));
  loom_status st = insert_row(ctx, db, p, version, r);
  if (st == LOOM_OK)
    st = insert_timing(ctx, db, p, seconds);
  if (st == LOOM_OK)
    return run_text(ctx, db, "COMMIT", "written");
  (void)sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
  return st;
}

/* ---- reading ---- */

loom_status sweep_db_has(loom_ctx *ctx, sweep_db *db, const char *key, bool again_failed, bool *out) {
  sqlite3_stmt *q;
  LOOM_TRY(prepare(ctx, db, "SELECT 1 FROM result WHERE key = ?1 AND (exit_code = 0 OR NOT ?2)", &q));
  bind_text(q, 1, key);
  sqlite3_bind_int(q, 2, again_failed);
  const int step = sqlite3_step(q);
  *out = step == SQLITE_ROW;
  const loom_status st = step == SQLITE_ROW || step == SQLITE_DONE ? LOOM_OK : failed(ctx, db, "read");
  sqlite3_finalize(q);
  return st;
}

static const char *column(arena *m, sqlite3_stmt *s, int at) {
  const unsigned char *value = sqlite3_column_text(s, at);
  return arena_strdup(m, value ? (const char *)value : "");
}

static int64_t number(sqlite3_stmt *s, int at) { return sqlite3_column_type(s, at) == SQLITE_NULL ? -1 : sqlite3_column_int64(s, at); }

loom_status sweep_db_runs(loom_ctx *ctx, sweep_db *db, sweep_runs *out) {
  static const char sql[] =
      "SELECT id, name, loom, started, (SELECT count(*) FROM point WHERE run = id), (SELECT count(*) FROM point JOIN result USING (key) WHERE run = id),"
      " (SELECT count(*) FROM point JOIN result USING (key) WHERE run = id AND exit_code != 0) FROM run ORDER BY id";
  arena *m = &ctx->mem;
  sqlite3_stmt *q;
  int step;
  LOOM_TRY(prepare(ctx, db, sql, &q));
  while ((step = sqlite3_step(q)) == SQLITE_ROW)
    vec_push(m, out, ((sweep_run){sqlite3_column_int64(q, 0), column(m, q, 1), column(m, q, 2), column(m, q, 3), sqlite3_column_int64(q, 4), sqlite3_column_int64(q, 5), sqlite3_column_int64(q, 6)}));
  const loom_status st = step == SQLITE_DONE ? LOOM_OK : failed(ctx, db, "read");
  sqlite3_finalize(q);
  return st;
}

static sweep_entry entry_of(arena *m, sqlite3_stmt *q) {
  return (sweep_entry){.key = column(m, q, 0), .command = column(m, q, 1), .kernel = column(m, q, 2), .function = column(m, q, 3), .shape = column(m, q, 4), .dtype = column(m, q, 5),
                       .machine = column(m, q, 6), .options = column(m, q, 7), .is_done = sqlite3_column_type(q, 8) != SQLITE_NULL, .version = column(m, q, 20), .seconds = sqlite3_column_double(q, 21),
                       .row = {.exit_code = number(q, 8), .error = column(m, q, 9), .predicted_cycles = number(q, 10), .lower_bound = number(q, 11), .proof = column(m, q, 12),
                               .simulated_cycles = number(q, 13), .check_ok = (int)number(q, 14), .l1_bytes = number(q, 15), .dram_bytes = number(q, 16), .mapping = column(m, q, 17),
                               .loop_order = column(m, q, 18), .block_sizes = column(m, q, 19), .summary = column(m, q, 22)}};
}

loom_status sweep_db_entries(loom_ctx *ctx, sweep_db *db, int64_t run, sweep_entries *out) {
  static const char sql[] =
      "SELECT point.key, command, kernel, function, shape, dtype, machine, options, exit_code, error, predicted_cycles, lower_bound, proof, simulated_cycles, check_ok, l1_bytes, dram_bytes,"
      " mapping, loop_order, block_sizes, loom, seconds, summary FROM point LEFT JOIN result USING (key) LEFT JOIN timing USING (key) WHERE run = ?1 ORDER BY ordinal";
  sqlite3_stmt *q;
  int step;
  LOOM_TRY(prepare(ctx, db, sql, &q));
  sqlite3_bind_int64(q, 1, run);
  while ((step = sqlite3_step(q)) == SQLITE_ROW)
    vec_push(&ctx->mem, out, entry_of(&ctx->mem, q));
  const loom_status st = step == SQLITE_DONE ? LOOM_OK : failed(ctx, db, "read");
  sqlite3_finalize(q);
  return st;
}

const char *sweep_label(arena *m, const sweep_entry *e) {
  const char *const parts[] = {e->function, e->shape, e->dtype, e->machine, e->options};
  text t = text_new(m);
  text_add(&t, e->kernel);
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (*parts[i])
      text_addf(&t, " %s", parts[i]);
  return text_str(&t);
}
