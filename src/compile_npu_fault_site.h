/* Where a fault in a program of an NPU is made (compile_npu_faults.h). */
#ifndef LOOM_COMPILE_NPU_FAULT_SITE_H
#define LOOM_COMPILE_NPU_FAULT_SITE_H
#include "base/rng.h"
#include "compile_npu.h"
#include "target/npu/npt_transfer.h"
#include <stdio.h>
#include <string.h>

typedef enum fault_stage { IN_PROGRAM, IN_LOWERED, IN_GRAPH, IN_CODE } fault_stage;
/* is_even: the case's sizes are whole vectors and whole rounds of lanes: every element that is moved or computed is of the result.  Of words: `function` is what the word drawn is of,
 * is_in_transfer: the code of a transfer. */
typedef struct fault_site { compile_state *s; compile_npu *n; rng r; bool is_even, is_in_transfer; const char *function; char what[400]; } fault_site;
typedef struct npu_seeded { const char *name; fault_stage stage; bool (*edit)(fault_site *); const char *reports; } npu_seeded;
enum { PLACES_MAX = 4096 };

#define TELL(f, ...) snprintf((f)->what, sizeof(f)->what, __VA_ARGS__)

/* From low to high, both too. */
static inline int64_t draw(fault_site *f, int64_t low, int64_t high) { return rng_range(&f->r, low, high); }
#endif
