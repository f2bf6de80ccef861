/* The machine's routes, and how many senders cross each link.
 *
 * A dimension-ordered route goes along dim 0, then along dim 1, and so on.  On its stretch along dim d the dims before d have the coordinates of where it ends,
 * those after d of where it begins.  So all routes of a transfer lie on lines, and what a line carries is the sum of what leaves (or enters) it further on. */
#include "model/model_program.h"
#include <stdlib.h>

/* One step of the dimension-ordered route: dim 0 first, the shorter way round a ring, up on a tie. */
static int step(const model_noc *n, int from, int to, int *link) {
  int64_t stride = n->n_nodes;
  for (int d = 0; d < n->n_dims; d++) {
    stride /= n->size[d];
    int64_t at = n->coord[from][d], delta = n->coord[to][d] - at, size = n->size[d];
    if (delta == 0)
      continue;
    if (n->wraps[d]) {
      delta = delta < 0 ? delta + size : delta;
      delta = delta * 2 <= size ? delta : delta - size;
    }
    int64_t next = delta > 0 ? (at + 1) % size : (at + size - 1) % size;
    *link = (from * n->n_dims + d) * 2 + (delta < 0);
    return from + (int)((next - at) * stride);
  }
  *link = -1;
  return from;
}

typedef struct counter { int *count, *touched; int n; } counter;
static void count_link(counter *c, int link, int by) {
  if (c->count[link] == 0)
    c->touched[c->n++] = link;
  c->count[link] += by;
}

typedef VEC_OF(noc_use) use_list;

/* Way 0: from every channel to each node; 1: back. */
static void list_ways(loom_ctx *ctx, const machine *m, model_noc *n, int way, counter *c) {
  use_list list = {0};
  n->start[way] = ARENA_NEW_N(&ctx->mem, int, n->n_nodes + 1);
  n->hops[way] = ARENA_NEW_N(&ctx->mem, int32_t, n->n_nodes);
  n->most[way] = ARENA_NEW_N(&ctx->mem, int32_t, n->n_nodes);
  for (int node = 0; node < n->n_nodes; node++) {
    n->start[way][node] = (int)list.n;
    c->n = 0;
    for (size_t ch = 0; ch < m->attach.n; ch++) {
      int at = way ? node : (int)m->attach.at[ch], to = way ? (int)m->attach.at[ch] : node, hops = 0, link;
      for (; at != to; hops++) {
        at = step(n, at, to, &link);
        count_link(c, link, 1);
      }
      n->hops[way][node] = hops > n->hops[way][node] ? hops : n->hops[way][node];
    }
    for (int i = 0; i < c->n; i++) {
      int count = c->count[c->touched[i]];
      vec_push(&ctx->mem, &list, ((noc_use){c->touched[i], count}));
      n->most[way][node] = count > n->most[way][node] ? count : n->most[way][node];
      c->count[c->touched[i]] = 0;
    }
  }
  n->start[way][n->n_nodes] = (int)list.n;
  n->use[way] = list.at;
}

/* Channels as dim d sees them: those that enter its lines at the same place (way 0), or leave them there (way 1), are one.  Every `apart`-th from `first` on. */
static void list_ports(loom_ctx *ctx, const machine *m, model_noc *n, int way, int d, size_t first, size_t apart) {
  noc_port *port = ARENA_NEW_N(&ctx->mem, noc_port, m->attach.n + 1);
  int count = 0, stride = n->stride[d];
  for (size_t ch = first; ch < m->attach.n; ch += apart) {
    int at = (int)m->attach.at[ch], coord = n->coord[at][d], i = 0;
    int line = way ? at - at % (stride * (int)n->size[d]) : at % stride;
    while (i < count && (port[i].coord != coord || port[i].line != line))
      i++;
    port[i] = (noc_port){coord, line, port[i].channels + 1};
    count += i == count;
  }
  n->port[way][d] = port;
  n->n_ports[way][d] = count;
}

loom_status model_noc_make(loom_ctx *ctx, const machine *m, model_noc *out) {
  *out = (model_noc){.n_dims = (int)m->mesh.n, .n_nodes = (int)machine_cores(m), .n_channels = (int)m->attach.n};
  if (out->n_dims < 1 || out->n_dims > MACHINE_MESH_DIMS_MAX || out->n_nodes < 1 || out->n_nodes > MACHINE_CORES_MAX)
    LOOM_FAIL(ctx, diag_file_span(ctx, m->path), LOOM_EINPUT, "the mesh of machine '%s' must have 1..%d dims and at most %d cores", m->name, MACHINE_MESH_DIMS_MAX,
              MACHINE_CORES_MAX);
  for (size_t ch = 0; ch < m->attach.n; ch++)
    if (m->attach.at[ch] < 0 || m->attach.at[ch] >= out->n_nodes)
      LOOM_FAIL(ctx, m->attach_span, LOOM_EINPUT, "machine '%s' attaches DRAM channel %zu to core %" PRId64 "; it has cores 0..%d", m->name, ch, m->attach.at[ch],
                out->n_nodes - 1);
  out->n_links = out->n_nodes * out->n_dims * 2;
  out->coord = arena_array(&ctx->mem, (size_t)out->n_nodes, sizeof *out->coord);
  for (int d = 0; d < out->n_dims; d++) {
    out->size[d] = m->mesh.at[d].size;
    out->wraps[d] = m->mesh.at[d].wraps;
  }
  for (int node = 0; node < out->n_nodes; node++)
    for (int64_t d = out->n_dims - 1, left = node; d >= 0; left /= out->size[d], d--)
      out->coord[node][d] = (int16_t)(left % out->size[d]);
  for (int d = out->n_dims - 1, stride = 1; d >= 0; d--) {
    out->stride[d] = stride;
    stride *= (int)out->size[d];
  }
  for (int d = 0; d < out->n_dims; d++)
    for (int way = 0; way < 2; way++)
      list_ports(ctx, m, out, way, d, 0, 1);
  arena_mark mark = arena_save(&ctx->scratch);
  counter c = {ARENA_NEW_N(&ctx->scratch, int, out->n_links), ARENA_NEW_N(&ctx->scratch, int, out->n_links), 0};
  for (int way = 0; way < 2; way++)
    list_ways(ctx, m, out, way, &c);
  arena_release(&ctx->scratch, mark);
  return LOOM_OK;
}

model_noc *model_noc_phases(loom_ctx *ctx, const machine *m, const model_noc *whole, int apart) {
  model_noc *phase = ARENA_NEW_N(&ctx->mem, model_noc, apart);
  for (int i = 0; i < apart; i++) {
    phase[i] = *whole;
    for (int d = 0; d < whole->n_dims; d++)
      for (int way = 0; way < 2; way++)
        list_ports(ctx, m, &phase[i], way, d, (size_t)i, (size_t)apart);
  }
  return phase;
}

/* ---- senders that cross each link ---- */

/* Cores one step further on a line of `size`, when it is a ring. */
static inline int after(int at, int size) { return at + 1 == size ? 0 : at + 1; }
static inline int before(int at, int size) { return at == 0 ? size - 1 : at - 1; }

/* One line: `count[v * step]` senders at (behind) place v of it, `port` where the channels are; load: of the link up from place 0, the others follow
 * after `pitch`; the links down lie behind those up. */
static void count_line(const model_noc *n, int way, int d, const noc_port *port, const int32_t *count, int step, int32_t *load, int pitch) {
  int size = (int)n->size[d], c = port->coord, ring = n->wraps[d];
  int further = ring ? size / 2 : way ? c : size - 1 - c;      /* places that are reached going up (way 1: that go up) */
  int32_t sum = 0;
  int at = way ? c - further : c + further;
  at = at < 0 ? at + size : at >= size ? at - size : at;
  for (int left = further; left > 0; left--) {
    int next = way ? after(at, size) : before(at, size);
    sum += count[at * step];
    load[(way ? at : next) * pitch] += sum * port->channels;
    at = next;
  }
  further = ring ? size - 1 - size / 2 : way ? size - 1 - c : c;
  at = way ? c + further : c - further;
  at = at < 0 ? at + size : at >= size ? at - size : at;
  sum = 0;
  for (int left = further; left > 0; left--) {
    int next = way ? before(at, size) : after(at, size);
    sum += count[at * step];
    load[(way ? at : next) * pitch + 1] += sum * port->channels;
    at = next;
  }
}

void model_noc_count(const model_noc *n, int way, const int32_t *sends, int32_t *room, int32_t *load) {
  int last = n->n_dims - 1;
  const int32_t *count = sends;
  for (int i = 0; i <= last; i++) {
    int d = way ? i : last - i, stride = n->stride[d], size = (int)n->size[d], lines = way ? stride : n->n_nodes / (stride * size), pitch = stride * n->n_dims * 2;
    /* count: way 0 by the coordinates up to d, way 1 by those from d on */
    for (int k = 0; k < n->n_ports[way][d]; k++) {
      const noc_port *port = &n->port[way][d][k];
      for (int line = 0; line < lines; line++) {
        int first = port->line + (way ? line : line * stride * size);
        count_line(n, way, d, port, count + (way ? line : line * size), way ? stride : 1, load + (first * n->n_dims + d) * 2, pitch);
      }
    }
    for (int line = 0; i < last && line < lines; line++) {      /* in place: a sum never lies behind what it is made of */
      int32_t sum = 0;
      for (int v = 0; v < size; v++)
        sum += way ? count[v * stride + line] : count[line * size + v];
      room[line] = sum;
    }
    count = room;
  }
}

/* ---- the least that cores load a link ---- */

static int by_load(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

void model_reach_make(loom_ctx *ctx, const model_program *p, const int64_t *mesh_size, model_reach *out) {
  const model_noc *noc = &p->noc;
  arena_mark mark = arena_save(&ctx->scratch);
  int64_t *load = ARENA_NEW_N(&ctx->scratch, int64_t, noc->n_links + 1);
  int *node = ARENA_NEW_N(&ctx->scratch, int, noc->n_nodes), n = 0, busiest = 0;
  for (int c = 0; c < noc->n_nodes; c++) {
    bool is_used = true;
    for (int d = 0; d < noc->n_dims; d++)
      is_used = is_used && noc->coord[c][d] < mesh_size[d];
    if (!is_used)
      continue;
    node[n++] = c;
    for (int i = noc->start[0][c]; i < noc->start[0][c + 1]; i++)
      load[noc->use[0][i].link] += noc->use[0][i].count;
  }
  for (int l = 0; l < noc->n_links; l++)
    busiest = load[l] > load[busiest] ? l : busiest;
  double *sum = ARENA_NEW_N(&ctx->mem, double, n + 1);
  for (int k = 0; k < n; k++)
    for (int i = noc->start[0][node[k]]; i < noc->start[0][node[k] + 1]; i++)
      if (noc->use[0][i].link == busiest)
        sum[k + 1] += (double)noc->use[0][i].count / (noc->n_channels > 0 ? noc->n_channels : 1);
  qsort(sum + 1, (size_t)n, sizeof *sum, by_load);
  for (int k = 0; k < n; k++)
    sum[k + 1] += sum[k];
  *out = (model_reach){n, sum};
  arena_release(&ctx->scratch, mark);
}
