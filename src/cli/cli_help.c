#include "cli/cli.h"
#include <stdio.h>
#include <string.h>

/* X(command, example) */
static const struct { const char *command, *line; } examples[] = {
    {"compile", "loom compile kernels/matmul.py --machine wormhole --shape M=2048,N=2048,K=256 -o out"},
    {"compile", "loom compile kernels/matmul.py --machine wormhole --block-sizes tile_m=256,tile_n=256,tile_k=64"},
    {"run", "loom run kernels/matmul.py --machine wormhole --shape M=2048,N=2048,K=256 --check"},
    {"run", "loom run kernels/matmul.py --machine single --shape M=32,N=32,K=32 --check --json"},
    {"explore", "loom explore kernels/matmul.py --machine wormhole --upstream-compatible"},
    {"solve", "loom solve out/constraints/p01_exploration_etg.json --machine wormhole"},
    {"solve", "loom solve p01.json --machine wormhole --etg p02.json"},
    {"eval", "loom eval schedule.json --machine wormhole"},
    {"sim", "loom sim out --check"},
    {"sim", "loom sim out --trace trace.json"},
    {"report", "loom report out -o out.html"},
    {"report", "loom report out --compare other -o both.html"},
    {"bench", "loom bench kernels/softmax.py --shape x=4096x2560 --dtype f32 --json > old.json"},
    {"bench", "loom bench kernels/softmax.py --shape x=4096x2560 --dtype f32 --compare old.json"},
    {"opt", "loom opt out/IRs/p00_from_helion_frontend.mlir --pass-pipeline='builtin.module(loom-canonicalize-stage0,cse)'"},
    {"machine", "loom machine show wormhole"},
    {"machine", "loom machine import 2D_mesh.mlir --out my.yaml"},
    {"machine", "loom machine calibrate"},
    {"run", "loom run model.mlir --function main --input '2x2xf32=[[1 2][3 4]]' --input @weights.npy"},
    {"test", "loom test --corpus=iree:DIR --junit report.xml"},
    {"run", "loom run kernels/matmul.py --machine host --provider openblas --shape M=256,N=256,K=256 --check"},
    {"providers", "loom providers list"},
    {"providers", "loom providers check ./my_kernels.so"},
    {"providers", "loom providers bench openblas blis --shape M=512,N=512,K=512"},
    {"doctor", "loom doctor"},
    {"reduce", "loom reduce kernel.py --machine wormhole --shape x=300x70 --check -o small.json"},
    {"config", "loom config --show-origin"},
    {"config", "loom config machine"},
    {"explain", "loom explain EINFEASIBLE"},
    {"explain", "loom explain early_read"},
    {"lsp", "loom lsp --machine wormhole"},
    {"completion", "loom completion bash > ~/.local/share/bash-completion/completions/loom"},
};

static void overview(void) {
  size_t n;
  const cli_command *c = cli_commands(&n);
  printf("Loom %s: compiles ML kernels for spatial accelerators and runs them on a virtual chip.\n\n"
         "usage: loom COMMAND [options] [FILE|-]\n\ncommands:\n", LOOM_VERSION);
  for (size_t i = 0; i < n; i++)
    printf("  %-10s %s\n", c[i].name, c[i].summary);
  printf("\n'loom COMMAND --help' shows options and examples.  'loom --version' prints the version.\n");
}

static void option_line(const char *name, const char *argument, const char *help) {
  char left[64];
  snprintf(left, sizeof left, "--%s%s%s", name, argument ? " " : "", argument ? argument : "");
  printf("  %-34s %s\n", left, help);
}

void cli_print_examples(const cli_command *c, const char *before) {
  for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
    if (strcmp(examples[i].command, c->name) == 0)
      printf("%s%s\n", before, examples[i].line);
}

void cli_help(const cli_command *c) {
  if (!c) {
    overview();
    return;
  }
  size_t n;
  const cli_option *all = cli_option_table(&n);
  printf("loom %s: %s\n\nusage: loom %s %s\n\noptions:\n", c->name, c->summary, c->name, c->usage);
  for (size_t i = 0; i < n; i++)
    if (cli_takes(c, &all[i]))
      option_line(all[i].name, all[i].argument, all[i].help);
  printf("\nexamples:\n");
  cli_print_examples(c, "  ");
}
