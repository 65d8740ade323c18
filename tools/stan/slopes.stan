data { int J; int N; vector[N] y; vector[N] x; int group[N]; }
parameters { vector[2] mu; vector<lower=0>[2] spread; real<lower=-1, upper=1> r; real<lower=0> sigma; matrix[2, J] z; }
transformed parameters {
  matrix[J, 2] b;
  for (j in 1:J) {
    b[j, 1] = mu[1] + spread[1] * z[1, j];
    b[j, 2] = mu[2] + spread[2] * (r * z[1, j] + sqrt(1 - r^2) * z[2, j]);
  }
}
model {
  mu ~ normal(0, 5);
  spread ~ normal(0, 2);
  sigma ~ normal(0, 5);
  to_vector(z) ~ std_normal();
  for (i in 1:N) y[i] ~ normal(b[group[i], 1] + b[group[i], 2] * x[i], sigma);
}
