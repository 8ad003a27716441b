"""The statistics that a comparison used, sentence by sentence, each with the works it cites."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gemma_audio.analysis.heterogeneity import DRAWS

WORKS = {
    "bell": "Bell RM, McCaffrey DF (2002). Bias reduction in standard errors for linear regression with multi-stage samples. "
    "Survey Methodology 28:169-181.",
    "benjamini": "Benjamini Y, Hochberg Y (1995). Controlling the false discovery rate. J R Stat Soc B 57:289-300.",
    "bonett": "Bonett DG, Price RM (2012). Adjusted Wald confidence interval for a difference of binomial proportions based on "
    "paired data. J Educ Behav Stat 37:479-488.",
    "fagerland": "Fagerland MW, Lydersen S, Laake P (2013). The McNemar test for binary matched-pairs data: mid-p and asymptotic "
    "are better than exact conditional. BMC Med Res Methodol 13:91.",
    "holm": "Holm S (1979). A simple sequentially rejective multiple test procedure. Scand J Stat 6:65-70.",
    "mcnemar": "McNemar Q (1947). Note on the sampling error of the difference between correlated proportions or percentages. "
    "Psychometrika 12:153-157.",
    "newcombe": "Newcombe RG (1998). Improved confidence intervals for the difference between binomial proportions based on "
    "paired data. Stat Med 17:2635-2650.",
    "rubin": "Rubin DB (1981). Estimation in parallel randomized experiments. J Educ Stat 6:377-401.",
    "sakshi": "Sakshi S et al. (2024). MMAU: A massive multi-task audio understanding and reasoning benchmark. arXiv:2410.19168.",
    "satterthwaite": "Satterthwaite FE (1946). An approximate distribution of estimates of variance components. "
    "Biometrics Bull 2:110-114.",
    "tarone": "Tarone RE (1990). A modified Bonferroni method for discrete data. Biometrics 46:515-522.",
    "welch": "Welch BL (1947). The generalization of Student's problem when several different population variances are "
    "involved. Biometrika 34:28-35.",
    "wilson": "Wilson EB (1927). Probable inference, the law of succession, and statistical inference. "
    "J Am Stat Assoc 22:209-212.",
}


def cited(keys: Iterable[str]) -> list[str]:
    """The works of these keys, each once, by name."""
    return [WORKS[key] for key in sorted({*keys, "sakshi"})]


def statistics(comparison: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """(sentence, keys of the works that it cites), for what this comparison computed and no more."""
    alpha = comparison["settings"]["alpha"]
    yield f"All tests are two-sided at alpha = {alpha:g}; intervals have a confidence of {100 * (1 - alpha):g} %.", []
    yield from _levels(comparison)
    yield from _differences(comparison)
    yield from _families(comparison)
    yield from _bins(comparison)


def _levels(comparison: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    used = {arm["interval_method"] for arm in comparison["arms"].values()}
    if "wilson" in used:
        yield "Accuracies of single runs have Wilson intervals (Wilson 1927).", ["wilson"]
    if "items+runs" in used:
        yield (
            "Accuracies of several runs have intervals from the variance over items and between runs, never over runs x items.",
            [],
        )


def _differences(comparison: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    scopes = {entry["scope"] for entry in comparison["pairs"] if entry["decides"]}
    if "recipe" in scopes:
        yield (
            "Differences between recipes are contrasts of item means; the variance over items and that between training runs of "
            "each trained arm add up, with Welch-Satterthwaite degrees of freedom (Welch 1947, Satterthwaite 1946).",
            ["welch", "satterthwaite"],
        )
    if any(entry["blocks"] for entry in comparison["pairs"]):
        yield (
            "Runs that continue one sealed stage form a block, which is the unit of the between-run variance "
            "(Bell and McCaffrey 2002).",
            ["bell"],
        )
    if any(entry["b"] is not None for entry in comparison["pairs"]):
        yield (
            "Single runs are compared by McNemar's test with the mid-p value (McNemar 1947; Fagerland, Lydersen and Laake 2013) "
            "and Newcombe's paired interval, method 10 (Newcombe 1998); such a difference is about these "
            "models, not about recipes.",
            ["mcnemar", "fagerland", "newcombe"],
        )
    if any(entry["kind"] == "order" for entry in comparison["sensitivity"]):
        price = " (single runs: Bonett and Price 2012)" if "these runs" in scopes else ""
        yield f"Option orders are averaged within the item before anything else{price}.", ["bonett"] if price else []


def _families(comparison: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    others = sum(entry["decides"] and not entry["primary"] for entry in comparison["pairs"])
    if others:
        yield f"The declared pair is not corrected; Holm's method (Holm 1979) covers the {others} other pairs.", ["holm"]
    if comparison["cuts"]:
        yield "Domains, categories and difficulties are each corrected by Holm's method within a pair (Holm 1979).", ["holm"]
    if comparison["factors"]:
        yield f"Holm's method covers the {len(comparison['factors'])} effects of the factorial (Holm 1979).", ["holm"]


def _bins(comparison: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    if not any(row["pairs"] for row in comparison["subcategories"]):
        return
    pooled = any(entry["decides"] and entry["scope"] == "recipe" for entry in comparison["pairs"])
    how = " with the run-by-subcategory variance pooled" if pooled else ""
    yield (
        f"Subcategories are tested in the deciding scope{how}; those that could not have "
        "reached significance are screened out (Tarone 1990), the others are flagged by Holm's method (Holm 1979) with "
        "Benjamini-Hochberg q-values beside (Benjamini and Hochberg 1995).",
        ["tarone", "holm", "benjamini"],
    )
    yield "Rows are sorted by a shrunken difference that is never reported as a finding (Rubin 1981).", ["rubin"]
    if comparison["heterogeneity"]:
        yield f"One difference for all subcategories is tested by {DRAWS} sign flips of centred residuals.", []
