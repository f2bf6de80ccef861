/* Pooling: the input padded, then one linalg.generic over positions and the window. */
#include "lower/torch/tl_private.h"

enum { POOL_DIMS_MAX = 3 };
typedef struct pool { tl_val x, padded; tl_type out; int n; int64_t size[POOL_DIMS_MAX], stride[POOL_DIMS_MAX], pad[POOL_DIMS_MAX], dilation[POOL_DIMS_MAX]; } pool;

static loom_status spatial(tl_emit *e, int i, int n, const int64_t *fallback, int64_t *out) {
  int given;
  LOOM_TRY(tl_need_ints(e, i, POOL_DIMS_MAX, out, &given));
  if (given != 0 && given != 1 && given != n)
    return tl_invalid(e, "operand %d has %d numbers for %d dims", i, given, n);
  for (int d = given; d < n; d++)
    out[d] = given ? out[0] : fallback[d];
  for (int d = 0; d < n; d++)
    if (out[d] < 0 || out[d] > INT32_MAX)
      return tl_invalid(e, "operand %d holds %" PRId64, i, out[d]);
  return LOOM_OK;
}

/* Dims in front of the spatial ones stay; those are small enough for what is computed with them. */
static loom_status check_shapes(tl_emit *e, const pool *p) {
  bool fits = p->out.rank == p->x.type.rank && p->out.rank >= p->n;
  for (int d = 0; fits && d < p->out.rank; d++)
    fits = d < p->out.rank - p->n ? p->out.dim[d] == p->x.type.dim[d] : p->out.dim[d] > 0 && p->out.dim[d] < INT32_MAX && p->x.type.dim[d] < INT32_MAX;
  return fits ? LOOM_OK : tl_invalid(e, "%s pooled in %d dims to %s", tl_text(e, p->x.type), p->n, tl_text(e, p->out));
}

/* Operands from 1 on: window, stride, padding, and dilation where the operation has one. */
static loom_status read_pool(tl_emit *e, int n, bool has_dilation, pool *p) {
  static const int64_t ones[POOL_DIMS_MAX] = {1, 1, 1}, zeros[POOL_DIMS_MAX] = {0};
  *p = (pool){.n = n, .out = e->op->out[0]};
  LOOM_TRY(tl_need_tensor(e, 0, &p->x));
  if (p->out.kind != TL_TENSOR || !tl_is_static(&p->out) || !tl_is_static(&p->x.type))
    return tl_refuse(e, "sizes that are not known");
  LOOM_TRY(spatial(e, 1, n, ones, p->size));
  LOOM_TRY(spatial(e, 2, n, p->size, p->stride));
  LOOM_TRY(spatial(e, 3, n, zeros, p->pad));
  memcpy(p->dilation, ones, sizeof ones);
  if (has_dilation)
    LOOM_TRY(spatial(e, 4, n, ones, p->dilation));
  LOOM_TRY(check_shapes(e, p));
  for (int d = 0; d < n; d++)
    if (!p->stride[d] || !p->dilation[d] || !p->size[d])
      return tl_invalid(e, "a window, stride or dilation of 0");
  return LOOM_OK;
}

/* Pads so that the windows of all positions lie inside: rounding up leaves some beyond the padding. */
static void pad(tl_emit *e, pool *p, double with) {
  const char *scalar = tl_const(e, p->x.type.dtype, with);
  p->padded = p->x;
  for (int d = 0; d < p->n; d++) {
    int at = p->x.type.rank - p->n + d;
    int64_t needed = (p->out.dim[at] - 1) * p->stride[d] + p->dilation[d] * (p->size[d] - 1) + 1, high = needed - p->x.type.dim[at] - p->pad[d];
    p->padded = tl_pad(e, p->padded, at, p->pad[d], high > 0 ? high : 0, scalar);
  }
}

/* Loops: the dims of the result, then the window, whose extent an unset tensor says. */
static tl_generic open_pool(tl_emit *e, const pool *p, int n_out, const tl_val *init) {
  int rank = p->out.rank, dims[TL_RANK_MAX];
  text in = text_new(e->mem), window = text_new(e->mem);
  tl_generic g = {.rank = rank + p->n, .n_in = 2, .n_out = n_out};
  for (int d = 0; d < rank; d++) {
    int k = d - (rank - p->n);
    dims[d] = d;
    text_addf(&in, "%sd%d", d ? ", " : "(", d);
    if (k >= 0)
      text_addf(&in, " * %" PRId64 " + d%d * %" PRId64, p->stride[k], rank + k, p->dilation[k]);
  }
  for (int k = 0; k < p->n; k++) {
    text_addf(&window, "%sd%d", k ? ", " : "(", rank + k);
    g.is_reduction[rank + k] = true;
  }
  text_add(&in, ")");
  text_add(&window, ")");
  g.in[0] = p->padded;
  g.in[1] = tl_empty(e, tl_tensor(p->x.type.dtype, p->n, p->size), NULL);
  g.in_map[0] = text_str(&in);
  g.in_map[1] = text_str(&window);
  for (int i = 0; i < n_out; i++) {
    g.out[i] = init[i];
    g.out_map[i] = tl_dims_map(e, dims, rank);
  }
  tl_generic_open(e, &g);
  return g;
}

/* Where the window's element stands in the spatial dims of the input, in row order. */
static const char *flat_place(tl_emit *e, const pool *p) {
  const char *flat = NULL;
  int rank = p->out.rank;
  for (int k = 0; k < p->n; k++) {
    tl_num at = tl_calc(e, tl_named(tl_line(e, "linalg.index %d : index", rank - p->n + k)), '*', tl_known(p->stride[k]));
    tl_num inside = tl_calc(e, tl_named(tl_line(e, "linalg.index %d : index", rank + k)), '*', tl_known(p->dilation[k]));
    at = tl_calc(e, tl_calc(e, at, '+', inside), '-', tl_known(p->pad[k]));
    if (flat)
      at = tl_calc(e, tl_calc(e, tl_named(flat), '*', tl_known(p->x.type.dim[rank - p->n + k])), '+', at);
    flat = at.name;
  }
  return tl_line(e, "arith.index_cast %s : index to i64", flat);
}

/* `detail`: spatial dims, then 'i' when the places are wanted too. */
loom_status tl_lower_max_pool(tl_emit *e, const char *detail) {
  pool p;
  bool has_places = detail[1] == 'i';
  LOOM_TRY(read_pool(e, *detail - '0', true, &p));
  dtype t = p.x.type.dtype;
  pad(e, &p, tl_lowest(t));
  tl_val init[2] = {tl_fill(e, tl_with_dtype(p.out, t), NULL, tl_const(e, t, tl_lowest(t))), {NULL, {0}}};
  if (has_places)
    init[1] = tl_fill(e, tl_with_dtype(p.out, DTYPE_I64), NULL, tl_const_int(e, DTYPE_I64, -1));
  tl_generic g = open_pool(e, &p, 1 + has_places, init);
  const tl_scalar vars[2] = {{.name = g.x[0], .type = t}, {.name = g.acc[0], .type = t}};
  const char *yields[2];
  dtype made;
  LOOM_TRY(tl_expr(e, "max(y, x)", t, vars, 2, &yields[0], &made));
  if (has_places) {   /* the first place with the most, and of NaNs the last one, as PyTorch does; padding (which is the lowest) never wins */
    const char *more;
    LOOM_TRY(tl_expr(e, dtype_is_float(t) ? "or(x > y, x != x)" : "x > y", t, vars, 2, &more, &made));
    yields[1] = tl_line(e, "arith.select %s, %s, %s : i64", more, flat_place(e, &p), g.acc[1]);
  }
  tl_generic_close(e, &g, yields);
  LOOM_TRY(tl_give(e, 0, (tl_val){g.result[0], g.out[0].type}));
  return has_places ? tl_give(e, 1, (tl_val){g.result[1], g.out[1].type}) : LOOM_OK;
}

/* How many elements the window at a position takes in along dim k: those of the padded input, or of the input. */
static tl_num taken(tl_emit *e, const pool *p, int k, bool counts_padding) {
  int at = p->out.rank - p->n + k;
  tl_num n = tl_known(p->x.type.dim[at]), pos = tl_named(tl_line(e, "linalg.index %d : index", at));
  tl_num begin = tl_calc(e, tl_calc(e, pos, '*', tl_known(p->stride[k])), '-', tl_known(p->pad[k]));
  tl_num end = tl_calc(e, tl_calc(e, begin, '+', tl_known(p->size[k])), 'm', tl_calc(e, n, '+', tl_known(p->pad[k])));
  if (!counts_padding) {
    begin = tl_calc(e, begin, 'M', tl_known(0));
    end = tl_calc(e, end, 'm', n);
  }
  return tl_calc(e, end, '-', begin);
}

static loom_status average(tl_emit *e, pool *p, bool counts_padding, int64_t divisor) {
  dtype t = dtype_compute(p->out.dtype);
  tl_val sum;
  pad(e, p, 0);
  sum = tl_fill(e, tl_with_dtype(p->out, t), NULL, tl_const(e, t, 0));
  tl_generic g = open_pool(e, p, 1, &sum);
  const char *x = tl_cast(e, g.x[0], p->x.type.dtype, t);
  sum = tl_map_close(e, &g, tl_line(e, "%s %s, %s : %s", dtype_is_float(t) ? "arith.addf" : "arith.addi", g.acc[0], x, tl_elem(t)));
  LOOM_TRY(tl_map_open(e, p->out, &sum, 1, &g));
  tl_num n = tl_known(divisor ? divisor : 1);
  for (int k = 0; k < p->n && !divisor; k++)
    n = tl_calc(e, n, '*', taken(e, p, k, counts_padding));
  const char *by = tl_num_scalar(e, n, t), *y = tl_line(e, "%s %s, %s : %s", dtype_is_float(t) ? "arith.divf" : "arith.divsi", g.x[0], by, tl_elem(t));
  return tl_give(e, 0, tl_map_close(e, &g, tl_cast(e, y, t, p->out.dtype)));
}

/* Operands behind the padding: ceil_mode (the result's size says it), count_include_pad, divisor_override. */
loom_status tl_lower_avg_pool(tl_emit *e, const char *detail) {
  pool p;
  bool counts_padding = true;
  int64_t divisor = 0;
  LOOM_TRY(read_pool(e, *detail - '0', false, &p));
  if (!tl_is_none(tl_in(e, 5)))
    LOOM_TRY(tl_need_bool(e, 5, &counts_padding));
  if (!tl_is_none(tl_in(e, 6)))
    LOOM_TRY(tl_need_int(e, 6, &divisor));
  return average(e, &p, counts_padding, divisor);
}

/* Windows that divide the input evenly. */
loom_status tl_lower_adaptive_pool(tl_emit *e, const char *detail) {
  pool p = {.n = *detail - '0', .out = e->op->out[0]};
  LOOM_TRY(tl_need_tensor(e, 0, &p.x));
  if (p.out.kind != TL_TENSOR || !tl_is_static(&p.out) || !tl_is_static(&p.x.type))
    return tl_refuse(e, "sizes that are not known");
  LOOM_TRY(check_shapes(e, &p));
  for (int k = 0; k < p.n; k++) {
    int at = p.out.rank - p.n + k;
    if (p.x.type.dim[at] % p.out.dim[at])
      return tl_refuse(e, "windows of different sizes: %" PRId64 " elements to %" PRId64, p.x.type.dim[at], p.out.dim[at]);
    p.size[k] = p.stride[k] = p.x.type.dim[at] / p.out.dim[at];
    p.dilation[k] = 1;
  }
  return average(e, &p, false, 0);
}
