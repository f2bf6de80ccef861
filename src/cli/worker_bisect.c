#include "cli/worker_bisect.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

loom_status worker_bisect(loom_ctx *ctx, compile_state *s, const run_options *r, loom_status so_far, compile_bisection *out) {
  if (so_far != LOOM_OK && (!s->kernel || mlirModuleIsNull(s->stage0)))
    return so_far;
  LOOM_TRY(compile_bisect(s, r, out));
  s->bisection = compile_bisection_data(&ctx->mem, out);
  return out->found ? LOOM_OK : so_far;
}

/* Further lines of a text stand under the first. */
static void print_indented(const char *label, const char *s) {
  printf("%s", label);
  for (const char *end; (end = strchr(s, '\n')) != NULL; s = end + 1)
    printf("%.*s\n             ", (int)(end - s), s);
  printf("%s\n", s);
}

/* A NaN has no sign for people. */
static void print_numbers(const char *label, const char *element, double got, double expected, double bound) {
  printf("%s %s: %.9g; expected %.9g, bound %.3g\n", label, element, isnan(got) ? (double)NAN : got, isnan(expected) ? (double)NAN : expected, bound);
}

void worker_print_bisection(const compile_bisection *b) {
  const bisect_finding *f = &b->finding;
  for (size_t i = 0; i < b->stages.n; i++) {
    const bisect_stage *s = &b->stages.at[i];
    printf("stage        %-10s %s", s->name, compile_bisect_status_text(s->status));
    if (s->status == BISECT_REFERENCE)
      printf(", by the interpreter");
    if (s->elems)
      printf(": %" PRId64 " of %" PRId64 " elements beyond their bound", s->wrong, s->elems);
    printf(s->why ? ": %s\n" : "\n", s->why);
  }
  if (!b->found)
    return;
  printf("diverges at  %s of stage %s%s%s\n", f->op ? f->op : "an operation", f->stage, f->location ? ", " : "", f->location ? f->location : "");
  if (f->text)
    print_indented("             ", f->text);
  if (f->kernel_op)
    printf("in place of  %s%s%s\n", f->kernel_op, f->kernel_location ? " of " : "", f->kernel_location ? f->kernel_location : "");
  if (f->where && *f->where)
    printf("first in     %s\n", f->where);
  if (f->why)
    printf("because      %s\n", f->why);
  if (f->has_value)
    print_numbers("makes        element", f->element, f->got, f->expected, f->bound);
  if (f->result)
    print_numbers("result      ", f->result, f->result_got, f->result_expected, f->result_bound);
}

loom_status worker_bisect_verdict(loom_ctx *ctx, const compile_bisection *b) {
  const bisect_finding *f = &b->finding;
  if (!b->found)
    return LOOM_OK;
  diag_error(ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "stage %s goes wrong at %s%s%s", f->stage, f->op ? f->op : "an operation", f->location ? ", " : "", f->location ? f->location : "");
  return LOOM_ENUMERIC;
}
