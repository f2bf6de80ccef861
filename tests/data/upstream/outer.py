"""A kernel script as upstream's are: torch first, sizes like -M64_N96 of class attributes, tensors of bind_args that are computed from them, operations of helion_mlir."""

from __future__ import annotations

import sys

import torch
import helion
import helion.language as hl

from loom import LoomKernel
from loom.loom_utils.kernel_size import resolve_kernel_shape_args
from helion_mlir.custom_op import broadcast, set_memory_space


def _outer(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """a[m] - b[n] * b[n], each spread over the other's dim; equal sizes do not hide which."""
    m = a.size(0)
    n = b.size(0)
    out = torch.empty([m, n], dtype=torch.promote_types(a.dtype, b.dtype), device=a.device)
    for tile_m, tile_n in hl.tile([m, n]):
        rows = broadcast(a[tile_m], 1, [tile_m, tile_n])
        columns = broadcast(set_memory_space(b[tile_n], local_mem_kind=1), 0, [tile_m, tile_n])
        out[tile_m, tile_n] = rows - columns * columns
    return out


class Outer(LoomKernel):
    kernel_name = "outer"

    N: int = 96
    HALVES: int = 2
    _m: int = 32 * HALVES

    kernel = helion.kernel(static_shapes=False, autotune_config_overrides={"range_unroll_factors": [0, 0]})(_outer)

    def __init__(self, shape: dict[str, int] | None = None) -> None:
        cls = type(self)
        for key, value in (shape or {}).items():
            setattr(cls, {"M": "_m"}.get(key, key), value)

    @classmethod
    def bind_args(cls) -> tuple:
        rows = torch.empty([cls._m // 2, 2], device="cpu", dtype=torch.float16)
        return (rows.reshape([-1]), torch.randn([cls.N]).to(torch.float16))


if __name__ == "__main__":
    try:
        shape, normalized_argv = resolve_kernel_shape_args(sys.argv)
    except ValueError as exc:
        raise SystemExit(str(exc)) from exc

    sys.argv = normalized_argv
    Outer(shape).run()
