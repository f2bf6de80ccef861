/* Execution: contents of the arguments, tile functions, the virtual chip, the check against the interpreter. */
#include "compile.h"
#include "target/cpu/cpu.h"
#include <math.h>
#include <string.h>

/* Bytes of a tensor from the interpreter's doubles. */
static void *to_bytes(arena *m, const interp_tensor *t) {
  size_t width = dtype_bytes(t->type);
  char *p = arena_array(m, (size_t)t->elems + (t->elems == 0), width);
  for (int64_t i = 0; i < t->elems; i++)
    dtype_store(t->type, p + (size_t)i * width, t->value[i]);
  return p;
}

static const run_binding *find_binding(const run_binding *b, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++)
    if (text_eq(b[i].name, name))
      return &b[i];
  return NULL;
}

static loom_status check_names(loom_ctx *ctx, const kernel_graph *k, const run_binding *b, size_t n, const char *option, bool outputs) {
  const char *names[64];
  size_t known = 0;
  for (size_t i = 0; i < k->tensors.n && known < 64; i++)
    if (outputs ? k->tensors.at[i].is_returned : k->tensors.at[i].role == KERNEL_ARG)
      names[known++] = k->tensors.at[i].name;
  for (size_t i = 0; i < n; i++) {
    bool found = false;
    for (size_t j = 0; j < known; j++)
      found |= text_eq(names[j], b[i].name);
    if (!found) {
      diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: kernel '%s' has no %s '%s'", option, k->name, outputs ? "result" : "argument", b[i].name);
      const char *near = diag_nearest(b[i].name, names, known);
      diag_help(ctx, "%s '%s'", near ? "did you mean" : "for example", near ? near : known ? names[0] : "");
      return LOOM_EUSAGE;
    }
  }
  return LOOM_OK;
}

/* Doubles of every argument: from --input, else made from the file's initialiser and the seed. */
static loom_status make_inputs(compile_state *s, const run_options *r, bool integers, interp_tensor *t) {
  kernel_graph *k = s->kernel;
  for (size_t i = 0; i < k->tensors.n; i++) {
    if (k->tensors.at[i].role != KERNEL_ARG)
      continue;
    LOOM_TRY(interp_make_input(s->ctx, k, (kernel_tensor)i, r->seed, integers, &t[i]));
    const run_binding *b = find_binding(r->inputs, r->n_inputs, k->tensors.at[i].name);
    if (!b || integers)
      continue;
    void *bytes;
    LOOM_TRY(run_read_tensor(s->ctx, b, t[i].type, t[i].rank, t[i].shape, &bytes));
    for (int64_t e = 0; e < t[i].elems; e++)
      t[i].value[e] = dtype_load(t[i].type, (char *)bytes + (size_t)e * dtype_bytes(t[i].type));
  }
  return LOOM_OK;
}

static loom_status interpret(compile_state *s, interp_tensor *t, bool exact) {
  VEC_OF(sym_binding) blocks = {0};
  for (size_t i = 0; s->plan && i < s->plan->blocks.n; i++)
    vec_push(&s->ctx->mem, &blocks, ((sym_binding){s->plan->blocks.at[i].symbol, s->plan->blocks.at[i].size}));
  interp_options o = {.blocks = blocks.at, .n_blocks = blocks.n, .accumulate_in_result_type = s->plan ? !s->plan->accumulate_f32 : !s->o->accumulate_f32, .exact = exact, .op_budget = -1};
  return interp_run(s->ctx, s->kernel, t, &o);
}

/* A compute node and its tile function must agree on buffers and extents: the function would otherwise read past what it is given. */
static loom_status check_signature(compile_state *s, MlirModule m, const tog_node *n) {
  const tog_function *f = &s->tog->functions.at[n->function];
  MlirOperation func = ir_find_func(m, f->name);
  if (mlirOperationIsNull(func))
    LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EINPUT, "node %d '%s': the text of tile function '%s' does not define it", n->id, n->label, f->name);
  MlirBlock body = ir_body(func);
  intptr_t want = (intptr_t)(n->uses.n + n->args.n);
  if (mlirBlockIsNull(body) || mlirBlockGetNumArguments(body) != want)
    LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EINPUT, "node %d '%s' gives %zu buffers and %zu extents; tile function '%s' takes %d arguments", n->id, n->label, n->uses.n,
              n->args.n, f->name, mlirBlockIsNull(body) ? 0 : (int)mlirBlockGetNumArguments(body));
  for (size_t i = 0; i < n->uses.n + n->args.n; i++) {
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
static loom_status compile_tiles(compile_state *s, LOOM_GIVE codegen_image **out_image, sim_tile_fn **out) {
  text all = text_new(&s->ctx->mem);
  for (size_t i = 0; i < s->tog->functions.n; i++)
    text_addf(&all, "%s\n", s->tog->functions.at[i].mlir);
  MlirModule m;
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

/* TOG tensor -> kernel tensor: function arguments are the kernel's arguments, then its returned tensors (lower.h). */
static kernel_tensor kernel_tensor_of(const kernel_graph *k, int arg) {
  int n = 0;
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].role == KERNEL_ARG && n++ == arg)
      return (kernel_tensor)i;
  return (size_t)(arg - n) < k->returns.n ? k->returns.at[arg - n] : -1;
}

/* One run of the virtual chip; *out_results: bytes by kernel tensor. */
static loom_status simulate(compile_state *s, const sim_tile_fn *functions, const interp_tensor *inputs, bool verify, sim_report *report, void **out_results) {
  void **dram = ARENA_NEW_N(&s->ctx->mem, void *, s->tog->tensors.n);
  for (size_t i = 0; i < s->tog->tensors.n; i++) {
    const tog_tensor *t = &s->tog->tensors.at[i];
    kernel_tensor k = kernel_tensor_of(s->kernel, t->arg);
    if (k < 0)
      LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EBUG, "function argument %d belongs to no kernel tensor", t->arg);
    if (t->is_output && !t->is_input) {
      size_t bytes = dtype_bytes(t->type);
      for (int d = 0; d < t->rank; d++)
        bytes *= (size_t)t->shape[d];
      dram[i] = arena_alloc(&s->ctx->mem, bytes);
    } else {
      dram[i] = to_bytes(&s->ctx->mem, &inputs[k]);
    }
    out_results[k] = dram[i];
  }
  sim_exec exec = {functions, s->tog->functions.n};
  sim_options o = {.exec = &exec, .tensors = dram, .verify = verify};
  return sim_run(s->ctx, s->tog, s->machine, &o, report);
}

static const char *element_name(compile_state *s, kernel_tensor t, int rank, const int64_t *at) {
  text where = text_new(&s->ctx->mem);
  text_addf(&where, "%s[", s->kernel->tensors.at[t].name);
  for (int r = 0; r < rank; r++)
    text_addf(&where, r ? ", %" PRId64 : "%" PRId64, at[r]);
  text_add(&where, "]");
  return text_str(&where);
}

/* Compares every result; `exact`: the whole-number run. */
static loom_status check_results(compile_state *s, const interp_tensor *oracle, void *const *results, bool exact, run_check *c) {
  kernel_graph *k = s->kernel;
  bool all_ok = true;
  double worst_ratio = -1;
  for (size_t i = 0; i < k->returns.n; i++) {
    kernel_tensor t = k->returns.at[i];
    if (!results[t])
      continue;
    interp_comparison d = interp_compare(&oracle[t], results[t], exact);
    all_ok &= d.ok;
    if (exact)
      continue;
    c->wrong += d.wrong;
    c->elems += d.elems;
    if (d.max_abs_error > c->max_abs_error)
      c->max_abs_error = d.max_abs_error;
    double ratio = d.worst_bound > 0 ? d.worst_error / d.worst_bound : d.worst_error;
    if (!c->where || !(ratio <= worst_ratio)) {
      worst_ratio = ratio;
      c->bound = d.worst_bound;
      c->where = element_name(s, t, oracle[t].rank, d.worst_at);
    }
  }
  if (exact)
    c->integers_ok = all_ok;
  c->ok = exact ? c->ok && all_ok : all_ok;
  return LOOM_OK;
}

static loom_status write_outputs(compile_state *s, const run_options *r, const interp_tensor *shapes, void *const *results) {
  for (size_t i = 0; i < r->n_outputs; i++) {
    kernel_tensor t = kernel_find_tensor(s->kernel, r->outputs[i].name);
    LOOM_TRY(run_write_tensor(s->ctx, &r->outputs[i], shapes[t].type, shapes[t].rank, shapes[t].shape, results[t]));
  }
  return LOOM_OK;
}

static loom_status run_interpreter_alone(compile_state *s, const run_options *r, interp_tensor *t) {
  LOOM_TRY(interpret(s, t, false));
  void **results = ARENA_NEW_N(&s->ctx->mem, void *, s->kernel->tensors.n);
  for (size_t i = 0; i < s->kernel->returns.n; i++)
    results[s->kernel->returns.at[i]] = to_bytes(&s->ctx->mem, &t[s->kernel->returns.at[i]]);
  return write_outputs(s, r, t, results);
}

/* Shapes of the results, for --output without --check. */
static loom_status result_shapes(compile_state *s, interp_tensor *t) {
  for (size_t i = 0; i < s->kernel->returns.n; i++) {
    kernel_tensor_info *info = &s->kernel->tensors.at[s->kernel->returns.at[i]];
    interp_tensor *o = &t[s->kernel->returns.at[i]];
    o->type = info->shape.type;
    o->rank = info->shape.rank;
    for (int d = 0; d < o->rank; d++)
      LOOM_TRY(kernel_size(s->ctx, s->kernel, info->shape.dim[d], NULL, 0, &o->shape[d]));
  }
  return LOOM_OK;
}

/* Inputs in *out and, with --check, the oracle's results: made once where the caller keeps them. */
static loom_status make_oracle(compile_state *s, const run_options *r, bool integers, interp_tensor **out) {
  if (r->oracle && r->oracle->values[integers]) {
    *out = r->oracle->values[integers];
    return LOOM_OK;
  }
  *out = ARENA_NEW_N(&s->ctx->mem, interp_tensor, s->kernel->tensors.n);
  LOOM_TRY(make_inputs(s, r, integers, *out));
  if (!r->check)
    return result_shapes(s, *out);
  LOOM_TRY(interpret(s, *out, integers));
  if (r->oracle)
    r->oracle->values[integers] = *out;
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

/* Does the kernel map whole numbers to whole numbers, whatever the order of its sums?  Then every engine must give the same bits. */
static bool is_whole(const kernel_region *r) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    if (!is_whole_fn(op->fn) || ((op->kind == KERNEL_CONSTANT || op->kind == KERNEL_FULL) && rint(op->fvalue) != op->fvalue))
      return false;
    for (int k = 0; k < op->n_regions; k++)
      if (!is_whole(&op->regions[k]))
        return false;
  }
  return true;
}

static loom_status execute(compile_state *s, const run_options *r, const sim_tile_fn *functions, compile_execution *out) {
  void **results = ARENA_NEW_N(&s->ctx->mem, void *, s->kernel->tensors.n);
  interp_tensor *t, *whole;
  LOOM_TRY(make_oracle(s, r, false, &t));
  LOOM_TRY(simulate(s, functions, t, !r->no_verify, &out->report, results));
  out->has_report = true;
  if (r->check) {
    out->check.done = true;
    LOOM_TRY(check_results(s, t, results, false, &out->check));
  }
  LOOM_TRY(write_outputs(s, r, t, results));
  if (!r->check || out->report.n_faults || !is_whole(&s->kernel->body))
    return LOOM_OK;
  out->check.integers_run = true;
  sim_report ignored;   /* once more with whole numbers in -2..2, which must come out bit-identical */
  LOOM_TRY(make_oracle(s, r, true, &whole));
  LOOM_TRY(simulate(s, functions, whole, !r->no_verify, &ignored, results));
  return check_results(s, whole, results, true, &out->check);
}

loom_status compile_execute(compile_state *s, const run_options *r, compile_execution *out) {
  memset(out, 0, sizeof *out);
  if (!s->kernel)
    LOOM_FAIL(s->ctx, diag_file_span(s->ctx, s->o->input), LOOM_EUNSUP, "only kernels read from Python or loom.kernel.v1 can be executed; MLIR input can be compiled and explored");
  LOOM_TRY(check_names(s->ctx, s->kernel, r->inputs, r->n_inputs, "--input", false));
  LOOM_TRY(check_names(s->ctx, s->kernel, r->outputs, r->n_outputs, "--output", true));
  if (r->interp_only) {
    interp_tensor *t = ARENA_NEW_N(&s->ctx->mem, interp_tensor, s->kernel->tensors.n);
    LOOM_TRY(make_inputs(s, r, false, t));
    return run_interpreter_alone(s, r, t);
  }
  codegen_image *image = NULL;
  sim_tile_fn *functions;
  loom_status st = compile_tiles(s, &image, &functions);
  if (st == LOOM_OK)
    st = execute(s, r, functions, out);
  if (image)
    codegen_unlink(image);
  return st;
}
