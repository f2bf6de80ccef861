/* Needs a function that nobody has. */
#include <loom/kernel_provider.h>
void a_function_of_nobody(void);
LOOM_KERNEL_EXPORT void my_matmul_kernel(void);
void my_matmul_kernel(void) { a_function_of_nobody(); }
