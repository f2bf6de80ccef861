/* Values come with the executor of machine code (sim/rvv); until it is here they are refused. */
#include "sim/npu/npu_flow.h"

loom_status flow_values_open(npu *s, flow_job *j) {
  LOOM_FAIL(s->ctx, diag_file_span(s->ctx, j->g->path), LOOM_EUNSUP, "tile graph '%s' can be run for its time only", j->g->name);
}
void flow_values_run(npu *s, flow_core *c, int64_t number, int64_t cycle) { (void)s, (void)c, (void)number, (void)cycle; }
uint32_t *flow_values_take(npu *s, flow_core *c, int buffer) { return (void)s, (void)c, (void)buffer, NULL; }
void flow_values_give(npu *s, flow_core *c, int buffer, uint32_t *words) { (void)s, (void)c, (void)buffer, (void)words; }
rvv_array *flow_values_array(npu *s, flow_core *c, rvv_array *old) { return (void)s, (void)c, old; }
