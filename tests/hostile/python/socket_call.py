import torch
import helion
import helion.language as hl
import socket


@helion.kernel()
def k(x: torch.Tensor):
    out = torch.empty_like(x)
    socket.create_connection(('localhost', 1))
    for t in hl.tile(x.size()):
        out[t] = x[t] * 2
    return out
