/* Every small edit of the documents that kernels become, kernel graphs and Device IR, is refused or read (base/testing_data.h has the oracle); a graph
 * that is read fits together: it verifies, what it prints reads back, the interpreter runs it or says why not, and when kernel_same takes it for the
 * graph that was edited, the two give the same bits for the same arguments. */
#include "base/file.h"
#include "base/testing_data.h"
#include "frontend/device_ir/device_ir.h"
#include "kernel/interp.h"
#include "kernel/kernel_product.h"
#include "kernel/kernel_same.h"

#define SEEDS LOOM_SOURCE_DIR "/tests/fuzz/seeds/"

/* Kernels with every kind of operation between them; their first lines say the sizes ("# options: function=f x.0=5 ids~i64 seed:=3 dtype=f32"). */
static const char *const seeds[] = {"attention", "branches", "epilogue", "gathers", "host_math", "integers", "jagged_mean", "matmul_helion", "matmul_split_k", "nominal_accumulator",
                                    "random_numbers", "read_after_write", "scans", "scatter", "shapes", "softmax", "steps", "transposed_copy", "tunables", "views"};

static void read_options(arena *m, const char *code, helion_options *o) {
  enum { MOST = 24 };
  helion_shape *shapes = ARENA_NEW_N(m, helion_shape, MOST);
  helion_given *given = ARENA_NEW_N(m, helion_given, MOST);
  char *line = arena_strndup(m, code, strcspn(code, "\n")), *rest;
  *o = (helion_options){.has_dtype = true, .dtype = DTYPE_F32, .shapes = shapes, .given = given};
  for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
    char *type = strchr(word, '~'), *argument = strstr(word, ":="), *equals = strchr(word, '=');
    assert_true(o->n_shapes < MOST && o->n_given < MOST);
    if (type || argument || equals)
      *(type ? type : argument ? argument : equals) = '\0';
    if (type) {
      given[o->n_given] = (helion_given){.name = word, .kind = HELION_GIVEN_DTYPE};
      assert_true(dtype_parse(type + 1, &given[o->n_given++].type));
    } else if (argument) {
      given[o->n_given++] = helion_parse_given(m, word, argument + 2);
    } else if (equals && strcmp(word, "function") == 0) {
      o->function = equals + 1;
    } else if (equals && strcmp(word, "dtype") == 0) {
      assert_true(dtype_parse(equals + 1, &o->dtype));
    } else if (equals) {
      shapes[o->n_shapes++] = (helion_shape){word, strtoll(equals + 1, NULL, 10)};
    }
  }
}

static kernel_graph *graph_of(loom_ctx *ctx, const char *name) {
  char *code;
  size_t size;
  syn_node *tree;
  kernel_graph *k;
  helion_options o;
  assert_int_equal(file_read(ctx, arena_printf(&ctx->mem, SEEDS "%s.py", name), 1 << 20, &code, &size), LOOM_OK);
  read_options(&ctx->mem, code, &o);
  if (python_parse(ctx, name, code, size, &tree) != LOOM_OK || helion_read(ctx, tree, &o, &k) != LOOM_OK)
    fail_msg("%s: %s", name, ctx->diag.first->text);
  return k;
}

/* ---- graphs ---- */
enum { OPS_MAX = 30000 };
static const kernel_graph *original;      /* of the edits */
static interp_tensor *original_arguments, *original_result;    /* result NULL: it does not run on the arguments that are made up for it */

static bool is_small_type(loom_ctx *ctx, const kernel_graph *k, const kernel_type *t) {
  int64_t elems = 1, n;
  for (int d = 0; d < t->rank; d++)
    if (kernel_size(ctx, k, t->dim[d], NULL, 0, &n) == LOOM_OK && (n < 0 || __builtin_mul_overflow(elems, n, &elems) || elems > OPS_MAX))
      return false;
  return true;
}

/* Whole blocks and whole tensors fit into little memory. */
static bool is_small(loom_ctx *ctx, const kernel_graph *k) {
  diag_mark before = diag_save(ctx);
  bool small = true;
  for (size_t i = 0; i < k->tensors.n && small; i++)
    small = is_small_type(ctx, k, &k->tensors.at[i].shape);
  for (size_t i = 0; i < k->values.n && small; i++)
    small = is_small_type(ctx, k, &k->values.at[i].type);
  for (size_t i = 0; i < k->symbols.n && small; i++)
    small = k->symbols.at[i].value <= OPS_MAX;
  diag_drop(ctx, before);
  return small;
}

static loom_status make_arguments(loom_ctx *ctx, const kernel_graph *k, interp_tensor **out) {
  interp_tensor *t = *out = ARENA_NEW_N(&ctx->mem, interp_tensor, k->tensors.n + 1);
  memset(t, 0, (k->tensors.n + 1) * sizeof *t);
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].role == KERNEL_ARG)
      LOOM_TRY(interp_make_input(ctx, k, (kernel_tensor)i, 1, true, &t[i]));
  return LOOM_OK;
}

/* Runs k on arguments that are made up, or, where `partner` has one, on those of the original.  NULL: a failure, which is said in words. */
static interp_tensor *run(loom_ctx *ctx, const kernel_graph *k, const kernel_tensor *partner) {
  interp_tensor *t;
  if (!is_small(ctx, k))
    return NULL;
  diag_mark before = diag_save(ctx);
  loom_status st = make_arguments(ctx, k, &t);
  for (size_t i = 0; partner && i < original->tensors.n && st == LOOM_OK; i++) {
    const interp_tensor *given = &original_arguments[i];
    if (partner[i] >= 0 && given->value && t[partner[i]].elems == given->elems)
      memcpy(t[partner[i]].value, given->value, (size_t)given->elems * sizeof *given->value);
  }
  if (st == LOOM_OK)
    st = interp_run(ctx, k, t, &(interp_options){.exact = true, .op_budget = OPS_MAX});
  if ((st == LOOM_OK) != (ctx->diag.errors == before.errors) || st == LOOM_EBUG)
    fail_msg("the interpreter: status %d, %s", (int)st, ctx->diag.errors > before.errors ? "with words" : "without a word");
  diag_drop(ctx, before);
  return st == LOOM_OK ? t : NULL;
}

static void check_same_results(arena *mem, const kernel_graph *k, const interp_tensor *t) {
  for (size_t i = 0; i < k->returns.n; i++) {
    if (k->returns.at[i] < 0 || k->tensors.at[k->returns.at[i]].role == KERNEL_VIEW)   /* None; a view shows what other entries hold */
      continue;
    const interp_tensor *x = &t[k->returns.at[i]], *y = &original_result[original->returns.at[i]];
    if (x->elems != y->elems || (x->value && y->value && memcmp(x->value, y->value, (size_t)x->elems * sizeof *x->value) != 0))
      fail_msg("taken for the same graph, with other results\n%s\n%s", kernel_print(mem, k), kernel_print(mem, original));
  }
}

static void compare(loom_ctx *ctx, const kernel_graph *k) {
  kernel_tensor *partner = ARENA_NEW_N(&ctx->mem, kernel_tensor, original->tensors.n + 1);
  const char *why = NULL, *back = NULL;
  for (int loose = 0; loose < 2; loose++) {
    bool same = kernel_same(&ctx->mem, original, k, loose, &why, partner);
    if (!same && (!why || !*why))
      fail_msg("another graph, and no word why");
    if (!loose && same != kernel_same(&ctx->mem, k, original, false, &back, NULL))
      fail_msg("the same one way only: %s", same ? back : why);
    const interp_tensor *t = run(ctx, k, same && !loose ? partner : NULL);
    if (same && !loose && t && original_result)
      check_same_results(&ctx->mem, k, t);
  }
}

/* As Device IR, which the writer reads back and compares, or it says what has no form there. */
static void check_written(loom_ctx *ctx, const kernel_graph *k) {
  const char *dump;
  diag_mark before = diag_save(ctx);
  loom_status st = device_ir_write(ctx, k, &dump);
  bool is_told = st == LOOM_EUNSUP && ctx->diag.errors > before.errors;
  if (st != LOOM_OK && !is_told)
    fail_msg("Device IR: status %d, %s\n%s", (int)st, ctx->diag.first ? ctx->diag.first->text : "", kernel_print(&ctx->mem, k));
  diag_drop(ctx, before);
}

static loom_status read_graph(loom_ctx *ctx, const data_value *v) {
  kernel_graph *k, *again;
  LOOM_TRY(kernel_from_data(ctx, v, &k));
  assert_int_equal(kernel_verify(ctx, k), LOOM_OK);
  assert_true(strstr(kernel_print(&ctx->mem, k), k->name) != NULL);
  if (kernel_from_data(ctx, kernel_to_data(&ctx->mem, k), &again) != LOOM_OK)
    fail_msg("does not read back: %s", ctx->diag.first->text);
  if (!kernel_same(&ctx->mem, k, again, false, NULL, NULL))
    fail_msg("reads back as another graph");
  compare(ctx, k);
  check_written(ctx, k);
  return LOOM_OK;
}

/* ---- Device IR ---- */
static loom_status read_dump(loom_ctx *ctx, const data_value *v) {
  kernel_graph *k;
  const char *json = data_write_json(&ctx->mem, v, 0);
  LOOM_TRY(device_ir_read(ctx, "dump.json", json, strlen(json), NULL, &k));
  assert_int_equal(kernel_verify(ctx, k), LOOM_OK);
  return LOOM_OK;
}

/* Members that stand in several documents are edited in the first. */
static void edit_all(testing_reader read, bool as_dump, int *edits) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  testing_edits e = {.read = read, .m = &ctx.mem, .silent = ""};
  for (size_t i = 0; i < COUNT_OF(seeds); i++) {
    kernel_graph *k = graph_of(&ctx, seeds[i]);
    const char *dump = NULL;
    if (as_dump && device_ir_write(&ctx, k, &dump) != LOOM_OK)
      fail_msg("%s: %s", seeds[i], ctx.diag.first->text);
    original = k;
    assert_int_equal(make_arguments(&ctx, k, &original_arguments), LOOM_OK);
    original_result = run(&ctx, k, NULL);
    e.whole = kernel_to_data(&ctx.mem, k);
    if (as_dump)
      assert_int_equal(data_read_json(&ctx, "dump.json", dump, strlen(dump), &e.whole), LOOM_OK);
    assert_true(testing_edit_is_read(&e, seeds[i]));
    testing_edit_tree(&e, e.whole, NULL, "");
  }
  *edits = e.refused + e.read_ok;
  assert_true(e.refused > e.read_ok && e.read_ok > (int)COUNT_OF(seeds));
  loom_ctx_done(&ctx);
}

static void test_an_edit_of_a_kernel_graph_is_refused_or_read(void **state) {
  (void)state;
  int edits;
  edit_all(read_graph, false, &edits);
  assert_true(edits > 2000);
}

static void test_an_edit_of_device_ir_is_refused_or_read(void **state) {
  (void)state;
  int edits;
  edit_all(read_dump, true, &edits);
  assert_true(edits > 500);
}

/* ---- memory ---- */
static loom_status read_and_write(loom_ctx *ctx, void *v) {
  kernel_graph *k, *again;
  LOOM_TRY(kernel_from_data(ctx, v, &k));
  kernel_print(&ctx->mem, k);
  LOOM_TRY(kernel_from_data(ctx, kernel_to_data(&ctx->mem, k), &again));
  return kernel_same(&ctx->mem, k, again, false, NULL, NULL) ? LOOM_OK : LOOM_EBUG;
}

static loom_status run_it(loom_ctx *ctx, void *k) {
  interp_tensor *t;
  LOOM_TRY(make_arguments(ctx, k, &t));
  return interp_run(ctx, k, t, &(interp_options){.op_budget = OPS_MAX});
}

static loom_status find_product(loom_ctx *ctx, void *k) {
  kernel_product p;
  arena_alloc(&ctx->mem, 1);
  return kernel_is_product(ctx, k, NULL, 0, &p) ? LOOM_EBUG : LOOM_OK;
}

static void test_memory_may_run_out_anywhere(void **state) {
  (void)state;
  static const char *const some[] = {"softmax", "scans", "branches"};
  for (size_t i = 0; i < COUNT_OF(some); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    kernel_graph *k = graph_of(&ctx, some[i]);
    testing_sweep_memory(read_and_write, kernel_to_data(&ctx.mem, k));
    if (i == 0)   /* the others take indices, which made-up ones do not keep inside */
      testing_sweep_memory(run_it, k);
    testing_sweep_memory(find_product, k);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_an_edit_of_a_kernel_graph_is_refused_or_read), cmocka_unit_test(test_an_edit_of_device_ir_is_refused_or_read), cmocka_unit_test(test_memory_may_run_out_anywhere)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
