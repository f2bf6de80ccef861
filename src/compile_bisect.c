/* --bisect-numerics, stage by stage: what each runs on, and with which block sizes.
 *
 *   kernel      the graph, when an edited one replaced what was read: the interpreter on both
 *   stage0      upstream's form has whole tiles only, so block sizes are divisors near the plan's;  of the host: its loops, run as they are
 *   canonical   the same
 *   bufferized  the plan's block sizes; its cores run one after the other
 *   tog         the virtual chip itself, told by sim_watch                                                                                         */
#include "compile_bisect.h"
#include "compile_stage.h"
#include <string.h>

/* Values kept of one run: 2^25 numbers are 256 MiB, those of the interpreter with their bounds twice that. */
enum { ELEMS_MAX = 1 << 25 };

int64_t bisect_most_elems(const bisection *b) { return b->r->bisect_elems > 0 ? b->r->bisect_elems : ELEMS_MAX; }

/* ---- the reference ---- */
static bool same_blocks(const bisect_reference *r, const sym_binding *blocks, size_t n) {
  for (size_t i = 0; i < n && r->n_blocks == n; i++)
    if (!text_eq(r->blocks[i].name, blocks[i].name) || r->blocks[i].value != blocks[i].value)
      return false;
  return r->n_blocks == n;
}

static interp_tensor *copy_inputs(bisection *b) {
  size_t n = b->graph->tensors.n;
  interp_tensor *t = ARENA_NEW_N(&b->s->ctx->mem, interp_tensor, n);
  for (size_t i = 0; i < n; i++) {
    t[i] = b->inputs[i];
    if (!t[i].value)
      continue;
    t[i].value = ARENA_NEW_N(&b->s->ctx->mem, double, t[i].elems);
    memcpy(t[i].value, b->inputs[i].value, (size_t)t[i].elems * sizeof(double));
  }
  return t;
}

static loom_status run_graph(bisection *b, const kernel_graph *k, const sym_binding *blocks, size_t n, arena *mem, bisect_kernel **run, interp_tensor **values) {
  compile_state *s = b->s;
  interp_options o = {.blocks = blocks, .n_blocks = n, .op_budget = -1,
                      .accumulate_in_result_type = s->plan ? !s->plan->accumulate_f32 : !s->o->accumulate_f32};
  *values = copy_inputs(b);
  LOOM_TRY(bisect_run_kernel(s->ctx, k, *values, &o, mem, bisect_most_elems(b), run));
  if (!flow_is_full((*run)->flow))
    return LOOM_OK;
  diag_error(s->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "kernel '%s' makes more values at these sizes than --bisect-numerics keeps (%" PRId64 ")", k->name, bisect_most_elems(b));
  diag_help(s->ctx, "give a smaller --shape");
  return LOOM_ELIMIT;
}

/* What constants hold; a number once where its neighbours are equal, as in most. */
static void keep_constants(bisection *b, const flow_run *f) {
  for (size_t i = 0; i < f->nodes.n; i++) {
    const flow_node *n = &f->nodes.at[i];
    for (int64_t e = 0; n->kind == FLOW_CONSTANT && e < n->elems; e++)
      if (e == 0 || n->x[e] != n->x[e - 1])
        vec_push(&b->s->ctx->mem, &b->constants, n->x[e]);
  }
}

static loom_status reference(bisection *b, const sym_binding *blocks, size_t n, const bisect_reference **out) {
  for (size_t i = 0; i < b->references.n; i++)
    if (same_blocks(&b->references.at[i], blocks, n)) {
      *out = &b->references.at[i];
      return LOOM_OK;
    }
  bisect_reference r = {blocks, n, NULL, NULL};
  LOOM_TRY(run_graph(b, b->graph, blocks, n, &b->kept, &r.run, &r.values));
  if (b->references.n == 0)
    keep_constants(b, r.run->flow);
  vec_push(&b->s->ctx->mem, &b->references, r);
  *out = &b->references.at[b->references.n - 1];
  return LOOM_OK;
}

/* ---- stages ---- */
/* The module with these block sizes. */
static loom_status judge_blocks(bisection *b, MlirModule m, const sym_binding *blocks, size_t n, bisect_stage *row) {
  const bisect_reference *want;
  bisect_outcome got = {0};
  LOOM_TRY(reference(b, blocks, n, &want));
  LOOM_TRY(bisect_run_module(b, m, want, &got));
  LOOM_TRY(bisect_judge(b, row->name, want, &got, row, bisect_print_op));
  if (row->status == BISECT_OK)
    keep_constants(b, got.flow);
  arena_done(&b->passing);
  return LOOM_OK;
}

/* Whole tiles twice: of about the plan's size, and so small that every loop goes round, as the plan's may. */
static loom_status judge_whole_tiles(bisection *b, MlirModule m, bisect_stage *row) {
  const sym_binding *blocks;
  size_t n;
  bool ok, any = false;
  for (int below = 0; below < 2 && row->status == BISECT_OK; below++) {
    bisect_stage once = {.name = row->name};
    LOOM_TRY(bisect_whole_blocks(b, m, below, &blocks, &n, &ok));
    if (!ok)
      continue;
    diag_mark before = diag_save(b->s->ctx);
    loom_status st = judge_blocks(b, m, blocks, n, &once);
    if (any && (st == LOOM_ELIMIT || once.status == BISECT_SKIPPED)) {   /* too many rounds to keep: the first time was enough */
      diag_drop(b->s->ctx, before);
      continue;
    }
    LOOM_TRY(st);
    *row = once;
    any = true;
  }
  if (any)
    return LOOM_OK;
  row->status = BISECT_SKIPPED;
  row->why = "no block sizes divide all that they tile, and this form has whole tiles only";
  return LOOM_OK;
}

static loom_status judge_module(bisection *b, compile_stage stage, MlirModule m, bool has_whole_tiles) {
  bisect_stage row = {.name = compile_stage_name(stage)};
  const sym_binding *blocks;
  size_t n;
  MlirModule placed;
  if (mlirModuleIsNull(m))
    return LOOM_OK;
  LOOM_TRY(bisect_plan_blocks(b, &blocks, &n));
  LOOM_TRY(bisect_with_places(b, stage, m, &placed));
  loom_status st = has_whole_tiles ? judge_whole_tiles(b, placed, &row) : judge_blocks(b, placed, blocks, n, &row);
  ir_close_module(placed);
  LOOM_TRY(st);
  vec_push(&b->s->ctx->mem, &b->out->stages, row);
  return LOOM_OK;
}

static const char *print_kernel_op(bisection *b, const void *key, const char **out_location) {
  const kernel_op *op = key;
  *out_location = bisect_kernel_op_text(&b->s->ctx->mem, b->s->kernel, op);
  return NULL;
}

/* An edited graph against the one that was read. */
static loom_status judge_kernel(bisection *b) {
  compile_state *s = b->s;
  arena *mem = &s->ctx->mem;
  bisect_stage row = {.name = compile_stage_name(COMPILE_KERNEL), .status = BISECT_REFERENCE};
  const sym_binding *blocks;
  size_t n;
  if (s->kernel != b->graph) {
    const bisect_reference *want;
    bisect_kernel *run;
    interp_tensor *values;
    bisect_outcome got = {0};
    LOOM_TRY(bisect_plan_blocks(b, &blocks, &n));
    LOOM_TRY(reference(b, blocks, n, &want));
    LOOM_TRY(run_graph(b, s->kernel, blocks, n, &b->passing, &run, &values));
    got.flow = run->flow;
    got.values = ARENA_NEW_N(mem, const double *, s->kernel->tensors.n);
    got.writer = ARENA_NEW_N(mem, const int *, s->kernel->tensors.n);
    for (size_t i = 0; i < s->kernel->tensors.n && i < b->graph->tensors.n; i++)
      if (values[i].value && values[i].elems == want->values[i].elems) {
        got.values[i] = values[i].value;
        got.writer[i] = run->writer[i];
      }
    LOOM_TRY(bisect_judge(b, row.name, want, &got, &row, print_kernel_op));
  }
  vec_push(mem, &b->out->stages, row);
  return LOOM_OK;
}

static loom_status judge_tog(bisection *b) {
  compile_state *s = b->s;
  bisect_stage row = {.name = compile_stage_name(COMPILE_TOG)};
  const sym_binding *blocks;
  size_t n;
  const bisect_reference *want;
  bisect_outcome got = {0};
  if (!s->tog)
    return LOOM_OK;
  LOOM_TRY(bisect_plan_blocks(b, &blocks, &n));
  LOOM_TRY(reference(b, blocks, n, &want));
  LOOM_TRY(bisect_run_chip(b, &got));
  LOOM_TRY(bisect_judge(b, row.name, want, &got, &row, bisect_print_node));
  vec_push(&s->ctx->mem, &b->out->stages, row);
  return LOOM_OK;
}

static loom_status judge_stages(bisection *b) {
  compile_state *s = b->s;
  LOOM_TRY(compile_check_inputs(s, b->r));
  LOOM_TRY(compile_make_inputs(s, b->r, false, b->inputs));
  LOOM_TRY(judge_kernel(b));
  if (!b->out->found)
    LOOM_TRY(judge_module(b, COMPILE_STAGE0, s->stage0, s->machine != NULL));
  if (!b->out->found)
    LOOM_TRY(judge_module(b, COMPILE_CANONICAL, s->canonical, true));
  if (!b->out->found)
    LOOM_TRY(judge_module(b, COMPILE_BUFFERIZED, s->bufferized, false));
  return b->out->found ? LOOM_OK : judge_tog(b);
}

loom_status compile_bisect(compile_state *s, const run_options *r, compile_bisection *out) {
  memset(out, 0, sizeof *out);
  if (!s->kernel || s->is_opaque) {
    diag_error(s->ctx, diag_file_span(s->ctx, s->o->input), LOOM_EUNSUP, "--bisect-numerics compares with the kernel graph, and MLIR text has none");
    diag_help(s->ctx, "give the kernel's Python source or Device IR dump, and the MLIR as 001_stage0.mlir with --override-dir");
    return LOOM_EUNSUP;
  }
  bisection b = {.s = s, .r = r, .out = out, .graph = s->read_kernel ? s->read_kernel : s->kernel};
  b.kept.guard = b.passing.guard = s->ctx->mem.guard;
  b.inputs = ARENA_NEW_N(&s->ctx->mem, interp_tensor, s->kernel->tensors.n + b.graph->tensors.n);
  loom_status st = judge_stages(&b);
  arena_done(&b.kept);
  arena_done(&b.passing);
  return st;
}
