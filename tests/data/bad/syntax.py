import helion
import helion.language as hl


@helion.kernel()
def matmul(x, y:
    return x
