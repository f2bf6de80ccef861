/* solve_space and solve_rows: what is searched, and what comes out. */
#include "base/clock.h"
#include "base/text.h"
#include "solve/solve_space.h"

enum { GROUPS_LIMIT_BYTES = 160 << 20 };
/* Of a search on a mesh of more than SPACE_LARGE_CORES without an --op-budget or a --timeout: about ten seconds, beyond 1,024 cores one. */
enum { LARGE_EFFORT = 40000000, VERY_LARGE_EFFORT = 4000000, VERY_LARGE_CORES = 1024 };

/* ---- what is searched ---- */

static loom_status list_accesses(space_search *s) {
  const nest_node *access[PLAN_LOADS_MAX];
  LOOM_TRY(explore_list_accesses(s->ctx, s->nest, s->machine, access, &s->source.n_access));
  bool *load = ARENA_NEW_N(&s->ctx->mem, bool, s->source.n_access);
  for (int a = 0; a < s->source.n_access; a++)
    load[a] = access[a]->kind == NEST_LOAD;
  s->source.load = load;
  return LOOM_OK;
}

/* ---- parts of the mesh ---- */

/* by number of the last core of the part; what is found is kept */
typedef struct part_finder { space_search *s; model_reacher *reacher; const model_reach **at; VEC_OF(model_reach) mine; } part_finder;

static const model_reach *find_part(part_finder *f, const int64_t *size) {
  const machine *m = f->s->machine;
  int64_t last = 0;
  for (size_t d = 0; d < m->mesh.n; d++)
    last = last * m->mesh.at[d].size + size[d] - 1;
  if (!f->at[last]) {
    model_reach *x = ARENA_NEW(&f->s->ctx->mem, model_reach);
    model_reacher_find(f->reacher, size, x);
    f->at[last] = x;
  }
  return f->at[last];
}

static void add_part(part_finder *f, const plan_mapping *map) {
  const model_reach *x = find_part(f, map->mesh_size);
  for (size_t i = 0; i < f->mine.n; i++)
    if (memcmp(&f->mine.at[i], x, sizeof *x) == 0)
      return;
  vec_push(&f->s->ctx->scratch, &f->mine, *x);
}

static void end_tuple(part_finder *f, space_reach *out) {
  model_reach *at = ARENA_NEW_N(&f->s->ctx->mem, model_reach, f->mine.n);
  if (f->mine.n)
    memcpy(at, f->mine.at, f->mine.n * sizeof *at);
  *out = (space_reach){at, (int)f->mine.n};
  f->mine.n = 0;
}

static void list_parts(space_search *s) {
  arena *scratch = &s->ctx->scratch;
  arena_mark mark = arena_save(scratch);
  part_finder f = {.s = s, .reacher = model_reacher_make(&s->ctx->mem, s->program), .at = ARENA_NEW_N(scratch, const model_reach *, machine_cores(s->machine))};
  space_reach *reach = ARENA_NEW_N(&s->ctx->mem, space_reach, s->source.n_tuples);
  const explore_space *x = s->source.space;
  plan_mapping map;
  for (int32_t t = 0; t < s->source.n_tuples; t++) {
    for (int32_t p = x ? x->first_profile[t] : 0; x && p < x->first_profile[t + 1]; p++)
      if (x->first_mapping[p] < x->first_mapping[p + 1]) {      /* all of a profile use the same cores */
        explore_get_mapping(x, x->first_mapping[p], 0, &map);
        add_part(&f, &map);
      }
    for (size_t i = 0; !x && i < s->source.rows.n; i++)
      if (s->source.row_tuple[i] == t)
        add_part(&f, &s->source.rows.at[i]->mapping);
    end_tuple(&f, &reach[t]);
  }
  s->reach = reach;
  arena_release(scratch, mark);
}

/* Exact: what divides no loop of constant extent is left out at once. */
static bool may_divide(const nest *n, const char *symbol, int64_t size) {
  for (size_t l = 0; l < n->loops.n; l++) {
    int64_t extent;
    if (text_eq(n->loops.at[l].block, symbol) && sym_is_const(n->loops.at[l].extent, &extent) && extent % size != 0)
      return false;
  }
  return true;
}

static bool has_other_trips(const nest *n, const char *symbol, int64_t size, int64_t smaller) {
  for (size_t l = 0; l < n->loops.n; l++) {
    int64_t extent;
    if (text_eq(n->loops.at[l].block, symbol) && (!sym_is_const(n->loops.at[l].extent, &extent) || (extent - 1) / size != (extent - 1) / smaller))
      return true;
  }
  return false;
}

/* Of many sizes for a machine that a program is compiled for and run on at once (a CPU, whose cores move data themselves): those that are round, and the least one for
 * each number of trips.  Others cost more time to look at than they save. */
static bool is_left_out(const space_search *s, int symbol, const solve_values *v, int32_t k) {
  enum { MANY = 32, ROUND = 4 };
  const solve_symbol *x = &s->problem.symbols.at[symbol];
  return s->machine->lacks_concurrent_movers && !x->assigned && v->n > MANY && k > 0 && v->at[k] % (ROUND * x->align) != 0 &&
         !has_other_trips(s->nest, s->nest->symbols.at[symbol].name, v->at[k], v->at[k - 1]);
}

static loom_status list_domains(space_search *s) {
  loom_ctx *ctx = s->ctx;
  s->n_blocks = (int)s->nest->symbols.n;
  solve_values values[SOLVE_SYMBOLS_MAX];
  LOOM_TRY(solve_list_values(ctx, &s->problem, SOLVE_TRIPS_ANY, values));
  for (int i = 0; i < s->n_blocks; i++) {
    int64_t *at = ARENA_NEW_N(&ctx->mem, int64_t, values[i].n);
    s->domain[i] = (model_domain){at, 0};
    for (int32_t k = 0; k < values[i].n; k++)
      if (!is_left_out(s, i, &values[i], k) && (!s->exact || s->problem.symbols.at[i].assigned || may_divide(s->nest, s->nest->symbols.at[i].name, values[i].at[k])))
        at[s->domain[i].n++] = values[i].at[k];
  }
  return LOOM_OK;
}

static const char *empty_domain(const space_search *s) {
  for (int i = 0; i < s->n_blocks; i++)
    if (s->domain[i].n == 0)
      return s->nest->symbols.at[i].name;
  return NULL;
}

static loom_status open_search(space_search *s, loom_ctx *ctx, const nest *n, const machine *m, const solve_options *o, const solve_limits *l, size_t room) {
  *s = (space_search){.ctx = ctx, .nest = n, .machine = m, .o = o, .limits = l, .room = room};
  s->source.n_parallel = n->n_parallel;
  LOOM_TRY(list_accesses(s));
  LOOM_TRY(solve_block_symbols(ctx, n, o, &s->problem));
  LOOM_TRY(model_compile(ctx, n, m, o->accumulate_f32, o->sharing, &s->program));
  s->best = ARENA_NEW_N(&ctx->mem, space_record, s->room);
  s->source.depth = o->assigned_double_buffer >= 0 ? o->assigned_double_buffer + 1 : 0;
  s->source.dram_limit = o->dram_limit > 0 ? o->dram_limit : INT64_MAX;
  return LOOM_OK;
}

/* Groups take ctx->mem above a mark, and go with it. */
static loom_status search(space_search *s) {
  arena_mark scratch = arena_save(&s->ctx->scratch);
  s->groups = ARENA_NEW(&s->ctx->scratch, space_groups);
  s->groups->limit_bytes = GROUPS_LIMIT_BYTES;
  bool is_large = machine_cores(s->machine) > SPACE_LARGE_CORES;
  s->most_effort = is_large && s->limits->op_budget <= 0 && s->limits->timeout_s <= 0 ? (machine_cores(s->machine) > VERY_LARGE_CORES ? VERY_LARGE_EFFORT : LARGE_EFFORT) : 0;
  s->groups->mark = arena_save(&s->ctx->mem);
  loom_status status = space_search_run(s);
  if (status == LOOM_OK)
    arena_release(&s->ctx->mem, s->groups->mark);
  s->is_done = s->open.n == 0 && s->open_in_parts == 0;
  s->bound = solve_heap_bound(&s->open);
  if (s->open_in_parts && s->bound_of_parts < s->bound)
    s->bound = s->bound_of_parts;
  memset(&s->open, 0, sizeof s->open);
  memset(&s->spare, 0, sizeof s->spare);
  memset(&s->jobs, 0, sizeof s->jobs);
  s->asked_room = 0;
  memset(s->found_room, 0, sizeof s->found_room);
  arena_release(&s->ctx->scratch, scratch);
  return status;
}

/* ---- what comes out ---- */

/* `run`: sizes of the last symbol that fit, by the symbols between the first and it, at the first one's size before. */
typedef struct counter { const space_search *s; const space_record *r; model_grid grid; int64_t blocks[MODEL_BLOCKS_MAX]; bool panel; int32_t *run; } counter;

static bool fits(counter *k, int symbol, int32_t i) {
  int64_t bytes;
  k->blocks[symbol] = k->s->domain[symbol].at[i];
  return model_bytes_at(k->s->program, &k->grid, k->blocks, k->r->chosen, &bytes) && bytes <= k->s->machine->l1_bytes;
}

/* Points under the symbols before `symbol`, which are the `place`-th of those between.  Where no slot is a panel, bytes never fall when a block grows: what fits of the
 * last symbol is a run from its first, and the run gets no longer as a symbol before it grows; *most: nor than that. */
static int64_t count_under(counter *k, int symbol, int64_t place, int32_t *most) {
  const model_domain *d = &k->s->domain[symbol];
  int64_t n = 0;
  if (symbol == k->s->n_blocks - 1) {
    if (k->panel) {
      for (int32_t i = 0; i < d->n; i++)
        n += fits(k, symbol, i);
      return n;
    }
    int32_t *run = &k->run[place];
    *run = *run < *most ? *run : *most;
    while (*run > 0 && !fits(k, symbol, *run - 1))
      --*run;
    return *most = *run;
  }
  int32_t left = k->s->domain[k->s->n_blocks - 1].n;
  for (int32_t i = 0; i < d->n; i++) {
    k->blocks[symbol] = d->at[i];
    if (symbol == 0)                    /* its sizes share the runs */
      left = k->s->domain[k->s->n_blocks - 1].n;
    int64_t here = count_under(k, symbol + 1, symbol ? place * d->n + i : 0, &left);
    n = solve_add(n, here);
    if (here == 0 && !k->panel)
      break;
  }
  return n;
}

enum { COUNT_POINTS_MAX = 1 << 14 };

int64_t space_count_feasible(const space_search *s, const space_record *r) {
  counter k = {.s = s, .r = r};
  int64_t looked = 1, between = 1;
  model_grid_of(&r->map, &k.grid);
  for (int a = 0; a < s->source.n_access; a++)
    k.panel = k.panel || r->chosen[a].panel;
  for (int i = 0; i < s->n_blocks; i++) {
    looked = solve_mul(looked, !k.panel && i == s->n_blocks - 1 ? 1 : s->domain[i].n);
    between = solve_mul(between, i == 0 || i == s->n_blocks - 1 ? 1 : s->domain[i].n);
  }
  if (looked > COUNT_POINTS_MAX)
    return -1;
  int32_t most = s->n_blocks ? s->domain[s->n_blocks - 1].n : 0;
  arena_mark mark = arena_save(&s->ctx->scratch);
  k.run = ARENA_NEW_N(&s->ctx->scratch, int32_t, between);
  for (int64_t i = 0; i < between; i++)
    k.run[i] = most;
  int64_t n = s->n_blocks ? count_under(&k, 0, 0, &most) : 1;
  arena_release(&s->ctx->scratch, mark);
  return n;
}

static bool is_ragged(const space_search *s, const space_record *r) {
  for (size_t l = 0; l < s->nest->loops.n; l++) {
    int64_t extent, part = 1;
    for (int i = 0; i < s->n_blocks; i++)
      part = text_eq(s->nest->loops.at[l].block, s->nest->symbols.at[i].name) ? r->block[i] : part;
    part *= (int)l < s->nest->n_parallel ? plan_iter_cores(&r->map, (int)l) : 1;
    if (sym_is_const(s->nest->loops.at[l].extent, &extent) && extent % part != 0)
      return true;
  }
  return false;
}

static void add_row(space_search *s, const space_record *r, const plan_candidate *candidate, int64_t points, solve_result *out) {
  solve_row row = {.candidate = candidate, .cycles = r->total, .points = points, .ragged = is_ragged(s, r)};
  bool is_proved = s->is_done || s->bound >= r->total;
  row.status = solve_is_assigned(&s->problem) ? SOLVE_ASSIGNED : is_proved ? SOLVE_OPTIMAL : SOLVE_BEST_FOUND;
  row.lower_bound = is_proved ? r->total : s->bound;
  for (int i = 0; i < s->n_blocks; i++)
    vec_push(&s->ctx->mem, &row.blocks, ((plan_block){s->nest->symbols.at[i].name, r->block[i]}));
  for (int a = 0; a < s->source.n_access; a++)
    row.double_buffer = row.double_buffer || (s->source.load[a] && r->chosen[a].depth > 1);
  row.feasible = space_count_feasible(s, r);
  vec_push(&s->ctx->mem, &out->rows, row);
}

static int64_t count_points(const space_search *s) {
  int64_t n = 1;
  for (int i = 0; i < s->n_blocks; i++)
    n = solve_mul(n, s->domain[i].n);
  return n;
}

/* The smallest sizes on the smallest grid, one slot each: its buffers in words. */
static loom_status nothing_fits(space_search *s) {
  loom_ctx *ctx = s->ctx;
  const char *empty = empty_domain(s);
  if (empty)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EINFEASIBLE, "no block sizes for kernel %s on machine %s: '%s' has no size left", s->nest->kernel, s->machine->name, empty);
  if (s->source.n_tuples == 0)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EINFEASIBLE, "no mapping of kernel %s on machine %s is left", s->nest->kernel, s->machine->name);
  model_grid g = {0};
  int64_t blocks[MODEL_BLOCKS_MAX];
  model_point at;
  plan_choice chosen[PLAN_LOADS_MAX];
  plan words = {0};
  for (int i = 0; i < s->source.n_parallel && i < PLAN_ITERS_MAX; i++) {
    g.cores[i] = s->source.tuple[i];
    g.order[i] = (int8_t)i;
  }
  for (int i = 0; i < s->n_blocks; i++)
    blocks[i] = s->domain[i].at[0];
  memset(chosen, 0, sizeof chosen);
  for (int a = 0; a < s->source.n_access; a++) {
    chosen[a].depth = s->source.load[a] && s->source.depth ? s->source.depth : 1;
    chosen[a].direct = model_may_be_direct(s->program, a);
    for (int d = 0; d < PLAN_MESH_MAX; d++)
      chosen[a].area[d] = 1;
  }
  diag_mark before = diag_save(ctx);
  bool is_set = model_set_blocks(s->program, &g, blocks, &at), fits = is_set && model_layout_slots(ctx, s->program, &at, chosen, &words) == LOOM_OK;
  diag_drop(ctx, before);
  if (fits) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EINFEASIBLE, "no mapping of kernel %s on machine %s has the sizes and the movement asked for", s->nest->kernel, s->machine->name);
    diag_help(ctx, "look at --pin and --block-sizes; loom compile and run leave out movements for which no program is written yet, loom explore has all");
    return LOOM_EINFEASIBLE;
  }
  diag_error(ctx, LOOM_NOSPAN, LOOM_EINFEASIBLE, "no block sizes for kernel %s fit machine %s in any mapping; the smallest:", s->nest->kernel, s->machine->name);
  return is_set ? model_layout_slots(ctx, s->program, &at, chosen, &words) : LOOM_EINFEASIBLE;      /* says what they take */
}

static loom_status over_budget(const space_search *s) {
  diag_error(s->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "the %s was spent before block sizes for kernel %s were found", s->timed_out ? "time" : "budget", s->nest->kernel);
  diag_help(s->ctx, "allow more with --op-budget or --timeout");
  return LOOM_ELIMIT;
}

static void add_figures(const space_search *s, solve_result *out) {
  int64_t all = solve_mul(count_points(s), s->source.n_tuples);
  out->evaluated = solve_add(out->evaluated, s->evaluated);
  out->pruned = solve_add(out->pruned, all - s->looked);
}

loom_status solve_space(loom_ctx *ctx, const explore_space *x, const solve_options *o, const solve_limits *l, solve_result *out) {
  double start = clock_ms();
  *out = (solve_result){.best = -1};
  space_search *s = ARENA_NEW(&ctx->mem, space_search);
  LOOM_TRY(open_search(s, ctx, x->nest, x->machine, o, l, o->top_k > 1 ? (size_t)o->top_k : 1));
  s->source.space = x;
  s->source.n_tuples = x->n_tuples;
  s->source.tuple = x->tuple;
  s->source.one_trip = x->one_trip;
  s->is_done = true;
  s->source.one_depth = explore_lacks(x) & PLAN_NEEDS_MIXED_DEPTH;
  list_parts(s);
  LOOM_TRY(list_domains(s));
  if (!empty_domain(s))
    LOOM_TRY(search(s));
  add_figures(s, out);
  out->solver_ms = clock_ms() - start;
  if (s->n_best == 0)
    return s->is_done ? nothing_fits(s) : over_budget(s);
  if (!s->is_done && s->most_effort > 0)
    diag_note(ctx, LOOM_NOSPAN, "the search on the %" PRId64 " cores of machine %s ended before all was ruled out: at most %.2f times as fast is possible; --op-budget or --timeout searches on",
              machine_cores(s->machine), s->machine->name, (double)s->best[0].total / (double)(s->bound > 0 ? s->bound : 1));
  for (size_t i = 0; i < s->n_best; i++)
    add_row(s, &s->best[i], explore_make_candidate(&ctx->mem, x, &s->best[i].map, s->best[i].chosen), count_points(s), out);
  out->best = 0;
  return LOOM_OK;
}

/* ---- rows ---- */

static void list_tuples(space_search *s, const explore_table *t) {
  arena *m = &s->ctx->mem;
  int np = s->source.n_parallel;
  int32_t *tuple = ARENA_NEW_N(m, int32_t, t->rows.n * (size_t)np), *of = ARENA_NEW_N(m, int32_t, t->rows.n), n = 0;
  for (size_t i = 0; i < t->rows.n; i++) {
    int32_t *mine = tuple + (size_t)n * (size_t)np;
    for (int k = 0; k < np; k++)
      mine[k] = (int32_t)plan_iter_cores(&t->rows.at[i]->mapping, k);
    int32_t j = 0;
    while (memcmp(tuple + (size_t)j * (size_t)np, mine, (size_t)np * sizeof *mine) != 0)
      j++;
    of[i] = j;
    n += j == n;
  }
  s->source.tuple = tuple;
  s->source.n_tuples = n;
  s->source.row_tuple = of;
  s->source.rows = (space_rows){(const plan_candidate *const *)t->rows.at, t->rows.n};
}

static loom_status compile_trips(space_search *s, const explore_table *t) {
  loom_ctx *ctx = s->ctx;
  const char *slots[MODEL_BLOCKS_MAX];
  solve_ratios *list = ARENA_NEW_N(&ctx->mem, solve_ratios, t->rows.n);
  for (size_t i = 0; i < s->nest->symbols.n; i++)
    slots[i] = s->nest->symbols.at[i].name;
  for (size_t i = 0; i < t->rows.n; i++) {
    model_cost *cost;
    LOOM_TRY(model_build(ctx, s->nest, s->machine, t->rows.at[i], MODEL_LOOM, s->o->accumulate_f32, &cost));
    for (size_t k = 0; k < cost->trips.n; k++) {
      solve_trip trip = {cost->trips.at[k].numerator, cost->trips.at[k].denominator};
      solve_ratio r = {0};
      if (!solve_trip_is_free(&s->problem, &trip))
        continue;
      LOOM_TRY(sym_compile(ctx, trip.numerator, slots, s->nest->symbols.n, &r.numerator));
      LOOM_TRY(sym_compile(ctx, trip.denominator, slots, s->nest->symbols.n, &r.denominator));
      vec_push(&ctx->mem, &list[i], r);
    }
  }
  s->row_trips = list;
  return LOOM_OK;
}

/* All rows in their order; what has no record lost to those that have, or fits nowhere. */
static void list_rows(space_search *s, const explore_table *t, solve_result *out) {
  for (size_t i = 0; i < t->rows.n; i++) {
    const space_record *r = NULL;
    for (size_t k = 0; k < s->n_best && !r; k++)
      r = s->best[k].mapping == (int64_t)i ? &s->best[k] : NULL;
    if (r) {
      out->best = r == &s->best[0] ? (int)i : out->best;
      add_row(s, r, t->rows.at[i], count_points(s), out);
      continue;
    }
    bool has_lost = s->n_best == s->room || !s->is_done;
    vec_push(&s->ctx->mem, &out->rows, ((solve_row){.candidate = t->rows.at[i], .status = has_lost ? SOLVE_UNDECIDED : SOLVE_INFEASIBLE, .cycles = INT64_MAX, .feasible = -1,
             .points = count_points(s), .lower_bound = has_lost ? (s->is_done || s->bound > s->best[s->n_best - 1].total ? s->best[s->n_best - 1].total : s->bound) : INT64_MAX,
             .why = has_lost ? "another variant is as fast" : "no block sizes fit a core's memory"}));
  }
}

loom_status solve_rows(loom_ctx *ctx, const nest *n, const machine *m, const explore_table *t, const solve_options *o, const solve_limits *l, solve_result *out) {
  double start = clock_ms();
  *out = (solve_result){.best = -1};
  space_search *s = ARENA_NEW(&ctx->mem, space_search);
  LOOM_TRY(open_search(s, ctx, n, m, o, l, o->only_best || t->rows.n == 0 ? 1 : t->rows.n));
  s->source.one_depth = true;
  s->source.one_trip = explore_gathered(n);
  list_tuples(s, t);
  if (!o->ragged)
    LOOM_TRY(compile_trips(s, t));
  list_parts(s);
  bool *is_answered = ARENA_NEW_N(&ctx->mem, bool, t->rows.n), fell_back = false;
  size_t n_answered = 0;
  for (int round = o->ragged ? 1 : 0; round < 2; round++) {
    s->exact = round == 0;
    s->is_done = true;
    s->evaluated = s->looked = 0;         /* of this round */
    LOOM_TRY(list_domains(s));
    if (!empty_domain(s))
      LOOM_TRY(search(s));
    add_figures(s, out);
    for (; n_answered < s->n_best && round == 0; n_answered++)
      is_answered[s->best[n_answered].mapping] = true;
    if (!s->is_done || s->n_best == s->room)
      break;
    s->source.is_answered = is_answered;      /* rows of which nothing divides are tried again with ceilings */
    fell_back = round == 0 && s->n_best == 0;
  }
  out->solver_ms = clock_ms() - start;
  if (s->n_best == 0)
    return s->is_done ? nothing_fits(s) : over_budget(s);
  if (fell_back)
    diag_note(ctx, LOOM_NOSPAN, "no block sizes divide the kernel's extents; ceilings are used instead, as with --ragged");
  list_rows(s, t, out);
  return LOOM_OK;
}
