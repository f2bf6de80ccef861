/* The executable plugin of examples/mips, with another header or another end of its calls. */
#define call_packed real_call_packed
#define iree_hal_executable_plugin_query real_query
#include "mips_plugin.c"
#undef iree_hal_executable_plugin_query
#include "my_matmul_kernel.c"

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

static int failing(void *params, void *context, void *reserved) { return real_call_packed(params, context, reserved) ? 1 : CALL_STATUS; }

static void *resolve_here(void *self, const plugin_resolve_params *params, uint32_t *out_resolution) {
  void *status = resolve(self, params, out_resolution);
  int (*f)(void *, void *, void *) = failing;
  for (size_t i = 0; i < params->count; i++)
    if (params->out_fn_ptrs[i])
      memcpy(&params->out_fn_ptrs[i], &f, sizeof f);
  return status;
}

EXPORTED const plugin_header **iree_hal_executable_plugin_query(uint32_t max_version, void *reserved);
const plugin_header **iree_hal_executable_plugin_query(uint32_t max_version, void *reserved) {
  static const plugin_header header = {.version = HEADER_VERSION, .name = "test_plugin", .features = HEADER_FEATURES, .sanitizer = HEADER_SANITIZER};
  static plugin_table table = {&header, load, unload, resolve_here};
  (void)real_query(1, reserved);
#ifdef HEADER_NULL
  table.header = NULL;
#endif
  return max_version == 1 ? (const plugin_header **)&table : NULL;   /* a host that asks for anything else gets nothing, as of IREE's samples */
}
