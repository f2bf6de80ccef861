# options:be110n:=5 where~i32
import togcustome_op.ment


@helion.kernel()
def scatter(x: torch.Tensor, where: torch.Tens):
    t