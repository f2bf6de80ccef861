/* Mutation operators on the TOG: computations and memory; the table of all. */
#ifndef LOOM_COMPILE_MUTATE_TOG_H
#define LOOM_COMPILE_MUTATE_TOG_H
#include "compile_mutate_cores.h"

/* ---- computations ---- */

static bool mutate_swap_uses(mutation *m) {
  tog_node *n = mutate_node(m, mutate_is_compute, NULL);
  const tog *t = m->s->tog;
  for (size_t i = 0; n && i < n->uses.n; i++)
    for (size_t j = 0; j < i; j++) {
      tog_use a = n->uses.at[i], b = n->uses.at[j];
      if (a.buffer == b.buffer || !mutate_are_alike(&t->buffers.at[a.buffer], &t->buffers.at[b.buffer]) || !mutate_pick(m, 2))
        continue;
      n->uses.at[i] = b;
      n->uses.at[j] = a;
      return mutate_say(m, "%s: buffers '%s' and '%s' swapped", mutate_title(m, n), t->buffers.at[a.buffer].name, t->buffers.at[b.buffer].name);
    }
  return false;
}

static bool mutate_buffer(mutation *m) {   /* another buffer of the same shape */
  tog_node *n = mutate_node(m, mutate_is_compute, NULL);
  const tog *t = m->s->tog;
  if (!n || !n->uses.n)
    return false;
  tog_use *u = &n->uses.at[mutate_pick(m, n->uses.n)];
  size_t first = mutate_pick(m, t->buffers.n);
  for (size_t i = 0; i < t->buffers.n; i++) {
    int b = (int)((first + i) % t->buffers.n);
    if (b == u->buffer || !mutate_are_alike(&t->buffers.at[b], &t->buffers.at[u->buffer]))
      continue;
    mutate_say(m, "%s uses '%s' instead of '%s'", mutate_title(m, n), t->buffers.at[b].name, t->buffers.at[u->buffer].name);
    u->buffer = b;
    return true;
  }
  return false;
}

static bool mutate_load_buffer(mutation *m) {
  tog_node *n = mutate_node(m, mutate_is_load, NULL);
  const tog *t = m->s->tog;
  for (size_t i = 0; n && i < t->buffers.n; i++)
    if ((int)i != n->buffer && mutate_are_alike(&t->buffers.at[i], &t->buffers.at[n->buffer])) {
      mutate_say(m, "%s into '%s' instead of '%s'", mutate_title(m, n), t->buffers.at[i].name, t->buffers.at[n->buffer].name);
      n->buffer = (int)i;
      return true;
    }
  return false;
}

static bool mutate_access(mutation *m) {
  static const char *const names[] = {"reads", "writes", "updates"};
  tog_node *n = mutate_node(m, mutate_is_compute, NULL);
  if (!n || !n->uses.n)
    return false;
  tog_use *u = &n->uses.at[mutate_pick(m, n->uses.n)];
  tog_access was = u->access;
  u->access = (tog_access)(((size_t)was + 1 + mutate_pick(m, 2)) % 3);
  return mutate_say(m, "%s %s '%s' instead of that it %s it", mutate_title(m, n), names[u->access], m->s->tog->buffers.at[u->buffer].name, names[was]);
}

static bool mutate_arg(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_args, NULL);
  if (!n)
    return false;
  size_t i = mutate_pick(m, n->args.n);
  int64_t by = mutate_sign(m);
  m->only_grows = by > 0 && (n->args.at[i]->op == SYM_MIN || n->args.at[i]->op == SYM_MAX || n->args.at[i]->op == SYM_CONST);   /* an extent, not an offset */
  n->args.at[i] = mutate_plus(m, n->args.at[i], by);
  return mutate_say(m, "%s: argument %zu is %s", mutate_title(m, n), i, sym_str(m->mem, n->args.at[i]));
}

static bool mutate_where(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_numbers, NULL);
  if (!n)
    return false;
  size_t i = mutate_pick(m, n->numbers.n);
  n->numbers.at[i] = mutate_plus(m, n->numbers.at[i], mutate_sign(m));
  return mutate_say(m, "%s: number %zu is %s", mutate_title(m, n), i, sym_str(m->mem, n->numbers.at[i]));
}

/* Without a condition a function with extents of 0 runs, and does nothing. */
static bool mutate_active(mutation *m) {
  tog_node *n = mutate_node(m, mutate_has_active, NULL);
  if (!n)
    return false;
  n->active = sym_make(m->mem, SYM_NOT, n->active, NULL, NULL);
  return mutate_say(m, "%s runs when %s", mutate_title(m, n), sym_str(m->mem, n->active));
}

/* The function of another node that takes the same buffers and as many arguments. */
static bool mutate_function(mutation *m) {
  mutate_places all = {0};
  tog_node *n = mutate_node(m, mutate_is_compute, NULL);
  const tog *t = m->s->tog;
  mutate_collect(m, &m->s->tog->body, mutate_is_compute, &all);
  for (size_t k = 0, first = all.n ? mutate_pick(m, all.n) : 0; k < all.n; k++) {
    mutate_place p = all.at[(first + k) % all.n];
    const tog_node *o = p.body->at[p.at];
    bool fits = o->function != n->function && o->uses.n == n->uses.n && o->args.n == n->args.n && o->numbers.n == n->numbers.n;
    for (size_t i = 0; fits && i < n->uses.n; i++)
      fits = mutate_are_alike(&t->buffers.at[o->uses.at[i].buffer], &t->buffers.at[n->uses.at[i].buffer]);
    if (!fits)
      continue;
    mutate_say(m, "%s calls %s instead of %s", mutate_title(m, n), t->functions.at[o->function].name, t->functions.at[n->function].name);
    n->function = o->function;
    return true;
  }
  return false;
}

static bool mutate_cycles(mutation *m) {
  tog_node *n = mutate_node(m, mutate_is_compute, NULL);
  if (!n)
    return false;
  n->cycles = mutate_pick(m, 2) ? mutate_number(m, 0) : mutate_plus(m, n->cycles, 1000);
  return mutate_say(m, "%s takes %s cycles", mutate_title(m, n), sym_str(m->mem, n->cycles));
}

/* ---- L1 ---- */

static bool mutate_overlap(mutation *m) {
  tog *t = m->s->tog;
  size_t a = mutate_pick(m, t->buffers.n), b = mutate_pick(m, t->buffers.n);
  if (a == b)
    return false;
  t->buffers.at[a].offset = t->buffers.at[b].offset;
  return mutate_say(m, "buffer '%s' lies where '%s' does", t->buffers.at[a].name, t->buffers.at[b].name);
}

static bool mutate_place_l1(mutation *m) {
  tog_buffer *b = &m->s->tog->buffers.at[mutate_pick(m, m->s->tog->buffers.n)];
  static const int64_t by[] = {-64, -8, 8, 64, 1 << 12, 1 << 24};
  b->offset += by[mutate_pick(m, 6)];
  return mutate_say(m, "buffer '%s' lies at %d", b->name, (int)b->offset);
}

static bool mutate_slots(mutation *m) {
  tog_buffer *b = &m->s->tog->buffers.at[mutate_pick(m, m->s->tog->buffers.n)];
  switch (mutate_pick(m, 4)) {
  case 0: b->depth++; return mutate_say(m, "buffer '%s' has %d slots, one more", b->name, b->depth);
  case 1: b->depth--; return mutate_say(m, "buffer '%s' has %d slots, one less", b->name, b->depth);
  case 2: b->stride = b->stride / 16 * 8; return mutate_say(m, "the slots of buffer '%s' lie %d bytes apart, half of it", b->name, (int)b->stride);
  default: b->bytes /= 2; return mutate_say(m, "buffer '%s' has %d bytes, half of it", b->name, (int)b->bytes);
  }
}

static const mutate_operator mutate_tog_operators[] = {
    {"load left out", false, mutate_drop_load}, {"store left out", false, mutate_drop_store}, {"take left out", false, mutate_drop_take},
    {"push left out", false, mutate_drop_push}, {"give left out", false, mutate_drop_give}, {"computation left out", false, mutate_drop_compute},
    {"fill left out", false, mutate_drop_fill}, {"send left out", false, mutate_drop_send}, {"collect left out", false, mutate_drop_collect},
    {"give twice", false, mutate_double_give}, {"push twice", false, mutate_double_push}, {"store twice", false, mutate_double_store},
    {"computation twice", false, mutate_double_compute}, {"give too early", false, mutate_early_give}, {"computation too early", false, mutate_early_compute},
    {"wait left out", false, mutate_drop_wait}, {"give on another thread", false, mutate_thread}, {"trip count off by one", false, mutate_trip},
    {"lost line of cores", false, mutate_lost_core}, {"offsets swapped", false, mutate_swap_offsets}, {"extents swapped", false, mutate_swap_extents},
    {"dims of a box swapped", false, mutate_swap_dims}, {"strides of a view swapped", false, mutate_swap_strides}, {"wrong stride of a view", false, mutate_stride},
    {"wrong offset", false, mutate_offset}, {"wrong extent", false, mutate_extent}, {"wrong tensor", false, mutate_tensor},
    {"slot opened or closed wrongly", false, mutate_part}, {"wrong place in a slot", false, mutate_at}, {"wrong corner of a multicast", false, mutate_corner},
    {"multicast along the other dim", false, mutate_area}, {"wrong sender", false, mutate_sender}, {"chain or multicast", false, mutate_chain},
    {"no multicast", false, mutate_drop_group}, {"wrong row of a gather", false, mutate_row}, {"wrong receiver", false, mutate_receiver},
    {"wrong number of senders", false, mutate_senders}, {"operands swapped", false, mutate_swap_uses}, {"wrong buffer of a computation", false, mutate_buffer},
    {"wrong buffer of a load", false, mutate_load_buffer}, {"wrong access", false, mutate_access}, {"wrong argument", false, mutate_arg},
    {"wrong place of a tile", false, mutate_where}, {"wrong condition", false, mutate_active}, {"wrong function", false, mutate_function},
    {"cycles edited", false, mutate_cycles}, {"overlapping buffers", false, mutate_overlap}, {"moved buffer", false, mutate_place_l1}, {"wrong slots", false, mutate_slots},
};
#endif
