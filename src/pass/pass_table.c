#include "pass/pass_private.h"
#include <string.h>

static const pass_row rows[] = {
#define X(n, a, fn, need, leave, text) {.name = n, .anchor = a, .needs = need, .leaves = leave, .summary = text, .run = fn},
#include "pass/passes.def"
#undef X
};

static const struct { const char *name, *anchor; } upstream[] = {
#define X(n, a) {n, a},
#include "pass/upstream_passes.def"
#undef X
};

enum { N_ROWS = sizeof rows / sizeof *rows, N_UPSTREAM = sizeof upstream / sizeof *upstream };

const pass_row *pass_table(size_t *out_n) {
  *out_n = N_ROWS;
  return rows;
}

const pass_row *pass_find(const char *name) {
  for (size_t i = 0; i < N_ROWS; i++)
    if (strcmp(rows[i].name, name) == 0)
      return &rows[i];
  return NULL;
}

const char *pass_upstream_anchor(const char *name) {
  for (size_t i = 0; i < N_UPSTREAM; i++)
    if (strcmp(upstream[i].name, name) == 0)
      return upstream[i].anchor;
  return NULL;
}

const char *pass_nearest(const char *name) {
  const char *names[N_ROWS + N_UPSTREAM];
  for (size_t i = 0; i < N_ROWS; i++)
    names[i] = rows[i].name;
  for (size_t i = 0; i < N_UPSTREAM; i++)
    names[N_ROWS + i] = upstream[i].name;
  return diag_nearest(name, names, N_ROWS + N_UPSTREAM);
}
