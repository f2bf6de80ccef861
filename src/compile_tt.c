#include "compile_tt.h"
#include "base/clock.h"
#include "base/file.h"
#include <string.h>

loom_status compile_tt_check_machine(compile_state *s) {
  if (text_eq(s->machine->target_kind, "tt"))
    return LOOM_OK;
  diag_error(s->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "machine '%s' is no Tenstorrent board: there is no tt-metal program for it", s->machine->name);
  diag_help(s->ctx, "say --machine wormhole or blackhole, or give the machine's file the line target: {kind: tt, arch: wormhole}");
  return LOOM_EUSAGE;
}

/* ---- types ---- */
static bool has_tiles(dtype t) { return t == DTYPE_BF16 || t == DTYPE_F32; }

loom_status compile_tt_retype(compile_state *s) {
  loom_status st = LOOM_OK;
  if (!s->kernel)
    return LOOM_OK;                                       /* MLIR text: its types are looked at when they are memory */
  for (size_t i = 0; i < s->kernel->values.n; i++)
    s->is_retyped |= s->kernel->values.at[i].type.type == DTYPE_F16;
  LOOM_TRY(kernel_retype(s->ctx, s->kernel, DTYPE_F16, DTYPE_BF16));
  for (size_t i = 0; i < s->kernel->tensors.n; i++) {
    const kernel_tensor_info *t = &s->kernel->tensors.at[i];
    if (t->role != KERNEL_VIEW && !has_tiles(t->shape.type))
      st = diag_error(s->ctx, t->span, LOOM_EUNSUP, "'%s' is of %s; programs for Tenstorrent boards hold float32 and bfloat16 (and float16 as bfloat16)", t->name, dtype_torch(t->shape.type));
  }
  return st;
}

static loom_status check_memory(compile_state *s) {
  loom_status st = LOOM_OK;
  for (size_t i = 0; i < s->tog->tensors.n; i++) {
    const tog_tensor *t = &s->tog->tensors.at[i];
    if (has_tiles(t->type))
      continue;
    st = diag_error(s->ctx, diag_file_span(s->ctx, s->o->input), LOOM_EUNSUP, "'%s' is of %s; programs for Tenstorrent boards hold f32 and bf16", t->name, dtype_mlir(t->type));
    if (t->type == DTYPE_F16)
      diag_help(s->ctx, "write bf16 for f16 in the MLIR text; only kernels in Python and kernel graphs are retyped");
  }
  return st;
}

/* ---- the plan in words ---- */
static const char *summary(compile_state *s) {
  arena *m = &s->ctx->mem;
  const plan *p = s->plan;
  const plan_candidate *c = &p->candidate;
  text t = text_new(m);
  text_addf(&t, "mapping      %s %s, loop order %s\n", plan_split_string(m, &c->mapping), plan_map_string(m, &c->mapping), plan_order_string(m, &c->mapping));
  text_add(&t, "block sizes ");
  for (size_t i = 0; i < p->blocks.n; i++)
    text_addf(&t, " %s=%" PRId64, p->blocks.at[i].symbol, p->blocks.at[i].size);
  text_add(&t, "\n");
  for (int i = 0; i < c->n_access; i++)
    text_addf(&t, "%-12s %s: %s\n", c->access[i].is_store ? "store" : "load", c->access[i].name, plan_access_label(m, &c->mapping, &c->access[i]));
  text_addf(&t, "predicted    %s cycles", text_thousands(m, p->predicted_cycles));
  return text_str(&t);
}

/* ---- files ---- */
static void add(compile_state *s, compile_tt *t, const char *name, const char *content) { vec_push(&s->ctx->mem, &t->files, ((compile_tt_file){name, content})); }

static loom_status emit(compile_state *s, const compile_tt_options *o, compile_tt *out) {
  arena *m = &s->ctx->mem;
  double start = clock_ms();
  machine board = *s->machine;
  board.l1_bytes += s->o->board_reserve_bytes;            /* what plans leave free is there */
  LOOM_TRY(check_memory(s));
  LOOM_TRY(dialect_load_ttkernel(&s->ir));
  LOOM_TRY(tt_lower(&s->ir, s->tog, &board, summary(s), o->lower, &out->program));
  MlirOperation module = mlirModuleGetOperation(out->program.module);
  ir_set_attr(module, "loom.kernel", ir_str_attr(&s->ir, out->program.kernel));
  ir_set_attr(module, "loom.machine", ir_str_attr(&s->ir, out->program.machine));
  ir_set_attr(module, "loom.summary", ir_str_attr(&s->ir, out->program.summary));
  for (int r = 0; r < TT_ROLES; r++) {
    const char *kernel;
    LOOM_TRY(tt_print_kernel(&s->ir, out->program.module, (tt_role)r, o->object_api, &kernel));
    add(s, out, arena_printf(m, "%s.cpp", tt_role_name((tt_role)r)), kernel);
  }
  add(s, out, "host.cpp", tt_print_host(m, &out->program));
  add(s, out, "README.md", tt_print_readme(m, &out->program));
  add(s, out, "CMakeLists.txt", tt_print_cmake(m, &out->program));
  add(s, out, "kernels.mlir", ir_print(m, module, false));
  out->ms = clock_ms() - start;
  return LOOM_OK;
}

/* How much more than the L1 the circular buffers of a program take. */
static int64_t excess(const compile_state *s, const tt_program *p) {
  int64_t bytes = 0;
  for (size_t i = 0; i < p->cbs.n; i++)
    bytes += p->cbs.at[i].shares ? 0 : p->cbs.at[i].page_bytes * p->cbs.at[i].pages;
  return bytes - s->machine->l1_bytes - s->o->board_reserve_bytes;
}

loom_status compile_tt_compile(loom_ctx *ctx, compile_options *o, const compile_tt_options *how, compile_state *s, compile_tt *out) {
  enum { ATTEMPTS_MAX = 8 };
  for (int i = 1;; i++) {
    const diag_mark before = diag_save(ctx);
    *out = (compile_tt){0};
    LOOM_TRY(compile_kernel(ctx, o, s));
    loom_status st = emit(s, how, out);
    int64_t over = st == LOOM_ELIMIT ? excess(s, &out->program) : 0;
    if (over <= 0 || i == ATTEMPTS_MAX || o->plan || o->n_domains || o->board_reserve_bytes + over >= s->machine->l1_bytes)
      return st;
    diag_drop(ctx, before);
    compile_tt_close(out);
    compile_done(s);
    o->board_reserve_bytes += 2 * over;                   /* the next plan rounds up too */
  }
}

void compile_tt_close(compile_tt *t) { ir_close_module(t->program.module); }

loom_status compile_tt_write(compile_state *s, const compile_tt *t, const char *dir) {
  LOOM_TRY(file_make_dirs(s->ctx, dir));
  for (size_t i = 0; i < t->files.n; i++)
    LOOM_TRY(file_write(s->ctx, file_join(&s->ctx->mem, dir, t->files.at[i].name), t->files.at[i].content, strlen(t->files.at[i].content)));
  return LOOM_OK;
}
