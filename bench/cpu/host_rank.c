/* Does the model of machine `host` order block sizes as the CPU does?  Points are drawn from the block sizes that fit, with a fixed seed; each is predicted, compiled
 * and measured.  Printed: Spearman's rank correlation, and how far the solver's choice is from the best point.
 *
 *   host_rank [--row TEXT] [--points N] [--seed N] [-v]       (from the repository's directory; rows of bench/cpu/rows.def) */
#include "../rank.h"
#include "base/clock.h"
#include "base/rng.h"
#include "compile_bench.h"
#include "row_options.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS_MAX = 1000, SYMBOLS_MAX = 16, CALLS = 5, TRIES = 50 };

static const peer_row rows[] = {
#define ROW(name, op, file, function, type, shapes, argument, b, m, n, k) {name, PEER_##op, file, function, type, shapes, argument, b, m, n, k},
#include "rows.def"
#undef ROW
};

typedef struct rank_flags { const char *row; int points; uint64_t seed; bool verbose; } rank_flags;
typedef struct space { arena *mem; int n; const char *symbol[SYMBOLS_MAX]; int64_t extent[SYMBOLS_MAX], chosen[SYMBOLS_MAX], align; } space;

static void tell(const loom_ctx *ctx) {
  for (const diag_item *d = ctx->diag.first; d; d = d->next)
    fprintf(stderr, "  %s\n", d->text);
}

/* The block sizes of a plan, predicted; `domains` NULL: the solver's choice, written to `out`. */
static loom_status predict(const peer_row *r, const solve_domain *domains, int n, space *out, double *cycles) {
  loom_ctx ctx;
  compile_options o;
  compile_state s = {0};
  loom_ctx_init(&ctx);
  loom_status st = row_options(&ctx, r, &o);
  o.search_host = true;
  o.stop_after = COMPILE_PLAN;
  o.domains = domains;
  o.n_domains = (size_t)n;
  if (st == LOOM_OK)
    st = compile_kernel(&ctx, &o, &s);
  if (st == LOOM_OK) {
    *cycles = (double)s.plan->predicted_cycles;
    out->align = s.machine->tile_align;
    for (size_t i = 0; !domains && i < s.plan->blocks.n && out->n < SYMBOLS_MAX; i++) {
      int64_t extent = 1;
      for (size_t k = 0; k < s.nest->symbols.n; k++)
        if (strcmp(s.nest->symbols.at[k].name, s.plan->blocks.at[i].symbol) == 0 && sym_eval(&ctx, s.nest->symbols.at[k].upper_bound, NULL, 0, &extent) != LOOM_OK)
          extent = s.plan->blocks.at[i].size;
      out->symbol[out->n] = arena_strdup(out->mem, s.plan->blocks.at[i].symbol);
      out->chosen[out->n] = s.plan->blocks.at[i].size;
      out->extent[out->n++] = extent;
    }
  } else if (!domains) {
    tell(&ctx);
  }
  compile_done(&s);
  loom_ctx_done(&ctx);
  return st;
}

/* The least of a few calls, in milliseconds. */
static loom_status measure(const peer_row *r, const solve_domain *domains, int n, double *out) {
  loom_ctx ctx;
  compile_options o;
  compile_state s = {0};
  bench_callee c = {0};
  bench_result b;
  const bench_options none = {0};
  loom_ctx_init(&ctx);
  loom_status st = row_options(&ctx, r, &o);
  o.domains = domains;
  o.n_domains = (size_t)n;
  if (st == LOOM_OK)
    st = compile_bench_open(&ctx, &o, &none, &s, &c, &b);
  *out = INFINITY;
  for (int i = 0; st == LOOM_OK && i < CALLS; i++) {
    const double before = clock_process_seconds();
    compile_make_call(&c.call);
    *out = fmin(*out, (clock_process_seconds() - before) * 1e3);
  }
  if (st != LOOM_OK)
    tell(&ctx);
  compile_bench_close(&c);
  compile_done(&s);
  loom_ctx_done(&ctx);
  return st;
}

/* Sizes whose logarithms are equally likely: whole vectors, or all of a loop. */
static void draw(rng *g, const space *x, solve_domain *out) {
  for (int i = 0; i < x->n; i++) {
    const double least = log((double)x->align), most = log((double)(x->extent[i] > x->align ? x->extent[i] : x->align));
    int64_t size = (int64_t)exp(least + rng_uniform(g) * (most - least) + 0.5 * log(2)) / x->align * x->align;
    size = size < x->align ? x->align : size;
    out[i] = (solve_domain){.symbol = x->symbol[i], .assigned = size > x->extent[i] ? x->extent[i] : size};
  }
}

static void print_point(const space *x, const solve_domain *d, const rank_sample *s) {
  for (int i = 0; i < x->n; i++)
    printf(" %s=%" PRId64, x->symbol[i], d[i].assigned);
  printf(": predicted %.0f cycles, measured %.4g ms\n", s->predicted, s->measured);
  fflush(stdout);
}

static bool rank_row(const rank_flags *f, const peer_row *r, arena *mem) {
  static rank_sample s[POINTS_MAX];
  space x = {.mem = mem};
  rank_sample chosen;
  rng g = rng_new(f->seed);
  solve_domain d[SYMBOLS_MAX] = {0};
  int n = 0;
  if (predict(r, NULL, 0, &x, &chosen.predicted) != LOOM_OK)
    return false;
  for (int i = 0; i < x.n; i++)
    d[i] = (solve_domain){.symbol = x.symbol[i], .assigned = x.chosen[i]};
  if (measure(r, d, x.n, &chosen.measured) != LOOM_OK)
    return false;
  printf("%s: the solver's choice", r->name);
  print_point(&x, d, &chosen);
  double best = chosen.measured;
  for (int tries = 0; n < f->points && tries < f->points * TRIES; tries++) {
    draw(&g, &x, d);
    if (predict(r, d, x.n, &x, &s[n].predicted) != LOOM_OK || measure(r, d, x.n, &s[n].measured) != LOOM_OK)
      continue;      /* does not fit */
    best = fmin(best, s[n].measured);
    if (f->verbose)
      print_point(&x, d, &s[n]);
    n++;
  }
  printf("%s: %d points, rank correlation %.3f, the choice is %.1f %% slower than the best\n", r->name, n, rank_correlation(s, n), 100 * (chosen.measured / best - 1));
  fflush(stdout);
  return true;
}

int main(int argc, char **argv) {
  static const char *const dirs[] = {"machines"};
  rank_flags f = {.points = 40, .seed = 1};
  bool ok = true;
  for (int i = 1; i < argc; i++) {
    const bool more = i + 1 < argc;
    if (strcmp(argv[i], "-v") == 0)
      f.verbose = true;
    else if (more && strcmp(argv[i], "--row") == 0)
      f.row = argv[++i];
    else if (more && strcmp(argv[i], "--points") == 0)
      f.points = (int)strtol(argv[++i], NULL, 10);
    else if (more && strcmp(argv[i], "--seed") == 0)
      f.seed = strtoull(argv[++i], NULL, 10);
    else
      return fprintf(stderr, "usage: host_rank [--row TEXT] [--points N] [--seed N] [-v]\n"), 2;
  }
  cpu_set_t one;      /* a machine of one core, as what is measured is one thread */
  CPU_ZERO(&one);
  CPU_SET((size_t)sched_getcpu(), &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0)
    fprintf(stderr, "this process cannot be kept on one processor\n");
  f.points = f.points > POINTS_MAX ? POINTS_MAX : f.points;
  machine_set_path(dirs, 1);
  loom_ctx names;
  loom_ctx_init(&names);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (f.row ? strstr(rows[i].name, f.row) != NULL : strcmp(rows[i].name, "matmul f32 1024") == 0 || strcmp(rows[i].name, "attention f32 32x1024x64") == 0)
      ok &= rank_row(&f, &rows[i], &names.mem);
  loom_ctx_done(&names);
  return !ok;
}
