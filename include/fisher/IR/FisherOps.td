//===- FisherOps.td - Operations on beliefs ----------------*- tablegen -*-===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef FISHER_IR_FISHEROPS_TD
#define FISHER_IR_FISHEROPS_TD

include "fisher/IR/FisherDialect.td"
include "fisher/IR/FisherTypes.td"
include "fisher/IR/PolicyOps.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

/// Every operation on beliefs is a pure function of them.
class Fisher_Op<string mnemonic, list<Trait> traits = []>
    : Op<Fisher_Dialect, mnemonic, !listconcat([Pure], traits)>;

/// The named operand or result has a type that the belief `belief` fixes.
class FixedByBelief<string belief, string name, string method, string what>
    : TypesMatchWith<"'" # name # "' must be " # what # " of '" # belief # "'",
                     belief, name,
                     "::llvm::cast<BeliefType>($_self)." # method # "()">;

/// The named operands or results are one for each stored component.
class OnePerComponent<string belief, string names>
    : RangedTypesMatchWith<
        "'" # names # "' must be one for each component of '" # belief #
        "', of the component type", belief, names,
        "::llvm::cast<BeliefType>($_self).getComponentTypes()">;

//===----------------------------------------------------------------------===//
// Packing, unpacking and changing the chart
//===----------------------------------------------------------------------===//

def Fisher_BeliefOp : Fisher_Op<"belief", [OnePerComponent<"belief", "components">]> {
  let summary = "pack stored components into beliefs";
  let description = [{
    Gives the components their meaning. Constant components outside their
    domain (sigma <= 0) are an error where beliefs are lowered (not before, since
    folding makes constants of values); components that leave it at run time give
    NaN.

    ```mlir
    func.func @example(%mu: tensor<4xf32>, %rho: tensor<4xf32>)
        -> !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>> {
      %b = fisher.belief %mu, %rho : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
      return %b : !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
    }
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$components);
  let results = (outs Fisher_BeliefType:$belief);
  let assemblyFormat = "$components attr-dict `:` qualified(type($belief))";
  let hasFolder = 1;
}

def Fisher_ComponentsOp
    : Fisher_Op<"components", [DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "unpack beliefs into their stored components";
  let description = [{
    The inverse of `fisher.belief`.

    ```mlir
    !b = !fisher.belief<#fisher.gaussian<log_sigma>, tensor<4xf32>>
    func.func @example(%b: !b) -> (tensor<4xf32>, tensor<4xf32>) {
      %mu, %rho = fisher.components %b : !b
      return %mu, %rho : tensor<4xf32>, tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Fisher_BeliefType:$belief);
  let results = (outs Variadic<AnyRankedTensor>:$components);
  let assemblyFormat = "$belief attr-dict `:` qualified(type($belief))";
  let hasFolder = 1;
}

def Fisher_ConvertOp : Fisher_Op<"convert"> {
  let summary = "the same beliefs in another chart or element type";
  let description = [{
    The result's family must be the operand's, its chart and element type may
    differ.

    ```mlir
    !b = !fisher.belief<#fisher.gaussian<softplus>, tensor<4xf32>>
    !c = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf64>>
    func.func @example(%b: !b) -> !c {
      %c = fisher.convert %b : !b to !c
      return %c : !c
    }
    ```
  }];
  let arguments = (ins Fisher_BeliefType:$belief);
  let results = (outs Fisher_BeliefType:$result);
  let assemblyFormat = "$belief attr-dict `:` qualified(type($belief)) `to` qualified(type($result))";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

//===----------------------------------------------------------------------===//
// Distances
//===----------------------------------------------------------------------===//

def Fisher_SquaredDistanceOp
    : Fisher_Op<"squared_distance", [
        AllTypesMatch<["a", "b"]>,
        FixedByBelief<"a", "distance", "getBatchType",
                      "a tensor of the compute type with one element for each distribution">]> {
  let summary = "squared Fisher-Rao distance of each pair of beliefs";
  let description = [{
    One number for each pair of distributions: event dimensions are removed.
    The distance is that of the Fisher metric itself, so that nearby it is
    twice the Kullback-Leibler divergence.

    ```mlir
    !b = !fisher.belief<#fisher.gaussian<log_sigma>, tensor<6xf64>>
    func.func @example(%a: !b, %b: !b) -> tensor<6xf64> {
      %d = fisher.squared_distance %a, %b : !b -> tensor<6xf64>
      return %d : tensor<6xf64>
    }
    ```
  }];
  let arguments = (ins Fisher_BeliefType:$a, Fisher_BeliefType:$b);
  let results = (outs AnyRankedTensor:$distance);
  let assemblyFormat = "$a `,` $b attr-dict `:` qualified(type($a)) `->` type($distance)";
  let hasCanonicalizeMethod = 1;
}

def Fisher_SquaredDistanceWithGradientOp
    : Fisher_Op<"squared_distance_with_gradient", [
        AllTypesMatch<["a", "b"]>, OnePerComponent<"a", "gradient">,
        FixedByBelief<"a", "distance", "getBatchType",
                      "a tensor of the compute type with one element for each distribution">]> {
  let summary = "squared distance and its gradient";
  let description = [{
    The gradient is with respect to the stored components of the first
    belief, and has their type. It is exactly zero at distance zero.

    ```mlir
    !b = !fisher.belief<#fisher.gaussian<log_sigma>, tensor<6xf64>>
    func.func @example(%a: !b, %b: !b) -> (tensor<6xf64>, tensor<6xf64>, tensor<6xf64>) {
      %d, %g0, %g1 = fisher.squared_distance_with_gradient %a, %b
          : !b -> tensor<6xf64>, tensor<6xf64>, tensor<6xf64>
      return %d, %g0, %g1 : tensor<6xf64>, tensor<6xf64>, tensor<6xf64>
    }
    ```
  }];
  let arguments = (ins Fisher_BeliefType:$a, Fisher_BeliefType:$b);
  let results = (outs AnyRankedTensor:$distance, Variadic<AnyRankedTensor>:$gradient);
  let assemblyFormat = [{
    $a `,` $b attr-dict `:` qualified(type($a)) `->` type($distance) `,` type($gradient)
  }];
  let hasCanonicalizeMethod = 1;
}

def Fisher_KLDivergenceOp
    : Fisher_Op<"kl_divergence", [
        AllTypesMatch<["a", "b"]>,
        FixedByBelief<"a", "divergence", "getBatchType",
                      "a tensor of the compute type with one element for each distribution">]> {
  let summary = "Kullback-Leibler divergence of each pair of beliefs";
  let description = [{
    KL(a || b), the expectation under the first belief of the logarithm of the
    ratio of the densities, in nats. It is half the squared distance where
    beliefs are close.

    ```mlir
    !b = !fisher.belief<#fisher.gaussian<sigma>, tensor<?xf32>>
    func.func @example(%a: !b, %b: !b) -> tensor<?xf32> {
      %k = fisher.kl_divergence %a, %b : !b -> tensor<?xf32>
      return %k : tensor<?xf32>
    }
    ```
  }];
  let arguments = (ins Fisher_BeliefType:$a, Fisher_BeliefType:$b);
  let results = (outs AnyRankedTensor:$divergence);
  let assemblyFormat = "$a `,` $b attr-dict `:` qualified(type($a)) `->` type($divergence)";
  let hasCanonicalizeMethod = 1;
}

def Fisher_KLDivergenceWithGradientsOp
    : Fisher_Op<"kl_divergence_with_gradients", [
        AllTypesMatch<["a", "b"]>, SameVariadicResultSize,
        OnePerComponent<"a", "gradient_a">, OnePerComponent<"a", "gradient_b">,
        FixedByBelief<"a", "divergence", "getBatchType",
                      "a tensor of the compute type with one element for each distribution">]> {
  let summary = "Kullback-Leibler divergence and its gradients";
  let description = [{
    KL(a || b) as `fisher.kl_divergence` has it, then its gradient with respect
    to the stored components of the first belief, then that with respect to
    those of the second. Both are exactly zero where the beliefs are equal. If
    they are unused, the operation becomes `fisher.kl_divergence`.

    ```mlir
    !b = !fisher.belief<#fisher.gaussian<sigma>, tensor<?xf32>>
    func.func @example(%a: !b, %b: !b) -> (tensor<?xf32>, tensor<?xf32>) {
      %k, %a0, %a1, %b0, %b1 = fisher.kl_divergence_with_gradients %a, %b : !b
      return %k, %a1 : tensor<?xf32>, tensor<?xf32>
    }
    ```
  }];
  let arguments = (ins Fisher_BeliefType:$a, Fisher_BeliefType:$b);
  let results = (outs AnyRankedTensor:$divergence, Variadic<AnyRankedTensor>:$gradient_a,
                      Variadic<AnyRankedTensor>:$gradient_b);
  let assemblyFormat = "$a `,` $b attr-dict `:` qualified(type($a))";
  let hasCanonicalizeMethod = 1;
}

//===----------------------------------------------------------------------===//
// Penalties
//===----------------------------------------------------------------------===//

def Fisher_PenaltyOp
    : Fisher_Op<"penalty", [
        AllTypesMatch<["belief", "reference"]>,
        FixedByBelief<"belief", "weight", "getComputeType", "of the compute type">,
        FixedByBelief<"belief", "penalty", "getTotalType",
                      "a tensor of rank zero of the compute type">]> {
  let summary = "weight times the sum of squared distances to a reference";
  let description = [{
    The sum is over all distributions. A constant negative weight is an error
    where the operation is lowered.

    ```mlir
    !b = !fisher.belief<#fisher.gaussian<softplus>, tensor<64x32xf32>>
    func.func @example(%b: !b, %ref: !b, %w: f32) -> tensor<f32> {
      %p = fisher.penalty %b toward %ref weight %w : !b -> tensor<f32>
      return %p : tensor<f32>
    }
    ```
  }];
  let arguments = (ins Fisher_BeliefType:$belief, Fisher_BeliefType:$reference,
                       AnyFloat:$weight);
  let results = (outs AnyRankedTensor:$penalty);
  let assemblyFormat = [{
    $belief `toward` $reference `weight` $weight attr-dict
    `:` qualified(type($belief)) `->` type($penalty)
  }];
  let hasFolder = 1;
}

def Fisher_PenaltyWithGradientOp
    : Fisher_Op<"penalty_with_gradient", [
        AllTypesMatch<["belief", "reference"]>, OnePerComponent<"belief", "gradient">,
        FixedByBelief<"belief", "weight", "getComputeType", "of the compute type">,
        FixedByBelief<"belief", "penalty", "getTotalType",
                      "a tensor of rank zero of the compute type">]> {
  let summary = "penalty and its gradient, in one pass over the components";
  let description = [{
    The gradient is that of the penalty (the weight is in it) with respect to
    the stored components of the belief. If it is unused, the operation
    becomes `fisher.penalty`.

    ```mlir
    !b = !fisher.belief<#fisher.gaussian<softplus>, tensor<8xf32>>
    func.func @example(%b: !b, %ref: !b, %w: f32) -> (tensor<f32>, tensor<8xf32>, tensor<8xf32>) {
      %p, %g0, %g1 = fisher.penalty_with_gradient %b toward %ref weight %w
          : !b -> tensor<f32>, tensor<8xf32>, tensor<8xf32>
      return %p, %g0, %g1 : tensor<f32>, tensor<8xf32>, tensor<8xf32>
    }
    ```
  }];
  let arguments = (ins Fisher_BeliefType:$belief, Fisher_BeliefType:$reference,
                       AnyFloat:$weight);
  let results = (outs AnyRankedTensor:$penalty, Variadic<AnyRankedTensor>:$gradient);
  let assemblyFormat = [{
    $belief `toward` $reference `weight` $weight attr-dict
    `:` qualified(type($belief)) `->` type($penalty) `,` type($gradient)
  }];
  let hasCanonicalizeMethod = 1;
}

//===----------------------------------------------------------------------===//
// Geodesics and tangent vectors
//===----------------------------------------------------------------------===//

def Fisher_GeodesicOp
    : Fisher_Op<"geodesic", [
        AllTypesMatch<["a", "b", "result"]>,
        FixedByBelief<"a", "t", "getComputeType", "of the compute type">]> {
  let summary = "point at a fraction of the way along the geodesic";
  let description = [{
    `t = 0` gives the first belief, `t = 1` the second; values outside [0, 1]
    continue the geodesic.

    ```mlir
    !b = !fisher.belief<#fisher.gaussian<sigma>, tensor<?xf32>>
    func.func @example(%a: !b, %b: !b, %t: f32) -> !b {
      %q = fisher.geodesic %a, %b at %t : !b
      return %q : !b
    }
    ```
  }];
  let arguments = (ins Fisher_BeliefType:$a, Fisher_BeliefType:$b, AnyFloat:$t);
  let results = (outs Fisher_BeliefType:$result);
  let assemblyFormat = "$a `,` $b `at` $t attr-dict `:` qualified(type($a))";
  let hasFolder = 1;
}

def Fisher_GeodesicPullbackOp
    : Fisher_Op<"geodesic_pullback", [
        AllTypesMatch<["a", "b"]>, SameVariadicResultSize,
        OnePerComponent<"a", "covector">, OnePerComponent<"a", "gradient_a">,
        OnePerComponent<"a", "gradient_b">,
        FixedByBelief<"a", "t", "getComputeType", "of the compute type">,
        FixedByBelief<"a", "gradient_t", "getBatchType",
                      "a tensor of the compute type with one element for each distribution">]> {
  let summary = "gradient of a function of a geodesic's point";
  let description = [{
    The reverse derivative of `fisher.geodesic`: takes the gradient of a
    function of the point with respect to the point's stored components, and
    gives its gradient with respect to the components of the first belief, to
    those of the second, and to `t`, the latter for each distribution by itself.
    Where the beliefs are equal, these are `1 - t` and `t` times the covector,
    and zero.

    ```mlir
    !b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf32>>
    func.func @example(%a: !b, %b: !b, %t: f32, %c0: tensor<4xf32>, %c1: tensor<4xf32>)
        -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
      %a0, %a1, %b0, %b1, %dt = fisher.geodesic_pullback %a, %b at %t along %c0, %c1 : !b
      return %a0, %b0, %dt : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Fisher_BeliefType:$a, Fisher_BeliefType:$b, AnyFloat:$t,
                       Variadic<AnyRankedTensor>:$covector);
  let results = (outs Variadic<AnyRankedTensor>:$gradient_a,
                      Variadic<AnyRankedTensor>:$gradient_b, AnyRankedTensor:$gradient_t);
  let assemblyFormat = "$a `,` $b `at` $t `along` $covector attr-dict `:` qualified(type($a))";
}

def Fisher_ProximalStepOp
    : Fisher_Op<"proximal_step", [
        AllTypesMatch<["belief", "reference", "result"]>,
        FixedByBelief<"belief", "strength", "getComputeType", "of the compute type">]> {
  let summary = "step that trades distance moved against distance to a reference";
  let description = [{
    From a belief b, the q that minimizes d²(q, b)/2 + s d²(q, ref)/2, which is
    the point of the geodesic from b to the reference at the fraction s/(1+s).
    A penalty of weight w and a step of size h make a strength s = 2 h w. A
    negative strength is an error where the operation is lowered if it is
    constant, and gives NaN at run time.

    ```mlir
    !b = !fisher.belief<#fisher.gaussian<softplus>, tensor<8xf32>>
    func.func @example(%b: !b, %ref: !b, %s: f32) -> !b {
      %q = fisher.proximal_step %b toward %ref strength %s : !b
      return %q : !b
    }
    ```
  }];
  let arguments = (ins Fisher_BeliefType:$belief, Fisher_BeliefType:$reference,
                       AnyFloat:$strength);
  let results = (outs Fisher_BeliefType:$result);
  let assemblyFormat = [{
    $belief `toward` $reference `strength` $strength attr-dict `:` qualified(type($belief))
  }];
  let hasFolder = 1;
}

def Fisher_LogOp
    : Fisher_Op<"log", [AllTypesMatch<["a", "b"]>, OnePerComponent<"a", "tangent">]> {
  let summary = "tangent vector at the first belief that points to the second";
  let description = [{
    The Riemannian logarithm: the velocity, in the stored components, of the
    geodesic that starts at the first belief and reaches the second at time
    one.

    ```mlir
    !b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf64>>
    func.func @example(%a: !b, %b: !b) -> (tensor<4xf64>, tensor<4xf64>) {
      %v0, %v1 = fisher.log %a, %b : !b
      return %v0, %v1 : tensor<4xf64>, tensor<4xf64>
    }
    ```
  }];
  let arguments = (ins Fisher_BeliefType:$a, Fisher_BeliefType:$b);
  let results = (outs Variadic<AnyRankedTensor>:$tangent);
  let assemblyFormat = "$a `,` $b attr-dict `:` qualified(type($a))";
  let hasCanonicalizeMethod = 1;
}

def Fisher_ExpOp
    : Fisher_Op<"exp", [AllTypesMatch<["a", "result"]>, OnePerComponent<"a", "tangent">]> {
  let summary = "point reached by following a geodesic for unit time";
  let description = [{
    The Riemannian exponential, the inverse of `fisher.log`; the tangent
    vector is in the stored components.

    ```mlir
    !b = !fisher.belief<#fisher.gaussian<sigma>, tensor<4xf64>>
    func.func @example(%a: !b, %v0: tensor<4xf64>, %v1: tensor<4xf64>) -> !b {
      %q = fisher.exp %a, %v0, %v1 : !b
      return %q : !b
    }
    ```
  }];
  let arguments = (ins Fisher_BeliefType:$a, Variadic<AnyRankedTensor>:$tangent);
  let results = (outs Fisher_BeliefType:$result);
  let assemblyFormat = "$a `,` $tangent attr-dict `:` qualified(type($a))";
  let hasFolder = 1;
}

def Fisher_MetricOp
    : Fisher_Op<"metric", [OnePerComponent<"at", "tangent">, OnePerComponent<"at", "covector">]> {
  let summary = "Fisher metric applied to a tangent vector";
  let description = [{
    Turns a tangent vector at a belief into a covector, both in the stored
    components; the inverse of `fisher.natural_gradient`.

    ```mlir
    !b = !fisher.belief<#fisher.gaussian<softplus>, tensor<4xf64>>
    func.func @example(%b: !b, %v0: tensor<4xf64>, %v1: tensor<4xf64>) -> (tensor<4xf64>, tensor<4xf64>) {
      %c0, %c1 = fisher.metric %b, %v0, %v1 : !b
      return %c0, %c1 : tensor<4xf64>, tensor<4xf64>
    }
    ```
  }];
  let arguments = (ins Fisher_BeliefType:$at, Variadic<AnyRankedTensor>:$tangent);
  let results = (outs Variadic<AnyRankedTensor>:$covector);
  let assemblyFormat = "$at `,` $tangent attr-dict `:` qualified(type($at))";
}

def Fisher_NaturalGradientOp
    : Fisher_Op<"natural_gradient", [OnePerComponent<"at", "gradient">, OnePerComponent<"at", "tangent">]> {
  let summary = "inverse Fisher metric applied to a gradient";
  let description = [{
    The direction of steepest descent where length is measured by the Fisher
    metric: it does not depend on the chart.

    ```mlir
    !b = !fisher.belief<#fisher.gaussian<softplus>, tensor<4xf32>>
    func.func @example(%b: !b, %g0: tensor<4xf32>, %g1: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
      %n0, %n1 = fisher.natural_gradient %b, %g0, %g1 : !b
      return %n0, %n1 : tensor<4xf32>, tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Fisher_BeliefType:$at, Variadic<AnyRankedTensor>:$gradient);
  let results = (outs Variadic<AnyRankedTensor>:$tangent);
  let assemblyFormat = "$at `,` $gradient attr-dict `:` qualified(type($at))";
  let hasCanonicalizeMethod = 1;
}

def Fisher_NaturalGradientPullbackOp
    : Fisher_Op<"natural_gradient_pullback", [
        SameVariadicOperandSize, SameVariadicResultSize,
        OnePerComponent<"at", "gradient">, OnePerComponent<"at", "covector">,
        OnePerComponent<"at", "gradient_at">, OnePerComponent<"at", "gradient_gradient">]> {
  let summary = "gradient of a function of a natural gradient";
  let description = [{
    The reverse derivative of `fisher.natural_gradient`: takes the gradient of a
    function of the tangent vector with respect to its components, and gives the
    function's gradient with respect to the components of the belief, then that
    with respect to the gradient that the metric was applied to.

    ```mlir
    !b = !fisher.belief<#fisher.gaussian<softplus>, tensor<4xf32>>
    func.func @example(%b: !b, %g0: tensor<4xf32>, %g1: tensor<4xf32>, %c0: tensor<4xf32>, %c1: tensor<4xf32>)
        -> (tensor<4xf32>, tensor<4xf32>) {
      %b0, %b1, %d0, %d1 = fisher.natural_gradient_pullback %b, %g0, %g1 along %c0, %c1 : !b
      return %b1, %d0 : tensor<4xf32>, tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Fisher_BeliefType:$at, Variadic<AnyRankedTensor>:$gradient,
                       Variadic<AnyRankedTensor>:$covector);
  let results = (outs Variadic<AnyRankedTensor>:$gradient_at,
                      Variadic<AnyRankedTensor>:$gradient_gradient);
  let assemblyFormat = "$at `,` $gradient `along` $covector attr-dict `:` qualified(type($at))";
}

#endif // FISHER_IR_FISHEROPS_TD
