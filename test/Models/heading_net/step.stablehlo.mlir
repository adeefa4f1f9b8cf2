"builtin.module"() <{sym_name = "jit_heading"}> ({
  "func.func"() <{function_type = (tensor<64x16xf32>, tensor<16xf32>, tensor<16x2xf32>, tensor<16x1xf32>, tensor<1xf32>, tensor<64x64xf32>, tensor<64xf32>) -> (tensor<64x16xf32>, tensor<16xf32>, tensor<16x2xf32>, tensor<16x1xf32>, tensor<1xf32>, tensor<f32>), res_attrs = [{jax.result_info = "result[0]"}, {jax.result_info = "result[1]"}, {jax.result_info = "result[2]"}, {jax.result_info = "result[3]"}, {jax.result_info = "result[4]"}, {jax.result_info = "result[5]"}], sym_name = "main", sym_visibility = "public"}> ({
  ^bb0(%arg9: tensor<64x16xf32>, %arg10: tensor<16xf32>, %arg11: tensor<16x2xf32>, %arg12: tensor<16x1xf32>, %arg13: tensor<1xf32>, %arg14: tensor<64x64xf32>, %arg15: tensor<64xf32>):
    %52 = "stablehlo.dot_general"(%arg14, %arg9) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<64x64xf32>, tensor<64x16xf32>) -> tensor<64x16xf32>
    %53 = "stablehlo.broadcast_in_dim"(%arg10) <{broadcast_dimensions = array<i64: 1>}> : (tensor<16xf32>) -> tensor<1x16xf32>
    %54 = "stablehlo.broadcast_in_dim"(%53) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<1x16xf32>) -> tensor<64x16xf32>
    %55 = "stablehlo.add"(%52, %54) : (tensor<64x16xf32>, tensor<64x16xf32>) -> tensor<64x16xf32>
    %56 = "stablehlo.tanh"(%55) : (tensor<64x16xf32>) -> tensor<64x16xf32>
    %57 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %58 = "stablehlo.broadcast_in_dim"(%57) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x16xf32>
    %59 = "stablehlo.subtract"(%58, %56) : (tensor<64x16xf32>, tensor<64x16xf32>) -> tensor<64x16xf32>
    %60 = "stablehlo.dot_general"(%56, %arg11) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<64x16xf32>, tensor<16x2xf32>) -> tensor<64x2xf32>
    %61 = "stablehlo.dot_general"(%56, %arg12) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<64x16xf32>, tensor<16x1xf32>) -> tensor<64x1xf32>
    %62 = "stablehlo.broadcast_in_dim"(%arg13) <{broadcast_dimensions = array<i64: 1>}> : (tensor<1xf32>) -> tensor<1x1xf32>
    %63 = "stablehlo.broadcast_in_dim"(%62) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<1x1xf32>) -> tensor<64x1xf32>
    %64 = "stablehlo.add"(%61, %63) : (tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xf32>
    %65:3 = "func.call"(%64) <{callee = @softplus}> : (tensor<64x1xf32>) -> (tensor<64x1xf32>, tensor<64x1xf32>, tensor<64x1xf32>)
    %66 = "stablehlo.reshape"(%65#0) : (tensor<64x1xf32>) -> tensor<64xf32>
    %67 = "stablehlo.slice"(%60) <{limit_indices = array<i64: 64, 1>, start_indices = array<i64: 0, 0>, strides = array<i64: 1, 1>}> : (tensor<64x2xf32>) -> tensor<64x1xf32>
    %68 = "stablehlo.reshape"(%67) : (tensor<64x1xf32>) -> tensor<64xf32>
    %69 = "stablehlo.cosine"(%arg15) : (tensor<64xf32>) -> tensor<64xf32>
    %70 = "stablehlo.multiply"(%68, %69) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %71 = "stablehlo.slice"(%60) <{limit_indices = array<i64: 64, 2>, start_indices = array<i64: 0, 1>, strides = array<i64: 1, 1>}> : (tensor<64x2xf32>) -> tensor<64x1xf32>
    %72 = "stablehlo.reshape"(%71) : (tensor<64x1xf32>) -> tensor<64xf32>
    %73 = "stablehlo.sine"(%arg15) : (tensor<64xf32>) -> tensor<64xf32>
    %74 = "stablehlo.multiply"(%72, %73) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %75 = "stablehlo.add"(%70, %74) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %76 = "stablehlo.slice"(%60) <{limit_indices = array<i64: 64, 1>, start_indices = array<i64: 0, 0>, strides = array<i64: 1, 1>}> : (tensor<64x2xf32>) -> tensor<64x1xf32>
    %77 = "stablehlo.reshape"(%76) : (tensor<64x1xf32>) -> tensor<64xf32>
    %78 = "stablehlo.multiply"(%77, %77) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %79 = "stablehlo.constant"() <{value = dense<2.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %80 = "stablehlo.broadcast_in_dim"(%79) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %81 = "stablehlo.multiply"(%80, %77) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %82 = "stablehlo.slice"(%60) <{limit_indices = array<i64: 64, 2>, start_indices = array<i64: 0, 1>, strides = array<i64: 1, 1>}> : (tensor<64x2xf32>) -> tensor<64x1xf32>
    %83 = "stablehlo.reshape"(%82) : (tensor<64x1xf32>) -> tensor<64xf32>
    %84 = "stablehlo.multiply"(%83, %83) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %85 = "stablehlo.constant"() <{value = dense<2.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %86 = "stablehlo.broadcast_in_dim"(%85) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %87 = "stablehlo.multiply"(%86, %83) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %88 = "stablehlo.add"(%78, %84) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %89 = "stablehlo.constant"() <{value = dense<9.99999996E-13> : tensor<f32>}> : () -> tensor<f32>
    %90 = "stablehlo.broadcast_in_dim"(%89) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %91 = "stablehlo.add"(%88, %90) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %92 = "stablehlo.sqrt"(%91) : (tensor<64xf32>) -> tensor<64xf32>
    %93 = "stablehlo.constant"() <{value = dense<5.000000e-01> : tensor<f32>}> : () -> tensor<f32>
    %94 = "stablehlo.broadcast_in_dim"(%93) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %95 = "stablehlo.divide"(%94, %92) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %96 = "stablehlo.divide"(%75, %92) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %97 = "stablehlo.multiply"(%92, %92) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %98 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %99 = "stablehlo.broadcast_in_dim"(%98) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %100 = "stablehlo.divide"(%99, %97) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %101 = "stablehlo.constant"() <{value = dense<3.750000e+00> : tensor<f32>}> : () -> tensor<f32>
    %102 = "stablehlo.broadcast_in_dim"(%101) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %103 = "stablehlo.divide"(%66, %102) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %104 = "stablehlo.multiply"(%103, %103) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %105 = "stablehlo.constant"() <{value = dense<2.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %106 = "stablehlo.broadcast_in_dim"(%105) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %107 = "stablehlo.multiply"(%106, %103) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %108 = "stablehlo.constant"() <{value = dense<4.581300e-03> : tensor<f32>}> : () -> tensor<f32>
    %109 = "stablehlo.broadcast_in_dim"(%108) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %110 = "stablehlo.multiply"(%104, %109) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %111 = "stablehlo.constant"() <{value = dense<3.607680e-02> : tensor<f32>}> : () -> tensor<f32>
    %112 = "stablehlo.broadcast_in_dim"(%111) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %113 = "stablehlo.add"(%112, %110) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %114 = "stablehlo.multiply"(%104, %113) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %115 = "stablehlo.constant"() <{value = dense<0.26597321> : tensor<f32>}> : () -> tensor<f32>
    %116 = "stablehlo.broadcast_in_dim"(%115) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %117 = "stablehlo.add"(%116, %114) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %118 = "stablehlo.multiply"(%104, %117) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %119 = "stablehlo.constant"() <{value = dense<1.2067492> : tensor<f32>}> : () -> tensor<f32>
    %120 = "stablehlo.broadcast_in_dim"(%119) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %121 = "stablehlo.add"(%120, %118) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %122 = "stablehlo.multiply"(%104, %121) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %123 = "stablehlo.constant"() <{value = dense<3.08994246> : tensor<f32>}> : () -> tensor<f32>
    %124 = "stablehlo.broadcast_in_dim"(%123) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %125 = "stablehlo.add"(%124, %122) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %126 = "stablehlo.multiply"(%104, %125) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %127 = "stablehlo.constant"() <{value = dense<3.51562285> : tensor<f32>}> : () -> tensor<f32>
    %128 = "stablehlo.broadcast_in_dim"(%127) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %129 = "stablehlo.add"(%128, %126) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %130 = "stablehlo.multiply"(%104, %129) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %131 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %132 = "stablehlo.broadcast_in_dim"(%131) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %133 = "stablehlo.add"(%132, %130) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %134 = "stablehlo.log"(%133) : (tensor<64xf32>) -> tensor<64xf32>
    %135 = "stablehlo.constant"() <{value = dense<3.750000e+00> : tensor<f32>}> : () -> tensor<f32>
    %136 = "stablehlo.broadcast_in_dim"(%135) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %137 = "stablehlo.maximum"(%66, %136) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %138 = "stablehlo.compare"(%66, %137) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xi1>
    %139 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %140 = "stablehlo.broadcast_in_dim"(%139) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %141 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %142 = "stablehlo.broadcast_in_dim"(%141) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %143 = "stablehlo.select"(%138, %140, %142) : (tensor<64xi1>, tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %144 = "stablehlo.constant"() <{value = dense<3.750000e+00> : tensor<f32>}> : () -> tensor<f32>
    %145 = "stablehlo.broadcast_in_dim"(%144) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %146 = "stablehlo.compare"(%145, %137) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xi1>
    %147 = "stablehlo.constant"() <{value = dense<2.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %148 = "stablehlo.broadcast_in_dim"(%147) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %149 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %150 = "stablehlo.broadcast_in_dim"(%149) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %151 = "stablehlo.select"(%146, %148, %150) : (tensor<64xi1>, tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %152 = "stablehlo.divide"(%143, %151) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %153 = "stablehlo.constant"() <{value = dense<3.750000e+00> : tensor<f32>}> : () -> tensor<f32>
    %154 = "stablehlo.broadcast_in_dim"(%153) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %155 = "stablehlo.divide"(%154, %137) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %156 = "stablehlo.multiply"(%137, %137) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %157 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %158 = "stablehlo.broadcast_in_dim"(%157) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %159 = "stablehlo.divide"(%158, %156) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %160 = "stablehlo.constant"() <{value = dense<3.750000e+00> : tensor<f32>}> : () -> tensor<f32>
    %161 = "stablehlo.broadcast_in_dim"(%160) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %162 = "stablehlo.maximum"(%66, %161) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %163 = "stablehlo.compare"(%66, %162) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xi1>
    %164 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %165 = "stablehlo.broadcast_in_dim"(%164) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %166 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %167 = "stablehlo.broadcast_in_dim"(%166) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %168 = "stablehlo.select"(%163, %165, %167) : (tensor<64xi1>, tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %169 = "stablehlo.constant"() <{value = dense<3.750000e+00> : tensor<f32>}> : () -> tensor<f32>
    %170 = "stablehlo.broadcast_in_dim"(%169) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %171 = "stablehlo.compare"(%170, %162) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xi1>
    %172 = "stablehlo.constant"() <{value = dense<2.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %173 = "stablehlo.broadcast_in_dim"(%172) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %174 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %175 = "stablehlo.broadcast_in_dim"(%174) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %176 = "stablehlo.select"(%171, %173, %175) : (tensor<64xi1>, tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %177 = "stablehlo.divide"(%168, %176) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %178 = "stablehlo.log"(%162) : (tensor<64xf32>) -> tensor<64xf32>
    %179 = "stablehlo.constant"() <{value = dense<5.000000e-01> : tensor<f32>}> : () -> tensor<f32>
    %180 = "stablehlo.broadcast_in_dim"(%179) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %181 = "stablehlo.multiply"(%180, %178) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %182 = "stablehlo.subtract"(%66, %181) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %183 = "stablehlo.constant"() <{value = dense<3.923770e-03> : tensor<f32>}> : () -> tensor<f32>
    %184 = "stablehlo.broadcast_in_dim"(%183) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %185 = "stablehlo.multiply"(%155, %184) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %186 = "stablehlo.constant"() <{value = dense<-0.0164763294> : tensor<f32>}> : () -> tensor<f32>
    %187 = "stablehlo.broadcast_in_dim"(%186) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %188 = "stablehlo.add"(%187, %185) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %189 = "stablehlo.multiply"(%155, %188) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %190 = "stablehlo.constant"() <{value = dense<0.0263553709> : tensor<f32>}> : () -> tensor<f32>
    %191 = "stablehlo.broadcast_in_dim"(%190) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %192 = "stablehlo.add"(%191, %189) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %193 = "stablehlo.multiply"(%155, %192) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %194 = "stablehlo.constant"() <{value = dense<-0.0205770601> : tensor<f32>}> : () -> tensor<f32>
    %195 = "stablehlo.broadcast_in_dim"(%194) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %196 = "stablehlo.add"(%195, %193) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %197 = "stablehlo.multiply"(%155, %196) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %198 = "stablehlo.constant"() <{value = dense<0.00916280969> : tensor<f32>}> : () -> tensor<f32>
    %199 = "stablehlo.broadcast_in_dim"(%198) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %200 = "stablehlo.add"(%199, %197) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %201 = "stablehlo.multiply"(%155, %200) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %202 = "stablehlo.constant"() <{value = dense<-1.575650e-03> : tensor<f32>}> : () -> tensor<f32>
    %203 = "stablehlo.broadcast_in_dim"(%202) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %204 = "stablehlo.add"(%203, %201) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %205 = "stablehlo.multiply"(%155, %204) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %206 = "stablehlo.constant"() <{value = dense<2.253190e-03> : tensor<f32>}> : () -> tensor<f32>
    %207 = "stablehlo.broadcast_in_dim"(%206) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %208 = "stablehlo.add"(%207, %205) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %209 = "stablehlo.multiply"(%155, %208) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %210 = "stablehlo.constant"() <{value = dense<0.01328592> : tensor<f32>}> : () -> tensor<f32>
    %211 = "stablehlo.broadcast_in_dim"(%210) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %212 = "stablehlo.add"(%211, %209) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %213 = "stablehlo.multiply"(%155, %212) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %214 = "stablehlo.constant"() <{value = dense<0.398942292> : tensor<f32>}> : () -> tensor<f32>
    %215 = "stablehlo.broadcast_in_dim"(%214) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %216 = "stablehlo.add"(%215, %213) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %217 = "stablehlo.log"(%216) : (tensor<64xf32>) -> tensor<64xf32>
    %218 = "stablehlo.add"(%182, %217) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %219 = "stablehlo.constant"() <{value = dense<3.750000e+00> : tensor<f32>}> : () -> tensor<f32>
    %220 = "stablehlo.broadcast_in_dim"(%219) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %221 = "stablehlo.compare"(%66, %220) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction LT>}> : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xi1>
    %222 = "func.call"(%221, %134, %218) <{callee = @_where}> : (tensor<64xi1>, tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %223 = "stablehlo.multiply"(%66, %96) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %224 = "stablehlo.subtract"(%222, %223) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %225 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %226 = "stablehlo.reduce"(%224, %225) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg24: tensor<f32>, %arg25: tensor<f32>):
      %374 = "stablehlo.add"(%arg24, %arg25) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%374) : (tensor<f32>) -> ()
    }) : (tensor<64xf32>, tensor<f32>) -> tensor<f32>
    %227 = "stablehlo.constant"() <{value = dense<6.400000e+01> : tensor<f32>}> : () -> tensor<f32>
    %228 = "stablehlo.divide"(%226, %227) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %229 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %230 = "stablehlo.constant"() <{value = dense<6.400000e+01> : tensor<f32>}> : () -> tensor<f32>
    %231 = "stablehlo.divide"(%229, %230) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %232 = "stablehlo.broadcast_in_dim"(%231) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %233 = "stablehlo.negate"(%232) : (tensor<64xf32>) -> tensor<64xf32>
    %234 = "stablehlo.multiply"(%66, %233) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %235 = "stablehlo.multiply"(%233, %96) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %236:2 = "func.call"(%221, %232) <{callee = @_where_0}> : (tensor<64xi1>, tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>)
    %237 = "stablehlo.divide"(%236#1, %216) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %238 = "stablehlo.multiply"(%155, %237) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %239 = "stablehlo.multiply"(%237, %212) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %240 = "stablehlo.multiply"(%155, %238) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %241 = "stablehlo.multiply"(%238, %208) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %242 = "stablehlo.add"(%239, %241) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %243 = "stablehlo.multiply"(%155, %240) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %244 = "stablehlo.multiply"(%240, %204) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %245 = "stablehlo.add"(%242, %244) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %246 = "stablehlo.multiply"(%155, %243) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %247 = "stablehlo.multiply"(%243, %200) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %248 = "stablehlo.add"(%245, %247) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %249 = "stablehlo.multiply"(%155, %246) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %250 = "stablehlo.multiply"(%246, %196) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %251 = "stablehlo.add"(%248, %250) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %252 = "stablehlo.multiply"(%155, %249) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %253 = "stablehlo.multiply"(%249, %192) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %254 = "stablehlo.add"(%251, %253) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %255 = "stablehlo.multiply"(%155, %252) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %256 = "stablehlo.multiply"(%252, %188) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %257 = "stablehlo.add"(%254, %256) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %258 = "stablehlo.constant"() <{value = dense<3.923770e-03> : tensor<f32>}> : () -> tensor<f32>
    %259 = "stablehlo.broadcast_in_dim"(%258) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %260 = "stablehlo.multiply"(%255, %259) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %261 = "stablehlo.add"(%257, %260) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %262 = "stablehlo.negate"(%236#1) : (tensor<64xf32>) -> tensor<64xf32>
    %263 = "stablehlo.add"(%235, %236#1) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %264 = "stablehlo.constant"() <{value = dense<5.000000e-01> : tensor<f32>}> : () -> tensor<f32>
    %265 = "stablehlo.broadcast_in_dim"(%264) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %266 = "stablehlo.multiply"(%265, %262) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %267 = "stablehlo.divide"(%266, %162) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %268 = "stablehlo.multiply"(%267, %177) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %269 = "stablehlo.add"(%263, %268) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %270 = "stablehlo.multiply"(%261, %159) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %271 = "stablehlo.constant"() <{value = dense<3.750000e+00> : tensor<f32>}> : () -> tensor<f32>
    %272 = "stablehlo.broadcast_in_dim"(%271) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %273 = "stablehlo.multiply"(%270, %272) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %274 = "stablehlo.negate"(%273) : (tensor<64xf32>) -> tensor<64xf32>
    %275 = "stablehlo.multiply"(%274, %152) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %276 = "stablehlo.add"(%269, %275) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %277 = "stablehlo.divide"(%236#0, %133) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %278 = "stablehlo.multiply"(%104, %277) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %279 = "stablehlo.multiply"(%277, %129) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %280 = "stablehlo.multiply"(%104, %278) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %281 = "stablehlo.multiply"(%278, %125) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %282 = "stablehlo.add"(%279, %281) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %283 = "stablehlo.multiply"(%104, %280) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %284 = "stablehlo.multiply"(%280, %121) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %285 = "stablehlo.add"(%282, %284) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %286 = "stablehlo.multiply"(%104, %283) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %287 = "stablehlo.multiply"(%283, %117) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %288 = "stablehlo.add"(%285, %287) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %289 = "stablehlo.multiply"(%104, %286) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %290 = "stablehlo.multiply"(%286, %113) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %291 = "stablehlo.add"(%288, %290) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %292 = "stablehlo.constant"() <{value = dense<4.581300e-03> : tensor<f32>}> : () -> tensor<f32>
    %293 = "stablehlo.broadcast_in_dim"(%292) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %294 = "stablehlo.multiply"(%289, %293) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %295 = "stablehlo.add"(%291, %294) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %296 = "stablehlo.multiply"(%295, %107) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %297 = "stablehlo.constant"() <{value = dense<3.750000e+00> : tensor<f32>}> : () -> tensor<f32>
    %298 = "stablehlo.broadcast_in_dim"(%297) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %299 = "stablehlo.divide"(%296, %298) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %300 = "stablehlo.add"(%276, %299) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %301 = "stablehlo.multiply"(%234, %100) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %302 = "stablehlo.multiply"(%301, %75) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %303 = "stablehlo.negate"(%302) : (tensor<64xf32>) -> tensor<64xf32>
    %304 = "stablehlo.divide"(%234, %92) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %305 = "stablehlo.multiply"(%303, %95) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %306 = "stablehlo.multiply"(%305, %87) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %307 = "stablehlo.broadcast_in_dim"(%306) <{broadcast_dimensions = array<i64: 0>}> : (tensor<64xf32>) -> tensor<64x1xf32>
    %308 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %309 = "stablehlo.pad"(%307, %308) <{edge_padding_high = array<i64: 0, 0>, edge_padding_low = array<i64: 0, 1>, interior_padding = array<i64: 0, 0>}> : (tensor<64x1xf32>, tensor<f32>) -> tensor<64x2xf32>
    %310 = "stablehlo.multiply"(%305, %81) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %311 = "stablehlo.broadcast_in_dim"(%310) <{broadcast_dimensions = array<i64: 0>}> : (tensor<64xf32>) -> tensor<64x1xf32>
    %312 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %313 = "stablehlo.pad"(%311, %312) <{edge_padding_high = array<i64: 0, 1>, edge_padding_low = array<i64: 0, 0>, interior_padding = array<i64: 0, 0>}> : (tensor<64x1xf32>, tensor<f32>) -> tensor<64x2xf32>
    %314 = "stablehlo.add"(%309, %313) : (tensor<64x2xf32>, tensor<64x2xf32>) -> tensor<64x2xf32>
    %315 = "stablehlo.multiply"(%304, %73) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %316 = "stablehlo.broadcast_in_dim"(%315) <{broadcast_dimensions = array<i64: 0>}> : (tensor<64xf32>) -> tensor<64x1xf32>
    %317 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %318 = "stablehlo.pad"(%316, %317) <{edge_padding_high = array<i64: 0, 0>, edge_padding_low = array<i64: 0, 1>, interior_padding = array<i64: 0, 0>}> : (tensor<64x1xf32>, tensor<f32>) -> tensor<64x2xf32>
    %319 = "stablehlo.add"(%314, %318) : (tensor<64x2xf32>, tensor<64x2xf32>) -> tensor<64x2xf32>
    %320 = "stablehlo.multiply"(%304, %69) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %321 = "stablehlo.broadcast_in_dim"(%320) <{broadcast_dimensions = array<i64: 0>}> : (tensor<64xf32>) -> tensor<64x1xf32>
    %322 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %323 = "stablehlo.pad"(%321, %322) <{edge_padding_high = array<i64: 0, 1>, edge_padding_low = array<i64: 0, 0>, interior_padding = array<i64: 0, 0>}> : (tensor<64x1xf32>, tensor<f32>) -> tensor<64x2xf32>
    %324 = "stablehlo.add"(%319, %323) : (tensor<64x2xf32>, tensor<64x2xf32>) -> tensor<64x2xf32>
    %325 = "stablehlo.broadcast_in_dim"(%300) <{broadcast_dimensions = array<i64: 0>}> : (tensor<64xf32>) -> tensor<64x1xf32>
    %326 = "func.call"(%65#1, %65#2, %325) <{callee = @softplus_1}> : (tensor<64x1xf32>, tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xf32>
    %327 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %328 = "stablehlo.reduce"(%326, %327) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg22: tensor<f32>, %arg23: tensor<f32>):
      %373 = "stablehlo.add"(%arg22, %arg23) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%373) : (tensor<f32>) -> ()
    }) : (tensor<64x1xf32>, tensor<f32>) -> tensor<1xf32>
    %329 = "stablehlo.reshape"(%328) : (tensor<1xf32>) -> tensor<1x1xf32>
    %330 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %331 = "stablehlo.reduce"(%329, %330) <{dimensions = array<i64: 0, 1>}> ({
    ^bb0(%arg20: tensor<f32>, %arg21: tensor<f32>):
      %372 = "stablehlo.add"(%arg20, %arg21) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%372) : (tensor<f32>) -> ()
    }) : (tensor<1x1xf32>, tensor<f32>) -> tensor<f32>
    %332 = "stablehlo.broadcast_in_dim"(%331) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<1xf32>
    %333 = "stablehlo.dot_general"(%326, %56) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [0], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<64x1xf32>, tensor<64x16xf32>) -> tensor<1x16xf32>
    %334 = "stablehlo.transpose"(%333) <{permutation = array<i64: 1, 0>}> : (tensor<1x16xf32>) -> tensor<16x1xf32>
    %335 = "stablehlo.dot_general"(%326, %arg12) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<64x1xf32>, tensor<16x1xf32>) -> tensor<64x16xf32>
    %336 = "stablehlo.dot_general"(%324, %56) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [0], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<64x2xf32>, tensor<64x16xf32>) -> tensor<2x16xf32>
    %337 = "stablehlo.transpose"(%336) <{permutation = array<i64: 1, 0>}> : (tensor<2x16xf32>) -> tensor<16x2xf32>
    %338 = "stablehlo.dot_general"(%324, %arg11) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<64x2xf32>, tensor<16x2xf32>) -> tensor<64x16xf32>
    %339 = "stablehlo.add"(%335, %338) : (tensor<64x16xf32>, tensor<64x16xf32>) -> tensor<64x16xf32>
    %340 = "stablehlo.multiply"(%339, %59) : (tensor<64x16xf32>, tensor<64x16xf32>) -> tensor<64x16xf32>
    %341 = "stablehlo.multiply"(%340, %56) : (tensor<64x16xf32>, tensor<64x16xf32>) -> tensor<64x16xf32>
    %342 = "stablehlo.add"(%340, %341) : (tensor<64x16xf32>, tensor<64x16xf32>) -> tensor<64x16xf32>
    %343 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %344 = "stablehlo.reduce"(%342, %343) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg18: tensor<f32>, %arg19: tensor<f32>):
      %371 = "stablehlo.add"(%arg18, %arg19) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%371) : (tensor<f32>) -> ()
    }) : (tensor<64x16xf32>, tensor<f32>) -> tensor<16xf32>
    %345 = "stablehlo.reshape"(%344) : (tensor<16xf32>) -> tensor<1x16xf32>
    %346 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %347 = "stablehlo.reduce"(%345, %346) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg16: tensor<f32>, %arg17: tensor<f32>):
      %370 = "stablehlo.add"(%arg16, %arg17) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%370) : (tensor<f32>) -> ()
    }) : (tensor<1x16xf32>, tensor<f32>) -> tensor<16xf32>
    %348 = "stablehlo.dot_general"(%342, %arg14) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [0], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<64x16xf32>, tensor<64x64xf32>) -> tensor<16x64xf32>
    %349 = "stablehlo.transpose"(%348) <{permutation = array<i64: 1, 0>}> : (tensor<16x64xf32>) -> tensor<64x16xf32>
    %350 = "stablehlo.constant"() <{value = dense<5.000000e-02> : tensor<f32>}> : () -> tensor<f32>
    %351 = "stablehlo.broadcast_in_dim"(%350) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x16xf32>
    %352 = "stablehlo.multiply"(%351, %349) : (tensor<64x16xf32>, tensor<64x16xf32>) -> tensor<64x16xf32>
    %353 = "stablehlo.subtract"(%arg9, %352) : (tensor<64x16xf32>, tensor<64x16xf32>) -> tensor<64x16xf32>
    %354 = "stablehlo.constant"() <{value = dense<5.000000e-02> : tensor<f32>}> : () -> tensor<f32>
    %355 = "stablehlo.broadcast_in_dim"(%354) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<16xf32>
    %356 = "stablehlo.multiply"(%355, %347) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    %357 = "stablehlo.subtract"(%arg10, %356) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
    %358 = "stablehlo.constant"() <{value = dense<5.000000e-02> : tensor<f32>}> : () -> tensor<f32>
    %359 = "stablehlo.broadcast_in_dim"(%358) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<16x2xf32>
    %360 = "stablehlo.multiply"(%359, %337) : (tensor<16x2xf32>, tensor<16x2xf32>) -> tensor<16x2xf32>
    %361 = "stablehlo.subtract"(%arg11, %360) : (tensor<16x2xf32>, tensor<16x2xf32>) -> tensor<16x2xf32>
    %362 = "stablehlo.constant"() <{value = dense<5.000000e-02> : tensor<f32>}> : () -> tensor<f32>
    %363 = "stablehlo.broadcast_in_dim"(%362) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<16x1xf32>
    %364 = "stablehlo.multiply"(%363, %334) : (tensor<16x1xf32>, tensor<16x1xf32>) -> tensor<16x1xf32>
    %365 = "stablehlo.subtract"(%arg12, %364) : (tensor<16x1xf32>, tensor<16x1xf32>) -> tensor<16x1xf32>
    %366 = "stablehlo.constant"() <{value = dense<5.000000e-02> : tensor<f32>}> : () -> tensor<f32>
    %367 = "stablehlo.broadcast_in_dim"(%366) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<1xf32>
    %368 = "stablehlo.multiply"(%367, %332) : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
    %369 = "stablehlo.subtract"(%arg13, %368) : (tensor<1xf32>, tensor<1xf32>) -> tensor<1xf32>
    "func.return"(%353, %357, %361, %365, %369, %228) : (tensor<64x16xf32>, tensor<16xf32>, tensor<16x2xf32>, tensor<16x1xf32>, tensor<1xf32>, tensor<f32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<64x1xf32>) -> (tensor<64x1xf32>, tensor<64x1xf32>, tensor<64x1xf32>), sym_name = "softplus", sym_visibility = "private"}> ({
  ^bb0(%arg8: tensor<64x1xf32>):
    %6 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %7 = "stablehlo.broadcast_in_dim"(%6) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x1xf32>
    %8 = "stablehlo.maximum"(%arg8, %7) : (tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xf32>
    %9 = "stablehlo.broadcast_in_dim"(%6) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x1xf32>
    %10 = "stablehlo.subtract"(%arg8, %9) : (tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xf32>
    %11 = "stablehlo.compare"(%10, %10) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction NE>}> : (tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xi1>
    %12 = "stablehlo.broadcast_in_dim"(%6) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x1xf32>
    %13 = "stablehlo.add"(%arg8, %12) : (tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xf32>
    %14 = "stablehlo.abs"(%10) : (tensor<64x1xf32>) -> tensor<64x1xf32>
    %15 = "stablehlo.negate"(%14) : (tensor<64x1xf32>) -> tensor<64x1xf32>
    %16 = "stablehlo.exponential"(%15) : (tensor<64x1xf32>) -> tensor<64x1xf32>
    %17 = "stablehlo.log_plus_one"(%16) : (tensor<64x1xf32>) -> tensor<64x1xf32>
    %18 = "stablehlo.add"(%8, %17) : (tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xf32>
    %19 = "stablehlo.select"(%11, %13, %18) : (tensor<64x1xi1>, tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xf32>
    %20 = "stablehlo.constant"() <{value = dense<0x7F800000> : tensor<f32>}> : () -> tensor<f32>
    %21 = "stablehlo.broadcast_in_dim"(%20) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x1xf32>
    %22 = "stablehlo.compare"(%arg8, %21) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xi1>
    %23 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %24 = "stablehlo.broadcast_in_dim"(%23) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x1xf32>
    %25 = "stablehlo.select"(%22, %24, %arg8) : (tensor<64x1xi1>, tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xf32>
    %26 = "stablehlo.constant"() <{value = dense<0x7F800000> : tensor<f32>}> : () -> tensor<f32>
    %27 = "stablehlo.broadcast_in_dim"(%26) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x1xf32>
    %28 = "stablehlo.compare"(%19, %27) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xi1>
    %29 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %30 = "stablehlo.broadcast_in_dim"(%29) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x1xf32>
    %31 = "stablehlo.select"(%28, %30, %19) : (tensor<64x1xi1>, tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xf32>
    %32 = "stablehlo.subtract"(%25, %31) : (tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xf32>
    %33 = "stablehlo.exponential"(%32) : (tensor<64x1xf32>) -> tensor<64x1xf32>
    %34 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %35 = "stablehlo.constant"() <{value = dense<0x7F800000> : tensor<f32>}> : () -> tensor<f32>
    %36 = "stablehlo.compare"(%34, %35) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %37 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %38 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %39 = "stablehlo.select"(%36, %38, %37) : (tensor<i1>, tensor<f32>, tensor<f32>) -> tensor<f32>
    %40 = "stablehlo.constant"() <{value = dense<0x7F800000> : tensor<f32>}> : () -> tensor<f32>
    %41 = "stablehlo.broadcast_in_dim"(%40) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x1xf32>
    %42 = "stablehlo.compare"(%19, %41) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xi1>
    %43 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %44 = "stablehlo.broadcast_in_dim"(%43) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x1xf32>
    %45 = "stablehlo.select"(%42, %44, %19) : (tensor<64x1xi1>, tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xf32>
    %46 = "stablehlo.broadcast_in_dim"(%39) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x1xf32>
    %47 = "stablehlo.subtract"(%46, %45) : (tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xf32>
    %48 = "stablehlo.exponential"(%47) : (tensor<64x1xf32>) -> tensor<64x1xf32>
    %49 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %50 = "stablehlo.broadcast_in_dim"(%49) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x1xf32>
    %51 = "stablehlo.multiply"(%50, %48) : (tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xf32>
    "func.return"(%19, %33, %51) : (tensor<64x1xf32>, tensor<64x1xf32>, tensor<64x1xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<64xi1>, tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>, sym_name = "_where", sym_visibility = "private"}> ({
  ^bb0(%arg5: tensor<64xi1>, %arg6: tensor<64xf32>, %arg7: tensor<64xf32>):
    %5 = "stablehlo.select"(%arg5, %arg6, %arg7) : (tensor<64xi1>, tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    "func.return"(%5) : (tensor<64xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<64xi1>, tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>), sym_name = "_where_0", sym_visibility = "private"}> ({
  ^bb0(%arg3: tensor<64xi1>, %arg4: tensor<64xf32>):
    %1 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %2 = "stablehlo.broadcast_in_dim"(%1) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %3 = "stablehlo.select"(%arg3, %2, %arg4) : (tensor<64xi1>, tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %4 = "stablehlo.select"(%arg3, %arg4, %2) : (tensor<64xi1>, tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    "func.return"(%4, %3) : (tensor<64xf32>, tensor<64xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<64x1xf32>, tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xf32>, sym_name = "softplus_1", sym_visibility = "private"}> ({
  ^bb0(%arg0: tensor<64x1xf32>, %arg1: tensor<64x1xf32>, %arg2: tensor<64x1xf32>):
    %0 = "stablehlo.multiply"(%arg2, %arg0) : (tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xf32>
    "func.return"(%0) : (tensor<64x1xf32>) -> ()
  }) : () -> ()
}) {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} : () -> ()

