/* Collectives on made-up memories: what every chip has in the end, what a lost or misrouted transfer leaves, how near the formulas are. */
#include "chips/chips_testing.h"
#include <math.h>
#include <stdlib.h>

typedef struct bench { chips_kernel k; machine m; chips_split s; chips_program p; int32_t **at, **partial; int64_t *begin, *before, *behind, *waiting, *kernel /* cycles, by chip */; } bench;

static const int32_t POISON = -1;
static int32_t value_of(int64_t i) { return (int32_t)(7 * i + 3); }

static void open_bench(loom_ctx *ctx, bench *b) {
  const int64_t n = machine_n_chips(&b->m);
  chips_program_make(&ctx->mem, &b->k, &b->m, &b->s, &b->p);
  b->at = ARENA_NEW_N(&ctx->mem, int32_t *, n * 2);
  b->partial = ARENA_NEW_N(&ctx->mem, int32_t *, n * 2);
  b->waiting = ARENA_NEW_N(&ctx->mem, int64_t, n), b->kernel = ARENA_NEW_N(&ctx->mem, int64_t, n);
  b->begin = ARENA_NEW_N(&ctx->mem, int64_t, n), b->before = ARENA_NEW_N(&ctx->mem, int64_t, n), b->behind = ARENA_NEW_N(&ctx->mem, int64_t, n);
}

/* Pieces of x where they start; of out, 1 + chip on every chip. */
static void fill(loom_ctx *ctx, bench *b) {
  for (int64_t c = 0; c < machine_n_chips(&b->m); c++)
    for (int t = 0; t < 2; t++) {
      const int64_t room = chips_room(&b->k, &b->m, &b->s, t, c);
      const chips_run_of start = chips_start_of(&b->k, &b->m, &b->s, t, c), box = chips_box_of(&b->k, &b->m, &b->s, t, c);
      int32_t *at = b->at[c * 2 + t] = ARENA_NEW_N(&ctx->mem, int32_t, room + 1), *partial = b->partial[c * 2 + t] = ARENA_NEW_N(&ctx->mem, int32_t, room + 1);
      for (int64_t i = 0; i < room; i++)
        at[i] = partial[i] = POISON;
      for (int64_t i = start.at; i < start.at + start.elems && t == X; i++)
        at[i] = value_of(i);
      for (int64_t i = box.at; i < box.at + box.elems && t == OUT; i++)
        *(chips_splits_sum(&b->k, &b->s) ? &partial[i] : &at[i]) = (int32_t)(1000 * i + c + 1);
    }
}

static loom_status run(loom_ctx *ctx, bench *b) {
  const chips_memory memory = {(void *const *)b->at, (void *const *)b->partial};
  const chips_watch watch = {.waiting = b->waiting};
  memset(b->waiting, 0, (size_t)machine_n_chips(&b->m) * sizeof *b->waiting);
  fill(ctx, b);
  LOOM_TRY(chips_run(ctx, &b->p, &b->m, false, &memory, &watch, b->begin, b->before));
  for (int64_t c = 0; c < machine_n_chips(&b->m); c++)
    b->before[c] += b->kernel[c];
  return chips_run(ctx, &b->p, &b->m, true, &memory, &watch, b->before, b->behind);
}

/* Along dims without axis both have the same place. */
static bool is_beside(const bench *b, int64_t x, int64_t y) {
  int64_t at_x[MACHINE_MESH_DIMS_MAX], at_y[MACHINE_MESH_DIMS_MAX];
  bool is = true;
  chips_coordinates(&b->m, x, at_x);
  chips_coordinates(&b->m, y, at_y);
  for (int d = 0; d < b->s.n_dims; d++)
    is = is && (b->s.axis[d] >= 0 || at_x[d] == at_y[d]);
  return is;
}

/* What chip has at element i of out in the end: the sum over chips with that box, of those that repeat each other over its own. */
static int32_t sum_of(const bench *b, int64_t chip, int64_t i) {
  int64_t sum = 0;
  for (int64_t c = 0; c < machine_n_chips(&b->m); c++) {
    const chips_run_of box = chips_box_of(&b->k, &b->m, &b->s, OUT, c);
    sum += is_beside(b, chip, c) && i >= box.at && i < box.at + box.elems && chips_takes_part(&b->m, &b->s, c) ? 1000 * i + c + 1 : 0;
  }
  return (int32_t)sum;
}

static bool is_right(const bench *b) {
  bool ok = true;
  for (int64_t c = 0; c < machine_n_chips(&b->m) && ok; c++) {
    const chips_run_of box = chips_box_of(&b->k, &b->m, &b->s, X, c), end = chips_end_of(&b->k, &b->m, &b->s, OUT, c);
    for (int64_t i = box.at; i < box.at + box.elems; i++)
      ok = ok && b->at[c * 2 + X][i] == value_of(i);
    for (int64_t i = end.at; i < end.at + end.elems && b->k.tensors.at[OUT].is_everywhere; i++)
      ok = ok && b->at[c * 2 + OUT][i] == sum_of(b, c, i);
  }
  return ok;
}

typedef struct shape { int n; int64_t sizes[3]; bool wraps; int axis[3]; int64_t rows, cols; bool repeats; } shape;
static const shape shapes[] = {
    {1, {2}, false, {SUM}, 3, 5, false},          {1, {5}, false, {TILE}, 13, 9, false},        {1, {5}, true, {SUM}, 40, 33, false},          {1, {4}, true, {TILE}, 3, 100, false},
    {2, {2, 4}, false, {TILE, SUM}, 7, 31, false}, {2, {2, 4}, false, {SUM, SUM}, 64, 64, false}, {2, {2, 4}, false, {TILE, OTHER}, 9, 11, false}, {2, {2, 4}, false, {TILE, TILE}, 9, 100, false},
    {2, {2, 4}, false, {-1, TILE}, 30, 70, false}, {2, {3, 4}, true, {SUM, TILE}, 50, 50, false}, {3, {2, 3, 2}, false, {OTHER, SUM, TILE}, 17, 5, false},
    {2, {2, 4}, false, {-1, SUM}, 30, 7, true}, {3, {2, 3, 2}, true, {TILE, -1, -1}, 17, 5, true},
};

static bench bench_of(loom_ctx *ctx, const shape *s) {
  bench b = {.k = chips_testing_kernel(&ctx->mem, s->rows, s->cols, DTYPE_I32, DTYPE_I32, true), .m = chips_testing_mesh(&ctx->mem, s->n, s->sizes, s->wraps), .s = {.n_dims = s->n, .repeats = s->repeats}};
  memcpy(b.s.axis, s->axis, sizeof b.s.axis);
  open_bench(ctx, &b);
  return b;
}

/* Oracle: sums by hand. */
static void test_every_chip_has_all_in_the_end(void **state) {
  loom_ctx *ctx = *state;
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    bench b = bench_of(ctx, &shapes[i]);
    assert_int_equal(run(ctx, &b), LOOM_OK);
    assert_true(is_right(&b));
  }
}

/* Each transfer in turn: lost, a stage that waits, or a number that is wrong; to the wrong place, or the wrong chip: wrong. */
static void test_a_lost_or_misrouted_transfer_is_seen(void **state) {
  loom_ctx *ctx = *state;
  int64_t tried = 0;
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    bench b = bench_of(ctx, &shapes[i]);
    for (size_t t = 0; t < b.p.transfers.n; t += 1 + b.p.transfers.n / 16)
      for (int edit = 0; edit < 3; edit++) {
        chips_transfer *x = &b.p.transfers.at[t];
        const chips_transfer kept = *x;
        const diag_mark before = diag_save(ctx);
        if (edit == 0)
          x->elems = 0;
        else if (edit == 1)
          x->at += x->at ? -1 : 1;
        else if (machine_n_chips(&b.m) > 2)
          x->to = (x->to + 1) % (int)machine_n_chips(&b.m) == x->from ? (x->to + 2) % (int)machine_n_chips(&b.m) : (x->to + 1) % (int)machine_n_chips(&b.m);
        const bool is_changed = memcmp(&kept, x, sizeof kept) != 0;
        const bool takes_part = chips_takes_part(&b.m, &b.s, x->to) && chips_room(&b.k, &b.m, &b.s, b.p.stages.at[x->stage].tensor, x->to) >= x->at + x->elems;
        if (is_changed && takes_part && (edit != 1 || x->at + x->elems <= chips_room(&b.k, &b.m, &b.s, b.p.stages.at[x->stage].tensor, x->from))) {
          tried++;
          if (run(ctx, &b) == LOOM_OK && is_right(&b))
            fail_msg("shape %zu, transfer %zu (stage %d, chip %d to %d, at %" PRId64 ", %" PRId64 " elements), edit %d is not seen", i, t, kept.stage, kept.from, kept.to, kept.at, kept.elems, edit);
        }
        diag_drop(ctx, before);
        *x = kept;
      }
  }
  assert_true(tried > 200);
}

/* Large tensors and small ones, within 12 %. */
static void test_formulas_are_near_the_run(void **state) {
  loom_ctx *ctx = *state;
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    for (int64_t scale = 1; scale <= 64; scale *= 8) {
      shape s = shapes[i];
      s.rows *= scale;
      s.cols *= scale;
      bench b = bench_of(ctx, &s);
      int64_t before = 0, behind = 0;
      assert_int_equal(chips_run(ctx, &b.p, &b.m, false, NULL, NULL, b.begin, b.before), LOOM_OK);
      assert_int_equal(chips_run(ctx, &b.p, &b.m, true, NULL, NULL, b.begin, b.behind), LOOM_OK);
      for (int64_t c = 0; c < machine_n_chips(&b.m); c++) {
        before = b.before[c] > before ? b.before[c] : before;
        behind = b.behind[c] > behind ? b.behind[c] : behind;
      }
      if (fabs((double)(before - b.p.cycles_before)) > 0.12 * (double)before || fabs((double)(behind - b.p.cycles_behind)) > 0.12 * (double)behind)
        fail_msg("shape %zu at scale %" PRId64 ": formulas %" PRId64 " and %" PRId64 ", run %" PRId64 " and %" PRId64, i, scale, b.p.cycles_before, b.p.cycles_behind, before, behind);
    }
}

/* Every chip's sums are in every sum: nobody has one of a chip before its kernel is over, and all of them cycles later than with equal kernels. */
static void test_sums_wait_for_every_kernel(void **state) {
  loom_ctx *ctx = *state;
  enum { LATE = 1 << 30 };
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    bench b = bench_of(ctx, &shapes[i]);
    for (int64_t late = 0; late < machine_n_chips(&b.m) && chips_splits_sum(&b.k, &b.s); late++) {
      memset(b.kernel, 0, (size_t)machine_n_chips(&b.m) * sizeof *b.kernel);
      assert_int_equal(run(ctx, &b), LOOM_OK);
      const int64_t ready = b.before[late];
      b.kernel[late] = LATE;
      assert_int_equal(run(ctx, &b), LOOM_OK);
      for (int64_t c = 0; c < machine_n_chips(&b.m) && chips_takes_part(&b.m, &b.s, late); c++) {
        const chips_run_of mine = chips_end_of(&b.k, &b.m, &b.s, OUT, c), box = chips_box_of(&b.k, &b.m, &b.s, OUT, late);
        const bool meets = mine.at < box.at + box.elems && box.at < mine.at + mine.elems;
        if (meets && is_beside(&b, c, late) && chips_takes_part(&b.m, &b.s, c) && b.behind[c] < ready + LATE)
          fail_msg("shape %zu: chip %" PRId64 " has a result at %" PRId64 ", chip %" PRId64 "'s kernel ends at %" PRId64, i, c, b.behind[c], late, ready + LATE);
      }
    }
  }
}

/* What is counted is what the run fills: elements of every memory, and packets that wait for one chip, whose kernel ends later than all others, all of them; of none more. */
static void test_dram_holds_what_a_late_chip_is_sent(void **state) {
  loom_ctx *ctx = *state;
  int64_t full = 0;
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    bench b = bench_of(ctx, &shapes[i]);
    const int64_t n = machine_n_chips(&b.m);
    for (int64_t late = 0; late < n; late++) {
      memset(b.kernel, 0, (size_t)n * sizeof *b.kernel);
      b.kernel[late] = INT64_C(1) << 40;
      assert_int_equal(run(ctx, &b), LOOM_OK);
      assert_true(is_right(&b));
      for (int64_t c = 0; c < n; c++) {
        machine_dram_use *uses;
        const size_t n_uses = chips_dram_uses(&ctx->mem, &b.k, &b.m, &b.s, &b.p, c, &uses);
        int64_t packets = 0, rest = 0;
        for (size_t u = 0; u < n_uses; u++)
          *(text_eq(uses[u].name, "packets of out") ? &packets : &rest) += uses[u].bytes;
        assert_true(b.waiting[c] <= packets);
        full += packets && b.waiting[c] == packets;
        assert_int_equal(rest, 4 * (chips_room(&b.k, &b.m, &b.s, X, c) + chips_room(&b.k, &b.m, &b.s, OUT, c) * (chips_splits_sum(&b.k, &b.s) ? 2 : 1)));
      }
    }
  }
  assert_true(full > 0);
}

static void test_programs_round_trip(void **state) {
  loom_ctx *ctx = *state;
  bench b = bench_of(ctx, &shapes[10]);
  chips_program again;
  data_value *v;
  const char *json = data_write_json(&ctx->mem, chips_program_to_data(&ctx->mem, &b.p), 1);
  assert_int_equal(data_read_json(ctx, "p.json", json, strlen(json), &v), LOOM_OK);
  assert_int_equal(chips_program_from_data(ctx, v, &again), LOOM_OK);
  assert_string_equal(data_write_json(&ctx->mem, chips_program_to_data(&ctx->mem, &again), 1), json);
  b.p = again;
  assert_int_equal(run(ctx, &b), LOOM_OK);
  assert_true(is_right(&b));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_every_chip_has_all_in_the_end, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_a_lost_or_misrouted_transfer_is_seen, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_formulas_are_near_the_run, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_sums_wait_for_every_kernel, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_dram_holds_what_a_late_chip_is_sent, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_programs_round_trip, testing_open_context, testing_close_context),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
