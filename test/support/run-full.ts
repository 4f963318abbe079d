/** All tiers that `npm test` runs, with random sets whole rather than as samples. */
process.env.PGSTEAD_TEST_FULL = "1";
void import("./run-tests.js");
