/* What ranks that search together tell each other: after each round its sum, along a tree; and nodes. */
#include "base/text.h"
#include "solve/solve_space_search.h"
#include <string.h>

/* What all ranks must agree on, and counters.  Behind it: numbers of open nodes, then records, each with its choices. */
typedef struct message { uint32_t head_bytes, node_bytes; int64_t tuples, points; int64_t evaluated, looked, age, effort, bound; int32_t timed_out, n_parts, n_best, n_access; } message;
/* A record without what follows from its mapping. */
typedef struct head { int64_t total, block[MODEL_BLOCKS_MAX], column[MODEL_COLUMN_LINKS], mapping, order; } head;

static message describe(const space_search *s, const space_sum *sum) {
  message m = {.head_bytes = sizeof(head), .node_bytes = sizeof(space_node), .tuples = s->source.n_tuples, .points = 1, .evaluated = sum->evaluated, .looked = sum->looked,
               .age = sum->age, .effort = sum->effort, .bound = sum->bound, .timed_out = sum->timed_out, .n_parts = sum->n_parts, .n_best = (int32_t)s->n_best, .n_access = s->source.n_access};
  for (int i = 0; i < s->n_blocks; i++)
    m.points = solve_mul(m.points, s->domain[i].n);
  return m;
}

static size_t choices_bytes(const space_search *s) { return (size_t)s->source.n_access * sizeof(plan_choice); }
static size_t record_bytes(const space_search *s) { return sizeof(head) + choices_bytes(s); }

static void write_record(const space_search *s, const space_record *x, char *to) {
  head h = {.total = x->total, .mapping = x->mapping, .order = x->order};
  memcpy(h.block, x->block, sizeof h.block);
  memcpy(h.column, x->column, sizeof h.column);
  memcpy(to, &h, sizeof h);
  memcpy(to + sizeof h, x->chosen, choices_bytes(s));
}

/* False: there is no such mapping. */
static bool read_record(const space_search *s, const char *from, space_record *out) {
  const explore_space *e = s->source.space;
  head h;
  memcpy(&h, from, sizeof h);
  if (h.mapping < 0 || h.mapping >= e->n_mappings || h.order < 0 || h.order >= e->n_orders)
    return false;
  *out = (space_record){.total = h.total, .mapping = h.mapping, .order = (int)h.order};
  memcpy(out->block, h.block, sizeof h.block);
  memcpy(out->column, h.column, sizeof h.column);
  memcpy(out->chosen, from + sizeof h, choices_bytes(s));
  explore_get_mapping(e, h.mapping, (int)h.order, &out->map);
  return true;
}

static loom_status send_sum(space_search *s, const space_sum *sum, int to) {
  const solve_ranks *r = s->limits->ranks;
  const message m = describe(s, sum);
  const size_t open_bytes = (size_t)sum->n_parts * sizeof *sum->open, size = sizeof m + open_bytes + s->n_best * record_bytes(s);
  char *bytes = arena_alloc(&s->ctx->scratch, size);
  memcpy(bytes, &m, sizeof m);
  memcpy(bytes + sizeof m, sum->open, open_bytes);
  for (size_t i = 0; i < s->n_best; i++)
    write_record(s, &s->best[i], bytes + sizeof m + open_bytes + i * record_bytes(s));
  return r->send(s->ctx, r->data, to, bytes, size);
}

static bool is_alike(const message *a, const message *b) {
  return a->head_bytes == b->head_bytes && a->node_bytes == b->node_bytes && a->tuples == b->tuples && a->points == b->points && a->n_parts == b->n_parts && a->n_access == b->n_access;
}

static loom_status differ(const space_search *s, int from) {
  LOOM_FAIL(s->ctx, LOOM_NOSPAN, LOOM_EUSAGE, "rank %d searches something else, or is another version of Loom; all ranks of a job need the same command", from);
}

/* False: numbers that none can be. */
static bool add(space_sum *sum, const message *m, const char *open) {
  sum->evaluated += m->evaluated;
  sum->looked += m->looked;
  sum->age += m->age;
  sum->effort += m->effort;
  sum->bound = m->bound < sum->bound ? m->bound : sum->bound;
  sum->timed_out = sum->timed_out || m->timed_out;
  for (int i = 0; i < sum->n_parts; i++) {
    int32_t n;
    memcpy(&n, open + (size_t)i * sizeof n, sizeof n);
    if (__builtin_add_overflow(sum->open[i], n, &sum->open[i]) || n < 0)
      return false;
  }
  return m->evaluated >= 0 && m->looked >= 0 && m->age >= 0 && m->effort >= 0;
}

/* Another rank's sum: added, or, where it is of all, instead of our own. */
static loom_status receive_sum(space_search *s, space_sum *sum, int from, bool is_whole) {
  const solve_ranks *r = s->limits->ranks;
  const message mine = describe(s, sum);
  message m;
  void *bytes;
  size_t size;
  LOOM_TRY(r->receive(s->ctx, r->data, from, &bytes, &size));
  if (size < sizeof m)
    return differ(s, from);
  memcpy(&m, bytes, sizeof m);
  const size_t open_bytes = (size_t)sum->n_parts * sizeof *sum->open;
  if (!is_alike(&m, &mine) || m.n_best < 0 || (size_t)m.n_best > s->room || size != sizeof m + open_bytes + (size_t)m.n_best * record_bytes(s))
    return differ(s, from);
  if (is_whole) {
    *sum = (space_sum){.bound = INT64_MAX, .n_parts = sum->n_parts, .open = sum->open};
    memset(sum->open, 0, open_bytes);
  }
  const char *open = (const char *)bytes + sizeof m;
  if (!add(sum, &m, open))
    return differ(s, from);
  for (int32_t i = 0; i < m.n_best; i++) {
    space_record x;
    if (!read_record(s, open + open_bytes + (size_t)i * record_bytes(s), &x))
      return differ(s, from);
    space_keep(s, &x);
  }
  return LOOM_OK;
}

/* Up a binomial tree to rank 0, and down again: 2 log2 (ranks) messages one after the other, 2 (ranks - 1) in all. */
loom_status space_sum_ranks(space_search *s, space_sum *sum) {
  const solve_ranks *r = s->limits->ranks;
  const arena_mark mark = arena_save(&s->ctx->scratch);
  int step = 1;
  if (!r || r->size < 2)
    return LOOM_OK;
  for (; step < r->size && !(r->number & step); step *= 2)
    if (r->number + step < r->size)
      LOOM_TRY(receive_sum(s, sum, r->number + step, false));
  if (r->number > 0) {
    LOOM_TRY(send_sum(s, sum, r->number - step));
    LOOM_TRY(receive_sum(s, sum, r->number - step, true));
  }
  for (step /= 2; step > 0; step /= 2)
    if (r->number + step < r->size)
      LOOM_TRY(send_sum(s, sum, r->number + step));
  arena_release(&s->ctx->scratch, mark);
  return LOOM_OK;
}

loom_status space_send_nodes(space_search *s, int to, const space_node *at, size_t n) {
  const solve_ranks *r = s->limits->ranks;
  return r->send(s->ctx, r->data, to, at, n * sizeof *at);
}

loom_status space_receive_nodes(space_search *s, int from, size_t n, space_node *out) {
  const solve_ranks *r = s->limits->ranks;
  void *bytes;
  size_t size;
  LOOM_TRY(r->receive(s->ctx, r->data, from, &bytes, &size));
  if (size != n * sizeof *out)
    return differ(s, from);
  memcpy(out, bytes, size);
  return LOOM_OK;
}
