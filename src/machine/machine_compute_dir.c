/* Upstream's hw_compute_dir: functions in MLIR, their costs in YAML beside it.  Two forms:
 *   X.mlir and X.perf.yaml (or X.yaml): the functions of unit or mover X and their costs
 *   X.yaml with `functions` and `performance`: what X can do; then the .mlir files are a library of functions (machine_definition.c) */
#include "base/file.h"
#include "base/text.h"
#include "machine/machine_proc.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

enum { FILES_MAX = 256, NAME_BYTES = 128 };

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

typedef VEC_OF(const char *) name_list;

/* The files of the directory that end in `suffix`, sorted; none is no mistake here. */
static loom_status list_files(loom_ctx *ctx, const char *path, const char *suffix, name_list *out) {
  /* Names are collected before anything is allocated, so that the handle cannot leak when memory runs out. */
  static _Thread_local char found[FILES_MAX][NAME_BYTES];
  size_t n = 0;
  DIR *dir = opendir(path);
  if (!dir)
    LOOM_FAIL(ctx, diag_file_span(ctx, path), LOOM_EIO, "cannot read the directory: %s", strerror(errno));
  for (struct dirent *e; n < FILES_MAX && (e = readdir(dir));)
    if (text_ends(e->d_name, suffix) && strlen(e->d_name) < NAME_BYTES)
      strcpy(found[n++], e->d_name);
  closedir(dir);
  if (n == FILES_MAX)
    LOOM_FAIL(ctx, diag_file_span(ctx, path), LOOM_ELIMIT, "the directory holds %d or more %s files", FILES_MAX, suffix);
  for (size_t i = 0; i < n; i++)
    vec_push(&ctx->mem, out, arena_strdup(&ctx->mem, found[i]));
  if (out->n)
    qsort(out->at, out->n, sizeof *out->at, by_name);
  return LOOM_OK;
}

/* ---- units and memories ---- */

static bool has_unit(const machine *m, const char *name) {
  for (size_t i = 0; i < m->units.n; i++)
    if (text_eq(m->units.at[i].name, name))
      return true;
  for (size_t i = 0; i < m->movers.n; i++)
    if (text_eq(m->movers.at[i], name))
      return true;
  return false;
}

static void add_unit(arena *mem, machine *m, const proc_module *p, const char *name) {
  static const machine_number rate = {.value = 1024, .is_assumed = true, .note = "compute directories give no rate of the unit itself"};
  if (has_unit(m, name))
    return;
  if (machine_proc_is_mover(p)) {
    vec_push(mem, &m->movers, name);
    return;
  }
  machine_unit u = {.name = name, .kind = "vector", .shape = {32}, .rank = 1, .count = 1, .rate = rate};
  if (machine_proc_is_matrix(p))
    u = (machine_unit){.name = name, .kind = "matrix", .shape = {32, 32, 32}, .rank = 3, .count = 1, .rate = rate};
  vec_push(mem, &m->units, u);
}

static const char *memory_of(const proc_func *f, size_t arg) {
  for (size_t i = 0; i < f->memories.n; i++)
    if (text_eq(f->memories.at[i].value, f->args.at[arg]))
      return f->memories.at[i].memory;
  return NULL;      /* every argument is bound */
}

/* `has_ports`: the newest files bind arguments to ports (src, dst), which the chip's file places. */
static loom_status check_memories(loom_ctx *ctx, machine *m, const proc_func *f, const char *unit, bool has_ports) {
  if (has_ports)
    return LOOM_OK;
  name_list names = {0};
  vec_push(&ctx->mem, &names, m->l1_name);
  vec_push(&ctx->mem, &names, "DRAM");
  for (size_t i = 0; i < m->memories.n; i++)
    vec_push(&ctx->mem, &names, m->memories.at[i].name);
  for (size_t i = 0; i < f->memories.n; i++) {
    const proc_bound *b = &f->memories.at[i];
    bool known = false;
    for (size_t k = 0; k < names.n; k++)
      known = known || text_eq(names.at[k], b->memory);
    if (known)
      continue;
    diag_error(ctx, b->span, LOOM_EINPUT, "'%s' works on memory '%s', which machine '%s' does not have", f->name, b->memory, m->name);
    const char *near = diag_nearest(b->memory, names.at, names.n);
    if (near)
      diag_help(ctx, "did you mean '%s'?", near);
    else
      diag_help(ctx, "it has %s and DRAM", m->l1_name);
    return LOOM_EINPUT;
  }
  if (f->is_transfer && m->memories.n)      /* from the first argument to the second */
    vec_push(&ctx->mem, &m->paths, ((machine_path){unit, memory_of(f, 0), memory_of(f, 1), f->span}));
  return LOOM_OK;
}

/* ---- costs ---- */

/* X.perf.yaml, else X.yaml. */
static loom_status read_costs(loom_ctx *ctx, machine *m, const char *dir, const char *unit, const proc_module *p, const char **out_path) {
  static const char *const suffixes[] = {"perf.yaml", "yaml"};
  char *bytes;
  size_t size;
  for (size_t i = 0; i < 2; i++) {
    *out_path = file_join(&ctx->mem, dir, arena_printf(&ctx->mem, "%s.%s", unit, suffixes[i]));
    if (!file_exists(*out_path))
      continue;
    LOOM_TRY(file_read(ctx, *out_path, MACHINE_FILE_BYTES_MAX, &bytes, &size));
    return machine_add_perf_yaml(ctx, m, *out_path, bytes, size);
  }
  diag_error(ctx, p->span, LOOM_EINPUT, "the functions of '%s' have no costs", unit);
  diag_help(ctx, "write them to %s.perf.yaml beside it", unit);
  return LOOM_EINPUT;
}

/* The costs from `first` on belong to the functions of the module, one to one. */
static loom_status match_costs(loom_ctx *ctx, const machine_perf *set, size_t first, const proc_module *p, const char *yaml) {
  name_list priced = {0}, defined = {0};
  for (size_t i = first; i < set->funcs.n; i++)
    vec_push(&ctx->mem, &priced, set->funcs.at[i].name);
  for (size_t i = 0; i < p->funcs.n; i++)
    vec_push(&ctx->mem, &defined, p->funcs.at[i].name);
  for (size_t i = 0; i < defined.n; i++) {
    bool found = false;
    for (size_t k = 0; k < priced.n; k++)
      found = found || text_eq(priced.at[k], defined.at[i]);
    if (!found) {
      diag_error(ctx, p->funcs.at[i].span, LOOM_EINPUT, "'%s' has no cost in %s", defined.at[i], yaml);
      diag_help(ctx, "add functions.%s there, under exactly this name", defined.at[i]);
      return LOOM_EINPUT;
    }
  }
  for (size_t k = 0; k < priced.n; k++) {
    bool found = false;
    for (size_t i = 0; i < defined.n; i++)
      found = found || text_eq(priced.at[k], defined.at[i]);
    if (!found) {
      diag_error(ctx, set->funcs.at[first + k].span, LOOM_EINPUT, "there is no function '%s' in the MLIR beside this file", priced.at[k]);
      const char *near = diag_nearest(priced.at[k], defined.at, defined.n);
      if (near)
        diag_help(ctx, "did you mean '%s'?", near);
      return LOOM_EINPUT;
    }
  }
  return LOOM_OK;
}

static loom_status read_module(loom_ctx *ctx, const char *dir, const char *file, proc_module *out) {
  const char *path = file_join(&ctx->mem, dir, file);
  char *bytes;
  size_t size;
  df_lexer lex;
  LOOM_TRY(file_read(ctx, path, MACHINE_FILE_BYTES_MAX, &bytes, &size));
  LOOM_TRY(df_lexer_start(ctx, path, bytes, size, &lex));
  lex.is_lenient = true;
  LOOM_TRY(machine_proc_module(&lex, out));
  if (lex.token.kind != DF_END)
    return df_fail_expected(&lex, "the end of the file");
  if (!out->funcs.n)
    LOOM_FAIL(ctx, out->span, LOOM_EINPUT, "the module holds no functions; expected module @%s { func.func ... }", file_stem(&ctx->mem, file));
  return LOOM_OK;
}

static loom_status add_module(loom_ctx *ctx, machine *m, const char *dir, const char *file) {
  const char *unit = machine_plain_name(&ctx->mem, file_stem(&ctx->mem, file)), *yaml;
  proc_module p;
  LOOM_TRY(read_module(ctx, dir, file, &p));
  add_unit(&ctx->mem, m, &p, unit);
  for (size_t i = 0; i < p.funcs.n; i++)
    LOOM_TRY(check_memories(ctx, m, &p.funcs.at[i], unit, text_eq(p.name, "processor")));
  size_t first = machine_imported_set(&ctx->mem, m)->funcs.n;
  LOOM_TRY(read_costs(ctx, m, dir, file_stem(&ctx->mem, file), &p, &yaml));
  return match_costs(ctx, machine_imported_set(&ctx->mem, m), first, &p, yaml);
}

/* ---- definitions ---- */

typedef struct definition { const char *file; const data_value *tree; } definition;
typedef VEC_OF(definition) definition_list;

/* The files of the directory that define a processor; none when all of them are of the form before, costs alone. */
static loom_status list_definitions(loom_ctx *ctx, const char *dir, definition_list *out) {
  name_list files = {0};
  bool is_new = false;
  LOOM_TRY(list_files(ctx, dir, ".yaml", &files));
  for (size_t i = 0; i < files.n; i++) {
    data_value *v;
    if (text_ends(files.at[i], ".perf.yaml"))
      continue;
    LOOM_TRY(machine_read_definition(ctx, file_join(&ctx->mem, dir, files.at[i]), &v));
    is_new = is_new || machine_is_definition(v);
    if (data_get(v, "performance"))
      vec_push(&ctx->mem, out, ((definition){files.at[i], v}));
  }
  out->n = is_new ? out->n : 0;
  return LOOM_OK;
}

static loom_status list_functions(loom_ctx *ctx, const char *dir, const name_list *modules, proc_funcs *out) {
  for (size_t i = 0; i < modules->n; i++) {
    proc_module p;
    LOOM_TRY(read_module(ctx, dir, modules->at[i], &p));
    for (size_t k = 0; k < p.funcs.n; k++)
      vec_push(&ctx->mem, out, p.funcs.at[k]);
  }
  return LOOM_OK;
}

/* A unit that the chip does not place: its functions tell what it is. */
static void add_defined_unit(arena *mem, machine *m, const data_value *v, const char *name) {
  const data_value *type = data_get(v, "type"), *functions = data_get(v, "functions");
  proc_func f = {.op = "", .is_transfer = type && type->kind == DATA_STRING && text_eq(type->string, "data_mover")};
  for (size_t i = 0; functions && functions->kind == DATA_OBJECT && i < functions->n; i++)
    if (strstr(functions->members[i].key, "matmul"))
      f.op = "matmul";
  proc_module p = {.name = name};
  vec_push(mem, &p.funcs, f);
  add_unit(mem, m, &p, name);
}

static loom_status add_costs_of_unit(loom_ctx *ctx, machine *m, const char *dir, const char *unit, const char *file) {
  const char *const files[] = {arena_printf(&ctx->mem, "%s.perf.yaml", unit), file};
  static const proc_funcs none = {0};
  for (size_t i = 0; i < 2; i++) {
    const char *path = file_join(&ctx->mem, dir, files[i]);
    data_value *v;
    if (!file_exists(path))
      continue;
    LOOM_TRY(machine_read_definition(ctx, path, &v));
    return machine_add_definition(ctx, m, v, unit, &none);
  }
  diag_warn(ctx, diag_file_span(ctx, dir), "'%s' has no costs: neither %s nor %s is there", unit, files[0], file);
  return LOOM_OK;
}

/* Each unit and mover as the chip places it, in its order: of functions with one name the first counts.  A chip that places none has one of each file's name. */
static loom_status add_definitions(loom_ctx *ctx, machine *m, const char *dir, const definition_list *list, const proc_funcs *known) {
  for (size_t i = 0; i < m->definitions.n; i++) {
    const machine_definition *d = &m->definitions.at[i];
    size_t k = 0;
    while (k < list->n && !text_eq(d->file, list->at[k].file))
      k++;
    LOOM_TRY(k < list->n ? machine_add_definition(ctx, m, list->at[k].tree, d->unit, known) : add_costs_of_unit(ctx, m, dir, d->unit, d->file));
  }
  for (size_t k = 0; !m->definitions.n && k < list->n; k++) {
    const char *unit = file_stem(&ctx->mem, list->at[k].file);
    add_defined_unit(&ctx->mem, m, list->at[k].tree, unit);
    LOOM_TRY(machine_add_definition(ctx, m, list->at[k].tree, unit, known));
  }
  return LOOM_OK;
}

loom_status machine_add_compute_dir(loom_ctx *ctx, machine *m, const char *dir) {
  name_list modules = {0};
  definition_list definitions = {0};
  proc_funcs known = {0};
  LOOM_TRY(list_files(ctx, dir, ".mlir", &modules));
  LOOM_TRY(list_definitions(ctx, dir, &definitions));
  if (!modules.n && !definitions.n) {
    diag_error(ctx, diag_file_span(ctx, dir), LOOM_EINPUT, "the directory holds no .mlir file");
    diag_help(ctx, "each X.mlir holds the functions of unit or mover X, X.perf.yaml their costs");
    return LOOM_EINPUT;
  }
  if (m->is_checked)      /* it was loaded with costs of its own: these are meant instead */
    *machine_imported_set(&ctx->mem, m) = (machine_perf){.name = machine_imported_set(&ctx->mem, m)->name};
  if (definitions.n)
    LOOM_TRY(list_functions(ctx, dir, &modules, &known));
  LOOM_TRY(add_definitions(ctx, m, dir, &definitions, &known));
  for (size_t i = 0; !definitions.n && i < modules.n; i++)
    LOOM_TRY(add_module(ctx, m, dir, modules.at[i]));
  machine_add_aliases(&ctx->mem, machine_imported_set(&ctx->mem, m));
  machine_imported_set(&ctx->mem, m)->source = arena_printf(&ctx->mem, "compute directory %s", file_basename(&ctx->mem, dir));
  return m->is_checked ? machine_check_guards(ctx, machine_imported_set(&ctx->mem, m)) : LOOM_OK;      /* what is new; else machine_check is still to come */
}

/* ---- directories of chips ---- */

static const char *file_of(arena *mem, const machine *m, const char *unit) {
  for (size_t i = 0; i < m->definitions.n; i++)
    if (text_eq(m->definitions.at[i].unit, unit))
      return m->definitions.at[i].file;
  return arena_printf(mem, "%s.yaml", unit);
}

loom_status machine_add_costs_of_dir(loom_ctx *ctx, machine *m, const char *dir) {
  name_list modules = {0};
  definition_list definitions = {0};
  LOOM_TRY(list_files(ctx, dir, ".mlir", &modules));
  LOOM_TRY(list_definitions(ctx, dir, &definitions));
  if (modules.n || definitions.n)
    return machine_add_compute_dir(ctx, m, dir);
  for (size_t i = 0; i < m->units.n; i++)
    LOOM_TRY(add_costs_of_unit(ctx, m, dir, m->units.at[i].name, file_of(&ctx->mem, m, m->units.at[i].name)));
  for (size_t i = 0; i < m->movers.n; i++)
    LOOM_TRY(add_costs_of_unit(ctx, m, dir, m->movers.at[i], file_of(&ctx->mem, m, m->movers.at[i])));
  machine_imported_set(&ctx->mem, m)->source = arena_printf(&ctx->mem, "directory %s", file_basename(&ctx->mem, dir));
  return LOOM_OK;
}
