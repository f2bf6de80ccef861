/* Operands of a check: strided memory that ends at a page nobody may touch, with known contents around the elements. */
#ifndef LOOM_RUN_PROVIDER_CHECK_MEMORY_H
#define LOOM_RUN_PROVIDER_CHECK_MEMORY_H
#include "base/dtype.h"
#include "run/provider_product.h"

/* How an operand lies. */
typedef enum check_layout {
  LAYOUT_DENSE, LAYOUT_OFFSET /* elements before the first */, LAYOUT_WIDE /* rows longer than the matrix */, LAYOUT_COLUMNS /* column by column */, LAYOUT_STEPS /* no stride is 1 */,
  LAYOUT_BACKWARD /* negative strides */, LAYOUT_BROADCAST /* one row for all */, LAYOUT_UNALIGNED /* at 4 bytes past any alignment */, LAYOUT_FAR /* rows 2^31 elements apart */
} check_layout;

typedef struct check_operand {
  dtype type;
  loom_kernel_tensor_v1 tensor;
  int64_t sizes[PROVIDER_RANK_MAX], strides[PROVIDER_RANK_MAX];
  char *mapping; size_t mapped, used;       /* the elements are the last `used` bytes before the guard */
  char *first;                              /* byte of the lowest element */
} check_operand;

/* false: the memory cannot be had.  `batch` leading sizes (n_batch of them), then rows x columns. */
bool check_operand_make(check_operand *o, dtype type, int n_batch, const int64_t *batch, int64_t rows, int64_t columns, check_layout layout);
void check_operand_free(check_operand *o);
double check_operand_get(const check_operand *o, int64_t batch, int64_t r, int64_t c);
void check_operand_set(check_operand *o, int64_t batch, int64_t r, int64_t c, double v);
/* Fills everything that belongs to no element with a pattern; counts the bytes of it that have changed since. */
void check_operand_seal(check_operand *o);
int64_t check_operand_damage(const check_operand *o);
#endif
