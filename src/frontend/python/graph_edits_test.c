/* Every small edit of the documents that kernels become, kernel graphs and Device IR, is refused or read (base/testing_data.h has the oracle); a graph
 * that is read fits together: it verifies, and what it prints reads back. */
#include "base/file.h"
#include "base/testing_data.h"
#include "frontend/device_ir/device_ir.h"

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

static loom_status read_graph(loom_ctx *ctx, const data_value *v) {
  kernel_graph *k, *again;
  LOOM_TRY(kernel_from_data(ctx, v, &k));
  assert_int_equal(kernel_verify(ctx, k), LOOM_OK);
  if (kernel_from_data(ctx, kernel_to_data(&ctx->mem, k), &again) != LOOM_OK)
    fail_msg("does not read back: %s", ctx->diag.first->text);
  return LOOM_OK;
}

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

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_an_edit_of_a_kernel_graph_is_refused_or_read), cmocka_unit_test(test_an_edit_of_device_ir_is_refused_or_read)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
