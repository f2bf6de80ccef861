/* Temporal orders, and which of them offer the same choices.
 *
 * What an access costs depends on the order only through the loops it is lifted over, as a set: those outside say how often it is loaded, those inside
 * that it moves with how large its slot is.  So orders with equal sets at every position of every access are one class.  A loop of one trip is in no
 * set. */
#include "explore/explore_space_private.h"
#include "base/text.h"
#include <stdlib.h>

typedef struct signed_order { const uint8_t *sets; size_t n; int order; } signed_order;

static int compare_sets(const signed_order *x, const signed_order *y) {
  if (x->n != y->n)
    return x->n < y->n ? -1 : 1;
  return x->n ? memcmp(x->sets, y->sets, x->n) : 0;      /* no sets: no memory either */
}

static int by_sets(const void *a, const void *b) {
  const signed_order *x = a, *y = b;
  int c = compare_sets(x, y);
  return c ? c : (x->order > y->order) - (x->order < y->order);
}

/* The parallel loops of each position of each access, at one slot and at two; the sequential ones are the same under every order. */
static signed_order sign(arena *m, const explore_space *s, int number, const int *order) {
  VEC_OF(uint8_t) sets = {0};
  for (int a = 0; a < s->n_access; a++)
    for (int depth = 1; depth <= 2 && !s->impl->access[a].is_store; depth++) {
      int hoist[EXPLORE_LIFTS_MAX], n = explore_list_hoists(s, a, order, depth, hoist), last = -1;
      size_t length = sets.n;
      vec_push(m, &sets, 0);
      for (int i = 0; i < n; i++) {
        unsigned panel;
        if (hoist[i] < s->impl->access[a].n_seq)
          continue;
        int set = (int)(explore_lifted(s, a, order, hoist[i], &panel) & ((1u << s->n_parallel) - 1) & ~s->one_trip);
        if (set != last)
          vec_push(m, &sets, (uint8_t)set);
        last = set;
      }
      sets.at[length] = (uint8_t)(sets.n - length);
    }
  return (signed_order){sets.at, sets.n, number};
}

static void class_orders(loom_ctx *ctx, explore_space *s, int32_t *class_of) {
  if (!(s->impl->rules & EXPLORE_ORDER_CLASS)) {
    for (int o = 0; o < s->n_orders; o++)
      class_of[o] = o;
    s->n_classes = s->n_orders;
    return;
  }
  s->impl->order_sets = ARENA_NEW_N(&ctx->mem, const uint8_t *, s->n_orders);
  arena_mark mark = arena_save(&ctx->scratch);
  signed_order *all = ARENA_NEW_N(&ctx->scratch, signed_order, s->n_orders);
  for (int o = 0; o < s->n_orders; o++) {
    int order[PLAN_ITERS_MAX];
    for (int i = 0; i < s->n_parallel; i++)
      order[i] = s->order[o * s->n_parallel + i];
    all[o] = sign(&ctx->mem, s, o, order);
    s->impl->order_sets[o] = all[o].sets;
  }
  qsort(all, (size_t)s->n_orders, sizeof *all, by_sets);
  int *first = ARENA_NEW_N(&ctx->scratch, int, s->n_orders);      /* of an order's class: the least */
  for (int i = 0; i < s->n_orders; i++) {
    bool is_same = i > 0 && compare_sets(&all[i], &all[i - 1]) == 0;
    first[all[i].order] = is_same ? first[all[i - 1].order] : all[i].order;
  }
  for (int o = 0; o < s->n_orders; o++)
    class_of[o] = first[o] == o ? s->n_classes++ : class_of[first[o]];
  arena_release(&ctx->scratch, mark);
}

static bool order_is_fixed(arena *scratch, const char *pin, const explore_order *o, int n) {
  if (!pin)
    return true;
  plan_mapping p = {.n_iters = n};
  memcpy(p.order, o->at, sizeof p.order);
  return text_eq(plan_order_string(scratch, &p) + (pin[0] == 'f' ? 0 : 1), pin);
}

void explore_make_orders(loom_ctx *ctx, explore_space *s) {
  int items[PLAN_ITERS_MAX];
  explore_orders all = {0};
  VEC_OF(int8_t) kept = {0};
  for (int i = 0; i < s->n_parallel; i++)
    items[i] = i;
  arena_mark mark = arena_save(&ctx->scratch);
  explore_list_permutations(&ctx->scratch, items, s->n_parallel, &all);
  s->n_orders = 0;
  s->impl->order_sets = NULL;
  for (size_t o = 0; o < all.n; o++) {
    if (!order_is_fixed(&ctx->scratch, s->impl->fixes.order, &all.at[o], s->n_parallel))
      continue;
    for (int i = 0; i < s->n_parallel; i++)
      vec_push(&ctx->mem, &kept, (int8_t)all.at[o].at[i]);
    s->n_orders++;
  }
  arena_release(&ctx->scratch, mark);
  s->order = kept.at;
  int32_t *class_of = ARENA_NEW_N(&ctx->mem, int32_t, s->n_orders);
  if (s->n_orders)
    class_orders(ctx, s, class_of);
  s->order_class = class_of;
}

/* ---- loops that run once at some block sizes ---- */

/* Where a loop of one trip stands changes nothing: of all orders with the others in this order, is `o` the first?  Without panels a load cannot be
 * lifted over a loop it moves with, not even one of one trip: then these are best outermost. */
static bool is_first_arrangement(const explore_space *s, const int8_t *o, uint32_t one_trip) {
  bool outermost = s->impl->lacking & PLAN_NEEDS_PANEL;
  int last = -1, largest = -1;          /* the one-trip loop before; the largest of the others before */
  for (int i = 0; i < s->n_parallel; i++) {
    if (one_trip & 1u << o[i]) {
      if (o[i] < last || (outermost ? largest >= 0 : largest > o[i]))
        return false;
      last = o[i];
    } else {
      if (!outermost && i > 0 && (one_trip & 1u << o[i - 1]) && o[i - 1] > o[i])
        return false;
      largest = o[i] > largest ? o[i] : largest;
    }
  }
  return true;
}

/* ---- where the best plan alone is asked for ---- */

enum { SETS_MAX = 1 << PLAN_ITERS_MAX };

/* Sets of one load with one slot, then with two, each behind their count. */
static size_t sets_length(const uint8_t *sets) { return 2u + sets[0] + sets[1 + sets[0]]; }

static bool same_length(const uint8_t *x, const uint8_t *y) { return x[0] == y[0] && x[1 + x[0]] == y[1 + y[0]]; }

/* Where in order_sets the one load has its sets that are not the same under all of `order`; false: there is none, or there are several. */
static bool find_varying(const explore_space *s, const int *order, int n, size_t *out) {
  const uint8_t *const *sets = s->impl->order_sets, *first = sets[order[0]];
  int found = 0;
  size_t at = 0;
  for (int a = 0; a < s->n_access; a++) {
    if (s->impl->access[a].is_store)
      continue;
    bool varies = false;
    for (int i = 1; i < n; i++) {
      if (!same_length(sets[order[i]] + at, first + at))
        return false;
      varies = varies || memcmp(sets[order[i]] + at, first + at, sets_length(first + at)) != 0;
    }
    if (varies) {
      *out = at;
      found++;
    }
    at += sets_length(first + at);
  }
  return found == 1;
}

/* Keeps of `order` those under which a load may be lifted over a set of loops that it may not be lifted over under any before.  Where one load alone has other sets under
 * them, whatever a plan of the others chooses, a plan under an earlier order chooses too, on the same mapping: it costs the same, and comes first. */
static int cover_sets(const explore_space *s, int n, int *order) {
  size_t from = 0;
  int kept = 0;
  if (n < 3 || !s->impl->order_sets || !find_varying(s, order, n, &from))
    return n;
  bool seen[2][SETS_MAX] = {{false}};
  for (int i = 0; i < n; i++) {
    const uint8_t *x = s->impl->order_sets[order[i]] + from;
    bool is_new = false;
    for (int depth = 0; depth < 2; x += 1 + x[0], depth++)
      for (int k = 1; k <= x[0]; k++) {
        is_new = is_new || !seen[depth][x[k]];
        seen[depth][x[k]] = true;
      }
    if (is_new)
      order[kept++] = order[i];
  }
  return kept;
}

/* ---- orders to look at ---- */

enum { ORDERS_MAX = 40320 /* of PLAN_ITERS_MAX loops */ };
_Static_assert(PLAN_ITERS_MAX == 8, "ORDERS_MAX is its factorial");

int explore_list_orders(const explore_space *s, uint32_t one_trip, int *out) {
  int n = 0;
  uint64_t seen[ORDERS_MAX / 64] = {0};      /* classes */
  one_trip |= s->one_trip;
  for (int o = 0; o < s->n_orders; o++) {
    bool stands = s->impl->fixes.order || !(s->impl->rules & EXPLORE_ORDER_CLASS) || is_first_arrangement(s, s->order + (size_t)o * (size_t)s->n_parallel, one_trip);
    const int32_t class = s->order_class[o];
    if (!stands || seen[class / 64] >> (class % 64) & 1)
      continue;
    seen[class / 64] |= UINT64_C(1) << (class % 64);
    out[n++] = o;
  }
  return s->only_best ? cover_sets(s, n, out) : n;
}
