#include "materialize/mat_private.h"

static loom_status collect_accesses(mat *m) {
  m->n_accesses = nest_accesses(m->nest, NULL, 0);
  m->access = ARENA_NEW_N(m->mem, const nest_node *, m->n_accesses + 1);
  nest_accesses(m->nest, m->access, m->n_accesses);
  const plan_candidate *c = &m->plan->candidate;
  if ((size_t)c->n_access != m->n_accesses)
    LOOM_FAIL(m->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the plan moves %d tiles, kernel '%s' has %zu loads and stores", c->n_access, m->nest->kernel,
              m->n_accesses);
  for (size_t i = 0; i < m->n_accesses; i++) {
    const char *name = nest_access_name(m->mem, m->nest, m->access[i]);
    if (!text_eq(name, c->access[i].name))
      LOOM_FAIL(m->ctx, LOOM_NOSPAN, LOOM_EINPUT, "access %zu of the plan is '%s'; in kernel '%s' it is '%s'", i, c->access[i].name, m->nest->kernel, name);
  }
  return LOOM_OK;
}

static loom_status bind_blocks(mat *m) {
  for (size_t i = 0; i < m->nest->symbols.n; i++) {
    const char *name = m->nest->symbols.at[i].name;
    int64_t size = plan_block_size(m->plan, name);
    if (size < 1)
      LOOM_FAIL(m->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the plan gives no size for '%s'", name);
    mat_bind(m, name, (MlirValue){NULL}, size);
  }
  return LOOM_OK;
}

/* loom.tile_m = {is_reduction, upper_bound} on the module, as the front end writes it. */
static void set_symbol_attributes(ir_ctx *ir, const nest *n, MlirModule module) {
  MlirContext c = ir->mlir;
  for (size_t i = 0; i < n->symbols.n; i++) {
    const nest_symbol *s = &n->symbols.at[i];
    int64_t bound;
    if (!sym_is_const(s->upper_bound, &bound))
      continue;
    MlirNamedAttribute fields[] = {
        mlirNamedAttributeGet(mlirIdentifierGet(c, mlirStringRefCreateFromCString("is_reduction")), ir_bool_attr(ir, s->is_reduction)),
        mlirNamedAttributeGet(mlirIdentifierGet(c, mlirStringRefCreateFromCString("upper_bound")), ir_index_attr(ir, bound))};
    ir_set_attr(mlirModuleGetOperation(module), arena_printf(&ir->ctx->mem, "loom.%s", s->name), mlirDictionaryAttrGet(c, 2, fields));
  }
}

/* The function with the arguments of the kernel, named for people and for the run. */
static loom_status open_function(mat *m, MlirBlock into, MlirOperation kernel) {
  MlirContext c = m->ir->mlir;
  MlirBlock from = ir_body(kernel);
  intptr_t n = mlirBlockGetNumArguments(from);
  MlirType *types = ARENA_NEW_N(m->mem, MlirType, n);
  MlirAttribute *names = ARENA_NEW_N(m->mem, MlirAttribute, n);
  for (intptr_t i = 0; i < n; i++) {
    types[i] = mlirValueGetType(mlirBlockGetArgument(from, i));
    MlirNamedAttribute name = mlirNamedAttributeGet(mlirIdentifierGet(c, mlirStringRefCreateFromCString("loom.name")),
                                                    ir_str_attr(m->ir, m->nest->tensors.at[i].name));
    names[i] = mlirDictionaryAttrGet(c, 1, &name);
    if (m->nest->tensors.at[i].l1_page)
      names[i] = ir_with_l1(m->ir, names[i], (ir_l1_place){m->nest->tensors.at[i].l1_page, m->nest->tensors.at[i].l1_offset});
  }
  MlirRegion region = ir_new_region(m->ir, n, types, &m->args);
  const ir_named attrs[] = {{"sym_name", ir_str_attr(m->ir, plan_function_name(m->mem, m->plan))},
                            {"function_type", ir_type_attr(mlirFunctionTypeGet(c, n, types, 0, NULL))},
                            {"arg_attrs", mlirArrayAttrGet(c, n, names)}};
  ir_builder top = ir_at_end(m->ir, into);
  if (mlirOperationIsNull(ir_build(&top, "func.func", 0, NULL, 0, NULL, 3, attrs, 1, &region)))
    return LOOM_EBUG;
  m->b = ir_at_end(m->ir, m->args);
  MlirOperation end = ir_build(&m->b, "func.return", 0, NULL, 0, NULL, 0, NULL, 0, NULL);
  m->b = ir_before(m->ir, end);
  return LOOM_OK;
}

static loom_status write_plan(mat *m, MlirBlock into, MlirOperation kernel) {
  m->slot = ARENA_NEW_N(m->mem, mat_slot, m->nest->values.n + 1);
  m->alloc = ARENA_NEW_N(m->mem, MlirValue, m->plan->buffers.n + 1);
  LOOM_TRY(collect_accesses(m));
  LOOM_TRY(bind_blocks(m));
  LOOM_TRY(mat_assign_buffers(m));
  LOOM_TRY(mat_hoist(m, &m->nest->body, &m->body));
  LOOM_TRY(open_function(m, into, kernel));
  return mat_grid(m);
}

/* The nest is read again from the module, which also gives the op behind each node; `n` must be that nest. */
static loom_status read_kernel(ir_ctx *ir, MlirModule canonical, const nest *n, mat *m) {
  nest *own;
  LOOM_TRY(pass_extract_nest_ops(ir, canonical, n->kernel, &own, &m->ops, &m->n_ops));
  if (own->values.n != n->values.n || own->loops.n != n->loops.n || own->tensors.n != n->tensors.n)
    LOOM_FAIL(ir->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the nest '%s' was not taken from this module", n->kernel);
  m->nest = own;
  return LOOM_OK;
}

static loom_status write_plans(ir_ctx *ir, MlirModule canonical, const mat *common, const plan *const *plans, size_t n_plans, MlirModule out) {
  MlirOperation kernel = ir_find_func(canonical, common->nest->kernel);
  set_symbol_attributes(ir, common->nest, out);
  for (size_t i = 0; i < n_plans; i++) {
    mat m = *common;
    m.plan = plans[i];
    MlirModule inner = mlirModuleCreateEmpty(ir->unknown);
    mlirBlockAppendOwnedOperation(mlirModuleGetBody(out), mlirModuleGetOperation(inner));
    ir_set_attr(mlirModuleGetOperation(inner), "loom.pass_name", ir_str_attr(ir, "Materialize"));
    set_symbol_attributes(ir, m.nest, inner);
    LOOM_TRY(write_plan(&m, mlirModuleGetBody(inner), kernel));
  }
  /* Constants and offsets were written where they are needed; equal ones become one. */
  return ir_run_pipeline(ir, out, "builtin.module(cse)");
}

loom_status materialize_plans(ir_ctx *ir, MlirModule canonical, const nest *n, const machine *m, const plan *const *plans, size_t n_plans, MlirModule *out) {
  mat common = {.ir = ir, .ctx = ir->ctx, .mem = &ir->ctx->mem, .machine = m};
  LOOM_TRY(read_kernel(ir, canonical, n, &common));
  *out = mlirModuleCreateEmpty(ir->unknown);
  loom_status st = write_plans(ir, canonical, &common, plans, n_plans, *out);
  if (st != LOOM_OK) {
    ir_close_module(*out);
    *out = (MlirModule){NULL};
  }
  return st;
}
