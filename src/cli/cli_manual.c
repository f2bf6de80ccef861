/* Manual pages, as scdoc reads them: `loom manual` writes loom(1), `loom manual COMMAND` that of a command.  From the tables of cli.h. */
#include "cli/cli.h"
#include <stdio.h>
#include <string.h>

static const struct { int code; const char *meaning; } exits[] = {
    {0, "all is well"},
    {1, "the input is wrong; the message has file, line, column and the source line"},
    {2, "usage: an unknown command, option, machine or function of the kernel"},
    {3, "numbers differ, the virtual chip reports a fault, or a kernel of this CPU faults"},
    {4, "a kernel provider failed"},
    {5, "no mapping is feasible, or the given block sizes are not"},
    {6, "a declared limit was reached; the message names it"},
    {7, "an operation or construct that is not supported; all of them are listed"},
    {8, "a named file is missing or cannot be read or written, or the disk is full"},
    {70, "an error of Loom's own; the message says where what reproduces it was saved"},
};
static const cli_variable variables[] = {
    {"LOOM_CONFIG", "the user's configuration, instead of loom/config.yaml in $XDG_CONFIG_HOME or ~/.config; empty: none"},
    {"LOOM_CACHE_DIR", "where compiled kernels are kept (else loom/objects in $XDG_CACHE_HOME or ~/.cache)"},
    {"LOOM_NO_CACHE", "set: compile even what was compiled before, and keep nothing"},
    {"LOOM_MACHINES", "a directory of machine descriptions, before those that were installed"},
    {"LOOM_LIMITS", "what --limits says, where that is not given"},
    {"LOOM_SANDBOX", "on (default), log or off: whether what compiles and runs machine code is confined"},
    {"LOOM_PROVIDER_ALLOW", "a file of lines of sha256sum: only these libraries may be loaded as kernel providers"},
    {"LOOM_CRASH_DIR", "where what reproduces an internal error is saved (else the working directory); empty: nowhere"},
    {"LOOM_LINKER", "the linker of --emit so (else the first of cc, gcc, clang, ld.lld, ld on the path)"},
    {"LOOM_TT_EMULATOR", "the directory of the emulation of tt-metal, for --engine tt-emu"},
    {"LOOM_KEEP_TEMPORARY", "set: the directory that --engine tt-emu builds in stays"},
    {"CXX", "the C++ compiler of --engine tt-emu"},
    {"NO_COLOR", "set, and not empty: no colours in messages"},
    {"CLICOLOR", "0: no colours in messages; else they are coloured on a terminal that TERM does not call dumb"},
    {"CLICOLOR_FORCE", "set, and not 0: colours also where messages do not go to a terminal"},
};

const cli_variable *cli_variables(size_t *out_n) {
  *out_n = sizeof variables / sizeof *variables;
  return variables;
}

/* scdoc: letters that it would take for markup have a backslash. */
static void put(const char *words) {
  for (const char *c = words; *c; c++) {
    if (strchr("_*\\<>#~`[]{}", *c))
      putchar('\\');
    putchar(*c);
  }
}

static void put_heading(const char *name, const char *summary) {
  printf("%s(1)\n\n# NAME\n\n", name);
  put(name);
  printf(" - ");
  put(summary);
  printf("\n\n");
}

static void put_exits(void) {
  printf("# EXIT STATUS\n\n");
  for (size_t i = 0; i < sizeof exits / sizeof *exits; i++) {
    printf("*%d*\n\t", exits[i].code);
    put(exits[i].meaning);
    printf("\n\n");
  }
}

static void put_command(const cli_command *c) {
  size_t n;
  const cli_option *all = cli_option_table(&n);
  char name[64];
  snprintf(name, sizeof name, "loom-%s", c->name);
  put_heading(name, c->summary);
  printf("# SYNOPSIS\n\n*loom %s* ", c->name);
  put(c->usage);
  printf("\n\n# OPTIONS\n\n");
  for (size_t i = 0; i < n; i++) {
    if (!cli_takes(c, &all[i]))
      continue;
    printf("*--%s*", all[i].name);
    if (all[i].argument) {
      printf(" ");
      put(all[i].argument);
    }
    printf("\n\t");
    put(all[i].help);
    printf("\n\n");
  }
  printf("# EXAMPLES\n\n```\n");
  cli_print_examples(c, "");
  printf("```\n\n");
  put_exits();
  printf("# SEE ALSO\n\n*loom*(1)\n");
}

static void put_overview(void) {
  size_t n;
  const cli_command *all = cli_commands(&n);
  put_heading("loom", "compiles ML kernels for spatial accelerators and runs them on a virtual chip");
  printf("# SYNOPSIS\n\n*loom* COMMAND \\[options\\] \\[FILE|-\\]++\n*loom* COMMAND *--help*++\n*loom --version*\n\n# DESCRIPTION\n\n");
  printf("Loom takes Helion Python source, Device IR dumps and MLIR of the torch, linalg and tosa dialects, searches every way to spread a kernel over the machine that a file describes, "
         "proves which block sizes are best, writes bufferized MLIR and target code, and runs the result on a virtual chip that checks numbers and counts cycles.\n\n");
  printf("Data go to standard output, messages to standard error.\n\n# COMMANDS\n\n");
  for (size_t i = 0; i < n; i++) {
    printf("*loom-%s*(1)\n\t", all[i].name);
    put(all[i].summary);
    printf("\n\n");
  }
  put_exits();
  printf("# ENVIRONMENT\n\n");
  for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
    printf("*");
    put(variables[i].name);
    printf("*\n\t");
    put(variables[i].meaning);
    printf("\n\n");
  }
}

/* A cell of Markdown. */
static void put_cell(const char *words) {
  for (const char *c = words; *c; c++) {
    if (*c == '|')
      putchar('\\');
    putchar(*c);
  }
}

void cli_manual_options(void) {
  size_t n, n_commands;
  const cli_option *all = cli_option_table(&n);
  const cli_command *commands = cli_commands(&n_commands);
  printf("| option | of | does |\n|---|---|---|\n");
  for (size_t i = 0; i < n; i++) {
    size_t takers = 0, listed = 0;
    for (size_t k = 0; k < n_commands; k++)
      takers += cli_takes(&commands[k], &all[i]);
    printf("| `--%s%s", all[i].name, all[i].argument ? " " : "");
    put_cell(all[i].argument ? all[i].argument : "");
    printf("` | %s", takers == n_commands ? "all" : "");
    for (size_t k = 0; k < n_commands && takers < n_commands; k++)
      if (cli_takes(&commands[k], &all[i]))
        printf("%s%s", listed++ ? ", " : "", commands[k].name);
    printf(" | ");
    put_cell(all[i].help);
    printf(" |\n");
  }
}

void cli_manual(const cli_command *c) {
  if (c)
    put_command(c);
  else
    put_overview();
}
