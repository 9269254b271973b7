"""What will sell, what was out of the ordinary, how the market moves, and what to order."""
