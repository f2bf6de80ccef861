/* Gathers: the writer of each core sends its slot to a row of the collecting core's slot; that core's reader waits for all of them.
 * Semaphores a gather: `arrived` counts rows at the collecting core; `open`, where gathers repeat, how often it has reserved its slot. */
#include "target/tt/tt_private.h"
#include "base/text.h"

/* The two semaphores of the gather into buffer `to`. */
static loom_status semaphores_of(tt_emit *e, int to, int *arrived, int *opened) {
  tt_buffer *b = &e->buffers[to];
  if (b->gather_semaphore < 0) {
    if (e->p->n_semaphores + 2 > TT_SEMAPHORES_MAX)
      LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "the kernel needs more than the %d semaphores of a core", TT_SEMAPHORES_MAX);
    b->gather_semaphore = e->p->n_semaphores;
    e->p->n_semaphores += 2;
  }
  *arrived = b->gather_semaphore;
  *opened = b->gather_semaphore + 1;
  return LOOM_OK;
}

static MlirValue word(tt_emit *e, MlirValue at) {
  MlirOperation op = ir_build(&e->b, "ttkernel.reinterpret_cast", 1, (MlirType[]){ir_type(e->ir, "!ttkernel.l1_ptr")}, 1, &at, 1,
                              (ir_named[]){{"element", ir_str_attr(e->ir, "uint32_t")}}, 0, NULL);
  return ir_result(op, 0);
}

/* How often the node has run before: from the variables of the loops around it. */
static bool runs_once(const tt_emit *e) { return e->n_loops == 0; }

loom_status tt_emit_send(tt_emit *e, const tog_node *n) {
  const tt_buffer *from = &e->buffers[n->buffer], *to = &e->buffers[n->to];
  int arrived, opened;
  LOOM_TRY(semaphores_of(e, n->to, &arrived, &opened));
  if (!runs_once(e))
    LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "%s repeats; Tenstorrent kernels gather once", tog_node_title(e->mem, n));
  const sym_expr *receiver[2] = {n->receiver[0], e->t->n_mesh > 1 ? n->receiver[1] : sym_const(e->mem, 0)};
  MlirValue x = tt_run_arg(e, arena_printf(e->mem, "%s_to_x", to->b->name), TT_ARG_NOC_X, 0, receiver[0], receiver[1]);
  MlirValue y = tt_run_arg(e, arena_printf(e->mem, "%s_to_y", to->b->name), TT_ARG_NOC_Y, 0, receiver[0], receiver[1]);
  MlirValue cb = tt_cb_value(e, from->out_cb), row, when = {NULL};
  int64_t bytes = from->pages * e->p->cbs.at[from->out_cb].page_bytes;
  tt_comment(e, "%s: into its row of the collecting core's %s", n->label ? n->label : "send", to->b->name);
  TT_OP(e, "cb_wait_front", cb, tt_int(e, from->pages));
  if (n->active)
    LOOM_TRY(tt_condition(e, n->active, &when));
  tt_if(e, when);
  LOOM_TRY(tt_expr(e, n->row, "place", &row));
  MlirValue l1 = TT_VALUE(e, tt_i32(e), "get_read_ptr", NULL, cb);
  MlirValue slot = TT_VALUE(e, tt_i32(e), "get_write_ptr", NULL, tt_cb_value(e, to->cb));      /* the same address on all cores */
  MlirType noc = ir_type(e->ir, "!ttkernel.noc_addr");
  MlirValue there = TT_VALUE(e, noc, "get_noc_addr", NULL, x, y, tt_add(e, slot, tt_mul(e, row, tt_int(e, bytes))));
  TT_OP(e, "noc_async_write", l1, there, tt_int(e, bytes));
  TT_OP0(e, "noc_async_write_barrier");
  MlirValue flag = TT_VALUE(e, noc, "get_noc_addr", NULL, x, y, tt_semaphore(e, arrived, arena_printf(e->mem, "%s_arrived", to->b->name)));
  TT_OP(e, "noc_semaphore_inc", flag, tt_int(e, 1));
  TT_OP0(e, "noc_async_atomic_barrier");
  tt_end(e);
  return LOOM_OK;
}

loom_status tt_emit_collect(tt_emit *e, const tog_node *n) {
  const tt_buffer *b = &e->buffers[n->buffer];
  int arrived, opened;
  MlirValue senders;
  LOOM_TRY(semaphores_of(e, n->buffer, &arrived, &opened));
  tt_comment(e, "%s: waits for the rows of all cores", n->label ? n->label : "collect");
  TT_OP(e, "cb_reserve_back", tt_cb_value(e, b->cb), tt_int(e, b->pages));
  LOOM_TRY(tt_expr(e, n->senders, "senders", &senders));
  MlirValue at = word(e, tt_semaphore(e, arrived, arena_printf(e->mem, "%s_arrived", b->b->name)));
  TT_OP(e, "noc_semaphore_wait", at, senders);
  TT_OP(e, "noc_semaphore_set", at, tt_int(e, 0));
  TT_OP(e, "cb_push_back", tt_cb_value(e, b->cb), tt_int(e, b->pages));
  return LOOM_OK;
}
