/* Kernels from Python text on arguments with known contents, run by the interpreter; included by *_test.c only. */
#ifndef LOOM_HELION_TESTING_H
#define LOOM_HELION_TESTING_H
#include "base/testing.h"
#include "frontend/helion/helion.h"
#include "kernel/interp.h"

#define HELION_KERNEL(args) "import torch\nimport helion\nimport helion.language as hl\n@helion.kernel()\ndef f(" args "):\n"

/* An argument: element `at` (row-major) is value(at). */
typedef struct helion_input { const char *name; dtype type; int rank; int64_t shape[4]; double (*value)(int64_t at); } helion_input;
typedef struct helion_run { loom_ctx ctx; kernel_graph *k; interp_tensor *t; loom_status status; } helion_run;

/* Every block takes `block`; 0, and a block called "whole": the whole range.  exact: every value is rounded to its type. */
static inline void helion_run_text(helion_run *r, const char *code, const helion_input *inputs, size_t n, int64_t block, bool exact) {
  syn_node *tree;
  loom_ctx_init(&r->ctx);
  arena *m = &r->ctx.mem;
  VEC_OF(helion_given) given = {0};
  VEC_OF(sym_binding) blocks = {0};
  for (size_t i = 0; i < n; i++) {
    helion_given g = {.name = inputs[i].name, .kind = HELION_GIVEN_TENSOR, .type = inputs[i].type, .rank = inputs[i].rank};
    memcpy(g.shape, inputs[i].shape, sizeof inputs[i].shape);
    vec_push(m, &given, g);
  }
  r->status = python_parse(&r->ctx, "k.py", code, strlen(code), &tree);
  if (r->status == LOOM_OK)
    r->status = helion_read(&r->ctx, tree, &(helion_options){.given = given.at, .n_given = given.n}, &r->k);
  if (r->status == LOOM_OK)
    r->status = kernel_verify(&r->ctx, r->k);
  if (r->status != LOOM_OK)
    return;
  r->t = ARENA_NEW_N(m, interp_tensor, r->k->tensors.n);
  for (size_t i = 0; i < n; i++) {
    interp_tensor *t = &r->t[kernel_find_tensor(r->k, inputs[i].name)];
    *t = (interp_tensor){.type = inputs[i].type, .rank = inputs[i].rank, .elems = 1};
    for (int d = 0; d < t->rank; d++) {
      t->shape[d] = inputs[i].shape[d];
      t->elems *= t->shape[d];
    }
    t->value = ARENA_NEW_N(m, double, t->elems);
    for (int64_t at = 0; at < t->elems; at++)
      t->value[at] = inputs[i].value(at);
  }
  for (size_t i = 0; block && i < r->k->symbols.n; i++)
    if (r->k->symbols.at[i].kind == KERNEL_SYM_BLOCK && r->k->symbols.at[i].value < 0 && strcmp(r->k->symbols.at[i].name, "whole") != 0)
      vec_push(m, &blocks, ((sym_binding){r->k->symbols.at[i].name, block}));
  r->status = interp_run(&r->ctx, r->k, r->t, &(interp_options){.blocks = blocks.at, .n_blocks = blocks.n, .exact = exact, .op_budget = 10000000});
}

static inline const interp_tensor *helion_run_result(const helion_run *r, size_t i) { return &r->t[r->k->returns.at[i]]; }

/* Result 0 has the `n` elements of `want`, up to its error bound and what doubles lose. */
static inline void helion_expect(const char *code, const helion_input *inputs, size_t n_inputs, int64_t block, bool exact, const double *want, int64_t n) {
  helion_run r;
  helion_run_text(&r, code, inputs, n_inputs, block, exact);
  if (r.status != LOOM_OK)
    fail_msg("%d:%d: %s\n%s", r.ctx.diag.first->span.line, r.ctx.diag.first->span.col, r.ctx.diag.first->text, code);
  const interp_tensor *t = helion_run_result(&r, 0);
  if (t->elems != n)
    fail_msg("%d elements, expected %d\n%s", (int)t->elems, (int)n, code);
  for (int64_t at = 0; at < n; at++) {
    double got = t->value[at], slack = (t->bound ? t->bound[at] : 0) + 1e-12 * fabs(want[at]);
    bool same = isnan(want[at]) || isnan(got) ? isnan(want[at]) && isnan(got) : isinf(want[at]) || isinf(got) ? !(got < want[at]) && !(got > want[at]) : fabs(got - want[at]) <= slack;
    if (!same)
      fail_msg("block %d, element %d is %.17g, expected %.17g\n%s", (int)block, (int)at, got, want[at], code);
  }
  loom_ctx_done(&r.ctx);
}
#endif
