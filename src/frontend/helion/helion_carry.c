#include "frontend/helion/helion_carry.h"

/* ---- variables that a loop changes ---- */
static void add_target(helion_reader *r, const syn_node *t, helion_names *out) {
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

static void add_assigned(helion_reader *r, syn_node *const *body, size_t n, helion_names *out) {
  static const char *const blocks[] = {"body", "orelse", "finalbody", "handlers", "cases"};
  for (size_t i = 0; i < n; i++) {
    const syn_node *s = body[i];
    size_t count;
    if (s->kind == SYN_FunctionDef || s->kind == SYN_AsyncFunctionDef || s->kind == SYN_ClassDef) {
      vec_push(r->mem, out, syn_ident(s, "name"));
      continue;
    }
    syn_node **items = syn_list(s, "items", &count);   /* of a with */
    for (size_t j = 0; j < count; j++)
      add_target(r, syn_child(items[j], "optional_vars"), out);
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

void helion_assigned_names(helion_reader *r, const syn_node *n, const char *block, helion_names *out) {
  size_t count;
  syn_node **body = syn_list(n, block, &count);
  add_assigned(r, body, count, out);
}

void helion_statement_names(helion_reader *r, const syn_node *n, helion_names *out) {
  syn_node *statement = (syn_node *)(uintptr_t)n;
  add_assigned(r, &statement, 1, out);
}

void helion_unset_target(helion_reader *r, const syn_node *loop) {
  helion_names names = {0};
  add_target(r, syn_child(loop, "target"), &names);
  for (size_t i = 0; i < names.n; i++)
    helion_unset_var(r, names.at[i]);
}

void helion_forget_assigned(helion_reader *r, const syn_node *n) {
  helion_names names = {0};
  helion_statement_names(r, n, &names);
  for (size_t i = 0; i < names.n; i++) {
    const helion_value *old = helion_find_var(r->scope, names.at[i]);
    if (!old || old->kind != HELION_TENSOR || !helion_in_loop(r))   /* device code does not change variables of the host */
      helion_set_var(r, names.at[i], helion_unknown());
  }
  if (r->depth > 0 && r->returned.kind == HELION_NONE)   /* `n` may hold the return of this function */
    r->returned = helion_unknown();
}

helion_names helion_carried_names(helion_reader *r, const syn_node *loop) {
  helion_names assigned = {0}, out = {0};
  helion_assigned_names(r, loop, "body", &assigned);
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

/* ---- values that come out ---- */
kernel_value helion_carried_result(helion_reader *r, const syn_node *n, const char *name, kernel_value start) {
  const helion_value *v = helion_find_var(r->scope, name);
  const kernel_type before = *helion_type(r, start);
  if (!v)
    helion_fail(r, n, LOOM_EINPUT, "leave it to the end of the function, or use a variable of the loop's own", "the loop begins with a value of %s and deletes it", name);
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

void helion_yield(helion_reader *r, const syn_node *n, int count, const kernel_value *values) {
  kernel_op *op = kernel_add_op(r->mem, r->graph, r->region, KERNEL_YIELD, count, values, 0, NULL);
  op->span = n->span;
}

bool helion_is_same(helion_reader *r, const helion_value *a, const helion_value *b) {
  if (a->kind != b->kind)
    return false;
  switch (a->kind) {
  case HELION_DEVICE: return a->device == b->device;
  case HELION_INT: return helion_same_size(r, a->size, b->size);
  case HELION_FLOAT: return !(a->real < b->real) && !(a->real > b->real);
  case HELION_BOOL: return a->flag == b->flag;
  case HELION_TENSOR: return a->tensor == b->tensor;
  case HELION_TILE: return a->tile.number == b->tile.number && a->tile.offset == b->tile.offset;
  case HELION_STR: return text_eq(a->string, b->string);
  case HELION_SEQ:
    if (a->seq.n != b->seq.n)
      return false;
    for (size_t i = 0; i < a->seq.n; i++)
      if (!helion_is_same(r, &a->seq.at[i], &b->seq.at[i]))
        return false;
    return true;
  default: return true;
  }
}

static bool is_among(const helion_names *names, const char *name) {
  for (size_t i = 0; names && i < names->n; i++)
    if (text_eq(names->at[i], name))
      return true;
  return false;
}

void helion_check_numbers(helion_reader *r, const syn_node *n, const helion_var *before, size_t n_vars, const helion_names *names) {
  for (size_t i = 0; i < n_vars; i++) {
    const helion_value *old = &before[i].value, *now = helion_find_var(r->scope, before[i].name);
    if (is_among(names, before[i].name) || old->kind == HELION_UNKNOWN || (now && (now->kind == HELION_UNKNOWN || helion_is_same(r, old, now))))
      continue;
    if (old->kind == HELION_INT || old->kind == HELION_FLOAT || old->kind == HELION_BOOL)
      helion_fail(r, n, LOOM_EINPUT, "start with a device value: hl.full([], value) or hl.zeros([...])",
                  "the python number %s changes inside of a tile loop", before[i].name);
    else if (old->kind == HELION_SEQ || old->kind == HELION_TENSOR)
      helion_fail(r, n, LOOM_EUNSUP, "use a variable of its own for each value", "%s, %s, changes inside of a tile loop", before[i].name,
                  helion_describe(r, old));
  }
}

/* ---- scopes ---- */
helion_var *helion_save_vars(helion_reader *r, size_t *out_n) {
  size_t n = r->scope->vars.n;
  helion_var *before = ARENA_NEW_N(r->mem, helion_var, n);
  if (n)
    memcpy(before, r->scope->vars.at, n * sizeof *before);
  *out_n = n;
  return before;
}

void helion_restore_vars(helion_reader *r, const helion_var *before, size_t n_vars, const helion_names *kept) {
  helion_var *after = ARENA_NEW_N(r->mem, helion_var, n_vars);      /* by name: what was deleted since has moved those behind it */
  for (size_t i = 0; i < n_vars; i++) {
    const helion_value *now = is_among(kept, before[i].name) ? helion_find_var(r->scope, before[i].name) : NULL;
    after[i] = before[i];
    if (now)
      after[i].value = *now;
  }
  r->scope->vars.n = 0;
  for (size_t i = 0; i < n_vars; i++)
    vec_push(r->mem, &r->scope->vars, after[i]);
}
