/* The search over splits, and the kernels of the best one's shards. */
#include "compile_chips.h"
#include "base/file.h"
#include "compile_stage.h"
#include <stdlib.h>

bool compile_chips_wanted(loom_ctx *ctx, compile_options *o) {
  compile_options merged = *o;
  compile_state s = {.ctx = ctx, .o = o};
  machine *m = NULL;
  if ((!o->machine && !o->config) || file_is_dir(o->input))
    return false;
  const diag_mark before = diag_save(ctx);
  const bool is_read = compile_read_config(&s, &merged) == LOOM_OK;
  diag_drop(ctx, before);                  /* whoever compiles reads it again */
  if (!is_read || compile_load_machine(ctx, &merged, &m) != LOOM_OK) {
    diag_drop(ctx, before);
    return false;
  }
  o->loaded_machine = m;
  return m->chips.n > 0;
}

/* What is asked of a shard is what was asked of the kernel, without what is about chips. */
static compile_options options_of(const compile_chips *c, const chips_split *split, const chips_part *p, kernel_graph *graph) {
  arena *m = &c->ctx->mem;
  compile_options o = c->options;
  const char **pins = ARENA_NEW_N(m, const char *, o.explore.n_pins + 1);
  size_t n = 0;
  for (size_t i = 0; i < o.explore.n_pins; i++)
    if (!text_starts(o.explore.pins[i], "chips") && !text_starts(o.explore.pins[i], "place."))
      pins[n++] = o.explore.pins[i];
  o.explore.pins = pins;
  o.explore.n_pins = n;
  o.graph = graph;
  o.loaded_machine = c->chip;
  o.config = NULL;                         /* it was read for the whole kernel */
  o.topk = 1;
  o.write_files = false;
  o.output_dir = o.dump_dir = o.override_dir = NULL;
  const chips_part largest = chips_part_of(&c->kernel, c->machine, split, 0);
  if (!chips_same_shape(&c->kernel, p, &largest))
    o.plan = NULL;                         /* a plan is of the largest shard */
  return o;
}

static loom_status read_whole(compile_chips *c) {
  compile_options *o = ARENA_NEW(&c->ctx->mem, compile_options);
  *o = *c->o;
  o->stop_after = COMPILE_KERNEL;
  o->write_files = false;
  o->cache = NULL;
  LOOM_TRY(compile_kernel(c->ctx, o, &c->whole));
  if (!c->whole.kernel) {
    diag_error(c->ctx, diag_file_span(c->ctx, c->o->input), LOOM_EUNSUP, "machine '%s' has %" PRId64 " chips, and kernels are split as graphs; MLIR text of loops has none", c->machine->name,
               machine_n_chips(c->machine));
    diag_help(c->ctx, "give the kernel's Helion source, or its graph ('loom compile K --emit kernel'); functions on tensors are split kernel by kernel by 'loom run' and 'loom compile'");
    return LOOM_EUNSUP;
  }
  c->options = *c->whole.o;                /* config.json is in it */
  c->options.stop_after = c->o->stop_after;
  c->options.cache = c->o->cache;
  return LOOM_OK;
}

/* The split of a plan that is given becomes pins; the rest of it is replayed for the largest shard. */
static loom_status read_plan(compile_chips *c) {
  arena *m = &c->ctx->mem;
  explore_options *e = &c->options.explore;
  data_value *v;
  plan *p;
  if (!c->options.plan)
    return LOOM_OK;
  LOOM_TRY(data_read_json_file(c->ctx, c->options.plan, (size_t)1 << 24, &v));
  LOOM_TRY(plan_from_data(c->ctx, v, &p));
  const char **pins = ARENA_NEW_N(m, const char *, e->n_pins + c->machine->chips.n);
  bool is_of_it = p->chips.n == c->machine->chips.n;
  for (size_t d = 0; d < c->machine->chips.n && is_of_it; d++) {
    is_of_it = text_eq(p->chips.at[d].name, c->machine->chips.at[d].name) && p->chips.at[d].size == c->machine->chips.at[d].size;
    pins[d] = arena_printf(m, "chips.%s=%s", p->chips.at[d].name, p->chips.at[d].loop ? p->chips.at[d].loop : "none");
  }
  if (!is_of_it)
    LOOM_FAIL(c->ctx, v->span, LOOM_EINFEASIBLE, "the plan does not say how the kernel is split over the chips of '%s' (it was made for '%s')", c->machine->name, p->machine);
  for (size_t i = 0; i < e->n_pins; i++)
    pins[c->machine->chips.n + i] = e->pins[i];
  e->pins = pins;
  e->n_pins += c->machine->chips.n;
  return LOOM_OK;
}

static loom_status read_axes(compile_chips *c) {
  const explore_options *e = &c->options.explore;
  const char **places = ARENA_NEW_N(&c->ctx->mem, const char *, e->n_pins + 1);
  size_t n = 0;
  for (size_t i = 0; i < e->n_pins; i++)
    if (text_starts(e->pins[i], "place."))
      places[n++] = e->pins[i] + strlen("place.");
  return chips_read(c->ctx, c->whole.kernel, places, n, &c->kernel);
}

/* ---- the table of splits ---- */

/* What lies in the DRAM of a chip with a split. */
static size_t uses_of(const compile_chips *c, const chips_split *s, const chips_program *p, int64_t chip, machine_dram_use **out) {
  return chips_dram_uses(&c->ctx->mem, &c->kernel, c->machine, s, p, chip, out);
}

int64_t compile_chips_dram(const compile_chips *c, int64_t chip) {
  machine_dram_use *uses;
  const size_t n = uses_of(c, &c->split, &c->program, chip, &uses);
  return machine_dram_sum(c->chip, uses, n);
}

/* Is some result wanted on every chip?  Then those that nothing is split for do what their neighbours do. */
static bool ends_everywhere(const compile_chips *c) {
  bool is_wanted = false;
  for (size_t t = 0; t < c->kernel.tensors.n; t++)
    is_wanted = is_wanted || (c->kernel.tensors.at[t].is_output && c->kernel.tensors.at[t].is_everywhere);
  return is_wanted;
}

static void add_row(compile_chips *c, const chips_split *s) {
  arena *m = &c->ctx->mem;
  chips_program p;
  compile_chips_row r = {.split = *s};
  chips_program_make(m, &c->kernel, c->machine, s, &p);
  r.before = p.cycles_before;
  r.behind = p.cycles_behind;
  for (int64_t chip = 0; chip < p.n_chips; chip++) {
    machine_dram_use *uses;
    const size_t n = uses_of(c, s, &p, chip, &uses);
    const int64_t bytes = machine_dram_sum(c->chip, uses, n);
    r.is_too_large = r.is_too_large || !machine_dram_fits(c->chip, uses, n);
    r.fullest = bytes > r.dram ? chip : r.fullest;
    r.dram = bytes > r.dram ? bytes : r.dram;
  }
  vec_push(m, &c->rows, r);
}

static void list_rows(compile_chips *c, const int *pinned, chips_split *s, int dim) {
  if (dim == MACHINE_MESH_DIMS_MAX || dim == (int)c->machine->chips.n) {
    add_row(c, s);
    return;
  }
  for (int a = -1; a < c->kernel.n_axes; a++)
    if (pinned[dim] == a || (pinned[dim] == -2 && (a < 0 || c->machine->chips.at[dim].size > 1))) {
      s->axis[dim] = a;
      list_rows(c, pinned, s, dim + 1);
    }
}

static int by_collectives(const void *x, const void *y) {
  const compile_chips_row *a = x, *b = y;
  const int64_t d = a->before + a->behind - b->before - b->behind;
  return d ? (d > 0) - (d < 0) : memcmp(a->split.axis, b->split.axis, sizeof a->split.axis);
}

static int by_cycles(const void *x, const void *y) {
  const compile_chips_row *a = x, *b = y;
  const bool out_a = a->is_too_large || a->is_ruled_out || a->is_infeasible, out_b = b->is_too_large || b->is_ruled_out || b->is_infeasible;
  if (out_a != out_b)
    return out_a - out_b;
  return !out_a && a->cycles != b->cycles ? (a->cycles > b->cycles) - (a->cycles < b->cycles) : by_collectives(x, y);
}

/* Shards of one shape, and sums or results alike, have one plan: what is known of it. */
typedef struct known { chips_part part; bool sums, is_infeasible, is_proved; int64_t cycles, bound; } known;
typedef struct searched { compile_chips *c; VEC_OF(known) known; } searched;

static const known *find_known(const searched *w, const chips_part *p, bool sums) {
  for (size_t i = 0; i < w->known.n; i++)
    if (w->known.at[i].sums == sums && chips_same_shape(&w->c->kernel, &w->known.at[i].part, p))
      return &w->known.at[i];
  return NULL;
}

static loom_status plan_shard(searched *w, const chips_split *split, const chips_part *p, const known **out) {
  compile_chips *c = w->c;
  const bool sums = chips_splits_sum(&c->kernel, split);
  if ((*out = find_known(w, p, sums)))
    return LOOM_OK;
  kernel_graph *graph;
  compile_state s = {0};
  known k = {.part = *p, .sums = sums};
  LOOM_TRY(chips_shard(c->ctx, &c->kernel, split, p, &graph));
  compile_options o = options_of(c, split, p, graph);
  o.stop_after = COMPILE_PLAN;
  const diag_mark before = diag_save(c->ctx);
  loom_status st = compile_kernel(c->ctx, &o, &s);
  if (st == LOOM_EINFEASIBLE && c->rows.n > 1) {      /* another split may do */
    diag_drop(c->ctx, before);
    k.is_infeasible = true;
    st = LOOM_OK;
  } else if (st == LOOM_OK) {
    k.cycles = s.plan->predicted_cycles;
    k.bound = s.plan->lower_bound;
    k.is_proved = s.plan->proof == PLAN_OPTIMAL;
  }
  compile_done(&s);
  LOOM_TRY(st);
  vec_push(&c->ctx->mem, &w->known, k);
  *out = &w->known.at[w->known.n - 1];
  return LOOM_OK;
}

/* Why no split is left. */
static loom_status refuse_all(compile_chips *c) {
  const loom_span where = diag_file_span(c->ctx, c->o->input);
  const compile_chips_row *least = NULL;
  size_t n_large = 0;
  for (size_t i = 0; i < c->rows.n; i++) {
    const compile_chips_row *r = &c->rows.at[i];
    n_large += r->is_too_large;
    least = r->is_too_large && (!least || r->dram < least->dram) ? r : least;
  }
  if (!least)
    LOOM_FAIL(c->ctx, where, LOOM_EINFEASIBLE, "no split of '%s' over the chips of '%s' has a plan", c->whole.kernel->name, c->machine->name);
  arena *m = &c->ctx->mem;
  chips_program p;
  machine_dram_use *uses;
  chips_program_make(m, &c->kernel, c->machine, &least->split, &p);
  const size_t n = uses_of(c, &least->split, &p, least->fullest, &uses);
  diag_error(c->ctx, where, LOOM_EINFEASIBLE, "%zu of %zu splits of '%s' do not fit the DRAM of a chip of '%s'%s; least takes %s, on chip %" PRId64 ": %s", n_large, c->rows.n, c->whole.kernel->name,
             c->machine->name, n_large < c->rows.n ? ", the others have no plan" : "", chips_split_text(m, &c->kernel, c->machine, &least->split), least->fullest,
             machine_dram_text(m, c->chip, uses, n));
  diag_help(c->ctx, "a tensor takes whole pages of all channels; split more loops, or take --pin place.NAME=replicated away");
  return LOOM_EINFEASIBLE;
}

/* In the order of what collectives take, until they alone take as long as the best. */
static loom_status search(compile_chips *c) {
  int pinned[MACHINE_MESH_DIMS_MAX];
  chips_split s = {.n_dims = (int)c->machine->chips.n, .repeats = ends_everywhere(c)};
  searched w = {.c = c};
  int64_t best = INT64_MAX;
  LOOM_TRY(chips_read_pins(c->ctx, &c->kernel, c->machine, c->options.explore.pins, c->options.explore.n_pins, pinned));
  list_rows(c, pinned, &s, 0);
  qsort(c->rows.at, c->rows.n, sizeof *c->rows.at, by_collectives);
  for (size_t i = 0; i < c->rows.n; i++) {
    compile_chips_row *r = &c->rows.at[i];
    const chips_part p = chips_part_of(&c->kernel, c->machine, &r->split, 0);
    const known *k = NULL;
    if (r->is_too_large || (r->is_ruled_out = r->before + r->behind >= best))
      continue;
    LOOM_TRY(plan_shard(&w, &r->split, &p, &k));
    r->kernel = k->cycles;
    r->is_infeasible = k->is_infeasible;
    r->is_proved = k->is_proved;
    r->cycles = r->kernel + r->before + r->behind;
    r->bound = k->bound + r->before + r->behind;
    best = !r->is_infeasible && r->cycles < best ? r->cycles : best;
  }
  qsort(c->rows.at, c->rows.n, sizeof *c->rows.at, by_cycles);
  return best == INT64_MAX ? refuse_all(c) : LOOM_OK;
}

/* ---- the best split ---- */

static loom_status compile_shard(compile_chips *c, int64_t chip, const chips_part *p) {
  compile_chips_shard *s;
  vec_push(&c->ctx->mem, &c->shards, ((compile_chips_shard){.part = *p, .chip = chip}));
  s = &c->shards.at[c->shards.n - 1];
  LOOM_TRY(chips_shard(c->ctx, &c->kernel, &c->split, p, &s->graph));
  s->o = options_of(c, &c->split, p, s->graph);
  if (c->output_dir) {
    s->o.write_files = true;
    s->o.output_dir = file_join(&c->ctx->mem, c->output_dir, arena_printf(&c->ctx->mem, "chip%" PRId64, chip));
  }
  if (c->options.dump_dir)
    s->o.dump_dir = file_join(&c->ctx->mem, c->options.dump_dir, arena_printf(&c->ctx->mem, "chip%" PRId64, chip));
  s->is_open = true;
  return compile_kernel(c->ctx, &s->o, &s->s);
}

static loom_status compile_shards(compile_chips *c) {
  const int64_t n = machine_n_chips(c->machine);
  c->shard_of = ARENA_NEW_N(&c->ctx->mem, int, n);
  vec_push(&c->ctx->mem, &c->shards, ((compile_chips_shard){0}));      /* room for all: states are not moved */
  c->shards.n = 0;
  compile_chips_shard *room = ARENA_NEW_N(&c->ctx->mem, compile_chips_shard, n);
  c->shards.at = room;
  c->shards.room = (size_t)n;
  for (int64_t chip = 0; chip < n; chip++) {
    const chips_part p = chips_part_of(&c->kernel, c->machine, &c->split, chip);
    c->shard_of[chip] = -1;
    for (size_t i = 0; i < c->shards.n && !p.is_idle; i++)
      if (chips_same_shape(&c->kernel, &c->shards.at[i].part, &p))
        c->shard_of[chip] = (int)i;
    if (p.is_idle || c->shard_of[chip] >= 0)
      continue;
    LOOM_TRY(compile_shard(c, chip, &p));
    c->shard_of[chip] = (int)c->shards.n - 1;
  }
  return LOOM_OK;
}

/* The plan of the largest shard says what the chips do; its cycles are those of all of it. */
static void take_plan(compile_chips *c) {
  const compile_chips_row *best = &c->rows.at[0];
  plan *p = ARENA_NEW(&c->ctx->mem, plan);
  bool is_proved = true;
  *p = *c->shards.at[0].s.plan;
  int64_t bound = INT64_MAX;
  for (size_t i = 0; i < c->rows.n; i++) {
    const compile_chips_row *r = &c->rows.at[i];
    if (r->is_too_large || r->is_ruled_out || r->is_infeasible)
      continue;
    is_proved = is_proved && r->is_proved;
    bound = r->bound < bound ? r->bound : bound;
  }
  p->predicted_cycles = best->cycles;
  p->lower_bound = p->proof == PLAN_ASSIGNED ? p->lower_bound + best->before + best->behind : bound;
  p->proof = p->proof == PLAN_ASSIGNED ? p->proof : is_proved ? PLAN_OPTIMAL : PLAN_BEST_FOUND;
  for (int d = 0; d < c->split.n_dims; d++)
    vec_push(&c->ctx->mem, &p->chips, ((plan_chips){c->machine->chips.at[d].name, c->machine->chips.at[d].size, c->split.axis[d] < 0 ? NULL : c->kernel.axis[c->split.axis[d]].name}));
  c->whole.plan = p;
  c->whole.tog = c->shards.at[0].s.tog;
  c->whole.searched = c->shards.at[0].s.searched;
}

static loom_status write_file(compile_chips *c, const char *name, const data_value *v) { return data_write_json_file(c->ctx, file_join(&c->ctx->mem, c->output_dir, name), v); }

static data_value *files_of(const compile_chips *c) {
  arena *m = &c->ctx->mem;
  data_value *v = chips_program_to_data(m, &c->program), *chips = data_array(m);
  data_set_string(m, v, "machine", c->machine->name);
  data_set_string(m, v, "kernel", c->whole.kernel->name);
  data_set(m, v, "split", chips_split_to_data(m, &c->kernel, c->machine, &c->split));
  for (int64_t i = 0; i < c->program.n_chips; i++)
    data_push(m, chips, data_string(m, c->shard_of[i] < 0 ? NULL : arena_printf(m, "chip%" PRId64 "/tog.json", c->shards.at[c->shard_of[i]].chip)));
  data_set(m, v, "togs", chips);
  return v;
}

static loom_status write_files(compile_chips *c) {
  LOOM_TRY(write_file(c, "plan.json", plan_to_data(&c->ctx->mem, c->whole.plan)));
  return write_file(c, "chips.json", files_of(c));
}

loom_status compile_chips_kernel(loom_ctx *ctx, const compile_options *o, compile_chips *out) {
  compile_chips *c = out;
  *c = (compile_chips){.ctx = ctx, .o = o};
  LOOM_TRY(compile_load_machine(ctx, o, &c->machine));
  c->chip = machine_one_chip(&ctx->mem, c->machine);
  LOOM_TRY(read_whole(c));
  LOOM_TRY(read_plan(c));
  LOOM_TRY(read_axes(c));
  LOOM_TRY(search(c));
  c->split = c->rows.at[0].split;
  chips_program_make(&ctx->mem, &c->kernel, c->machine, &c->split, &c->program);
  if (o->stop_after < COMPILE_PLAN)
    return LOOM_OK;
  if (o->write_files) {
    c->output_dir = c->options.output_dir ? c->options.output_dir : file_join(&ctx->mem, "loom-out", text_identifier(&ctx->mem, c->whole.kernel->name));
    LOOM_TRY(file_make_dirs(ctx, c->output_dir));
  }
  LOOM_TRY(compile_shards(c));
  take_plan(c);
  return c->output_dir ? write_files(c) : LOOM_OK;
}

void compile_chips_close(compile_chips *c) {
  for (size_t i = 0; i < c->shards.n; i++)
    if (c->shards.at[i].is_open)
      compile_done(&c->shards.at[i].s);
  compile_done(&c->whole);
}
