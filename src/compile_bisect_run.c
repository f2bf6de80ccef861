/* Running one stage for --bisect-numerics: a module in the interpreter of MLIR, the TOG on the virtual chip. */
#include "compile_bisect.h"
#include "compile_stage.h"
#include <string.h>

enum { OPS_MAX = 1 << 30 };   /* scalar operations of one run */

/* ---- MLIR ---- */
/* The operation as text: loops and grids with their first line only. */
const char *bisect_print_op(bisection *b, const void *key, const char **out_location) {
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
loom_status bisect_with_places(bisection *b, compile_stage stage, MlirModule m, LOOM_GIVE MlirModule *out) {
  compile_state *s = b->s;
  const char *source = s->is_replaced[stage] ? NULL : compile_stage_text(s, stage);
  *out = ir_clone_module(m);
  if (!source || s->helion_text)
    return LOOM_OK;
  ir_close_module(*out);
  return ir_parse_own(&s->ir, compile_stage_file(&s->ctx->mem, stage), source, strlen(source), out);
}

/* The function's memory in its order: the kernel's arguments, then what is returned and is none, each once (lower.h). */
static kernel_tensor *list_roots(bisection *b, intptr_t *out_n) {
  const kernel_graph *k = b->graph;
  arena *mem = &b->s->ctx->mem;
  VEC_OF(kernel_tensor) roots = {0};
  bool *is_listed = ARENA_NEW_N(mem, bool, k->tensors.n);
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].role == KERNEL_ARG) {
      is_listed[i] = true;
      vec_push(mem, &roots, (kernel_tensor)i);
    }
  for (size_t i = 0; i < k->returns.n; i++) {
    kernel_tensor t = k->returns.at[i] < 0 ? -1 : kernel_root(k, k->returns.at[i]);
    if (t < 0 || is_listed[t])
      continue;
    is_listed[t] = true;
    vec_push(mem, &roots, t);
  }
  *out_n = (intptr_t)roots.n;
  return roots.at;
}

/* Sizes of a call: room for as many as the function has arguments. */
static const int64_t *open_sizes(bisection *b, intptr_t n_arguments) {
  const kernel_graph *k = b->graph;
  int64_t *sizes = ARENA_NEW_N(&b->s->ctx->mem, int64_t, (size_t)n_arguments + k->symbols.n);
  size_t n = 0;
  for (size_t i = 0; i < k->symbols.n; i++)
    if (k->symbols.at[i].is_open)
      sizes[n++] = k->symbols.at[i].value;
  return sizes;
}

static intptr_t count_memory(MlirOperation func) {
  intptr_t n = 0, all = mlirBlockGetNumArguments(ir_body(func));
  for (intptr_t i = 0; i < all; i++)
    n += mlirTypeIsAMemRef(mlirValueGetType(mlirBlockGetArgument(ir_body(func), i)));
  return n;
}

loom_status bisect_run_module(bisection *b, MlirModule m, const bisect_reference *want, bisect_outcome *out) {
  compile_state *s = b->s;
  arena *mem = &s->ctx->mem;
  MlirOperation func = ir_find_func(m, NULL);
  intptr_t n;
  const kernel_tensor *roots = list_roots(b, &n);
  out->flow = flow_new(&b->passing, 0);
  if (mlirOperationIsNull(func) || mlirBlockIsNull(ir_body(func)) || count_memory(func) != n) {
    out->stop = (bisect_stop){.end = BISECT_UNKNOWN, .why = "it has no function that takes the kernel's arguments and results"};
    return LOOM_OK;
  }
  bisect_argument *arguments = ARENA_NEW_N(mem, bisect_argument, n);
  for (intptr_t i = 0; i < n; i++)
    arguments[i] = (bisect_argument){b->graph->tensors.at[roots[i]].role == KERNEL_ARG ? b->inputs[roots[i]].value : NULL, want->values[roots[i]].elems};
  bisect_ir_options o = {.symbols = want->blocks, .n_symbols = want->n_blocks, .arguments = arguments, .n_arguments = (size_t)n,
                         .scalars = open_sizes(b, mlirBlockGetNumArguments(ir_body(func))), .elems_max = bisect_most_elems(b), .op_budget = OPS_MAX,
                         .accumulate_in_result_type = s->plan ? !s->plan->accumulate_f32 : !s->o->accumulate_f32};
  flow_memory **memory;
  LOOM_TRY(bisect_run_ir(&s->ir, func, &o, &b->passing, &out->flow, &memory, &out->stop));
  out->values = ARENA_NEW_N(mem, const double *, b->graph->tensors.n);
  out->writer = ARENA_NEW_N(mem, const int *, b->graph->tensors.n);
  for (intptr_t i = 0; i < n && out->stop.end == BISECT_RAN; i++) {
    out->values[roots[i]] = memory[i]->x;
    out->writer[roots[i]] = memory[i]->writer;
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

const char *bisect_print_node(bisection *b, const void *key, const char **out_location) {
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
  bisect_tog *watch = bisect_tog_open(&b->passing, s->tog, bisect_most_elems(b));
  sim_exec exec = {functions, s->tog->functions.n};
  sim_options o = {.exec = &exec, .tensors = dram, .watch = bisect_tog_watch(watch)};   /* what the verifier would refuse is for the chip to show */
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
    kernel_tensor k = compile_tensor_of_argument(b->graph, t->arg), root = k < 0 ? -1 : kernel_root(b->graph, k);
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

loom_status bisect_run_chip(bisection *b, bisect_outcome *out) {
  codegen_image *image = NULL;
  sim_tile_fn *functions;
  loom_status st = compile_tiles(b->s, &image, &functions);
  if (st == LOOM_OK)
    st = simulate(b, functions, out);
  if (image)
    codegen_unlink(image);
  return st;
}
