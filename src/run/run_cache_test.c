#include "run/run_cache.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/testing.h"
#include "base/text.h"
#include "run/run_build.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static loom_ctx ctx;
static char top[64];
static run_cache cache;

static int setup(void **state) {
  (void)state;
  strcpy(top, "/tmp/loom_cache_test_XXXXXX");
  loom_ctx_init(&ctx);
  if (!mkdtemp(top))
    return -1;
  cache = (run_cache){.dir = file_join(&ctx.mem, top, "made/when/needed")};
  return 0;
}

static int teardown(void **state) {
  (void)state;
  int failed = system(arena_printf(&ctx.mem, "rm -rf %s", top));
  loom_ctx_done(&ctx);
  return failed;
}

static const char *key_of(const char *name) {
  char *key = arena_alloc(&ctx.mem, 65);
  hash_sha256_hex(name, strlen(name), key);
  return key;
}

static const char *path_of(const char *name) { return file_join(&ctx.mem, cache.dir, arena_printf(&ctx.mem, "%s.loom", key_of(name))); }

static bool has(const char *name, const char *contents) {
  char *got;
  size_t size;
  if (!run_cache_get(&ctx, &cache, key_of(name), &got, &size))
    return false;
  assert_int_equal(size, strlen(contents));
  assert_string_equal(got, contents);
  return true;
}

static void put(const char *name, const char *contents) { run_cache_put(&ctx, &cache, key_of(name), contents, strlen(contents)); }

static int count_files(void) {
  int n = 0;
  DIR *d = opendir(cache.dir);
  for (struct dirent *e; d && (e = readdir(d));)
    n += e->d_name[0] != '.';
  if (d)
    closedir(d);
  return n;
}

static void test_what_was_put_is_found_and_nothing_else(void **state) {
  (void)state;
  struct stat st;
  assert_false(has("a", "alpha"));
  assert_int_equal(stat(cache.dir, &st), -1);      /* looking makes nothing */
  put("a", "alpha");
  put("b", "");
  assert_true(has("a", "alpha"));
  assert_true(has("b", ""));
  assert_false(has("c", ""));
  put("a", "again");
  assert_true(has("a", "again"));
  assert_int_equal(count_files(), 2);
  assert_int_equal(stat(cache.dir, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0700);
  assert_null(ctx.diag.first);
}

static void write_file(const char *path, const char *bytes, size_t size) {
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(bytes, 1, size, f), size);
  assert_int_equal(fclose(f), 0);
  assert_int_equal(chmod(path, 0600), 0);
}

/* Every byte of an entry changed, and every shorter one: a miss, and the file is gone. */
static void test_damaged_entries_are_missing(void **state) {
  (void)state;
  char *bytes;
  size_t size;
  put("a", "alpha");
  assert_int_equal(file_read(&ctx, path_of("a"), 1 << 20, &bytes, &size), LOOM_OK);
  for (size_t i = 0; i < size; i++)
    for (int bit = 0; bit < 8; bit += 7) {
      bytes[i] ^= (char)(1 << bit);
      write_file(path_of("a"), bytes, size);
      assert_false(has("a", "alpha"));
      assert_false(file_exists(path_of("a")));
      bytes[i] ^= (char)(1 << bit);
    }
  for (size_t n = 0; n < size; n++) {
    write_file(path_of("a"), bytes, n);
    assert_false(has("a", "alpha"));
  }
  write_file(path_of("a"), bytes, size);
  assert_true(has("a", "alpha"));
}

static void test_an_entry_under_another_key_is_missing(void **state) {
  (void)state;
  put("a", "alpha");
  assert_int_equal(rename(path_of("a"), path_of("b")), 0);
  assert_false(has("b", "alpha"));
}

static void test_entries_that_are_links_pipes_or_writable_by_others_are_missing(void **state) {
  (void)state;
  put("a", "alpha");
  const char *elsewhere = file_join(&ctx.mem, top, "elsewhere");
  assert_int_equal(rename(path_of("a"), elsewhere), 0);
  assert_int_equal(symlink(elsewhere, path_of("a")), 0);
  assert_false(has("a", "alpha"));
  assert_int_equal(unlink(path_of("a")), 0);      /* a link that cannot be opened stays: it is not ours to remove */
  assert_int_equal(mkfifo(path_of("a"), 0600), 0);
  assert_false(has("a", "alpha"));
  assert_int_equal(rename(elsewhere, path_of("a")), 0);
  assert_int_equal(chmod(path_of("a"), 0622), 0);
  assert_false(has("a", "alpha"));
}

static void expect_refusal(const char *why) {
  cache.is_refused = false;
  ctx.diag.first = NULL;
  ctx.diag.last = &ctx.diag.first;
  put("a", "alpha");
  assert_false(has("a", "alpha"));
  assert_non_null(ctx.diag.first);
  assert_null(ctx.diag.first->next);      /* said once */
  assert_int_equal(ctx.diag.first->severity, DIAG_WARNING);
  assert_non_null(strstr(ctx.diag.first->text, why));
  assert_non_null(ctx.diag.first->help);
}

static void test_directories_that_others_may_change_are_refused(void **state) {
  (void)state;
  put("a", "alpha");
  assert_true(has("a", "alpha"));
  const mode_t open_to_others[] = {0770, 0702};
  for (size_t i = 0; i < COUNT_OF(open_to_others); i++) {
    assert_int_equal(chmod(cache.dir, open_to_others[i]), 0);
    expect_refusal("other users may write to it");
  }
  assert_int_equal(chmod(cache.dir, 0755), 0);      /* others may read it */
  cache.is_refused = false;
  assert_true(has("a", "alpha"));
  if (geteuid() == 0) {
    assert_int_equal(chown(cache.dir, 1, 1), 0);
    expect_refusal("it belongs to another user");
    assert_int_equal(chown(cache.dir, 0, 0), 0);
  }
  const char *link = file_join(&ctx.mem, top, "link");
  assert_int_equal(symlink(cache.dir, link), 0);
  cache.dir = link;
  expect_refusal("a link or no directory");
}

static void test_a_directory_that_cannot_be_made_is_said_where_it_was_named(void **state) {
  (void)state;
  assert_int_equal(file_write(&ctx, file_join(&ctx.mem, top, "file"), "", 0), LOOM_OK);
  cache.dir = file_join(&ctx.mem, top, "file/cache");
  put("a", "alpha");
  assert_null(ctx.diag.first);
  cache.is_named = true;
  expect_refusal("it cannot be made");
}

static void test_what_was_not_used_for_longest_goes_first(void **state) {
  (void)state;
  static const char *const names[] = {"a", "b", "c", "d"};
  char *body = arena_alloc(&ctx.mem, 1001);
  memset(body, 'x', 1000);
  cache.limit_bytes = 5000;
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    put(names[i], body);
    const struct timespec long_ago[2] = {{1000 + (time_t)i, 0}, {1000 + (time_t)i, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path_of(names[i]), long_ago, 0), 0);
  }
  assert_int_equal(count_files(), 4);
  assert_true(has("a", body));      /* used now */
  put("e", body);                   /* 5 x 1136 bytes: three fit into three quarters */
  assert_int_equal(count_files(), 3);
  assert_true(has("a", body) && has("d", body) && has("e", body));
  assert_false(has("b", body) || has("c", body));
}

static void test_what_dead_writers_left_is_removed(void **state) {
  (void)state;
  const struct timespec long_ago[2] = {{1000, 0}, {1000, 0}};
  put("a", "alpha");
  const char *left = file_join(&ctx.mem, cache.dir, "x.1.0.tmp"), *young = file_join(&ctx.mem, cache.dir, "x.2.0.tmp");
  assert_int_equal(file_write(&ctx, left, "", 0), LOOM_OK);
  assert_int_equal(file_write(&ctx, young, "", 0), LOOM_OK);
  assert_int_equal(utimensat(AT_FDCWD, left, long_ago, 0), 0);
  put("b", "beta");
  assert_false(file_exists(left));
  assert_true(file_exists(young));
}

/* Readers beside eight writers see one of their texts, whole, or nothing. */
static void test_writers_and_readers_at_once_see_whole_entries(void **state) {
  (void)state;
  enum { WRITERS = 8, ROUNDS = 40, BYTES = 20000 };
  const char *key = key_of("a");
  for (int w = 0; w < WRITERS; w++) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
      char *body = arena_alloc(&ctx.mem, BYTES);
      memset(body, 'a' + w, BYTES);
      for (int i = 0; i < ROUNDS; i++) {
        char *got;
        size_t size;
        run_cache_put(&ctx, &cache, key, body, BYTES);
        if (!run_cache_get(&ctx, &cache, key, &got, &size) || size != BYTES || got[0] != got[BYTES - 1])
          _exit(1);
      }
      _exit(0);
    }
  }
  for (int w = 0; w < WRITERS; w++) {
    int status;
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0);
  }
  assert_int_equal(count_files(), 1);
}

static void test_the_directory_is_the_named_one_or_that_of_the_user(void **state) {
  (void)state;
  run_cache c;
  static const char *const names[] = {"LOOM_CACHE_DIR", "XDG_CACHE_HOME", "HOME", "LOOM_NO_CACHE"};
  for (size_t i = 0; i < COUNT_OF(names); i++)
    unsetenv(names[i]);
  assert_false(run_cache_find(&ctx.mem, NULL, &c));
  setenv("HOME", "/h", 1);
  assert_true(run_cache_find(&ctx.mem, NULL, &c) && !c.is_named);
  assert_string_equal(c.dir, "/h/.cache/loom/objects");
  setenv("XDG_CACHE_HOME", "/x", 1);
  assert_true(run_cache_find(&ctx.mem, NULL, &c));
  assert_string_equal(c.dir, "/x/loom/objects");
  setenv("LOOM_CACHE_DIR", "/l", 1);
  assert_true(run_cache_find(&ctx.mem, NULL, &c) && c.is_named);
  assert_string_equal(c.dir, "/l");
  setenv("LOOM_NO_CACHE", "1", 1);
  assert_false(run_cache_find(&ctx.mem, NULL, &c));
  assert_true(run_cache_find(&ctx.mem, "d", &c));
  assert_string_equal(c.dir, "d");
}

static void test_a_program_has_one_build_id(void **state) {
  (void)state;
  const char *id = run_build_id(&ctx.mem);
  assert_true(strlen(id) > 20);
  assert_string_equal(id, run_build_id(&ctx.mem));
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      T(test_what_was_put_is_found_and_nothing_else), T(test_damaged_entries_are_missing), T(test_an_entry_under_another_key_is_missing),
      T(test_entries_that_are_links_pipes_or_writable_by_others_are_missing), T(test_directories_that_others_may_change_are_refused),
      T(test_a_directory_that_cannot_be_made_is_said_where_it_was_named), T(test_what_was_not_used_for_longest_goes_first), T(test_what_dead_writers_left_is_removed),
      T(test_writers_and_readers_at_once_see_whole_entries), T(test_the_directory_is_the_named_one_or_that_of_the_user), T(test_a_program_has_one_build_id)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
