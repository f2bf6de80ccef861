/* Engines on this CPU: the kernel's own loops at three levels of optimisation, and random plans. */
#include "base/temporary.h"
#include "soak.h"
#include "compile_native.h"
#include "compile_plans.h"
#include "lower/lower.h"
#include "run/run_cores.h"
#include <stdlib.h>
#include <string.h>

enum { PRODUCT_ONE_IN = 4, O2_ONE_IN = 16, PLANNED_ONE_IN = 3, AOT_ONE_IN = 8 };

static codegen_options level(soak_engine e) { return e == SOAK_O0 ? (codegen_options){.opt_level = 0} : e == SOAK_O2 ? (codegen_options){.opt_level = 2} : cpu_tile_options(NULL); }

static void *address_of(void (*f)(void)) {
  void *p;
  memcpy(&p, &f, sizeof p);
  return p;
}

/* As cpu_link_kernel, and calloc, which LLVM's default<O2> makes of malloc and memset. */
static loom_status link_object(loom_ctx *ctx, const char *object, size_t size, codegen_image **out) {
  const codegen_symbol grants[] = {{"malloc", address_of((void (*)(void))malloc)}, {"calloc", address_of((void (*)(void))calloc)}, {"free", address_of((void (*)(void))free)}};
  return codegen_link(ctx, object, size, &(codegen_options){.grants = grants, .n_grants = sizeof grants / sizeof *grants}, out);
}

/* ---- block sizes ---- */
static void draw_blocks(soak_case *c, sym_binding **out, size_t *out_n) {
  arena *m = &c->ctx->mem;
  kernel_graph *k = c->given;
  rng r = rng_new(c->seed + 7);
  text now = text_new(m);
  int how = (int)rng_range(&r, 0, 3);      /* ones, whole extents, small, any */
  *out = ARENA_NEW_N(m, sym_binding, k->symbols.n);
  *out_n = 0;
  for (size_t i = 0; i < k->symbols.n && how != 1; i++)
    if (k->symbols.at[i].kind == KERNEL_SYM_BLOCK && k->symbols.at[i].value < 0) {
      int64_t size = how == 0 ? 1 : rng_range(&r, 1, how == 2 ? 8 : 70);
      (*out)[(*out_n)++] = (sym_binding){k->symbols.at[i].name, size};
      text_addf(&now, "%s%s=%" PRId64, now.size ? "," : "--block-sizes ", k->symbols.at[i].name, size);
    }
  c->now = now.size ? text_str(&now) : "whole blocks";
}

/* ---- plain loops ---- */
static loom_status call(soak_case *c, compile_state *s, const char *object, size_t size, const char *name, void **by_root) {
  codegen_image *image;
  size_t n;
  LOOM_TRY(soak_make_memory(c, s, by_root));
  void **buffers = compile_order_buffers(s, by_root, NULL, &n);
  LOOM_TRY(link_object(c->ctx, object, size, &image));
  void *address = codegen_lookup(image, name);
  cpu_tile_fn fn;
  memcpy(&fn, &address, sizeof fn);
  if (address)
    fn(buffers, NULL);
  codegen_unlink(image);
  return address ? LOOM_OK : diag_error(c->ctx, LOOM_NOSPAN, LOOM_EBUG, "the object has no kernel '%s'", name);
}

static void run_plain(soak_case *c, compile_state *s, MlirModule lowered, soak_engine e, const interp_tensor *want) {
  const codegen_options o = level(e);
  char *object;
  size_t size;
  diag_mark before = diag_save(c->ctx);
  void **by_root = ARENA_NEW_N(&c->ctx->mem, void *, c->given->tensors.n);
  loom_status st = codegen_object(&s->ir, lowered, &o, &object, &size);
  if (st == LOOM_OK)
    st = call(c, s, object, size, c->given->name, by_root);
  if (st == LOOM_OK && e == SOAK_O0)
    soak_measure(c, s, want, by_root);
  if (st == LOOM_OK)
    soak_judge(c, e, s, want, by_root);
  else
    soak_fail(c, e, st, before);
}

void soak_host(soak_case *c) {
  static const int one_in[] = {[SOAK_O0] = 1, [SOAK_PRODUCT] = PRODUCT_ONE_IN, [SOAK_O2] = O2_ONE_IN};
  sym_binding *given;
  size_t n_given, n;
  const sym_binding *blocks;
  interp_tensor *want;
  MlirModule m = {NULL};
  if (!soak_wants(c, SOAK_O0, 1) && !soak_wants(c, SOAK_PRODUCT, PRODUCT_ONE_IN) && !soak_wants(c, SOAK_O2, O2_ONE_IN))
    return;
  diag_mark before = diag_save(c->ctx);
  draw_blocks(c, &given, &n_given);
  solve_domain *domains = ARENA_NEW_N(&c->ctx->mem, solve_domain, n_given);
  for (size_t i = 0; i < n_given; i++)
    domains[i] = (solve_domain){.symbol = given[i].name, .assigned = given[i].value};
  compile_options o = {.domains = domains, .n_domains = n_given, .accumulate_f32 = true};
  compile_state s = {.ctx = c->ctx, .o = &o, .kernel = c->given};
  loom_status st = kernel_block_sizes(c->ctx, c->given, given, n_given, &blocks, &n);
  if (st == LOOM_OK)
    st = soak_expect(c, NULL, given, n_given, &want);
  if (st == LOOM_OK)
    st = compile_open_ir(&s);
  if (st == LOOM_OK)
    st = lower_kernel_host(&s.ir, c->given, blocks, n, &m);
  if (st == LOOM_OK)
    st = cpu_lower_tiles(&s.ir, m);
  if (st != LOOM_OK)
    soak_fail(c, SOAK_O0, st, before);
  for (soak_engine e = SOAK_O0; st == LOOM_OK && e <= SOAK_O2; e++)
    if (soak_wants(c, e, one_in[e]))
      run_plain(c, &s, m, e, want);
  ir_close_module(m);
  compile_done(&s);
}

/* ---- plans ---- */
/* The cores of a grid one after another, from the last in every other seed, each in a workspace of NaN that ends at a page that is not there. */
static void run_grid(soak_case *c, const compile_state *s, const compile_call *call) {
  const size_t n = call->n_buffers, room = ((size_t)s->grid.workspace_bytes + 63) / 64 * 64;
  void **buffers = ARENA_NEW_N(&c->ctx->mem, void *, n + 1);
  int64_t cores = 1, at[CPU_GRID_MAX];
  for (int d = 0; d < s->grid.n_dims; d++)
    cores *= s->grid.count[d];
  if (n)
    memcpy(buffers, call->buffers, n * sizeof *buffers);
  buffers[n] = room ? soak_memory(c, room, NULL) : NULL;
  for (int64_t i = 0; i < cores; i++) {
    int64_t left = c->seed / 2 % 2 ? cores - 1 - i : i;
    for (int d = s->grid.n_dims - 1; d >= 0; left /= s->grid.count[d--])
      at[d] = left % s->grid.count[d];
    if (room)
      memset(buffers[n], 0xFF, room);
    call->fn(buffers, at);
  }
}

static loom_status make_call(soak_case *c, compile_state *s, soak_engine e, const interp_tensor *want) {
  compile_image code;
  compile_call call;
  void **by_root = ARENA_NEW_N(&c->ctx->mem, void *, s->kernel->tensors.n);
  LOOM_TRY(soak_make_memory(c, s, by_root));
  LOOM_TRY(compile_open_image(s, &code));
  run_team *team = s->grid.n_dims ? run_open_team(c->ctx, 1) : NULL;
  loom_status st = compile_bind_call(s, &code, by_root, team, &call);
  if (st == LOOM_OK) {
    if (call.cores && !call.offer)
      run_grid(c, s, &call);
    else
      compile_make_call(&call);
    soak_judge(c, e, s, want, by_root);
  }
  run_close_team(team);
  compile_close_image(&code);
  return st;
}

static loom_status run_artifact(soak_case *c, compile_state *s, const interp_tensor *want) {
  const char *dir;
  LOOM_TRY(temporary_make(c->ctx, &dir));
  compile_options to = *s->o, from = {.input = dir, .run_threads = 1};
  compile_state read = {0};
  const run_options r = {0};
  const compile_options *own = s->o;
  to.output_dir = dir;
  s->o = &to;
  loom_status st = compile_write_artifact(s);
  s->o = own;
  if (st == LOOM_OK)
    st = compile_open_artifact(c->ctx, &from, &r, &read);
  if (st == LOOM_OK)
    st = make_call(c, &read, SOAK_AOT, want);
  compile_done(&read);
  temporary_remove(dir);
  return st;
}

static loom_status run_planned(soak_case *c, compile_state *s, plans_space *x) {
  rng r = rng_new(c->seed + 11);
  plan *p;
  interp_tensor *want;
  LOOM_TRY(plans_draw(x, &r, &p));
  if (!p)
    LOOM_FAIL(c->ctx, LOOM_NOSPAN, LOOM_EINFEASIBLE, "no plan that was drawn fits");
  c->now = plans_describe(&c->ctx->mem, p);
  LOOM_TRY(plans_bufferize(s, p));
  LOOM_TRY(compile_native_program(s));
  s->is_native = true;
  LOOM_TRY(soak_expect(c, s, NULL, 0, &want));
  const soak_engine e = SOAK_PLANNED;
  MlirModule lowered = ir_clone_module(s->native);
  loom_status st = cpu_lower_tiles(&s->ir, lowered);
  const codegen_options o = level(c->seed % 4 ? SOAK_O0 : SOAK_PRODUCT);
  if (st == LOOM_OK)
    st = codegen_object(&s->ir, lowered, &o, &s->object, &s->object_size);
  ir_close_module(lowered);
  LOOM_TRY(st);
  LOOM_TRY(make_call(c, s, e, want));
  return soak_wants(c, SOAK_AOT, AOT_ONE_IN) ? run_artifact(c, s, want) : LOOM_OK;
}

void soak_planned(soak_case *c) {
  compile_options o;
  compile_state s;
  plans_space x;
  diag_mark before = diag_save(c->ctx);
  if (!soak_wants(c, SOAK_PLANNED, c->gen && c->gen->is_product ? 1 : PLANNED_ONE_IN) && !soak_wants(c, SOAK_AOT, PLANNED_ONE_IN * AOT_ONE_IN))
    return;
  loom_status st = soak_open(c, c->o->host, &o, &s);
  if (st == LOOM_OK)
    st = plans_open(&s, &x);
  if (st == LOOM_OK)
    st = run_planned(c, &s, &x);
  if (st != LOOM_OK)
    soak_fail(c, SOAK_PLANNED, st, before);
  compile_done(&s);
}
