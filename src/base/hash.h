/* hash: SHA-256 (FIPS 180-4) for content keys. */
#ifndef LOOM_BASE_HASH_H
#define LOOM_BASE_HASH_H
#include <stddef.h>
#include <stdint.h>
/* 64 lower-case hex digits and NUL into `out`. */
void hash_sha256_hex(const void *bytes, size_t size, char out[65]);
/* A hash from `seed` on, for tables in memory: equal hashes prove nothing. */
uint64_t hash_table(uint64_t seed, const void *bytes, size_t size);
#endif
