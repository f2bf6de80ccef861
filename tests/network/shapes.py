"""Writes every kind of layer in further shapes, as MLIR on tensors: shapes.py SET > FILE, SET 0 or 1.  Names of the functions: shapes.py names."""
import sys

SET = 0


def pick(*values):
    return values[SET]


def t(*shape, e="f32"):
    return "tensor<" + "".join(f"{n}x" for n in shape) + e + ">"


def filled(name, shape, value="0.0"):
    return (f"  %{name}c = arith.constant {value} : f32\n  %{name}e = tensor.empty() : {t(*shape)}\n"
            f"  %{name} = linalg.fill ins(%{name}c : f32) outs(%{name}e : {t(*shape)}) -> {t(*shape)}\n")


def function(name, args, result, body):
    return f"func.func @{name}({', '.join(f'%{n}: {ty}' for n, ty in args)}) -> {result} {{\n{body}}}\n"


def named(name, op, x, w, out, attrs=""):
    body = filled("i", out) + f"  %r = linalg.{op} {attrs} ins(%x, %w : {t(*x)}, {t(*w)}) outs(%i : {t(*out)}) -> {t(*out)}\n  return %r : {t(*out)}\n"
    return function(name, [("x", t(*x)), ("w", t(*w))], t(*out), body)


def matmul():
    m, n, k = pick((64, 96, 128), (1, 101, 67))
    return named("matmul", "matmul", (m, k), (k, n), (m, n))


def bmm():
    b, m, n, k = pick((4, 32, 32, 64), (5, 3, 29, 31))
    return named("bmm", "batch_matmul", (b, m, k), (b, k, n), (b, m, n))


def dense(v):
    return f"dense<{v}> : tensor<2xi64>"


def conv_nhwc():
    b, h, w, c, f, k, s = pick((1, 12, 12, 16, 32, 3, 1), (1, 13, 17, 3, 5, 5, 3))
    return named("conv_nhwc", "conv_2d_nhwc_hwcf", (b, h, w, c), (k, k, c, f), (b, (h - k) // s + 1, (w - k) // s + 1, f), f"{{strides = {dense(s)}}}")


def conv_nchw():
    b, h, w, c, f, k, d = pick((2, 10, 10, 16, 16, 1, 1), (1, 11, 13, 7, 3, 3, 2))
    return named("conv_nchw", "conv_2d_nchw_fchw", (b, c, h, w), (f, c, k, k), (b, f, h - d * (k - 1), w - d * (k - 1)), f"{{dilations = {dense(d)}}}")


def conv_groups():
    b, g, c, f, h, k = pick((1, 2, 16, 16, 8, 3), (1, 3, 5, 1, 7, 3))
    return named("conv_groups", "conv_2d_ngchw_gfchw", (b, g, c, h, h), (g, f, c, k, k), (b, g, f, h - k + 1, h - k + 1))


def conv_depthwise():
    b, h, w, c, k, s = pick((1, 10, 10, 32, 3, 1), (2, 9, 13, 7, 3, 2))
    return named("conv_depthwise", "depthwise_conv_2d_nhwc_hwc", (b, h, w, c), (k, k, c), (b, (h - k) // s + 1, (w - k) // s + 1, c), f"{{strides = {dense(s)}}}")


def pool(name, op, start):
    b, c, h, w, k, s = pick((2, 8, 8, 8, 2, 2), (1, 3, 11, 7, 3, 1))
    x, out = (b, c, h, w), (b, c, (h - k) // s + 1, (w - k) // s + 1)
    body = filled("i", out, start) + (f"  %k = tensor.empty() : {t(k, k)}\n  %r = linalg.{op} {{strides = {dense(s)}}} ins(%x, %k : {t(*x)}, {t(k, k)}) outs(%i : {t(*out)}) -> {t(*out)}\n"
                                      f"  return %r : {t(*out)}\n")
    return function(name, [("x", t(*x))], t(*out), body)


def max_pool():
    return pool("max_pool", "pooling_nchw_max", "0xFF800000")


def sum_pool():
    return pool("sum_pool", "pooling_nchw_sum", "0.0")


def elementwise():
    s = t(*pick((128, 64), (3, 5, 7, 2)))
    body = (f"  %z = arith.constant dense<0.0> : {s}\n  %one = arith.constant dense<1.0> : {s}\n  %a = arith.addf %x, %w : {s}\n  %b = arith.maximumf %a, %z : {s}\n"
            f"  %n = arith.negf %b : {s}\n  %e = math.exp %n : {s}\n  %d = arith.addf %e, %one : {s}\n  %q = arith.divf %b, %d : {s}\n  %h = math.tanh %q : {s}\n  return %h : {s}\n")
    return function("elementwise", [("x", s), ("w", s)], s, body)


def softmax():
    shape, dim = pick(((64, 128), 1), ((3, 7, 5), 1))
    s = t(*shape)
    return function("softmax", [("x", s)], s, f"  %e = tensor.empty() : {s}\n  %r = linalg.softmax dimension({dim}) ins(%x : {s}) outs(%e : {s}) -> {s}\n  return %r : {s}\n")


def layernorm():
    m, n = pick((32, 128), (1, 251))
    s, r = t(m, n), t(m)
    rows = "affine_map<(i, j) -> (i)>"
    whole = "affine_map<(i, j) -> (i, j)>"
    body = filled("i", (m,)) + f"  %n = arith.constant {float(n)} : f32\n  %eps = arith.constant 1.0e-5 : f32\n  %e = tensor.empty() : {s}\n"
    add = "(%a: f32, %b: f32) { %s = arith.addf %a, %b : f32  linalg.yield %s : f32 }"
    body += f"  %sum = linalg.reduce ins(%x : {s}) outs(%i : {r}) dimensions = [1] {add}\n"
    head = f"{{indexing_maps = [{whole}, {rows}, {whole}], iterator_types = [\"parallel\", \"parallel\"]}}"
    body += (f"  %c = linalg.generic {head} ins(%x, %sum : {s}, {r}) outs(%e : {s}) {{\n  ^bb0(%a: f32, %b: f32, %o: f32):\n    %m = arith.divf %b, %n : f32\n    %d = arith.subf %a, %m : f32\n"
             f"    linalg.yield %d : f32\n  }} -> {s}\n  %q = arith.mulf %c, %c : {s}\n  %var = linalg.reduce ins(%q : {s}) outs(%i : {r}) dimensions = [1] {add}\n")
    body += (f"  %y = linalg.generic {head} ins(%c, %var : {s}, {r}) outs(%e : {s}) {{\n  ^bb0(%a: f32, %b: f32, %o: f32):\n    %m = arith.divf %b, %n : f32\n    %d = arith.addf %m, %eps : f32\n"
             f"    %k = math.rsqrt %d : f32\n    %u = arith.mulf %a, %k : f32\n    linalg.yield %u : f32\n  }} -> {s}\n  return %y : {s}\n")
    return function("layernorm", [("x", s)], s, body)


def batchnorm():
    n, c, h = pick((2, 32, 8), (1, 7, 5))
    s, r = t(n, c, h, h), t(c)
    maps = ", ".join(["affine_map<(n, c, h, w) -> (n, c, h, w)>"] + ["affine_map<(n, c, h, w) -> (c)>"] * 2 + ["affine_map<(n, c, h, w) -> (n, c, h, w)>"])
    body = (f"  %e = tensor.empty() : {s}\n  %r = linalg.generic {{indexing_maps = [{maps}], iterator_types = [\"parallel\", \"parallel\", \"parallel\", \"parallel\"]}} ins(%x, %w, %b : {s}, {r}, {r}) "
            f"outs(%e : {s}) {{\n  ^bb0(%p: f32, %q: f32, %k: f32, %o: f32):\n    %u = arith.mulf %p, %q : f32\n    %v = arith.addf %u, %k : f32\n    linalg.yield %v : f32\n  }} -> {s}\n  return %r : {s}\n")
    return function("batchnorm", [("x", s), ("w", r), ("b", r)], s, body)


def concat():
    a, b, dim = pick(((8, 32), (24, 32), 0), ((3, 5, 2), (3, 4, 2), 1))
    out = list(a)
    out[dim] += b[dim]
    body = f"  %r = tensor.concat dim({dim}) %x, %w : ({t(*a)}, {t(*b)}) -> {t(*out)}\n  return %r : {t(*out)}\n"
    return function("concat", [("x", t(*a)), ("w", t(*b))], t(*out), body)


def permute():
    shape, perm = pick(((32, 64), (1, 0)), ((2, 3, 5, 7, 2), (4, 2, 0, 3, 1)))
    out = [shape[p] for p in perm]
    body = f"  %e = tensor.empty() : {t(*out)}\n  %r = linalg.transpose ins(%x : {t(*shape)}) outs(%e : {t(*out)}) permutation = {list(perm)}\n  return %r : {t(*out)}\n"
    return function("permute", [("x", t(*shape))], t(*out), body)


def pixel_shuffle():
    c, h, w, r = pick((4, 8, 8, 2), (2, 3, 5, 3))
    a, b, o = t(c * r * r, h, w), (c, r, r, h, w), (c, h * r, w * r)
    turned = (c, h, r, w, r)
    body = (f"  %a = tensor.expand_shape %x [[0, 1, 2], [3], [4]] output_shape {list(b)} : {a} into {t(*b)}\n  %e = tensor.empty() : {t(*turned)}\n"
            f"  %t = linalg.transpose ins(%a : {t(*b)}) outs(%e : {t(*turned)}) permutation = [0, 3, 1, 4, 2]\n  %r = tensor.collapse_shape %t [[0], [1, 2], [3, 4]] : {t(*turned)} into {t(*o)}\n"
            f"  return %r : {t(*o)}\n")
    return function("pixel_shuffle", [("x", a)], t(*o), body)


def attention():
    b, h, g, m, n, d = pick((1, 4, 4, 32, 32, 16), (2, 3, 1, 7, 13, 5))
    v = lambda *s: "!torch.vtensor<[" + ",".join(map(str, s)) + "],f32>"
    q, k = v(b, h, m, d), v(b, g, n, d)
    causal, gqa = "%true" if m == n else "%false", "%true" if h != g else "%false"
    body = (f"  %none = torch.constant.none\n  %f = torch.constant.float 0.0\n  %true = torch.constant.bool true\n  %false = torch.constant.bool false\n"
            f"  %r = torch.aten.scaled_dot_product_attention %q, %k, %v, %none, %f, {causal}, %none, {gqa} : {q}, {k}, {k}, !torch.none, !torch.float, !torch.bool, !torch.none, !torch.bool -> {q}\n"
            f"  return %r : {q}\n")
    return function("attention", [("q", q), ("k", k), ("v", k)], q, body)


ALL = [matmul, bmm, conv_nhwc, conv_nchw, conv_groups, conv_depthwise, max_pool, sum_pool, elementwise, softmax, layernorm, batchnorm, concat, permute, pixel_shuffle, attention]
if sys.argv[1] == "names":
    print(" ".join(f.__name__ for f in ALL))
else:
    SET = int(sys.argv[1])
    print("".join(f() for f in ALL))
