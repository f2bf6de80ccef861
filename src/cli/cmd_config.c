/* `loom config`: what is set for commands beyond their command lines: the user's configuration, and variables of the environment. */
#include "cli/cli_config.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *name_of(arena *m, const cli_setting *s) { return s->command ? arena_printf(m, "%s.%s", s->command->name, s->option->name) : s->option->name; }

static const char *origin_of(arena *m, const cli_setting *s) { return arena_printf(m, "%s:%d", s->span.source->path, s->span.line); }

/* With `word`: those of that option, of all commands or of one (run.check), or that variable. */
static bool is_wanted(arena *m, const cli_setting *s, const char *word) { return !word || strcmp(s->option->name, word) == 0 || strcmp(name_of(m, s), word) == 0; }

static void print(const cli_options *o, const char *origin, const char *name, const char *value) {
  if (o->show_origin)
    printf("%s\t", origin);
  printf("%s: %s\n", name, value);
}

static data_value *row(arena *m, const char *name, const char *origin) {
  data_value *r = data_object(m);
  data_set_string(m, r, "name", name);
  data_set_string(m, r, "origin", origin);
  return r;
}

loom_status cmd_config(loom_ctx *ctx, const cli_options *o) {
  arena *m = &ctx->mem;
  const char *word = o->files.n ? o->files.at[0] : NULL;
  cli_settings all;
  size_t n, found = 0;
  const cli_variable *variables = cli_variables(&n);
  data_value *out = data_object(m), *rows = data_array(m);
  if (o->files.n > 1)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'loom config' takes the name of one option");
  LOOM_TRY(cli_config_read(ctx, &all));
  for (size_t i = 0; i < all.n; i++) {
    const cli_setting *s = &all.at[i];
    if (!is_wanted(m, s, word))
      continue;
    data_value *r = row(m, name_of(m, s), origin_of(m, s)), *values = data_array(m);
    for (size_t k = 0; k < s->words.n; k++) {
      if (!o->json)
        print(o, origin_of(m, s), name_of(m, s), s->words.at[k]);
      data_push(m, values, data_string(m, s->words.at[k]));
    }
    data_set(m, r, "values", values);
    data_push(m, rows, r);
    found++;
  }
  for (size_t i = 0; i < n; i++) {
    const char *value = getenv(variables[i].name);
    if (!value || (word && strcmp(word, variables[i].name) != 0))
      continue;
    data_value *r = row(m, variables[i].name, "environment"), *values = data_array(m);
    if (!o->json)
      print(o, "environment", variables[i].name, value);
    data_push(m, values, data_string(m, value));
    data_set(m, r, "values", values);
    data_push(m, rows, r);
    found++;
  }
  if (o->json) {
    bool is_named;
    data_set_string(m, out, "schema", "loom.config.v1");
    data_set(m, out, "file", data_string(m, cli_config_path(m, &is_named)));
    data_set(m, out, "settings", rows);
    printf("%s\n", data_write_json(m, out, 2));
  }
  if (word && !found)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'%s' is not set", word);
  return LOOM_OK;
}
