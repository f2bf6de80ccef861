#include "base/alloc.h"
#include <stdlib.h>

static long fail_in;      /* allocations until the injected failure; 0 = off */
static int fail_forever;

void alloc_fail_at(long n, int forever) {
  fail_in = n;
  fail_forever = forever;
}

static int must_fail(void) {
  if (fail_in == 0)
    return 0;
  if (fail_in > 1) {
    fail_in--;
    return 0;
  }
  if (!fail_forever)
    fail_in = 0;
  return 1;
}

void *alloc_bytes(size_t size) { return must_fail() ? NULL : malloc(size ? size : 1); }
void *alloc_resize(void *p, size_t size) { return must_fail() ? NULL : realloc(p, size ? size : 1); }
void alloc_free(void *p) { free(p); }
