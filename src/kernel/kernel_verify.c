/* The verifier: symbols, tensors, regions, dominance.  Types of single operations are in kernel_check_op.c. */
#include "kernel/kernel_private.h"
#include <string.h>

static loom_status check_region(verifier *v, const kernel_region *r, const kernel_op *parent);

/* ---- sizes ---- */

loom_status kernel_check_expr(verifier *v, loom_span span, const sym_expr *e) {
  if (!e)
    KERNEL_BAD(v, span, "a size expression is missing");
  if (e->op == SYM_SYM && !kernel_find_symbol(v->k, e->name))
    KERNEL_BAD(v, span, "\"%s\" is not a symbol of the kernel", e->name);
  for (int i = 0; i < 3; i++)
    if (e->arg[i])
      LOOM_TRY(kernel_check_expr(v, span, e->arg[i]));
  return LOOM_OK;
}

loom_status kernel_check_dims(verifier *v, loom_span span, const kernel_type *t) {
  if ((unsigned)t->type >= DTYPE_COUNT || t->rank < 0 || t->rank > KERNEL_RANK_MAX)
    KERNEL_BAD(v, span, "a type has rank %d or an unknown element type; ranks are 0..%d", t->rank, KERNEL_RANK_MAX);
  for (int d = 0; d < t->rank; d++)
    LOOM_TRY(kernel_check_expr(v, span, t->dim[d]));
  return LOOM_OK;
}

/* Known sizes keep their values; other symbols get unlike ones, so that two different expressions rarely agree on all samples. */
static bool sample(verifier *v, const sym_expr *e, int round, int64_t *out) {
  size_t n = v->k->symbols.n;
  sym_code *code;
  arena_mark mark = arena_save(&v->ctx->scratch);
  int64_t *value = ARENA_NEW_N(&v->ctx->scratch, int64_t, n);
  for (size_t i = 0; i < n; i++) {
    const kernel_symbol *s = &v->k->symbols.at[i];
    if (s->kind == KERNEL_SYM_NOMINAL) {   /* that of its block, where tiles are not clamped */
      const kernel_symbol *block = kernel_find_symbol(v->k, s->block);      /* there, and before it: check_symbols */
      value[i] = block->is_padded || block->value >= 0 ? value[block - v->k->symbols.at] : 1000 + 7 * round + (int64_t)i;
      continue;
    }
    value[i] = s->value >= 0 && (s->kind == KERNEL_SYM_SIZE || s->kind == KERNEL_SYM_BLOCK) ? s->value : 37 + 101 * (int64_t)i + 13 * round * (int64_t)(i + 1);
  }
  bool ok = sym_compile(v->ctx, e, v->slots, n, &code) == LOOM_OK && sym_run(code, value, out);
  arena_release(&v->ctx->scratch, mark);
  return ok;
}

bool kernel_same_size(verifier *v, const sym_expr *a, const sym_expr *b) {
  if (sym_equal(a, b))
    return true;
  for (int round = 0; round < 3; round++) {
    int64_t x, y;
    if (!sample(v, a, round, &x) || !sample(v, b, round, &y) || x != y)
      return false;
  }
  return true;
}

bool kernel_same_type(verifier *v, const kernel_type *a, const kernel_type *b) {
  if (a->type != b->type || a->rank != b->rank)
    return false;
  for (int d = 0; d < a->rank; d++)
    if (!kernel_same_size(v, a->dim[d], b->dim[d]))
      return false;
  return true;
}

/* ---- symbols and tensors ---- */

static bool is_argument_size(const kernel_graph *k, const char *name) {
  for (size_t i = 0; i < k->tensors.n; i++)
    for (int d = 0; k->tensors.at[i].role == KERNEL_ARG && d < k->tensors.at[i].shape.rank; d++) {
      const sym_expr *e = k->tensors.at[i].shape.dim[d];
      if (e->op == SYM_SYM && text_eq(e->name, name))
        return true;
    }
  return false;
}

/* Names go into what is written for other programs and for people: they are text, without what controls a terminal or ends a line. */
static bool is_printable(const char *name) {
  const unsigned char *p = (const unsigned char *)name;
  for (size_t left = strlen(name), n; left; p += n, left -= n) {
    n = text_utf8_length(p, left);
    if (n == 0 || text_control_length(p, left))
      return false;
  }
  return true;
}

static loom_status check_symbols(verifier *v) {
  for (size_t i = 0; i < v->k->symbols.n; i++) {
    const kernel_symbol *s = &v->k->symbols.at[i];
    if (!s->name || !*s->name)
      KERNEL_BAD(v, s->span, "symbol %zu has no name", i);
    if (!is_printable(s->name))
      KERNEL_BAD(v, s->span, "the name of symbol %zu is no printable text", i);
    for (size_t j = 0; j < i; j++)
      if (text_eq(v->k->symbols.at[j].name, s->name))
        KERNEL_BAD(v, s->span, "symbol \"%s\" exists twice", s->name);
    if (s->kind == KERNEL_SYM_BLOCK && s->extent)
      LOOM_TRY(kernel_check_expr(v, s->span, s->extent));
    const kernel_symbol *block = s->kind == KERNEL_SYM_NOMINAL && s->block ? kernel_find_symbol(v->k, s->block) : NULL;
    if (s->kind == KERNEL_SYM_NOMINAL && (!block || block->kind != KERNEL_SYM_BLOCK || block > s))
      KERNEL_BAD(v, s->span, "\"%s\" is the size of no earlier block", s->name);
    if (s->is_open && (s->kind != KERNEL_SYM_SIZE || s->value < 2))
      KERNEL_BAD(v, s->span, "\"%s\" is open, but no size of 2 or more", s->name);
  }
  return LOOM_OK;
}

static loom_status check_open_sizes(verifier *v) {
  for (size_t i = 0; i < v->k->symbols.n; i++) {
    const kernel_symbol *s = &v->k->symbols.at[i];
    if (s->is_open && !is_argument_size(v->k, s->name))
      KERNEL_BAD(v, s->span, "the open size \"%s\" is that of no argument", s->name);
  }
  return LOOM_OK;
}

static loom_status check_tensor(verifier *v, kernel_tensor index) {
  const kernel_tensor_info *t = &v->k->tensors.at[index];
  if (!t->name || !*t->name)
    KERNEL_BAD(v, t->span, "tensor %d has no name", index);
  if (!is_printable(t->name))
    KERNEL_BAD(v, t->span, "the name of tensor %d is no printable text", index);
  if (kernel_find_tensor(v->k, t->name) != index)
    KERNEL_BAD(v, t->span, "tensor \"%s\" exists twice", t->name);
  LOOM_TRY(kernel_check_dims(v, t->span, &t->shape));
  if (t->role == KERNEL_ARG && index > 0 && v->k->tensors.at[index - 1].role != KERNEL_ARG)
    KERNEL_BAD(v, t->span, "argument \"%s\" comes after a tensor that is not an argument", t->name);
  if (t->role != KERNEL_VIEW)
    return LOOM_OK;
  if (t->base < 0 || t->base >= index || v->k->tensors.at[t->base].shape.type != t->shape.type)
    KERNEL_BAD(v, t->span, "view \"%s\" has no earlier base of its element type", t->name);
  LOOM_TRY(kernel_check_expr(v, t->span, t->offset));
  for (int d = 0; d < t->shape.rank; d++)
    LOOM_TRY(kernel_check_expr(v, t->span, t->stride[d]));
  return LOOM_OK;
}

static loom_status check_returns(verifier *v) {
  for (size_t i = 0; i < v->k->returns.n; i++) {
    kernel_tensor t = v->k->returns.at[i];
    if (t == -1)
      continue;   /* None */
    if (t < 0 || (size_t)t >= v->k->tensors.n)
      KERNEL_BAD(v, LOOM_NOSPAN, "return value %zu is not a tensor of the kernel", i);
    if (!v->k->tensors.at[t].is_returned)
      KERNEL_BAD(v, v->k->tensors.at[t].span, "tensor \"%s\" is returned but not marked so", v->k->tensors.at[t].name);
  }
  return LOOM_OK;
}

/* ---- regions ---- */

static loom_status define(verifier *v, loom_span span, kernel_value x) {
  if (x < 0 || (size_t)x >= v->k->values.n)
    KERNEL_BAD(v, span, "value %d does not exist", x);
  if (v->defined[x])
    KERNEL_BAD(v, span, "value %d is defined twice", x);
  v->defined[x] = v->visible[x] = true;
  return kernel_check_dims(v, span, &v->k->values.at[x].type);
}

static loom_status check_uses(verifier *v, const kernel_op *op) {
  for (int i = 0; i < op->n_operands; i++)
    if (!(op->operands[i] == -1 && i == 1 && op->kind == KERNEL_ATOMIC) && (op->operands[i] < 0 || (size_t)op->operands[i] >= v->k->values.n || !v->visible[op->operands[i]]))
      KERNEL_BAD(v, op->span, "operand %d of %s is used before it is defined, or outside the region that defines it", i, kernel_op_name(op->kind));
  for (int i = 0; i < op->n_index; i++) {
    kernel_value x = op->index[i].value;
    if (x >= 0 && ((size_t)x >= v->k->values.n || !v->visible[x]))
      KERNEL_BAD(v, op->span, "index %d of %s is used before it is defined, or outside the region that defines it", i, kernel_op_name(op->kind));
  }
  return LOOM_OK;
}

static loom_status check_range(verifier *v, const kernel_op *op, int i) {
  const kernel_range *r = &op->ranges[i];
  const kernel_value_info *param = &v->k->values.at[op->regions[0].params.at[i]];
  LOOM_TRY(kernel_check_expr(v, op->span, r->begin));
  LOOM_TRY(kernel_check_expr(v, op->span, r->end));
  if (r->step && r->block)
    KERNEL_BAD(v, op->span, "range %d of %s has a block and a step", i, kernel_op_name(op->kind));
  if (r->step)
    LOOM_TRY(kernel_check_expr(v, op->span, r->step));
  if (param->type.type != DTYPE_I64 || param->type.rank != 0 || !text_eq(param->block, r->block))
    KERNEL_BAD(v, op->span, "parameter %d of %s is not the tile number of its range (a scalar i64 of the same block)", i, kernel_op_name(op->kind));
  v->is_tile[op->regions[0].params.at[i]] = true;
  if (!r->block)
    return LOOM_OK;
  const kernel_symbol *s = kernel_find_symbol(v->k, r->block);
  if (!s || s->kind != KERNEL_SYM_BLOCK)
    KERNEL_BAD(v, op->span, "\"%s\" is not a block symbol of the kernel", r->block);
  for (int j = 0; j < v->n_open_blocks; j++)
    if (text_eq(v->open_blocks[j], r->block))
      KERNEL_BAD(v, op->span, "block \"%s\" tiles two nested ranges", r->block);
  v->open_blocks[v->n_open_blocks++] = r->block;
  return LOOM_OK;
}

/* The yield that ends region `i` of `op`: values of the types `want`. */
static loom_status check_yield(verifier *v, const kernel_op *op, int i, int n, const kernel_type *want) {
  const kernel_region *r = &op->regions[i];
  const kernel_op *last = r->ops.n ? r->ops.at[r->ops.n - 1] : NULL;
  if (!last || last->kind != KERNEL_YIELD || last->n_operands != n)
    KERNEL_BAD(v, op->span, "region %d of %s does not end in a yield of %d values", i, kernel_op_name(op->kind), n);
  for (int j = 0; j < n; j++)
    if (!kernel_same_type(v, &v->k->values.at[last->operands[j]].type, &want[j]))
      KERNEL_BAD(v, last->span, "value %d of the yield has another type than result %d of its %s", j, j, kernel_op_name(op->kind));
  return LOOM_OK;
}

/* What region `i` yields: the results; a WHILE's first region its condition; FOLD and SCAN one element of each. */
static loom_status check_yields(verifier *v, const kernel_op *op, int i) {
  kernel_type *want = ARENA_NEW_N(&v->ctx->scratch, kernel_type, op->n_results + 1);
  if (op->kind == KERNEL_WHILE && i == 0) {
    want[0] = (kernel_type){.type = DTYPE_BOOL};
    return check_yield(v, op, i, 1, want);
  }
  for (int j = 0; j < op->n_results; j++) {
    want[j] = v->k->values.at[op->results[j]].type;
    if (op->kind == KERNEL_FOLD || op->kind == KERNEL_SCAN)
      want[j].rank = 0;
  }
  return check_yield(v, op, i, op->n_results, want);
}

/* Carried values keep their type: operands, parameters behind the first `skip`, results. */
static loom_status check_carried(verifier *v, const kernel_op *op, int region, size_t skip) {
  for (int i = 0; i < op->n_operands; i++) {
    const kernel_type *t = &v->k->values.at[op->results[i]].type;
    if (!kernel_same_type(v, &v->k->values.at[op->operands[i]].type, t) ||
        !kernel_same_type(v, &v->k->values.at[op->regions[region].params.at[skip + (size_t)i]].type, t))
      KERNEL_BAD(v, op->span, "carried value %d of the loop changes its type", i);
  }
  return LOOM_OK;
}

/* FOLD, SCAN: n operands of one shape, 2n scalar parameters of their types, n results. */
static loom_status check_scan(verifier *v, const kernel_op *op) {
  size_t n = (size_t)op->n_operands;
  const kernel_type *first = n ? &v->k->values.at[op->operands[0]].type : NULL;
  if (!n || op->n_results != op->n_operands || op->regions[0].params.n != 2 * n || op->ivalue < 0 || op->ivalue >= first->rank)
    KERNEL_BAD(v, op->span, "%s has %zu operands, %d results, %zu parameters and axis %" PRId64, kernel_op_name(op->kind), n, op->n_results,
               op->regions[0].params.n, op->ivalue);
  for (size_t i = 0; i < n; i++) {
    kernel_type t = v->k->values.at[op->operands[i]].type, scalar = {.type = t.type}, want = {.type = t.type};
    for (int d = 0; d < t.rank; d++)
      if (op->kind == KERNEL_SCAN || d != op->ivalue)
        want.dim[want.rank++] = t.dim[d];
      else if (op->flag)
        want.dim[want.rank++] = sym_const(&v->ctx->scratch, 1);
    kernel_type shape = t;
    shape.type = first->type;
    if (!kernel_same_type(v, &shape, first) || !kernel_same_type(v, &v->k->values.at[op->results[i]].type, &want) ||
        !kernel_same_type(v, &v->k->values.at[op->regions[0].params.at[i]].type, &scalar) ||
        !kernel_same_type(v, &v->k->values.at[op->regions[0].params.at[n + i]].type, &scalar))
      KERNEL_BAD(v, op->span, "value %zu of %s does not have one shape and type throughout", i, kernel_op_name(op->kind));
  }
  return LOOM_OK;
}

static loom_status check_control(verifier *v, const kernel_op *op, const kernel_op *parent) {
  bool top = parent == NULL, is_loop = op->kind == KERNEL_LOOP;
  if ((op->kind == KERNEL_PARALLEL || op->kind == KERNEL_BARRIER) && !top)
    KERNEL_BAD(v, op->span, "%s is not at the top level of the kernel", kernel_op_name(op->kind));
  if (op->kind == KERNEL_IF) {
    const kernel_type *c = op->n_operands == 1 ? &v->k->values.at[op->operands[0]].type : NULL;
    if (!c || c->type != DTYPE_BOOL || c->rank != 0)
      KERNEL_BAD(v, op->span, "if needs one condition: a scalar bool");
  }
  if (op->kind == KERNEL_WHILE && (op->n_results != op->n_operands || op->regions[0].params.n != (size_t)op->n_operands ||
                                   op->regions[1].params.n != (size_t)op->n_operands))
    KERNEL_BAD(v, op->span, "while has %d operands, %d results, %zu and %zu parameters", op->n_operands, op->n_results, op->regions[0].params.n,
               op->regions[1].params.n);
  if (op->kind == KERNEL_FOLD || op->kind == KERNEL_SCAN)
    return check_scan(v, op);
  if (op->kind != KERNEL_PARALLEL && !is_loop)
    return LOOM_OK;
  int carried = is_loop ? op->n_operands : 0;
  if (op->n_ranges < 1 || op->n_ranges > KERNEL_RANK_MAX || (is_loop && op->n_ranges != 1))
    KERNEL_BAD(v, op->span, "%s has %d ranges", kernel_op_name(op->kind), op->n_ranges);
  if (op->n_results != carried || op->regions[0].params.n != (size_t)op->n_ranges + (size_t)carried || (!is_loop && op->n_operands))
    KERNEL_BAD(v, op->span, "%s has %zu parameters, %d operands and %d results for %d ranges", kernel_op_name(op->kind), op->regions[0].params.n,
               op->n_operands, op->n_results, op->n_ranges);
  return LOOM_OK;
}

static loom_status check_regions(verifier *v, const kernel_op *op) {
  int outer_blocks = v->n_open_blocks;
  size_t n = v->k->values.n;
  bool *outer = ARENA_NEW_N(&v->ctx->scratch, bool, n);
  memcpy(outer, v->visible, n * sizeof *outer);
  for (int i = 0; i < op->n_regions; i++) {
    const kernel_region *r = &op->regions[i];
    for (size_t j = 0; j < r->params.n; j++)
      LOOM_TRY(define(v, op->span, r->params.at[j]));
    for (int j = 0; i == 0 && j < op->n_ranges; j++)
      LOOM_TRY(check_range(v, op, j));
    LOOM_TRY(check_region(v, r, op));
    if (op->kind != KERNEL_PARALLEL)
      LOOM_TRY(check_yields(v, op, i));
    memcpy(v->visible, outer, n * sizeof *outer);
  }
  v->n_open_blocks = outer_blocks;
  if (op->kind == KERNEL_WHILE)
    LOOM_TRY(check_carried(v, op, 1, 0));
  return op->kind == KERNEL_LOOP || op->kind == KERNEL_WHILE ? check_carried(v, op, 0, op->kind == KERNEL_LOOP) : LOOM_OK;
}

static loom_status check_region(verifier *v, const kernel_region *r, const kernel_op *parent) {
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    if ((unsigned)op->kind >= KERNEL_OP_COUNT)
      KERNEL_BAD(v, op->span, "operation %zu has an unknown kind", i);
    if (op->kind == KERNEL_YIELD && (i + 1 != r->ops.n || !parent || parent->kind == KERNEL_PARALLEL))
      KERNEL_BAD(v, op->span, "yield is not the last operation of a loop or if");
    LOOM_TRY(check_uses(v, op));
    LOOM_TRY(check_control(v, op, parent));
    for (int j = 0; j < op->n_results; j++) {
      if (op->results[j] < 0 || (size_t)op->results[j] >= v->k->values.n)
        KERNEL_BAD(v, op->span, "value %d does not exist", op->results[j]);
      LOOM_TRY(kernel_check_dims(v, op->span, &v->k->values.at[op->results[j]].type));
    }
    LOOM_TRY(op->n_regions ? check_regions(v, op) : kernel_check_op(v, op));
    for (int j = 0; j < op->n_results; j++) {
      LOOM_TRY(define(v, op->span, op->results[j]));
      if (v->k->values.at[op->results[j]].def != op)
        KERNEL_BAD(v, op->span, "value %d names another operation as its definition", op->results[j]);
    }
  }
  return LOOM_OK;
}

static loom_status check_guard(verifier *v, loom_span span, const sym_expr *e) {
  kernel_tensor tensor;
  int dim;
  int64_t element;
  if (e->op == SYM_SYM && !kernel_find_symbol(v->k, e->name) && !kernel_guard_name(v->k, e->name, &tensor, &dim, &element))
    KERNEL_BAD(v, span, "\"%s\" of a guard is no symbol of the kernel, no size of an argument and no element of one", e->name);
  for (int i = 0; i < 3; i++)
    if (e->arg[i])
      LOOM_TRY(check_guard(v, span, e->arg[i]));
  return LOOM_OK;
}

static loom_status check_guards(verifier *v) {
  for (size_t i = 0; i < v->k->guards.n; i++)
    LOOM_TRY(check_guard(v, v->k->guards.at[i].span, v->k->guards.at[i].holds));
  return LOOM_OK;
}

static loom_status check_graph(verifier *v) {
  if (!v->k->name || !*v->k->name)
    KERNEL_BAD(v, LOOM_NOSPAN, "the kernel has no name");
  if (!is_printable(v->k->name))
    KERNEL_BAD(v, LOOM_NOSPAN, "the kernel's name is no printable text");
  LOOM_TRY(check_symbols(v));
  for (size_t i = 0; i < v->k->tensors.n; i++)
    LOOM_TRY(check_tensor(v, (kernel_tensor)i));
  LOOM_TRY(check_open_sizes(v));
  LOOM_TRY(check_returns(v));
  LOOM_TRY(check_guards(v));
  return check_region(v, &v->k->body, NULL);
}

loom_status kernel_check(loom_ctx *ctx, const kernel_graph *k, loom_status blame) {
  arena_mark mark = arena_save(&ctx->scratch);
  verifier v = {.ctx = ctx, .k = k, .blame = blame};
  v.visible = ARENA_NEW_N(&ctx->scratch, bool, k->values.n);
  v.defined = ARENA_NEW_N(&ctx->scratch, bool, k->values.n);
  v.is_tile = ARENA_NEW_N(&ctx->scratch, bool, k->values.n);
  v.open_blocks = ARENA_NEW_N(&ctx->scratch, const char *, k->symbols.n);   /* a block is open at most once */
  v.slots = ARENA_NEW_N(&ctx->scratch, const char *, k->symbols.n);
  for (size_t i = 0; i < k->symbols.n; i++)
    v.slots[i] = k->symbols.at[i].name;
  loom_status st = check_graph(&v);
  arena_release(&ctx->scratch, mark);
  return st;
}

loom_status kernel_verify(loom_ctx *ctx, const kernel_graph *k) { return kernel_check(ctx, k, LOOM_EBUG); }
loom_status kernel_verify_input(loom_ctx *ctx, const kernel_graph *k) { return kernel_check(ctx, k, LOOM_EINPUT); }
