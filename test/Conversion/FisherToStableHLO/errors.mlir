// RUN: fisher-opt --convert-fisher-to-stablehlo --allow-unregistered-dialect --split-input-file --verify-diagnostics %s

!b = !fisher.belief<#fisher.poisson<rate>, tensor<?xf32>>
func.func @dynamic(%x: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{needs static shapes to become StableHLO, but 'tensor<?xf32>' has sizes that are known only at run time; give the function types with sizes}}
  %a = fisher.belief %x : !b
  %d = fisher.kl_divergence %a, %a : !b -> tensor<?xf32>
  return %d : tensor<?xf32>
}

// -----

func.func @dynamic_beside(%x: tensor<?xf32>) -> tensor<?xf32> {
  // expected-error@+1 {{needs static shapes to become StableHLO, but 'tensor<?xf32>' has sizes}}
  %d = arith.addf %x, %x : tensor<?xf32>
  return %d : tensor<?xf32>
}

// -----

// expected-error@+1 {{argument 1 is 'f32', but functions of StableHLO take and return tensors; make it one of rank zero}}
func.func @number(%x: tensor<2xf32>, %w: f32) {
  return
}

// -----

// expected-error@+1 {{result 0 is 'i64', but functions of StableHLO take and return tensors; make it one of rank zero}}
func.func private @returned() -> i64

// -----

func.func @made_elsewhere() -> tensor<f32> {
  %w = "test.number"() : () -> f32
  // expected-error@+1 {{cannot be written in StableHLO: it uses a number that is not a tensor}}
  %t = tensor.from_elements %w : tensor<f32>
  return %t : tensor<f32>
}

// -----

func.func @used_elsewhere(%t: tensor<f32>) {
  // expected-error@+1 {{cannot be written in StableHLO: it computes a number that is not a tensor for other operations}}
  %w = tensor.extract %t[] : tensor<f32>
  "test.use"(%w) : (f32) -> ()
  return
}

// -----

func.func @unknown(%t: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{cannot be written in StableHLO: 'math.exp' has no counterpart there}}
  %e = math.exp %t : tensor<4xf32>
  return %e : tensor<4xf32>
}

// -----

func.func @rest(%x: tensor<4xf32>) {
  // expected-error@+1 {{cannot be written in StableHLO: 'cf.br' has no counterpart there}}
  cf.br ^next
^next:
  return
}

// -----

#reversed = affine_map<(i) -> (3 - i)>
#same = affine_map<(i) -> (i)>
func.func @order(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error@+1 {{cannot be written in StableHLO: its elements are not read in their order}}
  %r = linalg.generic {indexing_maps = [#reversed, #same], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%x : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

#all = affine_map<(i) -> (i)>
#none = affine_map<(i) -> ()>
func.func @reduction(%x: tensor<4xf32>, %y: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{cannot be written in StableHLO: it is neither elementwise nor a reduction}}
  %r = linalg.generic {indexing_maps = [#all, #none], iterator_types = ["reduction"]}
      ins(%x : tensor<4xf32>) outs(%y : tensor<f32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<f32>
  return %r : tensor<f32>
}

// -----

#all = affine_map<(i) -> (i)>
#none = affine_map<(i) -> ()>
func.func @no_reduction(%x: tensor<4xf32>, %y: tensor<f32>) -> tensor<f32> {
  %r = linalg.generic {indexing_maps = [#all, #none], iterator_types = ["reduction"]}
      ins(%x : tensor<4xf32>) outs(%y : tensor<f32>) {
  ^bb0(%a: f32, %b: f32):
    // expected-error@+1 {{cannot be written in StableHLO: nothing can be reduced by it}}
    %c = arith.subf %b, %a : f32
    linalg.yield %c : f32
  } -> tensor<f32>
  return %r : tensor<f32>
}

// -----

func.func @one_side(%t: tensor<f32>) {
  %w = tensor.extract %t[] : tensor<f32>
  %c = arith.cmpf olt, %w, %w : f32
  // expected-error@+1 {{cannot be written in StableHLO: it has one side only}}
  scf.if %c {
    "test.op"() : () -> ()
  }
  return
}

// -----

func.func @several(%x: tensor<f32>) -> tensor<2xf32> {
  %w = tensor.extract %x[] : tensor<f32>
  // expected-error@+1 {{cannot be written in StableHLO: it has more than one element}}
  %t = tensor.from_elements %w, %w : tensor<2xf32>
  return %t : tensor<2xf32>
}

// -----

// expected-warning@+1 {{is dropped without effect; run fisher-insert before}}
fisher.policy @forgotten {}

// -----

// A loop that carries beliefs. What was converted before it stays as it is.
!b = !fisher.belief<#fisher.poisson<rate>, tensor<4xf32>>
func.func @loop(%x: tensor<4xf32>, %b: !b) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %t = arith.constant 0.5 : f32
  %a = fisher.belief %x : !b
  %n = fisher.geodesic %a, %b at %t : !b
  // expected-error@+1 {{failed to legalize operation 'scf.for' that was explicitly marked illegal}}
  %r = scf.for %i = %c0 to %c1 step %c1 iter_args(%y = %n) -> !b {
    %z = fisher.geodesic %y, %b at %t : !b
    scf.yield %z : !b
  }
  %d = fisher.squared_distance %r, %b : !b -> tensor<4xf32>
  return %d : tensor<4xf32>
}
