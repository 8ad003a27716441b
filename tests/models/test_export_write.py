"""Whole exports of small models, read back by safetensors, transformers and PEFT themselves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from export_cases import PROJECTOR, QUERY, adapter_stage, dead, delta_stage, evaluation, google_base, stored
from peft import PeftModel
from transformers import AutoProcessor, Gemma4ForConditionalGeneration

from gemma_audio.config.kinds import AdapterMethod, Weights
from gemma_audio.config.schema import Model
from gemma_audio.errors import GemmaAudioError
from gemma_audio.models.export import questions, stock
from gemma_audio.models.export.checksums import MANIFEST, VERIFIED, write_checksums
from gemma_audio.models.export.source import Source, check, check_space
from gemma_audio.models.export.verify import Check, record, verify
from gemma_audio.models.export.write import export
from gemma_audio.models.load import load

torch.set_num_threads(1)


@pytest.fixture(scope="module", autouse=True)
def few_questions() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(questions, "COUNT", 4)
        yield


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return google_base(tmp_path_factory.mktemp("google"))


@pytest.fixture(scope="module")
def chain(google: Model, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    first = delta_stage(google, tmp_path_factory.mktemp("first"))
    return first, adapter_stage(google, [first], tmp_path_factory.mktemp("second"), 2e-2)


@pytest.fixture(scope="module")
def exported(google: Model, chain: tuple[Path, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    finish(folder, export(Source(google, chain, evaluation(), shard_size="1MB"), folder))
    return folder


def finish(folder: Path, written: dict) -> None:
    """What the command adds: card, notice, provenance and checksums."""
    for name in ("README.md", "NOTICE.md"):
        (folder / name).write_text(name)
    (folder / "provenance.json").write_text(json.dumps({"export": written}))
    write_checksums(folder)


def in_process(folder: Path) -> dict:
    """What verify's own Python would say; this one has our code loaded, of course."""
    return {**stock.main(folder), "own_code": False}


def test_untouched_tensors_are_the_bases_bytes_and_the_others_those_of_the_run(
    google: Model, chain: tuple[Path, ...], exported: Path
) -> None:
    base, ours, run = stored(Path(google.source)), stored(exported), dict(load(google, chain)[0].named_parameters())
    assert ours.keys() == base.keys()
    assert len(dead(exported)) == 6 == len(base.keys() & set(dead(exported)))
    assert any("vision_tower" in name for name in ours)
    changed = {name for name in base if not torch.equal(base[name], ours[name])}
    assert changed == {PROJECTOR, *(f"{name}.weight" for name in adapted(chain[1]))}
    assert all(torch.equal(ours[name], run[name]) for name in changed)  # what was evaluated, bit for bit
    assert {tensor.dtype for tensor in ours.values()} == {torch.bfloat16}
    assert (exported / "LICENSE").read_text() == "terms of the base\n"
    for name in ("tokenizer.json", "processor_config.json", "generation_config.json"):
        assert (exported / name).read_bytes() == (Path(google.source) / name).read_bytes()


def adapted(stage: Path) -> set[str]:
    tensors = stored(stage / "weights" / "adapter")
    return {name.removeprefix("base_model.model.").split(".lora_")[0] for name in tensors}


def test_shards_hold_at_most_what_was_asked_for(exported: Path) -> None:
    sizes = [path.stat().st_size for path in exported.glob("*.safetensors")]
    assert len(sizes) > 2
    assert max(sizes) < 1.1e6


def test_verify_finds_an_export_whole(exported: Path) -> None:
    checks = verify(exported, in_process)
    assert [check.wrong for check in checks] == [()] * len(checks), checks
    said = {check.name: check.said for check in checks}
    assert said["shared layers"] == "6 tensors of the base's"
    assert record(exported, checks)
    assert (exported / VERIFIED).exists()


def test_older_spelling_alone_gives_the_shapes_of_all_keys_and_values(exported: Path) -> None:
    """A loader that knows neither per_layer_config nor layers without keys of their own."""
    text = json.loads((exported / "config.json").read_text())["text_config"]
    del text["per_layer_config"]
    tensors = stored(exported)
    for layer, kind in enumerate(text["layer_types"]):
        full = kind == "full_attention"
        heads = (text["num_global_key_value_heads"] if full else None) or text["num_key_value_heads"]
        size = text["global_head_dim"] if full else text["head_dim"]
        for name in ("k_proj", "v_proj"):
            shape = tensors[f"model.language_model.layers.{layer}.self_attn.{name}.weight"].shape
            assert shape == (heads * size, text["hidden_size"])


def test_adapter_beside_the_model_is_what_peft_reads(google: Model, chain: tuple[Path, ...], exported: Path) -> None:
    before, _ = load(Model(**{**google.__dict__, "dtype": "float32"}), chain[:1])
    applied = PeftModel.from_pretrained(before, str(exported / "adapter")).eval()
    named = json.loads((exported / "adapter" / "adapter_config.json").read_text())["base_model_name_or_path"]
    assert named == Path(google.source).name != google.source, "a folder of this machine means nothing elsewhere"
    merged = Gemma4ForConditionalGeneration.from_pretrained(exported, dtype=torch.float32).eval()
    ids = torch.tensor([[2, 300, 301, 302, 303, 310, 320]])
    assert stock.distance(merged(input_ids=ids).logits, applied(input_ids=ids).logits) < 0.1
    plain = Gemma4ForConditionalGeneration.from_pretrained(google.source, dtype=torch.float32).eval()
    assert stock.distance(plain(input_ids=ids).logits, merged(input_ids=ids).logits) > 0.2


def test_report_has_every_adapted_tensor_and_the_answers(exported: Path, chain: tuple[Path, ...]) -> None:
    report = json.loads((exported / "fidelity.json").read_text())
    trained_in_full = set(stock.load_file(chain[0] / "weights" / "delta.safetensors"))
    assert {row["name"] for row in report["tensors"]} == trained_in_full | {f"{name}.weight" for name in adapted(chain[1])}
    assert report["answers"]["n"] == 4
    assert 0 < report["total"]["relative_error"] < 0.25
    assert QUERY in (exported / "fidelity.md").read_text()


def test_small_update_warns_and_float32_keeps_it(google: Model, tmp_path: Path) -> None:
    stage = adapter_stage(google, [], tmp_path / "stage", 2e-4, AdapterMethod.lora)
    found = []
    for fp32 in (False, True):
        folder = tmp_path / f"export{fp32}"
        folder.mkdir()
        found.append(export(Source(google, (stage,), evaluation(), fp32), folder)["fidelity"])
        assert stored(folder)[QUERY].dtype == (torch.float32 if fp32 else torch.bfloat16)
        assert stored(folder)[dead(folder)[0]].dtype == torch.bfloat16  # untouched, and so not widened
        result = stock.main(folder)
        assert result["distance"] < (1e-5 if fp32 else 0.05)
        assert not result["missing_keys"] + result["unexpected_keys"] + result["mismatched_keys"]
    assert found[0]["total"]["relative_error"] > 0.25
    assert found[0]["total"]["unchanged"] > 0.5
    assert "--fp32" in " ".join(found[0]["warnings"])
    assert found[1]["total"]["relative_error"] < 1e-6
    assert found[1]["warnings"] == []


def test_parts_trained_in_full_alone_and_random_weights_are_exported_too(google: Model, tmp_path: Path) -> None:
    model = Model(name="random", source=google.source, weights=Weights.random, init_seed=2)
    stage = delta_stage(model, tmp_path / "stage")
    (tmp_path / "export").mkdir()
    written = export(Source(model, (stage,), evaluation()), tmp_path / "export")
    finish(tmp_path / "export", written)
    assert written["fidelity"]["answers"] is None
    assert [row["name"] for row in written["fidelity"]["tensors"]] == [PROJECTOR]
    assert written["reattached"] == []
    assert not (tmp_path / "export" / "adapter").exists()
    checks = verify(tmp_path / "export", in_process)
    assert not any(check.wrong for check in checks), checks


@pytest.fixture
def copy(exported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(exported, tmp_path / "copy"))


def wrong(folder: Path, asked: bool = False) -> dict[str, str]:
    """What verify finds, by check; the model is not asked unless nothing else is wrong."""
    checks: list[Check] = verify(folder, in_process if asked else lambda _: pytest.fail("asked a damaged model"))
    assert not record(folder, checks)
    return {check.name: " ".join(check.wrong) for check in checks if check.wrong}


def test_damaged_shard_is_found(copy: Path) -> None:
    (copy / VERIFIED).touch()
    shard = sorted(copy.glob("*.safetensors"))[1]
    shard.write_bytes(shard.read_bytes()[:-10])
    found = wrong(copy)
    assert "its header says" in found["weights"]
    assert f"{shard.name} has changed" in found["checksums"]
    assert not (copy / VERIFIED).exists()


def test_missing_processor_or_sound_part_is_found(copy: Path) -> None:
    processor = copy / "processor_config.json"
    content = json.loads(processor.read_text())
    del content["feature_extractor"]
    processor.write_text(json.dumps(content))
    write_checksums(copy)
    assert "no feature extractor" in wrong(copy)["processor"]
    processor.unlink()
    assert "processor_config.json is missing" in wrong(copy)["files"]


def test_changed_weight_is_found_by_its_sum_and_by_the_answers(copy: Path) -> None:
    shard = next(path for path in copy.glob("*.safetensors") if QUERY in stored_names(path))
    tensors = stock.load_file(shard)
    tensors[QUERY] *= -1
    stock_save(tensors, shard)
    assert "has changed" in wrong(copy)["checksums"]
    write_checksums(copy)  # somebody made the sums fit
    assert "the logits differ" in wrong(copy, asked=True)["answers"]


def stored_names(path: Path) -> list[str]:
    return list(stock.load_file(path))


def stock_save(tensors: dict[str, torch.Tensor], path: Path) -> None:
    from safetensors.torch import save_file

    save_file(tensors, path, metadata={"format": "pt"})


def test_missing_shared_layer_spelling_and_stray_weights_are_found(copy: Path) -> None:
    shard = next(path for path in copy.glob("*.safetensors") if dead(copy)[0] in stored_names(path))
    tensors = stock.load_file(shard)
    del tensors[dead(copy)[0]]
    stock_save(tensors, shard)
    index = json.loads((copy / "model.safetensors.index.json").read_text())
    del index["weight_map"][dead(copy)[0]]
    (copy / "model.safetensors.index.json").write_text(json.dumps(index))
    config = json.loads((copy / "config.json").read_text())
    del config["text_config"]["global_head_dim"]
    (copy / "config.json").write_text(json.dumps(config))
    (copy / "old.safetensors").write_bytes(b"x")
    write_checksums(copy)
    found = wrong(copy)
    assert dead(copy)[0] in found["shared layers"]
    assert "global_head_dim is missing" in found["configuration"]
    assert "old.safetensors is no weight file" in found["weights"]


def test_a_folder_that_is_no_export_is_refused(google: Model, copy: Path) -> None:
    with pytest.raises(GemmaAudioError, match="is no export"):
        verify(Path(google.source), in_process)
    (copy / MANIFEST).unlink()
    assert "missing or unreadable" in wrong(copy)["checksums"]


def test_wrong_base_is_refused_before_anything_is_loaded(google: Model, chain: tuple[Path, ...], tmp_path: Path) -> None:
    base = Path(shutil.copytree(google.source, tmp_path / "base"))
    shard = sorted(base.glob("*.safetensors"))[0]
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-1])
    with pytest.raises(GemmaAudioError, match="its header says"):
        check(Source(Model(name="cut", source=str(base)), chain, evaluation()))
    shard.unlink()
    with pytest.raises(GemmaAudioError, match="lacks model-"):
        check(Source(Model(name="gone", source=str(base)), chain, evaluation()))
    other = tmp_path / "other"
    other.mkdir()
    stock_save({"something.else": torch.ones(1)}, other / "model.safetensors")
    with pytest.raises(GemmaAudioError, match="has no tensor"):
        check(Source(Model(name="other", source=str(other)), chain, evaluation()))
    with pytest.raises(GemmaAudioError, match="no trained weights"):
        check(Source(google, (tmp_path,), evaluation()))


def test_full_disk_is_refused_with_both_figures(tmp_path: Path) -> None:
    check_space(tmp_path / "a" / "b", 1)
    with pytest.raises(GemmaAudioError, match=r"the export needs 1000000000\.0 GB"):
        check_space(tmp_path / "a", 10**18)


def test_prompts_are_those_of_training_and_batches_change_nothing(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gemma_audio.data.encoder import Encoder

    model = Gemma4ForConditionalGeneration.from_pretrained(exported, dtype=torch.float32).eval()
    processor = AutoProcessor.from_pretrained(exported)
    asked, waves = questions.questions(processor, evaluation())
    encoder = Encoder(processor)
    frames = encoder.features((waves[0].float() / 32768).numpy())
    ids = stock._encode(processor, asked[0]["text"], waves[0])["input_ids"].tolist()
    assert ids == encoder.prompt(asked[0]["text"], encoder.audio_tokens(len(frames)))
    together = stock.ask(model, processor, asked, waves)
    monkeypatch.setattr(stock, "BATCH", 1)
    apart = stock.ask(model, processor, asked, waves)
    assert stock.distance(together.logits, apart.logits) < 1e-5
    assert together.scores == [pytest.approx(row, abs=1e-5) for row in apart.scores]
