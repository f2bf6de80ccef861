// Kernels to shared objects: found compiler (TT_EMULATOR_CXX, clang++, g++), one object a source, defines and arguments, kept for the run
// (for later runs in the directory TT_EMULATOR_CACHE).
#pragma once
#include <dlfcn.h>
#include <elf.h>
#include <fstream>
#include <link.h>
#include <spawn.h>
#include <sstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include "machine.h"

extern char **environ;
namespace tte {

inline std::string text_of(const std::string &file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}
inline bool exists(const std::string &file) { struct stat s; return stat(file.c_str(), &s) == 0; }
inline std::string directory_of(const std::string &file) {
  size_t slash = file.rfind('/');
  return slash == std::string::npos ? "." : file.substr(0, slash);
}
#ifndef TT_EMULATOR_DIR
#define TT_EMULATOR_DIR ""
#endif
inline std::string include_directory() {
  if (const char *named = getenv("TT_EMULATOR_INCLUDE")) return named;
  if (*TT_EMULATOR_DIR) return TT_EMULATOR_DIR "/include";
  return directory_of(directory_of(__FILE__)) + "/include";
}
inline std::string compiler() {
  static std::string found;
  if (!found.empty()) return found;
  if (const char *named = getenv("TT_EMULATOR_CXX")) return found = named;
  std::string path = getenv("PATH") ? getenv("PATH") : "";
  for (const char *name : {"clang++", "g++"}) {
    std::istringstream in(path);
    for (std::string dir; std::getline(in, dir, ':');)
      if (access((dir + "/" + name).c_str(), X_OK) == 0) return found = name;
  }
  fault("compiler", "no C++ compiler: set TT_EMULATOR_CXX or put clang++ or g++ on PATH");
}
inline void remove_objects();
inline std::string object_directory() {
  static std::string dir;
  if (!dir.empty()) return dir;
  if (const char *named = getenv("TT_EMULATOR_CACHE")) { mkdir(named, 0777); return dir = named; }
  std::string name = std::string(getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp") + "/tt_emulator.XXXXXX";
  if (!mkdtemp(name.data())) fault("compiler", "cannot make a directory for kernels in %s", name.c_str());
  dir = name;
  atexit(remove_objects);
  at_fault = remove_objects;
  return dir;
}
inline void remove_objects() {
  std::string command = "rm -rf '" + object_directory() + "'";
  if (system(command.c_str())) {}
}
inline uint64_t hash_of(const std::string &s, uint64_t h = 1469598103934665603ull) {
  for (char c : s) h = (h ^ static_cast<uint8_t>(c)) * 1099511628211ull;
  return h;
}
inline bool is_clang() {
  static int known = -1;
  if (known < 0) {
    FILE *p = popen((compiler() + " --version 2>/dev/null").c_str(), "r");
    char line[256] = "";
    if (p) { if (!fgets(line, sizeof line, p)) *line = 0; pclose(p); }
    known = strstr(line, "clang") != nullptr;
  }
  return known;
}

struct Build { std::string file, source, object, command, errors; pid_t pid = 0; };
// Loads and stores become calls (kernel-address sanitizer's outlined hooks); L1 addresses are 32-bit numbers cast to pointers.
inline std::string build_command(const Build &b, bool compute, const std::vector<std::string> &defines) {
  std::string c = compiler() + " -std=c++20 -O1 -g1 -fPIC -shared -fvisibility=hidden -fno-exceptions -fno-rtti -Wno-int-to-pointer-cast -Wl,-z,now -fsanitize=kernel-address ";
  c += std::string(getenv("TT_EMULATOR_CXXFLAGS") ? getenv("TT_EMULATOR_CXXFLAGS") : "-w") + " ";
  c += is_clang() ? "-mllvm -asan-instrumentation-with-call-threshold=0 -mllvm -asan-stack=0 -mllvm -asan-globals=0 "
                  : "--param asan-instrumentation-with-call-threshold=0 --param asan-stack=0 --param asan-globals=0 -fno-gnu-unique -fno-builtin-memcpy "
                    "-fno-builtin-memset -fno-builtin-memmove ";
  c += "-I '" + include_directory() + "' -I '" + directory_of(b.file) + "' ";
  if (const char *home = getenv("TT_METAL_HOME")) c += std::string("-I '") + home + "' ";
  for (const std::string &d : defines) {
    c += "'-D";
    for (char k : d) if (k == '\'') c += "'\\''"; else c += k;
    c += "' ";
  }
  c += std::string("-include tt_emulator/") + (compute ? "compute.h" : "dataflow.h") + " -x c++ '" + b.file + "'";
  return c;
}
inline void start_build(Build &b) {
  b.errors = b.object + ".log";
  std::string command = b.command + " -o '" + b.object + ".new' 2>'" + b.errors + "' && mv '" + b.object + ".new' '" + b.object + "'";
  const char *argv[] = {"sh", "-c", command.c_str(), nullptr};
  if (posix_spawn(&b.pid, "/bin/sh", nullptr, nullptr, const_cast<char **>(argv), environ)) fault("compiler", "cannot run /bin/sh");
}
inline void finish_build(Build &b) {
  int status = 0;
  waitpid(b.pid, &status, 0);
  b.pid = 0;
  if (status) fault("compile", "kernel %s does not compile:\n%s\n  command: %s", b.file.c_str(), text_of(b.errors).c_str(), b.command.c_str());
  fputs(text_of(b.errors).c_str(), stderr);   // warnings, where TT_EMULATOR_CXXFLAGS asks for them
}

// Bytes of the kernel's own code: .text without the emulator's hooks.
inline uint64_t text_bytes(const std::string &object) {
  std::string data = text_of(object);
  if (data.size() < sizeof(Elf64_Ehdr)) return 0;
  const auto *e = reinterpret_cast<const Elf64_Ehdr *>(data.data());
  const auto *s = reinterpret_cast<const Elf64_Shdr *>(data.data() + e->e_shoff);
  const char *names = data.data() + s[e->e_shstrndx].sh_offset;
  uint64_t bytes = 0;
  for (int i = 0; i < e->e_shnum; i++) if (strcmp(names + s[i].sh_name, ".text") == 0) bytes = s[i].sh_size;
  constexpr uint64_t HOOKS = 1100;
  return bytes > HOOKS ? bytes - HOOKS : 0;
}

inline Kernel *load_kernel(const Build &b) {
  auto *k = new Kernel;
  k->file = b.source.empty() ? b.file : b.source;
  k->object = b.object;
  k->handle = dlopen(b.object.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!k->handle) fault("compile", "kernel %s does not load: %s", k->file.c_str(), dlerror());
  k->main = reinterpret_cast<void (*)()>(dlsym(k->handle, "_Z11kernel_mainv"));
  if (!k->main) k->main = reinterpret_cast<void (*)()>(dlsym(k->handle, "_ZN10tte_kernel8tte_mainEv"));
  if (!k->main) fault("compile", "kernel %s has neither kernel_main() nor MAIN in namespace NAMESPACE", k->file.c_str());
  k->text_bytes = text_bytes(b.object);
  return k;
}

}  // namespace tte
