// After each update, a step back toward N(0, 1), weighted by the argument beta.
fisher.policy @default {
  fisher.regularize "w.mu", "w.rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight "beta" step_size "lr" mode proximal
}
