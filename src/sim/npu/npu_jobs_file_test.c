/* Files of jobs.  Oracle: the text of each row says what must be read, or where it is wrong. */
#include "sim/npu/npu_kernels.h"
#include "sim/npu/npu_testing.h"
#include "base/file.h"
#include <unistd.h>

static char dir[] = "/tmp/loom_npu_jobs_XXXXXX";

/* plain.json: a product; sized.json: one of sizes M and N; jobs.json: `jobs`. */
static const char *write_files(loom_ctx *ctx, const char *jobs) {
  arena *mem = &ctx->mem;
  tile_graph *g = npu_kernel_gemm(mem, npu_test_machine(ctx, "tpuv3", NULL), (npu_gemm){128, 128, 128});
  const char *plain = data_write_json(mem, tile_graph_to_data(mem, g), 0);
  vec_push(mem, &g->symbols, "M");
  vec_push(mem, &g->symbols, "N");
  const char *sized = data_write_json(mem, tile_graph_to_data(mem, g), 0), *path = file_join(mem, dir, "jobs.json");
  assert_int_equal(file_write(ctx, file_join(mem, dir, "plain.json"), plain, strlen(plain)), LOOM_OK);
  assert_int_equal(file_write(ctx, file_join(mem, dir, "sized.json"), sized, strlen(sized)), LOOM_OK);
  assert_int_equal(file_write(ctx, path, jobs, strlen(jobs)), LOOM_OK);
  return path;
}

static void test_jobs_are_read_as_they_are_written(void **state) {
  loom_ctx *ctx = *state;
  npu_job *jobs;
  int n, partitions;
  const char *path = write_files(ctx, "{\"schema\": \"loom.jobs.v1\", \"partitions\": 3, \"jobs\": [{\"graph\": \"plain.json\", \"partition\": 2, \"arrival\": 1000},\n"
                                      "{\"graph\": \"sized.json\", \"symbols\": {\"N\": 5, \"M\": 7}}]}");
  assert_int_equal(npu_jobs_load(ctx, path, &jobs, &n, &partitions), LOOM_OK);
  assert_int_equal(n, 2);
  assert_int_equal(partitions, 3);
  assert_int_equal(jobs[0].partition, 2);
  assert_int_equal(jobs[0].arrival, 1000);
  assert_int_equal(jobs[0].n_symbols, 0);
  assert_int_equal(jobs[0].graph->tensors.n, 3);
  assert_int_equal(jobs[1].partition, 0);
  assert_int_equal(jobs[1].arrival, 0);
  assert_int_equal(jobs[1].n_symbols, 2);
  assert_int_equal(jobs[1].symbols[0], 7);      /* in the graph's order */
  assert_int_equal(jobs[1].symbols[1], 5);
  path = write_files(ctx, "{\"jobs\": [{\"graph\": \"plain.json\"}]}");
  assert_int_equal(npu_jobs_load(ctx, path, &jobs, &n, &partitions), LOOM_OK);
  assert_int_equal(partitions, 1);
}

static void test_what_is_wrong_is_said_with_its_place(void **state) {
  (void)state;
#define JOBS(text) "{\"jobs\": [" text "]}"
  static const struct { const char *text; loom_status status; const char *words; int line, col; } rows[] = {
      {"{\"jobs\": [", LOOM_EINPUT, "", 0, 0},
      {"{\"jobs\": [], \"job\": 1}", LOOM_EINPUT, "job", 1, 14},
      {"{\"partitions\": 0, \"jobs\": []}", LOOM_EINPUT, "partitions", 1, 16},
      {"{\"partitions\": 4097, \"jobs\": []}", LOOM_EINPUT, "partitions", 1, 16},
      {"{}", LOOM_EINPUT, "jobs", 1, 1},
      {"{\"jobs\": 3}", LOOM_EINPUT, "jobs", 1, 10},
      {JOBS(""), LOOM_ELIMIT, "0 jobs; must be 1..4096", 1, 10},
      {JOBS("3"), LOOM_EINPUT, "", 1, 11},
      {JOBS("{\"graph\": \"plain.json\", \"order\": 1}"), LOOM_EINPUT, "order", 1, 35},
      {JOBS("{\"partition\": 0}"), LOOM_EINPUT, "graph", 1, 11},
      {JOBS("{\"graph\": \"plain.json\", \"partition\": 1}"), LOOM_EINPUT, "partition", 1, 48},
      {JOBS("{\"graph\": \"plain.json\", \"partition\": \"a\"}"), LOOM_EINPUT, "partition", 1, 48},
      {JOBS("{\"graph\": \"plain.json\", \"arrival\": -1}"), LOOM_EINPUT, "arrival", 1, 46},
      {JOBS("{\"graph\": \"none.json\"}"), LOOM_EIO, "cannot open the file", 0, 0},
      {JOBS("{\"graph\": \"plain.json\", \"symbols\": {\"M\": 1}}"), LOOM_EINPUT, "M", 1, 47},
      {JOBS("{\"graph\": \"sized.json\"}"), LOOM_EINPUT, "M", 1, 11},
      {JOBS("{\"graph\": \"sized.json\", \"symbols\": {\"M\": 1}}"), LOOM_EINPUT, "N", 1, 46},
      {JOBS("{\"graph\": \"sized.json\", \"symbols\": {\"M\": 1, \"N\": -1}}"), LOOM_EINPUT, "N", 1, 60},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    npu_job *jobs;
    int n, partitions;
    loom_ctx_init(&ctx);
    loom_status st = npu_jobs_load(&ctx, write_files(&ctx, rows[i].text), &jobs, &n, &partitions);
    if (st != rows[i].status)
      fail_msg("row %zu: status %d: %s", i, (int)st, ctx.diag.first ? ctx.diag.first->text : "");
    testing_expect_error(&ctx, rows[i].status, rows[i].words, rows[i].line, rows[i].col);
    loom_ctx_done(&ctx);
  }
}

static void test_too_many_jobs_and_no_file_are_refused(void **state) {
  (void)state;
  for (int k = 0; k < 2; k++) {
    loom_ctx ctx;
    npu_job *jobs;
    int n, partitions;
    loom_ctx_init(&ctx);
    char *many = ARENA_NEW_N(&ctx.mem, char, 3 * NPU_JOBS_MAX + 40), *p = many + sprintf(many, "{\"jobs\": [0");
    for (int i = 0; i < NPU_JOBS_MAX; i++)
      p += sprintf(p, ",0");
    sprintf(p, "]}");
    const char *path = write_files(&ctx, many);
    assert_int_equal(npu_jobs_load(&ctx, k ? file_join(&ctx.mem, dir, "none") : path, &jobs, &n, &partitions), k ? LOOM_EIO : LOOM_ELIMIT);
    testing_expect_error(&ctx, k ? LOOM_EIO : LOOM_ELIMIT, k ? "cannot open the file" : "4097 jobs; must be 1..4096", 0, 0);
    loom_ctx_done(&ctx);
  }
}

static void test_jobs_are_told_from_other_files(void **state) {
  (void)state;
  static const struct { const char *text; bool is_jobs; } rows[] = {
      {"", false}, {"loom.jobs.v1", true}, {"loom.jobs.v", false}, {"{\"schema\": \"loom.jobs.v1\"}", true}, {"{\"schema\": \"loom.tile_graph.v1\"}", false}};
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    assert_int_equal(npu_is_jobs(rows[i].text, strlen(rows[i].text)), rows[i].is_jobs);
}

static int make_dir(void **state) {
  (void)state;
  return mkdtemp(dir) ? 0 : -1;
}
static int remove_dir(void **state) {
  static const char *const names[] = {"plain.json", "sized.json", "jobs.json"};
  (void)state;
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    char path[100];
    snprintf(path, sizeof path, "%s/%s", dir, names[i]);
    unlink(path);
  }
  return rmdir(dir);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_jobs_are_read_as_they_are_written, testing_open_context, testing_close_context),
                                     cmocka_unit_test(test_what_is_wrong_is_said_with_its_place), cmocka_unit_test(test_too_many_jobs_and_no_file_are_refused),
                                     cmocka_unit_test(test_jobs_are_told_from_other_files)};
  return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
