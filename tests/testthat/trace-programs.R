# Small R programs over x (6 numbers), M (3 x 3 symmetric positive definite) and s (one number), copied from the
# project's shared corpus (corpus/trace-programs.R).
# Each is run on plain numbers and on traced values; the results must be equal (R 4.2.2 semantics).
inputs <- list(x = c(0.5, 1.2, 2.3, 0.7, 1.9, 0.2),
               M = crossprod(matrix(c(2, .3, .1, .2, 1.5, .4, .3, .2, 1.8), 3)),
               s = 1.7)

trace_programs <- list(
  arith = function (x, M, s) 
    s * x + 1 - x/2,
  recycle = function (x, M, s) 
    x * 1:3,
  plainlhs = function (x, M, s) 
    2^x,
  matvec = function (x, M, s) 
    M * x[1:3],
  lgamma = function (x, M, s) 
    lgamma(x),
  cumsum = function (x, M, s) 
    cumsum(x),
  cumprod = function (x, M, s) 
    cumprod(x),
  round = function (x, M, s) 
    round(x, 1),
  choose = function (x, M, s) 
    choose(5, x),
  besselI = function (x, M, s) 
    besselI(x, 1),
  plogis = function (x, M, s) 
    plogis(x),
  dnorm = function (x, M, s) 
    dnorm(x, s, 1, log = TRUE),
  sum = function (x, M, s) 
    sum(x),
  prod = function (x, M, s) 
    prod(x),
  max = function (x, M, s) 
    max(x),
  maxplain = function (x, M, s) 
    max(0, s),
  range = function (x, M, s) 
    range(x),
  mean = function (x, M, s) 
    mean(x),
  var = function (x, M, s) 
    var(x),
  sd = function (x, M, s) 
    sd(x),
  quantile = function (x, M, s) 
    quantile(x, 0.3, names = FALSE),
  dotprod = function (x, M, s) 
    sum(x * x),
  logsumexp = function (x, M, s) 
    {
        m <- max(x)
        m + log(sum(exp(x - m)))
    },
  idx = function (x, M, s) 
    x[c(3, 1, 1)],
  negidx = function (x, M, s) 
    x[-1],
  lglidx = function (x, M, s) 
    x[c(TRUE, FALSE)],
  idx2 = function (x, M, s) 
    x[[2]],
  head = function (x, M, s) 
    head(x, -1),
  rev = function (x, M, s) 
    rev(x),
  rep = function (x, M, s) 
    rep(x, each = 2),
  rep_len = function (x, M, s) 
    rep_len(x, 4),
  c1 = function (x, M, s) 
    c(x, 1),
  append = function (x, M, s) 
    append(1:2, x),
  unlist = function (x, M, s) 
    unlist(list(x, s)),
  diff = function (x, M, s) 
    diff(x),
  names = function (x, M, s) 
    {
        names(x) <- letters[1:6]
        x["b"]
    },
  cumgrow = function (x, M, s) 
    {
        y <- c()
        for (i in 1:3) y <- c(y, x[i])
        y
    },
  sort = function (x, M, s) 
    sort(x),
  order = function (x, M, s) 
    x[order(x)],
  seq = function (x, M, s) 
    seq(0, s, length.out = 4),
  colon = function (x, M, s) 
    x[seq_along(x)],
  array = function (x, M, s) 
    array(x, c(1, 2, 3)),
  dimset = function (x, M, s) 
    {
        dim(x) <- c(3, 2)
        x
    },
  t = function (x, M, s) 
    t(M),
  outer = function (x, M, s) 
    outer(x, x),
  outer2 = function (x, M, s) 
    outer(1:3, x),
  outerf = function (x, M, s) 
    outer(x, 1:2, "-"),
  outerfn = function (x, M, s) 
    outer(1:3, 1:3, function(i, j) s * exp(-(i - j)^2)),
  diagv = function (x, M, s) 
    diag(x),
  diagm = function (x, M, s) 
    diag(M),
  diagn = function (x, M, s) 
    diag(s, 3),
  sweep = function (x, M, s) 
    sweep(M, 2, x[1:3]),
  scale = function (x, M, s) 
    scale(M),
  solve = function (x, M, s) 
    solve(M),
  solveb = function (x, M, s) 
    solve(M, x[1:3]),
  solveb2 = function (x, M, s) 
    solve(diag(3), x[1:3]),
  chol = function (x, M, s) 
    chol(M),
  det = function (x, M, s) 
    det(M),
  logdet = function (x, M, s) 
    2 * sum(log(diag(chol(M)))),
  backsolve = function (x, M, s) 
    backsolve(M, x[1:3]),
  forwardsolve = function (x, M, s) 
    forwardsolve(M, x[1:3]),
  kron = function (x, M, s) 
    kronecker(M, diag(2)),
  uptri = function (x, M, s) 
    M[upper.tri(M)],
  matidx = function (x, M, s) 
    M[cbind(1:3, 3:1)],
  rowsum = function (x, M, s) 
    rowsum(x, c(1, 1, 2, 2, 3, 3)),
  maxcol = function (x, M, s) 
    ncol(M) + NROW(x),
  norm = function (x, M, s) 
    norm(M),
  svd = function (x, M, s) 
    svd(M)$d,
  eigen = function (x, M, s) 
    eigen(M)$values,
  quad = function (x, M, s) 
    drop(crossprod(x[1:3], solve(M, x[1:3]))),
  assign = function (x, M, s) 
    {
        y <- numeric(3)
        y[2] <- s
        y[3] <- y[2] * x[1]
        y
    },
  euler = function (x, M, s) 
    {
        a <- numeric(5)
        a[1] <- 1
        for (i in 2:5) a[i] <- a[i - 1] - 0.1 * s * a[i - 1]
        a
    },
  eulerexp = function (x, M, s) 
    {
        a <- numeric(5)
        a[1] <- s
        for (i in 2:5) a[i] <- a[i - 1] * exp(-a[i - 1])
        a
    },
  assignvec = function (x, M, s) 
    {
        y <- numeric(6)
        y[] <- x
        y
    },
  diagassign = function (x, M, s) 
    {
        m <- diag(3)
        diag(m) <- x[1:3]
        m
    },
  dbl = function (x, M, s) 
    {
        y <- numeric(3)
        y[[2]] <- s
        y
    },
  listassign = function (x, M, s) 
    {
        l <- list()
        l$a <- x
        l[["b"]] <- s
        l$a * l$b
    },
  repassign = function (x, M, s) 
    {
        y <- rep(NA_real_, 3)
        y[1:3] <- x[1:3]
        y
    },
  replace2 = function (x, M, s) 
    replace(numeric(3), 2, s),
  sapply = function (x, M, s) 
    sapply(1:3, function(i) x[i]^2),
  sapplyx = function (x, M, s) 
    sapply(x, function(xi) xi * 2),
  vapply = function (x, M, s) 
    vapply(1:3, function(i) x[i]^2, numeric(1)),
  lapplyx = function (x, M, s) 
    unlist(lapply(x, function(v) v + 1)),
  Map = function (x, M, s) 
    Map(function(a, b) a * b, x, 1:6)[[2]],
  mapply = function (x, M, s) 
    mapply(function(a, b) a * b, x, 1:6),
  Reduce = function (x, M, s) 
    Reduce(`+`, x),
  ReduceAcc = function (x, M, s) 
    Reduce(function(a, b) a * 0.5 + b, x, accumulate = TRUE),
  ReduceAccInit = function (x, M, s) 
    Reduce(function(a, b) a - 0.1 * s * a, 1:4, s, accumulate = TRUE),
  docall = function (x, M, s) 
    do.call(sum, list(x, s)),
  tapply = function (x, M, s) 
    tapply(x, c(1, 1, 2, 2, 3, 3), sum),
  forin = function (x, M, s) 
    {
        acc <- 0
        for (xi in x) acc <- acc + xi
        acc
    },
  forin2 = function (x, M, s) 
    {
        acc <- 0
        for (xi in x) acc <- acc + xi * s
        acc
    },
  within = function (x, M, s) 
    with(list(z = x), z * 2),
  dfc = function (x, M, s) 
    data.frame(a = x)$a,
  ave = function (x, M, s) 
    ave(x, c(1, 1, 2, 2, 3, 3)),
  ifelse_plain2 = function (x, M, s) 
    ifelse(c(TRUE, FALSE), 0, x[1:2]),
  ifelse_tr = function (x, M, s) 
    ifelse(x > 1, x, 0),
  abs = function (x, M, s) 
    abs(x - 1),
  mask = function (x, M, s) 
    x * (x > 1),
  isnum = function (x, M, s) 
    if (is.numeric(x)) x else stop("not numeric"),
  stopif = function (x, M, s) 
    {
        stopifnot(is.numeric(x), length(x) == 6)
        x
    },
  isna = function (x, M, s) 
    x[!is.na(x)],
  any = function (x, M, s) 
    any(x > 100),
  subsetlogical = function (x, M, s) 
    x[x > 1],
  switch = function (x, M, s) 
    switch(2, x, -x),
  `in` = function (x, M, s) 
    s %in% c(2),
  identical = function (x, M, s) 
    identical(x, x),
  fft = function (x, M, s) 
    Re(fft(x)),
  approx = function (x, M, s) 
    approx(1:6, x, 2.5)$y,
  integrate = function (x, M, s) 
    integrate(function(z) z * s, 0, 1)$value,
  cumall = function (x, M, s) 
    sum(cumsum(rev(x))),
  I = function (x, M, s) 
    I(x) * 1,
  asnum = function (x, M, s) 
    as.numeric(M),
  asvec = function (x, M, s) 
    as.vector(M),
  asmat = function (x, M, s) 
    as.matrix(x),
  ismat = function (x, M, s) 
    is.matrix(M),
  toeplitz = function (x, M, s) 
    toeplitz(x[1:3]),
  lower2 = function (x, M, s) 
    {
        L <- matrix(0, 3, 3)
        L[lower.tri(L, diag = TRUE)] <- x
        L %*% t(L)
    },
  weighted.mean = function (x, M, s) 
    weighted.mean(x, 1:6),
  pipe = function (x, M, s) 
    sum(exp(x)),
  neg1 = function (x, M, s) 
    -x,
  mod = function (x, M, s) 
    x%%1,
  intdiv = function (x, M, s) 
    x%/%1
)

# These must fail at once with a clear error when x, M or s is traced:
must_error <- c("order", "dfc", "subsetlogical", "in", "fft", "approx", "integrate")
