"""What a password costs whoever guesses it: the hasher of the product, which the other tests replace by a cheap one."""

from __future__ import annotations

import subprocess
import sys


def test_the_product_hashes_with_argon2id_over_sixty_four_mebibytes():
    asked = "from web.tenants.accounts.passwords import HASHER; print(HASHER.hash('x'))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
