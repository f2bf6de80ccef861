/* A provider in this program that computes by definition, and does one thing otherwise when a row says so: what the suite, the choice among providers, calls and reports then say.
 * Oracle: the contract of loom/kernel_provider.h. */
#include "base/dtype.h"
#include "base/file.h"
#include "base/testing.h"
#include "run/provider_check.h"
#include "run/provider_link_private.h"
#include <unistd.h>

#include "base/sanitize.h"
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* ---- memory that cannot be had ---- */

static int mappings_until_failure;      /* 0: none fails */
__attribute__((visibility("default"))) void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
  if (mappings_until_failure && --mappings_until_failure == 0) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);      /* NOLINT: an address is a number here */
}

/* ---- the provider ---- */

typedef enum fault {
  NOTHING, SUPPORTS_NOTHING, FAILS, FAILS_SILENTLY, FAILS_WITHOUT_WORDS, FAILS_UNKNOWN, NEGATIVE_STATUS, OFF_BY_ONE, OFF_AT_FIRST, LOSES_NAN, ADDS_NOTHING, WRITES_BETWEEN, FORGETS_TO_ADD, WORKSPACE, WORKSPACE_TOO_LARGE, WORKSPACE_BEYOND_ALL, SCORES_LOW, RESOLVES, RESOLVES_NULL, FAULTS
} fault;
typedef struct scripted { fault what; bool used_workspace; int threads; int unloads; } scripted;
static scripted script;

static dtype type_of(loom_kernel_dtype t) {
  for (int i = 0; i < DTYPE_COUNT; i++) {
    const int code = i == DTYPE_BF16 ? LOOM_KERNEL_BFLOAT : dtype_is_float((dtype)i) ? LOOM_KERNEL_FLOAT : LOOM_KERNEL_INT;
    if ((dtype)i != DTYPE_BOOL && (dtype)i != DTYPE_U8 && !dtype_is_f8((dtype)i) && code == t.code && dtype_bytes((dtype)i) * 8 == t.bits)
      return (dtype)i;
  }
  return DTYPE_COUNT;
}

static char *element(const loom_kernel_tensor_v1 *t, const provider_product *p, int64_t batch, int64_t r, int64_t c) {
  return (char *)t->aligned + (provider_matrix_offset(t, p, batch) + r * t->strides[t->rank - 2] + c * t->strides[t->rank - 1]) * (int64_t)provider_dtype_bytes(t->dtype);
}

static int supports(void *self, const loom_kernel_call_v1 *call) {
  const fault what = ((scripted *)self)->what;
  return what != SUPPORTS_NOTHING && (what != ADDS_NOTHING || call->mode != LOOM_KERNEL_ACCUMULATE) && type_of(call->tensors[0]->dtype) != DTYPE_COUNT;
}

static loom_kernel_status multiply(void *self, const loom_kernel_call_v1 *call) {
  scripted *s = self;
  provider_product p;
  if (s->what >= FAILS && s->what <= FAILS_WITHOUT_WORDS)
    return LOOM_KERNEL_INTERNAL;
  if (s->what == FAILS_UNKNOWN || s->what == NEGATIVE_STATUS)
    return s->what == FAILS_UNKNOWN ? 99 : -1;
  if (!provider_read_product(call, &p, NULL))
    return LOOM_KERNEL_INVALID_ARGUMENT;
  const loom_kernel_tensor_v1 *a = call->tensors[0], *b = call->tensors[1], *c = call->tensors[2];
  const dtype in = type_of(a->dtype), out = type_of(c->dtype);
  const bool adds = call->mode == LOOM_KERNEL_ACCUMULATE && s->what != FORGETS_TO_ADD;
  if (s->what == WORKSPACE && call->workspace_bytes == 100) {
    memset(call->workspace, 1, 100);
    s->used_workspace = true;
  }
  for (int64_t i = 0; i < p.batches; i++)
    for (int64_t r = 0; r < p.m; r++)
      for (int64_t n = 0; n < p.n; n++) {
        double sum = adds ? dtype_load(out, element(c, &p, i, r, n)) : 0;
        for (int64_t k = 0; k < p.k; k++)
          sum += dtype_load(in, element(a, &p, i, r, k)) * dtype_load(in, element(b, &p, i, k, n));
        const bool is_off = n == 0 && (s->what == OFF_BY_ONE ? r == p.m - 1 : s->what == OFF_AT_FIRST && r == 0);
        dtype_store(out, element(c, &p, i, r, n), is_off ? sum + 1 : s->what == LOSES_NAN && isnan(sum) ? 0 : sum);
      }
  if (s->what == WRITES_BETWEEN && p.m > 1)
    *(element(c, &p, 0, 0, p.n - 1) + provider_dtype_bytes(c->dtype)) = 1;
  return LOOM_KERNEL_OK;
}
static int32_t score(void *self, const loom_kernel_call_v1 *call) { return (void)call, ((scripted *)self)->what == SCORES_LOW ? -5 : 1; }
static uint64_t workspace_size(void *self, const loom_kernel_call_v1 *call) {
  (void)call;
  const fault what = ((scripted *)self)->what;
  return what == WORKSPACE ? 100 : what == WORKSPACE_TOO_LARGE ? UINT64_C(1) << 60 : what == WORKSPACE_BEYOND_ALL ? UINT64_MAX : 0;
}
static uint64_t last_error(void *self, char *buffer, uint64_t n) { return (uint64_t)snprintf(buffer, n, "%s", ((scripted *)self)->what == FAILS_SILENTLY ? "" : "worn\nout"); }
static void set_num_threads(void *self, int32_t n) { ((scripted *)self)->threads = n; }
static loom_kernel_status resolve(void *self, const char *symbol, void **out) {
  *out = ((scripted *)self)->what == RESOLVES_NULL ? NULL : &script;
  return ((scripted *)self)->what >= RESOLVES && strcmp(symbol, "f") == 0 ? LOOM_KERNEL_OK : LOOM_KERNEL_NOT_FOUND;
}
static loom_kernel_status load(const loom_host_v1 *host, void **out_self) {
  (void)host;
  *out_self = &script;
  return LOOM_KERNEL_OK;
}
static loom_kernel_status load_not(const loom_host_v1 *host, void **out_self) { return (void)host, (void)out_self, LOOM_KERNEL_UNAVAILABLE; }
static void unload(void *self) { ((scripted *)self)->unloads++; }

#define TABLE .size = sizeof(loom_kernel_provider_v1), .version = LOOM_KERNEL_ABI, .name = "scripted", .load = load, .supports = supports, .call = multiply
static loom_kernel_provider_v1 table;
static const loom_kernel_provider_v1 whole = {TABLE, .unload = unload, .score = score, .workspace_size = workspace_size, .resolve = resolve, .last_error = last_error, .set_num_threads = set_num_threads};
static const loom_kernel_provider_v1 *give_table(uint32_t min, uint32_t max, const loom_host_v1 *host) { return (void)min, (void)max, (void)host, &table; }
static const loom_kernel_provider_v1 *give_nothing(uint32_t min, uint32_t max, const loom_host_v1 *host) { return (void)min, (void)max, (void)host, NULL; }

static loom_host_v1 host;

static provider *adopt(loom_ctx *ctx, fault what) {
  provider *p;
  table = whole;
  if (what == FAILS_WITHOUT_WORDS)
    table.last_error = NULL;
  script = (scripted){.what = what};
  provider_host_init(&host, 3);
  assert_int_equal(provider_adopt(ctx, "scripted", give_table, &host, &p), LOOM_OK);
  return p;
}

/* ---- tables ---- */

static void test_tables_that_are_taken_and_refused(void **state) {
  loom_ctx *ctx = *state;
  static const struct { loom_kernel_provider_v1 table; const char *says; } rows[] = {
      {{TABLE}, NULL},
      {{TABLE, .features = LOOM_KERNEL_REENTRANT | LOOM_KERNEL_DETERMINISTIC}, NULL},
      {{.size = sizeof table, .version = 2}, "versions 2..2 of the kernel interface"}, {{.size = sizeof table, .version = 0}, "versions 0..0 of the kernel interface"},
      {{.size = 40, .version = 1}, "table has 40 bytes"},
      {{.size = sizeof table, .version = 1, .supports = supports, .call = multiply}, "lacks its name, supports or call"},
      {{.size = sizeof table, .version = 1, .name = "x", .call = multiply}, "lacks its name, supports or call"},
      {{.size = sizeof table, .version = 1, .name = "x", .supports = supports}, "lacks its name, supports or call"},
      {{TABLE, .features = LOOM_KERNEL_SANITIZER_THREAD}, "this library is built with ThreadSanitizer"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    provider *p;
    const diag_mark mark = diag_save(ctx);
    const bool is_host = rows[i].says && strstr(rows[i].says, provider_sanitizer_name(provider_host_sanitizer()));
    table = rows[i].table;
    if ((provider_adopt(ctx, "row", give_table, &host, &p) == LOOM_OK) != (!rows[i].says || is_host) || (p != NULL) != (!rows[i].says || is_host))
      fail_msg("row %zu", i);
    if (!p)
      testing_expect_error(ctx, LOOM_EPROVIDER, rows[i].says, 0, 0);
    provider_unload(p);
    diag_drop(ctx, mark);
  }
  provider *p;
  const diag_mark mark = diag_save(ctx);
  table = (loom_kernel_provider_v1){TABLE};
  table.load = load_not;
  assert_int_equal(provider_adopt(ctx, "row", give_table, &host, &p), LOOM_EPROVIDER);
  testing_expect_error(ctx, LOOM_EPROVIDER, "the provider 'scripted' cannot start: unavailable", 0, 0);
  diag_drop(ctx, mark);
  assert_int_equal(provider_adopt(ctx, "row", give_nothing, &host, &p), LOOM_EPROVIDER);
  testing_expect_error(ctx, LOOM_EPROVIDER, "nothing for a host", 0, 0);
  table.load = NULL;      /* one that has nothing to start or to end */
  assert_int_equal(provider_adopt(ctx, "row", give_table, &host, &p), LOOM_OK);
  provider_function f;
  assert_false(provider_resolve(p, "f", &f));
  provider_unload(p);
  p = adopt(ctx, NOTHING);
  assert_int_equal(script.threads, 3);
  provider_unload(p);
  provider_unload(p);
  assert_int_equal(script.unloads, 1);
  provider_unload(NULL);
}

static void test_statuses_have_names(void **state) {
  (void)state;
  assert_string_equal(provider_status_name(LOOM_KERNEL_OK), "ok");
  assert_string_equal(provider_status_name(LOOM_KERNEL_UNAUTHENTICATED), "unauthenticated");
  assert_string_equal(provider_status_name(LOOM_KERNEL_UNAUTHENTICATED + 1), "a status that is none");
  assert_string_equal(provider_status_name(-1), "a status that is none");
}

static void add_up(void *data, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++)
    __atomic_fetch_add((int *)data + i, 1, __ATOMIC_RELAXED);
}

static void test_parallel_loops_visit_everything_once(void **state) {
  (void)state;
  static const struct { int threads; int64_t n, grain; } rows[] = {{1, 50, 1}, {3, 50, 1}, {3, 50, 20}, {3, 50, 60}, {3, 1, 1}, {3, 0, 1}, {3, -1, 1}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    int visits[50] = {0};
    provider_host_init(&host, rows[i].threads);
    host.parallel_for(host.context, rows[i].n, rows[i].grain, add_up, visits);
    for (int64_t k = 0; k < 50; k++)
      assert_int_equal(visits[k], k < rows[i].n);
  }
}

/* ---- the suite ---- */

static size_t case_of(const char *name) {
  for (size_t i = 0; i < provider_check_count(); i++)
    if (strcmp(provider_check_name(i), name) == 0)
      return i;
  fail_msg("there is no case %s", name);
  return 0;
}

static void test_the_suite_says_what_is_wrong(void **state) {
  loom_ctx *ctx = *state;
  static const struct { fault what; const char *of; check_verdict verdict; const char *says; } rows[] = {
      {SUPPORTS_NOTHING, "A times one", CHECK_SKIPPED, "it does not support these types and sizes"},
      {FAILS, "A times one", CHECK_FAILED, "internal: worn"}, {FAILS_SILENTLY, "A times one", CHECK_FAILED, "internal"}, {FAILS_WITHOUT_WORDS, "A times one", CHECK_FAILED, "internal"},
      {FAILS_UNKNOWN, "A times one", CHECK_FAILED, "a status that is none"},
      {OFF_BY_ONE, "A times one", CHECK_FAILED, "C[0, 3, 0] is"}, {OFF_BY_ONE, "random numbers", CHECK_FAILED, "C[0, 32, 0] is"}, {OFF_BY_ONE, "i8 into i32, -128 times -128", CHECK_FAILED, "C[0, 30, 0] is"},
      {OFF_BY_ONE, "f64, whole numbers, added", CHECK_FAILED, "31x33x32: row 30 of C is wrong"}, {OFF_BY_ONE, "sizes: m = 33", CHECK_FAILED, "33x"}, {OFF_BY_ONE, "sizes: m = 1", CHECK_FAILED, "1x1x0: C[0, 0, 0] is 1"},
      {OFF_AT_FIRST, "f64, whole numbers, added", CHECK_FAILED, "31x33x32: row 0 of C is wrong"}, {LOSES_NAN, "NaN goes through", CHECK_FAILED, "C[0, 2, 0] is 0; expected nan"},
      {FAILS, "sizes: m = 1", CHECK_FAILED, "internal: worn"}, {ADDS_NOTHING, "sizes: m = 1", CHECK_SKIPPED, "it does not support"},
      {FORGETS_TO_ADD, "adds to what is there", CHECK_FAILED, "C["}, {FORGETS_TO_ADD, "overwrites what is there", CHECK_OK, ""},
      {WRITES_BETWEEN, "rows of C apart", CHECK_FAILED, "1 bytes between the elements of C were written"}, {WRITES_BETWEEN, "A times zero", CHECK_FAILED, ""},
      {WORKSPACE, "A times one", CHECK_OK, ""}, {WORKSPACE_TOO_LARGE, "A times one", CHECK_SKIPPED, "no memory for a workspace of"},
      {NOTHING, "C over A is refused", CHECK_OK, ""}, {SUPPORTS_NOTHING, "C over A is refused", CHECK_OK, ""}, {SUPPORTS_NOTHING, "sizes: m = 1", CHECK_SKIPPED, "it does not support"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    provider *p = adopt(ctx, rows[i].what);
    check_result r;
    provider_check_run(&(provider_target){p, NULL}, &host, case_of(rows[i].of), &r);
    if (r.verdict != rows[i].verdict || !strstr(r.said, rows[i].says) || (rows[i].what == WORKSPACE && !script.used_workspace))
      fail_msg("row %zu (%s): verdict %d: %s", i, rows[i].of, (int)r.verdict, r.said);
    provider_unload(p);
  }
  assert_string_equal(provider_check_name(provider_check_count()), "");
}

static void test_a_product_by_definition_passes_the_suite(void **state) {
  loom_ctx *ctx = *state;
  provider *p = adopt(ctx, NOTHING);
  for (size_t i = 0; i < provider_check_count(); i++) {
    check_result r;
    if (strstr(provider_check_name(i), "997") || strstr(provider_check_name(i), "127") || strcmp(provider_check_name(i), "sizes: m = 33") >= 0)
      continue;      /* three loops take long there */
    provider_check_run(&(provider_target){p, NULL}, &host, i, &r);
    if (r.verdict != CHECK_OK)
      fail_msg("%s: %s", provider_check_name(i), r.said);
  }
  provider_unload(p);
}

static void test_a_suite_without_memory_skips(void **state) {
  loom_ctx *ctx = *state;
  static const struct { int mapping; long allocation; const char *of, *says; } rows[] = {
      {1, 0, "A times one", "no address space"}, {2, 0, "A times one", "no address space"}, {3, 0, "A times one", "no address space"}, {0, 1, "A times one", "no address space"},
      {0, 2, "f64, whole numbers, added", "no memory to compare it in"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    provider *p = adopt(ctx, NOTHING);
    check_result r;
    mappings_until_failure = rows[i].mapping;
    alloc_fail_at(rows[i].allocation, 0);
    provider_check_run(&(provider_target){p, NULL}, &host, case_of(rows[i].of), &r);
    alloc_fail_at(0, 0);
    mappings_until_failure = 0;
    if (r.verdict != CHECK_SKIPPED || !strstr(r.said, rows[i].says))
      fail_msg("row %zu: verdict %d: %s", i, (int)r.verdict, r.said);
    provider_unload(p);
  }
}

/* A function by name is one of f32 that overwrites; the type of others is not asked. */
static void test_functions_by_name_are_of_f32(void **state) {
  loom_ctx *ctx = *state;
  static const struct { fault what; const char *symbol, *of; check_verdict verdict; const char *says; } rows[] = {
      {RESOLVES, "f", "f64", CHECK_SKIPPED, "a function by name is taken to be of f32"}, {RESOLVES, "g", "A times one", CHECK_SKIPPED, "it has no function of that name"},
      {RESOLVES_NULL, "f", "A times one", CHECK_SKIPPED, "it has no function of that name"}, {RESOLVES, "f", "adds to what is there", CHECK_SKIPPED, "its function overwrites"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    provider *p = adopt(ctx, rows[i].what);
    check_result r;
    provider_check_run(&(provider_target){p, rows[i].symbol}, &host, case_of(rows[i].of), &r);
    if (r.verdict != rows[i].verdict || !strstr(r.said, rows[i].says))
      fail_msg("row %zu: verdict %d: %s", i, (int)r.verdict, r.said);
    provider_unload(p);
  }
}

/* ---- calls of compiled code ---- */

#define OVERWRITE "offer\tlinalg.matmul(f32,f32)->f32\toverwrite\t2x2,2x2,2x2\tx.mlir:3:5\n"
#define ACCUMULATE "offer\tlinalg.matmul(f32,f32)->f32\taccumulate\t2x2,2x2,2x2\tx.mlir:3:5\n"
#define IMPORT(what) "import\tf\t" what "\tx.mlir:1:1\n"

static int packed_status;
static int packed(void *params, void *context, void *reserved) { return (void)params, (void)context, (void)reserved, packed_status; }

static void test_calls_are_judged(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *site, *requires; fault what; bool fallback, alone; int32_t result; const char *says, *help; } rows[] = {
      {OVERWRITE, NULL, NOTHING, false, false, 0, NULL, NULL},
      {OVERWRITE, NULL, SCORES_LOW, false, false, 0, NULL, NULL},
      {OVERWRITE, NULL, WORKSPACE, true, true, 0, NULL, NULL},
      {ACCUMULATE, NULL, WORKSPACE, true, true, 0, NULL, NULL},
      {OVERWRITE, NULL, FAILS, false, true, 0, "the kernel provider 'scripted' failed at 'linalg.matmul(f32,f32)->f32' (2x2 by 2x2 into 2x2): internal (status 13): worn", "--on-kernel-error=fallback"},
      {OVERWRITE, NULL, FAILS_SILENTLY, false, true, 0, "internal (status 13)", "--on-kernel-error=fallback"},
      {OVERWRITE, NULL, FAILS_SILENTLY, true, true, 1, NULL, NULL},
      {OVERWRITE, "linalg.matmul", FAILS, true, true, 0, "failed at", "--on-kernel-error=fallback"},
      {ACCUMULATE, NULL, FAILS, true, true, 1, NULL, NULL},
      {OVERWRITE, NULL, WORKSPACE_TOO_LARGE, false, true, 0, "resource exhausted (status 8): no memory for its workspace", "--on-kernel-error=fallback"},
      {OVERWRITE, NULL, WORKSPACE_BEYOND_ALL, false, true, 0, "resource exhausted (status 8): no memory for its workspace", "--on-kernel-error=fallback"},
      {ACCUMULATE, NULL, WORKSPACE_TOO_LARGE, true, true, 1, NULL, NULL},
      {OVERWRITE, NULL, SUPPORTS_NOTHING, false, true, 1, NULL, NULL},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const diag_mark mark = diag_save(ctx);
    const provider_options o = {.requires = &rows[i].requires, .n_requires = rows[i].requires != NULL, .fallback = rows[i].fallback};
    provider *p = adopt(ctx, rows[i].what);
    p->features = rows[i].alone ? 0 : LOOM_KERNEL_REENTRANT;
    provider_set set = {.o = &o};
    vec_push(&ctx->mem, &set.all, p);
    vec_push(&ctx->mem, &set.offered, ((provider_target){p, NULL}));
    provider_link *l = provider_link_new(&ctx->mem);
    assert_int_equal(provider_link_bind(ctx, l, &set, rows[i].site), LOOM_OK);
    for (int twice = 0; twice < 2; twice++) {      /* the second call finds the first one's workspace */
      float a[] = {1, 2, 3, 4}, b[] = {1, 0, 0, 1}, c[] = {5, 5, 5, 5};
      const int64_t args[] = {(int64_t)(uintptr_t)a, 0, 2, 2, 2, 1, (int64_t)(uintptr_t)b, 0, 2, 2, 2, 1, (int64_t)(uintptr_t)c, 0, 2, 2, 2, 1};
      const bool computes = !rows[i].says && rows[i].result == 0, adds = rows[i].site[35] == 'a' || strstr(rows[i].site, "accumulate");
      assert_int_equal(loom_kernel_offer(l, 0, args), rows[i].result);
      for (int k = 0; k < 4; k++)
        if (c[k] != (computes ? a[k] + (adds ? 5 : 0) : 5))
          fail_msg("row %zu: c[%d] is %g", i, k, (double)c[k]);
    }
    assert_int_equal(provider_link_verdict(ctx, l), rows[i].says ? LOOM_EPROVIDER : LOOM_OK);
    if (rows[i].says) {
      testing_expect_error(ctx, LOOM_EPROVIDER, rows[i].says, 3, 5);
      assert_non_null(strstr(ctx->diag.first->help, rows[i].help));
    }
    provider_link_close(l);
    provider_set_close(&set);
    diag_drop(ctx, mark);
  }
}

/* What a product adds to is kept for generated code: without memory for that nobody is called. */
static void test_what_cannot_be_kept_is_not_risked(void **state) {
  loom_ctx *ctx = *state;
  const provider_options o = {.fallback = true};
  provider *p = adopt(ctx, NOTHING);
  provider_set set = {.o = &o};
  vec_push(&ctx->mem, &set.all, p);
  vec_push(&ctx->mem, &set.offered, ((provider_target){p, NULL}));
  provider_link *l = provider_link_new(&ctx->mem);
  assert_int_equal(provider_link_bind(ctx, l, &set, ACCUMULATE), LOOM_OK);
  float a[] = {1, 2, 3, 4}, c[] = {5, 5, 5, 5};
  const int64_t args[] = {(int64_t)(uintptr_t)a, 0, 2, 2, 2, 1, (int64_t)(uintptr_t)a, 0, 2, 2, 2, 1, (int64_t)(uintptr_t)c, 0, 2, 2, 2, 1};
  alloc_fail_at(1, 1);
  assert_int_equal(loom_kernel_offer(l, 0, args), 1);
  alloc_fail_at(0, 0);
  assert_non_null(strstr(data_get(provider_link_report(&ctx->mem, l)->items[0], "note")->string, "no memory for its workspace"));
  assert_true(c[0] == 5 && c[3] == 5);
  provider_link_close(l);
  provider_set_close(&set);
}

static void test_packed_imports_are_judged(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *site, *requires; int status; bool fallback; int32_t result; const char *says, *help; } rows[] = {
      {IMPORT("optional"), NULL, 0, false, 0, NULL, NULL},
      {IMPORT("optional"), NULL, 5, false, 0, "failed at 'f': not found (status 5)", "--on-kernel-error=fallback"}, {IMPORT("optional"), NULL, 99, false, 0, "unknown (status 2)", "--on-kernel-error=fallback"},
      {IMPORT("optional"), NULL, -3, false, 0, "unknown (status 2)", "--on-kernel-error=fallback"}, {IMPORT("optional"), NULL, 5, true, 1, NULL, NULL},
      {IMPORT("required"), NULL, 5, true, 0, "failed at 'f'", "there is no generated code to fall back on"},
      {IMPORT("optional"), "f", 5, true, 0, "failed at 'f'", "there is no generated code to fall back on"},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const diag_mark mark = diag_save(ctx);
    const provider_options o = {.requires = &rows[i].requires, .n_requires = rows[i].requires != NULL, .fallback = rows[i].fallback};
    provider *p = adopt(ctx, RESOLVES);
    provider_set set = {.o = &o};
    vec_push(&ctx->mem, &set.all, p);
    vec_push(&ctx->mem, &set.offered, ((provider_target){p, NULL}));
    provider_link *l = provider_link_new(&ctx->mem);
    assert_int_equal(provider_link_bind(ctx, l, &set, rows[i].site), LOOM_OK);
    int (*function)(void *, void *, void *) = packed;
    memcpy(&l->entries.at[0].function.address, &function, sizeof function);
    l->entries.at[0].function.is_packed = true;
    packed_status = rows[i].status;
    assert_int_equal(loom_kernel_kind(l, 0), 2);
    assert_non_null(loom_kernel_function(l, 0));
    assert_int_equal(loom_kernel_packed(l, 0, NULL), rows[i].result);
    assert_int_equal(provider_link_verdict(ctx, l), rows[i].says ? LOOM_EPROVIDER : LOOM_OK);
    if (rows[i].says) {
      testing_expect_error(ctx, LOOM_EPROVIDER, rows[i].says, 1, 1);
      assert_non_null(strstr(ctx->diag.first->help, rows[i].help));
      assert_int_equal(loom_kernel_packed(l, 0, NULL), 0);      /* nothing is called any more */
    }
    provider_link_close(l);
    provider_set_close(&set);
    diag_drop(ctx, mark);
  }
}

static void *resolve_packed(void *self, const iree_resolve_params *params, uint32_t *out_resolution) {
  int (*function)(void *, void *, void *) = packed;
  *out_resolution = 0;
  if (self)
    memcpy(&params->out_functions[0], &function, sizeof function);
  return strcmp(params->symbol_names[0], "f") == 0 ? NULL : (void *)(uintptr_t)IREE_STATUS_NOT_FOUND;
}

/* Products by a plugin's function: its status, or that it is none; a function that a table names and does not give is not there. */
static void test_functions_of_plugins_are_called(void **state) {
  (void)state;
  static const struct { const char *symbol; bool gives; int status; loom_kernel_status is; } rows[] = {
      {"f", true, 0, LOOM_KERNEL_OK}, {"f", true, 5, LOOM_KERNEL_NOT_FOUND}, {"f", true, 99, LOOM_KERNEL_UNKNOWN}, {"f", true, -3, LOOM_KERNEL_UNKNOWN}, {"f", false, 0, LOOM_KERNEL_NOT_FOUND}, {"g", true, 0, LOOM_KERNEL_NOT_FOUND}};
  const iree_plugin plugin_table = {.resolve = resolve_packed};
  float a[4] = {0}, c[4];
  const int64_t sizes[] = {2, 2}, strides[] = {2, 1};
  const loom_kernel_dtype f32 = {LOOM_KERNEL_FLOAT, 32, 1};
  const loom_kernel_tensor_v1 in = {.aligned = a, .rank = 2, .dtype = f32, .sizes = sizes, .strides = strides}, out = {.aligned = c, .rank = 2, .dtype = f32, .sizes = sizes, .strides = strides};
  const loom_kernel_tensor_v1 *const tensors[] = {&in, &in, &out};
  const loom_kernel_call_v1 call = {.mode = LOOM_KERNEL_OVERWRITE, .n_tensors = 3, .tensors = tensors};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    provider p = {.name = "plugin", .style = PROVIDER_IREE, .iree = &plugin_table, .self = rows[i].gives ? a : NULL};
    const provider_target t = {&p, rows[i].symbol};
    char why[PROVIDER_WHY_BYTES];
    packed_status = rows[i].status;
    if (provider_call(&t, &call, why) != rows[i].is)
      fail_msg("row %zu", i);
    assert_true(provider_score(&t, &call) == 0 && provider_workspace(&t, &call) == 0);
    assert_int_equal(provider_supports(&t, &call, NULL), rows[i].gives && *rows[i].symbol == 'f');
  }
  provider plain = {.name = "plain", .loom = {TABLE}};
  assert_true(provider_score(&(provider_target){&plain, NULL}, &call) == 0 && provider_workspace(&(provider_target){&plain, NULL}, &call) == 0);
}

/* ---- the table of an object, and places ---- */

static void test_places_and_tables_of_sites(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *sites, *says; int line, col; } rows[] = {
      {"import\tg\trequired\tx.mlir:7:9\n", "1 function of the module is in no kernel provider: g", 7, 9},
      {"import\tg\trequired\tx.mlir:7:9", "1 function of the module is in no kernel provider: g", 7, 9},
      {"import\tg\trequired\tx.mlir:7:x\nimport\th\trequired\t\nimport\tk\toptional\t\n", "2 functions of the module are in no kernel provider: g, h", 7, 0},
      {"import\tg\trequired\tx.mlir:y:9\n", "in no kernel provider: g", 0, 9}, {"import\tg\trequired\t7:9\n", "in no kernel provider: g", 0, 0}, {"import\tg\trequired\tnowhere\n", "in no kernel provider: g", 0, 0},
      {"import\tg\trequired\tknown.mlir:2:3\n", "in no kernel provider: g", 2, 3},
      {"a\tb\tc\td\te\tf\tg\n", "damaged", 0, 0}, {"offer\tlinalg.matmul\toverwrite\t2x2,2x2,2x2\t\n", "damaged", 0, 0}, {"offer\tlinalg.matmul(f32,f32)->f32x\toverwrite\t2x2,2x2,2x2\t\n", "damaged", 0, 0},
      {"offer\tlinalg.matmul(f32,f32)->f32)\toverwrite\t2x2,2x2,2x2\t\n", "damaged", 0, 0}, {"offer\tlinalg.matmul(f32,f32,f32)->f32\toverwrite\t2x2,2x2,2x2\t\n", "damaged", 0, 0},
      {"offer\tlinalg.matmul(f32)f32)->f32\toverwrite\t2x2,2x2,2x2\t\n", "damaged", 0, 0},
  };
  (void)diag_add_source(ctx, "known.mlir", "one\ntwo\n", 8);
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const diag_mark mark = diag_save(ctx);
    const provider_options o = {0};
    const provider_set set = {.o = &o};
    provider_link *l = provider_link_new(&ctx->mem);
    const loom_status st = provider_link_bind(ctx, l, &set, rows[i].sites);
    if (st == LOOM_OK || !strstr(ctx->diag.first->text, rows[i].says) || ctx->diag.first->span.line != rows[i].line || ctx->diag.first->span.col != rows[i].col)
      fail_msg("row %zu: %s at %d:%d", i, ctx->diag.first ? ctx->diag.first->text : "", ctx->diag.first ? ctx->diag.first->span.line : 0, ctx->diag.first ? ctx->diag.first->span.col : 0);
    diag_drop(ctx, mark);
  }
  const provider_options o = {0};
  const provider_set set = {.o = &o};
  provider_link *l = provider_link_new(&ctx->mem);
  assert_int_equal(provider_link_bind(ctx, l, &set, NULL), LOOM_OK);
  assert_null(provider_link_report(&ctx->mem, l));
}

static void test_what_is_required_names_what_there_is(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *sites, *pattern, *help; } rows[] = {{OVERWRITE, "linalg.matmul(f32,f32)->f3", "did you mean 'linalg.matmul(f32,f32)->f32'?"}, {OVERWRITE, "quite.another", "it has 'linalg.matmul(f32,f32)->f32'"},
                                                                        {"", "quite.another", "whole matrix products can be"}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const diag_mark mark = diag_save(ctx);
    const provider_options o = {.requires = &rows[i].pattern, .n_requires = 1};
    const provider_set set = {.o = &o};
    provider_link *l = provider_link_new(&ctx->mem);
    assert_int_equal(provider_link_bind(ctx, l, &set, rows[i].sites), LOOM_EPROVIDER);
    assert_string_equal(ctx->diag.first->help, rows[i].help);
    assert_true(provider_set_requires(&set, rows[i].pattern, LOOM_KERNEL_OVERWRITE) && !provider_set_requires(&set, "other", LOOM_KERNEL_OVERWRITE));
    diag_drop(ctx, mark);
  }
}

/* ---- sets ---- */

/* Unit tests are in build/unit, the libraries in build/test-providers. */
static const char *plugin(loom_ctx *ctx, const char *name) {
  char self[4096];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  self[n > 0 ? n : 0] = 0;
  return file_join(&ctx->mem, file_dirname(&ctx->mem, file_dirname(&ctx->mem, self)), arena_printf(&ctx->mem, "test-providers/%s.so", name));
}

static void test_options_that_make_no_set(void **state) {
  loom_ctx *ctx = *state;
  static const struct { const char *name, *map; loom_status status; const char *says, *help; } rows[] = {      /* @: the path of a library that has my_matmul_kernel */
      {NULL, "linalg.matmul", LOOM_EUSAGE, "'linalg.matmul' is not KEY=PROVIDER", NULL}, {NULL, "=x", LOOM_EUSAGE, "'=x' is not KEY=PROVIDER", NULL}, {NULL, "linalg.matmul=", LOOM_EUSAGE, "is not KEY=PROVIDER", NULL},
      {"no such thing", NULL, LOOM_EPROVIDER, "there is no kernel provider 'no such thing'", ""}, {"", NULL, LOOM_EPROVIDER, "there is no kernel provider ''", ""}, {"gone.so", NULL, LOOM_EPROVIDER, "cannot be opened", NULL},
      {NULL, "linalg.matmul=:f", LOOM_EPROVIDER, "there is no kernel provider ':f'", NULL}, {NULL, "linalg.matmul=nobody:", LOOM_EPROVIDER, "there is no kernel provider 'nobody:'", NULL},
      {"@", "linalg.matmul=@:my_matmul_kernal", LOOM_EPROVIDER, "the provider 'bare' has no function 'my_matmul_kernal'", "did you mean 'my_matmul_kernel'?"},
      {"@", "linalg.matmul=@:zzzzzzzzzz", LOOM_EPROVIDER, "has no function 'zzzzzzzzzz'", "name a function that it exports"},
      {"@", "linalg.matmul=bare:my_matmul_kernel", LOOM_OK, NULL, NULL}, {NULL, "linalg.matmul=@:my_matmul_kernel", LOOM_OK, NULL, NULL}, {"@", NULL, LOOM_OK, NULL, NULL}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const diag_mark mark = diag_save(ctx);
    const char *bare = plugin(ctx, "bare"), *at = rows[i].map ? strchr(rows[i].map, '@') : NULL, *map = at ? arena_printf(&ctx->mem, "%.*s%s%s", (int)(at - rows[i].map), rows[i].map, bare, at + 1) : rows[i].map;
    const char *name = rows[i].name && *rows[i].name == '@' ? bare : rows[i].name;
    const provider_options o = {.names = &name, .n_names = name != NULL, .maps = &map, .n_maps = map != NULL, .threads = i % 2 ? 2 : 0};
    provider_set set;
    const loom_status st = provider_set_open(ctx, &o, &set);
    const diag_item *d = ctx->diag.first;
    if (st != rows[i].status || (st != LOOM_OK && !strstr(d->text, rows[i].says)) || (rows[i].help && !strstr(d->help, rows[i].help)))
      fail_msg("row %zu: status %d: %s (%s)", i, (int)st, d ? d->text : "", d && d->help ? d->help : "");
    assert_true(provider_options_any(&o) && set.host.max_threads >= 1);
    if (st == LOOM_OK && map) {      /* the rule is for that key alone */
      provider_function f;
      provider *by;
      assert_int_equal(provider_set_resolve(&set, "linalg.matmul", &f, &by), true);
      assert_string_equal(by->name, "bare");
      assert_false(provider_set_resolve(&set, "linalg.batch_matmul", &f, &by));
    }
    provider_set_close(&set);
    diag_drop(ctx, mark);
  }
  const char *required = "k";
  assert_false(provider_options_any(&(provider_options){0}));
  assert_true(provider_options_any(&(provider_options){.requires = &required, .n_requires = 1}));
}

static void test_keys_match_patterns(void **state) {
  (void)state;
  static const struct { const char *pattern, *key; uint32_t mode; bool is; } rows[] = {
      {"linalg.matmul", "linalg.matmul", LOOM_KERNEL_OVERWRITE, true}, {"linalg.matmul", "linalg.matmul(f32,f32)->f32", LOOM_KERNEL_OVERWRITE, true}, {"linalg.matmul", "linalg.matmul2(f32,f32)->f32", LOOM_KERNEL_OVERWRITE, false},
      {"linalg.matmul+accumulate", "linalg.matmul", LOOM_KERNEL_OVERWRITE, false}, {"linalg.matmul+accumulate", "linalg.matmul", LOOM_KERNEL_ACCUMULATE, true}, {"linalg.matmul+overwrite", "linalg.matmul", LOOM_KERNEL_OVERWRITE, true},
      {"linalg.matmul+other", "linalg.matmul", LOOM_KERNEL_OVERWRITE, false}, {"linalg.matmul+other", "linalg.matmul+other", LOOM_KERNEL_OVERWRITE, true}, {"linalg.x", "linalg.matmul", LOOM_KERNEL_OVERWRITE, false}};
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    if (provider_key_matches(rows[i].pattern, rows[i].key, rows[i].mode) != rows[i].is)
      fail_msg("row %zu", i);
}

int main(void) {
#define T(t) cmocka_unit_test_setup_teardown(t, testing_open_context, testing_close_context)
  const struct CMUnitTest tests[] = {T(test_tables_that_are_taken_and_refused), T(test_statuses_have_names), T(test_parallel_loops_visit_everything_once), T(test_the_suite_says_what_is_wrong),
                                     T(test_a_product_by_definition_passes_the_suite), T(test_a_suite_without_memory_skips), T(test_functions_by_name_are_of_f32), T(test_calls_are_judged), T(test_what_cannot_be_kept_is_not_risked), T(test_functions_of_plugins_are_called), T(test_packed_imports_are_judged),
                                     T(test_places_and_tables_of_sites), T(test_what_is_required_names_what_there_is), T(test_options_that_make_no_set), T(test_keys_match_patterns)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
