/* --bisect-numerics, stage by stage: what each runs on, and with which block sizes.
 *
 *   kernel      the graph, when an edited one replaced what was read: the interpreter on both
 *   stage0      upstream's form has whole tiles only, so block sizes are divisors near the plan's;  of the host: its loops, run as they are
 *   canonical   the same
 *   bufferized  the plan's block sizes; its cores run one after the other
 *   tog         the virtual chip itself, told by sim_watch                                                                                         */
#include "base/file.h"
#include "compile_bisect.h"
#include "compile_stage.h"
#include "pass/pass.h"
#include <math.h>
#include <string.h>

/* Values kept of one run: 2^25 numbers are 256 MiB, those of the interpreter with their bounds twice that. */
enum { ELEMS_MAX = 1 << 25, OPS_MAX = INT32_MAX };

static int64_t most_elems(const bisection *b) { return b->r->bisect_elems > 0 ? b->r->bisect_elems : ELEMS_MAX; }

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
  LOOM_TRY(bisect_run_kernel(s->ctx, k, *values, &o, mem, most_elems(b), run));
  if (!flow_is_full((*run)->flow))
    return LOOM_OK;
  diag_error(s->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "kernel '%s' makes more values at these sizes than --bisect-numerics keeps (%" PRId64 ")", k->name, most_elems(b));
  diag_help(s->ctx, "give a smaller --shape");
  return LOOM_ELIMIT;
}

static loom_status reference(bisection *b, const sym_binding *blocks, size_t n, const bisect_reference **out) {
  for (size_t i = 0; i < b->references.n; i++)
    if (same_blocks(&b->references.at[i], blocks, n)) {
      *out = &b->references.at[i];
      return LOOM_OK;
    }
  bisect_reference r = {blocks, n, NULL, NULL};
  LOOM_TRY(run_graph(b, b->graph, blocks, n, &b->kept, &r.run, &r.values));
  for (size_t i = 0; i < r.run->flow->nodes.n; i++) {
    const flow_node *node = &r.run->flow->nodes.at[i];
    if (node->kind == FLOW_CONSTANT && node->elems > 0 && b->references.n == 0)
      vec_push(&b->s->ctx->mem, &b->constants, node->x[0]);
  }
  vec_push(&b->s->ctx->mem, &b->references, r);
  *out = &b->references.at[b->references.n - 1];
  return LOOM_OK;
}

/* ---- block sizes ---- */
static loom_status plan_blocks(bisection *b, const sym_binding **out, size_t *n) {
  compile_state *s = b->s;
  VEC_OF(sym_binding) blocks = {0};
  if (!s->plan) {
    const sym_binding *given;
    size_t n_given;
    LOOM_TRY(compile_given_blocks(s, &given, &n_given));
    return kernel_block_sizes(s->ctx, b->graph, given, n_given, out, n);
  }
  for (size_t i = 0; i < s->plan->blocks.n; i++)
    if (kernel_find_symbol(b->graph, s->plan->blocks.at[i].symbol))
      vec_push(&s->ctx->mem, &blocks, ((sym_binding){s->plan->blocks.at[i].symbol, s->plan->blocks.at[i].size}));
  *out = blocks.at;
  *n = blocks.n;
  return LOOM_OK;
}

/* The divisor of `extent` nearest to `size`, as a factor.  `below`: it must be smaller than the extent, so that loops go round. */
static int64_t divisor_near(int64_t extent, int64_t size, bool below) {
  int64_t best = 1;
  double least = INFINITY;
  for (int64_t d = 1; d <= extent - (below && extent > 1); d++) {
    double factor = d > size ? (double)d / (double)size : (double)size / (double)d;
    if (extent % d == 0 && factor < least) {
      least = factor;
      best = d;
    }
  }
  return best;
}

/* Do these sizes divide whatever they tile, as the form of the module asks for? */
static bool divide_all(bisection *b, MlirModule m, const sym_binding *blocks, size_t n) {
  compile_state *s = b->s;
  text pipeline = text_new(&s->ctx->mem);
  for (size_t i = 0; i < n; i++)
    text_addf(&pipeline, "%s%s=%" PRId64, i ? " " : "", blocks[i].name, blocks[i].value);
  diag_mark before = diag_save(s->ctx);
  MlirModule clone = ir_clone_module(m);
  bool ok = pass_run_pipeline(&s->ir, clone, arena_printf(&s->ctx->mem, "builtin.module(loom-bind-symbols{%s})", text_str(&pipeline)), NULL) == LOOM_OK;
  ir_close_module(clone);
  diag_drop(s->ctx, before);
  return ok;
}

typedef struct symbol_search { arena *mem; const char *name; bool found; } symbol_search;
static bool match_symbol(MlirOperation op, void *data) {
  symbol_search *s = data;
  s->found = s->found || text_eq(dialect_sym_name(s->mem, op), s->name);
  return !s->found;
}
static bool has_symbol(MlirModule m, arena *mem, const char *name) {
  symbol_search s = {mem, name, false};
  ir_walk(mlirModuleGetOperation(m), match_symbol, &s);
  return s.found;
}

/* Whole tiles: the divisors of the extents nearest to the plan's sizes; with `below`, smaller than the extents.  *ok false: they do not divide all
 * that they tile. */
static loom_status whole_blocks(bisection *b, MlirModule m, bool below, const sym_binding **out, size_t *n, bool *ok) {
  compile_state *s = b->s;
  const sym_binding *planned;
  size_t n_planned;
  LOOM_TRY(plan_blocks(b, &planned, &n_planned));
  sym_binding *blocks = ARENA_NEW_N(&s->ctx->mem, sym_binding, b->graph->symbols.n);
  *n = 0;
  for (size_t i = 0; i < b->graph->symbols.n; i++) {
    const kernel_symbol *k = &b->graph->symbols.at[i];
    int64_t extent = 1, size = 1;
    if (k->kind != KERNEL_SYM_BLOCK || !has_symbol(m, &s->ctx->mem, k->name))
      continue;
    diag_mark before = diag_save(s->ctx);
    if (!k->extent || kernel_size(s->ctx, b->graph, k->extent, planned, n_planned, &extent) != LOOM_OK)
      extent = 1;
    diag_drop(s->ctx, before);
    for (size_t p = 0; p < n_planned; p++)
      if (text_eq(planned[p].name, k->name))
        size = planned[p].value;
    blocks[(*n)++] = (sym_binding){k->name, k->value >= 0 ? k->value : divisor_near(extent, size, below)};
  }
  *out = blocks;
  *ok = divide_all(b, m, blocks, *n);
  return LOOM_OK;
}

/* ---- MLIR ---- */
/* The operation as text: loops and grids with their first line only. */
static const char *print_op(bisection *b, const void *key, const char **out_location) {
  MlirOperation op = {(void *)(uintptr_t)key};
  loom_span at = ir_span(&b->s->ir, op);
  const char *name = ir_op_name(op), *all = ir_print(&b->s->ctx->mem, op, false);
  if (at.line > 0 && at.source)
    *out_location = arena_printf(&b->s->ctx->mem, "%s:%d:%d", at.source->path, at.line, at.col);
  for (size_t n = strlen(all); n > 0 && all[n - 1] == '\n'; n--)
    all = arena_strndup(&b->s->ctx->mem, all, n - 1);
  bool holds_others = text_starts(name, "scf.") || text_starts(name, "affine.") || text_starts(name, "func.");
  const char *end = strchr(all, '\n');
  return holds_others && end ? arena_strndup(&b->s->ctx->mem, all, (size_t)(end - all)) : all;
}

/* A module whose places are those of its dump, unless a user's file has replaced it. */
static loom_status with_places(bisection *b, compile_stage stage, MlirModule m, LOOM_GIVE MlirModule *out) {
  compile_state *s = b->s;
  const char *source = s->is_replaced[stage] ? NULL : compile_stage_text(s, stage);
  *out = ir_clone_module(m);
  if (!source || s->helion_text)
    return LOOM_OK;
  ir_close_module(*out);
  return ir_parse(&s->ir, compile_stage_file(&s->ctx->mem, stage), source, strlen(source), out);
}

static loom_status run_module(bisection *b, MlirModule m, const bisect_reference *want, bisect_outcome *out) {
  compile_state *s = b->s;
  arena *mem = &s->ctx->mem;
  const kernel_graph *k = b->graph;
  MlirOperation func = ir_find_func(m, NULL);
  intptr_t n = mlirBlockGetNumArguments(ir_body(func));
  bisect_argument *arguments = ARENA_NEW_N(mem, bisect_argument, n);
  kernel_tensor *root = ARENA_NEW_N(mem, kernel_tensor, n);
  bool *is_listed = ARENA_NEW_N(mem, bool, k->tensors.n);
  intptr_t count = 0;
  for (size_t i = 0; i < k->tensors.n && count < n; i++)
    if (k->tensors.at[i].role == KERNEL_ARG) {
      is_listed[i] = true;
      arguments[count].values = b->inputs[i].value;
      root[count++] = (kernel_tensor)i;
    }
  for (size_t i = 0; i < k->returns.n && count < n; i++) {
    kernel_tensor t = k->returns.at[i] < 0 ? -1 : compile_root(k, k->returns.at[i]);
    if (t < 0 || is_listed[t])
      continue;
    is_listed[t] = true;
    root[count++] = t;
  }
  VEC_OF(int64_t) sizes = {0};
  for (size_t i = 0; i < k->symbols.n; i++)
    if (k->symbols.at[i].is_open)
      vec_push(mem, &sizes, k->symbols.at[i].value);
  for (size_t i = sizes.n; (intptr_t)i < n; i++)
    vec_push(mem, &sizes, 0);
  bisect_ir_options o = {.symbols = want->blocks, .n_symbols = want->n_blocks, .arguments = arguments, .n_arguments = (size_t)n, .scalars = sizes.at,
                         .accumulate_in_result_type = s->plan ? !s->plan->accumulate_f32 : !s->o->accumulate_f32, .elems_max = most_elems(b), .op_budget = OPS_MAX};
  flow_memory **memory;
  LOOM_TRY(bisect_run_ir(&s->ir, func, &o, &b->passing, &out->flow, &memory, &out->stop));
  out->values = ARENA_NEW_N(mem, const double *, k->tensors.n);
  out->writer = ARENA_NEW_N(mem, const int *, k->tensors.n);
  for (intptr_t i = 0; i < count && out->stop.end == BISECT_RAN; i++) {
    if (!memory[i] || memory[i]->elems != want->values[root[i]].elems)
      continue;
    out->values[root[i]] = memory[i]->x;
    out->writer[root[i]] = memory[i]->writer;
  }
  return LOOM_OK;
}

/* ---- the virtual chip ---- */
static const data_value *find_node(const data_value *body, int *left) {
  for (size_t i = 0; body && i < body->n; i++) {
    const data_value *v = body->items[i];
    if ((*left)-- == 0)
      return v;
    const data_value *found = find_node(data_get(v, "body"), left);
    if (found)
      return found;
  }
  return NULL;
}

static bool has_node(const tog_body *body, const void *key) {
  for (size_t i = 0; i < body->n; i++)
    if (body->at[i] == key || has_node(&body->at[i]->body, key))
      return true;
  return false;
}

static const char *print_node(bisection *b, const void *key, const char **out_location) {
  arena *mem = &b->s->ctx->mem;
  const tog_node *n = has_node(&b->s->tog->body, key) ? key : NULL;
  if (!n)   /* the cores as a whole */
    return NULL;
  int left = n->id;
  const data_value *v = find_node(data_get(tog_to_data(mem, b->s->tog), "body"), &left);
  data_value *head = data_object(mem);
  for (size_t i = 0; v && i < v->n; i++)
    if (!text_eq(v->members[i].key, "body") && !text_eq(v->members[i].key, "cycles") && !text_eq(v->members[i].key, "active"))   /* no part of the values */
      data_set(mem, head, v->members[i].key, v->members[i].value);
  *out_location = arena_printf(mem, "%s, node %d", b->s->is_replaced[COMPILE_TOG] ? b->s->is_replaced[COMPILE_TOG] : compile_stage_file(mem, COMPILE_TOG), n->id);
  const char *json = data_write_json(mem, head, 0);
  return n->kind == TOG_COMPUTE && n->function >= 0 ? arena_printf(mem, "%s\n%s", json, b->s->tog->functions.at[n->function].mlir) : json;
}

static loom_status simulate(bisection *b, const sim_tile_fn *functions, bisect_outcome *out) {
  compile_state *s = b->s;
  arena *mem = &s->ctx->mem;
  void **dram = ARENA_NEW_N(mem, void *, s->tog->tensors.n);
  bisect_tog *watch = bisect_tog_open(&b->passing, s->tog, most_elems(b));
  sim_exec exec = {functions, s->tog->functions.n};
  sim_options o = {.exec = &exec, .tensors = dram, .verify = true, .watch = bisect_tog_watch(watch)};
  sim_report report;
  for (size_t i = 0; i < s->tog->tensors.n; i++) {
    const tog_tensor *t = &s->tog->tensors.at[i];
    kernel_tensor k = compile_tensor_of_argument(b->graph, t->arg);
    dram[i] = k >= 0 && b->graph->tensors.at[k].role == KERNEL_ARG ? compile_to_bytes(mem, &b->inputs[k]) : arena_array(mem, (size_t)tog_tensor_elems(t), dtype_bytes(t->type));
  }
  LOOM_TRY(sim_run(s->ctx, s->tog, s->machine, &o, &report));
  out->flow = bisect_tog_run(watch);
  out->values = ARENA_NEW_N(mem, const double *, b->graph->tensors.n);
  out->writer = ARENA_NEW_N(mem, const int *, b->graph->tensors.n);
  if (flow_is_full(out->flow))
    out->stop = (bisect_stop){.end = BISECT_FULL, .why = "more values than are kept"};
  for (size_t i = 0; i < s->tog->tensors.n; i++) {
    const tog_tensor *t = &s->tog->tensors.at[i];
    kernel_tensor k = compile_tensor_of_argument(b->graph, t->arg), root = k < 0 ? -1 : compile_root(b->graph, k);
    if (root < 0)
      continue;
    double *x = ARENA_NEW_N(mem, double, tog_tensor_elems(t));
    for (int64_t e = 0; e < tog_tensor_elems(t); e++)
      x[e] = dtype_load(t->type, (const char *)dram[i] + (size_t)e * dtype_bytes(t->type));
    out->values[root] = x;
    out->writer[root] = bisect_tog_writer(watch, (int)i);
  }
  out->fault = report.n_faults ? report.faults.at[0].text : NULL;
  return LOOM_OK;
}

static loom_status run_chip(bisection *b, bisect_outcome *out) {
  codegen_image *image = NULL;
  sim_tile_fn *functions;
  loom_status st = compile_tiles(b->s, &image, &functions);
  if (st == LOOM_OK)
    st = simulate(b, functions, out);
  if (image)
    codegen_unlink(image);
  return st;
}

/* ---- stages ---- */
static void keep_constants(bisection *b, const bisect_outcome *o) {
  for (size_t i = 0; i < o->flow->nodes.n; i++) {
    const flow_node *n = &o->flow->nodes.at[i];
    if (n->kind == FLOW_CONSTANT && n->elems > 0)
      vec_push(&b->s->ctx->mem, &b->constants, n->x[0]);
  }
}

/* The module with these block sizes. */
static loom_status judge_blocks(bisection *b, MlirModule m, const sym_binding *blocks, size_t n, bisect_stage *row) {
  const bisect_reference *want;
  bisect_outcome got = {0};
  LOOM_TRY(reference(b, blocks, n, &want));
  LOOM_TRY(run_module(b, m, want, &got));
  LOOM_TRY(bisect_judge(b, row->name, want, &got, row, print_op));
  if (row->status == BISECT_OK)
    keep_constants(b, &got);
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
    LOOM_TRY(whole_blocks(b, m, below, &blocks, &n, &ok));
    if (!ok)
      continue;
    LOOM_TRY(judge_blocks(b, m, blocks, n, &once));
    if (once.status == BISECT_SKIPPED && any)   /* too many rounds to keep: the first time was enough */
      continue;
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
  LOOM_TRY(plan_blocks(b, &blocks, &n));
  LOOM_TRY(with_places(b, stage, m, &placed));
  loom_status st = has_whole_tiles ? judge_whole_tiles(b, placed, &row) : judge_blocks(b, placed, blocks, n, &row);
  ir_close_module(placed);
  vec_push(&b->s->ctx->mem, &b->out->stages, row);
  return st;
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
    LOOM_TRY(plan_blocks(b, &blocks, &n));
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
  LOOM_TRY(plan_blocks(b, &blocks, &n));
  LOOM_TRY(reference(b, blocks, n, &want));
  LOOM_TRY(run_chip(b, &got));
  LOOM_TRY(bisect_judge(b, row.name, want, &got, &row, print_node));
  vec_push(&s->ctx->mem, &b->out->stages, row);
  return LOOM_OK;
}

static loom_status judge_stages(bisection *b) {
  compile_state *s = b->s;
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
