/* Sizes of arguments: what is given, and what follows from it. */
#include "network/network_sizes.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the module says ---- */

static int symbol_named(const network_sizes *s, const char *name) {
  for (size_t i = 0; i < s->symbols.n; i++)
    if (text_eq(s->symbols.at[i].name, name))
      return (int)i;
  return -1;
}

/* ["s1", 2, 3] */
static bool read_symbol(network_sizes *s, MlirAttribute a, int *out) {
  network_symbol x = {.value = NETWORK_OPEN};
  if (!mlirAttributeIsAArray(a) || mlirArrayAttrGetNumElements(a) != 3)
    return false;
  x.name = ir_attr_string(&s->ir->ctx->mem, mlirArrayAttrGetElement(a, 0));
  if (!x.name || !ir_attr_int(mlirArrayAttrGetElement(a, 1), &x.least) || !ir_attr_int(mlirArrayAttrGetElement(a, 2), &x.most))
    return false;
  *out = symbol_named(s, x.name);
  if (*out < 0) {
    *out = (int)s->symbols.n;
    vec_push(&s->ir->ctx->mem, &s->symbols, x);
  }
  return true;
}

/* [0, affine_map<()[s0] -> (1, s0 * 32)>, ["s1", 2, 3]] */
static bool read_row(network_sizes *s, MlirAttribute row) {
  int64_t i;
  if (!mlirAttributeIsAArray(row) || mlirArrayAttrGetNumElements(row) < 2 || !ir_attr_int(mlirArrayAttrGetElement(row, 0), &i) || i < 0 || i >= s->n ||
      !mlirAttributeIsAAffineMap(mlirArrayAttrGetElement(row, 1)))
    return false;
  network_argument *a = &s->at[i];
  MlirAffineMap map = mlirAffineMapAttrGetValue(mlirArrayAttrGetElement(row, 1));
  intptr_t n = mlirArrayAttrGetNumElements(row) - 2;
  if (mlirAffineMapGetNumDims(map) || mlirAffineMapGetNumSymbols(map) != n || mlirAffineMapGetNumResults(map) != a->rank)
    return false;
  a->map = map;
  a->symbol = ARENA_NEW_N(&s->ir->ctx->mem, int, n + 1);
  for (intptr_t k = 0; k < n; k++)
    if (!read_symbol(s, mlirArrayAttrGetElement(row, k + 2), &a->symbol[k]))
      return false;
  return true;
}

static network_argument argument_of(network_sizes *s, int i) {
  arena *m = &s->ir->ctx->mem;
  MlirType t = mlirValueGetType(mlirBlockGetArgument(ir_body(s->func), i));
  network_argument a = {.name = ir_argument_name(s->ir, s->func, i), .rank = mlirTypeIsARankedTensor(t) ? (int)mlirShapedTypeGetRank(t) : -1};
  a.dim = ARENA_NEW_N(m, int64_t, a.rank + 1);
  a.by = ARENA_NEW_N(m, const char *, a.rank + 1);
  for (int d = 0; d < a.rank; d++)
    a.dim[d] = mlirShapedTypeIsDynamicDim(t, d) ? NETWORK_OPEN : mlirShapedTypeGetDimSize(t, d);
  return a;
}

loom_status network_sizes_read(ir_ctx *ir, MlirModule m, const char *function, network_sizes *out) {
  *out = (network_sizes){.ir = ir, .func = ir_find_func(m, function)};
  if (mlirOperationIsNull(out->func) || mlirBlockIsNull(ir_body(out->func)))
    LOOM_FAIL(ir->ctx, ir_span(ir, mlirModuleGetOperation(m)), LOOM_EINPUT, "the module has no function @%s with a body", function ? function : "");
  out->name = ir_func_name(&ir->ctx->mem, out->func);
  out->n = (int)mlirBlockGetNumArguments(ir_body(out->func));
  out->at = ARENA_NEW_N(&ir->ctx->mem, network_argument, out->n + 1);
  for (int i = 0; i < out->n; i++)
    out->at[i] = argument_of(out, i);
  MlirAttribute said = ir_attr_of(out->func, "loom.sizes");
  bool ok = mlirAttributeIsNull(said) || mlirAttributeIsAArray(said);
  for (intptr_t i = 0; ok && !mlirAttributeIsNull(said) && i < mlirArrayAttrGetNumElements(said); i++)
    ok = read_row(out, mlirArrayAttrGetElement(said, i));
  if (!ok)
    LOOM_FAIL(ir->ctx, ir_span(ir, out->func), LOOM_EINPUT, "the attribute loom.sizes of @%s is not [[argument, affine_map<()[s0, ..] -> (its dims)>, [name, least, most], ..], ..]", out->name);
  return LOOM_OK;
}

/* ---- what is given ---- */

loom_status network_sizes_set(network_sizes *s, int i, int d, int64_t size, const char *by) {
  network_argument *a = &s->at[i];
  if (a->dim[d] != NETWORK_OPEN && a->dim[d] != size)
    LOOM_FAIL(s->ir->ctx, ir_span(s->ir, s->func), LOOM_EUSAGE, "dim %d of argument %d ('%s') is %" PRId64 ", as %s says; %s says %" PRId64, d, i, a->name, a->dim[d],
              a->by[d] ? a->by[d] : "its type", by, size);
  if (a->dim[d] == NETWORK_OPEN)
    a->by[d] = by;
  a->dim[d] = size;
  return LOOM_OK;
}

static void set_symbol(network_sizes *s, int i, int64_t value, const char *by) {
  s->symbols.at[i].value = value;
  s->symbols.at[i].by = by;
}

static int argument_named(const network_sizes *s, const char *name) {
  for (int i = 0; i < s->n; i++)
    if (text_eq(s->at[i].name, name))
      return i;
  return -1;
}

static bool read_number(const char **p, int64_t *out) {
  char *end;
  errno = 0;
  *out = strtoll(*p, &end, 10);
  bool ok = **p >= '0' && **p <= '9' && !errno;
  *p = end;
  return ok;
}

static loom_status misspelled(const network_sizes *s, const char *by, const char *why) {
  loom_ctx *ctx = s->ir->ctx;
  text names = text_new(&ctx->mem);
  for (int i = 0; i < s->n; i++)
    for (int d = 0; d < s->at[i].rank; d++)
      if (s->at[i].dim[d] == NETWORK_OPEN)
        text_addf(&names, "%s%s.%d", names.size ? ", " : "", s->at[i].name, d);
  for (size_t i = 0; i < s->symbols.n; i++)
    text_addf(&names, "%s%s", names.size ? ", " : "", s->symbols.at[i].name);
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: %s", by, why);
  diag_help(ctx, names.size ? "open sizes of @%s are %s" : "no size of @%s is open", s->name, text_str(&names));
  return LOOM_EUSAGE;
}

/* NAME=4x32: all dims. */
static loom_status give_shape(network_sizes *s, int i, const char *sizes, const char *by) {
  for (int d = 0; d < s->at[i].rank; d++) {
    int64_t size;
    if (!read_number(&sizes, &size) || *sizes != (d + 1 < s->at[i].rank ? 'x' : 0))
      return misspelled(s, by, arena_printf(&s->ir->ctx->mem, "'%s' has %d dims; expected as many sizes with 'x' between them", s->at[i].name, s->at[i].rank));
    sizes += *sizes == 'x';
    LOOM_TRY(network_sizes_set(s, i, d, size, by));
  }
  return LOOM_OK;
}

loom_status network_sizes_give(network_sizes *s, const char *key, const char *value) {
  arena *m = &s->ir->ctx->mem;
  const char *by = arena_printf(m, "--shape %s=%s", key, value), *dot = strrchr(key, '.'), *after = dot ? dot + 1 : "";
  int i = argument_named(s, key), symbol = symbol_named(s, key);
  int64_t size, d;
  if (symbol < 0 && i >= 0 && s->at[i].rank >= 0)
    return give_shape(s, i, value, by);
  if (!read_number(&value, &size) || *value)
    return misspelled(s, by, "the size is no number");
  if (symbol >= 0) {
    set_symbol(s, symbol, size, by);
    return LOOM_OK;
  }
  i = dot ? argument_named(s, arena_strndup(m, key, (size_t)(dot - key))) : -1;
  if (i < 0 || !read_number(&after, &d) || *after || d >= s->at[i].rank)
    return misspelled(s, by, "there is no such size");
  return network_sizes_set(s, i, (int)d, size, by);
}

/* ---- what follows ---- */

/* times * x + plus, where x is the one symbol without a value; unknown -1: there is none. */
typedef struct line { int64_t times, plus; int unknown; } line;

static int64_t floor_of(int64_t a, int64_t b) { return a / b - (a % b < 0); }

static bool line_of(const network_sizes *s, const network_argument *a, MlirAffineExpr e, line *out) {
  if (mlirAffineExprIsAConstant(e)) {
    *out = (line){0, mlirAffineConstantExprGetValue(e), -1};
    return true;
  }
  if (mlirAffineExprIsASymbol(e)) {
    int i = a->symbol[mlirAffineSymbolExprGetPosition(e)];
    int64_t v = s->symbols.at[i].value;
    *out = v == NETWORK_OPEN ? (line){1, 0, i} : (line){0, v, -1};
    return true;
  }
  line x, y;
  if (mlirAffineExprIsADim(e) || !line_of(s, a, mlirAffineBinaryOpExprGetLHS(e), &x) || !line_of(s, a, mlirAffineBinaryOpExprGetRHS(e), &y))
    return false;
  if (mlirAffineExprIsAAdd(e)) {
    *out = (line){.unknown = x.unknown >= 0 ? x.unknown : y.unknown};
    return (x.unknown < 0 || y.unknown < 0 || x.unknown == y.unknown) && !__builtin_add_overflow(x.times, y.times, &out->times) && !__builtin_add_overflow(x.plus, y.plus, &out->plus);
  }
  if (mlirAffineExprIsAMul(e)) {
    line by = y.unknown < 0 ? y : x, of = y.unknown < 0 ? x : y;
    *out = (line){.unknown = of.unknown};
    return by.unknown < 0 && !__builtin_mul_overflow(of.times, by.plus, &out->times) && !__builtin_mul_overflow(of.plus, by.plus, &out->plus);
  }
  if (x.unknown >= 0 || y.unknown >= 0 || y.plus <= 0)
    return false;
  int64_t down = floor_of(x.plus, y.plus), rest = x.plus - down * y.plus;
  *out = (line){0, mlirAffineExprIsAMod(e) ? rest : mlirAffineExprIsACeilDiv(e) ? down + (rest > 0) : down, -1};
  return true;
}

/* "the export with s1=2, s2=7" */
static const char *told_by(const network_sizes *s, const network_argument *a) {
  text t = text_new(&s->ir->ctx->mem);
  for (intptr_t i = 0; i < mlirAffineMapGetNumSymbols(a->map); i++)
    text_addf(&t, "%s%s=%" PRId64, i ? ", " : " with ", s->symbols.at[a->symbol[i]].name, s->symbols.at[a->symbol[i]].value);
  return arena_printf(&s->ir->ctx->mem, "the export%s", text_str(&t));
}

/* Dim d of argument i and what the exporter says of it; *moved: something became known. */
static loom_status settle_dim(network_sizes *s, int i, int d, bool *moved) {
  network_argument *a = &s->at[i];
  arena *m = &s->ir->ctx->mem;
  line e;
  if (!line_of(s, a, mlirAffineMapGetResult(a->map, d), &e) || (e.unknown >= 0 && a->dim[d] == NETWORK_OPEN))
    return LOOM_OK;
  if (e.unknown < 0 && e.plus < 0)
    LOOM_FAIL(s->ir->ctx, ir_span(s->ir, s->func), LOOM_EUSAGE, "dim %d of argument %d ('%s') is %" PRId64 ", as %s says", d, i, a->name, e.plus, told_by(s, a));
  if (e.unknown < 0) {
    *moved = *moved || a->dim[d] == NETWORK_OPEN;
    return network_sizes_set(s, i, d, e.plus, told_by(s, a));
  }
  int64_t over;
  network_symbol *x = &s->symbols.at[e.unknown];
  if (e.times <= 0 || __builtin_sub_overflow(a->dim[d], e.plus, &over))
    return LOOM_OK;
  if (over % e.times || over / e.times < 0)
    LOOM_FAIL(s->ir->ctx, ir_span(s->ir, s->func), LOOM_EUSAGE, "dim %d of argument %d ('%s') is %" PRId64 "; expected %" PRId64 "*%s + %" PRId64 " with a whole number %s", d, i, a->name, a->dim[d],
              e.times, x->name, e.plus, x->name);
  *moved = true;
  set_symbol(s, e.unknown, over / e.times, arena_printf(m, "dim %d of '%s' with %" PRId64, d, a->name, a->dim[d]));
  return LOOM_OK;
}

static loom_status check_range(const network_sizes *s, network_symbol *x) {
  if (x->value == NETWORK_OPEN)
    return LOOM_OK;
  if (x->value > x->most)
    LOOM_FAIL(s->ir->ctx, ir_span(s->ir, s->func), LOOM_EUSAGE, "the size %s is %" PRId64 ", as %s says; @%s was exported for %" PRId64 "..%" PRId64, x->name, x->value, x->by, s->name, x->least,
              x->most);
  if (x->value < x->least && !x->is_told)
    diag_warn(s->ir->ctx, ir_span(s->ir, s->func), "the size %s is %" PRId64 ", as %s says; @%s was exported for %" PRId64 " and more", x->name, x->value, x->by, s->name, x->least);
  x->is_told = x->value < x->least;
  return LOOM_OK;
}

loom_status network_sizes_settle(network_sizes *s) {
  for (bool moved = true; moved;) {
    moved = false;
    for (int i = 0; i < s->n; i++)
      for (int d = 0; d < s->at[i].rank && !mlirAffineMapIsNull(s->at[i].map); d++)
        LOOM_TRY(settle_dim(s, i, d, &moved));
  }
  for (size_t i = 0; i < s->symbols.n; i++)
    LOOM_TRY(check_range(s, &s->symbols.at[i]));
  return LOOM_OK;
}

loom_status network_sizes_check_known(const network_sizes *s) {
  loom_status st = LOOM_OK;
  for (int i = 0; i < s->n; i++)
    for (int d = 0; d < s->at[i].rank; d++)
      if (s->at[i].dim[d] == NETWORK_OPEN) {
        st = diag_error(s->ir->ctx, ir_span(s->ir, s->func), LOOM_EUSAGE, "dim %d of argument %d ('%s') of @%s is open; kernels take tensors of known sizes", d, i, s->at[i].name, s->name);
        diag_help(s->ir->ctx, "--shape %s.%d=SIZE gives it one, or a value for the argument with --input", s->at[i].name, d);
      }
  return st;
}
