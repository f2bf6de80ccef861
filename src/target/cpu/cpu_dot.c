/* Products of narrow elements become calls of dot_vectors_text or dot_tiles_text on packed operands.  A slot that serves as the same operand of such products
 * and nothing else is packed where it is loaded; other operands are packed in front of each product. */
#include "target/cpu/cpu_dot.h"
#include "base/ceil.h"
#include "base/vec.h"
#include "target/cpu/cpu_region.h"

enum { LEFT, RIGHT };
/* Operand `side` of products as panels; the slot it is the packed form of, or null. */
typedef struct packed { MlirValue slot, memory; int side; int64_t lead[CPU_RANK_MAX], panels, blocks; } packed;
typedef struct dots { ir_ctx *ir; MlirModule m; MlirValue workspace; cpu_dots kinds; int64_t *bytes; cpu_ops products, dead; VEC_OF(packed) slots; } dots;

void dot_add_head(text *out, const char *name, const dot_form *f) {
  const char *rows = arena_printf(out->mem, "memref<?x%dx%s>", f->row, f->in_name), *matrix = arena_printf(out->mem, CPU_MATRIX_TYPE, f->sum_name);
  text_addf(out, "func.func private @%s(%%a: %s, %%abase: index, %%astride: index, %%b: %s, %%bbase: index, %%bstride: index, %%blocks: index, %%from: %s, %%to: %s, %%init: i1) "
                 "attributes {llvm.linkage = #llvm.linkage<internal>, passthrough = [\"noinline\"]} {\n", name, rows, rows, matrix, matrix);
  text_addf(out, "  %%c0 = arith.constant 0 : index\n  %%c1 = arith.constant 1 : index\n  %%c16 = arith.constant 16 : index\n  %%c32 = arith.constant 32 : index\n"
                 "  %%m = memref.dim %%to, %%c0 : %s\n  %%n = memref.dim %%to, %%c1 : %s\n", matrix, matrix);
}

/* ---- which products ---- */
/* The stride of dim -1 or -2 of a memref of at least two dims. */
static int64_t stride(MlirValue v, int from_end) {
  int64_t strides[CPU_RANK_MAX], offset;
  MlirType t = mlirValueGetType(v);
  int rank = (int)mlirShapedTypeGetRank(t);
  return rank <= CPU_RANK_MAX && mlirLogicalResultIsSuccess(mlirMemRefTypeGetStridesAndOffset(t, strides, &offset)) ? strides[rank - from_end] : 0;
}

static bool has_unit_steps(MlirValue v) { return stride(v, 1) == 1 || stride(v, 2) == 1; }

static bool has_form(const dots *p, MlirOperation op, dot_form *out) {
  static const dot_form bf16 = {.in = DTYPE_BF16, .sum = DTYPE_F32, .in_name = "bf16", .sum_name = "f32", .word = 2, .row = 32};
  static const dot_form i8 = {.in = DTYPE_I8, .sum = DTYPE_I32, .in_name = "i8", .sum_name = "i32", .word = 4, .row = 64};
  *out = cpu_has_type(ir_operand(op, 0), DTYPE_I8) ? i8 : bf16;
  out->kind = out->in == DTYPE_I8 ? p->kinds.i8 : p->kinds.bf16;
  return out->kind != CPU_DOT_NONE && cpu_has_type(ir_operand(op, 0), out->in) && cpu_has_type(ir_operand(op, 1), out->in) && cpu_has_type(ir_operand(op, 2), out->sum);
}

static bool is_dot_product(const dots *p, MlirOperation op) {
  dot_form f;
  MlirType t;
  bool is = cpu_is_plain_product(p->ir, op) && has_form(p, op, &f) && mlirAttributeIsNull(ir_attr_of(op, "cast")) && cpu_has_unit_columns(ir_operand(op, 2));
  for (int side = LEFT; is && side <= RIGHT; side++)
    is = has_unit_steps(ir_operand(op, side)) && cpu_largest(ir_operand(op, side), ir_dtype(p->ir, f.in), &t);
  return is;
}

static bool collect(MlirOperation op, void *data) {
  dots *p = data;
  if (is_dot_product(p, op))
    vec_push(&p->ir->ctx->mem, &p->products, op);
  return true;
}

/* ---- packed memory ---- */
static int k_dim(int side, int rank) { return rank - (side == LEFT ? 1 : 2); }
static int line_dim(int side, int rank) { return rank - (side == LEFT ? 2 : 1); }

static packed make_packed(dots *p, MlirType t, const dot_form *f, int side) {
  packed out = {.side = side};
  int rank = (int)mlirShapedTypeGetRank(t);
  int64_t matrices = 1;
  for (int d = 0; d < rank - 2; d++)
    matrices *= out.lead[d] = mlirShapedTypeGetDimSize(t, d);
  out.blocks = ceil_div(mlirShapedTypeGetDimSize(t, k_dim(side, rank)), f->row);
  out.panels = ceil_div(mlirShapedTypeGetDimSize(t, line_dim(side, rank)), DOT_LINES);
  /* a pair of panels is read where the last one stands alone */
  out.memory = cpu_reserve(p->ir, p->workspace, p->bytes, (matrices * out.panels + 1) * out.blocks * DOT_WORDS, f->row, f->in);
  return out;
}

static MlirValue panel_rows(ir_builder *b, const packed *to) { return ir_index_const(b, to->blocks * DOT_WORDS); }

/* First packed row of the part at the region's start, its kept dims before the last two stepped on by `batch`. */
static MlirValue first_row(ir_builder *b, const dot_form *f, const packed *to, const cpu_region *r, const MlirValue *batch) {
  MlirValue at = cpu_index_op(b, "arith.muli", cpu_leading(b, r, to->lead, batch), ir_index_const(b, to->panels));
  MlirValue panel = cpu_index_op(b, "arith.divui", cpu_region_offset(b, r, line_dim(to->side, r->rank)), ir_index_const(b, DOT_LINES));
  MlirValue word = cpu_index_op(b, "arith.divui", cpu_region_offset(b, r, k_dim(to->side, r->rank)), ir_index_const(b, f->word));
  at = cpu_index_op(b, "arith.muli", cpu_index_op(b, "arith.addi", at, panel), panel_rows(b, to));
  return cpu_index_op(b, "arith.addi", at, word);
}

static MlirValue as_packed(ir_builder *b, const dot_form *f, const packed *p) { return cpu_cast(b, p->memory, arena_printf(&b->ir->ctx->mem, "memref<?x%dx%s>", f->row, f->in_name)); }

/* A matrix whose dim before the last is contiguous, the two the other way round; others as they are. */
static MlirValue contiguous(ir_builder *b, MlirValue v, bool *is_turned) {
  *is_turned = stride(v, 1) != 1;
  if (!*is_turned)
    return v;
  const ir_named attr = {"permutation", ir_attr(b->ir, "affine_map<(i, j) -> (j, i)>")};
  MlirType t = mlirValueGetType(v);
  int64_t strides[2], offset;
  mlirMemRefTypeGetStridesAndOffset(t, strides, &offset);
  MlirAttribute layout = mlirStridedLayoutAttrGet(b->ir->mlir, offset, 2, (int64_t[]){strides[1], strides[0]});
  MlirType turned = mlirMemRefTypeGet(mlirShapedTypeGetElementType(t), 2, (int64_t[]){mlirShapedTypeGetDimSize(t, 1), mlirShapedTypeGetDimSize(t, 0)}, layout, mlirMemRefTypeGetMemorySpace(t));
  return ir_build1(b, "memref.transpose", turned, 1, &v, 1, &attr);
}

/* Packs `src` to the region's place. */
static loom_status pack(dots *p, MlirOperation before, MlirValue src, const dot_form *f, const packed *to, const cpu_region *r) {
  arena *mem = &p->ir->ctx->mem;
  MlirValue index[CPU_RANK_MAX];
  bool is_turned;
  ir_builder at = ir_before(p->ir, before);
  cpu_open_loops(&at, src, (int)mlirShapedTypeGetRank(mlirValueGetType(src)) - 2, index);
  MlirValue row = first_row(&at, f, to, r, index), m = contiguous(&at, cpu_matrix_at(&at, src, index), &is_turned);
  bool k_first = (to->side == RIGHT) != is_turned;
  const char *name = arena_printf(mem, "loom_dot_%s_%s%s", to->side == LEFT ? "left" : "right", f->in_name, is_turned ? "_t" : "");
  if (cpu_lacks(p->m, name))
    LOOM_TRY(cpu_add_functions(p->ir, p->m, name, dot_pack_text(mem, name, f, to->side == LEFT, k_first)));
  return cpu_call(&at, name, 4, (MlirValue[]){cpu_cast(&at, m, arena_printf(mem, CPU_MATRIX_TYPE, f->in_name)), as_packed(&at, f, to), row, panel_rows(&at, to)});
}

/* ---- slots that are the same operand of products and nothing else ---- */
typedef struct use { MlirOperation op; cpu_region region; } use;
typedef struct use_list { VEC_OF(use) at; bool is_packed; } use_list;

static void add_uses(dots *p, MlirValue v, int side, const dot_form *f, use_list *out) {
  for (MlirOpOperand u = mlirValueGetFirstUse(v); !mlirOpOperandIsNull(u); u = mlirOpOperandGetNextUse(u)) {
    use x = {.op = mlirOpOperandGetOwner(u)};
    unsigned n = mlirOpOperandGetOperandNumber(u);
    if (ir_op_is(x.op, "memref.subview") && n == 0) {
      add_uses(p, ir_result(x.op, 0), side, f, out);
      continue;
    }
    bool is_load = ir_op_is(x.op, "memref.copy") && n == 1 && has_unit_steps(ir_operand(x.op, 0));
    out->is_packed = out->is_packed && (is_load || (n == (unsigned)side && is_dot_product(p, x.op))) && cpu_read_region(v, &x.region) && cpu_ends_in_matrix(&x.region) &&
                     cpu_offset_is_multiple(&x.region, k_dim(side, x.region.rank), f->row) && cpu_offset_is_multiple(&x.region, line_dim(side, x.region.rank), DOT_LINES);
    vec_push(&p->ir->ctx->mem, &out->at, x);
  }
}

static bool same_value(MlirValue a, MlirValue b) { return mlirValueEqual(a, b) || (mlirValueIsNull(a) && mlirValueIsNull(b)); }

/* min(n, whole - start) where n is a multiple: what there is left of `whole`, or no part of a block. */
static bool is_rest(MlirValue size, MlirValue start, int64_t whole, int64_t multiple) {
  MlirOperation min = ir_def(size);
  for (int i = 0; ir_op_is(min, "arith.minsi") && i < 2; i++) {
    MlirOperation rest = ir_def(ir_operand(min, 1 - i));
    int64_t n, from;
    if (ir_const_int(ir_operand(min, i), &n) && n % multiple == 0 && ir_op_is(rest, "arith.subi") && ir_const_int(ir_operand(rest, 0), &from) && from == whole &&
        mlirValueEqual(ir_operand(rest, 1), start))
      return true;
  }
  return false;
}

/* Whatever the product reads behind its own k in its last block, the load has filled with 0. */
static bool ends_together(const cpu_region *load, const cpu_region *product, int d, int64_t multiple) {
  if (mlirValueIsNull(product->extent[d]) && product->size[d] % multiple == 0)
    return true;
  if (same_value(load->offset[d], product->offset[d]) && load->start[d] == product->start[d] && same_value(load->extent[d], product->extent[d]) && load->size[d] == product->size[d])
    return true;
  return mlirValueIsNull(load->offset[d]) && load->start[d] == 0 && mlirValueIsNull(load->extent[d]) && !mlirValueIsNull(product->offset[d]) && !mlirValueIsNull(product->extent[d]) &&
         is_rest(product->extent[d], product->offset[d], load->size[d], multiple);
}

static bool all_end_together(const use_list *uses, int side, int64_t multiple) {
  for (size_t i = 0; i < uses->at.n; i++)
    for (size_t j = 0; j < uses->at.n; j++) {
      const use *load = &uses->at.at[i], *product = &uses->at.at[j];
      if (ir_op_is(load->op, "memref.copy") && !ir_op_is(product->op, "memref.copy") &&
          !ends_together(&load->region, &product->region, k_dim(side, load->region.rank), multiple))
        return false;
    }
  return true;
}

/* The packed form of the slot that `v` is a part of; NULL: it has none. */
static loom_status find_slot(dots *p, MlirValue v, int side, const dot_form *f, const packed **out) {
  cpu_region r;
  use_list uses = {.is_packed = true};
  *out = NULL;
  if (!cpu_read_region(v, &r))
    return LOOM_OK;
  for (size_t i = 0; i < p->slots.n && !*out; i++)
    if (mlirValueEqual(p->slots.at[i].slot, r.slot))
      *out = &p->slots.at[i];
  if (*out)
    return LOOM_OK;
  add_uses(p, r.slot, side, f, &uses);
  if (!uses.is_packed || !all_end_together(&uses, side, f->row))
    return LOOM_OK;
  packed to = make_packed(p, mlirValueGetType(r.slot), f, side);
  to.slot = r.slot;
  for (size_t i = 0; i < uses.at.n; i++) {
    const use *u = &uses.at.at[i];
    if (!ir_op_is(u->op, "memref.copy"))
      continue;
    LOOM_TRY(pack(p, u->op, ir_operand(u->op, 0), f, &to, &u->region));
    vec_push(&p->ir->ctx->mem, &p->dead, u->op);
  }
  vec_push(&p->ir->ctx->mem, &p->slots, to);
  *out = &p->slots.at[p->slots.n - 1];
  return LOOM_OK;
}

/* ---- products ---- */
/* Operand `side` of `op`, packed now if it is not yet. */
static loom_status operand(dots *p, MlirOperation op, int side, const dot_form *f, packed *out, cpu_region *region) {
  MlirValue v = ir_operand(op, side);
  MlirType t;
  const packed *slot;
  LOOM_TRY(find_slot(p, v, side, f, &slot));
  if (slot) {
    *out = *slot;
    return cpu_read_region(v, region) ? LOOM_OK : LOOM_EBUG;
  }
  if (!cpu_largest(v, ir_dtype(p->ir, f->in), &t))
    return LOOM_EBUG;
  *out = make_packed(p, t, f, side);
  *region = (cpu_region){.rank = (int)mlirShapedTypeGetRank(t), .n_kept = (int)mlirShapedTypeGetRank(t)};
  for (int d = 0; d < region->rank; d++)
    region->kept[d] = d;
  return pack(p, op, v, f, out, region);
}

static loom_status multiply(dots *p, MlirOperation op) {
  arena *mem = &p->ir->ctx->mem;
  dot_form f;
  packed side[2];
  cpu_region region[2];
  if (!has_form(p, op, &f))
    return LOOM_EBUG;
  for (int s = LEFT; s <= RIGHT; s++)
    LOOM_TRY(operand(p, op, s, &f, &side[s], &region[s]));
  const char *name = arena_printf(mem, "loom_dot_%s", f.in_name), *matrix = arena_printf(mem, CPU_MATRIX_TYPE, f.sum_name);
  if (cpu_lacks(p->m, name))
    LOOM_TRY(cpu_add_functions(p->ir, p->m, name, (f.kind == CPU_DOT_TILES ? dot_tiles_text : dot_vectors_text)(mem, name, &f)));
  cpu_site at;
  ir_builder before = ir_before(p->ir, op);
  int batches = (int)mlirShapedTypeGetRank(mlirValueGetType(ir_operand(op, 2))) - 2;
  MlirValue k = ir_build1(&before, "memref.dim", ir_index_type(p->ir), 2, (MlirValue[]){ir_operand(op, 0), ir_index_const(&before, batches + 1)}, 0, NULL);
  MlirValue blocks = cpu_index_op(&before, "arith.ceildivui", k, ir_index_const(&before, f.row));
  cpu_open_site(p->ir, op, matrix, &at);
  const MlirValue operands[] = {as_packed(&at.b, &f, &side[LEFT]),  first_row(&at.b, &f, &side[LEFT], &region[LEFT], at.index),   panel_rows(&at.b, &side[LEFT]),
                                as_packed(&at.b, &f, &side[RIGHT]), first_row(&at.b, &f, &side[RIGHT], &region[RIGHT], at.index), panel_rows(&at.b, &side[RIGHT]),
                                blocks, at.from, at.to, at.init};
  LOOM_TRY(cpu_call(&at.b, name, sizeof operands / sizeof *operands, operands));
  cpu_close_site(p->ir, op, &at, &p->dead);
  return LOOM_OK;
}

loom_status cpu_dot_products(ir_ctx *ir, MlirModule m, MlirValue workspace, cpu_dots kinds, int64_t *bytes) {
  dots p = {.ir = ir, .m = m, .workspace = workspace, .kinds = kinds, .bytes = bytes};
  ir_walk(mlirModuleGetOperation(m), collect, &p);
  for (size_t i = 0; i < p.products.n; i++)
    LOOM_TRY(multiply(&p, p.products.at[i]));
  for (size_t i = 0; i < p.dead.n; i++)
    ir_erase(p.dead.at[i]);
  return LOOM_OK;
}
