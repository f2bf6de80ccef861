/* The cycle model of npt_cycles.h: a clock for giving instructions, one for each unit, and when each value is there. */
#include "target/npu/npt_cycles.h"
#include "target/npu/npt_tog_private.h"

const machine_pipeline npt_pipeline = {.issue = 4, .bits = 256, .load_cycles = 5, .store_cycles = 2, .integer_cycles = 1, .float_cycles = 4, .divide_cycles = 16,
                                       .special_cycles = 12, .special_interval = 1, .weight_interval = 5, .weight_settle = 6, .row_interval = 1, .depth = 255, .pop_cycles = 1};

/* X(unit): what takes instructions in order */
#define UNIT_LIST(X) X(LOAD) X(STORE) X(VECTOR) X(SPECIAL) X(SCALAR) X(ARRAY)
typedef enum unit {
#define X(u) UNIT_##u,
  UNIT_LIST(X)
#undef X
  UNITS
} unit;

/* X(class, unit, cycles to the result, cycles it holds the unit): of one register; fields of machine_pipeline, 0: none, 1: one */
#define CLASS_LIST(X) \
  X(FREE, UNIT_SCALAR, 0, 0) X(SCALAR, UNIT_SCALAR, 1, 0) X(LOAD, UNIT_LOAD, p->load_cycles, 1) X(STORE, UNIT_STORE, p->store_cycles, 1) \
  X(INTEGER, UNIT_VECTOR, p->integer_cycles, 1) X(FLOAT, UNIT_VECTOR, p->float_cycles, 1) X(DIVIDE, UNIT_VECTOR, p->divide_cycles, p->divide_cycles) \
  X(SPECIAL, UNIT_SPECIAL, p->special_cycles, p->special_interval) X(REDUCE, UNIT_VECTOR, p->float_cycles, 1)
typedef enum op_class {
#define X(c, u, latency, hold) CLASS_##c,
  CLASS_LIST(X)
#undef X
} op_class;

/* X(operation, class); a name that ends in '.' is all of its dialect's that are not listed before */
static const struct { const char *name; op_class c; } op_classes[] = {
    {"arith.constant", CLASS_FREE}, {"memref.get_global", CLASS_FREE}, {"memref.reinterpret_cast", CLASS_FREE}, {"memref.cast", CLASS_FREE}, {"memref.subview", CLASS_FREE},
    {"memref.collapse_shape", CLASS_FREE}, {"memref.expand_shape", CLASS_FREE}, {"memref.alloc", CLASS_FREE}, {"affine.yield", CLASS_FREE}, {"scf.yield", CLASS_FREE},
    {"vector.yield", CLASS_FREE}, {"vector.shape_cast", CLASS_FREE}, {"vector.bitcast", CLASS_FREE}, {"arith.bitcast", CLASS_FREE}, {"builtin.unrealized_conversion_cast", CLASS_FREE},
    {"arith.addf", CLASS_FLOAT}, {"arith.subf", CLASS_FLOAT}, {"arith.mulf", CLASS_FLOAT}, {"arith.maximumf", CLASS_FLOAT}, {"arith.minimumf", CLASS_FLOAT},
    {"arith.maxnumf", CLASS_FLOAT}, {"arith.minnumf", CLASS_FLOAT}, {"arith.extf", CLASS_FLOAT}, {"arith.truncf", CLASS_FLOAT}, {"arith.sitofp", CLASS_FLOAT},
    {"arith.uitofp", CLASS_FLOAT}, {"arith.fptosi", CLASS_FLOAT}, {"arith.fptoui", CLASS_FLOAT}, {"math.fma", CLASS_FLOAT}, {"vector.fma", CLASS_FLOAT},
    {"arith.divf", CLASS_DIVIDE}, {"arith.remf", CLASS_DIVIDE}, {"arith.divsi", CLASS_DIVIDE}, {"arith.divui", CLASS_DIVIDE}, {"arith.remsi", CLASS_DIVIDE},
    {"arith.remui", CLASS_DIVIDE}, {"arith.floordivsi", CLASS_DIVIDE}, {"math.sqrt", CLASS_DIVIDE}, {"math.rsqrt", CLASS_DIVIDE}, {"math.absf", CLASS_INTEGER},
    {"math.", CLASS_SPECIAL}, {"vcix.v.iv", CLASS_SPECIAL}, {"vector.reduction", CLASS_REDUCE}, {"vector.multi_reduction", CLASS_REDUCE},
    {"arith.", CLASS_INTEGER}, {"vector.", CLASS_INTEGER}, {"vcix.", CLASS_INTEGER},
};

enum { ROUNDS = 8, DEPTH_MAX = 32 };

typedef struct known { MlirValue value; int64_t at; } known;
/* When a store is over.  block null: one in a loop that has ended, whatever its place was. */
typedef struct stored { const char *global; MlirBlock block; MlirOperation op; const npt_access *access; int64_t at; } stored;
/* All clocks; what a loop's rounds move on. */
typedef struct clocks { int64_t given, slots, unit_free[UNITS], end, rows_popped; } clocks;
typedef struct counter {
  ir_ctx *ir;
  const machine_pipeline *p;
  clocks now;
  VEC_OF(known) values;                 /* of vectors and numbers, newest last */
  VEC_OF(stored) stores;
  VEC_OF(int64_t) row_out;              /* array: when each row is ready, in order */
  int64_t rows_held;                    /* cycles rows hold the array */
  int depth;
} counter;

static op_class class_of(MlirOperation op) {
  const npt_access *a = npt_access_of(op);
  if (a)
    return a->writes ? CLASS_STORE : CLASS_LOAD;
  const char *name = ir_op_name(op);
  for (size_t i = 0; i < sizeof op_classes / sizeof *op_classes; i++) {
    size_t n = strlen(op_classes[i].name);
    if (op_classes[i].name[n - 1] == '.' ? strncmp(name, op_classes[i].name, n) == 0 : strcmp(name, op_classes[i].name) == 0)
      return op_classes[i].c;
  }
  return CLASS_SCALAR;
}

/* ---- values ---- */

static int64_t ready_at(const counter *k, MlirValue v) {
  for (size_t i = k->values.n; i-- > 0;)
    if (mlirValueEqual(k->values.at[i].value, v))
      return k->values.at[i].at;
  return 0;
}

static void set_ready(counter *k, MlirValue v, int64_t at) {
  for (size_t i = k->values.n; i-- > 0;)
    if (mlirValueEqual(k->values.at[i].value, v)) {
      k->values.at[i].at = at;
      return;
    }
  vec_push(&k->ir->ctx->scratch, &k->values, ((known){v, at}));
}

static int64_t operands_ready(const counter *k, MlirOperation op) {
  int64_t at = 0;
  for (intptr_t i = 0; i < ir_num_operands(op); i++) {
    int64_t of = ready_at(k, ir_operand(op, i));
    at = of > at ? of : at;
  }
  return at;
}

/* ---- memory: a load waits for stores to its place ---- */

static bool same_place(MlirOperation a, const npt_access *x, MlirOperation b, const npt_access *y) {
  intptr_t n = ir_num_operands(a) - x->memory;
  bool has_map = !mlirAttributeIsNull(ir_attr_of(a, "map")) || !mlirAttributeIsNull(ir_attr_of(b, "map"));
  if (has_map && !mlirAttributeEqual(ir_attr_of(a, "map"), ir_attr_of(b, "map")))
    return false;
  for (intptr_t i = 1; i < n && i < ir_num_operands(b) - y->memory; i++) {
    MlirValue u = ir_operand(a, x->memory + i), v = ir_operand(b, y->memory + i);
    int64_t p, q;
    if (!mlirTypeIsAIndex(mlirValueGetType(u)) || !mlirTypeIsAIndex(mlirValueGetType(v)))
      break;                            /* behind the indices */
    if (!mlirValueEqual(u, v) && !(ir_const_int(u, &p) && ir_const_int(v, &q) && p == q))
      return false;
  }
  return true;
}

static int64_t stores_over(const counter *k, MlirOperation load, const npt_access *a) {
  const char *global = npt_global(&k->ir->ctx->scratch, ir_operand(load, a->memory));
  int64_t at = 0;
  for (size_t i = 0; global && i < k->stores.n; i++) {
    const stored *s = &k->stores.at[i];
    if (text_eq(s->global, global) && (mlirBlockIsNull(s->block) || same_place(load, a, s->op, s->access)) && s->at > at)
      at = s->at;
  }
  return at;
}

static void note_store(counter *k, MlirOperation op, const npt_access *a, int64_t at) {
  const char *global = npt_global(&k->ir->ctx->scratch, ir_operand(op, a->memory));
  for (size_t i = 0; i < k->stores.n; i++)
    if (mlirOperationEqual(k->stores.at[i].op, op) && !mlirBlockIsNull(k->stores.at[i].block)) {
      k->stores.at[i].at = at;
      return;
    }
  if (global)
    vec_push(&k->ir->ctx->scratch, &k->stores, ((stored){global, mlirOperationGetBlock(op), op, a, at}));
}

static bool has_constant_place(const stored *s) {
  int64_t at;
  for (intptr_t i = s->access->memory + 1; i < ir_num_operands(s->op); i++)
    if (mlirTypeIsAIndex(mlirValueGetType(ir_operand(s->op, i))) && !ir_const_int(ir_operand(s->op, i), &at))
      return false;
  return true;
}

/* A round of the loop is over: the next one's places are others, but for those that are constant.  The loop is over: what it stored is there when its last store is. */
static void end_stores(counter *k, MlirBlock body, bool is_over) {
  size_t n = 0;
  for (size_t i = 0; i < k->stores.n; i++) {
    stored s = k->stores.at[i];
    bool is_of_body = !mlirBlockIsNull(s.block) && mlirBlockEqual(s.block, body);
    if (is_of_body && !is_over && !has_constant_place(&s))
      continue;
    if (is_of_body && is_over) {
      s.block = (MlirBlock){NULL};
      s.at = k->now.unit_free[UNIT_STORE] - 1 + k->p->store_cycles;
    }
    k->stores.at[n++] = s;
  }
  k->stores.n = n;
}

/* ---- what operations are ---- */

/* The widest vector an operation has to do with; null: none. */
static MlirType vector_of(MlirOperation op) {
  MlirType widest = {NULL};
  int64_t most = 0;
  for (intptr_t i = -1; i < ir_num_operands(op); i++) {
    MlirValue v = i < 0 ? ir_result(op, 0) : ir_operand(op, i);
    if (mlirValueIsNull(v) || !mlirTypeIsAVector(mlirValueGetType(v)))
      continue;
    int64_t n = 1;
    for (int64_t d = 0; d < mlirShapedTypeGetRank(mlirValueGetType(v)); d++)
      n *= mlirShapedTypeGetDimSize(mlirValueGetType(v), d);
    MlirType element = mlirShapedTypeGetElementType(mlirValueGetType(v));
    int64_t bits = n * (mlirTypeIsAInteger(element) ? (int64_t)mlirIntegerTypeGetWidth(element) : mlirTypeIsAFloat(element) ? (int64_t)mlirFloatTypeGetWidth(element) : 64);
    if (bits > most) {
      most = bits;
      widest = mlirValueGetType(v);
    }
  }
  return widest;
}

static int64_t elements_of(MlirType vector) {
  int64_t n = 1;
  for (int64_t d = 0; d < mlirShapedTypeGetRank(vector); d++)
    n *= mlirShapedTypeGetDimSize(vector, d);
  return n;
}

static int64_t registers_of(const counter *k, MlirOperation op) {
  MlirType v = vector_of(op);
  if (mlirTypeIsNull(v))
    return 1;
  MlirType element = mlirShapedTypeGetElementType(v);
  int64_t bits = mlirTypeIsAInteger(element) ? (int64_t)mlirIntegerTypeGetWidth(element) : mlirTypeIsAFloat(element) ? (int64_t)mlirFloatTypeGetWidth(element) : 64;
  int64_t n = (elements_of(v) * bits + k->p->bits - 1) / k->p->bits;
  return n ? n : 1;
}

/* ---- instructions ---- */

/* The cycle the next instruction is given in. */
static int64_t give(counter *k) {
  if (k->now.slots == k->p->issue) {
    k->now.given++;
    k->now.slots = 0;
  }
  k->now.slots++;
  return k->now.given;
}

static void next_cycle(counter *k) {
  k->now.given++;
  k->now.slots = 0;
}

static void end_at(counter *k, int64_t at) { k->now.end = at > k->now.end ? at : k->now.end; }

/* One instruction on a unit; returns when its result is there. */
static int64_t run(counter *k, unit u, int64_t operands, int64_t latency, int64_t hold) {
  int64_t start = give(k);
  start = operands > start ? operands : start;
  start = k->now.unit_free[u] > start ? k->now.unit_free[u] : start;
  k->now.unit_free[u] = start + hold;
  end_at(k, start + (latency > hold ? latency : hold));
  return start + latency;
}

static void run_plain(counter *k, MlirOperation op, op_class c) {
  const machine_pipeline *p = k->p;
  const struct { unit u; int64_t latency, hold; } rows[] = {
#define X(name, u, latency, hold) {u, latency, hold},
      CLASS_LIST(X)
#undef X
  };
  const npt_access *access = npt_access_of(op);
  int64_t operands = operands_ready(k, op);
  if (access && access->reads) {
    int64_t over = stores_over(k, op, access);
    operands = over > operands ? over : operands;
  }
  int64_t at = operands, n = c == CLASS_SCALAR ? 1 : registers_of(k, op);
  if (c == CLASS_FREE) {
    for (intptr_t i = 0; i < mlirOperationGetNumResults(op); i++)
      set_ready(k, ir_result(op, i), at);
    return;
  }
  if (c == CLASS_INTEGER && mlirTypeIsNull(vector_of(op))) {   /* indices and counts */
    c = CLASS_SCALAR;
    n = 1;
  }
  if (c == CLASS_REDUCE) {   /* halves: log2 of the elements, each after the one before */
    MlirType v = vector_of(op);
    for (int64_t left = mlirTypeIsNull(v) ? 1 : elements_of(v); left > 1; left = (left + 1) / 2)
      at = run(k, rows[c].u, at, rows[c].latency, rows[c].hold);
    n = 0;
  }
  for (int64_t i = 0; i < n; i++)
    at = run(k, rows[c].u, operands, rows[c].latency, rows[c].hold);
  if (access && access->writes)
    note_store(k, op, access, at);
  for (intptr_t i = 0; i < mlirOperationGetNumResults(op); i++)
    set_ready(k, ir_result(op, i), at);
}

/* ---- the array ---- */

static void push_weights(counter *k, MlirOperation op) {
  for (int64_t n = registers_of(k, op); n-- > 0;)
    end_at(k, run(k, UNIT_ARRAY, operands_ready(k, op), k->p->weight_interval, k->p->weight_interval) + k->p->weight_settle);
}

static void push_rows(counter *k, MlirOperation op) {
  MlirType v = vector_of(op);
  int64_t rows = mlirTypeIsNull(v) ? 1 : elements_of(v), held = rows * k->p->row_interval;
  int64_t in = run(k, UNIT_ARRAY, operands_ready(k, op), held, held) - held;
  for (int64_t i = 1; i <= rows; i++)
    vec_push(&k->ir->ctx->scratch, &k->row_out, in + i * k->p->row_interval + k->p->depth);
  k->rows_held += held;
}

static void pop_rows(counter *k, MlirOperation op) {
  MlirType v = vector_of(op);
  int64_t rows = mlirTypeIsNull(v) ? 1 : elements_of(v), last = k->now.rows_popped + rows;
  last = last > (int64_t)k->row_out.n ? (int64_t)k->row_out.n : last;
  int64_t there = last > 0 ? k->row_out.at[last - 1] : 0;
  k->now.rows_popped = last;
  set_ready(k, ir_result(op, 0), run(k, UNIT_ARRAY, there, k->p->pop_cycles, 1));
}

/* ---- bodies ---- */

static loom_status count_op(counter *k, MlirOperation op);

static loom_status count_block(counter *k, MlirBlock block) {
  for (MlirOperation op = mlirBlockIsNull(block) ? (MlirOperation){NULL} : mlirBlockGetFirstOperation(block); !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op))
    LOOM_TRY(count_op(k, op));
  return LOOM_OK;
}

static loom_status rounds_of(counter *k, MlirOperation op, int64_t *out) {
  int64_t start, end, step = 0;
  bool ok;
  if (ir_op_is(op, "affine.for")) {
    MlirAffineMap low = mlirAffineMapAttrGetValue(ir_attr_of(op, "lowerBoundMap")), high = mlirAffineMapAttrGetValue(ir_attr_of(op, "upperBoundMap"));
    ok = mlirAffineMapIsSingleConstant(low) && mlirAffineMapIsSingleConstant(high) && ir_attr_int(ir_attr_of(op, "step"), &step);
    start = ok ? mlirAffineMapGetSingleConstantResult(low) : 0;
    end = ok ? mlirAffineMapGetSingleConstantResult(high) : 0;
  } else
    ok = ir_const_int(ir_operand(op, 0), &start) && ir_const_int(ir_operand(op, 1), &end) && ir_const_int(ir_operand(op, 2), &step);
  if (!ok || step < 1) {
    diag_error(k->ir->ctx, ir_span(k->ir, op), LOOM_EUNSUP, "a loop of a computation whose bounds are not constant has no known time");
    diag_help(k->ir->ctx, "let it be inner_loop = true, so that it is a loop of the graph, or mask its last round");
    return LOOM_EUNSUP;
  }
  *out = end > start ? (end - start + step - 1) / step : 0;
  return LOOM_OK;
}

/* Values that loops carry: those they begin with, then those of the round before. */
static void carry(counter *k, MlirOperation loop, MlirOperation yield, int64_t first_init) {
  MlirBlock body = ir_body(loop);
  intptr_t n = mlirOperationGetNumResults(loop);
  for (intptr_t i = 0; i < n; i++) {
    int64_t at = ready_at(k, mlirOperationIsNull(yield) ? ir_operand(loop, first_init + i) : ir_operand(yield, i));
    set_ready(k, mlirBlockGetArgument(body, i + 1), at);
    set_ready(k, ir_result(loop, i), at);
  }
}

static bool move_on(int64_t *x, int64_t before, int64_t rounds) {
  int64_t by;
  return !__builtin_mul_overflow(*x - before, rounds, &by) && !__builtin_add_overflow(*x, by / (ROUNDS / 2), x) && *x <= TILE_GRAPH_VALUE_MAX;
}

/* `left` more rounds like the last half of those that were counted. */
static loom_status skip_rounds(counter *k, MlirOperation op, const clocks *half, const known *values, size_t n_values, int64_t left) {
  bool ok = move_on(&k->now.given, half->given, left) && move_on(&k->now.end, half->end, left);
  for (int u = 0; u < UNITS; u++)
    ok = ok && move_on(&k->now.unit_free[u], half->unit_free[u], left);
  for (size_t i = 0; i < n_values; i++)
    ok = ok && move_on(&k->values.at[i].at, values[i].at, left);
  if (!ok)
    LOOM_FAIL(k->ir->ctx, ir_span(k->ir, op), LOOM_ELIMIT, "a computation takes more than 2^40 cycles");
  return LOOM_OK;
}

static loom_status count_loop(counter *k, MlirOperation op) {
  arena *scratch = &k->ir->ctx->scratch;
  int64_t rounds, first_init = ir_num_operands(op) - mlirOperationGetNumResults(op);
  LOOM_TRY(rounds_of(k, op, &rounds));
  MlirOperation yield = mlirBlockGetTerminator(ir_body(op));
  clocks half = k->now;
  known *values = NULL;
  size_t n_values = 0;
  carry(k, op, (MlirOperation){NULL}, first_init);
  next_cycle(k);                                /* the count is set */
  for (int64_t i = 0; i < rounds && i < ROUNDS; i++) {
    if (i == ROUNDS / 2 && rounds > ROUNDS) {   /* every value of the body is known by now */
      half = k->now;
      n_values = k->values.n;
      values = ARENA_NEW_N(scratch, known, n_values);
      if (n_values)
        memcpy(values, k->values.at, n_values * sizeof *values);
    }
    if (i > 0)
      end_stores(k, ir_body(op), false);
    LOOM_TRY(count_block(k, ir_body(op)));
    run(k, UNIT_SCALAR, 0, 1, 0);               /* count */
    run(k, UNIT_SCALAR, 0, 1, 0);               /* branch */
    next_cycle(k);
    carry(k, op, yield, 0);
  }
  if (rounds > ROUNDS)
    LOOM_TRY(skip_rounds(k, op, &half, values, n_values, rounds - ROUNDS));
  end_stores(k, ir_body(op), true);
  return LOOM_OK;
}

static loom_status count_op(counter *k, MlirOperation op) {
  int64_t opcode = -1;
  if (++k->depth > DEPTH_MAX)
    LOOM_FAIL(k->ir->ctx, ir_span(k->ir, op), LOOM_ELIMIT, "a computation is nested deeper than %d", DEPTH_MAX);
  ir_attr_int(ir_attr_of(op, "opcode"), &opcode);
  loom_status st = LOOM_OK;
  if (ir_op_is(op, "affine.for") || ir_op_is(op, "scf.for"))
    st = count_loop(k, op);
  else if (mlirOperationGetNumRegions(op) > 0)
    for (intptr_t r = 0; st == LOOM_OK && r < mlirOperationGetNumRegions(op); r++)   /* both ways of a condition: the longer one is at most that */
      st = count_block(k, mlirRegionGetFirstBlock(mlirOperationGetRegion(op, r)));
  else if (ir_op_is(op, "vcix.iv") && opcode == 1)
    push_weights(k, op);
  else if (ir_op_is(op, "vcix.iv") && opcode == 0)
    push_rows(k, op);
  else if (ir_op_is(op, "vcix.v.i") && opcode == 2)
    pop_rows(k, op);
  else if (ir_op_is(op, "vcix.i"))
    run(k, UNIT_ARRAY, 0, 1, 1);
  else
    run_plain(k, op, class_of(op));
  k->depth--;
  return st;
}

loom_status npt_cycles(npt_tog *t, const npt_node *n, const machine_pipeline *p, int64_t *cycles, int64_t *overlap) {
  arena *scratch = &t->ir->ctx->scratch;
  arena_mark mark = arena_save(scratch);
  counter k = {.ir = t->ir, .p = p ? p : &npt_pipeline};
  loom_status st = LOOM_OK;
  for (size_t i = 0; st == LOOM_OK && i < n->ops.n; i++)
    st = count_op(&k, n->ops.at[i]);
  arena_release(scratch, mark);
  *cycles = k.now.end > 0 ? k.now.end : 1;
  *overlap = n->unit == TILE_PRELOAD ? *cycles : n->unit == TILE_MATMUL && *cycles > k.rows_held ? *cycles - k.rows_held : 0;
  return st;
}
