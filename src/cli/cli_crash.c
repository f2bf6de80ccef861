/* What is said and saved when the process of a command dies. */
#include "base/data.h"
#include "base/file.h"
#include "base/process.h"
#include "base/temporary.h"
#include "cli/cli.h"
#include "run/run_child.h"
#include "run/run_limits.h"
#include "run/run_stage.h"
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY_BYTES_MAX = 64 << 20 };
typedef struct saving { loom_ctx *ctx; const char *dir; text command; int copies; } saving;

/* ---- the copy ---- */

/* 'it'"'"'s' */
static void add_quoted(text *t, const char *s) {
  text_add(t, "'");
  for (; *s; s++)
    if (*s == '\'')
      text_add(t, "'\"'\"'");
    else
      text_add_bytes(t, s, 1);
  text_add(t, "'");
}

static bool is_file(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= COPY_BYTES_MAX;
}

/* Its name in the directory; NULL: it cannot be copied. */
static const char *copy_file(saving *v, const char *path) {
  loom_ctx *ctx = v->ctx;
  char *bytes;
  size_t size;
  const char *name = arena_printf(&ctx->mem, "%d-%s", v->copies++, file_basename(&ctx->mem, path));
  return file_read(ctx, path, COPY_BYTES_MAX, &bytes, &size) == LOOM_OK && file_write(ctx, file_join(&ctx->mem, v->dir, name), bytes, size) == LOOM_OK ? name : NULL;
}

/* "X", "--option=X", "NAME=X", "X=Y=X": where X is a file, its copy; where it is a directory, its whole path. */
static const char *argument(saving *v, const char *arg) {
  arena *m = &v->ctx->mem;
  const char *path = arg;
  for (; path && *path; path = strchr(path, '=') ? strchr(path, '=') + 1 : NULL) {
    const char *copy = is_file(path) ? copy_file(v, path) : NULL;
    char whole[4096];
    if (!copy && file_is_dir(path) && realpath(path, whole))
      copy = arena_strdup(m, whole);
    if (copy)
      return arena_printf(m, "%.*s%s", (int)(path - arg), arg, copy);
  }
  return arg;
}

static void add_environment(text *t) {
  static const char *const matter[] = {"LOOM_", "XDG_CACHE_HOME=", "LANG=", "LC_", "CXX=", "GLIBC_TUNABLES="};
  for (char **e = environ; *e; e++)
    for (size_t i = 0; i < sizeof matter / sizeof *matter; i++)
      if (text_starts(*e, matter[i]) && strchr(*e, '=') && !text_starts(*e, "LOOM_STAGE_FD=")) {
        text_addf(t, "export %.*s=", (int)(strchr(*e, '=') - *e), *e);
        add_quoted(t, strchr(*e, '=') + 1);
        text_add(t, "\n");
        break;
      }
}

/* The newest dump: stages are numbered. */
static void copy_dump(saving *v, const char *dir) {
  const char *last = NULL;
  DIR *d = dir ? opendir(dir) : NULL;
  for (const struct dirent *e; d && (e = readdir(d));)
    if (e->d_name[0] >= '0' && e->d_name[0] <= '9' && (!last || strcmp(e->d_name, last) > 0))
      last = arena_strdup(&v->ctx->mem, e->d_name);
  if (d)
    closedir(d);
  if (last)
    (void)copy_file(v, file_join(&v->ctx->mem, dir, last));
}

static bool save_in(loom_ctx *ctx, const char *dir, const char *what, int argc, char **argv, const cli_options *o) {
  saving v = {ctx, dir, text_new(&ctx->mem), 0};
  text *t = &v.command;
  const char *self = file_join(&ctx->mem, cli_self_dir(&ctx->mem), "loom");
  char *line = arena_strdup(&ctx->mem, what);
  text_clean(line);      /* one line, whatever the kernel is called */
  if (file_make_dirs(ctx, dir) != LOOM_OK)
    return false;
  text_add(t, "#!/bin/sh\n# Runs again what died: ");
  text_add(t, line);
  text_add(t, "\n# The loom to run can be named in LOOM.\ncd \"$(dirname \"$0\")\" || exit\n");
  add_environment(t);
  text_add(t, "exec \"${LOOM:-");
  text_add(t, access(self, X_OK) == 0 && !strpbrk(self, "\"$`\\}") ? self : "loom");
  text_add(t, "}\"");
  for (int i = 0; i < argc; i++) {
    text_add(t, " ");
    add_quoted(t, i ? argument(&v, argv[i]) : argv[i]);
  }
  text_add(t, "\n");
  copy_dump(&v, o ? o->dump_dir.last : NULL);
  const char *file = file_join(&ctx->mem, dir, "command");
  return file_write(ctx, file, t->data, t->size) == LOOM_OK && chmod(file, 0755) == 0;
}

/* In $LOOM_CRASH_DIR (empty: nowhere), else in the working directory, or where temporary files are. */
static const char *save(loom_ctx *ctx, const run_end *end, const char *what, int argc, char **argv, const cli_options *o) {
  const char *name = arena_printf(&ctx->mem, "loom-crash-%d", (int)end->pid);
  const char *named = getenv("LOOM_CRASH_DIR");
  if (named && !*named)
    return NULL;
  const char *const dirs[] = {named ? file_join(&ctx->mem, named, name) : name, file_join(&ctx->mem, temporary_base(), name)};
  const diag_mark before = diag_save(ctx);
  const char *saved = NULL;
  for (size_t i = 0; i < sizeof dirs / sizeof *dirs && !saved; i++)
    saved = save_in(ctx, dirs[i], what, argc, argv, o) ? dirs[i] : NULL;
  diag_drop(ctx, before);
  return saved;
}

/* ---- what is said ---- */

static const char *place_text(arena *m, const run_place *p) {
  text t = text_new(m);
  if (*p->stage)
    text_addf(&t, " in stage '%s'", p->stage);
  if (*p->what)
    text_addf(&t, " of '%s'", p->what);
  return text_str(&t);
}

/* The limit that ended it; NULL: none did. */
static const char *limit_text(arena *m, const run_end *end, const run_place *p, const run_limits *l, const char **out_name) {
  if (end->is_late) {
    *out_name = "deadline";
    return arena_printf(m, "its time of %" PRId64 " s is over", l->deadline);
  }
  if (end->signal == SIGXCPU) {
    *out_name = "cpu";
    return arena_printf(m, "it has used the %" PRId64 " s of processor time that it may", l->cpu);
  }
  if (p->lacked_memory && l->memory) {
    *out_name = "memory";
    return arena_printf(m, "it needs more than the %" PRId64 " MiB of memory that it may", l->memory);
  }
  return NULL;
}

int cli_tell_death(loom_ctx *ctx, const run_end *end, const run_limits *limits, int argc, char **argv, const cli_options *o) {
  arena *m = &ctx->mem;
  run_place place;
  const char *name = NULL;
  if (!end->is_late && (end->signal == SIGINT || end->signal == SIGTERM || end->signal == SIGHUP || end->signal == SIGPIPE))
    return PROCESS_CODE_OF_SIGNALS + end->signal;
  run_stage_find(end->pid, &place);
  const char *where = place_text(m, &place), *limit = limit_text(m, end, &place, limits, &name);
  if (limit) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "the command was ended%s: %s", where, limit);
    diag_help(ctx, "--limits %s=N, or LOOM_LIMITS=%s=N, sets that limit; 0: none", name, name);
  } else {
    const char *how = place.lacked_memory ? "the system has no more memory" : arena_printf(m, "signal %d (%s)", end->signal, strsignal(end->signal));
    const char *what = arena_printf(m, "internal error: the worker was killed%s: %s", where, how), *dir = save(ctx, end, what, argc, argv, o);
    diag_error(ctx, LOOM_NOSPAN, LOOM_EWORKER, "%s", what);
    if (dir)
      diag_help(ctx, "the inputs and the command are saved; '%s/command' runs it again; please report them", dir);
    else if (end->signal == SIGKILL)
      diag_help(ctx, "nobody but the system or another user's program sends that signal: is there enough memory?");
  }
  cli_print_diagnostics(ctx);
  return loom_status_exit(limit ? LOOM_ELIMIT : LOOM_EWORKER);
}
