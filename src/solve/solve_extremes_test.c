/* Kernels of any size, with extents that are any expression, on machines with little memory, with budgets, ends and wishes at random: an answer is what its own plan costs, anything else is
 * told; what is asked about it has an answer. */
#include "base/text.h"
#include "explore/explore.h"
#include "model/model_testing.h"
#include "solve/solve_price.h"
#include "solve/solve_testing.h"

static int64_t any_size(rng *r, int64_t bits) { return model_max((INT64_C(1) << rng_range(r, 0, bits)) + rng_range(r, -1, 1), 1); }

static nest *wild_nest(arena *m, rng *r, int i, int64_t bits) {
  int64_t a = any_size(r, bits), b = any_size(r, bits), c = any_size(r, bits), few = any_size(r, 2);
  nest_mamba_shape mamba = {few, few, 2, few, 64 * few, 32, 32, 64};
  switch (i) {
  case 0: case 1: return nest_make_matmul(m, a, b, c, DTYPE_F16, rng_range(r, 0, 1) ? DTYPE_F16 : DTYPE_F32);
  case 2: return nest_make_elementwise(m, a, b, DTYPE_F16, "mulf,addf");
  case 3: return nest_make_attention(m, few, a, b, 32, DTYPE_F16);
  case 4: return nest_make_decode(m, few, 32, a, 32, DTYPE_F16);
  case 5: return nest_make_split_k(m, a, b, c, DTYPE_F16);
  default: return nest_make_mamba(m, &mamba, DTYPE_F16, rng_range(r, 0, 1));
  }
}

/* An extent over other blocks. */
static void make_wild(arena *m, rng *r, nest *n) {
  const sym_expr *s = sym_name(m, n->symbols.at[rng_range(r, 0, (int64_t)n->symbols.n - 1)].name), *c = sym_const(m, any_size(r, 8));
  const sym_expr *const extents[] = {sym_add(m, s, c), sym_sub(m, c, s), sym_mul(m, s, c), sym_make(m, SYM_CEILDIV, c, sym_sub(m, s, sym_const(m, 32)), NULL), sym_const(m, 0)};
  n->loops.at[rng_range(r, 0, (int64_t)n->loops.n - 1)].extent = extents[rng_range(r, 0, COUNT_OF(extents) - 1)];
}

static void wild_machine(rng *r, machine *m) {
  static const double rates[] = {0, 0.3, 1e12};
  machine_number *const rate[] = {&m->l1_bytes_per_cycle, &m->link_bytes_per_cycle, &m->dram_bytes_per_cycle, &m->copy_bytes_per_cycle};
  for (size_t i = 0; i < COUNT_OF(rate); i++)
    if (rng_range(r, 0, 5) == 0)
      rate[i]->value = rates[rng_range(r, 0, COUNT_OF(rates) - 1)];
  m->l1_bytes = rng_range(r, 0, 2) ? m->l1_bytes : any_size(r, 17);
  m->pads_edges = rng_range(r, 0, 5) == 0;
  m->lacks_concurrent_movers = rng_range(r, 0, 3) == 0;
  m->dram_run_cycles = rng_range(r, 0, 3) ? 0 : 20;
  m->has_concurrent_units = rng_range(r, 0, 1);
}

static void count_call(void *data, int64_t done, int64_t left, int64_t best, int64_t bound) {
  (void)left; (void)best; (void)bound;
  assert_true(done >= 0);
  ++*(int *)data;
}

typedef struct tally { int found, nothing, refused, exact; } tally;

/* A row costs what its own plan costs, in memory that it has. */
static void check_rows(loom_ctx *ctx, const nest *n, const machine *m, const solve_options *o, const solve_result *r, tally *t) {
  assert_true(r->best >= 0 && r->evaluated >= 0 && r->pruned >= 0);
  for (size_t i = 0; i < r->rows.n; i++) {
    const solve_row *row = &r->rows.at[i];
    solve_price x;
    if (!solve_has_answer(row->status))
      continue;
    assert_true(row->cycles >= r->rows.at[r->best].cycles && row->lower_bound <= row->cycles);
    assert_int_equal(solve_price_row(ctx, n, m, o, row, &x), LOOM_OK);
    assert_int_equal(x.cycles, row->cycles);
    t->exact++;
  }
}

static void look(uint64_t seed, tally *t) {
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  rng r = rng_new(seed);
  machine *m = testing_machine(&ctx, rng_range(&r, 0, 1) ? "wormhole" : "blackhole", rng_range(&r, 1, 2), rng_range(&r, 1, 2));
  int64_t bits = rng_range(&r, 0, 3) ? rng_range(&r, 4, 8) : 40;
  nest *n = wild_nest(&ctx.mem, &r, (int)rng_range(&r, 0, 6), bits);
  nest_set_alignment(n, m->tile_align);
  if (rng_range(&r, 0, 3) == 0)
    make_wild(&ctx.mem, &r, n);
  wild_machine(&r, m);
  solve_domain d = {.symbol = n->symbols.at[rng_range(&r, 0, (int64_t)n->symbols.n - 1)].name};
  switch (rng_range(&r, 0, 3)) {
  case 0: d.assigned = 32 * rng_range(&r, 1, 3); break;
  case 1: d.lb = any_size(&r, 8); break;
  case 2: d.ub = any_size(&r, 8); break;
  default: d.lb = any_size(&r, 8); d.ub = any_size(&r, 8);
  }
  int calls = 0;
  const bool is_table = rng_range(&r, 0, 1), is_clocked = rng_range(&r, 0, 15) == 0;
  const explore_options e = {.accumulate_f32 = rng_range(&r, 0, 1), .upstream_compatible = is_table, .lacking = is_table || rng_range(&r, 0, 1) ? 0 : (unsigned)rng_range(&r, 1, 255)};
  const solve_options o = {.model = is_table && rng_range(&r, 0, 3) == 0 ? MODEL_UPSTREAM : MODEL_LOOM, .accumulate_f32 = e.accumulate_f32, .sharing = (model_sharing)rng_range(&r, 0, 2),
                           .assigned_double_buffer = (int)rng_range(&r, -1, 1), .domains = &d, .n_domains = rng_range(&r, 0, 2) == 0, .ragged = rng_range(&r, 0, 1),
                           .op_budget = rng_range(&r, 0, 1) ? any_size(&r, 6) : any_size(&r, 9), .top_k = (int)rng_range(&r, 0, 3), .only_best = rng_range(&r, 0, 1),
                           .dram_limit = rng_range(&r, 0, 5) ? 0 : any_size(&r, 22), .timeout_s = is_clocked ? 1e-9 : 0, .explain = rng_range(&r, 0, 1), .neighbours = rng_range(&r, 0, 1),
                           .pareto = rng_range(&r, 0, 3) == 0, .progress = rng_range(&r, 0, 1) ? count_call : NULL, .progress_data = &calls, .threads = (int)rng_range(&r, 0, 2)};
  const solve_limits l = {.op_budget = o.op_budget, .timeout_s = o.timeout_s, .threads = o.threads, .progress = o.progress, .data = &calls};
  explore_space space;
  explore_table table;
  solve_result got;
  solve_conflict conflict;
  loom_status st = is_table ? explore_run(&ctx, n, m, &e, &table) : explore_open(&ctx, n, m, &e, &space);
  if (st == LOOM_OK) {
    st = !is_table ? solve_space(&ctx, &space, &o, &l, &got) : o.model == MODEL_LOOM ? solve_rows(&ctx, n, m, &table, &o, &l, &got) : solve_run(&ctx, n, m, &table, &o, &got);
    const solve_field f = {.nest = n, .machine = m, .space = is_table ? NULL : &space, .table = is_table ? &table : NULL, .o = &o, .explore = is_table ? NULL : &e};
    if (st == LOOM_OK && got.best >= 0) {
      t->found++;
      if (o.model == MODEL_LOOM)
        check_rows(&ctx, n, m, &o, &got, t);
      data_value *out = data_object(&ctx.mem);
      loom_status told = solve_answer_field(&ctx, &f, &got, out);
      assert_true(told == LOOM_OK || told == LOOM_ELIMIT);
    } else if (st == LOOM_EINFEASIBLE) {
      t->nothing++;
      st = solve_explain_nothing(&ctx, &f, &conflict);
      assert_true(st == LOOM_OK || st == LOOM_EINFEASIBLE);      /* a size that the kernel itself rules out is told again */
    }
  }
  t->refused += st != LOOM_OK && st != LOOM_EINFEASIBLE;
  assert_true(st == LOOM_OK || ctx.diag.errors > 0);
  loom_ctx_done(&ctx);
}

static void test_any_kernel_has_its_answer_or_is_told_why_not(void **state) {
  (void)state;
  const int64_t count = testing_number("LOOM_FUZZ_COUNT", 120);
  tally t = {0};
  for (int64_t seed = 1; seed <= count; seed++)
    look((uint64_t)seed, &t);
  print_message("%d found (%d rows priced again), %d without any point, %d refused\n", t.found, t.exact, t.nothing, t.refused);
  assert_true(count < 120 || (t.found > 30 && t.exact > 30 && t.nothing > 3 && t.refused > 3));
}

/* ---- made-up problems: conflicts, steps and trades with anything to spend ---- */

static void test_conflicts_of_made_up_problems_at_any_budget(void **state) {
  (void)state;
  int alone = 0, together = 0, unknown = 0;
  for (uint64_t seed = 1; seed <= 300; seed++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    rng r = rng_new(seed);
    arena *m = &ctx.mem;
    solve_problem *p = made_up_problem(m, &r);
    for (int i = 0; i < 2; i++)
      vec_push(m, &p->conditions, condition(m, &r, p, 1));
    vec_push(m, &p->capacities, ((solve_capacity){rng_range(&r, 0, 1) ? "L1" : NULL, number(m, &r, p, 2), rng_range(&r, -2, 50)}));
    if (p->symbols.n > 1 && rng_range(&r, 0, 1)) {      /* trips without a value at some sizes */
      const sym_expr *a = sym_name(m, p->symbols.at[0].name), *b = sym_name(m, p->symbols.at[1].name), *gap = sym_sub(m, a, b), *odd = sym_make(m, SYM_CEILDIV, sym_const(m, 96), gap, NULL);
      vec_push(m, &p->trips, (rng_range(&r, 0, 1) ? (solve_trip){odd, a} : (solve_trip){sym_mul(m, a, b), odd}));
    }
    const solve_problem *list[] = {p};
    solve_answer a;
    if (solve_problems(&ctx, list, 1, false, NULL, &a) == LOOM_OK && a.status == SOLVE_INFEASIBLE) {
      const truth t = find_truth(&ctx, p);
      assert_false(t.found);
      for (int64_t budget = 0; budget < 600; budget = budget * 6 + 1) {
        solve_conflict c;
        assert_int_equal(solve_find_conflict(&ctx, p, &a, &(solve_limits){.op_budget = budget}, &c), LOOM_OK);
        assert_true(budget || c.alone.n + c.together.n > 0);
        alone += c.alone.n > 0;
        together += c.together.n > 0 && c.is_minimal;
        unknown += !c.is_minimal;
        assert_non_null(solve_conflict_to_data(m, &c));
      }
    } else if (solve_has_answer(a.status)) {
      solve_steps steps;
      assert_true(solve_list_steps(&ctx, p, &a, 2, &steps) == LOOM_OK || ctx.diag.errors);
    }
    loom_ctx_done(&ctx);
  }
  print_message("%d limits that cannot hold alone, %d together, %d of which not all is known\n", alone, together, unknown);
  assert_true(alone > 5 && together > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_any_kernel_has_its_answer_or_is_told_why_not),
      cmocka_unit_test(test_conflicts_of_made_up_problems_at_any_budget),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
