# The models of tools/bench.R. A case has data, the model for this package, how to fit it, the sites whose effective
# sample size counts, and the same posterior as Stan programs: `natural`, as one first writes it, and `expert`, by the
# fastest functions that Stan has for it. `target`: times faster per gradient than the form of that name that the engine
# promises.

decay <- function(cat_0, k_d, dt, n) {
  cat <- numeric(n)
  for (i in seq_len(n)) {
    cat_0 <- cat_0 - dt * k_d * cat_0
    cat[i] <- cat_0
  }
  cat
}
react <- function(a_0, k, cat, dt) {
  a <- numeric(length(cat))
  for (i in seq_along(cat)) {
    a_0 <- a_0 - dt * k * cat[i] * a_0
    a[i] <- a_0
  }
  a
}
reaction <- function(a_0, cat_0, dt, n, err, y = NULL) {
  k   ~ lognormal( 0, 1)
  k_d ~ lognormal(-2, 1)
  cat := decay(cat_0, k_d, dt, n)
  a   := react(a_0, k, cat, dt)
  y   ~ lognormal(log(a), err)
}
lab <- function() list(a_0 = 1, cat_0 = 0.1, dt = 0.01, n = 500, err = 0.05)

stan_scan <- "
transformed parameters {
  vector[n] cat; vector[n] a;%s
  {
    real c = cat_0; real x = a_0;
    for (i in 1:n) {
      c = c - dt * k_d * c; cat[i] = c;
      x = x - dt * k * c * x; a[i] = x;
    }
  }%s
}"
stan_lab <- "data { int n; real a_0; real cat_0; real dt; real err; }"

cases <- list()

cases$catalyst_raw <- list(
  what = "catalyst, narrow LogNormal site raw (502 parameters)", target = c(natural = 15),
  data = lab, model = function() model(reaction), settings = list(reparam = "none", prune = FALSE),
  iterations = c(300, 300), stan_iterations = c(100, 60), sites = c("k", "k_d"),
  stan = list(natural = paste0(stan_lab, "
parameters { real<lower=0> k; real<lower=0> k_d; vector<lower=0>[n] y; }", sprintf(stan_scan, "", ""), "
model { k ~ lognormal(0, 1); k_d ~ lognormal(-2, 1); y ~ lognormal(log(a), err); }"))
)

cases$catalyst_cured <- list(
  what = "catalyst cured by decenter(), unpruned", target = c(natural = 50),
  data = lab, model = function() model(reaction) |> reparam(k = decenter(), k_d = decenter(), y = decenter()),
  settings = list(prune = FALSE), iterations = c(1000, 4000), stan_iterations = c(1000, 1000), sites = c("k", "k_d"),
  stan = list(natural = paste0(stan_lab, "
parameters { real z_k; real z_k_d; vector[n] z_y; }",
    sprintf(stan_scan, " vector[n] y; real k = exp(z_k); real k_d = exp(-2 + z_k_d);", "
  y = exp(log(a) + err * z_y);"), "
model { z_k ~ std_normal(); z_k_d ~ std_normal(); z_y ~ std_normal(); }"))
)

cases$schools <- list(
  what = "eight schools, non-centered", target = c(natural = 4),
  data = function() list(sigma = c(15, 10, 16, 11, 9, 11, 10, 18), y = c(28, 8, -3, 7, -1, 1, 18, 12)),
  model = function() {
    model(function(sigma, y) {
      mu ~ normal(0, 5)
      tau ~ half_cauchy(5)
      theta[1:8] ~ normal(mu, tau)
      y ~ normal(theta, sigma)
    }) |> reparam(theta = decenter())
  },
  settings = list(adapt_delta = 0.9), iterations = c(1000, 20000), stan_iterations = c(1000, 5000),
  sites = c("mu", "tau"),
  stan = list(natural = "
data { vector[8] sigma; vector[8] y; }
parameters { real mu; real<lower=0> tau; vector[8] z; }
transformed parameters { vector[8] theta = mu + tau * z; }
model { mu ~ normal(0, 5); tau ~ cauchy(0, 5); z ~ std_normal(); y ~ normal(theta, sigma); }")
)

cases$logistic <- list(
  what = "logistic regression, N = 10000, P = 20", target = c(expert = 3),
  data = function(n = 10000, p = 20) {
    x <- matrix(rnorm(n * p, sd = 0.5), n)
    list(x = x, y = rbinom(n, 1, plogis(drop(x %*% rnorm(p)))))
  },
  model = function() {
    model(function(x, y) {
      beta[1:ncol(x)] ~ normal(0, 1)
      y ~ bernoulli(logits = x %*% beta)
    })
  },
  settings = list(), iterations = c(300, 300), stan_iterations = c(300, 100), sites = "beta",
  stan_data = function(d) c(d, list(n = nrow(d$x), p = ncol(d$x))),
  stan = list(natural = "
data { int n; int p; matrix[n, p] x; int y[n]; }
parameters { vector[p] beta; }
model { beta ~ std_normal(); y ~ bernoulli_logit(x * beta); }", expert = "
data { int n; int p; matrix[n, p] x; int y[n]; }
parameters { vector[p] beta; }
model { beta ~ std_normal(); y ~ bernoulli_logit_glm(x, 0, beta); }")
)

cases$hierarchical <- list(
  what = "hierarchical normal, 500 groups, 20000 observations", target = c(expert = 3, natural = 12),
  data = function(n = 20000, groups = 500) {
    g <- sample(groups, n, TRUE)
    x <- rnorm(n)
    list(g = g, x = x, n_g = groups, y = rnorm(groups, 1, 0.5)[g] + 0.5 * x + rnorm(n, sd = 0.7))
  },
  model = function() {
    model(function(g, x, n_g, y) {
      mu ~ normal(0, 1)
      tau ~ half_normal(1)
      sigma ~ half_normal(1)
      slope ~ normal(0, 1)
      alpha[1:n_g] ~ normal(mu, tau)
      y ~ normal(alpha[g] + slope * x, sigma)
    })
  },
  settings = list(reparam = "none"), iterations = c(300, 1000), stan_iterations = c(200, 100),
  sites = c("mu", "tau", "sigma", "slope"),
  stan_data = function(d) c(d, list(n = length(d$y), X = matrix(d$x))),
  stan = list(natural = "
data { int n; int n_g; int g[n]; vector[n] x; vector[n] y; }
parameters { real mu; real<lower=0> tau; real<lower=0> sigma; real slope; vector[n_g] alpha; }
model {
  mu ~ std_normal(); tau ~ std_normal(); sigma ~ std_normal(); slope ~ std_normal(); alpha ~ normal(mu, tau);
  y ~ normal(alpha[g] + slope * x, sigma);
}", expert = "
data { int n; int n_g; int g[n]; matrix[n, 1] X; vector[n] y; }
parameters { real mu; real<lower=0> tau; real<lower=0> sigma; real slope; vector[n_g] alpha; }
model {
  mu ~ std_normal(); tau ~ std_normal(); sigma ~ std_normal(); slope ~ std_normal(); alpha ~ normal(mu, tau);
  y ~ normal_id_glm(X, alpha[g], rep_vector(slope, 1), sigma);
}")
)

cases$negbin <- list(
  what = "negative-binomial regression, N = 5000", target = c(expert = 5),
  data = function(n = 5000, p = 4) {
    x <- matrix(rnorm(n * p, sd = 0.5), n)
    list(x = x, y = rnbinom(n, size = 2, mu = exp(1 + rowSums(0.3 * x))))
  },
  model = function() {
    model(function(x, y) {
      intercept ~ normal(0, 2)
      beta[1:ncol(x)] ~ normal(0, 1)
      phi ~ exponential(1)
      y ~ neg_binomial(size = phi, mu = exp(intercept + x %*% beta))
    })
  },
  settings = list(), iterations = c(300, 1000), stan_iterations = c(300, 200), sites = c("intercept", "beta", "phi"),
  stan_data = function(d) c(d, list(n = nrow(d$x), p = ncol(d$x))),
  stan = list(natural = "
data { int n; int p; matrix[n, p] x; int y[n]; }
parameters { real intercept; vector[p] beta; real<lower=0> phi; }
model {
  intercept ~ normal(0, 2); beta ~ std_normal(); phi ~ exponential(1);
  y ~ neg_binomial_2_log(intercept + x * beta, phi);
}", expert = "
data { int n; int p; matrix[n, p] x; int y[n]; }
parameters { real intercept; vector[p] beta; real<lower=0> phi; }
model {
  intercept ~ normal(0, 2); beta ~ std_normal(); phi ~ exponential(1);
  y ~ neg_binomial_2_log_glm(x, intercept, beta, phi);
}")
)

cases$sir <- list(
  what = "SIR by Euler, 500 steps", target = c(natural = 3),
  data = function(n = 500) {
    s <- 0.99
    i <- 0.01
    path <- numeric(n)
    for (t in seq_len(n)) {
      flow <- 0.02 * 1.2 * s * i
      s <- s - flow
      i <- i + flow - 0.02 * 0.4 * i
      path[t] <- i
    }
    list(n = n, y = path * exp(rnorm(n, sd = 0.1)))
  },
  model = function() {
    model(function(n, y) {
      beta ~ lognormal(0, 1)
      gamma_ ~ lognormal(0, 1)
      sigma ~ lognormal(0, 1)
      s <- 0.99
      i <- 0.01
      path <- numeric(n)
      for (t in 1:n) {
        flow <- 0.02 * beta * s * i
        s <- s - flow
        i <- i + flow - 0.02 * gamma_ * i
        path[t] <- i
      }
      y ~ lognormal(log(path), sigma)
    })
  },
  settings = list(), iterations = c(500, 4000), stan_iterations = c(500, 1000), sites = c("beta", "gamma_", "sigma"),
  stan = list(natural = "
data { int n; vector[n] y; }
parameters { real<lower=0> beta; real<lower=0> gamma_; real<lower=0> sigma; }
model {
  vector[n] path; real s = 0.99; real i = 0.01;
  for (t in 1:n) {
    real flow = 0.02 * beta * s * i;
    s = s - flow;
    i = i + flow - 0.02 * gamma_ * i;
    path[t] = i;
  }
  beta ~ lognormal(0, 1); gamma_ ~ lognormal(0, 1); sigma ~ lognormal(0, 1);
  y ~ lognormal(log(path), sigma);
}")
)

cases$gp <- list(
  what = "GP regression, N = 200, Cholesky", target = c(natural = 1.5),
  data = function(n = 200) {
    x <- sort(runif(n, 0, 10))
    list(x = x, y = sin(x) + rnorm(n, sd = 0.3))
  },
  model = function() {
    model(function(x, y) {
      ell ~ inv_gamma(5, 5)
      amplitude ~ half_normal(1)
      sigma ~ half_normal(1)
      K <- amplitude^2 * exp(-0.5 * outer(x, x, "-")^2 / ell^2) + diag(sigma^2, length(x))
      y ~ mvn(rep(0, length(x)), cov = K)
    })
  },
  settings = list(), iterations = c(300, 200), stan_iterations = c(200, 50), sites = c("ell", "amplitude", "sigma"),
  stan_data = function(d) c(d, list(n = length(d$x))),
  stan = list(natural = "
data { int n; real x[n]; vector[n] y; }
parameters { real<lower=0> ell; real<lower=0> amplitude; real<lower=0> sigma; }
model {
  matrix[n, n] L = cholesky_decompose(add_diag(cov_exp_quad(x, amplitude, ell), square(sigma)));
  ell ~ inv_gamma(5, 5); amplitude ~ std_normal(); sigma ~ std_normal();
  y ~ multi_normal_cholesky(rep_vector(0, n), L);
}")
)
