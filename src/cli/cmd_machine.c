/* loom machine list | show M | check M | import FILE | calibrate */
#include "base/file.h"
#include "cli/cli_forms.h"
#include "cli/cli_calibration.h"
#include "machine/machine_template.h"
#include "solve/certify.h"
#include <stdio.h>
#include <string.h>

static loom_status list(loom_ctx *ctx, const cli_options *o, const char *name) {
  (void)name;
  const char *const *names;
  size_t n;
  LOOM_TRY(machine_list(ctx, &names, &n));
  data_value *v = data_object(&ctx->mem), *all = data_array(&ctx->mem);
  for (size_t i = 0; i < n; i++) {
    const char *summary;
    LOOM_TRY(machine_load_summary(ctx, names[i], &summary));
    if (!o->json)
      printf("%-16s %s\n", names[i], summary);
    data_value *row = data_object(&ctx->mem);
    data_set_string(&ctx->mem, row, "name", names[i]);
    data_set_string(&ctx->mem, row, "summary", summary);
    data_push(&ctx->mem, all, row);
  }
  data_set_string(&ctx->mem, v, "schema", "loom.machines.v1");
  data_set(&ctx->mem, v, "machines", all);
  if (o->json)
    printf("%s\n", data_write_json(&ctx->mem, v, 1));
  return LOOM_OK;
}

static loom_status show(loom_ctx *ctx, const cli_options *o, const char *name) {
  machine *m;
  LOOM_TRY(cli_load_machine(ctx, o, name, &m));
  if (o->json)
    printf("%s\n", data_write_json(&ctx->mem, machine_to_data(&ctx->mem, m), 1));
  else
    fputs(machine_describe(&ctx->mem, m), stdout);
  return LOOM_OK;
}

typedef struct guard_tally { int64_t functions, proven; } guard_tally;

/* The same overlap or gap, at whatever sizes. */
static bool was_told(const diag_item *before, const diag_item *d) {
  const char *at = strstr(d->text, ", for example at ");
  size_t n = at ? (size_t)(at - d->text) : strlen(d->text);
  for (; before != d; before = before->next)
    if (before->span.source == d->span.source && before->span.line == d->span.line && strncmp(before->text, d->text, n) == 0)
      return true;
  return false;
}

/* Where machine_check has found nothing wrong, nothing must be. */
static loom_status prove_guards(loom_ctx *ctx, const cli_options *o, const machine *m, guard_tally *t) {
  for (size_t s = 0; s < m->perf.n; s++)
    for (size_t i = 0; i < m->perf.at[s].funcs.n; i++) {
      const machine_func *f = &m->perf.at[s].funcs.at[i];
      diag_mark before = diag_save(ctx);
      bool is_proven;
      LOOM_TRY(o->opinion->prove_guards(ctx, f, o->opinion->rlimit, &is_proven));
      const diag_item *told = *before.last;
      if (told && was_told(ctx->diag.first, told))
        diag_drop(ctx, before);
      else if (!told && !is_proven)
        diag_note(ctx, f->span, "whether the guards of '%s' exclude each other and leave no gap is not known: the effort allowed for the proof was spent", f->name);
      t->functions++;
      t->proven += is_proven;
    }
  return LOOM_OK;
}

static loom_status check_all(loom_ctx *ctx, const cli_options *o, const char *name, machine **m, guard_tally *guards) {
  LOOM_TRY(cli_load_machine(ctx, o, name, m));
  LOOM_TRY(machine_check(ctx, *m));
  LOOM_TRY(machine_check_units(ctx, *m));
  return o->certify ? prove_guards(ctx, o, *m, guards) : LOOM_OK;
}

static loom_status check(loom_ctx *ctx, const cli_options *o, const char *name) {
  machine *m = NULL;
  guard_tally guards = {0};
  const loom_status st = check_all(ctx, o, name, &m, &guards);
  const bool is_read = st == LOOM_OK || st == LOOM_EINPUT || st == LOOM_EUNSUP;      /* else nothing is known of it */
  if (o->json && is_read) {
    data_value *v = data_object(&ctx->mem);
    data_set_string(&ctx->mem, v, "schema", "loom.machine-check.v1");
    data_set_string(&ctx->mem, v, "machine", m ? m->name : name);
    data_set_bool(&ctx->mem, v, "ok", st == LOOM_OK);
    data_set_int(&ctx->mem, v, "warnings", ctx->diag.warnings);
    if (st != LOOM_OK)
      data_set_int(&ctx->mem, v, "errors", ctx->diag.errors);
    if (o->certify && st == LOOM_OK) {
      data_set_int(&ctx->mem, v, "functions", guards.functions);
      data_set_int(&ctx->mem, v, "certified", guards.proven);
    }
    printf("%s\n", data_write_json(&ctx->mem, v, 1));
  } else if (st == LOOM_OK) {
    printf("%s: no errors, %d warnings\n", m->name, ctx->diag.warnings);
    if (o->certify)
      printf("guards of %" PRId64 " of %" PRId64 " functions certified\n", guards.proven, guards.functions);
  }
  return st;
}

/* Reads a foreign description and writes ours. */
static loom_status import(loom_ctx *ctx, const cli_options *o, const char *path) {
  machine *m;
  LOOM_TRY(cli_load_machine(ctx, o, path, &m));
  LOOM_TRY(machine_check(ctx, m));
  const char *yaml = machine_to_yaml(&ctx->mem, m);
  if (o->json)
    printf("%s\n", data_write_json(&ctx->mem, machine_to_data(&ctx->mem, m), 1));
  else if (!o->out.last)
    fputs(yaml, stdout);
  if (!o->out.last)
    return LOOM_OK;
  return file_write(ctx, o->out.last, yaml, strlen(yaml));
}

/* Measures this CPU; its file goes to --out, else to where machine 'host' is looked for first. */
static loom_status calibrate(loom_ctx *ctx, const cli_options *o, const char *name) {
  (void)name;
  const machine_cpu *cpu;
  const char *yaml, *path = o->out.last ? o->out.last : machine_calibrated_path(&ctx->mem);
  if (o->machine.last && strcmp(o->machine.last, "host") != 0) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "only the machine 'host' can be measured, not '%s'", o->machine.last);
    diag_help(ctx, "leave --machine away");
    return LOOM_EUSAGE;
  }
  if (!path) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EIO, "there is no place for the measured machine: neither XDG_CACHE_HOME nor HOME is set");
    diag_help(ctx, "name a file: loom machine calibrate -o host.yaml");
    return LOOM_EIO;
  }
  LOOM_TRY(machine_calibrate(ctx, o->quick, &cpu));
  LOOM_TRY(machine_calibrated_yaml(ctx, cpu, &yaml));
  if (!o->out.last)
    LOOM_TRY(file_make_dirs(ctx, file_dirname(&ctx->mem, path)));
  LOOM_TRY(file_write(ctx, path, yaml, strlen(yaml)));
  cli_print_calibration(ctx, cpu, path, o->json);
  return LOOM_OK;
}

typedef struct verb { const char *name; loom_status (*run)(loom_ctx *, const cli_options *, const char *); cli_form form; bool takes_one; } verb;

/* The machine it is about: the word behind the verb, else --machine. */
static loom_status run_verb(loom_ctx *ctx, const cli_options *o, const verb *v) {
  const size_t most = v->takes_one ? 2 : 1;
  const char *what = NULL;
  if (o->files.n > most)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'loom machine %s' takes %s; what is '%s'?", v->name, v->takes_one ? "one machine" : "no name", o->files.at[most]);
  cli_tell_form(ctx, o, v->form);
  if (v->takes_one) {
    what = o->files.n > 1 ? o->files.at[1] : o->machine.last;
    if (!what)
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'loom machine %s' needs a machine name or file", v->name);
    if (o->files.n > 1)
      cli_tell_option(ctx, o, "machine", arena_printf(&ctx->mem, "the machine is '%s'", what), NULL);
  }
  return v->run(ctx, o, what);
}

loom_status cmd_machine(loom_ctx *ctx, const cli_options *o) {
  static const verb verbs[] = {{"list", list, CLI_MACHINE_LIST, false}, {"show", show, CLI_MACHINE_SHOW, true}, {"check", check, CLI_MACHINE_CHECK, true},
                               {"import", import, CLI_MACHINE_IMPORT, true}, {"calibrate", calibrate, CLI_MACHINE_CALIBRATE, false}};
  const char *names[sizeof verbs / sizeof *verbs], *word = o->files.n ? o->files.at[0] : "list";
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
    if (text_eq(verbs[i].name, word))
      return run_verb(ctx, o, &verbs[i]);
    names[i] = verbs[i].name;
  }
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "unknown verb '%s' of 'loom machine'", word);
  const char *near = diag_nearest(word, names, sizeof names / sizeof *names);
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  return LOOM_EUSAGE;
}
