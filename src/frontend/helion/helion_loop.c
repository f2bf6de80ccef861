/* `for`: tile and grid loops become PARALLEL (outermost) and LOOP; static sequences are unrolled. */
#include "frontend/helion/helion_carry.h"
#include "frontend/helion/helion_rules.h"

enum { HELION_UNROLL_MAX = 4096 };

/* ---- loop variables ---- */
static const char *variable_name(helion_reader *r, const syn_node *target, const helion_loop *l, int i) {
  size_t n;
  const char *base = "tile";
  const syn_node *t = target;
  if (target->kind == SYN_Tuple || target->kind == SYN_List) {
    syn_node **items = syn_list(target, "elts", &n);
    t = items[i];   /* there are as many as ranges: matches_target */
    if (t->kind == SYN_Name && strspn(syn_ident(t, "id"), "_") != strlen(syn_ident(t, "id")))
      return syn_ident(t, "id");
    return arena_printf(r->mem, "tile_%d", i);
  }
  if (!text_eq(syn_ident(t, "id"), "_"))
    base = syn_ident(t, "id");
  return l->n > 1 ? arena_printf(r->mem, "%s_%d", base, i) : base;
}

/* Tiles of a fixed size that divides its range are all whole: their size is a plain number. */
static bool divides_exactly(helion_reader *r, const helion_range *range, int64_t size) {
  int64_t begin, end;
  return size == 1 || (helion_fixed(r, range->begin, &begin) && helion_fixed(r, range->end, &end) && (end - begin) % size == 0);
}

/* Makes the block symbol of range `i` ready: its name, extent and place in the loop order. */
static int prepare_block(helion_reader *r, const syn_node *n, const helion_loop *l, int i, const char *name) {
  const helion_range *range = &l->range[i];
  int b = range->block >= 0 ? range->block : helion_symbol_new(r, KERNEL_SYM_BLOCK, NULL, -1, n);
  helion_symbol *s = &r->symbols.at[b];
  if (s->is_open)
    helion_fail(r, n, LOOM_EUNSUP, "register another block size for the inner loop", "the block size %s tiles two loops at once",
                s->name ? s->name : s->fallback);
  s->is_open = true;
  s->range_begin = range->begin;
  s->range_end = range->end;
  s->jagged = -1;
  if (s->loop_order < 0) {
    const sym_expr *upper = helion_upper_bound(r, range->end), *extent = upper ? helion_upper_bound(r, sym_sub(r->mem, upper, range->begin)) : NULL;
    s->loop_order = r->loops;
    s->extent = extent ? extent : s->extent;
    s->is_exact = s->value >= 0 && divides_exactly(r, range, s->value);   /* of a number, which no other range has */
    s->name = arena_strdup(r->mem, name);   /* the loop variable's name wins over the name of a registered block size */
    s->span = syn_child(n, "target")->span;
  }
  r->loops++;
  return b;
}

/* The lanes of a jagged tile that are inside of their row: tile.index < lengths[:, None]. */
static kernel_value row_mask(helion_reader *r, const syn_node *n, const helion_value *tile, kernel_value lengths) {
  kernel_value lanes;
  kernel_type t = *helion_type(r, lengths);
  if (!helion_as_value(r, n, tile, DTYPE_I32, &lanes))
    return -1;
  t.dim[t.rank++] = sym_const(r->mem, 1);
  kernel_value rows = helion_emit(r, n, KERNEL_RESHAPE, 1, &lengths, &t);
  return helion_fn2(r, n, KERNEL_FN_LT, helion_cast(r, n, lanes, t.type), rows);
}

/* Adds the parameter of range `i` to `region` and returns what the loop variable is. */
static helion_value enter_range(helion_reader *r, const syn_node *n, const helion_loop *l, int i, kernel_region *region, kernel_range *out) {
  const char *name = variable_name(r, syn_child(n, "target"), l, i);
  const helion_range *range = &l->range[i];
  kernel_type index = {.type = DTYPE_I64};
  *out = (kernel_range){.begin = range->begin, .end = range->end, .step = range->step};
  if (l->kind != HELION_LOOP_TILE) {
    kernel_value counter = kernel_add_param(r->mem, r->graph, region, index, name, NULL);
    vec_push(r->mem, &r->counters, ((helion_counter){counter, range->end}));
    return helion_device(counter);
  }
  int b = prepare_block(r, n, l, i, name);
  out->block = r->symbols.at[b].id;
  kernel_value number = kernel_add_param(r->mem, r->graph, region, index, name, out->block);
  helion_value tile = {.kind = HELION_TILE, .tile = {number, b, range->begin, range->end, NULL}};
  r->symbols.at[b].number = number;
  if (range->parent >= 0) {
    kernel_value mask = row_mask(r, n, &tile, range->parent);
    r->symbols.at[b].jagged = mask;
  }
  return tile;
}

static void leave_range(helion_reader *r, const helion_value *variable) {
  if (variable->kind != HELION_TILE)
    return;
  helion_symbol *s = &r->symbols.at[variable->tile.block];
  s->is_open = false;
  s->number = s->jagged = -1;
}

static void bind_loop_variable(helion_reader *r, const syn_node *n, const helion_loop *l, const helion_value *values) {
  helion_value v = values[0];
  if (l->is_list && (l->n > 1 || syn_child(n, "target")->kind != SYN_Name)) {
    v = helion_sequence(r, (size_t)l->n, false);
    memcpy(v.seq.at, values, (size_t)l->n * sizeof *values);
  }
  helion_assign(r, syn_child(n, "target"), v);
}

static void run_body(helion_reader *r, const syn_node *n) {
  size_t count;
  syn_node **body = syn_list(n, "body", &count);
  helion_flow flow = helion_run_block(r, body, count);
  const syn_node *place = flow == HELION_NEXT ? n : r->place;   /* the statement that leaves the loop was the last one read */
  if (flow == HELION_RETURN)
    helion_fail(r, place, LOOM_EUNSUP, "return after the loop", "a return inside of a tile loop");
  else if (flow == HELION_BREAK || flow == HELION_CONTINUE)
    helion_fail(r, place, LOOM_EUNSUP, "use torch.where, or an if on values that are known while compiling", "break or continue in a tile loop");
}

/* ---- PARALLEL ---- */
static void run_parallel(helion_reader *r, const syn_node *n, const helion_loop *l) {
  helion_value values[KERNEL_RANK_MAX];
  size_t n_vars;
  helion_enter_top_loop(r);
  helion_var *before = helion_save_vars(r, &n_vars);
  kernel_op *op = kernel_add_op(r->mem, r->graph, &r->graph->body, KERNEL_PARALLEL, 0, NULL, 0, NULL);
  op->span = n->span;
  op->n_ranges = l->n;
  op->ranges = ARENA_NEW_N(r->mem, kernel_range, l->n);
  r->region = &op->regions[0];
  for (int i = 0; i < l->n; i++)
    values[i] = enter_range(r, n, l, i, r->region, &op->ranges[i]);
  bind_loop_variable(r, n, l, values);
  run_body(r, n);
  for (int i = 0; i < l->n; i++)
    leave_range(r, &values[i]);
  r->region = NULL;
  helion_leave_top_loop(r, n, op);
  helion_restore_vars(r, before, n_vars, NULL);   /* nothing of device code is seen by host code */
}

/* ---- LOOP ---- */
/* Range `i` and those inside of it; carried values go through all of them. */
static void run_nested(helion_reader *r, const syn_node *n, const helion_loop *l, int i, const helion_names *names, helion_value *values) {
  kernel_region *outer = r->region;
  int count = (int)names->n;
  kernel_value *carried = ARENA_NEW_N(r->mem, kernel_value, count), *starts = ARENA_NEW_N(r->mem, kernel_value, count);
  kernel_type *types = ARENA_NEW_N(r->mem, kernel_type, count);
  for (int c = 0; c < count; c++) {
    carried[c] = helion_find_var(r->scope, names->at[c])->device;
    types[c] = *helion_type(r, carried[c]);
  }
  kernel_op *op = kernel_add_op(r->mem, r->graph, outer, KERNEL_LOOP, count, carried, count, types);
  op->span = n->span;
  op->n_ranges = 1;
  op->ranges = ARENA_NEW(r->mem, kernel_range);
  r->region = &op->regions[0];
  values[i] = enter_range(r, n, l, i, r->region, &op->ranges[0]);
  for (int c = 0; c < count; c++) {
    starts[c] = kernel_add_param(r->mem, r->graph, r->region, types[c], names->at[c], NULL);
    helion_set_var(r, names->at[c], helion_device(starts[c]));
  }
  if (i + 1 < l->n) {
    run_nested(r, n, l, i + 1, names, values);
  } else {
    bind_loop_variable(r, n, l, values);
    run_body(r, n);
  }
  for (int c = 0; c < count; c++)
    carried[c] = helion_carried_result(r, n, names->at[c], starts[c]);
  helion_yield(r, n, count, carried);
  leave_range(r, &values[i]);
  r->region = outer;
  for (int c = 0; c < count; c++) {
    helion_set_var(r, names->at[c], helion_device(op->results[c]));
    r->graph->values.at[op->results[c]].name = names->at[c];
  }
}

static void run_sequential(helion_reader *r, const syn_node *n, const helion_loop *l) {
  helion_value values[KERNEL_RANK_MAX];
  helion_unset_target(r, n);      /* what they were before is seen neither in the loop nor behind it */
  helion_names names = helion_carried_names(r, n);
  size_t n_vars;
  helion_var *before = helion_save_vars(r, &n_vars);
  run_nested(r, n, l, 0, &names, values);
  helion_check_numbers(r, n, before, n_vars, &names);
  helion_restore_vars(r, before, n_vars, &names);   /* what is not carried is as before the loop; new variables are gone */
}

/* ---- static loops ---- */
static helion_flow unroll(helion_reader *r, const syn_node *n, const helion_seq *items) {
  size_t count;
  syn_node **body = syn_list(n, "body", &count);
  int errors = r->ctx->diag.errors;   /* a round that went wrong is not repeated: it would go wrong in the same way */
  for (size_t i = 0; i < items->n && !r->stopped && r->ctx->diag.errors == errors; i++) {
    helion_assign(r, syn_child(n, "target"), items->at[i]);
    helion_flow flow = helion_run_block(r, body, count);
    if (flow == HELION_RETURN || flow == HELION_STOP)
      return flow;
    if (flow == HELION_BREAK)
      break;
  }
  return HELION_NEXT;
}

/* Rounds of begin, begin + step, .. in front of end, in either direction; step is not 0. */
static uint64_t count_rounds(int64_t begin, int64_t end, int64_t step) {
  bool is_empty = step > 0 ? begin >= end : begin <= end;
  uint64_t span = step > 0 ? (uint64_t)end - (uint64_t)begin : (uint64_t)begin - (uint64_t)end, size = step > 0 ? (uint64_t)step : 0 - (uint64_t)step;
  return is_empty ? 0 : (span - 1) / size + 1;
}

static bool range_items(helion_reader *r, const syn_node *n, const helion_range *range, helion_seq *out) {
  int64_t begin, end, step = 1;
  if (!helion_known(r, range->begin, &begin) || !helion_known(r, range->end, &end) || (range->step && !helion_known(r, range->step, &step))) {
    helion_fail(r, n, LOOM_EUNSUP, "use hl.tile or hl.grid for bounds that depend on block sizes",
                "a range whose bounds are not known while compiling");
    return false;
  }
  if (!step)
    return helion_fail(r, n, LOOM_EINPUT, "steps count up or down", "a range with step 0"), false;
  const uint64_t count = count_rounds(begin, end, step);
  if (count > HELION_UNROLL_MAX) {
    helion_fail(r, n, LOOM_ELIMIT, "use hl.grid for a long loop", "a python loop of %" PRIu64 " rounds is unrolled; at most %d are allowed",
                count, HELION_UNROLL_MAX);
    return false;
  }
  *out = helion_sequence(r, (size_t)count, false).seq;
  for (size_t i = 0; i < count; i++)
    out->at[i] = helion_int(r, begin + (int64_t)i * step);
  return true;
}

/* ---- for ---- */
static bool check_step(helion_reader *r, const syn_node *n, const helion_loop *l) {
  int64_t step, length;
  for (int i = 0; i < l->n; i++) {
    if (l->range[i].step && (!helion_known(r, l->range[i].step, &step) || step < 1)) {
      helion_fail(r, n, LOOM_EUNSUP, "count up, with a step that is known while compiling", "a device loop whose step is no positive number");
      return false;
    }
    if ((!r->region || l->kind == HELION_LOOP_TILE) && helion_peek(r, sym_sub(r->mem, l->range[i].end, l->range[i].begin), &length) && length < 0) {
      helion_fail(r, n, LOOM_EINPUT, "the end of the range must not be before its begin",
                  "a loop over a range of %" PRId64 " elements", length);
      return false;
    }
  }
  return true;
}

static bool matches_target(helion_reader *r, const syn_node *n, const helion_loop *l) {
  size_t count;
  const syn_node *t = syn_child(n, "target");
  if (t->kind == SYN_Name)
    return true;
  syn_list(t, "elts", &count);
  if (l->is_list && count == (size_t)l->n)
    return true;
  helion_fail(r, t, LOOM_EINPUT, "write one loop variable for each range of the list", "%zu loop variables for %d tiled range%s", count,
              l->n, l->n == 1 ? "" : "s");
  return false;
}

/* hl.tile(..), also misspelt, and anything else that is called tile or grid. */
static bool looks_tiled(helion_reader *r, const syn_node *iter) {
  static const char *const names[] = {"tile", "grid", "jagged_tile"};
  const syn_node *f = iter->kind == SYN_Call ? syn_child(iter, "func") : NULL;
  const char *path = f ? helion_path_of(r, f) : NULL, *name = f ? syn_ident(f, "attr") : NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (text_eq(name, names[i]))
      return true;
  return path && text_starts(path, "helion.language.") && !text_ends(path, ".static_range");
}

/* The loop of a range that was diagnosed: its body is read once for what else is wrong.  What it makes is thrown away with the kernel. */
static helion_flow run_lost(helion_reader *r, const syn_node *n) {
  kernel_region *outer = r->region;
  size_t n_vars, count;
  const syn_node *iter = syn_child(n, "iter");
  bool is_tiled = looks_tiled(r, iter);
  helion_var *before = helion_save_vars(r, &n_vars);
  syn_node **body = syn_list(n, "body", &count);
  if (is_tiled && !outer)
    r->region = ARENA_NEW(r->mem, kernel_region);
  helion_assign(r, syn_child(n, "target"), helion_unknown());
  helion_flow flow = helion_run_block(r, body, count);
  r->region = outer;
  r->has_loop = r->has_loop || (is_tiled && !outer);
  if (is_tiled)
    helion_restore_vars(r, before, n_vars, NULL);   /* as behind any tile loop */
  else
    helion_forget_assigned(r, n);
  return flow == HELION_STOP ? HELION_STOP : HELION_NEXT;
}

helion_flow helion_run_for(helion_reader *r, const syn_node *n) {
  size_t n_else;
  helion_seq items;
  helion_value over = helion_eval(r, syn_child(n, "iter"));
  syn_list(n, "orelse", &n_else);
  if (n_else)
    helion_fail(r, n, LOOM_EUNSUP, "write the else block after the loop", "for with else");
  if (over.kind == HELION_UNKNOWN)
    return run_lost(r, n);
  if (over.kind == HELION_SEQ)
    return unroll(r, n, &over.seq);
  if (over.kind == HELION_LOOP && (over.loop->kind == HELION_LOOP_STATIC || (over.loop->kind == HELION_LOOP_RANGE && !r->region)))
    return range_items(r, n, &over.loop->range[0], &items) ? unroll(r, n, &items) : run_lost(r, n);
  if (over.kind != HELION_LOOP)
    helion_fail(r, n, LOOM_EUNSUP, "loop over hl.tile(...), hl.grid(...), range(...) or a tuple", "a loop over %s",
                helion_describe(r, &over));
  if (over.kind != HELION_LOOP || !check_step(r, n, over.loop) || !matches_target(r, n, over.loop))
    return run_lost(r, n);
  (r->region ? run_sequential : run_parallel)(r, n, over.loop);
  return HELION_NEXT;
}
