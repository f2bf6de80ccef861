/* loom.machine.v1 to a machine: everything but the perf sets. */
#include "base/text.h"
#include "machine/machine_private.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static loom_status read_field(loom_ctx *ctx, const data_value *section, const machine_field *f, machine *m) {
  const data_value *v;
  LOOM_TRY(machine_read_need(ctx, section, f->key, f->kind == MACHINE_WHOLE ? "a whole number" : "a number, or {value: ..., assumed: true}", &v));
  if (f->kind == MACHINE_WHOLE)
    return machine_read_whole(ctx, v, f->key, machine_field_path(&ctx->mem, f), f->least, f->greatest, m, machine_field_whole(m, f));
  return machine_read_number(ctx, v, f->key, f->least, f->greatest, machine_field_rate(m, f));
}

/* `keys`: how looking at the section's keys ended. */
static loom_status read_fields(loom_ctx *ctx, const data_value *section, const char *name, loom_status keys, machine *m) {
  loom_status st = keys;
  for (size_t i = 0; i < machine_n_fields; i++)
    if (text_eq(machine_fields[i].section, name) && (keys == LOOM_OK || data_get(section, machine_fields[i].key)))
      machine_keep(&st, read_field(ctx, section, &machine_fields[i], m));
  return st;
}

/* `section` holds "mesh", a list of dims; `of`: what is along them. */
static loom_status read_dims(loom_ctx *ctx, const data_value *section, const char *path, const char *of, int64_t most, machine *m, machine_dims *out) {
  static const char *const keys[] = {"name", "size", "wrap"};
  data_value *mesh;
  LOOM_TRY(data_need(ctx, section, "mesh", DATA_ARRAY, &mesh));
  if (mesh->n < 1 || mesh->n > MACHINE_MESH_DIMS_MAX)
    LOOM_FAIL(ctx, mesh->span, LOOM_EINPUT, "the mesh has %zu dims; must be 1..%d", mesh->n, MACHINE_MESH_DIMS_MAX);
  int64_t all = 1;
  for (size_t i = 0; i < mesh->n; i++) {
    machine_dim dim = {0};
    const data_value *v = mesh->items[i], *name, *size;
    LOOM_TRY(data_only_keys(ctx, v, keys, COUNT(keys)));
    LOOM_TRY(machine_read_need(ctx, v, "name", "the dim's name, for example x", &name));
    LOOM_TRY(machine_read_need(ctx, v, "size", arena_printf(&ctx->mem, "the number of %s along the dim", of), &size));
    LOOM_TRY(machine_read_name(ctx, name, "a mesh dim's name", &dim.name));
    for (size_t j = 0; j < out->n; j++)
      if (text_eq(out->at[j].name, dim.name))
        LOOM_FAIL(ctx, name->span, LOOM_EINPUT, "the mesh has two dims named '%s'", dim.name);
    LOOM_TRY(machine_read_whole(ctx, size, "size", arena_printf(&ctx->mem, "%s.%s", path, dim.name), 1, (double)most, m, &dim.size));
    LOOM_TRY(machine_read_optional_bool(ctx, v, "wrap", &dim.wraps));
    vec_push(&ctx->mem, out, dim);
    all *= dim.size;
    if (all > most)
      LOOM_FAIL(ctx, mesh->span, LOOM_ELIMIT, "the mesh has more than %" PRId64 " %s", most, of);
  }
  return LOOM_OK;
}

static loom_status read_chips(loom_ctx *ctx, const data_value *root, machine *m) {
  static const char *const keys[] = {"mesh", "links"};
  data_value *v;
  const data_value *links;
  if (!data_get(root, "chips"))
    return LOOM_OK;
  LOOM_TRY(data_need(ctx, root, "chips", DATA_OBJECT, &v));
  LOOM_TRY(data_only_keys(ctx, v, keys, COUNT(keys)));
  LOOM_TRY(read_dims(ctx, v, "chips.mesh", "chips", MACHINE_CHIPS_MAX, m, &m->chips));
  LOOM_TRY(machine_read_need(ctx, v, "links", "what is between neighbouring chips", &links));
  return machine_part_read(ctx, MACHINE_PART_CHIP_LINKS, v, m);
}

/* Either `bytes`, or `banks` of `bank_bytes` each. */
static loom_status read_l1_size(loom_ctx *ctx, const data_value *v, machine *m) {
  const double greatest = 1099511627776;   /* 1 TiB */
  const data_value *bytes = data_get(v, "bytes"), *banks = data_get(v, "banks"), *bank = data_get(v, "bank_bytes");
  if (bytes && (banks || bank))
    LOOM_FAIL(ctx, bytes->span, LOOM_EINPUT, "the memory has both 'bytes' and 'banks' of 'bank_bytes'; write one of them");
  if (bytes)
    return machine_read_whole(ctx, bytes, "bytes", "core.memory.bytes", 1, greatest, m, &m->l1_bytes);
  int64_t bank_bytes = 0;
  LOOM_TRY(machine_read_need(ctx, v, banks || bank ? "banks" : "bytes", "the memory's size in bytes, or 'banks' and 'bank_bytes'", &banks));
  LOOM_TRY(machine_read_need(ctx, v, "bank_bytes", "the size of one bank", &bank));
  LOOM_TRY(machine_read_whole(ctx, banks, "banks", "core.memory.banks", 1, 65536, m, &m->l1_banks));
  LOOM_TRY(machine_read_whole(ctx, bank, "bank_bytes", "core.memory.bank_bytes", 1, greatest / 65536, m, &bank_bytes));
  m->l1_bytes = m->l1_banks * bank_bytes;
  return LOOM_OK;
}

static loom_status read_memory(loom_ctx *ctx, const data_value *core, machine *m) {
  static const char *const keys[] = {"name", "bytes", "banks", "bank_bytes", "align_bytes", "bytes_per_cycle"};
  data_value *v;
  LOOM_TRY(data_need(ctx, core, "memory", DATA_OBJECT, &v));
  const loom_status known = data_only_keys(ctx, v, keys, COUNT(keys));
  loom_status st = known;
  m->l1_name = "L1";
  if (data_get(v, "name"))
    machine_keep(&st, machine_read_name(ctx, data_get(v, "name"), "a memory's name", &m->l1_name));
  if (known == LOOM_OK)
    machine_keep(&st, read_l1_size(ctx, v, m));
  machine_keep(&st, read_fields(ctx, v, "core.memory", known, m));
  if (st == LOOM_OK && m->l1_align_bytes % MACHINE_ALIGN)
    LOOM_FAIL(ctx, data_get(v, "align_bytes")->span, LOOM_EINPUT, "align_bytes is %" PRId64 "; must be a multiple of %d, the bytes of the largest element", m->l1_align_bytes, MACHINE_ALIGN);
  return st;
}

/* Units and movers share one space of names: a function's `unit` is one of them. */
static loom_status check_fresh_unit(loom_ctx *ctx, const machine *m, const data_value *at, const char *name) {
  bool taken = false;
  for (size_t i = 0; i < m->units.n; i++)
    taken = taken || text_eq(m->units.at[i].name, name);
  for (size_t i = 0; i < m->movers.n; i++)
    taken = taken || text_eq(m->movers.at[i], name);
  if (taken)
    LOOM_FAIL(ctx, at->span, LOOM_EINPUT, "two units or movers are named '%s'", name);
  return LOOM_OK;
}

static loom_status read_unit_kind(loom_ctx *ctx, const data_value *v, machine_unit *u) {
  static const char *const kinds[] = {"matrix", "vector"};
  LOOM_TRY(data_need_string(ctx, v, "kind", &u->kind));
  if (text_eq(u->kind, kinds[0]) || text_eq(u->kind, kinds[1]))
    return LOOM_OK;
  diag_error(ctx, data_get(v, "kind")->span, LOOM_EINPUT, "unknown kind of unit '%s'", u->kind);
  const char *near = diag_nearest(u->kind, kinds, COUNT(kinds));
  diag_help(ctx, near ? "did you mean '%s'?" : "a unit is 'matrix' or 'vector'", near);
  return LOOM_EINPUT;
}

static loom_status read_shape(loom_ctx *ctx, const data_value *v, machine_unit *u) {
  data_value *shape;
  LOOM_TRY(data_need(ctx, v, "shape", DATA_ARRAY, &shape));
  if (shape->n < 1 || shape->n > COUNT(u->shape))
    LOOM_FAIL(ctx, shape->span, LOOM_EINPUT, "the unit's shape has %zu dims; must be 1..%zu", shape->n, COUNT(u->shape));
  u->rank = (int)shape->n;
  for (size_t i = 0; i < shape->n; i++) {
    const data_value *e = shape->items[i];
    if (e->kind != DATA_INT || e->integer < 1 || e->integer > 65536)
      LOOM_FAIL(ctx, e->span, LOOM_EINPUT, "a shape holds whole numbers in 1..65536");
    u->shape[i] = e->integer;
  }
  return LOOM_OK;
}

static loom_status read_unit_rate(loom_ctx *ctx, const data_value *v, machine_unit *u) {
  const data_value *rate;
  LOOM_TRY(machine_read_need(ctx, v, "rate", "multiply-adds or elements a cycle, of all `count` together", &rate));
  return machine_read_number(ctx, rate, "rate", 1e-3, 1e9, &u->rate);
}

static loom_status read_unit(loom_ctx *ctx, const data_value *v, machine *m) {
  static const char *const keys[] = {"name", "kind", "shape", "count", "rate"};
  const data_value *name;
  machine_unit u = {.count = 1};
  LOOM_TRY(data_only_keys(ctx, v, keys, COUNT(keys)));
  LOOM_TRY(machine_read_need(ctx, v, "name", "the unit's name", &name));
  LOOM_TRY(machine_read_name(ctx, name, "a unit's name", &u.name));
  loom_status st = check_fresh_unit(ctx, m, name, u.name);
  machine_keep(&st, read_unit_kind(ctx, v, &u));
  machine_keep(&st, read_shape(ctx, v, &u));
  if (data_get(v, "count"))
    machine_keep(&st, machine_read_whole(ctx, data_get(v, "count"), "count", arena_printf(&ctx->mem, "core.units.%s.count", u.name), 1, 65536, m, &u.count));
  machine_keep(&st, read_unit_rate(ctx, v, &u));
  vec_push(&ctx->mem, &m->units, u);
  return st;
}

static loom_status read_units(loom_ctx *ctx, const data_value *core, machine *m) {
  data_value *units;
  loom_status st = LOOM_OK;
  LOOM_TRY(data_need(ctx, core, "units", DATA_ARRAY, &units));
  for (size_t i = 0; i < units->n; i++)
    machine_keep(&st, read_unit(ctx, units->items[i], m));
  return st;
}

static loom_status read_movers(loom_ctx *ctx, const data_value *core, machine *m) {
  data_value *movers;
  LOOM_TRY(data_need(ctx, core, "movers", DATA_ARRAY, &movers));
  if (!movers->n)
    LOOM_FAIL(ctx, movers->span, LOOM_EINPUT, "a core needs at least one mover");
  for (size_t i = 0; i < movers->n; i++) {
    const char *name;
    LOOM_TRY(machine_read_name(ctx, movers->items[i], "a mover's name", &name));
    LOOM_TRY(check_fresh_unit(ctx, m, movers->items[i], name));
    vec_push(&ctx->mem, &m->movers, name);
  }
  return LOOM_OK;
}

/* clamp (as when it is absent) or pad. */
static loom_status read_ragged(loom_ctx *ctx, const data_value *core, machine *m) {
  static const char *const words[] = {"clamp", "pad"};
  const char *word;
  if (!data_get(core, "ragged"))
    return LOOM_OK;
  LOOM_TRY(data_need_string(ctx, core, "ragged", &word));
  m->pads_edges = text_eq(word, words[1]);
  if (m->pads_edges || text_eq(word, words[0]))
    return LOOM_OK;
  diag_error(ctx, data_get(core, "ragged")->span, LOOM_EINPUT, "'ragged' is '%s'; must be 'clamp' or 'pad'", word);
  const char *near = diag_nearest(word, words, COUNT(words));
  diag_help(ctx, near ? "did you mean '%s'?" : "clamp: an edge tile costs its own size; pad: that of a whole tile", near);
  return LOOM_EINPUT;
}

static loom_status read_core(loom_ctx *ctx, const data_value *root, machine *m) {
  static const char *const keys[] = {"memory", "units", "movers", "transfer_setup_cycles", "fill_bytes_per_cycle", "copy_bytes_per_cycle", "tile_align",
                                     "ragged", "concurrent_units", "concurrent_movers", "dispatch", "pipeline"};
  data_value *v;
  LOOM_TRY(data_need(ctx, root, "core", DATA_OBJECT, &v));
  const loom_status known = data_only_keys(ctx, v, keys, COUNT(keys));
  loom_status st = known;
  bool has_concurrent_movers = true;
  if (known == LOOM_OK || data_get(v, "memory"))
    machine_keep(&st, read_memory(ctx, v, m));
  if (known == LOOM_OK || data_get(v, "units"))
    machine_keep(&st, read_units(ctx, v, m));
  if (known == LOOM_OK || data_get(v, "movers"))
    machine_keep(&st, read_movers(ctx, v, m));
  machine_keep(&st, read_ragged(ctx, v, m));
  machine_keep(&st, machine_read_optional_bool(ctx, v, "concurrent_units", &m->has_concurrent_units));
  machine_keep(&st, machine_read_optional_bool(ctx, v, "concurrent_movers", &has_concurrent_movers));
  m->lacks_concurrent_movers = !has_concurrent_movers;
  machine_keep(&st, machine_part_read(ctx, MACHINE_PART_DISPATCH, v, m));
  machine_keep(&st, machine_part_read(ctx, MACHINE_PART_PIPELINE, v, m));
  machine_keep(&st, read_fields(ctx, v, "core", known, m));
  return st;
}

/* [x, y] on the mesh to the core's number. */
static loom_status read_core_index(loom_ctx *ctx, const data_value *v, const machine *m, int64_t *out) {
  if (v->kind != DATA_ARRAY || v->n != m->mesh.n)
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, "an attach point is a list of %zu core coordinates", m->mesh.n);
  *out = 0;
  for (size_t d = 0; d < v->n; d++) {
    const data_value *c = v->items[d];
    const machine_dim *dim = &m->mesh.at[d];
    if (c->kind != DATA_INT)
      LOOM_FAIL(ctx, c->span, LOOM_EINPUT, "the coordinate along '%s' is %s; expected a whole number", dim->name, data_kind_name(c->kind));
    if (c->integer < 0 || c->integer >= dim->size)
      LOOM_FAIL(ctx, c->span, LOOM_EINPUT, "the attach point is off the mesh: '%s' is %" PRId64 "; must be 0..%" PRId64, dim->name, c->integer,
                dim->size - 1);
    *out = *out * dim->size + c->integer;
  }
  return LOOM_OK;
}

static loom_status read_attach(loom_ctx *ctx, const data_value *dram, machine *m) {
  const data_value *v = data_get(dram, "attach"), *list;
  if (!v) {   /* spread evenly over the cores */
    m->attach_assumed = true;
    m->attach_span = dram->span;
    for (int64_t c = 0; c < m->dram_channels; c++)
      vec_push(&ctx->mem, &m->attach, c * machine_cores(m) / m->dram_channels);
    return LOOM_OK;
  }
  machine_number origin;
  LOOM_TRY(machine_read_origin(ctx, v, &list, &origin));
  m->attach_assumed = origin.is_assumed;
  m->attach_span = v->span;
  if (origin.source || origin.note || origin.is_assumed)
    machine_origin_add(&ctx->mem, m, "dram.attach", origin);
  if (list->kind != DATA_ARRAY || (int64_t)list->n != m->dram_channels)
    LOOM_FAIL(ctx, list->span, LOOM_EINPUT, "'attach' must list %" PRId64 " cores, one for each DRAM channel", m->dram_channels);
  for (size_t i = 0; i < list->n; i++) {
    int64_t core = 0;
    LOOM_TRY(read_core_index(ctx, list->items[i], m, &core));
    vec_push(&ctx->mem, &m->attach, core);
  }
  return LOOM_OK;
}

/* One of gb_per_s (10^9 bytes a second) and bytes_per_cycle, of all channels together, and channel_gb_per_s. */
static loom_status read_dram_rate(loom_ctx *ctx, const data_value *v, machine *m) {
  static const char *const keys[] = {"gb_per_s", "channel_gb_per_s", "bytes_per_cycle"};
  const char *key = NULL;
  for (size_t i = 0; i < COUNT(keys); i++) {
    if (key && data_get(v, keys[i]))
      LOOM_FAIL(ctx, data_get(v, key)->span, LOOM_EINPUT, "the DRAM has both '%s' and '%s'; write one of them", key, keys[i]);
    if (data_get(v, keys[i]))
      key = keys[i];
  }
  const data_value *rate;
  LOOM_TRY(machine_read_need(ctx, v, key ? key : keys[0], "GB/s of all channels together, or 'channel_gb_per_s' of one, or 'bytes_per_cycle'", &rate));
  LOOM_TRY(machine_read_number(ctx, rate, key, 1e-3, 1e9, &m->dram_bytes_per_cycle));
  if (text_eq(key, keys[1]))
    m->dram_bytes_per_cycle.value *= (double)m->dram_channels;
  if (!text_eq(key, keys[2]))
    m->dram_bytes_per_cycle.value = m->dram_bytes_per_cycle.value * 1e9 / m->clock_hz.value;
  return LOOM_OK;
}

/* page (as when it is absent) or ipoly. */
static loom_status read_interleave(loom_ctx *ctx, const data_value *dram, machine *m) {
  static const char *const words[] = {"page", "ipoly"};
  const char *word;
  if (!data_get(dram, "interleave"))
    return LOOM_OK;
  LOOM_TRY(data_need_string(ctx, dram, "interleave", &word));
  m->hashes_channels = text_eq(word, words[1]);
  if (m->hashes_channels || text_eq(word, words[0]))
    return LOOM_OK;
  diag_error(ctx, data_get(dram, "interleave")->span, LOOM_EINPUT, "'interleave' is '%s'; must be 'page' or 'ipoly'", word);
  const char *near = diag_nearest(word, words, COUNT(words));
  diag_help(ctx, near ? "did you mean '%s'?" : "page: page after page over the channels; ipoly: requests by a hash of their address", near);
  return LOOM_EINPUT;
}

/* Without `has_mesh` it is not known where channels may be attached. */
static loom_status read_dram(loom_ctx *ctx, const data_value *root, bool has_mesh, machine *m) {
  static const char *const keys[] = {"channels", "channel_bytes", "gb_per_s", "channel_gb_per_s", "bytes_per_cycle", "latency_cycles", "page_bytes",
                                     "align_bytes", "write_align_bytes", "run_cycles", "attach", "interleave", "bank"};
  data_value *v;
  LOOM_TRY(data_need(ctx, root, "dram", DATA_OBJECT, &v));
  const loom_status known = data_only_keys(ctx, v, keys, COUNT(keys)), fields = read_fields(ctx, v, "dram", known, m);
  loom_status st = fields;
  if (data_get(v, "write_align_bytes"))
    machine_keep(&st, machine_read_whole(ctx, data_get(v, "write_align_bytes"), "write_align_bytes", "dram.write_align_bytes", 1, 65536, m, &m->dram_write_align_bytes));
  if (data_get(v, "run_cycles"))
    machine_keep(&st, machine_read_whole(ctx, data_get(v, "run_cycles"), "run_cycles", "dram.run_cycles", 0, 65536, m, &m->dram_run_cycles));
  if (known == LOOM_OK)
    machine_keep(&st, read_dram_rate(ctx, v, m));
  machine_keep(&st, read_interleave(ctx, v, m));
  machine_keep(&st, machine_part_read(ctx, MACHINE_PART_BANK, v, m));
  if (has_mesh && fields == LOOM_OK)
    machine_keep(&st, read_attach(ctx, v, m));
  return st;
}

static loom_status read_links(loom_ctx *ctx, const data_value *root, machine *m) {
  static const char *const keys[] = {"bytes_per_cycle", "hop_cycles", "multicast", "packet_bytes", "sharing"};
  data_value *v;
  machine_number packet = {0};
  bool has_multicast = true, has_sharing = true;
  LOOM_TRY(data_need(ctx, root, "links", DATA_OBJECT, &v));
  const loom_status known = data_only_keys(ctx, v, keys, COUNT(keys));
  loom_status st = known;
  machine_keep(&st, machine_read_optional_bool(ctx, v, "multicast", &has_multicast));
  machine_keep(&st, machine_read_optional_bool(ctx, v, "sharing", &has_sharing));
  m->lacks_multicast = !has_multicast;
  m->lacks_sharing = !has_sharing;
  if (data_get(v, "packet_bytes") && machine_keep(&st, machine_read_number(ctx, data_get(v, "packet_bytes"), "links.packet_bytes", 64, 1073741824, &packet)) == LOOM_OK) {
    m->link_packet_bytes = (int64_t)packet.value;
    machine_origin_add(&ctx->mem, m, "links.packet_bytes", packet);
  }
  machine_keep(&st, read_fields(ctx, v, "links", known, m));
  return st;
}

/* Names and numbers; what they are is told in docs/machines.md. */
static loom_status read_host(loom_ctx *ctx, const data_value *root, machine *m) {
  data_value *v;
  if (!data_get(root, "host"))
    return LOOM_OK;
  LOOM_TRY(data_need(ctx, root, "host", DATA_OBJECT, &v));
  loom_status st = data_need_string(ctx, v, "cpu", &m->host_cpu);
  for (size_t i = 0; i < v->n; i++) {
    machine_origin fact = {.path = v->members[i].key};
    if (text_eq(fact.path, "cpu"))
      continue;
    machine_keep(&st, machine_read_number(ctx, v->members[i].value, fact.path, 0, 1e18, &fact.number));
    vec_push(&ctx->mem, &m->host_facts, fact);
  }
  return st;
}

/* What programs are written for, beyond simulating the mesh. */
static loom_status read_target(loom_ctx *ctx, const data_value *root, machine *m) {
  static const char *const keys[] = {"kind", "arch"}, *const archs[] = {"wormhole", "blackhole"};
  data_value *v;
  if (!data_get(root, "target"))
    return LOOM_OK;
  LOOM_TRY(data_need(ctx, root, "target", DATA_OBJECT, &v));
  LOOM_TRY(data_only_keys(ctx, v, keys, COUNT(keys)));
  LOOM_TRY(data_need_string(ctx, v, "kind", &m->target_kind));
  if (text_eq(m->target_kind, "npu")) {
    if (data_get(v, "arch"))
      LOOM_FAIL(ctx, data_get(v, "arch")->span, LOOM_EINPUT, "a target of kind npu has no 'arch'; section 'npu' says what it is");
    if (!m->npu)
      LOOM_FAIL(ctx, data_get(v, "kind")->span, LOOM_EINPUT, "a target of kind npu needs section 'npu'");
    return LOOM_OK;
  }
  if (!text_eq(m->target_kind, "tt"))
    LOOM_FAIL(ctx, data_get(v, "kind")->span, LOOM_EINPUT, "target.kind is '%s'; must be tt, a Tenstorrent board, or npu, lanes and systolic arrays over a scratchpad", m->target_kind);
  LOOM_TRY(data_need_string(ctx, v, "arch", &m->target_arch));
  for (size_t i = 0; i < COUNT(archs); i++)
    if (text_eq(m->target_arch, archs[i]))
      return LOOM_OK;
  LOOM_FAIL(ctx, data_get(v, "arch")->span, LOOM_EINPUT, "target.arch is '%s'; must be wormhole or blackhole", m->target_arch);
}

typedef struct sections { loom_ctx *ctx; const data_value *root; bool all_known; } sections;

/* Is it there, or has it to be missed? */
static bool has_section(const sections *is, const char *key) { return is->all_known || data_get(is->root, key); }

static loom_status read_names(const sections *is, machine *m) {
  const data_value *name;
  loom_status st = LOOM_OK;
  if (has_section(is, "name") && machine_keep(&st, machine_read_need(is->ctx, is->root, "name", "the machine's name", &name)) == LOOM_OK)
    machine_keep(&st, machine_read_name(is->ctx, name, "a machine's name", &m->name));
  machine_keep(&st, machine_read_optional_string(is->ctx, is->root, "summary", &m->summary));
  return st;
}

loom_status machine_read(loom_ctx *ctx, const char *path, const data_value *root, machine **out) {
  static const char *const keys[] = {"schema", "extends", "name", "summary", "clock_hz", "chips", "mesh", "core", "dram", "links", "crossbar", "noc", "npu", "host", "target", "calibration", "perf"};
  machine *m = ARENA_NEW(&ctx->mem, machine);
  m->path = path;
  loom_status st = data_only_keys(ctx, root, keys, COUNT(keys));
  const sections is = {ctx, root, st == LOOM_OK};
  machine_keep(&st, read_names(&is, m));
  machine_keep(&st, read_fields(ctx, root, "", is.all_known ? LOOM_OK : LOOM_EINPUT, m));
  machine_keep(&st, read_chips(ctx, root, m));
  const loom_status mesh = has_section(&is, "mesh") ? read_dims(ctx, root, "mesh", "cores", MACHINE_CORES_MAX, m, &m->mesh) : LOOM_EINPUT;
  machine_keep(&st, mesh);
  const loom_status core = has_section(&is, "core") ? read_core(ctx, root, m) : LOOM_EINPUT;
  machine_keep(&st, core);
  if (has_section(&is, "dram"))
    machine_keep(&st, read_dram(ctx, root, mesh == LOOM_OK, m));
  if (has_section(&is, "links"))
    machine_keep(&st, read_links(ctx, root, m));
  machine_keep(&st, machine_part_read(ctx, MACHINE_PART_CROSSBAR, root, m));
  machine_keep(&st, machine_part_read(ctx, MACHINE_PART_NOC, root, m));
  const loom_status npu = core == LOOM_OK ? machine_part_read(ctx, MACHINE_PART_NPU, root, m) : LOOM_OK;
  machine_keep(&st, npu);
  machine_keep(&st, read_host(ctx, root, m));
  if (npu == LOOM_OK && core == LOOM_OK)
    machine_keep(&st, read_target(ctx, root, m));
  if (core == LOOM_OK && has_section(&is, "perf"))      /* costs name the core's units */
    machine_keep(&st, machine_read_perf(ctx, root, m));
  if (st != LOOM_OK)
    return st;
  *out = m;
  return LOOM_OK;
}

static loom_status read_yaml(loom_ctx *ctx, const char *path, const char *bytes, size_t size, machine **out) {
  data_value *file, *root;
  const data_value *name;
  LOOM_TRY(data_read_yaml(ctx, path, bytes, size, &file));
  LOOM_TRY(machine_read_extends(ctx, path, file, &root));
  LOOM_TRY(machine_read(ctx, path, root, out));
  return machine_read_need(ctx, file, "name", "the machine's name", &name);   /* that of the machine it extends is not its own */
}

loom_status machine_from_yaml(loom_ctx *ctx, const char *path, const char *bytes, size_t size, machine **out) {
  enum { ERRORS_MAX = 20 };
  const diag_mark before = diag_save(ctx);
  loom_status st = read_yaml(ctx, path, bytes, size, out);
  if (st == LOOM_OK)
    return st;
  diag_sort(ctx, before);
  const int dropped = diag_cut(ctx, before, ERRORS_MAX);
  if (dropped)
    diag_note(ctx, diag_file_span(ctx, path), "%d more errors are not shown", dropped);
  return st;
}
