/* Shared by the YAML reader and its test. */
#ifndef LOOM_BASE_DATA_SCALAR_H
#define LOOM_BASE_DATA_SCALAR_H
#include "base/data.h"
/* Sets kind and value of `v` to what the plain scalar `s` means; a string is kept, not copied.  false: a number out of range. */
bool data_resolve_scalar(const char *s, data_value *v);
#endif
