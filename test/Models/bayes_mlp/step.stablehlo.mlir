"builtin.module"() <{sym_name = "jit_step"}> ({
  "func.func"() <{function_type = (tensor<64x32xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<32x10xf32>, tensor<32x10xf32>, tensor<10xf32>, tensor<64x64xf32>, tensor<64xi32>, tensor<64x32xf32>, tensor<32x10xf32>) -> (tensor<64x32xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<32x10xf32>, tensor<32x10xf32>, tensor<10xf32>, tensor<f32>), res_attrs = [{jax.result_info = "result[0]"}, {jax.result_info = "result[1]"}, {jax.result_info = "result[2]"}, {jax.result_info = "result[3]"}, {jax.result_info = "result[4]"}, {jax.result_info = "result[5]"}, {jax.result_info = "result[6]"}], sym_name = "main", sym_visibility = "public"}> ({
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
    ^bb0(%arg42: tensor<f32>, %arg43: tensor<f32>):
      %223 = "stablehlo.add"(%arg42, %arg43) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%223) : (tensor<f32>) -> ()
    }) : (tensor<64x10xf32>, tensor<f32>) -> tensor<64xf32>
    %157 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %158 = "stablehlo.reduce"(%156, %157) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg40: tensor<f32>, %arg41: tensor<f32>):
      %222 = "stablehlo.add"(%arg40, %arg41) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%222) : (tensor<f32>) -> ()
    }) : (tensor<64xf32>, tensor<f32>) -> tensor<f32>
    %159 = "stablehlo.constant"() <{value = dense<6.400000e+01> : tensor<f32>}> : () -> tensor<f32>
    %160 = "stablehlo.divide"(%158, %159) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %161 = "stablehlo.negate"(%160) : (tensor<f32>) -> tensor<f32>
    %162 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %163 = "stablehlo.add"(%161, %162) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %164 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %165 = "stablehlo.negate"(%164) : (tensor<f32>) -> tensor<f32>
    %166 = "stablehlo.constant"() <{value = dense<6.400000e+01> : tensor<f32>}> : () -> tensor<f32>
    %167 = "stablehlo.divide"(%165, %166) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %168 = "stablehlo.broadcast_in_dim"(%167) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64xf32>
    %169 = "stablehlo.broadcast_in_dim"(%168) <{broadcast_dimensions = array<i64: 0>}> : (tensor<64xf32>) -> tensor<64x10xf32>
    %170 = "stablehlo.multiply"(%152, %169) : (tensor<64x10xf32>, tensor<64x10xf32>) -> tensor<64x10xf32>
    %171 = "func.call"(%153#1, %153#2, %170) <{callee = @log_softmax_1}> : (tensor<64x10xf32>, tensor<64x1xf32>, tensor<64x10xf32>) -> tensor<64x10xf32>
    %172 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %173 = "stablehlo.reduce"(%171, %172) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg38: tensor<f32>, %arg39: tensor<f32>):
      %221 = "stablehlo.add"(%arg38, %arg39) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%221) : (tensor<f32>) -> ()
    }) : (tensor<64x10xf32>, tensor<f32>) -> tensor<10xf32>
    %174 = "stablehlo.reshape"(%173) : (tensor<10xf32>) -> tensor<1x10xf32>
    %175 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %176 = "stablehlo.reduce"(%174, %175) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg36: tensor<f32>, %arg37: tensor<f32>):
      %220 = "stablehlo.add"(%arg36, %arg37) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%220) : (tensor<f32>) -> ()
    }) : (tensor<1x10xf32>, tensor<f32>) -> tensor<10xf32>
    %177 = "stablehlo.dot_general"(%171, %139) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [0], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<64x10xf32>, tensor<64x32xf32>) -> tensor<10x32xf32>
    %178 = "stablehlo.transpose"(%177) <{permutation = array<i64: 1, 0>}> : (tensor<10x32xf32>) -> tensor<32x10xf32>
    %179 = "stablehlo.dot_general"(%171, %147) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [1]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<64x10xf32>, tensor<32x10xf32>) -> tensor<64x32xf32>
    %180 = "stablehlo.multiply"(%178, %arg31) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %181 = "func.call"(%145#1, %145#2, %180) <{callee = @softplus_2}> : (tensor<32x10xf32>, tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %182 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %183 = "stablehlo.broadcast_in_dim"(%182) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %184 = "stablehlo.select"(%142, %179, %183) : (tensor<64x32xi1>, tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %185 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %186 = "stablehlo.reduce"(%184, %185) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg34: tensor<f32>, %arg35: tensor<f32>):
      %219 = "stablehlo.add"(%arg34, %arg35) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%219) : (tensor<f32>) -> ()
    }) : (tensor<64x32xf32>, tensor<f32>) -> tensor<32xf32>
    %187 = "stablehlo.reshape"(%186) : (tensor<32xf32>) -> tensor<1x32xf32>
    %188 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %189 = "stablehlo.reduce"(%187, %188) <{dimensions = array<i64: 0>}> ({
    ^bb0(%arg32: tensor<f32>, %arg33: tensor<f32>):
      %218 = "stablehlo.add"(%arg32, %arg33) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%218) : (tensor<f32>) -> ()
    }) : (tensor<1x32xf32>, tensor<f32>) -> tensor<32xf32>
    %190 = "stablehlo.dot_general"(%184, %arg28) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [0], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<64x32xf32>, tensor<64x64xf32>) -> tensor<32x64xf32>
    %191 = "stablehlo.transpose"(%190) <{permutation = array<i64: 1, 0>}> : (tensor<32x64xf32>) -> tensor<64x32xf32>
    %192 = "stablehlo.multiply"(%191, %arg30) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %193 = "func.call"(%132#1, %132#2, %192) <{callee = @softplus_3}> : (tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %194 = "stablehlo.constant"() <{value = dense<5.000000e-02> : tensor<f32>}> : () -> tensor<f32>
    %195 = "stablehlo.broadcast_in_dim"(%194) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %196 = "stablehlo.multiply"(%195, %191) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %197 = "stablehlo.subtract"(%arg22, %196) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %198 = "stablehlo.constant"() <{value = dense<5.000000e-02> : tensor<f32>}> : () -> tensor<f32>
    %199 = "stablehlo.broadcast_in_dim"(%198) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<64x32xf32>
    %200 = "stablehlo.multiply"(%199, %193) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %201 = "stablehlo.subtract"(%arg23, %200) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    %202 = "stablehlo.constant"() <{value = dense<5.000000e-02> : tensor<f32>}> : () -> tensor<f32>
    %203 = "stablehlo.broadcast_in_dim"(%202) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32xf32>
    %204 = "stablehlo.multiply"(%203, %189) : (tensor<32xf32>, tensor<32xf32>) -> tensor<32xf32>
    %205 = "stablehlo.subtract"(%arg24, %204) : (tensor<32xf32>, tensor<32xf32>) -> tensor<32xf32>
    %206 = "stablehlo.constant"() <{value = dense<5.000000e-02> : tensor<f32>}> : () -> tensor<f32>
    %207 = "stablehlo.broadcast_in_dim"(%206) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %208 = "stablehlo.multiply"(%207, %178) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %209 = "stablehlo.subtract"(%arg25, %208) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %210 = "stablehlo.constant"() <{value = dense<5.000000e-02> : tensor<f32>}> : () -> tensor<f32>
    %211 = "stablehlo.broadcast_in_dim"(%210) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x10xf32>
    %212 = "stablehlo.multiply"(%211, %181) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %213 = "stablehlo.subtract"(%arg26, %212) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    %214 = "stablehlo.constant"() <{value = dense<5.000000e-02> : tensor<f32>}> : () -> tensor<f32>
    %215 = "stablehlo.broadcast_in_dim"(%214) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<10xf32>
    %216 = "stablehlo.multiply"(%215, %176) : (tensor<10xf32>, tensor<10xf32>) -> tensor<10xf32>
    %217 = "stablehlo.subtract"(%arg27, %216) : (tensor<10xf32>, tensor<10xf32>) -> tensor<10xf32>
    "func.return"(%197, %201, %205, %209, %213, %217, %163) : (tensor<64x32xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<32x10xf32>, tensor<32x10xf32>, tensor<10xf32>, tensor<f32>) -> ()
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
  "func.func"() <{function_type = (tensor<64x10xf32>, tensor<64x1xf32>, tensor<64x10xf32>) -> tensor<64x10xf32>, sym_name = "log_softmax_1", sym_visibility = "private"}> ({
  ^bb0(%arg6: tensor<64x10xf32>, %arg7: tensor<64x1xf32>, %arg8: tensor<64x10xf32>):
    %2 = "stablehlo.negate"(%arg8) : (tensor<64x10xf32>) -> tensor<64x10xf32>
    %3 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %4 = "stablehlo.reduce"(%2, %3) <{dimensions = array<i64: 1>}> ({
    ^bb0(%arg11: tensor<f32>, %arg12: tensor<f32>):
      %13 = "stablehlo.add"(%arg11, %arg12) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%13) : (tensor<f32>) -> ()
    }) : (tensor<64x10xf32>, tensor<f32>) -> tensor<64xf32>
    %5 = "stablehlo.reshape"(%4) : (tensor<64xf32>) -> tensor<64x1xf32>
    %6 = "stablehlo.divide"(%5, %arg7) : (tensor<64x1xf32>, tensor<64x1xf32>) -> tensor<64x1xf32>
    %7 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %8 = "stablehlo.reduce"(%6, %7) <{dimensions = array<i64: 1>}> ({
    ^bb0(%arg9: tensor<f32>, %arg10: tensor<f32>):
      %12 = "stablehlo.add"(%arg9, %arg10) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%12) : (tensor<f32>) -> ()
    }) : (tensor<64x1xf32>, tensor<f32>) -> tensor<64xf32>
    %9 = "stablehlo.broadcast_in_dim"(%8) <{broadcast_dimensions = array<i64: 0>}> : (tensor<64xf32>) -> tensor<64x10xf32>
    %10 = "stablehlo.multiply"(%9, %arg6) : (tensor<64x10xf32>, tensor<64x10xf32>) -> tensor<64x10xf32>
    %11 = "stablehlo.add"(%arg8, %10) : (tensor<64x10xf32>, tensor<64x10xf32>) -> tensor<64x10xf32>
    "func.return"(%11) : (tensor<64x10xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<32x10xf32>, tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>, sym_name = "softplus_2", sym_visibility = "private"}> ({
  ^bb0(%arg3: tensor<32x10xf32>, %arg4: tensor<32x10xf32>, %arg5: tensor<32x10xf32>):
    %1 = "stablehlo.multiply"(%arg5, %arg3) : (tensor<32x10xf32>, tensor<32x10xf32>) -> tensor<32x10xf32>
    "func.return"(%1) : (tensor<32x10xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>, sym_name = "softplus_3", sym_visibility = "private"}> ({
  ^bb0(%arg0: tensor<64x32xf32>, %arg1: tensor<64x32xf32>, %arg2: tensor<64x32xf32>):
    %0 = "stablehlo.multiply"(%arg2, %arg0) : (tensor<64x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    "func.return"(%0) : (tensor<64x32xf32>) -> ()
  }) : () -> ()
}) {mhlo.num_partitions = 1 : i32, mhlo.num_replicas = 1 : i32} : () -> ()

