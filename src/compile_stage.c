#include "compile_stage.h"
#include "solve/certify.h"
#include "base/file.h"
#include "frontend/helion_mlir/helion_mlir.h"
#include <string.h>

static const struct { const char *name, *suffix; } stages[] = {
#define X(id, name, suffix) {name, suffix},
    COMPILE_STAGE_LIST(X)
#undef X
};

const char *compile_stage_name(compile_stage stage) { return stages[stage].name; }


static data_value *access_object(arena *m, const plan_candidate *c, bool hoist) {
  data_value *v = data_object(m);
  for (int i = 0; i < c->n_access; i++) {
    const plan_access *a = &c->access[i];
    if (hoist && !a->is_store)
      data_set_int(m, v, a->name, a->hoist);
    else if (!hoist)
      data_set_string(m, v, a->name, plan_access_label(m, &c->mapping, a));
  }
  return v;
}

/* Bytes of L1 at the block sizes of the row; -1: its plan is refused later. */
static int64_t row_l1_bytes(compile_state *s, const solve_row *r) {
  const diag_mark before = diag_save(s->ctx);
  plan *p;
  const loom_status st = solve_plan(s->ctx, s->nest, s->machine, &s->solve_options, r, &p);
  diag_drop(s->ctx, before);
  return st == LOOM_OK ? p->l1_bytes : -1;
}

static void add_answer(compile_state *s, const solve_row *row, data_value *out) {
  arena *m = &s->ctx->mem;
  if (solve_has_answer(row->status)) {
    const int64_t bytes = row_l1_bytes(s, row);
    data_set_int(m, out, "cost", row->cycles);
    if (bytes >= 0)
      data_set_int(m, out, "l1_bytes", bytes);
  }
  if (row->certificate)
    solve_certificate_to_data(m, row->certificate, out);
}

data_value *compile_explore_data(compile_state *s) {
  arena *m = &s->ctx->mem;
  data_value *v = data_object(m), *rows = data_array(m);
  data_set_string(m, v, "schema", "loom.explore.v1");
  data_set_string(m, v, "kernel", s->nest->kernel);
  data_set_string(m, v, "machine", s->machine->name);
  for (size_t i = 0; i < s->table.rows.n; i++) {
    const plan_candidate *c = s->table.rows.at[i];
    data_value *r = data_object(m);
    data_set_string(m, r, "name", c->name);
    data_set_string(m, r, "split", plan_split_string(m, &c->mapping));
    data_set_string(m, r, "mapping", plan_map_string(m, &c->mapping));
    data_set_string(m, r, "loop_order", plan_order_string(m, &c->mapping));
    data_set(m, r, "broadcast", access_object(m, c, false));
    data_set(m, r, "hoist", access_object(m, c, true));
    if (i < s->solved.rows.n)
      add_answer(s, &s->solved.rows.at[i], r);
    data_push(m, rows, r);
  }
  data_set(m, v, "candidates", rows);
  const bool is_open = s->space.nest && !s->table.rows.n;      /* a whole space, before it is searched */
  data_set_int(m, v, "total", is_open ? s->space.n_mappings * s->space.n_orders : s->table.total);
  data_set_int(m, v, "pruned", s->table.pruned);
  return v;
}

static data_value *solve_data(compile_state *s) {
  arena *m = &s->ctx->mem;
  data_value *v = data_object(m), *rows = data_array(m);
  data_set_string(m, v, "schema", "loom.solve.v1");
  for (size_t i = 0; i < s->solved.rows.n; i++) {
    const solve_row *r = &s->solved.rows.at[i];
    data_value *o = data_object(m), *blocks = data_object(m), *booleans = data_object(m);
    data_set_string(m, o, "name", r->candidate->name);
    data_set_string(m, o, "status", solve_status_text(r->status));
    if (!solve_has_answer(r->status)) {
      data_set_string(m, o, "explain", r->why);
    } else {
      data_set_int(m, o, "cost", r->cycles);
      data_set_int(m, o, "lower_bound", r->lower_bound);
      for (size_t k = 0; k < r->blocks.n; k++)
        data_set_int(m, blocks, r->blocks.at[k].symbol, r->blocks.at[k].size);
      data_set(m, o, "block_sizes", blocks);
      data_set_int(m, booleans, MODEL_DOUBLE_BUFFER, r->double_buffer);
      data_set(m, o, "booleans", booleans);
    }
    data_set_int(m, o, "points", r->points);
    if (r->feasible >= 0)
      data_set_int(m, o, "feasible", r->feasible);
    data_push(m, rows, o);
  }
  data_set(m, v, "variants", rows);
  if (s->solved.best >= 0 && (size_t)s->solved.best < s->solved.rows.n)
    data_set_string(m, v, "best", s->solved.rows.at[s->solved.best].candidate->name);
  return v;
}

static const char *module_text(compile_state *s, MlirModule m) {
  if (mlirModuleIsNull(m))
    return NULL;
  MlirOperation op = mlirModuleGetOperation(m);
  return s->o->print_pretty ? ir_print_upstream(&s->ctx->mem, op) : ir_print(&s->ctx->mem, op, false);
}

const char *compile_stage_text(compile_state *s, compile_stage stage) {
  arena *m = &s->ctx->mem;
  switch (stage) {
  case COMPILE_KERNEL: return s->kernel ? data_write_json(m, kernel_to_data(m, s->kernel), 1) : NULL;
  case COMPILE_STAGE0: return s->helion_text ? s->helion_text : module_text(s, s->stage0);
  case COMPILE_CANONICAL: return module_text(s, s->canonical);
  case COMPILE_NEST: return !s->nest ? NULL : data_write_json(m, nest_to_data(m, s->nest), 1);
  case COMPILE_EXPLORE: return !s->nest ? NULL : data_write_json(m, compile_explore_data(s), 1);
  case COMPILE_SOLVE: return data_write_json(m, solve_data(s), 1);
  case COMPILE_PLAN: return !s->plan ? NULL : data_write_json(m, plan_to_data(m, s->plan), 1);
  case COMPILE_BUFFERIZED: return module_text(s, s->bufferized);
  case COMPILE_TOG: return !s->tog ? NULL : data_write_json(m, tog_to_data(m, s->tog), 1);
  case COMPILE_STAGES: break;
  }
  return NULL;
}

/* ---- dump points ---- */

char *compile_stage_file(arena *m, compile_stage stage) { return arena_printf(m, "%03d_%s.%s", (int)stage, stages[stage].name, stages[stage].suffix); }

static char *stage_file(compile_state *s, const char *dir, compile_stage stage) { return file_join(&s->ctx->mem, dir, compile_stage_file(&s->ctx->mem, stage)); }

static loom_status replace_module(compile_state *s, const char *path, const char *source, size_t size, MlirModule *slot) {
  MlirModule m;
  LOOM_TRY(ir_parse(&s->ir, path, source, size, &m));
  ir_close_module(*slot);
  *slot = m;
  return LOOM_OK;
}

/* Puts the text of an edited dump in the place of the stage's result. */
static loom_status replace(compile_state *s, compile_stage stage, const char *path, const char *source, size_t size) {
  data_value *v = NULL;
  s->is_replaced[stage] = path;
  if (strcmp(stages[stage].suffix, "json") == 0)
    LOOM_TRY(data_read_json(s->ctx, path, source, size, &v));
  switch (stage) {
  case COMPILE_KERNEL: s->read_kernel = s->kernel; LOOM_TRY(kernel_from_data(s->ctx, v, &s->kernel)); return kernel_verify(s->ctx, s->kernel);
  case COMPILE_STAGE0:
    if (helion_mlir_is_text(source, size))
      LOOM_FAIL(s->ctx, diag_file_span(s->ctx, path), LOOM_EUNSUP, "stage 0 in the helion form replaces no stage; it is an input: loom compile %s", path);
    return replace_module(s, path, source, size, &s->stage0);
  case COMPILE_CANONICAL: return replace_module(s, path, source, size, &s->canonical);
  case COMPILE_NEST: LOOM_TRY(nest_from_data(s->ctx, v, &s->nest)); return nest_verify(s->ctx, s->nest);
  case COMPILE_PLAN: LOOM_TRY(plan_from_data(s->ctx, v, &s->plan)); s->plans.at[0] = s->plan; return LOOM_OK;
  case COMPILE_BUFFERIZED: LOOM_TRY(replace_module(s, path, source, size, &s->bufferized)); return dialect_verify(&s->ir, s->bufferized);
  case COMPILE_TOG: LOOM_TRY(tog_from_data(s->ctx, v, &s->tog)); LOOM_TRY(tog_verify(s->ctx, s->tog)); return tog_warn_points(s->ctx, s->tog, NULL);
  default: LOOM_FAIL(s->ctx, diag_file_span(s->ctx, path), LOOM_EUNSUP, "the %s stage is a report and cannot be replaced; edit the plan instead", stages[stage].name);
  }
}

static loom_status write_index(compile_state *s) {
  arena *m = &s->ctx->mem;
  data_value *v = data_object(m), *list = data_array(m);
  data_set_string(m, v, "schema", "loom.dump.v1");
  for (size_t i = 0; i < s->dumped.n; i++)
    data_push(m, list, data_string(m, s->dumped.at[i]));
  data_set(m, v, "stages", list);
  return data_write_json_file(s->ctx, file_join(m, s->o->dump_dir, "index.json"), v);
}

loom_status compile_dump(compile_state *s, compile_stage stage) {
  if (s->o->override_dir) {
    const char *path = stage_file(s, s->o->override_dir, stage);
    if (file_exists(path)) {
      char *source;
      size_t size;
      LOOM_TRY(file_read(s->ctx, path, (size_t)64 << 20, &source, &size));
      const char *now = compile_stage_text(s, stage);
      if (!now || strcmp(now, source) != 0)
        LOOM_TRY(replace(s, stage, path, source, size));
    }
  }
  if (!s->o->dump_dir)
    return LOOM_OK;
  const char *printed = compile_stage_text(s, stage);
  if (!printed)
    return LOOM_OK;
  LOOM_TRY(file_make_dirs(s->ctx, s->o->dump_dir));
  char *path = stage_file(s, s->o->dump_dir, stage);
  LOOM_TRY(file_write(s->ctx, path, printed, strlen(printed)));
  vec_push(&s->ctx->mem, &s->dumped, file_basename(&s->ctx->mem, path));
  return write_index(s);
}
