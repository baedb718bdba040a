// The mangled name of a kernel, from the symbol table of the file that this library or program was loaded from.
//
// dladdr would not do: kernels are hidden symbols, so that a side exports the ABI's functions and nothing else.
#ifndef KDA_EMULATED_KERNEL_NAME_H
#define KDA_EMULATED_KERNEL_NAME_H

#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace kda::emulated {

class SymbolTable {
 public:
  SymbolTable() { dl_iterate_phdr(visit_object, this); }
  SymbolTable(const SymbolTable&) = delete;
  SymbolTable& operator=(const SymbolTable&) = delete;

  ~SymbolTable() {
    free(file_);
    for (unsigned i = 0; i < num_named_; ++i) free(named_[i].made);
    free(named_);
  }

  // Lives as long as the table. Without symbols (a stripped file, or one that cannot be read) the name is the kernel's
  // offset in the file.
  const char* name_of(const void* function) {
    pthread_mutex_lock(&mutex_);
    const char* const name = find_or_add(function);
    pthread_mutex_unlock(&mutex_);
    return name;
  }

 private:
  struct Named {
    const void* function;
    const char* name;
    char* made;  // when the name is not in the file
  };

  const char* find_or_add(const void* function) {
    for (unsigned i = 0; i < num_named_; ++i) {
      if (named_[i].function == function) return named_[i].name;
    }
    Named* const grown = static_cast<Named*>(realloc(named_, (num_named_ + 1) * sizeof(Named)));
    if (grown == nullptr) return "unnamed_kernel";
    named_ = grown;
    const uintptr_t offset = reinterpret_cast<uintptr_t>(function) - load_bias_;
    Named named{function, symbol_at(offset), nullptr};
    if (named.name == nullptr) {
      constexpr size_t kBytes = 32;
      named.made = static_cast<char*>(malloc(kBytes));
      if (named.made == nullptr) return "unnamed_kernel";
      snprintf(named.made, kBytes, "kernel_at_0x%zx", static_cast<size_t>(offset));
      named.name = named.made;
    }
    named_[num_named_++] = named;
    return named.name;
  }

  const char* symbol_at(uintptr_t offset) const {
    for (size_t i = 0; i < num_symbols_; ++i) {
      const ElfW(Sym)& symbol = symbols_[i];
      // ELF32_ST_TYPE and ELF64_ST_TYPE are the same.
      if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_value == offset && symbol.st_name < strings_bytes_) {
        return strings_ + symbol.st_name;
      }
    }
    return nullptr;
  }

  // Finds the object that holds this code, and reads its file.
  static int visit_object(dl_phdr_info* info, size_t, void* table) {
    SymbolTable& self = *static_cast<SymbolTable*>(table);
    const uintptr_t here = reinterpret_cast<uintptr_t>(&visit_object);
    for (int i = 0; i < info->dlpi_phnum; ++i) {
      const ElfW(Phdr)& segment = info->dlpi_phdr[i];
      const uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
      if (segment.p_type != PT_LOAD || here < begin || here >= begin + segment.p_memsz) continue;
      self.load_bias_ = info->dlpi_addr;
      self.read_file(info->dlpi_name[0] == '\0' ? "/proc/self/exe" : info->dlpi_name);
      return 1;
    }
    return 0;
  }

  void read_file(const char* path) {
    FILE* const stream = fopen(path, "rbe");
    if (stream == nullptr) return;
    if (fseek(stream, 0, SEEK_END) == 0) {
      const long bytes = ftell(stream);
      rewind(stream);
      if (bytes > static_cast<long>(sizeof(ElfW(Ehdr)))) {
        file_bytes_ = static_cast<size_t>(bytes);
        file_ = static_cast<char*>(malloc(file_bytes_));
        if (file_ != nullptr && fread(file_, 1, file_bytes_, stream) == file_bytes_) find_symbols();
      }
    }
    fclose(stream);
  }

  void find_symbols() {
    const auto* const header = reinterpret_cast<const ElfW(Ehdr)*>(file_);
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_shentsize != sizeof(ElfW(Shdr))) return;
    if (header->e_shoff + uint64_t{header->e_shnum} * sizeof(ElfW(Shdr)) > file_bytes_) return;
    const auto* const sections = reinterpret_cast<const ElfW(Shdr)*>(file_ + header->e_shoff);
    for (unsigned i = 0; i < header->e_shnum; ++i) {
      const ElfW(Shdr)& section = sections[i];
      if (section.sh_type != SHT_SYMTAB || section.sh_link >= header->e_shnum) continue;
      const ElfW(Shdr)& strings = sections[section.sh_link];
      if (section.sh_offset + section.sh_size > file_bytes_ || strings.sh_offset + strings.sh_size > file_bytes_) return;
      symbols_ = reinterpret_cast<const ElfW(Sym)*>(file_ + section.sh_offset);
      num_symbols_ = section.sh_size / sizeof(ElfW(Sym));
      strings_ = file_ + strings.sh_offset;
      strings_bytes_ = strings.sh_size;
      return;
    }
  }

  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  uintptr_t load_bias_ = 0;
  char* file_ = nullptr;
  size_t file_bytes_ = 0;
  const ElfW(Sym)* symbols_ = nullptr;
  size_t num_symbols_ = 0;
  const char* strings_ = nullptr;
  size_t strings_bytes_ = 0;
  Named* named_ = nullptr;
  unsigned num_named_ = 0;
};

// Read when the library is loaded: later the process may be confined, or the file replaced.
inline SymbolTable symbol_table;

inline const char* kernel_name(const void* function) { return symbol_table.name_of(function); }

}  // namespace kda::emulated

#endif
