"""Runs an application's Alembic for pgstead, inside of the application's own Python.

Requests and answers are lines of JSON. The first line of standard input says how to connect, as arguments and
environments of processes can be seen by others; the application sees it as environment variables and as
`sqlalchemy.url`. What the application prints goes to standard error. The end of standard input ends this process.
"""

import ast
import hashlib
import io
import json
import os
import queue
import re
import sys
import tempfile
import threading
import time
import tokenize
import traceback
from importlib.util import find_spec

OUT = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

WRITTEN = []
DRIVERS = ("psycopg", "psycopg2", "asyncpg")
CONCURRENT = re.compile(r"\s*(?:create\s+(?:unique\s+)?|drop\s+|re)index\b.*\bconcurrently\b", re.I | re.S)


class Refused(Exception):
    """Something that must not happen, told with what to do."""

    def __init__(self, message, hint):
        super().__init__(message)
        self.hint = hint


def leave():
    """Ends whatever runs, and takes away what was written."""
    for path in WRITTEN:
        os.unlink(path)
    os._exit(3)


def send(answer):
    OUT.write(json.dumps(answer) + "\n")
    OUT.flush()


def read_requests():
    """Gives the requests; a thread of its own reads them, so that a lost caller ends whatever runs."""
    requests = queue.Queue()

    def read():
        for line in sys.stdin:
            requests.put(json.loads(line))
        leave()

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield requests.get()


class Bridge:
    def __init__(self, start):
        self.start = start
        self.connection = start.get("connection")
        self.mode = None
        self.file = None
        self.recorded = []
        self.asked = False
        self.connections = 0
        self.shown = None
        self.sources = {}
        self.locks = None
        self.began = 0
        self.config, self.script = self.open()
        self.listen()

    # -- the application's Alembic

    def open(self):
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        file = self.start["config"]
        if not os.path.exists(file):
            raise Refused(
                "there is no %s in %s" % (file, os.getcwd()),
                "set alembic.directory to where it is, or alembic.config to its name",
            )
        sys.path.insert(0, os.getcwd())
        config = Config(file, ini_section=self.start["section"])
        url = self.url()
        for name in self.start["variables"]:
            os.environ[name] = url
        if not config.file_config.has_section(self.start["section"]):
            raise Refused("%s has no section [%s]" % (file, self.start["section"]), "name its section in alembic.section")
        config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
        return config, ScriptDirectory.from_config(config)

    def url(self):
        from sqlalchemy.engine import URL

        driver = self.start["driver"] or next((name for name in DRIVERS if find_spec(name)), None)
        if driver is None:
            raise Refused(
                "the application has none of the drivers " + ", ".join(DRIVERS),
                "install one, or name another one in alembic.driver",
            )
        scheme = "postgresql" if driver == "none" else "postgresql+" + driver
        to = self.connection
        if to is None:  # nothing is asked of a server
            return "%s://nobody@localhost/nothing" % scheme
        for name, value in to["environment"].items():
            os.environ[name] = value
        if to.get("authority"):
            with tempfile.NamedTemporaryFile("w", prefix="pgstead-authority-", delete=False) as file:
                file.write(to["authority"])
            WRITTEN.append(file.name)
            os.environ["PGSSLROOTCERT"] = file.name
        is_socket = to["host"].startswith("/")
        place = {"query": {"host": to["host"]}} if is_socket else {"host": to["host"]}
        url = URL.create(
            scheme, username=to["user"], password=to["password"], port=to["port"], database=to["database"], **place
        )
        return url.render_as_string(hide_password=False)

    def run(self, fn, **options):
        from alembic.runtime.environment import EnvironmentContext

        with EnvironmentContext(self.config, self.script, fn=fn, **options):
            self.script.run_env()

    # -- what happens while it runs

    def listen(self):
        from alembic.ddl.impl import DefaultImpl
        from alembic.operations import Operations
        from alembic.runtime.environment import EnvironmentContext
        from sqlalchemy import event
        from sqlalchemy.engine import Engine
        from sqlalchemy.pool import Pool

        event.listen(Pool, "connect", self.on_connect)
        event.listen(Engine, "before_cursor_execute", self.before_execute)
        event.listen(Engine, "after_cursor_execute", self.after_execute)
        event.listen(Engine, "commit", self.on_commit)
        self.wrap(DefaultImpl, "static_output", self.on_output)
        self.wrap(Operations, "get_bind", self.on_question)
        self.wrap(EnvironmentContext, "is_offline_mode", self.on_question)

    def wrap(self, owner, name, before):
        original = getattr(owner, name)

        def wrapped(this, *args, **kw):
            before(*args, **kw)
            return original(this, *args, **kw)

        setattr(owner, name, wrapped)

    def line(self):
        """The line of the revision's file that is being executed: of the start of its statement."""
        if self.file is None:
            return None
        frame = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_filename == self.file and frame.f_code.co_name != "<module>":
                return self.statement_line(frame.f_lineno)
            frame = frame.f_back
        return None

    def statement_line(self, line):
        if self.file not in self.sources:
            with open(self.file, encoding="utf-8") as source:
                tree = ast.parse(source.read())
            spans = [(n.lineno, getattr(n, "end_lineno", n.lineno)) for n in ast.walk(tree) if isinstance(n, ast.stmt)]
            self.sources[self.file] = spans
        return max((first for first, last in self.sources[self.file] if first <= line <= last), default=line)

    def on_output(self, text):
        line = self.line()
        if self.mode == "sql" and (line is not None or re.match(r"(?:BEGIN|COMMIT);$", text)):
            self.recorded.append({"sql": text, "line": line})

    def on_question(self, *_args, **_kw):
        if self.mode == "sql" and self.line() is not None:
            self.asked = True

    def on_connect(self, dbapi, _record):
        if self.mode == "sql" or self.connection is None:
            raise Refused("it connects, where only its SQL is asked for", "leave the connection to run_migrations_online")
        cursor = dbapi.cursor()
        to = self.connection
        try:
            cursor.execute(
                "SELECT pg_catalog.pg_backend_pid(), session_user::text, pg_catalog.current_database()::text, EXISTS ("
                " SELECT FROM pg_catalog.pg_locks AS l WHERE l.locktype = 'advisory' AND l.granted AND l.database = ("
                " SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())"
                " AND (l.classid::bigint << 32 | l.objid::bigint) = %d)" % int(to["proof"])
            )
            pid, user, database, is_ours = cursor.fetchone()
            if not is_ours or user != to["user"]:
                raise Refused(
                    "env.py connects elsewhere: as %s to %s, not as %s to the stack's %s"
                    % (user, database, to["user"], to["database"]),
                    "have env.py take the URL from %s, or from sqlalchemy.url of its configuration"
                    % (" or ".join(self.start["variables"]) or "the environment"),
                )
            dbapi.commit()
            for setting in to["settings"]:
                self.apply(dbapi, cursor, setting)
            if to["readOnly"] is False:
                cursor.execute("SELECT pg_catalog.pg_advisory_lock_shared(%d)" % int(to["fence"]))
                dbapi.commit()
        finally:
            cursor.close()
        self.connections += 1
        send({"event": "connected", "pid": pid})

    def apply(self, dbapi, cursor, setting):
        try:
            cursor.execute(setting["sql"])
            dbapi.commit()
        except Exception:
            dbapi.rollback()
            if not setting.get("optional"):
                raise

    def before_execute(self, _connection, cursor, statement, _parameters, _context, _many):
        if self.mode != "run":
            return
        line = self.line()
        if line is not None and not self.was_shown(statement, line):
            raise Refused(
                "it ran what its SQL does not have, and was stopped: %s" % " ".join(statement.split())[:200],
                "have it do the same with and without a connection, or allow it: # pgstead:allow opaque reason=\"…\"",
            )
        self.began = time.monotonic()
        if CONCURRENT.match(statement):
            # It waits for others, and holds nobody up: a bound would leave an invalid index behind.
            cursor.execute("SET lock_timeout = 0")
            cursor.execute("SET statement_timeout = 0")

    def after_execute(self, connection, cursor, statement, _parameters, _context, _many):
        if self.mode == "run" and CONCURRENT.match(statement):
            for setting in self.connection["bounds"]:
                cursor.execute(setting)
        if self.mode == "run" and self.locks is not None:
            self.look_at_locks(connection)

    def look_at_locks(self, connection):
        """Keeps since when each table is locked: since the statement began after which it is."""
        cursor = connection.connection.cursor()
        try:
            cursor.execute(
                "SELECT relation::bigint, mode FROM pg_catalog.pg_locks WHERE locktype = 'relation' AND granted"
                " AND pid = pg_catalog.pg_backend_pid() AND relation >= 16384"
            )
            found = {(oid, mode) for oid, mode in cursor.fetchall()}
        finally:
            cursor.close()
        self.locks = {lock: self.locks.get(lock, self.began) for lock in found}

    def on_commit(self, _connection):
        if self.mode == "run" and self.locks:
            now = time.monotonic()
            held = [{"oid": oid, "mode": mode, "heldMs": round((now - since) * 1000)} for (oid, mode), since in self.locks.items()]
            send({"event": "locks", "locks": held})
            self.locks = {}

    def was_shown(self, statement, line):
        """A statement with values is another text than with parameters: it counts by its place and its first word."""
        if self.shown is None:
            return True
        text, word = plain(statement), first_word(statement)
        if word == "SELECT" and "pg_catalog." in statement:
            return True  # SQLAlchemy asks whether something is there
        if any(plain(sql) == text for _line, sql in self.shown):
            return True
        has_values = word in ("INSERT", "UPDATE", "DELETE", "MERGE", "SELECT", "WITH")
        return has_values and any(at == line and first_word(sql) == word for at, sql in self.shown)

    # -- requests

    def describe(self, _request):
        revisions = [self.described(revision) for revision in self.script.walk_revisions()]
        import alembic

        return {
            "alembic": alembic.__version__,
            "revisions": revisions,
            "heads": list(self.script.get_heads()),
            "digest": self.digest(),
        }

    def digest(self):
        """Of what says what revisions do: its configuration, env.py, all beside the revisions, and SQLAlchemy."""
        import sqlalchemy

        found = hashlib.sha256(sqlalchemy.__version__.encode("utf-8"))
        places = {os.path.dirname(revision.path) for revision in self.script.walk_revisions()} | {self.script.dir}
        files = {
            os.path.join(parent, name)
            for place in places
            for parent, _directories, names in os.walk(place)
            for name in names
            if name.endswith(".py")
        }
        for path in [self.config.config_file_name] + sorted(os.path.realpath(file) for file in files):
            with open(path, "rb") as file:
                content = file.read().replace(b"\r\n", b"\n")
            found.update(b"%d %s\n%d\n" % (len(path), os.fsencode(path), len(content)) + content)
        return found.hexdigest()

    def described(self, revision):
        with open(revision.path, "rb") as file:
            text = normal(file.read())
        return {
            "revision": revision.revision,
            "down": listed(revision.down_revision),
            "depends": [one.revision for one in self.script.get_revisions(tuple(listed(revision.dependencies)))],
            "file": os.path.basename(revision.path),
            "path": shown_path(revision.path),
            "doc": (revision.doc or "").strip(),
            "checksum": hashlib.sha256(text.encode("utf-8")).hexdigest(),
        }

    def current(self, _request):
        found = {}

        def look(heads, context):
            found.update(heads=list(heads), table=context.version_table, schema=context.version_table_schema)
            return []

        self.mode = "look"
        self.run(look, dont_mutate=True)
        return self.connected(found)

    def connected(self, answer):
        if self.connections == 0:
            raise Refused(
                "env.py did not connect with SQLAlchemy, so that nothing tells where it connected",
                "have run_migrations_online of env.py connect with an engine of SQLAlchemy",
            )
        return answer

    def step(self, revision, direction):
        from alembic.runtime.migration import MigrationStep

        script = self.script.get_revision(revision)
        make = MigrationStep.upgrade_from_script if direction == "up" else MigrationStep.downgrade_from_script
        step = make(self.script.revision_map, script)
        self.file = step.migration_fn.__code__.co_filename
        return step

    def sql(self, request):
        """The SQL of one revision, as `alembic upgrade <from>:<to> --sql` has it, with the lines that it comes from."""
        self.mode, self.recorded, self.asked = "sql", [], False
        step = self.step(request["revision"], request["direction"])
        answer = {"comments": comments_of(self.file)}
        self.config.output_buffer = io.StringIO()
        try:
            self.run(lambda _heads, _context: [step], as_sql=True, starting_rev=tuple(request["from"]) or "base")
        except Exception as error:
            answer["failure"] = described_error(error, self.file)
        return dict(answer, statements=self.recorded, asked=self.asked)

    def migrate(self, request):
        """Runs one revision: exactly that one."""
        self.mode = "run"
        self.shown = None if request["shown"] is None else [(one["line"], one["sql"]) for one in request["shown"]]
        self.locks = {} if request.get("locks") else None
        step = self.step(request["revision"], request["direction"])
        self.run(lambda _heads, _context: [step])
        return self.connected({})

    def stamp(self, request):
        from alembic import command

        self.mode = "look"
        command.stamp(self.config, request["revision"])
        return self.connected({})

    def create(self, request):
        from alembic import command

        self.mode = "look"
        made = command.revision(self.config, request["message"], autogenerate=True)
        return {"paths": [shown_path(script.path) for script in made if script] if isinstance(made, list) else [shown_path(made.path)]}

    def check(self, _request):
        """What `alembic check` does, without making a version table."""
        import alembic
        from alembic import autogenerate
        from alembic.util import CommandError

        if tuple(int(part) for part in re.findall(r"\d+", alembic.__version__)[:2]) < (1, 9):
            return {"skipped": "Alembic %s has no `check`: it came with 1.9" % alembic.__version__, "operations": []}
        options = dict(
            message=None, autogenerate=True, sql=False, head="head", splice=False, branch_label=None, version_path=None,
            rev_id=None, depends_on=None,
        )
        revision = autogenerate.RevisionContext(self.config, self.script, options)

        def compare(heads, context):
            revision.run_autogenerate(heads, context)
            return []

        self.mode = "look"
        try:
            self.run(compare, template_args=revision.template_args, revision_context=revision, dont_mutate=True)
        except CommandError as error:
            if "MetaData" in str(error):
                return {"skipped": "env.py gives no target_metadata: there are no models to compare", "operations": []}
            raise
        found = [op for ops in revision.generated_revisions[-1].upgrade_ops_list for op in flat(ops)]
        return self.connected({"operations": [rendered(op) for op in found if getattr(op, "schema", None) != "pgstead"]})


def flat(op):
    inner = getattr(op, "ops", None)
    return [op] if inner is None else [one for each in inner for one in flat(each)]


def rendered(op):
    from alembic.autogenerate import render_python_code
    from alembic.operations import ops

    try:
        code = render_python_code(ops.UpgradeOps(ops=[op]))
    except Exception:
        code = str(op.to_diff_tuple())
    lines = [line.strip() for line in code.splitlines()]
    return " ".join(line for line in lines if line and not line.startswith("#"))


def normal(content):
    return content.decode("utf-8").lstrip("\ufeff").replace("\r\n", "\n")


def listed(value):
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def shown_path(path):
    relative = os.path.relpath(path)
    return os.path.abspath(path) if relative.startswith("..") else relative


def plain(sql):
    # Drivers write % twice where they take parameters.
    return " ".join(sql.replace("%%", "%").split()).rstrip("; ")


def first_word(sql):
    return (re.findall(r"^\s*([A-Za-z]+)", sql) or [""])[0].upper()


def comments_of(path):
    with open(path, "rb") as file:
        text = normal(file.read())
    found = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            alone = token.line[: token.start[1]].strip() == ""
            found.append({"line": token.start[0], "text": token.string, "alone": alone})
    # Lines between a comment and its statement that say nothing.
    blank = [number for number, line in enumerate(text.split("\n"), 1) if line.strip() == ""]
    return {"found": found, "blank": blank}


def described_error(error, revision_file=None):
    orig = next((one.orig for one in chain(error) if getattr(one, "orig", None) is not None), None)
    refused = next((one for one in chain(error) if isinstance(one, Refused)), None)
    told = refused or orig or error
    answer = {
        "type": type(told).__name__,
        "message": str(told).strip() or type(told).__name__,
        "code": None if refused else code_of(orig),
        "hint": refused.hint if refused else None,
        "refused": refused is not None,
        "trace": trace_of(error),
    }
    place = place_of(error, revision_file)
    return dict(answer, **place)


def chain(error):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def code_of(orig):
    for name in ("sqlstate", "pgcode"):
        if isinstance(getattr(orig, name, None), str):
            return getattr(orig, name)
    first = orig.args[0] if getattr(orig, "args", None) else None
    return first.get("C") if isinstance(first, dict) else None


def place_of(error, revision_file):
    """The last line of the revision, or else of the application: not of a library."""
    frames = [frame for one in chain(error) for frame in traceback.extract_tb(one.__traceback__)]
    own = [f for f in frames if f.filename == revision_file]
    if not own:
        here = os.path.realpath(os.getcwd()) + os.sep
        own = [f for f in frames if is_own(f.filename, here)]
    return {"file": shown_path(own[-1].filename), "line": own[-1].lineno} if own else {"file": None, "line": None}


def is_own(name, here):
    return not name.startswith("<") and os.path.realpath(name).startswith(here) and "site-packages" not in name


def trace_of(error):
    """The frames, and of each error its own words: SQLAlchemy's would quote parameters."""
    parts = []
    for one in chain(error):
        words = str(getattr(one, "orig", None) or one).strip()
        parts.append("".join(traceback.format_tb(one.__traceback__)) + "%s: %s\n" % (type(one).__name__, words))
    return "\n".join(reversed(parts))


def main():
    requests = read_requests()
    bridge = None
    start = next(requests)
    try:
        try:
            import alembic  # noqa: F401
            import sqlalchemy  # noqa: F401
        except ImportError as error:
            raise Refused("%s has no Alembic: %s" % (sys.executable, error), "name the application's own Python in alembic.python")
        bridge = Bridge(start)
        send({"answer": {}})
    except BaseException as error:
        send({"error": described_error(error)})
        leave()
    for request in requests:
        bridge.file, bridge.shown, bridge.connections = None, None, 0
        try:
            send({"answer": getattr(bridge, request["do"])(request)})
        except BaseException as error:
            send({"error": described_error(error, bridge.file)})


if __name__ == "__main__":
    main()
