/* Collectives, packet by packet: links in the order in which packets are ready, memories written when they arrive. */
#include "chips/chips_private.h"

#define CHIPS_PACKETS_MAX INT64_C(500000000)

typedef enum event_kind { BEGINS /* stage `transfer` on chip `packet` */, ARRIVES, READY } event_kind;      /* at one cycle memories change before they are read */
typedef struct event { int64_t cycle; event_kind kind; int transfer; int64_t packet; void *bytes; bool has_waited; } event;

typedef struct run {
  loom_ctx *ctx; const chips_program *p; const machine *m; bool behind; const chips_memory *memory; const chips_watch *watch; int64_t *end;
  VEC_OF(event) heap;
  int *next, *first;                       /* transfers that begin a chain, by stage * chips + chip they start from */
  int *then;                               /* by transfer: the one after it, -1 */
  int64_t *left;                           /* by stage * chips + chip: packets that have to arrive there */
  bool *begun;
  VEC_OF(event) *parked;                   /* sums for a chip that is not there yet */
  int64_t *link_free, *sum_free;           /* by link; by chip */
  int64_t *waiting;                        /* by chip: bytes that are parked */
  VEC_OF(void *) buffers;                  /* of packets, to be used again */
  loom_status status;
} run;

static bool before(const event *a, const event *b) {
  if (a->cycle != b->cycle)
    return a->cycle < b->cycle;
  if (a->kind != b->kind)
    return a->kind < b->kind;
  return a->transfer != b->transfer ? a->transfer < b->transfer : a->packet < b->packet;
}

static void push(run *r, event e) {
  vec_push(&r->ctx->scratch, &r->heap, e);
  size_t i = r->heap.n - 1;
  for (; i && before(&e, &r->heap.at[(i - 1) / 2]); i = (i - 1) / 2)
    r->heap.at[i] = r->heap.at[(i - 1) / 2];
  r->heap.at[i] = e;
}

static event pop(run *r) {
  const event top = r->heap.at[0], e = r->heap.at[--r->heap.n];
  size_t i = 0;
  for (size_t c; (c = 2 * i + 1) < r->heap.n; i = c) {
    if (c + 1 < r->heap.n && before(&r->heap.at[c + 1], &r->heap.at[c]))
      c++;
    if (!before(&r->heap.at[c], &e))
      break;
    r->heap.at[i] = r->heap.at[c];
  }
  if (r->heap.n)
    r->heap.at[i] = e;
  return top;
}

static const chips_stage *stage_of(const run *r, const chips_transfer *t) { return &r->p->stages.at[t->stage]; }
static int64_t key(const run *r, int stage, int64_t chip) { return stage * r->p->n_chips + chip; }

static int64_t packet_elems(const run *r, const chips_transfer *t) {
  const int64_t n = r->m->chip_links->packet_bytes / chips_type_bytes(r->p, stage_of(r, t));
  return n ? n : 1;
}

static int64_t packets(const run *r, const chips_transfer *t) {
  const int64_t n = packet_elems(r, t);
  return (t->elems + n - 1) / n;
}

/* The elements of a packet in the memory of a chip; NULL: timing only. */
static char *place(const run *r, const chips_transfer *t, int64_t packet, int chip) {
  void *const *all = !r->memory ? NULL : stage_of(r, t)->kind == CHIPS_REDUCE_SCATTER ? r->memory->partial : r->memory->at;
  char *base = all ? all[chip * (int64_t)r->p->tensors.n + stage_of(r, t)->tensor] : NULL;
  return base ? base + (t->at + packet * packet_elems(r, t)) * chips_type_bytes(r->p, stage_of(r, t)) : NULL;
}

static int64_t elems_of(const run *r, const chips_transfer *t, int64_t packet) {
  const int64_t n = packet_elems(r, t), rest = t->elems - packet * n;
  return rest < n ? rest : n;
}

static int link_of(const run *r, const chips_transfer *t) {
  int64_t a[MACHINE_MESH_DIMS_MAX], b[MACHINE_MESH_DIMS_MAX];
  const int d = stage_of(r, t)->dim;
  chips_coordinates(r->m, t->from, a);
  chips_coordinates(r->m, t->to, b);
  return (t->from * MACHINE_MESH_DIMS_MAX + d) * 2 + (b[d] == (a[d] + 1) % r->m->chips.at[d].size);
}

static void *take_buffer(run *r) {
  if (r->buffers.n)
    return r->buffers.at[--r->buffers.n];
  const int64_t bytes = r->m->chip_links->packet_bytes;
  return arena_alloc(&r->ctx->scratch, (size_t)(bytes < 16 ? 16 : bytes));
}

/* Sums that are complete become elements: those that no other chip goes on with. */
static int64_t round_sums(run *r, int stage, int64_t chip) {
  const chips_elements *type = &r->p->tensors.at[r->p->stages.at[stage].tensor];
  int64_t from = INT64_MAX, to = 0;
  for (size_t i = 0; i < r->p->transfers.n; i++) {
    const chips_transfer *t = &r->p->transfers.at[i];
    if (t->stage != stage || t->to != chip || r->then[i] >= 0)
      continue;
    from = t->at < from ? t->at : from;
    to = t->at + t->elems > to ? t->at + t->elems : to;
  }
  const int64_t slot = chip * (int64_t)r->p->tensors.n + r->p->stages.at[stage].tensor;
  for (int64_t i = from; i < to && r->memory; i++)
    dtype_store(type->type, (char *)r->memory->at[slot] + i * (int64_t)dtype_bytes(type->type),
                dtype_load(type->partial_type, (char *)r->memory->partial[slot] + i * (int64_t)dtype_bytes(type->partial_type)));
  return to > from ? chips_round_cycles(r->m, type, to - from) : 0;
}

static void end_stage(run *r, int stage, int64_t chip, int64_t cycle) {
  if (r->p->stages.at[stage].rounds)
    cycle += round_sums(r, stage, chip);
  r->end[chip] = cycle > r->end[chip] ? cycle : r->end[chip];
  if (r->watch && r->watch->end)
    r->watch->end[key(r, stage, chip)] = cycle;
  for (size_t s = 0; s < r->p->stages.n; s++)
    if (r->p->stages.at[s].previous == stage)
      push(r, (event){.cycle = cycle, .kind = BEGINS, .transfer = (int)s, .packet = chip});
}

/* All packets at that cycle: each calls the next. */
static void start_transfer(run *r, int t, int64_t cycle) {
  if (packets(r, &r->p->transfers.at[t]))
    push(r, (event){.cycle = cycle, .kind = READY, .transfer = t});
}

static void begin_stage(run *r, int stage, int64_t chip, int64_t cycle) {
  const int64_t k = key(r, stage, chip);
  r->begun[k] = true;
  if (r->watch && r->watch->begin)
    r->watch->begin[k] = cycle;
  for (int t = r->first[k]; t >= 0; t = r->next[t])
    start_transfer(r, t, cycle);
  for (size_t i = 0; i < r->parked[k].n; i++) {
    event e = r->parked[k].at[i];
    e.cycle = cycle;
    push(r, e);
  }
  if (!r->left[k])
    end_stage(r, stage, chip, cycle);
}

static void send(run *r, const event *e) {
  const chips_transfer *t = &r->p->transfers.at[e->transfer];
  const int64_t bytes = elems_of(r, t, e->packet) * chips_type_bytes(r->p, stage_of(r, t));
  int64_t *free_at = &r->link_free[link_of(r, t)];
  const char *from = place(r, t, e->packet, t->from);
  void *copy = from ? take_buffer(r) : NULL;
  if (from)
    memcpy(copy, from, (size_t)bytes);
  *free_at = (*free_at > e->cycle ? *free_at : e->cycle) + (e->packet ? 0 : r->m->chip_links->setup_cycles) + chips_link_cycles(r->m, bytes);
  push(r, (event){.cycle = *free_at + r->m->chip_links->hop_cycles, .kind = ARRIVES, .transfer = e->transfer, .packet = e->packet, .bytes = copy});
  if (t->after < 0 && e->packet + 1 < packets(r, t))
    push(r, (event){.cycle = e->cycle, .kind = READY, .transfer = e->transfer, .packet = e->packet + 1});
}

static void add(dtype type, char *to, const char *from, int64_t elems) {
  const size_t width = dtype_bytes(type);
  for (int64_t i = 0; i < elems; i++)
    dtype_store(type, to + (size_t)i * width, dtype_load(type, to + (size_t)i * width) + dtype_load(type, from + (size_t)i * width));
}

/* It lies in the chip's memory until the stage begins there. */
static void park(run *r, event *e, int64_t bytes) {
  const chips_transfer *t = &r->p->transfers.at[e->transfer];
  int64_t *most = r->watch && r->watch->waiting ? &r->watch->waiting[t->to] : NULL;
  e->has_waited = true;
  r->waiting[t->to] += bytes;
  if (most && r->waiting[t->to] > *most)
    *most = r->waiting[t->to];
  vec_push(&r->ctx->scratch, &r->parked[key(r, t->stage, t->to)], *e);
}

static void arrive(run *r, event *e) {
  const chips_transfer *t = &r->p->transfers.at[e->transfer];
  const int64_t k = key(r, t->stage, t->to), elems = elems_of(r, t, e->packet), bytes = elems * chips_type_bytes(r->p, stage_of(r, t));
  char *to = place(r, t, e->packet, t->to);
  int64_t cycle = e->cycle;
  if (t->adds && !r->begun[k]) {
    park(r, e, bytes);
    return;
  }
  r->waiting[t->to] -= e->has_waited ? bytes : 0;
  if (t->adds) {
    int64_t *free_at = &r->sum_free[t->to];
    cycle = *free_at = (*free_at > cycle ? *free_at : cycle) + chips_sum_cycles(r->m, bytes);
  }
  if (to && t->adds)
    add(r->p->tensors.at[stage_of(r, t)->tensor].partial_type, to, e->bytes, elems);
  else if (to)
    memcpy(to, e->bytes, (size_t)bytes);
  if (e->bytes)
    vec_push(&r->ctx->scratch, &r->buffers, e->bytes);
  const int then = r->then[e->transfer];
  if (then >= 0 && e->packet < packets(r, &r->p->transfers.at[then]))      /* of an edited file it may be a shorter one */
    push(r, (event){.cycle = cycle, .kind = READY, .transfer = then, .packet = e->packet});
  if (!--r->left[k] && r->begun[k])        /* else it is over when it begins */
    end_stage(r, t->stage, t->to, cycle);
}

static void prepare(run *r) {
  arena *m = &r->ctx->scratch;
  const size_t n = r->p->stages.n * (size_t)r->p->n_chips, transfers = r->p->transfers.n;
  r->first = ARENA_NEW_N(m, int, n + 1);
  r->next = ARENA_NEW_N(m, int, transfers + 1);
  r->then = ARENA_NEW_N(m, int, transfers + 1);
  r->left = ARENA_NEW_N(m, int64_t, n + 1);
  r->begun = ARENA_NEW_N(m, bool, n + 1);
  r->parked = arena_array(m, n + 1, sizeof *r->parked);
  memset(r->parked, 0, (n + 1) * sizeof *r->parked);
  r->link_free = ARENA_NEW_N(m, int64_t, r->p->n_chips * MACHINE_MESH_DIMS_MAX * 2);
  r->sum_free = ARENA_NEW_N(m, int64_t, r->p->n_chips);
  r->waiting = ARENA_NEW_N(m, int64_t, r->p->n_chips);
  for (size_t i = 0; i < n; i++)
    r->first[i] = -1;
  for (size_t i = 0; i < transfers; i++)
    r->then[i] = -1;
  for (size_t i = transfers; i-- > 0;) {
    const chips_transfer *t = &r->p->transfers.at[i];
    if (stage_of(r, t)->behind != r->behind)
      continue;
    r->left[key(r, t->stage, t->to)] += packets(r, t);
    if (t->after >= 0) {
      r->then[t->after] = (int)i;
    } else {
      r->next[i] = r->first[key(r, t->stage, t->from)];
      r->first[key(r, t->stage, t->from)] = (int)i;
    }
  }
}

/* Neighbours along the stage's dim, around its end where it is a ring; the transfer that it waits for ends where it begins. */
static loom_status check_links(run *r) {
  int64_t all = 0;
  for (size_t i = 0; i < r->p->transfers.n; i++) {
    const chips_transfer *t = &r->p->transfers.at[i];
    const size_t dim = (size_t)stage_of(r, t)->dim;
    all += packets(r, t);
    if (all > CHIPS_PACKETS_MAX)
      LOOM_FAIL(r->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "collectives of more than %" PRId64 " packets are not simulated", CHIPS_PACKETS_MAX);
    int64_t a[MACHINE_MESH_DIMS_MAX], b[MACHINE_MESH_DIMS_MAX], steps = 0;
    chips_coordinates(r->m, t->from, a);
    chips_coordinates(r->m, t->to, b);
    for (size_t d = 0; d < r->m->chips.n; d++) {
      const int64_t apart = a[d] > b[d] ? a[d] - b[d] : b[d] - a[d], n = r->m->chips.at[d].size;
      steps += d != dim ? 2 * apart : r->m->chips.at[d].wraps && apart == n - 1 ? 1 : apart;
    }
    if (dim >= r->m->chips.n || steps != 1)
      LOOM_FAIL(r->ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "there is no link from chip %d to chip %d for the %s of '%s'", t->from, t->to, chips_collective_text(stage_of(r, t)->kind),
                r->p->tensors.at[stage_of(r, t)->tensor].name);
    if (t->after >= 0 && r->p->transfers.at[t->after].to != t->from)
      LOOM_FAIL(r->ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "chip %d hands on what arrives at chip %d", t->from, r->p->transfers.at[t->after].to);
  }
  return LOOM_OK;
}

static loom_status find_waiting(run *r) {
  for (size_t s = 0; s < r->p->stages.n; s++)
    for (int64_t c = 0; c < r->p->n_chips; c++)
      if (r->left[key(r, (int)s, c)])
        LOOM_FAIL(r->ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "chip %" PRId64 " waits for ever for %" PRId64 " packets of the %s of '%s'", c, r->left[key(r, (int)s, c)],
                  chips_collective_text(r->p->stages.at[s].kind), r->p->tensors.at[r->p->stages.at[s].tensor].name);
  return LOOM_OK;
}

loom_status chips_run(loom_ctx *ctx, const chips_program *p, const machine *m, bool behind, const chips_memory *memory, const chips_watch *watch, const int64_t *begin, int64_t *end) {
  const arena_mark mark = arena_save(&ctx->scratch);
  run r = {.ctx = ctx, .p = p, .m = m, .behind = behind, .memory = memory, .watch = watch, .end = end};
  LOOM_TRY(check_links(&r));
  prepare(&r);
  for (int64_t c = 0; c < p->n_chips; c++)
    end[c] = begin[c];
  for (size_t s = 0; s < p->stages.n; s++)
    for (int64_t c = 0; c < p->n_chips && p->stages.at[s].behind == behind && p->stages.at[s].previous < 0; c++)
      push(&r, (event){.cycle = begin[c], .kind = BEGINS, .transfer = (int)s, .packet = c});
  while (r.heap.n) {
    event e = pop(&r);
    if (e.kind == BEGINS)
      begin_stage(&r, e.transfer, e.packet, e.cycle);
    else if (e.kind == READY)
      send(&r, &e);
    else
      arrive(&r, &e);
  }
  const loom_status st = find_waiting(&r);
  arena_release(&ctx->scratch, mark);
  return st;
}

loom_status chips_time(loom_ctx *ctx, const chips_program *p, const machine *m, const int64_t *kernel, chips_times *out) {
  arena *mem = &ctx->mem;
  const size_t n = p->stages.n * (size_t)p->n_chips;
  int64_t *ready = ARENA_NEW_N(mem, int64_t, p->n_chips);
  *out = (chips_times){.begin = ARENA_NEW_N(mem, int64_t, p->n_chips), .end = ARENA_NEW_N(mem, int64_t, p->n_chips),
                       .watch = {ARENA_NEW_N(mem, int64_t, n + 1), ARENA_NEW_N(mem, int64_t, n + 1), ARENA_NEW_N(mem, int64_t, p->n_chips)}};
  LOOM_TRY(chips_run(ctx, p, m, false, NULL, &out->watch, ready, out->begin));
  for (int64_t c = 0; c < p->n_chips; c++)
    ready[c] = out->begin[c] + kernel[c];
  LOOM_TRY(chips_run(ctx, p, m, true, NULL, &out->watch, ready, out->end));
  for (int64_t c = 0; c < p->n_chips; c++)
    out->cycles = out->end[c] > out->cycles ? out->end[c] : out->cycles;
  return LOOM_OK;
}
