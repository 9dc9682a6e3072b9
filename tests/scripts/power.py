#!/usr/bin/env python3
"""scripts/power goes on where it was interrupted; the searches themselves are stood in for."""

import argparse
import contextlib
import importlib.machinery
import importlib.util
import io
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("power", str(TOP / "scripts/power"))
power = importlib.util.module_from_spec(importlib.util.spec_from_loader("power", loader))
loader.exec_module(power)

ROW = ["queue_lifo  the newest request is granted", "in f of f.c; expected: call.status; HAL-01"]
searched = []
interrupted = set()


def selftest(dmarig, bug, seconds, work):
    searched.append("selftest")
    for engine in power.ENGINES[:3]:
        bug.results[engine] = power.Result("call.status", 10, 0.5)
    bug.program = "nop()\n"


def fuzz(command_of, dmarig, bug, seconds, work):
    name = command_of.__name__
    searched.append(name)
    if name in interrupted:
        raise KeyboardInterrupt
    return power.Result("-", len(searched), seconds)


def search(expected, row=None, seconds=20, again=False):
    """A run of the script as far as it gets; makes the searches EXPECTED and no others."""
    bug = power.Bug(*(row or ROW))
    searched.clear()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(KeyboardInterrupt):
        power.search(None, bug, argparse.Namespace(seconds=seconds, again=again), None)
    if searched != expected:
        sys.exit(f"FAILED: searched {searched}, expected {expected}")
    return {engine: vars(result) for engine, result in bug.results.items()}, bug.program


with tempfile.TemporaryDirectory() as place:
    every = ["selftest", "libfuzzer_command", "afl_command"]
    power.KEPT = Path(place)
    power.selftest, power.fuzz = selftest, fuzz
    interrupted.add("libfuzzer_command")
    search(every[:2])
    interrupted.clear()
    results = search(every[1:])
    if search([]) != results or len(results[0]) != len(power.ENGINES) or results[1] != "nop()\n":
        sys.exit(f"FAILED: kept {search([])}, expected {results}")
    search(every, again=True)
    search(every, seconds=10)
    search([], seconds=10)
    search(every, seconds=10, row=[ROW[0], ROW[1] + "; seen in a driver"])
    for text in ("", "[]", '{"key": 1}'):
        (power.KEPT / "queue_lifo.json").write_text(text)
        search(every)
    if [path.name for path in power.KEPT.iterdir()] != ["queue_lifo.json"]:
        sys.exit(f"FAILED: left {list(power.KEPT.iterdir())}")
