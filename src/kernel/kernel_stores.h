/* Which memory an access of a kernel touches. */
#ifndef LOOM_KERNEL_KERNEL_STORES_H
#define LOOM_KERNEL_KERNEL_STORES_H
#include "kernel/kernel.h"

kernel_tensor kernel_root(const kernel_graph *k, kernel_tensor t);       /* what a view is of; -1 stays -1 */
/* Does some STORE or ATOMIC write to `root`, itself or through a view of it? */
bool kernel_is_stored(const kernel_graph *k, kernel_tensor root);
#endif
