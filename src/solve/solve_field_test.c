/* Answers about spaces under the loom model.  Trades against everything written out: every mapping, loop order, block size and choice, each priced by itself;
 * the rest against searches of their own. */
#include "base/text.h"
#include "explore/explore.h"
#include "model/model_testing.h"
#include "solve/solve_price.h"
#include <stdlib.h>

/* ---- a space to ask about ---- */

typedef struct scene { loom_ctx ctx; machine *m; nest *n; explore_options explore; explore_space space; solve_options o; solve_domain given[3]; } scene;

static void open_scene(scene *s, int64_t x, int64_t y, const int64_t shape[3], unsigned lacking, int64_t l1_bytes, int64_t tile_k) {
  memset(s, 0, sizeof *s);
  loom_ctx_init(&s->ctx);
  s->m = testing_machine(&s->ctx, "wormhole", x, y);
  s->m->l1_bytes = l1_bytes ? l1_bytes : s->m->l1_bytes;
  s->n = nest_make_matmul(&s->ctx.mem, shape[0], shape[1], shape[2], DTYPE_F16, DTYPE_F16);
  nest_set_alignment(s->n, s->m->tile_align);
  s->explore = (explore_options){.accumulate_f32 = true, .lacking = lacking};
  s->given[0] = (solve_domain){.symbol = "tile_k", .assigned = tile_k};
  s->o = (solve_options){.model = MODEL_LOOM, .accumulate_f32 = true, .sharing = MODEL_PACKED, .assigned_double_buffer = -1, .domains = s->given, .n_domains = tile_k ? 1 : 0};
  assert_int_equal(explore_open(&s->ctx, s->n, s->m, &s->explore, &s->space), LOOM_OK);
}

static solve_field field_of(const scene *s) {
  return (solve_field){.nest = s->n, .machine = s->m, .space = &s->space, .o = &s->o, .explore = &s->explore};
}

static int64_t best_with(scene *s, const machine *m, const solve_domain *domains, size_t n) {
  solve_options o = s->o;
  explore_space space = s->space;
  solve_result r;
  o.domains = domains;
  o.n_domains = n;
  space.machine = m;
  diag_mark before = diag_save(&s->ctx);
  loom_status st = solve_space(&s->ctx, &space, &o, &(solve_limits){0}, &r);
  diag_drop(&s->ctx, before);
  assert_true(st == LOOM_OK || st == LOOM_EINFEASIBLE);
  return st == LOOM_OK ? r.rows.at[0].cycles : -1;
}

/* ---- explanations ---- */

/* At the sizes of a step the winner's ways cost what they cost, which is not less than the best ways there. */
static void check_step(scene *s, const solve_row *row, const solve_step *x) {
  solve_domain at[3];
  solve_row moved = *row;
  solve_price p;
  memset(&moved.blocks, 0, sizeof moved.blocks);
  for (size_t i = 0; i < row->blocks.n; i++) {
    bool is_it = text_eq(row->blocks.at[i].symbol, x->symbol);
    assert_true(!is_it || x->from == row->blocks.at[i].size);
    at[i] = (solve_domain){.symbol = row->blocks.at[i].symbol, .assigned = is_it ? x->to : row->blocks.at[i].size};
    vec_push(&s->ctx.mem, &moved.blocks, ((plan_block){at[i].symbol, at[i].assigned}));
  }
  int64_t best = best_with(s, s->m, at, row->blocks.n), bytes;
  assert_int_equal(solve_price_row(&s->ctx, s->n, s->m, &s->o, &moved, &p), LOOM_OK);
  assert_true(model_bytes_at(p.program, &p.at.grid, p.at.block, p.chosen, &bytes));
  assert_int_equal(x->cycles, bytes <= s->m->l1_bytes ? p.cycles : -1);
  assert_true(x->cycles < 0 || x->cycles >= best);
  assert_true(x->cycles >= 0 || strstr(x->why, "> L1 ") != NULL);
}

static void check_moves(const scene *s, const solve_result *r, const solve_explanation *e) {
  int seen[8] = {0};
  for (size_t i = 0; i < e->moves.n; i++) {
    const solve_move *x = &e->moves.at[i];
    assert_true(x->cycles < 0 ? x->why != NULL : x->cycles >= r->rows.at[0].cycles);
    assert_string_not_equal(x->from, x->to);
    for (int a = 0; a < s->space.n_access; a++)
      seen[a] += text_eq(x->access, r->rows.at[0].candidate->access[a].name);
  }
  for (int a = 0; a < s->space.n_access; a++)
    assert_true(seen[a] <= 3);
  assert_true(seen[0] > 0 && seen[1] > 0);
}

/* The best with another mapping or order that is slower, among as many as there are. */
static void check_runner_up(scene *s, const solve_explanation *e) {
  solve_options o = s->o;
  solve_result r;
  int64_t ties = 0, second = 0;
  o.top_k = 8;
  assert_int_equal(solve_space(&s->ctx, &s->space, &o, &(solve_limits){0}, &r), LOOM_OK);
  for (size_t i = 1; i < r.rows.n && !second; i++)
    if (r.rows.at[i].cycles > r.rows.at[0].cycles)
      second = r.rows.at[i].cycles;
    else
      ties++;
  assert_int_equal(e->ties, ties);
  assert_int_equal(e->runner_up != NULL, second != 0);
  if (second) {
    assert_int_equal(e->runner_up_cycles, second);
    assert_non_null(strstr(e->why_lost, arena_printf(&s->ctx.mem, "%s cycles", text_thousands(&s->ctx.mem, second - r.rows.at[0].cycles))));
  }
}

static int64_t limit_without(const scene *s, const solve_explanation *e, const char *words) {
  for (size_t i = 0; i < e->limits.n; i++)
    if (strstr(e->limits.at[i].words, words)) {
      assert_true(e->limits.at[i].is_proven);
      return e->limits.at[i].cycles;
    }
  (void)s;
  fail_msg("no limit %s", words);
  return 0;
}

static void test_the_best_of_a_space_is_explained(void **state) {
  (void)state;
  static const struct { int64_t x, y, shape[3], l1_bytes, tile_k; unsigned lacking; bool memory_binds; } cases[] = {
      {4, 2, {256, 192, 160}, 0, 0, 0, false},
      {2, 2, {256, 256, 96}, 48 << 10, 0, PLAN_NEEDS_CHAIN | PLAN_NEEDS_PANEL, true},
      {2, 2, {256, 128, 256}, 0, 64, PLAN_NEEDS_HOIST_TEMPORAL | PLAN_NEEDS_PANEL | PLAN_NEEDS_DEPTH3, false},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    scene s;
    open_scene(&s, cases[i].x, cases[i].y, cases[i].shape, cases[i].lacking, cases[i].l1_bytes, cases[i].tile_k);
    solve_field f = field_of(&s);
    solve_result r;
    solve_explanation e;
    assert_int_equal(solve_space(&s.ctx, &s.space, &s.o, &(solve_limits){0}, &r), LOOM_OK);
    const solve_row *row = &r.rows.at[0];
    assert_int_equal(solve_explain_field(&s.ctx, &f, &r, NULL, &e), LOOM_OK);
    int64_t most = 0;
    for (size_t t = 0; t < e.terms.n; t++)
      most = t < MODEL_TERM_FILL && e.terms.at[t].cycles > most ? e.terms.at[t].cycles : most;
    assert_int_equal(e.terms.n, MODEL_TERMS);
    assert_int_equal(row->cycles, e.terms.at[MODEL_TERM_FILL].cycles + most + e.terms.at[MODEL_TERM_DRAIN].cycles);
    machine roomy = *s.m;
    roomy.l1_bytes = INT64_C(1) << 40;
    int64_t without = limit_without(&s, &e, " of L1 ");
    limit_without(&s, &e, " B + ");      /* its buffers are a sum */
    assert_int_equal(without, best_with(&s, &roomy, s.o.domains, s.o.n_domains));
    assert_int_equal(without < row->cycles, cases[i].memory_binds);
    if (cases[i].tile_k)
      assert_int_equal(limit_without(&s, &e, "tile_k = 64, as asked for"), best_with(&s, s.m, NULL, 0));
    if (cases[i].lacking) {
      explore_options all = s.explore;
      explore_space space;
      solve_result free_choice;
      all.lacking = 0;
      assert_int_equal(explore_open(&s.ctx, s.n, s.m, &all, &space), LOOM_OK);
      assert_int_equal(solve_space(&s.ctx, &space, &s.o, &(solve_limits){0}, &free_choice), LOOM_OK);
      assert_int_equal(limit_without(&s, &e, "cannot be written yet"), free_choice.rows.at[0].cycles);
    }
    int stepped = 0;
    for (size_t k = 0; k < e.steps.n; k++)
      if (e.steps.at[k].to >= 0) {
        check_step(&s, row, &e.steps.at[k]);
        stepped++;
      }
    assert_true(stepped >= 3);
    check_moves(&s, &r, &e);
    check_runner_up(&s, &e);
    loom_ctx_done(&s.ctx);
  }
}

static void test_each_size_asked_for_is_left_free_once(void **state) {
  (void)state;
  static const solve_domain asked[] = {{.symbol = "tile_m", .ub = 32}, {.symbol = "tile_n", .lb = 64}, {.symbol = "tile_k"}};
  static const solve_domain without_m[] = {{.symbol = "tile_n", .lb = 64}}, without_n[] = {{.symbol = "tile_m", .ub = 32}};
  scene s;
  open_scene(&s, 2, 2, (const int64_t[]){256, 128, 64}, 0, 0, 0);
  s.o.domains = asked;
  s.o.n_domains = COUNT_OF(asked);
  solve_field f = field_of(&s);
  solve_result r;
  solve_explanation e;
  size_t n = 0;
  assert_int_equal(solve_space(&s.ctx, &s.space, &s.o, &(solve_limits){0}, &r), LOOM_OK);
  assert_int_equal(solve_explain_field(&s.ctx, &f, &r, NULL, &e), LOOM_OK);
  for (size_t i = 0; i < e.limits.n; i++)
    n += strstr(e.limits.at[i].words, "as asked for") != NULL;
  assert_int_equal(n, 2);      /* nothing was asked of tile_k */
  assert_int_equal(limit_without(&s, &e, "tile_m at most 32, as asked for"), best_with(&s, s.m, without_m, 1));
  assert_int_equal(limit_without(&s, &e, "tile_n at least 64, as asked for"), best_with(&s, s.m, without_n, 1));
  loom_ctx_done(&s.ctx);
}

/* Rows stand in the table's order, not in that of their cycles. */
static void test_the_best_of_rows_has_the_next_best_behind_it(void **state) {
  (void)state;
  scene s;
  explore_table t;
  solve_result r;
  solve_explanation e;
  open_scene(&s, 4, 2, (const int64_t[]){256, 192, 160}, 0, 0, 0);
  assert_int_equal(explore_run(&s.ctx, s.n, s.m, &s.explore, &t), LOOM_OK);
  const solve_field f = {.nest = s.n, .machine = s.m, .table = &t, .o = &s.o};
  assert_int_equal(solve_rows(&s.ctx, s.n, s.m, &t, &s.o, &(solve_limits){0}, &r), LOOM_OK);
  assert_true(r.rows.n >= 8);      /* fewer are looked for again */
  const int64_t best = r.rows.at[r.best].cycles;
  int64_t second = INT64_MAX, ties = -1;
  bool falls = false;
  for (size_t i = 0; i < r.rows.n; i++) {
    ties += r.rows.at[i].cycles == best;
    falls |= second != INT64_MAX && r.rows.at[i].cycles > best && r.rows.at[i].cycles < second;
    if (r.rows.at[i].cycles > best && r.rows.at[i].cycles < second)
      second = r.rows.at[i].cycles;
  }
  assert_true(falls);
  assert_int_equal(solve_explain_field(&s.ctx, &f, &r, NULL, &e), LOOM_OK);
  assert_int_equal(e.ties, ties);
  assert_int_equal(e.runner_up_cycles, second);
  assert_int_equal(e.moves.n, 0);      /* rows have the ways they have */
  loom_ctx_done(&s.ctx);
}

/* ---- nothing fits ---- */

static void test_conflicts_name_sizes_and_memory(void **state) {
  (void)state;
  /* f16 tiles with an f32 accumulator: 256 x 256 alone is 256 kB, 64 x 64 x 32 is 28 kB */
  static const struct { int64_t l1_bytes, m, n; const char *alone; size_t together; const char *named[3]; } cases[] = {
      {96 << 10, 256, 256, NULL, 3, {"tile_m = 256", "tile_n = 256", "the buffers fit L1 98.3 kB"}},
      {24 << 10, 512, 32, NULL, 2, {"tile_m = 512", "the buffers fit L1 24.6 kB"}},
      {1 << 10, 64, 32, "the buffers fit L1 1024 B", 0, {NULL}},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    scene s;
    open_scene(&s, 2, 2, (const int64_t[]){512, 512, 512}, 0, cases[i].l1_bytes, 0);
    const solve_domain asked[] = {{.symbol = "tile_m", .assigned = cases[i].m}, {.symbol = "tile_n", .assigned = cases[i].n}};
    s.o.domains = asked;
    s.o.n_domains = 2;
    assert_int_equal(best_with(&s, s.m, asked, 2), -1);
    solve_field f = field_of(&s);
    solve_conflict c;
    assert_int_equal(solve_explain_nothing(&s.ctx, &f, &c), LOOM_OK);
    assert_int_equal(c.alone.n, cases[i].alone ? 1 : 0);
    assert_int_equal(c.together.n, cases[i].together);
    assert_true(!cases[i].alone || strstr(c.alone.at[0].words, cases[i].alone));
    for (size_t k = 0; k < c.together.n; k++)
      assert_non_null(strstr(c.together.at[k].words, cases[i].named[k]));
    assert_int_equal(s.ctx.diag.errors, 0);
    loom_ctx_done(&s.ctx);
  }
}

/* ---- trades, written out ---- */

enum { CHOICES_MAX = 512 };
typedef struct front { arena *m; solve_row_trades list; int64_t l1_bytes, evaluated; } front;

static bool is_as_good(const solve_row_trade *a, const solve_row_trade *b) { return a->cycles <= b->cycles && a->l1_bytes <= b->l1_bytes && a->dram_bytes <= b->dram_bytes; }

static void add(front *f, solve_row_trade x) {
  size_t kept = 0;
  f->evaluated++;
  if (x.l1_bytes > f->l1_bytes)
    return;
  for (size_t i = 0; i < f->list.n; i++)
    if (is_as_good(&f->list.at[i], &x))
      return;
  for (size_t i = 0; i < f->list.n; i++)
    if (!is_as_good(&x, &f->list.at[i]))
      f->list.at[kept++] = f->list.at[i];
  f->list.n = kept;
  vec_push(f->m, &f->list, x);
}

typedef struct writer { const scene *s; const model_program *p; model_point at; size_t n[PLAN_LOADS_MAX]; const model_vector *vector[PLAN_LOADS_MAX]; front *f; } writer;

static void combine(const writer *w, int a, const model_vector *sum) {
  if (a == w->s->space.n_access) {
    add(w->f, (solve_row_trade){.cycles = model_total(w->p, &w->at, sum), .l1_bytes = sum->l1_bytes + w->at.l1_bytes, .dram_bytes = sum->dram_bytes});
    return;
  }
  for (size_t c = 0; c < w->n[a]; c++) {
    model_vector next = w->vector[a][c];
    if (a) {
      next = *sum;
      model_add(&next, &w->vector[a][c]);
    }
    combine(w, a + 1, &next);
  }
}

static void write_out(scene *s, writer *w, int64_t mapping, int order, const int64_t *blocks) {
  arena_mark mark = arena_save(&s->ctx.scratch), kept = arena_save(&s->ctx.mem);
  plan_mapping map;
  model_grid g;
  model_route *route[PLAN_LOADS_MAX];
  const plan_choice *choice[PLAN_LOADS_MAX];
  explore_get_mapping(&s->space, mapping, order, &map);
  model_grid_of(&map, &g);
  if (!model_set_blocks(w->p, &g, blocks, &w->at))
    return;
  for (int a = 0; a < s->space.n_access; a++) {
    plan_choice *list = ARENA_NEW_N(&s->ctx.scratch, plan_choice, CHOICES_MAX);
    w->n[a] = explore_list_choices(&s->space, &map, a, list, CHOICES_MAX);
    assert_true(w->n[a] <= CHOICES_MAX);
    choice[a] = list;
  }
  assert_int_equal(model_find_routes(&s->ctx, w->p, &map, &w->at, choice, w->n, route), LOOM_OK);
  for (int a = 0; a < s->space.n_access; a++) {
    model_vector *v = ARENA_NEW_N(&s->ctx.scratch, model_vector, w->n[a]);
    for (size_t c = 0; c < w->n[a]; c++)
      assert_true(model_price(w->p, &w->at, a, &choice[a][c], route[a] + c * (size_t)w->at.n_waves, &v[c]));
    w->vector[a] = v;
  }
  combine(w, 0, NULL);
  arena_release(&s->ctx.scratch, mark);
  arena_release(&s->ctx.mem, kept);
}

static int by_cycles(const void *a, const void *b) {
  const solve_row_trade *x = a, *y = b;
  if (x->cycles != y->cycles)
    return x->cycles < y->cycles ? -1 : 1;
  return (x->l1_bytes > y->l1_bytes) - (x->l1_bytes < y->l1_bytes);
}

static void test_trades_of_a_space_equal_writing_out(void **state) {
  (void)state;
  static const struct { int64_t x, y, shape[3], l1_bytes, tile_k; unsigned lacking; } cases[] = {
      {2, 1, {96, 64, 64}, 0, 0, 0},
      {2, 2, {64, 64, 96}, 0, 32, PLAN_NEEDS_CHAIN | PLAN_NEEDS_DEPTH3},
      {1, 3, {128, 32, 64}, 20 << 10, 0, PLAN_NEEDS_DEPTH3},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    scene s;
    open_scene(&s, cases[i].x, cases[i].y, cases[i].shape, cases[i].lacking, cases[i].l1_bytes, cases[i].tile_k);
    arena own = {0};
    front f = {.m = &own, .l1_bytes = s.m->l1_bytes};
    writer w = {.s = &s, .f = &f};
    model_program *p;
    assert_int_equal(model_compile(&s.ctx, s.n, s.m, true, MODEL_PACKED, &p), LOOM_OK);
    w.p = p;
    int64_t top[3], blocks[3];
    for (int d = 0; d < 3; d++)
      top[d] = testing_upper(s.n, d) + s.n->symbols.at[d].align - 1;
    for (blocks[0] = 32; blocks[0] <= top[0]; blocks[0] += 32)
      for (blocks[1] = 32; blocks[1] <= top[1]; blocks[1] += 32)
        for (blocks[2] = 32; blocks[2] <= top[2]; blocks[2] += 32) {
          bool is_asked = true;
          for (int d = 0; d < 3; d++)
            is_asked = is_asked && (!cases[i].tile_k || !text_eq(s.n->symbols.at[d].name, "tile_k") || blocks[d] == cases[i].tile_k);
          for (int64_t mapping = 0; is_asked && mapping < s.space.n_mappings; mapping++)
            for (int order = 0; order < s.space.n_orders; order++)
              write_out(&s, &w, mapping, order, blocks);
        }
    solve_field field = field_of(&s);
    solve_row_trades trades;
    bool is_complete;
    assert_int_equal(solve_field_trades(&s.ctx, &field, NULL, &trades, &is_complete), LOOM_OK);
    assert_true(is_complete);
    assert_int_equal(trades.n, f.list.n);
    assert_true(trades.n > 3 && f.evaluated > 10000);
    qsort(f.list.at, f.list.n, sizeof *f.list.at, by_cycles);
    for (size_t k = 0; k < trades.n; k++) {
      assert_int_equal(trades.at[k].cycles, f.list.at[k].cycles);
      assert_int_equal(trades.at[k].l1_bytes, f.list.at[k].l1_bytes);
      assert_int_equal(trades.at[k].dram_bytes, f.list.at[k].dram_bytes);
    }
    arena_done(&own);
    loom_ctx_done(&s.ctx);
  }
}

/* ---- every question, about spaces and rows ---- */

static void count_call(void *data, int64_t done, int64_t left, int64_t best, int64_t bound) {
  (void)done; (void)left; (void)best; (void)bound;
  ++*(int *)data;
}

static int64_t cost_of(const data_value *row) { return data_get(row, "cost")->integer; }

/* What was asked for is there, and nothing else; nothing in it is better than the best. */
static void check_answers(const solve_options *o, const data_value *out, int64_t best, bool is_budgeted) {
  const data_value *explain = data_get(out, "explain"), *steps = data_get(out, "neighbours"), *top = data_get(out, "topk"), *pareto = data_get(out, "pareto");
  assert_true((explain != NULL) == o->explain && (steps != NULL) == o->neighbours && (top != NULL) == (o->top_k > 0) && (pareto != NULL) == o->pareto);
  for (size_t i = 0; steps && i < steps->n; i++)
    if (o->n_domains == 0 && !is_budgeted && data_get(steps->items[i], "cost") && cost_of(steps->items[i]) < best)      /* a size that was asked for may have a better neighbour */
      fail_msg("%s from %d to %d costs %d, the best %d", data_get(steps->items[i], "symbol")->string, (int)data_get(steps->items[i], "from")->integer,
               (int)data_get(steps->items[i], "to")->integer, (int)cost_of(steps->items[i]), (int)best);
  for (size_t i = 0; top && i < top->n; i++)
    assert_true(cost_of(top->items[i]) >= (i ? cost_of(top->items[i - 1]) : best));
  if (top)
    assert_true(top->n >= 1 && top->n <= (size_t)o->top_k && cost_of(top->items[0]) == best);
  if (pareto && !is_budgeted)
    assert_true(pareto->n >= 1 && cost_of(pareto->items[0]) == best);
}

static void test_every_question_is_answered(void **state) {
  (void)state;
  enum { SPACE, ROWS, UPSTREAM, SOURCES };
  for (int source = SPACE; source < SOURCES; source++)
    for (int asked = 0; asked < 16; asked++) {
      scene s;
      int calls = 0;
      const bool is_odd = asked % 3 == 1, is_budgeted = asked == 15;
      open_scene(&s, 2, asked % 2 + 1, (const int64_t[]){is_odd ? 100 : 96, 64, 64}, asked & 4 ? PLAN_NEEDS_CHAIN | PLAN_NEEDS_PANEL : 0, 0, asked == 11 ? 32 : 0);
      s.o.explain = asked & 1;
      s.o.neighbours = asked & 2;
      s.o.top_k = asked & 4 ? 3 : 0;
      s.o.pareto = asked & 8;
      s.o.ragged = is_odd;
      s.o.only_best = asked == 9;
      s.o.op_budget = is_budgeted ? 60 : 0;
      s.o.timeout_s = asked == 13 ? 1e6 : 0;
      s.o.progress = asked >= 12 ? count_call : NULL;
      s.o.progress_data = &calls;
      s.o.model = source == UPSTREAM ? MODEL_UPSTREAM : MODEL_LOOM;
      explore_table t = {0};
      solve_result r;
      const solve_limits l = {.op_budget = s.o.op_budget};
      if (source != SPACE)
        assert_int_equal(explore_run(&s.ctx, s.n, s.m, &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
      loom_status st = source == SPACE ? solve_space(&s.ctx, &s.space, &s.o, &l, &r) : source == ROWS ? solve_rows(&s.ctx, s.n, s.m, &t, &s.o, &l, &r) : solve_run(&s.ctx, s.n, s.m, &t, &s.o, &r);
      if (st == LOOM_OK) {
        solve_field f = field_of(&s);
        f.space = source == SPACE ? &s.space : NULL;
        f.table = source == SPACE ? NULL : &t;
        f.explore = asked & 1 && asked & 8 ? NULL : f.explore;
        data_value *out = data_object(&s.ctx.mem);
        assert_true(r.evaluated >= 0 && r.pruned >= 0);
        assert_int_equal(solve_answer_field(&s.ctx, &f, &r, out), LOOM_OK);
        check_answers(&s.o, out, r.rows.at[r.best].cycles, is_budgeted);
      }
      assert_true(st == LOOM_OK || is_budgeted);
      loom_ctx_done(&s.ctx);
    }
}

static void test_nothing_that_fits_is_explained_for_rows_too(void **state) {
  (void)state;
  for (int model = 0; model < 2; model++)
    for (int is_empty = 0; is_empty < 3; is_empty++)
      for (int64_t budget = 0; budget < 2; budget++) {
        scene s;
        open_scene(&s, 2, 1, (const int64_t[]){96, 64, 64}, 0, is_empty == 2 ? 0 : 1 << 10, 0);
        explore_table t = {0};
        solve_conflict c;
        if (is_empty != 1)
          assert_int_equal(explore_run(&s.ctx, s.n, s.m, &(explore_options){.upstream_compatible = true}, &t), LOOM_OK);
        s.o.model = model ? MODEL_UPSTREAM : MODEL_LOOM;
        s.o.op_budget = budget;
        const solve_field fields[] = {{.nest = s.n, .machine = s.m, .table = &t, .o = &s.o}, {.nest = s.n, .machine = s.m, .o = &s.o}};
        for (int f = 0; f < (model ? 2 : 1); f++) {
          if (!model && is_empty == 1)
            continue;
          assert_int_equal(solve_explain_nothing(&s.ctx, &fields[f], &c), LOOM_OK);
          if (!f && !is_empty && !budget)
            assert_true(c.alone.n > 0);
          if (f || is_empty)
            assert_int_equal(c.alone.n, 0);
          assert_non_null(solve_conflict_to_data(&s.ctx.mem, &c));
        }
        loom_ctx_done(&s.ctx);
      }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_best_of_a_space_is_explained),
      cmocka_unit_test(test_each_size_asked_for_is_left_free_once),
      cmocka_unit_test(test_the_best_of_rows_has_the_next_best_behind_it),
      cmocka_unit_test(test_conflicts_name_sizes_and_memory),
      cmocka_unit_test(test_trades_of_a_space_equal_writing_out),
      cmocka_unit_test(test_every_question_is_answered),
      cmocka_unit_test(test_nothing_that_fits_is_explained_for_rows_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
