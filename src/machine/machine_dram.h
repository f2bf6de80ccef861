/* What lies in the DRAM of a chip, and whether there is room for it (docs/machines.md). */
#ifndef LOOM_MACHINE_MACHINE_DRAM_H
#define LOOM_MACHINE_MACHINE_DRAM_H
#include "machine/machine.h"

/* DRAM of one chip, all channels; 0: not told, or that of a CPU, which its system deals out. */
int64_t machine_dram_bytes(const machine *m);
/* What so many bytes of a tensor take of it: each tensor begins on the first channel and has whole pages, equally many on all.  INT64_MAX: more than can be counted; so the sum. */
int64_t machine_dram_room(const machine *m, int64_t bytes);
typedef struct machine_dram_use { const char *name; int64_t bytes; } machine_dram_use;
int64_t machine_dram_sum(const machine *m, const machine_dram_use *uses, size_t n);
bool machine_dram_fits(const machine *m, const machine_dram_use *uses, size_t n);      /* true where the size is not told */
/* Of what does not fit: "y 131072 B + x 65536 B = 196608 B > DRAM 131072 B", the largest first. */
const char *machine_dram_text(arena *mem, const machine *m, const machine_dram_use *uses, size_t n);
#endif
