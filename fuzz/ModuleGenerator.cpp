//===- ModuleGenerator.cpp - Modules made by a grammar --------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModuleGenerator.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <vector>

using namespace mlir::fisher::fuzz;
using llvm::ArrayRef;
using llvm::StringRef;
using llvm::Twine;

namespace {

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
    for (unsigned i = 0; i < family->eventRank; ++i) {
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

} // namespace

static const std::vector<Family> &getFamilies() {
  static const std::vector<StringRef> scales = {"sigma",        "log_sigma",
                                                "softplus",     "variance",
                                                "log_variance", "precision"};
  static const std::vector<Family> families = {
      {"gaussian",
       scales,
       2,
       0,
       {"[0.0, 1.0]", "[-1.5, 0.25]", "[1.0e+300, 1.0e-300]", "[0.0, 0.0]",
        "[0.0, -1.0]", "[1.0]"},
       3,
       {"mu", "rho"}},
      {"gaussian_mean",
       scales,
       2,
       0,
       {"[0.0, 1.0]", "[-1.5, 0.25]", "[0.0, 1.0e-30]", "[0.0, 0.0]", "[0.0]"},
       3,
       {"mu", "rho"}},
      {"von_mises",
       {"kappa", "log_kappa", "softplus"},
       2,
       0,
       {"[0.0, 1.0]", "[4.0, 0.5]", "[-1.0e+9, 1.0e+3]", "[0.0, 0.0]",
        "[0.0, -1.0]"},
       3,
       {"angle", "kappa"}},
      {"bernoulli",
       {"logit", "probability"},
       1,
       0,
       {"[0.5]", "[0.125]", "[1.0e-30]", "[0.0]", "[1.0]", "[1.5]", "[]"},
       3,
       {"p"}},
      {"poisson",
       {"log_rate", "rate"},
       1,
       0,
       {"[1.0]", "[3.5]", "[1.0e-20]", "[0.0]", "[-1.0]"},
       3,
       {"rate"}},
      {"exponential",
       {"log_rate", "rate"},
       1,
       0,
       {"[1.0]", "[3.5]", "[1.0e+20]", "[0.0]", "[-1.0]"},
       3,
       {"rate"}},
      {"categorical",
       {"logits", "probabilities"},
       1,
       1,
       {"[1.0]", "[1.0e-3]", "[0.0]", "[0.5, 0.5]", "[0.2, 0.3, 0.5]",
        "[-1.0]"},
       2,
       {"logits"}},
      {"centered_gaussian",
       {"covariance", "cholesky"},
       1,
       2,
       {"[1.0]", "[0.25]", "[0.0]", "[1.0, 0.0, 0.0, 1.0]",
        "[1.0, 2.0, 3.0, 4.0]", "[-1.0]"},
       2,
       {"cov"}},
  };
  return families;
}

namespace {

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

} // namespace

void Generator::addOperation() {
  Belief belief = pickBelief();
  std::string type = belief.type(), component = belief.component();
  unsigned count = belief.family->components;
  auto b = [&] { return findBelief(belief); };
  auto number = [&] { return find(belief.compute()); };
  std::string name = newName();
  std::string attributes =
      isWrong() ? " {fisher.odd = 1 : i32, test.mark}" : "";
  std::string a, c, t, v, w;
  std::string distance = belief.batch();
  if (isWrong())
    distance = component;
  switch (source.pick(wishes.isPlain ? 16 : 20)) {
  case 0:
    a = b(), c = b();
    os << "  " << name << " = fisher.squared_distance " << a << ", " << c
       << attributes << " : " << type << " -> " << distance << "\n";
    define(name, distance);
    return;
  case 1: {
    a = b(), c = b();
    os << "  " << results(name, 1 + count)
       << " = fisher.squared_distance_with_gradient " << a << ", " << c
       << attributes << " : " << type << " -> " << distance;
    for (unsigned i = 0; i < count; ++i)
      os << ", " << component;
    os << "\n";
    define(name + "#0", distance);
    defineMany(name, count, component, 1);
    return;
  }
  case 2:
    a = b(), c = b();
    os << "  " << name << " = fisher.kl_divergence " << a << ", " << c
       << attributes << " : " << type << " -> " << distance << "\n";
    define(name, distance);
    return;
  case 3:
    a = b(), c = b();
    os << "  " << results(name, 1 + 2 * count)
       << " = fisher.kl_divergence_with_gradients " << a << ", " << c
       << attributes << " : " << type << "\n";
    define(name + "#0", belief.batch());
    defineMany(name, 2 * count, component, 1);
    return;
  case 4:
    a = b(), c = b(), t = number();
    os << "  " << name << " = fisher.penalty " << a << " toward " << c
       << " weight " << t << attributes << " : " << type << " -> "
       << belief.total() << "\n";
    define(name, belief.total());
    return;
  case 5:
    a = b(), c = b(), t = number();
    os << "  " << results(name, 1 + count) << " = fisher.penalty_with_gradient "
       << a << " toward " << c << " weight " << t << attributes << " : " << type
       << " -> " << belief.total();
    for (unsigned i = 0; i < count; ++i)
      os << ", " << component;
    os << "\n";
    define(name + "#0", belief.total());
    defineMany(name, count, component, 1);
    return;
  case 6:
    a = b(), c = b(), t = number();
    os << "  " << name << " = fisher.geodesic " << a << ", " << c << " at " << t
       << attributes << " : " << type << "\n";
    define(name, type);
    return;
  case 7:
    a = b(), c = b(), t = number(), v = findMany(belief);
    os << "  " << results(name, 1 + 2 * count) << " = fisher.geodesic_pullback "
       << a << ", " << c << " at " << t << " along " << v << attributes << " : "
       << type << "\n";
    defineMany(name, 2 * count, component);
    define(name + "#" + std::to_string(2 * count), belief.batch());
    return;
  case 8:
    a = b(), c = b(), t = number();
    os << "  " << name << " = fisher.proximal_step " << a << " toward " << c
       << " strength " << t << attributes << " : " << type << "\n";
    define(name, type);
    return;
  case 9:
    a = b(), c = b();
    os << "  " << results(name, count) << " = fisher.log " << a << ", " << c
       << attributes << " : " << type << "\n";
    count == 1 ? define(name, component) : defineMany(name, count, component);
    return;
  case 10:
    a = b(), v = findMany(belief);
    os << "  " << name << " = fisher.exp " << a << ", " << v << attributes
       << " : " << type << "\n";
    define(name, type);
    return;
  case 11:
  case 12:
    a = b(), v = findMany(belief);
    os << "  " << results(name, count) << " = fisher."
       << (source.once(2) ? "metric " : "natural_gradient ") << a << ", " << v
       << attributes << " : " << type << "\n";
    count == 1 ? define(name, component) : defineMany(name, count, component);
    return;
  case 13: {
    Belief to = belief;
    to.chart = source.pickOf(ArrayRef(belief.family->charts));
    to.element = wishes.isPlain ? belief.element : pickElement();
    if (isWrong())
      to = pickBelief();
    a = b();
    os << "  " << name << " = fisher.convert " << a << attributes << " : "
       << type << " to " << to.type() << "\n";
    define(name, to.type());
    return;
  }
  case 14:
    a = b();
    os << "  " << results(name, count) << " = fisher.components " << a
       << attributes << " : " << type << "\n";
    count == 1 ? define(name, component) : defineMany(name, count, component);
    return;
  case 15:
    a = b(), v = findMany(belief), w = findMany(belief);
    os << "  " << results(name, 2 * count)
       << " = fisher.natural_gradient_pullback " << a << ", " << v << " along "
       << w << attributes << " : " << type << "\n";
    defineMany(name, 2 * count, component);
    return;
  case 16: {
    // Arithmetic between operations on beliefs, which may be fused with them.
    a = find(component), c = find(component);
    os << "  " << name << " = "
       << source.pickOf({"arith.addf ", "arith.mulf ", "arith.subf ",
                         "arith.divf ", "arith.maximumf "})
       << a << ", " << c << " : " << component << "\n";
    define(name, component);
    return;
  }
  case 17: {
    a = find(component);
    os << "  " << name << " = "
       << source.pickOf({"math.exp ", "math.tanh ", "math.sqrt ", "arith.negf ",
                         "math.log1p "})
       << a << " : " << component << "\n";
    define(name, component);
    return;
  }
  case 18:
    if (!callees.empty()) {
      const auto &[callee, calleeType] = callees[source.pick(callees.size())];
      for (const Belief &known : beliefs)
        if (known.type() == calleeType)
          a = findBelief(known);
      if (a.empty())
        a = makeNew(calleeType);
      os << "  " << name << " = func.call @" << callee << "(" << a << ") : ("
         << calleeType << ") -> " << calleeType << "\n";
      define(name, calleeType);
      return;
    }
    [[fallthrough]];
  default:
    addControlFlow();
  }
}

void Generator::addControlFlow() {
  Belief belief = pickBelief();
  std::string type = belief.type();
  std::string a = findBelief(belief), c = findBelief(belief), name = newName();
  std::string t = find(belief.compute());
  switch (source.pick(3)) {
  case 0: {
    std::string condition = find("i1");
    os << "  " << name << " = arith.select " << condition << ", " << a << ", "
       << c << " : " << type << "\n";
    break;
  }
  case 1: {
    std::string condition = find("i1"), inner = newName();
    os << "  " << name << " = scf.if " << condition << " -> " << type
       << " {\n    " << inner << " = fisher.geodesic " << a << ", " << c
       << " at " << t << " : " << type << "\n    scf.yield " << inner << " : "
       << type << "\n  } else {\n    scf.yield " << c << " : " << type
       << "\n  }\n";
    break;
  }
  default: {
    std::string bound = newName(), zero = newName(), one = newName(),
                inner = newName();
    os << "  " << bound << " = arith.constant " << source.pick(4)
       << " : index\n  " << zero << " = arith.constant 0 : index\n  " << one
       << " = arith.constant 1 : index\n  " << name << " = scf.for %i"
       << name.substr(1) << " = " << zero << " to " << bound << " step " << one
       << " iter_args(%x" << name.substr(1) << " = " << a << ") -> " << type
       << " {\n    " << inner << " = fisher.proximal_step %x" << name.substr(1)
       << " toward " << c << " strength " << t << " : " << type
       << "\n    scf.yield " << inner << " : " << type << "\n  }\n";
  }
  }
  define(name, type);
}

std::string Generator::pickName() {
  return source.pickOf({"a.", "fc0.", "layer/1.", "", "\xc3\xbc.", "*", "a b.",
                        "\\22", "(x)", "fc0.b.", "{0}.", "%", "new\\0Aline.",
                        "..."});
}

std::string Generator::pickMark(bool ofArgument) {
  if (ofArgument)
    return source.pickOf(
        {"fisher.role = \"batch\"", "fisher.role = \"state\"",
         "fisher.name = \"x\"", "fisher.name = \"\"",
         "fisher.initialize = \"nothing\"", "fisher.role = 3 : i32",
         "fisher.distribution = \"normal\"", "fisher.unknown",
         "tf.aliasing_output = 0 : i32", "tf.aliasing_output = 7 : i32",
         "bufferization.writable = false"});
  return source.pickOf(
      {"fisher.role = \"loss\"", "fisher.role = \"penalty\"",
       "fisher.name = \"y\"", "fisher.updates = \"nothing\"",
       "fisher.gradient_of = \"x\"", "fisher.columns = [\"a\"]",
       "jax.result_info = \"result[0]['w']\"", "fisher.beliefs = []",
       "fisher.trace_of = \"x\"", "fisher.family = #fisher.gaussian<sigma>"});
}

std::string Generator::makeFunction(StringRef name) {
  body.clear();
  arguments.clear();
  values.clear();
  unsigned count = 1 + source.pick(wishes.isPlain ? 6 : 8);
  for (unsigned i = 0; i < count; ++i)
    addOperation();
  // What can be returned: tensors, and beliefs by their components in what is
  // to be run.
  bool returnsBeliefs = !wishes.isPlain && source.once(8);
  std::vector<Value> returned;
  // What was computed last depends on most.
  for (size_t i = values.size(); i-- > 0;) {
    Value value = values[i];
    if (returned.size() >= 8 || (!wishes.isPlain && source.once(3)))
      continue;
    if (StringRef(value.name).starts_with("%a"))
      continue;
    if (StringRef(value.type).starts_with("!") && !returnsBeliefs) {
      for (const Belief &belief : beliefs) {
        if (belief.type() != value.type)
          continue;
        std::string unpacked = newName();
        os << "  " << results(unpacked, belief.family->components)
           << " = fisher.components " << value.name << " : " << value.type
           << "\n";
        for (unsigned k = 0; k < belief.family->components; ++k)
          returned.push_back({belief.family->components == 1
                                  ? unpacked
                                  : unpacked + "#" + std::to_string(k),
                              belief.component()});
        break;
      }
    } else if (StringRef(value.type).starts_with("tensor") || returnsBeliefs ||
               !wishes.isPlain) {
      returned.push_back(value);
    }
  }
  std::string text;
  llvm::raw_string_ostream out(text);
  out << "func.func @" << name << "(";
  llvm::interleaveComma(arguments, out, [&](const Value &argument) {
    out << argument.name << ": " << argument.type;
    if (isWrong())
      out << " {" << pickMark(true) << "}";
  });
  out << ") -> (";
  llvm::interleaveComma(returned, out, [&](const Value &value) {
    out << value.type;
    if (isWrong())
      out << " {" << pickMark(false) << "}";
  });
  out << ") {\n" << body << "  return";
  if (!returned.empty()) {
    out << " ";
    llvm::interleaveComma(returned, out,
                          [&](const Value &value) { out << value.name; });
    out << " : ";
    llvm::interleaveComma(returned, out,
                          [&](const Value &value) { out << value.type; });
  }
  out << "\n}\n";
  return text;
}

//===----------------------------------------------------------------------===//
// Training steps
//===----------------------------------------------------------------------===//

std::string Generator::makeStep(StringRef name) {
  body.clear();
  arguments.clear();
  values.clear();
  struct Port {
    std::string value, type, marks;
  };
  std::vector<Port> inputs, outputs;
  std::string batch = "tensor<4xf32>";
  inputs.push_back(
      {"%x", batch, "fisher.name = \"x\", fisher.role = \"batch\""});
  unsigned count = 1 + source.pick(3);
  bool isTied = source.once(8), hasMarks = !source.once(8),
       isOpaque = source.once(3);
  // A learning rate that is an argument, or a number.
  std::string rate = "f32";
  unsigned optimizer = source.pick(5);
  std::vector<std::string> losses;
  for (unsigned i = 0; i < count; ++i) {
    Belief belief = pickBelief();
    std::string prefix = pickName() + (i ? std::to_string(i) + "." : "");
    parameters.emplace_back(prefix, belief);
    for (auto [k, part] : llvm::enumerate(belief.family->parts)) {
      std::string type = belief.component();
      if (isTied && k + 1 == belief.family->parts.size() &&
          belief.family->eventRank == 0)
        type = ("tensor<" + belief.element + ">").str();
      std::string full = prefix + part.str(),
                  p = "%p" + std::to_string(inputs.size());
      std::string marks =
          "fisher.name = \"" + full + "\", fisher.role = \"param\"";
      inputs.push_back({p, type, hasMarks ? marks : ""});
      std::string suffix = p.substr(2), g = "%g" + suffix;
      if (isOpaque) {
        os << "  " << g << " = \"any.body\"(" << p << ", %x) : (" << type
           << ", " << batch << ") -> " << type << "\n";
      } else {
        os << "  " << g << " = "
           << source.pickOf(
                  {"math.sin ", "math.exp ", "math.tanh ", "arith.negf "})
           << p << " : " << type << "\n";
      }
      std::string named = "\"" + full + "\"";
      bool isStatic = !StringRef(type).contains('?');
      if (optimizer == 0 || !isStatic) {
        outputs.push_back(
            {g, type, hasMarks ? "fisher.gradient_of = " + named : ""});
        if (source.once(3))
          outputs.push_back(
              {g, type, hasMarks ? "fisher.updates = " + named : ""});
        continue;
      }
      auto constant = [&](StringRef what, StringRef number) {
        os << "  %" << what << suffix << " = arith.constant dense<" << number
           << "> : " << type << "\n";
        return ("%" + what + suffix).str();
      };
      auto binary = [&](StringRef what, StringRef op, StringRef a,
                        StringRef c) {
        os << "  %" << what << suffix << " = arith." << op << " " << a << ", "
           << c << " : " << type << "\n";
        return ("%" + what + suffix).str();
      };
      std::string rate = constant("rate",
                                  source.pickOf({"0.125", "1.0e-3", "0.0"})),
                  direction = g;
      if (optimizer >= 2) {
        std::string m = "%m" + suffix;
        inputs.push_back(
            {m, type,
             "fisher.name = \"adam.m." + full + "\", fisher.role = \"state\""});
        std::string beta = constant("beta", "0.875"),
                    share = constant("share", optimizer == 2 ? "1.0" : "0.125");
        direction = binary("mn", "addf", binary("mb", "mulf", beta, m),
                           binary("mg", "mulf", share, g));
        outputs.push_back(
            {direction, type, "fisher.updates = \"adam.m." + full + "\""});
      }
      if (optimizer >= 3) {
        std::string v = "%w" + suffix;
        inputs.push_back(
            {v, type,
             "fisher.name = \"adam.v." + full + "\", fisher.role = \"state\""});
        std::string beta = constant("beta2", "0.875"),
                    share = constant("share2", "0.125"),
                    epsilon = constant("epsilon", "1.0e-8");
        std::string square = binary("gg", "mulf", g, g);
        std::string next = binary("vn", "addf", binary("vb", "mulf", beta, v),
                                  binary("vg", "mulf", share, square));
        outputs.push_back(
            {next, type, "fisher.updates = \"adam.v." + full + "\""});
        os << "  %root" << suffix << " = math.sqrt " << next << " : " << type
           << "\n";
        direction = binary("quotient", "divf", direction,
                           binary("below", "addf", "%root" + suffix, epsilon));
      }
      if (optimizer == 4)
        direction =
            binary("decayed", "addf", direction,
                   binary("decay", "mulf", constant("lambda", "0.01"), p));
      std::string change = binary("change", "mulf", rate, direction);
      outputs.push_back({binary("next", "subf", p, change), type,
                         hasMarks ? "fisher.updates = " + named : ""});
    }
  }
  std::string numbers = source.pickOf(
      {"tensor<f32>", "tensor<f64>", "f32", "tensor<1xf32>", "tensor<bf16>"});
  if (!source.once(6)) {
    os << "  %loss = \"any.loss\"(%x) : (" << batch << ") -> " << numbers
       << "\n";
    if (!isOpaque) {
      // Without operations of unknown dialects, so that it can be run.
      body.erase(body.rfind("  %loss"));
      numbers = source.pickOf({"tensor<f32>", "tensor<f64>", "tensor<bf16>"});
      os << "  %loss = arith.constant dense<1.5> : " << numbers << "\n";
    }
    outputs.push_back(
        {"%loss", numbers, hasMarks ? "fisher.role = \"loss\"" : ""});
  }
  if (source.once(3)) {
    inputs.push_back(
        {"%beta",
         source.pickOf({"tensor<f32>", "f32", "tensor<f64>", "tensor<4xf32>"}),
         "fisher.name = \"beta\", fisher.role = \"batch\""});
  }
  if (isWrong() && !outputs.empty())
    outputs.pop_back();
  if (isWrong())
    outputs.push_back(outputs.empty()
                          ? Port{"%x", batch, "fisher.role = \"loss\""}
                          : outputs.front());
  std::string text;
  llvm::raw_string_ostream out(text);
  out << "func.func @" << name << "(";
  llvm::interleaveComma(inputs, out, [&](const Port &port) {
    out << port.value << ": " << port.type;
    std::string marks = isWrong() ? pickMark(true) : port.marks;
    if (!marks.empty())
      out << " {" << marks << "}";
  });
  out << ") -> (";
  llvm::interleaveComma(outputs, out, [&](const Port &port) {
    out << port.type;
    std::string marks = isWrong() ? pickMark(false) : port.marks;
    if (!marks.empty())
      out << " {" << marks << "}";
  });
  out << ") {\n" << body << "  return";
  if (!outputs.empty()) {
    out << " ";
    llvm::interleaveComma(outputs, out,
                          [&](const Port &port) { out << port.value; });
    out << " : ";
    llvm::interleaveComma(outputs, out,
                          [&](const Port &port) { out << port.type; });
  }
  out << "\n}\n";
  return text;
}

std::string Generator::makeEntry() {
  std::string text = "  fisher.regularize ";
  llvm::raw_string_ostream out(text);
  Belief belief = pickBelief();
  std::string prefix = "*";
  if (!parameters.empty() && !isWrong())
    std::tie(prefix, belief) = parameters[source.pick(parameters.size())];
  const Family &family = *belief.family;
  if (isWrong() && source.once(2))
    belief.chart = source.pickOf(ArrayRef(family.charts));
  // A name in a glob stands for itself but for what has a meaning there.
  std::string escaped;
  for (char c : prefix)
    escaped += StringRef("*?()").contains(c) ? std::string("\\5C") + c
                                             : std::string(1, c);
  std::string pattern = source.pickOf({"", "(*).", "*", "?*"});
  if (pattern.empty())
    pattern = escaped;
  if (isWrong())
    pattern = source.pickOf(
        {"", "((", "\\5C", "**", "(*)(*)", "[a", "{1}", "a)", "?"});
  bool isMade = family.components == 2 && source.once(5);
  unsigned globs = family.components - (isMade ? 1 : 0) + (isWrong() ? 1 : 0);
  for (unsigned i = 0; i < globs; ++i)
    out << (i ? ", \"" : "\"") << pattern
        << family.parts[std::min<size_t>(i, family.parts.size() - 1)] << "\"";
  if (isMade && !isWrong())
    belief.chart = family.charts.front();
  out << " as "
      << (isWrong() ? source.pickOf({"#fisher.frozen", "3", "\"a\"", "unit"})
                    : belief.attribute().c_str());
  if (isMade) {
    if (source.once(2))
      out << " fixed " << belief.chart << " "
          << (isWrong() ? source.pickOf(
                              {"0.0", "-1.0", "0x7FF0000000000000", "1.0e+400"})
                        : "0.1");
    else
      out << " from adam(\"adam.v."
          << source.pickOf({"{0}", "fc0.", "", "{1}", "{", "{9999999999}"})
          << family.parts.front() << "\") count "
          << (isWrong() ? source.pickOf({"0", "-3", "9223372036854775807",
                                         "99999999999999999999"})
                        : "60000")
          << source.pickOf(
                 {"", " epsilon 1.0e-8", " epsilon 0.0", " epsilon 1.0e-300"});
  }
  out << " toward ";
  switch (source.pick(5)) {
  case 0:
    if (isMade && !isWrong())
      out << "#fisher.prior<[0.0]>";
    else
      out << "#fisher.prior<"
          << family.priors[source.pick(isWrong() ? family.priors.size()
                                                 : family.numGoodPriors)]
          << ">";
    break;
  case 1:
    out << "#fisher.frozen";
    break;
  case 2:
    out << "#fisher.previous";
    break;
  case 3:
    out << "#fisher.moving_average<"
        << (isWrong() ? source.pickOf(
                            {"1.0", "-0.5", "0x7FF8000000000000", "1.0e+300"})
                      : source.pickOf({"0.99", "0.0"}))
        << ">";
    break;
  default:
    out << "#fisher.argument<";
    for (unsigned i = 0; i < family.components; ++i)
      out << (i ? ", \"" : "\"")
          << source.pickOf(
                 {"{0}.", "", "fc0.", "{1}", "x", "{0", "{99999999999}"})
          << family.parts[i] << "\"";
    out << ">";
  }
  out << " weight "
      << (isWrong() ? source.pickOf({"-1.0", "1.0e+400", "\"\"", "\"nothing\"",
                                     "0x7FF8000000000000"})
                    : source.pickOf({"1.0e-3", "0.0", "\"beta\"", "1.0"}));
  if (source.once(3))
    out << " step_size "
        << (isWrong() ? source.pickOf({"-1.0", "\"nothing\"", "1.0e+400"})
                      : source.pickOf({"0.05", "\"beta\"", "0.0"}));
  out << " mode "
      << (isWrong()
              ? "sideways"
              : source.pickOf({"coupled", "loss_only", "proximal", "natural"}))
      << "\n";
  return text;
}

std::string Generator::makePolicy() {
  std::string text =
      (Twine("fisher.policy @") +
       source.pickOf({"p", "default", "q1", "\"odd name\""}) +
       source.pickOf({"", "", "", " attributes {test.mark}"}) + " {\n")
          .str();
  unsigned count = source.pick(4);
  for (unsigned i = 0; i < count + 1; ++i)
    text += makeEntry();
  if (isWrong())
    text += source.pickOf({"  func.func private @f()\n",
                           "  fisher.policy @q {\n  }\n",
                           "  %c = arith.constant 1.0 : f32\n"});
  return text + "}\n";
}

std::string Generator::makeModule() {
  if (wishes.isPlain)
    return makeFunction("main");
  std::string text;
  if (source.once(3)) {
    unsigned count = source.pick(3);
    for (unsigned i = 0; i < count; ++i) {
      Belief belief = pickBelief();
      std::string name = "f" + std::to_string(i), type = belief.type();
      if (source.once(3))
        text +=
            "func.func private @" + name + "(" + type + ") -> " + type + "\n";
      else
        text += "func.func private @" + name + "(%a: " + type + ") -> " + type +
                " {\n  return %a : " + type + "\n}\n";
      callees.emplace_back(name, type);
    }
  }
  bool isStep = source.once(2);
  text +=
      isStep
          ? makeStep("main")
          : makeFunction(source.pickOf({"main", "f9", "\"odd name\"", "main"}));
  if (source.once(8))
    text += makeFunction("other");
  if (isStep || source.once(8))
    text += makePolicy();
  if (isWrong())
    text += makePolicy();
  if (isWrong())
    text = "module @m attributes {fisher.regularized = []} {\n" + text + "}\n";
  return text;
}

std::string mlir::fisher::fuzz::generateModule(ByteSource &source,
                                               ModuleWishes wishes) {
  return Generator(source, wishes).makeModule();
}

std::string mlir::fisher::fuzz::generatePolicy(ByteSource &source) {
  return Generator(source, {}).makePolicy();
}
