/* Dot products by AMX (cpu_dot.h): four tiles of 16 x 16 sums stay in tile registers over all blocks along k.
 *
 *   for i0 by 32                    two panels of A, which stay in L1
 *     for j0 by 32                  two panels of B, which come from L2
 *       4 tiles of sums: loaded, += over the blocks, stored
 *
 * Sums that start from 0 are loaded from one row of zeros with stride 0.  Blocks that are not whole go through a 32 x 32 scratch. */
#include "target/cpu/cpu_dot.h"

typedef struct dot_tiles { text out; const dot_form *f; const char *packed, *matrix, *block, *sums; } dot_tiles;

#define LINE(k, ...) text_addf(&(k)->out, __VA_ARGS__)

/* Rows of `from` to `to` while inside of m x n. */
static void add_copy(dot_tiles *k, const char *when, bool is_load) {
  const char *s = k->f->sum_name;
  LINE(k, "    scf.if %s {\n      scf.for %%r = %%c0 to %%rows step %%c1 {\n        %%ri = arith.addi %%i0, %%r : index\n", when);
  if (is_load)
    LINE(k, "        %%x = vector.maskedload %%from[%%ri, %%j0], %%mask, %%z : %s, vector<32xi1>, vector<32x%s> into vector<32x%s>\n"
            "        vector.store %%x, %%scratch[%%r, %%c0] : memref<32x32x%s>, vector<32x%s>\n", k->matrix, s, s, s, s);
  else
    LINE(k, "        %%x = vector.load %%scratch[%%r, %%c0] : memref<32x32x%s>, vector<32x%s>\n"
            "        vector.maskedstore %%to[%%ri, %%j0], %%mask, %%x : %s, vector<32xi1>, vector<32x%s>\n", s, s, k->matrix, s);
  LINE(k, "      }\n    }\n");
}

static void add_inner_loop(dot_tiles *k) {
  const char *in = arena_printf(k->out.mem, "!amx.tile<16x%dx%s>", k->f->row, k->f->in_name), *mul = k->f->in == DTYPE_I8 ? "muli" : "mulf";
  LINE(k, "    %%s:4 = scf.for %%kb = %%c0 to %%blocks step %%c1 iter_args(");
  for (int t = 0; t < 4; t++)
    LINE(k, "%s%%t%d = %%s%d", t ? ", " : "", t, t);
  LINE(k, ") -> (%s, %s, %s, %s) {\n      %%kr = arith.muli %%kb, %%c16 : index\n", k->sums, k->sums, k->sums, k->sums);
  for (int t = 0; t < 4; t++) {
    const char *from = t < 2 ? "b" : "a";
    LINE(k, "      %%at%d = arith.addi %%%s%d, %%kr : index\n      %%x%d = amx.tile_load %%%s[%%at%d, %%c0] : %s into %s\n", t, from, t % 2, t, from, t, k->packed, in);
  }
  for (int t = 0; t < 4; t++)
    LINE(k, "      %%u%d = amx.tile_%s %%x%d, %%x%d, %%t%d : %s, %s, %s\n", t, mul, 2 + t / 2, t % 2, t, in, in, k->sums);
  LINE(k, "      scf.yield %%u0, %%u1, %%u2, %%u3 : %s, %s, %s, %s\n    }\n", k->sums, k->sums, k->sums, k->sums);
}

static void add_sums(dot_tiles *k) {
  LINE(k, "    %%mask = vector.create_mask %%nleft : vector<32xi1>\n    %%whole = arith.andi %%mok, %%nok : i1\n    %%ragged = arith.xori %%whole, %%true : i1\n"
          "    %%keep = arith.xori %%init, %%true : i1\n    %%known = arith.andi %%ragged, %%keep : i1\n");
  LINE(k, "    %%fp = memref.subview %%from[%%i0, %%j0] [32, 32] [1, 1] : %s to %s\n    %%tp = memref.subview %%to[%%i0, %%j0] [32, 32] [1, 1] : %s to %s\n", k->matrix, k->block, k->matrix,
       k->block);
  add_copy(k, "%known", true);
  LINE(k, "    %%old = arith.select %%ragged, %%part, %%fp : %s\n    %%start = arith.select %%init, %%zero, %%old : %s\n    %%end = arith.select %%ragged, %%part, %%tp : %s\n", k->block, k->block,
       k->block);
  for (int t = 0; t < 4; t++)
    LINE(k, "    %%s%d = amx.tile_load %%start[%%c%d, %%c%d] : %s into %s\n", t, t / 2 * DOT_LINES, t % 2 * DOT_LINES, k->block, k->sums);
  add_inner_loop(k);
  for (int t = 0; t < 4; t++)
    LINE(k, "    amx.tile_store %%end[%%c%d, %%c%d], %%s#%d : %s, %s\n", t / 2 * DOT_LINES, t % 2 * DOT_LINES, t, k->block, k->sums);
  add_copy(k, "%ragged", false);
}

/* Packed rows of two panels, and whether they are whole: `of` is a or b, `at` their first line, `end` the number of lines. */
static void add_panels(dot_tiles *k, const char *of, const char *at, const char *end) {
  LINE(k, "    %%%sp = arith.divui %%%s, %%c16 : index\n    %%%sskip = arith.muli %%%sp, %%%sstride : index\n    %%%s0 = arith.addi %%%sbase, %%%sskip : index\n"
          "    %%%s1 = arith.addi %%%s0, %%%sstride : index\n    %%%sleft = arith.subi %%%s, %%%s : index\n    %%%sok = arith.cmpi sge, %%%sleft, %%c32 : index\n", of, at, of, of, of, of, of,
       of, of, of, of, end, end, at, end, end);
}

const char *dot_tiles_text(arena *mem, const char *name, const dot_form *f) {
  dot_tiles k = {.out = text_new(mem), .f = f, .packed = arena_printf(mem, "memref<?x%dx%s>", f->row, f->in_name), .matrix = arena_printf(mem, CPU_MATRIX_TYPE, f->sum_name)};
  const char *s = f->sum_name;
  k.block = arena_printf(mem, "memref<32x32x%s, strided<[?, 1], offset: ?>>", s);
  k.sums = arena_printf(mem, "!amx.tile<16x16x%s>", s);
  dot_add_head(&k.out, name, f);
  LINE(&k, "  %%true = arith.constant true\n  %%z = arith.constant dense<%s> : vector<32x%s>\n", f->sum == DTYPE_F32 ? "0.0" : "0", s);
  LINE(&k, "  %%scratch = memref.alloca() {alignment = 64 : i64} : memref<32x32x%s>\n  %%zeros = memref.alloca() {alignment = 64 : i64} : memref<1x32x%s>\n"
           "  vector.store %%z, %%zeros[%%c0, %%c0] : memref<1x32x%s>, vector<32x%s>\n  %%part = memref.cast %%scratch : memref<32x32x%s> to %s\n", s, s, s, s, s, k.block);
  LINE(&k, "  %%zero = memref.reinterpret_cast %%zeros to offset: [%%c0], sizes: [32, 32], strides: [%%c0, 1] : memref<1x32x%s> to %s\n", s, k.block);
  LINE(&k, "  scf.for %%i0 = %%c0 to %%m step %%c32 {\n");
  add_panels(&k, "a", "i0", "m");
  LINE(&k, "    %%rows = arith.minsi %%mleft, %%c32 : index\n  scf.for %%j0 = %%c0 to %%n step %%c32 {\n");
  add_panels(&k, "b", "j0", "n");
  add_sums(&k);
  LINE(&k, "  }\n  }\n  return\n}\n");
  return text_str(&k.out);
}
