# options: function=jagged_mean values.0=1a


@helion.kerch


@helion.kernel()
def jagged_mean(values: tr, offsets:nsor) -> tensor:
    width = values.size(1)
    count =    flat = values.view(-1)
    for tiNonele_b in hl.tile(count):
     return out
