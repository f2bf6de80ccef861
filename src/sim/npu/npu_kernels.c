#include "sim/npu/npu_kernels.h"
#include "base/ceil.h"
#include "isa/isa.h"

/* ---- building ---- */

typedef struct maker { arena *mem; const machine *m; tile_graph *g; int open[TILE_GRAPH_DEPTH_MAX], n_open; int64_t spad, side, lanes, elems; } maker;

/* Tensors lie one behind the other from 256 MB on, as PyTorchSim has them. */
static maker make(arena *mem, const machine *m, const char *name, const char *const *tensors, const int64_t *bytes, int n_tensors) {
  maker b = {.mem = mem, .m = m, .g = ARENA_NEW(mem, tile_graph), .lanes = m->l1_banks, .elems = m->pipeline->bits / 32};
  for (size_t i = 0; i < m->units.n; i++)
    if (strcmp(m->units.at[i].kind, "matrix") == 0)
      b.side = m->units.at[i].shape[0];
  b.g->name = b.g->path = name;
  b.g->systolic_size = b.side;
  int64_t at = INT64_C(1) << 28;
  for (int i = 0; i < n_tensors; i++) {
    vec_push(mem, &b.g->tensors, ((tile_tensor){tensors[i], at, true}));
    at += (bytes[i] + 4095) / 4096 * 4096;
  }
  return b;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static tile_node *node(maker *b, int i) { return &b->g->nodes.at[i]; }

static int add(maker *b, tile_node n) {
  int at = (int)b->g->nodes.n;
  n.parent = b->n_open ? b->open[b->n_open - 1] : -1;
  n.name = arena_printf(b->mem, "%s%d", n.kind == TILE_LOOP ? "loop" : n.kind == TILE_LOAD ? "load" : n.kind == TILE_STORE ? "store" : n.kind == TILE_WAIT ? "wait" : "compute", at);
  int *loops = n.parent >= 0 ? &node(b, n.parent)->n_loops : &b->g->n_loops;
  n.segment = *loops;
  *loops += n.kind == TILE_LOOP;
  vec_push(b->mem, &b->g->nodes, n);
  if (n.parent >= 0)
    vec_push(b->mem, &node(b, n.parent)->body, at);
  else
    vec_push(b->mem, &b->g->roots, at);
  return at;
}

static int loop(maker *b, tile_loop_type type, int64_t end, int64_t step) {
  int at = add(b, (tile_node){.kind = TILE_LOOP, .loop_type = type, .end = end, .stride = step, .variable = arena_printf(b->mem, "loop_arg%03zu", b->g->nodes.n)});
  b->open[b->n_open++] = at;
  return at;
}

static void end(maker *b, int loops) { b->n_open -= loops; }

static int buffer(maker *b, const char *name, int64_t lane_bytes) {
  vec_push(b->mem, &b->g->buffers, ((tile_buffer){name, ISA_SPAD_ADDRESS + b->spad, lane_bytes}));
  b->spad += (lane_bytes + 63) / 64 * 64;
  return (int)b->g->buffers.n - 1;
}

static void use(maker *b, int n, int buf, tile_access access) { vec_push(b->mem, &node(b, n)->uses, ((tile_use){buf, access})); }

static void term(maker *b, tile_terms *t, int of, int64_t divider, int64_t stride) {
  vec_push(b->mem, t, ((tile_term){.loop = of, .divider = divider, .stride = stride}));
}
static void constant(maker *b, tile_terms *t, int64_t value) { vec_push(b->mem, t, ((tile_term){.loop = -1, .value = value, .divider = 1, .stride = 1})); }

static int compute(maker *b, tile_unit unit, int64_t cycles, int64_t overlap) { return add(b, (tile_node){.kind = TILE_COMPUTE, .unit = unit, .cycles = cycles, .overlap = overlap}); }

/* The units' times, as core.pipeline tells them. */
static int preload(maker *b) {
  const machine_pipeline *p = b->m->pipeline;
  int64_t cycles = p->load_cycles + b->side / b->elems * p->weight_interval + p->weight_settle;
  return compute(b, TILE_PRELOAD, cycles, cycles);
}
static int product(maker *b, int64_t rows) {
  const machine_pipeline *p = b->m->pipeline;
  int64_t busy = rows * p->row_interval;
  int64_t latency = p->depth + p->load_cycles + p->float_cycles + p->pop_cycles + p->store_cycles;
  return compute(b, TILE_MATMUL, busy + latency, latency);
}
/* `instructions` for every register of `elems` f32 that each lane has, two cycles around. */
static int vector(maker *b, int64_t lane_elems, int64_t instructions) { return compute(b, TILE_VECTOR, ceil_div(lane_elems, b->elems) * instructions + 2, 0); }

static int load(maker *b, int tensor, int buf) {
  int n = add(b, (tile_node){.kind = TILE_LOAD, .tensor = tensor, .elem_bytes = 4, .is_async = true});
  use(b, n, buf, TILE_WRITE);
  return n;
}
static int store(maker *b, int tensor, int buf) {
  int n = add(b, (tile_node){.kind = TILE_STORE, .tensor = tensor, .elem_bytes = 4});
  use(b, n, buf, TILE_READ);
  return n;
}
static void dim(maker *b, int n, int64_t extent, int64_t step) {
  tile_node *x = node(b, n);
  x->extent[x->rank] = extent;
  x->step[x->rank++] = step;
}
static int wait(maker *b, int of, int buf) {
  int n = add(b, (tile_node){.kind = TILE_WAIT, .tensor = of});
  use(b, n, buf, TILE_READ);
  return n;
}

/* ---- products ---- */

typedef struct gemm_tiles { int64_t m, n, k; } gemm_tiles;

static tile_graph *gemm(arena *mem, const machine *m, npu_gemm s, gemm_tiles t) {
  const char *names[] = {"arg0", "arg1", "arg2"};
  const int64_t bytes[] = {s.m * s.k * 4, s.k * s.n * 4, s.m * s.n * 4};
  maker b = make(mem, m, arena_printf(mem, "gemm %lldx%lldx%lld", (long long)s.m, (long long)s.n, (long long)s.k), names, bytes, 3);
  int64_t rows = least(b.side, t.m), side = b.side;
  int x = buffer(&b, "x", t.m * ceil_div(t.k, b.lanes) * 4), w = buffer(&b, "w", t.k * ceil_div(t.n, b.lanes) * 4), y = buffer(&b, "y", t.m * ceil_div(t.n, b.lanes) * 4);
  int lm = loop(&b, TILE_LOOP_OUTER, s.m, t.m), ln = loop(&b, TILE_LOOP_OUTER, s.n, t.n);
  use(&b, vector(&b, t.m * ceil_div(t.n, b.lanes), 1), y, TILE_WRITE);
  int lk = loop(&b, TILE_LOOP_ACCUMULATION, s.k, t.k);
  /* Weights by rows of the array, rows of x by what passes it at once, both as wide as the tile: runs in DRAM are long. */
  int aw = loop(&b, TILE_LOOP_INNER, ceil_div(t.k, side), 1);
  int lw = load(&b, 1, w);
  dim(&b, lw, least(t.k, side), s.n);
  dim(&b, lw, t.n, 1);
  term(&b, &node(&b, lw)->offset, lk, 1, s.n * 4);
  term(&b, &node(&b, lw)->offset, aw, 1, side * s.n * 4);
  term(&b, &node(&b, lw)->offset, ln, 1, 4);
  term(&b, &node(&b, lw)->accumulation, lk, 1, 1);
  term(&b, &node(&b, lw)->tag, aw, 1, 1);
  end(&b, 1);
  int ax = loop(&b, TILE_LOOP_INNER, ceil_div(t.m, rows), 1);
  int lx = load(&b, 0, x);
  dim(&b, lx, rows, s.k);
  dim(&b, lx, t.k, 1);
  term(&b, &node(&b, lx)->offset, lm, 1, s.k * 4);
  term(&b, &node(&b, lx)->offset, ax, 1, rows * s.k * 4);
  term(&b, &node(&b, lx)->offset, lk, 1, 4);
  term(&b, &node(&b, lx)->accumulation, lk, 1, 1);
  term(&b, &node(&b, lx)->tag, ax, 1, 1);
  end(&b, 1);
  int ck = loop(&b, TILE_LOOP_INNER, ceil_div(t.k, side), 1);
  loop(&b, TILE_LOOP_INNER, ceil_div(t.n, side), 1);
  int ww = wait(&b, 1, w);
  term(&b, &node(&b, ww)->accumulation, lk, 1, 1);
  term(&b, &node(&b, ww)->tag, ck, 1, 1);
  use(&b, preload(&b), w, TILE_READ);
  int cm = loop(&b, TILE_LOOP_INNER, ceil_div(t.m, rows), 1);
  int wx = wait(&b, 0, x);
  term(&b, &node(&b, wx)->accumulation, lk, 1, 1);
  term(&b, &node(&b, wx)->tag, cm, 1, 1);
  int p = product(&b, rows);
  use(&b, p, x, TILE_READ);
  use(&b, p, y, TILE_UPDATE);
  end(&b, 4);
  int st = store(&b, 2, y);
  dim(&b, st, t.m, s.n);
  dim(&b, st, t.n, 1);
  term(&b, &node(&b, st)->offset, lm, 1, s.n * 4);
  term(&b, &node(&b, st)->offset, ln, 1, 4);
  return b.g;
}

/* The array's side along k, so that products start with the first rows and end soon after the last; the widest n, because its rows lie one behind the other in DRAM; of m
 * what leaves room for the next tiles. */
tile_graph *npu_kernel_gemm(arena *mem, const machine *m, npu_gemm s) {
  maker b = make(mem, m, "", NULL, NULL, 0);
  int64_t k = least(s.k, b.side);
  for (int64_t tn = s.n; tn >= least(s.n, b.side); tn /= 2)
    for (int64_t tm = s.m; tm >= least(s.m, b.side); tm /= 2) {
      int64_t columns = ceil_div(tn, b.lanes), rounds = ceil_div(s.m, tm) * ceil_div(s.n, tn);
      int64_t lane_bytes = 4 * ((rounds > 1 ? 2 : 1) * tm * columns + 2 * (tm * ceil_div(k, b.lanes) + k * columns));
      if (s.m % tm == 0 && s.n % tn == 0 && lane_bytes <= machine_lane_bytes(m))
        return gemm(mem, m, s, (gemm_tiles){tm, tn, k});
    }
  return gemm(mem, m, s, (gemm_tiles){least(s.m, b.side), least(s.n, b.side), k});
}

/* ---- convolutions ---- */

/* `images` at a time, all of their pixels; channels in by lanes, one tap of the window after the other through the array. */
static tile_graph *conv(arena *mem, const machine *m, npu_conv s, int64_t images) {
  const char *names[] = {"arg0", "arg1", "arg2"};
  int64_t pixels = s.side * s.side, padded = s.side + s.kernel - 1, taps = s.kernel * s.kernel;
  const int64_t bytes[] = {s.batch * pixels * s.c_in * 4, taps * s.c_in * s.c_out * 4, s.batch * pixels * s.c_out * 4};
  maker b = make(mem, m, arena_printf(mem, "conv %lldx%lldx%lldx%lld", (long long)s.batch, (long long)s.side, (long long)s.c_in, (long long)s.c_out), names, bytes, 3);
  int64_t ci = least(s.c_in, b.side), columns = ceil_div(s.c_out, b.lanes);
  int x = buffer(&b, "x", images * padded * padded * 4), w = buffer(&b, "w", taps * ci * columns * 4), y = buffer(&b, "y", images * pixels * columns * 4);
  int lb = loop(&b, TILE_LOOP_OUTER, s.batch, images);
  use(&b, vector(&b, images * pixels * columns, 1), y, TILE_WRITE);
  int lc = loop(&b, TILE_LOOP_ACCUMULATION, s.c_in, ci);
  int at = loop(&b, TILE_LOOP_INNER, taps, 1);
  int lw = load(&b, 1, w);
  dim(&b, lw, ci, s.c_out);
  dim(&b, lw, s.c_out, 1);
  term(&b, &node(&b, lw)->offset, at, 1, s.c_in * s.c_out * 4);
  term(&b, &node(&b, lw)->offset, lc, 1, s.c_out * 4);
  term(&b, &node(&b, lw)->accumulation, lc, 1, 1);
  term(&b, &node(&b, lw)->tag, at, 1, 1);
  end(&b, 1);
  int ai = loop(&b, TILE_LOOP_INNER, images, 1);
  int lx = load(&b, 0, x), before = (int)(s.kernel / 2);
  dim(&b, lx, padded, s.side * s.c_in);
  dim(&b, lx, padded, s.c_in);
  dim(&b, lx, ci, 1);
  constant(&b, &node(&b, lx)->offset, -before * (s.side + 1) * s.c_in * 4);
  term(&b, &node(&b, lx)->offset, lb, 1, pixels * s.c_in * 4);
  term(&b, &node(&b, lx)->offset, ai, 1, pixels * s.c_in * 4);
  term(&b, &node(&b, lx)->offset, lc, 1, 4);
  for (int d = 0; d < 2; d++) {   /* zeros around the picture */
    tile_mask mask = {.dim = d};
    constant(&b, &mask.low, before);
    constant(&b, &mask.high, before + s.side);
    vec_push(mem, &node(&b, lx)->masks, mask);
  }
  term(&b, &node(&b, lx)->accumulation, lc, 1, 1);
  term(&b, &node(&b, lx)->tag, ai, 1, 1);
  end(&b, 1);
  loop(&b, TILE_LOOP_INNER, ceil_div(s.c_out, b.side), 1);
  int ct = loop(&b, TILE_LOOP_INNER, taps, 1);
  int ww = wait(&b, 1, w);
  term(&b, &node(&b, ww)->accumulation, lc, 1, 1);
  term(&b, &node(&b, ww)->tag, ct, 1, 1);
  use(&b, preload(&b), w, TILE_READ);
  int cm = loop(&b, TILE_LOOP_INNER, images, 1);
  int wx = wait(&b, 0, x);
  term(&b, &node(&b, wx)->accumulation, lc, 1, 1);
  term(&b, &node(&b, wx)->tag, cm, 1, 1);
  int p = product(&b, pixels);
  use(&b, p, x, TILE_READ);
  use(&b, p, y, TILE_UPDATE);
  end(&b, 4);
  int st = store(&b, 2, y);
  dim(&b, st, images * pixels, s.c_out);
  dim(&b, st, s.c_out, 1);
  term(&b, &node(&b, st)->offset, lb, 1, pixels * s.c_out * 4);
  return b.g;
}

/* As many images as leave room for the next. */
tile_graph *npu_kernel_conv(arena *mem, const machine *m, npu_conv s) {
  maker b = make(mem, m, "", NULL, NULL, 0);
  int64_t padded = s.side + s.kernel - 1, columns = ceil_div(s.c_out, b.lanes), weights = s.kernel * s.kernel * least(s.c_in, b.side) * columns, images = s.batch;
  while (images > 1 && 4 * ((images < s.batch ? 2 : 1) * images * s.side * s.side * columns + 2 * (images * padded * padded + weights)) > machine_lane_bytes(m))
    images /= 2;
  return conv(mem, m, s, images);
}

/* ---- rows ---- */

/* One pass over the rows, which are dealt to lanes: `stats` numbers a row are read, a result for every element or one for the row is written.
 * instructions: for every register of elements, beside what reduces the row. */
static tile_graph *row_pass(arena *mem, const machine *m, const char *name, npu_rows s, int stats, bool is_whole, int64_t instructions) {
  static const char *const names[] = {"arg0", "arg1", "arg2", "arg3"};
  const int64_t bytes[] = {s.rows * s.columns * 4, s.rows * 4, s.rows * 4, s.rows * s.columns * 4};
  maker b = make(mem, m, name, names, bytes, 4);
  int64_t rows = least(s.rows, b.lanes), out_columns = is_whole ? s.columns : 1;
  int x = buffer(&b, "x", s.columns * 4), y = buffer(&b, "y", out_columns * 4), stat[2] = {0};
  for (int i = 0; i < stats; i++)
    stat[i] = buffer(&b, i ? "second" : "first", 4);
  int lr = loop(&b, TILE_LOOP_OUTER, s.rows, rows);
  int loads[3], n_loads = 0;
  for (int i = 0; i <= stats; i++) {
    int64_t columns = i ? 1 : s.columns;
    int l = loads[n_loads++] = load(&b, i, i ? stat[i - 1] : x);
    dim(&b, l, rows, columns);
    dim(&b, l, columns, 1);
    term(&b, &node(&b, l)->offset, lr, 1, columns * 4);
  }
  for (int i = 0; i < n_loads; i++)
    wait(&b, i, i ? stat[i - 1] : x);
  int c = vector(&b, s.columns, instructions);
  use(&b, c, x, TILE_READ);
  for (int i = 0; i < stats; i++)
    use(&b, c, stat[i], TILE_READ);
  use(&b, c, y, TILE_WRITE);
  int st = store(&b, 3, y);
  dim(&b, st, rows, out_columns);
  dim(&b, st, out_columns, 1);
  term(&b, &node(&b, st)->offset, lr, 1, out_columns * 4);
  return b.g;
}

/* Each reduction is a kernel of its own, and so is what follows them: loads and instructions a register are x - max, exp, sum and so on. */
void npu_kernel_softmax(arena *mem, const machine *m, npu_rows s, tile_graph *out[3]) {
  out[0] = row_pass(mem, m, "softmax: maximum", s, 0, false, 2);
  out[1] = row_pass(mem, m, "softmax: sum", s, 1, false, 4);
  out[2] = row_pass(mem, m, "softmax: quotient", s, 2, true, 5);
}

void npu_kernel_layernorm(arena *mem, const machine *m, npu_rows s, tile_graph *out[3]) {
  out[0] = row_pass(mem, m, "layernorm: mean", s, 0, false, 2);
  out[1] = row_pass(mem, m, "layernorm: variance", s, 1, false, 4);
  out[2] = row_pass(mem, m, "layernorm: rows", s, 2, true, 4);
}
