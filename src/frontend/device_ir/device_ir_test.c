/* What is refused, where and with which status: one edit of a dump each.  That the dumps are read rightly is device_ir_same_test's to say. */
#include "base/file.h"
#include "base/testing.h"
#include "base/text.h"
#include "frontend/device_ir/dir_private.h"

#define DATA LOOM_SOURCE_DIR "/tests/data/device_ir/"

__attribute__((noinline))   /* gcc 12 takes the text for the variable that pointed to it */
static char *read_file(loom_ctx *ctx, const char *name) {
  char *s = NULL;
  size_t n;
  assert_int_equal(file_read(ctx, arena_printf(&ctx->mem, DATA "%s", name), 1 << 22, &s, &n), LOOM_OK);
  return s;
}

/* `s` with the first `from` replaced by `to`. */
static const char *edited(loom_ctx *ctx, const char *s, const char *from, const char *to) {
  const char *at = strstr(s, from);
  if (!at)
    fail_msg("the dump has no \"%s\"", from);
  return arena_printf(&ctx->mem, "%.*s%s%s", (int)(at - s), s, to, at + strlen(from));
}

typedef struct refusal { const char *dump, *from, *to; loom_status status; const char *part; int line; } refusal;   /* line 0: not checked */

static const refusal refusals[] = {
    /* tables */
    {"scaled_matmul.txt", "=== Compile Environment ===", "", LOOM_EINPUT, "no section \"=== Compile Environment ===\"", 0},
    {"scaled_matmul.txt", "Graph 0: ForLoopGraphInfo", "", LOOM_EINPUT, "\"Graph N: class\" is expected", 4},
    {"scaled_matmul.txt", "Graph 1: RootGraphInfo", "Graph 0: RootGraphInfo", LOOM_EINPUT, "graph 0 twice", 17},
    {"scaled_matmul.txt", "call_function  mm ", "call_method    mm ", LOOM_EINPUT, "a row begins with placeholder, call_function or output", 14},
    {"scaled_matmul.txt", "-------------  ", "------------   ", LOOM_OK, NULL, 0},
    {"scaled_matmul.txt", "-------------  ", "************   ", LOOM_EINPUT, "the rule of a table of 5 columns", 4},
    {"scaled_matmul.txt", "(load, load_1)", "(load, load_1}", LOOM_EINPUT, "\")\" is expected here", 14},
    {"scaled_matmul.txt", "(load, load_1) ", "(load, lood_1) ", LOOM_EINPUT, "no node \"lood_1\"", 14},
    {"scaled_matmul.txt", "(_new_var, mm)", "(_new_var, ac)", LOOM_EINPUT, "no node \"ac\"", 15},
    {"scaled_matmul.txt", "(load, load_1)", "(acc, load_1) ", LOOM_EINPUT, "\"acc\" is used before it is computed", 14},
    {"scaled_matmul.txt", "Node mm : ", "Node mm   ", LOOM_EINPUT, "", 0},
    {"scaled_matmul.txt", "size=(u0, u2), dtype=torch.float16", "size=(u0, u2), dtype=torch.float8_e4m3fnuz", LOOM_EUNSUP, "the element type torch.float8_e4m3fnuz", 0},
    {"scaled_matmul.txt", "Node x : FakeTensor(..., size=(s77, s27), dtype=torch.float16)", "", LOOM_EINPUT, "does not say the shape of the host tensor \"x\"", 7},
    {"scaled_matmul.txt", "Block 1: Size", "Block 0: Size", LOOM_EINPUT, "with each number once", 0},
    {"scaled_matmul.txt", "Block 0: Size", "Block 4294967296: Size", LOOM_EINPUT, "with each number once", 0},   /* not block 0 */
    {"scaled_matmul.txt", "Block 2: Size=s27", "Block 2: Size=s27+1", LOOM_OK, NULL, 0},   /* the only block that the loop alone uses */
    {"scaled_matmul.txt", "Var s77: 6", "Var s77  6", LOOM_EINPUT, "\"Var NAME: VALUE\"", 0},
    {"scaled_matmul.txt", "  Var s77: 6\n", "", LOOM_EINPUT, "the size of dimension 0 of x", 7},
    {"scaled_matmul.txt", "(0, [0], [x_size1], [acc])", "(7, [0], [x_size1], [acc])", LOOM_EINPUT, "no graph 7", 24},
    {"scaled_matmul.txt", "(0, [0], [x_size1], [acc])", "(1, [0], [x_size1], [acc])", LOOM_EINPUT, "graph 1 calls itself", 24},
    {"scaled_matmul.txt", "(0, [0], [x_size1], [acc])", "(0, [0], [], [acc])       ", LOOM_EINPUT, "lists of as many begins as ends", 24},
    {"scaled_matmul.txt", "(0, [0], [x_size1], [acc])", "(0, [0], [x_size1], [])   ", LOOM_EINPUT, "1 placeholders and is given 0 arguments", 24},
    {"scaled_matmul.txt", "(acc, getitem)", "(getitem, acc)", LOOM_EUNSUP, "output 0 of this loop replaces nothing", 24},
    {"scaled_matmul.txt", "aten.mul.Tensor ", "aten.muul.Tensor", LOOM_EUNSUP, "torch.muul", 27},
    {"scaled_matmul.txt", "aten.mm.default", "aten.m?.default", LOOM_EINPUT, "is no operation", 14},
    {"scaled_matmul.txt", "(load, load_1)", "(load,)       ", LOOM_EINPUT, "torch.mm needs its argument", 14},
    {"scaled_matmul.txt", "('x',)", "(3,)  ", LOOM_EINPUT, "_host_tensor takes the name of a tensor", 7},
    {"two_phases.txt", "Graph 0: RootGraphInfo", "Graph 0: ElseGraphInfo", LOOM_OK, NULL, 0},   /* a graph that nobody calls */
    {"branch_else.txt", "(getitem, getitem_1)", "(total, getitem_1)  ", LOOM_EUNSUP, "does not say which outputs of the two branches belong together", 26},
    {"branch_else.txt", "(block_size_0,)", "(x,)           ", LOOM_EINPUT, "tile_id takes the block of a loop around it", 24},
    /* readable text */
    {"running.fx.txt", "device-ir 1", "device-ir 2", LOOM_EINPUT, "version 1 is expected here", 1},
    {"running.fx.txt", "kernel running", "kernel", LOOM_EINPUT, "the name of the kernel", 2},
    {"running.fx.txt", "kernel running", "colonel running", LOOM_EINPUT, "device-ir, kernel, symbol, block", 2},
    {"running.fx.txt", "s77 = 7", "s77 = seven", LOOM_EINPUT, "\"= NUMBER\"", 3},
    {"running.fx.txt", "block 1", "block 0", LOOM_EINPUT, "the number of a block, once", 6},
    {"running.fx.txt", "size=s77", "sise=s77", LOOM_EINPUT, "var=, size=", 5},
    {"running.fx.txt", "x arg", "x par", LOOM_EINPUT, "arg, alloc or view", 7},
    {"running.fx.txt", "f32[s77, s27]", "3", LOOM_EINPUT, "a type, f16[4, 8]", 7},
    {"running.fx.txt", "out alloc f32[s77, s27]", "out alloc f32[s77, s27] fill=some", LOOM_EINPUT, "empty, zero or a number", 8},
    {"running.fx.txt", "out alloc f32[s77, s27]", "out alloc f32[s77, s27] full=1", LOOM_EINPUT, "fill=, base=, stride= or offset=", 8},
    {"running.fx.txt", "out alloc f32[s77, s27]", "out view f32[s77, s27] base=x", LOOM_EINPUT, "base= and stride= of a view", 8},
    {"running.fx.txt", "out alloc f32[s77, s27]", "out view f32[s77, s27] base=x stride=1", LOOM_EINPUT, "a list of 2 strides", 8},
    {"running.fx.txt", "blocks=0 phase=0", "blocks=3 phase=0", LOOM_EINPUT, "the number of a block", 10},
    {"running.fx.txt", "blocks=0 phase=0", "blocks=0 phases=0", LOOM_EINPUT, "blocks=0,1 or phase=0", 10},
    {"running.fx.txt", "graph add_0", "graph add_7", LOOM_EINPUT, "no graph add_7", 9},
    {"running.fx.txt", "graph add_0", "branches root_graph_1 0", LOOM_EINPUT, "output:output, - where the value stays", 9},
    {"running.fx.txt", "return out", "return other", LOOM_EINPUT, "returns \"other\"", 0},
    {"running.fx.txt", "def root_graph_1():", "def root_graph_1()", LOOM_EINPUT, "\"def NAME(arguments):\"", 16},
    {"running.fx.txt", "def root_graph_1():", "def root_graph_0():", LOOM_EINPUT, "once", 0},
    {"running.fx.txt", "a: \"f32[]\"", "a: f32[]", LOOM_EINPUT, "a type in quotes", 12},
    {"running.fx.txt", "torch.ops.aten.add.Tensor(a, b)", "torch.ops.aten.add.Tensor", LOOM_EINPUT, "target(arguments)", 13},
    {"running.fx.txt", "add: \"f32[]\" = torch", "torch", LOOM_EINPUT, "NAME: \"TYPE\" = TARGET(ARGUMENTS)", 13},
    {"running.fx.txt", "scan_ops__associative_scan(0,", "scan_ops__associative_scan(5,", LOOM_EINPUT, "no graph 5", 20},
    /* JSON */
    {"transposed.json", "loom.helion.v1", "loom.helion.v9", LOOM_EINPUT, "expected 'loom.helion.v1'", 0},
    {"transposed.json", "\"name\": \"transposed\"", "\"name\": \"\"", LOOM_EINPUT, "the kernel has no name", 0},
    {"transposed.json", "\"producer\"", "\"produced\"", LOOM_EINPUT, "produced", 3},
    {"transposed.json", "\"s27\", \"kind\": \"size\"", "\"s28\", \"kind\": \"size\"", LOOM_EINPUT, "the symbol s27 is not among the symbols", 0},
    {"transposed.json", "\"value\": 5}", "\"expr\": \"s27 + 1\"}", LOOM_EINPUT, "the size s27 needs itself", 0},
    {"transposed.json", "\"value\": 5}", "\"expr\": \"FloorDiv(s77, 2) + 2\"}", LOOM_OK, NULL, 0},
    {"masked.fx.txt", "size=s27 name=tile_n", "size=2*u1 reduction", LOOM_EINPUT, "the size of block 1 needs itself", 6},
    {"transposed.json", "\"value\": 7}", "\"value\": null}", LOOM_EINPUT, "the size of dimension 0 of x", 0},
    {"transposed.json", "{\"id\": 1, \"var\"", "{\"id\": 0, \"var\"", LOOM_EINPUT, "block 0 is there twice", 0},
    {"transposed.json", "\"op\": \"view\"", "\"op\": \"alias\"", LOOM_EINPUT, "\"arg\", \"alloc\" or \"view\"", 0},
    {"transposed.json", "{\"id\": \"turned\", \"op\": \"view\", \"base\": \"x\"", "{\"op\": \"opaque\", \"text\": \"t = f(x)\", \"base\": \"x\"", LOOM_EUNSUP, "host code that the export could not describe: t = f(x)", 0},
    {"transposed.json", "\"stride\": [1, \"s27\"], \"offset\": 0", "\"stride\": [1], \"offset\": 0", LOOM_EINPUT, "2 dimensions and 1 strides", 0},
    {"transposed.json", "\"stride\": [1, \"s27\"], \"offset\": 0", "\"stride\": [1, \"s27\"], \"offset\": 1", LOOM_EINPUT, "ends behind its last element", 0},
    {"transposed.json", "\"fill\": \"zero\"", "\"fill\": \"ones\"", LOOM_EINPUT, "\"empty\", \"zero\" or \"full\"", 0},
    {"transposed.json", "\"fill\": \"zero\"", "\"fill\": \"full\"", LOOM_EINPUT, "\"full\" needs a \"value\"", 0},
    {"transposed.json", "{\"id\": \"out\"", "{\"id\": \"turned\"", LOOM_EINPUT, "the tensor turned is there twice", 0},
    {"transposed.json", "\"op\": \"call_function\"", "\"op\": \"call_method\"", LOOM_EINPUT, "a node is a placeholder", 0},
    {"transposed.json", "{\"n\": \"load\"}", "{\"m\": \"load\"}", LOOM_EINPUT, "an argument is {\"n\": node}", 0},
    {"transposed.json", "{\"graph\": 0, ", "{\"graph\": 1, ", LOOM_EINPUT, "there is no graph 1", 0},
    {"transposed.json", "\"phase\": 0, \"block_ids\": [0, 1]", "\"phase\": 0, \"block_ids\": [0, 2]", LOOM_EINPUT, "there is no block 2", 0},
    {"transposed.json", "\"phase\": 0, \"block_ids\": [0, 1]", "\"phase\": 0, \"block_ids\": [0]", LOOM_EINPUT, "1 blocks and 2 extents", 0},
    {"transposed.json", "\"returns\": [\"out\"]", "\"returns\": [\"none\"]", LOOM_EINPUT, "what is returned is a host tensor", 0},
    {"transposed.json", "\"shape\": [\"u0\", \"u1\"]}, \"loc\"", "\"shape\": [true, \"u1\"]}, \"loc\"", LOOM_EINPUT, "a size is a number or an expression", 0},
    {"counted_rows.json", "{\"block_id\": 1}", "{\"block_id\": 7}", LOOM_EINPUT, "the index of a grid belongs to a block of fixed size", 10},
    {"counted_rows.json", "\"source\": {\"kind\": \"fixed\", \"value\": 1}", "\"source\": {\"kind\": \"loop\"}", LOOM_EINPUT, "the index of a grid belongs to a block of fixed size", 10},
    {"counted_rows.json", ", \"origin\": {\"block_id\": 1}", "", LOOM_EUNSUP, "a loop over tiles of one range and single indices of another", 0},
    {"counted_rows.json", "\"aten.add.Tensor\"", "\"loom.philox\"", LOOM_EINPUT, "loom.philox", 0},
    {"counted_rows.json", "\"aten.add.Tensor\"", "\"loom.lanes\"", LOOM_EINPUT, "lanes takes the block of a loop around it", 0},
    {"counted_rows.json", "\"fill\": \"empty\"", "\"fill\": \"zero\"", LOOM_OK, NULL, 0},
    {"branch_else.json", "[[0, 0]]", "[[0]]", LOOM_EINPUT, "null where the value stays", 0},
    {"branch_else.json", "[[0, 0]]", "[[null, null]]", LOOM_EINPUT, "result 0 of '_if' is no output of either branch, and no value that was there before", 0},
    {"branch_else.json", "[[0, 0]]", "[[0, 3]]", LOOM_EINPUT, "output 3 is used", 0},
    {"branch_else.json", "{\"s\": [null, null, null]}", "{\"s\": [null]}", LOOM_EINPUT, "a slice is", 0},
    {"branch_else.json", "{\"id\": 1, \"class\": \"Else", "{\"id\": 0, \"class\": \"Else", LOOM_EINPUT, "graph 0 is there twice", 0},
    {"branch_else.json", "\"kwargs\": {\"alpha\": 1}", "\"kwargs\": {\"alpha\": {\"f\": \"big\"}}", LOOM_EINPUT, "an argument is", 0},
    {"branch_else.json", "\"aten.add.Tensor\"", "\"aten.div.Tensor_mode\"", LOOM_OK, NULL, 0},
    /* more of tables */
    {"scaled_matmul.txt", "Graph 0: ForLoopGraphInfo", "Graph -1: ForLoopGraphInfo", LOOM_EINPUT, "\"Graph N: class\" is expected", 0},
    {"scaled_matmul.txt", "Graph 0: ForLoopGraphInfo", "Graph 4294967296: ForLoopGraphInfo", LOOM_EINPUT, "\"Graph N: class\" is expected", 0},
    {"scaled_matmul.txt", "Graph 0: ForLoopGraphInfo", "Graph 0 ForLoopGraphInfo", LOOM_EINPUT, "\"Graph N: class\" is expected", 0},
    {"branch.txt", "aten.mul.Tensor                        (_new_var, 2.0)  {}", "aten.add.Tensor                        (_new_var, 2.0)  {'alpha': 3}", LOOM_OK, NULL, 0},
    {"branch.txt", "(_new_var, 2.0)  {}", "(_new_var, 2.0)  {'alpha' : 3}", LOOM_EINPUT, "", 0},
    {"branch.txt", "(_new_var, 2.0)  {}", "(_new_var, 2.0)  {'al-pha': 3}", LOOM_EINPUT, "", 0},
    {"branch.txt", "(_new_var, 2.0)  {}", "(_new_var, 2.0)  {'alpha}", LOOM_EINPUT, "", 0},
    {"branch.txt", "(_new_var, 2.0)  {}", "(_new_var, 2.0)  {'alpha'}", LOOM_OK, NULL, 0},
    {"branch.txt", "(_new_var, 2.0)  {}", "(_new_var, 2.0)  {'a_1': 3, 'b':4}", LOOM_OK, NULL, 0},
    {"branch.txt", "(_new_var, 2.0)  {}", "(_new_var, 2.0)  {x'a': 3}", LOOM_EINPUT, "", 0},
    {"nominal.txt", "Block 0: Size", "Block 0: xSize", LOOM_EINPUT, "", 0},
    {"nominal.txt", "Block 0: Size", "Block 0:(Size", LOOM_OK, NULL, 0},
    {"scaled_matmul.txt", "Var=u0, Reduction=False, Source=LoopSpecBlockSizeSource()", "Var=u0, Reduction=False, Source=FixedBlockSizeSource(value=2)", LOOM_OK, NULL, 0},
    {"scaled_matmul.txt", "Var=u0, Reduction=False, Source=LoopSpecBlockSizeSource()", "Var=u0, Reduction=False, Source=FixedBlockSizeSource()", LOOM_OK, NULL, 0},
    {"scaled_matmul.txt", "Var=u0, Reduction=False, Source=LoopSpecBlockSizeSource()", "Var=u0, Reduction=False, Source=FixedBlockSizeSource(value=?)", LOOM_EINPUT, "a value", 0},
    {"scaled_matmul.txt", "Var s77: 6", "Var s77: 6.5", LOOM_EINPUT, "the size of dimension 0 of x", 0},
    {"scaled_matmul.txt", "Var s77: 6", "Var s77: s27", LOOM_EINPUT, "the size of dimension 0 of x", 0},
    {"scaled_matmul.txt", "Var s77: 6", "Var z9: 6\n  Var s77: 6", LOOM_OK, NULL, 0},
    {"scaled_matmul.txt", "Var s77: 6", "Var s77: 6 ", LOOM_OK, NULL, 0},
    {"scaled_matmul.txt", "(0, [0], [x_size1], [acc])", "(4294967296, [0], [x_size1], [acc])", LOOM_EINPUT, "no graph 4294967296", 0},
    {"scaled_matmul.txt", "(0, [0], [x_size1], [acc])", "(0, [0], [], [acc])", LOOM_EINPUT, "", 0},
    {"scaled_matmul.txt", "(0, [0], [x_size1], [acc])", "(0, [], [], [acc])", LOOM_EINPUT, "", 0},
    {"scaled_matmul.txt", "(0, [0], [x_size1], [acc])", "(0, (0,), (x_size1,), (acc,))", LOOM_OK, NULL, 0},
    {"scaled_matmul.txt", "(0, [0], [x_size1], [acc])", "(0, 0, [x_size1], [acc])", LOOM_EINPUT, "", 0},
    {"scaled_matmul.txt", "(0, [0], [x_size1], [acc])", "(0, [0], 0, [acc])", LOOM_EINPUT, "", 0},
    {"scaled_matmul.txt", "(0, [0], [x_size1], [acc])", "(0, [0], [x_size1], acc)", LOOM_EINPUT, "", 0},
    {"scaled_matmul.txt", "(0, [0], [x_size1], [acc])", "(0, [acc], [x_size1], [acc])", LOOM_EINPUT, "as a bound of a loop", 24},
    {"scaled_matmul.txt", "(0, [0], [x_size1], [acc])", "(0,)", LOOM_EINPUT, "", 0},
    {"scaled_matmul.txt", "(0, [0], [x_size1], [acc])", "()", LOOM_EINPUT, "", 0},
    {"scaled_matmul.txt", "(0, [0], [x_size1], [acc])", "(0, [0,0,0,0,0,0,0,0,0], [1,1,1,1,1,1,1,1,1], [acc])", LOOM_EINPUT, "", 0},
    {"nominal.txt", "Block 1: Size=s77", "Block 1: XSize=3, Size=s77", LOOM_OK, NULL, 0},
    {"scaled_matmul.txt", "([acc],)", "(acc,)  ", LOOM_OK, NULL, 0},
    {"scaled_matmul.txt", "([acc],)", "((acc,))", LOOM_OK, NULL, 0},
    {"branch.txt", "(_if, 0)", "(_if, -1)", LOOM_EINPUT, "used before it is computed", 20},
    {"scaled_matmul.txt", "(_for_loop, 0)", "(_for_loop, -1)", LOOM_EUNSUP, "output 0 of this loop replaces nothing", 24},
    {"scaled_matmul.txt", "Graph 0: ForLoopGraphInfo", "Graph 0: ReductionLoopGraphInfo", LOOM_EINPUT, "the dump has no root graph", 0},
    {"scaled_matmul.txt", "Graph 0: ForLoopGraphInfo", "Graph 0: IfGraphInfo", LOOM_EINPUT, "the loop has 1 begins, 1 ends and 0 blocks", 24},
    {"scaled_matmul.txt", "(0, [0], [x_size1], [acc])", "()                        ", LOOM_EINPUT, "", 24},
    {"nominal.txt", "Block 0: Size=s27, Var=u0, Reduction=False, Source=LoopSpecBlockSizeSource()", "Block 0: Size=s27, Var=u0, Reduction=False, Source=FixedBlockSizeSource(value=2)", LOOM_EINPUT, "the shapes [tile_1, 2] and [tile_1, tile_0] do not fit", 11},
    {"branch_else.txt", "([total_2],)", "(None,)     ", LOOM_EINPUT, "result 0 of '_if' is no output of the other branch, and no value that was there before", 26},
    {"branch_else.txt", "([total_1],)", "(None,)     ", LOOM_EINPUT, "result 0 of '_if' is no output of the branch, and no value", 26},
    {"branch_else.txt", "([total_1],)", "(total_1,)  ", LOOM_OK, NULL, 0},
    {"branch_else.txt", "([total_2],)", "([0, 0],)   ", LOOM_EUNSUP, "does not say which outputs of the two branches belong together", 0},
    {"running.fx.txt", "    scan:", "    r: \"Sym(u1)\" = helion_language__tracing_ops__get_symnode('block_size_1')\n    more: \"f32[u0, u1]\" = torch.ops.aten.add.Tensor(load, r)\n    scan:", LOOM_OK, NULL, 0},
    {"running.fx.txt", "    scan:", "    r = helion_language__tracing_ops__get_symnode('u1')\n    more: \"f32[u0, u1]\" = torch.ops.aten.add.Tensor(load, r)\n    scan:", LOOM_OK, NULL, 0},
    {"running.fx.txt", "    scan:", "    r: \"Sym(-u1)\" = helion_language__tracing_ops__get_symnode('r')\n    more: \"f32[u0, u1]\" = torch.ops.aten.add.Tensor(load, r)\n    scan:", LOOM_OK, NULL, 0},
    {"running.fx.txt", "    scan:", "    r: \"Sym(-v9)\" = helion_language__tracing_ops__get_symnode('r')\n    more: \"f32[u0, u1]\" = torch.ops.aten.add.Tensor(load, r)\n    scan:", LOOM_EINPUT, "v9", 0},
    {"running.fx.txt", "    scan:", "    r: \"Sym(s77/2)\" = helion_language__tracing_ops__get_symnode('r')\n    more: \"f32[u0, u1]\" = torch.ops.aten.add.Tensor(load, r)\n    scan:", LOOM_OK, NULL, 0},
    {"running.fx.txt", "    scan:", "    r: \"Sym(u1)\" = helion_language__tracing_ops__get_symnode('block_size_1')\n    t: \"Sym(v1)\" = helion_language_tile_ops_tile_id(r)\n    more: \"f32[u0, u1]\" = torch.ops.aten.add.Tensor(load, t)\n    scan:",
     LOOM_EINPUT, "tile_id takes the block of a loop around it", 21},
    {"running.fx.txt", "    scan:", "    one: \"f32[u0]\" = helion_language_memory_ops_load(x, [block_size_0, r], None, None)\n    r: \"Sym(u1)\" = helion_language__tracing_ops__get_symnode('block_size_1')\n    scan:", LOOM_EINPUT, "", 20},
    {"scaled_matmul.txt", "<function _for_loop at", "<function _for_loop_step at", LOOM_EUNSUP, "a loop with a step", 0},
    {"two_phases.txt", "Graph 0: RootGraphInfo", "Graph 0: ReductionLoopGraphInfo", LOOM_OK, NULL, 0},
    /* more of readable text */
    {"running.fx.txt", "block 1", "block -1", LOOM_EINPUT, "the number of a block, once", 6},
    {"running.fx.txt", "block 1", "block 1073741825", LOOM_EINPUT, "the number of a block, once", 6},
    {"running.fx.txt", "size=s77", "size=s77 fixed=2", LOOM_OK, NULL, 0},
    {"running.fx.txt", "size=s77", "size=s77 fixed=2*", LOOM_EINPUT, "a value", 5},
    {"running.fx.txt", "size=s77", "size=?", LOOM_EINPUT, "a value", 5},
    {"running.fx.txt", "size=s77", "size=s77 preferred=4", LOOM_OK, NULL, 0},
    {"running.fx.txt", "size=s77", "size=s77 preferred=many", LOOM_EINPUT, "var=, size=", 5},
    {"running.fx.txt", "# loom: graph add_0", "# loom: tensor v view f32[s27, s77] base=x stride=1,s27 offset=0\n# loom: graph add_0", LOOM_OK, NULL, 0},
    {"running.fx.txt", "# loom: graph add_0", "# loom: tensor v view f32[] base=x\n# loom: graph add_0", LOOM_OK, NULL, 0},
    {"running.fx.txt", "# loom: graph add_0", "# loom: tensor v view f32[2] base=x\n# loom: graph add_0", LOOM_EINPUT, "base= and stride= of a view", 9},
    {"running.fx.txt", "# loom: graph add_0", "# loom: tensor v view f32[2] stride=[1]\n# loom: graph add_0", LOOM_EINPUT, "base= and stride= of a view", 9},
    {"running.fx.txt", "# loom: graph add_0", "# loom: tensor v view f32[2] base=x stride=(1\n# loom: graph add_0", LOOM_EINPUT, "", 9},
    {"running.fx.txt", "# loom: graph add_0", "# loom: tensor v view f32[2] base=x stride=[1] offset=?\n# loom: graph add_0", LOOM_EINPUT, "", 9},
    {"running.fx.txt", "# loom: graph add_0", "# loom: tensor x arg f32[2]\n# loom: graph add_0", LOOM_EINPUT, "there once", 9},
    {"running.fx.txt", "out alloc f32[s77, s27]", "out alloc f32[s77, s27] fill=zero", LOOM_OK, NULL, 0},
    {"running.fx.txt", "out alloc f32[s77, s27]", "out alloc f32[s77, s27] fill=-2.5", LOOM_OK, NULL, 0},
    {"running.fx.txt", "out alloc f32[s77, s27]", "out alloc f32[s77, s27] fill=2x", LOOM_EINPUT, "empty, zero or a number", 8},
    {"running.fx.txt", "out alloc f32[s77, s27]", "out alloc f32[s77, s27] fill=", LOOM_EINPUT, "empty, zero or a number", 8},
    {"running.fx.txt", "blocks=0 phase=0", "blocks=0 phase=-1", LOOM_EINPUT, "blocks=0,1 or phase=0", 10},
    {"running.fx.txt", "blocks=0 phase=0", "blocks=0 phase=x", LOOM_EINPUT, "blocks=0,1 or phase=0", 10},
    {"running.fx.txt", "blocks=0 phase=0", "blocks=-1 phase=0", LOOM_EINPUT, "the number of a block", 10},
    {"running.fx.txt", "blocks=0 phase=0", "blocks=4294967296 phase=0", LOOM_EINPUT, "the number of a block", 10},
    {"running.fx.txt", "blocks=0 phase=0", "blocks=0,0,0,0,0,0,0,0,0 phase=0", LOOM_EINPUT, "the number of a block", 10},
    {"running.fx.txt", "return out", "return None", LOOM_EINPUT, "returns nothing and writes no argument", 1},
    {"running.fx.txt", "return out", "return None out", LOOM_OK, NULL, 0},
    {"running.fx.txt", "# loom: graph add_0", "# loom: branches add_0 0:0 -:1 1:-", LOOM_OK, NULL, 0},
    {"running.fx.txt", "# loom: graph add_0", "# loom: branches add_0", LOOM_OK, NULL, 0},
    {"running.fx.txt", "# loom: graph add_0", "# loom: branches add_0 x:0", LOOM_EINPUT, "output:output", 9},
    {"running.fx.txt", "# loom: graph add_0", "# loom: branches add_0 -1:0", LOOM_EINPUT, "output:output", 9},
    {"running.fx.txt", "# loom: graph add_0", "# loom: branches add_0 4294967296:0", LOOM_EINPUT, "output:output", 9},
    {"running.fx.txt", "# loom: graph add_0", "# loom: branches add_0 0:x", LOOM_EINPUT, "output:output", 9},
    {"running.fx.txt", "# loom: graph add_0", "# loom: branches add_0 0:-1", LOOM_EINPUT, "output:output", 9},
    {"running.fx.txt", "# loom: graph add_0", "# loom: branches add_0 0:4294967296", LOOM_EINPUT, "output:output", 9},
    {"running.fx.txt", "def root_graph_1():", "def 1():", LOOM_EINPUT, "", 0},
    {"running.fx.txt", "def root_graph_1():", "  def root_graph_1():", LOOM_EINPUT, "", 0},
    {"running.fx.txt", "a: \"f32[]\", b: \"f32[]\"", "a: \"f32[]\", ?: \"f32[]\"", LOOM_EINPUT, "no node \"b\"", 13},
    {"running.fx.txt", "f32[u0, u1]", "f32[u0, u1, 1, 1, 1, 1, 1, 1, 1]", LOOM_ELIMIT, "", 0},
    {"running.fx.txt", "f32[u0, u1]", "u8[u0, u1]", LOOM_OK, NULL, 0},
    {"running.fx.txt", "f32[u0, u1]", "b8[u0, u1]", LOOM_OK, NULL, 0},
    /* more of JSON */
    {"transposed.json", "[\"u0\", \"u1\"]", "[1, 1, 1, 1, 1, 1, 1, 1, 1]", LOOM_ELIMIT, "more than 8 dimensions", 0},
    {"transposed.json", "\"kind\": \"size\", \"origin\": {\"tensor\": \"x\", \"dim\": 1}", "\"kind\": \"scalar\"", LOOM_OK, NULL, 0},
    {"transposed.json", "\"kind\": \"size\", \"origin\": {\"tensor\": \"x\", \"dim\": 1}", "\"kind\": \"unbacked\"", LOOM_OK, NULL, 0},
    {"transposed.json", "\"value\": 5}", "\"expr\": \"?\"}", LOOM_EINPUT, "a value", 9},
    {"transposed.json", "\"debug_names\": [\"tile_m\"]", "\"debug_names\": [\"tile_n\"]", LOOM_OK, NULL, 0},
    {"transposed.json", "\"block_ids\": [0, 1], \"inputs\"", "\"block_ids\": [0, 1, 0, 1, 0, 1, 0, 1, 0], \"inputs\"", LOOM_ELIMIT, "more than 8 ranges", 0},
    {"transposed.json", "{\"kind\": \"loop\"}", "{\"kind\": \"fixed\", \"value\": \"?\"}", LOOM_EINPUT, "a value", 14},
    {"transposed.json", "{\"kind\": \"loop\"}", "{\"kind\": \"fixed\", \"value\": 2}", LOOM_OK, NULL, 0},
    {"transposed.json", "{\"id\": \"out\", \"op\": \"alloc\", \"fill\": \"zero\"", "{\"id\": \"out\", \"op\": \"alloc\", \"fill\": \"full\", \"value\": true", LOOM_EINPUT, "\"full\" needs a \"value\"", 0},
    {"transposed.json", "\"fill\": \"zero\"", "\"fill\": \"full\", \"value\": 2", LOOM_OK, NULL, 0},
    {"transposed.json", "\"fill\": \"zero\"", "\"fill\": \"full\", \"value\": 2.5", LOOM_OK, NULL, 0},
    {"transposed.json", "{\"id\": \"turned\", \"op\": \"view\", \"base\": \"x\"", "{\"op\": \"post\", \"base\": \"x\"", LOOM_EUNSUP, "host code that the export could not describe", 0},
    {"transposed.json", "{\"name\": \"x\", \"kind\": \"tensor\"", "{\"name\": \"x\", \"kind\": 3", LOOM_EINPUT, "'kind' is an integer", 6},
    {"transposed.json", "\"params\": [", "\"params\": 3, \"host2\": [", LOOM_EINPUT, "", 0},
    {"transposed.json", "\"static_shapes\": false", "\"assume_divisible_tiles\": true", LOOM_OK, NULL, 0},
    {"transposed.json", "\"static_shapes\": false", "\"assume_divisible_tiles\": false", LOOM_OK, NULL, 0},
    {"transposed.json", "\"static_shapes\": false", "\"assume_divisible_tiles\": 3", LOOM_OK, NULL, 0},
    {"transposed.json", "1.0]", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1.0]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", LOOM_ELIMIT, "arguments nested more than 32 deep", 0},
    {"counted_rows.json", "{\"block_id\": 1}", "{\"block_id\": -1}", LOOM_EINPUT, "the index of a grid belongs to a block of fixed size", 0},
    {"counted_rows.json", "{\"block_id\": 1}", "{\"block_id\": 4294967296}", LOOM_EINPUT, "the index of a grid belongs to a block of fixed size", 0},
    {"branch_else.json", "[[0, 0]]", "[3]", LOOM_EINPUT, "null where the value stays", 0},
    {"branch_else.json", "[[0, 0]]", "[[-1, 0]]", LOOM_EINPUT, "0 or more", 0},
    {"branch_else.json", "[[0, 0]]", "[[0, -1]]", LOOM_EINPUT, "0 or more", 0},
    {"branch_else.json", "[[0, 0]]", "[[0, 0], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0]]", LOOM_OK, NULL, 0},
    {"branch_else.json", "\"aten.add.Tensor\", \"args\": [{\"n\": \"arg0_1\"}, 1.0], \"kwargs\": {\"alpha\": 1}", "\"aten.div.Tensor_mode\", \"args\": [{\"n\": \"arg0_1\"}, 1.0], \"kwargs\": {\"rounding_mode\": \"floor\"}", LOOM_OK, NULL, 0},
    {"branch_else.json", "\"aten.add.Tensor\", \"args\": [{\"n\": \"arg0_1\"}, 1.0], \"kwargs\": {\"alpha\": 1}", "\"aten.div.Tensor_mode\", \"args\": [{\"n\": \"arg0_1\"}, 1.0], \"kwargs\": {\"rounding_mode\": \"up\"}", LOOM_EUNSUP, "a division that rounds by \"up\"", 25},
    {"branch_else.json", "\"aten.add.Tensor\", \"args\": [{\"n\": \"arg0_1\"}, 1.0], \"kwargs\": {\"alpha\": 1}", "\"aten.div.Tensor_mode\", \"args\": [{\"n\": \"arg0_1\"}, 1.0], \"kwargs\": {\"rounding_mode\": [2]}", LOOM_EUNSUP, "a division that rounds by \"?\"", 25},
    {"branch_else.json", "\"aten.add.Tensor\", \"args\": [{\"n\": \"arg0_1\"}, 1.0], \"kwargs\": {\"alpha\": 1}", "\"aten.div.Tensor_mode\", \"args\": [{\"n\": \"arg0_1\"}, 1.0], \"kwargs\": {\"rounding_mode\": null}", LOOM_OK, NULL, 0},
    {"branch_else.json", "\"if\": {", "\"if\": 3, \"elif\": {", LOOM_EINPUT, "", 0},
};

static loom_status read_edited(loom_ctx *ctx, const refusal *r) {
  kernel_graph *k;
  loom_ctx_init(ctx);
  const char *s = edited(ctx, read_file(ctx, r->dump), r->from, r->to);
  return device_ir_read(ctx, r->dump, s, strlen(s), NULL, &k);
}

static void test_what_is_wrong_is_said_with_its_place(void **state) {
  (void)state;
  int wrong = 0;
  for (size_t i = 0; i < COUNT_OF(refusals); i++) {
    const refusal *r = &refusals[i];
    loom_ctx ctx;
    loom_status st = read_edited(&ctx, r);
    const diag_item *d = ctx.diag.first;
    bool ok = st == r->status && (st == LOOM_OK || (d && strstr(d->text, r->part) && (!r->line || d->span.line == r->line)));
    wrong += !ok;
    if (!ok)
      print_error("%s, \"%s\" -> \"%s\": status %d, line %d, \"%s\"; expected %d, line %d, \"%s\"\n", r->dump, r->from, r->to, (int)st, d ? d->span.line : 0, d ? d->text : "",
               (int)r->status, r->line, r->part ? r->part : "");
    loom_ctx_done(&ctx);
  }
  assert_int_equal(wrong, 0);
}

static void test_shapes_name_symbols_and_dimensions(void **state) {
  (void)state;
  static const struct { helion_shape shape; loom_status status; const char *part; int64_t rows; } cases[] = {
      {{"x.q", 4}, LOOM_EUSAGE, "--shape names \"x.q\"", 0}, {{"x./", 4}, LOOM_EUSAGE, "--shape names \"x./\"", 0}, {{"x.10", 4}, LOOM_EUSAGE, "--shape names \"x.10\"", 0}, {{"x.1", 4}, LOOM_OK, NULL, 7},
      {{"s77", 9}, LOOM_OK, NULL, 9}, {{"x.0", 10}, LOOM_OK, NULL, 10}, {{"z.0", 4}, LOOM_EUSAGE, "--shape names \"z.0\"", 0}, {{"x.7", 4}, LOOM_EUSAGE, "--shape names \"x.7\"", 0},
      {{"s77", 0}, LOOM_EUSAGE, "sizes are positive", 0}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    kernel_graph *k;
    int64_t rows;
    loom_ctx_init(&ctx);
    const char *s = read_file(&ctx, "branch.txt");
    loom_status st = device_ir_read(&ctx, "branch.txt", s, strlen(s), &(device_ir_options){.shapes = &cases[i].shape, .n_shapes = 1}, &k);
    assert_int_equal(st, cases[i].status);
    if (st == LOOM_OK) {
      assert_int_equal(kernel_size(&ctx, k, k->tensors.at[0].shape.dim[0], NULL, 0, &rows), LOOM_OK);
      assert_int_equal(rows, cases[i].rows);
      assert_string_equal(k->name, "branch");
    } else {
      testing_expect_error(&ctx, st, cases[i].part, 0, 0);
    }
    loom_ctx_done(&ctx);
  }
}

static void test_forms_are_known_by_their_content(void **state) {
  (void)state;
  static const struct { const char *content; bool is_dump; } cases[] = {
      {"=== Device IR ===\n", true}, {"log\n=== Device IR ===\n", true}, {"# loom: device-ir 1\n", true}, {"x\n# loom: device-ir 1", true}, {"module {}\n", false},
      {"import helion\n# === Device IR ===\n", false}, {"", false}, {"=== Device", false}};
  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_int_equal(device_ir_looks_like(cases[i].content, strlen(cases[i].content)), cases[i].is_dump);
}

/* Expressions as Python's and sympy's printers write them.  Oracle: their values; what has none within 64 bits, or needs an unknown name, is not known. */
#define LEAST "(-9223372036854775807 - 1)"
static void test_expressions_have_pythons_value(void **state) {
  (void)state;
  static const struct { const char *expr; bool known; int64_t value; } cases[] = {
      {"1 + 2*3", true, 7}, {"-7 // 2", true, -4}, {"-8 // 2", true, -4}, {"-7 % 3", true, 2}, {"(u0 + 1)*2", true, 12}, {"-u0 + u1", true, 2}, {"2**3 - 1", true, 7}, {"Max(u0, u1, 3)", true, 7},
      {"Min(u0, 3)", true, 3}, {"FloorDiv(u1, 2)", true, 3}, {"(u1//2)", true, 3}, {"CeilDiv(u1, 2)", true, 4}, {"Mod(u1, 4)", true, 3}, {"PythonMod(u1, 4)", true, 3}, {"u0", true, 5}, {"True", true, 1},
      {"8/2", true, 4}, {"7/2", false, 0}, {"7 // 0", false, 0}, {"7 % 0", false, 0}, {"7 % -1", false, 0}, {"7 // -1", true, -7}, {LEAST " // -1", false, 0}, {"-" LEAST, false, 0}, {"1.5", false, 0},
      {"2**62", true, INT64_C(1) << 62}, {"2**63", false, 0}, {"1**63", true, 1}, {"1**64", false, 0}, {"2**(-1)", false, 0}, {"9223372036854775807 + 1", false, 0}, {LEAST " - 1", false, 0},
      {"9223372036854775807*2", false, 0}, {"CeilDiv(7, 0)", false, 0}, {"CeilDiv(" LEAST ", 2)", false, 0}, {"CeilDiv(nowhere, 2)", false, 0}, {"CeilDiv(2, nowhere)", false, 0}, {"CeilDiv(1, 2, 3)", false, 0},
      {"Max()", false, 0}, {"Max(nowhere)", false, 0}, {"Max(1, nowhere)", false, 0}, {"Min(4, 3, 5)", true, 3}, {"ceil(3)", false, 0}, {"-nowhere", false, 0}, {"nowhere + 1", false, 0}, {"1 + nowhere", false, 0},
      {"u2", true, 6}, {"u3", false, 0}, {"u4", false, 0}, {"u0 < u1", false, 0}, {"- - 3", true, 3}, {"+3", true, 3}, {"-+-+(3)", true, 3}, {"'text'", false, 0}, {"nan", false, 0}, {"oo", false, 0},
      {"int_oo", false, 0}, {"[1]", false, 0}, {"FloorDiv(1, 2, 3)", false, 0}, {"Mod(1)", false, 0}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    syn_node *e, *sum;
    int64_t v = 0;
    loom_ctx_init(&ctx);
    dir_program p = {.ctx = &ctx, .mem = &ctx.mem};
    assert_int_equal(dir_parse(&ctx, LOOM_NOSPAN, "u0 + 1", 6, &sum), LOOM_OK);
    *dir_add_symbol(&p, "u0") = (dir_symbol){.name = "u0", .has_value = true, .value = 5};
    *dir_add_symbol(&p, "u1") = (dir_symbol){.name = "u1", .has_value = true, .value = 7};
    *dir_add_symbol(&p, "u2") = (dir_symbol){.name = "u2", .expr = sum};
    *dir_add_symbol(&p, "u3") = (dir_symbol){.name = "u3"};
    assert_int_equal(dir_parse(&ctx, LOOM_NOSPAN, "u3 + 1", 6, &sum), LOOM_OK);
    *dir_add_symbol(&p, "u4") = (dir_symbol){.name = "u4", .expr = sum};
    if (dir_parse(&ctx, LOOM_NOSPAN, cases[i].expr, strlen(cases[i].expr), &e) != LOOM_OK)
      fail_msg("%s: %s", cases[i].expr, ctx.diag.first->text);
    bool known = dir_known(&p, e, &v);
    if (known != cases[i].known || (known && v != cases[i].value))
      fail_msg("%s is %s %" PRId64, cases[i].expr, known ? "known" : "unknown", v);
    loom_ctx_done(&ctx);
  }
}

/* What stands in an argument list.  Oracle: kinds of values that Python's repr has, and where a text that is none of them goes wrong. */
static void test_values_are_read_or_refused_at_their_place(void **state) {
  (void)state;
  static const struct { const char *text; loom_status status; syn_kind kind; syn_const constant; const char *part; int col; } cases[] = {
      {"12", LOOM_OK, SYN_Constant, SYN_CONST_INT, NULL, 0}, {"1.5", LOOM_OK, SYN_Constant, SYN_CONST_FLOAT, NULL, 0}, {".5", LOOM_OK, SYN_Constant, SYN_CONST_FLOAT, NULL, 0},
      {"1e-05", LOOM_OK, SYN_Constant, SYN_CONST_FLOAT, NULL, 0}, {"1E+5", LOOM_OK, SYN_Constant, SYN_CONST_FLOAT, NULL, 0}, {"1e5", LOOM_OK, SYN_Constant, SYN_CONST_FLOAT, NULL, 0},
      {"1+5", LOOM_OK, SYN_BinOp, 0, NULL, 0}, {"1.2.3", LOOM_EINPUT, 0, 0, "a number", 1}, {"99999999999999999999", LOOM_EINPUT, 0, 0, "a number", 1},
      {"'a\\'b'", LOOM_OK, SYN_Constant, SYN_CONST_STR, NULL, 0}, {"\"a\"", LOOM_OK, SYN_Constant, SYN_CONST_STR, NULL, 0}, {"'a\\", LOOM_EINPUT, 0, 0, "a string that ends", 1}, {"'a", LOOM_EINPUT, 0, 0, "a string that ends", 1},
      {"<a <b> c>", LOOM_OK, SYN_Constant, SYN_CONST_NONE, NULL, 0}, {"<a <b>", LOOM_EINPUT, 0, 0, "\">\"", 0}, {"{}", LOOM_OK, SYN_Constant, SYN_CONST_NONE, NULL, 0},
      {"{'a': 1, 'b': [2]}", LOOM_OK, SYN_Constant, SYN_CONST_NONE, NULL, 0}, {"{'a': 1,}", LOOM_OK, SYN_Constant, SYN_CONST_NONE, NULL, 0}, {"{'a' 1}", LOOM_EINPUT, 0, 0, "\":\"", 6}, {"{'a': }", LOOM_EINPUT, 0, 0, "a value", 7},
      {"{'a': 1", LOOM_EINPUT, 0, 0, "\"}\"", 8}, {"{*}", LOOM_EINPUT, 0, 0, "a value", 2}, {"...", LOOM_OK, SYN_Constant, SYN_CONST_ELLIPSIS, NULL, 0}, {"..", LOOM_EINPUT, 0, 0, "a value", 1}, {".", LOOM_EINPUT, 0, 0, "a value", 1},
      {"inf", LOOM_OK, SYN_Constant, SYN_CONST_FLOAT, NULL, 0}, {"nan", LOOM_OK, SYN_Constant, SYN_CONST_FLOAT, NULL, 0}, {"(1)", LOOM_OK, SYN_Constant, SYN_CONST_INT, NULL, 0}, {"(1,)", LOOM_OK, SYN_Tuple, 0, NULL, 0},
      {"()", LOOM_OK, SYN_Tuple, 0, NULL, 0}, {"[1, 2]", LOOM_OK, SYN_List, 0, NULL, 0}, {"[1, 2", LOOM_EINPUT, 0, 0, "\"]\"", 6}, {"(1, 2]", LOOM_EINPUT, 0, 0, "\")\"", 6}, {"torch.float16", LOOM_OK, SYN_Attribute, 0, NULL, 0},
      {"%name", LOOM_EINPUT, 0, 0, "a value", 1}, {"a@b$c", LOOM_OK, SYN_Name, 0, NULL, 0}, {"device(type='cpu')", LOOM_OK, SYN_Constant, SYN_CONST_NONE, NULL, 0}, {"slice(1, None, 2)", LOOM_OK, SYN_Slice, 0, NULL, 0},
      {"slice('a', 'b', 'c')", LOOM_OK, SYN_Slice, 0, NULL, 0}, {"slice(None, 1, u0)", LOOM_OK, SYN_Slice, 0, NULL, 0}, {"slice(1, 2)", LOOM_OK, SYN_Constant, SYN_CONST_NONE, NULL, 0}, {"Eq(u0, 1)", LOOM_OK, SYN_Compare, 0, NULL, 0},
      {"Eq(u0)", LOOM_OK, SYN_Constant, SYN_CONST_NONE, NULL, 0}, {"u0 != 1", LOOM_OK, SYN_Compare, 0, NULL, 0}, {"u0 <= ", LOOM_EINPUT, 0, 0, "a value", 7}, {"2**", LOOM_EINPUT, 0, 0, "a value", 4}, {"2*", LOOM_EINPUT, 0, 0, "a value", 3},
      {"2 -", LOOM_EINPUT, 0, 0, "a value", 4}, {"1 2", LOOM_EINPUT, 0, 0, "the end", 3}, {"", LOOM_EINPUT, 0, 0, "a value", 1}, {"f(1, a=)", LOOM_EINPUT, 0, 0, "a value", 0}, {"?", LOOM_EINPUT, 0, 0, "a value", 1}, {"ModularIndexing(u0, 2)", LOOM_OK, SYN_BinOp, 0, NULL, 0}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    syn_node *e = NULL;
    loom_ctx_init(&ctx);
    const diag_source *source = diag_add_source(&ctx, "dump", cases[i].text, strlen(cases[i].text));
    loom_status st = dir_parse(&ctx, (loom_span){.source = source, .line = 1, .col = 1}, cases[i].text, strlen(cases[i].text), &e);
    const diag_item *d = ctx.diag.first;
    bool ok = st == cases[i].status && (st != LOOM_OK ? d && strstr(d->text, cases[i].part) && (!cases[i].col || d->span.col == cases[i].col)
                                                     : e->kind == cases[i].kind && (e->kind != SYN_Constant || e->const_kind == cases[i].constant));
    if (!ok)
      fail_msg("%s: status %d, kind %d, \"%s\" at %d", cases[i].text, (int)st, e ? (int)e->kind : -1, d ? d->text : "", d ? d->span.col : 0);
    loom_ctx_done(&ctx);
  }
  loom_ctx ctx;   /* nested deeper than any dump */
  syn_node *e;
  loom_ctx_init(&ctx);
  text t = text_new(&ctx.mem);
  for (int i = 0; i < 5000; i++)
    text_add(&t, "(");
  assert_int_equal(dir_parse(&ctx, LOOM_NOSPAN, text_str(&t), t.size, &e), LOOM_ELIMIT);
  loom_ctx_done(&ctx);
}

static void test_sizes_are_the_same_when_they_always_agree(void **state) {
  (void)state;
  static const struct { const char *a, *b; bool same; } cases[] = {{"u7 - u6", "-u6 + u7", true}, {"u1*(u18 + 1)", "(1 + u18)*u1", true}, {"s27", "s28", false}, {"u0 + 1", "u0", false}, {"u0*u1", "u0", false}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    syn_node *a, *b;
    loom_ctx_init(&ctx);
    assert_int_equal(dir_parse(&ctx, LOOM_NOSPAN, cases[i].a, strlen(cases[i].a), &a), LOOM_OK);
    assert_int_equal(dir_parse(&ctx, LOOM_NOSPAN, cases[i].b, strlen(cases[i].b), &b), LOOM_OK);
    assert_int_equal(dir_same_size(a, b), cases[i].same);
    loom_ctx_done(&ctx);
  }
}

static void test_targets_are_the_names_of_functions(void **state) {
  (void)state;
  static const char *const cases[][2] = {{"<function _host_tensor at 0x7f9d53df7ac0>", "_host_tensor"}, {"<built-in function getitem>", "getitem"}, {"aten.mul.Tensor", "aten.mul.Tensor"},
                                         {"torch.ops.aten.addmm.default", "aten.addmm.default"}, {"helion_language__tracing_ops__for_loop", "_for_loop"}, {"_operator.add", "add"},
                                         {"helion_language_memory_ops_load", "load"}, {"helion.language.creation_ops.full", "full"}, {"helion_language_scan_ops__associative_scan", "_associative_scan"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    loom_ctx_init(&ctx);
    assert_string_equal(dir_target(&ctx.mem, cases[i][0], strlen(cases[i][0])), cases[i][1]);
    loom_ctx_done(&ctx);
  }
}

/* Every text of every dump that is cut short, or has a byte changed, is read or refused. */
static void test_damaged_dumps_are_read_or_refused(void **state) {
  (void)state;
  static const char *const dumps[] = {"branch_else.txt", "running.fx.txt", "transposed.json", "nominal.txt", "counted_rows.json"};
  for (size_t i = 0; i < COUNT_OF(dumps); i++) {
    loom_ctx whole;
    loom_ctx_init(&whole);
    char *s = read_file(&whole, dumps[i]);
    size_t n = strlen(s);
    for (size_t at = 0; at < n; at += 23)
      for (int how = 0; how < 2; how++) {
        loom_ctx ctx;
        kernel_graph *k = NULL;
        loom_ctx_init(&ctx);
        char *copy = arena_strndup(&ctx.mem, s, how ? n : at);
        if (how)
          copy[at] = "([0,\"x\n"[at % 7];
        loom_status st = device_ir_read(&ctx, dumps[i], copy, strlen(copy), NULL, &k);
        assert_true(st != LOOM_EBUG);
        assert_true(st == LOOM_OK ? k != NULL : ctx.diag.errors > 0);
        loom_ctx_done(&ctx);
      }
    loom_ctx_done(&whole);
  }
}

static loom_status read_branch(loom_ctx *ctx, void *data) {
  kernel_graph *k;
  return device_ir_read(ctx, "branch.txt", data, strlen(data), NULL, &k);
}

/* Each graph calls the next one twice, so that they would be written out 2^24 times. */
static void test_graphs_that_call_others_twice_are_not_written_out_for_ever(void **state) {
  (void)state;
  loom_ctx ctx;
  kernel_graph *k;
  loom_ctx_init(&ctx);
  text t = text_new(&ctx.mem);
  text_add(&t, "# loom: device-ir 1\n# loom: kernel twice\n# loom: block 0 var=u0 size=6\n# loom: tensor x arg f32[6]\n# loom: graph root_graph_0 blocks=0 phase=0\n# loom: return x\n");
  for (int g = 0; g < 25; g++) {
    text_addf(&t, "def %s_graph_%d():\n    block_size_0: \"Sym(u0)\" = helion_language__tracing_ops__get_symnode('block_size_0')\n    tile_id: \"Sym(v0)\" = helion_language_tile_ops_tile_id(block_size_0)\n"
                  "    eq: \"Sym(Eq(v0, 0))\" = _operator_eq(tile_id, 0)\n", g ? "if" : "root", g);
    for (int k2 = 0; k2 < 2 && g < 24; k2++)
      text_addf(&t, "    _if_%d = helion_language__tracing_ops__if(eq, %d, [])\n", k2, g + 1);
    text_add(&t, "    return None\n");
  }
  loom_status st = device_ir_read(&ctx, "twice", text_str(&t), t.size, NULL, &k);
  assert_int_equal(st, LOOM_ELIMIT);
  testing_expect_error(&ctx, LOOM_ELIMIT, "the graphs of the dump make more than 16384 statements", 0, 0);
  loom_ctx_done(&ctx);
}

/* Two grids without a word about phases: the first calls a chain of `first` graphs, the second one of `second` graphs whose last calls the first chain.  Each calls the next `times` times. */
static const char *two_chains(loom_ctx *ctx, int first, int second, int times) {
  text t = text_new(&ctx->mem);
  text_add(&t, "# loom: device-ir 1\n# loom: kernel chains\n# loom: block 0 var=u0 size=6\n# loom: block 1 var=u1 size=6\n# loom: tensor x arg f32[6]\n"
               "# loom: graph root_graph_0 blocks=0\n# loom: graph root_graph_1 blocks=1\n# loom: return x\n");
  for (int g = 0; g < 2 + first + second; g++) {
    int next = g == 0 ? 2 : g == 1 ? 2 + first : g == 1 + first ? 0 : g == 1 + first + second ? 2 : g + 1;
    text_addf(&t, "def %s_graph_%d():\n    x: \"f32[6]\" = helion_language__tracing_ops__host_tensor('x')\n    v: \"f32[]\" = helion_language_memory_ops_load(x, [0], None, None)\n"
                  "    yes: \"b8[]\" = torch.ops.aten.gt.Scalar(v, 0)\n    atomic_add = helion_language_atomic_ops_atomic_add(x, [0], 1.0)\n", g > 1 ? "if" : "root", g);
    for (int i = 0; i < times && next && next < 2 + first + second; i++)
      text_addf(&t, "    _if_%d = helion_language__tracing_ops__if(yes, %d, [])\n", i, next);
    text_add(&t, "    return None\n");
  }
  return text_str(&t);
}

static void test_chains_of_graphs_are_looked_at_once_and_not_too_deep(void **state) {
  (void)state;
  static const struct { int first, second, times; loom_status status; const char *part; } cases[] = {
      {0, 0, 0, LOOM_OK, NULL}, {2, 25, 2, LOOM_ELIMIT, "the graphs of the dump make more than 16384 statements"}, {20, 20, 1, LOOM_ELIMIT, "graphs nested more than 32 deep"}, {40, 0, 1, LOOM_ELIMIT, "is nested too deep"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    kernel_graph *k;
    loom_ctx_init(&ctx);
    const char *s = two_chains(&ctx, cases[i].first, cases[i].second, cases[i].times);
    loom_status st = device_ir_read(&ctx, "chains", s, strlen(s), NULL, &k);
    if (st != cases[i].status || (st != LOOM_OK && !strstr(ctx.diag.first->text, cases[i].part)))
      fail_msg("%d and %d graphs: status %d, %s", cases[i].first, cases[i].second, (int)st, ctx.diag.first ? ctx.diag.first->text : "");
    for (size_t j = 0, barriers = 0; st == LOOM_OK && j < k->body.ops.n; j++) {
      barriers += k->body.ops.at[j]->kind == KERNEL_BARRIER;
      assert_true(barriers == (j > 0));   /* what the first adds to the second adds to */
    }
    loom_ctx_done(&ctx);
  }
}

/* Oracle: the text. */
static void test_arguments_come_in_the_order_of_their_first_use(void **state) {
  (void)state;
  static const char code[] = "# loom: device-ir 1\n# loom: kernel order\n# loom: block 0 var=u0 size=6\n"
      "def if_graph_0():\n    a: \"f32[6]\" = helion_language__tracing_ops__host_tensor('a')\n    b0: \"Sym(u0)\" = helion_language__tracing_ops__get_symnode('block_size_0')\n"
      "    v: \"f32[u0]\" = helion_language_memory_ops_load(a, [b0], None, None)\n    out: \"f32[6]\" = helion_language__tracing_ops__host_tensor('out')\n"
      "    store = helion_language_memory_ops_store(out, [b0], v, None)\n    return None\n"
      "def root_graph_1():\n    b0: \"Sym(u0)\" = helion_language__tracing_ops__get_symnode('block_size_0')\n    tile_id: \"Sym(v0)\" = helion_language_tile_ops_tile_id(b0)\n"
      "    eq: \"Sym(Eq(v0, 0))\" = _operator.eq(tile_id, 0)\n    c: \"f32[6]\" = helion_language__tracing_ops__host_tensor('c')\n    v: \"f32[u0]\" = helion_language_memory_ops_load(c, [b0], None, None)\n"
      "    out: \"f32[6]\" = helion_language__tracing_ops__host_tensor('out')\n    store = helion_language_memory_ops_store(out, [b0], v, None)\n"
      "    _if = helion_language__tracing_ops__if(eq, 0, [])\n    return None\n";
  loom_ctx ctx;
  kernel_graph *k;
  loom_ctx_init(&ctx);
  if (device_ir_read(&ctx, "order", code, sizeof code - 1, NULL, &k) != LOOM_OK)
    fail_msg("%s", ctx.diag.first->text);
  assert_string_equal(k->tensors.at[0].name, "c");
  assert_string_equal(k->tensors.at[1].name, "a");
  loom_ctx_done(&ctx);
}

/* Loops over two ranges of one size around a third, and a second grid that reads what the loops store, or something else. */
static void test_nested_loops_have_blocks_of_their_own_and_barriers_see_into_them(void **state) {
  (void)state;
  static const char code[] =
      "# loom: device-ir 1\n"
      "# loom: kernel nested\n"
      "# loom: block 0 var=u0 size=6\n"
      "# loom: block 1 var=u1 size=6\n"
      "# loom: block 2 var=u2 size=6\n"
      "# loom: block 3 var=u3 size=6\n"
      "# loom: block 4 var=u4 size=6\n"
      "# loom: graph root_graph_0 blocks=0\n"
      "# loom: graph root_graph_1 blocks=1\n"
      "def for_loop_3():\n"
      "    b2: \"Sym(u2)\" = helion_language__tracing_ops__get_symnode('block_size_2')\n"
      "    b3: \"Sym(u3)\" = helion_language__tracing_ops__get_symnode('block_size_3')\n"
      "    b4: \"Sym(u4)\" = helion_language__tracing_ops__get_symnode('block_size_4')\n"
      "    x: \"f32[6, 6, 6]\" = helion_language__tracing_ops__host_tensor('x')\n"
      "    v: \"f32[u2, u3, u4]\" = helion_language_memory_ops_load(x, [b2, b3, b4], None, None)\n"
      "    y: \"f32[6, 6, 6]\" = helion_language__tracing_ops__host_tensor('y')\n"
      "    store = helion_language_memory_ops_store(y, [b2, b3, b4], v, None)\n"
      "    return None\n"
      "def for_loop_2():\n"
      "    b2: \"Sym(u2)\" = helion_language__tracing_ops__get_symnode('block_size_2')\n"
      "    b3: \"Sym(u3)\" = helion_language__tracing_ops__get_symnode('block_size_3')\n"
      "    _for_loop = helion_language__tracing_ops__for_loop(3, [0], [6], [])\n"
      "    return None\n"
      "def root_graph_0():\n"
      "    b0: \"Sym(u0)\" = helion_language__tracing_ops__get_symnode('block_size_0')\n"
      "    _for_loop = helion_language__tracing_ops__for_loop(2, [0, 0], [6, 6], [])\n"
      "    return None\n"
      "def root_graph_1():\n"
      "    b1: \"Sym(u1)\" = helion_language__tracing_ops__get_symnode('block_size_1')\n"
      "    READ: \"f32[6, 6, 6]\" = helion_language__tracing_ops__host_tensor('READ')\n"
      "    v: \"f32[u1, 6, 6]\" = helion_language_memory_ops_load(READ, [b1, slice(None, None, None), slice(None, None, None)], None, None)\n"
      "    out: \"f32[6, 6, 6]\" = helion_language__tracing_ops__host_tensor('out')\n"
      "    store = helion_language_memory_ops_store(out, [b1, slice(None, None, None), slice(None, None, None)], v, None)\n"
      "    return None\n";
  static const struct { const char *read; size_t barriers; } cases[] = {{"y", 1}, {"x", 0}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    kernel_graph *k;
    size_t barriers = 0;
    loom_ctx_init(&ctx);
    const char *s = code;
    while (strstr(s, "READ"))
      s = edited(&ctx, s, "READ", cases[i].read);
    if (device_ir_read(&ctx, "nested", s, strlen(s), NULL, &k) != LOOM_OK)
      fail_msg("%d:%d %s\n%s", ctx.diag.first->span.line, ctx.diag.first->span.col, ctx.diag.first->text, s);
    for (size_t j = 0; j < k->body.ops.n; j++)
      barriers += k->body.ops.at[j]->kind == KERNEL_BARRIER;
    assert_int_equal(barriers, cases[i].barriers);
    const kernel_op *outer = k->body.ops.at[0]->regions[0].ops.at[0], *middle = outer->regions[0].ops.at[0], *inner = middle->regions[0].ops.at[0];
    const kernel_op *const loops[] = {outer, middle, inner};
    for (int j = 0; j < 3; j++) {
      assert_int_equal(loops[j]->kind, KERNEL_LOOP);
      assert_string_equal(loops[j]->ranges[0].block, arena_printf(&ctx.mem, "tile_%d", j + 2));
    }
    loom_ctx_done(&ctx);
  }
}

/* A grid and host code of which nothing is written down. */
static void test_graphs_without_nodes(void **state) {
  (void)state;
  static const struct { const char *graphs, *roots; loom_status status; const char *part; } cases[] = {
      {"{\"id\": 0, \"class\": \"RootGraphInfo\", \"block_ids\": [0], \"nodes\": []}", "{\"graph\": 0, \"block_ids\": [0]}", LOOM_EINPUT, "graph 0 is empty"},
      {"{\"id\": 0, \"class\": \"LoomHostGraphInfo\", \"nodes\": []}", "{\"graph\": 0, \"block_ids\": []}", LOOM_EINPUT, "has no tile loop"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    loom_ctx ctx;
    kernel_graph *k;
    loom_ctx_init(&ctx);
    const char *s = arena_printf(&ctx.mem, "{\"schema\": \"loom.helion.v1\", \"kernel\": {\"name\": \"f\"}, \"symbols\": [], \"block_sizes\": [{\"id\": 0, \"var\": \"u0\", \"size\": 4, \"reduction\": false, "
                                 "\"source\": {\"kind\": \"loop\"}}], \"host\": [{\"id\": \"x\", \"op\": \"arg\", \"dtype\": \"f32\", \"shape\": [4]}], \"graphs\": [%s], \"roots\": [%s], \"returns\": [\"x\"]}",
                                 cases[i].graphs, cases[i].roots);
    loom_status st = device_ir_read(&ctx, "empty", s, strlen(s), NULL, &k);
    if (st != cases[i].status || !strstr(ctx.diag.first->text, cases[i].part))
      fail_msg("%zu: status %d, %s", i, (int)st, ctx.diag.first ? ctx.diag.first->text : "");
    loom_ctx_done(&ctx);
  }
}

static void test_memory_may_run_out_anywhere(void **state) {
  (void)state;
  loom_ctx ctx;
  loom_ctx_init(&ctx);
  testing_sweep_memory(read_branch, read_file(&ctx, "branch.txt"));
  loom_ctx_done(&ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_is_wrong_is_said_with_its_place), cmocka_unit_test(test_shapes_name_symbols_and_dimensions),
      cmocka_unit_test(test_forms_are_known_by_their_content),     cmocka_unit_test(test_expressions_have_pythons_value),     cmocka_unit_test(test_values_are_read_or_refused_at_their_place),
      cmocka_unit_test(test_sizes_are_the_same_when_they_always_agree), cmocka_unit_test(test_targets_are_the_names_of_functions),
      cmocka_unit_test(test_damaged_dumps_are_read_or_refused),    cmocka_unit_test(test_memory_may_run_out_anywhere),
      cmocka_unit_test(test_nested_loops_have_blocks_of_their_own_and_barriers_see_into_them), cmocka_unit_test(test_graphs_without_nodes),
      cmocka_unit_test(test_chains_of_graphs_are_looked_at_once_and_not_too_deep), cmocka_unit_test(test_arguments_come_in_the_order_of_their_first_use),
      cmocka_unit_test(test_graphs_that_call_others_twice_are_not_written_out_for_ever),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
