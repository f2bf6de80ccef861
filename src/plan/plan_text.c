/* loom.plan.v1: the text form of a plan.  Everything that is decided is written and read back exactly, so plans can be cached, edited and replayed. */
#include "plan/plan.h"
#include "base/text.h"

/* ---- writing ---- */

static data_value *ints(arena *m, const int64_t *v, int n) {
  data_value *a = data_array(m);
  for (int i = 0; i < n; i++)
    data_push(m, a, data_int(m, v[i]));
  return a;
}

static data_value *mapping_to_data(arena *m, const plan_mapping *p) {
  data_value *o = data_object(m), *mesh = data_array(m), *logical = data_array(m), *order = data_array(m);
  for (int d = 0; d < p->n_mesh; d++) {
    data_value *x = data_object(m);
    data_set_string(m, x, "name", p->mesh_name[d]);
    data_set_int(m, x, "size", p->mesh_size[d]);
    data_push(m, mesh, x);
  }
  for (int l = 0; l < p->n_logical; l++) {
    data_value *x = data_object(m);
    data_set_int(m, x, "mesh_dim", p->logical[l].mesh_dim);
    data_set_int(m, x, "level", p->logical[l].level);
    data_set_int(m, x, "size", p->logical[l].size);
    data_set_int(m, x, "iter", p->logical[l].iter);
    data_push(m, logical, x);
  }
  for (int i = 0; i < p->n_iters; i++)
    data_push(m, order, data_int(m, p->order[i]));
  data_set(m, o, "mesh", mesh);
  data_set(m, o, "logical", logical);
  data_set(m, o, "loop_order", order);
  return o;
}

static const char *const move_texts[PLAN_MOVES] = {
#define X(n, t) t,
    PLAN_MOVE_LIST(X)
#undef X
};

/* What a plan of upstream's kind does not say is left out: shared areas are multicast, nothing lifted into panels, no depth of its own. */
static data_value *access_to_data(arena *m, const plan_mapping *p, const plan_access *a) {
  data_value *o = data_object(m), *levels = data_array(m), *label = data_array(m), *move = data_array(m);
  data_set_string(m, o, "name", a->name);
  data_set_bool(m, o, "is_store", a->is_store);
  data_set(m, o, "area", ints(m, a->area, p->n_mesh));
  for (int d = 0; d < p->n_mesh; d++) {
    data_push(m, levels, data_int(m, a->levels[d]));
    data_push(m, label, data_int(m, a->label_level[d]));
  }
  data_set(m, o, "levels", levels);
  data_set(m, o, "label_level", label);
  bool is_chain = false;
  for (int d = 0; d < p->n_mesh; d++) {
    is_chain = is_chain || (a->area[d] > 1 && a->move[d] == PLAN_CHAIN);
    data_push(m, move, data_string(m, move_texts[a->area[d] == 1 ? PLAN_UNICAST : a->move[d] == PLAN_CHAIN ? PLAN_CHAIN : PLAN_MULTICAST]));
  }
  if (is_chain)
    data_set(m, o, "move", move);
  data_set_int(m, o, "hoist", a->hoist);
  if (a->panel)
    data_set_int(m, o, "panel", a->panel);
  if (a->depth)
    data_set_int(m, o, "depth", a->depth);
  if (a->direct)
    data_set_bool(m, o, "direct", true);
  return o;
}

static data_value *buffer_to_data(arena *m, const plan_buffer *b) {
  data_value *o = data_object(m);
  data_set_string(m, o, "name", b->name);
  data_set_string(m, o, "type", dtype_mlir(b->type));
  data_set(m, o, "shape", ints(m, b->shape, b->rank));
  data_set_int(m, o, "bytes", b->bytes);
  data_set_int(m, o, "depth", b->depth);
  data_set_int(m, o, "offset", b->offset);
  return o;
}

static data_value *chips_to_data(arena *m, const plan *p) {
  data_value *all = data_array(m);
  for (size_t i = 0; i < p->chips.n; i++) {
    data_value *o = data_object(m);
    data_set_string(m, o, "name", p->chips.at[i].name);
    data_set_int(m, o, "size", p->chips.at[i].size);
    data_set_string(m, o, "loop", p->chips.at[i].loop);
    data_push(m, all, o);
  }
  return all;
}

void plan_add_costs(arena *m, data_value *v, const plan *p) {
  data_value *split = data_object(m);
  data_set_int(m, split, "compute", p->cost_compute);
  data_set_int(m, split, "load", p->cost_load);
  data_set_int(m, split, "store", p->cost_store);
  data_set_int(m, split, "tail", p->cost_tail);
  data_set(m, v, "cost_split", split);
  data_set_int(m, v, "l1_bytes", p->l1_bytes);
  data_set_int(m, v, "l1_capacity", p->l1_capacity);
  data_set_int(m, v, "dram_bytes", p->dram_bytes);
  data_set_int(m, v, "points", p->points);
  if (p->feasible >= 0)
    data_set_int(m, v, "feasible", p->feasible);
}

data_value *plan_to_data(arena *m, const plan *p) {
  data_value *v = data_object(m), *access = data_array(m), *blocks = data_object(m), *buffers = data_array(m);
  data_set_string(m, v, "schema", "loom.plan.v1");
  data_set_string(m, v, "kernel", p->kernel);
  data_set_string(m, v, "kernel_path", p->kernel_path);
  data_set_string(m, v, "kernel_sha256", p->kernel_sha256);
  data_set_string(m, v, "machine", p->machine);
  data_set_string(m, v, "calibration", p->calibration);
  data_set_string(m, v, "model", p->model);
  data_set_string(m, v, "variant", p->candidate.name);
  data_set(m, v, "mapping", mapping_to_data(m, &p->candidate.mapping));
  for (int i = 0; i < p->candidate.n_access; i++)
    data_push(m, access, access_to_data(m, &p->candidate.mapping, &p->candidate.access[i]));
  data_set(m, v, "accesses", access);
  for (size_t i = 0; i < p->blocks.n; i++)
    data_set_int(m, blocks, p->blocks.at[i].symbol, p->blocks.at[i].size);
  data_set(m, v, "block_sizes", blocks);
  data_set_bool(m, v, "is_double_buffer", p->double_buffer);
  data_set_bool(m, v, "accumulate_f32", p->accumulate_f32);
  for (size_t i = 0; i < p->buffers.n; i++)
    data_push(m, buffers, buffer_to_data(m, &p->buffers.at[i]));
  data_set(m, v, "buffers", buffers);
  data_set_int(m, v, "predicted_cycles", p->predicted_cycles);
  data_set_int(m, v, "lower_bound", p->lower_bound);
  plan_add_costs(m, v, p);
  data_set_bool(m, v, "ragged", p->ragged);
  data_set_string(m, v, "proof", plan_proof_text(p->proof));
  if (p->chips.n)
    data_set(m, v, "chips", chips_to_data(m, p));
  return v;
}

/* ---- reading ---- */

static loom_status read_bool(loom_ctx *ctx, const data_value *o, const char *key, bool *out) {
  data_value *v;
  LOOM_TRY(data_need(ctx, o, key, DATA_BOOL, &v));
  *out = v->boolean;
  return LOOM_OK;
}

/* A string that may be absent or null. */
static loom_status read_text(loom_ctx *ctx, const data_value *o, const char *key, const char **out) {
  const data_value *v = data_get(o, key);
  *out = NULL;
  return !v || v->kind == DATA_NULL ? LOOM_OK : data_need_string(ctx, o, key, out);
}

static loom_status read_int(loom_ctx *ctx, const data_value *o, const char *key, int64_t lo, int64_t hi, int *out) {
  int64_t i;
  LOOM_TRY(data_need_int(ctx, o, key, lo, hi, &i));
  *out = (int)i;
  return LOOM_OK;
}

/* Array `key` of between 0 and `room` items. */
static loom_status read_array(loom_ctx *ctx, const data_value *o, const char *key, size_t room, data_value **out) {
  LOOM_TRY(data_need(ctx, o, key, DATA_ARRAY, out));
  if ((*out)->n > room)
    LOOM_FAIL(ctx, (*out)->span, LOOM_ELIMIT, "%s has %zu items; at most %zu are supported", key, (*out)->n, room);
  return LOOM_OK;
}

static loom_status read_ints(loom_ctx *ctx, const data_value *o, const char *key, size_t n, int64_t lo, int64_t hi, int64_t *out) {
  data_value *a;
  LOOM_TRY(data_need(ctx, o, key, DATA_ARRAY, &a));
  if (a->n != n)
    LOOM_FAIL(ctx, a->span, LOOM_EINPUT, "%s has %zu items; expected %zu", key, a->n, n);
  for (size_t i = 0; i < n; i++) {
    if (a->items[i]->kind != DATA_INT || a->items[i]->integer < lo)
      LOOM_FAIL(ctx, a->items[i]->span, LOOM_EINPUT, "%s must hold integers of at least %" PRId64, key, lo);
    if (a->items[i]->integer > hi)
      LOOM_FAIL(ctx, a->items[i]->span, LOOM_EINPUT, "%s must hold integers of at most %" PRId64, key, hi);
    out[i] = a->items[i]->integer;
  }
  return LOOM_OK;
}

static loom_status read_order(loom_ctx *ctx, const data_value *o, plan_mapping *p) {
  data_value *order;
  LOOM_TRY(read_array(ctx, o, "loop_order", PLAN_ITERS_MAX, &order));
  p->n_iters = (int)order->n;
  unsigned seen = 0;
  for (int i = 0; i < p->n_iters; i++) {
    const data_value *x = order->items[i];
    if (x->kind != DATA_INT || x->integer < 0 || x->integer >= p->n_iters || (seen & 1u << x->integer))
      LOOM_FAIL(ctx, x->span, LOOM_EINPUT, "loop_order must name every iterator 0..%d once", p->n_iters - 1);
    seen |= 1u << x->integer;
    p->order[i] = (int)x->integer;
  }
  return LOOM_OK;
}

/* The levels of every mesh dim must multiply to its size and count 0, 1, ... in order: everything later relies on it. */
static loom_status check_levels(loom_ctx *ctx, const data_value *logical, const plan_mapping *p) {
  for (int d = 0; d < p->n_mesh; d++) {
    int64_t product = 1;
    int level = 0;
    for (int l = 0; l < p->n_logical; l++) {
      if (p->logical[l].mesh_dim != d)
        continue;
      if (p->logical[l].level != level++)
        LOOM_FAIL(ctx, logical->items[l]->span, LOOM_EINPUT, "levels of mesh dim %s must count from 0 in order", p->mesh_name[d]);
      if (__builtin_mul_overflow(product, p->logical[l].size, &product))
        product = -1;
    }
    if (product != p->mesh_size[d])
      LOOM_FAIL(ctx, logical->span, LOOM_EINPUT, "levels of mesh dim %s do not multiply to its %" PRId64 " cores", p->mesh_name[d], p->mesh_size[d]);
  }
  return LOOM_OK;
}

static loom_status read_mapping(loom_ctx *ctx, const data_value *v, plan_mapping *p) {
  data_value *o, *mesh, *logical;
  LOOM_TRY(data_need(ctx, v, "mapping", DATA_OBJECT, &o));
  LOOM_TRY(read_array(ctx, o, "mesh", PLAN_MESH_MAX, &mesh));
  p->n_mesh = (int)mesh->n;
  for (int d = 0; d < p->n_mesh; d++) {
    LOOM_TRY(data_need_string(ctx, mesh->items[d], "name", &p->mesh_name[d]));
    LOOM_TRY(data_need_int(ctx, mesh->items[d], "size", 1, INT32_MAX, &p->mesh_size[d]));
  }
  LOOM_TRY(read_order(ctx, o, p));
  LOOM_TRY(read_array(ctx, o, "logical", PLAN_LOGICAL_MAX, &logical));
  p->n_logical = (int)logical->n;
  for (int l = 0; l < p->n_logical; l++) {
    plan_logical *x = &p->logical[l];
    LOOM_TRY(read_int(ctx, logical->items[l], "mesh_dim", 0, p->n_mesh - 1, &x->mesh_dim));
    LOOM_TRY(read_int(ctx, logical->items[l], "level", 0, PLAN_LOGICAL_MAX - 1, &x->level));
    LOOM_TRY(data_need_int(ctx, logical->items[l], "size", 1, INT32_MAX, &x->size));
    LOOM_TRY(read_int(ctx, logical->items[l], "iter", 0, p->n_iters - 1, &x->iter));
  }
  return check_levels(ctx, logical, p);
}

/* "move": one word a mesh dim; without it shared areas are multicast. */
static loom_status read_moves(loom_ctx *ctx, const data_value *o, size_t n, plan_access *x) {
  data_value *a;
  for (size_t d = 0; d < n; d++)
    x->move[d] = x->area[d] > 1 ? PLAN_MULTICAST : PLAN_UNICAST;
  if (!data_get(o, "move"))
    return LOOM_OK;
  LOOM_TRY(data_need(ctx, o, "move", DATA_ARRAY, &a));
  if (a->n != n)
    LOOM_FAIL(ctx, a->span, LOOM_EINPUT, "move has %zu items; expected %zu", a->n, n);
  for (size_t d = 0; d < n; d++) {
    int m = 0;
    while (m < PLAN_MOVES && (a->items[d]->kind != DATA_STRING || !text_eq(a->items[d]->string, move_texts[m])))
      m++;
    if (m == PLAN_MOVES || (m == PLAN_UNICAST) != (x->area[d] == 1))
      LOOM_FAIL(ctx, a->items[d]->span, LOOM_EINPUT, "move must be \"n\" along a mesh dim where one core has its own transfer, \"bcast\" or \"chain\" where more share it");
    x->move[d] = (plan_move)m;
  }
  return LOOM_OK;
}

/* What else upstream does not know. */
static loom_status read_choice(loom_ctx *ctx, const data_value *o, size_t n, plan_access *x) {
  int panel = 0;
  LOOM_TRY(read_moves(ctx, o, n, x));
  if (data_get(o, "panel"))
    LOOM_TRY(read_int(ctx, o, "panel", 0, (1 << PLAN_LIFTS_MAX) - 1, &panel));
  x->panel = (unsigned)panel;
  if (x->panel >> x->hoist)
    LOOM_FAIL(ctx, data_get(o, "panel")->span, LOOM_EINPUT, "panel has loops beyond the %d that the load is lifted over", x->hoist);
  if (data_get(o, "depth"))
    LOOM_TRY(read_int(ctx, o, "depth", 1, 3, &x->depth));
  return data_get(o, "direct") ? read_bool(ctx, o, "direct", &x->direct) : LOOM_OK;
}

static loom_status read_accesses(loom_ctx *ctx, const data_value *v, plan_candidate *c) {
  data_value *a;
  LOOM_TRY(read_array(ctx, v, "accesses", PLAN_LOADS_MAX, &a));
  c->n_access = (int)a->n;
  for (int i = 0; i < c->n_access; i++) {
    const data_value *o = a->items[i];
    plan_access *x = &c->access[i];
    size_t n = (size_t)c->mapping.n_mesh;
    int64_t levels[PLAN_MESH_MAX], label[PLAN_MESH_MAX];
    LOOM_TRY(data_need_string(ctx, o, "name", &x->name));
    LOOM_TRY(read_bool(ctx, o, "is_store", &x->is_store));
    LOOM_TRY(read_ints(ctx, o, "area", n, 1, INT64_MAX, x->area));
    LOOM_TRY(read_ints(ctx, o, "levels", n, 0, (1 << PLAN_LOGICAL_MAX) - 1, levels));
    LOOM_TRY(read_ints(ctx, o, "label_level", n, 0, PLAN_LOGICAL_MAX, label));
    for (size_t d = 0; d < n; d++) {
      x->levels[d] = (unsigned)levels[d];
      x->label_level[d] = (int)label[d];
    }
    LOOM_TRY(read_int(ctx, o, "hoist", 0, PLAN_LIFTS_MAX, &x->hoist));
    LOOM_TRY(read_choice(ctx, o, n, x));
  }
  return LOOM_OK;
}

static loom_status read_blocks(loom_ctx *ctx, const data_value *v, plan *p) {
  data_value *o;
  LOOM_TRY(data_need(ctx, v, "block_sizes", DATA_OBJECT, &o));
  for (size_t i = 0; i < o->n; i++) {
    plan_block b = {.symbol = o->members[i].key};
    LOOM_TRY(data_need_int(ctx, o, b.symbol, 1, INT32_MAX, &b.size));
    vec_push(&ctx->mem, &p->blocks, b);
  }
  return LOOM_OK;
}

static loom_status read_buffer(loom_ctx *ctx, const data_value *o, plan_buffer *b) {
  data_value *type, *shape;
  LOOM_TRY(data_need_string(ctx, o, "name", &b->name));
  LOOM_TRY(data_need(ctx, o, "type", DATA_STRING, &type));
  if (!dtype_parse(type->string, &b->type))
    LOOM_FAIL(ctx, type->span, LOOM_EINPUT, "unknown element type '%s'", type->string);
  LOOM_TRY(read_array(ctx, o, "shape", 8, &shape));
  b->rank = (int)shape->n;
  LOOM_TRY(read_ints(ctx, o, "shape", shape->n, 1, INT64_MAX, b->shape));
  LOOM_TRY(data_need_int(ctx, o, "bytes", 1, INT64_MAX, &b->bytes));
  int64_t bytes = (int64_t)dtype_bytes(b->type);
  for (int d = 0; d < b->rank; d++)
    if (__builtin_mul_overflow(bytes, b->shape[d], &bytes))
      bytes = -1;
  if (bytes != b->bytes)
    LOOM_FAIL(ctx, o->span, LOOM_EINPUT, "buffer %s says %" PRId64 " bytes; its shape needs %" PRId64, b->name, b->bytes, bytes);
  LOOM_TRY(read_int(ctx, o, "depth", 1, 64, &b->depth));
  return data_need_int(ctx, o, "offset", 0, INT64_MAX, &b->offset);
}

static loom_status read_proof(loom_ctx *ctx, const data_value *v, plan_proof *out) {
  data_value *s;
  LOOM_TRY(data_need(ctx, v, "proof", DATA_STRING, &s));
  for (int i = PLAN_ASSIGNED; i <= PLAN_OPTIMAL; i++)
    if (text_eq(s->string, plan_proof_text((plan_proof)i))) {
      *out = (plan_proof)i;
      return LOOM_OK;
    }
  LOOM_FAIL(ctx, s->span, LOOM_EINPUT, "proof is '%s'; must be assigned, best_found or optimal", s->string);
}

static loom_status read_costs(loom_ctx *ctx, const data_value *v, plan *p) {
  data_value *split;
  LOOM_TRY(data_need_int(ctx, v, "predicted_cycles", 0, INT64_MAX, &p->predicted_cycles));
  LOOM_TRY(data_need_int(ctx, v, "lower_bound", 0, INT64_MAX, &p->lower_bound));
  LOOM_TRY(data_need(ctx, v, "cost_split", DATA_OBJECT, &split));
  LOOM_TRY(data_need_int(ctx, split, "compute", 0, INT64_MAX, &p->cost_compute));
  LOOM_TRY(data_need_int(ctx, split, "load", 0, INT64_MAX, &p->cost_load));
  LOOM_TRY(data_need_int(ctx, split, "store", 0, INT64_MAX, &p->cost_store));
  LOOM_TRY(data_need_int(ctx, split, "tail", 0, INT64_MAX, &p->cost_tail));
  LOOM_TRY(data_need_int(ctx, v, "l1_bytes", 0, INT64_MAX, &p->l1_bytes));
  LOOM_TRY(data_need_int(ctx, v, "l1_capacity", 0, INT64_MAX, &p->l1_capacity));
  LOOM_TRY(data_need_int(ctx, v, "dram_bytes", 0, INT64_MAX, &p->dram_bytes));
  LOOM_TRY(data_need_int(ctx, v, "points", 0, INT64_MAX, &p->points));
  p->feasible = -1;
  if (data_get(v, "feasible"))
    LOOM_TRY(data_need_int(ctx, v, "feasible", 0, INT64_MAX, &p->feasible));
  LOOM_TRY(read_bool(ctx, v, "ragged", &p->ragged));
  return read_proof(ctx, v, &p->proof);
}

static loom_status read_chips(loom_ctx *ctx, const data_value *v, plan *p) {
  data_value *all;
  if (!data_get(v, "chips"))
    return LOOM_OK;
  LOOM_TRY(read_array(ctx, v, "chips", PLAN_MESH_MAX, &all));
  for (size_t i = 0; i < all->n; i++) {
    plan_chips c = {0};
    LOOM_TRY(data_need_string(ctx, all->items[i], "name", &c.name));
    LOOM_TRY(data_need_int(ctx, all->items[i], "size", 1, INT32_MAX, &c.size));
    LOOM_TRY(read_text(ctx, all->items[i], "loop", &c.loop));
    vec_push(&ctx->mem, &p->chips, c);
  }
  return LOOM_OK;
}

loom_status plan_from_data(loom_ctx *ctx, const data_value *v, plan **out) {
  plan *p = ARENA_NEW(&ctx->mem, plan);
  data_value *buffers;
  LOOM_TRY(data_need_schema(ctx, v, "loom.plan.v1"));
  LOOM_TRY(data_need_string(ctx, v, "kernel", &p->kernel));
  LOOM_TRY(read_text(ctx, v, "kernel_path", &p->kernel_path));
  LOOM_TRY(read_text(ctx, v, "kernel_sha256", &p->kernel_sha256));
  LOOM_TRY(read_text(ctx, v, "machine", &p->machine));
  LOOM_TRY(read_text(ctx, v, "calibration", &p->calibration));
  LOOM_TRY(read_text(ctx, v, "model", &p->model));
  LOOM_TRY(read_mapping(ctx, v, &p->candidate.mapping));
  LOOM_TRY(read_accesses(ctx, v, &p->candidate));
  LOOM_TRY(read_text(ctx, v, "variant", &p->candidate.name));
  if (!p->candidate.name)
    p->candidate.name = plan_variant_name(&ctx->mem, p->kernel, &p->candidate);
  LOOM_TRY(read_blocks(ctx, v, p));
  LOOM_TRY(read_bool(ctx, v, "is_double_buffer", &p->double_buffer));
  LOOM_TRY(read_bool(ctx, v, "accumulate_f32", &p->accumulate_f32));
  LOOM_TRY(read_array(ctx, v, "buffers", 4096, &buffers));
  for (size_t i = 0; i < buffers->n; i++) {
    plan_buffer b = {0};
    LOOM_TRY(read_buffer(ctx, buffers->items[i], &b));
    vec_push(&ctx->mem, &p->buffers, b);
  }
  LOOM_TRY(read_costs(ctx, v, p));
  LOOM_TRY(read_chips(ctx, v, p));
  *out = p;
  return LOOM_OK;
}
