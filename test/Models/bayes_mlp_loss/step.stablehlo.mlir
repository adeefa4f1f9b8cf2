"builtin.module"() <{sym_name = "jit_bayes_loss"}> ({
  "func.func"() <{function_type = (tensor<64x32xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<32x10xf32>, tensor<32x10xf32>, tensor<10xf32>, tensor<64x64xf32>, tensor<64xi32>, tensor<64x32xf32>, tensor<32x10xf32>) -> tensor<f32>, res_attrs = [{jax.result_info = "result[0]"}], sym_name = "main", sym_visibility = "public"}> ({
  ^bb0(%arg9: tensor<64x32xf32>, %arg10: tensor<64x32xf32>, %arg11: tensor<32xf32>, %arg12: tensor<32x10xf32>, %arg13: tensor<32x10xf32>, %arg14: tensor<10xf32>, %arg15: tensor<64x64xf32>, %arg16: tensor<64xi32>, %arg17: tensor<64x32xf32>, %arg18: tensor<32x10xf32>):
    %54 = "func.call"(%arg10) <{callee = @softplus}> : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %55 = "stablehlo.multiply"(%54, %arg17) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %56 = "stablehlo.add"(%arg9, %55) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %57 = "stablehlo.dot_general"(%arg15, %56) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<64x64xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %58 = "stablehlo.broadcast_in_dim"(%arg11) <{broadcast_dimensions = array<i64: 1>}> : (tensor<32xf32>) -> tensor<1x32xf32>
    %59 = "stablehlo.broadcast_in_dim"(%58) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<1x32xf32>) -> tensor<64x32xf32>
    %60 = "stablehlo.add"(%57, %59) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %61 = "func.call"(%60) <{callee = @relu}> : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %62 = "func.call"(%arg13) <{callee = @softplus_0}> : (tensor<32x10xf32>) -> tensor<32x10xf32>
    %63 = "stablehlo.multiply"(%62, %arg18) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %64 = "stablehlo.add"(%arg12, %63) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %65 = "stablehlo.dot_general"(%61, %64) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<64x32xf32>, tensor<32x10xf32>) -> tensor<64x10xf32>
    %66 = "stablehlo.broadcast_in_dim"(%arg14) <{broadcast_dimensions = array<i64: 1>}> : (tensor<10xf32>) -> tensor<1x10xf32>
    %67 = "stablehlo.broadcast_in_dim"(%66) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<1x10xf32>) -> tensor<64x10xf32>
    %68 = "stablehlo.add"(%65, %67) : (tensor<64x10xf32>, tensor<64x10xf32>) -> tensor<64x10xf32>
    %69 = "func.call"(%arg16) <{callee = @_one_hot}> : (tensor<64xi32>) -> tensor<64x10xf32>
    %70 = "func.call"(%68) <{callee = @log_softmax}> : (tensor<64x10xf32>) -> tensor<64x10xf32>
    %71 = "stablehlo.multiply"(%69, %70) : (tensor<64x10xf32>, tensor<64x10xf32>) -> tensor<64x10xf32>
    %72 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %73 = "stablehlo.reduce"(%71, %72) <{dimensions = array<i64: 1>}> ({
    ^bb0(%arg21: tensor<f32>, %arg22: tensor<f32>):
      %80 = "stablehlo.add"(%arg21, %arg22) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%80) : (tensor<f32>) -> ()
    }) : (tensor<64x10xf32>, tensor<f32>) -> tensor<64xf32>
    %74 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %75 = "stablehlo.reduce"(%73, %74) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg19: tensor<f32>, %arg20: tensor<f32>):
      %79 = "stablehlo.add"(%arg19, %arg20) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%79) : (tensor<f32>) -> ()
    }) : (tensor<64xf32>, tensor<f32>) -> tensor<f32>
    %76 = "stablehlo.constant"() <{value = dense<6.400000e+01> : tensor<f32>}> : () -> tensor<f32>
    %77 = "stablehlo.divide"(%75, %76) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %78 = "stablehlo.negate"(%77) : (tensor<f32>) -> tensor<f32>
    "func.return"(%78) : (tensor<f32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<64x32xf32>) -> tensor<64x32xf32>, sym_name = "softplus", sym_visibility = "private"}> ({
  ^bb0(%arg8: tensor<64x32xf32>):
    %40 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %41 = "stablehlo.broadcast_in_dim"(%40) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %42 = "stablehlo.maximum"(%arg8, %41) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %43 = "stablehlo.broadcast_in_dim"(%40) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %44 = "stablehlo.subtract"(%arg8, %43) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %45 = "stablehlo.compare"(%44, %44) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction NE>}> : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xi1>
    %46 = "stablehlo.broadcast_in_dim"(%40) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %47 = "stablehlo.add"(%arg8, %46) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %48 = "stablehlo.abs"(%44) : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %49 = "stablehlo.negate"(%48) : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %50 = "stablehlo.exponential"(%49) : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %51 = "stablehlo.log_plus_one"(%50) : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %52 = "stablehlo.add"(%42, %51) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %53 = "stablehlo.select"(%45, %47, %52) : (tensor<64x32xi1>, tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    "func.return"(%53) : (tensor<64x32xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<64x32xf32>) -> tensor<64x32xf32>, sym_name = "relu", sym_visibility = "private"}> ({
  ^bb0(%arg7: tensor<64x32xf32>):
    %37 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %38 = "stablehlo.broadcast_in_dim"(%37) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %39 = "stablehlo.maximum"(%arg7, %38) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    "func.return"(%39) : (tensor<64x32xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<32x10xf32>) -> tensor<32x10xf32>, sym_name = "softplus_0", sym_visibility = "private"}> ({
  ^bb0(%arg6: tensor<32x10xf32>):
    %23 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %24 = "stablehlo.broadcast_in_dim"(%23) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %25 = "stablehlo.maximum"(%arg6, %24) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %26 = "stablehlo.broadcast_in_dim"(%23) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %27 = "stablehlo.subtract"(%arg6, %26) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %28 = "stablehlo.compare"(%27, %27) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction NE>}> : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xi1>
    %29 = "stablehlo.broadcast_in_dim"(%23) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %30 = "stablehlo.add"(%arg6, %29) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %31 = "stablehlo.abs"(%27) : (tensor<32x10xf32>) -> tensor<32x10xf32>
    %32 = "stablehlo.negate"(%31) : (tensor<32x10xf32>) -> tensor<32x10xf32>
    %33 = "stablehlo.exponential"(%32) : (tensor<32x10xf32>) -> tensor<32x10xf32>
    %34 = "stablehlo.log_plus_one"(%33) : (tensor<32x10xf32>) -> tensor<32x10xf32>
    %35 = "stablehlo.add"(%25, %34) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %36 = "stablehlo.select"(%28, %30, %35) : (tensor<32x10xi1>, tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    "func.return"(%36) : (tensor<32x10xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<64xi32>) -> tensor<64x10xf32>, sym_name = "_one_hot", sym_visibility = "private"}> ({
  ^bb0(%arg5: tensor<64xi32>):
    %17 = "stablehlo.broadcast_in_dim"(%arg5) <{broadcast_dimensions = array<i64: 0>}> : (tensor<64xi32>) -> tensor<64x1xi32>
    %18 = "stablehlo.iota"() <{iota_dimension = 1 : i64}> : () -> tensor<1x10xi32>
    %19 = "stablehlo.broadcast_in_dim"(%17) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<64x1xi32>) -> tensor<64x10xi32>
    %20 = "stablehlo.broadcast_in_dim"(%18) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<1x10xi32>) -> tensor<64x10xi32>
    %21 = "stablehlo.compare"(%19, %20) <{compare_type = #stablehlo<comparison_type SIGNED>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<64x10xi32>, tensor<64x10xi32>) -> tensor<64x10xi1>
    %22 = "stablehlo.convert"(%21) : (tensor<64x10xi1>) -> tensor<64x10xf32>
    "func.return"(%22) : (tensor<64x10xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<64x10xf32>) -> tensor<64x10xf32>, sym_name = "log_softmax", sym_visibility = "private"}> ({
  ^bb0(%arg0: tensor<64x10xf32>):
    %0 = "stablehlo.constant"() <{value = dense<0xFF800000> : tensor<f32>}> : () -> tensor<f32>
    %1 = "stablehlo.reduce"(%arg0, %0) <{dimensions = array<i64: 1>}> ({
    ^bb0(%arg3: tensor<f32>, %arg4: tensor<f32>):
      %16 = "stablehlo.maximum"(%arg3, %arg4) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%16) : (tensor<f32>) -> ()
    }) : (tensor<64x10xf32>, tensor<f32>) -> tensor<64xf32>
    %2 = "stablehlo.constant"() <{value = dense<0xFF800000> : tensor<f32>}> : () -> tensor<f32>
    %3 = "stablehlo.broadcast_in_dim"(%2) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %4 = "stablehlo.maximum"(%3, %1) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %5 = "stablehlo.broadcast_in_dim"(%4) <{broadcast_dimensions = array<i64: 0>}> : (tensor<64xf32>) -> tensor<64x1xf32>
    %6 = "stablehlo.broadcast_in_dim"(%5) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<64x1xf32>) -> tensor<64x10xf32>
    %7 = "stablehlo.subtract"(%arg0, %6) : (tensor<64x10xf32>, tensor<64x10xf32>) -> tensor<64x10xf32>
    %8 = "stablehlo.exponential"(%7) : (tensor<64x10xf32>) -> tensor<64x10xf32>
    %9 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %10 = "stablehlo.reduce"(%8, %9) <{dimensions = array<i64: 1>}> ({
    ^bb0(%arg1: tensor<f32>, %arg2: tensor<f32>):
      %15 = "stablehlo.add"(%arg1, %arg2) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%15) : (tensor<f32>) -> ()
    }) : (tensor<64x10xf32>, tensor<f32>) -> tensor<64xf32>
    %11 = "stablehlo.broadcast_in_dim"(%10) <{broadcast_dimensions = array<i64: 0>}> : (tensor<64xf32>) -> tensor<64x1xf32>
    %12 = "stablehlo.log"(%11) : (tensor<64x1xf32>) -> tensor<64x1xf32>
    %13 = "stablehlo.broadcast_in_dim"(%12) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<64x1xf32>) -> tensor<64x10xf32>
    %14 = "stablehlo.subtract"(%7, %13) : (tensor<64x10xf32>, tensor<64x10xf32>) -> tensor<64x10xf32>
    "func.return"(%14) : (tensor<64x10xf32>) -> ()
  }) : () -> ()
}) {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} : () -> ()

