/* loom compile, run and explore: options -> compile_options, and what they print. */
#include "base/file.h"
#include "cli/worker_board.h"
#include "cli/worker_emit.h"
#include "cli/worker_npu.h"
#include "cli/worker_options.h"
#include "cli/worker_bisect.h"
#include "cli/cli_forms.h"
#include "cli/worker_chips.h"
#include "run/run_ranks.h"
#include "compile_aot.h"
#include "compile_stage.h"
#include <stdio.h>
#include <string.h>

/* ---- printing ---- */

static void print_certificate(const compile_state *s) {
  if (!s->o->opinion)
    return;
  solve_certificate c = compile_certificate(s);
  printf("certified    %s%s\n", c.is_certified ? "yes, by Z3" : "no: ", c.is_certified ? "" : c.why);
}

void worker_print_decisions(compile_state *s) {
  arena *m = &s->ctx->mem;
  const plan *p = s->plan;
  const plan_candidate *c = &p->candidate;
  printf("mapping      %s %s, loop order %s\n", plan_split_string(m, &c->mapping), plan_map_string(m, &c->mapping), plan_order_string(m, &c->mapping));
  printf("movement    ");
  for (int i = 0; i < c->n_access; i++)
    printf(" %s %s: %s%s", c->access[i].is_store ? "store" : "load", c->access[i].name, plan_access_label(m, &c->mapping, &c->access[i]),
           i + 1 < c->n_access ? "," : "\n");
  printf("block sizes ");
  for (size_t i = 0; i < p->blocks.n; i++)
    printf(" %s=%" PRId64, p->blocks.at[i].symbol, p->blocks.at[i].size);
  printf(" double_buffer=%d\n", p->double_buffer);
  printf("L1           %s of %s bytes per core\n", text_thousands(m, p->l1_bytes), text_thousands(m, p->l1_capacity));
  static const char *const proofs[] = {"assigned by the user", "best found", "optimal, proved"};
  printf("predicted    %s cycles: %s", text_thousands(m, p->predicted_cycles), proofs[p->proof]);
  if (p->proof == PLAN_BEST_FOUND)
    printf(", lower bound %s", text_thousands(m, p->lower_bound));
  const bool is_given = s->o->plan || s->is_tuned;
  if (!is_given && s->searched.is_space)
    printf(" (%s mappings, %d loop orders, %s block sizes", text_thousands(m, s->searched.mappings), s->searched.orders, text_thousands(m, p->points));
  else if (!is_given)
    printf(" (%" PRId64 " variants, %s points of the winner's domain", s->searched.variants, text_thousands(m, p->points));
  if (!is_given)
    printf(p->feasible >= 0 ? ", %s feasible)" : ")", text_thousands(m, p->feasible));
  putchar('\n');
  if (s->is_tuned || s->is_recorded)
    printf("tuning       plan %s\n", s->is_tuned ? "from the tuning database" : "recorded in the tuning database");
  print_certificate(s);
}

void worker_print_execution(compile_state *s, const compile_execution *e) {
  arena *m = &s->ctx->mem;
  if (e->has_report) {
    printf("simulated    %s cycles; DRAM %s bytes read, %s written; NoC %s byte-hops\n", text_thousands(m, e->report.cycles),
           text_thousands(m, e->report.dram_bytes_read), text_thousands(m, e->report.dram_bytes_written), text_thousands(m, e->report.noc_bytes));
    for (size_t i = 0; i < e->report.faults.n && i < 10; i++)
      printf("fault        %s\n", e->report.faults.at[i].text);
    if (e->report.n_faults > 10)
      printf("fault        .. and %" PRId64 " more\n", e->report.n_faults - 10);
  }
  if (e->check.done)
    printf("check        %s: max error %.3g; nearest to its bound is %s with %.3g of %.3g; %" PRId64 " of %" PRId64 " elements beyond; integers %s\n",
           e->check.ok ? "ok" : "WRONG", e->check.max_abs_error, e->check.where ? e->check.where : "-", e->check.error, e->check.bound, e->check.wrong, e->check.elems,
           !e->check.integers_run ? "not applicable" : e->check.integers_ok ? "bit-identical" : "DIFFER");
}

static void print_block_sizes(const data_value *summary) {
  const data_value *v = data_get(summary, "block_sizes");
  for (size_t i = 0; v && i < v->n; i++)
    printf("%s%s=%" PRId64, i ? " " : "block sizes  ", v->members[i].key, v->members[i].value->integer);
  if (v && v->n)
    putchar('\n');
}

static void print_open_sizes(const kernel_graph *k) {
  size_t n = 0;
  for (size_t i = 0; i < k->symbols.n; i++)
    if (k->symbols.at[i].is_open)
      printf(n++ ? ", %s" : "open sizes   %s", k->symbols.at[i].name);
  if (n)
    printf("; %zu guard%s\n", k->guards.n, k->guards.n == 1 ? "" : "s");
}

loom_status worker_verdict(loom_ctx *ctx, const compile_execution *e) {
  if (e->report.n_faults)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "the virtual chip reports %" PRId64 " fault(s); first: %s", e->report.n_faults, e->report.faults.at[0].text);
  if (e->check.done && !e->check.ok)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ENUMERIC, "the result differs from the reference interpreter; worst element %s", e->check.where ? e->check.where : "-");
  return LOOM_OK;
}

/* What was compiled before is not compiled again; what the options ask of a compile is. */
void worker_open_cache(loom_ctx *ctx, const cli_options *o, compile_options *c) {
  bool asks = o->emit.last || o->explain || o->certify || o->interp || o->bisect || o->trace.last;
  run_cache *cache = ARENA_NEW(&ctx->mem, run_cache);
  if (!asks && !o->no_cache && run_cache_find(&ctx->mem, o->cache_dir.last, cache))
    c->cache = cache;
}

/* ---- code for other programs ---- */

static loom_status emit_code(loom_ctx *ctx, const cli_options *o, compile_state *s) {
  const char *what = o->emit.last, *file, *header;
  if (strcmp(what, "llvm") == 0) {
    LOOM_TRY(compile_emit_llvm(s, &file));
    if (o->output_dir.last)
      return file_write(ctx, o->output_dir.last, file, strlen(file));
    worker_print_text(ctx, o, what, file);
    return LOOM_OK;
  }
  LOOM_TRY(compile_emit_files(s, o->output_dir.last, strcmp(what, "so") == 0, &file, &header));
  if (o->json) {
    data_value *v = data_object(&ctx->mem);
    data_set_string(&ctx->mem, v, "schema", "loom.code.v1");
    data_set_string(&ctx->mem, v, "kernel", s->kernel->name);
    data_set_string(&ctx->mem, v, "file", file);
    data_set_string(&ctx->mem, v, "header", header);
    LOOM_TRY(compile_emit_describe(s, v));
    printf("%s\n", data_write_json(&ctx->mem, v, 1));
  } else {
    printf("written      %s\nheader       %s\n", file, header);
  }
  return LOOM_OK;
}

/* It is of this CPU, whatever the default machine. */
static loom_status compile_code(loom_ctx *ctx, const cli_options *o, compile_options *c) {
  compile_state s = {0};
  if (c->machine && strcmp(c->machine, "host") != 0) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--emit %s: there is such code of the CPU, not of machine '%s'", o->emit.last, c->machine);
    diag_help(ctx, "leave --machine away, or say --machine host");
    return LOOM_EUSAGE;
  }
  c->machine = "host";
  c->helion.open_sizes = !o->fixed_sizes;
  c->is_for_others = true;
  loom_status st = compile_kernel(ctx, c, &s);
  if (st == LOOM_OK)
    st = emit_code(ctx, o, &s);
  compile_done(&s);
  return st;
}

/* ---- what compile and run have in common ---- */

/* What a compile, and a run of it, has made. */
typedef struct made { compile_state s; bool for_npu; compile_npu npu; compile_tt board; tt_emulation emulation; compile_bisection found; compile_execution e; } made;

/* The further answers go into the summary, and that into the output directory. */
static loom_status finish_summary(loom_ctx *ctx, const cli_options *o, made *a, data_value *summary) {
  const loom_status st = worker_answer(ctx, o, &a->s, summary);
  cli_progress_end();
  LOOM_TRY(st);
  return a->s.output_dir ? data_write_json_file(ctx, file_join(&ctx->mem, a->s.output_dir, "summary.json"), summary) : LOOM_OK;
}

static loom_status close_made(loom_ctx *ctx, const cli_options *o, made *a, loom_status st) {
  st = worker_explain_failure(ctx, o, &a->s, st);
  cli_progress_end();
  compile_tt_close(&a->board);
  compile_npu_close(&a->npu);
  compile_done(&a->s);
  return st;
}

/* ---- compile ---- */

/* Printed before anything is written. */
static loom_status print_early(loom_ctx *ctx, const cli_options *o, const compile_options *c) {
  compile_state s = {0};
  loom_status st = compile_kernel(ctx, c, &s);
  st = st == LOOM_OK ? worker_emit(ctx, o, &s) : st;
  compile_done(&s);
  return st;
}

static void print_compiled(made *a, const data_value *summary) {
  compile_state *s = &a->s;
  printf("kernel       %s on %s\n", s->kernel ? s->kernel->name : s->nest->kernel, s->machine ? s->machine->name : "host");
  if (s->plan)
    worker_print_decisions(s);
  worker_print_answers(s->ctx, s, summary);
  if (s->is_native)
    print_open_sizes(s->kernel);
  if (a->for_npu) {
    worker_print_npu(s, &a->npu);
    worker_print_execution(s, &a->e);
  }
  if (s->output_dir)
    printf("written      %s\n", s->output_dir);
  worker_print_bisection(&a->found);
}

static loom_status tell_compiled(loom_ctx *ctx, const cli_options *o, made *a) {
  compile_state *s = &a->s;
  const compile_execution *timed = a->e.has_report ? &a->e : NULL;
  data_value *summary = compile_summary(s, timed);
  if (timed)
    worker_add_npu(&ctx->mem, s, &a->npu, summary);
  LOOM_TRY(finish_summary(ctx, o, a, summary));
  if (a->for_npu && !o->emit.last)
    LOOM_TRY(compile_npu_write(s, &a->npu, file_join(&ctx->mem, s->output_dir, "npu")));
  if (s->o->for_board)
    return worker_emit_board(ctx, o, s, &a->board);
  if (a->for_npu && o->emit.last)
    return worker_emit_npu(ctx, o, s, &a->npu);
  if (o->emit.last)
    return worker_emit(ctx, o, s);
  if (o->json)
    printf("%s\n", data_write_json(&ctx->mem, summary, 1));
  else
    print_compiled(a, summary);
  return LOOM_OK;
}

loom_status worker_compile(loom_ctx *ctx, const cli_options *o) {
  compile_options c;
  run_options r = {0};
  made a = {0};
  bool is_program, is_on_chips;
  LOOM_TRY(worker_read_options(ctx, o, &c));
  worker_open_cache(ctx, o, &c);
  loom_status st = worker_run_program(ctx, o, &c, &is_program);
  if (is_program || st != LOOM_OK)
    return st;
  LOOM_TRY(worker_read_given_without_inputs(ctx, o, &c.helion));
  LOOM_TRY(worker_wants_npu(ctx, o, &c, !o->emit.last && !o->bisect, &a.for_npu));
  LOOM_TRY(worker_tell_unread(ctx, o, &c, a.for_npu, false));
  if (worker_emit_is(o->emit.last, WORKER_EMIT_CODE, NULL))
    return compile_code(ctx, o, &c);
  if (o->fixed_sizes && !text_eq(o->machine.last, "host"))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--fixed-sizes: sizes are left open in code for this CPU only; add --machine host");
  st = worker_chips_compile(ctx, o, &c, &is_on_chips);
  if (is_on_chips || st != LOOM_OK)
    return st;
  c.search_host = worker_emit_is_searched(o->emit.last);
  c.for_board = worker_wants_board(o);
  c.plain_loops = o->bisect;
  c.helion.open_sizes = text_eq(o->machine.last, "host") && !c.search_host && !o->fixed_sizes;
  if (o->bisect)
    LOOM_TRY(worker_read_run(ctx, o, &r));
  else if (worker_emit_is(o->emit.last, WORKER_EMIT_EARLY, &c.stop_after))
    return print_early(ctx, o, &c);
  c.write_files = true;
  st = c.for_board ? worker_compile_board(ctx, o, &c, &a.s, &a.board) : a.for_npu ? compile_npu_compile(ctx, &c, &a.s, &a.npu) : compile_kernel(ctx, &c, &a.s);
  if (o->bisect)
    st = worker_bisect(ctx, &a.s, &r, st, &a.found);
  if (st == LOOM_OK && a.for_npu)
    st = worker_time_npu(&a.s, &a.npu, &r, &a.e);
  if (st == LOOM_OK)
    st = tell_compiled(ctx, o, &a);
  else if (o->bisect && !o->json)      /* what there is of a compile that failed */
    worker_print_bisection(&a.found);
  if (st == LOOM_OK)
    st = worker_bisect_verdict(ctx, &a.found);
  return close_made(ctx, o, &a, st);
}

/* ---- run ---- */

/* Options that say what to compile; an artifact is compiled. */
static loom_status open_artifact(loom_ctx *ctx, const cli_options *o, const compile_options *c, const run_options *r, compile_state *s) {
  const cli_unfit compiled[] = {
      {"--arg", o->arg.all.n > 0},         {"--dtype", o->dtype.all.n > 0}, {"--function", o->function.last != NULL}, {"--block-sizes", o->block_sizes.all.n > 0},
      {"--config", o->config.last != NULL}, {"--plan", o->plan.last != NULL}, {"--dump-dir", o->dump_dir.last != NULL}, {"--override-dir", o->override_dir.last != NULL},
      {"-o", o->output_dir.last != NULL},  {"--bisect-numerics", o->bisect}};
  const char *option = cli_first_given(compiled, sizeof compiled / sizeof *compiled);
  if (option) {
    diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: '%s' is compiled already; only sizes and contents of its arguments are open", option, c->input);
    diag_help(ctx, "give %s to 'loom compile'", option);
    return LOOM_EUSAGE;
  }
  if (o->machine.last && strcmp(o->machine.last, "host") != 0)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--machine %s: '%s' is an artifact; 'loom run' takes those of the host, 'loom sim' those of a chip", o->machine.last, c->input);
  return compile_open_artifact(ctx, c, r, s);
}

/* What executes the kernel. */
static loom_status choose_engine(loom_ctx *ctx, const cli_options *o, compile_options *c, made *a) {
  c->for_board = text_eq(o->engine.last, "tt-emu");
  LOOM_TRY(worker_wants_npu(ctx, o, c, true, &a->for_npu));
  LOOM_TRY(worker_tell_unread(ctx, o, c, a->for_npu, false));
  a->for_npu = a->for_npu && !o->interp && !o->bisect;
  if (c->for_board && (o->interp || o->bisect || o->trace.last))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--engine tt-emu runs the board's program: leave %s away", o->interp ? "--interp" : o->bisect ? "--bisect-numerics" : "--trace");
  return worker_read_emulation(ctx, o, &a->emulation);
}

static loom_status execute(loom_ctx *ctx, const cli_options *o, made *a, run_options *r) {
  if (a->for_npu) {
    LOOM_TRY(compile_npu_execute(&a->s, &a->npu, r, &a->e));
    return worker_write_npu_trace(o, &a->s, &a->npu);
  }
  LOOM_TRY(a->s.o->for_board ? compile_tt_execute(&a->s, &a->board, r, &a->emulation, &a->e) : compile_execute(&a->s, r, &a->e));
  return worker_write_trace(ctx, o, &a->s, &a->e.report, r->record);
}

static void print_run(const cli_options *o, made *a, const data_value *summary) {
  compile_state *s = &a->s;
  printf("kernel       %s on %s\n", s->kernel->name, o->interp ? "the reference interpreter" : s->machine ? s->machine->name : "host");
  if (s->plan)
    worker_print_decisions(s);
  worker_print_answers(s->ctx, s, summary);
  if (!s->plan && !o->interp)
    print_block_sizes(compile_summary(s, NULL));
  cli_print_kernels(s->kernels);
  if (s->o->for_board)
    worker_print_emulation(s, &a->emulation);
  if (a->for_npu)
    worker_print_npu(s, &a->npu);
  worker_print_execution(s, &a->e);
  worker_print_bisection(&a->found);
}

static loom_status tell_run(loom_ctx *ctx, const cli_options *o, made *a) {
  data_value *summary = compile_summary(&a->s, &a->e);
  if (a->s.o->for_board)
    worker_add_emulation(&ctx->mem, &a->emulation, summary);
  if (a->for_npu)
    worker_add_npu(&ctx->mem, &a->s, &a->npu, summary);
  LOOM_TRY(finish_summary(ctx, o, a, summary));
  if (o->emit.last)
    return worker_emit(ctx, o, &a->s);
  if (o->json)
    printf("%s\n", data_write_json(&ctx->mem, summary, 1));
  else
    print_run(o, a, summary);
  return LOOM_OK;
}

/* The kernel is compiled, or read from an artifact, and executed. */
static loom_status run_kernel(loom_ctx *ctx, const cli_options *o, compile_options *c, run_options *r, made *a) {
  const bool has_chip = !o->interp && !text_eq(o->machine.last, "host") && !file_is_dir(c->input);
  LOOM_TRY(worker_start_trace(ctx, o, has_chip, &r->record));
  loom_status st = c->for_board              ? worker_compile_board(ctx, o, c, &a->s, &a->board)
                   : a->for_npu              ? compile_npu_compile(ctx, c, &a->s, &a->npu)
                   : file_is_dir(c->input)   ? open_artifact(ctx, o, c, r, &a->s)
                                             : compile_kernel(ctx, c, &a->s);
  const bool is_compiled = st == LOOM_OK;
  if (is_compiled && a->for_npu)
    st = worker_start_npu_trace(ctx, o, &a->npu);
  if (o->bisect)
    st = worker_bisect(ctx, &a->s, r, st, &a->found);
  if (st == LOOM_OK && is_compiled && !a->found.found)      /* machine code of a form that goes wrong may touch what is not its own */
    st = execute(ctx, o, a, r);
  if (st == LOOM_OK)
    st = tell_run(ctx, o, a);
  else if (o->bisect && !o->json)      /* what there is of a compile that failed */
    worker_print_bisection(&a->found);
  if (st == LOOM_OK)
    st = worker_bisect_verdict(ctx, &a->found);
  if (st == LOOM_OK)
    st = worker_verdict(ctx, &a->e);
  return close_made(ctx, o, a, st);
}

loom_status worker_run(loom_ctx *ctx, const cli_options *o) {
  compile_options c;
  run_options r = {.check = o->check, .interp_only = o->interp};
  made a = {0};
  bool is_program, is_on_chips;
  LOOM_TRY(worker_read_options(ctx, o, &c));
  worker_open_cache(ctx, o, &c);
  loom_status st = worker_run_program(ctx, o, &c, &is_program);
  if (is_program || st != LOOM_OK)
    return st;
  LOOM_TRY(worker_read_run(ctx, o, &r));
  LOOM_TRY(worker_read_given(ctx, o, r.inputs, r.n_inputs, &c.helion));
  if (o->shard.last) {
    LOOM_TRY(worker_read_bindings(ctx, "--output", o->output.all.at, o->output.all.n, &r.outputs, &r.n_outputs));
    return worker_run_shards(ctx, o, &c, &r);
  }
  LOOM_TRY(cli_providers(ctx, o, &c.providers));
  LOOM_TRY(choose_engine(ctx, o, &c, &a));
  LOOM_TRY(worker_read_results(ctx, o, &r));
  c.plain_loops = o->bisect;
  if (o->interp)
    c.stop_after = COMPILE_KERNEL;
  c.write_files = o->output_dir.last != NULL && !o->interp;
  st = worker_chips_run(ctx, o, &c, &r, &is_on_chips);
  return is_on_chips || st != LOOM_OK ? st : run_kernel(ctx, o, &c, &r, &a);
}

/* ---- explore ---- */

/* All candidates in their order, or with --topk the best ones. */
static void print_candidates(loom_ctx *ctx, const cli_options *o, const compile_state *s, const data_value *answers) {
  for (size_t i = 0; !o->topk.last && i < s->solved.rows.n; i++) {
    const solve_row *r = &s->solved.rows.at[i];
    printf("%14s  %s\n", !solve_has_answer(r->status) ? solve_status_text(r->status) : text_thousands(&ctx->mem, r->cycles), r->candidate->name);
  }
  worker_print_answers(ctx, s, answers);
  arena *m = &ctx->mem;
  const solve_row *best = s->solved.best >= 0 ? &s->solved.rows.at[s->solved.best] : NULL;
  if (best && best->status == SOLVE_BEST_FOUND)
    printf("best found: nothing is below %s cycles; more time or a larger budget may find better\n", text_thousands(m, best->lower_bound));
  if (s->space.nest)
    printf("%s mappings, %d loop orders; %s evaluations, %s points ruled out\n", text_thousands(m, s->space.n_mappings), s->space.n_orders, text_thousands(m, s->solved.evaluated),
           text_thousands(m, s->solved.pruned));
  else
    printf("%s candidates, %s pruned\n", text_thousands(m, s->table.total), text_thousands(m, s->table.pruned));
  print_certificate(s);
}

static loom_status send_to_rank(loom_ctx *ctx, void *data, int to, const void *bytes, size_t size) { return run_ranks_send(ctx, data, to, bytes, size); }
static loom_status receive_from_rank(loom_ctx *ctx, void *data, int from, void **bytes, size_t *size) { return run_ranks_receive(ctx, data, from, bytes, size); }

/* One of several ranks of a job searches with the others. */
static loom_status open_ranks(loom_ctx *ctx, compile_options *c) {
  run_ranks *r = ARENA_NEW(&ctx->mem, run_ranks);
  solve_ranks *together = ARENA_NEW(&ctx->mem, solve_ranks);
  LOOM_TRY(run_ranks_open(ctx, r));
  *together = (solve_ranks){.number = r->number, .size = r->size, .data = r, .send = send_to_rank, .receive = receive_from_rank};
  c->ranks = r->size > 1 ? together : NULL;
  return LOOM_OK;
}

loom_status worker_explore(loom_ctx *ctx, const cli_options *o) {
  compile_options c;
  compile_state s = {0};
  LOOM_TRY(worker_read_kernel_options(ctx, o, &c));
  LOOM_TRY(open_ranks(ctx, &c));
  c.stop_after = COMPILE_SOLVE;
  c.search_host = true;
  if (o->emit.last && !text_eq(o->emit.last, "explored"))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--emit: 'loom explore' prints explored, its variants as MLIR; '%s' is for 'loom compile'", o->emit.last);
  bool is_on_chips;
  loom_status on_chips = worker_chips_explore(ctx, o, &c, &is_on_chips);
  if (is_on_chips || on_chips != LOOM_OK)
    return on_chips;
  if (!c.ranks)
    cli_tell_option(ctx, o, "debug", "no stage is written, and there are no ranks to tell of", "'loom compile --debug' writes the stages");
  if (!o->etg.last)
    cli_tell_option(ctx, o, "etg-gen", "no ETG is written", "name its file with --etg FILE");
  if (!text_eq(c.machine, "host"))
    cli_tell_option(ctx, o, "threads", "they are of this CPU, and a chip is searched", "add --machine host; --njobs says how many threads search");
  if (o->emit.last && (o->upstream_compatible || o->legacy))
    c.stop_after = COMPILE_EXPLORE;      /* lists that are there before they are solved */
  loom_status st = compile_kernel(ctx, &c, &s);
  if (st == LOOM_OK && o->etg.last) {
    data_value *etg;
    st = explore_etg(ctx, s.nest, s.machine, &s.table, c.etg_gen, false, &etg);
    if (st == LOOM_OK)
      st = data_write_json_file(ctx, o->etg.last, etg);
  }
  if (st == LOOM_OK && o->emit.last) {
    cli_progress_end();
    st = worker_emit(ctx, o, &s);
  } else if (st == LOOM_OK) {
    data_value *v = compile_explore_data(&s);
    st = worker_answer(ctx, o, &s, v);
    cli_progress_end();
    if (st == LOOM_OK && o->out.last)
      st = data_write_json_file(ctx, o->out.last, v);
    if (st == LOOM_OK && o->json)
      printf("%s\n", data_write_json(&ctx->mem, v, 1));
    else if (st == LOOM_OK)
      print_candidates(ctx, o, &s, v);
  }
  st = worker_explain_failure(ctx, o, &s, st);
  cli_progress_end();
  compile_done(&s);
  return st;
}
