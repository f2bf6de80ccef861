/* Collectives cycle by cycle.  Oracle: a simulation that has no queue of events, but looks at every packet in every cycle that is the end of something, after docs/chips.md: links take what is ready first, a stage begins on a chip
 * when the one before is over there, sums wait for the chip and for each other.  The ends of all chips agree, cycle for cycle. */
#include "base/rng.h"
#include "chips/chips_testing.h"

/* ---- the slow simulation ---- */

typedef enum step { WAITS, READY, ON_LINK, SUMS, DONE } step;
typedef struct packet { int transfer, number; int64_t bytes; step step; int64_t ready, done; } packet;
typedef struct slow {
  arena *mem; const chips_program *p; const machine *m; bool behind;
  VEC_OF(packet) packets;
  int64_t *begun, *over;                   /* by stage * chips + chip: cycles, -1 */
  int64_t *link, *adder;                   /* busy until: by from * chips + to; by chip */
} slow;

static const chips_transfer *transfer_of(const slow *w, const packet *x) { return &w->p->transfers.at[x->transfer]; }

static void cut_packets(slow *w) {
  for (size_t i = 0; i < w->p->transfers.n; i++) {
    const chips_transfer *t = &w->p->transfers.at[i];
    const int64_t width = chips_type_bytes(w->p, &w->p->stages.at[t->stage]), whole = w->m->chip_links->packet_bytes < width ? 1 : w->m->chip_links->packet_bytes / width;
    int number = 0;
    for (int64_t at = 0; at < t->elems && w->p->stages.at[t->stage].behind == w->behind; at += whole)
      vec_push(w->mem, &w->packets, ((packet){(int)i, number++, (t->elems - at < whole ? t->elems - at : whole) * width, WAITS, 0, 0}));
  }
}

static bool starts(const slow *w, const packet *x, int64_t now) {
  const chips_transfer *t = transfer_of(w, x);
  if (t->after < 0)
    return w->begun[t->stage * w->p->n_chips + t->from] == now;
  for (size_t i = 0; i < w->packets.n; i++)
    if (w->packets.at[i].transfer == t->after && w->packets.at[i].number == x->number)
      return w->packets.at[i].step == DONE && w->packets.at[i].done == now;
  return false;
}

/* First what was ready first, then in the order of the program. */
static bool comes_before(const packet *a, const packet *b) {
  if (a->ready != b->ready)
    return a->ready < b->ready;
  return a->transfer != b->transfer ? a->transfer < b->transfer : a->number < b->number;
}

static packet *first_of(slow *w, step s, bool (*is_wanted)(const slow *, const packet *, int64_t), int64_t what) {
  packet *best = NULL;
  for (size_t i = 0; i < w->packets.n; i++)
    if (w->packets.at[i].step == s && is_wanted(w, &w->packets.at[i], what) && (!best || comes_before(&w->packets.at[i], best)))
      best = &w->packets.at[i];
  return best;
}

static bool is_over_link(const slow *w, const packet *x, int64_t link) { return transfer_of(w, x)->from * w->p->n_chips + transfer_of(w, x)->to == link; }
static bool can_sum(const slow *w, const packet *x, int64_t chip) { return transfer_of(w, x)->to == chip && w->begun[transfer_of(w, x)->stage * w->p->n_chips + chip] >= 0; }

/* Packets that are there; true: something happened. */
static bool take_arrivals(slow *w, int64_t now) {
  bool changed = false;
  for (size_t i = 0; i < w->packets.n; i++) {
    packet *x = &w->packets.at[i];
    if (x->step == WAITS && starts(w, x, now)) {
      x->step = READY;
      x->ready = now;
      changed = true;
    } else if (x->step == ON_LINK && x->done == now) {
      x->step = transfer_of(w, x)->adds ? SUMS : DONE;
      x->ready = now;
      changed = true;
    }
  }
  return changed;
}

/* A sum that has to wait for its chip is taken up in the order of the program when that begins. */
static bool add_sums(slow *w, int64_t now) {
  bool changed = false;
  for (int64_t chip = 0; chip < w->p->n_chips; chip++)
    for (packet *x; (x = first_of(w, SUMS, can_sum, chip)); changed = true) {
      w->adder[chip] = (w->adder[chip] > now ? w->adder[chip] : now) + chips_sum_cycles(w->m, x->bytes);
      x->step = DONE;
      x->done = w->adder[chip];
    }
  return changed;
}

/* Elements that stop being partial sums on a chip: those that arrive there last. */
static int64_t rounding(const slow *w, size_t stage, int64_t chip) {
  int64_t first = INT64_MAX, last = 0;
  for (size_t i = 0; i < w->p->transfers.n; i++) {
    const chips_transfer *t = &w->p->transfers.at[i];
    bool goes_on = false;
    for (size_t j = 0; j < w->p->transfers.n; j++)
      goes_on = goes_on || w->p->transfers.at[j].after == (int)i;
    if (t->stage != (int)stage || t->to != chip || goes_on)
      continue;
    first = t->at < first ? t->at : first;
    last = t->at + t->elems > last ? t->at + t->elems : last;
  }
  return w->p->stages.at[stage].rounds && last > first ? chips_round_cycles(w->m, &w->p->tensors.at[w->p->stages.at[stage].tensor], last - first) : 0;
}

static bool move_stages(slow *w, const int64_t *begin, int64_t now) {
  bool changed = false;
  for (size_t s = 0; s < w->p->stages.n; s++)
    for (int64_t chip = 0; chip < w->p->n_chips && w->p->stages.at[s].behind == w->behind; chip++) {
      const size_t k = s * (size_t)w->p->n_chips + (size_t)chip;
      const int previous = w->p->stages.at[s].previous;
      const int64_t from = previous < 0 ? begin[chip] : w->over[previous * w->p->n_chips + chip];
      if (w->begun[k] < 0 && from == now) {
        w->begun[k] = now;
        changed = true;
        for (size_t i = 0; i < w->packets.n; i++)
          if (w->packets.at[i].step == SUMS && transfer_of(w, &w->packets.at[i])->stage == (int)s && transfer_of(w, &w->packets.at[i])->to == chip)
            w->packets.at[i].ready = now;
      }
      int64_t last = w->begun[k];
      bool all = w->begun[k] >= 0 && w->over[k] < 0;
      for (size_t i = 0; i < w->packets.n && all; i++)
        if (transfer_of(w, &w->packets.at[i])->stage == (int)s && transfer_of(w, &w->packets.at[i])->to == chip) {
          all = w->packets.at[i].step == DONE;
          last = w->packets.at[i].done > last ? w->packets.at[i].done : last;
        }
      if (all) {
        w->over[k] = last + rounding(w, s, chip);
        changed = true;
      }
    }
  return changed;
}

static void use_links(slow *w, int64_t now) {
  for (int64_t link = 0; link < w->p->n_chips * w->p->n_chips; link++) {
    packet *x = w->link[link] <= now ? first_of(w, READY, is_over_link, link) : NULL;
    if (!x)
      continue;
    w->link[link] = now + (x->number ? 0 : w->m->chip_links->setup_cycles) + chips_link_cycles(w->m, x->bytes);
    x->done = w->link[link] + w->m->chip_links->hop_cycles;
    x->step = ON_LINK;
  }
}

/* The next cycle in which anything may happen; INT64_MAX: none. */
static int64_t next_cycle(const slow *w, const int64_t *begin, int64_t now) {
  int64_t next = INT64_MAX;
  for (int64_t c = 0; c < w->p->n_chips; c++)
    next = begin[c] > now && begin[c] < next ? begin[c] : next;
  for (size_t i = 0; i < w->packets.n; i++)
    next = w->packets.at[i].done > now && w->packets.at[i].done < next ? w->packets.at[i].done : next;
  for (int64_t i = 0; i < w->p->n_chips * w->p->n_chips; i++)
    next = w->link[i] > now && w->link[i] < next ? w->link[i] : next;
  for (int64_t i = 0; i < (int64_t)w->p->stages.n * w->p->n_chips; i++)
    next = w->over[i] > now && w->over[i] < next ? w->over[i] : next;
  return next;
}

/* `watch`: when each stage of this side begins and is over, or NULL. */
static void run_slowly(arena *mem, const chips_program *p, const machine *m, bool behind, const chips_watch *watch, const int64_t *begin, int64_t *end) {
  const int64_t n = (int64_t)p->stages.n * p->n_chips;
  slow w = {.mem = mem, .p = p, .m = m, .behind = behind, .begun = ARENA_NEW_N(mem, int64_t, n + 1), .over = ARENA_NEW_N(mem, int64_t, n + 1),
            .link = ARENA_NEW_N(mem, int64_t, p->n_chips * p->n_chips), .adder = ARENA_NEW_N(mem, int64_t, p->n_chips)};
  cut_packets(&w);
  for (int64_t k = 0; k < n; k++)
    w.begun[k] = w.over[k] = -1;
  for (int64_t now = 0; now < INT64_MAX; now = next_cycle(&w, begin, now)) {
    for (bool changed = true; changed;) {
      changed = take_arrivals(&w, now);
      changed = move_stages(&w, begin, now) || changed;
      changed = add_sums(&w, now) || changed;
    }
    use_links(&w, now);
  }
  for (int64_t c = 0; c < p->n_chips; c++) {
    end[c] = begin[c];
    for (size_t s = 0; s < p->stages.n; s++)
      if (p->stages.at[s].behind == behind) {
        assert_true(w.over[(int64_t)s * p->n_chips + c] >= 0);
        end[c] = w.over[(int64_t)s * p->n_chips + c] > end[c] ? w.over[(int64_t)s * p->n_chips + c] : end[c];
        if (watch) {
          watch->begin[(int64_t)s * p->n_chips + c] = w.begun[(int64_t)s * p->n_chips + c];
          watch->end[(int64_t)s * p->n_chips + c] = w.over[(int64_t)s * p->n_chips + c];
        }
      }
  }
}

/* ---- random meshes ---- */

typedef struct drawn { machine m; machine_chip_links links; chips_kernel k; chips_split s; chips_program p; } drawn;

static void draw(arena *mem, rng *r, drawn *d) {
  static const dtype types[][2] = {{DTYPE_I32, DTYPE_I32}, {DTYPE_F16, DTYPE_F32}, {DTYPE_I8, DTYPE_I32}};
  int64_t sizes[MACHINE_MESH_DIMS_MAX], chips = 1;
  const int n = (int)rng_range(r, 1, MACHINE_MESH_DIMS_MAX), type = (int)rng_range(r, 0, 2);
  for (int i = 0; i < n; i++, chips *= sizes[i - 1])
    sizes[i] = rng_range(r, 1, chips > 3 ? 2 : 5);
  d->m = chips_testing_mesh(mem, n, sizes, rng_range(r, 0, 1));
  d->links = (machine_chip_links){.gbit_per_s = 8, .count = rng_range(r, 1, 4), .hop_cycles = rng_range(r, 0, 30), .setup_cycles = rng_range(r, 0, 9), .packet_bytes = 1 << rng_range(r, 0, 6)};
  d->m.chip_links = &d->links;
  d->m.dram_bytes_per_cycle.value = (double)rng_range(r, 1, 12);
  d->k = chips_testing_kernel(mem, rng_range(r, 1, 12), rng_range(r, 1, 12), types[type][0], types[type][1], rng_range(r, 0, 1));
  d->s = (chips_split){.n_dims = n};
  for (int i = 0; i < n; i++)
    d->s.axis[i] = sizes[i] > 1 ? (int)rng_range(r, rng_range(r, -1, 0), SUM) : -1;
  chips_program_make(mem, &d->k, &d->m, &d->s, &d->p);
}

static void test_ends_are_those_of_the_slow_simulation(void **state) {
  int64_t ended = 0;
  (void)state;
  for (int i = 0; i < testing_number("LOOM_CHIPS_RUNS", 60); i++) {
    loom_ctx ctx;
    drawn d;
    rng r = rng_new((uint64_t)i);
    loom_ctx_init(&ctx);
    draw(&ctx.mem, &r, &d);
    int64_t *begin = ARENA_NEW_N(&ctx.mem, int64_t, d.p.n_chips), *end = ARENA_NEW_N(&ctx.mem, int64_t, d.p.n_chips), *want = ARENA_NEW_N(&ctx.mem, int64_t, d.p.n_chips);
    for (int behind = 0; behind < 2; behind++) {
      for (int64_t c = 0; c < d.p.n_chips; c++)
        begin[c] = rng_range(&r, 0, rng_range(&r, 0, 1) * 200);
      assert_int_equal(chips_run(&ctx, &d.p, &d.m, behind, NULL, NULL, begin, end), LOOM_OK);
      run_slowly(&ctx.mem, &d.p, &d.m, behind, NULL, begin, want);
      for (int64_t c = 0; c < d.p.n_chips; c++) {
        ended += end[c] > begin[c];
        if (end[c] != want[c])
          fail_msg("program %d, %s: chip %" PRId64 " of %s ends at %" PRId64 ", in the slow simulation at %" PRId64, i, behind ? "behind" : "before", c, chips_split_text(&ctx.mem, &d.k, &d.m, &d.s), end[c], want[c]);
      }
    }
    loom_ctx_done(&ctx);
  }
  assert_true(ended > 100);
}

/* Both sides around kernels: each stage of each chip, and which links carry how much. */
static void test_times_and_links_of_stages(void **unused) {
  (void)unused;
  for (int i = 0; i < 30; i++) {
    loom_ctx ctx;
    drawn d;
    chips_times got;
    rng r = rng_new((uint64_t)i);
    loom_ctx_init(&ctx);
    draw(&ctx.mem, &r, &d);
    const size_t n = (size_t)d.p.n_chips, stages = d.p.stages.n * n;
    int64_t *kernel = ARENA_NEW_N(&ctx.mem, int64_t, n), *begin = ARENA_NEW_N(&ctx.mem, int64_t, n), *end = ARENA_NEW_N(&ctx.mem, int64_t, n), last = 0;
    const chips_watch want = {.begin = ARENA_NEW_N(&ctx.mem, int64_t, stages + 1), .end = ARENA_NEW_N(&ctx.mem, int64_t, stages + 1)};
    for (size_t c = 0; c < n; c++)
      kernel[c] = rng_range(&r, 0, 150);
    assert_int_equal(chips_time(&ctx, &d.p, &d.m, kernel, &got), LOOM_OK);
    run_slowly(&ctx.mem, &d.p, &d.m, false, &want, end, begin);
    assert_memory_equal(got.begin, begin, n * sizeof *begin);
    for (size_t c = 0; c < n; c++)
      begin[c] += kernel[c];
    run_slowly(&ctx.mem, &d.p, &d.m, true, &want, begin, end);
    assert_memory_equal(got.end, end, n * sizeof *end);
    if (stages) {
      assert_memory_equal(got.watch.begin, want.begin, stages * sizeof *want.begin);
      assert_memory_equal(got.watch.end, want.end, stages * sizeof *want.end);
    }
    for (size_t c = 0; c < n; c++)
      last = end[c] > last ? end[c] : last;
    assert_int_equal(got.cycles, last);
    for (size_t s = 0; s < d.p.stages.n; s++) {
      chips_link *links;
      int64_t all = 0;
      const size_t n_links = chips_stage_links(&ctx.mem, &d.p, (int)s, &links);
      for (size_t l = 0; l < n_links; l++) {
        int64_t bytes = 0;
        for (size_t t = 0; t < d.p.transfers.n; t++)
          if (d.p.transfers.at[t].stage == (int)s && d.p.transfers.at[t].from == links[l].from && d.p.transfers.at[t].to == links[l].to)
            bytes += d.p.transfers.at[t].elems * chips_type_bytes(&d.p, &d.p.stages.at[s]);
        assert_int_equal(links[l].bytes, bytes);
        assert_true(l == 0 || links[l - 1].from < links[l].from || (links[l - 1].from == links[l].from && links[l - 1].to < links[l].to));
        all += bytes;
      }
      assert_int_equal(all, d.p.stages.at[s].bytes);
    }
    loom_ctx_done(&ctx);
  }
}

/* ---- programs that somebody edited ---- */

/* x on a line or ring of 4, in rows that are not all there: `a` is the dim, a second one of 2 is `b`. */
typedef struct edited { bool wraps; int transfer; chips_transfer becomes; int dim; const char *says; } edited;
static const edited edits[] = {
    {false, 0, {0, 0, 3, 0, 4, -1, false}, 0, "there is no link from chip 0 to chip 3 for the all-gather of 'x'"},        /* the other dim, too */
    {false, 0, {0, 0, 4, 0, 4, -1, false}, 0, "there is no link from chip 0 to chip 4 for the all-gather of 'x'"},        /* two steps */
    {false, 0, {0, 0, 6, 0, 4, -1, false}, 0, "there is no link from chip 0 to chip 6 for the all-gather of 'x'"},        /* around, on a line */
    {true, 0, {0, 0, 4, 0, 4, -1, false}, 0, "there is no link from chip 0 to chip 4 for the all-gather of 'x'"},
    {true, 0, {0, 2, 0, 0, 4, -1, false}, 2, "there is no link from chip 2 to chip 0 for the all-gather of 'x'"},         /* there is no third dim */
    {false, 1, {0, 4, 6, 0, 4, 0, false}, 0, "chip 4 hands on what arrives at chip 2"},
    {false, 1, {0, 2, 4, 0, 8, 0, false}, 0, "chip 4 waits for ever for 1 packets of the all-gather of 'x'"},             /* more than arrives */
    {false, 1, {0, 2, 4, 0, 4, 1, false}, 0, "chip 2 hands on what arrives at chip 4"},
    {false, 0, {0, 0, 2, 0, INT64_MAX / 16, -1, false}, 0, "collectives of more than 500000000 packets are not simulated"},
};

static void make_line(arena *mem, chips_program *p) {
  static const chips_transfer transfers[] = {{0, 0, 2, 0, 4, -1, false}, {0, 2, 4, 0, 4, 0, false}, {0, 1, 3, 0, 8, -1, false}};
  *p = (chips_program){.n_chips = 8};
  vec_push(mem, &p->tensors, ((chips_elements){"x", DTYPE_I8, DTYPE_I32}));
  vec_push(mem, &p->stages, ((chips_stage){.kind = CHIPS_ALL_GATHER, .previous = -1}));
  for (size_t i = 0; i < COUNT_OF(transfers); i++)
    vec_push(mem, &p->transfers, transfers[i]);
}

static void test_edited_programs_are_refused(void **unused) {
  static const machine_chip_links links = {.gbit_per_s = 8, .count = 1, .hop_cycles = 3, .setup_cycles = 2, .packet_bytes = 4};
  static const int64_t begin[8] = {0};
  (void)unused;
  for (size_t i = 0; i <= COUNT_OF(edits); i++) {
    loom_ctx ctx;
    chips_program p;
    int64_t end[8];
    loom_ctx_init(&ctx);
    machine m = chips_testing_mesh(&ctx.mem, 2, (const int64_t[]){4, 2}, i < COUNT_OF(edits) && edits[i].wraps);
    m.chip_links = &links;
    make_line(&ctx.mem, &p);
    if (i < COUNT_OF(edits)) {
      p.transfers.at[edits[i].transfer] = edits[i].becomes;
      p.stages.at[0].dim = edits[i].dim;
      const loom_status want = strstr(edits[i].says, "500000000") ? LOOM_ELIMIT : LOOM_ENUMERIC;
      assert_int_equal(chips_run(&ctx, &p, &m, false, NULL, NULL, begin, end), want);
      testing_expect_error(&ctx, want, edits[i].says, 0, 0);
    } else {      /* as it was: 4 bytes over two links; 8 in two packets over one, which starts once */
      assert_int_equal(chips_run(&ctx, &p, &m, false, NULL, NULL, begin, end), LOOM_OK);
      assert_int_equal(end[4], 2 * (2 + 4 + 3));
      assert_int_equal(end[3], 2 + 4 + 4 + 3);
    }
    loom_ctx_done(&ctx);
  }
}

/* In front of the kernel, and behind it. */
static void test_chips_that_wait_have_no_times(void **unused) {
  static const machine_chip_links links = {.gbit_per_s = 8, .count = 1, .hop_cycles = 3, .setup_cycles = 2, .packet_bytes = 4};
  static const int64_t kernel[8] = {0};
  (void)unused;
  for (int behind = 0; behind < 2; behind++) {
    loom_ctx ctx;
    chips_program p;
    chips_times times;
    loom_ctx_init(&ctx);
    machine m = chips_testing_mesh(&ctx.mem, 2, (const int64_t[]){4, 2}, false);
    m.chip_links = &links;
    make_line(&ctx.mem, &p);
    p.stages.at[0].behind = behind;
    p.transfers.at[0].elems = 0;
    assert_int_equal(chips_time(&ctx, &p, &m, kernel, &times), LOOM_ENUMERIC);
    testing_expect_error(&ctx, LOOM_ENUMERIC, "chip 4 waits for ever for 1 packets of the all-gather of 'x'", 0, 0);
    loom_ctx_done(&ctx);
  }
}

/* A transfer that hands on less than arrives, in memory and time. */
static void test_less_may_be_handed_on(void **unused) {
  static const machine_chip_links links = {.gbit_per_s = 8, .count = 1, .hop_cycles = 3, .setup_cycles = 2, .packet_bytes = 4};
  static const int64_t begin[8] = {0};
  loom_ctx *ctx = *unused;
  chips_program p;
  int64_t end[8];
  int8_t bytes[8][8];
  void *at[8], *partial[8] = {0};
  machine m = chips_testing_mesh(&ctx->mem, 2, (const int64_t[]){4, 2}, false);
  m.chip_links = &links;
  make_line(&ctx->mem, &p);
  p.transfers.at[0].elems = 8;
  for (int8_t c = 0; c < 8; c++)
    at[c] = memset(bytes[c], c, sizeof bytes[c]);
  assert_int_equal(chips_run(ctx, &p, &m, false, &(chips_memory){at, partial}, NULL, begin, end), LOOM_OK);
  assert_memory_equal(bytes[2], ((int8_t[]){0, 0, 0, 0, 0, 0, 0, 0}), 8);
  assert_memory_equal(bytes[4], ((int8_t[]){0, 0, 0, 0, 4, 4, 4, 4}), 8);
  assert_memory_equal(bytes[3], ((int8_t[]){1, 1, 1, 1, 1, 1, 1, 1}), 8);
  assert_int_equal(end[4], 2 * (2 + 4 + 3));
}

/* Partial sums of each type, and elements of the type that they become. */
static void test_sums_of_types(void **unused) {
  static const struct { dtype type, partial; double a, b, sum; } rows[] = {
      {DTYPE_F32, DTYPE_F32, 0x1p24, 1, 0x1p24},      /* rounded to even */
      {DTYPE_F16, DTYPE_F32, 2048, 1, 2048},
      {DTYPE_BF16, DTYPE_F32, 1, 0x1p-7, 1 + 0x1p-7},
      {DTYPE_F64, DTYPE_F64, 1, 0x1p-50, 1 + 0x1p-50},
      {DTYPE_I8, DTYPE_I32, 100, -90, 10},
      {DTYPE_U8, DTYPE_I32, 100, 90, 190},
      {DTYPE_BOOL, DTYPE_BOOL, 1, 1, 1},
      {DTYPE_I32, DTYPE_I32, -5, 3, -2},
  };
  loom_ctx *ctx = *unused;
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    const machine m = chips_testing_mesh(&ctx->mem, 1, (const int64_t[]){2}, false);
    const chips_kernel k = chips_testing_kernel(&ctx->mem, 1, 2, rows[i].type, rows[i].partial, true);
    const chips_split s = {.n_dims = 1, .axis = {SUM}};
    const int64_t begin[2] = {0};
    int64_t end[2];
    chips_program p;
    double memory[2][2][2] = {{{0}}};      /* by chip, whether it is partial, element: room for any type */
    void *at[4] = {NULL, memory[0][0], NULL, memory[1][0]}, *partial[4] = {NULL, memory[0][1], NULL, memory[1][1]};
    chips_program_make(&ctx->mem, &k, &m, &s, &p);
    for (int c = 0; c < 2; c++)
      for (size_t e = 0; e < 2; e++)
        dtype_store(rows[i].partial, (char *)memory[c][1] + e * dtype_bytes(rows[i].partial), c ? rows[i].b : rows[i].a);
    assert_int_equal(chips_run(ctx, &p, &m, true, &(chips_memory){at, partial}, NULL, begin, end), LOOM_OK);
    for (int c = 0; c < 2; c++)
      for (size_t e = 0; e < 2; e++)
        assert_true(dtype_load(rows[i].type, (char *)memory[c][0] + e * dtype_bytes(rows[i].type)) == rows[i].sum);
    assert_int_equal(end[0], end[1]);
  }
}

static loom_status body(loom_ctx *ctx, void *data) {
  chips_program p;
  int64_t begin[8] = {0}, end[8];
  int8_t bytes[8][8] = {{0}};
  void *at[8], *partial[8] = {0};
  const machine m = chips_testing_mesh(&ctx->mem, 2, (const int64_t[]){4, 2}, false);
  (void)data;
  make_line(&ctx->mem, &p);
  for (int c = 0; c < 8; c++)
    at[c] = bytes[c];
  return chips_run(ctx, &p, &m, false, &(chips_memory){at, partial}, NULL, begin, end);
}

static void test_memory_failures_unwind(void **unused) {
  (void)unused;
  testing_sweep_memory(body, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_ends_are_those_of_the_slow_simulation),
      cmocka_unit_test(test_times_and_links_of_stages),
      cmocka_unit_test(test_edited_programs_are_refused),
      cmocka_unit_test(test_chips_that_wait_have_no_times),
      cmocka_unit_test_setup_teardown(test_less_may_be_handed_on, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_sums_of_types, testing_open_context, testing_close_context),
      cmocka_unit_test(test_memory_failures_unwind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
