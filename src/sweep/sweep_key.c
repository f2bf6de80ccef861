/* What a point depends on, as one number: contents, not names and times. */
#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "machine/machine.h"
#include "sweep/sweep.h"
#include <stdlib.h>
#include <string.h>

enum { INPUT_BYTES_MAX = 64 << 20 };

/* Texts that were hashed: of a file or a machine, by name. */
typedef struct known { const char *name, *hash; } known;
typedef struct keys { loom_ctx *ctx; VEC_OF(known) files, machines; } keys;

static const char *digest(arena *m, const void *bytes, size_t size) {
  char hex[SWEEP_KEY_DIGITS + 1];
  hash_sha256_hex(bytes, size, hex);
  return arena_strdup(m, hex);
}

static loom_status hash_file(keys *k, const char *path, const char **out) {
  char *bytes;
  size_t size;
  for (size_t i = 0; i < k->files.n; i++)
    if (strcmp(k->files.at[i].name, path) == 0) {
      *out = k->files.at[i].hash;
      return LOOM_OK;
    }
  LOOM_TRY(file_read(k->ctx, path, INPUT_BYTES_MAX, &bytes, &size));
  *out = digest(&k->ctx->mem, bytes, size);
  vec_push(&k->ctx->mem, &k->files, ((known){path, *out}));
  return LOOM_OK;
}

/* By what Loom reads: a file that another one extends counts, its comments do not.  "host" is this CPU as it is. */
static loom_status hash_machine(keys *k, const char *name, const char **out) {
  arena *m = &k->ctx->mem;
  machine *read;
  for (size_t i = 0; i < k->machines.n; i++)
    if (strcmp(k->machines.at[i].name, name) == 0) {
      *out = k->machines.at[i].hash;
      return LOOM_OK;
    }
  LOOM_TRY(machine_load(k->ctx, name, NULL, &read));
  const char *json = data_write_json(m, machine_to_data(m, read), 0);
  *out = digest(m, json, strlen(json));
  vec_push(m, &k->machines, ((known){name, *out}));
  return LOOM_OK;
}

/* The file that an option's value names: "x=a.npy", "a.json"; NULL: none. */
static const char *named_file(const char *value) {
  const char *equals = value ? strrchr(value, '=') : NULL, *file = equals ? equals + 1 : value;
  return file && strchr(file, '.') && file_exists(file) && !file_is_dir(file) ? file : NULL;
}

static loom_status hash_point(keys *k, const sweep *s, sweep_point *p, const char *version) {
  arena *m = &k->ctx->mem;
  const char *hash;
  text t = text_new(m);
  text_addf(&t, "loom.sweep.v1\n%s\n%s\n", version, s->command);
  LOOM_TRY(hash_file(k, p->path, &hash));
  text_addf(&t, "kernel %s\nfunction %s\nshape %s\ndtype %s\n", hash, p->function, p->shape, p->dtype);
  hash = "";
  if (*p->machine)
    LOOM_TRY(hash_machine(k, p->machine, &hash));
  text_addf(&t, "machine %s\n", hash);
  for (size_t i = 0; i < p->option.n; i++) {
    const sweep_option *o = &p->option.at[i];
    const char *file = named_file(o->value);
    text_addf(&t, "%s=%s\n", o->name, o->value ? o->value : "");
    if (file) {
      LOOM_TRY(hash_file(k, file, &hash));
      text_addf(&t, "file %s\n", hash);
    }
  }
  p->key = digest(m, t.data, t.size);
  return LOOM_OK;
}

static int by_key(const void *a, const void *b) {
  const sweep_point *x = *(const sweep_point *const *)a, *y = *(const sweep_point *const *)b;
  const int c = strcmp(x->key, y->key);
  return c ? c : (x > y) - (x < y);
}

/* Of points with one key the first stays. */
static void drop_twins(arena *m, sweep *s) {
  const size_t n = s->points.n;
  sweep_point **order = ARENA_NEW_N(m, sweep_point *, n);
  bool *is_twin = ARENA_NEW_N(m, bool, n);
  size_t kept = 0;
  for (size_t i = 0; i < n; i++)
    order[i] = &s->points.at[i];
  qsort(order, n, sizeof *order, by_key);
  for (size_t i = 1; i < n; i++)
    is_twin[order[i] - s->points.at] = strcmp(order[i]->key, order[i - 1]->key) == 0;
  for (size_t i = 0; i < n; i++)
    if (!is_twin[i])
      s->points.at[kept++] = s->points.at[i];
  s->points.n = kept;
}

loom_status sweep_make_keys(loom_ctx *ctx, sweep *s, const char *version) {
  keys k = {.ctx = ctx};
  for (size_t i = 0; i < s->points.n; i++)
    LOOM_TRY(hash_point(&k, s, &s->points.at[i], version));
  drop_twins(&ctx->mem, s);
  return LOOM_OK;
}
