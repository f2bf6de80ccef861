/* A df file to a machine: the tree becomes a loom.machine.v1 tree, which the ordinary reader checks, and the index maps are kept for the lints.
 * What df files do not say is filled in with Wormhole's numbers and marked assumed. */
#include "machine/machine_df.h"
#include "base/file.h"
#include "base/text.h"
#include "machine/machine_private.h"
#include <ctype.h>

typedef struct import {
  loom_ctx *ctx;
  arena *mem;
  const char *path;
  df_file file;
  const df_op *core, *l1, *dram;
  int64_t cores_per_l1;
} import;

/* ---- which op is what ---- */

static loom_status find_core(import *im) {
  for (size_t i = 0; i < im->file.ops.n; i++) {
    const df_op *op = im->file.ops.at[i];
    if (op->kind == DF_CORE && im->core)
      LOOM_FAIL(im->ctx, op->span, LOOM_EUNSUP, "a second core array; a machine has one");
    im->core = op->kind == DF_CORE ? op : im->core;
  }
  if (!im->core)
    LOOM_FAIL(im->ctx, im->file.span, LOOM_EINPUT, "there is no df.core: the file describes no cores");
  if (!im->core->scaleout.n)
    LOOM_FAIL(im->ctx, im->core->span, LOOM_EINPUT, "the cores are not scaled out; name at least one spatial dim");
  return LOOM_OK;
}

/* The memory that a mux gives the cores. */
static loom_status find_l1(import *im) {
  for (size_t i = 0; i < im->file.ops.n && !im->l1; i++) {
    const df_op *op = im->file.ops.at[i];
    if (op->kind == DF_MUX && op->from == im->core && op->to->kind == DF_MEMORY)
      im->l1 = op->to;
  }
  if (im->l1)
    return LOOM_OK;
  diag_error(im->ctx, im->core->span, LOOM_EINPUT, "no df.mux gives the cores '%s' a memory", im->core->name);
  diag_help(im->ctx, "add df.mux %s, %%memory, {map = ...}", im->core->value);
  return LOOM_EINPUT;
}

static loom_status find_dram(import *im) {
  for (size_t i = 0; i < im->file.ops.n; i++) {
    const df_op *op = im->file.ops.at[i];
    if (op->kind != DF_MEMORY || op == im->l1)
      continue;
    if (im->dram)
      LOOM_FAIL(im->ctx, op->span, LOOM_EUNSUP, "a third memory '%s'; a machine has one memory at the cores and one DRAM", op->name);
    im->dram = op;
  }
  if (!im->dram)
    LOOM_FAIL(im->ctx, im->l1->span, LOOM_EINPUT, "there is no DRAM: '%s' is the only memory", im->l1->name);
  return LOOM_OK;
}

static int64_t instances(const df_op *op) {
  int64_t n = 1;
  for (size_t i = 0; i < op->scaleout.n; i++)
    n *= op->scaleout.at[i]->size;
  return n;
}

static loom_status check_instances(import *im) {
  const df_op *arrays[] = {im->core, im->l1, im->dram};
  for (size_t a = 0; a < 3; a++) {
    int64_t n = 1;
    for (size_t i = 0; i < arrays[a]->scaleout.n; i++)   /* each dim is at most MACHINE_CORES_MAX: no overflow before the check */
      if ((n *= arrays[a]->scaleout.at[i]->size) > MACHINE_CORES_MAX)
        LOOM_FAIL(im->ctx, arrays[a]->span, LOOM_ELIMIT, "'%s' has more than %d instances", arrays[a]->name, MACHINE_CORES_MAX);
  }
  int64_t cores = instances(im->core), memories = instances(im->l1);
  im->cores_per_l1 = (cores + memories - 1) / memories;
  if (im->cores_per_l1 == 1)
    return LOOM_OK;
  diag_warn(im->ctx, im->l1->span, "%" PRId64 " cores share each memory '%s'", im->cores_per_l1, im->l1->name);
  diag_help(im->ctx, "each core is given its part, %" PRId64 " of %" PRId64 " bytes", im->l1->size / im->cores_per_l1, im->l1->size);
  return LOOM_OK;
}

/* ---- index maps ---- */

static machine_map map_of(import *im, const df_op *op) {
  machine_map p = {.name = op->name, .from = op->from->name, .to = op->to->name, .span = op->span};
  for (size_t i = 0; i < op->from->scaleout.n; i++)
    vec_push(im->mem, &p.domain, ((machine_dim){op->from->scaleout.at[i]->name, op->from->scaleout.at[i]->size, false}));
  for (size_t i = 0; i < op->to->scaleout.n; i++)
    vec_push(im->mem, &p.range, ((machine_dim){op->to->scaleout.at[i]->name, op->to->scaleout.at[i]->size, false}));
  for (size_t i = 0; i < op->dims.n; i++)
    vec_push(im->mem, &p.dims, op->dims.at[i]);
  for (size_t i = 0; i < op->results.n; i++)
    vec_push(im->mem, &p.results, op->results.at[i]);
  p.bytes_per_cycle = (machine_number){.value = (double)op->bandwidth, .source = op->bandwidth ? "the df file" : NULL, .span = op->span};
  return p;
}

/* Instance number the map gives for instance `linear` of its domain; -1: outside (told by machine_check), or no number. */
static int64_t map_apply(const machine_map *p, sym_code *const *code, int64_t linear) {
  int64_t at[MACHINE_MESH_DIMS_MAX], to = 0, value;
  for (size_t i = p->domain.n; i-- > 0; linear /= p->domain.at[i].size)
    at[i] = linear % p->domain.at[i].size;
  for (size_t r = 0; r < p->range.n; r++) {
    if (!sym_run(code[r], at, &value) || value < 0 || value >= p->range.at[r].size)
      return -1;
    to = to * p->range.at[r].size + value;
  }
  return to;
}

static loom_status compile_map(loom_ctx *ctx, const machine_map *p, sym_code **out) {
  for (size_t r = 0; r < p->results.n; r++)
    LOOM_TRY(sym_compile(ctx, p->results.at[r], p->dims.at, p->dims.n, &out[r]));
  return LOOM_OK;
}

/* Does some link family of the cores or their memory close a ring along mesh dim `name`?  It does when it leads from the last instance of the
 * dim (the others at 0) to the first one. */
static loom_status closes_ring(import *im, const char *name, bool *out) {
  *out = false;
  for (size_t i = 0; i < im->file.ops.n && !*out; i++) {
    const df_op *op = im->file.ops.at[i];
    if (op->kind != DF_LINKS || op->from != op->to || (op->from != im->core && op->from != im->l1))
      continue;
    machine_map p = map_of(im, op);
    sym_code *code[MACHINE_MESH_DIMS_MAX];
    LOOM_TRY(compile_map(im->ctx, &p, code));
    for (size_t d = p.domain.n, stride = 1; d-- > 0; stride *= (size_t)p.domain.at[d].size)
      if (text_eq(p.domain.at[d].name, name) && p.domain.at[d].size > 1)
        *out = *out || map_apply(&p, code, (p.domain.at[d].size - 1) * (int64_t)stride) == 0;
  }
  return LOOM_OK;
}

/* Core next to instance `linear` of `array` (the cores or their memory): dims of the mesh that the array lacks are 0. */
static int64_t core_at(const import *im, const df_op *array, int64_t linear) {
  int64_t coord[MACHINE_MESH_DIMS_MAX], core = 0;
  for (size_t i = array->scaleout.n; i-- > 0; linear /= array->scaleout.at[i]->size)
    coord[i] = linear % array->scaleout.at[i]->size;
  for (size_t d = 0; d < im->core->scaleout.n; d++) {
    const df_op *dim = im->core->scaleout.at[d];
    int64_t c = 0;
    for (size_t i = 0; i < array->scaleout.n; i++)
      if (array->scaleout.at[i] == dim)
        c = coord[i];
    core = core * dim->size + c;
  }
  return core;
}

/* The core next to each DRAM channel, -1 where no map says it: DRAM -> core says it directly, core -> DRAM by the first core that maps there. */
static loom_status find_attach(import *im, int64_t *attach, int64_t channels) {
  for (int64_t c = 0; c < channels; c++)
    attach[c] = -1;
  for (size_t i = 0; i < im->file.ops.n; i++) {
    const df_op *op = im->file.ops.at[i];
    bool outward = op->kind == DF_LINKS && op->to == im->dram && op->from != im->dram;
    if (!outward && !(op->kind == DF_LINKS && op->from == im->dram && op->to != im->dram))
      continue;
    machine_map p = map_of(im, op);
    sym_code *code[MACHINE_MESH_DIMS_MAX];
    LOOM_TRY(compile_map(im->ctx, &p, code));
    for (int64_t k = 0; k < machine_map_points(&p); k++) {
      int64_t to = map_apply(&p, code, k), channel = outward ? to : k;
      if (to >= 0 && attach[channel] < 0)
        attach[channel] = core_at(im, outward ? op->from : op->to, outward ? k : to);
    }
  }
  return LOOM_OK;
}

/* ---- the tree ---- */

static data_value *at_place(data_value *v, const df_op *op) {
  v->span = op->span;
  return v;
}

/* A number of the file, with where it stands. */
static data_value *given(import *im, const df_op *op, const char *attribute, int64_t value) {
  data_value *v = at_place(data_object(im->mem), op);
  data_set(im->mem, v, "value", at_place(data_int(im->mem, value), op));
  data_set_string(im->mem, v, "source", arena_printf(im->mem, "%s of \"%s\", line %d of the df file", attribute, op->name, op->span.line));
  return v;
}

static data_value *assumed(import *im, double value, const char *note) {
  data_value *v = data_object(im->mem);
  bool is_whole = value == (double)(int64_t)value;
  data_set(im->mem, v, "value", is_whole ? data_int(im->mem, (int64_t)value) : data_real(im->mem, value));
  data_set_bool(im->mem, v, "assumed", true);
  if (note)
    data_set_string(im->mem, v, "note", note);
  return v;
}

static data_value *given_or(import *im, const df_op *op, const char *attribute, int64_t value, double fallback, const char *note) {
  return value ? given(im, op, attribute, value) : assumed(im, fallback, note);
}

static loom_status mesh_tree(import *im, data_value **out) {
  *out = data_array(im->mem);
  for (size_t d = 0; d < im->core->scaleout.n; d++) {
    const df_op *dim = im->core->scaleout.at[d];
    bool wraps;
    data_value *v = data_object(im->mem);
    LOOM_TRY(closes_ring(im, dim->name, &wraps));
    data_set(im->mem, v, "name", at_place(data_string(im->mem, dim->name), dim));
    data_set(im->mem, v, "size", at_place(data_int(im->mem, dim->size), dim));
    data_set_bool(im->mem, v, "wrap", wraps);
    data_push(im->mem, *out, v);
  }
  return LOOM_OK;
}

static int64_t unit_count(const df_op *core, size_t unit) { return core->counts.n ? core->counts.at[unit] : 1; }

/* Operations a cycle of all units of a kind; 0: the file gives none. */
static int64_t rate_of(const import *im, df_kind kind) {
  int64_t rate = 0;
  for (size_t i = 0; i < im->core->units.n; i++)
    if (im->core->units.at[i]->kind == kind)
      rate += im->core->units.at[i]->throughput * unit_count(im->core, i);
  return rate;
}

static const char *unit_name(const import *im, df_kind kind) {
  for (size_t i = 0; i < im->core->units.n; i++)
    if (im->core->units.at[i]->kind == kind)
      return im->core->units.at[i]->name;
  return NULL;
}

static data_value *units_tree(import *im) {
  data_value *all = data_array(im->mem);
  for (size_t i = 0; i < im->core->units.n; i++) {
    const df_op *u = im->core->units.at[i];
    data_value *v = at_place(data_object(im->mem), u), *shape = data_array(im->mem);
    for (int d = 0; d < u->rank; d++)
      data_push(im->mem, shape, data_int(im->mem, u->shape[d]));
    data_set(im->mem, v, "name", at_place(data_string(im->mem, u->name), u));
    data_set_string(im->mem, v, "kind", u->kind == DF_MAT ? "matrix" : "vector");
    data_set(im->mem, v, "shape", shape);
    data_set_int(im->mem, v, "count", unit_count(im->core, i));
    data_set(im->mem, v, "rate", given_or(im, u, "throughput", u->throughput * unit_count(im->core, i), 1024, "the 2025 perf set"));
    data_push(im->mem, all, v);
  }
  return all;
}

static data_value *core_tree(import *im) {
  data_value *core = data_object(im->mem), *memory = data_object(im->mem), *movers = data_array(im->mem);
  data_set(im->mem, memory, "name", at_place(data_string(im->mem, im->l1->name), im->l1));
  data_set(im->mem, memory, "bytes", given(im, im->l1, "size", im->l1->size / im->cores_per_l1));
  data_set(im->mem, memory, "align_bytes", assumed(im, 32, NULL));
  data_set(im->mem, memory, "bytes_per_cycle", given(im, im->l1, "bandwidth", im->l1->bandwidth));
  data_push(im->mem, movers, data_string(im->mem, "noc0"));
  data_push(im->mem, movers, data_string(im->mem, "noc1"));
  data_set(im->mem, core, "memory", memory);
  data_set(im->mem, core, "units", units_tree(im));
  data_set(im->mem, core, "movers", movers);
  data_set(im->mem, core, "transfer_setup_cycles", assumed(im, 50, NULL));
  data_set(im->mem, core, "fill_bytes_per_cycle", assumed(im, (double)im->l1->bandwidth, "the memory's bandwidth"));
  data_set(im->mem, core, "copy_bytes_per_cycle", assumed(im, (double)im->l1->bandwidth / 2, "half the memory's bandwidth: read and write"));
  data_set(im->mem, core, "tile_align", assumed(im, 32, NULL));
  return core;
}

static data_value *coordinates(import *im, int64_t core) {
  int64_t coord[MACHINE_MESH_DIMS_MAX];
  data_value *v = data_array(im->mem);
  for (size_t d = im->core->scaleout.n; d-- > 0; core /= im->core->scaleout.at[d]->size)
    coord[d] = core % im->core->scaleout.at[d]->size;
  for (size_t d = 0; d < im->core->scaleout.n; d++)
    data_push(im->mem, v, data_int(im->mem, coord[d]));
  return v;
}

static loom_status attach_tree(import *im, data_value **out) {
  int64_t channels = instances(im->dram), *attach = ARENA_NEW_N(im->mem, int64_t, channels);
  bool is_assumed = false;
  data_value *list = data_array(im->mem);
  LOOM_TRY(find_attach(im, attach, channels));
  for (int64_t c = 0; c < channels; c++) {
    is_assumed = is_assumed || attach[c] < 0;
    data_push(im->mem, list, coordinates(im, attach[c] < 0 ? c * instances(im->core) / channels : attach[c]));
  }
  *out = at_place(data_object(im->mem), im->dram);
  data_set(im->mem, *out, "value", list);
  if (is_assumed)
    data_set_bool(im->mem, *out, "assumed", true);
  else
    data_set_string(im->mem, *out, "source", "the df file: for each channel the first core that its map reaches");
  return LOOM_OK;
}

static loom_status dram_tree(import *im, data_value **out) {
  data_value *v = at_place(data_object(im->mem), im->dram), *attach;
  LOOM_TRY(attach_tree(im, &attach));
  data_set(im->mem, v, "channels", at_place(data_int(im->mem, instances(im->dram)), im->dram));
  data_set(im->mem, v, "channel_bytes", given(im, im->dram, "size", im->dram->size));
  data_set(im->mem, v, "bytes_per_cycle", given(im, im->dram, "bandwidth", im->dram->bandwidth));
  data_set(im->mem, v, "latency_cycles", assumed(im, 350, NULL));
  data_set(im->mem, v, "page_bytes", assumed(im, 8192, NULL));
  data_set(im->mem, v, "align_bytes", assumed(im, 32, NULL));
  data_set(im->mem, v, "attach", attach);
  *out = v;
  return LOOM_OK;
}

/* The slowest family of links between neighbours, or NULL when the file gives no rate. */
static const df_op *slowest_link(const import *im) {
  const df_op *slowest = NULL;
  for (size_t i = 0; i < im->file.ops.n; i++) {
    const df_op *op = im->file.ops.at[i];
    if (op->kind == DF_LINKS && op->from == op->to && op->bandwidth && (!slowest || op->bandwidth < slowest->bandwidth))
      slowest = op;
  }
  return slowest;
}

static data_value *links_tree(import *im) {
  const df_op *slowest = slowest_link(im);
  data_value *v = data_object(im->mem);
  data_set(im->mem, v, "bytes_per_cycle", slowest ? given(im, slowest, "bandwidth", slowest->bandwidth) : assumed(im, 28, NULL));
  data_set(im->mem, v, "hop_cycles", assumed(im, 9, NULL));
  return v;
}

/* ---- the perf set: the functions of 2025 at the file's rates ---- */

typedef enum rate_kind { RATE_MATRIX, RATE_VECTOR, RATE_L1, RATE_LINK } rate_kind;
static const struct { const char *name; rate_kind rate; const char *mover, *symbols, *fixed, *volume; } functions[] = {
    {"matmul_SS_f16", RATE_MATRIX, NULL, "M N K", "100", "M * N * K"},
    {"batch_matmul_SS_f16", RATE_MATRIX, NULL, "B M N K", "100", "B * M * N * K"},
    {"vec_vsum_f16", RATE_VECTOR, NULL, "P R", "1", "P * R"},
    {"vec_vmax_f16", RATE_VECTOR, NULL, "P R", "1", "P * R"},
    {"vec_max_f16", RATE_VECTOR, NULL, "L", "1", "L"},
    {"vec_sum_f16", RATE_VECTOR, NULL, "L", "1", "L"},
    {"vec_add_f16", RATE_VECTOR, NULL, "L", "1", "L"},
    {"vec_sub_f16", RATE_VECTOR, NULL, "L", "1", "L"},
    {"vec_mul_f16", RATE_VECTOR, NULL, "L", "1", "L"},
    {"vec_div_f16", RATE_VECTOR, NULL, "L", "1", "L"},
    {"vec_exp_f16", RATE_VECTOR, NULL, "L", "1", "L"},
    {"vec_powf_f16", RATE_VECTOR, NULL, "L", "1", "L"},
    {"vec_log_f16", RATE_VECTOR, NULL, "L", "1", "L"},
    {"vec_cmpf_ogt_f16", RATE_VECTOR, NULL, "L", "1", "L"},
    {"vec_select_f16", RATE_VECTOR, NULL, "L", "1", "L"},
    {"dram_to_l1_S_f16", RATE_L1, "noc0", "M N", "454", "M * N * 2"},
    {"dram_to_l1_S_bcst", RATE_LINK, "noc0", "M N bcst_x bcst_y", "344 + bcst_x + bcst_y", "M * N * 2 * bcst_x * bcst_y"},
    {"l1_to_dram_f16", RATE_L1, "noc1", "M N", "454", "M * N * 2"},
    {"l1_gather", RATE_LINK, "noc0", "B M N", "344", "B * M * N * 2"},
};
static const struct { const char *name, *target; } aliases[] = {{"matmul_f16", "matmul_SS_f16"},
                                                                {"batch_matmul_f16", "batch_matmul_SS_f16"},
                                                                {"dram_to_l1_f16", "dram_to_l1_S_f16"},
                                                                {"dram_to_l1_bcst", "dram_to_l1_S_bcst"}};

static data_value *words(arena *mem, const char *s) {
  data_value *v = data_array(mem);
  for (; *s; s += strspn(s, " ")) {
    size_t n = strcspn(s, " ");
    data_push(mem, v, data_string(mem, arena_strndup(mem, s, n)));
    s += n;
  }
  return v;
}

static data_value *perf_tree(import *im) {
  enum { ASSUMED_OPS = 1024, ASSUMED_LINK = 28 };
  arena *mem = im->mem;
  const df_op *link = slowest_link(im);
  const int64_t rate[] = {rate_of(im, DF_MAT), rate_of(im, DF_VEC), im->l1->bandwidth, link ? link->bandwidth : 0};
  const int64_t fallback[] = {ASSUMED_OPS, ASSUMED_OPS, 1, ASSUMED_LINK};
  const char *unit[] = {unit_name(im, DF_MAT), unit_name(im, DF_VEC), NULL, NULL};
  data_value *perf = data_object(mem), *set = data_object(mem), *funcs = data_object(mem), *names = data_object(mem);
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    rate_kind k = functions[i].rate;
    const char *runs_on = functions[i].mover ? functions[i].mover : unit[k];
    if (!runs_on)   /* cores without such a unit have no such function */
      continue;
    data_value *f = data_object(mem);
    data_set_string(mem, f, "unit", runs_on);
    data_set(mem, f, "symbols", words(mem, functions[i].symbols));
    data_set_string(mem, f, "fixed", functions[i].fixed);
    data_set_string(mem, f, "volume", functions[i].volume);
    data_set_int(mem, f, "throughput", rate[k] ? rate[k] : fallback[k]);
    if (!rate[k])
      data_set_bool(mem, f, "assumed", true);
    data_set(mem, funcs, functions[i].name, f);
  }
  for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
    if (data_get(funcs, aliases[i].target))
      data_set_string(mem, names, aliases[i].name, aliases[i].target);
  data_set_string(mem, set, "source", "functions and fixed latencies of the earlier published set, throughputs of the df file");
  data_set(mem, set, "functions", funcs);
  data_set(mem, set, "aliases", names);
  data_set(mem, perf, "2025", set);
  return perf;
}

/* The file's stem as a machine's name. */
static const char *machine_name(import *im) {
  char *name = file_stem(im->mem, im->path);
  for (char *p = name; *p; p++)
    *p = isalnum((unsigned char)*p) || *p == '-' ? *p : '_';
  return *name ? name : "df";
}

static loom_status whole_tree(import *im, data_value **out) {
  data_value *root = data_object(im->mem), *mesh, *dram;
  LOOM_TRY(mesh_tree(im, &mesh));
  LOOM_TRY(dram_tree(im, &dram));
  data_set_string(im->mem, root, "name", machine_name(im));
  data_set_string(im->mem, root, "summary", arena_printf(im->mem, "imported from a df file: %" PRId64 " cores", instances(im->core)));
  data_set(im->mem, root, "clock_hz", assumed(im, 1e9, NULL));
  data_set(im->mem, root, "mesh", mesh);
  data_set(im->mem, root, "core", core_tree(im));
  data_set(im->mem, root, "dram", dram);
  data_set(im->mem, root, "links", links_tree(im));
  data_set_string(im->mem, root, "calibration", "2025");
  data_set(im->mem, root, "perf", perf_tree(im));
  *out = root;
  return LOOM_OK;
}

/* What leads to the cores leads to their memory. */
static const char *end_memory(const import *im, const df_op *end) { return end == im->core ? im->l1->name : end->name; }

loom_status machine_from_df(loom_ctx *ctx, const char *path, const char *bytes, size_t size, machine **out) {
  import im = {.ctx = ctx, .mem = &ctx->mem, .path = path};
  data_value *root;
  LOOM_TRY(machine_df_parse(ctx, path, bytes, size, &im.file));
  LOOM_TRY(find_core(&im));
  LOOM_TRY(find_l1(&im));
  LOOM_TRY(find_dram(&im));
  LOOM_TRY(check_instances(&im));
  LOOM_TRY(whole_tree(&im, &root));
  LOOM_TRY(machine_read(ctx, path, root, out));
  const df_op *memories[] = {im.dram, im.l1};
  for (size_t i = 0; i < 2; i++)
    vec_push(im.mem, &(*out)->memories, ((machine_memory){memories[i]->name, instances(memories[i]), memories[i]->size, memories[i]->span}));
  for (size_t i = 0; i < im.file.ops.n; i++) {
    const df_op *op = im.file.ops.at[i];
    if (op->kind != DF_LINKS)
      continue;
    vec_push(im.mem, &(*out)->maps, map_of(&im, op));
    const char *from = end_memory(&im, op->from), *to = end_memory(&im, op->to);      /* data goes both ways */
    vec_push(im.mem, &(*out)->paths, ((machine_path){op->name, from, to, op->span}));
    vec_push(im.mem, &(*out)->paths, ((machine_path){op->name, to, from, op->span}));
  }
  return LOOM_OK;
}
