/* Programs for NPUs and for Tenstorrent boards, compiled as `loom run` does: half of them by the search's plan, half by one that is drawn. */
#include "soak.h"
#include "base/data.h"
#include "compile_npu.h"
#include "compile_plans.h"
#include "compile_tt.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { NPU_ONE_IN = 2, TT_ONE_IN = 200, COMMON_TT_ONE_IN = 3, SEARCH_BUDGET = 20000, TT_SEEDS = 1 };

/* The inputs as arrays that a run is given. */
static run_options with_inputs(soak_case *c) {
  arena *m = &c->ctx->mem;
  const kernel_graph *k = c->graph;
  run_binding *b = ARENA_NEW_N(m, run_binding, k->tensors.n);
  size_t n = 0;
  for (size_t i = 0; i < k->tensors.n; i++) {
    if (k->tensors.at[i].role != KERNEL_ARG)
      continue;
    npy_array *a = ARENA_NEW(m, npy_array);
    *a = (npy_array){.type = c->inputs[i].type, .rank = c->inputs[i].rank, .elems = c->inputs[i].elems, .data = compile_to_bytes(m, &c->inputs[i])};
    memcpy(a->shape, c->inputs[i].shape, sizeof(int64_t) * (size_t)a->rank);
    b[n++] = (run_binding){.name = k->tensors.at[i].name, .array = a};
  }
  return (run_options){.check = true, .seed = 1, .inputs = b, .n_inputs = n};
}

static compile_options options(soak_case *c, const machine *m) {
  compile_options o = soak_compile_options(c, m);
  o.op_budget = SEARCH_BUDGET;
  o.stop_after = COMPILE_TOG;
  return o;
}

/* A file of memory with the plan; its descriptor, -1 where there is none. */
static int write_plan(arena *m, const plan *p) {
  const char *json = data_write_json(m, plan_to_data(m, p), 1);
  const size_t size = strlen(json);
  const int fd = memfd_create("plan", MFD_CLOEXEC);
  if (fd >= 0 && write(fd, json, size) == (ssize_t)size)
    return fd;
  if (fd >= 0)
    close(fd);
  return -1;
}

/* A random legal plan for the machine, as for a chip; -1: the search's, because of the draw or because none that was drawn fits.  What a program of the target
 * needs beyond it is found out when it is compiled: then it is refused. */
static int draw_plan(soak_case *c, const machine *m, soak_engine e, compile_options *o) {
  rng r = rng_new(c->seed * 17 + (uint64_t)e);
  compile_options of_chip;
  compile_state s;
  plans_space x;
  plan *drawn = NULL;
  if (rng_range(&r, 0, 1))
    return -1;
  diag_mark before = diag_save(c->ctx);
  loom_status st = soak_open(c, m, &of_chip, &s);
  if (st == LOOM_OK)
    st = plans_open(&s, &x);
  if (st == LOOM_OK)
    st = plans_draw(&x, &r, &drawn);
  const int fd = st == LOOM_OK && drawn ? write_plan(&c->ctx->mem, drawn) : -1;
  if (fd >= 0) {
    o->plan = arena_printf(&c->ctx->mem, "/proc/self/fd/%d", fd);
    c->now = arena_printf(&c->ctx->mem, "%s %s", c->now, plans_describe(&c->ctx->mem, drawn));
  }
  compile_done(&s);
  diag_drop(c->ctx, before);
  return fd;
}

static void judge(soak_case *c, soak_engine e, const run_check *k) {
  c->out->compared[e]++;
  c->out->unsure += (int)k->unbounded;
  if (k->wrong)
    soak_find(c, e, arena_printf(&c->ctx->mem, "%s: the error is %g, the bound %g; %" PRId64 " of %" PRId64 " elements are wrong", k->where, k->error, k->bound, k->wrong, k->elems));
  else if (k->integers_run && !k->integers_ok)
    soak_find(c, e, "whole numbers differ");
}

void soak_npu(soak_case *c) {
  rng r = rng_new(c->seed + 5);
  if (!soak_wants(c, SOAK_NPU, NPU_ONE_IN) || !c->o->n_npus || c->o->fault)
    return;
  const machine *m = c->o->npus[rng_range(&r, 0, (int64_t)c->o->n_npus - 1)];
  diag_mark before = diag_save(c->ctx);
  compile_options o = options(c, m);
  compile_state s = {0};
  compile_npu npu = {0};
  compile_execution e = {0};
  const run_options run = with_inputs(c);
  c->now = arena_printf(&c->ctx->mem, "--machine %s", m->name);
  const int plan_file = draw_plan(c, m, SOAK_NPU, &o);
  loom_status st = compile_npu_compile(c->ctx, &o, &s, &npu);
  if (st == LOOM_OK)
    st = compile_npu_execute(&s, &npu, &run, &e);
  if (st != LOOM_OK)
    soak_fail(c, SOAK_NPU, st, before);
  else if (e.report.n_faults)
    soak_find(c, SOAK_NPU, e.report.faults.at[0].text);
  else
    judge(c, SOAK_NPU, &e.check);
  compile_npu_close(&npu);
  compile_done(&s);
  if (plan_file >= 0)
    close(plan_file);
}

void soak_tt(soak_case *c) {
  static const char *const boards[] = {"wormhole", "blackhole", "board"};
  const machine *m = NULL;
  if (!soak_wants(c, SOAK_TT, c->gen && c->gen->is_common ? COMMON_TT_ONE_IN : TT_ONE_IN) || !c->o->emulator || c->o->fault)
    return;
  for (size_t i = 0; i < c->o->n_chips; i++)
    if (text_eq(c->o->chips[i]->name, boards[c->seed % (sizeof boards / sizeof *boards)]))
      m = c->o->chips[i];
  if (!m)
    return;
  diag_mark before = diag_save(c->ctx);
  compile_options o = options(c, m);
  const compile_tt_options how = {.object_api = (c->seed / 2) % 2, .lower = {.l1_accumulate = (c->seed / 4) % 4 == 0}};
  run_cache cache = c->o->cache;      /* of the emulation's object code */
  tt_emulation emulation = {.emulator = c->o->emulator, .seeds = TT_SEEDS};
  compile_state s = {0};
  compile_tt board = {0};
  compile_execution e = {0};
  const run_options run = with_inputs(c);
  o.for_board = true;
  o.cache = &cache;
  c->now = arena_printf(&c->ctx->mem, "--machine %s --engine tt-emu%s%s", m->name, how.object_api ? " --tt-api object" : "", how.lower.l1_accumulate ? " --tt-accumulate l1" : "");
  const int plan_file = draw_plan(c, m, SOAK_TT, &o);
  loom_status st = compile_tt_compile(c->ctx, &o, &how, &s, &board);
  if (st == LOOM_OK)
    st = compile_tt_execute(&s, &board, &run, &emulation, &e);
  if (st != LOOM_OK)
    soak_fail(c, SOAK_TT, st, before);
  else
    judge(c, SOAK_TT, &e.check);
  compile_tt_close(&board);
  compile_done(&s);
  if (plan_file >= 0)
    close(plan_file);
}
