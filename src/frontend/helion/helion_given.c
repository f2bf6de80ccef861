/* Values of arguments that come from outside: --arg NAME=VALUE. */
#include "frontend/helion/helion.h"
#include <errno.h>
#include <stdlib.h>

helion_given helion_parse_given(arena *m, const char *name, const char *value) {
  helion_given g = {.name = name, .kind = HELION_GIVEN_STR};
  char *end;
  size_t n = strlen(value);
  if (text_eq(value, "None"))
    g.kind = HELION_GIVEN_NONE;
  if (text_eq(value, "True") || text_eq(value, "true") || text_eq(value, "False") || text_eq(value, "false")) {
    g.kind = HELION_GIVEN_BOOL;
    g.flag = value[0] == 'T' || value[0] == 't';
  }
  errno = 0;
  g.integer = strtoll(value, &end, 10);
  if (n && !*end && !errno) {
    g.kind = HELION_GIVEN_INT;
    return g;
  }
  g.real = strtod(value, &end);
  if (g.kind == HELION_GIVEN_STR && n && !*end) {
    g.kind = HELION_GIVEN_FLOAT;
    return g;
  }
  bool quoted = n >= 2 && (value[0] == '\'' || value[0] == '"') && value[n - 1] == value[0];
  g.string = quoted ? arena_strndup(m, value + 1, n - 2) : arena_strdup(m, value);
  return g;
}
