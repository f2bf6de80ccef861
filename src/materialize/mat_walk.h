/* The oracle of materialize_test.c: walks a written program core by core, in index arithmetic only.  Included by that test. */
#ifndef LOOM_MAT_WALK_H
#define LOOM_MAT_WALK_H
#include "base/testing.h"
#include "dialect/dialect.h"
#include "nest/nest.h"

static loom_ctx ctx;

typedef struct box { int tensor, rank; int64_t offset[4], size[4]; } box;
/* One transfer of one core: what, and which cores share it. */
typedef struct event { MlirOperation op; box b; bool is_load; int64_t ul[2], lr[2]; } event;
typedef VEC_OF(event) event_list;
typedef struct binding { MlirValue v; int64_t value; } binding;

/* A part of a slot: where it lies in each of its dims.  `kept`: the view has that dim. */
enum { WALK_RANK = 6, WALK_PARTS = 256 };
typedef struct part { MlirValue slot; int rank; int64_t offset[WALK_RANK], size[WALK_RANK]; bool kept[WALK_RANK]; } part;
/* What a load has put there. */
typedef struct content { part at; box b; } content;

typedef struct walker {
  MlirBlock args;
  VEC_OF(binding) env;
  event_list *events;            /* of this core */
  int64_t mesh[2];               /* coordinates of this core */
  int64_t level_size[4], level_of[4]; int dim_of[4]; intptr_t n_levels;
  content in[WALK_PARTS]; int n_in;      /* of the slots that are held */
  box x, y;                      /* operands of the newest product, as boxes of their arguments */
  int64_t product_k;             /* contraction covered since the last fill */
  int stores;
  int products;
} walker;

static int64_t value_of(walker *w, MlirValue v);

static int64_t operand(walker *w, MlirOperation op, intptr_t i) { return value_of(w, ir_operand(op, i)); }

static int64_t value_of(walker *w, MlirValue v) {
  int64_t c, a, b;
  for (size_t i = w->env.n; i-- > 0;)
    if (mlirValueEqual(w->env.at[i].v, v))
      return w->env.at[i].value;
  if (ir_const_int(v, &c))
    return c;
  MlirOperation op = ir_def(v);
  a = operand(w, op, 0);
  b = operand(w, op, 1);
  if (ir_op_is(op, "arith.addi"))
    return a + b;
  if (ir_op_is(op, "arith.subi"))
    return a - b;
  if (ir_op_is(op, "arith.muli"))
    return a * b;
  if (ir_op_is(op, "arith.minsi"))
    return a < b ? a : b;
  if (ir_op_is(op, "arith.maxsi"))
    return a > b ? a : b;
  fail_msg("no value for %s", ir_op_name(op));
  return 0;
}

static int64_t mixed(walker *w, MlirOperation op, const char *name, int segment, intptr_t i) {
  MlirAttribute list = ir_attr_of(op, name);
  int64_t v = mlirDenseI64ArrayGetElement(list, i);
  intptr_t first, n, before = 0;
  if (v != mlirShapedTypeGetDynamicSize())
    return v;
  for (intptr_t k = 0; k < i; k++)
    before += mlirDenseI64ArrayGetElement(list, k) == mlirShapedTypeGetDynamicSize();
  assert_true(ir_segment(op, segment, &first, &n) && before < n);
  return operand(w, op, first + before);
}

/* Sizes of a buffer or of the part of it that a subview names. */
static void view_sizes(walker *w, MlirValue v, int64_t *out) {
  MlirType t = mlirValueGetType(v);
  for (int64_t d = 0; d < mlirShapedTypeGetRank(t); d++)
    out[d] = ir_op_is(ir_def(v), "memref.subview") ? mixed(w, ir_def(v), "static_sizes", 2, (intptr_t)d) : mlirShapedTypeGetDimSize(t, d);
}

static box read_box(walker *w, MlirValue view) {
  MlirOperation cast = ir_def(view), line = ir_def(ir_operand(cast, 1));
  assert_true(ir_op_is(cast, "memref.reinterpret_cast") && ir_op_is(line, "affine.linearize_index"));
  box b = {.tensor = (int)mlirBlockArgumentGetArgNumber(ir_operand(cast, 0))};
  MlirType t = mlirValueGetType(ir_operand(cast, 0));
  b.rank = (int)mlirShapedTypeGetRank(t);
  for (int d = 0; d < b.rank; d++) {
    b.offset[d] = operand(w, line, d);
    b.size[d] = mixed(w, cast, "static_sizes", 2, d);
    assert_true(b.size[d] >= 0);
    assert_true(b.size[d] == 0 || b.offset[d] + b.size[d] <= mlirShapedTypeGetDimSize(t, d));
  }
  return b;
}

static bool is_empty(const box *b) {
  for (int d = 0; d < b->rank; d++)
    if (b->size[d] == 0)
      return true;
  return false;
}

static part part_of(walker *w, MlirValue view) {
  MlirOperation cut = ir_def(view);
  bool is_cut = ir_op_is(cut, "memref.subview");
  part p = {.slot = is_cut ? ir_operand(cut, 0) : view};
  MlirType t = mlirValueGetType(p.slot);
  p.rank = (int)mlirShapedTypeGetRank(t);
  int dropped = p.rank - (int)mlirShapedTypeGetRank(mlirValueGetType(view));
  assert_true(p.rank <= WALK_RANK);
  for (int d = 0; d < p.rank; d++) {
    p.offset[d] = is_cut ? mixed(w, cut, "static_offsets", 1, d) : 0;
    p.size[d] = is_cut ? mixed(w, cut, "static_sizes", 2, d) : mlirShapedTypeGetDimSize(t, d);
    p.kept[d] = d >= dropped;
    assert_true(p.offset[d] >= 0 && p.offset[d] + p.size[d] <= mlirShapedTypeGetDimSize(t, d));
  }
  return p;
}

/* The part of an argument that a part of a slot holds: the newest load that covers it says so. */
static box box_behind(walker *w, MlirValue view) {
  part p = part_of(w, view);
  for (int i = w->n_in; i-- > 0;) {
    const part *at = &w->in[i].at;
    bool covers = mlirValueEqual(at->slot, p.slot);
    for (int d = 0; covers && d < p.rank; d++)
      covers = at->offset[d] <= p.offset[d] && p.offset[d] + p.size[d] <= at->offset[d] + at->size[d];
    if (!covers)
      continue;
    box b = w->in[i].b;
    for (int d = 0, k = 0; d < p.rank; d++)
      if (p.kept[d]) {
        b.offset[k] += p.offset[d] - at->offset[d];
        b.size[k++] = p.size[d];
      }
    return b;
  }
  fail_msg("a product reads what no load has brought");
  return (box){0};
}

static void walk_copy(walker *w, MlirOperation op) {
  dialect_copy c;
  assert_true(dialect_read_copy(&ctx.mem, op, &c));
  bool is_load = text_eq(c.src_space, "mem_DRAM");
  if (!is_load && !text_eq(c.dst_space, "mem_DRAM"))
    return;
  event e = {.op = op, .b = read_box(w, is_load ? c.src : c.dst), .is_load = is_load};
  int64_t local[4] = {0};
  view_sizes(w, is_load ? c.dst : c.src, local);
  assert_memory_equal(local, e.b.size, (size_t)e.b.rank * sizeof *local);
  for (int d = 0; d < 2; d++) {
    e.ul[d] = value_of(w, c.ul[d]);
    e.lr[d] = value_of(w, c.lr[d]);
    assert_int_equal(e.lr[d] - e.ul[d] + 1, c.area[d]);
    assert_true(e.ul[d] <= w->mesh[d] && w->mesh[d] <= e.lr[d]);
  }
  if (is_load) {
    assert_true(w->n_in < WALK_PARTS);
    w->in[w->n_in++] = (content){part_of(w, c.dst), e.b};
  } else if (!is_empty(&e.b) && w->products > 0) {
    const box *x = &w->x, *y = &w->y;   /* rows of x, columns of y */
    assert_true(e.b.offset[e.b.rank - 2] == x->offset[x->rank - 2] && e.b.size[e.b.rank - 2] == x->size[x->rank - 2]);
    assert_true(e.b.offset[e.b.rank - 1] == y->offset[y->rank - 1] && e.b.size[e.b.rank - 1] == y->size[y->rank - 1]);
    assert_int_equal(w->product_k, mlirShapedTypeGetDimSize(mlirValueGetType(mlirBlockGetArgument(w->args, 0)), x->rank - 1));
  }
  w->stores += !is_load;
  vec_push(&ctx.mem, w->events, e);
}

/* The contraction goes on where the product before ended. */
static void walk_matmul(walker *w, MlirOperation op) {
  bool has_work = true;
  int64_t a[4] = {0}, b[4] = {0}, r[4] = {0};
  view_sizes(w, ir_operand(op, 0), a);
  view_sizes(w, ir_operand(op, 1), b);
  view_sizes(w, ir_operand(op, 2), r);
  for (int64_t d = 0; d < mlirShapedTypeGetRank(mlirValueGetType(ir_operand(op, 2))); d++)
    has_work = has_work && r[d] > 0;
  if (has_work) {      /* else nothing is read */
    w->x = box_behind(w, ir_operand(op, 0));
    w->y = box_behind(w, ir_operand(op, 1));
  }
  const box *x = &w->x, *y = &w->y;
  if (!has_work) {
    w->products++;
    return;
  }
  assert_true(x->tensor == 0 && y->tensor == 1);
  int rank = x->rank;
  assert_true(a[rank - 1] == b[rank - 2] && r[rank - 2] == a[rank - 2] && r[rank - 1] == b[rank - 1]);
  assert_true(x->offset[rank - 1] == y->offset[rank - 2] && x->size[rank - 1] == y->size[rank - 2]);
  assert_int_equal(x->offset[rank - 1], w->product_k);
  w->product_k += x->size[rank - 1];
  w->products++;
}

static void walk_block(walker *w, MlirBlock block) {
  for (MlirOperation op = mlirBlockGetFirstOperation(block); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op)) {
    if (ir_op_is(op, "scf.for")) {
      int64_t bound = operand(w, op, 1);
      size_t kept = w->env.n;
      for (int64_t i = operand(w, op, 0); i < bound; i++) {
        vec_push(&ctx.mem, &w->env, ((binding){mlirBlockGetArgument(ir_body(op), 0), i}));
        walk_block(w, ir_body(op));
        w->env.n = kept;
      }
    } else if (ir_op_is(op, "loom.copy")) {
      walk_copy(w, op);
    } else if (ir_op_is(op, "loom.semaphore_give")) {
      for (int i = w->n_in; i-- > 0;)
        if (mlirValueEqual(w->in[i].at.slot, ir_operand(op, 0)))
          w->in[i] = w->in[--w->n_in];
    } else if (ir_op_is(op, "linalg.fill")) {
      w->product_k = 0;
    } else if (ir_op_is(op, "linalg.matmul") || ir_op_is(op, "linalg.batch_matmul")) {
      walk_matmul(w, op);
    }
  }
}

static bool find_grid(MlirOperation op, void *data) {
  if (!ir_op_is(op, "scf.parallel"))
    return true;
  *(MlirOperation *)data = op;
  return false;
}

/* All cores of the mesh loop; events[x * ny + y]. */
static event_list *walk_cores(MlirModule m, int64_t *nx, int64_t *ny, int *products) {
  MlirOperation grid = {NULL};
  ir_walk(mlirModuleGetOperation(m), find_grid, &grid);
  assert_false(mlirOperationIsNull(grid));
  intptr_t n = mlirBlockGetNumArguments(ir_body(grid));
  MlirAttribute levels = ir_attr_of(grid, "loom.logical_levels"), dims = ir_attr_of(grid, "loom.physical_dims");
  int64_t size[2] = {1, 1}, stride[4], extent[4];
  int dim[4];
  int64_t cores = 1;
  for (intptr_t i = 0; i < n; i++) {
    int64_t level;
    const char *name = ir_attr_string(&ctx.mem, mlirArrayAttrGetElement(dims, i));
    assert_true(ir_attr_int(mlirArrayAttrGetElement(levels, i), &level) && ir_const_int(ir_operand(grid, n + i), &extent[i]));
    dim[i] = text_eq(name, "dim_y");
    assert_true(dim[i] || text_eq(name, "dim_x"));
    stride[i] = size[dim[i]];   /* levels of one dim come in order, level 0 fastest */
    size[dim[i]] *= extent[i];
    cores *= extent[i];
  }
  event_list *events = ARENA_NEW_N(&ctx.mem, event_list, cores);
  *products = 0;
  for (int64_t core = 0; core < cores; core++) {
    walker w = {.args = mlirOperationGetBlock(grid)};
    int64_t rest = core;
    for (intptr_t i = 0; i < n; i++) {
      int64_t iv = rest % extent[i];
      rest /= extent[i];
      w.mesh[dim[i]] += iv * stride[i];
      vec_push(&ctx.mem, &w.env, ((binding){mlirBlockGetArgument(ir_body(grid), i), iv}));
    }
    w.events = &events[w.mesh[0] * size[1] + w.mesh[1]];
    assert_int_equal(w.events->n, 0);   /* coordinates name one core */
    walk_block(&w, ir_body(grid));
    *products += w.products;
  }
  *nx = size[0];
  *ny = size[1];
  return events;
}

/* Every core of a rectangle asks, at the same step, for the box its sender fetches. */
static void check_multicasts(const event_list *events, int64_t nx, int64_t ny) {
  for (int64_t core = 0; core < nx * ny; core++) {
    assert_int_equal(events[core].n, events[0].n);
    for (size_t i = 0; i < events[core].n; i++) {
      const event *e = &events[core].at[i], *sender = &events[e->ul[0] * ny + e->ul[1]].at[i];
      assert_true(mlirOperationEqual(e->op, sender->op));
      assert_memory_equal(e->ul, sender->ul, sizeof e->ul);
      assert_memory_equal(e->lr, sender->lr, sizeof e->lr);
      assert_memory_equal(&e->b, &sender->b, sizeof e->b);
    }
  }
}

static void check_coverage(const event_list *events, int64_t cores, const nest *n) {
  const nest_tensor *out = &n->tensors.at[n->tensors.n - 1];
  int64_t outer = out->rank == 3 ? out->shape[0] : 1, rows = out->shape[out->rank - 2], cols = out->shape[out->rank - 1];
  char *count = ARENA_NEW_N(&ctx.mem, char, outer * rows * cols);
  for (int64_t core = 0; core < cores; core++)
    for (size_t i = 0; i < events[core].n; i++) {
      const event *e = &events[core].at[i];
      const box *b = &e->b;
      int s = b->rank - 2;
      if (e->is_load)
        continue;
      for (int64_t o = 0; o < (s ? b->size[0] : 1); o++)
        for (int64_t r = 0; r < b->size[s]; r++)
          for (int64_t c = 0; c < b->size[s + 1]; c++)
            count[(((s ? b->offset[0] : 0) + o) * rows + b->offset[s] + r) * cols + b->offset[s + 1] + c]++;
    }
  for (int64_t i = 0; i < outer * rows * cols; i++)
    if (count[i] != 1)
      fail_msg("element %" PRId64 " is stored %d times", i, count[i]);
}

#endif
