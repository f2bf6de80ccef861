/* What a matmul moves, counted by hand: bytes from and to DRAM, by channel, and bytes times links crossed, in every way that a plan may share a load.
 *
 * Oracle: formulas on the plan's numbers alone.  A tile of e bytes is loaded once a turn of every loop that it moves with and of every loop that it is not
 * lifted over, by the first core of each area.  From the channels it takes the shortest ways, byte by byte where its pages lie; behind that core each link of
 * a tree or chain carries it once:
 *     a multicast along a dim of n cores to a of them       a - 1 links; n - 1 where the ring is shorter round the other side for the last of them
 *     one along both dims, or a chain                       along the first dim, then from each of those along the other
 *     a chain                                               a - 1 links, from neighbour to neighbour
 *
 * By hand:  LOOM_BYTES=200 build/unit/compile_bytes_test     so many plans of each machine and shape beside one of each way
 *           LOOM_BYTES_SHOW=1                                each plan */
#include "base/ceil.h"
#include "base/testing.h"
#include "compile_plans.h"

enum { DIMS = 2, WAYS = PLAN_MOVES * PLAN_MOVES, DRAWS = 20000, CHANNELS_MAX = 16 };

/* A matmul [m, k] x [k, n] of f16 on a machine; `is_open`: its rings cut. */
typedef struct subject { const char *machine, *shape; int64_t m, n, k; bool is_open; } subject;
static const subject subjects[] = {
    {"wormhole", "x=256x128,y=128x512", 256, 512, 128, false}, {"wormhole", "x=300x70,y=70x333", 300, 333, 70, false}, {"wormhole", "x=500x40,y=40x260", 500, 260, 40, true},
    {"torus4", "x=256x64,y=64x128", 256, 128, 64, false},      {"torus4", "x=150x45,y=45x290", 150, 290, 45, false},
    {"ring8", "x=256x64,y=64x256", 256, 256, 64, false},       {"ring8", "x=130x50,y=50x310", 130, 310, 50, false},
};

/* ---- the count ---- */

typedef struct count { int64_t read, written, hops, channel[CHANNELS_MAX]; } count;
enum { LOOP_M, LOOP_N, LOOP_K, LOOPS };

/* One access of one plan: rows along loop `row`, columns along loop `column`. */
typedef struct counter {
  const machine *m;
  const plan *p;
  int64_t extent[LOOPS], block[LOOPS], cores[LOOPS];
  int row, column;
  int64_t row_bytes;                     /* of the whole tensor */
  count *out;
} counter;

/* The bytes in [0, end) that lie on channel c. */
static int64_t bytes_below(const machine *m, int64_t end, int64_t c) {
  int64_t page = m->dram_page_bytes, round = page * m->dram_channels, rest = end % round - c * page;
  return end / round * page + (rest < 0 ? 0 : rest < page ? rest : page);
}

static int64_t distance(const machine *m, const int64_t *a, const int64_t *b) {
  int64_t sum = 0;
  for (int d = 0; d < DIMS; d++) {
    int64_t steps = llabs(a[d] - b[d]), other = m->mesh.at[d].size - steps;
    sum += m->mesh.at[d].wraps && other < steps ? other : steps;
  }
  return sum;
}

/* Links behind the core that fetches. */
static int64_t links_behind(const machine *m, const plan_access *a) {
  int64_t links[DIMS];
  for (int d = 0; d < DIMS; d++) {
    bool goes_both_ways = a->move[d] == PLAN_MULTICAST && m->mesh.at[d].wraps && 2 * (a->area[d] - 1) > m->mesh.at[d].size;
    links[d] = goes_both_ways ? m->mesh.at[d].size - 1 : a->area[d] - 1;
  }
  int first = a->move[0] == PLAN_CHAIN && a->move[1] == PLAN_MULTICAST ? 1 : 0;      /* a chain begins at what was multicast */
  return links[first] + a->area[first] * links[1 - first];
}

/* Number of core `at` among the cores of a loop, and is it the first of its area? */
static int64_t number_of(const plan_mapping *p, const int64_t *at, int loop, const plan_access *a, bool *is_first) {
  int64_t below[DIMS] = {1, 1}, number = 0, place[PLAN_LOGICAL_MAX];
  for (int level = 0; level < PLAN_LOGICAL_MAX; level++)
    for (int l = 0; l < p->n_logical; l++)
      if (p->logical[l].level == level) {
        int d = p->logical[l].mesh_dim;
        place[l] = at[d] / below[d] % p->logical[l].size;
        below[d] *= p->logical[l].size;
        *is_first = *is_first && (!(a->levels[d] >> level & 1) || place[l] == 0);
      }
  for (int l = 0; l < p->n_logical; l++)
    number = p->logical[l].iter == loop ? number * p->logical[l].size + place[l] : number;
  return number;
}

/* Elements of block number i of a loop. */
static int64_t size_of_block(const counter *c, int loop, int64_t i) {
  int64_t left = c->extent[loop] - i * c->block[loop];
  return left < 0 ? 0 : left < c->block[loop] ? left : c->block[loop];
}

/* How often it is moved for each turn of the loops that it moves with. */
static int64_t repeats(const counter *c, const plan_access *a) {
  int order[LOOPS] = {c->p->candidate.mapping.order[0], c->p->candidate.mapping.order[1], LOOP_K};
  int64_t n = 1;
  for (int i = 0; i < LOOPS; i++)
    if (order[i] != c->row && order[i] != c->column && !(a->is_store && order[i] == LOOP_K) && i < LOOPS - a->hoist)
      n *= ceil_div(c->extent[order[i]], c->block[order[i]] * c->cores[order[i]]);
  return n;
}

static void count_tile(const counter *c, const plan_access *a, const int64_t *at, int64_t i, int64_t j, int64_t times) {
  int64_t rows = size_of_block(c, c->row, i), columns = 2 * size_of_block(c, c->column, j);
  *(a->is_store ? &c->out->written : &c->out->read) += rows * columns * times;
  c->out->hops += rows * columns * times * links_behind(c->m, a);
  for (int64_t r = 0; r < rows; r++)
    for (int64_t ch = 0; ch < c->m->dram_channels; ch++) {
      int64_t first = (i * c->block[c->row] + r) * c->row_bytes + 2 * j * c->block[c->column], core = c->m->attach.at[ch];
      int64_t bytes = times * (bytes_below(c->m, first + columns, ch) - bytes_below(c->m, first, ch));
      c->out->channel[ch] += bytes;
      c->out->hops += bytes * distance(c->m, (int64_t[]){core / c->m->mesh.at[1].size, core % c->m->mesh.at[1].size}, at);
    }
}

static void count_core(const counter *c, const plan_access *a, const int64_t *at) {
  const plan_mapping *p = &c->p->candidate.mapping;
  bool is_first = true;
  int64_t row = number_of(p, at, c->row, a, &is_first), column = number_of(p, at, c->column, a, &is_first), times = repeats(c, a);
  for (int64_t i = row; is_first && i * c->block[c->row] < c->extent[c->row]; i += c->cores[c->row])
    for (int64_t j = column; j * c->block[c->column] < c->extent[c->column]; j += c->cores[c->column])
      count_tile(c, a, at, i, j, times);
}

static void count_plan(const subject *s, const compile_state *compiled, const plan *p, count *out) {
  static const int row[] = {LOOP_M, LOOP_K, LOOP_M}, column[] = {LOOP_K, LOOP_N, LOOP_N};
  const plan_mapping *map = &p->candidate.mapping;
  counter c = {.m = compiled->machine, .p = p, .extent = {s->m, s->n, s->k}, .out = out};
  for (int l = 0; l < LOOPS; l++) {
    c.block[l] = plan_block_size(p, compiled->nest->loops.at[l].block);
    c.cores[l] = l < LOOP_K ? plan_iter_cores(map, l) : 1;
  }
  for (int a = 0; a < p->candidate.n_access; a++) {
    c.row = row[a];
    c.column = column[a];
    c.row_bytes = 2 * c.extent[c.column];
    for (int64_t x = 0; x < map->mesh_size[0]; x++)
      for (int64_t y = 0; y < map->mesh_size[1]; y++)
        count_core(&c, &p->candidate.access[a], (int64_t[]){x, y});
  }
}

/* ---- the chip ---- */

static void compare(const subject *s, compile_state *compiled, plan *p) {
  arena *m = &compiled->ctx->mem;
  const char *name = arena_printf(m, "--machine %s --shape %s %s", s->machine, s->shape, plans_describe(m, p));
  sim_report report;
  count want = {0};
  if (getenv("LOOM_BYTES_SHOW"))
    print_message("%s\n", name);
  if (plans_make_program(compiled, p) != LOOM_OK || sim_run(compiled->ctx, compiled->tog, compiled->machine, &(sim_options){.verify = true}, &report) != LOOM_OK)
    fail_msg("%s: %s", name, compiled->ctx->diag.first->text);
  assert_int_equal(report.n_faults, 0);
  count_plan(s, compiled, p, &want);
  bool same = report.dram_bytes_read == want.read && report.dram_bytes_written == want.written && report.noc_bytes == want.hops;
  for (size_t i = 0; i < report.channels.n; i++)
    same = same && report.channels.at[i].bytes == want.channel[i];
  if (!same)
    fail_msg("%s: %lld bytes read, %lld written, %lld byte-hops; by hand %lld, %lld, %lld", name, (long long)report.dram_bytes_read, (long long)report.dram_bytes_written,
             (long long)report.noc_bytes, (long long)want.read, (long long)want.written, (long long)want.hops);
}

/* How a load is shared: a digit a mesh dim. */
static int way_of(const plan_choice *c) { return (int)c->move[0] * PLAN_MOVES + (int)c->move[1]; }

/* A plan whose load `a` moves in this way; NULL: not in so many draws. */
static plan *draw_way(plans_space *x, rng *r, int a, int way) {
  for (int i = 0; i < DRAWS; i++) {
    plan_mapping map;
    plan_choice chosen[PLAN_LOADS_MAX] = {0};
    int64_t blocks[MODEL_BLOCKS_MAX], bytes;
    model_point at;
    model_grid grid;
    plan *p;
    explore_get_mapping(&x->space, plans_draw_mapping(&x->space, r), (int)rng_range(r, 0, x->space.n_orders - 1), &map);
    model_grid_of(&map, &grid);
    if (!plans_draw_choices(x, r, &map, chosen) || way_of(&chosen[a]) != way || !plans_draw_blocks(x, r, &map, blocks, &at) ||
        !model_bytes_at(x->program, &grid, blocks, chosen, &bytes) || bytes > x->s->machine->l1_bytes)
      continue;
    assert_int_equal(plans_make(x, &map, chosen, blocks, &p), LOOM_OK);
    return p;
  }
  return NULL;
}

static void open_subject(loom_ctx *ctx, const subject *s, compile_options *o, compile_state *compiled, plans_space *x) {
  const plans_case c = {.file = "tests/data/kernels/six.py", .function = "matmul", .shape = {s->shape}};
  plans_case_options(&ctx->mem, &c, 0, s->machine, o);
  if (compile_kernel(ctx, o, compiled) != LOOM_OK)
    fail_msg("%s: %s", s->machine, ctx->diag.first->text);
  for (int d = 0; s->is_open && d < DIMS; d++)
    compiled->machine->mesh.at[d].wraps = false;
  compiled->machine->dram_page_bytes = 256;      /* so that tiles of small matrices lie on all channels */
  assert_true(compiled->machine->dram_channels <= CHANNELS_MAX);
  assert_int_equal(plans_open(compiled, x), LOOM_OK);
}

static void test_bytes_are_those_counted_by_hand_however_loads_are_shared(void **state) {
  (void)state;
  static const char *const dirs[] = {LOOM_SOURCE_DIR "/machines"};
  machine_set_path(dirs, 1);
  const char *more = getenv("LOOM_BYTES");
  int plans = 0;
  for (size_t i = 0; i < COUNT_OF(subjects); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    compile_options o;
    compile_state compiled;
    plans_space x;
    rng r = rng_new(900 + i);
    open_subject(&ctx, &subjects[i], &o, &compiled, &x);
    bool is_line = compiled.machine->mesh.at[0].size == 1;
    for (int a = 0; a < 2; a++)
      for (int way = 0; way < WAYS; way++) {
        bool is_there = !is_line || way < PLAN_MOVES;
        plan *p = is_there ? draw_way(&x, &r, a, way) : NULL;
        if (is_there && !p)
          fail_msg("%s %s: no plan has load %d in way %d", subjects[i].machine, subjects[i].shape, a, way);
        if (p)
          compare(&subjects[i], &compiled, p);
        plans += p != NULL;
      }
    for (long k = more ? strtol(more, NULL, 10) : 0; k > 0; k--) {
      plan *p;
      assert_int_equal(plans_draw(&x, &r, &p), LOOM_OK);
      if (p)
        compare(&subjects[i], &compiled, p);
      plans += p != NULL;
    }
    compile_done(&compiled);
    loom_ctx_done(&ctx);
  }
  print_message("%d plans\n", plans);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_bytes_are_those_counted_by_hand_however_loads_are_shared),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
