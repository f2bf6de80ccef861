"""Cases: an operation of torch, its operands, and what comes out by the formulas of tensors.py.

    case("torch.aten.add.Tensor", "%0 %1 i2", [x, y], emap(lambda a, b: a + 2*b, x, y))

Operands: %N a tensor of the list, iN an int, fN a float, true, false, none, "text", cpu; [1 2 -1] a list of ints, [%0 %1] one of tensors,
[none %1] one of optional tensors.  A case with `dynamic` has all sizes unknown."""
import math
from tensors import *

CASES = []


def case(op, operands, inputs, *expected, tol=None, dynamic=False, name=None, body=None, unpack=False):
    CASES.append(dict(op=op, operands=operands, inputs=inputs, expected=list(expected), tol=tol, dynamic=dynamic, name=name, body=body, unpack=unpack))


inf, nan = math.inf, math.nan
x = rand(2, 3, seed=3, scale=3)
y = rand(2, 3, seed=4, scale=3)
row = rand(3, seed=5)
pos = make((2, 3), lambda i, j: 0.25 + i + 0.5 * j)
unit = make((2, 3), lambda i, j: -0.9 + 0.35 * (3 * i + j))
special = T((6,), [inf, -inf, nan, 0.0, -0.0, 1.5])
ix = T((2, 4), [-7, -2, -1, 0, 1, 3, 7, 9], "si64")
iy = T((2, 4), [2, -3, 4, 5, -2, -2, 3, 4], "si64")
bx = T((2, 3), [1, 0, 1, 0, 0, 1], "i1")
by = T((2, 3), [1, 1, 0, 0, 1, 0], "i1")


def gelu(a):
    return 0.5 * a * (1 + math.erf(a / math.sqrt(2)))


def sigmoid(a):
    return 1 / (1 + math.exp(-a))


# ---- each element by itself ----
UNARY = [("abs", abs, x), ("acos", math.acos, unit), ("asin", math.asin, unit), ("atan", math.atan, x), ("acosh", math.acosh, emap(lambda a: a + 1, pos)), ("asinh", math.asinh, x),
         ("atanh", math.atanh, unit), ("ceil", math.ceil, x), ("floor", math.floor, x), ("cos", math.cos, x), ("sin", math.sin, x), ("tan", math.tan, unit), ("cosh", math.cosh, x),
         ("sinh", math.sinh, x), ("tanh", math.tanh, x), ("erf", math.erf, x), ("exp", math.exp, x), ("exp2", lambda a: 2**a, x), ("expm1", math.expm1, unit), ("log", math.log, pos),
         ("log2", math.log2, pos), ("log10", math.log10, pos), ("log1p", math.log1p, pos), ("sqrt", math.sqrt, pos), ("rsqrt", lambda a: 1 / math.sqrt(a), pos),
         ("reciprocal", lambda a: 1 / a, pos), ("neg", lambda a: -a, x), ("sign", lambda a: (a > 0) - (a < 0), x), ("sgn", lambda a: (a > 0) - (a < 0), x), ("square", lambda a: a * a, x),
         ("relu", lambda a: max(a, 0), x), ("relu6", lambda a: min(max(a, 0), 6), emap(lambda a: 4 * a, x)), ("sigmoid", sigmoid, x), ("silu", lambda a: a * sigmoid(a), x),
         ("hardsigmoid", lambda a: min(max(a + 3, 0), 6) / 6, x), ("hardswish", lambda a: a * min(max(a + 3, 0), 6) / 6, x), ("trunc", math.trunc, x), ("frac", lambda a: a - math.trunc(a), x),
         ("log_sigmoid", lambda a: math.log(sigmoid(a)), x), ("mish", lambda a: a * math.tanh(math.log1p(math.exp(a))), x),
         ("selu", lambda a: 1.0507009873554805 * (a if a > 0 else 1.6732632423543772 * math.expm1(a)), x)]
for name, f, at in UNARY:
    case(f"torch.aten.{name}", "%0", [at], emap(f, at))
case("torch.aten.round", "%0", [T((6,), [0.5, 1.5, 2.5, -0.5, -1.5, 2.4])], T((6,), [0, 2, 2, 0, -2, 2]))
case("torch.aten.abs", "%0", [ix], emap(abs, ix))
case("torch.aten.neg", "%0", [ix], emap(lambda a: -a, ix))
case("torch.aten.sigmoid", "%0", [ix], emap(sigmoid, ix, dtype="f32"), name="of whole numbers")
case("torch.aten.exp", "%0", [special], T((6,), [inf, 0, nan, 1, 1, math.exp(1.5)]), name="of special values")
case("torch.aten.relu", "%0", [special], T((6,), [inf, 0, nan, 0, 0, 1.5]), name="of special values")
case("torch.aten.sqrt", "%0", [special], T((6,), [inf, nan, nan, 0, -0.0, math.sqrt(1.5)]), name="of special values")
case("torch.aten.exp", "%0", [rand(5, dtype="f16", seed=8)], emap(math.exp, rand(5, dtype="f16", seed=8)))
case("torch.aten.tanh", "%0", [rand(5, dtype="bf16", seed=8)], emap(math.tanh, rand(5, dtype="bf16", seed=8)))
case("torch.aten.exp", "%0", [rand(5, dtype="f64", seed=8)], emap(math.exp, rand(5, dtype="f64", seed=8)))
case("torch.aten.isnan", "%0", [special], T((6,), [0, 0, 1, 0, 0, 0], "i1"))
case("torch.aten.isinf", "%0", [special], T((6,), [1, 1, 0, 0, 0, 0], "i1"))
case("torch.aten.isfinite", "%0", [special], T((6,), [0, 0, 0, 1, 1, 1], "i1"))
case("torch.aten.logical_not", "%0", [T((3,), [0, 2.5, nan])], T((3,), [1, 0, 0], "i1"))
case("torch.aten.bitwise_not", "%0", [ix], emap(lambda a: ~a, ix))
case("torch.aten.bitwise_not", "%0", [bx], emap(lambda a: not a, bx), name="of truth values")
case("torch.aten.gelu", '%0 "none"', [x], emap(gelu, x))
case("torch.aten.gelu", '%0 "tanh"', [x], emap(lambda a: 0.5 * a * (1 + math.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3))), x))
case("torch.aten.leaky_relu", "%0 f0.1", [x], emap(lambda a: a if a > 0 else 0.1 * a, x))
case("torch.aten.elu", "%0 f1.5 f2.0 f0.5", [x], emap(lambda a: 2 * a if a > 0 else 2 * 1.5 * math.expm1(0.5 * a), x))
case("torch.aten.celu", "%0 f1.5", [x], emap(lambda a: max(a, 0) + min(0, 1.5 * math.expm1(a / 1.5)), x))
case("torch.aten.hardtanh", "%0 f-0.5 f0.75", [x], emap(lambda a: min(max(a, -0.5), 0.75), x))
case("torch.aten.hardshrink", "%0 f0.5", [x], emap(lambda a: 0 if -0.5 <= a <= 0.5 else a, x))
case("torch.aten.softshrink", "%0 f0.5", [x], emap(lambda a: a - 0.5 if a > 0.5 else a + 0.5 if a < -0.5 else 0, x))
case("torch.aten.softplus", "%0 i2 i3", [x], emap(lambda a: a if 2 * a > 3 else math.log1p(math.exp(2 * a)) / 2, x))
case("torch.aten.threshold", "%0 f0.1 f-7.0", [x], emap(lambda a: a if a > 0.1 else -7, x))
case("torch.aten.clamp", "%0 f-1.0 f0.5", [x], emap(lambda a: min(max(a, -1), 0.5), x))
case("torch.aten.clamp", "%0 none i1", [x], emap(lambda a: min(a, 1), x))
case("torch.aten.clamp", "%0 i-2 none", [ix], emap(lambda a: max(a, -2), ix))
case("torch.aten.clamp.Tensor", "%0 %1 %2", [x, row, scalar(1)], emap(lambda a, b: min(max(a, b), 1), x, row))
case("torch.aten.clamp_min", "%0 i0", [x], emap(lambda a: max(a, 0), x))
case("torch.aten.clamp_max", "%0 i0", [x], emap(lambda a: min(a, 0), x))
case("torch.aten.clamp_min.Tensor", "%0 %1", [x, y], emap(max, x, y))
case("torch.aten.clamp_max.Tensor", "%0 %1", [x, y], emap(min, x, y))

# ---- pairs ----
for name, f in [("add.Tensor", lambda a, b: a + 2 * b), ("sub.Tensor", lambda a, b: a - 2 * b)]:
    case(f"torch.aten.{name}", "%0 %1 i2", [x, row], emap(f, x, row))
    case(f"torch.aten.{name}", "%0 %1 i2", [ix, iy], emap(f, ix, iy))
case("torch.aten.add.Tensor", "%0 %1 i1", [rand(2, 1, 3), rand(4, 1)], emap(lambda a, b: a + b, rand(2, 1, 3), rand(4, 1)), name="broadcast both ways")
case("torch.aten.add.Tensor", "%0 %1 i1", [x, y], emap(lambda a, b: a + b, x, y), dynamic=True)
case("torch.aten.add.Tensor", "%0 %1 i1", [T((3,), [1, 2, 3], "si64"), row], emap(lambda a, b: a + b, T((3,), [1, 2, 3], "si64"), row, dtype="f32"), name="promoted")
case("torch.aten.add.Tensor", "%0 %1 i1", [bx, by], emap(lambda a, b: a or b, bx, by), name="of truth values")
case("torch.aten.mul.Tensor", "%0 %1", [bx, by], emap(lambda a, b: a and b, bx, by), name="of truth values")
case("torch.aten.add.Scalar", "%0 f0.5 i2", [x], emap(lambda a: a + 1, x))
case("torch.aten.add.Scalar", "%0 f0.5 i1", [ix], emap(lambda a: a + 0.5, ix, dtype="f32"))
case("torch.aten.add.Scalar", "%0 i9007199254740993 i1", [ix], emap(lambda a: a + 9007199254740993, ix))
case("torch.aten.sub.Scalar", "%0 i3 i2", [ix], emap(lambda a: a - 6, ix))
case("torch.aten.rsub.Scalar", "%0 i3 i2", [x], emap(lambda a: 3 - 2 * a, x))
case("torch.aten.mul.Tensor", "%0 %1", [x, row], emap(lambda a, b: a * b, x, row))
case("torch.aten.mul.Tensor", "%0 %1", [rand(5, dtype="f16"), rand(5, dtype="f16", seed=2)], emap(lambda a, b: a * b, rand(5, dtype="f16"), rand(5, dtype="f16", seed=2)), tol=0)
case("torch.aten.mul.Scalar", "%0 f0.25", [x], emap(lambda a: a / 4, x))
case("torch.aten.div.Tensor", "%0 %1", [x, pos], emap(lambda a, b: a / b, x, pos))
case("torch.aten.div.Tensor", "%0 %1", [ix, iy], emap(lambda a, b: a / b, ix, iy, dtype="f32"))
case("torch.aten.div.Scalar", "%0 i3", [x], emap(lambda a: a / 3, x))
case("torch.aten.div.Tensor_mode", '%0 %1 "floor"', [ix, iy], emap(lambda a, b: a // b, ix, iy))
case("torch.aten.div.Tensor_mode", '%0 %1 "trunc"', [ix, iy], emap(lambda a, b: math.trunc(a / b), ix, iy))
case("torch.aten.div.Tensor_mode", '%0 %1 "floor"', [x, y], emap(lambda a, b: a // b, x, y))
case("torch.aten.div.Scalar_mode", '%0 f0.5 "trunc"', [x], emap(lambda a: math.trunc(a / 0.5), x))
case("torch.aten.floor_divide", "%0 %1", [ix, iy], emap(lambda a, b: a // b, ix, iy))
case("torch.aten.floor_divide", "%0 %1", [x, y], emap(lambda a, b: a // b, x, y))
case("torch.aten.floor_divide.Scalar", "%0 i-2", [ix], emap(lambda a: a // -2, ix))
case("torch.aten.remainder.Scalar", "%0 i3", [ix], emap(lambda a: a % 3, ix))
case("torch.aten.remainder.Scalar", "%0 f-1.5", [x], emap(lambda a: a % -1.5, x))
case("torch.aten.remainder.Tensor", "%0 %1", [ix, iy], emap(lambda a, b: a % b, ix, iy))
case("torch.aten.fmod.Tensor", "%0 %1", [ix, iy], emap(lambda a, b: int(math.fmod(a, b)), ix, iy))
case("torch.aten.fmod.Scalar", "%0 f1.5", [x], emap(lambda a: math.fmod(a, 1.5), x))
for exponent in ["i2", "i3", "f0.5", "f-0.5", "i-1", "i-2", "f1.7"]:
    case("torch.aten.pow.Tensor_Scalar", f"%0 {exponent}", [pos], emap(lambda a: a ** float(exponent[1:]), pos))
case("torch.aten.pow.Tensor_Scalar", "%0 i3", [ix], emap(lambda a: a**3, ix))
case("torch.aten.pow.Scalar", "f2.5 %0", [x], emap(lambda a: 2.5**a, x))
case("torch.aten.pow.Tensor_Tensor", "%0 %1", [pos, x], emap(lambda a, b: a**b, pos, x))
case("torch.aten.atan2", "%0 %1", [x, y], emap(math.atan2, x, y))
case("torch.aten.maximum", "%0 %1", [x, y], emap(max, x, y))
case("torch.aten.minimum", "%0 %1", [special, T((6,), [0, 0, 0, nan, 2, 1])], T((6,), [0, -inf, nan, nan, -0.0, 1]))
case("torch.aten.max", "%0 %1", [ix, iy], emap(max, ix, iy), name="of pairs")
for name, f in [("eq", lambda a, b: a == b), ("ne", lambda a, b: a != b), ("lt", lambda a, b: a < b), ("le", lambda a, b: a <= b), ("gt", lambda a, b: a > b), ("ge", lambda a, b: a >= b)]:
    case(f"torch.aten.{name}.Tensor", "%0 %1", [T((4,), [1, 2, nan, 4]), T((4,), [1, 3, nan, 0])], emap(f, T((4,), [1, 2, nan, 4]), T((4,), [1, 3, nan, 0]), dtype="i1"))
    case(f"torch.aten.{name}.Scalar", "%0 i1", [ix], emap(lambda a: f(a, 1), ix, dtype="i1"))
    case(f"torch.aten.{name}.Scalar", "%0 f0.5", [ix], emap(lambda a: f(a, 0.5), ix, dtype="i1"), name="with a fraction")
case("torch.aten.lt.Tensor", "%0 %1", [T((3,), [250, 1, 128], "ui8"), T((3,), [1, 250, 127], "ui8")], T((3,), [0, 1, 0], "i1"), name="of unsigned numbers")
for name, f in [("logical_and", lambda a, b: bool(a) and bool(b)), ("logical_or", lambda a, b: bool(a) or bool(b)), ("logical_xor", lambda a, b: bool(a) != bool(b))]:
    case(f"torch.aten.{name}", "%0 %1", [bx, by], emap(f, bx, by))
    case(f"torch.aten.{name}", "%0 %1", [T((3,), [0, 2, 0.5]), T((3,), [0, 0, 3])], emap(f, T((3,), [0, 2, 0.5]), T((3,), [0, 0, 3]), dtype="i1"))
for name, f in [("bitwise_and", lambda a, b: a & b), ("bitwise_or", lambda a, b: a | b), ("bitwise_xor", lambda a, b: a ^ b)]:
    case(f"torch.aten.{name}.Tensor", "%0 %1", [ix, iy], emap(f, ix, iy))
    case(f"torch.aten.{name}.Scalar", "%0 i6", [ix], emap(lambda a: f(a, 6), ix))
case("torch.aten.__and__.Tensor", "%0 %1", [bx, by], emap(lambda a, b: a and b, bx, by))
case("torch.aten.__or__.Tensor", "%0 %1", [bx, by], emap(lambda a, b: a or b, bx, by))
case("torch.aten.bitwise_left_shift.Tensor", "%0 %1", [ix, T((4,), [0, 1, 2, 3], "si64")], emap(lambda a, b: a << b, ix, T((4,), [0, 1, 2, 3], "si64")))
case("torch.aten.bitwise_right_shift.Tensor", "%0 %1", [ix, T((4,), [0, 1, 2, 3], "si64")], emap(lambda a, b: a >> b, ix, T((4,), [0, 1, 2, 3], "si64")))
case("torch.aten.__lshift__.Scalar", "%0 i3", [ix], emap(lambda a: a << 3, ix))
case("torch.aten.__rshift__.Scalar", "%0 i2", [ix], emap(lambda a: a >> 2, ix))
case("torch.aten.where.self", "%0 %1 %2", [bx, x, row], emap(lambda c, a, b: a if c else b, bx, x, row, dtype="f32"))
case("torch.aten.where.Scalar", "%0 f1.5 f-2.0", [bx], emap(lambda c: 1.5 if c else -2, bx, dtype="f32"))
case("torch.aten.where.ScalarSelf", "%0 i1 %1", [bx, x], emap(lambda c, a: 1 if c else a, bx, x, dtype="f32"))
case("torch.aten.where.ScalarOther", "%0 %1 i1", [bx, x], emap(lambda c, a: a if c else 1, bx, x, dtype="f32"))
case("torch.aten.masked_fill.Scalar", "%0 %1 f-inf", [x, bx], emap(lambda a, c: -inf if c else a, x, bx))
case("torch.aten.masked_fill.Tensor", "%0 %1 %2", [x, bx, scalar(5)], emap(lambda a, c: 5 if c else a, x, bx))
case("torch.aten.addcmul", "%0 %1 %2 f0.5", [x, y, row], emap(lambda a, b, c: a + 0.5 * b * c, x, y, row))
case("torch.aten.addcdiv", "%0 %1 %2 f0.5", [x, y, pos], emap(lambda a, b, c: a + 0.5 * b / c, x, y, pos))
case("torch.aten.lerp.Tensor", "%0 %1 %2", [x, y, row], emap(lambda a, b, w: a + w * (b - a), x, y, row))
case("torch.aten.lerp.Scalar", "%0 %1 f0.75", [x, y], emap(lambda a, b: a + 0.75 * (b - a), x, y))
case("torch.aten.copy", "%0 %1 false", [x, T((3,), [1, 2, 3], "si64")], emap(lambda a, b: b, x, T((3,), [1, 2, 3], "si64")))
case("torch.aten.fill.Scalar", "%0 f-3.402820e38", [x], emap(lambda a: -3.402820e38, x))
case("torch.aten.fill.Tensor", "%0 %1", [x, scalar(4)], emap(lambda a: 4, x))
case("torch.aten.expand_as", "%0 %1", [row, x], emap(lambda a, b: a, row, x))

# ---- conversions ----
wide = T((6,), [-1.5, 2.5, 300.7, 0.0, -0.25, 1.0])
for code, dtype in [(0, "ui8"), (1, "si8"), (3, "si32"), (4, "si64"), (5, "f16"), (7, "f64"), (11, "i1"), (15, "bf16")]:
    source = wide if dtype not in ("ui8", "si8") else T((3,), [1.5, 100.7, 0.0])
    case("torch.prims.convert_element_type", f"%0 i{code}", [source], T(source.shape, [math.trunc(a) if dtype not in FLOATS and dtype != "i1" else a for a in source.data], dtype), tol=0)
case("torch.prims.convert_element_type", "%0 i6", [T((3,), [255, 0, 128], "ui8")], T((3,), [255, 0, 128]), name="from unsigned numbers", tol=0)
case("torch.prims.convert_element_type", "%0 i6", [bx], bx.to("f32"), name="from truth values", tol=0)
case("torch.prims.convert_element_type", "%0 i15", [rand(5, dtype="f16")], rand(5, dtype="f16").to("bf16"), name="between halves", tol=0)
case("torch.aten.to.dtype", "%0 i4 false false none", [wide], T((6,), [math.trunc(a) for a in wide.data], "si64"))
case("torch.aten.to.dtype", "%0 i6 false false none", [x], x)
case("torch.aten.to.dtype_layout", "%0 i7 none none none false false none", [x], x.to("f64"))
case("torch.aten.to.device", "%0 cpu i7 false false none", [x], x.to("f64"))
case("torch.aten.to.prim_Device", "%0 cpu i7 false false", [x], x.to("f64"))
case("torch.aten.to.other", "%0 %1 false false none", [x, ix], T(x.shape, [math.trunc(a) for a in x.data], "si64"))
case("torch.aten.type_as", "%0 %1", [ix, x], ix.to("f32"))
case("torch.aten._to_copy", "%0 i7 none none none false none", [x], x.to("f64"))
for name in ["alias", "detach", "lift_fresh_copy"]:
    case(f"torch.aten.{name}", "%0", [x], x)
case("torch.aten.clone", "%0 none", [x], x)
case("torch.aten.contiguous", "%0 i0", [x], x)
case("torch.aten.dropout", "%0 f0.5 false", [x], x)

quant = lambda a, low=-128, high=127: min(max(round(a / 0.25) + 3, low), high)
wide2 = rand(2, 5, seed=19, scale=40)
case("torch.quantized_decomposed.quantize_per_tensor", "%0 f0.25 i3 i-100 i100 i1", [wide2], T((2, 5), [quant(a, -100, 100) for a in wide2.data], "si8"))
case("torch.quantized_decomposed.dequantize_per_tensor", "%0 f0.25 i3 i-128 i127 i1", [T((3,), [-128, 3, 127], "si8")], T((3,), [-32.75, 0, 31]))

# ---- reductions ----
z = rand(2, 3, 4, seed=7)
half = rand(3, 200, dtype="f16", seed=9)
var = lambda v, c=1: sum((a - sum(v) / len(v)) ** 2 for a in v) / (len(v) - c)
mean = lambda v: sum(v) / len(v)
for keep in ["true", "false"]:
    k = keep == "true"
    case("torch.aten.sum.dim_IntList", f"%0 [-1 0] {keep} none", [z], reduce(sum, z, [2, 0], k))
    case("torch.aten.mean.dim", f"%0 [1] {keep} none", [z], reduce(mean, z, [1], k))
    case("torch.aten.amax", f"%0 [0 -1] {keep}", [z], reduce(max, z, [0, 2], k))
    case("torch.aten.amin", f"%0 [1] {keep}", [z], reduce(min, z, [1], k))
    case("torch.aten.prod.dim_int", f"%0 i1 {keep} none", [z], reduce(math.prod, z, [1], k))
    case("torch.aten.max.dim", f"%0 i-1 {keep}", [z], reduce(max, z, [2], k), reduce(lambda v: v.index(max(v)), z, [2], k, "si64"))
    case("torch.aten.min.dim", f"%0 i0 {keep}", [z], reduce(min, z, [0], k), reduce(lambda v: v.index(min(v)), z, [0], k, "si64"))
    case("torch.aten.argmax", f"%0 i1 {keep}", [z], reduce(lambda v: v.index(max(v)), z, [1], k, "si64"))
    case("torch.aten.argmin", f"%0 i1 {keep}", [z], reduce(lambda v: v.index(min(v)), z, [1], k, "si64"))
    case("torch.aten.var.dim", f"%0 [2] true {keep}", [z], reduce(var, z, [2], k))
    case("torch.aten.var.correction", f"%0 [0 2] i0 {keep}", [z], reduce(lambda v: var(v, 0), z, [0, 2], k))
    case("torch.aten.std.dim", f"%0 [2] false {keep}", [z], reduce(lambda v: math.sqrt(var(v, 0)), z, [2], k))
    case("torch.aten.std.correction", f"%0 [1] none {keep}", [z], reduce(lambda v: math.sqrt(var(v)), z, [1], k))
    case("torch.aten.var_mean.correction", f"%0 [1] i0 {keep}", [z], reduce(lambda v: var(v, 0), z, [1], k), reduce(mean, z, [1], k))
    case("torch.aten.var_mean.dim", f"%0 [1] true {keep}", [z], reduce(var, z, [1], k), reduce(mean, z, [1], k))
    case("torch.aten.logsumexp", f"%0 [1] {keep}", [z], reduce(lambda v: math.log(sum(map(math.exp, v))), z, [1], k))
    case("torch.aten.linalg_vector_norm", f"%0 f2.0 [1] {keep} none", [z], reduce(lambda v: math.sqrt(sum(a * a for a in v)), z, [1], k))
    case("torch.aten.all.dim", f"%0 i1 {keep}", [bx], reduce(all, bx, [1], k))
    case("torch.aten.any.dim", f"%0 i0 {keep}", [bx], reduce(any, bx, [0], k))
    case("torch.aten.all.dims", f"%0 [0 1] {keep}", [bx], reduce(all, bx, [0, 1], k))
    case("torch.aten.any.dims", f"%0 [1] {keep}", [bx], reduce(any, bx, [1], k))
case("torch.aten.linalg_vector_norm", "%0 f1.0 none false none", [z], reduce(lambda v: sum(map(abs, v)), z, [0, 1, 2]))
case("torch.aten.linalg_vector_norm", "%0 finf none false none", [z], reduce(lambda v: max(map(abs, v)), z, [0, 1, 2]))
case("torch.aten.linalg_vector_norm", "%0 i0 [1] false none", [T((2, 3), [0, 1, 2, 0, 0, 3])], T((2,), [2, 1]))
case("torch.aten.norm.ScalarOpt_dim", "%0 i2 [0] true", [x], reduce(lambda v: math.sqrt(sum(a * a for a in v)), x, [0], True))
case("torch.aten.sum", "%0 none", [z], reduce(sum, z, [0, 1, 2]))
case("torch.aten.sum", "%0 none", [bx], scalar(3, "si64"), name="of truth values")
case("torch.aten.sum", "%0 none", [ix], reduce(sum, ix, [0, 1]))
case("torch.aten.sum.dim_IntList", "%0 [1] false none", [half], reduce(sum, half, [1]), name="of halves")
case("torch.aten.sum.dim_IntList", "%0 [1] false none", [z], reduce(sum, z, [1]), dynamic=True)
case("torch.aten.sum.dim_IntList", "%0 none false none", [z], reduce(sum, z, [0, 1, 2]), name="over all")
case("torch.aten.mean", "%0 none", [z], reduce(mean, z, [0, 1, 2]))
case("torch.aten.mean.dim", "%0 [-1] true none", [half], reduce(mean, half, [1], True), name="of halves")
case("torch.aten.mean.dim", "%0 [1] true none", [z], reduce(mean, z, [1], True), dynamic=True)
case("torch.aten.prod", "%0 none", [x], reduce(math.prod, x, [0, 1]))
case("torch.aten.max", "%0", [ix], reduce(max, ix, [0, 1]))
case("torch.aten.min", "%0", [x], reduce(min, x, [0, 1]))
case("torch.aten.max", "%0", [special], scalar(nan), name="with NaN")
case("torch.aten.argmax", "%0 none false", [z], scalar(z.data.index(max(z.data)), "si64"))
case("torch.aten.argmax", "%0 i0 false", [T((5,), [1, 3, 3, nan, 9])], scalar(3, "si64"), name="with NaN")
case("torch.aten.argmax", "%0 i0 false", [T((4,), [1, 3, 3, 2], "si32")], scalar(1, "si64"), name="of equal ones")
case("torch.aten.argmin", "%0 none true", [x], T((1, 1), [x.data.index(min(x.data))], "si64"))
case("torch.aten.all", "%0", [bx], scalar(0, "i1"))
case("torch.aten.any", "%0", [T((3,), [0, 0, nan])], scalar(1, "i1"))
case("torch.aten.var", "%0 true", [z], reduce(var, z, [0, 1, 2]))
case("torch.aten.std", "%0 false", [z], reduce(lambda v: math.sqrt(var(v, 0)), z, [0, 1, 2]))
case("torch.aten.var_mean", "%0 true", [z], reduce(var, z, [0, 1, 2]), reduce(mean, z, [0, 1, 2]))
case("torch.aten.logsumexp", "%0 [0] false", [T((3,), [-inf, -inf, -inf])], scalar(-inf), name="of nothing")


def cumulate(f, t, d, dtype=None):
    def element(*i):
        return f([t.at(*(i[:d] + (k,) + i[d + 1:])) for k in range(i[d] + 1)])
    return make(t.shape, element, dtype or t.dtype)


case("torch.aten.cumsum", "%0 i1 none", [z], cumulate(sum, z, 1))
case("torch.aten.cumsum", "%0 i-1 none", [bx], cumulate(sum, bx, 1, "si64"))
case("torch.aten.cumsum", "%0 i0 none", [half], cumulate(sum, half, 0), name="of halves")
case("torch.aten.cumprod", "%0 i0 none", [x], cumulate(math.prod, x, 0))

# ---- softmax and normalisations ----
case("torch.aten._softmax", "%0 i-1 false", [z], softmax(z, 2))
case("torch.aten.softmax.int", "%0 i1 none", [z], softmax(z, 1))
case("torch.aten.softmax.int", "%0 i1 none", [z], softmax(z, 1), dynamic=True)
case("torch.aten.softmax.int", "%0 i0 none", [T((3,), [1000, 1001, 999])], softmax(T((3,), [1000, 1001, 999]), 0), name="of large numbers")
case("torch.aten._softmax", "%0 i1 false", [half], softmax(half, 1), name="of halves")
case("torch.aten.log_softmax.int", "%0 i2 none", [z], softmax(z, 2, log=True))
case("torch.aten._log_softmax", "%0 i0 false", [z], softmax(z, 0, log=True))


def normalise(t, dims, eps, weight=None, bias=None, dtype=None):
    m = reduce(mean, t, dims, True, "f64")
    v = reduce(lambda r: var(r, 0), t, dims, True, "f64")
    r = emap(lambda a: 1 / math.sqrt(a + eps), v)
    out = emap(lambda a, b, c: (a - b) * c, t, m, r, dtype="f64")
    if weight:
        out = emap(lambda a, b: a * b, out, weight)
    if bias:
        out = emap(lambda a, b: a + b, out, bias)
    return T(out.shape, out.data, t.dtype), T(m.shape, m.data, t.dtype), T(r.shape, r.data, t.dtype)


w4, b4 = rand(4, seed=21), rand(4, seed=22)
n4 = normalise(z, [2], 1e-5, w4, b4)
case("torch.aten.layer_norm", "%0 [4] %1 %2 f1e-05 false", [z, w4, b4], n4[0])
case("torch.aten.native_layer_norm", "%0 [4] %1 %2 f1e-05", [z, w4, b4], *n4)
case("torch.aten.native_layer_norm", "%0 [3 4] none none f0.1", [z], *normalise(z, [1, 2], 0.1))
case("torch.aten.rms_norm", "%0 [4] %1 f0.01", [z, w4], make(z.shape, lambda i, j, k: z.at(i, j, k) * w4.at(k) / math.sqrt(sum(z.at(i, j, q) ** 2 for q in range(4)) / 4 + 0.01)))
chan = [rand(3, seed=30 + i, shift=2) for i in range(4)]
img = rand(2, 3, 2, 2, seed=40)
bn = make(img.shape, lambda n, c, h, w: (img.at(n, c, h, w) - chan[2].at(c)) / math.sqrt(chan[3].at(c) + 0.001) * chan[0].at(c) + chan[1].at(c))
case("torch.aten.batch_norm", "%0 %1 %2 %3 %4 false f0.1 f0.001 false", [img] + chan, bn)
case("torch.aten._native_batch_norm_legit_no_training", "%0 %1 %2 %3 %4 f0.1 f0.001", [img] + chan, bn, T((0,), []), T((0,), []))
case("torch.aten.native_batch_norm", "%0 %1 %2 %3 %4 false f0.1 f0.001", [img] + chan, bn, T((0,), []), T((0,), []))
gx = rand(2, 4, 3, seed=41)
gn = normalise(view(gx, (2, 2, 6)), [2], 1e-3)
gy = emap(lambda a, b, c: a * b + c, view(gn[0], (2, 4, 3)), view(w4, (4, 1)), view(b4, (4, 1)))
case("torch.aten.group_norm", "%0 i2 %1 %2 f0.001 false", [gx, w4, b4], gy)
case("torch.aten.native_group_norm", "%0 %1 %2 i2 i4 i3 i2 f0.001", [gx, w4, b4], gy, view(gn[1], (2, 2)), view(gn[2], (2, 2)))

# ---- products ----
m1, m2, m3 = rand(3, 4, seed=50), rand(4, 5, seed=51), rand(5, seed=52)
case("torch.aten.mm", "%0 %1", [m1, m2], matmul(m1, m2))
case("torch.aten.mm", "%0 %1", [m1, m2], matmul(m1, m2), dynamic=True)
case("torch.aten.mm", "%0 %1", [ints(3, 4), ints(4, 5, seed=2)], matmul(ints(3, 4), ints(4, 5, seed=2)))
for dtype in ["f16", "bf16", "f64"]:
    case("torch.aten.mm", "%0 %1", [rand(3, 64, dtype=dtype), rand(64, 2, dtype=dtype, seed=2)], matmul(rand(3, 64, dtype=dtype), rand(64, 2, dtype=dtype, seed=2)))
case("torch.aten._int_mm", "%0 %1", [ints(2, 3, low=-128, high=127, dtype="si8"), ints(3, 2, low=-128, high=127, dtype="si8", seed=3)],
     matmul(ints(2, 3, low=-128, high=127, dtype="si8").to("si32"), ints(3, 2, low=-128, high=127, dtype="si8", seed=3).to("si32")))
case("torch.aten.bmm", "%0 %1", [rand(2, 3, 4), rand(2, 4, 5, seed=2)], matmul(rand(2, 3, 4), rand(2, 4, 5, seed=2)))
case("torch.aten.bmm", "%0 %1", [rand(2, 3, 4), rand(2, 4, 5, seed=2)], matmul(rand(2, 3, 4), rand(2, 4, 5, seed=2)), dynamic=True)
for a, b in [((4,), (4,)), ((3, 4), (4,)), ((4,), (4, 5)), ((2, 3, 4), (4, 5)), ((2, 3, 4), (4,)), ((2, 1, 3, 4), (5, 4, 2)), ((3, 4), (2, 4, 5)), ((4,), (2, 4, 5))]:
    p, q = rand(*a, seed=53), rand(*b, seed=54)
    case("torch.aten.matmul", "%0 %1", [p, q], matmul(p, q))
    case("torch.aten.matmul", "%0 %1", [p, q], matmul(p, q), dynamic=True) if a != (2, 1, 3, 4) else None
case("torch.aten.mv", "%0 %1", [m1, rand(4)], matmul(m1, rand(4)))
case("torch.aten.dot", "%0 %1", [rand(4), rand(4, seed=2)], matmul(rand(4), rand(4, seed=2)))
case("torch.aten.addmm", "%0 %1 %2 i1 i1", [m3, m1, m2], emap(lambda a, b: a + b, matmul(m1, m2), m3))
case("torch.aten.addmm", "%0 %1 %2 f0.5 f2.0", [rand(3, 1), m1, m2], emap(lambda a, b: 2 * a + 0.5 * b, matmul(m1, m2), rand(3, 1)))
case("torch.aten.addmm", "%0 %1 %2 i0 i1", [T((5,), [nan] * 5), m1, m2], matmul(m1, m2), name="of nothing")
case("torch.aten.baddbmm", "%0 %1 %2 i1 f0.5", [rand(2, 3, 5), rand(2, 3, 4), rand(2, 4, 5, seed=2)], emap(lambda a, b: a + 0.5 * b, rand(2, 3, 5), matmul(rand(2, 3, 4), rand(2, 4, 5, seed=2))))
lw = rand(6, 4, seed=55)
case("torch.aten.linear", "%0 %1 %2", [rand(2, 3, 4), lw, rand(6)], emap(lambda a, b: a + b, matmul(rand(2, 3, 4), permute(lw, [1, 0])), rand(6)))
case("torch.aten.linear", "%0 %1 none", [rand(4), lw], matmul(rand(4), permute(lw, [1, 0])))


def attention(q, k, v, mask=None, causal=False, scale=None):
    scale = scale or 1 / math.sqrt(q.shape[-1])
    t = list(range(q.rank))
    s = matmul(q.to("f64"), permute(k, t[:-2] + [t[-1], t[-2]]).to("f64"))
    s = emap(lambda a: a * scale, s)
    if mask:
        s = emap(lambda a, b: (a if b else -inf) if mask.dtype == "i1" else a + b, s, mask)
    if causal:
        s = make(s.shape, lambda *i: s0.at(*i) if i[-1] <= i[-2] else -inf, "f64") if (s0 := s) else s
    out = matmul(softmax(s, -1), v.to("f64"))
    lse = reduce(lambda r: math.log(sum(map(math.exp, r))), s, [-1], dtype="f32")
    return T(out.shape, out.data, q.dtype), lse


q, k, v = rand(1, 2, 4, 8, seed=60), rand(1, 2, 6, 8, seed=61), rand(1, 2, 6, 5, seed=62)
case("torch.aten.scaled_dot_product_attention", "%0 %1 %2 none f0.0 false none false", [q, k, v], attention(q, k, v)[0])
case("torch.aten.scaled_dot_product_attention", "%0 %1 %2 none f0.0 true f0.3 false", [q, k, v], attention(q, k, v, causal=True, scale=0.3)[0])
mask, bmask = rand(4, 6, seed=63), T((1, 1, 4, 6), [i % 3 != 1 for i in range(24)], "i1")
case("torch.aten.scaled_dot_product_attention", "%0 %1 %2 %3 f0.0 false none false", [q, k, v, mask], attention(q, k, v, mask)[0])
case("torch.aten.scaled_dot_product_attention", "%0 %1 %2 %3 f0.0 false none false", [q, k, v, bmask], attention(q, k, v, bmask)[0], name="with a mask of truth values")
q4 = rand(1, 4, 4, 8, seed=64)
k4, v4 = (make((1, 4) + t.shape[2:], lambda b, h, i, j, t=t: t.at(b, h // 2, i, j)) for t in (k, v))
case("torch.aten.scaled_dot_product_attention", "%0 %1 %2 none f0.0 false none true", [q4, k, v], attention(q4, k4, v4)[0], name="with shared heads")
case("torch.aten._scaled_dot_product_flash_attention_for_cpu", "%0 %1 %2 f0.0 false none none", [q, k, v], *attention(q, k, v))
case("torch.aten._scaled_dot_product_flash_attention_for_cpu", "%0 %1 %2 f0.0 true none f0.5", [q, k, v], *attention(q, k, v, causal=True, scale=0.5))
case("torch.aten._scaled_dot_product_flash_attention_for_cpu", "%0 %1 %2 f0.0 false %3 none", [q, k, v, mask], *attention(q, k, v, mask))
