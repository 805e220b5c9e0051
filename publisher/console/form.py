"""The form of an item: what was typed, what is wrong with it, and the draft that it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from starlette.datastructures import FormData

from publisher.channel import CAMPUS_TIME
from publisher.console import security, source
from publisher.console.visitor import text_of, texts_of
from publisher.errors import InvalidError
from publisher.model import words
from publisher.model.item import Edition, EditionFile
from publisher.schedule import times
from publisher.workflow.compose import Draft, NamedFile

LINES = (
    "title",
    "kind",
    "category",
    "department",
    "document_number",
    "issued_on",
    "audience",
    "urgency",
    "late",
    "display_days",
    "display_unit",
)
MOMENTS = ("publish_at", "not_after", "expires_at")
WORDS = ("summary", "body", "body_form")
OVERRIDES = ("title", "summary", "publish_at")
MAX_SUMMARY = 2000  # characters; outlets have narrower limits of their own
MAX_ALT = 500  # characters
MAX_DIGITS = 4  # of a number of days
NEW = {
    "kind": "通知",
    "audience": "public",
    "urgency": "normal",
    "display_unit": "calendar",
    "body_form": "text",
}
LABELS = words.FIELDS | {
    "body": "正文",
    "overrides": "各渠道单独设置",
}


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A file of the form that is stored already."""

    token: str  # proves that this session was given it
    file: NamedFile


@dataclass(kw_only=True)
class ItemForm:
    """What was typed, field by field, and what is wrong with it."""

    values: dict[str, str]
    targets: list[str] = field(default_factory=list)
    overrides: dict[str, dict[str, str]] = field(default_factory=dict)
    images: list[Kept] = field(default_factory=list)
    attachments: list[Kept] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)  # field -> sentence

    def value(self, name: str) -> str:
        """Return what stands in a field."""
        return self.values.get(name, "")

    def override(self, target: str, name: str) -> str:
        """Return what stands in a field of one target's own."""
        return self.overrides.get(target, {}).get(name, "")

    def blame(self, error: InvalidError, *, place: str = "") -> None:
        """Note what is wrong with a field; the first word on it stands."""
        self.faults.setdefault(place or error.field, error.message)

    def draft(self, *, remarks: Sequence[str] = ()) -> Draft:
        """Return what the form asks for; what cannot be read is noted in `faults`."""
        images = tuple(kept.file for kept in self.images)
        self._check(images)
        return Draft(
            title=self.value("title"),
            body=self._body(images),
            summary=self.value("summary"),
            kind=self.value("kind"),
            category=self.value("category"),
            department=self.value("department"),
            document_number=self.value("document_number"),
            issued_on=self._day("issued_on"),
            audience=self.value("audience"),
            urgency=self.value("urgency") or NEW["urgency"],
            targets=tuple(self.targets),
            publish_at=self._moment(self.value("publish_at"), "publish_at"),
            not_after=self._moment(self.value("not_after"), "not_after"),
            expires_at=self._moment(self.value("expires_at"), "expires_at"),
            late=self.value("late"),
            display_days=self._days("display_days"),
            display_unit=self.value("display_unit") or NEW["display_unit"],
            overrides=self._overrides(),
            images=images,
            attachments=tuple(kept.file for kept in self.attachments),
            remarks=tuple(remarks),
        )

    def _check(self, images: Sequence[NamedFile]) -> None:
        if len(self.value("summary")) > MAX_SUMMARY:
            self.faults["summary"] = f"摘要最多 {MAX_SUMMARY} 个字，请缩短"
        for number, image in enumerate(images, start=1):
            if not image.alt or len(image.alt) > MAX_ALT:
                self.faults["images"] = (
                    f"图{number} 的说明请写 1 到 {MAX_ALT} 个字，读屏软件会念给看不见图的人"
                )

    def _body(self, images: Sequence[NamedFile]) -> str:
        try:
            return source.to_html(
                self.value("body"), form=self.value("body_form") or "text", images=images
            )
        except InvalidError as error:
            self.blame(error, place="body")
        except KeyError:
            self.faults["body"] = "请选择正文的格式"
        return ""

    def _day(self, name: str) -> date | None:
        typed = self.value(name).strip()
        try:
            return date.fromisoformat(typed) if typed else None
        except ValueError:
            self.faults[name] = f"{LABELS[name]}“{typed}”看不懂，请写成 2026-11-20 这样的日期"
            return None

    def _days(self, name: str) -> int | None:
        typed = self.value(name).strip()
        if not typed:
            return None
        if typed.isascii() and typed.isdigit() and len(typed) <= MAX_DIGITS:
            return int(typed)
        self.faults[name] = f"{LABELS[name]}请写成 5 这样的整数；不是公示就不填"
        return None

    def _moment(self, typed: str, name: str, *, place: str = "") -> datetime | None:
        try:
            return times.parse(typed, field=name) if typed.strip() else None
        except InvalidError as error:
            self.blame(error, place=place)
            return None

    def _overrides(self) -> dict[str, dict[str, str]]:
        """Return what each target gets instead; what is empty is left out."""
        asked = {}
        for target, typed in self.overrides.items():
            own = {name: text.strip() for name, text in typed.items() if text.strip()}
            if "publish_at" in own:
                place = f"overrides.{target}.publish_at"
                moment = self._moment(own.pop("publish_at"), "publish_at", place=place)
                own |= {"publish_at": moment.isoformat()} if moment else {}
            if own:
                asked[target] = own
        return asked


def empty(targets: Sequence[str]) -> ItemForm:
    """Return the form of a new item."""
    return ItemForm(values=dict(NEW), targets=list(targets))


def of_edition(edition: Edition, cookie: str) -> ItemForm:
    """Return the form filled with a wording."""
    item = edition.item
    images = _kept(edition.files, "image", cookie)
    body, body_form = source.as_typed(edition.body, images=[kept.file for kept in images])
    values = {
        "title": edition.title,
        "summary": edition.summary,
        "body": body,
        "body_form": body_form,
        "kind": item.kind,
        "category": item.category,
        "department": item.department,
        "document_number": item.document_number,
        "issued_on": item.issued_on.isoformat() if item.issued_on else "",
        "audience": item.audience,
        "urgency": item.urgency,
        "late": edition.late,
        "display_days": "" if edition.display_days is None else str(edition.display_days),
        "display_unit": edition.display_unit,
    }
    moments = {name: _local(getattr(edition, name)) for name in MOMENTS}
    return ItemForm(
        values=values | moments,
        targets=list(edition.targets),
        overrides={target: _typed(own) for target, own in edition.overrides.items()},
        images=images,
        attachments=_kept(edition.files, "attachment", cookie),
    )


def _kept(files: Sequence[EditionFile], role: str, cookie: str) -> list[Kept]:
    return [
        kept(NamedFile(digest=file.digest, name=file.name, alt=file.alt), cookie)
        for file in files
        if file.role == role
    ]


def kept(file: NamedFile, cookie: str) -> Kept:
    """Return a stored file as a form of this session carries it."""
    return Kept(token=security.seal_file(cookie, digest=file.digest, name=file.name), file=file)


def _local(moment: datetime | None) -> str:
    """Return a moment as an input of a browser takes it, in Beijing time."""
    if moment is None:
        return ""
    local = moment.astimezone(CAMPUS_TIME).replace(tzinfo=None)
    return local.isoformat(timespec="seconds" if local.second else "minutes")


def _typed(own: Mapping[str, object]) -> dict[str, str]:
    typed = {name: str(own.get(name) or "") for name in OVERRIDES}
    if typed["publish_at"]:
        typed["publish_at"] = _local(times.parse(typed["publish_at"], field="publish_at"))
    return typed


def posted(form: FormData, cookie: str, *, targets: Sequence[str]) -> ItemForm:
    """Return what was typed, with the files that the form has carried; new ones come later."""
    return ItemForm(
        values={name: text_of(form, name) for name in (*LINES, *MOMENTS, *WORDS)},
        targets=texts_of(form, "targets"),
        overrides={
            target: {name: text_of(form, f"overrides.{target}.{name}") for name in OVERRIDES}
            for target in targets
        },
        images=_carried(form, "image", cookie),
        attachments=_carried(form, "attachment", cookie),
    )


def _carried(form: FormData, role: str, cookie: str) -> list[Kept]:
    dropped = set(texts_of(form, f"{role}_dropped"))
    tokens, alts = texts_of(form, role), texts_of(form, f"{role}_alt")
    alts += [""] * (len(tokens) - len(alts))
    carried = []
    for token, alt in zip(tokens, alts, strict=False):
        found = security.open_file(cookie, token)
        if found is not None and token not in dropped:
            digest, name = found
            carried.append(
                Kept(token=token, file=NamedFile(digest=digest, name=name, alt=alt.strip()))
            )
    return carried
