/* Options that a command takes and that say nothing in the case at hand: a warning tells so, for a script may give the same ones to many kernels.  Only those of the command line; a
 * configuration is for many commands. */
#include "base/file.h"
#include "cli/cli_forms.h"
#include "cli/worker.h"
#include "cli/worker_board.h"
#include "cli/worker_emit.h"

typedef enum is_case {
  IS_COMPILE = 1 << 0, IS_RUN = 1 << 1,
  IS_KERNEL = 1 << 2, IS_MODEL = 1 << 3,          /* a kernel, or MLIR functions on values */
  IS_BOARD = 1 << 4, IS_NPU = 1 << 5, IS_HOST = 1 << 6, IS_MESH = 1 << 7, IS_INTERP = 1 << 8,      /* what is made or executed; none where the input or its plan says it */
  IS_PYTHON = 1 << 9                               /* no MLIR: Helion source, a dump or a kernel graph */
} is_case;

/* An option says nothing where all of `in` hold, and none of `but`. */
static const struct unread { const char *option; unsigned in, but; const char *why, *help; } rules[] = {
    {"output", IS_COMPILE, 0, "'loom compile' runs nothing, and has no results", "-o DIR is where artifacts go; 'loom run' writes results"},
    {"tt-api", 0, IS_BOARD, "it is of a board's program", "add --emit tt, or --engine tt-emu"},
    {"tt-accumulate", 0, IS_BOARD, "it is of a board's program", "add --emit tt, or --engine tt-emu"},
    {"tt-seed", IS_RUN, IS_BOARD, "it is of a board's program", "add --engine tt-emu"},
    {"tt-seeds", IS_RUN, IS_BOARD, "it is of a board's program", "add --engine tt-emu"},
    {"engine", IS_INTERP, IS_BOARD, "--interp runs the reference interpreter alone", "leave one of them away"},
    {"dram", IS_INTERP, 0, "--interp runs the reference interpreter alone", "leave one of them away"},
    {"dram", IS_HOST, 0, "it chooses a model of a chip's DRAM, and this CPU has its own", "name a chip with --machine"},
    {"provider", IS_INTERP, 0, "--interp runs the reference interpreter alone", "leave one of them away"},
    {"provider", IS_MESH, 0, "kernel libraries are of this CPU, and a virtual chip runs", "add --machine host"},
    {"provider", IS_NPU, 0, "kernel libraries are of this CPU, and a virtual chip runs", "add --machine host"},
    {"kernel-map", IS_INTERP, 0, "--interp runs the reference interpreter alone", "leave one of them away"},
    {"kernel-map", IS_MESH, 0, "kernel libraries are of this CPU, and a virtual chip runs", "add --machine host"},
    {"kernel-map", IS_NPU, 0, "kernel libraries are of this CPU, and a virtual chip runs", "add --machine host"},
    {"kernel-require", IS_INTERP, 0, "--interp runs the reference interpreter alone", "leave one of them away"},
    {"kernel-require", IS_MESH, 0, "kernel libraries are of this CPU, and a virtual chip runs", "add --machine host"},
    {"kernel-require", IS_NPU, 0, "kernel libraries are of this CPU, and a virtual chip runs", "add --machine host"},
    {"parameters", IS_KERNEL | IS_PYTHON, 0, "they are the globals of a model in MLIR; a kernel has arguments", "give those with --input"},
    {"ordered-sums", IS_KERNEL | IS_PYTHON, 0, "it is of MLIR functions on values; a kernel says the order of its sums itself", NULL},
    {"use-mips-matmul", IS_KERNEL | IS_PYTHON, 0, "it is of torch.aten.mm in MLIR; this input has none", "--provider computes the products of a kernel"},
    {"open-rows", IS_KERNEL | IS_MESH, IS_NPU, "it is of an NPU's programs", "name an NPU with --machine: tpuv3, tpuv4, gemmini8, gemmini32"},
    {"open-rows", IS_KERNEL | IS_HOST, 0, "it is of an NPU's programs", "name an NPU with --machine: tpuv3, tpuv4, gemmini8, gemmini32"},
    {"topk", IS_NPU, 0, "one program is made for an NPU, that of the best plan", "'loom explore --topk N' lists others"},
    {"topk-block-size", IS_NPU, 0, "one program is made for an NPU, that of the best plan", NULL},
    {"topk", IS_HOST, 0, "one plan is compiled for this CPU, the best", "'loom explore --topk N' lists others"},
    {"topk-block-size", IS_HOST, 0, "one plan is compiled for this CPU, the best", NULL},
    {"upstream-compatible", IS_HOST, 0, "upstream's variants are of a mesh", "name a chip with --machine"},
    {"model", IS_HOST, 0, "upstream's models price a mesh; this CPU has its own", "name a chip with --machine"},
    {"arg", IS_MODEL, 0, "a function on values has inputs and no other arguments", "give them with --input"},
    {"explain", IS_MODEL, 0, "it answers for one kernel, and a model has several", "'loom report' of the model says where time and memory go"},
    {"certify", IS_MODEL, 0, "it answers for one kernel, and a model has several", NULL},
    {"fixed-sizes", IS_MODEL, 0, "the sizes of a model's kernels are fixed as it is compiled", NULL},
};

static unsigned case_of(const cli_options *o, const compile_options *c, bool is_npu, bool is_model) {
  const bool is_python = !c->source || compile_is_whole_kernel(c->input, c->source, c->source_size), is_code = o->letter == 'c' && worker_emit_is(o->emit.last, WORKER_EMIT_CODE, NULL);
  const bool is_host = is_code || text_eq(c->machine, "host"), is_told = c->machine || (is_python && !c->plan && !c->config);
  unsigned is = (o->letter == 'c' ? IS_COMPILE : IS_RUN) | (is_model ? IS_MODEL : IS_KERNEL);
  is |= worker_wants_board(o) ? IS_BOARD : 0;
  is |= !is_model && c->source && is_python ? IS_PYTHON : 0;
  if (o->interp)
    return is | IS_INTERP;
  return is | (is_npu ? IS_NPU : is_host ? (worker_emit_is_searched(o->emit.last) ? 0 : IS_HOST) : is_told && !file_is_dir(c->input) ? IS_MESH : 0);
}

loom_status worker_tell_unread(loom_ctx *ctx, const cli_options *o, const compile_options *c, bool is_npu, bool is_model) {
  const unsigned is = case_of(o, c, is_npu, is_model);
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    if ((is & rules[i].in) == rules[i].in && !(is & rules[i].but))
      cli_tell_option(ctx, o, rules[i].option, rules[i].why, rules[i].help);
  if (o->bisect && o->emit.last)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--bisect-numerics names the stage that goes wrong, --emit prints one: leave one away");
  if (o->override_dir.last && !file_is_dir(o->override_dir.last))
    LOOM_FAIL(ctx, diag_file_span(ctx, o->override_dir.last), LOOM_EIO, "there is no such directory; --override-dir takes one with edited stages, as --dump-dir writes them");
  return LOOM_OK;
}
