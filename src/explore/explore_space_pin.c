/* Restrictions of the space: "order=10", "split=x8_y2y4", "map=d0i0_d1i1", "load.x=bcast_x_chain_y", "load.x=hoist2", "depth.x=3". */
#include "explore/explore_space_private.h"
#include "base/text.h"
#include <stdlib.h>

static const char example_help[] = "pins are order=10, split=x8_y2y4, map=d0i0_d1i1, load.NAME=n, bcast_x, chain_y or hoist2, depth.NAME=2";

static loom_status not_understood(loom_ctx *ctx, const char *pin) {
  static const char *const keys[] = {"order", "split", "map", "load", "depth"};
  const char *key = arena_strndup(&ctx->mem, pin, strcspn(pin, ".=")), *near = diag_nearest(key, keys, sizeof keys / sizeof *keys);
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--pin %s is not understood", pin);
  if (near && !text_eq(near, key))
    diag_help(ctx, "did you mean '%s'?", near);
  else
    diag_help(ctx, "%s", example_help);
  return LOOM_EUSAGE;
}

static bool parse_number(const char *s, long lo, long hi, int *out) {
  char *end;
  long v = s[0] >= '0' && s[0] <= '9' ? strtol(s, &end, 10) : -1;
  if (v < lo || v > hi || *end)
    return false;
  *out = (int)v;
  return true;
}

/* `value` is not empty: "bcast_xy", "bcast_x_y", "chain_x", "bcast_x_chain_y"; "n" and "unicast": nothing shared. */
static bool parse_moves(const char *value, const machine *m, plan_move *out) {
  bool is_kind = false;
  plan_move kind = PLAN_UNICAST;
  for (int d = 0; d < PLAN_MESH_MAX; d++)
    out[d] = PLAN_UNICAST;
  if (text_eq(value, "n") || text_eq(value, "unicast"))
    return true;
  for (const char *p = value; *p;) {
    is_kind = text_starts(p, "bcast_") || text_starts(p, "chain_");
    if (is_kind) {
      kind = p[0] == 'b' ? PLAN_MULTICAST : PLAN_CHAIN;
      p += 6;
      continue;
    }
    size_t d = 0;
    while (d < m->mesh.n && !text_starts(p, m->mesh.at[d].name))
      d++;
    if (d == m->mesh.n || kind == PLAN_UNICAST || out[d] != PLAN_UNICAST)
      return false;
    out[d] = kind;
    p += strlen(m->mesh.at[d].name);
    if (*p == '_' && !*++p)
      return false;
  }
  return !is_kind;
}

/* The access that `name` means; loads only unless `stores` too. */
static loom_status find_access(loom_ctx *ctx, const nest *n, const char *pin, const char *word, const char *name, bool stores, int *out) {
  const nest_node *access[PLAN_LOADS_MAX];
  const char *names[PLAN_LOADS_MAX];
  size_t count = nest_accesses(n, access, PLAN_LOADS_MAX), n_names = 0;
  *out = -1;
  for (size_t i = 0; i < count; i++) {
    if (access[i]->kind != NEST_LOAD && !stores)
      continue;
    names[n_names] = nest_access_name(&ctx->mem, n, access[i]);
    if (text_eq(names[n_names], name))
      *out = (int)i;
    n_names++;
  }
  if (*out >= 0)
    return LOOM_OK;
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--pin %s: the kernel has no %s '%s'", pin, stores ? "load or store" : "load", name);
  const char *near = diag_nearest(name, names, n_names);
  text all = text_new(&ctx->mem);
  for (size_t i = 0; i < n_names; i++)
    text_addf(&all, "%s%s.%s", i ? ", " : "", word, names[i]);
  if (near)
    diag_help(ctx, "did you mean %s.%s", word, near);
  else
    diag_help(ctx, "there are %s", text_str(&all));
  return LOOM_EUSAGE;
}

static loom_status read_load(loom_ctx *ctx, const nest *n, const machine *m, const char *pin, const char *name, const char *value, explore_fixes *out) {
  int a;
  LOOM_TRY(find_access(ctx, n, pin, "load", name, false, &a));
  explore_fix *f = &out->access[a];
  if (text_starts(value, "hoist") && parse_number(value + 5, 0, EXPLORE_LIFTS_MAX, &f->hoist))
    return LOOM_OK;
  f->has_move = true;
  if (parse_moves(value, m, f->move))
    return LOOM_OK;
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--pin %s: '%s' is no way to load", pin, value);
  diag_help(ctx, "n for one transfer a core, bcast_%s for a shared one, chain_%s for one from neighbour to neighbour, hoist1 for one outside of the innermost loop",
            m->mesh.at[0].name, m->mesh.at[0].name);
  return LOOM_EUSAGE;
}

static loom_status read_depth(loom_ctx *ctx, const nest *n, const char *pin, const char *name, const char *value, explore_fixes *out) {
  int a;
  LOOM_TRY(find_access(ctx, n, pin, "depth", name, true, &a));
  if (parse_number(value, 1, 3, &out->access[a].depth))
    return LOOM_OK;
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--pin %s: a buffer has 1 to 3 slots, not '%s'", pin, value);
  diag_help(ctx, "depth.%s=2 loads the next tile while one is in use", name);
  return LOOM_EUSAGE;
}

loom_status explore_read_fixes(loom_ctx *ctx, const nest *n, const machine *m, const explore_options *o, explore_fixes *out) {
  *out = (explore_fixes){0};
  for (int a = 0; a < PLAN_LOADS_MAX; a++)
    out->access[a].hoist = -1;
  for (size_t i = 0; i < o->n_pins; i++) {
    const char *pin = o->pins[i], *eq = strchr(pin, '=');
    if (!eq || !eq[1])
      return not_understood(ctx, pin);
    const char *key = arena_strndup(&ctx->mem, pin, (size_t)(eq - pin)), *value = eq + 1;
    const char **whole = text_eq(key, "order") ? &out->order : text_eq(key, "split") ? &out->split : text_eq(key, "map") ? &out->map : NULL;
    if (whole)
      *whole = value;
    else if (text_starts(key, "load."))
      LOOM_TRY(read_load(ctx, n, m, pin, key + 5, value, out));
    else if (text_starts(key, "depth."))
      LOOM_TRY(read_depth(ctx, n, pin, key + 6, value, out));
    else
      return not_understood(ctx, pin);
  }
  return LOOM_OK;
}

/* ---- mappings ---- */

bool explore_fixes_mapping(const explore_fixes *f) { return f->split || f->map; }

typedef struct level_list { int n[PLAN_MESH_MAX]; explore_level at[PLAN_MESH_MAX][PLAN_LOGICAL_MAX]; } level_list;

/* "x8_y2y4" against the names of the mapping's mesh dims; iterators -1. */
static bool parse_split(const char *s, const plan_mapping *p, level_list *out) {
  *out = (level_list){0};
  for (int d = 0; d < p->n_mesh; d++) {
    size_t name = strlen(p->mesh_name[d]);
    while (strncmp(s, p->mesh_name[d], name) == 0 && s[name] >= '1' && s[name] <= '9' && out->n[d] < PLAN_LOGICAL_MAX) {
      char *end;
      long size = strtol(s + name, &end, 10);
      out->at[d][out->n[d]++] = (explore_level){size > INT32_MAX ? INT32_MAX : (int32_t)size, -1};
      s = end;
    }
    if (out->n[d] == 0 || *s != (d + 1 < p->n_mesh ? '_' : '\0'))
      return false;
    s++;
  }
  return true;
}

/* `letter` and a number below 100 at *s, which moves behind them; -1: something else. */
static int read_index(const char **s, char letter) {
  const char *p = *s;
  int v = 0;
  if (*p++ != letter || *p < '0' || *p > '9')
    return -1;
  for (; *p >= '0' && *p <= '9' && v < 100; p++)
    v = v * 10 + (*p - '0');
  *s = p;
  return v < 100 ? v : -1;
}

/* "d0i0_d1i1": iterators of the levels in order of (level, mesh dim). */
static bool parse_map(const char *s, int n_mesh, level_list *io) {
  int number = 0;
  for (int level = 0; level < PLAN_LOGICAL_MAX; level++)
    for (int d = 0; d < n_mesh; d++) {
      if (level >= io->n[d])
        continue;
      if (number > 0 && *s++ != '_')
        return false;
      if (read_index(&s, 'd') != number++)
        return false;
      io->at[d][level].iter = read_index(&s, 'i');
      if (io->at[d][level].iter < 0)
        return false;
    }
  return *s == '\0';
}

/* Levels of size 1 dropped, neighbours of one iterator (when known) merged. */
static void make_canonical(level_list *x) {
  for (int d = 0; d < PLAN_MESH_MAX; d++) {
    int n = 0;
    for (int k = 0; k < x->n[d]; k++) {
      explore_level *last = n ? &x->at[d][n - 1] : NULL, now = x->at[d][k];
      if (now.size == 1)
        continue;
      if (last && now.iter >= 0 && last->iter == now.iter)
        last->size *= now.size;
      else
        x->at[d][n++] = now;
    }
    x->n[d] = n;
  }
}

static level_list levels_of(const plan_mapping *p) {
  level_list x = {0};
  for (int l = 0; l < p->n_logical; l++)
    x.at[p->logical[l].mesh_dim][x.n[p->logical[l].mesh_dim]++] = (explore_level){(int32_t)p->logical[l].size, p->logical[l].iter};
  return x;
}

bool explore_mapping_is_fixed(arena *scratch, const explore_fixes *f, const plan_mapping *p) {
  if (!f->split)
    return !f->map || text_eq(plan_map_string(scratch, p), f->map);
  level_list wanted, got = levels_of(p);
  if (!parse_split(f->split, p, &wanted) || (f->map && !parse_map(f->map, p->n_mesh, &wanted)))
    return false;
  make_canonical(&wanted);
  make_canonical(&got);
  for (int d = 0; d < p->n_mesh; d++) {
    if (wanted.n[d] != got.n[d])
      return false;
    for (int k = 0; k < got.n[d]; k++)
      if (wanted.at[d][k].size != got.at[d][k].size || (f->map && wanted.at[d][k].iter != got.at[d][k].iter))
        return false;
  }
  return true;
}
