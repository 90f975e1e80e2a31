"""Documents and their retrieval by BM25, so that a planted document has to compete for its rank."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import msgspec


class Document(msgspec.Struct, frozen=True):
    """One document of a corpus."""

    id: str
    title: str
    body: str


class Corpus:
    """An ordered set of documents; searching is a pure function of the documents and the query.

    Both the index and past answers are kept, because a campaign asks the same corpus the same things many times.
    """

    def __init__(self, documents: Sequence[Document] = ()) -> None:
        # Imported by those who search only, since it takes its time, and before a trial begins to count it.
        import bm25s  # noqa: PLC0415

        self._bm25s = bm25s
        self.documents = tuple(documents)
        self._larger: dict[Document, Corpus] = {}
        self._answers: dict[tuple[str, int], list[Document]] = {}

    def with_document(self, document: Document) -> Corpus:
        """Return a corpus that holds ``document`` as well."""
        if document not in self._larger:
            self._larger[document] = Corpus((*self.documents, document))
        return self._larger[document]

    def search(self, query: str, limit: int = 5) -> list[Document]:
        """Return at most ``limit`` documents that share a word with ``query``, best first (BM25, Lucene's variant)."""
        key = (query, limit)
        if key not in self._answers:
            self._answers[key] = [self.documents[rank] for rank in self._ranks(query, limit)]
        return self._answers[key]

    @cached_property
    def _index(self) -> Any:
        retriever = self._bm25s.BM25(method="lucene")
        texts = [f"{one.title}\n{one.body}" for one in self.documents]
        retriever.index(self._bm25s.tokenize(texts, stopwords="en", show_progress=False), show_progress=False)
        return retriever

    def _ranks(self, query: str, limit: int) -> list[int]:
        words = self._bm25s.tokenize([query], stopwords="en", show_progress=False, return_ids=False)
        known = [word for word in words[0] if self.documents and word in self._index.vocab_dict]
        if not known:
            return []
        scores = self._index.get_scores(known)
        best = sorted(range(len(self.documents)), key=lambda rank: (-scores[rank], rank))
        return [rank for rank in best[:limit] if scores[rank] > 0]
