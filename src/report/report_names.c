#include "report/report_names.h"
#include "base/text.h"

static const char *coords(arena *m, const int64_t *at, int n) {
  text t = text_new(m);
  for (int d = 0; d < n; d++)
    text_addf(&t, d ? ", %" PRId64 : "(%" PRId64, at[d]);
  text_add(&t, ")");
  return text_str(&t);
}

static void name_body(const tog_body *body, report_names *out) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    out->node[n->id] = n;
    out->node_name[n->id] = n->label ? n->label : n->kind == TOG_LOOP ? n->var : tog_kind_name(n->kind);
    name_body(&n->body, out);
  }
}

void report_name_all(arena *m, const tog *t, int n_cores, report_names *out) {
  *out = (report_names){.n_nodes = t->n_nodes, .n_cores = n_cores};
  out->node = ARENA_NEW_N(m, const tog_node *, t->n_nodes);
  out->node_name = ARENA_NEW_N(m, const char *, t->n_nodes);
  out->core = ARENA_NEW_N(m, const char *, n_cores);
  name_body(&t->body, out);
  for (int c = 0; c < n_cores; c++) {
    int64_t at[TOG_MESH_MAX];
    for (int d = t->n_mesh - 1, left = c; d >= 0; d--) {
      at[d] = left % t->mesh_size[d];
      left /= (int)t->mesh_size[d];
    }
    out->core[c] = coords(m, at, t->n_mesh);
  }
}

const char *report_machine_core(arena *m, const machine *chip, int64_t i) {
  int64_t at[MACHINE_MESH_DIMS_MAX];
  const int n = (int)chip->mesh.n;
  for (int d = n; d-- > 0;) {
    at[d] = i % chip->mesh.at[d].size;
    i /= chip->mesh.at[d].size;
  }
  return coords(m, at, n);
}

const char *report_phase_name(arena *m, const report_run *run, const report_names *names, const sim_slice *x) {
  const char *other = "?";
  if (x->other >= 0)
    switch (sim_slice_other(x->kind)) {
    case SIM_OTHER_BUFFER: other = run->t->buffers.at[x->other].name; break;
    case SIM_OTHER_CORE: other = names->core[x->other]; break;
    case SIM_OTHER_UNIT: other = run->report->units.at[x->other].name; break;
    case SIM_OTHER_NOTHING: break;
    }
  switch (x->kind) {
  case SIM_SLICE_WAIT_FREE: return arena_printf(m, "wait: a free slot of %s", other);
  case SIM_SLICE_WAIT_READY: return arena_printf(m, "wait: data in %s", other);
  case SIM_SLICE_WAIT_SENDER: return arena_printf(m, "wait: core %s to send", other);
  case SIM_SLICE_WAIT_RECEIVERS: return x->other < 0 ? "wait: the receivers' words" : arena_printf(m, "wait: core %s to reserve its slot", other);
  case SIM_SLICE_READ: return "read DRAM";
  case SIM_SLICE_RECEIVE: return arena_printf(m, "receive from core %s", other);
  case SIM_SLICE_COLLECT: return "wait: tiles of other cores";
  case SIM_SLICE_SEND: return "send";
  case SIM_SLICE_WRITE: return "write DRAM";
  case SIM_SLICE_COMPUTE: return other;
  default: return names->node_name[x->node];
  }
}
