/* The micro-kernel's text.  C[m][n] += A[m][k] * B[k][n] with f32 sums, rounded once where C is narrower, every sum in the order of k:
 *
 *   for k0 by KC
 *     for j0 by NR                              a block of columns
 *       pack B[k0..][j0..j0+NR] as f32          once per block; columns behind n become 0
 *       for i0 by MR                            a block of rows
 *         pack A[i0..i0+MR][k0..] as f32
 *         MR x NR sums in registers: loaded from C, += over this block of k, stored to C
 *
 * Both inputs are converted while packing, so the inner loop is loads, broadcasts and fused multiply-adds.  Edges need no second kernel:
 * rows behind m are row m-1 again (computed twice, stored twice with the same value), columns behind n are masked off in C.  Nothing
 * outside the extents is ever loaded, so garbage there cannot reach a sum.
 *
 * Every sum is one chain of fused multiply-adds from C through k = 0, 1, ...: its bits do not depend on blocks or edges, and for half
 * types, whose products are exact in f32, not on the CPU either. */
#include "target/cpu/cpu_private.h"

/* Register blocking: the sums fill half to three quarters of the vector registers. */
static cpu_blocking choose_blocking(int vector_bytes) {
  switch (vector_bytes) {
  case 64: return (cpu_blocking){.lanes = 16, .rows = 8, .vectors = 2};   /* 16 of 32 zmm */
  case 32: return (cpu_blocking){.lanes = 8, .rows = 6, .vectors = 2};    /* 12 of 16 ymm */
  default: return (cpu_blocking){.lanes = 4, .rows = 4, .vectors = 2};    /* 8 of 16 xmm */
  }
}

/* Packed B: at most 128 x 32 x 4 = 16 KiB, packed A: 4 KiB; both stay in L1.  A C narrower than f32 is rounded where its sums are stored, so
 * that its blocks of k are as long as any tile: one rounding a product. */
enum { KC_WIDE = 128, KC_NARROW = 4096 };

typedef struct kernel_text {
  text out;
  cpu_blocking b;
  int kc;
  const char *a, *bt, *ct;                       /* element types of A, B and C */
  const char *a_type, *b_type, *c_type;          /* memref types of the arguments */
  const char *pa_type, *pb_type;                 /* and of the packed blocks */
} kernel_text;

#define LINE(k, ...) text_addf(&(k)->out, __VA_ARGS__)

static void add_constants(kernel_text *k) {
  int lanes = k->b.lanes, nr = lanes * k->b.vectors;
  for (int i = 0; i < k->b.rows || i < 2; i++)
    LINE(k, "  %%c%d = arith.constant %d : index\n", i, i);
  LINE(k, "  %%cMR = arith.constant %d : index\n  %%cNR = arith.constant %d : index\n", k->b.rows, nr);
  LINE(k, "  %%cKC = arith.constant %d : index\n  %%cV = arith.constant %d : index\n", k->kc, lanes);
  LINE(k, "  %%zc = arith.constant dense<0.0> : vector<%dx%s>\n", lanes, k->ct);
  LINE(k, "  %%za = arith.constant dense<0.0> : vector<%dx%s>\n", lanes, k->a);
  LINE(k, "  %%zb = arith.constant dense<0.0> : vector<%dx%s>\n", lanes, k->bt);
}

/* `from` (a vector of `type`) goes to `to[at]` as f32; `tag` makes the names unique. */
static void add_convert_store(kernel_text *k, const char *type, const char *tag, int i, const char *to, const char *row, const char *col,
                              const char *to_type) {
  int lanes = k->b.lanes;
  const char *wide = text_eq(type, "f32") ? "x" : "w";
  if (*wide == 'w')
    LINE(k, "      %%w%s%d = arith.extf %%x%s%d : vector<%dx%s> to vector<%dxf32>\n", tag, i, tag, i, lanes, type, lanes);
  LINE(k, "      vector.store %%%s%s%d, %s[%s, %s] : %s, vector<%dxf32>\n", wide, tag, i, to, row, col, to_type, lanes);
}

static void add_pack_b(kernel_text *k, bool masked) {
  int lanes = k->b.lanes;
  const char *tag = masked ? "bm" : "bf";
  LINE(k, "    scf.for %%kk = %%c0 to %%kc step %%c1 {\n      %%kb = arith.addi %%k0, %%kk : index\n");
  for (int v = 0; v < k->b.vectors; v++) {
    if (masked)
      LINE(k, "      %%x%s%d = vector.maskedload %%b[%%kb, %%j%d], %%mask%d, %%zb : %s, vector<%dxi1>, vector<%dx%s> into vector<%dx%s>\n",
           tag, v, v, v, k->b_type, lanes, lanes, k->bt, lanes, k->bt);
    else
      LINE(k, "      %%x%s%d = vector.load %%b[%%kb, %%j%d] : %s, vector<%dx%s>\n", tag, v, v, k->b_type, lanes, k->bt);
    add_convert_store(k, k->bt, tag, v, "%pb", "%kk", v == 0 ? "%c0" : "%cV", k->pb_type);
  }
  LINE(k, "    }\n");
}

/* Whole vectors of k first, then one masked step for the rest. */
static void add_pack_a(kernel_text *k) {
  int lanes = k->b.lanes;
  LINE(k, "    scf.for %%kk = %%c0 to %%kwhole step %%cV {\n      %%ka = arith.addi %%k0, %%kk : index\n");
  for (int i = 0; i < k->b.rows; i++) {
    LINE(k, "      %%xaf%d = vector.load %%a[%%r%d, %%ka] : %s, vector<%dx%s>\n", i, i, k->a_type, lanes, k->a);
    add_convert_store(k, k->a, "af", i, "%pa", arena_printf(k->out.mem, "%%c%d", i), "%kk", k->pa_type);
  }
  LINE(k, "    }\n    %%krest = arith.subi %%kc, %%kwhole : index\n    %%ragged = arith.cmpi sgt, %%krest, %%c0 : index\n    scf.if %%ragged {\n"
          "      %%ka = arith.addi %%k0, %%kwhole : index\n      %%amask = vector.create_mask %%krest : vector<%dxi1>\n", lanes);
  for (int i = 0; i < k->b.rows; i++) {
    LINE(k, "      %%xam%d = vector.maskedload %%a[%%r%d, %%ka], %%amask, %%za : %s, vector<%dxi1>, vector<%dx%s> into vector<%dx%s>\n", i, i,
         k->a_type, lanes, lanes, k->a, lanes, k->a);
    add_convert_store(k, k->a, "am", i, "%pa", arena_printf(k->out.mem, "%%c%d", i), "%kwhole", k->pa_type);
  }
  LINE(k, "    }\n");
}

static void add_list(kernel_text *k, const char *fmt_row_vector) {
  for (int i = 0; i < k->b.rows; i++)
    for (int v = 0; v < k->b.vectors; v++) {
      LINE(k, "%s", i + v ? ", " : "");
      text_addf(&k->out, "%%%s%d_%d", fmt_row_vector, i, v);
    }
}

static void add_sums(kernel_text *k) {
  int lanes = k->b.lanes, n = k->b.rows * k->b.vectors;
  bool narrow = !text_eq(k->ct, "f32");
  for (int i = 0; i < k->b.rows; i++)
    for (int v = 0; v < k->b.vectors; v++) {
      LINE(k, "    %%%s%d_%d = vector.maskedload %%c[%%r%d, %%j%d], %%mask%d, %%zc : %s, vector<%dxi1>, vector<%dx%s> into vector<%dx%s>\n",
           narrow ? "half" : "old", i, v, i, v, v, k->c_type, lanes, lanes, k->ct, lanes, k->ct);
      if (narrow)
        LINE(k, "    %%old%d_%d = arith.extf %%half%d_%d : vector<%dx%s> to vector<%dxf32>\n", i, v, i, v, lanes, k->ct, lanes);
    }
  LINE(k, "    %%new:%d = scf.for %%kk = %%c0 to %%kc step %%c1 iter_args(", n);
  for (int i = 0; i < k->b.rows; i++)
    for (int v = 0; v < k->b.vectors; v++)
      LINE(k, "%s%%s%d_%d = %%old%d_%d", i + v ? ", " : "", i, v, i, v);
  LINE(k, ") -> (");
  for (int i = 0; i < n; i++)
    LINE(k, "%svector<%dxf32>", i ? ", " : "", lanes);
  LINE(k, ") {\n");
  for (int v = 0; v < k->b.vectors; v++)
    LINE(k, "      %%y%d = vector.load %%pb[%%kk, %s] : %s, vector<%dxf32>\n", v, v == 0 ? "%c0" : "%cV", k->pb_type, lanes);
  for (int i = 0; i < k->b.rows; i++) {
    LINE(k, "      %%e%d = memref.load %%pa[%%c%d, %%kk] : %s\n", i, i, k->pa_type);
    LINE(k, "      %%x%d = vector.broadcast %%e%d : f32 to vector<%dxf32>\n", i, i, lanes);
    for (int v = 0; v < k->b.vectors; v++)
      LINE(k, "      %%t%d_%d = vector.fma %%x%d, %%y%d, %%s%d_%d : vector<%dxf32>\n", i, v, i, v, i, v, lanes);
  }
  LINE(k, "      scf.yield ");
  add_list(k, "t");
  LINE(k, " : ");
  for (int i = 0; i < n; i++)
    LINE(k, "%svector<%dxf32>", i ? ", " : "", lanes);
  LINE(k, "\n    }\n");
  for (int i = 0; i < k->b.rows; i++)
    for (int v = 0; v < k->b.vectors; v++) {
      const char *sum = arena_printf(k->out.mem, "%%new#%d", i * k->b.vectors + v);
      if (narrow) {
        LINE(k, "    %%cut%d_%d = arith.truncf %s : vector<%dxf32> to vector<%dx%s>\n", i, v, sum, lanes, lanes, k->ct);
        sum = arena_printf(k->out.mem, "%%cut%d_%d", i, v);
      }
      LINE(k, "    vector.maskedstore %%c[%%r%d, %%j%d], %%mask%d, %s : %s, vector<%dxi1>, vector<%dx%s>\n", i, v, v, sum, k->c_type, lanes,
           lanes, k->ct);
    }
}

static void add_body(kernel_text *k) {
  LINE(k, "  scf.for %%k0 = %%c0 to %%k step %%cKC {\n  %%kleft = arith.subi %%k, %%k0 : index\n  %%kc = arith.minsi %%kleft, %%cKC : index\n"
          "  %%ktail = arith.remsi %%kc, %%cV : index\n  %%kwhole = arith.subi %%kc, %%ktail : index\n");
  LINE(k, "  scf.for %%j0 = %%c0 to %%n step %%cNR {\n    %%left0 = arith.subi %%n, %%j0 : index\n");
  for (int v = 0; v < k->b.vectors; v++) {
    if (v > 0)   /* a column block wholly behind n has an empty mask; its address stays inside the row */
      LINE(k, "    %%left%d = arith.subi %%left%d, %%cV : index\n    %%jn%d = arith.addi %%j%d, %%cV : index\n"
              "    %%j%d = arith.minsi %%jn%d, %%n : index\n", v, v - 1, v, v - 1, v, v);
    LINE(k, "    %%mask%d = vector.create_mask %%left%d : vector<%dxi1>\n", v, v, k->b.lanes);
  }
  LINE(k, "    %%whole = arith.cmpi sge, %%left0, %%cNR : index\n    scf.if %%whole {\n");
  add_pack_b(k, false);
  LINE(k, "    } else {\n");
  add_pack_b(k, true);
  LINE(k, "    }\n    scf.for %%i0 = %%c0 to %%m step %%cMR {\n");
  for (int i = 0; i < k->b.rows; i++)
    LINE(k, "    %%q%d = arith.addi %%i0, %%c%d : index\n    %%r%d = arith.minsi %%q%d, %%last : index\n", i, i, i, i);
  add_pack_a(k);
  add_sums(k);
  LINE(k, "    }\n  }\n  }\n  return\n}\n");
}

const char *cpu_matmul_text(arena *mem, const char *name, const char *a, const char *b, const char *c, int vector_bytes) {
  kernel_text k = {.out = text_new(mem), .b = choose_blocking(vector_bytes), .a = a, .bt = b, .ct = c};
  k.kc = text_eq(c, "f32") ? KC_WIDE : KC_NARROW;
  k.a_type = arena_printf(mem, CPU_MATRIX_TYPE, a);
  k.b_type = arena_printf(mem, CPU_MATRIX_TYPE, b);
  k.c_type = arena_printf(mem, CPU_MATRIX_TYPE, c);
  k.pa_type = arena_printf(mem, "memref<%dx%dxf32>", k.b.rows, k.kc);
  k.pb_type = arena_printf(mem, "memref<%dx%dxf32>", k.kc, k.b.lanes * k.b.vectors);
  LINE(&k, "func.func private @%s(%%a: %s, %%b: %s, %%c: %s) attributes {llvm.linkage = #llvm.linkage<internal>} {\n", name, k.a_type, k.b_type,
       k.c_type);
  add_constants(&k);
  LINE(&k, "  %%m = memref.dim %%c, %%c0 : %s\n  %%n = memref.dim %%c, %%c1 : %s\n  %%k = memref.dim %%a, %%c1 : %s\n", k.c_type, k.c_type,
       k.a_type);
  LINE(&k, "  %%last = arith.subi %%m, %%c1 : index\n  %%pa = memref.alloca() {alignment = 64 : i64} : %s\n", k.pa_type);
  LINE(&k, "  %%pb = memref.alloca() {alignment = 64 : i64} : %s\n", k.pb_type);
  add_body(&k);
  return text_str(&k.out);
}
