/* loom run of MLIR functions on values: sizes, results as text and files, what their expectations found. */
#include "base/clock.h"
#include "base/file.h"
#include "cli/cli_forms.h"
#include "cli/worker_program.h"
#include "npz/npz.h"
#include "dialect/dialect.h"
#include "pass/pass.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SOURCE_BYTES_MAX = 64 << 20, SHOWN_ELEMENTS = 1024 };
_Static_assert((int)RUN_ANY_SIZE == (int)NETWORK_OPEN, "one number for open sizes");

/* ---- sizes ---- */

/* What --shape gives, and what follows from it, are sizes of the arguments' types. */
static loom_status read_sizes(program_run *r) {
  cli_pairs given = {0};
  LOOM_TRY(network_sizes_read(&r->ir, r->module, r->f->name, &r->sizes));
  LOOM_TRY(cli_pairs_of(r->ctx, "--shape", r->o->shape.all.at, r->o->shape.all.n, false, &given));
  for (size_t i = 0; i < given.n; i++)
    LOOM_TRY(network_sizes_give(&r->sizes, given.at[i].key, given.at[i].value));
  LOOM_TRY(network_sizes_settle(&r->sizes));
  for (int i = 0; i < r->f->n_args; i++)
    for (int d = 0; d < r->f->args[i].rank; d++)
      r->f->args[i].shape[d] = r->sizes.at[i].dim[d];
  return LOOM_OK;
}

loom_status worker_program_fix_sizes(program_run *r) {
  LOOM_TRY(network_sizes_check_known(&r->sizes));
  return network_sizes_fix(&r->sizes, r->module);
}

/* ---- results ---- */

static const char *result_name(arena *mem, int i) { return arena_printf(mem, "result%d", i); }

int worker_program_result(const program_run *r, const char *s, size_t n) {
  for (int i = 0; i < r->f->n_results; i++) {
    const char *names[] = {result_name(&r->ctx->mem, i), arena_printf(&r->ctx->mem, "result_%d", i), arena_printf(&r->ctx->mem, "%d", i)};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
      if (strlen(names[k]) == n && memcmp(names[k], s, n) == 0)
        return i;
  }
  return -1;
}

static loom_status write_archive(program_run *r, const char *path) {
  npz_array *arrays = ARENA_NEW_N(&r->ctx->mem, npz_array, r->f->n_results + 1);
  for (int i = 0; i < r->f->n_results; i++) {
    arrays[i].name = result_name(&r->ctx->mem, i);
    LOOM_TRY(run_value_to_array(r->ctx, &r->results[i], &arrays[i].array));
  }
  return npz_write(r->ctx, path, arrays, (size_t)r->f->n_results);
}

loom_status worker_program_outputs(program_run *r) {
  int next = 0;
  for (size_t k = 0; k < r->o->output.all.n; k++) {
    const char *s = r->o->output.all.at[k], *eq = strchr(s, '=');
    npy_array a;
    if (!eq && text_ends(s, ".npz")) {
      LOOM_TRY(write_archive(r, s));
      continue;
    }
    int i = *s == '@' ? next++ : eq ? worker_program_result(r, s, (size_t)(eq - s)) : -1;
    if (i < 0 || i >= r->f->n_results) {
      diag_error(r->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--output %s: function @%s has %d result%s", s, r->f->name, r->f->n_results, r->f->n_results == 1 ? "" : "s");
      diag_help(r->ctx, "results are named result0, result1, ..: --output result0=FILE.npy; @FILE.npy takes them in order, FILE.npz all");
      return LOOM_EUSAGE;
    }
    LOOM_TRY(run_value_to_array(r->ctx, &r->results[i], &a));
    LOOM_TRY(npy_write(r->ctx, *s == '@' ? s + 1 : eq + 1, &a));
  }
  return LOOM_OK;
}

static data_value *values_data(arena *m, const run_value *v) {
  data_value *all = data_array(m);
  size_t width = run_element_bytes(&v->type);
  for (int64_t i = 0; i < v->elems && i < SHOWN_ELEMENTS; i++) {
    const char *p = (const char *)v->bytes + (size_t)i * width;
    double d = run_element_load(&v->type, p);
    bool has_number = isfinite(d);
    data_push(m, all, !v->type.is_float ? data_int(m, run_element_integer(&v->type, p)) : has_number ? data_real(m, d) : data_string(m, run_element_text(m, &v->type, p, true)));
  }
  return all;
}

static data_value *check_data(arena *m, const program_check *c) {
  data_value *v = data_object(m);
  data_set_string(m, v, "op", c->op);
  data_set_int(m, v, "line", c->span.line);
  data_set_int(m, v, "passed", c->passed);
  data_set_int(m, v, "failed", c->failed);
  if (c->failed)
    data_set_string(m, v, "failure", c->failure);
  return v;
}

static void print_json(const program_run *r) {
  arena *m = &r->ctx->mem;
  data_value *v = data_object(m), *results = data_array(m), *checks = data_array(m);
  size_t n = 0;
  const program_check *c = program_checks(r->code, &n);
  data_set_string(m, v, "schema", "loom.program.v1");
  data_set_string(m, v, "function", r->f->name);
  data_set_string(m, v, "machine", "host");
  for (int i = 0; i < r->f->n_results; i++) {
    const run_value *x = &r->results[i];
    data_value *one = data_object(m), *shape = data_array(m);
    for (int d = 0; d < x->rank; d++)
      data_push(m, shape, data_int(m, x->shape[d]));
    data_set_string(m, one, "name", result_name(m, i));
    data_set_string(m, one, "type", x->type.name);
    data_set(m, one, "shape", shape);
    data_set(m, one, "values", values_data(m, x));
    data_push(m, results, one);
  }
  data_set(m, v, "results", results);
  for (size_t i = 0; i < n; i++)
    data_push(m, checks, check_data(m, &c[i]));
  data_set(m, v, "checks", checks);
  if (program_kernels(r->code))
    data_set(m, v, "kernels", program_kernels(r->code));
  data_set_real(m, v, "compile_ms", r->compile_ms);
  data_set_real(m, v, "run_ms", r->run_ms);
  printf("%s\n", data_write_json(m, v, 1));
}

void worker_program_print_results(const program_run *r) {
  printf("EXEC @%s\n", r->f->name);
  for (int i = 0; i < r->f->n_results; i++)
    printf("result[%d]: %s%s\n", i, r->results[i].is_scalar ? "" : "hal.buffer_view\n", run_value_text(&r->ctx->mem, &r->results[i], SHOWN_ELEMENTS, false));
}

static void print_all(const program_run *r) {
  worker_program_print_results(r);
  cli_print_kernels(program_kernels(r->code));
}

/* Expectations that did not hold: each with its place. */
static loom_status verdict(const program_run *r) {
  size_t n;
  const program_check *c = program_checks(r->code, &n);
  loom_status st = LOOM_OK;
  for (size_t i = 0; i < n; i++)
    if (c[i].failed)
      st = diag_error(r->ctx, c[i].span, LOOM_ENUMERIC, "%s does not hold: %s", c[i].op, c[i].failure);
  return st;
}

/* ---- the command ---- */

static loom_status refuse_options(program_run *r) {
  const cli_unfit kernels[] = {
      {"--check", r->o->check}, {"--interp", r->o->interp}, {"--emit", r->o->emit.last != NULL}, {"--plan", r->o->plan.last != NULL}, {"--expect", r->o->expect.last != NULL},
      {"--shard", r->o->shard.last != NULL}, {"--bisect-numerics", r->o->bisect}, {"--block-sizes", r->o->block_sizes.last != NULL}, {"--trace", r->o->trace.last != NULL}};
  const char *option = cli_first_given(kernels, sizeof kernels / sizeof *kernels);
  if (option)
    LOOM_FAIL(r->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "%s: function @%s works on values and is no kernel; only kernels have that", option, r->f->name);
  return LOOM_OK;
}

static bool hide_others(MlirOperation op, void *data) {
  program_run *r = data;
  if (ir_op_is(op, "func.func") && !text_eq(ir_func_name(&r->ctx->mem, op), r->f->name))
    ir_set_attr(op, "sym_visibility", ir_str_attr(&r->ir, "private"));
  return true;
}

/* Functions that nothing calls are not compiled: models have several. */
static loom_status keep_called(program_run *r) {
  ir_walk(mlirModuleGetOperation(r->module), hide_others, r);
  return pass_run_pipeline(&r->ir, r->module, "builtin.module(symbol-dce)", NULL);
}

static loom_status execute(program_run *r) {
  bool is_done = false;
  if (!r->is_for_chip)
    LOOM_TRY(refuse_options(r));
  if (r->f->refused)
    LOOM_FAIL(r->ctx, r->f->span, LOOM_EUNSUP, "function @%s takes or gives a value of type %s; expected ranked tensors of at most %d dims and scalars", r->f->name, r->f->refused, RUN_RANK_MAX);
  LOOM_TRY(read_sizes(r));
  if (text_eq(r->o->command, "run") || text_eq(r->o->command, "bench") || (text_eq(r->o->command, "report") && text_eq(r->o->machine.last, "host")))      /* those measure */
    LOOM_TRY(worker_program_inputs(r));
  if (r->is_for_chip)
    LOOM_TRY(worker_network(r, &is_done));
  if (is_done)
    return LOOM_OK;
  double t0 = clock_ms();
  program_options options = {.ordered_sums = r->o->ordered_sums};
  LOOM_TRY(cli_providers(r->ctx, r->o, &options.providers));
  LOOM_TRY(keep_called(r));
  LOOM_TRY(program_compile(&r->ir, r->module, &options, &r->code));
  double t1 = clock_ms();
  r->results = ARENA_NEW_N(&r->ctx->mem, run_value, r->f->n_results + 1);
  LOOM_TRY(program_call(r->code, r->f, r->args, r->results));
  r->compile_ms = t1 - t0;
  r->run_ms = clock_ms() - t1;
  LOOM_TRY(worker_program_outputs(r));
  if (r->o->json)
    print_json(r);
  else
    print_all(r);
  return verdict(r);
}

/* Of one function, as objects for other programs. */
static bool asks_for_code(const cli_options *o) { return text_eq(o->machine.last, "host") && text_eq(o->command, "compile") && o->emit.last && !text_eq(o->emit.last, "kernel"); }

static loom_status fail_function(program_run *r) {
  const char **names = ARENA_NEW_N(&r->ctx->mem, const char *, r->functions.n + 1);
  text all = text_new(&r->ctx->mem);
  for (size_t i = 0; i < r->functions.n; i++) {
    names[i] = r->functions.at[i].name;
    text_addf(&all, "%s%s", i ? ", " : "", names[i]);
  }
  diag_error(r->ctx, diag_file_span(r->ctx, r->c->input), LOOM_EUSAGE, "there is no function '%s'", r->o->function.last);
  const char *near = diag_nearest(r->o->function.last, names, r->functions.n);
  if (near)
    diag_help(r->ctx, "did you mean '%s'?", near);
  else if (r->functions.n)
    diag_help(r->ctx, "the functions of the file are: %s", text_str(&all));
  return LOOM_EUSAGE;
}

/* `loom sim` and `loom report` have said it (worker_model.c). */
static loom_status tell_unread(const program_run *r) {
  if (text_eq(r->o->command, "bench"))
    cli_tell_form(r->ctx, r->o, CLI_BENCH_MODEL);
  return text_eq(r->o->command, "run") || text_eq(r->o->command, "compile") ? worker_tell_unread(r->ctx, r->o, r->c, false, true) : LOOM_OK;
}

loom_status worker_run_program(loom_ctx *ctx, const cli_options *o, compile_options *c, bool *out_is_program) {
  program_run r = {.ctx = ctx, .o = o, .c = c, .is_for_chip = o->machine.last || text_eq(o->command, "bench")};
  *out_is_program = false;
  if ((!r.is_for_chip && text_eq(o->command, "compile")) || asks_for_code(o) || file_is_dir(c->input) || o->config.last)
    return LOOM_OK;
  if (!c->source)
    LOOM_TRY(file_read(ctx, c->input, SOURCE_BYTES_MAX, &c->source, &c->source_size));
  if (!compile_is_mlir(c->input, c->source, c->source_size))
    return LOOM_OK;
  LOOM_TRY(ir_open(ctx, &r.ir));
  loom_status st = dialect_load(&r.ir);
  if (st == LOOM_OK)
    st = compile_parse_mlir(&r.ir, c->input, c->source, c->source_size, &r.module);
  if (st == LOOM_OK)
    st = compile_lower_torch(&r.ir, r.module, r.o->use_mips_matmul);
  if (st == LOOM_OK)
    st = compile_bind_parameters(&r.ir, r.module, o->parameters.all.at, o->parameters.all.n);
  if (st == LOOM_OK) {
    r.functions = program_list(&r.ir, r.module);
    r.f = program_find(&r.functions, o->function.last);
    if (!r.f && o->function.last)
      st = fail_function(&r);
    *out_is_program = r.f && program_is_on_values(r.f);
    if (*out_is_program)
      st = tell_unread(&r);
    if (*out_is_program && st == LOOM_OK)
      st = execute(&r);
  } else {
    *out_is_program = true;   /* what is wrong is said */
  }
  program_close(r.code);
  ir_close_module(r.module);
  ir_close(&r.ir);
  return st;
}
