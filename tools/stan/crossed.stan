data { int N; vector[N] y; int row_of[N]; int column_of[N]; }
parameters {
  real mu;
  real<lower=0> tau_row;
  real<lower=0> tau_column;
  real<lower=0> sigma;
  vector[30] z_a;
  vector[25] z_b;
}
transformed parameters {
  vector[30] a = tau_row * z_a;
  vector[25] b = tau_column * z_b;
}
model {
  mu ~ normal(0, 10);
  tau_row ~ normal(0, 2);
  tau_column ~ normal(0, 2);
  sigma ~ normal(0, 5);
  z_a ~ std_normal();
  z_b ~ std_normal();
  y ~ normal(mu + a[row_of] + b[column_of], sigma);
}
