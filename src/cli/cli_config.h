/* The user's configuration, and options that the file of --config sets (cli_config.c), for cli_options.c and cmd_config.c. */
#ifndef LOOM_CLI_CLI_CONFIG_H
#define LOOM_CLI_CLI_CONFIG_H
#include "cli/cli.h"

typedef VEC_OF(const char *) cli_words;
/* command NULL: of all commands that take the option. */
typedef struct cli_setting { const cli_command *command; const cli_option *option; cli_words words; loom_span span; } cli_setting;
typedef VEC_OF(cli_setting) cli_settings;

/* $LOOM_CONFIG (empty: none), else loom/config.yaml in $XDG_CONFIG_HOME or ~/.config where there is one; NULL: none. */
const char *cli_config_path(arena *m, bool *is_named);
/* In the file's order. */
LOOM_MUST_USE loom_status cli_config_read(loom_ctx *ctx, cli_settings *out);
/* What the file of --config says of the machine (hw_spec, df_mlir), shape, dtype, arg and function, as options have it. */
LOOM_MUST_USE loom_status cli_config_file_read(loom_ctx *ctx, const char *path, cli_settings *out);
#endif
