/* Circular buffers: one for each buffer of the graph, two where the compute thread also reads what the writer takes away; and what they take of the L1. */
#include "target/tt/tt_private.h"
#include "base/text.h"

/* Does the compute thread only write the buffer, once and into an empty slot, in the body where it takes it? */
typedef struct use_count { int writes, changes, reads; } use_count;

static void count_uses(tt_emit *e, const tog_body *body, int buffer, use_count *c) {
  bool fresh = false;
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP) {
      use_count inner = {0};
      count_uses(e, &n->body, buffer, &inner);
      c->reads += inner.reads;
      c->changes += inner.changes;
      c->writes += inner.writes;
    }
    if (n->kind != TOG_COMPUTE || n->function < 0 || !tt_mentions(n, buffer))
      continue;
    if (tt_is_absorbed(e, body, i)) {
      fresh = tt_output_buffer(e, n) == buffer || fresh;
      continue;
    }
    if (tt_reads(e, n, buffer))
      c->reads++;
    if (tt_output_buffer(e, n) != buffer)
      continue;
    bool writes = fresh;
    for (size_t u = 0; u < n->uses.n; u++)
      writes = writes || (n->uses.at[u].buffer == buffer && n->uses.at[u].access == TOG_WRITE);
    *(writes ? &c->writes : &c->changes) += 1;
    fresh = false;
  }
}

/* Where one slot of the buffer is taken: its body. */
static const tog_body *body_of_take(const tog_body *body, int buffer) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_TAKE && n->buffer == buffer)
      return body;
    const tog_body *inner = n->kind == TOG_LOOP ? body_of_take(&n->body, buffer) : NULL;
    if (inner)
      return inner;
  }
  return NULL;
}

/* "x[64, 256]: 2 slots of 2 x 8 tiles" */
static const char *cb_comment(arena *mem, const tt_buffer *b, int64_t slots) {
  text s = text_new(mem);
  text_addf(&s, "%s[", b->b->name);
  for (int d = 0; d < b->b->rank; d++)
    text_addf(&s, d ? ", %" PRId64 : "%" PRId64, b->b->shape[d]);
  text_addf(&s, "]: %" PRId64 " slot%s of %" PRId64 " tile%s", slots, slots == 1 ? "" : "s", b->pages, b->pages == 1 ? "" : "s");
  return text_str(&s);
}

/* Does a product take the buffer through its registers of 19 bits; does anything bring it to DST? */
typedef struct reads { bool multiplied, copied; } reads;

static void note_reads(const tt_emit *e, const tog_body *body, reads *of) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP)
      note_reads(e, &n->body, of);
    if (n->kind != TOG_COMPUTE || n->function < 0)
      continue;
    const tfn_function *f = &e->functions[n->function];
    for (int k = 0; k < f->n_operands; k++) {
      const tog_use *use = &n->uses.at[f->operand[k].use];
      if (f->kind == TFN_MATMUL && k < f->n_operands - 1)
        of[use->buffer].multiplied = true;
      else if (use->access != TOG_WRITE)
        of[use->buffer].copied = true;
    }
  }
}

/* Numbers of f32 that are factors of a product and something else too keep their bits there: their memory has a second circular buffer, which copies to DST take. */
static void make_exact(tt_emit *e) {
  reads *of = ARENA_NEW_N(e->mem, reads, e->t->buffers.n);
  note_reads(e, &e->t->body, of);
  for (size_t i = 0; i < e->t->buffers.n; i++) {
    tt_buffer *b = &e->buffers[i];
    const tt_cb *cb = &e->p->cbs.at[b->cb];
    if (b->type != DTYPE_F32 || !of[i].multiplied || !(of[i].copied || b->out_cb != b->cb))
      continue;
    b->exact_cb = tt_new_cb(e, arena_printf(e->mem, "%s_exact", b->b->name), cb->comment, b->type, cb->page_bytes, cb->pages);
    e->p->cbs.at[b->exact_cb].shares = b->cb + 1;
  }
}

void tt_make_cbs(tt_emit *e) {
  const tog *t = e->t;
  for (size_t i = 0; i < t->buffers.n; i++) {
    tt_buffer *b = &e->buffers[i];
    const tog_body *home = body_of_take(&t->body, (int)i);
    use_count c = {0};
    if (b->leaves && home)
      count_uses(e, home, (int)i, &c);
    bool twice = b->leaves && home && (c.reads || c.changes || c.writes > 1);
    int64_t slots = b->loaded || (b->leaves && !twice) ? b->b->depth : 1, page = TT_TILE * TT_TILE * (int64_t)dtype_bytes(b->type);
    b->cb = b->out_cb = tt_new_cb(e, b->b->name, cb_comment(e->mem, b, slots), b->type, page, slots * b->pages);
    if (twice)
      b->out_cb = tt_new_cb(e, arena_printf(e->mem, "%s_out", b->b->name), cb_comment(e->mem, b, b->b->depth), b->type, page, b->b->depth * b->pages);
  }
  make_exact(e);
}

/* ---- the L1 ---- */

static int64_t cb_bytes(const tt_cb *b) { return b->shares ? 0 : b->page_bytes * b->pages; }

static int64_t all_bytes(const tt_program *p) {
  int64_t bytes = 0;
  for (size_t i = 0; i < p->cbs.n; i++)
    bytes += cb_bytes(&p->cbs.at[i]);
  return bytes;
}

/* The compute thread's own: it fills and reads the buffer in program order. */
static bool is_own(const tt_buffer *b) { return !b->loaded && !b->leaves; }

static bool overlap(const tog_buffer *a, const tog_buffer *b) {
  return a->offset < b->offset + tog_buffer_span_bytes(b) && b->offset < a->offset + tog_buffer_span_bytes(a);
}

/* Buffers that have bytes in common in the plan's L1 are never live together.  What is packed into the one comes from tiles unpacked behind all reads of the
 * other, so that nothing overtakes; only fills come from nowhere. */
static bool may_share(tt_emit *e, int i, int root) {
  const tt_buffer *b = &e->buffers[i], *r = &e->buffers[root];
  const tt_cb *mine = &e->p->cbs.at[b->cb], *its = &e->p->cbs.at[r->cb];
  if (its->shares || !is_own(r) || b->filled || r->filled || mine->page_bytes * mine->pages != its->page_bytes * its->pages || !overlap(b->b, r->b))
    return false;
  for (int k = root + 1; k < i; k++)
    if (e->p->cbs.at[e->buffers[k].cb].shares == r->cb + 1 && !overlap(b->b, e->buffers[k].b))
      return false;
  return true;
}

static void share_memory(tt_emit *e) {
  for (int i = 0; i < (int)e->t->buffers.n; i++)
    for (int root = 0; root < i && is_own(&e->buffers[i]) && !e->p->cbs.at[e->buffers[i].cb].shares; root++)
      if (may_share(e, i, root))
        e->p->cbs.at[e->buffers[i].cb].shares = e->buffers[root].cb + 1;
  for (size_t i = 0; i < e->t->buffers.n; i++)
    if (e->buffers[i].exact_cb >= 0 && e->p->cbs.at[e->buffers[i].cb].shares)
      e->p->cbs.at[e->buffers[i].exact_cb].shares = e->p->cbs.at[e->buffers[i].cb].shares;
}

loom_status tt_check_memory(tt_emit *e) {
  if (e->p->cbs.n > TT_CBS_MAX)
    LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "the kernel needs %zu circular buffers; a core has %d", e->p->cbs.n, TT_CBS_MAX);
  if (e->machine->l1_bytes && all_bytes(e->p) > e->machine->l1_bytes)
    share_memory(e);
  int64_t bytes = all_bytes(e->p);
  if (e->machine->l1_bytes && bytes > e->machine->l1_bytes)
    LOOM_FAIL(e->ctx, LOOM_NOSPAN, LOOM_ELIMIT, "the circular buffers take %" PRId64 " bytes in whole tiles; the L1 has %" PRId64 "; smaller block sizes fit", bytes, e->machine->l1_bytes);
  return LOOM_OK;
}
