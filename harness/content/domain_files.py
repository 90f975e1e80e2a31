"""Domains read from their folders, with every problem of every file reported together."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import msgspec
from pydantic import Field

from harness.boundary import Frozen
from harness.content.domain_checks import domain_problems
from harness.content.domains import Domain
from harness.content.importers import IMPORTERS
from harness.content.packs import Pack, find_packs
from harness.content.tasks import Injection, Task
from harness.content.yaml_files import parse, read_yaml
from harness.errors import ContentError
from harness.history import canonical_json
from harness.world import Caution, Corpus, Document, Tool, no_vectors


class CautionSpec(Frozen):
    """What ``people.yaml`` holds: the data of the careful approver."""

    wants: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    names: dict[str, str] = Field(default_factory=dict)


class InjectionFile(Frozen):
    """What ``injections.yaml`` holds."""

    injections: tuple[Injection, ...] = ()


class TaskFile(Frozen):
    """What a file in ``tasks/`` holds: one or several tasks."""

    tasks: tuple[Task, ...]


def load_domain(name: str) -> Domain:
    """Return the domain ``name`` or ``pack:name``; raises ContentError with all problems of its files."""
    return _find(name, Path.cwd())


@cache
def _find(name: str, _project: Path) -> Domain:
    # The project is part of the key: the same name can mean another domain in another folder.
    pack_name, _, bare = name.rpartition(":")
    packs = find_packs()
    holders = [pack for pack in packs.values() if pack_name in ("", pack.name) and bare in pack.domain_names()]
    if len(holders) == 1:
        return _load(holders[0], bare)
    known = sorted(f"{pack.name}:{one}" for pack in packs.values() for one in pack.domain_names())
    problem = "is in several packs; write pack:name" if holders else "does not exist"
    raise ContentError([f"domain {name!r} {problem}; known: {', '.join(known)}"])


@cache
def _load(pack: Pack, name: str) -> Domain:
    folder = pack.root / "golden" / name
    if (folder / "domain.yaml").is_file():
        return _import(folder)
    domain = _load_native(pack, folder)
    if problems := list(domain_problems(domain, folder)):
        raise ContentError(problems)
    return domain


def _import(folder: Path) -> Domain:
    located = read_yaml(folder / "domain.yaml")
    importer = str(located.data.get("importer")) if isinstance(located.data, dict) else ""
    if importer not in IMPORTERS:
        known = ", ".join(sorted(IMPORTERS))
        raise ContentError([f"{located.where(['importer'])}: no importer {importer!r}; known: {known}"])
    return IMPORTERS[importer](folder, located, _read_caution(folder))


def _read_caution(folder: Path) -> Caution:
    path = folder / "people.yaml"
    spec = parse(CautionSpec, read_yaml(path)) if path.is_file() else CautionSpec()
    return Caution(wants=spec.wants, names=spec.names)


def _load_native(pack: Pack, folder: Path) -> Domain:
    module = pack.module(f"golden.{folder.name}.tools")
    tools: dict[str, Tool] = {one.spec.name: one for one in module.TOOLS}
    world = canonical_json(read_yaml(folder / "world.yaml").data)
    policy = folder / "policy.md"
    return Domain(
        name=folder.name,
        tools=tools,
        fresh_state=lambda: msgspec.json.decode(world),
        tasks=_read_tasks(folder),
        digest=_digest(folder),
        corpus=Corpus(_read_documents(folder)),
        policy=policy.read_text(encoding="utf-8") if policy.is_file() else "",
        injections=_read_injections(folder),
        caution=_read_caution(folder),
        inject=getattr(module, "inject", no_vectors),
    )


def _read_documents(folder: Path) -> list[Document]:
    """Read corpus/*.md: the first line is the title, the file name the id."""
    documents = []
    for path in sorted((folder / "corpus").glob("*.md")):
        title, _, body = path.read_text(encoding="utf-8").partition("\n")
        documents.append(Document(path.stem, title.lstrip("# ").strip(), body.strip()))
    return documents


def _read_injections(folder: Path) -> dict[str, Injection]:
    path = folder / "injections.yaml"
    if not path.is_file():
        return {}
    return {one.id: one for one in parse(InjectionFile, read_yaml(path)).injections}


def _read_tasks(folder: Path) -> dict[str, Task]:
    problems: list[str] = []
    tasks: dict[str, Task] = {}
    for path in sorted((folder / "tasks").glob("*.yaml")):
        try:
            located = read_yaml(path)
            for index, task in enumerate(parse(TaskFile, located).tasks):
                if task.id in tasks:
                    problems.append(
                        f"{located.where(('tasks', index, 'id'))}: task {task.id!r} exists already; rename it"
                    )
                tasks[task.id] = task
        except ContentError as error:
            problems.extend(error.problems)
    if problems:
        raise ContentError(problems)
    return tasks


def _digest(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            whole.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()
