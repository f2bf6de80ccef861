/* Index arithmetic, done at once where the numbers are known. */
#include "lower/torch/tl_private.h"

tl_num tl_dim(tl_emit *e, tl_val v, int d) { return v.type.dim[d] == TL_DYNAMIC ? tl_named(tl_size(e, v, d)) : tl_known(v.type.dim[d]); }

tl_num tl_num_of(tl_emit *e, const tl_value *v) { return v->is_known && v->type.kind == TL_INT ? tl_known(v->i) : tl_named(tl_index_of(e, v)); }

const char *tl_num_text(tl_emit *e, tl_num a) { return a.is_known ? tl_str(e, "%" PRId64, a.v) : a.name; }
const char *tl_num_name(tl_emit *e, tl_num a) { return a.is_known ? tl_index(e, a.v) : a.name; }

static bool fold(int64_t a, char op, int64_t b, int64_t *out) {
  switch (op) {
  case '+': return !__builtin_add_overflow(a, b, out);
  case '-': return !__builtin_sub_overflow(a, b, out);
  case '*': return !__builtin_mul_overflow(a, b, out);
  case '/': return b > 0 && (*out = a / b, true);
  case '^': return b > 0 && (*out = a > 0 ? (a - 1) / b + 1 : a / b, true);
  case 'm': *out = a < b ? a : b; return true;
  default: *out = a > b ? a : b; return true;
  }
}

tl_num tl_calc(tl_emit *e, tl_num a, char op, tl_num b) {
  static const struct { char op; const char *name; } names[] = {{'+', "arith.addi"}, {'-', "arith.subi"}, {'*', "arith.muli"},  {'/', "arith.divsi"},
                                                                {'^', "arith.ceildivsi"}, {'m', "arith.minsi"}, {'M', "arith.maxsi"}};
  int64_t v;
  if (a.is_known && b.is_known && fold(a.v, op, b.v, &v))
    return tl_known(v);
  bool is_same = b.is_known && ((strchr("+-", op) && b.v == 0) || (strchr("*/^", op) && b.v == 1));
  if (is_same || (a.is_known && a.v == 0 && op == '+'))
    return is_same ? a : b;
  const char *x = tl_num_name(e, a), *y = tl_num_name(e, b), *name = names[0].name;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (names[i].op == op)
      name = names[i].name;
  return tl_named(tl_line(e, "%s %s, %s : index", name, x, y));
}
