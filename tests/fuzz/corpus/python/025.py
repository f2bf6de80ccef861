shapecounts = tch.zekernel()
def scatter(x: torch.h.Tr, n: int):
    out = torcl.aqc_add(counts, [idx], 1)
    return out, counts
