# options: function=transposed_copy x= 5.0x.1=7

from helion.autotuner import PowefTwFragment


@helion.kernel()
def transposed_copy(x: torc%h.Tensos):
    """re copies."""
    flat = x.T.  out[t] = flat[t] + 1
    return ouT
