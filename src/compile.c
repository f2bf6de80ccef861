/* The whole compiler in a screen: one line a stage, a dump point after each.
 *
 *   kernel.py -> KERNEL -> stage-0 MLIR -> canonical MLIR -> NEST -> candidates -> PLAN -> bufferized MLIR -> TOG
 */
#include "compile.h"
#include "base/number.h"
#include "compile_assigned.h"
#include "compile_cache.h"
#include "compile_dram.h"
#include "compile_exec.h"
#include "compile_fixed.h"
#include "compile_native.h"
#include "compile_replay.h"
#include "compile_tt.h"
#include "compile_tuning.h"
#include "base/clock.h"
#include "base/file.h"
#include "codegen/codegen.h"
#include "frontend/helion_mlir/helion_mlir.h"
#include "lower/lower.h"
#include "pass/pass.h"
#include "run/run_stage.h"
#include "tog/build/tog_build.h"
#include <stdio.h>
#include <string.h>

/* Runs one stage, records its time, then passes its dump point.  Leaves compile_kernel when the wanted stage is reached. */
#define STAGE(id, call)                                         \
  do {                                                          \
    double t0_ = clock_ms();                                    \
    run_stage_enter(stage_names[COMPILE_##id]);                 \
    LOOM_TRY(call);                                             \
    LOOM_TRY(compile_dump(s, COMPILE_##id));                    \
    note_time(s, COMPILE_##id, clock_ms() - t0_);                 \
    if (s->o->stop_after == COMPILE_##id)                       \
      return LOOM_OK;                                           \
  } while (0)

static const char *const stage_names[] = {
#define X(id, name, suffix) name,
    COMPILE_STAGE_LIST(X)
#undef X
};

static void note_time(compile_state *s, compile_stage stage, double ms) {
  vec_push(&s->ctx->mem, &s->times, ((compile_time){stage_names[stage], ms}));
}

/* The search is over cores that have something to do. */
static loom_status check_not_empty(compile_state *s) {
  for (size_t i = 0; i < s->kernel->tensors.n; i++) {
    const kernel_tensor_info *t = &s->kernel->tensors.at[i];
    int64_t n = 1;
    for (int d = 0; d < t->shape.rank; d++) {
      diag_mark before = diag_save(s->ctx);
      bool is_empty = kernel_size(s->ctx, s->kernel, t->shape.dim[d], NULL, 0, &n) == LOOM_OK && n == 0;
      diag_drop(s->ctx, before);   /* sizes made of block sizes are not known here */
      if (is_empty)
        LOOM_FAIL(s->ctx, t->span, LOOM_EUNSUP, "dimension %d of '%s' has no elements, and machine '%s' is given work", d, t->name, s->machine->name);
    }
  }
  return LOOM_OK;
}

/* What a network keeps on the chip: arguments of stage 0 say where they lie. */
static void place_in_l1(compile_state *s) {
  for (size_t i = 0; i < s->o->n_l1; i++) {
    const compile_l1_tensor *x = &s->o->l1[i];
    MlirOperation func = ir_find_func(s->stage0, NULL);
    for (int arg = 0; arg < mlirBlockGetNumArguments(ir_body(func)); arg++)
      if (compile_tensor_of_argument(s->kernel, arg) == x->tensor)
        ir_set_argument_l1(&s->ir, func, arg, (ir_l1_place){x->page, x->offset});
  }
}

/* The CPU takes the kernel with its block sizes as numbers and its tiles clamped; every other machine takes upstream's stage-0. */
static loom_status lower(compile_state *s) {
  if (s->o->helion_form && !s->kernel)
    LOOM_FAIL(s->ctx, diag_file_span(s->ctx, s->o->input), LOOM_EUNSUP, "--stage0-form=helion prints kernels; this input is stage 0 in the loom form already");
  if (s->o->helion_form)
    LOOM_TRY(helion_mlir_print(&s->ir, s->kernel, &s->helion_text));
  if (s->o->helion_form && s->o->stop_after == COMPILE_STAGE0)
    return LOOM_OK;
  if (!s->machine && s->kernel) {
    const sym_binding *given, *blocks;
    size_t n_given, n;
    LOOM_TRY(compile_given_blocks(s, &given, &n_given));
    LOOM_TRY(kernel_block_sizes(s->ctx, s->kernel, given, n_given, &blocks, &n));
    return lower_kernel_host(&s->ir, s->kernel, blocks, n, &s->stage0);
  }
  if (!s->machine)
    return compile_host_from_mlir(s);
  if (s->kernel)
    LOOM_TRY(check_not_empty(s));
  LOOM_TRY(s->kernel ? lower_kernel(&s->ir, s->machine->host_cpu ? s->kernel : lower_sums(&s->ctx->mem, s->kernel), &s->stage0) : LOOM_OK);
  place_in_l1(s);
  return LOOM_OK;
}

static loom_status canonicalize(compile_state *s) {
  s->canonical = ir_clone_module(s->stage0);
  return pass_canonicalize_stage0(&s->ir, s->canonical);
}

/* By position: of a kernel, in the order of its loops but for those whose size it fixes; of MLIR text, of all. */
static loom_status add_by_position(compile_state *s, solve_domain *named, size_t *n) {
  const sym_binding *given = NULL;
  size_t n_given = 0, n_named = 0;
  if (s->kernel)
    LOOM_TRY(compile_given_blocks(s, &given, &n_given));
  for (size_t i = 0; i < s->o->n_domains; i++)
    n_named += s->o->domains[i].symbol && s->o->domains[i].assigned > 0;
  for (size_t i = n_named; i < n_given; i++)      /* behind those with names */
    if (nest_symbol_index(s->nest, given[i].name) >= 0)
      named[(*n)++] = (solve_domain){.symbol = given[i].name, .assigned = given[i].value};
  for (size_t i = 0; !s->kernel && i < s->nest->symbols.n && i < s->o->n_domains; i++) {
    named[*n] = s->o->domains[i];
    named[(*n)++].symbol = s->nest->symbols.at[i].name;
  }
  return LOOM_OK;
}

/* Upstream's older configs say "block_size_<i>" for the i-th symbol. */
static loom_status name_block_sizes(compile_state *s) {
  solve_domain *named = ARENA_NEW_N(&s->ctx->mem, solve_domain, s->o->n_domains + s->nest->symbols.n);
  size_t n = 0;
  if (s->o->n_domains && !s->o->domains[0].symbol)
    LOOM_TRY(add_by_position(s, named, &n));
  for (size_t i = 0; i < s->o->n_domains; i++) {
    if (!s->o->domains[i].symbol)
      continue;
    named[n] = s->o->domains[i];
    const int k = number_after(named[n].symbol, "block_size_");
    if (k >= 0 && (size_t)k < s->nest->symbols.n)
      named[n].symbol = s->nest->symbols.at[k].name;
    n++;
  }
  s->solve_options.domains = named;
  s->solve_options.n_domains = n;
  return LOOM_OK;
}

/* A dim of an NPU's transfer is a field of 16 bits. */
static void limit_block_sizes(compile_state *s) {
  enum { LIMIT = 1 << 15 };
  const solve_options *o = &s->solve_options;
  solve_domain *all = ARENA_NEW_N(&s->ctx->mem, solve_domain, o->n_domains + s->nest->symbols.n);
  size_t n = o->n_domains;
  if (n)
    memcpy(all, o->domains, n * sizeof *all);
  for (size_t i = 0; i < s->nest->symbols.n; i++) {
    bool is_given = false;
    for (size_t k = 0; k < o->n_domains; k++)
      is_given |= text_eq(o->domains[k].symbol, s->nest->symbols.at[i].name);
    if (!is_given)
      all[n++] = (solve_domain){.symbol = s->nest->symbols.at[i].name, .ub = LIMIT};
  }
  s->solve_options.domains = all;
  s->solve_options.n_domains = n;
}

static loom_status extract(compile_state *s) {
  LOOM_TRY(compile_check_dram(s));
  LOOM_TRY(pass_extract_nest(&s->ir, s->canonical, NULL, &s->nest));
  nest_set_alignment(s->nest, s->machine->tile_align);
  LOOM_TRY(name_block_sizes(s));
  if (s->machine->npu)
    limit_block_sizes(s);
  return LOOM_OK;
}

/* The best `count` candidates, by (cycles, candidate order). */
static loom_status keep_best(compile_state *s, int count) {
  bool *taken = ARENA_NEW_N(&s->ctx->scratch, bool, s->solved.rows.n);
  for (int k = 0; k < count; k++) {
    const solve_row *best = NULL;
    for (size_t i = 0; i < s->solved.rows.n; i++) {
      const solve_row *r = &s->solved.rows.at[i];
      if (solve_has_answer(r->status) && !taken[i] && (!best || r->cycles < best->cycles))
        best = r;
    }
    if (!best)
      break;
    taken[best - s->solved.rows.at] = true;
    plan *p;
    LOOM_TRY(solve_plan(s->ctx, s->nest, s->machine, &s->solve_options, best, &p));
    if (s->kernel) {
      p->kernel_path = s->kernel->path;
      p->kernel_sha256 = s->kernel->sha256;
    }
    vec_push(&s->ctx->mem, &s->plans, p);
  }
  return LOOM_OK;
}

/* Keeps the best candidate, and with --topk the next ones. */
static loom_status plan_best(compile_state *s) {
  if (s->o->plan)
    return compile_replay_file(s);
  if (s->is_tuned)
    return LOOM_OK;
  s->searched = (compile_search){s->space.nest != NULL, (int64_t)s->table.rows.n, s->table.total, s->space.n_mappings, s->space.n_orders};
  if (!s->o->n_assigned)
    LOOM_TRY(keep_best(s, s->o->topk));
  s->plan = s->plans.at[0];
  LOOM_TRY(compile_add_neighbours(s));
  return compile_prefer_tuned(s);
}

/* Under the loom model the whole space is searched; upstream's lists and its models go row by row. */
static bool searches_space(const compile_state *s) {
  const explore_options *o = &s->o->explore;
  return s->solve_options.model == MODEL_LOOM && o->kind == EXPLORE_FULL && !o->upstream_compatible;
}

/* A variant by name: in the space, or not at all. */
static loom_status open_variant(compile_state *s, const explore_options *o) {
  bool found;
  LOOM_TRY(explore_open_named(s->ctx, s->nest, s->machine, o, o->variant, &s->space, &found));
  if (found)
    return LOOM_OK;
  s->space = (explore_space){0};
  const loom_status st = explore_run(s->ctx, s->nest, s->machine, o, &s->table);      /* upstream's names are of its own lists, too */
  const char *near = st == LOOM_EUSAGE ? explore_nearest_name(s->ctx, s->nest, s->machine, o, o->variant) : NULL;
  if (near)
    diag_help(s->ctx, "did you mean '%s'?", near);
  return st;
}

static loom_status explore(compile_state *s) {
  if (s->o->plan || s->is_tuned || s->o->n_assigned)
    return LOOM_OK;
  explore_options o = s->o->explore;
  o.accumulate_f32 = s->solve_options.accumulate_f32;
  if (!searches_space(s))
    return explore_run(s->ctx, s->nest, s->machine, &o, &s->table);
  return o.variant ? open_variant(s, &o) : explore_open(s->ctx, s->nest, s->machine, &o, &s->space);
}

static loom_status solve_whole_space(compile_state *s, const solve_limits *limits) {
  const solve_options *o = &s->solve_options;
  explore_space x = s->space;
  x.only_best = o->top_k <= 1 && !o->explain && !o->neighbours && !o->pareto;
  LOOM_TRY(solve_space(s->ctx, &x, o, limits, &s->solved));
  for (size_t i = 0; i < s->solved.rows.n; i++)
    vec_push(&s->ctx->mem, &s->table.rows, (plan_candidate *)s->solved.rows.at[i].candidate);
  s->table.total = s->space.n_mappings * s->space.n_orders;
  s->table.pruned = s->table.total - (int64_t)s->table.rows.n;
  return LOOM_OK;
}

static loom_status plan_assigned(compile_state *s);

static loom_status solve(compile_state *s) {
  const solve_options *o = &s->solve_options;
  solve_limits limits = {.op_budget = o->op_budget, .threads = o->threads, .timeout_s = s->o->timeout_s, .ranks = s->o->ranks, .progress = o->progress, .data = o->progress_data};
  if (s->o->plan || s->is_tuned)
    return LOOM_OK;
  if (s->o->n_assigned)
    return compile_assign(s, plan_assigned);
  if (s->space.nest)
    return solve_whole_space(s, &limits);
  return o->model == MODEL_LOOM ? solve_rows(s->ctx, s->nest, s->machine, &s->table, o, &limits, &s->solved)
                                : solve_run(s->ctx, s->nest, s->machine, &s->table, o, &s->solved);
}

static loom_status plan_assigned(compile_state *s) {
  LOOM_TRY(name_block_sizes(s));
  if (s->machine->npu)
    limit_block_sizes(s);
  LOOM_TRY(explore(s));
  LOOM_TRY(solve(s));
  return keep_best(s, 1);
}

static loom_status bufferize(compile_state *s) {
  const plan *const *plans = (const plan *const *)s->plans.at;
  LOOM_TRY(materialize_plans(&s->ir, s->canonical, s->nest, s->machine, plans, s->plans.n, &s->bufferized));
  return dialect_verify(&s->ir, s->bufferized);
}

static loom_status build_tog(compile_state *s) {
  LOOM_TRY(tog_build(&s->ir, s->bufferized, NULL, s->machine, &s->tog));
  s->tog->predicted_cycles = s->plan->predicted_cycles;
  for (size_t i = 0; s->o->keeps_arguments && i < s->tog->tensors.n; i++)
    s->tog->tensors.at[i].is_kept = s->kernel->tensors.at[compile_tensor_of_argument(s->kernel, s->tog->tensors.at[i].arg)].role == KERNEL_ARG;
  LOOM_TRY(tog_verify(s->ctx, s->tog));
  tog_chip chip = compile_chip(s->machine);
  LOOM_TRY(tog_verify_points(s->ctx, s->tog, &chip));
  return s->o->write_files && !s->o->for_board && !s->machine->npu ? tog_warn_alignment(s->ctx, s->tog, &chip) : LOOM_OK;   /* those have their own layout */
}

/* From stage 0 to memory, for any machine. */
static loom_status search(compile_state *s) {
  STAGE(STAGE0, lower(s));
  STAGE(CANONICAL, canonicalize(s));
  STAGE(NEST, extract(s));
  LOOM_TRY(compile_look_for_tuned(s));
  STAGE(EXPLORE, explore(s));
  STAGE(SOLVE, solve(s));
  STAGE(PLAN, plan_best(s));
  STAGE(BUFFERIZED, bufferize(s));
  return LOOM_OK;
}

/* Of this CPU: the kernel's own loops. */
static loom_status plain_loops(compile_state *s) {
  STAGE(STAGE0, lower(s));
  return LOOM_OK;
}

static loom_status read_kernel(compile_state *s) {
  LOOM_TRY(compile_read_input(s));
  if (s->kernel)
    run_stage_of(s->kernel->name);
  return s->o->for_board ? compile_tt_retype(s) : LOOM_OK;
}

static loom_status pipeline(compile_state *s) {
  STAGE(KERNEL, read_kernel(s));
  if (s->is_native)
    return compile_native(s, (native_ways){search, plain_loops});
  LOOM_TRY(search(s));
  if (s->o->stop_after < COMPILE_TOG)
    return LOOM_OK;
  STAGE(TOG, build_tog(s));
  return LOOM_OK;
}

/* Nobody will read what the solver says of the other candidates. */
static bool wants_only_best(const compile_options *o) {
  return o->topk <= 1 && o->stop_after != COMPILE_SOLVE && !o->debug && !o->dump_dir;
}

/* What runs on several chips gets here chip by chip (compile_chips.h), never with all of them. */
static loom_status refuse_chips(compile_state *s) {
  diag_error(s->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "machine '%s' has %" PRId64 " chips, and this is done on one", s->machine->name, machine_n_chips(s->machine));
  diag_help(s->ctx, "give --machine a chip, for example wormhole; docs/chips.md says what runs on several");
  return LOOM_EUNSUP;
}

loom_status compile_load_machine(loom_ctx *ctx, const compile_options *o, machine **out) {
  if (!o->loaded_machine)
    return machine_load_with(ctx, o->machine ? o->machine : "wormhole", o->calibration, o->compute_dir, out);
  *out = ARENA_NEW(&ctx->mem, machine);
  **out = *o->loaded_machine;
  return LOOM_OK;
}

static loom_status load_machine(compile_state *s, const compile_options *o) {
  LOOM_TRY(compile_load_machine(s->ctx, o, &s->machine));
  if (s->machine->chips.n && o->stop_after != COMPILE_KERNEL)
    return refuse_chips(s);
  s->is_native = s->machine->host_cpu && !o->search_host;
  if (o->for_board)
    LOOM_TRY(compile_tt_check_machine(s));
  s->machine->l1_bytes -= o->board_reserve_bytes + o->l1_reserved_bytes;
  s->machine->l1_reserved_bytes = o->l1_reserved_bytes;
  if (s->machine->host_cpu && o->run_threads > 0 && o->run_threads < s->machine->mesh.at[0].size)
    s->machine = machine_submesh(&s->ctx->mem, s->machine, &(int64_t){o->run_threads});
  return LOOM_OK;
}

loom_status compile_start(loom_ctx *ctx, const compile_options *o, compile_state *s) {
  memset(s, 0, sizeof *s);
  s->ctx = ctx;
  s->o = o;
  compile_options *merged = ARENA_NEW(&ctx->mem, compile_options);
  *merged = *o;
  LOOM_TRY(compile_read_config(s, merged));
  s->o = merged;
  s->tuned = merged->tuned;
  LOOM_TRY(load_machine(s, merged));
  s->solve_options = (solve_options){.model = merged->model, .accumulate_f32 = merged->accumulate_f32, .sharing = MODEL_PACKED, .domains = merged->domains,
                                     .n_domains = merged->n_domains, .ragged = merged->ragged, .assigned_double_buffer = s->machine->host_cpu ? 0 : merged->slots - 1,
                                     .op_budget = merged->op_budget, .top_k = merged->topk, .threads = merged->threads, .timeout_s = merged->timeout_s, .progress = merged->progress,
                                     .progress_data = merged->progress_data, .opinion = merged->opinion, .only_best = wants_only_best(merged)};
  return LOOM_OK;
}

loom_status compile_open_ir(compile_state *s) {
  if (!mlirContextIsNull(s->ir.mlir))
    return LOOM_OK;
  LOOM_TRY(ir_open(s->ctx, &s->ir));
  return dialect_load(&s->ir);
}

loom_status compile_finish(compile_state *s) {
  const diag_mark before = diag_save(s->ctx);
  LOOM_TRY(compile_open_ir(s));
  LOOM_TRY(pipeline(s));
  s->is_quiet = !*before.last;
  LOOM_TRY(compile_fix_sizes(s));
  compile_note_plain(s);
  if (!s->o->write_files)
    return LOOM_OK;
  return s->is_native ? compile_write_artifact(s) : compile_write_outputs(s);
}

loom_status compile_kernel(loom_ctx *ctx, const compile_options *o, compile_state *s) {
  bool is_cached;
  LOOM_TRY(compile_start(ctx, o, s));
  LOOM_TRY(compile_cache_open(s, NULL, &is_cached));
  if (is_cached)
    return LOOM_OK;
  LOOM_TRY(compile_finish(s));
  LOOM_TRY(compile_tuning_record(s));
  if (!s->is_native)      /* native code is kept once it has been linked */
    compile_cache_store(s, NULL);
  return LOOM_OK;
}

void compile_done(compile_state *s) {
  if (s->fixed)
    compile_done(s->fixed);
  if (s->tiles)
    codegen_unlink(s->tiles);
  ir_close_module(s->stage0);
  ir_close_module(s->canonical);
  ir_close_module(s->bufferized);
  ir_close_module(s->native);
  ir_close(&s->ir);
}
