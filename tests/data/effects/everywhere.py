# Side effects in every place that Python runs when this file is imported.  Loom compiles the kernel and nothing of the rest happens.
import ctypes
import os
import socket
import subprocess
import sys

import torch

import helion
import helion.language as hl

MARK = os.environ.get("MARK", "it-happened")
open(MARK + "-module", "w").write("x")
os.system("touch " + MARK + "-system")
subprocess.run(["touch", MARK + "-subprocess"])
exec("open(MARK + '-exec', 'w')")
eval("open(MARK + '-eval', 'w')")
__import__("os").mkdir(MARK + "-import")
print("printed by the module", file=sys.stderr)
text = f"{open(MARK + '-fstring', 'w')}"
many = [open(MARK + f"-list{i}", "w") for i in range(3)]
some = {open(MARK + "-set", "w")}
lazy = lambda f=open(MARK + "-lambda", "w"): f
socket.socket().connect_ex(("127.0.0.1", 9))
ctypes.CDLL(None).creat((MARK + "-ctypes").encode(), 0o644)


def noisy(f):
    open(MARK + "-decorator", "w")
    return f


@noisy
def helper(a, scale=open(MARK + "-default", "w")):
    return a


class Meta(type):
    def __new__(mcs, *a):
        open(MARK + "-meta", "w")
        return super().__new__(mcs, *a)


class Noisy(metaclass=Meta):
    field = open(MARK + "-class", "w")

    def __init_subclass__(cls):
        open(MARK + "-subclass", "w")


class Child(Noisy):
    note: open(MARK + "-annotation", "w") = 1


@noisy
@helion.kernel(config=helion.Config(block_sizes=[4, 4]))
def k(x: torch.Tensor) -> (open(MARK + "-returns", "w")):
    out = torch.empty_like(x)
    for t in hl.tile(x.size()):
        out[t] = x[t] * 2
    return out


if __name__ == "__main__":
    open(MARK + "-main", "w")
with open(MARK + "-with", "w") as handle:
    handle.write("x")
try:
    raise ValueError(open(MARK + "-raise", "w"))
finally:
    open(MARK + "-finally", "w")
assert open(MARK + "-assert", "w")
for i in open(MARK + "-for", "w+"):
    pass
while open(MARK + "-while", "w"):
    break
del open(MARK + "-del", "w").x
sys.exit(3)
