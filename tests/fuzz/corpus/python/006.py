#s
"""hl.gridgrid"classh a ionbegp out
