/* Files are made here from the published layout. */
#include "base/testing.h"
#include "weights/weights.h"

static unsigned char *file(arena *m, const char *header, const char *data, size_t n_data, size_t *size) {
  size_t n = strlen(header);
  unsigned char *f = arena_alloc(m, 8 + n + n_data);
  for (int i = 0; i < 8; i++)
    f[i] = (unsigned char)((uint64_t)n >> (8 * i));
  memcpy(f + 8, header, n);
  memcpy(f + 8 + n, data, n_data);
  *size = 8 + n + n_data;
  return f;
}

#define SAMPLE "{\"__metadata__\": {\"format\": \"pt\"}, \"w\": {\"dtype\": \"F16\", \"shape\": [2, 2], \"data_offsets\": [0, 8]}," \
               " \"odd\": {\"dtype\": \"U32\", \"shape\": [1], \"data_offsets\": [8, 12]}, \"one\": {\"dtype\": \"I8\", \"shape\": [], \"data_offsets\": [12, 13]}}   "

static void test_tensors_have_their_types_shapes_and_bytes(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  size_t size;
  weights all;
  unsigned char *f = file(&ctx.mem, SAMPLE, "abcdefghijklm", 13, &size), out[8];
  assert_int_equal(weights_read_safetensors(&ctx, "w.safetensors", f, size, &all), LOOM_OK);
  assert_int_equal(all.all.n, 3);
  const weight *w = weights_find(&all, "w"), *odd = weights_find(&all, "odd"), *one = weights_find(&all, "one");
  assert_true(w->is_typed && w->type == DTYPE_F16 && w->rank == 2 && w->shape[0] == 2 && w->shape[1] == 2);
  weights_copy(w, out, 8);
  assert_memory_equal(out, "abcdefgh", 8);
  assert_false(odd->is_typed);
  assert_true(odd->size == 4 && odd->bytes[0] == 'i');
  assert_true(one->is_typed && one->rank == 0 && one->size == 1 && one->bytes[0] == 'm');
  loom_ctx_done(&ctx);
}

#define ONE(type, shape, at) "{\"w\": {\"dtype\": " type ", \"shape\": " shape ", \"data_offsets\": " at "}}"
static void test_damage_is_refused(void **state) {
  (void)state;
  static const struct { const char *header; loom_status status; const char *part; } cases[] = {
      {ONE("\"F32\"", "[2]", "[0, 9]"), LOOM_EINPUT, "leave the file, which has 8"},
      {ONE("\"F32\"", "[2]", "[-1, 7]"), LOOM_EINPUT, "leave the file"},
      {ONE("\"F32\"", "[2]", "[8, 0]"), LOOM_EINPUT, "leave the file"},
      {ONE("\"F32\"", "[3]", "[0, 8]"), LOOM_EINPUT, "has 8 bytes; its type and shape take 12"},
      {ONE("\"F32\"", "[-2]", "[0, 8]"), LOOM_EINPUT, "dim 0 of 'w' is no size"},
      {ONE("\"F32\"", "[4611686018427387904, 4]", "[0, 8]"), LOOM_EINPUT, "is no size that a file can hold"},
      {ONE("\"F32\"", "[2.5]", "[0, 8]"), LOOM_EINPUT, "dim 0 of 'w' is no size"},
      {ONE("\"F32\"", "[1,1,1,1,1,1,1,1,2]", "[0, 8]"), LOOM_ELIMIT, "has 9 dims"},
      {ONE("\"F32\"", "[2]", "[0]"), LOOM_EINPUT, "are to be two numbers"},
      {ONE("\"F32\"", "[2]", "[\"0\", 8]"), LOOM_EINPUT, "are to be two numbers"},
      {ONE("\"F32\"", "[2]", "[0, 8.5]"), LOOM_EINPUT, "are to be two numbers"},
      {ONE("32", "[2]", "[0, 8]"), LOOM_EINPUT, "dtype"},
      {ONE("\"F32\"", "[1]", "[0, 4]"), LOOM_EINPUT, "the tensors take 4 bytes; 8 are behind the header"},
      {"{\"w\": 1}", LOOM_EINPUT, "is to be an object"},
      {"{\"w\": {\"dtype\": \"F32\", \"shape\": [2], \"data_offset\": [0, 8]}}", LOOM_EINPUT, "unknown key 'data_offset'"},
      {"{\"w\": ", LOOM_EINPUT, ""},
      {"[1]", LOOM_EINPUT, "is to be an object by tensor names"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    size_t size;
    weights w;
    unsigned char *f = file(&ctx.mem, cases[i].header, "abcdefgh", 8, &size);
    loom_status st = weights_read_safetensors(&ctx, "w.safetensors", f, size, &w);
    const char *said = ctx.diag.first ? ctx.diag.first->text : "nothing said", *help = ctx.diag.first && ctx.diag.first->next ? ctx.diag.first->next->text : "";
    if (st != cases[i].status || (!strstr(said, cases[i].part) && !strstr(help, cases[i].part)))
      fail_msg("case %zu: status %d, %s", i, (int)st, said);
    loom_ctx_done(&ctx);
  }
}

/* Every prefix of a file is refused, none is read beyond its end (under a sanitizer). */
static void test_cut_files_are_refused(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  size_t size;
  unsigned char *f = file(&ctx.mem, SAMPLE, "abcdefghijklm", 13, &size);
  for (size_t n = 0; n < size; n++) {
    weights w;
    unsigned char *cut = malloc(n + 1);
    memcpy(cut, f, n);
    assert_int_not_equal(weights_read_safetensors(&ctx, "w.safetensors", cut, n, &w), LOOM_OK);
    free(cut);
  }
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_tensors_have_their_types_shapes_and_bytes), cmocka_unit_test(test_damage_is_refused), cmocka_unit_test(test_cut_files_are_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
