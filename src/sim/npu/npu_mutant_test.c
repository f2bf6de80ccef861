/* Faults drawn by a seeded tool: one thing of a right program is made wrong, in the graph or in its machine code.  Oracle: each is noticed, as a fault of the run, as an error, or by
 * wrong numbers; the program without a fault is right. */
#include "sim/npu/npu_value_testing.h"
#include <stdlib.h>

#define DRAWS(X) \
  X(DROP_WAIT) X(WAIT_TAG) X(LOAD_TAG) X(OFFSET) X(EXTENT) X(STEP) X(ELEMENT) X(OVERLAP) X(BEYOND_BANK) X(SMALL_BUFFER) X(DROP_USE) X(PRODUCT_READS) X(PRODUCT_WRITES) X(DROP_INIT) \
  X(SWAP_CODE) X(SHORT_LOOP) X(MASK) X(STORE_OTHER) X(LOAD_OTHER) X(CODE_DIM) X(CODE_DRAM_STRIDE) X(CODE_SPAD_STRIDE) X(CODE_DRAM_ADDRESS) X(CODE_SPAD_ADDRESS) X(CODE_LANE)
typedef enum draw {
#define X(name) name,
  DRAWS(X)
#undef X
  N_DRAWS
} draw;
static const char *const draw_names[] = {
#define X(name) #name,
    DRAWS(X)
#undef X
};

static bool is_transfer(const tile_node *n) { return n->kind == TILE_LOAD || n->kind == TILE_STORE; }
static bool has_code(const tile_node *n) { return is_transfer(n) || n->kind == TILE_COMPUTE; }
static bool is_load(const tile_node *n) { return n->kind == TILE_LOAD; }
static bool is_store(const tile_node *n) { return n->kind == TILE_STORE; }
static bool is_wait(const tile_node *n) { return n->kind == TILE_WAIT; }
static bool is_product(const tile_node *n) { return n->kind == TILE_COMPUTE && n->unit == TILE_MATMUL; }
static bool is_vector(const tile_node *n) { return n->kind == TILE_COMPUTE && n->unit == TILE_VECTOR; }
static bool is_accumulation(const tile_node *n) { return n->kind == TILE_LOOP && n->loop_type == TILE_LOOP_ACCUMULATION; }

/* One of the nodes that are such. */
static int pick(const tile_graph *g, rng *r, bool (*is)(const tile_node *)) {
  int found[64], n = 0;
  for (size_t i = 0; i < g->nodes.n && n < 64; i++)
    if (is(&g->nodes.at[i]))
      found[n++] = (int)i;
  assert_true(n > 0);
  return found[rng_range(r, 0, n - 1)];
}

static void constant(arena *mem, tile_terms *t, int64_t value) { vec_push(mem, t, ((tile_term){.loop = -1, .value = value, .divider = 1, .stride = 1})); }

/* Before the code is written: bits of it. */
static void draw_code(const tile_graph *g, rng *r, draw d) {
  enum { CONFIG, CONFIG2, CONFIG3, MOVE };
  flip = (code_flip){.node = pick(g, r, is_transfer)};
  switch (d) {
  case CODE_DIM: flip.word = CONFIG, flip.bit = (int)rng_range(r, 0, 1) * 16 + (int)rng_range(r, 0, 7); break;
  case CODE_LANE: flip.word = CONFIG, flip.is_second = true, flip.bit = rng_range(r, 0, 1) ? 14 : 32 + (int)rng_range(r, 1, 4); break;      /* lane axis, lane stride */
  case CODE_DRAM_STRIDE: flip.word = CONFIG2, flip.is_second = true, flip.bit = (int)rng_range(r, 0, 1) * 32 + (int)rng_range(r, 0, 8); break;
  case CODE_SPAD_STRIDE: flip.word = CONFIG3, flip.is_second = true, flip.bit = 32 + (int)rng_range(r, 0, 6); break;
  case CODE_DRAM_ADDRESS: flip.word = MOVE, flip.bit = (int)rng_range(r, 2, 16); break;
  case CODE_SPAD_ADDRESS: flip.word = MOVE, flip.is_second = true, flip.bit = (int)rng_range(r, 2, 9); break;
  default: flip.node = -1;
  }
}

/* After it is written: the graph. */
static void draw_graph(loom_ctx *ctx, tile_graph *g, rng *r, draw d) {
  arena *mem = &ctx->mem;
  tile_node *t = &g->nodes.at[pick(g, r, is_transfer)], *w = &g->nodes.at[pick(g, r, is_wait)], *l = &g->nodes.at[pick(g, r, is_load)], *p = &g->nodes.at[pick(g, r, is_product)],
            *c = &g->nodes.at[pick(g, r, has_code)], *v = &g->nodes.at[pick(g, r, is_vector)], *s = &g->nodes.at[pick(g, r, is_store)];
  int64_t some = rng_range(r, 1, 7);
  size_t b = (size_t)rng_range(r, 1, 2);
  switch (d) {
  case DROP_WAIT: *w = (tile_node){.kind = TILE_COMPUTE, .name = w->name, .parent = w->parent, .unit = TILE_VECTOR}; break;
  case WAIT_TAG: constant(mem, &w->tag, 100 * some); break;
  case LOAD_TAG: constant(mem, &l->tag, 100 * some); break;
  case OFFSET: constant(mem, &t->offset, 4 * some); break;
  case EXTENT: t->extent[rng_range(r, 0, 1)] -= some; break;
  case STEP: t->step[0] -= some; break;
  case ELEMENT: t->elem_bytes = 2; break;
  case OVERLAP: g->buffers.at[b].address = g->buffers.at[b - 1].address + 4 * some; break;
  case BEYOND_BANK: g->buffers.at[b].address += 131072; break;
  case SMALL_BUFFER: g->buffers.at[b].lane_bytes -= 32 * some; break;
  case DROP_USE: c->uses.n--; break;
  case PRODUCT_READS: p->uses.at[1].access = TILE_READ; break;
  case PRODUCT_WRITES: p->uses.at[1].access = TILE_WRITE; break;
  case DROP_INIT: v->uses.n = 0; break;
  case SWAP_CODE: {
    const char *other = p->function;
    tile_node *q = rng_range(r, 0, 1) ? s : v;
    p->function = q->function;
    q->function = other;
    break;
  }
  case SHORT_LOOP: g->nodes.at[pick(g, r, is_accumulation)].end -= 128; break;
  case MASK: {
    tile_mask m = {.dim = (int)rng_range(r, 0, 1)};
    constant(mem, &m.high, 128 - some);
    vec_push(mem, &t->masks, m);
    break;
  }
  case STORE_OTHER: s->tensor = (int)rng_range(r, 0, 1); break;
  case LOAD_OTHER: l->tensor = 2; break;
  default: break;
  }
}

static void test_every_drawn_fault_is_noticed(void **state) {
  (void)state;
  enum { MUTANTS = 2 * N_DRAWS };
  rng r = rng_new(11);
  for (int k = -1; k < MUTANTS; k++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const machine *m = chip(&ctx, NULL);
    draw d = k < 0 ? N_DRAWS : (draw)(k % N_DRAWS);
    npu_gemm sizes = {256, 256, 384};
    draw_code(npu_kernel_gemm(&ctx.mem, m, sizes), &r, d);
    rig g = open_rig(&ctx, m, sizes, (gemm_code){256, 256, 128}, "");
    flip.node = -1;
    npu_report report = {0};
    draw_graph(&ctx, g.g, &r, d);
    g.values.tensors = g.data;
    g.values.n_tensors = 3;
    loom_status st = npu_run(&ctx, g.g, m, &(npu_options){.dram = DRAM_RATE, .values = &g.values, .event_budget = 10000000}, &report);
    bool is_right = st == LOOM_OK && !report.n_faults && !wrong_elements(&g);
    if (is_right != (k < 0))
      fail_msg("fault %d, %s: %s", k, k < 0 ? "none" : draw_names[d], is_right ? "not noticed" : report.n_faults ? report.faults.at[0].text : "wrong numbers");
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_drawn_fault_is_noticed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
