/* Speed of the front end: text -> syntax tree -> kernel graph of every Python file of a folder, each in a process of its own as `loom` runs
 * it (CPython's parser is started anew).  Prints the slowest files.
 *   frontend_bench FILE.py [FUNCTION [NAME.DIM=VALUE..]]     one file: the median of 15 processes
 * Without a function only the parse is timed. */
#include "base/file.h"
#include "frontend/helion/helion.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 15, SHAPES_MAX = 64 };

typedef struct figures { double start, parse, read, whole, processor; loom_status status; } figures;   /* ms; processor: time of `whole` without waiting */

static double clock_now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static double now(void) { return clock_now(CLOCK_MONOTONIC); }

static figures measure(const char *path, const helion_options *o) {
  figures f = {0};
  loom_ctx ctx;
  syn_node *tree;
  kernel_graph *k;
  char *source;
  size_t size;
  loom_ctx_init(&ctx);
  double t0 = now();
  f.status = python_parse(&ctx, "start", "pass\n", 5, &tree);   /* starts CPython */
  f.start = now() - t0;
  double t1 = now(), cpu = clock_now(CLOCK_PROCESS_CPUTIME_ID);
  if (f.status == LOOM_OK)
    f.status = file_read(&ctx, path, 1 << 24, &source, &size);
  if (f.status == LOOM_OK)
    f.status = python_parse(&ctx, path, source, size, &tree);
  double t2 = now();
  if (f.status == LOOM_OK && o->function)
    f.status = helion_read(&ctx, tree, o, &k);
  f.parse = t2 - t1;
  f.read = now() - t2;
  f.whole = now() - t1;
  f.processor = clock_now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  return f;
}

static int by_processor(const void *a, const void *b) {
  double x = ((const figures *)a)->processor, y = ((const figures *)b)->processor;
  return (x > y) - (x < y);
}

static int by_whole(const void *a, const void *b) {
  double x = ((const figures *)a)->whole, y = ((const figures *)b)->whole;
  return (x > y) - (x < y);
}

/* One measurement in a child process. */
static figures measure_apart(const char *path, const helion_options *o) {
  figures f = {.status = LOOM_EBUG};
  int ends[2];
  if (pipe(ends) != 0)
    return f;
  pid_t child = fork();
  if (child == 0) {
    figures own = measure(path, o);
    _exit(write(ends[1], &own, sizeof own) == (ssize_t)sizeof own ? 0 : 1);
  }
  close(ends[1]);
  if (child < 0 || read(ends[0], &f, sizeof f) != (ssize_t)sizeof f)
    f.status = LOOM_EBUG;
  close(ends[0]);
  waitpid(child, NULL, 0);
  return f;
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: frontend_bench FILE.py [FUNCTION [NAME.DIM=VALUE..]]\n");
    return 2;
  }
  helion_shape shapes[SHAPES_MAX];
  helion_options o = {.shapes = shapes, .function = argc > 2 ? argv[2] : NULL, .has_dtype = true, .dtype = DTYPE_F32};
  for (int i = 3; i < argc && o.n_shapes < SHAPES_MAX; i++) {
    char *equals = strchr(argv[i], '=');
    if (!equals)
      continue;
    *equals = 0;
    shapes[o.n_shapes++] = (helion_shape){argv[i], strtoll(equals + 1, NULL, 10)};
  }
  figures runs[RUNS];
  for (int i = 0; i < RUNS; i++)
    runs[i] = measure_apart(argv[1], &o);
  qsort(runs, RUNS, sizeof *runs, by_whole);
  const figures *f = &runs[RUNS / 2];
  if (f->status != LOOM_OK) {
    fprintf(stderr, "frontend_bench: %s does not compile (status %d)\n", argv[1], (int)f->status);
    return 1;
  }
  printf("start of CPython %.1f ms; parse %.1f ms, read %.1f ms, front end %.1f ms", f->start, f->parse, f->read, f->whole);
  qsort(runs, RUNS, sizeof *runs, by_processor);
  printf("; %.1f ms of processor time\n", runs[RUNS / 2].processor);
  return 0;
}
