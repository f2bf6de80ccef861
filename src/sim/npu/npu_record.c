#include "sim/npu/npu_private.h"

static bool take_room(npu *s, int64_t now) {
  npu_record *r = s->o->record;
  if (r->cut < 0 && (int64_t)(r->slices.n + r->flights.n) >= r->limit)
    r->cut = now;
  return r->cut < 0;
}

void npu_record_slice(npu *s, int core, int track, int node, int64_t item, int64_t begin, int64_t end) {
  if (end > begin && take_room(s, begin))
    vec_push(&s->ctx->mem, &s->o->record->slices, ((npu_slice){core, track, node, item, begin, end}));
}

void npu_record_flight(npu *s, const npu_transfer *t, int64_t end) {
  if (end > t->begin && take_room(s, t->begin))
    vec_push(&s->ctx->mem, &s->o->record->flights,
             ((npu_flight){t->core, t->node, t->is_write, t->item, t->begin, end, t->requests * s->dram.request_bytes}));
}
