/* ir_words SEED N SEED-FILE..: MLIR text edited word by word (fuzz_edit.h), then read and taken through passes as `loom opt` does, each case in a copy of this
 * process.  A seed file begins with `// passes: ` and the bare flags of passes with tabs between (tests/tools/ir-seeds writes them).  Findings are deaths by a
 * signal, cases of more than 20 s, internal errors, failures without a diagnostic; each is told once by its words, its text is written to $LOOM_FUZZ_OUT/case-K.mlir.
 * `ir_words 0 0 FILE..` runs the files as they are.  Prints `N cases, M through their passes, F findings`; exit code 1 if there is one. */
#include "fuzz_edit.h"
#include "base/file.h"
#include "base/sanitize.h"
#include "compile.h"
#include "pass/pass.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 20, FINDINGS_MAX = 500, SAID_MAX = 300, DONE = 0, REFUSED = 1, BROKEN = 2 };

typedef struct seed { const char *path, *text, *passes; pass_flags flags; pieces words; } seed;
typedef VEC_OF(seed) seed_list;
typedef struct job { ir_ctx *ir; const seed *s; const pass_flags *flags; const char *text; size_t size; } job;

static bool has(const job *j, const char *word) { return memmem(j->text, j->size, word, strlen(word)) != NULL; }

/* As worker_opt.c; the context has what all texts need. */
static loom_status run_passes(loom_ctx *ctx, void *data) {
  const job *j = data;
  ir_ctx *ir = j->ir;
  MlirModule m = {NULL};
  const pass_run_options o = {.verify_each = true};
  pass_flags flags;
  bool is_idle, is_board = has(j, "ttkernel."), has_transfers = has(j, "togsim.") || has(j, "torchsim."), has_vcix = has(j, "vcix.");
  LOOM_TRY(pass_expand_groups(ctx, j->flags->at, j->flags->n, j->text, j->size, &flags, &is_idle));
  if (is_idle)
    return LOOM_OK;
  if (is_board)
    LOOM_TRY(dialect_load_ttkernel(ir));
  if (has_vcix)
    LOOM_TRY(dialect_load_vcix(ir));
  if (has_transfers)
    LOOM_TRY(dialect_load_togsim(ir, has(j, "offset_stride")));
  LOOM_TRY(compile_parse_mlir(ir, j->s->path, j->text, j->size, &m));
  if (is_board || has_transfers || has_vcix)
    LOOM_TRY(dialect_verify(ir, m));
  const char *pipeline = flags.n && text_starts(flags.at[0], "builtin.module") ? flags.at[0] : pass_flags_pipeline(&ctx->mem, flags.at, flags.n);
  if (flags.n)
    LOOM_TRY(pass_run_pipeline(ir, m, pipeline, &o));
  ir_print(&ctx->mem, mlirModuleGetOperation(m), false);
  ir_close_module(m);
  return LOOM_OK;
}

/* In the copy: DONE, REFUSED, or BROKEN with what is wrong in `said`. */
static int run_case(loom_ctx *ctx, job *j, char *said) {
  const struct rlimit memory = {(rlim_t)2 << 30, (rlim_t)2 << 30}, core = {0, 0};
  setrlimit(RLIMIT_CORE, &core);
  if (!LOOM_ASAN)      /* whose shadow is larger */
    setrlimit(RLIMIT_DATA, &memory);
  alarm(SECONDS);
  loom_status st = loom_ctx_run(ctx, run_passes, j);
  if (st == LOOM_OK)
    return DONE;
  const diag_item *worst = NULL;
  for (const diag_item *d = ctx->diag.first; d; d = d->next)
    if (d->severity == DIAG_ERROR && (!worst || d->status == LOOM_EBUG))
      worst = d;
  if (worst && st != LOOM_EBUG && worst->status != LOOM_EBUG)
    return REFUSED;
  snprintf(said, SAID_MAX, "%s: %s", loom_status_text(st), worst ? worst->text : "no diagnostic");
  return BROKEN;
}

static loom_status read_seed(loom_ctx *ctx, const char *path, seed *out) {
  static const char mark[] = "// passes:";
  char *bytes;
  size_t size;
  LOOM_TRY(file_read(ctx, path, 1 << 20, &bytes, &size));
  const char *line_end = memchr(bytes, '\n', size);
  if (!line_end || !text_starts(bytes, mark))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EINPUT, "%s: the first line is not '%s ..'", path, mark);
  *out = (seed){.path = path, .text = line_end + 1, .passes = arena_strndup(&ctx->mem, bytes, (size_t)(line_end - bytes))};
  for (const char *at = bytes + sizeof mark - 1; *at == '\t';) {
    const size_t n = strcspn(at + 1, "\t\n");
    vec_push(&ctx->mem, &out->flags, arena_strndup(&ctx->mem, at + 1, n));
    at += n + 1;
  }
  fuzz_split(&ctx->mem, out->text, strlen(out->text), &out->words);
  return LOOM_OK;
}

/* What a finding is told by: its words without the numbers and names that an edit may have changed. */
static bool is_new(const char *said) {
  static char known[FINDINGS_MAX][SAID_MAX];
  static int n;
  char form[SAID_MAX] = "";
  size_t k = 0;
  for (const char *s = said; *s && k + 1 < SAID_MAX; s++)
    if (*s < '0' || *s > '9')
      form[k++] = *s;
  for (int i = 0; i < n; i++)
    if (strcmp(known[i], form) == 0)
      return false;
  if (n < FINDINGS_MAX)
    memcpy(known[n++], form, sizeof form);
  return true;
}

static bool take(loom_ctx *ctx, job *j, long k, char *said, bool *passed) {
  *said = 0;
  pid_t pid = fork();
  if (pid == 0)
    _exit(run_case(ctx, j, said));
  int status = 0;
  while (pid > 0 && waitpid(pid, &status, 0) < 0)
    ;
  *passed = pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == DONE;
  if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) < BROKEN)
    return true;
  char what[SAID_MAX + 400];
  const char *first = j->flags->n ? j->flags->at[0] : "no pass";
  if (WIFSIGNALED(status))
    snprintf(what, sizeof what, "%s: %s", first, WTERMSIG(status) == SIGALRM ? "it takes too long" : strsignal(WTERMSIG(status)));
  else
    snprintf(what, sizeof what, "%s: %s", first, *said ? said : "it ended the process");
  if (!is_new(what))
    return false;
  const char *dir = getenv("LOOM_FUZZ_OUT");
  fprintf(stderr, "case %ld of %s: %s\n", k, j->s->path, what);
  if (dir) {
    text t = text_new(&ctx->mem);
    text_add(&t, "// passes:");
    for (size_t i = 0; i < j->flags->n; i++)
      text_addf(&t, "\t%s", j->flags->at[i]);
    text_add(&t, "\n");
    text_add_bytes(&t, j->text, j->size);
    if (file_write(ctx, arena_printf(&ctx->mem, "%s/case-%ld.mlir", dir, k), text_str(&t), t.size) != LOOM_OK)
      fprintf(stderr, "ir_words: the case could not be written below %s\n", dir);
  }
  return false;
}

/* Each list of passes as likely as the others, however many texts there are for it. */
static const seed *draw(rng *r, const seed_list *seeds) {
  const seed *drawn = seeds->at;
  size_t n_lists = 0, n_texts = 0, list;
  for (size_t i = 0; i < seeds->n; i++)
    n_lists += i == 0 || strcmp(seeds->at[i].passes, seeds->at[i - 1].passes) != 0;
  list = (size_t)(rng_next(r) % n_lists);
  for (size_t i = 0, k = 0; i < seeds->n; i++) {
    k += i > 0 && strcmp(seeds->at[i].passes, seeds->at[i - 1].passes) != 0;
    if (k == list && rng_next(r) % ++n_texts == 0)
      drawn = &seeds->at[i];
  }
  return drawn;
}

static int by_passes(const void *a, const void *b) {
  const seed *x = a, *y = b;
  int order = strcmp(x->passes, y->passes);
  return order ? order : strcmp(x->path, y->path);
}

int main(int argc, char **argv) {
  loom_ctx ctx;
  ir_ctx ir;
  seed_list seeds = {0};
  pieces all = {0};
  long good = 0, findings = 0;
  if (argc < 4)
    return fprintf(stderr, "usage: ir_words SEED N SEED-FILE..\n"), 2;
  rng r = rng_new(strtoull(argv[1], NULL, 10));
  long n = strtol(argv[2], NULL, 10);
  loom_ctx_init(&ctx);
  if (ir_open(&ctx, &ir) != LOOM_OK || dialect_load(&ir) != LOOM_OK || dialect_load_helion(&ir) != LOOM_OK)
    return fprintf(stderr, "ir_words: no dialects\n"), 2;
  ir.blame = LOOM_EINPUT;
  ir.reads = MLIR_READS_STAGES;
  for (int i = 3; i < argc; i++) {
    seed s;
    if (read_seed(&ctx, argv[i], &s) != LOOM_OK)
      return fprintf(stderr, "ir_words: cannot read %s\n", argv[i]), 2;
    fuzz_split(&ctx.mem, s.text, strlen(s.text), &all);
    vec_push(&ctx.mem, &seeds, s);
  }
  qsort(seeds.at, seeds.n, sizeof *seeds.at, by_passes);
  char *said = mmap(NULL, SAID_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (said == MAP_FAILED)
    return 2;
  const long cases = n ? n : (long)seeds.n;
  for (long k = 0; k < cases; k++) {
    arena_mark mark = arena_save(&ctx.mem);
    job j = {.ir = &ir, .s = n ? draw(&r, &seeds) : &seeds.at[k]};
    j.flags = n && rng_next(&r) % 4 == 0 ? &draw(&r, &seeds)->flags : &j.s->flags;      /* what a pass was not made for */
    j.text = n ? fuzz_edit(&ctx.mem, &r, &j.s->words, &all, &j.size) : j.s->text;
    j.size = n ? j.size : strlen(j.text);
    bool passed;
    findings += !take(&ctx, &j, k, said, &passed);
    good += passed;
    arena_release(&ctx.mem, mark);
  }
  printf("%ld cases, %ld through their passes, %ld findings\n", cases, good, findings);
  ir_close(&ir);
  loom_ctx_done(&ctx);
  return findings > 0;
}
