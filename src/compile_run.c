/* Execution: contents of the arguments, tile functions, the virtual chip, the check against the interpreter. */
#include "compile.h"
#include "compile_exec.h"
#include "target/cpu/cpu.h"
#include <math.h>
#include <string.h>

loom_status compile_given_blocks(compile_state *s, const sym_binding **out, size_t *out_n) {
  sym_binding *b = ARENA_NEW_N(&s->ctx->mem, sym_binding, s->o->n_domains + s->kernel->symbols.n);
  size_t n = 0, position = 0;
  for (size_t i = 0; i < s->o->n_domains; i++)
    if (s->o->domains[i].assigned > 0 && s->o->domains[i].symbol)
      b[n++] = (sym_binding){s->o->domains[i].symbol, s->o->domains[i].assigned};
  size_t n_positions = 0;
  while (n_positions < s->o->n_domains && !s->o->domains[n_positions].symbol)
    n_positions++;
  for (size_t i = 0; n_positions && i < s->kernel->symbols.n; i++) {   /* in order; the last one repeats */
    const kernel_symbol *k = &s->kernel->symbols.at[i];
    if (k->kind != KERNEL_SYM_BLOCK || k->value >= 0)
      continue;
    b[n++] = (sym_binding){k->name, s->o->domains[position < n_positions ? position : n_positions - 1].assigned};
    position++;
  }
  *out = b;
  *out_n = n;
  return LOOM_OK;
}

loom_status compile_interpret(compile_state *s, interp_tensor *t, bool exact) {
  VEC_OF(sym_binding) blocks = {0};
  const sym_binding *given = NULL;
  size_t n = 0;
  for (size_t i = 0; s->plan && i < s->plan->blocks.n; i++)      /* a loop without blocks (hl.grid) has one of its own in the plan, of size 1 */
    if (kernel_find_symbol(s->kernel, s->plan->blocks.at[i].symbol))
      vec_push(&s->ctx->mem, &blocks, ((sym_binding){s->plan->blocks.at[i].symbol, s->plan->blocks.at[i].size}));
  if (!s->plan)
    LOOM_TRY(compile_given_blocks(s, &given, &n));
  interp_options o = {.blocks = s->plan ? blocks.at : given, .n_blocks = s->plan ? blocks.n : n,
                      .accumulate_in_result_type = s->plan ? !s->plan->accumulate_f32 : !s->o->accumulate_f32,
                      .flushes_bf16 = s->dots.bf16 != CPU_DOT_NONE, .cuts_f32 = s->o->for_board, .loses_nan = s->o->for_board, .exact = exact, .op_budget = -1};
  return interp_run(s->ctx, s->kernel, t, &o);
}

/* A compute node and its tile function must agree on buffers and extents: the function would otherwise read past what it is given. */
static loom_status check_signature(compile_state *s, MlirModule m, const tog_node *n) {
  const tog_function *f = &s->tog->functions.at[n->function];
  MlirOperation func = ir_find_func(m, f->name);
  if (mlirOperationIsNull(func))
    LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EINPUT, "node %d '%s': the text of tile function '%s' does not define it", n->id, n->label, f->name);
  MlirBlock body = ir_body(func);
  size_t n_numbers = n->args.n + n->numbers.n;
  intptr_t want = (intptr_t)(n->uses.n + n_numbers);
  if (mlirBlockIsNull(body) || mlirBlockGetNumArguments(body) != want)
    LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EINPUT, "node %d '%s' gives %zu buffers and %zu extents; tile function '%s' takes %d arguments", n->id, n->label, n->uses.n,
              n_numbers, f->name, mlirBlockIsNull(body) ? 0 : (int)mlirBlockGetNumArguments(body));
  for (size_t i = 0; i < n->uses.n + n_numbers; i++) {
    const char *expected = "index", *got = ir_print_type(&s->ctx->mem, mlirValueGetType(mlirBlockGetArgument(body, (intptr_t)i)));
    if (i < n->uses.n) {
      const tog_buffer *b = &s->tog->buffers.at[n->uses.at[i].buffer];
      text t = text_new(&s->ctx->mem);
      text_add(&t, "memref<");
      for (int d = 0; d < b->rank; d++)
        text_addf(&t, "%" PRId64 "x", b->shape[d]);
      text_addf(&t, "%s>", dtype_mlir(b->type));
      expected = text_str(&t);
    }
    if (!text_eq(expected, got))
      LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EINPUT, "node %d '%s': argument %zu of tile function '%s' is %s; the node gives %s", n->id, n->label, i, f->name, got, expected);
  }
  return LOOM_OK;
}

static loom_status check_signatures(compile_state *s, MlirModule m, const tog_body *body) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP)
      LOOM_TRY(check_signatures(s, m, &n->body));
    if (n->kind == TOG_COMPUTE && n->function >= 0)
      LOOM_TRY(check_signature(s, m, n));
  }
  return LOOM_OK;
}

/* Compiles all tile functions of the TOG as one module. */
loom_status compile_tiles(compile_state *s, LOOM_GIVE codegen_image **out_image, sim_tile_fn **out) {
  text all = text_new(&s->ctx->mem);
  for (size_t i = 0; i < s->tog->functions.n; i++)
    text_addf(&all, "%s\n", s->tog->functions.at[i].mlir);
  MlirModule m;
  LOOM_TRY(compile_open_ir(s));
  LOOM_TRY(ir_parse(&s->ir, "<tile functions>", text_str(&all), all.size, &m));
  loom_status st = check_signatures(s, m, &s->tog->body);
  ir_close_module(m);
  LOOM_TRY(st);
  LOOM_TRY(cpu_compile_tiles(&s->ir, text_str(&all), out_image));
  *out = ARENA_NEW_N(&s->ctx->mem, sim_tile_fn, s->tog->functions.n);
  for (size_t i = 0; i < s->tog->functions.n; i++) {
    void *address = codegen_lookup(*out_image, s->tog->functions.at[i].name);
    if (!address)
      LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EBUG, "tile function '%s' was not compiled", s->tog->functions.at[i].name);
    memcpy(&(*out)[i], &address, sizeof address);
  }
  return LOOM_OK;
}

/* TOG tensor -> kernel tensor: function arguments are the kernel's arguments, then the memory of what it returns, each once (lower.h). */
kernel_tensor compile_tensor_of_argument(const kernel_graph *k, int arg) {
  int n = 0;
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].role == KERNEL_ARG && n++ == arg)
      return (kernel_tensor)i;
  for (size_t i = 0; i < k->returns.n; i++) {
    kernel_tensor root = k->returns.at[i] < 0 ? -1 : kernel_root(k, k->returns.at[i]);
    bool is_new = root >= 0 && k->tensors.at[root].role != KERNEL_ARG;
    for (size_t j = 0; j < i && is_new; j++)
      is_new = k->returns.at[j] < 0 || kernel_root(k, k->returns.at[j]) != root;
    if (is_new && n++ == arg)
      return root;
  }
  return -1;
}

loom_status compile_dram(compile_state *s, const interp_tensor *inputs, void **by_root, void ***out) {
  void **dram = *out = ARENA_NEW_N(&s->ctx->mem, void *, s->tog->tensors.n);
  for (size_t i = 0; i < s->tog->tensors.n; i++) {
    const tog_tensor *t = &s->tog->tensors.at[i];
    kernel_tensor k = compile_tensor_of_argument(s->kernel, t->arg);
    if (k < 0)
      LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EBUG, "function argument %d belongs to no kernel tensor", t->arg);
    if (t->is_output && !t->is_input && s->kernel->tensors.at[k].role != KERNEL_ARG) {      /* an argument keeps what the kernel does not store to */
      dram[i] = arena_array(&s->ctx->mem, (size_t)tog_tensor_elems(t), dtype_bytes(t->type));
    } else {
      dram[i] = compile_to_bytes(&s->ctx->mem, &inputs[k]);
    }
    by_root[k] = dram[i];
  }
  return LOOM_OK;
}

typedef struct chip { const sim_tile_fn *functions; const run_options *r; compile_execution *out; } chip;

/* The virtual chip.  Its report is that of the run with the inputs. */
static loom_status simulate(void *data, compile_state *s, const interp_tensor *inputs, bool integers, void **by_root) {
  chip *c = data;
  void **dram;
  sim_report ignored;
  LOOM_TRY(compile_dram(s, inputs, by_root, &dram));
  sim_exec exec = {c->functions, s->tog->functions.n};
  sim_options o = {.exec = &exec, .tensors = dram, .dram = c->r->dram, .verify = !c->r->no_verify, .record = integers ? NULL : c->r->record};
  c->out->has_report = true;
  return sim_run(s->ctx, s->tog, s->machine, &o, integers ? &ignored : &c->out->report);
}

/* The tensors with contents of their own where `all` has them: the interpreter writes results over arguments. */
static interp_tensor *keep_inputs(compile_state *s, const compile_results *all, const interp_tensor *t) {
  arena *m = &s->ctx->mem;
  interp_tensor *out = ARENA_NEW_N(m, interp_tensor, s->kernel->tensors.n);
  memcpy(out, t, s->kernel->tensors.n * sizeof *out);
  for (size_t i = 0; i < all->n; i++) {
    kernel_tensor root = all->at[i].tensor < 0 ? -1 : kernel_root(s->kernel, all->at[i].tensor);
    if (root < 0 || s->kernel->tensors.at[root].role != KERNEL_ARG)
      continue;
    out[root].value = ARENA_NEW_N(m, double, t[root].elems);
    memcpy(out[root].value, t[root].value, (size_t)t[root].elems * sizeof(double));
  }
  return out;
}

/* *inputs, and in *out, with --check, the interpreter's results: made once where the caller keeps them. */
static loom_status make_oracle(compile_state *s, const run_options *r, const compile_results *all, bool integers, interp_tensor **inputs, interp_tensor **out) {
  if (r->oracle && r->oracle->values[integers]) {
    *out = r->oracle->values[integers];
    *inputs = r->oracle->inputs[integers] ? r->oracle->inputs[integers] : *out;
    return LOOM_OK;
  }
  *out = ARENA_NEW_N(&s->ctx->mem, interp_tensor, s->kernel->tensors.n);
  LOOM_TRY(compile_make_inputs(s, r, integers, *out));
  *inputs = keep_inputs(s, all, *out);
  if (r->check)
    LOOM_TRY(compile_interpret(s, *out, integers));
  if (r->check && r->oracle) {
    r->oracle->inputs[integers] = *inputs;
    r->oracle->values[integers] = *out;
  }
  return LOOM_OK;
}

/* Shapes of the results, for --output without --check. */
static loom_status result_shapes(compile_state *s, const compile_results *all, interp_tensor **out) {
  *out = ARENA_NEW_N(&s->ctx->mem, interp_tensor, all->n);
  for (size_t i = 0; i < all->n; i++) {
    if (all->at[i].tensor < 0)
      continue;
    const kernel_tensor_info *info = &s->kernel->tensors.at[all->at[i].tensor];
    interp_tensor *o = &(*out)[i];
    *o = (interp_tensor){.type = info->shape.type, .rank = info->shape.rank, .elems = 1};
    for (int d = 0; d < o->rank; d++) {
      LOOM_TRY(kernel_size(s->ctx, s->kernel, info->shape.dim[d], NULL, 0, &o->shape[d]));
      o->elems *= o->shape[d];
    }
  }
  return LOOM_OK;
}

/* The chip's memory by kernel tensor, as dense arrays by result. */
static loom_status by_result(compile_state *s, const compile_results *all, void *const *bytes, void ***out) {
  interp_tensor shape;
  *out = ARENA_NEW_N(&s->ctx->mem, void *, all->n);
  for (size_t i = 0; i < all->n; i++)
    if (all->at[i].tensor >= 0)
      LOOM_TRY(compile_dense_result(s, all->at[i].tensor, bytes[kernel_root(s->kernel, all->at[i].tensor)], &shape, &(*out)[i]));
  return LOOM_OK;
}

/* Scalar functions that give whole numbers for whole numbers. */
static bool is_whole_fn(kernel_fn f) {
  switch (f) {
  case KERNEL_FN_NONE: case KERNEL_FN_NEG: case KERNEL_FN_ABS: case KERNEL_FN_RELU: case KERNEL_FN_NOT: case KERNEL_FN_ADD: case KERNEL_FN_SUB:
  case KERNEL_FN_MUL: case KERNEL_FN_MAX: case KERNEL_FN_MIN: case KERNEL_FN_AND: case KERNEL_FN_OR: case KERNEL_FN_XOR: case KERNEL_FN_EQ:
  case KERNEL_FN_NE: case KERNEL_FN_LT: case KERNEL_FN_LE: case KERNEL_FN_GT: case KERNEL_FN_GE: return true;
  default: return false;
  }
}

/* Is a place in memory decided by what memory holds?  Whole numbers that are made up could point anywhere. */
static bool is_placed_by_data(const kernel_graph *k, const kernel_op *op) {
  for (int i = 0; i < op->n_index; i++) {
    const kernel_op *def = op->index[i].kind == KERNEL_INDEX_SCALAR && op->index[i].value >= 0 ? k->values.at[op->index[i].value].def : NULL;
    if (op->index[i].kind == KERNEL_INDEX_TENSOR || (def && (def->kind == KERNEL_LOAD || def->kind == KERNEL_CAST)))
      return true;
  }
  return false;
}

/* Does the kernel map whole numbers to whole numbers, whatever the order of its sums?  Then every engine must give the same bits. */
static bool is_whole(const kernel_graph *k, const kernel_region *r) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    if (!is_whole_fn(op->fn) || is_placed_by_data(k, op) || ((op->kind == KERNEL_CONSTANT || op->kind == KERNEL_FULL) && rint(op->fvalue) != op->fvalue))
      return false;
    for (int n = 0; n < op->n_regions; n++)
      if (!is_whole(k, &op->regions[n]))
        return false;
  }
  return true;
}

bool compile_is_whole(const kernel_graph *k) { return is_whole(k, &k->body); }

static loom_status execute(compile_state *s, const run_options *r, const compile_engine *engine, const compile_results *all, compile_execution *out) {
  void **bytes = ARENA_NEW_N(&s->ctx->mem, void *, s->kernel->tensors.n);
  void **results;
  interp_tensor *inputs, *t, *want, *whole;
  LOOM_TRY(make_oracle(s, r, all, false, &inputs, &t));
  LOOM_TRY(engine->run(engine->data, s, inputs, false, bytes));
  LOOM_TRY(by_result(s, all, bytes, &results));
  LOOM_TRY(r->check ? compile_read_results(s, all, t, &want) : result_shapes(s, all, &want));
  if (r->check) {
    out->check.done = true;
    compile_compare(s, all, want, results, false, &out->check);
  }
  LOOM_TRY(compile_write_results(s, r, all, want, results));
  if (!r->check || out->report.n_faults || !compile_is_whole(s->kernel))
    return LOOM_OK;
  out->check.integers_run = true;
  LOOM_TRY(make_oracle(s, r, all, true, &inputs, &whole));   /* once more with whole numbers in -2..2, which must come out bit-identical */
  LOOM_TRY(engine->run(engine->data, s, inputs, true, bytes));
  LOOM_TRY(compile_read_results(s, all, whole, &want));
  LOOM_TRY(by_result(s, all, bytes, &results));
  compile_compare(s, all, want, results, true, &out->check);
  return LOOM_OK;
}

/* MLIR text: once with the inputs, for the results; with --check once more with whole numbers. */
static loom_status execute_opaque(compile_state *s, const run_options *r, const compile_engine *engine, const compile_results *all, compile_execution *out) {
  run_options values = *r;
  interp_tensor *inputs, *want;
  void **bytes = ARENA_NEW_N(&s->ctx->mem, void *, s->kernel->tensors.n), **results;
  if (!r->check)
    return execute(s, r, engine, all, out);
  values.check = false;
  LOOM_TRY(compile_interpret_mlir(s, r, all, &inputs, &want));
  LOOM_TRY(execute(s, &values, engine, all, out));
  if (out->report.n_faults)
    return LOOM_OK;
  LOOM_TRY(engine->run(engine->data, s, inputs, true, bytes));
  LOOM_TRY(by_result(s, all, bytes, &results));
  out->check.done = out->check.integers_run = true;
  compile_compare(s, all, want, results, false, &out->check);
  out->check.integers_ok = out->check.ok;
  return LOOM_OK;
}

static loom_status run_interpreter_alone(compile_state *s, const run_options *r, const compile_results *all, compile_execution *out) {
  interp_tensor *t = ARENA_NEW_N(&s->ctx->mem, interp_tensor, s->kernel->tensors.n), *got;
  LOOM_TRY(compile_make_inputs(s, r, false, t));
  LOOM_TRY(compile_interpret(s, t, false));
  LOOM_TRY(compile_read_results(s, all, t, &got));
  void **bytes = ARENA_NEW_N(&s->ctx->mem, void *, all->n);
  for (size_t i = 0; i < all->n; i++)
    bytes[i] = all->at[i].tensor >= 0 ? compile_to_bytes(&s->ctx->mem, &got[i]) : NULL;
  LOOM_TRY(compile_write_results(s, r, all, got, bytes));
  if (!r->n_expects)
    return LOOM_OK;
  void **elsewhere = ARENA_NEW_N(&s->ctx->mem, void *, all->n);
  LOOM_TRY(compile_read_expected(s, r, all, got, elsewhere));
  out->check.done = true;
  compile_compare(s, all, got, elsewhere, false, &out->check);
  return LOOM_OK;
}

/* What can be asked of this input, and its results. */
static loom_status prepare(compile_state *s, const run_options *r, compile_execution *out, compile_results *all) {
  memset(out, 0, sizeof *out);
  if (!s->kernel)
    LOOM_TRY(compile_describe_mlir(s));
  if (s->is_opaque && ((r->check && s->is_native) || r->interp_only)) {
    diag_error(s->ctx, diag_file_span(s->ctx, s->o->input), LOOM_EUNSUP, "the interpreter runs kernel graphs, and MLIR text has none");
    diag_help(s->ctx, "leave %s away, and compare --output with that of the kernel's Python source or Device IR dump", r->check ? "--check" : "--interp");
    return LOOM_EUNSUP;
  }
  *all = compile_list_results(&s->ctx->mem, s->kernel);
  LOOM_TRY(compile_check_inputs(s, r));
  return compile_check_outputs(s, r, all);
}

static loom_status execute_any(compile_state *s, const run_options *r, const compile_engine *engine, const compile_results *all, compile_execution *out) {
  return s->is_opaque ? execute_opaque(s, r, engine, all, out) : execute(s, r, engine, all, out);
}

loom_status compile_execute_on(compile_state *s, const run_options *r, const compile_engine *engine, compile_execution *out) {
  compile_results all;
  LOOM_TRY(prepare(s, r, out, &all));
  return execute_any(s, r, engine, &all, out);
}

loom_status compile_execute(compile_state *s, const run_options *r, compile_execution *out) {
  compile_results all;
  LOOM_TRY(prepare(s, r, out, &all));
  if (r->interp_only)
    return run_interpreter_alone(s, r, &all, out);
  if (s->is_native)
    return compile_execute_host(s, r, out);
  if (!s->tile_functions)
    LOOM_TRY(compile_tiles(s, &s->tiles, &s->tile_functions));
  chip c = {s->tile_functions, r, out};
  const loom_status st = execute_any(s, r, &(compile_engine){&c, simulate}, &all, out);
  if (!s->runs_again) {
    if (s->tiles)
      codegen_unlink(s->tiles);
    s->tiles = NULL;
    s->tile_functions = NULL;
  }
  return st;
}
