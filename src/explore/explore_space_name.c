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

/* The parts of a name, `at` behind that of the kernel: split, map, order, labels.  false: it has not so many. */
enum { SPLIT, MAP, ORDER, LABELS, PARTS };
static bool split_name(arena *m, const char *at, const char **parts) {
  for (int i = SPLIT; i < LABELS; i++) {
    const char *end = strstr(at, "__");
    if (!end)
      return false;
    parts[i] = arena_strndup(m, at, (size_t)(end - at));
    at = end + 2;
  }
  parts[LABELS] = at;
  return true;
}

/* Behind the kernel's name; NULL: it is of another. */
static const char *behind_kernel(const char *kernel, const char *name) {
  const size_t n = strlen(kernel);
  return text_starts(name, kernel) && text_starts(name + n, "__") ? name + n + 2 : NULL;
}

loom_status explore_open_named(loom_ctx *ctx, const nest *n, const machine *m, const explore_options *o, const char *name, explore_space *out, bool *found) {
  const char *parts[PARTS], *pins[3], *own = behind_kernel(n->kernel, name);
  arena *mem = &ctx->mem;
  *found = false;
  if (!own || !split_name(mem, own, parts) || parts[ORDER][0] != 'f' || !parts[ORDER][1])
    return LOOM_OK;
  explore_options named = *o;
  pins[0] = arena_printf(mem, "split=%s", parts[SPLIT]);
  pins[1] = arena_printf(mem, "map=%s", parts[MAP]);
  pins[2] = arena_printf(mem, "order=%s", parts[ORDER] + 1);
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
  const char *labels = plain_labels(mem, parts[LABELS], &has_depth);
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

/* ---- which name is near ---- */

enum { NEAR_MAPPINGS_MAX = 1 << 16, NEAR_NAMES_MAX = 1 << 16 };      /* that are looked at */

size_t explore_same_ends(const char *a, const char *b) {
  size_t n = strlen(a), k = strlen(b), head = 0, tail = 0;
  while (head < n && head < k && a[head] == b[head])
    head++;
  while (head + tail < n && head + tail < k && a[n - 1 - tail] == b[k - 1 - tail])
    tail++;
  return head + tail;
}

/* Characters to take out of one and to put in for the other, all in one place. */
static size_t distance(const char *a, const char *b) { return strlen(a) + strlen(b) - 2 * explore_same_ends(a, b); }

static size_t distance_of(arena *scratch, const explore_space *s, int64_t mapping, const char *const *parts) {
  plan_mapping p;
  const arena_mark mark = arena_save(scratch);
  explore_get_mapping(s, mapping, 0, &p);
  const size_t far = distance(parts[SPLIT], plan_split_string(scratch, &p)) + distance(parts[MAP], plan_map_string(scratch, &p));
  arena_release(scratch, mark);
  return far;
}

/* How far the nearest order is. */
static size_t nearest_order(arena *scratch, const explore_space *s, const char *given, int *out) {
  size_t nearest = SIZE_MAX;
  for (int i = 0; i < s->n_orders; i++) {
    plan_mapping p;
    const arena_mark mark = arena_save(scratch);
    explore_get_mapping(s, 0, i, &p);
    const size_t far = distance(given, plan_order_string(scratch, &p));
    arena_release(scratch, mark);
    *out = far < nearest ? i : *out;
    nearest = far < nearest ? far : nearest;
  }
  return nearest;
}

typedef struct label { const char *s; plan_choice choice; } label;
typedef struct labelling {
  arena *mem; const char *given; int n_access, left;      /* left: names that may be tried still */
  struct { VEC_OF(label) all; } of[PLAN_LOADS_MAX];
  const label *now[PLAN_LOADS_MAX];
  plan_mapping mapping;                                    /* that they are of */
  size_t far; plan_mapping best; plan_choice choice[PLAN_LOADS_MAX];      /* the nearest */
} labelling;

/* The labels that choices of access `a` have, each once. */
static void list_labels(labelling *l, const explore_space *s, int a, bool any_depth) {
  plan_choice *choice = ARENA_NEW_N(l->mem, plan_choice, NAME_CHOICES_MAX);
  size_t n = explore_list_choices(s, &l->mapping, a, choice, NAME_CHOICES_MAX);
  l->of[a].all.n = 0;
  for (size_t c = 0; c < n && c < NAME_CHOICES_MAX; c++) {
    char words[LABEL_MAX];
    bool is_there = false;
    explore_write_label(s, &l->mapping, a, &choice[c], any_depth, words, sizeof words);
    for (size_t i = 0; i < l->of[a].all.n && !is_there; i++)
      is_there = strcmp(l->of[a].all.at[i].s, words) == 0;
    if (!is_there)
      vec_push(l->mem, &l->of[a].all, ((label){arena_strdup(l->mem, words), choice[c]}));
  }
}

/* Labels of the accesses from `a` on, behind `words`. */
static void try_labels(labelling *l, int a, const char *words) {
  if (a == l->n_access) {
    const size_t far = distance(l->given, words);
    if (l->left-- <= 0 || far >= l->far)
      return;
    l->far = far;
    l->best = l->mapping;
    for (int i = 0; i < l->n_access; i++)
      l->choice[i] = l->now[i]->choice;
    return;
  }
  for (size_t i = 0; i < l->of[a].all.n && l->left > 0; i++) {
    const arena_mark mark = arena_save(l->mem);
    l->now[a] = &l->of[a].all.at[i];
    try_labels(l, a + 1, arena_printf(l->mem, "%s%s%s", words, a ? "_" : "", l->now[a]->s));
    arena_release(l->mem, mark);
  }
}

/* Split and map first, then the order, then of all mappings that are as near the one whose labels are nearest.  How far all of it is. */
static size_t find_nearest(loom_ctx *ctx, const explore_space *s, const char *const *parts, labelling *l) {
  const int64_t n = s->n_mappings < NEAR_MAPPINGS_MAX ? s->n_mappings : NEAR_MAPPINGS_MAX;
  size_t nearest = SIZE_MAX;
  bool has_depth;
  int order = 0;
  const size_t to_order = nearest_order(&ctx->scratch, s, parts[ORDER], &order);
  for (int64_t i = 0; i < n; i++) {
    const size_t far = distance_of(&ctx->scratch, s, i, parts);
    nearest = far < nearest ? far : nearest;
  }
  *l = (labelling){.mem = &ctx->mem, .given = plain_labels(&ctx->mem, parts[LABELS], &has_depth), .n_access = s->n_access, .left = NEAR_NAMES_MAX, .far = SIZE_MAX};
  for (int64_t i = 0; i < n && l->left > 0; i++) {
    if (distance_of(&ctx->scratch, s, i, parts) != nearest)
      continue;
    explore_get_mapping(s, i, order, &l->mapping);
    for (int a = 0; a < s->n_access; a++)
      list_labels(l, s, a, !has_depth);
    try_labels(l, 0, "");
  }
  return nearest + to_order + l->far;
}

const char *explore_nearest_name(loom_ctx *ctx, const nest *n, const machine *m, const explore_options *o, const char *name) {
  const char *parts[PARTS], *own = behind_kernel(n->kernel, name), *cut = strstr(name, "__");
  explore_options all = *o;
  explore_space s;
  labelling l;
  own = own ? own : cut ? cut + 2 : name;
  if (!split_name(&ctx->mem, own, parts))
    return NULL;
  all.variant = NULL;
  all.n_pins = 0;
  const diag_mark before = diag_save(ctx);
  const loom_status st = explore_open(ctx, n, m, &all, &s);
  diag_drop(ctx, before);
  if (st != LOOM_OK)
    return NULL;
  return 2 * find_nearest(ctx, &s, parts, &l) < strlen(own) ? explore_make_candidate(&ctx->mem, &s, &l.best, l.choice)->name : NULL;
}
