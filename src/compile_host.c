/* Native execution: the kernel as loops (lower_kernel_host), compiled for this CPU, called on the arguments' memory. */
#include "base/clock.h"
#include "base/threads.h"
#include "compile.h"
#include "compile_cache.h"
#include "compile_exec.h"
#include "compile_fixed.h"
#include "compile_provider.h"
#include "target/cpu/cpu.h"
#include "run/run_child.h"
#include "run/run_cores.h"
#include "run/run_shared_memory.h"
#include "run/run_stage.h"
#include <math.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE = 64, LARGE_PAGE = 2 << 20 };      /* bytes */

/* For one tensor: of the context, or, where a copy of the process fills it, shared with that. */
static loom_status tensor_memory(compile_state *s, run_pieces *shared, size_t n, size_t bytes, void **out) {
  if (shared && n <= SIZE_MAX / 2 / bytes)
    return run_pieces_add(s->ctx, shared, n * bytes, out);
  *out = arena_array(&s->ctx->mem, n + 1, bytes);
  return LOOM_OK;
}

static loom_status copy_argument(compile_state *s, const interp_tensor *t, run_pieces *shared, void **out) {
  arena_mark before = arena_save(&s->ctx->scratch);
  loom_status st = LOOM_OK;
  if (shared) {
    void *bytes = compile_to_bytes(&s->ctx->scratch, t);
    st = run_pieces_add(s->ctx, shared, (size_t)t->elems * dtype_bytes(t->type), out);
    if (st == LOOM_OK && t->elems)
      memcpy(*out, bytes, (size_t)t->elems * dtype_bytes(t->type));
  } else {
    *out = compile_to_bytes(&s->ctx->mem, t);
  }
  arena_release(&s->ctx->scratch, before);
  return st;
}

/* Fresh memory, by kernel tensor: copies of the arguments, and what is returned and is none.  `shared` NULL: of the context. */
static loom_status make_memory(compile_state *s, const interp_tensor *inputs, run_pieces *shared, void **by_root) {
  const kernel_graph *k = s->kernel;
  const sym_binding *given, *blocks;
  size_t n_given, n_blocks;
  LOOM_TRY(compile_given_blocks(s, &given, &n_given));
  LOOM_TRY(kernel_block_sizes(s->ctx, k, given, n_given, &blocks, &n_blocks));
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].role == KERNEL_ARG)
      LOOM_TRY(copy_argument(s, &inputs[i], shared, &by_root[i]));
  for (size_t i = 0; i < k->returns.n; i++) {
    kernel_tensor root = k->returns.at[i] < 0 ? -1 : kernel_root(k, k->returns.at[i]);
    int64_t elems;
    if (root < 0 || by_root[root])
      continue;
    LOOM_TRY(kernel_elements(s->ctx, k, &k->tensors.at[root].shape, blocks, n_blocks, &elems));
    LOOM_TRY(tensor_memory(s, shared, (size_t)elems, dtype_bytes(k->tensors.at[root].shape.type), &by_root[root]));
  }
  return LOOM_OK;
}

void **compile_order_buffers(compile_state *s, void *const *by_root, void *kept, size_t *out_n) {
  const kernel_graph *k = s->kernel;
  VEC_OF(void *) order = {0};
  bool *is_taken = ARENA_NEW_N(&s->ctx->mem, bool, k->tensors.n + 1);
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].role == KERNEL_ARG) {
      is_taken[i] = true;
      vec_push(&s->ctx->mem, &order, (void *)by_root[i]);
    }
  for (size_t i = 0; i < k->returns.n; i++) {
    kernel_tensor root = k->returns.at[i] < 0 ? -1 : kernel_root(k, k->returns.at[i]);
    if (root < 0 || is_taken[root])
      continue;
    is_taken[root] = true;
    vec_push(&s->ctx->mem, &order, (void *)by_root[root]);
  }
  if (kept)
    vec_push(&s->ctx->mem, &order, kept);
  *out_n = order.n;
  return order.at;
}

/* Whole large pages where there is that much: it is read from end to end in every call. */
static float *kept_memory(compile_state *s) {
  const size_t bytes = (size_t)s->grid.kept_bytes, page = bytes >= LARGE_PAGE ? LARGE_PAGE : LINE;
  if (!bytes)
    return NULL;
  char *memory = arena_array(&s->ctx->mem, bytes + page, 1);
  memory += -(uintptr_t)memory % page;
  if (page == LARGE_PAGE)
    madvise(memory, bytes / page * page, MADV_HUGEPAGE);      /* a hint */
  return (float *)memory;
}

/* In the order of the function's last arguments. */
static const int64_t *open_sizes(compile_state *s) {
  const kernel_symbol **open;
  const size_t n = compile_open_sizes(s, &open);
  int64_t *sizes = ARENA_NEW_N(&s->ctx->mem, int64_t, n);
  for (size_t i = 0; i < n; i++)
    sizes[i] = open[i]->value;
  return sizes;
}

/* ---- the call ---- */
loom_status compile_open_image(compile_state *s, compile_image *out) {
  const char *name = s->grid.n_dims ? CPU_CORE_NAME : s->kernel->name;
  const cpu_leaves leaves = {.products = s->o->providers != NULL};
  *out = (compile_image){0};
  run_stage_of(s->kernel->name);
  run_stage_enter("codegen");
  LOOM_TRY(compile_host_object(s, s->is_opaque ? &leaves : NULL));
  run_stage_enter("link");
  const double before = clock_ms();
  loom_status st = compile_link_host(s, &out->providers, &out->image);
  vec_push(&s->ctx->mem, &s->times, ((compile_time){"link", clock_ms() - before}));
  void *address = st == LOOM_OK ? codegen_lookup(out->image, name) : NULL;
  memcpy(&out->fn, &address, sizeof out->fn);
  if (address) {
    compile_cache_store(s, NULL);
    return LOOM_OK;
  }
  compile_close_image(out);
  return st != LOOM_OK ? st : diag_error(s->ctx, LOOM_NOSPAN, s->call.size ? LOOM_EINPUT : LOOM_EBUG, "the object code has no kernel '%s'", name);
}

void compile_close_image(compile_image *c) {
  if (c->image)
    codegen_unlink(c->image);
  c->image = NULL;
  compile_close_providers(c->providers);
}

loom_status compile_bind_call(compile_state *s, const compile_image *code, void *const *by_root, run_team *team, compile_call *out) {
  const cpu_grid *p = &s->grid;
  *out = (compile_call){.fn = code->fn, .sizes = open_sizes(s), .kept = kept_memory(s)};
  out->buffers = compile_order_buffers(s, by_root, out->kept, &out->n_buffers);
  LOOM_TRY(compile_offer_kernel(s, code->providers, by_root, out));
  return p->n_dims ? run_open_call(s->ctx, &(run_program){code->fn, p->n_dims, p->count, p->workspace_bytes}, out->buffers, out->n_buffers, team, &out->cores) : LOOM_OK;
}

/* As many threads as the options say, but no more than cores. */
static int threads_of(const compile_state *s) {
  int64_t cores = 1;
  for (int d = 0; d < s->grid.n_dims; d++)
    cores *= s->grid.count[d];
  const int wanted = s->o->run_threads > 0 ? s->o->run_threads : threads_available();
  return wanted < cores ? wanted : (int)cores;
}

/* On a team of its own. */
static loom_status open_call(compile_state *s, const compile_image *code, void *const *by_root, compile_call *out) {
  run_team *team = s->grid.n_dims ? run_open_team(s->ctx, threads_of(s)) : NULL;
  loom_status st = compile_bind_call(s, code, by_root, team, out);
  if (st == LOOM_OK)
    out->own_team = team;
  else
    run_close_team(team);
  return st;
}

loom_status compile_open_call(compile_state *s, const compile_image *code, const interp_tensor *inputs, void **by_root, compile_call *out) {
  *out = (compile_call){0};
  LOOM_TRY(make_memory(s, inputs, NULL, by_root));
  return open_call(s, code, by_root, out);
}

void compile_make_call(const compile_call *c) {
  if (c->offer && loom_kernel_offer(c->link, 0, c->offer) == 0)
    return;
  if (c->cores)
    run_make_call(c->cores);
  else
    c->fn(c->buffers, c->sizes);
}

void compile_close_call(compile_call *c) { run_close_team(c->own_team); }

/* ---- a run ---- */

typedef struct host_run { interp_tensor *shapes; void **bytes; } host_run;
typedef struct confined { loom_status (*work)(void *data); void *data; loom_status *status; } confined;      /* status: in shared memory */

static void work_there(void *data) {
  const confined *c = data;
  *c->status = c->work(c->data);
}

loom_status compile_confine(compile_state *s, loom_status (*work)(void *data), void *data) {
  run_pieces shared = {0};
  void *status;
  LOOM_TRY(run_pieces_add(s->ctx, &shared, sizeof(loom_status), &status));
  confined c = {work, data, status};
  loom_status st = run_child_compute(s->ctx, arena_printf(&s->ctx->mem, "kernel '%s'", s->kernel->name), work_there, &c);
  if (st == LOOM_OK && *c.status != LOOM_OK)
    st = diag_error(s->ctx, LOOM_NOSPAN, *c.status, "kernel '%s' cannot be called: %s", s->kernel->name, loom_status_text(*c.status));
  run_pieces_close(&shared);
  return st;
}

typedef struct calling { compile_state *s; const compile_image *code; void *const *by_root; } calling;

static loom_status call_there(void *data) {
  const calling *c = data;
  compile_call call;
  LOOM_TRY(open_call(c->s, c->code, c->by_root, &call));
  compile_make_call(&call);
  compile_close_call(&call);
  return LOOM_OK;
}

static loom_status call_here(compile_state *s, const compile_image *code, void *const *by_root) {
  compile_call c;
  run_stage_enter("run");
  LOOM_TRY(open_call(s, code, by_root, &c));
  compile_make_call(&c);
  loom_status st = provider_link_verdict(s->ctx, c.link);
  compile_close_call(&c);
  return st;
}

static void *copy_of(arena *m, const void *bytes, size_t n) {
  void *copy = arena_alloc(m, n);
  if (n)
    memcpy(copy, bytes, n);
  return copy;
}

static loom_status call(compile_state *s, const compile_image *code, const compile_results *all, void *const *by_root, host_run *out) {
  const bool is_here = s->o->providers || run_child_threads() > 1;      /* providers are trusted, and keep counts and states here; the threads of a model are its kernels' */
  LOOM_TRY(is_here ? call_here(s, code, by_root) : compile_confine(s, call_there, &(calling){s, code, by_root}));
  out->shapes = ARENA_NEW_N(&s->ctx->mem, interp_tensor, all->n);
  out->bytes = ARENA_NEW_N(&s->ctx->mem, void *, all->n);
  for (size_t i = 0; i < all->n; i++) {
    if (all->at[i].tensor < 0)
      continue;
    void *root = by_root[kernel_root(s->kernel, all->at[i].tensor)];
    LOOM_TRY(compile_dense_result(s, all->at[i].tensor, root, &out->shapes[i], &out->bytes[i]));
    if (out->bytes[i] == root)      /* shared memory goes with the run, results stay */
      out->bytes[i] = copy_of(&s->ctx->mem, root, (size_t)out->shapes[i].elems * dtype_bytes(out->shapes[i].type));
  }
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

static loom_status run_opened(compile_state *s, const run_options *r, const compile_image *code, const compile_results *all, bool integers, interp_tensor *t, void *const *by_root,
                              compile_execution *out) {
  interp_tensor *want = NULL;
  host_run got;
  if (r->check) {   /* before the call: machine code does not look whether an index of the data is inside of its tensor */
    LOOM_TRY(compile_interpret(s, t, integers));
    LOOM_TRY(compile_read_results(s, all, t, &want));
  }
  LOOM_TRY(call(s, code, all, by_root, &got));
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

static loom_status run(compile_state *s, const run_options *r, const compile_image *code, const compile_results *all, bool integers, compile_execution *out) {
  interp_tensor *t = ARENA_NEW_N(&s->ctx->mem, interp_tensor, s->kernel->tensors.n);
  void **by_root = ARENA_NEW_N(&s->ctx->mem, void *, s->kernel->tensors.n);
  run_pieces shared = {0};
  LOOM_TRY(compile_make_inputs(s, r, integers, t));
  loom_status st = make_memory(s, t, &shared, by_root);   /* copies: the interpreter works in its arguments */
  if (st == LOOM_OK)
    st = run_opened(s, r, code, all, integers, t, by_root, out);
  run_pieces_close(&shared);
  return st;
}

static bool takes_floats_only(const kernel_graph *k) {
  for (size_t i = 0; i < k->tensors.n; i++)
    if (k->tensors.at[i].role == KERNEL_ARG && !dtype_is_float(k->tensors.at[i].shape.type))
      return false;
  return true;
}

loom_status compile_execute_host(compile_state *s, const run_options *r, compile_execution *out) {
  compile_results all = compile_list_results(&s->ctx->mem, s->kernel);
  compile_image code;
  LOOM_TRY(compile_open_image(s, &code));
  loom_status st = run(s, r, &code, &all, false, out);
  /* indices that are made up as small whole numbers could point anywhere, so only kernels of floats run once more */
  if (st == LOOM_OK && r->check && compile_is_whole(s->kernel) && takes_floats_only(s->kernel)) {
    out->check.integers_run = true;
    st = run(s, r, &code, &all, true, out);
  }
  st = compile_judge_providers(s, code.providers, st);
  compile_close_image(&code);
  return st;
}
