#include "base/testing.h"

static void test_arena_gives_zeroed_aligned_separate_memory(void **state) {
  (void)state;
  arena a = {0};
  unsigned char *last = NULL;
  for (size_t size = 0; size < 3000; size += 7) {
    unsigned char *p = arena_alloc(&a, size);
    assert_int_equal((uintptr_t)p % 16, 0);
    assert_ptr_not_equal(p, last);
    for (size_t i = 0; i < size; i++) {
      assert_int_equal(p[i], 0);
      p[i] = 0xff;   /* dirty, so that reuse after release shows */
    }
    last = p;
  }
  arena_done(&a);
  assert_int_equal(a.used_bytes, 0);
}

static void test_release_goes_back_to_the_mark(void **state) {
  (void)state;
  arena a = {0};
  char *kept = arena_strdup(&a, "kept");
  arena_mark m = arena_save(&a);
  char *first = arena_alloc(&a, 100);
  memset(first, 1, 100);
  arena_alloc(&a, 1 << 20);   /* a block of its own */
  arena_release(&a, m);
  assert_string_equal(kept, "kept");
  char *again = arena_alloc(&a, 100);
  assert_ptr_equal(again, first);
  assert_int_equal(again[99], 0);
  assert_string_equal(arena_printf(&a, "%s-%d", "x", 5), "x-5");
  assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
  arena_done(&a);
}

static loom_status ask_for_too_much(loom_ctx *ctx, void *data) {
  (void)data;
  arena_array(&ctx->mem, SIZE_MAX / 2, 4);
  return LOOM_OK;
}
static loom_status use_both(loom_ctx *ctx, void *data) {
  (void)data;
  arena_alloc(&ctx->mem, 10);
  arena_alloc(&ctx->scratch, 10);
  arena_alloc(&ctx->mem, 1 << 20);
  return LOOM_OK;
}
static loom_status nested(loom_ctx *ctx, void *data) {
  assert_int_equal(loom_ctx_run(ctx, ask_for_too_much, data), LOOM_EMEM);
  assert_int_equal(loom_ctx_run(ctx, ask_for_too_much, data), LOOM_EMEM);   /* the outer guard is back in place */
  return ask_for_too_much(ctx, data);
}

static void test_running_out_of_memory_unwinds_to_the_guard(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  assert_int_equal(loom_ctx_run(&ctx, ask_for_too_much, NULL), LOOM_EMEM);
  assert_int_equal(loom_ctx_run(&ctx, nested, NULL), LOOM_EMEM);
  assert_null(ctx.mem.guard);
  loom_ctx_done(&ctx);
  testing_sweep_memory(use_both, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_arena_gives_zeroed_aligned_separate_memory),
    cmocka_unit_test(test_release_goes_back_to_the_mark),
    cmocka_unit_test(test_running_out_of_memory_unwinds_to_the_guard),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
