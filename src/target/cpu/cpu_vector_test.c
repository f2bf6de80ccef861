/* Oracle: the same functions as upstream's scalar loops (convert-linalg-to-loops first), bit for bit.  Values are small whole numbers, so that sums do not
 * depend on their order.  All of every buffer is compared; what lies outside of the extents is as random as the rest. */
#include "target/cpu/cpu_private.h"
#include "target/cpu/cpu_testing.h"
#include <stdlib.h>

#define BY_LOOPS "builtin.module(func.func(linalg-generalize-named-ops,convert-linalg-to-loops))"

enum { BUFFERS_MAX = 6, BUFFER_BYTES = 1 << 14 };

/* ---- cases ---- */
/* Buffers are 1-D bytes for the harness; `types` their element types.  The first n_in are read. */
typedef struct sample { const char *name, *text; int n; dtype types[BUFFERS_MAX]; } sample;

#define F "func.func @f"
#define A " attributes {loom.tile_function} {\n"
#define ID2 "affine_map<(i, j) -> (i, j)>"
#define ROW2 "affine_map<(i, j) -> (i)>"
#define COL2 "affine_map<(i, j) -> (j)>"
#define PP "iterator_types = [\"parallel\", \"parallel\"]"
#define PR "iterator_types = [\"parallel\", \"reduction\"]"
#define RP "iterator_types = [\"reduction\", \"parallel\"]"
#define S2 "memref<?x?xf32, strided<[70, 1]>>"
#define S1 "memref<?xf32, strided<[1]>>"
#define VIEW2(to, of) "  %" to " = memref.subview %" of "[0, 0] [%m, %n] [1, 1] : memref<20x70xf32> to " S2 "\n"
#define VIEW1(to, of, size, count) "  %" to " = memref.subview %" of "[0] [%" count "] [1] : memref<" size "xf32> to " S1 "\n"
#define M2(n) "%" n ": memref<20x70xf32>"

static const sample samples[] = {
    {"elementwise with a row, a column and a number", F "(" M2("a") ", %r: memref<20xf32>, %c: memref<70xf32>, " M2("o") ", %m: index, %n: index)" A VIEW2("as", "a") VIEW2("os", "o")
         VIEW1("rs", "r", "20", "m") VIEW1("cs", "c", "70", "n")
         "  %k = arith.constant 3.0 : f32\n"
         "  linalg.generic {indexing_maps = [" ID2 ", " ROW2 ", " COL2 ", affine_map<(i, j) -> ()>, " ID2 "], " PP "} ins(%as, %rs, %cs, %k : " S2 ", " S1 ", " S1 ", f32) outs(%os : " S2 ") {\n"
         "  ^bb0(%x: f32, %y: f32, %z: f32, %w: f32, %o1: f32):\n    %p = arith.mulf %x, %y : f32\n    %q = arith.mulf %z, %w : f32\n    %s = arith.addf %p, %q : f32\n    linalg.yield %s : f32\n  }\n"
         "  return\n}\n", 4, {DTYPE_F32, DTYPE_F32, DTYPE_F32, DTYPE_F32}},
    {"sums of rows and columns, both added to what is there", F "(" M2("a") ", %r: memref<20xf32>, %c: memref<70xf32>, %m: index, %n: index)" A VIEW2("as", "a")
         VIEW1("rs", "r", "20", "m") VIEW1("cs", "c", "70", "n")
         "  linalg.generic {indexing_maps = [" ID2 ", " ROW2 "], " PR "} ins(%as : " S2 ") outs(%rs : " S1 ") {\n  ^bb0(%x: f32, %y: f32):\n    %s = arith.addf %x, %y : f32\n    linalg.yield %s : f32\n  }\n"
         "  linalg.generic {indexing_maps = [" ID2 ", " COL2 "], " RP "} ins(%as : " S2 ") outs(%cs : " S1 ") {\n  ^bb0(%x: f32, %y: f32):\n    %s = arith.addf %y, %x : f32\n    linalg.yield %s : f32\n  }\n"
         "  return\n}\n", 3, {DTYPE_F32, DTYPE_F32, DTYPE_F32}},
    {"one sum of all", F "(" M2("a") ", %r: memref<f32>, %m: index, %n: index)" A VIEW2("as", "a")
         "  linalg.generic {indexing_maps = [" ID2 ", affine_map<(i, j) -> ()>], iterator_types = [\"reduction\", \"reduction\"]} ins(%as : " S2 ") outs(%r : memref<f32>) {\n"
         "  ^bb0(%x: f32, %y: f32):\n    %s = arith.addf %x, %y : f32\n    linalg.yield %s : f32\n  }\n  return\n}\n", 2, {DTYPE_F32, DTYPE_F32}},
    {"softmax: private buffers between the passes", F "(" M2("a") ", " M2("o") ", %m: index, %n: index)" A VIEW2("as", "a") VIEW2("os", "o")
         "  %t = memref.alloca() : memref<20xf32>\n  %u = memref.alloca() : memref<20xf32>\n  %e = memref.alloca() : memref<20x70xf32>\n" VIEW1("ts", "t", "20", "m") VIEW1("us", "u", "20", "m") VIEW2("es", "e")
         "  %low = arith.constant 0xFF800000 : f32\n  %zero = arith.constant 0.0 : f32\n  linalg.fill ins(%low : f32) outs(%ts : " S1 ")\n"
         "  linalg.generic {indexing_maps = [" ID2 ", " ROW2 "], " PR "} ins(%as : " S2 ") outs(%ts : " S1 ") {\n  ^bb0(%x: f32, %y: f32):\n    %s = arith.maximumf %x, %y : f32\n    linalg.yield %s : f32\n  }\n"
         "  linalg.generic {indexing_maps = [" ID2 ", " ROW2 ", " ID2 "], " PP "} ins(%as, %ts : " S2 ", " S1 ") outs(%es : " S2 ") {\n  ^bb0(%x: f32, %y: f32, %z: f32):\n    %d = arith.subf %x, %y : f32\n    linalg.yield %d : f32\n  }\n"
         "  linalg.fill ins(%zero : f32) outs(%us : " S1 ")\n"
         "  linalg.generic {indexing_maps = [" ID2 ", " ROW2 "], " PR "} ins(%es : " S2 ") outs(%us : " S1 ") {\n  ^bb0(%x: f32, %y: f32):\n    %s = arith.addf %x, %y : f32\n    linalg.yield %s : f32\n  }\n"
         "  linalg.generic {indexing_maps = [" ID2 ", " ROW2 ", " ID2 "], " PP "} ins(%es, %us : " S2 ", " S1 ") outs(%os : " S2 ") {\n  ^bb0(%x: f32, %y: f32, %z: f32):\n    %d = arith.divf %x, %y : f32\n    linalg.yield %d : f32\n  }\n"
         "  return\n}\n", 2, {DTYPE_F32, DTYPE_F32}},
    {"in place, then read elsewhere in the row", F "(" M2("a") ", " M2("o") ", %m: index, %n: index)" A VIEW2("as", "a") VIEW2("os", "o")
         "  %one = arith.constant 1.0 : f32\n"
         "  linalg.generic {indexing_maps = [" ID2 "], " PP "} outs(%as : " S2 ") {\n  ^bb0(%x: f32):\n    %d = arith.addf %x, %one : f32\n    linalg.yield %d : f32\n  }\n"
         "  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, 0)>, " ID2 ", " ID2 "], " PP "} ins(%as, %as : " S2 ", " S2 ") outs(%os : " S2 ") {\n  ^bb0(%x: f32, %y: f32, %z: f32):\n    %d = arith.mulf %x, %y : f32\n    linalg.yield %d : f32\n  }\n"
         "  linalg.generic {indexing_maps = [" ID2 "], " PP "} outs(%as : " S2 ") {\n  ^bb0(%x: f32):\n    %d = arith.addf %x, %one : f32\n    linalg.yield %d : f32\n  }\n  return\n}\n", 2, {DTYPE_F32, DTYPE_F32}},
    {"places in a workspace that share bytes", F "(" M2("a") ", " M2("o") ", %w: memref<11200xi8>, %m: index, %n: index) attributes {loom.tile_function, loom.workspace = 2} {\n" VIEW2("as", "a") VIEW2("os", "o")
         "  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 2800 : index\n  %p = memref.view %w[%c0][] : memref<11200xi8> to memref<20x70xf32>\n  %q = memref.view %w[%c1][] : memref<11200xi8> to memref<20x70xf32>\n"
         VIEW2("ps", "p") VIEW2("qs", "q")
         "  memref.copy %as, %ps : " S2 " to " S2 "\n"
         "  linalg.generic {indexing_maps = [" ID2 ", " ID2 "], " PP "} ins(%ps : " S2 ") outs(%qs : " S2 ") {\n  ^bb0(%x: f32, %z: f32):\n    %d = arith.addf %x, %x : f32\n    linalg.yield %d : f32\n  }\n"
         "  memref.copy %qs, %os : " S2 " to " S2 "\n  return\n}\n", 2, {DTYPE_F32, DTYPE_F32}},
    {"a transposed view, and out of its order", F "(" M2("a") ", %o: memref<70x20xf32>, " M2("p") ", %m: index, %n: index)" A VIEW2("as", "a") VIEW2("ps", "p")
         "  %os = memref.subview %o[0, 0] [%n, %m] [1, 1] : memref<70x20xf32> to memref<?x?xf32, strided<[20, 1]>>\n"
         "  linalg.transpose ins(%as : " S2 ") outs(%os : memref<?x?xf32, strided<[20, 1]>>) permutation = [1, 0]\n"
         "  linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (j, i)>], " PP "} ins(%as : " S2 ") outs(%ps : " S2 ") {\n"
         "  ^bb0(%x: f32, %z: f32):\n    %d = arith.addf %x, %x : f32\n    linalg.yield %d : f32\n  }\n  return\n}\n", 3, {DTYPE_F32, DTYPE_F32, DTYPE_F32}},
    {"indices in the body", F "(" M2("a") ", " M2("o") ", %m: index, %n: index)" A VIEW2("as", "a") VIEW2("os", "o")
         "  %low = arith.constant -7.0 : f32\n"
         "  linalg.generic {indexing_maps = [" ID2 ", " ID2 "], " PP "} ins(%as : " S2 ") outs(%os : " S2 ") {\n  ^bb0(%x: f32, %z: f32):\n    %i = linalg.index 0 : index\n    %j = linalg.index 1 : index\n"
         "    %c = arith.cmpi sge, %i, %j : index\n    %d = arith.select %c, %x, %low : f32\n    linalg.yield %d : f32\n  }\n  return\n}\n", 2, {DTYPE_F32, DTYPE_F32}},
    {"the place of the largest, which is no sum", F "(" M2("a") ", %r: memref<20xf32>, %k: memref<20xi64>, %m: index, %n: index)" A VIEW2("as", "a") VIEW1("rs", "r", "20", "m")
         "  %ks = memref.subview %k[0] [%m] [1] : memref<20xi64> to memref<?xi64, strided<[1]>>\n  %low = arith.constant -100.0 : f32\n  %none = arith.constant -1 : i64\n"
         "  linalg.fill ins(%low : f32) outs(%rs : " S1 ")\n  linalg.fill ins(%none : i64) outs(%ks : memref<?xi64, strided<[1]>>)\n"
         "  linalg.generic {indexing_maps = [" ID2 ", " ROW2 ", " ROW2 "], " PR "} ins(%as : " S2 ") outs(%rs, %ks : " S1 ", memref<?xi64, strided<[1]>>) {\n  ^bb0(%x: f32, %y: f32, %z: i64):\n"
         "    %j = linalg.index 1 : index\n    %i = arith.index_cast %j : index to i64\n    %c = arith.cmpf ogt, %x, %y : f32\n    %p = arith.select %c, %x, %y : f32\n    %q = arith.select %c, %i, %z : i64\n"
         "    linalg.yield %p, %q : f32, i64\n  }\n  return\n}\n", 3, {DTYPE_F32, DTYPE_F32, DTYPE_I64}},
    {"booleans, which vectors pack", F "(" M2("a") ", %o: memref<20x70xi1>, %m: index, %n: index)" A VIEW2("as", "a")
         "  %os = memref.subview %o[0, 0] [%m, %n] [1, 1] : memref<20x70xi1> to memref<?x?xi1, strided<[70, 1]>>\n  %zero = arith.constant 0.0 : f32\n"
         "  linalg.generic {indexing_maps = [" ID2 ", " ID2 "], " PP "} ins(%as : " S2 ") outs(%os : memref<?x?xi1, strided<[70, 1]>>) {\n  ^bb0(%x: f32, %z: i1):\n"
         "    %c = arith.cmpf ogt, %x, %zero : f32\n    linalg.yield %c : i1\n  }\n  return\n}\n", 2, {DTYPE_F32, DTYPE_BOOL}},
    {"a product of other types", F "(%a: memref<20x30xi8>, %b: memref<30x70xi8>, %o: memref<20x70xi32>, %m: index, %n: index)" A
         "  %as = memref.subview %a[0, 0] [%m, 30] [1, 1] : memref<20x30xi8> to memref<?x30xi8, strided<[30, 1]>>\n  %bs = memref.subview %b[0, 0] [30, %n] [1, 1] : memref<30x70xi8> to memref<30x?xi8, strided<[70, 1]>>\n"
         "  %os = memref.subview %o[0, 0] [%m, %n] [1, 1] : memref<20x70xi32> to memref<?x?xi32, strided<[70, 1]>>\n"
         "  linalg.matmul ins(%as, %bs : memref<?x30xi8, strided<[30, 1]>>, memref<30x?xi8, strided<[70, 1]>>) outs(%os : memref<?x?xi32, strided<[70, 1]>>)\n  return\n}\n",
         3, {DTYPE_I8, DTYPE_I8, DTYPE_I32}},
    {"three dims, one of them 1, and a batch", F "(%a: memref<1x5x70xf32>, %b: memref<1x5xf32>, %o: memref<1x5x70xf16>, %m: index, %n: index)" A
         "  %as = memref.subview %a[0, 0, 0] [1, 5, %n] [1, 1, 1] : memref<1x5x70xf32> to memref<1x5x?xf32, strided<[350, 70, 1]>>\n  %os = memref.subview %o[0, 0, 0] [1, 5, %n] [1, 1, 1] : memref<1x5x70xf16> to memref<1x5x?xf16, strided<[350, 70, 1]>>\n"
         "  %zero = arith.constant 0.0 : f32\n  linalg.fill ins(%zero : f32) outs(%b : memref<1x5xf32>)\n"
         "  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j)>], iterator_types = [\"parallel\", \"parallel\", \"reduction\"]} ins(%as : memref<1x5x?xf32, strided<[350, 70, 1]>>) outs(%b : memref<1x5xf32>) {\n"
         "  ^bb0(%x: f32, %y: f32):\n    %s = arith.addf %x, %y : f32\n    linalg.yield %s : f32\n  }\n"
         "  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (i, j)>, affine_map<(i, j, k) -> (i, j, k)>], iterator_types = [\"parallel\", \"parallel\", \"parallel\"]} "
         "ins(%as, %b : memref<1x5x?xf32, strided<[350, 70, 1]>>, memref<1x5xf32>) outs(%os : memref<1x5x?xf16, strided<[350, 70, 1]>>) {\n"
         "  ^bb0(%x: f32, %y: f32, %z: f16):\n    %s = arith.addf %x, %y : f32\n    %t = arith.truncf %s : f32 to f16\n    linalg.yield %t : f16\n  }\n  return\n}\n", 3, {DTYPE_F32, DTYPE_F32, DTYPE_F16}},
};

static const int64_t extents[][2] = {{20, 70}, {1, 1}, {3, 16}, {7, 15}, {2, 65}, {5, 33}, {4, 0}, {0, 9}, {13, 48}};

static void fill(dtype t, unsigned char *p) {
  for (size_t i = 0; i < BUFFER_BYTES / dtype_bytes(t); i++)
    dtype_store(t, p + i * dtype_bytes(t), t == DTYPE_BOOL ? 0 : (double)(next_random() % 9) - 4);
}

static void compare(const sample *s, const char *function, codegen_image *vectors, codegen_image *loops, const int64_t *e) {
  unsigned char *a[BUFFERS_MAX + 1], *b[BUFFERS_MAX + 1];
  for (int i = 0; i <= s->n; i++) {
    a[i] = arena_alloc(&ctx.mem, BUFFER_BYTES);
    b[i] = arena_alloc(&ctx.mem, BUFFER_BYTES);
    fill(i < s->n ? s->types[i] : DTYPE_F32, a[i]);
    memcpy(b[i], a[i], BUFFER_BYTES);
  }
  tile(vectors, function)((void **)a, e);
  tile(loops, function)((void **)b, e);
  for (int i = 0; i < s->n; i++)
    if (memcmp(a[i], b[i], BUFFER_BYTES) != 0) {
      size_t at = 0, size = dtype_bytes(s->types[i]);
      while (memcmp(a[i] + at * size, b[i] + at * size, size) == 0)
        at++;
      fail_msg("%s, %dx%d: element %zu of buffer %d is %g, loops give %g", s->name, (int)e[0], (int)e[1], at, i, dtype_load(s->types[i], a[i] + at * size), dtype_load(s->types[i], b[i] + at * size));
    }
}

/* All samples as one module: sample i is @f<i>. */
static const char *all_samples(void) {
  text all = text_new(&ctx.mem);
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
    text_addf(&all, "func.func @f%zu%s", i, samples[i].text + strlen(F));
  return text_str(&all);
}

static void test_vectors_do_what_loops_do(void **state) {
  (void)state;
  const char *src = all_samples();
  for (size_t c = 0; c < N_CPUS; c++) {
    if (!can_run(cpus[c]))
      continue;
    codegen_image *vectors = compile_for(src, cpus[c], NULL), *loops = compile_for(src, cpus[c], BY_LOOPS);
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
      for (size_t e = 0; e < sizeof extents / sizeof *extents; e++)
        compare(&samples[i], arena_printf(&ctx.mem, "f%zu", i), vectors, loops, extents[e]);
    codegen_unlink(vectors);
    codegen_unlink(loops);
  }
}

/* ---- every combiner on every type ---- */
static void test_rows_combine_in_every_way(void **state) {
  (void)state;
  static const char *const floats[] = {"addf", "mulf", "maximumf", "minimumf", "maxnumf", "minnumf"}, *const ints[] = {"addi", "muli", "andi", "ori", "xori", "maxsi", "minsi", "maxui", "minui"};
  static const dtype types[] = {DTYPE_F32, DTYPE_F64, DTYPE_F16, DTYPE_BF16, DTYPE_I8, DTYPE_I32, DTYPE_I64};
  for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
    const char *e = dtype_mlir(types[t]), *const *ops = dtype_is_float(types[t]) ? floats : ints;
    text all = text_new(&ctx.mem);
    size_t n = dtype_is_float(types[t]) ? 6 : 9;
    for (size_t k = 0; k < n; k++)
      text_addf(&all,
                "func.func @%s(%%a: memref<20x70x%s>, %%r: memref<20x%s>, %%m: index, %%n: index)" A
                "  %%as = memref.subview %%a[0, 0] [%%m, %%n] [1, 1] : memref<20x70x%s> to memref<?x?x%s, strided<[70, 1]>>\n"
                "  %%rs = memref.subview %%r[0] [%%m] [1] : memref<20x%s> to memref<?x%s, strided<[1]>>\n"
                "  linalg.generic {indexing_maps = [" ID2 ", " ROW2 "], " PR "} ins(%%as : memref<?x?x%s, strided<[70, 1]>>) outs(%%rs : memref<?x%s, strided<[1]>>) {\n"
                "  ^bb0(%%x: %s, %%y: %s):\n    %%s = arith.%s %%y, %%x : %s\n    linalg.yield %%s : %s\n  }\n  return\n}\n",
                ops[k], e, e, e, e, e, e, e, e, e, e, ops[k], e, e);
    codegen_image *vectors = compile_for(text_str(&all), NULL, NULL), *loops = compile_for(text_str(&all), NULL, BY_LOOPS);
    for (size_t k = 0; k < n; k++)
      for (size_t x = 0; x < sizeof extents / sizeof *extents; x++)
        if (!text_eq(ops[k], "mulf") || extents[x][1] <= 2)   /* others round or overflow */
          compare(&(sample){ops[k], NULL, 2, {types[t], types[t]}}, ops[k], vectors, loops, extents[x]);
    codegen_unlink(vectors);
    codegen_unlink(loops);
  }
}

/* ---- random runs of operations ---- */
/* Buffers of whole numbers, which wrap: matrices a, b, rows r, q, columns c as arguments; private matrices t, u, v, w, of which v and w share bytes of a
 * workspace, and private rows s, z. */
static const struct { char name, kind; bool is_private; } pool[] = {{'a', 'm', false}, {'b', 'm', false}, {'r', 'r', false}, {'q', 'r', false}, {'c', 'c', false}, {'t', 'm', true},
                                                                   {'u', 'm', true},  {'v', 'm', true},  {'w', 'm', true},  {'s', 'r', true},  {'z', 'r', true}};
enum { N_POOL = sizeof pool / sizeof *pool, RUNS = 8 };

static const char *pool_type(int i) {
  return pool[i].kind == 'm' ? "memref<?x?xi32, strided<[70, 1]>>" : "memref<?xi32, strided<[1]>>";
}
static const char *pool_map(int i) { return pool[i].kind == 'm' ? ID2 : pool[i].kind == 'r' ? ROW2 : COL2; }

/* A buffer with values; kinds NULL: any. */
static int pick(const bool *has_value, const char *kinds) {
  for (;;) {
    int i = (int)(next_random() % N_POOL);
    if (has_value[i] && (!kinds || strchr(kinds, pool[i].kind)))
      return i;
  }
}

/* Operands of one operation that lie partly in one another: linalg gives that no meaning. */
static bool collide(int a, int b) { return a != b && strchr("vwz", pool[a].name) && strchr("vwz", pool[b].name); }

static void add_run_op(text *o, bool *has_value, int step) {
  static const char *const ops[] = {"addi", "subi", "maxsi", "xori", "muli"};
  bool all[N_POOL];
  memset(all, true, sizeof all);
  const char *op = ops[next_random() % 5];
  int kind = (int)(next_random() % 6), x, y, to;
  if (kind == 0) {
    to = pick(all, NULL);
    text_addf(o, "  %%k%d = arith.constant %d : i32\n  linalg.fill ins(%%k%d : i32) outs(%%%cs : %s)\n", step, (int)(next_random() % 9), step, pool[to].name, pool_type(to));
  } else if (kind == 1) {   /* a sum of rows, added to what is there */
    do
      x = pick(has_value, "m"), to = pick(has_value, next_random() % 3 ? "r" : "c");
    while (collide(x, to));
    text_addf(o, "  linalg.generic {indexing_maps = [" ID2 ", %s], %s} ins(%%%cs : %s) outs(%%%cs : %s) {\n  ^bb0(%%x: i32, %%y: i32):\n    %%d = arith.%s %%x, %%y : i32\n    linalg.yield %%d : i32\n  }\n",
              pool_map(to), pool[to].kind == 'r' ? PR : RP, pool[x].name, pool_type(x), pool[to].name, pool_type(to), op[0] == 's' ? "addi" : op);
  } else if (kind == 2) {   /* one number a row */
    do
      x = pick(has_value, "r"), y = pick(has_value, "r"), to = pick(all, "r");
    while (collide(x, to) || collide(y, to));
    text_addf(o, "  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = [\"parallel\"]} ins(%%%cs, %%%cs : %s, %s) outs(%%%cs : %s) {\n"
                 "  ^bb0(%%x: i32, %%y: i32, %%old: i32):\n    %%d = arith.%s %%x, %%y : i32\n    linalg.yield %%d : i32\n  }\n", pool[x].name, pool[y].name, pool_type(x), pool_type(y), pool[to].name, pool_type(to), op);
  } else {
    do
      x = pick(has_value, NULL), y = pick(has_value, NULL), to = pick(all, "m");
    while (collide(x, to) || collide(y, to));
    text_addf(o, "  linalg.generic {indexing_maps = [%s, %s, " ID2 "], " PP "} ins(%%%cs, %%%cs : %s, %s) outs(%%%cs : %s) {\n  ^bb0(%%x: i32, %%y: i32, %%old: i32):\n    %%d = arith.%s %%x, %%y : i32\n    linalg.yield %%d : i32\n  }\n",
              pool_map(x), pool_map(y), pool[x].name, pool[y].name, pool_type(x), pool_type(y), pool[to].name, pool_type(to), op);
  }
  has_value[to] = true;
}

static void add_run(text *o, int number) {
  bool has_value[N_POOL];
  text_addf(o, "func.func @f%d(%%a: memref<20x70xi32>, %%b: memref<20x70xi32>, %%r: memref<20xi32>, %%q: memref<20xi32>, %%c: memref<70xi32>, %%space: memref<8400xi8>, %%m: index, %%n: index) "
               "attributes {loom.tile_function, loom.workspace = 5} {\n  %%o0 = arith.constant 0 : index\n  %%o1 = arith.constant 2800 : index\n  %%o2 = arith.constant %d : index\n"
               "  %%t = memref.alloca() : memref<20x70xi32>\n  %%u = memref.alloca() : memref<20x70xi32>\n  %%s = memref.alloca() : memref<20xi32>\n  %%z = memref.view %%space[%%o2][] : memref<8400xi8> to memref<20xi32>\n"
               "  %%v = memref.view %%space[%%o0][] : memref<8400xi8> to memref<20x70xi32>\n  %%w = memref.view %%space[%%o1][] : memref<8400xi8> to memref<20x70xi32>\n", number, number % 2 ? 8320 : 2720);
  for (int i = 0; i < N_POOL; i++) {
    has_value[i] = !pool[i].is_private;
    if (pool[i].kind == 'm')
      text_addf(o, "  %%%cs = memref.subview %%%c[0, 0] [%%m, %%n] [1, 1] : memref<20x70xi32> to %s\n", pool[i].name, pool[i].name, pool_type(i));
    else
      text_addf(o, "  %%%cs = memref.subview %%%c[0] [%%%c] [1] : memref<%dxi32> to %s\n", pool[i].name, pool[i].name, pool[i].kind == 'r' ? 'm' : 'n', pool[i].kind == 'r' ? 20 : 70, pool_type(i));
  }
  int steps = 3 + (int)(next_random() % 10);
  for (int i = 0; i < steps; i++)
    add_run_op(o, has_value, i);
  text_add(o, "  return\n}\n");
}

static void test_random_runs_do_what_loops_do(void **state) {
  (void)state;
  static const sample form = {"a random run", NULL, 5, {DTYPE_I32, DTYPE_I32, DTYPE_I32, DTYPE_I32, DTYPE_I32}};
  text all = text_new(&ctx.mem);
  const char *given = getenv("LOOM_VECTOR_SEED");
  if (given)
    seed = (uint64_t)atoll(given);
  for (int i = 0; i < RUNS; i++)
    add_run(&all, i);
  codegen_image *vectors = compile_for(text_str(&all), NULL, NULL), *loops = compile_for(text_str(&all), NULL, BY_LOOPS);
  for (int i = 0; i < RUNS; i++)
    for (size_t e = 0; e < sizeof extents / sizeof *extents; e++) {
      sample s = form;
      s.name = arena_printf(&ctx.mem, "random run %d", i);
      compare(&s, arena_printf(&ctx.mem, "f%d", i), vectors, loops, extents[e]);
    }
  codegen_unlink(vectors);
  codegen_unlink(loops);
}

/* ---- large tensors ---- */
/* Written past the caches from whole lines on, with masked ends in front and behind, wherever the tensor and its rows start. */
static void test_large_tensors_are_written_whole(void **state) {
  (void)state;
  enum { ROWS = 1100, COLS = 1021 };
  static const char src[] =
      "func.func @f(%a: memref<1100x1021xf32>, %o: memref<1100x1021xf32>, %m: index, %n: index, %first: index) attributes {loom.tile_function} {\n"
      "  %as = memref.subview %a[%first, 0] [%m, %n] [1, 1] : memref<1100x1021xf32> to memref<?x?xf32, strided<[1021, 1], offset: ?>>\n"
      "  %os = memref.subview %o[%first, 0] [%m, %n] [1, 1] : memref<1100x1021xf32> to memref<?x?xf32, strided<[1021, 1], offset: ?>>\n"
      "  linalg.generic {indexing_maps = [" ID2 ", " ID2 "], " PP "} ins(%as : memref<?x?xf32, strided<[1021, 1], offset: ?>>) outs(%os : memref<?x?xf32, strided<[1021, 1], offset: ?>>) {\n"
      "  ^bb0(%x: f32, %y: f32):\n    %d = arith.addf %x, %x : f32\n    linalg.yield %d : f32\n  }\n  return\n}\n";
  static const int64_t parts[][3] = {{3, 1021, 0}, {5, 700, 11}, {4, 17, 1}, {2, 15, 7}, {1, 3, 1099}, {2, 0, 5}};
  MlirModule m;
  assert_int_equal(ir_parse(&ir, "large.mlir", src, strlen(src), &m), LOOM_OK);
  assert_int_equal(cpu_lower_vectors(&ir, m, 64), LOOM_OK);
  const char *lowered = ir_print(&ctx.mem, mlirModuleGetOperation(m), false);
  assert_non_null(strstr(lowered, "nontemporal"));
  assert_non_null(strstr(lowered, "memref.prefetch"));
  ir_close_module(m);
  codegen_image *image = compile_for(src, NULL, NULL);
  float *in = arena_alloc(&ctx.mem, (ROWS * COLS + 16) * sizeof *in), *out = arena_alloc(&ctx.mem, (ROWS * COLS + 16) * sizeof *out);
  for (int i = 0; i < ROWS * COLS + 16; i++)
    in[i] = (float)(i % 1000), out[i] = -1;
  for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
    for (int shift = 0; shift < 16; shift += 5) {   /* of the tensor in a line */
      tile(image, "f")((void *[]){in, out + shift}, parts[k]);
      for (int64_t i = 0; i < ROWS * COLS; i++) {
        int64_t row = i / COLS - parts[k][2], col = i % COLS;
        bool inside = row >= 0 && row < parts[k][0] && col < parts[k][1];
        if (out[shift + i] != (inside ? 2 * in[i] : -1))
          fail_msg("part %zu, shift %d: element %d is %g", k, shift, (int)i, (double)out[shift + i]);
        if (inside)
          out[shift + i] = -1;
      }
    }
  codegen_unlink(image);
}

int main(void) {
#define T CPU_TEST
  const struct CMUnitTest tests[] = {T(test_vectors_do_what_loops_do), T(test_rows_combine_in_every_way), T(test_random_runs_do_what_loops_do),
                                     T(test_large_tensors_are_written_whole)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
