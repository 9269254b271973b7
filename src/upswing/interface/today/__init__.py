"""What to do today: what to push, whom to visit, what broke."""
