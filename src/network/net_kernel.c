/* The graph of one kernel: a grid of tiles; in each, rows as a whole, or loops with an accumulator and what follows them; stores of what others read. */
#include "network/net_private.h"

static const net_op *member(const net_graph *g, int i) { return &g->r->ops.at[g->nest->group->op[i]]; }

/* ---- tensors ---- */

static kernel_tensor add_tensor(net_graph *g, int tensor, kernel_tensor_role role) {
  const network_tensor *t = &g->r->net->tensors.at[tensor];
  kernel_type shape = {.type = t->type, .rank = t->rank ? t->rank : 1};
  for (size_t i = 0; i < g->tensor.n; i++)
    if (g->tensor.at[i] == tensor)
      return (kernel_tensor)i;
  for (int d = 0; d < shape.rank; d++)
    shape.dim[d] = sym_const(g->mem, t->rank ? t->shape[d] : 1);
  kernel_tensor v = kernel_add_tensor(g->mem, g->k, t->name, role, shape);
  kernel_tensor_info *info = &g->k->tensors.at[v];
  info->span = g->span;
  info->init = dtype_is_float(t->type) ? KERNEL_INIT_RANDN : KERNEL_INIT_RANDINT;
  info->init_hi = t->type == DTYPE_BOOL ? 2 : 5;
  vec_push(g->mem, &g->tensor, tensor);
  return v;
}

static bool is_made_inside(const net_graph *g, int tensor) {
  for (int i = 0; i < g->nest->group->n; i++)
    for (int k = 0; k < member(g, i)->n_out; k++)
      if (member(g, i)->out[k].value.tensor == tensor)
        return true;
  return false;
}

static bool is_stored(const net_graph *g, int m, int o) { return mlirOperationIsNull(member(g, m)->op) || net_is_read_outside(g->r, g->nest->group, g->nest->group->n, member(g, m)->out[o].value.tensor); }

static void add_tensors(net_graph *g) {
  for (int m = 0; m < g->nest->group->n; m++) {
    const net_op *op = member(g, m);
    for (int i = 0; i < op->n_in; i++)
      if (op->in[i].value.kind == NET_MEMORY && !is_made_inside(g, g->nest->in_tensor[m][i]))
        add_tensor(g, g->nest->in_tensor[m][i], KERNEL_ARG);
    for (int i = 0; i < op->n_out; i++)
      if (op->init[i].value.kind == NET_MEMORY)
        add_tensor(g, op->init[i].value.tensor, KERNEL_ARG);
    if (op->in_place)
      add_tensor(g, op->out[0].value.tensor, KERNEL_ARG);
  }
  for (int m = 0; m < g->nest->group->n; m++)
    for (int o = 0; o < member(g, m)->n_out; o++)
      if (is_stored(g, m, o)) {
        kernel_tensor t = add_tensor(g, member(g, m)->out[o].value.tensor, KERNEL_ALLOC);
        if (g->k->tensors.at[t].role == KERNEL_ALLOC) {
          g->k->tensors.at[t].is_returned = true;
          vec_push(g->mem, &g->k->returns, t);
        }
      }
}

/* ---- loops ---- */

static void name_blocks(net_graph *g) {
  const net_form *f = g->form;
  for (int d = 0; d < g->nest->space.n; d++) {
    g->param[d] = -1;
    if (f->walk[d] != NET_TILE && f->walk[d] != NET_TILE_LOOP)
      continue;
    const char *role = d == f->m ? "m" : d == f->n ? "n" : d == f->k ? "k" : arena_printf(g->mem, "%d", d);
    g->block[d] = arena_printf(g->mem, "tile_%s", role);
    kernel_symbol *s = kernel_add_symbol(g->mem, g->k, g->block[d], KERNEL_SYM_BLOCK);
    s->extent = sym_const(g->mem, g->nest->space.extent[d]);
    s->span = g->span;
  }
}

kernel_range net_range_of(net_graph *g, int d) { return (kernel_range){.begin = sym_const(g->mem, 0), .end = sym_const(g->mem, d < 0 ? 1 : g->nest->space.extent[d]), .block = d < 0 ? NULL : g->block[d]}; }

kernel_value net_add_param(net_graph *g, kernel_region *r, int d) {
  const char *name = d < 0 ? "one" : g->block[d] ? g->block[d] : arena_printf(g->mem, "i%d", d);
  return kernel_add_param(g->mem, g->k, r, (kernel_type){.type = DTYPE_I64}, name, d < 0 ? NULL : g->block[d]);
}

static kernel_region *open_grid(net_graph *g) {
  kernel_op *op = net_emit(g, KERNEL_PARALLEL, 0, NULL, NULL);
  op->ranges = ARENA_NEW_N(g->mem, kernel_range, g->nest->space.n + 1);
  for (int d = 0; d < g->nest->space.n; d++)
    if (g->form->walk[d] == NET_GRID || g->form->walk[d] == NET_TILE) {
      op->ranges[op->n_ranges++] = net_range_of(g, d);
      g->param[d] = net_add_param(g, &op->regions[0], d);
    }
  if (!op->n_ranges) {
    op->ranges[op->n_ranges++] = net_range_of(g, -1);
    net_add_param(g, &op->regions[0], -1);
  }
  return &op->regions[0];
}

/* ---- members without loops ---- */

static int reduced_axes(const net_graph *g, const net_frame *f, int m) {
  const net_op *op = member(g, m);
  int axes = 0;
  for (int l = 0; l < op->loops.n; l++)
    for (int a = 0; a < f->n && op->reduces[l]; a++)
      if (f->dim[a] >= 0 && axis_depends(g->nest->index[m][l], f->dim[a]))
        axes |= 1 << a;
  return axes;
}

/* The best along the reduced axes; or the first index where that is: the least of those where x is it, or is no number. */
static kernel_value extreme_result(net_graph *g, const net_frame *f, int m, int o) {
  const net_op *op = member(g, m);
  const net_extreme *e = &op->extreme;
  const int axes = reduced_axes(g, f, m);
  const dtype t = net_type_of(op, e->x);
  kernel_value x = net_emit_value(g, f, m, e->x), best = axes ? net_emit_reduce(g, f, e->fn, axes, x) : x;
  if (o != e->at)
    return net_is_identity(&op->init[o], e->fn) ? best : net_emit_fn(g, KERNEL_BINARY, e->fn, t, 2, (kernel_value[]){best, net_emit_init(g, f, m, o)});
  kernel_value hit = net_emit_fn(g, KERNEL_BINARY, KERNEL_FN_EQ, DTYPE_BOOL, 2, (kernel_value[]){x, best});
  if (dtype_is_float(t)) {
    kernel_value nan = net_emit_fn(g, KERNEL_UNARY, KERNEL_FN_ISNAN, DTYPE_BOOL, 1, &x);
    hit = net_emit_fn(g, KERNEL_BINARY, KERNEL_FN_OR, DTYPE_BOOL, 2, (kernel_value[]){hit, nan});
  }
  kernel_value none = net_emit_constant(g, DTYPE_I32, (double)op->loops.extent[e->loop]);
  kernel_value at = net_emit_fn(g, KERNEL_SELECT, KERNEL_FN_NONE, DTYPE_I32, 3, (kernel_value[]){hit, net_emit_index(g, f, g->nest->index[m][e->loop]), none});
  return net_emit_cast(g, axes ? net_emit_reduce(g, f, KERNEL_FN_MIN, axes, at) : at, op->out[o].value.type);
}

static kernel_value last_result(net_graph *g, const net_frame *f, int m) {
  kernel_value x[2] = {net_emit_operand(g, f, m, 0), net_emit_operand(g, f, m, 1)};
  kernel_value hit = net_emit_fn(g, KERNEL_BINARY, KERNEL_FN_EQ, DTYPE_BOOL, 2, x);
  kernel_value at = net_emit_index(g, f, g->nest->index[m][1]), none = net_emit_constant(g, DTYPE_I32, -1);
  at = net_emit_fn(g, KERNEL_SELECT, KERNEL_FN_NONE, DTYPE_I32, 3, (kernel_value[]){hit, at, none});
  return net_emit_reduce(g, f, KERNEL_FN_MAX, reduced_axes(g, f, m), at);
}

static kernel_value member_result(net_graph *g, const net_frame *f, int m, int o) {
  const net_op *op = member(g, m);
  kernel_fn fn;
  MlirValue x;
  if (op->finds_last)
    return last_result(g, f, m);
  if (op->pairs.kind != NET_PAIRS_NONE)
    return net_emit_pairs(g, f, m, reduced_axes(g, f, m));
  if (op->extreme.fn != KERNEL_FN_NONE)
    return extreme_result(g, f, m, o);
  if (op->n_places)
    return net_emit_row(g, f, m);
  if (op->looks_up && !op->stores_by_lookup)
    return net_emit_lookup_load(g, f, op, g->nest->in_tensor[m][0], g->nest->in[m][0], g->nest->in_tensor[m][1], g->nest->in[m][1]);
  if (mlirOperationIsNull(op->op))
    return net_emit_operand(g, f, m, 0);
  if (!net_reduces(op))
    return net_emit_value(g, f, m, op->yields[o]);
  if (!net_combiner(op, o, &fn, &x))
    return -1;
  int axes = reduced_axes(g, f, m);
  kernel_value v = net_emit_value(g, f, m, x);
  if (axes)
    v = net_emit_reduce(g, f, fn, axes, v);
  if (!net_is_identity(&op->init[o], fn))
    v = net_emit_fn(g, KERNEL_BINARY, fn, net_type_of(op, x), 2, (kernel_value[]){v, net_emit_init(g, f, m, o)});
  return v;
}

void net_emit_members(net_graph *g, const net_frame *f, int first) {
  for (int m = first; m < g->nest->group->n; m++)
    for (int o = 0; o < member(g, m)->n_out; o++)
      vec_push(g->mem, &g->made, ((net_made){m, o, member_result(g, f, m, o)}));
  for (size_t i = 0; i < g->made.n; i++) {
    net_made x = g->made.at[i];
    const net_op *op = member(g, x.member);
    if (op->stores_by_lookup)
      net_emit_lookup_store(g, f, op, op->out[0].value.tensor, g->nest->out[x.member][0], g->nest->in_tensor[x.member][1], g->nest->in[x.member][1], x.value);
    else if (is_stored(g, x.member, x.result))
      net_emit_store(g, f, member(g, x.member)->out[x.result].value.tensor, g->nest->out[x.member][x.result], x.value);
  }
}

/* ---- loops with an accumulator ---- */

static dtype accumulates_in(dtype t) { return t == DTYPE_F16 || t == DTYPE_BF16 ? DTYPE_F32 : t; }

MlirValue net_narrow(MlirValue v) {
  MlirOperation def = ir_def(v);
  return !mlirOperationIsNull(def) && (ir_op_is(def, "arith.extf") || ir_op_is(def, "arith.extsi")) ? ir_operand(def, 0) : v;
}

static kernel_value product(net_graph *g, kernel_value acc, const kernel_type *type) {
  const net_form *f = g->form;
  net_frame *fa = ARENA_NEW(g->mem, net_frame), *fb = ARENA_NEW(g->mem, net_frame);
  *fa = (net_frame){2, {f->m, f->k}};
  *fb = (net_frame){2, {f->k, f->n}};
  bool both = net_dtype(net_narrow(f->a)) == net_dtype(net_narrow(f->b));
  kernel_value a = net_emit_broadcast(g, fa, net_emit_value(g, fa, 0, both ? net_narrow(f->a) : f->a));
  kernel_value b = net_emit_broadcast(g, fb, net_emit_value(g, fb, 0, both ? net_narrow(f->b) : f->b));
  return net_emit(g, KERNEL_MATMUL, 3, (kernel_value[]){a, b, acc}, type)->results[0];
}

static kernel_value step(net_graph *g, const net_frame *inner, int tiled, kernel_value acc, const kernel_type *type, kernel_fn fn, MlirValue x) {
  if (g->form->is_product)
    return product(g, acc, type);
  kernel_value v = net_emit_cast(g, net_emit_value(g, inner, 0, x), type->type);
  if (tiled >= 0)
    v = net_emit_reduce(g, inner, fn, 1 << tiled, v);
  return net_emit_fn(g, KERNEL_BINARY, fn, type->type, 2, (kernel_value[]){acc, v});
}

/* Loops over the reduced dims from the d-th on; the value that they leave. */
static kernel_value loops(net_graph *g, int d, const net_frame *inner, int tiled, kernel_value acc, const kernel_type *type, kernel_fn fn, MlirValue x) {
  const net_form *f = g->form;
  int n = g->nest->space.n;
  while (d < 2 * n && f->walk[d % n] != (d < n ? NET_LOOP : NET_TILE_LOOP))      /* the tiled one is the innermost */
    d++;
  if (d >= 2 * n)
    return step(g, inner, tiled, acc, type, fn, x);
  kernel_op *op = net_emit(g, KERNEL_LOOP, 1, &acc, type);
  kernel_region *outer = g->at;
  op->n_ranges = 1;
  op->ranges = ARENA_NEW(g->mem, kernel_range);
  op->ranges[0] = net_range_of(g, d % n);
  g->at = &op->regions[0];
  g->known.n = 0;
  g->param[d % n] = net_add_param(g, g->at, d % n);
  kernel_value carried = kernel_add_param(g->mem, g->k, g->at, *type, "acc", NULL);
  kernel_value next = loops(g, d + 1, inner, tiled, carried, type, fn, x);
  net_emit(g, KERNEL_YIELD, 1, &next, NULL);
  g->at = outer;
  g->known.n = 0;
  return op->results[0];
}

static void emit_looped(net_graph *g, const net_frame *f) {
  const net_op *op = member(g, 0);
  net_frame *outer = ARENA_NEW(g->mem, net_frame);
  int tiled = -1;
  kernel_fn fn;
  MlirValue x;
  *outer = *f;
  for (int a = 0; a < f->n; a++)
    if (f->dim[a] >= 0 && g->form->walk[f->dim[a]] == NET_TILE_LOOP) {
      tiled = a;
      outer->dim[a] = -1;
    }
  for (int o = 0; o < op->n_out && net_combiner(op, o, &fn, &x); o++) {
    dtype t = op->out[o].value.type;
    kernel_type type = net_frame_type(g, outer, accumulates_in(t));
    /* What lies in memory is combined with what the loops leave: an accumulator that was loaded would be a buffer that two threads fill. */
    bool in_memory = op->init[o].value.kind == NET_MEMORY;
    kernel_op *full = net_emit(g, KERNEL_FULL, 0, NULL, &type);
    full->fvalue = in_memory ? net_identity(t, fn) : op->init[o].value.splat;
    kernel_value acc = loops(g, 0, f, tiled, full->results[0], &type, fn, x);
    if (in_memory)
      acc = net_emit_fn(g, KERNEL_BINARY, fn, type.type, 2, (kernel_value[]){acc, net_emit_cast(g, net_emit_init(g, outer, 0, o), type.type)});
    vec_push(g->mem, &g->made, ((net_made){0, o, net_emit_cast(g, acc, t)}));
  }
  net_emit_members(g, outer, 1);
}

/* ---- the graph ---- */

/* Do all axes have a step there? */
static bool covers(const net_frame *f, axis_expr e) {
  for (int a = 0; a < f->n; a++)
    if (!axis_coef(e, f->dim[a]))
      return false;
  return true;
}

/* Tiled dims and whole ones, those with the smallest steps in memory last. */
static net_frame frame_of(net_graph *g) {
  const net_nest *n = g->nest;
  net_frame f = {0};
  if (g->form->is_product)
    return (net_frame){2, {g->form->m, g->form->n}};
  for (int d = 0; d < n->space.n && f.n < KERNEL_RANK_MAX; d++)
    if (g->form->walk[d] == NET_TILE || g->form->walk[d] == NET_WHOLE || g->form->walk[d] == NET_TILE_LOOP)
      f.dim[f.n++] = d;
  axis_expr by = n->out[n->group->n - 1][0];
  for (int i = 0; i < member(g, 0)->n_in && !covers(&f, by); i++)
    if (member(g, 0)->in[i].value.kind == NET_MEMORY)
      by = n->in[0][i];
  for (int a = 1; a < f.n && covers(&f, by); a++)
    for (int k = a; k > 0 && axis_coef(by, f.dim[k - 1]) < axis_coef(by, f.dim[k]); k--) {
      int swap = f.dim[k];
      f.dim[k] = f.dim[k - 1];
      f.dim[k - 1] = swap;
    }
  return f.n ? f : (net_frame){1, {-1}};      /* values that loops carry are tiles */
}

loom_status net_build_kernel(net_builder *b, const net_nest *nest, const net_form *form) {
  net_reader *r = b->r;
  net_graph *g = ARENA_NEW(r->mem, net_graph);
  *g = (net_graph){.r = r, .mem = r->mem, .nest = nest, .form = form, .span = r->ops.at[nest->group->op[0]].span};
  g->k = kernel_new(r->mem, arena_printf(r->mem, "%s_%zu_%s", r->net->name, r->net->kernels.n, form->op));
  g->k->style = "loom";
  add_tensors(g);
  name_blocks(g);
  net_frame *f = ARENA_NEW(r->mem, net_frame);
  *f = frame_of(g);
  g->at = &g->k->body;
  g->at = open_grid(g);
  if (nest->group->attention)
    net_emit_attention(g);
  else if (nest->group->looped)
    emit_looped(g, f);
  else
    net_emit_members(g, f, 0);
  if (g->is_too_deep)
    LOOM_FAIL(r->ctx, g->span, LOOM_EUNSUP, "an operand is walked by more than %d loops", KERNEL_RANK_MAX);
  LOOM_TRY(kernel_verify(r->ctx, g->k));
  network_kernel k = {.op = form->op, .graph = g->k, .tensor = g->tensor.at, .span = g->span};
  net_count(r, nest, form, &k);
  net_tell_parts(r, nest->group, &k);
  vec_push(r->mem, &r->net->kernels, k);
  return LOOM_OK;
}
