/* Who is chosen, what happens when nobody is or when one fails, and calls from many threads. */
#include "base/testing.h"
#include "base/file.h"
#include "base/text.h"
#include "base/threads.h"
#include "run/provider_link.h"
#include <unistd.h>

static const char *plugin(loom_ctx *ctx, const char *name) {
  char self[4096];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  self[n > 0 ? n : 0] = 0;
  return file_join(&ctx->mem, file_dirname(&ctx->mem, file_dirname(&ctx->mem, self)), arena_printf(&ctx->mem, "test-providers/%s.so", name));
}

/* One product of 4x4 matrices: A is 1 .. 16, B is one. */
typedef struct square { float a[16], b[16], c[16]; int64_t args[18]; } square;

static void fill(square *s, float before) {
  for (int i = 0; i < 16; i++) {
    s->a[i] = (float)(i + 1);
    s->b[i] = i % 5 == 0;
    s->c[i] = before;
  }
  float *const at[] = {s->a, s->b, s->c};
  for (int i = 0; i < 3; i++) {
    const int64_t words[] = {(int64_t)(uintptr_t)at[i], 0, 4, 4, 4, 1};
    memcpy(s->args + 6 * i, words, sizeof words);
  }
}

static bool is_a_plus(const square *s, float what) {
  for (int i = 0; i < 16; i++)
    if (s->c[i] != s->a[i] + what)
      return false;
  return true;
}

typedef struct fixture { loom_ctx ctx; provider_set set; provider_link *link; provider_options o; const char *names[4], *maps[4], *requires[4]; } fixture;

static void add(fixture *f, const char *name) { f->names[f->o.n_names++] = plugin(&f->ctx, name); }
static void begin(fixture *f) {
  memset(f, 0, sizeof *f);
  loom_ctx_init(&f->ctx);
  f->o = (provider_options){.names = f->names, .maps = f->maps, .requires = f->requires, .threads = 1};
}
static loom_status bind(fixture *f, const char *sites) {
  f->link = provider_link_new(&f->ctx.mem);
  LOOM_TRY(provider_set_open(&f->ctx, &f->o, &f->set));
  return provider_link_bind(&f->ctx, f->link, &f->set, sites);
}
static void end(fixture *f) {
  if (f->link)
    provider_link_close(f->link);
  provider_set_close(&f->set);
  loom_ctx_done(&f->ctx);
}
static const char *said(fixture *f, const char *key) {
  const data_value *rows = provider_link_report(&f->ctx.mem, f->link), *v = data_get(rows->items[0], key);
  return v ? v->string : "";
}

#define OVERWRITE "offer\tlinalg.matmul(f32,f32)->f32\toverwrite\t4x4,4x4,4x4\tx.mlir:3:5\n"
#define ACCUMULATE "offer\tlinalg.matmul(f32,f32)->f32\taccumulate\t4x4,4x4,4x4\tx.mlir:3:5\n"
#define OPEN "offer\tlinalg.matmul(f32,f32)->f32\toverwrite\t?x4,4x?,?x?\tx.mlir:3:5\n"

static void test_the_last_of_equals_is_chosen_and_a_map_overrides(void **state) {
  (void)state;
  static const struct { const char *names[3], *map, *wins; } rows[] = {
      {{"good", "twin"}, NULL, "twin"},
      {{"twin", "good"}, NULL, "good"},
      {{"better", "good"}, NULL, "better"},                       /* the higher score */
      {{"good", "picky"}, NULL, "good"},                          /* who supports it */
      {{"good", "twin"}, "linalg.matmul=%s", "good"},
      {{"good", "twin"}, "linalg.matmul(f32,f32)->f32=%s", "good"},
      {{"good", "twin"}, "linalg.matmul+overwrite=%s", "good"},
      {{"good", "twin"}, "linalg.matmul+accumulate=%s", "twin"},   /* another key */
      {{"good", "twin"}, "linalg.batch_matmul=%s", "twin"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    fixture f;
    square s;
    begin(&f);
    for (int k = 0; k < 3 && rows[i].names[k]; k++)
      add(&f, rows[i].names[k]);
    if (rows[i].map)
      f.maps[f.o.n_maps++] = arena_printf(&f.ctx.mem, "%.*s%s", (int)strcspn(rows[i].map, "%"), rows[i].map, f.names[0]);
    assert_int_equal(bind(&f, OVERWRITE), LOOM_OK);
    fill(&s, NAN);
    assert_int_equal(loom_kernel_offer(f.link, 0, s.args), 0);
    assert_true(is_a_plus(&s, 0));
    assert_string_equal(said(&f, "provider"), rows[i].wins);
    assert_int_equal(provider_link_verdict(&f.ctx, f.link), LOOM_OK);
    end(&f);
  }
}

/* Two libraries, two of what each exports: the loader must not take one for the other. */
static void test_functions_of_several_libraries_are_told_apart(void **state) {
  (void)state;
  fixture f;
  square s;
  begin(&f);
  add(&f, "good");
  f.maps[f.o.n_maps++] = arena_printf(&f.ctx.mem, "linalg.matmul=%s:my_matmul_kernel", plugin(&f.ctx, "bare"));
  assert_int_equal(bind(&f, OVERWRITE), LOOM_OK);
  fill(&s, 7);
  assert_int_equal(loom_kernel_offer(f.link, 0, s.args), 0);
  assert_true(is_a_plus(&s, 0));
  assert_string_equal(said(&f, "provider"), "bare");
  end(&f);
}

static void test_nobody_means_generated_code_with_the_reason(void **state) {
  (void)state;
  static const struct { const char *name, *sites, *why; } rows[] = {
      {"picky", OVERWRITE, "picky: it does not support these types and sizes"},
      {"bare", OVERWRITE, "it knows functions by name"},
      {"good", "offer\tlinalg.batch_matmul(f32,f32)->f32\toverwrite\t2x4x4,2x4x4,2x4x4\t\n", "does not support"},
      {"good", "offer\tlinalg.matmul(bf16,bf16)->f32\toverwrite\t4x4,4x4,4x4\t\n", "does not support"},
      {NULL, OVERWRITE, "no provider is given"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    fixture f;
    square s;
    begin(&f);
    if (rows[i].name)
      add(&f, rows[i].name);
    assert_int_equal(bind(&f, rows[i].sites), LOOM_OK);
    fill(&s, 7);
    int64_t batched[24];
    for (int k = 0; k < 3; k++) {
      const int64_t words[] = {s.args[6 * k], 0, 2, 4, 4, 0, 4, 1};
      memcpy(batched + 8 * k, words, sizeof words);
    }
    assert_int_equal(loom_kernel_offer(f.link, 0, i == 2 ? batched : s.args), 1);
    assert_float_equal(s.c[0], 7, 0);
    assert_non_null(strstr(said(&f, "note"), rows[i].why));
    assert_int_equal(provider_link_verdict(&f.ctx, f.link), LOOM_OK);
    end(&f);
  }
}

static void test_overlapping_results_are_left_to_generated_code(void **state) {
  (void)state;
  fixture f;
  square s;
  begin(&f);
  add(&f, "good");
  assert_int_equal(bind(&f, OVERWRITE), LOOM_OK);
  fill(&s, 0);
  s.args[12] = s.args[0] + 8;                 /* C begins in A */
  assert_int_equal(loom_kernel_offer(f.link, 0, s.args), 1);
  assert_non_null(strstr(said(&f, "note"), "overlaps"));
  end(&f);
}

static void test_a_failure_ends_the_run_or_falls_back(void **state) {
  (void)state;
  for (int fallback = 0; fallback < 2; fallback++)
    for (int adds = 0; adds < 2; adds++) {
      fixture f;
      square s;
      begin(&f);
      f.o.fallback = fallback;
      add(&f, "spoiling");                    /* writes before it fails */
      assert_int_equal(bind(&f, adds ? ACCUMULATE : OVERWRITE), LOOM_OK);
      fill(&s, 7);
      assert_int_equal(loom_kernel_offer(f.link, 0, s.args), fallback);
      if (fallback && adds)
        for (int i = 0; i < 16; i++)
          assert_float_equal(s.c[i], 7, 0);   /* as it was, so that generated code can add to it */
      loom_status st = provider_link_verdict(&f.ctx, f.link);
      assert_int_equal(st, fallback ? LOOM_OK : LOOM_EPROVIDER);
      if (!fallback)
        testing_expect_error(&f.ctx, LOOM_EPROVIDER, "'spoiling' failed at 'linalg.matmul(f32,f32)->f32' (4x4 by 4x4 into 4x4): internal (status 13): the table of this library is worn out", 3, 5);
      else
        assert_non_null(strstr(said(&f, "note"), "spoiling failed: internal"));
      assert_int_equal(loom_kernel_offer(f.link, 0, s.args), fallback);      /* after a failure nothing is called any more */
      end(&f);
    }
}

static void test_what_is_required_is_checked_before_a_run(void **state) {
  (void)state;
  static const struct { const char *name, *sites, *key, *says; } rows[] = {
      {"picky", OVERWRITE, "linalg.matmul", "required of a kernel provider, and none computes it: picky"},
      {NULL, OVERWRITE, "linalg.matmul(f32,f32)->f32", "none computes it: no provider is given"},
      {"good", OVERWRITE, "linalg.matmull", "has nothing of that key"},
      {"good", OVERWRITE, "linalg.matmul+accumulate", "has nothing of that key"},
      {"bare", "import\tscale\trequired\tx.mlir:1:1\nimport\tshift\trequired\tx.mlir:2:1\nimport\tturn\trequired\tx.mlir:3:1\n", NULL, "2 functions of the module are in no kernel provider: shift, turn"},
      {"good", "import\tmy_matmul_kernel\toptional\t\n", "my_matmul_kernel", "1 function of the module is in no kernel provider"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    fixture f;
    begin(&f);
    if (rows[i].name)
      add(&f, rows[i].name);
    if (rows[i].key)
      f.requires[f.o.n_requires++] = rows[i].key;
    assert_int_equal(bind(&f, rows[i].sites), LOOM_EPROVIDER);
    testing_expect_error(&f.ctx, LOOM_EPROVIDER, rows[i].says, 0, 0);
    end(&f);
  }
}

/* Open sizes are known at the call only. */
static void test_what_is_required_of_open_sizes_fails_at_the_call(void **state) {
  (void)state;
  fixture f;
  square s;
  begin(&f);
  add(&f, "picky");
  f.requires[f.o.n_requires++] = "linalg.matmul";
  assert_int_equal(bind(&f, OPEN), LOOM_OK);
  fill(&s, 7);
  assert_int_equal(loom_kernel_offer(f.link, 0, s.args), 0);
  assert_int_equal(provider_link_verdict(&f.ctx, f.link), LOOM_EPROVIDER);
  testing_expect_error(&f.ctx, LOOM_EPROVIDER, "(4x4 by 4x4 into 4x4) is required", 3, 5);
  end(&f);
}

static void test_imports_are_found_and_called(void **state) {
  (void)state;
  static const struct { const char *name; int kind; } rows[] = {{"bare", 1}, {"iree", 2}, {"good", 0}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    fixture f;
    square s;
    begin(&f);
    add(&f, rows[i].name);
    assert_int_equal(bind(&f, "import\tmy_matmul_kernel\toptional\t\n"), LOOM_OK);
    fill(&s, NAN);
    assert_int_equal(loom_kernel_kind(f.link, 0), rows[i].kind);
    if (rows[i].kind == 0)
      assert_string_equal(said(&f, "note"), "no provider has it");
    if (rows[i].kind == 2) {
      struct { float *a; int64_t ao, a0, a1; float *b; int64_t bo, b0, b1; float *c; int64_t co, c0, c1, m, n, k; } p = {s.a, 0, 4, 1, s.b, 0, 4, 1, s.c, 0, 4, 1, 4, 4, 4};
      assert_int_equal(loom_kernel_packed(f.link, 0, &p), 0);
      assert_true(is_a_plus(&s, 0));
      assert_string_equal(said(&f, "provider"), "test_plugin");
    }
    end(&f);
  }
}

static void test_damaged_tables_are_refused(void **state) {
  (void)state;
  static const char *const rows[] = {"offer\n", "offer\tlinalg.matmul(f32)->f32\toverwrite\t4x4,4x4,4x4\t\n", "offer\tlinalg.matmul(f32,f32)->f99\toverwrite\t4x4,4x4,4x4\t\n",
                                     "offer\tlinalg.matmul(f32,f32)->f32\toverwrite\t4x4,4x4\t\n", "offer\tlinalg.matmul(f32,f32)->f32\toverwrite\t1x1x1x1x1x1x1x1x1,4x4,4x4\t\n", "import\tx\n",
                                     "offer\tlinalg.matmul(f32,f32)->f32\toverwrite\t4xa,4x4,4x4\t\n"};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    fixture f;
    begin(&f);
    assert_int_equal(bind(&f, rows[i]), LOOM_EINPUT);
    testing_expect_error(&f.ctx, LOOM_EINPUT, "table of kernels is damaged", 0, 0);
    end(&f);
  }
}

/* ---- threads ---- */
enum { THREADS = 16, CALLS = 1000 };
typedef struct many { provider_link *link; square squares[THREADS]; } many;

static loom_status call_often(loom_ctx *worker, void *data, size_t i) {
  many *m = data;
  (void)worker;
  for (int n = 0; n < CALLS; n++)
    if (loom_kernel_offer(m->link, 0, m->squares[i].args) != 0)
      return LOOM_EBUG;
  return LOOM_OK;
}

static void test_many_threads_call_one_provider(void **state) {
  (void)state;
  static const char *const names[] = {"good", "openblas"};      /* one that is not reentrant, one that takes workspaces (bf16) */
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    fixture f;
    static many m;
    const char *const *shipped;
    size_t n;
    bool there = i == 0;
    begin(&f);
    assert_int_equal(provider_list(&f.ctx, &shipped, &n), LOOM_OK);
    for (size_t k = 0; k < n; k++)
      there |= text_eq(shipped[k], names[i]);
    if (there && i == 0)
      add(&f, names[i]);
    else if (there)
      f.names[f.o.n_names++] = names[i];
    if (there) {
      assert_int_equal(bind(&f, OVERWRITE), LOOM_OK);
      m.link = f.link;
      for (int t = 0; t < THREADS; t++)
        fill(&m.squares[t], NAN);
      assert_int_equal(threads_for(&f.ctx, THREADS, THREADS, call_often, &m), LOOM_OK);
      for (int t = 0; t < THREADS; t++)
        assert_true(is_a_plus(&m.squares[t], 0));
      assert_int_equal(data_get(provider_link_report(&f.ctx.mem, f.link)->items[0], "calls")->integer, THREADS * CALLS);
    }
    end(&f);
  }
}

typedef struct nested { const loom_host_v1 *host; int64_t sum[64]; bool went_deeper; } nested;
static _Thread_local int depth;

static void inner_part(void *data, int64_t b, int64_t e) {
  nested *n = data;
  if (depth == 0)                             /* on another thread than its outer loop's */
    n->went_deeper = true;
  (void)b, (void)e;
}

static void outer_part(void *data, int64_t begin_, int64_t end_) {
  nested *n = data;
  depth++;
  for (int64_t i = begin_; i < end_; i++)
    n->sum[i]++;
  n->host->parallel_for(n->host->context, 64, 1, inner_part, n);
  depth--;
}

static void test_nested_loops_stay_on_their_thread(void **state) {
  (void)state;
  loom_host_v1 host;
  provider_host_init(&host, 4);
  nested n = {.host = &host};
  host.parallel_for(host.context, 64, 4, outer_part, &n);
  for (int i = 0; i < 64; i++)
    assert_int_equal(n.sum[i], 1);
  assert_false(n.went_deeper);
  host.parallel_for(host.context, 0, 4, outer_part, &n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_last_of_equals_is_chosen_and_a_map_overrides), cmocka_unit_test(test_functions_of_several_libraries_are_told_apart),
      cmocka_unit_test(test_nobody_means_generated_code_with_the_reason), cmocka_unit_test(test_overlapping_results_are_left_to_generated_code),
      cmocka_unit_test(test_a_failure_ends_the_run_or_falls_back), cmocka_unit_test(test_what_is_required_is_checked_before_a_run),
      cmocka_unit_test(test_what_is_required_of_open_sizes_fails_at_the_call), cmocka_unit_test(test_imports_are_found_and_called), cmocka_unit_test(test_damaged_tables_are_refused),
      cmocka_unit_test(test_many_threads_call_one_provider), cmocka_unit_test(test_nested_loops_stay_on_their_thread)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
