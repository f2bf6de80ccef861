#include "compile_program_report.h"
#include "compile_bench.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Time is in cycles of a chip, or in milliseconds of this CPU. */
typedef struct program { loom_ctx *ctx; arena *m; const network *net; const compile_network *n; const machine *chip; bool in_ms; double total; } program;

/* Kernels that are equal, and so one thing to tune. */
typedef struct tunable { int first, calls; double time, limit, gain; bool is_small; /* latency is most of its limit */ } tunable;

static const double NEAR = 0.8;              /* of the limit: as good as there */
static const double APART = 1.25;            /* simulated against predicted: the model may have ranked plans wrongly */

/* ---- limits ---- */

/* Work a cycle of all units of a kind on all cores. */
static double rate_of(const machine *m, const char *kind) {
  double rate = 0;
  for (size_t i = 0; i < m->units.n; i++)
    if (text_eq(m->units.at[i].kind, kind))
      rate += m->units.at[i].rate.value;
  return rate * (double)machine_cores(m);
}

program_limit program_limit_of(const machine *m, const network_kernel *k) {
  const double matrix = rate_of(m, "matrix"), vector = rate_of(m, "vector"), products = (double)k->product_flops / 2, others = (double)(k->flops - k->product_flops);
  program_limit l = {0};
  if (matrix > 0)
    l.compute = products / matrix;
  if (vector > 0)
    l.compute = fmax(l.compute, (others + (matrix > 0 ? 0 : products)) / vector);
  if (m->dram_bytes_per_cycle.value > 0)
    l.memory = (double)k->bytes / m->dram_bytes_per_cycle.value;
  l.latency = m->dram_latency_cycles.value + (m->npu ? (double)m->npu->launch_cycles : 0);
  return l;
}

/* Tensors that stay in L1 are no traffic of DRAM; who has no others does not wait for it. */
static program_limit limit_on_chip(const program *p, const network_kernel *k) {
  program_limit l = program_limit_of(p->chip, k);
  bool any_in_dram = false;
  double in_l1 = 0;
  for (size_t i = 0; p->n->l1.at && i < k->graph->tensors.n; i++) {
    const network_tensor *t = k->tensor[i] >= 0 ? &p->net->tensors.at[k->tensor[i]] : NULL;
    any_in_dram = any_in_dram || (t && !p->n->l1.at[k->tensor[i]].is_in);
    in_l1 += t && p->n->l1.at[k->tensor[i]].is_in ? (double)t->elems * (double)dtype_bytes(t->type) : 0;
  }
  if (in_l1 > 0 && p->chip->dram_bytes_per_cycle.value > 0)
    l.memory = fmax(l.memory - in_l1 / p->chip->dram_bytes_per_cycle.value, 0);
  if (in_l1 > 0 && !any_in_dram)
    l.latency = 0;
  return l;
}

/* On the CPU tensors may lie in a cache; bench knows its rates. */
static program_limit limit_of(const program *p, const network_kernel *k) {
  if (!p->in_ms)
    return limit_on_chip(p, k);
  bench_result r = {.flops = k->flops, .products = k->product_flops, .bytes_read = k->bytes};
  dtype t = k->graph->tensors.n ? k->graph->tensors.at[0].shape.type : DTYPE_F32;
  compile_bench_limit(p->chip, t, p->n->threads > 0 ? p->n->threads : 1, &r);
  return (program_limit){r.limit.compute_ms, r.limit.memory_ms, 0};
}

static double time_of(const program *p, const compile_network_step *s) { return p->in_ms ? s->ms : (double)s->cycles; }

static double whole(program_limit l) { return fmax(l.compute, l.memory) + l.latency; }
static const char *bound_text(program_limit l) { return l.latency > fmax(l.compute, l.memory) ? "latency" : l.compute > l.memory ? "compute" : "memory"; }

/* ---- a kernel ---- */

static void copy_key(arena *m, data_value *to, const data_value *from, const char *key) {
  if (from && data_get(from, key))
    data_set(m, to, key, data_get(from, key));
}

static data_value *parts_data(arena *m, const network_kernel *k) {
  data_value *v = data_array(m);
  for (size_t i = 0; i < k->parts.n; i++) {
    data_value *one = data_object(m);
    data_set_string(m, one, "op", k->parts.at[i].op);
    data_set_int(m, one, "line", k->parts.at[i].span.line);
    data_set_string(m, one, "why", k->parts.at[i].why);
    data_push(m, v, one);
  }
  return v;
}

static data_value *kernel_data(const program *p, int i) {
  arena *m = p->m;
  const compile_network_step *s = &p->n->steps.at[i];
  const network_kernel *k = s->kernel;
  const program_limit l = limit_of(p, k);
  const double t = time_of(p, s), limit = whole(l);
  data_value *v = data_object(m);
  data_set_string(m, v, "name", k->graph->name);
  data_set_string(m, v, "op", k->op);
  data_set_int(m, v, "line", k->span.line);
  if (s->same_as)
    data_set_string(m, v, "same_as", s->same_as->graph->name);
  data_set_real(m, v, "time", t);
  data_set_real(m, v, "share", p->total > 0 ? t / p->total : 0);
  data_set_real(m, v, "limit", limit);
  data_set_real(m, v, "of_limit", t > 0 ? limit / t : 0);
  data_set_string(m, v, "bound_by", bound_text(l));
  data_set_int(m, v, "flops", k->flops);
  data_set_int(m, v, "bytes", k->bytes);
  copy_key(m, v, s->summary, "proof");
  copy_key(m, v, s->summary, "lower_bound");
  copy_key(m, v, s->summary, "predicted_cycles");
  copy_key(m, v, s->summary, "dram_bytes_read");
  copy_key(m, v, s->summary, "dram_bytes_written");
  copy_key(m, v, s->summary, "plan");
  data_set(m, v, "parts", parts_data(m, k));
  if (k->ends)
    data_set_string(m, v, "ends", k->ends);
  return v;
}

/* ---- memory over time ---- */

/* bytes: in the block, those of a tensor that is made in place of another once; l1_bytes: of tensors that stay on the chip, all cores together. */
static data_value *over_time(const program *p) {
  arena *m = p->m;
  const network_buffers *b = &p->n->buffers;
  const network_l1 *l1 = &p->n->l1;
  data_value *v = data_array(m);
  for (int k = 0; k < (int)p->net->kernels.n; k++) {
    data_value *one = data_object(m);
    int64_t alive = 0, on_chip = 0;
    for (size_t t = 0; t < p->net->tensors.n; t++) {
      const network_buffer *x = &b->at[t];
      const bool is_alive = x->first <= k && k <= x->last;
      if (is_alive && x->offset >= 0 && !(x->of >= 0 && x->first == k))
        alive += x->bytes;
      if (is_alive && l1->at && l1->at[t].is_in)
        on_chip += l1->at[t].bytes * l1->chip.cores;
    }
    data_set_string(m, one, "kernel", p->net->kernels.at[k].graph->name);
    data_set_int(m, one, "bytes", alive);
    if (l1->at)
      data_set_int(m, one, "l1_bytes", on_chip);
    data_push(m, v, one);
  }
  return v;
}

/* ---- what tuning pays ---- */

static int by_gain(const void *a, const void *b) {
  const tunable *x = a, *y = b;
  return x->gain != y->gain ? (x->gain < y->gain ? 1 : -1) : x->first - y->first;
}

static int first_of(const program *p, int i) {
  for (int k = 0; k < i; k++)
    if (p->n->steps.at[k].kernel == p->n->steps.at[i].same_as)
      return k;
  return i;
}

static const char *advice_of(const program *p, const tunable *t) {
  const compile_network_step *s = &p->n->steps.at[t->first];
  const data_value *proof = s->summary ? data_get(s->summary, "proof") : NULL, *predicted = s->summary ? data_get(s->summary, "predicted_cycles") : NULL;
  const double each = t->time / t->calls, said = predicted ? (double)predicted->integer : 0;
  if (t->limit >= NEAR * t->time)
    return "near what the machine can do";
  if (proof && !text_eq(proof->string, "optimal"))
    return "the search stopped before its end: a larger --op-budget or --timeout may find a better plan";
  if (t->is_small)
    return "too little work for the machine: more at a time (a larger batch), or fusion with its neighbours";
  if (!p->in_ms && s->execution.has_report && said > 0 && (each > APART * said || said > APART * each))
    return arena_printf(p->m, "the model says %.0f cycles: plans behind the best (loom run --topk on this kernel) may be faster", said);
  if (!p->in_ms && said > 0)
    return "its plan is the best there is under the model: more per call (a larger batch, fusion with its neighbours) would pay";
  return "far from the limit: loom bench on this kernel says where";
}

static data_value *tuning_data(const program *p) {
  arena *m = p->m;
  const int n = (int)p->n->steps.n;
  tunable *t = ARENA_NEW_N(m, tunable, n + 1);
  data_value *v = data_array(m);
  int used = 0;
  for (int i = 0; i < n; i++) {
    const program_limit l = limit_of(p, p->n->steps.at[i].kernel);
    const int first = first_of(p, i);
    int at = 0;
    while (at < used && t[at].first != first)
      at++;
    if (at == used)
      t[used++] = (tunable){.first = first};
    t[at].calls++;
    t[at].time += time_of(p, &p->n->steps.at[i]);
    t[at].limit += whole(l);
    t[at].is_small = l.latency > fmax(l.compute, l.memory);
  }
  for (int i = 0; i < used; i++)
    t[i].gain = fmax(0, t[i].time - t[i].limit);
  qsort(t, (size_t)used, sizeof *t, by_gain);
  for (int i = 0; i < used; i++) {
    data_value *one = data_object(m);
    data_set_string(m, one, "kernel", p->n->steps.at[t[i].first].kernel->graph->name);
    data_set_int(m, one, "calls", t[i].calls);
    data_set_real(m, one, "time", t[i].time);
    data_set_real(m, one, "limit", t[i].limit);
    data_set_real(m, one, "gain", t[i].gain);
    data_set_real(m, one, "share", p->total > 0 ? t[i].gain / p->total : 0);
    data_set_string(m, one, "advice", advice_of(p, &t[i]));
    data_push(m, v, one);
  }
  return v;
}

/* ---- all of it ---- */

data_value *compile_program_report(loom_ctx *ctx, const network *net, const compile_network *n, const machine *chip) {
  arena *m = &ctx->mem;
  program p = {ctx, m, net, n, chip, chip->host_cpu != NULL, 0};
  data_value *v = data_object(m), *kernels = data_array(m), *memory = compile_network_memory(m, net, n);
  double limit = 0;
  int64_t compiled = 0;
  for (size_t i = 0; i < n->steps.n; i++)
    p.total += time_of(&p, &n->steps.at[i]);
  for (size_t i = 0; i < n->steps.n; i++) {
    const program_limit l = limit_of(&p, n->steps.at[i].kernel);
    limit += whole(l);
    compiled += !n->steps.at[i].same_as;
    data_push(m, kernels, kernel_data(&p, (int)i));
  }
  data_set_string(m, v, "schema", "loom.program_report.v1");
  data_set_string(m, v, "program", net->name);
  data_set_string(m, v, "machine", chip->name);
  data_set_string(m, v, "unit", p.in_ms ? "ms" : "cycles");
  data_set_bool(m, v, "measured", p.in_ms || n->has_cycles);
  data_set_real(m, v, "time", p.total);
  data_set_real(m, v, "limit", limit);
  data_set_int(m, v, "compiled", compiled);
  data_set(m, v, "kernels", kernels);
  data_set(m, memory, "over_time", over_time(&p));
  data_set(m, v, "memory", memory);
  data_set(m, v, "tuning", tuning_data(&p));
  return v;
}
