/* What a command may reach: read what its options name and what the system and Loom have installed, write what its options name, and nothing else. */
#include "base/data.h"
#include "base/file.h"
#include "base/temporary.h"
#include "cli/cli.h"
#include "machine/machine_template.h"
#include "run/run_cache.h"
#include "run/run_sandbox.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct maker { loom_ctx *ctx; const cli_options *o; bool makes; cli_sandbox *out; run_sandbox *p; } maker;

/* ---- reading ---- */

static void add_read(maker *k, const char *path) {
  if (path && *path)
    vec_push(&k->ctx->mem, &k->p->reads, path);
}

/* "FILE", "NAME=FILE", "KIND:DIR", "KEY=FILE.so:SYMBOL", "@FILE", lists of such: whichever of them are there. */
static void add_named(maker *k, const char *said) {
  arena *m = &k->ctx->mem;
  add_read(k, said);
  for (const char *p = said; *p; p++) {
    const bool begins = p == said || strchr("=:,@", p[-1]);
    const size_t n = strcspn(p, ","), to_colon = strcspn(p, ":,");
    if (!begins)
      continue;
    add_read(k, arena_strndup(m, p, n));
    if (to_colon < n)
      add_read(k, arena_strndup(m, p, to_colon));
  }
}

/* Chips are described in several files that name each other. */
static void add_machine(maker *k, const char *path) {
  if (path && strpbrk(path, "/."))
    add_read(k, file_is_dir(path) ? path : file_dirname(&k->ctx->mem, path));
}

static data_value *read_json(loom_ctx *ctx, const char *path) {
  enum { BYTES_MAX = 1 << 24 };
  const diag_mark before = diag_save(ctx);
  data_value *v = NULL;
  if (data_read_json_file(ctx, path, BYTES_MAX, &v) != LOOM_OK)
    v = NULL;
  diag_drop(ctx, before);      /* the command says what is wrong with it */
  return v;
}

/* A plan on standard input names its kernel too: what comes is kept in memory, to be looked at here and read again.  No reader takes more. */
static const data_value *read_stdin(loom_ctx *ctx) {
  enum { BYTES_MAX = (64 << 20) + 1 };
  const diag_mark before = diag_save(ctx);
  char *bytes;
  size_t size;
  const loom_status st = file_read(ctx, "-", BYTES_MAX, &bytes, &size);
  const int kept = st == LOOM_OK || st == LOOM_ELIMIT ? memfd_create("stdin", MFD_CLOEXEC) : -1;
  diag_drop(ctx, before);
  if (kept < 0)
    return NULL;
  const bool is_kept = file_write_all(kept, bytes, size) && dup2(kept, STDIN_FILENO) == STDIN_FILENO;
  close(kept);
  return is_kept ? read_json(ctx, "-") : NULL;
}

static void add_system(maker *k) {
  static const char *const places[] = {"/usr", "/lib", "/lib64", "/etc", "/opt", "/proc", "/sys", "/dev", LOOM_DATADIR, LOOM_LIBEXECDIR};
  static const char *const beside[] = {".", "../machines", "../share/loom", "../../share/loom", "../tests/tt_emulator", "../providers", "../libexec/loom"};
  arena *m = &k->ctx->mem;
  for (size_t i = 0; i < sizeof places / sizeof *places; i++)
    add_read(k, places[i]);
  for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
    add_read(k, file_join(m, cli_self_dir(m), beside[i]));
  add_read(k, machine_calibrated_path(m));
  for (char **e = environ; *e; e++)
    if (text_starts(*e, "LOOM_") && strchr(*e, '='))
      add_named(k, strchr(*e, '=') + 1);
}

static void add_reads(maker *k) {
  const cli_options *o = k->o;
  add_system(k);
  for (size_t i = 0; i < o->files.n; i++) {
    const char *path = o->files.at[i];
    add_read(k, path);
    if (file_is_dir(path))      /* what an artifact was compiled from: messages show its lines */
      add_read(k, data_get_string(read_json(k->ctx, file_join(&k->ctx->mem, path, "kernel.json")), "path", NULL));
    else if (text_eq(path, "-"))      /* a plan names its kernel */
      add_read(k, data_get_string(read_stdin(k->ctx), "kernel_path", NULL));
    else if (text_ends(path, ".json"))
      add_read(k, data_get_string(read_json(k->ctx, path), "kernel_path", NULL));
    if (o->corpus.last && strchr(o->corpus.last, ':'))
      add_read(k, file_join(&k->ctx->mem, strchr(o->corpus.last, ':') + 1, path));
  }
#define X(f, option, argument, c, h)           \
  for (size_t i = 0; i < o->f.all.n; i++)      \
    add_named(k, o->f.all.at[i]);
  CLI_OPTION_LIST(X)
#undef X
  add_machine(k, o->machine.last);
  if (!o->config.last)
    return;
  const data_value *config = read_json(k->ctx, o->config.last);
  add_machine(k, data_get_string(config, "hw_spec", NULL));
  add_machine(k, data_get_string(config, "df_mlir", NULL));
  add_machine(k, data_get_string(config, "hw_compute_dir", NULL));
}

/* ---- writing ---- */

/* What is not there of it is made, to be taken away again if nothing comes in. */
static void add_dir(maker *k, const char *dir, mode_t mode) {
  arena *m = &k->ctx->mem;
  char *part = arena_strdup(m, dir);
  for (char *p = part; k->makes && *p;) {
    p += strspn(p, "/");
    p += strcspn(p, "/");
    const char kept = *p;
    *p = 0;
    if (mkdir(part, kept ? 0777 : mode) == 0)
      vec_push(m, &k->out->made, arena_strdup(m, part));
    *p = kept;
  }
  if (file_is_dir(dir))
    vec_push(m, &k->p->writes, dir);
}

/* A file is written under another name and renamed, so its directory must be writable; a device is written itself. */
static void add_file(maker *k, const char *path) {
  struct stat st;
  if (!path || !*path)
    return;
  const bool is_itself = stat(path, &st) == 0 && !S_ISREG(st.st_mode);
  vec_push(&k->ctx->mem, &k->p->writes, is_itself ? path : file_dirname(&k->ctx->mem, path));
}

static bool emits(const cli_options *o, const char *what) { return text_eq(o->emit.last, what); }

/* Forms that are printed before anything is written. */
static bool is_printed(const cli_options *o) {
  enum { EARLY, LATE, CODE, FILES };
  static const struct { const char *name; int when; } forms[] = {
#define X(name, when, stage, text) {name, when},
#include "cli/cli_emit.def"
#undef X
  };
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if (forms[i].when == EARLY && emits(o, forms[i].name))
      return true;
  return false;
}

/* DIR of the pipeline; FILE or DIR of code for other programs. */
static void add_output(maker *k) {
  const cli_options *o = k->o;
  const bool is_code = emits(o, "obj") || emits(o, "so"), is_file = emits(o, "llvm") || (is_code && o->output_dir.last && (text_ends(o->output_dir.last, ".o") || text_ends(o->output_dir.last, ".so")));
  const char *dir = o->output_dir.last;
  if (o->config.last && !dir)
    dir = data_get_string(read_json(k->ctx, o->config.last), "output_path", NULL);
  if ((o->letter != 'c' && o->letter != 'r') || is_printed(o))
    return;
  if (is_file && dir)
    add_file(k, dir);
  else if (dir && *dir)
    add_dir(k, dir, 0777);
  else if (o->letter == 'c')
    add_dir(k, is_code ? "." : "loom-out", 0777);
}

/* Passes that read or write files name them among their options: "loom-npu-to-riscv{asm=FILE object=FILE}", "transform-preload-library{transform-library-paths=FILE,FILE}". */
static void add_pass_files(maker *k, const char *pipeline) {
  static const struct { const char *key; bool is_read; } files[] = {{"asm=", false}, {"object=", false}, {"file=", false}, {"json=", false}, {"onnx=", false}, {"transform-library-paths=", true}};
  for (const char *p = pipeline; p && *p; p++)
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
      if (p != pipeline && strchr("{ ", p[-1]) && text_starts(p, files[i].key)) {
        const char *named = p + strlen(files[i].key);
        named = arena_strndup(&k->ctx->mem, named, strcspn(named, " }"));
        files[i].is_read ? add_named(k, named) : add_file(k, named);
      }
}

static void add_writes(maker *k) {
  const cli_options *o = k->o;
  run_cache cache;
  add_output(k);
  add_pass_files(k, o->pass_pipeline.last);
  for (size_t i = 0; i < o->passes.n; i++)
    add_pass_files(k, o->passes.at[i]);
  if (o->dump_dir.last && *o->dump_dir.last)
    add_dir(k, o->dump_dir.last, 0777);
  if (o->letter == 'p' && !o->out.last && o->files.n && file_is_dir(o->files.at[0]))      /* report.html */
    add_dir(k, o->files.at[0], 0777);
  if (strchr("crbmp", o->letter) && !o->no_cache && run_cache_find(&k->ctx->mem, o->cache_dir.last, &cache))
    add_dir(k, cache.dir, 0700);
  const char *const files[] = {o->tuning_db.last, o->trace.last, o->etg.last, o->junit.last, o->out.last};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++)
    add_file(k, files[i]);
  for (size_t i = 0; i < o->output.all.n; i++) {
    const char *eq = strchr(o->output.all.at[i], '=');
    add_file(k, eq ? eq + 1 : o->output.all.at[i]);
  }
  const char *profile = getenv("LLVM_PROFILE_FILE");      /* of a build that measures its coverage */
  add_file(k, profile);
  vec_push(&k->ctx->mem, &k->p->writes, "/dev/null");
}

/* ---- other programs: a linker, or the compiler that builds a board's emulation ---- */

static void add_programs(maker *k) {
  arena *m = &k->ctx->mem;
  if (!emits(k->o, "so") && !text_eq(k->o->engine.last, "tt-emu"))
    return;
  k->p->calls = RUN_CALLS_BUILD;
  if (text_eq(k->o->engine.last, "tt-emu") && k->p->limits.memory == run_limits_default().memory)
    k->p->limits.memory = 0;      /* the emulation maps all of a chip's DRAM, of which it touches little */
  static const char *const places[] = {"/usr", "/bin", "/lib", "/lib64", "/opt"}, *const variables[] = {"CXX", "LOOM_LINKER"};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++)
    vec_push(m, &k->p->programs, places[i]);
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
    if (getenv(variables[i]))
      vec_push(m, &k->p->programs, arena_strndup(m, getenv(variables[i]), strcspn(getenv(variables[i]), " ")));
  for (const char *p = getenv("PATH"); p && *p; p += *p == ':') {
    vec_push(m, &k->p->programs, arena_strndup(m, p, strcspn(p, ":")));
    p += strcspn(p, ":");
  }
  const char *dir;
  const diag_mark before = diag_save(k->ctx);
  if (!k->makes || getenv("LOOM_KEEP_TEMPORARY")) {
    dir = temporary_base();
  } else if (temporary_make(k->ctx, &dir) == LOOM_OK) {
    k->out->temporary = dir;
    setenv("TMPDIR", dir, 1);
  } else {
    diag_drop(k->ctx, before);      /* the command meets the same */
    return;
  }
  vec_push(m, &k->p->writes, dir);
  vec_push(m, &k->p->programs, dir);
}

/* ---- all of it ---- */

loom_status cli_sandbox_open(loom_ctx *ctx, const cli_options *o, bool makes, cli_sandbox *out) {
  *out = (cli_sandbox){.policy = ARENA_NEW(&ctx->mem, run_sandbox)};
  maker k = {ctx, o, makes, out, out->policy};
  const char *limits = getenv("LOOM_LIMITS");
  out->policy->calls = RUN_CALLS_COMPILE;
  out->policy->limits = run_limits_default();
  LOOM_TRY(run_sandbox_read_mode(ctx, &out->policy->mode));
  if (limits)
    LOOM_TRY(run_limits_parse(ctx, "LOOM_LIMITS", limits, &out->policy->limits));
  for (size_t i = 0; i < o->limits.all.n; i++)
    LOOM_TRY(run_limits_parse(ctx, "--limits", o->limits.all.at[i], &out->policy->limits));
  if (!makes)
    add_reads(&k);
  add_writes(&k);
  add_programs(&k);
  return LOOM_OK;
}

void cli_sandbox_close(cli_sandbox *s) {
  if (s->temporary)
    temporary_remove(s->temporary);
  for (size_t i = s->made.n; i-- > 0;)
    (void)rmdir(s->made.at[i]);
}
