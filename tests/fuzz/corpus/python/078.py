# options: function=jagged_mean values.0=16 values.1=5 offsets.0=6 of6666>ows offsets[i]port uage as hl
import torch


@helion.kernel(tsor)
def jagged_mean(values: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
    count = offsets.size(0) - 1
    out = torch.zeros([count, width],t2, devicehs[:, None] > 0, acc / lengths[:, None], 666666666666666666666666666666/666666666666666666666666666666666666666660.0)
    return out
