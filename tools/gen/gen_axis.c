/* Operations of random kernels along an axis that is whole in each tile, and products. */
#include "gen_private.h"

typedef enum gen_fold { GEN_SUM, GEN_AMAX, GEN_AMIN, GEN_MEAN, GEN_PROD, GEN_ANY, GEN_EVERY, GEN_ARGMAX, GEN_ARGMIN, GEN_VAR, GEN_LOGSUMEXP, GEN_FOLDS } gen_fold;

static long double gen_fold_line(gen_fold f, dtype t, const long double *x, int64_t n) {
  long double r = f == GEN_PROD || f == GEN_EVERY ? 1 : f == GEN_AMAX || f == GEN_AMIN ? x[0] : 0, mean = 0;
  int64_t best = 0;
  for (int64_t i = 0; i < n; i++)
    mean += x[i] / (long double)n;
  for (int64_t i = 0; i < n; i++)
    switch (f) {
    case GEN_AMAX: r = x[i] > r ? x[i] : r; break;
    case GEN_AMIN: r = x[i] < r ? x[i] : r; break;
    case GEN_PROD: r = gen_wrap(t, r * x[i]); break;
    case GEN_ANY: r = r != 0 || x[i] != 0; break;
    case GEN_EVERY: r = r != 0 && x[i] != 0; break;
    case GEN_ARGMAX: best = x[i] > x[best] ? i : best; break;
    case GEN_ARGMIN: best = x[i] < x[best] ? i : best; break;
    case GEN_VAR: r += (x[i] - mean) * (x[i] - mean) / (long double)n; break;
    case GEN_LOGSUMEXP: r += expl(x[i]); break;
    default: r += x[i]; break;
    }
  return f == GEN_MEAN ? r / (long double)n : f == GEN_LOGSUMEXP ? logl(r) : f == GEN_ARGMAX || f == GEN_ARGMIN ? (long double)best : gen_wrap(t, r);
}

/* The elements of `v` along `axis` through the place `at`. */
static void gen_line_of(const gen_kernel *k, const gen_value *v, int axis, const int64_t *at, long double *out) {
  int64_t here[GEN_AXES];
  memcpy(here, at, sizeof here);
  for (here[axis] = 0; here[axis] < k->size[axis]; here[axis]++)
    out[here[axis]] = gen_get(k, v, here);
}

static int gen_whole_axis(gen_kernel *k, const gen_value *v) {
  int axis[GEN_AXES], n = gen_axes_of(v->axes & k->full, axis);
  return n ? axis[gen_pick(k, n)] : -1;
}

const char *gen_axis_text(gen_kernel *k, const gen_value *v, int axis) {
  int d = gen_dim(k, v->axes, axis);
  return arena_printf(k->mem, "%d", gen_chance(k, 50) ? d : d - gen_rank(k, v->axes));
}

bool gen_step_fold(gen_kernel *k) {
  static const char *const texts[GEN_FOLDS] = {"torch.sum(%s, dim=%s)", "torch.amax(%s, dim=%s)", "torch.amin(%s, %s)", "torch.mean(%s, dim=%s)", "torch.prod(%s, dim=%s)",
                                                "torch.any(%s, dim=%s)", "torch.all(%s, %s)", "torch.argmax(%s, dim=%s)", "torch.argmin(%s, dim=%s)",
                                                "torch.var(%s, dim=%s, unbiased=False)", "torch.logsumexp(%s, dim=%s)"};
  gen_fold f = (gen_fold)gen_pick(k, GEN_FOLDS);
  bool of_floats = f == GEN_MEAN || f == GEN_VAR || f == GEN_LOGSUMEXP, picks = f == GEN_ARGMAX || f == GEN_ARGMIN, logic = f == GEN_ANY || f == GEN_EVERY;
  const gen_value *a = gen_choose(k, of_floats ? gen_is_float : logic ? gen_is_bool : gen_is_number);
  int axis = a ? gen_whole_axis(k, a) : -1;
  if (axis < 0 || (picks && !a->exact))
    return false;
  bool sums = f == GEN_SUM || f == GEN_PROD, is_float = dtype_is_float(a->type);
  dtype t = picks || (sums && !is_float) ? DTYPE_I64 : logic ? DTYPE_BOOL : a->type;
  gen_value v = gen_new(k, t, a->axes & ~(1u << axis), a->exact && (!is_float || picks || f == GEN_AMAX || f == GEN_AMIN));
  int64_t at[GEN_AXES] = {0};
  long double *line = gen_array(k, 1u << axis), most = 1;
  bool held = a->exact && is_float && f == GEN_SUM && !k->wild;
  do {
    gen_sum sum = {0};
    gen_line_of(k, a, axis, at, line);
    for (int64_t i = 0; i < k->size[axis]; i++)
      gen_sum_add(&sum, line[i]);
    held = held && gen_sum_is_exact(&sum, t);
    for (int64_t i = 0; i < k->size[axis]; i++)
      most *= f == GEN_PROD ? fmaxl(1, fabsl(line[i])) : 1;
    if (!(k->wild && is_float) && most > (is_float ? 1e6L : 0x1p45L))
      return false;
    most = 1;
    v.x[gen_at(k, v.axes, at)] = gen_fold_line(f, t, line, k->size[axis]);
  } while (gen_next(k, v.axes, at));
  v.exact = v.exact || held;
  return gen_keep(k, v, gen_format(k, texts[f], a->name, gen_axis_text(k, a, axis)));
}

/* cumsum, reverse cumsum, cumprod, softmax, sort, a reversed order: results of the operand's shape. */
bool gen_step_scan(gen_kernel *k) {
  enum { CUMSUM, BACK, CUMPROD, SOFTMAX, LOG_SOFTMAX, SORT, FORMS };
  static const char *const texts[FORMS] = {"torch.cumsum(%s, dim=%s)", "hl.cumsum(%s, %s, reverse=True)", "torch.cumprod(%s, dim=%s)", "torch.softmax(%s, dim=%s)",
                                           "torch.log_softmax(%s, dim=%s)", "torch.sort(%s, dim=%s)[0]"};
  int form = gen_pick(k, FORMS);
  if (!gen_has(k, form == SOFTMAX || form == LOG_SOFTMAX ? GEN_HAS_SOFTMAX : GEN_HAS_SCAN))
    return false;
  const gen_value *a = gen_choose(k, form >= SOFTMAX && form != SORT ? gen_is_float : gen_is_number);
  int axis = a ? gen_whole_axis(k, a) : -1;
  if (axis < 0)
    return false;
  bool is_float = dtype_is_float(a->type);
  if ((form == BACK && !is_float) || (form == SORT && gen_dim(k, a->axes, axis) != gen_rank(k, a->axes) - 1))
    return false;
  dtype t = !is_float && form != SORT ? DTYPE_I64 : a->type;
  gen_value v = gen_new(k, t, a->axes, a->exact && (!is_float || form == SORT));
  int64_t at[GEN_AXES] = {0}, n = k->size[axis];
  long double *line = gen_array(k, 1u << axis);
  bool held = a->exact && is_float && (form == CUMSUM || form == BACK) && !k->wild;
  do {
    long double total = 0, r = form == CUMPROD ? 1 : 0;
    gen_sum sum = {0};
    gen_line_of(k, a, axis, at, line);
    for (int64_t i = 0; i < n && held; i++)
      gen_sum_add(&sum, line[i]);
    held = held && gen_sum_is_exact(&sum, t);
    for (int64_t i = 0; i < n; i++)
      total += expl(line[i]);
    if (form >= SOFTMAX && form != SORT && !isfinite(total) && !k->wild)
      return false;
    int64_t below = 0, same = 0;
    for (int64_t i = 0; i < n; i++) {
      long double x = line[i];
      if (form == CUMPROD ? i <= at[axis] : form == CUMSUM ? i <= at[axis] : form == BACK && i >= at[axis])
        r = form == CUMPROD ? r * x : r + x;
      if (fabsl(r) > 1e6L && !(k->wild && is_float))
        return false;
    }
    for (int64_t j = 0; form == SORT && j < n; j++) {   /* the element with at[axis] smaller ones before it */
      below = same = 0;
      for (int64_t i = 0; i < n; i++) {
        below += line[i] < line[j];
        same += line[i] == line[j];
      }
      if (below <= at[axis] && at[axis] < below + same)
        r = line[j];
    }
    if (form == SOFTMAX)
      r = expl(line[at[axis]]) / total;
    if (form == LOG_SOFTMAX)
      r = line[at[axis]] - logl(total);
    v.x[gen_at(k, a->axes, at)] = r;
  } while (gen_next(k, a->axes, at));
  v.exact = v.exact || held;
  return gen_keep(k, v, gen_format(k, texts[form], a->name, gen_axis_text(k, a, axis)));
}

/* Over two whole axes, written in several ways. */
bool gen_step_fold_two(gen_kernel *k) {
  const gen_value *a = gen_choose(k, gen_is_number);
  int axis[GEN_AXES], n = a ? gen_axes_of(a->axes & k->full, axis) : 0;
  if (n < 2)
    return false;
  int first = axis[n - 2], last = axis[n - 1], d = gen_dim(k, a->axes, first), rank = gen_rank(k, a->axes);
  bool sums = gen_chance(k, 50), is_float = dtype_is_float(a->type), at_end = d == rank - 2;
  static const char *const texts[2][5] = {
      {"torch.amax(%s, dim=[D, E])", "torch.amax(torch.amax(%s, dim=E), dim=D)", "torch.amax(%s.flatten(D, E), dim=D)", "torch.amax(%s.flatten(D), dim=-1)", "torch.amax(%s.transpose(D, E), [E, D])"},
      {"torch.sum(%s, dim=[D, E])", "torch.sum(%s, dim=D).sum(D)", "torch.sum(%s.flatten(D, E), dim=D)", "%s.flatten(D).sum(-1)", "torch.sum(%s.transpose(D, E), dim=(D, E))"}};
  gen_value v = gen_new(k, sums && !is_float ? DTYPE_I64 : a->type, a->axes & ~(1u << first | 1u << last), a->exact && (!sums || !is_float));
  int64_t at[GEN_AXES] = {0}, lines = k->size[first], length = k->size[last];
  bool held = a->exact && sums && is_float && !k->wild;
  do {
    long double r = 0;
    gen_sum sum = {0};
    for (int64_t i = 0; i < lines * length; i++) {
      at[first] = i / length;
      at[last] = i % length;
      long double x = gen_get(k, a, at);
      r = sums ? r + x : i == 0 || x > r ? x : r;
      if (held)
        gen_sum_add(&sum, x);
    }
    held = held && gen_sum_is_exact(&sum, v.type);
    at[first] = at[last] = 0;
    v.x[gen_at(k, v.axes, at)] = gen_wrap(v.type, r);
  } while (gen_next(k, v.axes, at));
  v.exact = v.exact || held;
  text t = text_new(k->mem);
  for (const char *c = texts[sums][gen_pick(k, at_end ? 5 : 3)]; *c; c++)
    if (*c == 'D' || *c == 'E')
      text_addf(&t, "%d", *c == 'D' ? d : d + 1);
    else
      text_add_bytes(&t, c, 1);
  return gen_keep(k, v, gen_format(k, text_str(&t), a->name, NULL));
}

/* An operation on the value turned round, turned back. */
bool gen_step_turned(gen_kernel *k) {
  static const char *const texts[] = {"(%s.T * 2).T", "torch.abs(%s.permute(1, 0)).transpose(0, 1)", "(%s.permute(2, 0, 1) * 2).permute(1, 2, 0)", "torch.abs(%s.transpose(0, 2)).permute(2, 1, 0)",
                                      "(%s[:, None] * 2).squeeze(1)", "torch.abs(%s.unsqueeze(0)).reshape(%s.size())"};
  const gen_value *a = gen_choose(k, gen_is_number);
  int rank = a ? gen_rank(k, a->axes) : 0, form = rank == 2 ? gen_pick(k, 2) : rank == 3 ? 2 + gen_pick(k, 2) : 4 + gen_pick(k, 2);
  if (!rank)
    return false;
  gen_value v = gen_new(k, a->type, a->axes, a->exact);
  for (int64_t i = 0; i < gen_count(k, a->axes); i++)
    v.x[i] = gen_wrap(a->type, form % 2 ? fabsl(a->x[i]) : a->x[i] * 2);
  return gen_keep(k, v, gen_format(k, texts[form], a->name, a->name));
}

/* hl.reduce and hl.associative_scan with functions that care for the order. */
bool gen_step_function(gen_kernel *k) {
  enum { FOLD, SCAN, BACK };
  int form = gen_pick(k, 3);
  const gen_value *a = gen_choose(k, gen_is_number);
  int axis = a ? gen_whole_axis(k, a) : -1;
  bool halves = a && dtype_is_float(a->type) && gen_chance(k, 50);
  if (axis < 0)
    return false;
  gen_value v = gen_new(k, a->type, form == FOLD ? a->axes & ~(1u << axis) : a->axes, a->exact && (!dtype_is_float(a->type) || a->type == DTYPE_F64));
  int64_t at[GEN_AXES] = {0}, n = k->size[axis];
  long double *line = gen_array(k, 1u << axis);
  do {
    gen_line_of(k, a, axis, at, line);
    int64_t end = form == SCAN ? at[axis] : form == FOLD ? n - 1 : n - 1 - at[axis];
    long double r = 0;
    for (int64_t i = 0; i <= end; i++) {
      long double e = line[form == BACK ? n - 1 - i : i];
      r = i ? gen_known(v.exact, a->type, gen_wrap(a->type, halves ? r * 0.5L + e : r - e)) : e;
    }
    v.x[gen_at(k, v.axes, at)] = r;
  } while (gen_next(k, v.axes, at));
  const char *f = halves ? "lambda p, q: p * 0.5 + q" : "lambda p, q: p - q", *d = gen_axis_text(k, a, axis);
  return gen_keep(k, v, form == FOLD ? arena_printf(k->mem, "hl.reduce(%s, %s, %s)", f, a->name, d) :
                                        arena_printf(k->mem, "hl.associative_scan(%s, %s, %s%s)", f, a->name, d, form == BACK ? ", reverse=True" : ""));
}

/* [m, k] @ [k, n], of each batch where there are any; the operands that are not there are loaded. */
bool gen_step_matmul(gen_kernel *k) {
  const unsigned batch = k->scope & (GEN_BIT(GEN_B) | GEN_BIT(GEN_C)), own = GEN_BIT(GEN_M) | GEN_BIT(GEN_N) | GEN_BIT(GEN_K);
  const unsigned left = batch | GEN_BIT(GEN_M) | GEN_BIT(GEN_K), right = batch | GEN_BIT(GEN_K) | GEN_BIT(GEN_N), out = batch | GEN_BIT(GEN_M) | GEN_BIT(GEN_N);
  if ((k->scope & own) != own || k->hidden & own || gen_rank(k, batch) > 1 || !(k->full >> GEN_K & 1))
    return false;
  const gen_value *a = gen_choose(k, gen_is_float);
  if (!a || a->axes != left) {
    if (!gen_load(k, gen_float_type(k), left, false))
      return false;
    a = &k->values.at[k->values.n - 1];
  }
  gen_value x = *a;
  if (!gen_load(k, x.type, right, false))
    return false;
  gen_value y = k->values.at[k->values.n - 1], v = gen_new(k, x.type, out, false);
  int64_t at[GEN_AXES] = {0};
  bool held = x.exact && y.exact && !k->wild;
  do {
    long double sum = 0;
    gen_sum terms = {0};
    int64_t here[GEN_AXES];
    memcpy(here, at, sizeof here);
    for (here[GEN_K] = 0; here[GEN_K] < k->size[GEN_K]; here[GEN_K]++)
      sum += gen_get(k, &x, here) * gen_get(k, &y, here), gen_sum_add(&terms, gen_get(k, &x, here) * gen_get(k, &y, here));
    held = held && gen_sum_is_exact(&terms, v.type);
    v.x[gen_at(k, out, at)] = sum;
  } while (gen_next(k, out, at));
  v.exact = held;
  /* the operands' dims are m, k and k, n; the axes' order gives the second one as n, k */
  bool batched = gen_rank(k, batch) == 1;
  return gen_keep(k, v, gen_format(k, batched ? "torch.bmm(%s, %s.transpose(1, 2))" : gen_chance(k, 50) ? "%s @ %s.T" : "torch.matmul(%s, %s.transpose(0, 1))", x.name, y.name));
}
