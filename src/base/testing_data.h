/* testing_data: every small edit of a data tree, one at a time, given to a reader; included by *_test.c only.
 * Oracle: a value of another kind is refused wherever it stands, a member that is left out is refused unless the test lists its key as one that may
 * be absent, and whatever the reader says, it fails exactly when it reports an error, with a status of the user's. */
#ifndef LOOM_BASE_TESTING_DATA_H
#define LOOM_BASE_TESTING_DATA_H
#include "base/data.h"
#include "base/testing.h"
#include "base/vec.h"

typedef loom_status (*testing_reader)(loom_ctx *ctx, const data_value *v);

typedef struct testing_edits {
  testing_reader read;
  const char *const *optional;      /* keys that may be left out, NULL-terminated */
  bool is_lenient;                  /* others' format: what is absent or of another kind may mean something; the rest of the oracle holds */
  const char *const *free;          /* keys whose value may be of more kinds than the one it has, NULL-terminated; NULL: none */
  /* what was met so far */
  arena *m;
  data_value *whole;
  VEC_OF(const char *) shapes;      /* paths without indices: one value of each is edited */
  int refused, read_ok;
  const char *silent;                    /* edits that nobody objected to, by key, a line each */
} testing_edits;

static inline bool testing_has_key(const char *const *keys, const char *key) {
  for (; keys && key && *keys; keys++)
    if (strcmp(*keys, key) == 0)
      return true;
  return false;
}

/* How the reader takes the tree as it is now; `what` is the edit. */
static inline bool testing_edit_is_read(testing_edits *e, const char *what) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  const loom_status st = e->read(&ctx, e->whole);
  if ((st != LOOM_OK) != (ctx.diag.errors > 0) || (st != LOOM_OK && st != LOOM_EINPUT && st != LOOM_ELIMIT && st != LOOM_EUNSUP && st != LOOM_EINFEASIBLE && st != LOOM_EUSAGE))
    fail_msg("%s: status %d with %d errors%s%s", what, (int)st, (int)ctx.diag.errors, ctx.diag.first ? ": " : "", ctx.diag.first ? ctx.diag.first->text : "");
  loom_ctx_done(&ctx);
  *(st == LOOM_OK ? &e->read_ok : &e->refused) += 1;
  return st == LOOM_OK;
}

static inline void testing_note_silent(testing_edits *e, const char *line) {
  if (!strstr(e->silent, line))
    e->silent = arena_printf(e->m, "%s%s", e->silent, line);
}

static inline void testing_edit_value(testing_edits *e, data_value *v, const char *key, const char *path) {
  const data_value was = *v;
  static const int64_t integers[] = {-1, 0, 1, INT32_MAX, INT64_MAX, INT64_MIN};
  static const char *const strings[] = {"", "?", "0", "a / 0", "tile_q"};
  data_value *item = data_null(e->m), *of_null = data_array(e->m), *member = data_object(e->m);
  data_push(e->m, of_null, item);
  data_set(e->m, member, "?", data_null(e->m));
  data_value *const others[] = {data_null(e->m), data_bool(e->m, true), data_int(e->m, 1), data_real(e->m, 1.5), data_string(e->m, "?"), of_null, member};
  for (size_t i = 0; i < COUNT_OF(others); i++) {
    if (others[i]->kind == was.kind || (was.kind == DATA_REAL && others[i]->kind == DATA_INT))
      continue;
    *v = *others[i];
    v->span = was.span;
    const char *what = arena_printf(e->m, "%s becomes %s", path, data_kind_name(v->kind));
    if (testing_edit_is_read(e, what) && !testing_has_key(e->free, key))
      testing_note_silent(e, arena_printf(e->m, "  '%s' becomes %s\n", key ? key : "the file", data_kind_name(v->kind)));
  }
  for (size_t i = 0; i < COUNT_OF(integers) && was.kind == DATA_INT; i++) {
    *v = was;
    v->integer = integers[i];
    v->real = (double)integers[i];
    testing_edit_is_read(e, arena_printf(e->m, "%s = %" PRId64, path, integers[i]));
  }
  for (size_t i = 0; i < COUNT_OF(strings) && was.kind == DATA_STRING; i++) {
    *v = was;
    v->string = strings[i];
    testing_edit_is_read(e, arena_printf(e->m, "%s = '%s'", path, strings[i]));
  }
  *v = was;
}

/* What an item of an array is edited as: one for all objects with the same keys. */
static inline const char *testing_item_name(arena *m, const data_value *item) {
  const char *name = "";
  for (size_t i = 0; item->kind == DATA_OBJECT && i < item->n; i++)
    name = arena_printf(m, "%s%s%s", name, *name ? "," : "", item->members[i].key);
  return name;
}

static inline void testing_edit_tree(testing_edits *e, data_value *v, const char *key, const char *path) {
  for (size_t i = 0; i < e->shapes.n; i++)
    if (strcmp(e->shapes.at[i], path) == 0)
      return;
  vec_push(e->m, &e->shapes, path);
  testing_edit_value(e, v, key, path);
  if (v->kind == DATA_ARRAY && v->n) {
    v->n--;
    testing_edit_is_read(e, arena_printf(e->m, "%s without its last", path));
    v->n++;
    for (size_t i = 0; i < v->n; i++)
      testing_edit_tree(e, v->items[i], key, arena_printf(e->m, "%s[%s]", path, testing_item_name(e->m, v->items[i])));
  }
  for (size_t i = 0; v->kind == DATA_OBJECT && i < v->n; i++) {
    const data_member member = v->members[i];
    const char *at = arena_printf(e->m, "%s.%s", path, member.key);
    v->members[i].key = "no such key";      /* left out, and one too many */
    testing_edit_is_read(e, arena_printf(e->m, "%s renamed", at));
    v->members[i] = v->members[--v->n];
    if (testing_edit_is_read(e, arena_printf(e->m, "%s left out", at)) && !testing_has_key(e->optional, member.key))
      testing_note_silent(e, arena_printf(e->m, "  '%s' left out\n", member.key));
    v->members[v->n++] = v->members[i];
    v->members[i] = member;
    testing_edit_tree(e, member.value, member.key, at);
  }
}

/* Every edit of `v`, which is as it was afterwards.  Fails the test where the oracle above does not hold, and where nothing was refused. */
static inline void testing_edit_all(arena *m, data_value *v, testing_edits *e) {
  e->m = m;
  e->whole = v;
  e->silent = "";
  assert_true(testing_edit_is_read(e, "nothing edited"));
  testing_edit_tree(e, v, NULL, "");
  if (*e->silent && !e->is_lenient) {
    print_error("%s", e->silent);
    fail_msg("nobody objects to these edits");
  }
  assert_true(e->refused > 0);
}
#endif
