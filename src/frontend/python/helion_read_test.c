/* Kernels of both styles, read from Python text.  Oracle: the interpreter runs the graph on small whole numbers, whose products and sums are
 * exact in every element type, and must give bit for bit what three plain loops give. */
#include "base/file.h"
#include "base/testing.h"
#include "frontend/helion/helion.h"
#include "kernel/interp.h"

#define IMPORTS "import torch\nimport helion\nimport helion.language as hl\nfrom torch import Tensor\n"
#define HEAD IMPORTS "@helion.kernel(static_shapes=True)\ndef f(x: Tensor, y: Tensor) -> Tensor:\n"
#define SIZES "  m, k = x.size()\n  k2, n = y.size()\n"
#define OUT "  out = torch.empty([m, n], dtype=x.dtype, device=x.device)\n"
#define GRID "  for tile_m, tile_n in hl.tile([m, n]):\n"
#define ACC "    acc = hl.zeros([tile_m, tile_n], dtype=torch.float32)\n"
#define STEP "    for tile_k in hl.tile(k):\n      acc = torch.addmm(acc, x[tile_m, tile_k], y[tile_k, tile_n])\n"
#define STORE "    out[tile_m, tile_n] = acc\n"
#define END "  return out\n"

static loom_status read_text(loom_ctx *ctx, const char *code, const helion_options *o, kernel_graph **out) {
  syn_node *tree;
  loom_ctx_init(ctx);
  LOOM_TRY(python_parse(ctx, "k.py", code, strlen(code), &tree));
  return helion_read(ctx, tree, o, out);
}

static void print_errors(const loom_ctx *ctx, const char *code) {
  for (const diag_item *d = ctx->diag.first; d; d = d->next)
    print_message("%d:%d: %s\n", d->span.line, d->span.col, d->text);
  print_message("%s\n", code);
}

/* ---- the numbers ---- */
enum { M = 6, N = 4, K = 5, B = 3 };
static const helion_shape two_d[] = {{"x.0", M}, {"x.1", K}, {"y.0", K}, {"y.1", N}};
static const helion_shape three_d[] = {{"x.0", B}, {"x.1", M}, {"x.2", K}, {"y.0", B}, {"y.1", K}, {"y.2", N}};

typedef double epilogue(double v, int64_t column, const interp_tensor *args);
static double keep(double v, int64_t column, const interp_tensor *args) { (void)column; (void)args; return v; }
static double relu(double v, int64_t column, const interp_tensor *args) { (void)column; (void)args; return v > 0 ? v : 0; }
static double add_bias(double v, int64_t column, const interp_tensor *args) { return v + args[2].value[column]; }
static double bias_relu(double v, int64_t column, const interp_tensor *args) { return relu(add_bias(v, column, args), column, args); }
static double twice(double v, int64_t column, const interp_tensor *args) { (void)column; (void)args; return 2 * v; }

/* Tensors 0 and 1 are x[.., M, K] and y[.., K, N]; returns[0] is compared. */
static bool is_matmul(loom_ctx *ctx, const kernel_graph *k, epilogue *post) {
  interp_tensor *t = ARENA_NEW_N(&ctx->mem, interp_tensor, k->tensors.n);
  for (size_t i = 0; i < k->tensors.n && k->tensors.at[i].role == KERNEL_ARG; i++)
    if (interp_make_input(ctx, k, (kernel_tensor)i, 7 + i, true, &t[i]) != LOOM_OK)
      return false;
  VEC_OF(sym_binding) blocks = {0};
  for (size_t i = 0; i < k->symbols.n; i++)   /* 2 divides some of the sizes and leaves partial tiles of others */
    if (k->symbols.at[i].kind == KERNEL_SYM_BLOCK && k->symbols.at[i].value < 0)
      vec_push(&ctx->mem, &blocks, ((sym_binding){k->symbols.at[i].name, 2}));
  interp_options o = {.blocks = blocks.at, .n_blocks = blocks.n, .exact = true, .op_budget = 1000000};
  if (interp_run(ctx, k, t, &o) != LOOM_OK || k->returns.n < 1)
    return false;
  const interp_tensor *c = &t[k->returns.at[0]];
  int64_t batches = c->rank == 3 ? c->shape[0] : 1;
  if (c->elems != batches * M * N)
    return false;
  for (int64_t b = 0; b < batches; b++)
    for (int64_t i = 0; i < M; i++)
      for (int64_t j = 0; j < N; j++) {
        double sum = 0;
        for (int64_t l = 0; l < K; l++)
          sum += t[0].value[(b * M + i) * K + l] * t[1].value[(b * K + l) * N + j];
        double want = post(sum, j, t), got = c->value[(b * M + i) * N + j];
        if (want < got || want > got)
          return false;
      }
  return true;
}

typedef struct form { const char *name, *code; epilogue *post; bool is_batched, has_bias; } form;

static const form forms[] = {
    {"addmm", HEAD SIZES "  assert k == k2, f'{k} {k2}'\n" OUT GRID ACC STEP STORE END, keep, 0, 0},
    {"decorator without a call", IMPORTS "@helion.kernel\ndef f(x, y):\n" SIZES OUT GRID ACC STEP STORE END, keep, 0, 0},
    {"helion.jit", IMPORTS "@helion.jit(static_shapes=False)\ndef f(x, y):\n" SIZES OUT GRID ACC STEP STORE END, keep, 0, 0},
    {"wrapped into a variable",
     IMPORTS "def g(x, y):\n" SIZES OUT GRID ACC STEP STORE END "f = helion.kernel(config=helion.Config(block_sizes=[1]))(g)\n", keep, 0,
     0},
    {"wrapped with the function first",
     IMPORTS "def g(x, y):\n" SIZES OUT GRID ACC STEP STORE END "f: object = helion.kernel(g, static_shapes=True)\n", keep, 0, 0},
    {"import aliases",
     "import torch as t\nfrom helion import kernel as kern, language as L\nfrom torch import float32, "
     "empty\n@kern(static_shapes=True)\ndef f(x: t.Tensor, y: 't.Tensor'):\n" SIZES
     "  out = empty(m, n, dtype=x.dtype)\n  for i, j in L.tile([m, n]):\n    s = L.zeros([i, j], dtype=float32)\n    for l in L.tile(k):\n "
     "     s = t.addmm(s, x[i, l], y[l, j])\n"
     "    out[i, j] = s\n" END,
     keep, 0, 0},
    {"one-line imports and a conditional import",
     "import torch, helion, helion.language\ntry:\n  import helion.language as hl\nexcept ImportError:\n  hl = None\n@helion.kernel()\ndef "
     "f(x, y):\n" SIZES OUT GRID ACC STEP STORE END,
     keep, 0, 0},
    {"shape attribute, negative dims and size(d)",
     HEAD
     "  m = x.shape[0]\n  k = x.size(-1)\n  n = y.shape[-1]\n  assert x.shape[1] == y.size(0) and x.dim() == 2 and x.is_cuda\n" OUT GRID ACC
         STEP STORE END,
     keep, 0, 0},
    {"starred unpack of shape", HEAD "  m, *rest = x.shape\n  k, = rest\n  n = y.shape[1]\n" OUT GRID ACC STEP STORE END, keep, 0, 0},
    {"hl.dot with acc",
     HEAD SIZES OUT GRID ACC "    for tile_k in hl.tile(k):\n      acc = hl.dot(x[tile_m, tile_k], y[tile_k, tile_n], acc=acc)\n" STORE END,
     keep, 0, 0},
    {"hl.dot added",
     HEAD SIZES OUT GRID ACC "    for tile_k in hl.tile(k):\n      acc = acc + hl.dot(x[tile_m, tile_k], y[tile_k, tile_n])\n" STORE END,
     keep, 0, 0},
    {"acc += a @ b",
     HEAD SIZES OUT GRID ACC "    for tile_k in hl.tile(k):\n      acc += x[tile_m, tile_k] @ y[tile_k, tile_n]\n" STORE END, keep, 0, 0},
    {"f16 accumulator with +=",
     HEAD SIZES OUT GRID "    acc = hl.zeros([tile_m, tile_n], dtype=x.dtype)\n    for tile_k in hl.tile(k):\n      acc += "
                         "hl.dot(x[tile_m, tile_k], y[tile_k, tile_n])\n" STORE END,
     keep, 0, 0},
    {"matmul through variables",
     HEAD SIZES OUT GRID ACC "    for tile_k in hl.tile(k):\n      a = x[tile_m, tile_k]\n      b = y[tile_k, tile_n]\n      p = "
                             "torch.matmul(a, b)\n      acc = acc + p\n" STORE END,
     keep, 0, 0},
    {"mm with f32 operands",
     HEAD SIZES OUT GRID ACC
     "    for tile_k in hl.tile(k):\n      acc = torch.mm(x[tile_m, tile_k].to(torch.float32), y[tile_k, tile_n].float()) + acc\n" STORE
         END,
     keep, 0, 0},
    {"cast at the store",
     HEAD SIZES "  out = torch.empty(m, n, dtype=torch.promote_types(x.dtype, y.dtype), device=x.device)\n" GRID ACC STEP
                "    out[tile_m, tile_n] = acc.to(out.dtype)\n" END,
     keep, 0, 0},
    {"new_empty", HEAD SIZES "  out = x.new_empty([m, n])\n" GRID ACC STEP STORE END, keep, 0, 0},
    {"zeros with a tuple, default type", HEAD SIZES "  out = torch.zeros((m, n))\n" GRID ACC STEP STORE END, keep, 0, 0},
    {"nested parallel and inner loops",
     HEAD SIZES OUT
     "  for tile_m in hl.tile(m):\n    for tile_n in hl.tile(n):\n      acc = hl.zeros([tile_m, tile_n], dtype=torch.float32)\n"
     "      for tile_k in hl.tile(k):\n        acc = torch.addmm(acc, x[tile_m, tile_k], y[tile_k, tile_n])\n      out[tile_m, tile_n] = "
     "acc\n" END,
     keep, 0, 0},
    {"registered block sizes",
     HEAD SIZES OUT "  bm = hl.register_block_size(m)\n  bn = hl.register_block_size(1, n)\n  for tile_m, tile_n in hl.tile([m, n], "
                    "block_size=[bm, bn]):\n"
                    "    acc = hl.zeros([tile_m, tile_n])\n" STEP STORE END,
     keep, 0, 0},
    {"fixed block size of the inner loop",
     HEAD SIZES OUT GRID ACC
     "    for tile_k in hl.tile(k, block_size=3):\n      acc = torch.addmm(acc, x[tile_m, tile_k], y[tile_k, tile_n])\n" STORE END,
     keep, 0, 0},
    {"begin and end",
     HEAD SIZES OUT GRID ACC
     "    for tile_k in hl.tile(0, k):\n      acc = torch.addmm(acc, x[tile_m, tile_k], y[tile_k, tile_n])\n" STORE END,
     keep, 0, 0},
    {"specialize and host arithmetic",
     HEAD SIZES "  k = hl.specialize(k)\n  half = k // 2\n  assert half * 2 <= k\n" OUT GRID ACC STEP STORE END, keep, 0, 0},
    {"full slices instead of a k loop", HEAD SIZES OUT GRID "    out[tile_m, tile_n] = hl.dot(x[tile_m, :], y[:, tile_n])\n" END, keep, 0,
     0},
    {"static if, docstring, unused code",
     HEAD "  '''doc'''\n" SIZES "  if k != k2:\n    raise ValueError('no')\n  if x.dtype == torch.float64:\n    out = None\n  else:\n    "
                                "out = x.new_zeros(m, n)\n" GRID ACC STEP STORE "  return out\n  this is not None\n",
     keep, 0, 0},
    {"tuple return", HEAD SIZES OUT GRID ACC STEP STORE "  return out, None\n", keep, 0, 0},
    {"single loop variable for two ranges",
     HEAD SIZES OUT "  for tile in hl.tile([m, n]):\n    acc = hl.zeros(tile)\n    for tile_k in hl.tile(k):\n      acc = torch.addmm(acc, "
                    "x[tile[0], tile_k], y[tile_k, tile[1]])\n    out[tile] = acc\n" END,
     keep, 0, 0},
    {"unrolled loop over k",
     HEAD SIZES OUT GRID ACC
     "    for i in hl.static_range(k):\n      acc = acc + x[tile_m, i][:, None] * y[i, tile_n][None, :]\n" STORE END,
     keep, 0, 0},
    {"rank-one updates in a grid loop",
     HEAD SIZES OUT GRID ACC "    for i in hl.grid(k):\n      acc = acc + x[tile_m, i][:, None] * y[i, tile_n][None, :]\n" STORE END, keep,
     0, 0},
    {"transposed twice",
     HEAD SIZES OUT GRID ACC "    for tile_k in hl.tile(k):\n      acc = torch.addmm(acc, x[tile_m, tile_k].T.t(), y[tile_k, "
                             "tile_n].transpose(0, 1).permute(1, 0))\n" STORE END,
     keep, 0, 0},
    {"sum of products",
     HEAD SIZES OUT GRID ACC "    for tile_k in hl.tile(k):\n      acc += torch.sum(x[tile_m, tile_k].unsqueeze(2).float() * y[tile_k, "
                             "tile_n][None, :, :], dim=1)\n" STORE END,
     keep, 0, 0},
    {"lambda epilogue",
     IMPORTS "@helion.kernel()\ndef f(x, y, epilogue=lambda acc, tile: acc):\n" SIZES OUT GRID ACC STEP
             "    out[tile_m, tile_n] = epilogue(acc, (tile_m, tile_n))\n" END,
     keep, 0, 0},
    {"epilogue function with a static if",
     IMPORTS "SCALE = 2\ndef post(acc, scale=SCALE):\n  if scale is None:\n    return acc\n  return acc * scale\n@helion.kernel()\ndef "
             "f(x, y):\n" SIZES OUT GRID ACC STEP "    out[tile_m, tile_n] = post(acc)\n" END,
     twice, 0, 0},
    {"closure epilogue",
     IMPORTS "@helion.kernel()\ndef f(x, y):\n" SIZES OUT "  two = 1 + 1\n  post = lambda v: v * two\n" GRID ACC STEP
             "    out[tile_m, tile_n] = post(acc)\n" END,
     twice, 0, 0},
    {"relu function", HEAD SIZES OUT GRID ACC STEP "    out[tile_m, tile_n] = torch.relu(acc)\n" END, relu, 0, 0},
    {"relu of nn.functional",
     "import torch.nn.functional as F\n" HEAD SIZES OUT GRID ACC STEP "    out[tile_m, tile_n] = F.relu(acc).to(x.dtype)\n" END, relu, 0,
     0},
    {"relu as a method, clamp and where",
     HEAD SIZES OUT GRID ACC STEP "    out[tile_m, tile_n] = torch.where(acc > 0, acc.relu(), torch.clamp(acc, min=0.0))\n" END, relu, 0,
     0},
    {"maximum of a number", HEAD SIZES OUT GRID ACC STEP "    out[tile_m, tile_n] = torch.maximum(acc, torch.zeros_like(acc))\n" END, relu,
     0, 0},
    {"positional types",
     HEAD SIZES "  out = torch.empty(size=(m, n), dtype=x.dtype)\n" GRID "    acc = hl.zeros([tile_m, tile_n], torch.float32)\n" STEP
                "    out[tile_m, tile_n] = acc.to(torch.half)\n" END,
     keep, 0, 0},
    {"full and torch.zeros on the device",
     HEAD SIZES OUT GRID
     "    acc = hl.full([tile_m, tile_n], 0.0, torch.float32) + torch.zeros([tile_m, tile_n], dtype=torch.float32, device=x.device)\n" STEP
         STORE END,
     keep, 0, 0},
    {"alpha",
     HEAD SIZES OUT GRID ACC
     "    for tile_k in hl.tile(k):\n      acc = torch.addmm(acc, x[tile_m, tile_k], y[tile_k, tile_n], alpha=2.0, beta=1)\n" STORE END,
     twice, 0, 0},
    {"bias vector",
     IMPORTS "@helion.kernel()\ndef f(x, y, bias: Tensor):\n" SIZES OUT GRID ACC STEP "    out[tile_m, tile_n] = acc + bias[tile_n]\n" END,
     add_bias, 0, 1},
    {"bias and relu in an epilogue",
     IMPORTS "@helion.kernel()\ndef f(x, y, bias: Tensor):\n" SIZES OUT GRID ACC STEP
             "    e = lambda a, t: torch.relu(a + bias[t[1]][None, :])\n    out[tile_m, tile_n] = e(acc, [tile_m, tile_n])\n" END,
     bias_relu, 0, 1},
    {"bias starts the accumulator",
     IMPORTS "@helion.kernel()\ndef f(x, y, bias: Tensor):\n" SIZES OUT GRID
             "    acc = bias[tile_n].to(torch.float32)[None, :].expand(tile_m, tile_n)\n" STEP STORE END,
     add_bias, 0, 1},
    {"bias argument that is not given",
     IMPORTS "@helion.kernel()\ndef f(x, y, bias: Tensor | None = None):\n" SIZES OUT GRID ACC STEP
             "    if bias is not None:\n      acc = acc + bias[tile_n]\n" STORE END,
     keep, 0, 0},
    {"optional bias argument that is given",
     IMPORTS "@helion.kernel()\ndef f(x, y, bias: Tensor | None = None):\n" SIZES OUT GRID ACC STEP
             "    if bias is not None:\n      acc = acc + bias[tile_n]\n" STORE END,
     add_bias, 0, 1},
    {"batched, baddbmm",
     IMPORTS "@helion.kernel()\ndef f(x, y):\n  b, m, k = x.size()\n  b, k, n = y.size()\n  out = torch.empty([b, m, n], dtype=x.dtype)\n  "
             "for tile_b, tile_m, tile_n in hl.tile([b, m, n]):\n"
             "    acc = hl.zeros([tile_b, tile_m, tile_n], dtype=torch.float32)\n    for tile_k in hl.tile(k):\n      acc = "
             "torch.baddbmm(acc, x[tile_b, tile_m, tile_k], y[tile_b, tile_k, tile_n])\n"
             "    out[tile_b, tile_m, tile_n] = acc\n" END,
     keep, 1, 0},
    {"batched, one matrix at a time",
     IMPORTS "@helion.kernel()\ndef f(x, y):\n  b, m, k = x.size()\n  n = y.size(2)\n  out = torch.empty([b, m, n], dtype=x.dtype)\n  for "
             "i in hl.grid(b):\n    for tile_m, tile_n in hl.tile([m, n]):\n"
             "      acc = hl.zeros([tile_m, tile_n])\n      for tile_k in hl.tile(k):\n        acc = torch.addmm(acc, x[i, tile_m, "
             "tile_k], y[i, tile_k, tile_n])\n      out[i, tile_m, tile_n] = acc\n" END,
     keep, 1, 0},
    {"batched, bmm and ellipsis",
     IMPORTS "@helion.kernel()\ndef f(x, y):\n  b, m, k = x.shape\n  n = y.shape[2]\n  out = torch.empty_like(x).new_empty(b, m, n)\n  for "
             "tile_b, tile_m in hl.tile([b, m], block_size=[1, None]):\n"
             "    out[tile_b, tile_m, :] = torch.bmm(x[tile_b, tile_m, ...], y[tile_b], out_dtype=torch.float32)\n" END,
     keep, 1, 0},
};

static void test_every_form_of_matmul_computes_the_product(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(forms); i++) {
    const form *f = &forms[i];
    helion_shape shapes[8];
    size_t n = f->is_batched ? COUNT_OF(three_d) : COUNT_OF(two_d);
    memcpy(shapes, f->is_batched ? three_d : two_d, n * sizeof *shapes);
    if (f->has_bias)
      shapes[n++] = (helion_shape){"bias.0", N};
    helion_options o = {.shapes = shapes, .n_shapes = n};
    loom_ctx ctx;
    kernel_graph *k = NULL;
    bool ok = read_text(&ctx, f->code, &o, &k) == LOOM_OK && is_matmul(&ctx, k, f->post);
    if (!ok) {
      if (k)
        print_message("%s\n", kernel_print(&ctx.mem, k));
      print_errors(&ctx, f->code);
      fail_msg("%s", f->name);
    }
    loom_ctx_done(&ctx);
  }
}

/* ---- LoomKernel ---- */
#define LOOM_FN IMPORTS "from loom_kernel import LoomKernel\nDT = torch.float16\ndef _fn(x: Tensor, y: Tensor):\n" SIZES OUT \
                        "  for tile_m, tile_n in hl.tile([m, n]):\n    acc = hl.zeros([tile_m, tile_n], dtype=torch.float16)\n" STEP STORE END
#define LOOM_SIZES "  M = 6\n  N = 4\n  K = 5\n"
#define LOOM_TAIL "if __name__ == '__main__':\n  C.run()\n"

static const form loom_forms[] = {
    {"classmethod",
     LOOM_FN "class C(LoomKernel):\n  kernel_name = 'mat-mul'\n" LOOM_SIZES
             "  kernel = helion.kernel(static_shapes=False, autotune_config_overrides={})(_fn)\n"
             "  @classmethod\n  def bind_args(cls):\n    return [torch.randn([cls.M, cls.K], dtype=torch.float16), torch.randn((cls.K, "
             "cls.N), dtype=DT, device='cuda')]\n" LOOM_TAIL,
     keep, 0, 0},
    {"staticmethod and class name",
     LOOM_FN "class C(LoomKernel):\n  kernel_name = 'mat-mul'\n" LOOM_SIZES
             "  kernel = helion.kernel(_fn)\n  @staticmethod\n  def bind_args():\n"
             "    d = torch.device('cpu')\n    a = torch.ones(C.M, C.K, device=d).half()\n    b = torch.randint(-2, 3, (C.K, C.N), "
             "device=d).to(torch.float16).contiguous()\n    return a, b\n" LOOM_TAIL,
     keep, 0, 0},
    {"self and a nested function",
     LOOM_FN "class C(LoomKernel):\n  kernel_name: str = 'mat-mul'\n  N: int = 4\n  M = N + 2\n  K = 5\n  kernel = helion.kernel()(_fn)\n  "
             "def bind_args(self):\n"
             "    def make(*shape):\n      return torch.empty(*shape, dtype=torch.float16)\n    return tuple(make(p, q) for p, q in "
             "[(self.M, self.K), (self.K, self.N)])\n" LOOM_TAIL,
     keep, 0, 0},
    {"base class, function in the class",
     IMPORTS
     "import loom.kernels\nclass Base(loom.kernels.LoomKernel):\n  assume_divisible_tiles = False\n  @classmethod\n  def bind_args(cls):\n"
     "    return torch.rand(cls.M, cls.K).to('cuda', torch.float16), torch.full([cls.K, cls.N], 1.0, dtype=torch.float16)\nclass "
     "C(Base):\n" LOOM_SIZES "  kernel_name = 'mat-mul'\n  @staticmethod\n  def fn(x, y):\n    m, k = x.size()\n    n = y.size(1)\n    out "
                             "= torch.empty([m, n], dtype=x.dtype)\n    for i, j in hl.tile([m, n]):\n"
     "      s = hl.zeros([i, j], dtype=torch.float16)\n      for l in hl.tile(k):\n        s = torch.addmm(s, x[i, l], y[l, j])\n      "
     "out[i, j] = s\n    return out\n"
     "  kernel = helion.kernel(static_shapes=False)(fn)\n",
     keep, 0, 0},
};

static void test_loom_kernels_take_sizes_from_bind_args(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(loom_forms); i++) {
    loom_ctx ctx;
    kernel_graph *k = NULL;
    bool ok = read_text(&ctx, loom_forms[i].code, NULL, &k) == LOOM_OK && is_matmul(&ctx, k, keep);
    if (!ok) {
      print_errors(&ctx, loom_forms[i].code);
      fail_msg("%s", loom_forms[i].name);
    }
    assert_string_equal(k->name, "mat-mul");
    assert_string_equal(k->style, "loom");
    assert_int_equal(k->tensors.at[0].shape.type, DTYPE_F16);
    loom_ctx_done(&ctx);
  }
}

static const kernel_symbol *symbol(const kernel_graph *k, const char *name) {
  const kernel_symbol *s = kernel_find_symbol(k, name);
  if (!s)
    fail_msg("no symbol %s", name);
  return s;
}

static loom_status read_file(loom_ctx *ctx, const char *path, const helion_options *o, kernel_graph **out) {
  char *code;
  size_t size;
  syn_node *tree;
  loom_ctx_init(ctx);
  LOOM_TRY(file_read(ctx, file_join(&ctx->mem, LOOM_SOURCE_DIR, path), 1 << 20, &code, &size));
  LOOM_TRY(python_parse(ctx, path, code, size, &tree));
  return helion_read(ctx, tree, o, out);
}

static void test_shipped_matmul_has_named_sizes_and_dividing_blocks(void **state) {
  (void)state;
  static const helion_shape shapes[] = {{"M", 64}, {"K", 32}};
  helion_options o = {.shapes = shapes, .n_shapes = 2, .function = "matmul"};
  static const struct {
    const char *name;
    int64_t value;
    bool divides;
  } rows[] = {{"m", 64, 0}, {"k", 32, 0}, {"n", 2048, 0}, {"tile_m", -1, 1}, {"tile_n", -1, 1}, {"tile_k", -1, 1}};
  loom_ctx ctx;
  kernel_graph *k;
  assert_int_equal(read_file(&ctx, "kernels/matmul.py", &o, &k), LOOM_OK);
  assert_int_equal(k->symbols.n, COUNT_OF(rows));
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    assert_string_equal(k->symbols.at[i].name, rows[i].name);
    assert_int_equal(k->symbols.at[i].value, rows[i].value);
    assert_int_equal(k->symbols.at[i].divides, rows[i].divides);
  }
  assert_string_equal(sym_str(&ctx.mem, symbol(k, "tile_k")->extent), "k");
  assert_string_equal(sym_str(&ctx.mem, k->tensors.at[1].shape.dim[0]), "k");   /* k_b is k after the assertion */
  assert_int_equal(k->values.at[k->body.ops.at[0]->regions[0].params.at[0]].type.type, DTYPE_I64);
  assert_string_equal(k->values.at[k->body.ops.at[0]->regions[0].params.at[0]].block, "tile_m");
  assert_int_equal(strlen(k->sha256), 64);
  loom_ctx_done(&ctx);
}

static void test_shipped_helion_matmul_accumulates_in_f32(void **state) {
  (void)state;
  helion_options o = {.shapes = two_d, .n_shapes = COUNT_OF(two_d)};
  loom_ctx ctx;
  kernel_graph *k;
  assert_int_equal(read_file(&ctx, "kernels/matmul_helion.py", &o, &k), LOOM_OK);
  assert_true(is_matmul(&ctx, k, keep));
  assert_string_equal(k->style, "helion");
  bool found = false;
  for (size_t i = 0; i < k->values.n; i++)
    if (k->values.at[i].def && k->values.at[i].def->kind == KERNEL_MATMUL) {
      found = true;
      assert_int_equal(k->values.at[i].type.type, DTYPE_F32);
    }
  assert_true(found);
  assert_int_equal(k->tensors.at[k->returns.at[0]].shape.type, DTYPE_F16);
  loom_ctx_done(&ctx);
}

/* ---- types and names ---- */
static void test_dtype_option_types_arguments_and_promotion_follows(void **state) {
  (void)state;
  static const struct { dtype given; bool has; const char *out; dtype want; } rows[] = {
      {DTYPE_F16, false, "x.dtype", DTYPE_F16}, {DTYPE_BF16, true, "x.dtype", DTYPE_BF16}, {DTYPE_F32, true, "x.dtype", DTYPE_F32},
      {DTYPE_BF16, true, "torch.promote_types(x.dtype, torch.half)", DTYPE_F32}, {DTYPE_F16, true, "torch.float32", DTYPE_F32}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    loom_ctx ctx;
    kernel_graph *k;
    helion_options o = {.shapes = two_d, .n_shapes = COUNT_OF(two_d), .has_dtype = rows[i].has, .dtype = rows[i].given};
    char code[2000];
    snprintf(code, sizeof code, HEAD SIZES "  out = torch.empty([m, n], dtype=%s)\n" GRID ACC STEP STORE END, rows[i].out);
    assert_int_equal(read_text(&ctx, code, &o, &k), LOOM_OK);
    assert_int_equal(k->tensors.at[0].shape.type, rows[i].has ? rows[i].given : DTYPE_F16);
    assert_int_equal(k->tensors.at[k->returns.at[0]].shape.type, rows[i].want);
    loom_ctx_done(&ctx);
  }
}

/* Type of the variable v that an expression of a f16 tile `t` (and an i32 vector `i`) is assigned to. */
static void test_result_types_are_those_of_pytorch(void **state) {
  (void)state;
  static const struct { const char *expr; dtype want;
  } rows[] = {{"t + 1", DTYPE_F16},
              {"t * 2.5", DTYPE_F16},
              {"t + t.float()", DTYPE_F32},
              {"t.to(torch.bfloat16) + t", DTYPE_F32},
              {"i + 1", DTYPE_I32},
              {"i * 2.5", DTYPE_F32},
              {"i / 2", DTYPE_F32},
              {"i // 2", DTYPE_I32},
              {"i + i.to(torch.int64)", DTYPE_I64},
              {"i + t.sum()", DTYPE_F16},
              {"t > 0", DTYPE_BOOL},
              {"t.sum(1)", DTYPE_F16},
              {"i.sum()", DTYPE_I64},
              {"t.amax(-1)", DTYPE_F16},
              {"torch.exp(i)", DTYPE_F32},
              {"torch.where(t > 0, t, 0.0)", DTYPE_F16},
              {"t @ t.T", DTYPE_F16},
              {"hl.dot(t, t.T)", DTYPE_F32},
              {"hl.dot(t, t.T, out_dtype=torch.float16)", DTYPE_F16},
              {"torch.full_like(t, 1, dtype=torch.float32)", DTYPE_F32},
              {"t ** 2", DTYPE_F16},
              {"-t", DTYPE_F16},
              {"F.gelu(t)", DTYPE_F16},
              {"F.silu(t)", DTYPE_F16},
              {"t.float().mean(1)", DTYPE_F32}};
  for (size_t n = 0; n < COUNT_OF(rows); n++) {
    loom_ctx ctx;
    kernel_graph *k = NULL;
    static const helion_shape shapes[] = {{"x.0", 8}, {"x.1", 4}};
    helion_options o = {.shapes = shapes, .n_shapes = 2};
    char code[1000];
    snprintf(code, sizeof code,
             "import torch.nn.functional as F\n" IMPORTS "@helion.kernel()\ndef f(x):\n  m, n = x.size()\n  for tile in hl.tile(m):\n    t "
                                                         "= x[tile, :]\n    i = tile.index\n    v = %s\n    x[tile, 0] = 0\n",
             rows[n].expr);
    if (read_text(&ctx, code, &o, &k) != LOOM_OK) {
      print_errors(&ctx, code);
      fail_msg("%s", rows[n].expr);
    }
    dtype got = DTYPE_COUNT;
    for (size_t v = 0; v < k->values.n; v++)
      if (text_eq(k->values.at[v].name, "v"))
        got = k->values.at[v].type.type;
    if (got != rows[n].want)
      fail_msg("%s is %s, expected %s", rows[n].expr, got < DTYPE_COUNT ? dtype_torch(got) : "nothing", dtype_torch(rows[n].want));
    loom_ctx_done(&ctx);
  }
}

static void test_block_names_are_unique_and_registered_blocks_are_shared(void **state) {
  (void)state;
  static const char code[] = IMPORTS "@helion.kernel()\ndef f(x):\n  m, n = x.size()\n  block = hl.register_block_size(n)\n  a = "
                                     "torch.empty_like(x)\n  b = torch.empty_like(x)\n"
                                     "  for tile in hl.tile(m):\n    for tile_n in hl.tile(n, block_size=block):\n      a[tile, tile_n] = "
                                     "x[tile, tile_n] * 2\n  hl.barrier()\n"
                                     "  for tile in hl.tile(m):\n    for other in hl.tile(n, block_size=block):\n      b[tile, other] = "
                                     "a[tile, other] + 1\n  return a, b\n";
  static const helion_shape shapes[] = {{"x.0", 8}, {"x.1", 4}};
  helion_options o = {.shapes = shapes, .n_shapes = 2};
  static const char *const names[] = {"m", "n", "tile", "tile_n", "tile_1"};
  loom_ctx ctx;
  kernel_graph *k;
  assert_int_equal(read_text(&ctx, code, &o, &k), LOOM_OK);
  assert_int_equal(k->symbols.n, COUNT_OF(names));
  for (size_t i = 0; i < COUNT_OF(names); i++)
    assert_string_equal(k->symbols.at[i].name, names[i]);
  assert_int_equal(k->returns.n, 2);
  assert_int_equal(k->body.ops.n, 3);
  assert_int_equal(k->body.ops.at[1]->kind, KERNEL_BARRIER);
  loom_ctx_done(&ctx);
}

static void test_kernels_are_chosen_by_function_class_and_kernel_name(void **state) {
  (void)state;
  static const char code[] = IMPORTS "class Other: pass\n@helion.kernel\ndef first(x):\n  for t in hl.tile(x.size()):\n    x[t] = x[t] + "
                                     "1\n@helion.kernel\ndef second(x):\n  out = torch.empty_like(x)\n"
                                     "  for t in hl.tile(x.size()):\n    out[t] = x[t] * 2\n  return out\ndef plain(x): return x\n"
                                     "class Third(LoomKernel):\n  N = 8\n  kernel_name = 'third-one'\n  kernel = helion.kernel()(second)\n "
                                     " def bind_args(cls): return torch.zeros(cls.N),\n";
  static const helion_shape shapes[] = {{"x.0", 8}};
  static const struct {
    const char *function, *kernel;
    size_t n_shapes;
  } rows[] = {{"first", "first", 1}, {"Third", "third-one", 0}, {"third-one", "third-one", 0}, {"second", "third-one", 0}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    helion_options o = {.shapes = shapes, .n_shapes = rows[i].n_shapes, .function = rows[i].function};
    loom_ctx ctx;
    kernel_graph *k = NULL;
    if (read_text(&ctx, code, &o, &k) != LOOM_OK) {
      print_errors(&ctx, code);
      fail_msg("%s", rows[i].function);
    }
    assert_string_equal(k->name, rows[i].kernel);
    assert_int_equal(k->returns.n, 1);   /* `first` returns nothing: the argument it writes is its result */
    loom_ctx_done(&ctx);
  }
  loom_ctx ctx;
  syn_node *tree;
  const char *const *names;
  size_t n;
  loom_ctx_init(&ctx);
  assert_int_equal(python_parse(&ctx, "k.py", code, sizeof code - 1, &tree), LOOM_OK);
  assert_int_equal(helion_list(&ctx, tree, &names, &n), LOOM_OK);
  assert_int_equal(n, 2);
  assert_string_equal(names[0], "third-one");
  assert_string_equal(names[1], "first");
  loom_ctx_done(&ctx);
}

static void test_bind_args_decides_how_arguments_are_filled(void **state) {
  (void)state;
  static const struct { const char *expr; kernel_init init; double lo, hi; dtype type;
  } rows[] = {{"torch.randn(8, dtype=torch.bfloat16)", KERNEL_INIT_RANDN, 0, 0, DTYPE_BF16},
              {"torch.rand([8])", KERNEL_INIT_RAND, 0, 0, DTYPE_F32},
              {"torch.zeros(size=(8,))", KERNEL_INIT_ZEROS, 0, 0, DTYPE_F32},
              {"torch.ones(8).half()", KERNEL_INIT_ONES, 1, 0, DTYPE_F16},
              {"torch.randint(3, 9, [8])", KERNEL_INIT_RANDINT, 3, 9, DTYPE_I64},
              {"torch.randint(5, size=(8,))", KERNEL_INIT_RANDINT, 0, 5, DTYPE_I64},
              {"torch.full([8], 2.5)", KERNEL_INIT_FULL, 2.5, 0, DTYPE_F32},
              {"torch.empty(8, dtype=torch.int32)", KERNEL_INIT_EMPTY, 0, 0, DTYPE_I32}};
  for (size_t i = 0; i < COUNT_OF(rows); i++) {
    char code[1000];
    snprintf(code, sizeof code,
             IMPORTS "def g(x):\n  for t in hl.tile(x.size(0)):\n    x[t] = x[t] + 1\nclass C(LoomKernel):\n  kernel = helion.kernel(g)\n  "
                     "def bind_args(): return %s,\n",
             rows[i].expr);
    loom_ctx ctx;
    kernel_graph *k = NULL;
    if (read_text(&ctx, code, NULL, &k) != LOOM_OK) {
      print_errors(&ctx, code);
      fail_msg("%s", rows[i].expr);
    }
    const kernel_tensor_info *t = &k->tensors.at[0];
    assert_int_equal(t->init, rows[i].init);
    assert_int_equal(t->shape.type, rows[i].type);
    assert_true(fabs(t->init_lo - rows[i].lo) < 1e-12 && fabs(t->init_hi - rows[i].hi) < 1e-12);
    loom_ctx_done(&ctx);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_form_of_matmul_computes_the_product),
      cmocka_unit_test(test_loom_kernels_take_sizes_from_bind_args),
      cmocka_unit_test(test_shipped_matmul_has_named_sizes_and_dividing_blocks),
      cmocka_unit_test(test_shipped_helion_matmul_accumulates_in_f32),
      cmocka_unit_test(test_dtype_option_types_arguments_and_promotion_follows),
      cmocka_unit_test(test_result_types_are_those_of_pytorch),
      cmocka_unit_test(test_block_names_are_unique_and_registered_blocks_are_shared),
      cmocka_unit_test(test_kernels_are_chosen_by_function_class_and_kernel_name),
      cmocka_unit_test(test_bind_args_decides_how_arguments_are_filled)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
