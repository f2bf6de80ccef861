#include "nest/nest_leaf.h"
#include "base/scalar_ops.h"
#include "base/text.h"

static const struct { const char *op, *func, *reduce; } scalar_ops[] = {
#define X(o, f, r) {o, f, r},
    SCALAR_OP_LIST(X)
#undef X
};

static void add_arg(nest_leaf *l, const char *symbol, const sym_expr *value) { l->arg[l->n_args++] = (nest_arg){symbol, value}; }

static nest_leaf typed_leaf(arena *m, const char *name, dtype type) {
  return (nest_leaf){.func = arena_printf(m, "%s_%s", name, dtype_mlir(type)), .fallback = arena_printf(m, "%s_f16", name)};
}

/* ---- transfers ---- */

static const sym_expr *in_f16_rows(arena *m, const sym_expr *rows, dtype type) {
  int64_t bytes = (int64_t)dtype_bytes(type);
  return bytes == 1 ? sym_ceildiv(m, rows, sym_const(m, 2)) : sym_mul(m, rows, sym_const(m, bytes / 2));
}

static int64_t effective_bandwidth(const int64_t *area, const int64_t *size, int n_mesh) {
  int64_t least = INT64_MAX;
  for (int d = 0; d < n_mesh; d++)
    least = size[d] / area[d] < least ? size[d] / area[d] : least;
  return 10 * least;
}

static nest_leaf transfer_leaf(arena *m, const nest *n, const nest_node *x, const int64_t *area, const int64_t *size, int n_mesh) {
  const sym_expr *rows = sym_const(m, 1), *cols = sym_const(m, 1);
  for (int d = 0; d < x->n_dims; d++)
    if (!x->dim[d].dropped) {
      rows = sym_mul(m, rows, cols);
      cols = x->dim[d].size;
    }
  bool is_shared = false;
  for (int d = 0; d < n_mesh; d++)
    is_shared = is_shared || area[d] > 1;
  nest_leaf l = {.func = x->kind == NEST_STORE ? "l1_to_dram_f16" : is_shared ? "dram_to_l1_bcst" : "dram_to_l1_f16"};
  l.fallback = l.func;
  add_arg(&l, "M", in_f16_rows(m, rows, n->tensors.at[x->tensor].type));
  add_arg(&l, "N", cols);
  if (x->kind == NEST_STORE)
    return l;
  if (is_shared) {
    add_arg(&l, "bcst_x", sym_const(m, area[0]));
    add_arg(&l, "bcst_y", sym_const(m, n_mesh > 1 ? area[1] : 1));
    if (n_mesh > 2)
      add_arg(&l, "bcst_z", sym_const(m, area[2]));
  }
  add_arg(&l, "effective_bandwidth", sym_const(m, effective_bandwidth(area, size, n_mesh)));
  return l;
}

/* `area` cores send to one: the tiles arrive one after the other. */
static nest_leaf gather_leaf(arena *m, const nest *n, const nest_node *x, const int64_t *area, const int64_t *size, int n_mesh) {
  const nest_value *v = &n->values.at[x->value];
  const sym_expr *rows = sym_const(m, 1), *cols = sym_const(m, 1);
  for (int d = 1; d < v->rank; d++) {
    rows = sym_mul(m, rows, cols);
    cols = v->dim[d];
  }
  nest_leaf l = {.func = "l1_gather", .fallback = "l1_gather"};
  add_arg(&l, "B", v->dim[0]);
  add_arg(&l, "M", in_f16_rows(m, rows, v->type));
  add_arg(&l, "N", cols);
  add_arg(&l, "effective_bandwidth", sym_const(m, effective_bandwidth(area, size, n_mesh)));
  add_arg(&l, "gather_x", sym_const(m, area[0]));
  add_arg(&l, "gather_y", sym_const(m, n_mesh > 1 ? area[1] : 1));
  return l;
}

/* ---- compute ---- */

static nest_leaf product_leaf(arena *m, const nest *n, const nest_node *x) {
  dtype type = x->inputs.n ? n->values.at[x->inputs.at[0]].type : n->type;
  nest_leaf l = typed_leaf(m, x->op, type);
  if (x->batch)
    add_arg(&l, "B", x->batch);
  add_arg(&l, "K", x->k);
  add_arg(&l, "M", x->m);
  add_arg(&l, "N", x->n);
  return l;
}

/* "cmpf_ogt" is "cmpf" with its predicate; "math.exp" is "exp". */
static char *plain_op(arena *m, const char *s, size_t n) {
  char *op = arena_strndup(m, s, n);
  char *dot = strrchr(op, '.');
  op = dot ? dot + 1 : op;
  if (text_starts(op, "cmpf") || text_starts(op, "cmpi"))
    op[4] = 0;
  return op;
}

enum { SCALAR_OPS = sizeof scalar_ops / sizeof *scalar_ops };

/* Its row; SCALAR_OPS: none. */
static size_t row_of(const char *op) {
  size_t i = 0;
  while (i < SCALAR_OPS && !text_eq(scalar_ops[i].op, op))
    i++;
  return i;
}

/* A long body has few different calls: those of one row share their names. */
static size_t generic_leaves(arena *m, const nest *n, const nest_node *x, nest_leaf *out) {
  const sym_expr *one = sym_const(m, 1), *inner = x->k ? x->k : one;
  const sym_expr *all = sym_mul(m, x->m, inner);
  int64_t reduced;
  bool is_reduction = !(sym_is_const(inner, &reduced) && reduced == 1);
  dtype type = n->values.at[x->value].type;
  size_t count = 0, made[SCALAR_OPS] = {0};     /* the first call of each row, from 1 */
  for (const char *s = x->body_ops; *s;) {
    size_t len = strcspn(s, ",");
    const char *op = plain_op(m, s, len);
    size_t row = row_of(op);
    s += len + (s[len] == ',');
    bool reduces = is_reduction && !*s, is_known = row < SCALAR_OPS;
    if (is_known && !reduces && made[row]) {
      out[count++] = out[made[row] - 1];
      continue;
    }
    /* unknown: the perf set decides, and says which names are near */
    const char *func = !is_known ? arena_printf(m, "vec_%s", op) : reduces ? scalar_ops[row].reduce : scalar_ops[row].func;
    if (!func)
      continue;
    nest_leaf l = typed_leaf(m, func, type);
    if (text_eq(func, "vec_vsum") || text_eq(func, "vec_vmax")) {
      add_arg(&l, "P", x->m);
      add_arg(&l, "R", inner);
    } else {
      add_arg(&l, "L", all);
    }
    out[count++] = l;
    if (is_known && !reduces)
      made[row] = count;
  }
  return count;
}

size_t nest_leaves_most(const nest_node *node) {
  size_t n = 1;
  for (const char *s = node->body_ops ? node->body_ops : ""; *s; s++)
    n += *s == ',';
  return n;
}

size_t nest_node_leaves(arena *m, const nest *n, const nest_node *node, const int64_t *area, const int64_t *size, int n_mesh, nest_leaf *out) {
  switch (node->kind) {
  case NEST_LOAD:
  case NEST_STORE:
    out[0] = transfer_leaf(m, n, node, area, size, n_mesh);
    return 1;
  case NEST_COMPUTE:
    if (text_eq(node->op, "generic"))
      return generic_leaves(m, n, node, out);
    if (!text_eq(node->op, "matmul") && !text_eq(node->op, "batch_matmul"))
      return 0;
    out[0] = product_leaf(m, n, node);
    return 1;
  case NEST_GATHER:
    out[0] = gather_leaf(m, n, node, area, size, n_mesh);
    return 1;
  case NEST_LOOP:
    break;
  }
  return 0;
}
