#include "gemm.h"
#include "gemm_element.h"
#include <stdio.h>
#include <string.h>

enum { RANK_MAX = 8, ALIGN = 64, PAGE = 4096 };

/* ---- what is asked ---- */
typedef struct combination { gemm_element a, b, c, compute, sum; } combination;
/* Products as they are computed: of floats below f32 in f32, rounded once. */
static const combination combinations[] = {
    {GEMM_F32, GEMM_F32, GEMM_F32, GEMM_F32, GEMM_F32},     {GEMM_F64, GEMM_F64, GEMM_F64, GEMM_F64, GEMM_F64},
    {GEMM_F16, GEMM_F16, GEMM_F32, GEMM_F32, GEMM_F32},     {GEMM_F16, GEMM_F16, GEMM_F16, GEMM_F32, GEMM_F32},
    {GEMM_BF16, GEMM_BF16, GEMM_F32, GEMM_BF16, GEMM_F32},  {GEMM_BF16, GEMM_BF16, GEMM_BF16, GEMM_BF16, GEMM_F32},
    {GEMM_I8, GEMM_I8, GEMM_I32, GEMM_I8, GEMM_I32},
};

static gemm_fn *function_of(const gemm_library *l, gemm_element compute) {
  switch (compute) {
  case GEMM_F32: return l->f32;
  case GEMM_F64: return l->f64;
  case GEMM_BF16: return l->bf16;
  case GEMM_I8: return l->i8;
  default: return NULL;
  }
}

/* Where an operand is taken from.  is_direct: as it lies in memory; else copied, row by row, into `bytes` of the workspace. */
typedef struct operand { const loom_kernel_tensor_v1 *t; gemm_element type; int64_t rows, columns, s0, s1, ld; bool is_direct, is_transposed; uint64_t at, bytes; } operand;
typedef struct plan {
  gemm_element compute, sum;
  gemm_fn *fn;
  int64_t m, n, k, batches, batch[RANK_MAX];
  int n_batch;
  operand a, b, c;
  bool swaps;                               /* C lies column by column: its transpose is B^T * A^T */
  uint64_t bytes;                           /* of the workspace */
} plan;

static bool starts(const char *s, const char *prefix) { return strncmp(s, prefix, strlen(prefix)) == 0; }

static bool lies_row_by_row(int64_t rows, int64_t columns, int64_t s0, int64_t s1, int64_t *ld) {
  *ld = rows <= 1 ? (columns < 1 ? 1 : columns) : s0;
  return (columns <= 1 || s1 == 1) && *ld >= columns && *ld >= 1 && *ld <= INT32_MAX;
}

/* Room for a copy of rows x columns elements; false: more than there can be. */
static bool reserve(plan *p, operand *o, size_t element) {
  uint64_t bytes;
  if (__builtin_mul_overflow((uint64_t)o->rows, (uint64_t)o->columns, &bytes) || __builtin_mul_overflow(bytes, element, &bytes))
    return false;
  o->is_direct = false;
  o->is_transposed = false;
  o->ld = o->columns < 1 ? 1 : o->columns;
  o->at = p->bytes;
  o->bytes = bytes;
  return !__builtin_add_overflow(p->bytes, (bytes + ALIGN - 1) & ~(uint64_t)(ALIGN - 1), &p->bytes);
}

static bool place_input(plan *p, operand *o) {
  o->is_direct = o->type == p->compute && lies_row_by_row(o->rows, o->columns, o->s0, o->s1, &o->ld);
  if (o->is_direct)
    return true;
  o->is_direct = o->is_transposed = o->type == p->compute && lies_row_by_row(o->columns, o->rows, o->s1, o->s0, &o->ld);
  return o->is_direct || reserve(p, o, gemm_element_bytes(p->compute));
}

/* Would reading `bytes` past the last element touch another page, which need not be there? */
static bool ends_at_page(const operand *c, int bytes) {
  const loom_kernel_tensor_v1 *t = c->t;
  int64_t last = t->offset;
  for (int32_t d = 0; d < t->rank; d++)
    last += t->sizes[d] > 0 && t->strides[d] > 0 ? (t->sizes[d] - 1) * t->strides[d] : 0;
  uintptr_t end = (uintptr_t)t->aligned + (uintptr_t)((last + 1) * (int64_t)gemm_element_bytes(c->type));
  return bytes && t->aligned && (end - 1) / PAGE != (end - 1 + (uintptr_t)bytes) / PAGE;
}

static bool place_result(plan *p, int reads_past) {
  operand *c = &p->c;
  bool may_be_direct = c->type == p->sum && !ends_at_page(c, reads_past);
  c->is_direct = may_be_direct && lies_row_by_row(c->rows, c->columns, c->s0, c->s1, &c->ld);
  if (c->is_direct)
    return true;
  c->is_direct = p->swaps = may_be_direct && lies_row_by_row(c->columns, c->rows, c->s1, c->s0, &c->ld);
  if (c->is_direct)
    return true;
  bool fits = reserve(p, c, gemm_element_bytes(p->sum));
  p->bytes += reads_past ? ALIGN : 0;
  return fits;
}

static operand matrix_of(const loom_kernel_tensor_v1 *t, gemm_element type) {
  int r = t->rank - 2;
  return (operand){.t = t, .type = type, .rows = t->sizes[r], .columns = t->sizes[r + 1], .s0 = t->strides[r], .s1 = t->strides[r + 1]};
}

/* NULL, or why it cannot be done. */
static const char *make_plan(const gemm_library *l, const loom_kernel_call_v1 *call, plan *p) {
  static const char *const keys[] = {"linalg.matmul(", "linalg.batch_matmul(", "mips.matmul("};
  memset(p, 0, sizeof *p);
  bool known = false;
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    known |= starts(call->key, keys[i]);
  if (!known || call->n_tensors != 3)
    return "matrix products only";
  const loom_kernel_tensor_v1 *const *t = call->tensors;
  gemm_element type[3];
  for (int i = 0; i < 3; i++)
    if (t[i]->rank < 2 || t[i]->rank != t[2]->rank || t[i]->rank > RANK_MAX || !gemm_element_of(t[i]->dtype, &type[i]))
      return "an element type or a rank that is not known here";
  for (size_t i = 0; i < sizeof combinations / sizeof *combinations && !p->fn; i++) {
    const combination *x = &combinations[i];
    if (x->a != type[0] || x->b != type[1] || x->c != type[2])
      continue;
    p->compute = x->compute == GEMM_BF16 && !l->bf16 ? GEMM_F32 : x->compute;
    p->sum = x->sum;
    p->fn = function_of(l, p->compute);
  }
  if (!p->fn)
    return "the library does not multiply these element types";
  p->a = matrix_of(t[0], type[0]);
  p->b = matrix_of(t[1], type[1]);
  p->c = matrix_of(t[2], type[2]);
  p->m = p->c.rows;
  p->n = p->c.columns;
  p->k = p->a.columns;
  p->batches = 1;
  for (p->n_batch = 0; p->n_batch < t[2]->rank - 2; p->n_batch++)
    p->batches *= p->batch[p->n_batch] = t[2]->sizes[p->n_batch];
  if (p->m > INT32_MAX || p->n > INT32_MAX || p->k > INT32_MAX)
    return "a size exceeds 32 bits";
  if (!place_input(p, &p->a) || !place_input(p, &p->b) || !place_result(p, l->result_reads_past))
    return "the workspace would exceed the address space";
  return NULL;
}

/* ---- moving matrices ---- */
static char *matrix_at(const plan *p, const operand *o, int64_t i) {
  int64_t at = o->t->offset;
  for (int d = p->n_batch - 1; d >= 0; d--) {
    at += i % p->batch[d] * o->t->strides[d];
    i /= p->batch[d];
  }
  return (char *)o->t->aligned + at * (int64_t)gemm_element_bytes(o->type);
}

static gemm_matrix input(const plan *p, const operand *o, int64_t i, char *workspace) {
  const char *at = matrix_at(p, o, i);
  if (o->is_direct)
    return (gemm_matrix){at, o->ld, o->is_transposed};
  gemm_copy(at, o->type, o->s0, o->s1, workspace + o->at, p->compute, o->columns, 1, o->rows, o->columns);
  return (gemm_matrix){workspace + o->at, o->ld, false};
}

static gemm_matrix transposed(gemm_matrix m) { return (gemm_matrix){m.at, m.ld, !m.is_transposed}; }

/* Every element 0: of a product of nothing. */
static void clear(const plan *p, char *at) {
  size_t bytes = gemm_element_bytes(p->c.type);
  for (int64_t r = 0; r < p->m; r++)
    for (int64_t s = 0; s < p->n; s++)
      memset(at + (r * p->c.s0 + s * p->c.s1) * (int64_t)bytes, 0, bytes);
}

static loom_kernel_status multiply(const plan *p, const loom_kernel_call_v1 *call, int64_t i) {
  char *workspace = call->workspace, *result = matrix_at(p, &p->c, i);
  bool adds = call->mode == LOOM_KERNEL_ACCUMULATE;
  if (p->k == 0) {
    if (!adds)
      clear(p, result);
    return LOOM_KERNEL_OK;
  }
  gemm_problem g = {.m = p->m, .n = p->n, .k = p->k, .c = p->c.is_direct ? result : workspace + p->c.at, .ldc = p->c.ld, .adds = adds,
                    .threads = call->host ? call->host->max_threads : 1};
  g.a = input(p, &p->a, i, workspace);
  g.b = input(p, &p->b, i, workspace);
  if (p->swaps) {
    gemm_matrix a = g.a;
    g.m = p->n;
    g.n = p->m;
    g.a = transposed(g.b);
    g.b = transposed(a);
  }
  if (!p->c.is_direct && adds)
    gemm_copy(result, p->c.type, p->c.s0, p->c.s1, g.c, p->sum, p->n, 1, p->m, p->n);
  loom_kernel_status st = p->fn(&g);
  if (st == LOOM_KERNEL_OK && !p->c.is_direct)
    gemm_copy(g.c, p->sum, p->n, 1, result, p->c.type, p->c.s0, p->c.s1, p->m, p->n);
  return st;
}

/* ---- the table ---- */
static _Thread_local char said[160];

loom_kernel_status gemm_fail(loom_kernel_status st, const char *why) {
  snprintf(said, sizeof said, "%s", why);
  return st;
}

int gemm_supports(void *self, const loom_kernel_call_v1 *call) {
  plan p;
  return make_plan(self, call, &p) == NULL;
}

int32_t gemm_score(void *self, const loom_kernel_call_v1 *call) {
  const gemm_library *l = self;
  plan p;
  return make_plan(l, call, &p) ? 0 : l->score(p.m, p.n, p.k);
}

uint64_t gemm_workspace_size(void *self, const loom_kernel_call_v1 *call) {
  plan p;
  return make_plan(self, call, &p) || !p.m || !p.n || !p.k ? 0 : p.bytes;
}

loom_kernel_status gemm_call(void *self, const loom_kernel_call_v1 *call) {
  plan p;
  const char *why = make_plan(self, call, &p);
  if (why)
    return gemm_fail(LOOM_KERNEL_UNIMPLEMENTED, why);
  if (!p.m || !p.n)
    return LOOM_KERNEL_OK;
  if (p.k && call->workspace_bytes < p.bytes)
    return gemm_fail(LOOM_KERNEL_RESOURCE_EXHAUSTED, "the workspace is smaller than was asked for");
  for (int64_t i = 0; i < p.batches; i++) {
    loom_kernel_status st = multiply(&p, call, i);
    if (st != LOOM_KERNEL_OK)
      return st;
  }
  return LOOM_KERNEL_OK;
}

uint64_t gemm_last_error(void *self, char *buffer, uint64_t n) {
  (void)self;
  if (n)
    snprintf(buffer, n, "%s", said);
  return strlen(said);
}
