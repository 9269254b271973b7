"""Why a number is what it is: reasons as data, and the one place that words them."""
