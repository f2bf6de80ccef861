#include "cli/cli.h"
#include <stdio.h>
#include <string.h>

/* In the order that they are tried in: what one leaves another may take (tests/cli/help.test runs all, in a copy of the sources). */
static const struct { const char *command, *line; } examples[] = {
    {"compile", "loom compile kernels/matmul.py --machine wormhole --shape M=256,N=256,K=128 -o out"},
    {"compile", "loom compile kernels/matmul.py --machine wormhole --block-sizes tile_m=256,tile_n=256,tile_k=64 --json"},
    {"compile", "loom compile kernels/softmax.py --shape x=512x512 --dtype f32 --machine host --emit llvm > softmax.ll"},
    {"run", "loom run kernels/matmul.py --machine wormhole --shape M=256,N=256,K=128 --check"},
    {"run", "loom run kernels/softmax.py --machine host --shape x=300x70 --dtype f32 --check --json"},
    {"run", "loom run examples/mlir/layer.mlir --function layer --input 1x3xf32=1,2,3 --input 3x2xf32=0.5 --input 2xf32=1"},
    {"run", "make -s -C examples/provider && loom run kernels/matmul_helion.py --machine host --shape x=64x64,y=64x64 --dtype f32 --provider examples/provider/my_kernels.so"},
    {"explore", "loom explore kernels/matmul.py --machine wormhole --shape M=256,N=256,K=128 --explain"},
    {"explore", "loom explore kernels/matmul.py --machine wormhole --upstream-compatible --etg p01.json"},
    {"solve", "loom solve p01.json --machine wormhole"},
    {"solve", "loom solve p01.json --machine wormhole --etg p02.json --pareto --json"},
    {"eval", "loom eval examples/schedule.json --machine wormhole"},
    {"sim", "loom sim out --check"},
    {"sim", "loom sim out --trace trace.json"},
    {"report", "loom report out -o out.html"},
    {"report", "loom compile kernels/matmul.py --machine ring8 --shape M=256,N=256,K=128 -o other && loom report out --compare other -o both.html"},
    {"report", "loom report tests/data/network/layers.mlir --machine wormhole"},
    {"bench", "loom bench kernels/softmax.py --shape x=512x512 --dtype f32 --seconds 0.2 --json > old.json"},
    {"bench", "loom bench kernels/softmax.py --shape x=512x512 --dtype f32 --seconds 0.2 --compare old.json"},
    {"bench", "loom bench kernels/matmul.py --config kernels/configs/matmul.host.json --seconds 0.2"},
    {"opt", "loom opt out/IRs/p03_bufferized.mlir --canonicalize --cse"},
    {"opt", "loom opt examples/mlir/layer.mlir --pass-pipeline='builtin.module(func.func(canonicalize,cse))' -o layer.mlir"},
    {"opt", "loom opt --list-passes"},
    {"machine", "loom machine list"},
    {"machine", "loom machine show wormhole"},
    {"machine", "loom machine check machines/ring8.yaml"},
    {"machine", "loom machine import tests/data/machines/mesh8_adl.mlir -o my.yaml"},
    {"machine", "loom machine calibrate --quick -o host.yaml"},
    {"test", "loom test examples/mlir/layer.mlir"},
    {"test", "loom test --corpus=mlir:examples/mlir --junit report.xml"},
    {"providers", "loom providers list"},
    {"providers", "make -s -C examples/provider && loom providers check examples/provider/my_kernels.so"},
    {"providers", "loom providers bench --shape M=64,N=64,K=64"},
    {"doctor", "loom doctor"},
    {"reduce", "loom reduce examples/reduce/kernel.py --machine tpuv3 --shape x=40x50,s=40 -o small.json"},
    {"config", "loom config --show-origin"},
    {"config", "LOOM_SANDBOX=on loom config LOOM_SANDBOX"},
    {"explain", "loom explain EINFEASIBLE"},
    {"explain", "loom explain early_read"},
    {"lsp", "loom lsp --machine wormhole"},
    {"sweep", "loom sweep examples/sweep/gemm.yaml -o gemm.db"},
    {"sweep", "loom sweep show gemm.db"},
    {"completion", "source <(loom completion bash)"},
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
