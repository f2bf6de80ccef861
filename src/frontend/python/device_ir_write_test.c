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
    {"an index between the rows", TILED("    for c in hl.grid(2):\n      v = v + x[t.index + c, :]\n"), NULL, 0},
    {"an index that is half of the row's", TILED("    v = v + x[t.index // 2, :]\n"), NULL, 0},
    {"an index under a mask", TILED("    w = hl.load(x, [z, slice(0, 5)], extra_mask=(z < 3))\n    v = v + w\n"), NULL, 0},
    {"indices that are carried", TILED("    p = t.index + 0\n    for c in hl.grid(3):\n      v = v + x[p, :]\n      p = p // 2\n"), NULL, 0},
    {"indices that are carried, and a size", TILED("    p = t.index + 0\n    for c in hl.grid(3):\n      v = v + x[p + v.size(0), :]\n      p = p // 2\n"), NULL, 0},
    {"a mask that is carried", TILED("    p = v > 0\n    for c in hl.grid(3):\n      w = hl.load(x, [t, slice(0, 5)], extra_mask=p)\n      v = v + w\n      p = v > 1\n"), NULL, 0},
    {"numbers and a size multiplied", TILED("    v = v + x[0, hl.arange(5) * v.size(0)]\n"), NULL, 0},
    {"numbers from a size on", TILED("    v = v + x[0, hl.arange(5) + v.size(0)]\n"), "in Device IR that gives it back", 0},
    {"every second number from a size on", TILED("    v = v + x[0, hl.arange(0, 10, step=2) + v.size(0)]\n"), NULL, 0},
    {"numbers from one behind a size on", TILED("    v = v + x[0, hl.arange(1, 6) + v.size(0)]\n"), NULL, 0},
    {"half and a size", TILED("    v = v + x[(t.index // 2) + v.size(0), :]\n"), NULL, 0},
    {"indices of another tensor and a size", TILED("    v = v + x[i[t] + v.size(0), :]\n"), NULL, 0},
    {"two places behind the end", TILED("    w = hl.load(x, [t.index + 2, hl.arange(5)], extra_mask=(t.index + 2 < 6)[:, None])\n    v = v + w\n"), NULL, 0},
    {"a tile behind a tile", TILED("    for c in hl.tile(k):\n      w = hl.load(x, [t.index + 1, c.index + 1], extra_mask=(v.sum(1) > 0)[:, None])\n      v = v + w.sum(1)[:, None]\n"), NULL, 0},
    {"numbers from a size on under a mask", TILED("    w = hl.load(x, [t.index + 2, hl.arange(5) + v.size(0)], extra_mask=(v > 0))\n    v = v + w\n"), "in Device IR that gives it back", 0},
    {"whole blocks", TILED("    w = hl.zeros([t.block_size, 5]) + v.sum(0)\n    sums[0] = w.sum(0).sum(0)\n"), NULL, 0},
    {"whole blocks under a mask", TILED("    w = hl.zeros([t.block_size, 5]) + hl.load(x, [t, slice(0, 5)], extra_mask=v > 0)\n    sums[0] = w.sum(0).sum(0)\n"), NULL, 0},
    {"what is carried in a loop around", TILED("    w = z + 0\n    for c in hl.grid(3):\n      for d in hl.grid(2):\n        v = v + w * d\n      w = w + 1\n"), NULL, 0},
    {"the end of a loop inside of it", TILED("    for c in hl.grid(z):\n      v = v + c * z\n"), NULL, 0},
    {"a loop up to what a loop leaves", TILED("    w = z + 0\n    for c in hl.grid(3):\n      w = w + c\n    for d in hl.grid(w):\n      v = v + d\n"), NULL, 0},
    {"an index between the rows, of 64 bits", TILED("    for c in hl.grid(2):\n      v = v + x[t.index.to(torch.int64) + c, :]\n"), NULL, 0},
    {"a row that is expanded", TILED("    v = torch.broadcast_to(x[t, 0][:, None], [v.size(0), 5])\n"), NULL, 0},
    {"a branch that gives it", TILED("    w = z + 0\n    if z > 3:\n      w = u\n    v = v + w\n"), "the size", 0},
    {"functions of scans that give numbers", TILED("    v = hl.associative_scan(lambda a, b: 2.0, v, dim=1)\n    v = v + hl.reduce(lambda a, b: torch.full([], 1.0), v, dim=1)[:, None]\n"), NULL, 0},
    {"the largest of each row and of all", TILED("    v = v + torch.argmax(v, 1)[:, None] + torch.argmin(v)\n"), NULL, 0},
};

static loom_status read_graph(loom_ctx *ctx, const char *code, kernel_graph **k) {
  static const helion_given given[] = {{.name = "x", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_F32, .rank = 2, .shape = {6, 5}}, {.name = "i", .kind = HELION_GIVEN_TENSOR, .type = DTYPE_I64, .rank = 1, .shape = {6}}};
  syn_node *tree;
  LOOM_TRY(python_parse(ctx, "k.py", code, strlen(code), &tree));
  return helion_read(ctx, tree, &(helion_options){.given = given, .n_given = COUNT_OF(given)}, k);
}

static void test_every_place_is_written_or_refused(void **state) {
  (void)state;
  int wrong = 0;
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    kernel_graph *k;
    const char *json;
    loom_ctx_init(&ctx);
    loom_status st = read_graph(&ctx, rows[i].code, &k);
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

/* ---- graphs that no Python gives, or hardly ---- */
/* Values by number, in order: 0 t, 1 v, 2 z, 3 v behind the loop with the parameters 4 c and 5 v, 12 the scan, 13..17 its function, 19 v + 3, 20 both, 23 t.id, 24 one, 26 a * b, 27 exp, 28 zeros. */
#define EVERYTHING TILED("    for c in hl.grid(z):\n      v = v + c * z + t.begin\n    v = hl.associative_scan(lambda a, b: a + b * 2.0, v, dim=1)\n    a, b = hl.split(hl.join(v, v + 3.0))\n" \
                         "    hl.atomic_add(sums, [t.id], 1.0)\n    v = torch.exp(a * b) + hl.zeros([t, 5])\n")
/* Lines of the form "what -> by what", over the kernel's JSON with ' for ". */
typedef struct edit { const char *name, *edits, *refused; } edit;
#define SPLIT "'symbols': [ -> 'symbols': [{'name': 'split', 'kind': 'tunable'}, \n"
#define SMALL "(split floordiv 1000000)"      /* 0 for the samples that the verifier takes */
static const edit edits[] = {   /* of EVERYTHING */
    {"nothing", "'m' -> 'm'", NULL},
    {"the begin of an untiled range", "'tile_begin', 'results': [9], 'operands': [0] -> 'tile_begin', 'results': [9], 'operands': [4]", "\"tile_begin\" of an untiled range"},
    {"zeros of a number without a form", SPLIT "{'type': 'f32', 'shape': ['t', '5'] -> {'type': 'f32', 'shape': ['t', '5 + " SMALL "']", "the size"},
    {"zeros of a number that is a question", "{'type': 'f32', 'shape': ['t', '5'] -> {'type': 'f32', 'shape': ['t', 'if(m > 5, 5, 5 * k)']", "the size"},
    {"a tensor of a number without a form", SPLIT "'role': 'alloc', 'type': 'f32', 'shape': ['m', 'k'] -> 'role': 'alloc', 'type': 'f32', 'shape': ['m', 'k + " SMALL "']", "the sizes of the tensor 'out' have no form"},
    {"a value whose type says it", SPLIT "'name': 'a' -> 'name': 'a'\n{'type': 'f32', 'shape': ['t', 'k'], 'name': 'a'} -> {'type': 'f32', 'shape': ['t', 'k + " SMALL "'], 'name': 'a'}", "gives it back: different types"},
    {"a value of a loop whose type says it", SPLIT "'name': 'c'}, {'type': 'f32', 'shape': ['t', 'k'] -> 'name': 'c'}, {'type': 'f32', 'shape': ['t', 'k + " SMALL "']", NULL},
    {"a grid up to it", SPLIT "'end': 'm', 'block': 't' -> 'end': 'split', 'block': 't'", "a grid whose sizes only the running kernel knows"},
    {"a grid from it", SPLIT "'begin': '0', 'end': 'm' -> 'begin': 'split', 'end': 'm'", "a grid whose sizes only the running kernel knows"},
    {"a grid up to what it reads", "'end': 'm', 'block': 't' -> 'end': 'z', 'block': 't'", "a grid whose sizes only the running kernel knows"},
    {"a grid from what it reads", "'begin': '0', 'end': 'm' -> 'begin': 'z', 'end': 'm'", "a grid whose sizes only the running kernel knows"},
    {"tiles that divide", "'kind': 'block', 'extent': 'm' -> 'kind': 'block', 'extent': 'm', 'divides': true", NULL},
    {"a part at a place that is computed", "'operands': [20], 'expr': '0' -> 'operands': [20], 'expr': 'm - 6'", "a place that the running kernel decides"},
    {"a tile of a value", "'op': 'full', 'results': [28] -> 'op': 'full', 'results': [28], 'operands': [24]", "gives it back: different operations"},
    {"a tile of its number", "'op': 'full', 'results': [28] -> 'op': 'full', 'results': [28], 'operands': [0]", "this value has no form"},
    {"a scan of what is around it", "'results': [17], 'operands': [13, 16] -> 'results': [17], 'operands': [13, 2]", "a scan or reduction whose function uses values from around it"},
    {"a loop with the tile's number", "'results': [6], 'operands': [4, 2] -> 'results': [6], 'operands': [4, 0]", "this value has no form"},
    {"a name for two", "'op': 'bind', 'operands': [2], 'expr': 'z' -> 'op': 'bind', 'operands': [2], 'expr': 'z'}, {'op': 'bind', 'operands': [2], 'expr': 'z'", NULL},
    {"a name for the tile's number", "'op': 'bind', 'operands': [2] -> 'op': 'bind', 'operands': [0]", "it cannot be read back"},
    {"a size called u", "'name': 'i_0', 'kind' -> 'name': 'u', 'kind'\n'shape': ['i_0'] -> 'shape': ['u']", NULL},
    {"a size called u7", "'name': 'i_0', 'kind' -> 'name': 'u7', 'kind'\n'shape': ['i_0'] -> 'shape': ['u7']", NULL},
    {"a size called Max", "'name': 'i_0', 'kind' -> 'name': 'Max', 'kind'\n'shape': ['i_0'] -> 'shape': ['Max']", NULL},
    {"two tensors of one name as Python has them", "'name': 'out' -> 'name': 'o.t'\n'name': 'sums' -> 'name': 'o-t'", NULL},
    {"a loop variable called as a tensor", "'name': 'c' -> 'name': 'sums'", NULL},
    {"a loop variable called nothing", "'name': 'c' -> 'name': ''", NULL},
    {"a loop variable without a name", ", 'name': 'c' -> ", NULL},
};

/* Values by number: 2 z, 3 two, 4 y, 5 the loop over c with the parameters 6 c and 7 v, 8 the tile's indices, 11 their mask, 12 a, 14 and 16 parts of 17 p, 19 a < 7, 20 q, 25 b, 36 i[2] > 2. */
#define CLIPPED TILED("    y = v * 2.0\n    for c in hl.tile(z):\n      a = x[c, :]\n      p = (a > 0) & (a < 9)\n      q = p & (a < 7)\n      b = x[c, :]\n" \
                      "      v = v + (a + b).sum(0)[None, :] + torch.where(q, a, b).sum(0)[None, :]\n    v = torch.where(i[2] > 2, v, v + y)\n    hl.atomic_add(sums, [t.id], 1.0)\n")
#define UNDER_Q "'results': [25], 'operands': [24], 'tensor': 0, 'index': [{'kind': 'tensor', 'value': 21 -> 'results': [25], 'operands': [20], 'tensor': 0, 'index': [{'kind': 'tensor', 'value': 8"
static const edit clipped_edits[] = {
    {"nothing", "'m' -> 'm'", NULL},
    {"a mask of its own", UNDER_Q, NULL},
    {"the mask of the end and one of its own", UNDER_Q "\n'results': [20], 'operands': [17, 19] -> 'results': [20], 'operands': [11, 19]", NULL},
    {"one of its own and the mask of the end", UNDER_Q "\n'results': [20], 'operands': [17, 19] -> 'results': [20], 'operands': [17, 11]", NULL},
    {"the mask of the end twice", UNDER_Q "\n'results': [20], 'operands': [17, 19] -> 'results': [20], 'operands': [11, 11]", "gives it back: different"},
    {"the mask of the end between others", UNDER_Q "\n'results': [17], 'operands': [14, 16] -> 'results': [17], 'operands': [11, 16]", "this mask has no form"},
    {"the mask of the end between others, the other way round", UNDER_Q "\n'results': [17], 'operands': [14, 16] -> 'results': [17], 'operands': [11, 16]\n'operands': [17, 19] -> 'operands': [19, 17]", "this mask has no form"},
    {"an atomic under a mask", "'operands': [40, -1] -> 'operands': [40, 36]", "an atomic with a mask has no form"},
    {"a number of the code around", "'results': [29], 'operands': [7, 28] -> 'results': [29], 'operands': [7, 3]", NULL},
    {"a value of the code around", "'results': [29], 'operands': [7, 28] -> 'results': [29], 'operands': [7, 4]", NULL},
};

static char *with_quotes(loom_ctx *ctx, const char *s) {
  char *out = arena_strndup(&ctx->mem, s, strlen(s));
  for (char *c = out; *c; c++)
    *c = *c == '\'' ? '"' : *c;
  return out;
}

static const char *replaced(loom_ctx *ctx, const char *s, const char *from, const char *to) {
  const char *at = strstr(s, from);
  if (!at)
    fail_msg("\"%s\" is not in\n%s", from, s);
  return arena_printf(&ctx->mem, "%.*s%s%s", (int)(at - s), s, to, at + strlen(from));
}

static int wrong_edits(const char *code, const edit *rows_of, size_t n) {
  int wrong = 0;
  for (size_t i = 0; i < n; i++) {
    const edit *t = &rows_of[i];
    loom_ctx ctx;
    kernel_graph *k;
    data_value *v;
    const char *dump;
    loom_ctx_init(&ctx);
    assert_int_equal(read_graph(&ctx, code, &k), LOOM_OK);
    const char *json = data_write_json(&ctx.mem, kernel_to_data(&ctx.mem, k), 0);
    for (char *rest = with_quotes(&ctx, t->edits), *line; (line = strtok_r(rest, "\n", &rest)) != NULL;) {
      char *arrow = strstr(line, " -> ");
      *arrow = '\0';
      json = replaced(&ctx, json, line, arrow + 4);
    }
    bool is_read = data_read_json(&ctx, "k.json", json, strlen(json), &v) == LOOM_OK && kernel_from_data(&ctx, v, &k) == LOOM_OK && kernel_verify(&ctx, k) == LOOM_OK;
    loom_status st = is_read ? device_ir_write(&ctx, k, &dump) : LOOM_EBUG;
    const diag_item *d = ctx.diag.first;
    bool ok = t->refused ? st == LOOM_EUNSUP && d && strstr(d->text, t->refused) : st == LOOM_OK;
    wrong += !ok;
    if (!ok)
      print_message("%s: status %d, %s\n", t->name, (int)st, d ? d->text : "");
    loom_ctx_done(&ctx);
  }
  return wrong;
}

static void test_edited_graphs_are_written_or_refused(void **state) {
  (void)state;
  assert_int_equal(wrong_edits(EVERYTHING, edits, COUNT_OF(edits)), 0);
  assert_int_equal(wrong_edits(CLIPPED, clipped_edits, COUNT_OF(clipped_edits)), 0);
}

static loom_status write_everything(loom_ctx *ctx, void *code) {
  kernel_graph *k;
  const char *json;
  LOOM_TRY(read_graph(ctx, code, &k));
  return device_ir_write(ctx, k, &json);
}

static void test_memory_may_run_out_anywhere(void **state) {
  (void)state;
  static char some[][2000] = {EVERYTHING, CLIPPED};
  for (size_t i = 0; i < COUNT_OF(some); i++)
    testing_sweep_memory(write_everything, some[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_place_is_written_or_refused), cmocka_unit_test(test_edited_graphs_are_written_or_refused),
                                     cmocka_unit_test(test_memory_may_run_out_anywhere)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
