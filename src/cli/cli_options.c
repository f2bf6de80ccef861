#include "base/threads.h"
#include "cli/cli_config.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const cli_command commands[] = {
#define X(n, w, u, s) {#n, w, u, s, 0},
    CLI_COMMAND_LIST(X)
#undef X
};
static const char letters[] = "cresvmpboxtkdzgilfw";   /* in the order of CLI_COMMAND_LIST: compile run explore solve eval sim report bench opt machine test providers doctor reduce config explain lsp completion sweep */

const cli_command *cli_commands(size_t *out_n) {
  *out_n = sizeof commands / sizeof *commands;
  return commands;
}

const cli_command *cli_find_command(const char *name) {
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (strcmp(commands[i].name, name) == 0)
      return &commands[i];
  return NULL;
}

static char letter_of(const cli_command *c) { return letters[c - commands]; }

/* `loom reduce` runs `loom run`. */
static bool takes(char letter, const cli_option *o) {
  const bool is_own = strcmp(o->name, "output-path") == 0;
  return strchr(o->takers, letter) || (letter == 'z' && !is_own && strchr(o->takers, 'r'));
}

bool cli_takes(const cli_command *c, const cli_option *o) { return takes(letter_of(c), o); }

static const cli_option rows[] = {
#define X(f, o, a, c, h) {o, a, c, h, offsetof(cli_options, f)},
    CLI_OPTION_LIST(X)
#undef X
#define X(f, o, c, h) {o, NULL, c, h, offsetof(cli_options, f)},
    CLI_FLAG_LIST(X)
#undef X
};
enum { N_ROWS = sizeof rows / sizeof *rows };

const cli_option *cli_option_table(size_t *out_n) {
  *out_n = N_ROWS;
  return rows;
}

/* Other spellings: upstream's names and the usual short ones. */
static const struct { const char *from, *to; } aliases[] = {
    {"hw-spec", "machine"}, {"df-mlir", "machine"}, {"topk-candidates", "topk"},
    {"executable-plugin", "provider"}, {"params", "parameters"}, {"kernel-size", "shape"}, {"h", "help"}, {"mlir-print-ir-after-change", "mlir-print-ir-after-all"},
};
/* Upstream spells options with underscores. */
static char *normalise(arena *m, char letter, const char *s, size_t n) {
  char *name = arena_strndup(m, s, n);
  for (char *p = name; *p; p++)
    if (*p == '_')
      *p = '-';
  if (strcmp(name, "o") == 0)   /* a directory for compile and run, a file elsewhere */
    return arena_strdup(m, letter == 'c' || letter == 'r' ? "output-path" : "out");
  for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
    if (strcmp(name, aliases[i].from) == 0)
      return arena_strdup(m, aliases[i].to);
  return name;
}

static loom_status unknown_option(loom_ctx *ctx, const cli_command *c, const char *name) {
  const char *names[N_ROWS];
  size_t n = 0;
  for (size_t i = 0; i < N_ROWS; i++)
    if (cli_takes(c, &rows[i]))
      names[n++] = rows[i].name;
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "unknown option '--%s' of 'loom %s'", name, c->name);
  const char *near = diag_nearest(name, names, n);
  if (near)
    diag_help(ctx, "did you mean '--%s'?  'loom %s --help' lists the options", near, c->name);
  else
    diag_help(ctx, "'loom %s --help' lists the options", c->name);
  return LOOM_EUSAGE;
}

typedef struct option_values { VEC_OF(const char *) all; const char *last; } option_values;

const char *const *cli_option_values(arena *m, const cli_options *given, const cli_option *o) {
  static const char *const set[] = {"true", NULL};
  const char *at = (const char *)given + o->offset;
  if (!o->argument)
    return *(const bool *)at ? set : NULL;
  const option_values *v = (const option_values *)at;
  const char **all = v->all.n ? arena_array(m, v->all.n + 1, sizeof *all) : NULL;
  for (size_t i = 0; i < v->all.n; i++)
    all[i] = v->all.at[i];
  return (const char *const *)all;
}

loom_status cli_unknown_word(loom_ctx *ctx, const char *option, const char *word, const char *const *words, size_t n) {
  text all = text_new(&ctx->mem);
  for (size_t i = 0; i < n; i++)
    text_addf(&all, "%s%s", i == 0 ? "" : i + 1 == n ? " or " : ", ", words[i]);
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: '%s' is not %s", option, word, text_str(&all));
  const char *near = diag_nearest(word, words, n);
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  return LOOM_EUSAGE;
}

bool cli_option_has_words(const cli_option *o) { return o->argument && strchr(o->argument, '|') && o->argument[0] >= 'a' && o->argument[0] <= 'z'; }

/* --emit: a form that the command has, of whatever input. */
static loom_status check_form(loom_ctx *ctx, const cli_command *c, const char *value) {
  enum { EARLY, LATE, CODE, FILES };
  static const struct { const char *name; int when; } forms[] = {
#define X(name, when, stage, text) {name, when},
#include "cli/cli_emit.def"
#undef X
  };
  enum { N_FORMS = sizeof forms / sizeof *forms };
  text printed = text_new(&ctx->mem), written = printed;
  const char *names[N_FORMS];
  const bool writes = letter_of(c) == 'c' || letter_of(c) == 'e';      /* explore says itself what it prints */
  bool is_form = false;
  for (size_t i = 0; i < N_FORMS; i++) {
    const bool is_printed = forms[i].when == EARLY || forms[i].when == LATE, is_it = strcmp(forms[i].name, value) == 0;
    text *t = is_printed ? &printed : &written;
    if (is_it && (is_printed || writes))
      return LOOM_OK;
    is_form = is_form || is_it;
    text_addf(t, "%s%s", t->size ? ", " : "", forms[i].name);
    names[i] = forms[i].name;
  }
  if (is_form)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--emit %s: 'loom compile' makes that; 'loom %s' prints %s", value, c->name, text_str(&printed));
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--emit: '%s' is not one of %s; nor, of compile, of %s", value, text_str(&printed), text_str(&written));
  const char *near = diag_nearest(value, names, N_FORMS);
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  return LOOM_EUSAGE;
}

/* "sim|npu": one of the words.  --engine says itself that others are planned. */
static loom_status check_word(loom_ctx *ctx, const cli_command *c, const cli_option *o, const char *value) {
  enum { WORDS_MAX = 8 };
  const char *words[WORDS_MAX];
  size_t n = 0;
  if (strcmp(o->name, "emit") == 0)
    return check_form(ctx, c, value);
  if (!cli_option_has_words(o) || strcmp(o->name, "engine") == 0)
    return LOOM_OK;
  for (const char *at = o->argument; *at && n < WORDS_MAX;) {
    const size_t length = strcspn(at, "|");
    words[n++] = arena_strndup(&ctx->mem, at, length);
    if (strcmp(words[n - 1], value) == 0)
      return LOOM_OK;
    at += length + (at[length] == '|');
  }
  return cli_unknown_word(ctx, arena_printf(&ctx->mem, "--%s", o->name), value, words, n);
}

static void set_flag(cli_options *out, const cli_option *row, bool value) { *(bool *)((char *)out + row->offset) = value; }

static void add_value(arena *m, cli_options *out, const cli_option *row, const char *value) {
  option_values *v = (option_values *)((char *)out + row->offset);
  vec_push(m, &v->all, value);
  v->last = value;
}

/* Those of the settings for command `of` (NULL: for all) that the command takes and nothing before them gave. */
static loom_status add_settings(loom_ctx *ctx, const cli_command *c, const cli_settings *all, const cli_command *of, bool *is_given, cli_options *out) {
  for (size_t i = 0; i < all->n; i++) {
    const cli_setting *s = &all->at[i];
    bool *given = &is_given[s->option - rows];
    if (s->command != of || !cli_takes(c, s->option) || *given)
      continue;
    *given = true;
    if (s->option->offset == offsetof(cli_options, machine))
      out->machine_span = s->span;
    for (size_t k = 0; k < s->words.n; k++) {
      LOOM_TRY(check_word(ctx, c, s->option, s->words.at[k]));
      if (s->option->argument)
        add_value(&ctx->mem, out, s->option, s->words.at[k]);
      else
        set_flag(out, s->option, strcmp(s->words.at[k], "true") == 0);
    }
  }
  return LOOM_OK;
}

static loom_status add_config_file(loom_ctx *ctx, const cli_command *c, bool *is_given, cli_options *out) {
  cli_settings of_file = {0};
  if (!out->config.last)
    return LOOM_OK;
  LOOM_TRY(cli_config_file_read(ctx, out->config.last, &of_file));
  return add_settings(ctx, c, &of_file, NULL, is_given, out);
}

/* What is not on the command line comes from the file of --config, then from the user's configuration: what that says of the command, then what it says of all. */
static loom_status add_configured(loom_ctx *ctx, const cli_command *c, bool *is_given, cli_options *out) {
  cli_settings all;
  const bool is_named = out->config.last != NULL;
  LOOM_TRY(add_config_file(ctx, c, is_given, out));
  LOOM_TRY(cli_config_read(ctx, &all));
  LOOM_TRY(add_settings(ctx, c, &all, c, is_given, out));
  LOOM_TRY(add_settings(ctx, c, &all, NULL, is_given, out));
  return is_named ? LOOM_OK : add_config_file(ctx, c, is_given, out);
}

/* Before anything else is said. */
loom_status cli_find_error_format(loom_ctx *ctx, int argc, char **argv) {
  static const char option[] = "--error-format";
  const size_t n = sizeof option - 1;
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
    if (strncmp(argv[i], option, n) == 0 && argv[i][n] == '=')
      LOOM_TRY(cli_set_error_format(ctx, argv[i] + n + 1));
    else if (strcmp(argv[i], option) == 0 && i + 1 < argc)
      LOOM_TRY(cli_set_error_format(ctx, argv[i + 1]));
  return LOOM_OK;
}

static const cli_option *find_row(char letter, const char *key) {
  for (size_t i = 0; i < N_ROWS; i++)
    if (strcmp(rows[i].name, key) == 0 && takes(letter, &rows[i]))
      return &rows[i];
  return NULL;
}

/* A flag, "--flag", or with a truth value. */
static loom_status parse_flag(loom_ctx *ctx, const cli_option *row, const char *key, const char *value, cli_options *out) {
  const bool is_true = !value || strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
  if (!is_true && strcmp(value, "false") != 0 && strcmp(value, "0") != 0)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "option '--%s' takes no argument (or true, false)", key);
  set_flag(out, row, is_true);
  return LOOM_OK;
}

/* Word *i, which begins with '-', and the next where it is the argument. */
static loom_status parse_option(loom_ctx *ctx, const cli_command *c, int argc, char **argv, int *i, bool *is_given, cli_options *out) {
  const char *a = argv[*i], *name = a + (a[1] == '-' ? 2 : 1), *eq = strchr(name, '=');
  if (strchr("creb", out->letter) && a[1] >= 'A' && a[1] <= 'Z' && strpbrk(a, "0123456789")) {   /* upstream's -M256_N256_K256 */
    vec_push(&ctx->mem, &out->shape.all, a);
    out->shape.last = a;
    return LOOM_OK;
  }
  char *key = normalise(&ctx->mem, out->letter, name, eq ? (size_t)(eq - name) : strlen(name));
  const cli_option *row = find_row(out->letter, key);
  if (!row && out->letter == 'o') {   /* mlir-opt's bare pass flags: --cse, --canonicalize="max-iterations=3" */
    const char *options = eq ? eq + 1 : "";
    vec_push(&ctx->mem, &out->passes, *options ? arena_printf(&ctx->mem, "%.*s{%s}", (int)(eq - name), name, options) : arena_strdup(&ctx->mem, name));
    return LOOM_OK;
  }
  if (!row)
    return unknown_option(ctx, c, key);
  is_given[row - rows] = true;
  if (!row->argument)
    return parse_flag(ctx, row, key, eq ? eq + 1 : NULL, out);
  const char *value = eq ? eq + 1 : *i + 1 < argc ? argv[++*i] : NULL;
  if (!value || !*value)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "option '--%s' needs an argument: %s", key, row->argument);
  LOOM_TRY(check_word(ctx, c, row, value));
  add_value(&ctx->mem, out, row, value);
  return LOOM_OK;
}

loom_status cli_parse(loom_ctx *ctx, int argc, char **argv, cli_options *out) {
  memset(out, 0, sizeof *out);
  const cli_command *c = cli_find_command(argv[0]);
  out->command = c->name;
  out->letter = letter_of(c);
  out->verify_each = out->letter == 'o';      /* on by default */
  bool only_files = false, is_given[N_ROWS] = {false};
  LOOM_TRY(cli_find_error_format(ctx, argc, argv));
  for (int i = 1; i < argc; i++) {
    if (only_files || argv[i][0] != '-' || argv[i][1] == 0)
      vec_push(&ctx->mem, &out->files, argv[i]);
    else if (strcmp(argv[i], "--") == 0)
      only_files = true;
    else
      LOOM_TRY(parse_option(ctx, c, argc, argv, &i, is_given, out));
  }
  bool *typed = ARENA_NEW_N(&ctx->mem, bool, sizeof *out);
  for (size_t i = 0; i < N_ROWS; i++)
    typed[rows[i].offset] = is_given[i];
  out->is_typed = typed;
  return add_configured(ctx, c, is_given, out);
}

loom_status cli_int(loom_ctx *ctx, const char *option, const char *s, int64_t lo, int64_t hi, int64_t *out) {
  char *end;
  errno = 0;
  long long v = strtoll(s, &end, 10);
  if (errno || end == s || *end || v < lo || v > hi)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: '%s' is not an integer in %" PRId64 "..%" PRId64, option, s, lo, hi);
  *out = v;
  return LOOM_OK;
}

loom_status cli_threads(loom_ctx *ctx, const cli_options *o, int *out) {
  int64_t n = threads_available();
  if (o->njobs.last)
    LOOM_TRY(cli_int(ctx, "--njobs", o->njobs.last, 1, 4096, &n));
  *out = (int)n;
  return LOOM_OK;
}

loom_status cli_timeout(loom_ctx *ctx, const cli_options *o, double *out) {
  static const double most = 1e6;
  char *end;
  *out = 0;
  if (!o->timeout.last)
    return LOOM_OK;
  *out = strtod(o->timeout.last, &end);
  if (end == o->timeout.last || *end || !(*out > 0 && *out <= most))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--timeout: '%s' is not a number of seconds above 0, at most %.0f", o->timeout.last, most);
  return LOOM_OK;
}

loom_status cli_pairs_of(loom_ctx *ctx, const char *option, const char *const *texts, size_t n, bool integers, cli_pairs *out) {
  for (size_t i = 0; i < n; i++) {
    const char *p = texts[i];
    while (*p) {
      size_t len = strcspn(p, ",");
      const char *eq = memchr(p, '=', len);
      if (!eq || eq == p || eq + 1 == p + len)
        LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: '%.*s' is not NAME=VALUE", option, (int)len, p);
      cli_pair pair = {arena_strndup(&ctx->mem, p, (size_t)(eq - p)), arena_strndup(&ctx->mem, eq + 1, (size_t)(p + len - eq - 1)), 0};
      if (integers)
        LOOM_TRY(cli_int(ctx, arena_printf(&ctx->mem, "%s %s", option, pair.key), pair.value, 1, INT64_C(1) << 40, &pair.integer));
      for (size_t k = 0; k < out->n; k++)
        if (strcmp(out->at[k].key, pair.key) == 0)
          LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: '%s' is given twice", option, pair.key);
      vec_push(&ctx->mem, out, pair);
      p += len;
      if (*p == ',')
        p++;
    }
  }
  return LOOM_OK;
}

const char *cli_first_given(const cli_unfit *options, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (options[i].is_given)
      return options[i].option;
  return NULL;
}
