/* loom compile, run and explore: options -> compile_options, and what they print. */
#include "base/file.h"
#include "cli/worker_board.h"
#include "cli/worker_emit.h"
#include "cli/worker_npu.h"
#include "cli/worker_bisect.h"
#include "cli/worker_chips.h"
#include "npz/npz.h"
#include "run/run_ranks.h"
#include "compile_aot.h"
#include "compile_stage.h"
#include <stdio.h>
#include <string.h>

/* ---- options ---- */

static loom_status read_shapes(loom_ctx *ctx, const cli_options *o, helion_options *out) {
  cli_pairs p = {0};
  VEC_OF(const char *) texts = {0};
  for (size_t i = 0; i < o->shape.all.n; i++) {   /* upstream's -M256_N256_K256 form has no '=': "M256_N256" */
    const char *s = o->shape.all.at[i];
    if (strchr(s, '=')) {
      vec_push(&ctx->mem, &texts, s);
      continue;
    }
    text t = text_new(&ctx->mem);
    for (const char *q = *s == '-' ? s + 1 : s; *q; q++) {
      bool digit = *q >= '0' && *q <= '9', first_digit = digit && q > s && !(q[-1] >= '0' && q[-1] <= '9');
      if (first_digit)
        text_add(&t, "=");
      text_add_bytes(&t, *q == '_' ? "," : q, 1);
    }
    vec_push(&ctx->mem, &texts, text_str(&t));
  }
  VEC_OF(helion_shape) shapes = {0};
  LOOM_TRY(cli_pairs_of(ctx, "--shape", texts.at, texts.n, false, &p));
  for (size_t i = 0; i < p.n; i++) {
    const char *v = p.at[i].value;
    const char *cross = strchr(v, 'x');
    bool is_list = cross && cross > v && cross[1];   /* x=37x19 */
    for (int d = 0; *v; d++) {
      size_t n = is_list ? strcspn(v, "x") : strlen(v);
      int64_t size;
      if (cli_int(ctx, arena_printf(&ctx->mem, "--shape %s", p.at[i].key), arena_strndup(&ctx->mem, v, n), 0, INT64_C(1) << 40, &size) != LOOM_OK) {
        diag_help(ctx, "a size (M=64, x.0=64), or those of all dims with an x between (x=64x32)");
        return LOOM_EUSAGE;
      }
      vec_push(&ctx->mem, &shapes, ((helion_shape){is_list ? arena_printf(&ctx->mem, "%s.%d", p.at[i].key, d) : p.at[i].key, size}));
      v += n;
      v += *v == 'x';
    }
  }
  out->shapes = shapes.at;
  out->n_shapes = shapes.n;
  out->function = o->function.last;
  return LOOM_OK;
}

/* --dtype f32 for all arguments, --dtype x=f32 for one; --arg NAME=VALUE; the types and shapes of --input files. */
/* PyTorch's types that Loom does not compute with. */
static bool is_torch_dtype(const char *name) {
  static const char *const families[] = {"float8_", "float4_", "complex", "uint16", "uint32", "uint64", "qint", "quint", "cfloat", "cdouble", "chalf"};
  name = text_starts(name, "torch.") ? name + strlen("torch.") : name;
  for (size_t i = 0; i < sizeof families / sizeof *families; i++)
    if (text_starts(name, families[i]))
      return true;
  return false;
}

/* --arg score_mod='lambda s, b, h, m, n: s' */
static loom_status read_lambda(loom_ctx *ctx, const char *value, helion_given *g) {
  syn_node *tree;
  size_t n;
  LOOM_TRY(python_parse(ctx, arena_printf(&ctx->mem, "--arg %s", g->name), value, strlen(value), &tree));
  syn_node **body = syn_list(tree, "body", &n);
  const syn_node *f = n == 1 && body[0]->kind == SYN_Expr ? syn_child(body[0], "value") : NULL;
  if (!f || f->kind != SYN_Lambda)
    return LOOM_OK;   /* a string that begins so */
  g->kind = HELION_GIVEN_FUNC;
  g->function = f;
  return LOOM_OK;
}

static loom_status fail_dtype(loom_ctx *ctx, const char *name) {
  static const char *const names[] = {
#define X(id, bytes, mlir, torch, ...) mlir, torch,
      DTYPE_LIST(X)
#undef X
  };
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--dtype: '%s' is no element type; for example f16, bf16, f32, int32", name);
  const char *near = diag_nearest(name, names, sizeof names / sizeof *names);
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  return LOOM_EUSAGE;
}

/* One value for each name, as of --shape. */
static loom_status check_once(loom_ctx *ctx, const char *option, const helion_given *given, size_t n) {
  for (size_t i = 0; i + 1 < n; i++)
    if (text_eq(given[i].name, given[n - 1].name) && (given[i].kind == HELION_GIVEN_DTYPE) == (given[n - 1].kind == HELION_GIVEN_DTYPE))
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: '%s' is given twice", option, given[i].name);
  return LOOM_OK;
}

static loom_status read_given(loom_ctx *ctx, const cli_options *o, const run_binding *inputs, size_t n_inputs, helion_options *out) {
  VEC_OF(helion_given) given = {0};
  for (size_t i = 0; i < o->dtype.all.n; i++) {
    const char *s = o->dtype.all.at[i];
    cli_pairs p = {0};
    if (strchr(s, '='))
      LOOM_TRY(cli_pairs_of(ctx, "--dtype", &s, 1, false, &p));
    else
      vec_push(&ctx->mem, &p, ((cli_pair){NULL, s, 0}));
    for (size_t j = 0; j < p.n; j++) {
      helion_given g = {.name = p.at[j].key, .kind = HELION_GIVEN_DTYPE};
      bool parsed = dtype_parse(p.at[j].value, &g.type);
      if (!parsed && is_torch_dtype(p.at[j].value))
        LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "--dtype: the element type torch.%s", p.at[j].value);
      if (!parsed)
        return fail_dtype(ctx, p.at[j].value);
      if (g.name) {
        vec_push(&ctx->mem, &given, g);
        LOOM_TRY(check_once(ctx, "--dtype", given.at, given.n));
      } else {
        out->has_dtype = true;
        out->dtype = g.type;
      }
    }
  }
  for (size_t i = 0; i < o->arg.all.n; i++) {
    const char *s = o->arg.all.at[i], *eq = strchr(s, '=');
    if (!eq || eq == s)
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--arg: '%s' is not NAME=VALUE", s);
    helion_given g = helion_parse_given(&ctx->mem, arena_strndup(&ctx->mem, s, (size_t)(eq - s)), eq + 1);
    if (text_starts(eq + 1, "lambda"))
      LOOM_TRY(read_lambda(ctx, eq + 1, &g));
    vec_push(&ctx->mem, &given, g);
    LOOM_TRY(check_once(ctx, "--arg", given.at, given.n));
  }
  for (size_t i = 0; i < n_inputs; i++) {
    npy_array a;
    LOOM_TRY(run_load(ctx, &inputs[i], &a));
    helion_given g = {.name = inputs[i].name, .kind = HELION_GIVEN_TENSOR, .type = a.type, .rank = a.rank};
    memcpy(g.shape, a.shape, sizeof a.shape);
    g.data = a.data;
    vec_push(&ctx->mem, &given, g);
  }
  out->given = given.at;
  out->n_given = given.n;
  return LOOM_OK;
}

static loom_status read_domains(loom_ctx *ctx, const cli_options *o, compile_options *out) {
  cli_pairs p = {0};
  if (o->block_sizes.all.n == 1 && !strchr(o->block_sizes.last, '=')) {   /* by position */
    VEC_OF(solve_domain) all = {0};
    for (const char *s = o->block_sizes.last; *s;) {
      size_t n = strcspn(s, ",");
      solve_domain d = {0};
      LOOM_TRY(cli_int(ctx, "--block-sizes", arena_strndup(&ctx->mem, s, n), 1, INT64_C(1) << 40, &d.assigned));
      vec_push(&ctx->mem, &all, d);
      s += n;
      s += *s == ',';
    }
    out->domains = all.at;
    out->n_domains = all.n;
    return LOOM_OK;
  }
  LOOM_TRY(cli_pairs_of(ctx, "--block-sizes", o->block_sizes.all.at, o->block_sizes.all.n, true, &p));
  solve_domain *d = ARENA_NEW_N(&ctx->mem, solve_domain, p.n);
  for (size_t i = 0; i < p.n; i++)
    d[i] = (solve_domain){.symbol = p.at[i].key, .assigned = p.at[i].integer};
  out->domains = d;
  out->n_domains = p.n;
  return LOOM_OK;
}

/* "--pin a=b,c=d" -> {"a=b", "c=d"} */
static loom_status read_pins(loom_ctx *ctx, const cli_options *o, explore_options *out) {
  cli_pairs p = {0};
  LOOM_TRY(cli_pairs_of(ctx, "--pin", o->pin.all.at, o->pin.all.n, false, &p));
  const char **pins = ARENA_NEW_N(&ctx->mem, const char *, p.n);
  for (size_t i = 0; i < p.n; i++)
    pins[i] = arena_printf(&ctx->mem, "%s=%s", p.at[i].key, p.at[i].value);
  out->pins = pins;
  out->n_pins = p.n;
  return LOOM_OK;
}

loom_status worker_read_options(loom_ctx *ctx, const cli_options *o, compile_options *out) {
  *out = (compile_options){.machine = o->machine.last, .calibration = o->calibration.last, .compute_dir = o->compute_dir.last, .config = o->config.last, .plan = o->plan.last,
                           .model = MODEL_LOOM, .accumulate_f32 = true, .ragged = o->ragged, .topk = o->letter == 'e' && !o->optimal_only ? 8 : 1, .etg_gen = 3, .debug = o->debug,
                           .output_dir = o->output_dir.last, .dump_dir = o->dump_dir.last, .override_dir = o->override_dir.last, .print_pretty = o->print_pretty, .use_mips_matmul = o->use_mips_matmul,
                           .stop_after = COMPILE_TOG, .progress = cli_progress_step, .open_rows = o->open_rows, .opinion = o->certify ? o->opinion : NULL, .tuning = o->tuning, .tune = o->tune || o->explain};
  if (o->files.n != 1)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'loom %s' takes one kernel file, %zu given", o->command, o->files.n);
  out->input = o->files.at[0];
  if (o->legacy && o->upstream_compatible)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--legacy and --upstream-compatible are two different lists of variants; give one");
  if ((o->partial_occupancy || o->unicast) && !o->upstream_compatible)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--partial-occupancy and --unicast are of upstream's variants; add --upstream-compatible");
  out->explore = (explore_options){.occupancy = o->partial_occupancy, .unicast = o->unicast, .kind = o->legacy ? EXPLORE_LEGACY : EXPLORE_FULL, .upstream_compatible = o->upstream_compatible, .variant = o->variant.last};
  LOOM_TRY(read_shapes(ctx, o, &out->helion));
  LOOM_TRY(read_domains(ctx, o, out));
  LOOM_TRY(read_pins(ctx, o, &out->explore));
  if (o->model.last)      /* words were looked at when they were read (cli_options.c) */
    (void)model_kind_parse(o->model.last, &out->model);
  out->accumulate_f32 = !text_eq(o->accumulate.last, "f16");
  out->no_l1_tensors = text_eq(o->l1_tensors.last, "none");
  int64_t v;
  if (o->topk.last && !o->optimal_only) {
    LOOM_TRY(cli_int(ctx, "--topk", o->topk.last, 1, 1000000, &v));
    out->topk = (int)v;
  }
  out->helion_form = text_eq(o->stage0_form.last, "helion");
  if (o->topk_block_size.last) {
    LOOM_TRY(cli_int(ctx, "--topk-block-size", o->topk_block_size.last, 1, 99, &v));
    if (v % 2 == 0)
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--topk-block-size: %" PRId64 " is even; the best size has as many neighbours on each side", v);
    out->topk_block_size = (int)v;
  }
  if (o->etg_gen.last) {
    LOOM_TRY(cli_int(ctx, "--etg-gen", o->etg_gen.last, 1, 3, &v));
    out->etg_gen = (int)v;
  }
  if (o->op_budget.last)
    LOOM_TRY(cli_int(ctx, "--op-budget", o->op_budget.last, 1, INT64_MAX, &out->op_budget));
  if (o->threads.last) {
    LOOM_TRY(cli_int(ctx, "--threads", o->threads.last, 1, 4096, &v));
    out->run_threads = (int)v;
  }
  LOOM_TRY(cli_timeout(ctx, o, &out->timeout_s));
  return cli_threads(ctx, o, &out->threads);
}

static loom_status read_bindings(loom_ctx *ctx, const char *option, const char *const *texts, size_t n, const run_binding **out, size_t *out_n) {
  run_binding *b = ARENA_NEW_N(&ctx->mem, run_binding, n);
  for (size_t i = 0; i < n; i++) {
    const char *eq = strchr(texts[i], '=');
    if (!eq && text_ends(texts[i], ".npz")) {
      b[i] = (run_binding){.name = "", .file = texts[i]};
      continue;
    }
    if (!eq || eq == texts[i] || !eq[1])
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: '%s' is not NAME=FILE.npy", option, texts[i]);
    b[i] = (run_binding){.name = arena_strndup(&ctx->mem, texts[i], (size_t)(eq - texts[i])), .file = eq + 1};
  }
  *out = b;
  *out_n = n;
  return LOOM_OK;
}

/* An .npz among the inputs stands for all of its arrays. */
static loom_status open_inputs(loom_ctx *ctx, const run_binding **in, size_t *n) {
  VEC_OF(run_binding) all = {0};
  for (size_t i = 0; i < *n; i++) {
    npz_array *arrays;
    size_t count;
    if (*(*in)[i].name) {
      vec_push(&ctx->mem, &all, (*in)[i]);
      continue;
    }
    LOOM_TRY(npz_read(ctx, (*in)[i].file, &arrays, &count));
    for (size_t j = 0; j < count; j++)
      vec_push(&ctx->mem, &all, ((run_binding){arrays[j].name, (*in)[i].file, &arrays[j].array, NULL}));
  }
  *in = all.at;
  *n = all.n;
  return LOOM_OK;
}

/* ---- printing ---- */

static void print_certificate(const compile_state *s) {
  if (!s->o->opinion)
    return;
  solve_certificate c = compile_certificate(s);
  printf("certified    %s%s\n", c.is_certified ? "yes, by Z3" : "no: ", c.is_certified ? "" : c.why);
}

void worker_print_decisions(compile_state *s) {
  arena *m = &s->ctx->mem;
  const plan *p = s->plan;
  const plan_candidate *c = &p->candidate;
  printf("mapping      %s %s, loop order %s\n", plan_split_string(m, &c->mapping), plan_map_string(m, &c->mapping), plan_order_string(m, &c->mapping));
  printf("movement    ");
  for (int i = 0; i < c->n_access; i++)
    printf(" %s %s: %s%s", c->access[i].is_store ? "store" : "load", c->access[i].name, plan_access_label(m, &c->mapping, &c->access[i]),
           i + 1 < c->n_access ? "," : "\n");
  printf("block sizes ");
  for (size_t i = 0; i < p->blocks.n; i++)
    printf(" %s=%" PRId64, p->blocks.at[i].symbol, p->blocks.at[i].size);
  printf(" double_buffer=%d\n", p->double_buffer);
  printf("L1           %s of %s bytes per core\n", text_thousands(m, p->l1_bytes), text_thousands(m, p->l1_capacity));
  static const char *const proofs[] = {"assigned by the user", "best found", "optimal, proved"};
  printf("predicted    %s cycles: %s", text_thousands(m, p->predicted_cycles), proofs[p->proof]);
  if (p->proof == PLAN_BEST_FOUND)
    printf(", lower bound %s", text_thousands(m, p->lower_bound));
  const bool is_given = s->o->plan || s->is_tuned;
  if (!is_given && s->searched.is_space)
    printf(" (%s mappings, %d loop orders, %s block sizes", text_thousands(m, s->searched.mappings), s->searched.orders, text_thousands(m, p->points));
  else if (!is_given)
    printf(" (%" PRId64 " variants, %s points of the winner's domain", s->searched.variants, text_thousands(m, p->points));
  if (!is_given)
    printf(p->feasible >= 0 ? ", %s feasible)" : ")", text_thousands(m, p->feasible));
  putchar('\n');
  if (s->is_tuned || s->is_recorded)
    printf("tuning       plan %s\n", s->is_tuned ? "from the tuning database" : "recorded in the tuning database");
  print_certificate(s);
}

void worker_print_execution(compile_state *s, const compile_execution *e) {
  arena *m = &s->ctx->mem;
  if (e->has_report) {
    printf("simulated    %s cycles; DRAM %s bytes read, %s written; NoC %s byte-hops\n", text_thousands(m, e->report.cycles),
           text_thousands(m, e->report.dram_bytes_read), text_thousands(m, e->report.dram_bytes_written), text_thousands(m, e->report.noc_bytes));
    for (size_t i = 0; i < e->report.faults.n && i < 10; i++)
      printf("fault        %s\n", e->report.faults.at[i].text);
    if (e->report.n_faults > 10)
      printf("fault        .. and %" PRId64 " more\n", e->report.n_faults - 10);
  }
  if (e->check.done)
    printf("check        %s: max error %.3g; nearest to its bound is %s with %.3g of %.3g; %" PRId64 " of %" PRId64 " elements beyond; integers %s\n",
           e->check.ok ? "ok" : "WRONG", e->check.max_abs_error, e->check.where ? e->check.where : "-", e->check.error, e->check.bound, e->check.wrong, e->check.elems,
           !e->check.integers_run ? "not applicable" : e->check.integers_ok ? "bit-identical" : "DIFFER");
}

static void print_block_sizes(const data_value *summary) {
  const data_value *v = data_get(summary, "block_sizes");
  for (size_t i = 0; v && i < v->n; i++)
    printf("%s%s=%" PRId64, i ? " " : "block sizes  ", v->members[i].key, v->members[i].value->integer);
  if (v && v->n)
    putchar('\n');
}

static void print_open_sizes(const kernel_graph *k) {
  size_t n = 0;
  for (size_t i = 0; i < k->symbols.n; i++)
    if (k->symbols.at[i].is_open)
      printf(n++ ? ", %s" : "open sizes   %s", k->symbols.at[i].name);
  if (n)
    printf("; %zu guard%s\n", k->guards.n, k->guards.n == 1 ? "" : "s");
}

static loom_status read_given_without_inputs(loom_ctx *ctx, const cli_options *o, helion_options *out) {
  const run_binding *inputs;
  size_t n;
  LOOM_TRY(read_bindings(ctx, "--input", o->input.all.at, o->input.all.n, &inputs, &n));
  LOOM_TRY(open_inputs(ctx, &inputs, &n));
  return read_given(ctx, o, inputs, n, out);
}

static loom_status write_summary(loom_ctx *ctx, compile_state *s, const char *json) {
  return s->output_dir ? file_write(ctx, file_join(&ctx->mem, s->output_dir, "summary.json"), json, strlen(json)) : LOOM_OK;
}

loom_status worker_verdict(loom_ctx *ctx, const compile_execution *e) {
  if (e->report.n_faults)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "the virtual chip reports %" PRId64 " fault(s); first: %s", e->report.n_faults, e->report.faults.at[0].text);
  if (e->check.done && !e->check.ok)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "the result differs from the reference interpreter; worst element %s", e->check.where ? e->check.where : "-");
  return LOOM_OK;
}

/* The contents of the arguments. */
static loom_status read_run(loom_ctx *ctx, const cli_options *o, run_options *r) {
  int64_t seed = 0;
  LOOM_TRY(read_bindings(ctx, "--input", o->input.all.at, o->input.all.n, &r->inputs, &r->n_inputs));
  LOOM_TRY(open_inputs(ctx, &r->inputs, &r->n_inputs));
  if (o->seed.last)
    LOOM_TRY(cli_int(ctx, "--seed", o->seed.last, 0, INT64_MAX, &seed));
  r->seed = (uint64_t)seed;
  r->dram_is_given = o->dram.last != NULL;
  return o->dram.last ? dram_model_of(ctx, o->dram.last, &r->dram) : LOOM_OK;
}

/* What was compiled before is not compiled again; what the options ask of a compile is. */
void worker_open_cache(loom_ctx *ctx, const cli_options *o, compile_options *c) {
  bool asks = o->emit.last || o->explain || o->certify || o->interp || o->bisect || o->trace.last;
  run_cache *cache = ARENA_NEW(&ctx->mem, run_cache);
  if (!asks && !o->no_cache && run_cache_find(&ctx->mem, o->cache_dir.last, cache))
    c->cache = cache;
}

/* ---- code for other programs ---- */

static loom_status emit_code(loom_ctx *ctx, const cli_options *o, compile_state *s) {
  const char *what = o->emit.last, *file, *header;
  if (strcmp(what, "llvm") == 0) {
    LOOM_TRY(compile_emit_llvm(s, &file));
    if (o->output_dir.last)
      return file_write(ctx, o->output_dir.last, file, strlen(file));
    worker_print_text(ctx, o, what, file);
    return LOOM_OK;
  }
  LOOM_TRY(compile_emit_files(s, o->output_dir.last, strcmp(what, "so") == 0, &file, &header));
  if (o->json) {
    data_value *v = data_object(&ctx->mem);
    data_set_string(&ctx->mem, v, "schema", "loom.code.v1");
    data_set_string(&ctx->mem, v, "kernel", s->kernel->name);
    data_set_string(&ctx->mem, v, "file", file);
    data_set_string(&ctx->mem, v, "header", header);
    LOOM_TRY(compile_emit_describe(s, v));
    printf("%s\n", data_write_json(&ctx->mem, v, 1));
  } else {
    printf("written      %s\nheader       %s\n", file, header);
  }
  return LOOM_OK;
}

/* It is of this CPU, whatever the default machine. */
static loom_status compile_code(loom_ctx *ctx, const cli_options *o, compile_options *c) {
  compile_state s = {0};
  if (c->machine && strcmp(c->machine, "host") != 0) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--emit %s: there is such code of the CPU, not of machine '%s'", o->emit.last, c->machine);
    diag_help(ctx, "leave --machine away, or say --machine host");
    return LOOM_EUSAGE;
  }
  c->machine = "host";
  c->helion.open_sizes = !o->fixed_sizes;
  c->is_for_others = true;
  loom_status st = compile_kernel(ctx, c, &s);
  if (st == LOOM_OK)
    st = emit_code(ctx, o, &s);
  compile_done(&s);
  return st;
}

/* ---- commands ---- */

loom_status worker_compile(loom_ctx *ctx, const cli_options *o) {
  compile_options c;
  compile_state s = {0};
  run_options r = {0};
  bool is_program;
  LOOM_TRY(worker_read_options(ctx, o, &c));
  worker_open_cache(ctx, o, &c);
  loom_status as_program = worker_run_program(ctx, o, &c, &is_program);
  if (is_program || as_program != LOOM_OK)
    return as_program;
  LOOM_TRY(read_given_without_inputs(ctx, o, &c.helion));
  bool for_npu;
  LOOM_TRY(worker_wants_npu(ctx, o, &c, !o->emit.last && !o->bisect, &for_npu));
  LOOM_TRY(worker_tell_unread(ctx, o, &c, for_npu, false));
  if (worker_emit_is(o->emit.last, WORKER_EMIT_CODE, NULL))
    return compile_code(ctx, o, &c);
  if (o->fixed_sizes && !text_eq(o->machine.last, "host"))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--fixed-sizes: sizes are left open in code for this CPU only; add --machine host");
  bool is_on_chips;
  loom_status on_chips = worker_chips_compile(ctx, o, &c, &is_on_chips);
  if (is_on_chips || on_chips != LOOM_OK)
    return on_chips;
  c.search_host = worker_emit_is_searched(o->emit.last);
  c.for_board = worker_wants_board(o);
  c.plain_loops = o->bisect;
  c.helion.open_sizes = o->machine.last && strcmp(o->machine.last, "host") == 0 && !c.search_host && !o->fixed_sizes;
  compile_bisection found = {0};
  if (o->bisect)
    LOOM_TRY(read_run(ctx, o, &r));
  if (!o->bisect && worker_emit_is(o->emit.last, WORKER_EMIT_EARLY, &c.stop_after)) {   /* printed, nothing is written */
    loom_status early = compile_kernel(ctx, &c, &s);
    early = early == LOOM_OK ? worker_emit(ctx, o, &s) : early;
    compile_done(&s);
    return early;
  }
  c.write_files = true;
  compile_tt board = {0};
  compile_npu npu = {0};
  compile_execution timed = {0};
  loom_status st = c.for_board ? worker_compile_board(ctx, o, &c, &s, &board) : for_npu ? compile_npu_compile(ctx, &c, &s, &npu) : compile_kernel(ctx, &c, &s);
  if (o->bisect)
    st = worker_bisect(ctx, &s, &r, st, &found);
  if (st == LOOM_OK && for_npu)
    st = worker_time_npu(&s, &npu, &r, &timed);
  if (st == LOOM_OK) {
    data_value *summary = compile_summary(&s, timed.has_report ? &timed : NULL);
    if (timed.has_report)
      worker_add_npu(&ctx->mem, &s, &npu, summary);
    st = worker_answer(ctx, o, &s, summary);
    cli_progress_end();
    const char *json = data_write_json(&ctx->mem, summary, 1);
    if (st == LOOM_OK)
      st = write_summary(ctx, &s, json);
    if (st == LOOM_OK && for_npu && !o->emit.last)
      st = compile_npu_write(&s, &npu, file_join(&ctx->mem, s.output_dir, "npu"));
    if (st == LOOM_OK && c.for_board) {
      st = worker_emit_board(ctx, o, &s, &board);
    } else if (st == LOOM_OK && for_npu && o->emit.last) {
      st = worker_emit_npu(ctx, o, &s, &npu);
    } else if (st == LOOM_OK && o->emit.last) {
      st = worker_emit(ctx, o, &s);
    } else if (st == LOOM_OK && o->json) {
      printf("%s\n", json);
    } else if (st == LOOM_OK) {
      printf("kernel       %s on %s\n", s.kernel ? s.kernel->name : s.nest->kernel, s.machine ? s.machine->name : "host");
      if (s.plan)
        worker_print_decisions(&s);
      worker_print_answers(ctx, &s, summary);
      if (s.is_native)
        print_open_sizes(s.kernel);
      if (for_npu) {
        worker_print_npu(&s, &npu);
        worker_print_execution(&s, &timed);
      }
      if (s.output_dir)
        printf("written      %s\n", s.output_dir);
      worker_print_bisection(&found);
    }
  } else if (o->bisect && !o->json) {   /* what there is of a compile that failed */
    worker_print_bisection(&found);
  }
  if (st == LOOM_OK)
    st = worker_bisect_verdict(ctx, &found);
  st = worker_explain_failure(ctx, o, &s, st);
  cli_progress_end();
  compile_tt_close(&board);
  compile_npu_close(&npu);
  compile_done(&s);
  return st;
}

/* Options that say what to compile; an artifact is compiled. */
static loom_status open_artifact(loom_ctx *ctx, const cli_options *o, const compile_options *c, const run_options *r, compile_state *s) {
  const cli_unfit compiled[] = {
      {"--arg", o->arg.all.n > 0},         {"--dtype", o->dtype.all.n > 0}, {"--function", o->function.last != NULL}, {"--block-sizes", o->block_sizes.all.n > 0},
      {"--config", o->config.last != NULL}, {"--plan", o->plan.last != NULL}, {"--dump-dir", o->dump_dir.last != NULL}, {"--override-dir", o->override_dir.last != NULL},
      {"-o", o->output_dir.last != NULL},  {"--bisect-numerics", o->bisect}};
  const char *option = cli_first_given(compiled, sizeof compiled / sizeof *compiled);
  if (option) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: '%s' is compiled already; only sizes and contents of its arguments are open", option, c->input);
    diag_help(ctx, "give %s to 'loom compile'", option);
    return LOOM_EUSAGE;
  }
  if (o->machine.last && strcmp(o->machine.last, "host") != 0)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--machine %s: '%s' is an artifact; 'loom run' takes those of the host, 'loom sim' those of a chip", o->machine.last, c->input);
  return compile_open_artifact(ctx, c, r, s);
}

static loom_status fail_engine(loom_ctx *ctx, const char *name) {
  static const char *const engines[] = {"sim", "npu", "tt-emu"};
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "--engine: '%s' does not exist; there are sim, npu and tt-emu", name);
  const char *near = diag_nearest(name, engines, sizeof engines / sizeof *engines);
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  return LOOM_EUNSUP;
}

/* Where results go, and what they are compared with. */
static loom_status read_results(loom_ctx *ctx, const cli_options *o, run_options *r) {
  LOOM_TRY(read_bindings(ctx, "--output", o->output.all.at, o->output.all.n, &r->outputs, &r->n_outputs));
  LOOM_TRY(read_bindings(ctx, "--expect", o->expect.all.at, o->expect.all.n, &r->expects, &r->n_expects));
  if (r->n_expects && !o->interp)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--expect compares with the interpreter: add --interp");
  if (o->bisect && o->interp)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--bisect-numerics compares the stages of a compile with the interpreter; --interp compiles nothing: leave one away");
  return LOOM_OK;
}

loom_status worker_run(loom_ctx *ctx, const cli_options *o) {
  compile_options c;
  compile_state s = {0};
  compile_execution e = {0};
  run_options r = {.check = o->check, .interp_only = o->interp};
  compile_bisection found = {0};
  bool is_program;
  LOOM_TRY(worker_read_options(ctx, o, &c));
  worker_open_cache(ctx, o, &c);
  loom_status as_program = worker_run_program(ctx, o, &c, &is_program);
  if (is_program || as_program != LOOM_OK)
    return as_program;
  LOOM_TRY(read_run(ctx, o, &r));
  LOOM_TRY(read_given(ctx, o, r.inputs, r.n_inputs, &c.helion));
  if (o->shard.last) {
    LOOM_TRY(read_bindings(ctx, "--output", o->output.all.at, o->output.all.n, &r.outputs, &r.n_outputs));
    return worker_run_shards(ctx, o, &c, &r);
  }
  LOOM_TRY(cli_providers(ctx, o, &c.providers));
  tt_emulation emulation;
  c.for_board = text_eq(o->engine.last, "tt-emu");
  if (o->engine.last && !c.for_board && strcmp(o->engine.last, "sim") != 0 && strcmp(o->engine.last, "npu") != 0)
    return fail_engine(ctx, o->engine.last);
  bool for_npu;
  compile_npu npu = {0};
  LOOM_TRY(worker_wants_npu(ctx, o, &c, true, &for_npu));
  LOOM_TRY(worker_tell_unread(ctx, o, &c, for_npu, false));
  for_npu = for_npu && !o->interp && !o->bisect;
  if (c.for_board && (o->interp || o->bisect || o->trace.last))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--engine tt-emu runs the board's program: leave %s away", o->interp ? "--interp" : o->bisect ? "--bisect-numerics" : "--trace");
  LOOM_TRY(worker_read_emulation(ctx, o, &emulation));
  LOOM_TRY(read_results(ctx, o, &r));
  c.plain_loops = o->bisect;
  if (o->interp)
    c.stop_after = COMPILE_KERNEL;
  c.write_files = o->output_dir.last != NULL && !o->interp;
  bool is_on_chips;
  loom_status on_chips = worker_chips_run(ctx, o, &c, &r, &is_on_chips);
  if (is_on_chips || on_chips != LOOM_OK)
    return on_chips;
  LOOM_TRY(worker_start_trace(ctx, o, !o->interp && !(o->machine.last && strcmp(o->machine.last, "host") == 0) && !file_is_dir(c.input), &r.record));
  compile_tt board = {0};
  loom_status st = c.for_board ? worker_compile_board(ctx, o, &c, &s, &board) : for_npu ? compile_npu_compile(ctx, &c, &s, &npu) : file_is_dir(c.input) ? open_artifact(ctx, o, &c, &r, &s) : compile_kernel(ctx, &c, &s);
  bool is_compiled = st == LOOM_OK;
  if (is_compiled && for_npu)
    st = worker_start_npu_trace(ctx, o, &npu);
  if (o->bisect)
    st = worker_bisect(ctx, &s, &r, st, &found);
  if (st == LOOM_OK && is_compiled && !found.found) {   /* machine code of a form that goes wrong may touch what is not its own */
    st = c.for_board ? compile_tt_execute(&s, &board, &r, &emulation, &e) : for_npu ? compile_npu_execute(&s, &npu, &r, &e) : compile_execute(&s, &r, &e);
    if (st == LOOM_OK)
      st = for_npu ? worker_write_npu_trace(o, &s, &npu) : worker_write_trace(ctx, o, &s, &e.report, r.record);
  }
  if (st == LOOM_OK) {
    data_value *summary = compile_summary(&s, &e);
    if (c.for_board)
      worker_add_emulation(&ctx->mem, &emulation, summary);
    if (for_npu)
      worker_add_npu(&ctx->mem, &s, &npu, summary);
    st = worker_answer(ctx, o, &s, summary);
    cli_progress_end();
    const char *json = data_write_json(&ctx->mem, summary, 1);
    if (st == LOOM_OK)
      st = write_summary(ctx, &s, json);
    if (st == LOOM_OK && o->emit.last) {
      st = worker_emit(ctx, o, &s);
    } else if (o->json) {
      printf("%s\n", json);
    } else {
      printf("kernel       %s on %s\n", s.kernel->name, r.interp_only ? "the reference interpreter" : s.machine ? s.machine->name : "host");
      if (s.plan)
        worker_print_decisions(&s);
      worker_print_answers(ctx, &s, summary);
      if (!s.plan && !r.interp_only)
        print_block_sizes(compile_summary(&s, NULL));
      cli_print_kernels(s.kernels);
      if (c.for_board)
        worker_print_emulation(&s, &emulation);
      if (for_npu)
        worker_print_npu(&s, &npu);
      worker_print_execution(&s, &e);
      worker_print_bisection(&found);
    }
  } else if (o->bisect && !o->json) {   /* what there is of a compile that failed */
    worker_print_bisection(&found);
  }
  if (st == LOOM_OK)
    st = worker_bisect_verdict(ctx, &found);
  if (st == LOOM_OK)
    st = worker_verdict(ctx, &e);
  st = worker_explain_failure(ctx, o, &s, st);
  cli_progress_end();
  compile_tt_close(&board);
  compile_npu_close(&npu);
  compile_done(&s);
  return st;
}

/* All candidates in their order, or with --topk the best ones. */
static void print_candidates(loom_ctx *ctx, const cli_options *o, const compile_state *s, const data_value *answers) {
  for (size_t i = 0; !o->topk.last && i < s->solved.rows.n; i++) {
    const solve_row *r = &s->solved.rows.at[i];
    printf("%14s  %s\n", !solve_has_answer(r->status) ? solve_status_text(r->status) : text_thousands(&ctx->mem, r->cycles), r->candidate->name);
  }
  worker_print_answers(ctx, s, answers);
  arena *m = &ctx->mem;
  const solve_row *best = s->solved.best >= 0 ? &s->solved.rows.at[s->solved.best] : NULL;
  if (best && best->status == SOLVE_BEST_FOUND)
    printf("best found: nothing is below %s cycles; more time or a larger budget may find better\n", text_thousands(m, best->lower_bound));
  if (s->space.nest)
    printf("%s mappings, %d loop orders; %s evaluations, %s points ruled out\n", text_thousands(m, s->space.n_mappings), s->space.n_orders, text_thousands(m, s->solved.evaluated),
           text_thousands(m, s->solved.pruned));
  else
    printf("%s candidates, %s pruned\n", text_thousands(m, s->table.total), text_thousands(m, s->table.pruned));
  print_certificate(s);
}

loom_status worker_read_host(loom_ctx *ctx, const cli_options *o, compile_options *c, run_options *r) {
  LOOM_TRY(worker_read_options(ctx, o, c));
  LOOM_TRY(read_run(ctx, o, r));
  c->machine = "host";
  worker_open_cache(ctx, o, c);
  LOOM_TRY(cli_providers(ctx, o, &c->providers));
  return read_given(ctx, o, r->inputs, r->n_inputs, &c->helion);
}

loom_status worker_read_kernel_options(loom_ctx *ctx, const cli_options *o, compile_options *out) {
  LOOM_TRY(worker_read_options(ctx, o, out));
  return read_given(ctx, o, NULL, 0, &out->helion);
}

/* ---- loom explore ---- */

static loom_status send_to_rank(loom_ctx *ctx, void *data, int to, const void *bytes, size_t size) { return run_ranks_send(ctx, data, to, bytes, size); }
static loom_status receive_from_rank(loom_ctx *ctx, void *data, int from, void **bytes, size_t *size) { return run_ranks_receive(ctx, data, from, bytes, size); }

/* One of several ranks of a job searches with the others. */
static loom_status open_ranks(loom_ctx *ctx, compile_options *c) {
  run_ranks *r = ARENA_NEW(&ctx->mem, run_ranks);
  solve_ranks *together = ARENA_NEW(&ctx->mem, solve_ranks);
  LOOM_TRY(run_ranks_open(ctx, r));
  *together = (solve_ranks){.number = r->number, .size = r->size, .data = r, .send = send_to_rank, .receive = receive_from_rank};
  c->ranks = r->size > 1 ? together : NULL;
  return LOOM_OK;
}

loom_status worker_explore(loom_ctx *ctx, const cli_options *o) {
  compile_options c;
  compile_state s = {0};
  LOOM_TRY(worker_read_kernel_options(ctx, o, &c));
  LOOM_TRY(open_ranks(ctx, &c));
  c.stop_after = COMPILE_SOLVE;
  c.search_host = true;
  if (o->emit.last && !text_eq(o->emit.last, "explored"))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--emit: 'loom explore' prints explored, its variants as MLIR; '%s' is for 'loom compile'", o->emit.last);
  bool is_on_chips;
  loom_status on_chips = worker_chips_explore(ctx, o, &c, &is_on_chips);
  if (is_on_chips || on_chips != LOOM_OK)
    return on_chips;
  if (o->emit.last && (o->upstream_compatible || o->legacy))
    c.stop_after = COMPILE_EXPLORE;      /* lists that are there before they are solved */
  loom_status st = compile_kernel(ctx, &c, &s);
  if (st == LOOM_OK && o->etg.last) {
    data_value *etg;
    st = explore_etg(ctx, s.nest, s.machine, &s.table, c.etg_gen, false, &etg);
    if (st == LOOM_OK) {
      const char *json = data_write_json(&ctx->mem, etg, 1);
      st = file_write(ctx, o->etg.last, json, strlen(json));
    }
  }
  if (st == LOOM_OK && o->emit.last) {
    cli_progress_end();
    st = worker_emit(ctx, o, &s);
  } else if (st == LOOM_OK) {
    data_value *v = compile_explore_data(&s);
    st = worker_answer(ctx, o, &s, v);
    cli_progress_end();
    if (st == LOOM_OK && o->json)
      printf("%s\n", data_write_json(&ctx->mem, v, 1));
    else if (st == LOOM_OK)
      print_candidates(ctx, o, &s, v);
  }
  st = worker_explain_failure(ctx, o, &s, st);
  cli_progress_end();
  compile_done(&s);
  return st;
}
