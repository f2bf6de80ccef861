/* Variables that device loops and branches change: what is carried, and how it comes out. */
#ifndef LOOM_HELION_CARRY_H
#define LOOM_HELION_CARRY_H
#include "frontend/helion/helion_device.h"

typedef VEC_OF(const char *) helion_names;
/* Names that the statements of `block` ("body", "orelse") assign, at any depth. */
void helion_assigned_names(helion_reader *r, const syn_node *n, const char *block, helion_names *out);
/* Names that statement `n` assigns, at any depth. */
void helion_statement_names(helion_reader *r, const syn_node *n, helion_names *out);
/* The names that statement `n` assigns, at any depth, are UNKNOWN from now on: it was refused, and what follows from that is not reported again. */
void helion_forget_assigned(helion_reader *r, const syn_node *n);
/* The variables that the loop itself sets are not defined from now on. */
void helion_unset_target(helion_reader *r, const syn_node *loop);
/* Those names of the body of a loop that hold a device value before it, each once. */
helion_names helion_carried_names(helion_reader *r, const syn_node *loop);
/* What variable `name` holds after a round of the loop, of the type of `start`; `start`, diagnosed, when it changed its type. */
kernel_value helion_carried_result(helion_reader *r, const syn_node *n, const char *name, kernel_value start);
void helion_yield(helion_reader *r, const syn_node *n, int count, const kernel_value *values);
/* The same number, tensor, device value or sequence of them. */
bool helion_is_same(helion_reader *r, const helion_value *a, const helion_value *b);
/* Diagnoses variables of before that changed and are not among `names`: python numbers, sequences, host tensors. */
void helion_check_numbers(helion_reader *r, const syn_node *n, const helion_var *before, size_t n_vars, const helion_names *names);
/* A copy of the variables of this scope, and going back to it except for `kept` (NULL: none). */
helion_var *helion_save_vars(helion_reader *r, size_t *out_n);
void helion_restore_vars(helion_reader *r, const helion_var *before, size_t n_vars, const helion_names *kept);
#endif
