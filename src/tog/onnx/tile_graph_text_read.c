/* A tile graph from loom.tile_graph.v1.  Every error has its place in the file. */
#include "base/text.h"
#include "tog/onnx/tile_graph_private.h"
#include <stdlib.h>

enum { NAME_BYTES_MAX = 256 };
typedef struct text_name { const char *name; int node; } text_name;
typedef struct text_reader {
  loom_ctx *ctx;
  tile_graph *g;
  int open[TILE_GRAPH_DEPTH_MAX], n_open;
  VEC_OF(const data_value *) values;    /* of the nodes */
} text_reader;

#define COUNT(a) (sizeof(a) / sizeof *(a))

static loom_status check_name(text_reader *r, const data_value *v, const char **out) {
  if (v->kind != DATA_STRING || !*v->string)
    LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "a name is expected here, not %s", v->kind == DATA_STRING ? "an empty text" : data_kind_name(v->kind));
  if (strlen(v->string) > NAME_BYTES_MAX)
    LOOM_FAIL(r->ctx, v->span, LOOM_ELIMIT, "a name of %zu bytes; at most %d are read", strlen(v->string), NAME_BYTES_MAX);
  for (const char *s = v->string; *s; s++)
    if (*s < 0x20 || *s > 0x7e)
      LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "a name has the byte 0x%02x; expected printable ASCII", (unsigned char)*s);
  *out = v->string;
  return LOOM_OK;
}

static loom_status need_name(text_reader *r, const data_value *v, const char *key, const char **out) {
  data_value *x;
  LOOM_TRY(data_need(r->ctx, v, key, DATA_STRING, &x));
  return check_name(r, x, out);
}

/* An absent list is empty. */
static loom_status read_list(text_reader *r, const data_value *v, const char *key, size_t most, data_value **out) {
  *out = NULL;
  if (!data_get(v, key))
    return LOOM_OK;
  LOOM_TRY(data_need(r->ctx, v, key, DATA_ARRAY, out));
  if ((*out)->n > most)
    LOOM_FAIL(r->ctx, (*out)->span, LOOM_ELIMIT, "'%s' has %zu entries; at most %zu are read", key, (*out)->n, most);
  return LOOM_OK;
}
static size_t list_size(const data_value *list) { return list ? list->n : 0; }

static loom_status read_number(text_reader *r, const data_value *v, int64_t lo, int64_t hi, int64_t *out) {
  if (v->kind != DATA_INT)
    LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "a whole number is expected here, not %s", data_kind_name(v->kind));
  if (v->integer < lo || v->integer > hi)
    LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "%" PRId64 " is out of range; must be %" PRId64 "..%" PRId64, v->integer, lo, hi);
  *out = v->integer;
  return LOOM_OK;
}

static loom_status read_flag(text_reader *r, const data_value *v, const char *key, bool *out) {
  data_value *x;
  if (!data_get(v, key))
    return LOOM_OK;
  LOOM_TRY(data_need(r->ctx, v, key, DATA_BOOL, &x));
  *out = x->boolean;
  return LOOM_OK;
}

/* The word of `key` among `words`. */
static loom_status read_word(text_reader *r, const data_value *v, const char *const *words, size_t n, int *out) {
  if (v->kind == DATA_STRING)
    for (size_t i = 0; i < n; i++)
      if (text_eq(v->string, words[i])) {
        *out = (int)i;
        return LOOM_OK;
      }
  text all = text_new(&r->ctx->scratch);
  for (size_t i = 0; i < n; i++)
    text_addf(&all, "%s%s", i ? i + 1 < n ? ", " : " or " : "", words[i]);
  return diag_error(r->ctx, v->span, LOOM_EINPUT, "%s%.60s%s; expected %s", v->kind == DATA_STRING ? "'" : "", v->kind == DATA_STRING ? v->string : data_kind_name(v->kind),
                    v->kind == DATA_STRING ? "'" : "", text_str(&all));
}

/* ---- terms ---- */

static loom_status read_source(text_reader *r, const data_value *v, tile_term *t) {
  if (v->kind == DATA_INT) {
    t->loop = -1;
    return read_number(r, v, -TILE_GRAPH_VALUE_MAX, TILE_GRAPH_VALUE_MAX, &t->value);
  }
  const char *name;
  LOOM_TRY(check_name(r, v, &name));
  for (size_t k = 0; name[0] == '$' && k < r->g->symbols.n; k++)
    if (text_eq(r->g->symbols.at[k], name + 1)) {
      t->loop = TILE_SYMBOL((int)k);
      return LOOM_OK;
    }
  for (int i = r->n_open; i-- > 0;)
    if (text_eq(r->g->nodes.at[r->open[i]].variable, name)) {
      t->loop = r->open[i];
      return LOOM_OK;
    }
  if (name[0] == '$')
    LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "'%s' is none of the graph's symbols", name);
  LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "'%s' is not the variable of a loop around the node", name);
}

static loom_status read_terms(text_reader *r, const data_value *v, const char *key, tile_terms *out) {
  data_value *list;
  LOOM_TRY(read_list(r, v, key, TILE_GRAPH_LIST_MAX, &list));
  for (size_t i = 0; i < list_size(list); i++) {
    const data_value *x = list->items[i];
    tile_term t = {.divider = 1};
    if (x->kind != DATA_ARRAY || x->n < 2 || x->n > 3)
      LOOM_FAIL(r->ctx, x->span, LOOM_EINPUT, "an entry of '%s' is [loop, $symbol or number, factor] or [.., factor, divider]", key);
    LOOM_TRY(read_source(r, x->items[0], &t));
    LOOM_TRY(read_number(r, x->items[1], -TILE_GRAPH_VALUE_MAX, TILE_GRAPH_VALUE_MAX, &t.stride));
    if (x->n == 3)
      LOOM_TRY(read_number(r, x->items[2], 1, TILE_GRAPH_VALUE_MAX, &t.divider));
    vec_push(&r->ctx->mem, out, t);
  }
  return LOOM_OK;
}

/* ---- nodes ---- */

static loom_status read_body(text_reader *r, const data_value *v);

static loom_status read_loop(text_reader *r, const data_value *v, tile_node *n) {
  static const char *const keys[] = {"name", "loop", "type", "start", "end", "stride", "end_sum", "end_most", "body"};
  static const char *const types[] = {
#define X(t, s) s,
      TILE_LOOP_LIST(X)
#undef X
  };
  int type = 0;
  data_value *word;
  LOOM_TRY(data_only_keys(r->ctx, v, keys, COUNT(keys)));
  LOOM_TRY(need_name(r, v, "loop", &n->variable));
  for (int i = 0; i < r->n_open; i++)
    if (text_eq(r->g->nodes.at[r->open[i]].variable, n->variable))
      LOOM_FAIL(r->ctx, data_get(v, "loop")->span, LOOM_EINPUT, "'%s' is already the variable of a loop around this one", n->variable);
  if (n->variable[0] == 'c' || n->variable[0] == '$')
    LOOM_FAIL(r->ctx, data_get(v, "loop")->span, LOOM_EINPUT, "a loop's variable is named '%s'; it must not begin with 'c' or '$', which mark constants and symbols", n->variable);
  LOOM_TRY(data_need(r->ctx, v, "type", DATA_STRING, &word));
  LOOM_TRY(read_word(r, word, types, COUNT(types), &type));
  n->loop_type = (tile_loop_type)type;
  LOOM_TRY(data_need_int(r->ctx, v, "start", -TILE_GRAPH_VALUE_MAX, TILE_GRAPH_VALUE_MAX, &n->start));
  LOOM_TRY(data_need_int(r->ctx, v, "end", -TILE_GRAPH_VALUE_MAX, TILE_GRAPH_VALUE_MAX, &n->end));
  LOOM_TRY(data_need_int(r->ctx, v, "stride", 1, TILE_GRAPH_VALUE_MAX, &n->stride));
  if (r->n_open == TILE_GRAPH_DEPTH_MAX)
    LOOM_FAIL(r->ctx, v->span, LOOM_ELIMIT, "loops are nested deeper than %d", TILE_GRAPH_DEPTH_MAX);
  if (data_get(v, "end_most"))
    LOOM_TRY(data_need_int(r->ctx, v, "end_most", 1, TILE_GRAPH_VALUE_MAX, &n->end_most));
  return read_terms(r, v, "end_sum", &n->end_sum);
}

static loom_status read_tensor(text_reader *r, const data_value *v, const char *key, tile_node *n) {
  const char *name;
  LOOM_TRY(need_name(r, v, key, &name));
  for (size_t i = 0; i < r->g->tensors.n; i++)
    if (text_eq(r->g->tensors.at[i].name, name)) {
      n->tensor = (int)i;
      return LOOM_OK;
    }
  LOOM_FAIL(r->ctx, data_get(v, key)->span, LOOM_EINPUT, "'%s' is none of the graph's tensors", name);
}

static loom_status read_masks(text_reader *r, const data_value *v, tile_node *n) {
  static const char *const keys[] = {"dim", "low", "high"};
  data_value *list;
  LOOM_TRY(read_list(r, v, "masks", TILE_GRAPH_LIST_MAX, &list));
  for (size_t i = 0; i < list_size(list); i++) {
    tile_mask m = {0};
    int64_t dim;
    LOOM_TRY(data_only_keys(r->ctx, list->items[i], keys, COUNT(keys)));
    LOOM_TRY(data_need_int(r->ctx, list->items[i], "dim", 0, n->rank - 1, &dim));
    m.dim = (int)dim;
    LOOM_TRY(read_terms(r, list->items[i], "low", &m.low));
    LOOM_TRY(read_terms(r, list->items[i], "high", &m.high));
    vec_push(&r->ctx->mem, &n->masks, m);
  }
  return LOOM_OK;
}

static loom_status read_rows(text_reader *r, const data_value *v, tile_node *n) {
  static const char *const keys[] = {"count", "step", "dim"};
  data_value *rows;
  int64_t dim;
  if (!data_get(v, "rows"))
    return LOOM_OK;
  LOOM_TRY(data_need(r->ctx, v, "rows", DATA_OBJECT, &rows));
  LOOM_TRY(data_only_keys(r->ctx, rows, keys, COUNT(keys)));
  LOOM_TRY(data_need_int(r->ctx, rows, "count", 1, UINT32_MAX, &n->rows));
  LOOM_TRY(data_need_int(r->ctx, rows, "step", 0, UINT32_MAX, &n->row_step));
  LOOM_TRY(data_need_int(r->ctx, rows, "dim", -1, n->rank - 1, &dim));
  n->row_dim = (int)dim;
  if (!n->is_indirect)
    LOOM_FAIL(r->ctx, rows->span, LOOM_EINPUT, "'rows' says what the indices of an indirect transfer are; this one is not indirect");
  return LOOM_OK;
}

static loom_status read_transfer(text_reader *r, const data_value *v, tile_node *n) {
  data_value *extent, *step;
  LOOM_TRY(data_need(r->ctx, v, "extent", DATA_ARRAY, &extent));
  LOOM_TRY(data_need(r->ctx, v, "step", DATA_ARRAY, &step));
  if (extent->n < 1 || extent->n > TILE_GRAPH_RANK_MAX)
    LOOM_FAIL(r->ctx, extent->span, LOOM_EINPUT, "the tile has %zu dims; must be 1..%d", extent->n, TILE_GRAPH_RANK_MAX);
  if (step->n != extent->n)
    LOOM_FAIL(r->ctx, step->span, LOOM_EINPUT, "'step' has %zu entries, 'extent' has %zu; they go together", step->n, extent->n);
  n->rank = (int)extent->n;
  for (size_t d = 0; d < extent->n; d++) {
    LOOM_TRY(read_number(r, extent->items[d], 1, INT32_MAX, &n->extent[d]));
    LOOM_TRY(read_number(r, step->items[d], -TILE_GRAPH_VALUE_MAX, TILE_GRAPH_VALUE_MAX, &n->step[d]));
  }
  LOOM_TRY(data_need_int(r->ctx, v, "elem_bytes", 1, 64, &n->elem_bytes));
  LOOM_TRY(read_terms(r, v, "offset", &n->offset));
  LOOM_TRY(read_flag(r, v, "async", &n->is_async));
  LOOM_TRY(read_flag(r, v, "indirect", &n->is_indirect));
  LOOM_TRY(read_rows(r, v, n));
  return read_masks(r, v, n);
}

static loom_status read_uses(text_reader *r, const data_value *v, tile_node *n) {
  data_value *list;
  LOOM_TRY(read_list(r, v, "uses", SIZE_MAX, &list));
  for (size_t i = 0; i < list_size(list); i++) {
    static const char *const words[] = {
#define X(a, s) s,
        TILE_ACCESS_LIST(X)
#undef X
    };
    const data_value *x = list->items[i];
    const char *name;
    int access, buffer = -1;
    if (x->kind != DATA_ARRAY || x->n != 2)
      LOOM_FAIL(r->ctx, x->span, LOOM_EINPUT, "an entry of 'uses' is [buffer, \"read\", \"write\" or \"update\"]");
    LOOM_TRY(check_name(r, x->items[0], &name));
    for (size_t k = 0; k < r->g->buffers.n; k++)
      if (text_eq(r->g->buffers.at[k].name, name))
        buffer = (int)k;
    if (buffer < 0)
      LOOM_FAIL(r->ctx, x->items[0]->span, LOOM_EINPUT, "'%s' is none of the graph's buffers", name);
    LOOM_TRY(read_word(r, x->items[1], words, COUNT(words), &access));
    vec_push(&r->ctx->mem, &n->uses, ((tile_use){buffer, (tile_access)access}));
  }
  return LOOM_OK;
}

/* `kind`: the key that says what it is. */
static loom_status read_plain(text_reader *r, const data_value *v, const char *kind, tile_node *n) {
  static const char *const transfer_keys[] = {"name", "load", "store", "extent", "step", "elem_bytes", "offset", "async", "indirect", "rows", "masks", "accumulation", "tag",
                                              "uses", "function", "then"};
  static const char *const wait_keys[] = {"name", "wait", "accumulation", "tag", "uses", "function", "then"};
  static const char *const compute_keys[] = {"name", "compute", "cycles", "overlap", "uses", "function", "then"};
  static const char *const units[] = {
#define X(u, s) s,
      TILE_UNIT_LIST(X)
#undef X
  };
  int unit;
  if (n->kind == TILE_COMPUTE) {
    LOOM_TRY(data_only_keys(r->ctx, v, compute_keys, COUNT(compute_keys)));
    LOOM_TRY(read_word(r, data_get(v, "compute"), units, COUNT(units), &unit));
    n->unit = (tile_unit)unit;
    LOOM_TRY(data_need_int(r->ctx, v, "cycles", 0, TILE_GRAPH_VALUE_MAX, &n->cycles));
    LOOM_TRY(data_need_int(r->ctx, v, "overlap", 0, TILE_GRAPH_VALUE_MAX, &n->overlap));
  } else {
    if (n->kind == TILE_WAIT)
      LOOM_TRY(data_only_keys(r->ctx, v, wait_keys, COUNT(wait_keys)));
    else
      LOOM_TRY(data_only_keys(r->ctx, v, transfer_keys, COUNT(transfer_keys)));
    LOOM_TRY(read_tensor(r, v, kind, n));
    if (n->kind != TILE_WAIT)
      LOOM_TRY(read_transfer(r, v, n));
    LOOM_TRY(read_terms(r, v, "accumulation", &n->accumulation));
    LOOM_TRY(read_terms(r, v, "tag", &n->tag));
  }
  if (data_get(v, "function"))
    LOOM_TRY(need_name(r, v, "function", &n->function));
  return read_uses(r, v, n);
}

static loom_status read_node(text_reader *r, const data_value *v) {
  static const struct { const char *key; tile_kind kind; } kinds[] = {
      {"loop", TILE_LOOP}, {"load", TILE_LOAD}, {"store", TILE_STORE}, {"wait", TILE_WAIT}, {"compute", TILE_COMPUTE}};
  tile_node n = {.parent = r->n_open ? r->open[r->n_open - 1] : -1, .tensor = -1};
  const char *kind = NULL;
  for (size_t k = 0; k < COUNT(kinds) && !kind; k++)
    if (data_get(v, kinds[k].key)) {
      kind = kinds[k].key;
      n.kind = kinds[k].kind;
    }
  if (!kind)
    LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "a node has one of the keys 'loop', 'load', 'store', 'wait' and 'compute'");
  LOOM_TRY(need_name(r, v, "name", &n.name));
  LOOM_TRY(n.kind == TILE_LOOP ? read_loop(r, v, &n) : read_plain(r, v, kind, &n));
  if (r->g->nodes.n == TILE_GRAPH_NODES_MAX)
    LOOM_FAIL(r->ctx, v->span, LOOM_ELIMIT, "the graph has more than %d nodes", TILE_GRAPH_NODES_MAX);
  arena *mem = &r->ctx->mem;
  int at = (int)r->g->nodes.n, *loops = n.parent >= 0 ? &r->g->nodes.at[n.parent].n_loops : &r->g->n_loops;
  n.segment = *loops;
  *loops += n.kind == TILE_LOOP;
  vec_push(mem, &r->g->nodes, n);
  vec_push(mem, &r->values, v);
  if (n.parent >= 0)
    vec_push(mem, &r->g->nodes.at[n.parent].body, at);
  else
    vec_push(mem, &r->g->roots, at);
  if (n.kind != TILE_LOOP)
    return LOOM_OK;
  r->open[r->n_open++] = at;
  LOOM_TRY(read_body(r, v));
  r->n_open--;
  return LOOM_OK;
}

static loom_status read_body(text_reader *r, const data_value *v) {   /* as deep as loops nest: TILE_GRAPH_DEPTH_MAX */
  data_value *body;
  LOOM_TRY(data_need(r->ctx, v, "body", DATA_ARRAY, &body));
  for (size_t i = 0; i < body->n; i++)
    LOOM_TRY(read_node(r, body->items[i]));
  return LOOM_OK;
}

/* ---- edges ---- */

static int by_name(const void *a, const void *b) { return strcmp(((const text_name *)a)->name, ((const text_name *)b)->name); }

static loom_status add_edge(text_reader *r, int from, const data_value *then, const text_name *names) {
  text_name key = {0};
  LOOM_TRY(check_name(r, then, &key.name));
  const text_name *to = bsearch(&key, names, r->g->nodes.n, sizeof *names, by_name);
  if (!to)
    LOOM_FAIL(r->ctx, then->span, LOOM_EINPUT, "'%s' is no node", key.name);
  const tile_node *b = &r->g->nodes.at[to->node];
  tile_node *a = &r->g->nodes.at[from];
  if (a->parent != b->parent || a->segment != b->segment || b->kind == TILE_LOOP || to->node <= from)
    LOOM_FAIL(r->ctx, then->span, LOOM_EINPUT, "'%s' does not stand behind '%s' in the same body without a loop between them; loops order the rest", key.name, a->name);
  vec_push(&r->ctx->mem, &a->successors, to->node);
  return LOOM_OK;
}

static loom_status read_edges(text_reader *r) {
  size_t n = r->g->nodes.n;
  text_name *names = ARENA_NEW_N(&r->ctx->scratch, text_name, n);
  for (size_t i = 0; i < n; i++)
    names[i] = (text_name){r->g->nodes.at[i].name, (int)i};
  if (n)
    qsort(names, n, sizeof *names, by_name);
  for (size_t i = 1; i < n; i++)
    if (strcmp(names[i].name, names[i - 1].name) == 0)
      LOOM_FAIL(r->ctx, r->values.at[names[i].node]->span, LOOM_EINPUT, "two nodes are named '%s'", names[i].name);
  for (size_t i = 0; i < n; i++) {
    data_value *then;
    LOOM_TRY(read_list(r, r->values.at[i], "then", TILE_GRAPH_NODES_MAX, &then));
    for (size_t k = 0; k < list_size(then); k++)
      LOOM_TRY(add_edge(r, (int)i, then->items[k], names));
  }
  return LOOM_OK;
}

/* ---- declarations ---- */

static loom_status read_tensors(text_reader *r, const data_value *v) {
  static const char *const keys[] = {"name", "base"};
  data_value *list;
  LOOM_TRY(read_list(r, v, "tensors", TILE_GRAPH_NODES_MAX, &list));
  for (size_t i = 0; i < list_size(list); i++) {
    tile_tensor t = {0};
    LOOM_TRY(data_only_keys(r->ctx, list->items[i], keys, COUNT(keys)));
    LOOM_TRY(need_name(r, list->items[i], "name", &t.name));
    t.is_placed = data_get(list->items[i], "base") != NULL;
    if (t.is_placed)
      LOOM_TRY(data_need_int(r->ctx, list->items[i], "base", 0, INT64_MAX / 2, &t.base));
    vec_push(&r->ctx->mem, &r->g->tensors, t);
  }
  return LOOM_OK;
}

static loom_status read_buffers(text_reader *r, const data_value *v) {
  static const char *const keys[] = {"name", "address", "lane_bytes"};
  data_value *list;
  LOOM_TRY(read_list(r, v, "buffers", TILE_GRAPH_NODES_MAX, &list));
  for (size_t i = 0; i < list_size(list); i++) {
    tile_buffer b = {0};
    LOOM_TRY(data_only_keys(r->ctx, list->items[i], keys, COUNT(keys)));
    LOOM_TRY(need_name(r, list->items[i], "name", &b.name));
    LOOM_TRY(data_need_int(r->ctx, list->items[i], "address", 0, TILE_GRAPH_VALUE_MAX, &b.address));
    LOOM_TRY(data_need_int(r->ctx, list->items[i], "lane_bytes", 0, TILE_GRAPH_VALUE_MAX, &b.lane_bytes));
    vec_push(&r->ctx->mem, &r->g->buffers, b);
  }
  return LOOM_OK;
}

static int by_value(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static loom_status read_lists(text_reader *r, const data_value *v) {
  data_value *list;
  LOOM_TRY(read_list(r, v, "symbols", TILE_GRAPH_LIST_MAX, &list));
  for (size_t i = 0; i < list_size(list); i++) {
    const char *name;
    LOOM_TRY(check_name(r, list->items[i], &name));
    vec_push(&r->ctx->mem, &r->g->symbols, name);
  }
  LOOM_TRY(read_list(r, v, "pins", SIZE_MAX, &list));
  for (size_t i = 0; i < list_size(list); i++) {
    tile_pin p;
    if (list->items[i]->kind != DATA_ARRAY || list->items[i]->n != 2)
      LOOM_FAIL(r->ctx, list->items[i]->span, LOOM_EINPUT, "an entry of 'pins' is [work item, core]");
    LOOM_TRY(read_number(r, list->items[i]->items[0], 0, TILE_GRAPH_VALUE_MAX, &p.item));
    LOOM_TRY(read_number(r, list->items[i]->items[1], 0, 65535, &p.core));
    vec_push(&r->ctx->mem, &r->g->pins, p);
  }
  LOOM_TRY(read_list(r, v, "sparse", SIZE_MAX, &list));
  for (size_t i = 0; i < list_size(list); i++) {
    int64_t load = 0;
    LOOM_TRY(read_number(r, list->items[i], 0, INT64_MAX, &load));
    vec_push(&r->ctx->mem, &r->g->sparse, load);
  }
  if (r->g->sparse.n)
    qsort(r->g->sparse.at, r->g->sparse.n, sizeof *r->g->sparse.at, by_value);
  return LOOM_OK;
}

loom_status tile_graph_from_data(loom_ctx *ctx, const char *path, const data_value *v, tile_graph **out) {
  static const char *const keys[] = {"schema", "name", "systolic_size", "tensors", "buffers", "symbols", "body", "pins", "sparse"};
  text_reader r = {.ctx = ctx, .g = ARENA_NEW(&ctx->mem, tile_graph)};
  r.g->path = path;
  LOOM_TRY(data_need_schema(ctx, v, "loom.tile_graph.v1"));
  LOOM_TRY(data_only_keys(ctx, v, keys, COUNT(keys)));
  LOOM_TRY(data_need_string(ctx, v, "name", &r.g->name));
  LOOM_TRY(data_need_int(ctx, v, "systolic_size", 1, 65536, &r.g->systolic_size));
  LOOM_TRY(read_tensors(&r, v));
  LOOM_TRY(read_buffers(&r, v));
  LOOM_TRY(read_lists(&r, v));
  LOOM_TRY(read_body(&r, v));
  LOOM_TRY(read_edges(&r));
  *out = r.g;
  return LOOM_OK;
}
