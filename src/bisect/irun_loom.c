/* Operations of dialect loom: block sizes, buffers of a core, and what moves tiles.  A slot that is taken is memory of its own with nothing in it.  Every core
 * of a multicast reads its own part of DRAM, as its copy says: who sends to whom is told by the TOG. */
#include "bisect/irun.h"
#include <math.h>

static bool run_sym(irun *r, MlirOperation op, int id) {
  const char *name = dialect_sym_name(r->mem, op);
  (void)id;
  for (size_t i = 0; name && i < r->o->n_symbols; i++)
    if (text_eq(r->o->symbols[i].name, name)) {
      irun_set_scalar(r, op, DTYPE_I64, (double)r->o->symbols[i].value, -1);
      return true;
    }
  return false;
}

/* The ring that slots are taken from. */
static bool run_alloc(irun *r, MlirOperation op, int id) {
  dialect_alloc a;
  dtype type;
  (void)id;
  if (!dialect_read_alloc(r->mem, op, &a) || !irun_type(a.type, &type) || mlirShapedTypeGetRank(a.type) > FLOW_RANK_MAX)
    return false;
  irun_view v = {.rank = (int)mlirShapedTypeGetRank(a.type)};
  flow_memory *m = ARENA_NEW(r->mem, flow_memory);
  for (int d = 0; d < v.rank; d++)
    v.size[d] = mlirShapedTypeGetDimSize(a.type, d);
  *m = (flow_memory){.name = a.name ? a.name : "buffer", .type = type, .rank = v.rank};
  v.memory = m;
  *irun_slot(r, ir_result(op, 0)) = (irun_value){.kind = IRUN_MEMORY, .type = type, .node = -1, .view = v};
  return true;
}

static bool run_take(irun *r, MlirOperation op, int id) {
  irun_view ring = irun_operand(r, op, 0)->view;
  (void)id;
  if (!ring.memory)
    return false;
  flow_memory *m = flow_new_memory(r->flow, ring.memory->name, ring.memory->type, ring.rank, ring.size);
  for (int64_t i = 0; i < m->elems; i++)
    m->x[i] = NAN;
  *irun_slot(r, ir_result(op, 0)) = (irun_value){.kind = IRUN_MEMORY, .type = m->type, .node = -1, .view = irun_whole(m)};
  return irun_spend(r, op, m->elems);
}

static bool run_give(irun *r, MlirOperation op, int id) {
  (void)r, (void)op, (void)id;
  return true;
}

static bool is_slot(const irun_view *v) { return v->memory->writer != NULL; }

static bool run_copy(irun *r, MlirOperation op, int id) {
  dialect_copy c;
  (void)id;
  if (!dialect_read_copy(r->mem, op, &c))
    return false;
  irun_view from = irun_slot(r, c.src)->view, to = irun_slot(r, c.dst)->view;
  if (!from.memory || !to.memory || !is_slot(&from) || !is_slot(&to))
    return false;
  if (!irun_check_view(r, op, &from) || !irun_check_view(r, op, &to))
    return false;
  int64_t size[FLOW_RANK_MAX] = {0}, n = 1, m = 1;
  for (int d = 0; d < from.rank; d++) {
    size[d] = from.size[d] > 0 ? from.size[d] : 0;
    n *= size[d];
  }
  for (int d = 0; d < to.rank; d++)
    m *= to.size[d] > 0 ? to.size[d] : 0;
  if (n != m)
    return irun_stop(r, op, BISECT_BROKE, "what it moves and where it goes have different sizes");
  double *x = irun_copy_out(r, &from);
  size_t before = r->flow->nodes.n;
  int source = irun_read(r, op, &from, from.memory->type, x, false), node = source;
  if (text_eq(c.dst_space, "mem_DRAM") || (size_t)source < before) {   /* reading it from several places made one already */
    node = irun_add(r, op, FLOW_MOVE, 1, &source, from.memory->type, from.rank, size, x);
    r->flow->nodes.at[node].where = text_eq(c.dst_space, "mem_DRAM") ? to.memory->name : from.memory->name;
  }
  irun_write(r, &to, x, node);
  return irun_spend(r, op, n);
}

irun_fn irun_loom_handler(const char *name) {
  static const struct { const char *name; irun_fn run; } known[] = {
      {"loom.sym", run_sym}, {"loom.alloc", run_alloc}, {"loom.semaphore_take", run_take}, {"loom.semaphore_give", run_give}, {"loom.copy", run_copy}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (text_eq(known[i].name, name))
      return known[i].run;
  return NULL;
}
