/* The machine's routes, and how many senders cross each link.
 *
 * A dimension-ordered route goes along dim 0, then along dim 1, and so on.  On its stretch along dim d the dims before d have the coordinates of where it ends,
 * those after d of where it begins.  So all routes of a transfer lie on lines, and what a line carries is the sum of what leaves (or enters) it further on. */
#include "model/model_program.h"

/* ---- lines ---- */

/* Places that are reached going up (or down) a line from any of its places, at most. */
static int reach_of(const model_noc *n, int d, bool is_down) {
  int size = (int)n->size[d];
  return !n->wraps[d] ? size - 1 : is_down ? size - 1 - size / 2 : size / 2;
}

/* Lines of dim d that channels enter (way 0) or leave (way 1), as far as the channels say, with the channels at each place.  Every `apart`-th from `first` on. */
static void list_lines(loom_ctx *ctx, const machine *m, model_noc *n, int way, int d, size_t first, size_t apart) {
  arena_mark mark = arena_save(&ctx->scratch);
  int size = (int)n->size[d], stride = n->stride[d], n_keys = way ? n->n_nodes / (stride * size) : stride, count = 0;
  int *number = ARENA_NEW_N(&ctx->scratch, int, n_keys);      /* from 1; 0: not met */
  for (size_t ch = first; ch < m->attach.n; ch += apart) {
    int at = (int)m->attach.at[ch], *mine = &number[way ? at / (stride * size) : at % stride];
    *mine = *mine ? *mine : ++count;
  }
  noc_line *line = ARENA_NEW_N(&ctx->mem, noc_line, count + 1);
  int32_t **channels = ARENA_NEW_N(&ctx->scratch, int32_t *, count + 1);
  for (size_t ch = first; ch < m->attach.n; ch += apart) {
    int at = (int)m->attach.at[ch], i = number[way ? at / (stride * size) : at % stride] - 1;
    if (!channels[i])
      channels[i] = ARENA_NEW_N(&ctx->mem, int32_t, size);
    line[i].first = way ? at - at % (stride * size) : at % stride;
    channels[i][n->coord[at][d]]++;
  }
  for (int i = 0; i < count; i++) {     /* what is equal is the same array: lines that follow one another are counted once */
    bool is_like_last = i > 0 && memcmp(channels[i], line[i - 1].channels, (size_t)size * sizeof **channels) == 0;
    line[i].channels = is_like_last ? line[i - 1].channels : channels[i];
  }
  n->line[way][d] = line;
  n->n_lines[way][d] = count;
  arena_release(&ctx->scratch, mark);
}

/* ---- of one node ---- */

/* below[i]: channels at places below i of a line of dim d.  Those at the `reach` places next to `at` on one side. */
static int32_t channels_beside(const model_noc *n, int d, const int32_t *below, int at, int reach, bool is_above) {
  int size = (int)n->size[d], from = is_above ? at + 1 : at - reach, to = from + reach;
  if (!n->wraps[d])
    return below[model_min(to, size)] - below[model_max(from, 0)];
  if (from < 0)
    return below[size] - below[from + size] + below[to];
  return to <= size ? below[to] - below[from] : below[size] - below[model_min(from, size)] + below[to - size] - below[model_max(from - size, 0)];
}

/* most[at] of dim d: channels that meet on a link of it on their way to (or from) a node at place `at`, at most: on the link next to it. */
static void list_most_along(loom_ctx *ctx, const model_noc *n, int way, int d, int32_t *most) {
  int size = (int)n->size[d];
  arena_mark mark = arena_save(&ctx->scratch);
  int32_t *below = ARENA_NEW_N(&ctx->scratch, int32_t, size + 1);
  for (int k = 0; k < n->n_lines[way][d]; k++) {
    const int32_t *channels = n->line[way][d][k].channels;
    if (k > 0 && channels == n->line[way][d][k - 1].channels)
      continue;
    for (int at = 0; at < size; at++)
      below[at + 1] = below[at] + channels[at];
    for (int at = 0; at < size; at++)
      for (int above = 0; above < 2; above++)      /* way 0: those below come up */
        most[at] = (int32_t)model_max(most[at], channels_beside(n, d, below, at, reach_of(n, d, above != way), above));
  }
  arena_release(&ctx->scratch, mark);
}

static void list_most(loom_ctx *ctx, model_noc *n, int way) {
  n->most[way] = ARENA_NEW_N(&ctx->mem, int32_t, n->n_nodes);
  for (int d = 0; d < n->n_dims; d++) {
    int32_t *most = n->most_along[way][d] = ARENA_NEW_N(&ctx->mem, int32_t, n->size[d]);
    list_most_along(ctx, n, way, d, most);
    for (int node = 0; node < n->n_nodes; node++)
      n->most[way][node] = (int32_t)model_max(n->most[way][node], most[n->coord[node][d]]);
  }
}

/* Hops from (or to) the furthest channel: over the places of channels in all dims but the last, whose furthest along that is found first. */
static void list_hops(loom_ctx *ctx, const machine *m, model_noc *n, int way) {
  arena_mark mark = arena_save(&ctx->scratch);
  int last = n->n_dims - 1, size = (int)n->size[last], n_fronts = n->n_nodes / size;
  int32_t **along = ARENA_NEW_N(&ctx->scratch, int32_t *, n_fronts);      /* by the node at place 0 over `size`, by place of the last dim */
  n->hops[way] = ARENA_NEW_N(&ctx->mem, int32_t, n->n_nodes);
  for (size_t ch = 0; ch < m->attach.n; ch++) {
    int at = (int)m->attach.at[ch], front = at / size;
    if (!along[front])
      along[front] = ARENA_NEW_N(&ctx->scratch, int32_t, size);
    for (int v = 0; v < size; v++)
      along[front][v] = (int32_t)model_max(along[front][v], way ? model_noc_places(n, last, v, at % size) : model_noc_places(n, last, at % size, v));
  }
  for (int front = 0; front < n_fronts; front++)
    for (int node = 0; along[front] && node < n->n_nodes; node++) {
      int hops = along[front][node % size];
      for (int d = 0; d < last; d++) {
        int there = n->coord[front * size][d], here = n->coord[node][d];
        hops += way ? model_noc_places(n, d, here, there) : model_noc_places(n, d, there, here);
      }
      n->hops[way][node] = (int32_t)model_max(n->hops[way][node], hops);
    }
  arena_release(&ctx->scratch, mark);
}

loom_status model_noc_make(loom_ctx *ctx, const machine *m, model_noc *out) {
  *out = (model_noc){.n_dims = (int)m->mesh.n, .n_nodes = (int)machine_cores(m), .n_channels = (int)m->attach.n, .channel = m->attach.at};
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
      out->coord[node][d] = (uint16_t)(left % out->size[d]);
  for (int d = out->n_dims - 1, stride = 1; d >= 0; d--) {
    out->stride[d] = stride;
    stride *= (int)out->size[d];
  }
  for (int d = 0; d < out->n_dims; d++)
    for (int way = 0; way < 2; way++)
      list_lines(ctx, m, out, way, d, 0, 1);
  for (int way = 0; way < 2; way++) {
    list_most(ctx, out, way);
    list_hops(ctx, m, out, way);
  }
  return LOOM_OK;
}

model_noc *model_noc_phases(loom_ctx *ctx, const machine *m, const model_noc *whole, int apart) {
  model_noc *phase = ARENA_NEW_N(&ctx->mem, model_noc, apart);
  for (int i = 0; i < apart; i++) {
    phase[i] = *whole;
    for (int d = 0; d < whole->n_dims; d++)
      for (int way = 0; way < 2; way++)
        list_lines(ctx, m, &phase[i], way, d, (size_t)i, (size_t)apart);
  }
  return phase;
}
