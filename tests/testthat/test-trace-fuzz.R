# Random programs composed of the functions that can be traced, on numbers and on traced values. The seed is fixed; for
# a longer run by hand set the environment variable REPARAM_FUZZ to a number of programs.

# A loop has an index of its own: ifelse() on numbers skips a case that is not chosen, and with it the loop's effects.
fuzz_functions <- list(
  scalar = list(
    quote(s), quote(x[2]), quote(M[1, 3]), quote(sum(VECTOR)), quote(mean(VECTOR)), quote(max(VECTOR)),
    quote(prod(VECTOR / 2)), quote(sd(VECTOR)), quote(SCALAR + SCALAR), quote(SCALAR * SCALAR), quote(SCALAR - 0.3),
    quote(exp(-abs(SCALAR))), quote(log1p(abs(SCALAR))), quote(VECTOR[[3]]), quote(drop(VECTOR3 %*% VECTOR3)),
    quote(sum(diag(MATRIX))), quote(det(MATRIX)), quote(ifelse(SCALAR > 0.5, SCALAR, SCALAR)), quote(plogis(SCALAR)),
    quote(median(VECTOR)), quote(Reduce(`+`, VECTOR3)), quote(norm(MATRIX, "F")),
    quote({ a <- SCALAR; for (j in 1:3) a <- a * 0.5 + VECTOR3[j]; a }), quote(max(MATRIX, SCALAR))
  ),
  vector = list(
    quote(x), quote(rev(VECTOR)), quote(VECTOR + VECTOR), quote(VECTOR * SCALAR), quote(VECTOR - VECTOR),
    quote(cumsum(VECTOR)), quote(VECTOR[c(2, 1, 6, 4, 4, 3)]), quote(c(VECTOR3, VECTOR3)), quote(rep(VECTOR3, 2)),
    quote(sqrt(abs(VECTOR))), quote(ifelse(VECTOR > 1, VECTOR, -VECTOR)), quote(pmax(VECTOR, SCALAR)),
    quote(sort(VECTOR)), quote(as.vector(MATRIX)[1:6]), quote(sapply(1:6, function(i) VECTOR[i] * i)),
    quote(VECTOR / (1 + VECTOR^2)), quote(x * (VECTOR > 0)), quote(VECTOR %% 0.7),
    quote({ y <- numeric(6); y[1] <- SCALAR; for (k in 2:6) y[k] <- 0.9 * y[k - 1] + VECTOR[k]; y }),
    quote(tanh(VECTOR)), quote({ y <- VECTOR; y[2:3] <- VECTOR3[1:2]; y }),
    quote(dnorm(VECTOR, SCALAR, 1, log = TRUE)), quote(1:6 * VECTOR),
    quote(unlist(lapply(VECTOR, function(v) v + 1))),
    quote(Reduce(function(a, b) 0.5 * a + b, VECTOR, accumulate = TRUE)), quote(c(t(rbind(VECTOR3, VECTOR3)))),
    quote(ave(VECTOR, c(1, 1, 2, 2, 3, 3))), quote(sin(VECTOR)), quote(diff(c(0, VECTOR)))
  ),
  vector3 = list(
    quote(VECTOR[1:3]), quote(diag(MATRIX)), quote(MATRIX[2, ]), quote(drop(MATRIX %*% VECTOR3)),
    quote(rowSums(MATRIX)), quote(colMeans(MATRIX)), quote(apply(MATRIX, 1, max)), quote(VECTOR3 + SCALAR),
    quote(tapply(VECTOR, c(1, 1, 2, 2, 3, 3), sum)), quote(vapply(1:3, function(i) sum(MATRIX[i, ]), 0)),
    quote(mapply(function(a, b) a - b, VECTOR3, 1:3)), quote(VECTOR[c(5, 5, 1)]), quote(c(SCALAR, SCALAR, 1)),
    quote(solve(M, VECTOR3)), quote(cumprod(VECTOR3)), quote(exp(-VECTOR3^2)), quote(backsolve(chol(M), VECTOR3))
  ),
  matrix = list(
    quote(M), quote(t(MATRIX)), quote(MATRIX + MATRIX), quote(MATRIX %*% MATRIX / 5), quote(outer(VECTOR3, VECTOR3)),
    quote(diag(VECTOR3)), quote(MATRIX * VECTOR3), quote(crossprod(MATRIX) / 9), quote(matrix(VECTOR, 3, 3)),
    quote(cbind(VECTOR3, VECTOR3, 1)), quote(sweep(MATRIX, 2, VECTOR3)), quote(exp(-abs(MATRIX))),
    quote(MATRIX[3:1, c(1, 3, 2)]), quote(rbind(VECTOR3, 0, VECTOR3)),
    quote({ m <- matrix(0, 3, 3); m[, 2] <- VECTOR3; m[1, 1] <- SCALAR; m }),
    quote(outer(1:3, 1:3, function(i, j) SCALAR * i - j)), quote(solve(M) + MATRIX), quote(chol(M)),
    quote({ m <- MATRIX; m[upper.tri(m)] <- 0; m }), quote(ifelse(MATRIX > 1, MATRIX, SCALAR))
  )
)

fuzz_leaves <- list(
  scalar = list(quote(s), quote(x[5])), vector = list(quote(x), quote(x0)), vector3 = list(quote(x[4:6])),
  matrix = list(quote(M))
)

random_program <- function(kind, depth) {
  choices <- fuzz_functions[[kind]]
  if (depth == 0L) choices <- fuzz_leaves[[kind]]
  fill_in(choices[[sample.int(length(choices), 1L)]], depth)
}

fill_in <- function(code, depth) {
  if (is.symbol(code)) {
    kind <- tolower(as.character(code))
    if (kind != as.character(code) && kind %in% names(fuzz_functions)) return(random_program(kind, depth - 1L))
  }
  if (!is.call(code)) return(code)
  for (k in seq_along(code)) {
    empty <- is.symbol(code[[k]]) && !nzchar(as.character(code[[k]]))
    if (!empty && is.language(code[[k]])) code[[k]] <- fill_in(code[[k]], depth)
  }
  code
}

test_that("random programs give the same on numbers and on traced values", {
  old_seed <- get0(".Random.seed", globalenv())
  on.exit(if (!is.null(old_seed)) assign(".Random.seed", old_seed, globalenv()))
  set.seed(20240229)
  scope <- trace_scope()
  n <- as.integer(Sys.getenv("REPARAM_FUZZ", "250"))
  for (i in seq_len(n)) {
    kind <- sample(names(fuzz_functions), 1L)
    code <- random_program(kind, sample(1:3, 1L))
    # 1e-8: sums, products and solutions of equations in another order of operations.
    expect_same(as_program(code, scope), paste(deparse(code), collapse = " "), tolerance = 1e-8)
  }
})
