// Draws a run's curve again with every epoch or trial, and shows what it made when it has ended.
(() => {
  "use strict";

  async function redraw(root) {
    if (!document.getElementById("figure-curve")) return;
    const answer = await fetch(root.dataset.runCurve, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    document.getElementById("figure-curve").textContent = JSON.stringify((await answer.json()).figure);
    window.ShopGuideFigures.drawAll(root);
  }

  document.addEventListener("DOMContentLoaded", () => {
    const root = document.querySelector("[data-run-curve]");
    if (!root) return;
    let drawn;
    root.addEventListener("job:state", async ({ detail: state }) => {
      if (state.is_finished) {
        location.reload();
        return;
      }
      const news = `${state.detail.trial} ${state.detail.epoch}`;
      if (news !== drawn) {
        drawn = news;
        await redraw(root).catch(() => { drawn = undefined; });
      }
    });
  });
})();
