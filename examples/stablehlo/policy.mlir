fisher.policy @default {
  fisher.regularize "params.(*).mu", "params.(*).rho" as #fisher.gaussian<softplus>
      toward #fisher.prior<[0.0, 1.0]> weight 0.01 mode loss_only
}
