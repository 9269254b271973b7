"""What people see: the dashboard, the reports and the model cards, all from the published marts."""
