/* Matrix products of a core's program: the right-hand side is packed into panels (cpu_product_text.c), where it is loaded if the slot serves
 * nothing but products, else in front of each product; for few rows it is read where it lies (cpu_rows_text.c).  Packed memory stands behind the slots in the workspace,
 * or, of tensors that are the same in all calls, in a tensor of its own that keeps it (cpu_pack_kept.c). */
#include "base/vec.h"
#include "target/cpu/cpu_private.h"
#include "target/cpu/cpu_region.h"

typedef struct packer { ir_ctx *ir; MlirModule m; MlirValue workspace; int64_t *bytes; int vector_bytes, nr; cpu_ops products, dead; cpu_kept kept; } packer;
/* A slot [.., K, N] in packed form: rows of NR floats; a panel is K of them. */
typedef struct panels { MlirValue memory, base; /* its first row; null: 0 */ int64_t lead[CPU_RANK_MAX], k, panels_n, rows; bool is_kept; } panels;

static const char product[] = "loom_product_f32";
static const char matrix[] = "memref<?x?xf32, strided<[?, 1], offset: ?>>";

static bool collect(MlirOperation op, void *data) {
  packer *p = data;
  if (cpu_is_product(op))
    vec_push(&p->ir->ctx->mem, &p->products, op);
  return true;
}

static bool is_f32(MlirValue v) { return cpu_has_type(v, DTYPE_F32); }

/* f32, or a narrower float that f32 holds exactly */
static bool fits_f32(MlirValue v) { return is_f32(v) || cpu_has_type(v, DTYPE_F16) || cpu_has_type(v, DTYPE_BF16); }

static bool is_packable_product(packer *p, MlirOperation op) {
  MlirType wide;
  return cpu_is_plain_product(p->ir, op) && fits_f32(ir_operand(op, 0)) && fits_f32(ir_operand(op, 1)) && is_f32(ir_operand(op, 2)) && cpu_has_unit_columns(ir_operand(op, 0)) &&
         cpu_has_unit_columns(ir_operand(op, 2)) && (is_f32(ir_operand(op, 0)) || cpu_largest(ir_operand(op, 0), ir_dtype(p->ir, DTYPE_F32), &wide));
}

/* ---- packed memory ---- */
static MlirValue reserve(packer *p, int64_t rows) { return cpu_reserve(p->ir, p->workspace, p->bytes, rows, p->nr, DTYPE_F32); }

static panels shape_panels(packer *p, MlirType t) {
  panels out = {0};
  int rank = (int)mlirShapedTypeGetRank(t);
  out.rows = 1;
  out.k = mlirShapedTypeGetDimSize(t, rank - 2);
  out.panels_n = (mlirShapedTypeGetDimSize(t, rank - 1) + p->nr - 1) / p->nr;
  for (int d = 0; d < rank - 2; d++)
    out.rows *= out.lead[d] = mlirShapedTypeGetDimSize(t, d);
  out.rows *= out.k * out.panels_n;
  return out;
}

static panels make_panels(packer *p, MlirType t) {
  panels out = shape_panels(p, t);
  out.memory = reserve(p, out.rows);
  return out;
}

/* First row of the part at the region's start, its kept dims before the last two stepped on by `batch`. */
static MlirValue first_row(packer *p, ir_builder *b, const panels *to, const cpu_region *r, const MlirValue *batch) {
  MlirValue at = cpu_leading(b, r, to->lead, batch), nr = ir_index_const(b, p->nr);
  at = cpu_index_op(b, "arith.muli", at, ir_index_const(b, to->panels_n));
  at = cpu_index_op(b, "arith.addi", at, cpu_index_op(b, "arith.divui", cpu_region_offset(b, r, r->rank - 1), nr));
  at = cpu_index_op(b, "arith.muli", at, ir_index_const(b, to->k));
  at = cpu_index_op(b, "arith.addi", at, cpu_region_offset(b, r, r->rank - 2));
  return mlirValueIsNull(to->base) ? at : cpu_index_op(b, "arith.addi", at, to->base);
}

/* ---- calls ---- */
static const char *panel_type(packer *p) { return arena_printf(&p->ir->ctx->mem, "memref<?x%dxf32>", p->nr); }

/* Packs `src` ([batch.., k, n]) to the region's place. */
static loom_status pack(packer *p, ir_builder at, MlirValue src, const panels *to, const cpu_region *r) {
  arena *mem = &p->ir->ctx->mem;
  MlirType t = mlirValueGetType(src);
  dtype e;
  int rank = (int)mlirShapedTypeGetRank(t);
  int64_t strides[CPU_RANK_MAX], offset;
  MlirValue index[CPU_RANK_MAX];
  if (!ir_type_dtype(t, &e) || !mlirLogicalResultIsSuccess(mlirMemRefTypeGetStridesAndOffset(t, strides, &offset)))
    return LOOM_EBUG;
  bool is_transposed = strides[rank - 1] != 1;
  const char *name = arena_printf(mem, "loom_pack_%s%s", dtype_mlir(e), is_transposed ? "_t" : "");
  const char *type = arena_printf(mem, is_transposed ? "memref<?x?x%s, strided<[?, ?], offset: ?>>" : "memref<?x?x%s, strided<[?, 1], offset: ?>>", dtype_mlir(e));
  if (cpu_lacks(p->m, name))
    LOOM_TRY(cpu_add_functions(p->ir, p->m, name, cpu_pack_text(mem, name, type, dtype_mlir(e), is_transposed, p->vector_bytes)));
  if (to->is_kept)
    LOOM_TRY(cpu_pack_once(p->ir, p->m, name, type, panel_type(p), &name));
  cpu_open_loops(&at, src, rank - 2, index);
  MlirValue row = first_row(p, &at, to, r, index), m = cpu_matrix_at(&at, src, index);
  return cpu_call(&at, name, 4, (MlirValue[]){cpu_cast(&at, m, type), cpu_cast(&at, to->memory, panel_type(p)), row, ir_index_const(&at, to->k)});
}

static const char *widen_text(arena *mem, const char *name, const char *type, const char *element) {
  return arena_printf(mem, "func.func private @%s(%%a: %s, %%to: %s) attributes {llvm.linkage = #llvm.linkage<internal>} {\n"
                           "  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = [\"parallel\", \"parallel\"]}"
                           " ins(%%a : %s) outs(%%to : %s) {\n  ^bb0(%%x: %s, %%y: f32):\n    %%w = arith.extf %%x : %s to f32\n    linalg.yield %%w : f32\n  }\n  return\n}\n",
                      name, type, matrix, type, matrix, element, element);
}

/* The left-hand side as f32: itself, or a copy behind the slots. */
static loom_status widen(packer *p, ir_builder *at, MlirValue a, MlirValue memory, MlirValue *out) {
  arena *mem = &p->ir->ctx->mem;
  dtype e;
  *out = a;
  if (is_f32(a) || !ir_type_dtype(mlirValueGetType(a), &e))
    return LOOM_OK;
  const char *name = arena_printf(mem, "loom_widen_%s", dtype_mlir(e)), *type = arena_printf(mem, "memref<?x?x%s, strided<[?, 1], offset: ?>>", dtype_mlir(e));
  if (cpu_lacks(p->m, name))
    LOOM_TRY(cpu_add_functions(p->ir, p->m, name, widen_text(mem, name, type, dtype_mlir(e))));
  const int64_t sizes[2] = {mlirShapedTypeGetDynamicSize(), mlirShapedTypeGetDynamicSize()};
  *out = cpu_cast(at, cpu_part(at, memory, 0, (MlirValue[2]){{NULL}, {NULL}}, (const int64_t[2]){0, 0}, sizes, a), matrix);
  return cpu_call(at, name, 2, (MlirValue[]){cpu_cast(at, a, type), *out});
}

/* Memory for `widen` of any matrix of `a`; null: it is f32 already. */
static loom_status reserve_wide(packer *p, MlirValue a, MlirValue *out) {
  MlirType t;
  *out = (MlirValue){NULL};
  if (is_f32(a) || !cpu_largest(a, ir_dtype(p->ir, DTYPE_F32), &t))
    return LOOM_OK;
  int rank = (int)mlirShapedTypeGetRank(t);
  int64_t rows = mlirShapedTypeGetDimSize(t, rank - 2), columns = mlirShapedTypeGetDimSize(t, rank - 1);
  *out = cpu_reserve(p->ir, p->workspace, p->bytes, rows, columns, DTYPE_F32);
  return mlirValueIsNull(*out) ? LOOM_EBUG : LOOM_OK;
}

static loom_status multiply(packer *p, MlirOperation op, const panels *b, const cpu_region *r) {
  cpu_site s;
  MlirValue a = ir_operand(op, 0), memory, left;
  if (cpu_lacks(p->m, product))
    LOOM_TRY(cpu_add_functions(p->ir, p->m, product, cpu_product_text(&p->ir->ctx->mem, product, p->vector_bytes)));
  LOOM_TRY(reserve_wide(p, a, &memory));
  cpu_open_site(p->ir, op, matrix, &s);
  LOOM_TRY(widen(p, &s.b, cpu_matrix_at(&s.b, a, s.index), memory, &left));
  MlirValue row = first_row(p, &s.b, b, r, s.index);
  LOOM_TRY(cpu_call(&s.b, product, 7, (MlirValue[]){cpu_cast(&s.b, left, matrix), cpu_cast(&s.b, b->memory, panel_type(p)), row, ir_index_const(&s.b, b->k), s.from, s.to, s.init}));
  cpu_close_site(p->ir, op, &s, &p->dead);
  return LOOM_OK;
}

/* ---- few rows ---- */
bool cpu_has_few_rows(ir_ctx *ir, MlirOperation op) {
  enum { FEW = 8 };
  cpu_region c;
  return cpu_is_plain_product(ir, op) && fits_f32(ir_operand(op, 0)) && fits_f32(ir_operand(op, 1)) && is_f32(ir_operand(op, 2)) && cpu_has_unit_columns(ir_operand(op, 0)) &&
         cpu_has_unit_columns(ir_operand(op, 2)) && cpu_read_region(ir_operand(op, 2), &c) && c.n_kept >= 2 && cpu_extent_most(&c, c.kept[c.n_kept - 2]) <= FEW;
}

static loom_status multiply_rows(packer *p, MlirOperation op) {
  arena *mem = &p->ir->ctx->mem;
  cpu_site s;
  MlirValue in[2] = {ir_operand(op, 0), ir_operand(op, 1)};
  dtype e[2];
  if (!ir_type_dtype(mlirValueGetType(in[0]), &e[0]) || !ir_type_dtype(mlirValueGetType(in[1]), &e[1]))
    return LOOM_EBUG;
  const char *name = arena_printf(mem, "loom_rows_%s_%s", dtype_mlir(e[0]), dtype_mlir(e[1]));
  if (cpu_lacks(p->m, name))
    LOOM_TRY(cpu_add_functions(p->ir, p->m, name, cpu_rows_text(mem, name, dtype_mlir(e[0]), dtype_mlir(e[1]), p->vector_bytes)));
  cpu_open_site(p->ir, op, matrix, &s);
  for (int i = 0; i < 2; i++)
    in[i] = cpu_cast(&s.b, cpu_matrix_at(&s.b, in[i], s.index), arena_printf(mem, CPU_MATRIX_TYPE, dtype_mlir(e[i])));
  LOOM_TRY(cpu_call(&s.b, name, 5, (MlirValue[]){in[0], in[1], s.from, s.to, s.init}));
  cpu_close_site(p->ir, op, &s, &p->dead);
  return LOOM_OK;
}

/* ---- slots that serve products only ---- */
typedef struct use { MlirOperation op; cpu_region region; } use;
typedef struct use_list { arena *mem; VEC_OF(use) at; bool is_panels; } use_list;

static void add_uses(packer *p, MlirValue v, use_list *out) {
  for (MlirOpOperand u = mlirValueGetFirstUse(v); !mlirOpOperandIsNull(u); u = mlirOpOperandGetNextUse(u)) {
    MlirOperation op = mlirOpOperandGetOwner(u);
    unsigned n = mlirOpOperandGetOperandNumber(u);
    use x = {.op = op};
    if (ir_op_is(op, "memref.subview") && n == 0) {
      add_uses(p, ir_result(op, 0), out);
      continue;
    }
    bool is_load = ir_op_is(op, "memref.copy") && n == 1;
    bool is_product = n == 1 && is_packable_product(p, op);
    out->is_panels = out->is_panels && (is_load || is_product) && cpu_read_region(v, &x.region) && cpu_ends_in_matrix(&x.region) &&
                     cpu_offset_is_multiple(&x.region, x.region.rank - 1, p->nr);
    vec_push(out->mem, &out->at, x);
  }
}

static bool is_dead(const packer *p, MlirOperation op) {
  for (size_t i = 0; i < p->dead.n; i++)
    if (mlirOperationEqual(p->dead.at[i], op))
      return true;
  return false;
}

/* A slot of one load as rows that are kept, if that can be. */
static bool keep(packer *p, const use_list *uses, panels *to) {
  const use *load = NULL;
  cpu_ops products = {0};
  for (size_t i = 0; i < uses->at.n; i++) {
    const use *u = &uses->at.at[i];
    if (!ir_op_is(u->op, "memref.copy")) {
      vec_push(uses->mem, &products, u->op);
      continue;
    }
    if (load)
      return false;
    load = u;
  }
  return load && cpu_keep(&p->kept, load->op, &load->region, &products, to->rows, p->nr, &to->base);
}

/* *done: all products of the slot of `op`'s right-hand side are calls now, and its loads pack. */
static loom_status pack_slot(packer *p, MlirOperation op, bool *done) {
  cpu_region r;
  use_list uses = {.mem = &p->ir->ctx->mem, .is_panels = true};
  *done = false;
  if (!cpu_read_region(ir_operand(op, 1), &r))
    return LOOM_OK;
  add_uses(p, r.slot, &uses);
  if (!uses.is_panels)
    return LOOM_OK;
  panels to = shape_panels(p, mlirValueGetType(r.slot));
  to.is_kept = keep(p, &uses, &to);
  to.memory = to.is_kept ? p->kept.memory : reserve(p, to.rows);
  for (size_t i = 0; i < uses.at.n; i++) {
    use *u = &uses.at.at[i];
    if (ir_op_is(u->op, "memref.copy")) {
      LOOM_TRY(pack(p, ir_before(p->ir, u->op), ir_operand(u->op, 0), &to, &u->region));
      vec_push(&p->ir->ctx->mem, &p->dead, u->op);
    } else {
      LOOM_TRY(multiply(p, u->op, &to, &u->region));
    }
  }
  *done = true;
  return LOOM_OK;
}

static loom_status pack_in_front(packer *p, MlirOperation op) {
  MlirValue b = ir_operand(op, 1);
  MlirType t;
  if (!is_packable_product(p, op) || !cpu_largest(b, mlirShapedTypeGetElementType(mlirValueGetType(b)), &t))
    return LOOM_OK;
  panels to = make_panels(p, t);
  cpu_region whole = {.rank = (int)mlirShapedTypeGetRank(t), .n_kept = (int)mlirShapedTypeGetRank(t)};
  for (int d = 0; d < whole.rank; d++)
    whole.kept[d] = d;
  LOOM_TRY(pack(p, ir_before(p->ir, op), b, &to, &whole));
  return multiply(p, op, &to, &whole);
}

loom_status cpu_pack_products(ir_ctx *ir, MlirModule m, MlirValue workspace, int vector_bytes, uint64_t constants, cpu_grid *g) {
  cpu_blocking blocking = cpu_product_blocking(vector_bytes);
  packer p = {.ir = ir, .m = m, .workspace = workspace, .bytes = &g->workspace_bytes, .vector_bytes = vector_bytes, .nr = blocking.lanes * blocking.vectors,
              .kept = {.ir = ir, .workspace = workspace, .constants = constants, .grid = g}};
  ir_walk(mlirModuleGetOperation(m), collect, &p);
  for (size_t i = 0; i < p.products.n; i++) {
    bool done = is_dead(&p, p.products.at[i]);
    if (done)
      continue;
    MlirValue b = ir_operand(p.products.at[i], 1);
    if (!mlirValueIsNull(cpu_tensor_of(b)) && cpu_has_unit_columns(b) && cpu_has_few_rows(ir, p.products.at[i])) {
      LOOM_TRY(multiply_rows(&p, p.products.at[i]));
      continue;
    }
    LOOM_TRY(pack_slot(&p, p.products.at[i], &done));
    if (!done)
      LOOM_TRY(pack_in_front(&p, p.products.at[i]));
  }
  for (size_t i = 0; i < p.dead.n; i++)
    ir_erase(p.dead.at[i]);
  cpu_end_kept(&p.kept, p.nr);
  return LOOM_OK;
}
