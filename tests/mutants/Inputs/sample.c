/* What tests/tools/mutants-woven draws from: each function has sites of several operators, and main prints what they come to. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum shape { SHAPE_LINE, SHAPE_SQUARE, SHAPE_CUBE };
typedef struct box { int64_t rows, cols; int rank, dims; bool is_full, is_flat; } box;
#define TRY(x) do { if ((x) < 0) return -1; } while (0)

static int64_t ceil_tiles(int64_t n, int64_t block) {
  return (n + block - 1) / block;
}

static int64_t floor_tiles(int64_t n, int64_t block) {
  return n / block;
}

static int take(int v, int *out) {
  *out = v % 7 - 2;
  return v > 40 && v != 44 ? -1 : 0;
}

static int64_t area(const box *b, enum shape s) {
  switch (s) {
  case SHAPE_LINE: return b->rows;
  case SHAPE_SQUARE: return b->rows * b->cols;
  case SHAPE_CUBE: break;
  }
  return b->is_full || b->is_flat ? b->rows * b->cols * b->rank : -1;
}

static int walk(const int *at, int n, int limit_of_all, int *sum) {
  for (int i = 0; i < n && i <= limit_of_all; i++) {
    int v = 0;
    TRY(take(at[i], &v));
    if (v >= 3)
      sum[0] += v;
    else
      sum[1] -= at[i] - v;
    sum[2]++;
  }
  return n > 3 ? n - 1 : 0;
}

int main(void) {
  const int at[] = {3, 11, 17, 30, 9, 40, 44, 41, 2};
  int sum[3] = {0};
  box b = {.rows = 5, .cols = 9, .rank = 3, .dims = 4, .is_full = true};
  int said = walk(at, 9, 8, sum);
  b.is_flat = !b.is_full;
  printf("%s %d %d %d %d\n", "arith.addi", said, sum[0], sum[1], sum[2]);
  printf("%lld %lld\n", (long long)ceil_tiles(b.rows * 7, b.cols), (long long)floor_tiles(b.cols * 7, b.rows));
  for (int s = SHAPE_LINE; s <= SHAPE_CUBE; s++)
    printf("%lld%s\n", (long long)area(&b, (enum shape)s), s == SHAPE_SQUARE ? " square" : "");
  return 0;
}
