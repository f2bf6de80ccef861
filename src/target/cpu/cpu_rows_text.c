/* Products of a few rows, whose right-hand side is read where it lies: packing it would cost more than the product.
 * C[m][n] += A[m][k] * B[k][n], f32 sums.
 *
 *   for k0 by STEPS                 rows of B: as many streams of memory
 *     for j0 by CHUNK               of which this stays in L1
 *       for each row of A
 *         C[i][j] += A[i][k0] * B[k0][j], then k0 + 1, ..      a vector of columns at a time
 *
 * Every sum is one chain of fused multiply-adds from C through k = 0, 1, ..: as in cpu_product_text.c. */
#include "target/cpu/cpu_private.h"

typedef struct rows_text { text out; int lanes; const char *a, *b; } rows_text;

enum { STEPS = 8, CHUNK = 512 };

#define LINE(k, ...) text_addf(&(k)->out, __VA_ARGS__)
#define SUMS "memref<?x?xf32, strided<[?, 1], offset: ?>>"

static const char *matrix(rows_text *k, const char *element) { return arena_printf(k->out.mem, CPU_MATRIX_TYPE, element); }

/* %to = %init ? 0 : %from, over all columns; where it is 0, %from is not touched: its pages may not be there yet. */
static void add_start(rows_text *k) {
  int lanes = k->lanes;
  LINE(k, "  scf.for %%i = %%c0 to %%m step %%c1 {\n    scf.for %%j = %%c0 to %%n step %%cV {\n"
          "      %%left = arith.subi %%n, %%j : index\n      %%mask = vector.create_mask %%left : vector<%dxi1>\n      %%x = scf.if %%init -> (vector<%dxf32>) {\n"
          "        scf.yield %%z : vector<%dxf32>\n      } else {\n", lanes, lanes, lanes);
  LINE(k, "        %%old = vector.maskedload %%from[%%i, %%j], %%mask, %%z : " SUMS ", vector<%dxi1>, vector<%dxf32> into vector<%dxf32>\n        scf.yield %%old : vector<%dxf32>\n      }\n", lanes,
       lanes, lanes, lanes);
  LINE(k, "      vector.maskedstore %%to[%%i, %%j], %%mask, %%x : " SUMS ", vector<%dxi1>, vector<%dxf32>\n    }\n  }\n", lanes, lanes);
}

static void add_widened(rows_text *k, const char *name, const char *element, bool is_vector) {
  const char *of = is_vector ? arena_printf(k->out.mem, "vector<%dx", k->lanes) : "", *end = is_vector ? ">" : "";
  if (!text_eq(element, "f32"))
    LINE(k, "        %s = arith.extf %sn : %s%s%s to %sf32%s\n", name, name, of, element, end, of, end);
}

/* A vector of columns: `steps` multiply-adds. */
static void add_columns(rows_text *k, int steps, bool is_masked) {
  arena *mem = k->out.mem;
  int lanes = k->lanes;
  const char *to = matrix(k, "f32"), *b = matrix(k, k->b);
  if (is_masked) {
    LINE(k, "        %%left = arith.subi %%n, %%j : index\n        %%mask = vector.create_mask %%left : vector<%dxi1>\n", lanes);
    LINE(k, "        %%s0 = vector.maskedload %%to[%%i, %%j], %%mask, %%z : %s, vector<%dxi1>, vector<%dxf32> into vector<%dxf32>\n", to, lanes, lanes, lanes);
  } else {
    LINE(k, "        %%s0 = vector.load %%to[%%i, %%j] : %s, vector<%dxf32>\n", to, lanes);
  }
  for (int u = 0; u < steps; u++) {
    const char *name = arena_printf(mem, "%%y%d", u), *raw = text_eq(k->b, "f32") ? name : arena_printf(mem, "%sn", name);
    if (is_masked)
      LINE(k, "        %s = vector.maskedload %%b[%%k%d, %%j], %%mask, %%zb : %s, vector<%dxi1>, vector<%dx%s> into vector<%dx%s>\n", raw, u, b, lanes, lanes, k->b, lanes, k->b);
    else
      LINE(k, "        %s = vector.load %%b[%%k%d, %%j] : %s, vector<%dx%s>\n", raw, u, b, lanes, k->b);
    add_widened(k, name, k->b, true);
    LINE(k, "        %%s%d = vector.fma %%x%d, %s, %%s%d : vector<%dxf32>\n", u + 1, u, name, u, lanes);
  }
  if (is_masked)
    LINE(k, "        vector.maskedstore %%to[%%i, %%j], %%mask, %%s%d : %s, vector<%dxi1>, vector<%dxf32>\n", steps, to, lanes, lanes);
  else
    LINE(k, "        vector.store %%s%d, %%to[%%i, %%j] : %s, vector<%dxf32>\n", steps, to, lanes);
}

static void add_turns(rows_text *k, const char *from, const char *to, int steps) {
  arena *mem = k->out.mem;
  LINE(k, "  scf.for %%kk = %s to %s step %%st%d {\n", from, to, steps);
  for (int u = 0; u < steps; u++)
    LINE(k, "    %%u%d = arith.constant %d : index\n    %%k%d = arith.addi %%kk, %%u%d : index\n", u, u, u, u);
  LINE(k, "    scf.for %%j0 = %%c0 to %%n step %%cC {\n      %%j1 = arith.addi %%j0, %%cC : index\n      %%end = arith.minsi %%j1, %%n : index\n"
          "      %%span = arith.subi %%end, %%j0 : index\n      %%rest = arith.remsi %%span, %%cV : index\n      %%whole = arith.subi %%end, %%rest : index\n"
          "      scf.for %%i = %%c0 to %%m step %%c1 {\n");
  for (int u = 0; u < steps; u++) {
    const char *name = arena_printf(mem, "%%a%d", u), *raw = text_eq(k->a, "f32") ? name : arena_printf(mem, "%sn", name);
    LINE(k, "        %s = memref.load %%a[%%i, %%k%d] : %s\n", raw, u, matrix(k, k->a));
    add_widened(k, name, k->a, false);
    LINE(k, "        %%x%d = vector.broadcast %s : f32 to vector<%dxf32>\n", u, name, k->lanes);
  }
  LINE(k, "        scf.for %%j = %%j0 to %%whole step %%cV {\n");
  add_columns(k, steps, false);
  LINE(k, "        }\n        scf.for %%j = %%whole to %%end step %%cV {\n");
  add_columns(k, steps, true);
  LINE(k, "        }\n      }\n    }\n  }\n");
}

const char *cpu_rows_text(arena *mem, const char *name, const char *a, const char *b, int vector_bytes) {
  rows_text k = {.out = text_new(mem), .lanes = vector_bytes / 4, .a = a, .b = b};
  LINE(&k, "func.func private @%s(%%a: %s, %%b: %s, %%from: " SUMS ", %%to: " SUMS ", %%init: i1) attributes {llvm.linkage = #llvm.linkage<internal>} {\n", name, matrix(&k, a),
       matrix(&k, b));
  LINE(&k, "  %%c0 = arith.constant 0 : index\n  %%c1 = arith.constant 1 : index\n  %%cV = arith.constant %d : index\n  %%cC = arith.constant %d : index\n"
           "  %%st%d = arith.constant %d : index\n  %%st1 = arith.constant 1 : index\n  %%z = arith.constant dense<0.0> : vector<%dxf32>\n", k.lanes, CHUNK, STEPS, STEPS, k.lanes);
  LINE(&k, "  %%zb = arith.constant dense<0.0> : vector<%dx%s>\n  %%m = memref.dim %%to, %%c0 : " SUMS "\n  %%n = memref.dim %%to, %%c1 : " SUMS "\n  %%k = memref.dim %%a, %%c1 : %s\n"
           "  %%krest = arith.remsi %%k, %%st%d : index\n  %%kwhole = arith.subi %%k, %%krest : index\n", k.lanes, b, matrix(&k, a), STEPS);
  add_start(&k);
  add_turns(&k, "%c0", "%kwhole", STEPS);
  add_turns(&k, "%kwhole", "%k", 1);
  LINE(&k, "  return\n}\n");
  return text_str(&k.out);
}
