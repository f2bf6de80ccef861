/* Guards of a machine function's scenarios over open sizes: integers, products and all.  A witness is looked at again by our own evaluation. */
#include "base/text.h"
#include "solve/certify.h"
#include "solve/z3/z3_private.h"

enum { TILE = 32 };

typedef struct prover {
  loom_ctx *ctx;
  const machine_func *f;
  const sym_expr *when;                      /* for what sizes the function is */
  z3_encoder z;
  Z3_ast *size;                              /* by symbol */
  int64_t *at;                               /* the witness */
  bool is_proven;
} prover;

/* An expression where its symbols have any size; `valid`: it has a value there (NULL: always). */
typedef struct open_term { Z3_ast term, valid; bool is_truth; } open_term;

/* ---- encoding ---- */

static open_term encode(prover *p, const sym_expr *e);

static Z3_ast as_number(prover *p, open_term t) {
  return t.is_truth ? z3_keep(&p->z, Z3_mk_ite(p->z.c, t.term, z3_number(&p->z, 1), z3_number(&p->z, 0))) : t.term;
}

static Z3_ast as_truth(prover *p, open_term t) {
  return t.is_truth ? t.term : z3_not(&p->z, z3_keep(&p->z, Z3_mk_eq(p->z.c, t.term, z3_number(&p->z, 0))));
}

static Z3_ast symbol_of(prover *p, const char *name) {
  for (size_t i = 0; i < p->f->symbols.n; i++)
    if (text_eq(p->f->symbols.at[i], name))
      return p->size[i];
  z3_refuse(&p->z, "a guard names a symbol that the function does not have");
  return z3_number(&p->z, 0);
}

/* Divisors are positive where there is a value, and there Z3's div rounds down. */
static Z3_ast quotient(prover *p, sym_op op, Z3_ast a, Z3_ast b) {
  Z3_context c = p->z.c;
  if (op == SYM_FLOORDIV)
    return z3_keep(&p->z, Z3_mk_div(c, a, b));
  if (op == SYM_CEILDIV)
    return z3_keep(&p->z, Z3_mk_unary_minus(c, z3_keep(&p->z, Z3_mk_div(c, z3_keep(&p->z, Z3_mk_unary_minus(c, a)), b))));
  Z3_ast rest = z3_keep(&p->z, Z3_mk_mod(c, a, b));
  return op == SYM_MOD ? rest : z3_keep(&p->z, Z3_mk_eq(c, rest, z3_number(&p->z, 0)));
}

static Z3_ast number_operator(prover *p, sym_op op, Z3_ast a, Z3_ast b) {
  z3_encoder *z = &p->z;
  Z3_ast both[] = {a, b};
  switch (op) {
  case SYM_ADD: return z3_plus(z, a, b);
  case SYM_SUB: return z3_minus(z, a, b);
  case SYM_MUL: return z3_keep(z, Z3_mk_mul(z->c, 2, both));
  case SYM_MIN: return z3_keep(z, Z3_mk_ite(z->c, z3_le(z, a, b), a, b));
  case SYM_MAX: return z3_keep(z, Z3_mk_ite(z->c, z3_le(z, a, b), b, a));
  case SYM_EQ: return z3_keep(z, Z3_mk_eq(z->c, a, b));
  case SYM_NE: return z3_not(z, z3_keep(z, Z3_mk_eq(z->c, a, b)));
  case SYM_LE: return z3_le(z, a, b);
  case SYM_LT: return z3_not(z, z3_le(z, b, a));
  case SYM_GE: return z3_le(z, b, a);
  case SYM_GT: return z3_not(z, z3_le(z, a, b));
  default: return quotient(p, op, a, b);
  }
}

static open_term encode_logic(prover *p, const sym_expr *e) {
  z3_encoder *z = &p->z;
  open_term a = encode(p, e->arg[0]), b = encode(p, e->arg[1]);
  Z3_ast s = as_truth(p, a), t = as_truth(p, b), goes_on = e->op == SYM_AND ? s : z3_not(z, s);
  Z3_ast valid = b.valid ? z3_both(z, a.valid, z3_or(z, z3_not(z, goes_on), b.valid)) : a.valid;
  return (open_term){e->op == SYM_AND ? z3_and(z, s, t) : z3_or(z, s, t), valid, true};
}

static open_term encode_if(prover *p, const sym_expr *e) {
  z3_encoder *z = &p->z;
  open_term c = encode(p, e->arg[0]), a = encode(p, e->arg[1]), b = encode(p, e->arg[2]);
  Z3_ast holds = as_truth(p, c), valid = c.valid;
  valid = a.valid ? z3_both(z, valid, z3_or(z, z3_not(z, holds), a.valid)) : valid;
  valid = b.valid ? z3_both(z, valid, z3_or(z, holds, b.valid)) : valid;
  bool is_truth = a.is_truth && b.is_truth;
  Z3_ast s = is_truth ? a.term : as_number(p, a), t = is_truth ? b.term : as_number(p, b);
  return (open_term){z3_keep(z, Z3_mk_ite(z->c, holds, s, t)), valid, is_truth};
}

static open_term encode(prover *p, const sym_expr *e) {
  z3_encoder *z = &p->z;
  int64_t v;
  if (e->op == SYM_TRUE || e->op == SYM_FALSE)
    return (open_term){e->op == SYM_TRUE ? z->yes : z->no, NULL, true};
  if (sym_is_const(e, &v))
    return (open_term){z3_number(z, v), NULL, false};
  if (e->op == SYM_SYM)
    return (open_term){symbol_of(p, e->name), NULL, false};
  if (e->op == SYM_AND || e->op == SYM_OR)
    return encode_logic(p, e);
  if (e->op == SYM_IF)
    return encode_if(p, e);
  open_term a = encode(p, e->arg[0]);
  if (e->op == SYM_NOT)
    return (open_term){z3_not(z, as_truth(p, a)), a.valid, true};
  open_term b = encode(p, e->arg[1]);
  Z3_ast divisor = as_number(p, b), valid = z3_both(z, a.valid, b.valid);
  if (e->op == SYM_CEILDIV || e->op == SYM_FLOORDIV || e->op == SYM_MOD || e->op == SYM_DIVISIBLE)
    valid = z3_both(z, valid, z3_le(z, z3_number(z, 1), divisor));
  return (open_term){number_operator(p, e->op, as_number(p, a), divisor), valid, sym_op_is_boolean(e->op)};
}

static Z3_ast holds(prover *p, const sym_expr *e) {
  open_term t = encode(p, e);
  return z3_both(&p->z, t.valid, as_truth(p, t));
}

/* ---- witnesses ---- */

static int64_t value_in(prover *p, Z3_model model, Z3_ast size) {
  Z3_ast v;
  int64_t n = 0;
  if (!Z3_model_eval(p->z.c, model, size, true, &v) || !Z3_get_numeral_int64(p->z.c, v, &n))
    z3_refuse(&p->z, "Z3 gives no size");
  return n;
}

static bool find(prover *p, const Z3_ast *assumptions, size_t n) {
  if (z3_check(&p->z, assumptions, n) != Z3_L_TRUE)
    return false;
  Z3_model model = Z3_solver_get_model(p->z.c, p->z.solver);
  if (!model)
    return false;
  Z3_model_inc_ref(p->z.c, model);
  for (size_t i = 0; i < p->f->symbols.n; i++)
    p->at[i] = value_in(p, model, p->size[i]);
  Z3_model_dec_ref(p->z.c, model);
  return !p->z.refusal;
}

/* The least size of one symbol after the other: the same witness, whatever Z3 came upon first. */
static void make_least(prover *p, Z3_ast tiles) {
  for (size_t i = 0; i < p->f->symbols.n; i++) {
    int64_t lo = 1;
    while (lo < p->at[i]) {
      int64_t middle = lo + (p->at[i] - lo) / 2;
      Z3_ast mark = z3_truth(&p->z), assumed[] = {mark, tiles};
      z3_assert_if(&p->z, mark, z3_le(&p->z, p->size[i], z3_number(&p->z, middle)));
      if (!find(p, assumed, tiles ? 2 : 1))
        lo = middle + 1;
    }
    z3_assert(&p->z, z3_le(&p->z, p->size[i], z3_number(&p->z, p->at[i])));
  }
}

/* A literal for "all sizes are multiples of a tile". */
static Z3_ast tiles_only(prover *p) {
  Z3_ast mark = z3_truth(&p->z);
  for (size_t i = 0; i < p->f->symbols.n; i++) {
    Z3_ast whole = z3_times(&p->z, TILE, z3_integer(&p->z, 1, SOLVE_GUARD_SIZE_MAX / TILE));
    z3_assert_if(&p->z, mark, z3_keep(&p->z, Z3_mk_eq(p->z.c, p->size[i], whole)));
  }
  return mark;
}

static loom_status holds_at(prover *p, const sym_expr *e, bool *out) {
  sym_code *code;
  int64_t v;
  LOOM_TRY(sym_compile(p->ctx, e, p->f->symbols.at, p->f->symbols.n, &code));
  *out = sym_run(code, p->at, &v) && v != 0;
  return LOOM_OK;
}

static bool matters(const prover *p, const char *symbol) {
  bool yes = sym_depends(p->f->when, symbol);
  for (size_t i = 0; i < p->f->scenarios.n; i++)
    yes = yes || sym_depends(p->f->scenarios.at[i].when, symbol);
  return yes;
}

static const char *witness_words(const prover *p) {
  text t = text_new(&p->ctx->mem);
  for (size_t i = 0; i < p->f->symbols.n; i++)
    if (matters(p, p->f->symbols.at[i]))
      text_addf(&t, "%s%s = %" PRId64, t.size ? ", " : "", p->f->symbols.at[i], p->at[i]);
  return t.size ? text_str(&t) : "any sizes";
}

/* ---- the two claims ---- */

static bool has_condition(const sym_expr *guard, const sym_expr *condition) {
  return guard->op == SYM_AND ? has_condition(guard->arg[0], condition) || has_condition(guard->arg[1], condition) : sym_equal(guard, condition);
}

/* `when`, and the conditions that all scenarios share: those say for what sizes the function is, too. */
static const sym_expr *add_shared(arena *m, const machine_func *f, const sym_expr *guard, const sym_expr *when) {
  if (guard->op == SYM_AND)
    return add_shared(m, f, guard->arg[1], add_shared(m, f, guard->arg[0], when));
  for (size_t i = 0; i < f->scenarios.n; i++)
    if (!has_condition(f->scenarios.at[i].when, guard))
      return when;
  return sym_make(m, SYM_AND, when, guard, NULL);
}

/* A point where all of `with` hold, or none of them; false: there is none, or (not proven) none was found. */
static bool is_possible(prover *p, const sym_expr *const *with, size_t n, bool with_them) {
  z3_encoder *z = &p->z;
  Z3_ast assumed[2] = {tiles_only(p), NULL};
  z3_assert(z, holds(p, p->when));
  for (size_t i = 0; i < n; i++) {
    Z3_ast h = holds(p, with[i]);
    z3_assert(z, with_them ? h : z3_not(z, h));
  }
  Z3_lbool any = z3_check(z, NULL, 0);
  if (any == Z3_L_FALSE)
    return false;
  p->is_proven = false;
  if (any == Z3_L_UNDEF)
    return false;
  bool has_tiles = find(p, assumed, 1);
  if (!has_tiles && !find(p, NULL, 0))
    return false;
  make_least(p, has_tiles ? assumed[0] : NULL);
  return !z->refusal;
}

/* Every query has a context of its own: what one learns does not change what the next one spends. */
static void open_query(prover *p, unsigned rlimit) {
  z3_open(p->ctx, 0, NULL, NULL, rlimit, &p->z);
  p->size = ARENA_NEW_N(&p->ctx->scratch, Z3_ast, p->f->symbols.n + 1);
  p->at = ARENA_NEW_N(&p->ctx->scratch, int64_t, p->f->symbols.n + 1);
  for (size_t i = 0; i < p->f->symbols.n; i++)
    p->size[i] = z3_integer(&p->z, 1, SOLVE_GUARD_SIZE_MAX);
}

static loom_status check_pair(prover *p, size_t a, size_t b, unsigned rlimit, bool *told) {
  const sym_expr *both[] = {p->f->scenarios.at[a].when, p->f->scenarios.at[b].when};
  bool first, second, when;
  open_query(p, rlimit);
  bool found = is_possible(p, both, 2, true);
  z3_close(&p->z);
  if (!found)
    return LOOM_OK;
  LOOM_TRY(holds_at(p, p->when, &when));
  LOOM_TRY(holds_at(p, both[0], &first));
  LOOM_TRY(holds_at(p, both[1], &second));
  if (!when || !first || !second)
    return LOOM_OK;
  diag_warn(p->ctx, p->f->scenarios.at[b].span, "scenarios %zu and %zu of '%s' overlap, for example at %s", a + 1, b + 1, p->f->name, witness_words(p));
  diag_help(p->ctx, "the first one is taken; make the guards exclude each other");
  *told = true;
  return LOOM_OK;
}

static loom_status check_cover(prover *p, unsigned rlimit) {
  size_t n = p->f->scenarios.n;
  const sym_expr **all = ARENA_NEW_N(&p->ctx->scratch, const sym_expr *, n + 1);
  for (size_t i = 0; i < n; i++)
    all[i] = p->f->scenarios.at[i].when;
  open_query(p, rlimit);
  bool found = is_possible(p, all, n, false), is_gap = true, any;
  z3_close(&p->z);
  if (!found)
    return LOOM_OK;
  LOOM_TRY(holds_at(p, p->when, &is_gap));
  for (size_t i = 0; i < n && is_gap; i++) {
    LOOM_TRY(holds_at(p, all[i], &any));
    is_gap = !any;
  }
  if (!is_gap)
    return LOOM_OK;
  diag_warn(p->ctx, p->f->span, "no scenario of '%s' holds, for example at %s", p->f->name, witness_words(p));
  diag_help(p->ctx, "its cost there is taken as %" PRId64 " cycles; add a scenario, or narrow the function's 'when'", MACHINE_UNCOVERED_CYCLES);
  return LOOM_OK;
}

static loom_status check_all(prover *p, unsigned rlimit) {
  bool told = false;
  for (size_t a = 0; a < p->f->scenarios.n && !told; a++)
    for (size_t b = a + 1; b < p->f->scenarios.n && !told; b++)
      LOOM_TRY(check_pair(p, a, b, rlimit, &told));
  return check_cover(p, rlimit);
}

loom_status solve_prove_guards(loom_ctx *ctx, const machine_func *f, unsigned rlimit, bool *out_proven) {
  prover p = {.ctx = ctx, .f = f, .is_proven = true};
  arena_mark mark = arena_save(&ctx->scratch);
  p.when = f->scenarios.n ? add_shared(&ctx->scratch, f, f->scenarios.at[0].when, f->when) : f->when;
  loom_status st = check_all(&p, rlimit);
  arena_release(&ctx->scratch, mark);
  *out_proven = p.is_proven;
  return st;
}
