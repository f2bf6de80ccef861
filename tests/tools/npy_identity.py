"""npy_identity.py DIR N: writes DIR/a.npy (N x N whole numbers) and DIR/i.npy (the identity) as float16, without NumPy."""
import struct
import sys

directory, n = sys.argv[1], int(sys.argv[2])


def write(name, values):
    header = f"{{'descr': '<f2', 'fortran_order': False, 'shape': ({n}, {n}), }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(f"{directory}/{name}", "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        f.write(struct.pack(f"<{n * n}e", *values))


write("a.npy", [float((i * 7) % 41 - 20) for i in range(n * n)])
write("i.npy", [1.0 if i // n == i % n else 0.0 for i in range(n * n)])
