"""S3 and what speaks like it: an object appears whole, its checksum goes with it."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import cached_property

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from channels.website.copies.place import Place
from channels.website.kinds import kind_of_page
from publisher.errors import ChannelError, CredentialsError, PermanentError, RetryableError

ANSWER_S = 60.0
REFUSED = "对象存储不认这个账号：检查 access_key、secret_key 和权限"
CLOCK = "本机时钟和对象存储差得太多：请校准时钟"
REFUSALS = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AccountProblem"}


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

    def write(self, name: str, content: bytes) -> None:
        try:
            self._client.put_object(
                self.bucket,
                f"{self.prefix}{name}",
                io.BytesIO(content),
                len(content),
                content_type=kind_of_page(name).media_type,
            )
        except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _sorted(error, name) from error

    def remove(self, name: str) -> None:
        try:
            self._client.remove_object(self.bucket, f"{self.prefix}{name}")
        except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _sorted(error, name) from error

    def read(self, name: str) -> bytes | None:
        try:
            answer = self._client.get_object(self.bucket, f"{self.prefix}{name}")
        except S3Error as error:
            if error.code == "NoSuchKey":
                return None
            raise _sorted(error, name) from error
        except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _sorted(error, name) from error
        try:
            return bytes(answer.read())
        finally:
            answer.close()
            answer.release_conn()

    @cached_property
    def _client(self) -> Minio:
        pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=15.0, read=ANSWER_S), retries=False
        )
        return Minio(
            endpoint=self.endpoint,
            access_key=self.access_key,
            secret_key=self.secret_key,
            secure=self.is_secure,
            region=self.region,
            http_client=pool,
        )


def _sorted(error: Exception, name: str) -> ChannelError:
    if isinstance(error, S3Error):
        message = f"{name}: {error.code}"
        if error.code == "RequestTimeTooSkewed":
            return CredentialsError(message, advice=CLOCK)
        if error.code in REFUSALS:
            return CredentialsError(message, advice=REFUSED)
        if error.code == "NoSuchBucket":
            return PermanentError(message, advice="没有这个存储桶：检查 address")
        return RetryableError(message, after_s=30)
    return RetryableError(f"{name}: {type(error).__name__}", advice="对象存储连不上：检查网络")
