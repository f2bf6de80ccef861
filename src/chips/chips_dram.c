/* What lies in the DRAM of a chip. */
#include "chips/chips_private.h"

/* Packets are added when the chip's own sums are there; until then they lie beside them. */
static int64_t packets_of(const chips_program *p, int t, int64_t chip) {
  int64_t bytes = 0;
  for (size_t i = 0; i < p->transfers.n; i++) {
    const chips_transfer *x = &p->transfers.at[i];
    if (x->adds && x->to == chip && p->stages.at[x->stage].tensor == t)
      bytes += x->elems * chips_type_bytes(p, &p->stages.at[x->stage]);
  }
  return bytes;
}

size_t chips_dram_uses(arena *mem, const chips_kernel *k, const machine *m, const chips_split *s, const chips_program *p, int64_t chip, machine_dram_use **out) {
  machine_dram_use *uses = ARENA_NEW_N(mem, machine_dram_use, 3 * k->tensors.n + 1);
  size_t n = 0;
  for (size_t t = 0; t < k->tensors.n; t++) {
    const chips_tensor *x = &k->tensors.at[t];
    const int64_t room = chips_room(k, m, s, (int)t, chip), packets = packets_of(p, (int)t, chip);
    if (room)
      uses[n++] = (machine_dram_use){x->name, room * (int64_t)dtype_bytes(x->type)};
    if (room && x->is_output && chips_splits_sum(k, s))
      uses[n++] = (machine_dram_use){arena_printf(mem, "partial sums of %s", x->name), room * (int64_t)dtype_bytes(x->partial_type)};
    if (packets)
      uses[n++] = (machine_dram_use){arena_printf(mem, "packets of %s", x->name), packets};
  }
  *out = uses;
  return n;
}
