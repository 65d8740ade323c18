test_that("a trace begins once and ends always", {
  trace_begin()
  expect_true(trace_active())
  expect_error(trace_begin(), "cannot be traced while another one is")
  trace_end()
  expect_false(trace_active())
  trace_end()
  expect_error(trace_size(), "after its model had run")
})

test_that("rearranging costs no node, and whole arrays are one node", {
  trace_begin()
  on.exit(trace_end())
  x <- trace_site(1, c(2, 3))
  size <- trace_size()
  y <- rev(t(x)[2:1, ])
  expect_equal(trace_size(), size)
  expect_equal(trace_value(exp(x), list(`1` = 1:6)), exp(matrix(1:6, 2)))
  expect_equal(trace_size(), size + 1L)
  expect_equal(trace_value(y, list(`1` = 1:6)), rev(t(matrix(1:6, 2))[2:1, ]))
})

test_that("trace_row() gives rows of the full length, of numbers too", {
  trace_begin()
  on.exit(trace_end())
  s <- trace_site(1, 1)
  rows <- c(trace_row(s), trace_row(rep(s, 4)), trace_row(1:3), trace_row(TRUE), trace_row(factor(c("b", "a"))))
  packed <- trace_pack(rows, integer())
  expect_equal(packed$nodes$n[packed$rows], c(1, 4, 3, 1, 2))
})

test_that("trace_depends() names the sites", {
  trace_begin()
  on.exit(trace_end())
  a <- trace_site(1, 1)
  b <- trace_site(2, 2)
  expect_equal(trace_depends(a * b), 1:2)
  expect_equal(trace_depends(b[1]), 2L)
  expect_equal(trace_depends(3), integer())
  expect_output(print(a * b), "depends on the sites `#1`, `#2`")
})

test_that("arithmetic on codes without class, and codes of another trace, are noticed", {
  trace_begin()
  a <- trace_site(1, 3)
  bare_codes <- unclass(a)
  kept <- exp(a)
  expect_error(a + (bare_codes + 1), "does not know about tracing")
  expect_error(sum(a, bare_codes * 2), "does not know about tracing")
  expect_error(a + exp(-bare_codes), "does not know about tracing")
  expect_equal(trace_value(a + bare_codes, list(`1` = 1:3)), c(2, 4, 6))
  trace_end()
  trace_begin()
  on.exit(trace_end())
  b <- trace_site(1, 3)
  expect_error(b + kept, "does not know about tracing")
})

test_that("interleaved elements of several nodes come out right", {
  trace_begin()
  on.exit(trace_end())
  a <- trace_site(1, 3)
  b <- trace_site(2, 3)
  mixed <- rbind(a, b, 7)
  expect_equal(unname(trace_value(mixed * 2, list(`1` = 1:3, `2` = 4:6))), 2 * unname(rbind(1:3, 4:6, 7)))
  parts <- c(a[3:1], 0, b[2], a[1], rep(b[1], 3))
  expect_equal(trace_value(parts + 0, list(`1` = 1:3, `2` = 4:6)), c(3:1, 0, 5, 1, 4, 4, 4))
})

test_that("loops are rolled up when a trace is packed: the same few nodes whatever the number of steps", {
  rows_of <- function(n) {
    fn <- function(k, k_d) log(react(1, k, decay(0.1, k_d, 0.01, n), 0.01))
    with_traced(fn, inputs = list(k = 1.3, k_d = 0.2), what = function(result, sites) {
      expect_equal(trace_value(result, sites), fn(1.3, 0.2), tolerance = 1e-12)
      length(trace_pack(trace_row(result), integer())$nodes$op)
    })
  }
  expect_lt(rows_of(500), 40)
  expect_equal(rows_of(500), rows_of(2000))
})

test_that("nothing is rolled up across statements", {
  trace_begin()
  on.exit(trace_end())
  rows <- barriers <- integer()
  x <- 0
  for (t in 1:200) {
    x <- trace_site(t, 1) + 0.5 * x
    rows <- c(rows, trace_row(x))
    barriers <- c(barriers, trace_size())
  }
  packed <- trace_pack(rows, barriers)
  # Every row may depend on rows before it only, which a scan over the whole loop would break.
  inputs <- packed$nodes$input
  owner <- rep(seq_along(packed$nodes$op), diff(c(0L, packed$nodes$input_end)))
  expect_true(all(inputs < owner))
  expect_false("affine_scan" %in% packed$nodes$op)
})

# Loops over one or several carries, scalar and vector states.
loops <- list(
  reduce = function(k, n) Reduce(function(a, i) a - 0.1 * k * a, seq_len(n), 1, accumulate = TRUE),
  lotka_volterra = function(k, n) {
    u <- v <- numeric(n)
    state <- c(1, 0.5)
    slope <- function(s) c(s[1] * (k - s[2]), s[2] * (s[1] - 1))
    for (i in 1:n) {
      k1 <- slope(state)
      k2 <- slope(state + 0.005 * k1)
      k3 <- slope(state + 0.005 * k2)
      k4 <- slope(state + 0.01 * k3)
      state <- state + 0.01 / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
      u[i] <- state[1]
      v[i] <- state[2]
    }
    c(u, v)
  },
  sir = function(k, n) {
    S <- I <- numeric(n)
    S[1] <- 0.99
    I[1] <- 0.01
    for (i in 2:n) {
      new <- 0.1 * k * S[i - 1] * I[i - 1]
      S[i] <- S[i - 1] - new
      I[i] <- I[i - 1] + new - 0.05 * I[i - 1]
    }
    c(S, I)
  },
  ar2 = function(k, n) {
    y <- sin(1:n)
    mu <- numeric(n)
    for (t in 3:n) mu[t] <- k * y[t - 1] + 0.1 * y[t - 2] + 0.2 * mu[t - 1]
    dnorm(y, mu, 1, TRUE)
  },
  garch = function(k, n) {
    y <- sin(1:n)
    s <- numeric(n)
    s[1] <- k
    for (t in 2:n) s[t] <- sqrt(0.1 + 0.2 * (y[t - 1] - k)^2 + 0.3 * s[t - 1]^2)
    dnorm(y, k, s, TRUE)
  },
  hidden_markov = function(k, n) {
    y <- sin(1:n)
    forward <- c(-1, -1)
    A <- log(matrix(c(0.9, 0.1, 0.2, 0.8), 2))
    for (t in 1:n) {
      new <- numeric(2)
      for (j in 1:2) {
        terms <- forward + A[, j] + dnorm(y[t], c(0, k)[j], 1, TRUE)
        top <- max(terms)
        new[j] <- top + log(sum(exp(terms - top)))
      }
      forward <- new
    }
    forward
  },
  matrix_of_states = function(k, n) {
    out <- matrix(0, n, 2)
    state <- c(1, 0.5)
    for (i in 1:n) {
      state <- state + 0.01 * c(state[1] * (k - state[2]), state[2] * (state[1] - 1))
      out[i, ] <- state
    }
    out
  }
)

test_that("rolled loops have R's values and gradients in the engine", {
  for (name in names(loops)) {
    # Weights that no symmetry cancels.
    total <- function(k) {
      value <- loops[[name]](k, 60)
      sum(value * cos(seq_along(value)))
    }
    m <- model(function() {
      k ~ normal(0, 1)
      log_factor("total", total(k))
    })
    result <- log_density(m, list(), list(k = 0.3))
    expect_equal(as.numeric(result), dnorm(0.3, log = TRUE) + total(0.3), tolerance = 1e-10, info = name)
    slope <- (total(0.3 + 1e-5) - total(0.3 - 1e-5)) / 2e-5 - 0.3
    # Central differences: truncation 1e-10 times the third derivative, rounding 1e-11.
    expect_equal(as.numeric(attr(result, "gradient")), slope, tolerance = 1e-6, info = name)
  }
})

test_that("loops over states stay a few nodes however many steps they have", {
  for (name in names(loops)) {
    fn <- function(k) loops[[name]](k, 800)
    with_traced(fn, inputs = list(k = 0.3), what = function(result, sites) {
      # As written each of them has more than 3000 nodes.
      expect_lt(length(trace_pack(trace_row(result), integer())$nodes$op), 500)
    })
  }
})

test_that("a traced value shows what it depends on, also when R prints it by itself", {
  trace_begin()
  on.exit(trace_end())
  expect_output(methods::show(trace_site(1, 3)), "<traced [3]>, depends on the site `#1`", fixed = TRUE)
})
