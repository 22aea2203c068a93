"""The part of ``piece_speed.py`` that runs in an environment with PyTorch: a BERT with a tagging head, in plain torch.

The argument is the job as JSON. It first runs one batch without dropout (``hidden.npy``) and tells its version; then it
reads numbers of epochs from standard input, trains on that epoch's batches and tells the seconds.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

CLIP = 1.0


class Layer(nn.Module):
    """One layer of BERT; the names are those of a checkpoint."""

    def __init__(self, hidden: int, inner: int, heads: int, epsilon: float, dropout: float) -> None:
        super().__init__()
        self.heads, self.share = heads, dropout
        self.attention = nn.ModuleDict(
            {
                "self": nn.ModuleDict({name: nn.Linear(hidden, hidden) for name in ("query", "key", "value")}),
                "output": nn.ModuleDict(
                    {"dense": nn.Linear(hidden, hidden), "LayerNorm": nn.LayerNorm(hidden, epsilon)}
                ),
            }
        )
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(hidden, inner)})
        self.output = nn.ModuleDict({"dense": nn.Linear(inner, hidden), "LayerNorm": nn.LayerNorm(hidden, epsilon)})
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        seen = self.attention["self"]
        parts = [
            seen[name](x).unflatten(-1, (self.heads, -1)).transpose(1, 2).contiguous()
            for name in ("query", "key", "value")
        ]
        share = self.share if self.training else 0.0
        context = F.scaled_dot_product_attention(*parts, attn_mask=mask, dropout_p=share).transpose(1, 2).flatten(2)
        out = self.attention["output"]
        x = out["LayerNorm"](x + self.dropout(out["dense"](context)))
        inner = F.gelu(self.intermediate["dense"](x))
        return self.output["LayerNorm"](x + self.dropout(self.output["dense"](inner)))


class Tagger(nn.Module):
    """A BERT with a head over the pieces, with the sizes of the weights that it is given."""

    def __init__(self, weights: dict[str, Tensor], job: dict[str, Any]) -> None:
        super().__init__()
        inner, hidden = weights["encoder.layer.0.intermediate.dense.weight"].shape
        rows = {name: len(weights[f"embeddings.{name}.weight"]) for name in TABLES}
        self.embeddings = nn.ModuleDict({name: nn.Embedding(count, hidden) for name, count in rows.items()})
        self.embeddings["LayerNorm"] = nn.LayerNorm(hidden, job["epsilon"])
        layers = [Layer(hidden, inner, job["heads"], job["epsilon"], job["dropout"]) for _ in range(job["layers"])]
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(layers)})
        self.classifier = nn.Linear(hidden, len(weights["classifier.bias"]))
        self.dropout = nn.Dropout(job["dropout"])
        self.load_state_dict({name: weights[name] for name in self.state_dict()})

    def hidden(self, batch: dict[str, Tensor]) -> Tensor:
        tables = self.embeddings
        words, places = tables["word_embeddings"](batch["ids"]), tables["position_embeddings"].weight
        total = words + tables["token_type_embeddings"](batch["types"]) + places[: batch["ids"].shape[1]]
        x = self.dropout(tables["LayerNorm"](total))
        mask = torch.where(batch["mask"] > 0, 0.0, -1e9)[:, None, None, :]
        for layer in self.encoder["layer"]:
            x = layer(x, mask)
        return x

    def loss(self, batch: dict[str, Tensor]) -> Tensor:
        scores = self.classifier(self.dropout(self.hidden(batch)))
        return F.cross_entropy(scores.flatten(0, 1), batch["target"].flatten(), ignore_index=-1)


TABLES = ("word_embeddings", "position_embeddings", "token_type_embeddings")


def main() -> None:
    job = json.loads(sys.argv[1])
    torch.set_num_threads(job["threads"])
    torch.manual_seed(0)
    folder = Path(job["folder"])
    weights = {name: torch.from_numpy(array) for name, array in np.load(folder / "weights.npz").items()}
    model = Tagger(weights, job)
    model.eval()
    with torch.no_grad():
        np.save(folder / "hidden.npy", model.hidden(epoch(folder, 1)[0]).numpy())
    model.train()
    optimizer = optimizer_of(model, job)
    print(json.dumps({"version": torch.__version__}), flush=True)
    for line in sys.stdin:
        batches = epoch(folder, int(line))
        print(json.dumps({"seconds": seconds(model, optimizer, batches)}), flush=True)


def optimizer_of(model: Tagger, job: dict[str, Any]) -> torch.optim.Optimizer:
    """Returns AdamW in its fused form, the fastest on a processor; matrices of the encoder decay."""
    named = list(model.named_parameters())
    decays = [value for name, value in named if name.startswith("encoder.") and value.ndim > 1]
    head = list(model.classifier.parameters())
    apart = {id(value) for value in [*decays, *head]}
    others = [value for _, value in named if id(value) not in apart]
    slow, fast = job["rates"]
    groups: list[dict[str, Any]] = [
        {"params": decays, "lr": slow, "weight_decay": job["decay"]},
        {"params": others, "lr": slow, "weight_decay": 0.0},
        {"params": head, "lr": fast, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, fused=True)


def epoch(folder: Path, number: int) -> list[dict[str, Tensor]]:
    """Reads the batches of an epoch, in their order."""
    found: dict[int, dict[str, Tensor]] = {}
    for name, array in np.load(folder / f"epoch-{number}.npz").items():
        place, _, part = name.partition(".")
        found.setdefault(int(place), {})[part] = torch.from_numpy(array).long()
    return [found[place] for place in sorted(found)]


def seconds(model: Tagger, optimizer: torch.optim.Optimizer, batches: list[dict[str, Tensor]]) -> float:
    """Trains on the batches and returns what that took."""
    began = time.perf_counter()
    for batch in batches:
        optimizer.zero_grad(set_to_none=True)
        loss = model.loss(batch)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        if not torch.isfinite(loss):
            raise SystemExit("The loss stopped being a number.")
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
