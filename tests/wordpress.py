"""A real WordPress for tests: Debian's package in a folder of its own, on the loopback.

Needs the packages wordpress, mariadb-server, php-cli, php-mysql, php-gd, php-xml, php-mbstring. The
whole of it, database too, stands below one temporary folder and ends with the block.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests

SOURCE = Path("/usr/share/wordpress")
PROGRAMS = ("php", "mariadbd", "mariadb-install-db", "mariadb")
PATIENCE_S = 60.0
CONFIG = """<?php
define('DB_NAME', 'wordpress'); define('DB_USER', '{user}'); define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:{folder}/db.sock');
define('WP_SITEURL', '{url}'); define('WP_HOME', '{url}');
define('WP_ENVIRONMENT_TYPE', 'local');  // application passwords without https
define('WP_HTTP_BLOCK_EXTERNAL', true); define('DISABLE_WP_CRON', true);
define('AUTH_KEY', 'a'); define('SECURE_AUTH_KEY', 'b'); define('LOGGED_IN_KEY', 'c');
define('NONCE_KEY', 'd'); define('AUTH_SALT', 'e'); define('SECURE_AUTH_SALT', 'f');
define('LOGGED_IN_SALT', 'g'); define('NONCE_SALT', 'h');
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
"""
SETUP = """<?php
$_SERVER['HTTP_HOST'] = '{host}'; define('WP_INSTALLING', true);
require '{site}/wp-load.php'; require ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('示范学院', 'admin', 'admin@example.edu.cn', true, '', 'not-used-by-tests-1');
switch_theme('plain');
update_option('timezone_string', 'Asia/Shanghai');
update_option('permalink_structure', '/%year%/%monthnum%/%postname%/');
foreach (['author', 'contributor', 'editor'] as $role) {{
    $id = wp_insert_user(['user_login' => $role, 'user_pass' => wp_generate_password(),
                          'role' => $role, 'user_email' => $role . '@example.edu.cn']);
    $made = WP_Application_Passwords::create_new_application_password($id, ['name' => 'yigao']);
    echo $role, ' ', $made[0], "\\n";
}}
echo 'category ', wp_insert_category(['cat_name' => '财务信息']), "\\n";
"""


THEME = {  # of our own: Debian's package brings none, and pages are empty without one
    "style.css": "/* Theme Name: plain */\n",
    "functions.php": "<?php add_theme_support('title-tag');\n",
    "index.php": """<!doctype html><html <?php language_attributes(); ?>><head><?php wp_head(); ?>
</head><body><?php while (have_posts()) { the_post(); ?>
<article><h1><?php the_title(); ?></h1><?php the_content(); ?></article>
<?php } wp_footer(); ?></body></html>
""",
}


class NoWordPressError(Exception):
    """There is no WordPress here; the message says what to install."""


@dataclass(frozen=True)
class Site:
    """A running WordPress."""

    url: str
    passwords: dict[str, str]  # application passwords, by the login that is the role
    category: int


def require() -> None:
    """Raise NoWordPressError where something is missing."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing or not SOURCE.is_dir():
        raise NoWordPressError(
            "needs a WordPress: apt-get install --no-install-recommends wordpress mariadb-server"
            " php-cli php-mysql php-gd php-xml php-mbstring"
        )


@contextmanager
def running(folder: Path) -> Iterator[Site]:
    """Run WordPress with nothing in it but three accounts and a category."""
    require()
    with ExitStack() as ends:
        _database(folder, ends)
        site, port = folder / "site", _free_port()
        shutil.copytree(SOURCE, site, symlinks=False, ignore_dangling_symlinks=True)
        url = f"http://127.0.0.1:{port}"
        config = CONFIG.format(user=getpass.getuser(), folder=folder, url=url)
        (site / "wp-config.php").write_text(config, encoding="utf-8")
        for name, content in THEME.items():
            path = site / "wp-content" / "themes" / "plain" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        passwords, category = _install(folder, site, port)
        workers = {"PHP_CLI_SERVER_WORKERS": "4"}
        command = ["php", "-S", f"127.0.0.1:{port}", "-t", str(site)]
        _start(command, ends, cwd=site, log=folder / "php.log", env=workers)
        _wait_for(lambda: requests.get(f"{url}/wp-json/", timeout=20).ok, "WordPress")
        yield Site(url=url, passwords=passwords, category=category)


def _database(folder: Path, ends: ExitStack) -> None:
    data, user = folder / "db", getpass.getuser()
    subprocess.run(
        [
            "mariadb-install-db", "--no-defaults", f"--user={user}", f"--datadir={data}",
            "--auth-root-authentication-method=normal", "--skip-test-db",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    command = [
        "mariadbd", "--no-defaults", f"--user={user}", f"--datadir={data}",
        f"--socket={folder}/db.sock", "--skip-networking", f"--pid-file={folder}/db.pid",
        "--innodb-flush-log-at-trx-commit=2",
    ]  # fmt: skip
    _start(command, ends, cwd=folder, log=folder / "db.log")
    client = ["mariadb", "--no-defaults", f"--socket={folder}/db.sock", "--user=root"]
    _wait_for(lambda: subprocess.run([*client, "-e", ""], capture_output=True).returncode == 0,
              "MariaDB")  # fmt: skip
    made = (
        "CREATE DATABASE wordpress CHARACTER SET utf8mb4;"
        f" CREATE USER IF NOT EXISTS '{user}'@localhost;"
        f" GRANT ALL ON *.* TO '{user}'@localhost"
    )
    subprocess.run([*client, "-e", made], check=True, capture_output=True)


def _install(folder: Path, site: Path, port: int) -> tuple[dict[str, str], int]:
    script = folder / "setup.php"
    script.write_text(SETUP.format(host=f"127.0.0.1:{port}", site=site), encoding="utf-8")
    done = subprocess.run(["php", str(script)], capture_output=True, text=True, check=True)
    said = dict(line.split(" ", 1) for line in done.stdout.splitlines() if line.count(" ") == 1)
    return {role: said[role] for role in ("author", "contributor", "editor")}, int(said["category"])


def _start(
    command: list[str], ends: ExitStack, *, cwd: Path, log: Path, env: dict[str, str] | None = None
) -> None:
    output = ends.enter_context(log.open("wb"))
    process = subprocess.Popen(
        command, cwd=cwd, stdout=output, stderr=output, env=os.environ | (env or {}),
        start_new_session=True,
    )  # fmt: skip
    ends.callback(_end, process)


def _end(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, 15)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()


def _wait_for(is_ready: object, what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        try:
            if callable(is_ready) and is_ready():
                return
        except requests.RequestException:
            pass
        time.sleep(0.2)
    raise NoWordPressError(f"{what} does not start")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class Cutter:
    """A line to a site that loses the answer to the next call of a kind, after it took effect."""

    def __init__(self, site: Site) -> None:
        self._site, self._cut = site, ""
        cutter = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {k: v for k, v in self.headers.items() if k not in ("Host", "Connection")}
                url = f"{cutter._site.url}{self.path}"
                answer = requests.request(
                    self.command, url, data=body, headers=headers, timeout=60,
                    allow_redirects=False,
                )  # fmt: skip
                call = f"{self.command} {self.path.partition('?')[0]}"
                if cutter._cut and call == cutter._cut:
                    cutter._cut = ""
                    self.close_connection = True
                    self.connection.close()
                    return
                self.send_response(answer.status_code)
                for name in ("Content-Type", "X-WP-TotalPages", "Location"):
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_GET = do_POST = do_DELETE = pass_on

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def loses(self, call: str) -> None:
        """Lose the answer to the next such call: "POST /wp-json/wp/v2/posts"."""
        self._cut = call
