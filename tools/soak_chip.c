/* Random plans on a virtual chip.  The tile functions of all plans of a kernel are compiled as one module. */
#include "soak.h"
#include "compile_plans.h"
#include <string.h>

typedef struct program { tog *tog; plan *plan; const char *now; size_t first; } program;
typedef struct programs { VEC_OF(program) at; text functions; VEC_OF(const char *) names; } programs;

/* "@name(" and "@name " become "@p3_name(": functions of different plans have the same names. */
static void add_functions(soak_case *c, programs *p, const tog *t) {
  for (size_t f = 0; f < t->functions.n; f++) {
    const char *name = t->functions.at[f].name, *new_name = arena_printf(&c->ctx->mem, "p%zu_%s", p->at.n, name), *at = t->functions.at[f].mlir;
    const size_t n = strlen(name);
    for (const char *next; (next = strstr(at, name)); at = next + n) {
      text_add_bytes(&p->functions, at, (size_t)(next - at));
      bool is_name = next > t->functions.at[f].mlir && next[-1] == '@' && strchr("( ", next[n]);
      text_add(&p->functions, is_name ? new_name : name);
    }
    text_add(&p->functions, at);
    text_add(&p->functions, "\n");
    vec_push(&c->ctx->mem, &p->names, new_name);
  }
}

static loom_status draw(soak_case *c, compile_state *s, plans_space *x, int i, programs *p) {
  rng r = rng_new(c->seed * 1000 + (uint64_t)i);
  plan *drawn;
  LOOM_TRY(plans_draw(x, &r, &drawn));
  if (!drawn)
    LOOM_FAIL(c->ctx, LOOM_NOSPAN, LOOM_EINFEASIBLE, "no plan that was drawn fits");
  c->now = arena_printf(&c->ctx->mem, "plan %d: --machine %s %s", i, s->machine->name, plans_describe(&c->ctx->mem, drawn));
  LOOM_TRY(plans_make_program(s, drawn));
  const size_t first = p->names.n;
  add_functions(c, p, s->tog);
  vec_push(&c->ctx->mem, &p->at, ((program){s->tog, drawn, c->now, first}));
  return LOOM_OK;
}

static loom_status compile_all(soak_case *c, compile_state *s, programs *p, codegen_image **image, sim_tile_fn **out) {
  const codegen_options o = c->seed % 8 ? (codegen_options){.opt_level = 0} : cpu_tile_options(NULL);
  MlirModule m;
  char *object;
  size_t size;
  LOOM_TRY(ir_parse(&s->ir, "<tile functions>", text_str(&p->functions), p->functions.size, &m));
  loom_status st = cpu_lower_tiles(&s->ir, m);
  if (st == LOOM_OK)
    st = codegen_object(&s->ir, m, &o, &object, &size);
  ir_close_module(m);
  LOOM_TRY(st);
  LOOM_TRY(codegen_link(c->ctx, object, size, &o, image));
  *out = ARENA_NEW_N(&c->ctx->mem, sim_tile_fn, p->names.n);
  for (size_t i = 0; i < p->names.n; i++) {
    void *address = codegen_lookup(*image, p->names.at[i]);
    if (!address)
      LOOM_FAIL(c->ctx, LOOM_NOSPAN, LOOM_EBUG, "tile function '%s' was not compiled", p->names.at[i]);
    memcpy(&(*out)[i], &address, sizeof address);
  }
  return LOOM_OK;
}

/* The tensors in DRAM as soak_memory has them. */
static void guard(soak_case *c, compile_state *s, void **dram, void **by_root) {
  for (size_t i = 0; i < s->tog->tensors.n; i++) {
    const tog_tensor *t = &s->tog->tensors.at[i];
    const kernel_tensor k = compile_tensor_of_argument(s->kernel, t->arg);
    const bool is_made = t->is_output && !t->is_input && s->kernel->tensors.at[k].role != KERNEL_ARG;
    dram[i] = by_root[k] = soak_memory(c, (size_t)tog_tensor_elems(t) * dtype_bytes(t->type), is_made ? NULL : dram[i]);
  }
}

/* Rows that indices name: which ones, only a run with values knows. */
static bool looks_up(const tog_body *b) {
  for (size_t i = 0; i < b->n; i++)
    if (b->at[i]->box.has_lookup || looks_up(&b->at[i]->body))
      return true;
  return false;
}

/* Values and cycles in one run, then cycles alone. */
static loom_status run(soak_case *c, compile_state *s, const program *p, const sim_tile_fn *functions) {
  arena *m = &c->ctx->mem;
  interp_tensor *want;
  void **dram, **by_root = ARENA_NEW_N(m, void *, s->kernel->tensors.n);
  sim_report values, timing;
  s->tog = p->tog;
  s->plan = p->plan;
  c->now = p->now;
  sym_binding *blocks = ARENA_NEW_N(m, sym_binding, p->plan->blocks.n);
  for (size_t i = 0; i < p->plan->blocks.n; i++)
    blocks[i] = (sym_binding){p->plan->blocks.at[i].symbol, p->plan->blocks.at[i].size};
  soak_count_cells(c, blocks, p->plan->blocks.n, c->out);
  LOOM_TRY(soak_expect(c, s, NULL, 0, &want));
  LOOM_TRY(compile_dram(s, c->inputs, by_root, &dram));
  guard(c, s, dram, by_root);
  sim_exec exec = {functions + p->first, p->tog->functions.n};
  LOOM_TRY(sim_run(c->ctx, p->tog, s->machine, &(sim_options){.exec = &exec, .tensors = dram}, &values));
  if (values.n_faults) {
    soak_find(c, SOAK_CHIP, arena_printf(m, "fault %s: %s", sim_fault_name(values.faults.at[0].kind), values.faults.at[0].text));
    return LOOM_OK;
  }
  soak_judge(c, SOAK_CHIP, s, want, by_root);
  if (looks_up(&p->tog->body))
    return LOOM_OK;
  LOOM_TRY(sim_run(c->ctx, p->tog, s->machine, &(sim_options){0}, &timing));
  if (timing.cycles != values.cycles || timing.n_faults)
    soak_find(c, SOAK_CHIP, arena_printf(m, "%" PRId64 " cycles with values, %" PRId64 " without", values.cycles, timing.cycles));
  return LOOM_OK;
}

static loom_status run_all(soak_case *c, compile_state *s, plans_space *x) {
  programs p = {.functions = text_new(&c->ctx->mem)};
  codegen_image *image = NULL;
  sim_tile_fn *functions;
  for (int i = 0; i < c->o->plans; i++) {
    diag_mark before = diag_save(c->ctx);
    loom_status st = draw(c, s, x, i, &p);
    if (st != LOOM_OK)
      soak_fail(c, SOAK_CHIP, st, before);
  }
  if (!p.at.n)
    return LOOM_OK;
  c->now = arena_printf(&c->ctx->mem, "--machine %s", s->machine->name);
  loom_status st = compile_all(c, s, &p, &image, &functions);
  for (size_t i = 0; i < p.at.n && st == LOOM_OK; i++)
    st = run(c, s, &p.at.at[i], functions);
  if (image)
    codegen_unlink(image);
  return st;
}

void soak_chip(soak_case *c) {
  static const int64_t aligns[] = {0, 0, 1, 2, 5, 8, 16};      /* of block sizes; 0: the machine's */
  compile_options o;
  compile_state s;
  plans_space x;
  rng r = rng_new(c->seed + 3);
  if (!soak_wants(c, SOAK_CHIP, 1) || !c->o->n_chips)
    return;
  diag_mark before = diag_save(c->ctx);
  const machine *m = c->o->chips[rng_range(&r, 0, (int64_t)c->o->n_chips - 1)];
  const int64_t align = aligns[rng_range(&r, 0, (int64_t)(sizeof aligns / sizeof *aligns) - 1)];
  c->now = arena_printf(&c->ctx->mem, "--machine %s", m->name);
  loom_status st = soak_open(c, m, &o, &s);
  if (st == LOOM_OK && align)
    nest_set_alignment(s.nest, align);
  if (st == LOOM_OK)
    st = plans_open(&s, &x);
  if (st == LOOM_OK)
    st = run_all(c, &s, &x);
  if (st != LOOM_OK)
    soak_fail(c, SOAK_CHIP, st, before);
  compile_done(&s);
}
