/* Tags of a work item, found by what they are made of: tensor, values of the accumulation loops (0 when there are none), sum of the rest. */
#include "sim/npu/npu_private.h"

static int64_t value_of(const int64_t *values, const int64_t *symbols, const tile_term *t) {
  return t->loop >= 0 ? values[t->loop] : t->loop == -1 ? t->value : symbols[TILE_SYMBOL(t->loop)];      /* TILE_SYMBOL is its own inverse */
}

bool npu_sum(const int64_t *values, const int64_t *symbols, const tile_terms *terms, int64_t *sum) {
  for (size_t i = 0; i < terms->n; i++) {
    const tile_term *t = &terms->at[i];
    int64_t part;
    if (__builtin_mul_overflow(value_of(values, symbols, t) / t->divider, t->stride, &part) || __builtin_add_overflow(*sum, part, sum))
      return false;
  }
  return true;
}

static uint64_t hash_of(const int64_t *key, size_t n) {
  uint64_t h = 0x9e3779b97f4a7c15u;
  for (size_t i = 0; i < n; i++) {
    h ^= (uint64_t)key[i];
    h *= 0xff51afd7ed558ccdu;
    h ^= h >> 32;
  }
  return h;
}

static void hash_all(npu_item *it) {
  for (size_t i = 0; i < it->n_slots; i++)
    it->slots[i] = NPU_NONE;
  for (size_t t = 0; t < it->tags.n; t++) {
    const int64_t *key = &it->keys.at[it->tags.at[t].key];
    size_t at = hash_of(key, (size_t)key[1] + 3);
    while (it->slots[at & (it->n_slots - 1)] != NPU_NONE)
      at++;
    it->slots[at & (it->n_slots - 1)] = (int)t;
  }
}

static void grow(arena *mem, npu_item *it) {
  it->n_slots = it->n_slots ? it->n_slots * 2 : 64;
  it->slots = ARENA_NEW_N(mem, int, it->n_slots);
  hash_all(it);
}

void npu_tags_keep(npu_item *it, const bool *keep) {
  size_t kept = 0, keys = 0;
  for (size_t t = 0; t < it->tags.n; t++) {
    if (!keep[t])
      continue;
    const int64_t *key = &it->keys.at[it->tags.at[t].key];
    size_t size = (size_t)key[1] + 3;
    memmove(&it->keys.at[keys], key, size * sizeof *key);
    it->tags.at[kept] = it->tags.at[t];
    it->tags.at[kept++].key = (int)keys;
    keys += size;
  }
  it->tags.n = kept;
  it->keys.n = keys;
  hash_all(it);
}

void npu_tags_clear(npu_item *it) {
  it->tags.n = it->keys.n = 0;
  for (size_t i = 0; i < it->n_slots; i++)
    it->slots[i] = NPU_NONE;
}

int npu_tag_of(arena *mem, npu_item *it, const tile_node *n, const int64_t *values, const int64_t *symbols, bool *is_beyond) {
  int64_t key[TILE_GRAPH_LIST_MAX + 4];
  size_t size = 2;
  key[0] = n->tensor;
  for (size_t i = 0; i < n->accumulation.n; i++)
    key[size++] = value_of(values, symbols, &n->accumulation.at[i]);
  if (!n->accumulation.n)
    key[size++] = 0;
  key[1] = (int64_t)size - 2;
  key[size] = 0;
  if (!npu_sum(values, symbols, &n->tag, &key[size]))
    *is_beyond = true;
  size++;
  if (2 * it->tags.n >= it->n_slots)
    grow(mem, it);
  size_t at = hash_of(key, size);
  for (;; at++) {
    int t = it->slots[at & (it->n_slots - 1)];
    if (t == NPU_NONE)
      break;
    const int64_t *other = &it->keys.at[it->tags.at[t].key];
    if (other[1] == key[1] && memcmp(other, key, size * sizeof *key) == 0)
      return t;
  }
  npu_tag tag = {.first_waiter = NPU_NONE, .last_waiter = NPU_NONE, .key = (int)it->keys.n};
  for (size_t i = 0; i < size; i++)
    vec_push(mem, &it->keys, key[i]);
  it->slots[at & (it->n_slots - 1)] = (int)it->tags.n;
  vec_push(mem, &it->tags, tag);
  return (int)it->tags.n - 1;
}
