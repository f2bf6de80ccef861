"""The models that are written in tosa and in linalg on tensors, as text with the shapes put in."""
from torch_text import Function, Tensor


class Plain(Function):
    """Weights are arguments here."""

    def arg(self, name, *shape, values=None, scale=1.0):
        t = super().arg(name, *shape, values=values or self.normal(shape, scale))
        t.__class__ = Ranked
        return t

    def put(self, name, text):
        self.lines.append(f"    %{name} = {text}")

    def text(self, *results):
        args = ", ".join(f"{t.name}: {t.type}" for t, _ in self.args)
        types = ", ".join(t.type for t in results)
        return "\n".join([*self.head, f"func.func @{self.name}({args}) -> ({types}) {{", *self.lines, f"    return {', '.join(t.name for t in results)} : {types}", "}", ""])

    head = ()


class Ranked(Tensor):
    @property
    def type(self):
        return f"tensor<{'x'.join([*map(str, self.shape), self.dtype])}>"


def result(name, *shape):
    return Ranked("%" + name, shape, "f32")


def tosa_residual(f, size=10, width=16):
    """Two convolutions around a residual, mean of the image, classifier."""
    image = f"tensor<1x{size}x{size}x{width}xf32>"
    f.arg("x", 1, size, size, width)
    for i in (1, 2):
        f.arg(f"w{i}", width, 3, 3, width, scale=0.1)
        f.arg(f"b{i}", width, scale=0.1)
    f.arg("fc", 1, width, 10)
    f.put("z", '"tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>')
    f.put("shift", '"tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>')
    f.put("mean", f'"tosa.const"() <{{values = dense<{1 / size ** 2}> : tensor<1x1x1x1xf32>}}> : () -> tensor<1x1x1x1xf32>')
    for i, x in ((1, "x"), (2, "r1")):
        f.put(f"c{i}", f"tosa.conv2d %{x}, %w{i}, %b{i}, %z, %z {{acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>}} : "
                       f"({image}, tensor<{width}x3x3x{width}xf32>, tensor<{width}xf32>, tensor<1xf32>, tensor<1xf32>) -> {image}")
        if i == 1:
            f.put("r1", f"tosa.clamp %c1 {{min_val = 0.0 : f32, max_val = 6.0 : f32}} : ({image}) -> {image}")
    f.put("sum", f"tosa.add %c2, %x : ({image}, {image}) -> {image}")
    f.put("r2", f"tosa.clamp %sum {{min_val = 0.0 : f32, max_val = 3.4028235e+38 : f32}} : ({image}) -> {image}")
    f.put("h", f"tosa.reduce_sum %r2 {{axis = 1 : i32}} : ({image}) -> tensor<1x1x{size}x{width}xf32>")
    f.put("hw", f"tosa.reduce_sum %h {{axis = 2 : i32}} : (tensor<1x1x{size}x{width}xf32>) -> tensor<1x1x1x{width}xf32>")
    f.put("m", f"tosa.mul %hw, %mean, %shift : (tensor<1x1x1x{width}xf32>, tensor<1x1x1x1xf32>, tensor<1xi8>) -> tensor<1x1x1x{width}xf32>")
    f.put("to", f"tosa.const_shape {{values = dense<[1, 1, {width}]> : tensor<3xindex>}} : () -> !tosa.shape<3>")
    f.put("v", f"tosa.reshape %m, %to : (tensor<1x1x1x{width}xf32>, !tosa.shape<3>) -> tensor<1x1x{width}xf32>")
    f.put("y", f"tosa.matmul %v, %fc, %z, %z : (tensor<1x1x{width}xf32>, tensor<1x{width}x10xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x10xf32>")
    return result("y", 1, 1, 10),


def tosa_attention(f, heads=4, length=20, d=16):
    """All heads as one batch; softmax in single operations."""
    scores, rows, one = f"tensor<{heads}x{length}x{length}xf32>", f"tensor<{heads}x{length}x{d}xf32>", f"tensor<{heads}x{length}x1xf32>"
    for n in "qkv":
        f.arg(n, heads, length, d)
    f.put("z", '"tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>')
    f.put("shift", '"tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>')
    f.put("scale", f'"tosa.const"() <{{values = dense<{d ** -0.5}> : tensor<1x1x1xf32>}}> : () -> tensor<1x1x1xf32>')
    f.put("kt", f"tosa.transpose %k {{perms = array<i32: 0, 2, 1>}} : ({rows}) -> tensor<{heads}x{d}x{length}xf32>")
    f.put("s", f"tosa.matmul %q, %kt, %z, %z : ({rows}, tensor<{heads}x{d}x{length}xf32>, tensor<1xf32>, tensor<1xf32>) -> {scores}")
    f.put("t", f"tosa.mul %s, %scale, %shift : ({scores}, tensor<1x1x1xf32>, tensor<1xi8>) -> {scores}")
    f.put("top", f"tosa.reduce_max %t {{axis = 2 : i32}} : ({scores}) -> {one}")
    f.put("u", f"tosa.sub %t, %top : ({scores}, {one}) -> {scores}")
    f.put("e", f"tosa.exp %u : ({scores}) -> {scores}")
    f.put("sum", f"tosa.reduce_sum %e {{axis = 2 : i32}} : ({scores}) -> {one}")
    f.put("inverse", f"tosa.reciprocal %sum : ({one}) -> {one}")
    f.put("p", f"tosa.mul %e, %inverse, %shift : ({scores}, {one}, tensor<1xi8>) -> {scores}")
    f.put("y", f"tosa.matmul %p, %v, %z, %z : ({scores}, {rows}, tensor<1xf32>, tensor<1xf32>) -> {rows}")
    return result("y", heads, length, d),


def linalg_mlp(f, rows=24, width=32, hidden=64):
    """Two layers with GELU and a residual, in named operations."""
    x, h = f"tensor<{rows}x{width}xf32>", f"tensor<{rows}x{hidden}xf32>"
    f.arg("x", rows, width)
    f.arg("w1", width, hidden, scale=width ** -0.5)
    f.arg("b1", hidden, scale=0.1)
    f.arg("w2", hidden, width, scale=hidden ** -0.5)
    f.put("z", "arith.constant 0.0 : f32")
    for name, number in (("half", 0.5), ("one", 1.0), ("root", 2 ** -0.5)):
        f.put(name, f"arith.constant dense<{number}> : {h}")
    f.put("e1", f"tensor.empty() : {h}")
    f.put("i1", f"linalg.fill ins(%z : f32) outs(%e1 : {h}) -> {h}")
    f.put("m1", f"linalg.matmul ins(%x, %w1 : {x}, tensor<{width}x{hidden}xf32>) outs(%i1 : {h}) -> {h}")
    f.put("b", f"linalg.broadcast ins(%b1 : tensor<{hidden}xf32>) outs(%e1 : {h}) dimensions = [0]")
    for name, text in (("a", "arith.addf %m1, %b"), ("s", "arith.mulf %a, %root"), ("erf", "math.erf %s"), ("p", "arith.addf %erf, %one"), ("q", "arith.mulf %a, %half"), ("g", "arith.mulf %q, %p")):
        f.put(name, f"{text} : {h}")
    f.put("m2", f"linalg.matmul ins(%g, %w2 : {h}, tensor<{hidden}x{width}xf32>) outs(%x : {x}) -> {x}")
    return result("m2", rows, width),


def linalg_attention(f, heads=4, length=20, d=16):
    """Each row sees the rows before it; softmax is one operation."""
    scores, rows = f"tensor<{heads}x{length}x{length}xf32>", f"tensor<{heads}x{length}x{d}xf32>"
    f.head = ("#at = affine_map<(b, i, j) -> (b, i, j)>",)
    for n in "qkv":
        f.arg(n, heads, length, d)
    f.put("z", "arith.constant 0.0 : f32")
    f.put("scale", f"arith.constant {d ** -0.5} : f32")
    f.put("never", "arith.constant 0xFF800000 : f32")
    for name, shape in (("s", scores), ("r", rows)):
        f.put(f"e{name}", f"tensor.empty() : {shape}")
        f.put(f"i{name}", f"linalg.fill ins(%z : f32) outs(%e{name} : {shape}) -> {shape}")
    f.put("kt", f"tensor.empty() : tensor<{heads}x{d}x{length}xf32>")
    f.put("t", f"linalg.transpose ins(%k : {rows}) outs(%kt : tensor<{heads}x{d}x{length}xf32>) permutation = [0, 2, 1]")
    f.put("s", f"linalg.batch_matmul ins(%q, %t : {rows}, tensor<{heads}x{d}x{length}xf32>) outs(%is : {scores}) -> {scores}")
    f.put("m", f'''linalg.generic {{indexing_maps = [#at, #at], iterator_types = ["parallel", "parallel", "parallel"]}} ins(%s : {scores}) outs(%es : {scores}) {{
    ^bb0(%x: f32, %o: f32):
      %i = linalg.index 1 : index
      %j = linalg.index 2 : index
      %sees = arith.cmpi sge, %i, %j : index
      %u = arith.mulf %x, %scale : f32
      %w = arith.select %sees, %u, %never : f32
      linalg.yield %w : f32
    }} -> {scores}''')
    f.put("p", f"linalg.softmax dimension(2) ins(%m : {scores}) outs(%es : {scores}) -> {scores}")
    f.put("y", f"linalg.batch_matmul ins(%p, %v : {scores}, {rows}) outs(%ir : {rows}) -> {rows}")
    return result("y", heads, length, d),


PLAIN_MODELS = [tosa_residual, tosa_attention, linalg_mlp, linalg_attention]
