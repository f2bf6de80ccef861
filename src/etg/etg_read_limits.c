/* What a variant says about block sizes: symbols, booleans, trip counts, memory and hard constraints. */
#include "base/text.h"
#include "etg/etg_private.h"

static loom_status read_symbols(loom_ctx *ctx, const data_value *metadata, etg_variant *out) {
  data_value *o;
  LOOM_TRY(data_need(ctx, metadata, "symbols", DATA_OBJECT, &o));
  for (size_t i = 0; i < o->n; i++) {
    const data_value *x = o->members[i].value;
    etg_symbol s = {.name = o->members[i].key, .is_bare = x->kind == DATA_STRING};
    const data_value *type = s.is_bare ? x : data_get(x, "type");
    if (type && (type->kind != DATA_STRING || !text_eq(type->string, "int")))
      LOOM_FAIL(ctx, type->span, LOOM_EINPUT, "symbol '%s' is not an \"int\"; other types are unknown", s.name);
    if (!s.is_bare && x->kind != DATA_OBJECT)
      LOOM_FAIL(ctx, x->span, LOOM_EINPUT, "symbol '%s' must be \"int\" or an object with alignment and natural_ub; found %s", s.name, data_kind_name(x->kind));
    ETG_KNOWN_KEYS(ctx, x, "type", "alignment", "natural_ub");
    if (data_get(x, "alignment"))
      LOOM_TRY(data_need_int(ctx, x, "alignment", 1, INT32_MAX, &s.align));
    if (data_get(x, "natural_ub"))
      LOOM_TRY(data_need_int(ctx, x, "natural_ub", 1, INT64_MAX, &s.upper));
    vec_push(&ctx->mem, &out->symbols, s);
  }
  return LOOM_OK;
}

static loom_status read_booleans(loom_ctx *ctx, const data_value *metadata, etg_variant *out) {
  out->has_booleans = data_get(metadata, "booleans");
  return out->has_booleans ? etg_read_names(ctx, metadata, "booleans", &out->booleans) : LOOM_OK;
}

/* ---- trip counts ---- */

static bool is_pair(const data_value *v) { return v->kind == DATA_ARRAY && v->n == 2 && v->items[1]->kind == DATA_BOOL; }

/* An expression, or [expression, does it divide]. */
static loom_status read_trip(loom_ctx *ctx, const data_value *v, etg_trip *out) {
  *out = (etg_trip){.divides = !is_pair(v) ? ETG_NOT_TOLD : v->items[1]->boolean ? ETG_DIVIDES : ETG_MAY_NOT_DIVIDE};
  if (v->kind == DATA_ARRAY && !is_pair(v))
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "a trip count must be an expression or [expression, true or false]");
  return etg_read_number(ctx, is_pair(v) ? v->items[0] : v, &out->trips);
}

static loom_status read_trips(loom_ctx *ctx, const data_value *metadata, etg_variant *out) {
  const data_value *iter = data_get(metadata, "iter_num"), *sequential = data_get(iter, "seq_iter");
  etg_trip t;
  ETG_KNOWN_KEYS(ctx, iter, "temp_iter", "seq_iter");
  if (data_get(iter, "temp_iter")) {
    data_value *list;
    LOOM_TRY(data_need(ctx, iter, "temp_iter", DATA_ARRAY, &list));
    for (size_t i = 0; i < list->n; i++) {
      LOOM_TRY(read_trip(ctx, list->items[i], &t));
      vec_push(&ctx->mem, &out->temporal, t);
    }
  }
  out->sequential_is_list = sequential && sequential->kind == DATA_ARRAY && !is_pair(sequential);
  for (size_t i = 0; sequential && i < (out->sequential_is_list ? sequential->n : 1); i++) {
    LOOM_TRY(read_trip(ctx, out->sequential_is_list ? sequential->items[i] : sequential, &t));
    vec_push(&ctx->mem, &out->sequential, t);
  }
  return LOOM_OK;
}

/* ---- memory ---- */

static bool has_double_buffer(const etg_variant *v) {
  for (size_t i = 0; i < v->booleans.n; i++)
    if (text_eq(v->booleans.at[i], "is_double_buffer"))
      return true;
  return false;
}

/* Generation 3: bytes in each memory. */
static loom_status read_memory(loom_ctx *ctx, const data_value *v, etg_variant *out) {
  etg_memory x = {.span = v->span};
  LOOM_TRY(data_need_string(ctx, v, "memory", &x.name));
  LOOM_TRY(data_need_int(ctx, v, "capacity_bytes", 0, INT64_MAX, &x.capacity));
  LOOM_TRY(etg_read_numbers(ctx, v, "load_bytes", &x.load));
  LOOM_TRY(etg_read_numbers(ctx, v, "compute_bytes", &x.compute));
  LOOM_TRY(etg_read_numbers(ctx, v, "store_bytes", &x.store));
  ETG_KNOWN_KEYS(ctx, v, "memory", "capacity_bytes", "load_bytes", "compute_bytes", "store_bytes");
  for (size_t i = 0; i < out->memories.n; i++)
    if (text_eq(out->memories.at[i].name, x.name))
      LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "memory '%s' has two footprints", x.name);
  if (x.load.n && !has_double_buffer(out)) {
    diag_error(ctx, v->span, LOOM_EINPUT, "memory '%s' holds loads, and 'booleans' does not name is_double_buffer", x.name);
    diag_help(ctx, "whether loads have two buffers decides how much they take; write \"booleans\": [\"is_double_buffer\"]");
    return LOOM_EINPUT;
  }
  vec_push(&ctx->mem, &out->memories, x);
  return LOOM_OK;
}

static loom_status read_memories(loom_ctx *ctx, const data_value *metadata, etg_variant *out) {
  const data_value *old = data_get(metadata, "L1_footprint");
  data_value *list;
  out->has_memories = true;
  if (old)
    LOOM_FAIL(ctx, old->span, LOOM_EINPUT, "the variant has both 'memory_footprints' (bytes) and 'L1_footprint' (elements); keep the first");
  LOOM_TRY(data_need(ctx, metadata, "memory_footprints", DATA_ARRAY, &list));
  for (size_t i = 0; i < list->n; i++)
    LOOM_TRY(read_memory(ctx, list->items[i], out));
  return LOOM_OK;
}

/* Elements: a list (generation 1) or load, compute, store and the capacity in bytes (generation 2). */
static loom_status read_footprint(loom_ctx *ctx, const data_value *metadata, etg_variant *out) {
  const data_value *v = data_get(metadata, "L1_footprint");
  out->has_memories = v;
  if (!v)
    return LOOM_OK;
  etg_memory x = {.span = v->span};
  if (v->kind == DATA_ARRAY) {
    LOOM_TRY(etg_read_numbers(ctx, metadata, "L1_footprint", &x.load));
  } else {
    dtype t;
    x.name = "L1";
    x.capacity = ETG_CAPACITY_UNTOLD;
    if (data_get(v, "capacity"))
      LOOM_TRY(data_need_int(ctx, v, "capacity", 0, INT64_MAX, &x.capacity));
    LOOM_TRY(etg_read_numbers(ctx, v, "load", &x.load));
    LOOM_TRY(etg_read_numbers(ctx, v, "compute", &x.compute));
    LOOM_TRY(etg_read_numbers(ctx, v, "store", &x.store));
    ETG_KNOWN_KEYS(ctx, v, "capacity", "load", "compute", "store");
    if (!out->datatype)
      LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "the footprint counts elements, and 'datatype' is missing");
    if (!dtype_parse(out->datatype, &t))
      LOOM_FAIL(ctx, data_get(metadata, "datatype")->span, LOOM_EINPUT, "unknown datatype '%s'", out->datatype);
  }
  vec_push(&ctx->mem, &out->memories, x);
  return LOOM_OK;
}

loom_status etg_read_limits(loom_ctx *ctx, const data_value *variant, etg_variant *out) {
  data_value *scope, *metadata, *hard;
  LOOM_TRY(data_need(ctx, variant, "constraint_scope", DATA_OBJECT, &scope));
  LOOM_TRY(data_need(ctx, scope, "metadata", DATA_OBJECT, &metadata));
  ETG_KNOWN_KEYS(ctx, scope, "metadata", "hard_constraints");
  ETG_KNOWN_KEYS(ctx, metadata, "datatype", "booleans", "symbols", "iter_num", "L1_footprint", "memory_footprints");
  if (data_get(metadata, "datatype"))
    LOOM_TRY(data_need_string(ctx, metadata, "datatype", &out->datatype));
  LOOM_TRY(read_symbols(ctx, metadata, out));
  LOOM_TRY(read_booleans(ctx, metadata, out));
  LOOM_TRY(read_trips(ctx, metadata, out));
  LOOM_TRY(out->generation == 3 ? read_memories(ctx, metadata, out) : read_footprint(ctx, metadata, out));
  if (!data_get(scope, "hard_constraints"))
    return LOOM_OK;
  LOOM_TRY(data_need(ctx, scope, "hard_constraints", DATA_ARRAY, &hard));
  for (size_t i = 0; i < hard->n; i++) {
    etg_expr e;
    LOOM_TRY(etg_read_condition(ctx, hard->items[i], &e));
    vec_push(&ctx->mem, &out->hard, e);
  }
  return LOOM_OK;
}
