"""Marketing: what campaigns brought, what goes out next, what was changed and why, what experiments found."""
