/* Does the DRAM of a chip hold what a kernel reads and writes? */
#ifndef LOOM_COMPILE_DRAM_H
#define LOOM_COMPILE_DRAM_H
#include "compile.h"
/* The arguments of the kernel's canonical form that are not placed in L1.  LOOM_EINFEASIBLE: they do not fit; the message says what takes how much. */
LOOM_MUST_USE loom_status compile_check_dram(compile_state *s);
#endif
