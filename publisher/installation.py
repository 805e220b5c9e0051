"""Making the folder of an installation: its configuration and, for the demo, its people."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from publisher import settings
from publisher.errors import InvalidError
from publisher.storage import queries
from publisher.workflow import people

FIRST_PORT = 8000  # of the three that the demo listens on
FILES = ("publisher.toml", "targets.toml", "review.toml")
SAMPLE = "关于校园网维护的通知.docx"
DEMO_MARK = "demo"  # a file in config/ that tells a demo from a real installation
ACCOUNTS = "demo-accounts.json"
DEMO_PEOPLE = {
    "林晓": ("author",),
    "王建国": ("department_reviewer",),
    "陈敏": ("office_reviewer",),
    "郑涛": ("secrecy_reviewer",),
    "吴凡": ("operator", "administrator"),
    "赵琳": ("auditor",),
}
DEMO_TARGETS = """\
# The four channels of the demo. WeChat and QQ are practice outlets: nothing leaves this machine.

[website]
channel = "website"
base_url = "http://127.0.0.1:{site}"

[wechat]
channel = "wechat"
api_base = "http://127.0.0.1:{rehearsal}/wechat"
appid = "wxrehearsal0000001"
secret = "file:config/secrets/wechat"
mode = "push"
push_times = []
pushes_per_day = 0  # the practice account takes as many as you like

[screens]
channel = "screens"
base_url = "http://127.0.0.1:{site}"
screens = ["library", "canteen"]
names = {{ library = "图书馆", canteen = "食堂" }}
pairing = false  # practice: whoever opens the address is the screen

[qq]
channel = "qq_notice"
base_url = "http://127.0.0.1:{rehearsal}/onebot"
access_token = "file:config/secrets/onebot"
groups = [100001, 100002]
notice_gap_s = 2.0
quiet_hours = []  # practice goes on by night
"""
DEMO_SECRETS = {"wechat": "rehearsal-secret", "onebot": "rehearsal-token"}  # of practice outlets


def init(home: Path) -> None:
    """Make a new installation in an empty or missing folder."""
    if (home / "config").exists():
        raise InvalidError(f"{home} 里已经有一个安装，请换一个文件夹", field="DIR", code="taken")
    (home / "data").mkdir(parents=True, exist_ok=True)
    (home / "config").mkdir(parents=True)
    for name in FILES:
        shutil.copyfile(settings.packaged(name), home / "config" / name)


def init_demo(home: Path, *, first_port: int) -> None:
    """Make the demo's folder; an existing one is pointed to other ports where they differ."""
    if not (home / "config").exists():
        init(home)
        (home / "config" / DEMO_MARK).touch()
        shutil.copyfile(settings.packaged("demo/notice.docx"), home / SAMPLE)
        _write_secrets(home / "config" / "secrets")
    elif not (home / "config" / DEMO_MARK).exists():
        message = f"{home} 是正式的安装，不能用来演示，请用 --home 另选一个文件夹"
        raise InvalidError(message, field="--home", code="taken")
    elif settings.load(home).server.console_port == first_port:
        return
    ports = {"console": first_port, "site": first_port + 1, "rehearsal": first_port + 2}
    own = home / "config" / "publisher.toml"
    text = own.read_text(encoding="utf-8")
    for name, port in ports.items():
        text = re.sub(rf"(?m)^{name}_port = \d+", f"{name}_port = {port}", text)
    own.write_text(text, encoding="utf-8")
    (home / "config" / "targets.toml").write_text(DEMO_TARGETS.format(**ports), encoding="utf-8")


def _write_secrets(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    for name, value in DEMO_SECRETS.items():
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(value, encoding="utf-8")


def demo_people(session: Session, home: Path, *, at: datetime) -> dict[str, str]:
    """Return the passwords of the demo's people, who are added where they are missing.

    Each demo gets passwords of its own; they are kept beside its data, readable by nobody else.
    """
    path = home / "data" / ACCOUNTS
    there = {person.name for person in queries.people(session)}
    if path.exists() and there.issuperset(DEMO_PEOPLE):
        kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        return kept
    passwords = {name: secrets.token_hex(5) for name in DEMO_PEOPLE}
    for name, roles in DEMO_PEOPLE.items():
        if name in there:
            person = people.named(session, name)
            person.password_hash = people.HASHER.hash(passwords[name])
        else:
            people.add(session, name, roles=roles, password=passwords[name], at=at)
    path.touch(mode=0o600)
    path.write_text(json.dumps(passwords, ensure_ascii=False, indent=1), encoding="utf-8")
    return passwords
