// The builder of an audience's rules. The server draws the boxes, checks them and tells them in
// words; this sends the form as it stands and puts the answer in place.
(() => {
  "use strict";
  const PATIENCE = 500;
  let latest = null;
  let waiting = 0;

  async function ask(url, form, more = {}, signal = undefined) {
    const data = new FormData(form);
    for (const [name, value] of Object.entries(more)) data.set(name, value);
    const answer = await fetch(url, { method: "POST", body: data, signal, headers: { Accept: "application/json" } });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.problem);
    return told;
  }

  function showErrors(rules, errors) {
    for (const place of rules.querySelectorAll("[data-rules-error]")) {
      const text = errors[place.dataset.rulesError] ?? "";
      if (place.textContent !== text) place.textContent = text;
      place.hidden = !text;
    }
  }

  function focusOn(rules, name) {
    const box = document.getElementById(name);
    (box?.querySelector("select, input:not([type=hidden])") ?? rules.querySelector("button"))?.focus();
  }

  // A later question makes the answer to an earlier one worthless.
  async function refresh(rules, operation = "") {
    latest?.abort();
    const mine = (latest = new AbortController());
    const form = rules.closest("form");
    const words = rules.querySelector("[data-rules-words]");
    const size = rules.querySelector("[data-rules-size]");
    const key = { own_key: ownKey() };
    try {
      const told = await ask(rules.dataset.preview, form, { ...key, operation }, mine.signal);
      if (operation) {
        rules.querySelector("[data-rules-boxes]").innerHTML = told.html;
        focusOn(rules, told.focus);
      } else {
        showErrors(rules, told.errors);
      }
      words.textContent = told.words;
      size.textContent = told.words ? "…" : "";
      if (told.words) size.textContent = (await ask(rules.dataset.size, form, key, mine.signal)).told;
    } catch (problem) {
      if (problem.name !== "AbortError") size.textContent = rules.dataset.failed;
    }
  }

  function ownKey() {
    return document.querySelector("[data-rules-look]")?.dataset.ownKey ?? "";
  }

  function row({ url, ref, name, told }) {
    const item = document.createElement("li");
    const title = document.createElement(url ? "a" : "span");
    if (url) title.href = url;
    title.textContent = ref ?? name;
    item.append(title, ` ${told}`);
    return item;
  }

  function say(list, text) {
    const item = document.createElement("li");
    item.textContent = text;
    list.replaceChildren(item);
  }

  async function look(section, what) {
    const list = section.querySelector("[data-rules-found]");
    const form = document.getElementById("audience_form");
    say(list, "…");
    try {
      const told = await ask(section.dataset[what], form, { own_key: ownKey() });
      const rows = told.members ?? told.overlaps;
      if (rows.length) list.replaceChildren(...rows.map(row));
      else say(list, list.dataset.nobody);
    } catch (problem) {
      say(list, problem instanceof TypeError ? list.dataset.failed : problem.message);
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-operation], [data-look]");
    if (!button) return;
    if (button.dataset.look) look(button.closest("[data-rules-look]"), button.dataset.look);
    else refresh(button.closest("[data-rules]"), button.dataset.operation);
  });
  document.addEventListener("input", (event) => {
    const rules = event.target.closest("[data-rules]");
    if (!rules) return;
    clearTimeout(waiting);
    // Another field has other inputs: the box is drawn again.
    if (event.target.matches("[data-rules-field]")) refresh(rules, `draw:${event.target.closest("[data-box]").dataset.box}`);
    else waiting = setTimeout(() => refresh(rules), PATIENCE);
  });
  document.addEventListener("DOMContentLoaded", () => {
    const rules = document.querySelector("[data-rules]");
    if (rules && !rules.querySelector("[data-rules-error]:not([hidden])")) refresh(rules);
  });
})();
