/* Test support: a tile graph made by hand, and machines; included by *_test.c only. */
#ifndef LOOM_SIM_NPU_TESTING_H
#define LOOM_SIM_NPU_TESTING_H
#include "base/testing.h"
#include "sim/npu/npu.h"

/* The machine `extends` with some lines changed; NULL: as it is. */
static inline machine *npu_test_machine(loom_ctx *ctx, const char *extends, const char *lines) {
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine *m;
  machine_set_path(dirs, 1);
  const char *yaml = arena_printf(&ctx->mem, "schema: loom.machine.v1\nname: changed\nextends: %s\n%s", extends, lines ? lines : "");
  if (machine_from_yaml(ctx, "changed.yaml", yaml, strlen(yaml), &m) != LOOM_OK)
    fail_msg("%s", ctx->diag.first->text);
  return m;
}

enum { NPU_TEST_ITEMS = 12, NPU_TEST_SIDE = 128 };

static inline tile_node *npu_test_node(loom_ctx *ctx, tile_graph *g, tile_kind kind, const char *name, int parent) {
  vec_push(&ctx->mem, &g->nodes, ((tile_node){.kind = kind, .name = name, .parent = parent, .tensor = -1}));
  if (parent >= 0)
    vec_push(&ctx->mem, &g->nodes.at[parent].body, (int)g->nodes.n - 1);
  return &g->nodes.at[g->nodes.n - 1];
}

static inline void npu_test_transfer(loom_ctx *ctx, tile_node *n, int tensor, bool is_async) {
  n->tensor = tensor;
  n->rank = 2;
  n->extent[0] = n->extent[1] = NPU_TEST_SIDE;
  n->step[0] = NPU_TEST_SIDE;
  n->step[1] = 1;
  n->elem_bytes = 4;
  n->is_async = is_async;
  vec_push(&ctx->mem, &n->offset, ((tile_term){.loop = 0, .divider = 1, .stride = NPU_TEST_SIDE * NPU_TEST_SIDE * 4}));
}

/* NPU_TEST_ITEMS times: load a tile, wait for it, multiply, add, store. */
static inline tile_graph *npu_test_graph(loom_ctx *ctx) {
  tile_graph *g = ARENA_NEW(&ctx->mem, tile_graph);
  *g = (tile_graph){.name = "by hand", .path = "by hand", .systolic_size = 128, .n_loops = 1};
  vec_push(&ctx->mem, &g->tensors, ((tile_tensor){"in", 0x1000000, true}));
  vec_push(&ctx->mem, &g->tensors, ((tile_tensor){"out", 0x2000000, true}));
  tile_node *loop = npu_test_node(ctx, g, TILE_LOOP, "loop", -1);
  loop->variable = "i";
  loop->loop_type = TILE_LOOP_OUTER;
  loop->end = NPU_TEST_ITEMS;
  loop->stride = 1;
  vec_push(&ctx->mem, &g->roots, 0);
  npu_test_transfer(ctx, npu_test_node(ctx, g, TILE_LOAD, "load", 0), 0, true);
  npu_test_node(ctx, g, TILE_WAIT, "wait", 0)->tensor = 0;
  tile_node *multiply = npu_test_node(ctx, g, TILE_COMPUTE, "multiply", 0);
  multiply->unit = TILE_MATMUL;
  multiply->cycles = 500;
  multiply->overlap = 100;
  tile_node *add = npu_test_node(ctx, g, TILE_COMPUTE, "add", 0);
  add->unit = TILE_VECTOR;
  add->cycles = 40;
  npu_test_transfer(ctx, npu_test_node(ctx, g, TILE_STORE, "store", 0), 1, false);
  for (int i = 1; i < 5; i++)
    vec_push(&ctx->mem, &g->nodes.at[i].successors, i + 1);
  return g;
}
#endif
