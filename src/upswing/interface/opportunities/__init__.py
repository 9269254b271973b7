"""Which deal to visit first, how its chance came about, and which visits to doubt."""
