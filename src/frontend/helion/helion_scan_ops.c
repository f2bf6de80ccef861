/* Table rows that run a function along a dim (scans, hl.reduce), and those that put values side by side or take them apart. */
#include "frontend/helion/helion_cat.h"
#include "frontend/helion/helion_reduce.h"
#include "frontend/helion/helion_ops.h"

enum { SCAN_VALUES_MAX = 16 };

/* The values a scan works on: one, or a tuple of one shape. */
static bool scan_values(helion_reader *r, const helion_call *c, const helion_value *v, kernel_value *out, int *n, kernel_type *types) {
  *n = (int)helion_item_count(v);
  if (*n < 1 || *n > SCAN_VALUES_MAX)
    return helion_fail(r, c->node, LOOM_EINPUT, "pass a value or a tuple of 1 to 16 values", "%s of %d values", c->fn->path, *n), false;
  for (int i = 0; i < *n; i++) {
    if (!helion_as_value(r, c->node, helion_item(v, (size_t)i), DTYPE_F32, &out[i]))
      return false;
    types[i] = *helion_type(r, out[i]);
    if (!helion_same_shape(r, &types[i], &types[0]))
      return helion_fail_shapes(r, c->node, c->fn->path, &types[0], &types[i]), false;
  }
  return true;
}

/* A combine function computes from its arguments alone. */
static bool is_pure(helion_reader *r, const kernel_region *region) {
  for (size_t i = 0; i < region->ops.n; i++) {
    const kernel_op *op = region->ops.at[i];
    bool touches = op->kind == KERNEL_LOAD || op->kind == KERNEL_STORE || op->kind == KERNEL_ATOMIC, loops = op->kind == KERNEL_LOOP || op->kind == KERNEL_WHILE;
    if (touches || loops) {
      helion_fail_at(r, op->span, LOOM_EINPUT, "compute from its arguments alone; load and store in the tile loop around it", "%s in a combine function",
                     loops ? "a loop" : "a load or store of a tensor");
      return false;
    }
  }
  return true;
}

/* The region: fn(so far.., next..) of 0-d values, results cast to the types of the values. */
static bool combine_region(helion_reader *r, const helion_call *c, const helion_value *fn, kernel_op *op, int n, const kernel_type *types, bool is_tuple) {
  kernel_region *outer = r->region;
  helion_value args = helion_sequence(r, 2 * (size_t)n, false), out;
  kernel_value results[SCAN_VALUES_MAX];
  bool ok = true;
  r->region = &op->regions[0];
  for (int i = 0; i < 2 * n; i++) {
    kernel_type scalar = {.type = types[i % n].type};
    args.seq.at[i] = helion_device(kernel_add_param(r->mem, r->graph, r->region, scalar, NULL, NULL));
  }
  helion_value packed = args;
  size_t n_params = 0;
  if (fn->kind == HELION_FUNC)
    syn_list(syn_child(fn->func.node, "args"), "args", &n_params);
  if (is_tuple && n_params == 2 && n != 1) {   /* fn(left, right) on tuples */
    packed = helion_sequence(r, 2, false);
    for (int i = 0; i < 2; i++) {
      packed.seq.at[i] = helion_sequence(r, (size_t)n, false);
      memcpy(packed.seq.at[i].seq.at, args.seq.at + i * n, (size_t)n * sizeof *args.seq.at);
    }
  }
  const helion_fn *row = fn->kind == HELION_PATH && n == 1 ? helion_find_function(fn->string) : NULL;
  if (fn->kind == HELION_FUNC)
    out = helion_call_function(r, c->node, fn->func, &packed.seq);
  else if (row && (row->run == helion_do_binary || row->run == helion_do_add))   /* torch.add, torch.maximum .. */
    out = row->run(r, &(helion_call){.node = c->node, .fn = row, .arg = {args.seq.at[0], args.seq.at[1]}, .given = {true, true}});
  else
    out = helion_fail(r, c->node, LOOM_EUNSUP, "pass a function of the file or a lambda", "%s as a combine function", helion_describe(r, fn));
  for (int i = 0; i < n && ok; i++) {
    bool has = helion_item_count(&out) == (size_t)n;
    ok = out.kind != HELION_UNKNOWN && has && helion_as_value(r, c->node, helion_item(&out, (size_t)i), types[i].type, &results[i]);
    if (!has && out.kind != HELION_UNKNOWN)
      helion_fail(r, c->node, LOOM_EINPUT, "return one value for each scanned value", "the combine function returns %zu values for %d", helion_item_count(&out), n);
    if (ok && helion_type(r, results[i])->rank)
      ok = (helion_fail(r, c->node, LOOM_EINPUT, "return values of the shape of its arguments, which are 0-d", "the combine function changes the shape of its values"), false);
    if (ok)
      results[i] = helion_cast(r, c->node, results[i], types[i].type);
  }
  ok = ok && is_pure(r, &op->regions[0]);
  if (ok) {
    kernel_op *yield = kernel_add_op(r->mem, r->graph, r->region, KERNEL_YIELD, n, results, 0, NULL);
    yield->span = c->node->span;
  }
  r->region = outer;
  return ok;
}

static helion_value results_of(helion_reader *r, const kernel_op *op, bool is_tuple) {
  if (!is_tuple)
    return helion_device(op->results[0]);
  helion_value all = helion_sequence(r, (size_t)op->n_results, false);
  for (int i = 0; i < op->n_results; i++)
    all.seq.at[i] = helion_device(op->results[i]);
  return all;
}

/* hl.associative_scan(fn, values, dim, reverse) */
helion_value helion_do_scan(helion_reader *r, const helion_call *c) {
  kernel_value v[SCAN_VALUES_MAX];
  kernel_type types[SCAN_VALUES_MAX];
  int n, axis;
  bool reverse, is_tuple = c->arg[1].kind == HELION_SEQ;
  if (!helion_on_device(r, c->node, c->fn->path) || !scan_values(r, c, &c->arg[1], v, &n, types) ||
      !helion_axis(r, c, &c->arg[2], types[0].rank, &axis) || !helion_flag(r, c, 3, "reverse", &reverse))
    return helion_unknown();
  kernel_op *op = kernel_add_op(r->mem, r->graph, r->region, KERNEL_SCAN, n, v, n, types);
  op->span = c->node->span;
  op->ivalue = axis;
  op->flag = reverse;
  return combine_region(r, c, &c->arg[0], op, n, types, is_tuple) ? results_of(r, op, is_tuple) : helion_unknown();
}

/* All elements in row-major order. */
static kernel_value flat(helion_reader *r, const syn_node *n, kernel_value v) {
  const kernel_type in = *helion_type(r, v);
  kernel_type t = {.type = in.type, .rank = 1, .dim = {sym_const(r->mem, 1)}};
  for (int d = 0; d < in.rank; d++)
    t.dim[0] = sym_mul(r->mem, t.dim[0], in.dim[d]);
  return helion_emit(r, n, KERNEL_RESHAPE, 1, &v, &t);
}

/* hl.reduce(fn, values, dim, other, keep_dims): invalid lanes are `other`. */
helion_value helion_do_fold(helion_reader *r, const helion_call *c) {
  kernel_value v[SCAN_VALUES_MAX];
  kernel_type types[SCAN_VALUES_MAX], out[SCAN_VALUES_MAX];
  int n, axis = 0;
  bool keep, is_tuple = c->arg[1].kind == HELION_SEQ;
  if (!helion_on_device(r, c->node, c->fn->path) || !scan_values(r, c, &c->arg[1], v, &n, types) || !helion_flag(r, c, 4, "keep_dims", &keep))
    return helion_unknown();
  if (c->given[2] && c->arg[2].kind != HELION_NONE) {
    if (!helion_axis(r, c, &c->arg[2], types[0].rank, &axis))
      return helion_unknown();
  }
  bool is_flat = (!c->given[2] || c->arg[2].kind == HELION_NONE) && types[0].rank != 1;
  for (int i = 0; i < n; i++) {
    double other = 0;
    int64_t whole;
    const helion_value *o = c->given[3] ? helion_item(&c->arg[3], c->arg[3].kind == HELION_SEQ ? (size_t)i : 0) : NULL;
    if (o && o->kind == HELION_FLOAT)
      other = o->real;
    else if (o && helion_known_int(r, o, &whole))
      other = (double)whole;
    v[i] = helion_mask_dims(r, c->node, v[i], other, (int64_t)1 << axis);
    if (is_flat)
      v[i] = flat(r, c->node, v[i]);
    out[i] = (kernel_type){.type = types[i].type};
    for (int d = 0; d < types[i].rank && !is_flat; d++)
      if (d != axis)
        out[i].dim[out[i].rank++] = types[i].dim[d];
      else if (keep)
        out[i].dim[out[i].rank++] = sym_const(r->mem, 1);
  }
  kernel_op *op = kernel_add_op(r->mem, r->graph, r->region, KERNEL_FOLD, n, v, n, out);
  op->span = c->node->span;
  op->ivalue = axis;
  op->flag = keep && !is_flat;
  if (!combine_region(r, c, &c->arg[0], op, n, types, is_tuple))
    return helion_unknown();
  helion_value results = results_of(r, op, is_tuple);
  for (int i = 0; i < n && keep && is_flat; i++) {   /* as many dims as before, of size 1 */
    kernel_type ones = {.type = types[i].type, .rank = types[i].rank};
    for (int d = 0; d < ones.rank; d++)
      ones.dim[d] = sym_const(r->mem, 1);
    helion_value *item = is_tuple ? &results.seq.at[i] : &results;
    *item = helion_device(helion_emit(r, c->node, KERNEL_RESHAPE, 1, &item->device, &ones));
  }
  return results;
}

/* A scan with `fn` in type `to`: f16 and bf16 are added up in f32 and rounded once, as torch does. */
static helion_value cumulate(helion_reader *r, const helion_call *c, kernel_value v, int axis, bool reverse, dtype to) {
  v = helion_cast(r, c->node, v, dtype_compute(to));
  kernel_type t = *helion_type(r, v), scalar = {.type = t.type};
  kernel_op *op = kernel_add_op(r->mem, r->graph, r->region, KERNEL_SCAN, 1, &v, 1, &t);
  op->span = c->node->span;
  op->ivalue = axis;
  op->flag = reverse;
  kernel_region *outer = r->region;
  r->region = &op->regions[0];
  kernel_value a = kernel_add_param(r->mem, r->graph, r->region, scalar, NULL, NULL), b = kernel_add_param(r->mem, r->graph, r->region, scalar, NULL, NULL);
  kernel_value sum = helion_fn2(r, c->node, (kernel_fn)c->fn->detail, a, b);
  kernel_add_op(r->mem, r->graph, r->region, KERNEL_YIELD, 1, &sum, 0, NULL)->span = c->node->span;
  r->region = outer;
  return helion_device(helion_cast(r, c->node, op->results[0], to));
}

static bool scanned(helion_reader *r, const helion_call *c, kernel_value *v, int *axis) {
  return helion_on_device(r, c->node, c->fn->path) && helion_as_value(r, c->node, &c->arg[0], DTYPE_F32, v) &&
         helion_axis(r, c, &c->arg[1], helion_type(r, *v)->rank, axis);
}

/* torch.cumsum, cumprod: ints become i64. */
helion_value helion_do_cumulate(helion_reader *r, const helion_call *c) {
  kernel_value v;
  int axis;
  dtype to;
  if (!scanned(r, c, &v, &axis) || !helion_arg_dtype(r, c, 2, dtype_is_float(helion_type(r, v)->type) ? helion_type(r, v)->type : DTYPE_I64, &to))
    return helion_unknown();
  return cumulate(r, c, v, axis, false, to);
}

/* hl.cumsum, cumprod: the type stays. */
helion_value helion_do_hl_cumulate(helion_reader *r, const helion_call *c) {
  kernel_value v;
  int axis;
  bool reverse;
  if (!scanned(r, c, &v, &axis) || !helion_flag(r, c, 2, "reverse", &reverse))
    return helion_unknown();
  return cumulate(r, c, v, axis, reverse, helion_type(r, v)->type);
}

/* ---- side by side ---- */
static helion_value stack(helion_reader *r, const helion_call *c, const helion_value *items, int n, int64_t axis) {
  kernel_value v[KERNEL_RANK_MAX * 8];
  dtype t = DTYPE_BOOL;
  if (n < 1 || n > (int)(sizeof v / sizeof *v))
    return helion_fail(r, c->node, LOOM_EINPUT, "pass a tuple of 1 to 64 values", "a stack of %d values", n);
  for (int i = 0; i < n; i++) {
    if (!helion_as_value(r, c->node, &items[i], DTYPE_F32, &v[i]))
      return helion_unknown();
    t = i ? dtype_promote(t, helion_type(r, v[i])->type) : helion_type(r, v[i])->type;
  }
  const kernel_type first = *helion_type(r, v[0]);
  int rank = first.rank + 1;
  if (rank > KERNEL_RANK_MAX)
    return helion_fail(r, c->node, LOOM_ELIMIT, "reduce or join dimensions first", "%s of values of %d dimensions", c->fn->path, KERNEL_RANK_MAX);
  if (axis < -rank || axis >= rank)
    return helion_fail(r, c->node, LOOM_EINPUT, "the dimension is 0 to rank, or negative from the end", "a stack along dimension %" PRId64 " of values of rank %d", axis, first.rank);
  axis += axis < 0 ? rank : 0;
  for (int i = 0; i < n; i++) {
    if (!helion_same_shape(r, helion_type(r, v[i]), &first))
      return helion_fail_shapes(r, c->node, c->fn->path, &first, helion_type(r, v[i]));
    v[i] = helion_cast(r, c->node, v[i], t);
  }
  kernel_type out = {.type = t};
  for (int d = 0; d < rank; d++)
    out.dim[out.rank++] = d == axis ? sym_const(r->mem, n) : first.dim[d - (d > axis)];
  kernel_value s = helion_emit(r, c->node, KERNEL_STACK, n, v, &out);
  helion_def(r, s)->ivalue = axis;
  return helion_device(s);
}

helion_value helion_do_stack(helion_reader *r, const helion_call *c) {
  int64_t axis = 0;
  if (!helion_on_device(r, c->node, "torch.stack") || (c->given[1] && !helion_arg_int(r, c, 1, "the dimension", &axis)))
    return helion_unknown();
  if (c->arg[0].kind != HELION_SEQ)
    return helion_fail(r, c->node, LOOM_EINPUT, "torch.stack([a, b], dim)", "a stack of %s", helion_describe(r, &c->arg[0]));
  return stack(r, c, c->arg[0].seq.at, (int)c->arg[0].seq.n, axis);
}

/* torch.cat of values of one shape: a stack whose new dim is joined with the next one. */
helion_value helion_do_cat(helion_reader *r, const helion_call *c) {
  int axis = 0;
  kernel_type first, t;
  if (!helion_on_device(r, c->node, "torch.cat"))
    return helion_unknown();
  if (c->arg[0].kind != HELION_SEQ || !c->arg[0].seq.n || !helion_type_of(r, &c->arg[0].seq.at[0], &first))
    return helion_fail(r, c->node, LOOM_EINPUT, "torch.cat([a, b], dim)", "torch.cat of %s", helion_describe(r, &c->arg[0]));
  if (!first.rank)
    return helion_fail(r, c->node, LOOM_EINPUT, "torch.stack joins 0-d values", "torch.cat of 0-d values");
  if (c->given[1] && !helion_axis(r, c, &c->arg[1], first.rank, &axis))
    return helion_unknown();
  for (size_t i = 0; i < c->arg[0].seq.n; i++)
    if (helion_type_of(r, &c->arg[0].seq.at[i], &t) && !helion_same_shape(r, &first, &t))
      return helion_cat_sizes(r, c, axis);
  helion_value s = stack(r, c, c->arg[0].seq.at, (int)c->arg[0].seq.n, axis);
  if (s.kind != HELION_DEVICE)
    return s;
  first.type = helion_type(r, s.device)->type;
  first.dim[axis] = sym_mul(r->mem, sym_const(r->mem, (int64_t)c->arg[0].seq.n), first.dim[axis]);
  return helion_device(helion_emit(r, c->node, KERNEL_RESHAPE, 1, &s.device, &first));
}

/* hl.join(a, b): a new last dim of two; a and b broadcast. */
helion_value helion_do_join(helion_reader *r, const helion_call *c) {
  kernel_value v[2];
  kernel_type shape;
  helion_value items[2];
  if (!helion_on_device(r, c->node, "hl.join") || !helion_as_value(r, c->node, &c->arg[0], DTYPE_F32, &v[0]) ||
      !helion_as_value(r, c->node, &c->arg[1], DTYPE_F32, &v[1]))
    return helion_unknown();
  if (!helion_broadcast_shape(r, helion_type(r, v[0]), helion_type(r, v[1]), &shape))
    return helion_fail_shapes(r, c->node, "hl.join", helion_type(r, v[0]), helion_type(r, v[1]));
  for (int i = 0; i < 2; i++)
    items[i] = helion_device(helion_broadcast(r, c->node, v[i], &shape));
  return stack(r, c, items, 2, -1);
}

static helion_value extract(helion_reader *r, const helion_call *c, kernel_value v, int axis, int64_t at) {
  const kernel_type in = *helion_type(r, v);
  kernel_type t = {.type = in.type};
  for (int d = 0; d < in.rank; d++)
    if (d != axis)
      t.dim[t.rank++] = in.dim[d];
  kernel_value out = helion_emit(r, c->node, KERNEL_EXTRACT, 1, &v, &t);
  helion_def(r, out)->ivalue = axis;
  helion_def(r, out)->expr = sym_const(r->mem, at);
  return helion_device(out);
}

/* hl.split(x) of a last dim of two; x.unbind(dim) of a known dim (detail 1). */
helion_value helion_do_split(helion_reader *r, const helion_call *c) {
  kernel_value v;
  int64_t n;
  if (!helion_on_device(r, c->node, c->fn->path) || !helion_as_value(r, c->node, &c->arg[0], DTYPE_F32, &v))
    return helion_unknown();
  const kernel_type in = *helion_type(r, v);
  int axis = in.rank - 1;
  if (c->fn->detail) {
    axis = 0;
    if (c->given[1] && !helion_axis(r, c, &c->arg[1], in.rank, &axis))
      return helion_unknown();
  }
  bool known = axis >= 0 && axis < in.rank && helion_known(r, in.dim[axis], &n) && helion_same_size(r, in.dim[axis], sym_const(r->mem, n));
  if (!known || (!c->fn->detail && n != 2) || n > 64)
    return helion_fail(r, c->node, LOOM_EINPUT, "reshape to [.., 2] first", "%s of shape %s", c->fn->path, helion_show_shape(r, &in));
  helion_value out = helion_sequence(r, (size_t)n, false);
  for (int64_t i = 0; i < n; i++)
    out.seq.at[i] = extract(r, c, v, axis, i);
  return out;
}

/* ---- Loom's own operations ---- */
/* broadcast(src, dim, shape): src repeated along `dim`, which it may lack. */
helion_value helion_do_loom_broadcast(helion_reader *r, const helion_call *c) {
  kernel_value v;
  kernel_type t, fit;
  if (!helion_on_device(r, c->node, "broadcast") || !helion_as_value(r, c->node, &c->arg[0], DTYPE_F32, &v) || !helion_arg_shape(r, c, &c->arg[2], &t))
    return helion_unknown();
  if (helion_type(r, v)->rank + 1 == t.rank) {
    const helion_value wide = helion_do_unsqueeze(r, c);
    if (!helion_as_value(r, c->node, &wide, DTYPE_F32, &v))
      return helion_unknown();
  }
  t.type = helion_type(r, v)->type;
  if (!helion_broadcast_shape(r, helion_type(r, v), &t, &fit) || !helion_same_shape(r, &fit, &t))
    return helion_fail_shapes(r, c->node, "broadcast", helion_type(r, v), &t);
  kernel_value out = helion_broadcast(r, c->node, v, &t);
  if (out != v)
    helion_def(r, out)->flag = true;   /* asked for by name: it stays a step of its own */
  return helion_device(out);
}

/* gather(tile, src): the values of all tiles of that range, [tiles, ..]. */
helion_value helion_do_loom_gather(helion_reader *r, const helion_call *c) {
  kernel_value v;
  if (!helion_on_device(r, c->node, "gather") || !helion_as_value(r, c->node, &c->arg[1], DTYPE_F32, &v))
    return helion_unknown();
  if (c->arg[0].kind != HELION_TILE)
    return helion_fail(r, c->node, LOOM_EINPUT, "gather(tile_k, value) with a tile of the outer loop", "a gather over %s", helion_describe(r, &c->arg[0]));
  const helion_tile *tile = &c->arg[0].tile;
  const kernel_type in = *helion_type(r, v);
  kernel_type t = {.type = in.type, .rank = 1};
  if (in.rank == KERNEL_RANK_MAX)
    return helion_fail(r, c->node, LOOM_ELIMIT, "reduce or join dimensions first", "a value of more than %d dimensions", KERNEL_RANK_MAX);
  t.dim[0] = sym_ceildiv(r->mem, sym_sub(r->mem, tile->end, tile->begin), helion_nominal(r, tile->block));
  for (int d = 0; d < in.rank; d++)
    t.dim[t.rank++] = in.dim[d];
  return helion_device(helion_emit(r, c->node, KERNEL_GATHER, 2, (kernel_value[]){v, tile->number}, &t));
}

/* set_memory_space(src, local_mem_kind=1): of upstream's memories of a core, kind 0 is what machines have here. */
helion_value helion_do_loom_memory(helion_reader *r, const helion_call *c) {
  int64_t kind = 0;
  if (c->given[1] && !helion_arg_int(r, c, 1, "local_mem_kind", &kind))
    return helion_unknown();
  if (kind != 0)
    diag_warn(r->ctx, c->node->span, "local_mem_kind=%" PRId64 " is not used: a core has one kind of memory, its L1", kind);
  return c->arg[0];
}
