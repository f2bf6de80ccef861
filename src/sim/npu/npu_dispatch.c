/* Which core takes which tile when.  A slot of a core that finds its work item used up takes the next one and gives its first tile a cycle later. */
#include "sim/npu/npu_private.h"

static bool is_used_up(const npu_item *it) { return !it->heap.n && !it->n_blocked; }

static int64_t pin_of(const npu *s, int64_t item) {
  for (size_t i = 0; i < s->g->pins.n; i++)
    if (s->g->pins.at[i].item == item)
      return s->g->pins.at[i].core;
  return -1;
}

/* The first work item that nobody has and this core may; -1: none. */
static int64_t next_item(npu *s, int core) {
  for (size_t i = 0; i < s->pinned.n; i++)
    if (pin_of(s, s->pinned.at[i]) == core) {
      int64_t item = s->pinned.at[i];
      for (size_t k = i; k + 1 < s->pinned.n; k++)
        s->pinned.at[k] = s->pinned.at[k + 1];
      s->pinned.n--;
      return item;
    }
  while (s->next_item < s->n_items) {
    int64_t item = s->next_item++, pin = s->g->pins.n ? pin_of(s, item) : -1;
    if (pin < 0 || pin == core)
      return item;
    vec_push(&s->ctx->mem, &s->pinned, item);
  }
  return -1;
}

static void keep_if_idle(npu *s, npu_item *it) {
  if (!it->is_drawn_from && !it->n_held)
    vec_push(&s->ctx->mem, &s->idle_items, it);
}

void npu_item_let_go(npu *s, npu_item *it) {
  it->n_held--;
  keep_if_idle(s, it);
}

static loom_status refill(npu *s, npu_core *c, int slot) {
  npu_item *old = c->slots[slot];
  if (old) {
    c->slots[slot] = NULL;
    old->is_drawn_from = false;
    keep_if_idle(s, old);
  }
  int64_t number = next_item(s, c->id);
  if (number < 0) {
    c->is_dry[slot] = true;
    return LOOM_OK;
  }
  npu_item *it = s->idle_items.n ? s->idle_items.at[--s->idle_items.n] : ARENA_NEW(&s->ctx->mem, npu_item);
  LOOM_TRY(npu_expand(s, it, number));
  it->is_drawn_from = true;
  c->slots[slot] = it;
  return LOOM_OK;
}

/* No item waits, and none in a slot has a tile left. */
static void look_for_end(npu *s) {
  if (s->next_item < s->n_items || s->pinned.n)
    return;
  for (int c = 0; c < s->n_cores; c++)
    for (int k = 0; k < s->n_slots; k++)
      if (s->cores[c].slots[k] && !is_used_up(s->cores[c].slots[k]))
        return;
  s->is_done_drawing = true;
}

static void give_tile(npu *s, npu_core *c, npu_item *it) {
  int t = npu_heap_pop(it);
  for (int i = 0; i < it->tiles.at[t].n_insts; i++)
    if (!it->insts.at[it->tiles.at[t].first_inst + i].waits_for)
      npu_inst_ready(it, it->tiles.at[t].first_inst + i);
  it->n_held++;
  c->tiles[c->n_tiles++] = (npu_ref){it, t};
  look_for_end(s);
}

loom_status npu_dispatch(npu *s) {
  for (int slot = 0; slot < s->n_slots; slot++)
    for (int i = 0; i < s->n_cores && !s->is_done_drawing; i++) {
      npu_core *c = &s->cores[i];
      npu_item *it = c->slots[slot];
      if (!it || is_used_up(it)) {
        if (!c->is_dry[slot] || it)
          LOOM_TRY(refill(s, c, slot));
      } else if (it->heap.n && c->n_tiles < s->n_tiles) {
        give_tile(s, c, it);
        break;   /* one tile a cycle and slot, to the first core that has room */
      }
    }
  return LOOM_OK;
}

bool npu_dispatch_pending(const npu *s, const npu_core *c) {
  for (int slot = 0; slot < s->n_slots && !s->is_done_drawing; slot++) {
    const npu_item *it = c->slots[slot];
    if (it ? is_used_up(it) || (it->heap.n && c->n_tiles < s->n_tiles) : !c->is_dry[slot])
      return true;
  }
  return false;
}

bool npu_drawn_empty(const npu *s, const npu_core *c) {
  if (s->is_done_drawing)
    return true;
  if (s->next_item < s->n_items || s->pinned.n)
    return false;
  for (int slot = 0; slot < s->n_slots; slot++)
    if (c->slots[slot])
      return false;
  return true;
}

void npu_take_back(npu *s, npu_core *c) {
  if (!c->finished.n)
    return;
  npu_ref r = npu_queue_pop(&c->finished).inst;
  npu_item *it = r.item;
  for (int e = it->tiles.at[r.index].first_edge; e != NPU_NONE; e = it->edges.at[e].next)
    if (--it->tiles.at[it->edges.at[e].to].waits_for == 0) {
      npu_heap_push(&s->ctx->mem, it, it->edges.at[e].to);
      it->n_blocked--;
    }
  npu_item_let_go(s, it);
}
