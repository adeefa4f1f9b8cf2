//===- ContractionPacking.cpp - Panels of a matrix product ----------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ContractionEmitter.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::fisher;

/// A loop over what is packed of a panel, given its index there and how much
/// there is of the run from it on. Runs follow each other: what a vector has
/// beyond one is overwritten by the next.
void ContractionEmitter::loopDepth(int64_t step,
                                   function_ref<void(Value, Value)> body) {
  nest(innerDepth, [&] {
    AffineExpr runs = b.getAffineConstantExpr(0);
    SmallVector<Value> operands;
    for (unsigned dim : innerDepth) {
      runs = runs * getStaticSize(dim) + d(operands.size());
      operands.push_back(position[dim]);
    }
    loop(depthCount, step, [&](Value depth) {
      position[k] = add(depthStart, depth);
      operands.push_back(depth);
      Value packed =
          innerDepth.empty()
              ? depth
              : apply(runs * getStaticSize(k) + d(operands.size() - 1),
                      operands);
      body(packed, sub(depthCount, depth));
    });
  });
}

/// Rows beyond the last repeat it; they are computed and not stored.
void ContractionEmitter::packLeft() {
  Value panels = ceilDiv(rowCount, tiling.rows);
  if (!leftByRows) {
    // Along the operand's rows, for all panels.
    loopDepth(1, [&](Value depth, Value) {
      loop(panels, 1, [&](Value panel) {
        Value first = apply(d(0) + d(1) * tiling.rows, {rowStart, panel});
        Value remaining = sub(rowSize, first);
        // What a vector has beyond the panel's rows is overwritten by the next
        // column, or is in the padding.
        for (int64_t lane = 0; lane < tiling.rows; lane += tiling.lanes) {
          setRow(add(first, lane));
          storeVector(loadVector(left, getMask(remaining, lane)), leftPanels,
                      apply(d(0) * tiling.getLeftPanelSize() +
                                d(1) * tiling.rows + lane,
                            {panel, depth}),
                      /*mask=*/{});
        }
      });
    });
    return;
  }
  Value last = add(rowSize, -1);
  bool contiguous = left.isContiguous(k);
  loop(panels, 1, [&](Value panel) {
    loop(constant(tiling.rows), 1, [&](Value row) {
      Value start = apply(
          d(0) * tiling.getLeftPanelSize() + d(1) * tiling.depth, {panel, row});
      setRow(
          min(apply(d(0) + d(1) * tiling.rows + d(2), {rowStart, panel, row}),
              last));
      loopDepth(
          contiguous ? tiling.lanes : 1, [&](Value depth, Value remaining) {
            Value index = add(start, depth);
            if (contiguous)
              storeVector(loadVector(left, getMask(remaining, 0)), leftPanels,
                          index, /*mask=*/{});
            else
              memref::StoreOp::create(b, loadScalar(left), leftPanels, index);
          });
    });
  });
}

void ContractionEmitter::packRight() {
  Value panels = ceilDiv(columnCount, tiling.getColumns());
  if (right.isContiguous(n)) {
    loopDepth(1, [&](Value depth, Value) {
      loop(panels, 1, [&](Value panel) {
        Value first =
            apply(d(0) + d(1) * tiling.getColumns(), {columnStart, panel});
        Value remaining = sub(getSize(n), first);
        for (int64_t vector = 0; vector != tiling.vectors; ++vector) {
          int64_t lane = vector * tiling.lanes;
          position[n] = add(first, lane);
          storeVector(loadVector(right, getMask(remaining, lane)), rightPanels,
                      apply(d(0) * (tiling.getColumns() * tiling.depth) +
                                d(1) * tiling.getColumns() + lane,
                            {panel, depth}),
                      /*mask=*/{});
        }
      });
    });
    return;
  }
  loop(panels, 1, [&](Value panel) {
    Value base = apply(d(0) * (tiling.getColumns() * tiling.depth), {panel});
    Value first =
        apply(d(0) + d(1) * tiling.getColumns(), {columnStart, panel});
    if (right.isContiguous(k)) {
      loop(constant(tiling.vectors), 1, [&](Value vector) {
        packTransposed(apply(d(0) + d(1) * tiling.lanes, {base, vector}),
                       apply(d(0) + d(1) * tiling.lanes, {first, vector}));
      });
      return;
    }
    Value last = add(getSize(n), -1);
    loopDepth(1, [&](Value depth, Value) {
      loop(constant(tiling.getColumns()), 1, [&](Value column) {
        position[n] = min(add(first, column), last);
        memref::StoreOp::create(b, loadScalar(right), rightPanels,
                                apply(d(0) + d(1) * tiling.getColumns() + d(2),
                                      {base, depth, column}));
      });
    });
  });
}

/// Packs a vector of columns whose elements are contiguous. Columns beyond the
/// last repeat it, as rows do.
void ContractionEmitter::packTransposed(Value base, Value column) {
  int64_t lanes = tiling.lanes;
  Value last = add(getSize(n), -1);
  SmallVector<Value> columns;
  for (int64_t lane = 0; lane != lanes; ++lane)
    columns.push_back(min(add(column, lane), last));
  loopDepth(lanes, [&](Value depth, Value remaining) {
    Value mask = getMask(remaining, 0);
    SmallVector<Value> vectors;
    for (Value column : columns) {
      position[n] = column;
      vectors.push_back(loadVector(right, mask));
    }
    // Each round merges vector i with vector i + lanes / 2, element by element:
    // it rotates the bits of (vector, lane) by one.
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane != lanes / 2; ++lane) {
      low.append({lane, lane + lanes});
      high.append({lane + lanes / 2, lane + lanes / 2 + lanes});
    }
    for (int64_t round = 1; round < lanes; round *= 2) {
      SmallVector<Value> merged;
      for (int64_t i = 0; i != lanes / 2; ++i)
        for (ArrayRef<int64_t> order : {low, high})
          merged.push_back(vector::ShuffleOp::create(
              b, vectors[i], vectors[i + lanes / 2], order));
      vectors = std::move(merged);
    }
    for (auto [row, vector] : llvm::enumerate(vectors))
      storeVector(
          vector, rightPanels,
          apply(d(0) + (d(1) + row) * tiling.getColumns(), {base, depth}),
          /*mask=*/{});
  });
}
