"""Settings of Superset, read by it through SUPERSET_CONFIG_PATH. `upswing superset` sets UPSWING_SUPERSET_HOME."""

import os
from pathlib import Path

home = Path(os.environ["UPSWING_SUPERSET_HOME"])

SECRET_KEY = (home / "secret_key").read_text(encoding="ascii").strip()
SQLALCHEMY_DATABASE_URI = f"sqlite:///{home}/superset.db?check_same_thread=false"

# Published marts change whenever a build succeeds: nothing is kept, each look is a query.
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
FILTER_STATE_CACHE_CONFIG = EXPLORE_FORM_DATA_CACHE_CONFIG = {
    "CACHE_TYPE": "SupersetMetastoreCache",
    "CACHE_DEFAULT_TIMEOUT": 90 * 24 * 3600,
    "REFRESH_TIMEOUT_ON_RETRIEVAL": True,
}

# One machine, one process: what counts requests may do so in memory.
RATELIMIT_STORAGE_URI = "memory://"
SESSION_COOKIE_SAMESITE = "Lax"

# The page asks nobody but its own server: no maps, no usage statistics.
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
TALISMAN_DEV_CONFIG = TALISMAN_CONFIG
