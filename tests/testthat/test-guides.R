test_that("guides are plain lists", {
  expect_s3_class(guide_normal(), "reparam_guide")
  mvn <- list(kind = "mvn", sites = c("k", "k_d"), init_scale = 0.5)
  expect_equal(unclass(guide_mvn("k", "k_d", init_scale = 0.5)), mvn)
  expect_equal(unclass(guide_lowrank(rank = 2)), list(kind = "lowrank", init_scale = 0.1, rank = 2))
  expect_equal(unclass(guide_delta("k")), list(kind = "delta", sites = "k"))
  expect_identical(guide_diagonal("k"), guide_normal("k"))
})

test_that("a list of guides is flat, its parts disjoint", {
  both <- guide_list(guide_mvn("k", "k_d"), guide_list(guide_delta("m"), guide_normal()))
  expect_equal(vapply(both$parts, `[[`, "", "kind"), c("mvn", "delta", "normal"))
  expect_equal(named_sites(both), c("k", "k_d", "m"))
  expect_output(print(both), 'guide_list(guide_mvn("k", "k_d"), guide_delta("m"), guide_normal())', fixed = TRUE)
  expect_type(unclass_guide(both)$parts[[1]], "list")
  expect_null(attributes(unclass_guide(both)$parts[[1]])$class)
  expect_error(guide_list(guide_mvn("k"), guide_normal("k")), "`k` stands in two parts")
  expect_error(guide_list(guide_mvn(), guide_normal()), "Two parts of the guide name no sites")
  expect_error(guide_list("k"), "not a guide")
  expect_error(guide_list(), "at least one")
})

test_that("bad arguments are named", {
  expect_error(guide_mvn(k), "k")
  expect_error(guide_mvn(sites = "k"), "`sites`")
  expect_error(guide_mvn("k", "k"), "`k` is named twice")
  expect_error(guide_lowrank(rank = 0), "`rank` must be a whole number")
  expect_error(guide_normal(init_scale = -1), "`init_scale` must be positive")
})
