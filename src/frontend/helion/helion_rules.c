/* What Helion itself refuses although it could be given a meaning (helion.md 3.1): a kernel that Loom takes is one that Helion takes. */
#include "frontend/helion/helion_rules.h"
#include "frontend/helion/helion_device.h"

/* ---- host and device ---- */
bool helion_may_assign(helion_reader *r, const syn_node *n, const char *name) {
  if (!helion_in_loop(r) || r->depth > 0 || r->is_binding)
    return true;
  for (size_t i = 0; i < r->scope->vars.n; i++) {
    const helion_var *v = &r->scope->vars.at[i];
    if (!text_eq(v->name, name) || !v->is_host || v->value.kind == HELION_UNKNOWN)
      continue;
    const char *help = v->value.kind == HELION_TENSOR ? arena_printf(r->mem, "store to a part of a tensor, %s[tile] = .., or use another name", name)
                                                      : "use another name; a number that changes in the loop starts there as hl.full([], value)";
    return helion_fail(r, n, LOOM_EINPUT, help, "the host variable \"%s\" is assigned in a tile loop", name), false;
  }
  return true;
}

/* hl.* functions that host code may call; all others are device code. */
static const char *const host_functions[] = {"tile", "grid", "jagged_tile", "static_range", "register_block_size", "register_tunable", "register_reduction_dim",
                                             "specialize", "constexpr", "barrier", "breakpoint", "device_print", "cdiv", "next_power_of_2"};

bool helion_may_call(helion_reader *r, const syn_node *n, const char *path) {
  static const char prefix[] = "helion.language.";
  if (helion_in_loop(r) && text_eq(path, "helion.language.specialize"))
    return helion_fail(r, n, LOOM_EINPUT, "call it in host code, before the loop", "hl.specialize in a tile loop"), false;
  if (strncmp(path, prefix, sizeof prefix - 1) != 0 || helion_in_loop(r) || r->is_binding)
    return true;
  const char *name = path + sizeof prefix - 1;
  for (size_t i = 0; i < sizeof host_functions / sizeof *host_functions; i++)
    if (text_eq(host_functions[i], name))
      return true;
  return helion_fail(r, n, LOOM_EINPUT, "call it inside of the loop; in host code use torch", "hl.%s is device code and stands outside of the tile loops", name), false;
}

bool helion_may_call_function(helion_reader *r, const syn_node *n, const helion_func *f) {
  if (r->is_binding || f->node->kind == SYN_Lambda || !helion_is_kernel(r, f->node))
    return true;
  return helion_fail(r, n, LOOM_EINPUT, "write what both compute as a plain function, which each of them calls", "the kernel \"%s\" is called in a kernel",
                     syn_ident(f->node, "name")),
         false;
}

/* ---- statements ---- */
static bool is_own_code(const helion_reader *r) { return r->depth == 0 && !r->is_binding && r->scope && !r->is_module; }

bool helion_may_stand(helion_reader *r, const syn_node *n) {
  size_t count;
  if (!is_own_code(r))
    return true;
  if (n->kind == SYN_FunctionDef || n->kind == SYN_ClassDef)
    return helion_fail(r, n, LOOM_EUNSUP, "define it at the top of the file, or use a lambda", "a %s inside of a kernel", n->kind == SYN_ClassDef ? "class" : "function"), false;
  syn_list(n, "targets", &count);
  if (n->kind == SYN_Assign && count > 1 && helion_in_loop(r))
    return helion_fail(r, n, LOOM_EUNSUP, "write an assignment for each", "an assignment to several variables in a tile loop"), false;
  bool is_control = n->kind == SYN_For || n->kind == SYN_If || n->kind == SYN_Pass || (n->kind == SYN_Expr && syn_child(n, "value")->kind == SYN_Constant);
  if (!helion_in_loop(r) && r->has_loop && !is_control && !r->between)
    r->between = n;
  return true;
}

bool helion_check_loop_value(helion_reader *r, const syn_node *n, const helion_value *v) {
  static const char *const names[] = {[HELION_LOOP_TILE] = "hl.tile", [HELION_LOOP_GRID] = "hl.grid"};
  if (!is_own_code(r) || v->kind != HELION_LOOP || (v->loop->kind != HELION_LOOP_TILE && v->loop->kind != HELION_LOOP_GRID))
    return true;
  return helion_fail(r, n, LOOM_EINPUT, arena_printf(r->mem, "write `for tile in %s(...):`", names[v->loop->kind]), "%s outside of a for", names[v->loop->kind]), false;
}

/* ---- several loops ---- */
static kernel_tensor root_of(const helion_reader *r, kernel_tensor t) {
  while (r->graph->tensors.at[t].role == KERNEL_VIEW)
    t = r->graph->tensors.at[t].base;
  return t;
}

static bool writes(const kernel_op *op) { return op->kind == KERNEL_STORE || op->kind == KERNEL_ATOMIC; }

static bool find_written(helion_reader *r, const kernel_region *region) {
  for (size_t i = 0; i < region->ops.n; i++) {
    const kernel_op *op = region->ops.at[i];
    for (int j = 0; j < op->n_regions; j++)
      if (find_written(r, &op->regions[j]))
        return true;
    for (size_t w = 0; (writes(op) || op->kind == KERNEL_LOAD) && w < r->written.n; w++)
      if (r->written.at[w] == root_of(r, op->tensor)) {
        const char *name = r->graph->tensors.at[r->written.at[w]].name;
        helion_fail_at(r, op->span, LOOM_EINPUT, "put hl.barrier() between the two loops: the programs of a loop run in any order",
                       "%s was written by a loop before this one", name[0] ? name : "a tensor");
        return true;
      }
  }
  return false;
}

static void add_written(helion_reader *r, const kernel_region *region) {
  for (size_t i = 0; i < region->ops.n; i++) {
    const kernel_op *op = region->ops.at[i];
    for (int j = 0; j < op->n_regions; j++)
      add_written(r, &op->regions[j]);
    if (writes(op))
      vec_push(r->mem, &r->written, root_of(r, op->tensor));
  }
}

void helion_enter_top_loop(helion_reader *r) {
  if (r->between && is_own_code(r))
    helion_fail(r, r->between, LOOM_EINPUT, "put it before the first loop or after the last one; only hl.barrier() may stand between", "a statement between two tile loops");
  r->has_loop = true;
  r->between = NULL;
}

/* Something outside of the loop is left of it: a store, or numbers for a while. */
static bool has_effect(const kernel_region *region) {
  for (size_t i = 0; i < region->ops.n; i++) {
    const kernel_op *op = region->ops.at[i];
    if (writes(op))
      return true;
    for (int j = 0; j < op->n_regions; j++)
      if (has_effect(&op->regions[j]))
        return true;
  }
  return false;
}

/* Some size would make `n` store: it holds a store or a call for its own sake. */
static bool may_store(const syn_node *n) {
  static const char *const blocks[] = {"body", "orelse"};
  size_t count;
  if (n->kind == SYN_Expr)
    return syn_child(n, "value")->kind == SYN_Call;
  syn_node **targets = syn_list(n, "targets", &count);
  for (size_t i = 0; i < count; i++)
    if (targets[i]->kind != SYN_Name)
      return true;
  if (n->kind == SYN_AugAssign && syn_child(n, "target")->kind != SYN_Name)
    return true;
  for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
    syn_node **body = syn_list(n, blocks[b], &count);
    for (size_t i = 0; i < count; i++)
      if (may_store(body[i]))
        return true;
  }
  return false;
}

void helion_leave_top_loop(helion_reader *r, const syn_node *n, const kernel_op *loop) {
  if (r->worst == LOOM_OK && !may_store(n) && !has_effect(&loop->regions[0]))
    helion_fail(r, n, LOOM_EINPUT, "store to a tensor that is made before the loop: out[tile] = ...; or remove the loop", "the tile loop stores nothing");
  if (!find_written(r, &loop->regions[0]))
    add_written(r, &loop->regions[0]);
}

void helion_pass_barrier(helion_reader *r, const syn_node *n) {
  r->written.n = 0;
  if (r->between && (r->between == n || (r->between->kind == SYN_Expr && syn_child(r->between, "value") == n)))
    r->between = NULL;
}
