/* One variant by its name: kernel__split__map__order__labels, as plan_variant_name writes it, or as upstream does.  Split, map and order are pins; labels pick
 * the choices.  Upstream's splits may have levels of size 1, so the numbers of levels do not count; a name that gives no slots leaves them free. */
#include "base/text.h"
#include "explore/explore_space_private.h"
#include <stdio.h>

enum { LABEL_MAX = 256, NAME_CHOICES_MAX = 4096 };

void explore_write_label(const explore_space *s, const plan_mapping *p, int a, const plan_choice *c, bool any_depth, char *out, size_t size) {
  (void)s, (void)a;
  size_t n = 0;
  out[0] = 0;
  for (int d = 0; d < p->n_mesh && n < size; d++)
    if (c->area[d] > 1)
      n += (size_t)snprintf(out + n, size - n, "%sdim_%s_%s%" PRId64, n ? "_" : "", p->mesh_name[d], c->move[d] == PLAN_CHAIN ? "ch" : "bc", c->area[d]);
  if (n == 0)
    n += (size_t)snprintf(out, size, "n");
  if (c->hoist && n < size)
    n += (size_t)snprintf(out + n, size - n, "_h%d", c->hoist);
  if (c->depth > 1 && !any_depth && n < size)
    n += (size_t)snprintf(out + n, size - n, "_d%d", c->depth);
  if (c->direct && n < size)
    snprintf(out + n, size - n, "_acc");
}

/* Without "_level<digits>"; *has_depth: some access says how many slots. */
static char *plain_labels(arena *m, const char *s, bool *has_depth) {
  char *out = arena_strdup(m, s), *to = out;
  *has_depth = false;
  for (const char *p = s; *p;) {
    if (strncmp(p, "_level", 6) == 0 && p[6] >= '0' && p[6] <= '9') {
      for (p += 6; *p >= '0' && *p <= '9'; p++)
        ;
      continue;
    }
    *has_depth = *has_depth || (strncmp(p, "_d", 2) == 0 && p[2] >= '2' && p[2] <= '9' && (p[3] == '_' || p[3] == 0));
    *to++ = *p++;
  }
  *to = 0;
  return out;
}

typedef struct matcher { arena *mem; explore_space *s; const plan_mapping *map; const plan_choice *choice[PLAN_LOADS_MAX]; size_t n[PLAN_LOADS_MAX]; const char *label[PLAN_LOADS_MAX]; } matcher;

/* Labels of accesses `a`.. at `at`: each a label that some choice has, to the end of the text. */
static bool match(matcher *k, int a, const char *at) {
  if (a == k->s->n_access)
    return *at == 0;
  for (size_t c = 0; c < k->n[a]; c++) {
    char label[LABEL_MAX];
    explore_write_label(k->s, k->map, a, &k->choice[a][c], k->s->impl->fixes.any_depth, label, sizeof label);
    size_t n = strlen(label);
    bool is_seen = false;
    for (size_t i = 0; i < c && !is_seen && k->s->impl->fixes.any_depth; i++) {
      char before[LABEL_MAX];
      explore_write_label(k->s, k->map, a, &k->choice[a][i], true, before, sizeof before);
      is_seen = strcmp(before, label) == 0;
    }
    if (is_seen || strncmp(at, label, n) != 0 || (at[n] != (a + 1 < k->s->n_access ? '_' : '\0')))
      continue;
    if (match(k, a + 1, at + n + (a + 1 < k->s->n_access))) {
      k->label[a] = arena_strdup(k->mem, label);
      return true;
    }
  }
  return false;
}

/* The parts of a name from its end: labels, order, map, split.  false: it has not so many. */
static bool split_name(arena *m, const char *kernel, const char *name, const char **parts) {
  size_t n = strlen(kernel);
  if (strncmp(name, kernel, n) != 0 || strncmp(name + n, "__", 2) != 0)
    return false;
  const char *at = name + n + 2;
  for (int i = 0; i < 3; i++) {
    const char *end = strstr(at, "__");
    if (!end)
      return false;
    parts[i] = arena_strndup(m, at, (size_t)(end - at));
    at = end + 2;
  }
  parts[3] = at;
  return parts[2][0] == 'f' && parts[2][1];
}

loom_status explore_open_named(loom_ctx *ctx, const nest *n, const machine *m, const explore_options *o, const char *name, explore_space *out, bool *found) {
  const char *parts[4], *pins[3];
  arena *mem = &ctx->mem;
  *found = false;
  if (!split_name(mem, n->kernel, name, parts))
    return LOOM_OK;
  explore_options named = *o;
  pins[0] = arena_printf(mem, "split=%s", parts[0]);
  pins[1] = arena_printf(mem, "map=%s", parts[1]);
  pins[2] = arena_printf(mem, "order=%s", parts[2] + 1);
  named.pins = pins;
  named.n_pins = 3;
  named.variant = NULL;
  diag_mark before = diag_save(ctx);
  loom_status status = explore_open(ctx, n, m, &named, out);
  if (status == LOOM_EINFEASIBLE || status == LOOM_EUSAGE) {
    diag_drop(ctx, before);
    return LOOM_OK;
  }
  LOOM_TRY(status);
  matcher k = {.mem = mem, .s = out};
  plan_mapping map;
  bool has_depth;
  const char *labels = plain_labels(mem, parts[3], &has_depth);
  explore_get_mapping(out, 0, 0, &map);
  k.map = &map;
  for (int a = 0; a < out->n_access; a++) {
    plan_choice *room = ARENA_NEW_N(mem, plan_choice, NAME_CHOICES_MAX);
    k.n[a] = explore_list_choices(out, &map, a, room, NAME_CHOICES_MAX);
    k.n[a] = k.n[a] < NAME_CHOICES_MAX ? k.n[a] : NAME_CHOICES_MAX;
    k.choice[a] = room;
  }
  out->impl->fixes.any_depth = !has_depth;
  *found = match(&k, 0, labels);
  for (int a = 0; a < out->n_access && *found; a++)
    out->impl->fixes.access[a].label = k.label[a];
  return LOOM_OK;
}
