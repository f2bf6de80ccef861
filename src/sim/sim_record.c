/* The recorder: called at the few places where a thread's state, a slot or a server changes (sim_private.h). */
#include "sim/sim_record.h"
#include "sim/sim_private.h"
#include <stdlib.h>

static const struct { const char *name; bool is_phase; sim_other other; } kinds[] = {
#define X(n, t, p, o) {t, p, SIM_OTHER_##o},
    SIM_SLICE_LIST(X)
#undef X
};

const char *sim_slice_name(sim_slice_kind k) { return kinds[k].name; }
bool sim_slice_is_phase(sim_slice_kind k) { return kinds[k].is_phase; }
sim_other sim_slice_other(sim_slice_kind k) { return kinds[k].other; }

static arena *memory(sim *s) { return &s->ctx->mem; }
static int64_t now(const sim *s) { return sim_ceil_cycle(s->tick) / SIM_TICKS; }
static int lane_number(const sim_thread *th) { return th->core * TOG_THREADS + (int)th->which; }

void sim_record_begin(sim *s) {
  sim_record *r = s->o->record;
  int64_t limit = r->limit > 0 ? r->limit : SIM_RECORD_LIMIT;
  *r = (sim_record){.limit = limit, .cut = -1, .n_lanes = s->n_cores * TOG_THREADS, .n_slots = s->n_slots};
  r->lanes = ARENA_NEW_N(memory(s), sim_lane, r->n_lanes);
  bins_init(memory(s), &r->phases, r->n_lanes * SIM_SLICE_KINDS, 16);
  bins_init(memory(s), &r->links, s->noc.n_nodes * 2 * s->noc.n_dims, 16 * SIM_TICKS);
  bins_init(memory(s), &r->channels, s->dram.n_channels, 16 * SIM_TICKS);
  size_t slots = (size_t)s->n_cores * (size_t)s->n_slots;
  r->life_of_slot = ARENA_NEW_N(&s->ctx->scratch, int, slots);
  for (size_t i = 0; i < slots; i++)
    r->life_of_slot[i] = -1;
}

/* ---- the limit ---- */

static void end_open_slices(sim_lane *l, int64_t at) {
  for (size_t i = 0; i < l->open.n; i++)
    l->slices.at[l->open.at[i]].end = at;
  l->open.n = 0;
}

/* Room for one more entry of any list; the first that finds none cuts them all. */
static bool take_room(sim *s) {
  sim_record *r = s->o->record;
  if (r->cut >= 0)
    return false;
  if (r->n_events < r->limit) {
    r->n_events++;
    return true;
  }
  r->cut = now(s);
  for (int i = 0; i < r->n_lanes; i++)
    end_open_slices(&r->lanes[i], r->cut);
  return false;
}

/* ---- slices ---- */

static void open_slice(sim *s, sim_lane *l, sim_slice x) {
  if (!take_room(s))
    return;
  vec_push(memory(s), &l->open, l->slices.n);
  vec_push(memory(s), &l->slices, x);
}

/* Ends the innermost open slice; one of no length was the last that began, and goes. */
static void close_slice(sim *s, sim_lane *l) {
  if (l->open.n == 0)
    return;
  sim_slice *x = &l->slices.at[l->open.at[--l->open.n]];
  x->end = now(s);
  if (x->begin == x->end) {
    l->slices.n--;
    s->o->record->n_events--;
  }
}

static bool find_phase(sim *s, const sim_thread *th, const sim_instr *in, sim_slice *out) {
  *out = (sim_slice){.begin = now(s), .node = in->node ? in->node->id : -1, .other = in->buffer, .value = th->region.bytes};
  switch (th->state) {
  case SIM_WAIT_FREE: out->kind = SIM_SLICE_WAIT_FREE; break;
  case SIM_WAIT_READY: out->kind = SIM_SLICE_WAIT_READY; break;
  case SIM_READING: out->kind = SIM_SLICE_READ; break;
  case SIM_LEAVING:
  case SIM_WRITING: out->kind = SIM_SLICE_WRITE; break;
  case SIM_LANDING: out->kind = in->op == SIM_OP_LOAD ? SIM_SLICE_READ : SIM_SLICE_WRITE; break;
  case SIM_WAIT_RECEIVERS:
  case SIM_WAIT_ROW:
  case SIM_SENDING: out->kind = SIM_SLICE_WAIT_RECEIVERS; break;   /* SENDING: the last receiver's word is on its way */
  case SIM_SENT: out->kind = SIM_SLICE_SEND; break;
  case SIM_COLLECTING:
  case SIM_COLLECTED: out->kind = SIM_SLICE_COLLECT; break;
  case SIM_WAIT_SENDER: out->kind = SIM_SLICE_WAIT_SENDER; break;
  case SIM_ARRIVING: out->kind = SIM_SLICE_RECEIVE; break;
  case SIM_BUSY: out->kind = SIM_SLICE_COMPUTE; break;
  case SIM_RUN:
  case SIM_DONE:
  case SIM_HALTED: return false;
  }
  if (out->kind == SIM_SLICE_COLLECT) {
    out->other = -1;
  } else if (out->kind == SIM_SLICE_WAIT_FREE || out->kind == SIM_SLICE_WAIT_READY) {
    out->other = th->wait_buffer;
    out->value = 0;
  } else if (out->kind == SIM_SLICE_WAIT_SENDER || out->kind == SIM_SLICE_RECEIVE) {
    out->other = th->sender;
  } else if (out->kind == SIM_SLICE_COMPUTE) {
    out->other = in->unit;
    out->value = 0;
  }
  return true;
}

static void close_phase(sim *s, int lane) {
  sim_record *r = s->o->record;
  sim_lane *l = &r->lanes[lane];
  if (!l->is_in_phase)
    return;
  l->is_in_phase = false;
  l->spent[l->phase.kind] += now(s) - l->phase.begin;
  bins_add(&r->phases, lane * SIM_SLICE_KINDS + (int)l->phase.kind, l->phase.begin, now(s));
  close_slice(s, l);
}

static void close_node(sim *s, int lane) {
  sim_lane *l = &s->o->record->lanes[lane];
  close_phase(s, lane);
  if (l->is_in_node)
    close_slice(s, l);
  l->is_in_node = false;
}

/* The same phase goes on, as the parts of a transfer do. */
static bool goes_on(const sim_lane *l, const sim_slice *x) {
  return l->is_in_phase && l->phase.kind == x->kind && (x->kind == SIM_SLICE_WAIT_RECEIVERS || l->phase.other == x->other);
}

void sim_record_state(sim *s, const sim_thread *th) {
  int lane = lane_number(th);
  sim_lane *l = &s->o->record->lanes[lane];
  const sim_instr *in = sim_instr_of(s, th);
  sim_slice x;
  if (th->state == SIM_DONE || th->state == SIM_HALTED) {
    close_node(s, lane);
    while (l->open.n > 0)
      close_slice(s, l);
    l->end = now(s);
    return;
  }
  if (!find_phase(s, th, in, &x) || goes_on(l, &x))
    return;
  if (x.kind == SIM_SLICE_WAIT_RECEIVERS)
    x.other = in->op == SIM_OP_SEND ? th->receiver : sim_missing_receiver(s, th, in);
  close_phase(s, lane);
  if (!l->is_in_node)
    open_slice(s, l, (sim_slice){.begin = x.begin, .kind = SIM_SLICE_NODE, .node = x.node, .other = -1});
  l->is_in_node = l->is_in_phase = true;
  l->phase = x;
  open_slice(s, l, x);
}

void sim_record_left(sim *s, const sim_thread *th, const sim_instr *in) {
  int lane = lane_number(th);
  sim_lane *l = &s->o->record->lanes[lane];
  sim_slice x = {.begin = now(s), .kind = SIM_SLICE_LOOP, .node = in->node ? in->node->id : -1, .other = -1};
  bool enters = in->op == SIM_OP_LOOP && th->pc != in->target, repeats = in->op == SIM_OP_NEXT && th->pc == in->target;
  close_node(s, lane);
  if (enters)
    open_slice(s, l, x);
  if (in->op == SIM_OP_NEXT)
    close_slice(s, l);
  if (in->op == SIM_OP_NEXT && !repeats)
    close_slice(s, l);
  if (enters || repeats) {
    x.kind = SIM_SLICE_STEP;
    x.value = th->vars[s->t->n_mesh + in->depth];
    open_slice(s, l, x);
  }
}

/* ---- transfers ---- */

void sim_record_flow(sim *s, const sim_thread *from, int to, int64_t arrival_tick) {
  sim_record *r = s->o->record;
  int64_t arrived = sim_ceil_cycle(arrival_tick) / SIM_TICKS;
  if (arrived > now(s) && take_room(s))
    vec_push(memory(s), &r->flows, ((sim_flow){sim_instr_of(s, from)->node->id, lane_number(from), to * TOG_THREADS + (int)TOG_READER, now(s), arrived, from->region.bytes}));
}

void sim_record_service(sim *s, sim_server_kind server, int index, int64_t begin_tick, int64_t ticks, int64_t bytes) {
  sim_record *r = s->o->record;
  const sim_thread *th = &s->threads[r->who];
  if (begin_tick + ticks > SIM_TIME_MAX)
    return;                              /* the run is about to be stopped */
  bins_add(server == SIM_SERVER_LINK ? &r->links : &r->channels, index, begin_tick, begin_tick + ticks);
  if (take_room(s))
    vec_push(memory(s), &r->services, ((sim_service){server, index, sim_instr_of(s, th)->node->id, th->core, begin_tick, ticks, bytes}));
}

/* ---- slots ---- */

static sim_life *life_of(sim *s, int core, int buffer, int slot) {
  sim_record *r = s->o->record;
  int i = r->life_of_slot[core * r->n_slots + s->slot_base[buffer] + slot];
  return i < 0 ? NULL : &r->lives.at[i];
}

void sim_record_slot(sim *s, int core, int buffer, int slot, sim_slot_state state) {
  sim_record *r = s->o->record;
  sim_life *life = life_of(s, core, buffer, slot);
  if (state == SIM_READY && life)
    life->published = now(s);
  if (state == SIM_FREE && life)
    life->freed = now(s);
  if (state != SIM_OPEN)
    return;
  bool kept = take_room(s);
  r->life_of_slot[core * r->n_slots + s->slot_base[buffer] + slot] = kept ? (int)r->lives.n : -1;
  if (kept)
    vec_push(memory(s), &r->lives, ((sim_life){core, buffer, slot, now(s), -1, -1}));
}

/* ---- the end ---- */

/* By their begin: a link serves in a hole what comes after what it is reserved for. */
static int by_begin(const void *a, const void *b) {
  const sim_service *x = a, *y = b;
  return x->begin != y->begin ? (x->begin > y->begin) - (x->begin < y->begin) : x->server != y->server ? (int)x->server - (int)y->server : x->index - y->index;
}

/* Threads that wait for ever do so until the end. */
void sim_record_end(sim *s) {
  sim_record *r = s->o->record;
  r->cycles = s->report->cycles;
  s->tick = r->cycles * SIM_TICKS;
  for (int i = 0; i < r->n_lanes; i++) {
    sim_lane *l = &r->lanes[i];
    if (s->threads[i].state == SIM_DONE || s->threads[i].state == SIM_HALTED)
      continue;
    close_node(s, i);
    end_open_slices(l, r->cycles);
    l->end = r->cycles;
  }
  if (r->services.n > 1)
    qsort(r->services.at, r->services.n, sizeof *r->services.at, by_begin);
  r->life_of_slot = NULL;
}
