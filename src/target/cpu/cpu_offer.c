/* Matrix products on memrefs, whatever they are called: each asks the providers first.
 *
 *   linalg.fill ins(0) outs(%c); linalg.matmul ins(%a, %b) outs(%c)
 *   ->  %todo = call @loom_offer_N(%a, %b, %c);  scf.if %todo { linalg.fill; linalg.matmul }
 *
 * The helper writes address, offset, sizes and strides of the operands, in the order batch, rows, columns, into an array and calls the link. */
#include "target/cpu/cpu_kernels_private.h"
#include <math.h>

enum { OPERANDS = 3, DIMS_MAX = 8 };
typedef VEC_OF(MlirOperation) op_list;
typedef struct gather { arena *mem; op_list products; } gather;

/* Where batch dims, rows and columns of an operand are among its dims; -1: it has no such dim, which counts as one of size 1. */
typedef struct arrangement { int n; int dim[DIMS_MAX]; } arrangement;
typedef struct product { dtype type[OPERANDS]; int n_batch; arrangement of[OPERANDS]; } product;

/* ---- is it one? ---- */
static bool is_widened(MlirValue v, MlirValue from) {
  MlirOperation def = ir_def(v);
  return mlirValueEqual(v, from) || ((ir_op_is(def, "arith.extf") || ir_op_is(def, "arith.extsi")) && mlirValueEqual(ir_operand(def, 0), from));
}

/* The body is c + ext(a) * ext(b), in any order. */
static bool multiplies_and_adds(MlirOperation op) {
  MlirBlock body = ir_body(op);
  if (mlirBlockIsNull(body) || mlirBlockGetNumArguments(body) != OPERANDS)
    return false;
  MlirValue a = mlirBlockGetArgument(body, 0), b = mlirBlockGetArgument(body, 1), c = mlirBlockGetArgument(body, 2);
  MlirOperation sum = ir_def(ir_operand(mlirBlockGetTerminator(body), 0));
  if (!ir_op_is(sum, "arith.addf") && !ir_op_is(sum, "arith.addi"))
    return false;
  bool c_first = mlirValueEqual(ir_operand(sum, 0), c);
  if (!c_first && !mlirValueEqual(ir_operand(sum, 1), c))
    return false;
  MlirOperation times = ir_def(ir_operand(sum, c_first ? 1 : 0));
  if (!ir_op_is(times, "arith.mulf") && !ir_op_is(times, "arith.muli"))
    return false;
  MlirValue x = ir_operand(times, 0), y = ir_operand(times, 1);
  return (is_widened(x, a) && is_widened(y, b)) || (is_widened(x, b) && is_widened(y, a));
}

/* by_loop[d]: the dim of the operand that loop d indexes, or -1; false unless every dim is indexed by one loop of its own. */
static bool read_map(MlirAttribute maps, intptr_t i, intptr_t n_loops, int *by_loop) {
  MlirAffineMap map = mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(maps, i));
  for (intptr_t d = 0; d < n_loops; d++)
    by_loop[d] = -1;
  if (mlirAffineMapGetNumDims(map) != n_loops)
    return false;
  for (intptr_t r = 0; r < mlirAffineMapGetNumResults(map); r++) {
    MlirAffineExpr e = mlirAffineMapGetResult(map, r);
    if (!mlirAffineExprIsADim(e) || by_loop[mlirAffineDimExprGetPosition(e)] >= 0)
      return false;
    by_loop[mlirAffineDimExprGetPosition(e)] = (int)r;
  }
  return true;
}

/* Loops are batch (in all three), rows (A and C), columns (B and C) or summed (A and B); at most one of the last three each, and one sum. */
static bool read_arrangement(MlirAttribute maps, product *p) {
  int by_loop[OPERANDS][DIMS_MAX], rows = -1, columns = -1, sums = -1;
  intptr_t n_loops = mlirAffineMapGetNumDims(mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(maps, 0)));
  if (n_loops > DIMS_MAX)
    return false;
  for (int i = 0; i < OPERANDS; i++)
    if (!read_map(maps, i, n_loops, by_loop[i]))
      return false;
  for (int d = 0; d < n_loops; d++) {
    bool a = by_loop[0][d] >= 0, b = by_loop[1][d] >= 0, c = by_loop[2][d] >= 0;
    if (a && b && c) {
      for (int i = 0; i < OPERANDS; i++)
        p->of[i].dim[p->n_batch] = by_loop[i][d];
      p->n_batch++;
      continue;
    }
    int *which = a && c ? &rows : b && c ? &columns : a && b ? &sums : NULL;
    if (!which || *which >= 0)
      return false;
    *which = d;
  }
  if (sums < 0 || p->n_batch > DIMS_MAX - 2)
    return false;
  const int order[OPERANDS][2] = {{rows, sums}, {sums, columns}, {rows, columns}};
  for (int i = 0; i < OPERANDS; i++) {
    p->of[i].n = p->n_batch + 2;
    for (int k = 0; k < 2; k++)
      p->of[i].dim[p->n_batch + k] = order[i][k] < 0 ? -1 : by_loop[i][order[i][k]];
  }
  return true;
}

static bool is_number(dtype t) { return t == DTYPE_F16 || t == DTYPE_BF16 || t == DTYPE_F32 || t == DTYPE_F64 || t == DTYPE_I8 || t == DTYPE_I16 || t == DTYPE_I32 || t == DTYPE_I64; }

static bool read_product(MlirOperation op, product *p) {
  *p = (product){0};
  MlirAttribute maps = ir_linalg_maps(op);
  if (mlirAttributeIsNull(maps) || mlirOperationGetNumResults(op) || ir_num_operands(op) != OPERANDS || mlirArrayAttrGetNumElements(maps) != OPERANDS)
    return false;
  for (int i = 0; i < OPERANDS; i++) {
    MlirType t = mlirValueGetType(ir_operand(op, i));
    if (!mlirTypeIsAMemRef(t) || !ir_type_dtype(t, &p->type[i]) || !is_number(p->type[i]))
      return false;
  }
  return read_arrangement(maps, p) && multiplies_and_adds(op);
}

static bool collect(MlirOperation op, void *data) {
  gather *g = data;
  product p;
  if (text_starts(ir_op_name(op), "linalg.") && read_product(op, &p))
    vec_push(g->mem, &g->products, op);
  return true;
}

/* ---- the fill before it ---- */
static bool is_plus_zero(MlirValue v) {
  MlirAttribute value = ir_attr_of(ir_def(v), "value");
  int64_t i;
  if (!ir_op_is(ir_def(v), "arith.constant"))
    return false;
  if (mlirAttributeIsAFloat(value)) {
    double d = mlirFloatAttrGetValueDouble(value);
    return d == 0 && !signbit(d);
  }
  return ir_attr_int(value, &i) && i == 0;
}

static bool touches_no_elements(MlirOperation op) {
  static const char *const names[] = {"memref.dim", "memref.alloc", "memref.alloca", "memref.cast", "memref.subview", "memref.reinterpret_cast", "memref.extract_strided_metadata",
                                      "memref.memory_space_cast", "memref.expand_shape", "memref.collapse_shape", "memref.transpose"};
  bool is = text_starts(ir_op_name(op), "arith.");
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    is |= ir_op_is(op, names[i]);
  return is;
}

/* The linalg.fill with zeros of what `op` adds to, with nothing between that could see it; null: there is none. */
static MlirOperation fill_before(MlirOperation op) {
  MlirValue c = ir_operand(op, OPERANDS - 1);
  for (MlirOperation at = mlirBlockGetFirstOperation(mlirOperationGetBlock(op)), found = {NULL};; at = mlirOperationGetNextInBlock(at)) {
    if (mlirOperationEqual(at, op))
      return found;
    if (ir_op_is(at, "linalg.fill") && mlirValueEqual(ir_operand(at, 1), c) && is_plus_zero(ir_operand(at, 0)))
      found = at;
    else if (!touches_no_elements(at))
      found = (MlirOperation){NULL};
  }
}

/* ---- asking ---- */
static const char *key_of(arena *m, const product *p) {
  return arena_printf(m, "linalg.%s(%s,%s)->%s", p->n_batch ? "batch_matmul" : "matmul", dtype_mlir(p->type[0]), dtype_mlir(p->type[1]), dtype_mlir(p->type[2]));
}

static void add_sizes(text *t, MlirType type, const arrangement *a) {
  for (int d = 0; d < a->n; d++) {
    if (d)
      text_add(t, "x");
    if (a->dim[d] < 0)
      text_add(t, "1");
    else if (mlirShapedTypeIsDynamicDim(type, a->dim[d]))
      text_add(t, "?");
    else
      text_addf(t, "%" PRId64, mlirShapedTypeGetDimSize(type, a->dim[d]));
  }
}

static void add_word(text *o, int at, const char *value) { text_addf(o, "  %%w%d = arith.constant %d : index\n  memref.store %s, %%args[%%w%d] : memref<64xi64>\n", at, at, value, at); }

static void add_index(text *o, int *at, const char *value) {
  text_addf(o, "  %%x%d = arith.index_cast %s : index to i64\n", *at, value);
  add_word(o, *at, arena_printf(o->mem, "%%x%d", *at));
  ++*at;
}

/* Address, offset, sizes, strides of operand `i`. */
static void add_operand(text *o, MlirType type, const char *type_text, const arrangement *a, int i, int *at) {
  arena *m = o->mem;
  int64_t rank = mlirShapedTypeGetRank(type);
  text_addf(o, "  %%base%d, %%off%d", i, i);
  if (rank)
    text_addf(o, ", %%s%d:%" PRId64 ", %%t%d:%" PRId64, i, rank, i, rank);
  text_addf(o, " = memref.extract_strided_metadata %%m%d : %s -> memref<%s>", i, type_text, ir_print_type(m, mlirShapedTypeGetElementType(type)));
  for (int64_t d = 0; d < 1 + 2 * rank; d++)
    text_add(o, ", index");
  text_addf(o, "\n  %%p%d = memref.extract_aligned_pointer_as_index %%m%d : %s -> index\n", i, i, type_text);
  add_index(o, at, arena_printf(m, "%%p%d", i));
  add_index(o, at, arena_printf(m, "%%off%d", i));
  for (int part = 0; part < 2; part++)      /* sizes, strides */
    for (int d = 0; d < a->n; d++)
      if (a->dim[d] < 0)
        add_index(o, at, part ? "%zero" : "%one");
      else if (rank == 1)
        add_index(o, at, arena_printf(m, "%%%s%d#0", part ? "t" : "s", i));
      else
        add_index(o, at, arena_printf(m, "%%%s%d#%d", part ? "t" : "s", i, a->dim[d]));
}

static void write_helper(kernel_sites *s, MlirOperation op, const product *p, const char *name) {
  text *o = &s->functions;
  arena *m = o->mem;
  int at = 0;
  text_addf(o, "func.func private @%s(", name);
  for (int i = 0; i < OPERANDS; i++)
    text_addf(o, "%s%%m%d: %s", i ? ", " : "", i, ir_print_type(m, mlirValueGetType(ir_operand(op, i))));
  text_add(o, ") -> i1 attributes {llvm.linkage = #llvm.linkage<internal>} {\n  %args = memref.alloca() : memref<64xi64>\n  %zero = arith.constant 0 : index\n  %one = arith.constant 1 : index\n");
  for (int i = 0; i < OPERANDS; i++) {
    MlirType t = mlirValueGetType(ir_operand(op, i));
    add_operand(o, t, ir_print_type(m, t), &p->of[i], i, &at);
  }
  cpu_add_pointer(o, "%array", "%args", "memref<64xi64>");
  text_addf(o, "  %%link = func.call @loom_kernel_here() : () -> !llvm.ptr\n  %%site = arith.constant %d : i64\n", s->n);
  text_add(o, "  %st = func.call @loom_kernel_offer(%link, %site, %array) : (!llvm.ptr, i64, !llvm.ptr) -> i32\n  %ok = arith.constant 0 : i32\n"
              "  %todo = arith.cmpi ne, %st, %ok : i32\n  return %todo : i1\n}\n");
}

static loom_status offer(kernel_sites *s, MlirOperation op) {
  ir_ctx *ir = s->ir;
  arena *m = &ir->ctx->mem;
  product p;
  if (!read_product(op, &p))
    return LOOM_EBUG;
  const char *name = arena_printf(m, "loom_offer_%d", s->n);
  MlirOperation fill = fill_before(op);
  bool overwrites = !mlirOperationIsNull(fill);
  text_addf(&s->lines, "offer\t%s\t%s\t", key_of(m, &p), overwrites ? "overwrite" : "accumulate");
  for (int i = 0; i < OPERANDS; i++) {
    if (i)
      text_add(&s->lines, ",");
    add_sizes(&s->lines, mlirValueGetType(ir_operand(op, i)), &p.of[i]);
  }
  text_addf(&s->lines, "\t%s\n", cpu_kernel_place(ir, op));
  write_helper(s, op, &p, name);
  s->n++;
  ir_builder at = ir_before(ir, op);
  MlirValue operands[OPERANDS] = {ir_operand(op, 0), ir_operand(op, 1), ir_operand(op, 2)};
  ir_named callee = {"callee", ir_symbol_attr(ir, name)};
  MlirValue todo = ir_build1(&at, "func.call", ir_type(ir, "i1"), OPERANDS, operands, 1, &callee);
  MlirBlock block;
  MlirRegion regions[2] = {ir_new_region(ir, 0, NULL, &block), mlirRegionCreate()};
  if (mlirValueIsNull(todo) || mlirOperationIsNull(ir_build(&at, "scf.if", 0, NULL, 1, &todo, 0, NULL, 2, regions)))
    return LOOM_EBUG;
  ir_builder inner = ir_at_end(ir, block);
  MlirOperation end = ir_build(&inner, "scf.yield", 0, NULL, 0, NULL, 0, NULL, 0, NULL);
  if (overwrites)
    mlirOperationMoveBefore(fill, end);
  mlirOperationMoveBefore(op, end);
  return LOOM_OK;
}

loom_status cpu_offer_products(kernel_sites *s) {
  gather g = {.mem = &s->ir->ctx->mem};
  ir_walk(mlirModuleGetOperation(s->module), collect, &g);
  for (size_t i = 0; i < g.products.n; i++)
    LOOM_TRY(offer(s, g.products.at[i]));
  return LOOM_OK;
}
