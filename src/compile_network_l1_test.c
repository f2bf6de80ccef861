/* Networks with tensors in L1: places that are shared too early are noticed, by a fault of the chip or by wrong results. */
#include "base/testing.h"
#include "compile_network_private.h"
#include "dialect/dialect.h"
#include "program/program.h"

/* p lives from the first kernel to the last; r, in between, when nobody reads p. */
static const char source[] =
    "func.func @f(%x: tensor<24x24xf32>, %w: tensor<24x24xf32>) -> tensor<24x24xf32> {\n"
    "  %zero = arith.constant 0.0 : f32\n"
    "  %e = tensor.empty() : tensor<24x24xf32>\n"
    "  %o = linalg.fill ins(%zero : f32) outs(%e : tensor<24x24xf32>) -> tensor<24x24xf32>\n"
    "  %p = linalg.matmul ins(%x, %w : tensor<24x24xf32>, tensor<24x24xf32>) outs(%o : tensor<24x24xf32>) -> tensor<24x24xf32>\n"
    "  %q = linalg.matmul ins(%p, %w : tensor<24x24xf32>, tensor<24x24xf32>) outs(%o : tensor<24x24xf32>) -> tensor<24x24xf32>\n"
    "  %r = linalg.matmul ins(%q, %w : tensor<24x24xf32>, tensor<24x24xf32>) outs(%o : tensor<24x24xf32>) -> tensor<24x24xf32>\n"
    "  %s = linalg.matmul ins(%r, %w : tensor<24x24xf32>, tensor<24x24xf32>) outs(%o : tensor<24x24xf32>) -> tensor<24x24xf32>\n"
    "  %t = linalg.matmul ins(%s, %p : tensor<24x24xf32>, tensor<24x24xf32>) outs(%o : tensor<24x24xf32>) -> tensor<24x24xf32>\n"
    "  return %t : tensor<24x24xf32>\n"
    "}\n";

typedef struct fixture { loom_ctx ctx; ir_ctx ir; MlirModule m; network *net; compile_options o; run_options r; void *args[2]; } fixture;

static void open_network(fixture *x) {
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine_set_path(dirs, 1);
  memset(x, 0, sizeof *x);
  loom_ctx_init(&x->ctx);
  assert_int_equal(ir_open(&x->ctx, &x->ir), LOOM_OK);
  assert_int_equal(dialect_load(&x->ir), LOOM_OK);
  assert_int_equal(ir_parse(&x->ir, "f.mlir", source, strlen(source), &x->m), LOOM_OK);
  assert_int_equal(network_read(&x->ir, x->m, "f", &x->net), LOOM_OK);
  x->o = (compile_options){.input = "f.mlir", .machine = "wormhole", .model = MODEL_LOOM, .accumulate_f32 = true, .topk = 1, .etg_gen = 3, .stop_after = COMPILE_TOG};
  x->r = (run_options){.check = true, .seed = 1};
  for (int i = 0; i < 2; i++) {
    float *p = ARENA_NEW_N(&x->ctx.mem, float, 24 * 24);
    rng random = rng_new((uint64_t)i + 7);
    for (int e = 0; e < 24 * 24; e++)
      p[e] = (float)rng_range(&random, -2, 2);
    x->args[i] = p;
  }
}

static void close_network(fixture *x) {
  ir_close_module(x->m);
  ir_close(&x->ir);
  loom_ctx_done(&x->ctx);
}

/* Runs it with tensor `moved` (where it is in L1) at the place of tensor `onto`; -1: as planned.  Is every kernel right, and the result? */
static bool runs_right(fixture *x, int moved, int onto, int64_t *faults) {
  compile_network out = {.runs_the_same = true};
  network_run n = {.ctx = &x->ctx, .o = &x->o, .net = x->net, .r = &x->r, .out = &out};
  assert_int_equal(network_place_tensors(&n), LOOM_OK);
  assert_int_equal(network_compile_all(&n), LOOM_OK);
  assert_int_equal(out.l1.n_in, 4);
  if (moved >= 0)
    out.l1.at[moved].offset = out.l1.at[onto].offset;
  network_start_contents(&n, x->args);
  assert_int_equal(network_take_steps(&n), LOOM_OK);
  bool is_right = true;
  *faults = 0;
  for (size_t k = 0; k < out.steps.n; k++) {
    is_right = is_right && out.steps.at[k].execution.check.ok;
    *faults += out.steps.at[k].execution.report.n_faults;
  }
  const int result = x->net->results.at[0].tensor;
  const float *got = n.bytes[result];
  for (int64_t e = 0; e < x->net->tensors.at[result].elems; e++)
    is_right = is_right && (double)got[e] == n.whole[result].value[e];      /* whole numbers, small enough to be exact */
  return is_right;
}

static int tensor_of(const fixture *x, int kernel) {
  const network_kernel *k = &x->net->kernels.at[kernel];
  for (size_t i = 0; i < k->graph->tensors.n; i++)
    if (k->graph->tensors.at[i].role == KERNEL_ALLOC)
      return k->tensor[i];
  return -1;
}

static void test_a_place_that_is_given_up_too_early_is_noticed(void **state) {
  (void)state;
  fixture x;
  int64_t faults;
  open_network(&x);
  assert_int_equal(x.net->kernels.n, 5);
  const int p = tensor_of(&x, 0), q = tensor_of(&x, 1), r = tensor_of(&x, 2);
  assert_true(runs_right(&x, -1, -1, &faults));
  assert_int_equal(faults, 0);
  assert_false(runs_right(&x, r, p, &faults));      /* no kernel touches both: what is left of p is r */
  assert_int_equal(faults, 0);
  runs_right(&x, q, p, &faults);                    /* one kernel reads p and writes q */
  assert_int_equal(faults, 1);
  close_network(&x);
}

/* Kernels get the room that is left, in steps; what stays in L1 is not in the block. */
static void test_plans_leave_room_for_what_stays(void **state) {
  (void)state;
  fixture x;
  open_network(&x);
  compile_network out = {.runs_the_same = true};
  network_run n = {.ctx = &x.ctx, .o = &x.o, .net = x.net, .out = &out};
  assert_int_equal(network_place_tensors(&n), LOOM_OK);
  const int64_t before = out.buffers.peak_bytes;
  assert_int_equal(network_compile_all(&n), LOOM_OK);
  for (size_t k = 0; k < x.net->kernels.n; k++) {
    const compile_state *s = &n.kept[n.twins[k].first]->s;
    assert_true(s->plan->l1_bytes <= s->machine->l1_bytes && s->machine->l1_bytes + s->machine->l1_reserved_bytes == out.l1.chip.bytes);
    assert_true(s->machine->l1_reserved_bytes >= out.l1.reserved[k]);
  }
  assert_true(out.predicted < out.predicted_in_dram && out.buffers.peak_bytes < before);
  assert_int_equal(network_take_steps(&n), LOOM_OK);
  assert_int_equal(out.cycles, out.predicted);
  close_network(&x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_place_that_is_given_up_too_early_is_noticed),
      cmocka_unit_test(test_plans_leave_room_for_what_stays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
