/* The words of loom.kernel.v1 for the enums of kernel.h; index = enum value. */
#ifndef LOOM_KERNEL_WORDS_H
#define LOOM_KERNEL_WORDS_H
static const char *const kernel_sym_kind_word[] = {"size", "block", "tunable"};
static const char *const kernel_role_word[] = {"arg", "alloc", "view"};
static const char *const kernel_fill_word[] = {"empty", "zero", "value"};
static const char *const kernel_init_word[] = {"randn", "rand", "zeros", "ones", "empty", "randint", "full"};
static const char *const kernel_index_word[] = {"tile", "scalar", "all", "slice", "new", "tensor"};
#endif
