 met

()

-@dno:
  ""
  )
   u.
cr)iio