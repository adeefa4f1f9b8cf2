//===- Generate.cpp - Prints a module of the grammar ----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModuleGenerator.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <random>
#include <vector>

namespace cl = llvm::cl;
using namespace mlir::fisher::fuzz;

static cl::OptionCategory category("Options");
static cl::opt<unsigned> seed("seed", cl::init(0), cl::cat(category),
                              cl::desc("Which module"));
static cl::opt<bool>
    plain("plain", cl::cat(category),
          cl::desc("One function of operations on beliefs, right and "
                   "of static shapes"));
static cl::opt<std::string>
    findingPath("finding", cl::value_desc("file"), cl::cat(category),
                cl::desc("The module that fuzz-module made of this input"));

static int printFinding() {
  auto buffer = llvm::MemoryBuffer::getFile(findingPath);
  if (!buffer) {
    llvm::errs() << "error: " << findingPath << ": "
                 << buffer.getError().message() << "\n";
    return 1;
  }
  llvm::StringRef bytes = (*buffer)->getBuffer();
  ByteSource source(llvm::ArrayRef(bytes.bytes_begin(), bytes.size()));
  // The module follows what is done with it.
  takeChoices(source);
  llvm::outs() << generateModule(source);
  return 0;
}

int main(int argc, char **argv) {
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "Prints a module of the grammar\n");
  if (!findingPath.empty())
    return printFinding();
  std::mt19937 random(seed);
  constexpr size_t size = 400;
  std::vector<uint8_t> bytes(size);
  for (uint8_t &byte : bytes)
    byte = random();
  ByteSource source(bytes);
  ModuleWishes wishes;
  wishes.isValid = wishes.isPlain = plain;
  llvm::outs() << generateModule(source, wishes);
  return 0;
}
