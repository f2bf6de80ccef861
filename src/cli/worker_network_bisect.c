/* loom run --bisect-numerics of functions on tensors: which kernel goes wrong first, and where in it. */
#include "cli/worker_bisect.h"
#include "cli/worker_network.h"
#include "compile_network_bisect.h"
#include <inttypes.h>
#include <stdio.h>

static void print_step(const network_bisection *b, const network_bisect_step *s) {
  const run_check *c = &s->check;
  printf("kernel       %s: ", s->kernel->graph->name);
  if (!s->has_run)
    printf("DIVERGES in its stages, and is not run\n");
  else if (s->fault)
    printf("FAULT: %s\n", s->fault);
  else
    printf("%s: %" PRId64 " of %" PRId64 " elements beyond their bound%s%s%s\n", s->kernel == b->wrong ? "DIVERGES" : "ok", c->wrong, c->elems,
           c->integers_run && !c->integers_ok ? ", integers differ" : "", c->where && s->kernel == b->wrong && !b->is_carried ? ", the worst is " : "",
           c->where && s->kernel == b->wrong && !b->is_carried ? c->where : "");
}

/* The function's operations in the kernel. */
static void print_parts(const network_kernel *k) {
  for (size_t i = 0; i < k->parts.n; i++)
    printf("made of      %s, line %d\n", k->parts.at[i].op, (int)k->parts.at[i].span.line);
}

static void print(const program_run *r, const network *net, const network_bisection *b) {
  printf("network      @%s on %s: %zu kernels\n", net->name, r->o->machine.last, net->kernels.n);
  for (size_t i = 0; i < b->steps.n; i++)
    print_step(b, &b->steps.at[i]);
  if (!b->wrong)
    return;
  print_parts(b->wrong);
  if (b->is_carried)
    printf("carried      %s is beyond the bound that all kernels up to here may have; this one is within its own\n", b->where);
  worker_print_bisection(&b->stages);
  if (!b->is_carried && !b->stages.found)
    printf("stages       agree: it is the code that ran that goes wrong\n");
}

static loom_status verdict(const program_run *r, const network_bisection *b) {
  const bisect_finding *f = &b->stages.finding;
  if (!b->wrong)
    return LOOM_OK;
  const char *name = b->wrong->graph->name;
  if (b->stages.found)
    LOOM_FAIL(r->ctx, b->wrong->span, LOOM_ENUMERIC, "kernel %s goes wrong at %s of stage %s%s%s", name, f->op ? f->op : "an operation", f->stage, f->location ? ", " : "", f->location ? f->location : "");
  LOOM_FAIL(r->ctx, b->wrong->span, LOOM_ENUMERIC, b->is_carried ? "errors carried to kernel %s leave their bound" : "kernel %s goes wrong, and its stages do not: its machine code, or its program", name);
}

loom_status worker_network_bisect(program_run *r, bool for_npu, const network *net) {
  network_bisection found;
  run_options how = {0};
  void **args = ARENA_NEW_N(&r->ctx->mem, void *, r->f->n_args + 1);
  int64_t seed = 0;
  if (r->o->interp)
    LOOM_FAIL(r->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--bisect-numerics compares what kernels compute with the interpreter; --interp compiles nothing: leave one away");
  if (r->o->seed.last)
    LOOM_TRY(cli_int(r->ctx, "--seed", r->o->seed.last, 0, INT64_MAX, &seed));
  how.seed = (uint64_t)seed;
  for (int i = 0; i < r->f->n_args; i++)
    args[i] = r->args[i].bytes;
  LOOM_TRY(compile_network_bisect(r->ctx, r->c, for_npu, net, &how, args, &found));
  if (r->o->json)
    printf("%s\n", data_write_json(&r->ctx->mem, compile_network_bisection_data(&r->ctx->mem, net, &found, r->o->machine.last), 1));
  else
    print(r, net, &found);
  return verdict(r, &found);
}
