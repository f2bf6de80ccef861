/* Every refusal of the Helion front end: status, text and place, and that all of them come in one run. */
#include "base/testing.h"
#include "frontend/helion/helion.h"

#define IMPORTS "import torch\nimport helion\nimport helion.language as hl\n"            /* lines 1-3 */
#define HEAD IMPORTS "@helion.kernel()\ndef f(x, y):\n  m, k = x.size()\n  k2, n = y.size()\n" /* 4-7 */
#define OUT "  out = torch.empty([m, n], dtype=x.dtype)\n"                                 /* 8 */
#define GRID "  for tile_m, tile_n in hl.tile([m, n]):\n"                                  /* 9 */
#define ACC "    acc = hl.zeros([tile_m, tile_n])\n"                                       /* 10 */
#define KLOOP "    for tile_k in hl.tile(k):\n"                                            /* 11 */
#define STEP "      acc = torch.addmm(acc, x[tile_m, tile_k], y[tile_k, tile_n])\n"        /* 12 */
#define END "    out[tile_m, tile_n] = acc\n  return out\n"
#define BODY(line) HEAD OUT GRID "    " line "\n    out[tile_m, tile_n] = 0\n  return out\n"    /* `line` is line 10, from column 5 */
#define HOST(line) HEAD "  " line "\n" OUT GRID "    out[tile_m, tile_n] = 0\n  return out\n" /* line 8, from column 3 */

static const helion_shape sizes[] = {{"x.0", 6}, {"x.1", 5}, {"y.0", 5}, {"y.1", 4}};
static const helion_shape mismatch[] = {{"x.0", 6}, {"x.1", 5}, {"y.0", 7}, {"y.1", 4}};

static loom_status read_text(loom_ctx *ctx, const char *code, const helion_options *o) {
  syn_node *tree;
  kernel_graph *k;
  loom_ctx_init(ctx);
  LOOM_TRY(python_parse(ctx, "k.py", code, strlen(code), &tree));
  return helion_read(ctx, tree, o, &k);
}

typedef struct refusal { const char *code; loom_status status; const char *text; int line, col; } refusal;

/* True when the text is refused as the row says; prints what differs. */
static bool is_refused(const refusal *x, const helion_options *o, int max_errors) {
  loom_ctx ctx;
  loom_status st = read_text(&ctx, x->code, o);
  const diag_item *d = ctx.diag.first;
  while (d && !(strstr(d->text, x->text) && d->status == x->status))   /* they are in the order of the source */
    d = d->next;
  bool ok = st == x->status && ctx.diag.errors >= 1 && ctx.diag.errors <= max_errors && d && (!x->line || (d->span.line == x->line && d->span.col == x->col));
  if (!ok) {
    print_message("%s\n", x->code);
    for (d = ctx.diag.first; d; d = d->next)
      print_message("%d:%d status %d: %s\n", d->span.line, d->span.col, (int)d->status, d->text);
    print_message("got status %d; expected %d at %d:%d \"%s\"\n\n", (int)st, (int)x->status, x->line, x->col, x->text);
  }
  loom_ctx_done(&ctx);
  return ok;
}

static void check(const refusal *x, const helion_options *o, int errors) { assert_true(is_refused(x, o, errors)); }

static const refusal refusals[] = {
    /* names */
    {BODY("a = x[tile_m, tile_k]"), LOOM_EINPUT, "the name \"tile_k\" is not defined", 10, 19},
    {BODY("a = totch.exp(x[tile_m, :])"), LOOM_EINPUT, "the name \"totch\"", 10, 9},
    {HEAD OUT GRID ACC KLOOP "      p = x[tile_m, tile_k]\n    acc = p\n" END, LOOM_EINPUT, "the name \"p\"", 13, 11},
    {BODY("a = torch.addmmm(x, x, x)"), LOOM_EUNSUP, "a call of torch.addmmm", 10, 9},
    {BODY("a = x[tile_m, :].rellu()"), LOOM_EUNSUP, "\"rellu\" of a device value", 10, 9},
    {BODY("a = x.foo"), LOOM_EUNSUP, "\"foo\" of the host tensor x", 10, 9},
    /* calls */
    {BODY("a = hl.dot(x[tile_m, :])"), LOOM_EINPUT, "needs its argument \"mat2\"", 10, 9},
    {BODY("a = hl.dot(x[tile_m, :], y[:, tile_n], akk=1)"), LOOM_EINPUT, "has no parameter \"akk\"", 10, 44},
    {BODY("a = torch.exp(x[tile_m, :], 1)"), LOOM_EINPUT, "too many arguments for torch.exp", 10, 33},
    {BODY("a = torch.exp(x[tile_m, :], input=1)"), LOOM_EINPUT, "gets its argument \"input\" twice", 10, 33},
    {BODY("a = torch.exp(**{})"), LOOM_EINPUT, "has no parameter \"**\"", 10, 19},
    {BODY("a = torch.clamp(*x[tile_m, :])"), LOOM_EUNSUP, "* in a call", 10, 21},
    {BODY("a = (1)(2)"), LOOM_EINPUT, "the int 1 cannot be called", 10, 9},
    {BODY("g = lambda a: a\n    g()"), LOOM_EINPUT, "the lambda needs its argument \"a\"", 11, 5},
    {BODY("g = lambda a: a\n    g(1, 2)"), LOOM_EINPUT, "the lambda takes 1 arguments", 11, 5},
    {BODY("g = lambda a: a\n    g(1, b=2)"), LOOM_EINPUT, "no argument of one of the names", 11, 5},
    {BODY("g = lambda a: a\n    g(1, **{})"), LOOM_EUNSUP, "** in a call", 11, 10},
    {BODY("g = lambda *a: a\n    g(*tile_m)"), LOOM_EUNSUP, "* on a tile", 11, 7},
    {IMPORTS "def g(v):\n  return g(v)\n@helion.kernel()\ndef f(x, y):\n  for t in hl.tile(x.size()):\n    x[t] = g(x[t])\n", LOOM_ELIMIT,
     "nested more than 32 deep", 5, 10},
    {IMPORTS "async def g(v):\n  return v\n@helion.kernel()\ndef f(x, y):\n  for t in hl.tile(x.size()):\n    x[t] = g(x[t])\n",
     LOOM_EUNSUP, "the async function g", 9, 12},
    /* shapes */
    {HEAD "  assert m == n\n" OUT GRID ACC END, LOOM_EINPUT,
     "fails for the int m=6 (dimension 0 of x, of shape [m=6, k=5]) and the int n=4 (dimension 1 of y", 8, 3},
    {HOST("assert k == k2 and m < n, 'no'"), LOOM_EINPUT, "an assertion of the kernel fails for the int m=6", 8, 3},
    {HOST("assert not (k == k2)"), LOOM_EINPUT, "an assertion of the kernel fails", 8, 3},
    {HOST("if k == k2: raise ValueError('no')"), LOOM_EINPUT, "raises an exception", 8, 15},
    {BODY("a = hl.dot(x[tile_m, :], y[tile_n, :])"), LOOM_EINPUT, "shapes [tile_m, k=5] and [tile_n, n=4] cannot be multiplied", 10, 9},
    {BODY("a = hl.dot(x[tile_m, :], x[tile_m, :])"), LOOM_EINPUT,
     "shapes [tile_m, k=5] and [tile_m, k=5] cannot be multiplied (parts of x [m=6, k=5] and x", 10, 9},
    {BODY("a = x[tile_m, :] @ y[:, 0]"), LOOM_EINPUT, "a product of shapes [tile_m, k=5] and [k2=5]", 10, 9},
    {BODY("a = x[tile_m, 0] @ x[tile_m, 0]"), LOOM_EUNSUP, "a product of shapes [tile_m] and [tile_m]", 10, 9},
    {BODY("a = x[tile_m, :] + y[:, tile_n]"), LOOM_EINPUT, "add: the shapes [tile_m, k=5] and [k2=5, tile_n] do not fit", 10, 9},
    {BODY("a = hl.rand([tile_m, tile_n], seed=hl.arange(3))"), LOOM_EINPUT, "rand: the shapes [tile_m, tile_n] and [3] do not fit", 10, 9},
    {IMPORTS "import loom\n@helion.kernel()\ndef f(x, y):\n  for t in hl.tile(x.size(0)):\n    loom.host(torch.exp)\n", LOOM_EINPUT, "loom.host outside of the host code", 8, 5},
    {IMPORTS "import loom\n@helion.kernel()\ndef f(x, y):\n  loom.host(3)\n  for t in hl.tile(x.size(0)):\n    x[t, :] = 0\n", LOOM_EINPUT, "loom.host of the int 3", 7, 3},
    {IMPORTS "import loom\n@helion.kernel()\ndef f(x, y):\n  for t in hl.tile(x.size(0)):\n    loom.philox(hl.arange(3), 1, 0)\n", LOOM_EINPUT, "loom.philox of a device value", 8, 5},
    {IMPORTS "import loom\n@helion.kernel()\ndef f(x, y):\n  for t in hl.tile(x.size(0)):\n    loom.philox(hl.arange(3, dtype=torch.int64), hl.arange(4, dtype=torch.int64), 0)\n", LOOM_EINPUT,
     "loom.philox: the shapes [3] and [4] do not fit", 8, 5},
    {BODY("a = torch.where(x[tile_m, :] > 0, y[:, tile_n], 1)"), LOOM_EINPUT, "torch.where: the shapes", 10, 9},
    {BODY("a = hl.dot(x[tile_m, :], y[:, tile_n], acc=x[tile_m, :])"), LOOM_EINPUT, "the accumulator and the product", 10, 9},
    {BODY("out[tile_m, tile_n] = x[tile_m, :]"), LOOM_EINPUT,
     "a value of shape [tile_m, k=5] is stored to a part of shape [tile_m, tile_n] of out", 10, 5},
    {BODY("a = y[tile_m, :]"), LOOM_EINPUT, "tile_m runs up to m=6, but dimension 0 of y, of shape [k2=5, n=4], has 5 elements", 10, 9},
    {BODY("a = x[tile_m, 5]"), LOOM_EINPUT, "index 5 of dimension 1 of x, which has 5 elements", 10, 9},
    {BODY("a = x[tile_m, 0, 0]"), LOOM_EINPUT, "3 indices for a tensor of shape [m=6, k=5]", 10, 9},
    {BODY("a = x[tile_m, :].reshape(tile_m, 4)"), LOOM_EINPUT, "reshape: the shapes", 10, 9},
    {BODY("a = x[tile_m, :].view(-1, -1)"), LOOM_EINPUT, "only one size can be -1", 10, 9},
    {BODY("a = x[tile_m, :].expand(tile_m, 7)"), LOOM_EINPUT, "expand: the shapes", 10, 9},
    {BODY("a = x[tile_m, :].permute(0, 0)"), LOOM_EINPUT, "no permutation", 10, 9},
    {BODY("a = x[tile_m, :].transpose(0, 2)"), LOOM_EINPUT, "the int 2 is no dimension", 10, 9},
    {BODY("a = x[tile_m, :][None].T"), LOOM_EINPUT, "the transpose of", 10, 9},
    {BODY("a = x[tile_m, :].sum(3)"), LOOM_EINPUT, "the int 3 is no dimension", 10, 9},
    {BODY("a = x.size(2)"), LOOM_EINPUT, "dimension 2 of the host tensor x, which has 2", 10, 9},
    {BODY("a, b = x.size(), 1, 2"), LOOM_EINPUT, "3 values are unpacked into 2 names", 10, 5},
    {BODY("a, b = 1"), LOOM_EINPUT, "the int 1 cannot be unpacked", 10, 5},
    {HEAD OUT "  for a, b, c in hl.tile([m, n]):\n    out[a, b] = 0\n  return out\n", LOOM_EINPUT, "3 loop variables for 2 tiled ranges", 9,
     7},
    {HEAD OUT "  for a in hl.tile([m, n], [m]):\n    out[a] = 0\n  return out\n", LOOM_EINPUT, "lists of this loop have different lengths",
     9, 12},
    {HEAD OUT "  for a in hl.tile(m, 0):\n    out[a, 0] = 0\n  return out\n", LOOM_EINPUT, "a loop over a range of -", 9,
     3},
    {HEAD OUT "  for a in hl.tile(m, block_size=0):\n    out[a, 0] = 0\n  return out\n", LOOM_EINPUT, "the int 0 as a block size", 9, 12},
    {HEAD OUT "  b = hl.register_block_size(n)\n  for i in hl.tile(m, block_size=b):\n    for j in hl.tile(n, block_size=b):\n      out[i, "
              "j] = 0\n  return out\n",
     LOOM_EUNSUP, "the block size i tiles two loops at once", 11, 5},
    /* host and device */
    {BODY("a = torch.relu(x)"), LOOM_EINPUT, "the host tensor x is used in a tile loop without an index", 10, 9},
    {BODY("a = x + 1"), LOOM_EINPUT, "the host tensor x is used", 10, 9},
    {BODY("a = -x"), LOOM_EINPUT, "the host tensor x is used", 10, 9},
    {HOST("z = torch.randn(3)"), LOOM_EUNSUP, "random numbers in a kernel", 8, 7},
    {HOST("z = torch.randint(3, (2,))"), LOOM_EUNSUP, "random numbers in a kernel", 8, 7},
    {HOST("z = torch.exp(1.0)"), LOOM_EINPUT, "exp is device code", 8, 7},
    {HOST("z = torch.empty(-3)"), LOOM_EINPUT, "the size -3 is negative", 8, 7},
    {HOST("z = torch.empty(1.5)"), LOOM_EINPUT, "the float 1.5 is no size", 8, 7},
    {HOST("z = torch.empty(3, dtype=3)"), LOOM_EINPUT, "the int 3 is no element type", 8, 28},
    {HOST("z = torch.empty(1, 1, 1, 1, 1, 1, 1, 1, 1)"), LOOM_ELIMIT, "more than 8 dimensions", 8, 7},
    {BODY("a = x[tile_m, :]\n    a[0, 0] = 1"), LOOM_EINPUT, "a store to a device value", 11, 5},
    {BODY("hl.barrier()"), LOOM_EINPUT, "hl.barrier() inside of a tile loop", 10, 5},
    /* loops */
    {HEAD OUT GRID ACC KLOOP "      acc = acc.half()\n" END, LOOM_EINPUT,
     "acc changes in the loop from float32 [tile_m, tile_n] to float16 [tile_m, tile_n]", 11, 5},
    {HEAD OUT GRID ACC KLOOP "      acc = acc.sum(1)\n" END, LOOM_EINPUT,
     "acc changes in the loop from float32 [tile_m, tile_n] to float32 [tile_m]", 11, 5},
    {HEAD OUT GRID ACC KLOOP "      acc = None\n" END, LOOM_EINPUT, "acc is a device value before the loop and None after one round", 11,
     5},
    {HEAD OUT GRID "    acc = 0\n" KLOOP "      acc = acc + x[tile_m, tile_k].sum()\n" END, LOOM_EINPUT,
     "the python number acc changes inside of a tile loop", 11, 5},
    {HEAD OUT GRID ACC KLOOP "      break\n" END, LOOM_EUNSUP, "break or continue in a tile loop", 12, 7},
    {HEAD OUT GRID ACC KLOOP "      return out\n" END, LOOM_EUNSUP, "a return inside of a tile loop", 0, 0},
    {BODY("for i in 3: pass"), LOOM_EUNSUP, "a loop over the int 3", 10, 5},
    {BODY("for i in range(3): pass\n    else: pass"), LOOM_EUNSUP, "for with else", 10, 5},
    {BODY("for i in hl.grid(0, 4, -2): pass"), LOOM_EUNSUP, "a device loop whose step is no positive number", 10, 5},
    {HOST("for i in range(100000): pass"), LOOM_ELIMIT, "a python loop of 100000 rounds", 8, 3},
    {HOST("for i in range(2000):\n    for j in range(2000): pass"), LOOM_ELIMIT, "too many steps", 0, 0},
    {BODY("while True: pass"), LOOM_EINPUT, "True as the condition of a while in device code", 10, 5},
    {HOST("while m: pass"), LOOM_EUNSUP, "a while loop in host code", 8, 3},
    {BODY("if x[tile_m, 0] > 0: pass"), LOOM_EINPUT, "an if on a value of shape [tile_m]", 10, 5},
    {BODY("a = 1 if x[0, 0] > 0 else 2"), LOOM_EUNSUP, "a conditional expression on a device value", 10, 9},
    {BODY("a = (x[tile_m, 0] > 0) and m"), LOOM_EUNSUP, "`and` of a device value", 10, 10},
    {BODY("a = 0 < x[tile_m, 0] < 1"), LOOM_EUNSUP, "a chained comparison of device values", 10, 9},
    {BODY("for t in hl.tile(x[tile_m, 0]): pass"), LOOM_EINPUT, "as a bound of a loop", 10, 14},
    /* statements and expressions */
    {HOST("with torch.no_grad(): pass"), LOOM_EUNSUP, "`with` in a kernel", 8, 3},
    {HOST("try: pass\n  except: pass"), LOOM_EUNSUP, "`try` in a kernel", 8, 3},
    {HOST("class C: pass"), LOOM_EUNSUP, "a class inside of a kernel", 8, 3},
    {HOST("x.y = 1"), LOOM_EUNSUP, "an assignment to an attribute", 8, 3},
    {HOST("z = {1, 2}"), LOOM_EUNSUP, "a set in a kernel", 8, 7},
    {HOST("z = b'x'"), LOOM_EUNSUP, "a bytes literal", 8, 7},
    {HOST("z = 2j"), LOOM_EUNSUP, "a complex literal", 8, 7},
    {HOST("z = 99999999999999999999"), LOOM_ELIMIT, "the int 99999999999999999999", 8, 7},
    {HOST("z = abs(-9223372036854775807 - 1)"), LOOM_ELIMIT, "this operation on the int", 8, 7},
    {HOST("z = 9223372036854775807 + 1"), LOOM_ELIMIT, "this operation on the int", 8, 7},
    {HOST("z = m\n  for i in range(100): z = z + z"), LOOM_ELIMIT, "this operation on the int", 9, 28},
    {HOST("z = hl.register_block_size(m)\n  for i in range(100): z = z + z"), LOOM_ELIMIT, "this operation on the int", 9, 28},
    {HOST("z = ()\n  for i in range(100): z = (z, z)\n  v = torch.empty(z)"), LOOM_ELIMIT, "too many steps", 10, 7},
    {HOST("z = (1,)\n  for i in range(100): z = z + z"), LOOM_ELIMIT, "more than 65536 items", 9, 28},
    {HOST("z = (1, 2) * 9999999999999999"), LOOM_ELIMIT, "more than 65536 items", 8, 7},
    {HOST("z = 'a'\n  for i in range(100): z = z + z"), LOOM_EUNSUP, "this operation on the string", 9, 28},
    {HOST("for i in range(-9223372036854775807, 9223372036854775807): pass"), LOOM_ELIMIT, "a python loop of 18446744073709551614 rounds", 8, 3},
    {HOST("z = 1 // 0"), LOOM_EINPUT, "division by zero", 8, 7},
    {HOST("z = 0 ** -1"), LOOM_EINPUT, "division by zero", 8, 7},
    {HOST("z = 1 % 0.0"), LOOM_EINPUT, "division by zero", 8, 7},
    {HOST("z = 1.0 & 2"), LOOM_EINPUT, "not defined for floats", 8, 7},
    {HOST("z = (1,) - (2,)"), LOOM_EINPUT, "not defined for a tuple of 1 and a tuple of 1", 8, 7},
    {HOST("z = None + 1"), LOOM_EUNSUP, "this operation on None and the int 1", 8, 7},
    {HOST("z = -None"), LOOM_EUNSUP, "this operation on None", 8, 7},
    {HOST("z = [1, 2][5]"), LOOM_EINPUT, "index 5 of a sequence of 2", 8, 7},
    {HOST("z = [1, 2][::0]"), LOOM_EINPUT, "a slice with step 0", 8, 7},
    {HOST("z = [1, 2][::None]\n  z = z['a':]"), LOOM_EUNSUP, "a slice with unknown bounds", 9, 7},
    {HOST("z = [1, 2]['a']"), LOOM_EUNSUP, "the string \"a\" as an index", 8, 7},
    {HOST("z = {'a': 1}['b']"), LOOM_EINPUT, "the dict has no key the string \"b\"", 8, 7},
    {HOST("z = {**{}}"), LOOM_EUNSUP, "** in a dict", 8, 7},
    {HOST("z = None[0]"), LOOM_EUNSUP, "a subscript of None", 8, 7},
    {HOST("z = [*None]"), LOOM_EUNSUP, "* on None", 8, 8},
    {HOST("z = [i for i in 3]"), LOOM_EUNSUP, "a comprehension over the int 3", 8, 7},
    {HOST("z = [i for i in x for j in y]"), LOOM_EUNSUP, "a comprehension of 2 loops", 8, 7},
    {HOST("z = len(3)"), LOOM_EINPUT, "the int 3 has no len", 8, 7},
    {HOST("z = int('3')"), LOOM_EUNSUP, "int of the string", 8, 7},
    {HOST("z = float('3x')"), LOOM_EUNSUP, "float of the string", 8, 7},
    {HOST("z = math.sqrt(x)"), LOOM_EINPUT, "the name \"math\"", 8, 7},
    {HOST("import math\n  z = math.sqrt(x)"), LOOM_EUNSUP, "math.sqrt of the host tensor x", 9, 7},
    {HOST("z = min()"), LOOM_EINPUT, "min or max of nothing", 8, 7},
    {HOST("z = isinstance(x, Foo.Bar)"), LOOM_EINPUT, "the name \"Foo\"", 8, 21},
    {HOST("z = isinstance(x, torch.Foo)"), LOOM_EUNSUP, "isinstance with torch.Foo", 8, 7},
    {HOST("z = zip(3)"), LOOM_EUNSUP, "zip over the int 3", 8, 7},
    {HOST("z = helion.cdiv(3, 0)"), LOOM_EINPUT, "cdiv of the int 3 and the int 0", 8, 7},
    {HOST("z = helion.next_power_of_2(1.5)"), LOOM_EINPUT, "the argument of helion.next_power_of_2 is the float 1.5", 8, 7},
    /* device operands */
    {BODY("a = x[tile_m, ::-2]"), LOOM_EINPUT, "a slice of a tensor with step -2", 10, 9},
    {BODY("import loom\n    a = loom.lanes(x[tile_m, 0])"), LOOM_EINPUT, "the lanes of a device value of shape [tile_m]", 11, 9},
    {BODY("import loom\n    a = loom.mask_to(x[tile_m, 0], x[tile_m, 1])"), LOOM_EINPUT, "in masked lanes", 11, 9},
    {BODY("a = x[tile_m, 1.5]"), LOOM_EINPUT, "the float 1.5 as an index", 10, 9},
    {BODY("a = x[x[tile_m, 0], 0]"), LOOM_EUNSUP, "an index of shape [tile_m] and type float16", 10, 9},
    {BODY("a = x[tile_m, :][0]"), LOOM_EUNSUP, "the int 0 as an index of a device value", 10, 9},
    {BODY("a = torch.exp(None)"), LOOM_EINPUT, "None cannot be an operand", 10, 9},
    {BODY("a = torch.where(x[tile_m, :], 1, 2)"), LOOM_EINPUT, "the condition of torch.where is a device value", 10, 9},
    {BODY("a = tile_m.index.to(torch.int32).mean()"), LOOM_EINPUT, "the mean of a device value", 10, 9},
    {BODY("a = torch.matmul(x[tile_m, :], 2)"), LOOM_EINPUT, "the int 2 is no matrix", 10, 9},
    {BODY("a = hl.full([tile_m], None)"), LOOM_EINPUT, "None cannot be an operand", 0, 0},
    {BODY("a = ~x[tile_m, :]"), LOOM_EINPUT, "invert of a device value", 10, 9},
    {BODY("a = x[tile_m, :] << 1"), LOOM_EINPUT, "the bitwise operation shl of a device value of shape [tile_m, k=5] and type float16", 10, 9},
    /* the kernel as a whole */
    {HEAD OUT "  return out\n", LOOM_EINPUT, "the kernel \"f\" has no tile loop", 5, 1},
    {HEAD OUT GRID "    out[tile_m, tile_n] = 0\n", LOOM_EINPUT, "returns nothing and writes no argument", 5, 1},
    {HEAD OUT GRID "    out[tile_m, tile_n] = 0\n  return 3\n", LOOM_EUNSUP, "a kernel that returns the int 3", 11, 3},
    {IMPORTS "@helion.kernel()\ndef f(*x):\n  for t in hl.tile(3): pass\n", LOOM_EUNSUP, "* or ** arguments", 5, 8},
    {IMPORTS "def f(x): return x\n", LOOM_EINPUT, "the file has no Helion kernel", 0, 0},
    {IMPORTS "f = helion.kernel()(lambda x: x)\n", LOOM_EINPUT, "is not in this file", 0, 0},
};

static void test_every_refusal_says_what_and_where(void **state) {
  (void)state;
  helion_options o = {.shapes = sizes, .n_shapes = COUNT_OF(sizes)};
  int wrong = 0;
  for (size_t i = 0; i < COUNT_OF(refusals); i++) {
    bool uses_sizes = strstr(refusals[i].code, "def f(x, y)") != NULL;
    wrong += !is_refused(&refusals[i], uses_sizes ? &o : NULL, 2);   /* a mistake may show at one more place, not everywhere */
  }
  assert_int_equal(wrong, 0);
}

static void test_mismatch_of_inner_sizes_names_both_shapes(void **state) {
  (void)state;
  helion_options o = {.shapes = mismatch, .n_shapes = COUNT_OF(mismatch)};
  static const refusal rows[] = {
      {HEAD "  assert k == k2, f'{k} {k2}'\n" OUT GRID ACC END, LOOM_EINPUT,
       "k=5 (dimension 1 of x, of shape [m=6, k=5]) and the int k2=7 (dimension 0 of y, of shape [k2=7, n=4])", 8, 3},
      {HEAD OUT GRID ACC KLOOP STEP END, LOOM_EINPUT, "cannot be multiplied (parts of x [m=6, k=5] and y [k2=7, n=4])", 12, 13},
      {HEAD OUT GRID "    acc = x[tile_m, :] @ y[:, tile_n]\n" END, LOOM_EINPUT,
       "shapes [tile_m, k=5] and [k2=7, tile_n] cannot be multiplied (parts of x [m=6, k=5]", 10, 11}};
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    check(&rows[i], &o, 1);
}

static void test_all_unsupported_constructs_are_reported_at_once(void **state) {
  (void)state;
  static const char code[] = HEAD "  z = torch.linalg.inv(x)\n" OUT GRID "    a = torch.fft.fft(x[tile_m, :])\n    b = torch.unique(a)\n"
                             "    for i in hl.grid(4, 0, -1): pass\n    out[tile_m, tile_n] = torch.kron(y[:, tile_n], 0)\n  return out\n";
  static const int lines[] = {8, 11, 12, 13, 14};
  helion_options o = {.shapes = sizes, .n_shapes = COUNT_OF(sizes)};
  loom_ctx ctx;
  assert_int_equal(read_text(&ctx, code, &o), LOOM_EUNSUP);
  assert_int_equal(ctx.diag.errors, COUNT_OF(lines));
  const diag_item *d = ctx.diag.first;
  for (size_t i = 0; i < COUNT_OF(lines); i++, d = d->next) {
    assert_int_equal(d->span.line, lines[i]);
    assert_int_equal(d->status, LOOM_EUNSUP);
    assert_non_null(d->help);
  }
  loom_ctx_done(&ctx);
  /* a wrong input ranks before an unsupported construct */
  static const char mixed[] = HEAD OUT GRID "    a = torch.fft.fft(x[tile_m, :])\n    out[tile_m, tile_n] = nothing\n  return out\n";
  assert_int_equal(read_text(&ctx, mixed, &o), LOOM_EINPUT);
  assert_int_equal(ctx.diag.errors, 2);
  loom_ctx_done(&ctx);
}

static void test_unknown_names_get_the_nearest_one(void **state) {
  (void)state;
  static const struct { const char *code, *help; } rows[] = {
      {BODY("a = x[tile_mm, :]"), "did you mean \"tile_m\"?"},        {BODY("a = torch.adddmm(x, x, x)"), "did you mean \"torch.addmm\"?"},
      {BODY("a = x[tile_m, :].reluu()"), "did you mean \"relu\"?"},    {BODY("a = tile_m.indx"), "did you mean \"index\"?"},
      {HOST("z = hl.zero([m])"), "did you mean \"hl.zeros\"?"}, {HOST("z = lenn((1,))"), "did you mean \"len\"?"}};
  helion_options o = {.shapes = sizes, .n_shapes = COUNT_OF(sizes)};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    assert_int_not_equal(read_text(&ctx, rows[i].code, &o), LOOM_OK);
    assert_non_null(ctx.diag.first->help);
    if (!strstr(ctx.diag.first->help, rows[i].help))
      fail_msg("%s: %s", ctx.diag.first->text, ctx.diag.first->help);
    loom_ctx_done(&ctx);
  }
}

static void test_missing_sizes_are_named_with_everything_else(void **state) {
  (void)state;
  helion_options some = {.shapes = sizes, .n_shapes = 2};
  check(&(refusal){HEAD OUT GRID ACC END, LOOM_EINPUT, "not known: x.0, x.1, y.0, y.1", 5, 1}, NULL, 1);
  check(&(refusal){HEAD OUT GRID ACC END, LOOM_EINPUT, "not known: y.0, y.1", 5, 1}, &some, 1);
  check(&(refusal){HEAD OUT GRID "    a = torch.fft.fft(nothing)\n" END, LOOM_EINPUT, "not known: x.0", 5, 1}, NULL, 4);
  check(&(refusal){IMPORTS "@helion.kernel()\ndef f(x, n: int, s: float = 1.0):\n  for t in hl.tile(x.shape[1]):\n    x[0, t] = n * s\n",
                   LOOM_EINPUT, "the argument n has no value", 5, 10},
        NULL, 2);
}

static void test_shape_names_that_mean_nothing_are_usage_errors(void **state) {
  (void)state;
  static const helion_shape wrong[] = {{"x.0", 6}, {"x.1", 5}, {"y.0", 5}, {"y.1", 4}, {"z.0", 3}};
  static const helion_shape zero[] = {{"x.0", 6}, {"x.1", 5}, {"y.0", -1}, {"y.1", 4}};
  static const helion_shape huge[] = {{"x.0", 6}, {"x.1", 5}, {"y.0", 5}, {"y.1", (int64_t)1 << 40}};
  static const helion_shape class_name[] = {{"Q", 3}};
  helion_options o = {.shapes = wrong, .n_shapes = 5}, z = {.shapes = zero, .n_shapes = 4}, h = {.shapes = huge, .n_shapes = 4},
                 c = {.shapes = class_name, .n_shapes = 1};
  check(&(refusal){HEAD OUT GRID ACC END, LOOM_EUSAGE, "--shape names \"z.0\"", 0, 0}, &o, 1);
  check(&(refusal){HEAD OUT GRID ACC END, LOOM_EUSAGE, "--shape gives y.0 the value -1", 0, 0}, &z, 2);
  check(&(refusal){HEAD OUT GRID ACC END, LOOM_EINPUT, "dimension 1 of y has the size 1099511627776", 0, 0}, &h, 1);
  check(&(refusal){IMPORTS "def g(x):\n  for t in hl.tile(x.size(0)):\n    x[t] = 1\nclass C(LoomKernel):\n  N = 3\n  kernel = "
                           "helion.kernel(g)\n  def bind_args(): return torch.zeros(C.N),\n",
                   LOOM_EUSAGE, "--shape names \"Q\", which the kernel \"g\" does not have", 0, 0},
        &c, 1);
}

#define CLASS(body)                                                                                                                        \
  IMPORTS "def g(x):\n  for t in hl.tile(x.size(0)):\n    x[t] = 1\nclass C(LoomKernel):\n  kernel = helion.kernel(g)\n" body
static void test_wrong_loom_classes_are_explained(void **state) {
  (void)state;
  static const refusal rows[] = {
      {CLASS("  N = 3\n"), LOOM_EINPUT, "class C has no bind_args", 7, 1},
      {CLASS("  def bind_args(): return torch.zeros(C.NN),\n"), LOOM_EINPUT, "class C has no attribute \"NN\"", 9, 39},
      {CLASS("  def bind_args(): return torch.zeros(3), torch.zeros(3)\n"), LOOM_EINPUT,
       "bind_args returns 2 values, but g has 1 arguments", 4, 1},
      {CLASS("  def bind_args(): return ()\n"), LOOM_EINPUT, "bind_args returns no value for the argument x", 4, 7},
      {CLASS("  def bind_args(): return torch.randint(1, 'a', (3,))\n"), LOOM_EINPUT, "the bounds of torch.randint are not known", 9, 27},
      {CLASS("  def bind_args(): return torch.zeros(1 << 40),\n"), LOOM_EINPUT, "dimension 0 of x has the size 1099511627776", 4, 7},
      {IMPORTS "class C(LoomKernel):\n  kernel = helion.kernel(nothing)\n", LOOM_EINPUT, "the function of kernel \"C\" is not in this file",
       5, 3}};
  for (size_t i = 0; i < COUNT_OF(rows); i++)
    check(&rows[i], NULL, 1);
}

static void test_choosing_a_kernel_wrongly_is_a_usage_error(void **state) {
  (void)state;
  static const char two[] = IMPORTS "@helion.kernel\ndef one(x): pass\n@helion.kernel\ndef two(x): pass\ndef plain(x): pass\n";
  helion_options typo = {.function = "onee"}, plain = {.function = "plain"}, none = {.function = "nothing_like_it"};
  check(&(refusal){two, LOOM_EUSAGE, "the file has 2 kernels: one, two", 0, 0}, NULL, 1);
  check(&(refusal){two, LOOM_EUSAGE, "the file has no kernel \"onee\"", 0, 0}, &typo, 1);
  check(&(refusal){two, LOOM_EUSAGE, "\"plain\" is not a Helion kernel", 8, 1}, &plain, 1);
  check(&(refusal){two, LOOM_EUSAGE, "the file has no kernel \"nothing_like_it\"", 0, 0}, &none, 1);
}

static void test_asserts_about_other_things_are_not_looked_at(void **state) {
  (void)state;
  static const char code[] = HEAD "  assert x.device == y.device, 'devices'\n  assert x.is_contiguous() and torch.cuda.is_available()\n  "
                                  "assert x.stride(0) == 1 or m % 2 == 0\n" OUT GRID ACC END;
  helion_options o = {.shapes = sizes, .n_shapes = COUNT_OF(sizes)};
  loom_ctx ctx;
  assert_int_equal(read_text(&ctx, code, &o), LOOM_OK);
  assert_int_equal(ctx.diag.errors, 0);
  loom_ctx_done(&ctx);
}

static loom_status read_body(loom_ctx *ctx, void *data) {
  syn_node *tree;
  kernel_graph *k;
  static const char code[] = HEAD OUT GRID ACC KLOOP STEP END;
  LOOM_TRY(python_parse(ctx, "k.py", code, sizeof code - 1, &tree));
  return helion_read(ctx, tree, data, &k);
}

static void test_running_out_of_memory_is_reported(void **state) {
  (void)state;
  helion_options o = {.shapes = sizes, .n_shapes = COUNT_OF(sizes)};
  testing_sweep_memory(read_body, &o);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_refusal_says_what_and_where),
                                     cmocka_unit_test(test_mismatch_of_inner_sizes_names_both_shapes),
                                     cmocka_unit_test(test_all_unsupported_constructs_are_reported_at_once),
                                     cmocka_unit_test(test_unknown_names_get_the_nearest_one),
                                     cmocka_unit_test(test_missing_sizes_are_named_with_everything_else),
                                     cmocka_unit_test(test_shape_names_that_mean_nothing_are_usage_errors),
                                     cmocka_unit_test(test_wrong_loom_classes_are_explained),
                                     cmocka_unit_test(test_choosing_a_kernel_wrongly_is_a_usage_error),
                                     cmocka_unit_test(test_asserts_about_other_things_are_not_looked_at),
                                     cmocka_unit_test(test_running_out_of_memory_is_reported)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
