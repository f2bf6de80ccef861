/* Native execution: the kernel as loops (lower_kernel_host), compiled for this CPU, called on the arguments' memory. */
#include "compile.h"
#include "compile_exec.h"
#include "target/cpu/cpu.h"
#include <math.h>
#include <string.h>

/* Memory in the order of the function's arguments: kernel arguments, then what is returned and is none, each once. */
loom_status compile_call_buffers(compile_state *s, const interp_tensor *inputs, void **by_root, void ***out) {
  const kernel_graph *k = s->kernel;
  VEC_OF(void *) order = {0};
  const sym_binding *given, *blocks;
  size_t n_given, n_blocks;
  LOOM_TRY(compile_given_blocks(s, &given, &n_given));
  LOOM_TRY(kernel_block_sizes(s->ctx, k, given, n_given, &blocks, &n_blocks));
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].role == KERNEL_ARG) {
      by_root[i] = compile_to_bytes(&s->ctx->mem, &inputs[i]);
      vec_push(&s->ctx->mem, &order, by_root[i]);
    }
  for (size_t i = 0; i < k->returns.n; i++) {
    kernel_tensor root = k->returns.at[i] < 0 ? -1 : compile_root(k, k->returns.at[i]);
    int64_t bytes = 1, n;
    if (root < 0 || by_root[root])
      continue;
    for (int d = 0; d < k->tensors.at[root].shape.rank; d++) {
      LOOM_TRY(kernel_size(s->ctx, k, k->tensors.at[root].shape.dim[d], blocks, n_blocks, &n));
      bytes *= n;
    }
    by_root[root] = arena_array(&s->ctx->mem, (size_t)bytes + 1, dtype_bytes(k->tensors.at[root].shape.type));
    vec_push(&s->ctx->mem, &order, by_root[root]);
  }
  *out = order.at;
  return LOOM_OK;
}

/* What a result shows of its memory, as a dense array. */
static loom_status dense_result(compile_state *s, kernel_tensor t, const void *root, interp_tensor *shape, void **out) {
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
  if (info->role == KERNEL_VIEW)
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

/* In the order of the function's last arguments. */
const int64_t *compile_open_sizes(compile_state *s) {
  VEC_OF(int64_t) sizes = {0};
  for (size_t i = 0; i < s->kernel->symbols.n; i++)
    if (s->kernel->symbols.at[i].is_open)
      vec_push(&s->ctx->mem, &sizes, s->kernel->symbols.at[i].value);
  return sizes.at;
}

typedef struct host_run { interp_tensor *shapes; void **bytes; } host_run;

static loom_status call(compile_state *s, cpu_tile_fn fn, const compile_results *all, void **by_root, void **buffers, host_run *out) {
  fn(buffers, compile_open_sizes(s));
  out->shapes = ARENA_NEW_N(&s->ctx->mem, interp_tensor, all->n);
  out->bytes = ARENA_NEW_N(&s->ctx->mem, void *, all->n);
  for (size_t i = 0; i < all->n; i++)
    if (all->at[i].tensor >= 0)
      LOOM_TRY(dense_result(s, all->at[i].tensor, by_root[compile_root(s->kernel, all->at[i].tensor)], &out->shapes[i], &out->bytes[i]));
  return LOOM_OK;
}

/* Whole numbers that f32 does not hold: a sum of them depends on its order (a recurrence grows quickly). */
static bool exceeds_f32(const compile_results *all, const interp_tensor *want) {
  for (size_t i = 0; i < all->n; i++)
    for (int64_t e = 0; all->at[i].tensor >= 0 && dtype_is_float(want[i].type) && e < want[i].elems; e++)
      if (isfinite(want[i].value[e]) && fabs(want[i].value[e]) > 0x1p24)
        return true;
  return false;
}

static loom_status run(compile_state *s, const run_options *r, cpu_tile_fn fn, const compile_results *all, bool integers, compile_execution *out) {
  interp_tensor *t = ARENA_NEW_N(&s->ctx->mem, interp_tensor, s->kernel->tensors.n), *want = NULL;
  host_run got;
  void **by_root = ARENA_NEW_N(&s->ctx->mem, void *, s->kernel->tensors.n), **buffers;
  LOOM_TRY(compile_make_inputs(s, r, integers, t));
  LOOM_TRY(compile_call_buffers(s, t, by_root, &buffers));   /* copies: the interpreter works in its arguments */
  if (r->check) {   /* before the call: machine code does not look whether an index of the data is inside of its tensor */
    LOOM_TRY(compile_interpret(s, t, integers));
    LOOM_TRY(compile_read_results(s, all, t, &want));
  }
  LOOM_TRY(call(s, fn, all, by_root, buffers, &got));
  if (!integers)
    LOOM_TRY(compile_write_results(s, r, all, got.shapes, got.bytes));
  if (!r->check)
    return LOOM_OK;
  out->check.done = true;
  if (integers && exceeds_f32(all, want))
    out->check.integers_run = false;
  else
    compile_compare(s, all, want, got.bytes, integers, &out->check);
  return LOOM_OK;
}

static bool takes_floats_only(const kernel_graph *k) {
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].role == KERNEL_ARG && !dtype_is_float(k->tensors.at[i].shape.type))
      return false;
  return true;
}

loom_status compile_execute_host(compile_state *s, const run_options *r, compile_execution *out) {
  compile_results all = compile_list_results(&s->ctx->mem, s->kernel);
  codegen_image *image;
  LOOM_TRY(compile_host_object(s));
  LOOM_TRY(cpu_link_kernel(s->ctx, s->object, s->object_size, &image));
  void *address = codegen_lookup(image, s->kernel->name);
  cpu_tile_fn fn;
  memcpy(&fn, &address, sizeof fn);
  loom_status st = address ? run(s, r, fn, &all, false, out) : diag_error(s->ctx, LOOM_NOSPAN, s->call.size ? LOOM_EINPUT : LOOM_EBUG, "the object code has no kernel '%s'", s->kernel->name);
  /* indices that are made up as small whole numbers could point anywhere, so only kernels of floats run once more */
  if (st == LOOM_OK && r->check && compile_is_whole(&s->kernel->body) && takes_floats_only(s->kernel)) {
    out->check.integers_run = true;
    st = run(s, r, fn, &all, true, out);
  }
  codegen_unlink(image);
  return st;
}
