#include "base/text.h"
#include "nest/nest_samples_private.h"

sample sample_open(arena *m, const char *kernel, dtype type) {
  nest *n = ARENA_NEW(m, nest);
  n->kernel = kernel;
  n->type = type;
  return (sample){.mem = m, .nest = n, .type = type, .body = &n->body, .parent = -1, .only_first = -1};
}

const sym_expr *sample_int(const sample *s, int64_t v) { return sym_const(s->mem, v); }
const sym_expr *sample_block(const sample *s, int loop) { return sym_name(s->mem, s->nest->loops.at[loop].block); }
const sym_expr *sample_start(const sample *s, int loop) {
  return sym_mul(s->mem, sym_name(s->mem, nest_iterator_name(s->mem, s->nest, loop)), sample_block(s, loop));
}

int sample_loop(sample *s, const char *block, nest_loop_kind kind, const sym_expr *extent, int64_t bound) {
  nest *n = s->nest;
  nest_symbol symbol = {.name = block, .upper_bound = sample_int(s, bound), .align = 1, .is_reduction = kind == NEST_SEQUENTIAL};
  nest_loop l = {.block = block, .kind = kind, .extent = extent, .parent = kind == NEST_PARALLEL ? -1 : s->parent};
  vec_push(s->mem, &n->symbols, symbol);
  vec_push(s->mem, &n->loops, l);
  n->n_parallel += kind == NEST_PARALLEL;
  return (int)n->loops.n - 1;
}

static nest_node *add_node(sample *s, nest_node_kind kind, int value, const char *label) {
  nest_node *x = nest_make_node(s->mem, kind);
  x->value = value;
  x->label = label;
  x->only_first = s->only_first;
  vec_push(s->mem, s->body, x);
  if (kind != NEST_STORE && kind != NEST_LOOP && !s->nest->values.at[value].def)
    s->nest->values.at[value].def = x;
  return x;
}

nest_node *sample_enter(sample *s, int loop) {
  nest_node *x = add_node(s, NEST_LOOP, 0, s->nest->loops.at[loop].block);
  x->loop = loop;
  s->body = &x->body;
  s->parent = loop;
  return x;
}

void sample_leave(sample *s, const nest_body *outer_body) {
  s->parent = s->nest->loops.at[s->parent].parent;
  s->body = (nest_body *)(uintptr_t)outer_body;
}

int sample_tensor(sample *s, const char *name, int rank, const int64_t *shape) {
  nest_tensor t = {.name = name, .type = s->type, .rank = rank, .arg = (int)s->nest->tensors.n};
  for (int d = 0; d < rank; d++)
    t.shape[d] = shape[d];
  vec_push(s->mem, &s->nest->tensors, t);
  return t.arg;
}

int sample_value(sample *s, const char *name, const sym_expr *const *dims) {
  nest_value v = {.name = name, .type = s->type, .is_carried = text_starts(name, "acc")};
  while (dims[v.rank]) {
    v.dim[v.rank] = dims[v.rank];
    v.rank++;
  }
  vec_push(s->mem, &s->nest->values, v);
  return (int)s->nest->values.n - 1;
}

static nest_node *add_access(sample *s, nest_node_kind kind, int tensor, int value, const nest_access_dim *part) {
  nest_node *x = add_node(s, kind, value, NULL);
  x->tensor = tensor;
  for (; part[x->n_dims].loop != -2; x->n_dims++)
    x->dim[x->n_dims] = part[x->n_dims];
  x->label = arena_printf(s->mem, "%s %s", kind == NEST_LOAD ? "load" : "store", nest_access_name(s->mem, s->nest, x));
  return x;
}

int sample_load(sample *s, int tensor, const char *value, const nest_access_dim *part) {
  nest_value v = {.name = value, .type = s->type};
  for (int d = 0; part[d].loop != -2; d++)
    if (!part[d].dropped)
      v.dim[v.rank++] = part[d].size;
  vec_push(s->mem, &s->nest->values, v);
  int made = (int)s->nest->values.n - 1;
  add_access(s, NEST_LOAD, tensor, made, part);
  return made;
}

void sample_store(sample *s, int tensor, int value, const nest_access_dim *part) {
  add_access(s, NEST_STORE, tensor, value, part);
  s->nest->tensors.at[tensor].is_output = true;
}

void sample_fill(sample *s, int value) {
  add_node(s, NEST_COMPUTE, value, arena_printf(s->mem, "fill %s", s->nest->values.at[value].name))->op = "fill";
}

/* Samples read operands of the result's shape by the identity map. */
static bool is_element_wise(const sample *s, const sym_expr *k, int value, int input) {
  int64_t reduced;
  const nest_value *a = &s->nest->values.at[value], *b = &s->nest->values.at[input];
  bool fits = input != value && a->rank == b->rank && sym_is_const(k, &reduced) && reduced == 1;
  for (int d = 0; fits && d < a->rank; d++)
    fits = sym_equal(a->dim[d], b->dim[d]);
  return fits;
}

void sample_generic(sample *s, const char *body_ops, int value, const int *inputs, size_t n, const sym_expr *m, const sym_expr *k) {
  nest_node *x = add_node(s, NEST_COMPUTE, value, body_ops);
  x->op = "generic";
  x->body_ops = body_ops;
  for (size_t i = 0; i < n; i++)
    vec_push(s->mem, &x->inputs, inputs[i]);
  x->m = m;
  x->k = k;
  for (size_t i = 0; i < n; i++)
    if (is_element_wise(s, k, value, inputs[i]))
      x->same_place |= 1u << i;
}

void sample_product(sample *s, int value, int left, int right) {
  const nest_value *a = &s->nest->values.at[left], *b = &s->nest->values.at[right];
  bool is_batched = a->rank == 3;
  nest_node *x = add_node(s, NEST_COMPUTE, value, is_batched ? "batch_matmul" : "matmul");
  x->op = x->label;
  const int inputs[] = {left, right, value};
  for (int i = 0; i < 3; i++)
    vec_push(s->mem, &x->inputs, inputs[i]);
  x->batch = is_batched ? a->dim[0] : NULL;
  x->m = a->dim[is_batched];
  x->k = a->dim[is_batched + 1];
  x->n = b->dim[is_batched + 1];
}

void sample_unary(sample *s, const char *op, int value, int input) {
  nest_node *x = add_node(s, NEST_COMPUTE, value, op);
  x->op = op;
  x->is_move = text_eq(op, "move");
  if (x->is_move)
    x->label = arena_printf(s->mem, "move %s", s->nest->values.at[value].name);
  vec_push(s->mem, &x->inputs, input);
}

void sample_gather(sample *s, int across, int value, int input) {
  nest_node *x = add_node(s, NEST_GATHER, value, arena_printf(s->mem, "gather %s", s->nest->values.at[input].name));
  x->across = across;
  vec_push(s->mem, &x->inputs, input);
}

nest_access_dim sample_part(const sample *s, int loop, const sym_expr *offset, const sym_expr *size) {
  return (nest_access_dim){.loop = loop, .offset = offset ? offset : sample_int(s, 0), .size = size};
}

nest_access_dim sample_step(const sample *s, int loop) { return sample_part(s, loop, NULL, sample_block(s, loop)); }

nest_access_dim sample_one(const sample *s, int loop) {
  nest_access_dim d = sample_part(s, loop, NULL, sample_int(s, 1));
  d.dropped = true;
  return d;
}
