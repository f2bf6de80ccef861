/* loom-sweep: started by loom with the same arguments. */
#include "cli/cli_forms.h"
#include "cli/sweep_program.h"
#include <stdio.h>
#include <string.h>

static loom_status body(loom_ctx *ctx, int argc, char **argv) {
  static const struct { const char *word; loom_status (*run)(loom_ctx *, const cli_options *); cli_form form; } words[] = {
      {"show", sweep_show, CLI_SWEEP_SHOW}, {"diff", sweep_diff, CLI_SWEEP_DIFF}, {"export", sweep_export, CLI_SWEEP_EXPORT}};
  cli_options o;
  LOOM_TRY(cli_parse(ctx, argc, argv, &o));
  cli_set_machine_path(ctx);
  for (size_t i = 0; o.files.n && i < sizeof words / sizeof *words; i++)
    if (strcmp(o.files.at[0], words[i].word) == 0) {
      cli_tell_form(ctx, &o, words[i].form);
      return words[i].run(ctx, &o);
    }
  if (o.files.n != 1)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "usage: loom sweep FILE | show DB [RUN] | diff DB [RUN RUN] | diff DB DB | export csv|json DB [RUN]");
  cli_tell_form(ctx, &o, CLI_SWEEP_RUN);
  return sweep_run_file(ctx, &o, o.files.at[0]);
}

int main(int argc, char **argv) {
  cli_start();
  loom_ctx ctx;
  if (argc > 1 && (strcmp(argv[1], "run") == 0 || strcmp(argv[1], "explore") == 0)) {
    loom_ctx_init(&ctx);
    const int of_rank = sweep_shard(&ctx, argv);
    loom_ctx_done(&ctx);
    return of_rank;
  }
  if (argc < 2 || strcmp(argv[1], "sweep") != 0) {
    fprintf(stderr, "loom-sweep is started by loom\n");
    return loom_status_exit(LOOM_EUSAGE);
  }
  loom_ctx_init(&ctx);
  const loom_status st = body(&ctx, argc - 1, argv + 1);
  cli_print_diagnostics(&ctx);
  const int code = cli_finish_output(loom_status_exit(st));
  loom_ctx_done(&ctx);
  return code;
}
