#include "run/run_build.h"
#include "base/file.h"
#include "base/text.h"
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A note is two sizes, a type, a name and contents, each padded to four bytes. */
static bool add_build_id(text *out, const char *note, size_t size) {
  ElfW(Nhdr) n;
  for (size_t at = 0; size - at >= sizeof n;) {
    memcpy(&n, note + at, sizeof n);
    size_t name = at + sizeof n, contents = name + ((n.n_namesz + (size_t)3) & ~(size_t)3), end = contents + ((n.n_descsz + (size_t)3) & ~(size_t)3);
    if (end > size)      /* sizes have 32 bits: no sum of them wraps */
      return false;
    if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == sizeof ELF_NOTE_GNU && memcmp(note + name, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) == 0) {
      for (size_t i = 0; i < n.n_descsz; i++)
        text_addf(out, "%02x", (unsigned char)note[contents + i]);
      return true;
    }
    at = end;
  }
  return false;
}

static int visit(struct dl_phdr_info *o, size_t size, void *data) {
  text *out = data;
  struct stat st;
  bool found = false;
  (void)size;
  text_add(out, out->size ? " " : "");
  for (int i = 0; i < o->dlpi_phnum && !found; i++)
    if (o->dlpi_phdr[i].p_type == PT_NOTE)
      found = add_build_id(out, (const char *)(uintptr_t)(o->dlpi_addr + o->dlpi_phdr[i].p_vaddr), o->dlpi_phdr[i].p_memsz);
  if (!found && stat(*o->dlpi_name ? o->dlpi_name : "/proc/self/exe", &st) == 0)
    text_addf(out, "%" PRId64 "@%" PRId64 ".%09ld", (int64_t)st.st_size, (int64_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
  return 0;
}

static void read_build_id(text *out, int fd) {
  enum { NOTES_BYTES_MAX = 4096, HEADERS_MAX = 64 };
  ElfW(Ehdr) file;
  char notes[NOTES_BYTES_MAX];
  if (pread(fd, &file, sizeof file, 0) != (ssize_t)sizeof file || memcmp(file.e_ident, ELFMAG, SELFMAG) != 0 || file.e_ident[EI_CLASS] != ELFCLASS64 || file.e_phentsize != sizeof(ElfW(Phdr)))
    return;
  for (int i = 0; i < file.e_phnum && i < HEADERS_MAX; i++) {
    ElfW(Phdr) part;
    if (pread(fd, &part, sizeof part, (off_t)file.e_phoff + i * (off_t)sizeof part) != (ssize_t)sizeof part)
      return;
    if (part.p_type == PT_NOTE && part.p_filesz <= sizeof notes && pread(fd, notes, part.p_filesz, (off_t)part.p_offset) == (ssize_t)part.p_filesz && add_build_id(out, notes, part.p_filesz))
      return;
  }
}

const char *run_build_id_of(arena *m, const char *path) {
  text out = text_new(m);
  const int fd = file_open(path, O_RDONLY);
  if (fd < 0)
    return "";
  read_build_id(&out, fd);
  (void)file_close(fd, false);
  return text_str(&out);
}

const char *run_build_id(arena *m) {
  text out = text_new(m);
  dl_iterate_phdr(visit, &out);
  return text_str(&out);
}
