#include "tuning/tuning.h"
#include "base/file.h"
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define FILE_NAME LOOM_TESTS_DIR "/tuning.db"
static const tuning_key key = {"k", "m", "loom/1", "o"};

static void forget(void) {
  unlink(FILE_NAME);
  unlink(FILE_NAME "-wal");
  unlink(FILE_NAME "-shm");
}

static tuning_db *opened(loom_ctx *ctx) {
  tuning_db *db;
  loom_ctx_init(ctx);
  assert_int_equal(file_make_dirs(ctx, LOOM_TESTS_DIR), LOOM_OK);
  assert_int_equal(tuning_open(ctx, FILE_NAME, &db), LOOM_OK);
  return db;
}

static void closed(loom_ctx *ctx, tuning_db *db) {
  tuning_close(db);
  loom_ctx_done(ctx);
}

static bool record(loom_ctx *ctx, tuning_db *db, const tuning_key *k, const char *plan, int64_t cycles, tuning_proof proof, bool replaces) {
  bool kept;
  const tuning_plan p = {"mm", "chip", plan, cycles, cycles / 2, proof};
  assert_int_equal(tuning_record(ctx, db, k, &p, replaces, &kept), LOOM_OK);
  return kept;
}

static void expect(loom_ctx *ctx, tuning_db *db, const tuning_key *k, const char *plan, int64_t cycles, tuning_proof proof) {
  tuning_plan p;
  bool found;
  assert_int_equal(tuning_find(ctx, db, k, &p, &found), LOOM_OK);
  assert_true(found && p.cycles == cycles && p.lower_bound == cycles / 2 && p.proof == proof);
  assert_string_equal(p.plan, plan);
  assert_string_equal(p.kernel_name, "mm");
  assert_string_equal(p.machine_name, "chip");
}

/* Oracle: the rule of the header, by cases in their order. */
static void test_the_better_plan_stays(void **state) {
  (void)state;
  loom_ctx ctx;
  forget();
  tuning_db *db = opened(&ctx);
  static const struct { const char *plan; int64_t cycles; tuning_proof proof; bool replaces, kept; } cases[] = {
      {"a", 100, TUNING_BEST_FOUND, false, true}, {"b", 101, TUNING_OPTIMAL, false, false},  {"c", 100, TUNING_BEST_FOUND, false, false}, {"d", 100, TUNING_OPTIMAL, false, true},
      {"e", 100, TUNING_BEST_FOUND, false, false}, {"f", 99, TUNING_BEST_FOUND, false, true}, {"g", 500, TUNING_OPTIMAL, true, true}};
  const char *plan = NULL;
  int64_t cycles = 0;
  tuning_proof proof = TUNING_BEST_FOUND;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(record(&ctx, db, &key, cases[i].plan, cases[i].cycles, cases[i].proof, cases[i].replaces), cases[i].kept);
    if (cases[i].kept) {
      plan = cases[i].plan;
      cycles = cases[i].cycles;
      proof = cases[i].proof;
    }
    expect(&ctx, db, &key, plan, cycles, proof);
  }
  closed(&ctx, db);
  db = opened(&ctx);      /* it is in the file */
  expect(&ctx, db, &key, plan, cycles, proof);
  closed(&ctx, db);
}

static void test_every_part_of_a_key_counts(void **state) {
  (void)state;
  loom_ctx ctx;
  forget();
  tuning_db *db = opened(&ctx);
  const tuning_key others[] = {{"K", "m", "loom/1", "o"}, {"k", "M", "loom/1", "o"}, {"k", "m", "loom/2", "o"}, {"k", "m", "loom/1", "O"}};
  assert_true(record(&ctx, db, &key, "own", 7, TUNING_OPTIMAL, false));
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    tuning_plan p;
    bool found;
    assert_int_equal(tuning_find(&ctx, db, &others[i], &p, &found), LOOM_OK);
    assert_false(found);
    assert_true(record(&ctx, db, &others[i], "other", 9, TUNING_OPTIMAL, false));
  }
  expect(&ctx, db, &key, "own", 7, TUNING_OPTIMAL);
  closed(&ctx, db);
}

/* Processes that open, make and write at the same time, one of them a copy that has the file open: nothing is lost. */
static void test_processes_share_a_file(void **state) {
  (void)state;
  enum { PROCESSES = 6, ROWS = 20 };
  loom_ctx ctx;
  forget();
  loom_ctx_init(&ctx);
  assert_int_equal(file_make_dirs(&ctx, LOOM_TESTS_DIR), LOOM_OK);
  loom_ctx_done(&ctx);
  for (int round = 0; round < 2; round++) {
    tuning_db *before = round ? opened(&ctx) : NULL;
    for (int p = 0; p < PROCESSES; p++) {
      if (fork())
        continue;
      loom_ctx own;
      tuning_db *db = before;
      bool ok = true;
      loom_ctx_init(&own);
      ok = db || tuning_open(&own, FILE_NAME, &db) == LOOM_OK;
      for (int i = 0; ok && i < ROWS; i++) {
        char name[32];
        bool kept;
        snprintf(name, sizeof name, "%d-%d-%d", round, p, i);
        ok = tuning_record(&own, db, &(tuning_key){name, "m", "l", "o"}, &(tuning_plan){"mm", "chip", name, i, i / 2, TUNING_OPTIMAL}, false, &kept) == LOOM_OK && kept;
      }
      tuning_close(db);
      _exit(!ok);
    }
    for (int p = 0, status; p < PROCESSES; p++)
      assert_true(wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    tuning_db *db = before ? before : opened(&ctx);
    for (int p = 0; p < PROCESSES; p++)
      for (int i = 0; i < ROWS; i++) {
        const char *name = arena_printf(&ctx.mem, "%d-%d-%d", round, p, i);
        expect(&ctx, db, &(tuning_key){name, "m", "l", "o"}, name, i, TUNING_OPTIMAL);
      }
    closed(&ctx, db);
  }
}

static void run_sql(const char *sql) {
  sqlite3 *h;
  assert_int_equal(sqlite3_open(FILE_NAME, &h), SQLITE_OK);
  assert_int_equal(sqlite3_exec(h, sql, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(h);
}

static void expect_refusal(loom_status status, const char *words) {
  loom_ctx ctx;
  tuning_db *db;
  loom_ctx_init(&ctx);
  assert_int_equal(tuning_open(&ctx, FILE_NAME, &db), status);
  assert_non_null(strstr(ctx.diag.first->text, words));
  closed(&ctx, db);
}

static void test_what_is_no_tuning_database_is_refused_and_left_alone(void **state) {
  (void)state;
  loom_ctx ctx;
  char *bytes;
  size_t size;
  forget();
  run_sql("CREATE TABLE their (a)");
  expect_refusal(LOOM_EINPUT, "a database of something else");
  run_sql("INSERT INTO their VALUES (1)");
  forget();
  tuning_db *db = opened(&ctx);
  closed(&ctx, db);
  run_sql("PRAGMA user_version = 2");
  expect_refusal(LOOM_EUNSUP, "has version 2; this Loom reads and writes version 1");
  forget();
  loom_ctx_init(&ctx);
  char words[2000];
  memset(words, 'w', sizeof words);
  assert_int_equal(file_write(&ctx, FILE_NAME, words, sizeof words), LOOM_OK);
  expect_refusal(LOOM_EINPUT, "this is no tuning database");
  assert_int_equal(file_read(&ctx, FILE_NAME, 10000, &bytes, &size), LOOM_OK);
  assert_true(size == sizeof words && memcmp(bytes, words, size) == 0);
  forget();
  assert_int_equal(mkdir(FILE_NAME, 0700), 0);
  expect_refusal(LOOM_EIO, "cannot be opened");
  rmdir(FILE_NAME);
  loom_ctx_done(&ctx);
}

/* An empty file is one that nobody has filled yet. */
static void test_an_empty_file_is_filled(void **state) {
  (void)state;
  loom_ctx ctx;
  forget();
  FILE *f = fopen(FILE_NAME, "w");
  assert_non_null(f);
  fclose(f);
  tuning_db *db = opened(&ctx);
  assert_true(record(&ctx, db, &key, "a", 1, TUNING_OPTIMAL, false));
  closed(&ctx, db);
}

/* A file of somebody else runs nothing when it is used, and tables that are none are told. */
static void test_what_a_file_brings_is_not_run(void **state) {
  (void)state;
  static const struct { const char *sql; bool is_refused; } files[] = {
      {"CREATE TRIGGER t AFTER INSERT ON plan BEGIN DELETE FROM plan; END", false},
      {"ALTER TABLE plan RENAME TO old; CREATE VIEW plan AS SELECT * FROM old", true},
      {"DROP TABLE plan; CREATE TABLE plan (kernel TEXT)", true},
      {"DROP TABLE plan; CREATE VIEW plan AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS kernel, 'm' AS machine, 'x' AS model, 'o' AS options, '' AS kernel_name, '' AS machine_name,"
       " '' AS plan, 1 AS cycles, 1 AS lower_bound, 1 AS proof FROM n", true},
  };
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    loom_ctx ctx;
    tuning_plan p;
    bool found;
    forget();
    tuning_db *db = opened(&ctx);
    closed(&ctx, db);
    run_sql(files[i].sql);
    db = opened(&ctx);
    if (files[i].is_refused) {
      assert_int_equal(tuning_find(&ctx, db, &key, &p, &found), LOOM_EINPUT);
      assert_non_null(strstr(ctx.diag.first->text, "this is no tuning database"));
    } else {
      assert_true(record(&ctx, db, &key, "a", 2, TUNING_OPTIMAL, false));
      expect(&ctx, db, &key, "a", 2, TUNING_OPTIMAL);
    }
    closed(&ctx, db);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_better_plan_stays),
      cmocka_unit_test(test_every_part_of_a_key_counts),
      cmocka_unit_test(test_processes_share_a_file),
      cmocka_unit_test(test_what_is_no_tuning_database_is_refused_and_left_alone),
      cmocka_unit_test(test_an_empty_file_is_filled),
      cmocka_unit_test(test_what_a_file_brings_is_not_run),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
