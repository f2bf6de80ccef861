/* Kernels as Device IR: loops, branches and scans around what has a form and what has none.
 * Oracle: what is written is read back and compared by device_ir_write itself; what has no form is refused at its line, in every place it may stand. */
#include "base/testing.h"
#include "base/text.h"
#include "frontend/device_ir/device_ir.h"

/* The rows of x [6, 5], v of shape [t, 5], with i [6] int64 and u, a number of half the lanes of the tile, for which Device IR has no form; `code` is from line 13 on. */
#define TILED(code)                                                                                                                                             \
  "import torch\nimport helion\nimport helion.language as hl\n@helion.kernel()\ndef f(x, i):\n  m, k = x.size()\n  out = torch.empty_like(x)\n  sums = torch.zeros([8], dtype=torch.float32)\n" \
  "  for t in hl.tile(m):\n    v = x[t, :]\n    u = helion.cdiv(v.size(0), 2)\n    z = i[1]\n" code "    out[t, :] = v\n  return out, sums\n"

typedef struct row { const char *name, *code, *refused; int line; } row;
static const row rows[] = {
    {"a loop", TILED("    for c in hl.tile(k):\n      v = v + x[t, c].sum(1)[:, None]\n"), NULL, 0},
    {"a loop over a number without a form", TILED("    for c in hl.tile(u):\n      v = v + c.begin\n"), "the size", 13},
    {"a loop from a number without a form", TILED("    for c in hl.tile(u, u + 3):\n      v = v + c.begin\n"), "the size", 13},
    {"a loop that starts with a number without a form", TILED("    w = z + u\n    for c in hl.tile(k):\n      w = w + c.begin\n    v = v + w\n"), "the size", 0},
    {"a loop around a number without a form", TILED("    for c in hl.tile(k):\n      v = v + u\n"), "the size", 0},
    {"a loop in a loop around it", TILED("    for c in hl.tile(k):\n      for d in hl.tile(m):\n        v = v * u\n"), "the size", 0},
    {"a loop that counts", TILED("    for c in hl.grid(k):\n      v = v + x[t, c][:, None]\n"), NULL, 0},
    {"a loop that counts up to what the kernel knows", TILED("    for c in hl.grid(z):\n      v = v + c\n"), NULL, 0},
    {"a loop that counts around it", TILED("    for c in hl.grid(k):\n      v = v + c * u\n"), "the size", 0},
    {"a branch", TILED("    if t.id == 0:\n      v = v + 1\n    else:\n      v = v * 2\n"), NULL, 0},
    {"a branch alone", TILED("    if z > 3:\n      v = v + 1\n"), NULL, 0},
    {"a branch the other way round", TILED("    if z > 3:\n      pass\n    else:\n      v = v + 1\n"), NULL, 0},
    {"a branch that asks for it", TILED("    if z > u:\n      v = v + 1\n"), "the size", 13},
    {"a branch around it", TILED("    if z > 3:\n      v = v + u\n"), "the size", 0},
    {"the other branch around it", TILED("    if z > 3:\n      v = v + 1\n    else:\n      v = v + u\n"), "the size", 0},
    {"a branch that stores", TILED("    if z > 3:\n      sums[0] = 1.0\n"), NULL, 0},
    {"a branch that stores it", TILED("    if z > 3:\n      sums[0] = x[0, 0] * u\n"), "the size", 0},
    {"a branch of another tensor's value", TILED("    if x[0, 0] > 0:\n      v = -v\n"), NULL, 0},
    {"a while loop", TILED("    w = z + 0\n    while w < 9:\n      w = w + 1\n    v = v + w\n"), NULL, 0},
    {"a while loop that asks for it", TILED("    w = z + 0\n    while w < u:\n      w = w + 1\n    v = v + w\n"), "the size", 0},
    {"a while loop around it", TILED("    w = z + 0\n    while w < 9:\n      w = w + 1 + u\n    v = v + w\n"), "the size", 0},
    {"a scan", TILED("    v = hl.associative_scan(lambda a, b: a + b, v, dim=1)\n"), NULL, 0},
    {"a scan of a number without a form", TILED("    w = hl.associative_scan(lambda a, b: a + b, v * u, dim=1)\n    v = v + w\n"), "the size", 0},
    {"a scan whose function has numbers", TILED("    v = hl.associative_scan(lambda a, b: a + b * 2 + a * 0.5, v, dim=1)\n"), NULL, 0},
    {"a reduction of two", TILED("    w, q = hl.reduce(lambda a, b, c, d: (torch.where(a > c, a, c), b + d), (v, v), dim=1)\n    v = v + w[:, None] + q[:, None]\n"), NULL, 0},
    {"indices", TILED("    v = v + x[t, z % 5][:, None] + x[z % 6, 0] + x[t.index, :]\n"), NULL, 0},
    {"an index without a form", TILED("    v = v + x[u, :]\n"), "the size", 13},
    {"a slice to it", TILED("    w = x[t, 0:u]\n    sums[0] = w.sum(1).sum(0)\n"), "the size", 0},
    {"a slice from it", TILED("    w = x[t, u:u + 2]\n    sums[0] = w.sum(1).sum(0)\n"), "the size", 0},
    {"an index next to the tile by it", TILED("    w = hl.load(x, [t.index + u, slice(0, 5)], extra_mask=(t.index + u < 6)[:, None])\n    v = v + w\n"), "the size", 0},
    {"tiles behind the end", TILED("    w = hl.load(x, [t.index + 2, slice(0, 5)], extra_mask=(t.index + 2 < 6)[:, None])\n    v = v + w\n"), NULL, 0},
    {"tiles behind the end under two masks", TILED("    w = hl.load(x, [t.index + 1, slice(0, 5)], extra_mask=(v > 0) & (v < 1))\n    v = v + w\n"), NULL, 0},
    {"an atomic of it", TILED("    hl.atomic_add(sums, [0], x[0, 0] * u)\n"), "the size", 13},
    {"an atomic at it", TILED("    hl.atomic_add(sums, [u], 1.0)\n"), "the size", 13},
    {"exchanging where it is as expected", TILED("    w = hl.atomic_cas(sums, [0], 0.0, 1.0)\n    v = v + w\n"), NULL, 0},
    {"shapes of it", TILED("    w = hl.zeros([u, 5])\n    sums[0] = w.sum(0).sum(0)\n"), "the size", 13},
    {"numbers up to it", TILED("    w = hl.arange(u)\n    sums[0] = w.sum(0) * 1.0\n"), "the size", 13},
    {"a value of it all over", TILED("    w = torch.where(v > 0, v, u)\n    v = v + w\n"), "the size", 13},
    {"a tile filled with it", TILED("    w = hl.full([t, 5], u, dtype=torch.float32)\n    v = v + w\n"), "the size", 0},
    {"products", TILED("    w = torch.addmm(v, v, torch.cat([x[0:5, :]], 0))\n    v = v + w + torch.bmm(v[None], x[None, 0:5, :]).sum(0)\n"), NULL, 0},
    {"stacks and parts", TILED("    a, b = hl.split(hl.join(v, v + 1))\n    v = a * b\n"), NULL, 0},
    {"bits", TILED("    v = v + v.view(torch.int32).to(torch.float32)\n"), NULL, 0},
    {"random numbers by it", TILED("    w = hl.rand([t, 5], seed=u)\n    v = v + w\n"), "the size", 0},
    {"a division that truncates", TILED("    w = torch.div(i[t], 2, rounding_mode='trunc')\n    v = v + w[:, None]\n"), NULL, 0},
    {"the largest of each row and of all", TILED("    v = v + torch.argmax(v, 1)[:, None] + torch.argmin(v)\n"), NULL, 0},
};

static void test_every_place_is_written_or_refused(void **state) {
  (void)state;
  static const helion_given given[] = {{.name = "x", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_F32, .rank = 2, .shape = {6, 5}}, {.name = "i", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_I64, .rank = 1, .shape = {6}}};
  int wrong = 0;
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    syn_node *tree;
    kernel_graph *k;
    const char *json;
    loom_ctx_init(&ctx);
    loom_status st = python_parse(&ctx, "k.py", rows[i].code, strlen(rows[i].code), &tree);
    if (st == LOOM_OK)
      st = helion_read(&ctx, tree, &(helion_options){.given = given, .n_given = COUNT_OF(given)}, &k);
    bool is_read = st == LOOM_OK;
    if (is_read)
      st = device_ir_write(&ctx, k, &json);
    const diag_item *d = ctx.diag.first;
    bool ok = is_read && (rows[i].refused ? st == LOOM_EUNSUP && d && strstr(d->text, rows[i].refused) && (!rows[i].line || d->span.line == rows[i].line) : st == LOOM_OK);
    wrong += !ok;
    if (!ok)
      print_message("%s: %s, status %d, %d:%d %s\n", rows[i].name, is_read ? "read" : "not read", (int)st, d ? d->span.line : 0, d ? d->span.col : 0, d ? d->text : "");
    loom_ctx_done(&ctx);
  }
  assert_int_equal(wrong, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_place_is_written_or_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
