/* What `loom machine calibrate` prints. */
#ifndef LOOM_CLI_CALIBRATION_H
#define LOOM_CLI_CALIBRATION_H
#include "machine/machine_calibrate.h"

void cli_print_calibration(loom_ctx *ctx, const machine_cpu *cpu, const char *written, bool json);
#endif
