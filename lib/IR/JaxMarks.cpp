//===- JaxMarks.cpp - What JAX says of arguments and results --------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/IR/JaxMarks.h"

#include "fisher/IR/Marks.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

#include <optional>

using namespace mlir;
using namespace mlir::fisher;

static constexpr llvm::StringLiteral resultInfo = "jax.result_info";

/// A place in a tree of JAX, `state[0].mu['w']`, as a name, `state.0.mu.w`;
/// nothing if the text is none.
static std::optional<std::string> getPathName(StringRef path) {
  auto takeIdentifier = [&]() {
    StringRef taken =
        path.take_while([](char c) { return llvm::isAlnum(c) || c == '_'; });
    path = path.drop_front(taken.size());
    return taken;
  };
  std::string name = takeIdentifier().str();
  if (name.empty())
    return std::nullopt;
  while (!path.empty()) {
    StringRef key;
    if (path.consume_front(".")) {
      key = takeIdentifier();
    } else if (path.consume_front("[")) {
      StringRef quote =
          path.take_while([](char c) { return c == '\'' || c == '"'; })
              .take_front();
      path = path.drop_front(quote.size());
      std::string end = (quote + "]").str();
      size_t length = path.find(end);
      if (length == StringRef::npos)
        return std::nullopt;
      key = path.take_front(length);
      path = path.drop_front(length + end.size());
    }
    if (key.empty())
      return std::nullopt;
    name += ("." + key).str();
  }
  return name;
}

/// Whether two names end in the same key. The number of a result in a list is
/// no key.
static bool haveSameKey(StringRef argument, StringRef result) {
  StringRef key = result.rsplit('.').second;
  return key.empty() || llvm::all_of(key, llvm::isDigit) ||
         key == argument.rsplit('.').second;
}

namespace {
/// The marks of one function, old and new.
class JaxMarks : public StepMarks {
public:
  explicit JaxMarks(FunctionOpInterface function);

  /// Completes the marks by what JAX says; false if it says nothing.
  bool complete();

private:
  // The steps, in order.
  void nameArguments();
  void findUpdates();
  void nameResults();
  void findLoss();

  /// Sets the name in a list of marks unless another argument, or another
  /// result, has it.
  bool setName(NamedAttrList &list, llvm::StringSet<> &names,
               const std::optional<std::string> &name);
  void setText(NamedAttrList &list, StringRef mark, StringRef text) {
    list.set(mark, StringAttr::get(function.getContext(), text));
  }
  /// Whether anything is said of a result already.
  bool isMarked(const NamedAttrList &result) const {
    return result.get(marks::role) || result.get(marks::updates) ||
           result.get(marks::gradientOf);
  }

  FunctionOpInterface function;
  llvm::StringSet<> argumentNames, resultNames;
  /// Whether JAX says anything.
  bool isFromJax = false;
};
} // namespace

JaxMarks::JaxMarks(FunctionOpInterface function) : function(function) {
  for (unsigned i = 0, e = function.getNumArguments(); i != e; ++i) {
    arguments.emplace_back(function.getArgAttrDict(i));
    argumentNames.insert(getText(arguments.back(), marks::name));
  }
  for (unsigned i = 0, e = function.getNumResults(); i != e; ++i) {
    results.emplace_back(function.getResultAttrDict(i));
    resultNames.insert(getText(results.back(), marks::name));
  }
}

bool JaxMarks::setName(NamedAttrList &list, llvm::StringSet<> &names,
                       const std::optional<std::string> &name) {
  if (list.get(marks::name) || !name || !names.insert(*name).second)
    return false;
  setText(list, marks::name, *name);
  return true;
}

void JaxMarks::nameArguments() {
  for (auto [argument, list] :
       llvm::zip_equal(function.getArguments(), arguments))
    if (auto loc = dyn_cast<NameLoc>(argument.getLoc()))
      isFromJax |=
          setName(list, argumentNames, getPathName(loc.getName().getValue()));
}

/// JAX pairs what it may write over by types alone, so where both are in trees
/// their last keys must agree.
void JaxMarks::findUpdates() {
  for (const NamedAttrList &list : arguments) {
    auto number = dyn_cast_or_null<IntegerAttr>(list.get(aliasingOutput));
    StringRef name = getText(list, marks::name);
    if (!number || name.empty() || number.getValue().uge(results.size()))
      continue;
    isFromJax = true;
    NamedAttrList &result = results[number.getValue().getZExtValue()];
    std::optional<std::string> place = getPathName(getText(result, resultInfo));
    if (!isMarked(result) && (!place || haveSameKey(name, *place)))
      setText(result, marks::updates, name);
  }
}

void JaxMarks::nameResults() {
  for (NamedAttrList &list : results) {
    if (!list.get(resultInfo))
      continue;
    isFromJax = true;
    if (!isMarked(list))
      setName(list, resultNames, getPathName(getText(list, resultInfo)));
  }
}

void JaxMarks::findLoss() {
  if (!isFromJax)
    return;
  NamedAttrList *loss = nullptr;
  for (auto [type, list] :
       llvm::zip_equal(function.getResultTypes(), results)) {
    if (list.get(marks::role))
      return;
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (isMarked(list) || !tensor || tensor.getRank() != 0 ||
        !isa<FloatType>(tensor.getElementType()))
      continue;
    if (loss)
      return;
    loss = &list;
  }
  if (loss)
    setText(*loss, marks::role, "loss");
}

bool JaxMarks::complete() {
  nameArguments();
  findUpdates();
  nameResults();
  findLoss();
  return isFromJax;
}

void mlir::fisher::adoptJaxMarks(FunctionOpInterface function) {
  JaxMarks marks(function);
  if (!marks.complete())
    return;
  auto getDictionaries = [&](ArrayRef<NamedAttrList> lists) {
    SmallVector<DictionaryAttr> dictionaries;
    for (const NamedAttrList &list : lists)
      dictionaries.push_back(list.getDictionary(function.getContext()));
    return dictionaries;
  };
  function.setAllArgAttrs(getDictionaries(marks.arguments));
  function.setAllResultAttrs(getDictionaries(marks.results));
}

StepMarks mlir::fisher::getMarks(FunctionOpInterface function) {
  JaxMarks marks(function);
  marks.complete();
  return std::move(marks);
}

StringRef StepMarks::getText(const NamedAttrList &list, StringRef mark) {
  auto text = dyn_cast_or_null<StringAttr>(list.get(mark));
  return text ? text.getValue() : StringRef();
}

std::optional<unsigned> StepMarks::findArgument(StringRef name) const {
  for (auto [number, list] : llvm::enumerate(arguments))
    if (!name.empty() && getText(list, marks::name) == name)
      return number;
  return std::nullopt;
}
