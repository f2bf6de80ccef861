/* The only place that calls malloc.  Test builds can make the n-th allocation fail. */
#ifndef LOOM_BASE_ALLOC_H
#define LOOM_BASE_ALLOC_H
#include <stddef.h>

/* NULL when memory runs out (or the injected failure is due). */
void *alloc_bytes(size_t size);
void *alloc_zeroed(size_t size);
void *alloc_resize(void *p, size_t size);
void alloc_free(void *p);
/* Fails allocation number `n` (1 = the next one) and, when `forever`, all after it; 0 switches injection off.  Returns how many failed since the last call. */
long alloc_fail_at(long n, int forever);
/* Called before the caller sees NULL because the system has no more; NULL: nobody.  For processes that leave word before they end. */
void alloc_on_failure(void (*tell)(void));
#endif
