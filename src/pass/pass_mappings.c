/* The mappings of upstream's explorations as functions, one each: what `loom explore` holds as rows of a table, written out for people and tests.
 * Options: machine=NAME; generation=a|b|c (default c); full-occ: with c, only mappings that use every core.
 *   a  one function a mapping in the same module; whole mesh dims; dims of one iterator in one order only where the links of both dims are rings
 *   b  one module a mapping; whole mesh dims in every order
 *   c  one module a mapping; levels of mesh dims, 2, 4, .. cores of each dim */
#include "machine/machine.h"
#include "pass/access_query.h"
#include "pass/mapping_nest.h"
#include "pass/pass_option.h"

enum { FUNCTIONS_MAX = 4096 };

typedef struct enumerator {
  ir_ctx *ir;
  MlirOperation module;
  const machine *machine;
  char generation;
  bool occupancy;
  bool found;                            /* a function with a loop that is or was mapped */
  VEC_OF(MlirOperation) funcs;
} enumerator;

/* ---- what upstream ranks iterators by ---- */
static int64_t memory_elems(MlirType t) {
  int64_t n = 1;
  if (!mlirTypeIsAMemRef(t) || !mlirShapedTypeHasStaticShape(t))
    return 1;
  for (intptr_t d = 0; d < mlirShapedTypeGetRank(t); d++)
    if (__builtin_mul_overflow(n, mlirShapedTypeGetDimSize(t, d), &n))
      return INT64_MAX;
  return n;
}

typedef struct gathers { const parallel_loop *p; explore_score *score; } gathers;

static bool note_gather(MlirOperation op, void *data) {
  const gathers *g = data;
  for (int i = 0; ir_op_is(op, "loom.gather") && i < g->p->n; i++)
    if (ir_num_operands(op) > 2 && mlirValueEqual(ir_operand(op, 2), mlirBlockGetArgument(ir_body(g->p->op), i)))
      g->score[i].is_gathered = true;
  return true;
}

static void rank(enumerator *e, MlirOperation func, const parallel_loop *p, explore_score *score) {
  pass_accesses all = {0};
  pass_list_accesses(e->ir, func, &all);
  for (int i = 0; i < p->n; i++) {
    score[i] = (explore_score){.parallelism = p->extent[i] < 1 ? 1 : p->extent[i]};
    if (p->extent[i] < 1)
      diag_warn(e->ir->ctx, ir_span(e->ir, p->op), "no bound of dim %d of this loop is known; it is ranked as if it had one turn", i);
  }
  for (size_t a = 0; a < all.n; a++) {
    value_set ivs = {0};
    pass_access_ivs(e->ir, &all.at[a], &ivs);
    for (int i = 0; i < p->n; i++) {
      if (value_set_has(&ivs, mlirBlockGetArgument(ir_body(p->op), i)))
        continue;
      if (__builtin_add_overflow(score[i].reuse_volume, memory_elems(mlirValueGetType(all.at[a].memory)), &score[i].reuse_volume))
        score[i].reuse_volume = INT64_MAX;
      score[i].reuse_count++;
    }
  }
  gathers g = {p, score};
  ir_walk(p->op, note_gather, &g);
}

/* ---- one function a mapping ---- */

/* Whether cores of mesh dim d have links to their neighbours along it: all dims of a machine that names no link families. */
static bool has_links(const machine *m, size_t d) {
  if (!m->maps.n || m->mesh.at[d].wraps)
    return true;
  for (size_t i = 0; i < m->maps.n; i++) {
    const machine_map *map = &m->maps.at[i];
    if (d < map->results.n && d < map->dims.n && map->results.n == m->mesh.n && map->results.at[d]->op != SYM_SYM && sym_depends(map->results.at[d], map->dims.at[d]))
      return true;
  }
  return false;
}

static bool are_all_rings(const machine *m) {
  for (size_t d = 0; d < m->mesh.n; d++)
    if (!m->mesh.at[d].wraps)
      return false;
  return m->mesh.n == 2;
}

/* The mesh, for the passes behind: [{cores = 8, links = true, name = "x"}, ..]. */
static MlirAttribute mesh_attr(const enumerator *e, const plan_mapping *p) {
  text t = text_new(&e->ir->ctx->scratch);
  text_add(&t, "[");
  for (int d = 0; d < p->n_mesh; d++)
    text_addf(&t, "%s{cores = %" PRId64 " : i64, links = %s, name = \"%s\"}", d ? ", " : "", p->mesh_size[d], has_links(e->machine, (size_t)d) ? "true" : "false",
              p->mesh_name[d]);
  text_add(&t, "]");
  return ir_attr(e->ir, text_str(&t));
}

static const char *variant_name(const enumerator *e, const char *kernel, const plan_mapping *p) {
  arena *m = &e->ir->ctx->mem;
  if (e->generation != 'c')
    return arena_printf(m, "%s__%s__%s", kernel, explore_legacy_map_string(m, p), plan_order_string(m, p));
  return arena_printf(m, "%s__%s__%s__%s", kernel, plan_split_string(m, p), plan_map_string(m, p), plan_order_string(m, p));
}

/* A module with the attributes of the outer one, at its end. */
static MlirOperation add_module(enumerator *e) {
  MlirModule inner = mlirModuleCreateEmpty(mlirOperationGetLocation(e->module));
  MlirOperation op = mlirModuleGetOperation(inner);
  for (intptr_t i = 0; i < mlirOperationGetNumAttributes(e->module); i++) {
    MlirNamedAttribute a = mlirOperationGetAttribute(e->module, i);
    if (!text_eq(mlirIdentifierStr(a.name).data, "sym_name"))
      mlirOperationSetAttributeByName(op, mlirIdentifierStr(a.name), a.attribute);
  }
  mlirBlockAppendOwnedOperation(ir_body(e->module), op);
  return op;
}

static loom_status write_variant(enumerator *e, MlirOperation func, const char *kernel, const plan_mapping *mapping) {
  ir_ctx *ir = e->ir;
  MlirOperation copy = mlirOperationClone(func);
  if (e->generation == 'a')
    mlirBlockInsertOwnedOperationBefore(mlirOperationGetBlock(func), func, copy);
  else
    mlirBlockAppendOwnedOperation(ir_body(add_module(e)), copy);
  static const char *const names[] = {"a", "b", "c"};
  ir_set_attr(copy, "sym_name", ir_str_attr(ir, variant_name(e, kernel, mapping)));
  ir_set_attr(copy, "loom.mesh", mesh_attr(e, mapping));
  ir_set_attr(copy, "loom.generation", ir_str_attr(ir, names[e->generation - 'a']));
  parallel_loop p;
  LOOM_TRY(mapping_find_loop(ir, copy, &p));
  return mapping_apply(ir, &p, mapping, e->generation);
}

static loom_status enumerate(enumerator *e, MlirOperation func) {
  loom_ctx *ctx = e->ir->ctx;
  parallel_loop p;
  if (mapping_is_done(func)) {
    e->found = true;
    return LOOM_OK;
  }
  LOOM_TRY(mapping_find_loop(e->ir, func, &p));
  if (mlirOperationIsNull(p.op))
    return LOOM_OK;
  e->found = true;
  explore_mappings list = {0};
  explore_score score[PLAN_ITERS_MAX];
  if (e->generation == 'c') {
    rank(e, func, &p, score);
    explore_list_upstream(&ctx->mem, e->machine, score, p.n, e->occupancy, &list);
  } else {
    explore_list_legacy(&ctx->mem, e->machine, p.n, e->generation == 'b' || !are_all_rings(e->machine), &list);
  }
  if (list.n > FUNCTIONS_MAX) {
    diag_error(ctx, ir_span(e->ir, func), LOOM_ELIMIT, "%zu mappings of '%s'; at most %d are written as functions", list.n, ir_func_name(&ctx->mem, func), FUNCTIONS_MAX);
    diag_help(ctx, "full-occ leaves out those that use a part of the cores; loom explore holds all of them as rows of a table");
    return LOOM_ELIMIT;
  }
  const char *kernel = ir_func_name(&ctx->mem, func);
  for (size_t i = 0; i < list.n; i++) {
    arena_mark mark = arena_save(&ctx->scratch);
    LOOM_TRY(write_variant(e, func, kernel, &list.at[i]));
    arena_release(&ctx->scratch, mark);
  }
  return ir_erase(func) ? LOOM_OK : LOOM_EBUG;
}

/* ---- the pass ---- */
static loom_status read_options(enumerator *e, const pass_options *o) {
  static const char *const keys[] = {"machine", "generation", "full-occ"};
  loom_ctx *ctx = e->ir->ctx;
  machine *m;
  LOOM_TRY(pass_check_options(ctx, "loom-enumerate-spatial-mappings", o, keys, 3));
  const char *name = pass_option(&ctx->mem, o, "machine"), *generation = pass_option(&ctx->mem, o, "generation");
  if (!name || !*name) {
    diag_error(ctx, o->span, LOOM_EUSAGE, "loom-enumerate-spatial-mappings needs a machine");
    diag_help(ctx, "write loom-enumerate-spatial-mappings{machine=wormhole full-occ}");
    return LOOM_EUSAGE;
  }
  if (generation && (strlen(generation) != 1 || generation[0] < 'a' || generation[0] > 'c'))
    LOOM_FAIL(ctx, o->span, LOOM_EUSAGE, "generation '%s' is none of a, b and c", generation);
  LOOM_TRY(machine_load(ctx, name, NULL, &m));
  if (m->mesh.n < 1 || m->mesh.n > PLAN_MESH_MAX)
    LOOM_FAIL(ctx, o->span, LOOM_EUNSUP, "machine %s has a mesh of %zu dims; 1 to %d are supported", m->name, m->mesh.n, PLAN_MESH_MAX);
  e->machine = m;
  e->generation = generation ? generation[0] : 'c';
  e->occupancy = !pass_option(&ctx->mem, o, "full-occ");
  return LOOM_OK;
}

static bool list_func(MlirOperation op, void *data) {
  enumerator *e = data;
  if (ir_op_is(op, "func.func"))
    vec_push(&e->ir->ctx->mem, &e->funcs, op);
  return true;
}

loom_status pass_enumerate_mappings(ir_ctx *ir, MlirOperation module, const pass_options *o) {
  enumerator e = {.ir = ir, .module = module};
  LOOM_TRY(read_options(&e, o));
  ir_walk(module, list_func, &e);
  for (size_t i = 0; i < e.funcs.n; i++) {
    bool is_top = mlirOperationEqual(mlirOperationGetParentOperation(e.funcs.at[i]), module);
    if (is_top)
      LOOM_TRY(enumerate(&e, e.funcs.at[i]));
    else
      e.found = e.found || mapping_is_done(e.funcs.at[i]);
  }
  if (e.found)
    return LOOM_OK;
  diag_error(ir->ctx, ir_span(ir, module), LOOM_EINPUT, "no function has a parallel loop to map");
  diag_help(ir->ctx, "expected an affine.parallel in the body of a function; kernels of triton-shared get one by loom-affinize and loom-grid-to-parallel");
  return LOOM_EINPUT;
}
