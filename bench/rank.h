/* Spearman's rank correlation of what a model predicts and what is measured. */
#ifndef LOOM_BENCH_RANK_H
#define LOOM_BENCH_RANK_H
#include <math.h>
#include <stdbool.h>

typedef struct rank_sample { double predicted, measured; } rank_sample;

/* Rank of entry i: equal values share the middle of theirs. */
static double rank_of(const rank_sample *s, int n, int i, bool predicted) {
  double own = predicted ? s[i].predicted : s[i].measured, below = 0, equal = 0;
  for (int k = 0; k < n; k++) {
    double v = predicted ? s[k].predicted : s[k].measured;
    below += v < own;
    equal += v == own;
  }
  return below + (equal - 1) / 2;
}

static double rank_correlation(const rank_sample *s, int n) {
  double mean = (n - 1) / 2.0, ab = 0, aa = 0, bb = 0;
  for (int i = 0; i < n; i++) {
    double a = rank_of(s, n, i, true) - mean, b = rank_of(s, n, i, false) - mean;
    ab += a * b;
    aa += a * a;
    bb += b * b;
  }
  return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : NAN;
}
#endif
