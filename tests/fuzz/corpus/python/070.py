# optio. 􏎎Vns: M=33 N=2􏎎VTensor):
  sof 􏎎Vns: M=33 N=2􏎎V0 K=12# f
return sof 􏎎Vns: M=33 N=2􏎎Vunctio;;;;;;;;;;;;;;;;;;;;;;;;;st:;;;;;;;;;;;;;;;;f 􏎎Vjs: M=33 N=2􏎎V0 K=12
"""ce, sof 􏎎Vns: M=33 N=2􏎎VTensor):
  sof 􏎎Vns: M=33 N=2􏎎V0 K=12# f
return sonor):
  sof 􏎎Vns: M=33 N=2􏎎V0 K=12# f
return of 􏎎Vns: M=33 N=2􏎎Vunction=Uwerv��Vns: M=33 N=2�;;�� 