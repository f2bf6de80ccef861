):
        d =x[t]
 x[t]
      