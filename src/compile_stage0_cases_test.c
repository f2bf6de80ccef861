/* Programs of stage 0 that no kernel becomes, drawn: products added to what a loop carries in one operation or in two, chains of linalg.generic with inputs that they read,
 * read twice or never.  On virtual chips, by the plan that the search finds at drawn block sizes.
 * Oracle: elements by their coordinates, whole numbers, exact in every type.
 * LOOM_STAGE0_SEED draws others, LOOM_STAGE0=N more of them. */
#include "base/file.h"
#include "base/rng.h"
#include "base/testing.h"
#include "base/text.h"
#include "compile.h"
#include "compile_exec.h"
#include <stdlib.h>
#include <unistd.h>

enum { PROGRAMS = 12, CHAIN_MAX = 4, READ_MAX = 3, VALUES_MAX = 2 + CHAIN_MAX, TENSORS = 5 };
typedef enum operand { X, Y, Z, BIAS, OUT } operand;      /* x[m, k], y[k, n], z[m, n], bias[n] */
typedef enum op { NEG, ABS, ADD, SUB, MAX, OPS } op;
static const char *const op_names[OPS] = {"arith.negf", "math.absf", "arith.addf", "arith.subf", "arith.maximumf"};

/* A linalg.generic that takes values by number (0: the sum, 1: z, -1: bias, else what was made before) and computes op of its inputs a and b; the others it does not read. */
typedef struct step { int n_in, in[READ_MAX], a, b; op op; } step;
typedef struct program {
  int64_t size[3], block[3];            /* m, n, k; blocks divide */
  dtype type;
  bool is_apart;                        /* the product is made into an empty tile and added behind it */
  int n_steps;
  step steps[CHAIN_MAX];
} program;

static program draw(rng *r) {
  static const dtype types[] = {DTYPE_F32, DTYPE_F32, DTYPE_F16, DTYPE_BF16};
  program p = {.type = types[rng_range(r, 0, 3)]};
  p.is_apart = rng_range(r, 0, 1);
  p.n_steps = (int)rng_range(r, 1, CHAIN_MAX);
  for (int d = 0; d < 3; d++) {
    p.block[d] = rng_range(r, 0, 2) == 0 ? rng_range(r, 1, 7) : 8 * rng_range(r, 1, 4);
    p.size[d] = p.block[d] * rng_range(r, 1, d == 2 ? 2 : 4);
  }
  for (int i = 0; i < p.n_steps; i++) {
    step *s = &p.steps[i];
    s->op = (op)rng_range(r, 0, OPS - 1);
    s->n_in = (int)rng_range(r, 1, READ_MAX);
    for (int k = 0; k < s->n_in; k++)
      s->in[k] = (int)rng_range(r, -1, 1 + i);
    s->a = (int)rng_range(r, 0, s->n_in - 1);
    s->b = (int)rng_range(r, 0, s->n_in - 1);
    s->in[s->a] = i == 0 ? 0 : 1 + i;      /* what was made last is not lost */
  }
  return p;
}

/* ---- the program's text ---- */

static const int64_t *sizes(const program *p, operand t, int64_t out[2], int *rank) {
  const int64_t all[TENSORS][2] = {{p->size[0], p->size[2]}, {p->size[2], p->size[1]}, {p->size[0], p->size[1]}, {p->size[1], 1}, {p->size[0], p->size[1]}};
  *rank = t == BIAS ? 1 : 2;
  out[0] = all[t][0];
  out[1] = all[t][1];
  return out;
}

static const char *memory_type(arena *mem, const program *p, operand t) {
  int64_t n[2];
  int rank;
  sizes(p, t, n, &rank);
  return rank == 1 ? arena_printf(mem, "memref<%" PRId64 "x%s>", n[0], dtype_mlir(p->type)) : arena_printf(mem, "memref<%" PRId64 "x%" PRId64 "x%s>", n[0], n[1], dtype_mlir(p->type));
}

static const char *part_type(arena *mem, const program *p, operand t) {
  int64_t n[2];
  int rank;
  sizes(p, t, n, &rank);
  if (rank == 1)
    return arena_printf(mem, "memref<?x%s, strided<[1], offset: ?>>", dtype_mlir(p->type));
  return arena_printf(mem, "memref<?x?x%s, strided<[%" PRId64 ", 1], offset: ?>>", dtype_mlir(p->type), n[1]);
}

static const char *tile_type(arena *mem, const program *p, bool is_row) { return arena_printf(mem, is_row ? "tensor<?x%s>" : "tensor<?x?x%s>", dtype_mlir(p->type)); }

/* %<name> = the tile of an argument at `at`, `block` large. */
static void add_load(text *out, const program *p, operand t, const char *name, const char *at, const char *block) {
  const char *part = part_type(out->mem, p, t);
  text_addf(out, "    %%s%s = memref.subview %%%s_arg[%s] [%s] [%s] : %s to %s\n", name, name, at, block, t == BIAS ? "1" : "1, 1", memory_type(out->mem, p, t), part);
  text_addf(out, "    %%%s = bufferization.to_tensor %%s%s : %s to %s\n", name, name, part, tile_type(out->mem, p, t == BIAS));
}

static void add_apart(text *out, const program *p) {
  const char *tile = tile_type(out->mem, p, false), *t = dtype_mlir(p->type);
  text_addf(out, "    %%p = linalg.matmul ins(%%x, %%y : %s, %s) outs(%%start : %s) -> %s\n", tile, tile, tile, tile);
  text_addf(out, "    %%q = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = [\"parallel\", \"parallel\"]} ins(%%acc, %%p : %s, %s) outs(%%e : %s) {\n", tile, tile, tile);
  text_addf(out, "    ^bb0(%%a: %s, %%b: %s, %%o: %s):\n      %%t = arith.addf %%a, %%b : %s\n      linalg.yield %%t : %s\n    } -> %s\n", t, t, t, t, t, tile);
}

static void add_sum(text *out, const program *p) {
  const char *tile = tile_type(out->mem, p, false), *t = dtype_mlir(p->type);
  text_addf(out, "    %%e = tensor.empty(%%m, %%n) : %s\n    %%start = linalg.fill ins(%%zero : %s) outs(%%e : %s) -> %s\n", tile, t, tile, tile);
  text_addf(out, "    %%sum = affine.for %%l = 0 to #trip()[%%k] iter_args(%%acc = %%start) -> (%s) {\n    %%ok = arith.muli %%l, %%k : index\n", tile);
  add_load(out, p, X, "x", "%om, %ok", "%m, %k");
  add_load(out, p, Y, "y", "%ok, %on", "%k, %n");
  if (p->is_apart)
    add_apart(out, p);
  else
    text_addf(out, "    %%q = linalg.matmul ins(%%x, %%y : %s, %s) outs(%%acc : %s) -> %s\n", tile, tile, tile, tile);
  text_addf(out, "    affine.yield %%q : %s\n    }\n", tile);
}

static const char *value_name(arena *mem, int value) { return value < 0 ? "bias" : value == 0 ? "sum" : value == 1 ? "z" : arena_printf(mem, "v%d", value); }

static void add_step(text *out, const program *p, int i) {
  const step *s = &p->steps[i];
  const char *tile = tile_type(out->mem, p, false), *t = dtype_mlir(p->type);
  text maps = text_new(out->mem), names = text_new(out->mem), types = text_new(out->mem), body = text_new(out->mem);
  for (int k = 0; k < s->n_in; k++) {
    text_addf(&maps, "%s, ", s->in[k] < 0 ? "#col" : "#id");
    text_addf(&names, "%s%%%s", k ? ", " : "", value_name(out->mem, s->in[k]));
    text_addf(&types, "%s%s", k ? ", " : "", tile_type(out->mem, p, s->in[k] < 0));
    text_addf(&body, "%%a%d: %s, ", k, t);
  }
  text_addf(out, "    %%v%d = linalg.generic {indexing_maps = [%s#id], iterator_types = [\"parallel\", \"parallel\"]}", i + 2, text_str(&maps));
  text_addf(out, " ins(%s : %s) outs(%%e : %s) {\n    ^bb0(%s%%o: %s):\n", text_str(&names), text_str(&types), tile, text_str(&body), t);
  if (s->op < ADD)
    text_addf(out, "      %%t = %s %%a%d : %s\n", op_names[s->op], s->a, t);
  else
    text_addf(out, "      %%t = %s %%a%d, %%a%d : %s\n", op_names[s->op], s->a, s->b, t);
  text_addf(out, "      linalg.yield %%t : %s\n    } -> %s\n", t, tile);
}

static const char *text_of(arena *mem, const program *p) {
  text out = text_new(mem);
  const int64_t *n = p->size;
  text_addf(&out, "#id = affine_map<(d0, d1) -> (d0, d1)>\n#col = affine_map<(d0, d1) -> (d1)>\n#trip = affine_map<()[s0] -> (%" PRId64 " ceildiv s0)>\n", n[2]);
  text_addf(&out, "func.func @drawn(%%x_arg: %s, %%y_arg: %s, %%z_arg: %s, %%bias_arg: %s, %%out_arg: %s) {\n", memory_type(mem, p, X), memory_type(mem, p, Y), memory_type(mem, p, Z),
            memory_type(mem, p, BIAS), memory_type(mem, p, OUT));
  text_addf(&out, "  %%zero = arith.constant 0.0 : %s\n", dtype_mlir(p->type));
  for (int d = 0; d < 3; d++)
    text_addf(&out, "  %%%c = \"loom.sym\"() {symbol_ref = @tile_%c, upper_bound = %" PRId64 " : index} : () -> index\n", "mnk"[d], "mnk"[d], n[d]);
  text_addf(&out, "  affine.parallel (%%i, %%j) = (0, 0) to (%" PRId64 " ceildiv symbol(%%m), %" PRId64 " ceildiv symbol(%%n)) {\n", n[0], n[1]);
  text_add(&out, "    %om = arith.muli %i, %m : index\n    %on = arith.muli %j, %n : index\n");
  add_sum(&out, p);
  add_load(&out, p, Z, "z", "%om, %on", "%m, %n");
  add_load(&out, p, BIAS, "bias", "%on", "%n");
  for (int i = 0; i < p->n_steps; i++)
    add_step(&out, p, i);
  const char *part = part_type(mem, p, OUT);
  text_addf(&out, "    %%so = memref.subview %%out_arg[%%om, %%on] [%%m, %%n] [1, 1] : %s to %s\n", memory_type(mem, p, OUT), part);
  text_addf(&out, "    bufferization.materialize_in_destination %%v%d in restrict writable %%so : (%s, %s) -> ()\n  }\n  return\n}\n", p->n_steps + 1, tile_type(mem, p, false), part);
  return text_str(&out);
}

/* ---- running ---- */

static double applied(op o, double a, double b) { return o == NEG ? -a : o == ABS ? fabs(a) : o == ADD ? a + b : o == SUB ? a - b : fmax(a, b); }

static double at(const program *p, const char *bytes, int64_t i) { return dtype_load(p->type, bytes + i * (int64_t)dtype_bytes(p->type)); }

static double wanted(const program *p, char *const *in, int64_t i, int64_t j) {
  const int64_t n = p->size[1], k = p->size[2];
  double v[VALUES_MAX] = {0, at(p, in[Z], i * n + j)};
  for (int64_t l = 0; l < k; l++)
    v[0] += at(p, in[X], i * k + l) * at(p, in[Y], l * n + j);
  for (int s = 0; s < p->n_steps; s++) {
    const step *x = &p->steps[s];
    const int a = x->in[x->a], b = x->in[x->b];
    v[s + 2] = applied(x->op, a < 0 ? at(p, in[BIAS], j) : v[a], b < 0 ? at(p, in[BIAS], j) : v[b]);
  }
  return v[p->n_steps + 1];
}

/* Contents of the arguments, in their order. */
static void fill(arena *mem, const program *p, char **out) {
  rng r = rng_new(3);
  for (int t = 0; t < TENSORS; t++) {
    int64_t n[2];
    int rank;
    sizes(p, (operand)t, n, &rank);
    const int64_t elems = n[0] * n[1], bytes = (int64_t)dtype_bytes(p->type);
    out[t] = arena_alloc(mem, (size_t)(elems * bytes));
    for (int64_t i = 0; i < elems; i++)      /* sums of at most 64 products below 2^7: bf16 holds them */
      dtype_store(p->type, out[t] + i * bytes, t == OUT ? NAN : (t == X || t == Y) && rng_range(&r, 0, 7) ? 0 : (double)rng_range(&r, -2, 2));
  }
}

static const char *first_said(const loom_ctx *ctx) { return ctx->diag.first ? ctx->diag.first->text : "no reason"; }

static void run(compile_state *s, const program *p, const char *source) {
  loom_ctx *ctx = s->ctx;
  codegen_image *image;
  sim_tile_fn *functions;
  sim_report report;
  char *memory[TENSORS];
  void *dram[TENSORS];
  fill(&ctx->mem, p, memory);
  assert_int_equal(s->tog->tensors.n, TENSORS);
  for (int t = 0; t < TENSORS; t++)
    dram[t] = memory[t];
  if (compile_tiles(s, &image, &functions) != LOOM_OK)
    fail_msg("%s\n%s", first_said(ctx), source);
  const sim_exec exec = {functions, s->tog->functions.n};
  if (sim_run(ctx, s->tog, s->machine, &(sim_options){.exec = &exec, .tensors = dram, .verify = true}, &report) != LOOM_OK)
    fail_msg("%s\n%s", first_said(ctx), source);
  if (report.n_faults)
    fail_msg("%s\n%s", report.faults.at[0].text, source);
  codegen_unlink(image);
  for (int64_t i = 0; i < p->size[0] * p->size[1]; i++) {
    const double want = wanted(p, memory, i / p->size[1], i % p->size[1]), got = at(p, memory[OUT], i);
    if (got != want)
      fail_msg("out[%" PRId64 "] is %g, must be %g on %s\n%s", i, got, want, s->machine->name, source);
  }
}

static void check_one(const program *p, const char *machine_name, const char *path) {
  static const char *const symbols[] = {"tile_m", "tile_n", "tile_k"};
  loom_ctx ctx;
  compile_state s = {0};
  solve_domain blocks[3];
  loom_ctx_init(&ctx);
  for (int d = 0; d < 3; d++)
    blocks[d] = (solve_domain){.symbol = symbols[d], .assigned = p->block[d]};
  const char *source = text_of(&ctx.mem, p);
  assert_int_equal(file_write(&ctx, path, source, strlen(source)), LOOM_OK);
  const char *description = arena_printf(&ctx.mem, LOOM_SOURCE_DIR "/machines/%s.yaml", machine_name);
  compile_options o = {.input = path, .machine = description, .domains = blocks, .n_domains = 3, .model = MODEL_LOOM, .accumulate_f32 = true, .topk = 1, .etg_gen = 3, .stop_after = COMPILE_TOG};
  if (compile_kernel(&ctx, &o, &s) != LOOM_OK)
    fail_msg("%s\n%s", first_said(&ctx), source);
  run(&s, p, source);
  compile_done(&s);
  loom_ctx_done(&ctx);
}

static void test_programs_drawn(void **state) {
  (void)state;
  static const char *const machines[] = {"torus4", "ring8", "wormhole", "single"};
  char path[] = "/tmp/loom_stage0_XXXXXX";
  const int fd = mkstemp(path), programs = (int)testing_number("LOOM_STAGE0", PROGRAMS);
  assert_true(fd >= 0 && close(fd) == 0);
  rng r = rng_new((uint64_t)testing_number("LOOM_STAGE0_SEED", 1));
  for (int i = 0; i < programs; i++) {
    const program p = draw(&r);
    check_one(&p, machines[rng_range(&r, 0, COUNT_OF(machines) - 1)], path);
  }
  unlink(path);
  print_message("%d right\n", programs);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_programs_drawn)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
