/* Kernels that the tests of several rooms build; included by *_test.c only. */
#ifndef LOOM_KERNEL_TESTING_H
#define LOOM_KERNEL_TESTING_H
#include "base/testing.h"
#include "kernel/kernel.h"
#include <stdlib.h>

typedef struct sample { arena *m; kernel_graph *k; int line; } sample;

static inline kernel_type sample_type(sample *s, dtype t, int rank, const char *const *dims) {
  kernel_type type = {.type = t, .rank = rank};
  for (int d = 0; d < rank; d++) {
    char *end;
    long n = strtol(dims[d], &end, 10);
    type.dim[d] = *end ? sym_name(s->m, dims[d]) : sym_const(s->m, n);
  }
  return type;
}
#define SAMPLE_TYPE(s, t, ...) sample_type((s), (t), (int)COUNT_OF(((const char *[]){__VA_ARGS__})), (const char *[]){__VA_ARGS__})

static inline void sample_block(sample *s, const char *name, int64_t extent) {
  kernel_symbol *b = kernel_add_symbol(s->m, s->k, name, KERNEL_SYM_BLOCK);
  b->extent = sym_const(s->m, extent);
}

static inline kernel_op *sample_op(sample *s, kernel_region *r, kernel_op_kind kind, int n, const kernel_value *operands, const kernel_type *result) {
  kernel_op *op = kernel_add_op(s->m, s->k, r, kind, n, operands, result ? 1 : 0, result);
  op->span = (loom_span){NULL, ++s->line, 5, s->line, 20};
  return op;
}

static inline void sample_ranges(sample *s, kernel_op *op, int n, const char *const *blocks) {
  op->n_ranges = n;
  op->ranges = ARENA_NEW_N(s->m, kernel_range, n);
  for (int i = 0; i < n; i++) {
    op->ranges[i] = (kernel_range){.begin = sym_const(s->m, 0), .end = kernel_find_symbol(s->k, blocks[i])->extent, .block = blocks[i]};
    kernel_add_param(s->m, s->k, &op->regions[0], (kernel_type){.type = DTYPE_I64}, blocks[i], blocks[i]);
  }
}

/* tensor[tile, tile, ..]; a negative entry is ":" */
static inline void sample_index(sample *s, kernel_op *op, kernel_tensor t, int n, const kernel_value *tiles) {
  op->tensor = t;
  op->n_index = n;
  op->index = ARENA_NEW_N(s->m, kernel_index, n);
  for (int i = 0; i < n; i++)
    op->index[i] = (kernel_index){.kind = tiles[i] < 0 ? KERNEL_INDEX_ALL : KERNEL_INDEX_TILE, .value = tiles[i]};
}

static inline kernel_value sample_load(sample *s, kernel_region *r, kernel_tensor t, kernel_type type, int n, const kernel_value *tiles) {
  kernel_op *op = sample_op(s, r, KERNEL_LOAD, 0, NULL, &type);
  sample_index(s, op, t, n, tiles);
  return op->results[0];
}

static inline kernel_value sample_fn(sample *s, kernel_region *r, kernel_fn fn, kernel_type type, int n, const kernel_value *operands) {
  kernel_op *op = sample_op(s, r, n == 1 ? KERNEL_UNARY : KERNEL_BINARY, n, operands, &type);
  op->fn = fn;
  return op->results[0];
}

static inline const char *sample_number(arena *m, int64_t n) { return arena_printf(m, "%" PRId64, n); }

typedef struct sample_matmul { int64_t m, n, k, batch; dtype in, acc, out; bool bias_relu; } sample_matmul;

/* out[m, n] (with a batch: [b, m, n]) = x @ y (+ bias, relu), accumulated in `acc` over tiles of k. */
static inline kernel_graph *sample_build_matmul(arena *mem, const char *name, const sample_matmul *c) {
  sample s = {mem, kernel_new(mem, name), 10};
  const char *M = sample_number(mem, c->m), *N = sample_number(mem, c->n), *K = sample_number(mem, c->k), *B = sample_number(mem, c->batch);
  bool batched = c->batch > 0;
  kernel_type tx = batched ? SAMPLE_TYPE(&s, c->in, B, M, K) : SAMPLE_TYPE(&s, c->in, M, K);
  kernel_type ty = batched ? SAMPLE_TYPE(&s, c->in, B, K, N) : SAMPLE_TYPE(&s, c->in, K, N);
  kernel_type to = batched ? SAMPLE_TYPE(&s, c->out, B, M, N) : SAMPLE_TYPE(&s, c->out, M, N);
  kernel_tensor x = kernel_add_tensor(mem, s.k, "x", KERNEL_ARG, tx), y = kernel_add_tensor(mem, s.k, "y", KERNEL_ARG, ty), bias = -1;
  if (c->bias_relu)
    bias = kernel_add_tensor(mem, s.k, "bias", KERNEL_ARG, SAMPLE_TYPE(&s, c->in, N));
  kernel_tensor out = kernel_add_tensor(mem, s.k, "out", KERNEL_ALLOC, to);
  s.k->tensors.at[out].is_returned = true;
  vec_push(mem, &s.k->returns, out);
  if (batched)
    sample_block(&s, "tile_b", c->batch);
  sample_block(&s, "tile_m", c->m);
  sample_block(&s, "tile_n", c->n);
  sample_block(&s, "tile_k", c->k);

  kernel_op *grid = sample_op(&s, &s.k->body, KERNEL_PARALLEL, 0, NULL, NULL);
  kernel_region *g = &grid->regions[0];
  sample_ranges(&s, grid, batched ? 3 : 2, batched ? (const char *[]){"tile_b", "tile_m", "tile_n"} : (const char *[]){"tile_m", "tile_n"});
  kernel_value b = batched ? g->params.at[0] : -1, m = g->params.at[batched], n = g->params.at[batched + 1];
  kernel_type acc = batched ? SAMPLE_TYPE(&s, c->acc, "tile_b", "tile_m", "tile_n") : SAMPLE_TYPE(&s, c->acc, "tile_m", "tile_n");
  kernel_op *full = sample_op(&s, g, KERNEL_FULL, 0, NULL, &acc);
  s.k->values.at[full->results[0]].name = "acc";

  kernel_op *loop = sample_op(&s, g, KERNEL_LOOP, 1, full->results, &acc);
  kernel_region *l = &loop->regions[0];
  sample_ranges(&s, loop, 1, (const char *[]){"tile_k"});
  kernel_value k = l->params.at[0], carried = kernel_add_param(mem, s.k, l, acc, "acc", NULL);
  kernel_type ta = batched ? SAMPLE_TYPE(&s, c->in, "tile_b", "tile_m", "tile_k") : SAMPLE_TYPE(&s, c->in, "tile_m", "tile_k");
  kernel_type tb = batched ? SAMPLE_TYPE(&s, c->in, "tile_b", "tile_k", "tile_n") : SAMPLE_TYPE(&s, c->in, "tile_k", "tile_n");
  kernel_value va = sample_load(&s, l, x, ta, 2 + batched, (kernel_value[]){batched ? b : m, batched ? m : k, k});
  kernel_value vb = sample_load(&s, l, y, tb, 2 + batched, (kernel_value[]){batched ? b : k, batched ? k : n, n});
  kernel_op *mm = sample_op(&s, l, KERNEL_MATMUL, 3, (kernel_value[]){va, vb, carried}, &acc);
  sample_op(&s, l, KERNEL_YIELD, 1, mm->results, NULL);

  kernel_value result = loop->results[0];
  if (c->bias_relu) {
    kernel_value row = sample_load(&s, g, bias, SAMPLE_TYPE(&s, c->in, "tile_n"), 1, &n);
    result = sample_fn(&s, g, KERNEL_FN_ADD, acc, 2, (kernel_value[]){result, row});
    result = sample_fn(&s, g, KERNEL_FN_RELU, acc, 1, &result);
  }
  kernel_op *store = sample_op(&s, g, KERNEL_STORE, 1, &result, NULL);
  sample_index(&s, store, out, 2 + batched, (kernel_value[]){batched ? b : m, batched ? m : n, n});
  return s.k;
}
#endif
