/* Needs the runtime of a sanitizer, as a library built with -fsanitize=memory does. */
#include <loom/kernel_provider.h>
void __msan_init(void);
LOOM_KERNEL_EXPORT void my_matmul_kernel(void);
void my_matmul_kernel(void) { __msan_init(); }
