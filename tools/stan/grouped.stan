data { int J; int N; real unit; vector[N] y; int group[N]; }
parameters { real mu; real<lower=0> tau; real<lower=0> sigma; vector[J] z; }
transformed parameters { vector[J] theta = mu + tau * z; }
model {
  mu ~ normal(0, 10 * unit);
  tau ~ normal(0, 5 * unit);
  sigma ~ normal(0, 10 * unit);
  z ~ std_normal();
  y ~ normal(theta[group], sigma);
}
