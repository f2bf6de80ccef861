/* loom-worker: the commands that need MLIR, LLVM or CPython's parser.  Started by loom with the same arguments.  Before it reads anything of
 * others it gives up what the command does not need (docs/isolation.md); when it dies, loom says how. */
#include "base/alloc.h"
#include "cli/cli.h"
#include "run/run_child.h"
#include "run/run_sandbox.h"
#include "run/run_stage.h"
#include "solve/certify.h"
#include "tuning/tuning.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

static const struct { const char *name; loom_status (*run)(loom_ctx *, const cli_options *); } table[] = {
    {"compile", worker_compile}, {"run", worker_run}, {"explore", worker_explore}, {"sim", worker_sim}, {"report", worker_report}, {"opt", worker_opt}, {"bench", worker_bench}, {"test", worker_test}, {"lsp", worker_lsp}, {"machine", cmd_machine}, {"solve", cmd_solve},
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

static loom_status find_command(loom_ctx *ctx, const cli_options *o, loom_status (**out)(loom_ctx *, const cli_options *)) {
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (strcmp(table[i].name, o->command) == 0) {
      *out = table[i].run;
      return LOOM_OK;
    }
  LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "'%s' is not a command of the worker", o->command);
}

/* ---- before the work ---- */

/* The standard library of C++ calls it where there is no memory. */
extern void (*set_new_handler(void (*handler)(void)))(void) __asm__("_ZSt15set_new_handlerPFvvE");

static _Noreturn void no_memory(void) {
  run_stage_lacks_memory();
  abort();
}

/* Libraries abort without saying why: is it that nothing more can be mapped? */
static void aborted(int signal) {
  enum { PROBE = 8 << 20 };
  void *p = mmap(NULL, PROBE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED)
    run_stage_lacks_memory();
  (void)raise(signal);      /* SA_RESETHAND: it ends the process */
}

static loom_status confine(loom_ctx *ctx, const cli_options *o, const run_sandbox *policy) {
  run_sandbox_level level;
  run_sandbox_enter(policy, &level);
  run_child_set_confined(policy->mode == RUN_SANDBOX_ON);
  if (!o->require_sandbox || run_sandbox_is_full(&level))
    return LOOM_OK;
  diag_error(ctx, LOOM_NOSPAN, LOOM_EIO, "--require-sandbox: this process can only be confined as far as '%s'", run_sandbox_text(&ctx->mem, &level));
  diag_help(ctx, policy->mode == RUN_SANDBOX_ON ? "it needs Landlock and seccomp of the kernel ('loom doctor'); x86-64 Linux 5.13 and later have both" : "LOOM_SANDBOX switches it off");
  return LOOM_EIO;
}

static void expect_death(void) {
  alloc_on_failure(run_stage_lacks_memory);
  set_new_handler(no_memory);
  sigaction(SIGABRT, &(struct sigaction){.sa_handler = aborted, .sa_flags = (int)SA_RESETHAND}, NULL);
}

static loom_status body(loom_ctx *ctx, int argc, char **argv) {
  cli_options o;
  cli_sandbox sandbox;
  loom_status (*run)(loom_ctx *, const cli_options *) = NULL;
  LOOM_TRY(cli_parse(ctx, argc, argv, &o));
  o.opinion = &z3;
  LOOM_TRY(cli_progress_open(ctx, &o));
  cli_set_machine_path(ctx);
  LOOM_TRY(find_command(ctx, &o, &run));
  LOOM_TRY(run_stage_join(ctx));
  LOOM_TRY(cli_sandbox_open(ctx, &o, false, &sandbox));
  LOOM_TRY(confine(ctx, &o, sandbox.policy));
  run_stage_enter("start");
  return run_command(ctx, run, &o);
}

int main(int argc, char **argv) {
  cli_start();
  if (argc < 2 || !cli_find_command(argv[1])) {
    fprintf(stderr, "loom-worker is started by loom\n");
    return loom_status_exit(LOOM_EUSAGE);
  }
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  prctl(PR_SET_PDEATHSIG, SIGTERM);      /* of loom: nobody waits for the answer then */
  expect_death();
  loom_status st = body(&ctx, argc - 1, argv + 1);   /* no guard: C++ frames lie between here and an allocation; out of memory ends the worker, loom reports it */
  cli_print_diagnostics(&ctx);
  const int code = cli_finish_output(loom_status_exit(st));
  loom_ctx_done(&ctx);
  return code == 0 ? CLI_WORKER_DONE : code;
}
