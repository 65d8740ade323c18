data { int J; int y[J]; vector[J] exposure; }
parameters { real m; real<lower=0> s; vector[J] z; }
transformed parameters { vector[J] rate = exp(m + s * z); }
model {
  m ~ normal(0, 2);
  s ~ normal(0, 1);
  z ~ std_normal();
  y ~ poisson(exposure .* rate);
}
