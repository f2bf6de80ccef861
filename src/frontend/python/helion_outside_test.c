/* What comes from outside of a kernel's file (--arg, --shape, --dtype, --function) and from its module (classes, ways to make kernels, configs).
 * Oracle: Python's own meaning, written as assertions in the kernels, which are evaluated while they are read; kernels with another value are
 * refused ("an assertion of the kernel fails"), and each accepted kernel is read once more with its assertions turned, which has to fail. */
#include "base/file.h"
#include "frontend/python/helion_rows_testing.h"

#define ADD "  out = torch.empty_like(x)\n  for t in hl.tile(x.size()):\n    out[t] = x[t] + 1\n  return out\n"
#define KERNEL(args, host) IMPORTS "@helion.kernel()\ndef f(" args "):\n" host ADD          /* host code is from line 7 on */

/* ---- --arg, --shape, --dtype ---- */
static void test_words_of_the_command_line_are_pythons_values(void **state) {
  (void)state;
  static const struct { const char *word; helion_given_kind kind; int64_t integer; double real; bool flag; const char *string; } cases[] = {
      {"3", HELION_GIVEN_INT, 3, 0, false, NULL}, {"-7", HELION_GIVEN_INT, -7, 0, false, NULL}, {"9223372036854775807", HELION_GIVEN_INT, INT64_MAX, 0, false, NULL},
      {"9223372036854775808", HELION_GIVEN_FLOAT, 0, 9223372036854775808.0, false, NULL}, {"0.5", HELION_GIVEN_FLOAT, 0, 0.5, false, NULL}, {"inf", HELION_GIVEN_FLOAT, 0, INFINITY, false, NULL},
      {"True", HELION_GIVEN_BOOL, 0, 0, true, NULL}, {"true", HELION_GIVEN_BOOL, 0, 0, true, NULL}, {"False", HELION_GIVEN_BOOL, 0, 0, false, NULL}, {"false", HELION_GIVEN_BOOL, 0, 0, false, NULL},
      {"None", HELION_GIVEN_NONE, 0, 0, false, NULL}, {"", HELION_GIVEN_STR, 0, 0, false, ""}, {"silu", HELION_GIVEN_STR, 0, 0, false, "silu"}, {"'3'", HELION_GIVEN_STR, 0, 0, false, "3"},
      {"\"a b\"", HELION_GIVEN_STR, 0, 0, false, "a b"}, {"'a\"", HELION_GIVEN_STR, 0, 0, false, "'a\""}, {"'", HELION_GIVEN_STR, 0, 0, false, "'"}, {"''", HELION_GIVEN_STR, 0, 0, false, ""},
      {"3x", HELION_GIVEN_STR, 0, 0, false, "3x"}};
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    helion_given g = helion_parse_given(&ctx.mem, "n", cases[i].word);
    bool ok = g.kind == cases[i].kind && (g.kind != HELION_GIVEN_INT || g.integer == cases[i].integer) && (g.kind != HELION_GIVEN_FLOAT || (g.real >= cases[i].real && g.real <= cases[i].real)) &&
              (g.kind != HELION_GIVEN_BOOL || g.flag == cases[i].flag) && (g.kind != HELION_GIVEN_STR || strcmp(g.string, cases[i].string) == 0);
    if (!ok)
      fail_msg("%s is of kind %d", cases[i].word, (int)g.kind);
  }
  loom_ctx_done(&ctx);
}

static const row argument_rows[] = {
    {"an int", KERNEL("x, n", "  assert n == 3\n"), "x:6x5;n=3", LOOM_OK, NULL, 0, 0},
    {"a float", KERNEL("x, n", "  assert n == 0.5\n"), "x:6x5;n=0.5", LOOM_OK, NULL, 0, 0},
    {"a bool", KERNEL("x, n", "  assert n is True\n"), "x:6x5;n=True", LOOM_OK, NULL, 0, 0},
    {"None", KERNEL("x, n", "  assert n is None\n"), "x:6x5;n=None", LOOM_OK, NULL, 0, 0},
    {"a string", KERNEL("x, n", "  assert n == 'silu'\n"), "x:6x5;n=silu", LOOM_OK, NULL, 0, 0},
    {"a list", KERNEL("x, n", "  assert n == [64, 32]\n"), "x:6x5;n=[64, 32]", LOOM_OK, NULL, 0, 0},
    {"a tuple", KERNEL("x, n", "  assert n[0] == 64 and len(n) == 1\n"), "x:6x5;n=(64,)", LOOM_OK, NULL, 0, 0},
    {"a list without its end", KERNEL("x, n", "  assert len(n) == 2\n"), "x:6x5;n=[64 32", LOOM_OK, NULL, 0, 0},
    {"an empty list", KERNEL("x, n", "  assert len(n) == 0\n"), "x:6x5;n=[]", LOOM_OK, NULL, 0, 0},
    {"a list of more", KERNEL("x, n", "  assert len(n) == 10 and n[9] == 10\n"), "x:6x5;n=[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", LOOM_OK, NULL, 0, 0},
    {"a list of words", KERNEL("x, n", ""), "x:6x5;n=[a, b]", LOOM_EUSAGE, "--arg n: the list is not one of ints", 6, 10},
    {"a dtype", KERNEL("x, n", "  assert n == torch.float16\n"), "x:6x5;n=torch.float16", LOOM_OK, NULL, 0, 0},
    {"a name of torch that is no dtype", KERNEL("x, n", "  assert n == 'torch.nothing'\n"), "x:6x5;n=torch.nothing", LOOM_OK, NULL, 0, 0},
    {"a function of the file", IMPORTS "def silu(v):\n  return 7\n@helion.kernel()\ndef f(x, n: Callable):\n  assert n(1) == 7\n" ADD, "x:6x5;n=silu", LOOM_OK, NULL, 0, 0},
    {"a name of the file that is no function", IMPORTS "silu = 7\n@helion.kernel()\ndef f(x, n: Callable):\n  assert n == 'silu'\n" ADD, "x:6x5;n=silu", LOOM_OK, NULL, 0, 0},
    {"a string where nothing asks for a function", IMPORTS "def silu(v):\n  return 7\n@helion.kernel()\ndef f(x, n):\n  assert n == 'silu'\n" ADD, "x:6x5;n=silu", LOOM_OK, NULL, 0, 0},
    {"a string that the file does not have", KERNEL("x, n: str", "  assert n == 'mish'\n"), "x:6x5;n=mish", LOOM_OK, NULL, 0, 0},
    {"a function that is missing", KERNEL("x, n: Callable", ""), "x:6x5", LOOM_EUNSUP, "the function argument \"n\" without a function", 6, 10},
    {"a function with a type that is missing", KERNEL("x, n: Callable[[int], int]", ""), "x:6x5", LOOM_EUNSUP, "the function argument \"n\" without a function", 6, 10},
    {"a function that is missing, from typing", IMPORTS "import typing\n@helion.kernel()\ndef f(x, n: typing.Callable):\n" ADD, "x:6x5", LOOM_EUNSUP, "the function argument \"n\"", 7, 10},
    {"a function with a default", IMPORTS "def g(v):\n  return 7\n@helion.kernel()\ndef f(x, n: Callable = g):\n  assert n(1) == 7\n" ADD, "x:6x5", LOOM_OK, NULL, 0, 0},
    {"a lambda as a default", IMPORTS "@helion.kernel()\ndef f(x, n: Callable = lambda v: v + 4):\n  assert n(1) == 5\n" ADD, "x:6x5", LOOM_OK, NULL, 0, 0},
    {"a number that is missing", KERNEL("x, n: int", ""), "x:6x5", LOOM_EINPUT, "the argument n has no value", 6, 10},
    {"a number that is missing, as constexpr", KERNEL("x, n: hl.constexpr", ""), "x:6x5", LOOM_EINPUT, "the argument n has no value", 6, 10},
    {"a word that is missing", KERNEL("x, n: str", ""), "x:6x5", LOOM_EINPUT, "the argument n has no value", 6, 10},
    {"defaults", KERNEL("x, n=3, *, q=4, r", "  assert (n, q, r) == (3, 4, 5)\n"), "x:6x5;r=5", LOOM_OK, NULL, 0, 0},
    {"more defaults than arguments in front", KERNEL("x, /, n=3, *, q=4", "  assert n + q == 7\n"), "x:6x5", LOOM_OK, NULL, 0, 0},
    {"arguments by position alone", KERNEL("x, n, /, q", "  assert n - q == 1\n"), "x:6x5;n=3;q=2", LOOM_OK, NULL, 0, 0},
    {"a rest of arguments", KERNEL("x, *n", ""), "x:6x5", LOOM_EUNSUP, "a kernel with * or ** arguments", 6, 11},
    {"a rest of named arguments", KERNEL("x, **n", ""), "x:6x5", LOOM_EUNSUP, "a kernel with * or ** arguments", 6, 12},
    {"a misspelled argument", KERNEL("x, number", ""), "x:6x5;number=3;numbr=4", LOOM_EUSAGE, "--arg names \"numbr\", which the kernel \"f\" does not have", 6, 1},
    {"an argument that is like none", KERNEL("x", ""), "x:6x5;quite_another=4", LOOM_EUSAGE, "--arg names \"quite_another\"", 6, 1},
    {"a type of an argument that is not there", KERNEL("x", ""), "x:6x5;dtype:q=f16", LOOM_EUSAGE, "--dtype names \"q\", which the kernel \"f\" does not have", 6, 1},
    {"a part of an argument", KERNEL("x, state", "  assert state == 4\n"), "x:6x5;state=4;dtype:state.x=f16", LOOM_OK, NULL, 0, 0},
    {"how many cores there are", KERNEL("x", "  assert helion.runtime.get_num_sm(x.device) == 5\n"), "x:6x5;num_sm=5", LOOM_OK, NULL, 0, 0},
    {"half a core", KERNEL("x", "  assert helion.runtime.get_num_sm(x.device) == 4\n"), "x:6x5;num_sm=0.5", LOOM_OK, NULL, 0, 0},
    /* tensors */
    {"a type for all", KERNEL("x", "  assert x.dtype == torch.bfloat16\n"), "shape:x.0=6;shape:x.1=5;dtype:bf16", LOOM_OK, NULL, 0, 0},
    {"a type for one", KERNEL("x, y", "  assert (x.dtype, y.dtype) == (torch.bfloat16, torch.float16)\n"), "shape:x.0=6;shape:x.1=5;shape:y.0=3;dtype:bf16;dtype:y=f16", LOOM_OK, NULL, 0, 0},
    {"no type", KERNEL("x", "  assert x.dtype == torch.float16\n"), "shape:x.0=6;shape:x.1=5", LOOM_OK, NULL, 0, 0},
    {"a type over that of the file", KERNEL("x", "  assert x.dtype == torch.float64\n"), "x:6x5:f16;dtype:x=f64", LOOM_OK, NULL, 0, 0},
    {"one size", KERNEL("x: torch.Tensor", "  assert x.dim() == 1 and x.size(0) == 6\n"), "shape:x=6", LOOM_OK, NULL, 0, 0},
    {"one size of what may be None", KERNEL("x: torch.Tensor | None", "  assert x.dim() == 1\n"), "shape:x=6", LOOM_OK, NULL, 0, 0},
    {"one size of what may be None, the other way round", KERNEL("x: None | torch.Tensor", "  assert x.dim() == 1\n"), "shape:x=6", LOOM_OK, NULL, 0, 0},
    {"one size of an optional tensor", KERNEL("x: Optional[torch.Tensor]", "  assert x.dim() == 1\n"), "shape:x=6", LOOM_OK, NULL, 0, 0},
    {"one size of a tensor whose type is quoted", KERNEL("x: 'Tensor'", "  assert x.dim() == 1\n"), "shape:x=6", LOOM_OK, NULL, 0, 0},
    {"a size as a number", KERNEL("x, n", "  assert n == 7\n"), "x:6x5;shape:n=7", LOOM_OK, NULL, 0, 0},
    {"a size as a number of a type", KERNEL("x, n: int", "  assert n == 7\n"), "x:6x5;shape:n=7", LOOM_OK, NULL, 0, 0},
    {"a size as a number of quoted type", KERNEL("x, n: 'int'", "  assert n == 7\n"), "x:6x5;shape:n=7", LOOM_OK, NULL, 0, 0},
    {"a size as a number where None may be", KERNEL("x, n: int | None", "  assert n == 7\n"), "x:6x5;shape:n=7", LOOM_OK, NULL, 0, 0},
    {"a size as a number of odd type", KERNEL("x, n: 3", "  assert n == 7\n"), "x:6x5;shape:n=7", LOOM_OK, NULL, 0, 0},
    {"a size of an odd type", KERNEL("x, n: (3)()", "  assert n == 7\n"), "x:6x5;shape:n=7", LOOM_OK, NULL, 0, 0},
    {"a size that is negative", KERNEL("x", ""), "shape:x.0=-6;shape:x.1=5", LOOM_EUSAGE, "--shape gives x.0 the value -6", 6, 1},
    {"a size that is too large", KERNEL("x", ""), "shape:x.0=2000000000;shape:x.1=5", LOOM_EINPUT, "dimension 0 of x has the size 2000000000", 6, 7},
    {"a name with more behind it", KERNEL("x", ""), "x:6x5;shape:xs.0=3", LOOM_EUSAGE, "--shape names \"xs.0\"", 6, 1},
    {"a dimension that is no number", KERNEL("x", ""), "x:6x5;shape:x.a=3", LOOM_EUSAGE, "--shape names \"x.a\"", 6, 1},
    {"a dimension below 0", KERNEL("x", ""), "x:6x5;shape:x.-=3", LOOM_EUSAGE, "--shape names \"x.-\"", 6, 1},
    {"dimension 8", KERNEL("x", ""), "x:6x5;shape:x.8=3", LOOM_EUSAGE, "--shape names \"x.8\"", 6, 1},
    {"dimension 10", KERNEL("x", ""), "x:6x5;shape:x.10=3", LOOM_EUSAGE, "--shape names \"x.10\"", 6, 1},
    /* how many dimensions there are */
    {"unpacked", KERNEL("x", "  a, b, c = x.size()\n"), "shape:x.0=2", LOOM_EINPUT, "are not known: x.1, x.2", 6, 1},
    {"unpacked into a list", KERNEL("x", "  [a, b, c] = x.shape\n"), "shape:x.0=2", LOOM_EINPUT, "are not known: x.1, x.2", 6, 1},
    {"unpacked with a rest", KERNEL("x", "  a, *b = x.shape\n  c = x.shape[1]\n"), "shape:x.0=2", LOOM_EINPUT, "are not known: x.1", 6, 1},
    {"a shape in one name", KERNEL("x", "  s = x.shape\n  c = x.size(1)\n"), "shape:x.0=2", LOOM_EINPUT, "are not known: x.1", 6, 1},
    {"a size of a dimension", KERNEL("x", "  c = x.size(2)\n"), "shape:x.0=2", LOOM_EINPUT, "are not known: x.1, x.2", 6, 1},
    {"a size from the end", KERNEL("x", "  c = x.size(-2)\n"), "shape:x.0=2", LOOM_EINPUT, "are not known: x.1", 6, 1},
    {"a part of the shape from the end", KERNEL("x", "  c = x.shape[-3]\n"), "shape:x.0=2", LOOM_EINPUT, "are not known: x.1, x.2", 6, 1},
    {"sizes at odd places", KERNEL("x", "  c = (x.size(dim=0), x.size(12), x.size('a'), x.size(-12), x.size(~1), x.size(-'a'), x.size(-x), x.size(x), x.shape[1.5], x.shape[len([])])\n"), "shape:x.1=2", LOOM_EINPUT, "are not known: x.0", 6, 1},
    {"a shape that is no argument's", KERNEL("x", "  c = (y().shape[2], 'a'.size(3), z.shape[4], x.other[5], q(x)[6])\n"), "shape:x.0=2", LOOM_EINPUT, "the name \"y\"", 7, 8},
    {"indices", KERNEL("x", "  c = x[0, None, ..., 1, 2]\n"), "shape:x.0=2", LOOM_EINPUT, "are not known: x.1, x.2", 6, 1},
    {"more than there may be", KERNEL("x", "  a, b, c, d, e, g, h, i, j = x.size()\n"), "shape:x.0=2", LOOM_EINPUT, "are not known: x.1, x.2, x.3, x.4, x.5, x.6, x.7", 6, 1},
    {"nothing tells", KERNEL("x", ""), "", LOOM_EINPUT, "are not known: x.0", 6, 1},
};

static void test_arguments_have_the_values_they_are_given(void **state) { (void)state; check_rows(argument_rows, COUNT_OF(argument_rows)); }

/* ---- classes ---- */
#define CLASS(members) IMPORTS "from loom import LoomKernel\ndef g(x, y):\n  out = torch.empty_like(x)\n  for t in hl.tile(x.size()):\n    out[t] = x[t] + y[t]\n  return out\nclass K(LoomKernel):\n" members   /* members: from line 12 */
#define BIND "  @classmethod\n  def bind_args(cls):\n    return torch.randn([cls.M, 5]), torch.randn([cls.M, 5])\n"
#define MADE "  kernel = helion.kernel()(g)\n"
static const row class_rows[] = {
    {"a class", CLASS("  M = 6\n" MADE BIND), "", LOOM_OK, NULL, 0, 0},
    {"a constant from outside", CLASS("  M = 6\n" MADE "  @classmethod\n  def bind_args(cls):\n    assert cls.M == 9\n    return torch.randn([cls.M, 5]), torch.randn([9, 5])\n"), "shape:M=9", LOOM_OK, NULL, 0, 0},
    {"a constant that is computed", CLASS("  N = 3\n  M = N * 2\n" MADE "  @classmethod\n  def bind_args(cls):\n    assert cls.M == 18\n    return torch.randn([cls.M, 5]), torch.randn([18, 5])\n"), "shape:N=9", LOOM_OK, NULL, 0, 0},
    {"a computed constant from outside", CLASS("  N = 3\n  M = N * 2\n  O = N\n" MADE BIND), "shape:M=9;shape:O=1", LOOM_OK, NULL, 0, 0},
    {"what is no number", CLASS("  M = 6\n  S = 'a'\n" MADE BIND), "shape:S=9", LOOM_EUSAGE, "--shape names \"S\", which the kernel \"g\" does not have", 11, 1},
    {"what is a function", CLASS("  M = 6\n" MADE BIND), "shape:bind_args=9", LOOM_EUSAGE, "--shape names \"bind_args\"", 11, 1},
    {"a negative constant", CLASS("  M = 6\n" MADE BIND), "shape:M=-9", LOOM_EUSAGE, "--shape gives M the value -9", 11, 1},
    {"an argument of the command line", CLASS("  M = 6\n" MADE BIND), "q=9", LOOM_EUSAGE, "--arg names \"q\"", 11, 1},
    {"no bind_args", CLASS("  M = 6\n" MADE), "", LOOM_EINPUT, "class K has no bind_args", 11, 1},
    {"bind_args that is a number", CLASS("  M = 6\n  bind_args = 3\n" MADE), "", LOOM_EINPUT, "class K has no bind_args", 11, 1},
    {"bind_args of one tensor", CLASS("  M = 6\n" MADE "  def bind_args(self):\n    return torch.randn([6, 5])\n"), "", LOOM_EINPUT, "bind_args returns no value for the argument y", 6, 10},
    {"bind_args of three", CLASS("  M = 6\n" MADE "  def bind_args(self):\n    return torch.randn([6, 5]), torch.randn([6, 5]), 3\n"), "", LOOM_EINPUT, "bind_args returns 3 values, but g has 2 arguments", 6, 1},
    {"bind_args without an argument", CLASS("  M = 6\n" MADE "  def bind_args():\n    return torch.randn([6, 5]), torch.randn([6, 5])\n"), "", LOOM_OK, NULL, 0, 0},
    {"a default where bind_args ends", IMPORTS "from loom import LoomKernel\ndef g(x, n=3):\n  assert n == 3\n  out = torch.empty_like(x)\n  for t in hl.tile(x.size()):\n    out[t] = x[t] + n\n  return out\nclass K(LoomKernel):\n  kernel = helion.kernel()(g)\n"
     "  def bind_args(self):\n    return torch.randn([6, 5])\n", "", LOOM_OK, NULL, 0, 0},
    {"constants that need each other", CLASS("  N = M\n  M = N\n" MADE BIND), "", LOOM_EINPUT, "the constant M of class K needs itself", 13, 3},
    {"a class of a class", CLASS("  M = 6\n" BIND "class L(K):\n" MADE), "", LOOM_OK, NULL, 0, 0},
    {"a class of something else first", CLASS("  M = 6\n" BIND "class N:\n  pass\nclass L(N, K):\n" MADE), "function:g", LOOM_EINPUT, "", 0, 0},
    {"a class of a class that is nowhere", IMPORTS "class K(Nowhere, helion.LoomKernel):\n  kernel = 3\n", "", LOOM_EINPUT, "the function of kernel \"K\" is not in this file", 6, 3},
    {"classes in a circle", IMPORTS "class K(L):\n  kernel = 3\nclass L(K):\n  pass\n", "", LOOM_EINPUT, "the file has no Helion kernel", 0, 0},
    {"a class of LoomKernel that is not imported", IMPORTS "class K(LoomKernel):\n  kernel = helion.kernel()(lambda: 1)\n", "", LOOM_EINPUT, "the function of kernel \"K\" is not in this file", 6, 3},
    {"a class of an import", IMPORTS "from elsewhere import Base\nclass K(Base):\n  kernel = 3\n", "", LOOM_EINPUT, "the file has no Helion kernel", 0, 0},
    {"a class of a call", IMPORTS "class K(make()):\n  kernel = 3\n", "", LOOM_EINPUT, "the file has no Helion kernel", 0, 0},
    {"kernel is a method", CLASS("  M = 6\n  @helion.kernel()\n  def kernel(x):\n    for t in hl.tile(x.size()):\n      x[t] = 0\n  def bind_args(self):\n    return torch.randn([self.M])\n"), "", LOOM_OK, NULL, 0, 0},
    {"a static method", CLASS("  M = 6\n  kernel = helion.kernel()(staticmethod(g))\n" BIND), "", LOOM_OK, NULL, 0, 0},
    {"a static method of nothing", CLASS("  M = 6\n  kernel = staticmethod()\n" BIND), "", LOOM_EINPUT, "the function of kernel \"K\" is not in this file", 13, 3},
    {"a call of something else", CLASS("  M = 6\n  kernel = other(g)\n" BIND), "", LOOM_EINPUT, "the function of kernel \"K\" is not in this file", 13, 3},
    {"a call of a call", CLASS("  M = 6\n  kernel = torch.other(g)\n" BIND), "", LOOM_EINPUT, "the function of kernel \"K\" is not in this file", 13, 3},
    {"the function of a method", CLASS("  M = 6\n  def h(x, y):\n    for t in hl.tile(x.size()):\n      x[t] = y[t]\n  kernel = helion.kernel()(h.__func__)\n" BIND), "", LOOM_OK, NULL, 0, 0},
    {"a method of the class", CLASS("  M = 6\n  @staticmethod\n  def h(x, y):\n    for t in hl.tile(x.size()):\n      x[t] = y[t]\n  kernel = helion.kernel()(K.h)\n" BIND), "", LOOM_OK, NULL, 0, 0},
    {"a member that is a name", CLASS("  M = 6\n  h = g\n  kernel = helion.kernel()(h)\n" BIND), "", LOOM_EINPUT, "the function of kernel \"K\" is not in this file", 14, 3},
    {"a member that is a maker", CLASS("  M = 6\n  h = helion.kernel()(g)\n  kernel = h\n" BIND), "", LOOM_OK, NULL, 0, 0},
    {"a name of the kernel", CLASS("  M = 6\n  kernel_name = 'called'\n" MADE BIND), "function:called", LOOM_OK, NULL, 0, 0},
    {"an empty name", CLASS("  M = 6\n  kernel_name = ''\n" MADE BIND), "function:g", LOOM_OK, NULL, 0, 0},
    {"a name that is a number", CLASS("  M = 6\n  kernel_name = 3\n" MADE BIND), "function:K", LOOM_OK, NULL, 0, 0},
    {"a name that is computed", CLASS("  M = 6\n  kernel_name = 'a' + 'b'\n" MADE BIND), "function:g", LOOM_OK, NULL, 0, 0},
    {"a type of a member", CLASS("  M: int = 6\n  (N): int = 7\n" MADE BIND), "shape:M=3", LOOM_OK, NULL, 0, 0},
    {"members in one statement", CLASS("  (M, N), O = (1, 2), 3\n  M = O = 6\n" MADE BIND), "shape:M=3", LOOM_OK, NULL, 0, 0},
    {"a promise about tiles", CLASS("  M = 6\n  assume_divisible_tiles = True\n  tile_divisible = {'t_0': True, 3: True, 't_1': None, 'other': True}\n" MADE BIND), "", LOOM_OK, NULL, 0, 0},
    {"a promise that is no dict", CLASS("  M = 6\n  tile_divisible = 3\n  assume_divisible_tiles = torch.device('cpu')\n" MADE BIND), "", LOOM_OK, NULL, 0, 0},
    {"bounds of tiles", CLASS("  M = 6\n  tile_upper_bounds = {'t': 3}\n" MADE BIND), "", LOOM_OK, "tile_upper_bounds", 13, 3},
};

static void test_classes_say_what_their_kernels_take(void **state) { (void)state; check_rows(class_rows, COUNT_OF(class_rows)); }

/* ---- which kernel, and its config ---- */
#define PLAIN "def g(x):\n" ADD
#define CONFIG(settings) IMPORTS "CONF = helion.Config(block_sizes=[2, 3])\nLOOP = LOOP2\nLOOP2 = LOOP\n@helion.kernel(" settings ")\ndef f(x):\n" ADD   /* line 8 is the decorator's */
static const row kernel_rows[] = {
    {"made at the top", IMPORTS PLAIN "k = helion.kernel()(g)\n", "x:6x5", LOOM_OK, NULL, 0, 0},
    {"made of the function itself", IMPORTS PLAIN "k = helion.kernel(g, static_shapes=True)\n", "x:6x5;function:k", LOOM_OK, NULL, 0, 0},
    {"made twice", IMPORTS PLAIN "k = helion.kernel()(g)\nj = helion.kernel()(g)\n", "x:6x5", LOOM_OK, NULL, 0, 0},
    {"made twice, the second", IMPORTS PLAIN "k = helion.kernel()(g)\nj = helion.kernel(config=helion.Config(block_sizes=[2, 2]))(g)\n", "x:6x5;function:j", LOOM_OK, NULL, 0, 0},
    {"made with a type", IMPORTS PLAIN "k: object = helion.kernel()(g)\nj: object\n(i): object = helion.kernel()(g)\nh.a: object = helion.kernel()(g)\n", "x:6x5;function:k", LOOM_OK, NULL, 0, 0},
    {"made of a lambda", IMPORTS "k = helion.kernel()(lambda x: x)\n", "x:6x5", LOOM_EINPUT, "the function of kernel \"k\" is not in this file", 5, 21},
    {"made of itself", IMPORTS "k = helion.kernel()(k)\n", "x:6x5", LOOM_EINPUT, "the file has no Helion kernel", 0, 0},
    {"made of nothing", IMPORTS "k = helion.kernel()\nj = helion.kernel()()\n", "x:6x5", LOOM_EINPUT, "the file has no Helion kernel", 0, 0},
    {"made of what is elsewhere", IMPORTS "from elsewhere import g\nk = helion.kernel()(g)\nj = helion.kernel()(g.h)\n", "x:6x5", LOOM_EINPUT, "the file has no Helion kernel", 0, 0},
    {"made in a function", IMPORTS PLAIN "def make():\n  return helion.kernel()(g)\n", "x:6x5", LOOM_OK, NULL, 0, 0},
    {"made in a function twice", IMPORTS PLAIN "def make():\n  return {'a': helion.kernel()(g), **{}, 'b': [helion.kernel()(g), helion.kernel()(lambda x: x), helion.kernel()(3)]}\n", "x:6x5;function:g", LOOM_OK, NULL, 0, 0},
    {"a function that is no kernel", IMPORTS PLAIN "k = helion.kernel()(g)\ndef h(x):\n  pass\n", "x:6x5;function:h", LOOM_EUSAGE, "\"h\" is not a Helion kernel", 11, 1},
    {"a name that is nowhere", IMPORTS PLAIN "kernel_a = helion.kernel()(g)\n", "x:6x5;function:gg", LOOM_EUSAGE, "the file has no kernel \"gg\"", 0, 0},
    {"an assignment to parts", IMPORTS PLAIN "a.b = helion.kernel()(g)\n(c, d) = helion.kernel()(g), 3\n", "x:6x5", LOOM_OK, NULL, 0, 0},
    {"in a function", IMPORTS "def outer():\n  @helion.kernel()\n  def inner(x):\n    pass\n", "", LOOM_EINPUT, "the kernel \"inner\" is not at the top of the file", 7, 3},
    {"in a function that has a dict", IMPORTS "d = {**{}}\ndef outer():\n  @helion.kernel()\n  def inner(x):\n    pass\n", "", LOOM_EINPUT, "the kernel \"inner\" is not at the top of the file", 8, 3},
    {"async", IMPORTS "@helion.kernel()\nasync def f(x):\n  pass\n", "", LOOM_EINPUT, "the kernel \"f\" is an async function", 6, 1},
    /* configs */
    {"a config", CONFIG("config=helion.Config(block_sizes=[2, 3])"), "x:6x5;function:f", LOOM_OK, NULL, 0, 0},
    {"a config by name", CONFIG("config=CONF"), "x:6x5;function:f", LOOM_OK, NULL, 0, 0},
    {"a config by two names in a circle", CONFIG("config=LOOP"), "x:6x5;function:f", LOOM_OK, NULL, 0, 0},
    {"a config by a name that is nowhere", CONFIG("config=NOWHERE"), "x:6x5;function:f", LOOM_OK, NULL, 0, 0},
    {"a choice of configs", CONFIG("configs=[CONF, CONF]"), "x:6x5;function:f", LOOM_OK, NULL, 0, 0},
    {"a choice of configs in a tuple", CONFIG("configs=(CONF,)"), "x:6x5;function:f", LOOM_OK, NULL, 0, 0},
    {"no choice of configs", CONFIG("configs=[]"), "x:6x5;function:f", LOOM_OK, NULL, 0, 0},
    {"a config of another library", CONFIG("config=other.Settings(block_sizes=[2])"), "x:6x5;function:f", LOOM_OK, NULL, 0, 0},
    {"a config that is None", CONFIG("config=None"), "x:6x5;function:f", LOOM_OK, NULL, 0, 0},
    {"a config that is a number", CONFIG("config=3"), "x:6x5;function:f", LOOM_EINPUT, "the config of the kernel is no helion.Config", 8, 23},
    {"a misspelled setting", CONFIG("static_shape=True"), "x:6x5;function:f", LOOM_EINPUT, "helion.kernel has no setting \"static_shape\"", 8, 16},
    {"settings that are spread", CONFIG("**{}"), "x:6x5;function:f", LOOM_OK, NULL, 0, 0},
    {"one block size too few", CONFIG("config=helion.Config(block_sizes=[2])"), "x:6x5;function:f", LOOM_OK, "the config has 1 block size, the kernel 2 blocks that are free", 0, 0},
    {"one block size too many", IMPORTS "@helion.kernel(config=helion.Config(block_sizes=[2, 3]))\ndef f(x):\n  out = torch.empty_like(x)\n  for t in hl.tile(x.size(0)):\n    out[t, :] = x[t, :]\n  return out\n", "x:6x5", LOOM_OK,
     "the config has 2 block sizes, the kernel 1 block that are free", 0, 0},
    {"a block size that is registered and not used", IMPORTS "@helion.kernel(config=helion.Config(block_sizes=[2]))\ndef f(x):\n  q = hl.register_block_size(5)\n  out = torch.empty_like(x)\n  for t in hl.tile(x.size(0)):\n    out[t, :] = x[t, :]\n  return out\n",
     "x:6x5", LOOM_OK, NULL, 0, 0},
    {"a block size that is no number", CONFIG("config=helion.Config(block_sizes=[2, 'a'])"), "x:6x5;function:f", LOOM_EINPUT, "as a block size", 0, 0},
    {"a block size of 0", CONFIG("config=helion.Config(block_sizes=[2, 0])"), "x:6x5;function:f", LOOM_EINPUT, "the int 0 as a block size", 0, 0},
    {"no block sizes", CONFIG("config=helion.Config(block_sizes=None)"), "x:6x5;function:f", LOOM_OK, NULL, 0, 0},
    {"block sizes that are nowhere", CONFIG("config=helion.Config(block_sizes=nowhere)"), "x:6x5;function:f", LOOM_EINPUT, "the name \"nowhere\"", 8, 49},
    {"sizes that may vary, unknown", CONFIG("static_shapes=torch.device('cpu')"), "x:6x5;function:f;open", LOOM_OK, NULL, 0, 0},
    {"sizes that may vary, twice", IMPORTS PLAIN "k = helion.kernel(static_shapes=False)(g)\n", "x:6x5;open", LOOM_OK, NULL, 0, 0},
    {"a config and settings", CONFIG("config=CONF, static_shapes=True, index_dtype=torch.int64"), "x:6x5;function:f", LOOM_OK, NULL, 0, 0},
    /* tunables */
    {"a tunable", KERNEL("x", "  q = hl.register_tunable('q', helion.autotuner.PowerOfTwoFragment(1, 8, 4))\n  assert q == 4\n"), "x:6x5", LOOM_OK, NULL, 0, 0},
    {"a tunable without a default", KERNEL("x", "  q = hl.register_tunable('q', helion.autotuner.PowerOfTwoFragment(2, 8))\n  assert q == 2\n"), "x:6x5", LOOM_OK, NULL, 0, 0},
    {"a tunable whose default is None", KERNEL("x", "  q = hl.register_tunable('q', helion.autotuner.IntegerFragment(3, 8, None))\n  assert q == 3\n"), "x:6x5", LOOM_OK, NULL, 0, 0},
    {"a tunable from outside", KERNEL("x", "  q = hl.register_tunable('q', helion.autotuner.IntegerFragment(3, 8))\n  assert q == 5\n"), "x:6x5;q=5", LOOM_OK, NULL, 0, 0},
    {"a float from outside", KERNEL("x", "  q = hl.register_tunable('q', helion.autotuner.IntegerFragment(3, 8))\n  assert q == 0.5\n"), "x:6x5;q=0.5;other=1", LOOM_EUSAGE, "--arg names \"other\"", 6, 1},
    {"a float", KERNEL("x", "  q = hl.register_tunable('q', helion.autotuner.IntegerFragment(3, 8))\n  assert q == 0.5\n"), "x:6x5;q=0.5", LOOM_OK, NULL, 0, 0},
    {"a truth value", KERNEL("x", "  q = hl.register_tunable('q', helion.autotuner.EnumFragment((False, True)))\n  assert q is True\n"), "x:6x5;q=True", LOOM_OK, NULL, 0, 0},
    {"a word", KERNEL("x", "  q = hl.register_tunable('q', helion.autotuner.EnumFragment(('a', 'b')))\n  assert q == 'b'\n"), "x:6x5;q=b", LOOM_OK, NULL, 0, 0},
    {"None from outside is no choice", KERNEL("x", "  q = hl.register_tunable('q', helion.autotuner.IntegerFragment(3, 8))\n  assert q == 3\n"), "x:6x5;q=None", LOOM_OK, NULL, 0, 0},
    {"a tunable called as an argument of Config", KERNEL("x", "  q = hl.register_tunable('block_size', helion.autotuner.IntegerFragment(3, 8))\n"), "x:6x5", LOOM_EINPUT, "is called as a key of helion.Config", 7, 7},
    {"a tunable called as the key itself", KERNEL("x", "  q = hl.register_tunable('block_sizes', helion.autotuner.IntegerFragment(3, 8))\n"), "x:6x5", LOOM_EINPUT, "is called as a key of helion.Config", 7, 7},
    {"two tunables", KERNEL("x", "  q = hl.register_tunable('q', helion.autotuner.IntegerFragment(3, 8))\n  r = hl.register_tunable('r', helion.autotuner.IntegerFragment(4, 8))\n  assert q + r == 7\n"), "x:6x5", LOOM_OK, NULL, 0, 0},
    {"one tunable twice", KERNEL("x", "  q = hl.register_tunable('q', helion.autotuner.IntegerFragment(3, 8))\n  r = hl.register_tunable('q', helion.autotuner.IntegerFragment(3, 8))\n  assert q + r == 6\n"), "x:6x5", LOOM_OK, NULL, 0, 0},
    {"one tunable with other choices", KERNEL("x", "  q = hl.register_tunable('q', helion.autotuner.IntegerFragment(3, 8))\n  r = hl.register_tunable('q', helion.autotuner.IntegerFragment(4, 8))\n"), "x:6x5", LOOM_EINPUT, "", 8, 7},
    {"a tunable whose choices are a number", KERNEL("x", "  q = hl.register_tunable('q', 3)\n"), "x:6x5", LOOM_EINPUT, "the choices of the tunable \"q\" are the int 3", 7, 32},
    {"a tunable by name", KERNEL("x", "  q = hl.register_tunable(name='q', fragment=3)\n"), "x:6x5", LOOM_EINPUT, "the choices of the tunable \"q\" are the int 3", 7, 46},
    {"a tunable in the config", IMPORTS "@helion.kernel(config=helion.Config(q=7))\ndef f(x):\n  q = hl.register_tunable('q', helion.autotuner.IntegerFragment(3, 8))\n  assert q == 7\n" ADD, "x:6x5", LOOM_OK, NULL, 0, 0},
    {"a tunable that is None in the config", IMPORTS "@helion.kernel(config=helion.Config(q=None))\ndef f(x):\n  q = hl.register_tunable('q', helion.autotuner.IntegerFragment(3, 8))\n  assert q == 3\n" ADD, "x:6x5", LOOM_OK, NULL, 0, 0},
    {"a config that asks for itself", IMPORTS "def h():\n  return hl.register_tunable('q', helion.autotuner.IntegerFragment(3, 8))\n@helion.kernel(config=helion.Config(q=h()))\ndef f(x):\n  q = hl.register_tunable('q', helion.autotuner.IntegerFragment(3, 8))\n  assert q == 3\n" ADD,
     "x:6x5", LOOM_OK, NULL, 0, 0},
};

static void test_kernels_are_found_and_configured(void **state) { (void)state; check_rows(kernel_rows, COUNT_OF(kernel_rows)); }

/* ---- code of the kernel over more than a line ---- */
static const row code_rows[] = {
    {"an index that a loop carries", TILED("", "    q = i[t]\n    for u in hl.tile(5):\n      v = x[q, u]\n      q = (q + 1) % 6\n"), "x:6x5;i:6:i64", LOOM_OK, NULL, 0, 0},
    {"an index of another type", TILED("", "    v = x[t.index.to(torch.int64), :]\n    w = x[t.index.to(torch.float32).to(torch.int32), :]\n"), "x:6x5;i:6:i64", LOOM_OK, NULL, 0, 0},
    {"an index of a tile whose loop has ended", TILED("", "    for u in hl.tile(5):\n      q = u.index\n    v = x[0, q]\n"), "x:6x5;i:6:i64", LOOM_EINPUT, "", 0, 0},
    {"indices that count from the end", TILED("", "    v = x[t, -5]\n    w = x[-6, 0]\n"), "x:6x5;i:6:i64", LOOM_OK, NULL, 0, 0},
    {"an index before the first", TILED("", "    v = x[t, -6]\n"), "x:6x5;i:6:i64", LOOM_EINPUT, "index -6 of dimension 1 of x", 9, 9},
    {"an index before the first, on the host", TILED("  v = x[-7]\n", ""), "x:6x5;i:6:i64", LOOM_EINPUT, "index -7 of dimension 0 of x", 7, 7},
    {"more new dimensions than there may be", TILED("", "    v = x[t, None, None, None, None, None, None, None, None]\n"), "x:6x5;i:6:i64", LOOM_ELIMIT, "an index list that makes more than 8 dimensions", 9, 9},
    {"more new dimensions of a value", TILED("", "    v = x[t, :]\n    w = v[None, None, None, None, None, None, None]\n"), "x:6x5;i:6:i64", LOOM_ELIMIT, "", 10, 9},
    {"more new dimensions on the host", TILED("  v = x[None, None, None, None, None, None, None]\n", ""), "x:6x5;i:6:i64", LOOM_ELIMIT, "", 7, 7},
    {"a size of a dimension before the first", TILED("  v = x.size(-3)\n", ""), "x:6x5;i:6:i64", LOOM_EINPUT, "dimension -3 of the host tensor x", 7, 7},
    {"branches of other kinds", TILED("", "    if i[0] > 2:\n      q = 2.5\n      r = True\n      s = 'a'\n      p = x[0, 0]\n    else:\n      q = 3\n      r = 4\n      s = 'a'\n      p = 1\n    v = x[t, :] * q + r + p\n"), "x:6x5;i:6:i64", LOOM_OK, NULL, 0, 0},
    {"branches that differ in words", TILED("", "    if i[0] > 2:\n      s = 'a'\n    else:\n      s = 'b'\n    v = s\n"), "x:6x5;i:6:i64", LOOM_EINPUT, "", 0, 0},
    {"numbers that a loop changes", TILED("", "    q = 2.5\n    b = True\n    for u in hl.tile(5):\n      q = q + 1\n      b = False\n"), "x:6x5;i:6:i64", LOOM_EINPUT, "changes inside of a tile loop", 11, 5},
    {"words and tiles that a loop leaves alone", TILED("", "    q = 2.5\n    s = 'a'\n    w = t\n    for u in hl.tile(5):\n      q = 2.5\n      s = 'a'\n      w = t\n    v = x[w, :] * q\n"), "x:6x5;i:6:i64", LOOM_OK, NULL, 0, 0},
    {"loops over lists of names", TILED("", "    for [a, b] in ((1, 2), (3, 4)):\n      v = x[t, a]\n    for [u, _] in hl.tile([5, 6]):\n      w = x[t, u]\n"), "x:6x5;i:6:i64", LOOM_OK, NULL, 0, 0},
    {"a loop into a part", TILED("", "    for out.a in hl.tile(5):\n      pass\n"), "x:6x5;i:6:i64", LOOM_EINPUT, "an assignment to an attribute", 9, 9},
    {"a break and a return in a loop that is unrolled", TILED("", "    for a in (1, 2):\n      if a == 2:\n        break\n      v = x[t, a]\n    for a in (1, 2):\n      if a == 1:\n        continue\n      v = x[t, a]\n"), "x:6x5;i:6:i64", LOOM_OK, NULL, 0, 0},
    {"a return in a branch of the device", TILED("", "    if i[0] > 2:\n      return out\n"), "x:6x5;i:6:i64", LOOM_EUNSUP, "", 0, 0},
    {"a break in a branch of the device", TILED("", "    for a in (1, 2):\n      if i[0] > a:\n        break\n"), "x:6x5;i:6:i64", LOOM_EUNSUP, "", 0, 0},
    {"a continue in a branch of the device", TILED("", "    for a in (1, 2):\n      if i[0] > a:\n        v = 1\n      else:\n        continue\n"), "x:6x5;i:6:i64", LOOM_EUNSUP, "", 0, 0},
    {"a name that is deleted twice", TILED("  q = 2\n  del q\n  del q\n", ""), "x:6x5;i:6:i64", LOOM_EINPUT, "", 0, 0},
    {"two index lists that do not fit", TILED("", "    v = x[i[t][:, None], i[0:4][:, None]]\n"), "x:6x5;i:6:i64", LOOM_EINPUT, "these index tensors are read together", 9, 9},
    {"two index lists with a slice between them", IMPORTS "@helion.kernel()\ndef f(x, i):\n  out = torch.empty_like(x)\n  for t in hl.tile(x.size(0)):\n    v = x[i[t][:, None], :, i[0:4]]\n    out[t, :, :] = x[t, :, :]\n  return out\n", "x:6x5x7;i:6:i64", LOOM_OK, NULL, 0, 0},
    {"with and try around what the module defines", IMPORTS "with torch.no_grad():\n  N = 3\ntry:\n  import fast\nexcept ImportError:\n  fast = 4\n[P, (Q, *R)] = 5, (6, 7)\nS.a = T[0] = 8\n" "@helion.kernel()\ndef f(x):\n  assert N == 3 and P == 5\n" ADD, "x:6x5", LOOM_OK, NULL, 0, 0},
    {"names of the module that go in a long line", IMPORTS "A0 = 1\nA1 = A0\nA2 = A1\nA3 = A2\nA4 = A3\nA5 = A4\nA6 = A5\nA7 = A6\nA8 = A7\nA9 = A8\n@helion.kernel()\ndef f(x):\n  assert A9 == 1\n" ADD, "x:6x5", LOOM_OK, NULL, 0, 0},
};

static void test_code_over_more_than_a_line_is_read_or_refused(void **state) { (void)state; check_rows(code_rows, COUNT_OF(code_rows)); }

/* tests/data/python/truths.py: functions, and expressions that CPython says are true. */
static void test_host_code_means_what_python_means(void **state) {
  (void)state;
  loom_ctx ctx;
  char *file;
  size_t size;
  int wrong = 0, n = 0;
  loom_ctx_init(&ctx);
  assert_int_equal(file_read(&ctx, LOOM_SOURCE_DIR "/tests/data/python/truths.py", 1 << 20, &file, &size), LOOM_OK);
  char *list = strstr(file, "TRUTHS = r\"\"\"\n"), *end = strstr(file, "\"\"\"\nif ");
  assert_true(list && end && list < end);
  const char *module = arena_strndup(&ctx.mem, file, (size_t)(list - file));
  for (const char *at = strchr(list, '\n') + 1; at < end; at += strcspn(at, "\n") + 1, n++) {
    const char *truth = arena_strndup(&ctx.mem, at, strcspn(at, "\n"));
    wrong += wrong_row(&(row){truth, arena_printf(&ctx.mem, "%s%s@helion.kernel()\ndef f(x):\n  assert %s\n%s", IMPORTS, module, truth, ADD), "x:6x5", LOOM_OK, NULL, 0, 0});
  }
  assert_true(n > 40);
  assert_int_equal(wrong, 0);
  loom_ctx_done(&ctx);
}

/* A number of the running kernel is added to itself 60 times: written out it would have 2^60 parts.  Oracle: it ends, and the graph verifies. */
static void test_numbers_that_double_are_bound_to_names(void **state) {
  (void)state;
  static const row tensors = {.from = "x:6x5;i:6:i64"};
  static const char *const uses[] = {"r = x[t, :q]", "r = x[t, q:q + 2]", "r = hl.arange(q, q + 2)", "for u in hl.tile(q): v = u.index", "for u in hl.tile(q, q + q): v = u.begin + u.end"};
  for (size_t k = 0; k < COUNT_OF(uses); k++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    text t = text_new(&ctx.mem);
    text_add(&t, IMPORTS "@helion.kernel()\ndef f(x, i):\n  out = torch.empty_like(x)\n  for t in hl.tile(x.size(0)):\n    q = i[1]\n");
    for (int i = 0; i < 60; i++)
      text_addf(&t, "    q = q %s q\n", i % 7 == 3 ? "*" : "+");
    text_addf(&t, "    %s\n    out[t, :] = x[t, :]\n  return out\n", uses[k]);
    if (read_row(&ctx, &tensors, text_str(&t)) != LOOM_OK)
      fail_msg("%s: %d:%d: %s", uses[k], ctx.diag.first->span.line, ctx.diag.first->span.col, ctx.diag.first->text);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_words_of_the_command_line_are_pythons_values), cmocka_unit_test(test_arguments_have_the_values_they_are_given),
                                     cmocka_unit_test(test_classes_say_what_their_kernels_take), cmocka_unit_test(test_kernels_are_found_and_configured), cmocka_unit_test(test_host_code_means_what_python_means),
                                     cmocka_unit_test(test_code_over_more_than_a_line_is_read_or_refused),
                                     cmocka_unit_test(test_numbers_that_double_are_bound_to_names)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
