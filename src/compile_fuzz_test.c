/* Random kernels, three ways: compiled by Loom, in its reference interpreter, and on whole tensors in long double (compile_fuzz.h).
 * By hand, for other seeds and more of them:  LOOM_FUZZ_SEED=1000 LOOM_FUZZ_COUNT=5000 build/unit/compile_fuzz_test  (LOOM_FUZZ_SHOW=1 prints
 * the kernels) */
#include "base/testing.h"
#include "compile.h"
#include "compile_exec.h"
#include "compile_fuzz_kernels.h"
#include "lower/lower.h"
#include "target/cpu/cpu.h"
#include <stdlib.h>

enum { KERNELS = 200, BLOCK_SETS = 4, STEPS_MAX = 100, RATIOS = 64 };

/* What is found over all kernels.  ratio[i]: inexact results of native code whose bound is 2^i to 2^(i+1) times their error. */
typedef struct tally { int64_t kernels, elems, unbounded, inexact, ratio[RATIOS]; double worst; bool all_native; } tally;   /* all_native: compiled at each block set, else at one */

typedef struct outcome { loom_status status; text what; } outcome;

static kernel_graph *read_kernel(loom_ctx *ctx, const fuzz_kernel *f) {
  helion_given *given = ARENA_NEW_N(&ctx->mem, helion_given, f->args.n);
  for (size_t i = 0; i < f->args.n; i++) {
    given[i] = (helion_given){.name = f->args.at[i].name, .kind = HELION_GIVEN_TENSOR, .type = f->args.at[i].type, .rank = f->args.at[i].rank};
    memcpy(given[i].shape, f->args.at[i].size, sizeof f->args.at[i].size);
  }
  const helion_options o = {.given = given, .n_given = f->args.n};
  syn_node *tree;
  kernel_graph *k;
  if (python_parse(ctx, "fuzz.py", f->source, strlen(f->source), &tree) || helion_read(ctx, tree, &o, &k) || kernel_verify(ctx, k))
    return NULL;
  return k;
}

/* The arguments' contents, by kernel tensor. */
static interp_tensor *contents(loom_ctx *ctx, const fuzz_kernel *f, const kernel_graph *k) {
  interp_tensor *t = ARENA_NEW_N(&ctx->mem, interp_tensor, k->tensors.n);
  for (size_t i = 0; i < f->args.n; i++) {
    const fuzz_tensor *a = &f->args.at[i];
    kernel_tensor to = kernel_find_tensor(k, a->name);
    assert_true(to >= 0 && k->tensors.at[to].role == KERNEL_ARG);
    t[to] = (interp_tensor){.type = a->type, .rank = a->rank, .elems = a->elems, .value = ARENA_NEW_N(&ctx->mem, double, a->elems)};
    memcpy(t[to].shape, a->size, sizeof a->size);
    for (int64_t e = 0; e < a->elems; e++)
      t[to].value[e] = (double)a->x[e];
  }
  return t;
}

/* Native code for these block sizes, called; out[i]: bytes of result i. */
static loom_status run_native(loom_ctx *ctx, const kernel_graph *k, const sym_binding *blocks, size_t n_blocks, const interp_tensor *inputs, void **by_root) {
  ir_ctx ir;
  MlirModule m;
  char *object;
  size_t size;
  codegen_image *image;
  LOOM_TRY(ir_open(ctx, &ir));
  loom_status st = dialect_load(&ir);
  if (st == LOOM_OK)
    st = lower_kernel_host(&ir, k, blocks, n_blocks, &m);
  if (st == LOOM_OK) {
    st = cpu_kernel_object(&ir, m, NULL, &object, &size);
    ir_close_module(m);
  }
  ir_close(&ir);
  LOOM_TRY(st);
  LOOM_TRY(cpu_link_kernel(ctx, object, size, &image));
  VEC_OF(void *) buffers = {0};
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].role == KERNEL_ARG)
      vec_push(&ctx->mem, &buffers, by_root[i] = compile_to_bytes(&ctx->mem, &inputs[i]));
  for (size_t i = 0; i < k->returns.n; i++) {
    kernel_tensor root = kernel_root(k, k->returns.at[i]);
    int64_t elems = 1, n;
    if (by_root[root])
      continue;
    for (int d = 0; d < k->tensors.at[root].shape.rank; d++) {
      LOOM_TRY(kernel_size(ctx, k, k->tensors.at[root].shape.dim[d], blocks, n_blocks, &n));
      elems *= n;
    }
    vec_push(&ctx->mem, &buffers, by_root[root] = arena_array(&ctx->mem, (size_t)elems + 1, 8));
  }
  void *address = codegen_lookup(image, k->name);
  cpu_tile_fn fn;
  memcpy(&fn, &address, sizeof fn);
  fn(buffers.at, NULL);
  codegen_unlink(image);
  return LOOM_OK;
}

static bool fails(const outcome *o) { return o->what.size > 0; }

/* The interpreter within its bound of the exact value, and the native code (NULL: not run) within it of the interpreter. */
static void compare(const fuzz_kernel *f, const fuzz_tensor *want, const interp_tensor *got, const void *native, tally *t, outcome *out) {
  size_t width = dtype_bytes(want->type);
  if (got->elems != want->elems || got->type != want->type) {
    text_addf(&out->what, "%s: %" PRId64 " elements of %s; expected %" PRId64 " of %s\n", want->name, got->elems, dtype_torch(got->type), want->elems, dtype_torch(want->type));
    return;
  }
  interp_comparison c = {.ok = true};
  if (native)
    c = interp_compare(got, native, false);
  if (!c.ok)
    text_addf(&out->what, "%s[%" PRId64 "]: native %.17g, interpreter %.17g, bound %g (exact %.17Lg); %" PRId64 " of %" PRId64 " wrong\n", want->name, c.worst, c.worst_got,
              c.worst_want, c.worst_bound, want->x[c.worst], c.wrong, c.elems);
  if (f->wild)
    return;
  t->elems += c.elems;
  t->unbounded += c.unbounded;
  for (int64_t i = 0; i < want->elems; i++) {
    double bound = got->bound ? got->bound[i] : 0;
    long double error = fabsl((long double)got->value[i] - want->x[i]);
    /* the interpreter computes in double, which a bound of 0 does not show for f64; the exact value itself has 64 bits */
    long double own = (got->type == DTYPE_F64 ? 1e-12L : dtype_is_float(got->type) ? 0x1p-46L : 0) * fmaxl(1, fabsl(want->x[i]));
    if (!(error <= (long double)bound + own)) {
      text_addf(&out->what, "%s[%" PRId64 "]: interpreter %.17g, exact %.17Lg, bound %g (native %.17g)\n", want->name, i, got->value[i], want->x[i], bound,
                native ? dtype_load(got->type, (const char *)native + (size_t)i * width) : NAN);
      return;
    }
    double real = native ? fabs((double)((long double)dtype_load(got->type, (const char *)native + (size_t)i * width) - want->x[i])) : 0;
    if (!(real > 0) || !isfinite(bound) || bound == 0 || got->type == DTYPE_F64)   /* f64: what all engines round alike has no bound */
      continue;
    int ratio = ilogb(bound / real);
    t->inexact++;
    t->ratio[ratio < 0 ? 0 : ratio < RATIOS ? ratio : RATIOS - 1]++;
    t->worst = fmax(t->worst, real / bound);
  }
}

static void check_at(loom_ctx *ctx, const fuzz_kernel *f, const kernel_graph *k, const sym_binding *given, size_t n_given, bool native, tally *t, outcome *out) {
  const sym_binding *blocks;
  size_t n;
  interp_tensor *x = contents(ctx, f, k);
  void **by_root = ARENA_NEW_N(&ctx->mem, void *, k->tensors.n);
  interp_options o = {.blocks = given, .n_blocks = n_given, .op_budget = -1};
  out->status = kernel_block_sizes(ctx, k, given, n_given, &blocks, &n);
  if (out->status == LOOM_OK && native)
    out->status = run_native(ctx, k, blocks, n, x, by_root);
  if (out->status == LOOM_OK)
    out->status = interp_run(ctx, k, x, &o);
  if (out->status != LOOM_OK)
    return;
  assert_int_equal(k->returns.n, f->results.n);
  for (size_t i = 0; i < f->results.n && !fails(out); i++) {
    interp_tensor got;
    kernel_tensor r = k->returns.at[i];
    out->status = interp_read_tensor(ctx, k, x, r, &got);
    if (out->status != LOOM_OK)
      return;
    if (k->tensors.at[r].role == KERNEL_VIEW) {
      text_addf(&out->what, "%s is a view\n", f->results.at[i].name);
      return;
    }
    compare(f, &f->results.at[i], &got, by_root[kernel_root(k, r)], t, out);
  }
}

/* One kernel at all block sets; *out_text: the kernel and what is wrong with it, in `mem`; NULL: nothing. */
static void check_kernel(arena *mem, uint64_t seed, int steps, tally *t, const char **out_text) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const fuzz_kernel *f = fuzz_make(&ctx.mem, seed, steps);
  if (getenv("LOOM_FUZZ_SHOW"))
    puts(f->source);
  outcome out = {LOOM_OK, text_new(&ctx.mem)};
  text sizes = text_new(&ctx.mem);
  kernel_graph *k = read_kernel(&ctx, f);
  rng r = rng_new(seed + 1);
  if (!k)
    out.status = LOOM_EUNSUP;
  for (int set = 0; k && set < BLOCK_SETS && out.status == LOOM_OK && !fails(&out); set++) {
    VEC_OF(sym_binding) given = {0};
    sizes.size = 0;
    for (size_t i = 0; i < k->symbols.n && set != 2; i++)   /* sets: ones, random, whole extents, random */
      if (k->symbols.at[i].kind == KERNEL_SYM_BLOCK && k->symbols.at[i].value < 0) {
        vec_push(&ctx.mem, &given, ((sym_binding){k->symbols.at[i].name, set == 0 ? 1 : rng_range(&r, 1, 8)}));
        text_addf(&sizes, "%s=%" PRId64 " ", k->symbols.at[i].name, given.at[given.n - 1].value);
      }
    check_at(&ctx, f, k, given.at, given.n, t->all_native || set == 2 + (int)(seed % 2), t, &out);
  }
  *out_text = NULL;
  if (out.status != LOOM_OK || fails(&out)) {
    text s = text_new(mem);
    text_addf(&s, "---- kernel %" PRIu64 " of %d steps, m = %d, n = %d, k = %d, blocks %s\n%s", seed, steps, (int)f->size[0], (int)f->size[1], (int)f->size[2],
              sizes.size ? text_str(&sizes) : "whole", f->source);
    for (size_t i = 0; i < f->args.n; i++)
      text_addf(&s, "# %s: %s of %" PRId64 "\n", f->args.at[i].name, dtype_torch(f->args.at[i].type), f->args.at[i].elems);
    for (const diag_item *d = ctx.diag.first; d; d = d->next)
      text_addf(&s, "# line %d: %s\n", d->span.line, d->text);
    text_add(&s, text_str(&out.what));
    *out_text = text_str(&s);
  }
  loom_ctx_done(&ctx);
  t->kernels++;
}

/* The head of the kernel that fails with the fewest steps. */
static void shrink(arena *mem, uint64_t seed, const char **out_text) {
  tally ignored = {.all_native = true};
  for (int steps = 0; steps < 20; steps++) {
    const char *smaller;
    check_kernel(mem, seed, steps, &ignored, &smaller);
    if (smaller) {
      *out_text = smaller;
      return;
    }
  }
}

static uint64_t number(const char *name, uint64_t otherwise) {
  const char *s = getenv(name);
  return s ? strtoull(s, NULL, 10) : otherwise;
}

static void test_native_code_and_interpreter_agree_with_the_exact_values(void **state) {
  (void)state;
  uint64_t first = number("LOOM_FUZZ_SEED", 0), count = number("LOOM_FUZZ_COUNT", KERNELS), wrong = 0;
  arena mem = {0};
  tally t = {.all_native = getenv("LOOM_FUZZ_COUNT") != NULL};
  for (uint64_t seed = first; seed < first + count; seed++) {
    const char *found;
    check_kernel(&mem, seed, STEPS_MAX, &t, &found);
    if (!found)
      continue;
    wrong++;
    shrink(&mem, seed, &found);
    fputs(found, stderr);   /* print_error cuts long texts */
  }
  int median = 0;
  for (int64_t seen = t.ratio[0]; seen < t.inexact / 2; seen += t.ratio[++median])
    ;
  print_message("%" PRId64 " kernels, %" PRId64 " results of native code, %" PRId64 " inexact: the largest error is %.3g of its bound, the median one 2^-%d; %" PRId64
                " without a bound\n", t.kernels, t.elems, t.inexact, t.worst, median, t.unbounded);
  arena_done(&mem);
  assert_int_equal(wrong, 0);
  if (count < KERNELS)
    return;
  assert_true(t.inexact > (int64_t)count);          /* the bounds are put to a test */
  assert_true(t.worst <= 2);                        /* the interpreter's value may be rounded once itself */
  assert_true(median < 7);                          /* and not blind */
  assert_true(t.unbounded * 100 <= t.elems);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_native_code_and_interpreter_agree_with_the_exact_values),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
