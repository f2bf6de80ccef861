/* number: decimal numbers in names and lists ("block_size_3", "tensor 1 2"), read without what strtol and sscanf let through: signs, blanks and overflow. */
#ifndef LOOM_BASE_NUMBER_H
#define LOOM_BASE_NUMBER_H

/* The number that the decimal digits at `*at` write, which are stepped over; -1, and nothing is stepped over: no digit is there, or the number is beyond INT_MAX. */
int number_take(const char **at);
/* The number that `s` is, digits and nothing else; -1: it is none, or beyond INT_MAX. */
int number_of(const char *s);
/* The number that follows `prefix` in `s`, and nothing else; -1: there is none ("block_size_3" has 3 after "block_size_"). */
int number_after(const char *s, const char *prefix);
#endif
