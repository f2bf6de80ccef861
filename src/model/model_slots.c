/* The L1 layout of a plan whose choices are known: slots of loads and stores side by side (the reader or the writer owns one end of their lives),
 * then the values that compute alone owns, packed by their lives. */
#include "base/text.h"
#include "model/model_program.h"

typedef struct layout { loom_ctx *ctx; const model_program *p; const model_point *at; const plan_choice *chosen; plan *out; int64_t end, passing; /* bytes that pass through and take no room */ text parts; } layout;

static bool size_shape(const layout *l, const program_buffer *x, plan_buffer *out) {
  *out = (plan_buffer){.name = x->name, .type = x->type, .rank = x->rank, .depth = 1, .bytes = x->elem_bytes};
  for (int d = 0; d < x->rank; d++)
    if (!program_size_at(&x->dim[d], l->at->block, &out->shape[d]) || !model_scale(&out->bytes, out->shape[d]))
      return false;
  return true;
}

/* A panel's turns multiply the dim that steps with its loop; those of any other loop it moves with become a dim in front. */
static bool add_panels(const layout *l, int access, plan_buffer *out) {
  const program_access *a = &l->p->access[access];
  model_lift x = model_lift_of(l->p, l->at->grid.order, access, &l->chosen[access]);
  int front = 0;
  for (int loop = 0; loop < l->p->n_loops; loop++) {
    if (!(x.panel & 1u << loop))
      continue;
    int64_t trips = l->at->trips[loop];
    if (!model_scale(&out->bytes, trips))
      return false;
    int dim = -1;
    for (int d = 0, kept = 0; d < a->rank; d++) {
      bool is_kept = !a->node->dim[d].dropped;
      dim = is_kept && a->loop[d] == loop && dim < 0 ? kept : dim;
      kept += is_kept;
    }
    if (dim >= 0 && front + dim < out->rank) {
      out->shape[front + dim] *= trips;
      continue;
    }
    if (out->rank == NEST_RANK_MAX)
      return false;
    memmove(out->shape + 1, out->shape, (size_t)out->rank * sizeof *out->shape);
    out->shape[0] = trips;
    out->rank++;
    front++;
  }
  return true;
}

static int64_t round_up(int64_t v, int64_t align) { return model_ceil(v, align) * align; }

static void put_owned(layout *l, pack_item *item, const int *of, size_t n, const int *index) {
  int64_t bound, used = model_pack(item, n, l->p->l1_align, PROGRAM_PACK_NODES, &bound), sum = 0;
  for (size_t i = 0; i < n; i++) {
    plan_buffer *b = &l->out->buffers.at[index[of[i]]];
    b->offset = l->end + item[i].offset;
    text_addf(&l->parts, "%s%s %" PRId64 " B", l->parts.size ? " + " : "", b->name, item[i].bytes);
    sum += item[i].bytes;
  }
  if (used < sum)
    text_addf(&l->parts, " - %" PRId64 " B shared", sum - used);
  l->end += used;
}

loom_status model_layout_slots(loom_ctx *ctx, const model_program *p, const model_point *at, const plan_choice *chosen, plan *out) {
  layout l = {.ctx = ctx, .p = p, .at = at, .chosen = chosen, .out = out, .parts = text_new(&ctx->mem)};
  int *index = ARENA_NEW_N(&ctx->mem, int, p->n_buffers);
  out->buffers.n = 0;
  pack_item item[PROGRAM_ITEMS_MAX];
  int of[PROGRAM_ITEMS_MAX];
  size_t n;
  if (!program_list_items(p, at->block, false, PROGRAM_ITEMS_MAX, item, of, &n))
    LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "the buffers' sizes in bytes exceed the model's numbers");
  for (int i = 0; i < p->n_buffers; i++) {
    const program_buffer *x = &p->buffer[i];
    bool is_copy = x->access >= 0 && x->kind == NEST_BUFFER_STORE, is_direct = x->access >= 0 && p->access[x->access].is_store && chosen[x->access].direct;
    plan_buffer b;
    if (is_copy && is_direct)
      continue;
    if (!size_shape(&l, x, &b) || (x->access >= 0 && x->kind == NEST_BUFFER_LOAD && !add_panels(&l, x->access, &b)))
      LOOM_FAIL(ctx, LOOM_NOSPAN, LOOM_ELIMIT, "buffer %s: its size in bytes exceeds the model's numbers", x->name);
    bool is_accumulator = x->kind == NEST_BUFFER_COMPUTE && x->access >= 0 && p->access[x->access].has_copy;
    if (x->access >= 0) {
      b.depth = is_accumulator && !is_direct ? 1 : chosen[x->access].depth;
      b.offset = l.end;
      int64_t bytes = b.depth * round_up(b.bytes, p->l1_align), room = b.depth * round_up(program_room(&p->access[x->access], b.bytes, &chosen[x->access]), p->l1_align);
      l.end += bytes;
      l.passing += bytes - room;
      text_addf(&l.parts, "%s%s %" PRId64 " B", l.parts.size ? " + " : "", b.name, room);
    }
    index[i] = (int)out->buffers.n;
    vec_push(&ctx->mem, &out->buffers, b);
  }
  put_owned(&l, item, of, n, index);
  out->l1_bytes = l.end - l.passing;
  out->l1_capacity = p->m->l1_bytes;
  if (out->l1_bytes <= p->m->l1_bytes)
    return LOOM_OK;
  diag_error(ctx, LOOM_NOSPAN, LOOM_EINFEASIBLE, "buffers do not fit a core's memory: %s = %" PRId64 " B > L1 %" PRId64 " B", text_str(&l.parts), out->l1_bytes, p->m->l1_bytes);
  diag_help(ctx, "choose smaller block sizes, fewer slots or no panels");
  return LOOM_EINFEASIBLE;
}
