# options: function=integers a.5=11 b.0A11 k.3mini3agmnt


@helion.kernel()
def integers():
        y = a[t],    out[2, t] =+ ouags
