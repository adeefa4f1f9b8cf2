//===- FuzzText.cpp - Fuzzes the text of modules --------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Inputs are modules as text; those of the tests are the first ones. They are
// changed by words, so that many of the changed ones still parse.
//
//===----------------------------------------------------------------------===//

#include "ModuleCheck.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

using namespace mlir::fisher::fuzz;
using llvm::StringRef;

/// Whether a list of numbers is one that MLIR's parser can read.
static bool isGoodList(StringRef text) {
  text = text.ltrim();
  if (!text.consume_front("["))
    return false;
  llvm::SmallVector<StringRef> items;
  text.take_until([](char c) { return c == ']'; }).split(items, ',');
  return text.contains(']') && llvm::all_of(items, [](StringRef item) {
           constexpr size_t mostDigits = 6;
           item = item.trim();
           return !item.empty() && item.size() <= mostDigits &&
                  llvm::all_of(item, llvm::isDigit);
         });
}

/// Whether the text has what MLIR's own code goes wrong at: a list of
/// dimensions that does not parse crashes its parser of linalg, and the short
/// form of linalg.reduce does not come back if its operation has an odd name.
static bool hitsKnownFault(StringRef text) {
  for (StringRef word : {"dimensions", "permutation"}) {
    for (StringRef rest = text.split(word).second; !rest.empty();
         rest = rest.split(word).second) {
      rest = rest.ltrim();
      if (rest.consume_front("=") && !isGoodList(rest))
        return true;
    }
  }
  for (StringRef rest = text.split("linalg.reduce").second; !rest.empty();
       rest = rest.split("linalg.reduce").second) {
    rest = rest.ltrim();
    if (rest.consume_front("{") && !rest.ltrim().starts_with("arith.") &&
        !rest.ltrim().starts_with("math."))
      return true;
  }
  return false;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // MLIR's lexer wants an end of zero.
  std::string text(reinterpret_cast<const char *>(data), size);
  // Bytecode of MLIR is not ours to fuzz.
  if (StringRef(text).starts_with("ML\xEFR"))
    return -1;
  if (hitsKnownFault(text))
    return -1;
  // The text alone tells how far it goes.
  uint64_t hash = llvm::xxh3_64bits(text);
  CheckOptions options;
  options.choice = hash & 0xFF;
  unsigned depth = (hash >> 8) % 1024;
  options.depth = depth < 704   ? Depth::Parse
                  : depth < 992 ? Depth::Passes
                                : Depth::Lower;
  // What was found once goes all the way.
  if (StringRef(text).starts_with("// all the way\n"))
    options.depth = Depth::Run;
  checkModule(text, options);
  return 0;
}

/// Names, numbers, and single characters otherwise.
static std::vector<StringRef> splitWords(StringRef text) {
  std::vector<StringRef> words;
  while (!text.empty()) {
    size_t length = 0;
    while (length < text.size() && (llvm::isAlnum(text[length]) ||
                                    text[length] == '_' || text[length] == '.'))
      ++length;
    if (length == 0)
      length = 1;
    words.push_back(text.take_front(length));
    text = text.drop_front(length);
  }
  return words;
}

static constexpr const char *known[] = {"f32",
                                        "f64",
                                        "bf16",
                                        "f16",
                                        "i32",
                                        "tensor<f32>",
                                        "tensor<?xf32>",
                                        "tensor<0xf32>",
                                        "sigma",
                                        "log_sigma",
                                        "softplus",
                                        "variance",
                                        "log_variance",
                                        "precision",
                                        "logit",
                                        "probability",
                                        "log_rate",
                                        "rate",
                                        "logits",
                                        "probabilities",
                                        "covariance",
                                        "cholesky",
                                        "kappa",
                                        "log_kappa",
                                        "gaussian",
                                        "gaussian_mean",
                                        "von_mises",
                                        "bernoulli",
                                        "poisson",
                                        "exponential",
                                        "categorical",
                                        "centered_gaussian",
                                        "coupled",
                                        "loss_only",
                                        "proximal",
                                        "natural",
                                        "fisher.name",
                                        "fisher.updates",
                                        "fisher.gradient_of",
                                        "fisher.role",
                                        "#fisher.frozen",
                                        "#fisher.previous",
                                        "#fisher.moving_average<0.5>",
                                        "#fisher.prior<[0.0, 1.0]>",
                                        "0",
                                        "1",
                                        "-1",
                                        "1.0",
                                        "0.0",
                                        "1.0e400",
                                        "9223372036854775807",
                                        "0x7FC00000",
                                        "?",
                                        "*",
                                        "geodesic",
                                        "log",
                                        "exp",
                                        "metric",
                                        "penalty",
                                        "belief",
                                        "components",
                                        "convert",
                                        "kl_divergence",
                                        "squared_distance",
                                        "()",
                                        "dense<0.5>"};

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t maxSize, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(reinterpret_cast<const char *>(data), size);
  unsigned changes = 1 + random() % 3;
  for (unsigned i = 0; i < changes; ++i) {
    if (random() % 3 == 0) {
      // A line goes, comes twice, or changes its place.
      llvm::SmallVector<StringRef> lines;
      StringRef(text).split(lines, '\n');
      size_t from = random() % lines.size(), to = random() % lines.size();
      std::vector<StringRef> changed(lines.begin(), lines.end());
      switch (random() % 3) {
      case 0:
        changed.erase(changed.begin() + from);
        break;
      case 1:
        changed.insert(changed.begin() + to, lines[from]);
        break;
      default:
        std::swap(changed[from], changed[to]);
      }
      text = llvm::join(changed, "\n");
      continue;
    }
    std::vector<StringRef> words = splitWords(text);
    if (words.empty())
      words.push_back("");
    StringRef &word = words[random() % words.size()];
    switch (random() % 4) {
    case 0:
      word = known[random() % std::size(known)];
      break;
    case 1:
      word = "";
      break;
    default:
      word = words[random() % words.size()];
    }
    text = llvm::join(words, "");
  }
  size = std::min(text.size(), maxSize);
  std::memcpy(data, text.data(), size);
  return size;
}
