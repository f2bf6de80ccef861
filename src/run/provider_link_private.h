/* Shared by provider_link.c (calls) and provider_bind.c (before and after them). */
#ifndef LOOM_RUN_PROVIDER_LINK_PRIVATE_H
#define LOOM_RUN_PROVIDER_LINK_PRIVATE_H
#include "run/provider_link.h"
#include "run/provider_product.h"
#include <pthread.h>

enum { LINK_TENSORS = 3, LINK_ALIGN = 64 };

typedef struct link_entry {
  bool is_import, is_required;
  const char *key, *place;
  uint32_t mode;
  int rank;
  loom_kernel_dtype types[LINK_TENSORS];
  int64_t sizes[LINK_TENSORS][PROVIDER_RANK_MAX];      /* -1: open */
  provider_function function; const provider *by;
  /* of the run */
  int64_t calls, ns;
  double flops;
  char note[PROVIDER_WHY_BYTES];                  /* why it was not left to a provider, at least once */
} link_entry;
typedef struct link_failure { bool happened; const link_entry *of; const char *provider; loom_kernel_status status; char why[PROVIDER_WHY_BYTES], shapes[120]; } link_failure;
typedef struct link_workspace { struct link_workspace *next; size_t room; } link_workspace;   /* the bytes follow, aligned */

struct provider_link {
  const provider_set *set;
  VEC_OF(link_entry) entries;
  pthread_mutex_t lock;                           /* of everything below, and of what entries count */
  pthread_mutex_t in_turn;                        /* held by calls of providers that are not reentrant */
  link_failure failed;
  link_workspace *free;
};

typedef struct link_offer { loom_kernel_call_v1 call; loom_kernel_tensor_v1 tensor[LINK_TENSORS]; const loom_kernel_tensor_v1 *tensors[LINK_TENSORS]; } link_offer;
/* Fills `o`.  `words` NULL: the sizes of the entry, dense in `dense`, without memory. */
void link_describe(const provider_link *l, const link_entry *e, const int64_t *words, int64_t dense[LINK_TENSORS][PROVIDER_RANK_MAX], link_offer *o);
#endif
