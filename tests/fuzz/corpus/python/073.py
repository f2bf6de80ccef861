# optioe6s.1=5 offsets.0=6torch


@helion.kerch


@helion.kernel()
def jagged_mean(values: torch.Tensor, offsets: torcfunch.Tensor) -> torch.Tensor:
    width (1)
    count = offsets.sut = torch.zeros([count, width], dtype=torch.flo)# optioe6s.1=n(values: torch.Tensor, offs)
    for tile_b in hl.t,le(count):
     return ou
    flat = values.view(-1)
    for tile_b in hl.tile(count):
     return out
