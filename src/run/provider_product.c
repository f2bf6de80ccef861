#include "base/text.h"
#include "run/provider_product.h"
#include <stdio.h>
#include <string.h>

size_t provider_dtype_bytes(loom_kernel_dtype t) { return (size_t)t.bits * t.lanes / 8; }

typedef struct span { uintptr_t begin, end; } span;   /* of bytes */

/* The bytes a tensor touches; empty when it has no elements or no memory yet. */
static span bytes_of(const loom_kernel_tensor_v1 *t) {
  int64_t low = t->offset, high = t->offset;
  for (int32_t d = 0; d < t->rank; d++) {
    int64_t last = (t->sizes[d] - 1) * t->strides[d];
    if (t->sizes[d] == 0)
      return (span){0};
    *(last < 0 ? &low : &high) += last;
  }
  if (!t->aligned)
    return (span){0};
  int64_t bytes = (int64_t)provider_dtype_bytes(t->dtype);
  return (span){(uintptr_t)t->aligned + (uintptr_t)(low * bytes), (uintptr_t)t->aligned + (uintptr_t)((high + 1) * bytes)};
}

static bool overlap(const loom_kernel_tensor_v1 *a, const loom_kernel_tensor_v1 *b) {
  span x = bytes_of(a), y = bytes_of(b);
  return x.begin < y.end && y.begin < x.end;
}

static bool no(char *why, const char *reason) {
  if (why)
    snprintf(why, PROVIDER_WHY_BYTES, "%s", reason);
  return false;
}

bool provider_read_product(const loom_kernel_call_v1 *call, provider_product *out, char *why) {
  *out = (provider_product){.batches = 1};
  if (call->n_tensors != 3)
    return no(why, "a product has three tensors");
  const loom_kernel_tensor_v1 *a = call->tensors[0], *b = call->tensors[1], *c = call->tensors[2];
  if (a->rank < 2 || a->rank > PROVIDER_RANK_MAX || b->rank != a->rank || c->rank != a->rank)
    return no(why, "the three tensors have different ranks, or are no matrices");
  out->n_batch = a->rank - 2;
  for (int d = 0; d < out->n_batch; d++) {
    if (a->sizes[d] != c->sizes[d] || b->sizes[d] != c->sizes[d])
      return no(why, "the batch sizes differ");
    out->batch[d] = c->sizes[d];
    out->batches *= c->sizes[d];
  }
  int row = a->rank - 2, column = a->rank - 1;
  out->m = c->sizes[row];
  out->n = c->sizes[column];
  out->k = a->sizes[column];
  if (a->sizes[row] != out->m || b->sizes[row] != out->k || b->sizes[column] != out->n)
    return no(why, "the sizes of the matrices do not fit each other");
  if (overlap(a, c) || overlap(b, c))
    return no(why, "the result overlaps an input");
  return true;
}

int64_t provider_matrix_offset(const loom_kernel_tensor_v1 *t, const provider_product *p, int64_t i) {
  int64_t at = t->offset;
  for (int d = p->n_batch - 1; d >= 0; d--) {
    at += i % p->batch[d] * t->strides[d];
    i /= p->batch[d];
  }
  return at;
}

/* ---- libraries that know only a symbol:  C = A * B on matrices ---- */

typedef void bare_product(void *a, int64_t a_offset, int64_t a_s0, int64_t a_s1, void *b, int64_t b_offset, int64_t b_s0, int64_t b_s1, void *c,
                          int64_t c_offset, int64_t c_s0, int64_t c_s1, int64_t m, int64_t n, int64_t k);
typedef struct packed_matrix { void *at; int64_t offset, s0, s1; } packed_matrix;
typedef struct packed_product { packed_matrix a, b, c; int64_t m, n, k; } packed_product;
typedef struct matrix_ref { void *allocated, *aligned; int64_t offset, sizes[2], strides[2]; } matrix_ref;   /* MLIR's descriptor of a 2-D memref */
typedef void ciface_product(matrix_ref *a, matrix_ref *b, matrix_ref *c);

static const char ciface[] = "_mlir_ciface_";

static packed_matrix matrix_of(const loom_kernel_tensor_v1 *t, const provider_product *p, int64_t i) {
  return (packed_matrix){t->aligned, provider_matrix_offset(t, p, i), t->strides[t->rank - 2], t->strides[t->rank - 1]};
}

static matrix_ref ref_of(const loom_kernel_tensor_v1 *t, const provider_product *p, int64_t i) {
  packed_matrix m = matrix_of(t, p, i);
  return (matrix_ref){t->allocated ? t->allocated : t->aligned, m.at, m.offset, {t->sizes[t->rank - 2], t->sizes[t->rank - 1]}, {m.s0, m.s1}};
}

static loom_kernel_status call_symbol(const provider_function *f, bool is_ciface, const loom_kernel_call_v1 *call, const provider_product *p) {
  bare_product *bare;
  iree_import_fn *packed;
  ciface_product *with_refs;
  memcpy(&bare, &f->address, sizeof bare);
  memcpy(&packed, &f->address, sizeof packed);
  memcpy(&with_refs, &f->address, sizeof with_refs);
  for (int64_t i = 0; i < p->batches; i++) {
    packed_product x = {matrix_of(call->tensors[0], p, i), matrix_of(call->tensors[1], p, i), matrix_of(call->tensors[2], p, i), p->m, p->n, p->k};
    if (is_ciface) {
      matrix_ref a = ref_of(call->tensors[0], p, i), b = ref_of(call->tensors[1], p, i), c = ref_of(call->tensors[2], p, i);
      with_refs(&a, &b, &c);
    } else if (f->is_packed) {
      int st = packed(&x, f->context, NULL);
      if (st)
        return st > 0 && st <= LOOM_KERNEL_UNAUTHENTICATED ? st : LOOM_KERNEL_UNKNOWN;
    } else {
      bare(x.a.at, x.a.offset, x.a.s0, x.a.s1, x.b.at, x.b.offset, x.b.s0, x.b.s1, x.c.at, x.c.offset, x.c.s0, x.c.s1, p->m, p->n, p->k);
    }
  }
  return LOOM_KERNEL_OK;
}

static void zero(const loom_kernel_tensor_v1 *c, const provider_product *p) {
  size_t bytes = provider_dtype_bytes(c->dtype);
  for (int64_t i = 0; i < p->batches; i++)
    for (int64_t r = 0; r < p->m; r++)
      for (int64_t s = 0; s < p->n; s++)
        memset((char *)c->aligned + (provider_matrix_offset(c, p, i) + r * c->strides[c->rank - 2] + s * c->strides[c->rank - 1]) * (int64_t)bytes, 0, bytes);
}

/* ---- whatever the style ---- */
bool provider_supports(const provider_target *t, const loom_kernel_call_v1 *call, char *why) {
  provider_product p;
  provider_function f;
  if (!provider_read_product(call, &p, why))
    return false;
  if (t->provider->style == PROVIDER_LOOM && !t->symbol)
    return t->provider->loom.supports(t->provider->self, call) ? true : no(why, "it does not support these types and sizes");
  if (!t->symbol)
    return no(why, "it knows functions by name; map the key to one: KEY=FILE:SYMBOL");
  if (call->mode != LOOM_KERNEL_OVERWRITE)
    return no(why, "its function overwrites, and this product is added to what is there");
  return provider_resolve(t->provider, t->symbol, &f) ? true : no(why, "it has no function of that name");
}

int32_t provider_score(const provider_target *t, const loom_kernel_call_v1 *call) {
  const loom_kernel_provider_v1 *v = &t->provider->loom;
  return !t->symbol && v->score ? v->score(t->provider->self, call) : 0;
}

uint64_t provider_workspace(const provider_target *t, const loom_kernel_call_v1 *call) {
  const loom_kernel_provider_v1 *v = &t->provider->loom;
  return !t->symbol && v->workspace_size ? v->workspace_size(t->provider->self, call) : 0;
}

loom_kernel_status provider_call(const provider_target *t, const loom_kernel_call_v1 *call, char *why) {
  provider_product p;
  provider_function f;
  why[0] = 0;
  if (!provider_read_product(call, &p, why))
    return LOOM_KERNEL_INVALID_ARGUMENT;
  if (!t->symbol) {
    const loom_kernel_provider_v1 *v = &t->provider->loom;
    loom_kernel_status st = v->call(t->provider->self, call);
    if (st != LOOM_KERNEL_OK && v->last_error)
      v->last_error(t->provider->self, why, PROVIDER_WHY_BYTES);
    why[PROVIDER_WHY_BYTES - 1] = 0;
    text_clean(why);
    return st;
  }
  if (!provider_resolve(t->provider, t->symbol, &f))
    return LOOM_KERNEL_NOT_FOUND;
  if (!p.k && p.m && p.n)
    zero(call->tensors[2], &p);
  if (!p.m || !p.n || !p.k)
    return LOOM_KERNEL_OK;
  return call_symbol(&f, strncmp(t->symbol, ciface, strlen(ciface)) == 0, call, &p);
}
