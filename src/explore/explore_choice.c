/* What one access may do on one mapping: where it is loaded, which cores share it and how, in how many slots.
 *
 * Lifting.  The loops around a load are [temporal order.., sequential loops..]; position h is outside of the innermost h.  Lifting over a loop that the
 * load moves with multiplies its slot by the loop's trips (a panel); over another the slot stays and it is loaded fewer times.
 *
 * Free lifts (a lemma).  A position is left out when one step further out is never worse: the load does not move with the loop there, every core of the
 * transfer runs it equally often (no causal loop, and no panel over a causal loop of it), and the load has two slots or more.  With one slot the slot is
 * held while the loop runs, and a reload that compute hid may show; but no work lies between temporal loops, so outside of one of them this is no concern.
 * The slot is the same, the number of loads is divided, all else falls or stays.  Outside of a loop of one trip is the same place as inside of it.
 *
 * Idle slots (a lemma).  Time depends on a third slot only where the load stays in its innermost loop (model.h: depth); elsewhere it takes bytes.  Lifting
 * over loops that happen to run once leaves it there: so the innermost of the positions at which the same cores may share it has the third slot. */
#include "explore/explore_space_private.h"

/* ---- what is known of each access before any mapping ---- */

bool explore_may_store_direct(const nest *n, const nest_node *store, bool accumulate_f32) {
  const nest_value *v = &n->values.at[store->value];
  dtype type = accumulate_f32 && dtype_is_float(v->type) && dtype_bytes(v->type) < 4 ? DTYPE_F32 : v->type;
  return v->is_carried && type == n->tensors.at[store->tensor].type;
}

/* Is the tensor of `load` stored by the kernel?  *is_after: only by stores that come later in the program. */
static bool is_stored_too(const nest_node *const *access, int n, int load, bool *is_after) {
  bool found = false;
  *is_after = true;
  for (int i = 0; i < n; i++)
    if (access[i]->kind == NEST_STORE && access[i]->tensor == access[load]->tensor) {
      found = true;
      *is_after = *is_after && i > load;
    }
  return found;
}

static void read_access(arena *m, explore_space *s, const nest_node *const *access, int a, bool accumulate_f32) {
  explore_load *x = &s->impl->access[a];
  const nest *n = s->nest;
  bool is_after;
  *x = (explore_load){.node = access[a], .name = nest_access_name(m, n, access[a]), .is_store = access[a]->kind == NEST_STORE, .fix = &s->impl->fixes.access[a]};
  for (size_t l = 0; l < n->loops.n; l++)
    if (nest_access_uses(n, x->node, (int)l))
      x->moves |= 1u << l;
  if (x->node->only_first >= 0)
    x->alone = 1u << x->node->only_first;
  x->n_seq = (int)nest_enclosing(n, x->node, x->seq, NEST_LOOPS_MAX);
  bool is_stored = is_stored_too(access, s->n_access, a, &is_after);
  x->may_lift = !x->is_store && !is_stored;
  x->may_prefetch = !is_stored || (is_after && x->n_seq == 0);
  x->may_direct = x->is_store && explore_may_store_direct(n, x->node, accumulate_f32);
}

void explore_read_accesses(arena *m, explore_space *s, const nest_node *const *access, const explore_options *o) {
  const nest *n = s->nest;
  for (size_t l = (size_t)n->n_parallel; l < n->loops.n; l++)
    for (size_t outer = 0; outer < n->loops.n; outer++)
      if (outer != l && nest_loop_uses(n, (int)l, (int)outer))
        s->impl->causal[l] |= 1u << outer;
  for (int a = 0; a < s->n_access; a++)
    read_access(m, s, access, a, o->accumulate_f32);
}

/* ---- positions ---- */

/* Number i from the innermost of the loops around an access. */
static int loop_at(const explore_space *s, const explore_load *x, const int *order, int i) {
  return i < x->n_seq ? x->seq[x->n_seq - 1 - i] : order[s->n_parallel - 1 - (i - x->n_seq)];
}

static bool is_one_trip(const explore_space *s, int loop) { return loop < s->n_parallel && (s->one_trip & 1u << loop); }

uint32_t explore_lifted(const explore_space *s, int a, const int *order, int hoist, unsigned *out_panel) {
  const explore_load *x = &s->impl->access[a];
  uint32_t over = 0;
  *out_panel = 0;
  for (int i = 0; i < hoist; i++) {
    int l = loop_at(s, x, order, i);
    over |= 1u << l;
    if ((x->moves & 1u << l) && !is_one_trip(s, l))
      *out_panel |= 1u << i;
  }
  return over;
}

/* Is being outside of loop `l` too never worse than position `hoist`, between which and `l` there are loops of one trip only? */
static bool is_free_step(const explore_space *s, const explore_load *x, const int *order, int hoist, int l, int depth) {
  const explore_impl *e = s->impl;
  if ((depth == 1 && hoist <= x->n_seq) || (x->moves & 1u << l) || e->causal[l])
    return false;
  for (int i = 0; i < hoist; i++) {
    int inner = loop_at(s, x, order, i);
    if ((x->moves & 1u << inner) && (e->causal[inner] & 1u << l))
      return false;
  }
  return true;
}

/* Is position `hoist` of the `most + 1` legal ones worth a look? */
static bool is_useful(const explore_space *s, const explore_load *x, const int *order, int hoist, int most, int depth) {
  if (hoist > 0 && is_one_trip(s, loop_at(s, x, order, hoist - 1)))
    return false;                       /* the same as inside of that loop */
  for (int i = hoist; i < most; i++) {
    int l = loop_at(s, x, order, i);
    if (!is_one_trip(s, l))
      return !is_free_step(s, x, order, hoist, l, depth);
  }
  return true;
}

int explore_list_hoists(const explore_space *s, int a, const int *order, int depth, int *out) {
  const explore_impl *e = s->impl;
  const explore_load *x = &e->access[a];
  int most = 0, n = 0;
  for (; x->may_lift && most < x->n_seq + s->n_parallel; most++) {
    int l = loop_at(s, x, order, most);
    bool is_panel = (x->moves & 1u << l) && !is_one_trip(s, l);
    if ((most >= x->n_seq && (e->lacking & PLAN_NEEDS_HOIST_TEMPORAL)) || (is_panel && (e->lacking & PLAN_NEEDS_PANEL)))
      break;
  }
  for (int h = 0; h <= most; h++)
    if (x->fix->hoist >= 0 ? x->fix->hoist == h : !(e->rules & EXPLORE_FREE_HOIST) || is_useful(s, x, order, h, most, depth))
      out[n++] = h;
  return n;
}

/* ---- areas ---- */

typedef struct area { int64_t cores; unsigned levels; } area;
typedef struct area_choice { int at[PLAN_MESH_MAX]; int64_t cores; } area_choice;
enum { AREAS_MAX = PLAN_LOGICAL_MAX + 1, AREA_CHOICES_MAX = 128 /* 12 levels over 3 dims: 5 * 5 * 5 */ };

uint32_t explore_unshared(const explore_space *s, int a, int hoist) {
  const explore_load *x = &s->impl->access[a];
  if (s->machine->lacks_sharing)
    return UINT32_MAX;
  uint32_t iters = x->moves | x->alone;
  for (int i = 0; i < x->n_seq - hoist; i++)
    iters |= s->impl->causal[x->seq[i]];
  return iters;
}

/* None, and each run of whole levels from the innermost up.  Levels of size 1 behind a run belong to it. */
static int list_areas(const explore_space *s, const explore_load *x, const plan_mapping *p, int d, uint32_t unshared, area *out) {
  int n = 1;
  out[0] = (area){1, 0};
  area run = {1, 0};
  for (int l = 0; l < p->n_logical && !x->is_store; l++) {
    const plan_logical *z = &p->logical[l];
    if (z->mesh_dim != d)
      continue;
    if (z->size > 1 && (unshared & 1u << z->iter))
      break;
    run.cores *= z->size;
    run.levels |= 1u << z->level;
    if (z->size > 1)
      n++;
    if (n > 1)
      out[n - 1] = run;
  }
  if (n > 2 && (s->impl->lacking & PLAN_NEEDS_PARTIAL_AREA)) {
    out[1] = out[n - 1];
    n = 2;
  }
  return n;
}

int64_t explore_widest_along(const explore_space *s, const plan_mapping *p, int a, int hoist, int d) {
  area areas[AREAS_MAX];
  return areas[list_areas(s, &s->impl->access[a], p, d, explore_unshared(s, a, hoist), areas) - 1].cores;
}

/* Areas of all mesh dims, the widest first: fewest bytes from DRAM. */
static int list_area_choices(int n_mesh, area (*areas)[AREAS_MAX], const int *n, area_choice *out) {
  int count = 0;
  area_choice now = {.cores = 1};
  for (bool more = true; more && count < AREA_CHOICES_MAX;) {
    now.cores = 1;
    for (int d = 0; d < n_mesh; d++)
      now.cores *= areas[d][now.at[d]].cores;
    int i = count++;
    for (; i > 0 && out[i - 1].cores < now.cores; i--)
      out[i] = out[i - 1];
    out[i] = now;
    more = false;
    for (int d = n_mesh; !more && d-- > 0;) {
      more = ++now.at[d] < n[d];
      now.at[d] = more ? now.at[d] : 0;
    }
  }
  return count;
}

/* ---- choices ---- */

typedef struct chooser {
  const explore_space *s;
  const plan_mapping *map;
  int access;
  const explore_load *x;
  plan_choice *out;
  size_t n, room;
  bool ways_only;
} chooser;

static bool move_is_fixed(const chooser *c, const plan_choice *choice) {
  for (int d = 0; c->x->fix->has_move && d < c->s->impl->n_mesh; d++)
    if (choice->move[d] != c->x->fix->move[d])
      return false;
  return true;
}

static bool same_way(const plan_choice *x, const plan_choice *y) {
  return memcmp(x->area, y->area, sizeof x->area) == 0 && memcmp(x->move, y->move, sizeof x->move) == 0;
}

static void add_way(chooser *c, const plan_choice *choice) {
  for (size_t i = 0; i < c->n && i < c->room; i++)
    if (same_way(&c->out[i], choice))
      return;
  if (c->n < c->room)
    c->out[c->n] = *choice;
  c->n++;
}

static void add(chooser *c, const plan_choice *choice) {
  if (c->ways_only) {
    add_way(c, choice);
    return;
  }
  if (c->x->fix->depth && choice->depth != c->x->fix->depth)
    return;
  if (c->x->fix->label) {
    char room[256];
    explore_write_label(c->s, c->map, c->access, choice, c->s->impl->fixes.any_depth, room, sizeof room);
    if (strcmp(room, c->x->fix->label) != 0)
      return;
  }
  if (c->n < c->room)
    c->out[c->n] = *choice;
  c->n++;
}

static bool has_hoist(const int *hoist, int n, int h) {
  for (int i = 0; i < n; i++)
    if (hoist[i] == h)
      return true;
  return false;
}

/* Multicast along all shared dims first, then a chain along some. */
static void add_moves(chooser *c, plan_choice *choice, const bool *has_depth) {
  unsigned shared = 0, n_mesh = (unsigned)c->s->impl->n_mesh, lacking = c->s->impl->lacking;
  for (unsigned d = 0; d < n_mesh; d++)
    shared |= choice->area[d] > 1 ? 1u << d : 0;
  for (unsigned chains = 0; chains < 1u << n_mesh; chains++) {
    if ((chains & ~shared) || (chains && (lacking & PLAN_NEEDS_CHAIN)))
      continue;
    for (unsigned d = 0; d < n_mesh; d++)
      choice->move[d] = !(shared & 1u << d) ? PLAN_UNICAST : chains & 1u << d ? PLAN_CHAIN : PLAN_MULTICAST;
    if (!move_is_fixed(c, choice))
      continue;
    for (int depth = 1; depth <= 3; depth++)
      if (has_depth[depth]) {
        choice->depth = depth;
        add(c, choice);
      }
  }
}

/* Does a position further in, where the same cores may share it, have the third slot? */
static bool is_idle_slot(const explore_space *s, int a, const int *hoist, int n, int h) {
  for (int i = 0; i < n && hoist[i] < h; i++)
    if (explore_unshared(s, a, hoist[i]) == explore_unshared(s, a, h))
      return true;
  return false;
}

/* Of all areas at one position. */
static void add_areas(chooser *c, uint32_t unshared, plan_choice *choice, const bool *has_depth) {
  int n_mesh = c->s->impl->n_mesh;
  area areas[PLAN_MESH_MAX][AREAS_MAX];
  area_choice list[AREA_CHOICES_MAX];
  int n[PLAN_MESH_MAX];
  for (int d = 0; d < n_mesh; d++)
    n[d] = list_areas(c->s, c->x, c->map, d, unshared, areas[d]);
  int count = list_area_choices(n_mesh, areas, n, list);
  for (int i = 0; i < count; i++) {
    for (int d = 0; d < n_mesh; d++) {
      choice->area[d] = areas[d][list[i].at[d]].cores;
      choice->levels[d] = areas[d][list[i].at[d]].levels;
    }
    add_moves(c, choice, has_depth);
  }
}

static void add_loads(chooser *c, const plan_mapping *p, int a) {
  const explore_impl *e = c->s->impl;
  int hoist[3][EXPLORE_LIFTS_MAX], n_hoist[3], all = c->x->n_seq + c->s->n_parallel;
  for (int depth = 1; depth <= 2; depth++)
    n_hoist[depth] = explore_list_hoists(c->s, a, p->order, depth, hoist[depth]);
  for (int h = 0; h <= all; h++) {
    bool has_depth[4] = {false, has_hoist(hoist[1], n_hoist[1], h)};
    has_depth[2] = c->x->may_prefetch && has_hoist(hoist[2], n_hoist[2], h);
    bool is_idle = (e->rules & EXPLORE_IDLE_SLOT) && is_idle_slot(c->s, a, hoist[2], n_hoist[2], h);
    has_depth[3] = has_depth[2] && !is_idle && !(e->lacking & PLAN_NEEDS_DEPTH3);
    if (!has_depth[1] && !has_depth[2])
      continue;
    plan_choice choice = {.hoist = h};
    explore_lifted(c->s, a, p->order, h, &choice.panel);
    add_areas(c, explore_unshared(c->s, a, h), &choice, has_depth);
  }
}

static void add_stores(chooser *c) {
  const explore_impl *e = c->s->impl;
  plan_choice choice = {0};
  for (int d = 0; d < e->n_mesh; d++)
    choice.area[d] = 1;
  for (int direct = 0; direct <= (c->x->may_direct && !(e->lacking & PLAN_NEEDS_DIRECT_STORE)); direct++)
    for (int depth = 1; depth <= (direct || (e->lacking & PLAN_NEEDS_DEPTH3) ? 2 : 3); depth++) {
      choice.direct = direct;
      choice.depth = depth;
      add(c, &choice);
    }
}

size_t explore_list_choices(const explore_space *s, const plan_mapping *p, int a, plan_choice *out, size_t room) {
  chooser c = {s, p, a, &s->impl->access[a], out, 0, room, false};
  if (c.x->is_store)
    add_stores(&c);
  else
    add_loads(&c, p, a);
  return c.n;
}

size_t explore_list_ways(const explore_space *s, const plan_mapping *p, int a, plan_choice *out, size_t room) {
  static const bool one_depth[4] = {false, true, false, false};
  chooser c = {s, p, a, &s->impl->access[a], out, 0, room, true};
  for (int h = 0; h <= c.x->n_seq; h++) {
    uint32_t unshared = explore_unshared(s, a, h);
    plan_choice choice = {.hoist = h};
    if (h == 0 || unshared != explore_unshared(s, a, h - 1))
      add_areas(&c, unshared, &choice, one_depth);
  }
  return c.n;
}
