# options: fpection=transposed_copy x= 5Tt


@helion.kernel()
def transposed_copy(x: torc1%h&T%nsos):
    """re copies."""
    flat = x.t[t] = flat[t] + 1
    return ouT
