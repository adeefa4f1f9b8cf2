//===- Generator.h - The grammar of modules ---------------------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_FUZZ_GENERATOR_H
#define FISHER_FUZZ_GENERATOR_H

#include "ModuleGenerator.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"

#include <string>
#include <utility>
#include <vector>

namespace mlir::fisher::fuzz {

using llvm::ArrayRef;
using llvm::StringRef;
using llvm::Twine;

/// A family as the grammar knows it.
struct Family {
  StringRef name;
  std::vector<StringRef> charts;
  unsigned components;
  unsigned eventRank;
  /// Texts of priors, good ones first.
  std::vector<StringRef> priors;
  unsigned numGoodPriors;
  /// How components are called in steps.
  std::vector<StringRef> parts;
};

/// The type of beliefs.
struct Belief {
  const Family *family;
  StringRef chart;
  std::string shape; // such as 3x?x
  StringRef element;

  std::string component() const {
    return "tensor<" + shape + element.str() + ">";
  }
  std::string attribute() const {
    return ("#fisher." + family->name + "<" + chart + ">").str();
  }
  std::string type() const {
    return "!fisher.belief<" + attribute() + ", " + component() + ">";
  }
  StringRef compute() const { return element == "f64" ? "f64" : "f32"; }
  std::string batch() const {
    StringRef rest = shape;
    // A wrong shape may have fewer dimensions than an event.
    for (unsigned i = 0; i < family->eventRank && !rest.empty(); ++i) {
      size_t end = rest.drop_back().rfind('x');
      rest = end == StringRef::npos ? "" : rest.take_front(end + 1);
    }
    return ("tensor<" + rest + compute() + ">").str();
  }
  std::string total() const { return ("tensor<" + compute() + ">").str(); }
};

struct Value {
  std::string name, type;
};

const std::vector<Family> &getFamilies();

/// Makes modules: each choice takes some of the source's bytes.
class Generator {
public:
  Generator(ByteSource &source, ModuleWishes wishes)
      : source(source), wishes(wishes), os(body) {
    mistakes = !wishes.isValid && source.once(4);
  }

  std::string makeModule();
  std::string makePolicy();

private:
  //===--------------------------------------------------------------------===//
  // Small parts
  //===--------------------------------------------------------------------===//

  /// Whether something is to be wrong here.
  bool isWrong() { return mistakes && source.once(12); }

  StringRef pickElement() {
    if (isWrong())
      return source.pickOf(
          {"i32", "f80", "index", "complex<f32>", "f8E5M2", "i1", "tf32"});
    return source.pickOf({"f32", "f64", "bf16", "f16"});
  }

  std::string pickShape(unsigned eventRank) {
    std::string shape;
    unsigned rank = source.pick(4);
    // Few modules have dimensions of odd sizes, many elements or many ranks.
    bool isOdd = source.once(8);
    if (isOdd && source.once(4))
      rank = 4 + source.pick(4);
    bool isDynamic = !wishes.isPlain && source.once(4);
    auto add = [&](StringRef size) { shape += (size + "x").str(); };
    for (unsigned i = 0; i < rank; ++i) {
      if (isDynamic && source.once(2))
        add("?");
      else if (isOdd && !wishes.isPlain)
        add(source.pickOf({"0", "1", "17", "64", "1000", "16384", "1048576",
                           "4611686018427387904"}));
      else if (isOdd)
        add(source.pickOf({"0", "1", "2", "17"}));
      else
        add(source.pickOf({"3", "1", "4", "5", "2"}));
    }
    if (eventRank == 1)
      add(isDynamic && source.once(2)
              ? "?"
              : source.pickOf({"3", "2", "1", "5", "10"}));
    if (eventRank == 2) {
      StringRef size = source.pickOf({"3", "2", "1", "4", "7"});
      if (isWrong())
        size = source.pickOf({"0", "?", "33", "32"});
      add(size);
      add(isWrong() ? "2" : size);
    }
    if (isWrong())
      shape = source.pickOf({"", "*x", "-1x", "3x", "00x"});
    return shape;
  }

  Belief pickBelief() {
    if (!beliefs.empty() && !source.once(4))
      return beliefs[source.pick(beliefs.size())];
    const Family &family = getFamilies()[source.pick(getFamilies().size())];
    Belief belief{&family, source.pickOf(ArrayRef(family.charts)),
                  pickShape(family.eventRank), pickElement()};
    if (isWrong())
      belief.chart = source.pickOf({"sigma", "logit", "nothing", "kappa", ""});
    if (beliefs.size() < 4)
      beliefs.push_back(belief);
    return belief;
  }

  std::string pickNumber() {
    // Strengths and weights are not negative.
    if (isWrong())
      return source.pickOf(
          {"-1.0", "0x7F800000", "0x7FC00000", "-0.0", "1.0e+40"});
    return source.pickOf({"0.5", "0.0", "1.0", "0.25", "1.0e-3", "2.0"});
  }

  //===--------------------------------------------------------------------===//
  // Values
  //===--------------------------------------------------------------------===//

  std::string newName() { return "%v" + std::to_string(numValues++); }

  Value addArgument(StringRef type) {
    Value value{"%a" + std::to_string(arguments.size()), type.str()};
    arguments.push_back(value);
    return value;
  }

  void define(StringRef name, StringRef type) {
    values.push_back({name.str(), type.str()});
  }

  /// A value of the type: one that there is, or a new one.
  std::string find(StringRef type) {
    if (isWrong() && !values.empty())
      return values[source.pick(std::min<size_t>(values.size(), 256))].name;
    if (!source.once(3))
      for (const Value &value : llvm::reverse(values))
        if (value.type == type && !source.once(3))
          return value.name;
    return makeNew(type);
  }

  std::string makeNew(StringRef type) {
    bool isTensor = type.starts_with("tensor<");
    bool isNumber = type == "f32" || type == "f64";
    // Functions of StableHLO take tensors only.
    if (isNumber && wishes.isPlain && source.once(3)) {
      std::string name = newName();
      os << "  " << name << " = tensor.extract "
         << addArgument(("tensor<" + type + ">").str()).name << "[] : tensor<"
         << type << ">\n";
      define(name, type);
      return name;
    }
    if (isNumber && (wishes.isPlain || source.once(2))) {
      std::string name = newName();
      os << "  " << name << " = arith.constant " << pickNumber() << " : "
         << type << "\n";
      define(name, type);
      return name;
    }
    if (isTensor && !wishes.isPlain && source.once(5) && !type.contains('?')) {
      std::string name = newName();
      os << "  " << name << " = arith.constant dense<"
         << source.pickOf({"0.5", "0.25", "1.0", "0.0", "-2.0"})
         << "> : " << type << "\n";
      define(name, type);
      return name;
    }
    Value value = addArgument(type);
    values.push_back(value);
    return value.name;
  }

  /// The components of a point of the manifold are no other numbers in what is
  /// compared, since a number that is none of the family's tells nothing.
  std::string findBelief(const Belief &belief) {
    std::string type = belief.type();
    if (isWrong())
      return find(type);
    if (!source.once(3))
      for (const Value &value : llvm::reverse(values))
        if (value.type == type && !source.once(3))
          return value.name;
    if (!wishes.isPlain && source.once(8))
      return makeNew(type);
    std::vector<std::string> components;
    for (unsigned i = 0; i < belief.family->components; ++i)
      components.push_back(wishes.isPlain ? addArgument(belief.component()).name
                                          : find(belief.component()));
    if (isWrong())
      components.push_back(components.back());
    std::string name = newName();
    os << "  " << name << " = fisher.belief " << llvm::join(components, ", ")
       << " : " << type << "\n";
    define(name, type);
    return name;
  }

  std::string findMany(const Belief &belief) {
    std::vector<std::string> names;
    for (unsigned i = 0; i < belief.family->components; ++i)
      names.push_back(find(belief.component()));
    return llvm::join(names, ", ");
  }

  void defineMany(StringRef name, unsigned count, StringRef type,
                  unsigned first = 0) {
    for (unsigned i = first; i < first + count; ++i)
      define((name + "#" + Twine(i)).str(), type);
  }

  /// The name on the left of an operation with so many results.
  std::string results(StringRef name, unsigned count) {
    if (isWrong())
      ++count;
    return count == 1 ? name.str() : (name + ":" + Twine(count)).str();
  }

  void addOperation();
  void addControlFlow();
  void addStepOperation(const std::vector<Value> &parameters);

  std::string makeFunction(StringRef name);
  std::string makeStep(StringRef name);
  std::string makeEntry();
  std::string pickName();
  std::string pickMark(bool ofArgument);

  ByteSource &source;
  ModuleWishes wishes;
  bool mistakes;
  std::string body;
  llvm::raw_string_ostream os;
  std::vector<Belief> beliefs;
  std::vector<Value> arguments, values;
  unsigned numValues = 0;
  /// Functions that others may call, with one belief in and out.
  std::vector<std::pair<std::string, std::string>> callees;
  /// What the last step regularizes: prefixes of names, with their beliefs.
  std::vector<std::pair<std::string, Belief>> parameters;
};

} // namespace mlir::fisher::fuzz

#endif // FISHER_FUZZ_GENERATOR_H
