/* loom test: corpora of numeric test files, each file in a process of its own, so that one that crashes or hangs is one failure. */
#include "cli/worker_corpus.h"
#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "run/run_child.h"
#include "run/run_stage.h"
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEPTH_MAX = 16, FILES_MAX = 100000, ANSWER_BYTES_MAX = 64 << 20, TIMEOUT_S = 300 };
typedef VEC_OF(const char *) path_list;

/* ---- which files ---- */

/* Where the tests of a checkout are: the directory given, or what is known to be below it. */
static const struct { const char *name, *below; } corpora[] = {{"iree", "tests/e2e"}, {"mlir", ""}};

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static loom_status list_files(loom_ctx *ctx, const char *dir, int depth, path_list *out) {
  DIR *d = opendir(dir);
  path_list names = {0};
  if (!d)
    LOOM_FAIL(ctx, diag_file_span(ctx, dir), LOOM_EIO, "%s", strerror(errno));
  for (const struct dirent *e = readdir(d); e; e = readdir(d))
    if (e->d_name[0] != '.')
      vec_push(&ctx->mem, &names, arena_strdup(&ctx->mem, e->d_name));
  closedir(d);
  if (names.n)
    qsort(names.at, names.n, sizeof *names.at, by_name);   /* the order of a directory is nobody's */
  for (size_t i = 0; i < names.n; i++) {
    const char *path = file_join(&ctx->mem, dir, names.at[i]);
    if (file_is_dir(path) && depth < DEPTH_MAX)
      LOOM_TRY(list_files(ctx, path, depth + 1, out));
    else if (text_ends(path, ".mlir") && out->n < FILES_MAX)
      vec_push(&ctx->mem, out, path);
  }
  return LOOM_OK;
}

/* "iree:DIR" -> DIR/tests/e2e, or DIR where that is none. */
static loom_status open_corpus(loom_ctx *ctx, const char *spelled, const char **out_dir) {
  const char *colon = strchr(spelled, ':');
  size_t n = colon ? (size_t)(colon - spelled) : strlen(spelled);
  for (size_t i = 0; i < sizeof corpora / sizeof *corpora; i++) {
    if (!colon || strlen(corpora[i].name) != n || memcmp(corpora[i].name, spelled, n) != 0)
      continue;
    const char *below = file_join(&ctx->mem, colon + 1, corpora[i].below);
    *out_dir = *corpora[i].below && file_is_dir(below) ? below : colon + 1;
    if (!file_is_dir(*out_dir))
      LOOM_FAIL(ctx, diag_file_span(ctx, *out_dir), LOOM_EIO, "there is no such directory");
    return LOOM_OK;
  }
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--corpus: '%s' is not KIND:DIR with a kind that is known", spelled);
  const char *names[sizeof corpora / sizeof *corpora], *kind = arena_strndup(&ctx->mem, spelled, n);
  for (size_t i = 0; i < sizeof corpora / sizeof *corpora; i++)
    names[i] = corpora[i].name;
  const char *near = diag_nearest(kind, names, sizeof corpora / sizeof *corpora);
  if (near)
    diag_help(ctx, "did you mean '%s'?", near);
  else
    diag_help(ctx, "kinds: iree:DIR (a checkout, or its tests/e2e), mlir:DIR (any directory of such files)");
  return LOOM_EUSAGE;
}

static loom_status find_files(loom_ctx *ctx, const cli_options *o, const char **out_dir, path_list *out) {
  *out_dir = "";
  if (o->corpus.last)
    LOOM_TRY(open_corpus(ctx, o->corpus.last, out_dir));
  else if (!o->files.n)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'loom test' takes --corpus=KIND:DIR, or MLIR files");
  for (size_t i = 0; i < o->files.n; i++) {   /* with a corpus: files and directories of it */
    const char *path = **out_dir ? file_join(&ctx->mem, *out_dir, o->files.at[i]) : o->files.at[i];
    if (file_is_dir(path)) {
      LOOM_TRY(list_files(ctx, path, 0, out));
    } else {
      if (!file_exists(path))
        LOOM_FAIL(ctx, diag_file_span(ctx, path), LOOM_EIO, "there is no such file");
      vec_push(&ctx->mem, out, path);
    }
  }
  if (!o->files.n)
    LOOM_TRY(list_files(ctx, *out_dir, 0, out));
  if (!out->n)
    LOOM_FAIL(ctx, diag_file_span(ctx, *out_dir), LOOM_EIO, "there are no .mlir files");
  return LOOM_OK;
}

/* ---- one file ---- */

static test_verdict verdict_named(const char *word) {
  test_verdict v = TEST_FAIL;
  for (int k = 0; k < TEST_VERDICTS; k++)
    if (text_eq(word, test_verdict_word((test_verdict)k)))
      v = (test_verdict)k;
  return v;
}

/* The lines of a child: {"name", "line"} begins a case, the same with a verdict ends it.  *io_open is the case that has not ended. */
static loom_status read_answer(loom_ctx *ctx, const char *file, char *line, test_cases *out, test_case *io_open, bool *io_is_open) {
  data_value *v;
  test_case c = {.file = file};
  LOOM_TRY(data_read_json(ctx, file, line, strlen(line), &v));
  LOOM_TRY(data_need_string(ctx, v, "name", &c.name));
  LOOM_TRY(data_need_int(ctx, v, "line", 0, INT32_MAX, &c.line));
  *io_is_open = !data_get(v, "verdict");
  if (*io_is_open) {
    *io_open = c;
    return LOOM_OK;
  }
  const char *word;
  LOOM_TRY(data_need_string(ctx, v, "verdict", &word));
  LOOM_TRY(data_need_string(ctx, v, "reason", &c.reason));
  LOOM_TRY(data_need_int(ctx, v, "checks", 0, INT64_MAX, &c.checks));
  LOOM_TRY(data_need_real(ctx, v, "ms", 0, 1e300, &c.ms));
  c.verdict = verdict_named(word);
  vec_push(&ctx->mem, out, c);
  return LOOM_OK;
}

static const char *place_of(loom_ctx *ctx, pid_t pid) {
  run_place p;
  return run_stage_find(pid, &p) && *p.stage ? arena_printf(&ctx->mem, " in stage '%s'", p.stage) : "";
}

static const char *end_of(loom_ctx *ctx, pid_t pid, int wait_status, unsigned timeout) {
  if (WIFEXITED(wait_status))
    return WEXITSTATUS(wait_status) ? arena_printf(&ctx->mem, "its process ended with code %d", WEXITSTATUS(wait_status)) : NULL;
  if (WTERMSIG(wait_status) == SIGALRM)
    return arena_printf(&ctx->mem, "not done after %u s%s", timeout, place_of(ctx, pid));
  return arena_printf(&ctx->mem, "its process died%s: %s", place_of(ctx, pid), strsignal(WTERMSIG(wait_status)));
}

/* What a child says, until it is gone. */
static char *read_all(loom_ctx *ctx, int fd) {
  text t = text_new(&ctx->mem);
  char part[4096];
  ssize_t n;
  while (t.size < ANSWER_BYTES_MAX && ((n = read(fd, part, sizeof part)) > 0 || (n < 0 && errno == EINTR)))
    text_add_bytes(&t, part, n > 0 ? (size_t)n : 0);
  return t.size ? t.data : arena_strdup(&ctx->mem, "");
}

/* IREE builds its tests with flags: does every suite of the file's CMakeLists.txt that has the file keep the order of sums? */
static bool iree_keeps_order(loom_ctx *ctx, const char *path) {
  static const char flag[] = "--iree-llvmcpu-reassociate-fp-reductions=false";
  const char *list = file_join(&ctx->mem, file_dirname(&ctx->mem, path), "CMakeLists.txt"), *name = arena_printf(&ctx->mem, "\"%s\"", file_basename(&ctx->mem, path));
  char *suites;
  size_t size;
  bool any = false, all = true;
  diag_mark mark = diag_save(ctx);
  if (!file_exists(list) || file_read(ctx, list, 1 << 20, &suites, &size) != LOOM_OK) {
    diag_drop(ctx, mark);
    return false;
  }
  for (const char *at = strstr(suites, name); at; at = strstr(at + 1, name)) {
    const char *end = strstr(at, "\n)"), *has = strstr(at, flag);
    any = true;
    all = all && has && (!end || has < end);
  }
  return any && all;
}

static loom_status run_file(loom_ctx *ctx, const char *path, const char *shown, bool ordered_sums, unsigned timeout, test_cases *out) {
  int ends[2], wait_status = 0;
  test_case open = {.file = shown, .name = ""};
  bool is_open = false;
  size_t before = out->n;
  fflush(stdout);
  if (pipe(ends) != 0)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "no pipe to a process: %s", strerror(errno));
  const pid_t parent = getpid(), pid = fork();
  if (pid == 0) {
    close(ends[0]);
    run_child_end_with(parent);
    alarm(timeout);
    worker_test_child(path, ordered_sums, ends[1]);
  }
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "no process for a test: %s", strerror(errno));
  }
  char *answer = read_all(ctx, ends[0]);
  close(ends[0]);
  (void)process_wait(pid, &wait_status);
  loom_status st = LOOM_OK;
  for (char *next; st == LOOM_OK && (next = strchr(answer, '\n')) != NULL; answer = next + 1) {   /* a line that was not finished is none */
    *next = '\0';
    st = read_answer(ctx, shown, answer, out, &open, &is_open);
  }
  open.reason = end_of(ctx, pid, wait_status, timeout);
  open.verdict = TEST_FAIL;
  if (st == LOOM_OK && (open.reason || is_open)) {
    vec_push(&ctx->mem, out, open);
  } else if (st == LOOM_OK && out->n == before) {
    open.verdict = TEST_SKIP;
    open.reason = "no function of it is a test";
    vec_push(&ctx->mem, out, open);
  }
  return st;
}

loom_status worker_test(loom_ctx *ctx, const cli_options *o) {
  const char *dir;
  path_list files = {0};
  test_cases all = {0};
  double timeout = 0;
  LOOM_TRY(find_files(ctx, o, &dir, &files));
  LOOM_TRY(cli_timeout(ctx, o, &timeout));
  unsigned seconds = timeout > 0 ? (unsigned)(timeout < 1 ? 1 : timeout) : TIMEOUT_S;
  size_t skip = strlen(dir);
  int64_t failed = 0;
  for (size_t i = 0; i < files.n; i++) {
    const char *shown = files.at[i] + (skip && strncmp(files.at[i], dir, skip) == 0 ? skip : 0);
    size_t first = all.n;
    progress_tell("files", (int64_t)i, (int64_t)files.n);
    bool ordered = o->ordered_sums || (o->corpus.last && text_starts(o->corpus.last, "iree:") && iree_keeps_order(ctx, files.at[i]));
    LOOM_TRY(run_file(ctx, files.at[i], shown + (skip && *shown == '/'), ordered, seconds, &all));
    if (!o->json)
      cli_progress_clear();
    for (size_t k = first; k < all.n; k++) {
      failed += all.at[k].verdict == TEST_FAIL;
      if (!o->json)
        test_print_case(&all.at[k]);
    }
  }
  progress_over("files");
  const char *corpus = o->corpus.last ? arena_strndup(&ctx->mem, o->corpus.last, strcspn(o->corpus.last, ":")) : "files";
  if (o->junit.last) {
    const char *xml = test_junit(&ctx->mem, corpus, &all);
    LOOM_TRY(file_write(ctx, o->junit.last, xml, strlen(xml)));
  }
  if (o->json)
    printf("%s\n", data_write_json(&ctx->mem, test_data(&ctx->mem, corpus, &all), 1));
  else
    test_print_counts(&all);
  if (failed)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "%" PRId64 " case%s failed", failed, failed == 1 ? "" : "s");
  return LOOM_OK;
}
