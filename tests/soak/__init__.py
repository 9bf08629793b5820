"""Long trials of what must never happen: `make soak` runs them at length, the tests a short version."""
