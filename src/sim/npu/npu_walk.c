/* The loops of a work item, walked as far as the window has room: nothing of a loop is kept but where it is. */
#include "sim/npu/npu_flow.h"

loom_status flow_walk_open(npu *s, flow_core *c, flow_job *job, int64_t item) {
  const npu_nest *nest = npu_nest_point(job->g, &job->nests, item, c->loop_values);
  c->frames[0] = (flow_frame){.body = nest->body, .n = nest->n_body, .loop = NPU_NONE};
  c->depth = 1;
  c->is_walking = true;
  c->item = 0;
  while (c->items[c->item].is_taken)
    c->item++;
  c->items[c->item] = (flow_item){.number = item, .is_taken = true};
  c->n_items++;
  npu_tags_clear(&c->tags);
  c->setters.n = c->touches.n = 0;
  s->report->items++;
  return LOOM_OK;
}

/* One step: a node, a loop entered, a round or a loop at its end.  *out_node: NPU_NONE where it was no node. */
static loom_status step(npu *s, flow_core *c, int *out_node) {
  flow_frame *f = &c->frames[c->depth - 1];
  *out_node = NPU_NONE;
  s->spent++;
  if (f->at == f->n) {
    if (f->loop != NPU_NONE && (c->loop_values[f->loop] += c->job->g->nodes.at[f->loop].stride) < f->end)
      f->at = 0;
    else
      c->depth--;
    return LOOM_OK;
  }
  int node = f->body[f->at++];
  const tile_node *n = &c->job->g->nodes.at[node];
  if (n->kind != TILE_LOOP) {
    *out_node = node;
    return LOOM_OK;
  }
  int64_t end;
  if (!npu_loop_end(n, c->loop_values, c->job->in->symbols, &end) || end > TILE_GRAPH_VALUE_MAX)
    LOOM_FAIL(s->ctx, diag_file_span(s->ctx, c->job->g->path), LOOM_ELIMIT, "loop '%s' ends beyond 2^40", n->variable);
  c->loop_values[node] = n->start;
  if (n->start < end && n->body.n)
    c->frames[c->depth++] = (flow_frame){.body = n->body.at, .n = n->body.n, .loop = node, .end = end};
  return LOOM_OK;
}

loom_status flow_walk(npu *s, flow_core *c) {
  int node;
  for (int64_t steps = 0; c->is_walking && c->tail - c->head < s->m->npu->window; steps++) {
    enum { STEPS_MAX = 1 << 22 };   /* in a cycle: loops of nothing may be long */
    if (steps == STEPS_MAX)
      LOOM_FAIL(s->ctx, diag_file_span(s->ctx, c->job->g->path), LOOM_ELIMIT, "work item %" PRId64 " walks %d loops and loads that are there already without another instruction",
                c->items[c->item].number, STEPS_MAX);
    if (!c->depth) {
      flow_end_item(s, c);
      return LOOM_OK;
    }
    LOOM_TRY(step(s, c, &node));
    if (node != NPU_NONE) {
      int64_t before = c->tail;
      LOOM_TRY(flow_expand(s, c, node));
      steps = c->tail > before ? 0 : steps;
    }
  }
  return LOOM_OK;
}
