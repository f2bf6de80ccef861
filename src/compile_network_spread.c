/* What rounding may make of a network's results, where bounds carried from kernel to kernel say little: Monte Carlo arithmetic (Parker, 1997) with kernels as operations.
 *
 * The network is interpreted a few times more; in each of these runs everything that a kernel makes is moved by a random part of that kernel's own error bound on the inputs it had.  A
 * run whose kernels err within their bounds is one of the family that is drawn from, and rounding errors, which are many and small, move results far less than errors as large as their
 * bounds.  So the tolerance of an element is SPREAD_FACTOR times the furthest that one of the runs came away from the interpreter in its row (the last dim), and the bound of the kernel that made it. */
#include "base/rng.h"
#include "compile_network_private.h"
#include <math.h>
#include <string.h>

static const double SPREAD_FACTOR = 4;

/* Numbers of their own need only tensors that kernels change: those that they make are new. */
static void own(network_run *n, int s) {
  for (size_t k = 0; k < n->net->kernels.n; k++) {
    const network_kernel *kernel = &n->net->kernels.at[k];
    for (size_t i = 0; i < kernel->graph->tensors.n; i++) {
      const int at = kernel->tensor[i];
      if (at < 0 || n->moved[s][at].value != n->whole[at].value || kernel->graph->tensors.at[i].role != KERNEL_ARG || !kernel_is_stored(kernel->graph, (kernel_tensor)i))
        continue;
      interp_tensor *t = &n->moved[s][at];
      t->value = ARENA_NEW_N(&n->ctx->mem, double, t->elems);
      memcpy(t->value, n->whole[at].value, (size_t)t->elems * sizeof *t->value);
    }
  }
}

void network_start_spread(network_run *n) {
  arena *m = &n->ctx->mem;
  const size_t tensors = n->net->tensors.n;
  n->own_bound = ARENA_NEW_N(m, double *, tensors);
  for (int s = 0; s < NETWORK_SPREAD_RUNS; s++) {
    n->moved[s] = ARENA_NEW_N(m, interp_tensor, tensors);
    n->random[s] = rng_new(n->r->seed * NETWORK_SPREAD_RUNS + (uint64_t)s + 1);
    memcpy(n->moved[s], n->whole, tensors * sizeof *n->moved[s]);
    own(n, s);
  }
}

static void move(rng *random, interp_tensor *t) {
  for (int64_t i = 0; t->bound && i < t->elems; i++) {
    const double e = t->bound[i], by = 2 * rng_uniform(random) - 1;
    if (e > 0 && isfinite(e) && isfinite(t->value[i]))
      t->value[i] += by * e;
  }
  t->bound = NULL;
}

loom_status network_spread_step(network_run *n, const network_kernel *k) {
  const kernel_graph *g = k->graph;
  for (int s = 0; s < NETWORK_SPREAD_RUNS; s++) {
    interp_tensor *t = ARENA_NEW_N(&n->ctx->mem, interp_tensor, g->tensors.n);
    for (size_t i = 0; i < g->tensors.n; i++)
      if (g->tensors.at[i].role == KERNEL_ARG)
        t[i] = n->moved[s][k->tensor[i]];
    LOOM_TRY(interp_run(n->ctx, g, t, &(interp_options){.takes_unsure_indices = true, .op_budget = -1}));
    for (size_t i = 0; i < g->tensors.n; i++)
      if (k->tensor[i] >= 0) {
        if (g->tensors.at[i].role == KERNEL_ALLOC || kernel_is_stored(g, (kernel_tensor)i))
          n->own_bound[k->tensor[i]] = t[i].bound;
        move(&n->random[s], &t[i]);
        n->moved[s][k->tensor[i]] = t[i];
      }
  }
  return LOOM_OK;
}

double *network_tolerance(const network_run *n, int tensor) {
  const interp_tensor *want = &n->whole[tensor];
  double *out = ARENA_NEW_N(&n->ctx->mem, double, want->elems);
  const int64_t row = want->rank ? want->shape[want->rank - 1] : 1;
  for (int64_t first = 0; first < want->elems; first += row) {
    double far = 0;
    for (int64_t i = first; i < first + row; i++)
      for (int s = 0; s < NETWORK_SPREAD_RUNS; s++) {
        const double d = fabs(n->moved[s][tensor].value[i] - want->value[i]);
        far = isfinite(d) && d > far ? d : far;
      }
    for (int64_t i = first; i < first + row; i++)
      out[i] = SPREAD_FACTOR * far + (n->own_bound[tensor] && isfinite(n->own_bound[tensor][i]) ? n->own_bound[tensor][i] : 0);
  }
  return out;
}

/* One result's elements against the interpreter's.  *worst: what the one that uses most of its tolerance uses. */
static void sample_result(loom_ctx *ctx, const compile_network *n, size_t r, const double *got, network_sampled *out, double *worst) {
  const interp_tensor *want = &n->want[r];
  for (int64_t i = 0; i < want->elems; i++) {
    const double error = fabs(got[i] - want->value[i]), tolerance = n->tolerance[r][i];
    if (!isfinite(error) && (isfinite(want->value[i]) || !(got[i] == want->value[i] || (isnan(got[i]) && isnan(want->value[i]))))) {
      out->wrong++;
      if (*worst < (double)INFINITY)
        out->where = arena_printf(&ctx->mem, "result%zu[%" PRId64 "]", r, i);
      *worst = out->error = (double)INFINITY;
      continue;
    }
    const double ratio = !isfinite(error) || error <= 0 ? 0 : tolerance > 0 ? error / tolerance : (double)INFINITY;
    out->wrong += ratio > 1;
    out->max_error = isfinite(error) && error > out->max_error ? error : out->max_error;
    if (ratio <= *worst)
      continue;
    *worst = ratio;
    out->error = error;
    out->tolerance = tolerance;
    out->where = arena_printf(&ctx->mem, "result%zu[%" PRId64 "]", r, i);
  }
  out->ok = !out->wrong;
}

void compile_network_sample(loom_ctx *ctx, const network *net, const compile_network *n, void *const *results, network_sampled *out) {
  double worst = -1;
  *out = (network_sampled){.done = n->tolerance != NULL, .ok = true};
  for (size_t r = 0; r < net->results.n && n->tolerance; r++) {
    const interp_tensor *want = &n->want[r];
    double *got = ARENA_NEW_N(&ctx->mem, double, want->elems + 1);
    for (int64_t i = 0; i < want->elems; i++)
      got[i] = dtype_load(want->type, (const char *)results[r] + (size_t)i * dtype_bytes(want->type));
    sample_result(ctx, n, r, got, out, &worst);
  }
}

void compile_network_sample_result(loom_ctx *ctx, const compile_network *n, int result, const double *got, network_sampled *out) {
  double worst = -1;
  *out = (network_sampled){.done = true, .ok = true};
  sample_result(ctx, n, (size_t)result, got, out, &worst);
}
