/* Products into f16 or bf16 that the micro-kernel does not take (cpu_matmul.c): transposed operands, vectors.  As plain loops they would round every
 * partial sum; here
 *
 *   for the loops of C { sum = C as f32; for the others { sum += a * b }; C = sum }
 *
 * the sums are f32, rounded once. */
#include "base/vec.h"
#include "target/cpu/cpu_private.h"

enum { OPERANDS = 3, LOOPS_MAX = 4 };
typedef struct half_product {
  MlirOperation op;
  int n_loops, n_dims[OPERANDS], loop_of[OPERANDS][LOOPS_MAX];      /* by operand and its dim */
  bool is_kept[LOOPS_MAX];                                          /* a loop of C */
} half_product;
typedef VEC_OF(half_product) half_products;
typedef struct gather { arena *mem; half_products found; } gather;

static bool is_product(MlirOperation op) {
  static const char *const names[] = {"linalg.matmul", "linalg.batch_matmul", "linalg.matvec", "linalg.vecmat", "linalg.batch_matvec", "linalg.batch_vecmat", "linalg.dot"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (ir_op_is(op, names[i]))
      return ir_num_operands(op) == OPERANDS && mlirOperationGetNumResults(op) == 0;
  return false;
}

static bool is_half(MlirValue v, bool or_f32) {
  dtype t;
  return mlirTypeIsAMemRef(mlirValueGetType(v)) && ir_type_dtype(mlirValueGetType(v), &t) && (t == DTYPE_F16 || t == DTYPE_BF16 || (or_f32 && t == DTYPE_F32));
}

/* Every dim of an operand is a loop. */
static bool read_maps(half_product *p) {
  MlirAttribute maps = ir_linalg_maps(p->op);
  for (int i = 0; i < OPERANDS; i++) {
    MlirAffineMap map = mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(maps, i));
    p->n_loops = (int)mlirAffineMapGetNumDims(map);
    p->n_dims[i] = (int)mlirAffineMapGetNumResults(map);
    if (p->n_loops > LOOPS_MAX || p->n_dims[i] > LOOPS_MAX)
      return false;
    for (int d = 0; d < p->n_dims[i]; d++) {
      MlirAffineExpr e = mlirAffineMapGetResult(map, d);
      if (!mlirAffineExprIsADim(e))
        return false;
      p->loop_of[i][d] = (int)mlirAffineDimExprGetPosition(e);
      p->is_kept[p->loop_of[i][d]] |= i == OPERANDS - 1;
    }
  }
  return true;
}

static bool collect(MlirOperation op, void *data) {
  gather *g = data;
  half_product p = {.op = op};
  if (is_product(op) && is_half(ir_operand(op, 0), true) && is_half(ir_operand(op, 1), true) && is_half(ir_operand(op, 2), false) && read_maps(&p))
    vec_push(g->mem, &g->found, p);
  return true;
}

/* ---- loops ---- */

static MlirValue extent_of(ir_builder *b, const half_product *p, int loop) {
  for (int i = 0; i < OPERANDS; i++)
    for (int d = 0; d < p->n_dims[i]; d++)
      if (p->loop_of[i][d] == loop)
        return ir_build1(b, "memref.dim", ir_index_type(b->ir), 2, (MlirValue[]){ir_operand(p->op, i), ir_index_const(b, d)}, 0, NULL);
  return ir_index_const(b, 0);
}

/* *b then builds inside.  `sum`: what it carries, or null; *out: the loop. */
static MlirValue open_loop(ir_builder *b, MlirValue extent, MlirValue sum, MlirValue *inside, MlirOperation *out) {
  int n = mlirValueIsNull(sum) ? 0 : 1;
  MlirType types[] = {ir_index_type(b->ir), n ? mlirValueGetType(sum) : (MlirType){NULL}};
  MlirBlock body;
  MlirRegion region = ir_new_region(b->ir, 1 + n, types, &body);
  *out = ir_build(b, "scf.for", n, types + 1, 3 + n, (MlirValue[]){ir_index_const(b, 0), extent, ir_index_const(b, 1), sum}, 0, NULL, 1, &region);
  if (n)
    *inside = mlirBlockGetArgument(body, 1);
  *b = ir_at_end(b->ir, body);
  return mlirBlockGetArgument(body, 0);
}

static void yield(ir_builder *b, int n, MlirValue v) { ir_build(b, "scf.yield", 0, NULL, n, &v, 0, NULL, 0, NULL); }

static intptr_t places(const half_product *p, int i, const MlirValue *index, MlirValue *out) {
  for (int d = 0; d < p->n_dims[i]; d++)
    out[d] = index[p->loop_of[i][d]];
  return p->n_dims[i];
}

static MlirValue load(ir_builder *b, const half_product *p, int i, const MlirValue *index) {
  MlirValue operands[1 + LOOPS_MAX] = {ir_operand(p->op, i)};
  intptr_t n = places(p, i, index, operands + 1);
  MlirType wide = ir_type(b->ir, "f32"), t = mlirShapedTypeGetElementType(mlirValueGetType(operands[0]));
  MlirValue x = ir_build1(b, "memref.load", t, 1 + n, operands, 0, NULL);
  return mlirTypeEqual(t, wide) ? x : ir_build1(b, "arith.extf", wide, 1, &x, 0, NULL);
}

/* The loops over k from number `loop` on; what they add up to. */
static MlirValue add_up(ir_builder *b, const half_product *p, int loop, MlirValue *index, MlirValue sum) {
  while (loop < p->n_loops && p->is_kept[loop])
    loop++;
  MlirType wide = mlirValueGetType(sum);
  if (loop == p->n_loops) {
    MlirValue times = ir_build1(b, "arith.mulf", wide, 2, (MlirValue[]){load(b, p, 0, index), load(b, p, 1, index)}, 0, NULL);
    return ir_build1(b, "arith.addf", wide, 2, (MlirValue[]){sum, times}, 0, NULL);
  }
  MlirOperation around;
  MlirValue inside = sum;
  ir_builder at = *b;
  index[loop] = open_loop(&at, extent_of(b, p, loop), sum, &inside, &around);
  yield(&at, 1, add_up(&at, p, loop + 1, index, inside));
  return mlirOperationGetResult(around, 0);
}

static void add_element(ir_builder *b, const half_product *p, MlirValue *index) {
  MlirValue operands[2 + LOOPS_MAX] = {{NULL}, ir_operand(p->op, 2)};
  MlirValue sum = add_up(b, p, 0, index, load(b, p, 2, index));
  operands[0] = ir_build1(b, "arith.truncf", mlirShapedTypeGetElementType(mlirValueGetType(operands[1])), 1, &sum, 0, NULL);
  intptr_t n = places(p, 2, index, operands + 2);
  ir_build(b, "memref.store", 0, NULL, 2 + n, operands, 0, NULL, 0, NULL);
}

static void add_loops(ir_builder *b, const half_product *p, int loop, MlirValue *index) {
  while (loop < p->n_loops && !p->is_kept[loop])
    loop++;
  if (loop == p->n_loops) {
    add_element(b, p, index);
    return;
  }
  MlirOperation around;
  ir_builder at = *b;
  index[loop] = open_loop(&at, extent_of(b, p, loop), (MlirValue){NULL}, NULL, &around);
  add_loops(&at, p, loop + 1, index);
  yield(&at, 0, (MlirValue){NULL});
}

void cpu_lower_half_sums(ir_ctx *ir, MlirModule m) {
  gather g = {.mem = &ir->ctx->mem};
  ir_walk(mlirModuleGetOperation(m), collect, &g);
  for (size_t i = 0; i < g.found.n; i++) {
    MlirValue index[LOOPS_MAX];
    ir_builder at = ir_before(ir, g.found.at[i].op);
    add_loops(&at, &g.found.at[i], 0, index);
    ir_erase(g.found.at[i].op);
  }
}
