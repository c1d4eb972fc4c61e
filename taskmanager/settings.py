"""The one settings file. Everything an operator may change comes from the environment; the defaults are safe."""

import math
import os
import secrets
from importlib.util import find_spec
from pathlib import Path

import dj_database_url
from corsheaders.defaults import default_headers
from django.core.exceptions import ImproperlyConfigured

import taskmanager
from taskmanager import env, page
from taskmanager.admin import ADMIN
from taskmanager.request_id import HEADER

BASE_DIR = Path(__file__).resolve().parent.parent


def database(url):
    if url.partition(":")[0] not in ("sqlite", "postgres", "postgresql", "mysql"):
        raise ImproperlyConfigured("DATABASE_URL: expected sqlite:///file, postgres://... or mysql://...")
    try:
        options = dj_database_url.parse(url, conn_max_age=300, conn_health_checks=True)
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL: {error}") from None
    if options["ENGINE"].endswith("mysql") and not find_spec("MySQLdb"):
        raise ImproperlyConfigured("DATABASE_URL: mysql:// needs more: pip install -r requirements-mariadb.txt.")
    if options["ENGINE"].endswith("sqlite3") and options["NAME"] in ("", ":memory:"):
        raise ImproperlyConfigured("DATABASE_URL: a database in memory would be another in each thread; name a file.")
    if options["ENGINE"].endswith("sqlite3"):
        options["ENGINE"] = "taskmanager.sqlite3"
        # IMMEDIATE takes the write lock when a transaction begins, so that it can wait for it: a read lock
        # that has to grow would fail at once with "database is locked".
        options["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            # The cache is each connection's own, of which there is one a thread: in all, 40 times as many KiB.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-4000;",
        }
        # A file, because the server processes of the tests open the same database.
        options["TEST"] = {"NAME": os.environ.get("TEST_SQLITE", BASE_DIR / "test.sqlite3")}
    # A process that is suspended in the middle of a transaction keeps what it has locked. With these, the database ends
    # its connection after a lease, so that the others wait no longer than they would for a dead one.
    idle = math.ceil(TASK_LEASE.total_seconds())
    if options["ENGINE"].endswith("postgresql"):
        given = options.setdefault("OPTIONS", {}).get("options", "")
        # Whoever is cut off from the database notices within a lease, too, or about that.
        alive = {"keepalives_idle": idle, "keepalives_interval": max(1, idle // 3), "keepalives_count": 3}
        given_up = {"tcp_user_timeout": idle * 1_000, "connect_timeout": max(2, idle)}
        options["OPTIONS"] = alive | given_up | options["OPTIONS"]
        options["OPTIONS"]["options"] = f"-c idle_in_transaction_session_timeout={idle}s {given}".strip()
    if options["ENGINE"].endswith("mysql"):
        options.setdefault("OPTIONS", {})["charset"] = "utf8mb4"
        # MySQL has no such setting, and reads a comment there.
        only_mariadb = f"/*M!100300 , SESSION idle_transaction_timeout = {idle} */"
        options["OPTIONS"]["init_command"] = f"SET @lease = {idle} {only_mariadb}"
        options["TEST"] = {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_bin"}
    return options


def secret_key():
    """The key of the environment; with SQLite, where everything is one folder, one made at the first start."""
    key = env.text("SECRET_KEY")
    if key:
        return key
    if not SQLITE:
        raise ImproperlyConfigured("SECRET_KEY: required with any database but SQLite. Set it to a long random string.")
    file = Path(DATABASES["default"]["NAME"]).resolve().parent / ".secret_key"
    try:
        with open(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as new:
            new.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    except OSError as error:
        raise ImproperlyConfigured(f"SECRET_KEY: unset, and {file} cannot be written: {error.strerror}.") from None
    return file.read_text().strip()


TASK_ENGINE = env.text("TASK_ENGINE", "threads")
FLEET = TASK_ENGINE == "procrastinate"
TASK_LEASE = env.duration("TASK_LEASE", "30s" if FLEET else "10s", least="1s")
DATABASES = {"default": database(env.text("DATABASE_URL", f"sqlite:///{BASE_DIR / 'db.sqlite3'}"))}
SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if FLEET and not DATABASES["default"]["ENGINE"].endswith("postgresql"):
    raise ImproperlyConfigured("TASK_ENGINE=procrastinate: needs PostgreSQL. Set DATABASE_URL=postgres://...")
if FLEET and not find_spec("procrastinate"):
    raise ImproperlyConfigured("TASK_ENGINE=procrastinate: needs more: pip install -r requirements-fleet.txt.")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SECRET_KEY = secret_key()
DEBUG = env.flag("DEBUG", False)
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", ["localhost", ".localhost", "127.0.0.1", "[::1]"])

# Whose X-Forwarded-For and X-Forwarded-Proto count. The middleware drops the latter when it is anybody else's.
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
# Whether everybody has to come by TLS.
HTTPS_ONLY = env.flag("HTTPS_ONLY", False)
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]  # who asks for these is on this side of the proxy
HSTS = env.duration("HSTS", "365d" if HTTPS_ONLY else None)
SECURE_HSTS_SECONDS = int(HSTS.total_seconds()) if HSTS else 0
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"

INSTALLED_APPS = [
    # Its migrations need PostgreSQL. First, because taskapi has another admin for its jobs.
    *(["procrastinate.contrib.django"] if FLEET else []),
    "userapi",
    "taskapi",
    "taskmanager.admin.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "rest_framework",
    "knox",
    "corsheaders",
    "drf_spectacular",
]
MIDDLEWARE = [
    "taskmanager.proxies.ProxyMiddleware",  # first: it says who the client is
    "taskmanager.requests.RequestMiddleware",
    "taskmanager.headers.HeadersMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "taskmanager.health.HealthMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "taskmanager.page.PageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "taskmanager.admin.middleware.Policy",
    "taskmanager.admin.middleware.Sessions",
    "taskmanager.admin.middleware.Csrf",
    "taskmanager.admin.middleware.Authentication",
    "taskmanager.admin.middleware.Messages",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "taskmanager" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "taskmanager.urls"
WSGI_APPLICATION = "taskmanager.wsgi.application"
ASGI_APPLICATION = "taskmanager.asgi.application"
# A redirect would turn a POST into a GET: a missing slash is answered with a 404 that says so.
APPEND_SLASH = False
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "taskmanager.formats"

# The page: whatever is in frontend/ is served as it is, index.html at /.
WHITENOISE_ROOT = BASE_DIR / "frontend"
WHITENOISE_INDEX_FILE = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_ADD_HEADERS_FUNCTION = page.add_headers
STATIC_URL = "static/"

SILENCED_SYSTEM_CHECKS = [
    "security.W003",  # the API believes no cookies, and the admin has a middleware against CSRF of its own
    "security.W005",  # whether the other names of this domain have TLS, too, is not for this server to say
    "security.W021",  # nor is whether browsers come with this one in a list of their own
]

AUTH_USER_MODEL = "userapi.User"
KNOX_TOKEN_MODEL = "userapi.Token"  # noqa: S105  a name, not a secret
# Knox's own migrations would make a second token table beside ours.
MIGRATION_MODULES = {"knox": None}
TOKEN_TTL = env.duration("TOKEN_TTL", "30d")
REST_KNOX = {"TOKEN_TTL": TOKEN_TTL, "AUTH_HEADER_PREFIX": "Token"}

REGISTRATION = env.choice("REGISTRATION", "open", ["open", "approved", "closed"])

# Off, the example of the specification (password123) registers; on, it is one of the common passwords.
STRICT_PASSWORDS = env.flag("STRICT_PASSWORDS", False)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "NumericPasswordValidator",
        *(["CommonPasswordValidator"] if STRICT_PASSWORDS else []),
    )
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["userapi.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["taskmanager.wire.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["taskmanager.wire.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "taskmanager.wire.AlwaysJSON",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["taskmanager.throttling.Throttle"],
    "EXCEPTION_HANDLER": "taskmanager.errors.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "URL_FORMAT_OVERRIDE": None,
    "NUM_PROXIES": 0,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "TEST_REQUEST_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}

SPECTACULAR_SETTINGS = {
    "TITLE": "UNIX Task Manager",
    "DESCRIPTION": "Background work with the UNIX process model: fork, ls, ps, tail -f, wait, kill.\n\n"
    "Every answer has an `X-Request-ID`: the one that the request came with, if it is 1 to 128 of "
    "`A-Za-z0-9._-`, or a new one.",
    "VERSION": taskmanager.__version__,
    "OAS_VERSION": "3.1.0",
    "DEFAULT_GENERATOR_CLASS": "taskmanager.schema.Generator",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/",
    "ENUM_NAME_OVERRIDES": {"Status": "taskapi.models.Status", "Reason": "taskapi.models.Reason"},
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}

# Tokens only, no cookies: an open origin gives nothing away, and the page opened from disk has the origin "null".
CORS_ALLOWED_ORIGINS = env.origins("CORS_ALLOWED_ORIGINS")
CORS_ALLOW_ALL_ORIGINS = not CORS_ALLOWED_ORIGINS
# And only where there are no cookies: not at /admin/.
CORS_URLS_REGEX = r"^/(taskapi|userapi|schema)(/|$)"
CORS_ALLOW_HEADERS = [*default_headers, "idempotency-key", "if-none-match", "last-event-id", "x-request-id"]
CORS_EXPOSE_HEADERS = ["Link", "Location", "ETag", "Retry-After", "X-Offset", "X-Next-Offset", HEADER]

# The admin, and nothing else, has cookies; no other URL is sent them.
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = ADMIN
SESSION_COOKIE_AGE = 12 * 3600  # seconds
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CSRF_FAILURE_VIEW = "taskmanager.errors.forged"

# Limits, each named in the error that it causes.
BODY_LIMIT = 10 * 2**20
BODY_LIMIT_ANONYMOUS = 64 * 2**10  # for who has not logged in: a form, not a load
DATA_UPLOAD_MAX_MEMORY_SIZE = BODY_LIMIT
ARRAY_LIMIT = 10_000
VALUES_LIMIT = 500_000  # in one body; so many, of the most costly kind, take 70 MiB and a fifth of a second to read
ARGUMENTS_LIMIT = 64 * 2**10
RESULT_LIMIT = 2**20
FETCH_BODY_LIMIT = 128 * 2**10  # bytes of a body that are kept in the result
# For how long a client may send a request, besides what its body takes at a slow pace.
REQUEST_TIMEOUT = env.duration("REQUEST_TIMEOUT", "30s")
# Calls to the API, by each process; a client may use up all of them at once.
THROTTLE_USER = env.rate("THROTTLE_USER", "12000/m")
THROTTLE_ADDRESS = env.rate("THROTTLE_ADDRESS", "6000/m")
LOGIN_FAILURES = 10  # to one account from one address; also wrong old passwords with one token
LOGIN_FAILURES_ADDRESS = 100
LOGIN_FAILURES_WINDOW = env.parse_duration("5m")
REGISTRATION_LIMIT = env.number("REGISTRATION_LIMIT", 1_000, least=0)
REGISTRATION_WINDOW = env.parse_duration("1h")

TASK_SLOTS = env.number("TASK_SLOTS", 0, least=0) or None
TASK_GRACE = env.duration("TASK_GRACE", "5s")
# Who means days and says no unit must not lose what is older than as many seconds.
TASK_RETENTION = env.duration("TASK_RETENTION", None, bare=False)
TASK_OUTPUT_LIMIT = env.number("TASK_OUTPUT_LIMIT", 2**20)  # bytes
TASK_USER_ACTIVE = env.number("TASK_USER_ACTIVE", 20_000, least=0)
TASK_USER_RUNNING = env.number("TASK_USER_RUNNING", 0, least=0)
if FLEET and TASK_USER_RUNNING:
    raise ImproperlyConfigured("TASK_USER_RUNNING: the engine procrastinate cannot limit it; leave it out.")
# How many clients may wait for an end, follow output or watch events at once, in each process.
STREAM_LIMIT = env.number("STREAM_LIMIT", 16)
# Then a stream of events ends; its client comes again, and shows whether its token still holds.
STREAM_TTL = env.duration("STREAM_TTL", "1h")
# Programs that everybody may run although they ask for a permission.
TASK_OPEN_PROGRAMS = env.words("TASK_OPEN_PROGRAMS")

# Where the scratch directories are made; by default where the system has its temporary files.
COMMAND_SCRATCH = env.directory("COMMAND_SCRATCH")
# What one task of the program `command` may take; a fork can lower each.
COMMAND_CPU = env.number("COMMAND_CPU", 3_600)  # seconds
COMMAND_MEMORY = env.number("COMMAND_MEMORY", 4 * 2**30, least=2**20, most=2**60)  # bytes
COMMAND_FILE_SIZE = env.number("COMMAND_FILE_SIZE", 2**30, most=2**60)  # bytes
COMMAND_OPEN_FILES = env.number("COMMAND_OPEN_FILES", 1_024, least=8)
COMMAND_PROCESSES = env.number("COMMAND_PROCESSES", 256)
# Which addresses that are not public the program `fetch` may reach, and webhooks.
FETCH_ALLOWED_NETWORKS = env.networks("FETCH_ALLOWED_NETWORKS")

# Who may read /metrics; nobody while it is unset.
METRICS_TOKEN = env.secret("METRICS_TOKEN")
# prometheus_client reads the variable itself; a wrong one is found here.
METRICS_DIRECTORY = env.directory("PROMETHEUS_MULTIPROC_DIR")
# Whether tasks can have a notify_url; how often, and for how long each time, it is tried to tell that.
WEBHOOKS = env.flag("WEBHOOKS", True)
WEBHOOK_ATTEMPTS = env.number("WEBHOOK_ATTEMPTS", 16, most=100)
WEBHOOK_TIMEOUT = env.duration("WEBHOOK_TIMEOUT", "15s")

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"])
LOG_FORMAT = env.choice("LOG_FORMAT", "line", ["line", "json"])
# A line for each request; the servers' own know neither its user nor its id.
ACCESS_LOG = env.flag("ACCESS_LOG", False)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"context": {"()": "taskmanager.logs.Context"}},
    "formatters": {
        "line": {
            "class": "taskmanager.logs.LineFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        },
        "json": {"class": "taskmanager.logs.JSONFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["context"]}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "taskmanager.access": {"level": "INFO"},  # it is asked for by ACCESS_LOG
        "waitress": {"level": "WARNING"},  # it tells of each client that closes a stream
        "waitress.queue": {"level": "ERROR"},
        "django.request": {"level": "ERROR"},
        # They tell of each job, and of a database that is away at length; taskapi does in a line.
        "procrastinate": {"level": "CRITICAL"},
        "psycopg.pool": {"level": "ERROR"},
        # Anybody can send a wrong Host or thousands of parameters; the answer says so, the log need not.
        "django.security": {"level": "CRITICAL"},
    },
}
