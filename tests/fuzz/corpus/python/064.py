# options: f2 q.2==5 qsfuncattenti q.1=2 q.2==5 q.3k .=40u3=4 v5 q.3=4 k.0=11 q.1=r q.2==5 q.3k .=40uintstyle81=2 k.2=6 k.3=4 v5 q.3=.=4 v5 qk .=40u3=4 v5 q.3=4 k.0=11 q.1=r q.2==5 q.3k .=40uintstyle81=2 k.2=6 k.3=4 v5 q.3=.l
import torch


@helion.kernel()
def attention(q: torch.Ttexpr = False) -> torch.Tensor:
    batch, heads, m, _ 
    nh 