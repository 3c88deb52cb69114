"""How a message looks on the wire: a frame of length-prefixed fields.

A frame is its length (4 bytes, big endian) and a body: the verb, then name and value in turn, each
with its own length before it. A name may come more than once. No JSON here: importing it costs a
command more than talking to the dispatcher does.

Imported on the start-up path of tsbatch, tsqueue and tscancel: imports nothing heavy.
"""

from __future__ import annotations

from tinysched.errors import WireError

PROTOCOL = 1
MAX_MESSAGE = 4 * 1024 * 1024
HEADER = 4


def pack(verb: str, fields: list[tuple[str, bytes]]) -> bytes:
    """A whole frame, ready to be sent.

    Raises: WireError if it is larger than any receiver takes.
    """
    parts = [b"", len(verb).to_bytes(4, "big"), verb.encode()]
    for name, value in fields:
        parts.append(len(name).to_bytes(4, "big"))
        parts.append(name.encode())
        parts.append(len(value).to_bytes(4, "big"))
        parts.append(value)
    size = sum(map(len, parts))
    if size > MAX_MESSAGE:
        raise WireError(
            f"cannot send '{verb}': {size} bytes are more than the {MAX_MESSAGE} a message may have"
        )
    parts[0] = size.to_bytes(4, "big")
    return b"".join(parts)


def body_size(header: bytes) -> int:
    """How long the body after this frame header is.

    Raises: WireError if no honest sender would send so much.
    """
    size = int.from_bytes(header, "big")
    if size > MAX_MESSAGE:
        raise WireError(f"cannot read a message: {size} bytes are more than {MAX_MESSAGE}")
    return size


def unpack(body: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """Verb and fields of a body.

    Raises: WireError if it is no message of ours.
    """
    words: list[bytes] = []
    at = 0
    while at < len(body):
        size = int.from_bytes(body[at : at + 4], "big")
        start = at + 4
        at = start + size
        if at > len(body):
            raise WireError("cannot read a message: a field is longer than the message")
        words.append(body[start:at])
    if len(words) % 2 == 0:
        raise WireError("cannot read a message: a field has no value")
    try:
        names = [words[0].decode("ascii")] + [word.decode("ascii") for word in words[1::2]]
    except UnicodeDecodeError:
        raise WireError("cannot read a message: a name in it is not ASCII") from None
    return names[0], list(zip(names[1:], words[2::2], strict=True))
