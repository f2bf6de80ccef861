/* Programs drawn at random, with values: whatever the window, the room, the time of nodes and the memory, the tensors afterwards are those of one node after the other.
 * Oracle: the graph's nodes in program order, in plain C, with the same f32 operations. */
#include "sim/npu/npu_value_testing.h"
#include "tog/onnx/tile_graph_testing.h"
#include <stdlib.h>

enum { BUFFERS = 4, ROWS = 8, LANES = 128, TILE = ROWS * LANES, ITEMS = 5, BLOCKS = 4 /* of an item, in each tensor */, NODES_MAX = 64 };

/* What a node computes: buffer `to` = (adds: `to` +) `from` + constant. */
typedef struct step { int to, from, constant; bool adds; } step;
typedef struct program { graph_builder b; int loop; step steps[NODES_MAX]; bool has[BUFFERS], is_fresh[BUFFERS]; int pending[BUFFERS]; /* load that is not waited for; -1 */ text code; } program;

static void use(program *p, int node, int buf, tile_access access) { vec_push(p->b.mem, &p->b.g->nodes.at[node].uses, ((tile_use){buf, access})); }

static void constant(arena *mem, tile_terms *t, int64_t value) { vec_push(mem, t, ((tile_term){.loop = -1, .value = value, .divider = 1, .stride = 1})); }

static void begin_code(program *p, int node) {
  p->b.g->nodes.at[node].function = arena_printf(p->b.mem, "node_%d", node);
  text_addf(&p->code, ".globl node_%d\n.type node_%d, @function\nnode_%d:\n", node, node, node);
}

static int transfer(program *p, rng *r, tile_kind kind, int buf) {
  int tensor = kind == TILE_STORE ? 1 : (int)rng_range(r, 0, 1), n = graph_transfer(&p->b, kind, tensor, ROWS, LANES, LANES);
  tile_node *x = &p->b.g->nodes.at[n];
  use(p, n, buf, kind == TILE_LOAD ? TILE_WRITE : TILE_READ);
  graph_term(&p->b, &x->offset, p->loop, 1, BLOCKS * TILE * 4);
  constant(p->b.mem, &x->offset, rng_range(r, 0, BLOCKS - 1) * TILE * 4);
  begin_code(p, n);
  x = &p->b.g->nodes.at[n];
  isa_dma d = transfer_of(x, kind == TILE_LOAD ? ISA_MVIN : ISA_MVOUT, 1, ROWS);
  isa_word words[ISA_DMA_WORDS_MAX];
  int count;
  assert_null(isa_dma_encode(&d, words, &count));
  for (int i = 0; i + 1 < count; i++)
    text_addf(&p->code, " li t0, %lld\n li t1, %lld\n .insn r 0x2b, 3, %d, x0, t0, t1\n", (long long)words[i].rs1, (long long)words[i].rs2, words[i].op);
  text_addf(&p->code, " la t0, dram_%d\n la t1, b%d\n li t3, %lld\n mul t3, a0, t3\n add t0, t0, t3\n li t3, %lld\n add t0, t0, t3\n .insn r 0x2b, 3, %d, x0, t0, t1\n ret\n", tensor, buf,
            (long long)x->offset.at[0].stride, (long long)x->offset.at[1].value, words[count - 1].op);
  return n;
}

static void wait_for(program *p, int buf) {
  if (p->pending[buf] < 0)
    return;
  int load = p->pending[buf], w = graph_add(&p->b, (tile_node){.kind = TILE_WAIT, .tensor = p->b.g->nodes.at[load].tensor});
  constant(p->b.mem, &p->b.g->nodes.at[w].tag, load);
  p->pending[buf] = -1;
}

/* A buffer that holds something; it does not count as fresh any more.  -1: none does. */
static int pick(program *p, rng *r) {
  int b = (int)rng_range(r, 0, BUFFERS - 1);
  for (int i = 0; i < BUFFERS && !p->has[b]; i++)
    b = (b + 1) % BUFFERS;
  if (!p->has[b])
    return -1;
  wait_for(p, b);
  p->is_fresh[b] = false;
  return b;
}

static void add_load(program *p, rng *r) {
  int b = (int)rng_range(r, 0, BUFFERS - 1);
  if (p->is_fresh[b])   /* two whole loads into one version have no order */
    return;
  wait_for(p, b);
  int n = transfer(p, r, TILE_LOAD, b);
  if (rng_range(r, 0, 2)) {
    p->b.g->nodes.at[n].is_async = true;
    constant(p->b.mem, &p->b.g->nodes.at[n].tag, n);
    p->pending[b] = n;
  }
  p->has[b] = p->is_fresh[b] = true;
}

static void add_compute(program *p, rng *r) {
  int from = pick(p, r), to = (int)rng_range(r, 0, BUFFERS - 1);
  if (from < 0)
    return;
  bool adds = p->has[to] && (to == from || rng_range(r, 0, 1));
  wait_for(p, to);
  int n = graph_compute(&p->b, TILE_VECTOR, rng_range(r, 1, 400), rng_range(r, 0, 20));
  use(p, n, from, TILE_READ);
  use(p, n, to, adds ? TILE_UPDATE : TILE_WRITE);
  p->steps[n] = (step){to, from, (int)rng_range(r, -9, 9), adds};
  begin_code(p, n);
  text_addf(&p->code, " la t0, b%d\n la t1, b%d\n li t2, %d\n fcvt.s.w ft0, t2\n vsetivli zero, 8, e32, m1, ta, ma\n vle32.v v8, (t0)\n vfadd.vf v8, v8, ft0\n", from, to, p->steps[n].constant);
  text_add(&p->code, adds ? " vle32.v v9, (t1)\n vfadd.vv v8, v9, v8\n vse32.v v8, (t1)\n ret\n" : " vse32.v v8, (t1)\n ret\n");
  p->has[to] = true;
  p->is_fresh[to] = false;
}

static void add_store(program *p, rng *r) {
  int b = pick(p, r);
  if (b >= 0)
    transfer(p, r, TILE_STORE, b);
}

static void add_some(program *p, rng *r, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    int64_t kind = rng_range(r, 0, 9);
    if (kind < 3)
      add_load(p, r);
    else if (kind < 7)
      add_compute(p, r);
    else
      add_store(p, r);
  }
}

/* Around a loop: what was loaded is waited for and used, so that every round finds what the first one did. */
static void settle(program *p, rng *r) {
  for (int b = 0; b < BUFFERS; b++) {
    wait_for(p, b);
    if (p->is_fresh[b])
      transfer(p, r, TILE_STORE, b);
    p->is_fresh[b] = false;
  }
}

static void draw(program *p, arena *mem, rng *r) {
  *p = (program){.b = graph_new(mem), .code = text_new(mem), .pending = {-1, -1, -1, -1}};
  text_add(&p->code, ".option pic\n.text\n");
  for (int i = 0; i < BUFFERS; i++)
    vec_push(mem, &p->b.g->buffers, ((tile_buffer){arena_printf(mem, "b%d", i), ISA_SPAD_ADDRESS + (int64_t)i * ROWS * 4, ROWS * 4}));
  p->b.g->tensors.n = 2;
  p->loop = graph_loop(&p->b, TILE_LOOP_OUTER, ITEMS, 1);
  add_load(p, r);
  add_some(p, r, rng_range(r, 2, 8));
  settle(p, r);
  graph_loop(&p->b, TILE_LOOP_ACCUMULATION, rng_range(r, 1, 4), 1);
  add_some(p, r, rng_range(r, 2, 8));
  settle(p, r);
  graph_close(&p->b, 1);
  add_some(p, r, rng_range(r, 2, 8));
  settle(p, r);
  add_store(p, r);
}

/* ---- one node after the other ---- */

static void walk(const program *p, const int *body, size_t n, int64_t item, float (*buf)[TILE], float *const *tensor) {
  const tile_graph *g = p->b.g;
  for (size_t i = 0; i < n; i++) {
    const tile_node *x = &g->nodes.at[body[i]];
    float *at = x->kind == TILE_LOAD || x->kind == TILE_STORE ? tensor[x->tensor] + item * BLOCKS * TILE + x->offset.at[1].value / 4 : NULL;
    if (x->kind == TILE_LOOP)
      for (int64_t v = x->start; v < x->end; v += x->stride)
        walk(p, x->body.at, x->body.n, item, buf, tensor);
    else if (x->kind == TILE_LOAD)
      memcpy(buf[x->uses.at[0].buffer], at, sizeof *buf);
    else if (x->kind == TILE_STORE)
      memcpy(at, buf[x->uses.at[0].buffer], sizeof *buf);
    else if (x->kind == TILE_COMPUTE) {
      const step *s = &p->steps[body[i]];
      for (int e = 0; e < TILE; e++) {
        float v = buf[s->from][e] + (float)s->constant;
        buf[s->to][e] = s->adds ? buf[s->to][e] + v : v;
      }
    }
  }
}

static void test_any_order_of_time_gives_the_values_of_program_order(void **state) {
  (void)state;
  rng r = rng_new(5);
  for (int k = 0; k < 40; k++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    program p;
    size_t size;
    draw(&p, &ctx.mem, &r);
    int64_t tiles = rng_range(&r, BUFFERS, 3 * BUFFERS);   /* what fits the scratchpad: at least what the program has */
    const machine *m = chip(&ctx, arena_printf(&ctx.mem, "npu: {window: %" PRId64 "}\nmesh: [{name: core, size: %d}]\ncore: {memory: {bank_bytes: %d}, dispatch: {items: %d}}\n", INT64_C(16) << rng_range(&r, 0, 6),
                                               (int)rng_range(&r, 1, 3), (int)(tiles * ROWS * 4), (int)rng_range(&r, 1, 4)));
    npu_values values = {.path = "random.o", .object = testing_assemble(&ctx, text_str(&p.code), &size)};
    values.object_bytes = size;
    float *data[2], *want[2], buf[BUFFERS][TILE];
    npu_data tensors[2];
    for (int t = 0; t < 2; t++) {
      data[t] = ARENA_NEW_N(&ctx.mem, float, ITEMS * BLOCKS * TILE);
      want[t] = ARENA_NEW_N(&ctx.mem, float, ITEMS * BLOCKS * TILE);
      for (int i = 0; i < ITEMS * BLOCKS * TILE; i++)
        data[t][i] = want[t][i] = (float)rng_range(&r, -99, 99);
      tensors[t] = (npu_data){data[t], ITEMS * BLOCKS * TILE * 4, t == 1, NULL};
    }
    for (int64_t i = 0; i < ITEMS; i++)
      walk(&p, p.b.g->nodes.at[p.loop].body.at, p.b.g->nodes.at[p.loop].body.n, i, buf, want);
    values.tensors = tensors;
    values.n_tensors = 2;
    npu_report with, without;
    npu_options o = {.dram = (dram_model)rng_range(&r, 0, 1), .values = &values, .event_budget = 100000000};
    if (npu_run(&ctx, p.b.g, m, &o, &with) != LOOM_OK)
      fail_msg("program %d: %s", k, ctx.diag.first->text);
    o.values = NULL;
    assert_int_equal(npu_run(&ctx, p.b.g, m, &o, &without), LOOM_OK);
    if (with.n_faults)
      fail_msg("program %d: %s", k, with.faults.at[0].text);
    assert_int_equal(with.cycles, without.cycles);
    if (memcmp(data[1], want[1], sizeof(float) * ITEMS * BLOCKS * TILE) != 0)
      fail_msg("program %d: other values than in program order", k);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_any_order_of_time_gives_the_values_of_program_order)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
