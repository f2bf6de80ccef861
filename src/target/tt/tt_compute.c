/* Compute nodes: a function for each, and in the kernel the waits around its calls. */
#include "target/tt/tt_private.h"
#include "base/text.h"

static const tfn_function *function_of(const tt_emit *e, const tog_node *n) { return &e->functions[n->function]; }

static int buffer_index(const tog_node *n, const tfn_operand *o) { return n->uses.at[o->use].buffer; }

static const char *verb_of(const tfn_function *f) {
  for (int d = 0; f->kind == TFN_GENERIC && d < f->n_iter; d++)
    if (f->is_reduction[d])
      return "reduce_into";
  return f->kind == TFN_FILL ? "fill" : f->kind == TFN_MATMUL ? "multiply_into" : "make";
}

/* "linalg.matmul: acc from x, y" */
static void describe(tt_emit *e, const tog_node *n, const tt_site *s) {
  text line = text_new(e->mem);
  int last = s->f->n_operands - 1;
  text_addf(&line, "%s: %s%s", n->label ? n->label : s->f->name, s->buffer[last]->b->name, s->fresh ? "" : " in place");
  for (int k = 0; k < last; k++)
    text_addf(&line, k ? ", %s" : " from %s", s->buffer[k]->b->name);
  tt_comment(e, "%s", text_str(&line));
}

/* What argument i of the function is: an extent or a start, along rows, columns or another dim. */
static const char *arg_name(arena *mem, const tt_site *s, int i) {
  for (int k = s->f->n_operands - 1; k >= 0; k--) {
    const tfn_operand *o = &s->f->operand[k];
    for (int d = 0; d < o->rank; d++) {
      tt_dim role = s->buffer[k]->role[d];
      const char *what = o->iter[d] == s->f->k_iter && s->f->kind == TFN_MATMUL ? "inner" : role == TT_ROW ? "rows" : role == TT_COL ? "cols" : "count";
      if (o->extent[d].arg == i)
        return what;
      if (o->offset[d].arg == i)
        return arena_printf(mem, "first_of_%s", what);
    }
  }
  return arena_printf(mem, "number%d", i);
}

static loom_status check_offsets(tt_emit *e, const tt_site *s) {
  for (int k = 0; k < s->f->n_operands; k++)
    for (int d = 0; d < s->buffer[k]->b->rank; d++) {
      tfn_index x = s->f->operand[k].offset[d];
      bool along = d == s->buffer[k]->row || d == s->buffer[k]->col;
      if (along && (x.arg < 0 ? x.value % TT_TILE != 0 : s->f->ragged[x.arg]))
        LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "'%s' is read from the middle of a tile", s->buffer[k]->b->name);
    }
  return LOOM_OK;
}

static loom_status fill_site(tt_emit *e, const tog_node *n, bool fresh, tt_site *s) {
  *s = (tt_site){.f = function_of(e, n), .node = n, .fresh = fresh, .capacity = 4};
  for (int k = 0; k < s->f->n_operands; k++)
    s->buffer[k] = &e->buffers[buffer_index(n, &s->f->operand[k])];
  LOOM_TRY(check_offsets(e, s));
  return tt_find_iter_roles(e->ctx, s->f, s->buffer, &s->roles);
}

/* Its key tells apart what is made otherwise. */
static tt_helper *open_site(tt_emit *e, tt_site *s, const char *verb, bool *is_new) {
  int n_args = 0;
  MlirType types[TOG_ARGS_MAX];
  const char *names[TOG_ARGS_MAX];
  text key = text_new(e->mem);
  text_addf(&key, "%s %s %d", verb, s->f->name, s->fresh);
  for (int k = 0; k < s->f->n_operands; k++)
    text_addf(&key, " %d", s->cb_index[k]);
  for (int i = 0; i < s->f->n_args; i++)
    if (!s->skips[i]) {
      types[n_args] = tt_i32(e);
      names[n_args++] = arg_name(e->mem, s, i);
    }
  const char *name = arena_printf(e->mem, "%s_%s", verb, s->buffer[s->f->n_operands - 1]->b->name);
  tt_helper *h = tt_open_helper(e, text_str(&key), name, (size_t)n_args, types, names, is_new);
  if (!*is_new)
    return h;
  for (int k = 0; k < s->f->n_operands; k++)
    s->cb[k] = tt_cb_value(e, s->cb_index[k]);
  n_args = 0;
  for (int i = 0; i < s->f->n_args; i++)
    s->args[i] = s->skips[i] ? (MlirValue){NULL} : tt_helper_arg(h, n_args++);
  return h;
}

static const sym_expr *argument(const tog_node *n, size_t i) {
  return i < n->args.n ? n->args.at[i] : i - n->args.n < n->numbers.n ? n->numbers.at[i - n->args.n] : NULL;
}

static loom_status call_site(tt_emit *e, const tog_node *n, const tt_site *s, const tt_helper *h) {
  MlirValue args[TOG_ARGS_MAX];
  size_t k = 0;
  for (size_t i = 0; i < (size_t)s->f->n_args; i++)
    if (!s->skips[i] && argument(n, i))
      LOOM_TRY(tt_expr(e, argument(n, i), NULL, &args[k++]));
  tt_call(e, h, k, args);
  return LOOM_OK;
}

static loom_status make(tt_emit *e, tt_site *s) {
  TT_OP(e, "pack_reconfig_data_format", s->cb[s->f->n_operands - 1]);
  switch (s->f->kind) {
  case TFN_FILL: return tt_make_fill(e, s);
  case TFN_MATMUL: return tt_make_matmul(e, s);
  case TFN_GENERIC: return tt_make_generic(e, s);
  }
  return LOOM_OK;
}

loom_status tt_emit_compute(tt_emit *e, const tog_node *n, bool fresh) {
  if (n->function < 0)
    LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_EUNSUP, "%s has no function", tog_node_title(e->mem, n));
  tt_site s;
  LOOM_TRY(fill_site(e, n, fresh, &s));
  int last = s.f->n_operands - 1, out = buffer_index(n, &s.f->operand[last]);
  for (int k = 0; k <= last; k++)
    s.cb_index[k] = s.buffer[k]->cb;
  for (int k = 0; k < last; k++) {
    int64_t before = -1;
    for (int j = 0; j < k; j++)
      before = s.cb_index[j] == s.cb_index[k] ? j : before;
    if (before < 0 && s.cb_index[k] != s.cb_index[last])
      tt_cb_op(e, "cb_wait_front", tt_cb_value(e, s.cb_index[k]), tt_int(e, s.buffer[k]->pages));
  }
  MlirValue cb = tt_cb_value(e, s.cb_index[last]), pages = tt_int(e, s.buffer[last]->pages);
  if (fresh && e->has_value[out]) {
    tt_cb_op(e, "cb_wait_front", cb, pages);
    tt_cb_op(e, "cb_pop_front", cb, pages);
  }
  if (fresh)
    tt_cb_op(e, "cb_reserve_back", cb, pages);
  bool is_new;
  describe(e, n, &s);
  const char *comment = e->comment;
  tt_helper *h = open_site(e, &s, verb_of(s.f), &is_new);
  if (is_new) {
    LOOM_TRY(make(e, &s));
    tt_close_helper(e, h);
  }
  e->comment = comment;
  LOOM_TRY(call_site(e, n, &s, h));
  if (fresh)
    tt_cb_op(e, "cb_push_back", cb, pages);
  e->has_value[out] = true;
  e->buffers[out].last_write = n;
  e->buffers[out].filled = e->buffers[out].filled || s.f->kind == TFN_FILL;
  return LOOM_OK;
}

/* Only what the last write filled is handed over; all of the slot, where that depends on loops which are over. */
static void keep_output_extents(tt_emit *e, tt_site *s) {
  const tfn_operand *o = tfn_output(s->f);
  tfn_function *whole = ARENA_NEW(e->mem, tfn_function);    /* of this one site */
  for (int i = 0; i < s->f->n_args; i++)
    s->skips[i] = true;
  *whole = *s->f;
  tfn_operand *all = &whole->operand[whole->n_operands - 1];
  for (int d = 0; d < o->rank; d++) {
    int arg = o->extent[d].arg;
    bool is_gone = arg >= 0 && !tt_is_in_scope(e, argument(s->node, (size_t)arg));
    if (is_gone)
      all->extent[d] = (tfn_index){-1, s->buffer[whole->n_operands - 1]->b->shape[d]};
    else if (arg >= 0)
      s->skips[arg] = false;
    if (o->iter[d] >= 0)
      whole->extent[o->iter[d]] = all->extent[d];
  }
  s->f = whole;
}

loom_status tt_emit_publish(tt_emit *e, const tog_node *n) {
  tt_buffer *b = &e->buffers[n->buffer];
  MlirValue pages = tt_int(e, b->pages);
  bool is_full = e->has_value[n->buffer];
  e->has_value[n->buffer] = false;
  if (b->out_cb == b->cb && is_full)
    return LOOM_OK;                       /* handed over with its one write */
  tt_cb_op(e, "cb_reserve_back", tt_cb_value(e, b->out_cb), pages);
  if (is_full) {
    tt_site s;
    bool is_new;
    LOOM_TRY(fill_site(e, b->last_write, true, &s));
    keep_output_extents(e, &s);
    tt_cb_op(e, "cb_wait_front", tt_cb_value(e, b->cb), pages);
    int last = s.f->n_operands - 1;
    for (int k = 0; k <= last; k++)
      s.cb_index[k] = k == last ? b->out_cb : b->cb;
    tt_helper *h = open_site(e, &s, "hand_over", &is_new);
    if (is_new) {
      MlirValue active, to = s.cb[last], from = tt_cb_value(e, b->cb), index = tt_open_tiles(e, &s, &active);
      TT_OP(e, "pack_reconfig_data_format", to);
      TT_OP0(e, "tile_regs_acquire");
      tt_copy_tile(e, from, index, tt_int(e, 0));
      tt_close_tiles(e, &s, active, index, 0);
      tt_close_helper(e, h);
    }
    LOOM_TRY(call_site(e, b->last_write, &s, h));
    tt_cb_op(e, "cb_pop_front", tt_cb_value(e, b->cb), pages);
  }
  tt_cb_op(e, "cb_push_back", tt_cb_value(e, b->out_cb), pages);
  return LOOM_OK;
}
