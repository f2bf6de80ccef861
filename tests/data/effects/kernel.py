# Side effects inside of kernels: refused with their place, and not done.
import os

import torch

import helion
import helion.language as hl


@helion.kernel()
def host(x: torch.Tensor):
    open("it-happened-host", "w")
    os.system("touch it-happened-host-system")
    out = torch.empty_like(x)
    for t in hl.tile(x.size()):
        out[t] = x[t]
    return out


@helion.kernel()
def device(x: torch.Tensor):
    out = torch.empty_like(x)
    for t in hl.tile(x.size()):
        out[t] = x[t] + len(open("it-happened-device", "w").read())
    return out


@helion.kernel()
def default(x: torch.Tensor, n=open("it-happened-argument", "w")):
    out = torch.empty_like(x)
    for t in hl.tile(x.size()):
        out[t] = x[t]
    return out


@helion.kernel()
def asserted(x: torch.Tensor):
    assert open("it-happened-assert", "w"), f"{open('it-happened-message', 'w')}"
    out = torch.empty_like(x)
    for t in hl.tile(x.size()):
        out[t] = x[t]
    return out
