/* Networks on this CPU: what the command line says of them beyond other machines. */
#include "cli/worker_network.h"
#include "compile_network_bench.h"

loom_status worker_network_host_options(program_run *r) {
  if (!r->o->machine.last)      /* loom bench: it is this CPU's */
    r->c->machine = "host";
  return cli_providers(r->ctx, r->o, &r->c->providers);
}

bool worker_network_falls_back(const program_run *r, loom_status st, diag_mark before) {
  loom_ctx *ctx = r->ctx;
  if ((st != LOOM_EUNSUP && st != LOOM_ELIMIT) || !text_eq(r->o->command, "run") || r->o->check || r->o->interp || r->o->emit.last || r->o->output_dir.last)
    return false;
  for (diag_item *d = *before.last; d; d = d->next)
    if (d->severity == DIAG_ERROR) {
      d->severity = DIAG_NOTE;
      ctx->diag.errors--;
    }
  diag_note(ctx, r->f->span, "function @%s runs as plain loops on this CPU, slower than as kernels with plans: the above has no form in kernels", r->f->name);
  return true;
}

loom_status worker_network_bench(program_run *r, const network *net, compile_network *n) {
  bench_options b;
  data_value *v;
  LOOM_TRY(worker_bench_options(r->ctx, r->o, &b));
  LOOM_TRY(compile_network_bench(r->ctx, net, n, &b, &v));
  if (!text_eq(r->o->command, "bench"))
    return LOOM_OK;
  data_set_real(&r->ctx->mem, v, "compile_ms", r->compile_ms);
  return worker_bench_network(r->ctx, r->o, v);
}
