/* torch.cat where the sizes along the dim differ. */
#ifndef LOOM_HELION_CAT_H
#define LOOM_HELION_CAT_H
#include "frontend/helion/helion_call.h"

/* The values of argument 0 side by side along `axis`; their other dims are equal. */
helion_value helion_cat_sizes(helion_reader *r, const helion_call *c, int axis);
#endif
