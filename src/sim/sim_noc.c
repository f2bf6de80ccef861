/* The network: a mesh or torus of links, each a FIFO, with dimension-ordered routes (dim 0 first, the shorter way round a ring, up on a tie).
 *
 * A message reserves one link after the other.  With its first byte at a link at `first` and its last at `last`, it starts when the link is
 * free, s = max(first, free), holds the link for ser = bytes / rate, and leaves with
 *   first' = s + hop          last' = max(last, s + ser) + hop
 * so an idle path costs hops * hop + one serialisation (wormhole switching), and a busy link delays what comes behind.  A link that is reserved from later on
 * is free until then: a message that gets there earlier, and is over by then, goes before.
 * A multicast takes the union of the routes to its receivers, a tree; every link of it carries the bytes once. */
#include "sim/sim_private.h"
#include <math.h>
#include <string.h>

/* ---- rates ---- */

sim_rate sim_rate_of(double bytes_per_cycle) {
  if (!(bytes_per_cycle > 0) || bytes_per_cycle > 1e12)
    return 0;
  sim_rate r = llround(bytes_per_cycle * 4096);
  return r < 1 ? 1 : r;
}

int64_t sim_rate_ticks(sim_rate r, int64_t bytes) {
  return r == 0 ? 0 : (bytes * (4096 * SIM_TICKS) + r - 1) / r;
}

int64_t sim_ticks_of(double cycles) {
  if (!(cycles > 0))
    return 0;
  return llround((cycles < (double)SIM_CYCLES_MAX ? cycles : (double)SIM_CYCLES_MAX) * (double)SIM_TICKS);
}

/* ---- places ---- */

static void node_coords(const sim_noc *n, int node, int64_t *out) {
  for (int d = n->n_dims - 1; d >= 0; d--) {
    out[d] = node % n->size[d];
    node /= (int)n->size[d];
  }
}

int sim_noc_node_at(const sim_noc *n, const int64_t *coord) {
  int64_t node = 0;
  for (int d = 0; d < n->n_dims; d++)
    node = node * n->size[d] + coord[d];
  return (int)node;
}

/* Signed steps from a to b along dim d. */
static int64_t steps(const sim_noc *n, int d, int64_t a, int64_t b) {
  int64_t delta = b - a, size = n->size[d];
  if (!n->wraps[d])
    return delta;
  if (delta < 0)
    delta += size;
  return delta * 2 <= size ? delta : delta - size;
}

void sim_noc_walk(const sim_noc *n, int from, int to, sim_step_fn step, void *data) {
  int64_t at[MACHINE_MESH_DIMS_MAX], goal[MACHINE_MESH_DIMS_MAX];
  node_coords(n, from, at);
  node_coords(n, to, goal);
  for (int d = 0; d < n->n_dims; d++) {
    int64_t left = steps(n, d, at[d], goal[d]);
    int64_t way = left < 0 ? -1 : 1;
    for (; left != 0; left -= way) {
      int link = sim_noc_node_at(n, at) * 2 * n->n_dims + 2 * d + (way < 0);
      at[d] = (at[d] + way + n->size[d]) % n->size[d];
      step(data, link, sim_noc_node_at(n, at));
    }
  }
}

int sim_noc_node_hops(const sim_noc *n, int from, int to) {
  int64_t a[MACHINE_MESH_DIMS_MAX], b[MACHINE_MESH_DIMS_MAX], hops = 0;
  node_coords(n, from, a);
  node_coords(n, to, b);
  for (int d = 0; d < n->n_dims; d++) {
    int64_t k = steps(n, d, a[d], b[d]);
    hops += k < 0 ? -k : k;
  }
  return (int)hops;
}

int sim_noc_hops(const sim_noc *n, int from_core, int to_core) { return sim_noc_node_hops(n, n->node_of_core[from_core], n->node_of_core[to_core]); }

int sim_noc_link_end(const sim_noc *n, int link) {
  int64_t at[MACHINE_MESH_DIMS_MAX];
  int d = link % (2 * n->n_dims) / 2;
  node_coords(n, link / (2 * n->n_dims), at);
  at[d] = (at[d] + (link % 2 ? -1 : 1) + n->size[d]) % n->size[d];
  return sim_noc_node_at(n, at);
}

/* ---- servers ---- */

static void drop_hole(sim_server *v, int i) {
  v->n_holes--;
  memmove(&v->hole[i], &v->hole[i + 1], (size_t)(v->n_holes - i) * sizeof *v->hole);
}

static void keep_hole(sim_server *v, int i, int64_t from, int64_t to) {
  if (v->n_holes == SIM_HOLES) {
    if (i == 0)
      return;
    drop_hole(v, 0);
    i--;
  }
  memmove(&v->hole[i + 1], &v->hole[i], (size_t)(v->n_holes - i) * sizeof *v->hole);
  v->hole[i] = (sim_hole){from, to};
  v->n_holes++;
}

/* When a packet that holds the server for `ser` ticks, and comes not before `first`, begins: in the first hole that is long enough, or behind all others. */
static int64_t reserve(sim_server *v, int64_t now, int64_t first, int64_t ser) {
  if (ser == 0)
    return first;
  while (v->n_holes > 0 && v->hole[0].to <= now)
    drop_hole(v, 0);
  for (int i = 0; i < v->n_holes; i++) {
    sim_hole h = v->hole[i];
    int64_t start = max64(first, h.from);
    if (start + ser > h.to)
      continue;
    drop_hole(v, i);
    if (start + ser < h.to)
      keep_hole(v, i, start + ser, h.to);
    if (h.from < start)
      keep_hole(v, i, h.from, start);
    return start;
  }
  int64_t start = max64(first, v->free_tick);
  if (start > max64(v->free_tick, now))
    keep_hole(v, v->n_holes, v->free_tick, start);
  v->free_tick = start + ser;
  return start;
}

static sim_front pass(sim_server *v, int64_t now, sim_front f, int64_t ser, int64_t hop, int64_t bytes) {
  int64_t start = reserve(v, now, f.first, ser);
  v->busy_ticks += ser;
  v->bytes += bytes;
  return (sim_front){start + hop, (f.last > start + ser ? f.last : start + ser) + hop};
}

/* ---- moving ---- */

static sim_front cross(sim *s, int link, sim_front f, int64_t ser, int64_t bytes) {
  sim_front far = pass(&s->noc.links[link], s->tick, f, ser, s->noc.hop_ticks, bytes);
  if (s->o->record)
    sim_record_service(s, SIM_SERVER_LINK, link, far.first - s->noc.hop_ticks, ser, bytes);
  return far;
}

/* *left: when its last byte is off the first link; as it was where there is none. */
static sim_front follow(sim *s, int route, int64_t bytes, sim_front f, int64_t *left) {
  sim_noc *n = &s->noc;
  int64_t ser = sim_rate_ticks(n->link_rate, bytes);
  for (int i = n->route_start[route]; i < n->route_start[route + 1]; i++) {
    f = cross(s, n->routes[i], f, ser, bytes);
    if (i == n->route_start[route])
      *left = max64(*left, f.last - n->hop_ticks);
  }
  s->report->noc_bytes += bytes * (n->route_start[route + 1] - n->route_start[route]);
  return f;
}

sim_front sim_noc_from_channel(sim *s, int channel, int core, int64_t bytes, sim_front f) {
  int64_t left = 0;
  f = follow(s, 2 * (channel * s->n_cores + core), bytes, f, &left);
  return pass(&s->noc.in_port[s->noc.node_of_core[core]], s->tick, f, sim_rate_ticks(s->noc.port_rate, bytes), 0, bytes);
}

sim_front sim_noc_to_channel(sim *s, int channel, int core, int64_t bytes, sim_front f, int64_t *left) {
  f = pass(&s->noc.out_port[s->noc.node_of_core[core]], s->tick, f, sim_rate_ticks(s->noc.port_rate, bytes), 0, bytes);
  *left = f.last;
  return follow(s, 2 * (channel * s->n_cores + core) + 1, bytes, f, left);
}

/* ---- core to core ---- */

typedef struct crossing { sim *s; sim_front at; int64_t ser, bytes, first_left; int n; } crossing;
static void cross_step(void *data, int link, int node) {
  crossing *c = data;
  (void)node;
  c->at = cross(c->s, link, c->at, c->ser, c->bytes);
  if (c->n++ == 0)
    c->first_left = c->at.last - c->s->noc.hop_ticks;
}

/* Out of one node's L1 and into another's. */
static sim_front between(sim *s, int from, int to, int64_t bytes, sim_front f, int64_t *left) {
  sim_noc *n = &s->noc;
  int64_t port = sim_rate_ticks(n->port_rate, bytes);
  crossing c = {.s = s, .ser = sim_rate_ticks(n->link_rate, bytes), .bytes = bytes};
  c.at = pass(&n->out_port[from], s->tick, f, port, 0, bytes);
  *left = c.at.last;
  sim_noc_walk(n, from, to, cross_step, &c);
  if (c.first_left > *left)
    *left = c.first_left;
  s->report->noc_bytes += bytes * c.n;
  return pass(&n->in_port[to], s->tick, c.at, port, 0, bytes);
}

int64_t sim_noc_to_core(sim *s, int from, int to, int64_t bytes, int64_t tick, int64_t *left) {
  return between(s, s->noc.node_of_core[from], s->noc.node_of_core[to], bytes, (sim_front){tick, tick}, left).last;
}

sim_front sim_noc_from_node(sim *s, int node, int core, int64_t bytes, sim_front f) {
  int64_t left;
  return between(s, node, s->noc.node_of_core[core], bytes, f, &left);
}

sim_front sim_noc_to_node(sim *s, int node, int core, int64_t bytes, sim_front f, int64_t *left) {
  return between(s, s->noc.node_of_core[core], node, bytes, f, left);
}

/* ---- multicast ---- */

typedef struct tree_walk { sim_noc *n; sim_tree *tree; int at; } tree_walk;
static void grow_tree(void *data, int link, int node) {
  tree_walk *w = data;
  if (w->n->mark[node] < 0) {
    w->tree->branches[w->tree->n_branches] = (sim_branch){link, w->at};
    w->n->mark[node] = w->tree->n_branches++;
  }
  w->at = w->n->mark[node];
}

static int64_t rect_cores(const tog *t, const sim_rect *r) {
  int64_t p = 1;
  for (int d = 0; d < t->n_mesh; d++)
    p *= r->lr[d] - r->ul[d] + 1;
  return p;
}

/* A tree has fewer branches than there are nodes; its storage is kept from one rectangle to the next. */
static void build_tree(sim *s, sim_tree *tree, int core, const sim_rect *rect) {
  sim_noc *n = &s->noc;
  int64_t at[TOG_MESH_MAX], cores = rect_cores(s->t, rect);
  if (!tree->branches)
    tree->branches = ARENA_NEW_N(&s->ctx->scratch, sim_branch, n->n_nodes);
  if (tree->room < cores) {
    tree->room = (int)cores;
    tree->leaf_core = ARENA_NEW_N(&s->ctx->scratch, int, cores);
    tree->leaf_branch = ARENA_NEW_N(&s->ctx->scratch, int, cores);
  }
  tree->rect = *rect;
  tree->n_branches = tree->n_leaves = 0;
  memcpy(at, rect->ul, sizeof at);
  for (int64_t i = 0; i < cores; i++) {
    int to = sim_core_at(s->t, at);
    if (to != core) {
      tree_walk w = {n, tree, -1};
      sim_noc_walk(n, n->node_of_core[core], n->node_of_core[to], grow_tree, &w);
      tree->leaf_core[tree->n_leaves] = to;
      tree->leaf_branch[tree->n_leaves++] = w.at;
    }
    for (int d = s->t->n_mesh - 1; d >= 0 && ++at[d] > rect->lr[d]; d--)
      at[d] = rect->ul[d];
  }
  memset(n->mark, 0xFF, (size_t)n->n_nodes * sizeof *n->mark);
}

int64_t sim_noc_multicast(sim *s, int load, int core, const sim_rect *rect, int64_t bytes, int64_t tick, sim_arrive_fn arrive, void *data) {
  sim_noc *n = &s->noc;
  sim_tree *tree = &n->trees[(size_t)load * (size_t)s->n_cores + (size_t)core];
  if (!tree->branches || memcmp(&tree->rect, rect, sizeof *rect) != 0)
    build_tree(s, tree, core, rect);
  int64_t ser = sim_rate_ticks(n->link_rate, bytes), port = sim_rate_ticks(n->port_rate, bytes);
  sim_front sent = pass(&n->out_port[n->node_of_core[core]], s->tick, (sim_front){tick, tick}, port, 0, bytes);
  int64_t left = sent.last;
  for (int i = 0; i < tree->n_branches; i++) {
    const sim_branch *b = &tree->branches[i];
    n->fronts[i] = cross(s, b->link, b->parent < 0 ? sent : n->fronts[b->parent], ser, bytes);
    if (b->parent < 0 && n->fronts[i].last - n->hop_ticks > left)
      left = n->fronts[i].last - n->hop_ticks;
  }
  s->report->noc_bytes += bytes * tree->n_branches;
  for (int i = 0; i < tree->n_leaves; i++) {
    int to = tree->leaf_core[i];
    int64_t last = pass(&n->in_port[n->node_of_core[to]], s->tick, n->fronts[tree->leaf_branch[i]], port, 0, bytes).last;
    if (arrive)
      arrive(s, to, last, data);
  }
  return left;
}
