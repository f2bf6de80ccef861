# optio)
\ o()
\ n hl.io()
t il()
\ t \ t int