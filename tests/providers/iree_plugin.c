/* An executable plugin as IREE's runtime loads them, with the layout of its interface written out. */
#include <loom/kernel_provider.h>
#include <stdint.h>
#include <string.h>

#ifndef HEADER_VERSION
#define HEADER_VERSION 1
#endif
#ifndef HEADER_SANITIZER
#define HEADER_SANITIZER 0
#endif
#ifndef HEADER_FEATURES
#define HEADER_FEATURES 0
#endif
#ifndef CALL_STATUS
#define CALL_STATUS 0
#endif

typedef struct header { uint32_t version; const char *name, *description; uint32_t features; int32_t sanitizer; uint64_t reserved[8]; } header;
typedef struct allocator { void *self; void *(*ctl)(void *, int32_t, const void *, void **); } allocator;
typedef struct environment { allocator host; } environment;
typedef struct resolve_params { size_t count; const char *const *names; void **functions, **contexts; } resolve_params;
typedef struct plugin { const header *header; void *(*load)(const environment *, size_t, const void *, void **); void (*unload)(void *); void *(*resolve)(void *, const resolve_params *, uint32_t *); } plugin;
typedef struct self { allocator host; int calls; } self;

static int product(void *params, void *context, void *reserved) {
  const struct { const float *a; int64_t a_offset, a_s0, a_s1; const float *b; int64_t b_offset, b_s0, b_s1; float *c; int64_t c_offset, c_s0, c_s1, m, n, k; } *p = params;
  (void)reserved;
  ((self *)context)->calls++;
  for (int64_t i = 0; i < p->m; i++)
    for (int64_t j = 0; j < p->n; j++) {
      float sum = 0;
      for (int64_t l = 0; l < p->k; l++)
        sum += p->a[p->a_offset + i * p->a_s0 + l * p->a_s1] * p->b[p->b_offset + l * p->b_s0 + j * p->b_s1];
      p->c[p->c_offset + i * p->c_s0 + j * p->c_s1] = sum;
    }
  return CALL_STATUS;
}

static void *load(const environment *e, size_t n, const void *params, void **out) {
  size_t bytes = sizeof(self);
  void *p = NULL, *st = e->host.ctl(e->host.self, 1, &bytes, &p);
  (void)n, (void)params;
  if (!st)
    *(self *)p = (self){e->host, 0};
  *out = p;
  return st;
}
static void unload(void *p) {
  allocator host = ((self *)p)->host;
  host.ctl(host.self, 3, NULL, &p);
}
static void *resolve(void *p, const resolve_params *r, uint32_t *bits) {
  uintptr_t st = 0;
  *bits = 0;
  for (size_t i = 0; i < r->count; i++) {
    const char *name = r->names[i] + (r->names[i][0] == '?');
    if (r->functions[i])
      continue;
    if (strcmp(name, "my_matmul_kernel") == 0) {
      int (*f)(void *, void *, void *) = product;
      memcpy(&r->functions[i], &f, sizeof f);
      r->contexts[i] = p;
    } else if (r->names[i][0] == '?') {
      *bits |= 1;
    } else {
      st = 5;
    }
  }
  return (void *)st;
}

LOOM_KERNEL_EXPORT const header **iree_hal_executable_plugin_query(uint32_t max_version, void *reserved);
const header **iree_hal_executable_plugin_query(uint32_t max_version, void *reserved) {
  static const header h = {.version = HEADER_VERSION, .name = "test_plugin", .description = "three loops", .features = HEADER_FEATURES, .sanitizer = HEADER_SANITIZER};
  static plugin table = {&h, load, unload, resolve};
  (void)reserved;
#ifdef HEADER_NULL
  table.header = NULL;
#endif
  return max_version == 1 ? (const header **)&table : NULL;   /* a host that asks for anything else gets nothing */
}
