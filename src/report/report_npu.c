#include "report/report_npu.h"
#include "report/report_pieces.h"

/* X(name, word) */
#define KIND_LIST(X) X(MATMUL, "matmul") X(PRELOAD, "preload") X(VECTOR, "vector") X(REQUESTS, "requests") X(IDLE, "idle")
typedef enum kind {
#define X(name, word) KIND_##name,
  KIND_LIST(X)
#undef X
  KINDS
} kind;
_Static_assert((int)KINDS <= (int)REPORT_KINDS_MAX, "kinds of slices");

/* Arrays, the vector unit, the DMA engine. */
static int tracks_of(const npu_report *r) { return r->n_arrays + 2; }
static int lane_of(const npu_report *r, const npu_slice *x) {
  const int track = x->track == NPU_TRACK_VECTOR ? r->n_arrays : x->track == NPU_TRACK_DMA ? r->n_arrays + 1 : x->track;
  return x->core * tracks_of(r) + track;
}

static kind kind_of(const tile_graph *g, const npu_slice *x) {
  if (x->track == NPU_TRACK_DMA)
    return KIND_REQUESTS;
  if (x->track == NPU_TRACK_VECTOR)
    return KIND_VECTOR;
  return g->nodes.at[x->node].unit == TILE_PRELOAD ? KIND_PRELOAD : KIND_MATMUL;
}

static void add_idle(arena *m, report_pieces *lane, int64_t cycles) {
  if (cycles > 0)
    vec_push(m, lane, ((report_piece){.cycles = cycles, .kind = KIND_IDLE, .node = -1, .other = -1}));
}

/* Slices of a track come in order; between them it is idle.  Each lane ends with its core. */
static void fill_lanes(arena *m, const report_npu_run *run, report_pieces *lanes) {
  const npu_report *r = run->report;
  const int n = tracks_of(r) * r->n_cores;
  int64_t *at = ARENA_NEW_N(m, int64_t, n);
  for (size_t i = 0; i < run->record->slices.n; i++) {
    const npu_slice *x = &run->record->slices.at[i];
    const int lane = lane_of(r, x);
    const int64_t most = r->cores[x->core].cycles, begin = x->begin > at[lane] ? x->begin : at[lane], end = x->end < most ? x->end : most;
    if (end <= begin)
      continue;
    add_idle(m, &lanes[lane], begin - at[lane]);
    vec_push(m, &lanes[lane], ((report_piece){.cycles = end - begin, .kind = (int)kind_of(run->g, x), .node = x->node, .other = x->item}));
    at[lane] = end;
  }
  for (int i = 0; i < n; i++)
    add_idle(m, &lanes[i], r->cores[i / tracks_of(r)].cycles - at[i]);
}

static void add_names(text *t, const npu_report *r) {
  static const char *const words[] = {
#define X(name, word) word,
      KIND_LIST(X)
#undef X
  };
  text_add(t, "\"threads\":[");
  for (int i = 0; i < r->n_arrays; i++)
    text_addf(t, "\"array %d\",", i);
  text_add(t, "\"vector unit\",\"DMA engine\"],\"kinds\":[");
  for (int k = 0; k < KINDS; k++)
    text_addf(t, "%s\"%s\"", k ? "," : "", words[k]);
  text_add(t, "],");
}

void report_add_npu_lanes(text *t, arena *m, const report_npu_run *run) {
  const int n = tracks_of(run->report) * run->report->n_cores;
  report_pieces *lanes = ARENA_NEW_N(m, report_pieces, n);
  fill_lanes(m, run, lanes);
  add_names(t, run->report);
  report_put_lanes(t, lanes, n, report_fit_pieces(m, lanes, n, run->report->cycles));
}

/* "load x_spad", "matmul acc_spad": what it does to the tile it changes. */
static const char *name_of(arena *m, const tile_graph *g, const tile_node *n) {
  static const char *const units[] = {[TILE_VECTOR] = "vector", [TILE_MATMUL] = "matmul", [TILE_PRELOAD] = "preload"};
  const char *word = n->kind == TILE_LOAD ? "load" : n->kind == TILE_STORE ? "store" : n->kind == TILE_COMPUTE ? units[n->unit] : NULL;
  if (!word || !n->uses.n)
    return n->name;
  const tile_use *use = &n->uses.at[0];
  for (size_t i = 0; i < n->uses.n; i++)
    if (n->uses.at[i].access != TILE_READ)
      use = &n->uses.at[i];
  return arena_printf(m, "%s %s", word, g->buffers.at[use->buffer].name);
}

data_value *report_npu_nodes(arena *m, const tile_graph *g) {
  data_value *list = data_array(m);
  for (size_t i = 0; i < g->nodes.n; i++)
    data_push(m, list, data_string(m, name_of(m, g, &g->nodes.at[i])));
  return list;
}

data_value *report_npu_buffers(arena *m, const tile_graph *g) {
  data_value *list = data_array(m);
  for (size_t i = 0; i < g->buffers.n; i++) {
    data_value *o = data_object(m);
    data_set_string(m, o, "name", g->buffers.at[i].name);
    data_set_int(m, o, "offset", g->buffers.at[i].address);
    data_set_int(m, o, "bytes", g->buffers.at[i].lane_bytes);
    data_push(m, list, o);
  }
  return list;
}
