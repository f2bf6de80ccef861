/* Upstream's YAML descriptions of a chip.  The older forms, with `dimensions: {x: 8}`:
 *   architecture: {memories, processors, networks, children: [{scale: [x, y], memories, processors}]}             system.yaml
 *   architecture: {groups: [{name, scale: [x, y]}], memories: [{in: group, ..} | {of: L1, across: group}], processors: [{in: group, ..}]}   chip.yaml
 * The newer ones are read by machine_chip_placed.c. */
#include "base/text.h"
#include "machine/machine_chip.h"

static size_t length(const data_value *list) { return list ? list->n : 0; }

/* ---- dimensions ---- */

loom_status chip_find_dim(chip_reader *r, const data_value *name, int64_t *out) {
  VEC_OF(const char *) names = {0};
  const size_t n_dims = r->dims ? r->dims->n : 0;
  if (name->kind != DATA_STRING)
    LOOM_FAIL(r->ctx, name->span, LOOM_EINPUT, "expected the name of a dimension; found %s", data_kind_name(name->kind));
  for (size_t i = 0; i < n_dims; i++)
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

loom_status chip_count_instances(chip_reader *r, const data_value *list, int64_t *out) {
  *out = 1;
  if (!list)
    return LOOM_OK;
  if (list->kind != DATA_ARRAY)
    LOOM_FAIL(r->ctx, list->span, LOOM_EINPUT, "expected a list of dimensions; found %s", data_kind_name(list->kind));
  for (size_t i = 0; i < list->n; i++) {
    int64_t n;
    LOOM_TRY(chip_find_dim(r, list->items[i], &n));
    if ((*out *= n) > MACHINE_CORES_MAX)
      LOOM_FAIL(r->ctx, list->span, LOOM_ELIMIT, "more than %d instances", MACHINE_CORES_MAX);
  }
  return LOOM_OK;
}

loom_status chip_set_mesh(chip_reader *r, const data_value *list) {
  for (size_t i = 0; i < list->n; i++) {
    machine_dim d = {0};
    LOOM_TRY(chip_find_dim(r, list->items[i], &d.size));
    d.name = list->items[i]->string;
    vec_push(r->mem, &r->arch.mesh, d);
    vec_push(r->mem, &r->arch.mesh_span, list->items[i]->span);
  }
  return LOOM_OK;
}

/* ---- memories and processors of the two older forms ---- */

static loom_status read_memory(chip_reader *r, const data_value *v, bool is_core) {
  machine_memory x = {.span = v->span};
  int64_t block, blocks;
  LOOM_TRY(data_need_string(r->ctx, v, "name", &x.name));
  if (data_get(v, "of")) {      /* what all cores have of it: another name */
    const char *of;
    LOOM_TRY(data_need_string(r->ctx, v, "of", &of));
    vec_push(r->mem, &r->aliases, ((chip_alias){x.name, of}));
    return LOOM_OK;
  }
  LOOM_TRY(data_need_int(r->ctx, v, "block_size_bytes", 1, INT64_C(1) << 30, &block));
  LOOM_TRY(data_need_int(r->ctx, v, "num_blocks", 1, INT64_C(1) << 30, &blocks));
  LOOM_TRY(chip_count_instances(r, data_get(v, "scale"), &x.instances));
  x.bytes = block * blocks;
  if (is_core) {
    vec_push(r->mem, &r->core, x);
  } else {
    vec_push(r->mem, &r->system, x);
    vec_push(r->mem, &r->system_block, block);
  }
  const data_value *all = data_get(data_get(v, "aggregate"), "name");
  if (all && all->kind == DATA_STRING)
    vec_push(r->mem, &r->aliases, ((chip_alias){all->string, x.name}));
  return LOOM_OK;
}

static const char *memory_of(const chip_reader *r, const char *name) {
  for (size_t i = 0; i < r->aliases.n; i++)
    if (text_eq(r->aliases.at[i].name, name))
      return r->aliases.at[i].memory;
  return name;
}

bool chip_is_matrix_name(const char *name) { return strstr(name, "mat"); }

void chip_add_processor(chip_reader *r, const char *name, bool is_compute, bool is_matrix, loom_span span) {
  if (is_compute)
    vec_push(r->mem, &r->arch.units, ((arch_unit){name, is_matrix ? "matrix" : "vector", span}));
  else
    vec_push(r->mem, &r->arch.movers, ((arch_mover){name, span}));
}

void chip_add_way(chip_reader *r, const char *mover, const char *from, const char *to, loom_span span) {
  vec_push(r->mem, &r->arch.paths, ((machine_path){mover, from, to, span}));
}

static loom_status read_processor(chip_reader *r, const data_value *v) {
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
  chip_add_processor(r, name, is_compute, chip_is_matrix_name(name), v->span);
  if (!is_compute)
    chip_add_way(r, name, memory_of(r, from), memory_of(r, to), v->span);
  return LOOM_OK;
}

loom_status chip_list_of(chip_reader *r, const data_value *v, const char *key, const data_value **out) {
  data_value *list;
  *out = NULL;
  if (!data_get(v, key))
    return LOOM_OK;
  LOOM_TRY(data_need(r->ctx, v, key, DATA_ARRAY, &list));
  *out = list;
  return LOOM_OK;
}

/* The one part that is scaled out: a child or a group. */
static loom_status read_mesh_part(chip_reader *r, const data_value *architecture, const char *key, const data_value **out) {
  const data_value *parts;
  LOOM_TRY(chip_list_of(r, architecture, key, &parts));
  *out = NULL;
  for (size_t i = 0; i < length(parts); i++) {
    data_value *scale;
    if (*out || data_get(parts->items[i], "children"))
      LOOM_FAIL(r->ctx, parts->items[i]->span, LOOM_EUNSUP, "the architecture has several levels or parts; a machine is one mesh of cores");
    LOOM_TRY(data_need(r->ctx, parts->items[i], "scale", DATA_ARRAY, &scale));
    LOOM_TRY(chip_set_mesh(r, scale));
    *out = parts->items[i];
  }
  return LOOM_OK;
}

/* A constant rate or latency; *out 0: what the chip says depends on parameters. */
static loom_status read_rate(chip_reader *r, const data_value *v, const char *key, int64_t *out) {
  const sym_expr *e = sym_const(r->mem, v->integer);
  *out = 0;
  if (v->kind != DATA_INT && v->kind != DATA_STRING)
    LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "'%s' is %s; expected bytes a cycle", key, data_kind_name(v->kind));
  if (v->kind == DATA_STRING)
    LOOM_TRY(sym_parse(r->ctx, v->span, v->string, &e));
  if (!sym_is_const(e, out)) {
    diag_warn(r->ctx, v->span, "'%s' is not constant; Wormhole's rate is assumed", key);
    return LOOM_OK;
  }
  if (*out < 1)
    LOOM_FAIL(r->ctx, v->span, LOOM_EINPUT, "'%s' is %" PRId64 "; must be at least 1 byte a cycle", key, *out);
  return LOOM_OK;
}

/* Links (x + 1) mod 4 close a ring. */
static void note_ring(chip_reader *r, const data_value *map) {
  for (size_t d = 0; map && map->kind == DATA_STRING && d < r->arch.mesh.n; d++)
    r->arch.mesh.at[d].wraps |= strstr(map->string, arena_printf(r->mem, "(%s + 1) mod %" PRId64, r->arch.mesh.at[d].name, r->arch.mesh.at[d].size)) != NULL;
}

/* The rate is the network's, link_bandwidth, or each link's: the least counts. */
loom_status chip_read_networks(chip_reader *r, const data_value *v) {
  const data_value *networks, *links;
  LOOM_TRY(chip_list_of(r, v, "networks", &networks));
  for (size_t i = 0; i < length(networks); i++) {
    LOOM_TRY(chip_list_of(r, networks->items[i], "links", &links));
    for (size_t k = 0; k <= length(links); k++) {
      const data_value *of = k < length(links) ? links->items[k] : networks->items[i];
      const char *key = k < length(links) ? "bandwidth" : "link_bandwidth";
      const data_value *rate = data_get(of, key);
      int64_t bytes = 0;
      note_ring(r, data_get(of, "map"));
      if (rate)
        LOOM_TRY(read_rate(r, rate, key, &bytes));
      if (!bytes || (r->arch.link_bytes_per_cycle && r->arch.link_bytes_per_cycle <= bytes))
        continue;
      r->arch.link_bytes_per_cycle = bytes;
      r->arch.link_span = rate->span;
    }
  }
  return LOOM_OK;
}

static loom_status read_part(chip_reader *r, const data_value *part, const char *group, bool is_core) {
  const data_value *memories, *processors;
  LOOM_TRY(chip_list_of(r, part, "memories", &memories));
  LOOM_TRY(chip_list_of(r, part, "processors", &processors));
  for (size_t i = 0; i < length(memories); i++) {
    const data_value *in = data_get(memories->items[i], "in");
    LOOM_TRY(read_memory(r, memories->items[i], is_core || (in && group && text_eq(in->string, group))));
  }
  for (size_t i = 0; i < length(processors); i++)
    LOOM_TRY(read_processor(r, processors->items[i]));
  return LOOM_OK;
}

static loom_status read_architecture(chip_reader *r) {
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
  return chip_read_networks(r, architecture);
}

/* ---- the machine ---- */

static loom_status check_parameters(chip_reader *r) {
  const data_value *open;
  LOOM_TRY(chip_list_of(r, r->root, "parameters", &open));
  if (!length(open))
    return LOOM_OK;
  diag_error(r->ctx, open->span, LOOM_EUNSUP, "the chip has open parameters");
  diag_help(r->ctx, "write their values where they are used and remove 'parameters'");
  return LOOM_EUNSUP;
}

loom_status machine_from_chip(loom_ctx *ctx, const char *path, const char *bytes, size_t size, machine **out) {
  chip_reader r = {.ctx = ctx, .mem = &ctx->mem, .path = path};
  data_value *root, *dims = NULL;
  LOOM_TRY(data_read_yaml_aliases(ctx, path, bytes, size, &root));
  if (data_get(root, "dimensions"))
    LOOM_TRY(data_need(ctx, root, "dimensions", DATA_OBJECT, &dims));
  r.root = root;
  r.dims = dims;
  r.arch.form = "chip file";
  r.arch.span = root->span;
  LOOM_TRY(check_parameters(&r));
  LOOM_TRY(data_get(root, "architecture") ? read_architecture(&r) : chip_read_placed(&r));
  LOOM_TRY(machine_arch_pick(ctx, root->span, r.core.at, r.core.n, machine_l1_names, "the core's memory", &r.arch.l1));
  LOOM_TRY(machine_arch_pick(ctx, root->span, r.system.at, r.system.n, machine_dram_names, "the DRAM", &r.arch.dram));
  for (size_t i = 0; i < r.system.n; i++) {
    if (text_eq(r.system.at[i].name, r.arch.dram.name))
      r.arch.dram_page_bytes = r.system_block.at[i];
    vec_push(r.mem, &r.arch.memories, r.system.at[i]);
  }
  for (size_t i = 0; i < r.core.n; i++)
    vec_push(r.mem, &r.arch.memories, r.core.at[i]);
  LOOM_TRY(machine_from_arch(ctx, path, &r.arch, out));
  for (size_t i = 0; i < r.definitions.n; i++)
    vec_push(r.mem, &(*out)->definitions, r.definitions.at[i]);
  return LOOM_OK;
}
