/* Statements. */
#include "frontend/helion/helion_carry.h"
#include "frontend/helion/helion_device.h"
#include "frontend/helion/helion_rules.h"

/* ---- assignment ---- */
/* The first variable that holds a size, a block size, an allocation or a device value gives it its name. */
static void give_name(helion_reader *r, const char *name, const helion_value *v) {
  if (r->is_binding || r->depth > 0)
    return;
  int s = v->kind == HELION_INT ? helion_symbol_of(r, v->size) : -1;
  if (s >= 0)
    helion_symbol_name(r, s, name);
  if (v->kind == HELION_TENSOR && r->graph->tensors.at[v->tensor].role != KERNEL_ARG && !r->graph->tensors.at[v->tensor].name[0])
    r->graph->tensors.at[v->tensor].name = kernel_find_tensor(r->graph, name) < 0 ? arena_strdup(r->mem, name)
                                                                                  : arena_printf(r->mem, "%s_%d", name, v->tensor);
  if (v->kind == HELION_DEVICE && !r->graph->values.at[v->device].name)
    r->graph->values.at[v->device].name = arena_strdup(r->mem, name);
}

static void assign_items(helion_reader *r, const syn_node *target, helion_value v) {
  size_t n, star = SIZE_MAX;
  syn_node **items = syn_list(target, "elts", &n);
  for (size_t i = 0; i < n; i++)
    if (items[i]->kind == SYN_Starred)
      star = i;
  bool fits = v.kind == HELION_SEQ && (star == SIZE_MAX ? v.seq.n == n : v.seq.n + 1 >= n);
  if (!fits && v.kind == HELION_SEQ)
    helion_fail(r, target, LOOM_EINPUT, "the number of names must be the number of values", "%zu values are unpacked into %zu names",
                v.seq.n, n);
  else if (!fits && v.kind != HELION_UNKNOWN)
    helion_fail(r, target, LOOM_EINPUT, v.kind == HELION_TILE ? "tile a list to get a tile for each range: hl.tile([m, n])" : "only tuples and lists are unpacked", "%s cannot be unpacked", helion_describe(r, &v));
  size_t extra = fits && star != SIZE_MAX ? v.seq.n - (n - 1) : 0;
  for (size_t i = 0, at = 0; i < n; i++) {
    if (!fits) {
      helion_assign(r, items[i]->kind == SYN_Starred ? syn_child(items[i], "value") : items[i], helion_unknown());
    } else if (i == star) {
      helion_assign(r, syn_child(items[i], "value"), (helion_value){.kind = HELION_SEQ, .seq = {v.seq.at + at, extra, true}});
      at += extra;
    } else {
      helion_assign(r, items[i], v.seq.at[at++]);
    }
  }
}

void helion_assign(helion_reader *r, const syn_node *target, helion_value v) {
  switch (target->kind) {
  case SYN_Name:
    if (!helion_may_assign(r, target, syn_ident(target, "id")))
      break;
    give_name(r, syn_ident(target, "id"), &v);
    helion_set_var(r, syn_ident(target, "id"), v);
    helion_tell(r, target->span, syn_ident(target, "id"), &v);
    break;
  case SYN_Tuple: case SYN_List: assign_items(r, target, v); break;
  case SYN_Subscript: {
    helion_value base = helion_eval(r, syn_child(target, "value"));
    helion_store(r, target, base, helion_eval(r, syn_child(target, "slice")), v);
    break;
  }
  default: helion_fail(r, target, LOOM_EUNSUP, "assign to a variable or to a part of a tensor", "an assignment to %s", helion_construct(r, target)->words);
  }
}

static void run_assign(helion_reader *r, const syn_node *n) {
  size_t count;
  helion_value v = helion_eval(r, syn_child(n, "value"));
  syn_node **targets = syn_list(n, "targets", &count);
  v = helion_check_loop_value(r, n, &v) ? v : helion_unknown();
  for (size_t i = 0; i < count; i++)
    helion_assign(r, targets[i], v);
}

/* acc += x keeps the type of acc, as an in-place operation of PyTorch does. */
static void run_aug_assign(helion_reader *r, const syn_node *n) {
  const syn_node *target = syn_child(n, "target");
  helion_value base = {.kind = HELION_UNKNOWN}, index = base, old;
  if (target->kind == SYN_Subscript) {
    base = helion_eval(r, syn_child(target, "value"));
    index = helion_eval(r, syn_child(target, "slice"));
    old = helion_subscript(r, target, base, index);
  } else if (target->kind == SYN_Name && !helion_may_assign(r, target, syn_ident(target, "id"))) {
    helion_eval(r, syn_child(n, "value"));   /* for what else is wrong */
    return;
  } else {
    old = helion_eval(r, target);
  }
  helion_value v = helion_binary(r, n, syn_child(n, "op")->kind, old, helion_eval(r, syn_child(n, "value")));
  if (old.kind == HELION_DEVICE && v.kind == HELION_DEVICE && dtype_is_float(helion_type(r, old.device)->type))
    v = helion_device(helion_cast(r, n, v.device, helion_type(r, old.device)->type));
  if (target->kind == SYN_Subscript)
    helion_store(r, target, base, index, v);
  else
    helion_assign(r, target, v);
}

/* ---- assert ---- */
/* "dimension 1 of x, of shape [m=2048, k=256]" when the size is one of an argument. */
static const char *origin(helion_reader *r, const helion_value *v) {
  int s = v->kind == HELION_INT ? helion_symbol_of(r, v->size) : -1;
  if (s < 0 || r->symbols.at[s].tensor < 0)
    return "";
  const kernel_tensor_info *t = &r->graph->tensors.at[r->symbols.at[s].tensor];
  return arena_printf(r->mem, " (dimension %d of %s, of shape %s)", r->symbols.at[s].dim, t->name, helion_show_shape(r, &t->shape));
}

static void fail_assert(helion_reader *r, const syn_node *n, const syn_node *test) {
  size_t count;
  syn_node **right = syn_list(test, "comparators", &count);
  if (test->kind != SYN_Compare || count != 1) {
    helion_fail(r, n, LOOM_EINPUT, "the kernel's own check refuses these arguments; choose other sizes or types",
                "an assertion of the kernel fails");
    return;
  }
  helion_value a = helion_eval(r, syn_child(test, "left")), b = helion_eval(r, right[0]);
  helion_fail(r, n, LOOM_EINPUT, "the kernel's own check refuses these arguments; choose other sizes or types",
              "an assertion of the kernel fails for %s%s and %s%s", helion_describe(r, &a), origin(r, &a), helion_describe(r, &b),
              origin(r, &b));
}

/* Asserts check what is known and make equal sizes one symbol; what they say about devices, strides and the like is not looked at. */
static void check_assert(helion_reader *r, const syn_node *n, const syn_node *test) {
  size_t count;
  syn_node **values = syn_list(test, "values", &count);
  if (test->kind == SYN_BoolOp && syn_child(test, "op")->kind == SYN_And) {
    for (size_t i = 0; i < count; i++)
      check_assert(r, n, values[i]);
    return;
  }
  bool truth;
  helion_value v = helion_eval(r, test);
  if (!helion_truth(r, &v, &truth))
    return;
  if (!truth) {
    fail_assert(r, n, test);
    return;
  }
  syn_node **right = syn_list(test, "comparators", &count), **ops = syn_list(test, "ops", &count);
  if (test->kind == SYN_Compare && count == 1 && ops[0]->kind == SYN_Eq) {
    helion_value a = helion_eval(r, syn_child(test, "left")), b = helion_eval(r, right[0]);
    if (a.kind == HELION_INT && b.kind == HELION_INT)
      helion_unify(r, a.size, b.size);
  }
}

static void run_assert(helion_reader *r, const syn_node *n) {
  r->quiet++;
  check_assert(r, n, syn_child(n, "test"));
  r->quiet--;
}

/* ---- control flow ---- */
static helion_flow run_if(helion_reader *r, const syn_node *n) {
  size_t count;
  bool truth;
  helion_value c = helion_eval(r, syn_child(n, "test"));
  if (c.kind == HELION_UNKNOWN) {
    helion_forget_assigned(r, n);
    return HELION_NEXT;
  }
  if ((c.kind == HELION_TENSOR || c.kind == HELION_TILE) && helion_in_loop(r)) {
    if (c.kind == HELION_TILE)
      helion_fail(r, n, LOOM_EINPUT, "compare one of its numbers: tile.begin, tile.end or tile.id", "an if on a tile");
    else
      helion_fail_host_tensor(r, n, &c);
    helion_forget_assigned(r, n);
    return HELION_NEXT;
  }
  if (!helion_truth(r, &c, &truth) && c.kind == HELION_DEVICE && helion_in_loop(r)) {
    helion_run_branch(r, n, c.device);
    return HELION_NEXT;
  }
  if (!helion_truth(r, &c, &truth)) {
    helion_fail(r, n, LOOM_EUNSUP, "use torch.where, or a condition on sizes, types and None",
                "an if on %s, which is only known while the kernel runs", helion_describe(r, &c));
    helion_forget_assigned(r, n);
    return HELION_NEXT;
  }
  syn_node **body = syn_list(n, truth ? "body" : "orelse", &count);
  return helion_run_block(r, body, count);
}

static bool is_kernel_return(const helion_reader *r) { return r->depth == 0 && !r->is_binding; }

/* None keeps its place in a tuple. */
static void add_return(helion_reader *r, const syn_node *n, const helion_value *v) {
  if (!helion_step(r, n))
    return;
  if (v->kind == HELION_SEQ) {
    for (size_t i = 0; i < v->seq.n; i++)
      if (v->seq.at[i].kind == HELION_NONE)
        vec_push(r->mem, &r->graph->returns, (kernel_tensor)-1);
      else
        add_return(r, n, &v->seq.at[i]);
  } else if (v->kind == HELION_TENSOR) {
    r->graph->tensors.at[v->tensor].is_returned = true;
    vec_push(r->mem, &r->graph->returns, v->tensor);
  } else if (v->kind != HELION_NONE && v->kind != HELION_UNKNOWN) {
    helion_fail(r, n, LOOM_EUNSUP, "return tensors that the kernel writes", "a kernel that returns %s", helion_describe(r, v));
  }
}

static helion_flow run_return(helion_reader *r, const syn_node *n) {
  const syn_node *value = syn_child(n, "value");
  helion_value v = value ? helion_eval(r, value) : helion_none();
  r->returned = v;
  if (is_kernel_return(r) && !r->region)
    add_return(r, n, &v);
  return HELION_RETURN;
}

static helion_flow run_raise(helion_reader *r, const syn_node *n) {
  helion_fail(r, n, LOOM_EINPUT, "the kernel refuses these arguments; choose other sizes or types", "the kernel raises an exception here");
  return HELION_STOP;
}

static void run_annotated(helion_reader *r, const syn_node *n) {
  if (syn_child(n, "value"))
    helion_assign(r, syn_child(n, "target"), helion_eval(r, syn_child(n, "value")));
}

static void run_expression(helion_reader *r, const syn_node *n) {
  const syn_node *value = syn_child(n, "value");
  if (value->kind == SYN_Constant)   /* a docstring */
    return;
  helion_value v = helion_eval(r, value);
  helion_check_loop_value(r, n, &v);
  if (v.kind == HELION_UNKNOWN && !r->region && r->depth == 0)
    helion_pass_barrier(r, value);   /* it may have been meant as one */
}

static void run_delete(helion_reader *r, const syn_node *n) {
  size_t count;
  syn_node **targets = syn_list(n, "targets", &count);
  for (size_t i = 0; i < count; i++)
    if (targets[i]->kind != SYN_Name)
      helion_fail(r, targets[i], LOOM_EUNSUP, "delete variables", "del of %s", helion_construct(r, targets[i])->words);
    else if (helion_find_var(r->scope, syn_ident(targets[i], "id")))
      helion_unset_var(r, syn_ident(targets[i], "id"));
    else
      helion_lookup(r, targets[i]);   /* says that it is not defined */
}

/* A statement that a kernel cannot have.  The body of a `with` or `try` is read for what else is wrong. */
static helion_flow skip_statement(helion_reader *r, const syn_node *n) {
  size_t count;
  const helion_words *w = helion_construct(r, n);
  bool is_read = n->kind == SYN_With || n->kind == SYN_Try;
  helion_fail(r, n, LOOM_EUNSUP, w->help ? w->help : "only the code that computes shapes and the tile loops can stand in a kernel", "%s in a kernel", w->words);
  helion_forget_assigned(r, n);
  if (!r->region && r->depth == 0)
    helion_pass_barrier(r, n);
  syn_node **body = syn_list(n, "body", &count);
  return is_read ? helion_run_block(r, body, count) : HELION_NEXT;
}

static helion_flow run_statement(helion_reader *r, const syn_node *n) {
  if (!helion_may_stand(r, n)) {
    helion_forget_assigned(r, n);
    return HELION_NEXT;
  }
  switch (n->kind) {
  case SYN_Expr: run_expression(r, n); break;
  case SYN_Assign: run_assign(r, n); break;
  case SYN_AugAssign: run_aug_assign(r, n); break;
  case SYN_AnnAssign: run_annotated(r, n); break;
  case SYN_Assert: run_assert(r, n); break;
  case SYN_If: return run_if(r, n);
  case SYN_For: return helion_run_for(r, n);
  case SYN_Return: return run_return(r, n);
  case SYN_Raise: return run_raise(r, n);
  case SYN_Break: return HELION_BREAK;
  case SYN_Continue: return HELION_CONTINUE;
  case SYN_Pass: break;
  case SYN_Delete: run_delete(r, n); break;
  case SYN_Import: case SYN_ImportFrom: helion_bind_import(r, n); break;
  case SYN_FunctionDef: helion_set_var(r, syn_ident(n, "name"), (helion_value){.kind = HELION_FUNC, .func = {n, r->scope}}); break;
  case SYN_While:
    if (helion_in_loop(r))
      helion_run_while(r, n);
    else
      helion_fail(r, n, LOOM_EUNSUP, "use hl.tile, hl.grid or range", "a while loop in host code");
    break;
  default: return skip_statement(r, n);
  }
  return HELION_NEXT;
}

helion_flow helion_run_block(helion_reader *r, syn_node *const *statements, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (!helion_step(r, statements[i]))
      return HELION_STOP;
    r->place = statements[i];
    helion_flow flow = run_statement(r, statements[i]);
    if (flow != HELION_NEXT)
      return flow;
  }
  return HELION_NEXT;
}
