/* The words of loom.kernel.v1 for the enums of kernel.h; index = enum value. */
#ifndef LOOM_KERNEL_WORDS_H
#define LOOM_KERNEL_WORDS_H
#include "kernel/kernel.h"
static const char *const kernel_sym_kind_word[] = {"size", "block", "tunable", "nominal", "runtime"};
static const char *const kernel_role_word[] = {"arg", "alloc", "view"};
static const char *const kernel_fill_word[] = {"empty", "zero", "value"};
static const char *const kernel_init_word[] = {"randn", "rand", "zeros", "ones", "empty", "randint", "full"};
static const char *const kernel_index_word[] = {"tile", "scalar", "all", "slice", "new", "tensor"};
_Static_assert(sizeof kernel_init_word / sizeof *kernel_init_word == KERNEL_INIT_FULL + 1, "one word for each kernel_init");
_Static_assert(sizeof kernel_index_word / sizeof *kernel_index_word == KERNEL_INDEX_TENSOR + 1, "one word for each kernel_index_kind");
#endif
