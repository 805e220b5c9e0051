"""S3 and what speaks like it: an object appears whole, and its checksum goes with it.

The checksum is Content-MD5 over https, the SHA-256 of the signature over http.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import md5
from pathlib import Path

from minio import Minio
from minio.error import MinioException, S3Error
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError, LocationValueError

from channels import _patience
from channels.website.copies.place import Place, total_s
from channels.website.kinds import kind_of_page
from publisher.errors import ChannelError, CredentialsError, PermanentError, RetryableError

CONNECT_S, ANSWER_S = 15.0, 60.0
LARGEST = 256 * 2**20  # of a file that is read back; a limit of time, not of size
WHOLE = 5 * 2**20  # the least that the library takes for the size of a part
REFUSED = "对象存储不认这个账号：检查 access_key、secret_key 和权限"
CLOCK = "本机时钟和对象存储差得太多：请校准时钟"
ADDRESS = "没有这个存储桶：检查 address"
REGION = '对象存储的 region 或 style 不对：照服务商给的写，有的只认 style = "virtual"'
REFUSALS = {
    "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AccountProblem",
    "AuthFailure", "InvalidAccessKey", "InvalidToken", "ExpiredToken",
}  # fmt: skip
MISPLACED = {
    "AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect", "MovedPermanently",
    "InvalidRegion", "IllegalLocationConstraintException", "PathStyleDomainForbidden",
    "SecondLevelDomainForbidden", "VirtualHostDomainRequired", "MethodNotAllowed",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class S3(Place):
    """One bucket, or what begins with a prefix in it."""

    endpoint: str  # "s3.example.com:9000"
    bucket: str
    prefix: str = ""  # with "/" at its end, or empty
    region: str = "us-east-1"
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    is_secure: bool = True
    is_virtual: bool = False  # the bucket is a part of the host's name, not of the path

    def write(self, name: str, content: bytes) -> None:
        with _sorted(name, size=len(content)):
            self._client.put_object(
                self.bucket,
                f"{self.prefix}{name}",
                io.BytesIO(content),
                len(content),
                content_type=kind_of_page(name).media_type,
                part_size=max(len(content), WHOLE),  # in one call, so that its ETag is its MD5
            )

    def remove(self, name: str) -> None:
        with _sorted(name):
            self._client.remove_object(self.bucket, f"{self.prefix}{name}")

    def read(self, name: str) -> bytes | None:
        try:
            with _sorted(name, size=LARGEST):
                answer = self._client.get_object(self.bucket, f"{self.prefix}{name}")
                try:
                    return bytes(answer.read())
                finally:
                    answer.close()
                    answer.release_conn()
        except NotThere:
            return None

    def names(self, folder: str) -> list[str]:
        with _sorted(folder, size=LARGEST):
            beginning = f"{self.prefix}{folder}/"
            found = self._client.list_objects(self.bucket, prefix=beginning, recursive=True)
            return [str(each.object_name)[len(self.prefix) :] for each in found]

    def differing(self, names: Sequence[str], root: Path) -> list[str]:
        """Ask for the MD5 of each, which is the ETag of what was written in one call.

        To a store that has another ETag the file goes again, which does no harm.
        """
        return [name for name in names if self._etag(name) != _md5((root / name).read_bytes())]

    def _etag(self, name: str) -> str | None:
        try:
            with _sorted(name):
                found = self._client.stat_object(self.bucket, f"{self.prefix}{name}")
        except NotThere:
            return None
        return (found.etag or "").strip('"').lower()

    def close(self) -> None:
        self._pool.clear()

    @cached_property
    def _pool(self) -> PoolManager:
        return _patience.manager(connect_s=CONNECT_S, read_s=ANSWER_S)

    @cached_property
    def _client(self) -> Minio:
        client = Minio(
            endpoint=self.endpoint,
            access_key=self.access_key,
            secret_key=self.secret_key,
            secure=self.is_secure,
            region=self.region,
            http_client=self._pool,
        )
        if self.is_virtual:
            client.enable_virtual_style_endpoint()  # type: ignore[no-untyped-call]
        else:
            client.disable_virtual_style_endpoint()  # type: ignore[no-untyped-call]
        return client


class NotThere(Exception):
    """There is no such object; the bucket is there."""


@contextmanager
def _sorted(name: str, *, size: int = 0) -> Iterator[None]:
    """Sort what goes wrong, and end in time also where an answer comes drop by drop."""
    try:
        with _patience.until(time.monotonic() + total_s(size)):
            yield
    except S3Error as error:
        if error.code in ("NoSuchKey", "NoSuchObject"):
            raise NotThere from None
        raise _meaning(error.code or "?", name) from None
    except (LocationValueError, ValueError) as error:  # before the first byte leaves
        raise PermanentError(f"{name}: {type(error).__name__}", advice=ADDRESS) from None
    except (MinioException, HTTPError, OSError) as error:
        message = f"{name}: {type(error).__name__}"
        raise RetryableError(message, advice="对象存储连不上或没有答复：检查网络") from None


def _meaning(code: str, name: str) -> ChannelError:
    message = f"{name}: {code}"
    if code == "RequestTimeTooSkewed":
        return CredentialsError(message, advice=CLOCK)
    if code in REFUSALS:
        return CredentialsError(message, advice=REFUSED)
    if code in MISPLACED:
        return PermanentError(message, advice=REGION)
    if code == "NoSuchBucket":
        return PermanentError(message, advice=ADDRESS)
    return RetryableError(message, after_s=30, advice="对象存储暂时不收：稍后会再试")


def _md5(content: bytes) -> str:
    return md5(content, usedforsecurity=False).hexdigest()
