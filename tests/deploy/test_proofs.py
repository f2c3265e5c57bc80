"""The lines of what was proved."""

from collections import Counter

import pytest

from deploy import proofs

pytest_plugins = ["pytester"]


def test_counts_of_one_name_are_added_over_tests_and_processes(tmp_path, monkeypatch, proved):
    path = tmp_path / "proved.jsonl"
    monkeypatch.setenv(proofs.VARIABLE, str(path))
    proved("tables isolated", 30)
    proved("tables isolated", 1)
    proved("routes with a policy", 84)
    assert proofs.sums(path) == {"tables isolated": 31, "routes with a policy": 84}


def test_proving_nothing_is_a_failure(proved):
    with pytest.raises(pytest.fail.Exception, match="nothing was looked at"):
        proved("tables isolated", 0)


def test_sentences_are_of_readable_length():
    few = proofs.sentences(Counter({"tables isolated": 31, "routes with a policy": 84}))
    assert few == ["proved: 84 routes with a policy · 31 tables isolated"]
    many = proofs.sentences(Counter({f"things of the kind number {n}": n for n in range(1, 20)}))
    assert len(many) > 1
    assert all(len(line) <= proofs.LINE + 4 for line in many)
    assert proofs.sentences(Counter()) == []


def test_pytest_prints_the_sums_before_its_closing_line(pytester, tmp_path, monkeypatch):
    monkeypatch.setenv(proofs.VARIABLE, str(tmp_path / "proved.jsonl"))
    pytester.makepyfile("def test_one(proved):\n    proved('moves refused', 7)\n")
    result = pytester.runpytest("-p", "deploy.proofs", "-p", "no:playwright")
    result.assert_outcomes(passed=1)
    assert result.outlines[-2:-1] == ["proved: 7 moves refused"]
    assert "1 passed" in result.outlines[-1]
