/* The targets whose container a library reads: arrays in a zip, plans in a database. */
#include "fuzz.h"
#include "npz/npz.h"
#include "tuning/tuning.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Arrays are as large as their shapes say. */
void fuzz_npz(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  npz_array *arrays;
  size_t n;
  if (size > FUZZ_BYTES_MAX)
    return;
  loom_status st = npz_read_bytes(ctx, "fuzz.npz", arena_strndup(&ctx->mem, (const char *)bytes, size), size, &arrays, &n);
  fuzz_check_status(ctx, st);
  fuzz_compiled += st == LOOM_OK && n > 0;
  for (size_t i = 0; st == LOOM_OK && i < n; i++) {
    const npy_array *a = &arrays[i].array;
    int64_t elems = 1;
    for (int d = 0; d < a->rank; d++)
      elems *= a->shape[d];
    if (elems != a->elems)
      fuzz_broken(ctx, "an array that has not as many elements as its shape says");
  }
}

static bool put(const char *path, const uint8_t *bytes, size_t size) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool is_put = fd >= 0 && write(fd, bytes, size) == (ssize_t)size;
  if (fd >= 0)
    close(fd);
  return is_put;
}

/* What is recorded is found again, whatever the file had; if it is taken at all. */
void fuzz_tuning(loom_ctx *ctx, const uint8_t *bytes, size_t size) {
  static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
  static const tuning_key key = {"k", "m", "loom/1", "o"};
  static const tuning_plan ours = {"mm", "chip", "{}", 10, 5, TUNING_OPTIMAL};
  const char *dir = getenv("TMPDIR"), *path = arena_printf(&ctx->mem, "%s/loom-fuzz-%d.db", dir ? dir : "/tmp", (int)getpid());
  tuning_db *db = NULL;
  tuning_plan p;
  bool found = false, kept = false;
  if (size == 0 || size > FUZZ_BYTES_MAX || !put(path, bytes, size))
    return;
  loom_status st = tuning_open(ctx, path, &db);
  if (st == LOOM_OK)
    st = tuning_find(ctx, db, &key, &p, &found);
  if (st == LOOM_OK && found && (strlen(p.plan) > size || !p.kernel_name || !p.machine_name))
    fuzz_broken(ctx, "a plan that is longer than its file");
  if (st == LOOM_OK)
    st = tuning_record(ctx, db, &key, &ours, true, &kept);
  if (st == LOOM_OK && (!kept || tuning_find(ctx, db, &key, &p, &found) != LOOM_OK || !found || p.cycles != ours.cycles))
    fuzz_broken(ctx, "a plan that was recorded is not found");
  fuzz_check_status(ctx, st);
  fuzz_compiled += st == LOOM_OK;
  tuning_close(db);
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
    (void)unlink(arena_printf(&ctx->mem, "%s%s", path, endings[i]));
}
