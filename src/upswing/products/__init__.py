"""Products: breakout products, their analogs, their surge weeks (source: visual sales analysis patent)."""
