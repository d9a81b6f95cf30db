// Says on every page, within seconds, that background work stopped or runs again.
(() => {
  "use strict";
  const EVERY = 2000;

  async function look(banner) {
    try {
      const answer = await fetch(banner.dataset.workerStatus, { headers: { Accept: "application/json" } });
      if (answer.ok) banner.hidden = (await answer.json()).alive;
    } catch {
      // The page may be closing or the network away; the next look tells.
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    const banner = document.querySelector("[data-worker-status]");
    if (!banner) return;
    setInterval(() => { if (!document.hidden) look(banner); }, EVERY);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) look(banner); });
  });
})();
