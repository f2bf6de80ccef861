"""Cases: windows, shapes, places, order, creation, numbers, control flow, tm_tensor."""
import itertools, math
from tensors import *
from cases import attention, case, cumulate, inf, nan, x, y, z, ix, bx, row, half, special

# ---- windows ----


def conv(t, w, bias=None, stride=1, pad=0, dilation=1, groups=1):
    n = t.rank - 2
    many = lambda v: [v] * n if isinstance(v, int) else v
    stride, pad, dilation = many(stride), many(pad), many(dilation)
    size = [(t.shape[2 + d] + 2 * pad[d] - dilation[d] * (w.shape[2 + d] - 1) - 1) // stride[d] + 1 for d in range(n)]
    per, filters = w.shape[1], w.shape[0] // groups

    def element(b, f, *o):
        total = bias.at(f) if bias else 0
        for c in range(per):
            for k in itertools.product(*(range(s) for s in w.shape[2:])):
                p = [o[d] * stride[d] - pad[d] + k[d] * dilation[d] for d in range(n)]
                if all(0 <= p[d] < t.shape[2 + d] for d in range(n)):
                    total += t.at(b, f // filters * per + c, *p) * w.at(f, c, *k)
        return total

    return make([t.shape[0], w.shape[0]] + size, element, t.dtype)


def conv_transposed(t, w, bias=None, stride=1, pad=0, more=0, groups=1):
    n = t.rank - 2
    size = [(t.shape[2 + d] - 1) * stride - 2 * pad + w.shape[2 + d] + more for d in range(n)]
    per = w.shape[1]
    channels = t.shape[1] // groups
    sums = {}
    for b, c, *i in t.places():
        for f in range(per):
            for k in itertools.product(*(range(s) for s in w.shape[2:])):
                o = tuple(i[d] * stride - pad + k[d] for d in range(n))
                key = (b, c // channels * per + f) + o
                sums[key] = sums.get(key, 0) + t.at(b, c, *i) * w.at(c, f, *k)
    return make([t.shape[0], per * groups] + size, lambda b, f, *o: sums.get((b, f) + o, 0) + (bias.at(f) if bias else 0), t.dtype)


im, w1, cb = rand(2, 4, 6, 5, seed=70), rand(6, 4, 3, 2, seed=71), rand(6, seed=72)
case("torch.aten.convolution", "%0 %1 %2 [1 1] [0 0] [1 1] false [] i1", [im, w1, cb], conv(im, w1, cb))
case("torch.aten.convolution", "%0 %1 none [2 1] [1 1] [1 2] false [] i1", [im, w1], conv(im, w1, None, [2, 1], [1, 1], [1, 2]))
w2 = rand(6, 2, 3, 3, seed=73)
case("torch.aten.convolution", "%0 %1 %2 [1 1] [1 1] [1 1] false [] i2", [im, w2, cb], conv(im, w2, cb, pad=1, groups=2))
case("torch.aten.conv2d", "%0 %1 %2 [1 1] [1 1] [1 1] i2", [im, w2, cb], conv(im, w2, cb, pad=1, groups=2))
case("torch.aten.convolution", "%0 %1 none [1 1] [1 1] [1 1] false [] i4", [im, rand(4, 1, 3, 3)], conv(im, rand(4, 1, 3, 3), pad=1, groups=4), name="of each channel")
case("torch.aten.convolution", "%0 %1 none [1 1] [0 0] [1 1] false [] i1", [rand(1, 2, 4, 4, dtype="f16"), rand(3, 2, 2, 2, dtype="f16", seed=2)], conv(rand(1, 2, 4, 4, dtype="f16"), rand(3, 2, 2, 2, dtype="f16", seed=2)))
case("torch.aten._convolution", "%0 %1 %2 [1 1] [1 1] [1 1] false [0 0] i2 false false false false", [im, w2, cb], conv(im, w2, cb, pad=1, groups=2))
line, w3 = rand(2, 3, 7, seed=74), rand(4, 3, 3, seed=75)
case("torch.aten.conv1d", "%0 %1 none [2] [1] [1] i1", [line, w3], conv(line, w3, None, 2, 1))
case("torch.aten.conv3d", "%0 %1 none [1 1 1] [0 0 0] [1 1 1] i1", [rand(1, 2, 3, 4, 3), rand(2, 2, 2, 2, 2, seed=2)], conv(rand(1, 2, 3, 4, 3), rand(2, 2, 2, 2, 2, seed=2)))
tw = rand(4, 3, 3, 2, seed=76)
case("torch.aten.convolution", "%0 %1 none [2 2] [1 1] [1 1] true [1 1] i1", [im, tw], conv_transposed(im, tw, None, 2, 1, 1), name="transposed")
tw2 = rand(4, 3, 2, 2, seed=77)
case("torch.aten.conv_transpose2d.input", "%0 %1 %2 [1 1] [0 0] [0 0] i2 [1 1]", [im, tw2, rand(6)], conv_transposed(im, tw2, rand(6), groups=2))
case("torch.aten.conv_transpose1d", "%0 %1 none [3] [0] [0] i1 [1]", [line, rand(3, 2, 2)], conv_transposed(line, rand(3, 2, 2), stride=3))


def pool(t, n, f, size, stride, pad, out, dilation=1):
    """f over the elements (value, flat place) of the window that lie inside"""
    lead = t.rank - n

    def element(*i):
        found = []
        for k in itertools.product(*(range(s) for s in size)):
            p = [i[lead + d] * stride[d] - pad[d] + k[d] * dilation for d in range(n)]
            if all(0 <= p[d] < t.shape[lead + d] for d in range(n)):
                flat = 0
                for d in range(n):
                    flat = flat * t.shape[lead + d] + p[d]
                found.append((t.at(*i[:lead], *p), flat))
        return f(found, i[lead:])

    return make(t.shape[:lead] + tuple(out), element, t.dtype)


top = lambda found, at: max(v for v, _ in found)
pi = rand(1, 2, 5, 6, seed=80)
case("torch.aten.max_pool2d", "%0 [2 2] [2 2] [0 0] [1 1] false", [pi], pool(pi, 2, top, [2, 2], [2, 2], [0, 0], [2, 3]))
case("torch.aten.max_pool2d", "%0 [3 3] [2 2] [1 1] [1 1] true", [pi], pool(pi, 2, top, [3, 3], [2, 2], [1, 1], [3, 4]), name="rounded up")
case("torch.aten.max_pool2d", "%0 [2 2] [] [0 0] [2 2] false", [pi], pool(pi, 2, top, [2, 2], [2, 2], [0, 0], [2, 2], 2), name="with gaps")
places = pool(pi, 2, lambda found, at: max(found, key=lambda v: (v[0], -v[1]))[1], [3, 3], [2, 2], [1, 1], [3, 3])
case("torch.aten.max_pool2d_with_indices", "%0 [3 3] [2 2] [1 1] [1 1] false", [pi], pool(pi, 2, top, [3, 3], [2, 2], [1, 1], [3, 3]), T(places.shape, [int(a) for a in places.data], "si64"))
case("torch.aten.max_pool1d", "%0 [3] [2] [1] [1] false", [line], pool(line, 1, top, [3], [2], [1], [4]))
case("torch.aten.max_pool3d", "%0 [2 2 2] [1 1 1] [0 0 0] [1 1 1] false", [rand(1, 1, 3, 3, 3)], pool(rand(1, 1, 3, 3, 3), 3, top, [2] * 3, [1] * 3, [0] * 3, [2] * 3))
case("torch.aten.avg_pool2d", "%0 [3 3] [2 2] [1 1] false true none", [pi], pool(pi, 2, lambda f, at: sum(v for v, _ in f) / 9, [3, 3], [2, 2], [1, 1], [3, 3]))
case("torch.aten.avg_pool2d", "%0 [3 3] [2 2] [1 1] false false none", [pi], pool(pi, 2, lambda f, at: sum(v for v, _ in f) / len(f), [3, 3], [2, 2], [1, 1], [3, 3]), name="of what is inside")
case("torch.aten.avg_pool2d", "%0 [2 2] [2 2] [0 0] false true i5", [pi], pool(pi, 2, lambda f, at: sum(v for v, _ in f) / 5, [2, 2], [2, 2], [0, 0], [2, 3]), name="by a number")
case("torch.aten.avg_pool1d", "%0 [3] [2] [0] false true", [line], pool(line, 1, lambda f, at: sum(v for v, _ in f) / 3, [3], [2], [0], [3]))
case("torch.aten.avg_pool1d", "%0 [2] [2] [0] true true", [line], pool(line, 1, lambda f, at: sum(v for v, _ in f) / len(f), [2], [2], [0], [4]), name="rounded up")
case("torch.aten.avg_pool3d", "%0 [2 2 2] [1 1 1] [0 0 0] false true none", [rand(1, 1, 3, 3, 3)], pool(rand(1, 1, 3, 3, 3), 3, lambda f, at: sum(v for v, _ in f) / 8, [2] * 3, [1] * 3, [0] * 3, [2] * 3))
case("torch.aten.adaptive_avg_pool2d", "%0 [1 1]", [pi], pool(pi, 2, lambda f, at: sum(v for v, _ in f) / 30, [5, 6], [1, 1], [0, 0], [1, 1]))
case("torch.aten._adaptive_avg_pool2d", "%0 [5 3]", [pi], pool(pi, 2, lambda f, at: sum(v for v, _ in f) / 2, [1, 2], [1, 2], [0, 0], [5, 3]))
case("torch.aten.adaptive_avg_pool1d", "%0 [1]", [line], pool(line, 1, lambda f, at: sum(v for v, _ in f) / 7, [7], [1], [0], [1]))

# ---- shapes ----
for name in ["view", "reshape", "_unsafe_view"]:
    case(f"torch.aten.{name}", "%0 [6 -1]", [z], view(z, (6, 4)))
case("torch.aten.view", "%0 [3 8]", [z], view(z, (3, 8)), name="across dims")
case("torch.aten.view", "%0 [1 2 12 1]", [z], view(z, (1, 2, 12, 1)))
case("torch.aten.view", "%0 []", [T((1, 1), [3])], scalar(3))
case("torch.aten.view", "%0 [1 1]", [scalar(3)], T((1, 1), [3]))
case("torch.aten.view", "%0 [6 4]", [z], view(z, (6, 4)), dynamic=True)
case("torch.aten._reshape_alias", "%0 [4 6] [6 1]", [z], view(z, (4, 6)))
case("torch.aten.flatten.using_ints", "%0 i1 i-1", [z], view(z, (2, 12)))
case("torch.aten.unflatten.int", "%0 i1 [3 -1]", [view(z, (2, 12))], z)
case("torch.aten.flatten.using_ints", "%0 i1 i2", [view(z, (2, 3, 2, 2))], view(z, (2, 6, 2)), dynamic=True)
case("torch.aten.unflatten.int", "%0 i-1 [2 -1]", [z], view(z, (2, 3, 2, 2)), dynamic=True)
case("torch.aten.unflatten.int", "%0 i0 [-1 2]", [view(z, (4, 6))], view(z, (2, 2, 6)), dynamic=True)
case("torch.aten.squeeze", "%0", [view(z, (2, 1, 3, 1, 4))], z)
case("torch.aten.squeeze.dim", "%0 i-2", [view(z, (2, 1, 3, 1, 4))], view(z, (2, 1, 3, 4)))
case("torch.aten.squeeze.dim", "%0 i0", [z], z, name="of more than 1")
case("torch.aten.squeeze.dims", "%0 [1 3]", [view(z, (2, 1, 3, 1, 4))], z)
case("torch.aten.unsqueeze", "%0 i-1", [z], view(z, (2, 3, 4, 1)))
case("torch.aten.unsqueeze", "%0 i1", [z], view(z, (2, 1, 3, 4)))
case("torch.aten.permute", "%0 [2 0 1]", [z], permute(z, [2, 0, 1]))
case("torch.aten.permute", "%0 [2 0 1]", [z], permute(z, [2, 0, 1]), dynamic=True)
case("torch.aten.transpose.int", "%0 i-1 i0", [z], permute(z, [2, 1, 0]))
case("torch.aten.t", "%0", [x], permute(x, [1, 0]))
case("torch.aten.t", "%0", [row], row)
case("torch.aten.expand", "%0 [2 -1 4] false", [rand(3, 1)], make((2, 3, 4), lambda i, j, k: rand(3, 1).at(j, 0)))
case("torch.aten.broadcast_to", "%0 [2 3]", [row], make((2, 3), lambda i, j: row.at(j)))
case("torch.aten.repeat", "%0 [2 1 3]", [x], make((2, 2, 9), lambda i, j, k: x.at(j, k % 3)))
case("torch.aten.repeat", "%0 [2 3]", [x], make((4, 9), lambda j, k: x.at(j % 2, k % 3)), dynamic=True)
case("torch.aten.tile", "%0 [2 1]", [x], make((4, 3), lambda j, k: x.at(j % 2, k)))
case("torch.aten.cat", "[%0 %1 %2] i1", [z, rand(2, 1, 4), z], make((2, 7, 4), lambda i, j, k: rand(2, 1, 4).at(i, 0, k) if j == 3 else z.at(i, j if j < 3 else j - 4, k)))
case("torch.aten.cat", "[%0 %1] i-1", [x, T((2, 1), [1, 2], "si64")], make((2, 4), lambda i, j: x.at(i, j) if j < 3 else i + 1), name="promoted")
case("torch.aten.cat", "[%0 %1] i0", [x, y], make((4, 3), lambda i, j: x.at(i, j) if i < 2 else y.at(i - 2, j)), dynamic=True)
case("torch.aten.cat", "[%0 %1] i0", [T((0,), []), x], x, name="with an empty one")
case("torch.aten.stack", "[%0 %1] i1", [x, y], make((2, 2, 3), lambda i, s, j: (y if s else x).at(i, j)))
case("torch.aten.slice.Tensor", "%0 i1 i1 i3 i1", [z], make((2, 2, 4), lambda i, j, k: z.at(i, j + 1, k)))
case("torch.aten.slice.Tensor", "%0 i-1 i0 i9223372036854775807 i3", [z], make((2, 3, 2), lambda i, j, k: z.at(i, j, 3 * k)))
case("torch.aten.slice.Tensor", "%0 i2 i-3 i-1 i1", [z], make((2, 3, 2), lambda i, j, k: z.at(i, j, k + 1)))
case("torch.aten.slice.Tensor", "%0 i0 none i1 i1", [z], make((1, 3, 4), lambda i, j, k: z.at(i, j, k)))
case("torch.aten.slice.Tensor", "%0 i0 i5 i9 i1", [z], T((0, 3, 4), []), name="of nothing")
case("torch.aten.slice.Tensor", "%0 i1 i-2 i7 i1", [z], make((2, 2, 4), lambda i, j, k: z.at(i, j + 1, k)), dynamic=True)
case("torch.aten.select.int", "%0 i1 i-1", [z], make((2, 4), lambda i, k: z.at(i, 2, k)))
case("torch.aten.select.int", "%0 i0 i1", [z], make((3, 4), lambda j, k: z.at(1, j, k)), dynamic=True)
case("torch.aten.select.int", "%0 i0 i-1", [row], T((1,), [row.at(2)]), name="with its dim")
case("torch.aten.narrow", "%0 i2 i1 i2", [z], make((2, 3, 2), lambda i, j, k: z.at(i, j, k + 1)))
case("torch.aten.split.Tensor", "%0 i2 i1", [z], make((2, 2, 4), lambda i, j, k: z.at(i, j, k)), make((2, 1, 4), lambda i, j, k: z.at(i, 2, k)), unpack=True)
case("torch.aten.split_with_sizes", "%0 [1 3] i-1", [z], make((2, 3, 1), lambda i, j, k: z.at(i, j, 0)), make((2, 3, 3), lambda i, j, k: z.at(i, j, k + 1)), unpack=True)
case("torch.aten.chunk", "%0 i2 i2", [z], make((2, 3, 2), lambda i, j, k: z.at(i, j, k)), make((2, 3, 2), lambda i, j, k: z.at(i, j, k + 2)), unpack=True)
case("torch.aten.unbind.int", "%0 i0", [z], make((3, 4), lambda j, k: z.at(0, j, k)), make((3, 4), lambda j, k: z.at(1, j, k)), unpack=True)
case("torch.aten.constant_pad_nd", "%0 [1 2 0 1] f1.5", [x], make((3, 6), lambda i, j: x.at(i, j - 1) if i < 2 and 1 <= j < 4 else 1.5))
case("torch.aten.constant_pad_nd", "%0 [-1 1] i0", [x], make((2, 3), lambda i, j: x.at(i, j + 1) if j < 2 else 0), name="cut off")
case("torch.aten.pad", '%0 [1 0] "constant" f2.0', [x], make((2, 4), lambda i, j: x.at(i, j - 1) if j else 2))
case("torch.aten.as_strided", "%0 [2 3 2] [1 4 2] i5", [z], make((2, 3, 2), lambda i, j, k: z.data[5 + i + 4 * j + 2 * k]))
case("torch.aten.flip", "%0 [0 -1]", [z], make(z.shape, lambda i, j, k: z.at(1 - i, j, 3 - k)))
case("torch.aten.flip", "%0 [1]", [z], make(z.shape, lambda i, j, k: z.at(i, 2 - j, k)), dynamic=True)
case("torch.aten.roll", "%0 [1 -5] [1 2]", [z], make(z.shape, lambda i, j, k: z.at(i, (j - 1) % 3, (k + 5) % 4)))
case("torch.aten.triu", "%0 i1", [z], make(z.shape, lambda i, j, k: z.at(i, j, k) if k - j >= 1 else 0))
case("torch.aten.tril", "%0 i-1", [z], make(z.shape, lambda i, j, k: z.at(i, j, k) if k - j <= -1 else 0))

# ---- places ----
table, where = rand(7, 4, seed=90), T((2, 3), [0, 6, 3, 3, 1, 5], "si64")
case("torch.aten.embedding", "%0 %1 i-1 false false", [table, where], make((2, 3, 4), lambda i, j, k: table.at(where.at(i, j), k)))
case("torch.aten.embedding", "%0 %1 i-1 false false", [table, where], make((2, 3, 4), lambda i, j, k: table.at(where.at(i, j), k)), dynamic=True)
pick = T((5,), [2, 0, 2, 1, 0], "si64")
case("torch.aten.index_select", "%0 i1 %1", [z, pick], make((2, 5, 4), lambda i, j, k: z.at(i, pick.at(j), k)))
case("torch.aten.index_select", "%0 i1 %1", [z, pick.to("si32")], make((2, 5, 4), lambda i, j, k: z.at(i, pick.at(j), k)), name="by 32 bits")
spots = T((2, 2, 4), [(3 * i + 1) % 3 for i in range(8)] + [0, 1, 2, 2, 1, 0, 0, 1], "si64")
case("torch.aten.gather", "%0 i1 %1 false", [z, spots], make((2, 2, 4), lambda i, j, k: z.at(i, spots.at(i, j, k), k)))
a0, a1 = T((2, 1), [1, -1], "si64"), T((3,), [3, 0, -2], "si64")
case("torch.aten.index.Tensor", "%0 [%1]", [z, a0], make((2, 1, 3, 4), lambda p, q, j, k: z.at(a0.at(p, q) % 2, j, k)))
case("torch.aten.index.Tensor", "%0 [none none %1]", [z, a1], make((2, 3, 3), lambda i, j, p: z.at(i, j, a1.at(p) % 4)))
case("torch.aten.index.Tensor", "%0 [%1 %2]", [x, a0, T((3,), [0, 1, 2], "si64")], make((2, 3), lambda p, q: x.at(a0.at(p, 0) % 2, q)), name="meeting")
case("torch.aten.index.Tensor", "%0 [%1 none %2]", [z, a0, a1], make((2, 3, 3), lambda p, q, j: z.at(a0.at(p, 0) % 2, j, a1.at(q) % 4)), name="with a gap")
case("torch.aten.index.Tensor_hacked_twin", "%0 [%1]", [x, T((2,), [1, 1], "si64")], make((2, 3), lambda i, j: x.at(1, j)))
case("torch.aten.index.Tensor", "%0 [%1]", [x, T((2,), [1, 0], "si64")], make((2, 3), lambda i, j: x.at(1 - i, j)), dynamic=True)


def put(t, f, source, places, add=False):
    data = {i: t.at(*i) for i in t.places()}
    for i in places:
        data[f(*i)] = (data[f(*i)] if add else 0) + source(*i)
    return make(t.shape, lambda *i: data[i], t.dtype)


grid = lambda *n: itertools.product(*map(range, n))
vals = rand(2, 4, seed=91)
case("torch.aten.index_put", "%0 [%1] %2 false", [table, T((2,), [5, -7], "si64"), vals], put(table, lambda i, j: ([5, 0][i], j), vals.at, grid(2, 4)))
case("torch.aten.index_put", "%0 [%1] %2 true", [table, T((2,), [5, 5], "si64"), vals], put(table, lambda i, j: (5, j), vals.at, grid(2, 4), True), name="added")
case("torch.aten.index_put", "%0 [none %1] %2 false", [x, T((2,), [2, 0], "si64"), scalar(9)], put(x, lambda i, j: (i, [2, 0][j]), lambda i, j: 9, grid(2, 2)), name="one value")
case("torch.aten.index_put.hacked_twin", "%0 [%1 %2] %3 false", [x, T((2,), [0, 1], "si64"), T((2,), [2, 0], "si64"), T((2,), [7, 8])], put(x, lambda i: (i, [2, 0][i]), lambda i: 7 + i, grid(2)))
src = rand(2, 2, seed=92)
to = T((2, 2), [2, 0, 1, 2], "si64")
case("torch.aten.scatter.src", "%0 i1 %1 %2", [x, to, src], put(x, lambda i, j: (i, to.at(i, j)), src.at, grid(2, 2)))
case("torch.aten.scatter.value", "%0 i1 %1 f4.5", [x, to], put(x, lambda i, j: (i, to.at(i, j)), lambda i, j: 4.5, grid(2, 2)))
case("torch.aten.scatter_add", "%0 i1 %1 %2", [x, T((2, 2), [2, 2, 1, 1], "si64"), src], put(x, lambda i, j: (i, [2, 1][i]), src.at, grid(2, 2), True))
case("torch.aten.one_hot", "%0 i4", [T((3,), [2, 0, 3], "si64")], make((3, 4), lambda i, j: [2, 0, 3][i] == j, "si64"))


def order(t, d, descending, k=None):
    n = t.shape[d]
    k = n if k is None else k

    def ranked(i):
        key = lambda p: math.inf if t.at(*i[:d], p, *i[d + 1:]) != t.at(*i[:d], p, *i[d + 1:]) else t.at(*i[:d], p, *i[d + 1:])
        return sorted(range(n), key=lambda p: (-key(p) if descending else key(p), p))

    shape = t.shape[:d] + (k,) + t.shape[d + 1:]
    return make(shape, lambda *i: t.at(*i[:d], ranked(i)[i[d]], *i[d + 1:]), t.dtype), make(shape, lambda *i: ranked(i)[i[d]], "si64")


case("torch.aten.sort", "%0 i1 false", [z], *order(z, 1, False))
case("torch.aten.sort", "%0 i-1 true", [ix], *order(ix, 1, True))
case("torch.aten.sort", "%0 i0 false", [T((5,), [2, nan, 2, -inf, inf])], T((5,), [-inf, 2, 2, inf, nan]), T((5,), [3, 0, 2, 4, 1], "si64"), name="with NaN")
case("torch.aten.sort.stable", "%0 true i0 true", [T((5,), [1, 3, 1, 3, 2], "si32")], *order(T((5,), [1, 3, 1, 3, 2], "si32"), 0, True))
case("torch.aten.argsort", "%0 i-1 false", [z], order(z, 2, False)[1])
case("torch.aten.topk", "%0 i2 i-1 true true", [z], *order(z, 2, True, 2))
case("torch.aten.topk", "%0 i2 i1 false true", [z], *order(z, 1, False, 2))

# ---- tensors from numbers ----
case("torch.aten.arange", "i5 none none cpu false", [], T((5,), range(5), "si64"))
case("torch.aten.arange.start", "i-2 i3 none none cpu false", [], T((5,), range(-2, 3), "si64"))
case("torch.aten.arange.start_step", "i1 i10 i4 i6 none cpu false", [], T((3,), [1, 5, 9]))
case("torch.aten.arange.start_step", "f0.0 f1.0 f0.3 i6 none cpu false", [], T((4,), [0, 0.3, 0.6, 0.9]))
case("torch.aten.linspace", "i0 i1 i5 none none cpu false", [], T((5,), [0, 0.25, 0.5, 0.75, 1]))
case("torch.aten.linspace", "f-1.0 f1.0 i1 none none cpu false", [], T((1,), [-1]))
case("torch.aten.eye", "i3 none none cpu false", [], make((3, 3), lambda i, j: i == j))
case("torch.aten.eye.m", "i2 i3 none none cpu false", [], make((2, 3), lambda i, j: i == j))
case("torch.aten.full", "[2 3] f2.5 none none cpu false", [], make((2, 3), lambda i, j: 2.5))
case("torch.aten.zeros", "[2] i4 none cpu false", [], T((2,), [0, 0], "si64"))
case("torch.aten.ones", "[2] none none cpu false", [], T((2,), [1, 1]))
for name, value in [("zeros_like", 0), ("ones_like", 1)]:
    case(f"torch.aten.{name}", "%0 none none none none none", [x], emap(lambda a: value, x))
case("torch.aten.full_like", "%0 f-1.5 none none none none none", [x], emap(lambda a: -1.5, x))
case("torch.aten.zero", "%0", [x], emap(lambda a: 0, x))
case("torch.aten.new_zeros", "%0 [2] none none none none", [x], T((2,), [0, 0]))
case("torch.aten.new_ones", "%0 [2] none none none none", [x], T((2,), [1, 1]))
case("torch.aten.new_full", "%0 [2] f3.0 none none none none", [x], T((2,), [3, 3]))
case("torch.aten.scalar_tensor", "f1.5 i6 none cpu none", [], scalar(1.5))
case("torch.prim.NumToTensor.Scalar", "i7", [], scalar(7, "si64"))
# What they hold is not defined: zeros times them added to something that is.
for name, operands in [("empty.memory_format", "[2 3] none none cpu false none"), ("empty_strided", "[2 3] [3 1] i6 i0 cpu false"), ("empty_like", "%0 none none none none none"),
                       ("new_empty", "%0 [2 3] none none none none"), ("new_empty_strided", "%0 [2 3] [3 1] none none none none")]:
    case(f"torch.aten.{name}", operands, [x], emap(lambda a: 4, x), body=["%z = torch.aten.fill.Scalar %r, %four : {R}, !torch.int -> {R}"], name="filled")

# ---- numbers: made to tensors ----
NUMBERS = [("add.int", "i3 i4", 7), ("sub.int", "i3 i4", -1), ("mul.int", "i3 i-4", -12), ("floordiv.int", "i-7 i2", -4), ("remainder.int", "i-7 i3", 2), ("neg.int", "i3", -3), ("eq.int", "i3 i3", True),
           ("ne.int", "i3 i3", False), ("lt.int", "i2 i3", True), ("le.int", "i3 i3", True), ("gt.int", "i2 i3", False), ("ge.int", "i3 i3", True), ("eq.float", "f0.5 f0.5", True), ("lt.float", "f0.5 f1.5", True),
           ("gt.float", "f0.5 f1.5", False), ("ge.float", "f0.5 f0.5", True), ("gt.float_int", "f2.5 i2", True), ("lt.float_int", "f2.5 i2", False), ("add.float_int", "f0.5 i2", 2.5), ("mul.float", "f0.5 f3.0", 1.5),
           ("mul.float_int", "f0.5 i3", 1.5), ("mul.int_float", "i3 f0.5", 1.5), ("sub.float", "f0.5 f3.0", -2.5), ("div.float", "f1.0 f4.0", 0.25), ("div.int", "i1 i4", 0.25), ("neg.float", "f0.5", -0.5),
           ("sqrt.int", "i16", 4.0), ("ceil.float", "f1.2", 2), ("Float.Scalar", "i3", 3.0), ("Int.Scalar", "f3.7", 3), ("Int.float", "f-3.7", -3), ("Int.bool", "true", 1), ("Bool.int", "i2", True), ("Bool.float", "f0.0", False),
           ("__and__.bool", "true false", False), ("__or__.bool", "true false", True), ("__not__", "true", False), ("eq.bool", "true false", False)]
for name, operands, value in NUMBERS:
    case(f"torch.aten.{name}", operands, [], scalar(value, "i1" if isinstance(value, bool) else "si64" if isinstance(value, int) else "f64"), name="number")
for name, operands, value in [("max.int", "i3 i4", 4), ("min.int", "i3 i4", 3)]:
    case(f"torch.prim.{name}", operands, [], scalar(value, "si64"), name="number")
case("torch.aten.size.int", "%0 i-1", [z], scalar(4, "si64"), name="number", dynamic=True)
case("torch.aten.numel", "%0", [z], scalar(24, "si64"), name="number", dynamic=True)
for name, t, value in [("Int.Tensor", scalar(5, "si64"), 5), ("IntImplicit", scalar(5, "si64"), 5), ("item", scalar(5, "si32"), 5), ("Float.Tensor", scalar(2.5), 2.5), ("FloatImplicit", scalar(2.5, "f64"), 2.5), ("Bool.Tensor", scalar(3, "si64"), True)]:
    case(f"torch.aten.{name}", "%0", [t], scalar(value, "i1" if value is True else "si64" if isinstance(value, int) else "f64"), name="number")

# ---- statements ----
case("torch.aten._assert_tensor_metadata", "%0 none none i6 cpu i0", [x], name="statement")
