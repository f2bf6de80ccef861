/* Errors that are carried: no single kernel is to blame, and the interpreter's carried values are left.  tests/cli/network-bisect.test has the rest. */
#include "base/testing.h"
#include "compile_network_bisect.h"
#include "dialect/dialect.h"

typedef struct fixture { loom_ctx ctx; ir_ctx ir; MlirModule m; network *net; float memory[2][8]; void *args[2]; network_bisection found; } fixture;

static const char source[] =
    "func.func @f(%x: tensor<8xf32>, %y: tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {\n"
    "  %a = math.exp %x : tensor<8xf32>\n  %b = math.sqrt %y : tensor<8xf32>\n  return %a, %b : tensor<8xf32>, tensor<8xf32>\n}\n";

static void open_network(fixture *f) {
  loom_ctx_init(&f->ctx);
  assert_int_equal(ir_open(&f->ctx, &f->ir), LOOM_OK);
  assert_int_equal(dialect_load(&f->ir), LOOM_OK);
  assert_int_equal(ir_parse(&f->ir, "f.mlir", source, strlen(source), &f->m), LOOM_OK);
  assert_int_equal(network_read(&f->ir, f->m, "f", &f->net), LOOM_OK);
  assert_int_equal(f->net->kernels.n, 2);
  for (int i = 0; i < 8; i++)
    f->memory[0][i] = f->memory[1][i] = 0.25f + (float)i;
  f->args[0] = f->memory[0];
  f->args[1] = f->memory[1];
}

static void bisect(fixture *f) {
  compile_options o = {.input = "f.mlir", .machine = LOOM_SOURCE_DIR "/machines/wormhole.yaml", .model = MODEL_LOOM, .accumulate_f32 = true, .topk = 1, .etg_gen = 3, .stop_after = COMPILE_TOG};
  if (compile_network_bisect(&f->ctx, &o, false, f->net, &(run_options){.seed = 1}, f->args, &f->found) != LOOM_OK)
    fail_msg("%s", f->ctx.diag.first->text);
}

static void done(fixture *f) {
  ir_close_module(f->m);
  ir_close(&f->ir);
  loom_ctx_done(&f->ctx);
}

/* The first kernel writes over the argument that it reads.  Oracle: where the second argument is in memory of its own, that changes nothing; where it is the same memory, the
 * second kernel reads what it must not, computes right with it, and is where the carried values are left. */
static void test_what_no_kernel_did_wrong_is_told_apart(void **state) {
  (void)state;
  for (int shares = 0; shares < 2; shares++) {
    fixture f;
    open_network(&f);
    network_kernel *first = &f.net->kernels.at[0];
    for (size_t i = 0; i < first->graph->tensors.n; i++)
      if (first->tensor[i] >= f.net->n_args)
        first->tensor[i] = 0;
    if (shares)
      f.args[1] = f.args[0];
    bisect(&f);
    assert_int_equal(f.found.steps.n, 2);
    assert_int_equal(f.found.steps.at[0].check.wrong + f.found.steps.at[1].check.wrong, 0);
    assert_int_equal(f.found.is_carried, shares);
    assert_ptr_equal(f.found.wrong, shares ? &f.net->kernels.at[1] : NULL);
    if (shares)
      assert_non_null(strchr(f.found.where, '['));
    data_value *v = compile_network_bisection_data(&f.ctx.mem, f.net, &f.found, "wormhole");
    const char *json = data_write_json(&f.ctx.mem, v, 0);
    assert_true((strstr(json, "\"carried\": true") != NULL || strstr(json, "\"carried\":true") != NULL) == shares);
    done(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_no_kernel_did_wrong_is_told_apart)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
