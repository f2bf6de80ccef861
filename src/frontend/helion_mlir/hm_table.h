/* How functions, element types and kinds of indices are spelled: one table for the printer and the reader. */
#ifndef LOOM_FRONTEND_HM_TABLE_H
#define LOOM_FRONTEND_HM_TABLE_H
#include "kernel/kernel.h"

typedef struct hm_fn_row { kernel_fn fn; const char *aten; bool has_alpha; /* a last operand that multiplies the second one */ } hm_fn_row;
extern const hm_fn_row hm_fns[];
extern const size_t hm_n_fns;
/* NULL: ATen has no such function. */
const hm_fn_row *hm_fn_find(kernel_fn fn);
/* By its name behind "torch.aten." */
const hm_fn_row *hm_aten_find(const char *aten);
/* Any function by kernel_fn_name. */
bool hm_fn_parse(const char *name, kernel_fn *out);

/* torch's signed spelling ("si64") and its number for element types. */
const char *hm_torch_element(dtype t);
bool hm_torch_element_parse(const char *s, size_t n, dtype *out);
int hm_scalar_type(dtype t);
bool hm_scalar_type_parse(int64_t number, dtype *out);

/* `t` becomes the shape that it and `b` broadcast to, numpy-style; sizes that do not fit are for the verifier. */
void hm_broadcast(kernel_type *t, const kernel_type *b);
/* Attribute of elementwise operations: sizes of the result where those of the operands, though equal, are written in another way. */
#define HM_DIMS "loom.dims"

const char *hm_index_name(kernel_index_kind k);
bool hm_index_parse(const char *name, kernel_index_kind *out);
#endif
