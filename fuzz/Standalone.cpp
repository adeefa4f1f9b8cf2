//===- Standalone.cpp - Runs a fuzzer's inputs without libFuzzer ----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// A short run of a fuzzer for the tests, with any compiler and no sanitizer:
// files of inputs, folders of them, and with --runs random inputs, which
// --seed changes. They are files that are changed by the
// fuzzer's own mutator if it has one, else random bytes or files with some.
//
//===----------------------------------------------------------------------===//

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <csignal>
#include <random>
#include <unistd.h>
#include <vector>

namespace cl = llvm::cl;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern "C" LLVM_ATTRIBUTE_WEAK size_t LLVMFuzzerCustomMutator(uint8_t *data,
                                                              size_t size,
                                                              size_t maxSize,
                                                              unsigned seed);

static cl::list<std::string> paths(cl::Positional,
                                   cl::desc("<files and folders>"));
static cl::opt<unsigned> runs("runs", cl::init(0),
                              cl::desc("How many random inputs"));
static cl::opt<unsigned> seed("seed", cl::init(0), cl::desc("Seed of these"));
static cl::opt<std::string>
    artifact("artifact", cl::init("finding"),
             cl::desc("Where the input that ends the process is written"));

static constexpr size_t maxSize = 1024;
static std::vector<uint8_t> current;

/// The input that is being run is what shows the fault again.
static void save(int signal) {
  std::signal(signal, SIG_DFL);
  std::error_code error;
  llvm::raw_fd_ostream os(artifact, error);
  os.write(reinterpret_cast<const char *>(current.data()), current.size());
  os.close();
  llvm::errs() << "input written to " << artifact << "\n";
  std::raise(signal);
}

static void run(std::vector<uint8_t> input) {
  current = std::move(input);
  // A copy of its own size, so that what is read beyond it is found.
  std::vector<uint8_t> copy(current);
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv, "Runs a fuzzer's inputs\n");
  for (int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE})
    std::signal(signal, save);
  std::vector<std::string> files;
  for (const std::string &path : paths) {
    std::error_code error;
    if (!llvm::sys::fs::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    for (llvm::sys::fs::recursive_directory_iterator it(path, error), end;
         it != end && !error; it.increment(error))
      if (llvm::sys::fs::is_regular_file(it->path()))
        files.push_back(it->path());
  }
  llvm::sort(files);
  std::vector<std::vector<uint8_t>> inputs;
  for (const std::string &file : files) {
    auto buffer = llvm::MemoryBuffer::getFile(file);
    if (!buffer) {
      llvm::errs() << "error: " << file << ": " << buffer.getError().message()
                   << "\n";
      return 1;
    }
    llvm::StringRef bytes = (*buffer)->getBuffer();
    inputs.emplace_back(bytes.bytes_begin(), bytes.bytes_end());
    run(inputs.back());
  }
  std::mt19937 random(seed);
  for (unsigned i = 0; i < runs; ++i) {
    std::vector<uint8_t> input;
    if (LLVMFuzzerCustomMutator && !inputs.empty()) {
      input = inputs[random() % inputs.size()];
      size_t size = input.size();
      input.resize(size + maxSize);
      input.resize(
          LLVMFuzzerCustomMutator(input.data(), size, input.size(), random()));
    } else if (!inputs.empty() && random() % 2) {
      // A few bytes of a file are other ones.
      input = inputs[random() % inputs.size()];
      for (unsigned k = 0; k < 4 && !input.empty(); ++k)
        input[random() % input.size()] = random();
    } else {
      input.resize(random() % maxSize);
      for (uint8_t &byte : input)
        byte = random();
    }
    run(std::move(input));
  }
  llvm::outs() << files.size() << " files and " << runs << " random inputs\n";
  return 0;
}
