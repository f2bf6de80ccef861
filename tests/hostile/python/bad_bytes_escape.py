x = b"\xg1"
