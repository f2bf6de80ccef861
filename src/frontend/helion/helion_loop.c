/* `for`: tile and grid loops become PARALLEL (outermost) and LOOP; static sequences are unrolled. */
#include "frontend/helion/helion_device.h"

enum { HELION_UNROLL_MAX = 4096 };

/* ---- variables that a loop changes ---- */
typedef VEC_OF(const char *) name_list;

static void add_target(helion_reader *r, const syn_node *t, name_list *out) {
  size_t n;
  if (!t)
    return;
  if (t->kind == SYN_Name) {
    vec_push(r->mem, out, syn_ident(t, "id"));
    return;
  }
  syn_node **items = t->kind == SYN_Tuple || t->kind == SYN_List ? syn_list(t, "elts", &n) : NULL;
  for (size_t i = 0; items && i < n; i++)
    add_target(r, items[i], out);
  if (t->kind == SYN_Starred)
    add_target(r, syn_child(t, "value"), out);
}

static void add_assigned(helion_reader *r, syn_node *const *body, size_t n, name_list *out) {
  static const char *const blocks[] = {"body", "orelse", "finalbody"};
  for (size_t i = 0; i < n; i++) {
    const syn_node *s = body[i];
    size_t count;
    if (s->kind == SYN_FunctionDef || s->kind == SYN_ClassDef)
      continue;
    syn_node **targets = syn_list(s, "targets", &count);
    for (size_t j = 0; j < count; j++)
      add_target(r, targets[j], out);
    add_target(r, syn_child(s, "target"), out);
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
      syn_node **inner = syn_list(s, blocks[b], &count);
      add_assigned(r, inner, count, out);
    }
  }
}

/* Names that the body assigns and that hold a device value before it, each once. */
static name_list carried_names(helion_reader *r, const syn_node *loop) {
  size_t n;
  name_list assigned = {0}, out = {0};
  syn_node **body = syn_list(loop, "body", &n);
  add_assigned(r, body, n, &assigned);
  for (size_t i = 0; i < assigned.n; i++) {
    const helion_value *v = helion_find_var(r->scope, assigned.at[i]);
    bool is_new = v && v->kind == HELION_DEVICE;
    for (size_t j = 0; is_new && j < out.n; j++)
      is_new = !text_eq(out.at[j], assigned.at[i]);
    if (is_new)
      vec_push(r->mem, &out, assigned.at[i]);
  }
  return out;
}

/* ---- loop variables ---- */
static const char *variable_name(helion_reader *r, const syn_node *target, const helion_loop *l, int i) {
  size_t n;
  const char *base = "tile";
  const syn_node *t = target;
  if (target->kind == SYN_Tuple || target->kind == SYN_List) {
    syn_node **items = syn_list(target, "elts", &n);
    t = (size_t)i < n ? items[i] : NULL;
    if (t && t->kind == SYN_Name && strspn(syn_ident(t, "id"), "_") != strlen(syn_ident(t, "id")))
      return syn_ident(t, "id");
    return arena_printf(r->mem, "tile_%d", i);
  }
  if (t->kind == SYN_Name && !text_eq(syn_ident(t, "id"), "_"))
    base = syn_ident(t, "id");
  return l->n > 1 ? arena_printf(r->mem, "%s_%d", base, i) : base;
}

/* Makes the block symbol of range `i` ready: its name, extent and place in the loop order. */
static int prepare_block(helion_reader *r, const syn_node *n, const helion_loop *l, int i, const char *name) {
  const helion_range *range = &l->range[i];
  int b = range->block >= 0 ? range->block : helion_symbol_new(r, KERNEL_SYM_BLOCK, NULL, -1, n);
  helion_symbol *s = &r->symbols.at[b];
  if (s->is_open)
    helion_fail(r, n, LOOM_EINPUT, "register another block size for the inner loop", "the block size %s tiles two nested loops",
                s->name ? s->name : s->fallback);
  s->is_open = true;
  const sym_expr *extent = sym_sub(r->mem, range->end, range->begin);
  if (s->loop_order < 0) {
    s->loop_order = r->loops;
    s->extent = extent;
    s->name = arena_strdup(r->mem, name);   /* the loop variable's name wins over the name of a registered block size */
    s->span = syn_child(n, "target")->span;
  }
  r->loops++;
  return b;
}

/* Adds the parameter of range `i` to `region` and returns what the loop variable is. */
static helion_value enter_range(helion_reader *r, const syn_node *n, const helion_loop *l, int i, kernel_region *region, kernel_range *out) {
  const char *name = variable_name(r, syn_child(n, "target"), l, i);
  kernel_type index = {.type = DTYPE_I64};
  *out = (kernel_range){l->range[i].begin, l->range[i].end, NULL};
  if (l->kind != HELION_LOOP_TILE)
    return helion_device(kernel_add_param(r->mem, r->graph, region, index, name, NULL));
  int b = prepare_block(r, n, l, i, name);
  out->block = r->symbols.at[b].id;
  kernel_value number = kernel_add_param(r->mem, r->graph, region, index, name, out->block);
  return (helion_value){.kind = HELION_TILE, .tile = {number, b, l->range[i].end, NULL}};
}

static void leave_range(helion_reader *r, const helion_value *variable) {
  if (variable->kind == HELION_TILE)
    r->symbols.at[variable->tile.block].is_open = false;
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
  if (flow == HELION_RETURN)
    helion_fail(r, n, LOOM_EUNSUP, "return after the loop", "a return inside of a tile loop");
  else if (flow == HELION_BREAK || flow == HELION_CONTINUE)
    helion_fail(r, n, LOOM_EUNSUP, "use torch.where, or an if on values that are known while compiling", "break or continue in a tile loop");
}

/* ---- PARALLEL ---- */
static void run_parallel(helion_reader *r, const syn_node *n, const helion_loop *l) {
  helion_value values[KERNEL_RANK_MAX];
  size_t n_vars = r->scope->vars.n;
  helion_var *before = ARENA_NEW_N(r->mem, helion_var, n_vars);
  if (n_vars)
    memcpy(before, r->scope->vars.at, n_vars * sizeof *before);
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
  r->scope->vars.n = n_vars;   /* nothing of device code is seen by host code */
  if (n_vars)
    memcpy(r->scope->vars.at, before, n_vars * sizeof *before);
}

/* ---- LOOP ---- */
static kernel_value carried_result(helion_reader *r, const syn_node *n, const char *name, kernel_value start) {
  const helion_value *v = helion_find_var(r->scope, name);
  const kernel_type before = *helion_type(r, start);
  if (!v || v->kind == HELION_UNKNOWN)
    return start;
  kernel_type after = before;
  if (v->kind == HELION_DEVICE)
    after = *helion_type(r, v->device);
  if (v->kind == HELION_DEVICE && after.type == before.type && helion_same_shape(r, &after, &before))
    return v->device;
  if (v->kind != HELION_DEVICE)
    helion_fail(r, n, LOOM_EINPUT, "give it one type before and in the loop", "%s is a device value before the loop and %s after one round",
                name, helion_describe(r, v));
  else
    helion_fail(r, n, LOOM_EINPUT, "cast with .to(...) or start with the type and shape of the result",
                "%s changes in the loop from %s %s to %s %s", name, dtype_torch(before.type), helion_show_shape(r, &before),
                dtype_torch(after.type), helion_show_shape(r, &after));
  return start;
}

static void yield(helion_reader *r, const syn_node *n, int count, const kernel_value *values) {
  kernel_op *op = kernel_add_op(r->mem, r->graph, r->region, KERNEL_YIELD, count, values, 0, NULL);
  op->span = n->span;
}

/* Range `i` and those inside of it; carried values go through all of them. */
static void run_nested(helion_reader *r, const syn_node *n, const helion_loop *l, int i, const name_list *names, helion_value *values) {
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
    carried[c] = carried_result(r, n, names->at[c], starts[c]);
  yield(r, n, count, carried);
  leave_range(r, &values[i]);
  r->region = outer;
  for (int c = 0; c < count; c++) {
    helion_set_var(r, names->at[c], helion_device(op->results[c]));
    r->graph->values.at[op->results[c]].name = names->at[c];
  }
}

static void check_numbers(helion_reader *r, const syn_node *n, const helion_var *before, size_t n_vars, const name_list *names) {
  for (size_t i = 0; i < n_vars; i++) {
    const helion_value *old = &before[i].value, *now = &r->scope->vars.at[i].value;
    bool is_carried = false;
    for (size_t j = 0; j < names->n; j++)
      is_carried = is_carried || text_eq(names->at[j], before[i].name);
    bool was_number = old->kind == HELION_INT || old->kind == HELION_FLOAT || old->kind == HELION_BOOL;
    bool changed = now->kind != old->kind || (old->kind == HELION_INT && !helion_same_size(r, old->size, now->size)) ||
                   (old->kind == HELION_FLOAT && (old->real < now->real || old->real > now->real));
    if (was_number && !is_carried && changed && now->kind != HELION_UNKNOWN)
      helion_fail(r, n, LOOM_EINPUT, "start with a device value: hl.full([], value) or hl.zeros([...])",
                  "the python number %s changes inside of a tile loop", before[i].name);
  }
}

static void run_sequential(helion_reader *r, const syn_node *n, const helion_loop *l) {
  helion_value values[KERNEL_RANK_MAX];
  name_list names = carried_names(r, n);
  size_t n_vars = r->scope->vars.n;
  helion_var *before = ARENA_NEW_N(r->mem, helion_var, n_vars);
  if (n_vars)
    memcpy(before, r->scope->vars.at, n_vars * sizeof *before);
  run_nested(r, n, l, 0, &names, values);
  check_numbers(r, n, before, n_vars, &names);
  for (size_t i = 0; i < n_vars; i++) {   /* what is not carried is as before the loop; new variables are gone */
    bool is_carried = false;
    for (size_t j = 0; j < names.n; j++)
      is_carried = is_carried || text_eq(names.at[j], before[i].name);
    if (!is_carried)
      r->scope->vars.at[i] = before[i];
  }
  r->scope->vars.n = n_vars;
}

/* ---- static loops ---- */
static helion_flow unroll(helion_reader *r, const syn_node *n, const helion_seq *items) {
  size_t count;
  syn_node **body = syn_list(n, "body", &count);
  for (size_t i = 0; i < items->n && !r->stopped; i++) {
    helion_assign(r, syn_child(n, "target"), items->at[i]);
    helion_flow flow = helion_run_block(r, body, count);
    if (flow == HELION_RETURN || flow == HELION_STOP)
      return flow;
    if (flow == HELION_BREAK)
      break;
  }
  return HELION_NEXT;
}

static bool range_items(helion_reader *r, const syn_node *n, const helion_range *range, helion_seq *out) {
  int64_t begin, end, step = 1, span, size;
  if (!helion_known(r, range->begin, &begin) || !helion_known(r, range->end, &end) ||
      (range->step && !helion_known(r, range->step, &step)) || !step) {
    helion_fail(r, n, LOOM_EUNSUP, "use hl.tile or hl.grid for bounds that depend on block sizes",
                "a range whose bounds are not known while compiling");
    return false;
  }
  bool fits = !(step > 0 ? __builtin_sub_overflow(end, begin, &span) : __builtin_sub_overflow(begin, end, &span)) &&
              !__builtin_sub_overflow(0, step, &size);
  size = step > 0 ? step : size;
  int64_t count = !fits ? INT64_MAX : span > 0 ? (span - 1) / size + 1 : 0;
  if (count > HELION_UNROLL_MAX) {
    helion_fail(r, n, LOOM_ELIMIT, "use hl.grid for a long loop", "a python loop of %" PRId64 " rounds is unrolled; at most %d are allowed",
                count, HELION_UNROLL_MAX);
    return false;
  }
  *out = helion_sequence(r, (size_t)count, false).seq;
  for (int64_t i = 0; i < count; i++)
    out->at[i] = helion_int(r, begin + i * step);
  return true;
}

/* ---- for ---- */
static bool check_step(helion_reader *r, const syn_node *n, const helion_loop *l) {
  int64_t step, length;
  for (int i = 0; i < l->n; i++) {
    if (l->range[i].step && (!helion_known(r, l->range[i].step, &step) || step != 1)) {
      helion_fail(r, n, LOOM_EUNSUP, "count tiles with hl.tile and a block size instead", "a device loop whose step is not 1");
      return false;
    }
    if (helion_known(r, sym_sub(r->mem, l->range[i].end, l->range[i].begin), &length) && length < 1) {
      helion_fail(r, n, LOOM_EINPUT, "the end of the range must be greater than its begin",
                  "a loop over an empty range of %" PRId64 " elements", length);
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

helion_flow helion_run_for(helion_reader *r, const syn_node *n) {
  size_t n_else;
  helion_seq items;
  helion_value over = helion_eval(r, syn_child(n, "iter"));
  syn_list(n, "orelse", &n_else);
  if (over.kind == HELION_UNKNOWN)
    return HELION_NEXT;
  if (n_else)
    helion_fail(r, n, LOOM_EUNSUP, "write the else block after the loop", "for with else");
  else if (over.kind == HELION_SEQ)
    return unroll(r, n, &over.seq);
  else if (over.kind == HELION_LOOP && over.loop->kind == HELION_LOOP_RANGE && !r->region)
    return range_items(r, n, &over.loop->range[0], &items) ? unroll(r, n, &items) : HELION_NEXT;
  else if (over.kind != HELION_LOOP)
    helion_fail(r, n, LOOM_EUNSUP, "loop over hl.tile(...), hl.grid(...), range(...) or a tuple", "a loop over %s",
                helion_describe(r, &over));
  else if (check_step(r, n, over.loop) && matches_target(r, n, over.loop))
    (r->region ? run_sequential : run_parallel)(r, n, over.loop);
  return HELION_NEXT;
}
