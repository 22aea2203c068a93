"""The part of ``peers.py`` that runs in an environment with spaCy: JSON lines in, JSON lines out.

The first line is the job, then come tasks: those with spans train, the others are read. The answer is a line about the
training, then one for each task that was read. Settings that the job does not name are those of spaCy's quickstart for
a CPU: dropout 0.1, batches of 100 words that grow to 1,000.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterator
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.batchers import minibatch_by_words
from spacy.util import compounding, filter_spans, fix_random_seed

DROPOUT = 0.1
BATCH_WORDS = (100, 1000, 1.001)
LIKELY = 0.5
"""Score from which a text has a class where it may have several."""


def main() -> None:
    job, *tasks = (json.loads(line) for line in sys.stdin)
    train, test = ([task for task in tasks if ("spans" in task) is taught] for taught in (True, False))
    began = time.perf_counter()
    nlp = trained(job, train)
    print(json.dumps({"version": spacy.__version__, "seconds": time.perf_counter() - began}))
    for task, doc in zip(test, nlp.pipe(task["text"] for task in test), strict=True):
        print(json.dumps({"id": task["id"], "spans": list(found(job, doc))}))


def trained(job: dict[str, Any], tasks: list[dict[str, Any]]) -> Language:
    """Returns a blank pipeline that has learned from the tasks, each once an epoch."""
    fix_random_seed(job["seed"])
    nlp = spacy.blank(job["language"])
    pipe = nlp.add_pipe(job["pipe"])
    for label in job["labels"]:
        pipe.add_label(label)
    examples = [example(job, nlp.make_doc(task["text"]), task["spans"]) for task in tasks]
    optimizer = nlp.initialize(lambda: examples)
    for number in range(job["epochs"]):
        random.shuffle(examples)
        losses: dict[str, float] = {}
        for batch in minibatch_by_words(examples, size=compounding(*BATCH_WORDS)):
            nlp.update(batch, drop=DROPOUT, sgd=optimizer, losses=losses)
        print(f"epoch {number + 1} of {job['epochs']}: {losses}", file=sys.stderr, flush=True)
    return nlp


def example(job: dict[str, Any], doc: Doc, spans: list[tuple[int, int, str]]) -> Example:
    """Returns a text with what it teaches; spans are widened to whole tokens, of overlapping ones the longest stays."""
    if job["pipe"] != "ner":
        labels = {label for _, _, label in spans}
        return Example.from_dict(doc, {"cats": {label: float(label in labels) for label in job["labels"]}})
    marked = [doc.char_span(*span, alignment_mode="expand") for span in spans]
    taught = doc.copy()
    taught.ents = filter_spans([span for span in marked if span is not None and span.text.strip()])
    return Example(doc, taught)


def found(job: dict[str, Any], doc: Doc) -> Iterator[tuple[int, int, str]]:
    """Yields what the pipeline found, in code points; a class covers the text."""
    if job["pipe"] == "ner":
        yield from ((entity.start_char, entity.end_char, entity.label_) for entity in doc.ents)
    elif job["pipe"] == "textcat":
        yield 0, len(doc.text), max(doc.cats, key=doc.cats.__getitem__)
    else:
        yield from ((0, len(doc.text), label) for label, score in doc.cats.items() if score >= LIKELY)


if __name__ == "__main__":
    main()
