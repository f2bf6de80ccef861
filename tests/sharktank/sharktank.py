"""What the tests here share: values of .npy and .irpa files by the standard library alone, and runs of loom.  run(...) is `loom run` of one function;
further options of it (--machine wormhole) may be given to each test behind its own arguments."""
import array
import os
import re
import struct
import subprocess
import sys

CODES = {"f2": "e", "f4": "f", "f8": "d", "i8": "q", "i4": "i"}


def read_npy(path):
    """Shape and elements in row-major order."""
    with open(path, "rb") as f:
        data = f.read()
    n = struct.unpack("<H", data[8:10])[0]
    head = eval(data[10:10 + n].decode(), {"__builtins__": {}}, {"True": True, "False": False})
    kind, count = head["descr"][1:], 1
    for d in head["shape"]:
        count *= d
    return head["shape"], struct.unpack(f"<{count}{CODES[kind]}", data[10 + n:])


def write_npy(path, kind, shape, values):
    head = f"{{'descr': '<{kind}', 'fortran_order': False, 'shape': ({', '.join(map(str, shape))},), }}"
    head += " " * (63 - (10 + len(head)) % 64) + "\n"
    with open(path, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode())
        f.write(values if isinstance(values, bytes) else struct.pack(f"<{len(values)}{CODES[kind]}", *values))


def read_irpa(path, kind):
    """Elements of the only tensor of an archive: its storage."""
    with open(path, "rb") as f:
        data = f.read()
    assert data[:4] == b"IRPA" and struct.unpack_from("<Q", data, 32)[0] == 1
    at, size = struct.unpack_from("<QQ", data, 72)
    return struct.unpack_from(f"<{size // struct.calcsize(CODES[kind])}{CODES[kind]}", data, at)


def run(file, function, parameters, inputs, outputs, more=()):
    command = ["loom", "run", file, "--function", function, "--params", "model=" + parameters]
    for name, value in inputs.items():
        command += ["--input", f"{name}={value}"]
    for name, path in outputs.items():
        command += ["--output", f"{name}={path}"]
    done = subprocess.run(command + list(more), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr[:4000]}")
    return done.stdout
