#include "base/shape.h"
#include "compile_shard.h"
#include "lower/lower.h"
#include <string.h>

/* ---- the code ---- */

static loom_status make_code(compile_state *s, compile_shards *c, const char *name) {
  size_t n;
  LOOM_TRY(compile_open_ir(s));
  LOOM_TRY(compile_read_input(s));
  if (!s->kernel)
    LOOM_FAIL(s->ctx, diag_file_span(s->ctx, s->o->input), LOOM_EUNSUP, "--shard deals out kernels of Python, Device IR or kernel graphs; this is MLIR text");
  LOOM_TRY(lower_kernel(&s->ir, s->kernel, &s->stage0));
  const loom_status blame = s->ir.blame;
  s->ir.blame = LOOM_EUNSUP;      /* upstream's passes refuse what they cannot deal out */
  const loom_status st = shard_make(&s->ir, s->stage0, name, c->ranks.number, c->ranks.size, &c->f);
  s->ir.blame = blame;
  LOOM_TRY(st);
  program_functions *all = ARENA_NEW(&s->ctx->mem, program_functions);
  *all = program_list(&s->ir, c->f.module);
  c->function = program_find(all, c->f.name);
  const codegen_symbol *calls = shard_mpi_symbols(&s->ctx->mem, &c->ranks, &n);
  const program_options options = {.calls = calls, .n_calls = n, .late = c->f.calls};
  return program_compile(&s->ir, c->f.module, &options, &c->code);
}

loom_status compile_open_shards(loom_ctx *ctx, const compile_options *o, const char *name, compile_state *s, compile_shards *c) {
  *c = (compile_shards){0};
  LOOM_TRY(compile_start(ctx, o, s));
  LOOM_TRY(run_ranks_open(ctx, &c->ranks));
  return make_code(s, c, name);
}

void compile_close_shards(compile_shards *c) {
  program_close(c->code);
  ir_close_module(c->f.module);
}

/* ---- parts of tensors ---- */

/* What rank `r` has of t: the first element, in the argument's memory, and sizes. */
static int64_t part_of(const compile_shards *c, const shard_tensor *t, int r, int64_t *size) {
  int64_t at = t->offset, start, count;
  memcpy(size, t->size, sizeof t->size);
  if (t->split >= 0) {
    shard_part(t->size[t->split], r, c->ranks.size, &start, &count);
    at += start * t->stride[t->split];
    size[t->split] = count;
  }
  return at;
}

/* Between an argument's memory and a dense array of the part of rank r. */
static void copy_part(const compile_shards *c, const shard_tensor *t, int r, char *memory, char *dense, size_t width, bool out_of_memory) {
  int64_t size[SHARD_RANK_MAX], index[SHARD_RANK_MAX] = {0}, at = part_of(c, t, r, size);
  const int64_t n = shape_elements(t->rank, size);
  for (int64_t i = 0; i < n; i++) {
    char *there = memory + (size_t)at * width, *here = dense + (size_t)i * width;
    memcpy(out_of_memory ? here : there, out_of_memory ? there : here, width);
    for (int d = t->rank - 1; d >= 0; d--) {
      at += t->stride[d];
      if (++index[d] < size[d])
        break;
      at -= t->stride[d] * size[d];
      index[d] = 0;
    }
  }
}

/* ---- a run ---- */

static loom_status argument_tensor(compile_state *s, int arg, kernel_tensor *out) {
  *out = compile_tensor_of_argument(s->kernel, arg);
  return *out >= 0 ? LOOM_OK : diag_error(s->ctx, LOOM_NOSPAN, LOOM_EBUG, "function argument %d belongs to no kernel tensor", arg);
}

static loom_status memory_of(compile_state *s, const interp_tensor *inputs, kernel_tensor k, void **by_root) {
  const kernel_tensor_info *t = &s->kernel->tensors.at[k];
  int64_t n;
  if (by_root[k])
    return LOOM_OK;
  if (t->role == KERNEL_ARG) {
    by_root[k] = compile_to_bytes(&s->ctx->mem, &inputs[k]);
    return LOOM_OK;
  }
  LOOM_TRY(kernel_elements(s->ctx, s->kernel, &t->shape, NULL, 0, &n));
  by_root[k] = arena_array(&s->ctx->mem, (size_t)n + 1, dtype_bytes(t->shape.type));
  return LOOM_OK;
}

static loom_status make_arguments(compile_state *s, compile_shards *c, const interp_tensor *inputs, void **by_root, run_value *args) {
  for (size_t i = 0; i < c->f.loads.n; i++) {
    const shard_tensor *t = &c->f.loads.at[i];
    run_value *v = &args[i];
    kernel_tensor k;
    LOOM_TRY(argument_tensor(s, t->arg, &k));
    LOOM_TRY(memory_of(s, inputs, k, by_root));
    *v = c->function->args[i];
    (void)part_of(c, t, c->ranks.number, v->shape);
    v->elems = shape_elements(t->rank, v->shape);
    const size_t width = run_element_bytes(&v->type);
    v->bytes = arena_alloc(&s->ctx->mem, (size_t)v->elems * width + 1);
    copy_part(c, t, c->ranks.number, by_root[k], v->bytes, width, true);
  }
  return LOOM_OK;
}

/* Results one after the other. */
static void *pack(arena *m, const compile_shards *c, const run_value *results, size_t *out_size) {
  *out_size = 0;
  for (size_t i = 0; i < c->f.stores.n; i++)
    *out_size += (size_t)results[i].elems * run_element_bytes(&results[i].type);
  char *all = arena_alloc(m, *out_size + 1), *p = all;
  for (size_t i = 0; i < c->f.stores.n; i++) {
    const size_t size = (size_t)results[i].elems * run_element_bytes(&results[i].type);
    memcpy(p, results[i].bytes, size);
    p += size;
  }
  return all;
}

/* On rank 0: the parts of rank r where they belong.  What is not dealt out all have alike. */
static loom_status unpack(compile_state *s, const compile_shards *c, int r, const interp_tensor *inputs, char *bytes, size_t size, void **by_root) {
  const char *end = bytes + size;
  for (size_t i = 0; i < c->f.stores.n; i++) {
    const shard_tensor *t = &c->f.stores.at[i];
    const size_t width = run_element_bytes(&c->function->results[i].type);
    int64_t shape[SHARD_RANK_MAX];
    kernel_tensor k;
    (void)part_of(c, t, r, shape);
    const size_t n = (size_t)shape_elements(t->rank, shape) * width;
    LOOM_TRY(argument_tensor(s, t->arg, &k));
    LOOM_TRY(memory_of(s, inputs, k, by_root));
    if (n > (size_t)(end - bytes))
      LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EBUG, "rank %d has other parts than it should", r);
    if (t->split >= 0 || r == 0)
      copy_part(c, t, r, by_root[k], bytes, width, false);
    bytes += n;
  }
  return LOOM_OK;
}

static loom_status run(void *data, compile_state *s, const interp_tensor *inputs, bool integers, void **by_root) {
  compile_shards *c = data;
  arena *m = &s->ctx->mem;
  run_value *args = ARENA_NEW_N(m, run_value, c->f.loads.n + 1), *results = ARENA_NEW_N(m, run_value, c->f.stores.n + 1);
  void **parts = ARENA_NEW_N(m, void *, c->ranks.size);
  size_t *sizes = ARENA_NEW_N(m, size_t, c->ranks.size), size;
  (void)integers;
  memset(by_root, 0, s->kernel->tensors.n * sizeof *by_root);      /* the run before had others */
  LOOM_TRY(make_arguments(s, c, inputs, by_root, args));
  loom_status st = program_call(c->code, c->function, args, results);
  if (st == LOOM_EWORKER)
    st = diag_error(s->ctx, LOOM_NOSPAN, st, "the other ranks are gone in the middle of the kernel");
  if (st == LOOM_ELIMIT)
    st = diag_error(s->ctx, LOOM_NOSPAN, st, "the ranks have to add up more than %d bytes at once", RUN_RANKS_BYTES_MAX);
  LOOM_TRY(st);
  void *mine = pack(m, c, results, &size);
  LOOM_TRY(run_ranks_gather(s->ctx, &c->ranks, mine, size, parts, sizes));
  for (int r = 0; r < c->ranks.size && c->ranks.number == 0; r++)
    LOOM_TRY(unpack(s, c, r, inputs, parts[r], sizes[r], by_root));
  return LOOM_OK;
}

/* A rank that only computes does what rank 0's run asks of all: once with the inputs, once more with whole numbers. */
static loom_status follow(compile_state *s, compile_shards *c, const run_options *r) {
  void **by_root = ARENA_NEW_N(&s->ctx->mem, void *, s->kernel->tensors.n);
  const int runs = r->check && compile_is_whole(s->kernel) ? 2 : 1;
  for (int integers = 0; integers < runs; integers++) {
    interp_tensor *t = ARENA_NEW_N(&s->ctx->mem, interp_tensor, s->kernel->tensors.n);
    LOOM_TRY(compile_make_inputs(s, r, integers, t));
    LOOM_TRY(run(c, s, t, integers, by_root));
  }
  return LOOM_OK;
}

loom_status compile_execute_shards(compile_state *s, compile_shards *c, const run_options *r, compile_execution *out) {
  memset(out, 0, sizeof *out);
  if (c->ranks.number > 0)
    return follow(s, c, r);
  return compile_execute_on(s, r, &(compile_engine){c, run}, out);
}
