/* Speed of what computes beside matrix products on this CPU: kernels as a materialized plan leaves them (copies of rows into a workspace, whole
 * buffers from step to step, copies out), against the time to read and write as many bytes.
 *   cpu_vector_bench [seconds per row, default 0.5] */
#include "target/cpu/cpu.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROWS = 4096, TILE = 32 };

static double seconds_on(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}
static double now(void) { return seconds_on(CLOCK_MONOTONIC); }

/* ---- text ---- */
typedef struct kernel { text out; int cols, buffers; int64_t bytes; } kernel;

static const char *row_type(kernel *k, bool is_row) { return is_row ? arena_printf(k->out.mem, "memref<%dx%dxf32>", TILE, k->cols) : arena_printf(k->out.mem, "memref<%dxf32>", TILE); }

/* A new buffer in the workspace: rows, or one number a row. */
static const char *buffer(kernel *k, bool is_row) {
  int n = k->buffers++;
  text_addf(&k->out, "    %%o%d = arith.constant %lld : index\n    %%b%d = memref.view %%w[%%o%d][] : memref<WORKSPACExi8> to %s\n", n, (long long)k->bytes, n, n, row_type(k, is_row));
  k->bytes += 4 * TILE * (is_row ? k->cols : 16);
  return arena_printf(k->out.mem, "%%b%d", n);
}

typedef struct operand { const char *name, *kind; } operand;   /* kind: "row", "number" (one a row), "column" (one a column) */

static const char *map_of(const char *kind) { return *kind == 'r' ? "affine_map<(i, j) -> (i, j)>" : *kind == 'n' ? "affine_map<(i, j) -> (i)>" : "affine_map<(i, j) -> (j)>"; }
static const char *type_of(kernel *k, const char *kind) { return *kind == 'c' ? arena_printf(k->out.mem, "memref<%dxf32>", k->cols) : row_type(k, *kind == 'r'); }

/* `body` computes %r from %x0, %x1, .. and, where the result is a number a row, %y. */
static const char *generic(kernel *k, bool to_row, const char *init, const char *body, int n, const operand *in) {
  const char *to = buffer(k, to_row);
  text *t = &k->out;
  if (init) {
    text_addf(t, "    %%z%d = arith.constant %s : f32\n    linalg.fill ins(%%z%d : f32) outs(%s : %s)\n", k->buffers, init, k->buffers, to, row_type(k, to_row));
  }
  text_add(t, "    linalg.generic {indexing_maps = [");
  for (int i = 0; i < n; i++)
    text_addf(t, "%s, ", map_of(in[i].kind));
  text_addf(t, "%s], iterator_types = [\"parallel\", \"%s\"]} ins(", map_of(to_row ? "row" : "number"), to_row ? "parallel" : "reduction");
  for (int i = 0; i < n; i++)
    text_addf(t, "%s%s", i ? ", " : "", in[i].name);
  text_add(t, " : ");
  for (int i = 0; i < n; i++)
    text_addf(t, "%s%s", i ? ", " : "", type_of(k, in[i].kind));
  text_addf(t, ") outs(%s : %s) {\n    ^bb0(", to, row_type(k, to_row));
  for (int i = 0; i < n; i++)
    text_addf(t, "%%x%d: f32, ", i);
  text_addf(t, "%%y: f32):\n%s      linalg.yield %%r : f32\n    }\n", body);
  return to;
}

#define ROW(k, body, ...) generic(k, true, NULL, body, (int)(sizeof((operand[]){__VA_ARGS__}) / sizeof(operand)), (operand[]){__VA_ARGS__})
#define SUM(k, body, ...) generic(k, false, "0.0", body, (int)(sizeof((operand[]){__VA_ARGS__}) / sizeof(operand)), (operand[]){__VA_ARGS__})
#define OP(op) "      %r = " op " : f32\n"

static const char *softmax(kernel *k, const char *x) {
  const char *top = generic(k, false, "0xFF800000", OP("arith.maximumf %x0, %y"), 1, (operand[]){{x, "row"}});
  const char *e = ROW(k, "      %d = arith.subf %x0, %x1 : f32\n" OP("math.exp %d"), {x, "row"}, {top, "number"});
  const char *total = SUM(k, OP("arith.addf %x0, %y"), {e, "row"});
  return ROW(k, OP("arith.divf %x0, %x1"), {e, "row"}, {total, "number"});
}

#define MEAN "      %n = arith.constant 4096.0 : f32\n      %m = arith.divf %x1, %n : f32\n      %d = arith.subf %x0, %m : f32\n"
static const char *layernorm(kernel *k, const char *x) {
  const char *total = SUM(k, OP("arith.addf %x0, %y"), {x, "row"});
  const char *d = ROW(k, MEAN "      %z = arith.constant 0.0 : f32\n" OP("arith.addf %d, %z"), {x, "row"}, {total, "number"});
  const char *squares = SUM(k, "      %q = arith.mulf %x0, %x0 : f32\n" OP("arith.addf %q, %y"), {d, "row"});
  return ROW(k,
             "      %n = arith.constant 4096.0 : f32\n      %e = arith.constant 1.0e-5 : f32\n      %v = arith.divf %x1, %n : f32\n      %u1 = arith.addf %v, %e : f32\n"
             "      %s = math.rsqrt %u1 : f32\n      %t = arith.mulf %x0, %s : f32\n      %u = arith.mulf %t, %x2 : f32\n" OP("arith.addf %u, %x3"),
             {d, "row"}, {squares, "number"}, {"%g", "column"}, {"%h", "column"});
}

static const char *rmsnorm(kernel *k, const char *x) {
  const char *squares = SUM(k, "      %q = arith.mulf %x0, %x0 : f32\n" OP("arith.addf %q, %y"), {x, "row"});
  return ROW(k,
             "      %n = arith.constant 4096.0 : f32\n      %e = arith.constant 1.0e-5 : f32\n      %v = arith.divf %x1, %n : f32\n      %u1 = arith.addf %v, %e : f32\n"
             "      %s = math.rsqrt %u1 : f32\n      %t = arith.mulf %x0, %s : f32\n" OP("arith.mulf %t, %x2"),
             {x, "row"}, {squares, "number"}, {"%g", "column"});
}

static const char *gelu(kernel *k, const char *x) {
  return ROW(k,
             "      %c = arith.constant 0.707106781 : f32\n      %k = arith.constant 0.5 : f32\n      %one = arith.constant 1.0 : f32\n      %a = arith.mulf %x0, %c : f32\n"
             "      %b = math.erf %a : f32\n      %d = arith.addf %b, %one : f32\n      %e = arith.mulf %x0, %k : f32\n" OP("arith.mulf %e, %d"),
             {x, "row"});
}

static const char *exponential(kernel *k, const char *x) { return ROW(k, OP("math.exp %x0"), {x, "row"}); }
static const char *row_sum(kernel *k, const char *x) { return SUM(k, OP("arith.addf %x0, %y"), {x, "row"}); }

static const char *row_max(kernel *k, const char *x) { return generic(k, false, "0xFF800000", OP("arith.maximumf %x0, %y"), 1, (operand[]){{x, "row"}}); }

/* What attention does beside its products, for a block of scores. */
static const char *attention_step(kernel *k, const char *x) {
  const char *scaled = ROW(k, "      %c = arith.constant 0.125 : f32\n" OP("arith.mulf %x0, %c"), {x, "row"});
  const char *top = row_max(k, scaled);
  const char *e = ROW(k, "      %d = arith.subf %x0, %x1 : f32\n" OP("math.exp %d"), {scaled, "row"}, {top, "number"});
  return SUM(k, OP("arith.addf %x0, %y"), {e, "row"});
}

/* is_cached: all rows are the first ones, so that memory counts for nothing. */
static const char *exponential_sum(kernel *k, const char *x) { return row_sum(k, exponential(k, x)); }
static const char *gelu_sum(kernel *k, const char *x) { return row_sum(k, gelu(k, x)); }

static const struct row { const char *name; int cols; bool to_row; const char *(*body)(kernel *, const char *); bool is_cached; } rows[] = {
    {"softmax", 2560, true, softmax, false},   {"layernorm_affine", 4096, true, layernorm, false},       {"rmsnorm_scale", 4096, true, rmsnorm, false},
    {"gelu_erf", 4096, true, gelu, false},     {"exp", 4096, true, exponential, false},                  {"rowsum", 4096, false, row_sum, false},
    {"max of rows", 512, false, row_max, true}, {"attention step", 512, false, attention_step, true}, {"exp and sum", 512, false, exponential_sum, true}, {"gelu and sum", 512, false, gelu_sum, true},
};

static const char *module_text(arena *mem, const struct row *r) {
  kernel k = {.out = text_new(mem), .cols = r->cols};
  const char *in = arena_printf(mem, "memref<%dx%dxf32>", ROWS, r->cols), *out = r->to_row ? in : arena_printf(mem, "memref<%dxf32>", ROWS);
  const char *x = buffer(&k, true);
  text_addf(&k.out,
            "    %%xs = memref.subview %%x[%s, 0] [%d, %d] [1, 1] : %s to memref<%dx%dxf32, strided<[%d, 1], offset: ?>>\n"
            "    memref.copy %%xs, %s : memref<%dx%dxf32, strided<[%d, 1], offset: ?>> to %s\n",
            r->is_cached ? "%c0" : "%i", TILE, r->cols, in, TILE, r->cols, r->cols, x, TILE, r->cols, r->cols, row_type(&k, true));
  const char *y = r->body(&k, x);
  if (r->to_row)
    text_addf(&k.out, "    %%ys = memref.subview %%o[%%i, 0] [%d, %d] [1, 1] : %s to memref<%dx%dxf32, strided<[%d, 1], offset: ?>>\n", TILE, r->cols, out, TILE, r->cols, r->cols);
  else
    text_addf(&k.out, "    %%ys = memref.subview %%o[%%i] [%d] [1] : %s to memref<%dxf32, strided<[1], offset: ?>>\n", TILE, out, TILE);
  text_addf(&k.out, "    memref.copy %s, %%ys : %s to memref<%s>\n", y, row_type(&k, r->to_row),
            r->to_row ? arena_printf(mem, "%dx%dxf32, strided<[%d, 1], offset: ?>", TILE, r->cols, r->cols) : arena_printf(mem, "%dxf32, strided<[1], offset: ?>", TILE));
  const char *body = text_str(&k.out), *at;
  text all = text_new(mem);
  text_addf(&all,
            "func.func @kernel(%%x: %s, %%g: memref<%dxf32>, %%h: memref<%dxf32>, %%o: %s, %%w: memref<%lldxi8>) attributes {loom.tile_function, loom.workspace = 4} {\n"
            "  %%c0 = arith.constant 0 : index\n  %%c1 = arith.constant %d : index\n  %%c2 = arith.constant %d : index\n  scf.for %%i = %%c0 to %%c1 step %%c2 {\n",
            in, r->cols, r->cols, out, (long long)k.bytes, ROWS, TILE);
  while ((at = strstr(body, "WORKSPACE")) != NULL) {
    text_add_bytes(&all, body, (size_t)(at - body));
    text_addf(&all, "%lld", (long long)k.bytes);
    body = at + strlen("WORKSPACE");
  }
  text_addf(&all, "%s  }\n  return\n}\n", body);
  return text_str(&all);
}

/* ---- timing ---- */
static double best_ms(void (*f)(void *), void *data, double budget) {
  double best = 1e30, end = now() + budget;
  do {
    double t0 = seconds_on(CLOCK_PROCESS_CPUTIME_ID);
    f(data);
    double t = seconds_on(CLOCK_PROCESS_CPUTIME_ID) - t0;
    best = t < best ? t : best;
  } while (now() < end);
  return best * 1e3;
}

typedef struct call { cpu_tile_fn f; void *buf[5]; } call;
static void run(void *data) {
  call *c = data;
  c->f(c->buf, NULL);
}

typedef struct stream { float *from, *to; size_t n; } stream;
static void copy(void *data) {
  stream *s = data;
  memcpy(s->to, s->from, s->n * sizeof(float));
}

static int bench(const struct row *r, double budget, float *x, float *o, float *g, char *w) {
  loom_ctx ctx;
  ir_ctx ir;
  codegen_image *image;
  loom_ctx_init(&ctx);
  if (ir_open(&ctx, &ir) != LOOM_OK)
    return 1;
  const char *src = module_text(&ctx.mem, r);
  if (getenv("SHOW"))
    fputs(src, stderr);
  double t0 = now();
  if (cpu_compile_tiles(&ir, src, &image) != LOOM_OK) {
    for (const diag_item *d = ctx.diag.first; d; d = d->next)
      fprintf(stderr, "%s\n", d->text);
    return 1;
  }
  double compile_ms = (now() - t0) * 1e3;
  void *p = codegen_lookup(image, "kernel");
  call c = {.buf = {x, g, g, o, w}};
  memcpy(&c.f, &p, sizeof c.f);
  stream s = {x, o, (size_t)ROWS * (size_t)r->cols};
  double ms = best_ms(run, &c, budget), limit = best_ms(copy, &s, budget / 2), bytes = 4.0 * ROWS * r->cols * (r->to_row ? 2 : 1);
  printf("%-18s %5dx%-5d %8.3f ms  %6.1f GB/s  ", r->name, ROWS, r->cols, ms, bytes / ms * 1e-6);
  if (r->is_cached)
    printf("%5.2f ns for 16 elements  compile %6.1f ms\n", ms * 1e6 * 16 / ROWS / r->cols, compile_ms);
  else
    printf("memcpy %7.3f ms  compile %6.1f ms\n", limit, compile_ms);
  codegen_unlink(image);
  ir_close(&ir);
  loom_ctx_done(&ctx);
  return 0;
}

int main(int argc, char **argv) {
  double budget = argc > 1 ? strtod(argv[1], NULL) : 0.5;
  size_t n = (size_t)ROWS * 4096;
  float *x = aligned_alloc(4096, n * sizeof *x), *o = aligned_alloc(4096, n * sizeof *o), *g = aligned_alloc(4096, 4096 * sizeof *g);
  char *w = aligned_alloc(4096, 64 << 20);
  uint32_t seed = 12345;
  if (!x || !o || !g || !w)
    return 1;
  for (size_t i = 0; i < n; i++)
    x[i] = (float)(int32_t)(seed = seed * 1664525u + 1013904223u) * (1.0f / 2147483648.0f), o[i] = 0;
  memcpy(g, x, 4096 * sizeof *g);
  memset(w, 0, 64 << 20);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if ((argc < 3 || strstr(rows[i].name, argv[2])) && bench(&rows[i], budget, x, o, g, w))
      return 1;
  return 0;
}
