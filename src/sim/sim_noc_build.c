/* The network set up: where the graph's cores are on the machine, the routes between them and the DRAM channels. */
#include "sim/sim_private.h"
#include <string.h>

enum { NODES_MAX = 1 << 16, ROUTES_MAX = 1 << 22 };

static loom_status map_cores(sim *s) {
  sim_noc *n = &s->noc;
  const tog *t = s->t;
  int dim_of[TOG_MESH_MAX];
  for (int d = 0; d < t->n_mesh; d++) {
    dim_of[d] = -1;
    for (int k = 0; k < n->n_dims; k++)
      if (strcmp(t->mesh_name[d], s->m->mesh.at[k].name) == 0)
        dim_of[d] = k;
    if (dim_of[d] < 0)
      return diag_error(s->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the graph's mesh dim '%s' is not a dim of machine '%s'", t->mesh_name[d], s->m->name);
    if (t->mesh_size[d] > n->size[dim_of[d]])
      return diag_error(s->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the graph needs %" PRId64 " cores along '%s'; machine '%s' has %" PRId64, t->mesh_size[d],
                        t->mesh_name[d], s->m->name, n->size[dim_of[d]]);
  }
  n->node_of_core = ARENA_NEW_N(&s->ctx->scratch, int, s->n_cores);
  for (int c = 0; c < s->n_cores; c++) {
    int64_t coord[TOG_MESH_MAX], at[MACHINE_MESH_DIMS_MAX] = {0};
    sim_core_coords(t, c, coord);
    for (int d = 0; d < t->n_mesh; d++)
      at[dim_of[d]] = coord[d];
    n->node_of_core[c] = sim_noc_node_at(n, at);
  }
  return LOOM_OK;
}

typedef struct route_list { arena *mem; VEC_OF(int) links; } route_list;
static void add_link(void *data, int link, int node) {
  route_list *r = data;
  (void)node;
  vec_push(r->mem, &r->links, link);
}

static void build_routes(sim *s) {
  sim_noc *n = &s->noc;
  route_list list = {.mem = &s->ctx->scratch};
  n->route_start = ARENA_NEW_N(&s->ctx->scratch, int, 2 * n->n_channels * s->n_cores + 1);
  for (int ch = 0, i = 0; ch < n->n_channels; ch++)
    for (int c = 0; c < s->n_cores; c++) {
      int attach = (int)s->m->attach.at[ch];
      n->route_start[i++] = (int)list.links.n;
      sim_noc_walk(n, attach, n->node_of_core[c], add_link, &list);
      n->route_start[i++] = (int)list.links.n;
      sim_noc_walk(n, n->node_of_core[c], attach, add_link, &list);
      n->route_start[i] = (int)list.links.n;
    }
  n->routes = list.links.at;
}

loom_status sim_noc_build(sim *s) {
  sim_noc *n = &s->noc;
  n->n_dims = (int)s->m->mesh.n;
  int64_t nodes = 1;
  bool is_sane = n->n_dims >= 1 && n->n_dims <= MACHINE_MESH_DIMS_MAX;
  for (int d = 0; is_sane && d < n->n_dims; d++) {
    n->size[d] = s->m->mesh.at[d].size;
    n->wraps[d] = s->m->mesh.at[d].wraps;
    is_sane = n->size[d] >= 1 && n->size[d] <= NODES_MAX && (nodes *= n->size[d]) <= NODES_MAX;
  }
  if (!is_sane)
    return diag_error(s->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the mesh of machine '%s' must have 1..%d dims and at most %d cores", s->m->name, MACHINE_MESH_DIMS_MAX, NODES_MAX);
  n->n_nodes = (int)nodes;
  n->n_channels = s->dram.n_channels;
  if ((int64_t)n->n_channels * s->n_cores > ROUTES_MAX)
    return diag_error(s->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "%d cores times %d DRAM channels is more than the simulator's %d", s->n_cores, n->n_channels, ROUTES_MAX);
  LOOM_TRY(map_cores(s));
  n->link_rate = sim_rate_of(s->m->link_bytes_per_cycle.value);
  n->port_rate = sim_rate_of(s->m->l1_bytes_per_cycle.value);
  n->hop_ticks = sim_ticks_of(s->m->hop_cycles.value);
  n->packet_bytes = s->m->link_packet_bytes > 0 ? s->m->link_packet_bytes : INT64_MAX;
  n->links = ARENA_NEW_N(&s->ctx->scratch, sim_server, n->n_nodes * 2 * n->n_dims);
  n->in_port = ARENA_NEW_N(&s->ctx->scratch, sim_server, n->n_nodes);
  n->out_port = ARENA_NEW_N(&s->ctx->scratch, sim_server, n->n_nodes);
  build_routes(s);
  n->trees = ARENA_NEW_N(&s->ctx->scratch, sim_tree, (size_t)s->n_loads * (size_t)s->n_cores);
  n->mark = ARENA_NEW_N(&s->ctx->scratch, int, n->n_nodes);
  memset(n->mark, 0xFF, (size_t)n->n_nodes * sizeof *n->mark);
  n->fronts = ARENA_NEW_N(&s->ctx->scratch, sim_front, n->n_nodes);
  return LOOM_OK;
}
