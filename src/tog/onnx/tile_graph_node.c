/* What each kind of node says. */
#include "base/text.h"
#include "tog/onnx/tile_graph_private.h"
#include <stdlib.h>

/* The innermost open loop that runs `variable`; -1: none. */
static int find_loop(const tile_reader *r, const char *variable) {
  for (size_t i = r->open.n; i-- > 0;)
    if (text_eq(r->g->nodes.at[r->open.at[i]].variable, variable))
      return r->open.at[i];
  return -1;
}

static tile_loop_type type_of(const tile_reader *r, int loop) { return r->g->nodes.at[loop].loop_type; }

static loom_status read_loop(tile_reader *r, tile_node *n) {
  const char *type;
  LOOM_TRY(tile_need_string(r, "torchsim_loop_idx", &n->variable));
  LOOM_TRY(tile_need_int(r, "torchsim_start", -TILE_GRAPH_VALUE_MAX, TILE_GRAPH_VALUE_MAX, &n->start));
  LOOM_TRY(tile_need_int(r, "torchsim_end", -TILE_GRAPH_VALUE_MAX, TILE_GRAPH_VALUE_MAX, &n->end));
  LOOM_TRY(tile_need_int(r, "torchsim_stride", 1, TILE_GRAPH_VALUE_MAX, &n->stride));
  if (!*n->variable || n->variable[0] == 'c')
    return tile_fail(r, LOOM_EINPUT, "a loop's variable is named '%s'; it must not begin with 'c', which marks constants", n->variable);
  if (find_loop(r, n->variable) >= 0)
    return tile_fail(r, LOOM_EINPUT, "'%s' is already the variable of a loop around this one", n->variable);
  if (!tile_has(r, "torchsim_loop_type"))   /* a plain one */
    return LOOM_OK;
  LOOM_TRY(tile_need_string(r, "torchsim_loop_type", &type));
  static const char *const types[] = {
#define X(name, s) s,
      TILE_LOOP_LIST(X)
#undef X
  };
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (text_eq(type, types[i])) {
      n->loop_type = (tile_loop_type)i;
      return LOOM_OK;
    }
  tile_fail(r, LOOM_EINPUT, "unknown type of loop '%s'", type);
  const char *near = diag_nearest(type, types, sizeof types / sizeof *types);
  diag_help(r->ctx, near ? "did you mean '%s'?" : "it is outer_loop, accumulation_loop, inner_loop or normal_loop", near);
  return LOOM_EINPUT;
}

static loom_status read_tensor(tile_reader *r, tile_node *n) {
  const char *name;
  LOOM_TRY(tile_need_string(r, "torchsim_base_addr", &name));
  for (size_t i = 0; i < r->g->tensors.n; i++)
    if (text_eq(r->g->tensors.at[i].name, name)) {
      n->tensor = (int)i;
      return LOOM_OK;
    }
  n->tensor = (int)r->g->tensors.n;
  vec_push(&r->ctx->mem, &r->g->tensors, (tile_tensor){.name = name});
  return LOOM_OK;
}

/* A tag list entry that names no loop around the node counts as 0: upstream writes "0" and names of values there. */
static tile_term tag_term(const tile_reader *r, const char *name, int64_t divider, int64_t stride) {
  return (tile_term){.loop = find_loop(r, name), .divider = divider, .stride = stride};
}

static loom_status need_equal(tile_reader *r, const char *a, size_t n, const char *b, size_t m) {
  return n == m ? LOOM_OK : tile_fail(r, LOOM_EINPUT, "'%s' has %zu entries, '%s' has %zu; they go together", a, n, b, m);
}

static loom_status read_offset(tile_reader *r, tile_node *n) {
  const char *const *names;
  const int64_t *strides;
  size_t n_names, n_strides;
  LOOM_TRY(tile_need_strings(r, "torchsim_loop_idx_list", &names, &n_names));
  LOOM_TRY(tile_need_ints(r, "torchsim_loop_stride_list", &strides, &n_strides));
  LOOM_TRY(need_equal(r, "torchsim_loop_idx_list", n_names, "torchsim_loop_stride_list", n_strides));
  size_t inner = 0;
  for (size_t i = 0; i < n_names; i++) {
    tile_term t = {.loop = -1, .divider = 1, .stride = strides[i]};
    if (names[i][0] == 'c') {
      char *end;
      t.value = strtoll(names[i] + 1, &end, 10);
      if (!names[i][1] || *end || t.value < -TILE_GRAPH_VALUE_MAX || t.value > TILE_GRAPH_VALUE_MAX)
        return tile_fail(r, LOOM_EINPUT, "'%s' in 'torchsim_loop_idx_list' is no constant; expected c and a number, as c128", names[i]);
    } else {
      t.loop = find_loop(r, names[i]);
      if (t.loop < 0)
        return tile_fail(r, LOOM_EINPUT, "'%s' in 'torchsim_loop_idx_list' is not the variable of a loop around the node", names[i]);
      inner += type_of(r, t.loop) == TILE_LOOP_INNER;
    }
    vec_push(&r->ctx->mem, &n->offset, t);
  }
  for (size_t i = 0; i + inner < n_names; i++)   /* the accumulation loops stand before the inner ones */
    if (n->offset.at[i].loop >= 0 && type_of(r, n->offset.at[i].loop) == TILE_LOOP_ACCUMULATION)
      vec_push(&r->ctx->mem, &n->accumulation, ((tile_term){.loop = n->offset.at[i].loop, .divider = 1, .stride = 1}));
  return LOOM_OK;
}

static loom_status read_load_tag(tile_reader *r, tile_node *n) {
  const char *const *names;
  const int64_t *strides;
  size_t n_names, n_strides;
  LOOM_TRY(tile_need_strings(r, "torchsim_tag_idx_list", &names, &n_names));
  LOOM_TRY(tile_need_ints(r, "torchsim_tag_stride_list", &strides, &n_strides));
  LOOM_TRY(need_equal(r, "torchsim_tag_idx_list", n_names, "torchsim_tag_stride_list", n_strides));
  for (size_t i = 0; i < n_names; i++) {
    tile_term t = tag_term(r, names[i], 1, strides[i]);
    if (t.loop >= 0) {   /* subtiles are counted, of one array's width at most */
      int64_t step = r->g->nodes.at[t.loop].stride;
      t.divider = step < r->g->systolic_size ? step : r->g->systolic_size;
    }
    vec_push(&r->ctx->mem, &n->tag, t);
  }
  return LOOM_OK;
}

static loom_status read_transfer(tile_reader *r, tile_node *n) {
  const int64_t *extent, *step;
  size_t rank, steps;
  int64_t flag = 0;
  LOOM_TRY(read_tensor(r, n));
  LOOM_TRY(tile_need_ints(r, "torchsim_tile_size", &extent, &rank));
  LOOM_TRY(tile_need_ints(r, "torchsim_tile_stride", &step, &steps));
  LOOM_TRY(need_equal(r, "torchsim_tile_size", rank, "torchsim_tile_stride", steps));
  if (rank < 1 || rank > TILE_GRAPH_RANK_MAX)
    return tile_fail(r, LOOM_EINPUT, "the tile has %zu dims; must be 1..%d", rank, TILE_GRAPH_RANK_MAX);
  n->rank = (int)rank;
  for (size_t d = 0; d < rank; d++) {
    if (extent[d] < 1 || extent[d] > INT32_MAX)
      return tile_fail(r, LOOM_EINPUT, "the tile's extent is %" PRId64 "; must be 1..2^31-1", extent[d]);
    n->extent[d] = extent[d];
    n->step[d] = step[d];
  }
  LOOM_TRY(tile_need_int(r, "torchsim_element_size", 1, 64, &n->elem_bytes));
  if (tile_has(r, "torchsim_is_async"))
    LOOM_TRY(tile_need_int(r, "torchsim_is_async", 0, 1, &flag));
  n->is_async = flag;
  flag = 0;
  if (tile_has(r, "torchsim_indirect_mode"))
    LOOM_TRY(tile_need_int(r, "torchsim_indirect_mode", 0, 1, &flag));
  n->is_indirect = flag;
  LOOM_TRY(read_offset(r, n));
  return n->kind == TILE_LOAD ? read_load_tag(r, n) : LOOM_OK;
}

/* The strides of accumulation loops are written as -1 and count nothing. */
static loom_status read_wait(tile_reader *r, tile_node *n) {
  const char *const *names;
  const int64_t *strides, *dividers;
  size_t n_names, n_strides, n_dividers, at = 0;
  LOOM_TRY(read_tensor(r, n));
  LOOM_TRY(tile_need_strings(r, "torchsim_tag_idx_list", &names, &n_names));
  LOOM_TRY(tile_need_ints(r, "torchsim_tag_stride_list", &strides, &n_strides));
  LOOM_TRY(tile_need_ints(r, "torchsim_tag_divider_list", &dividers, &n_dividers));
  LOOM_TRY(need_equal(r, "torchsim_tag_idx_list", n_names, "torchsim_tag_divider_list", n_dividers));
  for (size_t i = 0; i < n_names; i++) {
    int loop = find_loop(r, names[i]);
    if (loop >= 0 && type_of(r, loop) == TILE_LOOP_ACCUMULATION) {
      vec_push(&r->ctx->mem, &n->accumulation, ((tile_term){.loop = loop, .divider = 1, .stride = 1}));
      continue;
    }
    if (dividers[i] < 1)
      return tile_fail(r, LOOM_EINPUT, "'torchsim_tag_divider_list' has %" PRId64 "; must be 1 or more", dividers[i]);
    while (at < n_strides && strides[at] == -1)
      at++;
    if (at < n_strides)
      vec_push(&r->ctx->mem, &n->tag, tag_term(r, names[i], dividers[i], strides[at]));
    at++;
  }
  while (at < n_strides && strides[at] == -1)
    at++;
  if (at != n_strides)
    return tile_fail(r, LOOM_EINPUT, "'torchsim_tag_stride_list' needs one stride for each entry of 'torchsim_tag_idx_list' that is no accumulation loop, and -1 for the others");
  return LOOM_OK;
}

static loom_status read_compute(tile_reader *r, tile_node *n) {
  int64_t unit = 0;
  LOOM_TRY(tile_need_int(r, "torchsim_cycle", 0, TILE_GRAPH_VALUE_MAX, &n->cycles));
  if (tile_has(r, "torchsim_overlapping_cycle"))
    LOOM_TRY(tile_need_int(r, "torchsim_overlapping_cycle", 0, TILE_GRAPH_VALUE_MAX, &n->overlap));
  if (tile_has(r, "torchsim_compute_type"))
    LOOM_TRY(tile_need_int(r, "torchsim_compute_type", 0, TILE_UNITS - 1, &unit));
  n->unit = (tile_unit)unit;
  return LOOM_OK;
}

loom_status tile_read_node(tile_reader *r, tile_node *n) {
  switch (n->kind) {
  case TILE_LOOP: return read_loop(r, n);
  case TILE_LOAD:
  case TILE_STORE: return read_transfer(r, n);
  case TILE_WAIT: return read_wait(r, n);
  case TILE_COMPUTE: return read_compute(r, n);
  default: return LOOM_OK;
  }
}
