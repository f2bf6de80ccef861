#include "compile_explored.h"
#include "base/text.h"
#include <string.h>

/* ---- writing ---- */

static void set_decisions(compile_state *s, MlirOperation f, const plan_candidate *c) {
  arena *m = &s->ctx->mem;
  ir_set_attr(f, "sym_name", ir_str_attr(&s->ir, c->name));
  ir_set_attr(f, "loom.kernel", ir_str_attr(&s->ir, s->nest->kernel));
  ir_set_attr(f, "loom.split", ir_str_attr(&s->ir, plan_split_string(m, &c->mapping)));
  ir_set_attr(f, "loom.mapping", ir_str_attr(&s->ir, plan_map_string(m, &c->mapping)));
  ir_set_attr(f, "loom.loop_order", ir_str_attr(&s->ir, plan_order_string(m, &c->mapping)));
  for (int a = 0; a < c->n_access; a++)
    ir_set_attr(f, arena_printf(m, "loom.%s.%s", c->access[a].is_store ? "store" : "load", c->access[a].name), ir_str_attr(&s->ir, plan_access_label(m, &c->mapping, &c->access[a])));
}

/* Which list of variants they are of, as explore_options say it. */
static const struct { const char *name; size_t offset; } lists[] = {
    {"loom.upstream_compatible", offsetof(explore_options, upstream_compatible)}, {"loom.partial_occupancy", offsetof(explore_options, occupancy)}, {"loom.unicast", offsetof(explore_options, unicast)}};
enum { N_LISTS = sizeof lists / sizeof *lists };

const char *compile_explored_text(compile_state *s) {
  MlirModule out = ir_clone_module(s->canonical);
  MlirOperation module = mlirModuleGetOperation(out), kernel = ir_find_func(out, NULL);
  ir_set_attr(module, "loom.machine", ir_str_attr(&s->ir, machine_to_yaml(&s->ctx->mem, s->machine)));
  for (size_t i = 0; i < N_LISTS; i++)
    if (*(const bool *)((const char *)&s->o->explore + lists[i].offset))
      ir_set_attr(module, lists[i].name, ir_bool_attr(&s->ir, true));
  for (size_t i = 0; i < (s->plans.n ? s->plans.n : s->table.rows.n); i++) {
    MlirOperation f = mlirOperationClone(kernel);
    set_decisions(s, f, s->plans.n ? &s->plans.at[i]->candidate : s->table.rows.at[i]);
    mlirBlockAppendOwnedOperation(mlirModuleGetBody(out), f);
  }
  ir_erase(kernel);
  const char *t = ir_print(&s->ctx->mem, module, false);
  ir_close_module(out);
  return t;
}

/* ---- reading ---- */

typedef VEC_OF(const char *) name_list;

static const char *string_attr(compile_state *s, MlirOperation op, const char *name) {
  return ir_attr_string(&s->ctx->mem, mlirOperationGetAttributeByName(op, mlirStringRefCreateFromCString(name)));
}

/* The first function stays, as the kernel; *out: names of all. */
static void take_variants(compile_state *s, MlirOperation first, name_list *out) {
  MlirOperation next;
  const char *kernel = string_attr(s, first, "loom.kernel");
  for (MlirOperation op = mlirBlockGetFirstOperation(mlirModuleGetBody(s->stage0)); !mlirOperationIsNull(op); op = next) {
    next = mlirOperationGetNextInBlock(op);
    if (ir_op_is(op, "func.func") && text_eq(string_attr(s, op, "loom.kernel"), kernel))
      vec_push(&s->ctx->mem, out, ir_func_name(&s->ctx->mem, op));
    if (!mlirOperationEqual(op, first))
      ir_erase(op);
  }
  ir_set_attr(first, "sym_name", ir_str_attr(&s->ir, kernel));
}

static loom_status check_variant(compile_state *s, const name_list *all, const char *name) {
  for (size_t i = 0; i < all->n; i++)
    if (text_eq(all->at[i], name))
      return LOOM_OK;
  diag_error(s->ctx, diag_file_span(s->ctx, s->o->input), LOOM_EUSAGE, "the module has no variant '%s'", name);
  const char *near = diag_nearest(name, all->at, all->n);
  if (near)
    diag_help(s->ctx, "did you mean '%s'?", near);
  else
    diag_help(s->ctx, "its functions are the variants, such as '%s'", all->at[0]);
  return LOOM_EUSAGE;
}

/* All of them, where the options choose none. */
static loom_status assign(compile_state *s, const name_list *all, compile_options *o) {
  if (o->explore.variant)
    LOOM_TRY(check_variant(s, all, o->explore.variant));
  for (size_t i = 0; i < o->n_assigned; i++)
    if (o->assigned[i].variant)
      LOOM_TRY(check_variant(s, all, o->assigned[i].variant));
  if (o->explore.variant || o->n_assigned)
    return LOOM_OK;
  compile_assignment *each = ARENA_NEW_N(&s->ctx->mem, compile_assignment, all->n);
  for (size_t i = 0; i < all->n; i++)
    each[i] = (compile_assignment){.variant = all->at[i], .slots = o->slots};
  o->assigned = each;
  o->n_assigned = all->n;
  return LOOM_OK;
}

loom_status compile_explored_read(compile_state *s) {
  MlirOperation module = mlirModuleGetOperation(s->stage0), first = ir_find_func(s->stage0, NULL);
  if (mlirOperationIsNull(first) || !string_attr(s, first, "loom.kernel") || !string_attr(s, first, "loom.mapping"))
    return LOOM_OK;
  name_list all = {0};
  const char *yaml = string_attr(s, module, "loom.machine");
  compile_options *o = ARENA_NEW(&s->ctx->mem, compile_options);
  *o = *s->o;
  take_variants(s, first, &all);
  for (size_t i = 0; i < N_LISTS; i++)
    *(bool *)((char *)&o->explore + lists[i].offset) |= !mlirAttributeIsNull(mlirOperationGetAttributeByName(module, mlirStringRefCreateFromCString(lists[i].name)));
  LOOM_TRY(assign(s, &all, o));
  s->o = o;
  if (!yaml || o->machine)
    return LOOM_OK;
  LOOM_TRY(machine_from_yaml(s->ctx, arena_printf(&s->ctx->mem, "%s (loom.machine)", o->input), yaml, strlen(yaml), &s->machine));
  return machine_check(s->ctx, s->machine);
}
