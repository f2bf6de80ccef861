/* What the command line says of a compile, and of a kernel's arguments and results. */
#include "cli/worker_options.h"
#include "cli/worker.h"
#include "npz/npz.h"
#include <string.h>

/* ---- what is compiled ---- */

static loom_status read_shapes(loom_ctx *ctx, const cli_options *o, helion_options *out) {
  cli_pairs p = {0};
  VEC_OF(const char *) texts = {0};
  bool is_bare = false;
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
    is_bare = is_bare || (*s >= '0' && *s <= '9') || !strchr(text_str(&t), '=');
  }
  VEC_OF(helion_shape) shapes = {0};
  const loom_status st = cli_pairs_of(ctx, "--shape", texts.at, texts.n, false, &p);
  if (st == LOOM_EUSAGE && is_bare)
    diag_help(ctx, "sizes have the names of arguments, or of constants of a LoomKernel: --shape x=64x32,y=32x16, --shape M=64");
  LOOM_TRY(st);
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

/* --dtype f32 for all arguments, --dtype x=f32 for one. */
loom_status worker_read_given(loom_ctx *ctx, const cli_options *o, const run_binding *inputs, size_t n_inputs, helion_options *out) {
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

loom_status worker_read_bindings(loom_ctx *ctx, const char *option, const char *const *texts, size_t n, const run_binding **out, size_t *out_n) {
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

/* ---- what it is run with ---- */

/* The contents of the arguments. */
loom_status worker_read_run(loom_ctx *ctx, const cli_options *o, run_options *r) {
  int64_t seed = 0;
  LOOM_TRY(worker_read_bindings(ctx, "--input", o->input.all.at, o->input.all.n, &r->inputs, &r->n_inputs));
  LOOM_TRY(open_inputs(ctx, &r->inputs, &r->n_inputs));
  if (o->seed.last)
    LOOM_TRY(cli_int(ctx, "--seed", o->seed.last, 0, INT64_MAX, &seed));
  r->seed = (uint64_t)seed;
  r->dram_is_given = o->dram.last != NULL;
  return o->dram.last ? dram_model_of(ctx, o->dram.last, &r->dram) : LOOM_OK;
}

loom_status worker_read_given_without_inputs(loom_ctx *ctx, const cli_options *o, helion_options *out) {
  const run_binding *inputs;
  size_t n;
  LOOM_TRY(worker_read_bindings(ctx, "--input", o->input.all.at, o->input.all.n, &inputs, &n));
  LOOM_TRY(open_inputs(ctx, &inputs, &n));
  return worker_read_given(ctx, o, inputs, n, out);
}

/* Where results go, and what they are compared with. */
loom_status worker_read_results(loom_ctx *ctx, const cli_options *o, run_options *r) {
  LOOM_TRY(worker_read_bindings(ctx, "--output", o->output.all.at, o->output.all.n, &r->outputs, &r->n_outputs));
  LOOM_TRY(worker_read_bindings(ctx, "--expect", o->expect.all.at, o->expect.all.n, &r->expects, &r->n_expects));
  if (r->n_expects && !o->interp)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--expect compares with the interpreter: add --interp");
  if (o->bisect && o->interp)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--bisect-numerics compares the stages of a compile with the interpreter; --interp compiles nothing: leave one away");
  return LOOM_OK;
}

loom_status worker_read_host(loom_ctx *ctx, const cli_options *o, compile_options *c, run_options *r) {
  LOOM_TRY(worker_read_options(ctx, o, c));
  LOOM_TRY(worker_read_run(ctx, o, r));
  c->machine = "host";
  worker_open_cache(ctx, o, c);
  LOOM_TRY(cli_providers(ctx, o, &c->providers));
  return worker_read_given(ctx, o, r->inputs, r->n_inputs, &c->helion);
}

loom_status worker_read_kernel_options(loom_ctx *ctx, const cli_options *o, compile_options *out) {
  LOOM_TRY(worker_read_options(ctx, o, out));
  return worker_read_given(ctx, o, NULL, 0, &out->helion);
}
