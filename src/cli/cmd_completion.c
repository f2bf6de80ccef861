/* Completion.  `loom completion SHELL` prints what a shell sources; that asks `loom complete WORD ..` for what the last word may become: a candidate a line, a tab and what it
 * is, and last ":files" or ":dirs" where a path may stand too.  Both read the tables of cli.h, so that no option is missing. */
#include "cli/cli.h"
#include "base/dtype.h"
#include "machine/machine.h"
#include <stdio.h>
#include <string.h>

static const struct { const char *shell, *script; } scripts[] = {
    {"bash", "# loom completion bash > /usr/share/bash-completion/completions/loom\n"
             "_loom() {\n"
             "  local IFS=$'\\n' line word=${COMP_WORDS[COMP_CWORD]#=}\n"
             "  COMPREPLY=()\n"
             "  for line in $(loom complete \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null); do\n"
             "    case $line in\n"
             "      :files) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- \"$word\")) ;;\n"
             "      :dirs) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -d -- \"$word\")) ;;\n"
             "      *) COMPREPLY+=(\"${line%%$'\\t'*}\") ;;\n"
             "    esac\n"
             "  done\n"
             "}\n"
             "complete -F _loom loom\n"},
    {"zsh", "#compdef loom\n"
            "# loom completion zsh > ~/.zfunc/_loom\n"
            "local line\n"
            "local -a rows\n"
            "for line in ${(f)\"$(loom complete \"${(@)words[2,CURRENT]}\" 2>/dev/null)\"}; do\n"
            "  case $line in\n"
            "    :files) _files ;;\n"
            "    :dirs) _files -/ ;;\n"
            "    *) rows+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
            "  esac\n"
            "done\n"
            "(( $#rows )) && _describe loom rows\n"},
    {"fish", "# loom completion fish > ~/.config/fish/completions/loom.fish\n"
             "function __loom_complete\n"
             "  set -l words (commandline -opc) (commandline -ct)\n"
             "  for line in (loom complete $words[2..-1] 2>/dev/null)\n"
             "    switch $line\n"
             "      case :files\n"
             "        __fish_complete_path (commandline -ct)\n"
             "      case :dirs\n"
             "        __fish_complete_directories (commandline -ct)\n"
             "      case '*'\n"
             "        echo $line\n"
             "    end\n"
             "  end\n"
             "end\n"
             "complete -c loom -f -a '(__loom_complete)'\n"},
};

loom_status cmd_completion(loom_ctx *ctx, const cli_options *o) {
  const char *shells[sizeof scripts / sizeof *scripts], *want = o->files.n == 1 ? o->files.at[0] : NULL;
  for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
    shells[i] = scripts[i].shell;
    if (want && strcmp(want, scripts[i].shell) == 0) {
      fputs(scripts[i].script, stdout);
      return LOOM_OK;
    }
  }
  const char *near = want ? diag_nearest(want, shells, sizeof shells / sizeof *shells) : NULL;
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, want ? "there is no completion for '%s'" : "'loom completion' takes the name of a shell%s", want ? want : "");
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  else
    diag_help(ctx, "there is bash, zsh and fish");
  return LOOM_EUSAGE;
}

/* ---- candidates ---- */

static void offer(const char *word, const char *candidate, const char *what) {
  if (strncmp(candidate, word, strlen(word)) == 0)
    printf("%s\t%s\n", candidate, what);
}

static void offer_with(arena *m, const char *word, const char *before, const char *candidate, const char *what) { offer(word, arena_printf(m, "%s%s", before, candidate), what); }

static void offer_commands(const char *word) {
  size_t n;
  const cli_command *all = cli_commands(&n);
  for (size_t i = 0; i < n; i++)
    offer(word, all[i].name, all[i].summary);
}

static void offer_machines(loom_ctx *ctx, const char *word, const char *before) {
  const char *const *names;
  size_t n;
  if (machine_list(ctx, &names, &n) != LOOM_OK)
    return;
  for (size_t i = 0; i < n; i++)
    offer_with(&ctx->mem, word, before, names[i], "machine");
}

/* What the argument of an option may be, by how help writes it.  `before`: what stands before it in the word. */
static void offer_values(loom_ctx *ctx, const cli_option *row, const char *word, const char *before) {
  static const struct { const char *option, *values; } lists[] = {
      {"emit",
#define X(name, when, stage, text) name "|"
#include "cli/cli_emit.def"
#undef X
      }, {"dtype", "f16|bf16|f32|f64|i8|i16|i32|i64|i1"}, {"calibration", "newest|2025"}};
  const char *values = cli_option_has_words(row) ? row->argument : NULL;
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
    if (strcmp(lists[i].option, row->name) == 0)
      values = lists[i].values;
  for (const char *at = values; at && *at;) {
    const size_t n = strcspn(at, "|");
    offer_with(&ctx->mem, word, before, arena_strndup(&ctx->mem, at, n), row->help);
    at += n + (at[n] == '|');
  }
  if (strcmp(row->name, "machine") == 0)
    offer_machines(ctx, word, before);
  if (strstr(row->argument, "FILE"))
    puts(":files");
  else if (strstr(row->argument, "DIR"))
    puts(":dirs");
}

static void offer_options(loom_ctx *ctx, const cli_command *c, const char *word) {
  size_t n;
  const cli_option *all = cli_option_table(&n);
  for (size_t i = 0; i < n; i++)
    if (cli_takes(c, &all[i]))
      offer(word, arena_printf(&ctx->mem, "--%s", all[i].name), all[i].help);
}

/* Words that are no option; `n_before` of them are there already, `first` is the first. */
static void offer_words(loom_ctx *ctx, const cli_command *c, int n_before, const char *first, const char *word) {
  static const struct { const char *command, *words; } subcommands[] = {{"machine", "list|show|check|import|calibrate"}, {"providers", "list|check|bench"}, {"completion", "bash|zsh|fish"}};
  for (size_t i = 0; n_before == 0 && i < sizeof subcommands / sizeof *subcommands; i++)
    for (const char *at = strcmp(subcommands[i].command, c->name) == 0 ? subcommands[i].words : ""; *at;) {
      const size_t n = strcspn(at, "|");
      offer(word, arena_strndup(&ctx->mem, at, n), c->summary);
      at += n + (at[n] == '|');
    }
  if (strcmp(c->name, "machine") == 0 && n_before == 1 && (strcmp(first, "show") == 0 || strcmp(first, "check") == 0))
    offer_machines(ctx, word, "");
  const bool only_words = strcmp(c->name, "completion") == 0 || strcmp(c->name, "doctor") == 0 || (n_before == 0 && (strcmp(c->name, "machine") == 0 || strcmp(c->name, "providers") == 0));
  if (!only_words)
    puts(":files");
}

static const cli_option *option_of(const cli_command *c, const char *word, size_t length) {
  size_t n;
  const cli_option *all = cli_option_table(&n);
  for (size_t i = 0; i < n; i++)
    if (cli_takes(c, &all[i]) && strlen(all[i].name) == length && strncmp(all[i].name, word, length) == 0)
      return &all[i];
  return NULL;
}

/* words: all behind `loom`, the last one unfinished.  bash splits "--dram=ba" into three, the one in the middle "=". */
loom_status cli_complete(loom_ctx *ctx, int n, char **words) {
  const char *last = n > 0 ? words[n - 1] : "";
  if (strcmp(last, "=") == 0)
    last = "";
  const cli_command *c = n > 1 ? cli_find_command(words[0]) : NULL;
  if (n <= 1) {
    offer_commands(last);
    return LOOM_OK;
  }
  if (!c)
    return LOOM_OK;
  cli_set_machine_path(ctx);
  const cli_option *open = NULL;
  const char *first = "";
  int n_files = 0;
  for (int i = 1; i < n - 1; i++) {
    if (strcmp(words[i], "=") == 0)
      continue;
    if (open) {
      open = NULL;
      continue;
    }
    const bool is_option = strncmp(words[i], "--", 2) == 0;
    open = is_option && !strchr(words[i], '=') ? option_of(c, words[i] + 2, strlen(words[i] + 2)) : NULL;
    open = open && open->argument ? open : NULL;
    if (!is_option && n_files++ == 0)
      first = words[i];
  }
  const char *equals = strchr(last, '=');
  const cli_option *here = strncmp(last, "--", 2) == 0 && equals ? option_of(c, last + 2, (size_t)(equals - last) - 2) : NULL;
  if (open)
    offer_values(ctx, open, last, "");
  else if (here && here->argument)
    offer_values(ctx, here, last, arena_strndup(&ctx->mem, last, (size_t)(equals - last) + 1));
  else if (last[0] == '-')
    offer_options(ctx, c, last);
  else
    offer_words(ctx, c, n_files, first, last);
  return LOOM_OK;
}
