/* The part of IREE's executable plugin ABI that a host needs (version 0.1): binary layout and names of the standard interface, so that plugins
 * built against IREE's own header run unchanged. */
#ifndef LOOM_RUN_PROVIDER_IREE_H
#define LOOM_RUN_PROVIDER_IREE_H
#include <stddef.h>
#include <stdint.h>

#define IREE_PLUGIN_QUERY_NAME "iree_hal_executable_plugin_query"
/* What the query is called with: the samples' check of it is the wrong way round, so that a host that asks for more than 1 gets no plugin. */
enum { IREE_PLUGIN_VERSION = 1 };
enum { IREE_PLUGIN_FULL_STATUS = 2 };                   /* feature: statuses are objects of IREE's runtime */
enum { IREE_STATUS_MASK = 0x1f, IREE_STATUS_INVALID_ARGUMENT = 3, IREE_STATUS_NOT_FOUND = 5, IREE_STATUS_RESOURCE_EXHAUSTED = 8 };
enum { IREE_ALLOCATE, IREE_ALLOCATE_ZEROED, IREE_REALLOCATE, IREE_FREE };

typedef struct iree_plugin_header { uint32_t version; const char *name, *description; uint32_t features; int32_t sanitizer; uint64_t reserved[8]; } iree_plugin_header;
typedef struct iree_allocator { void *self; void *(*ctl)(void *self, int32_t command, const void *params, void **inout); } iree_allocator;
typedef struct iree_environment { iree_allocator host_allocator; } iree_environment;
typedef struct iree_resolve_params { size_t count; const char *const *symbol_names; void **out_functions, **out_contexts; } iree_resolve_params;
typedef struct iree_plugin {
  const iree_plugin_header *header;
  void *(*load)(const iree_environment *environment, size_t n_params, const void *params, void **out_self);   /* statuses: codes in a pointer */
  void (*unload)(void *self);
  void *(*resolve)(void *self, const iree_resolve_params *params, uint32_t *out_resolution);
} iree_plugin;
typedef const iree_plugin_header **iree_plugin_query_fn(uint32_t max_version, void *reserved);
typedef int iree_import_fn(void *params, void *context, void *reserved);
#endif
