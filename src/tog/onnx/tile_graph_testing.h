/* Test support: tile graphs built by hand, and one of a matmul; included by *_test.c only. */
#ifndef LOOM_TOG_ONNX_TESTING_H
#define LOOM_TOG_ONNX_TESTING_H
#include "base/testing.h"
#include "tog/onnx/tile_graph.h"

typedef struct graph_builder { arena *mem; tile_graph *g; int open[TILE_GRAPH_DEPTH_MAX], n_open; } graph_builder;

static inline graph_builder graph_new(arena *mem) {
  graph_builder b = {.mem = mem, .g = ARENA_NEW(mem, tile_graph)};
  b.g->name = "sample";
  b.g->path = "sample.onnx";
  b.g->systolic_size = 128;
  for (int i = 0; i < 3; i++)
    vec_push(mem, &b.g->tensors, ((tile_tensor){arena_printf(mem, "arg%d", i), (i + 1) * INT64_C(0x10000000), true}));
  return b;
}

static inline int graph_add(graph_builder *b, tile_node n) {
  int at = (int)b->g->nodes.n, *loops;
  n.parent = b->n_open ? b->open[b->n_open - 1] : -1;
  n.name = arena_printf(b->mem, "n%d", at);
  loops = n.parent >= 0 ? &b->g->nodes.at[n.parent].n_loops : &b->g->n_loops;
  n.segment = *loops;
  *loops += n.kind == TILE_LOOP;
  vec_push(b->mem, &b->g->nodes, n);
  if (n.parent >= 0)
    vec_push(b->mem, &b->g->nodes.at[n.parent].body, at);
  else
    vec_push(b->mem, &b->g->roots, at);
  return at;
}

static inline int graph_loop(graph_builder *b, tile_loop_type type, int64_t end, int64_t stride) {
  int at = graph_add(b, (tile_node){.kind = TILE_LOOP, .loop_type = type, .end = end, .stride = stride, .variable = arena_printf(b->mem, "loop_arg%03zu", b->g->nodes.n)});
  b->open[b->n_open++] = at;
  return at;
}
static inline void graph_close(graph_builder *b, int loops) { b->n_open -= loops; }

static inline void graph_order(graph_builder *b, int before, int after) { vec_push(b->mem, &b->g->nodes.at[before].successors, after); }

static inline int graph_compute(graph_builder *b, tile_unit unit, int64_t cycles, int64_t overlap) {
  return graph_add(b, (tile_node){.kind = TILE_COMPUTE, .unit = unit, .cycles = cycles, .overlap = overlap});
}

static inline void graph_term(graph_builder *b, tile_terms *terms, int loop, int64_t divider, int64_t stride) {
  vec_push(b->mem, terms, ((tile_term){.loop = loop, .divider = divider, .stride = stride}));
}

/* A transfer of `rows` x `columns` f32 of a row-major tensor with rows of `row` elements. */
static inline int graph_transfer(graph_builder *b, tile_kind kind, int tensor, int64_t rows, int64_t columns, int64_t row) {
  return graph_add(b, (tile_node){.kind = kind, .tensor = tensor, .rank = 2, .extent = {rows, columns}, .step = {row, 1}, .elem_bytes = 4});
}

/* C[m, n] = A[m, k] B[k, n] in f32: whole tiles tm x tn x tk, loaded in parts of sm, sn, sk; 128 x 128 arrays of 395 cycles a tile of which 128 are not overlapped. */
typedef struct gemm_spec { int64_t m, n, k, tm, tn, tk, sm, sn, sk; } gemm_spec;

static inline tile_graph *graph_gemm(arena *mem, gemm_spec s) {
  enum { ARRAY = 128, MATMUL = 395, PRELOAD = 91 };
  graph_builder b = graph_new(mem);
  int lm = graph_loop(&b, TILE_LOOP_OUTER, s.m, s.tm), ln = graph_loop(&b, TILE_LOOP_OUTER, s.n, s.tn);
  graph_compute(&b, TILE_VECTOR, s.tm * s.tn / ARRAY / 8 + 2, 0);
  int lk = graph_loop(&b, TILE_LOOP_ACCUMULATION, s.k, s.tk);
  int am = graph_loop(&b, TILE_LOOP_INNER, s.tm / s.sm, 1), ak = graph_loop(&b, TILE_LOOP_INNER, s.tk / s.sk, 1), an = graph_loop(&b, TILE_LOOP_INNER, s.tn / s.sn, 1);
  int x = graph_transfer(&b, TILE_LOAD, 0, s.sm, s.sk, s.k), w = graph_transfer(&b, TILE_LOAD, 1, s.sk, s.sn, s.n);
  tile_node *xn = &b.g->nodes.at[x], *wn = &b.g->nodes.at[w];
  xn->is_async = wn->is_async = true;
  graph_term(&b, &xn->offset, lm, 1, 4 * s.k);
  graph_term(&b, &xn->offset, lk, 1, 4);
  graph_term(&b, &xn->offset, am, 1, 4 * s.sm * s.k);
  graph_term(&b, &xn->offset, ak, 1, 4 * s.sk);
  graph_term(&b, &xn->accumulation, lk, 1, 1);
  graph_term(&b, &xn->tag, am, 1, s.tk / s.sk);
  graph_term(&b, &xn->tag, ak, 1, 1);
  graph_term(&b, &wn->offset, ln, 1, 4);
  graph_term(&b, &wn->offset, lk, 1, 4 * s.n);
  graph_term(&b, &wn->offset, ak, 1, 4 * s.sk * s.n);
  graph_term(&b, &wn->offset, an, 1, 4 * s.sn);
  graph_term(&b, &wn->accumulation, lk, 1, 1);
  graph_term(&b, &wn->tag, ak, 1, s.tn / s.sn);
  graph_term(&b, &wn->tag, an, 1, 1);
  graph_close(&b, 3);
  int cn = graph_loop(&b, TILE_LOOP_INNER, s.tn / ARRAY, 1), ck = graph_loop(&b, TILE_LOOP_INNER, s.tk / ARRAY, 1);
  int ww = graph_add(&b, (tile_node){.kind = TILE_WAIT, .tensor = 1});
  graph_term(&b, &b.g->nodes.at[ww].accumulation, lk, 1, 1);
  graph_term(&b, &b.g->nodes.at[ww].tag, s.sn == s.tn ? -1 : cn, 1, s.tk / s.sk);
  graph_term(&b, &b.g->nodes.at[ww].tag, s.sk == s.tk ? -1 : ck, s.sk / ARRAY, 1);
  graph_order(&b, ww, graph_compute(&b, TILE_PRELOAD, PRELOAD, PRELOAD));
  int cm = graph_loop(&b, TILE_LOOP_INNER, s.tm / ARRAY, 1);
  int wx = graph_add(&b, (tile_node){.kind = TILE_WAIT, .tensor = 0});
  graph_term(&b, &b.g->nodes.at[wx].accumulation, lk, 1, 1);
  graph_term(&b, &b.g->nodes.at[wx].tag, s.sk == s.tk ? -1 : ck, 1, s.tm / ARRAY);
  graph_term(&b, &b.g->nodes.at[wx].tag, s.sm == s.tm ? -1 : cm, 1, 1);
  graph_order(&b, wx, graph_compute(&b, TILE_MATMUL, MATMUL, MATMUL - ARRAY));
  graph_close(&b, 4);
  int y = graph_transfer(&b, TILE_STORE, 2, s.tm, s.tn, s.n);
  graph_term(&b, &b.g->nodes.at[y].offset, lm, 1, 4 * s.n);
  graph_term(&b, &b.g->nodes.at[y].offset, ln, 1, 4);
  return b.g;
}
#endif
