/* Round trips of loom.kernel.v1, its diagnostics, and the text for people. */
#include "kernel/kernel_testing.h"

static const char *to_json(arena *m, const kernel_graph *k) { return data_write_json(m, kernel_to_data(m, k), 2); }

static loom_status from_json(loom_ctx *ctx, const char *json, kernel_graph **out) {
  data_value *v;
  LOOM_TRY(data_read_json(ctx, "kernel.json", json, strlen(json), &v));
  return kernel_from_data(ctx, v, out);
}

/* A kernel that uses every member of the form: views, gathers, conditions, infinities, all index kinds. */
static kernel_graph *everything(arena *mem) {
  sample_matmul shape = {.m = 24, .n = 40, .k = 256, .in = DTYPE_F16, .acc = DTYPE_F32, .out = DTYPE_F16, .bias_relu = true};
  kernel_graph *k = sample_build_matmul(mem, "my-kernel", &shape);
  sample s = {mem, k, 50};
  k->path = "kernels/my \"kernel\".py";
  memset(k->sha256, 'a', 64);
  kernel_add_symbol(mem, k, "m", KERNEL_SYM_SIZE)->value = 24;
  kernel_add_symbol(mem, k, "split", KERNEL_SYM_TUNABLE);
  kernel_find_symbol(k, "tile_k")->is_reduction = kernel_find_symbol(k, "tile_m")->divides = true;
  kernel_tensor filled = kernel_add_tensor(mem, k, "filled", KERNEL_ALLOC, SAMPLE_TYPE(&s, DTYPE_F32, "m", "8"));
  k->tensors.at[filled].fill = KERNEL_FILL_VALUE;
  k->tensors.at[filled].fill_value = -INFINITY;
  k->tensors.at[filled].span = (loom_span){NULL, 3, 1, 4, 2};
  k->tensors.at[0].init = KERNEL_INIT_RANDINT;
  k->tensors.at[0].init_lo = -3;
  k->tensors.at[0].init_hi = 0.1;
  kernel_tensor view = kernel_add_tensor(mem, k, "view", KERNEL_VIEW, SAMPLE_TYPE(&s, DTYPE_F32, "8", "m"));
  kernel_tensor_info *v = &k->tensors.at[view];
  v->base = filled;
  v->offset = sym_const(mem, 0);
  v->stride[0] = sym_const(mem, 1);
  v->stride[1] = sym_const(mem, 8);
  kernel_region *body = &k->body;
  kernel_type i64 = {.type = DTYPE_I64}, i1 = {.type = DTYPE_BOOL}, f32 = {.type = DTYPE_F32};
  kernel_op *n = sample_op(&s, body, KERNEL_INDEX_EXPR, 0, NULL, &i64);
  n->expr = sym_ceildiv(mem, sym_name(mem, "m"), sym_name(mem, "split"));
  kernel_op *zero = sample_op(&s, body, KERNEL_CONSTANT, 0, NULL, &f32);
  zero->fvalue = -0.0;
  kernel_value less = sample_fn(&s, body, KERNEL_FN_LT, i1, 2, (kernel_value[]){n->results[0], n->results[0]});
  kernel_op *branch = sample_op(&s, body, KERNEL_IF, 1, &less, &f32);
  for (int i = 0; i < 2; i++) {
    kernel_op *c = sample_op(&s, &branch->regions[i], KERNEL_CONSTANT, 0, NULL, &f32);
    c->fvalue = i ? NAN : 1e-300;
    sample_op(&s, &branch->regions[i], KERNEL_YIELD, 1, c->results, NULL);
  }
  kernel_type picks = SAMPLE_TYPE(&s, DTYPE_I32, "5"), picked = SAMPLE_TYPE(&s, DTYPE_F32, "1", "5"), turned = SAMPLE_TYPE(&s, DTYPE_F32, "5", "1");
  kernel_op *iota = sample_op(&s, body, KERNEL_IOTA, 0, NULL, &picks);
  iota->ivalue = 3;
  kernel_op *gather = sample_op(&s, body, KERNEL_LOAD, 0, NULL, &picked);
  sample_index(&s, gather, view, 3, (kernel_value[]){-1, iota->results[0], n->results[0]});
  gather->index[0].kind = KERNEL_INDEX_NEW;
  gather->index[1].kind = KERNEL_INDEX_TENSOR;
  gather->index[1].dim = gather->index[1].rank = 1;
  gather->index[2].kind = KERNEL_INDEX_SCALAR;
  kernel_op *turn = sample_op(&s, body, KERNEL_PERMUTE, 1, gather->results, &turned);
  turn->perm[0] = 1;
  kernel_type one = SAMPLE_TYPE(&s, DTYPE_F32, "1", "1");
  kernel_op *reduce = sample_op(&s, body, KERNEL_REDUCE, 1, turn->results, &one);
  reduce->fn = KERNEL_FN_MAX;
  reduce->ivalue = 1;
  reduce->flag = true;
  kernel_op *store = sample_op(&s, body, KERNEL_STORE, 1, branch->results, NULL);
  sample_index(&s, store, filled, 2, (kernel_value[]){-1, -1});
  store->index[0] = (kernel_index){.kind = KERNEL_INDEX_SCALAR, .value = -1, .begin = sym_const(mem, 2)};
  store->index[1] = (kernel_index){.kind = KERNEL_INDEX_SLICE, .value = -1, .begin = sym_const(mem, 2), .end = sym_const(mem, 5)};
  return k;
}

static void test_every_member_survives_the_round_trip(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  kernel_graph *k = everything(&ctx.mem), *back;
  if (kernel_verify(&ctx, k) != LOOM_OK)
    fail_msg("%s", ctx.diag.first->text);
  const char *json = to_json(&ctx.mem, k);
  if (from_json(&ctx, json, &back) != LOOM_OK)
    fail_msg("%s (line %d)", ctx.diag.first->text, ctx.diag.first->span.line);
  assert_string_equal(to_json(&ctx.mem, back), json);
  assert_string_equal(kernel_print(&ctx.mem, back), kernel_print(&ctx.mem, k));
  assert_string_equal(back->body.ops.at[0]->span.source->path, k->path);
  assert_int_equal(back->body.ops.at[0]->span.line, k->body.ops.at[0]->span.line);
  const kernel_op *zero = back->body.ops.at[2];
  assert_true(zero->kind == KERNEL_CONSTANT && signbit(zero->fvalue));
  loom_ctx_done(&ctx);
}

static void test_broken_files_are_refused_at_their_place(void **state) {
  (void)state;
  static const struct { const char *from, *to, *text; } edits[] = {
      {"loom.kernel.v1", "loom.kernel.v2", "schema is 'loom.kernel.v2'"},
      {"\"kind\": \"tunable\"", "\"kind\": \"tunabel\"", "\"tunabel\" is not a known kind"},
      {"\"type\": \"f16\"", "\"type\": \"f17\"", "\"f17\" is not an element type"},
      {"\"op\": \"matmul\"", "\"op\": \"matmuul\"", "\"matmuul\" is not a known op"},
      {"\"fn\": \"relu\"", "\"fn\": \"rely\"", "\"rely\" is not a known fn"},
      {"\"divides\": true", "\"divides\": 1", ""},
      {"\"divides\": true", "\"divide\": true", "unknown key"},
      {"\"fill_value\": \"-inf\"", "\"fill_value\": \"-info\"", "fill_value is not a number"},
      {"\"span\": [", "\"span\": [1,", "span is [line, column, end line, end column]"},
      {"\"returns\": [", "\"returns\": [77,", "returns holds integers"},
      {"\"strides\": [", "\"strides\": [\"1\",", "a view of rank 2 has 3 strides"},
      {"\"extent\": \"24\"", "\"extent\": 24", "expected a size expression in quotes"},
      {"\"extent\": \"24\"", "\"extent\": \"24 +\"", ""},
      {"\"extent\": \"24\"", "\"extent\": \"tile_q\"", "\"tile_q\" is not a symbol"},
      {"\"sha256\": \"", "\"sha256\": \"0", "sha256 is not 64 hex digits"},
      {"\"regions\": [", "\"regions\": [{\"ops\": []},", "parallel has 2 regions; expected 1"},
      {"\"perm\": [", "\"perm\": [0, 0, 0, 0, 0, 0, 0,", "perm has more than 8 entries"},
      {"\"shape\": [", "\"shape\": [\"1\", \"1\", \"1\", \"1\", \"1\", \"1\", \"1\",", "rank 9 is over the limit"},
  };
  for (size_t i = 0; i < COUNT_OF(edits); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    kernel_graph *k = everything(&ctx.mem), *back;
    const char *json = to_json(&ctx.mem, k), *at = strstr(json, edits[i].from);
    assert_non_null(at);
    const char *broken = arena_printf(&ctx.mem, "%.*s%s%s", (int)(at - json), json, edits[i].to, at + strlen(edits[i].from));
    if (from_json(&ctx, broken, &back) != LOOM_EINPUT)
      fail_msg("edit %zu was not refused as wrong input", i);
    if (!strstr(ctx.diag.first->text, edits[i].text))
      fail_msg("edit %zu: %s", i, ctx.diag.first->text);
    loom_ctx_done(&ctx);
  }
}

static void test_print_shows_one_line_an_operation(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  sample_matmul shape = {.m = 24, .n = 40, .k = 256, .in = DTYPE_F16, .acc = DTYPE_F32, .out = DTYPE_F16};
  assert_string_equal(kernel_print(&ctx.mem, sample_build_matmul(&ctx.mem, "mm", &shape)),
                      "kernel mm\n"
                      "  block tile_m of 24\n"
                      "  block tile_n of 40\n"
                      "  block tile_k of 256\n"
                      "  arg x: f16[24, 256]\n"
                      "  arg y: f16[256, 40]\n"
                      "  alloc out: f16[24, 40] returned\n"
                      "  parallel %0:tile_m in 0..24 by tile_m, %1:tile_n in 0..40 by tile_n  # line 11\n"
                      "    %2:acc = full 0  : f32[tile_m, tile_n]  # line 12\n"
                      "    %3 = loop %4:tile_k in 0..256 by tile_k carry %2:acc  : f32[tile_m, tile_n]  # line 13\n"
                      "      with %5:acc\n"
                      "      %6 = load x[%0:tile_m, %4:tile_k]  : f16[tile_m, tile_k]  # line 14\n"
                      "      %7 = load y[%4:tile_k, %1:tile_n]  : f16[tile_k, tile_n]  # line 15\n"
                      "      %8 = matmul %6, %7, %5:acc  : f32[tile_m, tile_n]  # line 16\n"
                      "      yield %8  # line 17\n"
                      "    store out[%0:tile_m, %1:tile_n] = %3  # line 18\n");
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_member_survives_the_round_trip),
      cmocka_unit_test(test_broken_files_are_refused_at_their_place),
      cmocka_unit_test(test_print_shows_one_line_an_operation),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
