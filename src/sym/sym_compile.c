/* Expressions to straight register code with forward jumps.  Registers: slots, then constants, then one for each distinct
 * subexpression.  Equal subexpressions are computed once, where the first computation is sure to have run. */
#include "base/text.h"
#include "base/vec.h"
#include "sym/sym_private.h"

enum { CODE_REGISTERS_MAX = 4096, CODE_STEPS_MAX = 65535, TABLE_BUCKETS = 256 };
/* Register numbers while compiling: the final place of a temporary is known only when all constants are. */
enum { FIRST_CONSTANT = 1 << 14, FIRST_TEMPORARY = 1 << 15 };
/* Slots that a register depends on: bit i is slot i; the last bit stands for all slots from 63 on. */
static uint64_t slot_bit(size_t slot) { return UINT64_C(1) << (slot < 63 ? slot : 63); }

/* A computed value.  Operators are found by their registers, branching expressions (a, b unused) by their structure. */
typedef struct known { const sym_expr *branching; uint16_t op, a, b, reg; int next, bucket; } known;

typedef struct compiler {
  loom_ctx *ctx;
  const char *const *slots;
  size_t n_slots;
  int n_temporaries, n_joins;
  bool too_large;
  VEC_OF(int64_t) constants;
  VEC_OF(uint64_t) depends;    /* by temporary */
  VEC_OF(code_step) steps;
  VEC_OF(known) values;
  int bucket[TABLE_BUCKETS];   /* newest value + 1; 0: none */
  uint16_t join[CODE_REGISTERS_MAX];
} compiler;

static uint64_t depends(const compiler *c, uint16_t reg) {
  if (reg >= FIRST_TEMPORARY)
    return c->depends.at[reg - FIRST_TEMPORARY];
  return reg >= FIRST_CONSTANT ? 0 : slot_bit(reg);
}

static uint16_t new_temporary(compiler *c, uint64_t on) {
  if (c->n_temporaries == CODE_REGISTERS_MAX) {
    c->too_large = true;
    return FIRST_TEMPORARY;
  }
  vec_push(&c->ctx->scratch, &c->depends, on);
  return (uint16_t)(FIRST_TEMPORARY + c->n_temporaries++);
}

static size_t emit(compiler *c, int op, uint16_t dst, uint16_t a, uint16_t b) {
  if (c->steps.n == CODE_STEPS_MAX)
    c->too_large = true;
  else
    vec_push(&c->ctx->scratch, &c->steps, ((code_step){(uint16_t)op, dst, a, b}));
  return c->steps.n - 1;
}

/* Makes the jump at `step` go to the next step to be emitted. */
static void land(compiler *c, size_t step) { c->steps.at[step].dst = (uint16_t)c->steps.n; }

static void remember(compiler *c, known k) {
  k.next = c->bucket[k.bucket];
  vec_push(&c->ctx->scratch, &c->values, k);
  c->bucket[k.bucket] = (int)c->values.n;
}

/* Values computed since `n` were computed on one path only: forgets them. */
static void forget(compiler *c, size_t n) {
  while (c->values.n > n) {
    known *k = &c->values.at[--c->values.n];
    c->bucket[k->bucket] = k->next;
  }
}

static uint16_t constant(compiler *c, int64_t v) {
  for (size_t i = 0; i < c->constants.n; i++)
    if (c->constants.at[i] == v)
      return (uint16_t)(FIRST_CONSTANT + i);
  if (c->constants.n == CODE_REGISTERS_MAX) {
    c->too_large = true;
    return FIRST_CONSTANT;
  }
  vec_push(&c->ctx->scratch, &c->constants, v);
  return (uint16_t)(FIRST_CONSTANT + c->constants.n - 1);
}

static loom_status compile(compiler *c, const sym_expr *e, uint16_t *out);

static uint16_t compile_operator(compiler *c, sym_op op, uint16_t a, uint16_t b) {
  bool commutes = op == SYM_ADD || op == SYM_MUL || op == SYM_MIN || op == SYM_MAX || op == SYM_EQ || op == SYM_NE;
  if (commutes && a > b) {
    uint16_t swap = a;
    a = b;
    b = swap;
  }
  int bucket = ((int)op * 31 + a * 7 + b) % TABLE_BUCKETS;
  for (int i = c->bucket[bucket]; i; i = c->values.at[i - 1].next) {
    const known *k = &c->values.at[i - 1];
    if (!k->branching && k->op == op && k->a == a && k->b == b)
      return k->reg;
  }
  uint16_t reg = new_temporary(c, depends(c, a) | depends(c, b));
  emit(c, (int)op, reg, a, b);
  remember(c, (known){.op = (uint16_t)op, .a = a, .b = b, .reg = reg, .bucket = bucket});
  return reg;
}

/* A branching value depends on what decides the branch, too. */
static void note_depends(compiler *c, uint16_t reg, uint16_t on) { c->depends.at[reg - FIRST_TEMPORARY] |= depends(c, on); }

/* reg = a; if it decides, skip: reg = b.  Both as 0 or 1. */
static loom_status compile_logic(compiler *c, const sym_expr *e, uint16_t reg) {
  uint16_t a, b;
  LOOM_TRY(compile(c, e->arg[0], &a));
  emit(c, STEP_TRUTH, reg, a, 0);
  size_t decided = emit(c, e->op == SYM_AND ? STEP_JUMP_IF_ZERO : STEP_JUMP_UNLESS_ZERO, 0, reg, 0), known_before = c->values.n;
  LOOM_TRY(compile(c, e->arg[1], &b));
  emit(c, STEP_TRUTH, reg, b, 0);
  note_depends(c, reg, a);
  note_depends(c, reg, b);
  forget(c, known_before);
  land(c, decided);
  return LOOM_OK;
}

static loom_status compile_if(compiler *c, const sym_expr *e, uint16_t reg) {
  uint16_t condition, value;
  LOOM_TRY(compile(c, e->arg[0], &condition));
  size_t to_else = emit(c, STEP_JUMP_IF_ZERO, 0, condition, 0), known_before = c->values.n;
  note_depends(c, reg, condition);
  LOOM_TRY(compile(c, e->arg[1], &value));
  emit(c, STEP_COPY, reg, value, 0);
  note_depends(c, reg, value);
  forget(c, known_before);
  size_t to_end = emit(c, STEP_JUMP, 0, 0, 0);
  land(c, to_else);
  LOOM_TRY(compile(c, e->arg[2], &value));
  emit(c, STEP_COPY, reg, value, 0);
  note_depends(c, reg, value);
  forget(c, known_before);
  land(c, to_end);
  return LOOM_OK;
}

static loom_status compile_branching(compiler *c, const sym_expr *e, uint16_t *out) {
  int bucket = ((int)e->op * 31 + e->depth) % TABLE_BUCKETS;
  for (int i = c->bucket[bucket]; i; i = c->values.at[i - 1].next) {
    const known *k = &c->values.at[i - 1];
    if (k->branching && sym_equal(k->branching, e)) {
      *out = k->reg;
      return LOOM_OK;
    }
  }
  *out = new_temporary(c, 0);
  if (!c->too_large)
    c->join[c->n_joins++] = (uint16_t)(*out - FIRST_TEMPORARY);
  LOOM_TRY(e->op == SYM_IF ? compile_if(c, e, *out) : compile_logic(c, e, *out));
  remember(c, (known){.branching = e, .reg = *out, .bucket = bucket});
  return LOOM_OK;
}

static loom_status compile_symbol(compiler *c, const char *name, uint16_t *out) {
  for (size_t i = 0; i < c->n_slots; i++)
    if (text_eq(c->slots[i], name)) {
      *out = (uint16_t)i;
      return LOOM_OK;
    }
  diag_error(c->ctx, LOOM_NOSPAN, LOOM_EINPUT, "unknown symbol '%s'", name);
  const char *nearest = diag_nearest(name, c->slots, c->n_slots);
  if (nearest)
    diag_help(c->ctx, "did you mean '%s'?", nearest);
  return LOOM_EINPUT;
}

static loom_status compile(compiler *c, const sym_expr *e, uint16_t *out) {
  int64_t v;
  uint16_t a, b;
  if (c->too_large)
    LOOM_FAIL(c->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "the expression has more than %d distinct parts", CODE_REGISTERS_MAX);
  if (sym_is_const(e, &v)) {
    *out = constant(c, v);
    return LOOM_OK;
  }
  if (e->op == SYM_SYM)
    return compile_symbol(c, e->name, out);
  if (e->op == SYM_IF || e->op == SYM_AND || e->op == SYM_OR)
    return compile_branching(c, e, out);
  LOOM_TRY(compile(c, e->arg[0], &a));
  if (e->op == SYM_NOT)
    b = constant(c, 0);
  else
    LOOM_TRY(compile(c, e->arg[1], &b));
  *out = compile_operator(c, e->op == SYM_NOT ? SYM_EQ : e->op, a, b);
  return LOOM_OK;
}

static uint16_t final_register(const compiler *c, uint16_t reg) {
  if (reg >= FIRST_TEMPORARY)
    return (uint16_t)(c->n_slots + c->constants.n + (size_t)(reg - FIRST_TEMPORARY));
  return reg >= FIRST_CONSTANT ? (uint16_t)(c->n_slots + (size_t)(reg - FIRST_CONSTANT)) : reg;
}

static sym_code *finish(compiler *c) {
  arena *m = &c->ctx->mem;
  sym_code *code = ARENA_NEW(m, sym_code);
  code_step *steps = ARENA_NEW_N(m, code_step, c->steps.n);
  int64_t *constants = ARENA_NEW_N(m, int64_t, c->constants.n);
  uint64_t *on = ARENA_NEW_N(m, uint64_t, c->n_temporaries);
  for (int i = 0; i < c->n_temporaries; i++)
    on[i] = c->depends.at[i];
  uint16_t *joins = ARENA_NEW_N(m, uint16_t, c->n_joins);
  memcpy(joins, c->join, (size_t)c->n_joins * sizeof *joins);
  for (size_t i = 0; i < c->steps.n; i++) {
    code_step s = c->steps.at[i];
    bool is_jump = s.op == STEP_JUMP || s.op == STEP_JUMP_IF_ZERO || s.op == STEP_JUMP_UNLESS_ZERO;
    steps[i] = (code_step){s.op, is_jump ? s.dst : final_register(c, s.dst), final_register(c, s.a), final_register(c, s.b)};
  }
  for (size_t i = 0; i < c->constants.n; i++)
    constants[i] = c->constants.at[i];
  *code = (sym_code){.steps = steps, .constants = constants, .depends = on, .joins = joins, .n_slots = c->n_slots, .n_constants = c->constants.n,
                     .n_registers = c->n_slots + c->constants.n + (size_t)c->n_temporaries, .n_joins = (size_t)c->n_joins};
  return code;
}

loom_status sym_compile(loom_ctx *ctx, const sym_expr *e, const char *const *slots, size_t n, sym_code **out) {
  arena_mark mark = arena_save(&ctx->scratch);
  compiler *c = ARENA_NEW(&ctx->scratch, compiler);
  c->ctx = ctx;
  c->slots = slots;
  c->n_slots = n;
  c->too_large = n > CODE_REGISTERS_MAX;
  uint16_t result = 0;
  loom_status st = compile(c, e, &result);
  if (st == LOOM_OK) {
    emit(c, STEP_RETURN, 0, result, 0);
    if (c->too_large)
      st = diag_error(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "the expression has more than %d distinct parts", CODE_REGISTERS_MAX);
    else
      *out = finish(c);
  }
  arena_release(&ctx->scratch, mark);
  return st;
}
