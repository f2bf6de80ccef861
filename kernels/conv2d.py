"""Convolution of images as a sum of matrix products, one for each place of the filter (implicit GEMM).

Images and filters have their channels last, as accelerators like them: a pixel's channels are neighbours in memory.  For a fixed place
(i, j) of the filter, the pixels of a row that meet it are a matrix [ow, ci], a view of the image that nobody copies out.  That
matrix @ weight[i, j] is what the place gives to the row; places and blocks of input channels are added up in one accumulator.
im2col would write kh * kw copies of the image first.
"""

import helion
import helion.language as hl
import torch


@helion.kernel()
def conv2d(x: torch.Tensor, weight: torch.Tensor, stride: hl.constexpr = 1) -> torch.Tensor:
    """x[n, h, w, ci], weight[kh, kw, ci, co] -> [n, (h - kh) // stride + 1, (w - kw) // stride + 1, co]; the caller pads x."""
    n, h, w, ci = x.size()
    kh, kw, ci2, co = weight.size()
    assert ci == ci2, f"x has {ci} channels, weight has {ci2}"
    oh = (h - kh) // stride + 1
    ow = (w - kw) // stride + 1
    # windows[b, y, i, j, p, c] = x[b, y * stride + i, p * stride + j, c]
    windows = x.as_strided([n, oh, kh, kw, ow, ci], [h * w * ci, stride * w * ci, w * ci, ci, stride * ci, 1])
    out = torch.empty([n, oh, ow, co], dtype=x.dtype, device=x.device)
    for tile_b, tile_y, tile_x, tile_co in hl.tile([n, oh, ow, co], block_size=[1, 1, None, None]):
        acc = hl.zeros([tile_x, tile_co], dtype=torch.float32)
        for i in hl.grid(kh):
            for j in hl.grid(kw):
                for tile_ci in hl.tile(ci):
                    pixels = windows[tile_b.begin, tile_y.begin, i, j, tile_x, tile_ci]
                    acc = torch.addmm(acc, pixels, weight[i, j, tile_ci, tile_co])
        out[tile_b.begin, tile_y.begin, tile_x, tile_co] = acc.to(out.dtype)
    return out
