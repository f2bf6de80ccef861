/* linalg.generic as text: maps, iterators, the body's arguments. */
#include "lower/torch/tl_private.h"

static const char *iterators(tl_emit *e, const tl_generic *g) {
  text t = text_new(e->mem);
  for (int d = 0; d < g->rank; d++)
    text_addf(&t, "%s\"%s\"", d ? ", " : "", g->is_reduction[d] ? "reduction" : "parallel");
  return text_str(&t);
}

static void add_map(text *t, int rank, const char *results) {
  text_add(t, t->size ? ", affine_map<(" : "affine_map<(");
  for (int d = 0; d < rank; d++)
    text_addf(t, d ? ", d%d" : "d%d", d);
  text_add(t, ") -> ");
  if (results) {
    text_add(t, results);
  } else {
    text_add(t, "(");
    for (int d = 0; d < rank; d++)
      text_addf(t, d ? ", d%d" : "d%d", d);
    text_add(t, ")");
  }
  text_add(t, ">");
}

/* "%a, %b : T, U" */
static const char *typed(tl_emit *e, const tl_val *v, int n) {
  text t = text_new(e->mem);
  for (int i = 0; i < n; i++)
    text_addf(&t, "%s%s", i ? ", " : "", v[i].name);
  for (int i = 0; i < n; i++)
    text_addf(&t, "%s%s", i ? ", " : " : ", tl_text(e, v[i].type));
  return text_str(&t);
}

void tl_generic_open(tl_emit *e, tl_generic *g) {
  text maps = text_new(e->mem), args = text_new(e->mem);
  for (int i = 0; i < g->n_in; i++)
    add_map(&maps, g->rank, g->in_map[i]);
  for (int i = 0; i < g->n_out; i++)
    add_map(&maps, g->rank, g->out_map[i]);
  for (int i = 0; i < g->n_in; i++)
    text_addf(&args, "%s%s: %s", args.size ? ", " : "", g->x[i] = tl_fresh(e), tl_elem(g->in[i].type.dtype));
  for (int i = 0; i < g->n_out; i++)
    text_addf(&args, "%s%s: %s", args.size ? ", " : "", g->acc[i] = tl_fresh(e), tl_elem(g->out[i].type.dtype));
  const char *r = tl_fresh(e);
  for (int i = 0; i < g->n_out; i++)
    g->result[i] = g->n_out == 1 ? r : tl_str(e, "%s#%d", r, i);
  tl_raw(e, "  %s%s = linalg.generic {indexing_maps = [%s], iterator_types = [%s]} ", r, g->n_out == 1 ? "" : tl_str(e, ":%d", g->n_out), text_str(&maps), iterators(e, g));
  if (g->n_in)
    tl_raw(e, "ins(%s) ", typed(e, g->in, g->n_in));
  tl_raw(e, "outs(%s) {\n  ^bb0(%s):\n", typed(e, g->out, g->n_out), text_str(&args));
}

void tl_generic_close(tl_emit *e, const tl_generic *g, const char *const *yields) {
  tl_raw(e, "  linalg.yield ");
  for (int i = 0; i < g->n_out; i++)
    tl_raw(e, "%s%s", i ? ", " : "", yields[i]);
  for (int i = 0; i < g->n_out; i++)
    tl_raw(e, "%s%s", i ? ", " : " : ", tl_elem(g->out[i].type.dtype));
  tl_raw(e, "\n  } -> %s", g->n_out > 1 ? "(" : "");
  for (int i = 0; i < g->n_out; i++)
    tl_raw(e, "%s%s", i ? ", " : "", tl_text(e, g->out[i].type));
  tl_raw(e, "%s\n", g->n_out > 1 ? ")" : "");
}

const char *tl_dims_map(tl_emit *e, const int *dims, int n) {
  text t = text_new(e->mem);
  text_add(&t, "(");
  for (int i = 0; i < n; i++)
    text_addf(&t, dims[i] < 0 ? "%s0" : "%sd%d", i ? ", " : "", dims[i]);
  text_add(&t, ")");
  return text_str(&t);
}

const char *tl_broadcast_map(tl_emit *e, const tl_type *in, const tl_type *out) {
  int dims[TL_RANK_MAX];
  for (int d = 0; d < in->rank; d++) {
    int at = d + out->rank - in->rank;
    dims[d] = in->dim[d] == 1 && out->dim[at] != 1 ? -1 : at;
  }
  return tl_dims_map(e, dims, in->rank);
}

void tl_sizes(tl_emit *e, tl_val v, const char **size) {
  for (int d = 0; d < v.type.rank; d++)
    size[d] = v.type.dim[d] == TL_DYNAMIC ? tl_size(e, v, d) : NULL;
}

/* The operand whose dim is the one of `out`, if one has it as unknown or as more than 1. */
loom_status tl_broadcast_sizes(tl_emit *e, const tl_type *out, const tl_val *in, int n, const char **size) {
  for (int d = 0; d < out->rank; d++) {
    size[d] = NULL;
    for (int i = 0; i < n && out->dim[d] == TL_DYNAMIC && !size[d]; i++) {
      int at = d - out->rank + in[i].type.rank;
      if (in[i].type.kind == TL_TENSOR && at >= 0 && in[i].type.dim[at] != 1)
        size[d] = tl_size(e, in[i], at);
    }
    if (out->dim[d] == TL_DYNAMIC && !size[d])
      return tl_refuse(e, "no operand tells the size of dim %d of the result", d);
  }
  return LOOM_OK;
}

static loom_status check_broadcast(tl_emit *e, const tl_type *in, const tl_type *out) {
  if (in->rank > out->rank)
    return tl_invalid(e, "an operand of rank %d does not fit a result of rank %d", in->rank, out->rank);
  for (int d = 0; d < in->rank; d++) {
    int64_t a = in->dim[d], b = out->dim[d + out->rank - in->rank];
    if (a != b && a != 1 && a != TL_DYNAMIC && b != TL_DYNAMIC)
      return tl_invalid(e, "dim %d of an operand is %" PRId64 ", that of the result %" PRId64, d, a, b);
  }
  return LOOM_OK;
}

static loom_status map_open(tl_emit *e, tl_type out, const char *const *size, const tl_val *in, int n, tl_generic *g) {
  *g = (tl_generic){.rank = out.rank, .n_out = 1};
  for (int i = 0; i < n; i++)
    if (in[i].type.kind == TL_TENSOR) {
      LOOM_TRY(check_broadcast(e, &in[i].type, &out));
      g->in_map[g->n_in] = tl_broadcast_map(e, &in[i].type, &out);
      g->in[g->n_in++] = in[i];
    }
  g->out[0] = tl_empty(e, out, size);
  tl_generic_open(e, g);
  return LOOM_OK;
}

loom_status tl_map_open(tl_emit *e, tl_type out, const tl_val *in, int n, tl_generic *g) {
  const char *size[TL_RANK_MAX];
  LOOM_TRY(tl_broadcast_sizes(e, &out, in, n, size));
  return map_open(e, out, size, in, n, g);
}

loom_status tl_broadcast(tl_emit *e, tl_val v, tl_type out, const char *const *size, tl_val *result) {
  tl_generic g;
  if (tl_same_shape(&v.type, &out) && tl_is_static(&out)) {
    *result = v;
    return LOOM_OK;
  }
  out.dtype = v.type.dtype;
  LOOM_TRY(map_open(e, out, size, &v, 1, &g));
  *result = tl_map_close(e, &g, g.x[0]);
  return LOOM_OK;
}

tl_val tl_convert(tl_emit *e, tl_val v, dtype to) {
  tl_generic g;
  if (v.type.dtype == to)
    return v;
  tl_type out = tl_with_dtype(v.type, to);
  const char *size[TL_RANK_MAX];
  tl_sizes(e, v, size);
  g = (tl_generic){.rank = out.rank, .n_in = 1, .n_out = 1, .in = {v}, .out = {tl_empty(e, out, size)}};
  tl_generic_open(e, &g);
  return tl_map_close(e, &g, tl_cast(e, g.x[0], v.type.dtype, to));
}
