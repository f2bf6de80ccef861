/* loom.summary.v1: what a compile decided, what it predicts, and what the run showed. */
#include "compile.h"
#include "compile_exec.h"
#include "compile_fixed.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

static bool has_key_nocase(const data_value *v, const char *key) {
  for (size_t i = 0; i < v->n; i++)
    if (strcasecmp(v->members[i].key, key) == 0)
      return true;
  return false;
}

/* What --shape said, then the kernel's own size symbols that this does not already name. */
static data_value *shape_object(compile_state *s) {
  arena *m = &s->ctx->mem;
  data_value *v = data_object(m);
  for (size_t i = 0; i < s->o->helion.n_shapes; i++)
    data_set_int(m, v, s->o->helion.shapes[i].name, s->o->helion.shapes[i].value);
  for (size_t i = 0; s->kernel && i < s->kernel->symbols.n; i++) {
    const kernel_symbol *k = &s->kernel->symbols.at[i];
    if (k->kind == KERNEL_SYM_SIZE && k->value >= 0 && !has_key_nocase(v, k->name))
      data_set_int(m, v, k->name, k->value);
  }
  return v;
}

/* The numbers that the host's code was made with. */
static data_value *host_blocks(compile_state *s) {
  data_value *v = data_object(&s->ctx->mem);
  const sym_binding *given, *blocks;
  size_t n_given, n;
  diag_mark before = diag_save(s->ctx);
  if (compile_given_blocks(s, &given, &n_given) == LOOM_OK && kernel_block_sizes(s->ctx, s->kernel, given, n_given, &blocks, &n) == LOOM_OK)
    for (size_t i = 0; i < n; i++) {
      const kernel_symbol *k = kernel_find_symbol(s->kernel, blocks[i].name);
      if (k && k->kind == KERNEL_SYM_BLOCK)
        data_set_int(&s->ctx->mem, v, blocks[i].name, blocks[i].value);
    }
  diag_drop(s->ctx, before);
  return v;
}

static data_value *plan_object(arena *m, const plan *p) {
  const plan_candidate *c = &p->candidate;
  data_value *v = data_object(m), *broadcast = data_object(m), *hoist = data_object(m), *blocks = data_object(m), *buffers = data_array(m);
  data_set_string(m, v, "variant", c->name);
  data_set_string(m, v, "mapping", plan_map_string(m, &c->mapping));
  data_set_string(m, v, "split", plan_split_string(m, &c->mapping));
  data_set_string(m, v, "loop_order", plan_order_string(m, &c->mapping));
  for (int i = 0; i < c->n_access; i++) {
    if (c->access[i].is_store)
      continue;
    data_set_string(m, broadcast, c->access[i].name, plan_access_label(m, &c->mapping, &c->access[i]));
    data_set_int(m, hoist, c->access[i].name, c->access[i].hoist);
  }
  for (size_t i = 0; i < p->blocks.n; i++)
    data_set_int(m, blocks, p->blocks.at[i].symbol, p->blocks.at[i].size);
  for (size_t i = 0; i < p->buffers.n; i++) {
    data_value *b = data_object(m);
    data_set_string(m, b, "name", p->buffers.at[i].name);
    data_set_int(m, b, "bytes", p->buffers.at[i].bytes);
    data_set_int(m, b, "depth", p->buffers.at[i].depth);
    data_set_int(m, b, "offset", p->buffers.at[i].offset);
    data_push(m, buffers, b);
  }
  data_set(m, v, "broadcast", broadcast);
  data_set(m, v, "hoist", hoist);
  data_set(m, v, "block_sizes", blocks);
  data_set_bool(m, v, MODEL_DOUBLE_BUFFER, p->double_buffer);
  data_set(m, v, "buffers", buffers);
  return v;
}

static void add_plan(arena *m, data_value *v, const plan *p) {
  data_set(m, v, "plan", plan_object(m, p));
  data_set_int(m, v, "predicted_cycles", p->predicted_cycles);
  plan_add_costs(m, v, p);
  data_set_string(m, v, "proof", plan_proof_text(p->proof));
  data_set_int(m, v, "lower_bound", p->lower_bound);
}

static void add_execution(compile_state *s, data_value *v, const compile_execution *e) {
  arena *m = &s->ctx->mem;
  if (e->has_report) {
    data_value *sim = sim_report_to_data(m, &e->report, s->tog);
    data_set_int(m, v, "simulated_cycles", e->report.cycles);
    static const char *const keys[] = {"dram_bytes_read", "dram_bytes_written", "noc_bytes", "per_core", "faults"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
      if (data_get(sim, keys[i]))
        data_set(m, v, keys[i], data_get(sim, keys[i]));
  }
  if (e->check.done) {
    data_value *c = data_object(m);
    data_set_real(m, c, "max_abs_error", e->check.max_abs_error);
    data_set_real(m, c, "bound", e->check.bound);
    data_set_bool(m, c, "ok", e->check.ok);
    data_set_int(m, c, "wrong", e->check.wrong);
    data_set_int(m, c, "elems", e->check.elems);
    if (e->check.unbounded)
      data_set_int(m, c, "unbounded", e->check.unbounded);
    data_set_string(m, c, "worst", e->check.where);
    data_set_real(m, c, "worst_error", e->check.error);
    if (e->check.integers_run)
      data_set_bool(m, c, "integers_identical", e->check.integers_ok);
    data_set(m, v, "check", c);
  }
}

/* A plan that is given is the best of nothing. */
solve_certificate compile_certificate(const compile_state *s) {
  return s->o->plan || s->is_tuned ? (solve_certificate){.why = "a plan that is given is not searched for"} : solve_certificate_of(&s->solved);
}

data_value *compile_summary(compile_state *s, const compile_execution *e) {
  arena *m = &s->ctx->mem;
  data_value *v = data_object(m), *stages = data_array(m);
  data_set_string(m, v, "schema", "loom.summary.v1");
  data_set_string(m, v, "kernel", s->kernel ? s->kernel->name : s->nest ? s->nest->kernel : "");
  data_set_string(m, v, "machine", s->machine ? s->machine->name : "host");
  data_set(m, v, "shape", shape_object(s));
  if (s->plan) {
    if (s->is_tuned)
      data_set_string(m, v, "plan_from", "tuning database");
    if (s->is_recorded)
      data_set_bool(m, v, "recorded", true);
    if (!s->o->plan && !s->is_tuned) {
      data_set_int(m, v, "variants", s->searched.variants);
      data_set_int(m, v, "candidates", s->searched.candidates);
    }
    add_plan(m, v, s->plan);
    solve_certificate c = compile_certificate(s);
    if (s->o->opinion)
      solve_certificate_to_data(m, &c, v);
  }
  if (!s->machine && s->kernel && !s->is_opaque)
    data_set(m, v, "block_sizes", host_blocks(s));
  if (s->is_retyped)
    data_set_string(m, v, "float16", "bfloat16");
  if (s->plain_because)
    data_set_string(m, v, "plain_loops", s->plain_because);
  if (s->fixed)
    data_set(m, v, "planned_sizes", data_get(compile_fixed_data(s), "sizes"));
  if (e)
    add_execution(s, v, e);
  if (s->kernels)
    data_set(m, v, "kernels", s->kernels);
  if (s->bisection)
    data_set(m, v, "bisect", s->bisection);
  for (size_t i = 0; i < s->times.n; i++) {
    data_value *t = data_object(m);
    data_set_string(m, t, "name", s->times.at[i].name);
    data_set_real(m, t, "ms", s->times.at[i].ms);
    data_push(m, stages, t);
  }
  data_set(m, v, "stages", stages);
  struct rusage ru;
  getrusage(RUSAGE_SELF, &ru);
  data_set_int(m, v, "peak_rss_bytes", (int64_t)ru.ru_maxrss * 1024);
  return v;
}
