/* The user's configuration: options that are not given on the command line.  A mapping in YAML: `machine: wormhole`, for all commands that take the option, or under a command's name:
 * `run: {check: true}`, which goes first.  Only a file that is the user's: a directory that one works in says nothing. */
#include "cli/cli_config.h"
#include "base/file.h"
#include <stdlib.h>
#include <string.h>

enum { CONFIG_BYTES_MAX = 64 << 10, CONFIG_FILE_BYTES_MAX = 1 << 20 };

const char *cli_config_path(arena *m, bool *is_named) {
  const char *named = getenv("LOOM_CONFIG"), *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
  *is_named = named != NULL;
  if (named)
    return *named ? arena_strdup(m, named) : NULL;
  const char *path = config && *config ? file_join(m, config, "loom/config.yaml") : home && *home ? file_join(m, home, ".config/loom/config.yaml") : NULL;
  return path && file_exists(path) ? path : NULL;
}

static const cli_option *option_called(const char *name) {
  size_t n;
  const cli_option *all = cli_option_table(&n);
  for (size_t i = 0; i < n; i++)
    if (strcmp(all[i].name, name) == 0)
      return &all[i];
  return NULL;
}

static loom_status unknown_key(loom_ctx *ctx, const data_member *key, bool at_top) {
  const char *names[256];
  size_t n = 0, n_options, n_commands;
  const cli_option *options = cli_option_table(&n_options);
  const cli_command *commands = cli_commands(&n_commands);
  for (size_t i = 0; i < n_options && n < 256; i++)
    names[n++] = options[i].name;
  for (size_t i = 0; at_top && i < n_commands && n < 256; i++)
    names[n++] = commands[i].name;
  const char *near = diag_nearest(key->key, names, n);
  diag_error(ctx, key->key_span, LOOM_EINPUT, at_top ? "no command and no option is called '%s'" : "no option is called '%s'", key->key);
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  return LOOM_EINPUT;
}

/* The words of a value as the command line would have them. */
static loom_status words_of(loom_ctx *ctx, const cli_option *o, const data_value *v, cli_words *out) {
  if (v->kind == DATA_ARRAY && o->argument) {
    for (size_t i = 0; i < v->n; i++)
      LOOM_TRY(words_of(ctx, o, v->items[i], out));
    return LOOM_OK;
  }
  const bool is_scalar = v->kind == DATA_STRING || v->kind == DATA_INT || v->kind == DATA_REAL || v->kind == DATA_BOOL;
  if (!is_scalar || (!o->argument && v->kind != DATA_BOOL))
    LOOM_FAIL(ctx, v->span, LOOM_EINPUT, o->argument ? "'%s' is a string, a number or a list of them: %s" : "'%s' is true or false%s", o->name, o->argument ? o->argument : "");
  const char *word = v->kind == DATA_STRING ? v->string : v->kind == DATA_BOOL ? (v->boolean ? "true" : "false") : data_write_json(&ctx->mem, v, 0);
  vec_push(&ctx->mem, out, arena_strdup(&ctx->mem, word));
  return LOOM_OK;
}

static loom_status add_options(loom_ctx *ctx, const data_value *from, const cli_command *of, cli_settings *out) {
  for (size_t i = 0; i < from->n; i++) {
    const data_member *m = &from->members[i];
    const cli_command *command = of ? NULL : cli_find_command(m->key);
    const cli_option *option = option_called(m->key);
    if (command && m->value->kind == DATA_OBJECT) {
      LOOM_TRY(add_options(ctx, m->value, command, out));
      continue;
    }
    if (!option || strcmp(option->name, "help") == 0)
      return unknown_key(ctx, m, !of);
    if (of && !cli_takes(of, option))
      LOOM_FAIL(ctx, m->key_span, LOOM_EINPUT, "'loom %s' has no option '--%s'", of->name, option->name);
    cli_setting s = {.command = of, .option = option, .span = m->key_span};
    LOOM_TRY(words_of(ctx, option, m->value, &s.words));
    vec_push(&ctx->mem, out, s);
  }
  return LOOM_OK;
}

loom_status cli_config_read(loom_ctx *ctx, cli_settings *out) {
  bool is_named;
  char *bytes;
  size_t size;
  data_value *file;
  const char *path = cli_config_path(&ctx->mem, &is_named);
  *out = (cli_settings){0};
  if (!path)
    return LOOM_OK;
  LOOM_TRY(file_read(ctx, path, CONFIG_BYTES_MAX, &bytes, &size));
  LOOM_TRY(data_read_yaml(ctx, path, bytes, size, &file));
  if (file->kind == DATA_NULL)      /* comments alone */
    return LOOM_OK;
  if (file->kind != DATA_OBJECT)
    LOOM_FAIL(ctx, file->span, LOOM_EINPUT, "a configuration is a mapping of options to values");
  return add_options(ctx, file, NULL, out);
}

/* ---- what --config FILE says beside the search (compile_io.c reads that) ---- */

/* "x": [64, 128] -> x=64x128; "M": 64 -> M=64 */
static loom_status add_pair(loom_ctx *ctx, const cli_option *o, const data_member *m, cli_words *out) {
  text t = text_new(&ctx->mem);
  cli_words parts = {0};
  if (m->value->kind == DATA_OBJECT || (m->value->kind == DATA_ARRAY && m->value->n == 0))
    LOOM_FAIL(ctx, m->value->span, LOOM_EINPUT, "'%s' of '%s' is a string, a number, true, false or a list of sizes", m->key, o->name);
  LOOM_TRY(words_of(ctx, o, m->value, &parts));
  for (size_t i = 0; i < parts.n; i++)
    text_addf(&t, "%s%s", i ? "x" : "", text_eq(o->name, "arg") && text_eq(parts.at[i], "true") ? "True" : text_eq(o->name, "arg") && text_eq(parts.at[i], "false") ? "False" : parts.at[i]);
  vec_push(&ctx->mem, out, arena_printf(&ctx->mem, "%s=%s", m->key, text_str(&t)));
  return LOOM_OK;
}

loom_status cli_config_file_read(loom_ctx *ctx, const char *path, cli_settings *out) {
  static const struct { const char *key, *option; } known[] = {{"hw_spec", "machine"}, {"df_mlir", "machine"}, {"shape", "shape"}, {"dtype", "dtype"}, {"arg", "arg"}, {"function", "function"}};
  data_value *file;
  *out = (cli_settings){0};
  LOOM_TRY(data_read_json_file(ctx, path, CONFIG_FILE_BYTES_MAX, &file));
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    const data_value *v = data_get(file, known[i].key);
    cli_setting s = {.option = option_called(known[i].option)};
    if (!v)
      continue;
    s.span = v->span;
    if (v->kind != DATA_OBJECT)
      LOOM_TRY(words_of(ctx, s.option, v, &s.words));
    for (size_t k = 0; v->kind == DATA_OBJECT && k < v->n; k++)
      LOOM_TRY(add_pair(ctx, s.option, &v->members[k], &s.words));
    if (s.words.n)
      vec_push(&ctx->mem, out, s);
  }
  return LOOM_OK;
}
