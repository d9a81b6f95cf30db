// Draws a training's curve again with every epoch, and shows what it made when it has ended.
(() => {
  "use strict";

  async function redraw(root) {
    const answer = await fetch(root.dataset.runCurve, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    document.getElementById("figure-curve").textContent = JSON.stringify((await answer.json()).figure);
    window.ShopGuideFigures.drawAll(root);
  }

  document.addEventListener("DOMContentLoaded", () => {
    const root = document.querySelector("[data-run-curve]");
    if (!root) return;
    let epoch;
    root.addEventListener("job:state", async ({ detail: state }) => {
      if (state.is_finished) {
        location.reload();
      } else if (state.detail.epoch !== epoch) {
        epoch = state.detail.epoch;
        await redraw(root).catch(() => { epoch = undefined; });
      }
    });
  });
})();
