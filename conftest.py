"""What every test can use, wherever it lives."""

pytest_plugins = ["deploy.proofs"]
