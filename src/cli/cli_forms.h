/* Forms of commands that read fewer options than the command takes: a graph of tiles has no values, a directory is compiled already. */
#ifndef LOOM_CLI_CLI_FORMS_H
#define LOOM_CLI_CLI_FORMS_H
#include "cli/cli.h"

/* X(form, what the user has called, the options that count in it, between blanks): beside those of every command: --json, --error-format, --progress. */
#define CLI_FORM_LIST(X)                                                                                                                                                              \
  X(SIM_TILES, "'loom sim' of a tile graph", " machine calibration hw-compute-dir shape dram trace trace-limit out ")                                                                  \
  X(SIM_JOBS, "'loom sim' of a list of jobs", " machine calibration hw-compute-dir dram out ")                                                                                         \
  X(SIM_DIR, "'loom sim' of what was compiled, without --check", " machine calibration hw-compute-dir dram trace trace-limit engine no-verify out limits require-sandbox ")            \
  X(SIM_CHECK, "'loom sim --check'", " machine calibration hw-compute-dir dram trace trace-limit engine no-verify check seed out limits require-sandbox ")                             \
  X(SIM_CHIPS, "'loom sim' of several chips", " machine calibration hw-compute-dir dram no-verify out limits require-sandbox ")                                                        \
  X(SIM_MODEL, "'loom sim' of a model", " machine calibration hw-compute-dir shape function parameters tuning-db tune l1-tensors njobs op-budget timeout engine dram no-verify cache-dir no-cache out limits require-sandbox ") \
  X(REPORT_DIR, "'loom report' of a directory", " machine calibration hw-compute-dir compare dump-dir dram no-verify out ")                                                            \
  X(REPORT_NPU, "'loom report' of an NPU's program", " machine calibration hw-compute-dir compare dump-dir dram no-verify out limits require-sandbox ")                                \
  X(REPORT_MODEL, "'loom report' of a model on a chip", " machine calibration hw-compute-dir shape function parameters tuning-db tune l1-tensors njobs op-budget timeout dram no-verify cache-dir no-cache out limits require-sandbox ") \
  X(REPORT_HOST, "'loom report' of a model on this CPU", " machine shape function parameters tuning-db tune seed input threads njobs op-budget timeout cache-dir no-cache out limits require-sandbox ") \
  X(BENCH_TPU, "'loom bench tpuv3'", " machine dram ")                                                                                                                                  \
  X(BENCH_MODEL, "'loom bench' of a model", " machine shape function parameters seed input threads njobs seconds compare cache-dir no-cache provider kernel-map kernel-require on-kernel-error dtype block-sizes limits require-sandbox ") \
  X(BENCH_KERNEL, "'loom bench' of a kernel", " machine shape dtype arg function config block-sizes seed input threads njobs seconds compare cache-dir no-cache provider kernel-map kernel-require on-kernel-error limits require-sandbox ") \
  X(EXPLORE_CHIPS, "'loom explore' of several chips", " machine shape dtype arg function config pin model calibration hw-compute-dir njobs timeout out limits require-sandbox ")                         \
  X(SOLVE_ALONE, "'loom solve' without --machine", " block-sizes model topk njobs etg op-budget timeout out explain neighbours pareto certify ragged ")                                  \
  X(MACHINE_LIST, "'loom machine list'", " ")                                                                                                                                         \
  X(MACHINE_SHOW, "'loom machine show'", " machine calibration hw-compute-dir ")                                                                                                               \
  X(MACHINE_CHECK, "'loom machine check'", " machine calibration hw-compute-dir certify ")                                                                                                     \
  X(MACHINE_IMPORT, "'loom machine import'", " machine calibration hw-compute-dir out ")                                                                                                       \
  X(MACHINE_CALIBRATE, "'loom machine calibrate'", " machine out quick ")                                                                                                              \
  X(PROVIDERS_LIST, "'loom providers list'", " timeout ")                                                                                                                              \
  X(PROVIDERS_CHECK, "'loom providers check'", " timeout njobs ")                                                                                                                      \
  X(PROVIDERS_BENCH, "'loom providers bench'", " timeout njobs shape ")                                                                                                                \
  X(OPT_LIST, "'loom opt --list-passes'", " list-passes limits require-sandbox ")                                                                                                     \
  X(SWEEP_RUN, "'loom sweep FILE'", " out njobs retry-failed fresh ")                                                                                                                  \
  X(SWEEP_SHOW, "'loom sweep show'", " ")                                                                                                                                              \
  X(SWEEP_DIFF, "'loom sweep diff'", " fail-if-slower ")                                                                                                                               \
  X(SWEEP_EXPORT, "'loom sweep export'", " out ")

typedef enum cli_form {
#define X(form, what, options) CLI_##form,
  CLI_FORM_LIST(X)
#undef X
  CLI_FORMS
} cli_form;

/* Warns of the options of the command line that the command takes and this form does not read. */
void cli_tell_form(loom_ctx *ctx, const cli_options *o, cli_form form);
/* The same of one option, if the command line has it; help NULL: none. */
void cli_tell_option(loom_ctx *ctx, const cli_options *o, const char *option, const char *why, const char *help);
#endif
