"builtin.module"() <{sym_name = "jit_step"}> ({
  "func.func"() <{function_type = (tensor<64x32xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<32x10xf32>, tensor<32x10xf32>, tensor<10xf32>, tensor<64x64xf32>, tensor<64xi32>, tensor<64x32xf32>, tensor<32x10xf32>) -> (tensor<f32>, tensor<64x32xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<32x10xf32>, tensor<32x10xf32>, tensor<10xf32>), res_attrs = [{jax.result_info = "result[0]"}, {jax.result_info = "result[1]"}, {jax.result_info = "result[2]"}, {jax.result_info = "result[3]"}, {jax.result_info = "result[4]"}, {jax.result_info = "result[5]"}, {jax.result_info = "result[6]"}], sym_name = "main", sym_visibility = "public"}> ({
  ^bb0(%arg22: tensor<64x32xf32>, %arg23: tensor<64x32xf32>, %arg24: tensor<32xf32>, %arg25: tensor<32x10xf32>, %arg26: tensor<32x10xf32>, %arg27: tensor<10xf32>, %arg28: tensor<64x64xf32>, %arg29: tensor<64xi32>, %arg30: tensor<64x32xf32>, %arg31: tensor<32x10xf32>):
    %132:3 = "func.call"(%arg23) <{callee = @softplus}> : (tensor<64x32xf32>) -> (tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>)
    %133 = "stablehlo.multiply"(%132#0, %arg30) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %134 = "stablehlo.add"(%arg22, %133) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %135 = "stablehlo.dot_general"(%arg28, %134) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<64x64xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %136 = "stablehlo.broadcast_in_dim"(%arg24) <{broadcast_dimensions = array<i64: 1>}> : (tensor<32xf32>) -> tensor<1x32xf32>
    %137 = "stablehlo.broadcast_in_dim"(%136) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<1x32xf32>) -> tensor<64x32xf32>
    %138 = "stablehlo.add"(%135, %137) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %139 = "func.call"(%138) <{callee = @relu}> : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %140 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %141 = "stablehlo.broadcast_in_dim"(%140) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %142 = "stablehlo.compare"(%138, %141) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction GT>}> : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xi1>
    %143 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %144 = "stablehlo.broadcast_in_dim"(%143) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %145:3 = "func.call"(%arg26) <{callee = @softplus_0}> : (tensor<32x10xf32>) -> (tensor<32x10xf32>, tensor<32x10xf32>, tensor<32x10xf32>)
    %146 = "stablehlo.multiply"(%145#0, %arg31) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %147 = "stablehlo.add"(%arg25, %146) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %148 = "stablehlo.dot_general"(%139, %147) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<64x32xf32>, tensor<32x10xf32>) -> tensor<64x10xf32>
    %149 = "stablehlo.broadcast_in_dim"(%arg27) <{broadcast_dimensions = array<i64: 1>}> : (tensor<10xf32>) -> tensor<1x10xf32>
    %150 = "stablehlo.broadcast_in_dim"(%149) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<1x10xf32>) -> tensor<64x10xf32>
    %151 = "stablehlo.add"(%148, %150) : (tensor<64x10xf32>, tensor<64x10xf32>) -> tensor<64x10xf32>
    %152 = "func.call"(%arg29) <{callee = @_one_hot}> : (tensor<64xi32>) -> tensor<64x10xf32>
    %153:3 = "func.call"(%151) <{callee = @log_softmax}> : (tensor<64x10xf32>) -> (tensor<64x10xf32>, tensor<64x10xf32>, tensor<64x1xf32>)
    %154 = "stablehlo.multiply"(%152, %153#0) : (tensor<64x10xf32>, tensor<64x10xf32>) -> tensor<64x10xf32>
    %155 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %156 = "stablehlo.reduce"(%154, %155) <{dimensions = array<i64: 1>}> ({
    ^bb0(%arg46: tensor<f32>, %arg47: tensor<f32>):
      %358 = "stablehlo.add"(%arg46, %arg47) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%358) : (tensor<f32>) -> ()
    }) : (tensor<64x10xf32>, tensor<f32>) -> tensor<64xf32>
    %157 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %158 = "stablehlo.reduce"(%156, %157) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg44: tensor<f32>, %arg45: tensor<f32>):
      %357 = "stablehlo.add"(%arg44, %arg45) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%357) : (tensor<f32>) -> ()
    }) : (tensor<64xf32>, tensor<f32>) -> tensor<f32>
    %159 = "stablehlo.constant"() <{value = dense<6.400000e+01> : tensor<f32>}> : () -> tensor<f32>
    %160 = "stablehlo.divide"(%158, %159) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %161 = "stablehlo.negate"(%160) : (tensor<f32>) -> tensor<f32>
    %162:3 = "func.call"(%arg23) <{callee = @softplus}> : (tensor<64x32xf32>) -> (tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>)
    %163 = "stablehlo.multiply"(%arg22, %arg22) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %164 = "stablehlo.constant"() <{value = dense<8.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %165 = "stablehlo.broadcast_in_dim"(%164) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %166 = "stablehlo.multiply"(%165, %162#0) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %167 = "stablehlo.divide"(%163, %166) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %168 = "stablehlo.multiply"(%166, %166) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %169 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %170 = "stablehlo.broadcast_in_dim"(%169) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %171 = "stablehlo.divide"(%170, %168) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %172 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %173 = "stablehlo.broadcast_in_dim"(%172) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %174 = "stablehlo.subtract"(%162#0, %173) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %175 = "stablehlo.multiply"(%174, %174) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %176 = "stablehlo.constant"() <{value = dense<2.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %177 = "stablehlo.broadcast_in_dim"(%176) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %178 = "stablehlo.multiply"(%177, %174) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %179 = "stablehlo.constant"() <{value = dense<4.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %180 = "stablehlo.broadcast_in_dim"(%179) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %181 = "stablehlo.multiply"(%180, %162#0) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %182 = "stablehlo.divide"(%175, %181) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %183 = "stablehlo.multiply"(%181, %181) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %184 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %185 = "stablehlo.broadcast_in_dim"(%184) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %186 = "stablehlo.divide"(%185, %183) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %187 = "stablehlo.add"(%167, %182) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %188 = "stablehlo.sqrt"(%187) : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %189 = "stablehlo.constant"() <{value = dense<5.000000e-01> : tensor<f32>}> : () -> tensor<f32>
    %190 = "stablehlo.broadcast_in_dim"(%189) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %191 = "stablehlo.divide"(%190, %188) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %192 = "chlo.asinh"(%188) : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %193 = "chlo.square"(%188) : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %194 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %195 = "stablehlo.broadcast_in_dim"(%194) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %196 = "stablehlo.add"(%193, %195) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %197 = "stablehlo.rsqrt"(%196) : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %198 = "stablehlo.multiply"(%192, %192) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %199 = "stablehlo.constant"() <{value = dense<2.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %200 = "stablehlo.broadcast_in_dim"(%199) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %201 = "stablehlo.multiply"(%200, %192) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %202 = "stablehlo.constant"() <{value = dense<8.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %203 = "stablehlo.broadcast_in_dim"(%202) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %204 = "stablehlo.multiply"(%203, %198) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %205 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %206 = "stablehlo.reduce"(%204, %205) <{dimensions = array<i64: 0, 1>}> ({
    ^bb0(%arg42: tensor<f32>, %arg43: tensor<f32>):
      %356 = "stablehlo.add"(%arg42, %arg43) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%356) : (tensor<f32>) -> ()
    }) : (tensor<64x32xf32>, tensor<f32>) -> tensor<f32>
    %207 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %208 = "stablehlo.add"(%207, %206) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %209:3 = "func.call"(%arg26) <{callee = @softplus_0}> : (tensor<32x10xf32>) -> (tensor<32x10xf32>, tensor<32x10xf32>, tensor<32x10xf32>)
    %210 = "stablehlo.multiply"(%arg25, %arg25) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %211 = "stablehlo.constant"() <{value = dense<8.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %212 = "stablehlo.broadcast_in_dim"(%211) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %213 = "stablehlo.multiply"(%212, %209#0) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %214 = "stablehlo.divide"(%210, %213) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %215 = "stablehlo.multiply"(%213, %213) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %216 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %217 = "stablehlo.broadcast_in_dim"(%216) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %218 = "stablehlo.divide"(%217, %215) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %219 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %220 = "stablehlo.broadcast_in_dim"(%219) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %221 = "stablehlo.subtract"(%209#0, %220) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %222 = "stablehlo.multiply"(%221, %221) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %223 = "stablehlo.constant"() <{value = dense<2.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %224 = "stablehlo.broadcast_in_dim"(%223) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %225 = "stablehlo.multiply"(%224, %221) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %226 = "stablehlo.constant"() <{value = dense<4.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %227 = "stablehlo.broadcast_in_dim"(%226) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %228 = "stablehlo.multiply"(%227, %209#0) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %229 = "stablehlo.divide"(%222, %228) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %230 = "stablehlo.multiply"(%228, %228) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %231 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %232 = "stablehlo.broadcast_in_dim"(%231) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %233 = "stablehlo.divide"(%232, %230) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %234 = "stablehlo.add"(%214, %229) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %235 = "stablehlo.sqrt"(%234) : (tensor<32x10xf32>) -> tensor<32x10xf32>
    %236 = "stablehlo.constant"() <{value = dense<5.000000e-01> : tensor<f32>}> : () -> tensor<f32>
    %237 = "stablehlo.broadcast_in_dim"(%236) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %238 = "stablehlo.divide"(%237, %235) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %239 = "chlo.asinh"(%235) : (tensor<32x10xf32>) -> tensor<32x10xf32>
    %240 = "chlo.square"(%235) : (tensor<32x10xf32>) -> tensor<32x10xf32>
    %241 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %242 = "stablehlo.broadcast_in_dim"(%241) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %243 = "stablehlo.add"(%240, %242) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %244 = "stablehlo.rsqrt"(%243) : (tensor<32x10xf32>) -> tensor<32x10xf32>
    %245 = "stablehlo.multiply"(%239, %239) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %246 = "stablehlo.constant"() <{value = dense<2.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %247 = "stablehlo.broadcast_in_dim"(%246) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %248 = "stablehlo.multiply"(%247, %239) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %249 = "stablehlo.constant"() <{value = dense<8.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %250 = "stablehlo.broadcast_in_dim"(%249) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %251 = "stablehlo.multiply"(%250, %245) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %252 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %253 = "stablehlo.reduce"(%251, %252) <{dimensions = array<i64: 0, 1>}> ({
    ^bb0(%arg40: tensor<f32>, %arg41: tensor<f32>):
      %355 = "stablehlo.add"(%arg40, %arg41) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%355) : (tensor<f32>) -> ()
    }) : (tensor<32x10xf32>, tensor<f32>) -> tensor<f32>
    %254 = "stablehlo.add"(%208, %253) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %255 = "stablehlo.constant"() <{value = dense<1.000000e-03> : tensor<f32>}> : () -> tensor<f32>
    %256 = "stablehlo.multiply"(%255, %254) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %257 = "stablehlo.add"(%161, %256) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %258 = "stablehlo.constant"() <{value = dense<1.000000e-03> : tensor<f32>}> : () -> tensor<f32>
    %259 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %260 = "stablehlo.multiply"(%258, %259) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %261 = "stablehlo.broadcast_in_dim"(%260) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %262 = "stablehlo.constant"() <{value = dense<8.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %263 = "stablehlo.broadcast_in_dim"(%262) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %264 = "stablehlo.multiply"(%263, %261) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %265 = "stablehlo.multiply"(%264, %248) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %266 = "stablehlo.multiply"(%265, %244) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %267 = "stablehlo.multiply"(%266, %238) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %268 = "stablehlo.multiply"(%267, %233) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %269 = "stablehlo.multiply"(%268, %222) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %270 = "stablehlo.negate"(%269) : (tensor<32x10xf32>) -> tensor<32x10xf32>
    %271 = "stablehlo.divide"(%267, %228) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %272 = "stablehlo.constant"() <{value = dense<4.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %273 = "stablehlo.broadcast_in_dim"(%272) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %274 = "stablehlo.multiply"(%273, %270) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %275 = "stablehlo.multiply"(%271, %225) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %276 = "stablehlo.add"(%274, %275) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %277 = "stablehlo.multiply"(%267, %218) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %278 = "stablehlo.multiply"(%277, %210) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %279 = "stablehlo.negate"(%278) : (tensor<32x10xf32>) -> tensor<32x10xf32>
    %280 = "stablehlo.divide"(%267, %213) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %281 = "stablehlo.constant"() <{value = dense<8.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %282 = "stablehlo.broadcast_in_dim"(%281) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %283 = "stablehlo.multiply"(%282, %279) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %284 = "stablehlo.add"(%276, %283) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %285 = "stablehlo.multiply"(%arg25, %280) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %286 = "stablehlo.multiply"(%280, %arg25) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %287 = "stablehlo.add"(%285, %286) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %288 = "func.call"(%209#1, %209#2, %284) <{callee = @softplus_1}> : (tensor<32x10xf32>, tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %289 = "stablehlo.broadcast_in_dim"(%260) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %290 = "stablehlo.constant"() <{value = dense<8.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %291 = "stablehlo.broadcast_in_dim"(%290) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %292 = "stablehlo.multiply"(%291, %289) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %293 = "stablehlo.multiply"(%292, %201) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %294 = "stablehlo.multiply"(%293, %197) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %295 = "stablehlo.multiply"(%294, %191) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %296 = "stablehlo.multiply"(%295, %186) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %297 = "stablehlo.multiply"(%296, %175) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %298 = "stablehlo.negate"(%297) : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %299 = "stablehlo.divide"(%295, %181) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %300 = "stablehlo.constant"() <{value = dense<4.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %301 = "stablehlo.broadcast_in_dim"(%300) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %302 = "stablehlo.multiply"(%301, %298) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %303 = "stablehlo.multiply"(%299, %178) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %304 = "stablehlo.add"(%302, %303) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %305 = "stablehlo.multiply"(%295, %171) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %306 = "stablehlo.multiply"(%305, %163) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %307 = "stablehlo.negate"(%306) : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %308 = "stablehlo.divide"(%295, %166) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %309 = "stablehlo.constant"() <{value = dense<8.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %310 = "stablehlo.broadcast_in_dim"(%309) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %311 = "stablehlo.multiply"(%310, %307) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %312 = "stablehlo.add"(%304, %311) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %313 = "stablehlo.multiply"(%arg22, %308) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %314 = "stablehlo.multiply"(%308, %arg22) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %315 = "stablehlo.add"(%313, %314) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %316 = "func.call"(%162#1, %162#2, %312) <{callee = @softplus_2}> : (tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %317 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %318 = "stablehlo.negate"(%317) : (tensor<f32>) -> tensor<f32>
    %319 = "stablehlo.constant"() <{value = dense<6.400000e+01> : tensor<f32>}> : () -> tensor<f32>
    %320 = "stablehlo.divide"(%318, %319) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %321 = "stablehlo.broadcast_in_dim"(%320) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %322 = "stablehlo.broadcast_in_dim"(%321) <{broadcast_dimensions = array<i64: 0>}> : (tensor<64xf32>) -> tensor<64x10xf32>
    %323 = "stablehlo.multiply"(%152, %322) : (tensor<64x10xf32>, tensor<64x10xf32>) -> tensor<64x10xf32>
    %324 = "func.call"(%153#1, %153#2, %323) <{callee = @log_softmax_3}> : (tensor<64x10xf32>, tensor<64x1xf32>, tensor<64x10xf32>) -> tensor<64x10xf32>
    %325 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %326 = "stablehlo.reduce"(%324, %325) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg38: tensor<f32>, %arg39: tensor<f32>):
      %354 = "stablehlo.add"(%arg38, %arg39) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%354) : (tensor<f32>) -> ()
    }) : (tensor<64x10xf32>, tensor<f32>) -> tensor<10xf32>
    %327 = "stablehlo.reshape"(%326) : (tensor<10xf32>) -> tensor<1x10xf32>
    %328 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %329 = "stablehlo.reduce"(%327, %328) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg36: tensor<f32>, %arg37: tensor<f32>):
      %353 = "stablehlo.add"(%arg36, %arg37) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%353) : (tensor<f32>) -> ()
    }) : (tensor<1x10xf32>, tensor<f32>) -> tensor<10xf32>
    %330 = "stablehlo.dot_general"(%324, %139) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [0], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<64x10xf32>, tensor<64x32xf32>) -> tensor<10x32xf32>
    %331 = "stablehlo.transpose"(%330) <{permutation = array<i64: 1, 0>}> : (tensor<10x32xf32>) -> tensor<32x10xf32>
    %332 = "stablehlo.dot_general"(%324, %147) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<64x10xf32>, tensor<32x10xf32>) -> tensor<64x32xf32>
    %333 = "stablehlo.add"(%287, %331) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %334 = "stablehlo.multiply"(%331, %arg31) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %335 = "func.call"(%145#1, %145#2, %334) <{callee = @softplus_1}> : (tensor<32x10xf32>, tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %336 = "stablehlo.add"(%288, %335) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %337 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %338 = "stablehlo.broadcast_in_dim"(%337) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %339 = "stablehlo.select"(%142, %332, %338) : (tensor<64x32xi1>, tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %340 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %341 = "stablehlo.reduce"(%339, %340) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg34: tensor<f32>, %arg35: tensor<f32>):
      %352 = "stablehlo.add"(%arg34, %arg35) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%352) : (tensor<f32>) -> ()
    }) : (tensor<64x32xf32>, tensor<f32>) -> tensor<32xf32>
    %342 = "stablehlo.reshape"(%341) : (tensor<32xf32>) -> tensor<1x32xf32>
    %343 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %344 = "stablehlo.reduce"(%342, %343) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg32: tensor<f32>, %arg33: tensor<f32>):
      %351 = "stablehlo.add"(%arg32, %arg33) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%351) : (tensor<f32>) -> ()
    }) : (tensor<1x32xf32>, tensor<f32>) -> tensor<32xf32>
    %345 = "stablehlo.dot_general"(%339, %arg28) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [0], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<64x32xf32>, tensor<64x64xf32>) -> tensor<32x64xf32>
    %346 = "stablehlo.transpose"(%345) <{permutation = array<i64: 1, 0>}> : (tensor<32x64xf32>) -> tensor<64x32xf32>
    %347 = "stablehlo.add"(%315, %346) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %348 = "stablehlo.multiply"(%346, %arg30) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %349 = "func.call"(%132#1, %132#2, %348) <{callee = @softplus_2}> : (tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %350 = "stablehlo.add"(%316, %349) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    "func.return"(%257, %347, %350, %344, %333, %336, %329) : (tensor<f32>, tensor<64x32xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<32x10xf32>, tensor<32x10xf32>, tensor<10xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<64x32xf32>) -> (tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>), sym_name = "softplus", sym_visibility = "private"}> ({
  ^bb0(%arg21: tensor<64x32xf32>):
    %86 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %87 = "stablehlo.broadcast_in_dim"(%86) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %88 = "stablehlo.maximum"(%arg21, %87) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %89 = "stablehlo.broadcast_in_dim"(%86) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %90 = "stablehlo.subtract"(%arg21, %89) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %91 = "stablehlo.compare"(%90, %90) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction NE>}> : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xi1>
    %92 = "stablehlo.broadcast_in_dim"(%86) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %93 = "stablehlo.add"(%arg21, %92) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %94 = "stablehlo.abs"(%90) : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %95 = "stablehlo.negate"(%94) : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %96 = "stablehlo.exponential"(%95) : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %97 = "stablehlo.log_plus_one"(%96) : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %98 = "stablehlo.add"(%88, %97) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %99 = "stablehlo.select"(%91, %93, %98) : (tensor<64x32xi1>, tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %100 = "stablehlo.constant"() <{value = dense<0x7F800000> : tensor<f32>}> : () -> tensor<f32>
    %101 = "stablehlo.broadcast_in_dim"(%100) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %102 = "stablehlo.compare"(%arg21, %101) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xi1>
    %103 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %104 = "stablehlo.broadcast_in_dim"(%103) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %105 = "stablehlo.select"(%102, %104, %arg21) : (tensor<64x32xi1>, tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %106 = "stablehlo.constant"() <{value = dense<0x7F800000> : tensor<f32>}> : () -> tensor<f32>
    %107 = "stablehlo.broadcast_in_dim"(%106) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %108 = "stablehlo.compare"(%99, %107) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xi1>
    %109 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %110 = "stablehlo.broadcast_in_dim"(%109) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %111 = "stablehlo.select"(%108, %110, %99) : (tensor<64x32xi1>, tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %112 = "stablehlo.subtract"(%105, %111) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %113 = "stablehlo.exponential"(%112) : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %114 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %115 = "stablehlo.constant"() <{value = dense<0x7F800000> : tensor<f32>}> : () -> tensor<f32>
    %116 = "stablehlo.compare"(%114, %115) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %117 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %118 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %119 = "stablehlo.select"(%116, %118, %117) : (tensor<i1>, tensor<f32>, tensor<f32>) -> tensor<f32>
    %120 = "stablehlo.constant"() <{value = dense<0x7F800000> : tensor<f32>}> : () -> tensor<f32>
    %121 = "stablehlo.broadcast_in_dim"(%120) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %122 = "stablehlo.compare"(%99, %121) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xi1>
    %123 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %124 = "stablehlo.broadcast_in_dim"(%123) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %125 = "stablehlo.select"(%122, %124, %99) : (tensor<64x32xi1>, tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %126 = "stablehlo.broadcast_in_dim"(%119) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %127 = "stablehlo.subtract"(%126, %125) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %128 = "stablehlo.exponential"(%127) : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %129 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %130 = "stablehlo.broadcast_in_dim"(%129) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %131 = "stablehlo.multiply"(%130, %128) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    "func.return"(%99, %113, %131) : (tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<64x32xf32>) -> tensor<64x32xf32>, sym_name = "relu", sym_visibility = "private"}> ({
  ^bb0(%arg20: tensor<64x32xf32>):
    %83 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %84 = "stablehlo.broadcast_in_dim"(%83) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %85 = "stablehlo.maximum"(%arg20, %84) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    "func.return"(%85) : (tensor<64x32xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<32x10xf32>) -> (tensor<32x10xf32>, tensor<32x10xf32>, tensor<32x10xf32>), sym_name = "softplus_0", sym_visibility = "private"}> ({
  ^bb0(%arg19: tensor<32x10xf32>):
    %37 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %38 = "stablehlo.broadcast_in_dim"(%37) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %39 = "stablehlo.maximum"(%arg19, %38) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %40 = "stablehlo.broadcast_in_dim"(%37) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %41 = "stablehlo.subtract"(%arg19, %40) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %42 = "stablehlo.compare"(%41, %41) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction NE>}> : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xi1>
    %43 = "stablehlo.broadcast_in_dim"(%37) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %44 = "stablehlo.add"(%arg19, %43) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %45 = "stablehlo.abs"(%41) : (tensor<32x10xf32>) -> tensor<32x10xf32>
    %46 = "stablehlo.negate"(%45) : (tensor<32x10xf32>) -> tensor<32x10xf32>
    %47 = "stablehlo.exponential"(%46) : (tensor<32x10xf32>) -> tensor<32x10xf32>
    %48 = "stablehlo.log_plus_one"(%47) : (tensor<32x10xf32>) -> tensor<32x10xf32>
    %49 = "stablehlo.add"(%39, %48) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %50 = "stablehlo.select"(%42, %44, %49) : (tensor<32x10xi1>, tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %51 = "stablehlo.constant"() <{value = dense<0x7F800000> : tensor<f32>}> : () -> tensor<f32>
    %52 = "stablehlo.broadcast_in_dim"(%51) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %53 = "stablehlo.compare"(%arg19, %52) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xi1>
    %54 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %55 = "stablehlo.broadcast_in_dim"(%54) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %56 = "stablehlo.select"(%53, %55, %arg19) : (tensor<32x10xi1>, tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %57 = "stablehlo.constant"() <{value = dense<0x7F800000> : tensor<f32>}> : () -> tensor<f32>
    %58 = "stablehlo.broadcast_in_dim"(%57) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %59 = "stablehlo.compare"(%50, %58) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xi1>
    %60 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %61 = "stablehlo.broadcast_in_dim"(%60) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %62 = "stablehlo.select"(%59, %61, %50) : (tensor<32x10xi1>, tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %63 = "stablehlo.subtract"(%56, %62) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %64 = "stablehlo.exponential"(%63) : (tensor<32x10xf32>) -> tensor<32x10xf32>
    %65 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %66 = "stablehlo.constant"() <{value = dense<0x7F800000> : tensor<f32>}> : () -> tensor<f32>
    %67 = "stablehlo.compare"(%65, %66) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<f32>, tensor<f32>) -> tensor<i1>
    %68 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %69 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %70 = "stablehlo.select"(%67, %69, %68) : (tensor<i1>, tensor<f32>, tensor<f32>) -> tensor<f32>
    %71 = "stablehlo.constant"() <{value = dense<0x7F800000> : tensor<f32>}> : () -> tensor<f32>
    %72 = "stablehlo.broadcast_in_dim"(%71) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %73 = "stablehlo.compare"(%50, %72) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xi1>
    %74 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %75 = "stablehlo.broadcast_in_dim"(%74) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %76 = "stablehlo.select"(%73, %75, %50) : (tensor<32x10xi1>, tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %77 = "stablehlo.broadcast_in_dim"(%70) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %78 = "stablehlo.subtract"(%77, %76) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %79 = "stablehlo.exponential"(%78) : (tensor<32x10xf32>) -> tensor<32x10xf32>
    %80 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %81 = "stablehlo.broadcast_in_dim"(%80) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %82 = "stablehlo.multiply"(%81, %79) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    "func.return"(%50, %64, %82) : (tensor<32x10xf32>, tensor<32x10xf32>, tensor<32x10xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<64xi32>) -> tensor<64x10xf32>, sym_name = "_one_hot", sym_visibility = "private"}> ({
  ^bb0(%arg18: tensor<64xi32>):
    %31 = "stablehlo.broadcast_in_dim"(%arg18) <{broadcast_dimensions = array<i64: 0>}> : (tensor<64xi32>) -> tensor<64x1xi32>
    %32 = "stablehlo.iota"() <{iota_dimension = 1 : i64}> : () -> tensor<1x10xi32>
    %33 = "stablehlo.broadcast_in_dim"(%31) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<64x1xi32>) -> tensor<64x10xi32>
    %34 = "stablehlo.broadcast_in_dim"(%32) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<1x10xi32>) -> tensor<64x10xi32>
    %35 = "stablehlo.compare"(%33, %34) <{compare_type = #stablehlo<comparison_type SIGNED>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<64x10xi32>, tensor<64x10xi32>) -> tensor<64x10xi1>
    %36 = "stablehlo.convert"(%35) : (tensor<64x10xi1>) -> tensor<64x10xf32>
    "func.return"(%36) : (tensor<64x10xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<64x10xf32>) -> (tensor<64x10xf32>, tensor<64x10xf32>, tensor<64x1xf32>), sym_name = "log_softmax", sym_visibility = "private"}> ({
  ^bb0(%arg13: tensor<64x10xf32>):
    %14 = "stablehlo.constant"() <{value = dense<0xFF800000> : tensor<f32>}> : () -> tensor<f32>
    %15 = "stablehlo.reduce"(%arg13, %14) <{dimensions = array<i64: 1>}> ({
    ^bb0(%arg16: tensor<f32>, %arg17: tensor<f32>):
      %30 = "stablehlo.maximum"(%arg16, %arg17) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%30) : (tensor<f32>) -> ()
    }) : (tensor<64x10xf32>, tensor<f32>) -> tensor<64xf32>
    %16 = "stablehlo.constant"() <{value = dense<0xFF800000> : tensor<f32>}> : () -> tensor<f32>
    %17 = "stablehlo.broadcast_in_dim"(%16) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %18 = "stablehlo.maximum"(%17, %15) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %19 = "stablehlo.broadcast_in_dim"(%18) <{broadcast_dimensions = array<i64: 0>}> : (tensor<64xf32>) -> tensor<64x1xf32>
    %20 = "stablehlo.broadcast_in_dim"(%19) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<64x1xf32>) -> tensor<64x10xf32>
    %21 = "stablehlo.subtract"(%arg13, %20) : (tensor<64x10xf32>, tensor<64x10xf32>) -> tensor<64x10xf32>
    %22 = "stablehlo.exponential"(%21) : (tensor<64x10xf32>) -> tensor<64x10xf32>
    %23 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %24 = "stablehlo.reduce"(%22, %23) <{dimensions = array<i64: 1>}> ({
    ^bb0(%arg14: tensor<f32>, %arg15: tensor<f32>):
      %29 = "stablehlo.add"(%arg14, %arg15) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%29) : (tensor<f32>) -> ()
    }) : (tensor<64x10xf32>, tensor<f32>) -> tensor<64xf32>
    %25 = "stablehlo.broadcast_in_dim"(%24) <{broadcast_dimensions = array<i64: 0>}> : (tensor<64xf32>) -> tensor<64x1xf32>
    %26 = "stablehlo.log"(%25) : (tensor<64x1xf32>) -> tensor<64x1xf32>
    %27 = "stablehlo.broadcast_in_dim"(%26) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<64x1xf32>) -> tensor<64x10xf32>
    %28 = "stablehlo.subtract"(%21, %27) : (tensor<64x10xf32>, tensor<64x10xf32>) -> tensor<64x10xf32>
    "func.return"(%28, %22, %25) : (tensor<64x10xf32>, tensor<64x10xf32>, tensor<64x1xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<32x10xf32>, tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>, sym_name = "softplus_1", sym_visibility = "private"}> ({
  ^bb0(%arg10: tensor<32x10xf32>, %arg11: tensor<32x10xf32>, %arg12: tensor<32x10xf32>):
    %13 = "stablehlo.multiply"(%arg12, %arg10) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    "func.return"(%13) : (tensor<32x10xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>, sym_name = "softplus_2", sym_visibility = "private"}> ({
  ^bb0(%arg7: tensor<64x32xf32>, %arg8: tensor<64x32xf32>, %arg9: tensor<64x32xf32>):
    %12 = "stablehlo.multiply"(%arg9, %arg7) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    "func.return"(%12) : (tensor<64x32xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<64x10xf32>, tensor<64x1xf32>, tensor<64x10xf32>) -> tensor<64x10xf32>, sym_name = "log_softmax_3", sym_visibility = "private"}> ({
  ^bb0(%arg0: tensor<64x10xf32>, %arg1: tensor<64x1xf32>, %arg2: tensor<64x10xf32>):
    %0 = "stablehlo.negate"(%arg2) : (tensor<64x10xf32>) -> tensor<64x10xf32>
    %1 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %2 = "stablehlo.reduce"(%0, %1) <{dimensions = array<i64: 1>}> ({
    ^bb0(%arg5: tensor<f32>, %arg6: tensor<f32>):
      %11 = "stablehlo.add"(%arg5, %arg6) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%11) : (tensor<f32>) -> ()
    }) : (tensor<64x10xf32>, tensor<f32>) -> tensor<64xf32>
    %3 = "stablehlo.reshape"(%2) : (tensor<64xf32>) -> tensor<64x1xf32>
    %4 = "stablehlo.divide"(%3, %arg1) : (tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xf32>
    %5 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %6 = "stablehlo.reduce"(%4, %5) <{dimensions = array<i64: 1>}> ({
    ^bb0(%arg3: tensor<f32>, %arg4: tensor<f32>):
      %10 = "stablehlo.add"(%arg3, %arg4) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%10) : (tensor<f32>) -> ()
    }) : (tensor<64x1xf32>, tensor<f32>) -> tensor<64xf32>
    %7 = "stablehlo.broadcast_in_dim"(%6) <{broadcast_dimensions = array<i64: 0>}> : (tensor<64xf32>) -> tensor<64x10xf32>
    %8 = "stablehlo.multiply"(%7, %arg0) : (tensor<64x10xf32>, tensor<64x10xf32>) -> tensor<64x10xf32>
    %9 = "stablehlo.add"(%arg2, %8) : (tensor<64x10xf32>, tensor<64x10xf32>) -> tensor<64x10xf32>
    "func.return"(%9) : (tensor<64x10xf32>) -> ()
  }) : () -> ()
}) {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} : () -> ()

