#include "compile_network.h"
#include "compile_exec.h"
#include "compile_npu.h"
#include "base/file.h"
#include "network/network_twins.h"
#include <string.h>

/* A kernel that was compiled: kept while kernels that equal it follow. */
typedef struct compiled { compile_options o; compile_state s; compile_npu npu; bool is_open; } compiled;

typedef struct network_run {
  loom_ctx *ctx; const compile_options *o; bool for_npu; const network *net; const run_options *r;
  network_twin *twins; compiled **kept;    /* by kernel */
  void **bytes;                            /* by tensor */
  interp_tensor *whole;                    /* by tensor: the interpreter's, with bounds; NULL: no check */
  compile_network *out;
} network_run;

enum { BUFFER_ALIGN = 64 };      /* bytes */

static bool is_npu(const network_run *n) { return n->for_npu && !(n->r && n->r->interp_only); }

/* One kernel, as `loom run` does with a kernel that was written as one. */
static loom_status compile_one(network_run *n, compiled *c) {
  c->is_open = true;
  if (!is_npu(n))
    return compile_kernel(n->ctx, &c->o, &c->s);
  LOOM_TRY(compile_npu_compile(n->ctx, &c->o, &c->s, &c->npu));
  return c->o.write_files ? compile_npu_write(&c->s, &c->npu, file_join(&n->ctx->mem, c->s.output_dir, "npu")) : LOOM_OK;
}

static loom_status execute(network_run *n, compiled *c, const run_options *r, compile_execution *e) {
  if (!is_npu(n))
    return r ? compile_execute(&c->s, r, e) : LOOM_OK;
  return r ? compile_npu_execute(&c->s, &c->npu, r, e) : compile_npu_time(&c->s, &c->npu, &(run_options){0}, e);
}

static void close_one(compiled *c) {
  if (!c || !c->is_open)
    return;
  compile_npu_close(&c->npu);
  compile_done(&c->s);
  c->is_open = false;
}

static compile_options options_of(network_run *n, const network_kernel *k) {
  arena *m = &n->ctx->mem;
  compile_options o = *n->o;
  o.graph = k->graph;
  o.keeps_arguments = true;
  o.dump_dir = o.dump_dir ? file_join(m, o.dump_dir, k->graph->name) : NULL;
  o.output_dir = o.output_dir ? file_join(m, o.output_dir, k->graph->name) : NULL;
  if (n->r && n->r->interp_only)
    o.stop_after = COMPILE_KERNEL;
  return o;
}

/* The kernel tensor's shape, which says 1 for a tensor without dims. */
static npy_array array_of(const network_tensor *t, void *bytes) {
  npy_array a = {.type = t->type, .rank = t->rank ? t->rank : 1, .shape = {1}, .elems = t->elems, .data = bytes};
  memcpy(a.shape, t->shape, (size_t)t->rank * sizeof *t->shape);
  return a;
}

static bool is_stored(const kernel_graph *g, const kernel_region *r, kernel_tensor t) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    if (op->kind == KERNEL_STORE && compile_root(g, op->tensor) == t)
      return true;
    for (int k = 0; k < op->n_regions; k++)
      if (is_stored(g, &op->regions[k], t))
        return true;
  }
  return false;
}

/* ---- contents ---- */

static interp_tensor interp_of(arena *m, const network_tensor *t, const void *bytes) {
  npy_array a = array_of(t, NULL);
  interp_tensor x = {.type = a.type, .rank = a.rank, .elems = a.elems, .value = ARENA_NEW_N(m, double, a.elems)};
  memcpy(x.shape, a.shape, sizeof x.shape);
  for (int64_t i = 0; bytes && i < x.elems; i++)
    x.value[i] = dtype_load(t->type, (const char *)bytes + (size_t)i * dtype_bytes(t->type));
  return x;
}

static void start_contents(network_run *n, void *const *args) {
  arena *m = &n->ctx->mem;
  char *block = arena_array(m, (size_t)n->out->buffers.peak_bytes + 1, 1);
  n->bytes = ARENA_NEW_N(m, void *, n->net->tensors.n);
  n->whole = n->r->check ? ARENA_NEW_N(m, interp_tensor, n->net->tensors.n) : NULL;
  for (size_t i = 0; i < n->net->tensors.n; i++) {
    const network_tensor *t = &n->net->tensors.at[i];
    int64_t offset = n->out->buffers.at[i].offset;
    n->bytes[i] = (int)i < n->net->n_args ? args[i] : t->role == NETWORK_CONSTANT ? t->bytes : offset >= 0 ? block + offset : NULL;
    if (n->whole)
      n->whole[i] = interp_of(m, t, n->bytes[i]);
  }
}

/* The kernel by the interpreter, on what the interpreter made of those before it. */
static loom_status interpret_whole(network_run *n, const network_kernel *k) {
  const kernel_graph *g = k->graph;
  interp_tensor *t = ARENA_NEW_N(&n->ctx->mem, interp_tensor, g->tensors.n);
  for (size_t i = 0; i < g->tensors.n; i++)
    if (g->tensors.at[i].role == KERNEL_ARG)
      t[i] = n->whole[k->tensor[i]];
  LOOM_TRY(interp_run(n->ctx, g, t, &(interp_options){.op_budget = -1}));
  for (size_t i = 0; i < g->tensors.n; i++)
    if (k->tensor[i] >= 0)
      n->whole[k->tensor[i]] = t[i];
  return LOOM_OK;
}

/* ---- one kernel ---- */

/* "t5[1, 2]" of the graph that ran, as this kernel's tensor. */
static const char *place_of(network_run *n, const network_kernel *k, const char *where) {
  const char *index = where ? strchr(where, '[') : NULL;
  for (size_t i = 0; index && i < k->graph->tensors.n; i++) {
    const char *name = k->graph->tensors.at[i].name;
    if (k->tensor[i] >= 0 && strlen(name) == (size_t)(index - where) && text_starts(where, name))
      return arena_printf(&n->ctx->mem, "%s%s", n->net->tensors.at[k->tensor[i]].name, index);
  }
  return where;
}

static loom_status bind_and_run(network_run *n, const network_kernel *k, compiled *c, compile_network_step *step) {
  arena *m = &n->ctx->mem;
  const kernel_graph *g = k->graph;
  run_options r = *n->r;
  run_binding *in = ARENA_NEW_N(m, run_binding, g->tensors.n), *to = ARENA_NEW_N(m, run_binding, g->tensors.n);
  npy_array *arrays = ARENA_NEW_N(m, npy_array, 2 * g->tensors.n);
  size_t n_in = 0, n_out = 0;
  for (size_t i = 0; i < g->tensors.n; i++) {
    if (k->tensor[i] < 0)
      continue;
    const kernel_tensor_info *t = &g->tensors.at[i];
    arrays[2 * i] = array_of(&n->net->tensors.at[k->tensor[i]], n->bytes[k->tensor[i]]);
    if (t->role == KERNEL_ARG)
      in[n_in++] = (run_binding){.name = t->name, .file = t->name, .array = &arrays[2 * i]};
    if (t->role == KERNEL_ALLOC || is_stored(g, &g->body, (kernel_tensor)i))
      to[n_out++] = (run_binding){.name = t->name, .file = t->name, .kept = &arrays[2 * i + 1]};
  }
  r.inputs = in;
  r.n_inputs = n_in;
  r.outputs = to;
  r.n_outputs = n_out;
  LOOM_TRY(execute(n, c, &r, &step->execution));
  step->execution.check.where = place_of(n, k, step->execution.check.where);
  for (size_t i = 0; i < g->tensors.n; i++)
    if (arrays[2 * i + 1].data)
      memcpy(n->bytes[k->tensor[i]], arrays[2 * i + 1].data, (size_t)arrays[2 * i + 1].elems * dtype_bytes(arrays[2 * i + 1].type));
  return LOOM_OK;
}

/* Files are written of each kernel: then each is compiled for them. */
static network_twin *twins_of(network_run *n) {
  arena *m = &n->ctx->mem;
  if (!n->o->dump_dir && !n->o->output_dir)
    return network_find_twins(m, n->net);
  network_twin *t = ARENA_NEW_N(m, network_twin, n->net->kernels.n + 1);
  for (int i = 0; i < (int)n->net->kernels.n; i++)
    t[i] = (network_twin){i, i, n->net->kernels.at[i]};
  return t;
}

static loom_status compile_first(network_run *n, int i) {
  n->kept[i] = ARENA_NEW(&n->ctx->mem, compiled);
  n->kept[i]->o = options_of(n, &n->net->kernels.at[i]);
  return compile_one(n, n->kept[i]);
}

static loom_status take_step(network_run *n, int i) {
  const network_kernel *k = &n->net->kernels.at[i];
  const network_twin t = n->twins[i];
  compile_network_step step = {.kernel = k, .same_as = t.first == i ? NULL : &n->net->kernels.at[t.first]};
  loom_status st = t.first == i ? compile_first(n, i) : LOOM_OK;
  compiled *c = n->kept[t.first];
  if (st == LOOM_OK)
    st = n->r ? bind_and_run(n, &t.as, c, &step) : execute(n, c, NULL, &step.execution);
  if (st == LOOM_OK) {
    step.summary = compile_summary(&c->s, step.execution.has_report || step.execution.check.done ? &step.execution : NULL);
    step.cycles = step.execution.has_report ? step.execution.report.cycles : c->s.plan ? c->s.plan->predicted_cycles : 0;
    n->out->cycles += step.cycles;
    n->out->has_cycles = n->out->has_cycles || step.execution.has_report;
    vec_push(&n->ctx->mem, &n->out->steps, step);
  } else {
    diag_note(n->ctx, k->span, "kernel %s is made of this", k->graph->name);
  }
  if (n->twins[t.first].last == i)
    close_one(c);
  if (st == LOOM_OK && n->r && n->whole)
    st = interpret_whole(n, k);
  return st;
}

static loom_status take_steps(network_run *n) {
  loom_status st = LOOM_OK;
  n->twins = twins_of(n);
  n->kept = ARENA_NEW_N(&n->ctx->mem, compiled *, n->net->kernels.n + 1);
  for (int i = 0; i < (int)n->net->kernels.n && st == LOOM_OK; i++)
    st = take_step(n, i);
  for (size_t i = 0; i < n->net->kernels.n; i++)      /* after an error */
    close_one(n->kept[i]);
  return st;
}

loom_status compile_network_kernels(loom_ctx *ctx, const compile_options *o, bool for_npu, const network *net, compile_network *out) {
  network_run n = {.ctx = ctx, .o = o, .for_npu = for_npu, .net = net, .out = out};
  *out = (compile_network){.runs_the_same = true};
  network_plan_buffers(&ctx->mem, net, BUFFER_ALIGN, &out->buffers);
  return take_steps(&n);
}

/* ---- all of them ---- */

bool compile_network_compare(loom_ctx *ctx, const network *net, const compile_network *n, void *const *results, run_check *c) {
  double worst = -1;
  *c = (run_check){.done = true, .ok = true};
  for (size_t i = 0; i < net->results.n; i++) {
    interp_comparison d = interp_compare(&n->want[i], results[i], false);
    double ratio = d.worst_bound > 0 ? d.worst_error / d.worst_bound : d.worst_error;
    c->ok = c->ok && d.ok;
    c->wrong += d.wrong;
    c->elems += d.elems;
    c->unbounded += d.unbounded;
    c->max_abs_error = d.max_abs_error > c->max_abs_error ? d.max_abs_error : c->max_abs_error;
    if (ratio <= worst)
      continue;
    worst = ratio;
    c->error = d.worst_error;
    c->bound = d.worst_bound;
    text at = text_new(&ctx->mem);
    for (int k = 0; k < n->want[i].rank; k++)
      text_addf(&at, k ? ", %" PRId64 : "%" PRId64, d.worst_at[k]);
    c->where = arena_printf(&ctx->mem, "result%zu[%s]", i, text_str(&at));
  }
  return c->ok;
}

loom_status compile_network_run(loom_ctx *ctx, const compile_options *o, bool for_npu, const network *net, const run_options *r, void *const *args, void **results, compile_network *out) {
  network_run n = {.ctx = ctx, .o = o, .for_npu = for_npu, .net = net, .r = r, .out = out};
  *out = (compile_network){.runs_the_same = true};
  network_plan_buffers(&ctx->mem, net, BUFFER_ALIGN, &out->buffers);
  start_contents(&n, args);
  LOOM_TRY(take_steps(&n));
  for (size_t i = 0; i < net->kernels.n; i++) {
    const compile_execution *e = &out->steps.at[i].execution;
    out->runs_the_same = out->runs_the_same && !e->report.n_faults && (!e->check.done || e->check.ok);
  }
  for (size_t i = 0; i < net->results.n; i++)
    results[i] = n.bytes[net->results.at[i].tensor];
  if (!n.whole)
    return LOOM_OK;
  out->want = ARENA_NEW_N(&ctx->mem, interp_tensor, net->results.n + 1);
  for (size_t i = 0; i < net->results.n; i++) {
    const network_result *t = &net->results.at[i];
    out->want[i] = n.whole[t->tensor];
    out->want[i].rank = t->rank;
    memcpy(out->want[i].shape, t->shape, sizeof t->shape);
  }
  out->runs_the_same = compile_network_compare(ctx, net, out, results, &out->whole) && out->runs_the_same;
  return LOOM_OK;
}

/* ---- texts ---- */

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

static data_value *buffers_data(arena *m, const network *net, const network_buffers *b) {
  data_value *v = data_object(m), *tensors = data_array(m);
  for (size_t i = 0; i < net->tensors.n; i++) {
    if (b->at[i].offset < 0)
      continue;
    data_value *one = data_object(m);
    data_set_string(m, one, "name", net->tensors.at[i].name);
    data_set_int(m, one, "bytes", b->at[i].bytes);
    data_set_int(m, one, "offset", b->at[i].offset);
    data_set_int(m, one, "first", b->at[i].first);
    data_set_int(m, one, "last", b->at[i].last);
    data_push(m, tensors, one);
  }
  data_set_int(m, v, "peak_bytes", b->peak_bytes);
  data_set_int(m, v, "lower_bound", b->lower_bound);
  data_set_int(m, v, "unshared_bytes", b->unshared_bytes);
  data_set_string(m, v, "proof", b->peak_bytes == b->lower_bound ? "optimal" : "best_found");
  data_set(m, v, "tensors", tensors);
  return v;
}

data_value *compile_network_summary(arena *m, const network *net, const compile_network *n, const char *machine_name) {
  data_value *v = data_object(m), *kernels = data_array(m);
  for (size_t i = 0; i < n->steps.n; i++) {
    const compile_network_step *s = &n->steps.at[i];
    data_value *one = data_object(m), *check = data_get(s->summary, "check");
    data_set_string(m, one, "name", s->kernel->graph->name);
    data_set_string(m, one, "op", s->kernel->op);
    data_set_int(m, one, "line", s->kernel->span.line);
    data_set_int(m, one, "cycles", s->cycles);
    if (s->same_as)
      data_set_string(m, one, "same_as", s->same_as->graph->name);
    if (check)
      data_set(m, one, "check", check);
    data_push(m, kernels, one);
  }
  data_set_string(m, v, "schema", "loom.summary.v1");
  data_set_string(m, v, "kernel", net->name);
  data_set_string(m, v, "machine", machine_name);
  data_set_int(m, v, n->has_cycles ? "simulated_cycles" : "predicted_cycles", n->cycles);
  data_set(m, v, "kernels", kernels);
  data_set(m, v, "memory", buffers_data(m, net, &n->buffers));
  if (n->whole.done) {
    data_value *c = data_object(m);
    data_set_bool(m, c, "ok", n->whole.ok);
    data_set_real(m, c, "max_abs_error", n->whole.max_abs_error);
    data_set_real(m, c, "bound", n->whole.bound);
    data_set_int(m, c, "wrong", n->whole.wrong);
    data_set_int(m, c, "elems", n->whole.elems);
    data_set_int(m, c, "unbounded", n->whole.unbounded);
    data_set_string(m, c, "worst", n->whole.where ? n->whole.where : "");
    data_set(m, v, "check", c);
  }
  return v;
}
