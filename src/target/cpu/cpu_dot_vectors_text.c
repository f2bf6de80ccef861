/* Dot products by vectors whose 32-bit lanes add two or four products (cpu_dot.h): vdpbf16ps, vpdpbusd.
 *
 *   for i0 by 8                     half a panel of A
 *     for j0 by 32                  two panels of B
 *       8 x 32 sums in registers: loaded from C, += over all words, stored
 *
 * Rows behind m are row m-1 again, columns behind n are masked off.  vpdpbusd takes its left bytes without sign: A is packed with 128 added to each, and
 * one more row of sums, 128 times the columns of B, is taken off in the end. */
#include "target/cpu/cpu_dot.h"

enum { ROWS = DOT_LINES / 2, VECTORS = 2, SUMS = ROWS * VECTORS };   /* sum i belongs to row i / VECTORS; those from SUMS on are taken off */

typedef struct dot_vectors { text out; const dot_form *f; const char *packed, *matrix, *sums; int n; } dot_vectors;

#define LINE(k, ...) text_addf(&(k)->out, __VA_ARGS__)

static void add_list(dot_vectors *k, const char *prefix) {
  for (int i = 0; i < k->n; i++)
    LINE(k, "%s%s%d", i ? ", " : "", prefix, i);
}

static void add_types(dot_vectors *k) {
  for (int i = 0; i < k->n; i++)
    LINE(k, "%s%s", i ? ", " : "", k->sums);
}

/* %result = for %index in 0..%end: the values arg<i>, at first from<i>. */
static void open_loop(dot_vectors *k, const char *result, const char *index, const char *end, const char *arg, const char *from) {
  LINE(k, "    %s:%d = scf.for %s = %%c0 to %s step %%c1 iter_args(", result, k->n, index, end);
  for (int i = 0; i < k->n; i++)
    LINE(k, "%s%s%d = %s%d", i ? ", " : "", arg, i, from, i);
  LINE(k, ") -> (");
  add_types(k);
  LINE(k, ") {\n");
}

static void close_loop(dot_vectors *k, const char *yielded) {
  LINE(k, "    scf.yield ");
  add_list(k, yielded);
  LINE(k, " : ");
  add_types(k);
  LINE(k, "\n    }\n");
}

static void add_dot(dot_vectors *k, int sum, const char *left) {
  int v = sum % VECTORS;
  if (k->f->in == DTYPE_BF16)
    LINE(k, "      %%u%d = x86vector.avx512.dot %%t%d, %s, %%y%d : vector<32xbf16> -> vector<16xf32>\n", sum, sum, left, v);
  else
    LINE(k, "      %%u%d = llvm.call_intrinsic \"llvm.x86.avx512.vpdpbusd.512\"(%%t%d, %s, %%y%d) : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>\n", sum, sum, left, v);
}

static void add_word(dot_vectors *k) {
  const char *e = k->f->in_name;
  int n = k->f->word, row = k->f->row;
  LINE(k, "      %%column = arith.muli %%w, %%cP : index\n");
  for (int v = 0; v < VECTORS; v++)
    LINE(k, "      %%br%d = arith.addi %%bk%d, %%w : index\n      %%y%d = vector.load %%b[%%br%d, %%c0] : %s, vector<%dx%s>\n", v, v, v, v, k->packed, row, e);
  for (int i = 0; i < ROWS; i++) {
    LINE(k, "      %%p%d = vector.load %%a[%%ak%d, %%column] : %s, vector<%dx%s>\n      %%q%d = vector.bitcast %%p%d : vector<%dx%s> to vector<1xi32>\n"
            "      %%r%d = vector.broadcast %%q%d : vector<1xi32> to vector<16xi32>\n      %%x%d = vector.bitcast %%r%d : vector<16xi32> to vector<%dx%s>\n", i, i, k->packed, n, e, i, i, n, e, i, i,
         i, i, row, e);
    for (int v = 0; v < VECTORS; v++)
      add_dot(k, i * VECTORS + v, arena_printf(k->out.mem, "%%x%d", i));
  }
  for (int i = SUMS; i < k->n; i++)
    add_dot(k, i, "%lift");
}

static void add_places(dot_vectors *k) {
  for (int v = 0; v < VECTORS; v++)   /* a vector wholly behind n has an empty mask; its address stays inside the row */
    LINE(k, "    %%v%d = arith.constant %d : index\n    %%jn%d = arith.addi %%j0, %%v%d : index\n    %%j_%d = arith.minsi %%jn%d, %%n : index\n    %%left%d = arith.subi %%n, %%jn%d : index\n"
            "    %%mask%d = vector.create_mask %%left%d : vector<16xi1>\n    %%kept%d = arith.select %%init, %%c0, %%left%d : index\n    %%known%d = vector.create_mask %%kept%d : vector<16xi1>\n"
            "    %%bp%d = arith.divui %%jn%d, %%c16 : index\n    %%bs%d = arith.muli %%bp%d, %%bstride : index\n    %%bf%d = arith.addi %%bbase, %%bs%d : index\n",
         v, v * DOT_LINES, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v);
}

static void add_block(dot_vectors *k) {
  add_places(k);
  for (int i = 0; i < k->n; i++)
    if (i < SUMS)
      LINE(k, "    %%old%d = vector.maskedload %%from[%%row%d, %%j_%d], %%known%d, %%z : %s, vector<16xi1>, %s into %s\n", i, i / VECTORS, i % VECTORS, i % VECTORS, k->matrix, k->sums, k->sums);
    else
      LINE(k, "    %%old%d = arith.constant dense<0> : %s\n", i, k->sums);
  open_loop(k, "%all", "%kb", "%blocks", "%g", "%old");
  LINE(k, "    %%kr = arith.muli %%kb, %%c16 : index\n");
  for (int v = 0; v < VECTORS; v++)
    LINE(k, "    %%bk%d = arith.addi %%bf%d, %%kr : index\n", v, v);
  for (int i = 0; i < ROWS; i++)
    LINE(k, "    %%ak%d = arith.addi %%ar%d, %%kr : index\n", i, i);
  open_loop(k, "%sum", "%w", "%c16", "%t", "%g");
  add_word(k);
  close_loop(k, "%u");
  close_loop(k, "%sum#");
  for (int i = 0; i < SUMS; i++) {
    const char *sum = arena_printf(k->out.mem, "%%all#%d", i);
    if (k->n > SUMS) {
      LINE(k, "    %%net%d = arith.subi %s, %%all#%d : %s\n", i, sum, SUMS + i % VECTORS, k->sums);
      sum = arena_printf(k->out.mem, "%%net%d", i);
    }
    LINE(k, "    vector.maskedstore %%to[%%row%d, %%j_%d], %%mask%d, %s : %s, vector<16xi1>, %s\n", i / VECTORS, i % VECTORS, i % VECTORS, sum, k->matrix, k->sums);
  }
}

const char *dot_vectors_text(arena *mem, const char *name, const dot_form *f) {
  dot_vectors k = {.out = text_new(mem), .f = f, .packed = arena_printf(mem, "memref<?x%dx%s>", f->row, f->in_name), .matrix = arena_printf(mem, CPU_MATRIX_TYPE, f->sum_name)};
  k.sums = arena_printf(mem, "vector<16x%s>", f->sum_name);
  k.n = f->in == DTYPE_I8 ? SUMS + VECTORS : SUMS;
  dot_add_head(&k.out, name, f);
  LINE(&k, "  %%cMR = arith.constant %d : index\n  %%cP = arith.constant %d : index\n  %%z = arith.constant dense<%s> : %s\n  %%lift = arith.constant dense<-128> : vector<64xi8>\n", ROWS, f->word,
       f->sum == DTYPE_F32 ? "0.0" : "0", k.sums);
  LINE(&k, "  %%last = arith.subi %%m, %%c1 : index\n  scf.for %%i0 = %%c0 to %%m step %%cMR {\n    %%ap = arith.divui %%i0, %%c16 : index\n"
           "    %%as = arith.muli %%ap, %%astride : index\n    %%af = arith.addi %%abase, %%as : index\n");
  for (int i = 0; i < ROWS; i++)
    LINE(&k, "    %%d%d = arith.constant %d : index\n    %%next%d = arith.addi %%i0, %%d%d : index\n    %%row%d = arith.minsi %%next%d, %%last : index\n"
             "    %%line%d = arith.remui %%row%d, %%c16 : index\n    %%ar%d = arith.addi %%af, %%line%d : index\n", i, i, i, i, i, i, i, i, i, i);
  LINE(&k, "  scf.for %%j0 = %%c0 to %%n step %%c32 {\n");
  add_block(&k);
  LINE(&k, "  }\n  }\n  return\n}\n");
  return text_str(&k.out);
}
