/* What the ops of an adl module mean.  There were three arrangements:
 *   system = compose arch[mesh, movers], mem[DRAM]     mesh = scale [x, y] of core     core = compose arch[units], mem[L1]
 *   the same with the cores' memories spread over [x, y] listed in the system too (several at a core)
 *   mesh = scale [x, y] of element                     element = compose arch[units, movers], mem[DRAM, SRAM, ..], each spread over [x, y] */
#include "base/text.h"
#include "machine/machine_adl.h"

typedef struct reader { loom_ctx *ctx; const adl_file *file; const adl_op *scale; } reader;

/* ---- memories ---- */

static bool has_use(const adl_uses *list, const adl_op *op) {
  for (size_t i = 0; i < list->n; i++)
    if (list->at[i] == op)
      return true;
  return false;
}

/* Instances of a memory and the bytes of one.  `is_core`: those of one core, dims of the mesh do not count. */
static machine_memory as_memory(const reader *r, const adl_op *op, bool is_core) {
  machine_memory m = {.name = op->name, .instances = 1, .span = op->span};
  for (; op->kind == ADL_ARRAY; op = op->of)
    for (size_t i = 0; i < op->dims.n; i++)
      if (m.instances <= MACHINE_CORES_MAX && !(is_core && has_use(&r->scale->dims, op->dims.at[i])))
        m.instances *= op->dims.at[i]->size;
  m.bytes = op->block_bytes * op->size;
  return m;
}

static int64_t block_bytes(const adl_op *op) {
  while (op->kind == ADL_ARRAY)
    op = op->of;
  return op->block_bytes;
}

/* One of the memories of `compose`, the DRAM `except` left out. */
static loom_status pick_memory(const reader *r, const adl_op *compose, const char *const *preferred, const adl_op *except, const char *what, const adl_op **out) {
  VEC_OF(machine_memory) list = {0};
  machine_memory picked;
  for (size_t i = 0; i < compose->memories.n; i++)
    if (compose->memories.at[i] != except)
      vec_push(&r->ctx->scratch, &list, as_memory(r, compose->memories.at[i], false));
  LOOM_TRY(machine_arch_pick(r->ctx, compose->span, list.at, list.n, preferred, what, &picked));
  for (size_t i = 0; i < compose->memories.n; i++)
    if (compose->memories.at[i] != except && text_eq(compose->memories.at[i]->name, picked.name))
      *out = compose->memories.at[i];
  return LOOM_OK;
}

static void add_memories(const reader *r, machine_arch *a) {
  for (size_t i = 0; i < r->file->ops.n; i++) {
    const adl_op *op = r->file->ops.at[i];
    bool is_part = false, is_known = false;      /* a bank of an array that has a name of its own; an array of all cores' L1 */
    for (size_t k = 0; k < r->file->ops.n; k++)
      is_part = is_part || (r->file->ops.at[k]->kind == ADL_ARRAY && r->file->ops.at[k]->of == op && op->kind == ADL_BANK);
    for (size_t k = 0; k < a->memories.n; k++)
      is_known = is_known || text_eq(a->memories.at[k].name, op->name);
    if (adl_is(op, ADL_MEMORIES) && !is_part && !is_known)
      vec_push(&r->ctx->mem, &a->memories, as_memory(r, op, false));
  }
}

/* ---- the mesh and what is around it ---- */

static loom_status find_scale(reader *r) {
  for (size_t i = 0; i < r->file->ops.n; i++) {
    if (r->file->ops.at[i]->kind != ADL_SCALE)
      continue;
    if (r->scale)
      LOOM_FAIL(r->ctx, r->file->ops.at[i]->span, LOOM_EUNSUP, "a second adl.arch.scale; a machine is one mesh of cores");
    r->scale = r->file->ops.at[i];
  }
  if (r->scale && r->scale->of->kind == ADL_COMPOSE)
    return LOOM_OK;
  diag_error(r->ctx, r->scale ? r->scale->span : r->file->span, LOOM_EINPUT, "there is no mesh: no adl.arch.scale of a core");
  diag_help(r->ctx, "add adl.arch.scale \"mesh\", [%%x, %%y] of %%core");
  return LOOM_EINPUT;
}

/* The composition whose memory is the DRAM: the one that holds the mesh; without it the element that the mesh is made of, if it has more than its own memory. */
static loom_status find_system(const reader *r, const adl_op **out) {
  *out = r->scale->of;
  for (size_t i = 0; i < r->file->ops.n; i++)
    if (r->file->ops.at[i]->kind == ADL_COMPOSE && has_use(&r->file->ops.at[i]->archs, r->scale)) {
      *out = r->file->ops.at[i];
      return LOOM_OK;
    }
  if ((*out)->memories.n > 1)
    return LOOM_OK;
  LOOM_FAIL(r->ctx, r->scale->span, LOOM_EINPUT, "no adl.arch.compose holds the mesh '%s': nothing says what its DRAM is", r->scale->name);
}

static const char *unit_kind(const reader *r, const adl_op *op) {
  for (size_t i = 0; i < r->file->modules.n; i++)
    if (text_eq(r->file->modules.at[i].name, op->name))
      return machine_proc_is_matrix(&r->file->modules.at[i]) ? "matrix" : "vector";
  return strstr(op->name, "mat") ? "matrix" : "vector";      /* no functions tell: the name does */
}

/* Exports call the links of a torus so. */
static bool is_torus(const reader *r) {
  for (size_t i = 0; i < r->file->ops.n; i++)
    if (adl_is(r->file->ops.at[i], ADL_RESOURCES) && strstr(r->file->ops.at[i]->name, "torus"))
      return true;
  return false;
}

static loom_status add_processors(const reader *r, machine_arch *a) {
  const adl_op *core = r->scale->of;
  for (size_t i = 0; i < core->archs.n; i++)
    if (core->archs.at[i]->kind == ADL_COMPUTE)
      vec_push(&r->ctx->mem, &a->units, ((arch_unit){core->archs.at[i]->name, unit_kind(r, core->archs.at[i]), core->archs.at[i]->span}));
  for (size_t i = 0; i < r->file->ops.n; i++) {
    const adl_op *op = r->file->ops.at[i];
    if (op->kind != ADL_MOVER)
      continue;
    vec_push(&r->ctx->mem, &a->movers, ((arch_mover){op->name, op->span}));
    for (size_t k = 0; k < op->from.n; k++)
      vec_push(&r->ctx->mem, &a->paths, ((machine_path){op->name, op->from.at[k]->name, op->to.at[k]->name, op->span}));
  }
  if (!a->movers.n)
    LOOM_FAIL(r->ctx, r->file->span, LOOM_EINPUT, "there is no adl.processor.dmover: nothing brings data to the cores");
  return LOOM_OK;
}

loom_status machine_adl_arch(loom_ctx *ctx, const adl_file *f, machine_arch *a) {
  reader r = {.ctx = ctx, .file = f};
  const adl_op *l1, *dram, *system;
  LOOM_TRY(find_scale(&r));
  LOOM_TRY(find_system(&r, &system));
  LOOM_TRY(pick_memory(&r, system, machine_dram_names, NULL, "the DRAM", &dram));
  LOOM_TRY(pick_memory(&r, r.scale->of, machine_l1_names, dram, "the core's memory", &l1));
  *a = (machine_arch){.form = "adl file", .span = f->span, .l1 = as_memory(&r, l1, true), .dram = as_memory(&r, dram, false), .dram_page_bytes = block_bytes(dram)};
  for (size_t i = 0; i < r.scale->dims.n; i++) {
    vec_push(&ctx->mem, &a->mesh, ((machine_dim){r.scale->dims.at[i]->name, r.scale->dims.at[i]->size, is_torus(&r)}));
    vec_push(&ctx->mem, &a->mesh_span, r.scale->dims.at[i]->span);
  }
  add_memories(&r, a);
  return add_processors(&r, a);
}
