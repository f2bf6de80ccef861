/* Calls: descriptors of the arguments in, values out of the results' descriptors. */
#include "base/shape.h"
#include "program/program_private.h"
#include <string.h>

_Thread_local program *program_running;

_Noreturn void program_stop(loom_status st) {
  program_running->stopped = st;
  longjmp(program_running->stop, 1);   /* only machine code of the program lies between: it has nothing to unwind */
}

_Noreturn void program_stop_call(loom_status st) { program_stop(st); }

void program_grant(arena *mem, program_grants *grants, const char *name, void (*f)(void)) {
  codegen_symbol s = {.name = name};
  memcpy(&s.address, &f, sizeof s.address);
  vec_push(mem, grants, s);
}

void program_gather(const program_memref *m, int rank, size_t width, void *to) {
  const int64_t *size = m->sizes, *stride = m->sizes + rank;
  int64_t index[RUN_RANK_MAX] = {0}, elems = shape_elements(rank, size), at = m->offset;
  for (int64_t i = 0; i < elems; i++) {
    memcpy((char *)to + (size_t)i * width, (const char *)m->aligned + at * (int64_t)width, width);
    for (int d = rank - 1; d >= 0; d--) {
      at += stride[d];
      if (++index[d] < size[d])
        break;
      at -= stride[d] * size[d];
      index[d] = 0;
    }
  }
}

/* The argument's bytes, copied, behind a descriptor of their shape. */
static void *argument_slot(arena *mem, const run_value *v) {
  size_t bytes = (size_t)v->elems * run_element_bytes(&v->type);
  char *copy = arena_alloc(mem, bytes + 64 + 8), *aligned = (char *)(((uintptr_t)copy + 63) & ~(uintptr_t)63);
  if (bytes)
    memcpy(aligned, v->bytes, bytes);
  if (v->is_scalar)
    return aligned;
  program_memref *m = arena_alloc(mem, sizeof *m + 2 * (size_t)v->rank * sizeof(int64_t));
  m->allocated = m->aligned = aligned;
  int64_t stride = 1;
  for (int d = v->rank - 1; d >= 0; d--) {
    m->sizes[d] = v->shape[d];
    m->sizes[v->rank + d] = stride;
    stride *= v->shape[d];
  }
  return m;
}

static void *result_slot(arena *mem, const run_value_type *t) { return arena_alloc(mem, sizeof(program_memref) + (2 * (size_t)t->rank + 2) * sizeof(int64_t)); }

static run_value take_result(arena *mem, const run_value_type *t, void *slot) {
  run_value v = *t;
  size_t width = run_element_bytes(&t->type);
  v.elems = 1;
  if (t->is_scalar) {
    v.bytes = slot;
    return v;
  }
  program_memref *m = slot;
  for (int d = 0; d < t->rank; d++) {
    v.shape[d] = m->sizes[d];
    v.elems *= m->sizes[d];
  }
  v.bytes = arena_alloc(mem, (size_t)v.elems * width + 8);
  program_gather(m, t->rank, width, v.bytes);
  return v;
}

/* A buffer may be several results: it is given back once. */
static void give_back_results(const program_function *f, void *const *slots) {
  for (int i = 0; i < f->n_results; i++) {
    bool is_first = !f->results[i].is_scalar;
    for (int k = 0; k < i && is_first; k++)
      is_first = f->results[k].is_scalar || ((const program_memref *)slots[k])->allocated != ((const program_memref *)slots[i])->allocated;
    if (is_first)
      program_give_back(((const program_memref *)slots[i])->allocated);
  }
}

loom_status program_call(program *p, const program_function *f, const run_value *args, run_value *results) {
  arena *mem = &p->ctx->mem;
  cpu_program_fn fn;
  void *address = codegen_lookup(p->image, cpu_program_symbol(mem, f->name)), **slots = ARENA_NEW_N(mem, void *, f->n_args + f->n_results + 1);
  if (!address)
    LOOM_FAIL(p->ctx, f->span, LOOM_EBUG, "the object code has no function '%s'", f->name);
  memcpy(&fn, &address, sizeof fn);
  for (int i = 0; i < f->n_args; i++)
    slots[i] = argument_slot(mem, &args[i]);
  for (int i = 0; i < f->n_results; i++)
    slots[f->n_args + i] = result_slot(mem, &f->results[i]);
  program_running = p;
  p->stopped = LOOM_OK;
  if (setjmp(p->stop) == 0) {
    fn(slots);
    p->stopped = provider_link_verdict(p->ctx, p->link);
    for (int i = 0; i < f->n_results; i++)
      results[i] = take_result(mem, &f->results[i], slots[f->n_args + i]);
    give_back_results(f, slots + f->n_args);
    p->leaked += p->live;
  }
  program_free_all(p);
  program_running = NULL;
  return p->stopped;
}

static loom_status link_program(program *p, const program_options *o, const char *object, size_t size, program_grants *grants) {
  static const provider_options none = {0};
  codegen_symbol providers[CPU_PROVIDER_GRANTS];
  cpu_grant_providers(p->link, providers);
  for (size_t i = 0; i < CPU_PROVIDER_GRANTS; i++)
    vec_push(&p->ctx->mem, grants, providers[i]);
  LOOM_TRY(provider_set_open(p->ctx, o->providers ? o->providers : &none, &p->providers));
  LOOM_TRY(cpu_program_link(p->ctx, object, size, grants->at, grants->n, &p->image));
  return cpu_bind_providers(p->ctx, p->image, p->link, &p->providers);
}

loom_status program_compile(ir_ctx *ir, MlirModule m, const program_options *o, program **out) {
  loom_ctx *ctx = ir->ctx;
  program *p = ARENA_NEW(&ctx->mem, program);
  program_grants grants = {0};
  char *object;
  size_t size;
  p->ctx = ctx;
  p->link = provider_link_new(&ctx->mem);
  *out = p;
  program_grant_memory(&ctx->mem, &grants);
  for (size_t i = 0; i < o->n_calls; i++)
    vec_push(&ctx->mem, &grants, o->calls[i]);
  LOOM_TRY(program_lower(ir, m, o, &p->checks, &p->places, &grants));
  LOOM_TRY(program_add_late(ir, m, o));
  LOOM_TRY(cpu_program_object(ir, m, &(cpu_leaves){.products = o->providers != NULL}, &object, &size));
  return link_program(p, o, object, size, &grants);
}

void program_close(program *p) {
  if (p && p->image)
    codegen_unlink(p->image);
  if (p && p->link) {
    provider_link_close(p->link);
    provider_set_close(&p->providers);
  }
}

data_value *program_kernels(program *p) { return provider_link_report(&p->ctx->mem, p->link); }

program_check *program_checks(program *p, size_t *out_n) {
  *out_n = p->checks.n;
  return p->checks.at;
}

int64_t program_leaked(const program *p) { return p->leaked; }
