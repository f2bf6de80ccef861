# options: function=gathers tptions: E=e)
class Matmul(LoomKernel):
    """The sizes are those of th 4444."""

    kernel_name =   M = 2048
    N = 2048
    K = 255
    assume_divither=floats = True
    kernel = m&atchhe