"use strict";
(() => {
  const PAGE = 20;
  const MARK = { gained: "▲ gained", lost: "▼ lost", mixed: "◆ mixed" };
  const data = JSON.parse(document.getElementById("flips-data").textContent);
  const at = (id) => document.getElementById(id);
  let found = [];
  let page = 0;

  const items = data.items.map(([id, subcategory, difficulty, question, choices, gold, answers], index) => ({
    id, subcategory, difficulty, question, choices, gold, answers, index, clip: data.clips[index],
    haystack: [id, question, ...choices].join("\n").toLowerCase(),
  }));

  /* Every text reaches the page here and only as text. */
  function make(tag, text = "", kind = "") {
    const node = document.createElement(tag);
    if (text !== "") node.textContent = text;
    if (kind) node.className = kind;
    return node;
  }

  function put(parent, ...children) {
    parent.append(...children);
    return parent;
  }

  function foreign(tag, text, kind = "") {
    const node = make(tag, text, kind);
    node.dir = "auto";
    return node;
  }

  const share = (item, arm) => item.answers[arm][0] / data.arms[arm][1];
  const change = (item, [treatment, baseline]) => share(item, treatment) - share(item, baseline);
  const pair = () => [Number(at("treatment").value), Number(at("baseline").value)];

  function direction(item, [treatment, baseline]) {
    const moved = change(item, [treatment, baseline]);
    if (moved) return moved > 0 ? "gained" : "lost";
    return share(item, treatment) % 1 ? "mixed" : "";
  }

  function belief(item, arm) {
    const means = item.answers[arm][2];
    return means ? item.gold.reduce((sum, index) => sum + means[index], 0) : 0;
  }

  const ORDERS = {
    runs: (chosen) => (a, b) => Math.abs(change(b, chosen)) - Math.abs(change(a, chosen)) || ORDERS.probability(chosen)(a, b),
    probability: ([treatment, baseline]) => (a, b) =>
      Math.abs(belief(b, treatment) - belief(b, baseline)) - Math.abs(belief(a, treatment) - belief(a, baseline)) || a.index - b.index,
    file: () => (a, b) => a.subcategory - b.subcategory || a.index - b.index,
  };

  function fill(select, entries) {
    const kept = select.value;
    select.replaceChildren(...entries.map(([value, text]) => {
      const option = make("option", text);
      option.value = value;
      return option;
    }));
    if (entries.some(([value]) => String(value) === kept)) select.value = kept;
  }

  function choices() {
    const chosen = pair();
    const domain = at("domain").value;
    const counts = data.subcategories.map(() => ({ gained: 0, lost: 0, mixed: 0 }));
    for (const item of items) {
      const way = direction(item, chosen);
      if (way) counts[item.subcategory][way] += 1;
    }
    const listed = data.subcategories
      .map(([home, name], index) => [index, home, `${name}: ▲ ${counts[index].gained} ▼ ${counts[index].lost}`])
      .filter(([, home]) => !domain || home === domain)
      .map(([index, , text]) => [index, text]);
    fill(at("subcategory"), [["", "all"], ...listed]);
  }

  function search() {
    const chosen = pair();
    const words = at("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = { way: at("direction").value, size: Number(at("size").value), domain: at("domain").value, sub: at("subcategory").value };
    found = items.filter((item) => {
      const way = direction(item, chosen);
      if (!way || (wanted.way && way !== wanted.way)) return false;
      if (wanted.size && Math.abs(change(item, chosen)) < wanted.size - 1e-9) return false;
      if (wanted.domain && data.subcategories[item.subcategory][0] !== wanted.domain) return false;
      if (wanted.sub !== "" && item.subcategory !== Number(wanted.sub)) return false;
      return words.every((word) => item.haystack.includes(word));
    });
    found.sort(ORDERS[at("sort").value](chosen));
    page = 0;
    show();
  }

  function show() {
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    const first = page * PAGE;
    const shown = found.slice(first, first + PAGE);
    at("list").replaceChildren(...shown.map((item, index) => card(item, first + index)));
    at("count").textContent = summary(first, shown.length);
    at("place").textContent = `page ${page + 1} of ${pages}`;
    at("previous").disabled = page === 0;
    at("next").disabled = page + 1 >= pages;
  }

  function summary(first, count) {
    const chosen = pair();
    if (chosen[0] === chosen[1]) return "Choose two different arms.";
    const tally = { gained: 0, lost: 0, mixed: 0 };
    for (const item of found) tally[direction(item, chosen)] += 1;
    const where = count ? ` Shown: ${first + 1} to ${first + count}.` : "";
    return `${found.length} of ${data.of} questions: ${tally.gained} gained, ${tally.lost} lost, ${tally.mixed} mixed.${where}`;
  }

  function card(item, place) {
    const chosen = pair();
    const way = direction(item, chosen);
    const [domain, name] = data.subcategories[item.subcategory];
    const node = make("article", "", `flip ${way}`);
    node.tabIndex = 0;
    node.setAttribute("aria-posinset", place + 1);
    node.setAttribute("aria-setsize", found.length);
    const title = foreign("h3", item.question || "(no question)");
    title.id = `question-${item.index}`;
    node.setAttribute("aria-labelledby", `way-${item.index} ${title.id}`);
    const mark = make("strong", MARK[way]);
    mark.id = `way-${item.index}`;
    const about = put(make("p", "", "about"), mark, foreign("span", name), foreign("span", domain));
    put(about, foreign("span", data.difficulties[item.difficulty]), foreign("code", item.id));
    return put(node, about, title, answers(item, chosen), ...said(item, chosen), sound(item));
  }

  function answers(item, [treatment, baseline]) {
    const table = make("table");
    const head = put(make("tr"), make("th", "option"));
    for (const arm of [baseline, treatment]) head.append(heading(item, arm));
    for (const cell of head.children) cell.scope = "col";
    const body = make("tbody");
    item.choices.forEach((choice, index) => body.append(option(item, [baseline, treatment], index, choice)));
    const silent = item.choices.length;
    if (item.answers[treatment][1][silent] || item.answers[baseline][1][silent]) {
      body.append(option(item, [baseline, treatment], silent, "(none of the options)"));
    }
    return put(table, put(make("thead"), head), body);
  }

  function heading(item, arm) {
    const [name, runs] = data.arms[arm];
    const right = item.answers[arm][0];
    const cell = put(make("th", "", "given"), foreign("span", name), document.createElement("br"));
    return put(cell, make("small", runs === 1 ? (right ? "right" : "wrong") : `right in ${right} of ${runs} runs`));
  }

  function option(item, arms, index, text) {
    const gold = item.gold.includes(index);
    const row = make("tr", "", gold ? "gold" : "");
    const label = put(make("th", "", "option"), foreign("span", text));
    label.scope = "row";
    if (gold) put(label, " ", make("span", "✓ correct", "tag"));
    row.append(label);
    for (const arm of arms) row.append(given(item.answers[arm], data.arms[arm][1], index));
    return row;
  }

  function given([, taken, means], runs, index) {
    const cell = make("td", "", "given");
    const squares = make("span", runs <= 6 ? "■".repeat(taken[index]) + "□".repeat(runs - taken[index]) : "", "tally");
    squares.setAttribute("aria-hidden", "true");
    put(cell, squares, " ", make("span", runs === 1 ? (taken[index] ? "chosen" : "") : `${taken[index]} of ${runs}`));
    if (means && index < means.length) {
      const bar = put(make("div", "", "bar"), make("i"));
      bar.firstChild.style.width = `${means[index]}%`;
      bar.setAttribute("aria-hidden", "true");
      put(cell, put(make("span", "", "mean"), make("span", "probability ", "unseen"), `${means[index]} %`), bar);
    }
    return cell;
  }

  function said(item, [treatment, baseline]) {
    return [baseline, treatment].flatMap((arm) => (item.answers[arm][3] || []).map((text) => {
      const line = put(make("p", "", "said"), foreign("strong", data.arms[arm][0]), " (no option taken): ");
      return put(line, foreign("q", text));
    }));
  }

  function sound(item) {
    const line = make("p", "", "sound");
    if (typeof item.clip !== "string") {
      const reason = data.reasons[item.clip];
      return put(line, foreign("span", `No sound at hand${reason ? `: ${reason}` : ""}.`, "quiet"));
    }
    const button = make("button", "▶ Listen", "listen");
    button.type = "button";
    button.addEventListener("click", () => play(line, item.clip));
    return put(line, button);
  }

  function play(line, clip) {
    const audio = line.querySelector("audio") || player(line, clip);
    if (!audio.paused) return audio.pause();
    for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
    return audio.play().catch(() => undefined);
  }

  function player(line, clip) {
    const audio = make("audio");
    const button = line.querySelector("button");
    audio.controls = true;
    audio.setAttribute("aria-label", "Clip");
    audio.addEventListener("play", () => { button.textContent = "❚❚ Pause"; });
    audio.addEventListener("pause", () => { button.textContent = "▶ Listen"; });
    audio.addEventListener("error", () => line.replaceChildren(make("span", "The clip cannot be played: its file is not beside the page.", "quiet")));
    audio.src = clip;
    line.append(audio);
    return audio;
  }

  function turn(step, last = false) {
    page += step;
    show();
    const cards = at("list").children;
    if (cards.length) cards[last ? cards.length - 1 : 0].focus();
  }

  function move(step) {
    const cards = [...at("list").children];
    const current = cards.findIndex((node) => node.contains(document.activeElement));
    const next = current < 0 ? 0 : current + step;
    if (next < 0 && page > 0) turn(-1, true);
    else if (next >= cards.length && (page + 1) * PAGE < found.length) turn(1);
    else if (cards[next]) cards[next].focus();
  }

  function typed(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("select, input, audio")) return false;
    const within = at("list").contains(document.activeElement);
    if (event.key === "/") at("search").focus();
    else if (event.key === "j" || (within && event.key === "ArrowDown")) move(1);
    else if (event.key === "k" || (within && event.key === "ArrowUp")) move(-1);
    else if (event.target.matches(".flip") && (event.key === "Enter" || event.key === " ")) event.target.querySelector(".listen")?.click();
    else return false;
    return true;
  }

  function start() {
    const arms = data.arms.map(([name, runs], index) => [index, `${name} (${runs} run${runs === 1 ? "" : "s"})`]);
    for (const id of ["treatment", "baseline"]) fill(at(id), arms);
    [at("treatment").value, at("baseline").value] = data.pair.map(String);
    fill(at("domain"), [["", "all"], ...[...new Set(data.subcategories.map(([domain]) => domain))].map((name) => [name, name])]);
    for (const id of ["treatment", "baseline", "domain"]) at(id).addEventListener("change", () => { choices(); search(); });
    for (const id of ["direction", "size", "subcategory", "sort"]) at(id).addEventListener("change", search);
    at("search").addEventListener("input", search);
    at("previous").addEventListener("click", () => turn(-1));
    at("next").addEventListener("click", () => turn(1));
    document.querySelector(".filters").addEventListener("submit", (event) => event.preventDefault());
    document.addEventListener("keydown", (event) => { if (typed(event)) event.preventDefault(); });
    at("browser").hidden = false;
    choices();
    search();
  }

  start();
})();
