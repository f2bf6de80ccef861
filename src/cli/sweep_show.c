/* `loom sweep show`, `diff` and `export`: what is in a database. */
#include "base/file.h"
#include "base/text.h"
#include "cli/sweep_program.h"
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns of export, of one type each: 's' text, 'i' integer, none where it is -1, 'b' the same as a truth value, 'r' real. */
typedef struct column { const char *name; char kind; size_t offset; } column;
#define ROW(kind, name) {#name, kind, offsetof(sweep_entry, row.name)}
#define OF(kind, name, field) {#name, kind, offsetof(sweep_entry, field)}
static const column columns[] = {
    OF('s', kernel, kernel), OF('s', function, function), OF('s', shape, shape), OF('s', dtype, dtype), OF('s', machine, machine), OF('s', options, options), OF('s', command, command),
    ROW('i', exit_code), ROW('s', error), ROW('i', predicted_cycles), ROW('i', lower_bound), ROW('s', proof), ROW('i', simulated_cycles), OF('b', check_ok, row.check_ok), ROW('i', l1_bytes),
    ROW('i', dram_bytes), ROW('s', mapping), ROW('s', loop_order), ROW('s', block_sizes), OF('r', seconds, seconds), OF('s', loom, version), OF('s', key, key)};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

/* ---- which run ---- */

static loom_status find_run(loom_ctx *ctx, const sweep_runs *runs, const char *path, const char *word, sweep_run *out) {
  int64_t id;
  if (runs->n == 0)
    LOOM_FAIL(ctx, diag_file_span(ctx, path), LOOM_EINPUT, "the database has no runs; 'loom sweep FILE -o %s' makes one", path);
  *out = runs->at[runs->n - 1];
  if (!word)
    return LOOM_OK;
  LOOM_TRY(cli_int(ctx, "RUN", word, 1, INT64_MAX, &id));
  for (size_t i = 0; i < runs->n; i++)
    if (runs->at[i].id == id) {
      *out = runs->at[i];
      return LOOM_OK;
    }
  LOOM_FAIL(ctx, diag_file_span(ctx, path), LOOM_EUSAGE, "the database has no run %" PRId64 "; it has %" PRId64 "..%" PRId64, id, runs->at[0].id, runs->at[runs->n - 1].id);
}

/* `word`: a run's number; NULL: the last one, or `before` the last. */
static loom_status load(loom_ctx *ctx, const char *path, const char *word, bool before_last, sweep_run *out, sweep_entries *all) {
  sweep_db *db = NULL;
  sweep_runs runs = {0};
  loom_status st = sweep_db_open(ctx, path, true, &db);
  if (st == LOOM_OK)
    st = sweep_db_runs(ctx, db, &runs);
  if (st == LOOM_OK && before_last && runs.n < 2)
    st = diag_error(ctx, diag_file_span(ctx, path), LOOM_EINPUT, "the database has one run; a comparison needs two");
  runs.n -= st == LOOM_OK && before_last;
  if (st == LOOM_OK)
    st = find_run(ctx, &runs, path, word, out);
  if (st == LOOM_OK)
    st = sweep_db_entries(ctx, db, out->id, all);
  sweep_db_close(db);
  return st;
}

static data_value *value_of(arena *m, const column *c, const sweep_entry *e) {
  const char *at = (const char *)e + c->offset;
  if (c->kind == 's')
    return data_string(m, *(const char *const *)at);
  if (c->kind == 'r')
    return e->is_done ? data_real(m, *(const double *)at) : data_null(m);
  const int64_t number = c->kind == 'b' ? *(const int *)at : *(const int64_t *)at;
  return number < 0 ? data_null(m) : c->kind == 'b' ? data_bool(m, number) : data_int(m, number);
}

static data_value *as_object(arena *m, const sweep_entry *e) {
  data_value *v = data_object(m);
  for (int i = 0; i < N_COLUMNS; i++)
    data_set(m, v, columns[i].name, value_of(m, &columns[i], e));
  return v;
}

static loom_status print_text(loom_ctx *ctx, const cli_options *o, const char *bytes, size_t size) {
  if (o->out.last)
    return file_write(ctx, o->out.last, bytes, size);
  (void)fwrite(bytes, 1, size, stdout);      /* what is lost is told when the program ends */
  return LOOM_OK;
}

/* ---- show ---- */

static const char *cycles(arena *m, int64_t n) { return n < 0 ? "-" : text_thousands(m, n); }

static data_value *run_as_data(arena *m, const sweep_run *run) {
  data_value *v = data_object(m);
  data_set_int(m, v, "run", run->id);
  data_set_string(m, v, "name", run->name);
  data_set_string(m, v, "loom", run->version);
  data_set_string(m, v, "started", run->started);
  data_set_int(m, v, "points", run->points);
  data_set_int(m, v, "done", run->done);
  data_set_int(m, v, "failed", run->failed);
  return v;
}

static void show_entry(arena *m, const sweep_entry *e) {
  if (!e->is_done)
    printf("%12s %12s  %-10s %s\n", "", "", "to do", sweep_label(m, e));
  else if (e->row.exit_code)
    printf("%12s %12s  exit %-5" PRId64 " %s: %s\n", "", "", e->row.exit_code, sweep_label(m, e), e->row.error);
  else
    printf("%12s %12s  %-10s %s: %s\n", cycles(m, e->row.predicted_cycles), cycles(m, e->row.simulated_cycles), e->row.proof, sweep_label(m, e), e->row.block_sizes);
}

loom_status sweep_show(loom_ctx *ctx, const cli_options *o) {
  arena *m = &ctx->mem;
  sweep_entries all = {0};
  sweep_run run;
  if (o->files.n < 2 || o->files.n > 3)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "usage: loom sweep show DB [RUN]");
  LOOM_TRY(load(ctx, o->files.at[1], o->files.n == 3 ? o->files.at[2] : NULL, false, &run, &all));
  if (o->json) {
    data_value *v = run_as_data(m, &run), *rows = data_array(m), *whole = data_object(m);
    data_set_string(m, whole, "schema", "loom.sweep.show.v1");
    for (size_t i = 0; i < v->n; i++)
      data_set(m, whole, v->members[i].key, v->members[i].value);
    for (size_t i = 0; i < all.n; i++)
      data_push(m, rows, as_object(m, &all.at[i]));
    data_set(m, whole, "rows", rows);
    puts(data_write_json(m, whole, 1));
    return LOOM_OK;
  }
  printf("run          %" PRId64 ", %s, by loom %s, %s: %" PRId64 " points, %" PRId64 " done, %" PRId64 " failed\n", run.id, run.name, run.version, run.started, run.points, run.done, run.failed);
  printf("%12s %12s\n", "predicted", "simulated");
  for (size_t i = 0; i < all.n; i++)
    show_entry(m, &all.at[i]);
  return LOOM_OK;
}

/* ---- diff ---- */

typedef struct change { const sweep_entry *old, *new; int64_t before, after; const char *what; } change;
typedef VEC_OF(change) changes;

static int by_label(const void *a, const void *b) {
  const sweep_entry *x = *(const sweep_entry *const *)a, *y = *(const sweep_entry *const *)b;
  const char *const p[] = {x->kernel, x->function, x->shape, x->dtype, x->machine, x->options, x->command}, *const q[] = {y->kernel, y->function, y->shape, y->dtype, y->machine, y->options, y->command};
  int c = 0;
  for (size_t i = 0; i < sizeof p / sizeof *p && c == 0; i++)
    c = strcmp(p[i], q[i]);
  return c;
}

static const sweep_entry **sorted(arena *m, const sweep_entries *all) {
  const sweep_entry **out = ARENA_NEW_N(m, const sweep_entry *, all->n + 1);
  for (size_t i = 0; i < all->n; i++)
    out[i] = &all->at[i];
  qsort(out, all->n, sizeof *out, by_label);
  return out;
}

/* Simulated cycles where both runs have them, else predicted ones. */
static void compare(arena *m, const sweep_entry *a, const sweep_entry *b, changes *out) {
  const bool simulated = a->row.simulated_cycles >= 0 && b->row.simulated_cycles >= 0;
  change c = {a, b, simulated ? a->row.simulated_cycles : a->row.predicted_cycles, simulated ? b->row.simulated_cycles : b->row.predicted_cycles, NULL};
  if (!a->is_done || !b->is_done)
    return;
  if (a->row.exit_code != b->row.exit_code)
    c.what = b->row.exit_code == 0 ? "works now" : a->row.exit_code == 0 ? "fails now" : "fails otherwise";
  else if (b->row.exit_code == 0 && c.before >= 0 && c.before != c.after)
    c.what = c.after > c.before ? "slower" : "faster";
  else if (b->row.exit_code == 0 && strcmp(a->row.block_sizes, b->row.block_sizes) != 0)
    c.what = "other plan";
  if (c.what)
    vec_push(m, out, c);
}

static data_value *change_as_data(arena *m, const change *c) {
  data_value *v = data_object(m);
  data_set_string(m, v, "point", sweep_label(m, c->new));
  data_set_string(m, v, "change", c->what);
  if (c->before >= 0 && c->after >= 0) {
    data_set_int(m, v, "cycles_before", c->before);
    data_set_int(m, v, "cycles", c->after);
    data_set_real(m, v, "ratio", c->before ? (double)c->after / (double)c->before : 1);
  }
  data_set_string(m, v, "block_sizes_before", c->old->row.block_sizes);
  data_set_string(m, v, "block_sizes", c->new->row.block_sizes);
  data_set_string(m, v, "error", c->new->row.error);
  return v;
}

static void print_change(arena *m, const change *c) {
  printf("%-13s", c->what);
  if (c->before >= 0 && c->after >= 0)
    printf("%12s -> %12s  %+6.1f %%  ", cycles(m, c->before), cycles(m, c->after), c->before ? 100 * ((double)c->after / (double)c->before - 1) : 0.0);
  printf("%s", sweep_label(m, c->new));
  if (strcmp(c->old->row.block_sizes, c->new->row.block_sizes) != 0)
    printf(": %s, was %s", c->new->row.block_sizes, c->old->row.block_sizes);
  if (c->new->row.exit_code)
    printf(": exit %" PRId64 ": %s", c->new->row.exit_code, c->new->row.error);
  puts("");
}

static loom_status load_two(loom_ctx *ctx, const cli_options *o, sweep_run run[2], sweep_entries all[2]) {
  const char *const *f = o->files.at;
  switch (o->files.n) {
  case 2: LOOM_TRY(load(ctx, f[1], NULL, true, &run[0], &all[0])); return load(ctx, f[1], NULL, false, &run[1], &all[1]);
  case 3: LOOM_TRY(load(ctx, f[1], NULL, false, &run[0], &all[0])); return load(ctx, f[2], NULL, false, &run[1], &all[1]);
  case 4: LOOM_TRY(load(ctx, f[1], f[2], false, &run[0], &all[0])); return load(ctx, f[1], f[3], false, &run[1], &all[1]);
  default: LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "usage: loom sweep diff DB [RUN RUN] | diff OLD.db NEW.db");
  }
}

/* Points of one run that the other does not have are counted, not compared. */
static void match(arena *m, const sweep_entries all[2], changes *out, size_t *same, size_t only[2]) {
  const sweep_entry **a = sorted(m, &all[0]), **b = sorted(m, &all[1]);
  size_t i = 0, k = 0, both = 0;
  while (i < all[0].n && k < all[1].n) {
    const int c = by_label(&a[i], &b[k]);
    if (c == 0) {
      compare(m, a[i], b[k], out);
      both++;
    }
    only[0] += c < 0, only[1] += c > 0;
    i += c <= 0, k += c >= 0;
  }
  only[0] += all[0].n - i, only[1] += all[1].n - k;
  *same = both - out->n;
}

static bool is_worse(const change *c) { return strcmp(c->what, "slower") == 0 || strcmp(c->what, "fails now") == 0; }

loom_status sweep_diff(loom_ctx *ctx, const cli_options *o) {
  arena *m = &ctx->mem;
  sweep_run run[2];
  sweep_entries all[2] = {{0}, {0}};
  changes list = {0};
  size_t same, worse = 0, only[2] = {0, 0};
  LOOM_TRY(load_two(ctx, o, run, all));
  match(m, all, &list, &same, only);
  for (size_t i = 0; i < list.n; i++)
    worse += is_worse(&list.at[i]);
  if (o->json) {
    data_value *v = data_object(m), *rows = data_array(m);
    data_set_string(m, v, "schema", "loom.sweep.diff.v1");
    data_set(m, v, "before", run_as_data(m, &run[0]));
    data_set(m, v, "after", run_as_data(m, &run[1]));
    data_set_int(m, v, "same", (int64_t)same);
    data_set_int(m, v, "only_before", (int64_t)only[0]);
    data_set_int(m, v, "only_after", (int64_t)only[1]);
    for (size_t i = 0; i < list.n; i++)
      data_push(m, rows, change_as_data(m, &list.at[i]));
    data_set(m, v, "changes", rows);
    puts(data_write_json(m, v, 1));
  } else {
    for (size_t i = 0; i < list.n; i++)
      print_change(m, &list.at[i]);
    printf("%zu points changed, %zu of them for the worse; %zu as before; %zu only before, %zu only after\n", list.n, worse, same, only[0], only[1]);
  }
  if (o->fail_if_slower && worse) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "%zu points are slower, or fail now", worse);
    return LOOM_ENUMERIC;
  }
  return LOOM_OK;
}

/* ---- export ---- */

/* RFC 4180. */
static void add_csv(text *t, const data_value *v) {
  if (v->kind == DATA_NULL)
    return;
  if (v->kind != DATA_STRING) {
    text_add(t, data_write_json(t->mem, v, 0));
    return;
  }
  if (!strpbrk(v->string, ",\"\r\n")) {
    text_add(t, v->string);
    return;
  }
  text_add(t, "\"");
  for (const char *c = v->string; *c; c++)
    text_add_bytes(t, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
  text_add(t, "\"");
}

static void write_csv(text *t, const sweep_entries *all) {
  for (int i = 0; i < N_COLUMNS; i++)
    text_addf(t, "%s%s", i ? "," : "", columns[i].name);
  text_add(t, "\r\n");
  for (size_t k = 0; k < all->n; k++)
    for (int i = 0; i < N_COLUMNS; i++) {
      add_csv(t, value_of(t->mem, &columns[i], &all->at[k]));
      text_add(t, i + 1 < N_COLUMNS ? "," : "\r\n");
    }
}

/* An object a line, every line with the same columns of the same types: what readers of Parquet's tools take. */
static void write_lines(text *t, const sweep_entries *all) {
  for (size_t k = 0; k < all->n; k++)
    text_addf(t, "%s\n", data_write_json(t->mem, as_object(t->mem, &all->at[k]), 0));
}

loom_status sweep_export(loom_ctx *ctx, const cli_options *o) {
  sweep_run run;
  sweep_entries all = {0};
  const bool is_csv = o->files.n > 1 && strcmp(o->files.at[1], "csv") == 0;
  if (o->files.n < 3 || o->files.n > 4 || (!is_csv && strcmp(o->files.at[1], "json") != 0))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "usage: loom sweep export csv|json DB [RUN] [-o FILE]");
  LOOM_TRY(load(ctx, o->files.at[2], o->files.n == 4 ? o->files.at[3] : NULL, false, &run, &all));
  text t = text_new(&ctx->mem);
  (is_csv ? write_csv : write_lines)(&t, &all);
  return print_text(ctx, o, text_str(&t), t.size);
}
