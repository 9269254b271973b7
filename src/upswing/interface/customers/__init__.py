"""Who the customers are, who is about to leave, who buys next, and what to offer."""
