data { int J; int N; vector[N] y; int group[N]; }
parameters { real mu; real<lower=0> tau; real<lower=0> sigma; vector[J] z; }
transformed parameters { vector[J] theta = mu + tau * z; }
model {
  mu ~ normal(0, 10);
  tau ~ normal(0, 5);
  sigma ~ normal(0, 10);
  z ~ student_t(4, 0, 1);
  y ~ normal(theta[group], sigma);
}
