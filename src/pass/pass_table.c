#include "pass/pass_private.h"
#include <string.h>

static const pass_row rows[] = {
#define X(n, a, fn, need, leave, text, opt) {.name = n, .anchor = a, .needs = need, .leaves = leave, .summary = text, .options = opt, .run = fn},
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

/* Names that PyTorchSim's tools have for passes of ours. */
static const char *our_name(const char *name) {
  static const struct { const char *theirs, *ours; } names[] = {
#define X(t, o) {t, o},
#include "pass/upstream_names.def"
#undef X
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(names[i].theirs, name) == 0)
      return names[i].ours;
  return name;
}

const pass_row *pass_find(const char *name) {
  name = our_name(name);
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

const char *pass_vanished(const char *name) {
  static const struct { const char *name, *now; } gone[] = {
#define X(n, w) {n, w},
#include "pass/vanished_passes.def"
#undef X
  };
  for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
    if (strcmp(gone[i].name, name) == 0)
      return gone[i].now;
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

/* Op a pass must be nested under inside builtin.module; "" for none. */
static const char *nest_of(const char *name) {
  const pass_row *ours = pass_find(name);
  const char *anchor = ours ? ours->anchor : pass_upstream_anchor(name);
  if (!anchor || strcmp(anchor, "builtin.module") == 0)
    return "";
  return strcmp(anchor, "function") == 0 ? "func.func" : anchor;
}

const char *pass_flags_pipeline(arena *mem, const char *const *flags, size_t n) {
  text t = text_new(mem);
  text_add(&t, "builtin.module(");
  for (size_t i = 0; i < n; i++) {
    const char *under = nest_of(arena_strndup(mem, flags[i], strcspn(flags[i], "{")));
    text_addf(&t, *under ? "%s%s(%s)" : "%s%s%s", i ? "," : "", under, flags[i]);
  }
  text_add(&t, ")");
  return text_str(&t);
}
