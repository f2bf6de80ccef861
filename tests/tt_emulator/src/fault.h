// Reports: one line saying what, then where: kernel file and line, core, thread, step.  The host program ends with code 3.
#pragma once
#include <cstdarg>
#include <dlfcn.h>
#include <unistd.h>
#include "machine.h"

namespace tte {

// Line of the kernel an address lies in, by addr2line; the outermost frame that is not one of the emulator's headers.
inline std::string place(const Fiber *f, void *pc) {
  if (!f || !f->kernel || !pc) return "";
  Dl_info info;
  std::string where = f->kernel->file;
  if (!dladdr(pc, &info) || !info.dli_fbase) return where;
  char command[1024];
  snprintf(command, sizeof command, "addr2line -i -e '%s' 0x%lx 2>/dev/null", f->kernel->object.c_str(),
           static_cast<unsigned long>(static_cast<char *>(pc) - static_cast<char *>(info.dli_fbase) - 1));
  FILE *p = popen(command, "r");
  if (!p) return where;
  char line[1024];
  while (fgets(line, sizeof line, p)) {
    line[strcspn(line, "\n")] = 0;
    if (char *note = strstr(line, " (discriminator")) *note = 0;
    if (strncmp(line, "??", 2) == 0 || strstr(line, "/include/tt_emulator/")) continue;
    const char *colon = strrchr(line, ':');
    if (colon && colon[1] != '?') { where += colon; break; }
  }
  pclose(p);
  return where;
}

inline void say_where(const Fiber *f) {
  if (!f) return;
  fprintf(stderr, "  at %s, core (%d,%d) [virtual (%d,%d)], thread %s, step %llu\n", place(f, f->pc).c_str(), f->core->x, f->core->y, f->core->vx,
          f->core->vy, f->role, static_cast<unsigned long long>(machine().now));
}

inline void vreport(bool fatal, const char *id, const char *format, va_list arguments) {
  fflush(stdout);
  fprintf(stderr, "tt_emulator: %s: [%s] ", fatal ? "error" : "warning", id);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  say_where(current);
  fprintf(stderr, "  seed %llu\n", static_cast<unsigned long long>(machine().seed));
  fflush(stderr);
}

[[noreturn]] inline void leave() {
  if (at_fault) at_fault();
  _exit(3);
}

void fault(const char *id, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vreport(true, id, format, arguments);
  va_end(arguments);
  leave();
}

bool allowed(const char *id) {
  static bool read = false;
  Machine &m = machine();
  if (!read) {
    read = true;
    std::string list = getenv("TT_EMULATOR_ALLOW") ? getenv("TT_EMULATOR_ALLOW") : "";
    for (size_t from = 0; from < list.size();) {
      size_t to = list.find(',', from);
      if (to == std::string::npos) to = list.size();
      m.allowed.insert(list.substr(from, to - from));
      from = to + 1;
    }
  }
  return m.allowed.count(id) || m.allowed.count("all");
}

void report(const char *id, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  if (!allowed(id)) {
    vreport(true, id, format, arguments);
    leave();
  }
  static std::set<std::string> said;
  if (said.insert(id).second) vreport(false, id, format, arguments);
  va_end(arguments);
}

}  // namespace tte
