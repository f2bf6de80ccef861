/* A matrix product with Loom's table; macros make it misbehave. */
#include <loom/kernel_provider.h>
#include <stddef.h>
#include <string.h>

#ifndef SCORE
#define SCORE 0
#endif
#ifndef CALL_STATUS
#define CALL_STATUS 0
#endif
#ifndef LOAD_STATUS
#define LOAD_STATUS 0
#endif
#ifndef SUPPORTS
#define SUPPORTS 1
#endif
#ifndef OFF_BY
#define OFF_BY 0
#endif
#define LEAST_TABLE (offsetof(loom_kernel_provider_v1, call) + sizeof table.call)
#ifndef TABLE_SIZE
#define TABLE_SIZE sizeof(table)
#endif
#ifndef TABLE_VERSION
#define TABLE_VERSION LOOM_KERNEL_ABI
#endif
#ifndef FEATURES
#define FEATURES LOOM_KERNEL_DETERMINISTIC
#endif
#ifdef ABI_MIN
LOOM_KERNEL_PROVIDER_ABI(ABI_MIN, ABI_MAX);
#endif

/* What a test looks at: how often a load and an unload were called, and for which `self`. */
LOOM_KERNEL_EXPORT int test_loads, test_unloads;
static int instances[64];

static loom_kernel_status load(const loom_host_v1 *host, void **out_self) {
  *out_self = &instances[test_loads++ % 64];
  return host->size >= sizeof *host ? LOAD_STATUS : LOOM_KERNEL_INVALID_ARGUMENT;
}
static void unload(void *self) {
  (void)self;
  test_unloads++;
}

static int supports(void *self, const loom_kernel_call_v1 *call) {
  (void)self;
  for (int i = 0; i < 3; i++)
    if (call->tensors[i]->dtype.code != LOOM_KERNEL_FLOAT || call->tensors[i]->dtype.bits != 32 || call->tensors[i]->rank != 2)
      return 0;
  return SUPPORTS;
}
static int32_t score(void *self, const loom_kernel_call_v1 *call) {
  (void)self, (void)call;
  return SCORE;
}

static float *at(const loom_kernel_tensor_v1 *t, int64_t i, int64_t j) { return (float *)t->aligned + t->offset + i * t->strides[0] + j * t->strides[1]; }

static loom_kernel_status call(void *self, const loom_kernel_call_v1 *c) {
  const loom_kernel_tensor_v1 *a = c->tensors[0], *b = c->tensors[1], *out = c->tensors[2];
  (void)self;
  for (int64_t i = 0; i < out->sizes[0]; i++)
    for (int64_t j = 0; j < out->sizes[1]; j++) {
      float sum = c->mode == LOOM_KERNEL_OVERWRITE ? 0 : *at(out, i, j);
#ifdef SPOILS
      *at(out, i, j) = -1;
#endif
      if (CALL_STATUS)
        continue;
      for (int64_t k = 0; k < a->sizes[1]; k++)
        sum += *at(a, i, k) * *at(b, k, j);
      *at(out, i, j) = sum + OFF_BY;
    }
#ifdef OVERRUN
  if (out->sizes[0] && out->sizes[1])
    *(at(out, out->sizes[0] - 1, out->sizes[1] - 1) + 1) = 0;
#endif
  return CALL_STATUS;
}

static uint64_t last_error(void *self, char *buffer, uint64_t n) {
  static const char text[] = "the table of this library is worn out";
  (void)self;
  if (n)
    strncpy(buffer, text, n), buffer[n - 1] = 0;
  return sizeof text - 1;
}

const loom_kernel_provider_v1 *loom_kernel_provider_query(uint32_t host_min, uint32_t host_max, const loom_host_v1 *host) {
  static loom_kernel_provider_v1 table;
  (void)host_min, (void)host_max, (void)host;
  table = (loom_kernel_provider_v1){.size = (uint32_t)(TABLE_SIZE), .version = TABLE_VERSION, .name = NAME, .revision = "1", .description = "three loops", .licence = "Apache-2.0",
                                    .features = FEATURES, .load = load, .unload = unload, .supports = supports, .call = call, .score = score, .last_error = last_error};
#ifdef RETURNS_NULL
  return NULL;
#endif
  return &table;
}
