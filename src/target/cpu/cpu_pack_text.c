/* Packing of the right-hand side of a product.  B[k][n] lies in panels of NR columns, each a number of rows (`stride`, at least k) of NR
 * consecutive floats; the panel of column j starts at row base + j / NR * stride, columns behind n are 0.  Narrower floats become f32 here. */
#include "target/cpu/cpu_private.h"

typedef struct pack_text { text out; int lanes, nr; const char *type, *element, *panel_type; } pack_text;

#define LINE(k, ...) text_addf(&(k)->out, __VA_ARGS__)

static const char *widen(pack_text *k, const char *name, int i) {
  if (text_eq(k->element, "f32"))
    return arena_printf(k->out.mem, "%%%s%d", name, i);
  LINE(k, "      %%w%s%d = arith.extf %%%s%d : vector<%dx%s> to vector<%dxf32>\n", name, i, name, i, k->lanes, k->element, k->lanes);
  return arena_printf(k->out.mem, "%%w%s%d", name, i);
}

static void add_masked_load(pack_text *k, const char *name, int i, const char *row, const char *column, const char *mask) {
  LINE(k, "      %%%s%d = vector.maskedload %%b[%s, %s], %s, %%z : %s, vector<%dxi1>, vector<%dx%s> into vector<%dx%s>\n", name, i, row, column, mask, k->type, k->lanes,
       k->lanes, k->element, k->lanes, k->element);
}

/* Rows of B are contiguous: row by row over all panels, so that reading is as sequential as it gets; a row that comes soon is asked for. */
static void add_row(pack_text *k, bool masked) {
  arena *mem = k->out.mem;
  LINE(k, "      %%p = arith.divui %%j0, %%cNR : index\n      %%skip = arith.muli %%p, %%stride : index\n      %%start = arith.addi %%base, %%skip : index\n"
          "      %%row = arith.addi %%start, %%kk : index\n");
  if (masked)
    LINE(k, "      %%left = arith.subi %%n, %%j0 : index\n");
  for (int v = 0; v < k->nr / k->lanes; v++) {
    LINE(k, "      %%at%d = arith.constant %d : index\n      %%jn%d = arith.addi %%j0, %%at%d : index\n", v, v * k->lanes, v, v);
    if (masked) {
      LINE(k, "      %%left%d = arith.subi %%left, %%at%d : index\n      %%jc%d = arith.minsi %%jn%d, %%n : index\n      %%mask%d = vector.create_mask %%left%d : vector<%dxi1>\n", v, v,
           v, v, v, v, k->lanes);
      add_masked_load(k, "x", v, "%kk", arena_printf(mem, "%%jc%d", v), arena_printf(mem, "%%mask%d", v));
    } else {
      LINE(k, "      memref.prefetch %%b[%%soon, %%jn%d], read, locality<3>, data : %s\n", v, k->type);
      LINE(k, "      %%x%d = vector.load %%b[%%kk, %%jn%d] : %s, vector<%dx%s>\n", v, v, k->type, k->lanes, k->element);
    }
    LINE(k, "      vector.store %s, %%pb[%%row, %%at%d] : %s, vector<%dxf32>\n", widen(k, "x", v), v, k->panel_type, k->lanes);
  }
}

static void add_rows(pack_text *k) {
  LINE(k, "  %%ntail = arith.remsi %%n, %%cNR : index\n  %%nwhole = arith.subi %%n, %%ntail : index\n  %%ahead = arith.constant 2 : index\n  %%lastk = arith.subi %%k, %%c1 : index\n"
          "  scf.for %%kk = %%c0 to %%k step %%c1 {\n    %%next = arith.addi %%kk, %%ahead : index\n    %%soon = arith.minsi %%next, %%lastk : index\n"
          "    scf.for %%j0 = %%c0 to %%nwhole step %%cNR {\n");
  add_row(k, false);
  LINE(k, "    }\n    scf.for %%j0 = %%nwhole to %%n step %%cNR {\n");
  add_row(k, true);
  LINE(k, "    }\n  }\n");
}

/* Columns of B are contiguous or nothing is: blocks of lanes x lanes where `unit` rows allow it, single elements for the rest of k. */
static void add_columns(pack_text *k) {
  const char *v[16];
  LINE(k, "    scf.for %%j = %%c0 to %%cNR step %%cV {\n    %%leftj = arith.subi %%left, %%j : index\n    %%jj = arith.addi %%j0, %%j : index\n");
  for (int i = 0; i < k->lanes; i++) {
    LINE(k, "    %%i%d = arith.constant %d : index\n    %%jn%d = arith.addi %%jj, %%i%d : index\n    %%jc%d = arith.minsi %%jn%d, %%last : index\n", i, i, i, i, i, i);
    LINE(k, "    %%ok%d = arith.cmpi sgt, %%leftj, %%i%d : index\n    %%cnt%d = arith.select %%ok%d, %%cV, %%c0 : index\n", i, i, i, i);
    LINE(k, "    %%mask%d = vector.create_mask %%cnt%d : vector<%dxi1>\n", i, i, k->lanes);
  }
  LINE(k, "    scf.for %%kk = %%c0 to %%kwhole step %%cV {\n");
  for (int i = 0; i < k->lanes; i++) {
    LINE(k, "      %%x%d = vector.maskedload %%bt[%%jc%d, %%kk], %%mask%d, %%z : memref<?x?x%s, strided<[?, 1], offset: ?>>, vector<%dxi1>, vector<%dx%s> into vector<%dx%s>\n", i,
         i, i, k->element, k->lanes, k->lanes, k->element, k->lanes, k->element);
    v[i] = widen(k, "x", i);
  }
  cpu_add_transpose(&k->out, "f32", k->lanes, v);
  for (int i = 0; i < k->lanes; i++)
    LINE(k, "      %%kr%d = arith.addi %%kk, %%i%d : index\n      %%row%d = arith.addi %%first, %%kr%d : index\n"
            "      vector.store %s, %%pb[%%row%d, %%j] : %s, vector<%dxf32>\n", i, i, i, i, v[i], i, k->panel_type, k->lanes);
  LINE(k, "    }\n    }\n");
}

/* One element at a time from row %from on. */
static void add_elements(pack_text *k) {
  bool narrow = !text_eq(k->element, "f32");
  LINE(k, "    scf.for %%kk = %%from to %%k step %%c1 {\n      %%row = arith.addi %%first, %%kk : index\n    scf.for %%j = %%c0 to %%cNR step %%c1 {\n"
          "      %%jn = arith.addi %%j0, %%j : index\n      %%ok = arith.cmpi slt, %%jn, %%n : index\n      %%jx = arith.minsi %%jn, %%last : index\n");
  LINE(k, "      %%x = memref.load %%b[%%kk, %%jx] : %s\n", k->type);
  if (narrow)
    LINE(k, "      %%w = arith.extf %%x : %s to f32\n", k->element);
  LINE(k, "      %%y = arith.select %%ok, %s, %%zero : f32\n      memref.store %%y, %%pb[%%row, %%j] : %s\n    }\n    }\n", narrow ? "%w" : "%x", k->panel_type);
}

static void add_any(pack_text *k) {
  LINE(k, "    %%from = scf.if %%unit -> index {\n");
  LINE(k, "      scf.yield %%kwhole : index\n    } else {\n      scf.yield %%c0 : index\n    }\n    scf.if %%unit {\n");
  add_columns(k);
  LINE(k, "    }\n");
  add_elements(k);
}

const char *cpu_pack_text(arena *mem, const char *name, const char *type, const char *element, bool any_strides, int vector_bytes) {
  cpu_blocking b = cpu_product_blocking(vector_bytes);
  pack_text k = {.out = text_new(mem), .lanes = b.lanes, .nr = b.lanes * b.vectors, .type = type, .element = element};
  k.panel_type = arena_printf(mem, "memref<?x%dxf32>", k.nr);
  LINE(&k, "func.func private @%s(%%b: %s, %%pb: %s, %%base: index, %%stride: index) attributes {llvm.linkage = #llvm.linkage<internal>} {\n", name, type, k.panel_type);
  LINE(&k, "  %%c0 = arith.constant 0 : index\n  %%c1 = arith.constant 1 : index\n  %%cV = arith.constant %d : index\n  %%cNR = arith.constant %d : index\n"
           "  %%zero = arith.constant 0.0 : f32\n  %%z = arith.constant dense<0.0> : vector<%dx%s>\n", k.lanes, k.nr, k.lanes, element);
  LINE(&k, "  %%k = memref.dim %%b, %%c0 : %s\n  %%n = memref.dim %%b, %%c1 : %s\n", type, type);
  if (!any_strides) {
    add_rows(&k);
    LINE(&k, "  return\n}\n");
    return text_str(&k.out);
  }
  LINE(&k, "  %%last = arith.subi %%n, %%c1 : index\n  %%ktail = arith.remsi %%k, %%cV : index\n  %%kwhole = arith.subi %%k, %%ktail : index\n"
           "  %%raw, %%offset, %%sizes:2, %%steps:2 = memref.extract_strided_metadata %%b : %s -> memref<%s>, index, index, index, index, index\n"
           "  %%unit = arith.cmpi eq, %%steps#0, %%c1 : index\n"
           "  %%bt = memref.reinterpret_cast %%raw to offset: [%%offset], sizes: [%%n, %%k], strides: [%%steps#1, 1] : memref<%s> to "
           "memref<?x?x%s, strided<[?, 1], offset: ?>>\n", type, element, element, element);
  LINE(&k, "  scf.for %%j0 = %%c0 to %%n step %%cNR {\n    %%p = arith.divui %%j0, %%cNR : index\n    %%skip = arith.muli %%p, %%stride : index\n"
           "    %%first = arith.addi %%base, %%skip : index\n    %%left = arith.subi %%n, %%j0 : index\n");
  add_any(&k);
  LINE(&k, "  }\n  return\n}\n");
  return text_str(&k.out);
}
