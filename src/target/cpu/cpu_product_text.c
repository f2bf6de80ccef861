/* Products with a packed right-hand side (cpu_pack_text.c).  C[m][n] += A[m][k] * B[k][n], all f32:
 *
 *   for i0 by MR                    a block of rows of A, which stays in L1        (where k is small the two loops change places:
 *     for j0 by NR                  a panel of B, which comes from L2               a panel stays in L1, blocks of A come from L2)
 *       MR x NR sums in registers: loaded from C, += over all k, stored to C
 *
 * The inner loop is NR / lanes loads, MR broadcasts and fused multiply-adds.  Rows behind m are row m-1 again (computed twice, stored twice
 * with the same value), columns behind n are masked off in C.  Every sum is one chain of fused multiply-adds from C through k = 0, 1, ... */
#include "target/cpu/cpu_private.h"

typedef struct product_text { text out; cpu_blocking b; const char *panel_type; } product_text;

enum { STEPS = 4, AHEAD = 2, PANEL_BYTES = 512 };   /* a panel of so many bytes a byte of a vector leaves room in L1 */

#define LINE(k, ...) text_addf(&(k)->out, __VA_ARGS__)
#define PANEL "memref<?xf32, strided<[1], offset: ?>>"
#define MATRIX "memref<?x?xf32, strided<[?, 1], offset: ?>>"

/* Most multiply-adds a load with sums, one row of B and one element of A in registers; NR is a whole number of cache lines in any case. */
cpu_blocking cpu_product_blocking(int vector_bytes) {
  int registers = vector_bytes == 64 ? 32 : 16;
  cpu_blocking best = {.lanes = vector_bytes / 4, .rows = 1, .vectors = 1};
  for (int v = 1; v <= 4; v *= 2)
    for (int r = 1; r * v + v + 1 <= registers; r++)
      if (r * v * (best.rows + best.vectors) > best.rows * best.vectors * (r + v))
        best = (cpu_blocking){.lanes = best.lanes, .rows = r, .vectors = v};
  return best;
}

/* ---- the product ---- */
static void add_types(product_text *k) {
  for (int i = 0; i < k->b.rows * k->b.vectors; i++)
    LINE(k, "%svector<%dxf32>", i ? ", " : "", k->b.lanes);
}

/* Sums of step u are %s<u>..; those of the last one are yielded. */
static void add_step(product_text *k, int u) {
  int lanes = k->b.lanes;
  LINE(k, "        %%k%d = arith.constant %d : index\n        %%kk%d = arith.addi %%kk, %%k%d : index\n", u, u, u, u);
  for (int v = 0; v < k->b.vectors; v++) {
    int c = (u * k->b.vectors + v) * lanes;
    LINE(k, "        %%c%d_%d = arith.constant %d : index\n        %%b%d_%d = arith.addi %%row, %%c%d_%d : index\n", u, v, c, u, v, u, v);
    LINE(k, "        %%y%d_%d = vector.load %%panel[%%b%d_%d] : " PANEL ", vector<%dxf32>\n", u, v, u, v, lanes);
  }
  for (int i = 0; i < k->b.rows; i++) {
    LINE(k, "        %%e%d_%d = memref.load %%a[%%r%d, %%kk%d] : " MATRIX "\n        %%x%d_%d = vector.broadcast %%e%d_%d : f32 to vector<%dxf32>\n", u, i, i, u, u, i, u, i, lanes);
    for (int v = 0; v < k->b.vectors; v++)
      LINE(k, "        %%s%d_%d_%d = vector.fma %%x%d_%d, %%y%d_%d, %%s%d_%d_%d : vector<%dxf32>\n", u + 1, i, v, u, i, u, v, u, i, v, lanes);
  }
}

static void add_names(product_text *k, const char *prefix) {
  for (int i = 0; i < k->b.rows; i++)
    for (int v = 0; v < k->b.vectors; v++)
      LINE(k, "%s%s_%d_%d", i + v ? ", " : "", prefix, i, v);
}

/* `steps` of k at a time: counting on so many addresses takes the ports of the multiply-adds. */
static void add_inner_loop(product_text *k, const char *name, const char *from, const char *to, const char *start, int steps) {
  int n = k->b.rows * k->b.vectors;
  LINE(k, "      %s:%d = scf.for %%kk = %s to %s step %%st%d iter_args(", name, n, from, to, steps);
  for (int i = 0; i < n; i++)
    LINE(k, "%s%%s0_%d_%d = %s%d", i ? ", " : "", i / k->b.vectors, i % k->b.vectors, start, i);
  LINE(k, ") -> (");
  add_types(k);
  LINE(k, ") {\n");
  for (int x = 0; x < AHEAD && steps == STEPS; x++)
    LINE(k, "        memref.prefetch %%a[%%ahead%d, %%kk], read, locality<3>, data : " MATRIX "\n", x);
  LINE(k, "        %%row = arith.muli %%kk, %%cNR : index\n");
  for (int u = 0; u < steps; u++)
    add_step(k, u);
  LINE(k, "        scf.yield ");
  add_names(k, arena_printf(k->out.mem, "%%s%d", steps));
  LINE(k, " : ");
  add_types(k);
  LINE(k, "\n      }\n");
}

/* What comes next is asked for while this panel is computed: the sums of the next panel or block, if there are any yet, and in the inner loop two of the next rows of A. */
static void add_prefetches(product_text *k) {
  LINE(k, "    %%jnext = arith.addi %%j0, %%jstep : index\n    %%jsoon = arith.minsi %%jnext, %%lastn : index\n");
  LINE(k, "    scf.if %%has_old {\n");
  for (int i = 0; i < k->b.rows; i++)
    LINE(k, "    %%rp%d = arith.addi %%r%d, %%istep : index\n    %%rs%d = arith.minsi %%rp%d, %%last : index\n", i, i, i, i);
  for (int v = 0; v < k->b.vectors; v++)
    LINE(k, "    %%jp%d = arith.addi %%jsoon, %%v%d : index\n    %%js%d = arith.minsi %%jp%d, %%lastn : index\n", v, v, v, v);
  for (int i = 0; i < k->b.rows; i++)
    for (int v = 0; v < k->b.vectors; v++)
      LINE(k, "    memref.prefetch %%from[%%rs%d, %%js%d], write, locality<3>, data : " MATRIX "\n", i, v);
  LINE(k, "    }\n");
  for (int x = 0; x < AHEAD; x++)      /* panel p asks for rows p and p + panels of the next block: all of them from three panels on */
    LINE(k, "    %%skip%d = arith.muli %%panels, %%row%d : index\n    %%pa%d = arith.addi %%p, %%skip%d : index\n    %%pb%d = arith.addi %%i0, %%cMR : index\n"
            "    %%pc%d = arith.addi %%pb%d, %%pa%d : index\n    %%ahead%d = arith.minsi %%pc%d, %%last : index\n", x, x, x, x, x, x, x, x, x, x);
}

/* Stores with a mask take twice as long: only for what is narrower than a panel. */
static void add_stores(product_text *k) {
  int lanes = k->b.lanes;
  LINE(k, "    %%whole = arith.cmpi sge, %%left0, %%cNR : index\n    scf.if %%whole {\n");
  for (int i = 0; i < k->b.rows; i++)
    for (int v = 0; v < k->b.vectors; v++)
      LINE(k, "      vector.store %%new#%d, %%to[%%r%d, %%j0_%d] : " MATRIX ", vector<%dxf32>\n", i * k->b.vectors + v, i, v, lanes);
  LINE(k, "    } else {\n");
  for (int i = 0; i < k->b.rows; i++)
    for (int v = 0; v < k->b.vectors; v++)
      LINE(k, "      vector.maskedstore %%to[%%r%d, %%j0_%d], %%mask%d, %%new#%d : " MATRIX ", vector<%dxi1>, vector<%dxf32>\n", i, v, v, i * k->b.vectors + v, lanes, lanes);
  LINE(k, "    }\n");
}

/* Sums of a panel; where %init is true they start from 0, and what %from holds is not touched: its pages may not be there yet. */
static void add_panel(product_text *k) {
  int lanes = k->b.lanes, n = k->b.rows * k->b.vectors;
  LINE(k, "    %%j0 = arith.muli %%p, %%cNR : index\n    %%skip = arith.muli %%p, %%stride : index\n    %%first = arith.addi %%base, %%skip : index\n"
          "    %%begin = arith.muli %%first, %%cNR : index\n    %%size = arith.muli %%k, %%cNR : index\n"
          "    %%panel = memref.reinterpret_cast %%pb to offset: [%%begin], sizes: [%%size], strides: [1] : %s to " PANEL "\n"
          "    %%left0 = arith.subi %%n, %%j0 : index\n    %%j0_0 = arith.addi %%j0, %%c0 : index\n", k->panel_type);
  for (int v = 0; v < k->b.vectors; v++) {
    if (v > 0)   /* vectors wholly behind n have an empty mask; their addresses stay inside the row */
      LINE(k, "    %%left%d = arith.subi %%left%d, %%cV : index\n    %%jn%d = arith.addi %%j0_%d, %%cV : index\n    %%j0_%d = arith.minsi %%jn%d, %%n : index\n", v, v - 1, v, v - 1, v, v);
    LINE(k, "    %%mask%d = vector.create_mask %%left%d : vector<%dxi1>\n", v, v, lanes);
  }
  LINE(k, "    %%old:%d = scf.if %%init -> (", n);
  add_types(k);
  LINE(k, ") {\n      scf.yield ");
  for (int i = 0; i < n; i++)
    LINE(k, "%s%%z", i ? ", " : "");
  LINE(k, " : ");
  add_types(k);
  LINE(k, "\n    } else {\n");
  for (int i = 0; i < k->b.rows; i++)
    for (int v = 0; v < k->b.vectors; v++)
      LINE(k, "      %%o_%d_%d = vector.maskedload %%from[%%r%d, %%j0_%d], %%mask%d, %%z : " MATRIX ", vector<%dxi1>, vector<%dxf32> into vector<%dxf32>\n", i, v, i, v, v, lanes, lanes, lanes);
  LINE(k, "      scf.yield ");
  add_names(k, "%o");
  LINE(k, " : ");
  add_types(k);
  LINE(k, "\n    }\n");
  add_prefetches(k);
  add_inner_loop(k, "%mid", "%c0", "%kwhole", "%old#", STEPS);
  add_inner_loop(k, "%new", "%kwhole", "%k", "%mid#", 1);
  add_stores(k);
}

const char *cpu_product_text(arena *mem, const char *name, int vector_bytes) {
  product_text k = {.out = text_new(mem), .b = cpu_product_blocking(vector_bytes)};
  int lanes = k.b.lanes, nr = lanes * k.b.vectors;
  k.panel_type = arena_printf(mem, "memref<?x%dxf32>", nr);
  LINE(&k, "func.func private @%s(%%a: " MATRIX ", %%pb: %s, %%base: index, %%stride: index, %%from: " MATRIX ", %%to: " MATRIX ", %%init: i1) "
           "attributes {llvm.linkage = #llvm.linkage<internal>} {\n", name, k.panel_type);
  LINE(&k, "  %%c0 = arith.constant 0 : index\n  %%cV = arith.constant %d : index\n  %%cNR = arith.constant %d : index\n"
           "  %%cMR = arith.constant %d : index\n  %%z = arith.constant dense<0.0> : vector<%dxf32>\n", lanes, nr, k.b.rows, lanes);
  for (int i = 0; i < k.b.rows; i++)
    LINE(&k, "  %%row%d = arith.constant %d : index\n", i, i);
  for (int v = 0; v < k.b.vectors; v++)
    LINE(&k, "  %%v%d = arith.constant %d : index\n", v, v * lanes);
  LINE(&k, "  %%st%d = arith.constant %d : index\n  %%st1 = arith.constant 1 : index\n  %%m = memref.dim %%to, %%c0 : " MATRIX "\n  %%n = memref.dim %%to, %%st1 : " MATRIX "\n"
           "  %%k = memref.dim %%a, %%st1 : " MATRIX "\n  %%last = arith.subi %%m, %%st1 : index\n  %%lastn = arith.subi %%n, %%st1 : index\n"
           "  %%true = arith.constant true\n  %%has_old = arith.xori %%init, %%true : i1\n  %%panels = arith.ceildivui %%n, %%cNR : index\n"
           "  %%krest = arith.remsi %%k, %%st%d : index\n  %%kwhole = arith.subi %%k, %%krest : index\n", STEPS, STEPS, STEPS);
  LINE(&k, "  %%short = arith.constant %d : index\n  %%stays = arith.cmpi sle, %%k, %%short : index\n  %%blocks = arith.ceildivui %%m, %%cMR : index\n"
           "  %%outer = arith.select %%stays, %%panels, %%blocks : index\n  %%inner = arith.select %%stays, %%blocks, %%panels : index\n"
           "  %%jstep = arith.select %%stays, %%c0, %%cNR : index\n  %%istep = arith.select %%stays, %%cMR, %%c0 : index\n", PANEL_BYTES * vector_bytes / (nr * 4));
  LINE(&k, "  scf.for %%x = %%c0 to %%outer step %%st1 {\n    scf.for %%y = %%c0 to %%inner step %%st1 {\n"
           "    %%p = arith.select %%stays, %%x, %%y : index\n    %%block = arith.select %%stays, %%y, %%x : index\n    %%i0 = arith.muli %%block, %%cMR : index\n");
  for (int i = 0; i < k.b.rows; i++)
    LINE(&k, "      %%q%d = arith.addi %%i0, %%row%d : index\n      %%r%d = arith.minsi %%q%d, %%last : index\n", i, i, i, i);
  add_panel(&k);
  LINE(&k, "    }\n  }\n  return\n}\n");
  return text_str(&k.out);
}
