"""``harness golden``: the golden tasks listed and put to the proof."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.campaign import DomainCheck, check_domain
from harness.cli.console import complain, say, say_json, say_rows
from harness.content import find_packs, load_domain
from harness.errors import ContentError, MissingExtra

app = typer.Typer(help="Golden tasks: list them, and prove that they can be passed and failed.", no_args_is_help=True)
Domains = Annotated[list[str] | None, typer.Argument(help="Domains; by default all of all packs.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def _names(domains: list[str] | None) -> list[str]:
    """Return the domains that are meant and can be loaded; raises ContentError with the problems of all of them."""
    problems: list[str] = []
    found = []
    for name in domains or [name for pack in find_packs().values() for name in pack.domain_names()]:
        try:
            load_domain(name)
            found.append(name)
        except MissingExtra as missing:
            complain(f"{name}: left out: {missing}")
        except ContentError as error:
            problems += error.problems
    if problems:
        raise ContentError(list(dict.fromkeys(problems)))
    return found


@app.command("list")
def list_tasks(domains: Domains = None, as_json: AsJson = False) -> None:
    """List the golden tasks.

    Example: harness golden list support_desk
    """
    rows = []
    for name in _names(domains):
        domain = load_domain(name)
        rows += [[name, task.id, task.cluster, ", ".join(task.tags), task.ask] for task in domain.tasks.values()]
    columns = ("domain", "task", "family", "tags", "ask")
    say_rows(f"{len(rows)} golden tasks", columns, rows, as_json=as_json)


@app.command()
def tools(domains: Domains = None, as_json: AsJson = False) -> None:
    """List the tools of domains, with what they do to the world and their arguments.

    Example: harness golden tools support_desk
    """
    rows = [
        [name, spec.name, spec.port, spec.effect, ", ".join(spec.identity), ", ".join(spec.parameters.model_fields)]
        for name in _names(domains)
        for spec in load_domain(name).catalogue.values()
    ]
    columns = ("domain", "tool", "port", "effect", "identity", "arguments")
    say_rows(f"{len(rows)} tools", columns, rows, as_json=as_json)


@app.command()
def check(domains: Domains = None, as_json: AsJson = False) -> None:
    """Play every reference path (must pass) and four weak agents (must fail where an action is asked for).

    Example: harness golden check support_desk
    """
    checks = [check_domain(name) for name in _names(domains)]
    if as_json:
        say_json(checks)
    else:
        for one in checks:
            _say_check(one)
    if any(one.problems for one in checks):
        raise typer.Exit(1)


def _say_check(checked: DomainCheck) -> None:
    for line in (*checked.problems, *checked.notes):
        say(line)
    good = checked.tasks - len({line.partition(":")[0] for line in checked.problems})
    say(f"{checked.domain}: {good} of {checked.tasks} tasks can be passed by their reference and failed by weak agents")
