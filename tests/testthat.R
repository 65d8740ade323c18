library(testthat)
library(reparam)

test_check("reparam")
