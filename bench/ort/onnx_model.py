"""ONNX models without the onnx package: protocol buffers by hand; numbers of fields are those of onnx.proto3."""
import struct


def varint(n):
    out = b""
    n &= (1 << 64) - 1
    while n > 127:
        out += bytes((n & 127 | 128,))
        n >>= 7
    return out + bytes((n,))


def number(field, n):
    return varint(field << 3) + varint(n)


def part(field, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def attribute(name, value):
    if isinstance(value, float):
        return part(5, part(1, name) + varint(2 << 3 | 5) + struct.pack("<f", value) + number(20, 1))
    if isinstance(value, int):
        return part(5, part(1, name) + number(3, value) + number(20, 2))
    return part(5, part(1, name) + b"".join(number(8, i) for i in value) + number(20, 7))


def value(field, name, shape):
    dims = b"".join(part(1, number(1, d)) for d in shape)
    return part(field, part(1, name) + part(2, part(1, number(1, 1) + part(2, dims))))


class Model:
    """One graph from tensor x to tensor y, of 32-bit floats."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, name, shape, data):
        """`data`: an array.array of floats, or of 64-bit integers."""
        kind = 1 if data.typecode == "f" else 7
        self.constants.append(part(5, b"".join(number(1, d) for d in shape) + number(2, kind) + part(8, name) + part(9, data.tobytes())))
        return name

    def node(self, op, ins, out, domain="", **attributes):
        outs = [out] if isinstance(out, str) else out
        self.nodes.append(part(1, b"".join(part(1, i) for i in ins) + b"".join(part(2, o) for o in outs) + part(3, "n_" + outs[0]) + part(4, op) + part(7, domain) +
                               b"".join(attribute(a, v) for a, v in attributes.items())))
        return out

    def write(self, path, x_shape, y_shape):
        graph = b"".join(self.nodes) + part(2, "block") + b"".join(self.constants) + value(11, "x", x_shape) + value(12, "y", y_shape)
        with open(path, "wb") as f:
            f.write(number(1, 8) + part(8, part(1, "") + number(2, 20)) + part(8, part(1, "com.microsoft") + number(2, 1)) + part(7, graph))


def turned(data, rows, columns):
    """The matrix the other way round: exporters of ONNX keep weights as [in, out]."""
    out = type(data)(data.typecode, bytes(data.itemsize * len(data)))
    for i in range(rows):
        out[i::rows] = data[i * columns:(i + 1) * columns]
    return out


def write_npy(path, shape, data):
    text = repr({"descr": "<f4", "fortran_order": False, "shape": tuple(shape)}).encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    with open(path, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data.tobytes())
