/* The mesh loop over the logical levels in use, the temporal loops in plan order, and the parallel iterators made of both. */
#include "materialize/mat_private.h"

loom_status mat_share_of(mat *m, int i, mat_share *out) {
  const nest_loop *l = &m->nest->loops.at[i];
  const sym_expr *blocks = mat_fold(m, sym_ceildiv(m->mem, l->extent, sym_name(m->mem, l->block)));
  if (!sym_is_const(blocks, &out->blocks))
    LOOM_FAIL(m->ctx, m->at, LOOM_EUNSUP, "the number of '%s' blocks must be known, not %s", l->block, sym_str(m->mem, blocks));
  const plan_mapping *p = &m->plan->candidate.mapping;
  out->cores = 1;
  for (int k = 0; k < p->n_logical; k++)
    if (p->logical[k].iter == i)
      out->cores *= p->logical[k].size;
  out->rounds = out->blocks / out->cores + (out->blocks % out->cores != 0);
  return LOOM_OK;
}

static MlirAttribute array(mat *m, int n, const MlirAttribute *items) { return mlirArrayAttrGet(m->ir->mlir, n, items); }

static const char *block_of(const mat *m, const plan_logical *x) {
  return x->iter >= 0 && x->iter < m->nest->n_parallel ? m->nest->loops.at[x->iter].block : "";
}

/* Logical levels that become dims of the loop: those of size > 1; the first one when all are 1. */
static int used_levels(const plan_mapping *p, int *out) {
  int n = 0;
  for (int l = 0; l < p->n_logical; l++)
    if (p->logical[l].size > 1)
      out[n++] = l;
  if (n == 0 && p->n_logical > 0)
    out[n++] = 0;
  return n;
}

static loom_status open_mesh(mat *m) {
  const plan_mapping *p = &m->plan->candidate.mapping;
  int used[PLAN_LOGICAL_MAX], n = used_levels(p, used);
  MlirValue operands[3 * PLAN_LOGICAL_MAX];
  MlirType index = ir_index_type(m->ir), types[PLAN_LOGICAL_MAX];
  MlirAttribute syms[PLAN_LOGICAL_MAX], kinds[PLAN_LOGICAL_MAX], levels[PLAN_LOGICAL_MAX], dims[PLAN_LOGICAL_MAX];
  MlirValue zero = ir_index_const(&m->b, 0), one = ir_index_const(&m->b, 1);
  for (int i = 0; i < n; i++) {
    const plan_logical *x = &p->logical[used[i]];
    operands[i] = zero;
    operands[n + i] = ir_index_const(&m->b, x->size);
    operands[2 * n + i] = one;
    types[i] = index;
    const char *name = p->mesh_name[x->mesh_dim];
    syms[i] = ir_symbol_attr(m->ir, block_of(m, x));
    kinds[i] = dialect_iter_type(m->ir, "spatial");
    levels[i] = ir_int_attr(m->ir, x->level);
    dims[i] = ir_symbol_attr(m->ir, text_starts(name, "dim_") ? name : arena_printf(m->mem, "dim_%s", name));
  }
  MlirBlock body;
  MlirRegion region = ir_new_region(m->ir, n, types, &body);
  int32_t segments[] = {n, n, n, 0};
  const ir_named attrs[] = {{"operandSegmentSizes", mlirDenseI32ArrayGet(m->ir->mlir, 4, segments)},
                            {"loom.block_syms", array(m, n, syms)},
                            {"loom.iter_types", array(m, n, kinds)},
                            {"loom.logical_levels", array(m, n, levels)},
                            {"loom.physical_dims", array(m, n, dims)}};
  if (mlirOperationIsNull(ir_build(&m->b, "scf.parallel", 0, NULL, 3 * n, operands, 5, attrs, 1, &region)))
    return LOOM_EBUG;
  for (int i = 0; i < n; i++)
    if (p->logical[used[i]].size > 1)
      m->level[used[i]].iv = mlirBlockGetArgument(body, i);
  m->b = ir_at_end(m->ir, body);
  MlirOperation end = ir_build(&m->b, "scf.reduce", 0, NULL, 0, NULL, 0, NULL, 0, NULL);
  m->b = ir_before(m->ir, end);
  m->mesh = body;
  return LOOM_OK;
}

loom_status mat_open_for(mat *m, int loop, const char *kind, MlirValue trip, MlirValue *out_iv, ir_builder *outside) {
  MlirType index = ir_index_type(m->ir);
  MlirBlock body;
  MlirRegion region = ir_new_region(m->ir, 1, &index, &body);
  MlirValue operands[] = {ir_index_const(&m->b, 0), trip, ir_index_const(&m->b, 1)};
  const ir_named attrs[] = {{"loom.block_sym", ir_symbol_attr(m->ir, m->nest->loops.at[loop].block)}, {"loom.iter_type", dialect_iter_type(m->ir, kind)}};
  if (mlirOperationIsNull(ir_build(&m->b, "scf.for", 0, NULL, 3, operands, 2, attrs, 1, &region)))
    return LOOM_EBUG;
  *outside = m->b;
  m->b = ir_at_end(m->ir, body);
  MlirOperation end = ir_build(&m->b, "scf.yield", 0, NULL, 0, NULL, 0, NULL, 0, NULL);
  m->b = ir_before(m->ir, end);
  *out_iv = mlirBlockGetArgument(body, 0);
  return LOOM_OK;
}

static bool names(const sym_expr *e, const char *iterator) { return e && sym_depends(e, iterator); }

/* Does something other than a tile of loop `i` itself depend on its iterator?  Then surplus cores must not go beyond the last block: a tile of none of
 * its elements is none, but one of another loop's elements has as many as ever. */
static bool is_used_freely(const mat *m, int i) {
  const char *iterator = nest_iterator_name(m->mem, m->nest, i), *block = m->nest->loops.at[i].block;
  for (size_t l = 0; l < m->nest->loops.n; l++)
    if (names(m->nest->loops.at[l].extent, iterator) || names(m->nest->loops.at[l].clamp, iterator))
      return true;
  for (size_t a = 0; a < m->n_accesses; a++)
    for (int d = 0; d < m->access[a]->n_dims; d++) {
      const nest_access_dim *x = &m->access[a]->dim[d];
      bool is_tile = x->size->op == SYM_SYM && text_eq(x->size->name, block);
      if (names(x->offset, iterator) || (x->loop == i && !is_tile))
        return true;
    }
  return false;
}

bool mat_has_surplus(mat *m, int i) {
  mat_share s;
  return mat_share_of(m, i, &s) == LOOM_OK && s.rounds * s.cores > s.blocks;
}

const sym_expr *mat_number_of(mat *m, int i) {
  const char *number = arena_printf(m->mem, "number_%s", m->nest->loops.at[i].block);
  return sym_name(m->mem, mat_is_bound(m, number) ? number : nest_iterator_name(m->mem, m->nest, i));
}

loom_status mat_open_if(mat *m, MlirValue zero_where, ir_builder *outside) {
  const ir_named predicate = {"predicate", ir_int_attr(m->ir, 0)};
  MlirValue condition = ir_build1(&m->b, "arith.cmpi", ir_type(m->ir, "i1"), 2, (MlirValue[]){zero_where, ir_index_const(&m->b, 0)}, 1, &predicate);
  MlirBlock then;
  MlirRegion regions[] = {ir_new_region(m->ir, 0, NULL, &then), mlirRegionCreate()};
  if (mlirOperationIsNull(ir_build(&m->b, "scf.if", 0, NULL, 1, &condition, 0, NULL, 2, regions)))
    return LOOM_EBUG;
  *outside = m->b;
  m->b = ir_at_end(m->ir, then);
  MlirOperation end = ir_build(&m->b, "scf.yield", 0, NULL, 0, NULL, 0, NULL, 0, NULL);
  m->b = ir_before(m->ir, end);
  return LOOM_OK;
}

/* Iterator = (spatial levels, outer first, as one number) + round * cores. */
loom_status mat_bind_iterator(mat *m, int i, MlirValue round) {
  const plan_mapping *p = &m->plan->candidate.mapping;
  MlirValue sum = {NULL};
  mat_share s;
  LOOM_TRY(mat_share_of(m, i, &s));
  for (int l = 0; l < p->n_logical; l++) {
    if (p->logical[l].iter != i || p->logical[l].size == 1)
      continue;
    MlirValue iv = m->level[l].iv;
    sum = MAT_NULL(sum) ? iv : mat_binary(m, "arith.addi", mat_binary(m, "arith.muli", sum, ir_index_const(&m->b, p->logical[l].size)), iv);
  }
  if (!MAT_NULL(round)) {
    MlirValue done = s.cores == 1 ? round : mat_binary(m, "arith.muli", round, ir_index_const(&m->b, s.cores));
    sum = MAT_NULL(sum) ? done : mat_binary(m, "arith.addi", sum, done);
  }
  const char *name = nest_iterator_name(m->mem, m->nest, i);
  int64_t last = s.rounds * s.cores - 1;
  if (last < s.blocks || !is_used_freely(m, i)) {
    mat_bind(m, name, sum, MAT_NULL(sum) ? 0 : last);
    return mat_open_block(m, i, sym_name(m->mem, name), last);
  }
  const char *number = arena_printf(m->mem, "number_%s", m->nest->loops.at[i].block);
  mat_bind(m, number, sum, last);
  mat_bind(m, name, mat_binary(m, "arith.minsi", sum, ir_index_const(&m->b, s.blocks - 1)), s.blocks - 1);
  return mat_open_block(m, i, sym_name(m->mem, number), last);
}

static loom_status check_mapping(mat *m) {
  const plan_mapping *p = &m->plan->candidate.mapping;
  if (p->n_iters != m->nest->n_parallel || p->n_iters > PLAN_ITERS_MAX || p->n_logical < 1)
    LOOM_FAIL(m->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the plan maps %d iterators on %d mesh levels; the kernel has %d parallel loops", p->n_iters, p->n_logical,
              m->nest->n_parallel);
  bool seen[PLAN_ITERS_MAX] = {false};
  for (int i = 0; i < p->n_iters; i++) {
    if (p->order[i] < 0 || p->order[i] >= p->n_iters || seen[p->order[i]])
      LOOM_FAIL(m->ctx, LOOM_NOSPAN, LOOM_EINPUT, "the plan's loop order is no permutation of the %d parallel loops", p->n_iters);
    seen[p->order[i]] = true;
  }
  for (int l = 0; l < p->n_logical; l++) {
    const plan_logical *x = &p->logical[l];
    if (x->mesh_dim < 0 || x->mesh_dim >= p->n_mesh || x->size < 1 || (x->size > 1 && (x->iter < 0 || x->iter >= p->n_iters)))
      LOOM_FAIL(m->ctx, LOOM_NOSPAN, LOOM_EINPUT, "mesh level %d of the plan has no parallel loop or no mesh dimension", l);
  }
  return LOOM_OK;
}

static loom_status emit_rounds(mat *m, int k);

/* Loop number k of the temporal order, when it runs more than once, and what is inside. */
static loom_status emit_round(mat *m, int k) {
  int i = m->plan->candidate.mapping.order[k];
  mat_share s;
  ir_builder outside;
  size_t names = m->names.n;
  LOOM_TRY(mat_share_of(m, i, &s));
  if (s.rounds <= 1)
    return emit_rounds(m, k + 1);
  LOOM_TRY(mat_open_for(m, i, "temporal", ir_index_const(&m->b, s.rounds), &m->block[i].turn, &outside));
  LOOM_TRY(mat_bind_iterator(m, i, m->block[i].turn));
  LOOM_TRY(emit_rounds(m, k + 1));
  m->b = outside;
  m->names.n = names;
  return LOOM_OK;
}

/* From position k of the temporal order on: loads that were lifted to here, the loop, their slots given back. */
static loom_status emit_rounds(mat *m, int k) {
  if (k == m->plan->candidate.mapping.n_iters)
    return mat_body(m, &m->body);
  for (size_t i = 0; i < m->early.n; i++)
    if (m->early.at[i].position == k)
      LOOM_TRY(mat_load(m, m->early.at[i].load));
  LOOM_TRY(emit_round(m, k));
  for (size_t i = m->early.n; i-- > 0;)
    if (m->early.at[i].position == k)
      mat_give_value(m, m->early.at[i].load->value);
  return LOOM_OK;
}

/* An iterator that has one round only is known all over the mesh loop. */
loom_status mat_grid(mat *m) {
  const plan_mapping *p = &m->plan->candidate.mapping;
  LOOM_TRY(check_mapping(m));
  LOOM_TRY(open_mesh(m));
  for (int i = 0; i < p->n_iters; i++) {
    mat_share s;
    LOOM_TRY(mat_share_of(m, i, &s));
    if (s.rounds <= 1)
      LOOM_TRY(mat_bind_iterator(m, i, (MlirValue){NULL}));
  }
  return emit_rounds(m, 0);
}
