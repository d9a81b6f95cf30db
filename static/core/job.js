// Follows a running job: asks for its state every second until it is finished.
(() => {
  "use strict";
  const EVERY = 1000;

  function entry([name, value], labels) {
    const row = document.createElement("div");
    const term = document.createElement("dt");
    const text = document.createElement("dd");
    term.textContent = labels[name];
    text.textContent = typeof value === "number" ? Number(value.toPrecision(4)) : value;
    row.append(term, text);
    return row;
  }

  function show(section, state) {
    const part = (name) => section.querySelector(`[data-job-${name}]`);
    part("status").textContent = state.status_label;
    part("status").className = `sg-badge sg-badge-${state.status}`;
    part("phase").textContent = state.phase;
    part("share").textContent = `${Math.round(state.fraction * 100)} %`;
    part("fraction").value = state.fraction;
    part("detail").replaceChildren(
      ...Object.entries(state.detail).filter(([, value]) => typeof value !== "object").map((pair) => entry(pair, state.labels)),
    );
    part("error").textContent = state.error;
    part("error").hidden = !state.error;
    part("log").textContent = state.log || "…";
    section.dispatchEvent(new CustomEvent("job:state", { detail: state, bubbles: true }));
    if (state.is_finished) part("cancel")?.remove();
  }

  async function follow(section) {
    try {
      const answer = await fetch(section.dataset.job, { headers: { Accept: "application/json" } });
      if (answer.ok) {
        const state = await answer.json();
        show(section, state);
        if (state.is_finished) return;
      }
    } catch {
      // The server may be restarting; the next question tells.
    }
    setTimeout(() => follow(section), EVERY);
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-job]").forEach((section) => {
      if (!section.dataset.finished) follow(section);
    });
  });
})();
