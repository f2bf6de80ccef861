/* Device control flow that only the running kernel decides: `if` on a device value, `while`. */
#include "frontend/helion/helion_carry.h"

/* ---- if ---- */
/* What one branch leaves: the variables of before and those it made. */
typedef struct branch { kernel_region *region; helion_var *vars; size_t n; } branch;

static branch run_side(helion_reader *r, const syn_node *n, const char *block, kernel_region *region) {
  size_t count;
  kernel_region *outer = r->region;
  branch b = {.region = region};
  r->region = region;
  syn_node **body = syn_list(n, block, &count);
  helion_flow flow = helion_run_block(r, body, count);
  if (flow == HELION_RETURN || flow == HELION_BREAK || flow == HELION_CONTINUE)
    helion_fail(r, n, LOOM_EUNSUP, "compute both ways and choose with torch.where, or use an if on values known while compiling",
                "return, break or continue under a condition that only the running kernel knows");
  b.vars = helion_save_vars(r, &b.n);
  r->region = outer;
  return b;
}

static const helion_value *find_in(const branch *b, const char *name) {
  for (size_t i = 0; i < b->n; i++)
    if (text_eq(b->vars[i].name, name))
      return &b->vars[i].value;
  return NULL;
}

/* The value as an SSA value at the end of `b`. */
static bool as_result(helion_reader *r, const syn_node *n, const branch *b, const helion_value *v, dtype t, kernel_value *out) {
  kernel_region *outer = r->region;
  r->region = b->region;
  bool ok = helion_as_value(r, n, v, t, out);
  r->region = outer;
  return ok;
}

static dtype type_of_value(helion_reader *r, const helion_value *a, const helion_value *b) {
  const helion_value *v = a->kind == HELION_DEVICE ? a : b;
  if (v->kind == HELION_DEVICE)
    return helion_type(r, v->device)->type;
  return a->kind == HELION_FLOAT || b->kind == HELION_FLOAT ? DTYPE_F32 : DTYPE_I64;
}

/* lost: names whose values are of no use, which was diagnosed. */
typedef struct merge { helion_names names, lost; VEC_OF(kernel_value) yes, no; VEC_OF(kernel_type) types; } merge;

static bool is_mergeable(const helion_value *v) {
  return v->kind == HELION_DEVICE || v->kind == HELION_INT || v->kind == HELION_FLOAT || v->kind == HELION_BOOL || v->kind == HELION_TILE;
}

/* One variable that both branches leave with different values. */
static void merge_variable(helion_reader *r, const syn_node *n, const char *name, const branch *yes, const branch *no, merge *m) {
  const helion_value *a = find_in(yes, name), *b = find_in(no, name);
  kernel_value x, y;
  if (!a || !b || helion_is_same(r, a, b))
    return;
  if (a->kind == HELION_UNKNOWN || b->kind == HELION_UNKNOWN) {
    vec_push(r->mem, &m->lost, name);
    return;
  }
  if (!is_mergeable(a) || !is_mergeable(b)) {
    helion_fail(r, n, LOOM_EINPUT, "leave a device value or number of one type on both ways", "%s is %s after one way and %s after the other", name, helion_describe(r, a),
                helion_describe(r, b));
    vec_push(r->mem, &m->lost, name);
    return;
  }
  dtype t = type_of_value(r, a, b);
  if (!as_result(r, n, yes, a, t, &x) || !as_result(r, n, no, b, t, &y)) {
    vec_push(r->mem, &m->lost, name);
    return;
  }
  kernel_type tx = *helion_type(r, x), ty = *helion_type(r, y);
  if (tx.type != ty.type || !helion_same_shape(r, &tx, &ty)) {
    helion_fail(r, n, LOOM_EINPUT, "cast with .to(...) or reshape, so that both ways leave the same type",
                "%s is %s %s after one way and %s %s after the other", name, dtype_torch(tx.type), helion_show_shape(r, &tx), dtype_torch(ty.type),
                helion_show_shape(r, &ty));
    vec_push(r->mem, &m->lost, name);
    return;
  }
  vec_push(r->mem, &m->names, name);
  vec_push(r->mem, &m->yes, x);
  vec_push(r->mem, &m->no, y);
  vec_push(r->mem, &m->types, tx);
}

void helion_run_branch(helion_reader *r, const syn_node *n, kernel_value condition) {
  size_t n_vars;
  helion_var *before = helion_save_vars(r, &n_vars);
  if (helion_type(r, condition)->rank) {
    helion_fail(r, n, LOOM_EINPUT, "use torch.where for a choice by element", "an if on a value of shape %s",
                helion_show_shape(r, helion_type(r, condition)));
    condition = helion_constant(r, n, 0, DTYPE_BOOL);   /* the branches are read for what else is wrong */
  }
  if (helion_type(r, condition)->type != DTYPE_BOOL)
    condition = helion_fn2(r, n, KERNEL_FN_NE, condition, helion_constant(r, n, 0, helion_type(r, condition)->type));
  kernel_region *outer = r->region, *detached = ARENA_NEW_N(r->mem, kernel_region, 2);
  branch yes = run_side(r, n, "body", &detached[0]);
  helion_restore_vars(r, before, n_vars, NULL);
  branch no = run_side(r, n, "orelse", &detached[1]);
  helion_restore_vars(r, before, n_vars, NULL);
  merge m = {0};
  for (size_t i = 0; i < yes.n; i++)
    merge_variable(r, n, yes.vars[i].name, &yes, &no, &m);
  kernel_op *op = kernel_add_op(r->mem, r->graph, outer, KERNEL_IF, 1, &condition, (int)m.names.n, m.types.at);
  op->span = n->span;
  for (int i = 0; i < 2; i++) {
    r->region = &detached[i];
    helion_yield(r, n, (int)m.names.n, i ? m.no.at : m.yes.at);
    op->regions[i] = detached[i];
  }
  r->region = outer;
  for (size_t i = 0; i < yes.n; i++) {   /* what both leave alike, new names included */
    const helion_value *other = find_in(&no, yes.vars[i].name);
    if (other && helion_is_same(r, &yes.vars[i].value, other) && yes.vars[i].value.kind != HELION_DEVICE)
      helion_set_var(r, yes.vars[i].name, yes.vars[i].value);
  }
  for (size_t i = 0; i < m.lost.n; i++)
    helion_set_var(r, m.lost.at[i], helion_unknown());
  for (size_t i = 0; i < m.names.n; i++) {
    helion_set_var(r, m.names.at[i], helion_device(op->results[i]));
    r->graph->values.at[op->results[i]].name = m.names.at[i];
  }
}

/* ---- while ---- */
static void enter_while(helion_reader *r, kernel_region *region, const helion_names *names, const kernel_type *types) {
  r->region = region;
  for (size_t c = 0; c < names->n; c++)
    helion_set_var(r, names->at[c], helion_device(kernel_add_param(r->mem, r->graph, region, types[c], names->at[c], NULL)));
}

void helion_run_while(helion_reader *r, const syn_node *n) {
  helion_names names = helion_carried_names(r, n);
  int count = (int)names.n;
  size_t n_vars, n_body, n_else;
  syn_list(n, "orelse", &n_else);
  if (n_else)
    helion_fail(r, n, LOOM_EUNSUP, "write the else block after the loop", "while with else");
  syn_node **body = syn_list(n, "body", &n_body);
  helion_var *before = helion_save_vars(r, &n_vars);
  kernel_region *outer = r->region;
  kernel_value *values = ARENA_NEW_N(r->mem, kernel_value, count), *starts = ARENA_NEW_N(r->mem, kernel_value, count);
  kernel_type *types = ARENA_NEW_N(r->mem, kernel_type, count);
  for (int c = 0; c < count; c++) {
    starts[c] = values[c] = helion_find_var(r->scope, names.at[c])->device;
    types[c] = *helion_type(r, values[c]);
  }
  kernel_op *op = kernel_add_op(r->mem, r->graph, outer, KERNEL_WHILE, count, starts, count, types);
  op->span = n->span;
  enter_while(r, &op->regions[0], &names, types);
  helion_value test = helion_eval(r, syn_child(n, "test"));
  kernel_value condition = -1;
  if (test.kind == HELION_DEVICE && helion_type(r, test.device)->rank == 0 && helion_type(r, test.device)->type == DTYPE_BOOL)
    condition = test.device;
  else if (test.kind != HELION_UNKNOWN)
    helion_fail(r, n, LOOM_EINPUT, "compare a 0-d device value that the body changes", "%s as the condition of a while in device code",
                helion_describe(r, &test));
  if (condition >= 0)
    helion_yield(r, n, 1, &condition);
  enter_while(r, &op->regions[1], &names, types);
  helion_flow flow = helion_run_block(r, body, n_body);
  if (flow == HELION_RETURN || flow == HELION_BREAK || flow == HELION_CONTINUE)
    helion_fail(r, n, LOOM_EUNSUP, "put it into the condition", "return, break or continue in a while of device code");
  for (int c = 0; c < count; c++)
    values[c] = helion_carried_result(r, n, names.at[c], op->regions[1].params.at[c]);
  helion_yield(r, n, count, values);
  r->region = outer;
  helion_check_numbers(r, n, before, n_vars, &names);
  helion_restore_vars(r, before, n_vars, &names);
  for (int c = 0; c < count; c++) {
    helion_set_var(r, names.at[c], helion_device(op->results[c]));
    r->graph->values.at[op->results[c]].name = names.at[c];
  }
}
