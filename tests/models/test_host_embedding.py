"""The table on the host gives the same bits, stays where it is, and is saved with the rest."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch._subclasses import FakeTensorMode

from gemma_audio.config.schema import Adapter, Model, Savings, Stage
from gemma_audio.errors import ConfigError
from gemma_audio.models import adapters, host_embedding
from gemma_audio.models.host_embedding import HostEmbedding
from gemma_audio.models.load import load
from gemma_audio.training.trainables import Trainables

TABLE = "model.language_model.embed_tokens_per_layer.weight"
LANGUAGE = r".*language_model\.layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)"


def losses(model: Model, sentence: Tensor, *, host: bool) -> tuple[Tensor, dict[str, Tensor]]:
    net = load(model, (), Savings(host_embedding=host))[0]
    assert host_embedding.active(net) == host
    net.requires_grad_(False)
    torch.manual_seed(0)
    wrapped = adapters.attach(net, Adapter(name="a", rank=4, alpha=8, dropout=0.0, scope={"language_model": LANGUAGE}))
    for part in (net.model.embed_audio, net.model.language_model.norm):
        part.requires_grad_(True)
    loss = net(input_ids=sentence, labels=sentence).loss
    loss.backward()
    return loss.detach(), {name: p.grad for name, p in wrapped.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_loss_and_gradients_keep_every_bit(base: Model, sentence: Tensor, dtype: str) -> None:
    model = replace(base, dtype=dtype)
    (stock, theirs), (ours, mine) = (losses(model, sentence, host=host) for host in (False, True))
    assert torch.equal(stock, ours)
    assert theirs.keys() == mine.keys()
    assert len(mine) > 20
    assert all(torch.equal(theirs[name], mine[name]) for name in mine)


def test_the_way_over_another_device_takes_each_row_once_and_keeps_every_bit(base: Model) -> None:
    net = load(base)[0]
    stock = net.model.language_model.embed_tokens_per_layer
    seed = torch.seed() % 2**31
    ids = torch.randint(0, 300, (3, 50), generator=torch.Generator().manual_seed(seed))
    ids[:, 10:30] = 0  # as at the places of a sound
    host = HostEmbedding(stock)
    fetched = host._fetch(ids) * host.embed_scale.to(torch.float32)
    assert torch.equal(fetched, stock(ids)), seed
    assert torch.equal(host(ids), stock(ids)), seed


def test_the_table_is_neither_moved_nor_doubled(base: Model) -> None:
    net = load(base, (), Savings(host_embedding=True))[0]
    host = net.model.language_model.embed_tokens_per_layer
    place = host.weight.data_ptr()
    assert TABLE not in dict(net.named_parameters())
    net.model.language_model.to("meta")
    assert host.weight.device.type == "cpu"
    assert host.embed_scale.device.type == "meta"
    assert copy.deepcopy(host).weight.data_ptr() == place


def test_it_is_saved_and_loaded_with_the_rest(base: Model) -> None:
    stock, host = (load(base, (), Savings(host_embedding=on))[0] for on in (False, True))
    ours, theirs = host.state_dict(), stock.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    theirs[TABLE] = theirs[TABLE] + 1
    host.load_state_dict(theirs)
    assert torch.equal(host.model.language_model.embed_tokens_per_layer.weight, theirs[TABLE])


def test_what_a_plan_runs_on_fake_tensors_runs() -> None:
    with FakeTensorMode():
        table = torch.nn.Embedding(50, 8, device="cpu")
        table.scalar_embed_scale, table.embed_scale = 2.0, torch.tensor(2.0)
        host = HostEmbedding(table)
        host.embed_scale = torch.tensor(2.0, device="cuda")
        rows = host(torch.zeros(2, 3, dtype=torch.long, device="cuda"))
        assert (rows.shape, rows.device.type) == ((2, 3, 8), "cuda")


def test_a_table_that_is_to_be_trained_is_refused(base: Model) -> None:
    net = load(base, (), Savings(host_embedding=True))[0]
    stage = Stage(name="s", objective="qa", trains=["per_layer_embedding"], seed=0, steps=1, batch_size=1, micro_batch_size=1)
    with pytest.raises(ConfigError, match="the model has no per_layer_embedding"):
        Trainables(net, stage)
