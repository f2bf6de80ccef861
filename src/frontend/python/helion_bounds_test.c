/* Loops whose ends the running kernel decides, over a tensor: where the end is surely inside of the tensor its part is read as it is, elsewhere under a
 * mask that leaves out what lies behind the tensor's end.  Oracle: what is known of the operands (a tile's begin is bounded, an element of an
 * argument is not), joined by each operation as its definition says. */
#include "frontend/python/helion_rows_testing.h"

/* y has 1000 elements; the grid has 6 rows. */
#define LOOP(end) IMPORTS "@helion.kernel()\ndef f(x, y, i):\n  out = torch.empty_like(x)\n  for t in hl.tile(x.size(0)):\n    b = t.begin\n    e = t.end\n    z = i[1]\n    w = i[2]\n    v = x[t, 0]\n" \
  "    for c in hl.tile(" end "):\n      v = v + y[c].sum()\n    out[t, :] = v[:, None]\n  return out\n"

/* `end` of b, e (bounded by 6), z and w (not bounded); is_inside: it is surely 1000 or less. */
typedef struct bound { const char *end; bool is_inside; } bound;
static const bound bounds[] = {
    {"b", true}, {"e", true}, {"z", false}, {"1000", true}, {"b + e", true}, {"b + z", false}, {"z + b", false}, {"z + w", false}, {"b * e", true}, {"b * z", false}, {"z * b", false}, {"z * w", false},
    {"b * 3", true}, {"3 * e", true}, {"e * 1000", false}, {"z * 0", true}, {"b - z", true}, {"b - 1", true}, {"z - b", false}, {"z - 1", false}, {"b // 2", false},
    {"torch.minimum(b, e)", true}, {"torch.minimum(b, z)", true}, {"torch.minimum(z, b)", true}, {"torch.minimum(z, w)", false},
    {"torch.maximum(b, e)", true}, {"torch.maximum(b, z)", false}, {"torch.maximum(z, b)", false}, {"torch.maximum(z, w)", false},
    /* inside of what is bound to a name */
    {"torch.maximum(torch.minimum(b, e), b)", true}, {"torch.maximum(torch.minimum(b, z), b)", true}, {"torch.maximum(torch.minimum(z, b), b)", true}, {"torch.maximum(torch.minimum(z, w), b)", false},
    {"torch.maximum(torch.maximum(b, e), b)", true}, {"torch.maximum(torch.maximum(b, z), b)", false}, {"torch.maximum(torch.maximum(z, b), b)", false},
    {"torch.maximum(b + e, b)", true}, {"torch.maximum(b + z, b)", false}, {"torch.maximum(z + b, b)", false}, {"torch.maximum(b * e, b)", true}, {"torch.maximum(b * z, b)", false}, {"torch.maximum(z * b, b)", false},
    {"torch.maximum(b - z, b)", true}, {"torch.maximum(z - b, b)", false}, {"torch.maximum(b // 2, b)", false}, {"torch.maximum(b, 4)", true}, {"torch.maximum(b, 4000)", false}, {"torch.maximum(b + 4, b)", true},
    {"torch.maximum(b + -4, b)", false}, {"torch.maximum(b.to(torch.int32), e.to(torch.int32))", true},
};

/* The part of tensor 1 in the loop has a mask, or reads through indices under one. */
static bool has_mask(const kernel_region *r, bool *found) {
  bool out = false;
  for (size_t i = 0; i < r->ops.n; i++) {
    const kernel_op *op = r->ops.at[i];
    if (op->kind == KERNEL_LOAD && op->tensor == 1) {
      *found = true;
      out = out || op->n_operands > 0;
    }
    for (int j = 0; j < op->n_regions; j++)
      out = has_mask(&op->regions[j], found) || out;
  }
  return out;
}

static void test_parts_are_masked_where_the_end_may_lie_behind_the_tensor(void **state) {
  (void)state;
  int wrong = 0;
  for (size_t i = 0; i < COUNT_OF(bounds); i++) {
    loom_ctx ctx;
    syn_node *tree;
    kernel_graph *k;
    bool found = false;
    static const helion_given given[] = {{.name = "x", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_F32, .rank = 2, .shape = {6, 5}}, {.name = "y", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_F32, .rank = 1, .shape = {1000}},
                                         {.name = "i", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_I64, .rank = 1, .shape = {6}}};
    loom_ctx_init(&ctx);
    const char *code = replaced(&ctx.mem, LOOP("END"), "END", bounds[i].end);
    loom_status st = python_parse(&ctx, "k.py", code, strlen(code), &tree);
    if (st == LOOM_OK)
      st = helion_read(&ctx, tree, &(helion_options){.given = given, .n_given = COUNT_OF(given)}, &k);
    bool masked = st == LOOM_OK && has_mask(&k->body, &found), ok = st == LOOM_OK && kernel_verify(&ctx, k) == LOOM_OK && found && masked != bounds[i].is_inside;
    wrong += !ok;
    if (!ok)
      print_message("%s: status %d, %s, %s\n", bounds[i].end, (int)st, masked ? "masked" : "not masked", ctx.diag.first ? ctx.diag.first->text : "");
    loom_ctx_done(&ctx);
  }
  assert_int_equal(wrong, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_parts_are_masked_where_the_end_may_lie_behind_the_tensor)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
