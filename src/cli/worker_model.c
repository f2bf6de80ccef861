/* loom sim and loom report of a whole model: MLIR whose function on tensors becomes kernels. */
#include "base/file.h"
#include "cli/cli_forms.h"
#include "cli/worker_model.h"
#include <string.h>

enum { SOURCE_BYTES_MAX = 64 << 20 };

loom_status worker_model(loom_ctx *ctx, const cli_options *o, bool *out_is_model) {
  compile_options c;
  char *source;
  size_t size;
  *out_is_model = false;
  if (o->files.n != 1 || file_is_dir(o->files.at[0]) || !file_exists(o->files.at[0]))
    return LOOM_OK;
  LOOM_TRY(file_read(ctx, o->files.at[0], SOURCE_BYTES_MAX, &source, &size));
  if (!compile_is_mlir(o->files.at[0], source, size))
    return LOOM_OK;
  *out_is_model = true;
  LOOM_TRY(worker_read_options(ctx, o, &c));
  c.source = source;
  c.source_size = size;
  worker_open_cache(ctx, o, &c);
  if (!o->machine.last) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "a model names no machine");
    diag_help(ctx, "say which with --machine, for example --machine wormhole");
    return LOOM_EUSAGE;
  }
  if (text_eq(o->machine.last, "host") && text_eq(o->command, "sim")) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--machine host: this CPU is not simulated");
    diag_help(ctx, "'loom report' measures its kernels, 'loom run' runs them");
    return LOOM_EUSAGE;
  }
  if (o->check) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--check: 'loom sim' of a model counts cycles, without values");
    diag_help(ctx, "'loom run %s --machine %s --check' compares them", o->files.at[0], o->machine.last);
    return LOOM_EUSAGE;
  }
  cli_tell_form(ctx, o, text_eq(o->command, "sim") ? CLI_SIM_MODEL : text_eq(o->machine.last, "host") ? CLI_REPORT_HOST : CLI_REPORT_MODEL);
  bool is_program;
  LOOM_TRY(worker_run_program(ctx, o, &c, &is_program));
  if (!is_program && o->function.last)
    LOOM_FAIL(ctx, diag_file_span(ctx, o->files.at[0]), LOOM_EUSAGE, "there is no function '%s' that takes and gives tensors", o->function.last);
  if (!is_program)
    LOOM_FAIL(ctx, diag_file_span(ctx, o->files.at[0]), LOOM_EUNSUP, "'loom %s' of MLIR takes functions on tensors; compile a kernel to a directory first: loom compile %s -o DIR", o->command, o->files.at[0]);
  return LOOM_OK;
}
