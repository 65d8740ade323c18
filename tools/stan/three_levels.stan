data { int A; int B; int N; vector[N] y; int parent[B]; int group[N]; }
parameters { real mu; real<lower=0> tau_a; real<lower=0> tau_b; real<lower=0> sigma; vector[A] z_a; vector[B] z_b; }
transformed parameters {
  vector[A] a = mu + tau_a * z_a;
  vector[B] b = a[parent] + tau_b * z_b;
}
model {
  mu ~ normal(0, 10);
  tau_a ~ normal(0, 5);
  tau_b ~ normal(0, 5);
  sigma ~ normal(0, 10);
  z_a ~ std_normal();
  z_b ~ std_normal();
  y ~ normal(b[group], sigma);
}
