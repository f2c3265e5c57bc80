r"""The file of a backup: everything in it encrypted and bound together, read from the first byte to the last or not at all.

    KITELINE-BACKUP-1\n  salt (16)  then chunks: length (4, big-endian)  AES-256-GCM of at most 1 MiB

The key comes from the operator's passphrase or key file by scrypt over the salt, so it is another one in every file, and
a chunk's number serves as its nonce. Whether a chunk is the last stands in its associated data: a file that was cut,
mixed or changed does not open. Inside: the manifest's length and JSON, then the compressed SQL (needs cryptography).
"""

import json
import secrets
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from deploy.console import Stopped

MAGIC = b"KITELINE-BACKUP-1\n"
CHUNK = 1 << 20
SALT, TAG = 16, 16


class Broken(Stopped):
    """The file is not what a backup wrote, or the key is another one."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} does not open: another passphrase or key, or a file that was cut or changed",
            "give the passphrase or key file it was made with, or take another copy of the file",
        )


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=1 << 15, r=8, p=1).derive(key))


class Writer:
    """Encrypts what it is given, chunk by chunk; `close` writes the last one."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        salt = secrets.token_bytes(SALT)
        file.write(MAGIC + salt)
        self.file, self.cipher, self.number, self.waiting = file, _cipher(key, salt), 0, bytearray()

    def write(self, data: bytes) -> None:
        self.waiting += data
        while len(self.waiting) > CHUNK:
            self._put(bytes(self.waiting[:CHUNK]), is_last=False)
            del self.waiting[:CHUNK]

    def close(self) -> None:
        self._put(bytes(self.waiting), is_last=True)

    def _put(self, data: bytes, *, is_last: bool) -> None:
        sealed = self.cipher.encrypt(self.number.to_bytes(12, "big"), data, b"last" if is_last else b"more")
        self.file.write(len(sealed).to_bytes(4, "big") + sealed)
        self.number += 1


def chunks(path: Path, key: bytes) -> Iterator[bytes]:
    """The plain chunks of a file, each proved; Broken at the first that is not, or when the last is not the last."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise Stopped(f"{path} is no backup of Kiteline", "name a file that deploy/backup wrote")
        cipher, number, length = _cipher(key, file.read(SALT)), 0, file.read(4)
        while length:
            size = int.from_bytes(length, "big")
            if size > CHUNK + TAG:
                raise Broken(path)
            sealed, length = file.read(size), file.read(4)
            try:
                yield cipher.decrypt(number.to_bytes(12, "big"), sealed, b"more" if length else b"last")
            except (InvalidTag, ValueError) as wrong:
                raise Broken(path) from wrong
            number += 1
        if not number:
            raise Broken(path)


def write(path: Path, key: bytes, manifest: dict[str, Any], sql: Iterator[bytes]) -> None:
    """A new file, whole or not there at all, readable by its owner alone."""
    draft = path.with_name(f"{path.name}.part")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600, exist_ok=False)
    try:
        with draft.open("wb") as file:
            writer, small = Writer(file, key), zlib.compressobj()
            head = json.dumps(manifest, ensure_ascii=False).encode()
            writer.write(len(head).to_bytes(8, "big") + head)
            for part in sql:
                writer.write(small.compress(part))
            writer.write(small.flush())
            writer.close()
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read(path: Path, key: bytes) -> tuple[dict[str, Any], Iterator[bytes]]:
    """The manifest and the SQL. Run the second to its end before believing it: the last chunk proves the whole."""
    parts, head = chunks(path, key), b""
    while len(head) < 8 or len(head) < 8 + int.from_bytes(head[:8], "big"):
        try:
            head += next(parts)
        except StopIteration:
            raise Broken(path) from None
    size = 8 + int.from_bytes(head[:8], "big")

    def sql() -> Iterator[bytes]:
        large = zlib.decompressobj()
        yield large.decompress(head[size:])
        for part in parts:
            yield large.decompress(part)
        yield large.flush()

    return json.loads(head[8:size]), sql()
