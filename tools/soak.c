/* soak: random kernels through every engine (docs/soak.md).  Exit code 0: no disagreement; 3: there are some; 70: soak itself failed; 2: usage. */
#include "soak.h"
#include "base/clock.h"
#include "base/data.h"
#include "base/file.h"
#include "base/threads.h"
#include "gen_files.h"
#include "soak_reduce.h"
#include "run/run_jobs.h"
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { EXIT_DISAGREES = 3, EXIT_BUG = 70, EXIT_USAGE = 2, CHUNK = 48 /* kernels of a process between looks at the clock */, WALL_FACTOR = 60, LIST_MAX = 16 };

typedef struct options {
  soak_options soak;
  uint64_t seed, count, stop_at;
  int jobs;
  double minutes;
  const char *out, *json, *kernel;
  bool show, reduces, names_engines;
} options;

static const char usage[] =
    "usage: soak [--seed S] [--count N] [--only S] [--engines LIST] [--plans N] [--machines LIST] [--jobs J] [--stop-at K] [--minutes M] [--out DIR] [--json FILE] [--steps N] [--show]\n"
    "       soak --reduce S [--kernel FILE] ..: the smallest kernel graph that disagrees; soak --kernel FILE [--only S]: a kernel graph (loom.kernel.v1)\n"
    "  engines: exact, host-O0, host, host-O2, planned, aot, chip, tt, npu; machines: names of machines/, chips and NPUs\n";

/* ---- options ---- */
static bool read_engines(const char *list, unsigned *out) {
  *out = 0;
  for (const char *at = list; *at;) {
    const size_t n = strcspn(at, ",");
    int e = 0;
    while (e < SOAK_ENGINES && !(strlen(soak_engine_word((soak_engine)e)) == n && strncmp(at, soak_engine_word((soak_engine)e), n) == 0))
      e++;
    if (e == SOAK_ENGINES)
      return false;
    *out |= 1u << e;
    at += n + (at[n] == ',');
  }
  return true;
}

static loom_status load_machines(loom_ctx *ctx, const char *list, soak_options *o) {
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines", LOOM_SOURCE_DIR "/tests/soak/machines"};
  const machine **chips = ARENA_NEW_N(&ctx->mem, const machine *, LIST_MAX), **npus = ARENA_NEW_N(&ctx->mem, const machine *, LIST_MAX);
  machine *m;
  machine_set_path(dirs, sizeof dirs / sizeof *dirs);
  LOOM_TRY(machine_load(ctx, "host", NULL, &m));
  o->host = m;
  for (const char *at = list; *at;) {
    const size_t n = strcspn(at, ",");
    LOOM_TRY(machine_load(ctx, arena_strndup(&ctx->mem, at, n), NULL, &m));
    if (o->n_npus + o->n_chips == LIST_MAX)
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "more than %d machines", LIST_MAX);
    if (m->npu)
      npus[o->n_npus++] = m;
    else
      chips[o->n_chips++] = m;
    at += n + (at[n] == ',');
  }
  o->chips = chips;
  o->npus = npus;
  return LOOM_OK;
}

static bool read_options(int argc, char **argv, options *o, const char **machines) {
  static const struct option names[] = {{"seed", 1, NULL, 's'}, {"count", 1, NULL, 'n'}, {"only", 1, NULL, '1'}, {"engines", 1, NULL, 'e'}, {"plans", 1, NULL, 'p'},
                                        {"machines", 1, NULL, 'm'}, {"jobs", 1, NULL, 'j'}, {"stop-at", 1, NULL, 'k'}, {"minutes", 1, NULL, 't'}, {"out", 1, NULL, 'o'},
                                        {"json", 1, NULL, 'J'}, {"steps", 1, NULL, 'l'}, {"fault", 1, NULL, 'f'}, {"show", 0, NULL, 'w'}, {"reduce", 1, NULL, 'r'}, {"kernel", 1, NULL, 'g'}, {0}};
  *machines = "wormhole,blackhole,torus4,ring8,single,cube,board,tpuv3,gemmini32,gemmini8";
  *o = (options){.soak = {.engines = (1u << SOAK_ENGINES) - 1, .plans = 4, .steps = GEN_STEPS_MAX, .seconds = 20, .emulator = LOOM_SOURCE_DIR "/tests/tt_emulator"},
                 .seed = 1, .count = 100, .stop_at = UINT64_MAX, .jobs = threads_available(), .minutes = 1e9};
  for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;)
    switch (c) {
    case 's': o->seed = strtoull(optarg, NULL, 10); break;
    case 'n': o->count = strtoull(optarg, NULL, 10); break;
    case '1': o->seed = strtoull(optarg, NULL, 10), o->count = 1, o->soak.of_seed = true; break;
    case 'r': o->seed = strtoull(optarg, NULL, 10), o->count = 1, o->soak.of_seed = o->reduces = true; break;
    case 'g': o->kernel = optarg, o->count = 1; break;
    case 'e':
      if (!read_engines(optarg, &o->soak.engines))
        return false;
      o->names_engines = true;
      break;
    case 'p': o->soak.plans = (int)strtol(optarg, NULL, 10); break;
    case 'm': *machines = optarg; break;
    case 'j': o->jobs = (int)strtol(optarg, NULL, 10); break;
    case 'k': o->stop_at = strtoull(optarg, NULL, 10); break;
    case 't': o->minutes = strtod(optarg, NULL); break;
    case 'o': o->out = optarg; break;
    case 'J': o->json = optarg; break;
    case 'l': o->soak.steps = (int)strtol(optarg, NULL, 10); break;
    case 'f': o->soak.fault = optarg; break;
    case 'w': o->show = true; break;
    default: return false;
    }
  return optind == argc && o->soak.plans > 0 && o->jobs > 0;
}

/* ---- work ---- */
typedef struct work { const options *o; const uint64_t *seed; kernel_graph *graph; /* NULL: that of the seed */ soak_result result; } work;

/* In a process of its own: what is lost with it is one kernel. */
static bool run_one(void *data, int i, const char **bytes, size_t *size) {
  work *w = data;
  const int seconds = w->o->soak.seconds;
  const struct itimerval cpu = {.it_value = {.tv_sec = seconds}};
  setitimer(ITIMER_PROF, &cpu, NULL);
  alarm((unsigned)(seconds * WALL_FACTOR));
  soak_run(&w->o->soak, w->seed[i], w->graph, &w->result);
  *bytes = (const char *)&w->result;
  *size = sizeof w->result;
  return true;
}

static loom_status read_kernel(loom_ctx *ctx, const char *path, kernel_graph **out) {
  enum { BYTES_MAX = 64 << 20 };
  char *json;
  size_t size;
  data_value *v;
  LOOM_TRY(file_read(ctx, path, BYTES_MAX, &json, &size));
  LOOM_TRY(data_read_json(ctx, path, json, size, &v));
  LOOM_TRY(kernel_from_data(ctx, v, out));
  return kernel_verify_input(ctx, *out);
}

static int reduce(const options *o, loom_ctx *ctx) {
  static soak_result result;
  kernel_graph *k = NULL, *smaller;
  loom_status st = LOOM_OK;
  if (o->kernel)
    st = read_kernel(ctx, o->kernel, &k);
  else if (!(k = soak_read(ctx, gen_make(&ctx->mem, o->seed, o->soak.steps))))
    st = LOOM_EUNSUP;
  const int ops = st == LOOM_OK ? soak_reduce(ctx, &o->soak, o->seed, k, &smaller, &result) : -1;
  if (ops < 0) {
    fprintf(stderr, "soak: %s\n", st == LOOM_OK ? "nothing disagrees" : ctx->diag.first ? ctx->diag.first->text : "failed");
    return st == LOOM_OK ? 0 : EXIT_BUG;
  }
  const char *dir = o->out ? o->out : ".", *path = file_join(&ctx->mem, dir, arena_printf(&ctx->mem, "reduced%" PRIu64 ".json", o->seed));
  const char *json = data_write_json(&ctx->mem, kernel_to_data(&ctx->mem, smaller), 1);
  printf("%s%d operations\n%s", kernel_print(&ctx->mem, smaller), ops, result.text);
  if (file_make_dirs(ctx, dir) != LOOM_OK || file_write(ctx, path, json, strlen(json)) != LOOM_OK)
    return EXIT_BUG;
  printf("  again: soak --only %" PRIu64 " --kernel %s --engines %s --plans 8\n", o->seed, path, soak_engine_word(result.where));
  return EXIT_DISAGREES;
}

static void tell(const options *o, const soak_result *r) {
  loom_ctx ctx;
  const char *command;
  fputs(r->text, stdout);
  if (o->out) {
    loom_ctx_init(&ctx);
    const gen_kernel *g = gen_make(&ctx.mem, r->seed, o->soak.steps);
    const char *path = file_join(&ctx.mem, o->out, arena_printf(&ctx.mem, "k%" PRIu64 ".txt", r->seed));
    if (gen_write_files(&ctx, g, o->out, "", &command) != LOOM_OK || file_write(&ctx, path, r->text, strlen(r->text)) != LOOM_OK)
      printf("  the files cannot be written: %s\n", ctx.diag.first ? ctx.diag.first->text : "");
    else
      printf("  %s\n", command);
    loom_ctx_done(&ctx);
  }
  fflush(stdout);
}

static void take(const options *o, soak_total *t, arena *m, uint64_t seed, const run_job *job) {
  soak_result r = {.seed = seed};
  if (job->is_done) {
    memcpy(&r, job->bytes, sizeof r);
  } else {
    const bool slow = job->signal == SIGPROF || job->signal == SIGALRM;
    r.findings = 1;
    t->lost++;
    snprintf(r.text, sizeof r.text, "seed %" PRIu64 ": %s %d\n  again: soak --only %" PRIu64 "\n", seed,
             slow ? "it took too long: signal" : job->signal ? "it died of signal" : "it ended with code", job->signal ? job->signal : job->exit, seed);
  }
  soak_total_add(t, m, &r);
  if (r.findings)
    tell(o, &r);
}

/* Seeds first..first + n: all of them are done or lost afterwards. */
static loom_status run_chunk(const options *o, soak_total *t, arena *m, kernel_graph *graph, uint64_t first, int n) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  uint64_t *seed = ARENA_NEW_N(&ctx.mem, uint64_t, n);
  run_job *jobs = ARENA_NEW_N(&ctx.mem, run_job, n), *done = ARENA_NEW_N(&ctx.mem, run_job, n);
  loom_status st = LOOM_OK;
  int left = n;
  for (int i = 0; i < n; i++)
    seed[i] = first + (uint64_t)i;
  while (left && st == LOOM_OK) {      /* again those that nobody took because their process was gone */
    work *w = ARENA_NEW(&ctx.mem, work);
    *w = (work){.o = o, .seed = seed, .graph = graph};
    st = run_jobs(&ctx, left, o->jobs, run_one, w, jobs);
    int again = 0;
    for (int i = 0; i < left && st == LOOM_OK; i++)
      if (jobs[i].is_done || jobs[i].is_lost)
        done[seed[i] - first] = jobs[i];
      else
        seed[again++] = seed[i];
    left = again;
  }
  for (int i = 0; i < n && st == LOOM_OK; i++)
    take(o, t, m, first + (uint64_t)i, &done[i]);
  if (st != LOOM_OK)
    fprintf(stderr, "soak: %s\n", ctx.diag.first ? ctx.diag.first->text : "failed");
  loom_ctx_done(&ctx);
  return st;
}

static loom_status write_json(const options *o, const soak_total *t, loom_ctx *ctx, double wall_s) {
  const char *s = data_write_json(&ctx->mem, soak_total_data(t, &ctx->mem, &o->soak, o->seed, wall_s), 1);
  return file_write(ctx, o->json, s, strlen(s));
}

/* What is made once in a process is made before there are copies of it. */
static void warm_up(const options *o) {
  static soak_result r;
  options one = *o;
  one.soak.engines &= 1u << SOAK_EXACT | 1u << SOAK_O0;
  soak_run(&one.soak, 0, NULL, &r);
}

static int soak(const options *o, loom_ctx *ctx) {
  soak_total *t = ARENA_NEW(&ctx->mem, soak_total);
  const double begin = clock_ms();
  *t = (soak_total){0};
  kernel_graph *graph = NULL;
  if (o->kernel && read_kernel(ctx, o->kernel, &graph) != LOOM_OK) {
    fprintf(stderr, "soak: %s\n", ctx->diag.first->text);
    return EXIT_BUG;
  }
  if (o->count > 1)
    warm_up(o);
  for (uint64_t done = 0; done < o->count && t->with_findings < (int64_t)(o->stop_at > INT64_MAX ? INT64_MAX : o->stop_at) && clock_ms() - begin < o->minutes * 60e3;) {
    const uint64_t left = o->count - done, chunk = CHUNK * (uint64_t)o->jobs, n = left < chunk ? left : chunk;
    if (run_chunk(o, t, &ctx->mem, graph, o->seed + done, (int)n) != LOOM_OK)
      return EXIT_BUG;
    done += n;
    if (isatty(STDERR_FILENO))
      fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " kernels, %" PRId64 " with disagreements%s", done, o->count, t->with_findings, done < o->count ? "" : "\n");
  }
  const double wall_s = (clock_ms() - begin) / 1e3;
  soak_total_print(t, &ctx->mem, wall_s);
  if (o->json && write_json(o, t, ctx, wall_s) != LOOM_OK) {
    fprintf(stderr, "soak: %s\n", ctx->diag.first ? ctx->diag.first->text : "failed");
    return EXIT_BUG;
  }
  return t->with_findings ? EXIT_DISAGREES : 0;
}

static void show(const options *o, loom_ctx *ctx) {
  for (uint64_t i = 0; i < o->count; i++)
    puts(gen_make(&ctx->mem, o->seed + i, o->soak.steps)->source);
}

int main(int argc, char **argv) {
  options o;
  const char *machines;
  if (!read_options(argc, argv, &o, &machines)) {
    fputs(usage, stderr);
    return EXIT_USAGE;
  }
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  int code = EXIT_USAGE;
  if (load_machines(&ctx, machines, &o.soak) != LOOM_OK) {
    fprintf(stderr, "soak: %s\n", ctx.diag.first->text);
  } else {
    if (!run_cache_find(&ctx.mem, SOAK_CACHE_DIR, &o.soak.cache))
      o.soak.emulator = NULL;
    o.soak.often = o.count > 1 ? 0 : o.names_engines ? o.soak.engines : o.soak.engines & ~(1u << SOAK_TT);      /* slow */
    if (o.show)
      show(&o, &ctx);
    code = o.reduces ? reduce(&o, &ctx) : soak(&o, &ctx);
  }
  loom_ctx_done(&ctx);
  return code;
}
