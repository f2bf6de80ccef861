/* Tensors in L1: page p of the row-major bytes lies in the L1 of node p mod nodes, of all nodes of the machine.  Their contents are kept as those of DRAM are, so that nothing has to be
 * dealt out; that nothing else lies where they do is checked before the first event, since every place is known then. */
#include "sim/sim_private.h"
#include <string.h>

bool sim_in_l1(const sim *s, const sim_instr *in) { return s->has_l1 && in->box && s->t->tensors.at[in->box->tensor].l1_page > 0; }

void sim_l1_build(sim *s) {
  int64_t nodes = s->noc.n_nodes, whole = s->m->l1_bytes + s->m->l1_reserved_bytes;
  for (size_t i = 0; i < s->t->tensors.n; i++) {
    const tog_tensor *x = &s->t->tensors.at[i];
    s->has_l1 = s->has_l1 || x->l1_page > 0;
    int64_t end = x->l1_offset + tog_tensor_l1_bytes(x, nodes);
    if (x->l1_page && end > whole)
      sim_fault_add(s, SIM_FAULT_L1_RANGE, -1, -1, "tensor '%s' is at bytes %" PRId64 "..%" PRId64 " of the L1, which has %" PRId64, x->name, x->l1_offset, end - 1, whole);
  }
  if (!s->has_l1)
    return;
  s->l1_sums = ARENA_NEW_N(&s->ctx->scratch, int64_t, nodes);
  const char *both = tog_l1_overlap(&s->ctx->mem, s->t, nodes);
  if (both)
    sim_fault_add(s, SIM_FAULT_L1_OVERLAP, -1, -1, "%s share bytes of the L1", both);
}

int64_t sim_l1_word_ticks(const sim *s, const sim_thread *th, const sim_part *p) {
  return s->noc.hop_ticks * sim_noc_node_hops(&s->noc, s->noc.node_of_core[th->core], p->channel);
}

typedef struct dealing { int64_t *sums, page, elem_bytes, nodes; } dealing;

static void deal_run(void *data, int64_t first, int64_t elems) {
  const dealing *d = data;
  int64_t at = first * d->elem_bytes, left = elems * d->elem_bytes;
  while (left > 0) {
    int64_t room = d->page - at % d->page, part = left < room ? left : room;
    d->sums[at / d->page % d->nodes] += part;
    at += part;
    left -= part;
  }
}

void sim_l1_split(sim *s, sim_thread *th, const sim_box *b) {
  const tog_tensor *x = &s->t->tensors.at[b->tensor];
  dealing d = {s->l1_sums, x->l1_page, (int64_t)dtype_bytes(x->type), s->noc.n_nodes};
  memset(d.sums, 0, (size_t)d.nodes * sizeof *d.sums);
  sim_box_runs(s, b, &th->region, deal_run, &d);
  th->n_parts = 0;
  for (int node = 0; node < d.nodes; node++)
    if (d.sums[node] > 0)
      th->parts[th->n_parts++] = (sim_part){.channel = node, .bytes = d.sums[node]};
  th->parts_left = th->n_parts;
}
