/* Runs files and folders of files through the targets, without libFuzzer: `fuzz_replay TARGET PATH..`; also `fuzz_replay tree-random SEED N` and
 * `fuzz_replay rvv-damaged SEED N OBJECT`, `fuzz_replay words TARGET SEED N FILE..`, and `fuzz_replay limited TARGET FOLDER..`, which gives each file a second of
 * this process's time and 256 MB, and holds what comes of it against the first letter of its name: y it is read, n it is refused, l it is refused for a limit,
 * i either (tests/tools/hostile-make).  `fuzz_replay short TARGET FILE..` reads each file once for every allocation that fails (base/testing.h): memory that runs out
 * unwinds, whatever is being read, and is never told as something else. */
#include "fuzz.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/testing.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <signal.h>
#include <unistd.h>

static const struct { const char *name; fuzz_target *run; } targets[] = {
#define X(t, what) {#t, fuzz_##t},
    FUZZ_TARGET_LIST(X)
#undef X
};

/* A line of hexadecimal digits is an input. */
static int run_lines(fuzz_target *run, const char *lines) {
  uint8_t bytes[512];
  int n = 0;
  for (const char *s = lines; *s; s += *s == '\n') {
    size_t size = 0;
    unsigned byte;
    for (; size < sizeof bytes && sscanf(s, "%2x", &byte) == 1 && *s != '\n'; s += 2)
      bytes[size++] = (uint8_t)byte;
    fuzz_run(run, bytes, size);
    n++;
    s += strcspn(s, "\n");
  }
  return n;
}

/* ---- hostile files, each with limits ---- */

static const char *running;
static bool names_are_claims;
static long wrong;

static void late(int signal) {
  (void)signal;
  static const char said[] = "fuzz_replay: more than a second: ";
  if (write(STDERR_FILENO, said, sizeof said - 1) < 0 || write(STDERR_FILENO, running, strlen(running)) < 0)
    _exit(1);
  abort();
}

static void set_limits(void) {
  const struct rlimit memory = {256u << 20, 256u << 20}, core = {0, 0};
  signal(SIGPROF, late);
  setrlimit(RLIMIT_CORE, &core);
#if !defined(__SANITIZE_ADDRESS__)
  setrlimit(RLIMIT_DATA, &memory);
#else
  (void)memory;
#endif
}

static void check_claim(const char *path) {
  const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
  loom_status st = fuzz_answer;
  bool is_answer = st == LOOM_OK || st == LOOM_EINPUT || st == LOOM_EUNSUP || st == LOOM_ELIMIT || st == LOOM_EUSAGE || st == LOOM_EPROVIDER || st == FUZZ_UNANSWERED;
  bool fits = name[0] == 'y' ? st == LOOM_OK : name[0] == 'n' ? st != LOOM_OK : name[0] == 'l' ? st == LOOM_ELIMIT : name[0] == 'i';
  if (is_answer && fits)
    return;
  wrong++;
  fprintf(stderr, "fuzz_replay: %s: %s\n", path, st == FUZZ_UNANSWERED ? "not looked at" : loom_status_text(st));
}

static void run_limited(fuzz_target *run, const char *path, const uint8_t *bytes, size_t size) {
  const struct itimerval second = {.it_value = {.tv_sec = 1}}, none = {0};
  running = path;
  fuzz_answer = FUZZ_UNANSWERED;
  setitimer(ITIMER_PROF, &second, NULL);
  fuzz_run(run, bytes, size);
  setitimer(ITIMER_PROF, &none, NULL);
  check_claim(path);
}

/* ---- allocations that fail ---- */

static bool is_short;

/* Once as it is, so that what is made once and kept is there; then with each of its allocations failing. */
static void run_short(fuzz_target *run, const uint8_t *bytes, size_t size) {
  fuzz_run(run, bytes, size);
  testing_sweep_memory(fuzz_run_input, &(fuzz_input){run, bytes, size});
}

static int run_path(fuzz_target *run, const char *path) {
  struct stat st;
  int n = 0;
  if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) {
      char inner[4096];
      if (e->d_name[0] != '.' && snprintf(inner, sizeof inner, "%s/%s", path, e->d_name) < (int)sizeof inner)
        n += run_path(run, inner);
    }
    if (d)
      closedir(d);
    return n;
  }
  loom_ctx ctx;
  char *bytes;
  size_t size;
  loom_ctx_init(&ctx);
  if (file_read(&ctx, path, 1 << 24, &bytes, &size) != LOOM_OK) {
    fprintf(stderr, "fuzz_replay: cannot read %s\n", path);
    exit(1);
  }
  n = text_ends(path, ".hex") && !names_are_claims && !is_short ? run_lines(run, bytes) : 1;
  if (names_are_claims)
    run_limited(run, path, (const uint8_t *)bytes, size);
  else if (is_short)
    run_short(run, (const uint8_t *)bytes, size);
  else if (!text_ends(path, ".hex"))
    fuzz_run(run, (const uint8_t *)bytes, size);
  loom_ctx_done(&ctx);
  return n;
}

static int run_damaged(const char *path, uint64_t seed, long n) {
  loom_ctx ctx;
  char *bytes;
  size_t size;
  loom_ctx_init(&ctx);
  if (file_read(&ctx, path, FUZZ_BYTES_MAX, &bytes, &size) != LOOM_OK) {
    fprintf(stderr, "fuzz_replay: cannot read %s\n", path);
    return 1;
  }
  fuzz_rvv_damaged((const uint8_t *)bytes, size, seed, n);
  loom_ctx_done(&ctx);
  printf("%ld inputs, %ld good\n", n, fuzz_compiled);
  return 0;
}

static int run_words(const char *name, uint64_t seed, long n, const char *const *paths, int n_paths) {
  fuzz_made_of from = strcmp(name, "dumps") == 0 ? FUZZ_DUMPS : strcmp(name, "graphs") == 0 ? FUZZ_GRAPHS : FUZZ_FILES;
  fuzz_target *run = NULL;
  for (size_t t = 0; t < sizeof targets / sizeof *targets; t++)
    if (strcmp(name, targets[t].name) == 0)
      run = targets[t].run;
  if (!run && from == FUZZ_FILES) {
    fprintf(stderr, "fuzz_replay: no target %s\n", name);
    return 2;
  }
  fuzz_words(from, run, seed, n, paths, n_paths);
  printf("%ld inputs, %ld good\n", n, fuzz_compiled);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 5 && strcmp(argv[1], "rvv-damaged") == 0)
    return run_damaged(argv[4], strtoull(argv[2], NULL, 10), strtol(argv[3], NULL, 10));
  if (argc > 5 && strcmp(argv[1], "words") == 0)
    return run_words(argv[2], strtoull(argv[3], NULL, 10), strtol(argv[4], NULL, 10), (const char *const *)argv + 5, argc - 5);
  if (argc == 4 && strcmp(argv[1], "tree-random") == 0) {
    rng r = rng_new(strtoull(argv[2], NULL, 10));
    long n = strtol(argv[3], NULL, 10);
    for (long i = 0; i < n; i++) {
      uint8_t bytes[64];
      size_t size = 1 + rng_next(&r) % (sizeof bytes - 1);
      for (size_t k = 0; k < size; k++)
        bytes[k] = (uint8_t)rng_next(&r);
      fuzz_run(fuzz_tree, bytes, size);
    }
    printf("%ld inputs, %ld good\n", n, fuzz_compiled);
    return 0;
  }
  if (argc > 3 && strcmp(argv[1], "limited") == 0) {
    names_are_claims = true;
    set_limits();
    argc--;
    argv++;
  }
  if (argc > 3 && strcmp(argv[1], "short") == 0) {
    is_short = true;
    argc--;
    argv++;
  }
  for (size_t t = 0; argc > 2 && t < sizeof targets / sizeof *targets; t++)
    if (strcmp(argv[1], targets[t].name) == 0) {
      int n = 0;
      for (int i = 2; i < argc; i++)
        n += run_path(targets[t].run, argv[i]);
      printf("%d inputs, %ld good", n, fuzz_compiled);
      if (names_are_claims)
        printf(", %ld wrong", wrong);
      putchar('\n');
      return wrong != 0;
    }
  fprintf(stderr, "usage: fuzz_replay TARGET PATH..  or  fuzz_replay tree-random SEED N  or  fuzz_replay rvv-damaged SEED N OBJECT  or  fuzz_replay words TARGET|dumps|graphs SEED N FILE..  or  fuzz_replay limited TARGET FOLDER..  or  fuzz_replay short TARGET FILE..\ntargets:");
  for (size_t t = 0; t < sizeof targets / sizeof *targets; t++)
    fprintf(stderr, " %s", targets[t].name);
  fputc('\n', stderr);
  return 2;
}
