/* budget: loops whose length depends on input spend from one; running out is LOOM_ELIMIT, never a clock. */
#ifndef LOOM_BASE_BUDGET_H
#define LOOM_BASE_BUDGET_H
#include <stdbool.h>
#include <stdint.h>
typedef struct budget { int64_t left; } budget;      /* negative from the start: unlimited */
static inline bool budget_spend(budget *b, int64_t n) {
  if (b->left < 0)
    return true;
  if (b->left < n) {
    b->left = 0;
    return false;
  }
  b->left -= n;
  return true;
}
#endif
