/* `loom sweep FILE`: points that have no row yet are given to hands, and what they return is recorded, one transaction a point.  So whatever ends this process, the next one goes on
 * where it was. */
#include "base/file.h"
#include "base/progress.h"
#include "base/temporary.h"
#include "cli/sweep_program.h"
#include "run/run_build.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 16 << 20, LOSSES_MAX = 3, POLL_NS = 2000000, FAILURES_SHOWN = 20 };

static volatile sig_atomic_t interrupted;
static void interrupt(int signal) { interrupted = signal; }

typedef struct runner {
  loom_ctx *ctx; const cli_options *o; sweep s; sweep_db *db; const char *path, *version; int lock;
  sweep_hands *hands; sweep_ranks *ranks;
  int64_t run;
  VEC_OF(size_t) todo; size_t next;      /* points to compute, and the first that nobody was given */
  uint8_t *losses;                        /* of each point: how often its process was ended */
  size_t taken, done, failed, given_up, found;      /* taken: of todo, back from a hand; done: recorded; found: rows that were there */
} runner;

/* ---- before ---- */

/* The compiler that computes: its version, and which build of it. */
static loom_status find_version(loom_ctx *ctx, const char **out) {
  const char *worker;
  LOOM_TRY(cli_need_program(ctx, "loom-worker", &worker));
  *out = arena_printf(&ctx->mem, "%s+%.12s", LOOM_VERSION, run_build_id_of(&ctx->mem, worker));
  return LOOM_OK;
}

/* Options of the command, and none of those that a sweep sets itself. */
static loom_status check_options(loom_ctx *ctx, const sweep *s) {
  static const char *const own[] = {"json", "error-format", "progress", "output-path", "tuning-db", "tune", "njobs", "shape", "machine", "dtype", "function", "help", "output", "trace", "emit", "dump-dir", "debug", "etg"};
  const cli_command *c = cli_find_command(s->command);
  size_t n, n_names = 0;
  const cli_option *all = cli_option_table(&n);
  const char **names = ARENA_NEW_N(&ctx->mem, const char *, n);
  for (size_t i = 0; i < n; i++) {
    bool is_own = !cli_takes(c, &all[i]);
    for (size_t k = 0; k < sizeof own / sizeof *own; k++)
      is_own = is_own || strcmp(own[k], all[i].name) == 0;
    if (!is_own)
      names[n_names++] = all[i].name;
  }
  for (size_t i = 0; i < s->points.n; i++)
    for (size_t k = 0; k < s->points.at[i].option.n; k++) {
      const sweep_option *o = &s->points.at[i].option.at[k];
      bool is_known = false;
      for (size_t j = 0; j < n_names; j++)
        is_known = is_known || strcmp(names[j], o->name) == 0;
      if (is_known)
        continue;
      diag_error(ctx, o->span, LOOM_EINPUT, "'%s' is no option that points of a sweep may have for 'loom %s'", o->name, s->command);
      const char *near = diag_nearest(o->name, names, n_names);
      diag_help(ctx, near ? "did you mean '%s'?" : "'loom %s --help' lists the options; shapes, machines, dtypes and functions have keys of their own", near ? near : s->command);
      return LOOM_EINPUT;
    }
  return LOOM_OK;
}

static loom_status read_file(runner *r, const char *path) {
  char *bytes;
  size_t size;
  LOOM_TRY(file_read(r->ctx, path, FILE_BYTES_MAX, &bytes, &size));
  LOOM_TRY(sweep_read(r->ctx, path, bytes, size, &r->s));
  LOOM_TRY(check_options(r->ctx, &r->s));
  LOOM_TRY(find_version(r->ctx, &r->version));
  return sweep_make_keys(r->ctx, &r->s, r->version);
}

/* One writer: the lock ends with the process, however it ends. */
static loom_status lock(runner *r) {
  r->lock = file_open(r->path, O_RDONLY);
  if (r->lock < 0 || flock(r->lock, LOCK_EX | LOCK_NB) != 0) {
    const bool is_taken = r->lock >= 0 && errno == EWOULDBLOCK;
    diag_error(r->ctx, diag_file_span(r->ctx, r->path), LOOM_EIO, is_taken ? "another sweep writes this database" : "the database cannot be locked: %s", strerror(errno));
    if (is_taken)
      diag_help(r->ctx, "name another file with -o, or wait for it; 'loom sweep show' reads it meanwhile");
    return LOOM_EIO;
  }
  return LOOM_OK;
}

static loom_status find_work(runner *r) {
  arena *m = &r->ctx->mem;
  const size_t n = r->s.points.n;
  r->losses = ARENA_NEW_N(m, uint8_t, n);
  for (size_t i = 0; i < n; i++) {
    bool has = false;
    if (!r->o->fresh)
      LOOM_TRY(sweep_db_has(r->ctx, r->db, r->s.points.at[i].key, r->o->retry_failed, &has));
    if (has)
      r->found++;
    else
      vec_push(m, &r->todo, i);
  }
  return LOOM_OK;
}

/* ---- while it runs ---- */

static loom_status keep(runner *r, const sweep_done *d) {
  const sweep_point *p = &r->s.points.at[d->point];
  progress_tell("sweep", (int64_t)++r->taken, (int64_t)r->todo.n);
  if (d->is_lost && ++r->losses[d->point] == LOSSES_MAX)
    r->given_up++;
  else if (d->is_lost)
    vec_push(&r->ctx->mem, &r->todo, d->point);
  if (d->is_lost)
    return LOOM_OK;
  LOOM_TRY(sweep_plans_keep(r->ctx, r->db, d->plans));
  LOOM_TRY(sweep_db_record(r->ctx, r->db, p, r->version, &d->row, d->seconds));
  r->done++;
  r->failed += d->row.exit_code != 0;
  return LOOM_OK;
}

static loom_status give(runner *r, bool *out_given) {
  arena *m = &r->ctx->mem;
  const size_t point = r->todo.at[r->next];
  const char *const *words = sweep_words(m, &r->s, &r->s.points.at[point]);
  *out_given = false;
  if (r->ranks && sweep_ranks_free(r->ranks) > 0) {
    LOOM_TRY(sweep_ranks_start(r->ranks, r->ctx, words, point));
  } else if (sweep_hands_free(r->hands) > 0) {
    LOOM_TRY(sweep_hands_start(r->hands, words, point));
  } else {
    return LOOM_OK;
  }
  r->next++;
  *out_given = true;
  return LOOM_OK;
}

/* One that is done, wherever. */
static loom_status take(runner *r, bool *out_found) {
  arena_mark before = arena_save(&r->ctx->mem);
  const size_t n_todo = r->todo.n;
  sweep_done d;
  LOOM_TRY(sweep_hands_take(r->hands, r->ctx, &d, out_found));
  if (!*out_found && r->ranks)
    LOOM_TRY(sweep_ranks_take(r->ranks, r->ctx, &d, out_found));
  if (*out_found)
    LOOM_TRY(keep(r, &d));
  if (r->todo.n == n_todo)      /* the list did not grow */
    arena_release(&r->ctx->mem, before);
  return LOOM_OK;
}

static loom_status run_points(runner *r) {
  while (r->taken < r->todo.n && !interrupted) {
    bool given = r->next < r->todo.n, found;
    while (given && r->next < r->todo.n)
      LOOM_TRY(give(r, &given));
    LOOM_TRY(take(r, &found));
    if (!found && nanosleep(&(struct timespec){0, POLL_NS}, NULL) != 0)
      continue;
  }
  return LOOM_OK;
}

/* ---- after ---- */

static loom_status say_failures(const runner *r) {
  sweep_entries all = {0};
  int shown = 0;
  LOOM_TRY(sweep_db_entries(r->ctx, r->db, r->run, &all));
  for (size_t i = 0; i < all.n; i++) {
    const sweep_entry *e = &all.at[i];
    if (!e->is_done || e->row.exit_code == 0)
      continue;
    if (shown++ < FAILURES_SHOWN)
      printf("failed       %s: exit %" PRId64 ": %s\n", sweep_label(&r->ctx->mem, e), e->row.exit_code, e->row.error);
  }
  if (shown > FAILURES_SHOWN)
    printf("failed       %d more: loom sweep show %s\n", shown - FAILURES_SHOWN, r->path);
  return LOOM_OK;
}

static void say_json(const runner *r, const sweep_run *run) {
  arena *m = &r->ctx->mem;
  data_value *v = data_object(m);
  data_set_string(m, v, "schema", "loom.sweep.result.v1");
  data_set_string(m, v, "name", r->s.name);
  data_set_string(m, v, "database", r->path);
  data_set_int(m, v, "run", run->id);
  data_set_int(m, v, "points", run->points);
  data_set_int(m, v, "computed", (int64_t)r->done);
  data_set_int(m, v, "found", (int64_t)r->found);
  data_set_int(m, v, "done", run->done);
  data_set_int(m, v, "failed", run->failed);
  puts(data_write_json(m, v, 1));
}

static loom_status say_result(const runner *r) {
  sweep_runs runs = {0};
  LOOM_TRY(sweep_db_runs(r->ctx, r->db, &runs));
  const sweep_run *run = &runs.at[runs.n - 1];      /* ours: only one process writes */
  if (r->o->json) {
    say_json(r, run);
    return LOOM_OK;
  }
  printf("sweep        %s: %" PRId64 " points, %" PRId64 " done (%zu were there), %" PRId64 " failed\n", r->s.name, run->points, run->done, r->found, run->failed);
  if (run->failed)
    LOOM_TRY(say_failures(r));
  printf("written      %s, run %" PRId64 "\n", r->path, run->id);
  return LOOM_OK;
}

static loom_status judge(runner *r) {
  if (interrupted)
    diag_error(r->ctx, LOOM_NOSPAN, LOOM_EWORKER, "interrupted, with %zu points left", r->todo.n - r->taken);
  else if (r->given_up)
    diag_error(r->ctx, LOOM_NOSPAN, LOOM_EWORKER, "%zu points were not computed: something ended their processes %d times", r->given_up, LOSSES_MAX);
  else
    return LOOM_OK;
  diag_help(r->ctx, "the same command goes on with what is left");
  return LOOM_EWORKER;
}

static loom_status run_all(runner *r, const char *path) {
  int jobs;
  LOOM_TRY(cli_progress_open(r->ctx, r->o));
  LOOM_TRY(cli_threads(r->ctx, r->o, &jobs));
  LOOM_TRY(sweep_ranks_open(r->ctx, &r->ranks));
  const char *work = arena_printf(&r->ctx->mem, "%s.work", r->path);
  jobs = r->ranks && !r->o->njobs.last ? 1 : jobs;
  if (r->ranks && sweep_ranks_number(r->ranks) > 0) {
    LOOM_TRY(sweep_hands_open(r->ctx, jobs, work, &r->hands));
    return sweep_ranks_serve(r->ranks, r->ctx, r->hands);
  }
  LOOM_TRY(read_file(r, path));
  LOOM_TRY(sweep_db_open(r->ctx, r->path, false, &r->db));
  LOOM_TRY(lock(r));
  temporary_remove(work);      /* of a sweep that was killed */
  LOOM_TRY(sweep_hands_open(r->ctx, jobs, work, &r->hands));
  LOOM_TRY(sweep_db_begin_run(r->ctx, r->db, &r->s, r->version, &r->run));
  LOOM_TRY(find_work(r));
  LOOM_TRY(run_points(r));
  cli_progress_end();
  LOOM_TRY(say_result(r));
  return judge(r);
}

loom_status sweep_run_file(loom_ctx *ctx, const cli_options *o, const char *path) {
  runner r = {.ctx = ctx, .o = o, .lock = -1};
  r.path = o->out.last ? o->out.last : arena_printf(&ctx->mem, "%s.db", strcmp(path, "-") == 0 ? "sweep" : file_stem(&ctx->mem, path));
  const struct sigaction stop = {.sa_handler = interrupt};
  sigaction(SIGINT, &stop, NULL);
  sigaction(SIGTERM, &stop, NULL);
  sigaction(SIGHUP, &stop, NULL);
  loom_status st = run_all(&r, path);
  sweep_hands_close(r.hands);
  sweep_db_close(r.db);
  sweep_ranks_close(r.ranks);      /* after the last row: it may end the job */
  if (r.lock >= 0)
    close(r.lock);
  return st;
}
