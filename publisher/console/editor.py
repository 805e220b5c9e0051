"""Writing: a new item, from a file or from scratch, and changes to one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse, Response

from publisher import clock
from publisher.channel import CAMPUS_TIME
from publisher.console import acts
from publisher.console import form as forms
from publisher.console.form import ItemForm
from publisher.console.visitor import Id, Look, Posted, Signed, Visitor, printable, texts_of
from publisher.disclosure import catalogue
from publisher.documents.forms import KINDS, OTHER_KIND
from publisher.errors import InvalidError, NotAllowedError
from publisher.model.people import Person
from publisher.schedule import display
from publisher.storage import queries
from publisher.workflow import attachments, compose, intake, rules
from publisher.workflow.compose import Draft, NamedFile
from publisher.workflow.desk import Desk

router = APIRouter()

NEW_PICTURES = 3  # rows of the form; more after saving


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A target that can be ticked."""

    name: str
    label: str
    places: str  # the groups or screens that one tick means


@router.get("/items/new")
def new(visitor: Signed) -> Response:
    """Show the two ways to begin."""
    with visitor.looking() as look:
        return _page(look, forms.empty([]), item_id=None)


@router.get("/items/{item_id}/edit")
def edit(item_id: Id, visitor: Signed) -> Response:
    """Show an item as a form."""
    with visitor.looking() as look:
        item = queries.item(look.session, item_id)
        states = acts.states(queries.standing(look.session, item_id))
        rules.require(acts.why_not_edit(look, item, states))
        filled = forms.of_edition(item.edition, visitor.cookie)
        return _page(look, filled, item_id=item_id)


@router.post("/items/import")
def take_in(visitor: Signed, form: Posted) -> Response:
    """Make a draft of a file, and show what was found in it."""
    file = form.get("file")
    asked = forms.empty([])
    try:
        if not isinstance(file, UploadFile) or not file.filename:
            raise InvalidError("请先选择一个文件", field="file", code="empty")
        item_id = _imported(visitor, file)
    except InvalidError as error:
        # whatever is wrong with the words that were found, the file is what was given
        asked.blame(error, place="file")
        with visitor.looking() as look:
            return _page(look, asked, item_id=None, status=422)
    return RedirectResponse(f"/items/{item_id}/edit?done=imported", status_code=303)


def _imported(visitor: Visitor, file: UploadFile) -> int:
    at, desk = clock.now(), visitor.app.desk
    with visitor.acting() as (session, by):
        found = intake.imported(
            session, desk, name=_name(file), file=file.file.read(), by=by, at=at
        )
        return compose.draft(session, desk, found, by=by, at=at).id


@router.post("/items")
def create(visitor: Signed, form: Posted) -> Response:
    """Make a draft of what was typed."""

    def write(session: Session, by: Person, asked: Draft, at: datetime) -> int:
        return compose.draft(session, visitor.app.desk, asked, by=by, at=at).id

    return _save(visitor, form, write, item_id=None)


@router.post("/items/{item_id}/editions")
def change(item_id: Id, visitor: Signed, form: Posted) -> Response:
    """Change a draft, or begin a new edition of what was submitted."""

    def write(session: Session, by: Person, asked: Draft, at: datetime) -> int:
        item = queries.item(session, item_id)
        kept = replace(asked, remarks=tuple(item.edition.remarks))
        compose.edit(session, visitor.app.desk, item, kept, by=by, at=at)
        return item_id

    return _save(visitor, form, write, item_id=item_id)


def _require_whole(typed: ItemForm) -> None:
    """Stop before anything is written where a field could not be read."""
    for name, sentence in typed.faults.items():
        raise InvalidError(sentence, field=name)


Write = Callable[[Session, Person, Draft, datetime], int]


def _save(visitor: Visitor, form: FormData, write: Write, *, item_id: int | None) -> Response:
    """Save; what is wrong goes back into the form, with everything that was typed and uploaded."""
    typed = forms.posted(form, visitor.cookie, targets=list(visitor.app.channels))
    status, sentence = 422, ""
    try:
        with visitor.looking() as look:
            rules.require(rules.may(look.person, "write"))
        _store_uploads(visitor, form, typed)
        at, asked = clock.now(), typed.draft()
        _require_whole(typed)
        asked = compose.screened(visitor.app.desk, asked, at=at)
        with visitor.acting() as (session, by):
            saved = write(session, by, asked, at)
        return RedirectResponse(f"/items/{saved}?done=saved", status_code=303)
    except InvalidError as error:
        typed.blame(error)
    except NotAllowedError as error:
        status, sentence = 409, error.message
    with visitor.looking() as look:
        return _page(look, typed, item_id=item_id, status=status, banner=sentence)


def _store_uploads(visitor: Visitor, form: FormData, typed: ItemForm) -> None:
    """Store new files, each by itself: one that is refused loses none of the others."""
    for file in _files(form, "new_attachment"):
        if stored := _stored(visitor, typed, "attachments", file):
            typed.attachments.append(forms.kept(stored, visitor.cookie))
    alts = [alt.strip() for alt in texts_of(form, "new_alt")]
    alts += [""] * NEW_PICTURES
    for upload, alt in zip(form.getlist("new_picture"), alts, strict=False):
        if (
            isinstance(upload, UploadFile)
            and upload.filename
            and (stored := _stored(visitor, typed, "images", upload, alt=alt))
            and stored.name not in {kept.file.name for kept in typed.images}
        ):
            typed.images.append(forms.kept(stored, visitor.cookie))


def _stored(
    visitor: Visitor, typed: ItemForm, place: str, file: UploadFile, *, alt: str = ""
) -> NamedFile | None:
    desk, at, name = visitor.app.desk, clock.now(), _name(file)
    data = file.file.read()
    try:
        is_attachment = place == "attachments"
        examined = attachments.examine(desk, name=name, file=data) if is_attachment else None
        with visitor.acting() as (session, by):
            if examined is not None:
                return intake.attached(session, desk, examined, by=by, at=at)
            return intake.pictured(session, desk, name=name, file=data, alt=alt, by=by, at=at)
    except InvalidError as error:
        typed.blame(error, place=place)
        return None


def _files(form: FormData, name: str) -> list[UploadFile]:
    """Return the files that were chosen; a field left empty comes without a name."""
    return [file for file in form.getlist(name) if isinstance(file, UploadFile) and file.filename]


def _name(file: UploadFile) -> str:
    return printable(file.filename or "")


def _page(
    look: Look, typed: ItemForm, *, item_id: int | None, status: int = 200, banner: str = ""
) -> Response:
    desk = look.app.desk
    return look.page(
        "items/edit.html",
        status=status,
        item_id=item_id,
        edition=queries.item(look.session, item_id).edition if item_id is not None else None,
        form=typed,
        banner=banner,
        reason=rules.may(look.person, "write"),
        labels=forms.LABELS,
        faults=[_fault(look, name, sentence) for name, sentence in typed.faults.items()],
        kinds=_kinds(typed),
        leasts=_leasts(look),
        least=_least(look, typed),
        categories=_categories(desk),
        choices=_choices(look),
        new_pictures=NEW_PICTURES,
        sizes=desk.settings.documents,
    )


def _fault(look: Look, name: str, sentence: str) -> Mapping[str, str]:
    """Return what the summary of faults says, and the field it leads to."""
    head, _, rest = name.partition(".")
    label = forms.LABELS.get(head, "")
    if head == "overrides" and rest:
        label = f"{look.label(rest.partition('.')[0])} 单独设置"
    known = name if name in forms.LABELS or head == "overrides" else ""
    return {"field": known, "label": label, "sentence": sentence}


def _kinds(typed: ItemForm) -> list[str]:
    kinds = [*KINDS, OTHER_KIND]
    own = typed.value("kind")
    return kinds if own in kinds or not own else [own, *kinds]


def _leasts(look: Look) -> list[str]:
    """Return the least display of every kind that has one."""
    day = look.now.astimezone(CAMPUS_TIME).date()
    listed = look.app.desk.settings.kinds.listed
    return [said for kind in listed if (said := display.suggestion(kind, day=day))]


def _least(look: Look, typed: ItemForm) -> str:
    """Return the least display of the notice in the form; "" where any will do."""
    kind = look.app.desk.settings.kinds.of(typed.value("kind"), typed.value("title"))
    return display.suggestion(kind, day=look.now.astimezone(CAMPUS_TIME).date())


def _categories(desk: Desk) -> dict[str, list[catalogue.ListItem]]:
    """Return the official list by its classes."""
    groups: dict[str, list[catalogue.ListItem]] = {}
    for listed in catalogue.items(desk.settings.disclosure_list).values():
        groups.setdefault(listed.category, []).append(listed)
    return groups


def _choices(look: Look) -> list[Choice]:
    return [
        Choice(
            name=name,
            label=look.label(name),
            places=look.places(name),
        )
        for name in look.app.channels
    ]
