//===- MarkIndex.cpp - Where marks are in functions' attributes -----------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/IR/MarkIndex.h"

#include "fisher/IR/Fisher.h"

using namespace mlir;
using namespace mlir::fisher;

std::unique_ptr<MarkIndex::Places> MarkIndex::read(ArrayAttr dictionaries) {
  auto places = std::make_unique<Places>();
  for (auto [place, dictionary] : llvm::enumerate(dictionaries))
    for (NamedAttribute attr : cast<DictionaryAttr>(dictionary))
      if (isa_and_nonnull<FisherDialect>(attr.getNameDialect()))
        if (auto text = dyn_cast<StringAttr>(attr.getValue()))
          places->try_emplace({attr.getName().getValue(), text.getValue()},
                              place);
  return places;
}

std::optional<unsigned> MarkIndex::find(ArrayAttr dictionaries, StringRef mark,
                                        StringRef text) {
  if (!dictionaries)
    return std::nullopt;
  std::lock_guard<std::mutex> lock(mutex);
  std::unique_ptr<Places> &places = lists[dictionaries];
  if (!places)
    places = read(dictionaries);
  auto found = places->find({mark, text});
  if (found == places->end())
    return std::nullopt;
  return found->second;
}
