#include "pass/index_range.h"

static const index_range unknown = {0, 0, false};

static index_range between(int64_t lo, int64_t hi) { return (index_range){lo, hi, true}; }

/* ---- rules: ranges of operands to the range of the result; all operands are known ---- */
typedef index_range binary_fn(index_range a, index_range b);

static index_range add(index_range a, index_range b) {
  int64_t lo, hi;
  return __builtin_add_overflow(a.lo, b.lo, &lo) || __builtin_add_overflow(a.hi, b.hi, &hi) ? unknown : between(lo, hi);
}

static index_range subtract(index_range a, index_range b) {
  int64_t lo, hi;
  return __builtin_sub_overflow(a.lo, b.hi, &lo) || __builtin_sub_overflow(a.hi, b.lo, &hi) ? unknown : between(lo, hi);
}

static index_range multiply(index_range a, index_range b) {
  int64_t corner[4];
  if (__builtin_mul_overflow(a.lo, b.lo, &corner[0]) || __builtin_mul_overflow(a.lo, b.hi, &corner[1]) || __builtin_mul_overflow(a.hi, b.lo, &corner[2]) ||
      __builtin_mul_overflow(a.hi, b.hi, &corner[3]))
    return unknown;
  index_range r = between(corner[0], corner[0]);
  for (int i = 1; i < 4; i++) {
    r.lo = corner[i] < r.lo ? corner[i] : r.lo;
    r.hi = corner[i] > r.hi ? corner[i] : r.hi;
  }
  return r;
}

static index_range least(index_range a, index_range b) { return between(a.lo < b.lo ? a.lo : b.lo, a.hi < b.hi ? a.hi : b.hi); }
static index_range greatest(index_range a, index_range b) { return between(a.lo > b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi); }

/* Division rounds the same way for all kinds of it while nothing is negative. */
static index_range divide(index_range a, index_range b) { return a.lo < 0 || b.lo < 1 ? unknown : between(a.lo / b.hi, a.hi / b.lo); }

static index_range divide_up(index_range a, index_range b) {
  return a.lo < 0 || b.lo < 1 ? unknown : between(a.lo / b.hi + (a.lo % b.hi != 0), a.hi / b.lo + (a.hi % b.lo != 0));
}

static index_range rest(index_range a, index_range b) {
  if (a.lo < 0 || b.lo < 1)
    return unknown;
  if (b.lo == b.hi && a.lo / b.lo == a.hi / b.lo)
    return between(a.lo % b.lo, a.hi % b.lo);
  return between(0, a.hi < b.hi ? a.hi : b.hi - 1);
}

enum { RULE_UNKNOWN, RULE_NUMBER, RULE_COUNTER, RULE_SELECT, RULE_SAME, RULE_BINARY };

/* The unsigned ones see other numbers than the signed ones where an operand is negative. */
static const struct { const char *name; binary_fn *fn; bool is_unsigned; } binaries[] = {
    {"arith.addi", add, false},           {"arith.subi", subtract, false},      {"arith.muli", multiply, false},
    {"arith.minsi", least, false},        {"arith.minui", least, true},         {"arith.maxsi", greatest, false},
    {"arith.maxui", greatest, true},      {"arith.divsi", divide, false},       {"arith.divui", divide, true},
    {"arith.floordivsi", divide, false},  {"arith.ceildivsi", divide_up, false}, {"arith.ceildivui", divide_up, true},
    {"arith.remsi", rest, false},         {"arith.remui", rest, true},
};

static int rule_of(MlirOperation op) {
  if (ir_op_is(op, "arith.index_cast"))
    return RULE_SAME;
  if (ir_op_is(op, "arith.select"))
    return RULE_SELECT;
  for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++)
    if (ir_op_is(op, binaries[i].name))
      return RULE_BINARY + (int)i;
  return RULE_UNKNOWN;
}

/* ---- the list ---- */
static size_t push(arena *mem, index_tape *t, index_step s) {
  vec_push(mem, &t->steps, s);
  return t->steps.n - 1;
}

size_t index_tape_add_number(arena *mem, index_tape *t, int64_t n) {
  return push(mem, t, (index_step){.rule = RULE_NUMBER, .range = between(n, n)});
}

/* The loop that counts with v; null when it is none. */
static MlirOperation loop_of(MlirValue v) {
  MlirOperation loop = mlirBlockGetParentOperation(mlirBlockArgumentGetOwner(v));
  return !mlirOperationIsNull(loop) && ir_op_is(loop, "scf.for") && mlirBlockArgumentGetArgNumber(v) == 0 ? loop : (MlirOperation){NULL};
}

static size_t add_value(arena *mem, index_tape *t, MlirValue v, int depth) {
  index_step s = {.value = v};
  int64_t n;
  if (mlirValueIsNull(v))
    return push(mem, t, s);
  for (size_t i = 0; i < t->steps.n; i++)
    if (mlirValueEqual(t->steps.at[i].value, v))
      return i;
  if (ir_const_int(v, &n)) {
    s.rule = RULE_NUMBER;
    s.range = between(n, n);
    return push(mem, t, s);
  }
  if (depth > INDEX_DEPTH_MAX || t->steps.n > INDEX_STEPS_MAX)
    return push(mem, t, s);
  bool is_counter = mlirValueIsABlockArgument(v);
  MlirOperation op = is_counter ? loop_of(v) : ir_def(v);
  if (!mlirOperationIsNull(op))
    s.rule = is_counter ? RULE_COUNTER : rule_of(op);
  int n_operands = s.rule == RULE_UNKNOWN ? 0 : s.rule == RULE_SAME ? 1 : s.rule >= RULE_BINARY ? 2 : 3;
  for (int i = s.rule == RULE_SELECT; i < n_operands; i++)   /* of a selection both, whatever the condition */
    s.operand[i] = add_value(mem, t, ir_operand(op, i), depth + 1);
  size_t at = push(mem, t, s);
  if (is_counter && s.rule == RULE_COUNTER)
    vec_push(mem, &t->counters, at);
  return at;
}

size_t index_tape_add(arena *mem, index_tape *t, MlirValue v) { return add_value(mem, t, v, 0); }

/* ---- ranges ---- */
static index_range counter(index_tape *t, index_range from, index_range to, index_range step) {
  if (!from.known || !to.known || !step.known || step.lo < 1)
    return unknown;
  if (to.hi <= from.lo) {
    t->is_idle = true;
    return from;
  }
  int64_t last = to.hi - 1;
  if (from.lo == from.hi && step.lo == step.hi)
    last = from.lo + (int64_t)(((uint64_t)last - (uint64_t)from.lo) / (uint64_t)step.lo * (uint64_t)step.lo);
  return between(from.lo, last);
}

static index_range range_of(index_tape *t, const index_step *s) {
  index_range r[3];
  for (int i = 0; i < 3; i++)
    r[i] = t->steps.at[s->operand[i]].range;
  if (s->rule == RULE_SAME)
    return r[0];
  if (s->rule == RULE_COUNTER)
    return counter(t, r[0], r[1], r[2]);
  if (s->rule == RULE_SELECT)
    return r[1].known && r[2].known ? between(least(r[1], r[2]).lo, greatest(r[1], r[2]).hi) : unknown;
  int row = s->rule - RULE_BINARY;
  bool is_odd = !r[0].known || !r[1].known || (binaries[row].is_unsigned && (r[0].lo < 0 || r[1].lo < 0));
  return is_odd ? unknown : binaries[row].fn(r[0], r[1]);
}

void index_tape_run(index_tape *t) {
  size_t counter_no = 0;
  t->is_idle = false;
  for (size_t i = 0; i < t->steps.n; i++) {
    index_step *s = &t->steps.at[i];
    bool is_pinned = s->rule == RULE_COUNTER && counter_no++ < t->pinned;
    if (!is_pinned && s->rule != RULE_NUMBER && s->rule != RULE_UNKNOWN)
      s->range = range_of(t, s);
  }
}

bool index_tape_next(const index_tape *t, int64_t *out_first, uint64_t *out_turns, int64_t *out_step) {
  const index_step *s = &t->steps.at[t->counters.at[t->pinned]];
  index_range from = t->steps.at[s->operand[0]].range, to = t->steps.at[s->operand[1]].range, step = t->steps.at[s->operand[2]].range;
  if (!from.known || !to.known || !step.known || from.lo != from.hi || to.lo != to.hi || step.lo != step.hi || step.lo < 1)
    return false;
  *out_first = from.lo;
  *out_step = step.lo;
  *out_turns = to.lo <= from.lo ? 0 : ((uint64_t)to.lo - (uint64_t)from.lo - 1) / (uint64_t)step.lo + 1;
  return true;
}

void index_tape_pin(index_tape *t, int64_t n) { t->steps.at[t->counters.at[t->pinned++]].range = between(n, n); }

void index_tape_unpin(index_tape *t) { t->pinned--; }
