# options.0=5 x.1=1ids.0=11b, 


@helion.kernel()
def scans(x:e+++r):
   +True+s+ms, back, sp
