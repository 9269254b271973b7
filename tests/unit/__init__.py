"""Unit tests of the package: small, seeded, no warehouse."""
