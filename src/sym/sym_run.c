/* Runs compiled code: at one point, or at up to 64 points that differ in one slot.  In a batch, what does not depend on that slot is computed
 * once; lanes that take different branches wait at the jump targets, which always lie ahead. */
#include "sym/sym_private.h"
#include <string.h>

bool sym_run(const sym_code *code, const int64_t *slot_values, int64_t *out) {
  int64_t reg[code->n_registers + 1];
  if (code->n_slots)
    memcpy(reg, slot_values, code->n_slots * sizeof *reg);
  if (code->n_constants)
    memcpy(reg + code->n_slots, code->constants, code->n_constants * sizeof *reg);
  for (const code_step *s = code->steps;; s++) {
    switch (s->op) {
#define BINARY(op)                                                      \
  case op:                                                              \
    if (sym_apply(op, reg[s->a], reg[s->b], &reg[s->dst]) != SYM_FINE)  \
      return false;                                                     \
    break;
      SYM_STEP_OPS(BINARY)
#undef BINARY
    case STEP_COPY: reg[s->dst] = reg[s->a]; break;
    case STEP_TRUTH: reg[s->dst] = reg[s->a] != 0; break;
    case STEP_JUMP: s = code->steps + s->dst - 1; break;
    case STEP_JUMP_IF_ZERO:
      if (reg[s->a] == 0)
        s = code->steps + s->dst - 1;
      break;
    case STEP_JUMP_UNLESS_ZERO:
      if (reg[s->a] != 0)
        s = code->steps + s->dst - 1;
      break;
    case STEP_RETURN: *out = reg[s->a]; return true;
    default: __builtin_unreachable();
    }
  }
}

/* ---- batches ---- */

enum { LANES = 64, LANE_ROWS_MAX = 512, WAITING_MAX = 64 };

/* Lanes that have jumped to a step not reached yet. */
typedef struct waiting { uint16_t target; uint64_t lanes; } waiting;

typedef struct batch {
  size_t n;                        /* lanes */
  uint64_t active;                 /* lanes at the present step */
  waiting at[WAITING_MAX];
  int n_waiting;
  uint32_t nearest;                /* least target */
} batch;

static uint64_t all_lanes(size_t n) { return n < LANES ? (UINT64_C(1) << n) - 1 : ~UINT64_C(0); }

/* Lanes whose operation has no value.  `op` and the steps (0: one value for all lanes) are constants. */
__attribute__((always_inline)) static inline uint64_t apply_lanes(sym_op op, const int64_t *a, size_t a_step, const int64_t *b, size_t b_step,
                                                                  int64_t *dst, size_t n) {
  uint64_t bad = 0;
  if (op == SYM_ADD || op == SYM_SUB) {      /* without a jump a lane, so that the compiler may use vectors */
    int64_t any = 0;
    for (size_t i = 0; i < n; i++) {
      int64_t x = a[i * a_step], y = b[i * b_step];
      int64_t r = op == SYM_ADD ? (int64_t)((uint64_t)x + (uint64_t)y) : (int64_t)((uint64_t)x - (uint64_t)y);
      any |= op == SYM_ADD ? (x ^ r) & (y ^ r) : (x ^ y) & (x ^ r);
      dst[i] = r;
    }
    if (any >= 0)
      return 0;
  }
  for (size_t i = 0; i < n; i++) {
    int64_t r = 0;
    bad |= (uint64_t)(sym_apply(op, a[i * a_step], b[i * b_step], &r) != SYM_FINE) << i;
    dst[i] = r;
  }
  return bad;
}

/* One operation on vectors or single values; at least one operand is a vector. */
#define LANE_OP(op)                                                                                                        \
  __attribute__((noinline)) static uint64_t lanes_##op(const int64_t *a, bool a_vector, const int64_t *b, bool b_vector,   \
                                                       int64_t *dst, size_t n) {                                           \
    if (!a_vector)                                                                                                         \
      return apply_lanes(op, a, 0, b, 1, dst, n);                                                                          \
    return b_vector ? apply_lanes(op, a, 1, b, 1, dst, n) : apply_lanes(op, a, 1, b, 0, dst, n);                           \
  }
SYM_STEP_OPS(LANE_OP)
#undef LANE_OP

static void find_nearest(batch *b) {
  b->nearest = UINT32_MAX;
  for (int i = 0; i < b->n_waiting; i++)
    b->nearest = b->at[i].target < b->nearest ? b->at[i].target : b->nearest;
}

/* false: more targets at once than there is room for. */
static bool wait_at(batch *b, uint16_t target, uint64_t lanes) {
  b->active &= ~lanes;
  for (int i = 0; i < b->n_waiting; i++)
    if (b->at[i].target == target) {
      b->at[i].lanes |= lanes;
      return true;
    }
  if (b->n_waiting == WAITING_MAX)
    return false;
  b->at[b->n_waiting++] = (waiting){target, lanes};
  b->nearest = target < b->nearest ? target : b->nearest;
  return true;
}

static void wake(batch *b, uint32_t step) {
  int kept = 0;
  for (int i = 0; i < b->n_waiting; i++)
    if (b->at[i].target == step)
      b->active |= b->at[i].lanes;
    else
      b->at[kept++] = b->at[i];
  b->n_waiting = kept;
  find_nearest(b);
}

static uint64_t zero_lanes(const int64_t *a, size_t n) {
  uint64_t zero = 0;
  for (size_t i = 0; i < n; i++)
    zero |= (uint64_t)(a[i] == 0) << i;
  return zero;
}

/* Only active lanes: the others may have got their value from another branch. */
static void copy_lanes(uint64_t active, const int64_t *a, bool is_vector, bool as_truth, int64_t *dst, size_t n) {
  for (size_t i = 0; i < n; i++) {
    int64_t v = a[is_vector ? i : 0];
    dst[i] = active >> i & 1 ? (as_truth ? v != 0 : v) : dst[i];
  }
}

static uint64_t run_one_by_one(const sym_code *code, const int64_t *slots, size_t slot, const int64_t *values, size_t n, int64_t *out) {
  int64_t point[code->n_slots + 1];
  uint64_t valid = 0;
  memcpy(point, slots, code->n_slots * sizeof *point);
  for (size_t i = 0; i < n; i++) {
    if (slot < code->n_slots)
      point[slot] = values[i];
    valid |= (uint64_t)sym_run(code, point, &out[i]) << i;
  }
  return valid;
}

/* What one batch works on: single values by register, and a row of lanes for each temporary that depends on the slot. */
typedef struct lane_file {
  const sym_code *code;
  const int64_t *values;
  size_t slot, first_temporary;
  uint64_t bit;
  int64_t *reg, (*row)[LANES];
} lane_file;

static bool is_vector(const lane_file *f, uint16_t reg) {
  return reg == f->slot || (reg >= f->first_temporary && (f->code->depends[reg - f->first_temporary] & f->bit));
}

static const int64_t *source(const lane_file *f, uint16_t reg, bool vector) {
  return !vector ? &f->reg[reg] : reg == f->slot ? f->values : f->row[reg - f->first_temporary];
}

/* One step of the lanes in b->active.  false: no room for another jump target. */
static bool run_step(const lane_file *f, batch *b, const code_step *s) {
  bool va = is_vector(f, s->a);
  const int64_t *a = source(f, s->a, va);
  if (s->op >= STEP_JUMP) {
    uint64_t zero = s->op == STEP_JUMP ? b->active : va ? zero_lanes(a, b->n) : *a == 0 ? ~UINT64_C(0) : 0;
    uint64_t jumps = b->active & (s->op == STEP_JUMP_UNLESS_ZERO ? ~zero : zero);
    return !jumps || wait_at(b, s->dst, jumps);
  }
  bool to_vector = is_vector(f, s->dst);
  if (s->op == STEP_COPY || s->op == STEP_TRUTH) {
    if (to_vector)
      copy_lanes(b->active, a, va, s->op == STEP_TRUTH, f->row[s->dst - f->first_temporary], b->n);
    else
      f->reg[s->dst] = s->op == STEP_TRUTH ? *a != 0 : *a;
    return true;
  }
  bool vb = is_vector(f, s->b);
  const int64_t *y = source(f, s->b, vb);
  int64_t single, *dst = to_vector ? f->row[s->dst - f->first_temporary] : &f->reg[s->dst];
  uint64_t bad = 0;
  if (va || vb) {
    switch (s->op) {
#define VECTOR(op) case op: bad = lanes_##op(a, va, y, vb, dst, b->n); break;
      SYM_STEP_OPS(VECTOR)
#undef VECTOR
    default: __builtin_unreachable();
    }
  } else {
    switch (s->op) {
#define SINGLE(op) case op: bad = sym_apply(op, *a, *y, &single) != SYM_FINE ? ~UINT64_C(0) : 0; break;
      SYM_STEP_OPS(SINGLE)
#undef SINGLE
    default: __builtin_unreachable();
    }
    for (size_t i = 0; !bad && i < (to_vector ? b->n : 1); i++)
      dst[i] = single;
  }
  b->active &= ~bad;      /* a lane without a value is out for good */
  return true;
}

uint64_t sym_run_many(const sym_code *code, const int64_t *slots, size_t slot, const int64_t *values, size_t n, int64_t *out) {
  size_t n_temporaries = code->n_registers - code->n_slots - code->n_constants;
  if (n == 0)
    return 0;
  if (n_temporaries > LANE_ROWS_MAX || slot >= code->n_slots || n == 1)
    return run_one_by_one(code, slots, slot, values, n, out);
  int64_t reg[code->n_registers + 1], row[n_temporaries + 1][LANES];
  lane_file f = {code, values, slot, code->n_slots + code->n_constants, UINT64_C(1) << (slot < 63 ? slot : 63), reg, row};
  memcpy(reg, slots, code->n_slots * sizeof *reg);
  if (code->n_constants)
    memcpy(reg + code->n_slots, code->constants, code->n_constants * sizeof *reg);
  for (size_t i = 0; i < code->n_joins; i++)
    memset(row[code->joins[i]], 0, n * sizeof **row);
  batch b = {.n = n, .active = all_lanes(n), .nearest = UINT32_MAX};
  for (uint32_t pc = 0;; pc++) {
    if (pc == b.nearest)
      wake(&b, pc);
    const code_step *s = &code->steps[pc];
    if (s->op == STEP_RETURN) {
      bool vector = is_vector(&f, s->a);
      const int64_t *a = source(&f, s->a, vector);
      for (size_t i = 0; i < n; i++)
        out[i] = b.active >> i & 1 ? a[vector ? i : 0] : 0;
      return b.active;
    }
    if (!run_step(&f, &b, s))
      return run_one_by_one(code, slots, slot, values, n, out);
    if (!b.active) {
      if (!b.n_waiting)
        return 0;
      pc = b.nearest - 1;      /* nobody is at the steps between */
    }
  }
}
