//===- VonMisesGeodesic.h - Geodesics of von Mises beliefs ----------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// On the surface of VonMisesSurface.h, a geodesic has an invariant c (Clairaut)
// and shares it with a straight line of the hyperbolic plane between the same
// radii, a chord that opens by another angle alpha: along it, the geodesic's
// angle and length differ from the chord's by integrals of the stretch only.
// So distances, directions and points come from one equation,
//
//   F(alpha) = alpha + r1 r2 sin(alpha) S1(alpha) - |mu2 - mu1| = 0,
//
// which is solved by a fixed number of steps.
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_LIB_FAMILIES_VONMISESGEODESIC_H
#define FISHER_LIB_FAMILIES_VONMISESGEODESIC_H

#include "VonMisesSurface.h"

namespace mlir::fisher::von_mises {

/// The angle from one direction to another.
struct Turn {
  /// Minus one where the shorter way is clockwise.
  Scalar sign;
  /// Whether it is more than a quarter of a turn; minus one if so, else one.
  Condition isWide;
  Scalar wideSign;
  /// Its size, or where wide what it lacks of half a turn: at most pi/2.
  Scalar angle;
};

/// Two beliefs, and what the geometry needs of them.
struct Pair {
  Polar first, second;
  Turn turn;
  /// sinh(rho2 - rho1) and tanh rho2 - tanh rho1, precise relative to
  /// themselves, and the product of the latter two.
  Scalar sinhDifference, tanhDifference, tanhProduct;
};

/// The turn between two directions, angles of any size.
Turn turnBetween(Scalar from, Scalar to);

/// The square of the sine of half the turn.
Scalar squaredSineOfHalf(const Turn &turn);

/// Relates two beliefs; `difference` is kappa2 - kappa1 without cancellation.
Pair relate(Scalar mu1, Scalar kappa1, Scalar mu2, Scalar kappa2,
            Scalar difference);

/// The straight line between the ends' radii that opens by the angle alpha.
/// Where the turn is wide, alpha is given by what it lacks of half a turn.
struct Chord {
  Scalar v1, v2;
  /// sin(alpha/2) and sin(alpha).
  Scalar sinHalf, sin;
  /// sin(alpha) over the angle that is given, and cos(alpha).
  Scalar sinQuotient, cos;
  /// The square of its length in the Klein disc.
  Scalar squaredLength;

  /// v at a fraction of it; `rest` is one less the fraction.
  Scalar v(Scalar fraction, Scalar rest) const {
    return (rest * v1 + fraction * v2) + fraction * rest * squaredLength;
  }
};

/// The hyperbolic triangle of the ends and the uniform belief.
struct Triangle {
  /// The length of the side between the ends, and its hyperbolic sine.
  Scalar distance, sinh;
  /// Of the angle at the first end between the outward radius and that side.
  Scalar cosPsi, sinPsi;
  /// Clairaut's invariant, x1 sin psi1.
  Scalar clairaut;
};

/// The geodesic between two beliefs.
struct Geodesic {
  Chord chord;
  Triangle triangle;
  Scalar length;
};

/// Solves Clairaut's equation.
Geodesic connect(const Pair &pair);

/// A belief as it is seen from another: the size of the turn to it, and its
/// concentration.
struct Place {
  Scalar turn, kappa;
};

/// The belief on a geodesic at a fraction of its length, best at most 1/2.
Place placeAt(const Pair &pair, const Geodesic &geodesic, Scalar fraction);

/// An angle to the outward radius.
struct Heading {
  Scalar cos, sin;
};

/// How the belief on a geodesic at a fraction of its length moves if the ends
/// do. Along the geodesic the fractions of the ways of both add up; across it,
/// these parts do.
struct Variation {
  Place place;
  Scalar fromFirst, fromSecond;
  /// Of the geodesic at its first end, at its second, and at the place.
  Heading first, second, between;
};

/// Of the place that `placeAt` finds.
Variation varyAt(const Pair &pair, const Geodesic &geodesic, Scalar fraction);

/// Where the geodesic with this tangent vector at `first` is at time one; its
/// components are lengths of the hyperbolic plane, `across` not negative.
Place placeAlong(const Polar &first, Scalar outward, Scalar across);

} // namespace mlir::fisher::von_mises

#endif // FISHER_LIB_FAMILIES_VONMISESGEODESIC_H
