/* The matmul sample: one core's work on one C tile is
 *   take acc; fill acc; for ki { load a; load b; matmul; give a; give b }; take out; push acc; cast; give acc; push out; store out; give out */
#include "tog/tog_samples.h"
#include "base/ceil.h"
#include "base/dtype.h"
#include <string.h>

/* ---- tile functions: obviously right, never optimised; the extents come first, then the row lengths of the nominal tiles ---- */

static void tile_fill(void *const *buf, const int64_t *arg) {        /* acc; m, n, acc row */
  float *acc = buf[0];
  for (int64_t i = 0; i < arg[0]; i++)
    for (int64_t j = 0; j < arg[1]; j++)
      acc[i * arg[2] + j] = 0;
}

static void tile_matmul(void *const *buf, const int64_t *arg) {      /* a, b, acc; m, n, k, a row, b row = acc row */
  const uint16_t *a = buf[0], *b = buf[1];
  float *acc = buf[2];
  for (int64_t i = 0; i < arg[0]; i++)
    for (int64_t p = 0; p < arg[2]; p++) {
      float x = dtype_f16_to_f32(a[i * arg[3] + p]);
      for (int64_t j = 0; j < arg[1]; j++)
        acc[i * arg[4] + j] += x * dtype_f16_to_f32(b[p * arg[4] + j]);
    }
}

static void tile_cast(void *const *buf, const int64_t *arg) {        /* acc, out; m, n, row of both */
  const float *acc = buf[0];
  uint16_t *out = buf[1];
  for (int64_t i = 0; i < arg[0]; i++)
    for (int64_t j = 0; j < arg[1]; j++)
      out[i * arg[2] + j] = dtype_f32_to_f16(acc[i * arg[2] + j]);
}

const tog_sample_fn tog_sample_functions[TOG_SAMPLE_FUNCTIONS] = {tile_fill, tile_matmul, tile_cast};

/* ---- the graph ---- */

typedef struct build { arena *m; tog *t; tog_body *body; } build;

static const sym_expr *num(build *b, int64_t v) { return sym_const(b->m, v); }
static const sym_expr *name(build *b, const char *s) { return sym_name(b->m, s); }

static tog_node *add(build *b, tog_node_kind kind, const char *label, int buffer) {
  tog_node *n = ARENA_NEW(b->m, tog_node);
  n->kind = kind;
  n->label = label;
  n->buffer = buffer;
  n->thread = kind == TOG_GIVE ? TOG_COMPUTE_THREAD : tog_node_thread(n);
  vec_push(b->m, b->body, n);
  return n;
}

static tog_body *add_loop(build *b, const char *var, int64_t trip) {
  tog_node *n = add(b, TOG_LOOP, NULL, 0);
  n->var = var;
  n->trip = num(b, trip);
  return &n->body;
}

static void set_box(tog_node *n, int tensor, const sym_expr *o0, const sym_expr *e0, const sym_expr *o1, const sym_expr *e1) {
  n->box = (tog_box){.tensor = tensor, .rank = 2, .offset = {o0, o1}, .extent = {e0, e1}, .to_dim = {0, 1}};
}

static tog_node *add_compute(build *b, const char *label, int function, const char *unit, int64_t cycles) {
  tog_node *n = add(b, TOG_COMPUTE, label, 0);
  n->function = function;
  n->unit = unit;
  n->cycles = num(b, cycles);
  return n;
}

static void add_use(build *b, tog_node *n, int buffer, tog_access access) {
  vec_push(b->m, &n->uses, ((tog_use){buffer, access, access == TOG_READ}));
}

/* The first `extents` arguments are extents: nothing to do where one is 0. */
static void add_args(build *b, tog_node *n, size_t extents, size_t count, const sym_expr *const *args) {
  for (size_t i = 0; i < count; i++)
    vec_push(b->m, &n->args, args[i]);
  for (size_t i = 0; i < extents; i++)
    n->active = n->active ? sym_min(b->m, n->active, args[i]) : args[i];
}

/* max(0, min(tile, size - offset)) */
static const sym_expr *clamped(build *b, int64_t tile, int64_t size, const sym_expr *offset) {
  return sym_max(b->m, num(b, 0), sym_min(b->m, num(b, tile), sym_sub(b->m, num(b, size), offset)));
}

/* (wave * cores + coordinate) * tile */
static const sym_expr *tile_offset(build *b, const char *wave, int64_t cores, const char *coord, int64_t tile) {
  const sym_expr *index = sym_add(b->m, sym_mul(b->m, name(b, wave), num(b, cores)), name(b, coord));
  return sym_mul(b->m, index, num(b, tile));
}

static void declare(build *b, const tog_matmul_spec *s) {
  const struct { const char *name; int64_t rows, cols; bool is_output; } tensors[] = {
    {"A", s->m, s->k, false}, {"B", s->k, s->n, false}, {"C", s->m, s->n, true}};
  const struct { const char *name; dtype type; int64_t rows, cols; int depth; } buffers[] = {
    {"a", DTYPE_F16, s->tile_m, s->tile_k, s->depth}, {"b", DTYPE_F16, s->tile_k, s->tile_n, s->depth},
    {"acc", DTYPE_F32, s->tile_m, s->tile_n, 1}, {"out", DTYPE_F16, s->tile_m, s->tile_n, 1}};
  static const char *const functions[] = {"tile_fill", "tile_matmul", "tile_cast"};
  for (int i = 0; i < 3; i++)
    vec_push(b->m, &b->t->tensors, ((tog_tensor){.name = tensors[i].name, .type = DTYPE_F16, .rank = 2, .shape = {tensors[i].rows, tensors[i].cols},
                                                 .is_input = !tensors[i].is_output, .is_output = tensors[i].is_output, .arg = i}));
  int64_t offset = 0;
  for (int i = 0; i < 4; i++) {
    int64_t bytes = buffers[i].rows * buffers[i].cols * (int64_t)dtype_bytes(buffers[i].type);
    int64_t stride = ceil_div(bytes, 32) * 32;
    vec_push(b->m, &b->t->buffers, ((tog_buffer){.name = buffers[i].name, .type = buffers[i].type, .rank = 2, .shape = {buffers[i].rows, buffers[i].cols},
                                                 .bytes = bytes, .stride = stride, .offset = offset, .depth = buffers[i].depth}));
    offset += stride * buffers[i].depth;
  }
  for (int i = 0; i < 3; i++)
    vec_push(b->m, &b->t->functions, ((tog_function){.name = functions[i]}));
}

tog *tog_sample_matmul(arena *m, const tog_matmul_spec *s) {
  tog *t = ARENA_NEW(m, tog);
  build bb = {m, t, &t->body}, *b = &bb;
  t->kernel = "matmul";
  t->machine = "sample";
  t->variant = s->multicast ? "multicast" : "unicast";
  t->n_mesh = 2;
  t->mesh_name[0] = "x";
  t->mesh_name[1] = "y";
  t->mesh_size[0] = s->mesh_x;
  t->mesh_size[1] = s->mesh_y;
  declare(b, s);

  const sym_expr *row = tile_offset(b, "mi", s->mesh_x, "x", s->tile_m), *col = tile_offset(b, "ni", s->mesh_y, "y", s->tile_n);
  const sym_expr *depth = sym_mul(m, name(b, "ki"), num(b, s->tile_k));
  const sym_expr *em = clamped(b, s->tile_m, s->m, row), *en = clamped(b, s->tile_n, s->n, col), *ek = clamped(b, s->tile_k, s->k, depth);
  tog_node *n;

  b->body = add_loop(b, "mi", ceil_div(ceil_div(s->m, s->tile_m), s->mesh_x));
  b->body = add_loop(b, "ni", ceil_div(ceil_div(s->n, s->tile_n), s->mesh_y));
  tog_body *tile = b->body;
  add(b, TOG_TAKE, "take acc", TOG_SAMPLE_ACC);
  n = add_compute(b, "fill", 0, "vector", s->tile_m);
  add_use(b, n, TOG_SAMPLE_ACC, TOG_WRITE);
  add_args(b, n, 2, 3, (const sym_expr *[]){em, en, num(b, s->tile_n)});

  b->body = add_loop(b, "ki", ceil_div(s->k, s->tile_k));
  n = add(b, TOG_LOAD, "load a", TOG_SAMPLE_BUF_A);
  set_box(n, TOG_SAMPLE_A, row, em, depth, ek);
  n->has_group = s->multicast;
  if (s->multicast)
    n->group = (tog_group){.ul = {name(b, "x"), num(b, 0)}, .lr = {name(b, "x"), num(b, s->mesh_y - 1)}, .sender = {name(b, "x"), num(b, 0)}};
  n = add(b, TOG_LOAD, "load b", TOG_SAMPLE_BUF_B);
  set_box(n, TOG_SAMPLE_B, depth, ek, col, en);
  n->has_group = s->multicast;
  if (s->multicast)
    n->group = (tog_group){.ul = {num(b, 0), name(b, "y")}, .lr = {num(b, s->mesh_x - 1), name(b, "y")}, .sender = {num(b, 0), name(b, "y")}};
  n = add_compute(b, "matmul", 1, "matrix", s->k_cycles);
  add_use(b, n, TOG_SAMPLE_BUF_A, TOG_READ);
  add_use(b, n, TOG_SAMPLE_BUF_B, TOG_READ);
  add_use(b, n, TOG_SAMPLE_ACC, TOG_UPDATE);
  add_args(b, n, 3, 5, (const sym_expr *[]){em, en, ek, num(b, s->tile_k), num(b, s->tile_n)});
  add(b, TOG_GIVE, "give a", TOG_SAMPLE_BUF_A);
  add(b, TOG_GIVE, "give b", TOG_SAMPLE_BUF_B);

  b->body = tile;
  add(b, TOG_TAKE, "take out", TOG_SAMPLE_OUT);
  add(b, TOG_PUSH, "push acc", TOG_SAMPLE_ACC);
  n = add_compute(b, "cast", 2, "vector", s->tile_m);
  add_use(b, n, TOG_SAMPLE_ACC, TOG_READ);
  add_use(b, n, TOG_SAMPLE_OUT, TOG_WRITE);
  add_args(b, n, 2, 3, (const sym_expr *[]){em, en, num(b, s->tile_n)});
  add(b, TOG_GIVE, "give acc", TOG_SAMPLE_ACC);
  add(b, TOG_PUSH, "push out", TOG_SAMPLE_OUT);
  n = add(b, TOG_STORE, "store c", TOG_SAMPLE_OUT);
  set_box(n, TOG_SAMPLE_C, row, em, col, en);
  add(b, TOG_GIVE, "give out", TOG_SAMPLE_OUT)->thread = TOG_WRITER;
  tog_number(t);
  return t;
}

/* ---- edits ---- */

static tog_node *find_in(const tog_body *body, const char *label) {
  for (size_t i = 0; i < body->n; i++) {
    tog_node *n = body->at[i];
    if (n->label && strcmp(n->label, label) == 0)
      return n;
    if (n->kind == TOG_LOOP && (n = find_in(&n->body, label)))
      return n;
  }
  return NULL;
}

tog_node *tog_sample_find(const tog *t, const char *label) { return find_in(&t->body, label); }

static tog_body *body_of(tog_body *body, const tog_node *n, size_t *at) {
  for (size_t i = 0; i < body->n; i++) {
    if (body->at[i] == n) {
      *at = i;
      return body;
    }
    tog_body *inner = body->at[i]->kind == TOG_LOOP ? body_of(&body->at[i]->body, n, at) : NULL;
    if (inner)
      return inner;
  }
  return NULL;
}

void tog_sample_remove(tog *t, const tog_node *n) {
  size_t at = 0;
  tog_body *body = body_of(&t->body, n, &at);
  memmove(body->at + at, body->at + at + 1, (body->n - at - 1) * sizeof *body->at);
  body->n--;
  tog_number(t);
}

void tog_sample_insert(arena *m, tog *t, const tog_node *before, tog_node *extra) {
  size_t at = 0;
  tog_body *body = body_of(&t->body, before, &at);
  vec_push(m, body, extra);
  memmove(body->at + at + 1, body->at + at, (body->n - 1 - at) * sizeof *body->at);
  body->at[at] = extra;
  tog_number(t);
}
