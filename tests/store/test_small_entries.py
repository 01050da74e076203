"""Small entries of a zip give what zipfile gives, and what is damaged is never given."""

import random
import zipfile
import zlib

import pytest

from cicd.store.small_entries import is_small, small_entry

CONTENT = {
    "empty": b"",
    "plain.txt": b"hello " * 1000,
    "dir/\u00fc.bin": bytes(range(256)) * 40,
}


@pytest.fixture(params=[zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def archive(request, tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", request.param) as zipped:
        for name, data in CONTENT.items():
            zipped.writestr(name, data)
    return path


def read(path):
    with zipfile.ZipFile(path) as zipped:
        return {each.filename: small_entry(zipped, each) for each in zipped.infolist()}


def test_entries_are_what_zipfile_reads(archive):
    assert CONTENT == read(archive)


def test_a_zip_behind_something_else_is_read_as_well(archive):
    archive.write_bytes(b"#!/bin/sh\nexit\n" + archive.read_bytes())
    assert CONTENT == read(archive)


def test_what_was_damaged_anywhere_is_refused_or_the_same(archive):
    whole, draw = archive.read_bytes(), random.Random(7)
    refused = 0
    for _ in range(200):
        at = draw.randrange(len(whole))
        archive.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            found = read(archive)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError):
            refused += 1
            continue
        assert all(CONTENT.get(name, data) == data for name, data in found.items())
    assert refused > 100


def test_large_packed_otherwise_and_encrypted_ones_are_left_to_zipfile(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("large", b"x" * (2 << 20), zipfile.ZIP_DEFLATED)
        zipped.writestr("bz2", b"x", zipfile.ZIP_BZIP2)
        zipped.writestr("small", b"x", zipfile.ZIP_DEFLATED)
        encrypted = zipped.infolist()[2]
        assert [False, False, True] == [is_small(each) for each in zipped.infolist()]
        encrypted.flag_bits |= 1
        assert not is_small(encrypted)
