/* Oracles: C++ written by hand for expressions, and for the lines that tensors, buffers and arguments of a program become. */
#include "base/testing.h"
#include "target/tt/tt_host.h"

static arena mem;
static loom_ctx ctx;

static const sym_expr *parse(const char *s) {
  const sym_expr *e;
  assert_int_equal(sym_parse(&ctx, LOOM_NOSPAN, s, &e), LOOM_OK);
  return e;
}

static void test_expressions_of_coordinates(void **state) {
  (void)state;
  static const struct { const char *sym, *cxx; unsigned uses; } rows[] = {
      {"3", "3", 0}, {"x", "x", 0}, {"x * 4 + y", "x * 4 + y", 0}, {"(x + y) * 4", "(x + y) * 4", 0}, {"x - (y - 1)", "x - (y - 1)", 0}, {"x - 2", "x - 2", 0},
      {"x floordiv 2", "floor_div(x, 2)", TT_HOST_FLOOR_DIV}, {"(x + 1) ceildiv 2", "ceil_div(x + 1, 2)", TT_HOST_CEIL_DIV}, {"x mod 4", "floor_mod(x, 4)", TT_HOST_MOD},
      {"min(x, y)", "std::min<int64_t>(x, y)", 0}, {"if(x == 0, 1, y)", "(x == 0) ? 1 : y", 0}, {"if(x < 2 && y >= 1, 1, 0)", "((x < 2) && (y >= 1)) ? 1 : 0", 0},
  };
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    unsigned uses = 0;
    assert_string_equal(tt_host_expr(&mem, parse(rows[i].sym), &uses), rows[i].cxx);
    assert_int_equal(uses, rows[i].uses);
  }
}

static void test_blanks_are_filled_and_others_left(void **state) {
  (void)state;
  const tt_blank blanks[] = {{"A", "one"}, {"LINES", "x\ny\n"}, {"NONE", ""}};
  assert_string_equal(tt_fill(&mem, "@A@, @B@ a@b.c @A@@A@\n@LINES@\n@NONE@\nend @NONE@.\n", blanks, 3), "one, @B@ a@b.c oneone\nx\ny\nend .\n");
}

static tt_program program(void) {
  tt_program p = {.kernel = "m\"m\\", .machine = "wormhole", .arch = "wormhole", .summary = "cores 3 x 2\nx is \"shared\"", .grid = {3, 2}, .n_semaphores = 2, .fp32_dest = true};
  tt_tensor x = {.name = "x", .type = DTYPE_BF16, .rank = 2, .shape = {60, 96}, .is_input = true, .is_tiled = true, .row_dim = 0, .col_dim = 1, .page_bytes = 2048, .pages = 6};
  tt_tensor out = {.name = "out", .type = DTYPE_F32, .rank = 1, .shape = {10}, .is_output = true, .row_dim = -1, .col_dim = -1, .page_bytes = 64, .pages = 1};
  tt_cb cb = {.name = "x", .comment = "x[m]: 2 slots", .type = DTYPE_BF16, .page_bytes = 2048, .pages = 4}, wide = {.name = "o", .type = DTYPE_F32, .page_bytes = 4096, .pages = 1, .unpack_to_dest = true};
  vec_push(&mem, &p.tensors, x);
  vec_push(&mem, &p.tensors, out);
  vec_push(&mem, &p.cbs, cb);
  vec_push(&mem, &p.cbs, wide);
  tt_const number = {.name = "tiles", .value = 7}, accessor = {.name = "x", .is_accessor = true, .index = 0};
  tt_arg args[] = {{.name = "x_address", .kind = TT_ARG_ADDRESS}, {.name = "row", .kind = TT_ARG_VALUE, .x = parse("x floordiv 2 + y")},
                   {.name = "sender_x", .kind = TT_ARG_NOC_X, .x = parse("0"), .y = parse("y")}, {.name = "sender_y", .kind = TT_ARG_NOC_Y, .x = parse("0"), .y = parse("y")}};
  vec_push(&mem, &p.kernels[TT_READER].consts, number);
  vec_push(&mem, &p.kernels[TT_READER].consts, accessor);
  for (size_t i = 0; i < COUNT_OF(args); i++)
    vec_push(&mem, &p.kernels[TT_READER].args, args[i]);
  return p;
}

static void expect_lines(const char *source, const char *const *lines, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!strstr(source, lines[i]))
      fail_msg("'%s' is not in\n%s", lines[i], source);
}

static void test_host_program(void **state) {
  (void)state;
  static const char *const lines[] = {
      "// m.m. for wormhole (Tenstorrent wormhole): host program on tt-metal, made by Loom.\n// cores 3 x 2\n// x is .shared.\n//\n// Usage",
      "    {\"x\", true, false, false, true, {60, 96}, 0, 1, 2048, 6},\n    {\"out\", false, true, true, false, {10}, -1, -1, 64, 1},\n};",
      "    {\"x\", false, 2048, 4, false, 0},  // x[m]: 2 slots\n    {\"o\", true, 4096, 1, true, 1},",
      "constexpr uint32_t grid_x = 3, grid_y = 2;", "constexpr uint32_t semaphores = 2;",
      "    reader_constants.push_back(7);  // tiles\n    TensorAccessorArgs(*dram[0]).append_to(reader_constants);  // x\n",
      "fp32_dest_acc_en = true;", "dst_full_sync_en = false;", "int64_t floor_div(int64_t a, int64_t b)",
      "    const auto noc = [&](int64_t x, int64_t y) {\n",
      "            SetRuntimeArgs(program, reader, core, {\n                static_cast<uint32_t>(dram[0]->address()),  // x_address\n"
      "                static_cast<uint32_t>(floor_div(x, 2) + y),  // row\n                static_cast<uint32_t>(noc(0, y).x),  // sender_x\n"
      "                static_cast<uint32_t>(noc(0, y).y),  // sender_y\n            });\n        }\n",
  };
  tt_program p = program();
  const char *host = tt_print_host(&mem, &p);
  expect_lines(host, lines, COUNT_OF(lines));
  assert_null(strstr(host, "floor_mod"));
  assert_null(strstr(host, "SetRuntimeArgs(program, writer"));
  p.tensors.at[1].name = "../o\"ut";
  assert_non_null(strstr(tt_print_host(&mem, &p), "{\"tensor_1\", false, true"));
  p.kernels[TT_READER].args.n = 1;
  assert_null(strstr(tt_print_host(&mem, &p), "const auto noc"));
}

static void test_readme_and_cmake(void **state) {
  (void)state;
  static const char *const lines[] = {"# m.m. for wormhole", "    cores 3 x 2\n    x is .shared.\n", "3 x 2 cores, with 2 semaphores", "| x (in) | bfloat16 | 60 x 96 | tiles over dims 0, 1 | 6 |",
                                      "| out (out) | float32 | 10 | sticks of 64 bytes | 1 |", "| 0 | x | bfloat16 | 4 | 8192 | x[m]: 2 slots |", "a kernel written for float16 runs in it"};
  static const char *const build[] = {"project(loom_m_m_ LANGUAGES CXX)", "find_package(TT-Metalium REQUIRED)"};
  tt_program p = program();
  expect_lines(tt_print_readme(&mem, &p), lines, COUNT_OF(lines));
  expect_lines(tt_print_cmake(&mem, &p), build, COUNT_OF(build));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_expressions_of_coordinates), cmocka_unit_test(test_blanks_are_filled_and_others_left),
                                     cmocka_unit_test(test_host_program), cmocka_unit_test(test_readme_and_cmake)};
  loom_ctx_init(&ctx);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  loom_ctx_done(&ctx);
  arena_done(&mem);
  return failed;
}
