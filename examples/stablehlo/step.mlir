"builtin.module"() <{sym_name = "jit_step"}> ({
  "func.func"() <{arg_attrs = [{tf.aliasing_output = 0 : i32}, {}],
                  function_type = (tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<f32>),
                  res_attrs = [{jax.result_info = "result[0]['rate']"}, {jax.result_info = "result[1]"}],
                  sym_name = "main", sym_visibility = "public"}> ({
  ^bb0(%rate: tensor<4xf32> loc("params['rate']"), %gradient: tensor<4xf32> loc("gradient")):
    %new = "stablehlo.subtract"(%rate, %gradient) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    %loss = "stablehlo.constant"() <{value = dense<1.0> : tensor<f32>}> : () -> tensor<f32>
    "func.return"(%new, %loss) : (tensor<4xf32>, tensor<f32>) -> ()
  }) : () -> ()
}) : () -> ()
