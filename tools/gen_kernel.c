/* gen_kernel --seed S [--count N] [--out DIR] [--show]: random kernels as Helion source, with the command that runs them.
 * Without --out only the source is shown. */
#include "gen_files.h"
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct options { uint64_t seed, count; const char *out; bool show; } options;

static bool read_options(int argc, char **argv, options *o) {
  static const struct option names[] = {{"seed", 1, NULL, 's'}, {"count", 1, NULL, 'n'}, {"out", 1, NULL, 'o'}, {"show", 0, NULL, 'w'}, {0}};
  *o = (options){.seed = 1, .count = 1};
  for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;)
    switch (c) {
    case 's': o->seed = strtoull(optarg, NULL, 10); break;
    case 'n': o->count = strtoull(optarg, NULL, 10); break;
    case 'o': o->out = optarg; break;
    case 'w': o->show = true; break;
    default: return false;
    }
  return optind == argc;
}

static int make(const options *o, uint64_t seed) {
  loom_ctx ctx;
  const char *command;
  loom_ctx_init(&ctx);
  const gen_kernel *k = gen_make(&ctx.mem, seed, GEN_STEPS_MAX);
  loom_status st = o->out ? gen_write_files(&ctx, k, o->out, "", &command) : LOOM_OK;
  if (st != LOOM_OK)
    fprintf(stderr, "gen_kernel: %s\n", ctx.diag.first ? ctx.diag.first->text : "failed");
  if (o->show || !o->out) {
    printf("# seed %" PRIu64 ", m = %" PRId64 ", n = %" PRId64 ", k = %" PRId64 ":", seed, k->size[GEN_M], k->size[GEN_N], k->size[GEN_K]);
    for (int f = 0; f < GEN_FEATURES; f++)
      if (gen_has(k, (gen_feature)f))
        printf(" %s%s", gen_feature_word((gen_feature)f), f + 1 < GEN_FEATURES ? "," : "");
    printf("\n%s", k->source);
  }
  if (o->out && st == LOOM_OK)
    printf("%s\n", command);
  loom_ctx_done(&ctx);
  return st == LOOM_OK ? 0 : 1;
}

int main(int argc, char **argv) {
  options o;
  if (!read_options(argc, argv, &o)) {
    fprintf(stderr, "usage: gen_kernel --seed S [--count N] [--out DIR] [--show]\n");
    return 2;
  }
  for (uint64_t i = 0; i < o.count; i++)
    if (make(&o, o.seed + i))
      return 1;
  return 0;
}
