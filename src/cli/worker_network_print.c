/* Networks for people, and as loom.summary.v1. */
#include "base/file.h"
#include "cli/worker_network.h"
#include "compile_program_report.h"
#include "report/report_program.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void print_check(arena *m, const char *what, const run_check *c, const network_sampled *s) {
  if (!c->done)
    return;
  printf("%-12s %s: max error %.3g; nearest to its bound is %s with %.3g of %.3g; %" PRId64 " of %" PRId64 " elements beyond", what, c->ok && (!s->done || s->ok) ? "ok" : "WRONG", c->max_abs_error,
         c->where ? c->where : "-", c->error, c->bound, c->wrong, c->elems);
  if (c->unbounded)
    printf("; %" PRId64 " WITHOUT A BOUND", c->unbounded);
  if (s->done)
    printf("; of what rounding explains (moved runs) %.2g is used%s", s->tolerance > 0 ? s->error / s->tolerance : s->error > 0 ? (double)INFINITY : 0,
           s->ok ? "" : arena_printf(m, ": %" PRId64 " elements beyond, worst %s", s->wrong, s->where));
  putchar('\n');
}

static void print_steps(arena *m, const compile_network *n) {
  for (size_t i = 0; i < n->steps.n; i++) {
    const compile_network_step *s = &n->steps.at[i];
    const run_check *c = &s->execution.check;
    printf("kernel       %s%s%s: %s", s->kernel->graph->name, s->same_as ? " as " : "", s->same_as ? s->same_as->graph->name : "",
           n->host ? arena_printf(m, "%.4g ms", s->ms) : arena_printf(m, "%s cycles%s%s", text_thousands(m, s->cycles), s->split ? ", " : "", s->split ? s->split : ""));
    if (c->done)
      printf("; check %s: max error %.3g, %.3g of %.3g at %s%s", c->ok ? "ok" : "WRONG", c->max_abs_error, c->error, c->bound, c->where ? c->where : "-",
             !c->integers_run ? "" : c->integers_ok ? "; integers bit-identical" : "; integers DIFFER");
    putchar('\n');
    for (size_t k = 0; k < s->execution.report.faults.n && k < 3; k++)
      printf("fault        %s\n", s->execution.report.faults.at[k].text);
  }
}

/* How much the tensors between kernels take, and how sure it is that they take no more than they must. */
static void print_buffers(arena *m, const network *net, const network_buffers *b) {
  if (!b->n)
    return;
  printf("memory       %s bytes between kernels for %d tensors of %s", text_thousands(m, b->peak_bytes), b->n, text_thousands(m, b->unshared_bytes));
  if (b->n_in_place)
    printf(", %d of them in place of another", b->n_in_place);
  printf(": ");
  if (b->peak_bytes == b->lower_bound)
    printf("optimal, proved");
  else
    printf("best found, bound %s", text_thousands(m, b->lower_bound));
  printf(" (most are alive at %s)\n", net->kernels.at[(size_t)b->fullest < net->kernels.n ? (size_t)b->fullest : net->kernels.n - 1].graph->name);
}

/* What stays on the chip, and what the plans say that it saves. */
static void print_l1(arena *m, const compile_network *n) {
  const network_l1 *l = &n->l1;
  if (!l->at || !l->n_in)
    return;
  printf("in L1        %d tensor%s of %s bytes between kernels, up to %s bytes of each core: %s bytes move on the chip instead of to and from DRAM; predicted %s cycles, without %s\n", l->n_in,
         l->n_in == 1 ? "" : "s", text_thousands(m, l->all_bytes), text_thousands(m, l->peak), text_thousands(m, l->moved), text_thousands(m, n->predicted), text_thousands(m, n->predicted_in_dram));
}

void worker_network_print(const program_run *r, const network *net, const compile_network *n, const run_check *host) {
  arena *m = &r->ctx->mem;
  if (r->o->json) {
    data_value *v = compile_network_summary(m, net, n, r->o->machine.last);
    if (host->done)
      data_set_bool(m, v, "host_agrees", host->ok);
    data_set_real(m, v, "compile_ms", r->compile_ms);
    if (r->o->tuning) {
      data_value *tuning = data_object(m);
      data_set_int(m, tuning, "replayed", n->n_tuned);
      data_set_int(m, tuning, "recorded", n->n_recorded);
      data_set(m, v, "tuning", tuning);
    }
    printf("%s\n", data_write_json(m, v, 1));
    return;
  }
  printf("network      @%s on %s: %zu kernels\n", net->name, r->o->interp ? "the reference interpreter" : r->o->machine.last, net->kernels.n);
  print_steps(m, n);
  if (n->host)
    printf("measured     %.4g ms, once, on %d thread%s\n", compile_network_ms(n), n->threads, n->threads == 1 ? "" : "s");
  else if (!r->o->interp)
    printf("%-12s %s cycles\n", n->has_cycles ? "simulated" : "predicted", text_thousands(m, n->cycles));
  print_l1(m, n);
  print_buffers(m, net, &n->buffers);
  if (r->o->tuning)
    printf("tuning       %d plan%s from the tuning database, %d recorded\n", n->n_tuned, n->n_tuned == 1 ? "" : "s", n->n_recorded);
  print_check(m, "check", &n->whole, &n->sampled);
  if (n->whole.done && net->sums_narrow)
    printf("host         not compared: the function sums in narrow floats, its kernels in float32\n");
  print_check(m, "host", host, &n->host_sampled);
  if (!n->host)
    return;
  cli_print_kernels(compile_network_providers(m, n));
  if (!r->o->check && !r->o->output.all.n)
    worker_program_print_results(r);
}

loom_status worker_network_print_sim(const program_run *r, const network *net, const compile_network *n) {
  arena *m = &r->ctx->mem;
  const data_value *v = compile_network_sim(m, net, n);
  if (r->o->out.last)
    LOOM_TRY(data_write_json_file(r->ctx, r->o->out.last, v));
  if (r->o->json) {
    printf("%s\n", data_write_json(m, v, 1));
    return LOOM_OK;
  }
  print_steps(m, n);
  printf("cycles       %s\nDRAM         %s bytes read, %s written\nfaults       %" PRId64 "\n", text_thousands(m, n->cycles), text_thousands(m, data_get(v, "dram_bytes_read")->integer),
         text_thousands(m, data_get(v, "dram_bytes_written")->integer), (int64_t)data_get(v, "faults")->n);
  print_l1(m, n);
  print_buffers(m, net, &n->buffers);
  return LOOM_OK;
}

loom_status worker_network_report(const program_run *r, const network *net, const compile_network *n) {
  arena *m = &r->ctx->mem;
  machine *chip;
  LOOM_TRY(machine_load_with(r->ctx, r->c->machine, r->c->calibration, r->c->compute_dir, &chip));
  const data_value *report = compile_program_report(r->ctx, net, n, chip);
  const char *json = data_write_json(m, report, 1);
  if (r->o->json)
    printf("%s\n", json);
  else
    worker_program_report_print(m, report);
  if (!r->o->out.last)
    return LOOM_OK;
  const char *page = report_program_html(m, arena_printf(m, "%s on %s", net->name, chip->name), json);
  LOOM_TRY(file_write(r->ctx, r->o->out.last, page, strlen(page)));
  if (!r->o->json)
    printf("\nwritten      %s\n", r->o->out.last);
  return LOOM_OK;
}
