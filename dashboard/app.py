"""The dashboard: `make dashboard` serves it on this machine alone."""

from upswing.interface.dashboard import show_dashboard

show_dashboard()
