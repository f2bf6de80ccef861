/* Rules of Helion on what may stand where.  Each function diagnoses what it refuses. */
#ifndef LOOM_HELION_RULES_H
#define LOOM_HELION_RULES_H
#include "frontend/helion/helion_value.h"

/* Device code does not assign to variables of host code. */
bool helion_may_assign(helion_reader *r, const syn_node *n, const char *name);
/* Functions of helion.language are device code but for a few; hl.specialize is host code. */
bool helion_may_call(helion_reader *r, const syn_node *n, const char *path);
/* A kernel calls no kernel. */
bool helion_may_call_function(helion_reader *r, const syn_node *n, const helion_func *f);
/* No definitions in a kernel, no a = b = c in device code; remembers what stands between two top-level loops. */
bool helion_may_stand(helion_reader *r, const syn_node *n);
/* hl.tile(...) is the range of a for and nothing else. */
void helion_check_loop_value(helion_reader *r, const syn_node *n, const helion_value *v);
/* A loop touches what an earlier one wrote only behind hl.barrier(). */
void helion_enter_top_loop(helion_reader *r);
void helion_leave_top_loop(helion_reader *r, const kernel_op *loop);
void helion_pass_barrier(helion_reader *r, const syn_node *call);
#endif
