//===- Dataset.cpp - Rows of named arrays ---------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Dataset.h"

#include "mlir/IR/Diagnostics.h"

#include <cstring>

using namespace mlir;
using namespace mlir::fisher;

llvm::Expected<RowRange> RowRange::parse(StringRef text) {
  auto [first, second] = text.split(':');
  RowRange range;
  auto parseBound = [](StringRef bound, std::optional<int64_t> &value) {
    int64_t number;
    if (bound.empty())
      return true;
    if (bound.getAsInteger(10, number))
      return false;
    value = number;
    return true;
  };
  if (!text.contains(':') || !parseBound(first, range.begin) ||
      !parseBound(second, range.end))
    return llvm::createStringError(
        "'" + text +
        "' is no range of rows; give first:end, such as 0:1437 or -360:");
  return range;
}

SmallVector<int64_t> RowRange::resolve(int64_t numRows) const {
  auto clamp = [&](int64_t row) {
    return std::clamp<int64_t>(row < 0 ? row + numRows : row, 0, numRows);
  };
  int64_t first = clamp(begin.value_or(0));
  int64_t last = clamp(end.value_or(numRows));
  return llvm::to_vector(llvm::seq<int64_t>(first, std::max(first, last)));
}

llvm::Expected<Dataset> Dataset::open(StringRef path) {
  llvm::Expected<NpzReader> reader = NpzReader::open(path);
  if (!reader)
    return reader.takeError();
  return Dataset(std::move(*reader));
}

llvm::Expected<const Array *> Dataset::load(StringRef name) {
  if (auto it = arrays.find(name); it != arrays.end())
    return &it->second;
  llvm::Expected<Array> array = reader.read(name);
  if (!array)
    return array.takeError();
  auto refuse = [&](const Twine &reason) {
    return llvm::createStringError(reader.getPath() + ": array '" + name +
                                   "' is " + array->describe() + reason);
  };
  if (array->getRank() == 0)
    return refuse(", but needs a first dimension of rows");
  int64_t rows = array->getShape().front();
  if (numRows && *numRows != rows)
    return refuse(", but the other arrays have " + Twine(*numRows) + " rows");
  numRows = rows;
  return &(arrays[name] = *array);
}

LogicalResult Dataset::load(const Port &argument) {
  if (argument.isScalar())
    return emitError(argument.loc)
           << argument.describe() << " of type " << argument.type
           << " has role batch, but no dimension of rows";
  llvm::Expected<const Array *> array = load(argument.name);
  if (!array)
    return emitError(argument.loc)
           << "no data for " << argument.describe() << " of type "
           << argument.type << ": " << llvm::toString(array.takeError());
  auto tensor = cast<RankedTensorType>(argument.type);
  SmallVector<int64_t> shape(tensor.getShape());
  shape.front() = ShapedType::kDynamic;
  Port rows = argument;
  rows.type = tensor.clone(shape);
  return checkArgument(rows, **array,
                       "array '" + argument.name + "' in " + getPath());
}

void Dataset::gather(StringRef name, ArrayRef<int64_t> rows,
                     Array &batch) const {
  const Array &source = get(name);
  assert(batch.getShape().front() == static_cast<int64_t>(rows.size()));
  size_t rowSize = source.getByteSize() / *numRows;
  for (auto [index, row] : llvm::enumerate(rows))
    std::memcpy(batch.getData() + index * rowSize,
                source.getData() + row * rowSize, rowSize);
}
