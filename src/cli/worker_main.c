/* loom-worker: the commands that need MLIR, LLVM or CPython's parser.  Started by loom with the same arguments. */
#include "cli/cli.h"
#include "solve/certify.h"
#include "tuning/tuning.h"
#include <stdio.h>
#include <string.h>

typedef struct invocation { int argc; char **argv; } invocation;
static const struct { const char *name; loom_status (*run)(loom_ctx *, const cli_options *); } table[] = {
    {"compile", worker_compile}, {"run", worker_run}, {"explore", worker_explore}, {"sim", worker_sim}, {"report", worker_report}, {"opt", worker_opt}, {"bench", worker_bench}, {"test", worker_test}, {"machine", cmd_machine}, {"solve", cmd_solve},
};
static const solve_opinion z3 = {solve_certify, solve_find_core, solve_prove_guards, SOLVE_RLIMIT};

static loom_status run_command(loom_ctx *ctx, loom_status (*run)(loom_ctx *, const cli_options *), cli_options *o) {
  if (o->tune && !o->tuning_db.last)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--tune keeps plans in a database: name it with --tuning-db FILE");
  loom_status st = o->tuning_db.last ? tuning_open(ctx, o->tuning_db.last, &o->tuning) : LOOM_OK;
  if (st == LOOM_OK)
    st = run(ctx, o);
  tuning_close(o->tuning);
  return st;
}

static loom_status body(loom_ctx *ctx, void *data) {
  invocation *in = data;
  cli_options o;
  LOOM_TRY(cli_parse(ctx, in->argc, in->argv, &o));
  o.opinion = &z3;
  cli_set_machine_path(ctx);
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (strcmp(table[i].name, o.command) == 0)
      return run_command(ctx, table[i].run, &o);
  LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'%s' is not a command of the worker", o.command);
}

int main(int argc, char **argv) {
  cli_start();
  if (argc < 2 || !cli_find_command(argv[1])) {
    fprintf(stderr, "loom-worker is started by loom\n");
    return loom_status_exit(LOOM_EUSAGE);
  }
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  invocation in = {argc - 1, argv + 1};
  loom_status st = body(&ctx, &in);   /* no guard: C++ frames lie between here and an allocation; out of memory ends the worker, loom reports it */
  cli_print_diagnostics(&ctx);
  int code = loom_status_exit(st);
  code = cli_finish_output(code);
  loom_ctx_done(&ctx);
  return code == 0 ? CLI_WORKER_DONE : code;
}
