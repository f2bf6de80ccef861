/* Discipline.  Here: names, slots, types.  In files of their own: tog_balance.c reserve, publish and free at every loop level; tog_consume.c one thread reads
 * and frees; tog_wait.c it waits before it reads; tog_gather.c sends and collects; tog_overlap.c buffers that share bytes.
 * What the graph comes to, core by core and turn by turn: tog_chip.c slots inside the L1, tog_boxes.c boxes inside their tensors, tog_partners.c who
 * sends to whom, tog_gather_count.c how many tiles are sent and awaited, tog_cover.c what is written. */
#include "tog/tog_private.h"
#include <string.h>

#define BAD(ctx, ...) return diag_error((ctx), LOOM_NOSPAN, LOOM_EINPUT, __VA_ARGS__)

/* ---- names ---- */

static loom_status check_names(loom_ctx *ctx, const tog *t) {
  for (size_t i = 0; i < t->tensors.n; i++)
    for (size_t j = 0; j < i; j++)
      if (strcmp(t->tensors.at[i].name, t->tensors.at[j].name) == 0)
        BAD(ctx, "two tensors are called '%s'", t->tensors.at[i].name);
  for (size_t i = 0; i < t->buffers.n; i++)
    for (size_t j = 0; j < i; j++)
      if (strcmp(t->buffers.at[i].name, t->buffers.at[j].name) == 0)
        BAD(ctx, "two buffers are called '%s'", t->buffers.at[i].name);
  for (size_t i = 0; i < t->functions.n; i++)
    for (size_t j = 0; j < i; j++)
      if (strcmp(t->functions.at[i].name, t->functions.at[j].name) == 0)
        BAD(ctx, "two functions are called '%s'", t->functions.at[i].name);
  return LOOM_OK;
}

static loom_status check_slot_bytes(loom_ctx *ctx, const tog_buffer *b) {
  int64_t nominal = tog_buffer_elems(b) * (int64_t)dtype_bytes(b->type);
  if (b->bytes < nominal)
    BAD(ctx, "buffer '%s' has %" PRId64 " bytes a slot, but its tile needs %" PRId64, b->name, b->bytes, nominal);
  if (b->depth > 1 && b->stride < b->bytes)
    BAD(ctx, "the slots of buffer '%s' overlap: stride %" PRId64 " is below %" PRId64 " bytes", b->name, b->stride, b->bytes);
  return LOOM_OK;
}

/* ---- boxes ---- */

static loom_status check_transfer(loom_ctx *ctx, const tog *t, const tog_node *n) {
  const tog_tensor *x = &t->tensors.at[n->box.tensor];
  const tog_buffer *b = &t->buffers.at[n->buffer];
  const char *title = tog_node_title(&ctx->mem, n);
  if (x->type != b->type)
    BAD(ctx, "%s moves %s of '%s' through buffer '%s' of %s; convert in a compute node", title, dtype_mlir(x->type), x->name, b->name, dtype_mlir(b->type));
  if (n->kind == TOG_LOAD && !x->is_input)
    BAD(ctx, "%s reads '%s', which is not marked as an input", title, x->name);
  if (n->kind == TOG_STORE && !x->is_output)
    BAD(ctx, "%s writes '%s', which is not marked as an output", title, x->name);
  for (int d = 0; d < n->box.rank; d++) {
    int to = n->box.to_dim[d];
    int64_t extent, at, room = to < 0 ? 1 : b->shape[to];
    if (n->kind == TOG_LOAD && to >= 0 && n->at[to] && sym_is_const(n->at[to], &at))
      room = at < 0 || at > room ? 0 : room - at;
    if (sym_is_const(n->box.extent[d], &extent) && (extent < 0 || extent > room))
      BAD(ctx, "%s moves %" PRId64 " elements of dim %d of '%s'; buffer '%s' has room for %" PRId64, title, extent, d, x->name, b->name, room);
  }
  return LOOM_OK;
}

static loom_status check_transfers(loom_ctx *ctx, const tog *t, const tog_body *body) {
  for (size_t i = 0; i < body->n; i++) {
    const tog_node *n = body->at[i];
    if (n->kind == TOG_LOOP)
      LOOM_TRY(check_transfers(ctx, t, &n->body));
    else if (n->kind == TOG_LOAD || n->kind == TOG_STORE)
      LOOM_TRY(check_transfer(ctx, t, n));
  }
  return LOOM_OK;
}

loom_status tog_verify(loom_ctx *ctx, const tog *t) {
  LOOM_TRY(tog_check(ctx, t));
  LOOM_TRY(check_names(ctx, t));
  for (size_t i = 0; i < t->buffers.n; i++)
    LOOM_TRY(check_slot_bytes(ctx, &t->buffers.at[i]));
  LOOM_TRY(check_transfers(ctx, t, &t->body));
  LOOM_TRY(tog_check_gathers(ctx, t));
  LOOM_TRY(tog_check_balance(ctx, t));
  LOOM_TRY(tog_check_consumers(ctx, t));
  LOOM_TRY(tog_check_waits(ctx, t));
  return tog_check_overlaps(ctx, t);
}

/* ---- what it comes to ---- */

static loom_status check_slots(loom_ctx *ctx, const tog *t, const tog_chip *chip) {
  if (!chip)
    return LOOM_OK;
  LOOM_TRY(tog_check_slots(ctx, t, chip));
  return tog_check_l1_tensors(ctx, t, chip);
}
static loom_status check_ranges(loom_ctx *ctx, const tog *t, const tog_chip *chip) { (void)chip; return tog_check_ranges(ctx, t); }
static loom_status check_partners(loom_ctx *ctx, const tog *t, const tog_chip *chip) { (void)chip; return tog_check_partners(ctx, t); }
static loom_status check_gathers(loom_ctx *ctx, const tog *t, const tog_chip *chip) { (void)chip; return tog_check_gather_counts(ctx, t); }
static loom_status check_coverage(loom_ctx *ctx, const tog *t, const tog_chip *chip) { (void)chip; return tog_check_coverage(ctx, t); }
static loom_status check_alignment(loom_ctx *ctx, const tog *t, const tog_chip *chip) { return chip ? tog_warn_alignment(ctx, t, chip) : LOOM_OK; }

loom_status tog_verify_points(loom_ctx *ctx, const tog *t, const tog_chip *chip) {
  LOOM_TRY(tog_check(ctx, t));
  LOOM_TRY(check_slots(ctx, t, chip));
  LOOM_TRY(check_ranges(ctx, t, chip));
  LOOM_TRY(check_partners(ctx, t, chip));
  LOOM_TRY(check_gathers(ctx, t, chip));
  return check_coverage(ctx, t, chip);
}

loom_status tog_warn_points(loom_ctx *ctx, const tog *t, const tog_chip *chip) {
  static loom_status (*const checks[])(loom_ctx *, const tog *, const tog_chip *) = {check_slots, check_ranges, check_partners, check_gathers, check_coverage, check_alignment};
  LOOM_TRY(tog_check(ctx, t));
  for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
    diag_mark mark = diag_save(ctx);
    loom_status st = checks[i](ctx, t, chip);
    if (st != LOOM_OK && st != LOOM_EINPUT)
      return st;
    diag_soften(ctx, mark);
  }
  return LOOM_OK;
}
