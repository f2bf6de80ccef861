/* Cycles of nodes.  Oracle: closed formulas over the pipeline's numbers, for numbers drawn at random; PyTorchSim's published cycles for those of machines/tpuv3-togsim. */
#include "base/rng.h"
#include "ir/ir_testing.h"
#include "target/npu/npt_cycles.h"

static int setup(void **state) {
  (void)state;
  assert_int_equal(ir_test_open(NULL), 0);
  ir_allow_unregistered(&ir, true);
  return 0;
}

/* The graph of a program whose body is `body`. */
static tile_graph *graph_of(const char *body, const machine_pipeline *p) {
  MlirModule m = {NULL};
  tile_graph *g = NULL;
  const char *program = arena_printf(&ctx.mem,
                                  "memref.global @T : memref<4096xf32, 1> {npu.lane_bytes = 16384 : i64}\nmemref.global @S : memref<4096xf32, 1> {npu.lane_bytes = 16384 : i64}\n"
                                  "func.func @kernel() {\n%%n = arith.constant 8 : i64\n%%pad = arith.constant 0.0 : f32\n%%z = arith.constant dense<0.0> : vector<8xf32>\n"
                                  "%%c0 = arith.constant 0 : index\n%%T = memref.get_global @T : memref<4096xf32, 1>\n%%S = memref.get_global @S : memref<4096xf32, 1>\n%sreturn\n}\n", body);
  if (ir_parse(&ir, "x.mlir", program, strlen(program), &m) != LOOM_OK || npt_build_tog(&ir, m, NULL, &(npt_tog_options){.pipeline = p}, &g) != LOOM_OK)
    fail_msg("%s\n%s", ctx.diag.first ? ctx.diag.first->text : "?", program);
  ir_close_module(m);
  return g;
}

static void add_read(text *t, const char *name, int i) {
  text_addf(t, "%%i%s%d = arith.constant %d : index\n%%%s%d = vector.transfer_read %%T[%%i%s%d], %%pad {in_bounds = [true]} : memref<4096xf32, 1>, vector<8xf32>\n", name, i, 8 * i, name, i, name, i);
}

/* A product as loom-to-vcix writes it, with so many registers of weights and of inputs. */
static const char *product(int weights, int inputs) {
  text t = text_new(&ctx.mem);
  for (int i = 0; i < weights; i++) {
    add_read(&t, "w", i);
    text_addf(&t, "\"vcix.iv\"(%%w%d, %%n) {opcode = 1 : i64} : (vector<8xf32>, i64) -> ()\n", i);
  }
  for (int i = 0; i < inputs; i++) {
    add_read(&t, "x", i);
    text_addf(&t, "\"vcix.iv\"(%%x%d, %%n) {opcode = 0 : i64} : (vector<8xf32>, i64) -> ()\n", i);
  }
  text_add(&t, "\"vcix.i\"(%n) {opcode = 1 : i64} : (i64) -> ()\n");
  for (int i = 0; i < inputs; i++) {
    text_addf(&t, "%%p%d = \"vcix.v.i\"(%%n) {opcode = 2 : i64} : (i64) -> vector<8xf32>\n", i);
    add_read(&t, "y", 100 + i);
    text_addf(&t, "%%s%d = arith.addf %%p%d, %%y%d : vector<8xf32>\nvector.transfer_write %%s%d, %%T[%%iy%d] {in_bounds = [true]} : vector<8xf32>, memref<4096xf32, 1>\n", i, i, 100 + i, i,
              100 + i);
  }
  return text_str(&t);
}

/* Pops wait for their last row, and for each other; pushes before them hold the array. */
static int64_t product_cycles(const machine_pipeline *p, int inputs) {
  const int64_t register_rows = 8 * p->row_interval;
  int64_t popped = p->load_cycles + register_rows * inputs;      /* the compute instruction is given; one more cycle */
  for (int i = 0; i < inputs; i++) {
    int64_t there = p->load_cycles + register_rows * (i + 1) + p->depth;
    popped = there > popped + 1 ? there : popped + 1;
  }
  return popped + p->pop_cycles + p->float_cycles + p->store_cycles;
}

static void test_published_cycles(void **state) {
  (void)state;
  const tile_graph *g = graph_of(product(16, 16), NULL);
  assert_int_equal(g->nodes.n, 2);
  assert_int_equal(g->nodes.at[0].unit, TILE_PRELOAD);
  assert_int_equal(g->nodes.at[0].cycles, 91);
  assert_int_equal(g->nodes.at[0].overlap, 91);
  assert_int_equal(g->nodes.at[1].unit, TILE_MATMUL);
  assert_int_equal(g->nodes.at[1].cycles, 395);
  assert_int_equal(g->nodes.at[1].overlap, 395 - 128);
  for (int64_t rounds = 16; rounds <= 4096; rounds *= 4)
    assert_int_equal(graph_of(arena_printf(&ctx.mem, "affine.for %%i = 0 to %d step 8 { vector.store %%z, %%T[%%i] : memref<4096xf32, 1>, vector<8xf32> }\n", (int)rounds), NULL)->nodes.at[0].cycles,
                     rounds / 8 + 2);
}

static machine_pipeline draw(rng *r) {
  return (machine_pipeline){.issue = rng_range(r, 2, 8), .bits = 256, .load_cycles = rng_range(r, 1, 20), .store_cycles = rng_range(r, 1, 9), .integer_cycles = rng_range(r, 1, 5),
                            .float_cycles = rng_range(r, 1, 9), .divide_cycles = rng_range(r, 1, 40), .special_cycles = rng_range(r, 9, 30), .special_interval = rng_range(r, 1, 9),
                            .weight_interval = rng_range(r, 1, 12), .weight_settle = rng_range(r, 0, 20), .row_interval = rng_range(r, 1, 3), .depth = rng_range(r, 0, 400),
                            .pop_cycles = rng_range(r, 1, 6)};
}

static void test_products_follow_the_formula(void **state) {
  (void)state;
  rng r = rng_new(7);
  for (int i = 0; i < 200; i++) {
    const machine_pipeline p = draw(&r);
    int weights = (int)rng_range(&r, 1, 20), inputs = (int)rng_range(&r, 1, 20);
    const tile_graph *g = graph_of(product(weights, inputs), &p);
    assert_int_equal(g->nodes.at[0].cycles, p.load_cycles + weights * p.weight_interval + p.weight_settle);
    assert_int_equal(g->nodes.at[0].overlap, g->nodes.at[0].cycles);
    assert_int_equal(g->nodes.at[1].cycles, product_cycles(&p, inputs));
    int64_t held = 8 * inputs * p.row_interval, overlap = g->nodes.at[1].cycles - held;
    assert_int_equal(g->nodes.at[1].overlap, overlap > 0 ? overlap : 0);
  }
}

/* load, n operations each on the result before, store. */
static void test_chains_take_their_latencies(void **state) {
  (void)state;
  rng r = rng_new(8);
  for (int i = 0; i < 50; i++) {
    const machine_pipeline p = draw(&r);
    const struct { const char *op; int64_t cycles; } ops[] = {
        {"%%v%d = arith.addf %%v%d, %%z : vector<8xf32>\n", p.float_cycles},
        {"%%v%d = arith.divf %%v%d, %%z : vector<8xf32>\n", p.divide_cycles},
        {"%%v%d = vector.shuffle %%v%d, %%z [1, 0, 3, 2, 5, 4, 7, 6] : vector<8xf32>, vector<8xf32>\n", p.integer_cycles},
        {"%%v%d = \"vcix.v.iv\"(%%v%d) {opcode = 3 : i64} : (vector<8xf32>) -> vector<8xf32>\n", p.special_cycles},
        {"%%v%d = math.exp %%v%d : vector<8xf32>\n", p.special_cycles},
        {"%%v%d = vector.shape_cast %%v%d : vector<8xf32> to vector<8xf32>\n", 0},
    };
    for (size_t k = 0; k < COUNT_OF(ops); k++) {
      int n = (int)rng_range(&r, 1, 6);
      text t = text_new(&ctx.mem);
      text_add(&t, "%v0 = vector.load %T[%c0] : memref<4096xf32, 1>, vector<8xf32>\n");
      for (int j = 1; j <= n; j++)
        text_addf(&t, ops[k].op, j, j - 1);
      text_addf(&t, "vector.store %%v%d, %%S[%%c0] : memref<4096xf32, 1>, vector<8xf32>\n", n);
      assert_int_equal(graph_of(text_str(&t), &p)->nodes.at[0].cycles, p.load_cycles + n * ops[k].cycles + p.store_cycles);
    }
  }
}

/* Rounds beyond those that are counted go on as they went: as many cycles each as the busiest unit takes, or the values that are carried. */
static void test_loops_go_on_as_they_went(void **state) {
  (void)state;
  rng r = rng_new(9);
  for (int i = 0; i < 50; i++) {
    const machine_pipeline p = draw(&r);
    static const char copy[] = "affine.for %%i = 0 to %d step 8 { %%v = vector.load %%T[%%i] : memref<4096xf32, 1>, vector<8xf32>\n%%w = arith.divf %%v, %%z : vector<8xf32>\n"
                               "vector.store %%w, %%S[%%i] : memref<4096xf32, 1>, vector<8xf32> }\n";
    static const char sum[] = "%%s = affine.for %%i = 0 to %d step 8 iter_args(%%a = %%z) -> (vector<8xf32>) { %%v = vector.load %%T[%%i] : memref<4096xf32, 1>, vector<8xf32>\n"
                              "%%w = arith.addf %%a, %%v : vector<8xf32>\naffine.yield %%w : vector<8xf32> }\nvector.store %%s, %%S[%%c0] : memref<4096xf32, 1>, vector<8xf32>\n";
    const struct { const char *body; int64_t each; } bodies[] = {{copy, p.divide_cycles}, {sum, p.float_cycles}};
    for (size_t k = 0; k < COUNT_OF(bodies); k++) {
      int64_t few = graph_of(arena_printf(&ctx.mem, bodies[k].body, 8 * 64), &p)->nodes.at[0].cycles, many = graph_of(arena_printf(&ctx.mem, bodies[k].body, 8 * 512), &p)->nodes.at[0].cycles;
      int64_t given = (5 + p.issue - 1) / p.issue, each = bodies[k].each > given ? bodies[k].each : given;      /* five instructions a round at most, with its count and branch */
      assert_in_range(many - few, 448 * bodies[k].each, 448 * each);
    }
  }
}

/* A load waits for the store before it to the same place, and for no other. */
static void test_loads_wait_for_stores_to_their_place(void **state) {
  (void)state;
  static const char program[] = "%%a = vector.load %%T[%%c0] : memref<4096xf32, 1>, vector<8xf32>\n%%q = arith.divf %%a, %%z : vector<8xf32>\n%%c8 = arith.constant 8 : index\n"
                                "vector.store %%q, %%S[%%c0] : memref<4096xf32, 1>, vector<8xf32>\n%%b = vector.load %%%s : memref<4096xf32, 1>, vector<8xf32>\n"
                                "%%r = arith.divf %%b, %%z : vector<8xf32>\nvector.store %%r, %%T[%%c8] : memref<4096xf32, 1>, vector<8xf32>\n";
  const machine_pipeline *p = &npt_pipeline;
  const int64_t one = p->load_cycles + p->divide_cycles + p->store_cycles, quotients = p->load_cycles + 2 * p->divide_cycles + p->store_cycles;
  static const struct { const char *from; bool is_same; } cases[] = {{"S[%c0]", true}, {"S[%c8]", false}, {"T[%c0]", false}};
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_int_equal(graph_of(arena_printf(&ctx.mem, program, cases[i].from), NULL)->nodes.at[0].cycles, cases[i].is_same ? 2 * one : quotients);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_published_cycles, setup, close_ir),
      cmocka_unit_test_setup_teardown(test_products_follow_the_formula, setup, close_ir),
      cmocka_unit_test_setup_teardown(test_chains_take_their_latencies, setup, close_ir),
      cmocka_unit_test_setup_teardown(test_loops_go_on_as_they_went, setup, close_ir),
      cmocka_unit_test_setup_teardown(test_loads_wait_for_stores_to_their_place, setup, close_ir),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
