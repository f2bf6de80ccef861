/* Gathers: the writer of each core sends its slot to a row of the collecting core's slot; that core's reader waits for all of them.
 * Semaphores: `arrived` counts rows at the collecting core.  Where gathers repeat, `opened` counts there how often it has reserved its slot, which senders read from
 * afar, and `sent` counts at each sender what it has sent. */
#include "target/tt/tt_private.h"
#include "base/text.h"

/* The semaphores of the gather into buffer `to`: one, three where it repeats. */
typedef struct gather { int arrived, opened, sent; bool repeats; } gather;

static loom_status find_gather(tt_emit *e, int to, gather *g) {
  tt_buffer *b = &e->buffers[to];
  g->repeats = b->gather_repeats;
  if (b->gather_semaphore < 0)
    LOOM_TRY(tt_new_semaphores(e, g->repeats ? 3 : 1, &b->gather_semaphore));
  if (g->repeats && b->b->depth > 1)
    LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "'%s' is gathered again and again into %d slots; Tenstorrent kernels gather into one", b->b->name, b->b->depth);
  g->arrived = b->gather_semaphore;
  g->opened = g->arrived + 1;
  g->sent = g->arrived + 2;
  return LOOM_OK;
}

static MlirValue word(tt_emit *e, MlirValue semaphore) { return tt_pointer(e, semaphore, "uint32_t"); }
static MlirValue load_word(tt_emit *e, MlirValue p) { return TT_VALUE(e, tt_i32(e), "load_from_l1", NULL, p, tt_int(e, 0)); }

/* One more in the core's own word. */
static void count_up(tt_emit *e, MlirValue p) { TT_OP(e, "noc_semaphore_set", p, tt_add(e, load_word(e, p), tt_int(e, 1))); }

/* In the kernel's last lines: the counters go back to where they began. */
static void reset_at_end(tt_emit *e, int id, const char *name) { vec_push(e->mem, &e->counters, ((tt_counter){id, name})); }

void tt_reset_counters(tt_emit *e) {
  for (size_t i = 0; i < e->counters.n; i++)
    TT_OP(e, "noc_semaphore_set", word(e, tt_semaphore(e, e->counters.at[i].id, e->counters.at[i].name)), tt_int(e, 0));
  e->counters.n = 0;
}

/* Tiles along each dim that the slot's last write has filled; all, where that depends on loops which are over. */
static loom_status filled_tiles(tt_emit *e, const tt_buffer *b, MlirValue *count) {
  const tog_node *n = b->last_write;
  const tfn_operand *o = n ? tfn_output(&e->functions[n->function]) : NULL;
  for (int d = 0; d < b->b->rank; d++) {
    bool along = d == b->row || d == b->col;
    int arg = o ? o->extent[d].arg : -1;
    count[d] = tt_int(e, b->count[d]);
    if (!o || (arg >= 0 && (size_t)arg >= n->args.n) || (arg >= 0 && !tt_is_in_scope(e, n->args.at[arg])))
      continue;
    if (arg >= 0)
      LOOM_TRY(tt_expr(e, n->args.at[arg], NULL, &count[d]));
    else
      count[d] = tt_int(e, o->extent[d].value);
    count[d] = along ? tt_ceildiv(e, count[d], TT_TILE) : count[d];
  }
  return LOOM_OK;
}

/* extra: the slot there less the slot here, x, y. */
static void send_run(tt_emit *e, MlirValue at, MlirValue bytes, const MlirValue *extra) {
  MlirValue to = TT_VALUE(e, ir_type(e->ir, "!ttkernel.noc_addr"), "get_noc_addr", NULL, extra[1], extra[2], tt_add(e, at, extra[0]));
  TT_OP(e, "noc_async_write", at, to, bytes);
}

loom_status tt_emit_send(tt_emit *e, const tog_node *n) {
  const tt_buffer *from = &e->buffers[n->buffer], *to = &e->buffers[n->to];
  gather g;
  LOOM_TRY(find_gather(e, n->to, &g));
  const sym_expr *receiver[2] = {n->receiver[0], e->t->n_mesh > 1 ? n->receiver[1] : sym_const(e->mem, 0)};
  MlirValue x = tt_run_arg(e, arena_printf(e->mem, "%s_to_x", to->b->name), TT_ARG_NOC_X, 0, receiver[0], receiver[1]);
  MlirValue y = tt_run_arg(e, arena_printf(e->mem, "%s_to_y", to->b->name), TT_ARG_NOC_Y, 0, receiver[0], receiver[1]);
  MlirValue cb = tt_cb_value(e, from->out_cb), row, when = {NULL};
  int64_t bytes = from->pages * e->p->cbs.at[from->out_cb].page_bytes;
  tt_comment(e, "%s: into its row of the collecting core's %s", n->label ? n->label : "send", to->b->name);
  tt_cb_op(e, "cb_wait_front", cb, tt_int(e, from->pages));
  if (n->active)
    LOOM_TRY(tt_condition(e, n->active, &when));
  tt_if(e, when);
  LOOM_TRY(tt_expr(e, n->row, "place", &row));
  if (g.repeats) {
    const char *sent_name = arena_printf(e->mem, "%s_sent", to->b->name);
    MlirValue opened = tt_semaphore(e, g.opened, arena_printf(e->mem, "%s_opened", to->b->name)), sent = word(e, tt_semaphore(e, g.sent, sent_name));
    tt_comment(e, "the collecting core has its slot open for this turn");
    count_up(e, sent);
    MlirValue far = TT_VALUE(e, ir_type(e->ir, "!ttkernel.noc_addr"), "get_noc_addr", NULL, x, y, opened);
    TT_OP(e, "wait_remote_min", far, tt_scratch_line(e, 64), load_word(e, sent));
    reset_at_end(e, g.sent, sent_name);
  }
  MlirValue l1 = TT_VALUE(e, tt_i32(e), "get_read_ptr", NULL, cb);
  MlirValue slot = TT_VALUE(e, tt_i32(e), "get_write_ptr", NULL, tt_cb_value(e, to->cb));      /* the same address on all cores */
  MlirType noc = ir_type(e->ir, "!ttkernel.noc_addr");
  MlirValue there = tt_add(e, slot, tt_mul(e, row, tt_int(e, bytes))), count[TOG_RANK_MAX], first[TOG_RANK_MAX];
  LOOM_TRY(filled_tiles(e, from, count));
  for (int d = 0; d < from->b->rank; d++)
    first[d] = tt_int(e, 0);
  tt_each_run(e, from, first, count, l1, send_run, (MlirValue[]){tt_sub(e, there, l1), x, y});
  TT_OP0(e, "noc_async_write_barrier");
  MlirValue flag = TT_VALUE(e, noc, "get_noc_addr", NULL, x, y, tt_semaphore(e, g.arrived, arena_printf(e->mem, "%s_arrived", to->b->name)));
  TT_OP(e, "noc_semaphore_inc", flag, tt_int(e, 1));
  TT_OP0(e, "noc_async_atomic_barrier");
  tt_end(e);
  return LOOM_OK;
}

loom_status tt_emit_collect(tt_emit *e, const tog_node *n) {
  const tt_buffer *b = &e->buffers[n->buffer];
  gather g;
  MlirValue senders;
  LOOM_TRY(find_gather(e, n->buffer, &g));
  tt_comment(e, "%s: waits for the rows of all cores", n->label ? n->label : "collect");
  tt_cb_op(e, "cb_reserve_back", tt_cb_value(e, b->cb), tt_int(e, b->pages));
  LOOM_TRY(tt_expr(e, n->senders, "senders", &senders));
  if (g.repeats) {
    const char *name = arena_printf(e->mem, "%s_opened", b->b->name);
    count_up(e, word(e, tt_semaphore(e, g.opened, name)));
    reset_at_end(e, g.opened, name);
  }
  MlirValue at = word(e, tt_semaphore(e, g.arrived, arena_printf(e->mem, "%s_arrived", b->b->name)));
  TT_OP(e, "noc_semaphore_wait", at, senders);
  TT_OP(e, "noc_semaphore_set", at, tt_int(e, 0));
  tt_cb_op(e, "cb_push_back", tt_cb_value(e, b->cb), tt_int(e, b->pages));
  return LOOM_OK;
}
