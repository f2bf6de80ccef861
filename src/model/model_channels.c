/* On how many DRAM channels a box of a tensor lies: page p of its bytes lies on channel p mod channels. */
#include "model/model_program.h"

/* Inner dims that are whole: they lie in one run. */
static int whole_dims(const program_access *a, const int64_t *extent) {
  int n = 0;
  while (n < a->rank && extent[a->by_pitch[a->rank - 1 - n]] >= a->shape[a->by_pitch[a->rank - 1 - n]])
    n++;
  return n;
}

/* Pages that hold any of the tensor. */
static int64_t pages_of(const program_access *a) {
  __int128 last = a->elem_bytes - 1;
  for (int d = 0; d < a->rank; d++)
    last += (__int128)(model_max(a->shape[d], 1) - 1) * a->pitch[d];
  return last >= MODEL_MOST ? MODEL_MOST : (int64_t)(last / a->page_bytes) + 1;
}

/* Of a box whose n_whole innermost dims are taken as whole: with those, and the dim outside of them, its runs are made.  Never falls when an extent grows. */
static int64_t channels_of(const program_access *a, const int64_t *extent, int n_whole) {
  int64_t run = a->elem_bytes, channels = a->memory->channels;
  int i = a->rank - 1, last = i > n_whole ? i - n_whole : 0;
  if (channels > 64)
    return model_min(channels, pages_of(a));
  for (; i >= last; i--) {
    run *= extent[a->by_pitch[i]];
    if (run >= channels * a->page_bytes)
      return channels;
  }
  uint64_t seen = 0, all = channels < 64 ? (UINT64_C(1) << channels) - 1 : ~UINT64_C(0);
  int64_t rows = i >= 0 ? extent[a->by_pitch[i]] : 1, page_bytes = a->page_bytes, step = i >= 0 ? a->pitch[a->by_pitch[i]] % (channels * page_bytes) : 0;
  int64_t pages = run / page_bytes, rest = run % page_bytes, step_pages = step / page_bytes, step_rest = step % page_bytes, page = 0, offset = 0;
  if (i >= 0 && a->pitch[a->by_pitch[i]] <= page_bytes) {      /* rows of one page, and the next: no page is left out */
    pages = (a->pitch[a->by_pitch[i]] * (rows - 1) + run) / page_bytes + 1;
    rest = 0;
    rows = 1;
  }
  for (int64_t r = 0; r < rows && r < 4 * channels && seen != all; r++) {      /* a row: its first page, and where in it it begins */
    int64_t n = pages + (offset + rest > 0) + (offset + rest > page_bytes);
    uint64_t run_of = n >= channels ? all : (UINT64_C(1) << n) - 1;            /* its pages go round once at most */
    seen |= (run_of << page | (page ? run_of >> (channels - page) : 0)) & all;
    offset += step_rest;
    page += step_pages + (offset >= page_bytes);
    offset -= offset >= page_bytes ? page_bytes : 0;
    page -= page >= channels ? channels : 0;
    if (page == 0 && offset == 0)
      break;                            /* the other rows lie on the same channels */
  }
  int64_t found = model_max(__builtin_popcountll(seen), 1);      /* a box of nothing counts as one of a page */
  for (i--; i >= 0; i--)                /* outer rows start elsewhere, unless they are whole rounds apart */
    if (a->pitch[a->by_pitch[i]] % (channels * page_bytes) != 0)
      found = model_min(channels, found * model_max(model_min(extent[a->by_pitch[i]], channels), 1));
  return found;
}

int64_t program_runs(const program_access *a, const int64_t *extent) {
  int64_t runs = 1;
  for (int i = a->rank - 2 - whole_dims(a, extent); i >= 0; i--)
    if (!model_scale(&runs, extent[a->by_pitch[i]]))
      return MODEL_MOST;
  return runs;
}

int64_t program_channels(const program_access *a, const int64_t *extent) { return channels_of(a, extent, whole_dims(a, extent)); }

int64_t program_channels_most(const program_access *a, const int64_t *least, const int64_t *most) {
  int64_t found = 0;
  for (int n = whole_dims(a, least), last = whole_dims(a, most); n <= last && found < a->memory->channels; n++)
    found = model_max(found, channels_of(a, most, n));
  return found;
}

int64_t program_channels_whole(const program_access *a) {
  int64_t least[NEST_RANK_MAX], most[NEST_RANK_MAX];
  for (int d = 0; d < a->rank; d++) {
    least[d] = 1;
    most[d] = model_max(a->shape[d], 1);
  }
  return program_channels_most(a, least, most);
}
