"""Identity at the border: pseudonyms, masks, the vault, erasure, and the proof that none leaks."""
