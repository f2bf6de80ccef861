/* What nodes do to the scratchpad: which memref.global they read, write whole, or change. */
#include "target/npu/npt_tog_private.h"

enum { BUFFER_ALIGN = 64, NESTS_MAX = 8, SPANS_MAX = 4096 };

const npt_access *npt_access_of(MlirOperation op) {
  static const npt_access all[] = {
#define X(name, memory, reads, writes) {name, memory, reads, writes},
      NPT_ACCESS_LIST(X)
#undef X
  };
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (ir_op_is(op, all[i].op))
      return &all[i];
  return NULL;
}

int npt_tog_buffer(const tile_graph *g, const char *global) {
  for (size_t i = 0; global && i < g->buffers.n; i++)
    if (text_eq(g->buffers.at[i].name, global))
      return (int)i;
  return -1;
}

/* ---- buffers ---- */

typedef struct taken { ir_ctx *ir; npt_texts names; } taken;

static bool note_global(MlirOperation op, void *data) {
  taken *x = data;
  const char *name = ir_op_is(op, "memref.get_global") && togsim_is_spad(mlirValueGetType(ir_result(op, 0))) ? npt_global(&x->ir->ctx->mem, ir_result(op, 0)) : NULL;
  for (size_t i = 0; name && i < x->names.n; i++)
    if (text_eq(x->names.at[i], name))
      return true;
  if (name)
    vec_push(&x->ir->ctx->mem, &x->names, name);
  return true;
}

static int elem_bytes(MlirType element) {
  int bits = mlirTypeIsAInteger(element) ? (int)mlirIntegerTypeGetWidth(element) : mlirTypeIsAFloat(element) ? (int)mlirFloatTypeGetWidth(element) : 64;
  return (bits < 8 ? 8 : bits) / 8;
}

/* The most that a transfer of the whole tile needs in a lane (isa.h: rounds over the lanes, each of lane_stride); without transfers an equal share of all lanes. */
static int64_t bytes_in_lane(const npt_tog *t, const char *name, MlirType type, int64_t lanes) {
  int64_t most = 0, all = 1, eb = elem_bytes(mlirShapedTypeGetElementType(type));
  for (int64_t d = 0; d < mlirShapedTypeGetRank(type); d++)
    all *= mlirShapedTypeGetDimSize(type, d);
  for (size_t i = 0; i < t->nodes.n; i++) {
    const npt_transfer *x = &t->nodes.at[i].transfer;
    if (t->nodes.at[i].kind != NPT_DMA || !text_eq(x->global, name))
      continue;
    int64_t extent = x->shape[x->lane_axis], rounds = (extent + x->lane_stride * lanes - 1) / (x->lane_stride * lanes), elems = all / extent * rounds * x->lane_stride;
    most = elems > most ? elems : most;
  }
  return eb * (most ? most : (all + lanes - 1) / lanes);
}

loom_status npt_tog_buffers(npt_tog *t, int64_t lanes, tile_graph *g) {
  taken x = {.ir = t->ir};
  int64_t next = ISA_SPAD_ADDRESS;
  ir_walk(t->func, note_global, &x);
  for (MlirOperation op = mlirBlockGetFirstOperation(mlirModuleGetBody(t->module)); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op)) {
    const char *name = ir_op_is(op, "memref.global") ? ir_attr_string(&t->ir->ctx->mem, ir_attr_of(op, "sym_name")) : NULL;
    size_t at = 0;
    while (at < x.names.n && !text_eq(x.names.at[at], name))
      at++;
    if (!name || at == x.names.n)
      continue;
    tile_buffer b = {.name = name};
    if (!ir_attr_int(ir_attr_of(op, "npu.lane_bytes"), &b.lane_bytes))
      b.lane_bytes = bytes_in_lane(t, name, mlirTypeAttrGetValue(ir_attr_of(op, "type")), lanes);
    if (!ir_attr_int(ir_attr_of(op, "npu.address"), &b.address))
      b.address = next;
    if (b.lane_bytes < 0 || b.address < 0 || b.lane_bytes > TILE_GRAPH_VALUE_MAX || b.address > TILE_GRAPH_VALUE_MAX)
      LOOM_FAIL(t->ir->ctx, ir_span(t->ir, op), LOOM_EINPUT, "npu.address and npu.lane_bytes of '%s' must be 0..2^40", name);
    if (b.address + b.lane_bytes > next)
      next = (b.address + b.lane_bytes + BUFFER_ALIGN - 1) / BUFFER_ALIGN * BUFFER_ALIGN;
    vec_push(&t->ir->ctx->mem, &g->buffers, b);
  }
  return LOOM_OK;
}

/* ---- what a node touches ---- */

/* A part of a lane's bank that is written without a hole, once the loops that it is spread over have run: `loops` of them, by number. */
typedef struct span { int buffer; int64_t from, to; int loops[NESTS_MAX], n_loops; } span;
/* Loops without a role around the operation under way. */
typedef struct nest { MlirValue iv; int64_t start, step, trips; int number; } nest;
/* Stores side by side in a block, one behind the other. */
typedef struct run { MlirBlock block; int buffer; int64_t factor[NESTS_MAX], from, to; } run;
typedef struct looker {
  npt_tog *t;
  const tile_graph *g;
  bool *reads, *writes;                 /* by buffer; reads of what was there before */
  int64_t *elems;                       /* by buffer: what a lane holds */
  VEC_OF(span) spans;
  VEC_OF(run) runs;
  nest nests[NESTS_MAX];
  int n_nests, n_loops;                 /* open; so far */
  bool is_conditional;                  /* in something that may run less often than it says */
} looker;

/* base + sum of factor * (its loop's value) over the loops without a role; false: it depends on more. */
typedef struct linear { int64_t base, factor[NESTS_MAX]; } linear;

static bool add_linear(const looker *k, MlirValue v, int64_t scale, linear *out, int depth);

static bool add_linear_expr(const looker *k, MlirOperation op, MlirAffineMap map, intptr_t first, MlirAffineExpr e, int64_t scale, linear *out, int depth) {
  if (depth > TILE_GRAPH_DEPTH_MAX)
    return false;
  if (mlirAffineExprIsAConstant(e)) {
    out->base += scale * mlirAffineConstantExprGetValue(e);
    return true;
  }
  if (mlirAffineExprIsADim(e))
    return add_linear(k, ir_operand(op, first + mlirAffineDimExprGetPosition(e)), scale, out, depth + 1);
  if (mlirAffineExprIsASymbol(e))
    return add_linear(k, ir_operand(op, first + mlirAffineMapGetNumDims(map) + mlirAffineSymbolExprGetPosition(e)), scale, out, depth + 1);
  MlirAffineExpr l = mlirAffineBinaryOpExprGetLHS(e), r = mlirAffineBinaryOpExprGetRHS(e);
  if (mlirAffineExprIsAAdd(e))
    return add_linear_expr(k, op, map, first, l, scale, out, depth + 1) && add_linear_expr(k, op, map, first, r, scale, out, depth + 1);
  MlirAffineExpr constant = mlirAffineExprIsAConstant(l) ? l : r, other = mlirAffineExprIsAConstant(l) ? r : l;
  return mlirAffineExprIsAMul(e) && mlirAffineExprIsAConstant(constant) &&
         add_linear_expr(k, op, map, first, other, scale * mlirAffineConstantExprGetValue(constant), out, depth + 1);
}

static bool add_linear(const looker *k, MlirValue v, int64_t scale, linear *out, int depth) {
  int64_t constant;
  for (int i = 0; i < k->n_nests; i++)
    if (mlirValueEqual(k->nests[i].iv, v)) {
      out->factor[i] += scale;
      return true;
    }
  if (ir_const_int(v, &constant)) {
    out->base += scale * constant;
    return true;
  }
  MlirOperation def = ir_def(v);
  if (!ir_op_is(def, "affine.apply"))
    return false;
  MlirAffineMap map = mlirAffineMapAttrGetValue(ir_attr_of(def, "map"));
  return add_linear_expr(k, def, map, 0, mlirAffineMapGetResult(map, 0), scale, out, depth + 1);
}

/* Elements from the tile's start, of an access with one index a dim; views keep their strides and may move by a constant. */
static bool index_of(const looker *k, MlirOperation op, const npt_access *a, linear *out) {
  enum { VIEW_RANK_MAX = 8 };
  MlirType type = mlirValueGetType(ir_operand(op, a->memory));
  int64_t rank = mlirShapedTypeGetRank(type), strides[VIEW_RANK_MAX], offset;
  *out = (linear){0};
  if (rank > VIEW_RANK_MAX || mlirLogicalResultIsFailure(mlirMemRefTypeGetStridesAndOffset(type, strides, &offset)) || mlirShapedTypeIsDynamicStrideOrOffset(offset))
    return false;
  out->base = offset;
  MlirAttribute map_attr = ir_attr_of(op, "map");   /* affine accesses have one; those of vector.transfer_* are called permutation_map */
  for (int64_t d = 0; d < rank; d++) {
    bool ok = !mlirShapedTypeIsDynamicStrideOrOffset(strides[d]);
    if (ok && !mlirAttributeIsNull(map_attr) && mlirAttributeIsAAffineMap(map_attr)) {
      MlirAffineMap map = mlirAffineMapAttrGetValue(map_attr);
      ok = mlirAffineMapGetNumResults(map) == rank && add_linear_expr(k, op, map, a->memory + 1, mlirAffineMapGetResult(map, d), strides[d], out, 0);
    } else if (ok)
      ok = add_linear(k, ir_operand(op, a->memory + 1 + d), strides[d], out, 0);
    if (!ok)
      return false;
  }
  return rank == 0 || strides[rank - 1] == 1;
}

/* The store goes on where another of its block ends: then it stands for both. */
static void join_run(looker *k, MlirOperation op, int buffer, linear *at, int64_t *covered) {
  MlirBlock block = mlirOperationGetBlock(op);
  for (size_t i = k->runs.n; i-- > 0;) {
    run *r = &k->runs.at[i];
    if (!mlirBlockEqual(r->block, block) || r->buffer != buffer || r->to != at->base || memcmp(r->factor, at->factor, sizeof r->factor) != 0)
      continue;
    *covered += r->to - r->from;
    at->base = r->from;
    r->to = r->from + *covered;
    return;
  }
  run new = {.block = block, .buffer = buffer, .from = at->base, .to = at->base + *covered};
  memcpy(new.factor, at->factor, sizeof new.factor);
  vec_push(&k->t->ir->ctx->scratch, &k->runs, new);
}

/* What a store covers of the bank, if that has no hole: a vector, repeated by loops whose steps are no longer than what the ones within cover. */
static void note_span(looker *k, MlirOperation op, const npt_access *a, int buffer) {
  linear at;
  MlirType type = mlirValueGetType(ir_operand(op, 0));
  if (k->is_conditional || k->spans.n == SPANS_MAX || !index_of(k, op, a, &at))
    return;
  span s = {.buffer = buffer};
  int64_t covered = 1;
  if (mlirTypeIsAVector(type)) {
    if (mlirShapedTypeGetRank(type) != 1 || mlirVectorTypeIsScalable(type) || ir_op_is(op, "vector.maskedstore"))
      return;
    covered = mlirShapedTypeGetDimSize(type, 0);
  }
  bool is_done[NESTS_MAX] = {false};
  join_run(k, op, buffer, &at, &covered);
  for (int round = 0; round < k->n_nests; round++) {
    int least = -1;
    for (int i = 0; i < k->n_nests; i++)
      if (!is_done[i] && (least < 0 || at.factor[i] * k->nests[i].step < at.factor[least] * k->nests[least].step))
        least = i;
    const nest *n = &k->nests[least];
    int64_t stride = at.factor[least] * n->step;
    is_done[least] = true;
    if (stride < 0 || (stride > covered && n->trips > 1) || n->trips < 1)
      return;
    at.base += at.factor[least] * n->start;
    covered += stride * (n->trips - 1);
    if (at.factor[least] != 0)
      s.loops[s.n_loops++] = n->number;
  }
  s.from = at.base;
  s.to = at.base + covered;
  vec_push(&k->t->ir->ctx->scratch, &k->spans, s);
}

static bool is_open(const looker *k, int loop) {
  for (int i = 0; i < k->n_nests; i++)
    if (k->nests[i].number == loop)
      return true;
  return false;
}

static bool is_complete(const looker *k, const span *s) {
  for (int i = 0; i < s->n_loops; i++)
    if (is_open(k, s->loops[i]))
      return false;
  return true;
}

/* Has all that a lane holds of it been written by now?  Spans in any order: each round takes all that go on where the last ones ended. */
static bool is_covered(const looker *k, int buffer) {
  int64_t to = 0;
  for (bool has_grown = true; has_grown && to < k->elems[buffer];) {
    has_grown = false;
    for (size_t i = 0; i < k->spans.n; i++) {
      const span *s = &k->spans.at[i];
      if (s->buffer == buffer && s->from <= to && s->to > to && is_complete(k, s)) {
        to = s->to;
        has_grown = true;
      }
    }
  }
  return to >= k->elems[buffer];
}

static void touch(looker *k, MlirValue memory, bool reads, bool writes) {
  int buffer = npt_tog_buffer(k->g, npt_global(&k->t->ir->ctx->scratch, memory));
  if (buffer < 0)
    return;
  k->reads[buffer] |= reads && !is_covered(k, buffer);
  k->writes[buffer] |= writes;
}

static bool is_view(MlirOperation op) {
  static const char *const names[] = {"memref.cast", "memref.subview", "memref.collapse_shape", "memref.expand_shape", "memref.reinterpret_cast", "memref.view", "memref.dim"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (ir_op_is(op, names[i]))
      return true;
  return false;
}

static void look(looker *k, MlirOperation op);

static void look_inside(looker *k, MlirOperation op) {
  for (intptr_t r = 0; r < mlirOperationGetNumRegions(op); r++)
    for (MlirBlock b = mlirRegionGetFirstBlock(mlirOperationGetRegion(op, r)); !mlirBlockIsNull(b); b = mlirBlockGetNextInRegion(b))
      for (MlirOperation inner = mlirBlockGetFirstOperation(b); !mlirOperationIsNull(inner); inner = mlirOperationGetNextInBlock(inner))
        look(k, inner);
}

/* The loop's numbers where all are constants; else it may run less often than we think. */
static bool read_nest(MlirOperation op, nest *out) {
  int64_t end;
  *out = (nest){.iv = mlirBlockGetArgument(ir_body(op), 0)};
  if (ir_op_is(op, "affine.for")) {
    MlirAttribute low = ir_attr_of(op, "lowerBoundMap"), high = ir_attr_of(op, "upperBoundMap");
    if (!mlirAffineMapIsSingleConstant(mlirAffineMapAttrGetValue(low)) || !mlirAffineMapIsSingleConstant(mlirAffineMapAttrGetValue(high)))
      return false;
    out->start = mlirAffineMapGetSingleConstantResult(mlirAffineMapAttrGetValue(low));
    end = mlirAffineMapGetSingleConstantResult(mlirAffineMapAttrGetValue(high));
    if (!ir_attr_int(ir_attr_of(op, "step"), &out->step))
      return false;
  } else if (!ir_const_int(ir_operand(op, 0), &out->start) || !ir_const_int(ir_operand(op, 1), &end) || !ir_const_int(ir_operand(op, 2), &out->step))
    return false;
  out->trips = out->step < 1 || end <= out->start ? 0 : (end - out->start + out->step - 1) / out->step;
  return true;
}

static void look(looker *k, MlirOperation op) {
  const npt_access *a = npt_access_of(op);
  if (a) {
    MlirValue memory = ir_operand(op, a->memory);
    touch(k, memory, a->reads, a->writes);
    int buffer = npt_tog_buffer(k->g, npt_global(&k->t->ir->ctx->scratch, memory));
    if (a->writes && buffer >= 0)
      note_span(k, op, a, buffer);
    return;
  }
  if (ir_op_is(op, "affine.for") || ir_op_is(op, "scf.for")) {
    bool was = k->is_conditional, is_known = k->n_nests < NESTS_MAX && read_nest(op, &k->nests[k->n_nests]);
    if (is_known)
      k->nests[k->n_nests].number = k->n_loops++;
    k->is_conditional |= !is_known;
    k->n_nests += is_known;
    look_inside(k, op);
    k->n_nests -= is_known;
    k->is_conditional = was;
    return;
  }
  if (!is_view(op))   /* what is not known may do anything to what it is given */
    for (intptr_t i = 0; i < ir_num_operands(op); i++)
      if (mlirTypeIsAMemRef(mlirValueGetType(ir_operand(op, i))))
        touch(k, ir_operand(op, i), true, true);
  bool was = k->is_conditional;
  k->is_conditional |= mlirOperationGetNumRegions(op) > 0;
  look_inside(k, op);
  k->is_conditional = was;
}

static int bytes_of(const npt_tog *t, const char *name) {
  MlirOperation g = ir_find_symbol(t->ir, mlirModuleGetBody(t->module), "memref.global", name);
  return mlirOperationIsNull(g) ? 1 : elem_bytes(mlirShapedTypeGetElementType(mlirTypeAttrGetValue(ir_attr_of(g, "type"))));
}

void npt_tog_uses(npt_tog *t, const npt_node *node, const tile_graph *g, tile_node *out) {
  arena *scratch = &t->ir->ctx->scratch;
  arena_mark mark = arena_save(scratch);
  looker k = {.t = t, .g = g, .reads = ARENA_NEW_N(scratch, bool, g->buffers.n), .writes = ARENA_NEW_N(scratch, bool, g->buffers.n),
              .elems = ARENA_NEW_N(scratch, int64_t, g->buffers.n)};
  for (size_t b = 0; b < g->buffers.n; b++)
    k.elems[b] = g->buffers.at[b].lane_bytes / bytes_of(t, g->buffers.at[b].name);
  for (size_t i = 0; i < node->ops.n; i++)
    look(&k, node->ops.at[i]);
  for (size_t b = 0; b < g->buffers.n; b++) {
    if (!k.reads[b] && !k.writes[b])
      continue;
    bool is_whole = k.writes[b] && !k.reads[b] && is_covered(&k, (int)b);
    tile_use use = {(int)b, !k.writes[b] ? TILE_READ : is_whole ? TILE_WRITE : TILE_UPDATE};
    vec_push(&t->ir->ctx->mem, &out->uses, use);
  }
  arena_release(scratch, mark);
}
