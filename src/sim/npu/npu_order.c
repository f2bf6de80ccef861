/* A node as an instruction: the bytes it moves, the versions it uses, and what it waits for.  Instructions come here in program order. */
#include "sim/npu/npu_flow.h"

#define ADDRESS_MAX (INT64_C(1) << 50)

/* ---- transfers ---- */

static int64_t clamp(int64_t v, int64_t most) { return v < 0 ? 0 : v > most ? most : v; }

/* The elements that are moved, and the address of the first; false: beyond what addresses may be. */
static bool find_box(const flow_core *c, const tile_node *n, flow_inst *in) {
  const int64_t *values = c->loop_values, *symbols = c->job->in->symbols;
  in->address = c->job->g->tensors.at[n->tensor].base + c->job->shift;
  if (!npu_sum(values, symbols, &n->offset, &in->address))
    return false;
  for (int d = 0; d < n->rank; d++) {
    in->low[d] = 0;
    in->extent[d] = n->extent[d];
  }
  for (size_t i = 0; i < n->masks.n; i++) {
    const tile_mask *m = &n->masks.at[i];
    int64_t low = 0, high = 0;
    if (!npu_sum(values, symbols, &m->low, &low) || !npu_sum(values, symbols, &m->high, &high))
      return false;
    low = clamp(low, n->extent[m->dim]);
    high = clamp(high, n->extent[m->dim]);
    int64_t end = in->low[m->dim] + in->extent[m->dim];
    in->low[m->dim] = low > in->low[m->dim] ? low : in->low[m->dim];
    end = high < end ? high : end;
    in->extent[m->dim] = end > in->low[m->dim] ? end - in->low[m->dim] : 0;
  }
  int64_t least = in->address, most = in->address;
  for (int d = 0; d < n->rank; d++) {
    int64_t first, last;
    if (!in->extent[d])
      return true;
    if (__builtin_mul_overflow(in->low[d] * n->elem_bytes, n->step[d], &first) || __builtin_mul_overflow((in->low[d] + in->extent[d] - 1) * n->elem_bytes, n->step[d], &last))
      return false;
    if (__builtin_add_overflow(least, first < last ? first : last, &least) || __builtin_add_overflow(most, first < last ? last : first, &most))
      return false;
  }
  return least >= 0 && most < ADDRESS_MAX;
}

/* Of a tensor that is stored to: later transfers of the same bytes wait for earlier ones, unless both read. */
static void order_touches(npu *s, flow_core *c, const tile_node *n, int64_t number) {
  flow_inst *in = flow_inst_of(c, number);
  flow_touch me = {number, in->address, in->address + n->elem_bytes, n->tensor, n->kind == TILE_STORE};
  for (int d = 0; d < n->rank; d++) {
    if (!in->extent[d])
      return;   /* touches nothing */
    int64_t first = in->low[d] * n->elem_bytes * n->step[d], reach = (in->extent[d] - 1) * n->elem_bytes * n->step[d];
    me.low += first + (reach < 0 ? reach : 0);
    me.high += first + (reach > 0 ? reach : 0);
  }
  if (n->is_indirect) {   /* anywhere in the tensor */
    me.low = INT64_MIN;
    me.high = INT64_MAX;
  }
  size_t kept = 0;
  for (size_t i = 0; i < c->touches.n; i++) {
    flow_touch t = c->touches.at[i];
    if (!flow_is_pending(c, t.number))
      continue;
    c->touches.at[kept++] = t;
    if (t.tensor == me.tensor && (t.is_write || me.is_write) && t.low < me.high && me.low < t.high)
      flow_wait_for(s, c, t.number, number);
  }
  c->touches.n = kept;
  vec_push(&s->ctx->mem, &c->touches, me);
}

/* ---- tags ---- */

/* The load a tag stands for, while the version it fills is that. */
static flow_load *load_of(flow_core *c, const flow_setter *t) {
  if (t->number == FLOW_NEVER || t->load == NPU_NONE || c->versions.at[t->version].stamp != t->stamp || !c->versions.at[t->version].refs)
    return NULL;
  return &c->versions.at[t->version].loads.at[t->load];
}

/* A long item sets many tags; those that stand for nothing any more are forgotten from time to time. */
static void forget_tags(npu *s, flow_core *c) {
  arena_mark mark = arena_save(&s->ctx->scratch);
  bool *keep = ARENA_NEW_N(&s->ctx->scratch, bool, c->setters.n + 1);
  size_t kept = 0;
  for (size_t i = 0; i < c->setters.n; i++) {
    keep[i] = load_of(c, &c->setters.at[i]) || (c->setters.at[i].load == NPU_NONE && flow_is_pending(c, c->setters.at[i].number));
    if (keep[i])
      c->setters.at[kept++] = c->setters.at[i];
  }
  npu_tags_keep(&c->tags, keep);
  c->setters.n = kept;
  arena_release(&s->ctx->scratch, mark);
}

static flow_setter *setter_of(npu *s, flow_core *c, const tile_node *n, bool *is_beyond) {
  if (c->setters.n >= 1024 && c->setters.n == c->setters.room)
    forget_tags(s, c);
  size_t tag = (size_t)npu_tag_of(&s->ctx->mem, &c->tags, n, c->loop_values, c->job->in->symbols, is_beyond);
  while (c->setters.n <= tag)
    vec_push(&s->ctx->mem, &c->setters, ((flow_setter){.number = FLOW_NEVER}));
  return &c->setters.at[tag];
}

static void set_tag(npu *s, flow_core *c, const tile_node *n, int64_t number, int version, bool *is_beyond) {
  flow_setter *t = setter_of(s, c, n, is_beyond);
  const flow_load *old = load_of(c, t);
  if (old && n->kind == TILE_LOAD && n->is_async && old->is_async && !old->is_waited)
    npu_fault_add(s, NPU_FAULT_TAG_TWICE, c->port->id, s->core_tick, n, "load '%s' sets a tag of '%s' that load '%s' sets and nothing has waited for", n->name,
                  c->job->g->tensors.at[n->tensor].name, c->job->g->nodes.at[old->node].name);
  *t = (flow_setter){.number = number, .version = version, .load = NPU_NONE};
  if (version != NPU_NONE) {
    t->stamp = c->versions.at[version].stamp;
    t->load = flow_inst_of(c, number)->load;
  }
}

static void order_wait(npu *s, flow_core *c, const tile_node *n, int64_t number, bool *is_beyond) {
  flow_setter *t = setter_of(s, c, n, is_beyond);
  flow_load *l = load_of(c, t);
  s->flow->n_waits++;
  if (t->number == FLOW_NEVER || (t->load != NPU_NONE && !l)) {
    npu_fault_add(s, NPU_FAULT_NO_LOAD, c->port->id, s->core_tick, n, "node '%s' of work item %" PRId64 " waits for a tag of '%s' that no load sets", n->name,
                  c->items[c->item].number, c->job->g->tensors.at[n->tensor].name);
    return;
  }
  flow_wait_for(s, c, t->number, number);
  if (!l)
    return;   /* of a store */
  flow_version *x = &c->versions.at[t->version];
  l->is_waited = true;
  flow_wait_for(s, c, x->wait, number);
  x->wait = number;
}

/* ---- uses ---- */

/* Loads that are not waited for by tag, and what made the version. */
static void order_after_writers(npu *s, flow_core *c, flow_version *x, int64_t number) {
  flow_wait_for(s, c, x->writer, number);
  flow_wait_for(s, c, x->wait, number);
  for (size_t i = 0; x->n_coming && i < x->loads.n; i++)
    if (!x->loads.at[i].is_async)
      flow_wait_for(s, c, x->loads.at[i].number, number);
}

static void order_read(npu *s, flow_core *c, flow_use *u, int64_t number) {
  flow_version *x = &c->versions.at[u->version];
  order_after_writers(s, c, x, number);
  flow_join_wait(s, c, x->updates, number);
  x->was_read = true;
  u->join = flow_join_add(s, c, &x->readers);
}

/* Matrix nodes follow each other through the array: the next may be given as soon as the one before is. */
static void order_matrix_update(npu *s, flow_core *c, flow_use *u, int64_t number) {
  flow_version *x = &c->versions.at[u->version];
  order_after_writers(s, c, x, number);
  if (x->readers != NPU_NONE) {   /* they wait for the updates before them, and these for them */
    flow_join_wait(s, c, x->readers, number);
    flow_join_drop(c, &x->readers);
    flow_join_drop(c, &x->updates);
  }
  if (flow_is_pending(c, x->update) && flow_inst_of(c, x->update)->state != FLOW_RUNNING)
    flow_wait_list(s, c, &flow_inst_of(c, x->update)->first_issue_edge, number);
  x->update = number;
  x->was_read = true;
  u->join = flow_join_add(s, c, &x->updates);
}

static void order_update(npu *s, flow_core *c, flow_use *u, int64_t number) {
  flow_version *x = &c->versions.at[u->version];
  order_after_writers(s, c, x, number);
  flow_join_wait(s, c, x->updates, number);
  flow_join_wait(s, c, x->readers, number);
  flow_join_drop(c, &x->updates);
  flow_join_drop(c, &x->readers);
  x->writer = number;
  x->update = FLOW_NEVER;
  x->was_read = true;
}

static void order_use(npu *s, flow_core *c, const tile_node *n, flow_use *u, int buffer, int64_t number) {
  bool is_new = u->access == TILE_WRITE || c->newest[buffer] == NPU_NONE;
  if (is_new) {
    if (u->access == TILE_READ)   /* TILE_UPDATE may be the first of several that write a part each */
      npu_fault_add(s, NPU_FAULT_UNINIT, c->port->id, s->core_tick, n, "node '%s' reads buffer '%s', which nothing in work item %" PRId64 " has written", n->name,
                    c->job->g->buffers.at[buffer].name, c->items[c->item].number);
    flow_version_close(s, c, buffer);
    flow_version_new(s, c, buffer);
  }
  u->version = c->newest[buffer];
  c->versions.at[u->version].refs++;
  flow_version_need(s, c, u->version, number);
  if (is_new)
    c->versions.at[u->version].writer = number;
  else if (u->access == TILE_READ)
    order_read(s, c, u, number);
  else if (n->kind == TILE_COMPUTE && n->unit == TILE_MATMUL)
    order_matrix_update(s, c, u, number);
  else
    order_update(s, c, u, number);
}

/* A buffer that a node reads and writes has to stay where it is. */
static tile_access access_of(const tile_node *n, size_t use) {
  tile_access a = n->uses.at[use].access;
  for (size_t i = 0; i < n->uses.n; i++)
    if (n->uses.at[i].buffer == n->uses.at[use].buffer && n->uses.at[i].access != a)
      a = TILE_UPDATE;
  return a;
}

static bool is_repeated(const tile_node *n, size_t use) {
  for (size_t i = 0; i < use; i++)
    if (n->uses.at[i].buffer == n->uses.at[use].buffer)
      return true;
  return false;
}

/* ---- arrays ---- */

void flow_close_weights(npu *s, flow_core *c) {
  if (c->open_weights == NPU_NONE)
    return;
  flow_weights *w = &c->weights.at[c->open_weights];
  w->is_closed = true;
  if (w->is_issued && !w->n_left)
    flow_weights_let_go(s, c, c->open_weights, s->core_tick);
  c->open_weights = NPU_NONE;
}

static void order_array(npu *s, flow_core *c, const tile_node *n, int64_t number) {
  flow_inst *in = flow_inst_of(c, number);
  if (n->unit == TILE_PRELOAD) {
    flow_close_weights(s, c);
    int w = c->free_weights;
    if (w == NPU_NONE) {
      w = (int)c->weights.n;
      vec_push(&s->ctx->mem, &c->weights, ((flow_weights){0}));
    } else
      c->free_weights = c->weights.at[w].next_free;
    c->weights.at[w] = (flow_weights){.array = NPU_NONE, .values = c->weights.at[w].values};
    c->open_weights = in->weights = w;
    if (flow_is_pending(c, c->preload) && flow_inst_of(c, c->preload)->state != FLOW_RUNNING)      /* slots are given in the program's order: else later weights may hold all */
      flow_wait_list(s, c, &flow_inst_of(c, c->preload)->first_issue_edge, number);
    c->preload = number;
  } else if (n->unit == TILE_MATMUL && c->open_weights != NPU_NONE) {
    in->weights = c->open_weights;
    c->weights.at[in->weights].n_left++;
    if (flow_is_pending(c, c->preload) && flow_inst_of(c, c->preload)->state != FLOW_RUNNING)
      flow_wait_list(s, c, &flow_inst_of(c, c->preload)->first_issue_edge, number);
  }
}

/* ---- the whole ---- */

/* The buffer a load fills. */
static int filled_by(const tile_node *n) {
  for (size_t i = 0; i < n->uses.n; i++)
    if (access_of(n, i) == TILE_WRITE)
      return n->uses.at[i].buffer;
  return NPU_NONE;
}

/* The version that the load would fill has its data already, and nothing was stored to the tensor since: subtiles are asked for in every round of a loop that they do not
 * depend on.  A load that is waited for at once may bring the same bytes to another place. */
static bool is_there(npu *s, const flow_core *c, const tile_node *n, int node, int64_t address) {
  int buffer = filled_by(n), v = buffer == NPU_NONE ? NPU_NONE : c->newest[buffer];
  if (!n->is_async || v == NPU_NONE || c->versions.at[v].was_read)
    return false;
  s->spent += (int64_t)c->versions.at[v].loads.n / 64;   /* looking costs, where there are very many */
  for (size_t i = c->versions.at[v].loads.n; i-- > 0;)
    if (c->versions.at[v].loads.at[i].node == node && c->versions.at[v].loads.at[i].address == address)
      return c->versions.at[v].loads.at[i].number > c->stored[n->tensor];
  return false;
}

static void order_load(npu *s, flow_core *c, const tile_node *n, flow_use *u, int buffer, int64_t number) {
  flow_inst *in = flow_inst_of(c, number);
  int v = c->newest[buffer];
  if (v == NPU_NONE || c->versions.at[v].was_read || !c->versions.at[v].loads.n) {
    flow_version_close(s, c, buffer);
    v = flow_version_new(s, c, buffer);
  }
  flow_version *x = &c->versions.at[v];
  *u = (flow_use){.version = v, .join = NPU_NONE, .access = TILE_WRITE};
  x->refs++;
  flow_version_need(s, c, v, number);
  in->load = (int)x->loads.n;
  x->n_coming++;
  vec_push(&s->ctx->mem, &x->loads, ((flow_load){.number = number, .address = in->address, .node = in->node, .is_async = n->is_async, .early_node = NPU_NONE}));
}

static loom_status fail_address(npu *s, const flow_core *c, const tile_node *n) {
  diag_error(s->ctx, diag_file_span(s->ctx, c->job->g->path), LOOM_EINPUT, "node '%s': in work item %" PRId64 " it goes to addresses outside of 0..2^50", n->name,
             c->items[c->item].number);
  diag_help(s->ctx, "look at its offsets (bytes), steps (elements), masks and the address of '%s'", c->job->g->tensors.at[n->tensor].name);
  return LOOM_EINPUT;
}

/* Values of the loops around, outermost first: the arguments of the node's function. */
static void keep_arguments(flow_core *c, const tile_node *n, int64_t number) {
  int loops[TILE_GRAPH_DEPTH_MAX], depth = 0;
  for (int p = n->parent; p >= 0; p = c->job->g->nodes.at[p].parent)
    loops[depth++] = p;
  int64_t *args = &c->args[((size_t)number & (c->room - 1)) * TILE_GRAPH_DEPTH_MAX];
  for (int i = 0; i < depth; i++)
    args[i] = c->loop_values[loops[depth - 1 - i]];
}

loom_status flow_expand(npu *s, flow_core *c, int node) {
  const tile_node *n = &c->job->g->nodes.at[node];
  bool is_transfer = n->kind == TILE_LOAD || n->kind == TILE_STORE, is_beyond = false;
  flow_inst box = {0};
  if (is_transfer && !find_box(c, n, &box))
    return fail_address(s, c, n);
  if (n->kind == TILE_LOAD && is_there(s, c, n, node, box.address)) {
    c->port->report->skipped++;
    return LOOM_OK;
  }
  int64_t number = flow_inst_new(s, c, node);
  flow_inst *in = flow_inst_of(c, number);
  flow_use *uses = flow_uses_of(c, number);
  in->address = box.address;
  memcpy(in->low, box.low, sizeof in->low);
  memcpy(in->extent, box.extent, sizeof in->extent);
  if (n->is_indirect)
    in->index_file = s->n_indirect++;
  for (size_t i = 0; i < n->uses.n; i++)   /* what is read, before what is made */
    uses[i] = (flow_use){.version = NPU_NONE, .join = NPU_NONE, .access = access_of(n, i)};
  for (int round = 0; round < 2 && n->kind != TILE_WAIT; round++)
    for (size_t i = 0; i < n->uses.n; i++) {
      if ((uses[i].access == TILE_WRITE) != round || is_repeated(n, i))
        continue;
      if (n->kind == TILE_LOAD && round)
        order_load(s, c, n, &uses[i], n->uses.at[i].buffer, number);
      else
        order_use(s, c, n, &uses[i], n->uses.at[i].buffer, number);
    }
  if (n->kind == TILE_COMPUTE)
    order_array(s, c, n, number);
  else if (n->kind == TILE_WAIT)
    order_wait(s, c, n, number, &is_beyond);
  else if (n->kind == TILE_LOAD || n->is_async)
    set_tag(s, c, n, number, n->kind == TILE_LOAD && in->load != NPU_NONE ? c->newest[filled_by(n)] : NPU_NONE, &is_beyond);
  if (is_transfer && c->job->is_stored[n->tensor])
    order_touches(s, c, n, number);
  if (n->kind == TILE_STORE)
    c->stored[n->tensor] = number;
  if (c->args)
    keep_arguments(c, n, number);
  if (is_beyond)
    return fail_address(s, c, n);
  flow_reserve(s, c);
  flow_arm(s, c, number);
  return LOOM_OK;
}

void flow_end_item(npu *s, flow_core *c) {
  c->is_walking = false;
  flow_close_weights(s, c);
  for (size_t b = 0; b < c->job->g->buffers.n; b++)
    flow_version_close(s, c, (int)b);
  c->items[c->item].is_walked = true;
  if (!c->items[c->item].n_left)
    flow_item_over(s, c, c->item, s->core_tick);
}
