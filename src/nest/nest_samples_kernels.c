/* The kernels with more than one product: as the canonical form of their Helion sources has them. */
#include "nest/nest_samples_private.h"

#define INPUTS(...) ((const int[]){__VA_ARGS__}), sizeof((const int[]){__VA_ARGS__}) / sizeof(int)
#define SHAPE(...) (int)(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), ((const int64_t[]){__VA_ARGS__})

static const sym_expr *product(const sample *s, const sym_expr *a, const sym_expr *b) { return sym_mul(s->mem, a, b); }

/* One round of the online softmax over `keys` columns: rows of b x m queries, accumulators top, total and acc. */
typedef struct softmax { const sym_expr *b, *m, *depth, *keys; int queries, top, total, acc; bool widens_old; /* old is broadcast, not read with a map */ } softmax;

static void softmax_round(sample *s, const softmax *x, int k_tensor, const nest_access_dim *k_part, int v_tensor, const nest_access_dim *v_part) {
  const sym_expr *one = sample_int(s, 1), *rows = product(s, x->b, x->m), *scores = product(s, rows, x->keys), *results = product(s, rows, x->depth);
  const sym_expr *const *column = SAMPLE_DIMS(x->b, x->m, one), *const *square = SAMPLE_DIMS(x->b, x->m, x->keys),
                 *const *tile = SAMPLE_DIMS(x->b, x->m, x->depth);
  int k = sample_load(s, k_tensor, "k_tile", k_part);
  int qk = sample_value(s, "tmp", square);
  sample_fill(s, qk);
  sample_product(s, qk, x->queries, k);
  int most = sample_value(s, "tmp.2", column);
  sample_fill(s, most);
  sample_generic(s, "maximumf", most, INPUTS(qk, most), rows, x->keys);
  int top = sample_value(s, "tmp.3", column);
  sample_generic(s, "mulf,cmpf,select", top, INPUTS(x->top, most), rows, one);
  int wide = sample_value(s, "tmp.4", square);
  sample_unary(s, "broadcast", wide, top);
  int weights = sample_value(s, "tmp.5", square);
  sample_generic(s, "mulf,subf,exp", weights, INPUTS(qk, wide), scores, one);
  int sum = sample_value(s, "tmp.6", column);
  sample_fill(s, sum);
  sample_generic(s, "addf", sum, INPUTS(weights, sum), rows, x->keys);
  int old = sample_value(s, "tmp.7", column);
  sample_generic(s, "subf,exp", old, INPUTS(x->top, top), rows, one);
  int total = sample_value(s, "tmp.8", column);
  sample_generic(s, "mulf,addf", total, INPUTS(x->total, old, sum), rows, one);
  int factor = old;
  if (x->widens_old) {
    factor = sample_value(s, "tmp.9", tile);
    sample_unary(s, "broadcast", factor, old);
  }
  int v = sample_load(s, v_tensor, "v_tile", v_part);
  int new_part = sample_value(s, x->widens_old ? "tmp.10" : "tmp.9", tile);
  sample_fill(s, new_part);
  sample_product(s, new_part, weights, v);
  int next = sample_value(s, x->widens_old ? "tmp.11" : "tmp.10", tile);
  sample_generic(s, "mulf,addf", next, INPUTS(new_part, x->acc, factor), results, one);
  sample_unary(s, "move", x->top, top);
  sample_unary(s, "move", x->total, total);
  sample_unary(s, "move", x->acc, next);
}

static void start_softmax(sample *s, softmax *x) {
  const sym_expr *const *column = SAMPLE_DIMS(x->b, x->m, sample_int(s, 1));
  x->top = sample_value(s, "acc", column);
  sample_fill(s, x->top);
  x->total = sample_value(s, "acc.2", column);
  sample_fill(s, x->total);
  x->acc = sample_value(s, "acc.3", SAMPLE_DIMS(x->b, x->m, x->depth));
  sample_fill(s, x->acc);
}

nest *nest_make_attention(arena *m, int64_t batch, int64_t rows, int64_t keys, int64_t depth, dtype type) {
  sample s = sample_open(m, "attention", type);
  int b = sample_loop(&s, "tile_b", NEST_PARALLEL, sym_const(m, batch), batch), i = sample_loop(&s, "tile_m", NEST_PARALLEL, sym_const(m, rows), rows);
  int k = sample_tensor(&s, "k", SHAPE(batch, depth, keys)), v = sample_tensor(&s, "v", SHAPE(batch, keys, depth));
  int q = sample_tensor(&s, "q", SHAPE(batch, rows, depth)), out = sample_tensor(&s, "out", SHAPE(batch, rows, depth));
  const sym_expr *whole = sym_const(m, depth);
  const nest_access_dim tile[] = {sample_step(&s, b), sample_step(&s, i), sample_part(&s, -1, NULL, whole), {.loop = -2}};
  softmax x = {.b = sample_block(&s, b), .m = sample_block(&s, i), .depth = whole};
  x.queries = sample_load(&s, q, "q_tile", tile);
  start_softmax(&s, &x);
  int j = sample_loop(&s, "tile_n", NEST_SEQUENTIAL, sym_const(m, keys), keys);
  x.keys = sample_block(&s, j);
  sample_enter(&s, j);
  softmax_round(&s, &x, k, SAMPLE_PART(sample_step(&s, b), sample_part(&s, -1, NULL, whole), sample_step(&s, j)), v,
                SAMPLE_PART(sample_step(&s, b), sample_step(&s, j), sample_part(&s, -1, NULL, whole)));
  sample_leave(&s, &s.nest->body);
  const sym_expr *const *dims = SAMPLE_DIMS(x.b, x.m, whole);
  int wide = sample_value(&s, "tmp.11", dims), result = sample_value(&s, "out_tile", dims);
  sample_unary(&s, "broadcast", wide, x.total);
  sample_generic(&s, "divf", result, INPUTS(x.acc, wide), product(&s, product(&s, x.b, x.m), whole), sym_const(m, 1));
  sample_store(&s, out, result, tile);
  nest_set_alignment(s.nest, 32);
  return s.nest;
}

/* The parts' results weighed by their sums, on the first core of the sequence. */
static void merge_parts(sample *s, const softmax *x, int across, int lse, int part, int out, const nest_access_dim *tile) {
  const sym_expr *one = sample_int(s, 1), *parts = sym_ceildiv(s->mem, s->nest->loops.at[across].extent, sample_block(s, across));
  const sym_expr *rows = product(s, x->b, x->m), *lses = product(s, product(s, parts, x->b), x->m), *all = product(s, lses, x->depth);
  const sym_expr *const *column = SAMPLE_DIMS(x->b, x->m, one), *const *columns = SAMPLE_DIMS(parts, x->b, x->m, one),
                 *const *tiles = SAMPLE_DIMS(parts, x->b, x->m, x->depth);
  int all_lse = sample_value(s, "tmp.15", columns), all_acc = sample_value(s, "tmp.16", tiles);
  sample_gather(s, across, all_lse, lse);
  sample_gather(s, across, all_acc, part);
  s->only_first = across;
  int most = sample_value(s, "tmp.17", column);
  sample_fill(s, most);
  sample_generic(s, "maximumf", most, INPUTS(all_lse, most), rows, parts);
  int weights = sample_value(s, "tmp.18", columns);
  sample_generic(s, "subf,exp", weights, INPUTS(all_lse, most), lses, one);
  int sum = sample_value(s, "tmp.19", column);
  sample_fill(s, sum);
  sample_generic(s, "addf", sum, INPUTS(weights, sum), rows, parts);
  int share = sample_value(s, "tmp.20", columns);
  sample_generic(s, "divf", share, INPUTS(weights, sum), lses, one);
  int wide = sample_value(s, "tmp.21", tiles);
  sample_unary(s, "broadcast", wide, share);
  int weighed = sample_value(s, "tmp.22", tiles);
  sample_generic(s, "mulf", weighed, INPUTS(all_acc, wide), all, one);
  int result = sample_value(s, "out_tile", SAMPLE_DIMS(x->b, x->m, x->depth));
  sample_fill(s, result);
  sample_generic(s, "addf", result, INPUTS(weighed, result), product(s, rows, x->depth), parts);
  sample_store(s, out, result, tile);
  s->only_first = -1;
}

nest *nest_make_decode(arena *m, int64_t batch, int64_t heads, int64_t keys, int64_t depth, dtype type) {
  sample s = sample_open(m, "flash_decode", type);
  int b = sample_loop(&s, "tile_b", NEST_PARALLEL, sym_const(m, batch), batch), c = sample_loop(&s, "tile_s", NEST_PARALLEL, sym_const(m, keys), keys);
  int k = sample_tensor(&s, "k", SHAPE(batch, depth, keys)), v = sample_tensor(&s, "v", SHAPE(batch, keys, depth));
  int q = sample_tensor(&s, "q", SHAPE(batch, heads, depth)), out = sample_tensor(&s, "out", SHAPE(batch, heads, depth));
  const sym_expr *whole = sym_const(m, depth), *all_heads = sym_const(m, heads), *one = sym_const(m, 1);
  const nest_access_dim tile[] = {sample_step(&s, b), sample_part(&s, -1, NULL, all_heads), sample_part(&s, -1, NULL, whole), {.loop = -2}};
  softmax x = {.b = sample_block(&s, b), .m = all_heads, .depth = whole, .widens_old = true};
  x.queries = sample_load(&s, q, "q_tile", tile);
  start_softmax(&s, &x);
  int j = sample_loop(&s, "tile_n", NEST_SEQUENTIAL, sample_block(&s, c), keys);
  x.keys = sample_block(&s, j);
  sample_enter(&s, j);
  nest_access_dim columns = sample_part(&s, j, sample_start(&s, c), x.keys);
  softmax_round(&s, &x, k, SAMPLE_PART(sample_step(&s, b), sample_part(&s, -1, NULL, whole), columns), v,
                SAMPLE_PART(sample_step(&s, b), columns, sample_part(&s, -1, NULL, whole)));
  sample_leave(&s, &s.nest->body);
  const sym_expr *rows = product(&s, x.b, x.m), *const *dims = SAMPLE_DIMS(x.b, x.m, whole);
  int lse = sample_value(&s, "tmp.12", SAMPLE_DIMS(x.b, x.m, one));
  sample_generic(&s, "log,addf", lse, INPUTS(x.total, x.top), rows, one);
  int wide = sample_value(&s, "tmp.13", dims), part = sample_value(&s, "tmp.14", dims);
  sample_unary(&s, "broadcast", wide, x.total);
  sample_generic(&s, "divf", part, INPUTS(x.acc, wide), product(&s, rows, whole), one);
  merge_parts(&s, &x, c, lse, part, out, tile);
  nest_set_alignment(s.nest, 32);
  return s.nest;
}

nest *nest_make_split_k(arena *m, int64_t rows, int64_t cols, int64_t inner, dtype type) {
  sample s = sample_open(m, "split_k", type);
  int i = sample_loop(&s, "tile_m", NEST_PARALLEL, sym_const(m, rows), rows), j = sample_loop(&s, "tile_n", NEST_PARALLEL, sym_const(m, cols), cols);
  int k = sample_loop(&s, "tile_k", NEST_PARALLEL, sym_const(m, inner), inner);
  int a = sample_tensor(&s, "a", SHAPE(rows, inner)), b = sample_tensor(&s, "b", SHAPE(inner, cols)), out = sample_tensor(&s, "out", SHAPE(rows, cols));
  int left = sample_load(&s, a, "a_tile", SAMPLE_PART(sample_step(&s, i), sample_step(&s, k)));
  int right = sample_load(&s, b, "b_tile", SAMPLE_PART(sample_step(&s, k), sample_step(&s, j)));
  const sym_expr *tm = sample_block(&s, i), *tn = sample_block(&s, j), *parts = sym_ceildiv(m, sym_const(m, inner), sample_block(&s, k));
  int part = sample_value(&s, "tmp", SAMPLE_DIMS(tm, tn));
  sample_fill(&s, part);
  sample_product(&s, part, left, right);
  int all = sample_value(&s, "tmp.2", SAMPLE_DIMS(parts, tm, tn));
  sample_gather(&s, k, all, part);
  s.only_first = k;
  int result = sample_value(&s, "out_tile", SAMPLE_DIMS(tm, tn));
  sample_fill(&s, result);
  sample_generic(&s, "addf", result, INPUTS(all, result), product(&s, tm, tn), parts);
  sample_store(&s, out, result, SAMPLE_PART(sample_step(&s, i), sample_step(&s, j)));
  nest_set_alignment(s.nest, 32);
  return s.nest;
}

/* ---- Mamba ---- */

typedef struct mamba { sample s; int m, n, c, b, h; const nest_mamba_shape *shape; int cb, x, dt, da, states, gate, d, out; } mamba;

/* Rows of the sequence: those of block `loop` (-1: none) within the chunk. */
static nest_access_dim chunk_rows(const mamba *k, int loop) {
  const sample *s = &k->s;
  return sample_part(s, loop, product(s, sample_start(s, k->c), sample_int(s, k->shape->chunk)), sample_block(s, loop));
}

static nest_access_dim group(const mamba *k) {
  const sample *s = &k->s;
  const sym_expr *heads = sample_int(s, k->shape->heads / k->shape->groups);
  nest_access_dim d = sample_part(s, -1, sym_floordiv(s->mem, sample_start(s, k->h), heads), sample_int(s, 1));
  d.dropped = true;
  return d;
}

/* A row of `dt` or `da`: `loop` steps within the chunk. */
static int load_row(mamba *k, int tensor, const char *name, int loop) {
  sample *s = &k->s;
  return sample_load(s, tensor, name, SAMPLE_PART(sample_one(s, k->b), sample_one(s, k->h), sample_one(s, k->c), sample_step(s, loop)));
}

/* Rows of the chunk before the block, weighed by their decay. */
static void scan_chunk(mamba *k, int acc, int row) {
  sample *s = &k->s;
  const sym_expr *tm = sample_block(s, k->m), *tn = sample_block(s, k->n), *one = sample_int(s, 1);
  const sym_expr *next = sym_add(s->mem, sym_name(s->mem, "it_tile_m"), one);
  int j = sample_loop(s, "tile_k", NEST_SEQUENTIAL, product(s, next, tm), k->shape->block_bound);
  s->nest->loops.at[j].clamp = sample_int(s, k->shape->chunk);      /* where the rows of the chunk end */
  const sym_expr *tk = sample_block(s, j), *square = product(s, tm, tk), *const *dims = SAMPLE_DIMS(tm, tk);
  const nest_body *outer = s->body;
  sample_enter(s, j);
  int cb = sample_load(s, k->cb, "cb_tile", SAMPLE_PART(sample_one(s, k->b), sample_one(s, k->c), group(k), sample_step(s, k->m), sample_step(s, j)));
  int da = load_row(k, k->da, "dA_tile.2", j);
  int wide_row = sample_value(s, "tmp.4", SAMPLE_DIMS(tk, tm)), turned = sample_value(s, "tmp.5", dims);
  sample_unary(s, "broadcast", wide_row, row);
  sample_unary(s, "transpose", turned, wide_row);
  int wide_da = sample_value(s, "tmp.6", dims);
  sample_unary(s, "broadcast", wide_da, da);
  int dt = load_row(k, k->dt, "dt_tile", j);
  int wide_dt = sample_value(s, "tmp.7", dims);
  sample_unary(s, "broadcast", wide_dt, dt);
  int weights = sample_value(s, "tmp.8", dims);
  sample_generic(s, "subf,exp,mulf,mulf", weights, INPUTS(cb, turned, wide_da, wide_dt), square, one);
  int x = sample_load(s, k->x, "x_tile", SAMPLE_PART(sample_one(s, k->b), sample_one(s, k->h), chunk_rows(k, j), sample_step(s, k->n)));
  sample_product(s, acc, weights, x);
  (void)tn;
  sample_leave(s, outer);
}

static void mamba_body(mamba *k) {
  sample *s = &k->s;
  const sym_expr *tm = sample_block(s, k->m), *tn = sample_block(s, k->n), *one = sample_int(s, 1), *state = sample_int(s, k->shape->state);
  const sym_expr *const *dims = SAMPLE_DIMS(tm, tn), *all = product(s, tm, tn);
  int row = load_row(k, k->da, "dA_tile", k->m);
  int wide = sample_value(s, "tmp", SAMPLE_DIMS(tn, tm)), turned = sample_value(s, "tmp.2", dims);
  sample_unary(s, "broadcast", wide, row);
  sample_unary(s, "transpose", turned, wide);
  int gate = sample_load(s, k->gate, "C_tile", SAMPLE_PART(sample_one(s, k->b), group(k), chunk_rows(k, k->m), sample_part(s, -1, NULL, state)));
  int states = sample_load(s, k->states, "states_tile",
                           SAMPLE_PART(sample_one(s, k->b), sample_one(s, k->c), sample_one(s, k->h), sample_part(s, -1, NULL, state), sample_step(s, k->n)));
  int first = sample_value(s, "tmp.3", dims);
  sample_fill(s, first);
  sample_product(s, first, gate, states);
  int acc = sample_value(s, "acc", dims);
  sample_generic(s, "exp,mulf", acc, INPUTS(first, turned), all, one);
  scan_chunk(k, acc, row);
  int d = sample_load(s, k->d, "D_tile", SAMPLE_PART(sample_one(s, k->h)));
  const nest_access_dim tile[] = {sample_one(s, k->b), sample_one(s, k->h), chunk_rows(k, k->m), sample_step(s, k->n), {.loop = -2}};
  int x = sample_load(s, k->x, "x_tile.2", tile), result = sample_value(s, "out_tile", dims);
  sample_generic(s, "mulf,addf", result, INPUTS(acc, x, d), all, one);
  sample_store(s, k->out, result, tile);
}

nest *nest_make_mamba(arena *m, const nest_mamba_shape *z, dtype type, bool is_all_parallel) {
  mamba k = {.s = sample_open(m, "mamba_chunk_scan", type), .shape = z};
  sample *s = &k.s;
  nest_loop_kind outer = is_all_parallel ? NEST_PARALLEL : NEST_SEQUENTIAL;
  k.m = sample_loop(s, "tile_m", NEST_PARALLEL, sym_const(m, z->chunk), z->chunk);
  k.n = sample_loop(s, "tile_n", NEST_PARALLEL, sym_const(m, z->head), z->head);
  k.c = sample_loop(s, "tile_c", NEST_PARALLEL, sym_const(m, z->chunks), z->chunks);
  k.cb = sample_tensor(s, "cb", SHAPE(z->batch, z->chunks, z->groups, z->chunk, z->chunk));
  k.x = sample_tensor(s, "x", SHAPE(z->batch, z->heads, z->chunks * z->chunk, z->head));
  k.dt = sample_tensor(s, "dt", SHAPE(z->batch, z->heads, z->chunks, z->chunk));
  k.da = sample_tensor(s, "dA", SHAPE(z->batch, z->heads, z->chunks, z->chunk));
  k.gate = sample_tensor(s, "C", SHAPE(z->batch, z->groups, z->chunks * z->chunk, z->state));
  k.d = sample_tensor(s, "D", SHAPE(z->heads));
  k.states = sample_tensor(s, "states", SHAPE(z->batch, z->chunks, z->heads, z->state, z->head));
  k.out = sample_tensor(s, "out", SHAPE(z->batch, z->heads, z->chunks * z->chunk, z->head));
  k.b = sample_loop(s, "tile_b", outer, sym_const(m, z->batch), z->batch);
  if (!is_all_parallel)
    sample_enter(s, k.b);
  k.h = sample_loop(s, "tile_h", outer, sym_const(m, z->heads), z->heads);
  if (!is_all_parallel)
    sample_enter(s, k.h);
  mamba_body(&k);
  for (size_t i = 0; i < s->nest->symbols.n; i++)
    s->nest->symbols.at[i].covers_one = nest_symbol_covers_one(s->nest, (int)i);
  nest_set_alignment(s->nest, 32);
  return s->nest;
}
