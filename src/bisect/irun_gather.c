/* Tiles of many instances in one: loom.gather and its destination, loom.broadcast.
 * Instances run one after the other, so a gather reads what all of them gave in the pass before; in the first pass nothing is in it. */
#include "base/shape.h"
#include "bisect/irun.h"
#include <math.h>

/* Which instances give to one gather: the operation, where the line of instances lies, and the rounds of the loops inside. */
static void add_rounds(text *t, const flow_frame *f) {
  if (!f || f->is_instance)
    return;
  add_rounds(t, f->outer);
  text_addf(t, "/%" PRId64, f->at[0]);
}

static const flow_frame *instance_of(const flow_frame *f) {
  while (f && !f->is_instance)
    f = f->outer;
  return f;
}

/* Of tensors, in stage 0: the index of the grid that is gathered over is the row, the others say which gather. */
static bool find_grid_row(irun *r, MlirOperation op, text *key, int64_t *row) {
  MlirValue index = ir_operand(op, 2);
  const flow_frame *f = instance_of(r->flow->frame);
  if (!f || !mlirValueIsABlockArgument(index))
    return false;
  int across = (int)mlirBlockArgumentGetArgNumber(index);
  for (int d = 0; d < f->n; d++)
    if (d != across)
      text_addf(key, ",%" PRId64, f->at[d]);
  *row = irun_int(r, op, 2);
  return across < f->n;
}

/* Of slots: the region's corners say which gather. */
static bool find_slot_row(irun *r, MlirOperation op, text *key, int64_t *row) {
  dialect_gather g;
  if (!dialect_read_gather(op, &g))
    return false;
  for (int d = 0; d < g.n_mesh; d++)
    text_addf(key, ",%" PRId64 "..%" PRId64, (int64_t)irun_slot(r, g.ul[d])->x, (int64_t)irun_slot(r, g.lr[d])->x);
  *row = (int64_t)irun_slot(r, g.place)->x;
  return true;
}

static bool run_gather(irun *r, MlirOperation op, int id) {
  irun_value value = *irun_operand(r, op, 0), into = *irun_operand(r, op, 1);
  text key = text_new(r->mem);
  irun_given own = {.node = value.node};
  bool has_area = !mlirAttributeIsNull(ir_attr_of(op, "static_area")) && ir_num_operands(op) > 3;
  text_addf(&key, "%d", id);
  if (!(has_area ? find_slot_row : find_grid_row)(r, op, &key, &own.row))
    return false;
  add_rounds(&key, r->flow->frame);
  own.key = text_str(&key);
  if (value.kind == IRUN_MEMORY) {
    double *x = irun_copy_out(r, &value.view);
    own.node = irun_read(r, op, &value.view, value.type, x, false);
    own.x = x;
    own.elems = shape_elements(value.view.rank, value.view.size);
  } else if (value.kind == IRUN_TENSOR) {
    own.x = irun_elements(r, &value);
    own.elems = r->flow->nodes.at[value.node].elems;
  } else {
    return false;
  }
  int64_t shape[FLOW_RANK_MAX];
  int rank;
  if (into.kind == IRUN_TENSOR) {
    rank = r->flow->nodes.at[into.node].rank;
    memcpy(shape, r->flow->nodes.at[into.node].shape, sizeof shape);
  } else {
    rank = into.view.rank;
    memcpy(shape, into.view.size, sizeof shape);
  }
  const int64_t total = shape_elements(rank, shape);
  if (rank < 1 || shape[0] * own.elems != total)
    return irun_stop(r, op, BISECT_BROKE, "what each instance gives is no row of where it goes");
  bool is_over = own.row >= shape[0] || own.row < 0;   /* a surplus core gives nothing */
  if (!is_over)
    vec_push(r->mem, &r->gives, own);
  double *x = ARENA_NEW_N(r->mem, double, total);
  VEC_OF(int) in = {0};
  for (int64_t i = 0; i < total; i++)
    x[i] = NAN;
  for (size_t i = 0; i < r->given.n; i++) {
    const irun_given *g = &r->given.at[i];
    if (!text_eq(g->key, own.key) || g->elems != own.elems)
      continue;
    memcpy(x + g->row * own.elems, g->x, (size_t)own.elems * sizeof *x);
    vec_push(r->mem, &in, g->node);
  }
  int node = irun_add(r, op, FLOW_MOVE, (int)in.n, in.at, into.type, rank, shape, x);
  if (into.kind == IRUN_MEMORY && irun_check_view(r, op, &into.view))
    irun_write(r, &into.view, x, node);
  if (mlirOperationGetNumResults(op) > 0) {
    if (into.kind == IRUN_TENSOR)
      irun_set_tensor(r, op, 0, node, false);
    else
      *irun_slot(r, ir_result(op, 0)) = into;
  }
  return irun_spend(r, op, total);
}

/* Repeats along dim `dim`, which the value has with size 1 or lacks. */
static bool run_broadcast(irun *r, MlirOperation op, int id) {
  irun_value value = *irun_operand(r, op, 0), like = *irun_operand(r, op, 1);
  int64_t dim;
  (void)id;
  if (value.kind != IRUN_TENSOR || like.kind != IRUN_TENSOR || !ir_attr_int(ir_attr_of(op, "dim"), &dim))
    return false;
  flow_node to = r->flow->nodes.at[like.node], from = r->flow->nodes.at[value.node];
  if (dim < 0 || dim >= to.rank || from.elems * to.shape[dim] != to.elems)
    return irun_stop(r, op, BISECT_BROKE, "the sizes before and behind it differ");
  const double *x = irun_elements(r, &value);
  double *out = ARENA_NEW_N(r->mem, double, to.elems);
  int64_t inner = 1;
  for (int d = (int)dim + 1; d < to.rank; d++)
    inner *= to.shape[d];
  for (int64_t i = 0; i < to.elems; i++)
    out[i] = x[i / (inner * to.shape[dim]) * inner + i % inner];
  irun_set_tensor(r, op, 0, irun_add(r, op, FLOW_COMPUTE, 1, &value.node, to.type, to.rank, to.shape, out), false);
  return irun_spend(r, op, to.elems);
}

/* The destination before it has a buffer. */
static bool run_placeholder(irun *r, MlirOperation op, int id) { return irun_memory_handler("memref.alloc")(r, op, id); }

irun_fn irun_gather_handler(const char *name) {
  static const struct { const char *name; irun_fn run; } known[] = {{"loom.gather", run_gather}, {"loom.broadcast", run_broadcast}, {"loom.placeholder", run_placeholder}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (text_eq(known[i].name, name))
      return known[i].run;
  return NULL;
}
