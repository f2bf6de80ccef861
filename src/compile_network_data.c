#include "compile_network.h"
#include <inttypes.h>

static data_value *shape_data(arena *m, int rank, const int64_t *shape) {
  data_value *v = data_array(m);
  for (int d = 0; d < rank; d++)
    data_push(m, v, data_int(m, shape[d]));
  return v;
}

data_value *compile_network_graphs(arena *m, const network *net) {
  static const char *const roles[] = {"argument", "constant", "temporary"};
  data_value *v = data_object(m), *tensors = data_array(m), *kernels = data_array(m), *results = data_array(m);
  for (size_t i = 0; i < net->tensors.n; i++) {
    const network_tensor *t = &net->tensors.at[i];
    data_value *one = data_object(m);
    data_set_string(m, one, "name", t->name);
    data_set_string(m, one, "role", roles[t->role]);
    data_set_string(m, one, "type", dtype_mlir(t->type));
    data_set(m, one, "shape", shape_data(m, t->rank, t->shape));
    data_push(m, tensors, one);
  }
  for (size_t i = 0; i < net->kernels.n; i++) {
    data_value *one = data_object(m);
    data_set_string(m, one, "op", net->kernels.at[i].op);
    data_set_int(m, one, "line", net->kernels.at[i].span.line);
    data_set(m, one, "graph", kernel_to_data(m, net->kernels.at[i].graph));
    data_push(m, kernels, one);
  }
  for (size_t i = 0; i < net->results.n; i++) {
    data_value *one = data_object(m);
    data_set_string(m, one, "tensor", net->tensors.at[net->results.at[i].tensor].name);
    data_set(m, one, "shape", shape_data(m, net->results.at[i].rank, net->results.at[i].shape));
    data_push(m, results, one);
  }
  data_set_string(m, v, "schema", "loom.network.v1");
  data_set_string(m, v, "name", net->name);
  data_set(m, v, "tensors", tensors);
  data_set(m, v, "kernels", kernels);
  data_set(m, v, "results", results);
  return v;
}

/* Where the tensor lies, and why; nothing on machines that keep none in L1. */
static void add_space(arena *m, data_value *v, const network_l1_tensor *x) {
  data_set_string(m, v, "space", x->is_in ? "l1" : "dram");
  if (x->is_in) {
    data_set_int(m, v, "l1_bytes", x->bytes);
    data_set_int(m, v, "l1_offset", x->offset);
    data_set_int(m, v, "page", x->page);
  }
  if (x->why)
    data_set_string(m, v, "why", x->why);
}

static data_value *l1_data(arena *m, const compile_network *n) {
  data_value *v = data_object(m);
  data_set_int(m, v, "tensors", n->l1.n_in);
  data_set_int(m, v, "bytes", n->l1.all_bytes);
  data_set_int(m, v, "moved_bytes", n->l1.moved);
  data_set_int(m, v, "peak_bytes", n->l1.peak);
  data_set_int(m, v, "predicted_cycles", n->predicted);
  data_set_int(m, v, "predicted_cycles_in_dram", n->predicted_in_dram);
  return v;
}

data_value *compile_network_memory(arena *m, const network *net, const compile_network *n) {
  data_value *v = data_object(m), *tensors = data_array(m);
  const network_buffers *b = &n->buffers;
  for (size_t i = 0; i < net->tensors.n; i++) {
    const network_l1_tensor *x = n->l1.at ? &n->l1.at[i] : NULL;
    if (b->at[i].offset < 0 && !(x && x->is_in))
      continue;
    data_value *one = data_object(m);
    data_set_string(m, one, "name", net->tensors.at[i].name);
    data_set_int(m, one, "bytes", b->at[i].bytes);
    if (b->at[i].offset >= 0)
      data_set_int(m, one, "offset", b->at[i].offset);
    data_set_int(m, one, "first", b->at[i].first);
    data_set_int(m, one, "last", b->at[i].last);
    if (b->at[i].of >= 0)
      data_set_string(m, one, "in_place_of", net->tensors.at[b->at[i].of].name);
    if (x)
      add_space(m, one, x);
    data_push(m, tensors, one);
  }
  data_set_int(m, v, "peak_bytes", b->peak_bytes);
  data_set_int(m, v, "lower_bound", b->lower_bound);
  data_set_int(m, v, "unshared_bytes", b->unshared_bytes);
  data_set_string(m, v, "proof", b->peak_bytes == b->lower_bound ? "optimal" : "best_found");
  if (n->l1.at)
    data_set(m, v, "l1", l1_data(m, n));
  data_set(m, v, "tensors", tensors);
  return v;
}

static data_value *step_data(arena *m, const compile_network *n, const compile_network_step *s) {
  data_value *one = data_object(m), *check = data_get(s->summary, "check");
  data_set_string(m, one, "name", s->kernel->graph->name);
  data_set_string(m, one, "op", s->kernel->op);
  data_set_int(m, one, "line", s->kernel->span.line);
  if (n->host)
    data_set_real(m, one, "ms", s->ms);
  else
    data_set_int(m, one, "cycles", s->cycles);
  if (s->same_as)
    data_set_string(m, one, "same_as", s->same_as->graph->name);
  if (check)
    data_set(m, one, "check", check);
  if (s->split)
    data_set(m, one, "chips", data_get(s->summary, "chips"));
  return one;
}

/* Of all of it. */
static data_value *check_data(arena *m, const compile_network *n) {
  data_value *c = data_object(m);
  data_set_bool(m, c, "ok", n->whole.ok);
  data_set_real(m, c, "max_abs_error", n->whole.max_abs_error);
  data_set_real(m, c, "bound", n->whole.bound);
  data_set_int(m, c, "wrong", n->whole.wrong);
  data_set_int(m, c, "elems", n->whole.elems);
  data_set_int(m, c, "unbounded", n->whole.unbounded);
  data_set_string(m, c, "worst", n->whole.where ? n->whole.where : "");
  if (n->sampled.done) {
    data_value *sampled = data_object(m);
    data_set_bool(m, sampled, "ok", n->sampled.ok);
    data_set_int(m, sampled, "wrong", n->sampled.wrong);
    data_set_real(m, sampled, "error", n->sampled.error);
    data_set_real(m, sampled, "tolerance", n->sampled.tolerance);
    data_set_string(m, sampled, "worst", n->sampled.where ? n->sampled.where : "");
    data_set(m, c, "sampled", sampled);
  }
  return c;
}

data_value *compile_network_summary(arena *m, const network *net, const compile_network *n, const char *machine_name) {
  data_value *v = data_object(m), *kernels = data_array(m);
  for (size_t i = 0; i < n->steps.n; i++)
    data_push(m, kernels, step_data(m, n, &n->steps.at[i]));
  data_set_string(m, v, "schema", "loom.summary.v1");
  data_set_string(m, v, "kernel", net->name);
  data_set_string(m, v, "machine", machine_name);
  if (n->host) {
    data_set_real(m, v, "run_ms", compile_network_ms(n));
    data_set_int(m, v, "threads", n->threads);
    data_set_int(m, v, "workspace_bytes", compile_network_workspace(n));
    data_set_int(m, v, "packed_bytes", compile_network_kept(n));
  } else {
    data_set_int(m, v, n->has_cycles ? "simulated_cycles" : "predicted_cycles", n->cycles);
  }
  data_set(m, v, "kernels", kernels);
  if (compile_network_providers(m, n))
    data_set(m, v, "providers", compile_network_providers(m, n));
  data_set(m, v, "memory", compile_network_memory(m, net, n));
  if (n->whole.done)
    data_set(m, v, "check", check_data(m, n));
  return v;
}

data_value *compile_network_sim(arena *m, const network *net, const compile_network *n) {
  static const char *const sums[] = {"dram_bytes_read", "dram_bytes_written", "noc_bytes"};
  int64_t total[sizeof sums / sizeof *sums] = {0};
  data_value *v = data_object(m), *kernels = data_array(m), *faults = data_array(m);
  for (size_t i = 0; i < n->steps.n; i++) {
    const compile_network_step *s = &n->steps.at[i];
    const sim_report *r = &s->execution.report;
    const int64_t bytes[] = {r->dram_bytes_read, r->dram_bytes_written, r->noc_bytes};
    data_value *one = data_object(m);
    data_set_string(m, one, "name", s->kernel->graph->name);
    data_set_string(m, one, "op", s->kernel->op);
    data_set_int(m, one, "cycles", s->cycles);
    if (s->same_as)
      data_set_string(m, one, "same_as", s->same_as->graph->name);
    for (size_t k = 0; k < sizeof sums / sizeof *sums; k++) {
      data_set_int(m, one, sums[k], bytes[k]);
      total[k] += bytes[k];
    }
    data_push(m, kernels, one);
    for (size_t f = 0; f < r->faults.n; f++) {
      data_value *fault = data_object(m);
      data_set_string(m, fault, "kernel", s->kernel->graph->name);
      data_set_string(m, fault, "text", r->faults.at[f].text);
      data_push(m, faults, fault);
    }
  }
  data_set_string(m, v, "schema", "loom.sim.v1");
  data_set_string(m, v, "program", net->name);
  data_set_int(m, v, "cycles", n->cycles);
  for (size_t k = 0; k < sizeof sums / sizeof *sums; k++)
    data_set_int(m, v, sums[k], total[k]);
  data_set(m, v, "kernels", kernels);
  data_set(m, v, "faults", faults);
  return v;
}
