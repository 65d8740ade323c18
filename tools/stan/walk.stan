data { int n; vector[n] y; real sigma_typical; }
parameters { real<lower=0> s; real<lower=0> sigma; vector[n] z; }
transformed parameters {
  vector[n] x;
  x[1] = z[1];
  for (t in 2:n) x[t] = x[t - 1] + s * z[t];
}
model {
  s ~ normal(0, 1);
  sigma ~ lognormal(log(sigma_typical), 0.1);
  z ~ std_normal();
  y ~ normal(x, sigma);
}
