<<<<<<< HEAD
x = 1
