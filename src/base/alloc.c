#include "base/alloc.h"
#include <stdatomic.h>
#include <stdlib.h>

static atomic_long fail_in;      /* allocations until the injected failure; 0 = off.  Threads allocate too. */
static atomic_int fail_forever;
static atomic_long failed;

long alloc_fail_at(long n, int forever) {
  fail_in = n;
  fail_forever = forever;
  return atomic_exchange(&failed, 0);
}

static int must_fail(void) {
  long left = atomic_load_explicit(&fail_in, memory_order_relaxed);
  while (left > 1)
    if (atomic_compare_exchange_weak(&fail_in, &left, left - 1))
      return 0;
  if (left == 0)
    return 0;
  if (!atomic_load(&fail_forever) && !atomic_compare_exchange_strong(&fail_in, &left, 0))
    return 0;
  atomic_fetch_add(&failed, 1);
  return 1;
}

static void (*on_failure)(void);

void alloc_on_failure(void (*tell)(void)) { on_failure = tell; }

static void *given(void *p) {
  if (!p && on_failure)
    on_failure();
  return p;
}

void *alloc_bytes(size_t size) { return must_fail() ? NULL : given(malloc(size ? size : 1)); }
void *alloc_zeroed(size_t size) { return must_fail() ? NULL : given(calloc(1, size ? size : 1)); }
void *alloc_resize(void *p, size_t size) { return must_fail() ? NULL : given(realloc(p, size ? size : 1)); }
void alloc_free(void *p) { free(p); }
