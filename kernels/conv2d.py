"""Convolution of images as a sum of matrix products, one for each place of the filter (implicit GEMM).

For a fixed place (i, j) in the window, the pixels that meet filter element (i, j) in all outputs of a row are a matrix [ci, ow]: a view
of the image, which nobody copies out.  weight[:, :, i, j] @ that view is what the place gives to the row; the places and the blocks of input
channels are added up in one accumulator.  im2col would write kh * kw copies of the image first.
"""

import helion
import helion.language as hl
import torch


@helion.kernel()
def conv2d(x: torch.Tensor, weight: torch.Tensor, stride: hl.constexpr = 1) -> torch.Tensor:
    """x[n, ci, h, w], weight[co, ci, kh, kw] -> [n, co, (h - kh) // stride + 1, (w - kw) // stride + 1]; the caller pads x."""
    n, ci, h, w = x.size()
    co, ci2, kh, kw = weight.size()
    assert ci == ci2, f"x has {ci} channels, weight has {ci2}"
    oh = (h - kh) // stride + 1
    ow = (w - kw) // stride + 1
    # windows[b, i, j, c, y, x'] = x[b, c, y * stride + i, x' * stride + j]
    windows = x.as_strided([n, kh, kw, ci, oh, ow], [ci * h * w, w, 1, h * w, stride * w, stride])
    filters = weight.permute(2, 3, 0, 1)
    out = torch.empty([n, co, oh, ow], dtype=x.dtype, device=x.device)
    for tile_b, tile_co, tile_y, tile_x in hl.tile([n, co, oh, ow], block_size=[1, None, 1, None]):
        acc = hl.zeros([tile_co, tile_x], dtype=torch.float32)
        for i in hl.grid(kh):
            for j in hl.grid(kw):
                for tile_ci in hl.tile(ci):
                    pixels = windows[tile_b.begin, i, j, tile_ci, tile_y.begin, tile_x]
                    acc = torch.addmm(acc, filters[i, j, tile_co, tile_ci], pixels)
        out[tile_b.begin, tile_co, tile_y.begin, tile_x] = acc.to(out.dtype)
    return out
