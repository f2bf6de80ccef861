/* A nest as code:
 *
 *   for each row
 *     slot 0                                 scalars
 *     for j in whole vectors of pass 1       one step: every member of the pass, values handed on in registers
 *     one masked step for the rest           lanes behind the extent are neither read nor written; a pass that writes past the caches
 *                                            takes one in front too, so that its vectors lie on whole lines
 *     accumulators -> one scalar each
 *     slot 2, pass 3, ...
 *
 * A row of a large tensor is fetched while the last pass of the row before runs, or a little ahead where there is but one pass. */
#include "target/cpu/cpu_vector_body.h"

enum { ACCUMULATORS = 4, LIGHT = 8 };   /* a sum of additions waits for the one before; one of functions does not */
enum { AHEAD_BYTES = 4096, FETCHES_MAX = 3 };

typedef struct held { const vec_access *a; MlirValue value; } held;
typedef VEC_OF(held) held_list;
typedef struct nest {
  ir_ctx *ir;
  const vec_group *g;
  int vector_bytes;
  vec_flats flats;
  MlirValue row[VEC_DIMS_MAX];
  held_list scalars;                      /* of this row, newest last */
  bool has_streamed;
} nest;
typedef struct total { int member, out; } total;
/* What the steps of one pass share. */
typedef struct pass {
  int slot, lanes;
  MlirValue base[VEC_OPS_MAX][VEC_ACCESSES_MAX];     /* with the lane loop: address of lane 0; else the scalar */
  VEC_OF(total) sums;
  const vec_access *streamed;                        /* written; null: none */
  MlirValue streamed_base;
  struct { const vec_access *a; MlirValue base; } fetch[FETCHES_MAX];
  int n_fetches;
} pass;

static MlirValue find_held(const held_list *l, const vec_access *a) {
  for (size_t i = l->n; i-- > 0;)
    if (mlirValueEqual(l->at[i].a->memref, a->memref) && memcmp(l->at[i].a->dim, a->dim, sizeof a->dim[0] * (size_t)a->rank) == 0)
      return l->at[i].value;
  return (MlirValue){NULL};
}

/* ---- scalars of a row ---- */
static MlirValue read_scalar(nest *n, ir_builder *at, const vec_access *a) {
  if (mlirValueIsNull(a->memref))
    return a->scalar;
  MlirValue known = find_held(&n->scalars, a);
  return mlirValueIsNull(known) ? ir_build1(at, "memref.load", a->elem, 2, (MlirValue[]){vec_flat_of(&n->flats, a)->base, vec_row_address(&n->flats, at, a, n->row)}, 0, NULL) : known;
}

static void write_scalar(nest *n, ir_builder *at, const vec_access *a, MlirValue x) {
  if (!a->is_dead)
    ir_build(at, "memref.store", 0, NULL, 3, (MlirValue[]){x, vec_flat_of(&n->flats, a)->base, vec_row_address(&n->flats, at, a, n->row)}, 0, NULL, 0, NULL);
  vec_push(&n->ir->ctx->mem, &n->scalars, ((held){a, x}));
}

static void emit_scalars(nest *n, ir_builder *at, int slot) {
  for (int i = 0; i < n->g->n_members; i++) {
    const vec_op *v = &n->g->at[i].v;
    MlirValue in[VEC_ACCESSES_MAX], out[VEC_ACCESSES_MAX];
    if (n->g->at[i].slot != slot)
      continue;
    for (int a = 0; a < v->n_in + v->n_out; a++)
      in[a] = v->at[a].is_read ? read_scalar(n, at, &v->at[a]) : (MlirValue){NULL};
    vec_body(at, v, &(vec_step){.row = n->row}, in, out);
    for (int o = 0; o < v->n_out; o++)
      write_scalar(n, at, &v->at[v->n_in + o], out[o]);
  }
}

/* ---- passes ---- */
static bool is_sum(const vec_op *v, int a) { return a >= v->n_in && v->lane >= 0 && vec_lane_dim(&v->at[a]) < 0; }

static int weight_of(const nest *n, const pass *p) {
  int weight = 0;
  for (int i = 0; i < n->g->n_members; i++)
    if (n->g->at[i].slot == p->slot)
      weight += n->g->at[i].v.weight + 1;
  return weight;
}

/* What this pass fetches for later steps or the next row. */
static void open_fetches(const nest *n, ir_builder *at, pass *p) {
  for (int i = 0; i < n->g->n_members && p->slot == 2 * n->g->n_passes - 1; i++)
    for (int a = 0; a < n->g->at[i].v.n_in && p->n_fetches < FETCHES_MAX; a++) {
      const vec_access *x = &n->g->at[i].v.at[a];
      /* loads alone run ahead by themselves */
      bool known = !x->is_streamed || x->stride[vec_lane_dim(x)] != 1 || (n->g->at[i].slot == p->slot && !p->streamed && weight_of(n, p) <= LIGHT);
      for (int k = 0; k < p->n_fetches; k++)
        known |= mlirValueEqual(p->fetch[k].a->memref, x->memref);
      if (known)
        continue;
      MlirValue base = vec_row_address(&n->flats, at, x, n->row), ahead = ir_index_const(at, AHEAD_BYTES / vec_elem_bytes(x));
      for (int r = 0; r < x->rank && n->g->at[i].slot != p->slot; r++)
        if (n->g->n_outer > 0 && x->dim[r] == n->g->n_outer - 1)
          ahead = vec_flat_of(&n->flats, x)->stride[r];
      p->fetch[p->n_fetches].a = x;
      p->fetch[p->n_fetches++].base = vec_binary(at, "arith.addi", base, ahead);
    }
}

static void emit_fetches(const nest *n, const pass *p, ir_builder *at, MlirValue lane) {
  ir_named attrs[] = {{"isWrite", ir_bool_attr(n->ir, false)}, {"localityHint", mlirIntegerAttrGet(mlirIntegerTypeGet(n->ir->mlir, 32), 3)}, {"isDataCache", ir_bool_attr(n->ir, true)}};
  for (int i = 0; i < p->n_fetches; i++)
    ir_build(at, "memref.prefetch", 0, NULL, 2, (MlirValue[]){vec_flat_of(&n->flats, p->fetch[i].a)->base, vec_binary(at, "arith.addi", p->fetch[i].base, lane)}, 3, attrs, 0, NULL);
}

/* Everything a step needs that is the same for the whole row. */
static void open_pass(nest *n, ir_builder *at, pass *p) {
  int bytes = 1;
  for (int i = 0; i < n->g->n_members; i++) {
    const vec_op *v = &n->g->at[i].v;
    if (n->g->at[i].slot != p->slot)
      continue;
    bytes = v->bytes > bytes ? v->bytes : bytes;
    for (int a = 0; a < v->n_in + v->n_out; a++)
      if (is_sum(v, a))
        vec_push(&n->ir->ctx->mem, &p->sums, ((total){i, a - v->n_in}));
      else if (vec_lane_dim(&v->at[a]) >= 0) {
        p->base[i][a] = vec_row_address(&n->flats, at, &v->at[a], n->row);
        if (v->at[a].is_streamed && v->at[a].is_written && !v->at[a].is_dead)
          p->streamed = &v->at[a], p->streamed_base = p->base[i][a];
      } else if (v->at[a].is_read)
        p->base[i][a] = read_scalar(n, at, &v->at[a]);
  }
  p->lanes = n->vector_bytes / bytes;
  if (p->sums.n > 0)
    p->streamed = NULL;   /* the order of a sum must not depend on where its row lies */
  open_fetches(n, at, p);
  n->has_streamed |= p->streamed != NULL;
}

static MlirValue as_vector(ir_builder *at, MlirValue x, int lanes) { return mlirTypeIsAVector(mlirValueGetType(x)) ? x : vec_splat(at, x, lanes); }

/* One vector of every member; sums[k] is added to.  fresh[k]: what an extreme took, whose NaNs the caller looks for; null: looked for here. */
static void emit_step(const nest *n, const pass *p, ir_builder *at, MlirValue lane, MlirValue mask, MlirValue *sums, MlirValue *fresh) {
  const vec_step s = {.row = n->row, .lane = lane, .mask = mask, .lanes = p->lanes};
  held_list vectors = {0};
  size_t k = 0;
  if (mlirValueIsNull(mask))
    emit_fetches(n, p, at, lane);
  for (int i = 0; i < n->g->n_members; i++) {
    const vec_op *v = &n->g->at[i].v;
    MlirValue in[VEC_ACCESSES_MAX] = {{NULL}}, out[VEC_ACCESSES_MAX];
    if (n->g->at[i].slot != p->slot)
      continue;
    for (int a = 0; a < v->n_in + v->n_out; a++) {
      const vec_access *x = &v->at[a];
      if (!x->is_read || is_sum(v, a))
        continue;
      in[a] = vec_lane_dim(x) < 0 ? p->base[i][a] : find_held(&vectors, x);
      if (!mlirValueIsNull(in[a]))
        continue;
      in[a] = vec_load(&n->flats, at, x, p->base[i][a], &s);
      vec_push(&n->ir->ctx->mem, &vectors, ((held){x, in[a]}));
    }
    vec_body(at, v, &s, in, out);
    for (int o = 0; o < v->n_out; o++) {
      const vec_access *x = &v->at[v->n_in + o];
      out[o] = as_vector(at, out[o], p->lanes);
      if (is_sum(v, v->n_in + o)) {
        MlirValue neutral = mlirValueIsNull(mask) ? out[o] : vec_splat(at, vec_neutral(at, vec_combiner(v->combine[o]), x->elem), p->lanes);
        if (!mlirValueIsNull(mask))
          out[o] = ir_build1(at, "arith.select", mlirValueGetType(out[o]), 3, (MlirValue[]){mask, out[o], neutral}, 0, NULL);
        if (fresh)
          fresh[k] = out[o];
        sums[k] = fresh && vec_is_extreme(v->combine[o]) ? vec_extreme(at, v->combine[o], sums[k], out[o]) : vec_combine(at, v, o, sums[k], out[o]);
        k++;
      } else {
        vec_push(&n->ir->ctx->mem, &vectors, ((held){x, out[o]}));
        if (!x->is_dead)
          vec_store(&n->flats, at, x, p->base[i][v->n_in + o], &s, x == p->streamed, out[o]);
      }
    }
  }
}

/* NaNs of what `many` steps took: two vectors at a time. */
static void check_extremes(const nest *n, const pass *p, ir_builder *at, int many, const MlirValue *fresh, MlirValue *sums) {
  for (size_t k = 0; k < p->sums.n; k++)
    for (int u = 0; u < many && vec_is_extreme(n->g->at[p->sums.at[k].member].v.combine[p->sums.at[k].out]); u += 2) {
      size_t i = (size_t)u * p->sums.n + k, j = u + 1 < many ? i + p->sums.n : i;
      sums[i] = vec_extreme_checked(at, sums[i], fresh[i], fresh[j]);
    }
}

/* Whole vectors in [from, to), `many` at a time, each with sums of its own. */
static void emit_loop(const nest *n, const pass *p, ir_builder *at, MlirValue from, MlirValue to, int many, MlirValue *sums) {
  intptr_t n_sums = (intptr_t)p->sums.n * many;
  MlirValue *carried = ARENA_NEW_N(&n->ir->ctx->mem, MlirValue, n_sums + 1), *fresh = ARENA_NEW_N(&n->ir->ctx->mem, MlirValue, n_sums + 1), lane;
  ir_builder body;
  MlirOperation loop = vec_for(at, from, to, ir_index_const(at, (int64_t)many * p->lanes), n_sums, sums, &body, &lane, carried);
  for (int u = 0; u < many; u++) {
    MlirValue here = u == 0 ? lane : vec_binary(&body, "arith.addi", lane, ir_index_const(&body, (int64_t)u * p->lanes));
    emit_step(n, p, &body, here, (MlirValue){NULL}, carried + (intptr_t)p->sums.n * u, fresh + (intptr_t)p->sums.n * u);
  }
  check_extremes(n, p, &body, many, fresh, carried);
  vec_yield(&body, n_sums, carried);
  for (intptr_t i = 0; i < n_sums; i++)
    sums[i] = ir_result(loop, i);
}

/* The lanes from `whole` to `extent`, fewer than a vector. */
static void emit_rest(const nest *n, const pass *p, ir_builder *at, MlirValue whole, MlirValue extent, bool is_certain, MlirValue *sums) {
  arena *mem = &n->ir->ctx->mem;
  intptr_t n_sums = (intptr_t)p->sums.n;
  MlirType i1 = mlirIntegerTypeGet(n->ir->mlir, 1), *types = ARENA_NEW_N(mem, MlirType, n_sums + 1);
  MlirValue rest = vec_binary(at, "arith.subi", extent, whole);
  if (is_certain) {
    emit_step(n, p, at, whole, ir_build1(at, "vector.create_mask", vec_type(i1, p->lanes), 1, &rest, 0, NULL), sums, NULL);
    return;
  }
  ir_named greater = {"predicate", ir_int_attr(n->ir, 4)};
  MlirValue any = ir_build1(at, "arith.cmpi", i1, 2, (MlirValue[]){rest, ir_index_const(at, 0)}, 1, &greater);
  MlirBlock blocks[2];
  MlirRegion regions[2] = {ir_new_region(n->ir, 0, NULL, &blocks[0]), ir_new_region(n->ir, 0, NULL, &blocks[1])};
  for (intptr_t k = 0; k < n_sums; k++)
    types[k] = mlirValueGetType(sums[k]);
  MlirOperation branch = ir_build(at, "scf.if", n_sums, types, 1, &any, 0, NULL, 2, regions);
  ir_builder then = ir_at_end(n->ir, blocks[0]), otherwise = ir_at_end(n->ir, blocks[1]);
  vec_yield(&otherwise, n_sums, sums);
  emit_step(n, p, &then, whole, ir_build1(&then, "vector.create_mask", vec_type(i1, p->lanes), 1, &rest, 0, NULL), sums, NULL);
  vec_yield(&then, n_sums, sums);
  for (intptr_t k = 0; k < n_sums; k++)
    sums[k] = ir_result(branch, k);
}

/* Lanes in front of the first whole vector of what is written past the caches. */
static MlirValue lanes_in_front(const nest *n, const pass *p, ir_builder *at, MlirValue extent) {
  const vec_flat *f = vec_flat_of(&n->flats, p->streamed);
  MlirType index = ir_index_type(n->ir);
  MlirValue pointer = ir_build1(at, "memref.extract_aligned_pointer_as_index", index, 1, &f->memref, 0, NULL);
  MlirValue base = vec_binary(at, "arith.addi", f->offset, p->streamed_base);
  MlirValue first = vec_binary(at, "arith.addi", vec_binary(at, "arith.divui", pointer, ir_index_const(at, vec_elem_bytes(p->streamed))), base);
  MlirValue front = vec_binary(at, "arith.andi", vec_binary(at, "arith.subi", ir_index_const(at, 0), first), ir_index_const(at, p->lanes - 1));
  return vec_binary(at, "arith.minui", front, extent);
}

/* Both ends of a pass that writes past the caches, as one piece of code. */
static void emit_ends(const nest *n, const pass *p, ir_builder *at, MlirValue front, MlirValue whole, MlirValue extent) {
  MlirType i1 = mlirIntegerTypeGet(n->ir->mlir, 1);
  MlirValue zero = ir_index_const(at, 0), one = ir_index_const(at, 1), rest = vec_binary(at, "arith.subi", extent, whole), which;
  ir_named equal = {"predicate", ir_int_attr(n->ir, 0)};
  ir_builder body;
  vec_for(at, zero, ir_index_const(at, 2), one, 0, NULL, &body, &which, NULL);
  MlirValue is_front = ir_build1(&body, "arith.cmpi", i1, 2, (MlirValue[]){which, zero}, 1, &equal);
  MlirValue lane = ir_build1(&body, "arith.select", mlirValueGetType(zero), 3, (MlirValue[]){is_front, zero, whole}, 0, NULL);
  MlirValue many = ir_build1(&body, "arith.select", mlirValueGetType(zero), 3, (MlirValue[]){is_front, front, rest}, 0, NULL);
  emit_rest(n, p, &body, lane, vec_binary(&body, "arith.addi", lane, many), false, NULL);
  vec_yield(&body, 0, NULL);
}

static void emit_streamed(const nest *n, const pass *p, ir_builder *at, MlirValue extent) {
  MlirValue front = lanes_in_front(n, p, at, extent), left = vec_binary(at, "arith.subi", extent, front);
  MlirValue whole = vec_binary(at, "arith.subi", extent, vec_binary(at, "arith.andi", left, ir_index_const(at, p->lanes - 1)));
  emit_loop(n, p, at, front, whole, 1, NULL);
  emit_ends(n, p, at, front, whole, extent);
}

/* extent - extent % step */
static MlirValue whole_steps(ir_builder *at, vec_extent e, MlirValue extent, int64_t step) {
  if (e.n >= 0)
    return ir_index_const(at, e.n - e.n % step);
  return vec_binary(at, "arith.subi", extent, vec_binary(at, "arith.remui", extent, ir_index_const(at, step)));
}

static void emit_pass(nest *n, ir_builder *at, int slot) {
  arena *mem = &n->ir->ctx->mem;
  pass *p = ARENA_NEW(mem, pass);
  p->slot = slot;
  open_pass(n, at, p);
  vec_extent e = n->g->lane[slot / 2];
  int64_t lanes = p->lanes;
  int many = p->sums.n > 0 && weight_of(n, p) <= LIGHT && (e.n < 0 || e.n >= ACCUMULATORS * lanes) ? ACCUMULATORS : 1;
  MlirValue *sums = ARENA_NEW_N(mem, MlirValue, p->sums.n * ACCUMULATORS + 1), extent = vec_extent_value(at, e);
  for (size_t k = 0; k < p->sums.n * (size_t)many; k++) {
    const total *s = &p->sums.at[k % p->sums.n];
    const vec_op *v = &n->g->at[s->member].v;
    sums[k] = vec_splat(at, vec_neutral(at, vec_combiner(v->combine[s->out]), v->at[v->n_in + s->out].elem), p->lanes);
  }
  if (p->streamed) {
    emit_streamed(n, p, at, extent);
    return;
  }
  MlirValue from = ir_index_const(at, 0), to = whole_steps(at, e, extent, many * lanes);
  if (many > 1) {
    emit_loop(n, p, at, from, to, many, sums);
    for (size_t k = p->sums.n; k < p->sums.n * (size_t)many; k++) {
      const total *s = &p->sums.at[k % p->sums.n];
      sums[k % p->sums.n] = vec_combine(at, &n->g->at[s->member].v, s->out, sums[k % p->sums.n], sums[k]);
    }
    from = to;
    to = whole_steps(at, e, extent, lanes);
  }
  if (e.n < 0 || (many > 1 ? e.n % (many * lanes) : e.n) >= lanes)
    emit_loop(n, p, at, from, to, 1, sums);
  if (e.n < 0 || e.n % lanes)
    emit_rest(n, p, at, to, extent, e.n >= 0, sums);
  for (size_t k = 0; k < p->sums.n; k++) {
    const total *s = &p->sums.at[k];
    const vec_op *v = &n->g->at[s->member].v;
    const vec_access *a = &v->at[v->n_in + s->out];
    MlirValue x = vec_combine_lanes(at, v, s->out, sums[k], p->lanes);
    write_scalar(n, at, a, vec_combine(at, v, s->out, read_scalar(n, at, a), x));
  }
}

static void emit_row(nest *n, ir_builder *at) {
  for (int slot = 0; slot <= 2 * n->g->n_passes; slot++)
    if (slot % 2)
      emit_pass(n, at, slot);
    else
      emit_scalars(n, at, slot);
}

static void emit_rows(nest *n, ir_builder *at, int d) {
  if (d == n->g->n_outer) {
    emit_row(n, at);
    return;
  }
  ir_builder body;
  vec_for(at, ir_index_const(at, 0), vec_extent_value(at, n->g->outer[d]), ir_index_const(at, 1), 0, NULL, &body, &n->row[d], NULL);
  emit_rows(n, &body, d + 1);
  vec_yield(&body, 0, NULL);
}

/* What was written past the caches is seen by other threads before anything that follows the function. */
static void fence_returns(ir_ctx *ir, MlirOperation op) {
  while (!ir_op_is(op, "func.func"))
    op = mlirOperationGetParentOperation(op);
  MlirOperation end = mlirBlockGetTerminator(ir_body(op)), before = end;
  for (MlirOperation o = mlirBlockGetFirstOperation(ir_body(op)); !mlirOperationEqual(o, end); o = mlirOperationGetNextInBlock(o))
    before = o;
  ir_builder at = ir_before(ir, end);
  ir_named sequential = {"ordering", ir_int_attr(ir, 7)};
  if (!ir_op_is(before, "llvm.fence"))
    ir_build(&at, "llvm.fence", 0, NULL, 0, NULL, 1, &sequential, 0, NULL);
}

loom_status vec_group_emit(ir_ctx *ir, const vec_group *g, int vector_bytes) {
  nest n = {.ir = ir, .g = g, .vector_bytes = vector_bytes};
  int errors = ir->ctx->diag.errors;
  ir_builder at = ir_before(ir, g->at[g->n_members - 1].v.op);   /* where the views of all members exist */
  for (int i = 0; i < g->n_members; i++)
    vec_flats_add(&n.flats, &at, &g->at[i].v);
  emit_rows(&n, &at, 0);
  if (n.has_streamed)
    fence_returns(ir, g->at[0].v.op);
  for (int i = 0; i < g->n_members; i++)
    ir_erase(g->at[i].v.op);
  return ir->ctx->diag.errors == errors ? LOOM_OK : LOOM_EBUG;
}
