/* Networks on this CPU: each kernel's code is called on the network's own memory, so that nothing is copied between kernels, with one team of threads. */
#include "base/clock.h"
#include "compile_network_private.h"
#include "compile_provider.h"
#include "run/provider_link.h"
#include <string.h>

static const int64_t KEPT_BYTES_MAX = INT64_C(1) << 30;      /* of constants, which are there once more in the form that code reads */

struct network_host { run_team *team; VEC_OF(compile_image *) images; VEC_OF(compile_call) calls; /* by step */ int64_t kept_bytes; };

static network_host *host_of(network_run *n) {
  if (!n->out->host) {
    n->out->host = ARENA_NEW(&n->ctx->mem, network_host);
    n->out->host->team = run_open_team(n->ctx, n->o->run_threads);
    n->out->threads = run_team_threads(n->out->host->team);
  }
  return n->out->host;
}

static int64_t bytes_of(const network_tensor *t) { return t->elems * (int64_t)dtype_bytes(t->type); }

uint64_t network_constants(const network *net, const network_kernel *k) {
  int64_t all = 0;
  uint64_t mask = 0;
  int arg = 0;
  for (size_t i = 0; i < net->tensors.n; i++)
    all += net->tensors.at[i].role == NETWORK_CONSTANT ? bytes_of(&net->tensors.at[i]) : 0;
  for (size_t i = 0; i < k->graph->tensors.n && all <= KEPT_BYTES_MAX; i++)
    if (k->graph->tensors.at[i].role == KERNEL_ARG) {
      if (arg < 64 && net->tensors.at[k->tensor[i]].role == NETWORK_CONSTANT)
        mask |= UINT64_C(1) << arg;
      arg++;
    }
  return mask;
}

/* Milliseconds: where one thread runs, its own, so that what else the machine does is not in them. */
static double make_call(const network_host *h, const compile_call *c) {
  const bool is_alone = run_team_threads(h->team) == 1;
  const double before = is_alone ? clock_thread_seconds() : clock_seconds();
  compile_make_call(c);
  return 1e3 * ((is_alone ? clock_thread_seconds() : clock_seconds()) - before);
}

/* The code of a kernel and of its twins. */
static loom_status open_code(network_run *n, network_compiled *c) {
  if (c->code)
    return LOOM_OK;
  compile_image *code = ARENA_NEW(&n->ctx->mem, compile_image);
  LOOM_TRY(compile_open_image(&c->s, code));
  vec_push(&n->ctx->mem, &host_of(n)->images, code);
  c->code = code;
  return LOOM_OK;
}

loom_status network_call_host(network_run *n, const network_kernel *k, network_compiled *c, compile_network_step *step) {
  arena *m = &n->ctx->mem;
  network_host *h = host_of(n);
  const kernel_graph *g = k->graph;
  void **by_root = ARENA_NEW_N(m, void *, g->tensors.n + 1);
  compile_call call;
  LOOM_TRY(network_check_places(n, k));
  LOOM_TRY(open_code(n, c));
  for (size_t i = 0; i < g->tensors.n; i++)
    by_root[i] = k->tensor[i] >= 0 ? n->bytes[k->tensor[i]] : NULL;
  LOOM_TRY(compile_bind_call(&c->s, c->code, by_root, h->team, &call));
  vec_push(m, &h->calls, call);
  step->ms = make_call(h, &call);
  if (call.kept && (c->s.o->constants & ~network_constants(n->net, k)) == 0)      /* a twin may take something else in their place */
    *call.kept = 1;
  h->kept_bytes += c->s.grid.kept_bytes;
  return provider_link_verdict(n->ctx, call.link);
}

void compile_network_again(compile_network *n, double *ms) {
  for (size_t i = 0; i < n->host->calls.n; i++)
    ms[i] = make_call(n->host, &n->host->calls.at[i]);
}

void network_call_again(network_run *n) {
  const compile_call *last = &n->out->host->calls.at[n->out->host->calls.n - 1];
  if (last->kept)
    compile_make_call(last);
}

loom_status compile_network_judge(loom_ctx *ctx, const compile_network *n) {
  for (size_t i = 0; n->host && i < n->host->calls.n; i++)
    LOOM_TRY(provider_link_verdict(ctx, n->host->calls.at[i].link));
  return LOOM_OK;
}

data_value *compile_network_providers(arena *m, const compile_network *n) {
  data_value *all = NULL;
  for (size_t i = 0; n->host && i < n->host->images.n; i++) {
    const data_value *one = provider_link_report(m, n->host->images.at[i]->providers->link);
    for (size_t k = 0; one && k < one->n; k++) {
      if (!all)
        all = data_array(m);
      data_push(m, all, one->items[k]);
    }
  }
  return all;
}

double compile_network_ms(const compile_network *n) {
  double sum = 0;
  for (size_t i = 0; i < n->steps.n; i++)
    sum += n->steps.at[i].ms;
  return sum;
}

int64_t compile_network_kept(const compile_network *n) { return n->host ? n->host->kept_bytes : 0; }
int64_t compile_network_workspace(const compile_network *n) { return n->host ? run_team_bytes(n->host->team) : 0; }

void compile_network_close(compile_network *n) {
  if (!n->host)
    return;
  run_close_team(n->host->team);
  for (size_t i = 0; i < n->host->images.n; i++)
    compile_close_image(n->host->images.at[i]);
  n->host = NULL;
}
