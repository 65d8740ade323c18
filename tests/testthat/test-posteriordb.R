# Six posteriors of posteriordb (helper-posteriordb.R) by the default settings: 4 chains of 1000 draws, within the
# tolerance that is stated there. Every comparison has a bound of 4 standard errors; the seed is fixed.
posteriordb <- readRDS(test_path("posteriordb.rds"))

for (name in names(posteriordb_models)) {
  test_that(paste("the posterior", name, "agrees with its reference"), {
    case <- posteriordb[[name]]
    fit <- fit_nuts(posteriordb_models[[name]], case$data, seed = 1)
    table <- posteriordb_compare(fit, case$reference)
    table$agrees <- posteriordb_agrees(table)
    expect(all(table$agrees), paste(capture.output(print(table, digits = 3)), collapse = "\n"))
    expect_lt(max(table$rhat), 1.01)
  })
}
