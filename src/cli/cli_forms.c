#include "cli/cli_forms.h"
#include <string.h>

static const struct { const char *what, *options; } forms[CLI_FORMS] = {
#define X(form, what, options) {what, options},
    CLI_FORM_LIST(X)
#undef X
};

static bool has_word(const char *words, const char *word) {
  const size_t n = strlen(word);
  for (const char *at = strstr(words, word); at; at = strstr(at + 1, word))
    if (at[-1] == ' ' && at[n] == ' ')
      return true;
  return false;
}

/* Those of every command, --njobs, which changes no answer anywhere, and those of the form. */
static bool counts(cli_form form, const char *option) { return has_word(" json error-format progress help njobs ", option) || has_word(forms[form].options, option); }

/* On the command line; a flag also with a value that is not false. */
static bool is_given(const cli_options *o, const cli_option *option) {
  return o->is_typed && o->is_typed[option->offset] && (option->argument || *(const bool *)((const char *)o + option->offset));
}

static const char *list_of(arena *m, cli_form form) {
  text all = text_new(m);
  for (const char *at = forms[form].options + 1; *at;) {
    const size_t n = strcspn(at, " ");
    text_addf(&all, "%s--%.*s", all.size ? ", " : "", (int)n, at);
    at += n + 1;
  }
  return all.size ? text_str(&all) : "none but those of every command";
}

void cli_tell_form(loom_ctx *ctx, const cli_options *o, cli_form form) {
  size_t n;
  const cli_option *all = cli_option_table(&n);
  int told = 0;
  for (size_t i = 0; i < n; i++)
    if (is_given(o, &all[i]) && !counts(form, all[i].name)) {
      diag_warn(ctx, LOOM_NOSPAN, "--%s counts for nothing here: %s does not read it", all[i].name, forms[form].what);
      told++;
    }
  if (told)
    diag_help(ctx, "options that count: %s", list_of(&ctx->mem, form));
}

void cli_tell_option(loom_ctx *ctx, const cli_options *o, const char *option, const char *why, const char *help) {
  size_t n;
  const cli_option *all = cli_option_table(&n);
  for (size_t i = 0; i < n; i++)
    if (text_eq(all[i].name, option) && is_given(o, &all[i])) {
      diag_warn(ctx, LOOM_NOSPAN, "--%s counts for nothing here: %s", option, why);
      if (help)
        diag_help(ctx, "%s", help);
    }
}
