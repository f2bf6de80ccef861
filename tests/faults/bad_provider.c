/* Providers that misbehave, one a macro: what tests/faults/tools loads.  Those that only answer wrongly are tests/providers/loom_kernel.c. */
#include <loom/kernel_provider.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined CTOR_EXITS
__attribute__((constructor)) static void start(void) { exit(0); }
#elif defined CTOR_ABORTS
__attribute__((constructor)) static void start(void) { abort(); }
#elif defined CTOR_CLOSES
__attribute__((constructor)) static void start(void) {
  close(0);
  close(1);
}
#elif defined CTOR_QUITS
__attribute__((constructor)) static void start(void) { _exit(0); }
#elif defined CTOR_WRITES
__attribute__((constructor)) static void start(void) { puts("hello from the constructor"); }
#elif defined CTOR_HANGS
__attribute__((constructor)) static void start(void) {
  for (;;)
    pause();
}
#endif
#if defined DTOR_CRASHES
__attribute__((destructor)) static void stop(void) { abort(); }
#endif

static int calls;

static int supports(void *self, const loom_kernel_call_v1 *c) {
  (void)self, (void)c;
#ifdef SUPPORTS_CRASHES
  return *(volatile int *)8;
#endif
  return c->n_tensors == 3 && c->tensors[0]->rank == 2 && c->tensors[0]->dtype.code == LOOM_KERNEL_FLOAT && c->tensors[0]->dtype.bits == 32;
}

static int deeper(volatile char *above) {
  volatile char room[4096];
  room[0] = *above;
  return deeper(room) + room[0];
}

static float *at(const loom_kernel_tensor_v1 *t, int64_t i, int64_t j) {
#ifdef LAYOUT_LIES      /* as if everything were dense */
  return (float *)t->aligned + t->offset + i * t->sizes[1] + j;
#else
  return (float *)t->aligned + t->offset + i * t->strides[0] + j * t->strides[1];
#endif
}

static loom_kernel_status call(void *self, const loom_kernel_call_v1 *c) {
  const loom_kernel_tensor_v1 *a = c->tensors[0], *b = c->tensors[1], *out = c->tensors[2];
  (void)self;
  calls++;
#if defined CALL_HANGS
  for (;;)
    pause();
#elif defined CALL_EXITS
  exit(0);
#elif defined CALL_QUITS
  _exit(0);
#elif defined CALL_ABORTS
  abort();
#elif defined CALL_CRASHES
  *(volatile int *)16 = 1;
#elif defined CALL_RECURSES
  char top = 0;
  return deeper(&top) > 5;
#elif defined CALL_DIVIDES
  return calls / (calls - calls);
#elif defined CALL_NOTHING
  return LOOM_KERNEL_OK;
#elif defined ERROR_UNENDED
  return LOOM_KERNEL_INTERNAL;
#elif defined CALL_ODD_STATUS
  return -12345;
#elif defined CALL_WRITES_FAR
  memset((char *)out->aligned - (1 << 26), 0, 1 << 27);
#elif defined CALL_WRITES_INPUT
  memset(a->aligned, 0x7f, 4);
#endif
  for (int64_t i = 0; i < out->sizes[0]; i++)
    for (int64_t j = 0; j < out->sizes[1]; j++) {
      float sum = c->mode == LOOM_KERNEL_OVERWRITE ? 0 : *at(out, i, j);
      for (int64_t k = 0; k < a->sizes[1]; k++)
        sum += *at(a, i, k) * *at(b, k, j);
#if defined CALL_NAN
      sum = NAN;
#endif
      *at(out, i, j) = sum;
    }
  return LOOM_KERNEL_OK;
}

static uint64_t last_error(void *self, char *buffer, uint64_t n) {
  (void)self;
#ifdef ERROR_UNENDED
  memset(buffer, '\033', n);
  return n;
#endif
  if (n)
    buffer[0] = 0;
  return 0;
}

static uint64_t workspace_size(void *self, const loom_kernel_call_v1 *c) {
  (void)self, (void)c;
#ifdef WORKSPACE_HUGE
  return UINT64_MAX - 8;
#endif
  return 0;
}

static void unload(void *self) {
  (void)self;
#ifdef UNLOAD_CRASHES
  *(volatile int *)24 = 1;
#endif
}

const loom_kernel_provider_v1 *loom_kernel_provider_query(uint32_t host_min, uint32_t host_max, const loom_host_v1 *host) {
  static loom_kernel_provider_v1 table;
  (void)host_min, (void)host_max, (void)host;
#if defined QUERY_CRASHES
  *(volatile int *)0 = 1;
#elif defined QUERY_GARBAGE
  return (const loom_kernel_provider_v1 *)(uintptr_t)0x1234567;
#endif
  table = (loom_kernel_provider_v1){.size = sizeof table, .version = LOOM_KERNEL_ABI, .name = "bad\033[31m", .supports = supports, .call = call, .last_error = last_error, .workspace_size = workspace_size, .unload = unload,
                                    .features = LOOM_KERNEL_DETERMINISTIC};
#if defined TABLE_NO_CALL
  table.call = NULL;
#elif defined TABLE_NO_NAME
  table.name = NULL;
#elif defined TABLE_SMALL
  table.size = 12;
#elif defined TABLE_FUTURE
  table.version = 99;
#elif defined TABLE_NULL
  return NULL;
#elif defined TABLE_SANITIZED
  table.features |= LOOM_KERNEL_SANITIZER_THREAD;
#endif
  return &table;
}
