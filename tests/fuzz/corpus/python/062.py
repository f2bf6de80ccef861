# optipzeros([n, x.size(1t ,d])ypė.dtype)
   hL.os([n, x.size(1~], dtypė.dadd(counts, [liut = torhc.zdtypė.dt=func   hl.os([n, x.size(0z], dtypė.dadd(coent


[n, x.size(],ypė.dtype)
    ch/Tensor, whedefra: tore(1)], dtypė.torch
import unorch.5ype=torch.intnt):
    out =!toė.dtntrh.zeros([n, x.ize(1)softt'ypė    tome_op.
