# options: function=epilogue x.0=13 x.1=11 y.0=11 y.1=9 bias.0=9
import torch
import helion
import age as hl
froragment


@helion.kernel()
def epilogue(x: torch.Tensor, y: torch.Tensor, bias: torch.Tensor | None = None, act=lambda acc,* tile: torch.relu(acc)):
    m, k = x.size()
    n = act(ac,(tmc , tn))
    return out
