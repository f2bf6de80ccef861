#include "base/file.h"
#include "base/testing.h"
#include "compile_network.h"
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* A product and rows, and both once more. */
enum { M = 24, N = 16 };
static const char source[] =
    "func.func @f(%x: tensor<24x16xf32>, %w: tensor<16x16xf32>) -> (tensor<24x16xf32>, tensor<24x16xf32>) {\n"
    "  %z = arith.constant 0.0 : f32\n"
    "  %e = tensor.empty() : tensor<24x16xf32>\n"
    "  %i = linalg.fill ins(%z : f32) outs(%e : tensor<24x16xf32>) -> tensor<24x16xf32>\n"
    "  %p = linalg.matmul ins(%x, %w : tensor<24x16xf32>, tensor<16x16xf32>) outs(%i : tensor<24x16xf32>) -> tensor<24x16xf32>\n"
    "  %s = linalg.softmax dimension(1) ins(%p : tensor<24x16xf32>) outs(%e : tensor<24x16xf32>) -> tensor<24x16xf32>\n"
    "  %q = linalg.matmul ins(%s, %w : tensor<24x16xf32>, tensor<16x16xf32>) outs(%i : tensor<24x16xf32>) -> tensor<24x16xf32>\n"
    "  %t = linalg.softmax dimension(1) ins(%q : tensor<24x16xf32>) outs(%e : tensor<24x16xf32>) -> tensor<24x16xf32>\n"
    "  return %t, %s : tensor<24x16xf32>, tensor<24x16xf32>\n"
    "}\n";

typedef struct fixture { loom_ctx ctx; ir_ctx ir; MlirModule m; network *net; void *args[2], *results[2]; compile_options o; compile_network n; bool for_npu; } fixture;

static void open_on(fixture *x, const char *on, int processes) {
  static float values[M * N + N * N];
  *x = (fixture){.for_npu = text_eq(on, "tpuv3")};
  loom_ctx_init(&x->ctx);
  assert_int_equal(ir_open(&x->ctx, &x->ir), LOOM_OK);
  assert_int_equal(dialect_load(&x->ir), LOOM_OK);
  assert_int_equal(ir_parse(&x->ir, "f.mlir", source, strlen(source), &x->m), LOOM_OK);
  assert_int_equal(network_read(&x->ir, x->m, "f", &x->net), LOOM_OK);
  assert_int_equal(x->net->kernels.n, 4);
  for (int i = 0; i < M * N + N * N; i++)
    values[i] = (float)(i % 13) / 13.0f;
  x->args[0] = values;
  x->args[1] = values + M * N;
  x->o = (compile_options){.input = "f.mlir", .machine = arena_printf(&x->ctx.mem, LOOM_SOURCE_DIR "/machines/%s.yaml", on), .model = MODEL_LOOM, .accumulate_f32 = true, .topk = 1,
                           .etg_gen = 3, .stop_after = COMPILE_TOG, .threads = processes};
}

static loom_status run(fixture *x) { return compile_network_run(&x->ctx, &x->o, x->for_npu, x->net, &(run_options){.check = true, .seed = 1}, x->args, x->results, &x->n); }

static void close_fixture(fixture *x) {
  compile_network_close(&x->n);
  ir_close_module(x->m);
  ir_close(&x->ir);
  loom_ctx_done(&x->ctx);
}

/* What is said of a kernel, without what depends on clocks. */
static const char *words_of(fixture *x, size_t i) {
  data_value *v = x->n.steps.at[i].summary;
  while (v->n && (text_eq(v->members[v->n - 1].key, "stages") || text_eq(v->members[v->n - 1].key, "peak_rss_bytes")))
    v->n--;
  return data_write_json(&x->ctx.mem, v, 0);
}

/* Oracle: the same bytes of results, cycles and words. */
static void expect_same(fixture *a, fixture *b) {
  assert_true(a->n.runs_the_same && b->n.runs_the_same && a->n.cycles == b->n.cycles);
  assert_int_equal(a->n.steps.n, b->n.steps.n);
  for (size_t i = 0; i < a->n.steps.n; i++)
    assert_string_equal(words_of(a, i), words_of(b, i));
  for (int i = 0; i < 2; i++)
    assert_memory_equal(a->results[i], b->results[i], M * N * sizeof(float));
}

static const char *const machines[] = {"wormhole", "tpuv3", "host"};

static void test_results_do_not_depend_on_the_number_of_processes(void **state) {
  (void)state;
  for (size_t m = 0; m < sizeof machines / sizeof *machines; m++) {
    fixture one, some;
    open_on(&one, machines[m], 1);
    open_on(&some, machines[m], 3);
    assert_int_equal(run(&one), LOOM_OK);
    assert_int_equal(run(&some), LOOM_OK);
    expect_same(&one, &some);
    close_fixture(&one);
    close_fixture(&some);
  }
}

/* ---- a process that dies ---- */

static void die_in_a_copy(void *data, int64_t done, int64_t left, int64_t best, int64_t bound) {
  (void)done, (void)left, (void)best, (void)bound;
  if (getpid() != *(pid_t *)data)
    raise(SIGKILL);
}

static void leave_in_a_copy(void *data, int64_t done, int64_t left, int64_t best, int64_t bound) {
  (void)done, (void)left, (void)best, (void)bound;
  if (getpid() != *(pid_t *)data)
    _exit(9);
}

static void test_a_process_that_dies_is_told_with_its_kernel(void **state) {
  (void)state;
  static const struct { void (*end)(void *, int64_t, int64_t, int64_t, int64_t); const char *words; } cases[] = {
      {die_in_a_copy, "the process that compiled kernel f_0_matmul was ended by signal 9 (Killed)"}, {leave_in_a_copy, "the process that compiled kernel f_0_matmul ended with code 9"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture x;
    pid_t self = getpid();
    open_on(&x, "wormhole", 2);
    x.o.progress = cases[i].end;
    x.o.progress_data = &self;
    loom_status st = run(&x);
    assert_int_equal(st, LOOM_EWORKER);
    assert_int_equal(loom_status_exit(st), 70);
    assert_string_equal(x.ctx.diag.first->text, cases[i].words);
    assert_int_equal(x.ctx.diag.first->span.line, 5);
    close_fixture(&x);
  }
}

/* ---- the cache ---- */

static int for_each_entry(const char *dir, void (*fn)(const char *path)) {
  DIR *d = opendir(dir);
  int n = 0;
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) {
    char path[4096];
    if (e->d_name[0] == '.')
      continue;
    n++;
    snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
    if (fn)
      fn(path);
  }
  closedir(d);
  return n;
}

static void damage(const char *path) {
  FILE *f = fopen(path, "r+");
  assert_non_null(f);
  fseek(f, 300, SEEK_SET);
  fputc('#', f);
  fclose(f);
}

static void remove_entry(const char *path) { unlink(path); }

/* Did every kernel that is compiled come from there?  Twins say what the first of them says. */
static bool is_from_cache(const fixture *x) {
  bool all = true;
  for (size_t i = 0; i < x->n.steps.n; i++) {
    const data_value *stages = data_get(x->n.steps.at[i].summary, "stages");
    all = all && stages->n && text_eq(data_get(stages->items[0], "name")->string, "cache");
  }
  return all;
}

static void run_with(fixture *x, const char *on, int processes, run_cache *cache) {
  open_on(x, on, processes);
  x->o.cache = cache;
  assert_int_equal(run(x), LOOM_OK);
}

/* Oracle: agreement with the compile without a cache; entries that are damaged count as missing, and are written again. */
static void test_what_was_compiled_is_found_again(void **state) {
  (void)state;
  for (size_t m = 0; m < 2 * sizeof machines / sizeof *machines; m++) {
    const char *on = machines[m / 2];
    const int processes = m % 2 ? 3 : 1;
    run_cache cache = {.dir = LOOM_TESTS_DIR "/network-cache"};
    fixture without, first, second, third, fourth;
    if (!access(cache.dir, F_OK))
      for_each_entry(cache.dir, remove_entry);
    run_with(&without, on, 1, NULL);
    run_with(&first, on, processes, &cache);
    const int entries = for_each_entry(cache.dir, damage);      /* of both kernels, on a chip also with tensors in L1 */
    assert_true(entries == 2 || (entries > 2 && !strcmp(on, "wormhole")));
    run_with(&second, on, processes, &cache);
    run_with(&third, on, processes, &cache);
    assert_true(!is_from_cache(&first) && !is_from_cache(&second) && is_from_cache(&third));
    expect_same(&without, &first);
    expect_same(&without, &second);
    expect_same(&without, &third);
    assert_int_equal(for_each_entry(cache.dir, NULL), entries);
    run_with(&fourth, on, processes, &cache);      /* other options, another entry */
    compile_network_close(&fourth.n);
    fourth.o.ragged = true;
    assert_int_equal(run(&fourth), LOOM_OK);
    assert_false(is_from_cache(&fourth));
    assert_int_equal(for_each_entry(cache.dir, NULL), 2 * entries);
    fixture *all[] = {&without, &first, &second, &third, &fourth};
    for (int i = 0; i < 5; i++)
      close_fixture(all[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_results_do_not_depend_on_the_number_of_processes),
      cmocka_unit_test(test_a_process_that_dies_is_told_with_its_kernel),
      cmocka_unit_test(test_what_was_compiled_is_found_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
