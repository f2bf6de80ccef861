/* A load handed on from neighbour to neighbour along some mesh dims, the whole slot at a time.
 *
 * The sender stands at the rectangle's first corner.  It multicasts to the heads, the cores that are at that corner in all chain dims; every other
 * core has one predecessor, a step towards the corner in the last chain dim in which it is not there.  So with chains along x and y the first
 * column is passed down x, and every row then along y:
 *
 *     S > o > o      A core sends to its successors one after the other, earlier dims first: what lies behind the corner of the
 *     v              longest way is never kept waiting.
 *     o > o > o                                                                                                                   */
#include "sim/sim_private.h"

/* The core that `core` waits for; itself: it is the sender. */
static int predecessor(const sim *s, const sim_thread *th, const sim_instr *in, int core) {
  int64_t at[TOG_MESH_MAX];
  sim_core_coords(s->t, core, at);
  for (int d = s->t->n_mesh - 1; d >= 0; d--)
    if (in->node->group.chain[d] && at[d] != th->group.ul[d]) {
      at[d]--;
      return sim_core_at(s->t, at);
    }
  return sim_core_at(s->t, th->group.ul);
}

static bool is_successor(sim *s, const sim_thread *th, const sim_instr *in, int core) {
  return sim_in_rect(s->t, &th->group, core) && predecessor(s, th, in, core) == th->core;
}

/* The successor along chain dim d; -1: none. */
static int successor(sim *s, const sim_thread *th, const sim_instr *in, int d) {
  int64_t at[TOG_MESH_MAX];
  if (!in->node->group.chain[d])
    return -1;
  sim_core_coords(s->t, th->core, at);
  at[d]++;
  int core = sim_core_at(s->t, at);
  return core >= 0 && is_successor(s, th, in, core) ? core : -1;
}

int sim_chain_sender(sim *s, sim_thread *th, const sim_instr *in, int sender) {
  int64_t at[TOG_MESH_MAX];
  sim_core_coords(s->t, sender, at);
  for (int d = 0; d < s->t->n_mesh; d++)
    if (at[d] != th->group.ul[d]) {
      sim_fault_add(s, SIM_FAULT_MULTICAST, th->core, in->buffer, "the sender of %s is core %s; a chain starts at the first corner of its rectangle", sim_place(s, th, in),
                    sim_core_text(&s->ctx->mem, s->t, sender));
      return -1;
    }
  if (!sim_in_rect(s->t, &th->group, th->core)) {
    sim_fault_add(s, SIM_FAULT_MULTICAST, th->core, in->buffer, "%s: the rectangle of its chain does not hold this core", sim_place(s, th, in));
    return -1;
  }
  th->rect = th->group;
  th->n_receivers = 1;
  for (int d = 0; d < s->t->n_mesh; d++) {
    th->rect.lr[d] = in->node->group.chain[d] ? th->rect.ul[d] : th->rect.lr[d];
    th->n_receivers *= (int)(th->rect.lr[d] - th->rect.ul[d] + 1);
  }
  th->n_receivers--;
  return predecessor(s, th, in, th->core);
}

void sim_chain_try(sim *s, sim_thread *th, const sim_instr *in) {
  th->state = SIM_WAIT_RECEIVERS;
  if (!sim_waits_for(s, th->receiver, in, th->core))
    return;
  int64_t announced = sim_thread_at(s, th->receiver, TOG_READER)->announced_tick;
  th->state = SIM_SENDING;
  sim_schedule(s, th, sim_ceil_cycle(announced > s->tick ? announced : s->tick));
}

bool sim_chain_forward(sim *s, sim_thread *th, const sim_instr *in) {
  while (++th->forward < s->t->n_mesh) {
    th->receiver = successor(s, th, in, th->forward);
    if (th->receiver >= 0) {
      sim_chain_try(s, th, in);
      return false;
    }
  }
  if (*sim_waiting_at(s, in->load, th->core) > 0)
    sim_report_strays(s, th, in, is_successor);
  return true;
}

void sim_chain_send(sim *s, sim_thread *th, const sim_instr *in) {
  bool is_last;
  if (th->sent == 0)
    --*sim_waiting_at(s, in->load, th->core);
  int64_t left, start, bytes = sim_next_packet(s, th, &start, &is_last), there = sim_noc_to_core(s, th->core, th->receiver, bytes, start, &left);
  if (is_last)
    sim_group_arrive(s, th->receiver, there, th);
  sim_packet_left(s, th, left, is_last);
}
