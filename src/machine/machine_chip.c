/* Upstream's YAML descriptions of a chip, in the three forms there were:
 *   architecture: {memories, processors, networks, children: [{scale: [x, y], memories, processors}]}         system.yaml
 *   architecture: {groups: [{name, scale: [x, y]}], memories: [{in: group, ..}], processors: [{in: group, ..}]}   chip.yaml
 *   memory: memory.yaml, memories: {DRAM: [channel], L1: [x, y]}, processor: {file.yaml: [{inputs, outputs}]}     chip.yaml, newest
 * with `dimensions: {x: 8}` in all of them. */
#include "base/file.h"
#include "base/text.h"
#include "machine/machine_arch.h"

typedef struct alias { const char *name, *memory; } alias;
typedef struct reader {
  loom_ctx *ctx;
  arena *mem;
  const char *path;
  const data_value *root, *dims;
  VEC_OF(machine_memory) core, system;      /* memories of one core; those outside the mesh */
  VEC_OF(int64_t) system_block;             /* bytes of a block of each */
  VEC_OF(alias) aliases;                    /* other names of memories: what all cores have together */
  machine_arch arch;
} reader;

/* ---- dimensions ---- */

static loom_status find_dim(reader *r, const data_value *name, int64_t *out) {
  VEC_OF(const char *) names = {0};
  if (name->kind != DATA_STRING)
    LOOM_FAIL(r->ctx, name->span, LOOM_EINPUT, "expected the name of a dimension; found %s", data_kind_name(name->kind));
  for (size_t i = 0; i < r->dims->n; i++)
    vec_push(r->mem, &names, r->dims->members[i].key);
  if (data_get(r->dims, name->string))
    return data_need_int(r->ctx, r->dims, name->string, 1, MACHINE_CORES_MAX, out);
  diag_error(r->ctx, name->span, LOOM_EINPUT, "there is no dimension '%s'", name->string);
  const char *near = diag_nearest(name->string, names.at, names.n);
  if (near)
    diag_help(r->ctx, "did you mean '%s'?", near);
  else
    diag_help(r->ctx, "add it to 'dimensions'");
  return LOOM_EINPUT;
}

/* Product of a list of dimensions; NULL: 1. */
static loom_status count_instances(reader *r, const data_value *list, int64_t *out) {
  *out = 1;
  if (!list)
    return LOOM_OK;
  if (list->kind != DATA_ARRAY)
    LOOM_FAIL(r->ctx, list->span, LOOM_EINPUT, "expected a list of dimensions; found %s", data_kind_name(list->kind));
  for (size_t i = 0; i < list->n; i++) {
    int64_t n;
    LOOM_TRY(find_dim(r, list->items[i], &n));
    if ((*out *= n) > MACHINE_CORES_MAX)
      LOOM_FAIL(r->ctx, list->span, LOOM_ELIMIT, "more than %d instances", MACHINE_CORES_MAX);
  }
  return LOOM_OK;
}

static loom_status set_mesh(reader *r, const data_value *list) {
  for (size_t i = 0; i < list->n; i++) {
    machine_dim d = {0};
    LOOM_TRY(find_dim(r, list->items[i], &d.size));
    d.name = list->items[i]->string;
    vec_push(r->mem, &r->arch.mesh, d);
    vec_push(r->mem, &r->arch.mesh_span, list->items[i]->span);
  }
  return LOOM_OK;
}

/* ---- memories and processors of the two older forms ---- */

static loom_status read_memory(reader *r, const data_value *v, bool is_core) {
  machine_memory x = {.span = v->span};
  int64_t block, blocks;
  LOOM_TRY(data_need_string(r->ctx, v, "name", &x.name));
  LOOM_TRY(data_need_int(r->ctx, v, "block_size_bytes", 1, INT64_C(1) << 30, &block));
  LOOM_TRY(data_need_int(r->ctx, v, "num_blocks", 1, INT64_C(1) << 30, &blocks));
  LOOM_TRY(count_instances(r, data_get(v, "scale"), &x.instances));
  x.bytes = block * blocks;
  if (is_core) {
    vec_push(r->mem, &r->core, x);
  } else {
    vec_push(r->mem, &r->system, x);
    vec_push(r->mem, &r->system_block, block);
  }
  const data_value *all = data_get(data_get(v, "aggregate"), "name");
  if (all && all->kind == DATA_STRING)
    vec_push(r->mem, &r->aliases, ((alias){all->string, x.name}));
  return LOOM_OK;
}

static const char *memory_of(const reader *r, const char *name) {
  for (size_t i = 0; i < r->aliases.n; i++)
    if (text_eq(r->aliases.at[i].name, name))
      return r->aliases.at[i].memory;
  return name;
}

static const char *kind_of_unit(const char *name) { return strstr(name, "mat") ? "matrix" : "vector"; }      /* only the name tells */

static void add_processor(reader *r, const char *name, bool is_compute, const char *from, const char *to, loom_span span) {
  if (is_compute) {
    vec_push(r->mem, &r->arch.units, ((arch_unit){name, kind_of_unit(name), span}));
    return;
  }
  vec_push(r->mem, &r->arch.movers, ((arch_mover){name, span}));
  vec_push(r->mem, &r->arch.paths, ((machine_path){name, from, to, span}));
}

static loom_status read_processor(reader *r, const data_value *v) {
  static const char *const kinds[] = {"compute", "data_mover"};
  const char *name, *kind, *from, *to;
  LOOM_TRY(data_need_string(r->ctx, v, "name", &name));
  LOOM_TRY(data_need_string(r->ctx, v, "kind", &kind));
  LOOM_TRY(data_need_string(r->ctx, v, "from", &from));
  LOOM_TRY(data_need_string(r->ctx, v, "to", &to));
  bool is_compute = text_eq(kind, kinds[0]);
  if (!is_compute && !text_eq(kind, kinds[1])) {
    diag_error(r->ctx, data_get(v, "kind")->span, LOOM_EINPUT, "unknown kind of processor '%s'", kind);
    const char *near = diag_nearest(kind, kinds, 2);
    diag_help(r->ctx, near ? "did you mean '%s'?" : "a processor is compute or data_mover", near);
    return LOOM_EINPUT;
  }
  add_processor(r, name, is_compute, memory_of(r, from), memory_of(r, to), v->span);
  return LOOM_OK;
}

static loom_status list_of(reader *r, const data_value *v, const char *key, const data_value **out) {
  data_value *list;
  *out = NULL;
  if (!data_get(v, key))
    return LOOM_OK;
  LOOM_TRY(data_need(r->ctx, v, key, DATA_ARRAY, &list));
  *out = list;
  return LOOM_OK;
}

static size_t length(const data_value *list) { return list ? list->n : 0; }

/* The one part that is scaled out: a child or a group. */
static loom_status read_mesh_part(reader *r, const data_value *architecture, const char *key, const data_value **out) {
  const data_value *parts;
  LOOM_TRY(list_of(r, architecture, key, &parts));
  *out = NULL;
  for (size_t i = 0; i < length(parts); i++) {
    data_value *scale;
    if (*out || data_get(parts->items[i], "children"))
      LOOM_FAIL(r->ctx, parts->items[i]->span, LOOM_EUNSUP, "the architecture has several levels or parts; a machine is one mesh of cores");
    LOOM_TRY(data_need(r->ctx, parts->items[i], "scale", DATA_ARRAY, &scale));
    LOOM_TRY(set_mesh(r, scale));
    *out = parts->items[i];
  }
  return LOOM_OK;
}

/* Links (x + 1) mod 4 close a ring. */
static loom_status read_networks(reader *r, const data_value *architecture) {
  const data_value *networks, *links;
  LOOM_TRY(list_of(r, architecture, "networks", &networks));
  for (size_t i = 0; i < length(networks); i++) {
    const data_value *rate = data_get(networks->items[i], "link_bandwidth");
    LOOM_TRY(list_of(r, networks->items[i], "links", &links));
    for (size_t k = 0; k < length(links); k++) {
      const data_value *map = data_get(links->items[k], "map");
      for (size_t d = 0; map && map->kind == DATA_STRING && d < r->arch.mesh.n; d++)
        r->arch.mesh.at[d].wraps |= strstr(map->string, arena_printf(r->mem, "(%s + 1) mod %" PRId64, r->arch.mesh.at[d].name, r->arch.mesh.at[d].size)) != NULL;
    }
    const sym_expr *e;
    if (!rate)
      continue;
    if (rate->kind == DATA_STRING)
      LOOM_TRY(sym_parse(r->ctx, rate->span, rate->string, &e));
    else
      e = sym_const(r->mem, rate->integer);
    if (!sym_is_const(e, &r->arch.link_bytes_per_cycle) || r->arch.link_bytes_per_cycle < 1)
      LOOM_FAIL(r->ctx, rate->span, LOOM_EUNSUP, "link_bandwidth must be a constant of at least 1 byte a cycle");
    r->arch.link_span = rate->span;
  }
  return LOOM_OK;
}

static loom_status read_part(reader *r, const data_value *part, const char *group, bool is_core) {
  const data_value *memories, *processors;
  LOOM_TRY(list_of(r, part, "memories", &memories));
  LOOM_TRY(list_of(r, part, "processors", &processors));
  for (size_t i = 0; i < length(memories); i++) {
    const data_value *in = data_get(memories->items[i], "in");
    LOOM_TRY(read_memory(r, memories->items[i], is_core || (in && group && text_eq(in->string, group))));
  }
  for (size_t i = 0; i < length(processors); i++)
    LOOM_TRY(read_processor(r, processors->items[i]));
  return LOOM_OK;
}

static loom_status read_architecture(reader *r) {
  data_value *architecture;
  const data_value *child, *group;
  const char *group_name = NULL;
  LOOM_TRY(data_need(r->ctx, r->root, "architecture", DATA_OBJECT, &architecture));
  if (data_get(architecture, "name"))
    LOOM_TRY(data_need_string(r->ctx, architecture, "name", &r->arch.name));
  LOOM_TRY(read_mesh_part(r, architecture, "children", &child));
  LOOM_TRY(read_mesh_part(r, architecture, "groups", &group));
  if (!r->arch.mesh.n) {
    diag_error(r->ctx, architecture->span, LOOM_EINPUT, "there is no mesh: no child or group with a 'scale'");
    diag_help(r->ctx, "add children: [{name: mesh, scale: [x, y], ...}]");
    return LOOM_EINPUT;
  }
  if (group)
    LOOM_TRY(data_need_string(r->ctx, group, "name", &group_name));
  if (child)
    LOOM_TRY(read_part(r, child, NULL, true));
  LOOM_TRY(read_part(r, architecture, group_name, false));
  return read_networks(r, architecture);
}

/* ---- the newest form ---- */

/* "L1[x, y]" -> L1; "all_l1" -> what the region of that name is part of. */
static const char *region_memory(const reader *r, const data_value *regions, const data_value *list) {
  const data_value *first = list && list->kind == DATA_ARRAY && list->n ? list->items[0] : NULL;
  const char *s = first && first->kind == DATA_STRING ? first->string : "";
  const data_value *region = data_get(regions, s);
  if (region && region->kind == DATA_STRING)
    s = region->string;
  return arena_strndup(r->mem, s, strcspn(s, "[."));
}

/* One place for each core, "L1[x, y]": a unit.  Whole memories, "L1[:, :]", are what movers work on. */
static bool is_per_core(const data_value *list) {
  const data_value *first = list && list->kind == DATA_ARRAY && list->n ? list->items[0] : NULL;
  return first && first->kind == DATA_STRING && strchr(first->string, '[') && !strchr(first->string, ':');
}

static loom_status read_processors(reader *r, const data_value *regions) {
  data_value *processors;
  LOOM_TRY(data_need(r->ctx, r->root, "processor", DATA_OBJECT, &processors));
  for (size_t i = 0; i < processors->n; i++) {
    const data_member *p = &processors->members[i];
    data_value *places;
    LOOM_TRY(data_need(r->ctx, processors, p->key, DATA_ARRAY, &places));
    for (size_t k = 0; k < places->n; k++) {
      const data_value *from = data_get(places->items[k], "inputs"), *to = data_get(places->items[k], "outputs");
      if (!from || !to)
        LOOM_FAIL(r->ctx, places->items[k]->span, LOOM_EINPUT, "processor '%s' needs 'inputs' and 'outputs'", p->key);
      bool is_compute = is_per_core(from) && is_per_core(to);
      if (k == 0 || !is_compute)
        add_processor(r, file_stem(r->mem, p->key), is_compute, region_memory(r, regions, from), region_memory(r, regions, to), p->key_span);
    }
  }
  return LOOM_OK;
}

static loom_status read_placed_memory(reader *r, const data_member *place, const data_value *sizes, const char *file) {
  machine_memory x = {.name = place->key, .span = place->key_span, .instances = 1};
  data_value *size;
  int64_t word, banks = 1;
  bool is_core = text_eq(x.name, "L1");
  if (!data_get(sizes, x.name))
    LOOM_FAIL(r->ctx, place->key_span, LOOM_EINPUT, "memory '%s' is not described in %s", x.name, file);
  LOOM_TRY(data_need(r->ctx, sizes, x.name, DATA_OBJECT, &size));
  LOOM_TRY(data_need_int(r->ctx, size, "capacity", 1, INT64_C(1) << 40, &x.bytes));
  LOOM_TRY(data_need_int(r->ctx, size, "word_size", 1, INT64_C(1) << 30, &word));
  if (data_get(size, "banking"))
    LOOM_TRY(data_need_int(r->ctx, size, "banking", 1, 65536, &banks));
  if (x.bytes % banks)
    LOOM_FAIL(r->ctx, data_get(size, "banking")->span, LOOM_EINPUT, "%" PRId64 " bytes do not divide into %" PRId64 " banks", x.bytes, banks);
  if (is_core) {
    x.instances = banks;
    x.bytes /= banks;
    vec_push(r->mem, &r->core, x);
    if (place->value->kind != DATA_ARRAY)
      LOOM_FAIL(r->ctx, place->value->span, LOOM_EINPUT, "'L1' must list the dimensions of the mesh");
    return set_mesh(r, place->value);
  }
  LOOM_TRY(count_instances(r, place->value, &x.instances));
  vec_push(r->mem, &r->system, x);
  vec_push(r->mem, &r->system_block, word);
  return LOOM_OK;
}

static loom_status read_newest(reader *r) {
  const char *file;
  char *bytes;
  size_t size;
  data_value *memory, *sizes, *places;
  LOOM_TRY(data_need_string(r->ctx, r->root, "memory", &file));
  if (data_get(r->root, "name"))
    LOOM_TRY(data_need_string(r->ctx, r->root, "name", &r->arch.name));
  const char *path = file_join(r->mem, file_dirname(r->mem, r->path), file);
  LOOM_TRY(file_read(r->ctx, path, MACHINE_FILE_BYTES_MAX, &bytes, &size));
  LOOM_TRY(data_read_yaml_aliases(r->ctx, path, bytes, size, &memory));
  LOOM_TRY(data_need(r->ctx, memory, "memories", DATA_OBJECT, &sizes));
  LOOM_TRY(data_need(r->ctx, r->root, "memories", DATA_OBJECT, &places));
  for (size_t i = 0; i < places->n; i++)
    LOOM_TRY(read_placed_memory(r, &places->members[i], sizes, file));
  return read_processors(r, data_get(memory, "regions"));
}

/* ---- the machine ---- */

loom_status machine_from_chip(loom_ctx *ctx, const char *path, const char *bytes, size_t size, machine **out) {
  reader r = {.ctx = ctx, .mem = &ctx->mem, .path = path};
  data_value *root, *dims;
  LOOM_TRY(data_read_yaml_aliases(ctx, path, bytes, size, &root));
  LOOM_TRY(data_need(ctx, root, "dimensions", DATA_OBJECT, &dims));
  r.root = root;
  r.dims = dims;
  r.arch.form = "chip file";
  r.arch.span = root->span;
  LOOM_TRY(data_get(root, "architecture") ? read_architecture(&r) : read_newest(&r));
  LOOM_TRY(machine_arch_pick(ctx, root->span, r.core.at, r.core.n, machine_l1_names, "the core's memory", &r.arch.l1));
  LOOM_TRY(machine_arch_pick(ctx, root->span, r.system.at, r.system.n, machine_dram_names, "the DRAM", &r.arch.dram));
  for (size_t i = 0; i < r.system.n; i++) {
    if (text_eq(r.system.at[i].name, r.arch.dram.name))
      r.arch.dram_page_bytes = r.system_block.at[i];
    vec_push(r.mem, &r.arch.memories, r.system.at[i]);
  }
  for (size_t i = 0; i < r.core.n; i++)
    vec_push(r.mem, &r.arch.memories, r.core.at[i]);
  return machine_from_arch(ctx, path, &r.arch, out);
}
