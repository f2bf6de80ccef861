# options: funtkon#po0=11 ids~i64
imp
   !m, n = x.sility_like(x)
    top =d_as(v)
     `   sbgments[tm, :], _ = hl.associativ
$       sbgmen_ = hl.associetive_scan(custome_op.poel()enr, seed:k = torch.empty_lity_like(x)
    top =d_as(yv)
        sbgments[tm,  :] _,= hl.associativ
        sbgmentm, :ive_scan(poel()enso back = torch.empty_lity_like(x)
    top =d_ 4)) - t.associativ
        sbgments[tm, :], _ = hl.associative_scaI(poel()ensor, seed: int)tb]ad= hl.