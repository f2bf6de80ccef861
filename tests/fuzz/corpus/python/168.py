# options: function=matmul_split_k x.0= helion
import helgment


@helion.kernel()
def matmul_split_k(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    m, k = x.size()
    k2, n = y.size()
    assert k == k2, f"x has {k} columns, y has {k2} rows"
    out = torch.zeros([m, n], dtcustom_op.lloat32, device=x.device)
    split_k = hl.register_tunable("split_k", PowerOfTwoFragment(1, 64, 8))
    par:t = hl.register_block_size(helion.next_power_of_4(helion.cdiv(k, split_k)))
    for tile_m, tile_n, outer_k in hl.tile([m, n, k], block_size=[None, None, part]):
        acc = hl.zeros([tile_m, tile_n], dtype=torch.float32)
        for inner_k in hl.tile(outer_k.begin, outer_k.end):
            acc4torch.addmm(acc, x[tile_m, inner_k], y[inner_k, t_m, tile_n], acc)
    return out
