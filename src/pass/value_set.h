/* A set of values: membership only, so that addresses never order anything. */
#ifndef LOOM_PASS_VALUE_SET_H
#define LOOM_PASS_VALUE_SET_H
#include "pass/pass_private.h"

typedef struct value_set { VEC_OF(MlirValue) at; /* in order of insertion */ size_t *slot; size_t room; } value_set;
bool value_set_has(const value_set *s, MlirValue v);
/* Where it is in `at`; it must be in the set. */
size_t value_set_index(const value_set *s, MlirValue v);
/* False: it was in it. */
bool value_set_add(arena *m, value_set *s, MlirValue v);
#endif
