//===- DecimalText.h - Numbers as text in every locale ----------*- C++ -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What C's printf and strtod make of a number depends on the locale of the
// process, which is that of the program that loads this code, such as Python.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_MATH_DECIMALTEXT_H
#define FISHER_MATH_DECIMALTEXT_H

#include <array>
#include <charconv>
#include <string>
#include <string_view>

namespace mlir::fisher {

/// The number with so many significant digits, as "%.*g" has it with a decimal
/// point.
inline std::string
toDecimal(double number, int digits = 6,
          std::chars_format format = std::chars_format::general) {
  std::array<char, 64> text;
  std::to_chars_result result =
      std::to_chars(text.begin(), text.end(), number, format, digits);
  return std::string(text.begin(), result.ptr);
}

/// The number that such a text stands for.
inline double fromDecimal(std::string_view text) {
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

} // namespace mlir::fisher

#endif // FISHER_MATH_DECIMALTEXT_H
