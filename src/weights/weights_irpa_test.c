/* Archives are made here byte by byte, from the published layout. */
#include "base/testing.h"
#include "weights/weights.h"

typedef struct archive { unsigned char at[1024]; size_t n; } archive;
static void put(archive *a, uint64_t v, int n) {
  for (int i = 0; i < n; i++)
    a->at[a->n++] = (unsigned char)(i < 8 ? v >> (8 * i) : 0);
}
static void pad_to(archive *a, size_t n) {
  while (a->n < n)
    a->at[a->n++] = 0;
}
static void put_entry(archive *a, int type, uint64_t entry_bytes, uint64_t name_at, uint64_t name_size) {
  put(a, entry_bytes, 8);
  put(a, (uint64_t)type, 4);
  put(a, 0, 8);
  put(a, name_at, 8);
  put(a, name_size, 8);
  put(a, 0, 8);
  put(a, 0, 8);
  put(a, 64, 8);
}

/* A data entry "w" of 4 bytes, a splat "bias" of 6 bytes of 1,2, a skipped one; then a second archive with "late" of 1 byte. */
static archive sample(void) {
  archive a = {.n = 0};
  memcpy(a.at, "IRPA", 4);
  a.n = 4;
  put(&a, 0, 4);
  put(&a, 88, 8);
  put(&a, 400, 8);                              /* next header */
  put(&a, 0, 8);
  put(&a, 3, 8);
  put(&a, 96, 8), put(&a, 256, 8);              /* table */
  put(&a, 352, 8), put(&a, 8, 8);               /* names */
  put(&a, 368, 8), put(&a, 16, 8);              /* data */
  pad_to(&a, 96);
  put_entry(&a, 2, 76, 0, 1), put(&a, 4, 8), put(&a, 4, 8);
  pad_to(&a, 96 + 80);
  put_entry(&a, 1, 85, 1, 4), put(&a, 6, 8), put(&a, 0x0201, 16), put(&a, 2, 1);
  pad_to(&a, 96 + 176);
  put_entry(&a, 0, 60, 999, 999);
  pad_to(&a, 352);
  memcpy(a.at + 352, "wbias", 5);
  a.n = 368;
  for (int i = 0; i < 16; i++)
    put(&a, (uint64_t)(10 + i), 1);
  pad_to(&a, 400);
  size_t second = a.n;
  memcpy(a.at + a.n, "IRPA", 4);
  a.n += 4;
  put(&a, 0, 4), put(&a, 88, 8), put(&a, 0, 8), put(&a, 0, 8), put(&a, 1, 8);
  put(&a, 96, 8), put(&a, 80, 8), put(&a, 176, 8), put(&a, 4, 8), put(&a, 180, 8), put(&a, 1, 8);
  pad_to(&a, second + 96);
  put_entry(&a, 2, 76, 0, 4), put(&a, 0, 8), put(&a, 1, 8);
  pad_to(&a, second + 176);
  memcpy(a.at + a.n, "late\x07", 5);
  a.n += 5;
  return a;
}

static void test_entries_of_all_archives_are_found(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  archive a = sample();
  weights w;
  unsigned char out[8];
  assert_int_equal(weights_read_irpa(&ctx, "a.irpa", a.at, a.n, &w), LOOM_OK);
  assert_int_equal(w.all.n, 3);
  weights_copy(weights_find(&w, "w"), out, 8);
  assert_memory_equal(out, "\x0e\x0f\x10\x11\0\0\0\0", 8);          /* zeros behind what is there */
  weights_copy(weights_find(&w, "bias"), out, 6);
  assert_memory_equal(out, "\1\2\1\2\1\2", 6);
  weights_copy(weights_find(&w, "late"), out, 1);
  assert_int_equal(out[0], 7);
  assert_null(weights_find(&w, "none"));
  loom_ctx_done(&ctx);
}

static void test_damage_is_refused(void **state) {
  (void)state;
  static const struct { size_t at; uint64_t value; int bytes; loom_status status; const char *part; } cases[] = {
      {0, 'X', 1, LOOM_EINPUT, "expected the letters IRPA"},           {4, 1, 2, LOOM_EUNSUP, "version 1.0"},
      {32, 1u << 30, 8, LOOM_ELIMIT, "1073741824 entries"},            {40, 5000, 8, LOOM_EINPUT, "the table at byte 40 leaves the archive"},
      {48, UINT64_MAX, 8, LOOM_EINPUT, "the table"},                   {96, 9000, 8, LOOM_EINPUT, "an entry of the table at byte 96"},
      {96, 4, 8, LOOM_EINPUT, "an entry of the table"},                {116, UINT64_MAX, 8, LOOM_EINPUT, "the name of the entry"},
      {156, 15, 8, LOOM_EINPUT, "the data of the entry"},              {104, 3, 4, LOOM_EUNSUP, "'w' lies in another file"},
      {104, 9, 4, LOOM_EINPUT, "is of kind 9"},                        {176 + 84, 0, 1, LOOM_EINPUT, "a pattern of 0 bytes"},
      {416, UINT64_MAX - 399, 8, LOOM_EINPUT, "the next header at byte 400"}, {440, UINT64_MAX - 99, 8, LOOM_EINPUT, "the table at byte 440"},
      {96, 70, 8, LOOM_EINPUT, "is of kind 2 in 70 bytes"},            {176, 84, 8, LOOM_EINPUT, "is of kind 1 in 84 bytes"},
      {176 + 84, 17, 1, LOOM_EINPUT, "a pattern of 17 bytes"},         {48, 180, 8, LOOM_EINPUT, "an entry of the table at byte 272"},
      {16, UINT64_MAX - 3, 8, LOOM_EINPUT, "there is no archive"},     {16, 401, 8, LOOM_EINPUT, "there is no archive of parameters at byte 401"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    archive a = sample();
    weights w;
    for (int k = 0; k < cases[i].bytes; k++)
      a.at[cases[i].at + (size_t)k] = (unsigned char)(cases[i].value >> (8 * k));
    loom_status st = weights_read_irpa(&ctx, "a.irpa", a.at, a.n, &w);
    if (st != cases[i].status || !strstr(ctx.diag.first ? ctx.diag.first->text : "", cases[i].part))
      fail_msg("case %zu: status %d, %s", i, (int)st, ctx.diag.first ? ctx.diag.first->text : "nothing said");
    loom_ctx_done(&ctx);
  }
}

/* Every prefix of a file is refused, none is read beyond its end (under a sanitizer). */
static void test_cut_files_are_refused(void **state) {
  (void)state;
  archive a = sample();
  for (size_t n = 0; n < a.n; n++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    weights w;
    unsigned char *cut = arena_alloc(&ctx.mem, n);
    memcpy(cut, a.at, n);
    assert_int_not_equal(weights_read_irpa(&ctx, "a.irpa", cut, n, &w), LOOM_OK);
    loom_ctx_done(&ctx);
  }
}

static loom_status read_archive(loom_ctx *ctx, void *data) {
  const archive *a = data;
  weights w;
  return weights_read_irpa(ctx, "a.irpa", a->at, a->n, &w);
}

static void test_memory_may_run_out_anywhere(void **state) {
  (void)state;
  archive a = sample();
  testing_sweep_memory(read_archive, &a);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_entries_of_all_archives_are_found), cmocka_unit_test(test_damage_is_refused), cmocka_unit_test(test_cut_files_are_refused), cmocka_unit_test(test_memory_may_run_out_anywhere)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
