/* Bits of one type as another. */
#ifndef LOOM_HELION_BITS_H
#define LOOM_HELION_BITS_H
#include "frontend/helion/helion_value.h"

/* x.view(to).  Of a host tensor a copy, so that neither may be stored to from there on. */
helion_value helion_view_bits(helion_reader *r, const syn_node *n, const helion_value *x, dtype to);
/* False, diagnosed: `t` shares memory with such a copy in PyTorch. */
bool helion_may_write(helion_reader *r, const syn_node *n, kernel_tensor t);
#endif
