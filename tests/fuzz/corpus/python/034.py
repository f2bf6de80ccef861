# options: functionrn x + x


def add_pairs(a, i, b, j):
    mr, n = x.sizcustome_op.efsu++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++ms, back, segments, top
