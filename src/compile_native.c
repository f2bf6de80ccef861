#include "compile_native.h"
#include "compile_dots.h"
#include "compile_fixed.h"

/* ---- why there is no plan ---- */

static const char *open_sizes(compile_state *s) {
  const kernel_symbol **open;
  const size_t n = compile_open_sizes(s, &open);
  text t = text_new(&s->ctx->mem);
  for (size_t i = 0; i < n; i++)
    text_addf(&t, "%s%s", i ? ", " : "", open[i]->name);
  return n ? text_str(&t) : NULL;
}

/* Sizes that are known when the kernel is called, MLIR text: these have nothing to search.  NULL: there is a spatial form, or nobody asks for one. */
static const char *why_not_spatial(compile_state *s) {
  const char *open = s->kernel ? open_sizes(s) : NULL;
  if (!s->kernel)
    return "its tiles are those of the MLIR text; a plan is searched for kernels of Python, Device IR or kernel graphs";
  return open ? arena_printf(&s->ctx->mem, "a plan needs sizes, and these are known when it is called: %s", open) : NULL;
}

/* The errors since `before` as one sentence. */
static const char *errors_since(compile_state *s, diag_mark before) {
  text t = text_new(&s->ctx->mem);
  for (const diag_item *d = *before.last; d; d = d->next)
    if (d->severity == DIAG_ERROR)
      text_addf(&t, "%s%s", !t.size ? "" : text_ends(text_str(&t), ":") ? " " : "; ", d->text);
  return text_str(&t);
}

/* No other program stands in for what the user has named. */
static bool is_named(const compile_state *s, loom_status st) {
  const compile_options *o = s->o;
  bool has_blocks = false;
  for (size_t i = 0; i < o->n_domains; i++)
    has_blocks |= o->domains[i].assigned > 0;
  return o->plan || o->explore.variant || o->explore.n_pins || (has_blocks && st == LOOM_EINFEASIBLE);
}

void compile_note_plain(compile_state *s) {
  if (!s->plain_because)
    return;
  if (s->fixed) {
    diag_note(s->ctx, LOOM_NOSPAN, "kernel '%s' has a planned program for %s; at other sizes it runs as plain loops on this CPU, slower", s->kernel->name, compile_sizes_text(s));
    return;
  }
  diag_note(s->ctx, s->plain_where, "%s runs as plain loops on this CPU, slower than a planned program: %s",
            s->kernel ? arena_printf(&s->ctx->mem, "kernel '%s'", s->kernel->name) : "the function", s->plain_because);
}

/* ---- the plan's program ---- */

void compile_keep_blocks(compile_state *s) {
  compile_options *o = ARENA_NEW(&s->ctx->mem, compile_options);
  solve_domain *d = ARENA_NEW_N(&s->ctx->mem, solve_domain, s->plan->blocks.n);
  *o = *s->o;
  o->domains = d;
  o->n_domains = 0;
  for (size_t i = 0; i < s->plan->blocks.n; i++)      /* a loop without blocks (hl.grid) has one of its own in the plan, of size 1 */
    if (kernel_find_symbol(s->kernel, s->plan->blocks.at[i].symbol))
      d[o->n_domains++] = (solve_domain){.symbol = s->plan->blocks.at[i].symbol, .assigned = s->plan->blocks.at[i].size};
  s->o = o;
}

loom_status compile_native_program(compile_state *s) {
  compile_keep_blocks(s);
  s->dots = compile_dots(s);
  return cpu_grid_from_bufferized(&s->ir, s->bufferized, codegen_vector_bytes(NULL), s->dots, s->o->constants, &s->grid, &s->native);
}

static void forget_search(compile_state *s) {
  ir_close_module(s->stage0);
  ir_close_module(s->canonical);
  ir_close_module(s->bufferized);
  s->stage0 = s->canonical = s->bufferized = (MlirModule){NULL};
  s->grid = (cpu_grid){0};
  s->dots = (cpu_dots){CPU_DOT_NONE, CPU_DOT_NONE};
  s->nest = NULL;
  s->plan = s->tuned = NULL;
  s->is_tuned = false;
  s->space = (explore_space){0};
  s->table = (explore_table){0};
  s->solved = (solve_result){0};
  s->searched = (compile_search){0};
  s->plans.n = 0;
}

/* *done: there is such a program, or there must not be another one. */
static loom_status plan_program(compile_state *s, native_ways ways, bool *done) {
  diag_mark before = diag_save(s->ctx);
  const compile_options *o = s->o;
  loom_status st = ways.search(s);
  if (st == LOOM_OK && s->plan)
    st = compile_native_program(s);
  *done = st == LOOM_OK || (st != LOOM_EUNSUP && st != LOOM_EINFEASIBLE && st != LOOM_ELIMIT) || is_named(s, st);
  if (*done)
    return st;
  s->plain_where = *before.last ? (*before.last)->span : LOOM_NOSPAN;
  s->plain_because = errors_since(s, before);
  diag_drop(s->ctx, before);
  forget_search(s);
  s->o = o;
  return LOOM_OK;
}

loom_status compile_native(compile_state *s, native_ways ways) {
  bool done = s->o->stop_after <= COMPILE_STAGE0 || s->o->plain_loops;      /* nobody asks for a plan */
  if (!done) {
    s->plain_because = why_not_spatial(s);
    if (!s->plain_because)
      LOOM_TRY(plan_program(s, ways, &done));
    if (done)
      return LOOM_OK;
  }
  s->machine = NULL;
  return ways.plain(s);
}
