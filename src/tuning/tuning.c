#include "tuning/tuning.h"
#include "base/text.h"
#include "base/vec.h"
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

/* In the header of the file: "Loom", and the version of the tables below. */
#define APPLICATION_ID 0x4c6f6f6d
enum { SCHEMA_VERSION = 1, BUSY_MS = 20000, TEXT_BYTES_MAX = 64 << 20 /* as of JSON elsewhere */ };

static const char schema[] =
    "CREATE TABLE plan ("
    "  kernel TEXT NOT NULL, machine TEXT NOT NULL, model TEXT NOT NULL, options TEXT NOT NULL,"
    "  kernel_name TEXT NOT NULL, machine_name TEXT NOT NULL,"
    "  plan TEXT NOT NULL, cycles INTEGER NOT NULL, lower_bound INTEGER NOT NULL,"
    "  proof INTEGER NOT NULL REFERENCES proof, loom TEXT NOT NULL,"
    "  PRIMARY KEY (kernel, machine, model, options)) WITHOUT ROWID;"
    "CREATE TABLE proof (id INTEGER PRIMARY KEY, name TEXT NOT NULL);";

static const char *const proofs[] = {
#define X(n, t) t,
    TUNING_PROOF_LIST(X)
#undef X
};
enum { N_PROOFS = sizeof proofs / sizeof *proofs };

struct tuning_db { const char *path; sqlite3 *handle; pid_t owner; };

static loom_status failed(loom_ctx *ctx, const tuning_db *db, const char *what) {
  const int code = db->handle ? sqlite3_errcode(db->handle) : SQLITE_NOMEM;
  const char *why = db->handle ? sqlite3_errmsg(db->handle) : "out of memory";
  if (code == SQLITE_NOTADB || code == SQLITE_ERROR || code == SQLITE_AUTH || code == SQLITE_TOOBIG || code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH)      /* its tables are others */
    LOOM_FAIL(ctx, diag_file_span(ctx, db->path), LOOM_EINPUT, "this is no tuning database: %s", why);
  if (code == SQLITE_CORRUPT) {      /* SQLite says so of a disk that fails to read, too */
    diag_error(ctx, diag_file_span(ctx, db->path), LOOM_EIO, "the tuning database is damaged, or its disk cannot be read: %s", why);
    diag_help(ctx, "move the file away: plans are searched again");
    return LOOM_EIO;
  }
  LOOM_FAIL(ctx, diag_file_span(ctx, db->path), LOOM_EIO, "the tuning database cannot be %s: %s", what, why);
}

/* ---- opening ---- */

static bool read_number(sqlite3 *h, const char *query, int64_t *out) {
  sqlite3_stmt *s = NULL;
  bool found = sqlite3_prepare_v2(h, query, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW;
  if (found)
    *out = sqlite3_column_int64(s, 0);
  sqlite3_finalize(s);
  return found;
}

static const char *making_text(arena *m) {
  text t = text_new(m);
  text_add(&t, schema);
  for (int i = 0; i < N_PROOFS; i++)
    text_addf(&t, "INSERT INTO proof VALUES (%d, '%s');", i, proofs[i]);
  text_addf(&t, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", APPLICATION_ID, SCHEMA_VERSION);
  return text_str(&t);
}

/* In one transaction, so that nobody sees half of it; the first of several that come at once makes it. */
static loom_status make_tables(loom_ctx *ctx, tuning_db *db) {
  int64_t application = 0, tables = 0;
  bool is_known = sqlite3_exec(db->handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK && read_number(db->handle, "PRAGMA application_id", &application) &&
                  read_number(db->handle, "SELECT count(*) FROM sqlite_schema", &tables);
  if (is_known && application == APPLICATION_ID)
    return sqlite3_exec(db->handle, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ? LOOM_OK : failed(ctx, db, "opened");
  if (is_known && (application || tables))
    LOOM_FAIL(ctx, diag_file_span(ctx, db->path), LOOM_EINPUT, "this is a database of something else; name another file with --tuning-db");
  if (!is_known || sqlite3_exec(db->handle, making_text(&ctx->mem), NULL, NULL, NULL) != SQLITE_OK)
    return failed(ctx, db, "made");
  return LOOM_OK;
}

/* A file that somebody else made runs nothing: no triggers, no views, no functions of its schema; pages are checked before they are used. */
void tuning_confine(sqlite3 *h) {
  static const struct { int option, value; } settings[] = {
      {SQLITE_DBCONFIG_DEFENSIVE, 1}, {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0}, {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0}};
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
    (void)sqlite3_db_config(h, settings[i].option, settings[i].value, (int *)NULL);
  (void)sqlite3_limit(h, SQLITE_LIMIT_LENGTH, TEXT_BYTES_MAX);
  (void)sqlite3_exec(h, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0", NULL, NULL, NULL);
}

static loom_status open_handle(loom_ctx *ctx, tuning_db *db) {
  int64_t application = 0, version = 0;
  db->owner = getpid();
  if (sqlite3_open_v2(db->path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
    return failed(ctx, db, "opened");
  sqlite3_busy_timeout(db->handle, BUSY_MS);
  tuning_confine(db->handle);
  if (!read_number(db->handle, "PRAGMA application_id", &application))
    return failed(ctx, db, "read");
  if (application != APPLICATION_ID) {
    LOOM_TRY(make_tables(ctx, db));
    if (sqlite3_exec(db->handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL) != SQLITE_OK)
      return failed(ctx, db, "made");
  }
  if (!read_number(db->handle, "PRAGMA user_version", &version))
    return failed(ctx, db, "read");
  if (version != SCHEMA_VERSION)
    LOOM_FAIL(ctx, diag_file_span(ctx, db->path), LOOM_EUNSUP, "the tuning database has version %" PRId64 "; this Loom reads and writes version %d", version, SCHEMA_VERSION);
  return LOOM_OK;
}

loom_status tuning_open(loom_ctx *ctx, const char *path, tuning_db **out) {
  tuning_db *db = *out = ARENA_NEW(&ctx->mem, tuning_db);
  db->path = arena_strdup(&ctx->mem, path);
  return open_handle(ctx, db);
}

void tuning_close(tuning_db *db) {
  if (db && db->owner == getpid())
    sqlite3_close(db->handle);
  if (db)
    db->handle = NULL;
}

/* A connection does not go through fork: the copy leaves it alone and makes its own. */
static loom_status own_handle(loom_ctx *ctx, tuning_db *db) { return db->owner == getpid() ? LOOM_OK : open_handle(ctx, db); }

/* ---- rows ---- */

static void bind_text(sqlite3_stmt *s, int at, const char *value) { sqlite3_bind_text(s, at, value, -1, SQLITE_STATIC); }

static void bind_key(sqlite3_stmt *s, const tuning_key *key) {
  bind_text(s, 1, key->kernel);
  bind_text(s, 2, key->machine);
  bind_text(s, 3, key->model);
  bind_text(s, 4, key->options);
}

static const char *column(arena *m, sqlite3_stmt *s, int at) {
  const unsigned char *value = sqlite3_column_text(s, at);
  return arena_strdup(m, value ? (const char *)value : "");
}

static tuning_proof read_proof(sqlite3_stmt *s, int at) { return sqlite3_column_int(s, at) == TUNING_OPTIMAL ? TUNING_OPTIMAL : TUNING_BEST_FOUND; }

loom_status tuning_find(loom_ctx *ctx, tuning_db *db, const tuning_key *key, tuning_plan *out, bool *out_found) {
  static const char query[] = "SELECT kernel_name, machine_name, plan, cycles, lower_bound, proof FROM plan WHERE kernel = ?1 AND machine = ?2 AND model = ?3 AND options = ?4";
  arena *m = &ctx->mem;
  sqlite3_stmt *s = NULL;
  *out_found = false;
  LOOM_TRY(own_handle(ctx, db));
  int step = sqlite3_prepare_v2(db->handle, query, -1, &s, NULL);
  if (step == SQLITE_OK) {
    bind_key(s, key);
    step = sqlite3_step(s);
  }
  if (step == SQLITE_ROW) {
    *out = (tuning_plan){column(m, s, 0), column(m, s, 1), column(m, s, 2), sqlite3_column_int64(s, 3), sqlite3_column_int64(s, 4), read_proof(s, 5)};
    *out_found = true;
  }
  loom_status st = step == SQLITE_ROW || step == SQLITE_DONE ? LOOM_OK : failed(ctx, db, "read");
  sqlite3_finalize(s);
  return st;
}

loom_status tuning_record(loom_ctx *ctx, tuning_db *db, const tuning_key *key, const tuning_plan *p, bool replaces, bool *out_kept) {
  static const char statement[] =
      "INSERT INTO plan VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO UPDATE SET kernel_name = excluded.kernel_name, machine_name = excluded.machine_name,"
      " plan = excluded.plan, cycles = excluded.cycles, lower_bound = excluded.lower_bound, proof = excluded.proof, loom = excluded.loom"
      " WHERE ?12 OR excluded.cycles < plan.cycles OR (excluded.cycles = plan.cycles AND excluded.proof > plan.proof)";
  sqlite3_stmt *s = NULL;
  *out_kept = false;
  LOOM_TRY(own_handle(ctx, db));
  int step = sqlite3_prepare_v2(db->handle, statement, -1, &s, NULL);
  if (step == SQLITE_OK) {
    bind_key(s, key);
    bind_text(s, 5, p->kernel_name);
    bind_text(s, 6, p->machine_name);
    bind_text(s, 7, p->plan);
    sqlite3_bind_int64(s, 8, p->cycles);
    sqlite3_bind_int64(s, 9, p->lower_bound);
    sqlite3_bind_int(s, 10, (int)p->proof);
    bind_text(s, 11, LOOM_VERSION);
    sqlite3_bind_int(s, 12, replaces);
    step = sqlite3_step(s);
  }
  if (step == SQLITE_DONE)
    *out_kept = sqlite3_changes(db->handle) > 0;
  loom_status st = step == SQLITE_DONE ? LOOM_OK : failed(ctx, db, "written");
  sqlite3_finalize(s);
  return st;
}

loom_status tuning_each(loom_ctx *ctx, tuning_db *db, void (*each)(void *data, const tuning_key *key, const tuning_plan *p), void *data) {
  static const char query[] = "SELECT kernel, machine, model, options, kernel_name, machine_name, plan, cycles, lower_bound, proof FROM plan ORDER BY kernel, machine, model, options";
  arena *m = &ctx->mem;
  sqlite3_stmt *s = NULL;
  LOOM_TRY(own_handle(ctx, db));
  int step = sqlite3_prepare_v2(db->handle, query, -1, &s, NULL);
  while (step == SQLITE_OK || step == SQLITE_ROW) {
    if (step == SQLITE_ROW) {
      const tuning_key key = {column(m, s, 0), column(m, s, 1), column(m, s, 2), column(m, s, 3)};
      const tuning_plan p = {column(m, s, 4), column(m, s, 5), column(m, s, 6), sqlite3_column_int64(s, 7), sqlite3_column_int64(s, 8), read_proof(s, 9)};
      each(data, &key, &p);
    }
    step = sqlite3_step(s);
  }
  loom_status st = step == SQLITE_DONE ? LOOM_OK : failed(ctx, db, "read");
  sqlite3_finalize(s);
  return st;
}
