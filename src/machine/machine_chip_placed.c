/* The newer form of upstream's chips, as it grew:
 *   memory: memory.yaml (its default), memories: {DRAM: [channel], L1: [x, y], T: {definition: L1, axes: [x]}, U:}      sizes in memory.yaml, places here
 *   processor:  {file.yaml: [{inputs: [places], outputs: [places]}]}                                                    file: defines the unit or mover
 *   processors: {name: {definition: file.yaml, inputs: [places] | {port: place}, outputs}}                              several may share a file
 * A place is "L1[x, y]", "L1[:, :]" or the name of a region that memory.yaml lists. */
#include "base/file.h"
#include "base/text.h"
#include "machine/machine_chip.h"

typedef struct placed { const char *name; const data_value *axes; /* NULL: one instance */ machine_memory memory; int64_t word, banks; } placed;
typedef VEC_OF(placed) placed_list;
typedef struct placing { chip_reader *r; const data_value *sizes, *regions; const char *file; placed_list memories; } placing;

/* ---- memories ---- */

static loom_status read_size(placing *p, placed *x, const char *definition, loom_span span) {
  loom_ctx *ctx = p->r->ctx;
  data_value *size;
  if (!data_get(p->sizes, definition))
    LOOM_FAIL(ctx, span, LOOM_EINPUT, "memory '%s' is not described in %s", definition, p->file);
  LOOM_TRY(data_need(ctx, p->sizes, definition, DATA_OBJECT, &size));
  LOOM_TRY(data_need_int(ctx, size, "capacity", 1, INT64_C(1) << 40, &x->memory.bytes));
  LOOM_TRY(data_need_int(ctx, size, "word_size", 1, INT64_C(1) << 30, &x->word));
  x->banks = 1;
  if (data_get(size, "banking"))
    LOOM_TRY(data_need_int(ctx, size, "banking", 1, 65536, &x->banks));
  if (x->memory.bytes % x->banks)
    LOOM_FAIL(ctx, data_get(size, "banking")->span, LOOM_EINPUT, "%" PRId64 " bytes do not divide into %" PRId64 " banks", x->memory.bytes, x->banks);
  return LOOM_OK;
}

static loom_status read_placed(placing *p, const data_member *m) {
  loom_ctx *ctx = p->r->ctx;
  placed x = {.name = m->key, .axes = m->value, .memory = {.name = m->key, .span = m->key_span, .instances = 1}};
  const char *definition = m->key;
  if (m->value->kind == DATA_OBJECT) {
    x.axes = data_get(m->value, "axes");
    if (data_get(m->value, "definition"))
      LOOM_TRY(data_need_string(ctx, m->value, "definition", &definition));
  }
  if (x.axes && x.axes->kind == DATA_NULL)
    x.axes = NULL;
  if (x.axes && x.axes->kind != DATA_ARRAY)
    LOOM_FAIL(ctx, x.axes->span, LOOM_EINPUT, "'%s' must list the dimensions it is spread over; found %s", x.name, data_kind_name(x.axes->kind));
  for (size_t i = 0; x.axes && i < x.axes->n; i++)
    if (x.axes->items[i]->kind == DATA_ARRAY)
      LOOM_FAIL(ctx, x.axes->items[i]->span, LOOM_EUNSUP, "memory '%s' has several levels; a machine is one mesh of cores over one DRAM", x.name);
  LOOM_TRY(read_size(p, &x, definition, m->key_span));
  vec_push(p->r->mem, &p->memories, x);
  return LOOM_OK;
}

static placed *find_placed(const placing *p, const char *name) {
  for (size_t i = 0; i < p->memories.n; i++)
    if (text_eq(p->memories.at[i].name, name))
      return &p->memories.at[i];
  return NULL;
}

static bool same_axes(const data_value *a, const data_value *b) {
  if (!a || !b || a->n != b->n)
    return false;
  for (size_t i = 0; i < a->n; i++)
    if (a->items[i]->kind != DATA_STRING || b->items[i]->kind != DATA_STRING || !text_eq(a->items[i]->string, b->items[i]->string))
      return false;
  return true;
}

/* Memories spread like the cores' belong to a core, the others to the system.  `unit_memory`: where the first unit's results go. */
static loom_status sort_memories(placing *p, const char *unit_memory) {
  chip_reader *r = p->r;
  const placed *l1 = NULL;
  for (const char *const *name = machine_l1_names; *name && !l1; name++)
    l1 = find_placed(p, *name);
  if (!l1 && unit_memory)
    l1 = find_placed(p, unit_memory);
  if (!l1 || !l1->axes || !l1->axes->n) {
    diag_error(r->ctx, l1 ? l1->memory.span : r->root->span, LOOM_EINPUT, "there is no mesh: no memory of the cores that is spread over dimensions");
    diag_help(r->ctx, "place it as in memories: {L1: [x, y]}");
    return LOOM_EINPUT;
  }
  LOOM_TRY(chip_set_mesh(r, l1->axes));
  for (size_t i = 0; i < p->memories.n; i++) {
    placed *x = &p->memories.at[i];
    if (same_axes(x->axes, l1->axes)) {
      x->memory.instances = x->banks;
      x->memory.bytes /= x->banks;
      vec_push(r->mem, &r->core, x->memory);
      continue;
    }
    LOOM_TRY(chip_count_instances(r, x->axes, &x->memory.instances));
    vec_push(r->mem, &r->system, x->memory);
    vec_push(r->mem, &r->system_block, x->word);
  }
  return LOOM_OK;
}

/* ---- processors ---- */

typedef VEC_OF(const data_value *) places;

/* ["L1[x, y]"] or {lhs: "L1[x, y]"} */
static loom_status read_places(placing *p, const data_value *processor, const char *name, const char *key, places *out) {
  const data_value *v = data_get(processor, key);
  if (!v)
    LOOM_FAIL(p->r->ctx, processor->span, LOOM_EINPUT, "processor '%s' needs 'inputs' and 'outputs'", name);
  if (v->kind != DATA_ARRAY && v->kind != DATA_OBJECT)
    LOOM_FAIL(p->r->ctx, v->span, LOOM_EINPUT, "'%s' is %s; expected a list of places such as \"L1[x, y]\"", key, data_kind_name(v->kind));
  for (size_t i = 0; i < v->n; i++) {
    const data_value *place = v->kind == DATA_ARRAY ? v->items[i] : v->members[i].value;
    if (place->kind != DATA_STRING)
      LOOM_FAIL(p->r->ctx, place->span, LOOM_EINPUT, "a place is %s; expected one such as \"L1[x, y]\"", data_kind_name(place->kind));
    vec_push(p->r->mem, out, place);
  }
  return LOOM_OK;
}

/* "L1[x, y]" -> L1; "all_l1" -> what the region of that name is part of. */
static loom_status memory_of(placing *p, const data_value *place, const char **out) {
  VEC_OF(const char *) names = {0};
  const data_value *region = data_get(p->regions, place->string);
  const char *s = region && region->kind == DATA_STRING ? region->string : place->string;
  *out = arena_strndup(p->r->mem, s, strcspn(s, "[."));
  if (find_placed(p, *out))
    return LOOM_OK;
  for (size_t i = 0; i < p->memories.n; i++)
    vec_push(p->r->mem, &names, p->memories.at[i].name);
  diag_error(p->r->ctx, place->span, LOOM_EINPUT, "there is no memory '%s'", *out);
  const char *near = diag_nearest(*out, names.at, names.n);
  if (near)
    diag_help(p->r->ctx, "did you mean '%s'?", near);
  else
    diag_help(p->r->ctx, "place it under 'memories'");
  return LOOM_EINPUT;
}

/* One place for each core, "L1[x, y]", in and out: a unit, where its file does not say. */
static bool is_per_core(const places *all) {
  for (size_t i = 0; i < all->n; i++)
    if (!strchr(all->at[i]->string, '[') || strchr(all->at[i]->string, ':') || !text_eq(all->at[i]->string, all->at[0]->string))
      return false;
  return all->n;
}

/* `type` and the names of the functions of the file that defines a processor; a file that is not there says nothing. */
static loom_status read_definition(placing *p, const char *file, const char **out_type, bool *out_matrix) {
  char *bytes;
  size_t size;
  data_value *v;
  const char *path = file_join(p->r->mem, file_dirname(p->r->mem, p->r->path), file);
  *out_type = NULL;
  *out_matrix = chip_is_matrix_name(file);
  if (!file_exists(path))
    return LOOM_OK;
  LOOM_TRY(file_read(p->r->ctx, path, MACHINE_FILE_BYTES_MAX, &bytes, &size));
  LOOM_TRY(data_read_yaml_aliases(p->r->ctx, path, bytes, size, &v));
  if (data_get(v, "type"))
    LOOM_TRY(data_need_string(p->r->ctx, v, "type", out_type));
  if (*out_type && !text_eq(*out_type, "compute") && !text_eq(*out_type, "data_mover"))
    LOOM_FAIL(p->r->ctx, data_get(v, "type")->span, LOOM_EINPUT, "unknown type of processor '%s'; it is compute or data_mover", *out_type);
  const data_value *functions = data_get(v, "functions");
  for (size_t i = 0; functions && functions->kind == DATA_OBJECT && i < functions->n; i++)
    *out_matrix = *out_matrix || strstr(functions->members[i].key, "matmul");
  return LOOM_OK;
}

/* *out_memory: where the first unit's results go. */
static loom_status read_processor(placing *p, const char *name, const char *file, loom_span span, const data_value *v, const char **out_memory) {
  places in = {0}, out = {0}, all = {0};
  const char *type, *from, *to;
  bool is_matrix;
  LOOM_TRY(read_places(p, v, name, "inputs", &in));
  LOOM_TRY(read_places(p, v, name, "outputs", &out));
  LOOM_TRY(read_definition(p, file, &type, &is_matrix));
  for (size_t i = 0; i < in.n + out.n; i++)
    vec_push(p->r->mem, &all, i < in.n ? in.at[i] : out.at[i - in.n]);
  bool is_compute = type ? text_eq(type, "compute") : is_per_core(&all);
  bool is_known = false;      /* a file that is placed several times */
  for (size_t i = 0; i < p->r->definitions.n; i++)
    is_known = is_known || text_eq(p->r->definitions.at[i].unit, name);
  if (!is_known) {
    chip_add_processor(p->r, name, is_compute, is_matrix, span);
    vec_push(p->r->mem, &p->r->definitions, ((machine_definition){name, file, span}));
  }
  for (size_t i = 0; i < in.n; i++)
    for (size_t k = 0; k < out.n; k++) {
      LOOM_TRY(memory_of(p, in.at[i], &from));
      LOOM_TRY(memory_of(p, out.at[k], &to));
      if (is_compute && !*out_memory)
        *out_memory = to;
      if (!is_compute)
        chip_add_way(p->r, name, from, to, span);
    }
  return LOOM_OK;
}

static loom_status read_processors(placing *p, const char **out_memory) {
  chip_reader *r = p->r;
  data_value *all, *list, *one;
  const char *file;
  bool by_file = data_get(r->root, "processor");
  LOOM_TRY(data_need(r->ctx, r->root, by_file ? "processor" : "processors", DATA_OBJECT, &all));
  for (size_t i = 0; i < all->n; i++) {
    const data_member *m = &all->members[i];
    if (!by_file) {
      LOOM_TRY(data_need(r->ctx, all, m->key, DATA_OBJECT, &one));
      LOOM_TRY(data_need_string(r->ctx, one, "definition", &file));
      LOOM_TRY(read_processor(p, m->key, file, m->key_span, one, out_memory));
      continue;
    }
    LOOM_TRY(data_need(r->ctx, all, m->key, DATA_ARRAY, &list));
    for (size_t k = 0; k < list->n; k++)
      LOOM_TRY(read_processor(p, file_stem(r->mem, m->key), m->key, m->key_span, list->items[k], out_memory));
  }
  return LOOM_OK;
}

loom_status chip_read_placed(chip_reader *r) {
  placing p = {.r = r, .file = "memory.yaml"};
  const char *unit_memory = NULL;
  char *bytes;
  size_t size;
  data_value *memory, *sizes, *all;
  if (data_get(r->root, "memory"))
    LOOM_TRY(data_need_string(r->ctx, r->root, "memory", &p.file));
  if (data_get(r->root, "name"))
    LOOM_TRY(data_need_string(r->ctx, r->root, "name", &r->arch.name));
  LOOM_TRY(data_need(r->ctx, r->root, "memories", DATA_OBJECT, &all));
  const char *path = file_join(r->mem, file_dirname(r->mem, r->path), p.file);
  LOOM_TRY(file_read(r->ctx, path, MACHINE_FILE_BYTES_MAX, &bytes, &size));
  LOOM_TRY(data_read_yaml_aliases(r->ctx, path, bytes, size, &memory));
  LOOM_TRY(data_need(r->ctx, memory, "memories", DATA_OBJECT, &sizes));
  p.sizes = sizes;
  p.regions = data_get(memory, "regions");
  for (size_t i = 0; i < all->n; i++)
    LOOM_TRY(read_placed(&p, &all->members[i]));
  LOOM_TRY(read_processors(&p, &unit_memory));
  LOOM_TRY(sort_memories(&p, unit_memory));
  return chip_read_networks(r, r->root);
}
