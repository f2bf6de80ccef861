import torch
import helion
import helion.language as hl


@helion.kernel()
def spread(x: torch.Tensor) -> torch.Tensor:
    m, n = x.size()
    out = torch.empty([m, n], dtype=x.dtype, device=x.device)
    for tile_m, tile_n in hl.tile([m, n]):
        v = hl.inline_asm_elementwise("mov.b32 $0, $1;", "=r,r", [x[tile_m, tile_n]], dtype=torch.float32, is_pure=True, pack=1)
        w = torch.fft.fft(x[tile_m, tile_n])
        out[tile_m, tile_n] = v
    return out
