/* The table of an adapter: one gemm_library behind loom_kernel_provider_query. */
#ifndef LOOM_PROVIDERS_PROVIDER_TABLE_H
#define LOOM_PROVIDERS_PROVIDER_TABLE_H
#include "gemm.h"

#define GEMM_PROVIDER(NAME, REVISION, DESCRIPTION, LICENCE, FEATURES, LIBRARY, SET_THREADS)                                                       \
  static loom_kernel_status load(const loom_host_v1 *host, void **out_self) {                                                                     \
    (void)host;                                                                                                                                   \
    *out_self = (void *)(uintptr_t)&(LIBRARY);                                                                                                    \
    return LOOM_KERNEL_OK;                                                                                                                        \
  }                                                                                                                                               \
  LOOM_KERNEL_PROVIDER_ABI(1, 1);                                                                                                                 \
  const loom_kernel_provider_v1 *loom_kernel_provider_query(uint32_t host_min, uint32_t host_max, const loom_host_v1 *host) {                     \
    static loom_kernel_provider_v1 table = {.size = sizeof table, .version = LOOM_KERNEL_ABI, .name = NAME, .description = DESCRIPTION,           \
                                            .licence = LICENCE, .features = LOOM_KERNEL_NEEDS_WORKSPACE | (FEATURES), .load = load,               \
                                            .supports = gemm_supports, .call = gemm_call, .score = gemm_score,                                    \
                                            .workspace_size = gemm_workspace_size, .last_error = gemm_last_error, .set_num_threads = SET_THREADS}; \
    (void)host;                                                                                                                                   \
    table.revision = REVISION;                                                                                                                    \
    return host_min <= LOOM_KERNEL_ABI && host_max >= LOOM_KERNEL_ABI ? &table : NULL;                                                            \
  }
#endif
