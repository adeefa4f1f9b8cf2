"builtin.module"() <{sym_name = "jit_phases"}> ({
  "func.func"() <{function_type = (tensor<64x8xf32>, tensor<64x8xf32>, tensor<64x64xf32>, tensor<64x8xf32>, tensor<64x8xf32>) -> (tensor<64x8xf32>, tensor<64x8xf32>, tensor<f32>), res_attrs = [{jax.result_info = "result[0]"}, {jax.result_info = "result[1]"}, {jax.result_info = "result[2]"}], sym_name = "main", sym_visibility = "public"}> ({
  ^bb0(%arg0: tensor<64x8xf32>, %arg1: tensor<64x8xf32>, %arg2: tensor<64x64xf32>, %arg3: tensor<64x8xf32>, %arg4: tensor<64x8xf32>):
    %0 = "stablehlo.broadcast_in_dim"(%arg2) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<64x64xf32>) -> tensor<64x64x1xf32>
    %1 = "stablehlo.broadcast_in_dim"(%arg3) <{broadcast_dimensions = array<i64: 0, 2>}> : (tensor<64x8xf32>) -> tensor<64x1x8xf32>
    %2 = "stablehlo.broadcast_in_dim"(%arg0) <{broadcast_dimensions = array<i64: 1, 2>}> : (tensor<64x8xf32>) -> tensor<1x64x8xf32>
    %3 = "stablehlo.broadcast_in_dim"(%1) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<64x1x8xf32>) -> tensor<64x64x8xf32>
    %4 = "stablehlo.broadcast_in_dim"(%2) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<1x64x8xf32>) -> tensor<64x64x8xf32>
    %5 = "stablehlo.subtract"(%3, %4) : (tensor<64x64x8xf32>, tensor<64x64x8xf32>) -> tensor<64x64x8xf32>
    %6 = "stablehlo.cosine"(%5) : (tensor<64x64x8xf32>) -> tensor<64x64x8xf32>
    %7 = "stablehlo.sine"(%5) : (tensor<64x64x8xf32>) -> tensor<64x64x8xf32>
    %8 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %9 = "stablehlo.broadcast_in_dim"(%8) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x64x8xf32>
    %10 = "stablehlo.subtract"(%9, %6) : (tensor<64x64x8xf32>, tensor<64x64x8xf32>) -> tensor<64x64x8xf32>
    %11 = "stablehlo.broadcast_in_dim"(%0) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<64x64x1xf32>) -> tensor<64x64x8xf32>
    %12 = "stablehlo.multiply"(%11, %10) : (tensor<64x64x8xf32>, tensor<64x64x8xf32>) -> tensor<64x64x8xf32>
    %13 = "stablehlo.negate"(%arg1) : (tensor<64x8xf32>) -> tensor<64x8xf32>
    %14 = "stablehlo.exponential"(%13) : (tensor<64x8xf32>) -> tensor<64x8xf32>
    %15 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %16 = "stablehlo.broadcast_in_dim"(%15) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x8xf32>
    %17 = "stablehlo.add"(%16, %14) : (tensor<64x8xf32>, tensor<64x8xf32>) -> tensor<64x8xf32>
    %18 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %19 = "stablehlo.broadcast_in_dim"(%18) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x8xf32>
    %20 = "stablehlo.divide"(%19, %17) : (tensor<64x8xf32>, tensor<64x8xf32>) -> tensor<64x8xf32>
    %21 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %22 = "stablehlo.broadcast_in_dim"(%21) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x8xf32>
    %23 = "stablehlo.subtract"(%22, %20) : (tensor<64x8xf32>, tensor<64x8xf32>) -> tensor<64x8xf32>
    %24 = "stablehlo.multiply"(%20, %23) : (tensor<64x8xf32>, tensor<64x8xf32>) -> tensor<64x8xf32>
    %25 = "stablehlo.broadcast_in_dim"(%20) <{broadcast_dimensions = array<i64: 1, 2>}> : (tensor<64x8xf32>) -> tensor<1x64x8xf32>
    %26 = "stablehlo.broadcast_in_dim"(%25) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<1x64x8xf32>) -> tensor<64x64x8xf32>
    %27 = "stablehlo.multiply"(%12, %26) : (tensor<64x64x8xf32>, tensor<64x64x8xf32>) -> tensor<64x64x8xf32>
    %28 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %29 = "stablehlo.reduce"(%27, %28) <{dimensions = array<i64: 1, 2>}> ({
    ^bb0(%arg15: tensor<f32>, %arg16: tensor<f32>):
      %72 = "stablehlo.add"(%arg15, %arg16) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%72) : (tensor<f32>) -> ()
    }) : (tensor<64x64x8xf32>, tensor<f32>) -> tensor<64xf32>
    %30 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %31 = "stablehlo.reduce"(%29, %30) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg13: tensor<f32>, %arg14: tensor<f32>):
      %71 = "stablehlo.add"(%arg13, %arg14) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%71) : (tensor<f32>) -> ()
    }) : (tensor<64xf32>, tensor<f32>) -> tensor<f32>
    %32 = "stablehlo.constant"() <{value = dense<6.400000e+01> : tensor<f32>}> : () -> tensor<f32>
    %33 = "stablehlo.divide"(%31, %32) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %34 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %35 = "stablehlo.constant"() <{value = dense<6.400000e+01> : tensor<f32>}> : () -> tensor<f32>
    %36 = "stablehlo.divide"(%34, %35) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %37 = "stablehlo.broadcast_in_dim"(%36) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %38 = "stablehlo.broadcast_in_dim"(%37) <{broadcast_dimensions = array<i64: 0>}> : (tensor<64xf32>) -> tensor<64x64x8xf32>
    %39 = "stablehlo.multiply"(%12, %38) : (tensor<64x64x8xf32>, tensor<64x64x8xf32>) -> tensor<64x64x8xf32>
    %40 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %41 = "stablehlo.reduce"(%39, %40) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg11: tensor<f32>, %arg12: tensor<f32>):
      %70 = "stablehlo.add"(%arg11, %arg12) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%70) : (tensor<f32>) -> ()
    }) : (tensor<64x64x8xf32>, tensor<f32>) -> tensor<64x8xf32>
    %42 = "stablehlo.reshape"(%41) : (tensor<64x8xf32>) -> tensor<1x64x8xf32>
    %43 = "stablehlo.broadcast_in_dim"(%25) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<1x64x8xf32>) -> tensor<64x64x8xf32>
    %44 = "stablehlo.multiply"(%38, %43) : (tensor<64x64x8xf32>, tensor<64x64x8xf32>) -> tensor<64x64x8xf32>
    %45 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %46 = "stablehlo.reduce"(%42, %45) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg9: tensor<f32>, %arg10: tensor<f32>):
      %69 = "stablehlo.add"(%arg9, %arg10) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%69) : (tensor<f32>) -> ()
    }) : (tensor<1x64x8xf32>, tensor<f32>) -> tensor<64x8xf32>
    %47 = "stablehlo.multiply"(%46, %24) : (tensor<64x8xf32>, tensor<64x8xf32>) -> tensor<64x8xf32>
    %48 = "stablehlo.broadcast_in_dim"(%0) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<64x64x1xf32>) -> tensor<64x64x8xf32>
    %49 = "stablehlo.multiply"(%48, %44) : (tensor<64x64x8xf32>, tensor<64x64x8xf32>) -> tensor<64x64x8xf32>
    %50 = "stablehlo.negate"(%49) : (tensor<64x64x8xf32>) -> tensor<64x64x8xf32>
    %51 = "stablehlo.negate"(%50) : (tensor<64x64x8xf32>) -> tensor<64x64x8xf32>
    %52 = "stablehlo.multiply"(%51, %7) : (tensor<64x64x8xf32>, tensor<64x64x8xf32>) -> tensor<64x64x8xf32>
    %53 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %54 = "stablehlo.reduce"(%52, %53) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg7: tensor<f32>, %arg8: tensor<f32>):
      %68 = "stablehlo.add"(%arg7, %arg8) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%68) : (tensor<f32>) -> ()
    }) : (tensor<64x64x8xf32>, tensor<f32>) -> tensor<64x8xf32>
    %55 = "stablehlo.reshape"(%54) : (tensor<64x8xf32>) -> tensor<1x64x8xf32>
    %56 = "stablehlo.negate"(%55) : (tensor<1x64x8xf32>) -> tensor<1x64x8xf32>
    %57 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %58 = "stablehlo.reduce"(%56, %57) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg5: tensor<f32>, %arg6: tensor<f32>):
      %67 = "stablehlo.add"(%arg5, %arg6) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%67) : (tensor<f32>) -> ()
    }) : (tensor<1x64x8xf32>, tensor<f32>) -> tensor<64x8xf32>
    %59 = "stablehlo.constant"() <{value = dense<5.000000e-02> : tensor<f32>}> : () -> tensor<f32>
    %60 = "stablehlo.broadcast_in_dim"(%59) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x8xf32>
    %61 = "stablehlo.multiply"(%60, %58) : (tensor<64x8xf32>, tensor<64x8xf32>) -> tensor<64x8xf32>
    %62 = "stablehlo.subtract"(%arg0, %61) : (tensor<64x8xf32>, tensor<64x8xf32>) -> tensor<64x8xf32>
    %63 = "stablehlo.constant"() <{value = dense<5.000000e-02> : tensor<f32>}> : () -> tensor<f32>
    %64 = "stablehlo.broadcast_in_dim"(%63) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x8xf32>
    %65 = "stablehlo.multiply"(%64, %47) : (tensor<64x8xf32>, tensor<64x8xf32>) -> tensor<64x8xf32>
    %66 = "stablehlo.subtract"(%arg1, %65) : (tensor<64x8xf32>, tensor<64x8xf32>) -> tensor<64x8xf32>
    "func.return"(%62, %66, %33) : (tensor<64x8xf32>, tensor<64x8xf32>, tensor<f32>) -> ()
  }) : () -> ()
}) {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} : () -> ()

