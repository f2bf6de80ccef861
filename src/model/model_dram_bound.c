/* A lower bound of DRAM bytes over a box of block sizes, for all mappings on given cores, all choices and all orders.
 *
 * An access moves each element of its region once for every iteration of the loops around it that it does not step with, but for those it is lifted over;
 * its slot then holds a panel for every lifted loop that it moves with.  So for each order: lifted as far as the least slot fits L1, each
 * remaining loop at its fewest turns; sharing as wide as it can be. */
#include "model/model_program.h"
#include <math.h>

typedef struct bounder {
  const model_program *p;
  int64_t least[MODEL_BLOCKS_MAX];      /* of each block over the box */
  double turns[NEST_LOOPS_MAX], walked[NEST_LOOPS_MAX];      /* of each loop, fewest: turns, elements of one core; 1: not known */
  double base[PLAN_LOADS_MAX], tile[PLAN_LOADS_MAX], room[PLAN_LOADS_MAX];      /* bytes: of the region, of the least slot, of the largest slot there is room for */
  uint32_t repeats[PLAN_LOADS_MAX];     /* loops whose turns repeat the region */
} bounder;

static void bound_loops(bounder *b, const int32_t *cores, const model_domain *d, const int32_t *to) {
  const model_program *p = b->p;
  for (int l = 0; l < p->n_loops; l++) {
    const program_loop *x = &p->loop[l];
    b->turns[l] = b->walked[l] = 1;
    if (x->causal || x->size.kind != PROGRAM_CONST || x->size.value < 1)
      continue;
    int64_t c = l < p->n_parallel ? cores[l] : 1;
    b->turns[l] = (double)model_ceil(model_ceil(x->size.value, d[x->symbol].at[to[x->symbol]]), c);
    b->walked[l] = (double)model_ceil(x->size.value, c);
  }
}

/* Causal loops and those they depend on count together; here they count once. */
static uint32_t causal_loops(const model_program *p, const program_access *a) {
  uint32_t mask = 0;
  for (int l = p->n_parallel; l < p->n_loops; l++)
    if ((a->loops & 1u << l) && p->loop[l].causal)
      mask |= 1u << l | 1u << p->loop[l].outer;
  return mask;
}

static double least_size(const bounder *b, const program_size *z) {
  int64_t v;
  return !z->is_falling && program_size_at(z, b->least, &v) ? (double)v : 1;
}

static void bound_access(bounder *b, int i) {
  const model_program *p = b->p;
  const program_access *a = &p->access[i];
  uint32_t causal = causal_loops(p, a), done = 0;
  double region = (double)a->elem_bytes, tile = region;
  for (int d = 0; d < a->rank; d++) {
    int l = a->loop[d];
    double size = least_size(b, &a->size[d]);
    bool is_known = l >= 0 && a->is_tiled[d] && !((causal | done) & 1u << l) && p->loop[l].size.kind == PROGRAM_CONST;
    tile *= size;
    region *= is_known ? (double)p->loop[l].size.value : l >= 0 && a->is_tiled[d] ? 1 : size;
    done |= l >= 0 ? 1u << l : 0;
  }
  b->base[i] = region;
  b->tile[i] = tile;
  b->repeats[i] = a->loops & ~(a->steps | causal);
  for (int l = 0; l < p->n_parallel; l++)
    if ((a->moves & 1u << l) || l == a->only_first)      /* through its offset: each tile once */
      b->repeats[i] &= ~(1u << l);
}

/* How often the region is moved at least, lifted over loops from the innermost on. */
static double repeats(const bounder *b, int i, const int *order) {
  const model_program *p = b->p;
  const program_access *a = &p->access[i];
  double times = 1, slot = b->tile[i];
  for (int l = 0; l < p->n_loops; l++)
    times *= b->repeats[i] & 1u << l ? b->turns[l] : 1;
  for (int k = p->n_parallel + a->n_seq; !a->is_store && k-- > 0;) {
    int l = k < p->n_parallel ? order[k] : a->seq[k - p->n_parallel];
    if (b->repeats[i] & 1u << l)
      times /= b->turns[l];
    for (int d = 0; d < a->rank; d++)
      if (a->loop[d] == l && a->is_tiled[d] && a->size[d].kind == PROGRAM_BLOCK) {
        slot *= fmax(b->walked[l] / (double)b->least[a->size[d].symbol], 1);
        break;
      }
    if (slot > b->room[i]) {
      times *= b->repeats[i] & 1u << l ? b->turns[l] : 1;
      break;
    }
  }
  return times;
}

static double total(const bounder *b, const int *order) {
  double sum = 0;
  for (int i = 0; i < b->p->n_access; i++)
    sum += b->p->access[i].memory->is_l1 ? 0 : b->base[i] * repeats(b, i, order);
  return sum;
}

/* The least of all orders of the parallel loops from place `from` on. */
static double least_total(const bounder *b, int *order, int from) {
  double least = INFINITY;
  if (from >= b->p->n_parallel - 1)
    return total(b, order);
  for (int i = from; i < b->p->n_parallel; i++) {
    int x = order[from];
    order[from] = order[i];
    order[i] = x;
    least = fmin(least, least_total(b, order, from + 1));
    order[i] = order[from];
    order[from] = x;
  }
  return least;
}

int64_t model_dram_bound(const model_program *p, const int32_t *cores, const model_domain *d, const int32_t *from, const int32_t *to, int64_t l1_bytes) {
  bounder b = {.p = p};
  int order[PLAN_ITERS_MAX];
  for (int s = 0; s < p->n_blocks; s++)
    b.least[s] = d[s].at[from[s]];
  double others = (double)model_pack_bound(p, b.least);
  bound_loops(&b, cores, d, to);
  for (int i = 0; i < p->n_access; i++) {
    bound_access(&b, i);
    b.room[i] = (double)(l1_bytes + p->l1_align) - fmax(others - b.tile[i], 0);
  }
  for (int i = 0; i < p->n_parallel; i++)
    order[i] = i;
  double least = ceil(least_total(&b, order, 0) * (1 - 1e-12));      /* whole numbers, but for rounding */
  return least >= (double)MODEL_MOST ? MODEL_MOST : (int64_t)least;
}
