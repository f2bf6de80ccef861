/* What must add up when a program is over: bytes, cycles of the arrays, waits, versions.  It always is checked; a difference is a defect of the simulator or of its input. */
#include "sim/npu/npu_flow.h"

static void check_bytes(npu *s) {
  int64_t cores = 0, channels = 0;
  for (int i = 0; i < s->n_cores; i++)
    cores += s->report->cores[i].read_bytes + s->report->cores[i].written_bytes;
  for (int i = 0; i < s->n_channels; i++)
    channels += (dram_channel_counts(s->channels[i])->reads + dram_channel_counts(s->channels[i])->writes) * s->dram.request_bytes;
  if (cores != channels)
    npu_fault_add(s, NPU_FAULT_AUDIT, -1, s->core_tick, NULL, "the cores moved %" PRId64 " bytes, the channels %" PRId64, cores, channels);
}

static void check_arrays(npu *s, int core) {
  npu_core_report *r = &s->report->cores[core];
  for (int a = 0; a < s->report->n_arrays; a++) {
    const flow_unit *u = &s->flow->cores[core].arrays[a];
    r->array_bubble[a] = u->bubble;
    r->array_idle[a] = u->idle + s->core_tick - u->end;
    if (r->array_busy[a] + r->array_bubble[a] + r->array_idle[a] != s->core_tick || r->array_idle[a] < 0 || r->array_bubble[a] < 0)
      npu_fault_add(s, NPU_FAULT_AUDIT, core, s->core_tick, NULL, "array %d is busy %" PRId64 ", in bubbles %" PRId64 " and idle %" PRId64 " of %" PRId64 " cycles", a, r->array_busy[a],
                    r->array_bubble[a], r->array_idle[a], s->core_tick);
  }
}

void flow_audit(npu *s) {
  int64_t versions = 0;
  if (s->report->n_faults)
    return;   /* what was stopped half way does not add up */
  check_bytes(s);
  for (int i = 0; i < s->n_cores; i++) {
    check_arrays(s, i);
    versions += s->flow->cores[i].n_versions;
    if (s->flow->cores[i].lane_bytes)
      npu_fault_add(s, NPU_FAULT_AUDIT, i, s->core_tick, NULL, "%" PRId64 " bytes a lane of the scratchpad are still taken", s->flow->cores[i].lane_bytes);
  }
  if (versions != s->flow->n_versions_over)
    npu_fault_add(s, NPU_FAULT_AUDIT, -1, s->core_tick, NULL, "%" PRId64 " versions of buffers were made, %" PRId64 " freed", versions, s->flow->n_versions_over);
  if (s->flow->n_waits != s->flow->n_matched)
    npu_fault_add(s, NPU_FAULT_AUDIT, -1, s->core_tick, NULL, "%" PRId64 " waits were made, %" PRId64 " matched", s->flow->n_waits, s->flow->n_matched);
}
