/* Convolutions: the input padded, then one linalg.generic over groups, positions and the window. */
#include "lower/torch/tl_private.h"

enum { CONV_DIMS_MAX = 3, CONV_STEP_MAX = 1 << 24 };
typedef struct conv {
  tl_val x, w;                   /* [n, c, i..], [f, c / groups, k..] */
  int n;                         /* spatial dims */
  int64_t stride[CONV_DIMS_MAX], pad[CONV_DIMS_MAX], dilation[CONV_DIMS_MAX], more[CONV_DIMS_MAX], groups;
  bool transposed;
} conv;

/* One number a spatial dim; a single one is that of all. */
static loom_status spatial(tl_emit *e, int i, int n, int64_t fallback, int64_t *out) {
  int given;
  LOOM_TRY(tl_need_ints(e, i, CONV_DIMS_MAX, out, &given));
  if (given != 0 && given != 1 && given != n)
    return tl_invalid(e, "operand %d has %d numbers for %d dims", i, given, n);
  for (int d = given; d < n; d++)
    out[d] = given ? out[0] : fallback;
  return LOOM_OK;
}

/* x with zeros between its elements along d. */
static tl_val spread(tl_emit *e, tl_val x, int d, int64_t by) {
  tl_type out = x.type;
  text at = text_new(e->mem), step = text_new(e->mem), sizes = text_new(e->mem);
  out.dim[d] = out.dim[d] ? (out.dim[d] - 1) * by + 1 : 0;
  if (by == 1)
    return x;
  for (int k = 0; k < out.rank; k++) {
    text_addf(&at, "%s0", k ? ", " : "");
    text_addf(&step, "%s%" PRId64, k ? ", " : "", k == d ? by : 1);
    text_addf(&sizes, "%s%" PRId64, k ? ", " : "", x.type.dim[k]);
  }
  tl_val zeros = tl_fill(e, out, NULL, tl_const(e, out.dtype, 0));
  return (tl_val){tl_line(e, "tensor.insert_slice %s into %s[%s] [%s] [%s] : %s into %s", x.name, zeros.name, text_str(&at), text_str(&sizes), text_str(&step),
                          tl_text(e, x.type), tl_text(e, out)), out};
}

/* The weight of the plain convolution that a transposed one is: channels exchanged within groups, windows turned round. */
static loom_status turned(tl_emit *e, const conv *c, tl_val *out) {
  tl_val w = c->w;
  tl_type t = w.type, result = w.type;
  int64_t in = t.dim[0] / c->groups, f = t.dim[1];
  result.dim[0] = f * c->groups;
  result.dim[1] = in;
  const char *at[TL_RANK_MAX];
  tl_generic g = {.rank = t.rank, .n_out = 1, .out = {tl_empty(e, result, NULL)}};
  tl_generic_open(e, &g);
  const char *to = tl_line(e, "linalg.index 0 : index"), *from = tl_line(e, "linalg.index 1 : index"), *per = tl_index(e, f);
  const char *group = tl_line(e, "arith.divui %s, %s : index", to, per), *base = tl_line(e, "arith.muli %s, %s : index", group, tl_index(e, in));
  at[0] = tl_line(e, "arith.addi %s, %s : index", base, from);
  at[1] = tl_line(e, "arith.remui %s, %s : index", to, per);
  for (int d = 2; d < t.rank; d++)
    at[d] = tl_line(e, "arith.subi %s, %s : index", tl_index(e, t.dim[d] - 1), tl_line(e, "linalg.index %d : index", d));
  *out = tl_map_close(e, &g, tl_extract(e, w, at));
  return LOOM_OK;
}

/* Loops: n, group, filter, position.., channel, window..; maps of input [n, g, c, i..], weight [g, f, c, k..], output [n, g, f, o..]. */
static tl_val product(tl_emit *e, const conv *c, tl_val x, tl_val w, tl_val init) {
  int n = c->n, ch = 3 + n;
  tl_generic g = {.rank = 4 + 2 * n, .n_in = 2, .n_out = 1, .in = {x, w}, .out = {init}};
  text in = text_new(e->mem), weight = text_new(e->mem), out = text_new(e->mem);
  text_addf(&in, "(d0, d1, d%d", ch);
  text_addf(&weight, "(d1, d2, d%d", ch);
  text_add(&out, "(d0, d1, d2");
  for (int d = 0; d < n; d++) {
    text_addf(&in, ", d%d * %" PRId64 " + d%d * %" PRId64, 3 + d, c->stride[d], ch + 1 + d, c->dilation[d]);
    text_addf(&weight, ", d%d", ch + 1 + d);
    text_addf(&out, ", d%d", 3 + d);
  }
  text_add(&in, ")");
  text_add(&weight, ")");
  text_add(&out, ")");
  for (int d = ch; d < g.rank; d++)
    g.is_reduction[d] = true;
  g.in_map[0] = text_str(&in);
  g.in_map[1] = text_str(&weight);
  g.out_map[0] = text_str(&out);
  tl_generic_open(e, &g);
  dtype t = init.type.dtype;
  const char *a = tl_cast(e, g.x[0], x.type.dtype, t), *b = tl_cast(e, g.x[1], w.type.dtype, t), *T = tl_elem(t);
  bool f = dtype_is_float(t);
  const char *ab = tl_line(e, "%s %s, %s : %s", f ? "arith.mulf" : "arith.muli", a, b, T);
  return tl_map_close(e, &g, tl_line(e, "%s %s, %s : %s", f ? "arith.addf" : "arith.addi", g.acc[0], ab, T));
}

/* [a, b, ..] as [a / parts, parts or the other way round, b, ..]: dim `d` in `groups` parts. */
static loom_status in_groups(tl_emit *e, tl_val v, int d, int64_t groups, tl_val *out) {
  tl_type t = v.type;
  memmove(t.dim + d + 1, t.dim + d, (size_t)(t.rank++ - d) * sizeof *t.dim);
  t.dim[d] = groups;
  t.dim[d + 1] /= groups;
  return tl_view(e, v, t, NULL, out);
}

static loom_status convolve(tl_emit *e, conv *c, const tl_val *bias, tl_type out) {
  tl_val x = c->x, w = c->w, init;
  dtype acc = dtype_compute(out.dtype);
  const char *zero = tl_const(e, x.type.dtype, 0);
  if (c->transposed)
    LOOM_TRY(turned(e, c, &w));
  for (int d = 0; d < c->n; d++) {
    int64_t span = c->dilation[d] * (w.type.dim[2 + d] - 1), low = c->pad[d], high = c->pad[d];
    if (c->transposed) {
      x = spread(e, x, 2 + d, c->stride[d]);
      low = span - c->pad[d];
      high = low + c->more[d];
      c->stride[d] = 1;
    }
    x = tl_pad(e, x, 2 + d, low, high, zero);
    int64_t fits = x.type.dim[2 + d] - span > 0 ? (x.type.dim[2 + d] - span - 1) / c->stride[d] + 1 : 0;
    if (fits != out.dim[2 + d])
      return tl_invalid(e, "dim %d of the result is %" PRId64 "; expected %" PRId64, 2 + d, out.dim[2 + d], fits);
  }
  int64_t groups = c->groups;
  LOOM_TRY(in_groups(e, x, 1, groups, &x));
  LOOM_TRY(in_groups(e, w, 0, groups, &w));
  tl_type grouped = tl_with_dtype(out, acc);
  memmove(grouped.dim + 2, grouped.dim + 1, (size_t)(grouped.rank++ - 1) * sizeof *grouped.dim);
  grouped.dim[1] = groups;
  grouped.dim[2] /= groups;
  if (!bias) {
    init = tl_fill(e, grouped, NULL, tl_const(e, acc, 0));
  } else {
    tl_val b = tl_convert(e, *bias, acc);
    tl_type column = tl_tensor(acc, 2 + c->n, (const int64_t[TL_RANK_MAX]){groups, grouped.dim[2], 1, 1, 1});
    LOOM_TRY(tl_view(e, b, column, NULL, &b));
    LOOM_TRY(tl_broadcast(e, b, grouped, NULL, &init));
  }
  tl_val y = product(e, c, x, w, init);
  LOOM_TRY(tl_view(e, y, tl_with_dtype(out, acc), NULL, &y));
  return tl_give(e, 0, tl_convert(e, y, out.dtype));
}

/* aten.convolution: x, w, bias, stride, padding, dilation, transposed, output padding, groups.  detail "p": conv1d.. have x, w, bias, stride,
 * padding, dilation, groups; "t": conv_transpose: x, w, bias, stride, padding, output padding, groups, dilation. */
loom_status tl_lower_conv(tl_emit *e, const char *detail) {
  conv c = {.transposed = *detail == 't'};
  const bool is_plain = *detail == 'p', is_transpose = *detail == 't';
  LOOM_TRY(tl_need_tensor(e, 0, &c.x));
  LOOM_TRY(tl_need_tensor(e, 1, &c.w));
  c.n = c.x.type.rank - 2;
  tl_type out = e->op->out[0];
  if (out.kind != TL_TENSOR || !tl_is_static(&out) || !tl_is_static(&c.x.type) || !tl_is_static(&c.w.type))
    return tl_refuse(e, "sizes that are not known");
  if (c.n < 1 || c.n > CONV_DIMS_MAX || c.w.type.rank != c.n + 2 || out.rank != c.n + 2)
    return tl_invalid(e, "%s with the window %s", tl_text(e, c.x.type), tl_text(e, c.w.type));
  LOOM_TRY(spatial(e, 3, c.n, 1, c.stride));
  LOOM_TRY(spatial(e, 4, c.n, 0, c.pad));
  LOOM_TRY(spatial(e, is_transpose ? 7 : 5, c.n, 1, c.dilation));
  if (is_transpose)
    LOOM_TRY(spatial(e, 5, c.n, 0, c.more));
  if (!is_plain && !is_transpose) {
    LOOM_TRY(tl_need_bool(e, 6, &c.transposed));
    LOOM_TRY(spatial(e, 7, c.n, 0, c.more));
  }
  c.groups = 1;
  int groups_at = is_plain || is_transpose ? 6 : 8;
  if (!tl_is_none(tl_in(e, groups_at)))
    LOOM_TRY(tl_need_int(e, groups_at, &c.groups));
  bool fits = true;
  for (int d = 0; d < c.n; d++)
    fits &= c.stride[d] > 0 && c.dilation[d] > 0 && c.stride[d] < CONV_STEP_MAX && c.dilation[d] < CONV_STEP_MAX && c.pad[d] > -CONV_STEP_MAX && c.pad[d] < CONV_STEP_MAX &&
            c.more[d] >= 0 && c.more[d] < CONV_STEP_MAX && c.x.type.dim[2 + d] < INT32_MAX && c.w.type.dim[2 + d] < INT32_MAX;
  if (!fits || c.groups < 1 || c.groups > INT16_MAX)
    return tl_invalid(e, "a stride, padding, dilation or number of groups that is not sensible");
  int64_t channels = c.transposed ? c.w.type.dim[0] : c.w.type.dim[1] * c.groups, filters = c.transposed ? c.w.type.dim[1] * c.groups : c.w.type.dim[0];
  if (channels != c.x.type.dim[1] || filters != out.dim[1] || c.x.type.dim[0] != out.dim[0] || channels % c.groups || filters % c.groups)
    return tl_invalid(e, "%s with the window %s in %" PRId64 " groups does not make %s", tl_text(e, c.x.type), tl_text(e, c.w.type), c.groups, tl_text(e, out));
  tl_val bias;
  if (tl_is_none(tl_in(e, 2)))
    return convolve(e, &c, NULL, out);
  LOOM_TRY(tl_need_tensor(e, 2, &bias));
  return convolve(e, &c, &bias, out);
}
