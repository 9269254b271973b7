"""What a person runs, one module a command; ``upswing.cli`` gathers them."""
