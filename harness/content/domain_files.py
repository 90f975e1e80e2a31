"""Domains read from their folders, with every problem of every file reported together."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, TypeVar

import msgspec
from pydantic import AfterValidator, BaseModel, Field

from harness.boundary import Frozen
from harness.content.checked import Salvage, salvage
from harness.content.domain_checks import injection_problems, people_problems, task_problems
from harness.content.domains import Domain
from harness.content.fields import Pattern, regular_expression
from harness.content.importers import IMPORTERS
from harness.content.located import Located
from harness.content.modules import _call_problem, _where, injector, listed_tools, vectors
from harness.content.packs import Pack, find_packs
from harness.content.tasks import Injection, Task
from harness.content.yaml_files import read_text, read_yaml
from harness.errors import ContentError
from harness.history import canonical_json
from harness.world import Authorize, Caution, Corpus, Document, Inject, Tool, no_vectors

_Tools = tuple[dict[str, Tool], Inject, Authorize | None, tuple[str, ...]]
_NO_TOOLS: _Tools = ({}, no_vectors, None, ())

Part = TypeVar("Part")
Model = TypeVar("Model", bound=BaseModel)


def _word(word: str) -> str:
    if len(word) > 1 and word.startswith("/") and word.endswith("/"):
        regular_expression(word[1:-1])
    return word


Word = Annotated[str, Field(min_length=1), AfterValidator(_word)]


class CautionSpec(Frozen):
    """What ``people.yaml`` holds: the data of the careful approver."""

    wants: dict[str, tuple[Word, ...]] = Field(default_factory=dict)
    names: dict[str, Pattern] = Field(default_factory=dict)
    repeats: tuple[Word, ...] = ()


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
    return _load_native(pack, folder)


def _import(folder: Path) -> Domain:
    located = read_yaml(folder / "domain.yaml")
    importer = str(located.data.get("importer"))
    if importer not in IMPORTERS:
        known = ", ".join(sorted(IMPORTERS))
        raise ContentError([f"{located.where(['importer'])}: no importer {importer!r}; known: {known}"])
    found = _Found()
    people = found.salvaged(CautionSpec, folder / "people.yaml")
    caution = _caution(people)
    domain = IMPORTERS[importer](folder, located, caution)
    if people:
        found.problems += people_problems(domain.nameable, people.located, caution)
    found.refuse()
    return domain


class _Found:
    """The problems of all files of a domain, gathered while its parts are read."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def attempt(self, read: Callable[[], Part], instead: Part) -> Part:
        """Return what ``read`` returns, or ``instead`` when it finds problems."""
        try:
            return read()
        except ContentError as error:
            self.problems += error.problems
            return instead

    def salvaged(self, model: type[Model], path: Path) -> Salvage[Model] | None:
        """Read what is sound in a file that need not be there."""
        if not path.exists():
            return None
        found = self.attempt(lambda: salvage(model, read_yaml(path)), None)
        self.problems += found.problems if found else ()
        return found

    def refuse(self) -> None:
        """Raise ContentError with every problem, if there is any."""
        if self.problems:
            raise ContentError(list(dict.fromkeys(self.problems)))


def _load_native(pack: Pack, folder: Path) -> Domain:
    found = _Found()
    tools, inject, authorize, places = found.attempt(partial(_read_tools, pack, folder), _NO_TOOLS)
    world = found.attempt(partial(_read_world, folder), b"{}")
    policy = folder / "policy.md"
    files = [found.salvaged(TaskFile, path) for path in sorted((folder / "tasks").glob("*.yaml"))]
    injections = found.salvaged(InjectionFile, folder / "injections.yaml")
    people = found.salvaged(CautionSpec, folder / "people.yaml")
    domain = Domain(
        name=folder.name,
        tools=tools,
        fresh_state=lambda: msgspec.json.decode(world),
        tasks={task.id: task for file in files if file and file.value for task in file.value.tasks},
        files=_files(folder),
        corpus=found.attempt(partial(_read_corpus, folder), Corpus()),
        policy=found.attempt(lambda: read_text(policy) if policy.is_file() else "", ""),
        injections={one.id: one for one in injections.value.injections} if injections and injections.value else {},
        caution=_caution(people),
        inject=inject,
        vectors=places,
        authorize=authorize,
    )
    tasks = [(file.located, file.value.tasks) for file in files if file and file.value]
    planted = [(injections.located, injections.value.injections)] if injections and injections.value else []
    found.problems += [*_repeated("tasks", tasks), *_repeated("injections", planted)]
    if tools:
        known = domain.nameable
        found.problems += (one for located, some in tasks for one in task_problems(known, located, some))
        found.problems += (one for located, some in planted for one in injection_problems(known, located, some))
    if tools and people:
        found.problems += people_problems(domain.nameable, people.located, domain.caution)
    found.refuse()
    return domain


def _read_tools(pack: Pack, folder: Path) -> _Tools:
    module = pack.module(f"golden.{folder.name}.tools")
    found = _Found()
    tools = found.attempt(partial(listed_tools, module), _NO_TOOLS[0])
    inject = found.attempt(partial(injector, module), _NO_TOOLS[1])
    authorize = found.attempt(partial(_authorizer, module), _NO_TOOLS[2])
    places = found.attempt(partial(vectors, module), _NO_TOOLS[3])
    found.refuse()
    return tools, inject, authorize, places


def _authorizer(module: ModuleType) -> Authorize | None:
    """Return the function ``authorize`` of a tools module, if there is one; raises ContentError for anything else."""
    if not hasattr(module, "authorize"):
        return None
    authorize: Any = module.authorize
    problem = _call_problem(authorize, 4)
    if problem:
        where = _where(module, "authorize")
        written = "def authorize(state, spec, arguments, principal)"
        raise ContentError([f"{where}: authorize {problem}; write it as: {written}"])
    return authorize  # type: ignore[no-any-return]  # checked above


def _read_world(folder: Path) -> bytes:
    located = read_yaml(folder / "world.yaml")
    if located.problems:
        raise ContentError(located.problems)
    return canonical_json(located.data)


def _read_corpus(folder: Path) -> Corpus:
    """Read corpus/*.md: the first line is the title, the file name the id."""
    found = _Found()
    documents = []
    for path in sorted((folder / "corpus").glob("*.md")):
        title, _, body = found.attempt(partial(read_text, path), path.stem).partition("\n")
        documents.append(Document(path.stem, title.lstrip("# ").strip(), body.strip()))
        if not (documents[-1].title or documents[-1].body):
            found.problems.append(f"{path}: is empty; write a title and a text, or remove the file")
    found.refuse()
    corpus = Corpus(documents)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # the mean length of nothing
            corpus.search("anything")  # builds the index, which needs a word
    except ValueError as error:
        problem = f"{folder / 'corpus'}: no document holds a word to search for; write some, or remove them"
        raise ContentError([problem]) from error
    return corpus


def _caution(people: Salvage[CautionSpec] | None) -> Caution:
    spec = (people and people.value) or CautionSpec()
    return Caution(wants=spec.wants, names=spec.names, repeats=spec.repeats)


def _repeated(key: str, files: Iterable[tuple[Located, Sequence[Task | Injection]]]) -> Iterator[str]:
    known: dict[str, str] = {}
    for located, items in files:
        for index, one in enumerate(items):
            where = located.where((key, index, "id"))
            if one.id in known:
                place = known[one.id].rpartition(": ")[0]
                yield f"{where}: {type(one).__name__.lower()} {one.id!r} exists already, at {place}; rename it"
            known.setdefault(one.id, where)


def _files(folder: Path) -> dict[str, str]:
    """Return the digest of every file of a domain by its path in the folder."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
