/* Machines by name: the search path, the list, loading. */
#include "base/file.h"
#include "base/text.h"
#include "machine/machine_private.h"
#include "machine/machine_template.h"
#include <dirent.h>
#include <stdlib.h>

static const char *const *search_dirs;
static size_t n_search_dirs;

void machine_set_path(const char *const *dirs, size_t n) {
  search_dirs = dirs;
  n_search_dirs = n;
}

const char *machine_find_file(arena *mem, const char *name) {
  for (size_t i = 0; i < n_search_dirs; i++) {
    const char *path = file_join(mem, search_dirs[i], arena_printf(mem, "%s.yaml", name));
    if (file_exists(path))
      return path;
  }
  return NULL;
}

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

loom_status machine_list(loom_ctx *ctx, const char *const **out_names, size_t *out_n) {
  VEC_OF(const char *) names = {0};
  for (size_t i = 0; i < n_search_dirs; i++) {
    DIR *dir = opendir(search_dirs[i]);   /* a directory of the path may be absent */
    if (!dir)
      continue;
    /* Names are collected before anything is allocated, so that the handle cannot leak when memory runs out. */
    enum { NAMES_MAX = 512, NAME_BYTES = 80 };
    static _Thread_local char found[NAMES_MAX][NAME_BYTES];
    size_t n = 0;
    for (struct dirent *e; n < NAMES_MAX && (e = readdir(dir));)
      if (text_ends(e->d_name, ".yaml") && strlen(e->d_name) < NAME_BYTES)
        strcpy(found[n++], e->d_name);
    closedir(dir);
    for (size_t j = 0; j < n; j++)
      vec_push(&ctx->mem, &names, file_stem(&ctx->mem, found[j]));
  }
  if (names.n)
    qsort(names.at, names.n, sizeof *names.at, by_name);
  size_t unique = 0;   /* an earlier directory hides a later one */
  for (size_t i = 0; i < names.n; i++)
    if (!unique || !text_eq(names.at[unique - 1], names.at[i]))
      names.at[unique++] = names.at[i];
  *out_names = names.at;
  *out_n = unique;
  return LOOM_OK;
}

static bool is_path(const char *name) { return strchr(name, '/') || text_ends(name, ".yaml") || text_ends(name, ".yml") || text_ends(name, ".mlir"); }

static loom_status fail_unknown(loom_ctx *ctx, const char *name) {
  const char *const *names;
  size_t n;
  LOOM_TRY(machine_list(ctx, &names, &n));
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "unknown machine '%s'", name);
  const char *near = diag_nearest(name, names, n);
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  else
    diag_help(ctx, "'loom machine list' shows the shipped ones; a path to a .yaml, df or adl .mlir file works too");
  return LOOM_EUSAGE;
}

/* The chip's file in a directory of upstream's. */
static loom_status find_chip(loom_ctx *ctx, const char *dir, const char **out) {
  static const char *const files[] = {"chip.yaml", "system.yaml"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    *out = file_join(&ctx->mem, dir, files[i]);
    if (file_exists(*out))
      return LOOM_OK;
  }
  diag_error(ctx, diag_file_span(ctx, dir), LOOM_EINPUT, "the directory holds neither chip.yaml nor system.yaml");
  diag_help(ctx, "give the chip's file itself, and the costs of a directory with --hw-compute-dir");
  return LOOM_EINPUT;
}

static bool has_key(const char *bytes, arena *mem, const char *key) {
  return text_starts(bytes, key) || strstr(bytes, arena_printf(mem, "\n%s", key));
}

/* By content: upstream's chips list their dimensions (those without any: their processors), our files name their schema. */
static bool is_chip(const char *bytes, arena *mem) {
  return !strstr(bytes, MACHINE_SCHEMA) && (has_key(bytes, mem, "dimensions:") || has_key(bytes, mem, "processors:"));
}

loom_status machine_read_file(loom_ctx *ctx, const char *path, char **out, size_t *out_size) {
  LOOM_TRY(file_read(ctx, path, MACHINE_FILE_BYTES_MAX, out, out_size));
  return machine_is_template(*out) ? machine_fill(ctx, path, *out, machine_cpu_find(&ctx->mem), out, out_size) : LOOM_OK;
}

/* The measured one, unless it was measured on another CPU (a home directory may be shared); else the shipped template. */
static const char *find_host(loom_ctx *ctx) {
  const char *path = machine_calibrated_path(&ctx->mem), *shipped = machine_find_file(&ctx->mem, "host");
  char *bytes;
  size_t size;
  if (!path || !file_exists(path))
    return shipped;
  if (file_read(ctx, path, MACHINE_FILE_BYTES_MAX, &bytes, &size) != LOOM_OK)
    return path;      /* which says what is wrong with it */
  const char *cpu = machine_cpu_find(&ctx->mem)->name;
  if (strstr(bytes, arena_printf(&ctx->mem, "\n  cpu: \"%s\"", cpu)))
    return path;
  diag_warn(ctx, diag_file_span(ctx, path), "measured on another CPU than this one (%s); machine 'host' takes guesses instead", cpu);
  diag_help(ctx, "measure this one: loom machine calibrate");
  return shipped;
}

/* A file of measured numbers names the cores there were; this process may be kept on fewer. */
static void keep_to_cores(loom_ctx *ctx, machine **m) {
  const machine_cpu *cpu = (*m)->host_cpu ? machine_cpu_find(&ctx->mem) : NULL;
  const int64_t cores = cpu ? (int64_t)cpu->at[MACHINE_CPU_cores].value : 0;
  if (cpu && text_eq(cpu->name, (*m)->host_cpu) && (*m)->mesh.n == 1 && cores < (*m)->mesh.at[0].size)
    *m = machine_submesh(&ctx->mem, *m, &cores);
}

static loom_status read_machine(loom_ctx *ctx, const char *name, const char *calibration, machine **out) {
  bool is_dir = file_is_dir(name);
  const char *path = is_path(name) ? name : text_eq(name, "host") ? find_host(ctx) : machine_find_file(&ctx->mem, name);
  if (is_dir && !path)
    path = name;
  if (!path)
    return fail_unknown(ctx, name);
  is_dir = is_dir && path == name;      /* a shipped machine may be called like a directory here */
  if (is_dir)
    LOOM_TRY(find_chip(ctx, name, &path));
  char *bytes;
  size_t size;
  LOOM_TRY(machine_read_file(ctx, path, &bytes, &size));
  bool is_mlir = text_ends(path, ".mlir"), is_adl = is_mlir && strstr(bytes, " adl.");
  LOOM_TRY(is_adl ? machine_from_adl(ctx, path, bytes, size, out) : is_mlir ? machine_from_df(ctx, path, bytes, size, out) : is_chip(bytes, &ctx->mem) ? machine_from_chip(ctx, path, bytes, size, out)
                                                                                              : machine_from_yaml(ctx, path, bytes, size, out));
  keep_to_cores(ctx, out);
  if (is_dir)
    LOOM_TRY(machine_add_costs_of_dir(ctx, *out, name));
  return calibration ? machine_use_calibration(ctx, *out, calibration) : LOOM_OK;
}

/* A block mapping cut before a key is one too: the part up to the key behind `summary`, or NULL. */
static const char *head_of(arena *mem, const char *bytes, size_t *out_size) {
  static const char key[] = "\nsummary:";
  const char *at = strstr(bytes, key), *end = at ? at + 1 : NULL;
  while (end && (end = strchr(end, '\n')) && (end[1] == ' ' || end[1] == '\n'))
    end++;
  if (!end)
    return NULL;
  *out_size = (size_t)(end + 1 - bytes);
  return arena_strndup(mem, bytes, *out_size);
}

loom_status machine_load_summary(loom_ctx *ctx, const char *name, const char **out) {
  const char *path = machine_find_file(&ctx->mem, name), *head;
  const data_value *is = NULL;
  const diag_mark before = diag_save(ctx);
  char *bytes;
  size_t size;
  data_value *root;
  machine *m;
  if (path && file_read(ctx, path, MACHINE_FILE_BYTES_MAX, &bytes, &size) == LOOM_OK && !machine_is_template(bytes) && (head = head_of(&ctx->mem, bytes, &size)) &&
      data_read_yaml(ctx, path, head, size, &root) == LOOM_OK)
    is = data_get(root, "summary");
  diag_drop(ctx, before);
  if (is && is->kind == DATA_STRING) {
    *out = is->string;
    return LOOM_OK;
  }
  LOOM_TRY(read_machine(ctx, name, NULL, &m));
  *out = m->summary ? m->summary : "";
  return LOOM_OK;
}

loom_status machine_load(loom_ctx *ctx, const char *name, const char *calibration, machine **out) {
  LOOM_TRY(read_machine(ctx, name, calibration, out));
  LOOM_TRY(machine_check(ctx, *out));
  (*out)->is_checked = true;
  return LOOM_OK;
}

loom_status machine_load_with(loom_ctx *ctx, const char *name, const char *calibration, const char *compute_dir, machine **out) {
  if (calibration && compute_dir)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--calibration and --hw-compute-dir both choose the costs; give one of them");
  LOOM_TRY(machine_load(ctx, name, calibration, out));
  return compute_dir ? machine_add_compute_dir(ctx, *out, compute_dir) : LOOM_OK;
}
