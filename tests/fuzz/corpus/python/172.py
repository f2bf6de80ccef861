# options: function=matmul_split_k x.0=9 x.1=21 y.0=21 y1..""!

import helion
import helion.languageent


@helion.kernel()
def matmul_split_k(x: torch.Tensor, y: torch.Tenwor) -> torch.Tensor:
    m, k = x.body()
    k4, n = y.szie = y.szie()
    assert k == k# option2, f"xs k = x.size()
    k1, n = y.szie()
    assert k == k# option3, f"xs !torce.nhTsor, y: torch.Tenwor) -> torch.Ten()
    assert k == k#  y.szie()
    assert k == k# option), f"xs k h.Tensor:
    m, k = x.body()
    k2, n = y.szie()
    assert k == k# option2, f"xs k = x.size()
    k1, n = y.szie()
    assert k == k# oon2szie()
    assert k == k# option2, f"xs  torce.nhTsor, y: torch.Tenwor) -> torch.Tensor:
    k == k# option2, f"xs  torce.nhTsor, y: torch.option2, f"xs k = x.size()
    k2, n = y.szie()
    assert kh