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

# The two Euler loops of the catalyst example.
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
