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
#ifndef HEADER_NAME
#define HEADER_NAME "test_plugin"
#endif
#ifndef LOAD_STATUS
#define LOAD_STATUS 0
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

/* Everything that a host's allocator does; a code in a pointer. */
static void *load_here(const plugin_environment *environment, size_t param_count, const void *params, void **out_self) {
  enum { ALLOCATE = 0, REALLOCATE = 2, NO_COMMAND = 4 };
  const plugin_allocator host = environment->host_allocator;
  const size_t some = 64, more = 128, too_much = (size_t)1 << 62;
  char *p = NULL, zeros[64] = {0}, sevens[64];
  memset(sevens, 7, sizeof sevens);
  if (host.ctl(host.self, ALLOCATE_ZEROED, &some, (void **)&p) || memcmp(p, zeros, some) != 0)
    return (void *)1;
  memset(p, 7, some);
  if (host.ctl(host.self, REALLOCATE, &more, (void **)&p) || memcmp(p, sevens, some) != 0 || host.ctl(host.self, FREE, NULL, (void **)&p) || p)
    return (void *)2;
  if (host.ctl(host.self, ALLOCATE, &some, (void **)&p) || host.ctl(host.self, FREE, NULL, (void **)&p) || !host.ctl(host.self, ALLOCATE, &too_much, (void **)&p) || !host.ctl(host.self, NO_COMMAND, &some, (void **)&p))
    return (void *)4;
  return LOAD_STATUS ? (void *)(uintptr_t)LOAD_STATUS : load(environment, param_count, params, out_self);
}

EXPORTED const plugin_header **iree_hal_executable_plugin_query(uint32_t max_version, void *reserved);
const plugin_header **iree_hal_executable_plugin_query(uint32_t max_version, void *reserved) {
  static const plugin_header header = {.version = HEADER_VERSION, .name = HEADER_NAME, .features = HEADER_FEATURES, .sanitizer = HEADER_SANITIZER};
  static plugin_table table = {&header, load_here, unload, resolve_here};
  (void)real_query(1, reserved);
#ifdef HEADER_NULL
  table.header = NULL;
#endif
#ifdef LACKS
  table.LACKS = NULL;
#endif
#ifdef QUERY_NULL
  return NULL;
#endif
  return max_version == 1 ? (const plugin_header **)&table : NULL;   /* a host that asks for anything else gets nothing, as of IREE's samples */
}
