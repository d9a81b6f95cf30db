// Draws every figure of the page from its JSON, in the page's colours, and again when they change.
(() => {
  "use strict";
  const config = { displaylogo: false, responsive: true, showSendToCloud: false, displayModeBar: false };

  function palette() {
    const dark = document.documentElement.classList.contains("dark");
    return dark
      ? { text: "#cbd5e1", grid: "rgba(148,163,184,.18)", ways: ["#2dd4bf", "#fbbf24", "#818cf8", "#fb7185", "#a3e635", "#38bdf8"] }
      : { text: "#475569", grid: "rgba(100,116,139,.18)", ways: ["#0d9488", "#d97706", "#4f46e5", "#e11d48", "#65a30d", "#0284c7"] };
  }

  function themed(layout) {
    const colours = palette();
    const axis = { gridcolor: colours.grid, linecolor: colours.grid, zerolinecolor: colours.grid, automargin: true };
    const axes = Object.keys(layout).filter((key) => /^[xy]axis\d*$/.test(key));
    const themedAxes = Object.fromEntries(["xaxis", "yaxis", ...axes].map((key) => [key, { ...axis, ...layout[key] }]));
    return {
      margin: { l: 44, r: 16, t: 16, b: 36 },
      hovermode: "x unified",
      legend: { orientation: "h", y: 1.12 },
      ...layout,
      ...themedAxes,
      template: undefined,
      colorway: colours.ways,
      font: { color: colours.text, family: getComputedStyle(document.body).fontFamily, size: 12 },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
    };
  }

  function draw(place) {
    const content = JSON.parse(document.getElementById(place.dataset.figure).textContent);
    window.Plotly.react(place, content.data, themed(content.layout || {}), config);
  }

  function drawAll(root) {
    root.querySelectorAll("[data-figure]").forEach(draw);
  }

  window.ShopGuideFigures = { drawAll };
  document.addEventListener("DOMContentLoaded", () => {
    drawAll(document);
    new MutationObserver(() => drawAll(document)).observe(document.documentElement, {
      attributes: true,
      attributeFilter: ["class"],
    });
  });
})();
