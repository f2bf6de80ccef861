#include "compile_network_private.h"
#include <string.h>

/* How long it takes, without values. */
static loom_status time_step(network_run *n, network_compiled *c, compile_execution *e) {
  if (network_is_npu(n))
    return compile_npu_time(&c->s, &c->npu, n->r, e);
  e->has_report = true;
  return sim_run(n->ctx, c->s.tog, c->s.machine, &(sim_options){.verify = !n->r->no_verify, .dram = n->r->dram}, &e->report);
}

static loom_status execute(network_run *n, network_compiled *c, const run_options *r, compile_execution *e) {
  c->s.runs_again = true;
  if (!network_is_npu(n))
    return r ? compile_execute(&c->s, r, e) : LOOM_OK;
  return r ? compile_npu_execute(&c->s, &c->npu, r, e) : compile_npu_time(&c->s, &c->npu, &(run_options){0}, e);
}

/* ---- contents ---- */

/* The kernel tensor's shape, which says 1 for a tensor without dims. */
static npy_array array_of(const network_tensor *t, void *bytes) {
  npy_array a = {.type = t->type, .rank = t->rank ? t->rank : 1, .shape = {1}, .elems = t->elems, .data = bytes};
  memcpy(a.shape, t->shape, (size_t)t->rank * sizeof *t->shape);
  return a;
}

static interp_tensor interp_of(arena *m, const network_tensor *t, const void *bytes) {
  npy_array a = array_of(t, NULL);
  interp_tensor x = {.type = a.type, .rank = a.rank, .elems = a.elems, .value = ARENA_NEW_N(m, double, a.elems)};
  memcpy(x.shape, a.shape, sizeof x.shape);
  for (int64_t i = 0; bytes && i < x.elems; i++)
    x.value[i] = dtype_load(t->type, (const char *)bytes + (size_t)i * dtype_bytes(t->type));
  return x;
}

/* The top of all L1s as one piece: tensors that have a place in common there have one here, so that what is given up too early is lost.  NULL: nothing stays in L1. */
static char *l1_contents(network_run *n) {
  const network_l1 *l = &n->out->l1;
  return l->at && l->n_in ? arena_array(&n->ctx->mem, (size_t)(l->peak * l->chip.cores) + 1, 1) : NULL;
}

void network_start_contents(network_run *n, void *const *args) {
  arena *m = &n->ctx->mem;
  char *block = arena_array(m, (size_t)n->out->buffers.peak_bytes + NETWORK_BUFFER_ALIGN, 1);
  block += -(uintptr_t)block % NETWORK_BUFFER_ALIGN;
  char *on_chip = l1_contents(n);
  n->bytes = ARENA_NEW_N(m, void *, n->net->tensors.n);
  n->whole = n->r->check ? ARENA_NEW_N(m, interp_tensor, n->net->tensors.n) : NULL;
  for (size_t i = 0; i < n->net->tensors.n; i++) {
    const network_tensor *t = &n->net->tensors.at[i];
    int64_t offset = n->out->buffers.at[i].offset;
    n->bytes[i] = (int)i < n->net->n_args ? args[i] : t->role == NETWORK_CONSTANT ? t->bytes : offset >= 0 ? block + offset : NULL;
    if (on_chip && n->out->l1.at[i].is_in)
      n->bytes[i] = on_chip + (n->out->l1.at[i].offset - n->out->l1.base) * n->out->l1.chip.cores;
    if (n->whole)
      n->whole[i] = t->computed ? *t->computed : interp_of(m, t, n->bytes[i]);
  }
  if (n->whole)
    network_start_spread(n);
}

loom_status network_interpret_step(network_run *n, const network_kernel *k) {
  const kernel_graph *g = k->graph;
  interp_tensor *t = ARENA_NEW_N(&n->ctx->mem, interp_tensor, g->tensors.n);
  for (size_t i = 0; i < g->tensors.n; i++)
    if (g->tensors.at[i].role == KERNEL_ARG)
      t[i] = n->whole[k->tensor[i]];
  LOOM_TRY(interp_run(n->ctx, g, t, &(interp_options){.takes_unsure_indices = true, .op_budget = -1}));
  for (size_t i = 0; i < g->tensors.n; i++)
    if (k->tensor[i] >= 0)
      n->whole[k->tensor[i]] = t[i];
  return network_spread_step(n, k);
}

/* ---- one kernel ---- */

const char *network_place_of(network_run *n, const network_kernel *k, const char *where) {
  const char *index = where ? strchr(where, '[') : NULL;
  for (size_t i = 0; index && i < k->graph->tensors.n; i++) {
    const char *name = k->graph->tensors.at[i].name;
    if (k->tensor[i] >= 0 && strlen(name) == (size_t)(index - where) && text_starts(where, name))
      return arena_printf(&n->ctx->mem, "%s%s", n->net->tensors.at[k->tensor[i]].name, index);
  }
  return where;
}

static size_t bytes_of(const npy_array *a) { return (size_t)a->elems * dtype_bytes(a->type); }

void network_bind_step(network_run *n, const network_kernel *k, run_options *r, npy_array *kept) {
  arena *m = &n->ctx->mem;
  const kernel_graph *g = k->graph;
  run_binding *in = ARENA_NEW_N(m, run_binding, g->tensors.n), *to = ARENA_NEW_N(m, run_binding, g->tensors.n);
  npy_array *given = ARENA_NEW_N(m, npy_array, g->tensors.n);
  r->n_inputs = r->n_outputs = 0;
  r->inputs = in;
  r->outputs = to;
  for (size_t i = 0; i < g->tensors.n; i++) {
    if (k->tensor[i] < 0)
      continue;
    const kernel_tensor_info *t = &g->tensors.at[i];
    given[i] = array_of(&n->net->tensors.at[k->tensor[i]], n->bytes[k->tensor[i]]);
    if (t->role == KERNEL_ARG)
      in[r->n_inputs++] = (run_binding){.name = t->name, .file = t->name, .array = &given[i]};
    if (t->role == KERNEL_ALLOC || kernel_is_stored(g, (kernel_tensor)i))
      to[r->n_outputs++] = (run_binding){.name = t->name, .file = t->name, .kept = &kept[i]};
  }
}

loom_status network_run_on_copies(network_run *n, const network_kernel *k, network_compiled *c, compile_execution *e, npy_array *kept) {
  run_options r = *n->r;
  if (c->s.is_native)
    LOOM_TRY(network_check_places(n, k));
  network_bind_step(n, k, &r, kept);
  LOOM_TRY(execute(n, c, &r, e));
  e->check.where = network_place_of(n, k, e->check.where);
  return LOOM_OK;
}

void network_take_results(network_run *n, const network_kernel *k, const npy_array *kept) {
  for (size_t i = 0; i < k->graph->tensors.n; i++)
    if (kept[i].data)
      memcpy(n->bytes[k->tensor[i]], kept[i].data, bytes_of(&kept[i]));
}

static bool stores_to_arguments(const kernel_graph *g) {
  for (size_t i = 0; i < g->tensors.n; i++)
    if (g->tensors.at[i].role == KERNEL_ARG && kernel_is_stored(g, (kernel_tensor)i))
      return true;
  return false;
}

/* This CPU works in the network's own memory; what is checked are copies, which must come to the same bits, with
 * constants that the call before has packed, too. */
static loom_status run_on_host(network_run *n, const network_kernel *k, network_compiled *c, compile_network_step *step) {
  npy_array *kept = ARENA_NEW_N(&n->ctx->mem, npy_array, k->graph->tensors.n);
  if (n->r->check)
    LOOM_TRY(network_run_on_copies(n, k, c, &step->execution, kept));
  LOOM_TRY(network_call_host(n, k, c, step));
  if (n->r->check && !stores_to_arguments(k->graph))
    network_call_again(n);
  for (size_t i = 0; i < k->graph->tensors.n; i++)
    if (kept[i].data && memcmp(n->bytes[k->tensor[i]], kept[i].data, bytes_of(&kept[i])) != 0)
      LOOM_FAIL(n->ctx, k->span, LOOM_EBUG, "kernel %s gives other bits in the memory of the network than on its own: tensor %s", k->graph->name, n->net->tensors.at[k->tensor[i]].name);
  return LOOM_OK;
}

loom_status network_run_step(network_run *n, const network_kernel *k, network_compiled *c, compile_network_step *step) {
  if (!n->r)
    return execute(n, c, NULL, &step->execution);
  if (n->r->times_only)
    return time_step(n, c, &step->execution);
  if (c->s.is_native && !n->r->interp_only)
    return run_on_host(n, k, c, step);
  npy_array *kept = ARENA_NEW_N(&n->ctx->mem, npy_array, k->graph->tensors.n);
  LOOM_TRY(network_run_on_copies(n, k, c, &step->execution, kept));
  network_take_results(n, k, kept);
  return LOOM_OK;
}

/* ---- all of them ---- */

bool compile_network_compare(loom_ctx *ctx, const network *net, const compile_network *n, void *const *results, run_check *c, network_sampled *sampled) {
  double worst = -1;
  *c = (run_check){.done = true, .ok = true};
  for (size_t i = 0; i < net->results.n; i++) {
    interp_comparison d = interp_compare(&n->want[i], results[i], false);
    c->ok = c->ok && d.ok;
    c->wrong += d.wrong;
    c->elems += d.elems;
    c->unbounded += d.unbounded;
    c->max_abs_error = d.max_abs_error > c->max_abs_error ? d.max_abs_error : c->max_abs_error;
    if (d.worst_ratio <= worst)
      continue;
    worst = d.worst_ratio;
    c->error = d.worst_error;
    c->bound = d.worst_bound;
    text at = text_new(&ctx->mem);
    for (int k = 0; k < n->want[i].rank; k++)
      text_addf(&at, k ? ", %" PRId64 : "%" PRId64, d.worst_at[k]);
    c->where = arena_printf(&ctx->mem, "result%zu[%s]", i, text_str(&at));
  }
  compile_network_sample(ctx, net, n, results, sampled);
  return c->ok && sampled->ok;
}

loom_status compile_network_run(loom_ctx *ctx, const compile_options *o, bool for_npu, const network *net, const run_options *r, void *const *args, void **results, compile_network *out) {
  network_run n = {.ctx = ctx, .o = o, .for_npu = for_npu, .net = net, .r = r, .out = out};
  *out = (compile_network){.runs_the_same = true};
  LOOM_TRY(network_place_tensors(&n));
  LOOM_TRY(network_compile_all(&n));
  if (!r->times_only)
    network_start_contents(&n, args);
  LOOM_TRY(network_take_steps(&n));
  for (size_t i = 0; i < net->kernels.n; i++) {
    const compile_execution *e = &out->steps.at[i].execution;
    out->runs_the_same = out->runs_the_same && !e->report.n_faults && (!e->check.done || e->check.ok);
  }
  for (size_t i = 0; i < net->results.n && !r->times_only; i++)
    results[i] = n.bytes[net->results.at[i].tensor];
  if (!n.whole)
    return LOOM_OK;
  out->want = ARENA_NEW_N(&ctx->mem, interp_tensor, net->results.n + 1);
  out->tolerance = ARENA_NEW_N(&ctx->mem, double *, net->results.n + 1);
  for (size_t i = 0; i < net->results.n; i++) {
    const network_result *t = &net->results.at[i];
    out->want[i] = n.whole[t->tensor];
    out->want[i].rank = t->rank;
    memcpy(out->want[i].shape, t->shape, sizeof t->shape);
    out->tolerance[i] = network_tolerance(&n, t->tensor);
  }
  out->runs_the_same = compile_network_compare(ctx, net, out, results, &out->whole, &out->sampled) && out->runs_the_same;
  return LOOM_OK;
}
