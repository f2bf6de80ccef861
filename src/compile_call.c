/* The sizes of a call: what --shape and --input say of them, and the guards that they must keep. */
#include "compile.h"
#include "compile_exec.h"

enum { SIZE_MAX_OF_CALL = 1 << 30 };

static kernel_tensor find_argument(const kernel_graph *k, const char *name) {
  kernel_tensor t = kernel_find_tensor(k, name);
  return t >= 0 && k->tensors.at[t].role == KERNEL_ARG ? t : -1;
}

static loom_status fail_shape_name(compile_state *s, const char *name) {
  VEC_OF(const char *) names = {0};
  const kernel_graph *k = s->kernel;
  for (size_t i = 0; i < k->tensors.n; i++)
    for (int d = 0; k->tensors.at[i].role == KERNEL_ARG && d < k->tensors.at[i].shape.rank; d++)
      vec_push(&s->ctx->mem, &names, (const char *)arena_printf(&s->ctx->mem, "%s.%d", k->tensors.at[i].name, d));
  for (size_t i = 0; i < k->symbols.n; i++)
    if (k->symbols.at[i].is_open)
      vec_push(&s->ctx->mem, &names, k->symbols.at[i].name);
  diag_error(s->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--shape names \"%s\", which the kernel '%s' does not have", name, k->name);
  const char *near = diag_nearest(name, names.at, names.n);
  if (near || names.n)
    diag_help(s->ctx, "%s '%s'", near ? "did you mean" : "for example", near ? near : names.at[0]);
  return LOOM_EUSAGE;
}

static void set_symbol(kernel_call *call, const kernel_graph *k, const char *symbol, int64_t value) {
  for (size_t i = 0; i < k->tensors.n; i++)
    for (int d = 0; k->tensors.at[i].role == KERNEL_ARG && d < k->tensors.at[i].shape.rank; d++)
      if (k->tensors.at[i].shape.dim[d]->op == SYM_SYM && text_eq(k->tensors.at[i].shape.dim[d]->name, symbol) && !call->size[i][d])
        call->size[i][d] = value;
}

/* "x.0", "x" of one dimension, or an open size by its name. */
static loom_status apply_shape(compile_state *s, const helion_shape *shape) {
  const kernel_graph *k = s->kernel;
  kernel_tensor t;
  int dim;
  int64_t element;
  const kernel_symbol *symbol = kernel_find_symbol(k, shape->name);
  if (shape->value < 1 || shape->value > SIZE_MAX_OF_CALL)
    LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "--shape %s=%" PRId64 ": sizes are 1 to %d", shape->name, shape->value, SIZE_MAX_OF_CALL);
  if (kernel_guard_name(k, shape->name, &t, &dim, &element) && dim >= 0)
    s->call.size[t][dim] = shape->value;
  else if ((t = find_argument(k, shape->name)) >= 0 && k->tensors.at[t].shape.rank == 1)
    s->call.size[t][0] = shape->value;
  else if (symbol && symbol->is_open)
    set_symbol(&s->call, k, shape->name, shape->value);
  else
    return fail_shape_name(s, shape->name);
  return LOOM_OK;
}

static loom_status apply_input(compile_state *s, const run_binding *b) {
  npy_array a;
  kernel_tensor t = find_argument(s->kernel, b->name);
  LOOM_TRY(run_load(s->ctx, b, &a));
  if (t < 0)
    return LOOM_OK;   /* compile_check_inputs says so */
  if (a.rank != s->kernel->tensors.at[t].shape.rank)
    LOOM_FAIL(s->ctx, diag_file_span(s->ctx, b->file), LOOM_EINPUT, "input '%s' has %d dimensions; kernel '%s' was compiled for %d", b->name, a.rank, s->kernel->name,
              s->kernel->tensors.at[t].shape.rank);
  for (int d = 0; d < a.rank; d++) {
    if (a.shape[d] < 1 || a.shape[d] > SIZE_MAX_OF_CALL)
      LOOM_FAIL(s->ctx, diag_file_span(s->ctx, b->file), LOOM_EINPUT, "dimension %d of input '%s' has %" PRId64 " elements; sizes are 1 to %d", d, b->name, a.shape[d],
                SIZE_MAX_OF_CALL);
    s->call.size[t][d] = a.shape[d];
  }
  return LOOM_OK;
}

loom_status compile_bind_sizes(compile_state *s, const run_options *r) {
  s->call.size = arena_array(&s->ctx->mem, s->kernel->tensors.n + 1, sizeof *s->call.size);
  for (size_t i = 0; i < r->n_inputs; i++)
    LOOM_TRY(apply_input(s, &r->inputs[i]));
  for (size_t i = 0; i < s->o->helion.n_shapes; i++)
    LOOM_TRY(apply_shape(s, &s->o->helion.shapes[i]));
  return kernel_bind_call(s->ctx, s->kernel, &s->call);
}

loom_status compile_check_call(compile_state *s, const interp_tensor *inputs) {
  const sym_binding *given, *blocks = NULL;
  size_t n_given, n = 0;
  kernel_call call = s->call;
  if (!s->kernel->guards.n && !call.size)
    return LOOM_OK;
  if (!call.size) {   /* a graph from a file, or one that an element of an argument decided: run at the sizes that it has */
    call.size = arena_array(&s->ctx->mem, s->kernel->tensors.n + 1, sizeof *call.size);
    LOOM_TRY(kernel_bind_call(s->ctx, s->kernel, &call));
  }
  const double **contents = inputs ? ARENA_NEW_N(&s->ctx->mem, const double *, s->kernel->tensors.n) : NULL;
  for (size_t i = 0; inputs && i < s->kernel->tensors.n; i++)
    contents[i] = inputs[i].value;
  if (!s->plan) {
    LOOM_TRY(compile_given_blocks(s, &given, &n_given));
    LOOM_TRY(kernel_block_sizes(s->ctx, s->kernel, given, n_given, &blocks, &n));
  }
  return kernel_check_guards(s->ctx, s->kernel, &call, contents, blocks, n);
}
