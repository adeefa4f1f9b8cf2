//===- GenerateSteps.cpp - Training steps and policies --------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Generator.h"

using namespace mlir::fisher::fuzz;

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
