/* A kernel library of one's own: matrix products of f32 (docs/providers.md).  cc -O3 -shared -fPIC, nothing to link. */
#include <loom/kernel_provider.h>

LOOM_KERNEL_PROVIDER_ABI(1, 1);

static int supports(void *self, const loom_kernel_call_v1 *call) {
  (void)self;
  for (int i = 0; i < 3; i++) {
    const loom_kernel_tensor_v1 *t = call->tensors[i];
    if (t->rank != 2 || t->dtype.code != LOOM_KERNEL_FLOAT || t->dtype.bits != 32)
      return 0;
  }
  return 1;
}

/* Row by row: a row of B times a number of A is added to a row of C, so that the inner loop is over neighbours. */
static loom_kernel_status call(void *self, const loom_kernel_call_v1 *call) {
  const loom_kernel_tensor_v1 *a = call->tensors[0], *b = call->tensors[1], *c = call->tensors[2];
  (void)self;
  for (int64_t i = 0; i < c->sizes[0]; i++) {
    float *row = (float *)c->aligned + c->offset + i * c->strides[0];
    for (int64_t j = 0; j < c->sizes[1] && call->mode == LOOM_KERNEL_OVERWRITE; j++)
      row[j * c->strides[1]] = 0;
    for (int64_t k = 0; k < a->sizes[1]; k++) {
      float x = ((const float *)a->aligned)[a->offset + i * a->strides[0] + k * a->strides[1]];
      const float *from = (const float *)b->aligned + b->offset + k * b->strides[0];
      for (int64_t j = 0; j < c->sizes[1]; j++)
        row[j * c->strides[1]] += x * from[j * b->strides[1]];
    }
  }
  return LOOM_KERNEL_OK;
}

const loom_kernel_provider_v1 *loom_kernel_provider_query(uint32_t host_min, uint32_t host_max, const loom_host_v1 *host) {
  static const loom_kernel_provider_v1 mine = {.size = sizeof mine, .version = LOOM_KERNEL_ABI, .name = "my_kernels", .features = LOOM_KERNEL_REENTRANT, .supports = supports, .call = call};
  return host_min <= LOOM_KERNEL_ABI && LOOM_KERNEL_ABI <= host_max && host ? &mine : NULL;
}
