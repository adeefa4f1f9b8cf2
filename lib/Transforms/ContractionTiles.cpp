//===- ContractionTiles.cpp - Tiles of a matrix product in registers ------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ContractionEmitter.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::fisher;

void ContractionEmitter::emitTiles() {
  loop(ceilDiv(columnCount, tiling.getColumns()), 1, [&](Value panel) {
    loop(ceilDiv(rowCount, tiling.rows), 1, [&](Value rowPanel) {
      emitResult(emitProducts(panel, rowPanel), panel, rowPanel);
    });
  });
}

/// The products of a tile's rows and columns, a vector for each row.
SmallVector<Value> ContractionEmitter::emitDots(Value panel, Value rowPanel) {
  Value lastRow = add(rowSize, -1), lastColumn = add(getSize(n), -1);
  SmallVector<Value> rows, columns;
  for (int64_t row = 0; row != tiling.rows; ++row)
    rows.push_back(min(
        apply(d(0) + d(1) * tiling.rows + row, {rowStart, rowPanel}), lastRow));
  for (int64_t column = 0; column != tiling.lanes; ++column)
    columns.push_back(
        min(apply(d(0) + d(1) * tiling.lanes + column, {columnStart, panel}),
            lastColumn));
  SmallVector<SmallVector<Value>> sums(tiling.rows);
  for (int64_t first = 0; first != tiling.lanes;
       first += tiling.columnsAtOnce) {
    SmallVector<Value> some = sumAlongDepth(
        rows, ArrayRef(columns).slice(first, tiling.columnsAtOnce));
    for (int64_t row = 0; row != tiling.rows; ++row)
      llvm::append_range(sums[row],
                         ArrayRef(some).slice(row * tiling.columnsAtOnce,
                                              tiling.columnsAtOnce));
  }
  return llvm::map_to_vector(sums, [&](ArrayRef<Value> row) {
    return addLanes(llvm::to_vector(row));
  });
}

/// For each row and column, a vector of sums along the depth.
SmallVector<Value> ContractionEmitter::sumAlongDepth(ArrayRef<Value> rows,
                                                     ArrayRef<Value> columns) {
  auto accumulate = [&](Value depth, Value mask, ValueRange sums) {
    position[k] = add(depthStart, depth);
    SmallVector<Value> vectors, results;
    for (Value column : columns) {
      position[n] = column;
      vectors.push_back(loadVector(right, mask));
    }
    for (Value row : rows) {
      setRow(row);
      Value factor = loadVector(left, mask);
      for (Value vector : vectors)
        results.push_back(
            vector::FMAOp::create(b, factor, vector, sums[results.size()]));
    }
    return results;
  };
  SmallVector<Value> zeros(rows.size() * columns.size(),
                           getZero(getVectorType(sumType)));
  Value whole = apply(d(0).floorDiv(tiling.lanes) * tiling.lanes, {depthCount});
  auto loop =
      scf::ForOp::create(b, constant(0), whole, constant(tiling.lanes), zeros);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    scf::YieldOp::create(b, accumulate(loop.getInductionVar(), /*mask=*/{},
                                       loop.getRegionIterArgs()));
  }
  int64_t size = getStaticSize(k);
  if (!ShapedType::isDynamic(size) && size % tiling.lanes == 0)
    return SmallVector<Value>(loop.getResults());
  return accumulate(whole, getMask(sub(depthCount, whole), 0),
                    loop.getResults());
}

/// The vector of the sums of each vector's lanes: in each round, neighbours of
/// two vectors are added and make up one.
Value ContractionEmitter::addLanes(SmallVector<Value> sums) {
  SmallVector<int64_t> even, odd;
  for (int64_t lane = 0; lane != tiling.lanes; ++lane) {
    even.push_back(2 * lane);
    odd.push_back(2 * lane + 1);
  }
  while (sums.size() != 1) {
    SmallVector<Value> added;
    for (size_t i = 0; i != sums.size(); i += 2)
      added.push_back(arith::AddFOp::create(
          b, vector::ShuffleOp::create(b, sums[i], sums[i + 1], even),
          vector::ShuffleOp::create(b, sums[i], sums[i + 1], odd)));
    sums = std::move(added);
  }
  return sums.front();
}

SmallVector<Value> ContractionEmitter::emitProducts(Value panel,
                                                    Value rowPanel) {
  if (isAlongDepth)
    return emitDots(panel, rowPanel);
  VectorType type = getVectorType(sumType);
  Value rightBase = apply(d(0) * (tiling.getColumns() * tiling.depth), {panel});
  Value leftBase = apply(d(0) * tiling.getLeftPanelSize(), {rowPanel});

  // Operands that are not packed: rows beyond the last repeat it, columns
  // beyond are masked.
  SmallVector<Value> rows, columns, masks(tiling.vectors);
  if (!packsLeft) {
    Value last = add(rowSize, -1);
    for (int64_t row = 0; row != tiling.rows; ++row)
      rows.push_back(min(
          apply(d(0) + d(1) * tiling.rows + row, {rowStart, rowPanel}), last));
  }
  if (!packsRight) {
    int64_t size = getStaticSize(n);
    bool whole =
        !ShapedType::isDynamic(size) && size % tiling.getColumns() == 0;
    for (int64_t vector = 0; vector != tiling.vectors; ++vector) {
      columns.push_back(
          apply(d(0) + d(1) * tiling.getColumns() + vector * tiling.lanes,
                {columnStart, panel}));
      if (!whole)
        masks[vector] = getMask(sub(getSize(n), columns.back()), 0);
    }
  }

  SmallVector<Value> zeros(tiling.rows * tiling.vectors, getZero(type));
  auto loop =
      scf::ForOp::create(b, constant(0), panelDepth, constant(1), zeros);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value depth = loop.getInductionVar();
  position[k] = add(depthStart, depth);
  SmallVector<Value> vectors;
  for (int64_t vector = 0; vector != tiling.vectors; ++vector) {
    if (packsRight) {
      vectors.push_back(vector::LoadOp::create(
          b, type, rightPanels,
          ValueRange{
              apply(d(0) + d(1) * tiling.getColumns() + vector * tiling.lanes,
                    {rightBase, depth})}));
      continue;
    }
    position[n] = columns[vector];
    vectors.push_back(loadVector(right, masks[vector]));
  }
  SmallVector<Value> results;
  for (int64_t row = 0; row != tiling.rows; ++row) {
    Value scalar;
    if (packsLeft) {
      AffineExpr offset =
          leftByRows ? d(1) + row * tiling.depth : d(1) * tiling.rows + row;
      scalar = memref::LoadOp::create(b, leftPanels,
                                      apply(d(0) + offset, {leftBase, depth}));
    } else {
      setRow(rows[row]);
      scalar = loadScalar(left);
    }
    Value broadcast = vector::BroadcastOp::create(b, type, scalar);
    for (Value vector : vectors)
      results.push_back(vector::FMAOp::create(
          b, broadcast, vector, loop.getRegionIterArg(results.size())));
  }
  scf::YieldOp::create(b, results);
  return SmallVector<Value>(loop.getResults());
}

/// Adds the sums of a tile to the result.
void ContractionEmitter::emitResult(ValueRange sums, Value panel,
                                    Value rowPanel) {
  Value row = apply(d(0) * tiling.rows, {rowPanel});
  Value column = apply(d(0) * tiling.getColumns(), {panel});
  auto updateRows = [&](bool whole) {
    Value remaining = whole ? Value() : sub(columnCount, column);
    for (int64_t i = 0; i != tiling.rows; ++i) {
      Value current = add(row, i);
      auto update = [&] {
        setRow(add(rowStart, current));
        ValueRange rowSums = sums.slice(i * tiling.vectors, tiling.vectors);
        if (this->sums)
          setRow(current);
        updateRow(rowSums, column, remaining);
      };
      if (whole) {
        update();
        continue;
      }
      Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::ult,
                                           current, rowCount);
      auto branch = scf::IfOp::create(b, inside, /*withElseRegion=*/false);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(branch.thenBlock());
      update();
    }
  };
  // The buffer of sums has room for whole tiles.
  auto divides = [&](int64_t size, int64_t unit) {
    return !ShapedType::isDynamic(size) && size % unit == 0;
  };
  if (this->sums || (divides(m ? getStaticSize(m) : 1, tiling.rows) &&
                     divides(getStaticSize(n), tiling.getColumns())))
    return updateRows(/*whole=*/true);

  Value wholeRows = arith::CmpIOp::create(b, arith::CmpIPredicate::ule,
                                          add(row, tiling.rows), rowCount);
  Value wholeColumns =
      arith::CmpIOp::create(b, arith::CmpIPredicate::ule,
                            add(column, tiling.getColumns()), columnCount);
  auto branch =
      scf::IfOp::create(b, arith::AndIOp::create(b, wholeRows, wholeColumns),
                        /*withElseRegion=*/true);
  for (bool whole : {true, false}) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(whole ? branch.thenBlock() : branch.elseBlock());
    updateRows(whole);
  }
}

/// Adds a row of sums to the result, or to the buffer of sums, from the
/// block's column on. Only `remaining` elements are stored if it is given.
void ContractionEmitter::updateRow(ValueRange sums, Value column,
                                   Value remaining) {
  for (auto [vector, sum] : llvm::enumerate(sums)) {
    int64_t lane = vector * tiling.lanes;
    Value mask = remaining ? getMask(remaining, lane) : Value();
    Value buffer = out.buffer;
    SmallVector<Value> indices;
    if (this->sums) {
      buffer = this->sums;
      Value row = m ? position[*m] : constant(0);
      indices = {
          apply(d(0) * tiling.blockColumns + d(1) + lane, {row, column})};
    } else {
      position[n] = apply(d(0) + d(1) + lane, {columnStart, column});
      indices = getIndices(out);
    }
    Value result = sum;
    if (!startsFromZero) {
      VectorType type = getVectorType(sumType);
      Value old =
          mask ? vector::MaskedLoadOp::create(b, type, buffer, indices, mask,
                                              getZero(type))
                     .getResult()
               : vector::LoadOp::create(b, type, buffer, indices).getResult();
      result = arith::AddFOp::create(b, old, sum);
    }
    storeVector(result, buffer, indices, mask);
  }
}
