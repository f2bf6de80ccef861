/* Seeded faults in programs of NPUs; included by compile_npu_faults_test.c only.
 *
 * An operator makes one small edit at a place drawn at random, as a mistake of a pass or of a writer of files would: in the program (before or behind its passes; graph and code then agree
 * with each other, so that only values tell), in the tile graph, in the object.  `reports`: what the run may say of it first: kinds of faults; "numbers": nothing, but the result is wrong;
 * "refused": a diagnostic.  Operators take places only where the edit must show; each says why. */
#ifndef LOOM_COMPILE_NPU_FAULTS_H
#define LOOM_COMPILE_NPU_FAULTS_H
#include "base/rng.h"
#include "compile_npu.h"
#include "target/npu/npt_transfer.h"
#include <stdio.h>
#include <string.h>

typedef enum fault_stage { IN_PROGRAM, IN_LOWERED, IN_GRAPH, IN_CODE } fault_stage;
/* The case's sizes are whole vectors and whole rounds of lanes: every element that is moved or computed is of the result. */
typedef struct fault_site { compile_state *s; compile_npu *n; rng r; bool is_even; bool is_in_transfer; /* the edit is in the code of one */ const char *function; /* that the word drawn is of */ char what[400]; } fault_site;
typedef struct npu_seeded { const char *name; fault_stage stage; bool (*edit)(fault_site *); const char *reports; } npu_seeded;
enum { PLACES_MAX = 4096 };

#define TELL(f, ...) snprintf((f)->what, sizeof(f)->what, __VA_ARGS__)

static inline int64_t draw(fault_site *f, int64_t low, int64_t high) { return rng_range(&f->r, low, high); }

/* ---- the tile graph ---- */

static inline bool node_moves(const tile_node *n) { return n->kind == TILE_LOAD || n->kind == TILE_STORE; }
static inline bool node_loads(const tile_node *n) { return n->kind == TILE_LOAD; }
static inline bool node_computes(const tile_node *n) { return n->kind == TILE_COMPUTE; }
static inline bool node_uses(const tile_node *n) { return n->uses.n > 0 && n->kind != TILE_WAIT; }
static inline bool node_multiplies(const tile_node *n) { return n->kind == TILE_COMPUTE && n->unit != TILE_VECTOR; }
static inline bool node_turns(const tile_node *n) { return n->kind == TILE_LOOP && !n->end_sum.n && n->end > n->start + n->stride; }
static inline bool node_is_masked(const tile_node *n) { return node_moves(n) && n->masks.n; }
static inline bool node_is_sync(const tile_node *n) { return n->kind == TILE_LOAD && !n->is_async; }

static inline tile_node *draw_node(fault_site *f, bool (*is)(const tile_node *)) {
  tile_graph *g = f->n->graph;
  int at[PLACES_MAX], n = 0;
  for (size_t i = 0; i < g->nodes.n && n < PLACES_MAX; i++)
    if (is(&g->nodes.at[i]))
      at[n++] = (int)i;
  return n ? &g->nodes.at[at[draw(f, 0, n - 1)]] : NULL;
}

static inline void add_constant(fault_site *f, tile_terms *t, int64_t v) { vec_push(&f->s->ctx->mem, t, ((tile_term){.loop = -1, .value = v, .divider = 1, .stride = 1})); }

static inline bool graph_offset(fault_site *f) {
  tile_node *n = draw_node(f, node_moves);
  if (!n)
    return false;
  const int64_t by = n->elem_bytes * draw(f, 1, 8);
  add_constant(f, &n->offset, by);
  TELL(f, "%s, %d bytes further", n->name, (int)by);
  return true;
}

/* The step of a dim of one element is not used. */
static inline bool graph_step(fault_site *f) {
  tile_node *n = draw_node(f, node_moves);
  int d = n ? (int)draw(f, 0, n->rank - 1) : 0;
  if (!n || n->extent[d] < 2)
    return false;
  n->step[d] += draw(f, 1, 9);
  TELL(f, "%s, dim %d", n->name, d);
  return true;
}

static inline bool graph_extent(fault_site *f) {
  tile_node *n = draw_node(f, node_moves);
  int d = n ? (int)draw(f, 0, n->rank - 1) : 0;
  if (!n || n->extent[d] < 2)
    return false;
  n->extent[d] -= draw(f, 1, n->extent[d] - 1);
  TELL(f, "%s, dim %d", n->name, d);
  return true;
}

/* A mask is there because some turn has less than the whole extent: less by that, it has nothing then. */
static inline bool graph_mask(fault_site *f) {
  tile_node *n = draw_node(f, node_is_masked);
  if (!n)
    return false;
  tile_mask *m = &n->masks.at[draw(f, 0, (int64_t)n->masks.n - 1)];
  add_constant(f, &m->high, -n->extent[m->dim]);
  TELL(f, "%s, dim %d", n->name, m->dim);
  return true;
}

static inline bool graph_unmasked(fault_site *f) {
  tile_node *n = draw_node(f, node_is_masked);
  if (!n)
    return false;
  TELL(f, "%s, dim %d", n->name, n->masks.at[n->masks.n - 1].dim);
  n->masks.n--;
  return true;
}

static inline bool graph_element(fault_site *f) {
  tile_node *n = draw_node(f, node_moves);
  if (!n)
    return false;
  n->elem_bytes = n->elem_bytes == 4 ? 2 : 4;
  TELL(f, "%s", n->name);
  return true;
}

static inline bool graph_use_lost(fault_site *f) {
  tile_node *n = draw_node(f, node_uses);
  if (!n)
    return false;
  size_t k = (size_t)draw(f, 0, (int64_t)n->uses.n - 1);
  TELL(f, "%s no longer uses %s", n->name, f->n->graph->buffers.at[n->uses.at[k].buffer].name);
  n->uses.at[k] = n->uses.at[--n->uses.n];
  return true;
}

/* What a node makes is said to be read only; the other way round, more order than needed, is no fault. */
static inline bool graph_write_is_read(fault_site *f) {
  tile_node *n = draw_node(f, node_uses);
  size_t k = n ? (size_t)draw(f, 0, (int64_t)n->uses.n - 1) : 0;
  if (!n || n->uses.at[k].access == TILE_READ)
    return false;
  n->uses.at[k].access = TILE_READ;
  TELL(f, "%s and %s", n->name, f->n->graph->buffers.at[n->uses.at[k].buffer].name);
  return true;
}

static inline bool node_writes(const tile_node *n, int buffer, tile_access access) {
  for (size_t i = 0; i < n->uses.n; i++)
    if (n->uses.at[i].buffer == buffer && n->uses.at[i].access == access)
      return true;
  return false;
}

static inline bool is_inside(const tile_graph *g, int node, int loop) {
  for (int p = g->nodes.at[node].parent; p >= 0; p = g->nodes.at[p].parent)
    if (p == loop)
      return true;
  return false;
}

/* Sums that a loop carries from turn to turn: several turns, and nothing in it writes the buffer anew.  Each turn then needs what the one before left. */
static inline bool is_carried(const tile_graph *g, int node, int buffer) {
  for (int p = g->nodes.at[node].parent; p >= 0; p = g->nodes.at[p].parent) {
    const tile_node *loop = &g->nodes.at[p];
    bool is_new = false;
    for (size_t i = 0; i < g->nodes.n; i++)
      is_new = is_new || (is_inside(g, (int)i, p) && node_writes(&g->nodes.at[i], buffer, TILE_WRITE));
    if (loop->loop_type == TILE_LOOP_ACCUMULATION && loop->end > loop->start + loop->stride && !is_new)
      return true;
  }
  return false;
}

static inline bool graph_update_is_write(fault_site *f) {
  tile_graph *g = f->n->graph;
  tile_node *n = draw_node(f, node_multiplies);
  for (size_t k = 0; n && k < n->uses.n; k++)
    if (n->uses.at[k].access == TILE_UPDATE && is_carried(g, (int)(n - g->nodes.at), n->uses.at[k].buffer)) {
      n->uses.at[k].access = TILE_WRITE;
      TELL(f, "%s and %s", n->name, g->buffers.at[n->uses.at[k].buffer].name);
      return true;
    }
  return false;
}

static inline bool graph_overlap(fault_site *f) {
  tile_graph *g = f->n->graph;
  if (g->buffers.n < 2)
    return false;
  size_t k = (size_t)draw(f, 1, (int64_t)g->buffers.n - 1);
  g->buffers.at[k].address = g->buffers.at[k - 1].address + g->buffers.at[k - 1].lane_bytes - 4 * draw(f, 1, g->buffers.at[k - 1].lane_bytes / 4);
  TELL(f, "%s over %s", g->buffers.at[k].name, g->buffers.at[k - 1].name);
  return true;
}

static inline bool graph_beyond(fault_site *f) {
  tile_graph *g = f->n->graph;
  tile_buffer *b = &g->buffers.at[draw(f, 0, (int64_t)g->buffers.n - 1)];
  b->address += machine_lane_bytes(f->s->machine) - 4 * draw(f, 0, 1);
  TELL(f, "%s", b->name);
  return true;
}

static inline bool graph_small(fault_site *f) {
  tile_graph *g = f->n->graph;
  tile_buffer *b = &g->buffers.at[draw(f, 0, (int64_t)g->buffers.n - 1)];
  b->lane_bytes = b->lane_bytes / 8 * 4;
  TELL(f, "%s", b->name);
  return b->lane_bytes > 0;
}

/* Loops have as many turns as there is something to do. */
static inline bool graph_end(fault_site *f) {
  tile_node *n = draw_node(f, node_turns);
  if (!n)
    return false;
  n->end -= n->stride;
  TELL(f, "%s", n->name);
  return true;
}

static inline bool graph_start(fault_site *f) {
  tile_node *n = draw_node(f, node_turns);
  if (!n)
    return false;
  n->start += n->stride;
  TELL(f, "%s", n->name);
  return true;
}

/* What vector code changes in place it may only clean, of what is clean. */
static inline bool writes_for(const tile_node *a, const tile_node *b) {
  for (size_t i = 0; i < b->uses.n; i++)
    if ((b->uses.at[i].access == TILE_READ || (b->uses.at[i].access == TILE_UPDATE && node_multiplies(b))) && node_writes(a, b->uses.at[i].buffer, TILE_WRITE))
      return true;
  return false;
}

/* Neighbours of which the first makes what the second takes. */
static inline bool graph_swap(fault_site *f) {
  tile_graph *g = f->n->graph;
  struct { int *first, *second; } at[PLACES_MAX];
  int n = 0;
  for (size_t i = 0; i < g->nodes.n; i++)
    for (size_t k = 0; k + 1 < g->nodes.at[i].body.n && n < PLACES_MAX; k++) {
      int *pair = &g->nodes.at[i].body.at[k];
      if (g->nodes.at[pair[0]].kind != TILE_LOOP && g->nodes.at[pair[1]].kind != TILE_LOOP && writes_for(&g->nodes.at[pair[0]], &g->nodes.at[pair[1]])) {
        at[n].first = pair;
        at[n++].second = pair + 1;
      }
    }
  if (!n)
    return false;
  int k = (int)draw(f, 0, n - 1), first = *at[k].first;
  TELL(f, "%s behind %s", g->nodes.at[first].name, g->nodes.at[*at[k].second].name);
  *at[k].first = *at[k].second;
  *at[k].second = first;
  return true;
}

static inline bool graph_lost(fault_site *f) {
  tile_graph *g = f->n->graph;
  tile_node *n = draw_node(f, draw(f, 0, 1) ? node_moves : node_computes);
  if (!n || n->parent < 0)
    return false;
  tile_node *up = &g->nodes.at[n->parent];
  size_t kept = 0;
  for (size_t i = 0; i < up->body.n; i++)
    if (up->body.at[i] != (int)(n - g->nodes.at))
      up->body.at[kept++] = up->body.at[i];
  up->body.n = kept;
  TELL(f, "%s", n->name);
  return kept > 0;
}

static inline bool graph_code_of_another(fault_site *f) {
  tile_node *a = draw_node(f, node_moves), *b = draw_node(f, node_computes);
  if (!a || !b)
    return false;
  const char *function = a->function;
  a->function = b->function;
  b->function = function;
  TELL(f, "%s and %s", a->name, b->name);
  return true;
}

static inline bool graph_tensor(fault_site *f) {
  tile_graph *g = f->n->graph;
  tile_node *n = draw_node(f, node_moves);
  if (!n || g->tensors.n < 2)
    return false;
  n->tensor = (n->tensor + (int)draw(f, 1, (int64_t)g->tensors.n - 1)) % (int)g->tensors.n;
  TELL(f, "%s now %s", n->name, g->tensors.at[n->tensor].name);
  return true;
}

static inline bool graph_unit(fault_site *f) {
  tile_node *n = draw_node(f, node_multiplies);
  if (!n)
    return false;
  n->unit = TILE_VECTOR;
  TELL(f, "%s", n->name);
  return true;
}

/* Nothing waits for it. */
static inline bool graph_async(fault_site *f) {
  tile_node *n = draw_node(f, node_is_sync);
  if (!n)
    return false;
  n->is_async = true;
  TELL(f, "%s", n->name);
  return true;
}

/* ---- the program ---- */

static inline npt_ops collect(fault_site *f, bool (*is)(MlirOperation)) { return npt_collect(&f->s->ir, mlirModuleGetOperation(f->n->program.module), is); }
static inline MlirOperation draw_op(fault_site *f, bool (*is)(MlirOperation)) {
  npt_ops all = collect(f, is);
  return all.n ? all.at[draw(f, 0, (int64_t)all.n - 1)] : (MlirOperation){NULL};
}
static inline bool op_multiplies(MlirOperation op) { return ir_op_is(op, "linalg.matmul"); }

static inline bool draw_transfer(fault_site *f, npt_transfer *t) {
  MlirOperation op = draw_op(f, npt_is_transfer);
  return !mlirOperationIsNull(op) && npt_read_transfer(&f->s->ir, op, t) == LOOM_OK;
}

static inline bool rebuild(fault_site *f, const npt_transfer *t) {
  ir_builder b = ir_before(&f->s->ir, t->op);
  bool ok = !mlirOperationIsNull(npt_build_transfer(&b, t, NPT_TOGSIM));
  mlirOperationDestroy(t->op);
  return ok;
}

/* Elements along a dim that are moved at all turns: less than the extent where a mask with a constant says so. */
static inline int64_t moved(const npt_transfer *t, int d) {
  int64_t n = t->shape[d], end;
  for (int i = 0; i < t->n_masks; i++)
    if (t->masks[i].axis == d && ir_const_int(t->masks[i].hi, &end) && end < n)
      n = end;
  return n;
}

static inline bool program_dram_stride(fault_site *f) {
  npt_transfer t;
  if (!draw_transfer(f, &t))
    return false;
  int d = (int)draw(f, 0, t.rank - 1);
  if (moved(&t, d) < 2)
    return false;
  TELL(f, "%s of %s, dim %d", t.is_store ? "store" : "load", t.global, d);
  t.dram_stride[d] += draw(f, 1, 5);
  return rebuild(f, &t);
}

/* As where a group of dims keeps the wrong one. */
static inline bool program_strides_swapped(fault_site *f) {
  npt_transfer t;
  if (!draw_transfer(f, &t) || t.rank < 2)
    return false;
  int d = (int)draw(f, 1, t.rank - 1);
  int64_t was = t.dram_stride[d];
  if (was == t.dram_stride[d - 1] || (moved(&t, d) < 2 && moved(&t, d - 1) < 2))
    return false;
  TELL(f, "%s of %s, dims %d and %d", t.is_store ? "store" : "load", t.global, d - 1, d);
  t.dram_stride[d] = t.dram_stride[d - 1];
  t.dram_stride[d - 1] = was;
  return rebuild(f, &t);
}

static inline bool program_spad_stride(fault_site *f) {
  npt_transfer t;
  if (!draw_transfer(f, &t))
    return false;
  int d = (int)draw(f, 0, t.rank - 1);
  if (d == t.lane_axis || moved(&t, d) < 2)
    return false;
  TELL(f, "%s of %s, dim %d", t.is_store ? "store" : "load", t.global, d);
  t.spad_stride[d] *= 2;
  return rebuild(f, &t);
}

static inline bool program_lane_axis(fault_site *f) {
  npt_transfer t;
  if (!draw_transfer(f, &t))
    return false;
  int d = (int)draw(f, 0, t.rank - 1);
  if (d == t.lane_axis || moved(&t, d) < 2 || moved(&t, t.lane_axis) < 2 || !t.dram_stride[d])
    return false;
  TELL(f, "%s of %s, %d for %d", t.is_store ? "store" : "load", t.global, d, t.lane_axis);
  t.lane_axis = d;
  return rebuild(f, &t);
}

/* Of copies in all lanes it does not matter which lane has which. */
static inline bool program_lane_stride(fault_site *f) {
  npt_transfer t;
  if (!draw_transfer(f, &t) || moved(&t, t.lane_axis) < 2 || !t.dram_stride[t.lane_axis])
    return false;
  TELL(f, "%s of %s", t.is_store ? "store" : "load", t.global);
  t.lane_stride *= 2;
  return rebuild(f, &t);
}

static inline bool program_offset(fault_site *f) {
  npt_transfer t;
  if (!draw_transfer(f, &t))
    return false;
  TELL(f, "%s of %s", t.is_store ? "store" : "load", t.global);
  ir_builder b = ir_before(&f->s->ir, t.op);
  t.dram_index = npt_build_sum(&b, 1, &t.dram_index, (int64_t[]){1}, draw(f, 1, 5));
  return rebuild(f, &t);
}

static inline bool op_stores(MlirOperation op) { return ir_op_is(op, "vector.store"); }

/* Does the transfer fill an operand of a product, and is dim d the one that is summed over?  Of A the one in the lanes, of B the other of the last two.  Not if vector code cleans it. */
static inline bool is_summed(fault_site *f, const npt_transfer *t, int d) {
  npt_ops all = collect(f, op_multiplies), stores = collect(f, op_stores);
  for (size_t i = 0; i < stores.n; i++)
    if (text_eq(npt_global(&f->s->ctx->mem, ir_operand(stores.at[i], 1)), t->global))
      return false;
  for (size_t i = 0; i < all.n; i++)
    for (int k = 0; k < 2; k++)
      if (text_eq(npt_global(&f->s->ctx->mem, ir_operand(all.at[i], k)), t->global) && d == t->lane_axis - k)
        return true;
  return false;
}

/* Zeros times whatever is there are zero, but not where that is NaN. */
static inline bool program_fill(fault_site *f) {
  npt_transfer t;
  if (!draw_transfer(f, &t) || t.is_store || !t.n_masks || !mlirTypeIsAFloat(t.element))
    return false;
  bool counts = false;
  for (int i = 0; i < t.n_masks; i++)
    counts = counts || is_summed(f, &t, t.masks[i].axis);
  if (!counts)
    return false;
  TELL(f, "load of %s", t.global);
  t.fill = mlirFloatAttrDoubleGet(f->s->ir.mlir, t.element, __builtin_nan(""));
  return rebuild(f, &t);
}

/* Masks of copies keep one of them. */
static inline bool program_unmasked(fault_site *f) {
  npt_transfer t;
  if (!draw_transfer(f, &t) || !t.n_masks)
    return false;
  npt_mask *m = &t.masks[draw(f, 0, t.n_masks - 1)];
  if (!t.dram_stride[m->axis] || (!t.is_store && !is_summed(f, &t, m->axis)))
    return false;
  TELL(f, "%s of %s, dim %d", t.is_store ? "store" : "load", t.global, m->axis);
  ir_builder b = ir_before(&f->s->ir, t.op);
  m->hi = ir_index_const(&b, t.shape[m->axis]);
  return rebuild(f, &t);
}

/* In a loop that carries sums: with several turns, and the tile is not filled in it by anything else. */
static inline bool op_adds_up(MlirOperation op) {
  npt_range loop;
  MlirOperation up = mlirOperationGetParentOperation(op);
  return op_multiplies(op) && mlirAttributeIsNull(ir_attr_of(op, "npu.overwrite")) && npt_read_range(up, &loop) && togsim_flag(up, "accumulation_loop") && loop.upper - loop.lower > loop.step &&
         ir_count(up, "vector.store") == 0 && ir_count(up, "linalg.matmul") == 1;
}

static inline bool program_overwrite(fault_site *f) {
  MlirOperation op = draw_op(f, op_adds_up);
  if (mlirOperationIsNull(op))
    return false;
  ir_set_attr(op, "npu.overwrite", ir_unit_attr(&f->s->ir));
  return true;
}

static inline bool op_subtracts(MlirOperation op) { return ir_op_is(op, "arith.subf") && mlirTypeIsAVector(mlirValueGetType(ir_result(op, 0))); }
/* What a loop that runs once scales may be what it began with, zero: a sum is the same. */
static inline bool op_scales(MlirOperation op) {
  npt_range loop;
  for (MlirOperation up = mlirOperationGetParentOperation(op); !mlirOperationIsNull(up); up = mlirOperationGetParentOperation(up))
    if (npt_read_range(up, &loop) && togsim_flag(up, "accumulation_loop") && loop.upper - loop.lower <= loop.step)
      return false;
  return ir_op_is(op, "arith.mulf") && mlirTypeIsAVector(mlirValueGetType(ir_result(op, 0)));
}

static inline bool program_difference(fault_site *f) {
  MlirOperation op = draw_op(f, op_subtracts);
  if (mlirOperationIsNull(op))
    return false;
  MlirValue a = ir_operand(op, 0);
  mlirOperationSetOperand(op, 0, ir_operand(op, 1));
  mlirOperationSetOperand(op, 1, a);
  return true;
}

static inline bool program_factor(fault_site *f) {
  MlirOperation op = draw_op(f, op_scales);
  if (mlirOperationIsNull(op))
    return false;
  ir_builder b = ir_before(&f->s->ir, op);
  MlirValue sum = ir_build1(&b, "arith.addf", mlirValueGetType(ir_result(op, 0)), 2, (MlirValue[]){ir_operand(op, 0), ir_operand(op, 1)}, 0, NULL);
  TELL(f, "%s", ir_print(&f->s->ctx->mem, op, false));
  ir_replace_uses(ir_result(op, 0), sum);
  return true;
}

/* Loops of vector code that compute: their first turn is never padding alone.  Loops that store constants, or select them, may clean what is clean, and softmax takes off the largest of a row for
 * the numbers' sake: what is near it gives the same. */
static inline bool op_runs_code(MlirOperation op) {
  npt_range loop;
  return npt_read_range(op, &loop) && loop.lower == 0 && loop.upper > loop.step && !togsim_flag(op, "outer_loop") && !togsim_flag(op, "accumulation_loop") && !togsim_flag(op, "inner_loop") &&
         ir_count(op, "affine.for") == 1 && !ir_count(op, "arith.maximumf") && !ir_count(op, "arith.select") && (ir_count(op, "vector.load") || ir_count(op, "math.exp"));
}

static inline bool program_late(fault_site *f) {
  MlirOperation op = draw_op(f, op_runs_code);
  npt_range loop;
  if (mlirOperationIsNull(op) || !npt_read_range(op, &loop))
    return false;
  ir_set_attr(op, "lowerBoundMap", mlirAffineMapAttrGet(mlirAffineMapConstantGet(f->s->ir.mlir, loop.step)));
  TELL(f, "%.300s", ir_print(&f->s->ctx->mem, op, false));
  return true;
}

/* ---- behind the passes ---- */

/* A transfer in a loop over parts of a tile: what the pass that peels dims makes, or what has more tiles than one. */
static inline bool draw_peeled(fault_site *f, npt_transfer *t, MlirOperation *loop) {
  npt_range turns;
  if (!draw_transfer(f, t))
    return false;
  *loop = mlirOperationGetParentOperation(t->op);
  return togsim_flag(*loop, "inner_loop") && npt_read_range(*loop, &turns) && turns.upper - turns.lower > turns.step;
}

static inline bool lowered_peel_dram(fault_site *f) {
  npt_transfer t;
  MlirOperation loop;
  if (!draw_peeled(f, &t, &loop))
    return false;
  TELL(f, "%s of %s", t.is_store ? "store" : "load", t.global);
  ir_builder b = ir_before(&f->s->ir, t.op);
  t.dram_index = npt_build_sum(&b, 2, (MlirValue[]){t.dram_index, mlirBlockGetArgument(ir_body(loop), 0)}, (int64_t[]){1, draw(f, 1, 5)}, 0);
  return rebuild(f, &t);
}

static inline bool lowered_peel_spad(fault_site *f) {
  npt_transfer t;
  MlirOperation loop;
  if (!draw_peeled(f, &t, &loop) || !t.n_spad_index)
    return false;
  TELL(f, "%s of %s", t.is_store ? "store" : "load", t.global);
  ir_builder b = ir_before(&f->s->ir, t.op);
  MlirValue *at = &t.spad_index[t.n_spad_index - 1];
  *at = npt_build_sum(&b, 2, (MlirValue[]){*at, mlirBlockGetArgument(ir_body(loop), 0)}, (int64_t[]){1, 8}, 0);
  return rebuild(f, &t);
}

static inline bool op_pushes(MlirOperation op) { return ir_op_is(op, "vcix.iv"); }

static inline bool lowered_push_lost(fault_site *f) {
  MlirOperation op = draw_op(f, op_pushes);
  return !mlirOperationIsNull(op) && ir_erase(op);
}

static inline bool lowered_push_elsewhere(fault_site *f) {
  MlirOperation op = draw_op(f, op_pushes);
  int64_t opcode;
  if (mlirOperationIsNull(op) || !ir_attr_int(ir_attr_of(op, "opcode"), &opcode))
    return false;
  ir_set_attr(op, "opcode", ir_int_attr(&f->s->ir, !opcode));
  return true;
}

/* ---- the object ---- */

enum { OP_VECTOR_LOAD = 0x07, OP_CUSTOM_1 = 0x2b, OP_IMM = 0x13, OP_VECTOR_STORE = 0x27, OP_LUI = 0x37, OP_VECTOR = 0x57, OP_VC = 0x5b, WORD_NOP = 0x13 };

typedef struct code_section { const uint8_t *head; uint64_t at, size; } code_section;
static inline uint64_t little(const uint8_t *p, int bytes) {
  uint64_t v = 0;
  for (int i = 0; i < bytes; i++)
    v |= (uint64_t)p[i] << (8 * i);
  return v;
}

/* Section of ELF64 by type and, of progbits, by being code. */
static inline bool find_section(const uint8_t *o, uint32_t type, bool is_code, code_section *out) {
  const uint8_t *heads = o + little(o + 40, 8);
  for (uint64_t i = 0, size = little(o + 58, 2), n = little(o + 60, 2); i < n; i++) {
    const uint8_t *h = heads + i * size;
    *out = (code_section){h, little(h + 24, 8), little(h + 32, 8)};
    if (little(h + 4, 4) == type && (!is_code || little(h + 8, 8) & 4) && out->size)
      return true;
  }
  return false;
}

/* The loader writes what a relocation is about. */
static inline bool is_relocated(const uint8_t *o, uint64_t at) {
  enum { RELA = 4, RELA_BYTES = 24 };
  const uint8_t *heads = o + little(o + 40, 8);
  for (uint64_t i = 0, size = little(o + 58, 2), n = little(o + 60, 2); i < n; i++) {
    const uint8_t *h = heads + i * size;
    for (uint64_t k = 0; little(h + 4, 4) == RELA && k + RELA_BYTES <= little(h + 32, 8); k += RELA_BYTES)
      if (little(o + little(h + 24, 8) + k, 8) == at)
        return true;
  }
  return false;
}

/* A function of the code section: to its last return before the next one begins. */
typedef struct code_span { const char *name; uint64_t from, to; bool moves; } code_span;

static inline int list_functions(const uint8_t *o, const code_section *code, code_span *out, int most) {
  enum { SYMTAB = 2, SYMBOL_BYTES = 24, FUNCTION = 2 };
  code_section symbols;
  int n = 0;
  if (!find_section(o, SYMTAB, false, &symbols))
    return 0;
  const uint8_t *names = o + little(o + little(o + 40, 8) + little(symbols.head + 40, 4) * little(o + 58, 2) + 24, 8);
  for (uint64_t i = 0; i + SYMBOL_BYTES <= symbols.size && n < most; i += SYMBOL_BYTES) {
    const uint8_t *s = o + symbols.at + i;
    if ((s[4] & 15) != FUNCTION || !strstr((const char *)names + little(s, 4), "_node_"))      /* the driver calls the nodes; the simulator does that itself */
      continue;
    code_span f = {(const char *)names + little(s, 4), little(s + 8, 8), little(s + 8, 8) + little(s + 16, 8), false};
    for (uint64_t at = f.from; at < f.to;) {
      const uint8_t *p = o + code->at + at;
      bool is_long = (p[0] & 3) == 3;
      f.moves = f.moves || (is_long && (little(p, 4) & 0x7f) == OP_CUSTOM_1);
      at += is_long ? 4 : 2;
    }
    out[n++] = f;
  }
  return n;
}

typedef struct code_place { uint8_t *word; const code_span *function; } code_place;

/* A word of a node's function, of transfers' alone where that is asked for. */
static inline bool draw_word(fault_site *f, bool (*is)(uint32_t), bool of_transfers, uint8_t **out) {
  enum { PROGBITS = 1, FUNCTIONS_MAX = 256 };
  uint8_t *o = (uint8_t *)(uintptr_t)f->n->code.object;
  static code_place places[PLACES_MAX];
  code_section code;
  code_span functions[FUNCTIONS_MAX];
  int n = 0, n_functions = find_section(o, PROGBITS, true, &code) ? list_functions(o, &code, functions, FUNCTIONS_MAX) : 0;
  for (int i = 0; i < n_functions; i++)
    for (uint64_t at = functions[i].from; at < functions[i].to;) {
      uint8_t *p = o + code.at + at;
      bool is_long = (p[0] & 3) == 3;
      if (is_long && n < PLACES_MAX && (functions[i].moves || !of_transfers) && is((uint32_t)little(p, 4)) && !is_relocated(o, at))
        places[n++] = (code_place){p, &functions[i]};
      at += is_long ? 4 : 2;
    }
  if (!n)
    return false;
  const code_place *place = &places[draw(f, 0, n - 1)];
  f->is_in_transfer = place->function->moves;
  f->function = place->function->name;
  *out = place->word;
  return true;
}

static inline void put_word(fault_site *f, uint8_t *p, uint32_t word) {
  TELL(f, "0x%08x becomes 0x%08x at byte %zd of the object", (unsigned)little(p, 4), (unsigned)word, (ssize_t)(p - (const uint8_t *)f->n->code.object));
  for (int i = 0; i < 4; i++)
    p[i] = (uint8_t)(word >> (8 * i));
}

static inline bool word_is_vc(uint32_t w) { return (w & 0x7f) == OP_VC; }
static inline bool word_makes_constant(uint32_t w) { return (w & 0x7f) == OP_LUI || ((w & 0x7f) == OP_IMM && (w >> 12 & 7) == 0); }
static inline bool word_moves(uint32_t w) { return (w & 0x7f) == OP_CUSTOM_1; }
/* vsetvli may say what is so already; vmfeq.vv v, v asks whether a number is NaN and vmerge.vvm takes it then, but there is none; vfadd.vf
 * adds the zero that a sum begins with. */
static inline bool word_works(uint32_t w) {
  enum { VMFEQ_VV = 0x60001057, VMERGE_VVM = 0x5c000057, VFADD_VF = 0x00005057, OPERATION = 0xfc00707f };
  uint32_t op = w & 0x7f;
  if ((w & OPERATION) == VMERGE_VVM || (w & OPERATION) == VFADD_VF || ((w & OPERATION) == VMFEQ_VV && (w >> 15 & 31) == (w >> 20 & 31)))
    return false;
  return op == OP_VECTOR_LOAD || op == OP_VECTOR_STORE || op == OP_VC || op == OP_CUSTOM_1 || (op == OP_VECTOR && (w >> 12 & 7) != 7);
}

static inline bool code_vc_immediate(fault_site *f) {
  uint8_t *p;
  if (!draw_word(f, word_is_vc, false, &p))
    return false;
  put_word(f, p, (uint32_t)little(p, 4) ^ UINT32_C(1) << draw(f, 15, 19));
  return true;
}

static inline bool code_vc_opcode(fault_site *f) {
  uint8_t *p;
  if (!draw_word(f, word_is_vc, false, &p))
    return false;
  put_word(f, p, (uint32_t)little(p, 4) ^ UINT32_C(1) << draw(f, 26, 27));
  return true;
}

static inline bool code_dma_word(fault_site *f) {
  uint8_t *p;
  if (!draw_word(f, word_moves, true, &p))
    return false;
  put_word(f, p, (uint32_t)little(p, 4) ^ UINT32_C(1) << draw(f, 25, 28));
  return true;
}

static inline bool code_constant(fault_site *f) {
  uint8_t *p;
  if (!draw_word(f, word_makes_constant, true, &p))
    return false;
  put_word(f, p, (uint32_t)little(p, 4) ^ UINT32_C(1) << draw(f, 20, 30));
  return true;
}

/* Does the node write a tile that no other node uses?  What it takes of that comes out of registers, and the store is for nobody. */
static inline bool writes_for_itself(const tile_graph *g, const char *function) {
  for (size_t i = 0; i < g->nodes.n; i++)
    for (size_t u = 0; text_eq(g->nodes.at[i].function, function) && u < g->nodes.at[i].uses.n; u++) {
      bool is_used = g->nodes.at[i].uses.at[u].access == TILE_READ;
      for (size_t k = 0; k < g->nodes.n; k++)
        for (size_t w = 0; k != i && w < g->nodes.at[k].uses.n; w++)
          is_used = is_used || g->nodes.at[k].uses.at[w].buffer == g->nodes.at[i].uses.at[u].buffer;
      if (!is_used)
        return true;
    }
  return false;
}

static inline bool code_nop(fault_site *f) {
  uint8_t *p;
  if (!f->is_even || !draw_word(f, word_works, false, &p) || ((little(p, 4) & 0x7f) == OP_VECTOR_STORE && writes_for_itself(f->n->graph, f->function)))
    return false;
  put_word(f, p, WORD_NOP);
  return true;
}

/* X(name, stage, edit, reports) */
#define NPU_FAULT_TABLE(X)                                                                                         \
  X("a transfer goes elsewhere", IN_GRAPH, graph_offset, "transfer")                                               \
  X("a transfer's step", IN_GRAPH, graph_step, "transfer")                                                         \
  X("a transfer's extent", IN_GRAPH, graph_extent, "transfer")                                                     \
  X("a mask leaves nothing", IN_GRAPH, graph_mask, "transfer")                                                     \
  X("a mask is lost", IN_GRAPH, graph_unmasked, "transfer")                                                        \
  X("a transfer's element", IN_GRAPH, graph_element, "transfer")                                                   \
  X("a use is lost", IN_GRAPH, graph_use_lost, "code uninit")                                                      \
  X("a write is said to be a read", IN_GRAPH, graph_write_is_read, "code uninit")                                  \
  X("an update is said to be a write", IN_GRAPH, graph_update_is_write, "numbers")                                 \
  X("tiles overlap", IN_GRAPH, graph_overlap, "spad_overlap")                                                      \
  X("a tile beyond the bank", IN_GRAPH, graph_beyond, "spad_range")                                                \
  X("a tile is too small", IN_GRAPH, graph_small, "code")                                                          \
  X("a loop ends early", IN_GRAPH, graph_end, "numbers uninit code transfer no_wait")                              \
  X("a loop begins late", IN_GRAPH, graph_start, "numbers uninit code transfer no_wait no_load")                   \
  X("nodes in the wrong order", IN_GRAPH, graph_swap, "numbers uninit code")                                       \
  X("a node is lost", IN_GRAPH, graph_lost, "numbers uninit code no_load")                                         \
  X("the code of another node", IN_GRAPH, graph_code_of_another, "transfer code")                                  \
  X("another tensor", IN_GRAPH, graph_tensor, "transfer")                                                          \
  X("a product on the vector unit", IN_GRAPH, graph_unit, "code")                                                  \
  X("a load that nothing waits for", IN_GRAPH, graph_async, "early_read no_wait tag_twice")                        \
  X("a stride in DRAM", IN_PROGRAM, program_dram_stride, "numbers code")                                           \
  X("strides of two dims swapped", IN_PROGRAM, program_strides_swapped, "numbers code")                            \
  X("a stride in the scratchpad", IN_PROGRAM, program_spad_stride, "numbers code refused")                         \
  X("the axis of the lanes", IN_PROGRAM, program_lane_axis, "numbers code refused")                                \
  X("neighbours in a lane", IN_PROGRAM, program_lane_stride, "numbers code refused")                               \
  X("the first element of a transfer", IN_PROGRAM, program_offset, "numbers code")                                 \
  X("what a mask fills in", IN_PROGRAM, program_fill, "numbers")                                                   \
  X("a transfer without its mask", IN_PROGRAM, program_unmasked, "numbers code")                                   \
  X("npu.overwrite where sums go on", IN_PROGRAM, program_overwrite, "numbers")                                    \
  X("a difference the other way round", IN_PROGRAM, program_difference, "numbers")                                 \
  X("a sum for a product", IN_PROGRAM, program_factor, "numbers")                                                  \
  X("vector code begins late", IN_PROGRAM, program_late, "numbers uninit")                                         \
  X("a peeled dim's stride in DRAM", IN_LOWERED, lowered_peel_dram, "numbers code")                                \
  X("a peeled dim's place in the bank", IN_LOWERED, lowered_peel_spad, "numbers code refused")                     \
  X("rows are not pushed", IN_LOWERED, lowered_push_lost, "code refused")                                                        \
  X("rows for the other queue", IN_LOWERED, lowered_push_elsewhere, "code refused")                                      \
  X("an immediate of the array", IN_CODE, code_vc_immediate, "numbers code")                                       \
  X("an opcode of the array", IN_CODE, code_vc_opcode, "numbers code")                                             \
  X("a word of a transfer", IN_CODE, code_dma_word, "numbers code transfer")                                       \
  X("a constant of a transfer", IN_CODE, code_constant, "numbers code transfer")                                                 \
  X("an instruction does nothing", IN_CODE, code_nop, "numbers code transfer")
#endif
