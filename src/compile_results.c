/* Arguments in and results out: their names, the contents of --input, the files of --output. */
#include "compile.h"
#include "compile_exec.h"
#include <string.h>

/* ---- results ---- */
/* A tensor whose name nobody wrote: "view_7", "alloc_3". */
static bool is_unnamed(arena *m, const kernel_graph *k, kernel_tensor t) {
  const char *name = k->tensors.at[t].name;
  return text_eq(name, arena_printf(m, "view_%d", t)) || text_eq(name, arena_printf(m, "alloc_%d", t));
}

static const char *result_name(arena *m, const kernel_graph *k, kernel_tensor t, size_t index) {
  if (is_unnamed(m, k, t))
    t = kernel_root(k, t);
  return is_unnamed(m, k, t) ? arena_printf(m, "result_%zu", index) : k->tensors.at[t].name;
}

static void add_result(arena *m, const kernel_graph *k, kernel_tensor t, compile_results *out) {
  const char *name = t < 0 ? NULL : result_name(m, k, t, out->n);
  for (size_t i = 0; name && i < out->n; i++)
    if (text_eq(out->at[i].name, name))
      name = arena_printf(m, "%s_%zu", name, out->n);
  vec_push(m, out, ((compile_result){t, name}));
}

compile_results compile_list_results(arena *m, const kernel_graph *k) {
  compile_results out = {0};
  for (size_t i = 0; i < k->returns.n; i++)
    add_result(m, k, k->returns.at[i], &out);
  for (size_t i = 0; i < k->tensors.n; i++) {
    bool listed = k->tensors.at[i].role != KERNEL_ARG || !kernel_is_stored(k, (kernel_tensor)i);
    for (size_t j = 0; j < out.n && !listed; j++)
      listed = out.at[j].tensor == (kernel_tensor)i;
    if (!listed)
      add_result(m, k, (kernel_tensor)i, &out);
  }
  return out;
}

/* ---- inputs ---- */
static const run_binding *find_binding(const run_binding *b, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++)
    if (text_eq(b[i].name, name))
      return &b[i];
  return NULL;
}

static loom_status fail_name(loom_ctx *ctx, const kernel_graph *k, const char *option, const char *what, const char *name, const char *const *names, size_t n) {
  diag_error(ctx, LOOM_NOSPAN, LOOM_EUSAGE, "%s: kernel '%s' has no %s '%s'", option, k->name, what, name);
  const char *near = diag_nearest(name, names, n);
  diag_help(ctx, "%s '%s'", near ? "did you mean" : "for example", near ? near : n ? names[0] : "");
  return LOOM_EUSAGE;
}

loom_status compile_check_inputs(compile_state *s, const run_options *r) {
  const kernel_graph *k = s->kernel;
  const char **names = ARENA_NEW_N(&s->ctx->mem, const char *, k->tensors.n);
  size_t n = 0;
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].role == KERNEL_ARG)
      names[n++] = k->tensors.at[i].name;
  for (size_t i = 0; i < r->n_inputs; i++) {
    bool found = false;
    for (size_t j = 0; j < n; j++)
      found |= text_eq(names[j], r->inputs[i].name);
    if (!found)
      return fail_name(s->ctx, k, "--input", "argument", r->inputs[i].name, names, n);
  }
  return LOOM_OK;
}

loom_status compile_make_inputs(compile_state *s, const run_options *r, bool integers, interp_tensor *t) {
  kernel_graph *k = s->kernel;
  for (size_t i = 0; i < k->tensors.n; i++) {
    if (k->tensors.at[i].role != KERNEL_ARG)
      continue;
    LOOM_TRY(interp_make_input(s->ctx, k, (kernel_tensor)i, r->seed, integers, &t[i]));
    const run_binding *b = find_binding(r->inputs, r->n_inputs, k->tensors.at[i].name);
    if (!b || integers)
      continue;
    void *bytes;
    npy_array file;
    LOOM_TRY(run_load(s->ctx, b, &file));
    dtype type = s->is_retyped && t[i].type == DTYPE_BF16 && file.type == DTYPE_F16 ? DTYPE_F16 : t[i].type;    /* of a kernel that was written for it */
    LOOM_TRY(run_read_tensor(s->ctx, b, type, t[i].rank, t[i].shape, &bytes));
    for (int64_t e = 0; e < t[i].elems; e++) {
      unsigned char rounded[sizeof(double)];
      double v = dtype_load(type, (char *)bytes + (size_t)e * dtype_bytes(type));
      dtype_store(t[i].type, rounded, v);
      t[i].value[e] = type == t[i].type ? v : dtype_load(t[i].type, rounded);
    }
  }
  return integers ? LOOM_OK : compile_check_call(s, t);
}

/* ---- outputs ---- */
/* Result called `name`, or the one of that index; -1: none. */
static int find_result(const compile_results *all, const char *name) {
  for (size_t i = 0; i < all->n; i++)
    if (all->at[i].tensor >= 0 && (text_eq(all->at[i].name, name) || (name[0] == '0' + (char)i && !name[1])))
      return (int)i;
  return -1;
}

loom_status compile_check_outputs(compile_state *s, const run_options *r, const compile_results *all) {
  const char **names = ARENA_NEW_N(&s->ctx->mem, const char *, all->n);
  size_t n = 0;
  for (size_t i = 0; i < all->n; i++)
    if (all->at[i].tensor >= 0)
      names[n++] = all->at[i].name;
  for (size_t i = 0; i < r->n_outputs; i++)
    if (*r->outputs[i].name && find_result(all, r->outputs[i].name) < 0)
      return fail_name(s->ctx, s->kernel, "--output", "result", r->outputs[i].name, names, n);
  for (size_t i = 0; i < r->n_expects; i++)
    if (find_result(all, r->expects[i].name) < 0)
      return fail_name(s->ctx, s->kernel, "--expect", "result", r->expects[i].name, names, n);
  return LOOM_OK;
}

loom_status compile_read_expected(compile_state *s, const run_options *r, const compile_results *all, const interp_tensor *shapes, void **out) {
  for (size_t i = 0; i < r->n_expects; i++) {
    const run_binding *b = &r->expects[i];
    int at = find_result(all, b->name);
    LOOM_TRY(run_read_tensor(s->ctx, b, shapes[at].type, shapes[at].rank, shapes[at].shape, &out[at]));
  }
  return LOOM_OK;
}

loom_status compile_write_results(compile_state *s, const run_options *r, const compile_results *all, const interp_tensor *shapes, void *const *bytes) {
  for (size_t i = 0; i < r->n_outputs; i++) {
    run_binding b = r->outputs[i];
    if (*b.name) {
      int at = find_result(all, b.name);
      const interp_tensor *t = &shapes[at];
      LOOM_TRY(run_write_tensor(s->ctx, &b, t->type, t->rank, t->shape, bytes[at]));
      continue;
    }
    npz_array *arrays = ARENA_NEW_N(&s->ctx->mem, npz_array, all->n);
    size_t n = 0;
    for (size_t j = 0; j < all->n; j++) {
      if (all->at[j].tensor < 0)
        continue;
      npz_array *a = &arrays[n++];
      *a = (npz_array){.name = all->at[j].name, .array = {.type = shapes[j].type, .rank = shapes[j].rank, .elems = shapes[j].elems, .data = bytes[j]}};
      memcpy(a->array.shape, shapes[j].shape, sizeof(int64_t) * (size_t)shapes[j].rank);
    }
    LOOM_TRY(npz_write(s->ctx, b.file, arrays, n));
  }
  return LOOM_OK;
}

/* ---- results of the interpreter ---- */
void *compile_to_bytes(arena *m, const interp_tensor *t) {
  size_t width = dtype_bytes(t->type);
  char *p = arena_array(m, (size_t)t->elems + (t->elems == 0), width);
  for (int64_t i = 0; i < t->elems; i++)
    dtype_store(t->type, p + (size_t)i * width, t->value[i]);
  return p;
}

loom_status compile_read_results(compile_state *s, const compile_results *all, const interp_tensor *tensors, interp_tensor **out) {
  *out = ARENA_NEW_N(&s->ctx->mem, interp_tensor, all->n);
  for (size_t i = 0; i < all->n; i++)
    if (all->at[i].tensor >= 0)
      LOOM_TRY(interp_read_tensor(s->ctx, s->kernel, tensors, all->at[i].tensor, &(*out)[i]));
  return LOOM_OK;
}

/* ---- comparison ---- */
static const char *element_name(arena *m, const char *name, int rank, const int64_t *at) {
  text where = text_new(m);
  text_addf(&where, "%s[", name);
  for (int r = 0; r < rank; r++)
    text_addf(&where, r ? ", %" PRId64 : "%" PRId64, at[r]);
  text_add(&where, "]");
  return text_str(&where);
}

void compile_compare(compile_state *s, const compile_results *all, const interp_tensor *want, void *const *got, bool exact, run_check *c) {
  bool all_ok = true;
  double worst_ratio = -1;
  for (size_t i = 0; i < all->n; i++) {
    if (all->at[i].tensor < 0 || !got[i])
      continue;
    interp_comparison d = interp_compare(&want[i], got[i], exact);
    all_ok &= d.ok;
    if (exact)
      continue;
    c->wrong += d.wrong;
    c->elems += d.elems;
    c->unbounded += d.unbounded;
    if (d.max_abs_error > c->max_abs_error)
      c->max_abs_error = d.max_abs_error;
    if (!c->where || d.worst_ratio > worst_ratio) {
      worst_ratio = d.worst_ratio;
      c->error = d.worst_error;
      c->bound = d.worst_bound;
      c->where = element_name(&s->ctx->mem, all->at[i].name, want[i].rank, d.worst_at);
    }
  }
  if (exact)
    c->integers_ok = all_ok;
  c->ok = exact ? c->ok && all_ok : all_ok;
}

/* ---- results in memory ---- */
loom_status compile_dense_result(compile_state *s, kernel_tensor t, void *root, interp_tensor *shape, void **out) {
  const kernel_graph *k = s->kernel;
  const kernel_tensor_info *info = &k->tensors.at[t];
  const sym_binding *given, *blocks;
  size_t n_given, n, width = dtype_bytes(info->shape.type);
  int64_t offset = 0, stride[KERNEL_RANK_MAX], index[KERNEL_RANK_MAX] = {0}, step = 1;
  LOOM_TRY(compile_given_blocks(s, &given, &n_given));
  LOOM_TRY(kernel_block_sizes(s->ctx, k, given, n_given, &blocks, &n));
  *shape = (interp_tensor){.type = info->shape.type, .rank = info->shape.rank, .elems = 1};
  for (int d = shape->rank - 1; d >= 0; d--) {
    LOOM_TRY(kernel_size(s->ctx, k, info->shape.dim[d], blocks, n, &shape->shape[d]));
    stride[d] = step;
    step *= shape->shape[d];
    shape->elems = step;
    if (info->role == KERNEL_VIEW)
      LOOM_TRY(kernel_size(s->ctx, k, info->stride[d], blocks, n, &stride[d]));
  }
  *out = root;
  if (info->role != KERNEL_VIEW)
    return LOOM_OK;
  LOOM_TRY(kernel_size(s->ctx, k, info->offset, blocks, n, &offset));
  char *to = arena_array(&s->ctx->mem, (size_t)shape->elems + 1, width);
  *out = to;
  for (int64_t i = 0; i < shape->elems; i++) {
    int64_t at = offset;
    for (int d = 0; d < shape->rank; d++)
      at += index[d] * stride[d];
    memcpy(to + (size_t)i * width, (const char *)root + (size_t)at * width, width);
    for (int d = shape->rank - 1; d >= 0 && ++index[d] == shape->shape[d]; d--)
      index[d] = 0;
  }
  return LOOM_OK;
}
