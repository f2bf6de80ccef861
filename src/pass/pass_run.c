/* Runs a pipeline: our passes become external passes of one MLIR pass manager, everything else is handed to MLIR by name.
 * Printing and timing are passes too, put around each pass, so that their text goes where the caller wants it. */
#include "pass/pass_private.h"
#include "base/clock.h"
#include <string.h>

typedef enum step_kind { STEP_PASS, STEP_LOOK, STEP_PRINT, STEP_CLOCK_START, STEP_CLOCK_STOP } step_kind;

typedef struct pass_timer { const char *name; int64_t started_ns, total_ns; } pass_timer;

typedef struct pipeline_run {
  ir_ctx *ir;
  const pass_run_options *o;
  MlirTypeIDAllocator ids;
  VEC_OF(pass_timer *) timers;
  loom_status status;            /* of the first of our passes that failed */
  bool out_of_memory;
} pipeline_run;

/* What an external pass of MLIR carries.  Immutable while the manager runs, so clones may share it. */
typedef struct step { step_kind kind; pipeline_run *run; const pass_row *row; pass_options options; const char *banner; pass_timer *timer; } step;

static loom_status take_step(const step *s, MlirOperation op) {
  pipeline_run *run = s->run;
  switch (s->kind) {
  case STEP_PASS: return s->row->run(run->ir, op, &s->options);
  case STEP_LOOK: pass_warn_if_idle(run->ir, s->banner, op); return LOOM_OK;
  case STEP_PRINT:
    run->o->emit(run->o->emit_data, s->banner);
    run->o->emit(run->o->emit_data, ir_print(&run->ir->ctx->scratch, op, false));
    run->o->emit(run->o->emit_data, "\n");
    return LOOM_OK;
  case STEP_CLOCK_START: s->timer->started_ns = clock_ns(); return LOOM_OK;
  case STEP_CLOCK_STOP: s->timer->total_ns += clock_ns() - s->timer->started_ns; return LOOM_OK;
  }
  return LOOM_EBUG;
}

/* MLIR's frames are below: the arenas may not unwind through them, so running out of memory is noted and raised by the caller of MLIR. */
static void run_step(MlirOperation op, MlirExternalPass pass, void *data) {
  const step *s = data;
  loom_ctx *ctx = s->run->ir->ctx;
  jmp_buf guard;
  jmp_buf *outer_mem = ctx->mem.guard, *outer_scratch = ctx->scratch.guard;
  arena_mark mark = arena_save(&ctx->scratch);
  if (setjmp(guard) == 0) {
    ctx->mem.guard = ctx->scratch.guard = &guard;
    loom_status st = take_step(s, op);
    if (st != LOOM_OK) {
      if (s->run->status == LOOM_OK)
        s->run->status = st;
      mlirExternalPassSignalFailure(pass);
    }
    arena_release(&ctx->scratch, mark);
  } else {
    s->run->out_of_memory = true;
    mlirExternalPassSignalFailure(pass);
  }
  ctx->mem.guard = outer_mem;
  ctx->scratch.guard = outer_scratch;
}

static void ignore(void *data) { (void)data; }
static void *share(void *data) { return data; }

static void add_step(pipeline_run *run, MlirOpPassManager pm, step s) {
  step *kept = ARENA_NEW(&run->ir->ctx->mem, step);
  *kept = s;
  kept->run = run;
  static const char *const names[] = {[STEP_LOOK] = "loom-look", [STEP_PRINT] = "loom-print", [STEP_CLOCK_START] = "loom-clock-start", [STEP_CLOCK_STOP] = "loom-clock-stop"};
  const char *name = s.kind == STEP_PASS ? s.row->name : names[s.kind];
  const char *anchor = s.kind == STEP_PASS ? s.row->anchor : "";
  MlirExternalPassCallbacks calls = {.construct = ignore, .destruct = ignore, .clone = share, .run = run_step};
  MlirStringRef text_name = mlirStringRefCreateFromCString(name);
  mlirOpPassManagerAddOwnedPass(pm, mlirCreateExternalPass(mlirTypeIDAllocatorAllocateTypeID(run->ids), text_name, text_name,
                                                           mlirStringRefCreateFromCString(s.kind == STEP_PASS ? s.row->summary : ""),
                                                           mlirStringRefCreateFromCString(anchor), 0, NULL, calls, kept));
}

static pass_timer *timer_of(pipeline_run *run, const char *name) {
  for (size_t i = 0; i < run->timers.n; i++)
    if (text_eq(run->timers.at[i]->name, name))
      return run->timers.at[i];
  pass_timer *t = ARENA_NEW(&run->ir->ctx->mem, pass_timer);
  t->name = name;
  vec_push(&run->ir->ctx->mem, &run->timers, t);
  return t;
}

static void add_print(pipeline_run *run, MlirOpPassManager pm, const char *when, const char *name) {
  const char *banner = arena_printf(&run->ir->ctx->mem, "// -----// IR Dump %s %s //----- //\n", when, name);
  add_step(run, pm, (step){.kind = STEP_PRINT, .banner = banner});
}

static bool fits(const char *wanted, const char *anchor) {
  if (!*wanted || text_eq(anchor, "any"))
    return true;
  return text_eq(wanted, "function") ? text_ends(anchor, ".func") : text_eq(wanted, anchor);
}

static loom_status wrong_anchor(loom_ctx *ctx, const pipeline_item *item, const char *wanted, const char *anchor) {
  const char *op = text_eq(wanted, "function") ? "func.func" : wanted;
  diag_error(ctx, item->span, LOOM_EUSAGE, "%s runs on %s, not on %s", item->name, op, anchor);
  if (text_eq(op, "builtin.module"))
    diag_help(ctx, "move it out of %s(...)", anchor);
  else
    diag_help(ctx, "write %s(%s)", op, item->name);
  return LOOM_EUSAGE;
}

typedef struct complaint { text said; bool out_of_memory; } complaint;

static void hear(MlirStringRef s, void *data) {
  complaint *c = data;
  arena *mem = c->said.mem;
  jmp_buf guard;
  jmp_buf *outer = mem->guard;
  if (setjmp(guard) == 0) {
    mem->guard = &guard;
    text_add_bytes(&c->said, s.data, s.length);
  } else {
    c->out_of_memory = true;
  }
  mem->guard = outer;
}

static loom_status unknown_pass(loom_ctx *ctx, const pipeline_item *item) {
  diag_error(ctx, item->span, LOOM_EUSAGE, "there is no pass '%s'", item->name);
  const char *now = pass_vanished(item->name), *near = pass_nearest(item->name);
  if (now)
    diag_help(ctx, "older versions of MLIR had it; with this one write %s", now);
  else if (near)
    diag_help(ctx, "did you mean %s?", near);
  else
    diag_help(ctx, "loom opt --list-passes shows Loom's passes; those of mlir-opt work too");
  return LOOM_EUSAGE;
}

static loom_status add_upstream(pipeline_run *run, MlirOpPassManager pm, const pipeline_item *item, const char *anchor) {
  loom_ctx *ctx = run->ir->ctx;
  const char *wanted = pass_upstream_anchor(item->name);
  if (wanted && !fits(wanted, anchor))
    return wrong_anchor(ctx, item, wanted, anchor);
  const char *element = item->options ? arena_printf(&ctx->mem, "%s{%s}", item->name, item->options) : item->name;
  complaint c = {.said = text_new(&ctx->mem)};
  if (pass_may_idle(item->name))
    add_step(run, pm, (step){.kind = STEP_LOOK, .banner = item->name});
  bool added = mlirLogicalResultIsSuccess(mlirOpPassManagerAddPipeline(pm, mlirStringRefCreateFromCString(element), hear, &c));
  run->out_of_memory |= c.out_of_memory;
  if (added)
    return LOOM_OK;
  if (!wanted && strstr(text_str(&c.said), "does not refer to a registered pass"))
    return unknown_pass(ctx, item);
  LOOM_FAIL(ctx, item->options ? item->options_span : item->span, LOOM_EUSAGE, "the options of %s are not accepted: %s", item->name,
            text_str(&c.said));
}

static loom_status add_ours(pipeline_run *run, MlirOpPassManager pm, const pipeline_item *item, const pass_row *row, const char *anchor) {
  if (!text_eq(row->anchor, anchor))
    return wrong_anchor(run->ir->ctx, item, row->anchor, anchor);
  bool has_options = item->options && *item->options;
  if (has_options && !*row->options)
    LOOM_FAIL(run->ir->ctx, item->options_span, LOOM_EUSAGE, "%s takes no options", item->name);
  const pass_options o = {.text = has_options ? item->options : "", .span = has_options ? item->options_span : item->span};
  add_step(run, pm, (step){.kind = STEP_PASS, .row = row, .options = o});
  return LOOM_OK;
}

static loom_status add_items(pipeline_run *run, MlirOpPassManager pm, const pipeline_list *items, const char *anchor) {
  const pass_run_options *o = run->o;
  for (size_t i = 0; i < items->n; i++) {
    const pipeline_item *item = items->at[i];
    if (item->is_nest) {
      MlirOpPassManager inner = mlirOpPassManagerGetNestedUnder(pm, mlirStringRefCreateFromCString(item->name));
      LOOM_TRY(add_items(run, inner, &item->inner, item->name));
      continue;
    }
    if (o->print_before_all && o->emit)
      add_print(run, pm, "Before", item->name);
    pass_timer *timer = o->timing ? timer_of(run, item->name) : NULL;
    if (timer)
      add_step(run, pm, (step){.kind = STEP_CLOCK_START, .timer = timer});
    const pass_row *row = pass_find(item->name);
    LOOM_TRY(row ? add_ours(run, pm, item, row, anchor) : add_upstream(run, pm, item, anchor));
    if (timer)
      add_step(run, pm, (step){.kind = STEP_CLOCK_STOP, .timer = timer});
    if (o->emit && (o->print_after_all || text_eq(o->print_after, item->name)))
      add_print(run, pm, "After", item->name);
  }
  return LOOM_OK;
}

static void report_timing(const pipeline_run *run) {
  if (!run->o->timing || !run->o->emit)
    return;
  run->o->emit(run->o->emit_data, "===- time of each pass -===\n");
  for (size_t i = 0; i < run->timers.n; i++) {
    const pass_timer *t = run->timers.at[i];
    run->o->emit(run->o->emit_data, arena_printf(&run->ir->ctx->mem, "%12.3f ms  %s\n", (double)t->total_ns / 1e6, t->name));
  }
}

static loom_status run_manager(pipeline_run *run, MlirModule m, const pipeline_item *top) {
  int errors = run->ir->ctx->diag.errors;
  MlirPassManager pm = mlirPassManagerCreateOnOperation(run->ir->mlir, mlirStringRefCreateFromCString("builtin.module"));
  loom_status st = add_items(run, mlirPassManagerGetAsOpPassManager(pm), &top->inner, "builtin.module");
  if (st == LOOM_OK && !run->out_of_memory) {
    mlirPassManagerEnableVerifier(pm, run->o->verify_each);
    if (mlirLogicalResultIsFailure(mlirPassManagerRunOnOp(pm, mlirModuleGetOperation(m))))
      st = run->status != LOOM_OK ? run->status : run->ir->blame;
  }
  mlirPassManagerDestroy(pm);
  if (st != LOOM_OK && st != LOOM_EMEM && run->ir->ctx->diag.errors == errors)
    diag_error(run->ir->ctx, LOOM_NOSPAN, st, "a pass of the pipeline failed without saying why");
  return st;
}

loom_status pass_run_pipeline(ir_ctx *ir, MlirModule m, const char *pipeline, const pass_run_options *o) {
  static const pass_run_options defaults = {.verify_each = true};
  pipeline_item *top;
  LOOM_TRY(pipeline_parse(ir->ctx, pipeline, &top));
  if (mlirModuleIsNull(m))
    LOOM_FAIL(ir->ctx, LOOM_NOSPAN, LOOM_EBUG, "a pipeline was run on no module");
  pipeline_run run = {.ir = ir, .o = o ? o : &defaults, .ids = mlirTypeIDAllocatorCreate()};
  loom_status st = run_manager(&run, m, top);
  mlirTypeIDAllocatorDestroy(run.ids);
  if (run.out_of_memory || ir->out_of_memory)
    arena_alloc(&ir->ctx->mem, SIZE_MAX);   /* never fits: unwinds to the guard of the compile, now that MLIR's frames are gone */
  report_timing(&run);
  return st;
}
