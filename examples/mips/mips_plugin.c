/* my_matmul_kernel as an executable plugin: the interface that IREE's runtime and `loom run --executable_plugin=FILE` load.  The layout of the
 * interface (version 0.1) is written out here, so that nothing else is needed to build it; with a checkout of IREE, include
 * iree/hal/local/executable_plugin.h in its place. */
#include "my_matmul_kernel.h"
#include <stddef.h>
#include <string.h>

typedef struct plugin_header { uint32_t version; const char *name, *description; uint32_t features; int32_t sanitizer; uint64_t reserved[8]; } plugin_header;
typedef struct plugin_allocator { void *self; void *(*ctl)(void *self, int32_t command, const void *params, void **inout); } plugin_allocator;
typedef struct plugin_environment { plugin_allocator host_allocator; } plugin_environment;
typedef struct plugin_resolve_params { size_t count; const char *const *symbol_names; void **out_fn_ptrs, **out_fn_contexts; } plugin_resolve_params;
typedef struct plugin_table {
  const plugin_header *header;
  void *(*load)(const plugin_environment *environment, size_t param_count, const void *params, void **out_self);
  void (*unload)(void *self);
  void *(*resolve)(void *self, const plugin_resolve_params *params, uint32_t *out_resolution);
} plugin_table;
enum { ALLOCATE_ZEROED = 1, FREE = 3, STATUS_NOT_FOUND = 5, MISSING_OPTIONAL = 1 };

typedef struct mips_plugin { plugin_allocator host; int64_t calls; } mips_plugin;

/* Arguments come packed, as a C struct of them; the context is what resolve gave with the function.  Anything but 0 is a failure. */
static int call_packed(void *params, void *context, void *reserved) {
  const struct { const float *a; int64_t a_offset, a_s0, a_s1; const float *b; int64_t b_offset, b_s0, b_s1; float *c; int64_t c_offset, c_s0, c_s1, m, n, k; } *p = params;
  (void)reserved;
  ((mips_plugin *)context)->calls++;
  my_matmul_kernel(p->a, p->a_offset, p->a_s0, p->a_s1, p->b, p->b_offset, p->b_s0, p->b_s1, p->c, p->c_offset, p->c_s0, p->c_s1, p->m, p->n, p->k);
  return 0;
}

static void *load(const plugin_environment *environment, size_t param_count, const void *params, void **out_self) {
  plugin_allocator host = environment->host_allocator;
  size_t bytes = sizeof(mips_plugin);
  (void)param_count, (void)params;
  void *status = host.ctl(host.self, ALLOCATE_ZEROED, &bytes, out_self);
  if (!status)
    ((mips_plugin *)*out_self)->host = host;
  return status;
}

static void unload(void *self) {
  plugin_allocator host = ((mips_plugin *)self)->host;
  host.ctl(host.self, FREE, NULL, &self);
}

/* Names come sorted; '?' in front of one says that the caller can do without it. */
static void *resolve(void *self, const plugin_resolve_params *params, uint32_t *out_resolution) {
  uintptr_t status = 0;
  int (*function)(void *, void *, void *) = call_packed;
  *out_resolution = 0;
  for (size_t i = 0; i < params->count; i++) {
    const char *name = params->symbol_names[i];
    int is_optional = name[0] == '?';
    if (params->out_fn_ptrs[i])
      continue;
    if (strcmp(name + is_optional, "my_matmul_kernel") == 0) {
      memcpy(&params->out_fn_ptrs[i], &function, sizeof function);
      params->out_fn_contexts[i] = self;
    } else if (is_optional) {
      *out_resolution |= MISSING_OPTIONAL;
    } else {
      status = STATUS_NOT_FOUND;
    }
  }
  return (void *)status;
}

EXPORTED const plugin_header **iree_hal_executable_plugin_query(uint32_t max_version, void *reserved);
const plugin_header **iree_hal_executable_plugin_query(uint32_t max_version, void *reserved) {
  static const plugin_header header = {.version = 1, .name = "mips_plugin", .description = "my_matmul_kernel, in three loops"};
  static const plugin_table table = {&header, load, unload, resolve};
  (void)reserved;
  return max_version >= header.version ? (const plugin_header **)(uintptr_t)&table : NULL;
}
