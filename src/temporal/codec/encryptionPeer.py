"""The payload format of sealedPayload.ts once more, after its description and with another library: the peer of its tests.

Reads one JSON request on standard input and writes one JSON answer; all bytes are hex.
  {"op": "seal", "key", "keyId", "namespace", "wrappedKey"?, "payloads": [{"metadata": {name: hex}, "data": hex}]}
  {"op": "open", "key", "namespace", "payloads": [...]}   -> the same shape; a payload that does not verify is null
  {"op": "seal-sample", "key", "keyId", "payloads": [...]} -> the format of the official samples, which bind nothing
"""

import json
import os
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = b"gatehouse/1"
ENCODING = b"binary/encrypted"


def bound(key_id, namespace, wrapped_key):
    fields = [b"gatehouse payload v1", ENCODING, key_id, namespace, wrapped_key]
    return b"".join(struct.pack(">I", len(field)) + field for field in fields)


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, value):
    return varint(number << 3 | 2) + varint(len(value)) + value


def write_message(payload):
    entries = [field(1, field(1, name.encode()) + field(2, value)) for name, value in payload["metadata"].items()]
    return b"".join(entries) + field(2, payload["data"])


def fields_of(message):
    at = 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        tag = number()
        assert tag & 7 == 2, "only length-delimited fields"
        length = number()
        yield tag >> 3, message[at : at + length]
        at += length


def read_message(message):
    payload = {"metadata": {}, "data": b""}
    for number, value in fields_of(message):
        if number == 1:
            entry = {1: b"", 2: b"", **dict(fields_of(value))}
            payload["metadata"][entry[1].decode()] = entry[2]
        elif number == 2:
            payload["data"] = value
    return payload


def seal(request, payload):
    key_id, namespace = request["keyId"].encode(), request["namespace"].encode()
    wrapped_key = bytes.fromhex(request.get("wrappedKey", ""))
    iv = os.urandom(12)
    sealed = AESGCM(bytes.fromhex(request["key"])).encrypt(iv, write_message(payload), bound(key_id, namespace, wrapped_key))
    metadata = {
        "encoding": ENCODING,
        "encryption-key-id": key_id,
        "encryption-format": FORMAT,
        "encryption-namespace": namespace,
    }
    if wrapped_key:
        metadata["encryption-wrapped-key"] = wrapped_key
    return {"metadata": metadata, "data": iv + sealed}


def seal_sample(request, payload):
    iv = os.urandom(12)
    sealed = AESGCM(bytes.fromhex(request["key"])).encrypt(iv, write_message(payload), None)
    return {"metadata": {"encoding": ENCODING, "encryption-key-id": request["keyId"].encode()}, "data": iv + sealed}


def open_sealed(request, payload):
    metadata = payload["metadata"]
    assert metadata["encoding"] == ENCODING and metadata["encryption-format"] == FORMAT
    data = bound(metadata["encryption-key-id"], request["namespace"].encode(), metadata.get("encryption-wrapped-key", b""))
    try:
        return read_message(AESGCM(bytes.fromhex(request["key"])).decrypt(payload["data"][:12], payload["data"][12:], data))
    except InvalidTag:
        return None


def from_hex(payload):
    metadata = {name: bytes.fromhex(value) for name, value in payload["metadata"].items()}
    return {"metadata": metadata, "data": bytes.fromhex(payload["data"])}


def to_hex(payload):
    if payload is None:
        return None
    return {"metadata": {name: value.hex() for name, value in payload["metadata"].items()}, "data": payload["data"].hex()}


request = json.load(sys.stdin)
work = {"seal": seal, "open": open_sealed, "seal-sample": seal_sample}[request["op"]]
json.dump([to_hex(work(request, from_hex(payload))) for payload in request["payloads"]], sys.stdout)
