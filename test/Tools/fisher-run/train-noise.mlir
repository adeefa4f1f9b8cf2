// Noise is normal, or uniform where the argument says so; it depends on the
// argument's name, the step and the seed alone. States that say so start as a
// copy of a parameter.
// RUN: fisher-run %s --steps=2 --seed=7 --outputs=%t.npz
// RUN: %python %S/Inputs/check_noise.py %t.npz

func.func @main(%w: tensor<200x100xf32> {fisher.name = "w", fisher.role = "param"},
                %frozen: tensor<200x100xf32> {fisher.name = "w.frozen", fisher.role = "state", fisher.initialize = "w"},
                %n: tensor<10000xf64> {fisher.name = "n", fisher.role = "state"},
                %u: tensor<10000xf32> {fisher.name = "u", fisher.role = "state"},
                %former: tensor<10000xf64> {fisher.name = "former", fisher.role = "state"},
                %eps0: tensor<10000xf64> {fisher.name = "eps0", fisher.role = "eps"},
                %eps1: tensor<10000xf32> {fisher.name = "eps1", fisher.role = "eps", fisher.distribution = "uniform"})
    -> (tensor<200x100xf32> {fisher.updates = "w"},
        tensor<10000xf64> {fisher.updates = "n"},
        tensor<10000xf64> {fisher.updates = "former"},
        tensor<10000xf32> {fisher.updates = "u"}) {
  %0 = arith.addf %w, %w : tensor<200x100xf32>
  return %0, %eps0, %n, %eps1
      : tensor<200x100xf32>, tensor<10000xf64>, tensor<10000xf64>, tensor<10000xf32>
}
