"""Inputs of gather.mlir in one file: numbers that differ everywhere, and places in range.  python3 gather_inputs.py OUT.npz"""
import io
import struct
import sys
import zipfile


def npy(descr, shape, data):
    head = "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }" % (descr, "".join("%d," % n for n in shape))
    head += " " * ((64 - (11 + len(head)) % 64) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + data


def count(shape):
    n = 1
    for d in shape:
        n *= d
    return n


def floats(*shape):
    return npy("<f4", shape, struct.pack("<%df" % count(shape), *[((i * 37) % 4001 - 2000) / 1000 for i in range(count(shape))]))


def places(below, *shape, letter="q", step=5, first=0):
    return npy("<i8" if letter == "q" else "<i4", shape, struct.pack("<%d%s" % (count(shape), letter), *[first + (i * step + i // 3) % below for i in range(count(shape))]))


CASES = {
    "embedding": {"w": floats(11, 65), "ids": places(11, 4, 17)},
    "wrapped": {"w": floats(11, 20), "ids": places(22, 9, first=-11), "y": floats(9, 20)},
    "along": {"x": floats(6, 9), "ids": places(9, 6, 4, letter="i")},
    "two": {"x": floats(5, 7, 12), "a": places(5, 8, step=3), "b": places(7, 8)},
    "columns": {"x": floats(7, 30), "ids": places(30, 5, step=7)},
    "shifted": {"x": floats(8, 30)},
    "backwards": {"x": floats(5, 12)},
    "number": {"x": floats(4, 6), "n": places(4, first=3)},
    "again": {"x": floats(5, 3, 7), "ids": places(4, 2, 12, letter="i"), "v": floats(2, 12, 7)},
    "same": {"x": floats(6, 5), "v": floats(4, 5)},
    "wide": {"x": floats(300, 40), "ids": places(300, 200, step=7)},
    "put": {"x": floats(9, 20), "ids": places(9, 4, step=2), "v": floats(4, 20), "at": places(20, 9, step=7)},
}
name, out = sys.argv[1:]
with zipfile.ZipFile(out, "w") as z:
    for k, v in CASES[name].items():
        z.writestr(k + ".npy", v)
