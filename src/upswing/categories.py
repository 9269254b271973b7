"""How the warehouse names the category of a product that was delivered without one."""

UNKNOWN_CATEGORY = "unknown"
"""No group of like products: nothing is learned of it, and no limit or text counts it as a category."""
