"""Reading headers and writing shards, against safetensors' own reader and the Hub's own splitting."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from huggingface_hub import split_torch_state_dict_into_shards
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from gemma_audio.errors import GemmaAudioError
from gemma_audio.models.architecture import Architecture
from gemma_audio.models.export.base_files import Stored, read_table
from gemma_audio.models.export.shards import plan, write_shards
from gemma_audio.models.export.verify import _dead
from gemma_audio.models.untrained import build_net
from gemma_audio.models.weight_files import INDEX, dead_names


@pytest.fixture
def tensors() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    odd = torch.randn(3, generator=generator).to(torch.bfloat16)  # 6 bytes: what follows must still be aligned
    return {
        "b.half": odd,
        "a.full": torch.randn(40, 7, generator=generator),
        "c.count": torch.tensor(5),
        "d.large": torch.randn(200, 50, generator=generator).to(torch.bfloat16),
        "e.flag": torch.tensor([True, False, True]),
        "f.turned": torch.randn(8, 4, generator=generator).T,
    }


def test_what_is_written_is_what_safetensors_reads(tensors: dict[str, torch.Tensor], tmp_path: Path) -> None:
    assert write_shards(tensors, tmp_path, "5GB") == ["model.safetensors"]
    assert not (tmp_path / INDEX).exists()
    found = load_file(tmp_path / "model.safetensors")
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensors[name]) and found[name].dtype == tensors[name].dtype for name in tensors)
    with safe_open(tmp_path / "model.safetensors", framework="pt") as file:
        assert file.metadata() == {"format": "pt"}


def test_stored_tensors_are_copied_byte_for_byte(tensors: dict[str, torch.Tensor], tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "out").mkdir()
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, tmp_path / "base" / "model.safetensors")
    mixed = {**read_table(tmp_path / "base"), "a.full": torch.zeros(40, 7)}
    write_shards(mixed, tmp_path / "out", "5GB")
    found = load_file(tmp_path / "out" / "model.safetensors")
    assert found["a.full"].count_nonzero() == 0
    assert all(torch.equal(found[name], tensors[name]) for name in tensors if name != "a.full")


def test_shards_are_those_of_the_hub_and_a_large_tensor_has_its_own(tensors: dict[str, torch.Tensor], tmp_path: Path) -> None:
    files = write_shards(tensors, tmp_path, 2000)
    ours = json.loads((tmp_path / INDEX).read_text())
    hubs = split_torch_state_dict_into_shards(tensors, filename_pattern="model{suffix}.safetensors", max_shard_size=2000)
    assert ours["weight_map"] == hubs.tensor_to_filename
    assert ours["metadata"]["total_size"] == hubs.metadata["total_size"]
    assert files == list(hubs.filename_to_tensors)
    assert list(load_file(tmp_path / ours["weight_map"]["d.large"])) == ["d.large"]
    assert read_table(tmp_path).keys() == tensors.keys()


def test_e4b_is_written_as_four_shards_with_the_shared_layers_tensors() -> None:
    """On the meta device: nothing is allocated. The per-layer table (5.6 GB) does not fit into a shard and has one of its own."""
    net = build_net(Architecture(), device="meta")
    entries = {name: tensor for name, tensor in net.state_dict().items() if name != "lm_head.weight"}
    assert len(entries) == 2076
    dead, buffers = dead_names(net.config.to_dict()), dict(net.named_buffers())
    assert len(dead) == 54
    assert not entries.keys() & set(dead)
    entries |= {name: entries[producer(name)] for name in dead}
    assert sum(entries[name].numel() for name in dead) == 55_055_616
    assert sum(entry.numel() for name, entry in entries.items() if name not in buffers) == 7_996_156_448
    sizes = [sum(entries[name].nbytes for name in names) for names in plan(entries, "5GB").filename_to_tensors.values()]
    assert len(sizes) == 4
    assert [size for size in sizes if size > 5e9] == [2 * 262_144 * 10_752]


def producer(name: str) -> str:
    """The tensor of the layer whose keys and values the layer of `name` reuses: 23 where it attends fully, else 22."""
    layer = int(name.split(".")[3])
    return name.replace(f"layers.{layer}.", f"layers.{23 if layer % 6 == 5 else 22}.")


@pytest.mark.parametrize("cut", [1, 60])
def test_truncated_files_are_refused(tensors: dict[str, torch.Tensor], cut: int, tmp_path: Path) -> None:
    write_shards(tensors, tmp_path, 2000)
    path = sorted(tmp_path.glob("*.safetensors"))[0]
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(GemmaAudioError, match="its header says") as caught:
        read_table(tmp_path)
    assert path.name in str(caught.value)
    assert "hf download" in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\x00" * 4, b"<html>not found</html>", (10**9).to_bytes(8, "little") + b"{}"])
def test_what_is_no_safetensors_file_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(GemmaAudioError, match=r"model\.safetensors"):
        read_table(tmp_path)


def test_index_and_files_must_agree(tensors: dict[str, torch.Tensor], tmp_path: Path) -> None:
    files = write_shards(tensors, tmp_path, 2000)
    index = json.loads((tmp_path / INDEX).read_text())
    index["weight_map"]["x.absent"] = files[0]
    (tmp_path / INDEX).write_text(json.dumps(index))
    with pytest.raises(GemmaAudioError, match=r"such as x\.absent"):
        read_table(tmp_path)
    (tmp_path / files[1]).unlink()
    with pytest.raises(GemmaAudioError, match="lacks model-"):
        read_table(tmp_path)
    with pytest.raises(GemmaAudioError, match=r"no \*\.safetensors"):
        read_table(tmp_path / "nowhere")


def test_shared_layers_are_compared_with_what_was_exported_whatever_the_configuration_says() -> None:
    name = "model.language_model.layers.1.self_attn.k_proj.weight"
    assert _dead({}, {}, [name]).wrong == (f"{name} is missing",)
    stored = Stored(Path("model.safetensors"), "BF16", (2, 2), 0, 8)
    for text in ({"num_hidden_layers": 2, "num_kv_shared_layers": 1}, {"num_hidden_layers": "many"}):
        (wrong,) = _dead({name: stored}, {"text_config": text}, [name]).wrong
        assert wrong.startswith("config.json does not say their shapes")
