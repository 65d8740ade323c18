test_that("optimizers are plain lists of settings", {
  adam <- list(kind = "adam", lr = 0.02, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, decay = 1)
  expect_equal(unclass(optim_adam(0.02)), adam)
  expect_equal(optim_clipped_adam(clip = 3)$clip, 3)
  expect_equal(optim_rmsprop()$kind, "rmsprop")
  expect_equal(optim_adagrad(0.5)$lr, 0.5)
  expect_equal(engine_optim(optim_sgd(0.1, momentum = 0.9)), list(kind = "sgd", lr = 0.1, beta1 = 0.9, decay = 1))
  expect_output(print(optim_sgd(0.1)), "optim_sgd(lr = 0.1, momentum = 0, decay = 1)", fixed = TRUE)
})

test_that("settings out of range are named", {
  expect_error(optim_adam(0), "`lr` must be positive, but is 0")
  expect_error(optim_adam(c(1, 2)), "`lr` must be one number")
  expect_error(optim_adam(NA_real_), "`lr` must be one number")
  expect_error(optim_adam(beta1 = 1), "`beta1` must be at least 0 and below 1")
  expect_error(optim_clipped_adam(clip = -1), "`clip`")
  expect_error(optim_adam(decay = 1.1), "`decay`")
  expect_error(optim_adam(learning_rate = 1), "unused argument")
})
