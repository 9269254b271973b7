"""Make Superset's administrator, or give it the password that stands in the file; run by Superset's own Python.

A password on a command line could be read by everybody on the machine.
"""

import os
import sys
from pathlib import Path

from superset.app import create_app

app = create_app()
with app.app_context():
    name = sys.argv[1]
    password = (Path(os.environ["UPSWING_SUPERSET_HOME"]) / "admin_password").read_text(encoding="utf-8").strip()
    people = app.appbuilder.sm
    known = people.find_user(username=name)
    if known:
        people.reset_password(known.id, password)
    else:
        role = people.find_role("Admin")
        people.add_user(name, "Upswing", "Administrator", f"{name}@example.com", role, password=password)
