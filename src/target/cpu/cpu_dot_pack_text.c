/* Packing for dot products (cpu_dot.h), a block of 16 lines x 16 words at a time: 16 vectors of words are read, turned around where memory has them the
 * other way, and written as 16 packed rows.  Blocks follow each other along the rows of memory; the rows of the next ones are asked for. */
#include "target/cpu/cpu_dot.h"

typedef struct dot_pack { text out; const dot_form *f; const char *type, *packed; bool is_left, k_first, is_tail; } dot_pack;

#define LINE(k, ...) text_addf(&(k)->out, __VA_ARGS__)

/* `lanes` elements from `row` and `column` on, as integers; the row of the next block is `%ahead` rows on. */
static void add_load(dot_pack *k, const char *name, const char *row, const char *last, const char *column, const char *mask, int lanes) {
  LINE(k, "    %%f%s = arith.addi %s, %%ahead : index\n    %%g%s = arith.minsi %%f%s, %s : index\n    memref.prefetch %%x[%%g%s, %s], read, locality<2>, data : %s\n", name, row, name, name, last,
       name, column, k->type);
  LINE(k, "    %%n%s = vector.maskedload %%x[%s, %s], %s, %%none : %s, vector<%dxi1>, vector<%dx%s> into vector<%dx%s>\n", name, row, column, mask, k->type, lanes, lanes, k->f->in_name, lanes,
       k->f->in_name);
  LINE(k, "    %%%s = vector.bitcast %%n%s : vector<%dx%s> to vector<%dxi%d>\n", name, name, lanes, k->f->in_name, lanes, 32 / k->f->word);
}

/* Line i of the block: its words lie together.  Lines behind the last one are that one again. */
static void add_line(dot_pack *k, int i) {
  arena *mem = k->out.mem;
  LINE(k, "    %%q%d = arith.addi %%l0, %%i%d : index\n    %%r%d = arith.minsi %%q%d, %%last_line : index\n", i, i, i, i);
  add_load(k, arena_printf(mem, "e%d", i), arena_printf(mem, "%%r%d", i), "%last_line", "%k0", "%mask", k->f->row);
  LINE(k, "    %%w%d = vector.bitcast %%e%d : vector<%dxi%d> to vector<16xi32>\n", i, i, k->f->row, 32 / k->f->word);
}

static void add_interleave(dot_pack *k, const char *a, const char *b, const char *to, int lanes) {
  LINE(k, "    %%%s = vector.interleave %%%s, %%%s : vector<%dxi%d> -> vector<%dxi%d>\n", to, a, b, lanes, 32 / k->f->word, 2 * lanes, 32 / k->f->word);
}

/* Word i of the 16 lines: its elements lie in neighbouring rows.  Rows behind the last one, which only the tail can have, are 0. */
static void add_word(dot_pack *k, int i) {
  arena *mem = k->out.mem;
  int n = k->f->word;
  const char *e[4] = {0};
  for (int p = 0; p < n; p++) {
    int at = i * n + p;
    e[p] = arena_printf(mem, "e%d", at);
    LINE(k, "    %%d%d = arith.constant %d : index\n    %%q%d = arith.addi %%k0, %%d%d : index\n    %%r%d = arith.minsi %%q%d, %%last_k : index\n", at, at, at, at, at, at);
    if (k->is_tail)
      LINE(k, "    %%ok%d = arith.cmpi slt, %%q%d, %%k : index\n    %%count%d = arith.select %%ok%d, %%left, %%i0 : index\n    %%mask%d = vector.create_mask %%count%d : vector<16xi1>\n", at, at,
           at, at, at, at);
    add_load(k, e[p], arena_printf(mem, "%%r%d", at), "%last_k", "%l0", k->is_tail ? arena_printf(mem, "%%mask%d", at) : "%mask", DOT_LINES);
  }
  const char *pairs = arena_printf(mem, "p%d", i), *even = arena_printf(mem, "s%d", i), *odd = arena_printf(mem, "t%d", i);
  if (n == 4) {
    add_interleave(k, e[0], e[2], even, DOT_LINES);
    add_interleave(k, e[1], e[3], odd, DOT_LINES);
  }
  add_interleave(k, n == 4 ? even : e[0], n == 4 ? odd : e[1], pairs, DOT_LINES * n / 2);
  LINE(k, "    %%w%d = vector.bitcast %%%s : vector<%dxi%d> to vector<16xi32>\n", i, pairs, k->f->row, 32 / n);
}

/* Vectors that dots take without sign: 128 more (dot_vectors_text takes it back). */
static bool is_lifted(const dot_pack *k) { return k->is_left && k->f->in == DTYPE_I8 && k->f->kind == CPU_DOT_VECTORS; }

static void add_block(dot_pack *k) {
  arena *mem = k->out.mem;
  const char *v[DOT_LINES];
  for (int i = 0; i < DOT_LINES; i++) {
    (k->k_first ? add_word : add_line)(k, i);
    v[i] = arena_printf(mem, "%%w%d", i);
  }
  if (k->is_left == k->k_first)
    cpu_add_transpose(&k->out, "i32", DOT_LINES, v);
  for (int i = 0; i < DOT_LINES; i++) {
    if (is_lifted(k)) {
      LINE(k, "    %%lift%d = arith.xori %s, %%signs : vector<16xi32>\n", i, v[i]);
      v[i] = arena_printf(mem, "%%lift%d", i);
    }
    LINE(k, "    %%o%d = vector.bitcast %s : vector<16xi32> to vector<%dx%s>\n    %%row%d = arith.addi %%first, %%i%d : index\n"
            "    vector.store %%o%d, %%to[%%row%d, %%i0] : %s, vector<%dx%s>\n", i, v[i], k->f->row, k->f->in_name, i, i, i, i, k->packed, k->f->row, k->f->in_name);
  }
}

/* `left`: the difference that tells how many elements of a row there still are. */
static void add_nest(dot_pack *k, const char *outer, const char *inner, const char *left) {
  LINE(k, "  %s {\n  %s {\n    %%left = arith.subi %%%s : index\n    %%mask = vector.create_mask %%left : vector<%dxi1>\n", outer, inner, left, k->k_first ? DOT_LINES : k->f->row);
  LINE(k, "    %%panel = arith.divui %%l0, %%i16 : index\n    %%skip = arith.muli %%panel, %%stride : index\n    %%start = arith.addi %%base, %%skip : index\n"
          "    %%words = arith.divui %%k0, %%cP : index\n    %%first = arith.addi %%start, %%words : index\n");
  add_block(k);
  LINE(k, "  }\n  }\n");
}

const char *dot_pack_text(arena *mem, const char *name, const dot_form *f, bool is_left, bool k_first) {
  dot_pack k = {.out = text_new(mem), .f = f, .is_left = is_left, .k_first = k_first, .type = arena_printf(mem, CPU_MATRIX_TYPE, f->in_name)};
  k.packed = arena_printf(mem, "memref<?x%dx%s>", f->row, f->in_name);
  LINE(&k, "func.func private @%s(%%x: %s, %%to: %s, %%base: index, %%stride: index) attributes {llvm.linkage = #llvm.linkage<internal>} {\n", name, k.type, k.packed);
  for (int i = 0; i <= DOT_LINES; i++)
    LINE(&k, "  %%i%d = arith.constant %d : index\n", i, i);
  LINE(&k, "  %%cE = arith.constant %d : index\n  %%cP = arith.constant %d : index\n  %%signs = arith.constant dense<%d> : vector<16xi32>\n", f->row, f->word, (int)0x80808080);
  LINE(&k, "  %%none = arith.constant dense<%s> : vector<%dx%s>\n", f->in == DTYPE_I8 ? "0" : "0.0", k_first ? DOT_LINES : f->row, f->in_name);
  LINE(&k, "  %%lines = memref.dim %%x, %%i%d : %s\n  %%k = memref.dim %%x, %%i%d : %s\n", k_first, k.type, !k_first, k.type);
  LINE(&k, "  %%last_line = arith.subi %%lines, %%i1 : index\n  %%last_k = arith.subi %%k, %%i1 : index\n  %%rest = arith.remui %%k, %%cE : index\n  %%whole = arith.subi %%k, %%rest : index\n"
           "  %%ahead = arith.constant %d : index\n", k_first ? f->row : DOT_LINES);
  if (k_first) {
    add_nest(&k, "scf.for %k0 = %i0 to %whole step %cE", "scf.for %l0 = %i0 to %lines step %i16", "lines, %l0");
    k.is_tail = true;
    add_nest(&k, "scf.for %k0 = %whole to %k step %cE", "scf.for %l0 = %i0 to %lines step %i16", "lines, %l0");
  } else {
    add_nest(&k, "scf.for %l0 = %i0 to %lines step %i16", "scf.for %k0 = %i0 to %k step %cE", "k, %k0");
  }
  LINE(&k, "  return\n}\n");
  return text_str(&k.out);
}
