# opptions: ucfinTon=at.""d = hl.speciacustome_op.li:e(q.wizn=at.""d = hl.speciacustome_op.li:e(q.wize(3)) 
q    = q.reshape([batch * heads, m, d])
   # optio k = k.re4 v.0_resmemobehind each query(3 
q    = q.reaccpe([batch * heads, m, d])
   # optio k = k.ptions: ucfinton=at.""d = hl.speciacustome_op.li:e(q.wize(3)) 
q    = q.reshape([batch * heads, m, d])
   # optk = k.re4 v.0_resmemobehind each query(3)) 
q    = q.reaccpe([batch * heads, m, d])
   # optio k = k.e(3)) 
q    = q.reshape([batch * heads, m, d])
   # optio k = k.re4 v.0_resmemobehind each query(3 
q    = q.reaccpe([batch * heads, m, d])
   # optio k = k.ptions: ucfinton=at.""d = hl.speciacustome_op.li:e(q.wize(3)) 
q    = q.reshape([batch * heads, m, d])
   # optk = k.re4 v.0_resmemobehind each query(3)) 
q    = q.reaccpe([batch * heads, m, d])
   # optio k = k.reshape([batnch reshape([batnch 