fisher.policy @prior {
  fisher.regularize "w.mu", "w.rho" as #fisher.gaussian<sigma>
      toward #fisher.prior<[0.0, 1.0]> weight 1.0e-3 mode coupled
}
