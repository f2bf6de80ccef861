/* machine_template: machines/host.yaml with the running CPU's numbers put in, and the file of measured ones. */
#ifndef LOOM_MACHINE_TEMPLATE_H
#define LOOM_MACHINE_TEMPLATE_H
#include "machine/machine_cpu.h"

/* Does the text have `$name`s to fill in?  Only our own files may. */
bool machine_is_template(const char *bytes);
/* Every `$name` and `$name.full` of `bytes` replaced; $cpu: its name; $source: where its numbers come from.  LOOM_EINPUT: a name that is none, with its place. */
LOOM_MUST_USE loom_status machine_fill(loom_ctx *ctx, const char *path, const char *bytes, const machine_cpu *cpu, char **out, size_t *out_size);
/* Where `loom machine calibrate` leaves this CPU's file: $XDG_CACHE_HOME/loom/host.yaml, ~/.cache/loom/host.yaml; NULL: neither variable is set. */
const char *machine_calibrated_path(arena *mem);
#endif
