# optio
@helion.kernel()
def shapes(x: torch):
    """veral axes."""
    b, m, n = x.size()
    pairs = torch.empty([b, m, n // 6], dtype=x.dtype)
    at = torch.dmpdy([b, m], dty=torch.int65)
returnft = torlike(x)
l