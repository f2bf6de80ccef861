# opcusc 
q    = q.resha([btch *hed])
   # th 