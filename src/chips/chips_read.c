/* A kernel as several chips see it: the axes it can be split along, and its tensors. */
#include "chips/chips_private.h"
#include "kernel/kernel_stores.h"

bool chips_tensor_has_axis(const chips_tensor *t, int axis) {
  for (int d = 0; d < t->rank; d++)
    if (t->axis[d] == axis)
      return true;
  return false;
}

/* 0 .. a known size, in steps of one tile. */
static bool read_range(loom_ctx *ctx, const kernel_graph *k, const kernel_range *r, int64_t *extent) {
  int64_t begin, step;
  if (!sym_is_const(r->begin, &begin) || begin != 0)
    return false;
  if (r->step && (!sym_is_const(r->step, &step) || step != 1))
    return false;
  const diag_mark before = diag_save(ctx);
  const bool is_known = kernel_size(ctx, k, r->end, NULL, 0, extent) == LOOM_OK;
  diag_drop(ctx, before);
  return is_known && *extent > 1;
}

static void add_axis(chips_walk *w, const kernel_op *op, int range) {
  const kernel_range *r = &op->ranges[range < 0 ? 0 : range];
  chips_axis a = {.is_sum = range < 0, .range = range, .loop = range < 0 ? op : NULL};
  if (w->n_axes == CHIPS_AXES_MAX || !read_range(w->ctx, w->k, r, &a.extent))
    return;
  const kernel_value param = op->regions[0].params.at[range < 0 ? 0 : range];
  const char *name = w->k->values.at[param].name;
  a.name = r->block ? r->block : name ? name : arena_printf(&w->ctx->mem, "loop%d", w->n_axes);
  w->axis[w->n_axes++] = a;
}

static void find_axes(chips_walk *w, const kernel_op *parallel) {
  for (int i = 0; i < parallel->n_ranges; i++)
    add_axis(w, parallel, i);
  for (size_t i = 0; i < parallel->regions[0].ops.n; i++) {
    const kernel_op *op = parallel->regions[0].ops.at[i];
    if (op->kind != KERNEL_LOOP)
      continue;
    const char *why = chips_why_no_sum(w->k, parallel, op);
    if (!why)
      add_axis(w, op, -1);
    else if (!w->no_sum)
      w->no_sum = arena_printf(&w->ctx->mem, "loop %s: %s", op->ranges[0].block ? op->ranges[0].block : "of single steps", why);
  }
}

/* Chips that stored to the same place would race. */
static void drop_unstored(chips_walk *w) {
  for (size_t i = 0; i < w->accesses.n; i++) {
    const chips_access *x = &w->accesses.at[i];
    for (int a = 0; a < w->n_axes && x->op->kind == KERNEL_STORE; a++) {
      bool walks = false;
      for (int d = 0; d < x->rank; d++)
        walks = walks || x->axis[d] == a;
      if (walks == w->axis[a].is_sum)
        chips_drop(w, a, x->op->span, "a store does not move with it");
    }
  }
}

/* The axes that are left, renumbered; accesses follow. */
static void keep_axes(chips_walk *w, chips_kernel *out) {
  int number[CHIPS_AXES_MAX];
  for (int a = 0; a < w->n_axes; a++) {
    number[a] = w->is_out[a] ? -1 : out->n_axes;
    if (!w->is_out[a])
      out->axis[out->n_axes++] = w->axis[a];
    else if (!out->why || !out->n_axes) {
      out->why = arena_printf(&w->ctx->mem, "loop %s: %s", w->axis[a].name, w->why[a]);
      out->where = w->where[a];
    }
  }
  for (size_t i = 0; i < w->accesses.n; i++)
    for (int d = 0; d < w->accesses.at[i].rank; d++)
      if (w->accesses.at[i].axis[d] >= 0)
        w->accesses.at[i].axis[d] = number[w->accesses.at[i].axis[d]];
}

/* Dims by falling distance of neighbours, so that a transposed view stays one; a view in which elements show twice is laid out as it is seen. */
static loom_status order_dims(loom_ctx *ctx, const kernel_graph *k, chips_tensor *t) {
  const kernel_tensor_info *info = &k->tensors.at[t->of];
  int64_t stride[KERNEL_RANK_MAX] = {0};
  bool is_plain = info->role != KERNEL_VIEW;
  for (int d = 0; d < t->rank; d++) {
    t->order[d] = d;
    if (!is_plain)
      LOOM_TRY(kernel_size(ctx, k, info->stride[d], NULL, 0, &stride[d]));
    is_plain = is_plain || (stride[d] <= 0 && t->shape[d] > 1);
  }
  for (int i = 1; i < t->rank && !is_plain; i++)
    for (int j = i; j > 0 && stride[t->order[j - 1]] < stride[t->order[j]]; j--) {
      const int swapped = t->order[j];
      t->order[j] = t->order[j - 1];
      t->order[j - 1] = swapped;
    }
  return LOOM_OK;
}

static bool name_is_taken(const chips_kernel *out, const char *name) {
  for (size_t i = 0; i < out->tensors.n; i++)
    if (text_eq(out->tensors.at[i].name, name))
      return true;
  return false;
}

static const char *name_of(loom_ctx *ctx, const chips_kernel *out, kernel_tensor t) {
  const char *root = out->whole->tensors.at[kernel_root(out->whole, t)].name, *name = root;
  for (int i = 2; name_is_taken(out, name); i++)
    name = arena_printf(&ctx->mem, "%s_%d", root, i);
  return name;
}

static loom_status add_tensor(loom_ctx *ctx, chips_kernel *out, chips_access *x) {
  const kernel_graph *k = out->whole;
  const dtype type = k->tensors.at[x->op->tensor].shape.type;
  for (x->tensor = 0; x->tensor < out->tensors.n; x->tensor++)
    if (out->tensors.at[x->tensor].of == x->op->tensor && memcmp(out->tensors.at[x->tensor].axis, x->axis, (size_t)x->rank * sizeof *x->axis) == 0)
      return LOOM_OK;
  chips_tensor t = {.name = name_of(ctx, out, x->op->tensor), .of = x->op->tensor, .here = -1, .type = type, .rank = x->rank};
  t.partial_type = dtype_bytes(type) >= 4 || type == DTYPE_BOOL ? type : dtype_is_float(type) ? DTYPE_F32 : DTYPE_I32;
  memcpy(t.axis, x->axis, sizeof t.axis);
  memcpy(t.shape, x->shape, sizeof t.shape);
  LOOM_TRY(order_dims(ctx, k, &t));
  if (out->tensors.n == CHIPS_TENSORS_MAX)
    LOOM_FAIL(ctx, x->op->span, LOOM_ELIMIT, "the kernel has more than %d accesses that differ", CHIPS_TENSORS_MAX);
  vec_push(&ctx->mem, &out->tensors, t);
  return LOOM_OK;
}

static loom_status add_tensors(loom_ctx *ctx, chips_kernel *out, const chips_walk *w) {
  bool sums = false;
  for (int a = 0; a < out->n_axes; a++)
    sums |= out->axis[a].is_sum;
  for (size_t i = 0; i < w->accesses.n; i++) {
    chips_access x = w->accesses.at[i];
    LOOM_TRY(add_tensor(ctx, out, &x));
    chips_tensor *t = &out->tensors.at[x.tensor];
    t->is_output = t->is_output || x.op->kind != KERNEL_LOAD;
    t->is_input = out->whole->tensors.at[kernel_root(out->whole, t->of)].role == KERNEL_ARG;
    t->sums = sums && t->is_output;
    vec_push(&ctx->mem, &out->accesses, x);
  }
  return LOOM_OK;
}

/* What is stored to must be one tensor for everybody. */
static const chips_tensor *find_shared_store(const chips_kernel *k) {
  for (size_t i = 0; i < k->tensors.n; i++)
    for (size_t j = 0; j < k->tensors.n; j++)
      if (i != j && k->tensors.at[i].is_output && kernel_root(k->whole, k->tensors.at[i].of) == kernel_root(k->whole, k->tensors.at[j].of))
        return &k->tensors.at[i];
  return NULL;
}

/* Elements of a view that are one of its root, seen in two places, are two on the chips: nobody may store to them. */
static loom_status refuse_double_stores(loom_ctx *ctx, const chips_kernel *k) {
  for (size_t i = 0; i < k->tensors.n; i++) {
    const chips_tensor *t = &k->tensors.at[i];
    const kernel_tensor_info *info = &k->whole->tensors.at[t->of];
    int64_t reach = 0;                     /* elements between the first and the last of the dims that lie closer */
    for (int n = t->rank; n-- > 0 && t->is_output && info->role == KERNEL_VIEW;) {
      int64_t stride;
      const int d = t->order[n];
      LOOM_TRY(kernel_size(ctx, k->whole, info->stride[d], NULL, 0, &stride));
      if (t->shape[d] > 1 && stride <= reach)
        LOOM_FAIL(ctx, info->span, LOOM_EUNSUP, "on several chips: '%s' is stored to as a view in which elements show twice", t->name);
      reach += t->shape[d] > 1 ? (t->shape[d] - 1) * stride : 0;
    }
  }
  return LOOM_OK;
}

static loom_status read_places(loom_ctx *ctx, chips_kernel *k, const char *const *places, size_t n) {
  for (size_t p = 0; p < n; p++) {
    const char *eq = strchr(places[p], '=');
    const char *name = arena_strndup(&ctx->mem, places[p], eq ? (size_t)(eq - places[p]) : strlen(places[p]));
    bool is_known = false;
    const char *names[CHIPS_TENSORS_MAX];
    if (!eq || (!text_eq(eq + 1, "replicated") && !text_eq(eq + 1, "split")))
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--pin place.%s: a place is 'split' or 'replicated'", places[p]);
    for (size_t i = 0; i < k->tensors.n; i++) {
      names[i] = k->whole->tensors.at[kernel_root(k->whole, k->tensors.at[i].of)].name;
      if (!text_eq(names[i], name) && !text_eq(k->tensors.at[i].name, name))
        continue;
      is_known = true;
      k->tensors.at[i].is_everywhere = text_eq(eq + 1, "replicated");
    }
    if (is_known)
      continue;
    diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--pin place.%s: the kernel has no tensor '%s'", places[p], name);
    const char *near = diag_nearest(name, names, k->tensors.n);
    if (near)
      diag_help(ctx, "did you mean '%s'?", near);
    return LOOM_EUSAGE;
  }
  return LOOM_OK;
}

loom_status chips_read(loom_ctx *ctx, const kernel_graph *k, const char *const *places, size_t n, chips_kernel *out) {
  *out = (chips_kernel){.whole = k};
  const kernel_op *parallel = NULL;
  for (size_t i = 0; i < k->body.ops.n; i++) {
    const kernel_op *op = k->body.ops.at[i];
    if (op->kind != KERNEL_PARALLEL || parallel)
      return diag_error(ctx, op->span, LOOM_EUNSUP, "on several chips a kernel is one parallel loop nest; this stands beside it");
    parallel = op;
  }
  if (!parallel)
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_EUNSUP, "on several chips a kernel is one parallel loop nest; '%s' has none", k->name);
  chips_walk w = {.ctx = ctx, .k = k};
  find_axes(&w, parallel);
  out->why = w.no_sum;
  LOOM_TRY(chips_walk_all(&w, parallel));
  drop_unstored(&w);
  keep_axes(&w, out);
  LOOM_TRY(add_tensors(ctx, out, &w));
  const chips_tensor *shared = find_shared_store(out);
  if (shared)
    LOOM_FAIL(ctx, k->tensors.at[shared->of].span, LOOM_EUNSUP, "on several chips: '%s' is stored to and accessed in another way, too", k->tensors.at[kernel_root(k, shared->of)].name);
  LOOM_TRY(refuse_double_stores(ctx, out));
  return read_places(ctx, out, places, n);
}
