/* Products of bf16 and i8 by tiles and by vectors of dot products, whatever the shapes, tiles and layouts.  Oracles: for bf16 a sum in double with the bound
 * (k + 2) * 2^-24 * sum |a||b|; i8 exact; bytes behind the tensors and the workspace stay.  The workspace is full of NaN before the call. */
#include "target/cpu/cpu_grid_testing.h"
#include "dialect/dialect.h"
#include <math.h>

typedef struct operands { const product *p; const unsigned char *x, *y; } operands;

static double left(const operands *o, int64_t i, int64_t l) {
  return dtype_load(o->p->type, o->x + (size_t)(o->p->x_transposed ? l * o->p->m + i : i * o->p->k + l) * dtype_bytes(o->p->type));
}

static double right(const operands *o, int64_t l, int64_t j) {
  return dtype_load(o->p->type, o->y + (size_t)(o->p->transposed ? j * o->p->k + l : l * o->p->n + j) * dtype_bytes(o->p->type));
}

static unsigned char *make_tensor(dtype t, int64_t n) {
  unsigned char *p = memory((size_t)n * dtype_bytes(t));
  for (int64_t i = 0; i < n; i++) {
    double unit = (double)next_random() / 1073741824.0 - 1.0;   /* i8: both ends too */
    dtype_store(t, p + (size_t)i * dtype_bytes(t), t == DTYPE_I8 ? fmax(-128, fmin(127, round(unit * 140))) : unit);
  }
  return p;
}

static void check_element(const operands *o, int64_t i, int64_t j, double got) {
  const product *p = o->p;
  dtype out = p->narrow_out ? p->type : sum_type(p);
  double sum = 0, magnitude = 0;
  for (int64_t l = 0; l < p->k; l++) {
    sum += left(o, i, l) * right(o, l, j);
    magnitude += fabs(left(o, i, l) * right(o, l, j));
  }
  double bound = p->type == DTYPE_I8 ? 0 : (double)(p->k + 2) * 0x1p-24 * magnitude + (out == DTYPE_F32 ? 0 : dtype_unit_roundoff(out) * fabs(sum) * 1.01);
  if (!(fabs(got - sum) <= bound))
    fail_msg("%s%s%s by %d, %dx%dx%d in tiles of %dx%dx%d: element %d, %d is %a, expected %a", dtype_mlir(p->type), p->x_transposed ? ", x transposed" : "", p->transposed ? ", y transposed" : "",
             p->type == DTYPE_I8 ? (int)p->dots.i8 : (int)p->dots.bf16, (int)p->m, (int)p->n, (int)p->k, (int)p->tile[0], (int)p->tile[1], (int)p->tile[2], (int)i, (int)j, got, sum);
}

static void check_product(const product *p) {
  cpu_grid grid;
  codegen_image *image = compile_product(p, NULL, &grid);
  dtype out = p->narrow_out ? p->type : sum_type(p);
  size_t in_bytes = dtype_bytes(p->type), out_bytes = dtype_bytes(out), size = (size_t)grid.workspace_bytes;
  unsigned char *x = make_tensor(p->type, p->m * p->k), *y = make_tensor(p->type, p->k * p->n), *o = memory((size_t)(p->m * p->n) * out_bytes), *w = memory(size);
  memset(w, 0xFF, size);
  tile(image, CPU_CORE_NAME)((void *const[]){x, y, o, w}, (const int64_t[]){0});
  assert_canary(x, (size_t)(p->m * p->k) * in_bytes);
  assert_canary(y, (size_t)(p->k * p->n) * in_bytes);
  assert_canary(o, (size_t)(p->m * p->n) * out_bytes);
  assert_canary(w, size);
  const operands ops = {p, x, y};
  for (int64_t i = 0; i < p->m; i++)
    for (int64_t j = 0; j < p->n; j++)
      check_element(&ops, i, j, dtype_load(out, o + (size_t)(i * p->n + j) * out_bytes));
  codegen_unlink(image);
}

/* Every `step`th shape; which of the operands are transposed is another one for every kind. */
static void check_shapes(dtype type, cpu_dot kind, size_t step) {
  static const struct { int64_t m, n, k, tile[3]; } shapes[] = {{1, 1, 1, {1, 1, 1}},           {32, 32, 64, {32, 32, 64}},    {37, 70, 53, {16, 64, 32}},     {33, 31, 129, {33, 31, 129}},
                                                                {70, 49, 200, {48, 48, 64}},    {20, 64, 100, {7, 32, 33}},    {50, 90, 17, {50, 64, 16}},     {3, 100, 65, {16, 112, 64}}};
  if (!cpu_has_dot(&ctx, type, kind)) {
    print_message("skipped: this CPU has no %s for %s\n", kind == CPU_DOT_TILES ? "tiles" : "dot products", dtype_mlir(type));
    skip();
  }
  assert_int_equal(dialect_load(&ir), LOOM_OK);
  for (size_t s = step - 1; s < sizeof shapes / sizeof *shapes; s += step) {
    product p = {.type = type, .x_transposed = (s / 2 + kind) % 2, .transposed = s / step % 2, .narrow_out = type == DTYPE_BF16 && s % 3 == 0, .m = shapes[s].m, .n = shapes[s].n, .k = shapes[s].k};
    *(type == DTYPE_I8 ? &p.dots.i8 : &p.dots.bf16) = kind;
    memcpy(p.tile, shapes[s].tile, sizeof p.tile);
    check_product(&p);
  }
}

static void bf16_products_in_tiles(void **state) {
  (void)state;
  check_shapes(DTYPE_BF16, CPU_DOT_TILES, 1);
}

static void bf16_products_by_vectors(void **state) {
  (void)state;
  check_shapes(DTYPE_BF16, CPU_DOT_VECTORS, 2);
}

static void i8_products_in_tiles(void **state) {
  (void)state;
  check_shapes(DTYPE_I8, CPU_DOT_TILES, 2);
}

static void i8_products_by_vectors(void **state) {
  (void)state;
  check_shapes(DTYPE_I8, CPU_DOT_VECTORS, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {CPU_TEST(bf16_products_in_tiles), CPU_TEST(bf16_products_by_vectors), CPU_TEST(i8_products_in_tiles), CPU_TEST(i8_products_by_vectors)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
