/* Restrictions of the search: "order=10", "split=x8_y2y4", "map=d0i0_d1i0_d2i1", "load.x=bcast_y", "load.x=n". */
#include "explore/explore_private.h"
#include "base/text.h"

typedef struct pin { const char *load; /* NULL for the others */ const char *key, *value; } pin;

static pin split_pin(arena *m, const char *s) {
  const char *eq = strchr(s, '=');
  if (!eq)
    return (pin){.key = s};
  pin p = {.key = arena_strndup(m, s, (size_t)(eq - s)), .value = eq + 1};
  if (text_starts(p.key, "load."))
    p.load = p.key + 5;
  return p;
}

/* "bcast_xy" or "bcast_x_y": the mesh dims shared along, as a mask; "n": none. */
static bool parse_area(const char *value, const char *const *dims, int n_dims, unsigned *out) {
  *out = 0;
  if (text_eq(value, "n") || text_eq(value, "unicast"))
    return true;
  if (!text_starts(value, "bcast_") || !value[6])
    return false;
  for (const char *p = value + 6; *p;) {
    int d = 0;
    while (d < n_dims && !text_starts(p, dims[d]))
      d++;
    if (d == n_dims)
      return false;
    *out |= 1u << d;
    p += strlen(dims[d]);
    p += *p == '_';
  }
  return true;
}

static loom_status check_load(loom_ctx *ctx, const nest *n, const machine *m, const char *source, const pin *p) {
  const nest_node *access[PLAN_LOADS_MAX];
  const char *names[PLAN_LOADS_MAX], *dims[PLAN_MESH_MAX];
  size_t count = nest_accesses(n, access, PLAN_LOADS_MAX), loads = 0;
  bool is_known = false;
  for (size_t i = 0; i < count; i++)
    if (access[i]->kind == NEST_LOAD) {
      names[loads] = nest_access_name(&ctx->mem, n, access[i]);
      is_known = is_known || text_eq(names[loads], p->load);
      loads++;
    }
  if (!is_known) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--pin %s: the kernel has no load '%s'", source, p->load);
    const char *near = diag_nearest(p->load, names, loads);
    text all = text_new(&ctx->mem);
    for (size_t i = 0; i < loads; i++)
      text_addf(&all, "%sload.%s", i ? ", " : "", names[i]);
    if (near)
      diag_help(ctx, "did you mean load.%s", near);
    else
      diag_help(ctx, "the loads are %s", text_str(&all));
    return LOOM_EUSAGE;
  }
  for (size_t d = 0; d < m->mesh.n; d++)
    dims[d] = m->mesh.at[d].name;
  unsigned mask;
  if (!parse_area(p->value, dims, (int)m->mesh.n, &mask)) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--pin %s: '%s' is no way to load", source, p->value);
    diag_help(ctx, "n for one transfer a core, bcast_ and mesh dims (bcast_%s) for a shared one", dims[0]);
    return LOOM_EUSAGE;
  }
  return LOOM_OK;
}

loom_status explore_check_pins(loom_ctx *ctx, const nest *n, const machine *m, const explore_options *o) {
  static const char *const keys[] = {"order", "split", "map"};
  for (size_t i = 0; i < o->n_pins; i++) {
    pin p = split_pin(&ctx->mem, o->pins[i]);
    if (p.value && p.load) {
      LOOM_TRY(check_load(ctx, n, m, o->pins[i], &p));
      continue;
    }
    bool is_known = false;
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
      is_known = is_known || text_eq(p.key, keys[k]);
    if (!is_known || !p.value) {
      diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--pin %s is not understood", o->pins[i]);
      diag_help(ctx, "pins are order=10, split=x8_y2y4, map=d0i0_d1i1 and load.NAME=n or load.NAME=bcast_x");
      return LOOM_EUSAGE;
    }
  }
  return LOOM_OK;
}

static bool load_matches(const plan_candidate *c, const pin *p) {
  unsigned wanted, got = 0;
  parse_area(p->value, (const char *const *)c->mapping.mesh_name, c->mapping.n_mesh, &wanted);   /* explore_check_pins has read it */
  for (int i = 0; i < c->n_access; i++) {
    const plan_access *a = &c->access[i];
    if (a->is_store || !text_eq(a->name, p->load))
      continue;
    for (int d = 0; d < c->mapping.n_mesh; d++)
      got |= a->area[d] > 1 ? 1u << d : 0;
  }
  return wanted == got;
}

bool explore_matches_pins(arena *m, const plan_candidate *c, const explore_options *o) {
  for (size_t i = 0; i < o->n_pins; i++) {
    pin p = split_pin(m, o->pins[i]);
    bool ok = p.load                  ? load_matches(c, &p)
              : text_eq(p.key, "order") ? text_eq(plan_order_string(m, &c->mapping) + (p.value[0] == 'f' ? 0 : 1), p.value)
              : text_eq(p.key, "split") ? text_eq(plan_split_string(m, &c->mapping), p.value)
                                        : text_eq(plan_map_string(m, &c->mapping), p.value);
    if (!ok)
      return false;
  }
  return true;
}
