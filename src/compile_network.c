#include "base/clock.h"
#include "base/file.h"
#include "base/progress.h"
#include "compile_cache.h"
#include "compile_network_private.h"

bool network_is_npu(const network_run *n) { return n->for_npu && !(n->r && n->r->interp_only); }

loom_status network_compile_one(network_run *n, network_compiled *c) {
  const double before = clock_ms();
  c->is_open = true;
  if (network_is_npu(n)) {
    LOOM_TRY(compile_npu_compile(n->ctx, &c->o, &c->s, &c->npu));
    if (c->o.write_files)
      LOOM_TRY(compile_npu_write(&c->s, &c->npu, file_join(&n->ctx->mem, c->s.output_dir, "npu")));
  } else {
    LOOM_TRY(compile_kernel(n->ctx, &c->o, &c->s));
    if (c->s.is_native && c->o.stop_after == COMPILE_TOG && !n->r)      /* code is wanted, and nobody runs it */
      compile_cache_store(&c->s, NULL);
  }
  c->ms = clock_ms() - before;
  c->is_compiled = true;
  return LOOM_OK;
}

void network_close_one(network_compiled *c) {
  if (!c || !c->is_open)
    return;
  compile_npu_close(&c->npu);
  compile_done(&c->s);
  c->is_open = false;
}

compile_options network_options_of(network_run *n, const network_kernel *k) {
  arena *m = &n->ctx->mem;
  compile_options o = *n->o;
  o.graph = k->graph;
  o.loaded_machine = n->chip;
  o.keeps_arguments = true;
  o.dump_dir = o.dump_dir ? file_join(m, o.dump_dir, k->graph->name) : NULL;
  o.override_dir = o.override_dir ? file_join(m, o.override_dir, k->graph->name) : NULL;
  o.output_dir = o.output_dir ? file_join(m, o.output_dir, k->graph->name) : NULL;
  o.constants = o.output_dir ? 0 : network_constants(n->net, k);
  if (n->r && n->r->interp_only)
    o.stop_after = COMPILE_KERNEL;
  return o;
}

/* Files are written of each kernel, or read for it: then each is compiled for them. */
static network_twin *twins_of(network_run *n) {
  arena *m = &n->ctx->mem;
  if (!n->o->dump_dir && !n->o->output_dir && !n->o->override_dir)
    return network_find_twins(m, n->net);
  network_twin *t = ARENA_NEW_N(m, network_twin, n->net->kernels.n + 1);
  for (int i = 0; i < (int)n->net->kernels.n; i++)
    t[i] = (network_twin){i, i, n->net->kernels.at[i]};
  return t;
}

/* Which are compiled, and how. */
void network_list_compiles(network_run *n) {
  n->twins = twins_of(n);
  n->kept = ARENA_NEW_N(&n->ctx->mem, network_compiled *, n->net->kernels.n + 1);
  for (int i = 0; i < (int)n->net->kernels.n; i++) {
    if (n->twins[i].first != i)
      continue;
    n->kept[i] = ARENA_NEW(&n->ctx->mem, network_compiled);
    n->kept[i]->o = network_options_of(n, &n->net->kernels.at[i]);
    n->kept[i]->span = n->net->kernels.at[i].span;
  }
}

/* What a twin takes is known from the first of them, where no values are computed. */
static loom_status run_step(network_run *n, int i, compile_network_step *step) {
  const network_twin *t = &n->twins[i];
  network_compiled *c = n->kept[t->first];
  const bool has_values = n->r && !n->r->times_only;
  if (t->first != i && !has_values) {
    step->execution = c->execution;
    return LOOM_OK;
  }
  network_set_l1_places(n, &t->as, c);
  LOOM_TRY(network_run_step(n, &t->as, c, step));
  c->execution = step->execution;
  return LOOM_OK;
}

/* Of several chips every kernel is compiled for what lies where before and behind it. */
static loom_status take_split_step(network_run *n, int i) {
  const network_kernel *k = &n->net->kernels.at[i];
  compile_network_step step = {.kernel = k};
  LOOM_TRY(network_take_split_step(n, i, &step));
  n->out->cycles += step.cycles;
  n->out->has_cycles = n->out->has_cycles || step.execution.has_report;
  vec_push(&n->ctx->mem, &n->out->steps, step);
  return n->r && n->whole ? network_interpret_step(n, k) : LOOM_OK;
}

static loom_status take_step(network_run *n, int i) {
  const network_kernel *k = &n->net->kernels.at[i];
  const network_twin t = n->twins[i];
  network_compiled *c = n->kept[t.first];
  compile_network_step step = {.kernel = k, .same_as = t.first == i ? NULL : &n->net->kernels.at[t.first]};
  loom_status st = c->is_compiled ? LOOM_OK : network_compile_one(n, c);
  if (st == LOOM_OK)
    st = run_step(n, i, &step);
  if (st == LOOM_OK) {
    step.compile_ms = t.first == i ? c->ms : 0;
    n->out->n_tuned += t.first == i && c->s.is_tuned;
    n->out->n_recorded += t.first == i && c->s.is_recorded;
    step.summary = compile_summary(&c->s, step.execution.has_report || step.execution.check.done ? &step.execution : NULL);
    step.cycles = step.execution.has_report ? step.execution.report.cycles : c->s.plan ? c->s.plan->predicted_cycles : 0;
    n->out->cycles += step.cycles;
    n->out->has_cycles = n->out->has_cycles || step.execution.has_report;
    vec_push(&n->ctx->mem, &n->out->steps, step);
  } else {
    diag_note(n->ctx, k->span, "kernel %s is made of this", k->graph->name);
  }
  if (n->twins[t.first].last == i)
    network_close_one(c);
  if (st == LOOM_OK && n->r && n->whole)
    st = network_interpret_step(n, k);
  return st;
}

loom_status network_place_tensors(network_run *n) {
  LOOM_TRY(compile_load_machine(n->ctx, n->o, &n->chip));
  network_plan_buffers(&n->ctx->mem, n->net, NETWORK_BUFFER_ALIGN, !n->chip->host_cpu, NULL, &n->out->buffers);
  return LOOM_OK;
}

static void close_all(network_run *n) {
  for (size_t i = 0; i < n->net->kernels.n; i++)
    network_close_one(n->kept[i]);
}

loom_status network_compile_all(network_run *n) {
  network_list_compiles(n);
  if (n->chip->chips.n && !(n->r && n->r->interp_only))
    return network_split_kernels(n);
  loom_status st = network_compile_ahead(n);
  if (st == LOOM_OK)
    st = network_keep_in_l1(n);
  if (st != LOOM_OK)
    close_all(n);
  return st;
}

loom_status network_take_steps(network_run *n) {
  loom_status st = LOOM_OK;
  for (int i = 0; i < (int)n->net->kernels.n && st == LOOM_OK; i++) {
    progress_tell("kernels", i, (int64_t)n->net->kernels.n);
    st = n->split ? take_split_step(n, i) : take_step(n, i);
  }
  progress_over("kernels");
  close_all(n);                            /* after an error */
  return st;
}

loom_status compile_network_kernels(loom_ctx *ctx, const compile_options *o, bool for_npu, const network *net, compile_network *out) {
  network_run n = {.ctx = ctx, .o = o, .for_npu = for_npu, .net = net, .out = out};
  *out = (compile_network){.runs_the_same = true};
  LOOM_TRY(network_place_tensors(&n));
  LOOM_TRY(network_compile_all(&n));
  return network_take_steps(&n);
}
