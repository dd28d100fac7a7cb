"""The steps from an empty database to the present tables. `tollgate migrate` takes them."""
