/* What a directory must hold to be reported, and the page's data of one.  Oracle: the files are written by the test, so it knows what is in them. */
#include "report/report_dir.h"
#include "report/report_page.h"
#include "report/report_testing.h"
#include "base/file.h"
#include "base/text.h"
#include <unistd.h>

typedef struct named { const char *name, *text; } named;      /* text NULL: a directory; "@": the graph */
enum { FILES = 5 };

static const char *graph_text(arena *m) {
  static const tog_matmul_spec s = {32, 32, 32, 32, 32, 32, 1, 1, false, 1, 10};
  return data_write_json(m, tog_to_data(m, tog_sample_matmul(m, &s)), 0);
}

static const char *make_dir(loom_ctx *ctx, const named *files) {
  char *dir = arena_strdup(&ctx->mem, "/tmp/loom_report_dir_XXXXXX");
  assert_non_null(mkdtemp(dir));
  for (int i = 0; i < FILES && files[i].name; i++) {
    const char *path = file_join(&ctx->mem, dir, files[i].name), *bytes = files[i].text;
    assert_int_equal(file_make_dirs(ctx, bytes ? file_dirname(&ctx->mem, path) : path), LOOM_OK);
    if (bytes && *bytes == '@')
      bytes = graph_text(&ctx->mem);
    if (bytes)
      assert_int_equal(file_write(ctx, path, bytes, strlen(bytes)), LOOM_OK);
  }
  return dir;
}

static void remove_dir(loom_ctx *ctx, const char *dir, const named *files) {
  for (int i = FILES; i-- > 0;)
    for (const char *path = files[i].name ? file_join(&ctx->mem, dir, files[i].name) : dir; strlen(path) > strlen(dir); path = file_dirname(&ctx->mem, path))
      remove(path);
  assert_int_equal(rmdir(dir), 0);
}

static void test_what_is_no_artifact_is_refused_with_its_place(void **state) {
  (void)state;
  static const char dumps_are_here[] = "";
  const struct { named files[FILES]; const char *dumps; loom_status status; const char *words; int line, col; } rows[] = {
      {{{0}}, NULL, LOOM_EINPUT, "this is no output directory of 'loom compile': it has no tog.json", 0, 0},
      {{{"cpu/artifact.json", "{}"}}, NULL, LOOM_EINPUT, "the directory holds a kernel of the host; a report shows what the cores of a chip do", 0, 0},
      {{{"chips.json", "{}"}}, NULL, LOOM_EINPUT, "the directory holds a kernel of several chips; a report shows one", 0, 0},
      {{{"tog.json", NULL}}, NULL, LOOM_EIO, "", 0, 0},
      {{{"tog.json", "{\"schema\":"}}, NULL, LOOM_EINPUT, "", 1, 11},
      {{{"tog.json", "{\"schema\": 1}"}}, NULL, LOOM_EINPUT, "", 1, 12},
      {{{"tog.json", "@"}, {"summary.json", NULL}}, NULL, LOOM_EIO, "", 0, 0},
      {{{"tog.json", "@"}, {"summary.json", "{}"}}, NULL, LOOM_EINPUT, "schema", 1, 1},
      {{{"tog.json", "@"}, {"summary.json", "\n {\"schema\": \"loom.plan.v1\"}"}}, NULL, LOOM_EINPUT, "this is 'loom.plan.v1'; a report reads 'loom.summary.v1' here", 2, 2},
      {{{"tog.json", "@"}, {"plan.json", "{\"schema\": \"x\"}"}}, NULL, LOOM_EINPUT, "this is 'x'; a report reads 'loom.plan.v1' here", 1, 1},
      {{{"tog.json", "@"}, {"report.json", "{\"schema\": \"x\"}"}}, NULL, LOOM_EINPUT, "this is 'x'; a report reads 'loom.parts.v1' here", 1, 1},
      {{{"tog.json", "@"}, {"IRs/p03_bufferized.mlir", NULL}}, NULL, LOOM_EIO, "", 0, 0},
      {{{"tog.json", "@"}}, dumps_are_here, LOOM_EIO, "", 0, 0},
      {{{"tog.json", "@"}, {"index.json", "{}"}}, dumps_are_here, LOOM_EINPUT, "stages", 1, 1},
      {{{"tog.json", "@"}, {"index.json", "{\"stages\": [\"a.mlir\", \"../b.mlir\"]}"}}, dumps_are_here, LOOM_EINPUT, "'../b.mlir' is no name of a file in this directory", 1, 23},
      {{{"tog.json", "@"}, {"index.json", "{\"stages\": [\"a.mlir\"]}"}, {"a.mlir", NULL}}, dumps_are_here, LOOM_EIO, "", 0, 0},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    report_dir out;
    loom_ctx_init(&ctx);
    const char *dir = make_dir(&ctx, rows[i].files);
    loom_status st = report_open_dir(&ctx, dir, rows[i].dumps ? dir : NULL, &out);
    if (st != rows[i].status)
      fail_msg("row %zu: status %d: %s", i, (int)st, ctx.diag.first ? ctx.diag.first->text : "");
    testing_expect_error(&ctx, rows[i].status, rows[i].words, rows[i].line, rows[i].col);
    remove_dir(&ctx, dir, rows[i].files);
    loom_ctx_done(&ctx);
  }
}

static void test_what_is_no_directory_is_refused(void **state) {
  loom_ctx *ctx = *state;
  static const named files[FILES] = {{"a.txt", "x"}};
  report_dir out;
  const char *dir = make_dir(ctx, files);
  assert_int_equal(report_open_dir(ctx, file_join(&ctx->mem, dir, "a.txt"), NULL, &out), LOOM_EINPUT);
  testing_expect_error(ctx, LOOM_EINPUT, "this is a file; a report is made of the directory that 'loom compile' writes", 0, 0);
  remove_dir(ctx, dir, files);
}

static void test_no_directory_is_refused(void **state) {
  loom_ctx *ctx = *state;
  report_dir out;
  assert_int_equal(report_open_dir(ctx, "/tmp/loom_there_is_no_such_directory", NULL, &out), LOOM_EIO);
  testing_expect_error(ctx, LOOM_EIO, "there is no such directory", 0, 0);
}

/* Names and texts of the stages that are found, "name:text " each. */
static void test_stages_come_from_dumps_or_the_parts(void **state) {
  (void)state;
  const struct { named files[FILES]; bool from_dumps; const char *stages; } rows[] = {
      {{{"tog.json", "@"}}, false, ""},
      {{{"tog.json", "@"}, {"IRs/p00_from_helion_frontend.mlir", "H"}, {"IRs/p03_bufferized.mlir", "B"}}, false, "stage0:H bufferized:B "},
      {{{"tog.json", "@"}, {"IRs/p03_bufferized.mlir", "x\xff\xc3\xa9y"}}, false, "bufferized:x\xEF\xBF\xBD\xc3\xa9y "},
      {{{"tog.json", "@"}, {"report.json", "{\"schema\": \"loom.parts.v1\", \"stages\": [{\"name\": \"a\", \"text\": \"A\"}, {\"name\": \"b\"}, {\"text\": \"C\"}, "
                                           "{\"name\": 1, \"text\": \"D\"}, {\"name\": \"e\", \"text\": 1}, 7, {\"name\": \"f\", \"text\": \"F\"}]}"},
        {"IRs/p03_bufferized.mlir", "B"}}, false, "a:A f:F bufferized:B "},
      {{{"tog.json", "@"}, {"report.json", "{\"schema\": \"loom.parts.v1\", \"stages\": {\"name\": \"a\"}}"}}, false, ""},
      {{{"tog.json", "@"}, {"report.json", "{\"schema\": \"loom.parts.v1\"}"}}, false, ""},
      {{{"tog.json", "@"}, {"index.json", "{\"stages\": [\"01.mlir\", \"plan.json\", 3, \"02.mlir\", \"03.mlir\"]}"}, {"01.mlir", "1"}, {"03.mlir", "3"}, {"IRs/p03_bufferized.mlir", "B"}},
       true, "01:1 03:3 "},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    report_dir out;
    loom_ctx_init(&ctx);
    const char *dir = make_dir(&ctx, rows[i].files);
    assert_int_equal(report_open_dir(&ctx, dir, rows[i].from_dumps ? dir : NULL, &out), LOOM_OK);
    text t = text_new(&ctx.mem);
    for (size_t k = 0; k < out.irs.n; k++)
      text_addf(&t, "%s:%s ", out.irs.at[k].name, out.irs.at[k].text);
    assert_string_equal(text_str(&t), rows[i].stages);
    remove_dir(&ctx, dir, rows[i].files);
    loom_ctx_done(&ctx);
  }
}

/* A byte 0 inside of a text is none that a page can show. */
static void test_bytes_of_no_text_are_replaced(void **state) {
  loom_ctx *ctx = *state;
  static const named files[FILES] = {{"tog.json", "@"}, {"IRs/p03_bufferized.mlir", ""}};
  report_dir out;
  const char *dir = make_dir(ctx, files);
  assert_int_equal(file_write(ctx, file_join(&ctx->mem, dir, files[1].name), "a\0b", 3), LOOM_OK);
  assert_int_equal(report_open_dir(ctx, dir, NULL, &out), LOOM_OK);
  assert_string_equal(out.irs.at[0].text, "a\xEF\xBF\xBD" "b");
  remove_dir(ctx, dir, files);
}

static const data_value *page_of(told_run *w, const report_dir *dir) {
  data_value *v;
  const report_side side = {.dir = dir, .m = w->m, .chip = &w->run};
  const char *json = NULL;
  assert_int_equal(report_page_data(&w->ctx, &side, NULL, &json), LOOM_OK);
  assert_int_equal(data_read_json(&w->ctx, "page", json, strlen(json), &v), LOOM_OK);
  return v;
}

static data_value *read_json(told_run *w, const char *json) {
  data_value *v;
  assert_int_equal(data_read_json(&w->ctx, "part", json, strlen(json), &v), LOOM_OK);
  return v;
}

static const char *part(told_run *w, const data_value *page, const char *key) { return data_get(page, key) ? data_write_json(&w->ctx.mem, data_get(page, key), 0) : ""; }

static void test_the_page_has_what_the_directory_has(void **state) {
  (void)state;
  told_run w;
  told_open(&w);
  w.m->summary = "a chip";
  vec_push(&w.ctx.mem, &w.m->units, ((machine_unit){.name = "mm", .kind = "matrix", .rate = {.value = 3}}));
  vec_push(&w.ctx.mem, &w.m->units, ((machine_unit){.name = "vec", .kind = "vector", .rate = {.value = 5}}));
  report_dir dir = {.path = "it", .t = &w.t};
  const data_value *page = page_of(&w, &dir);
  static const char *const absent[] = {"summary", "plan", "flops", "explain", "topk", "predicted_cycles"};
  for (size_t i = 0; i < COUNT_OF(absent); i++)
    assert_null(data_get(page, absent[i]));
  assert_string_equal(part(&w, page, "irs"), "[]");
  assert_string_equal(part(&w, page, "nodes"), "[\"i\", \"load \\\"a\\\"\", \"compute\", \"waves\"]");
  assert_string_equal(part(&w, page, "mesh"), "[{\"name\": \"x\", \"size\": 2}, {\"name\": \"y\", \"size\": 1}]");
  assert_string_equal(part(&w, page, "buffers"), "[{\"name\": \"a\", \"dtype\": \"f16\", \"shape\": [4, 8], \"bytes\": 64, \"depth\": 2, \"offset\": 0, \"stride\": 64}]");
  /* two cores; a multiply-add is two operations */
  assert_string_equal(part(&w, data_get(page, "machine"), "units"), "[{\"name\": \"mm\", \"kind\": \"matrix\", \"flops_per_cycle\": 12.0}, {\"name\": \"vec\", \"kind\": \"vector\", \"flops_per_cycle\": 10.0}]");
  assert_string_equal(part(&w, data_get(page, "machine"), "attach"), "[0, 1]");
  assert_int_equal(data_get(page, "cut")->integer, -1);

  w.t.predicted_cycles = 99;
  dir.summary = read_json(&w, "{\"explain\": 1, \"s\": 2}");
  dir.plan = read_json(&w, "{\"p\": 3}");
  vec_push(&w.ctx.mem, &dir.irs, ((report_ir){"one", "a\nb\n"}));
  vec_push(&w.ctx.mem, &dir.irs, ((report_ir){"two", "a\nc\n"}));
  page = page_of(&w, &dir);
  assert_int_equal(data_get(page, "predicted_cycles")->integer, 99);
  assert_string_equal(part(&w, page, "explain"), "1");
  assert_string_equal(part(&w, page, "plan"), "{\"p\": 3}");
  assert_string_equal(part(&w, page, "irs"), "[{\"name\": \"one\", \"text\": \"a\\nb\\n\"}, {\"name\": \"two\", \"text\": \"a\\nc\\n\", \"diff\": \" a\\n-b\\n+c\"}]");
  char *long_text = memset(ARENA_NEW_N(&w.ctx.mem, char, 500001), 'x', 500000);      /* a page takes so much: whole lines */
  for (size_t i = 99; i < 500000; i += 100)
    long_text[i] = '\n';
  dir.irs.at[1].text = long_text;
  const data_value *cut = data_get(data_get(page_of(&w, &dir), "irs")->items[1], "text");
  assert_string_equal(strstr(cut->string, "..."), "... 420000 more bytes\n");
  assert_int_equal(strlen(cut->string), 80000 + strlen("... 420000 more bytes\n"));
  dir.irs.at[1].text = "a\nc\n";
  dir.parts = read_json(&w, "{\"explain\": 4, \"flops\": 5, \"topk\": 6}");
  page = page_of(&w, &dir);
  assert_string_equal(part(&w, page, "explain"), "4");
  assert_string_equal(part(&w, page, "flops"), "5");
  assert_string_equal(part(&w, page, "topk"), "6");
  told_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_is_no_artifact_is_refused_with_its_place),
      cmocka_unit_test_setup_teardown(test_what_is_no_directory_is_refused, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_no_directory_is_refused, testing_open_context, testing_close_context),
      cmocka_unit_test(test_stages_come_from_dumps_or_the_parts),
      cmocka_unit_test_setup_teardown(test_bytes_of_no_text_are_replaced, testing_open_context, testing_close_context),
      cmocka_unit_test(test_the_page_has_what_the_directory_has),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
