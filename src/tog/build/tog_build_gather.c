/* Gathers: every core of a line SENDs, the first one COLLECTs; and what the first core does alone (scf.if). */
#include "tog/build/tog_build_private.h"

loom_status build_gather_op(build *b, MlirOperation op, tog_body *body) {
  loom_span span = ir_span(b->ir, op);
  arena *m = b->mem;
  dialect_gather g;
  if (!dialect_read_gather(op, &g))
    LOOM_FAIL(b->ctx, span, LOOM_EINPUT, "a loom.gather between buffers needs the tile, the slot, the place in it, and a region with one corner for each mesh dim");
  build_slot *from = build_slot_of(b, g.value), *to = build_slot_of(b, g.slot);
  if (!from || !to || !mlirValueEqual(from->value, g.value) || !mlirValueEqual(to->value, g.slot))
    LOOM_FAIL(b->ctx, span, LOOM_EUNSUP, "loom.gather must send a whole slot to a whole slot");
  if (from->by_load)
    LOOM_FAIL(b->ctx, span, LOOM_EUNSUP, "a slot of '%s' is loaded and sent; send a copy of it from a buffer of its own", b->tog->buffers.at[from->buffer].name);
  tog_node *n = build_add_node(b, body, TOG_SEND, arena_printf(m, "send %s", b->tog->buffers.at[from->buffer].name));
  n->buffer = from->buffer;
  n->to = to->buffer;
  n->thread = TOG_WRITER;
  LOOM_TRY(build_expr(b, g.place, &n->row));
  for (int d = 0; d < b->tog->n_mesh; d++) {
    if (d >= g.n_mesh)
      LOOM_FAIL(b->ctx, span, LOOM_EINPUT, "loom.gather needs a region for every mesh dim");
    LOOM_TRY(build_expr(b, g.ul[d], &n->receiver[d]));
  }
  const sym_expr *rows = sym_const(m, b->tog->buffers.at[to->buffer].shape[0]);
  const sym_expr *sends = sym_make(m, SYM_LT, n->row, rows, NULL);
  if (from->extent)
    sends = sym_make(m, SYM_AND, sends, sym_make(m, SYM_GT, from->extent, sym_const(m, 0), NULL), NULL);
  n->active = build_flag(b, sends);
  from->stored = true;      /* surplus cores skip it */
  vec_push(m, &b->gathers, ((build_gather){.slot = to, .place = n->row, .extent = from->extent}));
  return LOOM_OK;
}

static void add_collect(build *b, const build_gather *g, tog_body *body) {
  const tog_buffer *buffer = &b->tog->buffers.at[g->slot->buffer];
  tog_node *n = build_add_node(b, body, TOG_COLLECT, arena_printf(b->mem, "collect %s", buffer->name));
  n->buffer = g->slot->buffer;
  n->thread = TOG_READER;
  n->senders = sym_const(b->mem, buffer->shape[0]);
  if (g->extent)      /* a line of cores without work sends nothing */
    n->senders = sym_make(b->mem, SYM_IF, sym_make(b->mem, SYM_GT, g->extent, sym_const(b->mem, 0), NULL), n->senders, sym_const(b->mem, 0));
}

static const sym_expr *is_zero(build *b, const sym_expr *e) {
  return build_flag(b, sym_make(b->mem, SYM_EQ, e, sym_const(b->mem, 0), NULL));
}

static bool is_empty(MlirRegion r) {
  MlirBlock block = mlirRegionIsNull(r) ? (MlirBlock){NULL} : mlirRegionGetFirstBlock(r);
  if (mlirBlockIsNull(block))
    return true;
  return ir_op_is(mlirBlockGetFirstOperation(block), "scf.yield");
}

/* The condition: x == 0. */
static loom_status read_condition(build *b, MlirOperation op, const sym_expr **out) {
  MlirOperation compare = ir_def(ir_operand(op, 0));
  int64_t predicate = -1, right;
  if (ir_op_is(compare, "arith.cmpi"))
    ir_attr_int(ir_attr_of(compare, "predicate"), &predicate);
  if (predicate != 0 || !ir_const_int(ir_operand(compare, 1), &right) || right != 0 || mlirOperationGetNumResults(op) > 0 || !is_empty(ir_region(op, 1)))
    LOOM_FAIL(b->ctx, ir_span(b->ir, op), LOOM_EUNSUP, "an scf.if in a materialised program must compare an index with 0 (arith.cmpi eq) and have no results and no else");
  return build_expr(b, ir_operand(compare, 0), out);
}

loom_status build_if(build *b, MlirOperation op, tog_body *body) {
  const sym_expr *place;
  LOOM_TRY(read_condition(b, op, &place));
  tog_node *n = build_enter(b, body, "first", is_zero(b, place));
  for (size_t i = 0; i < b->gathers.n; i++) {
    build_gather *g = &b->gathers.at[i];
    if (g->first || !sym_equal(g->place, place))
      continue;
    add_collect(b, g, &n->body);
    g->first = n;
  }
  loom_status st = build_block(b, ir_body(op), &n->body);
  build_leave(b);
  return st;
}

bool build_give_gathered(build *b, const build_slot *slot, tog_body *body) {
  for (size_t i = b->gathers.n; i-- > 0;) {
    build_gather *g = &b->gathers.at[i];
    if (g->slot != slot)
      continue;
    if (!g->first) {                     /* nobody reads it */
      g->first = build_enter(b, body, "first", is_zero(b, g->place));
      add_collect(b, g, &g->first->body);
      build_leave(b);
    }
    build_add_node(b, &g->first->body, TOG_GIVE, arena_printf(b->mem, "give %s", b->tog->buffers.at[slot->buffer].name))->buffer = slot->buffer;
    return true;
  }
  return false;
}
