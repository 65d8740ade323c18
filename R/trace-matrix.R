# Matrix algebra on traced values, with R's shapes and dimnames.

methods::setClass("rp", methods::representation("VIRTUAL"))

# R dispatches %*% on S4 classes only; this serves package code, user code finds overlay_product().
methods::setMethod("%*%", methods::signature("rp", "ANY"), function(x, y) traced_product(x, y))
methods::setMethod("%*%", methods::signature("ANY", "rp"), function(x, y) traced_product(x, y))
methods::setMethod("%*%", methods::signature("rp", "rp"), function(x, y) traced_product(x, y))
methods::setMethod("show", "rp", function(object) print.rp(object))

# Rows and columns of an operand of a product: a vector is a column or a row, whichever fits, as R has it.
product_dims <- function(x, y) {
  dx <- matrix_dim(x)
  dy <- matrix_dim(y)
  if (is.null(dx) && is.null(dy)) {
    dx <- if (length(x) == length(y)) c(1L, length(x)) else if (length(y) == 1L) c(length(x), 1L) else c(1L, length(x))
    dy <- if (dx[2L] == length(y)) c(length(y), 1L) else c(1L, length(y))
    if (length(x) == 1L && length(y) != 1L) {
      dx <- c(1L, 1L)
      dy <- c(1L, length(y))
    }
  } else if (is.null(dx)) {
    dx <- if (length(x) == dy[1L]) c(1L, length(x)) else c(length(x), 1L)
  } else if (is.null(dy)) {
    dy <- if (length(y) == dx[2L]) c(length(y), 1L) else c(1L, length(y))
  }
  list(x = dx, y = dy)
}

# Arrays of any other number of dimensions count as vectors.
matrix_dim <- function(x) if (length(dim(x)) == 2L) dim(x)

traced_product <- function(x, y) {
  dims <- product_dims(x, y)
  product(x, y, dims$x, dims$y, FALSE, FALSE)
}

# op(x) %*% op(y), dx and dy being the dimensions before transposition.
product <- function(x, y, dx, dy, tx, ty) {
  m <- dx[1L + tx]
  k <- dx[2L - tx]
  n <- dy[2L - ty]
  if (k != dy[1L + ty]) {
    trace_fail(sprintf("non-conformable arguments: a matrix of %d x %d times one of %d x %d", m, k, dy[1L + ty], n),
               if (length(x) == 1L || length(y) == 1L) "A site of one number? `b[1:3] ~ normal(0, 1)` has three.")
  }
  x <- bless(x)
  y <- bless(y)
  result <- .Call(ffi_trace_matmul, x, y, as.integer(c(m, k, n, tx, ty)))
  dim(result) <- c(m, n)
  rows <- if (length(dim(x)) == 2L) dimnames(x)[[1L + tx]]
  columns <- if (length(dim(y)) == 2L) dimnames(y)[[2L - ty]]
  if (!is.null(rows) || !is.null(columns)) dimnames(result) <- list(rows, columns)
  result
}

as_columns <- function(x) if (is.null(matrix_dim(x))) c(length(x), 1L) else dim(x)

overlay_product <- function(x, y) if (has_codes(x) || has_codes(y)) traced_product(x, y) else x %*% y

overlay_crossprod <- function(x, y = NULL) {
  if (!has_codes(x) && !has_codes(y)) return(crossprod(x, y))
  if (is.null(y)) y <- x
  product(x, y, as_columns(x), as_columns(y), TRUE, FALSE)
}

overlay_tcrossprod <- function(x, y = NULL) {
  if (!has_codes(x) && !has_codes(y)) return(tcrossprod(x, y))
  if (is.null(y)) y <- x
  dy <- as_columns(y)
  dx <- as_columns(x)
  # A vector beside a matrix is a row when that fits.
  if (is.null(matrix_dim(x)) && !is.null(matrix_dim(y)) && length(x) == dy[2L]) dx <- rev(dx)
  if (is.null(matrix_dim(y)) && !is.null(matrix_dim(x)) && length(y) == dx[2L]) dy <- rev(dy)
  product(x, y, dx, dy, FALSE, TRUE)
}

# ---- systems of equations ----

linalg <- function(op, a, b = NULL, ...) .Call(ffi_trace_linalg, op, bless(a), b, as.integer(c(...)))

square_size <- function(a, name) {
  a <- if (is.null(matrix_dim(a))) matrix_of(a) else a
  if (length(dim(a)) != 2L || nrow(a) != ncol(a)) {
    trace_fail(sprintf("'%s' (%s) must be square", name, paste(dim(a), collapse = " x ")))
  }
  nrow(a)
}

matrix_of <- function(x) {
  dim(x) <- c(length(x), 1L)
  x
}

#' @export
solve.rp <- function(a, b, ...) {
  n <- square_size(a, "a")
  given <- !missing(b)
  if (!given) b <- diag(1, n)
  if (is.null(matrix_dim(b))) b <- as.vector(b)
  m <- if (is.null(dim(b))) 1L else ncol(b)
  if (NROW(b) != n) trace_fail(sprintf("'b' (%d x %d) must be compatible with 'a' (%d x %d)", NROW(b), m, n, n))
  result <- linalg("solve", a, b, n, m, 0L)
  columns <- if (given) colnames_of(b) else rownames(a)
  if (given && is.null(dim(b))) {
    names(result) <- colnames(a)
    return(result)
  }
  dim(result) <- c(n, m)
  if (!is.null(colnames(a)) || !is.null(columns)) dimnames(result) <- list(colnames(a), columns)
  result
}

colnames_of <- function(x) if (length(dim(x)) == 2L) dimnames(x)[[2L]]

overlay_solve <- function(a, b, ...) {
  if (missing(b)) return(if (has_codes(a)) solve.rp(a) else solve(a, ...))
  if (has_codes(a) || has_codes(b)) solve.rp(a, b) else solve(a, b, ...)
}

#' @export
chol.rp <- function(x, pivot = FALSE, ...) {
  if (pivot) trace_fail("`chol(pivot = TRUE)` cannot work on a traced matrix.", "Use `chol(x)`.")
  n <- square_size(x, "a")
  lower <- linalg("cholesky", x, NULL, n)
  dim(lower) <- c(n, n)
  upper <- t(lower)
  dimnames(upper) <- dimnames(x)
  upper
}

overlay_chol2inv <- function(x, size = NCOL(x), ...) {
  if (!has_codes(x)) return(chol2inv(x, size, ...))
  if (is.null(matrix_dim(x))) x <- matrix_of(x)
  root <- x[seq_len(size), seq_len(size), drop = FALSE]
  inverse <- triangular(root, diag(1, size), size, lower = FALSE, transpose = FALSE)
  overlay_tcrossprod(inverse)
}

overlay_qr_solve <- function(a, b, ...) {
  if (!has_codes(a) && (missing(b) || !has_codes(b))) return(qr.solve(a, b, ...))
  if (nrow(as.matrix(a)) != ncol(as.matrix(a))) {
    trace_fail("`qr.solve()` of a traced value needs a square matrix.",
               "Least squares are `solve(crossprod(a), crossprod(a, b))`.")
  }
  overlay_solve(a, b)
}

# A triangular solve; b a matrix.
triangular <- function(a, b, n, lower, transpose) {
  result <- linalg("tri_solve", a, b, n, ncol(b), lower, transpose)
  dim(result) <- c(n, ncol(b))
  result
}

overlay_backsolve <- function(r, x, k = ncol(r), upper.tri = TRUE, transpose = FALSE) {
  if (!has_codes(r) && !has_codes(x)) return(backsolve(r, x, k, upper.tri, transpose))
  if (is.null(matrix_dim(r))) r <- matrix_of(r)
  vector <- !is.matrix(x)
  if (vector) x <- matrix_of(x)
  if (nrow(x) < k) trace_fail("invalid dimensions in `backsolve()`")
  keep <- seq_len(k)
  result <- triangular(r[keep, keep, drop = FALSE], x[keep, , drop = FALSE], k, !upper.tri, transpose)
  if (vector) as.vector(result) else result
}

overlay_forwardsolve <- function(l, x, k = ncol(l), upper.tri = FALSE, transpose = FALSE) {
  overlay_backsolve(l, x, k, upper.tri, transpose)
}

overlay_det <- function(x, ...) if (has_codes(x)) linalg("det", x, NULL, square_size(x, "a")) else det(x, ...)

#' @export
determinant.rp <- function(x, logarithm = TRUE, ...) {
  n <- square_size(x, "a")
  modulus <- linalg("log_abs_det", x, NULL, n)
  if (!logarithm) modulus <- exp(modulus)
  attr(modulus, "logarithm") <- logarithm
  structure(list(modulus = modulus, sign = sign(linalg("det", x, NULL, n))), class = "det")
}

overlay_eigen <- function(x, symmetric, only.values = FALSE, ...) {
  if (!has_codes(x) && missing(symmetric)) return(eigen(x, only.values = only.values, ...))
  if (!has_codes(x)) return(eigen(x, symmetric, only.values, ...))
  n <- square_size(x, "x")
  if (!missing(symmetric) && !symmetric) {
    trace_fail(
      "`eigen()` of a traced matrix works for symmetric ones only.", "Say `eigen(x, symmetric = TRUE)` if it is one."
    )
  }
  x <- bless(x)
  both <- linalg("eigen_symmetric", symmetrised(x), NULL, n)
  if (missing(symmetric)) both <- both + nan_unless(max(abs(x - t(x))) <= 1e-8 * max(abs(x)))
  vectors <- if (!only.values) matrix_shape(both[n + seq_len(n * n)], n, n)
  structure(class = "eigen", list(values = both[seq_len(n)], vectors = vectors))
}

# R looks at the numbers to see whether a matrix is symmetric; here they are known only when the model runs.
nan_unless <- function(ok) elementwise("select", ok, 0, NaN)

# From the lower triangle, which is what R's eigen() reads.
symmetrised <- function(x) {
  i <- pmax(row(x), col(x))
  j <- pmin(row(x), col(x))
  matrix_shape(as.vector(x)[i + (j - 1L) * nrow(x)], nrow(x), ncol(x))
}

matrix_shape <- function(x, n, m) {
  dim(x) <- c(n, m)
  x
}

overlay_svd <- function(x, nu = min(n, p), nv = min(n, p), ...) {
  if (!has_codes(x)) return(if (missing(nu) && missing(nv)) svd(x, ...) else svd(x, nu, nv, ...))
  if (is.null(dim(x))) x <- matrix_of(x)
  n <- nrow(x)
  p <- ncol(x)
  k <- min(n, p)
  all <- linalg("svd", x, NULL, n, p)
  u <- matrix_shape(all[k + seq_len(n * k)], n, k)
  v <- matrix_shape(all[k + n * k + seq_len(p * k)], p, k)
  list(d = all[seq_len(k)], u = u[, seq_len(nu), drop = FALSE], v = v[, seq_len(nv), drop = FALSE])
}

overlay_norm <- function(x, type = "O") {
  if (!has_codes(x)) return(norm(x, type))
  switch(EXPR = toupper(substr(type, 1L, 1L)),
    O = , `1` = max(overlay_colSums(abs(x))),
    I = max(overlay_rowSums(abs(x))),
    F = , E = sqrt(sum(x^2)),
    M = max(abs(x)),
    `2` = overlay_svd(x, 0L, 0L)$d[1L],
    trace_fail(sprintf("`norm()` does not know the type \"%s\".", type))
  )
}

# ---- diagonals, blocks ----

overlay_diag <- function(x = 1, nrow, ncol, names = TRUE) {
  n_args <- nargs()
  if (!has_codes(x)) {
    # diag() looks at how many arguments it was given.
    call <- sys.call()
    call[[1L]] <- base::diag
    return(eval(call, parent.frame()))
  }
  if (is.matrix(x)) return(diagonal_of(x, names))
  x <- bless(x)
  if (length(x) == 1L && n_args == 1L) fail_identity(x)
  if (missing(nrow)) nrow <- length(x)
  if (missing(ncol)) ncol <- nrow
  k <- seq_len(min(nrow, ncol))
  assign_codes(`[<-`, matrix(0, nrow, ncol), cbind(k, k), value = rep_len(bare(x), length(k)))
}

fail_identity <- function(x) {
  trace_fail(
    sprintf("`diag(x)` of one number means an identity matrix of that size, but `x` %s.", depends_text(x)),
    "Use `diag(x, 1)` for a matrix of one element, `diag(x, n)` for n of them."
  )
}

diagonal_of <- function(x, names) {
  k <- seq_len(min(dim(x)))
  result <- x[cbind(k, k)]
  rows <- rownames(x)[k]
  if (names && !is.null(rows) && identical(rows, colnames(x)[k])) base::names(result) <- rows
  result
}

`overlay_diag<-` <- function(x, value) {
  if (!has_codes(x) && !has_codes(value)) return(`diag<-`(x, value))
  k <- seq_len(min(dim(x)))
  if (length(value) != 1L && length(value) != length(k)) trace_fail("replacement diagonal has wrong length")
  assign_codes(`[<-`, x, cbind(k, k), value = value)
}

overlay_kronecker <- function(X, Y, FUN = "*", ...) {
  if (!has_codes(X) && !has_codes(Y)) return(kronecker(X, Y, FUN, ...))
  if (length(dim(X)) > 2L || length(dim(Y)) > 2L) {
    trace_fail("`kronecker()` of traced arrays works on vectors and matrices.")
  }
  dx <- as_columns(X)
  dy <- as_columns(Y)
  rows <- expand_pair(dx[1L], dy[1L])
  columns <- expand_pair(dx[2L], dy[2L])
  left <- overlay_matrix(X, dx[1L], dx[2L])[rows$first, columns$first, drop = FALSE]
  right <- overlay_matrix(Y, dy[1L], dy[2L])[rows$second, columns$second, drop = FALSE]
  result <- callable(FUN, parent.frame())(left, right, ...)
  if (is.null(dim(X)) && is.null(dim(Y))) dim(result) <- length(result)
  result
}

expand_pair <- function(n, m) list(first = rep(seq_len(n), each = m), second = rep(seq_len(m), n))

# ---- sums over rows and columns ----

overlay_rowSums <- function(x, na.rm = FALSE, dims = 1L) sums_over(x, dims, TRUE, rowSums, na.rm)
overlay_colSums <- function(x, na.rm = FALSE, dims = 1L) sums_over(x, dims, FALSE, colSums, na.rm)

overlay_rowMeans <- function(x, na.rm = FALSE, dims = 1L) {
  if (!has_codes(x)) return(rowMeans(x, na.rm, dims))
  overlay_rowSums(x, na.rm, dims) / prod(dim(x)[-seq_len(dims)])
}

overlay_colMeans <- function(x, na.rm = FALSE, dims = 1L) {
  if (!has_codes(x)) return(colMeans(x, na.rm, dims))
  overlay_colSums(x, na.rm, dims) / prod(dim(x)[seq_len(dims)])
}

sums_over <- function(x, dims, rows, fn, na.rm) {
  if (!has_codes(x)) return(fn(x, na.rm, dims))
  shape <- dim(x)
  if (length(shape) < 2L) trace_fail("'x' must be an array of at least two dimensions")
  inner <- seq_len(dims)
  m <- prod(shape[inner])
  n <- prod(shape[-inner])
  flat <- matrix_shape(as.vector(x), m, n)
  total <- if (rows) traced_product(flat, rep(1, n)) else traced_product(rep(1, m), flat)
  total <- as.vector(total)
  kept <- if (rows) inner else seq_along(shape)[-inner]
  labels <- dimnames(x)[kept]
  if (length(kept) > 1L) {
    dim(total) <- shape[kept]
    if (!is.null(labels) && !all(vapply(labels, is.null, NA))) dimnames(total) <- labels
  } else if (!is.null(labels)) {
    names(total) <- labels[[1L]]
  }
  total
}

#' @export
rowsum.rp <- function(x, group, reorder = TRUE, ...) {
  groups <- if (reorder) sort(unique(group)) else unique(group)
  at <- match(group, groups)
  x <- if (is.null(dim(x))) matrix_of(unname_codes(x)) else x
  columns <- ncol(x)
  index <- rep(at, columns) + rep((seq_len(columns) - 1L) * length(groups), each = length(at))
  result <- .Call(ffi_trace_scatter, x, as.integer(index), length(groups) * columns)
  dim(result) <- c(length(groups), columns)
  dimnames(result) <- list(as.character(groups), colnames(x))
  result
}

overlay_matrices <- function() {
  list(
    `%*%` = overlay_product, crossprod = overlay_crossprod, tcrossprod = overlay_tcrossprod, solve = overlay_solve,
    qr.solve = overlay_qr_solve,
    chol2inv = overlay_chol2inv, backsolve = overlay_backsolve, forwardsolve = overlay_forwardsolve, det = overlay_det,
    eigen = overlay_eigen, svd = overlay_svd, norm = overlay_norm, diag = overlay_diag, `diag<-` = `overlay_diag<-`,
    kronecker = overlay_kronecker, `%x%` = overlay_kronecker,
    rowSums = overlay_rowSums, colSums = overlay_colSums, rowMeans = overlay_rowMeans, colMeans = overlay_colMeans
  )
}
