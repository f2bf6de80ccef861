/* The collectives around a kernel, as transfers between neighbours; and what they cost by formula. */
#include "chips/chips_private.h"
#include <math.h>
#include <stdlib.h>

const char *chips_collective_text(chips_collective c) {
  static const char *const texts[] = {
#define X(n, t) t,
      CHIPS_COLLECTIVE_LIST(X)
#undef X
  };
  return texts[c];
}

typedef struct maker { arena *mem; const chips_kernel *k; const machine *m; const chips_split *s; chips_program *out; } maker;

/* The chips of a line, and the run of elements that each of them owns: before a reduce-scatter nobody's, after it its own. */
typedef struct line { int n; int chip[MACHINE_CHIPS_MAX]; chips_run_of piece[MACHINE_CHIPS_MAX]; } line;

/* The piece of line l from position `from`, `hops` steps by `step`, around the end where the dim is a ring. */
static void add_chain(maker *w, int stage, const line *l, chips_run_of r, int from, int step, int hops) {
  int after = -1;
  const bool adds = w->out->stages.at[stage].kind == CHIPS_REDUCE_SCATTER;
  for (int h = 0; h < hops && r.elems; h++) {
    const int a = ((from + step * h) % l->n + l->n) % l->n, b = ((a + step) % l->n + l->n) % l->n;
    vec_push(w->mem, &w->out->transfers, ((chips_transfer){stage, l->chip[a], l->chip[b], r.at, r.elems, after, adds}));
    after = (int)w->out->transfers.n - 1;
  }
}

/* Those with the longest way first: a link takes what is ready at the same time in this order. */
static void add_line(maker *w, int stage, const line *l) {
  const bool gathers = w->out->stages.at[stage].kind == CHIPS_ALL_GATHER;
  for (int j = l->n - 1; j >= 0; j--) {                       /* the way up: to higher positions */
    if (gathers)
      add_chain(w, stage, l, l->piece[l->n - 1 - j], l->n - 1 - j, 1, j);
    else
      add_chain(w, stage, l, l->piece[j], 0, 1, j);
  }
  for (int j = l->n - 1; j >= 0; j--) {                       /* and down */
    if (gathers)
      add_chain(w, stage, l, l->piece[j], j, -1, j);
    else
      add_chain(w, stage, l, l->piece[l->n - 1 - j], l->n - 1, -1, j);
  }
}

/* Half of each piece each way, n - 1 steps. */
static void add_ring(maker *w, int stage, const line *l) {
  const bool gathers = w->out->stages.at[stage].kind == CHIPS_ALL_GATHER;
  for (int j = 0; j < l->n; j++) {
    add_chain(w, stage, l, chips_piece(l->piece[j], 0, 2), gathers ? j : j + 1, 1, l->n - 1);
    add_chain(w, stage, l, chips_piece(l->piece[j], 1, 2), gathers ? j : j - 1, -1, l->n - 1);
  }
}

static bool is_ring(const machine_dim *d) { return d->wraps && d->size > 2; }

/* What chip has when `stage`'s collective was (all-gather: before it) cut along its dim, too. */
static chips_run_of piece_of(const maker *w, const chips_stage *g, bool gathers_boxes, int64_t chip) {
  return gathers_boxes ? chips_gathered(w->k, w->m, w->s, g->tensor, chip, g->dim + 1) : chips_cut(w->k, w->m, w->s, g->tensor, chip, g->dim + 1);
}

static void add_stage(maker *w, chips_stage g, bool gathers_boxes, int *previous) {
  const machine_dim *dim = &w->m->chips.at[g.dim];
  line *l = ARENA_NEW(w->mem, line);
  g.previous = *previous;
  vec_push(w->mem, &w->out->stages, g);
  *previous = (int)w->out->stages.n - 1;
  for (int64_t c = 0; c < w->out->n_chips; c++) {
    int64_t at[MACHINE_MESH_DIMS_MAX];
    chips_coordinates(w->m, c, at);
    if (at[g.dim] || !chips_takes_part(w->m, w->s, c))
      continue;
    l->n = (int)dim->size;
    for (at[g.dim] = 0; at[g.dim] < dim->size; at[g.dim]++) {
      l->chip[at[g.dim]] = (int)chips_number(w->m, at);
      l->piece[at[g.dim]] = piece_of(w, &g, gathers_boxes, l->chip[at[g.dim]]);
    }
    if (is_ring(dim))
      add_ring(w, *previous, l);
    else
      add_line(w, *previous, l);
  }
}

/* In front: what several chips need is gathered, the dim that was cut last first. */
static void add_input(maker *w, int t) {
  const chips_tensor *x = &w->k->tensors.at[t];
  int previous = -1;
  for (int d = w->s->n_dims; d-- > 0 && x->is_input && !x->is_output && !x->is_everywhere;)
    if (chips_is_shared(w->k, w->s, t, d))
      add_stage(w, (chips_stage){.kind = CHIPS_ALL_GATHER, .tensor = t, .dim = d}, false, &previous);
}

/* Behind: partial sums are summed, each piece at its owner; where the result is wanted everywhere, pieces and then boxes are gathered. */
static void add_output(maker *w, int t) {
  const chips_tensor *x = &w->k->tensors.at[t];
  int previous = -1;
  if (!x->is_output)
    return;
  for (int d = 0; d < w->s->n_dims; d++)
    if (chips_is_shared(w->k, w->s, t, d))
      add_stage(w, (chips_stage){.kind = CHIPS_REDUCE_SCATTER, .tensor = t, .dim = d, .behind = true}, false, &previous);
  if (previous >= 0)
    w->out->stages.at[previous].rounds = true;
  for (int d = w->s->n_dims; d-- > 0 && x->is_everywhere;)
    if (chips_is_shared(w->k, w->s, t, d))
      add_stage(w, (chips_stage){.kind = CHIPS_ALL_GATHER, .tensor = t, .dim = d, .behind = true}, false, &previous);
  for (int d = w->s->n_dims; d-- > 0 && x->is_everywhere;)
    if (chips_is_sharded(w->k, w->s, t, d))
      add_stage(w, (chips_stage){.kind = CHIPS_ALL_GATHER, .tensor = t, .dim = d, .behind = true}, true, &previous);
}

/* ---- cost ---- */

int64_t chips_type_bytes(const chips_program *p, const chips_stage *g) {
  const chips_elements *t = &p->tensors.at[g->tensor];
  return (int64_t)dtype_bytes(g->kind == CHIPS_REDUCE_SCATTER ? t->partial_type : t->type);
}

int64_t chips_link_cycles(const machine *m, int64_t bytes) { return (int64_t)ceil((double)bytes / machine_chip_link_rate(m)); }

/* Two operands read, one written. */
int64_t chips_sum_cycles(const machine *m, int64_t bytes) { return (int64_t)ceil(3 * (double)bytes / m->dram_bytes_per_cycle.value); }

int64_t chips_round_cycles(const machine *m, const chips_elements *t, int64_t elems) {
  return t->type == t->partial_type ? 0 : (int64_t)ceil((double)elems * (double)(dtype_bytes(t->type) + dtype_bytes(t->partial_type)) / m->dram_bytes_per_cycle.value);
}

typedef struct load { int64_t bytes, transfers; } load;

/* n - 1 transfers follow each other on the busiest link, and packets of one go all the way; docs/chips.md. */
static void price_stage(maker *w, int number) {
  chips_stage *g = &w->out->stages.at[number];
  const machine_chip_links *links = w->m->chip_links;
  const int64_t n = w->m->chips.at[g->dim].size, width = chips_type_bytes(w->out, g);
  load *up = ARENA_NEW_N(w->mem, load, w->out->n_chips), *down = ARENA_NEW_N(w->mem, load, w->out->n_chips);
  int64_t longest = 0, most = 0, transfers = 0, owned = 0;
  for (size_t i = 0; i < w->out->transfers.n; i++) {
    const chips_transfer *t = &w->out->transfers.at[i];
    if (t->stage != number)
      continue;
    int64_t a[MACHINE_MESH_DIMS_MAX], b[MACHINE_MESH_DIMS_MAX];
    chips_coordinates(w->m, t->from, a);
    chips_coordinates(w->m, t->to, b);
    load *l = (b[g->dim] == (a[g->dim] + 1) % n) ? &up[t->from] : &down[t->from];
    l->bytes += t->elems * width;
    l->transfers++;
    g->bytes += t->elems * width;
    longest = t->elems * width > longest ? t->elems * width : longest;
    most = l->bytes > most ? l->bytes : most;
    transfers = l->transfers > transfers ? l->transfers : transfers;
    owned = t->elems > owned ? t->elems : owned;      /* of a ring: half */
  }
  if (!transfers)
    return;
  const int64_t packet = longest < links->packet_bytes ? longest : links->packet_bytes, sum = g->kind == CHIPS_REDUCE_SCATTER ? chips_sum_cycles(w->m, packet) : 0;
  const int64_t busy = transfers * links->setup_cycles + chips_link_cycles(w->m, most) + links->hop_cycles + sum;
  const int64_t far = (n - 1) * (links->setup_cycles + links->hop_cycles + sum) + chips_link_cycles(w->m, longest) + (n - 2) * chips_link_cycles(w->m, packet);
  g->cycles = (busy > far ? busy : far) + (g->rounds ? chips_round_cycles(w->m, &w->out->tensors.at[g->tensor], is_ring(&w->m->chips.at[g->dim]) ? 2 * owned : owned) : 0);
}

static int by_ends(const void *x, const void *y) {
  const chips_link *a = x, *b = y;
  return a->from != b->from ? a->from - b->from : a->to - b->to;
}

size_t chips_stage_links(arena *mem, const chips_program *p, int stage, chips_link **out) {
  chips_link *all = ARENA_NEW_N(mem, chips_link, p->transfers.n + 1);
  size_t n = 0, kept = 0;
  for (size_t i = 0; i < p->transfers.n; i++)
    if (p->transfers.at[i].stage == stage)
      all[n++] = (chips_link){p->transfers.at[i].from, p->transfers.at[i].to, p->transfers.at[i].elems * chips_type_bytes(p, &p->stages.at[stage])};
  qsort(all, n, sizeof *all, by_ends);
  for (size_t i = 0; i < n; i++) {
    if (kept && by_ends(&all[kept - 1], &all[i]) == 0)
      all[kept - 1].bytes += all[i].bytes;
    else
      all[kept++] = all[i];
  }
  *out = all;
  return kept;
}

/* Stages take the links of their dim in order; those of other dims go on beside them. */
static int64_t price_side(maker *w, bool behind) {
  int64_t free_at[MACHINE_MESH_DIMS_MAX] = {0}, *end = ARENA_NEW_N(w->mem, int64_t, w->out->stages.n + 1), all = 0;
  for (size_t i = 0; i < w->out->stages.n; i++) {
    const chips_stage *g = &w->out->stages.at[i];
    if (g->behind != behind)
      continue;
    int64_t start = free_at[g->dim];
    if (g->previous >= 0 && end[g->previous] > start)
      start = end[g->previous];
    end[i] = free_at[g->dim] = start + g->cycles;
    all = end[i] > all ? end[i] : all;
  }
  return all;
}

void chips_program_make(arena *mem, const chips_kernel *k, const machine *m, const chips_split *s, chips_program *out) {
  maker w = {mem, k, m, s, out};
  *out = (chips_program){.n_chips = machine_n_chips(m)};
  for (size_t t = 0; t < k->tensors.n; t++)
    vec_push(mem, &out->tensors, ((chips_elements){k->tensors.at[t].name, k->tensors.at[t].type, k->tensors.at[t].partial_type}));
  for (size_t t = 0; t < k->tensors.n; t++)
    add_input(&w, (int)t);
  for (size_t t = 0; t < k->tensors.n; t++)
    add_output(&w, (int)t);
  for (size_t i = 0; i < out->stages.n; i++)
    price_stage(&w, (int)i);
  out->cycles_before = price_side(&w, false);
  out->cycles_behind = price_side(&w, true);
}
