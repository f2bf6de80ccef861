/* Room in DRAM: whole pages of all channels, sums that do not overflow, and what the message says. */
#include "base/testing.h"
#include "machine/machine_dram.h"
#include <stdlib.h>

static const machine four = {.name = "four", .dram_channels = 4, .dram_channel_bytes = 65536, .dram_page_bytes = 1024};

/* Oracle: pages laid out one by one, page p on channel p mod 4; all channels are as full as the first. */
static void test_room_is_what_the_first_channel_takes(void **state) {
  (void)state;
  for (int64_t bytes = 0; bytes < 20000; bytes += 37) {
    int64_t first = 0;
    for (int64_t page = 0; page * four.dram_page_bytes < bytes; page += four.dram_channels)
      first += four.dram_page_bytes;
    assert_int_equal(machine_dram_room(&four, bytes), first * four.dram_channels);
  }
}

static void test_what_fits_is_exact(void **state) {
  (void)state;
  const machine_dram_use all[] = {{"x", 4 * 65536 - 4096}, {"y", 1}, {"z", 1}};
  assert_int_equal(machine_dram_bytes(&four), 4 * 65536);
  assert_true(machine_dram_fits(&four, all, 2));
  assert_int_equal(machine_dram_sum(&four, all, 2), machine_dram_bytes(&four));
  assert_false(machine_dram_fits(&four, all, 3));
}

/* A machine that does not tell, and a CPU, hold everything. */
static void test_what_is_not_told_is_not_checked(void **state) {
  (void)state;
  const machine_dram_use all[] = {{"x", INT64_MAX}, {"y", INT64_MAX}};
  machine untold = four, cpu = four;
  untold.dram_channel_bytes = 0;
  cpu.host_cpu = "a CPU";
  assert_true(machine_dram_fits(&untold, all, 2));
  assert_true(machine_dram_fits(&cpu, all, 2));
  assert_false(machine_dram_fits(&four, all, 2));
  assert_int_equal(machine_dram_sum(&four, all, 2), INT64_MAX);
}

static void test_the_largest_are_told_first(void **state) {
  loom_ctx *ctx = *state;
  machine_dram_use all[10];
  for (int i = 0; i < 10; i++)
    all[i] = (machine_dram_use){arena_printf(&ctx->mem, "t%d", i), i == 7 ? 200000 : 4096 * (1 + i % 3)};
  assert_string_equal(machine_dram_text(&ctx->mem, &four, all, 2), "t1 8192 B + t0 4096 B = 12288 B > DRAM 262144 B");
  assert_string_equal(machine_dram_text(&ctx->mem, &four, all, 10),
                      "t7 200704 B + t2 12288 B + t5 12288 B + t8 12288 B + t1 8192 B + t4 8192 B + t0 4096 B + t3 4096 B + 2 more 8192 B = 270336 B > DRAM 262144 B");
  assert_string_equal(all[0].name, "t0");      /* the caller's order stays */
}

static int setup(void **state) {
  loom_ctx *ctx = malloc(sizeof *ctx);
  loom_ctx_init(ctx);
  *state = ctx;
  return 0;
}

static int teardown(void **state) {
  loom_ctx_done(*state);
  free(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_room_is_what_the_first_channel_takes),
      cmocka_unit_test(test_what_fits_is_exact),
      cmocka_unit_test(test_what_is_not_told_is_not_checked),
      cmocka_unit_test_setup_teardown(test_the_largest_are_told_first, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
