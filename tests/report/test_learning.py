"""Curves, probes, rates and provenance as the cells' folders hold them."""

from __future__ import annotations

from gemma_audio.report.collect import read_sweep
from gemma_audio.report.comparison import compare_sweep
from gemma_audio.report.remarks import rate
from gemma_audio.report.verdict import verdict


def compared(sweep):
    return compare_sweep(read_sweep(sweep.folder))


def write(sweep, name, file, lines):
    (sweep.cell(name) / file).write_text("".join(f"{line}\n" for line in lines))


def test_curves_are_thinned_evenly_with_both_ends(full):
    write(full, "v3-seed0", "metrics.csv", ["step,stage,loss,lr", *(f"{k},adapter,{1000 - k},0.1" for k in range(1, 1001))])
    (curve,) = compared(full)["curves"]["v3"]
    assert (curve["run"], curve["stage"], len(curve["step"])) == ("v30000000000", "adapter", 200)
    assert (curve["step"][0], curve["step"][-1]) == (1, 1000)
    assert [1000 - step for step in curve["step"]] == curve["loss"]
    gaps = {b - a for a, b in zip(curve["step"], curve["step"][1:], strict=False)}
    assert gaps == {5, 6}


def test_a_step_trained_again_after_a_stop_counts_once_and_holes_are_left_out(full):
    rows = ["step,stage,loss", "1,encoder,3.0", "2,encoder,2.0", "2,encoder,1.5", "3,encoder,nan", "1,adapter,9", "x,adapter,1"]
    write(full, "v2-seed1", "metrics.csv", rows)
    found = compared(full)["curves"]["v2"]
    assert [(c["stage"], c["step"], c["loss"]) for c in found] == [("encoder", [1, 2], [3.0, 1.5]), ("adapter", [1], [9.0])]


def test_probes_by_subcategory(full):
    write(full, "v3-seed2", "probes.csv", ["stage,step,n,accuracy,Counting,Odd", "adapter,0,20,.5,.4,", "adapter,50,20,.6,.7,.1"])
    (probe,) = compared(full)["probes"]["v3"]
    assert probe == {
        "run": "v30000000002",
        "stage": "adapter",
        "step": [0, 50],
        "accuracy": [0.5, 0.6],
        "subcategories": {"Counting": [0.4, 0.7]},
    }


def test_damaged_curves_are_noted_and_nothing_else_suffers(full):
    write(full, "v3-seed0", "metrics.csv", ["step,loss", "1,2"])
    comparison = compared(full)
    assert comparison["curves"] == {}
    assert any("metrics.csv lacks stage" in note for note in comparison["notes"])
    assert comparison["arms"]["v3"]["runs"] == 3


def test_rates_stand_in_arms_and_verdict(full):
    full.stages = {f"v2-seed{s}": [f"encoder-{s}", f"adapter-{s}"] for s in range(3)}
    for seed in range(3):
        full.finish(f"v2-seed{seed}", full.answers())
    comparison = compared(full)
    first, second = comparison["arms"]["v2"]["rates"].values()
    assert first == {"lr": 0.001, "lr_by_part": {}, "steps": 5}
    assert second == {"lr": 0.002, "lr_by_part": {"audio_tower": 0.0005}, "steps": 5}
    assert comparison["arms"]["base"]["rates"] == {}
    assert "Rates: v2: stage0 1e-3, stage1 2e-3 (audio_tower 5e-4); v3: stage0 1e-3." in verdict(comparison)


def test_rates_are_short():
    assert [rate(x) for x in (1e-3, 1.5e-5, 0.1, 3, 0, None, 0.00099999)] == [
        "1e-3",
        "1.5e-5",
        "0.1",
        "3",
        "0",
        "unknown",
        "1e-3",
    ]


def test_provenance(full):
    known = compared(full)["provenance"]
    assert known["seeds"] == {"base": [0, 1, 2], "v2": [0, 1, 2], "v3": [0, 1, 2]}
    assert known["versions"] == {"torch": "2.11.0"}
    assert known["benchmark"] == {"name": "mmau", "sha256": "a" * 64, "revision": "r1"}
    assert known["fingerprints"]["v3"]["v30000000001"] == {"stages": {"stage0": "tuned-v3-seed1"}, "evaluation": "e" * 12}
    assert (known["when"], known["command"][0]) == ("20260101-120000", "gemma-audio")
