/* What goes into a compile and what comes out of it: inputs by content, upstream's config.json, the output directory. */
#include "base/file.h"
#include "base/hash.h"
#include "compile.h"
#include "compile_explored.h"
#include "compile_stage.h"
#include "frontend/device_ir/device_ir.h"
#include "frontend/helion_mlir/helion_mlir.h"
#include <ctype.h>
#include <string.h>

enum { INPUT_BYTES_MAX = 64 << 20, CONFIG_BYTES_MAX = 1 << 20 };

typedef enum input_kind { INPUT_PYTHON, INPUT_MLIR, INPUT_JSON, INPUT_DEVICE_IR, INPUT_HELION_MLIR } input_kind;

/* By suffix where there is a known one, else by the first token: JSON opens with a brace, MLIR with a module, a function, an alias or a // comment. */
static input_kind kind_by_opening(const char *path, const char *s) {
  if (text_ends(path, ".mlir"))
    return INPUT_MLIR;
  while (isspace((unsigned char)*s))
    s++;
  if (*s == '{' || *s == '[')
    return INPUT_JSON;
  static const char *const openings[] = {"module", "func.func", "\"builtin.module\"", "//", "!"};
  for (size_t i = 0; i < sizeof openings / sizeof *openings; i++)
    if (text_starts(s, openings[i]))
      return INPUT_MLIR;
  if (*s == '#' && (isalpha((unsigned char)s[1]) || s[1] == '_')) {   /* "#map = affine_map<..>"; a Python comment has no '=' after its first word */
    while (isalnum((unsigned char)*++s) || *s == '_')
      ;
    while (*s == ' ')
      s++;
    return *s == '=' ? INPUT_MLIR : INPUT_PYTHON;
  }
  return INPUT_PYTHON;
}

static input_kind kind_of(const char *path, const char *s, size_t size) {
  if (text_ends(path, ".py"))
    return INPUT_PYTHON;
  if (device_ir_looks_like(s, size))   /* helion-mlir's dumps are called .mlir */
    return INPUT_DEVICE_IR;
  input_kind kind = kind_by_opening(path, s);
  return kind == INPUT_MLIR && helion_mlir_is_text(s, size) ? INPUT_HELION_MLIR : kind;
}

static loom_status read_python(compile_state *s, const char *path, const char *source, size_t size) {
  syn_node *tree;
  LOOM_TRY(python_parse(s->ctx, path, source, size, &tree));
  LOOM_TRY(helion_read(s->ctx, tree, &s->o->helion, &s->kernel));
  s->kernel->path = path;
  return kernel_verify(s->ctx, s->kernel);
}

static loom_status read_device_ir(compile_state *s, const char *path, const char *source, size_t size) {
  const device_ir_options o = {.shapes = s->o->helion.shapes, .n_shapes = s->o->helion.n_shapes, .name = s->o->helion.function, .open_sizes = s->o->helion.open_sizes};
  LOOM_TRY(device_ir_read(s->ctx, path, source, size, &o, &s->kernel));
  s->kernel->path = path;
  return LOOM_OK;
}

/* A plan as input: the kernel it names, with the plan replayed. */
static loom_status read_planned_kernel(compile_state *s, const char *path, const data_value *v) {
  const char *kernel;
  if (s->o->plan)
    LOOM_FAIL(s->ctx, v->span, LOOM_EINPUT, "the input is a plan and --plan names another");
  LOOM_TRY(data_need_string(s->ctx, v, "kernel_path", &kernel));
  compile_options *o = ARENA_NEW(&s->ctx->mem, compile_options);
  *o = *s->o;
  o->plan = path;
  o->input = kernel;
  o->source = NULL;
  s->o = o;
  return compile_read_input(s);
}

static loom_status read_json(compile_state *s, const char *path, const char *source, size_t size) {
  data_value *v;
  const char *schema;
  LOOM_TRY(data_read_json(s->ctx, path, source, size, &v));
  LOOM_TRY(data_need_string(s->ctx, v, "schema", &schema));
  if (text_eq(schema, "loom.plan.v1"))
    return read_planned_kernel(s, path, v);
  if (text_eq(schema, "loom.helion.v1"))
    return read_device_ir(s, path, source, size);
  if (!text_eq(schema, "loom.kernel.v1"))
    LOOM_FAIL(s->ctx, v->span, LOOM_EINPUT, "a file of schema '%s' is not a kernel; expected loom.kernel.v1, loom.helion.v1 or loom.plan.v1", schema);
  LOOM_TRY(kernel_from_data(s->ctx, v, &s->kernel));
  return kernel_verify(s->ctx, s->kernel);
}

bool compile_is_mlir(const char *path, const char *source, size_t size) { return kind_of(path, source, size) == INPUT_MLIR; }

bool compile_is_whole_kernel(const char *path, const char *source, size_t size) {
  const input_kind kind = kind_of(path, source, size);
  return kind != INPUT_MLIR && !(kind == INPUT_JSON && strstr(source, "loom.plan.v1"));
}

loom_status compile_read_input(compile_state *s) {
  char *source = s->o->source;
  size_t size = s->o->source_size;
  const char *path = s->o->input;
  if (s->o->graph) {
    s->kernel = s->o->graph;
    return LOOM_OK;
  }
  if (!source)
    LOOM_TRY(file_read(s->ctx, path, INPUT_BYTES_MAX, &source, &size));
  switch (kind_of(path, source, size)) {
  case INPUT_PYTHON: return read_python(s, path, source, size);
  case INPUT_JSON: return read_json(s, path, source, size);
  case INPUT_DEVICE_IR: return read_device_ir(s, path, source, size);
  case INPUT_HELION_MLIR: return helion_mlir_read(&s->ir, path, source, size, &s->kernel);
  case INPUT_MLIR:
    LOOM_TRY(compile_parse_mlir(&s->ir, path, source, size, &s->stage0));
    LOOM_TRY(compile_explored_read(s));
    return compile_lower_torch(&s->ir, s->stage0, s->o->use_mips_matmul);
  }
  return LOOM_EBUG;
}

/* ---- config.json (loom.md 1.3) ---- */

typedef VEC_OF(solve_domain) domain_list;

static bool has_domain(const compile_options *o, const char *symbol) {
  for (size_t i = 0; i < o->n_domains; i++)
    if (text_eq(o->domains[i].symbol, symbol))
      return true;
  return false;
}

/* "tile_m": 128 (assigned, the older form) or {"lb": 32, "ub": 256}. */
static loom_status read_domain(compile_state *s, const data_value *block_sizes, const data_member *m, domain_list *out) {
  solve_domain d = {.symbol = m->key};
  if (m->value->kind == DATA_INT) {
    LOOM_TRY(data_need_int(s->ctx, block_sizes, m->key, 1, INT64_C(1) << 40, &d.assigned));
  } else {
    static const char *const keys[] = {"lb", "ub"};
    LOOM_TRY(data_only_keys(s->ctx, m->value, keys, 2));
    LOOM_TRY(data_need_int(s->ctx, m->value, "lb", 1, INT64_C(1) << 40, &d.lb));
    LOOM_TRY(data_need_int(s->ctx, m->value, "ub", 1, INT64_C(1) << 40, &d.ub));
    if (d.lb > d.ub)
      LOOM_FAIL(s->ctx, m->value->span, LOOM_EINPUT, "block size '%s': lb %" PRId64 " is above ub %" PRId64, m->key, d.lb, d.ub);
  }
  vec_push(&s->ctx->mem, out, d);
  return LOOM_OK;
}

typedef VEC_OF(compile_assignment) assignment_list;

/* {"tile_m": 64, "is_double_buffer": 1} */
static loom_status read_assignment(compile_state *s, const char *variant, const data_value *v, assignment_list *out) {
  domain_list sizes = {0};
  compile_assignment a = {.variant = variant};
  if (v->kind != DATA_OBJECT)
    LOOM_FAIL(s->ctx, v->span, LOOM_EINPUT, "block sizes of a variant are %s; expected an object, a list of such, or null", data_kind_name(v->kind));
  for (size_t i = 0; i < v->n; i++) {
    solve_domain d = {.symbol = v->members[i].key};
    const bool is_slots = text_eq(d.symbol, MODEL_DOUBLE_BUFFER);
    LOOM_TRY(data_need_int(s->ctx, v, d.symbol, is_slots ? 0 : 1, is_slots ? 1 : INT64_C(1) << 40, &d.assigned));
    if (is_slots)
      a.slots = (int)d.assigned + 1;
    else
      vec_push(&s->ctx->mem, &sizes, d);
  }
  a.domains = sizes.at;
  a.n = sizes.n;
  vec_push(&s->ctx->mem, out, a);
  return LOOM_OK;
}

/* {"ALL": {..}} or {"<variant>": {..} or [{..}, ..] or null, ..}.  One assignment restricts the search; several are materialised side by side. */
static loom_status read_assigned(compile_state *s, const data_value *v, compile_options *into, domain_list *out) {
  assignment_list all = {0};
  for (size_t i = 0; i < v->n; i++) {
    const data_value *x = v->members[i].value;
    const bool is_all = text_eq(v->members[i].key, "ALL");
    const char *variant = is_all ? into->explore.variant : v->members[i].key;
    if (is_all && v->n > 1)
      LOOM_FAIL(s->ctx, x->span, LOOM_EINPUT, "assigned_block_size has \"ALL\" and other variants; give \"ALL\" alone, or the variants by name");
    for (size_t k = 0; x->kind == DATA_ARRAY && k < x->n; k++)
      LOOM_TRY(read_assignment(s, variant, x->items[k], &all));
    if (x->kind != DATA_ARRAY && x->kind != DATA_NULL)
      LOOM_TRY(read_assignment(s, variant, x, &all));
  }
  into->assigned = all.at;
  into->n_assigned = all.n;
  if (all.n != 1)
    return LOOM_OK;
  into->n_assigned = 0;
  into->slots = all.at[0].slots;
  if (!into->explore.variant)
    into->explore.variant = all.at[0].variant;
  for (size_t i = 0; i < all.at[0].n; i++)
    vec_push(&s->ctx->mem, out, all.at[0].domains[i]);
  return LOOM_OK;
}

loom_status compile_read_config(compile_state *s, compile_options *into) {
  if (!into->config)
    return LOOM_OK;
  data_value *v;
  LOOM_TRY(data_read_json_file(s->ctx, into->config, CONFIG_BYTES_MAX, &v));
  /* the last four are options, which the command line has read */
  static const char *const keys[] = {"output_path", "hw_spec", "df_mlir", "hw_compute_dir", "block_sizes", "assigned_block_size", "shape", "dtype", "arg", "function"};
  LOOM_TRY(data_only_keys(s->ctx, v, keys, sizeof keys / sizeof *keys));
  if (data_get(v, "output_path") && !into->output_dir)
    LOOM_TRY(data_need_string(s->ctx, v, "output_path", &into->output_dir));
  for (int i = 1; i <= 2; i++)
    if (data_get(v, keys[i]) && !into->machine)
      LOOM_TRY(data_need_string(s->ctx, v, keys[i], &into->machine));
  if (data_get(v, "hw_compute_dir") && !into->compute_dir && !into->calibration)
    LOOM_TRY(data_need_string(s->ctx, v, "hw_compute_dir", &into->compute_dir));
  domain_list found = {0}, merged = {0};
  const data_value *block_sizes = data_get(v, "block_sizes"), *assigned = data_get(v, "assigned_block_size");
  if (block_sizes && block_sizes->kind != DATA_OBJECT)
    LOOM_FAIL(s->ctx, block_sizes->span, LOOM_EINPUT, "block_sizes is %s; expected an object", data_kind_name(block_sizes->kind));
  if (assigned && assigned->kind != DATA_OBJECT)
    LOOM_FAIL(s->ctx, assigned->span, LOOM_EINPUT, "assigned_block_size is %s; expected an object", data_kind_name(assigned->kind));
  for (size_t i = 0; block_sizes && i < block_sizes->n; i++)
    LOOM_TRY(read_domain(s, block_sizes, &block_sizes->members[i], &found));
  if (assigned)
    LOOM_TRY(read_assigned(s, assigned, into, &found));
  for (size_t i = 0; i < into->n_domains; i++)   /* the command line wins */
    vec_push(&s->ctx->mem, &merged, into->domains[i]);
  for (size_t i = 0; i < found.n; i++)
    if (!has_domain(into, found.at[i].symbol))
      vec_push(&s->ctx->mem, &merged, found.at[i]);
  into->domains = merged.at;
  into->n_domains = merged.n;
  return LOOM_OK;
}

/* ---- the output directory ---- */

static loom_status write_text(compile_state *s, const char *name, const char *content) {
  const char *path = file_join(&s->ctx->mem, s->output_dir, name);
  return file_write(s->ctx, path, content, strlen(content));
}

static loom_status write_etg(compile_state *s, const char *name, bool resolved) {
  data_value *v;
  LOOM_TRY(explore_etg(s->ctx, s->nest, s->machine, &s->table, s->o->etg_gen, resolved, &v));
  return write_text(s, name, data_write_json(&s->ctx->mem, v, 1));
}

/* One line a variant: what the solver did with it. */
static const char *solver_log(compile_state *s) {
  text t = text_new(&s->ctx->mem);
  text_addf(&t, "kernel %s on %s, model %s\n", s->nest->kernel, s->machine->name, model_kind_text(s->o->model));
  for (size_t i = 0; i < s->solved.rows.n; i++) {
    const solve_row *r = &s->solved.rows.at[i];
    text_addf(&t, "%s: %s", r->candidate->name, solve_status_text(r->status));
    if (!solve_has_answer(r->status)) {
      text_addf(&t, " (%s)\n", r->why ? r->why : "no point");
      continue;
    }
    text_addf(&t, ", %" PRId64 " cycles, lower bound %" PRId64 ", %" PRId64 " points", r->cycles, r->lower_bound, r->points);
    if (r->feasible >= 0)
      text_addf(&t, ", %" PRId64 " feasible", r->feasible);
    text_add(&t, r->ragged ? ", ragged:" : ":");
    for (size_t k = 0; k < r->blocks.n; k++)
      text_addf(&t, " %s=%" PRId64, r->blocks.at[k].symbol, r->blocks.at[k].size);
    text_addf(&t, " is_double_buffer=%d\n", r->double_buffer);
  }
  text_addf(&t, "evaluated %" PRId64 ", pruned %" PRId64 "\n", s->solved.evaluated, s->solved.pruned);
  return text_str(&t);
}

loom_status compile_write_outputs(compile_state *s) {
  arena *m = &s->ctx->mem;
  s->output_dir = s->o->output_dir ? s->o->output_dir : file_join(m, "loom-out", text_identifier(m, s->kernel ? s->kernel->name : s->nest->kernel));
  LOOM_TRY(file_make_dirs(s->ctx, file_join(m, s->output_dir, "IRs")));
  LOOM_TRY(file_make_dirs(s->ctx, file_join(m, s->output_dir, "constraints")));
  if (s->o->debug) {
    LOOM_TRY(write_text(s, "IRs/p00_from_helion_frontend.mlir", compile_stage_text(s, COMPILE_STAGE0)));
    LOOM_TRY(write_text(s, "IRs/p01_explored.mlir", compile_explored_text(s)));
    LOOM_TRY(write_text(s, "constraints/smt_solver.log", solver_log(s)));
  }
  LOOM_TRY(write_text(s, "IRs/p03_bufferized.mlir", compile_stage_text(s, COMPILE_BUFFERIZED)));
  LOOM_TRY(write_etg(s, "constraints/p01_exploration_etg.json", false));
  LOOM_TRY(write_etg(s, "constraints/p02_resolved_etg.json", true));
  if (s->kernel)
    LOOM_TRY(write_text(s, "kernel.json", compile_stage_text(s, COMPILE_KERNEL)));
  LOOM_TRY(write_text(s, "plan.json", compile_stage_text(s, COMPILE_PLAN)));
  if (s->is_native)
    return LOOM_OK;
  LOOM_TRY(write_text(s, "tog.json", compile_stage_text(s, COMPILE_TOG)));
  return compile_write_report(s);
}
