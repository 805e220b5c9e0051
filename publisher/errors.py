"""What can go wrong, as a tree.

PublisherError
├── ConfigError              a setting is missing or wrong; raised at start, never later
├── InvalidError             what was sent in is wrong; names the field; nothing was changed
├── NotFoundError            there is no such thing
├── NotAllowedError          a rule of the workflow forbids it; the message is shown to the user
└── ChannelError             a channel could not do what it was asked
    ├── UnfitError           the outlet cannot carry this content truthfully
    ├── RetryableError       certainly not delivered; the same call may succeed later
    │   └── SpentError           the account has no send left in this day or month
    ├── PermanentError       certainly not delivered; the same call will fail again
    │   └── CredentialsError     the outlet refuses who we are: pause the whole target
    └── UnknownOutcomeError  handed over, but the answer is lost: look before sending again

The class of a ChannelError answers one question: is it there? Anything that a channel raises
beside these is treated as an unknown outcome.
"""

from __future__ import annotations

from typing import Literal


class PublisherError(Exception):
    """Any fault that this program names."""


class ConfigError(PublisherError):
    """A setting is missing or wrong. Carries file, table and key, as far as they are known."""

    def __init__(self, message: str, *, file: str = "", table: str = "", key: str = "") -> None:
        super().__init__(message)
        self.message, self.file, self.table, self.key = message, file, table, key

    def __str__(self) -> str:
        place = [self.file, f"[{self.table}]" if self.table else "", self.key]
        return "：".join([" ".join(part for part in place if part), self.message]).lstrip("：")

    def at(self, *, file: str = "", table: str = "") -> ConfigError:
        """Return the same error with the place filled in where it was not known."""
        return ConfigError(
            self.message, file=self.file or file, table=self.table or table, key=self.key
        )


class InvalidError(PublisherError):
    """What a person or a program sent in is wrong.

    `message` is a Chinese sentence that says what to do, `field` the name of the field as the
    API spells it, `code` a stable word for programs.
    """

    def __init__(self, message: str, *, field: str, code: str = "invalid") -> None:
        super().__init__(message)
        self.message, self.field, self.code = message, field, code


class NotFoundError(PublisherError):
    """There is no such thing; `message` is a Chinese sentence."""

    def __init__(self, message: str, *, code: str = "not_found") -> None:
        super().__init__(message)
        self.message, self.code = message, code


class NotAllowedError(PublisherError):
    """A rule forbids it; `message` is the sentence the user reads, `code` a stable word."""

    def __init__(self, message: str, *, code: str = "not_allowed") -> None:
        super().__init__(message)
        self.message, self.code = message, code


class ChannelError(PublisherError):
    """A channel could not do what it was asked.

    The message is for the record (English, with what the outlet said, secrets removed); `advice`
    is a Chinese sentence that tells staff what to do, empty where the class says enough.
    """

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


class UnfitError(ChannelError):
    """The outlet cannot carry this content truthfully.

    Raised by `render`. The message is a Chinese sentence for the author; `field` names what to
    change ("title", "summary", "body", "images", "attachments").
    """

    def __init__(self, message: str, *, field: str = "body") -> None:
        super().__init__(message)
        self.field = field


class RetryableError(ChannelError):
    """Certainly not delivered; the same call may succeed later, not before `after_s` seconds."""

    def __init__(self, message: str, *, after_s: float | None = None, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.after_s = after_s


class SpentError(RetryableError):
    """Certainly not delivered: the outlet says that the account's ration is used up.

    Whoever used it, the ledger believes the outlet; `period` is "day" or "month".
    """

    def __init__(self, message: str, *, period: Literal["day", "month"], advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.period: Literal["day", "month"] = period


class PermanentError(ChannelError):
    """Certainly not delivered; the same call will fail again."""


class CredentialsError(PermanentError):
    """The outlet refuses who we are; no delivery to this target can succeed."""


class UnknownOutcomeError(ChannelError):
    """Handed over, but the answer is lost, or not there yet; look before sending again."""
