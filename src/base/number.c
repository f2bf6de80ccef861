#include "base/number.h"
#include <limits.h>
#include <string.h>

int number_take(const char **at) {
  const char *s = *at;
  int v = 0;
  if (*s < '0' || *s > '9')
    return -1;
  for (; *s >= '0' && *s <= '9'; s++) {
    int digit = *s - '0';
    if (v > (INT_MAX - digit) / 10)
      return -1;
    v = v * 10 + digit;
  }
  *at = s;
  return v;
}

int number_of(const char *s) {
  int v = number_take(&s);
  return *s ? -1 : v;
}

int number_after(const char *s, const char *prefix) {
  size_t n = strlen(prefix);
  return strncmp(s, prefix, n) == 0 ? number_of(s + n) : -1;
}
