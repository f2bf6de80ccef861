/* Published optima of generation 1 (loom.md 3.5), reached from files of the published constants in the published form: flat variants, a Parallel that is
 * an object, sizes bounded by hard constraints only. */
#include "base/testing.h"
#include "base/text.h"
#include "solve/solve.h"

static const solve_options free_choice = {.model = MODEL_UPSTREAM, .assigned_double_buffer = -1};

/* ---- expressions as text ---- */

static arena *mem;

static const char *num(int64_t v) { return arena_printf(mem, "{\"Const\":%" PRId64 "}", v); }
static const char *sym(const char *name) { return arena_printf(mem, "{\"Sym\":\"%s\"}", name); }
static const char *pair(const char *op, const char *a, const char *b) { return arena_printf(mem, "{\"%s\":[%s,%s]}", op, a, b); }
static const char *mul(const char *a, const char *b) { return pair("Mul", a, b); }

/* fixed + volume / throughput */
static const char *simple(int64_t fixed, const char *volume, const char *throughput) { return pair("Add", num(fixed), pair("Div", volume, throughput)); }

static const char *scenario(const char *guard, const char *cost) {
  return arena_printf(mem, "{\"constraints\":%s,\"time_cost\":{\"Concrete\":%s}}", guard, cost);
}

static const char *call(const char *name, const char *scenarios) {
  return arena_printf(mem, "{\"Func\":{\"func\":{\"name\":\"%s\",\"symbols\":[],\"sym_map\":{\"entries\":[]}},\"scenarios\":[%s]}}", name, scenarios);
}

static const char *scope(const char *key, const char *name, const char *calls) {
  return arena_printf(mem, "\"%s\":{\"scope_name\":\"%s\",\"stages\":[{\"stage_id\":2,\"Parallel\":{\"Sequential\":{\"scenarios\":[],\"schedules\":[%s]}}}]}", key, name, calls);
}

static const char *divides(const char *by, int64_t extent) {
  return arena_printf(mem, "{\"Ge\":[%s,{\"Const\":1}]},{\"Divisible\":{\"by\":%s,\"x\":%s}}", pair("Div", num(extent), by), by, num(extent));
}

/* ---- 4096 x 4096 x 256 on 8 x 8: 100 + MNK/1024 if M = N, else 100 + MNK/716; capacity 1,499,136 B for 2 or 4 bytes an element of A, B and C ---- */

enum { UNICAST, ALONG_ONE, ALONG_BOTH };

static const char *load(const char *elems, int sharing) {
  static const int64_t fixed[] = {454, 586, 344}, rate[] = {15, 18, 28};
  return call("load", scenario("\"True\"", simple(fixed[sharing], mul(elems, num(2)), num(rate[sharing]))));
}

static const char *matmul(const char *m, const char *n, const char *k) {
  const char *mn = mul(m, n), *mnk = mul(mn, k), *large = pair("Ge", mn, num(8192)), *small = pair("Lt", mn, num(8192)), *waves = pair("Div", mn, num(8192));
  text t = text_new(mem);
  for (int square = 1; square >= 0; square--)
    for (int is_large = 1; is_large >= 0; is_large--) {
      int64_t rate = square ? 1024 : 716;
      const char *guard = pair("And", is_large ? large : small, pair(square ? "Eq" : "Ne", m, n));
      text_addf(&t, "%s%s", t.size ? "," : "", scenario(guard, simple(100, mnk, is_large ? num(rate) : mul(waves, num(rate)))));
    }
  return call("matmul_f16", text_str(&t));
}

typedef struct point { const char *name; int64_t cost, m, n, k; } point;

static const char *variant(const char *name, int64_t cores_m, int64_t cores_n, int load_a, int load_b) {
  const char *m = sym("tile_m"), *n = sym("tile_n"), *k = sym("tile_k");
  const char *by_m = cores_m > 1 ? mul(m, num(cores_m)) : m, *by_n = cores_n > 1 ? mul(n, num(cores_n)) : n;
  const char *a = mul(m, k), *b = mul(k, n), *c = mul(m, n), *elems = pair("Add", pair("Add", b, a), c);
  const char *width = "{\"IfElse\":{\"cond\":{\"Eq\":[{\"Sym\":\"is_double_buffer\"},{\"Const\":1}]},\"then_expr\":{\"Const\":4},\"else_expr\":{\"Const\":2}}}";
  return arena_printf(mem,
                      "{\"variant_name\":\"%s\",%s,%s,\"constraint_scope\":{\"hard_constraints\":[%s,%s,%s,{\"Le\":[%s,{\"Const\":1499136}]}],"
                      "\"metadata\":{\"datatype\":\"f16\",\"booleans\":[\"is_double_buffer\"],\"symbols\":{\"tile_k\":\"int\",\"tile_n\":\"int\",\"tile_m\":\"int\"},"
                      "\"L1_footprint\":[%s,%s,%s],\"iter_num\":{\"temp_iter\":[%s,%s],\"seq_iter\":%s}}}}",
                      name, scope("compute_scope", "ComputeScope", matmul(m, n, k)),
                      scope("memory_scope", "MemoryScope", arena_printf(mem, "%s,%s", load(a, load_a), load(b, load_b))), divides(k, 256), divides(by_n, 4096),
                      divides(by_m, 4096), mul(elems, width), b, a, c, pair("Div", num(4096), by_n), pair("Div", num(4096), by_m), pair("Div", num(256), k));
}

/* What a label says of each load: "n" alone, "dim_x" or "dim_y" along one dim, "a" along both. */
static int sharing_of(const char *label) { return text_eq(label, "n") ? UNICAST : text_eq(label, "a") ? ALONG_BOTH : ALONG_ONE; }

/* The 48 names of the published list: mapping, order, labels of A and B. */
static const struct { const char *map; int cores_m, cores_n; const char *labels[4][2]; } mappings[] = {
    {"d0i0_d1i0", 64, 1, {{"n", "n"}, {"n", "dim_y"}, {"n", "dim_x"}, {"n", "a"}}},
    {"d1i0_d0i0", 64, 1, {{"n", "n"}, {"n", "dim_y"}, {"n", "dim_x"}, {"n", "a"}}},
    {"d0i0_d1i1", 8, 8, {{"n", "n"}, {"n", "dim_y"}, {"dim_x", "n"}, {"dim_x", "dim_y"}}},
    {"d1i0_d0i1", 8, 8, {{"n", "n"}, {"n", "dim_x"}, {"dim_y", "n"}, {"dim_y", "dim_x"}}},
    {"d0i1_d1i1", 1, 64, {{"n", "n"}, {"dim_y", "n"}, {"dim_x", "n"}, {"a", "n"}}},
    {"d1i1_d0i1", 1, 64, {{"n", "n"}, {"dim_y", "n"}, {"dim_x", "n"}, {"a", "n"}}},
};

static const char *published_list(void) {
  text t = text_new(mem);
  text_add(&t, "[");
  for (size_t i = 0; i < COUNT_OF(mappings); i++)
    for (int order = 0; order < 2; order++)
      for (int l = 0; l < 4; l++) {
        const char *a = mappings[i].labels[l][0], *b = mappings[i].labels[l][1];
        const char *name = arena_printf(mem, "_matmul__%s__%s__%s_%s_n", mappings[i].map, order ? "f10" : "f01", a, b);
        text_addf(&t, "%s%s", t.size > 1 ? "," : "", variant(name, mappings[i].cores_m, mappings[i].cores_n, sharing_of(a), sharing_of(b)));
      }
  text_add(&t, "]");
  return text_str(&t);
}

/* Warnings are told, never failures. */
static data_value *solved(loom_ctx *ctx, const char *json) {
  data_value *v, *got;
  assert_int_equal(data_read_json(ctx, "etg.json", json, strlen(json), &v), LOOM_OK);
  assert_int_equal(solve_etg(ctx, v, NULL, &free_choice, &got), LOOM_OK);
  return data_get(got, "variants");
}

static int64_t size_of(const data_value *row, const char *symbol) { return data_get(data_get(row, "block_sizes"), symbol)->integer; }

/* loom.md 3.5: 48 variants, four distinct optima, all with double buffers. */
static void test_the_published_optima_of_all_variants(void **state) {
  (void)state;
  static const struct { int64_t cost, more, less, k; int expected; } optima[] = {
      {151456, 2048, 64, 64, 8}, {129208, 2048, 64, 64, 16}, {94128, 1024, 64, 256, 8}, {65936, 512, 512, 64, 16}};
  int count[COUNT_OF(optima)] = {0};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  mem = &ctx.mem;
  data_value *rows = solved(&ctx, published_list());
  assert_int_equal(rows->n, 48);
  for (size_t i = 0; i < rows->n; i++) {
    const data_value *r = rows->items[i];
    const char *name = data_get(r, "name")->string;
    bool on_n = strstr(name, "__d0i1_d1i1__") || strstr(name, "__d1i1_d0i1__");      /* mirror images of the rows on M */
    size_t o = 0;
    while (o < COUNT_OF(optima) && optima[o].cost != data_get(r, "cost")->integer)
      o++;
    if (o == COUNT_OF(optima))
      fail_msg("%s: %" PRId64 " is not published", name, data_get(r, "cost")->integer);
    count[o]++;
    assert_string_equal(data_get(r, "status")->string, "optimal");
    assert_int_equal(size_of(r, "tile_m"), on_n ? optima[o].more : optima[o].less);
    assert_int_equal(size_of(r, "tile_n"), on_n ? optima[o].less : optima[o].more);
    assert_int_equal(size_of(r, "tile_k"), optima[o].k);
    assert_int_equal(data_get(data_get(r, "booleans"), MODEL_DOUBLE_BUFFER)->integer, 1);
  }
  for (size_t o = 0; o < COUNT_OF(optima); o++)
    assert_int_equal(count[o], optima[o].expected);
  loom_ctx_done(&ctx);
}

/* The list before it: no choice of buffers, no capacity, guards that overlap where M*N = 8192, loads of one cycle each. */
static void test_the_published_optimum_without_buffers(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  mem = &ctx.mem;
  const char *m = sym("block_size_0"), *n = sym("block_size_1"), *k = sym("block_size_2"), *mn = mul(m, n), *by_m = mul(m, num(64));
  const char *large = scenario(pair("Ge", mn, num(8192)), simple(1, mul(mn, k), num(1024)));
  const char *small = scenario(pair("Le", mn, num(8192)), simple(1, mul(mn, k), mul(pair("Div", mn, num(8192)), num(1024))));
  const char *one = call("d", scenario("\"True\"", num(1)));
  const char *json = arena_printf(mem,
                                  "[{\"variant_name\":\"_matmul__d0i0_d1i0__f01__d_d\",%s,%s,\"constraint_scope\":{\"hard_constraints\":[%s,%s,%s],\"metadata\":{\"datatype\":\"f16\","
                                  "\"symbols\":{\"block_size_2\":\"int\",\"block_size_1\":\"int\",\"block_size_0\":\"int\"},\"L1_footprint\":[],"
                                  "\"iter_num\":{\"temp_iter\":[%s,%s],\"seq_iter\":%s}}}}]",
                                  scope("compute_scope", "ComputeScope", call("matmul_f16", arena_printf(mem, "%s,%s", large, small))),
                                  scope("memory_scope", "MemoryScope", arena_printf(mem, "%s,%s,%s,%s", one, one, one, one)), divides(k, 512), divides(n, 4096), divides(by_m, 4096),
                                  pair("Div", num(4096), n), pair("Div", num(4096), by_m), pair("Div", num(512), k));
  const data_value *r = solved(&ctx, json)->items[0];
  assert_int_equal(data_get(r, "cost")->integer, 1 + 64 * 4096 * 512 / 1024);      /* published: 131,073 */
  assert_int_equal(size_of(r, "block_size_0"), 64);
  assert_int_equal(size_of(r, "block_size_1"), 4096);
  assert_int_equal(size_of(r, "block_size_2"), 512);
  assert_int_equal(ctx.diag.warnings, 1);
  assert_string_equal(ctx.diag.first->text, "scenarios 1 and 2 of 'matmul_f16' overlap, for example at block_size_1 = 256, block_size_0 = 32");
  assert_int_equal(data_get(r, "points")->integer, 2 * 128 * 16);      /* one symbol each: 32 or 64; multiples of 32 to 4096 and to 512 */
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_published_optima_of_all_variants),
      cmocka_unit_test(test_the_published_optimum_without_buffers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
