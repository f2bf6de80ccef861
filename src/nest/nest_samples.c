#include "nest/nest_samples.h"

static int add_loop(arena *m, nest *n, const char *block, nest_loop_kind kind, int64_t extent) {
  nest_symbol s = {.name = block, .upper_bound = sym_const(m, extent), .align = 1, .is_reduction = kind == NEST_SEQUENTIAL};
  nest_loop l = {.block = block, .kind = kind, .extent = sym_const(m, extent), .parent = -1};
  vec_push(m, &n->symbols, s);
  vec_push(m, &n->loops, l);
  n->n_parallel += kind == NEST_PARALLEL;
  return (int)n->loops.n - 1;
}

static int add_value(arena *m, nest *n, const char *name, dtype type, const int *loops, int rank, bool is_carried) {
  nest_value v = {.name = name, .type = type, .rank = rank, .is_carried = is_carried};
  for (int d = 0; d < rank; d++)
    v.dim[d] = sym_name(m, n->loops.at[loops[d]].block);
  vec_push(m, &n->values, v);
  return (int)n->values.n - 1;
}

static nest_node *add_node(arena *m, nest *n, nest_body *b, nest_node_kind kind, int value, const char *label) {
  nest_node *x = nest_make_node(m, kind);
  x->value = value;
  x->label = label;
  vec_push(m, b, x);
  if (kind != NEST_STORE && kind != NEST_LOOP && !n->values.at[value].def)
    n->values.at[value].def = x;
  return x;
}

/* An access of a new tensor whose dims move with `loops`. */
static void add_access(arena *m, nest *n, nest_body *b, nest_node_kind kind, const char *name, dtype type, const int *loops, int rank, int value) {
  nest_tensor t = {.name = name, .type = type, .rank = rank, .arg = (int)n->tensors.n, .is_output = kind == NEST_STORE};
  nest_node *x = add_node(m, n, b, kind, value, arena_printf(m, "%s %s", kind == NEST_LOAD ? "load" : "store", name));
  x->tensor = (int)n->tensors.n;
  x->n_dims = rank;
  for (int d = 0; d < rank; d++) {
    sym_is_const(n->loops.at[loops[d]].extent, &t.shape[d]);
    x->dim[d] = (nest_access_dim){.loop = loops[d], .offset = sym_const(m, 0), .size = sym_name(m, n->loops.at[loops[d]].block)};
  }
  vec_push(m, &n->tensors, t);
}

static const sym_expr *block(arena *m, const nest *n, int loop) { return sym_name(m, n->loops.at[loop].block); }

static nest *make_product(arena *m, const char *kernel, int64_t batch, int64_t rows, int64_t cols, int64_t inner, dtype type, dtype acc_type) {
  nest *n = ARENA_NEW(m, nest);
  n->kernel = kernel;
  n->type = type;
  bool is_batched = batch > 0;
  int b = is_batched ? add_loop(m, n, "tile_b", NEST_PARALLEL, batch) : -1;
  int i = add_loop(m, n, "tile_m", NEST_PARALLEL, rows), j = add_loop(m, n, "tile_n", NEST_PARALLEL, cols);
  int k = add_loop(m, n, "tile_k", NEST_SEQUENTIAL, inner);
  int skip = is_batched ? 0 : 1, rank = 3 - skip;
  const int x_dims[] = {b, i, k}, y_dims[] = {b, k, j}, out_dims[] = {b, i, j};
  int acc = add_value(m, n, "acc", acc_type, out_dims + skip, rank, true);
  int x = add_value(m, n, "x_tile", type, x_dims + skip, rank, false), y = add_value(m, n, "y_tile", type, y_dims + skip, rank, false);
  nest_node *fill = add_node(m, n, &n->body, NEST_COMPUTE, acc, "fill acc");
  fill->op = "fill";
  nest_node *loop = add_node(m, n, &n->body, NEST_LOOP, 0, "tile_k");
  loop->loop = k;
  add_access(m, n, &loop->body, NEST_LOAD, "x", type, x_dims + skip, rank, x);
  add_access(m, n, &loop->body, NEST_LOAD, "y", type, y_dims + skip, rank, y);
  nest_node *mm = add_node(m, n, &loop->body, NEST_COMPUTE, acc, is_batched ? "batch_matmul" : "matmul");
  mm->op = mm->label;
  vec_push(m, &mm->inputs, x);
  vec_push(m, &mm->inputs, y);
  vec_push(m, &mm->inputs, acc);
  mm->m = block(m, n, i);
  mm->n = block(m, n, j);
  mm->k = block(m, n, k);
  if (is_batched)
    mm->batch = block(m, n, b);
  add_access(m, n, &n->body, NEST_STORE, "out", type, out_dims + skip, rank, acc);
  nest_set_alignment(n, 32);
  return n;
}

nest *nest_make_matmul(arena *m, int64_t rows, int64_t cols, int64_t inner, dtype type, dtype acc) {
  return make_product(m, "matmul", 0, rows, cols, inner, type, acc);
}

nest *nest_make_batch_matmul(arena *m, int64_t batch, int64_t rows, int64_t cols, int64_t inner, dtype type, dtype acc) {
  return make_product(m, "batch_matmul", batch, rows, cols, inner, type, acc);
}

nest *nest_make_spread(arena *m, int rank, const int64_t *extent, uint32_t load_dims, dtype type) {
  static const char *const blocks[] = {"tile_a", "tile_b", "tile_c", "tile_d"};
  nest *n = ARENA_NEW(m, nest);
  n->kernel = "spread";
  n->type = type;
  int all[4] = {0}, some[4], n_some = 0;
  for (int i = 0; i < rank && i < 4; i++) {
    all[i] = add_loop(m, n, blocks[i], NEST_PARALLEL, extent[i]);
    if (load_dims >> i & 1)
      some[n_some++] = all[i];
  }
  const int x = add_value(m, n, "x_tile", type, some, n_some, false), r = add_value(m, n, "result", type, all, rank, false);
  add_access(m, n, &n->body, NEST_LOAD, "x", type, some, n_some, x);
  nest_node *g = add_node(m, n, &n->body, NEST_COMPUTE, r, "generic");
  g->op = "generic";
  g->body_ops = "addf";
  g->m = block(m, n, 0);
  for (int i = 1; i < rank; i++)
    g->m = sym_mul(m, g->m, block(m, n, i));
  g->k = sym_const(m, 1);
  vec_push(m, &g->inputs, x);
  add_access(m, n, &n->body, NEST_STORE, "out", type, all, rank, r);
  nest_set_alignment(n, 32);
  return n;
}

nest *nest_make_elementwise(arena *m, int64_t rows, int64_t cols, dtype type, const char *body_ops) {
  nest *n = ARENA_NEW(m, nest);
  n->kernel = "elementwise";
  n->type = type;
  const int dims[] = {add_loop(m, n, "tile_m", NEST_PARALLEL, rows), add_loop(m, n, "tile_n", NEST_PARALLEL, cols)};
  int x = add_value(m, n, "x_tile", type, dims, 2, false), y = add_value(m, n, "y_tile", type, dims, 2, false);
  int r = add_value(m, n, "result", type, dims, 2, false);
  add_access(m, n, &n->body, NEST_LOAD, "x", type, dims, 2, x);
  add_access(m, n, &n->body, NEST_LOAD, "y", type, dims, 2, y);
  nest_node *g = add_node(m, n, &n->body, NEST_COMPUTE, r, "generic");
  g->op = "generic";
  g->body_ops = body_ops;
  g->m = sym_mul(m, block(m, n, 0), block(m, n, 1));
  g->k = sym_const(m, 1);
  g->same_place = 3;
  vec_push(m, &g->inputs, x);
  vec_push(m, &g->inputs, y);
  add_access(m, n, &n->body, NEST_STORE, "out", type, dims, 2, r);
  nest_set_alignment(n, 32);
  return n;
}
