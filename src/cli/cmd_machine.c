/* loom machine list | show M | check M | import FILE | calibrate */
#include "base/file.h"
#include "cli/cli.h"
#include "cli/cli_calibration.h"
#include "machine/machine_template.h"
#include "solve/certify.h"
#include <stdio.h>
#include <string.h>

static loom_status list(loom_ctx *ctx, const cli_options *o) {
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
static loom_status calibrate(loom_ctx *ctx, const cli_options *o) {
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

loom_status cmd_machine(loom_ctx *ctx, const cli_options *o) {
  static const struct { const char *name; loom_status (*run)(loom_ctx *, const cli_options *, const char *); } verbs[] = {
      {"show", show}, {"check", check}, {"import", import}};
  static const char *const names[] = {"list", "show", "check", "import", "calibrate"};
  const char *verb = o->files.n ? o->files.at[0] : "list";
  if (strcmp(verb, "list") == 0)
    return list(ctx, o);
  if (strcmp(verb, "calibrate") == 0)
    return calibrate(ctx, o);
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
    if (strcmp(verbs[i].name, verb) != 0)
      continue;
    const char *what = o->files.n > 1 ? o->files.at[1] : o->machine.last;
    if (!what)
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'loom machine %s' needs a machine name or file", verb);
    return verbs[i].run(ctx, o, what);
  }
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "unknown verb '%s' of 'loom machine'", verb);
  const char *near = diag_nearest(verb, names, sizeof names / sizeof *names);
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  return LOOM_EUSAGE;
}
