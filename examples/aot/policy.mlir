// After each step, a small one toward N(0, 1).
fisher.policy @default {
  fisher.regularize "(w)", "(*).log_sigma" as #fisher.gaussian<log_sigma>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 step_size 0.05 mode proximal
}
