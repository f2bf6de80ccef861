/* Made-up plans of a kernel on a machine, run against the interpreter; included by tests only.
 *
 * A case is a kernel with three shapes.  One point of the whole space is drawn for each number: a mapping, a loop order, a choice for each load and
 * store, block sizes of the domain that fit the L1 (multiples of the alignment, dividing or not).  It becomes a plan, a program, a run. */
#ifndef LOOM_COMPILE_PLANS_H
#define LOOM_COMPILE_PLANS_H
#include "base/rng.h"
#include "compile.h"
#include "tog/build/tog_build.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLANS_SHAPES = 3, PLANS_DRAWS = 200 /* points looked at for one that fits */, PLANS_CHOICES_MAX = 2048 };

/* Texts as on the command line: "x=50x70,y=70", "x=bf16,i=i32" or "f32", "eps=1e-5".  `refused`: part of the diagnostic of a kernel without a form
 * on a mesh; NULL: it has one.  `own_blocks`: results depend on block sizes (beyond rounding), so that each plan has an oracle of its own.
 * `has_indices`: an argument says where, so that random numbers in it mean nothing. */
typedef struct plans_case { const char *file, *function, *shape[PLANS_SHAPES], *dtype, *args; const char *refused; bool own_blocks, has_indices; } plans_case;

/* ---- options ---- */

/* The next "key=value" of a list with commas; key NULL: none is there. */
static inline const char *plans_next(arena *m, const char **list, const char **out_key) {
  size_t n = strcspn(*list, ",");
  const char *item = arena_strndup(m, *list, n), *eq = strchr(item, '=');
  *list += n + ((*list)[n] == ',');
  *out_key = eq ? arena_strndup(m, item, (size_t)(eq - item)) : NULL;
  return eq ? eq + 1 : item;
}

static inline void plans_read_shape(arena *m, const char *list, helion_options *o) {
  helion_shape *at = ARENA_NEW_N(m, helion_shape, strlen(list));
  const char *key;
  while (*list) {
    const char *value = plans_next(m, &list, &key);
    for (int d = 0; *value; d++) {
      char *end;
      at[o->n_shapes++] = (helion_shape){arena_printf(m, "%s.%d", key, d), strtoll(value, &end, 10)};
      value = end + (*end == 'x');
    }
  }
  o->shapes = at;
}

static inline void plans_read_given(arena *m, const plans_case *c, helion_options *o) {
  helion_given *at = ARENA_NEW_N(m, helion_given, strlen(c->dtype ? c->dtype : "") + strlen(c->args ? c->args : "") + 1);
  const char *key, *list = c->dtype ? c->dtype : "";
  while (*list) {
    helion_given g = {.kind = HELION_GIVEN_DTYPE};
    (void)dtype_parse(plans_next(m, &list, &key), &g.type);
    g.name = key;
    if (key)
      at[o->n_given++] = g;
    else
      o->has_dtype = true, o->dtype = g.type;
  }
  for (list = c->args ? c->args : ""; *list;) {
    const char *value = plans_next(m, &list, &key);
    at[o->n_given++] = helion_parse_given(m, key, value);
  }
  o->given = at;
}

/* Reads the kernel, up to its nest. */
static inline void plans_case_options(arena *m, const plans_case *c, int shape, const char *machine_name, compile_options *o) {
  *o = (compile_options){.input = arena_printf(m, "%s/%s", LOOM_SOURCE_DIR, c->file), .machine = machine_name, .search_host = true, .helion = {.function = c->function}, .model = MODEL_LOOM,
                         .accumulate_f32 = true, .topk = 1, .etg_gen = 3, .stop_after = COMPILE_NEST};
  plans_read_shape(m, c->shape[shape], &o->helion);
  plans_read_given(m, c, &o->helion);
}

/* "loom run FILE --function F --shape .. --machine M", for people. */
static inline const char *plans_command(arena *m, const plans_case *c, const char *shape, const char *machine_name) {
  text t = text_new(m);
  text_addf(&t, "loom run %s --function %s --shape %s --machine %s", c->file, c->function, shape, machine_name);
  if (c->dtype)
    text_addf(&t, " --dtype %s", c->dtype);
  const char *key, *list = c->args ? c->args : "";
  while (*list) {
    const char *value = plans_next(m, &list, &key);
    text_addf(&t, " --arg %s=%s", key ? key : "", value);
  }
  return text_str(&t);
}

/* ---- one point of the space ---- */

typedef struct plans_space { compile_state *s; explore_space space; model_program *program; plan_choice *room; const nest_node *access[PLAN_LOADS_MAX]; bool one_slot; /* on a CPU: nothing is fetched ahead */ } plans_space;

/* After compile_kernel up to the nest. */
static inline loom_status plans_open(compile_state *s, plans_space *out) {
  loom_ctx *ctx = s->ctx;
  explore_options o = {.accumulate_f32 = true};
  *out = (plans_space){.s = s, .one_slot = s->solve_options.assigned_double_buffer == 0, .room = ARENA_NEW_N(&ctx->mem, plan_choice, PLANS_CHOICES_MAX)};
  int n;
  LOOM_TRY(explore_open(ctx, s->nest, s->machine, &o, &out->space));
  LOOM_TRY(explore_list_accesses(ctx, s->nest, s->machine, out->access, &n));
  return model_compile(ctx, s->nest, s->machine, true, MODEL_PACKED, &out->program);
}

/* Half of the time by how the cores are shared out first, so that few and many cores come equally often. */
static inline int64_t plans_draw_mapping(const explore_space *x, rng *r) {
  if (rng_range(r, 0, 1))
    return rng_range(r, 0, x->n_mappings - 1);
  int32_t tuple = (int32_t)rng_range(r, 0, x->n_tuples - 1);
  if (x->first_profile[tuple] == x->first_profile[tuple + 1])
    return rng_range(r, 0, x->n_mappings - 1);
  int32_t profile = (int32_t)rng_range(r, x->first_profile[tuple], x->first_profile[tuple + 1] - 1);
  if (x->first_mapping[profile] == x->first_mapping[profile + 1])
    return rng_range(r, 0, x->n_mappings - 1);
  return rng_range(r, x->first_mapping[profile], x->first_mapping[profile + 1] - 1);
}

/* Multiples of the alignment up to the one at or behind the upper bound, which may name earlier symbols; small ones as often as large ones.  And now and
 * then any size at all, as --block-sizes may give. */
static inline int64_t plans_draw_size(plans_space *x, rng *r, size_t i, const sym_binding *before) {
  const nest_symbol *s = &x->s->nest->symbols.at[i];
  int64_t upper = s->align * 4;
  diag_mark mark = diag_save(x->s->ctx);
  if (s->covers_one || s->fixed)
    return s->covers_one ? 1 : s->fixed;
  if (s->upper_bound && sym_eval(x->s->ctx, s->upper_bound, before, i, &upper) != LOOM_OK)
    diag_drop(x->s->ctx, mark);
  int64_t most = (upper + s->align - 1) / s->align;
  most = most < 1 ? 1 : most;
  switch (rng_range(r, 0, 9)) {
  case 0: return rng_range(r, 1, s->align * most);
  case 1: case 2: return s->align;
  case 3: case 4: return s->align * most;
  case 5: case 6: return s->align * rng_range(r, 1, most < 3 ? most : 3);
  default: return s->align * rng_range(r, 1, most);
  }
}

static inline bool plans_draw_blocks(plans_space *x, rng *r, const plan_mapping *map, int64_t *blocks, model_point *at) {
  const nest *n = x->s->nest;
  sym_binding drawn[MODEL_BLOCKS_MAX];
  model_grid grid;
  for (size_t i = 0; i < n->symbols.n; i++) {
    blocks[i] = plans_draw_size(x, r, i, drawn);
    drawn[i] = (sym_binding){n->symbols.at[i].name, blocks[i]};
  }
  model_grid_of(map, &grid);
  if (!model_set_blocks(x->program, &grid, blocks, at))
    return false;
  for (int i = 0; i < n->n_parallel; i++)      /* cores of a gather have one tile each */
    if ((x->space.one_trip & 1u << i) && at->trips[i] > 1)
      return false;
  return true;
}

static inline bool plans_draw_choices(plans_space *x, rng *r, const plan_mapping *map, plan_choice *out) {
  for (int a = 0; a < x->space.n_access; a++) {
    size_t n = explore_list_choices(&x->space, map, a, x->room, PLANS_CHOICES_MAX);
    n = n < PLANS_CHOICES_MAX ? n : PLANS_CHOICES_MAX;
    size_t all = n;
    n = 0;
    for (size_t i = 0; i < all; i++)
      if (!x->one_slot || x->access[a]->kind == NEST_STORE || x->room[i].depth == 1)
        x->room[n++] = x->room[i];
    if (!n)
      return false;
    out[a] = x->room[rng_range(r, 0, (int64_t)n - 1)];
  }
  return true;
}

/* The plan of a point. */
static inline loom_status plans_make(const plans_space *x, const plan_mapping *map, const plan_choice *chosen, const int64_t *blocks, plan **out) {
  compile_state *s = x->s;
  loom_ctx *ctx = s->ctx;
  solve_domain *given = ARENA_NEW_N(&ctx->mem, solve_domain, s->nest->symbols.n);
  for (size_t k = 0; k < s->nest->symbols.n; k++)
    given[k] = (solve_domain){.symbol = s->nest->symbols.at[k].name, .assigned = blocks[k]};
  solve_options o = s->solve_options;
  o.domains = given;
  o.n_domains = s->nest->symbols.n;
  solve_result solved;
  LOOM_TRY(solve_given(ctx, s->nest, s->machine, explore_make_candidate(&ctx->mem, &x->space, map, chosen), &o, &solved));
  return solve_plan(ctx, s->nest, s->machine, &o, &solved.rows.at[0], out);
}

/* The plan's bufferized MLIR, verified. */
static inline loom_status plans_bufferize(compile_state *s, plan *p) {
  s->plan = p;
  s->plans.n = 0;
  vec_push(&s->ctx->mem, &s->plans, p);
  ir_close_module(s->bufferized);
  s->bufferized = (MlirModule){NULL};
  LOOM_TRY(materialize_plans(&s->ir, s->canonical, s->nest, s->machine, (const plan *const *)s->plans.at, 1, &s->bufferized));
  return dialect_verify(&s->ir, s->bufferized);
}

/* The plan's program for a chip: s->tog, verified. */
static inline loom_status plans_make_program(compile_state *s, plan *p) {
  LOOM_TRY(plans_bufferize(s, p));
  LOOM_TRY(tog_build(&s->ir, s->bufferized, NULL, s->machine, &s->tog));
  return tog_verify(s->ctx, s->tog);
}

/* The plan of a point that fits; *out NULL: none of PLANS_DRAWS does. */
static inline loom_status plans_draw(plans_space *x, rng *r, plan **out) {
  compile_state *s = x->s;
  *out = NULL;
  for (int i = 0; i < PLANS_DRAWS && !*out; i++) {
    plan_mapping map;
    plan_choice chosen[PLAN_LOADS_MAX] = {0};
    int64_t blocks[MODEL_BLOCKS_MAX], bytes;
    model_point at;
    model_grid grid;
    explore_get_mapping(&x->space, plans_draw_mapping(&x->space, r), (int)rng_range(r, 0, x->space.n_orders - 1), &map);
    model_grid_of(&map, &grid);
    if (!plans_draw_choices(x, r, &map, chosen) || !plans_draw_blocks(x, r, &map, blocks, &at) || !model_bytes_at(x->program, &grid, blocks, chosen, &bytes) ||
        bytes > s->machine->l1_bytes)
      continue;
    LOOM_TRY(plans_make(x, &map, chosen, blocks, out));
  }
  return LOOM_OK;
}

/* "--variant NAME --block-sizes tile_m=32,.." */
static inline const char *plans_describe(arena *m, const plan *p) {
  text t = text_new(m);
  text_addf(&t, "--variant %s", p->candidate.name);
  for (size_t i = 0; i < p->blocks.n; i++)
    text_addf(&t, "%s%s=%" PRId64, i ? "," : " --block-sizes ", p->blocks.at[i].symbol, p->blocks.at[i].size);
  return text_str(&t);
}
#endif
