"""Authenticated encryption: the one door to ``cryptography``."""

from __future__ import annotations

import os

KEY_LENGTH = 32  # bytes
_NONCE_LENGTH = 12  # bytes
_SCRYPT_COST = 2**15  # 32 MiB and a tenth of a second, with the block size of 8
_SCRYPT_BLOCK = 8


def seal(key: bytes, text: bytes, *, bound: bytes) -> bytes:
    """Encrypt ``text`` so that it opens only beside the same ``bound``, which stays in clear."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE_LENGTH)
    return nonce + AESGCM(key).encrypt(nonce, text, bound)


def unseal(key: bytes, sealed: bytes, *, bound: bytes) -> bytes | None:
    """Give the text; None when the key is another one, or a byte of either has changed."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_LENGTH], sealed[_NONCE_LENGTH:], bound)
    except (InvalidTag, ValueError):  # ValueError: too short to hold a nonce
        return None


def derived(passphrase: str, salt: bytes) -> bytes:
    """Make a key out of a passphrase, slowly on purpose (scrypt)."""
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    scrypt = Scrypt(salt=salt, length=KEY_LENGTH, n=_SCRYPT_COST, r=_SCRYPT_BLOCK, p=1)
    return scrypt.derive(passphrase.encode(errors="surrogateescape"))
