# dtype=
def scTr(x: to.Tensor,):
  t