//===- GenerateOperations.cpp - Functions on beliefs ----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Generator.h"

using namespace mlir::fisher::fuzz;

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
