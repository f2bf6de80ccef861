/* Oracle: what was recorded is read back, in the order of the run, by this process and by the next; databases that are none are left as they are. */
#include "base/testing.h"
#include "base/file.h"
#include "sweep/db/sweep_db.h"
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME LOOM_TESTS_DIR "/sweep_db_test.db"

static int setup(void **state) {
  static const char *const files[] = {NAME, NAME "-wal", NAME "-shm"};
  testing_open_context(state);
  assert_int_equal(file_make_dirs(*state, LOOM_TESTS_DIR), LOOM_OK);
  for (size_t i = 0; i < COUNT_OF(files); i++)
    unlink(files[i]);
  return 0;
}

static sweep_db *opened(loom_ctx *ctx) {
  sweep_db *db;
  if (sweep_db_open(ctx, NAME, false, &db) != LOOM_OK)
    fail_msg("%s", ctx->diag.first->text);
  return db;
}

static sweep_point points[] = {{.kernel = "b.py", .function = "", .shape = "M=1", .dtype = "", .machine = "m", .options = "check", .key = "k2"},
                               {.kernel = "a.py", .function = "f", .shape = "", .dtype = "f32", .machine = "", .options = "", .key = "k1"}};
static const sweep some = {.name = "name", .command = "run", .points = {points, COUNT_OF(points), COUNT_OF(points)}};
static const sweep_row row = {0, "", 100, 90, 110, 5, -1, "optimal", "d0i0", "f01", "tile_m=1", 1, "{\"a\": 1}"}, failure = {5, "it's \"wrong\"", -1, -1, -1, -1, -1, "", "", "", "", -1, ""};

static void expect_row(const sweep_row *got, const sweep_row *wanted, arena *m) {
  assert_string_equal(data_write_json(m, sweep_row_to_data(m, got), 0), data_write_json(m, sweep_row_to_data(m, wanted), 0));
}

static void test_rows_come_back_in_the_order_of_the_run(void **state) {
  loom_ctx *ctx = *state;
  sweep_db *db = opened(ctx);
  sweep_entries all = {0};
  sweep_runs runs = {0};
  int64_t run;
  assert_int_equal(sweep_db_begin_run(ctx, db, &some, "v1", &run), LOOM_OK);
  assert_int_equal(sweep_db_record(ctx, db, &points[1], "v1", &failure, 0.5), LOOM_OK);
  sweep_db_close(db);
  db = opened(ctx);
  assert_int_equal(sweep_db_record(ctx, db, &points[0], "v1", &row, 1.5), LOOM_OK);
  assert_int_equal(sweep_db_entries(ctx, db, run, &all), LOOM_OK);
  assert_int_equal(all.n, 2);
  assert_string_equal(all.at[0].kernel, "b.py");
  assert_string_equal(all.at[1].function, "f");
  assert_true(all.at[0].is_done && all.at[1].is_done && all.at[0].seconds == 1.5);
  expect_row(&all.at[0].row, &row, &ctx->mem);
  expect_row(&all.at[1].row, &failure, &ctx->mem);
  assert_int_equal(sweep_db_runs(ctx, db, &runs), LOOM_OK);
  assert_int_equal(runs.n, 1);
  assert_true(runs.at[0].id == run && runs.at[0].points == 2 && runs.at[0].done == 2 && runs.at[0].failed == 1);
  sweep_db_close(db);
}

static void test_what_is_there_is_known(void **state) {
  loom_ctx *ctx = *state;
  sweep_db *db = opened(ctx);
  static const struct { const char *key; bool again_failed, has; } rows[] = {{"k1", false, true}, {"k1", true, false}, {"k2", true, true}, {"k3", false, false}};
  assert_int_equal(sweep_db_record(ctx, db, &points[1], "v1", &failure, 0), LOOM_OK);
  assert_int_equal(sweep_db_record(ctx, db, &points[0], "v1", &row, 0), LOOM_OK);
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    bool has;
    assert_int_equal(sweep_db_has(ctx, db, rows[i].key, rows[i].again_failed, &has), LOOM_OK);
    assert_int_equal(has, rows[i].has);
  }
  sweep_db_close(db);
}

static void test_a_second_row_of_a_key_takes_the_place_of_the_first(void **state) {
  loom_ctx *ctx = *state;
  sweep_db *db = opened(ctx);
  sweep_entries all = {0};
  int64_t run;
  assert_int_equal(sweep_db_begin_run(ctx, db, &some, "v1", &run), LOOM_OK);
  assert_int_equal(sweep_db_record(ctx, db, &points[0], "v1", &failure, 0), LOOM_OK);
  assert_int_equal(sweep_db_record(ctx, db, &points[0], "v1", &row, 0), LOOM_OK);
  assert_int_equal(sweep_db_entries(ctx, db, run, &all), LOOM_OK);
  expect_row(&all.at[0].row, &row, &ctx->mem);
  assert_false(all.at[1].is_done);
  sweep_db_close(db);
}

static void test_it_is_a_tuning_database_too(void **state) {
  loom_ctx *ctx = *state;
  sweep_db *db = opened(ctx);
  const tuning_key key = {"k", "m", "loom/1", "o"};
  const tuning_plan p = {"mm", "chip", "{}", 7, 7, TUNING_OPTIMAL};
  tuning_plan got;
  tuning_db *plans;
  bool kept, found;
  assert_int_equal(tuning_record(ctx, sweep_db_plans(db), &key, &p, false, &kept), LOOM_OK);
  sweep_db_close(db);
  assert_int_equal(tuning_open(ctx, NAME, &plans), LOOM_OK);
  assert_int_equal(tuning_find(ctx, plans, &key, &got, &found), LOOM_OK);
  assert_true(found && got.cycles == 7);
  tuning_close(plans);
}

static void test_plans_go_from_process_to_process(void **state) {
  loom_ctx *ctx = *state;
  sweep_db *db = opened(ctx);
  const tuning_key keys[] = {{"a", "m", "loom/1", "o"}, {"b", "m", "loom/1", "o"}};
  const tuning_plan plans[] = {{"mm", "chip", "{}", 7, 7, TUNING_OPTIMAL}, {"mn", "chip", "{\"x\": 1}", 9, 4, TUNING_BEST_FOUND}};
  const data_value *sent, *back;
  data_value *broken;
  bool kept;
  for (size_t i = 0; i < COUNT_OF(keys); i++)
    assert_int_equal(tuning_record(ctx, sweep_db_plans(db), &keys[i], &plans[i], false, &kept), LOOM_OK);
  sweep_db_close(db);
  assert_int_equal(sweep_plans_read(ctx, NAME, &sent), LOOM_OK);
  assert_int_equal(sent->n, 2);
  unlink(NAME);
  assert_int_equal(sweep_plans_read(ctx, NAME, &back), LOOM_OK);      /* no file, no plans, and none is made */
  assert_true(back->n == 0 && access(NAME, F_OK) != 0);
  db = opened(ctx);
  assert_int_equal(sweep_plans_keep(ctx, db, sent), LOOM_OK);
  assert_int_equal(data_read_json(ctx, "<message>", "[{\"kernel\": \"a\"}]", 17, &broken), LOOM_OK);
  assert_int_equal(sweep_plans_keep(ctx, db, broken), LOOM_EINPUT);
  sweep_db_close(db);
  assert_int_equal(sweep_plans_read(ctx, NAME, &back), LOOM_OK);
  assert_string_equal(data_write_json(&ctx->mem, back, 0), data_write_json(&ctx->mem, sent, 0));
}

static void run_sql(const char *sql) {
  sqlite3 *h;
  assert_int_equal(sqlite3_open(NAME, &h), SQLITE_OK);
  assert_int_equal(sqlite3_exec(h, sql, NULL, NULL, NULL), SQLITE_OK);
  sqlite3_close(h);
}

static void test_other_databases_are_refused(void **state) {
  static const struct { const char *sql; bool made; loom_status status; const char *says; } rows[] = {
      {"CREATE TABLE x (y)", false, LOOM_EINPUT, "a database of something else"},
      {"INSERT INTO sweep_version VALUES (2)", true, LOOM_EUNSUP, "have version 2"},
      {"DROP TABLE result; CREATE TABLE result (x)", true, LOOM_EINPUT, "no column"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    sweep_db *db;
    setup(state);
    loom_ctx *ctx = *state;
    if (rows[i].made)
      sweep_db_close(opened(ctx));
    run_sql(rows[i].sql);
    loom_status st = sweep_db_open(ctx, NAME, false, &db);
    if (st == LOOM_OK)
      st = sweep_db_record(ctx, db, &points[0], "v", &row, 0);
    sweep_db_close(db);
    assert_int_equal(st, rows[i].status);
    if (i < 2)
      testing_expect_error(ctx, rows[i].status, rows[i].says, 0, 0);
    testing_close_context(state);
  }
  testing_open_context(state);
}

static void test_reading_makes_nothing(void **state) {
  loom_ctx *ctx = *state;
  sweep_db *db;
  assert_int_equal(sweep_db_open(ctx, NAME, true, &db), LOOM_EIO);
  testing_expect_error(ctx, LOOM_EIO, "there is no such database", 0, 0);
  sweep_db_close(db);
  assert_int_not_equal(access(NAME, F_OK), 0);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, testing_close_context)
  const struct CMUnitTest tests[] = {T(test_rows_come_back_in_the_order_of_the_run), T(test_what_is_there_is_known), T(test_a_second_row_of_a_key_takes_the_place_of_the_first),
                                     T(test_it_is_a_tuning_database_too), T(test_plans_go_from_process_to_process), T(test_other_databases_are_refused), T(test_reading_makes_nothing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
