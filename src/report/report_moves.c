#include "report/report_moves.h"
#include "tog/tog_points.h"
#include <stdlib.h>

enum { POINTS_MAX = 1 << 19, ROUNDS_MAX = 1 << 21 };

/* One execution of a node: the values of the loops around it, and when. */
typedef struct event { int64_t value[TOG_DEPTH_MAX], begin, end, item; int core; } event;
typedef VEC_OF(event) events;

typedef struct move {
  const tog_node *node;
  tog_path path;
  sym_code *offset[TOG_RANK_MAX], *extent[TOG_RANK_MAX];
  int nth;                               /* among the graph's loads, or stores */
} move;
typedef VEC_OF(move) moves;

/* ---- the nodes ---- */

static loom_status collect(loom_ctx *ctx, const tog_node *n, const tog_path *path, void *data) {
  moves *all = data;
  int nth = 0;
  if (n->kind != TOG_LOAD && n->kind != TOG_STORE)
    return LOOM_OK;
  for (size_t i = 0; i < all->n; i++)
    nth += all->at[i].node->kind == n->kind;
  move x = {.node = n, .path = *path, .nth = nth};
  for (int d = 0; d < n->box.rank; d++) {
    LOOM_TRY(tog_compile(ctx, path, n->box.offset[d], &x.offset[d]));
    LOOM_TRY(tog_compile(ctx, path, n->box.extent[d], &x.extent[d]));
  }
  vec_push(&ctx->mem, all, x);
  return LOOM_OK;
}

/* ---- when: the record of a chip ---- */

static int n_loops(const move *x) { return x->path.n - x->path.n_mesh; }

/* Slices of `kind` and `node` in a lane, with the values of the first `depth` of the loops around; a slice in other loops is not one of the move's. */
static void find_events(arena *m, const sim_lane *lane, const move *x, int depth, sim_slice_kind kind, int node, events *out) {
  const sim_slice *open[TOG_DEPTH_MAX];
  int level = 0;
  for (size_t i = 0; i < lane->slices.n; i++) {
    const sim_slice *s = &lane->slices.at[i];
    event e = {.begin = s->begin, .end = s->end};
    if (s->kind != SIM_SLICE_STEP && s->kind != kind)
      continue;
    while (level > 0 && open[level - 1]->end <= s->begin)
      level--;
    if (s->kind == SIM_SLICE_STEP && level < TOG_DEPTH_MAX)
      open[level++] = s;
    bool is_it = s->kind == kind && s->node == node && level >= depth;
    for (int d = 0; is_it && d < depth; d++) {
      is_it = open[d]->node == x->path.loop[x->path.n_mesh + d]->id;
      e.value[d] = open[d]->value;
    }
    if (is_it)
      vec_push(m, out, e);
  }
}

static bool same_values(const event *e, const move *x, const int64_t *vars) {
  for (int d = 0; d < n_loops(x); d++)
    if (e->value[d] != vars[x->path.n_mesh + d])
      return false;
  return true;
}

/* The next of `all` where it is that of `vars`; both are in program order. */
static const event *take(const events *all, size_t *at, const move *x, const int64_t *vars) {
  return *at < all->n && same_values(&all->at[*at], x, vars) ? &all->at[(*at)++] : NULL;
}

/* ---- when: the record of an NPU, whose transfers come in the order of the graph's ---- */

static int by_program(const void *a, const void *b) {
  const event *x = a, *y = b;
  return x->item != y->item ? (x->item > y->item) - (x->item < y->item) : (x->begin > y->begin) - (x->begin < y->begin);
}

/* The node of the tile graph that a move became; -1: they are not the same number. */
static int tile_node_of(const tile_graph *g, const moves *all, const move *x) {
  const tile_kind kind = x->node->kind == TOG_STORE ? TILE_STORE : TILE_LOAD;
  int n = 0, of_graph = 0, found = -1;
  for (size_t i = 0; i < all->n; i++)
    n += all->at[i].node->kind == x->node->kind;
  for (size_t i = 0; i < g->nodes.n; i++)
    if (g->nodes.at[i].kind == kind && of_graph++ == x->nth)
      found = (int)i;
  return n == of_graph ? found : -1;
}

static void find_flights(arena *m, const report_npu_run *run, int node, events *out) {
  for (size_t i = 0; i < run->record->flights.n; i++) {
    const npu_flight *f = &run->record->flights.at[i];
    if (f->node == node)
      vec_push(m, out, ((event){.begin = f->begin, .end = f->end, .item = f->item, .core = f->core}));
  }
  if (out->n)
    qsort(out->at, out->n, sizeof *out->at, by_program);
}

/* ---- the turns ---- */

typedef struct teller {
  loom_ctx *ctx;
  const move *x;
  const report_run *chip;
  events nodes, steps, flights;          /* of the core under way; flights are of all */
  size_t at_node, at_step, at_flight;
  text *cores;                           /* numbers, by core */
  int *told;                             /* boxes of each */
  int n_cores, core, most;               /* told of one core at most */
  int64_t turn, turns, limit;            /* of one core; the most of any; walked at most */
  int64_t rounds;                        /* of loops, that may still be gone through: those inside may have no turn at all */
  bool is_short;                         /* there are fewer flights than boxes */
} teller;

static void tell(teller *t, const int64_t *vars) {
  const move *x = t->x;
  const event *node = take(&t->nodes, &t->at_node, x, vars), *step = take(&t->steps, &t->at_step, x, vars);
  int64_t at[TOG_RANK_MAX], extent[TOG_RANK_MAX];
  int core = t->core;
  bool has_box = t->told[core] < t->most || t->flights.n;
  for (int d = 0; d < x->node->box.rank && has_box; d++)
    has_box = sym_run(x->offset[d], vars, &at[d]) && sym_run(x->extent[d], vars, &extent[d]) && extent[d] > 0;
  if (!has_box)
    return;
  if (t->flights.n) {
    t->is_short |= t->at_flight == t->flights.n;
    if (t->is_short)
      return;
    node = &t->flights.at[t->at_flight++];
    core = node->core;
  }
  if (t->told[core]++ >= t->most)
    return;
  text *out = &t->cores[core];
  text_addf(out, "%s%" PRId64 ",%" PRId64 ",%" PRId64, out->size ? "," : "", t->flights.n ? t->told[core] - 1 : t->turn, step ? step->begin : node ? node->begin : -1, node ? node->end : -1);
  for (int d = 0; d < x->node->box.rank; d++)
    text_addf(out, ",%" PRId64 ",%" PRId64, at[d], extent[d]);
}

static void walk(teller *t, int level, int64_t *vars) {
  const tog_path *p = &t->x->path;
  int64_t n;
  if (level == p->n) {
    tell(t, vars);
    t->turn++;
    return;
  }
  if (!sym_run(p->trip[level], vars, &n))
    return;                              /* the simulator tells of it */
  for (int64_t i = 0; i < n && t->turn < t->limit && t->rounds-- > 0; i++) {
    vars[level] = i;
    walk(t, level + 1, vars);
  }
}

static void walk_core(teller *t, int core) {
  const tog *g = t->x->path.t;
  arena *m = &t->ctx->scratch;
  const arena_mark before = arena_save(m);
  int64_t vars[TOG_LEVELS_MAX] = {0}, left = core;
  for (int d = g->n_mesh - 1; d >= 0; left /= g->mesh_size[d--])
    vars[d] = left % g->mesh_size[d];
  t->core = core;
  t->turn = 0;
  t->nodes = t->steps = (events){0};
  t->at_node = t->at_step = 0;
  if (t->chip) {
    const sim_lane *lanes = &t->chip->record->lanes[core * TOG_THREADS];
    const int depth = n_loops(t->x);
    find_events(m, &lanes[tog_node_thread(t->x->node)], t->x, depth, SIM_SLICE_NODE, t->x->node->id, &t->nodes);
    if (t->x->node->kind == TOG_STORE && depth > 0)    /* a tile is worked on from the turn's first computation on */
      find_events(m, &lanes[TOG_COMPUTE_THREAD], t->x, depth, SIM_SLICE_STEP, t->x->path.loop[t->x->path.n - 1]->id, &t->steps);
  }
  walk(t, g->n_mesh, vars);
  t->turns = t->turn > t->turns ? t->turn : t->turns;
  arena_release(m, before);
}

static const char *quoted(arena *m, const char *s) { return data_write_json(m, data_string(m, s), 0); }

static void put_move(text *out, const teller *t, bool is_first) {
  const tog_node *n = t->x->node;
  const tog_tensor *tensor = &t->x->path.t->tensors.at[n->box.tensor];
  const int64_t *shape = n->box.has_view ? n->box.view_shape : tensor->shape;
  arena *m = out->mem;
  text_addf(out, "%s{\"label\":%s,\"tensor\":%s,\"is_store\":%s,\"turns\":%" PRId64 ",\"shape\":[", is_first ? "" : ",", quoted(m, n->label ? n->label : tog_kind_name(n->kind)), quoted(m, tensor->name),
            n->kind == TOG_STORE ? "true" : "false", t->turns);
  for (int d = 0; d < n->box.rank; d++)
    text_addf(out, d ? ",%" PRId64 : "%" PRId64, shape[d]);
  text_add(out, "],\"cores\":[");
  for (int c = 0; c < t->n_cores; c++)
    text_addf(out, "%s[%s]", c ? "," : "", text_str(&t->cores[c]));
  text_add(out, "]}");
}

static void walk_cores(teller *t, int64_t cores) {
  arena *m = &t->ctx->mem;
  t->cores = ARENA_NEW_N(m, text, t->n_cores);
  t->told = ARENA_NEW_N(m, int, t->n_cores);
  t->rounds = ROUNDS_MAX;
  for (int c = 0; c < t->n_cores; c++)
    t->cores[c] = text_new(m);
  for (int c = 0; c < cores; c++)
    walk_core(t, c);
}

/* Boxes of one move, `most` or fewer; returns how many were told. */
static int add_move(loom_ctx *ctx, text *out, const moves *all, const move *x, const report_run *chip, const report_npu_run *npu, int most) {
  const tog *g = x->path.t;
  int64_t cores = 1;
  int told = 0;
  const int node = npu ? tile_node_of(npu->g, all, x) : -1;
  for (int d = 0; d < g->n_mesh; d++)
    cores *= g->mesh_size[d];
  teller t = {.ctx = ctx, .x = x, .chip = chip, .n_cores = npu && npu->report->n_cores > cores ? npu->report->n_cores : (int)cores};
  t.most = most / t.n_cores;
  t.limit = POINTS_MAX / cores < REPORT_TURNS ? POINTS_MAX / cores : REPORT_TURNS;
  if (t.most == 0)
    return 0;
  if (node >= 0)
    find_flights(&ctx->mem, npu, node, &t.flights);
  walk_cores(&t, cores);
  if (t.flights.n && (t.is_short || t.at_flight < t.flights.n)) {   /* a transfer in parts, or one that was there already: which is which is not known */
    t.flights = (events){0};
    walk_cores(&t, cores);
  }
  put_move(out, &t, out->data[out->size - 1] == '[');
  for (int c = 0; c < t.n_cores; c++)
    told += t.told[c] < t.most ? t.told[c] : t.most;
  return told;
}

loom_status report_add_moves(loom_ctx *ctx, text *out, const tog *g, const report_run *chip, const report_npu_run *npu) {
  moves all = {0};
  int left = REPORT_MOVES, n = 0;
  LOOM_TRY(tog_visit_nodes(ctx, g, collect, &all));
  text_add(out, "\"moves\":[");
  for (int loads = 0; loads < 2; loads++)
    for (size_t i = 0; i < all.n; i++)
      if ((all.at[i].node->kind == TOG_LOAD) == loads && n++ < REPORT_MOVE_NODES)
        left -= add_move(ctx, out, &all, &all.at[i], chip, npu, left / 2);      /* the rest for those behind it */
  text_add(out, "]");
  return LOOM_OK;
}
