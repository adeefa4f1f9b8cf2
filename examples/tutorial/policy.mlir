// Pull what the step believes of each weight toward N(0, 1).
fisher.policy @default {
  fisher.regularize "(*).mu", "(*).rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0e-2 mode coupled
}
