/* A Z3 context and the constraints of one query. */
#include "solve/z3/z3_private.h"
#include "base/text.h"

enum { CONSTRAINTS_MAX = 2000000 };

void z3_refuse(z3_encoder *z, const char *why) {
  if (!z->refusal)
    z->refusal = why;
}

/* The code stays until the next call, and with it no call gives anything. */
static bool is_fine(z3_encoder *z) {
  Z3_error_code code = Z3_get_error_code(z->c);
  if (code == Z3_OK)
    return true;
  z3_refuse(z, arena_printf(&z->ctx->mem, "Z3 fails: %s", Z3_get_error_msg(z->c, code)));
  return false;
}

Z3_ast z3_keep(z3_encoder *z, Z3_ast a) { return is_fine(z) && a ? a : z->yes; }

/* Terms that are numbers need a number in place of what failed. */
static Z3_ast keep_number(z3_encoder *z, Z3_ast a) {
  if (is_fine(z) && a)
    return a;
  return Z3_mk_int(z->c, 0, z->integer);
}

static Z3_symbol name_of(z3_encoder *z) { return Z3_mk_int_symbol(z->c, (int)z->constraints++); }

Z3_ast z3_truth(z3_encoder *z) { return z3_keep(z, Z3_mk_const(z->c, name_of(z), z->truth)); }

static void make_symbol(z3_encoder *z, int s) {
  int32_t n = z->values[s].n;
  Z3_ast *at_least = ARENA_NEW_N(&z->ctx->scratch, Z3_ast, n + 1);
  at_least[0] = z->yes;
  at_least[n] = z->no;
  for (int32_t i = 1; i < n; i++)
    at_least[i] = z3_truth(z);
  for (int32_t i = 2; i < n; i++)
    z3_assert_if(z, at_least[i], at_least[i - 1]);
  z->at_least[s] = at_least;
}

void z3_open(loom_ctx *ctx, int n, const char *const *names, const solve_values *values, unsigned rlimit, z3_encoder *out) {
  z3_encoder *z = out;
  *z = (z3_encoder){.ctx = ctx, .n = n, .names = names, .values = values};
  Z3_config config = Z3_mk_config();
  z->c = Z3_mk_context(config);
  Z3_del_config(config);
  Z3_set_error_handler(z->c, NULL);          /* the default one ends the process */
  z->integer = Z3_mk_int_sort(z->c);
  z->truth = Z3_mk_bool_sort(z->c);
  z->yes = Z3_mk_true(z->c);
  z->no = Z3_mk_false(z->c);
  z->solver = Z3_mk_simple_solver(z->c);
  Z3_solver_inc_ref(z->c, z->solver);
  Z3_params params = Z3_mk_params(z->c);
  Z3_params_inc_ref(z->c, params);
  Z3_params_set_uint(z->c, params, Z3_mk_string_symbol(z->c, "rlimit"), rlimit);
  Z3_params_set_uint(z->c, params, Z3_mk_string_symbol(z->c, "random_seed"), 0);
  Z3_solver_set_params(z->c, z->solver, params);
  Z3_params_dec_ref(z->c, params);
  is_fine(z);
  for (int s = 0; s < n; s++)
    make_symbol(z, s);
}

void z3_close(z3_encoder *z) {
  Z3_solver_dec_ref(z->c, z->solver);
  Z3_del_context(z->c);
}

void z3_assert(z3_encoder *z, Z3_ast a) {
  if (++z->constraints > CONSTRAINTS_MAX)
    z3_refuse(z, "there would be too many constraints");
  if (z->refusal)
    return;
  Z3_solver_assert(z->c, z->solver, a);
  is_fine(z);
}

void z3_assert_if(z3_encoder *z, Z3_ast condition, Z3_ast then) {
  if (condition == z->no || then == z->yes)
    return;
  z3_assert(z, condition == z->yes ? then : z3_keep(z, Z3_mk_implies(z->c, condition, then)));
}

/* ---- terms ---- */

Z3_ast z3_number(z3_encoder *z, sym_wide v) {
  char digits[48];
  size_t at = sizeof digits;
  bool is_negative = v < 0;
  digits[--at] = 0;
  for (sym_wide rest = is_negative ? -v : v; rest || !digits[at]; rest /= 10)
    digits[--at] = (char)('0' + (int)(rest % 10));
  if (is_negative)
    digits[--at] = '-';
  return keep_number(z, Z3_mk_numeral(z->c, digits + at, z->integer));
}

static bool is_bound(sym_wide v) { return v < ((sym_wide)1 << 124) && v > -((sym_wide)1 << 124); }

Z3_ast z3_integer(z3_encoder *z, sym_wide lo, sym_wide hi) {
  Z3_ast v = keep_number(z, Z3_mk_const(z->c, name_of(z), z->integer));
  if (is_bound(lo))
    z3_assert(z, z3_le(z, z3_number(z, lo), v));
  if (is_bound(hi))
    z3_assert(z, z3_le(z, v, z3_number(z, hi)));
  return v;
}

Z3_ast z3_times(z3_encoder *z, int64_t c, Z3_ast a) {
  if (c == 1)
    return a;
  Z3_ast both[] = {z3_number(z, c), a};
  return keep_number(z, Z3_mk_mul(z->c, 2, both));
}

Z3_ast z3_plus(z3_encoder *z, Z3_ast a, Z3_ast b) {
  Z3_ast both[] = {a, b};
  return keep_number(z, Z3_mk_add(z->c, 2, both));
}

Z3_ast z3_minus(z3_encoder *z, Z3_ast a, Z3_ast b) {
  Z3_ast both[] = {a, b};
  return keep_number(z, Z3_mk_sub(z->c, 2, both));
}

Z3_ast z3_le(z3_encoder *z, Z3_ast a, Z3_ast b) { return z3_keep(z, Z3_mk_le(z->c, a, b)); }

/* ---- truth ---- */

Z3_ast z3_not(z3_encoder *z, Z3_ast a) { return a == z->yes ? z->no : a == z->no ? z->yes : z3_keep(z, Z3_mk_not(z->c, a)); }

Z3_ast z3_and(z3_encoder *z, Z3_ast a, Z3_ast b) {
  Z3_ast both[] = {a, b};
  if (a == z->no || b == z->no)
    return z->no;
  return a == z->yes ? b : b == z->yes ? a : z3_keep(z, Z3_mk_and(z->c, 2, both));
}

Z3_ast z3_or(z3_encoder *z, Z3_ast a, Z3_ast b) {
  Z3_ast both[] = {a, b};
  if (a == z->yes || b == z->yes)
    return z->yes;
  return a == z->no ? b : b == z->no ? a : z3_keep(z, Z3_mk_or(z->c, 2, both));
}

Z3_ast z3_both(z3_encoder *z, Z3_ast a, Z3_ast b) { return !a ? b : !b ? a : z3_and(z, a, b); }

/* Runs of sizes that belong to it, one "at least, and not at least" each. */
Z3_ast z3_one_of(z3_encoder *z, int s, const bool *has) {
  int32_t n = z->values[s].n;
  VEC_OF(Z3_ast) runs = {0};
  for (int32_t from = 0, to; from < n; from = to) {
    for (to = from + 1; to < n && has[to] == has[from]; to++)
      ;
    if (has[from])
      vec_push(&z->ctx->scratch, &runs, z3_and(z, z->at_least[s][from], z3_not(z, z->at_least[s][to])));
  }
  if (runs.n < 2)
    return runs.n ? runs.at[0] : z->no;
  return z3_keep(z, Z3_mk_or(z->c, (unsigned)runs.n, runs.at));
}

/* ---- answers ---- */

Z3_lbool z3_check(z3_encoder *z, const Z3_ast *assumptions, size_t n) {
  if (z->refusal)
    return Z3_L_UNDEF;
  Z3_lbool answer = Z3_solver_check_assumptions(z->c, z->solver, (unsigned)n, assumptions);
  return is_fine(z) ? answer : Z3_L_UNDEF;
}

void z3_read_point(z3_encoder *z, int64_t *out_values) {
  Z3_model model = Z3_solver_get_model(z->c, z->solver);
  for (int s = 0; s < z->n; s++)
    out_values[s] = z->values[s].at[0];
  if (!is_fine(z) || !model)
    return;
  Z3_model_inc_ref(z->c, model);
  for (int s = 0; s < z->n; s++)
    for (int32_t i = 1; i < z->values[s].n; i++) {
      Z3_ast value;
      if (Z3_model_eval(z->c, model, z->at_least[s][i], true, &value) && Z3_get_bool_value(z->c, value) == Z3_L_TRUE)
        out_values[s] = z->values[s].at[i];
    }
  is_fine(z);
  Z3_model_dec_ref(z->c, model);
}
