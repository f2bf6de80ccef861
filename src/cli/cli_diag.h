/* What cli_diag.c (text) and cli_diag_data.c (JSON, SARIF) share. */
#ifndef LOOM_CLI_CLI_DIAG_H
#define LOOM_CLI_CLI_DIAG_H
#include "base/data.h"

/* Start and length of 1-based line `line`, or NULL. */
const char *cli_diag_line(const diag_source *s, int32_t line, size_t *out_len);
/* Is "not supported: " put before the message?  Those that say so by themselves name the construct. */
bool cli_diag_lacks_support(const diag_item *d);
data_value *cli_diag_to_data(arena *m, const diag_item *d);            /* loom.diagnostic.v1 */
data_value *cli_diag_to_sarif(arena *m, const loom_ctx *ctx);
#endif
