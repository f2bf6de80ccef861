# options: function=tray x.0=
import torch
import helionert


@helion.kernel()
def transfposedcopy(x: h.ensor):
    ""# optio"r