# What Python says of its own values: the lines of TRUTHS are true in CPython (tests/cli/python.test), and for Loom in a kernel (helion_outside_test).
import math
def g(a, /, b=1, *, c=2):
  return a, b, c
def h(a, *rest):
  return a, rest
(A, B), [C, D] = (1, 2), [3, 4]
E: int = 5
F: int
if A:
  F = 6
else:
  F = 7
def sum_of(n):
  total = 0
  for i in range(n + 1):
    total += i
  return total
def early(n):
  for i in range(10):
    if i == n:
      return 'small'
    if i > 100:
      break
    continue
  return 'large'
def down(n):
  total = 0
  for i in range(n, 0, -2):
    total += i
  return total
def first(v):
  a, *b = v
  return a, b
TRUTHS = r"""
len('abc') == 3
len({'a': 1, 'b': 2}) == 2
len((1, 2)) + len([]) == 2
int(2.7) == 2 and int(-2.7) == -2
int(True) == 1 and int(False) == 0
bool(0) is False and bool('a') is True and bool([]) is False
min([3, 2]) == 2 and max((1, 5, 2)) == 5
min(3, 2.5) == 2.5 and max(2, True) == 2
abs(-2.5) == 2.5 and abs(-3) == 3 and abs(4) == 4
math.exp(0) == 1.0 and math.log(1) == 0.0 and math.log2(8) == 3.0
math.ceil(2.1) == 3 and math.floor(-2.1) == -3 and math.sqrt(16) == 4.0
math.pow(2, 10) == 1024.0
tuple() == () and list() == []
list((1, 2)) == [1, 2] and tuple([1, 2]) == (1, 2)
[q for q in zip((1, 2, 3), (4, 5))] == [(1, 4), (2, 5)]
len([q for q in zip()]) == 0
[(a, b) for a, b in enumerate((7, 8))] == [(0, 7), (1, 8)]
isinstance(3, int) and isinstance(2.5, (str, float)) and not isinstance('a', (int, bool))
isinstance((1,), tuple) and isinstance([1], list) and isinstance(True, bool)
float('inf') > 0 and float('-inf') < 0 and float('nan') != float('nan')
float(3) == 3.0 and float(True) == 1.0
(7).bit_length() == 3 and (0).bit_length() == 0 and (-8).bit_length() == 4
g(1) == (1, 1, 2) and g(1, c=5) == (1, 1, 5) and g(1, b=4) == (1, 4, 2)
g(*(3, 4)) == (3, 4, 2) and g(*[3], c=1) == (3, 1, 1)
h(1, 2, 3) == (1, (2, 3)) and h(1) == (1, ())
(lambda a, *b: (a, b))(1, 2) == (1, (2,))
(lambda a, b=3, *, c=4: a + b + c)(1, c=0) == 4
max(*(1, 2), 3) == 3
A == 1 and B == 2 and C == 3 and D == 4
E == 5 and F == 6
7 // -2 == -4 and -7 % 3 == 2 and 7 % -3 == -2 and -7 // 2 == -4
2 ** 10 == 1024 and 2 ** -1 == 0.5 and (-2) ** 3 == -8 and 0 ** 0 == 1
1 ** 100 == 1 and 0 ** 100 == 0 and (-1) ** 100 == 1 and (-1) ** 101 == -1 and (-1) ** 64 == 1 and 2 ** 62 == 4611686018427387904
[q for q in (1, 2, 3, 4) if q > 1 if q < 4] == [2, 3] and [*(1, 2), 3, *[4]] == [1, 2, 3, 4]
(1, 2, 3)[2:None:-1] == (3, 2, 1) and (1, 2, 3)[None:0:-1] == (3, 2) and (1, 2, 3)[-1:-9:-2] == (3, 1) and (1, 2, 3)[::None] == (1, 2, 3)
1 << 61 == 2305843009213693952 and -1 << 61 == -2305843009213693952 and 6.0 // 4 == 1.0
7.5 // 2 == 3.0 and -7.5 % 2 == 0.5 and 2.0 ** 3 == 8.0
1 << 5 == 32 and -8 >> 1 == -4 and 5 >> 100 == 0 and 6 & 3 == 2 and 6 | 3 == 7 and 6 ^ 3 == 5
~5 == -6 and +5 == 5 and -(-5) == 5 and -True == -1
'ab' + 'c' == 'abc' and 'b' in 'abc' and 'd' not in 'abc'
(1, 2) + (3,) == (1, 2, 3) and [0] * 3 == [0, 0, 0] and 2 * (1,) == (1, 1) and (1,) * -1 == ()
2 in (1, 2) and 'a' in {'a': 1} and 3 not in [1, 2] and 'b' not in {'a': 1}
(1, 2) == (1, 2) and (1, 2) != (1, 3) and [1] != [1, 2] and 'a' != 1
1 < 2.5 < 3 and 2 <= 2.0 and 2.5 >= 2 and not 2.5 > 3
None is None and 3 is not None and (1 if None else 2) == 2
(0 or 'a') == 'a' and (0 and 'a') == 0 and (not 0)
(3 if True else 4) == 3 and [q for q in (1, 2, 3) if q > 1] == [2, 3]
(1, 2, 3)[-1] == 3 and [4, 5][0] == 4 and (1, 2, 3)[1:] == (2, 3) and (1, 2, 3)[::-1] == (3, 2, 1)
(1, 2, 3, 4)[-3:-1] == (2, 3) and (1, 2, 3)[5:] == () and (1, 2, 3, 4)[::2] == (1, 3) and (1, 2, 3)[-9:2] == (1, 2)
{'a': 1}['a'] == 1 and {1: 'x', 2: 'y'}[2] == 'y'
sum_of(4) == 10 and early(3) == 'small' and early(30) == 'large'
down(5) == 9
f'{3}' == f'{3}'
first([1, 2, 3]) == (1, [2, 3])
"""
if __name__ == "__main__":
  lines = TRUTHS.strip().split("\n")
  for line in lines:
    assert eval(line) is True, line
  print(len(lines), "truths")
