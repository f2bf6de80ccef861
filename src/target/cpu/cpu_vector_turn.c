/* Elementwise operations between memory that is contiguous along one loop and memory that is along another, block by block:
 *
 *   for t0 by B                       along the inputs that are turned ("across")
 *     for j0 by B                     along the outs
 *       B vectors along t, one for each j of the block; turned in registers: B vectors along j, one for each t
 *       for each t of the block: the body, stored along j
 *
 * Ends are masked; rows and columns behind the extents are the last ones once more, so that addresses stay inside. */
#include "target/cpu/cpu_vector_body.h"

enum { BLOCK_MAX = 16 };
typedef struct turn {
  ir_ctx *ir;
  const vec_op *v;
  int across, block;                      /* `across` as a position of the nest */
  vec_flats flats;
  MlirValue row[VEC_DIMS_MAX], extent_t, extent_j, t0, j0, count_t, count_j;
} turn;

/* What of [at, at + n) lies in front of `extent`, and the last of it. */
static MlirValue count(ir_builder *at, MlirValue extent, MlirValue from, int n) {
  return vec_binary(at, "arith.minsi", vec_binary(at, "arith.subi", extent, from), ir_index_const(at, n));
}
static MlirValue clamped(ir_builder *at, MlirValue extent, MlirValue from, int n) {
  MlirValue last = vec_binary(at, "arith.subi", extent, ir_index_const(at, 1));
  return vec_binary(at, "arith.minsi", vec_binary(at, "arith.addi", from, ir_index_const(at, n)), last);
}

static MlirValue mask_of(ir_builder *at, MlirValue n, int lanes) {
  return ir_build1(at, "vector.create_mask", vec_type(mlirIntegerTypeGet(at->ir->mlir, 1), lanes), 1, &n, 0, NULL);
}

static bool is_turned(const turn *t, const vec_access *a) {
  int r = vec_lane_dim(a);
  return !mlirValueIsNull(a->memref) && r >= 0 && a->stride[r] != 1 && vec_dim_of(a, t->across) >= 0;
}

/* Swaps the off-diagonal squares of side s in every square of side 2 s, for s = 1, 2, 4, ..: lane k of vector i becomes lane i of vector k. */
static void transpose(ir_builder *at, MlirValue *x, int n) {
  for (int s = 1; s < n; s *= 2)
    for (int i = 0; i < n; i++) {
      int64_t low[BLOCK_MAX], high[BLOCK_MAX];
      if (i & s)
        continue;
      for (int k = 0; k < n; k++) {
        low[k] = k & s ? n + k - s : k;
        high[k] = k & s ? n + k : k + s;
      }
      ir_named a = {"mask", mlirDenseI64ArrayGet(at->ir->mlir, n, low)}, b = {"mask", mlirDenseI64ArrayGet(at->ir->mlir, n, high)};
      MlirValue pair[2] = {x[i], x[i + s]};
      x[i] = ir_build1(at, "vector.shuffle", mlirValueGetType(pair[0]), 2, pair, 1, &a);
      x[i + s] = ir_build1(at, "vector.shuffle", mlirValueGetType(pair[0]), 2, pair, 1, &b);
    }
}

static void load_turned(turn *t, ir_builder *at, const vec_access *a, MlirValue *out) {
  const vec_flat *f = vec_flat_of(&t->flats, a);
  vec_access along = *a;   /* as it lies in memory: its lanes are the rows */
  MlirValue stride = f->stride[vec_lane_dim(a)];
  int r = vec_dim_of(a, t->across);
  along.dim[vec_lane_dim(a)] = VEC_ZERO;
  along.dim[r] = VEC_LANE;
  MlirValue base = vec_row_address(&t->flats, at, &along, t->row);
  vec_step s = {.row = t->row, .lane = t->t0, .mask = mask_of(at, t->count_t, t->block), .lanes = t->block};
  for (int k = 0; k < t->block; k++) {
    MlirValue column = vec_binary(at, "arith.muli", clamped(at, t->extent_j, t->j0, k), stride);
    out[k] = vec_load(&t->flats, at, &along, vec_binary(at, "arith.addi", base, column), &s);
  }
  transpose(at, out, t->block);
}

static void emit_row(turn *t, ir_builder *at, int q, MlirValue (*turned)[BLOCK_MAX]) {
  const vec_op *v = t->v;
  MlirValue in[VEC_ACCESSES_MAX], out[VEC_ACCESSES_MAX];
  ir_named less = {"predicate", ir_int_attr(t->ir, 2)};
  t->row[t->across] = clamped(at, t->extent_t, t->t0, q);
  MlirValue exists = ir_build1(at, "arith.cmpi", mlirIntegerTypeGet(t->ir->mlir, 1), 2, (MlirValue[]){ir_index_const(at, q), t->count_t}, 1, &less);
  MlirValue n = ir_build1(at, "arith.select", ir_index_type(t->ir), 3, (MlirValue[]){exists, t->count_j, ir_index_const(at, 0)}, 0, NULL);
  vec_step s = {.row = t->row, .lane = t->j0, .mask = mask_of(at, n, t->block), .lanes = t->block};
  for (int a = 0; a < v->n_in + v->n_out; a++) {
    const vec_access *x = &v->at[a];
    if (!x->is_read)
      in[a] = (MlirValue){NULL};
    else if (mlirValueIsNull(x->memref))
      in[a] = x->scalar;
    else if (is_turned(t, x))
      in[a] = turned[a][q];
    else if (vec_lane_dim(x) >= 0)
      in[a] = vec_load(&t->flats, at, x, vec_row_address(&t->flats, at, x, t->row), &s);
    else
      in[a] = ir_build1(at, "memref.load", x->elem, 2, (MlirValue[]){vec_flat_of(&t->flats, x)->base, vec_row_address(&t->flats, at, x, t->row)}, 0, NULL);
  }
  vec_body(at, v, &s, in, out);
  for (int o = 0; o < v->n_out; o++) {
    const vec_access *x = &v->at[v->n_in + o];
    MlirValue y = mlirTypeIsAVector(mlirValueGetType(out[o])) ? out[o] : vec_splat(at, out[o], t->block);
    vec_store(&t->flats, at, x, vec_row_address(&t->flats, at, x, t->row), &s, false, y);
  }
}

static void emit_block(turn *t, ir_builder *at) {
  MlirValue (*turned)[BLOCK_MAX] = arena_array(&t->ir->ctx->mem, VEC_ACCESSES_MAX, sizeof *turned);
  t->count_t = count(at, t->extent_t, t->t0, t->block);
  t->count_j = count(at, t->extent_j, t->j0, t->block);
  for (int a = 0; a < t->v->n_in; a++)
    if (is_turned(t, &t->v->at[a]))
      load_turned(t, at, &t->v->at[a], turned[a]);
  for (int q = 0; q < t->block; q++)
    emit_row(t, at, q, turned);
}

static void emit_loops(turn *t, ir_builder *at, int d) {
  MlirValue zero = ir_index_const(at, 0), block = ir_index_const(at, t->block);
  ir_builder body, inner;
  if (d == t->v->n_outer) {
    vec_for(at, zero, t->extent_t, block, 0, NULL, &body, &t->t0, NULL);
    vec_for(&body, zero, t->extent_j, block, 0, NULL, &inner, &t->j0, NULL);
    emit_block(t, &inner);
    vec_yield(&inner, 0, NULL);
    vec_yield(&body, 0, NULL);
  } else if (d == t->across) {
    emit_loops(t, at, d + 1);
  } else {
    MlirValue extent = vec_extent_value(at, t->v->extent[t->v->outer[d]]);
    vec_for(at, zero, extent, ir_index_const(at, 1), 0, NULL, &body, &t->row[d], NULL);
    emit_loops(t, &body, d + 1);
    vec_yield(&body, 0, NULL);
  }
}

loom_status vec_turn_emit(ir_ctx *ir, const vec_op *v, int across, int vector_bytes) {
  int errors = ir->ctx->diag.errors, lanes = vector_bytes / v->bytes;
  vec_op placed = vec_placed(v, false);
  turn t = {.ir = ir, .v = &placed, .block = lanes < BLOCK_MAX ? lanes : BLOCK_MAX};
  ir_builder at = ir_before(ir, v->op);
  while (placed.outer[t.across] != across)
    t.across++;
  vec_flats_add(&t.flats, &at, &placed);
  t.extent_t = vec_extent_value(&at, v->extent[across]);
  t.extent_j = vec_extent_value(&at, v->extent[v->lane]);
  emit_loops(&t, &at, 0);
  ir_erase(v->op);
  return ir->ctx->diag.errors == errors ? LOOM_OK : LOOM_EBUG;
}
