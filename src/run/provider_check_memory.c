#include "base/shape.h"
#include "run/provider_check_memory.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SEAL = 0x5a };

static loom_kernel_dtype kernel_type(dtype t) {
  return (loom_kernel_dtype){t == DTYPE_BF16 ? LOOM_KERNEL_BFLOAT : dtype_is_float(t) ? LOOM_KERNEL_FLOAT : LOOM_KERNEL_INT, (uint8_t)(dtype_bytes(t) * 8), 1};
}

/* Strides of the two matrix dims. */
static void place(check_layout layout, int64_t rows, int64_t columns, int64_t *s0, int64_t *s1) {
  *s0 = columns;
  *s1 = 1;
  switch (layout) {
  case LAYOUT_WIDE: *s0 = columns + 5; break;
  case LAYOUT_COLUMNS: *s0 = 1, *s1 = rows + 3; break;
  case LAYOUT_STEPS: *s0 = 2 * columns + 1, *s1 = 2; break;
  case LAYOUT_BACKWARD: *s0 = -columns, *s1 = -1; break;
  case LAYOUT_BROADCAST: *s0 = 0; break;
  case LAYOUT_FAR: *s0 = (INT64_C(1) << 31) + 8; break;
  case LAYOUT_DENSE: case LAYOUT_OFFSET: case LAYOUT_UNALIGNED: break;
  }
}

bool check_operand_make(check_operand *o, dtype type, int n_batch, const int64_t *batch, int64_t rows, int64_t columns, check_layout layout) {
  *o = (check_operand){.type = type};
  int rank = n_batch + 2;
  int64_t low = 0, high = 0, step, before = layout == LAYOUT_OFFSET ? 7 : 0;
  for (int d = 0; d < n_batch; d++)
    o->sizes[d] = batch[d];
  o->sizes[rank - 2] = rows;
  o->sizes[rank - 1] = columns;
  place(layout, rows, columns, &o->strides[rank - 2], &o->strides[rank - 1]);
  step = (layout == LAYOUT_COLUMNS ? (rows + 3) * columns : layout == LAYOUT_STEPS ? (2 * columns + 1) * rows : layout == LAYOUT_WIDE ? (columns + 5) * rows : rows * columns) + 3;
  for (int d = n_batch - 1; d >= 0; step *= batch[d], d--)
    o->strides[d] = step;
  for (int d = 0; d < rank; d++) {
    int64_t last = (o->sizes[d] ? o->sizes[d] - 1 : 0) * o->strides[d];
    *(last < 0 ? &low : &high) += last;
  }
  size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = dtype_bytes(type), align = layout == LAYOUT_UNALIGNED ? 4 : 0;
  o->used = (size_t)(high - low + 1 + before) * bytes;
  o->mapped = (o->used + align + page - 1) / page * page + page;
  o->mapping = mmap(NULL, o->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (o->mapping == MAP_FAILED)
    return false;
  mprotect(o->mapping + o->mapped - page, page, PROT_NONE);
  o->first = o->mapping + o->mapped - page - o->used;
  if (align)                                /* at the start of a page: 4 bytes past it; at its end, 4 bytes are spare unless elements have more */
    o->first = o->mapping + align;
  o->tensor = (loom_kernel_tensor_v1){.size = sizeof o->tensor, .version = LOOM_KERNEL_ABI, .allocated = o->first, .aligned = o->first, .offset = before - low, .rank = rank,
                                      .dtype = kernel_type(type), .sizes = o->sizes, .strides = o->strides, .align = (uint32_t)bytes};
  return true;
}

void check_operand_free(check_operand *o) {
  if (o->mapping && o->mapping != MAP_FAILED)
    munmap(o->mapping, o->mapped);
  o->mapping = NULL;
}

static char *at(const check_operand *o, int64_t batch, int64_t r, int64_t c) {
  int rank = o->tensor.rank;
  provider_product p = {.n_batch = rank - 2};
  memcpy(p.batch, o->sizes, sizeof p.batch);
  int64_t i = provider_matrix_offset(&o->tensor, &p, batch) + r * o->strides[rank - 2] + c * o->strides[rank - 1];
  return (char *)o->tensor.aligned + i * (int64_t)dtype_bytes(o->type);
}

double check_operand_get(const check_operand *o, int64_t batch, int64_t r, int64_t c) { return dtype_load(o->type, at(o, batch, r, c)); }
void check_operand_set(check_operand *o, int64_t batch, int64_t r, int64_t c, double v) { dtype_store(o->type, at(o, batch, r, c), v); }

static int64_t matrices(const check_operand *o) { return shape_elements(o->tensor.rank - 2, o->sizes); }

enum { SEALED_BYTES_MAX = 1 << 24 };        /* a sparse operand is not sealed */

/* Marks (1) or skips over the bytes of elements in a copy. */
static void for_elements(const check_operand *o, void (*fn)(char *element, size_t bytes, void *data), void *data) {
  int rank = o->tensor.rank;
  for (int64_t b = 0; b < matrices(o); b++)
    for (int64_t r = 0; r < o->sizes[rank - 2]; r++)
      for (int64_t c = 0; c < o->sizes[rank - 1]; c++)
        fn(at(o, b, r, c), dtype_bytes(o->type), data);
}

static void keep(char *element, size_t bytes, void *data) {
  (void)data;
  memset(element, 0, bytes);
}

void check_operand_seal(check_operand *o) {
  if (o->mapped > SEALED_BYTES_MAX)
    return;
  memset(o->mapping, SEAL, o->mapped - (size_t)sysconf(_SC_PAGESIZE));
  for_elements(o, keep, NULL);
}

static void count_own(char *element, size_t bytes, void *data) {
  int64_t *own = data;
  for (size_t i = 0; i < bytes; i++)
    *own += element[i] != SEAL;
}

int64_t check_operand_damage(const check_operand *o) {
  if (o->mapped > SEALED_BYTES_MAX)
    return 0;
  int64_t other = 0, own = 0;
  for (size_t i = 0; i < o->mapped - (size_t)sysconf(_SC_PAGESIZE); i++)
    other += o->mapping[i] != SEAL;
  for_elements(o, count_own, &own);
  return other - own;
}
