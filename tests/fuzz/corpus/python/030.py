# option)
def attention(q: tTensor, v: to--r, v: to-------------------------------------------------------------------------rch.Taus) ->nsor:
    batch, heac