/* Which cores share each load of a mapped function.  A load may be shared along the levels of a mesh dim, from level 0 up, on which its place does
 * not depend.  Options: `largest` (default): all cores that can share do; `all`: every set of mesh dims, one function each.
 * A loom.copy gets its area and region, any other load loom.area and loom.label; the labels join the function's name:
 *   generation a  __c0mem_c1bx (along x; bd: along all; only dims with links; the first load changes fastest)
 *   generation b  __n_y_n (upstream's names: y is along x, x along y, a along both; with the stores; the last changes fastest)
 *   generation c  __dim_y_level1_bc8_n */
#include "explore/explore_upstream.h"
#include "pass/access_query.h"
#include "pass/pass_option.h"

enum { FUNCTIONS_MAX = 4096, LOADS_MAX = PLAN_LOADS_MAX };

typedef struct mesh_dim { const char *name; int64_t cores; bool has_links; } mesh_dim;

/* What one load can share. */
typedef struct sharing {
  pass_access access;
  int64_t area[PLAN_MESH_MAX];       /* cores along each mesh dim when it is shared there */
  int label_level[PLAN_MESH_MAX];
  unsigned shared[PLAN_MESH_MAX];    /* its levels */
  unsigned mask;                     /* dims along which more than one core can */
} sharing;

typedef struct chooser {
  ir_ctx *ir;
  bool all;
  char generation;
  int n_mesh; mesh_dim mesh[PLAN_MESH_MAX];
  int n; sharing item[LOADS_MAX];
  VEC_OF(MlirOperation) funcs;
  size_t written;
} chooser;

/* ---- the mesh of a function ---- */
static MlirAttribute entry(MlirAttribute dict, const char *name) {
  return mlirAttributeIsADictionary(dict) ? mlirDictionaryAttrGetElementByName(dict, mlirStringRefCreateFromCString(name)) : (MlirAttribute){NULL};
}

static bool read_mesh(chooser *c, MlirOperation func) {
  MlirAttribute list = ir_attr_of(func, "loom.mesh"), generation = ir_attr_of(func, "loom.generation");
  arena *m = &c->ir->ctx->mem;
  if (mlirAttributeIsNull(list) || !mlirAttributeIsAArray(list) || mlirArrayAttrGetNumElements(list) > PLAN_MESH_MAX)
    return false;
  const int n = (int)mlirArrayAttrGetNumElements(list);
  for (int d = 0; d < n; d++) {
    MlirAttribute one = mlirArrayAttrGetElement(list, d), links = entry(one, "links");
    const char *name = mlirAttributeIsNull(entry(one, "name")) ? NULL : ir_attr_string(m, entry(one, "name"));
    if (!name || !ir_attr_int(entry(one, "cores"), &c->mesh[d].cores))
      return false;
    c->mesh[d].name = name;
    c->mesh[d].has_links = mlirAttributeIsNull(links) || !mlirAttributeIsABool(links) || mlirBoolAttrGetValue(links);
  }
  const char *g = mlirAttributeIsNull(generation) ? NULL : ir_attr_string(m, generation);
  c->generation = g && *g >= 'a' && *g <= 'c' ? *g : 'c';
  c->n_mesh = n;
  return true;
}

/* Upstream's own files have no loom.mesh that is read: the dims are those the loops name, in alphabetic order. */
static bool infer_mesh(MlirOperation op, void *data) {
  chooser *c = data;
  MlirAttribute dim = ir_attr_of(op, "loom.physical_dim");
  if (mlirAttributeIsNull(dim))
    dim = ir_attr_of(op, "loom.mapped_to");
  else
    c->generation = 'c';
  const char *name = mlirAttributeIsNull(dim) ? NULL : ir_attr_string(&c->ir->ctx->mem, dim);
  int at = 0;
  while (name && at < c->n_mesh && strcmp(c->mesh[at].name, name) < 0)
    at++;
  if (!name || (at < c->n_mesh && text_eq(c->mesh[at].name, name)) || c->n_mesh == PLAN_MESH_MAX)
    return true;
  memmove(&c->mesh[at + 1], &c->mesh[at], (size_t)(c->n_mesh - at) * sizeof *c->mesh);
  c->mesh[at] = (mesh_dim){.name = name, .has_links = true};
  c->n_mesh++;
  return true;
}

static bool is_dim(const mesh_dim *d, const char *name) {
  return name && (text_eq(name, d->name) || (text_starts(name, "dim_") && text_eq(name + 4, d->name)));
}

/* ---- what can be shared ---- */
static void find_sharing(chooser *c, sharing *s) {
  pass_loop loops[PASS_LOOPS_MAX];
  value_set ivs = {0};
  int n = pass_enclosing_loops(c->ir, s->access.copy, loops);
  pass_access_ivs(c->ir, &s->access, &ivs);
  for (int d = 0; d < c->n_mesh; d++) {
    s->area[d] = 1;
    for (int level = 0;; level++) {
      int k = 0;
      while (k < n && !(loops[k].kind == LOOP_SPATIAL && loops[k].level == level && is_dim(&c->mesh[d], loops[k].dim)))
        k++;
      if (k == n || s->access.is_store || (loops[k].trips != 1 && !pass_loop_reuses(c->ir, loops, n, k, &ivs)))
        break;
      s->area[d] *= loops[k].trips;
      s->shared[d] |= 1u << level;
      s->label_level[d] = level;
    }
    if (s->area[d] > 1 && (c->generation != 'a' || c->mesh[d].has_links))
      s->mask |= 1u << d;
  }
}

static loom_status list_items(chooser *c, MlirOperation func) {
  pass_accesses all = {0};
  c->n = 0;
  pass_list_accesses(c->ir, func, &all);
  if (all.n > LOADS_MAX)
    LOOM_FAIL(c->ir->ctx, ir_span(c->ir, func), LOOM_ELIMIT, "%zu loads and stores in one function; at most %d are supported", all.n, LOADS_MAX);
  for (size_t i = 0; i < all.n; i++) {
    c->item[c->n] = (sharing){.access = all.at[i]};
    find_sharing(c, &c->item[c->n++]);
  }
  return LOOM_OK;
}

/* ---- writing a choice ---- */
static const char *label(const chooser *c, const sharing *s, unsigned mask) {
  arena *m = &c->ir->ctx->mem;
  plan_mapping p = {.n_mesh = c->n_mesh};
  plan_access a = {.name = NULL};
  text t = text_new(m);
  for (int d = 0; d < c->n_mesh; d++) {
    bool is_on = mask & 1u << d;
    p.mesh_name[d] = text_starts(c->mesh[d].name, "dim_") ? c->mesh[d].name + 4 : c->mesh[d].name;
    a.area[d] = is_on ? s->area[d] : 1;
    a.label_level[d] = s->label_level[d];
    if (is_on)
      text_add(&t, p.mesh_name[d]);
  }
  if (c->generation == 'c')
    return plan_access_label(m, &p, &a);
  if (c->generation == 'b')
    return explore_legacy_label(m, &p, mask);
  return !mask ? "mem" : arena_printf(m, "b%s", c->n_mesh > 1 && mask == (1u << c->n_mesh) - 1 ? "d" : text_str(&t));
}

static const char *suffix(const chooser *c, const unsigned *mask) {
  text t = text_new(&c->ir->ctx->mem);
  text_add(&t, "_");
  int load = 0;
  for (int i = 0; i < c->n; i++)
    if (c->generation == 'a' && !c->item[i].access.is_store) {
      text_addf(&t, "_c%d%s", load, label(c, &c->item[i], mask[i]));
      load++;
    } else if (c->generation != 'a') {
      text_addf(&t, "_%s", label(c, &c->item[i], mask[i]));
    }
  return text_str(&t);
}

/* Coordinates of the corners of what shares a copy: per mesh dim the core's own, with the shared levels at their ends. */
static loom_status set_corners(const chooser *c, const sharing *s, unsigned mask, dialect_copy *copy) {
  ir_ctx *ir = c->ir;
  MlirContext mlir = ir->mlir;
  pass_loop loops[PASS_LOOPS_MAX];
  int n = pass_enclosing_loops(ir, s->access.copy, loops);
  ir_builder b = ir_before(ir, s->access.copy);
  copy->n_mesh = c->n_mesh;
  for (int d = 0; d < c->n_mesh; d++) {
    MlirValue operands[PASS_LOOPS_MAX];
    MlirAffineExpr first = mlirAffineConstantExprGet(mlir, 0);
    int64_t stride = 1, width = 0;
    int n_operands = 0;
    for (int level = 0; level < PLAN_LOGICAL_MAX; level++)
      for (int k = 0; k < n; k++) {
        if (loops[k].kind != LOOP_SPATIAL || loops[k].level != level || !is_dim(&c->mesh[d], loops[k].dim) || loops[k].trips < 1)
          continue;
        if (mask & 1u << d && s->shared[d] & 1u << level) {
          width += (loops[k].trips - 1) * stride;
        } else if (loops[k].trips > 1) {
          first = mlirAffineAddExprGet(first, mlirAffineMulExprGet(mlirAffineDimExprGet(mlir, n_operands), mlirAffineConstantExprGet(mlir, stride)));
          operands[n_operands++] = loops[k].iv;
        }
        stride *= loops[k].trips;
      }
    copy->area[d] = mask & 1u << d ? s->area[d] : 1;
    MlirAffineExpr last = mlirAffineAddExprGet(first, mlirAffineConstantExprGet(mlir, width));
    for (int corner = 0; corner < 2; corner++) {
      MlirAffineMap map = mlirAffineMapGet(mlir, n_operands, 0, 1, corner ? &last : &first);
      MlirValue v = n_operands ? ir_build1(&b, "affine.apply", ir_index_type(ir), n_operands, operands, 1, &(ir_named){"map", mlirAffineMapAttrGet(map)})
                               : ir_index_const(&b, corner ? width : 0);
      if (mlirValueIsNull(v))
        return LOOM_EBUG;
      *(corner ? &copy->lr[d] : &copy->ul[d]) = v;
    }
  }
  return LOOM_OK;
}

static loom_status write_item(chooser *c, const sharing *s, unsigned mask) {
  ir_ctx *ir = c->ir;
  MlirOperation op = s->access.copy;
  dialect_copy copy;
  int64_t area[PLAN_MESH_MAX];
  if (dialect_read_copy(&ir->ctx->mem, op, &copy)) {
    LOOM_TRY(set_corners(c, s, mask, &copy));
    ir_builder b = ir_before(ir, op);
    MlirOperation made = dialect_build_copy(&b, &copy);
    if (mlirOperationIsNull(made))
      return LOOM_EBUG;
    for (intptr_t i = 0; i < mlirOperationGetNumAttributes(op); i++) {
      MlirNamedAttribute a = mlirOperationGetAttribute(op, i);
      if (mlirAttributeIsNull(mlirOperationGetAttributeByName(made, mlirIdentifierStr(a.name))))
        mlirOperationSetAttributeByName(made, mlirIdentifierStr(a.name), a.attribute);
    }
    return ir_erase(op) ? LOOM_OK : LOOM_EBUG;
  }
  for (int d = 0; d < c->n_mesh; d++)
    area[d] = mask & 1u << d ? s->area[d] : 1;
  ir_set_attr(op, "loom.area", mlirDenseI64ArrayGet(ir->mlir, c->n_mesh, area));
  ir_set_attr(op, "loom.label", ir_str_attr(ir, label(c, s, mask)));
  return LOOM_OK;
}

/* What is copied for another choice: the function, or the module around it that has nothing else. */
static MlirOperation container_of(MlirOperation func) {
  MlirBlock block = mlirOperationGetBlock(func);
  MlirOperation parent = mlirOperationGetParentOperation(func);
  bool is_alone = mlirOperationEqual(mlirBlockGetFirstOperation(block), func) && mlirOperationIsNull(mlirOperationGetNextInBlock(func));
  return is_alone && !mlirOperationIsNull(mlirOperationGetParentOperation(parent)) ? parent : func;
}

static loom_status write_choice(chooser *c, MlirOperation func, const unsigned *mask, bool is_last) {
  ir_ctx *ir = c->ir;
  MlirOperation target = func, container = container_of(func);
  const char *name = arena_printf(&ir->ctx->mem, "%s%s", ir_func_name(&ir->ctx->mem, func), suffix(c, mask));
  if (++c->written > FUNCTIONS_MAX) {
    diag_error(ir->ctx, ir_span(ir, func), LOOM_ELIMIT, "more than %d ways to share loads; they are not written as functions", FUNCTIONS_MAX);
    diag_help(ir->ctx, "loom-enumerate-copy-broadcast{largest} keeps one a mapping; loom explore holds all of them as rows of a table");
    return LOOM_ELIMIT;
  }
  if (!is_last) {
    MlirOperation copy = mlirOperationClone(container);
    mlirBlockInsertOwnedOperationBefore(mlirOperationGetBlock(container), container, copy);
    target = mlirOperationEqual(container, func) ? copy : mlirBlockGetFirstOperation(ir_body(copy));
  }
  ir_set_attr(target, "sym_name", ir_str_attr(ir, name));
  ir_set_attr(target, "loom.transfers", ir_str_attr(ir, c->all ? "all" : "largest"));
  chooser in = *c;      /* the items of the copy */
  LOOM_TRY(list_items(&in, target));
  for (int i = 0; i < in.n; i++)
    LOOM_TRY(write_item(&in, &in.item[i], mask[i]));
  return LOOM_OK;
}

/* Subsets of `shared`: fewest dims first, then by number. */
static int list_masks(unsigned shared, bool all, int n_mesh, unsigned *out) {
  int n = 0;
  for (int bits = 0; all && bits <= n_mesh; bits++)
    for (unsigned mask = 0; mask < 1u << n_mesh; mask++)
      if (__builtin_popcount(mask) == bits && !(mask & ~shared))
        out[n++] = mask;
  if (!all)
    out[n++] = shared;
  return n;
}

static loom_status choose(chooser *c, MlirOperation func) {
  unsigned masks[LOADS_MAX][1 << PLAN_MESH_MAX], mask[LOADS_MAX];
  int count[LOADS_MAX], at[LOADS_MAX] = {0};
  c->n_mesh = 0;
  c->generation = 'b';
  if (!read_mesh(c, func))
    ir_walk(func, infer_mesh, c);
  if (!c->n_mesh || !mlirAttributeIsNull(ir_attr_of(func, "loom.transfers")))
    return LOOM_OK;      /* not mapped, or done before */
  LOOM_TRY(list_items(c, func));
  for (int i = 0; i < c->n; i++)
    count[i] = list_masks(c->item[i].mask, c->all, c->n_mesh, masks[i]);
  for (bool more = true; more;) {
    for (int i = 0; i < c->n; i++)
      mask[i] = masks[i][at[i]];
    more = false;
    for (int k = 0; k < c->n && !more; k++) {
      int i = c->generation == 'a' ? k : c->n - 1 - k;
      at[i] = at[i] + 1 < count[i] ? at[i] + 1 : 0;
      more = at[i] > 0;
    }
    LOOM_TRY(write_choice(c, func, mask, !more));
  }
  return LOOM_OK;
}

static bool list_func(MlirOperation op, void *data) {
  chooser *c = data;
  if (ir_op_is(op, "func.func"))
    vec_push(&c->ir->ctx->mem, &c->funcs, op);
  return true;
}

loom_status pass_enumerate_broadcast(ir_ctx *ir, MlirOperation module, const pass_options *o) {
  static const char *const keys[] = {"largest", "all"};
  chooser c = {.ir = ir, .all = pass_option(&ir->ctx->mem, o, "all") != NULL};
  LOOM_TRY(pass_check_options(ir->ctx, "loom-enumerate-copy-broadcast", o, keys, 2));
  if (c.all && pass_option(&ir->ctx->mem, o, "largest"))
    LOOM_FAIL(ir->ctx, o->span, LOOM_EUSAGE, "'largest' and 'all' exclude each other");
  ir_walk(module, list_func, &c);
  for (size_t i = 0; i < c.funcs.n; i++)
    LOOM_TRY(choose(&c, c.funcs.at[i]));
  return LOOM_OK;
}
