"""Fernet, as demonstrations of encrypted payloads use it: the peer of bench/codec.ts.

Reads lines "bytes count" and answers each with the microseconds that one value takes, encrypted and decrypted.
"""

import os
import sys
import time

from cryptography.fernet import Fernet

fernet = Fernet(Fernet.generate_key())
for line in sys.stdin:
    size, count = map(int, line.split())
    value = os.urandom(size)
    began = time.perf_counter()
    for _ in range(count):
        fernet.decrypt(fernet.encrypt(value))
    print((time.perf_counter() - began) / count * 1e6, flush=True)
