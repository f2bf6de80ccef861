#include "machine/machine_calibrate.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/stats.h"
#include "base/text.h"
#include "machine/machine_measure.h"
#include "machine/machine_private.h"
#include "machine/machine_template.h"
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>

enum { RUNS_MAX = 15, THREADS_MAX = 256, APART_BYTES = 192 /* arrays at equal places of a page would look the same to the store buffer */ };

typedef struct effort { int runs; double seconds; size_t dram_bytes_max; } effort;
static const effort thorough = {11, 0.02, (size_t)1 << 31}, quick = {3, 0.002, (size_t)32 << 20};

/* One measurement: `loop` over arrays of `bytes`, on `threads` threads at once; `work` of it a time. */
typedef struct experiment { measure_loop loop; double work; size_t bytes; int arrays, threads; } experiment;

typedef enum order { WAIT, GO, LEAVE } order;
typedef struct crew { const experiment *x; const effort *e; pthread_barrier_t meet; _Atomic order now; } crew;
typedef struct member { crew *all; float *memory; double rate[RUNS_MAX]; } member;

static double time_of(const experiment *x, const measure_arrays *m, int64_t times) {
  double before = clock_thread_seconds();
  x->loop(m, times);
  return clock_thread_seconds() - before;
}

/* As often as makes a run long enough for the clock. */
static int64_t find_times(const experiment *x, const effort *e, const measure_arrays *m) {
  int64_t times = 1;
  double s = time_of(x, m, 1);
  while (s < e->seconds / 2 && times < INT64_C(1) << 40) {
    times = s > e->seconds / 64 ? (int64_t)((double)times * e->seconds / s) + 1 : times * 8;
    s = time_of(x, m, times);
  }
  return times;
}

/* Time of the thread, not of the wall: what else runs on the machine takes its own. */
static void *work(void *data) {
  member *w = data;
  const experiment *x = w->all->x;
  size_t step = (x->bytes + APART_BYTES) / sizeof(float), n = x->bytes / sizeof(float);
  while (w->all->now == WAIT)
    sched_yield();
  if (w->all->now == LEAVE)
    return NULL;
  measure_arrays m = {w->memory, w->memory + (x->arrays > 1 ? step : 0), w->memory + (x->arrays > 2 ? 2 * step : 0), x->bytes};
  memset(w->memory, 0, step * sizeof(float) * (size_t)x->arrays);      /* by the thread that uses it, so that it is near */
  for (size_t i = 0; i < n && x->arrays > 2; i++)
    m.c[i] = 1;
  int64_t times = find_times(x, w->all->e, &m);
  for (int r = 0; r < w->all->e->runs; r++) {
    pthread_barrier_wait(&w->all->meet);
    double s = time_of(x, &m, times);
    w->rate[r] = s > 0 ? x->work * (double)times / s : 0;
  }
  return NULL;
}

/* The caller is one of the threads. */
static loom_status run_crew(loom_ctx *ctx, crew *all, member *w, pthread_t *id, int n) {
  if (pthread_barrier_init(&all->meet, NULL, (unsigned)n) != 0)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "%d threads cannot be started", n);
  int started = 1;
  while (started < n && pthread_create(&id[started], NULL, work, &w[started]) == 0)
    started++;
  all->now = started == n ? GO : LEAVE;
  work(&w[0]);
  for (int i = 1; i < started; i++)
    pthread_join(id[i], NULL);
  pthread_barrier_destroy(&all->meet);
  if (started < n)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "%d threads cannot be started", n);
  return LOOM_OK;
}

/* Work a second: best and median of the runs, of all threads together. */
static loom_status measure(loom_ctx *ctx, const experiment *x, const effort *e, machine_cpu_value *out) {
  pthread_t id[THREADS_MAX];
  int n = x->threads < THREADS_MAX ? x->threads : THREADS_MAX;
  size_t each = (x->bytes + APART_BYTES) * (size_t)x->arrays;
  member *w = ARENA_NEW_N(&ctx->mem, member, n);
  crew all = {.x = x, .e = e};
  char *memory = mmap(NULL, each * (size_t)n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EMEM, "no memory for arrays of %zu bytes", each * (size_t)n);
  (void)madvise(memory, each * (size_t)n, MADV_HUGEPAGE);
  for (int i = 0; i < n; i++)
    w[i] = (member){.all = &all, .memory = (float *)(void *)(memory + each * (size_t)i)};
  loom_status st = run_crew(ctx, &all, w, id, n);
  munmap(memory, each * (size_t)n);
  LOOM_TRY(st);
  double sum[RUNS_MAX] = {0};
  for (int r = 0; r < e->runs; r++)
    for (int i = 0; i < n; i++)
      sum[r] += w[i].rate[r];
  double median = stats_median(sum, (size_t)e->runs), best = sum[e->runs - 1];      /* sorted now */
  *out = (machine_cpu_value){.value = best, .median = median, .spread = best > 0 ? (best - median) / best : 0};
  out->source = arena_printf(&ctx->mem, "measured: best of %d runs, the median is %.1f %% lower", e->runs, out->spread * 100);
  return LOOM_OK;
}

/* ---- what is measured ---- */

typedef struct bench { loom_ctx *ctx; machine_cpu *cpu; const effort *e; double hz; size_t l1, l2, l3, dram, dram_all; int cores; } bench;

static size_t in_pages(double bytes) { return bytes < 4096 ? 4096 : (size_t)bytes / 4096 * 4096; }

/* Per cycle of the measured clock. */
static loom_status put(bench *b, machine_cpu_name name, const experiment *x) {
  machine_cpu_value v;
  LOOM_TRY(measure(b->ctx, x, b->e, &v));
  v.value /= b->hz;
  v.median /= b->hz;
  b->cpu->at[name] = v;
  return LOOM_OK;
}

static loom_status measure_clock(bench *b) {
  const experiment x = {measure_clock_loop, 20, 64, 1, 1};
  LOOM_TRY(measure(b->ctx, &x, b->e, &b->cpu->at[MACHINE_CPU_clock_hz]));
  b->hz = b->cpu->at[MACHINE_CPU_clock_hz].value = round(b->cpu->at[MACHINE_CPU_clock_hz].value / 1e6) * 1e6;
  return LOOM_OK;
}

static loom_status measure_compute(bench *b) {
  static const machine_cpu_name macs[] = {MACHINE_CPU_mac_f32, MACHINE_CPU_mac_f64, MACHINE_CPU_mac_bf16, MACHINE_CPU_mac_amx_bf16, MACHINE_CPU_mac_i8, MACHINE_CPU_mac_amx_i8};
  static const machine_cpu_name tiles[] = {MACHINE_CPU_add, MACHINE_CPU_sum, MACHINE_CPU_div, MACHINE_CPU_exp};
  for (size_t i = 0; i < sizeof macs / sizeof *macs; i++) {
    experiment x = {.bytes = 64, .arrays = 1, .threads = 1};
    x.loop = measure_fma_loop(b->cpu, macs[i], &x.work);
    if (x.loop)
      LOOM_TRY(put(b, macs[i], &x));
  }
  machine_cpu_settle_dots(b->cpu);
  for (size_t i = 0; i < sizeof tiles / sizeof *tiles; i++) {
    const experiment x = {measure_vector_loop(b->cpu, tiles[i]), (double)(b->l1 / 4), b->l1, 3, 1};
    LOOM_TRY(put(b, tiles[i], &x));
  }
  return LOOM_OK;
}

static loom_status measure_memory(bench *b) {
  const measure_loop read = measure_read_loop(b->cpu), copy = measure_copy_loop(b->cpu), stream = measure_stream_loop(b->cpu);
  const struct { machine_cpu_name name; measure_loop loop; size_t bytes; int arrays, threads; } rows[] = {
      {MACHINE_CPU_l1_read, read, b->l1, 1, 1},          {MACHINE_CPU_l2_read, read, b->l2, 1, 1},           {MACHINE_CPU_l2_copy, copy, b->l2 / 2, 2, 1},
      {MACHINE_CPU_l3_read, read, b->l3, 1, 1},          {MACHINE_CPU_l3_read_all, read, b->l3, 1, b->cores}, {MACHINE_CPU_l3_copy, copy, b->l3 / 2, 2, 1},
      {MACHINE_CPU_dram_read, read, b->dram, 1, 1},      {MACHINE_CPU_dram_read_all, read, b->dram_all, 1, b->cores},
      {MACHINE_CPU_dram_copy, copy, b->dram / 2, 2, 1},  {MACHINE_CPU_dram_copy_all, copy, b->dram_all / 2, 2, b->cores},
      {MACHINE_CPU_dram_stream, stream, b->dram / 2, 2, 1}, {MACHINE_CPU_dram_stream_all, stream, b->dram_all / 2, 2, b->cores}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    size_t bytes = in_pages((double)rows[i].bytes);
    const experiment x = {rows[i].loop, (double)bytes * rows[i].arrays, bytes, rows[i].arrays, rows[i].threads};
    LOOM_TRY(put(b, rows[i].name, &x));
  }
  const experiment walk = {measure_latency_loop, 1, b->dram, 1, 1};
  machine_cpu_value v;
  LOOM_TRY(measure(b->ctx, &walk, b->e, &v));
  v.value = round(b->hz / v.value);
  v.median = round(b->hz / v.median);
  b->cpu->at[MACHINE_CPU_dram_latency] = v;
  return LOOM_OK;
}

loom_status machine_calibrate(loom_ctx *ctx, bool is_quick, const machine_cpu **out) {
  machine_cpu *cpu = ARENA_NEW(&ctx->mem, machine_cpu);
  *cpu = *machine_cpu_find(&ctx->mem);
  bench b = {.ctx = ctx, .cpu = cpu, .e = is_quick ? &quick : &thorough, .cores = (int)cpu->at[MACHINE_CPU_cores].value};
  const double l2 = cpu->at[MACHINE_CPU_l2_bytes].value, l3 = cpu->at[MACHINE_CPU_l3_bytes].value;
  const double dram = fmin(fmin(fmax(2 * l3, 67108864), cpu->at[MACHINE_CPU_memory_bytes].value / 8), (double)b.e->dram_bytes_max);
  b.l1 = in_pages(cpu->at[MACHINE_CPU_l1_bytes].value / 6);
  b.l2 = in_pages(l2 / 2);
  b.l3 = in_pages(fmin(fmax(fmin(l3 / 4, 33554432) / b.cores, 1.5 * l2), (double)b.e->dram_bytes_max));
  b.dram = in_pages(dram);
  b.dram_all = in_pages(dram / b.cores);
  LOOM_TRY(measure_clock(&b));
  LOOM_TRY(measure_compute(&b));
  LOOM_TRY(measure_memory(&b));
  *out = cpu;
  return LOOM_OK;
}

loom_status machine_calibrated_yaml(loom_ctx *ctx, const machine_cpu *cpu, const char **out) {
  const char *path = machine_find_file(&ctx->mem, "host");
  char *bytes;
  size_t size;
  machine *m;
  if (!path)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EIO, "machines/host.yaml, which the numbers go into, is not on the search path");
  LOOM_TRY(file_read(ctx, path, MACHINE_FILE_BYTES_MAX, &bytes, &size));
  LOOM_TRY(machine_fill(ctx, path, bytes, cpu, &bytes, &size));
  LOOM_TRY(machine_from_yaml(ctx, path, bytes, size, &m));
  const char *rest = bytes + strspn(bytes, "\n");
  while (*rest == '#')      /* what the template says of itself */
    rest += strcspn(rest, "\n") + 1;
  *out = arena_printf(&ctx->mem, "# The CPU that 'loom machine calibrate' measured: %s.\n# Rates are those of the best run; machines/host.yaml says how they are used.\n%s", cpu->name, rest);
  return machine_check(ctx, m);
}
