"""What to push and when: breakout products, their launches and analogs, the weeks in which they will surge."""
