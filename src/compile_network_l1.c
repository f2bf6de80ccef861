/* Tensors that stay in L1 between kernels (network/network_l1.h): a first choice by what moves, then by what the plans say.  Every kernel is planned with all tensors in DRAM; those that
 * touch a chosen tensor, or whose plan needs the room, are planned again.  Where one is slower than before, or no plan fits, the chosen tensor that moves least for its bytes, of those it
 * touches or else runs beside, goes back to DRAM, until every kernel is at least as fast.  All of it by predicted cycles, so that plans say the same whether they are then run or not. */
#include "compile_network_private.h"
#include <string.h>

enum { ROUNDS_MAX = 8, RESERVED_STEP = 16384 /* bytes: kernels of networks of other depth then have as much room, and so the same plans */ };

/* A kernel, planned with some of its tensors in L1. */
typedef struct variant {
  int first;                               /* among the twins: whose graph it is */
  const bool *in_l1;                       /* by tensor of the graph */
  int64_t reserved;
  network_compiled *c; bool fails;
} variant;

typedef struct keeper {
  network_run *n; arena *m;
  network_buffers lives;                   /* all in DRAM */
  network_twin *base; network_compiled **in_dram;      /* by kernel: as they are with all tensors in DRAM */
  network_l1 l1;
  VEC_OF(variant *) variants;
  variant **of;                            /* by kernel, in this round; NULL: it stays as it is in DRAM */
} keeper;

static bool keeps_l1(const network_run *n) {
  const compile_options *o = n->o;
  if (o->no_l1_tensors || n->for_npu || (n->r && n->r->interp_only) || o->stop_after != COMPILE_TOG || o->override_dir || o->model != MODEL_LOOM || o->for_board || o->plan || !n->net->kernels.n)
    return false;
  const machine *m = n->kept[0]->s.machine;
  return m && !m->host_cpu && !m->npu && machine_cores(m) > 1;
}

/* ---- as they are in DRAM ---- */

static loom_status compile_in_dram(keeper *k) {
  network_run *n = k->n;
  for (size_t i = 0; i < n->net->kernels.n; i++) {
    network_compiled *c = n->kept[i];
    if (!c || c->is_compiled)
      continue;
    loom_status st = network_compile_one(n, c);
    if (st != LOOM_OK) {
      diag_note(n->ctx, c->span, "kernel %s is made of this", n->net->kernels.at[i].graph->name);
      return st;
    }
  }
  return LOOM_OK;
}

static const plan *plan_in_dram(const keeper *k, int kernel) { return k->in_dram[k->base[kernel].first]->s.plan; }

/* ---- a round: which kernels are planned how ---- */

static int tensor_at(const keeper *k, int kernel, size_t i) { return k->base[kernel].as.tensor[i]; }
static size_t n_tensors(const keeper *k, int kernel) { return k->base[kernel].as.graph->tensors.n; }

static bool is_in_l1(const keeper *k, int kernel, size_t i) { return tensor_at(k, kernel, i) >= 0 && k->l1.at[tensor_at(k, kernel, i)].is_in; }

static bool touches_l1(const keeper *k, int kernel) {
  for (size_t i = 0; i < n_tensors(k, kernel); i++)
    if (is_in_l1(k, kernel, i))
      return true;
  return false;
}

static bool is_of(const keeper *k, const variant *v, int kernel) {
  bool is_it = v->first == k->base[kernel].first;
  for (size_t i = 0; is_it && i < n_tensors(k, kernel); i++)
    is_it = v->in_l1[i] == is_in_l1(k, kernel, i);
  return is_it;
}

static variant *find_variant(keeper *k, int kernel, int64_t reserved) {
  for (size_t i = 0; i < k->variants.n; i++)
    if (k->variants.at[i]->reserved == reserved && is_of(k, k->variants.at[i], kernel))
      return k->variants.at[i];
  const int first = k->base[kernel].first;
  const size_t n = n_tensors(k, kernel);
  variant *v = ARENA_NEW(k->m, variant);
  bool *in_l1 = ARENA_NEW_N(k->m, bool, n + 1);
  compile_l1_tensor *place = ARENA_NEW_N(k->m, compile_l1_tensor, n + 1);
  *v = (variant){.first = first, .in_l1 = in_l1, .reserved = reserved, .c = ARENA_NEW(k->m, network_compiled)};
  v->c->o = k->in_dram[first]->o;
  v->c->o.tuned = NULL;                    /* that was the plan for DRAM */
  v->c->span = k->in_dram[first]->span;
  v->c->o.l1_reserved_bytes = reserved;
  v->c->o.l1 = place;
  for (size_t i = 0; i < n; i++) {
    in_l1[i] = is_in_l1(k, kernel, i);
    if (in_l1[i])
      place[v->c->o.n_l1++] = (compile_l1_tensor){(kernel_tensor)i, k->l1.at[tensor_at(k, kernel, i)].page, k->l1.at[tensor_at(k, kernel, i)].offset};
  }
  vec_push(k->m, &k->variants, v);
  return v;
}

static bool same_variant(const keeper *k, int a, int b) {
  bool is_same = k->base[a].first == k->base[b].first;
  for (size_t i = 0; is_same && i < n_tensors(k, a); i++)
    is_same = is_in_l1(k, a, i) == is_in_l1(k, b, i);
  return is_same;
}

/* Equal kernels with the same tensors in L1 are one: planned with what the one with least room has. */
static void assign_variants(keeper *k) {
  const int n = (int)k->n->net->kernels.n;
  for (int i = 0; i < n; i++) {
    int64_t reserved = 0;
    for (int j = 0; j < n; j++)
      if (k->l1.reserved[j] > reserved && same_variant(k, i, j))
        reserved = k->l1.reserved[j];
    reserved = (reserved + RESERVED_STEP - 1) / RESERVED_STEP * RESERVED_STEP;
    bool fits = plan_in_dram(k, i)->l1_bytes <= k->l1.chip.bytes - reserved;
    k->of[i] = touches_l1(k, i) || !fits ? find_variant(k, i, reserved) : NULL;
  }
}

static network_compiled *compiled_of(const keeper *k, int kernel) { return k->of[kernel] ? k->of[kernel]->c : k->in_dram[k->base[kernel].first]; }

/* The kernels as a run takes them: each with the first that has its code. */
static void list_twins(keeper *k) {
  const int n = (int)k->n->net->kernels.n;
  network_twin *t = ARENA_NEW_N(k->m, network_twin, n + 1);
  network_compiled **kept = ARENA_NEW_N(k->m, network_compiled *, n + 1);
  for (int i = 0; i < n; i++) {
    t[i] = (network_twin){i, i, k->base[i].as};
    for (int first = 0; first < i && t[i].first == i; first++)
      if (t[first].first == first && compiled_of(k, first) == compiled_of(k, i))
        t[i].first = first;
    t[t[i].first].last = i;
    kept[i] = t[i].first == i ? compiled_of(k, i) : NULL;
  }
  k->n->twins = t;
  k->n->kept = kept;
}

/* What a second compile of a kernel has to say was said by the first. */
static loom_status compile_variants(keeper *k) {
  const diag_mark mark = diag_save(k->n->ctx);
  LOOM_TRY(network_compile_ahead(k->n));
  for (size_t i = 0; i < k->variants.n; i++) {
    variant *v = k->variants.at[i];
    if (v->c->is_compiled || v->fails)
      continue;
    loom_status st = network_compile_one(k->n, v->c);
    if (st != LOOM_OK && st != LOOM_EINFEASIBLE)
      return st;
    v->fails = st != LOOM_OK;
    if (v->fails)
      network_close_one(v->c);
  }
  diag_drop(k->n->ctx, mark);
  return LOOM_OK;
}

/* ---- what a round says ---- */

static int64_t cycles_of(const keeper *k, int kernel) { return k->of[kernel] ? k->of[kernel]->c->s.plan->predicted_cycles : plan_in_dram(k, kernel)->predicted_cycles; }

/* Of the tensors in L1 that the kernel touches, else of those alive beside it, the one that moves least for each byte that it holds; -1: none. */
static int least_worth(const keeper *k, int kernel) {
  bool touches = touches_l1(k, kernel);
  int least = -1;
  for (int t = 0; t < (int)k->n->net->tensors.n; t++) {
    const network_l1_tensor *x = &k->l1.at[t], *y = least >= 0 ? &k->l1.at[least] : NULL;
    bool is_there = x->is_in && k->lives.at[t].first <= kernel && kernel <= k->lives.at[t].last;
    if (is_there && touches) {
      is_there = false;
      for (size_t i = 0; i < n_tensors(k, kernel); i++)
        is_there = is_there || tensor_at(k, kernel, i) == t;
    }
    if (is_there && (!y || (__int128)x->moved * y->bytes <= (__int128)y->moved * x->bytes))
      least = t;
  }
  return least;
}

/* True: every kernel has a plan that is no slower than in DRAM.  Else some tensor goes there. */
static bool judge(keeper *k, bool drops_all) {
  bool is_good = true;
  for (int i = 0; i < (int)k->n->net->kernels.n; i++) {
    const char *name = k->n->net->kernels.at[i].graph->name, *why;
    const int64_t before = plan_in_dram(k, i)->predicted_cycles;
    if (!k->of[i] || (!k->of[i]->fails && cycles_of(k, i) <= before))
      continue;
    is_good = false;
    why = k->of[i]->fails ? arena_printf(k->m, "no plan of kernel %s fits beside it", name)
                          : arena_printf(k->m, "kernel %s would take %" PRId64 " cycles instead of %" PRId64, name, cycles_of(k, i), before);
    for (int t = least_worth(k, i); t >= 0; t = drops_all ? least_worth(k, i) : -1)
      network_l1_drop(k->m, k->n->net, &k->lives, &k->l1, t, why);
  }
  return is_good;
}

static void sum_up(keeper *k) {
  compile_network *out = k->n->out;
  for (int i = 0; i < (int)k->n->net->kernels.n; i++) {
    out->predicted_in_dram += plan_in_dram(k, i)->predicted_cycles;
    out->predicted += cycles_of(k, i);
  }
  out->l1 = k->l1;
}

static void close_unused(keeper *k) {
  for (int i = 0; i < (int)k->n->net->kernels.n; i++) {
    bool is_used = false;
    for (int j = 0; j < (int)k->n->net->kernels.n && k->in_dram[i]; j++)
      is_used = is_used || k->n->kept[j] == k->in_dram[i];
    if (!is_used)
      network_close_one(k->in_dram[i]);
  }
  for (size_t v = 0; v < k->variants.n; v++) {
    bool is_used = false;
    for (int j = 0; j < (int)k->n->net->kernels.n; j++)
      is_used = is_used || k->n->kept[j] == k->variants.at[v]->c;
    if (!is_used)
      network_close_one(k->variants.at[v]->c);
  }
}

static loom_status search(keeper *k) {
  for (int round = 0;; round++) {
    assign_variants(k);
    list_twins(k);
    LOOM_TRY(compile_variants(k));
    if (judge(k, round >= ROUNDS_MAX))
      return LOOM_OK;
  }
}

loom_status network_keep_in_l1(network_run *n) {
  arena *m = &n->ctx->mem;
  const int kernels = (int)n->net->kernels.n;
  if (!keeps_l1(n))
    return LOOM_OK;
  const machine *chip = n->kept[0]->s.machine;
  keeper k = {.n = n, .m = m, .base = n->twins, .in_dram = n->kept, .of = ARENA_NEW_N(m, variant *, kernels + 1)};
  LOOM_TRY(compile_in_dram(&k));
  k.lives = n->out->buffers;
  network_l1_choose(m, n->net, &k.lives, (network_l1_chip){machine_cores(chip), chip->l1_bytes}, &k.l1);
  loom_status st = search(&k);
  close_unused(&k);
  LOOM_TRY(st);
  sum_up(&k);
  bool *elsewhere = ARENA_NEW_N(m, bool, n->net->tensors.n + 1);
  for (size_t t = 0; t < n->net->tensors.n; t++)
    elsewhere[t] = k.l1.at[t].is_in;
  network_plan_buffers(m, n->net, NETWORK_BUFFER_ALIGN, true, elsewhere, &n->out->buffers);
  return LOOM_OK;
}

void network_set_l1_places(const network_run *n, const network_kernel *k, network_compiled *c) {
  for (size_t i = 0; n->out->l1.at && c->s.tog && i < c->s.tog->tensors.n; i++) {
    tog_tensor *t = &c->s.tog->tensors.at[i];
    if (t->l1_page)
      t->l1_offset = n->out->l1.at[k->tensor[compile_tensor_of_argument(c->s.kernel, t->arg)]].offset;
  }
}
