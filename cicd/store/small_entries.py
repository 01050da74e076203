"""Small files out of a zip, each in two reads: most archives hold thousands, and little else."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from typing import Final

_SMALL: Final = 1 << 20  # bytes, packed or not
_HEADER: Final = struct.Struct("<4s5H3L2H")  # a local file header, up to its name
_ENCRYPTED, _UNICODE = 0x1, 0x800


def is_small(info: zipfile.ZipInfo) -> bool:
    """Tell whether ``small_entry`` can read an entry."""
    return (
        info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        and not info.flag_bits & _ENCRYPTED
        and max(info.file_size, info.compress_size) <= _SMALL
    )


def small_entry(zipped: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """
    Give an entry's content; raises ``BadZipFile`` or ``zlib.error`` where it is damaged.

    From any thread: neither the file's position nor a lock is used.
    """
    assert zipped.fp is not None, "it is open"
    number = zipped.fp.fileno()
    header = os.pread(number, _HEADER.size, max(0, info.header_offset))
    if info.header_offset < 0 or len(header) < _HEADER.size:
        raise zipfile.BadZipFile(f"the header of {info.filename!r} is not there")
    mark, *_, name_size, extra_size = _HEADER.unpack(header)
    at = info.header_offset + _HEADER.size
    body = os.pread(number, name_size + extra_size + info.compress_size, at)
    name = body[:name_size].decode("utf-8" if info.flag_bits & _UNICODE else "cp437", "replace")
    if mark != b"PK\x03\x04" or name != info.orig_filename:
        raise zipfile.BadZipFile(f"the directory and the header of {info.filename!r} differ")
    data = body[name_size + extra_size :]
    if info.compress_type == zipfile.ZIP_DEFLATED:
        press = zlib.decompressobj(-zlib.MAX_WBITS)
        data = press.decompress(data, info.file_size + 1)
    if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
        raise zipfile.BadZipFile(f"Bad CRC-32 for file {info.filename!r}")
    return data
