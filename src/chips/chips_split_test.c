/* Who has what.  Oracle: parts of all chips are each place of an axis once; coordinates count through a mesh row by row. */
#include "base/rng.h"
#include "chips/chips_testing.h"

typedef struct drawn { machine m; chips_kernel k; chips_split s; } drawn;

static drawn draw(arena *mem, rng *r) {
  drawn d = {.k = chips_testing_kernel(mem, rng_range(r, 2, 100), rng_range(r, 2, 10), DTYPE_F32, DTYPE_F32, false)};
  const int n = (int)rng_range(r, 1, MACHINE_MESH_DIMS_MAX);
  int64_t sizes[MACHINE_MESH_DIMS_MAX];
  for (int i = 0; i < n; i++)
    sizes[i] = rng_range(r, 1, 5);
  d.m = chips_testing_mesh(mem, n, sizes, false);
  d.m.tile_align = (int64_t)1 << rng_range(r, 0, 5);
  d.s.n_dims = n;
  for (int i = 0; i < n; i++)
    d.s.axis[i] = sizes[i] > 1 ? (int)rng_range(r, -1, SUM) : -1;
  return d;
}

static int64_t chips_along(const drawn *d, int axis) {
  int64_t n = 1;
  for (int i = 0; i < d->s.n_dims; i++)
    n *= d->s.axis[i] == axis ? d->m.chips.at[i].size : 1;
  return n;
}

/* Along one axis: each place as often as there are chips that have the other axes' parts. */
static void check_axis(arena *mem, const drawn *d, int axis) {
  const int64_t extent = d->k.axis[axis].extent, parts = chips_along(d, axis), unit = extent > (parts - 1) * d->m.tile_align ? d->m.tile_align : 1;
  int64_t *times = ARENA_NEW_N(mem, int64_t, extent), workers = 0, most = 0;
  for (int64_t c = 0; c < machine_n_chips(&d->m); c++) {
    const chips_part p = chips_part_of(&d->k, &d->m, &d->s, c);
    if (!chips_takes_part(&d->m, &d->s, c)) {
      assert_true(p.is_idle);
      continue;
    }
    workers++;
    most = p.extent[axis] > most ? p.extent[axis] : most;
    assert_true(p.begin[axis] + p.extent[axis] <= extent);
    assert_true(p.begin[axis] == extent || p.begin[axis] % unit == 0);
    for (int64_t i = 0; i < p.extent[axis]; i++)
      times[p.begin[axis] + i]++;
  }
  for (int64_t i = 0; i < extent; i++)
    assert_int_equal(times[i], workers / parts);
  for (int64_t c = 0; c < machine_n_chips(&d->m) && parts > 1; c++) {      /* all runs alike but the last one that is none, or what is left */
    const chips_part p = chips_part_of(&d->k, &d->m, &d->s, c);
    assert_true(p.extent[axis] == most || p.begin[axis] + p.extent[axis] == extent);
  }
}

static void test_parts_are_all_of_an_axis_once(void **state) {
  (void)state;
  rng r = rng_new(1);
  for (int i = 0; i < 300; i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    const drawn d = draw(&ctx.mem, &r);
    for (int a = 0; a < d.k.n_axes; a++)
      check_axis(&ctx.mem, &d, a);
    loom_ctx_done(&ctx);
  }
}

static void test_chips_are_counted_row_by_row(void **state) {
  loom_ctx *ctx = *state;
  const machine m = chips_testing_mesh(&ctx->mem, 3, (const int64_t[]){2, 3, 4}, false);
  int64_t chip = 0, at[3], got[MACHINE_MESH_DIMS_MAX];
  for (at[0] = 0; at[0] < 2; at[0]++)
    for (at[1] = 0; at[1] < 3; at[1]++)
      for (at[2] = 0; at[2] < 4; at[2]++, chip++) {
        chips_coordinates(&m, chip, got);
        assert_memory_equal(got, at, sizeof at);
        assert_int_equal(chips_number(&m, at), chip);
      }
}

/* 100 places in tiles of 32 on 3 chips: 64, 36 and nothing. */
static void test_shapes_of_parts(void **state) {
  loom_ctx *ctx = *state;
  machine m = chips_testing_mesh(&ctx->mem, 1, (const int64_t[]){3}, false);
  const chips_kernel k = chips_testing_kernel(&ctx->mem, 100, 4, DTYPE_F32, DTYPE_F32, false);
  const chips_split rows = {.n_dims = 1, .axis = {TILE}}, none = {.n_dims = 1, .axis = {-1}};
  m.tile_align = 32;
  chips_part p[3];
  for (int64_t c = 0; c < 3; c++)
    p[c] = chips_part_of(&k, &m, &rows, c);
  assert_int_equal(p[0].extent[TILE], 64);
  assert_int_equal(p[1].extent[TILE], 36);
  assert_int_equal(p[2].extent[TILE], 0);
  assert_true(p[2].is_idle && !p[1].is_idle);
  const chips_part whole = chips_part_of(&k, &m, &none, 0), idle = chips_part_of(&k, &m, &none, 1);
  assert_true(chips_same_shape(&k, &p[0], &p[0]));
  assert_false(chips_same_shape(&k, &p[0], &p[1]));
  assert_false(chips_same_shape(&k, &whole, &idle));
  assert_memory_equal(whole.extent, idle.extent, sizeof whole.extent);      /* idle all the same */
  int64_t begin[KERNEL_RANK_MAX], size[KERNEL_RANK_MAX];
  assert_int_equal(chips_box(&k, &p[1], OUT, begin, size), 36 * 4);
  assert_int_equal(begin[0], 64);
  assert_int_equal(begin[1], 0);
  assert_int_equal(size[0], 36);
  assert_int_equal(size[1], 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_parts_are_all_of_an_axis_once),
      cmocka_unit_test_setup_teardown(test_chips_are_counted_row_by_row, testing_open_context, testing_close_context),
      cmocka_unit_test_setup_teardown(test_shapes_of_parts, testing_open_context, testing_close_context),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
