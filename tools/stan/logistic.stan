data { int J; int N; int y[N]; int group[N]; }
parameters { real mu; real<lower=0> tau; vector[J] z; }
transformed parameters { vector[J] theta = mu + tau * z; }
model {
  mu ~ normal(0, 2);
  tau ~ normal(0, 2);
  z ~ std_normal();
  y ~ bernoulli_logit(theta[group]);
}
