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
/* hl.tile(...) is the range of a for and nothing else; false: it was diagnosed. */
bool helion_check_loop_value(helion_reader *r, const syn_node *n, const helion_value *v);
/* `decorator` is @helion.kernel, with or without settings, or one of its like (helion_kernel_find.c). */
bool helion_makes_kernel(helion_reader *r, const syn_node *decorator);
/* The decorators of the kernel and their settings. */
void helion_check_makers(helion_reader *r, const helion_kernel *k);
/* A loop touches what an earlier one wrote only behind hl.barrier(). */
void helion_enter_top_loop(helion_reader *r);
void helion_leave_top_loop(helion_reader *r, const syn_node *n, const kernel_op *loop);
/* `n`: the call, or a statement that was refused and may have been meant as one. */
void helion_pass_barrier(helion_reader *r, const syn_node *n);

/* ---- words (helion_words.c) ---- */
/* "`with`", "a set"; help is NULL where nothing special is to be done. */
typedef struct helion_words { const char *words, *help; } helion_words;
const helion_words *helion_construct(helion_reader *r, const syn_node *n);
#endif
