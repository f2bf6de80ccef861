/* loom: the plain binary.  Links no MLIR. */
#include "cli/cli.h"
#include "base/alloc.h"
#include "base/file.h"
#include "run/run_ranks.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct invocation { int argc; char **argv; const cli_command *command; bool in_worker; cli_options options; } invocation;

static loom_status run_plain(loom_ctx *ctx, const cli_options *o) {
  if (strcmp(o->command, "machine") == 0)
    return cmd_machine(ctx, o);
  if (strcmp(o->command, "solve") == 0)
    return cmd_solve(ctx, o);
  if (strcmp(o->command, "sim") == 0)
    return cmd_sim(ctx, o);
  if (strcmp(o->command, "bench") == 0)
    return cmd_bench(ctx, o);
  if (strcmp(o->command, "eval") == 0)
    return cmd_eval(ctx, o);
  if (strcmp(o->command, "report") == 0)
    return cmd_report(ctx, o);
  if (strcmp(o->command, "providers") == 0)
    return cmd_providers(ctx, o);
  if (strcmp(o->command, "reduce") == 0)
    return cmd_reduce(ctx, o);
  if (strcmp(o->command, "config") == 0)
    return cmd_config(ctx, o);
  if (strcmp(o->command, "explain") == 0)
    return cmd_explain(ctx, o);
  if (strcmp(o->command, "lsp") == 0)
    return cmd_lsp(ctx, o);
  if (strcmp(o->command, "completion") == 0)
    return cmd_completion(ctx, o);
  return cmd_doctor(ctx, o);
}

static loom_status complete_body(loom_ctx *ctx, void *data) {
  const invocation *in = data;
  return cli_complete(ctx, in->argc, in->argv);
}

static loom_status body(loom_ctx *ctx, void *data) {
  invocation *in = data;
  LOOM_TRY(cli_parse(ctx, in->argc, in->argv, &in->options));
  if (in->options.help) {
    cli_help(in->command);
    return LOOM_OK;
  }
  bool is_tile_graph = strcmp(in->command->name, "sim") == 0 && in->options.files.n == 1 && cli_is_tile_graph(in->options.files.at[0]);
  bool is_published = strcmp(in->command->name, "bench") == 0 && cli_is_published_bench(&in->options);
  bool is_model = strcmp(in->command->name, "report") == 0 && in->options.files.n == 1 && cli_is_model(in->options.files.at[0]);
  bool is_npu = strcmp(in->command->name, "report") == 0 && !is_model && cli_reports_npu(ctx, &in->options);
  if (is_model || is_npu || (in->command->place == CLI_IN_WORKER && !is_tile_graph && !is_published) || in->options.certify) {
    in->in_worker = true;
    return LOOM_OK;
  }
  if (in->options.require_sandbox) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--require-sandbox: this form of 'loom %s' runs in loom itself, which is not confined", in->command->name);
    diag_help(ctx, "leave it away; nothing is compiled here and no machine code runs");
    return LOOM_EUSAGE;
  }
  if (in->command->place == CLI_IN_SWEEP)
    return LOOM_OK;
  cli_set_machine_path(ctx);
  LOOM_TRY(cli_progress_open(ctx, &in->options));
  return run_plain(ctx, &in->options);
}

static int usage_error(int argc, char **argv, const char *name) {
  loom_ctx ctx;
  size_t n;
  const cli_command *all = cli_commands(&n);
  const char *names[32];
  for (size_t i = 0; i < n; i++)
    names[i] = all[i].name;
  loom_ctx_init(&ctx);
  if (cli_find_error_format(&ctx, argc, argv) == LOOM_OK)
    diag_error(&ctx, LOOM_NOSPAN, LOOM_EUSAGE, "unknown command '%s'", name);
  const char *near = diag_nearest(name, names, n);
  if (near)
    diag_help(&ctx, "did you mean 'loom %s'?", near);
  else if (file_exists(name))
    diag_help(&ctx, "it is a file: 'loom run %s' runs a kernel, 'loom --help' lists what else can be done with one", name);
  else
    diag_help(&ctx, "'loom --help' lists the commands");
  cli_print_diagnostics(&ctx);
  loom_ctx_done(&ctx);
  return loom_status_exit(LOOM_EUSAGE);
}

/* `helion-opt FILE ..` is `loom opt FILE ..` and `eval_core` is `loom eval`: the names that upstream's scripts call. */
static char **as_command(int *argc, char **argv) {
  const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
  static char opt[] = "opt", eval[] = "eval";
  bool is_opt = strcmp(name, "helion-opt") == 0;
  if (!is_opt && strcmp(name, "eval_core") != 0)
    return argv;
  static char **volatile with;   /* lives as long as the process, and is seen to */
  with = alloc_bytes(((size_t)*argc + 2) * sizeof *with);
  if (!with)
    return argv;
  with[0] = argv[0];
  with[1] = is_opt ? opt : eval;
  for (int i = 1; i <= *argc; i++)
    with[i + 1] = argv[i];
  ++*argc;
  return with;
}

/* Of a command line that asks for no command's work: help, versions, what manual pages and completion are made of.  False: it asks for a command. */
static bool answer(int argc, char **argv, int *out_code) {
  const char *word = argc > 1 ? argv[1] : "--help";
  const bool is_help = strcmp(word, "help") == 0, is_manual = strcmp(word, "manual") == 0;
  *out_code = 0;
  if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || (is_help && argc == 2)) {
    cli_help(NULL);
    *out_code = argc < 2 ? loom_status_exit(LOOM_EUSAGE) : 0;
  } else if (strcmp(word, "--version") == 0) {
    puts("loom " LOOM_VERSION);
  } else if (strcmp(word, "complete") == 0) {      /* for the scripts of `loom completion`: says nothing of what is wrong */
    loom_ctx ctx;
    invocation words = {.argc = argc - 2, .argv = argv + 2};
    loom_ctx_init(&ctx);
    *out_code = loom_status_exit(loom_ctx_run(&ctx, complete_body, &words));
    loom_ctx_done(&ctx);
  } else if (is_manual && argc == 2) {
    cli_manual(NULL);
  } else if (is_manual && strcmp(argv[2], "--options") == 0) {
    cli_manual_options();
  } else if (is_help || is_manual) {
    const cli_command *c = cli_find_command(argv[2]);
    if (c)
      (is_manual ? cli_manual : cli_help)(c);
    else
      *out_code = usage_error(argc, argv, argv[2]);
  } else {
    return false;
  }
  return true;
}

int main(int argc, char **argv) {
  int code;
  cli_start();
  argv = as_command(&argc, argv);
  if (answer(argc, argv, &code))
    return cli_finish_output(code);
  invocation in = {.argc = argc - 1, .argv = argv + 1, .command = cli_find_command(argv[1])};
  if (!in.command)
    return usage_error(argc, argv, argv[1]);
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  loom_status st = loom_ctx_run(&ctx, body, &in);
  code = loom_status_exit(st);
  const bool is_shared = in.options.shard.last || strcmp(in.command->name, "explore") == 0;
  const bool speaks = is_shared && cli_is_in_job() && !getenv(RUN_RANKS_VARIABLE);      /* to the other ranks, and another process computes */
  if (st == LOOM_OK && !in.options.help && (in.command->place == CLI_IN_SWEEP || speaks)) {
    code = cli_become_sweep(argv);
  } else if (in.in_worker) {   /* the worker parses again and prints what there is to say */
    code = cli_run_worker(in.argc, in.argv, &in.options);
  } else {
    cli_print_diagnostics(&ctx);
    code = cli_finish_output(code);
  }
  loom_ctx_done(&ctx);
  return code;
}
