/* --bisect-numerics of a network.
 *
 *   kernel after kernel ──► runs on what ran before it ──► against the interpreter on the same: beyond its bound? ──► its stages, on these inputs (compile_bisect)
 *                                                      └──► against the interpreter from the start: beyond the bound that all kernels so far may have? */
#include "base/file.h"
#include "compile_network_bisect.h"
#include "compile_network_private.h"

static bool is_replaced(const compile_state *s) {
  for (int i = 0; i < COMPILE_STAGES; i++)
    if (s->is_replaced[i])
      return true;
  return false;
}

/* A compile of its own: the stages of the host are judged as plain loops, as with single kernels.  With tensors in L1 it is that of the first of its twins. */
static loom_status judge_stages(network_run *n, int i, network_bisection *out) {
  compile_state s = {0};
  const network_twin *t = &n->twins[i];
  const bool has_l1 = n->kept[t->first]->o.n_l1 || n->kept[t->first]->o.l1_reserved_bytes;
  const network_kernel *k = has_l1 ? &t->as : &n->net->kernels.at[i];
  compile_options o = has_l1 ? n->kept[t->first]->o : network_options_of(n, k);
  run_options r = *n->r;
  o.plain_loops = true;
  o.write_files = false;
  o.cache = NULL;
  network_bind_step(n, k, &r, ARENA_NEW_N(&n->ctx->mem, npy_array, k->graph->tensors.n));
  r.n_outputs = 0;
  const diag_mark mark = diag_save(n->ctx);
  loom_status st = compile_kernel(n->ctx, &o, &s);
  if (st == LOOM_OK || (s.kernel && !mlirModuleIsNull(s.stage0))) {
    LOOM_TRY(compile_bisect(&s, &r, &out->stages));
    if (out->stages.found) {
      diag_drop(n->ctx, mark);      /* what the compile said of a form that goes wrong */
      st = LOOM_OK;
    }
  }
  compile_done(&s);
  return st;
}

/* Results of the kernel against what the interpreter carried here: within its carried bounds, and within what rounding explains (compile_network_spread.c). */
static bool is_carried_beyond(network_run *n, const network_kernel *k, const char **where) {
  for (size_t i = 0; i < k->graph->tensors.n; i++) {
    if (k->tensor[i] < 0 || k->graph->tensors.at[i].role != KERNEL_ALLOC)
      continue;
    interp_tensor want = n->whole[k->tensor[i]];
    interp_comparison d = interp_compare(&want, n->bytes[k->tensor[i]], false);
    want.bound = network_tolerance(n, k->tensor[i]);
    if (d.ok)
      d = interp_compare(&want, n->bytes[k->tensor[i]], false);
    if (d.ok)
      continue;
    text at = text_new(&n->ctx->mem);
    for (int r = 0; r < want.rank; r++)
      text_addf(&at, r ? ", %" PRId64 : "%" PRId64, d.worst_at[r]);
    *where = arena_printf(&n->ctx->mem, "%s[%s]", n->net->tensors.at[k->tensor[i]].name, text_str(&at));
    return true;
  }
  return false;
}

static loom_status compiled(network_run *n, int i, network_compiled **out) {
  *out = n->kept[n->twins[i].first];
  return (*out)->is_compiled ? LOOM_OK : network_compile_one(n, *out);
}

static loom_status take_kernel(network_run *n, int i, network_bisection *out) {
  const network_kernel *k = &n->net->kernels.at[i], *as = &n->twins[i].as;
  network_compiled *c;
  network_bisect_step step = {.kernel = k};
  npy_array *kept = ARENA_NEW_N(&n->ctx->mem, npy_array, as->graph->tensors.n);
  const diag_mark mark = diag_save(n->ctx);
  loom_status st = compiled(n, i, &c);
  if (st != LOOM_OK || is_replaced(&c->s)) {      /* code of a form that goes wrong may touch what is not its own */
    loom_status judged = judge_stages(n, i, out);
    if (out->stages.found) {
      diag_drop(n->ctx, mark);
      out->wrong = k;
      vec_push(&n->ctx->mem, &out->steps, step);
      return LOOM_OK;
    }
    LOOM_TRY(st);
    LOOM_TRY(judged);
  }
  compile_execution e = {0};
  network_set_l1_places(n, as, c);
  LOOM_TRY(network_run_on_copies(n, as, c, &e, kept));
  step.has_run = true;
  step.check = e.check;
  step.fault = e.report.n_faults ? e.report.faults.at[0].text : NULL;
  vec_push(&n->ctx->mem, &out->steps, step);
  if (step.fault || (e.check.done && !e.check.ok)) {
    out->wrong = k;
    out->where = e.check.where;
    return judge_stages(n, i, out);
  }
  network_take_results(n, as, kept);
  LOOM_TRY(network_interpret_step(n, k));
  out->is_carried = is_carried_beyond(n, k, &out->where);
  out->wrong = out->is_carried ? k : NULL;
  return LOOM_OK;
}

loom_status compile_network_bisect(loom_ctx *ctx, const compile_options *o, bool for_npu, const network *net, const run_options *r, void *const *args, network_bisection *out) {
  compile_network made = {0};
  run_options checked = *r;
  checked.check = true;
  network_run n = {.ctx = ctx, .o = o, .for_npu = for_npu, .net = net, .r = &checked, .out = &made};
  *out = (network_bisection){0};
  LOOM_TRY(network_place_tensors(&n));
  if (o->override_dir)
    network_list_compiles(&n);      /* what goes wrong in a compile is looked at in its turn */
  else
    LOOM_TRY(network_compile_all(&n));
  network_start_contents(&n, args);
  loom_status st = LOOM_OK;
  for (int i = 0; i < (int)net->kernels.n && st == LOOM_OK && !out->wrong; i++) {
    st = take_kernel(&n, i, out);
    if (st != LOOM_OK)
      diag_note(ctx, net->kernels.at[i].span, "kernel %s is made of this", net->kernels.at[i].graph->name);
    if (n.twins[n.twins[i].first].last == i)
      network_close_one(n.kept[n.twins[i].first]);
  }
  for (size_t i = 0; i < net->kernels.n; i++)
    network_close_one(n.kept[i]);
  return st;
}

/* ---- JSON ---- */

data_value *compile_network_bisection_data(arena *m, const network *net, const network_bisection *b, const char *machine_name) {
  data_value *v = data_object(m), *kernels = data_array(m);
  data_set_string(m, v, "schema", "loom.network_bisection.v1");
  data_set_string(m, v, "network", net->name);
  data_set_string(m, v, "machine", machine_name);
  data_set_bool(m, v, "ok", !b->wrong);
  for (size_t i = 0; i < b->steps.n; i++) {
    const network_bisect_step *s = &b->steps.at[i];
    data_value *row = data_object(m);
    data_set_string(m, row, "name", s->kernel->graph->name);
    data_set_int(m, row, "line", s->kernel->span.line);
    data_set_bool(m, row, "ok", s->kernel != b->wrong);
    if (s->fault)
      data_set_string(m, row, "fault", s->fault);
    if (s->check.done) {
      data_set_int(m, row, "wrong", s->check.wrong);
      data_set_int(m, row, "elems", s->check.elems);
    }
    data_push(m, kernels, row);
  }
  data_set(m, v, "kernels", kernels);
  if (!b->wrong)
    return v;
  data_set_string(m, v, "kernel", b->wrong->graph->name);
  data_set_bool(m, v, "carried", b->is_carried);
  if (b->where)
    data_set_string(m, v, "where", b->where);
  if (b->stages.stages.n)
    data_set(m, v, "bisect", compile_bisection_data(m, &b->stages));
  return v;
}
